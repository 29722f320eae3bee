//! Many records at once: no doubles, nothing lost to one bad record, and fast.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod support;

use passerelle_calendar::{Duration, Event, Start};
use passerelle_contacts::{Contact, Email};
use passerelle_ports::{ItemId, Slice};
use passerelle_sql_store::{Loading, Query, StoreError};
use support::{company, everything, person};

fn numbered(count: usize) -> impl Iterator<Item = (Contact, Option<serde_json::Value>)> {
    (0..count).map(|number| {
        let mut contact = person(&format!("Given {number}"), &format!("p{number}@example.org"));
        contact.uid = format!("uid-{number}");
        contact.name.surname = format!("Surname {:05}", number);
        contact.groups.insert("clients".into(), "Clients".into());
        (contact, None)
    })
}

#[tokio::test]
async fn a_second_load_of_the_same_records_makes_no_doubles() {
    let company = company().await;
    let mut told = Vec::new();
    let first =
        company.store.load_contacts(None, numbered(2_500), |loading| told.push(loading.read)).await.unwrap();
    assert_eq!((first.inserted, first.refused.len()), (2_500, 0));
    assert_eq!(told, [1_000, 2_000, 2_500]);
    let mut changed: Vec<_> = numbered(2_500).collect();
    changed[7].0.notes = "changed".into();
    changed[8].1 = Some(serde_json::json!({"X-B": "2"}));
    let second = company.store.load_contacts(None, changed, |_| {}).await.unwrap();
    assert_eq!((second.inserted, second.updated, second.already_there), (0, 2, 2_498));
    let shown = everything(&company.store.contacts(&company.bob)).await;
    assert_eq!(shown.items.len(), 2_500);
    assert!(shown.items.values().any(|item| item.opaque.0["X-B"] == "2"));
}

#[tokio::test]
async fn later_records_stand_behind_the_earlier_ones() {
    let company = company().await;
    company.store.load_contacts(None, numbered(1_200), |_| {}).await.unwrap();
    let more = numbered(1_500).skip(1_200);
    company.store.load_contacts(None, more, |_| {}).await.unwrap();
    // In the order of their ids, as every index has them: scattered, each row of a large index is a page to be read.
    let items = everything(&company.store.contacts(&company.bob)).await.items;
    let uids: Vec<String> = items.into_values().map(|item| item.record.uid).collect();
    let wanted: Vec<String> = (0..1_500).map(|number| format!("uid-{number}")).collect();
    assert_eq!(uids, wanted);
}

#[tokio::test]
async fn however_much_is_kept_beside_a_record_all_of_it_is_there() {
    let company = company().await;
    let kept = |count: usize| serde_json::Value::from_iter((0..count).map(|n| format!("X-{n}:1")));
    let records =
        [3, 100, 101, 500].map(|count| (person("A", &format!("a{count}@x.org")), Some(kept(count))));
    company.store.load_contacts(None, records, |_| {}).await.unwrap();
    let items = everything(&company.store.contacts(&company.bob)).await.items;
    let counts: std::collections::BTreeSet<usize> =
        items.values().map(|item| item.opaque.0.as_array().unwrap().len()).collect();
    assert_eq!(counts, [3, 100, 101, 500].into());
}

#[tokio::test]
async fn the_same_uid_twice_in_one_load_is_one_record() {
    let company = company().await;
    let (first, _) = numbered(1).next().unwrap();
    let second = Contact { notes: "later".into(), ..first.clone() };
    let loading =
        company.store.load_contacts(None, [(first, None), (second.clone(), None)], |_| {}).await.unwrap();
    assert_eq!((loading.inserted, loading.updated), (1, 1));
    let shown = everything(&company.store.contacts(&company.anne)).await.items;
    assert_eq!(shown.into_values().next().unwrap().record, second);
}

#[tokio::test]
async fn one_bad_record_is_told_and_the_others_are_loaded() {
    let company = company().await;
    let bad = Contact { emails: [(String::new(), Email::default())].into(), ..Contact::default() };
    let records = [(person("A", "a@x.org"), None), (bad, None), (person("B", "b@x.org"), None)];
    let loading = company.store.load_contacts(Some(&company.anne), records, |_| {}).await.unwrap();
    let refused = vec![(1, "rule:email".to_owned())];
    assert_eq!(loading, Loading { read: 3, inserted: 2, refused, ..Loading::default() });
    assert_eq!(everything(&company.store.contacts(&company.anne)).await.items.len(), 2);
    assert!(everything(&company.store.contacts(&company.bob)).await.items.is_empty());
}

