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
