//! Records that cannot be read, or that Google fails at: each stops only itself, is named, and is tried again.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;

use common::{EVENTS, World, waiting};
use serde_json::{Value, json};

const PEOPLE: &str = "people.people.*";

fn person(name: &str) -> Value {
    json!({"names": [{"givenName": name}], "emailAddresses": [{"value": format!("{name}@there.example")}]})
}

fn event(title: &str) -> Value {
    let at =
        |hour: u32| json!({"dateTime": format!("2026-12-01T{hour}:00:00+01:00"), "timeZone": "Europe/Paris"});
    json!({"summary": title, "start": at(10), "end": at(11)})
}

fn codes(world: &World) -> Vec<String> {
    let code = |one: &Value| one["problem"]["code"].as_str().unwrap_or_default().to_owned();
    waiting(world).iter().map(code).collect()
}

/// Everything here that came from Google, by name.
fn here(world: &World) -> u64 {
    world.number("contacts WHERE given_name IN ('Good', 'Spoilt')")
}

#[test]
fn a_contact_that_cannot_be_read_stops_only_itself_and_is_not_deleted() {
    let world = World::new();
    ["Good", "Spoilt"].iter().for_each(|name| drop(world.add_person(&person(name))));
    world.settle();
    assert_eq!(here(&world), 2);
    for (from, to) in [("Spoilt\"", "\\ud800\""), ("\"Spoilt@there.example\"", "7")] {
        world.faults(&json!([{"method": PEOPLE, "replace": [from, to]}]));
        // A complete listing: what it does not show would be looked for.
        world.control("POST", "expire", &json!({"what": "people"}));
        world.add_person(&person("More"));
        let run = world.sync();
        assert_eq!((run.code, run.summary()["failed"].as_u64()), (Some(3), Some(1)), "{run:?}");
        assert_eq!(codes(&world), ["GOOG-315"]);
        assert!(waiting(&world)[0]["summary"].as_str().unwrap().contains("Spoilt"), "it is named");
        assert_eq!(here(&world), 2, "what cannot be read is not gone");
        assert!(world.number("contacts WHERE given_name = 'More'") > 0, "the rest goes on");
        assert_eq!(world.run(&["status", "--json"]).code, Some(3));
        world.faults(&json!([]));
        world.settle();
        assert!(codes(&world).is_empty());
    }
}

#[test]
fn a_contact_that_could_not_be_read_at_first_is_a_question_and_no_double() {
    for same in [true, false] {
        let world = World::new();
        world.sql(
            "INSERT INTO contacts (id, given_name) VALUES ('c1', 'Spoilt');
             INSERT INTO contact_emails (contact_id, address) VALUES ('c1', 'Spoilt@there.example');",
        );
        let mut there = person("Spoilt");
        there["biographies"] = json!([{"value": "marked", "contentType": "TEXT_PLAIN"}]);
        let made = world.add_person(&there)["resourceName"].clone();
        world.faults(&json!([{"method": PEOPLE, "replace": ["\"marked\"", "7"]}]));
        world.sync();
        assert_eq!(world.people().len(), 2, "nobody could know that she is there");
        world.faults(&json!([]));
        for _ in 0..2 {
            world.sync();
        }
        assert_eq!((here(&world), world.people().len()), (1, 2), "nothing is doubled here");
        let asked = waiting(&world);
        assert_eq!(asked.len(), 1, "{asked:?}");
        assert_eq!(asked[0]["answers"], json!(["--keep local", "--different"]), "{asked:?}");
        let number = asked[0]["number"].to_string();
        let answer: &[&str] = if same { &["--keep", "local"] } else { &["--different"] };
        let args = [&["conflicts", "resolve", number.as_str()], answer].concat();
        assert_eq!(world.run(&args).code, Some(0));
        world.settle();
        assert!(waiting(&world).is_empty());
        assert_eq!((here(&world), world.people().len()), (if same { 1 } else { 2 }, 2));
        if same {
            world.sql("UPDATE contacts SET job_title = 'Boss';");
            world.settle();
            let people = world.people();
            let hers = people.iter().find(|one| one["resourceName"] == made).unwrap();
            assert_eq!(hers["organizations"][0]["title"], "Boss", "her row goes with the one that was there");
            assert_eq!(world.number("contacts WHERE notes = 'marked'"), 1);
        }
    }
}

