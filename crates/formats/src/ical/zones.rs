//! Zones as iCalendar names them: by IANA, by Windows, by a description of its own.

mod clock;
mod names;
mod places;

use std::{
    cell::RefCell,
    collections::{BTreeSet, HashMap},
    ops::RangeInclusive,
    rc::Rc,
};

use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveDateTime, Offset, TimeDelta, TimeZone, Utc, Weekday};
use chrono_tz::{OffsetComponents, OffsetName, Tz};
use passerelle_calendar::{Event, Start, occurrences, parse_zone};

pub(super) use self::clock::offset;
use self::{
    clock::{Clock, YEARS, is_broken, seconds},
    names::{Named, named},
};
use super::{
    own,
    repair::{When, when},
    rule::rule_of,
};
use crate::content::{Component, Line};

/// Finds the IANA name of a zone by any name in use: IANA's own in any spelling, with a path before it as
/// some programs write, or that of Windows ("Romance Standard Time", "(UTC+01:00) Bruxelles, Paris").
#[must_use]
pub fn zone_name(text: &str) -> Option<String> {
    match named(text, 2026) {
        Named::Offset(offset) => of_offset(offset).map(|zone| zone.name().to_owned()),
        found => found.zone().map(|zone| zone.name().to_owned()),
    }
}

/// Tells whether a text names a zone by itself, so that only a description of its own can say otherwise.
#[must_use]
pub fn names_a_zone(text: &str) -> bool {
    !matches!(named(text, 2026), Named::Abbreviation(..) | Named::Offset(_) | Named::Unknown)
}

/// Finds the zone of a whole number of hours.
fn of_offset(offset: i32) -> Option<Tz> {
    let hours = -offset / 3600;
    let name = if hours == 0 { "Etc/UTC".to_owned() } else { format!("Etc/GMT{hours:+}") };
    if offset % 3600 == 0 { parse_zone(&name) } else { None }
}

/// The longest time in which the clocks of a series are compared, in years.
const SPAN: i32 = 12;

/// What was found for a name, by the years of the event.
type ByYears = HashMap<RangeInclusive<i32>, (Found, Option<Rc<Clock>>)>;

/// A clock, the zone that its name says, that of the calendar, and the time on which they have to agree.
type Asked = (Rc<Clock>, Option<Tz>, Option<Tz>, NaiveDateTime);

/// What was found for clocks, in all calendars of a file.
#[derive(Default)]
struct Nearest {
    found: HashMap<Asked, Option<(Tz, bool)>>,
    misses: HashMap<Rc<Clock>, Rc<Vec<usize>>>,
}

/// How many answers are remembered.
const REMEMBERED: usize = 10_000;

/// For how many clocks it is remembered how far each zone is from them.
const CLOCKS: usize = 500;

impl Nearest {
    fn to(&mut self, asked: Asked) -> Option<(Tz, bool)> {
        if let Some(known) = self.found.get(&asked) {
            return *known;
        }
        let (clock, hint, calendar, near) = &asked;
        let known = self.misses.get(clock).cloned();
        let misses = known.unwrap_or_else(|| Rc::new(clock.misses()));
        if self.misses.len() < CLOCKS {
            self.misses.insert(Rc::clone(clock), Rc::clone(&misses));
        }
        let hints: Vec<Tz> = hint.iter().chain(calendar).copied().collect();
        let found = clock.nearest(&misses, *near, &hints);
        if self.found.len() < REMEMBERED {
            self.found.insert(asked, found);
        }
        found
    }
}

