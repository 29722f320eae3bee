//! Starts and the names of occurrences: their text form, and the one way from a wall to an instant.

use std::{fmt, str::FromStr};

use chrono::{DateTime, Days, NaiveDate, NaiveDateTime, Offset, TimeDelta, TimeZone, Timelike, Utc};
use chrono_tz::Tz;

use crate::{Duration, Event, RecurrenceId, Start};

/// The text is no start, or no name of an occurrence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a date or a local time")]
pub struct StartError;

/// Finds a zone by its IANA name. `Z` counts as UTC; names of other systems are not known here.
#[must_use]
pub fn parse_zone(name: &str) -> Option<Tz> {
    match name.trim() {
        "Z" | "z" | "utc" => Some(Tz::Etc__UTC),
        name => name.parse().ok(),
    }
}

/// Returns the instant of a time on the wall: a skipped time is taken forward by the gap, a
/// repeated one is its first occurrence.
fn resolve(local: NaiveDateTime, zone: Tz) -> Option<DateTime<Utc>> {
    if let Some(found) = zone.from_local_datetime(&local).earliest() {
        return Some(found.with_timezone(&Utc));
    }
    let day_before = local.checked_sub_days(Days::new(1))?;
    let offset = zone.offset_from_utc_datetime(&day_before).fix();
    local.checked_sub_offset(offset).map(|utc| utc.and_utc())
}

impl Start {
    /// Makes a start in UTC.
    #[must_use]
    pub fn utc(instant: DateTime<Utc>) -> Self {
        Start::Zoned { local: instant.naive_utc(), zone: "Etc/UTC".to_owned() }
    }

    /// Makes a start of an instant, by the clock of a zone.
    #[must_use]
    pub fn at(instant: DateTime<Utc>, zone: Tz) -> Self {
        let local = instant.with_timezone(&zone).naive_local();
        Start::Zoned { local, zone: zone.name().to_owned() }
    }

    /// Tells whether this is a day and not an hour.
    #[must_use]
    pub fn is_all_day(&self) -> bool {
        matches!(self, Start::Date { .. })
    }

    /// Returns the time on the wall; midnight for a day.
    #[must_use]
    pub fn wall(&self) -> NaiveDateTime {
        match self {
            Start::Date { date } => (*date).into(),
            Start::Zoned { local, .. } | Start::Floating { local } => *local,
        }
    }

    /// Returns the day on the wall.
    #[must_use]
    pub fn date(&self) -> NaiveDate {
        self.wall().date()
    }

    /// Returns the name of the zone, if there is one.
    #[must_use]
    pub fn zone(&self) -> Option<&str> {
        match self {
            Start::Zoned { zone, .. } => Some(zone),
            Start::Date { .. } | Start::Floating { .. } => None,
        }
    }

    /// Returns the instant. A day and a floating time have none; nor has a zone nobody knows.
    ///
    /// A time that a change of the clocks skips is taken forward by the length of the gap; a time
    /// that occurs twice is its first occurrence.
    #[must_use]
    pub fn instant(&self) -> Option<DateTime<Utc>> {
        match self {
            Start::Zoned { local, zone } => resolve(*local, parse_zone(zone)?),
            Start::Date { .. } | Start::Floating { .. } => None,
        }
    }

    /// Returns the time a duration later: its days by the calendar, then its seconds exactly.
    ///
    /// Nothing beyond the calendar's end, and nothing in a zone nobody knows.
    #[must_use]
    pub fn plus(&self, duration: Duration) -> Option<Start> {
        let wall = self.wall().checked_add_days(Days::new(u64::from(duration.days)))?;
        let seconds = TimeDelta::seconds(i64::from(duration.seconds));
        Some(match self {
            Start::Date { .. } => Start::Date { date: wall.checked_add_signed(seconds)?.date() },
            Start::Floating { .. } => Start::Floating { local: wall.checked_add_signed(seconds)? },
            Start::Zoned { zone, .. } => {
                let zone_of = parse_zone(zone)?;
                let local = if duration.seconds == 0 {
                    wall
                } else {
                    let end = resolve(wall, zone_of)?.checked_add_signed(seconds)?;
                    end.with_timezone(&zone_of).naive_local()
                };
                Start::Zoned { local, zone: zone.clone() }
            }
        })
    }

    /// Returns how long it is from this start to an end, as exact seconds or, between days, in days.
    ///
    /// Nothing if the end comes first, or if one is a day and the other is not.
    #[must_use]
    pub fn until(&self, end: &Start) -> Option<Duration> {
        match (self, end) {
            (Start::Date { date }, Start::Date { date: end }) => {
                u32::try_from((*end - *date).num_days()).ok().map(Duration::days)
            }
            (Start::Date { .. }, _) | (_, Start::Date { .. }) => None,
            _ => {
                let between = match (self.instant(), end.instant()) {
                    (Some(start), Some(end)) => end - start,
                    _ => end.wall() - self.wall(),
                };
                u32::try_from(between.num_seconds()).ok().map(Duration::seconds)
            }
        }
    }
}

