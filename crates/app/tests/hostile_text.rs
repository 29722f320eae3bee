//! Text of strangers, in every field and in every command that shows one: nothing of it steers a terminal.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;

use common::{ACCOUNT, World, waiting};
use serde_json::json;

/// Titles, the clipboard, links, a cleared screen, C1 in one character, DEL, a carriage return, and every turn of the
/// order of letters.
const HOSTILE: &str = "\u{1b}]0;PWNED\u{7}\u{1b}[2J\u{1b}]52;c;cm0=\u{7}\u{1b}]8;;http://evil.example\u{7}\u{9b}2J\u{90}q\u{9d}x\u{7f}\r\u{8}\u{b}\u{c}\u{202a}\u{202b}\u{202c}\u{202d}\u{202e}\u{2066}\u{2067}\u{2068}\u{2069}\u{200e}\u{200f}\u{61c}\u{1b}";

/// Whether a person's terminal would obey.
fn steers(c: char) -> bool {
    let turns =
        matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    (c.is_control() && c != '\n' && c != '\t') || turns
}

/// A text for a cell, which begins with a word that tells the cell.
fn cell(word: &str) -> String {
    format!("{word}{HOSTILE}{word}")
}

/// An SQL text.
fn quoted(word: &str) -> String {
    format!("'{}'", cell(word))
}

fn company(world: &World) {
    let q = quoted;
    let (name, notes) = (q("Given"), q("Notes"));
    world.sql(&format!("UPDATE app_users SET name = {};", q("User")));
    for id in ["c1", "c2"] {
        world.sql(&format!(
            "INSERT INTO contacts (id, name_prefix, given_name, middle_name, name_particle, surname, name_suffix, \
             phonetic_given_name, phonetic_surname, organization, job_title, department, notes, photo, uid) \
             VALUES ('{id}', {p}, {name}, {p}, {p}, {s}, {p}, {p}, {p}, {o}, {o}, {o}, {notes}, {p}, {u});",
            p = q("Part"),
            s = q(id),
            o = q("Firm"),
            u = q(&format!("uid-{id}")),
        ));
        world.sql(&format!(
            "INSERT INTO contact_emails (contact_id, address, label) VALUES ('{id}', '{id}@there.example', {l});\
             INSERT INTO contact_phones (contact_id, number, label) VALUES ('{id}', {n}, {l});\
             INSERT INTO contact_addresses (contact_id, label, street, extended, po_box, postcode, city, region, country) \
                VALUES ('{id}', {l}, {a}, {a}, {a}, {a}, {a}, {a}, {a});\
             INSERT INTO contact_urls (contact_id, label, url) VALUES ('{id}', {l}, {a});\
             INSERT INTO contact_ims (contact_id, service, handle, label) VALUES ('{id}', {a}, {a}, {l});\
             INSERT INTO contact_dates (contact_id, label, date) VALUES ('{id}', {l}, '2001-02-03');\
             INSERT INTO contact_relations (contact_id, relation, name) VALUES ('{id}', {l}, {a});\
             INSERT INTO contact_organizations (contact_id, name, title, department) VALUES ('{id}', {a}, {a}, {a});\
             INSERT INTO contact_nicknames (contact_id, nickname) VALUES ('{id}', {a});\
             INSERT INTO contact_custom_fields (contact_id, name, value) VALUES ('{id}', {l}, {a});",
            n = q("0123456789"),
            l = q("Label"),
            a = q("Text"),
        ));
    }
    world.sql(&format!(
        "INSERT INTO contact_groups (name) VALUES ({});\
         INSERT INTO contact_group_members (contact_id, group_id) SELECT 'c1', id FROM contact_groups;",
        q("Group")
    ));
    world.sql(&format!(
        "INSERT INTO appointments (id, owner_id, title, description, location, url, conference_url, start_local, start_zone, \
            duration_seconds) VALUES ('e1', 'alice', {t}, {t}, {t}, {t}, {t}, '2027-01-04 10:00', 'Europe/Paris', 3600);\
         INSERT INTO appointment_rules (appointment_id, rule) VALUES ('e1', 'FREQ=WEEKLY;COUNT=5');\
         INSERT INTO appointment_categories (appointment_id, category) VALUES ('e1', {t});\
         INSERT INTO appointment_participants (appointment_id, email, name, comment) \
            VALUES ('e1', 'guest@there.example', {t}, {t});\
         INSERT INTO appointment_overrides (appointment_id, occurrence, title, description, location) \
            VALUES ('e1', '2027-01-11 10:00', {t}, {t}, {t});",
        t = q("Meet")
    ));
}

