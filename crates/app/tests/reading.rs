//! Commands that only read: they do so while another program writes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;

use common::World;
use diesel::{Connection, SqliteConnection, connection::SimpleConnection};
use serde_json::json;

#[test]
fn what_only_reads_reads_while_another_program_writes() {
    let world = World::new();
    world.sql("INSERT INTO contacts (id, given_name) VALUES ('c1', 'Anne');");
    world.sql(
        "INSERT INTO appointments (id, owner_id, title, start_local, start_zone, duration_seconds) \
         VALUES ('e1', 'alice', 'Lunch', '2026-12-01 10:00', 'Europe/Paris', 3600);",
    );
    world.settle();
    // Something that waits, with its number.
    world.sql("UPDATE contacts SET notes = 'here' WHERE id = 'c1';");
    let person = world.people().remove(0);
    world.gesture(
        "people/edit",
        json!({
            "resourceName": person["resourceName"],
            "person": {"biographies": [{"value": "there", "contentType": "TEXT_PLAIN"}]},
        }),
    );
    world.sync();

    let file = world.path("company.db");
    let mut writer = SqliteConnection::establish(file.to_str().unwrap()).unwrap();
    writer
        .batch_execute("BEGIN IMMEDIATE; UPDATE contacts SET job_title = 'half done' WHERE id = 'c1';")
        .unwrap();
    for command in [
        &["status"][..],
        &["status", "--alone"],
        &["conflicts"],
        &["conflicts", "show", "1"],
        &["history"],
        &["history", "--search", "Anne"],
        &["history", "--record", "c1"],
        &["history", "--run", "1"],
        &["history", "--purged"],
        &["rules", "list"],
        &["rules", "test", "c1"],
        &["calendar", "list"],
        &["user", "list"],
        &["vault", "status"],
        &["config", "show"],
        &["contacts", "export", "-", "--format", "vcard"],
        &["events", "export", "-", "--format", "ical"],
        &["contacts", "list"],
        &["contacts", "list", "--search", "Anne"],
        &["contacts", "show", "c1"],
        &["events", "list", "--user", "alice"],
        &["events", "show", "e1"],
    ] {
        let ran = world.run(command);
        assert!(ran.errors().is_empty(), "{command:?}: {ran:?}");
        assert!(matches!(ran.code, Some(0 | 3)), "{command:?}: {ran:?}");
    }
    writer.batch_execute("COMMIT").unwrap();
    assert_eq!(world.number("contacts WHERE job_title = 'half done'"), 1);
}
