//! Imports: nothing of a file is dropped, overwritten or invented, and what was done is told so that a person can act on it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;

use std::fs;

use common::World;
use serde_json::{Value, json};

fn file(world: &World, name: &str, text: &str) -> String {
    let path = world.path(name);
    fs::write(&path, text).unwrap();
    path.display().to_string()
}

fn card(lines: &str) -> String {
    format!("BEGIN:VCARD\nVERSION:3.0\n{}\nEND:VCARD\n", lines.replace('|', "\n"))
}

fn calendar(events: &[&str]) -> String {
    let events: Vec<String> = events.iter().map(|lines| format!("BEGIN:VEVENT|{lines}|END:VEVENT")).collect();
    format!("BEGIN:VCALENDAR|VERSION:2.0|{}|END:VCALENDAR|", events.join("|")).replace('|', "\r\n")
}

fn leftovers(world: &World, table: &str) -> Vec<String> {
    let rows = world.rows("'left', leftovers", &format!("(SELECT * FROM {table} ORDER BY number)"));
    rows.iter().map(|row| row["left"].as_str().unwrap_or_default().to_owned()).collect()
}

/// What a person reads on both streams.
fn read_by_a_person(world: &World, args: &[&str]) -> String {
    let output = world.streams(args);
    String::from_utf8([output.stdout, output.stderr].concat()).unwrap()
}

fn counts(done: &Value) -> [u64; 3] {
    ["created", "updated", "unchanged"].map(|count| done[count].as_u64().unwrap())
}

#[test]
fn records_that_differ_only_in_what_has_no_place_are_both_kept() {
    let world = World::unconnected();
    let table = "Nom;Prénom;Tél;N° client\nDupont;Jean;0123456789;\nDupont;Jean;0123456789;CU2\nRoux;Anne;;CU3\nRoux;Anne;;CU4\n\
                 Roux;Anne;;CU4\n";
    let table = file(&world, "a.csv", table);
    let done = world.run(&["contacts", "import", &table]).ends_with(0);
    assert_eq!(counts(done.summary()), [4, 0, 1], "{done:?}");
    let kept = leftovers(&world, "contacts");
    assert_eq!(kept, ["", "[\"N° client: CU2\"]", "[\"N° client: CU3\"]", "[\"N° client: CU4\"]"]);
    let told = done.of("beside");
    assert_eq!(told.len(), 2, "{done:?}");
    assert_eq!(
        (&told[0]["other"], &told[0]["other_line"], &told[0]["alike"]),
        (&json!("Jean Dupont"), &json!(2), &json!(["tel"]))
    );
    let again = world.run(&["contacts", "import", &table]).ends_with(0);
    assert_eq!(counts(again.summary()), [0, 0, 5], "{again:?}");
    assert_eq!(leftovers(&world, "contacts"), kept);

    let visits = ["COMMENT:chez Dupont", "COMMENT:chez Roux|ATTACH:http://plan"]
        .map(|more| format!("DTSTART:20270104T090000Z|SUMMARY:Visite|{more}"));
    let visits = file(&world, "a.ics", &calendar(&visits.each_ref().map(String::as_str)));
    let import = || world.run(&["events", "import", &visits, "--user", "alice"]).ends_with(0);
    assert_eq!(counts(import().summary()), [2, 0, 0]);
    assert!(leftovers(&world, "appointments")[1].contains("chez Roux"));
    assert_eq!(counts(import().summary()), [0, 0, 2]);
    assert_eq!(world.number("appointments"), 2);
}

