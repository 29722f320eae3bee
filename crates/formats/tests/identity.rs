//! Records of a calendar file that belong together, and records that only share an identifier.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use chrono::DateTime;
use passerelle_calendar::Event;
use passerelle_formats::{
    BadRecord, EventFormat, Imported, Joined, Reason, join_series, read_calendar, read_events, series_of,
    write_events,
};

type Found = Vec<Result<Imported<Event>, BadRecord>>;

/// Puts one changed occurrence into a series; returns what the series has beside it then, if the occurrence belongs there.
fn join(series: &mut Event, kept: &[String], found: &Imported<Event>) -> Result<Option<Vec<String>>, Reason> {
    let (mut done, kept) = join_series(series, kept, &[found]);
    Ok((done.remove(0)? == Joined::Into).then_some(kept))
}

fn read(text: &str) -> Found {
    read_events(text.as_bytes(), EventFormat::ICalendar).collect()
}

/// A file of calendars, each given by the lines of its events.
fn file(calendars: &[&[&str]]) -> String {
    let mut text = String::new();
    for events in calendars {
        text += "BEGIN:VCALENDAR\r\nVERSION:2.0\r\n";
        for event in *events {
            text += &format!("BEGIN:VEVENT\r\n{}\r\nEND:VEVENT\r\n", event.replace('|', "\r\n"));
        }
        text += "END:VCALENDAR\r\n";
    }
    text
}

fn titles(found: &Found) -> Vec<&str> {
    found.iter().map(|found| found.as_ref().map_or("bad", |found| found.record.title.as_str())).collect()
}

/// What is left when the older states, which are told, are left out.
fn taken(mut found: Found) -> Found {
    found.retain(|found| found.as_ref().err().is_none_or(|bad| bad.reason != Reason::Older));
    found
}

fn only(found: Found) -> Event {
    assert_eq!(found.len(), 1, "{found:?}");
    found.into_iter().next().unwrap().unwrap().record
}

fn bad(found: &Found) -> Vec<(usize, Reason)> {
    found.iter().filter_map(|found| found.as_ref().err()).map(|bad| (bad.line, bad.reason)).collect()
}

const SERIES: &str = "UID:s|DTSTART;TZID=Europe/Paris:20260105T090000|DTEND;TZID=Europe/Paris:20260105T100000|RRULE:FREQ=WEEKLY;COUNT=4|SUMMARY:Point";
const CHANGE: &str = "UID:s|RECURRENCE-ID;TZID=Europe/Paris:20260112T090000|DTSTART;TZID=Europe/Paris:20260112T140000|DTEND;TZID=Europe/Paris:20260112T150000|SUMMARY:Plus tard";

#[test]
fn different_records_of_one_identifier_are_all_kept() {
    let one = |day: u8| format!("UID:same|DTSTART:202601{day:02}T100000Z|SUMMARY:ev{day}");
    let events = [one(1), one(2), one(3), one(2)];
    let events: Vec<&str> = events.iter().map(String::as_str).collect();
    let found = read(&file(&[&events]));
    assert_eq!(titles(&found), ["ev1", "ev2", "ev3"]);
    let uids: Vec<&str> = found.iter().map(|found| found.as_ref().unwrap().record.uid.as_str()).collect();
    assert_eq!(uids, ["same", "same_20260102T100000Z", "same_20260103T100000Z"]);
    assert_eq!(found[1].as_ref().unwrap().unknown, ["X-PASSERELLE-ORIGINAL-UID:same"]);
    // At one time, and with nothing to tell which is newer.
    let found = read(&file(&[&[
        "UID:a|DTSTART:20260101T100000Z|SUMMARY:x",
        "UID:a|DTSTART:20260101T100000Z|SUMMARY:y",
        "UID:a|DTSTART:20260101T100000Z|SUMMARY:z",
    ]]));
    assert_eq!(titles(&found), ["x", "y", "z"]);
    assert_eq!(found[2].as_ref().unwrap().record.uid, "a_20260101T100000Z_2");
}

