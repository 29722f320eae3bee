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
    let pairs = status.of("status")[0]["pairs"].clone();
    let counted = pairs.as_array().unwrap().iter().filter(|pair| pair["counts"]["released"] == 1).count();
    assert_eq!(counted, 1, "{status:?}");
    let alone = world.run(&["status", "--alone"]).ends_with(0);
    let alone = alone.of("alone")[0].clone();
    assert_eq!(
        (&alone["id"], &alone["side"], &alone["undone"]),
        (&json!("x1"), &json!("local"), &json!(true))
    );
    world.sql("UPDATE appointments SET title = 'Edited', location = 'Here' WHERE id = 'x1';");
    world.settle();
    assert_eq!(world.event("Edited")["location"], "Here");
    world.sql("UPDATE appointments SET location = 'There' WHERE id = 'x1';");
    world.settle();
    assert_eq!(world.event("Edited")["location"], "There");
}

#[test]
fn the_command_that_is_listed_takes_up_what_an_undo_left() {
    let world = World::new();
    world.sql("INSERT INTO contacts (id, given_name) VALUES ('c1', 'Anna');");
    let run = world.sync().ends_with(0).run_of("contacts");
    undo(&world, run);
    assert_eq!((world.people().len(), world.number("contacts")), (0, 1));
    world.run(&["undo", "record", "c1", "--yes"]).ends_with(0);
    world.settle();
    assert_eq!((world.people().len(), world.number("contacts")), (1, 1));
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

#[test]
fn an_undo_that_is_refused_names_its_own_command_to_be_pasted_as_it_stands() {
    let world = World::new();
    let add = |from: usize, to: usize| {
        for n in from..to {
            world.sql(&format!("INSERT INTO contacts (id, given_name) VALUES ('c{n}', 'Given {n}');"));
        }
    };
    add(0, 20);
    world.settle();
    add(20, 32);
    let run = world.sync().ends_with(0).run_of("contacts").to_string();
    let config = format!("--config {}", world.path("config.toml").display());
    for lang in ["en", "fr"] {
        let refused = world.run(&["undo", "run", &run, "--yes", "--lang", lang]).ends_with(5);
        let error = refused.of("error").into_iter().find(|one| one["code"] == "SYNC-101").unwrap().clone();
        let cures: Vec<&str> =
            error["do"].as_array().unwrap().iter().filter_map(|one| one.as_str()).collect();
        let commands: Vec<&str> = cures.iter().map(|cure| cure.split('`').nth(1).unwrap()).collect();
        for command in &commands {
            assert!(command.starts_with(&format!("passerelle {config} undo run {run} --")), "{commands:?}");
        }
        assert_eq!((world.people().len(), commands.len()), (32, 3));
        if lang == "fr" {
            let pasted = commands[1].replace(&format!("passerelle {config} "), "");
            let args: Vec<&str> = pasted.split(' ').chain(["--yes"]).collect();
            world.run(&args).ends_with(0);
        }
    }
    assert_eq!((world.people().len(), world.number("contacts")), (20, 32), "what is shown works");
}

#[test]
fn what_was_deleted_by_accident_comes_back_and_holds_nothing_up() {
    for here in [true, false] {
        let world = World::new();
        for n in 0..30 {
            world.sql(&format!(
                "INSERT INTO contacts (id, uid, given_name) VALUES ('c{n}', 'u{n}', 'Given {n}');
                 INSERT INTO contact_emails (contact_id, address) VALUES ('c{n}', 'c{n}@x.example');"
            ));
        }
        world.settle();
        if here {
            world.sql("DELETE FROM contacts WHERE id < 'c2';");
        } else {
            for n in 10..21 {
                let person = world.person(&format!("c{n}@x.example"));
                world.gesture("people/delete", json!({ "resourceName": person["resourceName"] }));
            }
        }
        world.sql("UPDATE contacts SET notes = 'typed' WHERE id = 'c9';");
        let stopped = world.sync().ends_with(5);
        let error = stopped.of("error").into_iter().find(|one| one["code"] == "SYNC-101").unwrap().clone();
        assert_eq!(stopped.deletes(), 0);
        if here {
            assert_eq!(world.person("c9@x.example")["biographies"][0]["value"], "typed", "the book goes on");
        }
        let cure = error["do"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|one| one.as_str())
            .find(|one| one.contains("--bring-back"));
        let number = cure.unwrap().split("--bring-back=").nth(1).unwrap().trim_end_matches('`').to_owned();
        world.run(&["sync", &format!("--bring-back={number}")]).ends_with(0);
        world.settle();
        assert_eq!((world.people().len(), world.number("contacts")), (30, 30));
        assert_eq!(world.number("contact_emails"), 30);
    }
}

#[test]
fn an_undone_deletion_brings_back_what_only_google_held() {
    let world = World::new();
    let event = json!({
        "summary": "Flight", "description": "boarding", "location": "CDG",
        "start": { "dateTime": "2027-02-03T09:00:00", "timeZone": "Europe/Paris" },
        "end": { "dateTime": "2027-02-03T12:00:00", "timeZone": "America/New_York" },
        "source": { "title": "Ticket", "url": "https://air.example/t" },
        "extendedProperties": { "shared": { "theirs": "1" } },
    });
    let made = world.add_event(&event);
    world.settle();
    let before = world.event("Flight");
    world.sql("DELETE FROM appointments WHERE title = 'Flight';");
    let run = world.sync().ends_with(0).run_of("events");
    assert!(world.events().is_empty());
    undo(&world, run);
    let after = world.event("Flight");
    for member in ["summary", "description", "location", "start", "source"] {
        assert_eq!(after[member], before[member], "{member}");
    }
    assert_eq!(after["end"], before["end"], "in its own zone");
    assert_eq!(after["extendedProperties"]["shared"], before["extendedProperties"]["shared"]);
    assert_ne!(after["id"], made["id"], "Google uses no id twice");
    assert_eq!(world.number("appointments WHERE title = 'Flight'"), 1);
}
