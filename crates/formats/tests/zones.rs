//! Times survive a file: the same instants for ten years, in zones of every shape (I18).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use chrono::{DateTime, NaiveDate, Utc};
use passerelle_calendar::{Duration, Event, Start, occurrences};
use passerelle_formats::{EventFormat, read_events, write_events};

const ZONES: [&str; 44] = [
    "Europe/Paris",
    "Europe/London",
    "Europe/Dublin",
    "Europe/Lisbon",
    "Europe/Athens",
    "Europe/Moscow",
    "Europe/Istanbul",
    "Europe/Chisinau",
    "Africa/Casablanca",
    "Africa/Cairo",
    "Africa/Lagos",
    "Africa/Johannesburg",
    "America/New_York",
    "America/Chicago",
    "America/Denver",
    "America/Phoenix",
    "America/Los_Angeles",
    "America/Anchorage",
    "America/St_Johns",
    "America/Havana",
    "America/Sao_Paulo",
    "America/Santiago",
    "America/Asuncion",
    "America/Nuuk",
    "America/Scoresbysund",
    "Asia/Dubai",
    "Asia/Tehran",
    "Asia/Kabul",
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "Asia/Yangon",
    "Asia/Beirut",
    "Asia/Jerusalem",
    "Asia/Tokyo",
    "Australia/Adelaide",
    "Australia/Darwin",
    "Australia/Eucla",
    "Australia/Lord_Howe",
    "Australia/Sydney",
    "Pacific/Auckland",
    "Pacific/Chatham",
    "Pacific/Marquesas",
    "Pacific/Norfolk",
    "Etc/UTC",
];

fn instants(event: &Event) -> Vec<DateTime<Utc>> {
    let days = NaiveDate::from_ymd_opt(2026, 1, 1).unwrap()..NaiveDate::from_ymd_opt(2036, 1, 1).unwrap();
    let found = occurrences(event, days, 10_000).unwrap();
    assert!(found.complete);
    found.list.iter().map(|found| found.start.instant().unwrap()).collect()
}

#[test]
fn a_series_has_the_same_instants_for_ten_years_after_a_file() {
    for zone in ZONES {
        let local = NaiveDate::from_ymd_opt(2026, 1, 4).unwrap().and_hms_opt(2, 15, 0).unwrap();
        let event = Event {
            uid: zone.into(),
            start: Some(Start::Zoned { local, zone: zone.into() }),
            duration: Duration::seconds(2700),
            recurrence_rules: vec!["FREQ=WEEKLY;BYDAY=SU,MO".into()],
            ..Event::default()
        };
        let before = instants(&event);
        assert_eq!(before.len(), 1044);
        for format in EventFormat::ALL {
            let mut out = Vec::new();
            write_events(&mut out, *format, before[0], [(event.clone(), Vec::new())]).unwrap();
            let back = read_events(out.as_slice(), *format).next().unwrap().unwrap().record;
            assert_eq!(back, event, "{zone}");
            assert_eq!(instants(&back), before, "{zone}");
        }
    }
}

#[test]
fn a_zone_that_is_only_described_gives_the_same_instants_for_a_year() {
    for zone in ZONES.iter().filter(|zone| **zone != "Etc/UTC") {
        let local = NaiveDate::from_ymd_opt(2026, 1, 4).unwrap().and_hms_opt(9, 0, 0).unwrap();
        let event = Event {
            start: Some(Start::Zoned { local, zone: (*zone).into() }),
            recurrence_rules: vec!["FREQ=DAILY;COUNT=360".into()],
            ..Event::default()
        };
        let mut out = Vec::new();
        write_events(&mut out, EventFormat::ICalendar, DateTime::UNIX_EPOCH, [(event.clone(), Vec::new())])
            .unwrap();
        let nameless = String::from_utf8(out).unwrap().replace(zone, "Fuseau de la maison");
        let back = read_events(nameless.as_bytes(), EventFormat::ICalendar).next().unwrap();
        let back = back.unwrap_or_else(|bad| panic!("{zone}: {bad}\n{nameless}")).record;
        assert_eq!(instants(&back), instants(&event), "{zone}");
    }
}

/// Reads the only event of a file and its first instant, in UTC.
fn read(body: &str) -> Result<passerelle_formats::Imported<Event>, passerelle_formats::BadRecord> {
    let text = format!("BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{}END:VCALENDAR\r\n", body.replace('\n', "\r\n"));
    let mut found: Vec<_> = read_events(text.as_bytes(), EventFormat::ICalendar).collect();
    assert_eq!(found.len(), 1, "{found:?}");
    found.remove(0)
}

