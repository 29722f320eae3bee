//! Limits and quotas: P14, P45, P90 to P93.

use serde_json::{Value, json};

use super::Account;

const CREATE: &str = "people.people.createContact";

#[test]
fn p90_an_account_holds_so_many_contacts_and_the_bin_counts() {
    let mut account = Account::new();
    account.knobs.people_contact_cap = Some(2);
    let gone = account.named("A");
    account.named("B");
    account.delete(&gone);
    let error = account.refused(CREATE, "", &[], json!({}));
    assert!(error["message"].as_str().unwrap().contains("MY_CONTACTS_OVERFLOW_COUNT"));
    let batch = json!({"contacts": [{"contactPerson": {}}]});
    account.refused("people.people.batchCreateContacts", "", &[], batch);
    account.wait(30 * 86_400);
    account.named("C");
}

#[test]
fn p90_a_contact_has_limits() {
    let mut account = Account::new();
    let long = "x".repeat(1025);
    let many = |count: usize| json!({"urls": vec![json!({"value": "u"}); count]});
    account.refused(CREATE, "", &[], json!({"nicknames": [{"value": long}]}));
    account.create(json!({"nicknames": [{"value": "é".repeat(1024)}]}));
    account.create(json!({"biographies": [{"value": long}]}));
    account.refused(CREATE, "", &[], many(501));
    account.create(many(499));
    account.refused(CREATE, "", &[], json!({"biographies": [{"value": "x".repeat(131_100)}]}));
}

#[test]
fn p91_buckets_refill_each_minute() {
    let mut account = Account::new();
    account.knobs.people_quotas = true;
    for _ in 0..30 {
        account.create(json!({}));
    }
    let response = account.call(CREATE, "", &[], json!({}));
    assert_eq!(response.status, 429);
    let error = response.body.unwrap()["error"].clone();
    assert_eq!(error["status"], "RESOURCE_EXHAUSTED");
    let message = error["message"].as_str().unwrap();
    assert!(message.contains("Critical write requests"), "{message}");
    account.list(&[]);
    account.wait(60);
    account.create(json!({}));
}

#[test]
fn p92_a_batch_costs_six() {
    let mut account = Account::new();
    account.knobs.people_quotas = true;
    let batch = json!({"contacts": [{"contactPerson": {}}]});
    for _ in 0..5 {
        account.ok("people.people.batchCreateContacts", "", &[], batch.clone());
    }
    let response = account.call("people.people.batchCreateContacts", "", &[], batch);
    assert_eq!(response.status, 429);
}

#[test]
fn p14_full_syncs_have_a_quota_of_their_own() {
    let mut account = Account::new();
    account.knobs.people_quotas = true;
    for _ in 0..10 {
        account.list(&[("requestSyncToken", "true")]);
    }
    let query = [("personFields", "names"), ("requestSyncToken", "true")];
    let response = account.call("people.people.connections.list", "people/me", &query, Value::Null);
    assert_eq!(response.status, 429);
    account.list(&[]);
}

#[test]
fn p90_an_account_holds_so_many_bytes() {
    let mut account = Account::new();
    let large = json!({"biographies": [{"value": "x".repeat(131_000)}]});
    let batch = json!({"contacts": vec![json!({"contactPerson": large}); 160]});
    account.ok("people.people.batchCreateContacts", "", &[], batch);
    account.named("Small");
    let error = account.refused(CREATE, "", &[], large.clone());
    let message = error["message"].as_str().unwrap();
    assert!(message.contains("MY_CONTACTS_OVERFLOW_COUNT"), "{message}");
    let gone = super::names(&account.list(&[]))[0].clone();
    account.delete(&gone);
    account.create(large);
}
