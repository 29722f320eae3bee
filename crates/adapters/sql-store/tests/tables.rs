//! Plain SQL from any client is a first-class way to change data: it is seen, and guarded.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod support;

use passerelle_calendar::{Event, RecurrenceId, Start};
use passerelle_contacts::Contact;
use passerelle_ports::{CreateKey, ErrorKind, ItemId, Replica, Stored, Write, Written};
use support::{Client, company, created, entry, everything, person, since, write_one};

const CONTACT: &str = "
    INSERT INTO contacts (id, given_name, surname) VALUES ('c1', 'Zoé', 'Martin');
    INSERT INTO contact_emails (contact_id, address) VALUES ('c1', 'zoe@example.org');
    INSERT INTO contact_phones (contact_id, number, label) VALUES ('c1', '01 23 45 67 89', 'work');
    INSERT INTO contact_addresses (contact_id, label, city) VALUES ('c1', 'work', 'Lyon');
    INSERT INTO contact_urls (contact_id, url) VALUES ('c1', 'https://example.org');
    INSERT INTO contact_ims (contact_id, service, handle) VALUES ('c1', 'skype', 'zoe');
    INSERT INTO contact_dates (contact_id, label, date) VALUES ('c1', 'hired', '2020-02-29');
    INSERT INTO contact_relations (contact_id, relation, name) VALUES ('c1', 'spouse', 'Luc');
    INSERT INTO contact_organizations (contact_id, name) VALUES ('c1', 'Club');
    INSERT INTO contact_nicknames (contact_id, nickname) VALUES ('c1', 'Zo');
    INSERT INTO contact_custom_fields (contact_id, name, value) VALUES ('c1', 'Badge', '7');
    INSERT INTO contact_groups (id, name) VALUES (1, 'Clients'), (2, 'VIP');
    INSERT INTO contact_group_members (contact_id, group_id) VALUES ('c1', 1);";

const APPOINTMENT: &str = "
    INSERT INTO appointments (id, owner_id, title, start_local, start_zone, duration_seconds)
        VALUES ('a1', 'anne', 'Visit', '2026-11-23 09:00', 'Europe/Paris', 3600);
    INSERT INTO appointment_participants (appointment_id, email) VALUES ('a1', 'Zoe@example.org');
    INSERT INTO appointment_alerts (appointment_id, minutes_before) VALUES ('a1', 15);
    INSERT INTO appointment_rules (appointment_id, rule) VALUES ('a1', 'FREQ=WEEKLY;BYDAY=MO');
    INSERT INTO appointment_dates (appointment_id, date) VALUES ('a1', '2026-12-25 10:00');
    INSERT INTO appointment_overrides (appointment_id, occurrence, title) VALUES ('a1', '2026-11-30 09:00', 'Moved');
    INSERT INTO appointment_categories (appointment_id, category) VALUES ('a1', 'Clients');";

async fn seen_after<R: passerelle_ports::Record>(
    replica: &dyn Replica<R>,
    client: &mut Client,
    sql: &str,
) -> (Vec<ItemId>, Vec<ItemId>) {
    let before = everything(replica).await;
    client.run(sql);
    let after = since(replica, &before.cursor).await;
    for item in after.items.values() {
        let old = before.items.get(&item.id);
        assert!(
            old.is_none_or(|old| old.version.sequence() < item.version.sequence()),
            "{sql}: same version"
        );
        assert_eq!(
            replica.fetch(std::slice::from_ref(&item.id)).await.unwrap()[0].as_ref(),
            Some(item),
            "{sql}"
        );
    }
    (after.items.into_keys().collect(), after.removed)
}

