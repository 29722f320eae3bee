//! What an undo leaves, and what becomes of it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;

use common::{EVENTS, World, waiting};
use serde_json::{Value, json};

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
fn an_undone_appointment_that_gets_a_guest_or_had_one_travels_again_like_any_edit() {
    for had in [false, true] {
        let world = World::new();
        world.sql(
            "INSERT INTO appointments (id, owner_id, title, start_local, start_zone, duration_seconds)
             VALUES ('x1', 'alice', 'Undone', '2027-01-01 10:00', 'Europe/Paris', 3600);",
        );
        let guest = |name: &str| {
            format!(
                "INSERT INTO appointment_participants (appointment_id, email) VALUES ('x1', '{name}@client.example');"
            )
        };
        if had {
            world.sql(&guest("first"));
        }
        let run = world.sync().ends_with(0).run_of("events");
        undo(&world, run);
        assert_eq!((world.events().len(), world.number("appointments")), (0, 1));
        world.sql(&guest("second"));
        world.settle();
        let guests = world.event("Undone")["attendees"].as_array().unwrap().len();
        assert_eq!((guests, waiting(&world).len(), world.mails()), (if had { 2 } else { 1 }, 0, 0));
    }
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
            let asked = format!("passerelle {config} --lang {lang} undo run {run} --");
            assert!(command.starts_with(&asked), "{commands:?}");
        }
        assert_eq!((world.people().len(), commands.len()), (32, 3));
        if lang == "fr" {
            let pasted = commands[1].replace(&format!("passerelle {config} --lang fr "), "");
            let args: Vec<&str> = pasted.split(' ').chain(["--yes"]).collect();
            world.run(&args).ends_with(0);
        }
    }
    assert_eq!((world.people().len(), world.number("contacts")), (20, 32), "what is shown works");
}

