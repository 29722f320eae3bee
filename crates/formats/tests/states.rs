//! Lines and records that say one thing twice, or one thing in two ways.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use chrono::DateTime;
use passerelle_calendar::{Event, Override, ParticipationStatus, Role, Status};
use passerelle_formats::{
    BadRecord, EventFormat, Imported, Joined, Reason, adopt, forget_series, join_series, name_for_export,
    read_calendar, series_of, write_events,
};

type Found = Vec<Result<Imported<Event>, BadRecord>>;

fn read(text: &str) -> Found {
    read_calendar(text.as_bytes(), EventFormat::ICalendar).collect()
}

/// A calendar of events, each given by its lines.
fn file(events: &[&str]) -> String {
    let event = |lines: &&str| format!("BEGIN:VEVENT\r\n{}\r\nEND:VEVENT\r\n", lines.replace('|', "\r\n"));
    let events: String = events.iter().map(event).collect();
    format!("BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{events}END:VCALENDAR\r\n")
}

fn written(found: &Imported<Event>) -> String {
    let mut out = Vec::new();
    let record = (found.record.clone(), found.unknown.clone());
    write_events(&mut out, EventFormat::ICalendar, DateTime::UNIX_EPOCH, [record]).unwrap();
    String::from_utf8(out).unwrap().replace("\r\n ", "")
}

/// Reads one event, and checks that it is the same once it is written and read again.
fn one(events: &[&str]) -> Imported<Event> {
    let found = only(read(&file(events)));
    let again = only(read(&written(&found)));
    assert_eq!((&again.record, &again.unknown), (&found.record, &found.unknown));
    found
}

fn only(found: Found) -> Imported<Event> {
    let mut good: Vec<_> = found.into_iter().filter_map(Result::ok).collect();
    assert_eq!(good.len(), 1, "{good:?}");
    good.remove(0)
}

fn bad(found: &Found) -> Vec<(usize, Reason)> {
    found.iter().filter_map(|found| found.as_ref().err()).map(|bad| (bad.line, bad.reason)).collect()
}

fn uids(found: &Found) -> Vec<&str> {
    found.iter().filter_map(|found| Some(found.as_ref().ok()?.record.uid.as_str())).collect()
}

const HOUR: &str = "UID:u|DTSTART;TZID=Europe/Paris:20270104T090000|DURATION:PT1H|SUMMARY:S";

fn with(lines: &str) -> String {
    format!("{HOUR}|{lines}")
}

#[test]
fn a_guest_who_is_named_twice_keeps_what_either_line_says() {
    for lines in [
        "ATTENDEE;CN=Fritz;PARTSTAT=ACCEPTED;ROLE=OPT-PARTICIPANT:mailto:f@x.fr|ATTENDEE:mailto:f@x.fr",
        "ATTENDEE:mailto:F@x.fr|ATTENDEE;CN=Fritz;PARTSTAT=ACCEPTED;ROLE=OPT-PARTICIPANT:MAILTO:f@x.fr",
        "ATTENDEE;CN=Fritz:mailto:f@x.fr|ATTENDEE;PARTSTAT=ACCEPTED;ROLE=OPT-PARTICIPANT:mailto:f@x.fr",
    ] {
        let found = one(&[&with(lines)]);
        let guest = &found.record.participants["f@x.fr"];
        let said = (guest.name.as_str(), guest.participation_status, guest.role);
        assert_eq!(said, ("Fritz", ParticipationStatus::Accepted, Role::Optional), "{lines}");
        assert!(found.unknown.is_empty(), "{:?}", found.unknown);
    }
    // Of two answers the first counts, and the other line is kept.
    let found = one(&[&with(
        "ATTENDEE;CN=F;PARTSTAT=DECLINED:mailto:f@x.fr|ATTENDEE;CN=F;PARTSTAT=ACCEPTED:mailto:f@x.fr",
    )]);
    assert_eq!(found.record.participants["f@x.fr"].participation_status, ParticipationStatus::Declined);
    assert_eq!(found.unknown, ["X-PASSERELLE-LINE:ATTENDEE\\;CN=F\\;PARTSTAT=ACCEPTED:mailto:f@x.fr"]);
    // An organiser who is a guest as well.
    for lines in [
        "ORGANIZER;CN=Chef:mailto:c@x.fr|ATTENDEE;PARTSTAT=DECLINED:mailto:c@x.fr",
        "ATTENDEE;PARTSTAT=DECLINED:mailto:c@x.fr|ORGANIZER;CN=Chef:mailto:c@x.fr",
    ] {
        let found = one(&[&with(lines)]);
        let guest = &found.record.participants["c@x.fr"];
        let said = (guest.name.as_str(), guest.participation_status, guest.organizer);
        assert_eq!(said, ("Chef", ParticipationStatus::Declined, true), "{lines}");
    }
}