fn zone_block(name: &str, parts: &[(&str, &str, &str, &str)]) -> String {
    let mut text = format!("BEGIN:VTIMEZONE\nTZID:{name}\n");
    for (kind, start, offsets, rule) in parts {
        let (from, to) = offsets.split_once('/').unwrap();
        text += &format!(
            "BEGIN:{kind}\nDTSTART{start}\nTZOFFSETFROM:{from}\nTZOFFSETTO:{to}\n{rule}END:{kind}\n"
        );
    }
    text + "END:VTIMEZONE\n"
}

fn meeting(zone: &str, start: &str, more: &str) -> String {
    format!("BEGIN:VEVENT\nUID:m\nSUMMARY:m\nDTSTART;TZID={zone}:{start}\n{more}END:VEVENT\n")
}

fn utc(found: &passerelle_formats::Imported<Event>) -> String {
    found.record.start.as_ref().unwrap().instant().unwrap().format("%Y-%m-%dT%H:%MZ").to_string()
}

const EUROPE: [(&str, &str, &str, &str); 2] = [
    ("STANDARD", ":16011028T030000", "+0200/+0100", "RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10\n"),
    ("DAYLIGHT", ":16010325T020000", "+0100/+0200", "RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3\n"),
];

#[test]
fn a_zone_is_found_however_its_name_is_spelt() {
    let described = zone_block("Heure de la maison ", &EUROPE);
    for name in ["Heure de la maison ", "Heure de la maison", "\"Heure de la maison\"", "HEURE DE LA MAISON"]
    {
        let found = read(&(described.clone() + &meeting(name, "20260715T090000", ""))).unwrap();
        assert_eq!(utc(&found), "2026-07-15T07:00Z", "{name}");
        assert_eq!(found.unknown, Vec::<String>::new(), "{name}");
    }
    for (name, instant) in [
        ("tzone://Microsoft/Utc", "2026-07-15T09:00Z"),
        ("(UTC+01:00) Bruxelles, Copenhague, Madrid, Paris", "2026-07-15T07:00Z"),
        ("\"(UTC+01:00) Amsterdam, Berlin, Bern, Rom, Stockholm, Wien\"", "2026-07-15T07:00Z"),
        ("/freeassociation.sourceforge.net/Tzfile/Europe/Paris", "2026-07-15T07:00Z"),
        ("UTC+02:00", "2026-07-15T07:00Z"),
        ("UTC+05:30", "2026-07-15T03:30Z"),
        ("europe/paris", "2026-07-15T07:00Z"),
        ("\"Western/Central Europe\"", "2026-07-15T07:00Z"),
    ] {
        let found = read(&meeting(name, "20260715T090000", "")).unwrap();
        assert_eq!(utc(&found), instant, "{name}");
        assert_eq!(found.unknown, Vec::<String>::new(), "{name}");
    }
    let unknown = read(&meeting("\"(UTC+01:00) Bibracte, Gergovie\"", "20260715T090000", "")).unwrap_err();
    assert_eq!(unknown.reason.id(), "unknown-zone");
}

#[test]
fn a_description_is_read_with_a_day_or_utc_as_its_start() {
    for start in [";VALUE=DATE:20170101", ":20170101T000000Z", ":20170101", ":19700101T000000"] {
        let zone = zone_block("UTC+11", &[("STANDARD", start, "+1100/+1100", "")]);
        let found = read(&(zone + &meeting("UTC+11", "20170228T230000", ""))).unwrap();
        assert_eq!(utc(&found), "2017-02-28T12:00Z", "{start}");
    }
}

#[test]
fn the_nearest_clock_decides_with_the_years_of_the_event() {
    let old_america = [
        ("DAYLIGHT", ":19900404T010000", "-0500/-0400", "RRULE:FREQ=YEARLY;BYDAY=1SU;BYMONTH=4\n"),
        ("STANDARD", ":19901026T060000", "-0400/-0500", "RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10\n"),
    ];
    let zone = zone_block("Heure du siège", &old_america);
    let found =
        read(&(zone + &meeting("Heure du siège", "19970902T090000", "RRULE:FREQ=DAILY;COUNT=10\n"))).unwrap();
    assert_eq!(found.record.start.as_ref().unwrap().zone(), Some("America/New_York"));
    assert_eq!(found.unknown, ["X-PASSERELLE-ZONE;X-TAKEN-AS=America/New_York:Heure du siège"]);
    // Moscow changed its clocks in 2014: one name, two events, two clocks.
    let moscow = zone_block(
        "Bureau",
        &[
            ("STANDARD", ":20110327T020000", "+0300/+0400", ""),
            ("STANDARD", ":20141026T020000", "+0400/+0300", ""),
        ],
    );
    for (start, instant) in
        [("20130701T120000", "2013-07-01T08:00Z"), ("20150701T120000", "2015-07-01T09:00Z")]
    {
        let found = read(&(moscow.clone() + &meeting("Bureau", start, ""))).unwrap();
        assert_eq!(utc(&found), instant, "{start}");
    }
}

