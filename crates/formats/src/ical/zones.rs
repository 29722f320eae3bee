//! Zones as iCalendar names them: by IANA, by Windows, by a description of its own.

use std::collections::BTreeMap;

use calcard::common::timezone::Tz as AnyZone;
use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveDateTime, Offset, TimeDelta, TimeZone, Utc, Weekday};
use chrono_tz::{OffsetComponents, OffsetName, TZ_VARIANTS, Tz};
use passerelle_calendar::{Event, Start, occurrences, parse_zone};

use crate::content::{Component, Line};

/// Finds the IANA name of a zone by any name in use: IANA's own, with a path before it as some
/// programs write, or that of Windows ("Romance Standard Time").
#[must_use]
pub fn zone_name(text: &str) -> Option<String> {
    let text = text.trim();
    if let Some(zone) = parse_zone(text) {
        return Some(zone.name().to_owned());
    }
    match text.parse() {
        // "(UTC+01:00) Bruxelles, Paris" names an offset and some cities: the offset alone would lose summer time.
        Ok(AnyZone::Tz(zone)) if !zone.name().starts_with("Etc/") || !text.starts_with('(') => {
            Some(zone.name().to_owned())
        }
        _ => None,
    }
}

/// Zones that are tried first when only a description is known: several share their clocks.
const COMMON: [&str; 30] = [
    "Europe/Paris",
    "Europe/London",
    "Europe/Athens",
    "Europe/Moscow",
    "Europe/Istanbul",
    "Etc/UTC",
    "America/New_York",
    "America/Chicago",
    "America/Denver",
    "America/Los_Angeles",
    "America/Phoenix",
    "America/Anchorage",
    "America/Halifax",
    "America/St_Johns",
    "America/Sao_Paulo",
    "America/Santiago",
    "Africa/Lagos",
    "Africa/Johannesburg",
    "Asia/Dubai",
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "Asia/Bangkok",
    "Asia/Shanghai",
    "Asia/Tokyo",
    "Australia/Sydney",
    "Australia/Brisbane",
    "Australia/Adelaide",
    "Pacific/Auckland",
    "Pacific/Honolulu",
    "Indian/Reunion",
];

/// What a file says about its zones.
#[derive(Default)]
pub(crate) struct Zones {
    described: BTreeMap<String, Component>,
    found: BTreeMap<String, Option<String>>,
}

impl Zones {
    /// Takes a `VTIMEZONE` over.
    pub(crate) fn describe(&mut self, zone: Component) {
        let name = zone.text("TZID");
        self.found.remove(&name);
        self.described.insert(name, zone);
    }

    /// Finds the IANA name of a zone by what the file calls it.
    pub(crate) fn resolve(&mut self, name: &str, near: NaiveDateTime) -> Option<String> {
        if let Some(found) = self.found.get(name) {
            return found.clone();
        }
        let description = self.described.get(name);
        let located = description.and_then(|zone| zone_name(&zone.text("X-LIC-LOCATION")));
        let found = zone_name(name)
            .or(located)
            .or_else(|| by_clock(description?, near.year()))
            .or_else(|| fixed(name));
        self.found.insert(name.to_owned(), found.clone());
        found
    }

    /// Tells whether a name can be found already, or will never be.
    pub(crate) fn knows(&self, name: &str) -> bool {
        self.described.contains_key(name) || zone_name(name).is_some()
    }
}

/// Finds a zone of whole hours that names its offset.
fn fixed(name: &str) -> Option<String> {
    match name.parse() {
        Ok(AnyZone::Tz(zone)) => Some(zone.name().to_owned()),
        Ok(AnyZone::Fixed(offset)) if offset.local_minus_utc() % 3600 == 0 => {
            let hours = -offset.local_minus_utc() / 3600;
            let zone = if hours == 0 { "Etc/UTC".to_owned() } else { format!("Etc/GMT{hours:+}") };
            parse_zone(&zone).map(|zone| zone.name().to_owned())
        }
        _ => None,
    }
}

