//! Both sides in step, seen from outside: the built binary, the company's tables by plain SQL, and the pretend
//! Google's own state. The names in brackets (I3, C69, P47) are those of the promises and of the facts.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;
mod sides;

use common::{ACCOUNT, EVENTS, USER, World, ZONE, waiting};
use serde_json::{Value, json};
use sides::{assert_agree, contact_sql, event_sql, fill};

const THOUSANDS: usize = 2000;

/// A small company, in step with Google.
fn small() -> World {
    let world = World::new();
    fill(&world, 16, 16);
    world.settle();
    assert_agree(&world);
    world
}

#[test]
fn two_thousand_contacts_and_series_agree_field_by_field() {
    let world = World::new();
    fill(&world, THOUSANDS, THOUSANDS);
    let only_there = sides::add_what_is_at_google_already(&world, THOUSANDS);
    let first = world.sync().ends_with(0);
    assert_eq!(first.deletes(), 0, "a first run deletes nothing (I9): {first:?}");
    assert_eq!(first.summary()["failed"], 0, "{first:?}");
    world.settle();
    assert_agree(&world);
    assert_eq!(world.people().len(), THOUSANDS + only_there, "nothing twice, nothing missing (I3)");
    assert_eq!(world.events().len(), THOUSANDS + only_there, "nothing twice, nothing missing (I3)");

    world.forget_requests();
    let quiet = world.sync().ends_with(0);
    assert_eq!(quiet.writes(), 0, "idle is silent (I6): {quiet:?}");
    assert_eq!(quiet.summary()["guest_mails"], 0, "{quiet:?}");
    for list in ["people.people.connections.list", "calendar.events.list"] {
        assert!(world.requests(list) <= 1, "one list call per collection (I17): {list}");
    }
    let (rows, there) = (world.number("change_log"), world.people());
    for _ in 0..10 {
        assert_eq!(world.sync().ends_with(0).writes(), 0, "ten runs add nothing");
    }
    assert_eq!(world.number("change_log"), rows, "ten quiet runs touch no row (I6)");
    assert_eq!(world.people(), there, "ten quiet runs touch nothing at Google (I6)");
    assert_eq!(world.mails(), 0, "no guest is ever mailed (I8)");
}

#[test]
fn rows_written_with_plain_sql_reach_google() {
    let world = small();
    world.sql(&contact_sql(900));
    world.sql(&event_sql(900));
    world.sql(
        "INSERT INTO contacts (given_name) VALUES ('Ninon');
         UPDATE contacts SET surname = 'Zürn' WHERE id = 'c3';
         UPDATE contact_phones SET number = '+33600000042' WHERE contact_id = 'c3' AND label = 'work';
         UPDATE appointments SET title = 'Renamed', location = 'Ici' WHERE id = 'e1';
         INSERT INTO appointment_alerts (appointment_id, minutes_before) VALUES ('e1', 45);",
    );
    let run = world.sync().ends_with(0);
    assert_eq!((run.count("to_remote", "create"), run.count("to_local", "create")), (3, 0), "{run:?}");
    assert_eq!(run.count("to_remote", "update"), 2, "one write for each changed record (I5): {run:?}");
    world.settle();
    assert_agree(&world);
    assert_eq!(world.event("Renamed")["location"], "Ici");
    assert_eq!(world.person("c3@firm3.example")["names"][0]["familyName"], "Zürn");
    let ninon = world.people().into_iter().filter(|one| one["names"][0]["givenName"] == "Ninon").count();
    assert_eq!(ninon, 1, "a contact of one word travels too");
}

