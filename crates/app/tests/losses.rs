//! What one side has and the other cannot hold: it stays where it is, and is counted and listed for as long as it does.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;

use common::{EVENTS, World, waiting};
use serde_json::{Value, json};

fn pair<'a>(status: &'a common::Ran, kind: &str) -> &'a Value {
    let user = status.of("status")[0];
    user["pairs"].as_array().unwrap().iter().find(|pair| pair["kind"] == kind).unwrap()
}

/// The fields that are told of a kind, side by side with the record's name.
fn told(pair: &Value) -> Vec<String> {
    let losses = pair["losses"].as_array().cloned().unwrap_or_default();
    let line = |loss: &Value| {
        let fields = loss["fields"].as_array().unwrap().iter().map(|field| field.as_str().unwrap());
        format!(
            "{}: {} lacks {}",
            loss["record"].as_str().unwrap(),
            loss["side"].as_str().unwrap(),
            fields.collect::<Vec<_>>().join(", ")
        )
    };
    let mut lines: Vec<String> = losses.iter().map(line).collect();
    lines.sort();
    lines
}

#[test]
fn what_a_side_cannot_hold_is_listed_by_every_run_and_by_status() {
    let world = World::new();
    world.sql(
        "INSERT INTO contacts (id, given_name, photo) VALUES ('c1', 'Anna', 'https://x.example/anna.jpg');",
    );
    world.add_person(&json!({ "names": [{ "givenName": "Berta" }], "occupations": [{ "value": "Smith" }] }));
    world.add_event(&json!({
        "summary": "Round", "start": { "date": "2027-02-03" }, "end": { "date": "2027-02-04" },
        "attendees": [{ "email": "nobody@x.example" }, { "email": "g@x.example" }],
    }));
    // Google knows guests without an address; nobody may make one.
    world.faults(&json!([{ "method": "calendar.events.*", "replace": ["\"nobody@x.example\"", "null"] }]));
    world.settle();
    for _ in 0..2 {
        let run = world.sync().ends_with(0);
        assert_eq!((run.writes(), run.summary()["losses"].as_u64()), (0, Some(3)), "{run:?}");
        let status = world.run(&["status"]).ends_with(0);
        assert_eq!(
            told(pair(&status, "contacts")),
            ["Anna: remote lacks photo", "Berta: local lacks occupations"]
        );
        assert_eq!(told(pair(&status, "events")), ["Round: local lacks guests_without_address"]);
    }
    for (lang, except, all) in [("en", "except", "in step as of"), ("fr", "sauf", "à jour au")] {
        let shown = world.shown(&["status", "--lang", lang]);
        let lines: Vec<&str> = shown.lines().filter(|line| line.contains(all)).collect();
        assert!(lines.len() == 2 && lines.iter().all(|line| line.contains(except)), "{shown}");
        assert!(shown.contains("Anna: photo"), "{shown}");
    }
    world.sql("UPDATE contacts SET photo = '' WHERE id = 'c1';");
    world.sql("DELETE FROM appointments;");
    world.settle();
    let status = world.run(&["status"]).ends_with(0);
    assert_eq!(told(pair(&status, "contacts")), ["Berta: local lacks occupations"]);
    assert!(told(pair(&status, "events")).is_empty());
    let shown = world.shown(&["status"]);
    assert!(shown.lines().any(|line| line.contains("in step as of") && !line.contains("except")), "{shown}");
}

#[test]
fn in_step_is_not_said_while_a_record_waits_or_cannot_be_read() {
    let world = World::new();
    world.add_person(&json!({ "names": [{ "givenName": "Spoilt" }] }));
    world.add_person(&json!({ "names": [{ "givenName": "Good" }] }));
    world.settle();
    world.faults(&json!([{ "method": "people.people.*", "replace": ["Spoilt\"", "\\ud800\""] }]));
    world.control("POST", "expire", &json!({ "what": "people" }));
    world.sync().ends_with(3);
    let shown = world.shown(&["status"]);
    assert!(shown.contains("except · 1 refused"), "{shown}");
}

