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