#[test]
fn an_appointment_that_could_not_be_read_at_first_is_a_question_and_no_double() {
    for same in [true, false] {
        let world = World::new();
        world.sql(
            "INSERT INTO appointments (id, owner_id, title, start_local, start_zone, duration_seconds)
             VALUES ('e1', 'alice', 'Spoilt', '2026-12-01 10:00', 'Europe/Paris', 3600);",
        );
        let mut there = event("Spoilt");
        there["description"] = json!("marked");
        let made = world.add_event(&there)["id"].clone();
        world.faults(&json!([{"method": "calendar.events.*", "replace": ["\"marked\"", "7"]}]));
        world.sync();
        assert_eq!(world.events().len(), 2, "nobody could know that it is there");
        world.faults(&json!([]));
        for _ in 0..2 {
            world.sync();
        }
        let here = || world.number("appointments WHERE title = 'Spoilt'");
        assert_eq!((here(), world.events().len()), (1, 2), "nothing is doubled here");
        let asked = waiting(&world);
        assert_eq!(asked.len(), 1, "{asked:?}");
        assert_eq!(asked[0]["answers"], json!(["--keep local", "--different"]), "{asked:?}");
        let number = asked[0]["number"].to_string();
        let answer: &[&str] = if same { &["--keep", "local"] } else { &["--different"] };
        let args = [&["conflicts", "resolve", number.as_str()], answer].concat();
        assert_eq!(world.run(&args).code, Some(0));
        world.settle();
        assert!(waiting(&world).is_empty());
        assert_eq!((here(), world.events().len()), (if same { 1 } else { 2 }, 2));
        if same {
            world.sql("UPDATE appointments SET location = 'Here';");
            world.settle();
            let events = world.events();
            let theirs = events.iter().find(|one| one["id"] == made).unwrap();
            assert_eq!(theirs["location"], "Here", "the row goes with the one that was there");
            assert_eq!(world.number("appointments WHERE description = 'marked'"), 1);
        }
    }
}

#[test]
fn a_contact_without_a_name_is_told_and_comes_later() {
    let world = World::new();
    world.add_person(&person("Good"));
    world.settle();
    let made = world.add_person(&person("Spoilt"));
    let name = made["resourceName"].as_str().unwrap();
    world.faults(&json!([{"method": PEOPLE, "replace": [format!("\"{name}\""), "null"]}]));
    let run = world.sync();
    assert_eq!(run.code, Some(3), "{run:?}");
    assert!(run.errors().contains(&"GOOG-315".to_owned()), "{run:?}");
    assert_eq!(world.run(&["status", "--json"]).code, Some(3));
    world.faults(&json!([]));
    world.settle();
    assert_eq!(here(&world), 2);
}

#[test]
fn an_event_that_cannot_be_read_stops_only_itself_and_is_not_deleted() {
    let world = World::new();
    ["Good", "Spoilt"].iter().for_each(|title| drop(world.add_event(&event(title))));
    world.settle();
    let titles = || world.number("appointments WHERE title IN ('Good', 'Spoilt')");
    assert_eq!(titles(), 2);
    let etag = world.event("Spoilt")["etag"].to_string();
    let etag = etag.as_str();
    for (more, (from, to)) in [
        ("\"Spoilt\"", "{\"a\": 1}"),
        // Half a letter.
        ("Spoilt\"", "\\ud800\""),
        // Without the version that a write would name.
        (etag, "\"\""),
        (etag, "null"),
    ]
    .into_iter()
    .enumerate()
    {
        world.faults(&json!([{"method": "calendar.events.*", "replace": [from, to]}]));
        world.control("POST", "expire", &json!({"what": "calendar"}));
        world.add_event(&event(&format!("More {more}")));
        let run = world.sync();
        assert_eq!((run.code, run.summary()["failed"].as_u64()), (Some(3), Some(1)), "{to}: {run:?}");
        assert_eq!(codes(&world), ["GOOG-315"], "{to}");
        assert!(waiting(&world)[0]["summary"].as_str().unwrap().contains("Spoilt"), "{to}: it is named");
        assert_eq!((titles(), world.number("appointments WHERE title LIKE 'More %'")), (2, more as u64 + 1));
        world.faults(&json!([]));
        world.settle();
        assert!(codes(&world).is_empty(), "{to}");
    }
}

