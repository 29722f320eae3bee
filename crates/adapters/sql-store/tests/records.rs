//! What is written is read back, and a write touches nothing but what it is about.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[path = "support/generate.rs"]
mod generate;
mod support;

use passerelle_calendar::Event;
use passerelle_contacts::{Address, Contact, Email, Labelled};
use passerelle_ports::{
    Code, CreateKey, Cursor, Detail, ErrorKind, Fields, From, ItemId, Opaque, Reason, Record, Relabelling,
    Replica, Stored, Write, Written, assemble, fields,
};
use passerelle_sql_store::StoreOptions;
use proptest::prelude::*;
use support::{Company, company, company_with, create, created, entry, everything, person, since, write_one};

/// Writes a record, changes it into another one, and checks both against what is read.
/// What a record says, without the order in which its lists stand: that belongs to the replica.
fn said<R: Record>(record: &R) -> Fields {
    let mut said = fields(record);
    said.retain(|field, _| field.member() != "order");
    said
}

async fn round_trip<R: Record>(replica: &dyn Replica<R>, first: R, second: R, number: u128) {
    let stored = created(replica, &format!("k{number}"), first.clone(), number).await;
    assert_eq!(said(&stored.record), said(&first));
    let update =
        Write::Update { from: stored.clone(), to: second.clone(), opaque: None, stamp: entry(number + 1) };
    let Written::Stored(updated) = write_one(replica, update).await else { panic!("not stored") };
    assert_eq!(said(&updated.record), said(&second));
    assert_eq!(replica.fetch(std::slice::from_ref(&stored.id)).await.unwrap(), [Some(updated)]);
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().build().unwrap()
}

fn with_company(test: impl AsyncFnOnce(Company)) {
    runtime().block_on(async { test(company().await).await });
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

    #[test]
    fn every_field_of_a_contact_is_kept(pairs in prop::collection::vec((generate::contact(), generate::contact()), 4)) {
        with_company(async |company| {
            let replica = company.store.contacts(&company.anne);
            for (number, (first, second)) in (0..).zip(pairs) {
                round_trip::<Contact>(&replica, first, second, number * 2).await;
            }
        });
    }

    #[test]
    fn every_field_of_an_event_is_kept(pairs in prop::collection::vec((generate::event(), generate::event()), 4)) {
        with_company(async |company| {
            let replica = company.store.events(&company.anne);
            for (number, (first, second)) in (0..).zip(pairs) {
                round_trip::<Event>(&replica, first, second, number * 2).await;
            }
        });
    }

    #[test]
    fn fields_that_a_write_does_not_name_stay(first in generate::contact(), second in generate::contact(), every in 1_usize..4) {
        with_company(async |company| {
            let replica = company.store.contacts(&company.anne);
            let stored = created::<Contact>(&replica, "k", first.clone(), 1).await;
            let mut target = fields(&first);
            let wanted = fields(&second);
            for field in wanted.keys().chain(fields(&first).keys()).step_by(every) {
                match wanted.get(field) {
                    Some(value) => target.insert(field.clone(), value.clone()),
                    None => target.remove(field),
                };
            }
            // Two keys with one name are one group; the tables keep the first.
            target.retain(|field, _| field.member() != "groups");
            let to: Contact = assemble(&target).unwrap();
            let update = Write::Update { from: stored, to: to.clone(), opaque: None, stamp: entry(2) };
            let Written::Stored(updated) = write_one(&replica, update).await else { panic!("not stored") };
            assert_eq!(said(&updated.record), target);
        });
    }
}

#[tokio::test]
async fn an_old_version_is_refused_and_changes_nothing() {
    let company = company().await;
    let replica = company.store.contacts(&company.anne);
    let old = created(&replica, "k", person("Zoé", "zoe@example.org"), 1).await;
    company.client().run("UPDATE contacts SET notes = 'by hand'");
    let to = Contact { notes: "ours".into(), ..old.record.clone() };
    let writes = [
        Write::Update { from: old.clone(), to, opaque: None, stamp: entry(2) },
        Write::Delete { from: old.clone(), stamp: entry(3) },
    ];
    for result in replica.write(&writes).await.unwrap() {
        assert_eq!(result.unwrap_err().kind, ErrorKind::VersionMismatch);
    }
    let now = replica.fetch(&[old.id]).await.unwrap().pop().unwrap().unwrap();
    assert_eq!(now.record.notes, "by hand");
    assert_eq!(replica.outcome(&[entry(2), entry(3)]).await.unwrap(), [None, None]);
}