#[test]
fn what_has_no_place_overwrites_none_of_another_record() {
    // Two cards of one identifier in a file.
    let world = World::unconnected();
    let photo = "PHOTO;ENCODING=b;TYPE=JPEG:/9j/";
    let chief = card(&format!("UID:u|N:A;B;;;|EMAIL:a@x.example|ROLE:Chef|{photo}AAAA"));
    let deputy = card(&format!("UID:u|N:A;B;;;|EMAIL:a@x.example|ROLE:Adjoint|{photo}BBBB"));
    let phone = card("UID:u|N:A;B;;;|TEL:0612345678");
    let both = file(&world, "a.vcf", &format!("{chief}{phone}{deputy}"));
    let done = world.run(&["contacts", "import", &both]).ends_with(3);
    let bad = &done.of("bad_record")[0];
    assert_eq!((&bad["reason"], &bad["line"]), (&json!("duplicate"), &json!(15)), "{done:?}");
    assert!(bad["text"].as_str().unwrap().contains("line 1"), "{bad}");
    assert!(leftovers(&world, "contacts")[0].contains("Chef"), "{:?}", leftovers(&world, "contacts"));
    assert_eq!(world.number("contact_phones"), 1);
    // Of two states the newer one is taken.
    let world = World::unconnected();
    let dated = |text: &str, rev: &str| text.replace("END:", &format!("REV:{rev}\nEND:"));
    let states = dated(&chief, "20260101T000000Z") + &dated(&deputy, "20260201T000000Z");
    world.run(&["contacts", "import", &file(&world, "a.vcf", &states)]).ends_with(0);
    assert!(leftovers(&world, "contacts")[0].contains("Adjoint"));

    // One without an identifier that is like a record here.
    let world = World::unconnected();
    let nameless = |role: &str| card(&format!("N:A;B;;;|EMAIL:a@x.example|{role}"));
    let import = |name: &str, text: &str, more: &[&str], code| {
        world.run(&[&["contacts", "import", &file(&world, name, text)], more].concat()).ends_with(code)
    };
    import("a.vcf", &nameless("ROLE:Chef|REV:1"), &[], 0);
    let done = import("b.vcf", &nameless("ROLE:Adjoint|REV:2"), &[], 3);
    let bad = &done.of("bad_record")[0];
    assert_eq!((&bad["reason"], &bad["detail"]), (&json!("looks-alike"), &json!("B A: ROLE")), "{done:?}");
    // So it is where the record says more than the other one, and has a place for that.
    let more = nameless("ROLE:Adjoint|TEL:0612345678");
    assert_eq!(import("c.vcf", &more, &[], 3).of("bad_record")[0]["detail"], "B A: ROLE");
    assert_eq!(leftovers(&world, "contacts"), ["[\"ROLE:Chef\",\"REV:1\"]"]);
    // What adds is added; and what came last with the file counts for the lines behind it.
    let twice = nameless("X-CLUB:go|X-A:1") + &nameless("X-CLUB:chess");
    let done = import("d.vcf", &twice, &[], 3);
    assert_eq!((done.of("bad_record").len(), &done.summary()["updated"]), (1, &json!(1)), "{done:?}");
    assert_eq!(leftovers(&world, "contacts"), ["[\"X-CLUB:go\",\"X-A:1\",\"ROLE:Chef\",\"REV:1\"]"]);
    import("b.vcf", &nameless("ROLE:Adjoint"), &["--look-alikes", "update"], 0);
    assert!(leftovers(&world, "contacts")[0].contains("Adjoint"));
    import("b.vcf", &nameless("ROLE:Portier"), &["--look-alikes", "new"], 0);
    assert_eq!(world.number("contacts"), 2);
}

#[test]
fn a_preview_shows_what_becomes_of_what_has_no_place() {
    let world = World::unconnected();
    let photo = format!("PHOTO;ENCODING=b;TYPE=JPEG:{}", "/9j/".repeat(100));
    let rich = card(&format!("UID:u|N:A;B;;;|X-FOO:1|ROLE:Chef|{photo}"));
    world.run(&["contacts", "import", &file(&world, "a.vcf", &rich)]).ends_with(0);
    let poor = card("UID:u|N:A;B;;;|X-FOO:2");
    let poor = file(&world, "b.vcf", &poor);
    let preview = world.run(&["contacts", "import", &poor, "--dry-run", "--replace"]).ends_with(0);
    let kept = preview.of("change")[0]["kept"].as_array().unwrap().clone();
    let fields: Vec<&str> = kept.iter().map(|one| one["field"].as_str().unwrap()).collect();
    assert_eq!(fields, ["PHOTO", "ROLE", "X-FOO"], "{preview:?}");
    assert_eq!(kept[2], json!({"field": "X-FOO", "before": ["1"], "after": ["2"]}));
    let shown = world.at_a_terminal(&json!([]), &["contacts", "import", &poor, "--dry-run"]).1;
    assert!(shown.contains("X-FOO: 1 → 2"), "{shown}");
    let shown = world.at_a_terminal(&json!([]), &["contacts", "import", &poor, "--dry-run", "--replace"]).1;
    assert!(shown.contains("ROLE: Chef →") && shown.contains("PHOTO: ;ENCODING"), "{shown}");
    let photo = shown.lines().find(|line| line.contains("PHOTO:")).unwrap();
    assert!(photo.chars().count() < 160, "{photo}");
}

#[test]
fn of_a_file_in_one_line_only_what_was_set_aside_is_to_be_corrected() {
    let world = World::unconnected();
    let event = |uid: &str, start: &str| json!({"@type": "Event", "uid": uid, "title": uid, "start": start, "timeZone": "Europe/Paris", "duration": "PT1H"});
    let bad = event("bad", "2026-02-31T09:00:00");
    let text = format!(
        "[{},{},\"nonsense, unclosed\",{}]",
        event("a", "2026-02-01T09:00:00"),
        bad,
        event("b", "2026-02-02T09:00:00")
    );
    let path = file(&world, "a.json", &text);
    let refused = world.path("refused.json").display().to_string();
    let args = ["events", "import", &path, "--user", "alice", "--refused", &refused];
    // A preview writes no file, so that the import itself can.
    let preview = world.run(&[&args[..], &["--dry-run"]].concat()).ends_with(3);
    assert!(!world.path("refused.json").exists(), "{preview:?}");
    let done = world.run(&args).ends_with(3);
    let told: Vec<_> =
        done.of("bad_record").iter().map(|one| (one["line"].clone(), one["nth"].clone())).collect();
    assert_eq!(told, [(json!(1), json!(2)), (json!(1), json!(3))], "{done:?}");
    let mend = done.of("bad_record")[0]["mend"].as_str().unwrap().to_owned();
    assert!(mend.contains("2026-11-23T09:00:00") && !mend.contains("20261123T090000"), "{mend}");
    let kept: Value = serde_json::from_str(&fs::read_to_string(&refused).unwrap()).unwrap();
    assert_eq!(kept, json!([bad, "nonsense, unclosed"]));
    // What is in the way of it is told by the preview already.
    world.run(&[&args[..], &["--dry-run"]].concat()).ends_with(2);
}