#[test]
fn an_event_without_a_name_is_told_and_comes_later() {
    for known in [false, true] {
        let world = World::new();
        world.settle();
        let id = world.add_event(&event("Spoilt"))["id"].to_string();
        if known {
            world.settle();
            world.control("POST", "expire", &json!({"what": "calendar"}));
        }
        world.add_event(&event("More"));
        world.faults(&json!([{"method": "calendar.events.*", "replace": [id, "null"]}]));
        let run = world.sync();
        assert_eq!(run.code, Some(3), "{run:?}");
        assert!(run.errors().contains(&"GOOG-315".to_owned()), "{run:?}");
        assert_eq!(world.number("appointments WHERE title = 'More'"), 1, "the rest goes on");
        assert_eq!(world.number("appointments WHERE title = 'Spoilt'"), u64::from(known), "it is not gone");
        assert_eq!(world.run(&["status", "--json"]).code, Some(3));
        world.faults(&json!([]));
        world.settle();
        assert_eq!((world.number("appointments"), world.events().len()), (2, 2));
        assert!(codes(&world).is_empty());
    }
}

#[test]
fn what_is_shown_in_an_older_state_for_days_is_a_question_with_answers() {
    for (answer, known) in [("remote", "second"), ("both", "first")] {
        let world = World::new();
        // Answers may be late, as Google's are.
        let config = std::fs::read_to_string(world.path("config.toml")).unwrap();
        std::fs::write(world.path("config.toml"), config + "list_lag_seconds = 60\n").unwrap();
        let made = world.add_person(&person("Good"));
        world.settle();
        world.sql("UPDATE contacts SET notes = 'first' WHERE given_name = 'Good';");
        world.settle();
        world.gesture(
            "people/edit",
            json!({"resourceName": made["resourceName"], "person": {"biographies": [{"value": "second"}]}}),
        );
        // What is known was written while the clock of Google was ahead, and the clock is right again.
        let name = made["resourceName"].as_str().unwrap();
        let there = world.google("GET", &format!("/v1/{name}?personFields=metadata"), &Value::Null);
        let edited = there["metadata"]["sources"][0]["updateTime"].clone();
        world.sql(&format!(
            "UPDATE passerelle_links SET body = json_set(
                 body, '$.trails.remote.newest', strftime('%Y-%m-%dT%H:%M:%SZ', '{}', '+2 seconds')
             ) WHERE kind = 'contacts';",
            edited.as_str().unwrap()
        ));
        world.sync();
        assert_eq!(world.number("contacts WHERE notes = 'first'"), 1, "it may be late");
        assert!(codes(&world).is_empty());
        world.sql(
            "UPDATE passerelle_links SET body = json_set(body, '$.trails.remote.doubted', '2020-01-01T00:00:00Z')
             WHERE kind = 'contacts';",
        );
        assert_eq!(world.sync().code, Some(3));
        assert_eq!(codes(&world), ["SYNC-130"]);
        let number = waiting(&world)[0]["number"].to_string();
        world.run(&["conflicts", "resolve", &number, "--keep", answer]).ends_with(0);
        world.sync();
        assert!(codes(&world).is_empty());
        assert_eq!(world.number(&format!("contacts WHERE notes = '{known}'")), 1, "{answer}");
    }
}

#[test]
fn a_record_that_google_fails_at_stops_only_itself() {
    let world = World::new();
    world.faults(&json!([
        {"method": PEOPLE, "about": "Poison", "status": 500},
        {"method": "calendar.events.*", "about": "Poison", "status": 500},
    ]));
    for name in ["A", "B", "C", "D", "E", "F", "Poison", "G"] {
        world.sql(&format!("INSERT INTO contacts (id, given_name) VALUES ('c{name}', '{name}');"));
    }
    for title in ["A", "Poison", "B"] {
        world.sql(&format!(
            "INSERT INTO appointments (id, owner_id, title, start_local, start_zone, duration_seconds) \
             VALUES ('e{title}', 'alice', '{title}', '2026-12-01 10:00', 'Europe/Paris', 3600);"
        ));
    }
    let first = world.sync();
    assert_eq!((world.people().len(), world.events().len()), (7, 2), "the others go on in the same run");
    assert_eq!((first.code, first.summary()["failed"].as_u64()), (Some(3), Some(2)), "{first:?}");
    let mut told = codes(&world);
    told.dedup();
    assert_eq!(told, ["GOOG-316"]);
    world.faults(&json!([]));
    let healed =
        (0..100).any(|_| (world.sync().code, world.people().len(), world.events().len()) == (Some(0), 8, 3));
    assert!(healed, "{:?}", waiting(&world));
}

