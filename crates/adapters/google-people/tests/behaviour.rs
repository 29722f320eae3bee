//! Whole behaviours against the pretend Google.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod support;

use std::time::Duration;

use passerelle_google_sim::{
    ExpiredVariant, Knobs,
    faults::{Faults, Rule},
};
use passerelle_ports::{Code, ErrorKind, From, ItemId, Relabelling, Replica, Written};
use serde_json::{Value, json};
use support::{Stage, create, delete, entry, named, taken, update};

const DAY: Duration = Duration::from_secs(24 * 3600);

fn kind(written: &passerelle_ports::PortResult<Written<passerelle_contacts::Contact>>) -> ErrorKind {
    written.as_ref().unwrap_err().kind
}

fn fault(stage: &Stage, rule: Value) {
    let rule: Rule = serde_json::from_value(rule).unwrap();
    stage.sim.with(|core| core.set_faults(Faults::new(1, vec![rule])));
}

#[tokio::test]
async fn what_is_created_is_listed_with_its_key_entry_and_stamp() {
    let stage = Stage::new().await;
    let mut record = named("anne");
    record.groups.insert("clients".into(), "Clients".into());
    record.birthday = "--08-20".parse().ok();
    record.notes = "première ligne\nseconde".into();
    record.uid = "urn:uuid:1".into();
    let made = stage.stored(create(1, record.clone())).await;
    assert_eq!(made.record, record);
    let listed = stage.all().await;
    assert_eq!(listed, std::slice::from_ref(&made));
    assert_eq!(made.key, Some("key-1".into()));
    assert_eq!((made.made, made.stamp), (Some(entry(1)), Some(entry(1))));
    assert_eq!(stage.people.fetch(std::slice::from_ref(&made.id)).await.unwrap(), [Some(made)]);
    let groups = &stage.raw()["contacts"][0]["memberships"];
    assert!(groups.to_string().contains("contactGroups/myContacts"), "P41: {groups}");
}

#[tokio::test]
async fn a_quiet_run_costs_one_call_and_names_nothing() {
    let stage = Stage::new().await;
    stage.write(create(1, named("anne"))).await.unwrap();
    let cursor = stage.list(From::Start).await.unwrap().cursor;
    stage.sim.with(passerelle_google_sim::Core::reset_counts);
    let listed = stage.list(From::Cursor(cursor)).await.unwrap();
    assert!(listed.items.is_empty() && listed.removed.is_empty(), "P21");
    assert_eq!(stage.sim.with(|core| core.counts().values().sum::<u64>()), 1);
}

#[tokio::test]
async fn p15_a_deleted_contact_is_reported_as_removed() {
    let stage = Stage::new().await;
    let made = stage.stored(create(1, named("anne"))).await;
    let cursor = stage.list(From::Start).await.unwrap().cursor;
    stage.ui("delete", &json!({"resourceName": made.id.as_str()}));
    let listed = stage.list(From::Cursor(cursor)).await.unwrap();
    assert_eq!(listed.removed, [made.id.as_str()]);
    assert_eq!(stage.people.fetch(std::slice::from_ref(&made.id)).await.unwrap(), [None]);
    assert!(matches!(stage.write(delete(2, &made)).await, Ok(Written::Deleted)), "gone already is no error");
    assert_eq!(kind(&stage.write(update(3, &made, |c| c.notes = "x".into())).await), ErrorKind::NotFound);
}

#[tokio::test]
async fn p16_a_merged_contact_is_removed_under_its_former_name() {
    let stage = Stage::new().await;
    let one = stage.stored(create(1, named("anne"))).await;
    let two = stage.stored(create(2, named("anna"))).await;
    let cursor = stage.list(From::Start).await.unwrap().cursor;
    stage.ui("merge", &json!({"into": one.id.as_str(), "from": two.id.as_str()}));
    let listed = stage.list(From::Cursor(cursor)).await.unwrap();
    assert_eq!(listed.removed, [two.id.as_str()]);
    assert_eq!(listed.items.len(), 1);
    assert_eq!(listed.items[0].record.emails.len(), 2);
    assert_eq!(listed.items[0].key, Some("key-1".into()));
    let fetched = stage.people.fetch(&[two.id, one.id.clone()]).await.unwrap();
    assert_eq!(fetched[0], fetched[1], "a former name leads to the one who has it now");
    assert_eq!(fetched[1].as_ref().unwrap().id, one.id);
}