#[test]
fn edits_made_at_google_reach_the_tables() {
    let world = small();
    let person = world.person("c2@firm2.example");
    world.gesture(
        "people/edit",
        json!({"resourceName": person["resourceName"], "person": {
            "nicknames": [{"value": "Doudou"}],
            "organizations": [{"name": "Autre Maison", "title": "Gérante"}],
        }}),
    );
    world.gesture(
        "people/create",
        json!({"person": {"names": [{"givenName": "Tom", "familyName": "Pouce"}],
        "emailAddresses": [{"value": "tom@pouce.example", "type": "home"}]}}),
    );
    let event = world.event(&sides::title(1));
    let id = event["id"].as_str().unwrap();
    world.google("PATCH", &format!("{EVENTS}/{id}"), &json!({"location": "Ailleurs", "description": "Ü ✓"}));
    world.add_event(&json!({"summary": "Typed at Google", "start": {"date": "2027-02-03"},
        "end": {"date": "2027-02-05"}}));
    let run = world.sync().ends_with(0);
    assert_eq!((run.count("to_local", "create"), run.count("to_local", "update")), (2, 2), "{run:?}");
    assert_eq!(run.count("to_remote", "create") + run.count("to_remote", "delete"), 0, "{run:?}");
    let row = world.rows("'o', organization, 't', job_title, 'd', department", "contacts WHERE id = 'c2'");
    assert_eq!(row, [json!({"o": "Autre Maison", "t": "Gérante", "d": ""})]);
    assert_eq!(world.number("contact_nicknames WHERE contact_id = 'c2' AND nickname = 'Doudou'"), 1);
    assert_eq!(world.number("contacts WHERE surname = 'Pouce'"), 1);
    let row = world.rows("'l', location, 'd', description", "appointments WHERE id = 'e1'");
    assert_eq!(row, [json!({"l": "Ailleurs", "d": "Ü ✓"})]);
    let row = world.rows(
        "'k', start_kind, 's', start_local, 'd', duration_days, 'o', owner_id",
        "appointments WHERE title = 'Typed at Google'",
    );
    assert_eq!(row, [json!({"k": "date", "s": "2027-02-03", "d": 2, "o": USER})]);
    world.settle();
    assert_agree(&world);
}

#[test]
fn different_fields_of_one_record_are_both_kept() {
    let world = small();
    let person = world.person("c5@firm5.example");
    world.gesture(
        "people/edit",
        json!({"resourceName": person["resourceName"],
        "person": {"biographies": [{"value": "Said at Google", "contentType": "TEXT_PLAIN"}]}}),
    );
    let event = world.event(&sides::title(3));
    world.google(
        "PATCH",
        &format!("{EVENTS}/{}", event["id"].as_str().unwrap()),
        &json!({"location": "There"}),
    );
    world.sql(
        "UPDATE contacts SET job_title = 'Said here' WHERE id = 'c5';
         UPDATE appointments SET description = 'Said here' WHERE id = 'e3';",
    );
    world.settle();
    assert_agree(&world);
    let here = world.rows("'t', job_title, 'n', notes", "contacts WHERE id = 'c5'");
    assert_eq!(here, [json!({"t": "Said here", "n": "Said at Google"})], "no update is lost (I2)");
    let there = world.event(&sides::title(3));
    assert_eq!((&there["location"], &there["description"]), (&json!("There"), &json!("Said here")), "(I2)");
    assert!(waiting(&world).is_empty(), "nobody is asked about different fields");
}

#[test]
fn the_same_field_changed_on_both_sides_is_asked_and_answered() {
    let world = small();
    let person = world.person("c5@firm5.example");
    world.gesture(
        "people/edit",
        json!({"resourceName": person["resourceName"],
        "person": {"biographies": [{"value": "There", "contentType": "TEXT_PLAIN"}]}}),
    );
    world.sql("UPDATE contacts SET notes = 'Here' WHERE id = 'c5';");
    let run = world.sync().ends_with(3);
    assert_eq!(run.summary()["held"], 1, "{run:?}");
    let asked = waiting(&world);
    assert_eq!(asked.len(), 1, "{asked:?}");
    assert_eq!((&asked[0]["why"], &asked[0]["fields"][0]["local"]), (&json!("clash"), &json!("Here")));
    assert_eq!(asked[0]["fields"][0]["remote"], "There", "both versions are kept (I2): {asked:?}");
    let number = asked[0]["number"].to_string();
    world.run(&["conflicts", "resolve", &number, "--keep", "remote"]).ends_with(0);
    world.settle();
    assert_agree(&world);
    assert_eq!(world.rows("'n', notes", "contacts WHERE id = 'c5'"), [json!({"n": "There"})]);
    assert!(waiting(&world).is_empty());
}