#[test]
fn what_cannot_be_read_is_left_to_each_side_by_an_answer() {
    for known in [true, false] {
        let world = World::new();
        world.settle();
        let spoil = json!([
            {"method": PEOPLE, "replace": ["Spoilt\"", "\\ud800\""]},
            {"method": "calendar.events.*", "replace": ["\"Spoilt\"", "{\"a\": 1}"]},
        ]);
        if !known {
            world.faults(&spoil);
        }
        world.add_person(&person("Spoilt"));
        world.add_event(&event("Spoilt"));
        if known {
            world.settle();
            world.faults(&spoil);
            world.control("POST", "expire", &json!({"what": "people"}));
            world.control("POST", "expire", &json!({"what": "calendar"}));
        }
        assert_eq!(world.sync().code, Some(3));
        assert_eq!(codes(&world), ["GOOG-315", "GOOG-315"], "known: {known}");
        for one in waiting(&world) {
            assert_eq!(one["answers"], json!(["--retry", "--keep both"]), "{one}");
            let number = one["number"].to_string();
            let refused = world.run(&["conflicts", "resolve", &number, "--keep", "remote"]);
            assert_eq!(refused.errors(), ["USE-112"]);
            world.run(&["conflicts", "resolve", &number, "--keep", "both"]).ends_with(0);
        }
        // Nobody is asked any more, in this run or the next; nothing is written nor lost.
        for _ in 0..2 {
            let run = world.sync();
            assert_eq!((run.code, run.writes(), codes(&world).len()), (Some(0), 0, 0), "{run:#?}");
        }
        // Once it can be read, it is kept in step like any other.
        world.faults(&json!([]));
        world.settle();
        assert_eq!(
            (here(&world), world.number("appointments WHERE title = 'Spoilt'")),
            (1, 1),
            "known: {known}"
        );
        world.sql("UPDATE appointments SET location = 'Lyon'; UPDATE contacts SET surname = 'More';");
        assert_eq!(world.settle().writes(), 2, "known: {known}");
    }
}

#[test]
fn what_is_answered_of_another_record_is_not_taken_for_the_one_that_was_asked_for() {
    let world = World::new();
    ["Good", "Spoilt"].iter().for_each(|name| {
        world.add_person(&person(name));
        world.add_event(&event(name));
    });
    world.settle();
    let id = |title: &str| world.event(title)["id"].as_str().unwrap().to_owned();
    let name = |given: &str| {
        let person = world.person(&format!("{given}@there.example"));
        person["resourceName"].as_str().unwrap().to_owned()
    };
    let events = json!([format!("\"{}\"", id("Good")), format!("\"{}\"", id("Spoilt"))]);
    let people = json!([format!("\"{}\"", name("Good")), format!("\"{}\"", name("Spoilt"))]);
    let crossed = |method: &str, texts: &Value| json!({"method": method, "replace": texts, "times": 1});
    let failed = |method: &str, body: &str| json!({"method": method, "body": body, "times": 1});
    let (patch, update) = ("calendar.events.patch", "people.people.updateContact");
    for (number, faults) in [
        json!([crossed(patch, &events), crossed(update, &people)]),
        json!([failed(patch, "calendar-412-conditionNotMet"), crossed("calendar.events.get", &events)]),
        json!([failed(patch, "calendar-503-backendError"), crossed("calendar.events.get", &events)]),
        json!([crossed("people.people.createContact", &json!(["passerelle.made", "other.made"]))]),
        json!([crossed("people.people.createContact", &json!(["\"people/c", "\"people/c9"]))]),
        json!([crossed("people.people.createContact", &json!(["\"resourceName\"", "\"otherName\""]))]),
        json!([crossed("people.people.createContact", &json!(["\"people/c", "\"contactGroups/"]))]),
        json!([
            failed(update, "people-400-etag-mismatch-person"),
            json!({"method": "people.people.getBatchGet", "times": 1,
                "replace": [format!("\"resourceName\": \"{}", name("Good")), "\"resourceName\": \"people/c999"]}),
        ]),
    ]
    .into_iter()
    .enumerate()
    {
        world.faults(&faults);
        world.sql(&format!(
            "UPDATE appointments SET location = 'Place {number}' WHERE title = 'Good';
             UPDATE contacts SET notes = 'Note {number}' WHERE given_name = 'Good';
             INSERT INTO contacts (id, given_name) VALUES ('n{number}', 'New {number}');"
        ));
        let mut last = world.sync();
        for _ in 0..20 {
            assert!(!last.errors().iter().any(|code| code.starts_with("BUG")), "{faults}: {last:?}");
            last = world.sync();
            if last.code == Some(0) && last.writes() == 0 {
                break;
            }
        }
        assert_eq!((last.code, last.writes()), (Some(0), 0), "{faults}: {:?}", waiting(&world));
        let new = u64::try_from(number).unwrap() + 1;
        assert_eq!((here(&world), world.number("contacts")), (2, 2 + new), "{faults}");
        assert_eq!((world.people().len() as u64, world.events().len()), (2 + new, 2), "{faults}");
        assert_eq!(world.number("appointments WHERE title IN ('Good', 'Spoilt')"), 2, "{faults}");
        assert_eq!(world.event("Good")["location"], format!("Place {number}"), "{faults}");
        let good = world.person("Good@there.example");
        assert_eq!(good["biographies"][0]["value"], format!("Note {number}"), "{faults}");
    }
}

