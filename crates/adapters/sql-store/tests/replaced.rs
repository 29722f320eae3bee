//! `INSERT OR REPLACE` of a row, as many programs write: whatever the client's settings, the row keeps its parts.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod support;

use std::collections::BTreeMap;

use passerelle_calendar::Event;
use passerelle_contacts::Contact;
use passerelle_ports::{Stored, Write};
use support::{Client, Company, company, entry, everything, write_one};

/// A client that enforces foreign keys, or not, and lets triggers fire triggers, or not.
const SETTINGS: [(u8, u8); 4] = [(0, 0), (0, 1), (1, 0), (1, 1)];

const CONTACT: &str = "
    INSERT INTO contacts (id, uid, given_name, leftovers) VALUES ('c', 'u-c', 'Zoé', '[\"X-A:1\"]');
    INSERT INTO contact_emails (contact_id, address, label, preferred, ordinal) VALUES ('c', 'z@a.example', 'work', 1, 2), ('c', 'z@b.example', 'home', 0, 1);
    INSERT INTO contact_phones (contact_id, number, label) VALUES ('c', '01 23 45 67 89', 'work');
    INSERT INTO contact_addresses (contact_id, label, street, city, country_code) VALUES ('c', 'work', '1 rue A', 'Lyon', 'FR');
    INSERT INTO contact_urls (contact_id, url) VALUES ('c', 'https://a.example');
    INSERT INTO contact_ims (contact_id, service, handle) VALUES ('c', 'Matrix', '@z');
    INSERT INTO contact_dates (contact_id, label, date) VALUES ('c', 'joined', '2005-06-18');
    INSERT INTO contact_relations (contact_id, relation, name) VALUES ('c', 'friend', 'Max');
    INSERT INTO contact_organizations (contact_id, name, title) VALUES ('c', 'Club', 'Chair');
    INSERT INTO contact_nicknames (contact_id, nickname) VALUES ('c', 'Zo');
    INSERT INTO contact_custom_fields (contact_id, name, value) VALUES ('c', 'Badge', '7');
    INSERT INTO contact_groups (id, name) VALUES (1, 'Clients');
    INSERT INTO contact_group_members (contact_id, group_id) VALUES ('c', 1);
    INSERT INTO contact_users (contact_id, user_id) VALUES ('c', 'anne');";

const APPOINTMENT: &str = "
    INSERT INTO calendars (id, owner_id, name) VALUES ('team', 'anne', 'Team');
    INSERT INTO appointments (id, uid, owner_id, title, start_local, start_zone, duration_seconds, calendar_id, leftovers)
        VALUES ('a', 'u-a', 'anne', 'Visit', '2026-12-07 10:00', 'Europe/Paris', 3600, 'team', '[\"X-A:1\"]');
    INSERT INTO appointment_participants (appointment_id, email, role) VALUES ('a', 'z@a.example', 'optional');
    INSERT INTO appointment_alerts (appointment_id, minutes_before) VALUES ('a', 15);
    INSERT INTO appointment_rules (appointment_id, rule) VALUES ('a', 'FREQ=WEEKLY;COUNT=5');
    INSERT INTO appointment_dates (appointment_id, date) VALUES ('a', '2026-12-25 10:00');
    INSERT INTO appointment_categories (appointment_id, category) VALUES ('a', 'Clients');
    INSERT INTO appointment_overrides (appointment_id, occurrence, title, location, privacy, categories, own_alerts,
            start_kind, start_local, start_zone, duration_days, duration_seconds)
        VALUES ('a', '2026-12-14 10:00', 'Moved', 'Lyon', 'private', '[\"A\"]', 1, 'zoned', '2026-12-15 18:00', 'Europe/Paris', 0, 60);
    INSERT INTO appointment_overrides (appointment_id, occurrence, cancelled) VALUES ('a', '2026-12-21 10:00', 1);
    INSERT INTO appointment_alerts (appointment_id, occurrence, minutes_before) VALUES ('a', '2026-12-14 10:00', 5);";

