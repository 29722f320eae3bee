//! Labels, each step in a process of its own: taken away, renamed on either side, and names that Google keeps for itself.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;

use std::collections::{BTreeMap, BTreeSet};

use common::{Ran, World};
use serde_json::{Value, json};

/// Two clients in one label, on both sides.
fn labelled() -> World {
    let world = World::new();
    world.sql(
        "INSERT INTO contact_groups (id, name) VALUES (1, 'Clients');
         INSERT INTO contacts (id, given_name) VALUES ('c1', 'Anna'), ('c2', 'Berta');
         INSERT INTO contact_emails (contact_id, address) VALUES ('c1', 'a@x.example'), ('c2', 'b@x.example');
         INSERT INTO contact_group_members (contact_id, group_id) VALUES ('c1', 1), ('c2', 1);",
    );
    world.settle();
    assert_eq!(names(&world), ["Clients"]);
    world
}

/// The names of the labels at Google, without those of the system.
fn names(world: &World) -> Vec<String> {
    own(world).into_values().collect()
}

fn own(world: &World) -> BTreeMap<String, String> {
    const SYSTEM: [&str; 8] =
        ["myContacts", "starred", "all", "friends", "family", "coworkers", "chatBuddies", "blocked"];
    let mut groups = world.groups();
    groups.retain(|resource, _| !SYSTEM.contains(&resource.trim_start_matches("contactGroups/")));
    groups
}

/// The labels of a contact at Google, by name.
fn labels_of(world: &World, email: &str) -> Vec<String> {
    let groups = own(world);
    let person = world.person(email);
    let all = person["memberships"].as_array().unwrap().iter().filter_map(Value::as_str);
    let mut labels: Vec<String> = all.filter_map(|resource| groups.get(resource).cloned()).collect();
    labels.sort();
    labels
}

#[test]
fn a_label_taken_away_here_is_taken_away_there() {
    let world = labelled();
    world.sql("DELETE FROM contact_group_members WHERE contact_id = 'c1';");
    world.settle();
    assert!(labels_of(&world, "a@x.example").is_empty());
    assert_eq!(labels_of(&world, "b@x.example"), ["Clients"]);
    world.sql("DELETE FROM contact_groups WHERE id = 1;");
    world.settle();
    assert!(labels_of(&world, "b@x.example").is_empty());
    assert_eq!(world.number("contacts"), 2);
}

#[test]
fn a_label_renamed_here_is_renamed_in_place_there() {
    let world = labelled();
    let before: Vec<String> = own(&world).into_keys().collect();
    world.sql("UPDATE contact_groups SET name = 'Customers' WHERE id = 1;");
    world.settle();
    let after: Vec<String> = own(&world).into_keys().collect();
    assert_eq!((names(&world), after), (vec!["Customers".to_owned()], before));
    assert_eq!(labels_of(&world, "a@x.example"), ["Customers"]);
}

#[test]
fn a_label_renamed_there_is_renamed_in_place_here() {
    let world = labelled();
    let resource = own(&world).into_keys().next().unwrap();
    let group = world.google("GET", &format!("/v1/{resource}"), &Value::Null);
    let body = json!({ "contactGroup": { "name": "Kunden", "etag": group["etag"] } });
    world.google("PUT", &format!("/v1/{resource}"), &body);
    world.settle();
    let rows = world.rows("'id', id, 'name', name", "contact_groups");
    assert_eq!(rows, [json!({ "id": 1, "name": "Kunden" })], "the same row");
    assert_eq!(world.number("contact_group_members WHERE group_id = 1"), 2);
    assert_eq!(names(&world), ["Kunden"]);
}

#[test]
fn a_label_with_a_name_that_google_keeps_for_itself_stays_here_and_is_told() {
    // Google compares with the names that its labels have in its interface, whatever the case, and not with those it shows.
    for (name, is_there) in
        [("Friends", false), ("Starred", false), ("myContacts", false), ("My Contacts", true)]
    {
        let world = World::new();
        world.sql(&format!(
            "INSERT INTO contact_groups (id, name) VALUES (1, '{name}');
             INSERT INTO contacts (id, given_name) VALUES ('c1', 'Anna');
             INSERT INTO contact_emails (contact_id, address) VALUES ('c1', 'a@x.example');
             INSERT INTO contact_group_members (contact_id, group_id) VALUES ('c1', 1);",
        ));
        world.settle();
        let run = world.sync().ends_with(0);
        let there: &[&str] = if is_there { &[name] } else { &[] };
        assert_eq!(labels_of(&world, "a@x.example"), there, "{name}");
        assert_eq!(names(&world), there, "{name}");
        assert_eq!(run.summary()["losses"].as_u64().unwrap_or_default(), u64::from(!is_there), "{run:?}");
        let told = world.shown(&["status", "--losses", "--lang", "en"]);
        assert_eq!(told.contains("Anna"), !is_there, "{told}");
        assert_eq!(world.number("contact_group_members"), 1, "nothing is lost here");
    }
}