fn google(world: &World) {
    let text = |word: &str| cell(word);
    world.add_calendar(&text("Calendar"));
    world.add_person(&json!({
        "names": [{"givenName": text("Far"), "familyName": text("Away")}],
        "organizations": [{"name": text("Firm"), "title": text("Title")}],
        "biographies": [{"value": text("Notes"), "contentType": "TEXT_PLAIN"}],
        "emailAddresses": [{"value": "far@there.example", "type": text("Label")}],
        "userDefined": [{"key": text("Key"), "value": text("Value")}],
    }));
    world.add_event(&json!({
        "summary": text("Lunch"), "location": text("There"), "description": text("What"),
        "start": {"dateTime": "2027-01-05T10:00:00+01:00", "timeZone": "Europe/Paris"},
        "end": {"dateTime": "2027-01-05T11:00:00+01:00", "timeZone": "Europe/Paris"},
        "attendees": [{"email": "guest@there.example", "displayName": text("Guest")}],
    }));
}

/// A field that both sides changed, a record that cannot be read, and a deletion.
fn trouble(world: &World) {
    world.sql(&format!("UPDATE contacts SET notes = {} WHERE id = 'c1';", quoted("Here")));
    let person = world.person("c1@there.example");
    world.gesture(
        "people/edit",
        json!({
            "resourceName": person["resourceName"],
            "person": {"biographies": [{"value": cell("There"), "contentType": "TEXT_PLAIN"}]},
        }),
    );
    world.add_person(&json!({"names": [{"givenName": cell("Spoilt")}]}));
    world.sql("DELETE FROM contacts WHERE id = 'c2';");
    world.faults(&json!([{"method": "people.people.*", "replace": ["\"Spoilt", "\"\\ud800"]}]));
}

/// Runs a command in both languages, as a person and as a machine, with all that lies underneath.
#[track_caller]
fn quiet(world: &World, args: &[&str]) {
    for more in [&["--lang", "fr"][..], &["--lang", "en", "-vvvv"], &["--json"]] {
        let args: Vec<&str> = args.iter().chain(more).copied().collect();
        let ran = world.streams(&args);
        for (stream, bytes) in [("stdout", ran.stdout), ("stderr", ran.stderr)] {
            let text = String::from_utf8(bytes).unwrap();
            let found = text.lines().find(|line| line.chars().any(steers));
            assert_eq!(found, None, "{args:?} on {stream}");
        }
    }
}

