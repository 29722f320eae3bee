//! Creating, updating, deleting, batches and photos: P33, P40 to P49, P51.

use serde_json::{Value, json};

use super::{Account, name_of, names};

const CREATE: &str = "people.people.createContact";
const BATCH_CREATE: &str = "people.people.batchCreateContacts";
const BATCH_UPDATE: &str = "people.people.batchUpdateContacts";
const BATCH_DELETE: &str = "people.people.batchDeleteContacts";
const PHOTO: &str = "people.people.updateContactPhoto";

#[test]
fn p33_a_listed_field_is_replaced_as_a_whole() {
    let mut account = Account::new();
    let person = account.create(json!({
        "names": [{"givenName": "A"}],
        "phoneNumbers": [{"value": "1"}, {"value": "2"}],
        "nicknames": [{"value": "n"}],
    }));
    let name = name_of(&person);
    let body = json!({"phoneNumbers": [{"value": "3"}], "names": [{"givenName": "ignored"}]});
    let after = account.set(&name, "phoneNumbers,nicknames", body);
    assert_eq!(after["phoneNumbers"].as_array().unwrap().len(), 1);
    assert_eq!(after["phoneNumbers"][0]["value"], "3");
    assert!(after.get("nicknames").is_none(), "listed and absent: cleared");
    assert_eq!(after["names"][0]["givenName"], "A", "not listed: untouched");
}

#[test]
fn p40_singletons_take_one_value() {
    let mut account = Account::new();
    for (field, item) in [
        ("names", json!({"givenName": "A"})),
        ("biographies", json!({"value": "A"})),
        ("birthdays", json!({"date": {"month": 1, "day": 1}})),
        ("genders", json!({"value": "female"})),
    ] {
        let error = account.refused(CREATE, "", &[], json!({field: [item, item]}));
        assert_eq!(error["status"], "INVALID_ARGUMENT", "{field}");
    }
    account.create(json!({"nicknames": [{"value": "a"}, {"value": "b"}]}));
}

#[test]
fn p41_a_contact_goes_to_my_contacts_unless_it_says_otherwise() {
    let mut account = Account::new();
    let person = account.create(json!({"names": [{"givenName": "A"}]}));
    let membership = &person["memberships"][0];
    assert_eq!(
        membership["contactGroupMembership"],
        json!({"contactGroupId": "myContacts", "contactGroupResourceName": "contactGroups/myContacts"})
    );
    assert!(membership["metadata"].get("primary").is_none(), "P64");
    let starred = json!({"memberships": [{"contactGroupMembership":
        {"contactGroupResourceName": "contactGroups/starred"}}]});
    let person = account.create(starred);
    assert_eq!(person["memberships"].as_array().unwrap().len(), 1);
}

#[test]
fn p42_an_update_needs_an_etag_of_the_person_or_of_its_source() {
    let mut account = Account::new();
    let name = account.named("A");
    for (body, allowed) in [
        (json!({"names": []}), false),
        (json!({"metadata": {"sources": []}}), false),
        (json!({"metadata": {"sources": [{"type": "PROFILE", "id": "1", "etag": "#x"}]}}), false),
        (json!({"metadata": {"sources": [{"type": "CONTACT", "id": "1"}]}}), false),
    ] {
        let status = account.update(&name, "names", body.clone()).status;
        assert_eq!(status == 200, allowed, "{body}");
    }
    let person = account.get(&name, "metadata");
    let by_source = json!({"metadata": person["metadata"], "names": [{"givenName": "B"}]});
    assert_eq!(account.update(&name, "names", by_source).status, 200);
}

#[test]
fn p43_a_changed_contact_is_refused_with_400_and_the_known_words() {
    let mut account = Account::new();
    let name = account.named("A");
    let old = account.get(&name, "metadata");
    account.set(&name, "names", json!({"names": [{"givenName": "B"}]}));
    for (body, text) in [
        (json!({"etag": old["etag"]}), "Request person.etag is different"),
        (json!({"metadata": old["metadata"]}), "Request person.metadata.sources.etag is different"),
    ] {
        let response = account.update(&name, "names", body);
        assert_eq!(response.status, 400, "not 412 and not 409");
        let error = &response.body.unwrap()["error"];
        assert_eq!(error["status"], "FAILED_PRECONDITION");
        assert!(error["message"].as_str().unwrap().starts_with(text), "{error}");
    }
    let query = [("updatePersonFields", "names"), ("$.xgafv", "1")];
    let method = "people.people.updateContact";
    let error = account.refused(method, &name, &query, json!({"etag": old["etag"]}));
    assert_eq!(error["errors"][0]["reason"], "failedPrecondition");
}