#[test]
fn a_guest_without_an_address_has_none_anywhere() {
    let world = World::new();
    let guests = json!({
        "a": {"@type": "Participant", "name": "Sans Adresse", "roles": {"attendee": true}},
        "b": {"@type": "Participant", "name": "Sans Adresse", "roles": {"attendee": true}},
        "c": {"@type": "Participant", "name": "Bob", "email": "mailto:bob@a.example", "roles": {"attendee": true}},
        "d": {"@type": "Participant", "roles": {"attendee": true}, "email": "Eve Roy <eve@a.example>"}
    });
    let event = json!({"@type": "Event", "uid": "e1", "title": "T", "start": "2027-07-15T09:00:00",
        "timeZone": "Europe/Paris", "duration": "PT1H", "participants": guests});
    let path = file(&world, "a.json", &event.to_string());
    let import = || world.run(&["events", "import", &path, "--user", "alice"]).ends_with(0);
    import();
    let rows = || {
        world.rows(
            "'mail', email, 'name', name",
            "(SELECT * FROM appointment_participants ORDER BY email, id)",
        )
    };
    let row = |mail: &str, name: &str| json!({"mail": mail, "name": name});
    let all = [
        row("", "Sans Adresse"),
        row("", "Sans Adresse"),
        row("bob@a.example", "Bob"),
        row("eve@a.example", "Eve Roy"),
    ];
    assert_eq!(rows(), all);
    assert_eq!(counts(import().summary()), [0, 0, 1], "the same file changes nothing");
    for name in ["a.ics", "b.json"] {
        let out = world.path(name).display().to_string();
        world.run(&["events", "export", &out, "--user", "alice"]).ends_with(0);
        let text = fs::read_to_string(&out).unwrap().to_lowercase();
        assert!(!text.contains("mailto:sans") && !text.contains("\"email\":\"sans"), "{text}");
        let again = world.run(&["events", "import", &out, "--user", "alice"]).ends_with(0);
        assert_eq!(rows(), all, "{name}: {again:?}");
    }
    world.settle();
    let invited: Vec<Value> =
        world.event("T")["attendees"].as_array().unwrap().iter().map(|one| one["email"].clone()).collect();
    assert_eq!(invited, ["bob@a.example", "eve@a.example"]);
    assert_eq!(world.sync().ends_with(0).writes(), 0, "and it rests");
    assert_eq!(rows(), all);
    world.sql("UPDATE appointments SET title = 'T2' WHERE uid = 'e1';");
    world.settle();
    assert_eq!((world.event("T2")["attendees"].as_array().unwrap().len(), rows()), (2, all.to_vec()));
}

#[test]
fn who_sees_a_contact_that_is_here_is_told_and_stays() {
    let world = World::unconnected();
    let anne = card("UID:u|N:Dupont;Anne;;;|EMAIL:anne@a.example");
    let path = file(&world, "a.vcf", &anne);
    world.run(&["contacts", "import", &path, "--user", "alice"]).ends_with(0);
    let done = world.run(&["contacts", "import", &path]).ends_with(0);
    let told = done.of("seen");
    assert_eq!(
        (told.len(), &told[0]["by"], &told[0]["name"]),
        (1, &json!(["alice"]), &json!("Anne Dupont")),
        "{done:?}"
    );
    assert_eq!(world.number("contact_users"), 1);
    let shown = read_by_a_person(&world, &["contacts", "import", &path]);
    assert!(shown.contains("alice alone") && shown.contains("contact_users"), "{shown}");
    // The other way round: what one person's file adds to a contact that everybody sees, everybody sees.
    world.sql("DELETE FROM contact_users;");
    let more = file(&world, "b.vcf", &anne.replace("END:", "NOTE:mine\nEND:"));
    let done = world.run(&["contacts", "import", &more, "--user", "alice"]).ends_with(0);
    assert_eq!(done.of("seen")[0]["by"], json!([]), "{done:?}");
    let done = world.run(&["contacts", "import", &more, "--user", "alice"]).ends_with(0);
    assert!(done.of("seen").is_empty(), "what changes nothing is not told: {done:?}");
}

