//! Opening a database: new, old, newer, by several programs at once; and what a crash leaves.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod support;

use std::{fs, path::Path};

use chrono::DateTime;
use diesel::{Connection, SqliteConnection, connection::SimpleConnection};
use passerelle_ports::{Kind, PairId, Replica, Value};
use passerelle_sql_store::{
    Account, AccountId, AccountState, AppUser, NewUser, Pair, Store, StoreError, StoreOptions, UserId,
};
use support::{company, created, entry, everything, person};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn programs_that_open_a_new_database_at_once_all_find_it_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("company.sqlite");
    let opens = (0..8).map(|_| {
        let path = path.clone();
        tokio::spawn(async move {
            Store::open(&path, StoreOptions::default()).await.unwrap().installation().clone()
        })
    });
    let mut names = Vec::new();
    for open in opens.collect::<Vec<_>>() {
        names.push(open.await.unwrap());
    }
    names.dedup();
    assert_eq!(names.len(), 1);
    assert_eq!(names[0].as_str().len(), 32);
}

#[tokio::test]
async fn a_database_of_a_newer_version_is_refused_and_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("company.sqlite");
    drop(Store::open(&path, StoreOptions::default()).await.unwrap());
    let mut client = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
    client
        .batch_execute(
            "INSERT INTO __diesel_schema_migrations (version) VALUES ('99991231000001');
             PRAGMA wal_checkpoint(TRUNCATE); PRAGMA journal_mode = DELETE;",
        )
        .unwrap();
    drop(client);
    let before = fs::read(&path).unwrap();
    let error = Store::open(&path, StoreOptions::default()).await.unwrap_err();
    let StoreError::NewerSchema { found, known } = error else { panic!("{error:?}") };
    assert_eq!(found, "99991231000001");
    assert!(known < found);
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[tokio::test]
async fn a_database_of_the_first_release_is_brought_up_to_date_with_its_rows() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("company.sqlite");
    let script =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/schema_v1.sql"))
            .unwrap();
    SqliteConnection::establish(path.to_str().unwrap()).unwrap().batch_execute(&script).unwrap();
    let store = Store::open(&path, StoreOptions::default()).await.unwrap();
    assert_eq!(store.installation().as_str(), "0123456789abcdef0123456789abcdef");
    let anne = UserId::new("anne");
    let contacts = everything(&store.contacts(&anne)).await.items;
    assert_eq!(contacts.values().map(|item| item.record.name.given.as_str()).collect::<Vec<_>>(), ["Zoé"]);
    let events = everything(&store.events(&anne)).await.items;
    let event = &events.values().next().unwrap().record;
    assert_eq!(event.recurrence_rules, ["FREQ=WEEKLY;BYDAY=MO"]);
    created(&store.contacts(&anne), "k", person("New", "new@example.org"), 1).await;
}

#[tokio::test]
async fn an_account_that_two_app_users_had_stays_the_first_ones() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("company.sqlite");
    let script =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/schema_v1.sql"))
            .unwrap();
    let mut client = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
    client.batch_execute(&script).unwrap();
    client
        .batch_execute(
            "INSERT INTO app_users (id) VALUES ('zoe'), ('bob');
             INSERT INTO passerelle_accounts (id, user_id, provider, subject, email, scopes, state, authorised_at)
                VALUES ('z', 'zoe', 'google', '7', 'zoe@example.org', 's', 'connected', '2026-01-01 00:00:00'),
                       ('b', 'bob', 'google', '7', 'zoe@example.org', 's', 'needs_consent', '2026-01-02 00:00:00'),
                       ('o', 'bob', 'google', '8', 'bob@example.org', 's', 'disconnected', '2026-01-02 00:00:00');
             INSERT INTO passerelle_pairs (id, user_id, kind, account_id, collection, name, rules, enabled)
                VALUES ('zp', 'zoe', 'contacts', 'z', 'contacts', 'zoe', '{}', 1),
                       ('bp', 'bob', 'contacts', 'b', 'contacts', 'zoe', '{}', 1),
                       ('op', 'bob', 'contacts', 'o', 'contacts', 'bob', '{}', 1);",
        )
        .unwrap();
    drop(client);
    let store = Store::open(&path, StoreOptions::default()).await.unwrap();
    let state = async |id: &str| store.accounts().get(&AccountId(id.into())).await.unwrap().unwrap().state;
    assert_eq!(state("z").await, AccountState::Connected);
    assert_eq!(state("b").await, AccountState::Disconnected);
    let kept = async |id: &str| store.pairs().get(&PairId::new(id)).await.unwrap().unwrap().enabled;
    assert_eq!((kept("zp").await, kept("bp").await, kept("op").await), (true, false, true));
}

