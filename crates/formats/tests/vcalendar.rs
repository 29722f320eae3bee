//! vCalendar 1.0, line by line of its specification: clocks, rules, reminders, guests, lists, days.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use chrono::NaiveDate;
use passerelle_calendar::{Event, FreeBusyStatus, ParticipationStatus, Role, Start, occurrences};
use passerelle_formats::{EventFormat, Imported, read_events, write_events};

fn calendar(head: &str, body: &str) -> Imported<Event> {
    let text = format!(
        "BEGIN:VCALENDAR\nVERSION:1.0\nPRODID:old\n{head}BEGIN:VEVENT\n{body}\nEND:VEVENT\nEND:VCALENDAR\n"
    )
    .replace('\n', "\r\n");
    let mut found: Vec<_> = read_events(text.as_bytes(), EventFormat::ICalendar).collect();
    assert_eq!(found.len(), 1, "{found:?}");
    let found = found.remove(0).unwrap_or_else(|bad| panic!("{bad:?}\n{text}"));
    round(&found, &text);
    found
}

/// What was read and written is read again as the same.
fn round(found: &Imported<Event>, text: &str) {
    let mut out = Vec::new();
    let records = [(found.record.clone(), found.unknown.clone())];
    write_events(&mut out, EventFormat::ICalendar, Default::default(), records).unwrap();
    let again = read_events(out.as_slice(), EventFormat::ICalendar).next().unwrap().unwrap();
    assert_eq!((&again.record, &again.unknown), (&found.record, &found.unknown), "{text}");
}

const PARIS: &str = "TZ:+01\nDAYLIGHT:TRUE;+02;20260329T020000;20261025T030000;CET;CEST\n";

#[test]
fn the_clock_of_the_calendar_is_that_of_its_events() {
    for (head, time, zone, instant) in [
        (PARIS, "20260715T090000", "Europe/Paris", "2026-07-15T07:00:00Z"),
        (PARIS, "20260115T090000", "Europe/Paris", "2026-01-15T08:00:00Z"),
        // Years that are not listed have the same rule.
        (PARIS, "20240715T090000", "Europe/Paris", "2024-07-15T07:00:00Z"),
        (PARIS, "20290715T090000", "Europe/Paris", "2029-07-15T07:00:00Z"),
        ("TZ:+01\n", "20260715T090000", "Etc/GMT-1", "2026-07-15T08:00:00Z"),
        ("TZ:+01\nDAYLIGHT:FALSE\n", "20260715T090000", "Etc/GMT-1", "2026-07-15T08:00:00Z"),
        ("TZ:+0530\nDAYLIGHT:FALSE\n", "20260715T090000", "Asia/Kolkata", "2026-07-15T03:30:00Z"),
        ("TZ:+05:30\n", "20260715T090000", "Asia/Kolkata", "2026-07-15T03:30:00Z"),
        ("TZ:-3\n", "20260715T090000", "Etc/GMT+3", "2026-07-15T12:00:00Z"),
        ("TZ:0\n", "20260715T090000", "Etc/UTC", "2026-07-15T09:00:00Z"),
        (
            "TZ:-05\nDAYLIGHT:TRUE;-04;20260308T020000;20261101T020000;EST;EDT\n",
            "20260715T090000",
            "America/New_York",
            "2026-07-15T13:00:00Z",
        ),
        // The last second before, in several years.
        (
            "TZ:-05:00\nDAYLIGHT:TRUE;-04:00;20250309T015959;20251102T015959;;\nDAYLIGHT:TRUE;-04:00;20260308T015959;20261101T015959;;\n",
            "20260715T090000",
            "America/New_York",
            "2026-07-15T13:00:00Z",
        ),
        // The year in which an appointment of the south begins is not the one in which its summer ends.
        (
            "TZ:+10\nDAYLIGHT:TRUE;+11;20261004T020000;20270404T030000;AEST;AEDT\n",
            "20261215T090000",
            "Australia/Sydney",
            "2026-12-14T22:00:00Z",
        ),
        ("TZ:Europe/Berlin\n", "20260715T090000", "Europe/Berlin", "2026-07-15T07:00:00Z"),
        (PARIS, "20260715T090000Z", "Etc/UTC", "2026-07-15T09:00:00Z"),
    ] {
        let found = calendar(head, &format!("DTSTART:{time}\nDTEND:{}", time.replace("T09", "T10")));
        let start = found.record.start.unwrap();
        assert_eq!(
            (start.zone(), start.instant().map(|at| at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true))),
            (Some(zone), Some(instant.to_owned())),
            "{head}{time}"
        );
        assert_eq!(found.record.duration.seconds, 3600, "{head}{time}");
        assert!(found.unknown.is_empty(), "{head}{time}: {:?}", found.unknown);
    }
    // Without a clock it is the one on the wall.
    let found = calendar("", "DTSTART:20260715T090000");
    assert!(matches!(found.record.start, Some(Start::Floating { .. })));
}