#[tokio::test]
async fn every_edit_of_a_contacts_rows_is_reported() {
    let company = company().await;
    let mut client = company.client();
    client.run(CONTACT);
    let replica = company.store.contacts(&company.anne);
    for sql in [
        "UPDATE contacts SET notes = 'x' WHERE id = 'c1'",
        "UPDATE contact_emails SET label = 'home'",
        "UPDATE contact_phones SET number = '09 87 65 43 21'",
        "UPDATE contact_addresses SET city = 'Paris'",
        "UPDATE contact_urls SET url = 'https://example.com'",
        "UPDATE contact_ims SET handle = 'zo'",
        "UPDATE contact_dates SET date = '--02-29'",
        "UPDATE contact_relations SET name = 'Lucas'",
        "UPDATE contact_organizations SET title = 'Chair'",
        "UPDATE contact_nicknames SET nickname = 'Zoz'",
        "UPDATE contact_custom_fields SET value = '8'",
        "UPDATE contact_groups SET name = 'Customers' WHERE id = 1",
        "UPDATE contact_group_members SET group_id = 2",
        "INSERT OR IGNORE INTO contact_emails (contact_id, address) VALUES ('c1', 'second@example.org')",
        "DELETE FROM contact_emails WHERE address = 'second@example.org'",
        "DELETE FROM contact_phones",
        "DELETE FROM contact_addresses",
        "DELETE FROM contact_urls",
        "DELETE FROM contact_ims",
        "DELETE FROM contact_dates",
        "DELETE FROM contact_relations",
        "DELETE FROM contact_organizations",
        "DELETE FROM contact_nicknames",
        "DELETE FROM contact_custom_fields",
        "DELETE FROM contact_groups",
        "BEGIN; UPDATE contacts SET notes = 'y'; UPDATE contacts SET notes = 'z'; COMMIT",
        "REPLACE INTO contacts (id, given_name) VALUES ('c1', 'Zoé')",
    ] {
        let seen = seen_after::<Contact>(&replica, &mut client, sql).await;
        assert_eq!(seen, (vec![ItemId::new("c1")], vec![]), "{sql}");
    }
    let seen = seen_after::<Contact>(&replica, &mut client, "DELETE FROM contacts").await;
    assert_eq!(seen, (vec![], vec![ItemId::new("c1")]));
    assert_eq!(client.text("SELECT count(*) || '' AS text FROM contact_emails"), "0");
}

#[tokio::test]
async fn every_edit_of_an_appointments_rows_is_reported() {
    let company = company().await;
    let mut client = company.client();
    client.run(APPOINTMENT);
    let replica = company.store.events(&company.anne);
    for sql in [
        "UPDATE appointments SET start_local = '2026-11-23 10:00' WHERE id = 'a1'",
        "UPDATE appointment_participants SET participation_status = 'accepted'",
        "UPDATE appointment_alerts SET minutes_before = 30",
        "UPDATE appointment_rules SET rule = 'FREQ=DAILY;COUNT=30'",
        "UPDATE appointment_dates SET date = '2026-12-26 10:00'",
        "UPDATE appointment_overrides SET cancelled = 1",
        "UPDATE appointment_categories SET category = 'Prospects'",
        "INSERT INTO appointment_overrides (appointment_id, occurrence, cancelled) VALUES ('a1', '2026-12-07T09:00:00', 1)",
        "DELETE FROM appointment_participants",
        "DELETE FROM appointment_alerts",
        "DELETE FROM appointment_rules",
        "DELETE FROM appointment_dates",
        "DELETE FROM appointment_overrides",
        "DELETE FROM appointment_categories",
    ] {
        let seen = seen_after::<Event>(&replica, &mut client, sql).await;
        assert_eq!(seen, (vec![ItemId::new("a1")], vec![]), "{sql}");
    }
    client.run("INSERT INTO appointment_alerts (appointment_id, minutes_before) VALUES ('a1', 15)");
    let seen = seen_after::<Event>(&replica, &mut client, "DELETE FROM appointments").await;
    assert_eq!(seen, (vec![], vec![ItemId::new("a1")]));
    assert_eq!(client.text("SELECT count(*) || '' AS text FROM appointment_alerts"), "0");
}