impl fmt::Display for Start {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Start::Date { date } => write!(f, "{date}"),
            Start::Floating { local } => write!(f, "{}", text_of(*local)),
            Start::Zoned { local, zone } => write!(f, "{}[{zone}]", text_of(*local)),
        }
    }
}

impl FromStr for Start {
    type Err = StartError;

    fn from_str(text: &str) -> Result<Self, StartError> {
        if let Some((local, zone)) = text.split_once('[') {
            let zone = zone.strip_suffix(']').ok_or(StartError)?.to_owned();
            return Ok(Start::Zoned { local: local_of(local)?, zone });
        }
        Ok(match text.parse()? {
            RecurrenceId::Date(date) => Start::Date { date },
            RecurrenceId::Local(local) => Start::Floating { local },
        })
    }
}

fn text_of(local: NaiveDateTime) -> impl fmt::Display {
    local.format("%Y-%m-%dT%H:%M:%S%.f")
}

fn local_of(text: &str) -> Result<NaiveDateTime, StartError> {
    let read = NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f");
    read.map(without_leap_second).map_err(|_| StartError)
}

/// Returns the second before a leap second, which is what one is read as (RFC 5545 §3.3.12).
#[must_use]
pub fn without_leap_second(local: NaiveDateTime) -> NaiveDateTime {
    let leap = local.nanosecond() >= 1_000_000_000;
    local.with_nanosecond(0).filter(|_| leap).unwrap_or(local)
}

impl RecurrenceId {
    /// Names the occurrence that begins at a start, in the words of its series.
    #[must_use]
    pub fn of(start: &Start) -> Self {
        match start {
            Start::Date { date } => RecurrenceId::Date(*date),
            Start::Zoned { local, .. } | Start::Floating { local } => RecurrenceId::Local(*local),
        }
    }

    /// Names the occurrence of a timed series that begins at an instant, by the clock of its zone.
    /// Nothing for a series without a zone.
    #[must_use]
    pub fn at(instant: DateTime<Utc>, series: &Start) -> Option<Self> {
        let zone = parse_zone(series.zone()?)?;
        Some(RecurrenceId::Local(instant.with_timezone(&zone).naive_local()))
    }

    /// Returns the time on the wall that a change of the clocks skips and that is taken forward to this one.
    pub(crate) fn skipped(self, zone: &str) -> Option<Self> {
        let RecurrenceId::Local(local) = self else { return None };
        let zone = parse_zone(zone)?;
        let instant = resolve(local, zone)?;
        let day_before = local.checked_sub_days(Days::new(1))?;
        let offset = zone.offset_from_utc_datetime(&day_before).fix();
        let skipped = instant.naive_utc().checked_add_offset(offset)?;
        (skipped != local && resolve(skipped, zone) == Some(instant)).then_some(RecurrenceId::Local(skipped))
    }

    /// Returns when the occurrence begins, in a series that begins at `series`.
    #[must_use]
    pub fn start_in(self, series: &Start) -> Start {
        match series {
            Start::Date { .. } => Start::Date { date: self.wall().date() },
            Start::Floating { .. } => Start::Floating { local: self.wall() },
            Start::Zoned { zone, .. } => Start::Zoned { local: self.wall(), zone: zone.clone() },
        }
    }

    /// Returns the time on the wall; midnight for a day.
    #[must_use]
    pub fn wall(self) -> NaiveDateTime {
        match self {
            RecurrenceId::Date(date) => date.into(),
            RecurrenceId::Local(local) => local,
        }
    }
}

impl fmt::Display for RecurrenceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RecurrenceId::Date(date) => write!(f, "{date}"),
            RecurrenceId::Local(local) => write!(f, "{}", text_of(*local)),
        }
    }
}

impl FromStr for RecurrenceId {
    type Err = StartError;

    fn from_str(text: &str) -> Result<Self, StartError> {
        if text.contains('T') {
            local_of(text).map(RecurrenceId::Local)
        } else {
            text.parse().map(RecurrenceId::Date).map_err(|_| StartError)
        }
    }
}

macro_rules! as_text {
    ($($name:ident)*) => {$(
        impl TryFrom<String> for $name {
            type Error = StartError;

            fn try_from(text: String) -> Result<Self, StartError> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> String {
                value.to_string()
            }
        }
    )*};
}

as_text!(Start RecurrenceId);

impl Event {
    /// Tells whether this is an all-day event.
    #[must_use]
    pub fn is_all_day(&self) -> bool {
        self.start.as_ref().is_some_and(Start::is_all_day)
    }

    /// Returns when the first occurrence ends; for an all-day event, the day after its last.
    #[must_use]
    pub fn end(&self) -> Option<Start> {
        self.start.as_ref()?.plus(self.duration)
    }

    /// Tells whether this is a series.
    #[must_use]
    pub fn is_recurring(&self) -> bool {
        !self.recurrence_rules.is_empty() || !self.recurrence_dates.is_empty()
    }

