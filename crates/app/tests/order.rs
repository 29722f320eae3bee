//! The order of a contact's entries travels both ways, and is never a question.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;

use common::{EVENTS, World};
use serde_json::{Value, json};

fn with(addresses: &[&str]) -> World {
    let world = World::new();
    let emails: Vec<Value> = addresses.iter().map(|address| json!({ "value": address })).collect();
    world.add_person(&json!({ "names": [{ "givenName": "Zoe" }], "emailAddresses": emails }));
    world.settle();
    assert_eq!(here(&world), addresses);
    world
}

fn here(world: &World) -> Vec<String> {
    let rows = world.rows("'a', address", "contact_emails ORDER BY ordinal, id");
    rows.iter().map(|row| row["a"].as_str().unwrap().to_owned()).collect()
}

fn there(world: &World) -> Vec<String> {
    let person = world.people().remove(0);
    let items = person["emailAddresses"].as_array().cloned().unwrap_or_default();
    items.iter().map(|item| item["value"].as_str().unwrap().to_owned()).collect()
}

/// Puts the addresses in another order in Google's own page.
fn put(world: &World, addresses: &[&str]) {
    let person = world.people().remove(0);
    let items: Vec<Value> = addresses.iter().map(|address| json!({ "value": address })).collect();
    let edit = json!({ "resourceName": person["resourceName"], "person": { "emailAddresses": items } });
    world.gesture("people/edit", edit);
}

#[test]
fn an_order_changed_there_is_taken() {
    let world = with(&["a@x.example", "b@x.example", "c@x.example"]);
    put(&world, &["c@x.example", "b@x.example", "a@x.example"]);
    world.settle();
    assert_eq!(here(&world), there(&world));
    assert_eq!(here(&world), ["c@x.example", "b@x.example", "a@x.example"]);
    // A new one in the middle.
    put(&world, &["c@x.example", "n@x.example", "b@x.example", "a@x.example"]);
    world.settle();
    assert_eq!(here(&world), ["c@x.example", "n@x.example", "b@x.example", "a@x.example"]);
    // Back again, and one goes.
    put(&world, &["a@x.example", "b@x.example", "c@x.example"]);
    world.settle();
    assert_eq!(here(&world), ["a@x.example", "b@x.example", "c@x.example"]);
}

#[test]
fn an_order_changed_here_is_sent_and_the_first_is_the_first_there() {
    let world = with(&["b@x.example", "a@x.example", "c@x.example"]);
    world.sql(
        "UPDATE contact_emails SET ordinal = CASE address WHEN 'c@x.example' THEN 1 WHEN 'a@x.example' THEN 2 ELSE 3 END;",
    );
    world.settle();
    assert_eq!(there(&world), ["c@x.example", "a@x.example", "b@x.example"]);
    let name = world.people()[0]["resourceName"].as_str().unwrap().to_owned();
    let person = world.google("GET", &format!("/v1/{name}?personFields=emailAddresses"), &Value::Null);
    assert_eq!(person["emailAddresses"][0]["metadata"]["primary"], true, "{person}");
    world.sql("INSERT INTO contact_emails (contact_id, address) SELECT id, 'n@x.example' FROM contacts;");
    world.settle();
    assert_eq!(there(&world), ["c@x.example", "a@x.example", "b@x.example", "n@x.example"]);
}

#[test]
fn orders_changed_on_both_sides_ask_nothing_and_end_as_one() {
    let world = with(&["a@x.example", "b@x.example", "c@x.example"]);
    put(&world, &["c@x.example", "b@x.example", "a@x.example"]);
    world.sql("UPDATE contact_emails SET ordinal = 1 WHERE address = 'b@x.example';");
    world.settle();
    assert!(common::waiting(&world).is_empty());
    assert_eq!(there(&world), ["b@x.example", "a@x.example", "c@x.example"]);
    let shown = world.shown(&["status", "--lang", "en"]);
    assert!(
        shown.lines().filter(|line| line.contains("in step as of")).all(|line| !line.contains("except")),
        "{shown}"
    );
    // Each side adds one and nothing is lost.
    put(&world, &["n@x.example", "b@x.example", "a@x.example", "c@x.example"]);
    world.sql("INSERT INTO contact_emails (contact_id, address, ordinal) SELECT id, 'o@x.example', 1 FROM contacts;");
    world.settle();
    assert_eq!((here(&world).len(), there(&world).len()), (5, 5));
    assert!(common::waiting(&world).is_empty());
}

