//! Imports from outside: a preview with values, what a poorer file leaves alone, and taking it back before and after
//! the first synchronisation.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;

use std::fs;

use common::World;
use serde_json::{Value, json};

const RICH: &str = "BEGIN:VCARD\nVERSION:3.0\nUID:u1\nN:Dupont;Anne;;;\nFN:Anne Dupont\nEMAIL:anne@a.example\n\
                    TEL:0612345678\nNOTE:rich\nX-CLUB:chess\nEND:VCARD\n";
const POOR: &str = "BEGIN:VCARD\nVERSION:3.0\nUID:u1\nN:Dupont;Anna;;;\nFN:Anna Dupont\nEND:VCARD\n";
const NEW: &str =
    "BEGIN:VCARD\nVERSION:3.0\nUID:u2\nN:Martin;Luc;;;\nFN:Luc Martin\nEMAIL:luc@a.example\nEND:VCARD\n";

fn file(world: &World, name: &str, text: &str) -> String {
    let path = world.path(name);
    fs::write(&path, text).unwrap();
    path.display().to_string()
}

fn contacts(world: &World) -> Vec<Value> {
    world.rows(
        "'uid', uid, 'given', given_name, 'notes', notes, 'leftovers', leftovers",
        "(SELECT * FROM contacts ORDER BY uid)",
    )
}

#[test]
fn a_poorer_file_wipes_nothing_unless_it_is_asked_to() {
    let world = World::unconnected();
    world.run(&["contacts", "import", &file(&world, "rich.vcf", RICH)]).ends_with(0);
    let poor = file(&world, "poor.vcf", POOR);
    let before = contacts(&world);

    let preview = world.run(&["contacts", "import", &poor, "--dry-run"]).ends_with(0);
    assert_eq!(preview.summary()["updated"], 1, "{preview:?}");
    let change = &preview.of("change")[0];
    assert_eq!((&change["line"], &change["action"]), (&json!(1), &json!("update")));
    assert_eq!(
        change["fields"],
        json!([{"field": "name/given", "before": "Anne", "after": "Anna"}]),
        "a preview shows the values"
    );
    assert_eq!(contacts(&world), before, "a preview writes nothing");

    world.run(&["contacts", "import", &poor]).ends_with(0);
    let anna = &contacts(&world)[0];
    assert_eq!((&anna["given"], &anna["notes"]), (&json!("Anna"), &json!("rich")));
    assert_eq!(anna["leftovers"], json!("[\"X-CLUB:chess\"]"));
    assert_eq!(world.number("contact_phones"), 1);
    let again = world.run(&["contacts", "import", &poor]).ends_with(0);
    assert_eq!(again.summary()["unchanged"], 1, "{again:?}");

    world.run(&["contacts", "import", &poor, "--replace"]).ends_with(0);
    assert_eq!(contacts(&world)[0]["notes"], "");
    assert_eq!(world.number("contact_phones") + world.number("contact_emails"), 0);
}

#[test]
fn an_import_is_a_run_that_can_be_taken_back_before_the_first_synchronisation() {
    let world = World::unconnected();
    world.run(&["contacts", "import", &file(&world, "rich.vcf", RICH)]).ends_with(0);
    let before = contacts(&world);
    let done =
        world.run(&["contacts", "import", &file(&world, "both.vcf", &format!("{POOR}{NEW}"))]).ends_with(0);
    let run = done.summary()["run_id"].as_i64().unwrap().to_string();
    assert_eq!((contacts(&world).len(), &done.summary()["created"]), (2, &json!(1)));
    let told = world.run(&["history"]).ends_with(0);
    let number: i64 = run.parse().unwrap();
    assert!(told.of("run").iter().any(|one| one["run_id"] == number && one["purpose"] == "import"));
    let changes = world.run(&["history", "--run", &run]).ends_with(0);
    assert_eq!(changes.of("change").len(), 2, "{changes:?}");
    let found = world.run(&["history", "--search", "luc"]).ends_with(0);
    assert_eq!(found.of("change").len(), 1, "{found:?}");

    world.run(&["undo", "run", &run, "--dry-run"]).ends_with(0);
    assert_eq!(contacts(&world).len(), 2, "a preview takes nothing back");
    let undone = world.run(&["undo", "run", &run, "--yes"]).ends_with(0);
    assert_eq!(contacts(&world), before, "{undone:?}");
    let again = undone.summary()["run_id"].as_i64().unwrap().to_string();
    world.run(&["undo", "run", &again, "--yes"]).ends_with(0);
    let back = contacts(&world);
    assert_eq!((back.len(), &back[0]["given"]), (2, &json!("Anna")), "the undo of an undo brings it back");
}

#[test]
fn what_somebody_changed_since_an_import_stays_when_it_is_taken_back() {
    let world = World::unconnected();
    let done =
        world.run(&["contacts", "import", &file(&world, "both.vcf", &format!("{RICH}{NEW}"))]).ends_with(0);
    let run = done.summary()["run_id"].as_i64().unwrap().to_string();
    world.sql("UPDATE contacts SET notes = 'mine' WHERE uid = 'u2';");
    let undone = world.run(&["undo", "run", &run, "--yes"]).ends_with(0);
    let left = contacts(&world);
    assert_eq!((left.len(), &left[0]["notes"]), (1, &json!("mine")), "{undone:?}");
}

#[test]
fn an_import_is_taken_back_after_the_first_synchronisation_and_spares_what_google_had() {
    let world = World::new();
    world.add_person(&json!({
        "names": [{"givenName": "Luc", "familyName": "Martin"}], "emailAddresses": [{"value": "luc@a.example"}]
    }));
    let done =
        world.run(&["contacts", "import", &file(&world, "both.vcf", &format!("{RICH}{NEW}"))]).ends_with(0);
    let run = done.summary()["run_id"].as_i64().unwrap().to_string();
    world.settle();
    assert_eq!(world.people().len(), 2);
    world.run(&["undo", "run", &run, "--yes"]).ends_with(0);
    world.settle();
    let left = world.people();
    assert_eq!(left.len(), 1, "{left:?}");
    assert_eq!(left[0]["names"][0]["givenName"], "Luc", "what Google had before stays there");
}

#[test]
fn the_report_names_what_was_set_aside_and_a_file_holds_it() {
    let world = World::unconnected();
    let bad = "BEGIN:VCARD\nVERSION:3.0\nFN:Sans fin\nEMAIL:x@a.example\n";
    let cards = file(&world, "cards.vcf", &format!("{NEW}BEGIN:VCARD\nVERSION:3.0\nEND:VCARD\n{bad}{RICH}"));
    let refused = world.path("refused.vcf").display().to_string();
    let done = world.run(&["contacts", "import", &cards, "--refused", &refused]).ends_with(3);
    let told = done.of("bad_record");
    assert_eq!((told.len(), &told[1]["name"], &told[1]["line"]), (2, &json!("Sans fin"), &json!(11)));
    assert!(told.iter().all(|one| one["mend"].as_str().is_some_and(|mend| !mend.is_empty())));
    assert_eq!(done.summary()["leftovers"], json!({"X-CLUB": 1}));
    assert_eq!(done.summary()["bad"][1]["name"], "Sans fin");
    let mended = fs::read_to_string(&refused).unwrap() + "END:VCARD\n";
    let mended = file(&world, "mended.vcf", &mended);
    let again = world.run(&["contacts", "import", &mended]).ends_with(3);
    assert_eq!(again.summary()["created"], 1, "{again:?}");
}

fn card(lines: &str) -> String {
    format!("BEGIN:VCARD\nVERSION:3.0\n{lines}\nEND:VCARD\n")
}