#[test]
fn p43_an_etag_of_another_mask_is_as_good() {
    let mut account = Account::new();
    let name = account.named("A");
    for mask in ["names", "metadata,phoneNumbers"] {
        let etag = account.get(&name, mask)["etag"].clone();
        let body = json!({"etag": etag, "names": [{"givenName": "B"}]});
        assert_eq!(account.update(&name, "names", body).status, 200, "{mask}");
    }
}

#[test]
fn p44_memberships_cannot_be_emptied() {
    let mut account = Account::new();
    let name = account.named("A");
    let etag = account.get(&name, "metadata")["etag"].clone();
    for body in [json!({"etag": etag}), json!({"etag": etag, "memberships": []})] {
        assert_eq!(account.update(&name, "memberships", body).status, 400);
    }
    let unknown = json!({"etag": etag, "memberships": [{"contactGroupMembership":
        {"contactGroupResourceName": "contactGroups/nope"}}]});
    assert_eq!(account.update(&name, "memberships", unknown).status, 400);
    let old = json!({"etag": etag, "memberships": [{"contactGroupMembership":
        {"contactGroupResourceName": "contactGroups/friends"}}]});
    assert_eq!(account.update(&name, "memberships", old).status, 400, "P84");
}

#[test]
fn p45_a_delete_answers_nothing_and_once_only() {
    let mut account = Account::new();
    let name = account.named("A");
    let method = "people.people.deleteContact";
    assert_eq!(account.ok(method, &name, &[], Value::Null), json!({}));
    assert_eq!(account.call(method, &name, &[], Value::Null).status, 404);
}

#[test]
fn p46_batches_have_limits() {
    let mut account = Account::new();
    let people =
        |count: usize| json!({"readMask": "names", "contacts": vec![json!({"contactPerson": {}}); count]});
    account.refused(BATCH_CREATE, "", &[], people(201));
    let made = account.ok(BATCH_CREATE, "", &[], people(200));
    assert_eq!(made["createdPeople"].as_array().unwrap().len(), 200);
    let mut people: serde_json::Map<String, Value> = serde_json::Map::new();
    for n in 0..201 {
        people.insert(format!("people/c{n}"), json!({}));
    }
    account.refused(BATCH_UPDATE, "", &[], json!({"contacts": people, "updateMask": "names"}));
    let many: Vec<_> = (0..501).map(|n| format!("people/c{n}")).collect();
    account.refused(BATCH_DELETE, "", &[], json!({"resourceNames": many}));
}

#[test]
fn p46_an_empty_read_mask_returns_nothing() {
    let mut account = Account::new();
    let body = json!({"contacts": [{"contactPerson": {"names": [{"givenName": "A"}]}}]});
    assert_eq!(account.ok(BATCH_CREATE, "", &[], body), json!({}));
    let name = names(&account.list(&[]))[0].clone();
    let etag = account.get(&name, "metadata")["etag"].clone();
    let body = json!({"contacts": {&name: {"etag": etag, "names": [{"givenName": "B"}]}},
                      "updateMask": "names"});
    assert_eq!(account.ok(BATCH_UPDATE, "", &[], body), json!({}));
    assert_eq!(account.get(&name, "names")["names"][0]["givenName"], "B");
    let body = json!({"contacts": {&name: {"etag": "x"}}});
    account.refused(BATCH_UPDATE, "", &[], body);
}

#[test]
fn p47_a_batch_names_its_bad_items_and_writes_none() {
    let mut account = Account::new();
    let twice = json!({"names": [{"givenName": "A"}, {"givenName": "B"}]});
    let body = json!({"contacts": [{"contactPerson": {}}, {"contactPerson": twice}], "readMask": "names"});
    let error = account.refused(BATCH_CREATE, "", &[], body.clone());
    let details = &error["details"][0];
    assert!(details["@type"].as_str().unwrap().ends_with("BatchCreateContactsErrorDetails"));
    assert_eq!(details["contactErrors"].as_object().unwrap().len(), 1);
    assert_eq!(details["contactErrors"]["1"]["code"], 3);
    assert!(names(&account.list(&[])).is_empty());
    account.knobs.people_batch_partial_writes = true;
    account.refused(BATCH_CREATE, "", &[], body);
    assert_eq!(names(&account.list(&[])).len(), 1, "the other reading");
}