#[tokio::test]
async fn p63_a_linked_profile_lends_nothing_to_the_contact() {
    let stage = Stage::new().await;
    let made = stage.stored(create(1, named("anne"))).await;
    let cursor = stage.list(From::Start).await.unwrap().cursor;
    let profile = json!({"names": [{"givenName": "Profile"}], "emailAddresses": [{"value": "p@p.example"}]});
    let name = stage.ui("link_profile", &json!({"resourceName": made.id.as_str(), "profile": profile}));
    let listed = stage.list(From::Cursor(cursor)).await.unwrap();
    assert_eq!(listed.removed, [made.id.as_str()]);
    assert_eq!((listed.items[0].id.as_str(), &listed.items[0].record), (name.as_str(), &made.record));
    let after = stage.stored(update(2, &listed.items[0], |contact| contact.notes = "x".into())).await;
    assert!(!stage.raw()["contacts"][0]["emailAddresses"].to_string().contains("p@p.example"));
    assert_eq!(after.record.emails, made.record.emails);
}

#[tokio::test]
async fn p13_an_expired_or_foreign_token_is_never_an_empty_listing() {
    for variant in [ExpiredVariant::A, ExpiredVariant::B, ExpiredVariant::C] {
        let stage = Stage::with(Knobs { people_expired_status: variant, ..Knobs::default() }).await;
        let cursor = stage.list(From::Start).await.unwrap().cursor;
        stage.sim.with(|core| core.expire(None, "people", None).unwrap());
        let error = stage.list(From::Cursor(cursor.clone())).await.err().unwrap();
        assert_eq!((error.kind, error.code), (ErrorKind::CursorExpired, Some(Code::Goog305)), "{variant:?}");
        let mut corrupt: Value = serde_json::from_str(cursor.as_str()).unwrap();
        corrupt["sync"] = "AAAA".into();
        let error = stage.list(From::Cursor(corrupt.to_string().into())).await.err().unwrap();
        assert_eq!(error.kind, ErrorKind::CursorExpired);
    }
}

#[tokio::test]
async fn p12_a_cursor_ends_by_itself_after_six_days_however_often_it_was_used() {
    let stage = Stage::new().await;
    let mut cursor = stage.list(From::Start).await.unwrap().cursor;
    for _ in 0..5 {
        stage.pass(DAY);
        cursor = stage.list(From::Cursor(cursor)).await.unwrap().cursor;
    }
    stage.pass(DAY);
    stage.sim.with(passerelle_google_sim::Core::reset_counts);
    let error = stage.list(From::Cursor(cursor)).await.err().unwrap();
    assert_eq!(error.kind, ErrorKind::CursorExpired);
    assert_eq!(stage.counts("connections.list"), 0, "known before it is asked");
}

#[tokio::test]
async fn p42_a_version_that_moved_is_refused_and_nothing_changes() {
    let stage = Stage::new().await;
    let made = stage.stored(create(1, named("anne"))).await;
    let edit = json!({"biographies": [{"value": "hers"}]});
    stage.ui("edit", &json!({"resourceName": made.id.as_str(), "person": edit}));
    let results = stage
        .write_all(vec![update(2, &made, |contact| contact.notes = "ours".into()), create(3, named("bob"))])
        .await;
    assert_eq!(kind(&results[0]), ErrorKind::VersionMismatch);
    assert!(results[1].is_ok(), "R12: one refused write does not stop the others");
    assert_eq!(kind(&stage.write(delete(4, &made)).await), ErrorKind::VersionMismatch);
    let now = stage.people.fetch(&[made.id]).await.unwrap().remove(0).unwrap();
    assert_eq!(now.record.notes, "hers");
}