#[test]
fn a_clock_that_no_zone_has_keeps_the_instant_and_says_so() {
    let odd = zone_block("Lune", &[("STANDARD", ":19700101T000000", "+0517/+0517", "")]);
    let found =
        read(&(odd.clone() + &meeting("Lune", "20260715T090000", "DTEND;TZID=Lune:20260715T100000\n")))
            .unwrap();
    assert_eq!(utc(&found), "2026-07-15T03:43Z");
    assert_eq!(found.record.duration, Duration::seconds(3600));
    assert_eq!(found.unknown, ["X-PASSERELLE-ZONE;X-TAKEN-AS=Etc/UTC:Lune"]);
    // A series would repeat on other days.
    let early = meeting("Lune", "20260715T010000", "RRULE:FREQ=WEEKLY;BYDAY=WE\n");
    assert_eq!(read(&(odd + &early)).unwrap_err().reason.id(), "unknown-zone");
    let unnamed =
        read(&("X-WR-TIMEZONE:Europe/Paris\n".to_owned() + &meeting("Lune", "20260715T090000", ""))).unwrap();
    assert_eq!(utc(&unnamed), "2026-07-15T07:00Z");
    assert_eq!(unnamed.unknown, ["X-PASSERELLE-ZONE;X-TAKEN-AS=Europe/Paris:Lune"]);
}

const OLD_AMERICA: [(&str, &str, &str, &str); 2] = [
    ("DAYLIGHT", ":19870405T020000", "-0500/-0400", "RRULE:FREQ=YEARLY;BYDAY=1SU;BYMONTH=4\n"),
    ("STANDARD", ":19871025T020000", "-0400/-0500", "RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10\n"),
];

#[test]
fn a_description_beats_a_name_that_says_another_clock() {
    let weekly = "RRULE:FREQ=WEEKLY;COUNT=60\n";
    for name in ["GMT (heure standard)", "Heure de Greenwich", "Eastern Standard Time", "Tokyo Standard Time"]
    {
        for more in ["", weekly] {
            for (start, instant) in
                [("20260715T090000", "2026-07-15T07:00Z"), ("20260114T090000", "2026-01-14T08:00Z")]
            {
                // The description may stand behind the event.
                for first in [true, false] {
                    let (zone, event) = (zone_block(name, &EUROPE), meeting(name, start, more));
                    let text = if first { zone + &event } else { event + &zone };
                    let found = read(&text).unwrap();
                    assert_eq!(utc(&found), instant, "{name} {start} {more}");
                    let told = found.unknown.iter().filter(|text| text.contains("X-TAKEN-AS=Europe/"));
                    assert_eq!(told.count(), 1, "{name}: {:?}", found.unknown);
                    let all = instants(&found.record);
                    let hours: Vec<String> = all.iter().map(|at| at.format("%m %H").to_string()).collect();
                    let summer = |hour: &String| ["05", "06", "07", "08", "09"].contains(&&hour[..2]);
                    assert!(
                        hours.iter().filter(|hour| summer(hour)).all(|hour| hour.ends_with("07")),
                        "{name}"
                    );
                }
            }
        }
    }
    // What is cut short, or says the same when the event takes place, contradicts nothing.
    let short = zone_block("Romance Standard Time", &EUROPE[..1]);
    let ended = [
        ("STANDARD", ":20191027T030000", "+0200/+0100", ""),
        ("DAYLIGHT", ":20190331T020000", "+0100/+0200", ""),
    ];
    let ended = zone_block("Romance Standard Time", &ended);
    // No offset of the one part is one of the other: calcard ical/687.ics.
    let broken = [
        ("STANDARD", ":20191027T020000", "+0200/+0100", ""),
        ("DAYLIGHT", ":20200329T030000", "+1200/+1300", ""),
    ];
    let broken = zone_block("New Zealand Standard Time", &broken);
    for (zone, name, start, instant) in [
        (short.as_str(), "Romance Standard Time", "20260715T090000", "2026-07-15T07:00Z"),
        (&broken, "New Zealand Standard Time", "20191120T130000", "2019-11-20T00:00Z"),
        (&ended, "Romance Standard Time", "20260715T090000", "2026-07-15T07:00Z"),
        (
            &zone_block("Eastern Standard Time", &OLD_AMERICA),
            "Eastern Standard Time",
            "20260715T090000",
            "2026-07-15T13:00Z",
        ),
        (&zone_block("Europe/Paris", &OLD_AMERICA), "Europe/Paris", "20260715T090000", "2026-07-15T07:00Z"),
    ] {
        let found = read(&(zone.to_owned() + &meeting(name, start, ""))).unwrap();
        assert_eq!((utc(&found).as_str(), found.unknown.len()), (instant, 0), "{zone}");
    }
    // The old rule of America had winter in the last week of March.
    let march = zone_block("Eastern Standard Time", &OLD_AMERICA)
        + &meeting("Eastern Standard Time", "20260325T090000", "");
    let found = read(&march).unwrap();
    assert_eq!((utc(&found).as_str(), found.unknown.len()), ("2026-03-25T14:00Z", 1));
}