#[test]
fn a_delete_with_plain_sql_reaches_google() {
    let world = small();
    world.sql("DELETE FROM contacts WHERE id = 'c4'; DELETE FROM appointments WHERE id = 'e4';");
    let run = world.sync().ends_with(0);
    assert_eq!((run.count("to_remote", "delete"), run.count("to_local", "delete")), (2, 0), "{run:?}");
    world.settle();
    assert_agree(&world);
    assert_eq!((world.people().len(), world.events().len()), (15, 15));
    let mails = world.people().iter().any(|one| one.to_string().contains("c4@firm4.example"));
    assert!(!mails, "the contact is gone at Google");
    for _ in 0..2 {
        assert_eq!(world.sync().ends_with(0).writes(), 0, "nothing comes back (I4)");
    }
}

#[test]
fn a_delete_at_google_reaches_the_tables() {
    let world = small();
    let person = world.person("c4@firm4.example");
    world.gesture("people/delete", json!({"resourceName": person["resourceName"]}));
    world.gesture("calendar/delete", json!({"event": world.event(&sides::title(4))["id"]}));
    let run = world.sync().ends_with(0);
    assert_eq!((run.count("to_local", "delete"), run.count("to_remote", "delete")), (2, 0), "{run:?}");
    assert_eq!(world.number("contacts WHERE id = 'c4'") + world.number("appointments WHERE id = 'e4'"), 0);
    world.settle();
    assert_agree(&world);
}

#[test]
fn a_moved_occurrence_reaches_the_tables() {
    let world = small();
    let series = world.event(&sides::title(0));
    // An occurrence is named by the UTC time at which it would have begun (C64, C65).
    let start = chrono::DateTime::parse_from_rfc3339(series["start"]["dateTime"].as_str().unwrap()).unwrap();
    let local = start.with_timezone(&chrono_tz::Europe::Paris).naive_local() + chrono::Duration::weeks(2);
    let at = local.and_local_timezone(chrono_tz::Europe::Paris).unwrap();
    let occurrence = format!("{}_{}", series["id"].as_str().unwrap(), at.to_utc().format("%Y%m%dT%H%M%SZ"));
    let time =
        |hours| json!({"dateTime": (at + chrono::Duration::hours(hours)).to_rfc3339(), "timeZone": ZONE});
    world.google("PATCH", &format!("{EVENTS}/{occurrence}"), &json!({"start": time(3), "end": time(4)}));
    let run = world.sync().ends_with(0);
    assert_eq!((run.count("to_local", "update"), run.writes()), (1, 1), "{run:?}");
    let rows = world.rows(
        "'o', replace(occurrence, 'T', ' '), 's', replace(start_local, 'T', ' '), 'c', cancelled",
        "appointment_overrides WHERE appointment_id = 'e0'",
    );
    let text = |time: chrono::NaiveDateTime| time.format("%Y-%m-%d %H:%M:%S").to_string();
    let expected = json!({"o": text(local), "s": text(local + chrono::Duration::hours(3)), "c": 0});
    assert_eq!(rows, [expected], "one occurrence moved, the series did not (C65)");
    world.settle();
    assert_agree(&world);
}

#[test]
fn this_and_following_reaches_the_tables() {
    let world = small();
    let series = world.event(&sides::title(0));
    let start = chrono::DateTime::parse_from_rfc3339(series["start"]["dateTime"].as_str().unwrap()).unwrap();
    let local = start.with_timezone(&chrono_tz::Europe::Paris).naive_local() + chrono::Duration::weeks(4);
    let at = local.and_local_timezone(chrono_tz::Europe::Paris).unwrap().to_utc();
    world.gesture(
        "calendar/split",
        json!({"event": series["id"], "from": at.format("%Y%m%dT%H%M%SZ").to_string(),
               "changes": {"summary": "And from then on", "location": "Elsewhere"}}),
    );
    let run = world.sync().ends_with(0);
    // The page ends the series and begins another one (C69, C70): two series here too, none lost.
    assert_eq!((run.count("to_local", "create"), run.count("to_local", "update")), (1, 1), "{run:?}");
    assert_eq!(run.deletes(), 0, "{run:?}");
    let rule = world.rows("'r', rule", "appointment_rules WHERE appointment_id = 'e0'");
    assert!(rule[0]["r"].as_str().unwrap().contains("UNTIL="), "the old series ends: {rule:?}");
    let rows = world.rows(
        "'s', replace(start_local, 'T', ' '), 'l', location",
        "appointments WHERE title = 'And from then on'",
    );
    assert_eq!(
        rows,
        [json!({"s": local.format("%Y-%m-%d %H:%M:%S").to_string(), "l": "Elsewhere"})],
        "the following occurrences are a series of their own"
    );
    let quiet = world.settle();
    assert_eq!(quiet.deletes(), 0, "{quiet:?}");
    assert_eq!((world.events().len(), world.number("appointments")), (17, 17));
}

