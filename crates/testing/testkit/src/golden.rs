//! Values as releases wrote them: read for ever.
#![allow(clippy::expect_used, clippy::panic)]

use std::{fmt::Debug, fs, path::Path};

use passerelle_ports::{Value, is_empty};
use serde::{Serialize, de::DeserializeOwned};

/// Returns what each format wrote of a value, oldest first: the files `tests/golden/FORMAT/NAME.json` of a crate.
///
/// # Panics
///
/// Where the newest format that the crate knows has no such file.
#[must_use]
pub fn golden_texts(crate_dir: &str, name: &str) -> Vec<String> {
    let file = |format: u32| Path::new(crate_dir).join(format!("tests/golden/{format}/{name}.json"));
    let texts: Vec<String> = (1..).map_while(|format| fs::read_to_string(file(format)).ok()).collect();
    assert!(!texts.is_empty(), "there is no {}", file(1).display());
    texts.into_iter().map(|text| text.trim_end().to_owned()).collect()
}

/// Checks that what each format wrote of a value is read as that value, that this release writes it as the newest format
/// did, and that no member of it is empty. `write` and `read` are those of whoever keeps it.
///
/// # Panics
///
/// Where one of these is not so.
pub fn golden_by<T: Serialize + Debug>(
    (crate_dir, name): (&str, &str),
    value: &T,
    written: &str,
    read: impl Fn(&str) -> T,
) {
    let texts = golden_texts(crate_dir, name);
    for (number, text) in texts.iter().enumerate() {
        // As a debugger shows it: some values are equal although not all of their members are.
        assert_eq!(format!("{:#?}", read(text)), format!("{value:#?}"), "{name}, format {}", number + 1);
    }
    let newest = texts.last().map(String::as_str);
    assert_eq!(Some(written), newest, "{name} is written otherwise than before: that is a new format");
    let holes = holes(name, &serde_json::to_value(value).unwrap_or_default());
    assert!(holes.is_empty(), "a member that is empty is not tested: {holes:?}");
}

/// [`golden_by`] for a value that whoever keeps it writes as plain JSON.
///
/// # Panics
///
/// As there.
pub fn golden<T: Serialize + DeserializeOwned + Debug>(crate_dir: &str, name: &str, value: &T) {
    let written = serde_json::to_string(value).unwrap_or_default();
    golden_by((crate_dir, name), value, &written, |text| match serde_json::from_str(text) {
        Ok(read) => read,
        Err(error) => panic!("{name} is read no more: {error}"),
    });
}

fn holes(path: &str, value: &Value) -> Vec<String> {
    match value {
        _ if is_empty(value) => vec![path.to_owned()],
        Value::Object(members) => {
            members.iter().flat_map(|(name, value)| holes(&format!("{path}.{name}"), value)).collect()
        }
        Value::Array(items) => items.iter().flat_map(|value| holes(path, value)).collect(),
        _ => Vec::new(),
    }
}