#[test]
fn an_event_in_a_zone_that_nobody_knows_keeps_its_instant_and_a_series_is_held_with_its_reason() {
    let world = World::new();
    let at =
        |hour: u32| json!({ "dateTime": format!("2027-03-03T{hour}:00:00"), "timeZone": "Europe/Vaduz" });
    world.add_event(&json!({ "summary": "Single", "start": at(10), "end": at(11) }));
    let series = json!({ "summary": "Series", "start": at(10), "end": at(11), "recurrence": ["RRULE:FREQ=DAILY;COUNT=3"] });
    world.add_event(&series);
    world.faults(&json!([{ "method": "calendar.events.*", "replace": ["Europe/Vaduz", "Mars/Olympus"] }]));
    let run = world.sync().ends_with(3);
    assert_eq!(run.summary()["failed"], 1, "{run:?}");
    let row =
        world.rows("'t', title, 'l', start_local, 'z', start_zone, 'd', duration_seconds", "appointments");
    assert_eq!(row, [json!({ "t": "Single", "l": "2027-03-03 10:00:00", "z": "Europe/Paris", "d": 3600 })]);
    let held = waiting(&world);
    assert_eq!((held.len(), held[0]["problem"]["code"].as_str()), (1, Some("GOOG-315")), "{held:?}");
    assert!(held[0].to_string().contains("Series"), "it is named: {held:?}");
    assert_eq!(world.events().len(), 2, "nothing is deleted there");
    world.faults(&json!([]));
    world.settle();
    assert_eq!(world.number("appointments WHERE title = 'Series' AND start_zone = 'Europe/Vaduz'"), 1);
}

/// The line of `status` about the contacts.
fn contacts_line(world: &World) -> String {
    let shown = world.shown(&["status", "--lang", "en"]);
    shown.lines().find(|line| line.contains("in step as of")).unwrap_or(&shown).to_owned()
}

#[test]
fn in_step_is_said_except_of_what_is_to_decide_has_no_name_or_waits() {
    let world = World::new();
    world.sql("INSERT INTO contacts (id, given_name) VALUES ('c1', 'Anna');");
    world.settle();
    assert!(!contacts_line(&world).contains("except"), "{}", contacts_line(&world));

    // To decide: both sides changed one field.
    let name = world.people()[0]["resourceName"].clone();
    let person = json!({ "biographies": [{ "value": "phone" }] });
    world.gesture("people/edit", json!({ "resourceName": name, "person": person }));
    world.sql("UPDATE contacts SET notes = 'company' WHERE id = 'c1';");
    world.sync().ends_with(3);
    assert!(contacts_line(&world).contains("except · 1 to decide"), "{}", contacts_line(&world));
    world.run(&["conflicts", "resolve", "1", "--keep", "local"]).ends_with(0);
    // Waiting: the answer is carried out by the next run.
    assert!(
        contacts_line(&world).contains("except · 1 waiting for the next run"),
        "{}",
        contacts_line(&world)
    );
    world.settle();
    assert!(!contacts_line(&world).contains("except"), "{}", contacts_line(&world));

    // Without a name: nothing but its being there is known.
    world.add_person(&json!({ "names": [{ "givenName": "Nemo" }] }));
    world.faults(&json!([{ "method": "people.people.connections.list",
        "replace": ["\"resourceName\": \"people/", "\"resourceName\": \"nobody/"] }]));
    world.control("POST", "expire", &json!({ "what": "people" }));
    world.sync();
    assert!(contacts_line(&world).contains(" refused"), "{}", contacts_line(&world));
    assert!(contacts_line(&world).contains("except"), "{}", contacts_line(&world));
}

