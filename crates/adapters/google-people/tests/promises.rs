//! The promises R1 to R14 of the port, each under its number, with lag and pages of three.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod support;

use std::{collections::BTreeSet, time::Duration};

use passerelle_contacts::{Address, Contact, address_key, keyed};
use passerelle_google_sim::Knobs;
use passerelle_ports::{ErrorKind, From, Next, Replica, Stored, Write, Written};
use serde_json::json;
use support::{Stage, create, delete, entry, named, taken, update};

async fn filled(stage: &Stage, count: u64) -> Vec<Stored<Contact>> {
    let creates = (1..=count).map(|n| create(n, named(&format!("p{n}")))).collect();
    stage.write_all(creates).await.into_iter().map(taken).collect()
}

fn ids<'a>(items: impl IntoIterator<Item = &'a Stored<Contact>>) -> BTreeSet<String> {
    items.into_iter().map(|item| item.id.as_str().to_owned()).collect()
}

#[tokio::test]
async fn r01_a_complete_listing_shows_all_that_was_there_from_beginning_to_end() {
    let stage = Stage::new().await;
    let made = filled(&stage, 11).await;
    let first = stage.people.changes(From::Start).await.unwrap();
    assert_eq!(first.items.len(), 3);
    // Changes in the middle of a listing.
    stage.write(delete(20, &made[0])).await.unwrap();
    stage.write(update(21, &made[1], |contact| contact.notes = "x".into())).await.unwrap();
    let (mut seen, mut next) = (ids(&first.items), first.next);
    let cursor = loop {
        match next {
            Next::Page(page) => {
                let page = stage.people.changes(From::Page(page)).await.unwrap();
                seen.extend(ids(&page.items));
                next = page.next;
            }
            Next::End(cursor) => break cursor,
        }
    };
    assert!(seen.is_superset(&ids(&made[1..])));
    // R2: what changed meanwhile comes with the cursor.
    let later = stage.list(From::Cursor(cursor)).await.unwrap();
    assert_eq!(later.removed, [made[0].id.as_str()]);
    assert!(later.items.iter().any(|item| item.record.notes == "x"));
}

#[tokio::test]
async fn r02_every_change_is_reported_to_a_later_cursor_however_late_it_shows() {
    let lag = Duration::from_secs(300);
    let stage = Stage::with(Knobs { people_list_lag_seconds: 300, ..Knobs::default() }).await;
    let made = filled(&stage, 4).await;
    let mut cursor = stage.list(From::Start).await.unwrap().cursor;
    let mut seen = BTreeSet::new();
    for step in 0..6_u64 {
        if step == 1 {
            stage.write(update(30, &made[0], |contact| contact.notes = "x".into())).await.unwrap();
        }
        let listed = stage.list(From::Cursor(cursor)).await.unwrap();
        seen.extend(ids(&listed.items));
        cursor = listed.cursor;
        stage.pass(lag / 2);
    }
    assert_eq!(seen, ids(&made));
}

#[tokio::test]
async fn r04_a_cursor_that_was_never_given_is_refused() {
    let stage = Stage::new().await;
    filled(&stage, 1).await;
    for from in [From::Cursor("nonsense".into()), From::Cursor("".into()), From::Page("nonsense".into())] {
        assert_eq!(stage.people.changes(from).await.unwrap_err().kind, ErrorKind::CursorExpired);
    }
}

#[tokio::test]
async fn r06_what_was_created_shows_its_key_and_entry_to_a_listing_begun_settle_later() {
    let stage = Stage::with(Knobs { people_list_lag_seconds: 600, ..Knobs::default() }).await;
    filled(&stage, 2).await;
    stage.pass(Duration::from_secs(12 * 60));
    let mut keys: Vec<_> =
        stage.all().await.into_iter().map(|item| (item.key.unwrap(), item.made.unwrap())).collect();
    keys.sort();
    assert_eq!(keys, [("key-1".into(), entry(1)), ("key-2".into(), entry(2))]);
}

#[tokio::test]
async fn r07_r09_an_old_version_is_refused_and_never_comes_back() {
    let stage = Stage::new().await;
    let mut states = vec![filled(&stage, 1).await.remove(0)];
    for (n, notes) in [(10, "a"), (11, ""), (12, "a"), (13, "")] {
        let last = states.last().unwrap().clone();
        states.push(stage.stored(update(n, &last, |contact| contact.notes = notes.into())).await);
    }
    let versions: BTreeSet<_> = states.iter().map(|state| state.version.clone()).collect();
    assert_eq!(versions.len(), states.len());
    for old in &states[..4] {
        for write in [update(20, old, |contact| contact.notes = "old".into()), delete(21, old)] {
            let result = stage.write(write).await;
            assert_eq!(result.unwrap_err().kind, ErrorKind::VersionMismatch);
        }
    }
    assert_eq!(stage.all().await, states[4..]);
}

