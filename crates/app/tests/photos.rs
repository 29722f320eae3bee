//! Pictures of contacts travel both ways, each step in a process of its own.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;

use common::World;
use serde_json::{Value, json};

/// Two pictures that are none but begin as such.
const RED: &str = "data:image/png;base64,iVBORw0KGgoAcmVk";
const BLUE: &str = "data:image/jpeg;base64,/9j/4ABibHVl";

/// One contact with a picture, on both sides.
fn pictured() -> World {
    let world = World::new();
    world.sql(&format!("INSERT INTO contacts (id, given_name, photo) VALUES ('c1', 'Anna', '{RED}');"));
    let dry = world.run(&["sync", "--dry-run"]).ends_with(0);
    assert_eq!(dry.count("to_remote", "create"), 1, "{dry:?}");
    world.settle();
    assert!(there(&world).is_some());
    assert_eq!(here(&world), RED, "what Google made of it is nobody's edit");
    let status = world.shown(&["status"]);
    assert!(!status.contains("photo"), "nothing is lost: {status}");
    world
}

/// The digest of the picture that Google was last given.
fn there(world: &World) -> Option<String> {
    world.people()[0]["photo"]["sha256"].as_str().map(str::to_owned)
}

fn here(world: &World) -> String {
    world.rows("'p', photo", "contacts")[0]["p"].as_str().unwrap().to_owned()
}

/// Gives the contact a picture in Google's own page.
fn give(world: &World, picture: &str) {
    let name = world.people()[0]["resourceName"].as_str().unwrap().to_owned();
    let bytes = picture.split_once(',').unwrap().1;
    world.google("PATCH", &format!("/v1/{name}:updateContactPhoto"), &json!({ "photoBytes": bytes }));
}

fn take(world: &World) {
    let name = world.people()[0]["resourceName"].as_str().unwrap().to_owned();
    world.google("DELETE", &format!("/v1/{name}:deleteContactPhoto"), &Value::Null);
}

#[test]
fn a_picture_changed_or_removed_here_is_changed_or_removed_there() {
    let world = pictured();
    let red = there(&world);
    world.sql(&format!("UPDATE contacts SET photo = '{BLUE}';"));
    let dry = world.run(&["sync", "--dry-run"]).ends_with(0);
    assert_eq!(dry.count("to_remote", "update"), 1, "{dry:?}");
    world.settle();
    assert!(there(&world).is_some() && there(&world) != red);
    world.sql("UPDATE contacts SET photo = '';");
    world.settle();
    assert_eq!(there(&world), None);
    assert_eq!(world.requests("people.people.updateContactPhoto"), 2, "each is sent once");
}

#[test]
fn a_picture_changed_or_removed_there_is_changed_or_removed_here() {
    let world = pictured();
    give(&world, BLUE);
    world.settle();
    assert!(here(&world).starts_with("https://lh3.googleusercontent.com/"), "{}", here(&world));
    let first = here(&world);
    give(&world, RED);
    world.settle();
    assert!(here(&world).starts_with("https://") && here(&world) != first);
    take(&world);
    world.settle();
    assert_eq!(here(&world), "");
    assert_eq!(world.requests("people.people.updateContactPhoto"), 3, "one was the company's");
}

#[test]
fn another_address_of_the_same_picture_is_no_edit() {
    let world = pictured();
    let name = world.people()[0]["resourceName"].clone();
    world.gesture("people/turn_photo", json!({ "resourceName": name }));
    world.settle();
    assert_eq!(here(&world), RED);
    give(&world, BLUE);
    world.settle();
    assert!(here(&world).starts_with("https://"), "and another picture is one");
}

#[test]
fn changed_on_both_sides_is_a_question_and_the_undo_brings_back_what_was_overwritten() {
    let world = pictured();
    give(&world, BLUE);
    let blue = there(&world);
    world.sql("UPDATE contacts SET photo = 'data:image/png;base64,iVBORw0KGgoAZ3JlZW4=';");
    world.sync();
    let held = common::waiting(&world);
    assert_eq!(held.len(), 1, "{held:?}");

    world.run(&["conflicts", "resolve", "1", "--keep", "local"]).ends_with(0);

    let sent = world.sync().ends_with(0);
    assert!(there(&world) != blue && there(&world).is_some());
    world.settle();
    world.run(&["undo", "run", &sent.run_of("contacts").to_string(), "--yes"]).ends_with(0);
    let back = there(&world);
    assert!(back.is_some());
    // It is the phone's picture as Google showed it.
    let shown =
        world.sim.with(|core| core.dump())["contacts"][common::ACCOUNT]["contacts"][0]["photo"].clone();
    assert_eq!(shown["mediaType"], "image/jpeg", "{shown}");
}