#[test]
fn a_series_by_a_clock_of_no_zone_is_set_aside_where_the_clock_changes() {
    let odd = EUROPE.map(|(kind, start, offsets, rule)| {
        (kind, start, if offsets.starts_with("+02") { "+0617/+0517" } else { "+0517/+0617" }, rule)
    });
    let odd = zone_block("Lune", &odd);
    let weekly = |count| meeting("Lune", "20260105T120000", &format!("RRULE:FREQ=WEEKLY;COUNT={count}\n"));
    let found = read(&(odd.clone() + &weekly(5))).unwrap();
    assert_eq!((utc(&found).as_str(), found.unknown.len()), ("2026-01-05T06:43Z", 1));
    assert_eq!(read(&(odd + &weekly(40))).unwrap_err().reason.id(), "unknown-zone");
    // A zone that is right in winter alone is none.
    let half = EUROPE.map(|(kind, start, offsets, rule)| {
        (kind, start, if offsets.starts_with("+02") { "+0645/+0545" } else { "+0545/+0645" }, rule)
    });
    let half =
        zone_block("Lune", &half) + &meeting("Lune", "20260105T120000", "RRULE:FREQ=WEEKLY;COUNT=52\n");
    assert_eq!(read(&half).unwrap_err().reason.id(), "unknown-zone");
}

#[test]
fn a_change_of_an_all_day_series_needs_no_zone() {
    for place in [
        ";TZID=UTC+01:20260226T000000",
        ";TZID=Lune:20260226T000000",
        ":20260225T230000Z",
        ";VALUE=DATE:20260226",
    ] {
        let text = format!(
            "BEGIN:VEVENT\nUID:x\nSUMMARY:Serie\nRRULE:FREQ=WEEKLY;UNTIL=20260817T220000Z;BYDAY=TU,TH\nDTSTART;VALUE=DATE:20260219\nDTEND;VALUE=DATE:20260220\nEND:VEVENT\nBEGIN:VEVENT\nUID:x\nSUMMARY:Serie\nRECURRENCE-ID{place}\nDTSTART;VALUE=DATE:20260227\nDTEND;VALUE=DATE:20260228\nEND:VEVENT\n"
        );
        let found = read(&text).unwrap();
        let keys: Vec<&String> = found.record.recurrence_overrides.keys().collect();
        assert_eq!(keys, ["2026-02-26"], "{place}");
    }
}

#[test]
fn thousands_of_descriptions_take_no_longer_each_than_one() {
    // Every description differs from the others; nothing may be compared with everything before it.
    let mut text = String::new();
    for n in 0..2_000 {
        let minute = format!(":1970010{}T{:02}{:02}00", 1 + n % 9, n / 60 % 24, n % 60);
        text += &zone_block(
            &format!("Zone {n}"),
            &[("STANDARD", &minute, "+0100/+0200", "RRULE:FREQ=SECONDLY\n")],
        );
    }
    let many: String = (0..2_000).map(|n| meeting(&format!("Zone {n}"), "20260715T090000", "")).collect();
    let text = format!("BEGIN:VCALENDAR\n{text}{many}END:VCALENDAR\n");
    assert_eq!(read_events(text.as_bytes(), EventFormat::ICalendar).filter(Result::is_ok).count(), 2_000);
    let parts: Vec<_> = (0..5_000)
        .map(|_| {
            ("STANDARD", ":00010101T000000", "+0100/+0200", "RRULE:FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=31\n")
        })
        .collect();
    let text = format!(
        "BEGIN:VCALENDAR\n{}{}END:VCALENDAR\n",
        zone_block("Evil", &parts),
        meeting("Evil", "20270101T100000", "")
    );
    assert_eq!(read_events(text.as_bytes(), EventFormat::ICalendar).count(), 1);
}