#[tokio::test]
async fn p45_a_contact_that_somebody_edited_is_not_deleted_because_answers_are_old() {
    for together in [1, 3] {
        let stage = Stage::with(Knobs { people_stale_read_seconds: 60, ..Knobs::default() }).await;
        let mut made = Vec::new();
        for n in 1..=together {
            made.push(stage.stored(create(n, named(&format!("anne {n}")))).await);
        }
        stage.pass(Duration::from_secs(120));
        let edit = json!({"biographies": [{"value": "hers"}]});
        stage.ui("edit", &json!({"resourceName": made[0].id.as_str(), "person": edit}));
        let stage = stage.restarted();
        let deletes = made.iter().zip(10..).map(|(stored, n)| delete(n, stored)).collect();
        let results = stage.write_all(deletes).await;
        assert_eq!(kind(&results[0]), ErrorKind::VersionMismatch);
        assert!(results[1..].iter().all(|result| matches!(result, Ok(Written::Removed(_)))), "{results:?}");
        stage.pass(Duration::from_secs(120));
        let left: Vec<String> = stage.all().await.into_iter().map(|stored| stored.record.notes).collect();
        assert_eq!(left, ["hers"]);
    }
}

#[tokio::test]
async fn p33_p73_an_update_leaves_alone_what_others_wrote() {
    let stage = Stage::new().await;
    let name = stage.ui(
        "create",
        &json!({"person": {
            "names": [{"givenName": "Anne", "phoneticFullName": "an"}],
            "phoneNumbers": [{"value": "01 23 45 67 89", "type": "Atelier"}, {"value": "06 11 22 33 44"}],
            "genders": [{"value": "female"}],
            "clientData": [{"key": "other.app", "value": "1"}],
            "userDefined": [{"key": "Code", "value": "7"}],
        }}),
    );
    let before = stage.all().await.remove(0);
    assert_eq!(before.id.as_str(), name);
    let after = stage
        .stored(update(1, &before, |contact| {
            contact.phones.get_mut("+33611223344").unwrap().label = "mobile".into();
        }))
        .await;
    let raw = &stage.raw()["contacts"][0];
    assert_eq!(
        raw["phoneNumbers"],
        json!([{"value": "01 23 45 67 89", "type": "Atelier"}, {"value": "06 11 22 33 44", "type": "mobile"}])
    );
    assert_eq!(raw["names"][0]["phoneticFullName"], "an");
    assert_eq!(raw["genders"][0]["value"], "female");
    assert_eq!(raw["clientData"][0], json!({"key": "other.app", "value": "1"}));
    assert_eq!(after.opaque, before.opaque, "R8");
    assert_ne!(after.version, before.version, "R9");
    assert_eq!((after.key, after.made, after.stamp), (None, None, Some(entry(1))));
}

#[tokio::test]
async fn leftovers_come_back_with_a_contact_that_is_created_again() {
    let stage = Stage::new().await;
    stage.ui(
        "create",
        &json!({"person": {"names": [{"givenName": "Anne"}], "genders": [{"value": "female"}],
                           "emailAddresses": [{"value": "a@b.example", "displayName": "A"}]}}),
    );
    let before = stage.all().await.remove(0);
    assert!(matches!(stage.write(delete(1, &before)).await, Ok(Written::Deleted | Written::Removed(_))));
    let again = passerelle_ports::Write::Create {
        key: "again".into(),
        record: before.record.clone(),
        opaque: Some(before.opaque.clone()),
        stamp: entry(2),
        replaces: None,
    };
    let after = stage.stored(again).await;
    assert_eq!((after.record, after.opaque), (before.record, before.opaque));
}

#[tokio::test]
async fn p92_many_writes_go_in_batches_and_few_do_not() {
    let stage = Stage::new().await;
    let names: Vec<String> = (0..12).map(|n| format!("p{n}")).collect();
    let creates = names.iter().zip(1..).map(|(name, n)| create(n, named(name))).collect();
    let made: Vec<_> = stage.write_all(creates).await.into_iter().map(taken).collect();
    for (stored, name) in made.iter().zip(&names) {
        assert_eq!(&stored.record.name.given, name, "results are in the order of the writes");
    }
    assert_eq!((stage.counts("batchCreateContacts"), stage.counts("createContact")), (1, 0));
    let updates = made.iter().zip(100..).map(|(stored, n)| {
        update(n, stored, |contact| match n {
            100 => contact.name.given = "other mask".into(),
            _ => contact.notes = format!("note {n}"),
        })
    });
    let after: Vec<_> = stage.write_all(updates.collect()).await.into_iter().map(taken).collect();
    assert_eq!(after[0].record.name.given, "other mask");
    assert_eq!(after[7].record.notes, "note 107");
    assert_eq!((stage.counts("batchUpdateContacts"), stage.counts("updateContact")), (1, 1));
    let deletes = after.iter().zip(200..).map(|(stored, n)| delete(n, stored)).collect();
    assert!(stage.write_all(deletes).await.iter().all(|result| matches!(result, Ok(Written::Removed(_)))));
    assert_eq!((stage.counts("batchDeleteContacts"), stage.counts("deleteContact")), (1, 0));
    assert!(stage.all().await.is_empty());
}