#[test]
fn all_losses_are_counted_and_can_be_listed() {
    let world = World::new();
    world.sql(
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1003)
         INSERT INTO contacts (id, given_name, photo) SELECT 'c' || i, 'A' || i, 'https://x.example/a.jpg' FROM n;",
    );
    world.sync().ends_with(0);
    assert_eq!(world.sync().ends_with(0).summary()["losses"], 1003);
    let status = world.run(&["status"]).ends_with(0);
    let contacts = pair(&status, "contacts");
    assert_eq!((told(contacts).len(), contacts["losses_count"].as_u64()), (1000, Some(1003)));
    for (lang, more) in [("en", "and 983 more: passerelle"), ("fr", "et 983 de plus")] {
        let shown = world.shown(&["status", "--lang", lang]);
        assert!(shown.contains(more) && shown.contains("status --losses"), "{shown}");
    }
    let all = world.run(&["status", "--losses"]).ends_with(0);
    let all = all.of("loss");
    assert_eq!(all.len(), 1003);
    assert!(all.iter().all(|loss| loss["fields"] == json!(["photo"]) && loss["side"] == "remote"));
    assert_eq!(world.shown(&["status", "--losses"]).lines().count(), 1003);
}

#[test]
fn a_reminder_that_waits_for_those_of_the_calendar_rings_once_they_do_not_apply() {
    let world = World::new();
    world.sql(
        "INSERT INTO appointments (id, owner_id, title, start_local, start_zone, duration_seconds, use_default_alerts)
             VALUES ('a', 'alice', 'Own', '2026-12-10 09:00', 'Europe/Paris', 3600, 1),
                    ('b', 'alice', 'Phone', '2026-12-10 09:00', 'Europe/Paris', 3600, 1);
         INSERT INTO appointment_alerts (appointment_id, minutes_before) VALUES ('a', 15), ('b', 15);",
    );
    world.settle();
    assert_eq!(world.event("Own")["reminders"]["useDefault"], true);
    assert!(world.run(&["status", "--losses", "--json"]).of("loss").is_empty(), "nothing is lost");
    world.sql("UPDATE appointments SET use_default_alerts = 0 WHERE id = 'a';");
    let own = json!({ "useDefault": false, "overrides": [{ "method": "popup", "minutes": 30 }] });
    let id = world.event("Phone")["id"].as_str().unwrap().to_owned();
    let address = format!("/calendar/v3/calendars/primary/events/{id}?sendUpdates=none");
    world.google("PATCH", &address, &json!({ "reminders": own }));
    world.settle();
    let reminders = world.event("Own")["reminders"].clone();
    assert_eq!(
        reminders,
        json!({ "useDefault": false, "overrides": [{ "method": "popup", "minutes": 15 }] })
    );
    // Whoever chooses others on the phone has chosen.
    assert_eq!(world.event("Phone")["reminders"], own);
    assert_eq!(world.number("appointment_alerts WHERE appointment_id = 'b' AND minutes_before = 30"), 1);
    assert_eq!(world.number("appointment_alerts WHERE appointment_id = 'b'"), 1);
}

/// What Google makes by itself, or its own page only.
fn arrive(world: &World, kind: &str, more: &Value) -> String {
    let mut body = json!({ "summary": kind, "eventType": kind, "start": { "date": "2026-12-08" },
        "end": { "date": "2026-12-09" } });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    world.gesture("calendar/arrive", json!({ "body": body }))["id"].as_str().unwrap().to_owned()
}