#[test]
fn a_clock_that_no_zone_has_keeps_the_moment_and_says_so() {
    let head = "TZ:+01\nDAYLIGHT:TRUE;+04:10;20260510T020000;20260810T030000;;\n";
    let found = calendar(head, "DTSTART:20260715T090000\nDTEND:20260715T100000");
    assert_eq!(found.record.start.unwrap().instant().unwrap().to_rfc3339(), "2026-07-15T04:50:00+00:00");
    assert!(found.unknown.iter().any(|text| text.starts_with("X-PASSERELLE-ZONE")), "{:?}", found.unknown);
}

/// The days of a series, at most eight of them.
fn days(event: &Event) -> Vec<String> {
    let first = event.start.as_ref().unwrap().date();
    let range = first..NaiveDate::from_ymd_opt(2040, 1, 1).unwrap();
    let found = occurrences(event, range, 8).unwrap();
    found.list.iter().map(|one| one.start.date().format("%y%m%d").to_string()).collect()
}

#[test]
fn a_rule_of_vcalendar_is_one_of_icalendar() {
    for (rule, wanted) in [
        ("D1 #5", "FREQ=DAILY;COUNT=5"),
        ("D2 #0", "FREQ=DAILY;INTERVAL=2"),
        ("d1 #5", "FREQ=DAILY;COUNT=5"),
        // Two, where nothing is said.
        ("D4", "FREQ=DAILY;INTERVAL=4;COUNT=2"),
        ("D10 20260401T000000", "FREQ=DAILY;INTERVAL=10;UNTIL=20260401T235959"),
        ("D1 20260401T090000Z", "FREQ=DAILY;UNTIL=20260401T090000Z"),
        ("D1 20260401", "FREQ=DAILY;UNTIL=20260401T235959"),
        // What comes first counts.
        ("D1 #3 20260401T000000", "FREQ=DAILY;COUNT=3"),
        ("D1 #90 20260401T000000", "FREQ=DAILY;UNTIL=20260401T235959"),
        ("D1 20260401T000000 #3", "FREQ=DAILY;COUNT=3"),
        ("D1 #0 20260401T000000", "FREQ=DAILY;UNTIL=20260401T235959"),
        ("W1 #10", "FREQ=WEEKLY;COUNT=10"),
        ("W1 MO WE #10", "FREQ=WEEKLY;BYDAY=MO,WE;COUNT=10"),
        ("W2 TU TH #0", "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,TH"),
        ("W1 MO,WE #10", "FREQ=WEEKLY;BYDAY=MO,WE;COUNT=10"),
        ("W1 MO 0900 #4", "FREQ=WEEKLY;BYDAY=MO;COUNT=4"),
        ("W1 MO 0900 1300 #4", "FREQ=WEEKLY;BYDAY=MO;BYHOUR=9,13;BYMINUTE=0;COUNT=4"),
        ("MP1 1+ MO #12", "FREQ=MONTHLY;BYDAY=1MO;COUNT=12"),
        ("MP1 1- FR #0", "FREQ=MONTHLY;BYDAY=-1FR"),
        ("MP2 1+ 1- FR #3", "FREQ=MONTHLY;INTERVAL=2;BYDAY=1FR,-1FR;COUNT=3"),
        ("MP1 5+ MO #0", "FREQ=MONTHLY;BYDAY=5MO"),
        ("MP1 2+ TU 4+ TH #0", "FREQ=MONTHLY;BYDAY=2TU,4TH"),
        ("MP1 1+ SU MO #0", "FREQ=MONTHLY;BYDAY=1SU,1MO"),
        ("MD1 2 15 #10", "FREQ=MONTHLY;BYMONTHDAY=2,15;COUNT=10"),
        ("MD1 7+ 3- #0", "FREQ=MONTHLY;BYMONTHDAY=7,-3"),
        ("MD1 LD #0", "FREQ=MONTHLY;BYMONTHDAY=-1"),
        ("MD1 #0", "FREQ=MONTHLY"),
        ("YM1 3 #0", "FREQ=YEARLY;BYMONTH=3"),
        ("YM1 6 7 #10", "FREQ=YEARLY;BYMONTH=6,7;COUNT=10"),
        ("YM2 1 2 3 #0", "FREQ=YEARLY;INTERVAL=2;BYMONTH=1,2,3"),
        ("YM1 #0", "FREQ=YEARLY"),
        ("YD1 1 100 366 #0", "FREQ=YEARLY;BYYEARDAY=1,100,366"),
        ("YD5 200 20300719T000000", "FREQ=YEARLY;INTERVAL=5;BYYEARDAY=200;UNTIL=20300719T235959"),
        // A rule of iCalendar stays what it is.
        ("FREQ=DAILY;COUNT=2", "FREQ=DAILY;COUNT=2"),
    ] {
        let found = calendar("", &format!("DTSTART:20260316T090000\nDTEND:20260316T100000\nRRULE:{rule}"));
        assert_eq!(found.record.recurrence_rules, [wanted], "{rule}");
        assert!(found.unknown.is_empty(), "{rule}: {:?}", found.unknown);
    }
    for rule in ["W1 LU #3", "MD1 32 #0", "YM1 13 #0", "MP1 6+ MO #0", "X1 #2", "D #2", "D1 MO", "D1 #x"] {
        let text = format!(
            "BEGIN:VCALENDAR\nVERSION:1.0\nBEGIN:VEVENT\nDTSTART:20260316T090000\nRRULE:{rule}\nEND:VEVENT\nEND:VCALENDAR\n"
        );
        assert!(read_events(text.as_bytes(), EventFormat::ICalendar).next().unwrap().is_err(), "{rule}");
    }
}