#[test]
fn an_address_beside_the_address_of_a_guest_is_kept() {
    for name in ["ATTENDEE", "ORGANIZER"] {
        let line = format!("{name};CN=F;EMAIL=z@x.fr:mailto:f@x.fr");
        let text = written(&one(&[&with(&line)]));
        assert!(text.lines().any(|line| line.starts_with(name) && line.contains("EMAIL=z@x.fr")), "{text}");
        // The same address says nothing more.
        let found = one(&[&with(&line.replace("z@", "MAILTO:F@"))]);
        assert!(found.unknown.is_empty(), "{:?}", found.unknown);
    }
    let found = one(&[&with("ATTENDEE;EMAIL=\"mailto:z@x.fr\":/principals/z")]);
    assert!(found.record.participants.contains_key("z@x.fr"), "{found:?}");
}

const MOVED: &str = "UID:u|RECURRENCE-ID;TZID=Europe/Paris:20270104T090000|DTSTART;TZID=Europe/Paris:20270104T140000|DURATION:PT1H|SUMMARY:S";

#[test]
fn a_change_of_an_appointment_that_does_not_repeat_takes_its_place() {
    for (events, older) in [([HOUR, MOVED], 3), ([MOVED, HOUR], 10)] {
        let found = read(&file(&events));
        assert_eq!(bad(&found), [(older, Reason::Older)]);
        let found = one(&events);
        assert_eq!(found.record.start.unwrap().to_string(), "2027-01-04T14:00:00[Europe/Paris]");
        assert_eq!(found.record.uid, "u");
    }
    // However the time is spelt, and of several changes the newest.
    let in_utc = MOVED.replace(";TZID=Europe/Paris:20270104T090000", ":20270104T080000Z");
    let later = |text: &str| text.replace("T140000", "T160000") + "|SEQUENCE:2";
    let found = read(&file(&[HOUR, MOVED, &later(&in_utc)]));
    assert_eq!(only(found.clone()).record.start.unwrap().to_string(), "2027-01-04T16:00:00[Europe/Paris]");
    assert_eq!(found.iter().filter(|found| found.is_err()).count(), 2);
    // The higher number wins.
    let found = read(&file(&[&with("SEQUENCE:3"), MOVED]));
    assert_eq!(bad(&found), [(10, Reason::Older)]);
    assert_eq!(only(found).record.start.unwrap().to_string(), "2027-01-04T09:00:00[Europe/Paris]");
    // What is called off, and what is of another time.
    let off = "UID:u|RECURRENCE-ID;TZID=Europe/Paris:20270104T090000|STATUS:CANCELLED";
    let found = one(&[HOUR, off]);
    assert_eq!((found.record.status, found.record.title.as_str()), (Status::Cancelled, "S"));
    let found = read(&file(&[HOUR, &MOVED.replace("0104T09", "0105T09")]));
    assert_eq!(uids(&found), ["u", "u_20270105T090000"]);
    let found = read(&file(&[HOUR, &MOVED.replace("20270104T090000", "demain")]));
    assert_eq!((uids(&found), bad(&found)), (vec!["u"], vec![(9, Reason::BadRecurrenceId)]));
}

