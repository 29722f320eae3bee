//! Tests of both ways of the conversion.

use passerelle_contacts::{
    Address, Email, Im, Labelled, LabelledDate, Phone, email_key, keyed, phone_key, text_key, url_key,
};
use proptest::{collection::vec, prelude::*};

use super::*;

const STAMP: &str = "0190f3d0-0000-7000-8000-000000000001";

fn stamp() -> Stamp {
    STAMP.parse().unwrap()
}

fn directory() -> Directory {
    let mut directory = Directory::default();
    directory.add("contactGroups/1a", "Clients");
    directory.add("contactGroups/2b", "Paris");
    directory
}

fn person(value: Value) -> Person {
    serde_json::from_value(value).unwrap()
}

fn read(value: &Person) -> Card {
    from_google(value, Context { groups: &directory(), region: Some("FR") })
}

fn changes(current: &Person, from: &Contact, to: &Contact) -> Draft {
    update(current, (from, to), stamp(), Context { groups: &directory(), region: Some("FR") })
}

fn created(record: &Contact, opaque: Option<&Opaque>) -> Draft {
    create(record, opaque, &"key".into(), stamp(), Context { groups: &directory(), region: Some("FR") })
}

/// Edits a person through the domain, and returns the draft with what Google will hold.
fn edit(current: &Person, change: impl FnOnce(&mut Contact)) -> (Draft, Person) {
    let from = read(current).record;
    let mut to = from.clone();
    change(&mut to);
    let draft = changes(current, &from, &to);
    let after = draft.applied_to(current);
    (draft, after)
}

fn sent(draft: &Draft, field: &str) -> Value {
    draft.fields.get(field).map_or(Value::Null, |items| json!(items))
}

fn phone(number: &str, label: &str) -> (String, Phone) {
    let phone = Phone { number: number.into(), label: label.into(), preferred: false };
    (phone_key(number, Some("FR")), phone)
}

#[test]
fn p64_to_p71_a_person_reads_as_a_contact() {
    let card = read(&person(json!({
        "resourceName": "people/c1",
        "names": [{"givenName": "Anne", "familyName": "Dupont", "displayName": "Anne Dupont",
                   "unstructuredName": "Anne Dupont", "phoneticGivenName": "an"}],
        "nicknames": [{"value": "Nana"}],
        "organizations": [{"name": "Old"}, {"name": "ACME", "title": "Chef", "metadata": {"primary": true}}],
        "emailAddresses": [{"value": "Anne@Example.org", "type": "work", "metadata": {"primary": true}}],
        "phoneNumbers": [{"value": "01 23 45 67 89", "type": "workFax", "canonicalForm": "+33123456789"}],
        "addresses": [{"type": "work", "city": "Paris"}, {"type": "work", "formattedValue": "1 rue\nLyon"}],
        "urls": [{"value": "https://A.example/", "type": "homePage"}],
        "imClients": [{"username": "anne.d", "protocol": "googleTalk"}],
        "birthdays": [{"date": {"month": 8, "day": 20}}],
        "events": [{"type": "anniversary", "date": {"year": 2010, "month": 6, "day": 1}},
                   {"type": "Embauche", "date": {"year": 2020}}],
        "relations": [{"person": "Jean", "type": "domesticPartner"}],
        "biographies": [{"value": "note", "contentType": "TEXT_PLAIN"}],
        "memberships": [{"contactGroupMembership": {"contactGroupResourceName": "contactGroups/myContacts"}},
                        {"contactGroupMembership": {"contactGroupResourceName": "contactGroups/1a"}}],
        "userDefined": [{"key": "Code", "value": "7"}],
        "photos": [{"url": "https://p.example/1"}],
    })));
    let contact = card.record;
    assert_eq!((contact.name.given.as_str(), contact.name.surname.as_str()), ("Anne", "Dupont"));
    assert_eq!((contact.name.full.as_str(), contact.name.phonetic_given.as_str()), ("", "an"), "P65");
    assert_eq!(contact.nicknames["nana"], "Nana");
    assert_eq!(contact.organization.title, "Chef", "P64: the primary one is the main one");
    assert_eq!(contact.other_organizations["old"].name, "Old");
    assert_eq!(contact.emails["anne@example.org"].label, "work");
    assert!(!contact.emails["anne@example.org"].preferred);
    assert_eq!(contact.phones["+33123456789"].label, "work_fax", "P69");
    assert_eq!(contact.addresses["work"].city, "Paris");
    assert_eq!(contact.addresses["work#2"].street, "1 rue\nLyon", "P68: the whole text is all there is");
    assert_eq!(contact.urls["https://a.example"].label, "home_page");
    assert_eq!(contact.ims["googletalk:anne.d"].handle, "anne.d");
    assert_eq!(contact.birthday.unwrap().to_string(), "--08-20", "P67");
    assert_eq!(contact.anniversary.unwrap().to_string(), "2010-06-01");
    assert_eq!(contact.dates["embauche"].date.to_string(), "2020");
    assert_eq!(contact.relations["domestic_partner:jean"].value, "Jean");
    assert_eq!(contact.notes, "note");
    assert_eq!(contact.groups, BTreeMap::from([("clients".to_owned(), "Clients".to_owned())]), "P81");
    assert_eq!(contact.custom["code"].value, "7");
    assert_eq!(contact.photo, "https://p.example/1");
    assert_eq!(card.opaque, Opaque(Value::Null));
}