#[test]
fn a_series_has_the_days_that_its_rule_means() {
    for (start, rule, wanted) in [
        ("20260316T090000", "W1 MO WE #4", "260316 260318 260323 260325"),
        ("20260316T090000", "D1 20260318T000000", "260316 260317 260318"),
        ("20260327T090000", "MP1 1- FR #3", "260327 260424 260529"),
        ("20260331T090000", "MD1 LD #3", "260331 260430 260531"),
        ("20260315T000000", "YM1 3 #3", "260315 270315 280315"),
    ] {
        let found = calendar(
            PARIS,
            &format!("DTSTART:{start}\nRRULE:{rule}\nEXDATE:20300101T090000;20300102T090000"),
        );
        assert_eq!(days(&found.record).join(" "), wanted, "{rule}");
        assert_eq!(found.record.start.unwrap().zone(), Some("Europe/Paris"));
    }
    // The end is said by the clock of the calendar.
    let found = calendar(PARIS, "DTSTART:20260316T090000\nRRULE:D1 20260401T090000");
    assert_eq!(found.record.recurrence_rules, ["FREQ=DAILY;UNTIL=20260401T070000Z"]);
}

#[test]
fn days_called_off_and_added_are_lists_with_semicolons() {
    let found = calendar(
        PARIS,
        "DTSTART:20260316T090000\nDTEND:20260316T100000\nRRULE:D1 #5\nEXDATE:20260317T090000;20260318T090000\nRDATE:20260402T090000;20260403T090000\nEXRULE:W1 FR #1",
    );
    assert_eq!(days(&found.record).join(" "), "260316 260319 260402 260403", "{:?}", found.record);
    assert!(found.unknown.is_empty(), "{:?}", found.unknown);
}