#[test]
fn whatever_takes_something_back_and_is_refused_names_its_own_command() {
    let world = World::new();
    let config = world.path("config.toml");
    let strict =
        std::fs::read_to_string(&config).unwrap() + "[guard]\ndeletes_floor = 0\ndeletes_percent = 0\n";
    std::fs::write(&config, strict).unwrap();
    world.sql("INSERT INTO contacts (id, given_name) VALUES ('stays', 'Stays');");
    world.settle();
    let now = world.rows("'t', strftime('%Y-%m-%dT%H:%M:%fZ', 'now')", "(SELECT 1)");
    let time = now[0]["t"].as_str().unwrap().to_owned();
    let options = format!("passerelle --config {} ", config.display());
    for what in [
        "undo record c0",
        "undo record c1 --run RUN",
        "restore c2 --as-of TIME",
        "restore --user alice --kind contacts --as-of TIME",
    ] {
        let id = what.split(' ').find(|word| word.starts_with('c')).unwrap_or("c3");
        world.sql(&format!("INSERT INTO contacts (id, given_name) VALUES ('{id}', 'Given');"));
        let run = world.sync().ends_with(0).run_of("contacts").to_string();
        let command = what.replace("RUN", &run).replace("TIME", &time);
        let run = |command: &str, more: &[&str]| {
            let args: Vec<&str> = command.split(' ').chain(more.iter().copied()).collect();
            world.run(&args)
        };
        let refused = run(&command, &["--yes"]).ends_with(5);
        let error = refused.of("error").into_iter().find(|one| one["code"] == "SYNC-101").unwrap().clone();
        let cures = error["do"].as_array().unwrap().iter().filter_map(|one| one.as_str());
        let shown: Vec<&str> = cures.map(|cure| cure.split('`').nth(1).unwrap()).collect();
        let own = format!("{options}{command} --");
        assert!(shown.len() == 3 && shown.iter().all(|one| one.starts_with(&own)), "{own}: {shown:?}");
        assert_eq!(world.people().len(), 2, "{command}");
        run(shown[1].strip_prefix(&options).unwrap(), &["--yes"]).ends_with(0);
        assert_eq!(world.people().len(), 1, "{command}: what is shown works");
    }
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

/// What stands at Google, without what changes with every write.
fn lasting(mut item: Value) -> Value {
    let members = item.as_object_mut().unwrap();
    members.retain(|name, _| {
        !["etag", "updated", "sequence", "metadata", "sourceEtag", "updateTime"].contains(&name.as_str())
    });
    if let Some(private) =
        members.get_mut("extendedProperties").and_then(|all| all["private"].as_object_mut())
    {
        private.retain(|name, _| !name.starts_with("passerelle."));
    }
    if let Some(data) = members.get_mut("clientData").and_then(Value::as_array_mut) {
        data.retain(|one| !one["key"].as_str().unwrap_or_default().starts_with("passerelle"));
    }
    for list in members.values_mut().filter_map(Value::as_array_mut) {
        for one in list.iter_mut().filter_map(Value::as_object_mut) {
            one.remove("metadata");
        }
    }
    item
}

/// Lays members over others.
fn with(body: &Value, more: &Value) -> Value {
    let mut body = body.clone();
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body
}

#[test]
fn undo_puts_back_what_only_google_holds_of_an_appointment() {
    let meet = |code: &str| {
        json!({
            "conferenceId": code, "conferenceSolution": { "key": { "type": "hangoutsMeet" }, "name": "Google Meet" },
            "entryPoints": [{ "entryPointType": "video", "uri": format!("https://meet.google.com/{code}") }],
        })
    };
    let guest = |more: u32| json!([{ "email": "g@x.example", "additionalGuests": more, "responseStatus": "accepted" }]);
    let changes = [
        ("source", json!({ "source": { "title": "Other words", "url": "https://air.example/t" } })),
        ("end zone", json!({ "end": { "dateTime": "2027-02-03T12:00:00", "timeZone": "America/Chicago" } })),
        ("conference", json!({ "conferenceData": meet("new-new-new") })),
        ("no conference", json!({ "conferenceData": null })),
        ("rights", json!({ "guestsCanModify": true, "guestsCanInviteOthers": false })),
        ("attachments", json!({ "attachments": [{ "fileUrl": "https://drive.example/2", "title": "Two" }] })),
        ("no attachments", json!({ "attachments": [] })),
        ("shared", json!({ "extendedProperties": { "shared": { "theirs": "2", "more": "x" } } })),
        ("private", json!({ "extendedProperties": { "private": { "crm": null } } })),
        ("guest", json!({ "attendees": guest(5) })),
        (
            "series",
            json!({ "guestsCanModify": true, "source": { "title": "More", "url": "https://air.example/t" } }),
        ),
    ];
    let event = json!({
        "location": "CDG",
        "start": { "dateTime": "2027-02-03T09:00:00", "timeZone": "Europe/Paris" },
        "end": { "dateTime": "2027-02-03T12:00:00", "timeZone": "America/New_York" },
        "source": { "title": "Ticket", "url": "https://air.example/t" },
        "conferenceData": meet("abc-defg-hij"),
        "attachments": [{ "fileUrl": "https://drive.example/1", "title": "One" }],
        "extendedProperties": { "shared": { "theirs": "1" }, "private": { "crm": "7" } },
        "attendees": guest(2),
    });
    let flags = "conferenceDataVersion=1&supportsAttachments=true";
    for more in [json!({}), json!({ "location": "Orly" })] {
        let world = World::new();
        let made = changes.iter().map(|(name, _)| {
            let mut event = with(&event, &json!({ "summary": name }));
            if *name == "series" {
                event["recurrence"] = json!(["RRULE:FREQ=DAILY;COUNT=3"]);
                event["end"]["timeZone"] = json!("Europe/Paris");
            }
            world.google("POST", &format!("{EVENTS}?{flags}"), &event)["id"].as_str().unwrap().to_owned()
        });
        let made: Vec<String> = made.collect();
        world.settle();
        let stands = || changes.iter().map(|(name, _)| lasting(world.event(name))).collect::<Vec<_>>();
        let rows =
            || world.rows("'t', title, 'l', location, 'u', conference_url", "appointments ORDER BY title");
        let before = (stands(), rows());
        for (at, ((_, change), id)) in changes.iter().zip(&made).enumerate() {
            // Not so many that they would count as a mass change.
            let more = if at % 2 == 0 { &more } else { &json!({}) };
            world.google("PATCH", &format!("{EVENTS}/{id}?{flags}"), &with(change, more));
        }
        for (is, was) in stands().iter().zip(&before.0) {
            assert_ne!(is, was);
        }
        let run = world.sync().ends_with(0).run_of("events");
        undo(&world, run);
        assert_eq!(stands(), before.0, "{more}");
        assert_eq!(rows(), before.1, "{more}");
        assert_eq!(world.mails(), 0);
    }
}

#[test]
fn undo_puts_back_what_only_google_holds_of_a_contact() {
    let emails = |who: &str, names: [&str; 2]| {
        let one = |at: &str, name: &str| json!({ "value": format!("{who}@{at}.example"), "type": "work", "displayName": name });
        vec![one("x", names[0]), one("y", names[1])]
    };
    let changes = [
        ("entry", json!({ "emailAddresses": emails("entry", ["One", "Zwei"]) })),
        (
            "order",
            json!({ "emailAddresses": emails("order", ["One", "Two"]).into_iter().rev().collect::<Vec<_>>() }),
        ),
        ("foreign", json!({ "occupations": [{ "value": "Baker" }], "genders": [{ "value": "other" }] })),
        ("gone", json!({ "occupations": [] })),
        ("data", json!({ "clientData": [{ "key": "crm", "value": "2" }] })),
    ];
    for more in [json!({}), json!({ "biographies": [{ "value": "Other", "contentType": "TEXT_PLAIN" }] })] {
        let world = World::new();
        for (name, _) in &changes {
            world.add_person(&json!({
                "names": [{ "givenName": name, "familyName": "Bell" }],
                "emailAddresses": emails(name, ["One", "Two"]),
                "biographies": [{ "value": "Notes", "contentType": "TEXT_PLAIN" }],
                "occupations": [{ "value": "Smith" }],
                "clientData": [{ "key": "crm", "value": "1" }],
            }));
        }
        world.settle();
        let person = |name: &str| world.person(&format!("{name}@x.example"));
        let stands = || changes.iter().map(|(name, _)| lasting(person(name))).collect::<Vec<_>>();
        let rows = || world.rows("'g', given_name, 'n', notes", "contacts ORDER BY given_name");
        let before = (stands(), rows());
        for (name, change) in &changes {
            let mut fields = with(change, &more);
            let person = person(name);
            if let Some(mine) = fields.get_mut("clientData").and_then(Value::as_array_mut) {
                let ours = person["clientData"].as_array().unwrap().iter();
                mine.extend(ours.filter(|one| one["key"] != "crm").cloned());
            }
            let mask: Vec<String> = fields.as_object().unwrap().keys().cloned().collect();
            let name = person["resourceName"].as_str().unwrap();
            let shown = world.google("GET", &format!("/v1/{name}?personFields=names,metadata"), &Value::Null);
            fields["etag"] = shown["etag"].clone();
            let path = format!("/v1/{name}:updateContact?updatePersonFields={}", mask.join(","));
            world.google("PATCH", &path, &fields);
        }
        for (is, was) in stands().iter().zip(&before.0) {
            assert_ne!(is, was);
        }
        let run = world.sync().ends_with(0).run_of("contacts");
        undo(&world, run);
        assert_eq!(stands(), before.0, "{more}");
        assert_eq!(rows(), before.1, "{more}");
    }
}

#[test]
fn a_deletion_that_is_taken_back_twice_is_taken_back_once() {
    for twice in [["run", "run"], ["record", "record"], ["run", "record"], ["record", "run"]] {
        let world = World::new();
        // A name alone: nothing else tells that she is back.
        world.add_person(&json!({ "names": [{ "givenName": "Zoe", "familyName": "Martin" }] }));
        world.settle();
        let id = world.rows("'id', id", "contacts")[0]["id"].as_str().unwrap().to_owned();
        world.sql(&format!("DELETE FROM contacts WHERE id = '{id}';"));
        let run = world.sync().ends_with(0).run_of("contacts").to_string();
        assert!(world.people().is_empty());
        for how in twice {
            let what = if how == "run" { &run } else { &id };
            let _ = world.run(&["undo", how, what, "--yes"]);
            world.settle();
            assert!(world.people().len() <= 1 && world.number("contacts") <= 1, "{twice:?}");
        }
    }
}

#[test]
fn a_row_that_is_gone_is_found_by_its_own_id() {
    let world = World::new();
    world.sql(
        "INSERT INTO contacts (id, given_name) VALUES ('crm-1', 'Anna');
         INSERT INTO appointments (id, owner_id, title, start_local, start_zone, duration_seconds)
         VALUES ('erp-1', 'alice', 'Meeting', '2027-01-01 10:00', 'Europe/Paris', 3600);",
    );
    world.settle();
    world.sql("DELETE FROM contacts WHERE id = 'crm-1'; DELETE FROM appointments WHERE id = 'erp-1';");
    world.settle();
    for id in ["crm-1", "erp-1"] {
        world.run(&["history", "--record", id]).ends_with(0);
        world.run(&["undo", "record", id, "--yes"]).ends_with(0);
    }
    world.settle();
    assert_eq!((world.number("contacts"), world.number("appointments")), (1, 1));
    assert_eq!((world.people().len(), world.events().len()), (1, 1));
}

#[test]
fn a_run_that_wrote_nothing_has_nothing_to_take_back() {
    let world = World::new();
    world.settle();
    for (run, codes) in [("1", ["USE-113"]), ("9999", ["USE-105"])] {
        assert_eq!(world.run(&["--yes", "undo", "run", run]).errors(), codes, "{run}");
    }
}

#[test]
fn an_undo_says_what_it_did_not_take_back_and_why() {
    let world = World::new();
    world.sql(
        "INSERT INTO appointments (id, owner_id, title, start_local, start_zone, duration_seconds)
         VALUES ('a', 'alice', 'Alpha', '2027-01-04 10:00', 'Europe/Paris', 3600),
                ('b', 'alice', 'Beta', '2027-01-05 10:00', 'Europe/Paris', 3600);",
    );
    world.settle();
    world.sql("UPDATE appointments SET location = 'Lyon';");
    let run = world.sync().ends_with(0).run_of("events").to_string();
    world.sql("UPDATE appointments SET location = 'Paris' WHERE id = 'a';");
    world.settle();
    let left = |ran: &common::Ran| {
        let pairs = ran.summary()["pairs"].as_array().unwrap().clone();
        let all = pairs.iter().flat_map(|pair| pair["not_undone"].as_array().into_iter().flatten());
        all.map(|one| (one["record"].to_string(), one["why"].to_string())).collect::<Vec<_>>()
    };
    let changed = vec![("\"Alpha\"".to_owned(), "\"changed\"".to_owned())];
    let planned = world.run(&["undo", "run", &run, "--dry-run"]).ends_with(3);
    assert_eq!(left(&planned), changed);
    let undone = world.run(&["undo", "run", &run, "--yes"]).ends_with(3);
    assert_eq!((left(&undone), undone.writes()), (changed, 2), "{undone:#?}");
    world.settle();
    // The rules of today hold it: nothing is written, and that is said in both languages.
    world.sql("UPDATE appointments SET location = 'Nice' WHERE id = 'b';");
    let run = world.sync().ends_with(0).run_of("events").to_string();
    let config = std::fs::read_to_string(world.path("config.toml")).unwrap();
    let rules = "[[rules]]\nkind = \"events\"\nfields = { location = \"never\" }\n";
    std::fs::write(world.path("config.toml"), format!("{config}\n{rules}")).unwrap();
    let undone = world.run(&["undo", "run", &run, "--yes"]).ends_with(3);
    assert_eq!(undone.writes(), 0);
    assert_eq!(left(&undone), [("\"Beta\"".to_owned(), "\"rules\"".to_owned())]);
    for (lang, words) in [("en", "rules of today"), ("fr", "règles actuelles")] {
        let told = world.shown(&["undo", "run", &run, "--dry-run", "--lang", lang]);
        assert!(told.contains("Beta") && told.contains(words), "{told}");
    }
}
