//! Reading single persons, masks, etags and searching: P22 to P35, P50, P60 to P63.

use serde_json::{Value, json};

use super::{Account, name_of};

const GET: &str = "people.people.get";

#[test]
fn p22_person_fields_are_required() {
    let mut account = Account::new();
    let name = account.named("A");
    for method in [GET, "people.people.connections.list", "people.people.getBatchGet"] {
        let target = if method == GET { name.as_str() } else { "people/me" };
        let error = account.refused(method, target, &[("resourceNames", &name)], Value::Null);
        assert!(error["message"].as_str().unwrap().starts_with("personFields mask is required"));
    }
    let old = [("requestMask.includeField", "person.names")];
    account.ok(GET, &name, &old, Value::Null);
}

#[test]
fn p22_a_batch_of_names_gets_a_status_each() {
    let mut account = Account::new();
    let here = account.named("A");
    let query = [("personFields", "names"), ("resourceNames", &here), ("resourceNames", "people/c7")];
    let answer = account.ok("people.people.getBatchGet", "", &query, Value::Null);
    let [found, missing] = answer["responses"].as_array().unwrap().as_slice() else {
        panic!("two responses are expected")
    };
    assert_eq!(found["person"]["resourceName"], here);
    assert_eq!(found["httpStatusCode"], 200);
    assert_eq!(missing["status"]["code"], 5);
    assert_eq!(missing["requestedResourceName"], "people/c7");
    let many: Vec<String> = (0..201).map(|n| format!("people/c{n}")).collect();
    let mut query = vec![("personFields", "names")];
    query.extend(many.iter().map(|name| ("resourceNames", name.as_str())));
    account.refused("people.people.getBatchGet", "", &query, Value::Null);
}

#[test]
fn p34_unknown_paths_are_refused_with_a_violation() {
    let mut account = Account::new();
    let name = account.named("A");
    for path in ["nope", "fileAses", "*", "names.givenName"] {
        let error = account.refused(GET, &name, &[("personFields", path)], Value::Null);
        assert_eq!(error["details"][0]["fieldViolations"][0]["field"], "person_fields");
    }
}

#[test]
fn p35_metadata_comes_when_asked() {
    let mut account = Account::new();
    let name = account.named("A");
    assert!(account.get(&name, "names").get("metadata").is_none());
    let asked = account.get(&name, "metadata");
    assert_eq!(asked["metadata"]["sources"][0]["type"], "CONTACT");
    assert_eq!(asked["metadata"]["objectType"], "PERSON");
}

#[test]
fn p60_the_source_id_is_the_number_in_hexadecimal() {
    let mut account = Account::new();
    let person = account.create(json!({}));
    let number: u64 = name_of(&person).strip_prefix("people/c").unwrap().parse().unwrap();
    assert_eq!(person["metadata"]["sources"][0]["id"], format!("{number:x}"));
}

#[test]
fn p61_the_person_etag_depends_on_the_mask_and_the_source_etag_does_not() {
    let mut account = Account::new();
    let name = account.named("A");
    let one = account.get(&name, "names,metadata");
    let two = account.get(&name, "metadata");
    assert_ne!(one["etag"], two["etag"]);
    assert!(one["etag"].as_str().unwrap().starts_with('%'));
    let source = |person: &Value| person["metadata"]["sources"][0]["etag"].clone();
    assert_eq!(source(&one), source(&two));
    assert!(source(&one).as_str().unwrap().starts_with('#'));
}

#[test]
fn p62_an_update_changes_etags_and_time_but_not_names_and_ids() {
    let mut account = Account::new();
    let name = account.named("A");
    let before = account.get(&name, "names,metadata");
    account.wait(1);
    account.set(&name, "names", json!({"names": [{"givenName": "B"}]}));
    let after = account.get(&name, "names,metadata");
    let source = |person: &Value, member: &str| person["metadata"]["sources"][0][member].clone();
    for member in ["etag", "updateTime"] {
        assert_ne!(source(&before, member), source(&after, member), "{member}");
    }
    assert_ne!(before["etag"], after["etag"]);
    assert_eq!(before["resourceName"], after["resourceName"]);
    assert_eq!(source(&before, "id"), source(&after, "id"));
    let time = source(&after, "updateTime");
    assert_eq!(time.as_str().unwrap().len(), "2025-10-09T08:53:21.000000Z".len(), "P62");
    // Only the tail of the etag differs: its head is the mask (P62b).
    let [a, b] = [before, after].map(|person| person["etag"].as_str().unwrap()[..10].to_owned());
    assert_eq!(a, b);
}