#[tokio::test]
async fn p47_after_a_failed_batch_each_result_is_what_happened() {
    for partial in [false, true] {
        let stage = Stage::with(Knobs { people_batch_partial_writes: partial, ..Knobs::default() }).await;
        let creates = (1..10).map(|n| create(n, named(&format!("p{n}")))).collect();
        let made: Vec<_> = stage.write_all(creates).await.into_iter().map(taken).collect();
        fault(
            &stage,
            json!({"method": "people.people.batchUpdateContacts", "nth": 1,
                   "when": if partial { "after" } else { "before" },
                   "body": "people-400-invalid-argument-generic"}),
        );
        let updates = made
            .iter()
            .zip(100..)
            .map(|(stored, n)| update(n, stored, |contact| contact.notes = format!("note {n}")));
        let results: Vec<_> = stage.write_all(updates.collect()).await.into_iter().map(taken).collect();
        for (stored, n) in results.iter().zip(100..) {
            assert_eq!(stored.record.notes, format!("note {n}"));
            assert_eq!(stored.stamp, Some(entry(n)));
        }
        let singles = if partial { 0 } else { 9 };
        assert_eq!(stage.counts(".updateContact"), singles, "landed ones are not sent again");
    }
}

#[tokio::test]
async fn p47_a_batch_of_creates_names_its_bad_item_and_nobody_guesses_about_the_others() {
    for partial in [false, true] {
        let stage = Stage::with(Knobs { people_batch_partial_writes: partial, ..Knobs::default() }).await;
        let mut labelled = named("first");
        labelled.groups.insert("clients".into(), "Clients".into());
        stage.write(create(1, labelled.clone())).await.unwrap();
        // The label goes away behind our back: its contact is refused, and written once more with a new one.
        let label = stage.raw()["contactGroups"][0]["resourceName"].clone();
        stage.ui("delete_group", &json!({"resourceName": label}));
        let mut creates = vec![create(2, labelled)];
        creates.extend((3..12).map(|n| create(n, named(&format!("p{n}")))));
        let results = stage.write_all(creates).await;
        assert!(
            matches!(&results[0], Ok(Written::Stored(stored)) if stored.record.groups.contains_key("clients"))
        );
        assert!(results[1..].iter().all(|result| kind(result) == ErrorKind::Unavailable));
        let keys: Vec<_> = stage.all().await.into_iter().filter_map(|stored| stored.key).collect();
        assert_eq!(keys.len(), if partial { 11 } else { 2 }, "each shows its key, or never appears (R6)");
    }
}

#[tokio::test]
async fn a_batch_that_google_fails_at_is_parted_until_the_one_is_found() {
    for poisoned in [1, 6, 12] {
        let stage = Stage::new().await;
        fault(&stage, json!({"method": "people.people.*", "about": "Poison", "status": 500}));
        let name = |n: u64| if n == poisoned { "Poison".to_owned() } else { format!("p{n}") };
        let creates = (1..=12).map(|n| create(n, named(&name(n)))).collect();
        let results = stage.write_all(creates).await;
        for (result, n) in results.iter().zip(1..) {
            match result {
                Ok(_) => assert_ne!(n, poisoned),
                Err(error) => assert_eq!((n, error.kind), (poisoned, ErrorKind::ItemFailed)),
            }
        }
        assert_eq!(stage.all().await.len(), 11);
    }
}

#[tokio::test]
async fn a_batch_that_landed_although_google_failed_is_not_sent_again() {
    let stage = Stage::new().await;
    fault(
        &stage,
        json!({"method": "people.people.batchCreateContacts", "nth": 1, "when": "after", "status": 500}),
    );
    let creates = (1..=12).map(|n| create(n, named(&format!("p{n}")))).collect();
    stage.write_all(creates).await.into_iter().for_each(|result| drop(taken(result)));
    assert_eq!(stage.all().await.len(), 12);
}