#[test]
fn the_newest_state_of_a_record_wins_wherever_it_stands() {
    let state = |sequence: u8, title: &str| format!("{SERIES}|SEQUENCE:{sequence}").replace("Point", title);
    let single = |sequence: u8, title: &str| state(sequence, title).replace("RRULE", "X-RRULE");
    for (first, second) in [(1, 2), (2, 1)] {
        let name = |n: u8| if n == 2 { "new" } else { "old" };
        let read = |text: &str| taken(read(text));
        let found = read(&file(&[&[&state(first, name(first)), &state(second, name(second))]]));
        assert_eq!(titles(&found), ["new"]);
        let found = read(&file(&[&[&single(first, name(first))], &[&single(second, name(second))]]));
        assert_eq!(titles(&found).last(), Some(&"new"));
        let changes = [(first, name(first)), (second, name(second))]
            .map(|(n, title)| format!("{CHANGE}|SEQUENCE:{n}").replace("Plus tard", title));
        let event = only(read(&file(&[&[SERIES, &changes[0], &changes[1]]])));
        assert_eq!(event.recurrence_overrides["2026-01-12T09:00:00"].title.as_deref(), Some("new"));
        assert_eq!(titles(&read(&file(&[&[&changes[0], &changes[1]]]))), ["new"]);
    }
    let later = CHANGE.replace("Plus tard", "Encore");
    let found = read(&file(&[&[SERIES, CHANGE, &later]]));
    assert_eq!(bad(&found), [(10, Reason::Duplicate)]);
}

#[test]
fn a_changed_occurrence_joins_its_series_over_the_whole_file() {
    let todo = "END:VEVENT|BEGIN:X-OTHER|X-A:1|END:X-OTHER|BEGIN:VTIMEZONE|TZID:X|END:VTIMEZONE|BEGIN:VEVENT|UID:z|DTSTART:20260101T100000Z|SUMMARY:z";
    for calendars in [
        vec![vec![SERIES], vec![CHANGE]],
        vec![vec![CHANGE], vec![SERIES]],
        vec![vec![SERIES, todo, CHANGE]],
        vec![vec![CHANGE, todo, SERIES], vec![]],
        vec![vec![&*SERIES.replace("UID:s", "UID: s "), CHANGE]],
    ] {
        let calendars: Vec<&[&str]> = calendars.iter().map(Vec::as_slice).collect();
        let text = file(&calendars).replace("BEGIN:VEVENT\r\nEND:VEVENT\r\n", "");
        let found = read(&text);
        let series: Vec<&Event> = found
            .iter()
            .filter_map(|found| Some(&found.as_ref().ok()?.record))
            .filter(|event| event.uid == "s")
            .collect();
        assert_eq!(series.len(), 1, "{text}");
        assert_eq!(series[0].recurrence_overrides["2026-01-12T09:00:00"].title.as_deref(), Some("Plus tard"));
    }
}

#[test]
fn the_zones_of_a_calendar_are_its_own() {
    let zone = |offset: &str| {
        format!(
            "END:VEVENT|BEGIN:VTIMEZONE|TZID:Bureau|BEGIN:STANDARD|DTSTART:19700101T000000|TZOFFSETFROM:{offset}|TZOFFSETTO:{offset}|END:STANDARD|END:VTIMEZONE|BEGIN:VEVENT|"
        )
    };
    let series = |uid: &str| {
        format!("UID:{uid}|DTSTART;TZID=Bureau:20260105T090000|RRULE:FREQ=DAILY;COUNT=2|SUMMARY:{uid}")
    };
    let event = |offset: &str, uid: &str| format!("{}{}", zone(offset), series(uid));
    let text = file(&[&[&event("+0900", "a")], &[&event("-0300", "b")], &[&event("+0900", "c")]])
        .replace("BEGIN:VEVENT\r\nEND:VEVENT\r\n", "");
    let hours: Vec<String> = read(&text)
        .into_iter()
        .map(|found| found.unwrap().record.start.unwrap().instant().unwrap().format("%H").to_string())
        .collect();
    assert_eq!(hours, ["00", "12", "00"]);
}

