//! A database that an earlier release left is brought up to date by the next command: nothing of it is lost, and the run
//! after it has nothing to do.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;

use std::{fs, path::Path};

use common::{EVENTS, USER, World, ZONE, waiting};
use diesel::{Connection, RunQueryDsl, SqliteConnection, connection::SimpleConnection};
use serde_json::{Value, json};

/// The steps of the schema, oldest first: the version that the database knows each by, and its folder.
fn steps() -> Vec<(String, std::path::PathBuf)> {
    let all = Path::new(env!("CARGO_MANIFEST_DIR")).join("../adapters/sql-store/migrations");
    let mut steps: Vec<_> = fs::read_dir(all)
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            (name.split('_').next().unwrap().replace('-', ""), path)
        })
        .collect();
    steps.sort();
    steps
}

/// Takes the database back to what it was before a step.
fn before(world: &World, number: &str) {
    let steps = steps();
    let from = steps.iter().position(|(version, _)| version.ends_with(number)).unwrap();
    let back: Vec<String> = steps[from..]
        .iter()
        .rev()
        .map(|(_, folder)| fs::read_to_string(folder.join("down.sql")).unwrap())
        .collect();
    let first = &steps[from].0;
    world.sql(&format!(
        "{}; DELETE FROM __diesel_schema_migrations WHERE version >= '{first}';",
        back.join("\n")
    ));
}

/// Everything that the company's tables and Google hold.
fn everything(world: &World) -> Value {
    let rows = |object: &str, from: &str| world.rows(object, from);
    let mut google: Vec<Value> = world.every_event().into_iter().chain(world.people()).collect();
    for one in &mut google {
        one.as_object_mut().unwrap().remove("etag");
    }
    json!({
        "phones": rows("'n', number, 'l', label", "contact_phones ORDER BY contact_id, id"),
        "emails": rows("'a', address, 'p', preferred", "contact_emails ORDER BY contact_id, id"),
        "custom": rows("'n', name, 'v', value", "contact_custom_fields ORDER BY id"),
        "people": rows("'g', given_name, 'n', notes", "contacts ORDER BY id"),
        "events": rows("'t', title, 's', start_local, 'c', calendar_id", "appointments ORDER BY id"),
        "rules": rows("'r', rule", "appointment_rules ORDER BY id"),
        "overrides": rows("'o', occurrence, 't', title, 'c', cancelled", "appointment_overrides ORDER BY id"),
        "google": google,
    })
}

/// An installation with something of everything that these steps touch.
fn world() -> World {
    let world = World::new();
    let elsewhere = world.add_calendar("Elsewhere");
    world.sql(&format!(
        "INSERT INTO contacts (id, given_name, notes) VALUES ('c', 'Anna', 'noted'), ('d', 'Berta', '');
         INSERT INTO contact_phones (contact_id, number, label) VALUES
            ('c', '01 23 45 67 89', 'work'), ('c', '01 23 45 67 89', 'work'), ('c', '06 11 22 33 44', 'mobile');
         INSERT INTO contact_emails (contact_id, address, label, preferred) VALUES
            ('c', 'anna@a.example', 'work', 1), ('c', 'anna@b.example', 'work', 0), ('d', 'berta@a.example', '', 0);
         INSERT INTO contact_custom_fields (contact_id, name, value) VALUES ('c', 'Badge', '7'), ('c', 'Badge', '8');
         INSERT INTO appointments (id, owner_id, title, start_local, start_zone, duration_seconds) VALUES
            ('s', '{USER}', 'Weekly', '2026-12-07 09:00', '{ZONE}', 3600),
            ('m', '{USER}', 'Dragged', '2026-12-09 09:00', '{ZONE}', 3600);
         INSERT INTO appointment_rules (appointment_id, rule) VALUES ('s', 'FREQ=WEEKLY;COUNT=6');
         INSERT INTO appointment_overrides (appointment_id, occurrence, title, cancelled) VALUES
            ('s', '2026-12-14 09:00', 'Titled', 0), ('s', '2026-12-21 09:00', NULL, 1);"
    ));
    world.settle();
    let dragged = world.event("Dragged")["id"].as_str().unwrap().to_owned();
    world.google("POST", &format!("{EVENTS}/{dragged}/move?destination={elsewhere}"), &Value::Null);
    world.settle();
    world
}

