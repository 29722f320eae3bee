//! Clients whom the company shares among its people.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[allow(dead_code)]
mod office;

use office::{ACCOUNT, OTHER, Office};
use serde_json::{Value, json};

fn people_of(office: &Office, account: &str) -> Vec<Value> {
    let state = office.sim.with(|core| core.dump());
    state["contacts"][account]["contacts"].as_array().cloned().unwrap_or_default()
}

#[test]
fn a_client_whom_the_company_shares_meets_the_one_that_a_colleague_has() {
    let office = Office::new();
    office.run(&["user", "add", "bob"]).expect(0);
    office.sql(
        "INSERT INTO contacts (id, given_name, surname) VALUES ('c1', 'Carla', 'Rossi');
         INSERT INTO contact_emails (contact_id, address) VALUES ('c1', 'carla@rossi.example');",
    );
    office.connect().expect(0);
    office.run(&["sync"]).expect(0);
    assert_eq!(people_of(&office, ACCOUNT).len(), 1);
    // Bob has her, too, with something of his own.
    let (token, _) = office.sim.with(|core| {
        core.issue_token(OTHER, "the-phone-of-bob", &["https://www.googleapis.com/auth/contacts"])
    });
    let person = json!({ "names": [{ "givenName": "Carla", "familyName": "Rossi" }],
        "emailAddresses": [{ "value": "carla@rossi.example" }], "phoneNumbers": [{ "value": "+33100000001" }] });
    let headers = [
        ("authorization".to_owned(), format!("Bearer {token}")),
        ("content-type".to_owned(), "application/json".to_owned()),
    ];
    let made = office.sim.with(|core| {
        core.handle(
            &"POST".parse().unwrap(),
            "/v1/people:createContact",
            &headers,
            person.to_string().as_bytes(),
        )
    });
    assert_eq!(made.status, 200);
    office.connect_user("bob", OTHER).expect(0);
    for _ in 0..2 {
        office.run(&["sync"]).expect(0);
    }
    assert_eq!(
        (people_of(&office, ACCOUNT).len(), people_of(&office, OTHER).len()),
        (1, 1),
        "matched, not doubled"
    );
    assert_eq!(office.run(&["contacts", "list", "--json"]).expect(0).of("record").len(), 1);
    let shown = people_of(&office, ACCOUNT)[0].to_string();
    assert!(shown.contains("100000001"), "what bob had is hers: {shown}");
}

/// Does something with the contacts of an account, from its owner's telephone.
fn by_phone(office: &Office, account: &str, verb: &str, path: &str, body: &Value) {
    let scope = ["https://www.googleapis.com/auth/contacts"];
    let (token, _) = office.sim.with(|core| core.issue_token(account, "a-phone", &scope));
    let headers = [
        ("authorization".to_owned(), format!("Bearer {token}")),
        ("content-type".to_owned(), "application/json".to_owned()),
    ];
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let verb = verb.parse().unwrap();
    let done = office.sim.with(|core| core.handle(&verb, path, &headers, body.as_bytes()));
    assert_eq!(done.status, 200, "{path}");
}

fn add(office: &Office, account: &str, person: &Value) {
    by_phone(office, account, "POST", "/v1/people:createContact", person);
}

#[test]
fn a_picture_of_a_shared_client_travels_to_all_who_have_her() {
    let office = Office::new();
    office.run(&["user", "add", "bob"]).expect(0);
    office.sql("INSERT INTO contacts (id, given_name) VALUES ('c1', 'Carla');");
    office.connect().expect(0);
    office.connect_user("bob", OTHER).expect(0);
    office.run(&["sync"]).expect(0);
    let name = people_of(&office, ACCOUNT)[0]["resourceName"].as_str().unwrap().to_owned();
    let png = json!({ "photoBytes": "iVBORw0KGgoAcmVk" });
    by_phone(&office, ACCOUNT, "PATCH", &format!("/v1/{name}:updateContactPhoto"), &png);
    for _ in 0..3 {
        office.run(&["sync"]).expect(0);
    }
    assert!(people_of(&office, OTHER)[0]["photo"].is_object(), "{:?}", people_of(&office, OTHER));
    by_phone(&office, ACCOUNT, "DELETE", &format!("/v1/{name}:deleteContactPhoto"), &Value::Null);
    for _ in 0..3 {
        office.run(&["sync"]).expect(0);
    }
    assert!(!people_of(&office, OTHER)[0]["photo"].is_object());
}

/// Alice and Bob each have the same client from their own telephones, in a row each; then the company shares that of
/// Alice. Returns the name of that row.
fn shared_twice(office: &Office) -> String {
    office.run(&["user", "add", "bob"]).expect(0);
    office.connect().expect(0);
    office.connect_user("bob", OTHER).expect(0);
    for (account, note) in [(ACCOUNT, "of alice"), (OTHER, "of bob")] {
        let person = json!({ "names": [{ "givenName": "Cli", "familyName": "Ent" }],
            "emailAddresses": [{ "value": "cli@x.example" }], "biographies": [{ "value": note }] });
        add(office, account, &person);
    }
    office.run(&["sync"]).expect(0);
    let records = office.run(&["contacts", "list", "--user", "alice", "--json"]).expect(0);
    let id = records.of("record")[0]["id"].as_str().unwrap().to_owned();
    office.sql(&format!("DELETE FROM contact_users WHERE contact_id = '{id}';"));
    for _ in 0..3 {
        office.run(&["sync"]).expect(3);
    }
    assert_eq!((people_of(office, ACCOUNT).len(), people_of(office, OTHER).len()), (1, 1), "not doubled");
    id
}