#[test]
fn reminders_of_each_form_are_reminders() {
    for (line, minutes, kept) in [
        ("DALARM:20260715T083000;PT5M;2;Rappel", Some(30), "REPEAT:2"),
        ("DALARM:20260715T083000;;;", Some(30), "TRIGGER;VALUE=DATE-TIME:20260715T083000"),
        ("DALARM:20260715T083000", Some(30), "TRIGGER;VALUE=DATE-TIME:20260715T083000"),
        ("DALARM:20260715T063000Z;;;Départ\\; vite", Some(30), "DESCRIPTION:Départ\\; vite"),
        ("AALARM;TYPE=WAVE;VALUE=URL:20260715T080000; ; ; file:///taps.wav", Some(60), "file:///taps.wav"),
        ("AALARM:20260714T090000;;;", Some(1440), "ACTION:AUDIO"),
        ("PALARM;VALUE=URL:20260715T090000;PT5M;2;file:///bin/echo", Some(0), "ACTION:PROCEDURE"),
        ("MALARM:20260715T085500;;;jean@acme.example;Pensez-y", Some(5), "ATTENDEE:mailto:jean@acme.example"),
        ("DALARM:-PT15M;;;", Some(15), ""),
        ("DALARM:;;;", None, "DALARM:\\;"),
    ] {
        let body = format!("DTSTART:20260715T090000\nDTEND:20260715T100000\nSUMMARY:Visite\n{line}");
        let found = calendar(PARIS, &body);
        let alerts: Vec<i32> = found.record.alerts.values().map(|alert| alert.minutes_before).collect();
        assert_eq!(alerts, Vec::from_iter(minutes), "{line}");
        let kept = kept.replace("\\;", ";");
        let all = found.unknown.join("\n").replace("\\;", ";");
        assert!(all.contains(&kept), "{line}: {all}");
    }
    // By the clock of the calendar, where the event is in UTC.
    let found = calendar(PARIS, "DTSTART:20260715T070000Z\nDALARM:20260715T083000;;;");
    assert_eq!(found.record.alerts.values().next().unwrap().minutes_before, 30);
}

#[test]
fn guests_have_the_words_of_vcalendar() {
    for (line, email, name, role, answer) in [
        (
            "ATTENDEE;ROLE=ATTENDEE;STATUS=ACCEPTED:Jean Dupont <jean@acme.example>",
            "jean@acme.example",
            "Jean Dupont",
            Role::Required,
            ParticipationStatus::Accepted,
        ),
        (
            "ATTENDEE;STATUS=NEEDS ACTION;EXPECT=FYI:jean@acme.example",
            "jean@acme.example",
            "",
            Role::Informational,
            ParticipationStatus::NeedsAction,
        ),
        (
            "ATTENDEE;STATUS=DECLINED;EXPECT=REQUEST;RSVP=NO:MAILTO:jean@acme.example",
            "jean@acme.example",
            "",
            Role::Optional,
            ParticipationStatus::Declined,
        ),
        (
            "ATTENDEE;STATUS=TENTATIVE;EXPECT=REQUIRE:\"Dupont, Jean\" <jean@acme.example>",
            "jean@acme.example",
            "Dupont, Jean",
            Role::Required,
            ParticipationStatus::Tentative,
        ),
        (
            "ATTENDEE;STATUS=CONFIRMED:<jean@acme.example>",
            "jean@acme.example",
            "",
            Role::Required,
            ParticipationStatus::Accepted,
        ),
        ("ATTENDEE:Jean Dupont", "", "Jean Dupont", Role::Required, ParticipationStatus::NeedsAction),
        (
            "ATTENDEE;ENCODING=QUOTED-PRINTABLE;CHARSET=UTF-8:Zo=C3=A9 <zoe@acme.example>",
            "zoe@acme.example",
            "Zoé",
            Role::Required,
            ParticipationStatus::NeedsAction,
        ),
    ] {
        let found = calendar(PARIS, &format!("DTSTART:20260715T090000\n{line}"));
        let guest = found.record.participants.values().next().unwrap();
        assert_eq!(
            (guest.email.as_str(), guest.name.as_str(), guest.role, guest.participation_status),
            (email, name, role, answer),
            "{line}"
        );
    }
    let found = calendar(
        PARIS,
        "DTSTART:20260715T090000\nATTENDEE;ROLE=OWNER:Chef <chef@acme.example>\nATTENDEE;ROLE=DELEGATE;STATUS=SENT:jean@acme.example",
    );
    let organizers: Vec<&str> = found
        .record
        .participants
        .values()
        .filter(|guest| guest.organizer)
        .map(|guest| guest.email.as_str())
        .collect();
    assert_eq!(organizers, ["chef@acme.example"]);
    let kept = found.unknown.join("\n");
    assert!(kept.contains("ROLE=DELEGATE") && kept.contains("STATUS=SENT"), "{kept}");
}