#[tokio::test]
async fn events_are_loaded_into_one_users_calendar() {
    let company = company().await;
    let event = |number: u32| Event {
        uid: format!("e{number}"),
        title: format!("Visit {number}%"),
        location: "Lyon".into(),
        start: Some("2026-11-23T09:00:00[Europe/Paris]".parse::<Start>().unwrap()),
        duration: Duration::seconds(3_600 + number),
        recurrence_rules: vec!["FREQ=WEEKLY;BYDAY=MO".into()],
        ..Event::default()
    };
    let events: Vec<_> = (0..1_200).map(|number| (event(number), None)).collect();
    let loading = company.store.load_events(&company.anne, events.clone(), |_| {}).await.unwrap();
    assert_eq!(loading.inserted, 1_200);
    let again = company.store.load_events(&company.anne, events, |_| {}).await.unwrap();
    assert_eq!(again.already_there, 1_200);
    let query = |user, text: &str| Query {
        user: Some(user),
        text: text.into(),
        slice: Slice { skip: 1, limit: 5 },
        as_made: false,
        only: Vec::new(),
    };
    let shown = company.store.list_events(query(company.anne.clone(), "visit 119% lyon")).await.unwrap();
    assert_eq!((shown.total, shown.items.len()), (2, 1));
    let shown = company.store.list_events(query(company.anne.clone(), "")).await.unwrap();
    assert_eq!((shown.total, shown.items.len()), (1_200, 5));
    // All of them, as their ids say: the same ones in the same order.
    let ids = company.store.event_ids(query(company.anne.clone(), "")).await.unwrap();
    let stretch: Vec<_> = shown.items.iter().map(|item| item.id.clone()).collect();
    assert_eq!((ids.len(), &ids[1..6]), (1_200, stretch.as_slice()));
    let only = Query { only: vec![ids[9].clone(), ids[2].clone()], ..query(company.anne.clone(), "") };
    let shown = company.store.list_events(only).await.unwrap();
    let named: Vec<_> = shown.items.iter().map(|item| &item.id).collect();
    assert_eq!(named, [&ids[9], &ids[2]]);
    assert_eq!(company.store.list_events(query(company.bob.clone(), "")).await.unwrap().total, 0);
}

#[tokio::test]
async fn contacts_are_found_by_their_words_and_listed_by_name() {
    let company = company().await;
    company.store.load_contacts(Some(&company.anne), numbered(30), |_| {}).await.unwrap();
    let query = |user: Option<_>, text: &str| Query {
        user,
        text: text.into(),
        slice: Slice { skip: 0, limit: 3 },
        as_made: true,
        only: Vec::new(),
    };
    for (user, text, total) in [
        (None, "", 30),
        (Some(company.anne.clone()), "", 30),
        (Some(company.bob.clone()), "", 0),
        (None, "p7@ given", 1),
        (None, "Surname 0001", 11),
        (None, "100%", 0),
        (None, "_", 0),
    ] {
        let shown = company.store.list_contacts(query(user, text)).await.unwrap();
        assert_eq!(shown.total, total, "{text}");
    }
    let shown = company.store.list_contacts(query(None, "")).await.unwrap();
    let names: Vec<_> = shown.items.iter().map(|item| item.record.name.surname.as_str()).collect();
    assert_eq!(names, ["Surname 00000", "Surname 00001", "Surname 00002"]);
    let one = company.store.get_contact(&shown.items[0].id).await.unwrap().unwrap();
    assert_eq!(one, shown.items[0]);
    assert_eq!(company.store.get_contact(&ItemId::new("nobody")).await.unwrap(), None);
}

#[tokio::test]
async fn an_interrupted_load_keeps_whole_thousands_and_can_be_repeated() {
    let company = company().await;
    company.client().run(
        "CREATE TRIGGER stop BEFORE INSERT ON contacts WHEN NEW.uid = 'uid-1500' BEGIN
             SELECT RAISE(FAIL, 'database is locked');
         END;",
    );
    let error = company.store.load_contacts(None, numbered(2_000), |_| {}).await.unwrap_err();
    assert!(matches!(error, StoreError::Busy(_)), "{error:?}");
    assert_eq!(company.client().text("SELECT count(*) || '' AS text FROM contacts"), "1000");
    company.client().run("DROP TRIGGER stop");
    let again = company.store.load_contacts(None, numbered(2_000), |_| {}).await.unwrap();
    assert_eq!((again.inserted, again.already_there), (1_000, 1_000));
}