#[test]
fn p47_a_batch_update_names_the_stale_ones() {
    let mut account = Account::new();
    let [a, b] = ["A", "B"].map(|given| account.named(given));
    let etag = account.get(&a, "metadata")["etag"].clone();
    let item = |etag: &Value| json!({"etag": etag, "names": [{"givenName": "New"}]});
    let body = json!({"contacts": {&a: item(&etag), &b: item(&etag)}, "updateMask": "names",
                      "readMask": "names"});
    for (partial, expected) in [(false, "A"), (true, "New")] {
        account.knobs.people_batch_partial_writes = partial;
        let error = account.refused(BATCH_UPDATE, "", &[], body.clone());
        let errors = &error["details"][0]["contactErrors"];
        assert_eq!(errors.as_object().unwrap().len(), 1);
        assert_eq!(errors[&b]["code"], 9);
        assert_eq!(account.get(&a, "names")["names"][0]["givenName"], expected);
    }
    let good = account.get(&a, "metadata")["etag"].clone();
    let body = json!({"contacts": {&a: item(&good)}, "updateMask": "names", "readMask": "names,metadata"});
    let result = account.ok(BATCH_UPDATE, "", &[], body);
    assert_eq!(result["updateResult"][&a]["person"]["names"][0]["givenName"], "New");
}

#[test]
fn p46_a_batch_delete_is_all_or_nothing() {
    let mut account = Account::new();
    let [a, b] = ["A", "B"].map(|given| account.named(given));
    let body = json!({"resourceNames": [a, "people/c1"]});
    assert_eq!(account.call(BATCH_DELETE, "", &[], body).status, 404);
    assert_eq!(names(&account.list(&[])).len(), 2);
    account.ok(BATCH_DELETE, "", &[], json!({"resourceNames": [a, b]}));
    assert!(names(&account.list(&[])).is_empty());
}

#[test]
fn p49_a_photo_is_a_jpeg_or_a_png_and_may_be_taken_back() {
    let mut account = Account::new();
    let name = account.named("A");
    let before = account.get(&name, "photos")["photos"][0].clone();
    assert_eq!(before["default"], true);
    assert!(before["url"].as_str().unwrap().ends_with("=s100"));
    account.refused(PHOTO, &name, &[], json!({"photoBytes": "R0lGODlh"}));
    account.refused(PHOTO, &name, &[], json!({"photoBytes": "!"}));
    let png = json!({"photoBytes": "iVBORw0KGgo=", "personFields": "photos"});
    let answer = account.ok(PHOTO, &name, &[], png);
    let photo = &answer["person"]["photos"][0];
    assert!(photo.get("default").is_none());
    assert_ne!(photo["url"], before["url"]);
    assert_eq!(account.ok(PHOTO, &name, &[], json!({"photoBytes": "/9j/4A=="})), json!({}));
    let answer =
        account.ok("people.people.deleteContactPhoto", &name, &[("personFields", "photos")], Value::Null);
    assert_eq!(answer["person"]["photos"][0], before);
}

#[test]
fn p49_a_picture_is_shown_encoded_anew_at_an_address_of_its_own() {
    let mut account = Account::new();
    let name = account.named("A");
    let png = json!({"photoBytes": "iVBORw0KGgo=", "personFields": "photos"});
    let url = |answer: &Value| answer["photos"][0]["url"].as_str().unwrap().to_owned();
    let place = |url: &str| {
        url.trim_start_matches("https://lh3.googleusercontent.com/contacts/")
            .trim_end_matches("=s100")
            .to_owned()
    };
    let first = url(&account.ok(PHOTO, &name, &[], png)["person"]);
    let (media_type, bytes) = account.book.picture(&place(&first)).unwrap();
    assert_eq!(media_type, "image/png");
    assert!(bytes.starts_with(b"\x89PNG") && bytes.len() > 8, "{bytes:?}");

    account.book.ui("turn_photo", &json!({"resourceName": name}), account.now).unwrap();
    let second = url(&account.get(&name, "photos"));
    assert_ne!(first, second);
    assert!(account.book.picture(&place(&first)).is_none());
    assert_eq!(account.book.picture(&place(&second)).unwrap().1, bytes);

    account.ok("people.people.deleteContactPhoto", &name, &[], Value::Null);
    assert!(account.book.picture(&place(&second)).is_none());
    assert!(account.book.ui("turn_photo", &json!({"resourceName": name}), account.now).is_err());
}

#[test]
fn p51_what_is_no_contact_cannot_be_changed() {
    let mut account = Account::new();
    for name in ["people/me", "people/100000000000000000009"] {
        let response = account.update(name, "names", json!({"etag": "x"}));
        assert_eq!(response.status, 400);
        let message = response.body.unwrap()["error"]["message"].clone();
        assert_eq!(message, format!("Resource name \"{name}\" is not a valid contact person resource."));
        account.refused("people.people.deleteContact", name, &[], Value::Null);
    }
}
