//! Calendars that are written against us: each is read as far as it says something, and nothing of it goes in silence.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use chrono::SecondsFormat;
use passerelle_calendar::Event;
use passerelle_formats::{BadRecord, EventFormat, Imported, Reason, read_events, write_events};

type Found = Vec<Result<Imported<Event>, BadRecord>>;

fn read(bytes: &[u8]) -> Found {
    read_events(bytes, EventFormat::ICalendar).collect()
}

fn calendar(body: &str) -> String {
    format!("BEGIN:VCALENDAR\nVERSION:2.0\n{body}END:VCALENDAR\n").replace('\n', "\r\n")
}

fn event(uid: &str, lines: &str) -> String {
    format!(
        "BEGIN:VEVENT\nUID:{uid}\nDTSTART:20260715T090000Z\nDTEND:20260715T100000Z\n{lines}\nEND:VEVENT\n"
    )
}

/// The titles that went in, and the lines that were set aside with their reasons.
fn told(found: &Found) -> (Vec<&str>, Vec<(usize, Reason)>) {
    let titles = found.iter().filter_map(|one| one.as_ref().ok()).map(|one| one.record.title.as_str());
    let bad = found.iter().filter_map(|one| one.as_ref().err()).map(|bad| (bad.line, bad.reason));
    (titles.collect(), bad.collect())
}

/// What was read and written twice is the same.
fn stable(found: &Found) {
    let records = |found: &Found| -> Vec<(Event, Vec<String>)> {
        let good = found.iter().filter_map(|one| one.as_ref().ok());
        good.map(|one| (one.record.clone(), one.unknown.clone())).collect()
    };
    let write = |records: Vec<(Event, Vec<String>)>| {
        let mut out = Vec::new();
        write_events(&mut out, EventFormat::ICalendar, Default::default(), records).unwrap();
        out
    };
    let first = records(found);
    assert_eq!(records(&read(&write(first.clone()))), first);
}

#[test]
fn lines_and_bytes_of_every_making_are_read() {
    let body = event("a", "SUMMARY:Réunion\nDESCRIPTION:un\n  deux");
    let plain = calendar(&body);
    let texts: Vec<Vec<u8>> = vec![
        plain.clone().into_bytes(),
        plain.replace("\r\n", "\n").into_bytes(),
        plain.replace("\r\n", "\r").into_bytes(),
        plain.replace("\r\n", "\n\r").into_bytes(),
        plain.replace("\r\n", "\r\r\n").into_bytes(),
        plain.replace("SUMMARY:Ré", "SUMM\r\n ARY:R\r\n é").into_bytes(),
        plain.replace("SUMMARY:", "SUMMARY\r\n :").into_bytes(),
        plain.replace("SUMMARY:R", "SUMMARY:R\r\n\t").into_bytes(),
        plain.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        plain.encode_utf16().flat_map(u16::to_be_bytes).collect(),
        format!("\r\n{plain}").encode_utf16().flat_map(u16::to_le_bytes).collect(),
        plain.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect(),
        [b"\xef\xbb\xbf", plain.as_bytes()].concat(),
        [b"From: x\r\nContent-Type: text/calendar\r\n\r\n", plain.as_bytes()].concat(),
        plain.replace("BEGIN", "begin").replace("END:", "end:").into_bytes(),
    ];
    for text in &texts {
        let found = read(text);
        let shown = String::from_utf8_lossy(text);
        assert_eq!(told(&found), (vec!["Réunion"], Vec::new()), "{shown}");
        assert_eq!(found[0].as_ref().unwrap().record.description, "un deux", "{shown}");
        stable(&found);
    }
    // A fold in the middle of a character, and one bad byte.
    let cut = calendar(&event("a", "SUMMARY:R#union")).into_bytes();
    let place = cut.iter().position(|byte| *byte == b'#').unwrap();
    for (bytes, title) in [(&b"\xc3\r\n \xa9"[..], "Réunion"), (b"\xc3\xa9\xff\xc3\xa9", "Ré\u{fffd}éunion")]
    {
        let text = [&cut[..place], bytes, &cut[place + 1..]].concat();
        assert_eq!(told(&read(&text)).0, [title]);
    }
}