#[test]
fn a_change_without_its_series_is_one_event_and_says_so() {
    let orphan = format!("{CHANGE}|RRULE:FREQ=DAILY|EXDATE:20260113T090000Z");
    let found = read(&file(&[&[&orphan]])).remove(0).unwrap();
    assert!(!found.record.is_recurring() && found.record.recurrence_overrides.is_empty());
    assert_eq!(
        found.unknown,
        [
            "X-PASSERELLE-OCCURRENCE;UID=s;RRULE=FREQ=DAILY;EXDATE=20260113T090000Z:2026-01-12T09:00:00[Europe/Paris]"
        ]
    );
    assert_eq!(series_of(&found).as_deref(), Some("s"));
    // It stays what it is when it is written and read again.
    let mut out = Vec::new();
    let at = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
    write_events(&mut out, EventFormat::ICalendar, at, [(found.record.clone(), found.unknown.clone())])
        .unwrap();
    let again = read(&String::from_utf8(out).unwrap()).remove(0).unwrap();
    assert_eq!((&again.record, &again.unknown), (&found.record, &found.unknown));
}

#[test]
fn a_change_that_came_alone_joins_a_series_that_is_there() {
    let mut series = only(read(&file(&[&[SERIES]])));
    let change = |text: &str| read(&file(&[&[text]])).remove(0).unwrap();
    assert_eq!(join(&mut series, &[], &change(CHANGE)), Ok(Some(vec![])));
    let moved = &series.recurrence_overrides["2026-01-12T09:00:00"];
    assert_eq!(moved.start.as_ref().unwrap().to_string(), "2026-01-12T14:00:00[Europe/Paris]");
    assert_eq!((moved.title.as_deref(), moved.duration), (Some("Plus tard"), None));
    let off = CHANGE.replace("20260112", "20260119") + "|STATUS:CANCELLED";
    assert!(join(&mut series, &[], &change(&off)).unwrap().is_some());
    assert!(series.recurrence_overrides["2026-01-19T09:00:00"].excluded);
    let before = series.clone();
    assert_eq!(join(&mut series, &[], &change(&CHANGE.replace("20260112", "20260113"))), Ok(None));
    assert_eq!(series, before);
}

#[test]
fn what_a_change_that_came_alone_says_beyond_its_series_is_kept_with_it() {
    let mut series = only(read(&file(&[&[SERIES]])));
    let change = |text: &str| read(&file(&[&[text]])).remove(0).unwrap();
    let kept = ["X-OWN:1".to_owned()];
    let second = format!("{CHANGE}|SEQUENCE:2|X-A:1");
    let kept = join(&mut series, &kept, &change(&second)).unwrap().unwrap();
    let of_change = |text: &str| format!("X-PASSERELLE-OF-OCCURRENCE;ID=\"2026-01-12T09:00:00\":{text}");
    assert_eq!(kept, ["X-OWN:1".to_owned(), of_change("SEQUENCE:2"), of_change("X-A:1")]);
    // An older state of the occurrence changes nothing; a newer one takes its place.
    let before = series.clone();
    let older = format!("{CHANGE}|SEQUENCE:1").replace("Plus tard", "Avant");
    assert_eq!(join(&mut series, &kept, &change(&older)), Err(Reason::Older));
    assert_eq!(series, before);
    let newer = format!("{CHANGE}|SEQUENCE:3").replace("Plus tard", "Encore");
    let kept = join(&mut series, &kept, &change(&newer)).unwrap().unwrap();
    assert_eq!(kept, ["X-OWN:1".to_owned(), of_change("SEQUENCE:3")]);
    assert_eq!(series.recurrence_overrides["2026-01-12T09:00:00"].title.as_deref(), Some("Encore"));
}

#[test]
fn one_bad_change_is_one_bad_line() {
    let all_day = "UID:s|RECURRENCE-ID;TZID=Europe/Paris:20260112T090000|DTSTART;VALUE=DATE:20260112|DURATION:PT1H|SUMMARY:x";
    let found = read(&file(&[&[SERIES, all_day, &CHANGE.replace("20260112", "20260119")]]));
    assert_eq!(bad(&found), [(10, Reason::NotWholeDays)]);
    let series = &found[0].as_ref().unwrap().record;
    assert_eq!(series.recurrence_overrides.len(), 1);
    // A bad series takes its changes with it, each told.
    let found = read(&file(&[&[&SERIES.replace("WEEKLY", "SOMETIMES"), CHANGE]]));
    assert_eq!(bad(&found), [(3, Reason::MalformedRule), (10, Reason::SeriesSetAside)]);
}