#[test]
fn an_event_whose_insert_is_answered_under_another_name_is_not_taken_for_made() {
    let world = World::new();
    let id = ["\"id\": \"", "\"id\": \"0"];
    world.faults(&json!([{"method": "calendar.events.insert", "replace": id, "times": 1}]));
    world.sql(
        "INSERT INTO appointments (id, owner_id, title, start_local, start_zone, duration_seconds) \
         VALUES ('a1', 'alice', 'Lunch', '2027-02-03 10:00:00', 'Europe/Paris', 3600);",
    );
    let run = world.sync();
    assert_ne!(run.code, Some(0), "{run:?}");
    world.settle();
    assert_eq!((world.events().len(), world.number("appointments")), (1, 1));
    world.sql("UPDATE appointments SET location = 'Lyon';");
    world.settle();
    assert_eq!(world.event("Lunch")["location"], "Lyon");
    world.sql("DELETE FROM appointments;");
    world.settle();
    assert_eq!((world.events().len(), world.number("appointments")), (0, 0));
}

#[test]
fn an_event_that_a_listing_calls_a_birthday_keeps_what_is_edited_then_and_later() {
    let world = World::new();
    world.sql(
        "INSERT INTO appointments (id, owner_id, title, start_local, start_zone, duration_seconds)
         VALUES ('one', 'alice', 'One', '2027-01-04 10:00', 'Europe/Paris', 3600),
                ('many', 'alice', 'Many', '2027-01-04 12:00', 'Europe/Paris', 3600);
         INSERT INTO appointment_rules (appointment_id, rule) VALUES ('many', 'FREQ=WEEKLY;COUNT=4');",
    );
    world.settle();
    let (one, many) = (world.event("One")["id"].clone(), world.event("Many")["id"].clone());
    let path = |id: &Value| format!("{EVENTS}/{}", id.as_str().unwrap());
    for id in [&one, &many] {
        world.google("PATCH", &path(id), &json!({ "description": "typed at Google" }));
    }
    let types = json!(["\"eventType\": \"default\"", "\"eventType\": \"birthday\""]);
    world.faults(&json!([{ "method": "calendar.events.list", "replace": types, "times": 1 }]));
    world.sync();
    world.faults(&json!([]));
    world.settle();
    assert_eq!(world.number("appointments WHERE description = 'typed at Google'"), 2);
    // A later change of one occurrence comes in a listing without its series.
    let instances = world.google("GET", &format!("{}/instances", path(&many)), &Value::Null);
    let third = &instances["items"][2]["id"];
    world.google("PATCH", &path(third), &json!({ "summary": "Third" }));
    world.settle();
    assert_eq!(world.number("appointment_overrides WHERE title = 'Third'"), 1);
    assert_eq!(world.number("appointments"), 2);
}