#[test]
fn a_name_without_a_description_is_read_in_the_words_of_five_languages() {
    for (name, zone) in [
        ("Europe centrale", "Europe/Paris"),
        ("Europe/Paris (CET)", "Europe/Paris"),
        ("Europe_Paris", "Europe/Paris"),
        ("Heure normale des Romances", "Europe/Paris"),
        ("Romanische Normalzeit", "Europe/Paris"),
        ("Heure standard d'Europe centrale", "Europe/Paris"),
        ("Heure normale d’Europe de l’Ouest", "Europe/Berlin"),
        ("Europe de l’Est", "Europe/Athens"),
        ("Heure normale de l’Est", "America/New_York"),
        ("heure avancée du Pacifique", "America/Los_Angeles"),
        ("Pazifik Sommerzeit", "America/Los_Angeles"),
        ("Heure normale de Tokyo", "Asia/Tokyo"),
        ("Heure du Maroc", "Africa/Casablanca"),
        ("La Réunion", "Indian/Reunion"),
        ("Île Maurice", "Indian/Mauritius"),
        ("Guyane", "America/Cayenne"),
        ("Temps universel coordonné", "Etc/UTC"),
        ("Koordinierte Weltzeit", "Etc/UTC"),
        ("GMT-05.00/-04.00", "America/New_York"),
        ("Est", "America/New_York"),
        ("EST", "America/Panama"),
        ("Est (heure d’été)", "America/New_York"),
        ("HNE", "America/New_York"),
        ("Heure normale du Pacifique", "America/Los_Angeles"),
        ("Greenwich Mean Time", "Etc/UTC"),
        ("(GMT+01.00/+02.00)", "Europe/Paris"),
    ] {
        assert_eq!(passerelle_formats::zone_name(name).as_deref(), Some(zone), "{name}");
    }
    for name in ["Heure locale", "Standard Time", "Zeit", "Normalzeit", "heure d'été", "Customized Time Zone"]
    {
        assert_eq!(passerelle_formats::zone_name(name), None, "{name}");
    }
}

#[test]
fn an_offset_is_read_with_letters_before_it() {
    let block = zone_block("Mine", &EUROPE).replace(":+0", ":GMT+0");
    let found = read(&(block + &meeting("Mine", "20260715T090000", ""))).unwrap();
    assert_eq!(utc(&found), "2026-07-15T07:00Z");
}

#[test]
fn the_nearest_clock_of_a_series_is_that_of_most_of_its_occurrences() {
    // The rules that the United States had until 2007, as old devices describe them.
    let old = [
        ("STANDARD", ":19700901T030000", "-0400/-0500", "RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU\n"),
        ("DAYLIGHT", ":19700401T020000", "-0500/-0400", "RRULE:FREQ=YEARLY;BYMONTH=4;BYDAY=1SU\n"),
    ];
    for (start, rule, zone) in [
        ("20270329T090000", "RRULE:FREQ=WEEKLY;COUNT=52\n", "America/New_York"),
        ("20270329T090000", "RRULE:FREQ=WEEKLY;UNTIL=20280329T140000Z\n", "America/New_York"),
        ("20270329T090000", "RRULE:FREQ=WEEKLY\n", "America/New_York"),
        ("20270712T090000", "RRULE:FREQ=WEEKLY;COUNT=52\n", "America/New_York"),
    ] {
        let found = read(&(zone_block("Usine", &old) + &meeting("Usine", start, rule))).unwrap();
        assert_eq!(found.record.start.as_ref().and_then(|start| start.zone()), Some(zone), "{start} {rule}");
        assert!(found.unknown.iter().any(|text| text.starts_with("X-PASSERELLE-ZONE")), "a guess says so");
    }
    // One alone keeps its moment.
    let found = read(&(zone_block("Usine", &old) + &meeting("Usine", "20270329T090000", ""))).unwrap();
    assert_eq!(utc(&found), "2027-03-29T14:00Z");
}