const APPOINTMENT_ANEW: &str =
    "INSERT OR REPLACE INTO appointments (id, owner_id, title, start_local, start_zone, duration_seconds)
         VALUES ('a', 'anne', 'Visit!', '2026-12-07 10:00', 'Europe/Paris', 3600)";

fn client(company: &Company, (keys, recursive): (u8, u8)) -> Client {
    let mut client = company.client();
    client.run(&format!("PRAGMA foreign_keys = {keys}; PRAGMA recursive_triggers = {recursive}"));
    client
}

async fn contact(company: &Company) -> Stored<Contact> {
    everything(&company.store.contacts(&company.anne)).await.items.into_values().next().unwrap()
}

async fn event(company: &Company) -> Stored<Event> {
    let calendar = company.store.calendar(&company.anne, "team");
    everything(&calendar).await.items.into_values().next().unwrap()
}

#[tokio::test]
async fn a_contact_that_is_replaced_keeps_its_parts_and_its_readers() {
    for settings in SETTINGS {
        let company = company().await;
        let mut client = client(&company, settings);
        client.run(CONTACT);
        let before = contact(&company).await;
        for again in [
            "INSERT OR REPLACE INTO contacts (id, given_name) VALUES ('c', 'Zoé!')",
            "REPLACE INTO contacts (id, given_name) VALUES ('c', 'Zoé!')",
            "INSERT INTO contacts (id, given_name) VALUES ('c', 'x') ON CONFLICT (id) DO UPDATE SET given_name = 'Zoé!'",
            "INSERT OR IGNORE INTO contacts (id, given_name) VALUES ('c', 'nobody')",
            "INSERT OR REPLACE INTO contact_groups (id, name) VALUES (1, 'Clients')",
            "INSERT OR REPLACE INTO contact_groups (name) VALUES ('Clients')",
        ] {
            client.run(again);
            let after = contact(&company).await;
            let mut wanted = before.record.clone();
            wanted.name.given = "Zoé!".into();
            assert_eq!(after.record, wanted, "{settings:?} {again}");
            assert_eq!(after.opaque, before.opaque, "{settings:?} {again}");
            // Nobody else sees it.
            assert!(
                everything(&company.store.contacts(&company.bob)).await.items.is_empty(),
                "{settings:?} {again}"
            );
            assert_eq!(client.text("SELECT part AS text FROM passerelle_parked WHERE kept"), "", "{again}");
        }
        // What was deleted stays deleted.
        client.run("DELETE FROM contacts; INSERT INTO contacts (id, given_name) VALUES ('c', 'Zoé')");
        let emails = "SELECT address AS text FROM contact_emails";
        assert_eq!(client.text(emails), "", "{settings:?}");
    }
}

#[tokio::test]
async fn an_appointment_that_is_replaced_keeps_its_rule_and_its_changed_occurrences() {
    for settings in SETTINGS {
        let company = company().await;
        let mut client = client(&company, settings);
        client.run(APPOINTMENT);
        let before = event(&company).await;
        for again in [
            APPOINTMENT_ANEW,
            "INSERT OR IGNORE INTO appointments (id, owner_id, start_local, start_zone) VALUES ('a', 'anne', '2027-01-01 09:00', 'Europe/Paris')",
        ] {
            client.run(again);
            let after = event(&company).await;
            assert_eq!(
                after.record,
                Event { title: "Visit!".into(), ..before.record.clone() },
                "{settings:?} {again}"
            );
            assert_eq!(after.opaque, before.opaque, "{settings:?} {again}");
        }
        // Twice before the next run, each time at another hour: the names follow the first of them.
        for hour in [14, 16] {
            client.run(&APPOINTMENT_ANEW.replace("10:00", &format!("{hour}:00")));
        }
        let names: Vec<String> = event(&company).await.record.recurrence_overrides.into_keys().collect();
        assert_eq!(names, ["2026-12-14T16:00:00", "2026-12-21T16:00:00"], "{settings:?}");
        assert_eq!(client.text("SELECT occurrence AS text FROM passerelle_dropped"), "", "{settings:?}");
    }
}

