//! Listing and synchronising: P10 to P21.

use serde_json::{Value, json};

use super::{Account, names};
use crate::api::ExpiredVariant;

const LIST: &str = "people.people.connections.list";
const SYNC: (&str, &str) = ("requestSyncToken", "true");

fn token(list: &Value, name: &str) -> String {
    list[name].as_str().unwrap_or_default().to_owned()
}

#[test]
fn p10_only_people_me_is_listed_and_sizes_are_bounded() {
    let mut account = Account::new();
    let fields = ("personFields", "names");
    account.refused(LIST, "people/c1", &[fields], Value::Null);
    for size in ["1001", "-1"] {
        account.refused(LIST, "people/me", &[fields, ("pageSize", size)], Value::Null);
    }
    account.ok(LIST, "people/me", &[fields, ("pageSize", "0")], Value::Null);
}

#[test]
fn p11_the_sync_token_comes_on_the_last_page_only() {
    let mut account = Account::new();
    let made: Vec<_> = (0..5).map(|n| account.named(&format!("N{n}"))).collect();
    let mut seen = Vec::new();
    let mut page = String::new();
    for (round, size) in [2, 2, 1].into_iter().enumerate() {
        let mut query = vec![SYNC, ("pageSize", "2")];
        if !page.is_empty() {
            query.push(("pageToken", &page));
        }
        let list = account.list(&query);
        assert_eq!(list["totalItems"], 5, "P20");
        assert_eq!(names(&list).len(), size);
        assert_eq!(list.get("nextSyncToken").is_some(), round == 2);
        assert_eq!(list.get("nextPageToken").is_some(), round < 2);
        seen.extend(names(&list));
        page = token(&list, "nextPageToken");
    }
    assert_eq!(seen, made);
}

#[test]
fn p11_other_parameters_must_equal_those_of_the_first_call() {
    let mut account = Account::new();
    for n in 0..3 {
        account.named(&format!("N{n}"));
    }
    let first = account.list(&[SYNC, ("pageSize", "2")]);
    let page = token(&first, "nextPageToken");
    let whole = account.list(&[SYNC]);
    let sync = token(&whole, "nextSyncToken");
    let fields = ("personFields", "names,metadata");
    let cases: [Vec<(&str, &str)>; 8] = [
        vec![fields, SYNC, ("pageToken", &page)],
        vec![fields, ("pageSize", "2"), ("pageToken", &page)],
        vec![("personFields", "names"), SYNC, ("pageSize", "2"), ("pageToken", &page)],
        vec![fields, ("syncToken", &sync)],
        vec![fields, SYNC, ("pageSize", "99"), ("syncToken", &sync)],
        vec![fields, SYNC, ("sources", "READ_SOURCE_TYPE_CONTACT"), ("syncToken", &sync)],
        vec![fields, SYNC, ("sortOrder", "LAST_MODIFIED_DESCENDING"), ("syncToken", &sync)],
        vec![("personFields", "names"), SYNC, ("syncToken", &sync)],
    ];
    for query in cases {
        let error = account.refused(LIST, "people/me", &query, Value::Null);
        assert_eq!(error["status"], "INVALID_ARGUMENT", "{query:?}");
        assert!(error.get("details").is_none(), "{query:?}");
    }
    account.list(&[SYNC, ("pageSize", "2"), ("pageToken", &page)]);
    account.list(&[SYNC, ("pageSize", "100"), ("syncToken", &sync)]);
}

#[test]
fn p12_a_token_dies_a_week_after_the_full_sync_even_when_used() {
    let mut account = Account::new();
    account.named("A");
    let mut sync = token(&account.list(&[SYNC]), "nextSyncToken");
    for _ in 0..6 {
        account.wait(86_400);
        sync = token(&account.list(&[SYNC, ("syncToken", &sync)]), "nextSyncToken");
    }
    account.wait(86_400);
    let query = [("personFields", "names,metadata"), SYNC, ("syncToken", &sync)];
    let error = account.refused(LIST, "people/me", &query, Value::Null);
    assert_eq!(error["details"][0]["reason"], "EXPIRED_SYNC_TOKEN");
}

#[test]
fn p13_an_expired_token_plays_all_reported_variants() {
    let mut account = Account::new();
    let sync = token(&account.list(&[SYNC]), "nextSyncToken");
    account.book.expire_sync_tokens();
    for (variant, status, name) in [
        (ExpiredVariant::A, 400, "INVALID_ARGUMENT"),
        (ExpiredVariant::B, 400, "FAILED_PRECONDITION"),
        (ExpiredVariant::C, 410, "FAILED_PRECONDITION"),
    ] {
        account.knobs.people_expired_status = variant;
        let query = [("personFields", "names,metadata"), SYNC, ("syncToken", &sync)];
        let response = account.call(LIST, "people/me", &query, Value::Null);
        assert_eq!(response.status, status);
        let error = &response.body.unwrap()["error"];
        assert_eq!(error["status"], name);
        assert_eq!(error["details"][0]["reason"], "EXPIRED_SYNC_TOKEN");
    }
    let fresh = token(&account.list(&[SYNC]), "nextSyncToken");
    account.list(&[SYNC, ("syncToken", &fresh)]);
}