/// A change of the clocks, and the offset from then on, in seconds.
struct Onset {
    at: NaiveDateTime,
    from: i32,
    to: i32,
}

/// Finds a zone whose clocks go as described, in one year.
fn by_clock(description: &Component, year: i32) -> Option<String> {
    let year = year.clamp(1970, 2037);
    let first = NaiveDate::from_ymd_opt(year, 1, 1)?;
    let mut onsets: Vec<Onset> =
        description.children.iter().filter_map(|part| onsets_of(part, first)).flatten().collect();
    onsets.sort_by_key(|onset| onset.at);
    let start = onsets.first()?.from;
    let offset_at = |at: NaiveDateTime| {
        onsets.iter().take_while(|onset| onset.at <= at).last().map_or(start, |onset| onset.to)
    };
    let samples: Vec<(NaiveDateTime, i32)> = (0..365 * 4)
        .filter_map(|step| NaiveDateTime::from(first).checked_add_signed(TimeDelta::hours(step * 6)))
        .map(|at| (at, offset_at(at)))
        .collect();
    let fits = |zone: &Tz| samples.iter().all(|(at, offset)| seconds(*zone, *at) == *offset);
    let common = COMMON.iter().filter_map(|name| parse_zone(name));
    let found = common.chain(TZ_VARIANTS.iter().copied()).find(fits);
    found.map(|zone| zone.name().to_owned())
}

fn seconds(zone: Tz, at: NaiveDateTime) -> i32 {
    zone.offset_from_utc_datetime(&at).fix().local_minus_utc()
}

/// Returns the changes that one part of a description makes in a year and the one before.
fn onsets_of(part: &Component, first: NaiveDate) -> Option<Vec<Onset>> {
    let local = local_time(part.text("DTSTART").trim())?;
    let (from, to) = (offset(&part.text("TZOFFSETFROM"))?, offset(&part.text("TZOFFSETTO"))?);
    let rules: Vec<String> =
        part.lines.iter().filter(|line| line.name == "RRULE").map(|line| line.value.clone()).collect();
    let recurring = !rules.is_empty();
    let dates = part.lines.iter().filter(|line| line.name == "RDATE").flat_map(|line| line.value.split(','));
    let dates = dates.filter_map(|text| local_time(text.trim()));
    let mut walls: Vec<NaiveDateTime> = dates.chain((!recurring).then_some(local)).collect();
    if recurring {
        let event =
            Event { start: Some(Start::Floating { local }), recurrence_rules: rules, ..Event::default() };
        let days = first.checked_sub_days(Days::new(366))?..first.checked_add_days(Days::new(366))?;
        walls.extend(occurrences(&event, days, 100).ok()?.list.iter().map(|found| found.start.wall()));
    }
    let before = TimeDelta::seconds(i64::from(from));
    let onsets = walls.into_iter().filter_map(|wall| wall.checked_sub_signed(before));
    Some(onsets.map(|at| Onset { at, from, to }).collect())
}

/// Reads `+0130` or `-013015`, in seconds.
fn offset(text: &str) -> Option<i32> {
    let text = text.trim();
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let number = |at: usize| digits.get(at..at + 2).map_or(Some(0), |two| two.parse::<i32>().ok());
    (digits.len() >= 4).then_some(())?;
    Some(sign * (number(0)? * 3600 + number(2)? * 60 + number(4)?))
}

/// Reads a time without a zone.
pub(crate) fn local_time(text: &str) -> Option<NaiveDateTime> {
    NaiveDateTime::parse_from_str(text, "%Y%m%dT%H%M%S").ok()
}