#[test]
fn p49_a_picture_that_google_drew_is_none() {
    let drawn = person(json!({"photos": [{"url": "https://p.example/d", "default": true}]}));
    assert_eq!(read(&drawn).record.photo, "");
}

#[test]
fn p33_the_mask_names_only_what_changed() {
    let current = person(json!({
        "names": [{"givenName": "Anne"}],
        "phoneNumbers": [{"value": "1"}],
        "biographies": [{"value": "old"}],
    }));
    type Change = fn(&mut Contact);
    let masks: [(Change, &str); 8] = [
        (|_| {}, "clientData"),
        (|c| c.notes = "new".into(), "biographies,clientData"),
        (|c| c.name.given = "Zoé".into(), "clientData,names"),
        (|c| c.phones.clear(), "clientData,phoneNumbers"),
        (|c| c.organization.name = "ACME".into(), "clientData,organizations"),
        (|c| c.private = true, "clientData"),
        (|c| c.photo = "https://x.example".into(), "clientData"),
        (|c| drop(c.groups.insert("paris".into(), "Paris".into())), "clientData,memberships"),
    ];
    for (change, mask) in masks {
        assert_eq!(edit(&current, change).0.mask(), mask);
    }
}

#[test]
fn incident_43_company_and_title_are_sent_together_or_not_at_all() {
    let current = person(json!({"organizations": [
        {"name": "ACME", "title": "Chef", "jobDescription": "cuisine", "type": "work", "formattedType": "Work"},
        {"name": "Club"},
    ]}));
    let (draft, _) = edit(&current, |contact| contact.organization.title = "Cheffe".into());
    assert_eq!(
        sent(&draft, "organizations"),
        json!([{"name": "ACME", "title": "Cheffe", "jobDescription": "cuisine", "type": "work"}, {"name": "Club"}])
    );
    let (draft, _) = edit(&current, |contact| contact.notes = "x".into());
    assert!(!draft.fields.contains_key("organizations"));
}

#[test]
fn incident_44_editing_one_number_among_four_keeps_the_types_of_all() {
    let current = person(json!({"phoneNumbers": [
        {"value": "01 11 11 11 11", "type": "home", "canonicalForm": "+33111111111", "formattedType": "Domicile"},
        {"value": "01 22 22 22 22", "type": "Maison de campagne"},
        {"value": "01 33 33 33 33"},
        {"value": "01 44 44 44 44", "type": "googleVoice", "metadata": {"primary": true, "verified": true}},
    ]}));
    let (draft, _) = edit(&current, |contact| {
        contact.phones.get_mut("+33133333333").unwrap().label = "mobile".into();
    });
    assert_eq!(
        sent(&draft, "phoneNumbers"),
        json!([
            {"value": "01 11 11 11 11", "type": "home"},
            {"value": "01 22 22 22 22", "type": "Maison de campagne"},
            {"value": "01 33 33 33 33", "type": "mobile"},
            {"value": "01 44 44 44 44", "type": "googleVoice"},
        ])
    );
}

