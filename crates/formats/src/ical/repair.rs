//! Lines with a zone that programs wrote without the quotes it needs, and times as they write them.

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use passerelle_calendar::{Duration, without_leap_second};

use crate::content::{Component, Line};

const TIMES: [&str; 6] = ["DTSTART", "DTEND", "DUE", "RECURRENCE-ID", "EXDATE", "RDATE"];

/// Puts the zones of a component together again where a colon, a comma or a semicolon cut them.
pub(crate) fn repair(component: &mut Component) {
    for line in component.lines.iter_mut().filter(|line| TIMES.contains(&line.name.as_str())) {
        repair_line(line);
    }
}

fn repair_line(line: &mut Line) {
    // `DTSTART:TZID=Europe/Paris:20260715T090000`
    if let Some((name, time)) = line.value.strip_prefix("TZID=").and_then(|rest| rest.rsplit_once(':')) {
        line.params.push(("TZID".to_owned(), vec![name.to_owned()]));
        line.value = time.to_owned();
    }
    let mut more = BTreeSet::new();
    let mut time = None;
    for (name, values) in line.params.iter_mut().filter(|(name, _)| name == "TZID") {
        let mut zone = values.join(", ");
        // `TZID=tzone://Microsoft/Utc:20260715T090000`, `TZID=(UTC+01:00) Paris;VALUE=DATE-TIME:20260715T090000`
        if let Some((rest, after)) = line.value.rsplit_once(':').filter(|(_, after)| is_time(after)) {
            let mut parts = rest.split(';');
            zone = format!("{zone}:{}", parts.next().unwrap_or_default());
            more.extend(parts.filter_map(|part| part.split_once('=')));
            time = Some(after);
        }
        *values = vec![zone];
        debug_assert_eq!(name, "TZID");
    }
    let more: Vec<(String, Vec<String>)> =
        more.into_iter().map(|(name, value)| (name.to_ascii_uppercase(), vec![value.to_owned()])).collect();
    line.params.extend(more);
    if let Some(time) = time {
        line.value = time.to_owned();
    }
}

fn is_time(text: &str) -> bool {
    text.trim().bytes().take(8).filter(u8::is_ascii_digit).count() == 8
}

/// A date or a time as a file has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum When {
    /// A day.
    Day(NaiveDate),
    /// A time on the wall.
    Wall(NaiveDateTime),
    /// A moment.
    Moment(DateTime<Utc>),
}

/// Reads a date or a time: as the standard has it, without seconds, with an offset, with marks between.
pub(crate) fn when(text: &str) -> Option<When> {
    let text: String = text.trim().to_ascii_uppercase().replace(' ', "T");
    let (text, zulu) = match text.strip_suffix('Z') {
        Some(text) => (text, true),
        None => (text.as_str(), false),
    };
    let (day, time) = text.split_once('T').unwrap_or((text, ""));
    let date =
        NaiveDate::parse_from_str(&day.replace(['-', '/'], ""), "%Y%m%d").ok().filter(|_| day.len() >= 8)?;
    if time.is_empty() {
        return Some(When::Day(date));
    }
    let (time, offset) = match time.find(['+', '-']) {
        Some(at) => (time.get(..at)?, Some(time.get(at..)?)),
        None => (time, None),
    };
    let time = time.split('.').next()?.replace(':', "");
    let padded = if time.len() == 4 { format!("{time}00") } else { time };
    let local = match padded.strip_prefix("24") {
        Some("0000") => date.succ_opt()?.into(),
        _ => date.and_time(chrono::NaiveTime::parse_from_str(&padded, "%H%M%S").ok()?),
    };
    let local = without_leap_second(local);
    Some(match offset {
        Some(offset) => {
            let written = format!("{} {}", local.format("%Y%m%dT%H%M%S"), offset.replace(':', ""));
            When::Moment(DateTime::parse_from_str(&written, "%Y%m%dT%H%M%S %z").ok()?.to_utc())
        }
        None if zulu => When::Moment(local.and_utc()),
        None => When::Wall(local),
    })
}

/// Reads a length, and whether it goes back in time: also `P`, `PT` and `-P`, which some programs write for none.
pub(crate) fn length(text: &str) -> Option<(bool, Duration)> {
    let text = text.trim().to_ascii_uppercase();
    let (back, length) = match text.strip_prefix('-') {
        Some(length) => (true, length.trim()),
        None => (false, text.strip_prefix('+').unwrap_or(&text).trim()),
    };
    if matches!(length, "P" | "PT" | "0") {
        return Some((back, Duration::default()));
    }
    length.trim_end_matches('T').parse().ok().map(|length| (back, length))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn repaired(text: &str) -> (Option<String>, String) {
        let mut line = Line::parse(1, text.as_bytes().to_vec()).unwrap();
        repair_line(&mut line);
        (line.param("TZID").map(str::to_owned), line.value)
    }

    #[test]
    fn a_zone_without_its_quotes_is_put_together() {
        for (text, zone) in [
            ("DTSTART;TZID=tzone://Microsoft/Utc:20260715T090000", "tzone://Microsoft/Utc"),
            ("DTSTART;TZID=(UTC+01:00) Bruxelles, Paris:20260715T090000", "(UTC+01:00) Bruxelles, Paris"),
            ("DTSTART;VALUE=DATE-TIME;TZID=\"(UTC+01:00) Paris\":20260715T090000", "(UTC+01:00) Paris"),
            ("DTSTART;TZID=GMT+01:00;VALUE=DATE-TIME:20260715T090000", "GMT+01:00"),
            ("DTSTART:TZID=Europe/Paris:20260715T090000", "Europe/Paris"),
            (
                "EXDATE;TZID=http://tzurl.org/Europe/Paris:20260715T090000,20260716T090000",
                "http://tzurl.org/Europe/Paris",
            ),
        ] {
            let (found, value) = repaired(text);
            assert_eq!(found.as_deref(), Some(zone), "{text}");
            assert!(value.starts_with("20260715T090000"), "{value}");
        }
        assert_eq!(repaired("DTSTART:20260715T090000"), (None, "20260715T090000".into()));
    }

    #[test]
    fn a_time_is_read_as_programs_write_it() {
        for (text, wanted) in [
            ("20260715T090000Z", "Moment(2026-07-15T09:00:00Z)"),
            ("20260715T090000", "Wall(2026-07-15T09:00:00)"),
            ("20260715T0900", "Wall(2026-07-15T09:00:00)"),
            ("20260715t090000z", "Moment(2026-07-15T09:00:00Z)"),
            ("2026-07-15T09:00:00", "Wall(2026-07-15T09:00:00)"),
            ("2026-07-15", "Day(2026-07-15)"),
            ("20260715", "Day(2026-07-15)"),
            ("20260715T240000", "Wall(2026-07-16T00:00:00)"),
            ("20260715T090000+0200", "Moment(2026-07-15T07:00:00Z)"),
            ("20260715T090000.000Z", "Moment(2026-07-15T09:00:00Z)"),
            ("20161231T235960Z", "Moment(2016-12-31T23:59:59Z)"),
            ("20161231T235960", "Wall(2016-12-31T23:59:59)"),
            ("2017-01-01T00:59:60+01:00", "Moment(2016-12-31T23:59:59Z)"),
        ] {
            assert_eq!(when(text).map(|when| format!("{when:?}")).as_deref(), Some(wanted), "{text}");
        }
        for text in ["", "20260230", "20260715T250000", "T090000", "2026", "20260715T", "demain"] {
            assert_eq!(when(text).filter(|when| !matches!(when, When::Day(_))), None, "{text}");
        }
    }
}