/// Reads an event of one time in a zone: its zone, its instant, and what was guessed.
fn told(zone: &str, start: &str, more: &str) -> (String, String, bool) {
    let found = read(&meeting(zone, start, more)).unwrap_or_else(|bad| panic!("{zone}: {bad}"));
    let zone_of = found.record.start.as_ref().unwrap().zone().unwrap().to_owned();
    let guessed = found.unknown.iter().any(|line| line.starts_with("X-PASSERELLE-ZONE;"));
    (zone_of, utc(&found), guessed)
}

#[test]
fn an_abbreviation_keeps_its_instant_and_what_it_was_taken_for_is_told() {
    for (name, start, zone, instant) in [
        ("WEST", "20260715T090000", "Europe/Lisbon", "2026-07-15T08:00Z"),
        ("CEST", "20260715T090000", "Europe/Berlin", "2026-07-15T07:00Z"),
        ("MESZ", "20260715T090000", "Europe/Berlin", "2026-07-15T07:00Z"),
        // Summer time in winter, winter time in summer: the offset that the abbreviation says.
        ("CEST", "20260115T090000", "Etc/GMT-2", "2026-01-15T07:00Z"),
        ("PST", "20260715T090000", "Etc/GMT+8", "2026-07-15T17:00Z"),
        ("PDT", "20260715T090000", "America/Los_Angeles", "2026-07-15T16:00Z"),
        ("NST", "20260115T090000", "America/St_Johns", "2026-01-15T12:30Z"),
        ("AEST", "20260715T090000", "Australia/Sydney", "2026-07-14T23:00Z"),
        ("ist", "20260715T090000", "Asia/Kolkata", "2026-07-15T03:30Z"),
        // The names of IANA for clocks that never change.
        ("EST", "20260715T090000", "America/Panama", "2026-07-15T14:00Z"),
        ("MST", "20260715T090000", "America/Phoenix", "2026-07-15T16:00Z"),
        ("HST", "20260715T090000", "Pacific/Honolulu", "2026-07-15T19:00Z"),
    ] {
        assert_eq!(told(name, start, ""), (zone.to_owned(), instant.to_owned(), true), "{name} {start}");
    }
    // So the French Windows calls the zone of New York.
    assert_eq!(told("Est", "20260715T090000", "").0, "America/New_York");
    // A clock of no whole hour that no zone has in summer.
    assert_eq!(told("NST", "20260715T090000", "").1, "2026-07-15T12:30Z");
}

#[test]
fn an_abbreviation_is_heard_in_its_description_and_in_the_zone_of_its_calendar() {
    let east = zone_block("IST", &[("STANDARD", ":19700101T000000", "+0200/+0200", "")]);
    let found = read(&(east + &meeting("IST", "20260115T090000", ""))).unwrap();
    assert_eq!(utc(&found), "2026-01-15T07:00Z");
    let found = read(&("X-WR-TIMEZONE:Asia/Shanghai\n".to_owned() + &meeting("CEST", "20260715T090000", "")))
        .unwrap();
    assert_eq!(utc(&found), "2026-07-15T07:00Z");
    let paris = "X-WR-TIMEZONE:Europe/Paris\n".to_owned() + &meeting("CEST", "20260715T090000", "");
    assert_eq!(read(&paris).unwrap().record.start.unwrap().zone(), Some("Europe/Paris"));
    // A series is where its first occurrence is.
    let series = meeting("PDT", "20260715T090000", "RRULE:FREQ=WEEKLY;COUNT=50\n");
    assert_eq!(read(&series).unwrap().record.start.unwrap().zone(), Some("America/Los_Angeles"));
}

#[test]
fn the_last_part_of_a_name_is_no_place_where_it_is_a_word() {
    for name in ["North", "South", "ACT", "Center", "NSW", "Bureau Center"] {
        let bad = read(&meeting(name, "20260715T090000", "")).unwrap_err();
        assert_eq!(bad.reason.id(), "unknown-zone", "{name}");
    }
}