#[tokio::test]
async fn what_a_person_inserts_is_read_as_they_mean_it() {
    let company = company().await;
    let mut client = company.client();
    client.run(CONTACT);
    client.run(APPOINTMENT);
    let contacts = everything(&company.store.contacts(&company.anne)).await.items;
    let contact = &contacts[&ItemId::new("c1")].record;
    assert_eq!(contact.phones["+33123456789"].label, "work");
    assert_eq!(contact.emails["zoe@example.org"].address, "zoe@example.org");
    assert_eq!(contact.groups["clients"], "Clients");
    let events = everything(&company.store.events(&company.anne)).await.items;
    let event = &events[&ItemId::new("a1")].record;
    assert_eq!(event.start, Some("2026-11-23T09:00:00[Europe/Paris]".parse::<Start>().unwrap()));
    assert_eq!(event.participants.keys().collect::<Vec<_>>(), ["zoe@example.org"]);
    assert!(event.recurrence_overrides.keys().all(|key| key.parse::<RecurrenceId>().is_ok()));
    assert_eq!(event.recurrence_overrides["2026-11-30T09:00:00"].title.as_deref(), Some("Moved"));
    assert_eq!(event.recurrence_dates.keys().collect::<Vec<_>>(), ["2026-12-25T10:00:00"]);
    assert_eq!(client.text("SELECT ends AS text FROM appointment_times"), "2026-11-23 10:00:00");
}

#[tokio::test]
async fn what_cannot_be_synchronised_is_refused_in_words() {
    let company = company().await;
    let mut client = company.client();
    client.run(CONTACT);
    client.run(APPOINTMENT);
    let appointment = |columns: &str, values: &str| {
        format!("INSERT INTO appointments (owner_id, {columns}) VALUES ('anne', {values})")
    };
    for (sql, words) in [
        ("UPDATE contacts SET birthday = '2026-02-30'".to_owned(), "a birthday is written"),
        ("UPDATE contacts SET birthday = '31/12/1980'".to_owned(), "a birthday is written"),
        ("UPDATE contacts SET id = 'c2'".to_owned(), "a contact keeps its id"),
        ("UPDATE contact_dates SET date = 'soon'".to_owned(), "a date is written"),
        ("UPDATE contact_addresses SET country_code = 'France'".to_owned(), "a country code has two letters"),
        ("UPDATE contact_emails SET address = ' '".to_owned(), "an e-mail address is not empty"),
        (
            "INSERT INTO contact_emails (contact_id, address) VALUES ('c9', 'x@y')".to_owned(),
            "names no contact",
        ),
        (
            "INSERT INTO contact_group_members (contact_id, group_id) VALUES ('c1', 9)".to_owned(),
            "names no group",
        ),
        ("INSERT INTO contact_users VALUES ('c1', 'nobody')".to_owned(), "names no app user"),
        (appointment("start_local, start_zone", "'2026-02-30 09:00', 'Europe/Paris'"), "a day that exists"),
        (appointment("start_local, start_zone", "'tomorrow', 'Europe/Paris'"), "a day that exists"),
        (appointment("start_local, start_zone", "'2026-02-20 09:00', 'Paris'"), "no IANA time zone"),
        (appointment("start_local", "'2026-02-20 09:00'"), "start_zone is given"),
        (appointment("start_kind, start_local", "'date', '2026-02-20 09:00'"), "a day that exists"),
        (
            appointment("start_kind, start_local, duration_seconds", "'date', '2026-02-20', 60"),
            "whole days lasts whole days",
        ),
        ("UPDATE appointments SET duration_seconds = -60".to_owned(), "cannot end before it starts"),
        ("UPDATE appointments SET owner_id = 'nobody'".to_owned(), "names no app user"),
        ("UPDATE appointment_rules SET rule = 'every monday'".to_owned(), "a rule is written"),
        ("UPDATE appointment_rules SET rule = 'RRULE:FREQ=DAILY'".to_owned(), "a rule is written"),
        (
            "UPDATE appointment_rules SET rule = 'FREQ=DAILY;COUNT=2;UNTIL=20261231'".to_owned(),
            "by COUNT or by UNTIL",
        ),
        ("UPDATE appointment_overrides SET occurrence = 'first'".to_owned(), "the original day"),
        ("UPDATE appointment_overrides SET start_kind = 'zoned'".to_owned(), "go together"),
        (
            "INSERT INTO appointment_participants (appointment_id, email) VALUES ('a1', 'zoe@EXAMPLE.org')"
                .to_owned(),
            "a guest is invited once",
        ),
        ("DELETE FROM app_users WHERE id = 'anne'".to_owned(), "owns appointments"),
    ] {
        let refusal = client.refusal(&sql);
        assert!(refusal.contains(words), "{sql}: {refusal}");
    }
}