#[test]
fn nothing_that_a_stranger_wrote_steers_a_terminal() {
    let world = World::new();
    company(&world);
    google(&world);
    quiet(&world, &["sync", "--dry-run", "--diff"]);
    quiet(&world, &["sync"]);
    trouble(&world);
    quiet(&world, &["sync", "--dry-run", "--diff"]);
    quiet(&world, &["sync"]);
    let waits = waiting(&world);
    assert!(waits.len() > 1, "{waits:?}");

    let far =
        world.rows("'id', id", "contacts WHERE given_name LIKE 'Far%'")[0]["id"].as_str().unwrap().to_owned();
    let lunch = world.rows("'id', id", "appointments WHERE title LIKE 'Lunch%'")[0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let hostile = cell("x");
    for args in [
        &["status"][..],
        &["status", "--alone"],
        &["history"],
        &["history", "--search", "Given"],
        &["history", "--search", &hostile],
        &["history", "--purged"],
        &["history", "--record", "c1"],
        &["contacts", "list"],
        &["contacts", "list", "--search", &hostile],
        &["contacts", "show", "c1"],
        &["contacts", "show", &far],
        &["contacts", "show", &hostile],
        &["events", "list", "--user", "alice"],
        &["events", "list", "--user", &hostile],
        &["events", "show", "e1"],
        &["events", "show", &lunch],
        &["conflicts"],
        &["conflicts", "show", "999"],
        &["conflicts", "resolve", "1", "--edit", &hostile],
        &["rules", "list"],
        &["rules", "test", "c1"],
        &["rules", "test", &lunch],
        &["rules", "test", &hostile],
        &["rules", "forget", "--user", "alice", "--field", &hostile],
        &["calendar", "list"],
        &["calendar", "add", &hostile, "--user", "alice"],
        &["user", "list"],
        &["user", "add", &hostile, "--email", &hostile],
        &["doctor"],
        &["test", "alice"],
        &["vault", "status"],
        &["config", "show"],
        &["config", "check"],
        &["undo", "record", "c1", "--dry-run"],
        &["undo", "record", &hostile],
        &["restore", "c1", "--as-of", "2026-01-01", "--dry-run"],
        &["restore", "--user", "alice", "--as-of", &hostile],
        &["explain", &hostile],
        &["disconnect", "--user", &hostile],
        &["connect", "google", "--user", "alice", "--client", &hostile],
        &[&hostile],
        &["contacts", "export", &format!("/nowhere/{hostile}"), "--format", &hostile],
        &["contacts", "import", &format!("/nowhere/{hostile}")],
    ] {
        quiet(&world, args);
    }
    for one in &waits {
        quiet(&world, &["conflicts", "show", &one["number"].to_string()]);
    }
    let runs = world.run(&["history"]);
    for run in runs.of("run") {
        let number =
            run["id"].as_i64().or(run["run_id"].as_i64()).or(run["run"].as_i64()).unwrap().to_string();
        quiet(&world, &["history", "--run", &number]);
        quiet(&world, &["undo", "run", &number, "--dry-run"]);
    }
    assert_eq!(world.number(&format!("app_users WHERE id <> '{ACCOUNT}' AND id <> 'alice'")), 0);
}

#[test]
fn what_a_hostile_file_says_steers_no_terminal_and_what_was_refused_is_private() {
    let world = World::new();
    let (fine, bad) = (cell("Fine"), cell("Bad"));
    let fine = fine.replace('\r', "");
    let bad = bad.replace('\r', "");
    let cards = format!(
        "BEGIN:VCARD\r\nVERSION:4.0\r\nUID:1\r\nFN:{fine}\r\nN:{fine};;;;\r\nX-{fine}:{fine}\r\nX-ODD:{fine}\r\nEND:VCARD\r\n\
         BEGIN:VCARD\r\nVERSION:4.0\r\nUID:2\r\nFN:{bad}\r\n"
    );
    let event = format!(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VEVENT\r\nUID:1\r\nSUMMARY:{fine}\r\nDTSTART:20270101T100000Z\r\n\
         DTEND:20270101T110000Z\r\nX-ODD:{fine}\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\nUID:2\r\nSUMMARY:{bad}\r\nDTSTART:nonsense\r\n\
         END:VEVENT\r\nEND:VCALENDAR\r\n"
    );
    let table = format!("Given Name,Family Name,E-mail 1 - Value,{fine}\n{fine},{fine},a@b.example,{fine}\n");
    // The name of a file is a stranger's word as well.
    let name = |end: &str| world.path(&format!("x\u{1b}[2J\u{202e}.{end}")).display().to_string();
    for (what, end, text, more) in [
        ("contacts", "vcf", &cards, &[][..]),
        ("events", "ics", &event, &["--user", "alice"]),
        ("contacts", "csv", &table, &[]),
    ] {
        let file = name(end);
        std::fs::write(&file, text).unwrap();
        let refused = name(&format!("refused.{end}"));
        let tried = name(&format!("tried.{end}"));
        quiet(&world, &[&[what, "import", &file, "--refused", &tried, "--dry-run"][..], more].concat());
        quiet(&world, &[&[what, "import", &file, "--refused", &refused][..], more].concat());
        #[cfg(unix)]
        if end != "csv" {
            use std::os::unix::fs::PermissionsExt;
            let found = std::fs::metadata(&refused).unwrap();
            assert!(found.len() > 0, "{end}");
            assert_eq!(found.permissions().mode() & 0o777, 0o600, "{end}");
        }
    }
    assert!(world.number("contacts") > 0 && world.number("appointments") > 0);
}

/// What the program's own questions never send to a terminal.
#[track_caller]
fn asked_without_harm((code, shown): (i32, String), word: &str) {
    assert!(shown.contains(word), "{code}: {shown}");
    for harm in
        ["\u{1b}]", "\u{1b}[2J", "\u{7}", "\u{8}", "\u{9b}", "\u{90}", "\u{9d}", "\u{202e}", "\u{2066}"]
    {
        assert!(!shown.contains(harm), "{code}: {harm:?} in {shown:?}");
    }
}

#[test]
fn a_question_at_a_terminal_shows_what_a_stranger_wrote_and_obeys_nothing_of_it() {
    let world = World::new();
    // One column, in one line.
    let hostile = |word: &str| cell(word).replace('\r', "").replace(';', ",");
    let table = world.path("table.csv").display().to_string();
    std::fs::write(&table, format!("Nom;{}\nZoe;{}\n", hostile("Gizmo"), hostile("Value"))).unwrap();
    let asked = world.at_a_terminal(&json!([["Gizmo", ""]]), &["contacts", "import", &table]);
    asked_without_harm(asked, "Value");
    let calendar = world.add_calendar(&hostile("Team"));
    world.run(&["calendar", "add", &calendar, "--user", "alice"]).ends_with(0);
    let remove = ["calendar", "remove", &calendar, "--user", "alice"];
    asked_without_harm(world.at_a_terminal(&json!([["Go on?", "n"]]), &remove), "Team");
}