#[test]
fn undo_restores_the_picture_that_the_phone_replaced() {
    let world = pictured();
    let red = there(&world);
    give(&world, BLUE);
    let run = world.sync().ends_with(0);
    assert!(here(&world).starts_with("https://"));
    world.run(&["undo", "run", &run.run_of("contacts").to_string(), "--yes"]).ends_with(0);
    world.settle();
    assert_eq!((here(&world).as_str(), there(&world)), (RED, red));
}

#[test]
fn a_picture_that_google_fails_at_stops_nothing_and_is_sent_later() {
    let world = World::new();
    world.sql(&format!(
        "INSERT INTO contacts (id, given_name, photo) VALUES ('c1', 'Anna', '{RED}'), ('c2', 'Bea', '{RED}'),
            ('c3', 'Cleo', '{RED}'), ('c4', 'Dora', '{BLUE}'), ('c5', 'Else', '');"
    ));
    world.faults(&json!([{ "method": "people.people.updateContactPhoto", "status": 500 }]));
    world.sync();
    assert_eq!(world.people().len(), 5, "the contacts are there");
    world.faults(&json!([]));
    world.settle();
    let with: Vec<_> = world.people().into_iter().filter(|person| person["photo"].is_object()).collect();
    assert_eq!(with.len(), 4);
    assert_eq!(world.number("contacts"), 5);
    assert_eq!(world.number(&format!("contacts WHERE photo = '{RED}'")), 3);
}

#[test]
fn a_picture_in_a_file_beside_the_database_is_sent_and_one_elsewhere_is_told() {
    let world = World::new();
    std::fs::create_dir(world.path("photos")).unwrap();
    std::fs::write(world.path("photos/anna.png"), b"\x89PNG\r\n\x1a\nanna").unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    std::fs::write(elsewhere.path().join("b.png"), b"\x89PNG\r\n\x1a\nbea").unwrap();
    let whole = world.path("photos/anna.png").display().to_string();
    let far = elsewhere.path().join("b.png").display().to_string();
    world.sql(&format!(
        "INSERT INTO contacts (id, given_name, photo) VALUES ('c1', 'A', '{whole}'), ('c2', 'B', 'file://{whole}'),
            ('c3', 'C', 'photos/anna.png'), ('c4', 'D', '{far}'), ('c5', 'E', '../b.png');"
    ));
    world.settle();
    let with = world.people().iter().filter(|person| person["photo"].is_object()).count();
    assert_eq!(with, 3);
    assert_eq!(world.sync().ends_with(0).summary()["losses"], 2);
}

#[test]
fn a_picture_that_google_does_not_take_has_a_code_and_a_cure_and_ends_with_another_picture() {
    let world = World::new();
    std::fs::write(world.path("large.png"), [&b"\x89PNG\r\n\x1a\n"[..], &vec![0; 5 * 1024 * 1024]].concat())
        .unwrap();
    world.sql(
        "INSERT INTO contacts (id, given_name, photo) VALUES ('c1', 'Anna', 'data:image/gif;base64,R0lGODlh'),
            ('c2', 'Bea', 'large.png'), ('c3', 'Cleo', 'https://elsewhere.example/c.png'), ('c4', 'Dora', '');",
    );
    let run = world.sync().ends_with(0);
    assert_eq!(run.summary()["losses"], 3);
    let listed = world.run(&["status", "--losses"]).ends_with(0);
    assert!(listed.of("loss").iter().all(|loss| loss["code"] == "GOOG-317"), "{listed:?}");
    assert_eq!(listed.of("loss").len(), 3);
    for ran in [run, world.run(&["status"]), listed] {
        let told = ran.of("warning");
        assert!(told.len() == 1 && told[0]["code"] == "GOOG-317", "once, with its cure: {ran:?}");
        assert!(told[0]["do"][0].as_str().unwrap().contains("status --losses"), "{ran:?}");
    }
    for (lang, said) in [("en", "neither a JPEG nor a PNG"), ("fr", "ni un JPEG ni un PNG")] {
        assert!(world.shown(&["status", "--lang", lang]).contains("photo (GOOG-317)"));
        assert!(world.shown(&["explain", "GOOG-317", "--lang", lang]).contains(said));
    }
    world.sql(&format!("UPDATE contacts SET photo = '{RED}' WHERE photo <> '';"));
    world.settle();
    assert!(world.sync().ends_with(0).of("warning").is_empty());
}