/// Gives the only label another name at Google.
fn rename_there(world: &World, name: &str) {
    let resource = own(world).into_keys().next().unwrap();
    rename(world, &resource, name);
}

/// Gives a label another name at Google.
fn rename(world: &World, resource: &str, name: &str) {
    let group = world.google("GET", &format!("/v1/{resource}"), &Value::Null);
    let body = json!({ "contactGroup": { "name": name, "etag": group["etag"] } });
    world.google("PUT", &format!("/v1/{resource}"), &body);
}

#[test]
fn a_label_renamed_on_both_sides_stays_one() {
    let world = labelled();
    let before: Vec<String> = own(&world).into_keys().collect();
    rename_there(&world, "Phone");
    world.sql("UPDATE contact_groups SET name = 'Company' WHERE id = 1;");
    let run = world.sync().ends_with(0);
    assert!(run.summary()["pairs"].to_string().contains(r#""relabelled":[["Phone","Company"]]"#), "{run:?}");
    world.settle();
    assert_eq!(own(&world).into_iter().collect::<Vec<_>>(), [(before[0].clone(), "Company".to_owned())]);
    assert_eq!(world.rows("'n', name", "contact_groups"), [json!({ "n": "Company" })]);
    assert_eq!(labels_of(&world, "a@x.example"), ["Company"]);
    assert_eq!(labels_of(&world, "b@x.example"), ["Company"]);
    assert!(common::waiting(&world).is_empty());
}

/// Synchronises, and lets a change of so many records pass.
fn approved(world: &World) -> Ran {
    let stopped = world.sync().ends_with(5);
    let error = stopped.of("error")[0].clone();
    let mut ways = error["do"].as_array().unwrap().iter().filter_map(Value::as_str);
    let digest =
        ways.find_map(|way| way.split_once("--approve ")).unwrap().1.trim_end_matches('`').to_owned();
    world.run(&["sync", "--approve", &digest])
}

#[test]
fn a_label_of_more_contacts_than_a_batch_is_renamed_in_place_on_either_side() {
    let world = World::new();
    let client = |n: u32| {
        format!(
            "INSERT INTO contacts (id, given_name) VALUES ('c{n}', 'Client {n}');
             INSERT INTO contact_emails (contact_id, address) VALUES ('c{n}', 'c{n}@x.example');
             INSERT INTO contact_group_members (contact_id, group_id) VALUES ('c{n}', 1);"
        )
    };
    let clients: String = (0..210).map(client).collect();
    world.sql(&format!("INSERT INTO contact_groups (id, name) VALUES (1, 'Clients');{clients}"));
    world.settle();
    let label = own(&world).into_keys().next().unwrap();
    let stands = |name: &str| {
        assert_eq!(own(&world), BTreeMap::from([(label.clone(), name.to_owned())]), "the same label");
        assert_eq!(
            world.rows("'id', id, 'name', name", "contact_groups"),
            [json!({ "id": 1, "name": name })]
        );
        let people = world.people();
        let has = |person: &&Value| person["memberships"].to_string().contains(&label);
        assert_eq!(people.iter().filter(has).count(), 210);
        assert_eq!(world.number("contact_group_members WHERE group_id = 1"), 210);
        assert!(common::waiting(&world).is_empty());
    };

    rename_there(&world, "Kunden");
    approved(&world).ends_with(0);
    world.settle();
    stands("Kunden");

    // The second batch fails, and a later run goes on.
    world.sql("UPDATE contact_groups SET name = 'Customers' WHERE id = 1;");
    let fault = json!({ "method": "people.people.batchUpdateContacts", "nth": 2, "times": 9, "body": "people-403-service-disabled" });
    world.faults(&json!([fault]));
    assert_ne!(approved(&world).code, Some(0));
    world.faults(&json!([]));
    world.settle();
    stands("Customers");
}

#[test]
fn a_label_left_for_two_others_is_no_new_name() {
    let world = labelled();
    // One contact goes elsewhere on each side, the other stays.
    let name =
        world.google("POST", "/v1/contactGroups", &json!({ "contactGroup": { "name": "Friends of ours" } }));
    let person = world.person("a@x.example");
    let memberships = json!([
        { "contactGroupMembership": { "contactGroupResourceName": "contactGroups/myContacts" } },
        { "contactGroupMembership": { "contactGroupResourceName": name["resourceName"] } }
    ]);
    world.gesture(
        "people/edit",
        json!({ "resourceName": person["resourceName"], "person": { "memberships": memberships } }),
    );
    world.sql(
        "INSERT INTO contact_groups (id, name) VALUES (2, 'VIP');
         UPDATE contact_group_members SET group_id = 2 WHERE contact_id = 'c1';
         UPDATE contacts SET notes = 'changed' WHERE id = 'c2';",
    );
    world.settle();
    assert_eq!(labels_of(&world, "b@x.example"), ["Clients"]);
    assert!(labels_of(&world, "a@x.example").contains(&"VIP".to_owned()));
}

#[test]
fn a_label_of_many_that_was_renamed_gets_its_name_back_by_an_undo() {
    for (who, many) in [("here", 310), ("there", 30)] {
        let world = World::new();
        world.sql("INSERT INTO contact_groups (id, name) VALUES (1, 'Clients'), (2, 'Few');");
        let rows: String = (0..many)
            .map(|n| {
                format!(
                    "INSERT INTO contacts (id, given_name) VALUES ('c{n}', 'Anna {n}');
                     INSERT INTO contact_emails (contact_id, address) VALUES ('c{n}', 'a{n}@x.example');
                     INSERT INTO contact_group_members (contact_id, group_id) VALUES ('c{n}', 1);"
                )
            })
            .collect();
        world.sql(&rows);
        world.sql("INSERT INTO contact_group_members (contact_id, group_id) VALUES ('c1', 2);");
        world.settle();
        let resources: Vec<String> = own(&world).into_keys().collect();
        match who {
            "here" => world.sql("UPDATE contact_groups SET name = 'Customers' WHERE id = 1;"),
            _ => {
                let resource = own(&world).into_iter().find(|(_, name)| name == "Clients").unwrap().0;
                let group = world.google("GET", &format!("/v1/{resource}"), &Value::Null);
                let body = json!({ "contactGroup": { "name": "Customers", "etag": group["etag"] } });
                world.google("PUT", &format!("/v1/{resource}"), &body);
            }
        }
        // All of them at once: the guard asks, and so it does for the way back.
        let asked = world.run(&["sync", "--dry-run"]);
        let plan = &asked.summary()["pairs"].as_array().unwrap()[0];
        let digest = plan["digest"].as_str().unwrap().to_owned();
        let run = world.run(&["sync", "--approve", &digest]).ends_with(0).run_of("contacts").to_string();
        world.settle();
        let sorted = || names(&world).into_iter().collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>();
        assert_eq!(sorted(), ["Customers", "Few"], "{who}");
        let planned = world.run(&["undo", "run", &run, "--dry-run"]);
        let digest = planned.summary()["pairs"][0]["digest"].as_str().unwrap().to_owned();
        world.run(&["undo", "run", &run, "--yes", "--approve", &digest]).ends_with(0);
        world.settle();
        let members = |name: &str| {
            world.number(&format!(
                "contact_group_members m JOIN contact_groups g ON g.id = m.group_id WHERE g.name = '{name}'"
            ))
        };
        assert_eq!(sorted(), ["Clients", "Few"], "{who}");
        assert_eq!((members("Clients"), members("Few"), members("Customers")), (many, 1, 0), "{who}");
        assert_eq!(own(&world).into_keys().collect::<Vec<_>>(), resources, "{who}: the same labels");
        for n in [0, 1, many / 2, many - 1] {
            let labels = labels_of(&world, &format!("a{n}@x.example"));
            assert!(labels.contains(&"Clients".to_owned()), "{who}: {n} {labels:?}");
        }
        assert_eq!(world.number("contacts"), many);
    }
}

#[test]
fn a_label_whose_creation_is_answered_with_another_one_keeps_its_contacts() {
    for replaced in [
        json!([
            "\"resourceName\": \"contactGroups/",
            "\"resourceName\": \"contactGroups/myContacts\", \"x\": \""
        ]),
        json!(["\"resourceName\"", "\"otherName\""]),
        json!(["\"name\": \"New\"", "\"name\": \"Evil\""]),
    ] {
        let world = World::new();
        world.sql("INSERT INTO contacts (id) VALUES ('a'), ('b');
             INSERT INTO contact_emails (contact_id, address) VALUES ('a', 'a@x.example'), ('b', 'b@x.example');",
        );
        world.settle();
        world.faults(&json!([{"method": "people.contactGroups.create", "replace": replaced, "times": 1}]));
        world.sql(
            "INSERT INTO contact_groups (id, name) VALUES (1, 'New');
             INSERT INTO contact_group_members (contact_id, group_id) VALUES ('a', 1), ('b', 1);",
        );
        world.sync();
        world.faults(&json!([]));
        world.settle();
        assert_eq!(world.number("contact_group_members"), 2, "{replaced}");
        for email in ["a@x.example", "b@x.example"] {
            assert_eq!(labels_of(&world, email), ["New"], "{replaced}");
        }
    }
}

/// Two labels that the same contacts have, "X" and "Y", and one that nobody has, "Z".
fn twins() -> (World, BTreeMap<String, String>) {
    let world = World::new();
    world.sql("INSERT INTO contact_groups (id, name) VALUES (1, 'X'), (2, 'Y'), (3, 'Z');");
    for n in 0..12 {
        world.sql(&format!(
            "INSERT INTO contacts (id, given_name) VALUES ('c{n}', 'Client {n}');
             INSERT INTO contact_emails (contact_id, address) VALUES ('c{n}', 'c{n}@x.example');"
        ));
    }
    world.sql("INSERT INTO contact_group_members (contact_id, group_id) VALUES ('c0', 1), ('c0', 2), ('c1', 1), ('c1', 2), ('c2', 3);");
    world.sync().ends_with(0);
    world.sql("DELETE FROM contact_group_members WHERE group_id = 3;");
    world.sync().ends_with(0);
    let labels: BTreeMap<String, String> = own(&world).into_iter().map(|(id, name)| (name, id)).collect();
    assert_eq!(labels.len(), 3);
    (world, labels)
}

/// Asserts that the labels are those they were, under these names on both sides, and who has the first two.
fn stand(world: &World, labels: &BTreeMap<String, String>, names: [&str; 3], members: &[&str]) {
    world.settle();
    let ids = ["X", "Y", "Z"].map(|name| labels[name].clone());
    let expected: BTreeMap<String, String> = ids.into_iter().zip(names.map(str::to_owned)).collect();
    assert_eq!(own(world), expected);
    let rows = world.rows("'id', id, 'name', name", "contact_groups");
    let expected: Vec<_> =
        names.iter().enumerate().map(|(n, name)| json!({ "id": n + 1, "name": name })).collect();
    assert_eq!(rows, expected);
    for id in [1, 2] {
        let held = world.rows("'c', contact_id", &format!("contact_group_members WHERE group_id = {id}"));
        let held: BTreeSet<&str> = held.iter().filter_map(|row| row["c"].as_str()).collect();
        assert_eq!(held, members.iter().copied().collect(), "{id}");
    }
    let mut both = vec![names[0].to_owned(), names[1].to_owned()];
    both.sort();
    for contact in members {
        assert_eq!(labels_of(world, &format!("{contact}@x.example")), both, "{contact}");
    }
    assert!(common::waiting(world).is_empty());
}

#[test]
fn labels_of_the_same_contacts_are_renamed_in_place() {
    for side in ["here", "there"] {
        let (world, labels) = twins();
        for (id, old, new) in [(1, "X", "X2"), (2, "Y", "Y2"), (3, "Z", "Z2")] {
            match side {
                "here" => world.sql(&format!("UPDATE contact_groups SET name = '{new}' WHERE id = {id};")),
                _ => rename(&world, &labels[old], new),
            }
        }
        world.sync().ends_with(0);
        stand(&world, &labels, ["X2", "Y2", "Z2"], &["c0", "c1"]);
    }
}

#[test]
fn labels_of_the_same_contacts_get_their_names_back_by_an_undo() {
    for side in ["here", "there"] {
        let (world, labels) = twins();
        for (id, old, new) in [(1, "X", "X2"), (2, "Y", "Y2")] {
            match side {
                "here" => world.sql(&format!("UPDATE contact_groups SET name = '{new}' WHERE id = {id};")),
                _ => rename(&world, &labels[old], new),
            }
        }
        let run = world.sync().ends_with(0).run_of("contacts").to_string();
        world.settle();
        world.run(&["undo", "run", &run, "--yes"]).ends_with(0);
        stand(&world, &labels, ["X", "Y", "Z"], &["c0", "c1"]);
    }
}

#[test]
fn a_label_renamed_on_both_sides_stays_one_beside_another_that_is_renamed_too() {
    let (world, labels) = twins();
    rename(&world, &labels["X"], "X there");
    world.sql("UPDATE contact_groups SET name = 'X here' WHERE id = 1; UPDATE contact_groups SET name = 'Y here' WHERE id = 2;");
    rename(&world, &labels["Z"], "Z there");
    let run = world.sync().ends_with(0);
    assert!(run.summary()["pairs"].to_string().contains(r#""relabelled":[["X there","X here"]]"#), "{run:?}");
    stand(&world, &labels, ["X here", "Y here", "Z there"], &["c0", "c1"]);
}

#[test]
fn a_label_renamed_on_either_side_keeps_whom_the_other_side_puts_into_it_meanwhile() {
    let (world, labels) = twins();
    let join = |email: &str, label: &str| {
        let person = world.person(email);
        let groups = ["contactGroups/myContacts", label];
        let memberships: Vec<Value> = groups
            .iter()
            .map(|group| json!({ "contactGroupMembership": { "contactGroupResourceName": group } }))
            .collect();
        world.gesture(
            "people/edit",
            json!({ "resourceName": person["resourceName"], "person": { "memberships": memberships } }),
        );
    };
    world.sql("UPDATE contact_groups SET name = 'X here' WHERE id = 1;");
    join("c5@x.example", &labels["X"]);
    rename(&world, &labels["Y"], "Y there");
    world.sql("INSERT INTO contact_group_members (contact_id, group_id) VALUES ('c5', 2);");
    world.sync().ends_with(0);
    stand(&world, &labels, ["X here", "Y there", "Z"], &["c0", "c1", "c5"]);
}

#[test]
fn a_rename_that_a_run_did_not_carry_through_is_known_to_the_next() {
    let (world, labels) = twins();
    rename(&world, &labels["X"], "X2");
    world.sql("UPDATE contact_groups SET name = 'Y2' WHERE id = 2;");
    let fault =
        json!({ "method": "people.people.updateContact", "times": 9, "body": "people-403-service-disabled" });
    world.faults(&json!([fault]));
    assert_ne!(world.sync().code, Some(0));
    world.faults(&json!([]));
    stand(&world, &labels, ["X2", "Y2", "Z"], &["c0", "c1"]);
}

#[test]
fn a_contact_refused_because_its_label_is_unknown_is_written_at_once() {
    let world = World::new();
    world.sql(
        "INSERT INTO contacts (id) VALUES ('a'), ('b');
         INSERT INTO contact_emails (contact_id, address) VALUES ('a', 'a@x.example'), ('b', 'b@x.example');",
    );
    world.settle();
    let replaced = json!(["\"resourceName\": \"contactGroups/", "\"resourceName\": \"contactGroups/unknown"]);
    world.faults(&json!([{"method": "people.contactGroups.create", "replace": replaced, "times": 1}]));
    world.sql(
        "INSERT INTO contact_groups (id, name) VALUES (1, 'New');
         INSERT INTO contact_group_members (contact_id, group_id) VALUES ('a', 1), ('b', 1);
         INSERT INTO contacts (id) VALUES ('c');
         INSERT INTO contact_emails (contact_id, address) VALUES ('c', 'c@x.example');
         INSERT INTO contact_group_members (contact_id, group_id) VALUES ('c', 1);",
    );
    world.sync().ends_with(0);
    for email in ["a@x.example", "b@x.example", "c@x.example"] {
        assert_eq!(labels_of(&world, email), ["New"], "{email}");
    }
    assert!(common::waiting(&world).is_empty());
}

#[test]
fn a_listing_that_gives_all_labels_one_name_or_none_joins_none_of_them() {
    for name in ["Same", ""] {
        let (world, labels) = twins();
        let replaced = json!(["\"name\": \"", format!("\"name\": \"{name}\", \"otherName\": \"")]);
        world.faults(&json!([{"method": "people.contactGroups.list", "replace": replaced, "times": 2}]));
        world.sql("UPDATE contacts SET notes = 'typed' WHERE id = 'c1';");
        world.sync();
        world.faults(&json!([]));
        [(); 3].iter().for_each(|()| drop(world.sync()));
        // What was read in between stands for a moment as a label of its own.
        world.sql("DELETE FROM contact_groups WHERE id > 3 AND id NOT IN (SELECT group_id FROM contact_group_members);");
        stand(&world, &labels, ["X", "Y", "Z"], &["c0", "c1"]);
    }
}