#[test]
fn a_card_without_an_identifier_joins_the_contact_that_it_is() {
    let world = World::unconnected();
    world.run(&["contacts", "import", &file(&world, "rich.vcf", RICH)]).ends_with(0);
    let more = card("FN:Dupont Anne\nEMAIL:ANNE@a.example\nTEL;TYPE=WORK:0123456789\nORG:ACME\nX-HAT:red");
    let more = file(&world, "more.vcf", &more);
    let preview = world.run(&["contacts", "import", &more, "--dry-run"]).ends_with(0);
    assert_eq!(preview.of("change")[0]["action"], "update", "{preview:?}");
    let done = world.run(&["contacts", "import", &more]).ends_with(0);
    assert_eq!((&done.summary()["created"], &done.summary()["recognised"]), (&json!(0), &json!(1)));
    assert_eq!(contacts(&world).len(), 1);
    assert_eq!(contacts(&world)[0]["leftovers"], json!("[\"X-HAT:red\",\"X-CLUB:chess\"]"));
    assert_eq!(world.number("contact_phones"), 2);
    let again = world.run(&["contacts", "import", &more]).ends_with(0);
    assert_eq!(again.summary()["unchanged"], 1, "{again:?}");
    world.run(&["undo", "run", &done.summary()["run_id"].to_string(), "--yes"]).ends_with(0);
    assert_eq!(world.number("contact_phones"), 1);

    // A table says more of her, and later otherwise.
    let table = file(&world, "a.csv", "Nom;Prénom;E-mail;Ville\nDUPONT;Anne;anne@a.example;Lyon\n");
    let done = world.run(&["contacts", "import", &table]).ends_with(0);
    assert_eq!((&done.summary()["created"], &done.summary()["updated"]), (&json!(0), &json!(1)), "{done:?}");
    let table = file(&world, "b.csv", "Nom;Prénom;E-mail;Notes\nDupont;Anne;anne@a.example;neuf\n");
    let done = world.run(&["contacts", "import", &table]).ends_with(3);
    let bad = &done.of("bad_record")[0];
    assert_eq!((&bad["reason"], &bad["detail"]), (&json!("looks-alike"), &json!("Anne Dupont: notes")));
    world.run(&["contacts", "import", &table, "--look-alikes", "update"]).ends_with(0);
    assert_eq!(contacts(&world)[0]["notes"], "neuf");
    // A shared address does not make two people one.
    let table = file(&world, "c.csv", "Nom;Prénom;E-mail\nMartin;Luc;anne@a.example\n");
    let done = world.run(&["contacts", "import", &table]).ends_with(0);
    assert_eq!((&done.summary()["created"], done.of("beside").len()), (&json!(1), 1));
    assert_eq!(contacts(&world).len(), 2);
}

#[test]
fn the_same_file_twice_makes_nothing_new_in_every_format() {
    let cards =
        format!("{RICH}{}{}", card("FN:Luc\nTEL:0123456789"), card("FN:Luc\nTEL:0123456789\nNOTE:another"));
    let google =
        "First Name,Last Name,E-mail 1 - Value,Notes\nAnne,Dupont,a@a.example,x\nLuc,Dupont,a@a.example,y\n";
    let outlook = "Prénom;Nom;Adresse de messagerie;Titre;Titre;Bigarré\nAnne;Dupont;a@a.example;Mme;Chef;1\n;ACME;;;;2\n";
    let json_cards = r#"[{"@type":"Card","version":"1.0","name":{"full":"Anne Dupont"},"emails":{"e":{"address":"a@a.example"}}},
        {"@type":"Card","version":"1.0","uid":"u9","name":{"full":"Luc"},"speakToAs":{"grammaticalGender":"male"}}]"#;
    for (name, text) in
        [("a.vcf", cards.as_str()), ("a.csv", google), ("b.csv", outlook), ("a.json", json_cards)]
    {
        let world = World::unconnected();
        let path = file(&world, name, text);
        let first = world.run(&["contacts", "import", &path]).ends_with(0);
        let rows = contacts(&world);
        assert!(first.summary()["created"].as_u64() >= Some(2), "{name}: {first:?}");
        let second = world.run(&["contacts", "import", &path]).ends_with(0);
        let counts = ["created", "updated"].map(|count| second.summary()[count].clone());
        assert_eq!(counts, [0, 0], "{name}: {second:?}");
        assert_eq!(contacts(&world), rows, "{name}");
    }
    let event = "BEGIN:VEVENT\r\nDTSTART:20260105T090000Z\r\nSUMMARY:Point\r\n";
    let named = "UID:1\r\nRRULE:FREQ=DAILY;COUNT=3\r\nX-A:1\r\nEND:VEVENT\r\n";
    let ics = format!(
        "BEGIN:VCALENDAR\r\n{event}END:VEVENT\r\n{event}{named}{event}LOCATION:Hall\r\nEND:VEVENT\r\n{event}UID:\
         1\r\nRECURRENCE-ID:20260106T090000Z\r\nEND:VEVENT\r\n{event}UID:2\r\nRECURRENCE-ID:20260106T090000Z\r\n\
         END:VEVENT\r\nEND:VCALENDAR\r\n"
    );
    let events = r#"[{"@type":"Event","title":"Point","start":"2026-01-05T09:00:00","timeZone":"Etc/UTC"},
        {"@type":"Event","uid":"7","title":"Point","start":"2026-01-05T09:00:00","timeZone":"Etc/UTC","x:y":1}]"#;
    for (name, text) in [("a.ics", ics.as_str()), ("a.json", events)] {
        let world = World::unconnected();
        let path = file(&world, name, text);
        world.run(&["events", "import", &path, "--user", "alice"]).ends_with(0);
        let number = world.number("appointments");
        let second = world.run(&["events", "import", &path, "--user", "alice"]).ends_with(0);
        let counts = ["created", "updated"].map(|count| second.summary()[count].clone());
        assert_eq!(counts, [0, 0], "{name}: {second:?}");
        assert_eq!(world.number("appointments"), number, "{name}");
    }
}

/// Writes an export, without what differs from one installation to another: when it was made, and names that it made up.
fn export(world: &World, what: &str, out: &str, format: &str) -> Vec<String> {
    world.run(&[what, "export", out, "--format", format]).ends_with(0);
    let text = fs::read_to_string(out).unwrap().replace("\r\n ", "");
    let lines = text.lines().filter(|line| !line.starts_with("DTSTAMP"));
    let mut lines: Vec<String> = lines.map(|line| line.trim_end_matches(',').to_owned()).collect();
    for line in &mut lines {
        if let Some(at) = line.find("@passerelle.invalid") {
            let begin = line[..at].trim_end_matches(|c: char| c.is_ascii_hexdigit()).len();
            line.replace_range(begin..at, "");
        }
    }
    lines.sort();
    lines
}