/// What a file says about its zones.
#[derive(Default)]
pub(crate) struct Zones {
    described: HashMap<String, Component>,
    /// What was found, and by which clock, for the years of an event.
    found: HashMap<String, ByYears>,
    nearest: Rc<RefCell<Nearest>>,
    /// The zone of the whole calendar (`X-WR-TIMEZONE`).
    calendar: Option<Tz>,
    /// The years of the event that is read.
    years: Option<RangeInclusive<i32>>,
    series: bool,
    /// The series that is read, as far as it says when it takes place.
    rules: Vec<Line>,
    /// When it takes place, worked out when it is asked for.
    walls: Option<Rc<Vec<NaiveDateTime>>>,
    /// What was found for a name by all occurrences of the series.
    by_series: HashMap<String, Option<Found>>,
    /// The clocks that say otherwise than the names that they go by, by the years of the event.
    contradicting: HashMap<(String, RangeInclusive<i32>), Option<Rc<Clock>>>,
    /// What was taken for what in this event, where it is a guess.
    guessed: BTreeSet<(String, String)>,
}

/// What was found for a name.
#[derive(Clone, Debug, PartialEq)]
enum Found {
    /// A zone, and whether its clock is known to be the one that is meant.
    Zone(Tz, bool),
    /// Only a clock that no zone has.
    Clock(Rc<Clock>),
    Nothing,
}

impl Zones {
    /// Begins another calendar of the same file: the same clock means the same zone.
    pub(crate) fn another(&self) -> Zones {
        Zones { nearest: Rc::clone(&self.nearest), ..Zones::default() }
    }

    /// Takes a `VTIMEZONE` over.
    pub(crate) fn describe(&mut self, zone: Component) {
        let name = key(&zone.text("TZID"));
        self.found.retain(|known, _| key(known) != name);
        self.contradicting.retain(|(known, _), _| *known != name);
        self.described.insert(name, zone);
    }

    /// Takes the zone of a calendar over; an empty one begins another calendar.
    pub(crate) fn set_calendar(&mut self, name: &str) {
        self.calendar = match named(name, 2026) {
            Named::Offset(offset) => of_offset(offset),
            found => found.zone(),
        };
        self.found.clear();
    }

    /// Begins an event: its own years decide which clock is meant.
    pub(crate) fn enter(&mut self, event: &Component) {
        self.guessed.clear();
        let start = event.get("DTSTART").and_then(|line| year(&line.value));
        let rules = event.lines.iter().filter(|line| line.name == "RRULE");
        let first = start.unwrap_or(2026).clamp(*YEARS.start(), *YEARS.end());
        let ends = rules.map(|line| last_year(&line.value.to_ascii_uppercase(), first));
        let dates = event.lines.iter().filter(|line| line.name == "RDATE");
        let dates = dates.flat_map(|line| line.value.split(',')).filter_map(year);
        let last = ends.chain(dates).max().unwrap_or(first).min(*YEARS.end()).clamp(first, first + SPAN);
        self.series = event.get("RRULE").is_some();
        self.walls = None;
        self.by_series.clear();
        let is_time = |line: &&Line| matches!(line.name.as_str(), "DTSTART" | "RRULE");
        self.rules = event.lines.iter().filter(|line| self.series && is_time(line)).cloned().collect();
        self.years = Some(first..=last);
    }

    /// Returns what was guessed in the event, as lines to be kept.
    pub(crate) fn guesses(&mut self) -> Vec<String> {
        let guessed = std::mem::take(&mut self.guessed);
        let line =
            |(name, zone): (String, String)| Line::text(own::ZONE, &name).with("X-TAKEN-AS", zone).to_text();
        guessed.into_iter().map(line).collect()
    }

    /// Returns the zone of the calendar.
    pub(crate) fn calendar(&self) -> Option<Tz> {
        self.calendar
    }

