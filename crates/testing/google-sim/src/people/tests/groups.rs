//! Contact groups: P80 to P86.

use serde_json::{Value, json};

use super::{Account, name_of};

const LIST: &str = "people.contactGroups.list";
const MODIFY: &str = "people.contactGroups.members.modify";
const MY_CONTACTS: &str = "contactGroups/myContacts";

fn group(account: &mut Account, name: &str) -> Value {
    account.ok("people.contactGroups.create", "", &[], json!({"contactGroup": {"name": name}}))
}

#[test]
fn p81_system_groups_have_no_etag_and_user_groups_have() {
    let mut account = Account::new();
    let made = group(&mut account, "Clients");
    account.named("A");
    let list = account.ok(LIST, "", &[], Value::Null);
    let rows = list["contactGroups"].as_array().unwrap();
    assert_eq!(rows.len(), 9);
    assert_eq!(list["totalItems"], 9);
    assert!(list.get("nextSyncToken").is_some(), "even on a single page");
    let mine = &rows[0];
    assert_eq!(mine["resourceName"], MY_CONTACTS);
    assert_eq!(mine["name"], "myContacts");
    assert_eq!(mine["formattedName"], "Mes contacts");
    assert_eq!(mine["memberCount"], 1);
    assert!(mine.get("etag").is_none() && mine.get("metadata").is_none());
    let own = &rows[8];
    assert_eq!(own["resourceName"], made["resourceName"]);
    assert_eq!(own["groupType"], "USER_CONTACT_GROUP");
    assert!(own["metadata"]["updateTime"].is_string());
    assert!(!own["etag"].as_str().unwrap().starts_with(['%', '#']));
    assert!(own.get("memberCount").is_none(), "P21");
}

#[test]
fn p80_groups_page_and_sync_and_tell_the_deleted() {
    let mut account = Account::new();
    let gone = name_of(&group(&mut account, "Old"));
    let first = account.ok(LIST, "", &[("pageSize", "5")], Value::Null);
    let page = first["nextPageToken"].as_str().unwrap().to_owned();
    assert!(first.get("nextSyncToken").is_none());
    let last = account.ok(LIST, "", &[("pageSize", "5"), ("pageToken", &page)], Value::Null);
    assert_eq!(last["contactGroups"].as_array().unwrap().len(), 4);
    let sync = last["nextSyncToken"].as_str().unwrap().to_owned();
    account.ok("people.contactGroups.delete", &gone, &[], Value::Null);
    let changes = account.ok(LIST, "", &[("syncToken", &sync)], Value::Null);
    assert_eq!(changes["contactGroups"][0]["resourceName"], gone);
    assert_eq!(changes["contactGroups"][0]["metadata"]["deleted"], true);
    let next = changes["nextSyncToken"].as_str().unwrap().to_owned();
    let quiet = account.ok(LIST, "", &[("syncToken", &next)], Value::Null);
    assert!(quiet.get("contactGroups").is_none(), "P21");
}

#[test]
fn p80_members_come_on_get_and_up_to_max_members() {
    let mut account = Account::new();
    let [a, b] = ["A", "B"].map(|given| account.named(given));
    let get = "people.contactGroups.get";
    assert!(account.ok(get, MY_CONTACTS, &[], Value::Null).get("memberResourceNames").is_none());
    let some = account.ok(get, MY_CONTACTS, &[("maxMembers", "1")], Value::Null);
    assert_eq!(some["memberResourceNames"], json!([a]));
    assert_eq!(some["memberCount"], 2);
    let query = [("maxMembers", "9"), ("resourceNames", MY_CONTACTS), ("resourceNames", "contactGroups/x")];
    let many = account.ok("people.contactGroups.batchGet", "", &query, Value::Null);
    assert_eq!(many["responses"][0]["contactGroup"]["memberResourceNames"], json!([a, b]));
    assert_eq!(many["responses"][1]["status"]["code"], 5);
    account.refused(get, MY_CONTACTS, &[("groupFields", "members")], Value::Null);
}

#[test]
fn p82_names_are_unique() {
    let mut account = Account::new();
    group(&mut account, "Clients");
    let other = name_of(&group(&mut account, "Others"));
    let create = "people.contactGroups.create";
    for name in ["Clients", "clients", "myContacts"] {
        let response = account.call(create, "", &[], json!({"contactGroup": {"name": name}}));
        assert_eq!(response.status, 409, "{name}");
    }
    let body = json!({"contactGroup": {"name": "Clients"}});
    assert_eq!(account.call("people.contactGroups.update", &other, &[], body).status, 409);
    account.refused(create, "", &[], json!({"contactGroup": {}}));
}

#[test]
fn p83_a_group_is_renamed_by_its_etag_and_deleted_with_or_without_members() {
    let mut account = Account::new();
    let made = group(&mut account, "Clients");
    let name = name_of(&made);
    let update = "people.contactGroups.update";
    let body = json!({"contactGroup": {"etag": made["etag"], "name": "Customers"}});
    let after = account.ok(update, &name, &[], body.clone());
    assert_eq!(after["formattedName"], "Customers");
    assert_ne!(after["etag"], made["etag"]);
    let error = account.refused(update, &name, &[], body);
    assert_eq!(error["status"], "FAILED_PRECONDITION");
    account.refused(update, MY_CONTACTS, &[], json!({"contactGroup": {"name": "X"}}));

    let membership = json!([{"contactGroupMembership": {"contactGroupResourceName": name}}]);
    let inside = name_of(&account.create(json!({"memberships": membership})));
    account.ok("people.contactGroups.delete", &name, &[], Value::Null);
    let person = account.get(&inside, "memberships");
    assert_eq!(person["memberships"][0]["contactGroupMembership"]["contactGroupId"], "myContacts");

    let second = name_of(&group(&mut account, "Second"));
    account.ok(MODIFY, &second, &[], json!({"resourceNamesToAdd": [inside]}));
    account.ok("people.contactGroups.delete", &second, &[("deleteContacts", "true")], Value::Null);
    let response = account.call("people.people.get", &inside, &[("personFields", "names")], Value::Null);
    assert_eq!(response.status, 404);
}

#[test]
fn p84_members_are_added_to_some_groups_and_the_last_group_stays() {
    let mut account = Account::new();
    let clients = name_of(&group(&mut account, "Clients"));
    let [a, b] = ["A", "B"].map(|given| account.named(given));
    let before = account.get(&a, "metadata")["etag"].clone();
    let body = json!({"resourceNamesToAdd": [a, "people/c7"]});
    let answer = account.ok(MODIFY, &clients, &[], body);
    assert_eq!(answer, json!({"notFoundResourceNames": ["people/c7"]}));
    assert_ne!(account.get(&a, "metadata")["etag"], before, "the member changed");
    let body = json!({"resourceNamesToRemove": [a, b]});
    let answer = account.ok(MODIFY, MY_CONTACTS, &[], body);
    assert_eq!(answer, json!({"canNotRemoveLastContactGroupResourceNames": [b]}), "P86");
    let person = account.get(&a, "memberships");
    assert_eq!(person["memberships"].as_array().unwrap().len(), 1);
    account.refused(MODIFY, "contactGroups/friends", &[], json!({"resourceNamesToAdd": [a]}));
    account.ok(MODIFY, "contactGroups/starred", &[], json!({"resourceNamesToAdd": [a]}));
    let many: Vec<_> = (0..1001).map(|n| format!("people/c{n}")).collect();
    account.refused(MODIFY, &clients, &[], json!({"resourceNamesToAdd": many}));
}