#[test]
fn a_first_meeting_leaves_each_order_as_it_is() {
    let world = World::unconnected();
    world.sql(
        "INSERT INTO contacts (id, given_name) VALUES ('c1', 'Zoe');
         INSERT INTO contact_emails (contact_id, address, ordinal) VALUES ('c1', 'a@x.example', 2), ('c1', 'b@x.example', 1);",
    );
    world.add_person(&json!({ "names": [{ "givenName": "Zoe" }],
        "emailAddresses": [{ "value": "a@x.example" }, { "value": "b@x.example" }] }));
    world.connect().ends_with(0);
    world.settle();
    assert_eq!(there(&world), ["a@x.example", "b@x.example"]);
    assert_eq!(here(&world), ["b@x.example", "a@x.example"]);
    assert_eq!(world.requests("people.people.updateContact"), 0);
    // Other lists too.
    world.sql(
        "INSERT INTO contact_phones (contact_id, number) VALUES ('c1', '+33100000001'), ('c1', '+33100000002');",
    );
    world.settle();
    world.sql("UPDATE contact_phones SET ordinal = 1 WHERE number = '+33100000002';");
    world.settle();
    let phones = world.people()[0]["phoneNumbers"].as_array().unwrap().clone();
    assert_eq!(phones[0]["value"], "+33100000002", "{phones:?}");
}

#[test]
fn an_order_changed_there_while_an_entry_is_edited_here_ends_as_one() {
    let edits: [(&str, &[&str], &[&str]); 2] = [
        (
            "UPDATE contact_emails SET address = 'n@x.example' WHERE address = 'c@x.example';",
            &["c@x.example", "a@x.example", "b@x.example"],
            &["n@x.example", "a@x.example", "b@x.example"],
        ),
        (
            "DELETE FROM contact_emails WHERE address = 'b@x.example';",
            &["c@x.example", "b@x.example", "a@x.example"],
            &["c@x.example", "a@x.example"],
        ),
    ];
    for (edit, order, expected) in edits {
        let world = with(&["a@x.example", "b@x.example", "c@x.example"]);
        put(&world, order);
        world.sql(edit);
        world.settle();
        assert_eq!((here(&world), there(&world)), (strings(expected), strings(expected)), "{edit}");
    }
    // The first one is another one here, and the second one the first there: nobody can say, but it is one order.
    let world = with(&["a@x.example", "b@x.example", "c@x.example"]);
    put(&world, &["b@x.example", "a@x.example", "c@x.example"]);
    world.sql("UPDATE contact_emails SET address = 'n@x.example' WHERE address = 'a@x.example';");
    world.settle();
    assert_eq!(here(&world), there(&world));
}

#[test]
fn the_first_entries_that_both_sides_add_at_once_end_in_one_order() {
    for (ours, theirs) in [("a@x.example", "b@x.example"), ("b@x.example", "a@x.example")] {
        let world = with(&[]);
        put(&world, &[theirs]);
        world.sql(&format!(
            "INSERT INTO contact_emails (contact_id, address) SELECT id, '{ours}' FROM contacts;"
        ));
        world.settle();
        assert_eq!((here(&world), there(&world)), (strings(&[ours, theirs]), strings(&[ours, theirs])));
        assert_eq!(world.sync().ends_with(0).writes(), 0);
    }
    // What somebody puts first there is the first one here.
    let world = with(&["b@x.example"]);
    put(&world, &["a@x.example", "b@x.example"]);
    world.settle();
    assert_eq!((here(&world), there(&world)), (strings(&["a@x.example", "b@x.example"]), here(&world)));
}