/// Describes a zone for programs that do not know it: the rules as they are around a year.
pub(crate) fn description(name: &str, year: i32) -> Option<Vec<Line>> {
    let zone = parse_zone(name)?;
    let changes = changes(zone, year - 1, year + 6);
    let mut lines = vec![Line::new("BEGIN", "VTIMEZONE"), Line::text("TZID", name)];
    if changes.is_empty() {
        let first = |year| NaiveDate::from_ymd_opt(year, 1, 1).map(NaiveDateTime::from);
        let (at, now) = (first(1970)?, first(year)?);
        let offset = zone.offset_from_utc_datetime(&now);
        let seconds = offset.fix().local_minus_utc();
        part(&mut lines, false, (seconds, seconds), offset.abbreviation(), &[at], None);
    }
    let mut kinds: Vec<(i32, i32, bool)> =
        changes.iter().map(|change| (change.from, change.to, change.dst)).collect();
    kinds.sort_unstable();
    kinds.dedup();
    for (from, to, dst) in kinds {
        let same: Vec<&Change> =
            changes.iter().filter(|change| (change.from, change.to, change.dst) == (from, to, dst)).collect();
        let walls: Vec<NaiveDateTime> = same.iter().map(|change| change.wall).collect();
        let name = same.first().and_then(|change| change.name.as_deref());
        part(&mut lines, dst, (from, to), name, &walls, yearly(&walls).as_deref());
    }
    lines.push(Line::new("END", "VTIMEZONE"));
    Some(lines)
}

/// A change of the clocks of a zone.
struct Change {
    /// The time on the wall just before.
    wall: NaiveDateTime,
    from: i32,
    to: i32,
    dst: bool,
    name: Option<String>,
}

fn changes(zone: Tz, from: i32, to: i32) -> Vec<Change> {
    let start = |year| NaiveDate::from_ymd_opt(year, 1, 1).map(NaiveDateTime::from);
    let (Some(mut at), Some(end)) = (start(from), start(to)) else { return Vec::new() };
    let mut found = Vec::new();
    while at < end {
        let next = at + TimeDelta::hours(6);
        if seconds(zone, at) != seconds(zone, next) {
            let moment = moment(zone, at, next);
            let offset = zone.offset_from_utc_datetime(&moment);
            let before = seconds(zone, at);
            found.push(Change {
                wall: moment + TimeDelta::seconds(i64::from(before)),
                from: before,
                to: offset.fix().local_minus_utc(),
                dst: !offset.dst_offset().is_zero(),
                name: offset.abbreviation().map(str::to_owned),
            });
        }
        at = next;
    }
    found
}

/// Finds the second between two times at which the clocks change.
fn moment(zone: Tz, before: NaiveDateTime, after: NaiveDateTime) -> NaiveDateTime {
    let (mut low, mut high) = (before, after);
    while high - low > TimeDelta::seconds(1) {
        let middle = low + (high - low) / 2;
        if seconds(zone, middle) == seconds(zone, before) { low = middle } else { high = middle }
    }
    // Halving leaves fractions of a second behind.
    DateTime::<Utc>::from_timestamp(high.and_utc().timestamp(), 0).map_or(high, |at| at.naive_utc())
}

/// Returns the rule that every one of these times follows, if they come yearly and one does.
fn yearly(walls: &[NaiveDateTime]) -> Option<String> {
    let first = walls.first()?;
    let consecutive = walls.windows(2).all(|two| matches!(two, [a, b] if b.year() == a.year() + 1));
    let alike = walls.iter().all(|wall| {
        (wall.month(), wall.weekday(), wall.time()) == (first.month(), first.weekday(), first.time())
    });
    if walls.len() < 3 || !consecutive || !alike {
        return None;
    }
    let last = walls
        .iter()
        .all(|wall| wall.date().checked_add_days(Days::new(7)).is_some_and(|d| d.month() != wall.month()));
    let nth = (first.day() - 1) / 7 + 1;
    let position = if last {
        "-1".to_owned()
    } else if walls.iter().all(|wall| (wall.day() - 1) / 7 + 1 == nth) {
        nth.to_string()
    } else {
        return None;
    };
    let day = match first.weekday() {
        Weekday::Mon => "MO",
        Weekday::Tue => "TU",
        Weekday::Wed => "WE",
        Weekday::Thu => "TH",
        Weekday::Fri => "FR",
        Weekday::Sat => "SA",
        Weekday::Sun => "SU",
    };
    Some(format!("FREQ=YEARLY;BYMONTH={};BYDAY={position}{day}", first.month()))
}