#[test]
fn p13_a_corrupt_token_is_a_plain_400() {
    let mut account = Account::new();
    for corrupt in ["nonsense", "AAAA"] {
        for name in ["syncToken", "pageToken"] {
            let query = [("personFields", "names,metadata"), SYNC, (name, corrupt)];
            let error = account.refused(LIST, "people/me", &query, Value::Null);
            assert_eq!(error["status"], "INVALID_ARGUMENT");
            assert!(error.get("details").is_none());
        }
    }
}

#[test]
fn p15_deleted_contacts_come_in_token_syncs_only() {
    let mut account = Account::new();
    let kept = account.named("Kept");
    let gone = account.named("Gone");
    let sync = token(&account.list(&[SYNC]), "nextSyncToken");
    account.delete(&gone);
    let changes = account.list(&[SYNC, ("syncToken", &sync)]);
    assert_eq!(names(&changes), std::slice::from_ref(&gone));
    let person = &changes["connections"][0];
    assert_eq!(person["metadata"]["deleted"], true);
    assert!(person.get("names").is_none());
    let next = token(&changes, "nextSyncToken");
    assert!(names(&account.list(&[SYNC, ("syncToken", &next)])).is_empty());
    assert_eq!(names(&account.list(&[SYNC])), [kept]);
}

#[test]
fn p17_lists_lag_behind_writes_and_get_does_not() {
    let mut account = Account::new();
    account.knobs.people_list_lag_seconds = 180;
    let sync = token(&account.list(&[SYNC]), "nextSyncToken");
    let late = account.named("Late");
    assert_eq!(account.get(&late, "names")["resourceName"], late);
    let quiet = account.list(&[SYNC, ("syncToken", &sync)]);
    assert_eq!(quiet.get("connections"), None, "P21");
    account.wait(179);
    assert!(names(&account.list(&[])).is_empty());
    account.wait(1);
    assert_eq!(names(&account.list(&[])), std::slice::from_ref(&late));
    // The write is told although a newer token was handed out in between.
    let next = token(&quiet, "nextSyncToken");
    assert_eq!(names(&account.list(&[SYNC, ("syncToken", &next)])), std::slice::from_ref(&late));
    account.set(&late, "names", json!({"names": [{"givenName": "Later"}]}));
    assert_eq!(account.list(&[])["connections"][0]["names"][0]["givenName"], "Late");
}

#[test]
fn p18_lists_cut_at_one_hundred_and_get_gives_all() {
    let mut account = Account::new();
    let mails: Vec<_> = (0..150).map(|n| json!({"value": format!("m{n}@b.example")})).collect();
    let phones: Vec<_> = (0..150).map(|n| json!({"value": format!("01 42 68 {n:04}")})).collect();
    let person = account.create(json!({"emailAddresses": mails, "phoneNumbers": phones}));
    let fields = "emailAddresses,phoneNumbers";
    let list = account.ok(LIST, "people/me", &[("personFields", fields)], Value::Null);
    for field in ["emailAddresses", "phoneNumbers"] {
        assert_eq!(list["connections"][0][field].as_array().unwrap().len(), 100);
        let whole = account.get(&super::name_of(&person), fields);
        assert_eq!(whole[field].as_array().unwrap().len(), 150);
    }
}

#[test]
fn p10_orders_are_by_change_or_by_name() {
    let mut account = Account::new();
    let person = |given: &str, family: &str| json!({"names": [{"givenName": given, "familyName": family}]});
    let zoe = super::name_of(&account.create(person("Zoé", "Abel")));
    let ada = super::name_of(&account.create(person("Ada", "Zola")));
    for (order, expected) in [
        ("LAST_MODIFIED_ASCENDING", [&zoe, &ada]),
        ("LAST_MODIFIED_DESCENDING", [&ada, &zoe]),
        ("FIRST_NAME_ASCENDING", [&ada, &zoe]),
        ("LAST_NAME_ASCENDING", [&zoe, &ada]),
    ] {
        let list = account.list(&[("sortOrder", order)]);
        assert_eq!(names(&list).iter().collect::<Vec<_>>(), expected, "{order}");
    }
}

#[test]
fn pages_of_one_listing_show_one_moment() {
    let mut account = Account::new();
    let made: Vec<_> = (0..4).map(|n| account.named(&format!("N{n}"))).collect();
    let first = account.list(&[SYNC, ("pageSize", "2")]);
    account.delete(&made[0]);
    account.named("New");
    let page = token(&first, "nextPageToken");
    let second = account.list(&[SYNC, ("pageSize", "2"), ("pageToken", &page)]);
    assert_eq!(names(&second), made[2..]);
    let sync = token(&second, "nextSyncToken");
    let changes = account.list(&[SYNC, ("pageSize", "2"), ("syncToken", &sync)]);
    assert_eq!(names(&changes).len(), 2, "what happened between the pages comes with the token");
}

#[test]
fn a_page_size_cap_makes_more_pages() {
    let mut account = Account::new();
    account.knobs.page_size_max = Some(1);
    account.named("A");
    account.named("B");
    assert!(account.list(&[("pageSize", "1000")]).get("nextPageToken").is_some());
}