#[test]
fn no_guest_is_ever_mailed() {
    let world = small();
    let guests = "appointments a JOIN appointment_participants p ON p.appointment_id = a.id";
    assert!(world.number(guests) >= 4, "there are guests");
    world.sql(
        "UPDATE appointments SET start_local = '2027-09-09 10:00:00' WHERE id = 'e6';
         INSERT INTO appointment_participants (appointment_id, email) VALUES ('e6', 'new@guests.example');
         DELETE FROM appointments WHERE id = 'e14';",
    );
    let run = world.sync().ends_with(0);
    assert_eq!((run.count("to_remote", "update"), run.count("to_remote", "delete")), (1, 1), "{run:?}");
    assert_eq!(run.summary()["guest_mails"], 0, "what we asked for (I8): {run:?}");
    let moved = run.run_of("events").to_string();
    world.run(&["undo", "run", &moved, "--yes"]).ends_with(0);
    world.settle();
    assert_eq!(world.mails(), 0, "what Google would have sent (I8)");
    let attendees = world.event(&sides::title(6))["attendees"].as_array().map_or(0, Vec::len);
    assert!(attendees >= 2, "guests are never lost (I8)");
}

#[test]
fn a_wiped_side_deletes_nothing() {
    let world = small();
    for person in world.people() {
        world.gesture("people/delete", json!({"resourceName": person["resourceName"]}));
    }
    for event in world.events() {
        world.gesture("calendar/delete", json!({"event": event["id"]}));
    }
    for _ in 0..2 {
        let run = world.sync().ends_with(5);
        assert_eq!(run.writes(), 0, "nothing before somebody has approved (I9): {run:?}");
        assert!(run.errors().iter().all(|code| code.starts_with("SYNC-10")), "{:?}", run.errors());
        assert_eq!((world.number("contacts"), world.number("appointments")), (16, 16));
    }
    // An approval names the number; another number is none.
    world.run(&["sync", "--allow-deletes", "15"]).ends_with(5);
    assert_eq!((world.number("contacts"), world.number("appointments")), (16, 16));
    // A number that fits two plans names neither.
    let run = world.run(&["sync", "--allow-deletes", "16"]).ends_with(5);
    assert_eq!((world.number("contacts"), world.number("appointments")), (16, 16));
    let pairs = run.summary()["pairs"].as_array().unwrap();
    let digest = pairs.iter().find(|pair| pair["kind"] == "events").unwrap()["digest"].as_str().unwrap();
    let run = world.run(&["sync", "--approve", digest]).ends_with(5);
    assert_eq!(run.count("to_local", "delete"), 16, "{run:?}");
    assert_eq!((world.number("contacts"), world.number("appointments")), (16, 0));
    let run = world.run(&["sync", "--allow-deletes", "16"]).ends_with(0);
    assert_eq!(run.count("to_local", "delete"), 16, "{run:?}");
    world.settle();
    assert_eq!((world.number("contacts"), world.number("appointments")), (0, 0));
}

#[test]
fn a_wiped_table_deletes_nothing_at_google() {
    let world = small();
    world.sql("DELETE FROM contacts; DELETE FROM appointments;");
    let run = world.sync().ends_with(5);
    assert_eq!(run.writes(), 0, "(I9): {run:?}");
    assert_eq!((world.people().len(), world.events().len()), (16, 16));
}