#[test]
fn an_export_that_is_imported_again_changes_nothing() {
    let home = concat!(env!("CARGO_MANIFEST_DIR"), "/../formats/tests/data");
    // The tables have no room for all that the others say; a country that is a code is one in them.
    let cards = ["vcard4", "vcard3", "jscontact", "google-csv", "outlook-csv"];
    let (rich, calendars) = (&cards[..4], ["icalendar", "jscalendar"]);
    let mut wrong = Vec::new();
    for (name, formats) in [
        ("apple-3.0.vcf", rich),
        ("google-3.0.vcf", &cards[..3]),
        ("outlook-2.1.vcf", &cards),
        ("outlook-fr.csv", &cards),
        ("google-new.csv", &cards),
        ("jscontact.json", &cards),
        ("outlook.ics", &calendars),
        ("apple-google.ics", &calendars),
        ("jscalendar.json", &calendars),
    ] {
        let (what, user) =
            if formats.len() > 2 { ("contacts", &[][..]) } else { ("events", &["--user", "alice"][..]) };
        let import = |world: &World, path: &str| {
            let done = world.run(&[&[what, "import", path], user].concat());
            ["created", "updated"].map(|count| done.summary()[count].as_u64().unwrap())
        };
        let world = World::unconnected();
        let [made, _] = import(&world, &format!("{home}/{name}"));
        assert!(made > 0, "{name}");
        for format in formats {
            let out = world.path(format).display().to_string();
            let text = export(&world, what, &out, format);
            let news = import(&world, &out);
            if news != [0, 0] {
                wrong.push(format!("{name} as {format}: {news:?}"));
            }
            if format.ends_with("csv") {
                continue;
            }
            let other = World::unconnected();
            let again = other.path(format).display().to_string();
            let made_again = import(&other, &out);
            if made_again != [made, 0] || export(&other, what, &again, format) != text {
                wrong.push(format!("{name} as {format} elsewhere: {made_again:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn an_answer_goes_to_its_appointment_and_a_called_off_series_keeps_its_rule() {
    let world = World::unconnected();
    let import = |name: &str, method: &str, lines: &str, code| {
        let text = format!(
            "BEGIN:VCALENDAR\r\nMETHOD:{method}\r\nBEGIN:VEVENT\r\nUID:m1\r\nSUMMARY:Point\r\nDTSTART:20260105T090000Z\r\n\
             {lines}END:VEVENT\r\nEND:VCALENDAR\r\n"
        );
        world.run(&["events", "import", &file(&world, name, &text), "--user", "alice"]).ends_with(code)
    };
    let reply = "ATTENDEE;PARTSTAT=ACCEPTED:mailto:bob@a.example\r\n";
    let early = import("early.ics", "REPLY", reply, 3);
    assert_eq!(early.of("bad_record")[0]["reason"], "message");
    import("a.ics", "REQUEST", "ATTENDEE:mailto:bob@a.example\r\nRRULE:FREQ=WEEKLY\r\n", 0);
    let done = import("b.ics", "REPLY", reply, 0);
    assert_eq!((&done.summary()["joined"], &done.summary()["updated"]), (&json!(1), &json!(1)), "{done:?}");
    let again = import("b.ics", "REPLY", reply, 0);
    assert_eq!(again.summary()["unchanged"], 1);
    let counter = import("c.ics", "COUNTER", "DTEND:20260105T100000Z\r\n", 3);
    assert_eq!(counter.of("bad_record")[0]["reason"], "message");
    import("d.ics", "CANCEL", "", 0);
    let out = world.path("out.ics").display().to_string();
    world.run(&["events", "export", &out, "--user", "alice"]).ends_with(0);
    let text = fs::read_to_string(&out).unwrap();
    for part in ["STATUS:CANCELLED", "RRULE:FREQ=WEEKLY", "PARTSTAT=ACCEPTED"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let twice = world.run(&["events", "import", &file(&world, "e.ics",
        "BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:n\nSEQUENCE:2\nSUMMARY:New\nDTSTART:20260105T090000Z\nEND:VEVENT\n\
         BEGIN:VEVENT\nUID:n\nSUMMARY:Old\nDTSTART:20260105T090000Z\nEND:VEVENT\nEND:VCALENDAR\n"), "--user", "alice"]).ends_with(0);
    assert_eq!(twice.of("older")[0]["name"], "Old");
}

fn calendar(lines: &str) -> String {
    format!("BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{}\r\nEND:VCALENDAR\r\n", lines.replace('|', "\r\n"))
}

fn event(lines: &str) -> String {
    format!("BEGIN:VEVENT|{lines}|END:VEVENT")
}

#[test]
fn a_record_that_is_here_under_another_identifier_is_told() {
    let world = World::unconnected();
    world.run(&["contacts", "import", &file(&world, "rich.vcf", RICH)]).ends_with(0);
    let other = file(&world, "other.vcf", &RICH.replace("UID:u1", "UID:other"));
    let preview = world.run(&["contacts", "import", &other, "--dry-run"]).ends_with(0);
    assert_eq!(preview.summary()["beside"][0]["twin"], true, "{preview:?}");
    let done = world.run(&["contacts", "import", &other, "--look-alikes", "update"]).ends_with(0);
    assert_eq!(
        (&done.summary()["created"], &done.summary()["unchanged"]),
        (&json!(0), &json!(1)),
        "{done:?}"
    );
    assert_eq!(contacts(&world)[0]["uid"], "u1");
    let done = world.run(&["contacts", "import", &other]).ends_with(0);
    let told = &done.of("beside")[0];
    assert_eq!(
        (&told["line"], &told["other"], &told["twin"]),
        (&json!(1), &json!("Anne Dupont"), &json!(true))
    );
    assert_eq!(contacts(&world).len(), 2);

    let point = |uid: &str| calendar(&event(&format!("UID:{uid}|SUMMARY:Point|DTSTART:20260105T090000Z")));
    let import = |name: &str, uid: &str| {
        world.run(&["events", "import", &file(&world, name, &point(uid)), "--user", "alice"]).ends_with(0)
    };
    import("a.ics", "1");
    let done = import("b.ics", "2");
    assert_eq!(done.of("beside")[0]["twin"], true, "{done:?}");
}

#[test]
fn the_number_of_a_state_counts_against_the_database_too() {
    let world = World::unconnected();
    let import = |name: &str, text: &str, more: &[&str]| {
        let path = file(&world, name, text);
        let args = [&["events", "import", &path, "--user", "alice"], more].concat();
        world.run(&args).ends_with(0)
    };
    let state = |sequence: u8, title: &str| {
        calendar(&event(&format!(
            "UID:s|SEQUENCE:{sequence}|SUMMARY:{title}|DTSTART:20260105T090000Z|RRULE:FREQ=DAILY"
        )))
    };
    let change = |sequence: u8, title: &str| {
        calendar(&event(&format!(
            "UID:s|SEQUENCE:{sequence}|SUMMARY:{title}|DTSTART:20260106T100000Z|RECURRENCE-ID:20260106T090000Z|X-A:{title}"
        )))
    };
    let titles =
        || world.rows("'t', title", "appointments").iter().map(|row| row["t"].clone()).collect::<Vec<_>>();
    import("2.ics", &state(2, "Two"), &[]);
    let older = import("1.ics", &state(1, "One"), &[]);
    assert_eq!((&older.of("older")[0]["than"], &older.summary()["updated"]), (&json!("here"), &json!(0)));
    assert_eq!(titles(), ["Two"]);
    import("3.ics", &state(3, "Three"), &[]);
    assert_eq!(titles(), ["Three"]);
    import("1.ics", &state(1, "One"), &["--replace"]);
    assert_eq!(titles(), ["One"], "who replaces takes what the file has");

    let joined = import("c2.ics", &change(2, "Second"), &[]);
    assert_eq!(joined.summary()["joined"], 1, "{joined:?}");
    let older = import("c1.ics", &change(1, "First"), &[]);
    assert_eq!((older.of("older").len(), &older.summary()["joined"]), (1, &json!(0)), "{older:?}");
    let out = world.path("out.ics").display().to_string();
    world.run(&["events", "export", &out, "--user", "alice"]).ends_with(0);
    let text = fs::read_to_string(&out).unwrap();
    assert!(
        text.contains("SUMMARY:Second") && text.contains("X-A:Second") && !text.contains("First"),
        "{text}"
    );
}

#[test]
fn a_state_without_a_number_is_the_first_one() {
    let import = |world: &World, text: &str| {
        world.run(&["events", "import", &file(world, "a.ics", text), "--user", "alice"]).ends_with(0)
    };
    let rows = |world: &World| world.rows("'title', title, 'status', status", "appointments");
    let single = "UID:s|SUMMARY:One|DTSTART:20260105T090000Z|DTEND:20260105T100000Z";
    let weekly = format!("{single}|RRULE:FREQ=WEEKLY;COUNT=4");
    let moved = "UID:s|SUMMARY:Moved|RECURRENCE-ID:20260112T090000Z|DTSTART:20260112T110000Z";
    let series = calendar(&(event(&weekly) + &event(moved)));
    // A later one says all there is to say of the times; the first one is no news after it.
    let world = World::unconnected();
    import(&world, &series);
    import(&world, &calendar(&event(&format!("{single}|SEQUENCE:1"))));
    assert_eq!([world.number("appointment_rules"), world.number("appointment_overrides")], [0, 0]);
    let older = import(&world, &series);
    assert_eq!((older.of("older").len(), world.number("appointment_rules")), (1, 0), "{older:?}");

    // What is called off stays so, until a later state says otherwise.
    let off = |more: &str| {
        calendar(&format!("METHOD:CANCEL|{}", event(&format!("{single}|STATUS:CANCELLED{more}"))))
    };
    let cancelled = [json!({"title": "One", "status": "cancelled"})];
    let world = World::unconnected();
    import(&world, &calendar(&event(single)));
    import(&world, &off("|SEQUENCE:1"));
    let older = import(&world, &calendar(&event(single)));
    assert_eq!((older.of("older").len(), rows(&world)), (1, cancelled.to_vec()), "{older:?}");
    import(&world, &calendar(&event(&format!("{single}|SEQUENCE:2"))));
    assert_eq!(rows(&world)[0]["status"], "confirmed");
    // A message without a number is no less one.
    import(&world, &off(""));
    assert_eq!(rows(&world), cancelled);
    // A state as new as it, of which it does not say whether it takes place.
    import(&world, &calendar(&event(&format!("{single}|SEQUENCE:2"))));
    assert_eq!(rows(&world), cancelled);
}

#[test]
fn an_older_card_adds_and_overwrites_nothing() {
    let world = World::unconnected();
    let state = |rev: &str, more: &str| {
        format!("BEGIN:VCARD\nVERSION:3.0\nUID:u\nFN:Anne\n{more}\nREV:{rev}\nEND:VCARD\n")
    };
    let both = state("20250105T090000Z", "NOTE:old") + &state("20260105T090000Z", "NOTE:new");
    let both = file(&world, "both.vcf", &both);
    world.run(&["contacts", "import", &both]).ends_with(0);
    assert_eq!(contacts(&world)[0]["notes"], "new");
    let again = world.run(&["contacts", "import", &both]).ends_with(0);
    assert_eq!((&again.summary()["updated"], again.of("older").len()), (&json!(0), 1), "{again:?}");
    let adds = file(&world, "adds.vcf", &state("20250105T090000Z", "TEL:0612345678"));
    let done = world.run(&["contacts", "import", &adds]).ends_with(0);
    assert_eq!((&done.summary()["updated"], world.number("contact_phones")), (&json!(1), 1), "{done:?}");
}

#[test]
fn an_answer_that_follows_its_appointment_in_the_file_finds_it() {
    let world = World::unconnected();
    let invitation = "UID:m|SUMMARY:Point|DTSTART:20260105T090000Z|ATTENDEE:mailto:bob@a.example";
    let reply = "METHOD:REPLY|".to_owned()
        + &event("UID:m|DTSTART:20260105T090000Z|ATTENDEE;PARTSTAT=ACCEPTED:mailto:bob@a.example");
    let both = file(&world, "both.ics", &(calendar(&event(invitation)) + &calendar(&reply)));
    let done = world.run(&["events", "import", &both, "--user", "alice"]).ends_with(0);
    assert_eq!((&done.summary()["created"], &done.summary()["joined"]), (&json!(1), &json!(1)), "{done:?}");
    let status = world.rows("'s', participation_status", "appointment_participants");
    assert_eq!(status[0]["s"], "accepted");
}

#[test]
fn of_answers_the_newest_to_the_newest_state_counts() {
    let world = World::unconnected();
    let import = |name: &str, text: &str, code| {
        let path = file(&world, name, text);
        world.run(&["events", "import", &path, "--user", "alice"]).ends_with(code)
    };
    let status = || world.rows("'s', participation_status", "appointment_participants")[0]["s"].clone();
    let reply = |lines: &str| event(&format!("UID:m|DTSTART:20260105T090000Z|{lines}:mailto:bob@a.example"));
    let message = |replies: &[String]| calendar(&("METHOD:REPLY|".to_owned() + &replies.join("|")));
    // A series, and the answer in front of it.
    let series = "UID:m|SUMMARY:Point|SEQUENCE:3|DTSTART:20260105T090000Z|RRULE:FREQ=WEEKLY;COUNT=5|ATTENDEE:mailto:bob@a.example";
    let accepted = message(&[reply("SEQUENCE:3|ATTENDEE;PARTSTAT=ACCEPTED")]);
    import("both.ics", &(accepted + &calendar(&event(series))), 0);
    assert_eq!(status(), "accepted");
    // To a state that is no more.
    let old = import("old.ics", &message(&[reply("SEQUENCE:0|ATTENDEE;PARTSTAT=DECLINED")]), 0);
    assert_eq!((status(), old.of("older").len()), (json!("accepted"), 1));
    // The newer one stands first.
    let two = [("20260105", "DECLINED"), ("20260101", "TENTATIVE")]
        .map(|(day, answer)| reply(&format!("SEQUENCE:3|DTSTAMP:{day}T000000Z|ATTENDEE;PARTSTAT={answer}")));
    import("two.ics", &message(&two), 0);
    assert_eq!(status(), "declined");
    // A state that says less of a guest takes no answer away.
    import("poor.ics", &calendar(&event(series)), 0);
    assert_eq!(status(), "declined");
}

#[test]
fn an_older_answer_in_a_later_file_is_told_and_not_taken() {
    let world = World::unconnected();
    let import = |name: &str, text: &str| {
        world.run(&["events", "import", &file(&world, name, text), "--user", "alice"]).ends_with(0)
    };
    let status = || world.rows("'s', participation_status", "appointment_participants");
    let reply = |lines: &str, answer: &str| {
        calendar(&format!(
            "METHOD:REPLY|{}",
            event(&format!("UID:m|{lines}|ATTENDEE;PARTSTAT={answer}:mailto:bob@a.example"))
        ))
    };
    let plain = "UID:m|SUMMARY:Point|DTSTART:20260105T090000Z|RRULE:FREQ=WEEKLY;COUNT=5|ATTENDEE:mailto:bob@a.example";
    import("a.ics", &calendar(&event(plain)));
    let accepted = reply("DTSTAMP:20260102T000000Z", "ACCEPTED");
    import("b.ics", &accepted);
    let older = import("c.ics", &reply("DTSTAMP:20260101T000000Z", "DECLINED"));
    assert_eq!((status(), older.of("older").len()), (vec![json!({"s": "accepted"})], 1), "{older:?}");
    let json_older = json!({"@type": "Event", "uid": "m", "method": "reply", "updated": "2026-01-01T10:00:00Z",
        "participants": {"1": {"sendTo": {"imip": "mailto:bob@a.example"}, "participationStatus": "declined"}}});
    let older = import("c.json", &json_older.to_string());
    assert_eq!((status(), older.of("older").len()), (vec![json!({"s": "accepted"})], 1), "{older:?}");
    assert_eq!(import("b.ics", &accepted).summary()["unchanged"], 1);
    // One occurrence is answered for by itself, and a newer answer counts.
    let occurrence = "RECURRENCE-ID:20260112T090000Z|DTSTAMP:20260101T000000Z";
    import("d.ics", &reply(occurrence, "TENTATIVE"));
    assert_eq!(world.number("appointment_overrides"), 1);
    import("e.ics", &reply("DTSTAMP:20260103T000000Z|SEQUENCE:1", "DECLINED"));
    assert_eq!(status()[0], json!({"s": "declined"}));
    // One that says no number is compared by its time.
    import("f.ics", &reply("DTSTAMP:20260104T000000Z", "TENTATIVE"));
    assert_eq!(status()[0], json!({"s": "tentative"}));
    let older = import("g.ics", &reply("DTSTAMP:20260105T000000Z|SEQUENCE:0", "ACCEPTED"));
    assert_eq!((&status()[0], older.of("older").len()), (&json!({"s": "tentative"}), 1), "{older:?}");
    // What is kept of it comes back from an export.
    let out = world.path("out.ics").display().to_string();
    world.run(&["events", "export", &out, "--user", "alice"]).ends_with(0);
    let other = World::unconnected();
    other.run(&["events", "import", &out, "--user", "alice"]).ends_with(0);
    let older =
        other.run(&["events", "import", &file(&other, "b.ics", &accepted), "--user", "alice"]).ends_with(0);
    assert_eq!(older.of("older").len(), 1, "{older:?}");
}

#[test]
fn of_answers_to_one_occurrence_the_newest_counts_however_they_spell_it() {
    let world = World::unconnected();
    let import = |name: &str, text: &str| {
        world.run(&["events", "import", &file(&world, name, text), "--user", "alice"]).ends_with(0)
    };
    let reply = |lines: &str, answer: &str| {
        let lines = format!("UID:m|{lines}|ATTENDEE;PARTSTAT={answer}:mailto:bob@a.example");
        calendar(&format!("METHOD:REPLY|{}", event(&lines)))
    };
    let series = "UID:m|SUMMARY:Point|DTSTART;TZID=Europe/Paris:20260105T090000|RRULE:FREQ=WEEKLY;COUNT=5|ATTENDEE:mailto:bob@a.example";
    import("a.ics", &calendar(&event(series)));
    import("b.ics", &reply("RECURRENCE-ID:20260112T080000Z|DTSTAMP:20260103T000000Z", "ACCEPTED"));
    for spelt in [
        "RECURRENCE-ID;TZID=Europe/Paris:20260112T090000",
        "RECURRENCE-ID:20260112T090000",
        "RECURRENCE-ID;VALUE=DATE:20260112",
    ] {
        let older = import("c.ics", &reply(&format!("{spelt}|DTSTAMP:20260102T000000Z"), "DECLINED"));
        assert_eq!(
            (older.of("older").len(), &older.summary()["updated"]),
            (1, &json!(0)),
            "{spelt}: {older:?}"
        );
    }
    // When the appointment was changed that an answer is about says nothing of the answer.
    let said = "DTSTAMP:20260104T000000Z|LAST-MODIFIED:20260109T000000Z";
    import("d.ics", &reply(said, "TENTATIVE"));
    let newer = import("e.ics", &reply("DTSTAMP:20260105T000000Z", "DECLINED"));
    assert_eq!((newer.of("older").len(), &newer.summary()["joined"]), (0, &json!(1)), "{newer:?}");
}

#[test]
fn what_a_message_brings_to_a_record_is_told_as_kept() {
    let world = World::unconnected();
    let import = |name: &str, text: &str| {
        world.run(&["events", "import", &file(&world, name, text), "--user", "alice"]).ends_with(0)
    };
    let series = "UID:m|SUMMARY:Point|DTSTART:20260105T090000Z|RRULE:FREQ=WEEKLY;COUNT=5|X-A:1";
    let first = import("a.ics", &calendar(&event(series)));
    assert_eq!(first.summary()["leftovers"], json!({"X-A": 1}));
    let change = "UID:m|SUMMARY:Later|RECURRENCE-ID:20260112T090000Z|DTSTART:20260112T100000Z|X-B:1";
    let joined = import("b.ics", &calendar(&event(change)));
    assert_eq!(joined.summary()["leftovers"], json!({"X-B": 1}), "{joined:?}");
    let off = import("c.ics", &calendar(&format!("METHOD:CANCEL|{}", event("UID:m|SEQUENCE:2|X-C:1"))));
    let told = &off.summary()["leftovers"];
    assert_eq!(
        (&told["X-C"], &told["X-A"], &off.summary()["joined"]),
        (&json!(1), &json!(null), &json!(1)),
        "{off:?}"
    );
}

/// Imports a file, corrects the records that were set aside, imports them, and returns how many there are then.
fn corrected(name: &str, bytes: &[u8], bad: u64, correct: &[(&str, &str)]) -> u64 {
    let world = World::unconnected();
    let path = world.path(name);
    fs::write(&path, bytes).unwrap();
    let refused = world.path(&format!("refused-{name}")).display().to_string();
    let (kind, table) =
        if name.ends_with("ics") { ("events", "appointments") } else { ("contacts", "contacts") };
    let import = |path: &str, more: &[&str], code| {
        let user: &[&str] = if kind == "events" { &["--user", "alice"] } else { &[] };
        world.run(&[&[kind, "import", path], user, more].concat()).ends_with(code)
    };
    let done = import(&path.display().to_string(), &["--refused", &refused], 3);
    assert_eq!(done.of("bad_record").len() as u64, bad, "{name}: {done:?}");
    let bytes = fs::read(&refused).unwrap();
    // Of a file in another character set only what is corrected has to be readable.
    let mut text = String::from_utf8(bytes)
        .unwrap_or_else(|bad| bad.into_bytes().iter().map(|b| char::from(*b)).collect());
    for (wrong, right) in correct {
        assert!(text.contains(wrong), "{name}: {text}");
        text = text.replace(wrong, right);
    }
    let again = import(&file(&world, name, &text), &[], 0);
    assert_eq!(again.summary()["created"], bad, "{name}: {again:?}\n{text}");
    world.number(table)
}

#[test]
fn records_that_were_set_aside_come_in_once_they_are_corrected() {
    let cards = format!("{NEW}{}{RICH}", "BEGIN:VCARD\nVERSION:3.0\nX-A:1\nEND:VCARD\n");
    assert_eq!(corrected("a.vcf", cards.as_bytes(), 1, &[("X-A:1", "X-A:1\nFN:Zoé")]), 3);
    let wide: Vec<u8> = ["\u{feff}", &cards].concat().encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(corrected("a.vcf", &wide, 1, &[("X-A:1", "X-A:1\nFN:Zoé")]), 3);
    let returns = cards.replace('\n', "\r");
    assert_eq!(corrected("a.vcf", returns.as_bytes(), 1, &[("X-A:1", "X-A:1\nFN:Zoé")]), 3);

    let table =
        "sep=;\nClients;;\nNom;E-mail;Fidèle\nZoé;z@a.example;\n;;\"oui\n12\"\"\"\nAda;a@a.example;\n";
    assert_eq!(corrected("a.csv", table.as_bytes(), 1, &[(";;\"oui", "Eve;;\"oui")]), 3);
    let latin: Vec<u8> = table.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect();
    assert_eq!(corrected("a.csv", &latin, 1, &[(";;\"oui", "Eve;;\"oui")]), 3);

    let good = event("UID:g|SUMMARY:Good|DTSTART:20260105T090000Z");
    let bad = event("UID:b|SUMMARY:Bad|DTSTART;TZID=Mine:2026Jan5");
    let change = event("UID:s|RECURRENCE-ID:20260106T090000Z|DTSTART:20260106T100000Z|SUMMARY:Later");
    let series = event("UID:s|SUMMARY:Series|DTSTART:20260105T090000Z|RRULE:FREQ=NEVER");
    let zone = "BEGIN:VTIMEZONE|TZID:Mine|BEGIN:STANDARD|DTSTART:19700101T000000|TZOFFSETFROM:+0300|TZOFFSETTO:+0300|\
                END:STANDARD|END:VTIMEZONE|";
    let text = calendar(&good) + &calendar(&format!("{zone}{bad}|{series}"));
    let mend = [("2026Jan5", "20260105T090000"), ("FREQ=NEVER", "FREQ=DAILY;COUNT=3")];
    assert_eq!(corrected("a.ics", text.as_bytes(), 2, &mend), 3);
    // A series that was set aside takes its changes along.
    let world = World::unconnected();
    let refused = world.path("refused.ics").display().to_string();
    let path = file(&world, "a.ics", &calendar(&format!("{change}|{series}")));
    let args = ["events", "import", &path, "--user", "alice", "--refused", &refused];
    assert_eq!(world.run(&args).ends_with(3).of("bad_record").len(), 2);
    let text = fs::read_to_string(&refused).unwrap().replace("FREQ=NEVER", "FREQ=DAILY;COUNT=3");
    world.run(&["events", "import", &file(&world, "b.ics", &text), "--user", "alice"]).ends_with(0);
    assert_eq!(world.number("appointments"), 1);

    let objects = r#"{"@type":"Group","title":"Mine","entries":[
        {"@type":"Card","version":"1.0","uid":"1","name":{"full":"Anne"}},
        {"@type":"Card","version":"1.0","uid":"2"},
        {"@type":"Card","version":"1.0","uid":"3","name":{"full":"Luc"}}]}"#;
    let mend = [("\"uid\":\"2\"", "\"uid\":\"2\",\"name\":{\"full\":\"Eve\"}")];
    assert_eq!(corrected("a.json", objects.as_bytes(), 1, &mend), 3);
}

#[test]
fn a_column_that_is_not_known_is_asked_for_at_a_terminal() {
    let world = World::unconnected();
    let table = file(&world, "a.csv", "Nom;Bigophone;Couleur;Gizmo\nZoé;0612345678;bleu;x\n");
    let answers = json!([["Bigophone", "sottise"], ["sottise", "mobile"], ["Couleur", "-"], ["Gizmo", ""]]);
    let asked = world.at_a_terminal(&answers, &["contacts", "import", &table]);
    assert_eq!(asked.0, 0, "{}", asked.1);
    assert!(asked.1.contains("\"sottise\" is not understood"), "{}", asked.1);
    assert_eq!(
        world.rows("'n', number, 'l', label", "contact_phones"),
        [json!({"n": "0612345678", "l": "mobile"})]
    );
    assert_eq!(contacts(&world)[0]["leftovers"], json!("[\"Gizmo: x\"]"));
    // Who gives no answer has numbers that reach nobody: exit code 3, as in a script.
    let table = file(&world, "b.csv", "Nom;Bigophone\nLuc;0612345679\n");
    let asked = world.at_a_terminal(&json!([["Bigophone", ""]]), &["contacts", "import", &table]);
    assert_eq!((asked.0, asked.1.contains("IMP-110")), (3, true), "{}", asked.1);
    let mapped = world.run(&["contacts", "import", &table, "--map", "Bigophone=mobile"]).ends_with(0);
    assert_eq!(mapped.summary()["updated"], 1, "{mapped:?}");
}

#[test]
fn a_contact_of_which_a_file_has_many_cards_is_written_once() {
    let world = World::unconnected();
    world.run(&["contacts", "import", &file(&world, "rich.vcf", RICH)]).ends_with(0);
    let card = |number: usize| {
        let who =
            if number.is_multiple_of(2) { "UID:u1\nN:Dupont;Anne;;;" } else { "UID:u2\nN:Martin;Luc;;;" };
        format!("BEGIN:VCARD\nVERSION:3.0\n{who}\nTEL:01234{number:05}\nX-N{number}:1\nEND:VCARD\n")
    };
    let cards: String = (0..620).map(card).collect();
    let path = file(&world, "cards.vcf", &cards);
    for preview in [true, false] {
        let mut args = vec!["contacts", "import", &path];
        args.extend(preview.then_some("--dry-run"));
        let done = world.run(&args).ends_with(0);
        let changes = done.of("change");
        assert_eq!(changes.len(), 2, "{preview}: {:?}", done.summary());
        let count = |action: &str| changes.iter().filter(|change| change["action"] == action).count();
        assert_eq!((count("create"), count("update")), (1, 1), "{preview}");
        assert_eq!((&done.summary()["created"], &done.summary()["updated"]), (&json!(1), &json!(619)));
    }
    assert_eq!((world.number("contacts"), world.number("contact_phones")), (2, 621));
    assert_eq!(world.run(&["contacts", "import", &path]).ends_with(0).of("change").len(), 0);
}

#[test]
fn a_file_that_is_too_large_is_refused_whole_in_the_persons_language() {
    let world = World::unconnected();
    let path = file(&world, "large.vcf", RICH);
    // It has a hole, and takes no room on the disk.
    fs::File::options().write(true).open(&path).unwrap().set_len((4 << 30) + 1).unwrap();
    for (lang, words) in [("en", "larger than 4 GiB"), ("fr", "il dépasse 4 Gio")] {
        let out = world.streams(&["--lang", lang, "contacts", "import", &path]);
        let told = String::from_utf8([out.stdout, out.stderr].concat()).unwrap();
        assert!(told.contains("USE-106") && told.contains(words), "{told}");
    }
    assert_eq!((contacts(&world).len(), world.number("passerelle_runs")), (0, 0));
}

#[test]
fn appointments_come_in_no_tables() {
    let world = World::unconnected();
    let path = file(&world, "a.ics", &calendar(&event("UID:1|SUMMARY:A|DTSTART:20260105T090000Z")));
    let refused = world.run(&["events", "import", &path, "--user", "alice", "--map", "A=mobile"]);
    assert_eq!(refused.errors(), ["USE-101"], "{refused:?}");
}

#[test]
fn what_the_tables_refuse_is_told_in_the_persons_language() {
    let world = World::unconnected();
    // The readers take nothing that the tables refuse: a trigger refuses in the words of one of our constraints.
    world.sql(
        "CREATE TRIGGER refused BEFORE INSERT ON appointment_categories
         BEGIN SELECT RAISE(ABORT, 'a category is not empty'); END;",
    );
    let path = file(&world, "a.ics", &calendar(&event("UID:1|DTSTART:20260105T090000Z|CATEGORIES:a")));
    let told = world.run(&["--lang", "fr", "events", "import", &path, "--user", "alice"]).ends_with(3);
    let text = told.of("bad_record")[0]["text"].as_str().unwrap().to_owned();
    assert!(text.ends_with("une catégorie n'est pas vide"), "{text}");
}

#[test]
fn a_preview_speaks_the_persons_language() {
    let world = World::unconnected();
    let zone = "BEGIN:VTIMEZONE|TZID:Tokyo Standard Time|BEGIN:STANDARD|DTSTART:19701025T030000|TZOFFSETFROM:+0200|TZOFFSETTO:+0100|\
                RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10|END:STANDARD|BEGIN:DAYLIGHT|DTSTART:19700329T020000|TZOFFSETFROM:+0100|\
                TZOFFSETTO:+0200|RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3|END:DAYLIGHT|END:VTIMEZONE|";
    let lines = "UID:s|SUMMARY:busy|DTSTART;TZID=Tokyo Standard Time:20270104T090000|DURATION:PT1H|TRANSP:TRANSPARENT|\
                 STATUS:TENTATIVE|ATTENDEE;PARTSTAT=NEEDS-ACTION:mailto:a@x.example";
    let path = file(&world, "a.ics", &calendar(&format!("{zone}{}", event(lines))));
    let shown = |lang: &str| {
        let out = world.streams(&["--lang", lang, "events", "import", &path, "--user", "alice", "--dry-run"]);
        String::from_utf8([out.stdout, out.stderr].concat()).unwrap()
    };
    let (fr, en) = (shown("fr"), shown("en"));
    for text in [
        "free_busy_status: libre",
        "    status: provisoire",
        "participation_status: sans réponse",
        "title: busy",
        "Le fichier décrit le fuseau « Tokyo Standard Time » autrement que son nom ne le dit",
    ] {
        assert!(fr.contains(text), "{text}: {fr}");
    }
    assert!(en.contains("free_busy_status: free") && en.contains("otherwise than its name says"), "{en}");
}

#[test]
fn an_import_of_appointments_is_taken_back_before_the_first_synchronisation() {
    let world = World::new();
    let series =
        "UID:s|SUMMARY:Series|DTSTART:20270104T090000Z|DTEND:20270104T100000Z|RRULE:FREQ=WEEKLY;COUNT=5";
    let path = file(&world, "a.ics", &calendar(&event(series)));
    let import = || world.run(&["events", "import", &path, "--user", "alice"]).ends_with(0);
    let run = import().summary()["run_id"].to_string();
    world.run(&["undo", "run", &run, "--yes"]).ends_with(0);
    assert_eq!(world.number("appointments"), 0);
    import();
    world.settle();
    assert_eq!(world.events().len(), 1);
}

/// A text that an export makes, without when it was made.
fn exported(world: &World, what: &str, name: &str, more: &[&str]) -> String {
    let out = world.path(name).display().to_string();
    world.run(&[&[what, "export", &out], more].concat()).ends_with(0);
    let text = fs::read_to_string(&out).unwrap();
    text.split("\r\n")
        .filter(|line| !line.starts_with("DTSTAMP") && !line.starts_with("REV"))
        .collect::<Vec<_>>()
        .join("\n")
}

/// What the records at Google say, without the marks of their states. An occurrence that says what its series says is
/// none of its own.
fn said(mut all: Vec<Value>, name: &str) -> Vec<Value> {
    let marks = [
        "etag",
        "updated",
        "sequence",
        "metadata",
        "sourceEtag",
        "updateTime",
        "clientData",
        "extendedProperties",
    ];
    let series = all.clone();
    let as_its_series = |one: &Value| {
        let own = |member: &str, of: &Value| one[member] == of[member];
        let unmoved = one["start"] == one["originalStartTime"];
        series.iter().any(|of| {
            unmoved && of["id"] == one["recurringEventId"] && own("summary", of) && own("location", of)
        })
    };
    all.retain(|one| one["status"] != "cancelled" && !as_its_series(one));
    for one in &mut all {
        marks.iter().for_each(|mark| drop(one.as_object_mut().unwrap().remove(*mark)));
    }
    all.sort_by_key(|one| one[name].to_string());
    all
}

const SERIES: &str =
    "UID:s|SUMMARY:Series|DTSTART:20270104T090000Z|DTEND:20270104T100000Z|RRULE:FREQ=WEEKLY;COUNT=5|X-MINE:1";
const SINGLE: &str =
    "UID:a|SUMMARY:Alone|LOCATION:Nantes|DTSTART;TZID=Europe/Paris:20270106T090000|DURATION:PT1H";

/// A file that changes a series and an appointment, moves one occurrence, calls another off, and brings two that are new.
fn changes() -> String {
    let changed =
        SERIES.replace("Series", "Series 2").replace("X-MINE:1", "X-MINE:2|EXDATE:20270118T090000Z");
    let moved =
        "UID:s|RECURRENCE-ID:20270111T090000Z|SUMMARY:Moved|DTSTART:20270112T090000Z|DTEND:20270112T100000Z";
    let alone = SINGLE.replace("Nantes", "Lyon|DESCRIPTION:New");
    let new = "UID:n|SUMMARY:New|DTSTART:20270107T090000Z|DTEND:20270107T100000Z";
    let daily = "UID:d|SUMMARY:Daily|DTSTART;VALUE=DATE:20270201|RRULE:FREQ=DAILY;COUNT=3";
    let all = [changed.as_str(), moved, &alone, new, daily].map(event).join("|");
    calendar(&all)
}

#[test]
fn an_import_that_changed_appointments_is_taken_back_before_and_after_a_synchronisation() {
    for synchronised in [false, true] {
        let world = World::new();
        let first = file(&world, "a.ics", &calendar(&[SERIES, SINGLE].map(event).join("|")));
        world.run(&["events", "import", &first, "--user", "alice"]).ends_with(0);
        world.settle();
        let before =
            (exported(&world, "events", "before.ics", &["--user", "alice"]), said(world.every_event(), "id"));
        let done = world
            .run(&["events", "import", &file(&world, "b.ics", &changes()), "--user", "alice"])
            .ends_with(0);
        let counts = ["created", "updated"].map(|count| done.summary()[count].clone());
        assert_eq!(counts, [2, 2], "{done:?}");
        if synchronised {
            world.settle();
            assert_ne!(said(world.every_event(), "id"), before.1);
        }
        let run = done.summary()["run_id"].to_string();
        world.run(&["undo", "run", &run, "--dry-run"]).ends_with(0);
        world.run(&["undo", "run", &run, "--yes"]).ends_with(0);
        let after = exported(&world, "events", "after.ics", &["--user", "alice"]);
        assert_eq!(after, before.0, "synchronised: {synchronised}");
        world.settle();
        assert_eq!(
            exported(&world, "events", "end.ics", &["--user", "alice"]),
            before.0,
            "synchronised: {synchronised}"
        );
        let there: Vec<Value> =
            said(world.every_event(), "id").into_iter().filter(|one| one["status"] != "cancelled").collect();
        assert_eq!(there, before.1, "synchronised: {synchronised}");
    }
}

#[test]
fn an_import_that_changed_contacts_is_taken_back_after_a_synchronisation() {
    for synchronised in [false, true] {
        let world = World::new();
        let luc = NEW.replace("END:", "NOTE:old\nADR:;;1 rue A;Nantes;;44000;FR\nCATEGORIES:Club\nEND:");
        world.run(&["contacts", "import", &file(&world, "a.vcf", &format!("{RICH}{luc}"))]).ends_with(0);
        world.settle();
        let before = (exported(&world, "contacts", "before.vcf", &[]), said(world.people(), "resourceName"));
        let other = RICH
            .replace("0612345678", "0687654321")
            .replace("NOTE:rich", "NOTE:richer\nORG:Firm")
            .replace("chess", "go");
        let more =
            luc.replace("NOTE:old", "NOTE:new\nTEL:0611111111\nBDAY:1980-02-03").replace("Club", "Choir");
        let third = NEW.replace("u2", "u3").replace("luc@", "lea@").replace("Luc", "Lea");
        let path = file(&world, "b.vcf", &format!("{other}{more}{third}"));
        let done = world.run(&["contacts", "import", &path]).ends_with(0);
        let counts = ["created", "updated"].map(|count| done.summary()[count].clone());
        assert_eq!(counts, [1, 2], "{done:?}");
        if synchronised {
            world.settle();
            assert_eq!(world.people().len(), 3);
        }
        world.run(&["undo", "run", &done.summary()["run_id"].to_string(), "--yes"]).ends_with(0);
        assert_eq!(exported(&world, "contacts", "after.vcf", &[]), before.0, "synchronised: {synchronised}");
        world.settle();
        assert_eq!(exported(&world, "contacts", "end.vcf", &[]), before.0, "synchronised: {synchronised}");
        assert_eq!(said(world.people(), "resourceName"), before.1, "synchronised: {synchronised}");
    }
}

#[test]
fn what_google_or_a_person_did_to_imported_appointments_stays_when_the_import_is_taken_back() {
    let world = World::new();
    world.add_event(&json!({
        "summary": "Alone", "location": "Nantes", "start": {"dateTime": "2027-01-06T09:00:00", "timeZone": "Europe/Paris"},
        "end": {"dateTime": "2027-01-06T10:00:00", "timeZone": "Europe/Paris"}
    }));
    let new = "UID:n|SUMMARY:New|DTSTART:20270107T090000Z|DTEND:20270107T100000Z";
    let path = file(&world, "a.ics", &calendar(&[SERIES, SINGLE, new].map(event).join("|")));
    let done = world.run(&["events", "import", &path, "--user", "alice"]).ends_with(0);
    world.settle();
    world.sql("UPDATE appointments SET description = 'mine' WHERE title = 'New';");
    let undone = world.run(&["undo", "run", &done.summary()["run_id"].to_string(), "--yes"]).ends_with(0);
    world.settle();
    let titles: std::collections::BTreeSet<String> =
        world.events().iter().map(|one| one["summary"].as_str().unwrap().to_owned()).collect();
    assert_eq!(titles, ["Alone", "New"].map(str::to_owned).into(), "{undone:?}");
    assert_eq!(world.event("New")["description"], "mine");
    assert_eq!(world.number("appointments"), 2);
}

#[test]
fn an_appointment_is_called_off_and_takes_place_again_in_every_format() {
    let ics = |method: &str, number: u8, lines: &str| {
        format!("BEGIN:VCALENDAR|METHOD:{method}|BEGIN:VEVENT|UID:s|SEQUENCE:{number}|{lines}END:VEVENT|END:VCALENDAR|")
            .replace('|', "\r\n")
    };
    let whole = "DTSTART:20270104T090000Z|DURATION:PT1H|SUMMARY:S|LOCATION:L|";
    let json = |method: &str, number: u8, more: &Value| {
        let mut event = json!({"@type": "Event", "uid": "s", "method": method, "sequence": number});
        event.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        event.to_string()
    };
    let object = json!({"title": "S", "start": "2027-01-04T09:00:00", "timeZone": "Etc/UTC", "duration": "PT1H",
        "locations": {"l": {"name": "L"}}});
    for (name, files) in [
        ("a.ics", [ics("REQUEST", 1, whole), ics("CANCEL", 2, ""), ics("REQUEST", 3, whole)]),
        ("a.json", [json("request", 1, &object), json("cancel", 2, &json!({})), json("request", 3, &object)]),
    ] {
        let world = World::unconnected();
        for (text, status) in files.iter().zip(["confirmed", "cancelled", "confirmed"]) {
            world.run(&["events", "import", &file(&world, name, text), "--user", "alice"]).ends_with(0);
            let rows = world
                .rows("'status', status, 'place', location, 'seconds', duration_seconds", "appointments");
            assert_eq!(rows, [json!({"status": status, "place": "L", "seconds": 3600})], "{name} {status}");
        }
    }
}

#[test]
fn what_calls_an_appointment_off_is_a_state_of_it_with_a_number_and_texts() {
    let ics = |method: &str, number: u8, lines: &str| {
        calendar(&format!("METHOD:{method}|{}", event(&format!("UID:s|SEQUENCE:{number}|{lines}"))))
    };
    let off = "ORGANIZER:mailto:o@a.example|ATTENDEE:mailto:me@a.example|ATTENDEE:mailto:gone@a.example|DESCRIPTION:Strike|COMMENT:Sorry|DTEND:20270104T120000Z";
    let guest = "ATTENDEE;PARTSTAT=ACCEPTED:mailto:me@a.example";
    let json = |method: &str, number: u8, more: &Value| {
        let mut event = json!({"@type": "Event", "uid": "s", "method": method, "sequence": number});
        event.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        event.to_string()
    };
    let object = json!({"title": "S", "start": "2027-01-04T09:00:00", "timeZone": "Etc/UTC", "duration": "PT1H",
        "participants": {"1": {"sendTo": {"imip": "mailto:me@a.example"}, "roles": {"attendee": true},
        "participationStatus": "accepted"}}});
    let off_object = json!({"description": "Strike", "x.example/comment": "Sorry"});
    let off_nowhere = json!({"description": "Strike", "x.example/comment": "Sorry", "start": "2027-01-04T09:00:00",
        "timeZone": "Customized Zone", "duration": "an hour"});
    let single = format!("DTSTART:20270104T090000Z|DURATION:PT1H|SUMMARY:S|DESCRIPTION:Plan|{guest}");
    let series = format!("{single}|RRULE:FREQ=WEEKLY;COUNT=5");
    for (name, asked, off) in [
        ("single.ics", ics("REQUEST", 1, &single), ics("CANCEL", 2, off)),
        ("series.ics", ics("REQUEST", 1, &series), ics("CANCEL", 2, off)),
        ("single.json", json("request", 1, &object), json("cancel", 2, &off_object)),
        ("nowhere.json", json("request", 1, &object), json("cancel", 2, &off_nowhere)),
    ] {
        let world = World::unconnected();
        let import = |name: &str, text: &str| {
            world.run(&["events", "import", &file(&world, name, text), "--user", "alice"]).ends_with(0)
        };
        let rows = || world.rows("'status', status, 'texts', description, 'kept', leftovers", "appointments");
        import(name, &asked);
        import(name, &off);
        let there = rows();
        assert_eq!(
            (&there[0]["status"], &there[0]["texts"]),
            (&json!("cancelled"), &json!("Strike")),
            "{name}"
        );
        let kept = there[0]["kept"].to_string();
        assert!(kept.contains("Sorry"), "{name}: {kept}");
        assert!(name.ends_with("json") || kept.contains("DTEND:20270104T120000Z"), "{name}: {kept}");
        // The message is no list of guests, and no answer of one.
        let answers = world.rows("'answer', participation_status", "appointment_participants");
        assert_eq!(answers, [json!({"answer": "accepted"})], "{name}");
        // The state before it, once more.
        let older = import(name, &asked);
        assert_eq!((rows(), older.of("older").len()), (there.clone(), 1), "{name}: {older:?}");
        let again = import(name, &off);
        assert_eq!((rows(), again.summary()["unchanged"].clone()), (there, json!(1)), "{name}: {again:?}");
    }
}

#[test]
fn an_occurrence_in_json_joins_its_series_here() {
    let world = World::unconnected();
    let series = json!({"@type": "Event", "uid": "s", "title": "S", "start": "2027-01-04T09:00:00",
        "timeZone": "Europe/Paris", "duration": "PT1H", "recurrenceRules": [{"frequency": "weekly", "count": 5}]});
    let moved = json!({"@type": "Event", "uid": "s", "title": "Moved", "start": "2027-01-11T14:00:00",
        "timeZone": "Europe/Paris", "duration": "PT1H", "recurrenceId": "2027-01-11T09:00:00"});
    let import = |text: &Value| {
        world
            .run(&["events", "import", &file(&world, "a.json", &text.to_string()), "--user", "alice"])
            .ends_with(0)
    };
    import(&series);
    let done = import(&moved);
    assert_eq!((&done.summary()["joined"], &done.summary()["updated"]), (&json!(1), &json!(1)), "{done:?}");
    assert_eq!((world.number("appointments"), world.number("appointment_rules")), (1, 1));
    let both = json!([moved, series]);
    assert_eq!(import(&both).summary()["created"], 0);
    let alone = World::unconnected();
    let text = file(&alone, "b.json", &both.to_string());
    alone.run(&["events", "import", &text, "--user", "alice"]).ends_with(0);
    assert_eq!((alone.number("appointments"), alone.number("appointment_overrides")), (1, 1));
}

#[test]
fn a_zone_that_was_guessed_is_told_with_its_appointment() {
    let world = World::unconnected();
    let lines = |uid: &str| {
        format!("BEGIN:VEVENT|UID:{uid}|SUMMARY:Point|DTSTART;TZID=Usine:20270104T090000|END:VEVENT")
    };
    let text = calendar(&format!("X-WR-TIMEZONE:Europe/Paris|{}|{}", lines("a"), lines("b")));
    let done =
        world.run(&["events", "import", &file(&world, "a.ics", &text), "--user", "alice"]).ends_with(0);
    let told = done.of("guessed_zone");
    let wanted = json!({"zone": "Usine", "taken_as": "Europe/Paris", "line": 4, "name": "Point", "count": 2});
    assert_eq!(told.len(), 1, "{done:?}");
    for (member, value) in wanted.as_object().unwrap() {
        assert_eq!(&told[0][member], value, "{member}");
    }
}

#[test]
fn an_export_takes_the_place_of_its_file_once_it_is_whole() {
    let world = World::unconnected();
    let cards: String =
        (0..300).map(|n| NEW.replace("u2", &format!("n{n}")).replace("luc@", &format!("l{n}@"))).collect();
    world.run(&["contacts", "import", &file(&world, "a.vcf", &cards)]).ends_with(0);
    for name in ["out.vcf", "out.csv", "out.json"] {
        let out = file(&world, name, "old");
        world.run(&["contacts", "export", &out]).ends_with(0);
        let text = fs::read_to_string(&out).unwrap();
        assert_eq!(text.matches("l299@a.example").count(), 1, "{name}");
        assert!(!world.path(&format!("{name}.part")).exists(), "{name}");
    }
    // What a killed export left there is in nobody's way, and a link leads to what is replaced.
    let (out, stale) = (file(&world, "out.vcf", "old"), file(&world, "out.vcf.part", "of somebody's own"));
    let link = world.path("link.vcf");
    std::os::unix::fs::symlink(&out, &link).unwrap();
    let seen = fs::File::open(&out).unwrap();
    world.run(&["contacts", "export", link.to_str().unwrap()]).ends_with(0);
    assert!(std::io::read_to_string(seen).unwrap() == "old", "it was not written in its place");
    assert!(fs::read_to_string(&out).unwrap().contains("l299@a.example") && link.is_symlink());
    assert_eq!(fs::read_to_string(&stale).unwrap(), "of somebody's own");
    assert!(!world.path("out.vcf.2.part").exists());
    let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&out).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
    let odd = file(&world, "out.xyz", "old");
    world.run(&["contacts", "export", &odd]).ends_with(2);
    assert_eq!(fs::read_to_string(&odd).unwrap(), "old");
    let second = world.run(&["contacts", "import", &file(&world, "b.vcf", &cards)]).ends_with(0);
    assert_eq!(second.summary()["unchanged"], 300, "{second:?}");
}
