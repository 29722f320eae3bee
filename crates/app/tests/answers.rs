//! Every question has an answer that ends it, and nobody is asked what nobody raised.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;

use std::collections::BTreeSet;

use common::{World, waiting};
use passerelle_texts::{codes, exit_code};
use serde_json::{Value, json};

/// Codes that end a command like a question, but never stand in `conflicts` as a refusal; each with the test of its
/// answers, or why there is none.
const NO_REFUSALS: &[(&str, &str)] = &[
    ("SYNC-104", "two_way.rs: the_same_field_changed_on_both_sides_is_asked_and_answered"),
    ("SYNC-105", "answers.rs: two_of_one_name_and_company_with_other_addresses_are_a_question"),
    (
        "SYNC-126",
        "calendars.rs: without_a_default_calendar_appointments_wait_and_are_told_until_there_is_one",
    ),
    ("SYNC-110", "nobody is asked: a later run finds out what became of the write"),
    ("GOOG-315", "unread.rs: what_cannot_be_read_is_left_to_each_side_by_an_answer"),
];

/// Codes that end a command as a fault, and that the refusal of one record may have all the same.
const OF_ONE_RECORD: [&str; 2] = ["GOOG-314", "BUG-101"];

/// Lets a side have refused the first record of a kind, as the ledger remembers it.
fn refuse(world: &World, kind: &str, side: &str, code: &str) {
    let id = if kind == "contacts" { "c1" } else { "e1" };
    let state = json!({ "rejected": { "side": side, "kind": "rejected", "code": code } });
    world.sql(&format!(
        "UPDATE passerelle_links SET state = 'rejected', attention = 1, due = 0,
             body = json_set(body, '$.state', json('{state}'))
             WHERE id IN (SELECT link FROM passerelle_copies WHERE kind = '{kind}' AND item = '{id}');"
    ));
}