#[tokio::test]
async fn a_contact_without_users_is_seen_by_all_and_one_with_users_by_them() {
    let company = company().await;
    let mut client = company.client();
    client.run(CONTACT);
    let (anne, bob) = (company.store.contacts(&company.anne), company.store.contacts(&company.bob));
    let id = ItemId::new("c1");
    let (at_anne, at_bob) = (everything(&anne).await, everything(&bob).await);
    assert!(at_anne.items.contains_key(&id) && at_bob.items.contains_key(&id));

    client.run("INSERT INTO contact_users VALUES ('c1', 'anne')");
    let seen = since(&bob, &at_bob.cursor).await;
    assert!(seen.items[&id].withdrawn && seen.removed.is_empty());
    assert!(!since(&anne, &at_anne.cursor).await.items[&id].withdrawn);
    assert!(bob.fetch(std::slice::from_ref(&id)).await.unwrap()[0].as_ref().unwrap().withdrawn);
    assert!(everything(&bob).await.items.is_empty());

    client.run("UPDATE contact_users SET user_id = 'bob'");
    let back = since(&bob, &seen.cursor).await;
    assert!(!back.items[&id].withdrawn);
    assert!(since(&anne, &at_anne.cursor).await.items[&id].withdrawn);

    client.run("DELETE FROM contact_users");
    assert!(!since(&anne, &at_anne.cursor).await.items[&id].withdrawn);
    assert!(!since(&bob, &back.cursor).await.items[&id].withdrawn);
}

#[tokio::test]
async fn a_contact_that_a_user_was_never_shown_is_not_mentioned_to_them() {
    let company = company().await;
    let bob = company.store.contacts(&company.bob);
    let start = everything(&bob).await;
    let mut client = company.client();
    client.run(CONTACT);
    client.run("INSERT INTO contact_users VALUES ('c1', 'anne'); UPDATE contacts SET notes = 'x'");
    let seen = since(&bob, &start.cursor).await;
    assert!(seen.items.is_empty() && seen.removed.is_empty(), "{seen:?}");
}

#[tokio::test]
async fn an_appointment_that_changes_hands_is_withdrawn_from_its_former_owner() {
    let company = company().await;
    let mut client = company.client();
    client.run(APPOINTMENT);
    let (anne, bob) = (company.store.events(&company.anne), company.store.events(&company.bob));
    let (at_anne, at_bob) = (everything(&anne).await, everything(&bob).await);
    assert!(at_bob.items.is_empty());
    client.run("UPDATE appointments SET owner_id = 'bob', title = 'Given'");
    let id = ItemId::new("a1");
    let seen = since(&anne, &at_anne.cursor).await;
    assert!(seen.items[&id].withdrawn && seen.removed.is_empty());
    assert_eq!(since(&bob, &at_bob.cursor).await.items[&id].record.title, "Given");
    client.run("DELETE FROM appointments");
    assert_eq!(since(&bob, &at_bob.cursor).await.removed, [id]);
}