fn aside(world: &World) -> usize {
    let shown = world.run(&["status", "--alone"]).ends_with(0);
    shown.lines.iter().filter(|line| line["aside"] == true).count()
}

#[test]
fn a_database_of_an_earlier_release_keeps_everything_and_is_quiet() {
    for number in ["0000095", "0000096", "0000097", "0000110", "0000111"] {
        let world = world();
        let was = everything(&world);
        assert_eq!(aside(&world), 1);
        before(&world, number);
        let run = world.sync().ends_with(0);
        assert_eq!((run.writes(), run.errors().len()), (0, 0), "{number}: {run:?}");
        assert_eq!(everything(&world), was, "{number}");
        assert_eq!(world.sync().ends_with(0).writes(), 0, "{number}");
        assert!(waiting(&world).is_empty(), "{number}");
        assert_eq!(aside(&world), 1, "{number}");
        // It works on: an edit on each side travels.
        world.sql("UPDATE contact_phones SET number = '06 55 55 55 55' WHERE label = 'mobile';");
        let id = world.event("Weekly")["id"].as_str().unwrap().to_owned();
        let later = json!({ "summary": "Later" });
        world.google("PATCH", &format!("{EVENTS}/{id}_20261228T080000Z?sendUpdates=none"), &later);
        world.settle();
        let phones = world.person("anna@a.example")["phoneNumbers"].to_string();
        assert!(phones.contains("55 55 55"), "{number}: {phones}");
        assert_eq!(world.number("contact_phones"), 3, "{number}");
        assert_eq!(world.number("appointment_overrides WHERE title = 'Later'"), 1, "{number}");
    }
}

/// What a program of before wrote into the places of a list says the same after it.
#[test]
fn a_database_of_before_the_places_of_lists_keeps_rows_that_say_the_same() {
    let world = world();
    before(&world, "0000096");
    // So an earlier release told apart what says the same.
    world.sql(
        "INSERT INTO contact_phones (contact_id, number, label, ordinal) VALUES
            ('d', '01 99 99 99 99', 'work', 0), ('d', '01 99 99 99 99', 'work', 1);",
    );
    world.settle();
    let rows =
        world.rows("'o', ordinal, 'r', repetition", "contact_phones WHERE contact_id = 'd' ORDER BY id");
    assert_eq!(rows, [json!({ "o": 0, "r": 0 }), json!({ "o": 0, "r": 1 })]);
    assert_eq!(world.person("berta@a.example")["phoneNumbers"].as_array().unwrap().len(), 2);
    assert_eq!(world.sync().ends_with(0).writes(), 0);
}

#[test]
fn an_occurrence_that_an_older_release_sent_like_its_series_is_marked_by_the_upgrade() {
    let world = world();
    world.sql(
        "INSERT INTO appointment_overrides (appointment_id, occurrence, title) VALUES ('s', '2026-12-28 09:00', 'Weekly');",
    );
    world.settle();
    let series = world.event("Weekly")["id"].as_str().unwrap().to_owned();
    let path = format!("{EVENTS}/{series}_20261228T080000Z");
    let mark = || {
        world.google("GET", &path, &Value::Null)["extendedProperties"]["private"]["passerelle.own"].clone()
    };
    assert_eq!(mark(), "title");
    // So an older release left it.
    before(&world, "0000156");
    let none = json!({ "extendedProperties": { "private": { "passerelle.own": null } } });
    world.google("PATCH", &format!("{path}?sendUpdates=none"), &none);
    world.sql(
        r#"UPDATE passerelle_copies SET stored = json_remove(stored, '$.record.recurrence_overrides."2026-12-28T09:00:00"')
            WHERE kind = 'events' AND side = 'remote';
           UPDATE passerelle_links SET body = json_remove(body, '$.bases.remote.recurrence_overrides."2026-12-28T09:00:00"')
            WHERE kind = 'events';"#,
    );
    assert_eq!(world.sync().ends_with(0).writes(), 1);
    assert_eq!((mark(), world.settle().writes()), (json!("title"), 0));
    world.sql("UPDATE appointments SET title = 'Renamed' WHERE id = 's';");
    world.settle();
    assert_eq!(world.google("GET", &path, &Value::Null)["summary"], "Weekly");
}