#[test]
fn incident_45_an_edit_touches_no_other_field() {
    let current = person(json!({
        "names": [{"givenName": "Anne", "phoneticFullName": "an"}],
        "relations": [{"person": "Jean", "type": "spouse"}],
        "events": [{"type": "anniversary", "date": {"month": 1, "day": 2}}],
        "userDefined": [{"key": "a", "value": "b"}],
        "genders": [{"value": "female"}],
        "sipAddresses": [{"value": "sip:a"}],
    }));
    let (draft, _) = edit(&current, |contact| contact.name.given = "Anna".into());
    assert_eq!(draft.mask(), "clientData,names");
    assert_eq!(sent(&draft, "names"), json!([{"givenName": "Anna", "phoneticFullName": "an"}]));
}

#[test]
fn incident_46_a_birthday_without_its_year_survives() {
    let current = person(json!({"birthdays": [{"date": {"year": 0, "month": 8, "day": 20}}]}));
    assert!(!edit(&current, |contact| contact.notes = "x".into()).0.fields.contains_key("birthdays"));
    let (draft, _) = edit(&current, |contact| contact.birthday = "--08-21".parse().ok());
    assert_eq!(sent(&draft, "birthdays"), json!([{"date": {"month": 8, "day": 21}}]));
}

#[test]
fn what_no_record_holds_of_an_entry_is_told() {
    for (fields, told) in [
        (json!({"birthdays": [{"text": "spring"}]}), vec!["birthdays.text"]),
        (json!({"birthdays": [{"date": {"month": 2, "day": 31}}]}), vec!["birthdays.date"]),
        (
            json!({"birthdays": [{"date": {"year": 1990, "month": 8, "day": 20}, "text": "20/08/1990"}]}),
            vec![],
        ),
        (json!({"birthdays": [{"date": {"month": 8, "day": 20}, "text": "20 August"}]}), vec![]),
        (
            json!({"birthdays": [{"date": {"year": 1990, "month": 8, "day": 20}, "text": "in 1990"}]}),
            vec!["birthdays.text"],
        ),
        (
            json!({"organizations": [
                {"name": "A", "type": "work", "current": true, "location": "Lyon", "metadata": {"primary": true}},
                {"name": "B", "jobDescription": "sells"},
            ]}),
            vec!["organizations.jobDescription", "organizations.location"],
        ),
        (json!({"organizations": [{"domain": "a.example"}]}), vec!["organizations.domain"]),
        (json!({"organizations": [{"name": "A", "type": "work", "current": true}]}), vec![]),
        (
            json!({"emailAddresses": [{"value": "a@a.example", "displayName": "Anna"}]}),
            vec!["emailAddresses.displayName"],
        ),
        (json!({"events": [{"type": "other", "date": {"day": 3}}]}), vec!["events"]),
        (
            json!({"names": [{"givenName": "Anna", "phoneticMiddleName": "an", "phoneticFullName": "an"}]}),
            vec!["names.phoneticMiddleName"],
        ),
        (
            json!({"nicknames": [{"value": "Nan", "type": "MAIDEN_NAME"}], "biographies": [{"value": "x", "contentType": "TEXT_HTML"}]}),
            vec![],
        ),
        (
            json!({"occupations": [{"value": "Smith"}], "birthdays": [{"text": "spring"}]}),
            vec!["occupations", "birthdays.text"],
        ),
    ] {
        let unshown: Vec<String> =
            read(&person(fields.clone())).opaque.unshown().map(|field| field.to_string()).collect();
        assert_eq!(unshown, told, "{fields}");
    }
}