#[tokio::test]
async fn r08_an_update_changes_the_fields_that_differ_and_no_others() {
    let stage = Stage::new().await;
    let mut record = named("anne");
    record.notes = "kept".into();
    record.organization.name = "ACME".into();
    let made = stage.stored(create(1, record)).await;
    let after = stage.stored(update(2, &made, |contact| contact.organization.title = "Chef".into())).await;
    let mut expected = made.record.clone();
    expected.organization.title = "Chef".into();
    assert_eq!((after.record, after.opaque), (expected, made.opaque));
    let cleared = stage.all().await.remove(0);
    let cleared = stage.stored(update(3, &cleared, |contact| *contact = Contact::default())).await;
    assert_eq!(cleared.record, Contact::default());
}

#[tokio::test]
async fn r10_updated_is_googles_own_time_of_the_last_change() {
    let stage = Stage::new().await;
    let made = filled(&stage, 1).await.remove(0);
    stage.pass(Duration::from_secs(60));
    let after = stage.stored(update(2, &made, |contact| contact.notes = "x".into())).await;
    assert_eq!((after.updated - made.updated).num_seconds(), 60);
}

#[tokio::test]
async fn r12_one_result_per_write_in_order() {
    let stage = Stage::new().await;
    let made = filled(&stage, 4).await;
    let stale = Stored { version: "#old".into(), ..made[1].clone() };
    let results = stage
        .write_all(vec![
            delete(10, &made[0]),
            update(11, &stale, |contact| contact.notes = "x".into()),
            create(12, named("new")),
            update(13, &made[2], |contact| contact.notes = "y".into()),
            delete(14, &stale),
        ])
        .await;
    assert!(matches!(results[0], Ok(Written::Removed(_))));
    assert_eq!(results[1].as_ref().unwrap_err().kind, ErrorKind::VersionMismatch);
    assert!(matches!(&results[2], Ok(Written::Stored(stored)) if stored.key == Some("key-12".into())));
    assert!(matches!(&results[3], Ok(Written::Stored(stored)) if stored.record.notes == "y"));
    assert_eq!(results[4].as_ref().unwrap_err().kind, ErrorKind::VersionMismatch);
    assert!(stage.write_all(Vec::new()).await.is_empty());
}

#[tokio::test]
async fn r13_a_write_answers_with_what_a_listing_shows() {
    let stage = Stage::new().await;
    let mut record = named("anne");
    record.groups.insert("clients".into(), "Clients".into());
    record.name.particle = "de".into();
    record.name.surname = "La Tour".into();
    record.private = true;
    let made = stage.stored(create(1, record.clone())).await;
    assert_eq!(made.record, record);
    assert_eq!(stage.all().await, [made]);
}

#[tokio::test]
async fn r14_keys_of_entries_are_kept() {
    let stage = Stage::new().await;
    let address = |street: &str| {
        let address = Address { label: "work".into(), street: street.into(), ..Address::default() };
        (address_key("work"), address)
    };
    let mut record = named("anne");
    record.addresses = keyed([address("1 rue A"), address("2 rue B"), address("3 rue C")]);
    let made = stage.stored(create(1, record)).await;
    let left = stage.stored(update(2, &made, |contact| drop(contact.addresses.remove("work")))).await;
    let keys: Vec<_> = left.record.addresses.keys().map(String::as_str).collect();
    assert_eq!(keys, ["work#2", "work#3"]);
    let after = stage
        .stored(update(3, &left, |contact| {
            contact.addresses.get_mut("work#3").unwrap().city = "Brest".into()
        }))
        .await;
    assert_eq!(after.record.addresses["work#2"], made.record.addresses["work#2"]);
    assert_eq!(after.record.addresses["work#3"].city, "Brest");
    stage.ui("edit", &json!({"resourceName": after.id.as_str(), "person": {"addresses": []}}));
    assert!(stage.all().await[0].record.addresses.is_empty());
}

#[tokio::test]
async fn a_batch_of_the_largest_size_and_of_all_sorts_is_carried_out() {
    let stage = Stage::new().await;
    let made = filled(&stage, 200).await;
    let batch: Vec<Write<Contact>> = made
        .iter()
        .zip(1000..)
        .map(|(stored, n)| match n % 2 {
            0 => delete(n, stored),
            _ => update(n, stored, |contact| contact.notes = n.to_string()),
        })
        .collect();
    stage.sim.with(passerelle_google_sim::Core::reset_counts);
    let results = stage.write_all(batch).await;
    assert!(results.iter().all(Result::is_ok));
    assert_eq!(stage.all().await.len(), 100);
    let calls = stage.counts("getBatchGet") + stage.counts("batchDeleteContacts");
    // One update of its own goes before the deletions, which have no condition.
    assert_eq!(calls + stage.counts("batchUpdateContacts"), 4);
}