#[test]
fn a_file_that_holds_nothing_or_another_kind_is_told_as_that() {
    let world = World::unconnected();
    for (kind, name, text) in [
        ("events", "a.ics", "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nX-WR-CALNAME:Vide\r\nEND:VCALENDAR\r\n"),
        ("events", "a.json", "[]"),
        ("contacts", "b.json", "{\"@type\":\"Group\",\"entries\":[]}"),
        ("contacts", "a.csv", "Nom;Prénom;E-mail\n"),
    ] {
        let user: &[&str] = if kind == "events" { &["--user", "alice"] } else { &[] };
        let path = file(&world, name, text);
        let done = world.run(&[&[kind, "import", &path], user].concat()).ends_with(0);
        assert_eq!(counts(done.summary()), [0, 0, 0], "{name}");
        let shown = read_by_a_person(&world, &[&[kind, "import", &path], user].concat());
        assert!(shown.contains("holds no record"), "{name}: {shown}");
    }
    let calendar = calendar(&["UID:1|SUMMARY:A|DTSTART:20270104T090000Z"]);
    let json_event = json!([{"@type": "Event", "uid": "1", "start": "2027-01-04T09:00:00"}]).to_string();
    for (kind, name, text, command) in [
        ("contacts", "c.ics", calendar.as_str(), "events import"),
        ("contacts", "c.json", json_event.as_str(), "events import"),
        ("events", "c.vcf", card("FN:A").as_str(), "contacts import"),
        ("events", "d.csv", "Nom;Prénom;E-mail\nA;B;a@x.example\n", "contacts import"),
    ] {
        let user: &[&str] = if kind == "events" { &["--user", "alice"] } else { &[] };
        let path = file(&world, name, text);
        let done = world.run(&[&[kind, "import", &path], user].concat()).ends_with(2);
        assert_eq!(done.errors(), ["USE-131"], "{name}");
        let shown = read_by_a_person(&world, &[&[kind, "import", &path], user].concat());
        assert!(shown.contains(command), "{name}: {shown}");
    }
    let blank = file(&world, "blank.vcf", " \r\n");
    assert_eq!(world.run(&["contacts", "import", &blank]).ends_with(2).errors(), ["USE-132"]);
}

#[test]
fn the_advice_for_a_column_fits_what_is_in_it() {
    let world = World::unconnected();
    let table = file(&world, "a.csv", "Nom;Truc;Bigophone\nDupont;a@x.example;0612345678\n");
    let shown =
        world.at_a_terminal(&json!([["Truc", ""], ["Bigophone", ""]]), &["contacts", "import", &table]).1;
    assert!(shown.contains("--map Truc=e-mail --map Bigophone=mobile"), "{shown}");
    assert!(!shown.contains("this part stopped"), "{shown}");
    let mapped = world
        .run(&["contacts", "import", &table, "--map", "Truc=e-mail", "--map", "Bigophone=mobile"])
        .ends_with(0);
    assert_eq!(counts(mapped.summary()), [0, 1, 0], "{mapped:?}");
    assert_eq!((world.number("contact_emails"), world.number("contact_phones")), (1, 1));
}

#[test]
fn the_labels_of_an_import_go_with_it_on_both_sides() {
    for synchronised in [false, true] {
        let world = World::new();
        world.sql("INSERT INTO contact_groups (name) VALUES ('Club');");
        let path = file(&world, "a.vcf", &card("FN:A|EMAIL:a@x.example|CATEGORIES:Club,Un,Deux"));
        let done = world.run(&["contacts", "import", &path]).ends_with(0);
        let labels = || -> Vec<String> {
            let rows = world.rows("'n', name", "(SELECT * FROM contact_groups ORDER BY name)");
            rows.iter().map(|row| row["n"].as_str().unwrap().to_owned()).collect()
        };
        assert_eq!(labels(), ["Club", "Deux", "Un"]);
        let there = || -> Vec<String> {
            let mut names: Vec<String> = world.groups().into_values().collect();
            names.retain(|name| ["Club", "Un", "Deux"].contains(&name.as_str()));
            names.sort();
            names
        };
        if synchronised {
            world.settle();
            assert_eq!(there(), ["Club", "Deux", "Un"]);
        }
        let run = done.summary()["run_id"].to_string();
        world.run(&["undo", "run", &run, "--dry-run"]).ends_with(0);
        assert_eq!(labels().len(), 3, "a preview takes nothing back");
        let undone = world.run(&["undo", "run", &run, "--yes"]).ends_with(0);
        assert_eq!(labels(), ["Club"], "synchronised: {synchronised}");
        world.settle();
        world.settle();
        let left: &[&str] = if synchronised { &["Club"] } else { &[] };
        assert_eq!(
            (there(), labels()),
            (left.iter().map(|name| (*name).to_owned()).collect(), vec!["Club".to_owned()])
        );
        // What is brought back has its labels again, and keeps them.
        world.run(&["undo", "run", &undone.summary()["run_id"].to_string(), "--yes"]).ends_with(0);
        world.settle();
        world.settle();
        assert_eq!(there(), ["Club", "Deux", "Un"], "synchronised: {synchronised}");
    }
}