#[tokio::test]
async fn what_a_program_inserts_again_is_there_once() {
    for settings in [(0, 1), (1, 0), (1, 1)] {
        let company = company().await;
        let mut client = client(&company, settings);
        client.run(CONTACT);
        client.run(APPOINTMENT);
        let (before, series) = (contact(&company).await, event(&company).await);
        let number = client.text("SELECT CAST(id AS TEXT) AS text FROM contact_phones");
        client.run(&format!(
            "INSERT OR REPLACE INTO contacts (id, given_name) VALUES ('c', 'Zoé');
             INSERT INTO contact_emails (contact_id, address, label, preferred, ordinal) VALUES ('c', 'Z@a.example', 'work', 1, 2);
             INSERT INTO contact_phones (id, contact_id, number, label) VALUES ({number}, 'c', '0123456789', 'work');
             INSERT INTO contact_group_members (contact_id, group_id) VALUES ('c', 1);
             INSERT INTO contact_users (contact_id, user_id) VALUES ('c', 'anne');
             INSERT INTO contact_organizations (contact_id, name, title) VALUES ('c', 'Club', 'Chair');
             {APPOINTMENT_ANEW};
             INSERT INTO appointment_rules (appointment_id, rule) VALUES ('a', 'FREQ=WEEKLY;COUNT=4');
             INSERT INTO appointment_participants (appointment_id, email, role) VALUES ('a', 'z@a.example', 'optional');
             INSERT INTO appointment_overrides (appointment_id, occurrence, cancelled) VALUES ('a', '2026-12-14 10:00:00', 1);"
        ));
        let after = contact(&company).await.record;
        assert_eq!(after.emails.len(), before.record.emails.len(), "{settings:?}");
        assert_eq!(after.phones.len(), 1, "{settings:?}");
        assert_eq!(after.groups, before.record.groups);
        let now = event(&company).await.record;
        assert_eq!(now.recurrence_rules, ["FREQ=WEEKLY;COUNT=4"], "{settings:?}");
        assert_eq!(now.participants, series.record.participants, "{settings:?}");
        let cancelled: Vec<bool> = now.recurrence_overrides.values().map(|change| change.excluded).collect();
        assert_eq!(cancelled, [true, true], "{settings:?}");
        // After a run it is all as if nothing had been replaced: a second rule is a second one.
        client.run("INSERT INTO contact_emails (contact_id, address) VALUES ('c', 'z@b.example')");
        assert_eq!(client.text("SELECT CAST(count(*) AS TEXT) AS text FROM contact_emails"), "3");
    }
}

