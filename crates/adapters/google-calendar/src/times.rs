//! Days, instants and zones, both ways (C62, C90 to C95).

use chrono::{DateTime, NaiveDate, NaiveDateTime, Offset, SecondsFormat, TimeDelta, Utc};
use chrono_tz::Tz;
use passerelle_calendar::{Duration, RecurrenceId, Start, parse_zone};
use serde_json::{Map, Value, json};

use crate::wire::Time;

/// Reads an instant. Offsets of long ago have seconds, which RFC 3339 does not know: `+00:09:21`.
pub(crate) fn instant(text: &str) -> Option<DateTime<Utc>> {
    if let Ok(at) = DateTime::parse_from_rfc3339(text) {
        return Some(at.with_timezone(&Utc));
    }
    let (rest, seconds) = text.rsplit_once(':')?;
    let seconds: u8 = seconds.parse().ok().filter(|seconds| *seconds < 60)?;
    let at = DateTime::parse_from_rfc3339(rest).ok()?;
    let is_west =
        rest.rsplit_once(['+', '-']).is_some_and(|(before, _)| rest[before.len()..].starts_with('-'));
    let more = TimeDelta::seconds(i64::from(seconds));
    let at = if is_west { at.checked_add_signed(more)? } else { at.checked_sub_signed(more)? };
    Some(at.with_timezone(&Utc))
}

/// The zone of a time, by the name we keep: the offset printed is the calendar's, not the event's (C92).
fn zone_of(time: &Time, fallback: &str) -> String {
    match time.time_zone.as_deref().unwrap_or(fallback).trim() {
        "UTC" | "Z" | "GMT" | "" => "Etc/UTC".to_owned(),
        zone => zone.to_owned(),
    }
}

/// Reads a start. `fallback` is the calendar's own zone. Nothing for what we cannot represent, such as a
/// zone nobody knows.
pub(crate) fn start(time: &Time, fallback: &str) -> Option<Start> {
    if let Some(date) = &time.date {
        return Some(Start::Date { date: date.parse().ok()? });
    }
    let zone = zone_of(time, fallback);
    let local = instant(time.date_time.as_deref()?)?.with_timezone(&parse_zone(&zone)?).naive_local();
    Some(Start::Zoned { local, zone })
}

/// Returns the end of an event that names none: that of its day, or its start.
pub(crate) fn end_of(start: &Time) -> Time {
    let next = start.date.as_ref().and_then(|date| date.parse::<NaiveDate>().ok()?.succ_opt());
    Time { date: next.map(|date| date.to_string()).or_else(|| start.date.clone()), ..start.clone() }
}

/// Reads how long an event lasts; an end before the start is none (C90: the end is exclusive). A day that ends where
/// it begins is that day.
pub(crate) fn duration(start: &Time, end: &Time) -> Option<Duration> {
    if let (Some(start), Some(end)) = (&start.date, &end.date) {
        let (start, end): (NaiveDate, NaiveDate) = (start.parse().ok()?, end.parse().ok()?);
        return u32::try_from((end - start).num_days()).ok().map(|days| Duration::days(days.max(1)));
    }
    let between = instant(end.date_time.as_deref()?)? - instant(start.date_time.as_deref()?)?;
    u32::try_from(between.num_seconds()).ok().map(Duration::seconds)
}

/// Writes a start or an end for a PATCH: the members of the other kind are nulled (C94).
pub(crate) fn written(start: &Start) -> Option<Value> {
    match start {
        Start::Date { date } => Some(json!({"date": date.to_string(), "dateTime": null, "timeZone": null})),
        Start::Zoned { zone, .. } => written_at(start.instant()?, zone),
        Start::Floating { .. } => None,
    }
}

/// Writes the end of what begins then and lasts so long, by the clock of `zone`: an instant, because the clock shows
/// an hour twice when summer time ends. `second_time` is when it begins, if that is the later of the two.
pub(crate) fn end_written(
    start: &Start,
    second_time: Option<DateTime<Utc>>,
    duration: Duration,
    zone: &str,
) -> Option<Value> {
    match start {
        Start::Zoned { .. } => {
            let days = start.plus(Duration::days(duration.days))?.instant()?;
            let from = second_time.filter(|_| duration.days == 0).unwrap_or(days);
            let seconds = TimeDelta::seconds(i64::from(duration.seconds));
            written_at(from.checked_add_signed(seconds)?, zone)
        }
        _ => written(&start.plus(duration)?),
    }
}