    /// Finds the start that a time on the wall is in a zone that the file names.
    pub(crate) fn start(&mut self, name: &str, local: NaiveDateTime) -> Option<Start> {
        let found = match self.resolve(name, local) {
            // A guess by one occurrence is none by all of them.
            Found::Zone(_, false) | Found::Clock(_) if self.series && !self.is_abbreviation(name) => {
                self.by_occurrences(name, local)
            }
            found => found,
        };
        match found {
            Found::Zone(zone, sure) => {
                if !sure {
                    self.guessed.insert((name.trim().to_owned(), zone.name().to_owned()));
                }
                Some(Start::Zoned { local, zone: zone.name().to_owned() })
            }
            Found::Clock(clock) => {
                let moment = clock.moment(local)?;
                // A series that is on another day in UTC would repeat on the wrong days.
                if self.series && moment.date() != local.date() {
                    return None;
                }
                self.guessed.insert((name.trim().to_owned(), "Etc/UTC".to_owned()));
                Some(Start::utc(moment.and_utc()))
            }
            Found::Nothing => None,
        }
    }

    fn resolve(&mut self, name: &str, near: NaiveDateTime) -> Found {
        // An abbreviation in capitals is not the word that is spelt like it.
        let spelt = names::plain(name);
        let name = key(name);
        let near_year = near.year().clamp(*YEARS.start(), *YEARS.end());
        let years = self.years.clone().unwrap_or(near_year..=near_year);
        let sure = match named(&spelt, near_year) {
            Named::Sure(zone) if !self.is_contradicted(&name, zone, &years, near) => {
                return Found::Zone(zone, true);
            }
            Named::Sure(zone) => Named::Contradicted(zone),
            other => other,
        };
        let elsewhere = self.described.get(&name).and_then(|zone| other_names(zone, near_year));
        if let Some(zone) = elsewhere {
            return Found::Zone(zone, true);
        }
        if let Some((found, clock)) = self.found.get(&spelt).and_then(|found| found.get(&years)) {
            let holds = match (found, clock) {
                (Found::Zone(zone, _), Some(clock)) => clock.agrees(*zone, near),
                (Found::Clock(_), _) => false,
                _ => true,
            };
            if holds {
                return found.clone();
            }
        }
        let clock = self.clock_of(&name, sure, &years);
        let found = match (&clock, sure) {
            (Some(clock), Named::Abbreviation(zone, offset)) if !self.described.contains_key(&name) => {
                let fits = [self.calendar, Some(zone), of_offset(offset)];
                let zone = fits.into_iter().flatten().find(|zone| clock.agrees(*zone, near));
                zone.map_or_else(|| Found::Clock(Rc::clone(clock)), |zone| Found::Zone(zone, false))
            }
            (Some(clock), said) => match self.by_clock(clock, said, near) {
                // The description of another name is a guess.
                Found::Zone(zone, _) if said == Named::Unknown && !self.described.contains_key(&name) => {
                    Found::Zone(zone, false)
                }
                Found::Zone(zone, _) if matches!(said, Named::Contradicted(_)) => {
                    Found::Zone(zone, said.zone() == Some(zone))
                }
                found => found,
            },
            (
                None,
                Named::Sure(zone)
                | Named::Contradicted(zone)
                | Named::Unsure(zone)
                | Named::Abbreviation(zone, _),
            ) => Found::Zone(zone, true),
            (None, Named::Offset(offset)) => {
                of_offset(offset).map_or(Found::Nothing, |zone| Found::Zone(zone, true))
            }
            // A name of nothing, in a calendar that names its zone.
            (None, Named::Unknown) => self.calendar.map_or(Found::Nothing, |zone| Found::Zone(zone, false)),
        };
        self.found.entry(spelt).or_default().insert(years, (found.clone(), clock));
        found
    }

    /// Finds what a name stands for in a series: the zone whose clock is right for most of its occurrences in each season.
    fn by_occurrences(&mut self, name: &str, near: NaiveDateTime) -> Found {
        let by_one = self.resolve(name, near);
        let key = names::plain(name);
        if !self.by_series.contains_key(&key) {
            let found = self.nearest_of_series(&key);
            self.by_series.insert(key.clone(), found);
        }
        match self.by_series.get(&key) {
            Some(Some(found)) => found.clone(),
            _ => by_one,
        }
    }