#[tokio::test]
async fn calendars_that_were_merged_are_parted_by_an_upgrade() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("company.sqlite");
    let script =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/schema_v1.sql"))
            .unwrap();
    let mut client = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
    client.batch_execute(&script).unwrap();
    let link = |number: u8, pair: &str, item: &str, made: &str| {
        let copy = |side: &str, item: &str, made: &str| {
            format!(
                "INSERT INTO passerelle_copies (link, side, kind, pair, item, sequence, gone, look, met, stored)
                 VALUES ('l{number}', '{side}', 'events', '{pair}', '{item}', 1, 0, 0, 0, '{{\"made\":{made}}}');"
            )
        };
        copy("local", item, "null") + &copy("remote", &format!("r{number}"), made)
    };
    client
        .batch_execute(&format!(
            "INSERT INTO app_users (id, name) VALUES ('zoe', 'Zoé');
             INSERT INTO passerelle_accounts (id, user_id, provider, subject, email, scopes, state, authorised_at)
                VALUES ('z', 'zoe', 'google', '7', 'zoe@example.org', 's', 'connected', '2026-01-01 00:00:00');
             INSERT INTO passerelle_pairs (id, user_id, kind, account_id, collection, name, rules, enabled)
                VALUES ('team', 'zoe', 'events', 'z', 'team@group', 'Team', '{{}}', 1),
                       ('main', 'zoe', 'events', 'z', 'zoe@example.org', 'zoe@example.org', '{{}}', 1);
             INSERT INTO appointments (id, owner_id, title, start_local, start_zone)
                VALUES ('doctor', 'zoe', 'Doctor', '2026-01-01 09:00', 'Europe/Paris'),
                       ('lunch', 'zoe', 'Lunch', '2026-01-01 12:00', 'Europe/Paris'),
                       ('new', 'zoe', 'New', '2026-01-01 15:00', 'Europe/Paris');
             {}{}{}{}",
            link(1, "main", "doctor", "null"),
            link(2, "team", "doctor", "\"e\""),
            link(3, "main", "lunch", "\"e\""),
            link(4, "team", "lunch", "null"),
        ))
        .unwrap();
    drop(client);
    let store = Store::open(&path, StoreOptions::default()).await.unwrap();
    let zoe = UserId::new("zoe");
    let calendar =
        async |pair: &str| store.pairs().get(&PairId::new(pair)).await.unwrap().unwrap().calendar.unwrap();
    let (main, team) = (calendar("main").await, calendar("team").await);
    let named = store.calendars().list().await.unwrap();
    let of = |id: &str| named.iter().find(|calendar| calendar.id == id).unwrap();
    assert!(of(&main).is_default && of(&main).name == "Zoé" && of(&team).name == "Team");
    let home = everything(&store.calendar(&zoe, &main)).await.items;
    let titles: Vec<&str> = home.keys().map(passerelle_ports::ItemId::as_str).collect();
    assert_eq!(titles, ["doctor", "new"]);
    let other = everything(&store.calendar(&zoe, &team)).await.items;
    assert_eq!(other.keys().map(passerelle_ports::ItemId::as_str).collect::<Vec<_>>(), ["lunch"]);
    // The pair that had copied it is told that it is not its own any more: it is left alone there.
    let changed = support::since(&store.calendar(&zoe, &team), &passerelle_ports::Cursor::from("0")).await;
    assert!(changed.items[&passerelle_ports::ItemId::new("doctor")].withdrawn);
}