fn written_at(instant: DateTime<Utc>, zone: &str) -> Option<Value> {
    let at = instant.with_timezone(&parse_zone(zone)?);
    // RFC 3339 knows no seconds of an offset.
    let text = if at.offset().fix().local_minus_utc() % 60 != 0 {
        instant.to_rfc3339_opts(SecondsFormat::Secs, true)
    } else {
        at.to_rfc3339_opts(SecondsFormat::Secs, false)
    };
    Some(json!({"date": null, "dateTime": text, "timeZone": zone}))
}

/// Removes the nulls that only a PATCH needs.
pub(crate) fn without_nulls(members: Map<String, Value>) -> Map<String, Value> {
    members
        .into_iter()
        .filter(|(_, value)| !value.is_null())
        .map(|(name, value)| match value {
            Value::Object(inner) => (name, Value::Object(without_nulls(inner))),
            value => (name, value),
        })
        .collect()
}

/// Names the occurrence that an original start belongs to, by the clock of its series.
pub(crate) fn recurrence_id(original: &Time, series: &Start) -> Option<RecurrenceId> {
    match (series, &original.date) {
        (Start::Date { .. }, Some(date)) => date.parse().ok().map(RecurrenceId::Date),
        (Start::Date { .. }, None) | (_, Some(_)) => None,
        (Start::Zoned { zone, .. }, None) => at(instant(original.date_time.as_deref()?)?, zone),
        // A floating series is kept in a zone at Google; its times are printed by that zone's clock.
        (Start::Floating { .. }, None) => {
            at(instant(original.date_time.as_deref()?)?, original.time_zone.as_deref()?)
        }
    }
}

fn at(instant: DateTime<Utc>, zone: &str) -> Option<RecurrenceId> {
    Some(RecurrenceId::Local(instant.with_timezone(&parse_zone(zone)?).naive_local()))
}

/// Reads the end of an instance id (C64): an original start in UTC, or a day.
pub(crate) fn from_suffix(suffix: &str, series: &Start, zone: &str) -> Option<RecurrenceId> {
    if series.is_all_day() {
        return NaiveDate::parse_from_str(suffix, "%Y%m%d").ok().map(RecurrenceId::Date);
    }
    let utc = NaiveDateTime::parse_from_str(suffix, "%Y%m%dT%H%M%SZ").ok()?.and_utc();
    at(utc, series.zone().unwrap_or(zone))
}

/// Writes the end of an instance id (C64); `zone` is where a floating series is kept.
pub(crate) fn suffix(id: RecurrenceId, series: &Start, zone: &str) -> Option<String> {
    let start = match id.start_in(series) {
        Start::Date { date } => return Some(date.format("%Y%m%d").to_string()),
        Start::Floating { local } => Start::Zoned { local, zone: zone.to_owned() },
        zoned => zoned,
    };
    Some(start.instant()?.format("%Y%m%dT%H%M%SZ").to_string())
}

/// Reads the dates of an `RDATE` or `EXDATE` line, by the clock of the series; nothing for a line that we
/// do not understand in every part.
pub(crate) fn dates(parameters: &str, values: &str, series: &Start, zone: &str) -> Option<Vec<RecurrenceId>> {
    let series_zone = series.zone().unwrap_or(zone);
    let mut line_zone = series_zone;
    for parameter in parameters.split(';').filter(|part| !part.is_empty()) {
        match parameter.split_once('=')? {
            (name, value) if name.eq_ignore_ascii_case("TZID") => line_zone = value,
            (name, value) if name.eq_ignore_ascii_case("VALUE") => {
                let fits = if series.is_all_day() { "DATE" } else { "DATE-TIME" };
                value.eq_ignore_ascii_case(fits).then_some(())?;
            }
            _ => return None,
        }
    }
    values.split(',').map(|value| date(value.trim(), line_zone, series, series_zone)).collect()
}

fn date(text: &str, zone: &str, series: &Start, series_zone: &str) -> Option<RecurrenceId> {
    if series.is_all_day() {
        return NaiveDate::parse_from_str(text, "%Y%m%d").ok().map(RecurrenceId::Date);
    }
    if let Some(utc) = text.strip_suffix('Z') {
        return at(NaiveDateTime::parse_from_str(utc, "%Y%m%dT%H%M%S").ok()?.and_utc(), series_zone);
    }
    let local = NaiveDateTime::parse_from_str(text, "%Y%m%dT%H%M%S").ok()?;
    if zone == series_zone {
        return Some(RecurrenceId::Local(local));
    }
    at(Start::Zoned { local, zone: zone.to_owned() }.instant()?, series_zone)
}