    /// Nothing where the name stands for no clock, or one that does not change while the series lasts and no zone has.
    fn nearest_of_series(&mut self, key: &str) -> Option<Found> {
        let years = self.years.clone()?;
        let clock = self.found.get(key)?.get(&years)?.1.clone()?;
        let walls = self.walls();
        let zone = clock.nearest_for(&walls).map(|zone| Found::Zone(zone, false));
        let offsets: BTreeSet<i64> = walls.iter().filter_map(|wall| clock.offset_on(*wall)).collect();
        // Each occurrence of the other season would be an hour off.
        let changes = offsets.len() > 1;
        zone.or(changes.then_some(Found::Nothing))
    }

    /// Returns when the series takes place.
    fn walls(&mut self) -> Rc<Vec<NaiveDateTime>> {
        Rc::clone(self.walls.get_or_insert_with(|| Rc::new(walls_of(&self.rules))))
    }

    /// Tells whether the description of a name that is none of IANA's says another clock than the name: at a time on the
    /// wall, or at any occurrence of the series that is read.
    fn is_contradicted(
        &mut self,
        name: &str,
        zone: Tz,
        years: &RangeInclusive<i32>,
        near: NaiveDateTime,
    ) -> bool {
        if !self.described.contains_key(name) {
            return false;
        }
        let asked = (name.to_owned(), years.clone());
        if !self.contradicting.contains_key(&asked) {
            let clock = self.described.get(name).filter(|it| !names::is_iana(name) && !is_broken(it));
            let clock = clock.and_then(|description| Clock::described(description, years));
            let clock = clock.filter(|clock| clock.contradicts(zone)).map(Rc::new);
            self.contradicting.insert(asked.clone(), clock);
        }
        let Some(Some(clock)) = self.contradicting.get(&asked).cloned() else { return false };
        let walls = if self.series { self.walls() } else { Rc::default() };
        let differs = |wall: &NaiveDateTime| clock.knows(wall.year()) && !clock.agrees(zone, *wall);
        differs(&near) || walls.iter().any(differs)
    }

    /// Returns the clock that a name stands for, unless the name says more than its clock.
    fn clock_of(&self, name: &str, said: Named, years: &RangeInclusive<i32>) -> Option<Rc<Clock>> {
        let described = self.description_of(name, said).and_then(|zone| Clock::described(zone, years));
        let fixed = || match said {
            Named::Offset(offset) if of_offset(offset).is_none() => Some(Clock::fixed(offset, years)),
            Named::Abbreviation(_, offset) => Some(Clock::fixed(offset, years)),
            _ => None,
        };
        described.or_else(fixed).map(Rc::new)
    }

    /// Returns the description of a name. A name of nothing, in a calendar that names no zone of its own and describes a
    /// single one, can only mean that.
    fn description_of(&self, name: &str, said: Named) -> Option<&Component> {
        let own = self.described.get(name);
        let alone = || match (said, self.described.len(), self.calendar) {
            (Named::Unknown, 1, None) => self.described.values().next(),
            _ => None,
        };
        own.or_else(alone)
    }

    fn by_clock(&self, clock: &Rc<Clock>, said: Named, near: NaiveDateTime) -> Found {
        let hint = match said {
            Named::Offset(offset) => of_offset(offset),
            said => said.zone(),
        };
        let nearest = self.nearest.borrow_mut().to((Rc::clone(clock), hint, self.calendar, near));
        nearest.map_or_else(|| Found::Clock(Rc::clone(clock)), |(zone, same)| Found::Zone(zone, same))
    }

    /// Tells whether a name is an abbreviation that no description explains: the first occurrence tells what is meant.
    fn is_abbreviation(&self, name: &str) -> bool {
        matches!(named(name, 2026), Named::Abbreviation(..)) && !self.described.contains_key(&key(name))
    }