#[test]
fn a_rule_that_repeats_its_name_is_a_rule() {
    for rule in ["RRULE:FREQ=WEEKLY;COUNT=4", "rrule:RRULE:FREQ=WEEKLY; COUNT=4;", "FREQ=WEEKLY;COUNT=4"] {
        let event = only(read(&file(&[&[&SERIES.replace("FREQ=WEEKLY;COUNT=4", rule)]])));
        assert_eq!(event.recurrence_rules, ["FREQ=WEEKLY;COUNT=4"]);
    }
}

#[test]
fn the_first_of_two_texts_counts_and_the_second_is_kept() {
    let found = read(&file(&[&[
        "UID:t|DTSTART:20260101T100000Z|SUMMARY:x|LOCATION:|LOCATION:A|LOCATION:B|LOCATION:A|DESCRIPTION:Un|DESCRIPTION;LANGUAGE=en:One",
    ]]));
    let found = found.into_iter().next().unwrap().unwrap();
    assert_eq!((found.record.location.as_str(), found.record.description.as_str()), ("A", "Un"));
    assert_eq!(found.unknown, ["LOCATION:B", "DESCRIPTION;LANGUAGE=en:One"]);
}

#[test]
fn four_thousand_changes_of_a_series_are_read_and_written_in_a_moment() {
    let mut events =
        vec!["UID:u|DTSTART:20260101T100000Z|DTEND:20260101T110000Z|RRULE:FREQ=DAILY|SUMMARY:s".to_owned()];
    let day = |n: u64| {
        (chrono::NaiveDate::from_ymd_opt(2026, 1, 1).unwrap() + chrono::Days::new(n))
            .format("%Y%m%d")
            .to_string()
    };
    events.extend((0..4_000).map(|n| {
        let day = day(n);
        format!("UID:u|RECURRENCE-ID:{day}T100000Z|DTSTART:{day}T120000Z|DTEND:{day}T130000Z|SUMMARY:s{n}")
    }));
    let events: Vec<&str> = events.iter().map(String::as_str).collect();
    let series = only(read(&file(&[&events])));
    assert_eq!(series.recurrence_overrides.len(), 4_000);
    let mut out = Vec::new();
    write_events(&mut out, EventFormat::ICalendar, DateTime::UNIX_EPOCH, [(series.clone(), Vec::new())])
        .unwrap();
    assert_eq!(only(read(&String::from_utf8(out).unwrap())), series);
}

#[test]
fn a_change_that_a_newer_state_of_its_series_left_behind_is_older() {
    let change = |sequence: u8, day: u8| {
        format!(
            "UID:s|RECURRENCE-ID:202601{day:02}T090000Z|DTSTART:202601{day:02}T140000Z|SEQUENCE:{sequence}|SUMMARY:c"
        )
    };
    let series =
        "UID:s|DTSTART:20260105T090000Z|RRULE:FREQ=WEEKLY;UNTIL=20260115T000000Z|SEQUENCE:2|SUMMARY:s";
    for (change, kept) in [(change(1, 12), 1), (change(1, 19), 0), (change(2, 19), 1), (change(3, 19), 1)] {
        let found = read(&file(&[&[series, &change]]));
        assert_eq!(bad(&found), [(10, Reason::Older)][kept..], "{change}");
        let event = only(taken(found));
        assert_eq!(event.recurrence_overrides.len(), kept, "{change}");
    }
}

