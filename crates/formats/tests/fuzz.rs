//! The targets of the fuzzer over their seeds.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[path = "../../../tests/fuzz/bodies.rs"]
mod bodies;

use std::{fs, path::PathBuf};

fn seeds(target: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/fuzz/corpus").join(target);
    let mut seeds: Vec<(PathBuf, Vec<u8>)> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.clone(), fs::read(path).unwrap()))
        .collect();
    seeds.sort();
    assert!(seeds.len() >= 4, "{target}");
    seeds
}

/// Runs a target over its seeds, whole and cut off.
fn run(target: &str, body: fn(&[u8])) {
    for (path, seed) in seeds(target) {
        println!("{}", path.display());
        for length in [seed.len(), seed.len() * 2 / 3, seed.len() / 3, 1, 0] {
            body(&seed[..length.min(seed.len())]);
        }
    }
}

#[test]
fn seeds_of_vcard_are_read_and_written_alike() {
    run("vcard", bodies::vcard);
}

#[test]
fn seeds_of_icalendar_are_read_and_written_alike() {
    run("icalendar", bodies::icalendar);
}

#[test]
fn seeds_of_csv_are_read_and_written_alike() {
    run("csv", bodies::csv);
}

#[test]
fn seeds_of_jscontact_are_read_and_written_alike() {
    run("jscontact", bodies::jscontact);
}

#[test]
fn seeds_of_jscalendar_are_read_and_written_alike() {
    run("jscalendar", bodies::jscalendar);
}