#[test]
fn the_same_change_of_more_than_half_waits_for_an_approval() {
    let world = small();
    let before = world.events();
    world.sql("UPDATE appointments SET description = 'Changed by a program';");
    let run = world.sync().ends_with(5);
    assert_eq!((run.errors(), run.writes()), (vec!["SYNC-103".to_owned()], 0), "(I9): {run:?}");
    assert_eq!(world.events(), before, "nothing was written");
    world.sql("UPDATE appointments SET location = 'Elsewhere';");
    let run = world.sync().ends_with(5);
    assert_eq!(
        (run.errors(), run.writes()),
        (vec!["SYNC-103".to_owned()], 0),
        "a second one on top: {run:?}"
    );
    assert_eq!(world.events(), before, "nothing was written");
    let told = run.of("error")[0].to_string();
    assert!(told.contains("description, location"), "every field is named: {told}");
    let pairs = run.summary()["pairs"].as_array().unwrap();
    let digest = pairs.iter().find(|pair| pair["kind"] == "events").unwrap()["digest"].as_str().unwrap();
    world.run(&["sync", "--approve", digest]).ends_with(0);
    world.settle();
    assert_agree(&world);
    assert_eq!(world.event(&sides::title(1))["description"], "Changed by a program");
}

#[test]
fn undo_brings_a_deleted_contact_back() {
    let world = small();
    let before = sides::contacts_here(&world);
    let person = world.person("c7@firm7.example");
    world.gesture("people/delete", json!({"resourceName": person["resourceName"]}));
    let run = world.sync().ends_with(0);
    assert_eq!(run.count("to_local", "delete"), 1, "{run:?}");
    assert_eq!(world.number("contacts WHERE uid = 'client-7@company.example'"), 0);
    let undone = world.run(&["undo", "run", &run.run_of("contacts").to_string(), "--yes"]).ends_with(0);
    assert_eq!(undone.deletes(), 0, "{undone:?}");
    world.settle();
    assert_eq!(sides::contacts_here(&world), before, "undo is exact (I10)");
    assert_agree(&world);
    assert_eq!(world.people().len(), 16, "once, and on both sides");
    assert_eq!(world.mails(), 0);
}

#[test]
fn what_was_wiped_comes_back_under_its_identifiers_and_to_those_who_saw_it() {
    let world = small();
    world.sql(
        "INSERT INTO contact_users (contact_id, user_id)
             SELECT id, 'alice' FROM contacts WHERE uid LIKE '%-1@%' OR uid LIKE '%-2@%';",
    );
    world.settle();
    let seen = |world: &World| {
        world.rows(
            "'uid', c.uid, 'user', coalesce(u.user_id, '')",
            "contacts c LEFT JOIN contact_users u ON u.contact_id = c.id ORDER BY c.uid, u.user_id",
        )
    };
    let uids = |world: &World| world.rows("'uid', uid", "appointments ORDER BY uid");
    let (before, series) = (seen(&world), uids(&world));
    assert_eq!(before.iter().filter(|row| row["user"] == "alice").count(), 2, "{before:?}");
    world.sql("DELETE FROM contacts; DELETE FROM appointments;");
    let run = world.sync().ends_with(5);
    for pair in run.summary()["pairs"].as_array().unwrap() {
        world.run(&["sync", "--approve", pair["digest"].as_str().unwrap()]);
    }
    assert_eq!((world.people().len(), world.events().len()), (0, 0));
    let history = world.run(&["history"]).ends_with(0);
    let runs = history.of("run");
    let wiped = runs.iter().filter(|run| run["to_remote"]["delete"] == 16);
    for run in wiped.map(|run| run["run_id"].to_string()) {
        world.run(&["undo", "run", &run, "--yes"]).ends_with(0);
    }
    world.settle();
    assert_agree(&world);
    assert_eq!(seen(&world), before, "undo is exact (I10)");
    assert_eq!(uids(&world), series, "undo is exact (I10)");
    assert_eq!(world.mails(), 0);
}