#[tokio::test]
async fn a_guest_whose_name_stood_for_an_address_has_none_after_an_upgrade() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("company.sqlite");
    let script =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/schema_v1.sql"))
            .unwrap();
    let mut client = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
    client.batch_execute(&script).unwrap();
    client
        .batch_execute(
            "INSERT INTO app_users (id) VALUES ('zoe');
             INSERT INTO appointments (id, owner_id, title, start_local, start_zone)
                VALUES ('t', 'zoe', 'T', '2026-01-01 09:00', 'Europe/Paris');
             INSERT INTO appointment_participants (appointment_id, email, name)
                VALUES ('t', 'élise', 'Élise'), ('t', 'élise (00002)', 'Élise'), ('t', 'bob@example.org', 'Bob'), ('t', 'luc', '');",
        )
        .unwrap();
    drop(client);
    let store = Store::open(&path, StoreOptions::default()).await.unwrap();
    let events = everything(&store.events(&UserId::new("zoe"))).await.items;
    let event = &events.values().find(|event| event.record.title == "T").unwrap().record;
    let guests: Vec<(&str, &str, &str)> = event
        .participants
        .iter()
        .map(|(key, guest)| (key.as_str(), guest.email.as_str(), guest.name.as_str()))
        .collect();
    let wanted = [
        ("bob@example.org", "bob@example.org", "Bob"),
        ("luc", "", "luc"),
        ("élise", "", "Élise"),
        ("élise (00002)", "", "Élise"),
    ];
    assert_eq!(guests, wanted);
}

#[cfg(unix)]
#[tokio::test]
async fn only_its_owner_may_read_a_new_database() {
    use std::os::unix::fs::PermissionsExt;
    let company = company().await;
    created(&company.store.contacts(&company.anne), "k", person("A", "a@example.org"), 1).await;
    for file in fs::read_dir(company.folder.path()).unwrap() {
        let file = file.unwrap();
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{file:?}");
    }
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("company.sqlite");
    let long = "this is a text, and long enough not to be taken for an empty database file".repeat(20);
    for text in [long.as_str(), "a text", "x", "SQLite format 3"] {
        fs::write(&path, text).unwrap();
        let error = Store::open(&path, StoreOptions::default()).await.unwrap_err();
        assert!(matches!(error, StoreError::Open(_)), "{text}: {error:?}");
        assert_eq!(fs::read(&path).unwrap(), text.as_bytes());
    }
}

#[tokio::test]
async fn a_crash_in_mid_write_leaves_neither_row_nor_key_nor_outcome() {
    let company = company().await;
    let replica = company.store.contacts(&company.anne);
    let kept = created(&replica, "k1", person("Kept", "kept@example.org"), 1).await;
    // The last statement of a write is its outcome: whatever stops it there undoes all of it.
    company.client().run(
        "CREATE TRIGGER crash BEFORE INSERT ON passerelle_outcomes BEGIN SELECT RAISE(FAIL, 'disk I/O error'); END;",
    );
    let lost = support::create("k2", person("Lost", "lost@example.org"), 2);
    let error = replica.write(std::slice::from_ref(&lost)).await.unwrap_err();
    assert_eq!(error.kind, passerelle_ports::ErrorKind::Unavailable);
    company.client().run("DROP TRIGGER crash");
    assert_eq!(everything(&replica).await.items.into_keys().collect::<Vec<_>>(), [kept.id]);
    assert_eq!(replica.outcome(&[entry(2)]).await.unwrap(), [None]);
    assert!(matches!(support::write_one(&replica, lost).await, passerelle_ports::Written::Stored(_)));
}

#[tokio::test]
async fn a_write_whose_caller_went_away_is_over_before_its_outcome_is_told() {
    let company = company().await;
    let replica = company.store.contacts(&company.anne);
    for number in 0..20 {
        let batch = [support::create(&format!("k{number}"), person("A", "a@example.org"), number)];
        let write = replica.write(&batch);
        // Polled once, then dropped: the work may have begun.
        let mut write = Box::pin(write);
        std::future::poll_fn(|context| {
            let _ = write.as_mut().poll(context);
            std::task::Poll::Ready(())
        })
        .await;
        drop(write);
        let known = replica.outcome(&[entry(number)]).await.unwrap()[0].is_some();
        let key = passerelle_ports::CreateKey::new(format!("k{number}"));
        let there = everything(&replica).await.items.values().any(|item| item.key.as_ref() == Some(&key));
        assert_eq!(known, there, "{number}");
    }
}