#[test]
fn what_somebody_typed_beside_a_value_stays_when_it_is_written() {
    let day = |text: &str| text.parse::<PartialDate>().ok();
    let date = json!({"year": 1990, "month": 3, "day": 5});
    let spring = person(json!({"birthdays": [{"text": "spring"}]}));
    let (draft, dated) = edit(&spring, |contact| contact.birthday = day("1990-03-05"));
    assert_eq!(sent(&draft, "birthdays"), json!([{"date": date, "text": "spring"}]));
    let (draft, _) = edit(&dated, |contact| contact.birthday = None);
    assert_eq!(sent(&draft, "birthdays"), json!([{"text": "spring"}]));
    let repeated = person(json!({"birthdays": [{"date": date, "text": "05/03/1990"}]}));
    let (draft, _) = edit(&repeated, |contact| contact.birthday = day("1990-03-06"));
    assert_eq!(sent(&draft, "birthdays"), json!([{"date": {"year": 1990, "month": 3, "day": 6}}]));

    let other = |contact: &mut Contact| {
        let b = Organization { name: "B".into(), ..Organization::default() };
        contact.other_organizations.insert("b".into(), b);
    };
    for (main, change) in [
        (json!({"location": "Lyon"}), &other as &dyn Fn(&mut Contact)),
        (json!({"name": "A", "location": "Lyon"}), &|contact| contact.organization = Organization::default()),
    ] {
        let (draft, after) = edit(&person(json!({"organizations": [main]})), change);
        assert_eq!(sent(&draft, "organizations")[0], json!({"location": "Lyon"}));
        assert_eq!(read(&after).record.organization, Organization::default());
    }
    // What was deleted comes back with it.
    let whole =
        json!({"birthdays": [{"text": "spring"}], "organizations": [{"location": "Lyon", "type": "work"}]});
    let card = read(&person(whole.clone()));
    let draft = created(&card.record, Some(&card.opaque));
    for field in ["birthdays", "organizations"] {
        assert_eq!(sent(&draft, field), whole[field], "{field}");
    }
    let bare = read(&person(
        json!({"names": [{"givenName": "A"}], "biographies": [{"value": "", "contentType": "TEXT_HTML"}]}),
    ));
    assert_eq!(sent(&created(&bare.record, Some(&bare.opaque)), "biographies"), Value::Null);
}

#[test]
fn incident_47_a_date_that_cannot_be_read_is_not_taken_for_none() {
    let current = person(json!({
        "birthdays": [{"date": {"month": 2, "day": 31}, "text": "Mardi gras"}],
        "events": [{"type": "x", "date": {"day": 3}}, {"type": "y", "date": {"year": 2020}}],
    }));
    let card = read(&current);
    assert_eq!((card.record.birthday, card.record.dates.len()), (None, 1));
    let (draft, _) = edit(&current, |contact| {
        contact.dates.insert("z".into(), LabelledDate { label: "z".into(), date: "2021".parse().unwrap() });
    });
    assert_eq!(draft.mask(), "clientData,events");
    assert_eq!(sent(&draft, "events")[0], json!({"type": "x", "date": {"day": 3}}));
    assert_eq!(sent(&draft, "events")[2], json!({"type": "z", "date": {"year": 2021}}));
}

#[test]
fn p68_changed_parts_do_not_keep_the_old_text() {
    let current = person(json!({"addresses": [
        {"type": "home", "streetAddress": "1 rue A", "city": "Quimper", "formattedValue": "1 rue A\nQuimper"},
        {"type": "work", "streetAddress": "2 rue B", "formattedValue": "chez Paul\n2 rue B"},
        {"type": "other", "formattedValue": "3 rue C\nBrest"},
    ]}));
    let (draft, after) =
        edit(&current, |contact| contact.addresses.get_mut("work").unwrap().city = "Brest".into());
    assert_eq!(
        sent(&draft, "addresses"),
        json!([
            {"type": "home", "streetAddress": "1 rue A", "city": "Quimper"},
            {"type": "work", "streetAddress": "2 rue B", "city": "Brest"},
            {"type": "other", "formattedValue": "3 rue C\nBrest"},
        ])
    );
    assert_eq!(read(&after).record.addresses["other"].street, "3 rue C\nBrest");
}

#[test]
fn p65_a_name_is_sent_in_parts_or_as_a_whole_never_both() {
    let full =
        Contact { name: Name { full: "ACME Service".into(), ..Name::default() }, ..Contact::default() };
    let draft = created(&full, None);
    assert_eq!(sent(&draft, "names"), json!([{"unstructuredName": "ACME Service"}]));
    let mut stored = draft.applied_to(&Person::default());
    stored.0.insert(
        "names".into(),
        json!([{"unstructuredName": "ACME Service", "givenName": "ACME", "familyName": "Service"}]),
    );
    assert_eq!(read(&stored).record.name, full.name, "what Google made of it is not a person's doing");
    let (draft, _) = edit(&stored, |contact| contact.name.given = "Anne".into());
    assert_eq!(sent(&draft, "names"), json!([{"givenName": "Anne"}]));
    stored.0["names"][0]["unstructuredName"] = "ACME Dienst".into();
    stored.0["names"][0]["familyName"] = "Dienst".into();
    let name = read(&stored).record.name;
    assert_eq!((name.given.as_str(), name.surname.as_str(), name.full.as_str()), ("ACME", "Dienst", ""));
}