/// Returns the times on the wall at which occurrences are shown: a skipped one is taken forward.
pub(crate) fn shown(ids: &[RecurrenceId], series: &Start, zone: &str) -> Vec<RecurrenceId> {
    let zone = series.zone().unwrap_or(zone);
    let shown = |id: RecurrenceId| match id {
        RecurrenceId::Date(_) => None,
        RecurrenceId::Local(local) => at(Start::Zoned { local, zone: zone.to_owned() }.instant()?, zone),
    };
    ids.iter().map(|id| shown(*id).unwrap_or(*id)).collect()
}

/// Writes an `RDATE` or `EXDATE` line (C61: `VALUE=DATE` for all-day series).
pub(crate) fn date_line(name: &str, ids: &[RecurrenceId], series: &Start, zone: &str) -> Option<String> {
    if ids.is_empty() {
        return None;
    }
    let pattern = if series.is_all_day() { "%Y%m%d" } else { "%Y%m%dT%H%M%S" };
    let values: Vec<String> = ids.iter().map(|id| id.wall().format(pattern).to_string()).collect();
    let values = values.join(",");
    Some(match series {
        Start::Date { .. } => format!("{name};VALUE=DATE:{values}"),
        _ => format!("{name};TZID={}:{values}", series.zone().unwrap_or(zone)),
    })
}