#[tokio::test]
async fn people_accounts_pairs_and_settings_are_kept() {
    let company = company().await;
    let store = &company.store;
    let eve = store.users().add(NewUser { name: "Eve".into(), ..NewUser::default() }).await.unwrap();
    store.users().update(AppUser { name: "Ève".into(), ..eve.clone() }).await.unwrap();
    assert_eq!(store.users().get(&eve.id).await.unwrap().unwrap().name, "Ève");
    assert_eq!(store.users().list().await.unwrap().len(), 3);
    let account = Account {
        id: AccountId("acc".into()),
        user: eve.id.clone(),
        provider: "google".into(),
        subject: "117".into(),
        email: "eve@example.org".into(),
        scopes: ["contacts".to_owned(), "calendar.events".to_owned()].into(),
        authorised_at: DateTime::from_timestamp(1_800_000_000, 123_456_000).unwrap(),
        state: AccountState::Connected,
    };
    store.accounts().save(account.clone()).await.unwrap();
    store.accounts().set_state(&account.id, AccountState::NeedsConsent).await.unwrap();
    let kept = store.accounts().get(&account.id).await.unwrap().unwrap();
    assert_eq!(kept, Account { state: AccountState::NeedsConsent, ..account.clone() });
    let pair = Pair {
        id: PairId::new("p1"),
        user: eve.id.clone(),
        kind: Kind::Contacts,
        account: account.id.clone(),
        collection: "people/me".into(),
        name: "Eve's contacts".into(),
        rules: Value::Null,
        enabled: true,
        calendar: None,
    };
    store.pairs().save(pair.clone()).await.unwrap();
    let second = Pair { id: PairId::new("p2"), ..pair.clone() };
    assert!(matches!(store.pairs().save(second).await, Err(StoreError::Refused(_))));
    // One account, one app user; a pair is its account's user's.
    let anne = Account { id: AccountId("other".into()), user: company.anne.clone(), ..account.clone() };
    assert!(matches!(store.accounts().save(anne.clone()).await, Err(StoreError::Refused(_))));
    let foreign = Pair { id: PairId::new("p3"), user: company.anne.clone(), ..pair.clone() };
    let foreign = Pair { collection: "another".into(), ..foreign };
    assert!(matches!(store.pairs().save(foreign).await, Err(StoreError::Refused(_))));
    let given_back = Account { state: AccountState::Disconnected, ..anne };
    store.accounts().save(given_back.clone()).await.unwrap();
    let same = Pair { id: PairId::new("p4"), user: company.anne.clone(), ..pair.clone() };
    let same = Pair { account: given_back.id.clone(), ..same };
    assert!(matches!(store.pairs().save(same).await, Err(StoreError::Refused(_))));
    store.accounts().remove(&given_back.id).await.unwrap();
    assert_eq!(store.pairs().list(Some(&eve.id)).await.unwrap(), vec![pair.clone()]);
    assert!(matches!(store.users().remove(&eve.id).await, Err(StoreError::Refused(_))));
    assert!(matches!(store.accounts().remove(&account.id).await, Err(StoreError::Refused(_))));
    store.pairs().remove(&pair.id).await.unwrap();
    store.accounts().remove(&account.id).await.unwrap();
    store.users().remove(&eve.id).await.unwrap();
    assert!(matches!(store.users().remove(&eve.id).await, Err(StoreError::Missing(_))));
    store.settings().set("language", Some("fr")).await.unwrap();
    assert_eq!(store.settings().get("language").await.unwrap().as_deref(), Some("fr"));
    store.settings().set("language", None).await.unwrap();
    assert_eq!(store.settings().get("language").await.unwrap(), None);
}
