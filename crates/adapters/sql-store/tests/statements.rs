//! Whatever the conflict clause of a statement, the triggers do the same.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod support;

use support::{Client, company};

/// Every table of the company's, and what its triggers write to.
const TABLES: [&str; 17] = [
    "app_users",
    "calendars",
    "contacts",
    "contact_emails",
    "contact_phones",
    "contact_groups",
    "contact_group_members",
    "contact_users",
    "appointments",
    "appointment_rules",
    "appointment_overrides",
    "appointment_participants",
    "appointment_alerts",
    "appointment_dates",
    "appointment_categories",
    "change_log",
    "passerelle_moves",
];

const FILLED: &str = "
    INSERT INTO calendars (id, owner_id, name) VALUES ('team', 'anne', 'Team');
    INSERT INTO appointments (id, owner_id, title, start_local, start_zone, duration_seconds)
        VALUES ('a', 'anne', 'Weekly', '2026-12-07 10:00', 'Europe/Paris', 3600);
    INSERT INTO appointment_rules (id, appointment_id, rule) VALUES (11, 'a', 'FREQ=WEEKLY;COUNT=6');
    INSERT INTO appointment_overrides (id, appointment_id, occurrence, title) VALUES (21, 'a', '2026-12-14 10:00', 'T');
    INSERT INTO appointment_overrides (id, appointment_id, occurrence, cancelled) VALUES (22, 'a', '2026-12-21 10:00', 1);
    INSERT INTO appointment_participants (id, appointment_id, email, occurrence)
        VALUES (31, 'a', 'x@x', ''), (32, 'a', 'y@x', '2026-12-14 10:00');
    INSERT INTO appointment_alerts (id, appointment_id, minutes_before, occurrence)
        VALUES (41, 'a', 5, ''), (42, 'a', 10, '2026-12-14 10:00');
    INSERT INTO appointment_dates (id, appointment_id, date) VALUES (51, 'a', '2026-12-15 10:00');
    INSERT INTO appointment_categories (id, appointment_id, category) VALUES (61, 'a', 'C');
    INSERT INTO contacts (id, given_name) VALUES ('c', 'Anna');
    INSERT INTO contact_emails (id, contact_id, address) VALUES (71, 'c', 'a@x'), (72, 'c', 'b@x');
    INSERT INTO contact_phones (id, contact_id, number) VALUES (73, 'c', '01 23 45 67 89');
    INSERT INTO contact_groups (id, name) VALUES (81, 'G');
    INSERT INTO contact_group_members (id, contact_id, group_id) VALUES (91, 'c', 81);
    INSERT INTO contact_users (contact_id, user_id) VALUES ('c', 'anne');";

/// A table, a column, its new value, and the row.
const CHANGES: [(&str, &str, &str, &str); 21] = [
    ("appointments", "start_local", "'2026-12-07 08:00'", "id = 'a'"),
    ("appointments", "start_local", "'2026-12-08 10:00'", "id = 'a'"),
    ("appointments", "title", "'X'", "id = 'a'"),
    ("appointments", "calendar_id", "'team'", "id = 'a'"),
    ("appointments", "calendar_id", "NULL", "id = 'a'"),
    ("appointment_rules", "rule", "'FREQ=WEEKLY;BYDAY=TU;COUNT=4'", "id = 11"),
    ("appointment_rules", "rule", "'FREQ=WEEKLY;COUNT=2'", "id = 11"),
    ("appointment_rules", "rule", "'FREQ=WEEKLY;INTERVAL=2;COUNT=6'", "id = 11"),
    ("appointment_overrides", "title", "'Z'", "id = 21"),
    ("appointment_overrides", "occurrence", "'2026-12-28 10:00'", "id = 21"),
    ("appointment_participants", "name", "'N'", "id = 31"),
    ("appointment_alerts", "minutes_before", "7", "id = 41"),
    ("appointment_dates", "date", "'2026-12-16 10:00'", "id = 51"),
    ("appointment_categories", "category", "'D'", "id = 61"),
    ("contacts", "notes", "'n'", "id = 'c'"),
    ("contact_emails", "address", "'z@x'", "id = 71"),
    ("contact_emails", "ordinal", "5", "id = 71"),
    ("contact_phones", "number", "'09 87 65 43 21'", "id = 73"),
    ("contact_groups", "name", "'H'", "id = 81"),
    ("calendars", "name", "'T2'", "id = 'team'"),
    ("app_users", "name", "'A2'", "id = 'anne'"),
];

fn columns(client: &mut Client, table: &str) -> Vec<String> {
    let found = client.text(&format!(
        "SELECT name AS text FROM pragma_table_info('{table}')
             WHERE name NOT IN ('version', 'created_at', 'updated_at', 'seq')
                 AND NOT (name = 'number' AND '{table}' IN ('contacts', 'appointments'))"
    ));
    found.split('|').map(str::to_owned).collect()
}

fn state(client: &mut Client) -> Vec<String> {
    let mut all = Vec::new();
    for table in TABLES {
        let row = columns(client, table).iter().map(|column| format!("quote({column})")).collect::<Vec<_>>();
        let row = row.join(" || ',' || ");
        let rows = client.text(&format!("SELECT {row} AS text FROM {table} ORDER BY 1"));
        all.push(format!("{table}: {rows}"));
    }
    all
}

/// What a statement leaves; everything is as before afterwards.
fn after(client: &mut Client, statement: &str) -> Vec<String> {
    client.run(&format!("BEGIN; {statement};"));
    let state = state(client);
    client.run("ROLLBACK;");
    state
}

#[tokio::test]
async fn every_kind_of_statement_does_what_a_plain_one_does() {
    let company = company().await;
    let mut client = company.client();
    client.run(FILLED);
    for (table, column, value, row) in CHANGES {
        let wanted = after(&mut client, &format!("UPDATE {table} SET {column} = {value} WHERE {row}"));
        for clause in ["ABORT", "FAIL", "ROLLBACK", "IGNORE", "REPLACE"] {
            let statement = format!("UPDATE OR {clause} {table} SET {column} = {value} WHERE {row}");
            assert_eq!(after(&mut client, &statement), wanted, "{statement}");
        }
        let names = columns(&mut client, table).join(", ");
        let upsert = format!(
            "INSERT INTO {table} ({names}) SELECT {names} FROM {table} WHERE {row}
                 ON CONFLICT (id) DO UPDATE SET {column} = {value}"
        );
        assert_eq!(after(&mut client, &upsert), wanted, "{upsert}");
        // Nothing is refused that says what is there, or replaces it.
        for clause in ["IGNORE", "REPLACE"] {
            let insert =
                format!("INSERT OR {clause} INTO {table} ({names}) SELECT {names} FROM {table} WHERE {row}");
            let _ = after(&mut client, &insert);
        }
    }
}