#[test]
fn first_run_never_deletes() {
    let world = World::new();
    fill(&world, 16, 16);
    sides::add_what_is_at_google_already(&world, 16);
    let (people, events) = (world.people().len(), world.events().len());
    let looked = world.run(&["sync", "--dry-run"]).ends_with(0);
    assert_eq!(looked.deletes(), 0, "{looked:?}");
    assert_eq!((world.people().len(), world.events().len()), (people, events), "a look writes nothing (I20)");
    let planned = looked.writes();
    let first = world.sync().ends_with(0);
    assert_eq!(first.deletes(), 0, "(I9): {first:?}");
    assert_eq!(first.writes(), planned, "the plan is what was done (I20): {first:?}");
    world.settle();
    assert_agree(&world);
    let here = world.number("contacts");
    assert_eq!((world.people().len() as u64, here), (36, 36), "matched, not doubled (I3)");
    assert_eq!((world.events().len() as u64, world.number("appointments")), (36, 36), "(I3)");
    let nobody: Vec<Value> = waiting(&world);
    assert!(nobody.is_empty(), "{ACCOUNT}: {nobody:?}");
}

#[test]
fn a_program_that_reloads_its_tables_under_new_ids_doubles_nothing() {
    let world = World::new();
    // Every other one with an address, the others with a name only.
    let contacts = |prefix: &str| -> String {
        (0..30)
            .map(|n| {
                let email = if n % 2 == 0 {
                    format!("INSERT INTO contact_emails (contact_id, address) VALUES ('{prefix}{n}', 'p{n}@x.example');")
                } else {
                    String::new()
                };
                format!("INSERT INTO contacts (id, given_name, surname) VALUES ('{prefix}{n}', 'Person{n}', 'Name{n}');{email}\n")
            })
            .collect()
    };
    let events = |prefix: &str| -> String {
        (0..30)
            .map(|n| {
                format!(
                    "INSERT INTO appointments (id, owner_id, title, start_local, start_zone, duration_seconds) \
                     VALUES ('{prefix}{n}', '{USER}', 'Meeting {n}', '2027-02-{:02} 10:00:00', 'Europe/Paris', 3600);\n",
                    n % 28 + 1
                )
            })
            .collect()
    };
    world.sql(&(contacts("a") + &events("a")));
    world.settle();
    assert_eq!((world.people().len(), world.events().len()), (30, 30));
    let names = |all: Vec<Value>, name: &str| -> std::collections::BTreeSet<String> {
        all.iter().map(|one| one[name].as_str().unwrap().to_owned()).collect()
    };
    let before = (names(world.people(), "resourceName"), names(world.events(), "id"));
    world.sql(&format!("DELETE FROM contacts; DELETE FROM appointments; {}{}", contacts("b"), events("b")));
    let run = world.sync();
    assert_eq!((names(world.people(), "resourceName"), names(world.events(), "id")), before);
    assert_eq!((run.code, run.writes(), run.deletes()), (Some(0), 0, 0), "{run:?}");
    world.settle();
    assert_eq!((world.number("contacts"), world.number("appointments")), (30, 30));
}

#[test]
fn what_takes_the_place_of_everything_waits_with_the_deletions() {
    let world = World::new();
    // Nothing tells that these are the same records: neither a uid nor a title.
    let events = |prefix: &str| -> String {
        (0..20)
            .map(|n| {
                format!(
                    "INSERT INTO appointments (id, owner_id, title, start_local, start_zone, duration_seconds) \
                     VALUES ('{prefix}{n}', '{USER}', '', '2027-02-{:02} 10:00:00', 'Europe/Paris', 3600);\n",
                    n + 1
                )
            })
            .collect()
    };
    world.sql(&events("a"));
    world.settle();
    world.sql(&format!("DELETE FROM appointments; {}", events("b")));
    for _ in 0..2 {
        let run = world.sync().ends_with(5);
        assert_eq!((run.errors(), run.writes()), (vec!["SYNC-101".to_owned()], 0), "(I3): {run:?}");
        assert_eq!(world.events().len(), 20);
    }
    world.run(&["sync", "--allow-deletes", "20"]).ends_with(0);
    world.settle();
    assert_eq!((world.events().len(), world.number("appointments")), (20, 20));
}