#[tokio::test]
async fn a_label_that_is_gone_is_made_again_when_the_list_is_old() {
    let stage = Stage::new().await;
    let mut labelled = named("first");
    labelled.groups.insert("clients".into(), "Clients".into());
    stage.write(create(1, labelled.clone())).await.unwrap();
    let label = stage.raw()["contactGroups"][0]["resourceName"].clone();
    stage.ui("delete_group", &json!({"resourceName": label}));
    stage.pass(Duration::from_secs(61));
    let made = stage.stored(create(2, labelled)).await;
    assert_eq!(made.record.groups["clients"], "Clients");
}

#[tokio::test]
async fn a_lost_answer_is_unknown_and_the_create_is_found_by_its_key() {
    let stage = Stage::new().await;
    fault(&stage, json!({"method": "people.people.createContact", "nth": 1, "when": "after", "drop": true}));
    let results = stage.write_all(vec![create(1, named("anne")), create(2, named("bob"))]).await;
    assert_eq!(kind(&results[0]), ErrorKind::Unavailable);
    assert_eq!(kind(&results[1]), ErrorKind::Unavailable, "nothing more is sent to a Google that is away");
    let listed = stage.all().await;
    assert_eq!(listed.len(), 1, "and it was not sent twice");
    assert_eq!((listed[0].key.clone(), listed[0].made), (Some("key-1".into()), Some(entry(1))));
}

#[tokio::test]
async fn p90_a_full_account_and_a_record_too_long_are_told_apart() {
    let stage = Stage::with(Knobs { people_contact_cap: Some(9), ..Knobs::default() }).await;
    let mut long = named("long");
    long.organization.name = "x".repeat(1025);
    let mut creates = vec![create(1, long)];
    creates.extend((2..12).map(|n| create(n, named(&format!("p{n}")))));
    let results = stage.write_all(creates).await;
    let code = |at: usize| results[at].as_ref().err().and_then(|error| error.code);
    assert_eq!((kind(&results[0]), code(0)), (ErrorKind::Rejected, Some(Code::Goog310)));
    assert!(results[1..10].iter().all(Result::is_ok));
    assert_eq!((kind(&results[10]), code(10)), (ErrorKind::Rejected, Some(Code::Goog304)));
    let made = taken(Ok(results[1].as_ref().unwrap().clone()));
    stage.stored(update(20, &made, |contact| contact.notes = "still writable".into())).await;
}

#[tokio::test]
async fn p43_a_stale_read_does_not_keep_us_from_writing_again() {
    let stage = Stage::with(Knobs { people_stale_read_seconds: 60, ..Knobs::default() }).await;
    let made = stage.stored(create(1, named("anne"))).await;
    stage.pass(Duration::from_secs(1));
    let one = stage.stored(update(2, &made, |contact| contact.notes = "one".into())).await;
    let fetched = stage.people.fetch(std::slice::from_ref(&one.id)).await.unwrap();
    assert_eq!(fetched, [Some(made.clone())], "as Google says; the engine knows that it is older");
    assert!(made.updated < one.updated);
    let two = stage.stored(update(3, &one, |contact| contact.notes = "two".into())).await;
    assert_eq!(two.record.notes, "two");
    stage.write(delete(4, &two)).await.unwrap();
    stage.pass(Duration::from_secs(61));
    assert_eq!(stage.people.fetch(&[two.id]).await.unwrap(), [None]);
}

#[tokio::test]
async fn a_contact_taken_out_of_a_label_leaves_it_in_a_fresh_process_too() {
    let stage = Stage::new().await;
    let mut record = named("anne");
    for name in ["Clients", "Newsletter"] {
        record.groups.insert(passerelle_contacts::text_key(name), name.into());
    }
    let made = stage.stored(create(1, record)).await;
    let fresh = stage.restarted();
    let left = fresh.stored(update(2, &made, |contact| drop(contact.groups.remove("newsletter")))).await;
    assert_eq!(left.record.groups.keys().collect::<Vec<_>>(), ["clients"]);
    let none = stage.restarted().stored(update(3, &left, |contact| contact.groups.clear())).await;
    assert!(none.record.groups.is_empty());
    let memberships = stage.raw()["contacts"][0]["memberships"].as_array().unwrap().len();
    assert_eq!(memberships, 1, "P44: it stays in My Contacts");
}

