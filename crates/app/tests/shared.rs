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
