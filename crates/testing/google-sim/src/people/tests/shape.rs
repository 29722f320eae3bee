//! The shape of a person: P63 to P73.

use serde_json::json;

use super::{Account, name_of};

#[test]
fn p64_the_first_item_is_primary_unless_another_was_chosen() {
    let mut account = Account::new();
    let person = account.create(json!({"emailAddresses": [{"value": "a"}, {"value": "b"}],
        "phoneNumbers": [{"value": "1"}, {"value": "2", "metadata": {"sourcePrimary": true}}]}));
    let marks = |field: &str| -> Vec<bool> {
        let items = person[field].as_array().unwrap();
        items.iter().map(|item| item["metadata"].get("primary").is_some()).collect()
    };
    assert_eq!(marks("emailAddresses"), [true, false]);
    assert_eq!(marks("phoneNumbers"), [false, true]);
    assert_eq!(person["emailAddresses"][0]["value"], "a", "in the order sent");
    let source = &person["emailAddresses"][1]["metadata"]["source"];
    assert_eq!(source["type"], "CONTACT");
    assert_eq!(source["id"], person["metadata"]["sources"][0]["id"]);
}

#[test]
fn p66_a_company_has_no_display_name() {
    let mut account = Account::new();
    let person = account.create(json!({"organizations": [{"name": "ACME", "type": "work",
        "startDate": {"year": 2001}, "current": true}]}));
    assert!(person.get("names").is_none());
    assert_eq!(person["organizations"][0]["formattedType"], "Professionnel");
    assert_eq!(person["organizations"][0]["startDate"], json!({"year": 2001}));
}

#[test]
fn p67_bad_dates_are_refused_and_events_need_one() {
    let mut account = Account::new();
    let create = "people.people.createContact";
    for body in [
        json!({"birthdays": [{"date": {"year": 1980, "day": 1}}]}),
        json!({"birthdays": [{"date": {"month": 2, "day": 30}}]}),
        json!({"events": [{"type": "anniversary"}]}),
        json!({"organizations": [{"name": "A", "endDate": {"day": 4}}]}),
    ] {
        account.refused(create, "", &[], body);
    }
    let person =
        account.create(json!({"birthdays": [{"date": {"year": 0, "month": 2, "day": 29}, "text": "leap"}]}));
    assert_eq!(person["birthdays"][0]["date"], json!({"month": 2, "day": 29}));
    assert_eq!(person["birthdays"][0]["text"], "leap");
}

#[test]
fn p68_an_old_block_sent_with_new_parts_is_kept() {
    let mut account = Account::new();
    let person = account.create(json!({"addresses": [{"streetAddress": "1 rue A", "city": "Brest"}]}));
    let name = name_of(&person);
    let mut address = person["addresses"][0].clone();
    assert_eq!(address["formattedValue"], "1 rue A\nBrest");
    address["city"] = json!("Quimper");
    let after = account.set(&name, "addresses", json!({"addresses": [address.clone()]}));
    assert_eq!(after["addresses"][0]["formattedValue"], "1 rue A\nBrest", "the trap");
    address["formattedValue"] = json!("");
    let after = account.set(&name, "addresses", json!({"addresses": [address]}));
    assert_eq!(after["addresses"][0]["formattedValue"], "1 rue A\nQuimper");
}

#[test]
fn p69_phones_keep_what_was_typed_beside_e164() {
    let mut account = Account::new();
    let person = account.create(json!({"phoneNumbers": [
        {"value": "01 42 68 53 00", "type": "work"}, {"value": "poste 12", "type": "Atelier"}]}));
    let phones = &person["phoneNumbers"];
    assert_eq!(phones[0]["value"], "01 42 68 53 00");
    assert_eq!(phones[0]["canonicalForm"], "+33142685300");
    assert_eq!(phones[0]["formattedType"], "Professionnel");
    assert!(phones[1].get("canonicalForm").is_none());
    assert_eq!(phones[1]["formattedType"], "Atelier");
}

#[test]
fn p69_labels_follow_the_reader_not_the_writer() {
    let mut account = Account::new();
    let person = account.create(json!({"emailAddresses": [{"value": "a@b.example", "type": "home"}]}));
    account.profile.locale = "en-US".to_owned();
    let read = account.get(&name_of(&person), "emailAddresses");
    assert_eq!(read["emailAddresses"][0]["formattedType"], "Home");
}

#[test]
fn p70_every_writable_field_comes_back() {
    let mut account = Account::new();
    let sent = json!({
        "biographies": [{"value": "notes", "contentType": "TEXT_HTML"}],
        "calendarUrls": [{"url": "https://b.example/c", "type": "freeBusy"}],
        "clientData": [{"key": "k", "value": "1"}, {"key": "k", "value": "1"}],
        "events": [{"date": {"year": 2001, "month": 2, "day": 3}, "type": "anniversary"}],
        "externalIds": [{"value": "7", "type": "customer"}],
        "genders": [{"value": "female"}],
        "imClients": [{"username": "u", "protocol": "jabber"}],
        "interests": [{"value": "chess"}],
        "locales": [{"value": "fr"}],
        "locations": [{"value": "here", "type": "desk"}],
        "miscKeywords": [{"value": "w", "type": "OUTLOOK_KEYWORD"}],
        "nicknames": [{"value": "Jo"}],
        "occupations": [{"value": "baker"}],
        "relations": [{"person": "Bob", "type": "spouse"}],
        "sipAddresses": [{"value": "sip:a@b.example"}],
        "urls": [{"value": "https://b.example", "type": "blog"}],
        "userDefined": [{"key": "a", "value": "b"}],
    });
    let back = account.create(sent.clone());
    for (field, items) in sent.as_object().unwrap() {
        let (sent, back) = (items.as_array().unwrap(), back[field].as_array().unwrap());
        assert_eq!(sent.len(), back.len(), "{field}: duplicates are kept (P71)");
        for (sent, back) in sent.iter().zip(back) {
            for (member, value) in sent.as_object().unwrap() {
                assert_eq!(&back[member], value, "{field}.{member}");
            }
        }
    }
    assert_eq!(back["genders"][0]["formattedValue"], "Femme");
    assert_eq!(back["relations"][0]["formattedType"], "Conjoint(e)");
}

#[test]
fn p72_read_only_fields_are_ignored_on_writing() {
    let mut account = Account::new();
    let person = account.create(json!({"photos": [{"url": "https://b.example/x"}],
        "ageRanges": [{"ageRange": "TWENTY_ONE_OR_OLDER"}], "skills": [{"value": "s"}],
        "names": [{"givenName": "A", "displayName": "Other"}]}));
    assert_eq!(person["photos"][0]["default"], true);
    assert!(person.get("ageRanges").is_none());
    assert!(person.get("skills").is_none(), "P31");
    assert_eq!(person["names"][0]["displayName"], "A", "P65");
}
