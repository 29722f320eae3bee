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
    let team = world.add_calendar("Team");
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
        &["calendar", "add", &team, "--user", "alice", "--dry-run"],
        &["calendar", "remove", "alice", "--user", "alice", "--dry-run"],
    ] {
        let ran = world.run(command);
        assert!(ran.errors().is_empty(), "{command:?}: {ran:?}");
        assert!(matches!(ran.code, Some(0 | 3)), "{command:?}: {ran:?}");
    }
    writer.batch_execute("COMMIT").unwrap();
    assert_eq!(world.number("contacts WHERE job_title = 'half done'"), 1);
}

/// Holds the database's write lock for some seconds in another thread, as a program does that imports.
fn held(world: &World, seconds: u64) -> std::thread::JoinHandle<()> {
    let mut writer = SqliteConnection::establish(world.path("company.db").to_str().unwrap()).unwrap();
    writer.batch_execute("BEGIN IMMEDIATE; UPDATE contacts SET job_title = 'half done';").unwrap();
    std::thread::spawn(move || {
        // What is tested is a wait: that program takes its time, and nobody interrupts it.
        let (_nobody, interrupted) = std::sync::mpsc::channel::<()>();
        let _ = interrupted.recv_timeout(std::time::Duration::from_secs(seconds));
        writer.batch_execute("COMMIT").unwrap();
    })
}

#[test]
fn what_needs_a_turn_waits_for_it_and_says_when_it_waited_too_long() {
    let world = World::new();
    world.sql("INSERT INTO contacts (id, given_name) VALUES ('c1', 'Anne');");
    let run = world.settle().run_of("contacts").to_string();
    // Longer than SQLite waited by itself.
    for command in [
        &["sync", "--dry-run"][..],
        &["undo", "run", &run, "--dry-run"],
        &["undo", "record", "c1", "--dry-run"],
        &["restore", "c1", "--as-of", "2026-01-01", "--dry-run"],
        &["doctor"],
    ] {
        let writer = held(&world, 7);
        let ran = world.run(command).ends_with(0);
        assert!(
            ran.errors().is_empty() && ran.of("finding").iter().all(|one| one["level"] == "good"),
            "{ran:?}"
        );
        writer.join().unwrap();
    }
    let config = std::fs::read_to_string(world.path("config.toml")).unwrap();
    let config = config.replace("[database]", "[database]\nbusy_seconds = 1");
    std::fs::write(world.path("config.toml"), config).unwrap();
    let writer = held(&world, 10);
    assert_eq!(world.run(&["sync", "--dry-run"]).ends_with(8).errors(), ["SYS-103"]);
    let doctor = world.run(&["doctor"]).ends_with(0);
    let found: Vec<_> = doctor.of("finding").into_iter().filter(|one| one["level"] != "good").collect();
    assert!(found.len() == 1 && found[0]["code"] == "SYS-103" && found[0]["level"] == "warning", "{found:?}");
    writer.join().unwrap();
}
