//! Series and their changed occurrences that come in several files, and the file of what was set aside.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;

use std::fs;

use common::World;

fn file(world: &World, name: &str, text: &str) -> String {
    let path = world.path(name);
    fs::write(&path, text).unwrap();
    path.display().to_string()
}

/// A calendar file with these events.
fn calendar(world: &World, name: &str, events: &str) -> String {
    file(world, name, &format!("BEGIN:VCALENDAR\nVERSION:2.0\n{events}END:VCALENDAR\n").replace('\n', "\r\n"))
}

const SERIES: &str = "BEGIN:VEVENT\nUID:s\nDTSTART;TZID=Europe/Paris:20270104T090000\nDURATION:PT1H\nSUMMARY:S\n\
                      RRULE:FREQ=WEEKLY;COUNT=5\nEND:VEVENT\n";
const MOVED: &str = "BEGIN:VEVENT\nUID:s\nRECURRENCE-ID;TZID=Europe/Paris:20270111T090000\n\
                     DTSTART;TZID=Europe/Paris:20270111T140000\nDURATION:PT1H\nSUMMARY:Moved\nEND:VEVENT\n";

fn events(world: &World, name: &str, text: &str) -> String {
    let path = calendar(world, name, text);
    let done = world.run(&["events", "import", &path, "--user", "alice"]).ends_with(0);
    done.summary()["run_id"].as_i64().unwrap().to_string()
}

#[test]
fn a_changed_occurrence_joins_the_series_that_comes_later() {
    for (name, later) in [
        ("the series alone", SERIES.to_owned()),
        ("with the change", format!("{SERIES}{MOVED}")),
        ("with another state of it", format!("{SERIES}{}", MOVED.replace("T140000", "T150000"))),
    ] {
        let world = World::unconnected();
        events(&world, "lone.ics", MOVED);
        assert_eq!(world.number("appointments"), 1);
        let run = events(&world, "series.ics", &later);
        assert_eq!(world.number("appointments"), 1, "{name}");
        let out = world.path("out.ics").display().to_string();
        world.run(&["events", "export", &out]).ends_with(0);
        let told = fs::read_to_string(&out).unwrap();
        let hour = if later.contains("T150000") { "20270111T150000" } else { "20270111T140000" };
        assert_eq!((told.matches("RECURRENCE-ID").count(), told.contains(hour)), (1, true), "{name}: {told}");
        // The change once more: it is there.
        events(&world, "again.ics", MOVED);
        assert_eq!(world.number("appointments"), 1, "{name}");
        world.run(&["undo", "run", &run, "--yes"]).ends_with(0);
        let back = world.rows("'title', title", "appointments");
        assert!(back.iter().any(|row| row["title"] == "Moved"), "{name}: {back:?}");
    }
}

#[test]
fn a_file_with_the_series_alone_wipes_no_change() {
    let world = World::unconnected();
    let called_off = SERIES.replace("SUMMARY", "EXDATE;TZID=Europe/Paris:20270118T090000\nSUMMARY");
    events(&world, "whole.ics", &format!("{called_off}{MOVED}"));
    let before = world.number("appointment_overrides");
    assert_eq!(before, 2);
    events(&world, "alone.ics", &SERIES.replace("SUMMARY:S", "SUMMARY:T"));
    assert_eq!(world.number("appointment_overrides"), before);
    let path = calendar(&world, "replace.ics", SERIES);
    world.run(&["events", "import", &path, "--user", "alice", "--replace"]).ends_with(0);
    assert_eq!(world.number("appointment_overrides"), 0);
}

#[test]
fn the_file_of_what_was_set_aside_overwrites_nothing() {
    let world = World::unconnected();
    let source = file(&world, "people.csv", "Nom;E-mail;Couleur\nDupont;a@a.example;\n;;rouge\n");
    let before = fs::read(&source).unwrap();
    let other = file(&world, "other.txt", "mine");
    let nowhere = world.path("none/refused.csv").display().to_string();
    for refused in [&source, &other, &nowhere] {
        let done = world.run(&["contacts", "import", &source, "--refused", refused]).ends_with(2);
        assert_eq!(done.errors(), ["USE-106"], "{refused}");
        assert_eq!(world.number("contacts"), 0, "nothing was changed: {refused}");
    }
    assert_eq!(
        (fs::read(&source).unwrap(), fs::read_to_string(&other).unwrap()),
        (before, "mine".to_owned())
    );
    let free = world.path("refused.csv").display().to_string();
    world.run(&["contacts", "import", &source, "--refused", &free]).ends_with(3);
    assert!(fs::read_to_string(&free).unwrap().contains("rouge"));
    let good = file(&world, "good.csv", "Nom;E-mail\nMartin;b@a.example\n");
    let unused = world.path("unused.csv");
    world.run(&["contacts", "import", &good, "--refused", &unused.display().to_string()]).ends_with(0);
    assert!(!unused.exists(), "where nothing was set aside there is no such file");
}