#[test]
fn what_is_no_appointment_is_told_by_its_sort_and_left_alone() {
    let world = World::new();
    let focus = arrive(&world, "focusTime", &json!({}));
    arrive(&world, "birthday", &json!({ "recurrence": ["RRULE:FREQ=YEARLY"] }));
    arrive(&world, "ofTomorrow", &json!({}));
    arrive(&world, "fromGmail", &json!({}));
    let plan = world.run(&["sync", "--dry-run"]).ends_with(0);
    let not_carried = |pairs: &Value| {
        let events = pairs.as_array().unwrap().iter().find(|pair| pair["kind"] == "events").unwrap();
        events["not_carried"].clone()
    };
    let all = json!({ "birthday": 1, "focus_time": 1, "ofTomorrow": 1 });
    assert_eq!(not_carried(&plan.summary()["pairs"]), all);
    for _ in 0..2 {
        let run = world.sync().ends_with(0);
        assert_eq!(not_carried(&run.summary()["pairs"]), all, "{run:?}");
    }
    let status = world.run(&["status"]).ends_with(0);
    assert_eq!(not_carried(&status.of("status")[0]["pairs"]), all);
    for (lang, told) in [
        ("en", "are no appointments: birthdays (1), focus times (1), ofTomorrow (1)"),
        ("fr", "pas des rendez-vous : anniversaires (1), moments de concentration (1), ofTomorrow (1)"),
    ] {
        for command in ["status", "sync"] {
            let shown = world.shown(&[command, "--lang", lang]);
            assert!(shown.contains(told), "{shown}");
        }
    }
    assert_eq!(world.rows("'t', title", "appointments"), [json!({ "t": "fromGmail" })]);
    world.sql("UPDATE appointments SET title = 'My flight';");
    world.sync().ends_with(3);
    assert_eq!(waiting(&world)[0]["problem"]["code"], "GOOG-310");
    world.google("DELETE", &format!("{EVENTS}/{focus}?sendUpdates=none"), &Value::Null);
    let run = world.sync();
    assert_eq!(not_carried(&run.summary()["pairs"]), json!({ "birthday": 1, "ofTomorrow": 1 }));
    assert_eq!((run.writes(), world.events().len()), (0, 3), "{run:?}");
}

#[test]
fn a_database_of_when_one_type_was_asked_for_lists_all_anew_and_loses_nothing() {
    let world = World::new();
    for title in ["Stays", "Changes there", "Goes there", "Changes here"] {
        world.add_event(&json!({ "summary": title, "start": { "date": "2026-12-08" },
            "end": { "date": "2026-12-09" } }));
    }
    arrive(&world, "fromGmail", &json!({}));
    world.settle();
    world.sql("DELETE FROM appointments WHERE title = 'fromGmail';");
    let listed = world.google("GET", &format!("{EVENTS}?maxResults=2500&eventTypes=default"), &Value::Null);
    let token = listed["nextSyncToken"].as_str().unwrap();
    let id = |title: &str| world.event(title)["id"].as_str().unwrap().to_owned();
    let (changes, goes) = (id("Changes there"), id("Goes there"));
    world.settle();
    arrive(&world, "fromGmail", &json!({ "summary": "Flight" }));
    world.sql(&format!("UPDATE passerelle_pair_states SET remote_cursor = '{token}' WHERE kind = 'events';"));
    assert_eq!(world.number(&format!("passerelle_pair_states WHERE remote_cursor = '{token}'")), 1);
    let path = format!("{EVENTS}/{changes}?sendUpdates=none");
    world.google("PATCH", &path, &json!({ "location": "Lyon" }));
    world.google("DELETE", &format!("{EVENTS}/{goes}?sendUpdates=none"), &Value::Null);
    world.sql("UPDATE appointments SET location = 'Brest' WHERE title = 'Changes here';");
    let run = world.sync().ends_with(0);
    assert_eq!(run.deletes(), 0, "a complete listing deletes nothing: {run:?}");
    world.settle();
    let mut rows = world.rows("'t', title || ' ' || location", "appointments ORDER BY title");
    rows.sort_by_key(Value::to_string);
    let titles: Vec<&str> = rows.iter().map(|row| row["t"].as_str().unwrap().trim()).collect();
    assert_eq!(titles, ["Changes here Brest", "Changes there Lyon", "Flight", "Stays"]);
    assert_eq!(world.event("Changes here")["location"], "Brest");
    assert_eq!(world.events().len(), 4);
}