#[tokio::test]
async fn a_group_that_the_writes_of_several_batches_leave_keeps_its_row() {
    let company = company().await;
    let mut client = company.client();
    let replica = company.store.contacts(&company.anne);
    let mut made = Vec::new();
    for number in 1..=3 {
        let mut record = person("Zoé", &format!("z{number}@example.org"));
        record.groups.insert("clients".into(), "Clients".into());
        made.push(created(&replica, &format!("k{number}"), record, number).await);
    }
    let row = client.text("SELECT id || name AS text FROM contact_groups");
    let renamed = |from: &Stored<Contact>, number| {
        let groups = [("kunden".to_owned(), "Kunden".to_owned())].into();
        let to = Contact { groups, ..from.record.clone() };
        Write::Update { from: from.clone(), to, opaque: None, stamp: entry(number) }
    };
    let plan = |count| [Relabelling { from: "Clients".into(), to: "Kunden".into(), count }];
    replica.relabel(&plan(3)).await.unwrap();
    write_one(&replica, renamed(&made[0], 4)).await;
    write_one(&replica, renamed(&made[1], 5)).await;
    assert_eq!(client.text("SELECT name AS text FROM contact_groups ORDER BY name"), "Clients|Kunden");
    // The rest in another run.
    let resumed = company.store.contacts(&company.anne);
    resumed.relabel(&plan(1)).await.unwrap();
    let Written::Stored(last) = write_one(&resumed, renamed(&made[2], 6)).await else { panic!("not stored") };
    assert_eq!(
        client.text("SELECT id || name AS text FROM contact_groups"),
        row.replace("Clients", "Kunden")
    );
    let all = everything(&resumed).await;
    assert!(all.items.values().all(|item| item.record.groups.keys().eq(["kunden"])), "{all:?}");
    assert_eq!(all.items[&last.id], last, "answered with the version that is read later");
}

#[tokio::test]
async fn a_group_that_only_some_leave_is_another_one_for_good() {
    let company = company().await;
    let mut client = company.client();
    let replica = company.store.contacts(&company.anne);
    let mut made = Vec::new();
    for number in 1..=3 {
        let mut record = person("Zoé", &format!("z{number}@example.org"));
        record.groups.insert("clients".into(), "Clients".into());
        made.push(created(&replica, &format!("k{number}"), record, number).await);
    }
    let renamed = |from: &Stored<Contact>, number| {
        let groups = [("vip".to_owned(), "VIP".to_owned())].into();
        let to = Contact { groups, ..from.record.clone() };
        Write::Update { from: from.clone(), to, opaque: None, stamp: entry(number) }
    };
    let plan = |count| [Relabelling { from: "Clients".into(), to: "VIP".into(), count }];
    // All were to leave, and one more came meanwhile.
    replica.relabel(&plan(3)).await.unwrap();
    write_one(&replica, renamed(&made[0], 4)).await;
    let mut record = person("Ida", "ida@example.org");
    record.groups.insert("clients".into(), "Clients".into());
    let ida = created(&replica, "k9", record, 9).await;
    replica.relabel(&plan(2)).await.unwrap();
    write_one(&replica, renamed(&made[1], 5)).await;
    write_one(&replica, renamed(&made[2], 6)).await;
    replica.relabel(&plan(1)).await.unwrap();
    write_one(&replica, renamed(&ida, 7)).await;
    assert_eq!(client.text("SELECT name AS text FROM contact_groups ORDER BY name"), "Clients|VIP");
}

#[tokio::test]
async fn a_refused_write_does_not_stop_the_others() {
    let company = company().await;
    let replica = company.store.contacts(&company.anne);
    let bad = Contact { emails: [("".into(), Email::default())].into(), ..person("Bad", "bad@example.org") };
    let batch = [
        create("k1", person("One", "one@example.org"), 1),
        create("k2", bad, 2),
        create("k3", person("Three", "three@example.org"), 3),
    ];
    let results = replica.write(&batch).await.unwrap();
    assert!(matches!(results[0], Ok(Written::Stored(_))) && matches!(results[2], Ok(Written::Stored(_))));
    let refused = results[1].as_ref().unwrap_err();
    assert_eq!((refused.kind, refused.code), (ErrorKind::Rejected, Some(Code::Db104)));
    let reason = Detail::Reason(Reason::Rule("email".to_owned()));
    assert_eq!(refused.context, [reason].into_iter().collect());
    assert_eq!(everything(&replica).await.items.len(), 2);
}