#[test]
fn a_particle_stands_before_the_family_name_and_comes_back() {
    for (particle, surname, family) in [("de", "Gaulle", "de Gaulle"), ("d'", "Ormesson", "d'Ormesson")] {
        let name = Name { particle: particle.into(), surname: surname.into(), ..Name::default() };
        let draft = created(&Contact { name: name.clone(), ..Contact::default() }, None);
        assert_eq!(sent(&draft, "names"), json!([{"familyName": family}]));
        let mut stored = draft.applied_to(&Person::default());
        assert_eq!(read(&stored).record.name, name);
        stored.0.insert("names".into(), json!([{"familyName": "Martin"}]));
        assert_eq!(read(&stored).record.name, Name { surname: "Martin".into(), ..Name::default() });
    }
}

#[test]
fn p41_p44_a_contact_keeps_at_least_one_group() {
    let draft = created(&Contact::default(), None);
    assert_eq!(sent(&draft, "memberships"), json!([membership(MY_CONTACTS)]));
    let current = person(json!({"memberships": [membership("contactGroups/1a")]}));
    let (draft, _) = edit(&current, |contact| contact.groups.clear());
    assert_eq!(sent(&draft, "memberships"), json!([membership(MY_CONTACTS)]));
    let current = person(json!({"memberships": [
        membership(MY_CONTACTS), membership("contactGroups/starred"), membership("contactGroups/1a"),
        membership("contactGroups/unknown"), {"domainMembership": {"inViewerDomain": true}},
    ]}));
    let (draft, after) = edit(&current, |contact| {
        contact.groups = [("paris".to_owned(), "Paris".to_owned())].into();
    });
    let expected = [MY_CONTACTS, "contactGroups/starred", "contactGroups/unknown", "contactGroups/2b"];
    assert_eq!(sent(&draft, "memberships"), json!(expected.map(membership)));
    assert_eq!(read(&after).record.groups["paris"], "Paris");
}

#[test]
fn p71_entries_of_other_applications_stay() {
    let other = json!({"key": "other.app", "value": "1"});
    let current = person(json!({"clientData": [other, {"key": "passerelle.key", "value": "k"}, other]}));
    let (draft, after) = edit(&current, |contact| contact.notes = "x".into());
    let items = sent(&draft, "clientData");
    assert_eq!((&items[0], &items[1]), (&other, &other));
    let card = read(&after);
    assert_eq!((card.key, card.made, card.stamp), (Some("k".into()), None, Some(stamp())));
}

#[test]
fn r14_an_entry_keeps_a_key_that_its_value_does_not_give() {
    let address =
        |street: &str| Address { label: "work".into(), street: street.into(), ..Address::default() };
    let both = [("work".to_owned(), address("A")), ("work#2".to_owned(), address("B"))];
    let record = Contact { addresses: both.into(), ..Contact::default() };
    let stored = created(&record, None).applied_to(&Person::default());
    assert_eq!(read(&stored).record, record);
    let (_, after) = edit(&stored, |contact| drop(contact.addresses.remove("work")));
    let left = read(&after).record.addresses;
    assert_eq!(left, BTreeMap::from([("work#2".to_owned(), address("B"))]));
    let (_, after) = edit(&after, |contact| {
        contact.addresses.insert("work".into(), address("C"));
        contact.emails.insert("odd".into(), Email { address: "a@b.example".into(), ..Email::default() });
    });
    let contact = read(&after).record;
    assert_eq!(contact.addresses["work#2"], address("B"));
    assert_eq!(contact.addresses["work"], address("C"));
    assert!(contact.emails.contains_key("odd"));
}

#[test]
fn p64_the_preferred_entry_goes_first_and_is_found_again() {
    let current = person(json!({"emailAddresses": [
        {"value": "a@x.example", "metadata": {"primary": true, "sourcePrimary": true}}, {"value": "b@x.example"},
    ]}));
    let (draft, after) =
        edit(&current, |contact| contact.emails.get_mut("b@x.example").unwrap().preferred = true);
    assert_eq!(
        sent(&draft, "emailAddresses"),
        json!([{"value": "b@x.example", "metadata": {"sourcePrimary": true}}, {"value": "a@x.example"}])
    );
    let emails = read(&after).record.emails;
    assert!(emails["b@x.example"].preferred && !emails["a@x.example"].preferred);
}