#[test]
fn zones_of_windows_and_notes_are_found_without_a_description() {
    for (name, instant) in [
        ("Central Standard Time (Mexico)", "2026-07-15T15:00Z"),
        ("central daylight time (mexico)", "2026-07-15T15:00Z"),
        ("Eastern Standard Time (Mexico)", "2026-07-15T14:00Z"),
        ("Pacific Standard Time (Mexico)", "2026-07-15T16:00Z"),
        ("Mountain Standard Time (Mexico)", "2026-07-15T16:00Z"),
        ("Aus Central W. Standard Time", "2026-07-15T00:15Z"),
        ("Armenian Standard Time", "2026-07-15T05:00Z"),
        ("Western/Central Europe", "2026-07-15T07:00Z"),
        ("Western Europe", "2026-07-15T07:00Z"),
        ("Eastern Europe", "2026-07-15T06:00Z"),
        ("FLE", "2026-07-15T06:00Z"),
        ("W. Europe", "2026-07-15T07:00Z"),
        ("SA Pacific", "2026-07-15T14:00Z"),
        ("Greenwich Mean Time: Dublin\\; Edinburgh\\; Lisbon\\; London", "2026-07-15T08:00Z"),
        ("Greenwich Mean Time\\, Dublin\\, Edinburgh\\, London", "2026-07-15T08:00Z"),
        ("Heure de Greenwich : Dublin, Édimbourg, Lisbonne, Londres", "2026-07-15T08:00Z"),
        ("ora solare Europa centrale", "2026-07-15T07:00Z"),
        ("ora legale Europa orientale", "2026-07-15T06:00Z"),
        ("ora solare fuso orientale", "2026-07-15T13:00Z"),
        ("FLE Normalzeit", "2026-07-15T06:00Z"),
        ("Peking, Chongqing, Hongkong, Urumtschi", "2026-07-15T01:00Z"),
        ("Midden-Europese zomertijd", "2026-07-15T07:00Z"),
        ("Horário de verão da Europa Central", "2026-07-15T07:00Z"),
        ("(UTC+01:00) Brussel, Kopenhagen, Madrid, Parijs", "2026-07-15T07:00Z"),
        ("(UTC+03:00) Москва, Санкт-Петербург", "2026-07-15T06:00Z"),
        ("(UTC+01:00) Амстердам, Берлин, Берн, Рим, Стокгольм, Вена", "2026-07-15T07:00Z"),
        ("(UTC+02:00) Вильнюс, Киев, Рига, София, Таллин, Хельсинки", "2026-07-15T06:00Z"),
        ("Московское время (зима)", "2026-07-15T06:00Z"),
        ("Москва, стандартное время", "2026-07-15T06:00Z"),
        ("(UTC+02:00) Гельсінкі, Київ, Рига, Софія, Таллінн, Вільнюс", "2026-07-15T06:00Z"),
        ("(UTC+02:00) Αθήνα, Βουκουρέστι", "2026-07-15T06:00Z"),
        ("(UTC+03:00) İstanbul", "2026-07-15T06:00Z"),
        ("(UTC+03:00) الكويت، الرياض", "2026-07-15T06:00Z"),
        ("(UTC+02:00) القاهرة", "2026-07-15T06:00Z"),
        ("(UTC+02:00) ירושלים", "2026-07-15T06:00Z"),
        ("(UTC+03:30) تهران", "2026-07-15T05:30Z"),
        ("(UTC+08:00) 北京，重庆，香港特别行政区，乌鲁木齐", "2026-07-15T01:00Z"),
        ("中国标准时间", "2026-07-15T01:00Z"),
        ("台北標準時間", "2026-07-15T01:00Z"),
        ("(UTC+09:00) 大阪、札幌、東京", "2026-07-15T00:00Z"),
        ("東京 (標準時)", "2026-07-15T00:00Z"),
        ("(UTC+09:00) 서울", "2026-07-15T00:00Z"),
        ("대한민국 표준시", "2026-07-15T00:00Z"),
        ("太平洋標準時 (米国およびカナダ)", "2026-07-15T16:00Z"),
    ] {
        let found = read(&meeting(&format!("\"{name}\""), "20260715T090000", ""))
            .unwrap_or_else(|bad| panic!("{name}: {bad}"));
        assert_eq!(utc(&found), instant, "{name}");
        assert_eq!(found.unknown, Vec::<String>::new(), "{name}");
    }
}

/// Reads the only event of a JSCalendar file.
fn read_object(text: &str) -> Result<passerelle_formats::Imported<Event>, passerelle_formats::BadRecord> {
    read_events(text.as_bytes(), EventFormat::JsCalendar).next().unwrap()
}

const OWN_ZONE: &str = r#""standard": [{"start": "1970-10-25T03:00:00", "offsetFrom": "+02:00", "offsetTo": "+01:00",
    "recurrenceRules": [{"frequency": "yearly", "byMonth": ["10"], "byDay": [{"day": "su", "nthOfPeriod": -1}]}]}],
  "daylight": [{"start": "1970-03-29T02:00:00", "offsetFrom": "+01:00", "offsetTo": "+02:00",
    "recurrenceRules": [{"frequency": "yearly", "byMonth": ["3"], "byDay": [{"day": "su", "nthOfPeriod": -1}]}]}]"#;