#[test]
fn what_google_keeps_where_nobody_sees_it_is_told() {
    let world = World::new();
    world.sql(
        "INSERT INTO appointments (id, owner_id, title, start_local, start_zone, duration_seconds, url, color)
             VALUES ('a', 'alice', 'Own', '2026-12-10 09:00', 'Europe/Paris', 3600, 'ftp://files.example/x', 'rebeccapurple'),
                    ('b', 'alice', 'Web', '2026-12-10 09:00', 'Europe/Paris', 3600, 'https://one.example', '#ff0000');",
    );
    world.settle();
    for _ in 0..2 {
        let run = world.sync().ends_with(0);
        assert_eq!((run.writes(), run.summary()["losses"].as_u64()), (0, Some(1)), "{run:?}");
        let status = world.run(&["status"]).ends_with(0);
        assert_eq!(told(pair(&status, "events")), ["Own: remote lacks color, url"]);
    }
    assert_eq!(world.run(&["status", "--losses"]).ends_with(0).of("loss").len(), 1);
    assert_eq!(world.number("appointments WHERE url LIKE 'ftp%' AND color = 'rebeccapurple'"), 1);
    world.sql("UPDATE appointments SET url = 'https://files.example/x' WHERE id = 'a';");
    world.settle();
    let status = world.run(&["status"]).ends_with(0);
    assert_eq!(told(pair(&status, "events")), ["Own: remote lacks color"]);
    world.sql("UPDATE appointments SET color = 'gold' WHERE id = 'a';");
    world.settle();
    assert!(world.run(&["status", "--losses"]).of("loss").is_empty());
}

#[test]
fn a_video_link_removed_on_the_phone_is_seen_there_again() {
    const LINK: &str = "https://meet.example/abc";
    let below = |text: &str| format!("{text}\n\n{LINK}");
    for (typed, on_phone, here, shown) in [
        ("Agenda", "", "", LINK.to_owned()),
        ("Agenda", "Agenda", "Agenda", below("Agenda")),
        ("", "", "", LINK.to_owned()),
        // The typed text holds it by itself.
        (&below("Agenda"), &*below("Agenda, room 5"), &*below("Agenda, room 5"), below("Agenda, room 5")),
        (LINK, "Agenda", "Agenda", below("Agenda")),
    ] {
        let world = World::new();
        world.sql(&format!(
            "INSERT INTO appointments (id, owner_id, title, start_local, start_zone, duration_seconds, description, conference_url)
             VALUES ('v', 'alice', 'Call', '2026-12-07 09:00', 'Europe/Paris', 3600, '{typed}', '{LINK}');"
        ));
        let tables = || {
            let rows = world.rows("'text', description, 'link', conference_url", "appointments");
            (rows[0]["text"].as_str().unwrap().to_owned(), rows[0]["link"].as_str().unwrap().to_owned())
        };
        let nothing_lost = || {
            let status = world.run(&["status"]).ends_with(0);
            assert!(told(pair(&status, "events")).is_empty(), "{typed} {on_phone}: {status:?}");
        };
        world.settle();
        nothing_lost();
        assert_eq!(tables(), (typed.to_owned(), LINK.to_owned()));
        let path = format!("{EVENTS}/{}", world.event("Call")["id"].as_str().unwrap());
        world.google("PATCH", &path, &json!({ "description": on_phone }));
        world.settle();
        nothing_lost();
        assert_eq!(tables(), (here.to_owned(), LINK.to_owned()), "{typed} {on_phone}");
        assert_eq!(world.event("Call")["description"], shown, "{typed} {on_phone}");
        assert!(waiting(&world).is_empty());
    }
}