#[test]
fn every_code_that_can_wait_has_an_answer_that_ends_it() {
    let world = World::new();
    world.sql(
        "INSERT INTO contacts (id, given_name) VALUES ('c1', 'Anna');
         INSERT INTO appointments (id, owner_id, title, start_local, start_zone, duration_seconds)
         VALUES ('e1', 'alice', 'Meeting', '2027-01-01 10:00', 'Europe/Paris', 3600);",
    );
    world.settle();
    let (mut seen, mut copies, mut followed) = (0, 0, BTreeSet::new());
    let waits = |code: &&str| {
        let may_wait = exit_code(code) == 3 || OF_ONE_RECORD.iter().any(|known| known == code);
        may_wait && NO_REFUSALS.iter().all(|(known, _)| known != code)
    };
    for code in codes().filter(waits) {
        for (kind, side) in
            [("contacts", "local"), ("contacts", "remote"), ("events", "local"), ("events", "remote")]
        {
            refuse(&world, kind, side, code);
            let asked = waiting(&world);
            assert_eq!(asked.len(), 1, "{code} {kind} {side}: {asked:?}");
            assert_eq!(asked[0]["problem"]["code"], code, "{asked:?}");
            let answers: Vec<&str> =
                asked[0]["answers"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
            let number = asked[0]["number"].to_string();
            let resolve = |answer: &str| {
                let mut args = vec!["conflicts", "resolve", &number];
                args.extend(answer.split(' '));
                world.run(&args)
            };
            assert!(answers.iter().any(|answer| *answer != "--retry"), "{code} {kind} {side}: {answers:?}");
            // Exactly those that are offered are accepted, and each of them ends it.
            for answer in ["--keep local", "--keep remote", "--keep both", "--retry"] {
                refuse(&world, kind, side, code);
                let done = resolve(answer);
                if !answers.contains(&answer) {
                    assert_eq!(done.errors(), ["USE-112"], "{code} {kind} {side}: {answer}");
                    continue;
                }
                done.ends_with(0);
                copies += u64::from(kind == "events" && answer == "--keep both");
                let left = usize::from(answer == "--retry");
                assert_eq!(waiting(&world).len(), left, "{code} {kind} {side}: {answer} does not end it");
                // What is offered says what an answer does: a run after each of these is enough.
                if followed.insert(format!("{kind} {side} {answers:?} {answer}")) {
                    world.sync().ends_with(0);
                    assert!(
                        waiting(&world).is_empty(),
                        "{code} {kind} {side}: {answer} ends it for a run only"
                    );
                }
                seen += 1;
            }
            world.sql("UPDATE passerelle_links SET state = 'active', attention = 0, due = 0, body = json_set(body, '$.state', 'active');");
        }
    }
    assert!(seen >= 100, "{seen}");
    assert_eq!(world.number("appointments"), 1 + copies, "each copy is an appointment of one's own");
    world.settle();
    let events = world.events().len() as u64;
    assert_eq!((world.people().len(), world.number("contacts"), events), (1, 1, 1 + copies));
}

/// Anna here and at Google, each with something of her own.
fn meeting(here: &str, there: &Value) -> World {
    let world = World::new();
    world.sql(&format!(
        "INSERT INTO contacts (id, given_name, surname, organization) VALUES ('c1', 'Anna', 'Marin', 'Acme'); {here}"
    ));
    let mut person = json!({
        "names": [{ "givenName": "Anna", "familyName": "Marin" }], "organizations": [{ "name": "Acme" }],
    });
    person.as_object_mut().unwrap().extend(there.as_object().unwrap().clone());
    world.add_person(&person);
    world
}

#[test]
fn a_first_meeting_asks_nothing_that_nobody_raised() {
    let email = "INSERT INTO contact_emails (contact_id, address, label) VALUES ('c1', 'anna@acme.example', ";
    let mail = |more: Value| {
        let mut one = json!({ "value": "anna@acme.example" });
        one.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        one
    };
    let phones = "INSERT INTO contact_phones (contact_id, number, label) VALUES ('c1', '01 23 45 67 89', 'work'), ('c1', '+33 6 11 22 33 44', 'mobile');";
    for (what, here, there) in [
        (
            "a label that Google lacks",
            format!("{email}'work');"),
            json!({ "emailAddresses": [mail(json!({}))] }),
        ),
        (
            "a label that is missing here",
            format!("{email}'');"),
            json!({ "emailAddresses": [mail(json!({ "type": "work" }))] }),
        ),
        (
            "another spelling of an address",
            format!("{email}'work');"),
            json!({ "emailAddresses": [{ "value": "Anna@ACME.example", "type": "work" }] }),
        ),
        (
            "another spelling of a number",
            format!("{email}'work'); {phones}"),
            json!({ "emailAddresses": [mail(json!({ "type": "work" }))], "phoneNumbers": [
                { "value": "+33123456789", "type": "work" }, { "value": "06 11 22 33 44", "type": "mobile" }] }),
        ),
        (
            "another order",
            format!("{email}'work'); {phones}"),
            json!({ "emailAddresses": [mail(json!({ "type": "work" }))], "phoneNumbers": [
                { "value": "+33611223344", "type": "mobile" }, { "value": "+33123456789", "type": "work" }] }),
        ),
        (
            "something that the other side lacks",
            format!("{email}'work'); UPDATE contacts SET birthday = '--03-31' WHERE id = 'c1';"),
            json!({ "emailAddresses": [mail(json!({ "type": "work" }))], "nicknames": [{ "value": "Nan" }] }),
        ),
        (
            "capitals",
            format!(
                "{email}'work'); UPDATE contacts SET surname = 'MARIN', organization = 'ACME' WHERE id = 'c1';
                 INSERT INTO contact_relations (contact_id, relation, name) VALUES ('c1', 'child', 'luc');"
            ),
            json!({ "emailAddresses": [mail(json!({ "type": "WORK" }))],
                "relations": [{ "person": "Luc", "type": "child" }] }),
        ),
    ] {
        let world = meeting(&here, &there);
        world.settle();
        assert!(waiting(&world).is_empty(), "{what}: {:?}", waiting(&world));
        assert_eq!((world.people().len(), world.number("contacts")), (1, 1), "{what}");
    }
}

#[test]
fn one_person_meets_whatever_the_label_of_the_number() {
    let contact = |id: &str, name: &str, label: &str| {
        format!(
            "INSERT INTO contacts (id, {name});
             INSERT INTO contact_phones (contact_id, number, label) VALUES ('{id}', '01 23 45 67 02', '{label}');"
        )
    };
    let person = |name: &Value, label: &str| {
        let mut all = json!({ "phoneNumbers": [{ "value": "+33 1 23 45 67 02", "type": label }] });
        all.as_object_mut().unwrap().extend(name.as_object().unwrap().clone());
        all
    };
    let eva = "given_name, surname) VALUES ('c1', 'Eva', 'Broux'";
    let names = json!({ "names": [{ "givenName": "Eva", "familyName": "Broux" }] });
    let acme = "organization) VALUES ('c1', 'Acme'";
    let company = json!({ "organizations": [{ "name": "Acme" }] });
    for (row, there, here, label) in [
        (eva, &names, "work", "main"),
        (eva, &names, "main", "mobile"),
        (eva, &names, "main", "main"),
        (eva, &names, "work_fax", "homeFax"),
        (acme, &company, "main", "main"),
    ] {
        let world = World::new();
        world.sql(&contact("c1", row, here));
        world.add_person(&person(there, label));
        let count = |world: &World| (world.people().len(), world.number("contacts"));
        for _ in 0..2 {
            world.sync();
        }
        // Of two labels one is asked about, never of two people.
        let waits = waiting(&world);
        assert_eq!((count(&world), waits.len()), ((1, 1), usize::from(here != label)), "{label}: {waits:#?}");
        if let Some(waits) = waits.first() {
            let number = waits["number"].to_string();
            world.run(&["conflicts", "resolve", &number, "--keep", "local"]).ends_with(0);
        }
        world.settle();
        // Typed once more, it is asked about. A colleague with that number is somebody else.
        world.sql(&contact("c2", &row.replace("c1", "c2"), "main"));
        world.sql(&contact("c3", "given_name, surname) VALUES ('c3', 'Paul', 'Marin'", "main"));
        for _ in 0..2 {
            world.sync();
        }
        let waits = waiting(&world);
        assert_eq!((count(&world), waits.len()), ((2, 3), 1), "{here} and {label}: {waits:#?}");
    }
}

#[test]
fn a_first_meeting_knows_one_instant_and_one_address_however_they_are_told() {
    let address =
        "INSERT INTO contact_addresses (contact_id, street, city, postcode, country) VALUES ('c1', ";
    for (here, there) in [
        (
            "'1 rue A', 'Lyon', '69001', 'France'",
            json!({ "streetAddress": "1 rue A", "city": "Lyon", "postalCode": "69001", "type": "home" }),
        ),
        (
            "'1 rue A', 'Lyon', '69001', ''",
            json!({ "streetAddress": "1 RUE  A", "city": "LYON", "postalCode": "69001", "country": "France" }),
        ),
        (
            "'1 rue A', 'Lyon', '', 'France'",
            json!({ "streetAddress": "1 rue A", "city": "Lyon", "formattedValue": "1 rue A, Lyon" }),
        ),
    ] {
        let world = meeting(
            &format!(
                "INSERT INTO contact_emails (contact_id, address) VALUES ('c1', 'anna@acme.example'); {address}{here});"
            ),
            &json!({ "emailAddresses": [{ "value": "anna@acme.example" }], "addresses": [there.clone()] }),
        );
        let at = |hour: &str| json!({ "dateTime": format!("2026-12-10T{hour}:00:00Z"), "timeZone": "UTC" });
        world.add_event(&json!({ "summary": "Call", "start": at("08"), "end": at("09") }));
        world.sql(
            "INSERT INTO appointments (id, owner_id, title, start_local, start_zone, duration_seconds)
             VALUES ('u', 'alice', 'Call', '2026-12-10 09:00', 'Europe/Paris', 3600);",
        );
        world.settle();
        assert!(waiting(&world).is_empty(), "{there}: {:?}", waiting(&world));
        let person = world.person("anna@acme.example");
        let addresses = person["addresses"].as_array().unwrap();
        assert_eq!((addresses.len(), world.number("contact_addresses")), (1, 1), "{there}: {addresses:?}");
        // The richer one stands on both sides.
        if there.get("country").is_some() || here.contains("France") {
            assert_eq!(addresses[0]["country"], "France", "{there}");
            assert_eq!(world.number("contact_addresses WHERE country = 'France'"), 1, "{there}");
        }
        assert_eq!((world.events().len(), world.number("appointments")), (1, 1));
        assert_eq!(world.event("Call")["start"]["timeZone"], "Europe/Paris");
    }
}

#[test]
fn two_series_that_take_place_at_the_same_times_are_one_however_they_are_told() {
    for (here, there, zone, hour, is_one) in [
        ("FREQ=WEEKLY;COUNT=4", "FREQ=WEEKLY;COUNT=4", "Europe/Berlin", "10", true),
        ("FREQ=WEEKLY", "FREQ=WEEKLY", "Europe/London", "09", true),
        ("FREQ=WEEKLY;COUNT=4", "FREQ=WEEKLY;COUNT=4", "UTC", "09", true),
        // With the summer they part.
        ("FREQ=WEEKLY", "FREQ=WEEKLY", "UTC", "09", false),
        ("FREQ=WEEKLY;BYDAY=MO", "FREQ=WEEKLY", "Europe/Paris", "10", true),
        ("FREQ=WEEKLY;UNTIL=20261228", "FREQ=WEEKLY;UNTIL=20261228T090000Z", "Europe/Paris", "10", true),
        ("FREQ=MONTHLY;BYMONTHDAY=7;COUNT=3", "FREQ=MONTHLY;COUNT=3", "Europe/Paris", "10", true),
        ("FREQ=WEEKLY;BYDAY=MO", "FREQ=WEEKLY;INTERVAL=2", "Europe/Paris", "10", false),
    ] {
        let world = World::unconnected();
        let at =
            |minute: &str| json!({ "dateTime": format!("2026-12-07T{hour}:{minute}:00"), "timeZone": zone });
        world.add_event(&json!({ "summary": "Weekly", "start": at("00"), "end": at("30"),
            "recurrence": [format!("RRULE:{there}")] }));
        world.sql(&format!(
            "INSERT INTO appointments (id, owner_id, title, start_local, start_zone, duration_seconds)
                 VALUES ('a', 'alice', 'Weekly', '2026-12-07 10:00', 'Europe/Paris', 1800);
             INSERT INTO appointment_rules (appointment_id, rule) VALUES ('a', '{here}');"
        ));
        world.connect().ends_with(0);
        world.sync();
        let asked = waiting(&world).len();
        assert_eq!(asked, usize::from(!is_one), "{here} {there} {zone}: {:?}", waiting(&world));
        assert_eq!((world.number("appointments"), world.events().len()), (1, 1), "{here} {there} {zone}");
        if is_one {
            assert_eq!(world.settle().deletes(), 0);
            assert_eq!(world.sync().ends_with(0).writes(), 0, "{here} {there} {zone}");
            // It is kept in step from now on.
            world.sql("UPDATE appointments SET location = 'Lyon' WHERE id = 'a';");
            world.settle();
            assert_eq!(world.event("Weekly")["location"], "Lyon", "{here} {there} {zone}");
        }
    }
}

#[test]
fn two_of_one_name_and_company_with_other_addresses_are_a_question() {
    for (answer, left) in [("same", 1), ("different", 2)] {
        let world = meeting(
            "INSERT INTO contact_emails (contact_id, address) VALUES ('c1', 'anna@acme.example');",
            &json!({ "emailAddresses": [{ "value": "marin@home.example" }] }),
        );
        world.sync().ends_with(3);
        let asked = waiting(&world);
        assert_eq!((world.people().len(), world.number("contacts")), (1, 1), "no silent double: {asked:?}");
        assert!(asked.iter().all(|one| one["why"] == "look_alike"), "{asked:?}");
        let numbers: Vec<String> = asked.iter().map(|one| one["number"].to_string()).collect();
        if answer == "same" {
            world.run(&["conflicts", "resolve", &numbers[0], "--link", &numbers[1]]).ends_with(0);
        } else {
            world.run(&["conflicts", "resolve", &numbers[0], "--different"]).ends_with(0);
        }
        world.settle();
        assert!(waiting(&world).is_empty(), "{answer}");
        assert_eq!((world.people().len(), world.number("contacts")), (left, left as u64), "{answer}");
        if left == 1 {
            assert_eq!(world.number("contact_emails"), 2, "both addresses are kept");
            world.person("anna@acme.example");
            world.person("marin@home.example");
        }
    }
}

#[test]
fn two_people_who_share_an_address_are_told_apart_by_their_names() {
    let shared = "INSERT INTO contact_emails (contact_id, address) VALUES ('c1', 'info@acme.example');
        INSERT INTO contact_emails (contact_id, address) VALUES ('c1', 'anna@home.example');
        UPDATE contacts SET birthday = '1980-05-02', notes = 'Prefers mornings' WHERE id = 'c1';";
    let bob = json!({ "names": [{ "givenName": "Bob", "familyName": "Martin" }],
        "emailAddresses": [{ "value": "info@acme.example" }], "phoneNumbers": [{ "value": "+33611223344" }] });
    for (answer, left) in [("--link", 1), ("--different", 2)] {
        let world = meeting(shared, &bob);
        world.sync().ends_with(3);
        assert_eq!(
            world.person("info@acme.example").get("birthdays"),
            None,
            "nothing went into another's card"
        );
        assert_eq!(world.number("contact_phones"), 0, "nor came out of it");
        let numbers: Vec<String> = waiting(&world).iter().map(|one| one["number"].to_string()).collect();
        let [one, other] = numbers.as_slice() else { panic!("{numbers:?}") };
        let mut answered = vec!["conflicts", "resolve", one, answer];
        if answer == "--link" {
            answered.extend([other.as_str(), "--keep", "local"]);
        }
        world.run(&answered).ends_with(0);
        world.settle();
        assert!(waiting(&world).is_empty(), "{answer}");
        assert_eq!((world.people().len(), world.number("contacts")), (left, left as u64), "{answer}");
    }
    // Where each is on both sides, they meet by their names, and nobody is asked.
    let world = meeting(shared, &json!({ "emailAddresses": [{ "value": "info@acme.example" }] }));
    world.add_person(&bob);
    world.sql(
        "INSERT INTO contacts (id, given_name, surname) VALUES ('b', 'BOB', 'Martin'), ('p', 'Paul', 'Petit');
         INSERT INTO contact_emails (contact_id, address)
             VALUES ('b', 'info@acme.example'), ('p', 'info@acme.example');",
    );
    world.settle();
    assert!(waiting(&world).is_empty());
    assert_eq!((world.people().len(), world.number("contacts")), (3, 3));
}

#[test]
fn two_of_one_family_who_share_a_number_are_asked_about_where_only_whole_names_are_known() {
    for (whole, asked) in [("Bob Dupont", true), ("DUPONT Anne", false), ("A. Dupont", false)] {
        let world = World::unconnected();
        world.sql(&format!(
            "INSERT INTO contacts (id, full_name, notes) VALUES ('c1', '{whole}', 'Prefers mornings');
             INSERT INTO contact_phones (contact_id, number) VALUES ('c1', '+33145678900');"
        ));
        world.add_person(&json!({ "names": [{ "givenName": "Anne", "familyName": "Dupont" }],
            "phoneNumbers": [{ "value": "+33145678900" }] }));
        world.connect().ends_with(0);
        world.sync().ends_with(if asked { 3 } else { 0 });
        assert_eq!(waiting(&world).len(), if asked { 2 } else { 0 }, "{whole}");
        assert_eq!((world.people().len(), world.number("contacts")), (1, 1), "{whole}");
        let there = world.people()[0]["biographies"].to_string();
        assert_eq!(there.contains("mornings"), !asked, "{whole}: {there}");
    }
}

#[test]
fn what_looks_like_somebody_whose_address_has_just_come_is_no_second_one() {
    let world = World::new();
    world.add_person(&json!({ "names": [{ "givenName": "Zoe", "familyName": "Martin" }],
        "emailAddresses": [{ "value": "zoe@old.example" }] }));
    world.settle();
    // The phone learns an address, and somebody types her here with it, before the next run.
    let person = world.people().remove(0);
    let edit = json!({ "resourceName": person["resourceName"],
        "person": { "emailAddresses": [{ "value": "zoe@new.example" }] } });
    world.gesture("people/edit", edit);
    world.sql(
        "INSERT INTO contacts (id, given_name, surname) VALUES ('z2', 'Zoe', 'Martin');
         INSERT INTO contact_emails (contact_id, address) VALUES ('z2', 'zoe@new.example');",
    );
    // The row that everybody sees takes her place.
    world.settle();
    assert_eq!(world.people().len(), 1, "no silent double");
    assert!(waiting(&world).is_empty());
    assert!(world.person("zoe@new.example")["names"][0]["givenName"] == "Zoe");
}