#[test]
fn a_label_that_a_person_uses_outlives_the_import_that_made_it() {
    let world = World::new();
    let path = file(&world, "a.vcf", &card("FN:A|EMAIL:a@x.example|CATEGORIES:Un"));
    let done = world.run(&["contacts", "import", &path]).ends_with(0);
    world.sql(
        "INSERT INTO contacts (id, given_name) VALUES ('mine', 'Mine');
         INSERT INTO contact_group_members (contact_id, group_id) SELECT 'mine', id FROM contact_groups;",
    );
    world.settle();
    world.run(&["undo", "run", &done.summary()["run_id"].to_string(), "--yes"]).ends_with(0);
    world.settle();
    assert_eq!(world.number("contact_groups"), 1);
    assert!(world.groups().values().any(|name| name == "Un"));
}

#[test]
fn many_cards_of_one_identifier_are_one_contact_and_one_write() {
    let world = World::unconnected();
    let cards: String = (0..400).map(|n| card(&format!("UID:u|FN:Anne|TEL:01{n:08}|X-A{n}:1"))).collect();
    let done = world.run(&["contacts", "import", &file(&world, "a.vcf", &cards)]).ends_with(0);
    assert_eq!(
        (counts(done.summary()), world.number("contact_phones")),
        ([1, 399, 0], 400),
        "{:?}",
        done.summary()
    );
    assert!(world.number("passerelle_entries") <= 2, "each card is no write of its own");
    let kept = leftovers(&world, "contacts").remove(0);
    assert_eq!((kept.matches("X-A").count(), kept.matches("X-A7:").count()), (400, 1));
    let again = world.run(&["contacts", "import", &file(&world, "a.vcf", &cards)]).ends_with(0);
    assert_eq!(counts(again.summary()), [0, 0, 400], "{:?}", again.summary());
    world.run(&["undo", "run", &done.summary()["run_id"].to_string(), "--yes"]).ends_with(0);
    assert_eq!(world.number("contacts"), 0);
}

#[test]
fn an_identifier_that_two_files_count_from_one_is_of_two_records() {
    let world = World::unconnected();
    let cards = |name: &str, all: &[&str]| {
        let text: String = all.iter().map(|lines| card(lines)).collect();
        world.run(&["contacts", "import", &file(&world, name, &text)]).ends_with(0)
    };
    cards("a.vcf", &["UID:1|N:Roux;Anne;;;|TEL:0123456789"]);
    let zoe = ["UID:1|N:Petit;Zoé;;;|TEL:0612345678"];
    let done = cards("b.vcf", &zoe);
    assert_eq!(counts(done.summary()), [1, 0, 0], "{done:?}");
    let told = &done.of("beside")[0];
    assert_eq!((&told["other"], &told["alike"]), (&json!("Anne Roux"), &json!(["uid"])), "{told}");
    for again in [cards("b.vcf", &zoe), cards("a.vcf", &["UID:1|N:Roux;Anne;;;|TEL:0123456789"])] {
        assert_eq!(counts(again.summary()), [0, 0, 1], "{again:?}");
    }
    // What adds to either of them finds it; a person who was renamed is found by the number.
    cards("c.vcf", &["UID:1|N:Petit;Zoé;;;|EMAIL:z@x.example", "UID:1|N:Petit;Zoé;;;|NOTE:n"]);
    cards("d.vcf", &["UID:1|N:Martin;Anne;;;|TEL:0123456789"]);
    assert_eq!((world.number("contacts"), world.number("contact_emails")), (2, 1));
    let names = world.rows("'n', surname, 'notes', notes", "(SELECT * FROM contacts ORDER BY number)");
    assert_eq!((&names[0]["n"], &names[1]["notes"]), (&json!("Martin"), &json!("n")), "{names:?}");

    let events = |name: &str, all: &[&str]| import(&world, name, &calendar(all), 0);
    let [dentist, notary] = ["Dentiste|DTSTART:20270104T090000Z", "Notaire|DTSTART:20270208T140000Z"]
        .map(|lines| format!("UID:0@default|SUMMARY:{lines}"));
    events("a.ics", &[&dentist]);
    assert_eq!(counts(events("b.ics", &[&notary]).summary()), [1, 0, 0]);
    for again in [events("b.ics", &[&notary]), events("c.ics", &[&notary, &dentist])] {
        assert_eq!(again.summary()["created"], 0, "{again:?}");
    }
    let titles =
        || world.rows("'t', title, 's', start_local", "(SELECT * FROM appointments ORDER BY number)");
    assert_eq!((&titles()[0]["t"], &titles()[1]["t"]), (&json!("Dentiste"), &json!("Notaire")));
    // A later state was moved and has another title.
    let moved = "UID:0@default|SEQUENCE:1|SUMMARY:Ostéopathe|DTSTART:20270105T090000Z";
    assert_eq!(counts(events("d.ics", &[moved]).summary()), [0, 1, 0]);
    assert_eq!((titles().len(), &titles()[0]["t"]), (2, &json!("Ostéopathe")));
}