#[test]
fn members_of_a_contact_that_no_record_holds_are_told_and_stay_there() {
    let world = World::new();
    world.add_person(&json!({
        "names": [{ "givenName": "Berta" }], "birthdays": [{ "text": "spring" }],
        "organizations": [{ "name": "Mill", "location": "Lyon", "jobDescription": "grinds" }],
    }));
    world.settle();
    let lost = "Berta: local lacks birthdays.text, organizations.jobDescription, organizations.location";
    assert_eq!(world.sync().ends_with(0).summary()["losses"], 1);
    world
        .sql("UPDATE contacts SET birthday = '1990-03-05', job_title = 'Miller' WHERE given_name = 'Berta';");
    world.settle();
    let status = world.run(&["status"]).ends_with(0);
    assert_eq!(told(pair(&status, "contacts")), [lost]);
    let there = &world.people()[0];
    assert_eq!(there["birthdays"][0]["text"], "spring", "{there:#}");
    assert_eq!(there["birthdays"][0]["date"], json!({ "year": 1990, "month": 3, "day": 5 }));
    let mill = &there["organizations"][0];
    let shown = ["name", "title", "location", "jobDescription"].map(|member| mill[member].as_str());
    assert_eq!(shown, [Some("Mill"), Some("Miller"), Some("Lyon"), Some("grinds")]);
}

/// What `status` says waits on this side, of contacts and of appointments: new, changed, deleted.
fn unseen(world: &World) -> [[u64; 3]; 2] {
    let status = world.run(&["status"]);
    ["contacts", "events"].map(|kind| {
        let unseen = &pair(&status, kind)["unseen"];
        ["new", "changed", "deleted"].map(|what| unseen[what].as_u64().unwrap())
    })
}

#[test]
fn in_step_is_not_said_of_what_was_typed_here_since_the_last_run() {
    let world = World::new();
    world.sql(
        "INSERT INTO contacts (id, given_name) VALUES ('c1', 'Anna'), ('c2', 'Berta'), ('c3', 'Carla');
         INSERT INTO appointments (id, owner_id, title, start_local, start_zone, duration_seconds)
             VALUES ('a1', 'alice', 'Round', '2027-02-03 10:00:00', 'Europe/Paris', 3600);",
    );
    world.add_person(&json!({ "names": [{ "givenName": "Dora" }] }));
    world.sync().ends_with(0);
    // What the run itself wrote stands in the change log too, and waits for nothing.
    assert_eq!(unseen(&world), [[0; 3]; 2]);
    world.sql(
        "UPDATE contacts SET given_name = 'Anne' WHERE id = 'c1';
         INSERT INTO contact_emails (contact_id, address) VALUES ('c1', 'anne@x.example');
         DELETE FROM contacts WHERE id = 'c2';
         INSERT INTO contacts (id, given_name) VALUES ('c4', 'Emma'), ('c5', 'Fanny');
         DELETE FROM contacts WHERE id = 'c5';
         DELETE FROM appointments WHERE id = 'a1';",
    );
    for _ in 0..2 {
        assert_eq!(unseen(&world), [[1, 1, 1], [0, 0, 1]], "looking changes nothing");
    }
    for (lang, all, except) in [("en", "in step as of", "except"), ("fr", "à jour au", "sauf")] {
        let shown = world.shown(&["status", "--lang", lang]);
        let lines: Vec<&str> = shown.lines().filter(|line| line.contains(all)).collect();
        assert!(lines.len() == 2 && lines.iter().all(|line| line.contains(except)), "{shown}");
    }
    // Numbers and their words, in French.
    let shown = || world.shown(&["status", "--lang", "fr"]);
    assert!(shown().contains("1 nouveau, 1 modifié, 1 supprimé"), "{}", shown());
    world.sql("INSERT INTO contacts (id, given_name) VALUES ('c6', 'Gina'), ('c7', 'Hanna');");
    assert!(shown().contains("3 nouveaux, 1 modifié, 1 supprimé"), "{}", shown());
    world.sync().ends_with(0);
    assert_eq!(unseen(&world), [[0; 3]; 2]);
    let shown = world.shown(&["status"]);
    assert!(shown.contains("in step as of") && !shown.contains("except"), "{shown}");
}