/// What an ORM does with the columns that it knows, of guests and of whole rows.
#[tokio::test]
async fn what_is_deleted_and_inserted_anew_is_known_again() {
    const ANSWERED: &str = "UPDATE appointment_participants SET participation_status = 'accepted', comment = 'Fine', name = 'Zoé';
        INSERT INTO appointment_participants (appointment_id, email, name, participation_status, resource) VALUES ('a', '', 'Room 5', 'declined', 1);
        UPDATE appointment_overrides SET own_participants = 1 WHERE occurrence = '2026-12-14 10:00';
        INSERT INTO appointment_participants (appointment_id, occurrence, email, participation_status) VALUES ('a', '2026-12-14 10:00', 'z@a.example', 'tentative')";
    const GUESTS: &str = "SELECT participation_status || ' ' || comment || ' ' || name || ' ' || resource AS text FROM appointment_participants ORDER BY occurrence, name, email";
    const ANEW: &str = "INSERT INTO appointment_participants (appointment_id, email, role) VALUES ('a', 'Z@A.example', 'optional');
        INSERT INTO appointment_participants (appointment_id, email, name) VALUES ('a', '', 'Room 5');
        INSERT INTO appointment_participants (appointment_id, occurrence, email) VALUES ('a', '2026-12-14T10:00:00', 'z@a.example')";
    for settings in SETTINGS {
        let company = company().await;
        let mut client = client(&company, settings);
        client.run(CONTACT);
        client.run(APPOINTMENT);
        client.run(ANSWERED);
        let (series, person) = (event(&company).await, contact(&company).await);
        let known = client.text(GUESTS);
        for again in [
            format!("BEGIN; DELETE FROM appointment_participants; {ANEW}; COMMIT"),
            "INSERT OR REPLACE INTO appointment_participants (id, appointment_id, email, role)
                SELECT id, appointment_id, email, role FROM appointment_participants WHERE occurrence = '' AND email <> ''".into(),
            "INSERT OR REPLACE INTO appointment_participants (appointment_id, email, role) VALUES ('a', 'z@a.example', 'optional')".into(),
            // The whole rows.
            format!(
                "DELETE FROM appointment_participants; DELETE FROM appointments;
                 INSERT INTO appointments (id, owner_id, title, start_local, start_zone, duration_seconds)
                     VALUES ('a', 'anne', 'Visit', '2026-12-07 10:00', 'Europe/Paris', 3600);
                 INSERT OR IGNORE INTO appointment_rules (appointment_id, rule) SELECT 'a', 'FREQ=WEEKLY;COUNT=5'
                     WHERE NOT EXISTS (SELECT 1 FROM appointment_rules);
                 {ANEW}"
            ),
        ] {
            client.run(&again);
            assert_eq!(client.text(GUESTS), known, "{settings:?} {again}");
            let now = event(&company).await;
            assert_eq!((&now.opaque, &now.record.uid), (&series.opaque, &series.record.uid), "{settings:?} {again}");
        }
        client.run("DELETE FROM contact_users WHERE user_id = 'bob'; DELETE FROM contacts; INSERT INTO contacts (id, given_name) VALUES ('c', 'Zoé')");
        let now = contact(&company).await;
        assert_eq!((now.opaque, now.record.uid), (person.opaque, person.record.uid), "{settings:?}");
        assert!(everything(&company.store.contacts(&company.bob)).await.items.is_empty(), "{settings:?}");
        // What is said counts; so does what is deleted in one run and inserted in another.
        let status = "SELECT participation_status AS text FROM appointment_participants WHERE occurrence = '' AND email <> ''";
        client.run("UPDATE appointment_participants SET participation_status = 'needs_action'");
        assert_eq!(client.text(status), "needs_action");
        client.run("DELETE FROM appointment_participants; INSERT INTO appointment_participants (appointment_id, email, participation_status)
            VALUES ('a', 'z@a.example', 'declined')");
        assert_eq!(client.text(status), "declined");
        client.run("DELETE FROM appointment_participants");
        event(&company).await;
        client
            .run("INSERT INTO appointment_participants (appointment_id, email) VALUES ('a', 'z@a.example')");
        assert_eq!(client.text(status), "needs_action");
        // Whom we took away because of the other side is nobody whom a program inserts anew.
        client.run("UPDATE appointment_participants SET participation_status = 'accepted'");
        let calendar = company.store.calendar(&company.anne, "team");
        let from = event(&company).await;
        let to = Event { participants: BTreeMap::new(), ..from.record.clone() };
        write_one(&calendar, Write::Update { from, to, opaque: None, stamp: entry(9) }).await;
        client
            .run("INSERT INTO appointment_participants (appointment_id, email) VALUES ('a', 'z@a.example')");
        assert_eq!(client.text(status), "needs_action");
    }
}

/// Whoever adds a table of parts, or a column to one, adds it to the triggers that keep them.
#[tokio::test]
async fn every_column_of_every_part_is_kept() {
    let company = company().await;
    let mut client = company.client();
    let columns = client.text(
        "SELECT t.name || '.' || c.name AS text FROM sqlite_master t, pragma_foreign_key_list(t.name) k, pragma_table_info(t.name) c
         WHERE t.type = 'table' AND k.\"table\" IN ('contacts', 'appointments') AND c.name NOT IN ('id', k.\"from\") ORDER BY 1",
    );
    assert!(columns.split('|').count() > 80, "{columns}");
    for column in columns.split('|') {
        let (table, name) = column.split_once('.').unwrap();
        let parent = table.split('_').next().unwrap();
        for trigger in ["park_their_parts", "keep_their_parts"] {
            let sql = client
                .text(&format!("SELECT sql AS text FROM sqlite_master WHERE name = '{parent}s_{trigger}'"));
            let part = sql.split("INSERT INTO ").find(|one| match trigger {
                "park_their_parts" => one.contains(&format!("FROM {table} ")),
                _ => one.starts_with(&format!("{table} (")),
            });
            let part = part.unwrap_or_else(|| panic!("{trigger} forgets {table}"));
            assert!(
                part.contains(&format!("{name},")) || part.contains(&format!("{name})")),
                "{trigger} forgets {column}"
            );
        }
        let gives_way =
            client.text(&format!("SELECT name AS text FROM sqlite_master WHERE name = '{table}_give_way'"));
        assert!(!gives_way.is_empty(), "{table}");
    }
}

/// Every row of the company's tables, without what the database counts.
fn rows(client: &mut Client) -> String {
    let tables = client.text(
        "SELECT DISTINCT tbl_name AS text FROM sqlite_master
         WHERE type = 'trigger' AND tbl_name NOT LIKE 'passerelle\\_%' ESCAPE '\\' AND tbl_name <> 'change_log' ORDER BY 1",
    );
    let of = |client: &mut Client, table: &str| {
        let columns = columns(client, table);
        let each =
            columns.iter().map(|column| format!("'{column}', {column}")).collect::<Vec<_>>().join(", ");
        client.text(&format!("SELECT json_object({each}) AS text FROM {table} ORDER BY 1"))
    };
    tables.split('|').map(|table| format!("{table}: {}", of(client, table))).collect::<Vec<_>>().join("\n")
}

fn columns(client: &mut Client, table: &str) -> Vec<String> {
    let counted = "'version', 'created_at', 'updated_at', 'number'";
    let names = client.text(&format!(
        "SELECT name AS text FROM pragma_table_info('{table}')
         WHERE name NOT IN ({counted}) OR '{table}' = 'contact_phones' AND name = 'number'"
    ));
    names.split('|').map(str::to_owned).collect()
}

/// The conflict clause of a statement holds for what its triggers do: none of them may rely on one of its own.
#[tokio::test]
async fn every_kind_of_statement_is_taken_by_every_table() {
    for settings in SETTINGS {
        let company = company().await;
        let mut client = client(&company, settings);
        client.run(CONTACT);
        client.run(APPOINTMENT);
        let before = rows(&mut client);
        let tables: Vec<String> =
            before.lines().map(|line| line.split(':').next().unwrap().to_owned()).collect();
        assert!(tables.len() > 20, "{tables:?}");
        for table in tables {
            for column in columns(&mut client, &table) {
                for kind in ["ABORT", "FAIL", "IGNORE", "REPLACE", "ROLLBACK"] {
                    client.run(&format!("UPDATE OR {kind} {table} SET {column} = {column}"));
                }
                client.run(&format!(
                    "INSERT INTO {table} SELECT * FROM {table} WHERE true ON CONFLICT DO UPDATE SET {column} = excluded.{column}"
                ));
            }
            client.run(&format!("INSERT OR IGNORE INTO {table} SELECT * FROM {table}"));
            // An app user who has calendars is not deleted, not even to be made anew.
            if !["app_users", "calendars"].contains(&table.as_str()) || settings.1 == 0 {
                client.run(&format!("INSERT OR REPLACE INTO {table} SELECT * FROM {table}"));
            }
            assert_eq!(rows(&mut client), before, "{settings:?} {table}");
        }
        let triggers = "SELECT name AS text FROM sqlite_master WHERE type = 'trigger'
            AND (sql LIKE '%INSERT OR %' OR sql LIKE '%UPDATE OR %' OR sql LIKE '%ON CONFLICT%' OR sql LIKE '%REPLACE INTO%')";
        assert_eq!(client.text(triggers), "");
    }
}

/// A table, a column, its new value, and the row.
const CHANGES: [(&str, &str, &str, &str); 19] = [
    ("appointments", "start_local", "'2026-12-07 08:00'", "id = 'a'"),
    ("appointments", "start_local", "'2026-12-08 10:00'", "id = 'a'"),
    ("appointments", "title", "'X'", "id = 'a'"),
    ("appointments", "calendar_id", "NULL", "id = 'a'"),
    ("appointment_rules", "rule", "'FREQ=WEEKLY;BYDAY=TU;COUNT=4'", "true"),
    ("appointment_rules", "rule", "'FREQ=WEEKLY;COUNT=2'", "true"),
    ("appointment_rules", "rule", "'FREQ=WEEKLY;INTERVAL=2;COUNT=5'", "true"),
    ("appointment_overrides", "title", "'Z'", "cancelled"),
    ("appointment_overrides", "occurrence", "'2026-12-28 10:00'", "cancelled"),
    ("appointment_participants", "name", "'N'", "true"),
    ("appointment_alerts", "minutes_before", "7", "occurrence <> ''"),
    ("appointment_dates", "date", "'2026-12-16 10:00'", "true"),
    ("appointment_categories", "category", "'D'", "true"),
    ("contacts", "notes", "'n'", "id = 'c'"),
    ("contact_emails", "address", "'z@x'", "preferred"),
    ("contact_phones", "number", "'09 87 65 43 21'", "true"),
    ("contact_groups", "name", "'H'", "true"),
    ("calendars", "name", "'T2'", "id = 'team'"),
    ("app_users", "name", "'A2'", "id = 'anne'"),
];

#[tokio::test]
async fn every_kind_of_statement_does_what_a_plain_one_does() {
    const INNER: &str = "SELECT json_array(occurrence, title) AS text FROM passerelle_dropped
        UNION ALL SELECT part FROM passerelle_moves";
    let company = company().await;
    let mut client = company.client();
    client.run(CONTACT);
    client.run(APPOINTMENT);
    let mut after = |statement: &str| {
        client.run(&format!("BEGIN; {statement};"));
        let state = (rows(&mut client), client.text(INNER));
        client.run("ROLLBACK;");
        state
    };
    for (table, column, value, row) in CHANGES {
        let wanted = after(&format!("UPDATE {table} SET {column} = {value} WHERE {row}"));
        for clause in ["ABORT", "FAIL", "ROLLBACK", "IGNORE", "REPLACE"] {
            let statement = format!("UPDATE OR {clause} {table} SET {column} = {value} WHERE {row}");
            assert_eq!(after(&statement), wanted, "{statement}");
        }
        let upsert = format!(
            "INSERT INTO {table} SELECT * FROM {table} WHERE {row} ON CONFLICT (id) DO UPDATE SET {column} = {value}"
        );
        assert_eq!(after(&upsert), wanted, "{upsert}");
    }
}

#[tokio::test]
async fn a_series_is_followed_whatever_the_kind_of_statement() {
    const NAMES: &str =
        "SELECT occurrence || coalesce(title, '') AS text FROM appointment_overrides ORDER BY 1";
    for settings in SETTINGS {
        for kind in ["", "OR ABORT", "OR FAIL", "OR IGNORE", "OR REPLACE", "OR ROLLBACK", "upsert"] {
            let company = company().await;
            let mut client = client(&company, settings);
            client.run(APPOINTMENT);
            client.run(
                "INSERT INTO appointment_overrides (appointment_id, occurrence, title, location) VALUES ('a', '2027-01-04 10:00', 'Late', 'Lyon');
                 INSERT INTO appointment_participants (appointment_id, occurrence, email) VALUES
                    ('a', '2026-12-14 10:00', 'g@x'), ('a', '2026-12-14 10:00', 'h@x');",
            );
            client.run(&match kind {
                "upsert" => "INSERT INTO appointments (id, owner_id, start_local, start_zone) VALUES ('a', 'anne', '2026-12-07 14:00', 'Europe/Paris')
                        ON CONFLICT (id) DO UPDATE SET start_local = excluded.start_local;
                     INSERT INTO appointment_rules (id, appointment_id, rule) SELECT id, 'a', 'FREQ=WEEKLY;COUNT=4' FROM appointment_rules WHERE true
                        ON CONFLICT (id) DO UPDATE SET rule = excluded.rule;"
                    .to_owned(),
                _ => format!(
                    "UPDATE {kind} appointments SET start_local = '2026-12-07 14:00';
                     UPDATE {kind} appointment_rules SET rule = 'FREQ=WEEKLY;COUNT=4'"
                ),
            });
            event(&company).await;
            assert_eq!(
                client.text(NAMES),
                "2026-12-14 14:00:00Moved|2026-12-21 14:00:00",
                "{settings:?} {kind}"
            );
            let guests = client.text("SELECT occurrence || email AS text FROM appointment_participants WHERE occurrence <> '' ORDER BY 1");
            assert_eq!(guests, "2026-12-14 14:00:00g@x|2026-12-14 14:00:00h@x", "{settings:?} {kind}");
            let told = client.text("SELECT occurrence || ' ' || title AS text FROM passerelle_dropped");
            assert_eq!(told, "2027-01-04 14:00:00 Late; Lyon", "{settings:?} {kind}");
        }
    }
}

#[tokio::test]
async fn a_guest_is_found_by_an_index_however_many_there_are() {
    let company = company().await;
    let mut client = company.client();
    let triggers = "FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'appointment_participants'";
    let names = client.text(&format!("SELECT name AS text {triggers}"));
    assert!(names.split('|').count() >= 7, "{names}");
    for name in names.split('|') {
        let sql = client.text(&format!("SELECT sql AS text {triggers} AND name = '{name}'"));
        let mut sql = sql.replace("OLD.", "NEW.");
        for (column, value) in [
            ("id", "1"),
            ("appointment_id", "'a'"),
            ("occurrence", "''"),
            ("email", "'e@x'"),
            ("name", "'n'"),
        ] {
            sql = sql.replace(&format!("NEW.{column}"), value);
        }
        let (head, body) = sql.split_once("BEGIN\n").unwrap();
        let when = head.split_once("WHEN ").map(|(_, when)| format!("SELECT {when}"));
        let body = body.rsplit_once("END").unwrap().0;
        let statements = body.split(';').map(str::to_owned).chain(when);
        for sql in statements.filter(|sql| !sql.trim().is_empty() && !sql.contains("RAISE")) {
            for step in client.plan(&sql).split('|').filter(|step| step.contains(" USING ")) {
                let is_one = ["(rowid=?)", "<expr>=?)", "id=?)", "name=?)", "item=?)"];
                // Whether there is any at all.
                let is_any = ["passerelle_parked_back", "passerelle_gone_1 (parent=? AND part=?)"];
                let is_found =
                    is_one.iter().any(|end| step.ends_with(end) && !step.contains("(appointment_id=?)"));
                let is_quick = is_found || is_any.iter().any(|index| step.contains(index));
                assert!(is_quick || step.starts_with("USE TEMP"), "{name}: {step}\n{sql}");
            }
            assert!(!client.plan(&sql).contains("SCAN appointment"), "{name}: {sql}");
        }
    }
}

#[tokio::test]
async fn of_guests_without_an_address_the_one_of_the_name_gives_way() {
    for settings in SETTINGS {
        let company = company().await;
        let mut client = client(&company, settings);
        client.run(APPOINTMENT);
        let guest = |name: &str| {
            format!(
                "INSERT INTO appointment_participants (appointment_id, email, name) VALUES ('a', '', '{name}');"
            )
        };
        client.run(&(guest("Zoe") + &guest("Max")));
        client.run(APPOINTMENT_ANEW);
        client.run(&guest("Max"));
        let names = "SELECT name AS text FROM appointment_participants WHERE email = '' ORDER BY name";
        let again = client.text("SELECT count(*) || '' AS text FROM passerelle_parked WHERE kept") != "0";
        // A client that does not enforce foreign keys left the guests where they were.
        assert_eq!(client.text(names), if again { "Max|Zoe" } else { "Max|Max|Zoe" }, "{settings:?}");
    }
}