/// Tells whether a zone is one we know.
pub(crate) fn is_known(zone: &str) -> bool {
    parse_zone(zone).is_some_and(|_: Tz| true)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zoned(local: &str, zone: &str) -> Start {
        Start::Zoned { local: local.parse().unwrap(), zone: zone.to_owned() }
    }

    fn timed(at: &str, zone: Option<&str>) -> Time {
        Time { date_time: Some(at.to_owned()), time_zone: zone.map(str::to_owned), ..Time::default() }
    }

    #[test]
    fn starts_are_read_by_their_own_zone_c92() {
        let table = [
            (
                timed("2026-01-10T12:00:00+01:00", Some("Europe/Paris")),
                Some(zoned("2026-01-10T12:00:00", "Europe/Paris")),
            ),
            // The offset is that of the calendar, the zone that of the event.
            (
                timed("2026-01-10T13:00:00-03:00", Some("America/Los_Angeles")),
                Some(zoned("2026-01-10T08:00:00", "America/Los_Angeles")),
            ),
            (timed("2026-07-10T12:00:00Z", Some("UTC")), Some(zoned("2026-07-10T12:00:00", "Etc/UTC"))),
            (timed("2026-07-10T12:00:00Z", None), Some(zoned("2026-07-10T14:00:00", "Europe/Berlin"))),
            (timed("2026-07-10T12:00:00Z", Some("Romance Standard Time")), None),
            (timed("2026-07-10", Some("Europe/Paris")), None),
            (
                Time { date: Some("2026-02-28".into()), ..Time::default() },
                Some(Start::Date { date: "2026-02-28".parse().unwrap() }),
            ),
            (Time::default(), None),
        ];
        for (time, want) in table {
            assert_eq!(start(&time, "Europe/Berlin"), want, "{time:?}");
        }
    }

    #[test]
    fn starts_are_written_with_offset_and_zone_and_the_other_kind_nulled_c91_c94() {
        assert_eq!(
            written(&zoned("2026-07-10T12:00:00", "Europe/Paris")),
            Some(json!({"date": null, "dateTime": "2026-07-10T12:00:00+02:00", "timeZone": "Europe/Paris"}))
        );
        assert_eq!(
            written(&Start::Date { date: "2026-02-28".parse().unwrap() }),
            Some(json!({"date": "2026-02-28", "dateTime": null, "timeZone": null}))
        );
    }

    #[test]
    fn offsets_of_long_ago_have_seconds() {
        for (text, want) in [
            ("1900-01-01T12:09:21+00:09:21", Some("1900-01-01T12:00:00Z")),
            ("1970-07-01T11:15:30-00:44:30", Some("1970-07-01T12:00:00Z")),
            ("0099-01-01T12:09:21+00:09:21", Some("0099-01-01T12:00:00Z")),
            ("1900-01-01T12:00:00Z", Some("1900-01-01T12:00:00Z")),
            ("1900-01-01T12:00:00+00:09:60", None),
            ("1900-01-01T12:00:00", None),
            ("12:00", None),
            ("", None),
        ] {
            assert_eq!(instant(text), want.map(|want| want.parse().unwrap()), "{text}");
        }
        let written = |start: Start| written(&start).unwrap()["dateTime"].clone();
        assert_eq!(written(zoned("1900-01-01T12:09:21", "Europe/Paris")), "1900-01-01T12:00:00Z");
        assert_eq!(written(zoned("1912-01-01T12:00:00", "Europe/Paris")), "1912-01-01T12:00:00+00:00");
    }

    #[test]
    fn an_end_in_the_hour_that_comes_twice_is_an_instant() {
        for (local, seconds, want) in [
            ("2026-10-25T01:30:00", 7200, "2026-10-25T02:30:00+01:00"),
            ("2026-10-25T01:30:00", 3600, "2026-10-25T02:30:00+02:00"),
            ("2026-10-25T02:30:00", 3600, "2026-10-25T02:30:00+01:00"),
            ("2026-03-29T01:30:00", 3600, "2026-03-29T03:30:00+02:00"),
        ] {
            let start = zoned(local, "Europe/Paris");
            let end = end_written(&start, None, Duration::seconds(seconds), "Europe/Paris").unwrap();
            assert_eq!(end["dateTime"], want, "{local} {seconds}");
            let read = |value: &Value| serde_json::from_value::<Time>(value.clone()).unwrap();
            let length = duration(&read(&written(&start).unwrap()), &read(&end));
            assert_eq!(length, Some(Duration::seconds(seconds)), "{local} {seconds}");
        }
    }

    #[test]
    fn an_end_is_exclusive_c90() {
        let day = |date: &str| Time { date: Some(date.into()), ..Time::default() };
        assert_eq!(duration(&day("2026-03-28"), &day("2026-03-30")), Some(Duration::days(2)));
        assert_eq!(duration(&day("2026-03-28"), &day("2026-03-28")), Some(Duration::days(1)));
        let across_the_change =
            duration(&timed("2026-03-28T12:00:00+01:00", None), &timed("2026-03-29T12:00:00+02:00", None));
        assert_eq!(across_the_change, Some(Duration::seconds(23 * 3600)));
        assert_eq!(duration(&day("2026-03-30"), &day("2026-03-28")), None);
    }

    #[test]
    fn instance_ids_follow_summer_time_c64() {
        let series = zoned("2026-03-02T09:00:00", "America/Los_Angeles");
        for (local, want) in
            [("2026-03-02T09:00:00", "20260302T170000Z"), ("2026-03-09T09:00:00", "20260309T160000Z")]
        {
            let id = RecurrenceId::Local(local.parse().unwrap());
            assert_eq!(suffix(id, &series, "").as_deref(), Some(want));
            assert_eq!(from_suffix(want, &series, ""), Some(id));
        }
        let days = Start::Date { date: "2026-01-05".parse().unwrap() };
        let id = RecurrenceId::Date("2026-01-06".parse().unwrap());
        assert_eq!(suffix(id, &days, "").as_deref(), Some("20260106"));
        assert_eq!(from_suffix("20260106", &days, ""), Some(id));
    }

    #[test]
    fn date_lines_are_read_and_written_c61() {
        let series = zoned("2026-01-05T09:00:00", "Europe/Paris");
        let id = |local: &str| RecurrenceId::Local(local.parse().unwrap());
        let table = [
            (
                "TZID=Europe/Paris",
                "20260112T090000,20260119T090000",
                Some(vec![id("2026-01-12T09:00:00"), id("2026-01-19T09:00:00")]),
            ),
            ("", "20260112T080000Z", Some(vec![id("2026-01-12T09:00:00")])),
            (
                "VALUE=DATE-TIME;TZID=America/New_York",
                "20260112T030000",
                Some(vec![id("2026-01-12T09:00:00")]),
            ),
            ("VALUE=PERIOD", "20260112T080000Z/PT1H", None),
            ("VALUE=DATE", "20260112", None),
        ];
        for (parameters, values, want) in table {
            assert_eq!(dates(parameters, values, &series, ""), want, "{parameters} {values}");
        }
        let ids = [id("2026-01-12T09:00:00"), id("2026-01-19T09:00:00")];
        assert_eq!(
            date_line("EXDATE", &ids, &series, "").as_deref(),
            Some("EXDATE;TZID=Europe/Paris:20260112T090000,20260119T090000")
        );
        let days = Start::Date { date: "2026-01-05".parse().unwrap() };
        let day = [RecurrenceId::Date("2026-01-06".parse().unwrap())];
        assert_eq!(date_line("RDATE", &day, &days, "").as_deref(), Some("RDATE;VALUE=DATE:20260106"));
        assert_eq!(date_line("RDATE", &[], &days, ""), None);
    }
}