#[tokio::test]
async fn a_label_gets_its_new_name_in_place_where_all_its_contacts_take_it() {
    let stage = Stage::new().await;
    let in_clients = |name: &str| {
        let mut record = named(name);
        record.groups.insert("clients".into(), "Clients".into());
        record
    };
    let made =
        [stage.stored(create(1, in_clients("a"))).await, stage.stored(create(2, in_clients("b"))).await];
    let label = stage.raw()["contactGroups"][0]["resourceName"].clone();
    let renamed = |number, from: &_| {
        update(number, from, |contact| contact.groups = [("customers".into(), "Customers".into())].into())
    };
    let fresh = stage.restarted();
    let results = fresh.write_all(vec![renamed(3, &made[0]), renamed(4, &made[1])]).await;
    let after: Vec<_> = results.into_iter().map(taken).collect();
    assert_eq!(after[0].record.groups["customers"], "Customers");
    let groups = stage.raw()["contactGroups"].clone();
    assert_eq!((groups.as_array().unwrap().len(), &groups[0]["resourceName"]), (1, &label), "{groups}");
    // One of two leaves: that is no new name.
    let left = stage.restarted();
    let one = update(5, &after[0], |contact| contact.groups = [("vip".into(), "VIP".into())].into());
    let moved = left.stored(one).await;
    assert_eq!(moved.record.groups.keys().collect::<Vec<_>>(), ["vip"]);
    assert_eq!(stage.all().await.iter().filter(|one| one.record.groups.contains_key("customers")).count(), 1);
}

#[tokio::test]
async fn a_label_that_the_writes_of_several_batches_leave_gets_its_new_name_in_place() {
    let stage = Stage::new().await;
    let mut made = Vec::new();
    for number in 1..=3 {
        let mut record = named(&format!("p{number}"));
        record.groups.insert("clients".into(), "Clients".into());
        made.push(stage.stored(create(number, record)).await);
    }
    let label = stage.raw()["contactGroups"][0]["resourceName"].clone();
    let renamed = |number, from: &_| {
        update(number, from, |contact| contact.groups = [("customers".into(), "Customers".into())].into())
    };
    let plan = |count| [Relabelling { from: "Clients".into(), to: "Customers".into(), count }];
    // A contact of the label stays in it.
    stage.people.relabel(&plan(2)).await.unwrap();
    assert_eq!(stage.raw()["contactGroups"][0]["name"], "Clients");
    stage.people.relabel(&plan(3)).await.unwrap();
    for from in &made[..2] {
        assert_eq!(stage.stored(renamed(4, from)).await.record.groups["customers"], "Customers");
    }
    // The rest in another run.
    let fresh = stage.restarted();
    fresh.people.relabel(&plan(1)).await.unwrap();
    assert_eq!(fresh.stored(renamed(6, &made[2])).await.record.groups["customers"], "Customers");
    let groups = stage.raw()["contactGroups"].clone();
    assert_eq!((groups.as_array().unwrap().len(), &groups[0]["resourceName"]), (1, &label), "{groups}");
    let all = stage.all().await;
    assert!(all.iter().all(|one| one.record.groups.keys().eq(["customers"])), "{all:?}");
}

#[tokio::test]
async fn a_label_with_another_name_at_google_is_told_by_its_contacts() {
    let stage = Stage::new().await;
    let mut record = named("anne");
    record.groups.insert("clients".into(), "Clients".into());
    let made = stage.stored(create(1, record)).await;
    stage.write(create(2, named("bert"))).await.unwrap();
    let cursor = stage.list(From::Start).await.unwrap().cursor;
    let label = stage.raw()["contactGroups"][0]["resourceName"].clone();
    stage.ui("rename_group", &json!({"resourceName": label, "name": "Customers"}));
    let listed = stage.restarted().list(From::Cursor(cursor)).await.unwrap();
    let told: Vec<_> =
        listed.items.iter().map(|item| (&item.id, item.record.groups["customers"].as_str())).collect();
    assert_eq!(told, [(&made.id, "Customers")]);
    assert_ne!(listed.items[0].version, made.version, "R9");
    let again = stage.restarted().list(From::Cursor(listed.cursor)).await.unwrap();
    assert!(again.items.is_empty(), "told once");
    let noted =
        stage.restarted().stored(update(3, &listed.items[0], |contact| contact.notes = "x".into())).await;
    assert_eq!(noted.record.groups["customers"], "Customers");
}

