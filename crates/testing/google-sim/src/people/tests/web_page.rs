//! What a person does in Google's web page: P16, P45, P63.

use serde_json::{Value, json};

use super::{Account, name_of, names};

const SYNC: (&str, &str) = ("requestSyncToken", "true");

fn sync_token(account: &mut Account) -> String {
    account.list(&[SYNC])["nextSyncToken"].as_str().unwrap().to_owned()
}

#[test]
fn p16_a_merge_leaves_one_that_tells_its_former_name() {
    for tombstone in [false, true] {
        let mut account = Account::new();
        let into = name_of(&account.create(json!({"names": [{"givenName": "A"}],
            "emailAddresses": [{"value": "a@b.example"}]})));
        let from = name_of(&account.create(json!({"names": [{"givenName": "A2"}],
            "emailAddresses": [{"value": "a2@b.example"}]})));
        let sync = sync_token(&mut account);
        account.ui("merge", json!({"into": into, "from": from, "tombstone": tombstone}));
        let changes = account.list(&[SYNC, ("syncToken", &sync)]);
        let listed = names(&changes);
        assert_eq!(listed.contains(&from), tombstone);
        let people = changes["connections"].as_array().unwrap();
        let kept = people.iter().find(|person| person["resourceName"] == into).unwrap();
        assert_eq!(kept["metadata"]["previousResourceNames"], json!([from]));
        assert_eq!(kept["names"][0]["givenName"], "A", "a singleton stays one");
        let whole = account.list(&[SYNC]);
        assert_eq!(names(&whole), std::slice::from_ref(&into));
        let metadata = &whole["connections"][0]["metadata"];
        assert!(metadata.get("previousResourceNames").is_none(), "only in token syncs");
        let read = account.get(&from, "emailAddresses");
        assert_eq!(read["resourceName"], into, "the former name leads on");
        assert_eq!(read["emailAddresses"].as_array().unwrap().len(), 2);
        let query = [("personFields", "names"), ("resourceNames", from.as_str())];
        let batch = account.ok("people.people.getBatchGet", "", &query, Value::Null);
        assert_eq!(batch["responses"][0]["requestedResourceName"], from);
        assert_eq!(batch["responses"][0]["person"]["resourceName"], into);
        let delete = account.call("people.people.deleteContact", &from, &[], Value::Null);
        assert_eq!(delete.status, 404);
    }
}

#[test]
fn p16_linking_a_profile_changes_the_name_and_parting_changes_it_again() {
    let mut account = Account::new();
    let first = account.named("A");
    let sync = sync_token(&mut account);
    let linked = account.ui("link_profile", json!({"resourceName": first, "profile": {"id": "7"}}));
    let second = name_of(&linked);
    assert_ne!(first, second);
    let parted = account.ui("unlink_profile", json!({"resourceName": second}));
    let changes = account.list(&[SYNC, ("syncToken", &sync)]);
    assert_eq!(names(&changes), [name_of(&parted)]);
    let former = &changes["connections"][0]["metadata"]["previousResourceNames"];
    assert_eq!(*former, json!([first, second]));
}

#[test]
fn p45_the_bin_gives_back_for_thirty_days() {
    let mut account = Account::new();
    let name = account.named("A");
    account.ui("delete", json!({"resourceName": name}));
    let sync = sync_token(&mut account);
    account.wait(30 * 86_400 - 1);
    account.ui("restore", json!({"resourceName": name}));
    assert_eq!(names(&account.list(&[])), std::slice::from_ref(&name));
    account.ui("delete", json!({"resourceName": name}));
    account.wait(30 * 86_400);
    let now = account.now;
    assert!(account.book.ui("restore", &json!({"resourceName": name}), now).is_err());
    drop(sync);
}

#[test]
fn an_emptied_bin_gives_nothing_back_and_makes_room() {
    let mut account = Account::new();
    account.knobs.people_contact_cap = Some(1);
    let name = account.named("A");
    account.delete(&name);
    assert_eq!(account.ui("empty_bin", json!({})), json!({"removed": 1}));
    let now = account.now;
    assert!(account.book.ui("restore", &json!({"resourceName": name}), now).is_err());
    account.named("B");
}

#[test]
fn a_restored_contact_comes_back_in_the_next_sync() {
    let mut account = Account::new();
    let name = account.named("A");
    account.delete(&name);
    let sync = sync_token(&mut account);
    account.ui("restore", json!({"resourceName": name}));
    let changes = account.list(&[SYNC, ("syncToken", &sync)]);
    assert_eq!(names(&changes), [name]);
    assert!(changes["connections"][0]["metadata"].get("deleted").is_none());
}

#[test]
fn an_edit_in_the_web_page_makes_an_etag_stale() {
    let mut account = Account::new();
    let name = account.named("A");
    let etag = account.get(&name, "metadata")["etag"].clone();
    let person = json!({"phoneNumbers": [{"value": "1"}], "names": []});
    account.ui("edit", json!({"resourceName": name, "person": person}));
    let read = account.get(&name, "names,phoneNumbers");
    assert!(read.get("names").is_none());
    assert_eq!(read["phoneNumbers"][0]["value"], "1");
    let body = json!({"etag": etag, "names": [{"givenName": "B"}]});
    assert_eq!(account.update(&name, "names", body).status, 400);
}

#[test]
fn unknown_gestures_and_contacts_are_told_in_words() {
    let mut account = Account::new();
    let now = account.now;
    for (op, args) in [
        ("dance", json!({})),
        ("edit", json!({})),
        ("edit", json!({"resourceName": "people/c1", "person": {}})),
        ("delete", json!({"resourceName": "people/me"})),
        ("merge", json!({"into": "people/c1", "from": "people/c1"})),
    ] {
        assert!(account.book.ui(op, &args, now).is_err(), "{op}");
    }
}

#[test]
fn a_dump_shows_contacts_bin_and_labels() {
    let mut account = Account::new();
    let made = account.ui("create", json!({"person": {"names": [{"givenName": "A"}]}}));
    let gone = account.named("B");
    account.delete(&gone);
    account.ui("create_group", json!({"name": "Label"}));
    let dump = account.book.dump();
    assert_eq!(dump["contacts"][0]["resourceName"], made["resourceName"]);
    assert_eq!(dump["bin"][0]["resourceName"], gone);
    assert_eq!(dump["contactGroups"][0]["name"], "Label");
}