#[test]
fn without_a_main_organisation_none_is_made_up() {
    let others = [("club".to_owned(), Organization { name: "Club".into(), ..Organization::default() })];
    let record = Contact { other_organizations: others.into(), ..Contact::default() };
    let stored = created(&record, None).applied_to(&Person::default());
    assert_eq!(read(&stored).record, record);
    let (_, after) = edit(&stored, |contact| contact.organization.name = "ACME".into());
    assert_eq!(read(&after).record.organization.name, "ACME");
    assert_eq!(read(&after).record.other_organizations.len(), 1);
}

#[test]
fn leftovers_come_back_with_a_contact() {
    let current = person(json!({
        "resourceName": "people/c1",
        "names": [{"givenName": "Anne", "phoneticFullName": "an", "displayName": "Anne"}],
        "emailAddresses": [{"value": "a@b.example", "displayName": "A", "formattedType": "Work"}, {"type": "odd"}],
        "organizations": [{"name": "ACME", "symbol": "ACM"}, {"name": "Club", "location": "Nice"}],
        "events": [{"type": "anniversary", "date": {"month": 1, "day": 2}, "x": "y"}],
        "genders": [{"value": "female", "formattedValue": "Femme"}],
        "clientData": [{"key": "other", "value": "1"}, {"key": "passerelle.uid", "value": "u"}],
        "memberships": [membership("contactGroups/starred")],
    }));
    let card = read(&current);
    let mut again = created(&card.record, Some(&card.opaque)).applied_to(&Person::default());
    assert_eq!(again.0["emailAddresses"][0], json!({"type": "odd"}));
    assert_eq!(again.0["emailAddresses"][1], json!({"value": "a@b.example", "displayName": "A"}));
    assert_eq!(again.0["names"], json!([{"givenName": "Anne", "phoneticFullName": "an"}]));
    assert_eq!(again.0["organizations"][0], json!({"name": "ACME", "symbol": "ACM"}));
    assert_eq!(again.0["organizations"][1], json!({"name": "Club", "location": "Nice"}));
    assert_eq!(again.0["memberships"], json!([membership("contactGroups/starred"), membership(MY_CONTACTS)]));
    again.set("emailAddresses", again.items("emailAddresses").into_iter().rev().collect());
    assert_eq!(read(&again).record, card.record);
    assert_eq!(
        created(&card.record, Some(&Opaque(json!("nonsense")))).applied_to(&Person::default()).0["names"],
        json!([{"givenName": "Anne"}])
    );
}

fn word() -> impl Strategy<Value = String> {
    "[a-zA-Zéß '@/#.0-9]{0,10}[a-zé]"
}

fn date() -> impl Strategy<Value = PartialDate> {
    (proptest::option::of(1_i32..=9999), 1_u32..=12, 1_u32..=28).prop_map(|(year, month, day)| PartialDate {
        year,
        month: Some(month),
        day: Some(day),
    })
}