fn joined(whole: &str, parts: &[&str]) -> (Vec<Result<Joined, Reason>>, Event, Vec<String>) {
    let mut whole = only(read(&file(&[whole])));
    let parts: Vec<Imported<Event>> = parts.iter().map(|part| only(read(&file(&[part])))).collect();
    let parts: Vec<&Imported<Event>> = parts.iter().collect();
    let (done, kept) = join_series(&mut whole.record, &whole.unknown, &parts);
    (done, whole.record, kept)
}

#[test]
fn a_change_of_an_appointment_that_is_here_is_its_state() {
    let (done, ..) = joined(HOUR, &[MOVED]);
    let [Ok(Joined::State(state))] = done.as_slice() else { panic!("{done:?}") };
    assert_eq!((state.record.uid.as_str(), series_of(state)), ("u", None));
    assert_eq!(state.record.start.as_ref().unwrap().to_string(), "2027-01-04T14:00:00[Europe/Paris]");
    // It is known again once the appointment was moved.
    let mut moved = state.record.clone();
    let part = only(read(&file(&[MOVED])));
    let (again, _) = join_series(&mut moved, &state.unknown, &[&part]);
    assert_eq!(again, done);
    let (done, ..) = joined(HOUR, &[&MOVED.replace("0104T09", "0105T09")]);
    assert_eq!(done, [Ok(Joined::Not)]);
    // A change that came first is the newer state, unless its number is lower.
    for (line, newer) in [("SEQUENCE:1", true), ("SEQUENCE:3", false)] {
        let mut whole = only(read(&file(&[&with(line)])));
        let lone = only(read(&file(&[&format!("{MOVED}|SEQUENCE:2")])));
        let (done, _) = adopt(&mut whole.record, &whole.unknown, &[&lone]);
        assert_eq!(matches!(done.as_slice(), [Ok(Joined::State(_))]), newer, "{done:?}");
    }
}

#[test]
fn a_change_that_names_no_occurrence_is_none_of_a_series_that_is_here() {
    let series = with("RRULE:FREQ=WEEKLY;COUNT=5");
    for id in ["garbage", ""] {
        let change = format!("UID:u|RECURRENCE-ID:{id}|DTSTART;TZID=Europe/Paris:20270111T140000|SUMMARY:S");
        let (done, ..) = joined(&series, &[&change]);
        assert_eq!(done, [Err(Reason::BadRecurrenceId)], "{id}");
        let found = read(&file(&[&series, &change]));
        assert_eq!((uids(&found), bad(&found).len()), (vec!["u"], 1), "{id}");
        assert!(matches!(bad(&found)[0].1, Reason::BadRecurrenceId | Reason::BadDate));
    }
    // An empty name says nothing where there is no series, and beside a rule.
    let mut found = only(read(&file(&[&with("RECURRENCE-ID:")])));
    forget_series(&mut found);
    assert_eq!((found.record.uid.as_str(), found.unknown.as_slice()), ("u", &[][..]));
    let found = one(&[&with("RECURRENCE-ID:|RRULE:FREQ=DAILY")]);
    assert_eq!(found.record.recurrence_rules, ["FREQ=DAILY"]);
    assert!(series_of(&found).is_none());
}