fn strings(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

#[test]
fn attachments_in_another_order_are_no_edit_and_stay_as_somebody_put_them() {
    let world = World::new();
    let files = |names: &[&str]| -> Value {
        let file = |name: &&str| json!({ "fileUrl": format!("https://drive.example/{name}"), "title": name });
        names.iter().map(file).collect()
    };
    let event = json!({ "summary": "Flight", "attachments": files(&["one", "two", "three"]),
        "start": { "dateTime": "2027-02-03T09:00:00", "timeZone": "Europe/Paris" },
        "end": { "dateTime": "2027-02-03T10:00:00", "timeZone": "Europe/Paris" } });
    let made = world.google("POST", &format!("{EVENTS}?supportsAttachments=true"), &event);
    let path = format!("{EVENTS}/{}?supportsAttachments=true", made["id"].as_str().unwrap());
    world.settle();
    let shown = |world: &World| -> Vec<String> {
        let all = world.google("GET", path.split('?').next().unwrap(), &Value::Null)["attachments"]
            .as_array()
            .cloned()
            .unwrap();
        all.iter().map(|file| file["title"].as_str().unwrap().to_owned()).collect()
    };
    world.google("PATCH", &path, &json!({ "attachments": files(&["three", "one", "two"]) }));
    let run = world.sync().ends_with(0);
    assert_eq!((run.writes(), shown(&world)), (0, vec!["three".into(), "one".into(), "two".into()]));
    assert!(common::waiting(&world).is_empty());
    // An edit here, and one of the list there, leave the order to whoever made it.
    world.sql("UPDATE appointments SET title = 'Flight to Lyon';");
    world.google("PATCH", &path, &json!({ "attachments": files(&["two", "three", "one"]) }));
    world.settle();
    assert_eq!(shown(&world), ["two", "three", "one"]);
    assert_eq!((world.number("appointments WHERE title = 'Flight to Lyon'"), world.events().len()), (1, 1));
    assert_eq!(world.event("Flight to Lyon")["summary"], "Flight to Lyon");
}

#[test]
fn of_two_entries_under_one_label_one_goes_there_while_the_other_changes_here() {
    type Case = (&'static str, [Value; 2], &'static str, &'static str);
    let cases: [Case; 3] = [
        (
            "addresses",
            [
                json!({ "type": "work", "streetAddress": "1 rue Haute", "city": "Lyon" }),
                json!({ "type": "work", "streetAddress": "2 rue Basse", "city": "Nice" }),
            ],
            "UPDATE contact_addresses SET street = '22 rue Basse' WHERE city = 'Nice';",
            "22 rue Basse",
        ),
        (
            "userDefined",
            [json!({ "key": "Number", "value": "4711" }), json!({ "key": "Number", "value": "4712" })],
            "UPDATE contact_custom_fields SET value = '99' WHERE value = '4712';",
            "99",
        ),
        (
            "events",
            [
                json!({ "type": "party", "date": { "year": 2020, "month": 5, "day": 1 } }),
                json!({ "type": "party", "date": { "year": 2021, "month": 6, "day": 2 } }),
            ],
            "UPDATE contact_dates SET date = '2022-06-02' WHERE date = '2021-06-02';",
            "2022",
        ),
    ];
    for (member, entries, edit, now) in cases {
        let world = World::new();
        world.add_person(&json!({ "names": [{ "givenName": "Zoe" }], member: entries }));
        world.settle();
        let person = world.people().remove(0);
        let left = json!({ "resourceName": person["resourceName"], "person": { member: [entries[1]] } });
        world.gesture("people/edit", left);
        world.sql(edit);
        world.settle();
        assert!(common::waiting(&world).is_empty(), "{member}: nobody touched the same entry");
        let there = world.people().remove(0)[member].clone();
        assert_eq!(there.as_array().map(Vec::len), Some(1), "{there}");
        assert!(there.to_string().contains(now), "{there}");
        let tables = ["contact_addresses", "contact_custom_fields", "contact_dates"];
        let rows: u64 = tables.iter().map(|table| world.number(table)).sum();
        assert_eq!(rows, 1, "{member}");
        assert_eq!(world.sync().ends_with(0).writes(), 0, "{member}: both sides say the same");
    }
}