    /// Returns when a series takes place by its rules and added dates, and nothing else of it: neither its guests nor its
    /// changed occurrences, of which there may be thousands.
    #[must_use]
    pub fn rules_alone(&self) -> Self {
        Event {
            start: self.start.clone(),
            recurrence_rules: self.recurrence_rules.clone(),
            excluded_recurrence_rules: self.excluded_recurrence_rules.clone(),
            recurrence_dates: self.recurrence_dates.clone(),
            ..Event::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start(text: &str) -> Start {
        text.parse().unwrap()
    }

    #[test]
    fn a_start_is_written_as_it_is_read() {
        for text in [
            "2026-11-23",
            "2026-11-23T09:00:00",
            "2026-11-23T09:00:00[Europe/Paris]",
            "2026-11-23T09:00:00[]",
        ] {
            assert_eq!(start(text).to_string(), text);
        }
        for text in ["", "2026-02-30", "2026-11-23T25:00:00", "2026-11-23T09:00:00[Europe/Paris", "09:00"] {
            assert_eq!(text.parse::<Start>(), Err(StartError), "{text}");
        }
    }

    #[test]
    fn a_time_on_the_wall_is_one_instant() {
        for (text, instant) in [
            ("2026-07-01T09:00:00[Europe/Paris]", "2026-07-01T07:00:00Z"),
            ("2026-12-01T09:00:00[Europe/Paris]", "2026-12-01T08:00:00Z"),
            // Skipped, then repeated: Paris, New York, Lord Howe (by half an hour), Santiago (midnight).
            ("2026-03-29T02:30:00[Europe/Paris]", "2026-03-29T01:30:00Z"),
            ("2026-10-25T02:30:00[Europe/Paris]", "2026-10-25T00:30:00Z"),
            ("2026-03-08T02:30:00[America/New_York]", "2026-03-08T07:30:00Z"),
            ("2026-11-01T01:30:00[America/New_York]", "2026-11-01T05:30:00Z"),
            ("2026-10-04T02:15:00[Australia/Lord_Howe]", "2026-10-03T15:45:00Z"),
            ("2026-04-05T01:45:00[Australia/Lord_Howe]", "2026-04-04T14:45:00Z"),
            ("2026-09-06T00:30:00[America/Santiago]", "2026-09-06T04:30:00Z"),
            // A whole day that Samoa never had.
            ("2011-12-30T12:00:00[Pacific/Apia]", "2011-12-30T22:00:00Z"),
            // Offsets of 30 and 45 minutes.
            ("2026-07-01T09:00:00[Asia/Kolkata]", "2026-07-01T03:30:00Z"),
            ("2026-07-01T09:00:00[Asia/Kathmandu]", "2026-07-01T03:15:00Z"),
            ("2026-07-01T09:00:00[Pacific/Chatham]", "2026-06-30T20:15:00Z"),
            ("2026-07-01T09:00:00[Z]", "2026-07-01T09:00:00Z"),
        ] {
            assert_eq!(start(text).instant(), Some(instant.parse().unwrap()), "{text}");
        }
    }

    #[test]
    fn days_and_floating_times_are_no_instants() {
        for text in ["2026-11-23", "2026-11-23T09:00:00", "2026-11-23T09:00:00[Mars/Olympus]"] {
            assert_eq!(start(text).instant(), None, "{text}");
        }
    }

    #[test]
    fn an_end_counts_days_on_the_wall_and_seconds_exactly() {
        for (text, duration, end) in [
            ("2026-10-24", "P2D", "2026-10-26"),
            ("2026-10-24T12:00:00[Europe/Paris]", "P1D", "2026-10-25T12:00:00[Europe/Paris]"),
            ("2026-10-24T12:00:00[Europe/Paris]", "PT24H", "2026-10-25T11:00:00[Europe/Paris]"),
            ("2026-03-28T12:00:00[Europe/Paris]", "PT24H", "2026-03-29T13:00:00[Europe/Paris]"),
            ("2026-03-28T12:00:00", "PT24H", "2026-03-29T12:00:00"),
            ("2026-10-03T23:00:00[Australia/Lord_Howe]", "PT4H", "2026-10-04T03:30:00[Australia/Lord_Howe]"),
        ] {
            let end = start(end);
            assert_eq!(start(text).plus(duration.parse().unwrap()), Some(end.clone()), "{text}");
            assert!(start(text).until(&end).is_some());
        }
        assert_eq!(start("2026-10-24").until(&start("2026-10-23")), None);
        assert_eq!(start("2026-10-24").until(&start("2026-10-24T10:00:00")), None);
        assert_eq!(
            start("2026-01-01T10:00:00[Asia/Tokyo]").until(&start("2026-01-01T03:00:00[Europe/Paris]")),
            Some(Duration::seconds(3600))
        );
    }

    #[test]
    fn an_occurrence_is_named_by_the_clock_of_its_series() {
        let series = start("2026-10-24T12:00:00[Europe/Paris]");
        let id = RecurrenceId::at("2026-10-25T11:00:00Z".parse().unwrap(), &series).unwrap();
        assert_eq!(id.to_string(), "2026-10-25T12:00:00");
        assert_eq!(id.start_in(&series), start("2026-10-25T12:00:00[Europe/Paris]"));
        assert_eq!("2026-10-25".parse(), Ok(RecurrenceId::Date(start("2026-10-25").date())));
    }
}