prop_compose! {
    fn contact()(
        words in vec(word(), 12),
        emails in vec((word(), word(), any::<bool>()), 0..3), phones in vec((word(), word()), 0..3),
        addresses in vec((word(), word()), 0..4), labelled in vec((word(), word()), 0..3),
        birthday in proptest::option::of(date()), anniversary in proptest::option::of(date()),
        dates in vec((word(), date()), 0..3), private in any::<bool>(), parts in any::<bool>(),
    ) -> Contact {
        let mut words = words.into_iter();
        let mut next = || words.next().unwrap_or_default();
        let pairs = |key: fn(&str) -> String| {
            keyed(labelled.iter().map(|(label, value)| {
                (key(value), Labelled { label: label.clone(), value: value.clone() })
            }))
        };
        Contact {
            uid: next(),
            name: if parts {
                Name { given: next(), particle: "de".into(), surname: next(), suffix: next(), ..Name::default() }
            } else {
                Name { full: next(), ..Name::default() }
            },
            nicknames: keyed(labelled.iter().map(|(name, _)| (text_key(name), name.clone()))),
            organization: Organization { name: next(), title: next(), department: String::new() },
            other_organizations: keyed(labelled.iter().map(|(name, title)| {
                (text_key(name), Organization { name: name.clone(), title: title.clone(), ..Default::default() })
            })),
            emails: keyed(emails.into_iter().map(|(address, label, preferred)| {
                (email_key(&address), Email { address, label, preferred })
            })),
            phones: keyed(phones.into_iter().map(|(number, label)| phone(&number, &label))),
            addresses: keyed(addresses.into_iter().map(|(label, street)| {
                (passerelle_contacts::address_key(&label), Address { label, street, ..Default::default() })
            })),
            urls: pairs(url_key),
            ims: keyed(labelled.iter().map(|(handle, service)| {
                let service = service.to_lowercase();
                let im = Im { service: service.clone(), handle: handle.clone(), label: String::new() };
                (passerelle_contacts::im_key(&service, handle), im)
            })),
            birthday,
            anniversary,
            dates: keyed(dates.into_iter().map(|(label, date)| (text_key(&label), LabelledDate { label, date }))),
            relations: pairs(text_key),
            notes: next(),
            groups: [("paris".to_owned(), "Paris".to_owned())].into(),
            custom: pairs(text_key),
            photo: String::new(),
            private,
            order: Order::default(),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_contact_that_was_sent_is_read_as_it_was(contact in contact()) {
        let stored = created(&contact, None).applied_to(&Person::default());
        let card = read(&stored);
        prop_assert_eq!(&card.record, &contact);
        prop_assert_eq!(card.opaque, Opaque(Value::Null));
        prop_assert_eq!((card.key, card.made, card.stamp), (Some("key".into()), Some(stamp()), Some(stamp())));
        prop_assert_eq!(changes(&stored, &contact, &contact).mask(), "clientData");
    }

    #[test]
    fn any_edit_of_a_contact_is_read_as_it_was_meant(one in contact(), other in contact()) {
        let stored = created(&one, None).applied_to(&Person::default());
        let after = changes(&stored, &one, &other).applied_to(&stored);
        prop_assert_eq!(read(&after).record, other);
    }

    #[test]
    fn what_another_program_wrote_survives_an_edit(
        contact in contact(), kind in word(), symbol in word(), change in word(),
    ) {
        let mut stored = created(&contact, None).applied_to(&Person::default());
        for field in ["emailAddresses", "phoneNumbers", "organizations", "urls", "events"] {
            let mut items = stored.items(field);
            for item in &mut items {
                item.insert("symbol".into(), symbol.clone().into());
            }
            items.push(Map::from_iter([("odd".to_owned(), json!(kind.clone()))]));
            stored.set(field, items);
        }
        let before = read(&stored);
        let (_, after) = edit(&stored, |contact| {
            contact.emails.insert("new".into(), Email { address: change.clone(), ..Email::default() });
            contact.notes = change.clone();
        });
        for field in ["phoneNumbers", "organizations", "urls", "events"] {
            prop_assert_eq!(after.items(field), stored.items(field));
        }
        let kept = stored.items("emailAddresses");
        let now: Vec<Item> = after.items("emailAddresses");
        prop_assert!(kept.iter().all(|item| now.contains(item)));
        prop_assert_eq!(read(&after).opaque, before.opaque);
    }
}

#[test]
fn an_entry_is_written_in_place_with_its_other_members() {
    let current = person(json!({
        "emailAddresses": [
            {"value": "z@a.example", "type": "work", "displayName": "Z at work", "metadata": {"primary": true}},
            {"value": "a@a.example", "type": "home", "displayName": "A at home"}],
        "phoneNumbers": [{"value": "01 23 45 67 89", "type": "work", "x": 1}, {"value": "06 12 34 56 78", "x": 2}],
        "urls": [{"value": "https://a.example", "type": "work", "x": 1}],
        "relations": [{"person": "Jean", "type": "spouse", "x": 1}],
        "userDefined": [{"key": "Code", "value": "7", "x": 1}, {"key": "Code", "value": "8", "x": 2}],
        "events": [{"type": "visit", "date": {"year": 2020, "month": 1, "day": 1}, "x": 1},
                   {"type": "visit", "date": {"year": 2021, "month": 1, "day": 1}, "x": 2}],
        "addresses": [{"type": "work", "city": "Angers", "x": 1}, {"type": "work", "city": "Brest", "x": 2}],
    }));
    let rename = |contact: &mut Contact, from: &str, to: &str| {
        let mut email = contact.emails.remove(from).unwrap();
        email.address = to.into();
        contact.emails.insert(to.into(), email);
    };
    let (draft, after) = edit(&current, |contact| {
        rename(contact, "z@a.example", "y@a.example");
        let number = contact.phones.remove("+33612345678").unwrap();
        contact.phones.insert("+33612345600".into(), Phone { number: "0612345600".into(), ..number });
        contact.urls = [(
            url_key("https://b.example"),
            Labelled { label: "work".into(), value: "https://b.example".into() },
        )]
        .into();
        contact.relations =
            [("spouse:anne".into(), Labelled { label: "spouse".into(), value: "Anne".into() })].into();
        let value = contact.custom.remove("code").unwrap();
        contact.custom.insert("number".into(), Labelled { label: "Number".into(), ..value });
        contact.dates.remove("visit");
        contact.addresses.get_mut("work#2").unwrap().city = "Caen".into();
    });
    assert_eq!(
        sent(&draft, "emailAddresses"),
        json!([{"value": "y@a.example", "type": "work", "displayName": "Z at work"},
               {"value": "a@a.example", "type": "home", "displayName": "A at home"}])
    );
    assert_eq!(
        sent(&draft, "phoneNumbers"),
        json!([{"value": "01 23 45 67 89", "type": "work", "x": 1}, {"value": "0612345600", "x": 2}])
    );
    assert_eq!(sent(&draft, "urls"), json!([{"value": "https://b.example", "type": "work", "x": 1}]));
    assert_eq!(sent(&draft, "relations"), json!([{"person": "Anne", "type": "spouse", "x": 1}]));
    assert_eq!(
        sent(&draft, "userDefined"),
        json!([{"key": "Number", "value": "7", "x": 1}, {"key": "Code", "value": "8", "x": 2}])
    );
    assert_eq!(
        sent(&draft, "events"),
        json!([{"type": "visit", "date": {"year": 2021, "month": 1, "day": 1}, "x": 2}])
    );
    assert_eq!(
        sent(&draft, "addresses"),
        json!([{"type": "work", "city": "Angers", "x": 1}, {"type": "work", "city": "Caen", "x": 2}])
    );
    assert_eq!(read(&after).record.emails.len(), 2);
}

#[test]
fn an_entry_that_says_nothing_to_google_is_not_sent() {
    let relation = |name: &str| Labelled { label: "spouse".into(), value: name.into() };
    let mut contact = Contact::default();
    contact.relations.insert("spouse:".into(), relation(""));
    contact.relations.insert("spouse:eva".into(), relation("Eva"));
    let draft = created(&contact, None);
    assert_eq!(sent(&draft, "relations"), json!([{"person": "Eva", "type": "spouse"}]));
}

#[test]
fn which_address_google_shows_first_stays_a_persons_choice() {
    let marked = json!([{"key": "passerelle.x.preferred", "value": "emails/a@a.example"}]);
    let current = person(json!({
        "emailAddresses": [{"value": "b@a.example", "metadata": {"primary": true, "sourcePrimary": true}},
                           {"value": "a@a.example"}],
        "clientData": marked,
    }));
    let contact = read(&current).record;
    assert!(contact.emails["b@a.example"].preferred && !contact.emails["a@a.example"].preferred);
    let (draft, _) =
        edit(&current, |contact| contact.emails.get_mut("a@a.example").unwrap().label = "home".into());
    let values: Vec<_> =
        draft.fields["emailAddresses"].iter().map(|item| text(item, "value").to_owned()).collect();
    assert_eq!(values, ["b@a.example", "a@a.example"]);
    let (draft, _) = edit(&current, |contact| {
        contact.emails.get_mut("a@a.example").unwrap().preferred = true;
        contact.emails.get_mut("b@a.example").unwrap().preferred = false;
    });
    assert_eq!(
        sent(&draft, "emailAddresses"),
        json!([{"value": "a@a.example", "metadata": {"sourcePrimary": true}}, {"value": "b@a.example"}])
    );
}