#[test]
fn links_of_before_get_the_keys_by_which_records_are_recognised_now() {
    let world = world();
    world.sql(
        "UPDATE contact_phones SET label = 'main'; UPDATE contacts SET surname = 'Arndt' WHERE id = 'c';",
    );
    world.settle();
    let keys = || world.rows("'k', key, 's', side", "passerelle_match_keys ORDER BY link, side, key");
    let all = keys();
    world.sql(
        "DELETE FROM passerelle_match_keys WHERE key LIKE '2:tel:%'; DELETE FROM passerelle_settings WHERE name = 'match_keys';",
    );
    assert!(keys().len() < all.len());
    world.run(&["status"]).ends_with(0);
    assert_eq!(keys(), all);
}

#[test]
fn a_damaged_link_keeps_no_other_from_its_new_keys() {
    let world = world();
    let keys =
        || world.rows("'k', key, 's', side, 'l', link", "passerelle_match_keys ORDER BY link, side, key");
    let all = keys();
    let rows = world.rows("'l', id", "passerelle_links WHERE kind = 'contacts' ORDER BY id");
    let damaged = rows[0]["l"].as_str().unwrap().to_owned();
    assert!(rows.len() > 1, "{rows:?}");
    let of_before = "0:uid:of before";
    world.sql(&format!(
        "DELETE FROM passerelle_match_keys;
         INSERT INTO passerelle_match_keys (link, side, pair, key)
             SELECT id, 'local', pair, '{of_before}' FROM passerelle_links WHERE id = '{damaged}';
         UPDATE passerelle_links SET body = '{{' WHERE id = '{damaged}';
         DELETE FROM passerelle_settings WHERE name = 'match_keys';"
    ));
    world.run(&["contacts", "list"]).ends_with(0);
    let mut wanted: Vec<Value> = all.into_iter().filter(|key| key["l"] != damaged.as_str()).collect();
    wanted.insert(0, json!({ "k": of_before, "s": "local", "l": damaged }));
    assert_eq!(keys(), wanted);
}