#[test]
fn a_change_of_many_occurrences_is_set_aside_whichever_way_it_goes() {
    for range in ["THISANDFUTURE", "THISANDPRIOR", "thisandfuture"] {
        let change = CHANGE.replace("RECURRENCE-ID;", &format!("RECURRENCE-ID;RANGE={range};"));
        assert_eq!(bad(&read(&file(&[&[SERIES, &change]]))), [(10, Reason::ThisAndFuture)], "{range}");
        assert_eq!(bad(&read(&file(&[&[&change]]))), [(3, Reason::ThisAndFuture)], "{range}");
    }
}

#[test]
fn what_stands_beside_the_events_is_told_and_what_stands_around_them_is_not() {
    let event = "BEGIN:VEVENT\nUID:k\nDTSTART:20260105T090000Z\nEND:VEVENT\n";
    for (body, wanted) in [
        (
            "BEGIN:VAVAILABILITY\nSUMMARY:Libre\nBEGIN:AVAILABLE\nUID:a\nEND:AVAILABLE\nEND:VAVAILABILITY\n",
            vec![(2, "Libre")],
        ),
        ("BEGIN:VALARM\nTRIGGER:-PT5M\nEND:VALARM\n", vec![(2, "")]),
        ("BEGIN:X-A\nEND:X-A\nBEGIN:X-B\n", vec![(2, ""), (4, "")]),
        ("BEGIN:VEVENTS\n@END:VEVENTS\n", vec![]),
        ("X-WR-CALNAME:Nom\n", vec![]),
    ] {
        let body = body.replace('@', event);
        let found =
            read(&format!("BEGIN:VCALENDAR\n{body}END:VCALENDAR\nBEGIN:VCALENDAR\n{event}END:VCALENDAR\n"));
        let aside: Vec<(usize, &str)> = found
            .iter()
            .filter_map(|found| found.as_ref().err())
            .map(|bad| {
                assert_eq!(bad.reason, Reason::AnotherKind);
                (bad.line, bad.summary.as_str())
            })
            .collect();
        assert_eq!(aside, wanted, "{body}");
        assert_eq!(found.iter().filter(|found| found.is_ok()).count(), 1, "{body}");
    }
}

#[test]
fn the_rules_of_a_change_that_joins_its_series_are_kept_beside_it() {
    let series = "UID:s|DTSTART:20260105T090000Z|RRULE:FREQ=WEEKLY|SUMMARY:s";
    let change = |rules: &str| {
        format!("UID:s|RECURRENCE-ID:20260112T090000Z|DTSTART:20260112T140000Z|SUMMARY:c{rules}")
    };
    for (rules, kept) in [
        ("", 0),
        ("|RRULE:FREQ=WEEKLY", 0),
        ("|RRULE:FREQ=DAILY", 1),
        ("|RRULE:FREQ=DAILY;COUNT=3|EXDATE:20260119T090000Z|RDATE:20260120T090000Z,20260121T090000Z", 3),
    ] {
        let together = only_found(read(&file(&[&[series, &change(rules)]])));
        assert_eq!(together.unknown.len(), kept, "{:?}", together.unknown);
        let mut event = only_found(read(&file(&[&[series]]))).record;
        let alone = only_found(read(&file(&[&[&change(rules)]])));
        let mut joined = join(&mut event, &[], &alone).unwrap().unwrap();
        joined.sort();
        let mut wanted = together.unknown;
        wanted.sort();
        assert_eq!(joined, wanted, "{rules}");
        assert_eq!(event.recurrence_overrides, together.record.recurrence_overrides);
    }
}

fn only_found(mut found: Vec<Result<Imported<Event>, BadRecord>>) -> Imported<Event> {
    assert_eq!(found.len(), 1, "{found:?}");
    found.remove(0).unwrap()
}

#[test]
fn of_states_of_one_appointment_the_newest_counts_wherever_it_stands() {
    let state = |sequence: u8, line: &str| {
        format!(
            "UID:a|DTSTART:20260105T090000Z|DTEND:20260105T100000Z|SUMMARY:Point|SEQUENCE:{sequence}{line}"
        )
    };
    let states = [state(0, "|LOCATION:old"), state(1, "|DESCRIPTION:middle"), state(2, "")];
    for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0], [0, 2, 1]] {
        let events: Vec<&str> = order.iter().map(|at| states[*at].as_str()).collect();
        for text in [file(&[&events]), file(&[&events[..1], &events[1..]])] {
            let found: Found = read_calendar(text.as_bytes(), EventFormat::ICalendar).collect();
            assert_eq!(
                bad(&found).iter().filter(|(_, reason)| *reason == Reason::Older).count(),
                2,
                "{text}"
            );
            let event = only(taken(found));
            assert_eq!((event.location.as_str(), event.description.as_str()), ("", ""), "{text}");
        }
    }
}