#[test]
fn a_uuid_is_one_identifier_with_its_scheme_and_without() {
    let world = World::unconnected();
    let uid = "f81d4fae-7dec-11d0-a765-00a0c91e6bf6";
    for (name, uid) in [("a.vcf", format!("urn:uuid:{uid}")), ("b.vcf", uid.to_owned())] {
        let text = card(&format!("UID:{uid}|FN:Anne|NOTE:{name}"));
        world.run(&["contacts", "import", &file(&world, name, &text)]).ends_with(0);
    }
    assert_eq!(world.rows("'n', notes", "contacts"), [json!({"n": "b.vcf"})]);
}

#[test]
fn a_revision_may_be_a_day() {
    let world = World::unconnected();
    let state = |rev: &str, note: &str| card(&format!("UID:u|FN:J|REV:{rev}|NOTE:{note}"));
    world
        .run(&["contacts", "import", &file(&world, "a.vcf", &state("20260201T000000Z", "new"))])
        .ends_with(0);
    for rev in ["20260131", "2026-01-31"] {
        let done =
            world.run(&["contacts", "import", &file(&world, "b.vcf", &state(rev, "old"))]).ends_with(0);
        assert_eq!(done.of("older").len(), 1, "{rev}: {done:?}");
    }
    assert_eq!(world.rows("'n', notes", "contacts")[0]["n"], "new");
}

#[test]
fn a_lone_occurrence_is_told_by_its_name() {
    let world = World::unconnected();
    let lone = calendar(&["UID:s|RECURRENCE-ID:20270111T090000Z|SUMMARY:Visite|DTSTART:20270112T090000Z"]);
    let done =
        world.run(&["events", "import", &file(&world, "a.ics", &lone), "--user", "alice"]).ends_with(0);
    assert_eq!(done.of("lone_occurrence")[0]["name"], "Visite", "{done:?}");
    // One that does not say of which series it is.
    let nameless = calendar(&[
        "SUMMARY:Tous|DTSTART:20270111T090000Z|RRULE:FREQ=DAILY;COUNT=3",
        "RECURRENCE-ID:20270112T090000Z|SUMMARY:Un|DTSTART:20270112T100000Z",
    ]);
    let done = import(&world, "b.ics", &nameless, 0);
    assert_eq!((counts(done.summary()), done.of("lone_occurrence").len()), ([2, 0, 0], 1), "{done:?}");
    assert_eq!(done.of("lone_occurrence")[0]["name"], "Un", "{done:?}");
    let again = import(&world, "b.ics", &nameless, 0);
    assert_eq!((counts(again.summary()), again.of("lone_occurrence").len()), ([0, 0, 2], 0), "{again:?}");
}

/// Imports appointments of one user.
fn import(world: &World, name: &str, text: &str, code: i32) -> common::Ran {
    world.run(&["events", "import", &file(world, name, text), "--user", "alice"]).ends_with(code)
}

fn at(day: u8, hour: u8) -> String {
    format!(";TZID=Europe/Paris:202701{day:02}T{hour:02}0000")
}

#[test]
fn a_lone_occurrence_is_told_where_the_file_changes_something() {
    let world = World::unconnected();
    let lone = calendar(&[&format!("UID:s|RECURRENCE-ID{}|SUMMARY:Visite|DTSTART{}", at(11, 9), at(12, 9))]);
    assert_eq!(import(&world, "a.ics", &lone, 0).of("lone_occurrence").len(), 1);
    let again = import(&world, "a.ics", &lone, 0);
    assert_eq!((counts(again.summary()), again.of("lone_occurrence").len()), ([0, 0, 1], 0), "{again:?}");
    // The same occurrence by another clock is the same appointment.
    let in_utc = "UID:s|SEQUENCE:2|RECURRENCE-ID:20270111T080000Z|SUMMARY:Visite|LOCATION:Ici|DTSTART:20270112T080000Z";
    for (sequence, changed) in [(2, true), (1, false)] {
        let state = calendar(&[&in_utc.replace("SEQUENCE:2", &format!("SEQUENCE:{sequence}"))]);
        let done = import(&world, "b.ics", &state, 0);
        assert_eq!(world.number("appointments"), 1, "{done:?}");
        assert_eq!(done.of("lone_occurrence").len(), usize::from(changed), "{done:?}");
        let path = file(&world, "b.ics", &state);
        let told = read_by_a_person(&world, &["events", "import", &path, "--user", "alice", "--dry-run"]);
        assert!(!told.contains("line 3") || told.contains("Visite"), "{told}");
    }
}