/// Makes the database what it would be, had a release with no steps after `number` made it: its tables, as that step left
/// them, hold what these have in common with those of today.
fn as_left_by(world: &World, number: &str) {
    let now = world.path("company.db");
    let old = world.path("old.db");
    let mut made = SqliteConnection::establish(old.to_str().unwrap()).unwrap();
    made.batch_execute(
        "CREATE TABLE __diesel_schema_migrations (version VARCHAR(50) PRIMARY KEY NOT NULL,
        run_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP);",
    )
    .unwrap();
    let steps = steps();
    let last = steps.iter().position(|(version, _)| version.ends_with(number)).unwrap();
    for (version, folder) in &steps[..=last] {
        made.batch_execute(&fs::read_to_string(folder.join("up.sql")).unwrap()).unwrap();
        made.batch_execute(&format!(
            "INSERT INTO __diesel_schema_migrations (version) VALUES ('{version}');"
        ))
        .unwrap();
        if version.ends_with(number) {
            break;
        }
    }
    #[derive(diesel::QueryableByName)]
    struct Text {
        #[diesel(sql_type = diesel::sql_types::Text)]
        text: String,
    }
    let mut texts = |sql: String| -> Vec<String> {
        diesel::sql_query(sql).load::<Text>(&mut made).unwrap().into_iter().map(|row| row.text).collect()
    };
    texts("PRAGMA foreign_keys = OFF".to_owned());
    texts(format!("ATTACH '{}' AS now", now.display()));
    let triggers = texts("SELECT sql AS text FROM main.sqlite_master WHERE type = 'trigger'".to_owned());
    for name in texts("SELECT name AS text FROM main.sqlite_master WHERE type = 'trigger'".to_owned()) {
        texts(format!("DROP TRIGGER \"{name}\""));
    }
    let tables = texts(
        "SELECT name AS text FROM main.sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'
        AND name NOT LIKE '\\_\\_%' ESCAPE '\\' AND name IN (SELECT name FROM now.sqlite_master)"
            .to_owned(),
    );
    for table in tables {
        let columns = texts(format!(
            "SELECT '\"' || name || '\"' AS text FROM pragma_table_info('{table}', 'main')
            WHERE name IN (SELECT name FROM pragma_table_info('{table}', 'now'))"
        ))
        .join(", ");
        texts(format!("DELETE FROM main.\"{table}\""));
        texts(format!("INSERT INTO main.\"{table}\" ({columns}) SELECT {columns} FROM now.\"{table}\""));
    }
    for trigger in triggers {
        texts(trigger);
    }
    texts("DETACH now".to_owned());
    drop(made);
    for tail in ["", "-wal", "-shm"] {
        let _ = fs::remove_file(format!("{}{tail}", now.display()));
    }
    fs::rename(old, now).unwrap();
}

/// Everything of [`everything`] that releases before there were calendars knew.
fn without_calendars(world: &World) -> Value {
    let mut all = everything(world);
    all["events"] = json!(world.rows("'t', title, 's', start_local", "appointments ORDER BY id"));
    all
}

#[test]
fn the_database_of_the_first_release_keeps_everything_and_is_quiet() {
    // Before everything; before calendars; before series followed plain SQL; before they were replaced as a whole.
    for number in ["000004", "0000030", "0000040", "0000090"] {
        let world = world();
        world.sql("UPDATE contacts SET notes = 'noted again' WHERE id = 'c';");
        world.settle();
        let undone = world.run(&["history", "--record", "c"]).ends_with(0).of("change").len();
        let (was, links) = (without_calendars(&world), world.number("passerelle_links"));
        as_left_by(&world, number);
        let run = world.sync().ends_with(0);
        assert_eq!((run.writes(), run.errors().len()), (0, 0), "{number}: {run:?}");
        assert_eq!(without_calendars(&world), was, "{number}");
        assert_eq!(world.number("passerelle_links"), links, "{number}");
        assert_eq!(world.sync().ends_with(0).writes(), 0, "{number}");
        assert!(waiting(&world).is_empty(), "{number}");
        assert_eq!(world.run(&["history", "--record", "c"]).of("change").len(), undone, "{number}");
        // It works on: an edit on each side travels, and what was done before is taken back.
        world.sql("UPDATE contact_phones SET number = '06 55 55 55 55' WHERE label = 'mobile';");
        let id = world.event("Weekly")["id"].as_str().unwrap().to_owned();
        let later = json!({ "summary": "Later" });
        world.google("PATCH", &format!("{EVENTS}/{id}_20261228T080000Z?sendUpdates=none"), &later);
        world.settle();
        let phones = world.person("anna@a.example")["phoneNumbers"].to_string();
        assert!(phones.contains("55 55 55"), "{number}: {phones}");
        assert_eq!(world.number("appointment_overrides WHERE title = 'Later'"), 1, "{number}");
        world.run(&["undo", "record", "d", "--yes"]).ends_with(0);
    }
}