#[test]
fn what_lacks_its_end_takes_nothing_with_it() {
    let zone = "BEGIN:VTIMEZONE\nTZID:Maison\nBEGIN:STANDARD\nDTSTART:19700101T000000\nTZOFFSETFROM:+0300\nTZOFFSETTO:+0300\nEND:STANDARD\n";
    let at_home = event("z", "SUMMARY:x")
        .replace("DTSTART:20260715T090000Z\nDTEND:20260715T100000Z", "DTSTART;TZID=Maison:20260715T090000");
    for (name, text, titles, bad) in [
        ("a zone", calendar(&format!("{zone}{at_home}")), vec!["x"], vec![]),
        (
            "a part of a zone",
            calendar(&format!("{}{at_home}", zone.replace("END:STANDARD\n", ""))),
            vec!["x"],
            vec![],
        ),
        ("an event in a zone", calendar(&format!("{zone}{at_home}END:VTIMEZONE\n")), vec!["x"], vec![]),
        (
            "a zone in an event",
            calendar(&at_home.replace("SUMMARY", &format!("{zone}END:VTIMEZONE\nSUMMARY"))),
            vec!["x"],
            vec![],
        ),
        (
            "an event in a task",
            calendar(&format!("BEGIN:VTODO\nUID:t\n{}END:VTODO\n", event("a", "SUMMARY:x"))),
            vec!["x"],
            vec![(3, Reason::Unterminated)],
        ),
        (
            "an event",
            calendar(&format!("BEGIN:VEVENT\nUID:o\n{}", event("a", "SUMMARY:x"))),
            vec!["x"],
            vec![(3, Reason::Unterminated)],
        ),
        (
            "an alarm",
            calendar(&event("a", "SUMMARY:x\nBEGIN:VALARM\nACTION:DISPLAY\nTRIGGER:-PT5M")),
            vec!["x"],
            vec![],
        ),
        (
            "a file before another one",
            "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:cut\r\nSUMM\r\n".to_owned()
                + &calendar(&format!("{zone}END:VTIMEZONE\n{at_home}")),
            vec!["x"],
            vec![(2, Reason::Unterminated)],
        ),
    ] {
        let found = read(text.as_bytes());
        assert_eq!(told(&found), (titles, bad), "{name}");
        stable(&found);
    }
    let found = read(calendar(&format!("{zone}{at_home}")).as_bytes());
    let start = found[0].as_ref().unwrap().record.start.clone().unwrap();
    assert_eq!(start.instant().unwrap().to_rfc3339_opts(SecondsFormat::Secs, true), "2026-07-15T06:00:00Z");
}

#[test]
fn a_description_of_a_zone_is_read_with_its_faults() {
    let zone = "BEGIN:VTIMEZONE\nTZID:Maison\nBEGIN:STANDARD\nDTSTART:19961027T030000\nTZOFFSETFROM:+0200\nTZOFFSETTO:+0100\nRRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10\nEND:STANDARD\nBEGIN:DAYLIGHT\nDTSTART:19960331T020000\nTZOFFSETFROM:+0100\nTZOFFSETTO:+0200\nRRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3\nEND:DAYLIGHT\nEND:VTIMEZONE\n";
    let meeting = |name: &str| {
        event("a", "SUMMARY:x").replace(
            "DTSTART:20260715T090000Z\nDTEND:20260715T100000Z",
            &format!("DTSTART;TZID={name}:20260715T090000"),
        )
    };
    for (name, text, guessed) in [
        ("as it should be", zone.to_owned(), false),
        ("short offsets", zone.replace("+0200", "+2").replace("+0100", "+1"), false),
        ("offsets with a colon", zone.replace("+0200", "+2:00").replace("+0100", "+1:00"), false),
        ("offsets with letters", zone.replace("+0200", "UTC+0200").replace("+0100", "GMT +1"), false),
        ("starts in UTC", zone.replace("T030000", "T010000Z").replace("T020000", "T010000Z"), true),
        ("starts that are days", zone.replace("T030000", "").replace("T020000", ""), true),
        (
            "no offset before",
            zone.replace("TZOFFSETFROM:+0200\n", "").replace("TZOFFSETFROM:+0100\n", ""),
            true,
        ),
        ("behind the event", String::new(), false),
        // The only zone that is described, under another name.
        ("another name", zone.replace("Maison", "Bureau"), true),
    ] {
        let text = match name {
            "behind the event" => calendar(&format!("{}{zone}", meeting("Maison"))),
            _ => calendar(&format!("{text}{}", meeting("Maison"))),
        };
        let found = read(text.as_bytes());
        let found = found[0].as_ref().unwrap_or_else(|bad| panic!("{name}: {bad}"));
        assert_eq!(found.record.start.as_ref().unwrap().zone(), Some("Europe/Paris"), "{name}");
        assert_eq!(found.unknown.iter().any(|text| text.starts_with("X-PASSERELLE-ZONE")), guessed, "{name}");
    }
    // Of several, none is meant more than another.
    let two = format!("{}{}", zone.replace("Maison", "Bureau"), zone.replace("Maison", "Atelier"));
    let found = read(calendar(&format!("{two}{}", meeting("Maison"))).as_bytes());
    assert_eq!(told(&found).1, [(33, Reason::UnknownZone)]);
}

#[test]
fn a_rule_of_no_times_or_no_steps_is_told() {
    for (rule, bad) in [
        ("FREQ=DAILY;COUNT=0", true),
        ("FREQ=DAILY;INTERVAL=0;COUNT=3", true),
        ("FREQ=DAILY;INTERVAL=00", true),
        ("FREQ=DAILY;COUNT=10", false),
        ("FREQ=DAILY;INTERVAL=02", false),
        ("FREQ=DAILY\\;COUNT=10", false),
        ("FREQ=DAILY;COUNT=3;FREQ=DAILY", false),
        ("FREQ=DAILY;COUNT=3;COUNT=4", true),
    ] {
        let found = read(calendar(&event("a", &format!("SUMMARY:x\nRRULE:{rule}"))).as_bytes());
        let told = told(&found).1;
        assert_eq!(told, if bad { vec![(3, Reason::MalformedRule)] } else { Vec::new() }, "{rule}");
    }
}