#[test]
fn an_answer_finds_an_occurrence_that_is_here_without_its_series() {
    let world = World::unconnected();
    let occurrence = |line: &str| {
        format!(
            "UID:s|RECURRENCE-ID{}|SUMMARY:Visite|DTSTART{}|{line}:mailto:bob@a.example",
            at(11, 9),
            at(12, 9)
        )
    };
    let reply = |answer: &str| {
        let text = calendar(&[&occurrence(&format!("ATTENDEE;PARTSTAT={answer}"))]);
        text.replace("VERSION:2.0", "VERSION:2.0\r\nMETHOD:REPLY")
    };
    let status = || world.rows("'s', participation_status", "appointment_participants")[0]["s"].clone();
    // In the same file, and to one that is here.
    let both = reply("ACCEPTED") + &calendar(&[&occurrence("ATTENDEE")]);
    let done = import(&world, "a.ics", &both, 0);
    assert_eq!((counts(done.summary()), status()), ([1, 0, 0], json!("accepted")), "{done:?}");
    let done = import(&world, "b.ics", &reply("DECLINED"), 0);
    assert_eq!((counts(done.summary()), status()), ([0, 1, 0], json!("declined")), "{done:?}");
    assert_eq!(world.number("appointments"), 1);
}

#[test]
fn a_change_of_an_appointment_that_does_not_repeat_is_its_new_state() {
    let world = World::unconnected();
    let one = calendar(&[&format!("UID:u|SUMMARY:S|DTSTART{}|DURATION:PT1H", at(4, 9))]);
    let change = |sequence: u8, hour: u8| {
        let lines = format!(
            "UID:u|SUMMARY:S|SEQUENCE:{sequence}|RECURRENCE-ID{}|DTSTART{}|DURATION:PT1H",
            at(4, 9),
            at(4, hour)
        );
        calendar(&[&lines])
    };
    let starts = || -> Vec<String> {
        let rows = world.rows("'at', start_local", "appointments");
        rows.iter().map(|row| row["at"].as_str().unwrap().to_owned()).collect()
    };
    import(&world, "one.ics", &one, 0);
    for (sequence, hour, wanted) in [(2, 14, 14), (1, 15, 14), (3, 16, 16)] {
        for _ in 0..2 {
            let done = import(&world, "change.ics", &change(sequence, hour), 0);
            assert_eq!(starts(), [format!("2027-01-04 {wanted}:00:00")], "{done:?}");
        }
    }
    // The change may come first.
    let world = World::unconnected();
    import(&world, "change.ics", &change(2, 14), 0);
    let done = import(&world, "one.ics", &one, 0);
    assert_eq!(world.number("appointments"), 1, "{done:?}");
    assert_eq!(world.rows("'at', start_local", "appointments")[0]["at"], "2027-01-04 14:00:00");
}

#[test]
fn a_change_that_names_no_occurrence_of_a_series_here_is_set_aside() {
    let world = World::unconnected();
    import(
        &world,
        "s.ics",
        &calendar(&[&format!("UID:u|SUMMARY:S|DTSTART{}|RRULE:FREQ=WEEKLY;COUNT=5", at(4, 9))]),
        0,
    );
    for id in ["garbage", ""] {
        let change = calendar(&[&format!("UID:u|SUMMARY:S|RECURRENCE-ID:{id}|DTSTART{}", at(11, 14))]);
        let done = import(&world, "c.ics", &change, 3);
        assert_eq!(done.of("bad_record")[0]["reason"], "bad-recurrence-id", "{id}: {done:?}");
        assert_eq!((world.number("appointments"), world.number("appointment_overrides")), (1, 0), "{id}");
    }
}

#[test]
fn changes_of_a_series_here_are_one_write_however_many_they_are() {
    let world = World::unconnected();
    let start = "UID:u|SUMMARY:S|DTSTART:20270101T090000Z";
    import(&world, "s.ics", &calendar(&[&format!("{start}|RRULE:FREQ=DAILY;COUNT=900")]), 0);
    let first = chrono::NaiveDate::from_ymd_opt(2027, 1, 1).unwrap();
    let days: Vec<String> = first.iter_days().take(600).map(|day| day.format("%Y%m%d").to_string()).collect();
    let change = |day: &String| {
        format!("UID:u|SEQUENCE:1|SUMMARY:c|RECURRENCE-ID:{day}T090000Z|DTSTART:{day}T100000Z")
    };
    let changes: Vec<String> = days.iter().map(change).collect();
    let text = calendar(&changes.iter().map(String::as_str).collect::<Vec<_>>());
    let before = world.number("passerelle_entries");
    let done = import(&world, "c.ics", &text, 0);
    assert_eq!(
        (counts(done.summary()), done.summary()["joined"].as_u64()),
        ([0, 1, 0], Some(600)),
        "{done:?}"
    );
    assert_eq!(world.number("appointment_overrides"), 600);
    assert_eq!(world.number("passerelle_entries"), before + 1, "the series is written once");
    let again = import(&world, "c.ics", &text, 0);
    assert_eq!(counts(again.summary()), [0, 0, 1], "{again:?}");
}