#[tokio::test]
async fn an_appointment_that_changes_its_calendar_is_withdrawn_from_the_former_one() {
    let company = company().await;
    let mut client = company.client();
    client.run("INSERT INTO calendars (id, owner_id, name) VALUES ('team', 'anne', 'Team')");
    client.run(APPOINTMENT);
    let home = client.text("SELECT id AS text FROM calendars WHERE owner_id = 'anne' AND is_default");
    let home = company.store.calendar(&company.anne, &home);
    let team = company.store.calendar(&company.anne, "team");
    let (at_home, at_team) = (everything(&home).await, everything(&team).await);
    let id = ItemId::new("a1");
    assert!(at_home.items.contains_key(&id) && at_team.items.is_empty());
    // A change in one calendar is no news in another.
    client.run("UPDATE appointments SET title = 'Changed'");
    assert!(since(&team, &at_team.cursor).await.items.is_empty());
    client.run("UPDATE appointments SET calendar_id = 'team'");
    let seen = since(&home, &at_home.cursor).await;
    assert!(seen.items[&id].withdrawn && seen.removed.is_empty());
    assert!(!since(&team, &at_team.cursor).await.items[&id].withdrawn);
    // Brought back by a write, it is the same row; a version that is over moves nothing.
    let from = seen.items[&id].clone();
    assert_eq!(from.home.as_deref(), Some("team"));
    let own = client.text("SELECT id AS text FROM calendars WHERE owner_id = 'anne' AND is_default");
    let back = |version: &str| Write::Move {
        from: Stored { version: version.into(), ..from.clone() },
        to: own.clone(),
        stamp: entry(5),
    };
    let late = home.write(&[back("1")]).await.unwrap().remove(0);
    assert_eq!(late.unwrap_err().kind, ErrorKind::VersionMismatch);
    let moved = home.write(&[back(from.version.as_str())]).await.unwrap().remove(0).unwrap();
    let Written::Stored(moved) = moved else { panic!("{moved:?}") };
    assert_eq!((&moved.id, moved.withdrawn, &moved.record), (&id, false, &from.record));
    assert_eq!(home.outcome(&[entry(5)]).await.unwrap(), [Some(Written::Stored(moved))]);
    // What arrives in a calendar stands there.
    let arrived = created(&team, "k", at_home.items[&id].record.clone(), 1).await;
    assert!(everything(&team).await.items.contains_key(&arrived.id));
    assert!(!everything(&home).await.items.contains_key(&arrived.id));
    let foreign =
        client.refusal("UPDATE appointments SET owner_id = 'bob', calendar_id = 'team' WHERE id = 'a1'");
    assert!(foreign.contains("no calendar of the appointment's owner"), "{foreign}");
    client.run("UPDATE appointments SET owner_id = 'bob' WHERE id = 'a1'");
    let of_bob = "SELECT c.owner_id AS text FROM appointments a JOIN calendars c ON c.id = a.calendar_id WHERE a.id = 'a1'";
    assert_eq!(client.text(of_bob), "bob");
}

#[tokio::test]
async fn a_contact_made_for_one_user_is_theirs_until_it_is_shared() {
    let company = company().await;
    let (anne, bob) = (company.store.contacts(&company.anne), company.store.contacts(&company.bob));
    let stored = created(&anne, "k", person("Zoé", "zoe@example.org"), 1).await;
    assert!(everything(&bob).await.items.is_empty());
    company.client().run("DELETE FROM contact_users");
    assert!(everything(&bob).await.items.contains_key(&stored.id));
}

#[tokio::test]
async fn a_contact_that_is_brought_back_is_seen_by_those_who_saw_it_and_by_no_others() {
    let company = company().await;
    let anne = company.store.contacts(&company.anne);
    let mut client = company.client();
    client.run("INSERT INTO app_users (id, name) VALUES ('carl', 'Carl')");
    let before: &[(&str, &[&str])] = &[
        ("shared", &[]),
        ("mine", &["anne"]),
        ("ours", &["anne", "bob"]),
        ("parts first", &["anne"]),
        ("taken away long ago", &["anne"]),
        ("of one who left", &["anne", "carl"]),
    ];
    for (id, users) in before {
        client.run(&format!("INSERT INTO contacts (id, given_name) VALUES ('{id}', 'Zoé')"));
        for user in *users {
            client.run(&format!("INSERT INTO contact_users VALUES ('{id}', '{user}')"));
        }
    }
    client.run("INSERT INTO contact_users VALUES ('taken away long ago', 'bob')");
    client.run("DELETE FROM contact_users WHERE contact_id = 'taken away long ago' AND user_id = 'bob'");
    client.run("UPDATE passerelle_former_users SET at = at - 3600");
    client.run("DELETE FROM contact_users WHERE contact_id = 'parts first'; DELETE FROM contacts;");
    client.run("DELETE FROM app_users WHERE id = 'carl'");
    for (number, (id, users)) in before.iter().enumerate() {
        let write = Write::Create {
            key: CreateKey::new(*id),
            record: person("Zoé", "zoe@example.org"),
            opaque: None,
            stamp: entry(number as u128 + 1),
            replaces: Some(ItemId::new(*id)),
        };
        let Written::Stored(stored) = write_one(&anne, write).await else { panic!("{id}") };
        let seen = client.text(&format!(
            "SELECT user_id AS text FROM contact_users WHERE contact_id = '{}' ORDER BY user_id",
            stored.id
        ));
        let expected: Vec<&str> = users.iter().copied().filter(|user| *user != "carl").collect();
        assert_eq!(seen, expected.join("|"), "{id}");
    }
}