#[test]
fn lists_words_and_texts_of_vcalendar_are_understood() {
    let found = calendar(
        PARIS,
        "DTSTART:20260715T090000\nSUMMARY;ENCODING=QUOTED-PRINTABLE;CHARSET=ISO-8859-1:R=E9union =\n=E0 Paris\nDESCRIPTION;QUOTED-PRINTABLE:un=0D=0Adeux; trois, quatre\nCATEGORIES:MEETING;TRAVEL\nRESOURCES:Beamer;Salle\nTRANSP:1\nDCREATED:20260101T080000Z\nLOCATION:Salle 4;B\nCLASS:PRIVATE\nRNUM:3",
    );
    let event = &found.record;
    assert_eq!(event.title, "Réunion à Paris");
    assert_eq!(event.description, "un\ndeux; trois, quatre");
    assert_eq!(event.categories.keys().map(String::as_str).collect::<Vec<_>>(), ["meeting", "travel"]);
    assert_eq!(event.free_busy_status, FreeBusyStatus::Free);
    assert_eq!(event.location, "Salle 4;B");
    for kept in ["RESOURCES:Beamer,Salle", "CREATED:20260101T080000Z", "RNUM:3"] {
        assert!(found.unknown.iter().any(|text| text == kept), "{kept}: {:?}", found.unknown);
    }
    let found = calendar(PARIS, "DTSTART:20260715T090000\nTRANSP:0");
    assert_eq!((found.record.free_busy_status, found.unknown.len()), (FreeBusyStatus::Busy, 0));
}

#[test]
fn an_event_that_is_marked_as_a_day_is_one() {
    for (mark, end, days) in [
        ("X-EPOCAGENDAENTRYTYPE:ANNIVERSARY", "20260315T000000", 1),
        ("X-EPOCAGENDAENTRYTYPE:EVENT", "20260316T000000", 1),
        ("X-EPOCAGENDAENTRYTYPE:EVENT", "20260317T000000", 2),
        ("X-FUNAMBOL-ALLDAY:1", "20260315T235900", 1),
        ("X-FUNAMBOL-ALLDAY:1", "20260316T235959", 2),
    ] {
        let found = calendar(PARIS, &format!("DTSTART:20260315T000000\nDTEND:{end}\n{mark}\nRRULE:YM1 3 #0"));
        assert!(found.record.is_all_day(), "{mark}");
        assert_eq!(found.record.duration.days, days, "{mark} {end}");
    }
    for mark in ["X-EPOCAGENDAENTRYTYPE:APPOINTMENT", "X-FUNAMBOL-ALLDAY:0"] {
        assert!(!calendar(PARIS, &format!("DTSTART:20260315T000000\n{mark}")).record.is_all_day());
    }
}