#[test]
fn records_that_begin_nowhere_or_have_no_end_of_entries_are_told_with_how_to_mend_them() {
    let world = World::unconnected();
    let lost = format!("FN:Perdu\nTEL:0612345678\nEND:VCARD\n{}", card("FN:A"));
    let huge: String = (0..20_100).map(|n| format!("TEL:{n:010}\n")).collect();
    let many = format!("BEGIN:VCARD\nVERSION:3.0\nFN:Trop\n{huge}END:VCARD\n{}", card("FN:B"));
    for (name, text, reason) in [("a.vcf", lost, "no-begin"), ("b.vcf", many, "too-many")] {
        let path = file(&world, name, &text);
        for lang in ["en", "fr"] {
            let done = world.run(&["--lang", lang, "contacts", "import", &path, "--dry-run"]).ends_with(3);
            let bad = &done.of("bad_record")[0];
            assert_eq!(bad["reason"], reason, "{done:?}");
            assert!(["text", "mend"].iter().all(|words| !bad[*words].as_str().unwrap().is_empty()), "{bad}");
            assert_eq!(done.summary()["created"], 1, "{name}");
        }
    }
}

/// The smallest picture that is one.
const PICTURE: &str =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

#[test]
fn an_import_with_pictures_labels_guests_and_a_series_leaves_nothing_once_it_is_taken_back() {
    for synchronised in [false, true] {
        let world = World::new();
        let card = card(&format!(
            "UID:p|FN:Anne|EMAIL:anne@x.example|CATEGORIES:Un|PHOTO;ENCODING=b;TYPE=PNG:{PICTURE}"
        ));
        let series = "UID:s|SUMMARY:S|DTSTART;TZID=Europe/Paris:20270104T090000|DURATION:PT1H|RRULE:FREQ=WEEKLY;COUNT=4|\
                      ATTENDEE;CN=Bob:mailto:bob@x.example|ATTENDEE;CN=Salle:invalid:nomail";
        let moved = "UID:s|RECURRENCE-ID;TZID=Europe/Paris:20270111T090000|SUMMARY:S|\
                     DTSTART;TZID=Europe/Paris:20270112T100000|DURATION:PT1H|ATTENDEE:mailto:eve@x.example";
        let events = file(&world, "a.ics", &calendar(&[series, moved]));
        let people = world.run(&["contacts", "import", &file(&world, "a.vcf", &card)]).ends_with(0);
        let events = world.run(&["events", "import", &events, "--user", "alice"]).ends_with(0);
        if synchronised {
            world.settle();
            assert_eq!((world.people().len(), world.events().len()), (1, 1));
        }
        for done in [&events, &people] {
            world.run(&["undo", "run", &done.summary()["run_id"].to_string(), "--yes"]).ends_with(0);
        }
        let parts = [
            "contacts",
            "contact_emails",
            "contact_groups",
            "contact_group_members",
            "appointments",
            "appointment_rules",
            "appointment_overrides",
            "appointment_participants",
        ];
        for settled in [false, true] {
            let left: Vec<&str> = parts.into_iter().filter(|table| world.number(table) > 0).collect();
            assert!(left.is_empty(), "{left:?} synchronised: {synchronised}, settled: {settled}");
            world.settle();
        }
        assert_eq!((world.people().len(), world.events().len()), (0, 0), "synchronised: {synchronised}");
        assert!(!world.groups().values().any(|name| name == "Un"), "synchronised: {synchronised}");
        assert_eq!(world.mails(), 0, "nobody is told of it");
    }
}

#[test]
fn what_a_file_says_of_its_calendar_is_told() {
    let world = World::unconnected();
    let text = calendar(&["UID:u-1|SUMMARY:Visit|DTSTART:20261201T090000Z|DTEND:20261201T100000Z"]);
    let named = file(
        &world,
        "a.ics",
        &text.replace("VERSION:2.0", "VERSION:2.0\r\nX-WR-CALNAME:Family\r\nCOLOR:blue"),
    );
    let args = ["events", "import", &named, "--user", "alice"];
    let done = world.run(&args).ends_with(0);
    assert_eq!(done.summary()["of_calendar"], json!({ "COLOR": 1, "X-WR-CALNAME": 1 }));
    for (lang, said) in [
        ("en", "Of the calendar itself, not taken: COLOR (1), X-WR-CALNAME (1)"),
        ("fr", "De l'agenda lui-même, non repris : COLOR (1), X-WR-CALNAME (1)"),
    ] {
        let shown = read_by_a_person(&world, &[&args[..], &["--lang", lang]].concat());
        assert!(shown.contains(said), "{shown}");
    }
    let plain = file(&world, "b.ics", &text);
    let shown = read_by_a_person(&world, &["events", "import", &plain, "--user", "alice", "--lang", "en"]);
    assert!(!shown.contains("calendar itself"), "{shown}");
}