    /// Tells whether a name can be found already, or will never be.
    pub(crate) fn knows(&self, name: &str) -> bool {
        let is_sure = || names::is_iana(&names::plain(name)) && matches!(named(name, 2026), Named::Sure(_));
        self.described.contains_key(&key(name)) || is_sure()
    }
}

/// How many occurrences of a series are compared, all over the time that it lasts.
const COMPARED: usize = 120;
/// How many occurrences of a series are worked out for that.
const WORKED_OUT: usize = 1_200;

/// Returns when a series takes place by the clock on its wall: some of its occurrences, from the first to the last.
fn walls_of(lines: &[Line]) -> Vec<NaiveDateTime> {
    let start =
        lines.iter().find(|line| line.name == "DTSTART").and_then(|line| match when(line.value.trim())? {
            When::Wall(local) => Some(local),
            _ => None,
        });
    let Some(start) = start else { return Vec::new() };
    let rules = lines.iter().filter(|line| line.name == "RRULE").filter_map(rule_of);
    // By the clock on the wall, which is all that is known yet.
    let rules = rules.map(|rule| {
        let parts = rule.split(';').map(|part| match part.strip_prefix("UNTIL=") {
            Some(_) => part.trim_end_matches('Z'),
            None => part,
        });
        parts.collect::<Vec<_>>().join(";")
    });
    let event = Event {
        start: Some(Start::Floating { local: start }),
        recurrence_rules: rules.collect(),
        ..Event::default()
    };
    let last = start.date().checked_add_days(Days::new(366 * SPAN.unsigned_abs() as u64));
    let found = last.and_then(|last| occurrences(&event, start.date()..last, WORKED_OUT).ok());
    let walls: Vec<NaiveDateTime> =
        found.into_iter().flat_map(|found| found.list).map(|one| one.start.wall()).collect();
    let step = walls.len().div_ceil(COMPARED).max(1);
    walls.into_iter().step_by(step).collect()
}

fn year(text: &str) -> Option<i32> {
    text.trim().get(..4)?.parse().ok()
}

/// Returns about the last year of a rule that begins in a year.
fn last_year(rule: &str, first: i32) -> i32 {
    let part =
        |name: &str| rule.split(';').find_map(|part| part.trim().strip_prefix(name)?.strip_prefix('='));
    if let Some(last) = part("UNTIL").and_then(year) {
        return last;
    }
    let number = |name: &str| part(name).and_then(|text| text.trim().parse::<i32>().ok());
    let Some(count) = number("COUNT") else { return i32::MAX };
    let in_a_year = match part("FREQ") {
        Some("YEARLY") => 1,
        Some("MONTHLY") => 12,
        Some("WEEKLY") => 52,
        _ => 365,
    };
    first.saturating_add(count.saturating_mul(number("INTERVAL").unwrap_or(1)) / in_a_year + 1)
}

/// Names of zones are compared without regard to case and to blanks at their ends.
fn key(name: &str) -> String {
    names::plain(name).to_lowercase()
}

/// Finds a zone by what a description says beside its clock.
fn other_names(description: &Component, year: i32) -> Option<Tz> {
    let names = ["X-LIC-LOCATION", "TZID-ALIAS-OF", "X-TZINFO", "TZURL"];
    names.iter().find_map(|name| {
        let text = description.text(name);
        let text = text.split('[').next().unwrap_or(&text);
        match named(text.trim_end_matches(".ics"), year) {
            Named::Sure(zone) => Some(zone),
            _ => None,
        }
    })
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
            let clock = Clock::described(&described(name, 2026), &(2026..=2026)).unwrap();
            let wall = NaiveDate::from_ymd_opt(2026, 1, 1).unwrap().into();
            let (found, same) = clock.nearest(&clock.misses(), wall, &[]).unwrap();
            assert!(same, "{name}");
            let zone: Tz = name.parse().unwrap();
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