#[test]
fn an_occurrence_that_was_called_off_stays_so_for_older_states() {
    let mut series = only(read(&file(&[&[SERIES]])));
    let state = |sequence: u8, line: &str| {
        let text = file(&[&[&format!("{CHANGE}|SEQUENCE:{sequence}{line}")]]);
        read(&text).into_iter().next().unwrap().unwrap()
    };
    let kept = join(&mut series, &[], &state(3, "|STATUS:CANCELLED")).unwrap().unwrap();
    assert!(series.recurrence_overrides["2026-01-12T09:00:00"].excluded);
    assert_eq!(join(&mut series, &kept, &state(2, "")), Err(Reason::Older));
    assert!(join(&mut series, &kept, &state(4, "")).unwrap().is_some());
    assert!(!series.recurrence_overrides["2026-01-12T09:00:00"].excluded);
}

#[test]
fn what_an_occurrence_that_was_called_off_says_is_kept_with_it() {
    let off = format!("{CHANGE}|SEQUENCE:2|STATUS:CANCELLED|DESCRIPTION:Strike|COMMENT:Sorry|LOCATION:L");
    let series = format!("{SERIES}|LOCATION:L");
    let of = |text: &str| format!("X-PASSERELLE-OF-OCCURRENCE;ID=\"2026-01-12T09:00:00\":{text}");
    let line = |text: &str| of(&format!("X-PASSERELLE-LINE:{text}"));
    let mut wanted = vec![
        of("SEQUENCE:2"),
        of("COMMENT:Sorry"),
        line("SUMMARY:Plus tard"),
        line("DESCRIPTION:Strike"),
        line("DTSTART\\\\\\;TZID=Europe/Paris:20260112T140000"),
        line("DTEND\\\\\\;TZID=Europe/Paris:20260112T150000"),
    ];
    wanted.sort();
    let sorted = |mut texts: Vec<String>| {
        texts.sort();
        texts
    };
    // In one file, wherever it stands, and written again.
    for events in [[series.as_str(), &off], [&off, &series]] {
        let found = read(&file(&[&events])).remove(0).unwrap();
        assert!(found.record.recurrence_overrides["2026-01-12T09:00:00"].excluded);
        assert_eq!(sorted(found.unknown.clone()), wanted);
        let mut out = Vec::new();
        let record = (found.record.clone(), found.unknown.clone());
        write_events(&mut out, EventFormat::ICalendar, DateTime::UNIX_EPOCH, [record]).unwrap();
        let again = read(&String::from_utf8(out).unwrap()).remove(0).unwrap();
        assert_eq!((&again.record, &again.unknown), (&found.record, &found.unknown));
    }
    // After its series.
    let mut here = only(read(&file(&[&[&series]])));
    let lone = read(&file(&[&[&off]])).remove(0).unwrap();
    assert_eq!(sorted(join(&mut here, &[], &lone).unwrap().unwrap()), wanted);
    // One that says nothing otherwise leaves nothing.
    let plain = "UID:s|RECURRENCE-ID:20260112T080000Z|DTSTART:20260112T080000Z|SUMMARY:Point|LOCATION:L|STATUS:CANCELLED";
    assert_eq!(read(&file(&[&[&series, plain]])).remove(0).unwrap().unknown, Vec::<String>::new());
    // A change of a day that the series called off later is an older state of it.
    let later = format!("{series}|SEQUENCE:3|EXDATE;TZID=Europe/Paris:20260112T090000");
    let found = read(&file(&[&[&later, &format!("{CHANGE}|SEQUENCE:2")]]));
    assert_eq!(bad(&found), [(13, Reason::Older)], "{found:?}");
}