#[test]
fn a_zone_that_an_object_describes_is_decided_by_its_description() {
    for (zone, instant) in [
        (format!(r#"{{"@type": "TimeZone", "tzId": "Europe/Paris", {OWN_ZONE}}}"#), "2026-07-15T07:00Z"),
        (format!(r#"{{"@type": "TimeZone", {OWN_ZONE}}}"#), "2026-07-15T07:00Z"),
        (r#"{"tzId": "America/New_York"}"#.to_owned(), "2026-07-15T13:00Z"),
        (r#"{"aliases": {"America/New_York": true}}"#.to_owned(), "2026-07-15T13:00Z"),
        (r#"{"standard": [{"start": "1970-01-01T00:00:00", "offsetFrom": "+05:17", "offsetTo": "+05:17"}]}"#.to_owned(), "2026-07-15T03:43Z"),
    ] {
        let text = format!(
            r#"{{"@type": "Event", "uid": "x", "title": "X", "start": "2026-07-15T09:00:00", "timeZone": "/x", "timeZones": {{"/x": {zone}}}}}"#
        );
        let found = read_object(&text).unwrap_or_else(|bad| panic!("{zone}: {bad}"));
        assert_eq!(utc(&found), instant, "{zone}");
        let told = found.unknown.iter().any(|line| line.starts_with("X-PASSERELLE-ZONE;"));
        assert_eq!((found.unknown.len(), told), if instant.contains("03:43") { (1, true) } else { (0, false) }, "{:?}", found.unknown);
    }
    let changed = format!(
        r#"{{"@type": "Event", "uid": "x", "start": "2026-07-15T09:00:00", "timeZone": "/x", "timeZones": {{"/x": {{{OWN_ZONE}}}}},
        "recurrenceRules": [{{"frequency": "daily", "count": 3}}],
        "recurrenceOverrides": {{"2026-07-16T09:00:00": {{"start": "2026-07-16T11:00:00", "timeZone": "/x"}}}}}}"#
    );
    let found = read_object(&changed).unwrap();
    assert_eq!(instants(&found.record)[1].to_rfc3339(), "2026-07-16T09:00:00+00:00");
    let unknown = r#"{"@type": "Event", "uid": "x", "start": "2026-07-15T09:00:00", "timeZone": "/y"}"#;
    assert_eq!(read_object(unknown).unwrap_err().reason.id(), "unknown-zone");
}

#[test]
fn an_all_day_series_that_ends_at_a_moment_ends_on_the_day_of_its_clock() {
    let zone = "X-WR-TIMEZONE:Europe/Paris\n";
    let outlook = "DTSTART;TZID=Romance Standard Time:20260105T000000\nDTEND;TZID=Romance Standard Time:20260106T000000\n\
                   X-MICROSOFT-CDO-ALLDAYEVENT:TRUE";
    let day = "DTSTART;VALUE=DATE:20260105";
    for (head, start, until, rule) in [
        // Midnight of the last day, as Exchange writes it; the last second of it, as Google does.
        ("", outlook, "20260118T230000Z", "FREQ=WEEKLY;UNTIL=20260119"),
        (zone, day, "20260118T230000Z", "FREQ=WEEKLY;UNTIL=20260119"),
        (zone, day, "20260119T225959Z", "FREQ=WEEKLY;UNTIL=20260119"),
        ("X-WR-TIMEZONE:America/Los_Angeles\n", day, "20260119T075959Z", "FREQ=WEEKLY;UNTIL=20260118"),
        // Nothing tells by which clock.
        ("", day, "20260118T230000Z", "FREQ=WEEKLY;UNTIL=20260118T230000Z"),
        (zone, day, "20260119", "FREQ=WEEKLY;UNTIL=20260119"),
        (
            zone,
            "DTSTART;TZID=Europe/Paris:20260105T090000",
            "20260118T230000Z",
            "FREQ=WEEKLY;UNTIL=20260118T230000Z",
        ),
    ] {
        let text = format!(
            "BEGIN:VCALENDAR\n{head}BEGIN:VEVENT\nUID:u\n{start}\nRRULE:FREQ=WEEKLY;UNTIL={until}\nEND:VEVENT\nEND:VCALENDAR\n"
        );
        let found = read_events(text.as_bytes(), EventFormat::ICalendar).next().unwrap().unwrap();
        assert_eq!(found.record.recurrence_rules, [rule], "{text}");
    }
}