#[test]
fn in_step_is_not_said_after_a_run_that_failed() {
    let world = World::new();
    world.sql("INSERT INTO contacts (id, given_name) VALUES ('c1', 'Anna');");
    world.sync().ends_with(0);
    let (vault, aside) = (world.path("vault"), world.path("aside"));
    std::fs::rename(&vault, &aside).unwrap();
    world.run(&["sync", "--dry-run"]).ends_with(9);
    world.run(&["status"]).ends_with(0);
    world.sync().ends_with(9);
    let status = world.run(&["status"]).ends_with(9);
    for kind in ["contacts", "events"] {
        let pair = pair(&status, kind);
        assert_eq!(pair["last_problem"]["code"], "VAULT-005", "{pair}");
        assert!(pair["last_run"].as_str() > pair["last_success"].as_str(), "{pair}");
    }
    let cure = status.of("warning");
    assert!(cure.len() == 1 && cure[0].to_string().contains("backup"), "{cure:?}");
    for (lang, all) in [("en", "in step"), ("fr", "à jour")] {
        let shown = world.shown(&["status", "--lang", lang]);
        assert!(!shown.contains(all) && shown.contains("VAULT-005"), "{shown}");
    }
    std::fs::rename(&aside, &vault).unwrap();
    world.sync().ends_with(0);
    let shown = world.shown(&["status"]);
    assert!(shown.contains("in step as of") && !shown.contains("VAULT-005"), "{shown}");
}

#[test]
fn what_a_service_answers_as_it_was_before_is_told_as_not_held() {
    let world = World::new();
    world.sql(
        "INSERT INTO contacts (id, given_name, notes) VALUES ('c1', 'Anna', 'old');
         INSERT INTO appointments (id, owner_id, title, start_local, start_zone, duration_seconds)
             VALUES ('a1', 'alice', 'Old', '2027-02-03 10:00:00', 'Europe/Paris', 3600);",
    );
    world.settle();
    world.sql(
        "UPDATE contacts SET notes = 'new' WHERE id = 'c1'; UPDATE appointments SET title = 'New' WHERE id = 'a1';",
    );
    // As a service answers that takes nothing in.
    world.faults(&json!([
        {"method": "people.*", "replace": ["\"new\"", "\"old\""]},
        {"method": "calendar.events.*", "replace": ["\"New\"", "\"Old\""]},
    ]));
    world.forget_requests();
    for _ in 0..3 {
        let run = world.sync().ends_with(0);
        assert_eq!(run.summary()["losses"].as_u64(), Some(2), "{run:?}");
        let sent =
            ["people.people.updateContact", "calendar.events.patch"].map(|method| world.requests(method));
        assert_eq!(sent, [1, 1], "it is sent once, and once more when it is changed");
        let status = world.run(&["status"]).ends_with(0);
        assert_eq!(told(pair(&status, "contacts")), ["Anna: remote lacks notes"]);
        assert_eq!(told(pair(&status, "events")), ["New: remote lacks title"]);
    }
    assert_eq!(
        world.number("contacts WHERE notes = 'new'") + world.number("appointments WHERE title = 'New'"),
        2
    );
    world.faults(&json!([]));
    world.sql(
        "UPDATE contacts SET notes = 'newer' WHERE id = 'c1'; UPDATE appointments SET title = 'Newer' WHERE id = 'a1';",
    );
    world.settle();
    let status = world.run(&["status"]).ends_with(0);
    assert!(["contacts", "events"].iter().all(|kind| told(pair(&status, kind)).is_empty()));
    assert_eq!(
        (&world.people()[0]["biographies"][0]["value"], &world.event("Newer")["summary"]),
        (&json!("newer"), &json!("Newer"))
    );
}