/// The only thing that waits, with its number.
fn asked(office: &Office) -> (String, Value) {
    let all = office.run(&["conflicts", "--json"]).expect(3);
    let all = all.of("conflict");
    assert_eq!(all.len(), 1, "{all:?}");
    assert_eq!(all[0]["why"], "look_alike", "{all:?}");
    (all[0]["number"].to_string(), all[0]["answers"].clone())
}

#[test]
fn a_client_whom_two_have_is_a_question_when_the_company_shares_one_of_the_rows() {
    let office = Office::new();
    let id = shared_twice(&office);
    let (number, answers) = asked(&office);
    assert_eq!(answers, json!(["--keep local", "--different"]));
    office.run(&["conflicts", "resolve", &number, "--keep", "local"]).expect(0);
    for _ in 0..2 {
        office.run(&["sync"]).expect(0);
    }
    let theirs = people_of(&office, OTHER);
    assert_eq!(theirs.len(), 1);
    assert!(theirs[0].to_string().contains("of alice"), "the contact goes with the shared row: {theirs:?}");
    office.sql(&format!("UPDATE contacts SET job_title = 'Boss' WHERE id = '{id}';"));
    office.run(&["sync"]).expect(0);
    assert!(people_of(&office, OTHER)[0].to_string().contains("Boss"));
    assert!(people_of(&office, ACCOUNT)[0].to_string().contains("Boss"));
    // His own row is there as it was, and alone.
    let alone = office.run(&["status", "--alone", "--json"]).expect(0);
    assert_eq!(alone.of("alone").len(), 1);
}

#[test]
fn a_client_whom_a_colleague_has_already_is_matched_when_the_company_shares_her() {
    let office = Office::new();
    office.run(&["user", "add", "bob"]).expect(0);
    office.connect().expect(0);
    office.connect_user("bob", OTHER).expect(0);
    for (account, more) in [(ACCOUNT, "jobTitle"), (OTHER, "phone")] {
        let mut person = json!({ "names": [{ "givenName": "Cli", "familyName": "Ent" }],
            "emailAddresses": [{ "value": "cli@x.example" }] });
        if more == "phone" {
            person["phoneNumbers"] = json!([{ "value": "+33100000002" }]);
        }
        add(&office, account, &person);
    }
    office.run(&["sync"]).expect(0);
    let records = office.run(&["contacts", "list", "--user", "alice", "--json"]).expect(0);
    let id = records.of("record")[0]["id"].as_str().unwrap().to_owned();
    office.sql(&format!("DELETE FROM contact_users WHERE contact_id = '{id}';"));
    for _ in 0..3 {
        office.run(&["sync"]).expect(0);
    }
    assert_eq!((people_of(&office, ACCOUNT).len(), people_of(&office, OTHER).len()), (1, 1), "not doubled");
    office.sql(&format!("UPDATE contacts SET job_title = 'Boss' WHERE id = '{id}';"));
    for _ in 0..2 {
        office.run(&["sync"]).expect(0);
    }
    for account in [ACCOUNT, OTHER] {
        let shown = people_of(&office, account)[0].to_string();
        assert!(shown.contains("Boss") && shown.contains("100000002"), "{account}: {shown}");
    }
    // His own row is there as it was, and alone; and he is asked nothing.
    let alone = office.run(&["status", "--alone", "--json"]).expect(0);
    assert_eq!(alone.of("alone").len(), 1);
    assert!(office.run(&["conflicts", "--json"]).expect(0).of("conflict").is_empty());
    let listed = office.run(&["contacts", "list", "--user", "bob", "--json"]).expect(0);
    assert_eq!(listed.of("record").len(), 2);
}

#[test]
fn two_people_of_one_name_and_address_are_two_when_a_person_says_so() {
    let office = Office::new();
    shared_twice(&office);
    let (number, _) = asked(&office);
    office.run(&["conflicts", "resolve", &number, "--different"]).expect(0);
    for _ in 0..2 {
        office.run(&["sync"]).expect(0);
    }
    assert_eq!(people_of(&office, OTHER).len(), 2);
}

#[test]
fn deleting_one_of_the_two_rows_is_an_answer() {
    let office = Office::new();
    let id = shared_twice(&office);
    office.sql(&format!("DELETE FROM contacts WHERE id <> '{id}';"));
    for _ in 0..2 {
        office.run(&["sync"]);
    }
    assert_eq!((people_of(&office, ACCOUNT).len(), people_of(&office, OTHER).len()), (1, 1));
    office.sql(&format!("UPDATE contacts SET job_title = 'Boss' WHERE id = '{id}';"));
    office.run(&["sync"]);
    assert!(people_of(&office, OTHER)[0].to_string().contains("Boss"));
}

#[test]
fn a_family_with_one_address_is_no_question() {
    let office = Office::new();
    office.connect().expect(0);
    for (id, given) in [("c1", "Anne"), ("c2", "Paul")] {
        office.sql(&format!(
            "INSERT INTO contacts (id, given_name, surname) VALUES ('{id}', '{given}', 'Dupont');
             INSERT INTO contact_emails (contact_id, address) VALUES ('{id}', 'family@x.example');"
        ));
        office.run(&["sync"]).expect(0);
    }
    assert_eq!(people_of(&office, ACCOUNT).len(), 2);
}