#[test]
fn states_that_only_add_to_each_other_are_one_appointment() {
    let plain = "UID:u|DTSTART:20270104T090000Z|SUMMARY:S";
    for (one_state, other) in [
        ("", "|LOCATION:X"),
        ("|LOCATION:X", "|LOCATION:"),
        ("|LOCATION:X", "|DTEND:20270104T100000Z|X-A:1|DTSTAMP:20261201T000000Z"),
        ("|LOCATION:X|RRULE:FREQ=DAILY", "|RRULE:FREQ=DAILY|CATEGORIES:a"),
        ("|LOCATION:X|ATTENDEE:mailto:a@x.fr", "|ATTENDEE;PARTSTAT=ACCEPTED:mailto:a@x.fr"),
        ("|LOCATION;LANGUAGE=fr:X", "|LOCATION:X"),
        ("|LOCATION:X", "|BEGIN:VALARM|TRIGGER:-PT5M|ACTION:DISPLAY|END:VALARM"),
    ] {
        for (one_state, other) in [(one_state, other), (other, one_state)] {
            let found = read(&file(&[&format!("{plain}{one_state}"), &format!("{plain}{other}")]));
            assert!(bad(&found).is_empty(), "{found:?}");
            assert_eq!(only(found).record.location, "X", "{one_state} {other}");
        }
    }
    for (one_state, other) in [
        ("|LOCATION:X", "|LOCATION:Y"),
        ("|ATTENDEE;PARTSTAT=DECLINED:mailto:a@x.fr", "|ATTENDEE;PARTSTAT=ACCEPTED:mailto:a@x.fr"),
        ("|DTEND:20270104T100000Z", "|DTEND:20270104T110000Z"),
        ("|RRULE:FREQ=DAILY", "|RRULE:FREQ=WEEKLY"),
    ] {
        let found = read(&file(&[&format!("{plain}{one_state}"), &format!("{plain}{other}")]));
        assert_eq!(uids(&found), ["u", "u_20270104T090000Z"], "{one_state} {other}");
    }
}

/// Reads objects with a title and a start beside some members.
fn objects(all: &[&str]) -> Found {
    let hour = r#""@type":"Event","uid":"u","timeZone":"Europe/Paris","title":"S","start":"2027-01-04T"#;
    let objects: Vec<String> = all.iter().map(|more| format!("{{{hour}{more}}}")).collect();
    read_calendar(format!("[{}]", objects.join(",")).as_bytes(), EventFormat::JsCalendar).collect()
}