#[test]
fn p63_sources_choose_between_contact_and_profile_values() {
    let mut account = Account::new();
    let person = account.create(json!({"emailAddresses": [{"value": "c@b.example"}]}));
    let profile = json!({"id": "42", "emailAddresses": [{"value": "p@b.example"}],
                         "names": [{"givenName": "Pro"}]});
    let linked = account.ui(
        "link_profile",
        json!({"resourceName": name_of(&person),
                                                   "profile": profile, "rename": false}),
    );
    let name = name_of(&linked);
    let values = |account: &mut Account, sources: &[&str]| {
        let mut query = vec![("personFields", "emailAddresses,names,metadata")];
        query.extend(sources.iter().map(|source| ("sources", *source)));
        let person = account.ok(GET, &name, &query, Value::Null);
        let mails = person["emailAddresses"].as_array().unwrap().clone();
        let kinds: Vec<_> = mails.iter().map(|mail| mail["metadata"]["source"]["type"].clone()).collect();
        (person, kinds)
    };
    let (both, kinds) = values(&mut account, &[]);
    assert_eq!(kinds, ["CONTACT", "PROFILE"]);
    assert_eq!(both["names"][0]["metadata"]["primary"], true, "the only name is primary");
    assert!(both["emailAddresses"][1]["metadata"].get("primary").is_none(), "P64");
    assert!(both["metadata"]["sources"][1].get("etag").is_none(), "P62");
    let (_, kinds) = values(&mut account, &["READ_SOURCE_TYPE_CONTACT"]);
    assert_eq!(kinds, ["CONTACT"]);
    let (_, kinds) = values(&mut account, &["READ_SOURCE_TYPE_PROFILE"]);
    assert_eq!(kinds, ["PROFILE"]);
}

#[test]
fn p43_a_stale_read_gives_the_etag_of_before() {
    let mut account = Account::new();
    let name = account.named("A");
    account.wait(60);
    let written = account.set(&name, "names", json!({"names": [{"givenName": "B"}]}));
    account.knobs.people_stale_read_seconds = 30;
    let stale = account.get(&name, "names");
    assert_eq!(stale["names"][0]["givenName"], "A");
    let person = json!({"etag": stale["etag"], "names": [{"givenName": "C"}]});
    assert_eq!(account.update(&name, "names", person).status, 400);
    let person = json!({"etag": written["etag"], "names": [{"givenName": "C"}]});
    assert_eq!(account.update(&name, "names", person).status, 200, "the response's etag is good");
    account.wait(30);
    assert_eq!(account.get(&name, "names")["names"][0]["givenName"], "C");
}

#[test]
fn people_me_is_the_profile_of_the_account() {
    let mut account = Account::new();
    let me = account.get("people/me", "names,emailAddresses,metadata");
    assert_eq!(me["resourceName"], "people/100000000000000000009");
    assert_eq!(me["names"][0]["displayName"], "Anne Test");
    assert_eq!(me["emailAddresses"][0]["value"], "anne@example.org");
    assert_eq!(me["metadata"]["sources"][0]["type"], "PROFILE");
}

#[test]
fn p50_a_search_needs_a_warm_up_and_matches_prefixes() {
    let mut account = Account::new();
    let person = json!({"names": [{"givenName": "Foo", "familyName": "Name"}],
                        "emailAddresses": [{"value": "zed@b.example"}]});
    account.create(person);
    let found = |account: &mut Account, query: &str| {
        let query = [("readMask", "names"), ("query", query)];
        let answer = account.ok("people.people.searchContacts", "", &query, Value::Null);
        answer["results"].as_array().map_or(0, Vec::len)
    };
    assert_eq!(found(&mut account, "foo"), 0, "the cache is cold");
    found(&mut account, "");
    for (query, hits) in [("f", 1), ("foo n", 1), ("nam", 1), ("oo n", 0), ("zed", 1), ("x", 0)] {
        assert_eq!(found(&mut account, query), hits, "{query}");
    }
    for n in 0..40 {
        account.named(&format!("Foo{n}"));
    }
    found(&mut account, "");
    assert_eq!(found(&mut account, "foo"), 10);
    let query = [("readMask", "names"), ("query", "foo"), ("pageSize", "50")];
    let answer = account.ok("people.people.searchContacts", "", &query, Value::Null);
    assert_eq!(answer["results"].as_array().unwrap().len(), 30);
}

#[test]
fn an_unknown_or_deleted_contact_is_not_found() {
    let mut account = Account::new();
    let gone = account.named("A");
    account.delete(&gone);
    for name in [gone.as_str(), "people/c12", "people/12", "people/cx"] {
        let response = account.call(GET, name, &[("personFields", "names")], Value::Null);
        assert_eq!(response.status, 404, "{name}");
    }
}