fn part(
    lines: &mut Vec<Line>,
    dst: bool,
    (from, to): (i32, i32),
    name: Option<&str>,
    walls: &[NaiveDateTime],
    rule: Option<&str>,
) {
    let kind = if dst { "DAYLIGHT" } else { "STANDARD" };
    let text = |wall: &NaiveDateTime| wall.format("%Y%m%dT%H%M%S").to_string();
    lines.push(Line::new("BEGIN", kind));
    lines.push(Line::new("DTSTART", walls.first().map(text).unwrap_or_default()));
    lines.push(Line::new("TZOFFSETFROM", offset_text(from)));
    lines.push(Line::new("TZOFFSETTO", offset_text(to)));
    lines.extend(name.map(|name| Line::text("TZNAME", name)));
    match rule {
        Some(rule) => lines.push(Line::new("RRULE", rule)),
        None => lines.extend(walls.iter().skip(1).map(|wall| Line::new("RDATE", text(wall)))),
    }
    lines.push(Line::new("END", kind));
}

fn offset_text(seconds: i32) -> String {
    let (sign, total) = if seconds < 0 { ('-', -seconds) } else { ('+', seconds) };
    let text = format!("{sign}{:02}{:02}", total / 3600, total / 60 % 60);
    if total % 60 == 0 { text } else { format!("{text}{:02}", total % 60) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::content::{Piece, Pieces};

    #[test]
    fn a_zone_is_found_by_any_name_in_use() {
        for (text, name) in [
            ("Europe/Paris", "Europe/Paris"),
            ("Romance Standard Time", "Europe/Paris"),
            ("W. Europe Standard Time", "Europe/Berlin"),
            ("/freeassociation.sourceforge.net/Tzfile/Europe/Ljubljana", "Europe/Ljubljana"),
            ("/mozilla.org/20050126_1/Europe/Paris", "Europe/Paris"),
            ("Z", "Etc/UTC"),
        ] {
            assert_eq!(zone_name(text).as_deref(), Some(name), "{text}");
        }
        assert_eq!(zone_name("Heure de la Lune"), None);
    }

    fn described(name: &str, year: i32) -> Component {
        let mut out = Vec::new();
        for line in description(name, year).unwrap() {
            line.write(&mut out).unwrap();
        }
        match Pieces::new(out.as_slice(), &["VTIMEZONE"]).next() {
            Some(Ok(Piece::Component(zone))) => zone,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_zone_is_found_by_its_description_alone() {
        for name in [
            "Europe/Paris",
            "America/New_York",
            "Australia/Lord_Howe",
            "Asia/Kathmandu",
            "Pacific/Chatham",
            "America/St_Johns",
            "Australia/Sydney",
            "Asia/Tokyo",
            "America/Santiago",
        ] {
            let found = by_clock(&described(name, 2026), 2026).unwrap();
            let (found, zone): (Tz, Tz) = (found.parse().unwrap(), name.parse().unwrap());
            for day in 0..365 {
                let at = NaiveDate::from_ymd_opt(2026, 1, 1).unwrap().and_hms_opt(1, 30, 0).unwrap()
                    + TimeDelta::days(day);
                assert_eq!(seconds(found, at), seconds(zone, at), "{name} {at}");
            }
        }
    }

    #[test]
    fn the_rules_of_paris_are_described_as_everybody_describes_them() {
        let zone = described("Europe/Paris", 2026);
        let rules: Vec<&str> = zone
            .children
            .iter()
            .filter_map(|part| part.get("RRULE"))
            .map(|line| line.value.as_str())
            .collect();
        assert_eq!(rules, ["FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU", "FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU"]);
        assert_eq!(zone.children[0].text("DTSTART"), "20250330T020000");
        assert_eq!(zone.children[0].name, "DAYLIGHT");
    }
}