#[test]
fn states_in_json_join_as_those_of_other_files_do() {
    let place = r#""recurrenceId":"2027-01-04T09:00:00""#;
    let moved = format!(r#"14:00:00",{place}"#);
    for (one_state, other) in [(r#"09:00:00""#, moved.as_str()), (moved.as_str(), r#"09:00:00""#)] {
        let found = objects(&[one_state, other]);
        assert_eq!(bad(&found).len(), 1);
        let found = only(found);
        assert_eq!(found.record.start.unwrap().to_string(), "2027-01-04T14:00:00[Europe/Paris]");
        assert_eq!((found.record.uid.as_str(), found.unknown.len()), ("u", 1));
    }
    let newer = objects(&[r#"09:00:00","sequence":3"#, &moved]);
    assert_eq!(only(newer).record.start.unwrap().to_string(), "2027-01-04T09:00:00[Europe/Paris]");
    let adds = r#"09:00:00","description":"D""#;
    assert_eq!(uids(&objects(&[r#"09:00:00""#, adds])), ["u", "u"]);
    assert_eq!(uids(&objects(&[r#"09:00:00","description":"E""#, adds])), ["u", "u_2027-01-04T09:00:00"]);
}

#[test]
fn many_states_of_one_appointment_are_put_together_one_by_one() {
    let states: Vec<String> =
        (0..600).map(|n| with(&format!("X-A{n}:1|ATTENDEE:mailto:a{n}@x.fr"))).collect();
    let found = only(read(&file(&states.iter().map(String::as_str).collect::<Vec<_>>())));
    assert_eq!((found.record.participants.len(), found.unknown.len()), (600, 600));
}

#[test]
fn an_occurrence_is_one_however_its_time_is_spelt() {
    let state = |id: &str, line: &str| {
        format!("UID:u|RECURRENCE-ID{id}|DTSTART;TZID=Europe/Paris:20270111T140000|SUMMARY:S|{line}")
    };
    let (paris, utc) = (";TZID=Europe/Paris:20270111T090000", ":20270111T080000Z");
    let (tokyo, floating) = (";TZID=Asia/Tokyo:20270111T170000", ":20270111T090000");
    for (one_name, other) in [(paris, utc), (utc, tokyo), (floating, paris), (paris, floating)] {
        let events = [state(one_name, "SEQUENCE:1|LOCATION:old"), state(other, "SEQUENCE:2|LOCATION:new")];
        let found = read(&file(&[&events[0], &events[1]]));
        assert_eq!(bad(&found), [(3, Reason::Older)], "{one_name} {other}");
        assert_eq!(only(found).record.location, "new");
    }
    let berlin = state(";TZID=Asia/Tokyo:20270111T090000", "SEQUENCE:2");
    assert_eq!(read(&file(&[&state(paris, ""), &berlin])).len(), 2);
}

#[test]
fn a_rule_has_no_part_that_nothing_else_understands() {
    for (rule, wanted) in [
        ("RSCALE=GREGORIAN;FREQ=YEARLY;COUNT=3", Some("FREQ=YEARLY;COUNT=3")),
        ("FREQ=WEEKLY;COUNT=3;X-A=3", Some("FREQ=WEEKLY;COUNT=3")),
        ("freq=weekly;count=3;byday=mo,tu;x-a=3", Some("FREQ=WEEKLY;COUNT=3;BYDAY=MO,TU")),
        ("RSCALE=GREGORIAN;FREQ=MONTHLY;SKIP=OMIT", Some("FREQ=MONTHLY")),
        ("RSCALE=GREGORIAN;FREQ=WEEKLY;SKIP=FORWARD", Some("FREQ=WEEKLY")),
        (
            "RSCALE=GREGORIAN;FREQ=MONTHLY;BYMONTHDAY=15,-2;SKIP=BACKWARD",
            Some("FREQ=MONTHLY;BYMONTHDAY=15,-2"),
        ),
        ("RSCALE=GREGORIAN;FREQ=MONTHLY;BYDAY=1MO;SKIP=BACKWARD", Some("FREQ=MONTHLY;BYDAY=1MO")),
        ("RSCALE=GREGORIAN;FREQ=YEARLY;COUNT=3;SKIP=BACKWARD", None),
        ("RSCALE=GREGORIAN;FREQ=MONTHLY;BYMONTHDAY=31;SKIP=FORWARD", None),
        ("RSCALE=CHINESE;FREQ=YEARLY", None),
        ("RSCALE=HEBREW;FREQ=YEARLY;BYMONTH=5L;BYMONTHDAY=8;SKIP=FORWARD", None),
        ("FREQ=DAILY;BYEASTER=0", None),
        ("FREQ=DAILY;NONSENSE=1", None),
    ] {
        let line = format!("UID:u|DTSTART:20280229T090000Z|SUMMARY:S|RRULE:{rule}");
        let Some(wanted) = wanted else {
            assert_eq!(bad(&read(&file(&[&line]))), [(3, Reason::MalformedRule)], "{rule}");
            continue;
        };
        let found = one(&[&line]);
        assert_eq!(found.record.recurrence_rules, [wanted]);
        assert_eq!(found.unknown.len(), 1, "the line is kept: {:?}", found.unknown);
    }
    for (members, wanted) in [
        (r#""skip":"forward","rscale":"gregorian","byMonthDay":[31]"#, None),
        (r#""rscale":"hebrew""#, None),
        (r#""rscale":"gregorian","skip":"omit""#, Some("FREQ=MONTHLY")),
    ] {
        let text = format!(
            r#"{{"@type":"Event","uid":"u","start":"2027-01-31T09:00:00","timeZone":"Europe/Paris","title":"S","recurrenceRules":[{{"frequency":"monthly",{members}}}]}}"#
        );
        let found: Found = read_calendar(text.as_bytes(), EventFormat::JsCalendar).collect();
        match wanted {
            Some(rule) => assert_eq!(only(found).record.recurrence_rules, [rule]),
            None => assert_eq!(bad(&found)[0].1, Reason::MalformedRule, "{members}"),
        }
    }
}

#[test]
fn a_leap_second_is_the_second_before_it() {
    let found = one(&["UID:u|DTSTART:20161231T235960Z|SUMMARY:S|RRULE:FREQ=DAILY;UNTIL=20170131T235960Z"]);
    assert_eq!(found.record.start.unwrap().to_string(), "2016-12-31T23:59:59[Etc/UTC]");
    assert_eq!(found.record.recurrence_rules, ["FREQ=DAILY;UNTIL=20170131T235959Z"]);
    let text =
        r#"{"@type":"Event","uid":"u","start":"2016-12-31T23:59:60","timeZone":"Etc/UTC","title":"S"}"#;
    let found = only(read_calendar(text.as_bytes(), EventFormat::JsCalendar).collect());
    assert_eq!(found.record.start.unwrap().to_string(), "2016-12-31T23:59:59[Etc/UTC]");
}

#[test]
fn an_appointment_without_an_identifier_has_the_same_one_in_every_export() {
    let mut found = only(read(&file(&["DTSTART:20270104T090000Z|SUMMARY:S"])));
    name_for_export(&mut found.record, &mut found.unknown, "abc");
    let text = written(&found);
    assert!(text.contains("\r\nUID:abc@passerelle.invalid\r\n"), "{text}");
    assert_eq!(only(read(&text)).record.uid, "");
    let mut out = Vec::new();
    let record = (found.record.clone(), found.unknown.clone());
    write_events(&mut out, EventFormat::JsCalendar, DateTime::UNIX_EPOCH, [record]).unwrap();
    let text = String::from_utf8(out).unwrap();
    assert!(text.contains(r#""uid":"abc@passerelle.invalid""#), "{text}");
    let again = only(read_calendar(text.as_bytes(), EventFormat::JsCalendar).collect());
    assert_eq!((again.record.uid.as_str(), again.unknown.len()), ("", 0), "{again:?}");
}

#[test]
fn states_are_found_wherever_their_lines_are_folded() {
    let state = |sequence: u8, place: &str| {
        format!("UI|D:u|DTSTART:20270104T090000Z|SUMMARY:S|SEQUENCE:{sequence}|LOCATION:{place}|BEGIN:VALARM|UID:alarm{sequence}|TRIGGER:-PT5M|ACTION:DISPLAY|END:VALARM").replace("UI|D", "UI\r\n D")
    };
    for (first, second) in [(1, 2), (2, 1)] {
        let place = |n: u8| if n == 2 { "new" } else { "old" };
        let found = read(&file(&[&state(first, place(first)), &state(second, place(second))]));
        assert_eq!(only(found).record.location, "new");
    }
}

#[test]
fn an_occurrence_that_the_clocks_skip_is_one_however_a_file_names_it() {
    const NIGHT: &str =
        "UID:u|DTSTART;TZID=Europe/Paris:20270326T023000|DURATION:PT1H|SUMMARY:S|RRULE:FREQ=DAILY;COUNT=4";
    const NAME: &str = "2027-03-28T02:30:00";
    for at in [
        ";TZID=Europe/Paris:20270328T023000",
        ";TZID=Europe/Paris:20270328T033000",
        ":20270328T013000Z",
        ";TZID=Europe/London:20270328T023000",
    ] {
        let gone = one(&[&format!("{NIGHT}|EXDATE{at}")]);
        let named: Vec<_> = gone.record.recurrence_overrides.iter().collect();
        assert!(matches!(named[..], [(name, change)] if name == NAME && change.excluded), "{at} {named:?}");
        let change = format!("UID:u|RECURRENCE-ID{at}|DTSTART{at}|DURATION:PT1H|SUMMARY:T");
        let titled = one(&[NIGHT, &change]).record;
        let wanted = Override { title: Some("T".into()), ..Override::default() };
        assert_eq!(titled.recurrence_overrides, [(NAME.to_owned(), wanted)].into(), "{at}");
        // It comes in a file of its own.
        let lone = only(read(&file(&[&change])));
        let mut series = one(&[NIGHT]);
        let (joined, _) = join_series(&mut series.record, &series.unknown, &[&lone]);
        assert!(matches!(joined[..], [Ok(Joined::Into)]), "{at} {joined:?}");
        assert_eq!(series.record.recurrence_overrides, titled.recurrence_overrides, "{at}");
    }
}