#[tokio::test]
async fn the_same_key_never_makes_two_rows_and_the_outcome_is_told() {
    let company = company().await;
    let replica = company.store.contacts(&company.anne);
    let first = created(&replica, "k", person("Zoé", "zoe@example.org"), 1).await;
    assert_eq!(
        (first.key.clone(), first.made, first.stamp),
        (Some(CreateKey::new("k")), Some(entry(1)), Some(entry(1)))
    );
    let Written::Exists { id, alive } =
        write_one(&replica, create("k", person("Zoé", "x@example.org"), 2)).await
    else {
        panic!("made twice")
    };
    assert_eq!((id, alive.as_ref()), (first.id.clone(), Some(&first)));
    let outcomes = replica.outcome(&[entry(1), entry(9)]).await.unwrap();
    assert_eq!(outcomes, [Some(Written::Stored(first.clone())), None]);

    assert_eq!(
        write_one(&replica, Write::Delete { from: first.clone(), stamp: entry(3) }).await,
        Written::Deleted
    );
    let again = write_one(&replica, create("k", person("Zoé", "zoe@example.org"), 4)).await;
    assert_eq!(again, Written::Exists { id: first.id.clone(), alive: None });
    assert_eq!(replica.outcome(&[entry(3)]).await.unwrap(), [Some(Written::Deleted)]);
    let twice = Write::Delete { from: first.clone(), stamp: entry(5) };
    assert_eq!(write_one(&replica, twice).await, Written::Deleted);

    let back = Write::Create {
        key: CreateKey::new("k2"),
        record: person("Zoé", "zoe@example.org"),
        opaque: Some(Opaque(serde_json::json!({"X-A": [1]}))),
        stamp: entry(6),
        replaces: Some(first.id.clone()),
    };
    let Written::Stored(back) = write_one(&replica, back).await else { panic!("not stored") };
    assert_eq!(back.root(), &first.id);
    assert_eq!(back.opaque, Opaque(serde_json::json!({"X-A": [1]})));
}

#[tokio::test]
async fn rows_and_columns_of_the_company_stay_as_they_are() {
    let company = company().await;
    let mut client = company.client();
    client.run(
        "ALTER TABLE contacts ADD COLUMN erp_code TEXT;
         ALTER TABLE contact_emails ADD COLUMN checked_by TEXT;
         INSERT INTO contacts (id, given_name, erp_code, leftovers) VALUES ('c1', 'Zoé', 'E42', '{\"X-A\":1}');
         INSERT INTO contact_emails (id, contact_id, address, checked_by) VALUES (7, 'c1', 'a@x.org', 'Luc');
         INSERT INTO contact_emails (id, contact_id, address, checked_by) VALUES (8, 'c1', 'b@x.org', 'Eva');",
    );
    let replica = company.store.contacts(&company.anne);
    let stored = replica.fetch(&[ItemId::new("c1")]).await.unwrap().pop().unwrap().unwrap();
    let mut to = stored.record.clone();
    to.name.given = "Zoë".into();
    to.emails.get_mut("a@x.org").unwrap().label = "work".into();
    write_one(&replica, Write::Update { from: stored, to, opaque: None, stamp: entry(1) }).await;
    assert_eq!(
        client.text("SELECT erp_code || given_name || leftovers AS text FROM contacts"),
        "E42Zoë{\"X-A\":1}"
    );
    let rows = "SELECT id || checked_by || label AS text FROM contact_emails ORDER BY id";
    assert_eq!(client.text(rows), "7Lucwork|8Eva");
}

#[tokio::test]
async fn a_repetition_keeps_its_key_when_the_row_before_it_goes() {
    let company = company().await;
    let replica = company.store.contacts(&company.anne);
    company.client().run(
        "INSERT INTO contacts (id) VALUES ('c1');
         INSERT INTO contact_addresses (contact_id, label, city) VALUES ('c1', 'work', 'Lyon'), ('c1', 'Work', 'Nice');",
    );
    let stored = replica.fetch(&[ItemId::new("c1")]).await.unwrap().pop().unwrap().unwrap();
    assert_eq!(stored.record.addresses["work#2"].city, "Nice");
    let mut to = stored.record.clone();
    to.addresses.remove("work");
    let Written::Stored(now) =
        write_one(&replica, Write::Update { from: stored, to: to.clone(), opaque: None, stamp: entry(1) })
            .await
    else {
        panic!("not stored")
    };
    assert_eq!(now.record, to);
    let mut back = to.clone();
    back.addresses
        .insert("work".into(), Address { label: "work".into(), city: "Metz".into(), ..Address::default() });
    let update = Write::Update { from: now, to: back.clone(), opaque: None, stamp: entry(2) };
    let Written::Stored(now) = write_one(&replica, update).await else { panic!("not stored") };
    assert_eq!(now.record, back);
}