#[tokio::test]
async fn p82_a_label_is_made_once_and_found_again() {
    let stage = Stage::new().await;
    let in_group = |name: &str, group: &str| {
        let mut record = named(name);
        record.groups.insert(passerelle_contacts::text_key(group), group.into());
        record
    };
    stage.write_all(vec![create(1, in_group("a", "Clients")), create(2, in_group("b", "clients"))]).await;
    // Somebody makes a label behind our back, after we have read the list.
    stage.ui("create_group", &json!({"name": "Paris"}));
    let three = stage.stored(create(3, in_group("c", "Paris"))).await;
    assert_eq!(three.record.groups["paris"], "Paris");
    assert_eq!(stage.raw()["contactGroups"].as_array().unwrap().len(), 2);
    // A name of Google's own groups cannot be given: the contact is kept without it.
    let four = stage.stored(create(4, in_group("d", "Family"))).await;
    assert!(four.record.groups.is_empty());
    let none = stage.stored(update(5, &three, |contact| contact.groups.clear())).await;
    assert!(none.record.groups.is_empty(), "P44");
}

#[tokio::test]
async fn p18_more_than_a_hundred_addresses_are_read_whole() {
    let stage = Stage::new().await;
    let mut record = named("anne");
    for n in 0..120 {
        let address = format!("a{n}@acme.example");
        let email = passerelle_contacts::Email { address: address.clone(), ..Default::default() };
        record.emails.insert(address, email);
    }
    let made = stage.stored(create(1, record)).await;
    assert_eq!(stage.all().await[0].record.emails.len(), 121);
    let after =
        stage.stored(update(2, &made, |contact| drop(contact.emails.remove("a7@acme.example")))).await;
    assert_eq!(after.record.emails.len(), 120);
}

#[tokio::test]
async fn p48_writes_of_one_account_never_overlap() {
    let knobs =
        Knobs { people_parallel_mutations: Some("people-503-unavailable".into()), ..Knobs::default() };
    let stage = Stage::with(knobs).await;
    let batches: Vec<Vec<_>> = (0..4).map(|n| vec![create(n, named(&format!("p{n}")))]).collect();
    let people = &stage.people;
    let (a, b, c, d) = tokio::join!(
        people.write(&batches[0]),
        people.write(&batches[1]),
        people.write(&batches[2]),
        people.write(&batches[3]),
    );
    assert!([a, b, c, d].into_iter().all(|results| results.unwrap()[0].is_ok()));
    assert_eq!(stage.all().await.len(), 4);
}

#[tokio::test]
async fn r5_a_listing_that_breaks_off_is_an_error() {
    let stage = Stage::new().await;
    for n in 0..7 {
        stage.write(create(n, named(&format!("p{n}")))).await.unwrap();
    }
    fault(&stage, json!({"method": "people.people.connections.list", "nth": 2, "times": 99, "status": 503}));
    assert_eq!(stage.list(From::Start).await.err().unwrap().kind, ErrorKind::Unavailable);
}

#[tokio::test]
async fn fetch_answers_in_order_also_for_names_that_repeat_or_do_not_exist() {
    let stage = Stage::new().await;
    let one = stage.stored(create(1, named("anne"))).await;
    let two = stage.stored(create(2, named("bob"))).await;
    let nobody = ItemId::new("people/c42");
    let ids = [two.id.clone(), nobody, one.id.clone(), two.id.clone()];
    let fetched = stage.people.fetch(&ids).await.unwrap();
    assert_eq!(fetched, [Some(two.clone()), None, Some(one), Some(two)]);
    assert!(stage.people.fetch(&[]).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_list_of_labels_that_leads_back_to_its_first_page_ends() {
    let stage = Stage::new().await;
    fault(&stage, json!({"method": "people.contactGroups.list", "circle": true}));
    let mut record = named("anne");
    record.groups.insert("clients".into(), "Clients".into());
    let error = stage.people.write(&[create(1, record.clone())]).await.unwrap_err();
    assert_eq!((error.kind, error.code), (ErrorKind::Unexpected, Some(Code::Goog314)));
    let asked = stage.sim.with(|core| core.counts()["people.contactGroups.list"]);
    assert!(asked <= 3, "{asked}");
    fault(&stage, json!({"method": "people.none"}));
    stage.stored(create(2, record)).await;
}
