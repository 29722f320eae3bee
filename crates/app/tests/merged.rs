//! Contacts that a person merges in Google's web page, or that get another name there.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;

use common::{World, waiting};
use serde_json::{Value, json};

/// Two contacts that both sides have, and some more, so that one deletion is nothing unusual.
fn company() -> World {
    let world = World::new();
    world.sql(
        "INSERT INTO contacts (id, given_name, surname) VALUES ('one', 'Carla', 'Rossi'), ('two', 'C.', 'Rossi');
         INSERT INTO contact_emails (contact_id, address) VALUES ('one', 'carla@rossi.example'), ('two', 'c@rossi.example');
         INSERT INTO contact_phones (contact_id, number) VALUES ('one', '+33100000001'), ('two', '+33100000002');",
    );
    for n in 0..8 {
        world.sql(&format!("INSERT INTO contacts (id, given_name) VALUES ('other-{n}', 'Other {n}');"));
    }
    world.settle();
    world
}

fn name_of(world: &World, email: &str) -> Value {
    world.person(email)["resourceName"].clone()
}

/// Merges the second contact into the first one.
fn merge(world: &World, tombstone: bool) {
    let (into, from) = (name_of(world, "carla@rossi.example"), name_of(world, "c@rossi.example"));
    world.gesture("people/merge", json!({ "into": into, "from": from, "tombstone": tombstone }));
}

fn addresses(world: &World, contact: &str) -> u64 {
    world.number(&format!("contact_emails WHERE contact_id = '{contact}'"))
        + world.number(&format!("contact_phones WHERE contact_id = '{contact}'"))
}

#[test]
fn contacts_merged_at_google_are_one_here() {
    for tombstone in [false, true] {
        let world = company();
        merge(&world, tombstone);
        world.settle();
        assert_eq!(world.people().len(), 9, "no double is made at Google");
        assert_eq!(world.number("contacts"), 9);
        assert_eq!(addresses(&world, "one"), 4, "the values of both are in one");
        assert!(waiting(&world).is_empty());
    }
}

#[test]
fn an_edit_that_waits_here_goes_into_the_merged_contact() {
    for edited in ["one", "two"] {
        let world = company();
        merge(&world, false);
        world.sql(&format!("UPDATE contacts SET job_title = 'Buyer' WHERE id = '{edited}';"));
        world.settle();
        assert_eq!(world.people().len(), 9, "no double is made at Google");
        assert_eq!(world.number("contacts"), 9);
        assert_eq!(addresses(&world, edited), 4, "the record that somebody works on has the values of both");
        let person = world.person("c@rossi.example");
        assert_eq!(person["organizations"][0]["title"], "Buyer", "{person}");
        assert_eq!(person["emailAddresses"].as_array().unwrap().len(), 2, "{person}");
        assert!(waiting(&world).is_empty());
    }
}

#[test]
fn edits_of_two_contacts_that_were_merged_are_a_question() {
    for (keep, left) in [("local", 10), ("remote", 9)] {
        let world = company();
        merge(&world, false);
        world.sql(
            "UPDATE contacts SET job_title = 'Buyer' WHERE id = 'one';
             UPDATE contacts SET notes = 'Speaks Italian' WHERE id = 'two';",
        );
        assert_eq!(world.sync().code, Some(3));
        assert_eq!(
            (world.people().len(), world.number("contacts")),
            (9, 10),
            "nothing is lost, nothing doubled"
        );
        let asked = waiting(&world);
        assert_eq!(asked.len(), 1, "{asked:?}");
        let number = asked[0]["number"].to_string();
        world.run(&["conflicts", "resolve", &number, "--keep", keep]).ends_with(0);
        world.settle();
        assert!(waiting(&world).is_empty());
        assert_eq!((world.people().len(), world.number("contacts")), (left, left as u64));
    }
}

#[test]
fn a_contact_that_gets_another_name_at_google_is_the_same_one() {
    let world = company();
    let profile = json!({ "resourceName": name_of(&world, "c@rossi.example"), "profile": { "id": "7" } });
    world.gesture("people/link_profile", profile);
    world.sql("UPDATE contacts SET job_title = 'Buyer' WHERE id = 'two';");
    let run = world.settle();
    assert_eq!((run.count("to_local", "create"), run.deletes()), (0, 0), "{run:?}");
    assert_eq!((world.people().len(), world.number("contacts WHERE id = 'two'")), (10, 1));
    assert_eq!(world.person("c@rossi.example")["organizations"][0]["title"], "Buyer");
}