#[tokio::test]
async fn a_listing_shows_what_changes_while_it_is_read() {
    let company = company().await;
    let mut client = company.client();
    for number in 0..8 {
        client.run(&format!("INSERT INTO contacts (id, given_name) VALUES ('c{number}', 'old')"));
    }
    let replica = company.store.contacts(&company.anne);
    let first = replica.changes(From::Start).await.unwrap();
    client.run("UPDATE contacts SET given_name = 'new'; DELETE FROM contacts WHERE id = 'c1'; INSERT INTO contacts (id) VALUES ('c9')");
    let passerelle_ports::Next::Page(token) = first.next else { panic!("one page") };
    let rest = support::listing(&replica, From::Page(token)).await;
    let mut ids: Vec<_> = first
        .items
        .iter()
        .map(|item| item.id.to_string())
        .chain(rest.items.keys().map(ToString::to_string))
        .collect();
    ids.sort();
    for number in [0, 2, 3, 4, 5, 6, 7] {
        assert!(ids.contains(&format!("c{number}")), "c{number}");
    }
    let later = since(&replica, &rest.cursor).await;
    assert_eq!(later.removed, [ItemId::new("c1")]);
    assert_eq!(later.items.len(), 8);
    assert!(later.items.values().all(|item| item.record.name.given != "old"));
    let quiet = since(&replica, &later.cursor).await;
    assert!(quiet.items.is_empty() && quiet.removed.is_empty());
}

#[tokio::test]
async fn a_cursor_that_is_no_good_is_never_an_empty_listing() {
    let company = company().await;
    let replica = company.store.contacts(&company.anne);
    for text in ["", "nonsense", "-1", "999999", "3:4"] {
        let error = replica.changes(From::Cursor(Cursor::new(text))).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::CursorExpired, "{text}");
    }
}

#[tokio::test]
async fn an_event_without_a_start_is_refused() {
    let company = company_with(StoreOptions::default()).await;
    let replica = company.store.events(&company.anne);
    let result = replica.write(&[create("k", Event::default(), 1)]).await.unwrap().pop().unwrap();
    assert_eq!(result.unwrap_err().kind, ErrorKind::Rejected);
}

#[tokio::test]
async fn equal_custom_fields_are_told_apart_by_their_number() {
    let company = company().await;
    let replica = company.store.contacts(&company.anne);
    let field = |value: &str| Labelled { label: "Badge".into(), value: value.into() };
    let contact = Contact {
        custom: [("badge".to_owned(), field("1")), ("badge#2".to_owned(), field("2"))].into(),
        ..Contact::default()
    };
    let stored = created(&replica, "k", contact.clone(), 1).await;
    assert_eq!(stored.record, contact);
}

#[tokio::test]
async fn a_group_that_all_leave_for_a_new_name_keeps_its_id() {
    let company = company().await;
    let replica = company.store.contacts(&company.anne);
    let mut made = Vec::new();
    for (number, name) in (1_u128..).zip(["Zoé", "Yves", "Xavier"]) {
        let mut contact = person(name, &format!("p{number}@example.org"));
        contact.groups.insert("clients".into(), "Clients".into());
        made.push(created::<Contact>(&replica, &format!("k{number}"), contact, number).await);
    }
    let ids = |company: &Company| {
        company.client().text(
            "SELECT group_concat(id || ' ' || name) AS text FROM (SELECT * FROM contact_groups ORDER BY id)",
        )
    };
    let before = ids(&company);
    assert!(before.ends_with(" Clients"), "{before}");
    let moved = |from: &Stored<Contact>, name: &str, number| {
        let groups = [(passerelle_contacts::text_key(name), name.to_owned())].into();
        Write::Update {
            from: from.clone(),
            to: Contact { groups, ..from.record.clone() },
            opaque: None,
            stamp: entry(number),
        }
    };
    let batch: Vec<_> =
        made.iter().zip(10..).map(|(from, number)| moved(from, "Customers", number)).collect();
    let mut answered = Vec::new();
    for result in replica.write(&batch).await.unwrap() {
        let Ok(Written::Stored(stored)) = result else { panic!("{result:?}") };
        answered.push(stored);
    }
    assert_eq!(ids(&company), before.replace("Clients", "Customers"));
    let all: Vec<ItemId> = made.iter().map(|stored| stored.id.clone()).collect();
    let now: Vec<_> = replica.fetch(&all).await.unwrap().into_iter().flatten().collect();
    assert!(now.iter().all(|stored| stored.record.groups["customers"] == "Customers"));
    assert_eq!(now, answered, "what is read later is what the write answered, its version too");
    // One of three leaves: the others keep theirs.
    let one = moved(&now[0], "VIP", 20);
    write_one(&replica, one).await;
    assert_eq!(ids(&company).split(',').count(), 2);
}
