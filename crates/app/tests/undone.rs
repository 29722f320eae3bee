//! What an undo leaves, and what becomes of it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;

use common::{EVENTS, World};
use serde_json::json;

fn undo(world: &World, run: i64) {
    world.run(&["undo", "run", &run.to_string(), "--yes"]).ends_with(0);
    world.settle();
}

#[test]
fn an_appointment_whose_creation_was_undone_travels_again_once_it_is_edited() {
    let world = World::new();
    world.sql(
        "INSERT INTO appointments (id, owner_id, title, start_local, start_zone, duration_seconds)
         VALUES ('x1', 'alice', 'Undone', '2027-01-01 10:00', 'Europe/Paris', 3600);",
    );
    let run = world.sync().ends_with(0).run_of("events");
    undo(&world, run);
    assert_eq!((world.events().len(), world.number("appointments")), (0, 1), "it rests here");
    let status = world.run(&["status"]);
    assert_eq!(
        status.of("status")[0]["pairs"]
            .as_array()
            .unwrap()
            .iter()
            .map(|pair| &pair["counts"]["released"])
            .filter(|count| **count == json!(1))
            .count(),
        1,
        "{status:?}"
    );
    world.sql("UPDATE appointments SET title = 'Edited', location = 'Here' WHERE id = 'x1';");
    world.settle();
    assert_eq!(world.event("Edited")["location"], "Here");
    world.sql("UPDATE appointments SET location = 'There' WHERE id = 'x1';");
    world.settle();
    assert_eq!(world.event("Edited")["location"], "There");
}

#[test]
fn an_event_of_google_whose_arrival_was_undone_comes_again_once_it_is_edited() {
    let world = World::new();
    let made = world.add_event(&json!({ "summary": "From Google", "start": { "date": "2027-02-03" }, "end": { "date": "2027-02-04" } }));
    let run = world.sync().ends_with(0).run_of("events");
    undo(&world, run);
    assert_eq!((world.events().len(), world.number("appointments")), (1, 0), "it rests there");
    world.google(
        "PATCH",
        &format!("{EVENTS}/{}", made["id"].as_str().unwrap()),
        &json!({ "location": "There" }),
    );
    world.settle();
    assert_eq!(world.number("appointments WHERE location = 'There'"), 1);
}
