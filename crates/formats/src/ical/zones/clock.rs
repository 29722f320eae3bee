//! The clock that a `VTIMEZONE` describes, and the zone whose clock is nearest to it.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::RangeInclusive,
    sync::{LazyLock, OnceLock},
};

use chrono::{Datelike, NaiveDate, NaiveDateTime, Offset, TimeDelta, TimeZone, Weekday};
use chrono_tz::{TZ_VARIANTS, Tz};
use passerelle_calendar::parse_zone;

use super::places::COMMON;
use crate::content::Component;

/// The years in which a clock is looked at: what lies outside is taken like the nearest of them.
pub(super) const YEARS: RangeInclusive<i32> = 1970..=2037;

/// A change of a clock: the moment in UTC, and the offsets before and after it, in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Onset {
    at: NaiveDateTime,
    from: i32,
    to: i32,
}

/// A clock over some years.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Clock {
    years: RangeInclusive<i32>,
    onsets: Vec<Onset>,
    /// The offset before the first change.
    first: i32,
}

/// Tells whether a description contradicts itself: no part of it begins at the offset at which another one ends.
pub(super) fn is_broken(description: &Component) -> bool {
    let of_part = |part: &Component| {
        let to = offset(&part.text("TZOFFSETTO"))?;
        Some((offset(&part.text("TZOFFSETFROM")).unwrap_or(to), to))
    };
    let parts: Vec<(i32, i32)> = description.children.iter().filter_map(of_part).collect();
    let follows =
        |at: usize, from: i32| parts.iter().enumerate().any(|(other, (_, to))| at != other && from == *to);
    parts.len() > 1 && !parts.iter().enumerate().any(|(at, (from, _))| follows(at, *from))
}

impl Clock {
    /// Reads a description; nothing of one without a sound part.
    pub(super) fn described(description: &Component, years: &RangeInclusive<i32>) -> Option<Self> {
        let parts = &description.children;
        let mut onsets: Vec<Onset> =
            parts.iter().filter_map(|part| onsets_of(part, years)).flatten().collect();
        onsets.sort_unstable();
        onsets.dedup();
        let first = onsets.first()?.from;
        // A list of dates ends long before the clocks stop changing.
        let endless =
            parts.iter().any(|part| part.get("RRULE").is_some_and(|rule| !rule.value.contains("UNTIL")));
        let listed = onsets.last().map_or(*years.end(), |onset| onset.at.year());
        let last = if endless || listed < *years.start() { *years.end() } else { listed.min(*years.end()) };
        Some(Clock { years: *years.start()..=last, onsets, first })
    }

    /// Tells whether it says otherwise than a zone whose name it goes by: a description without the other season, or one whose
    /// dates have ended, was cut short and says nothing of it.
    pub(super) fn contradicts(&self, zone: Tz) -> bool {
        let weeks = |offset: &dyn Fn(NaiveDateTime) -> i32| -> Vec<i32> {
            self.years.clone().flat_map(|year| offsets_by_week(year, offset)).collect()
        };
        let (own, of_zone) = (weeks(&|at| self.offset_at(at)), weeks(&|at| seconds(zone, at)));
        let said = |all: &[i32]| all.iter().copied().collect::<BTreeSet<i32>>();
        let (offsets, of_name) = (said(&own), said(&of_zone));
        let is_cut = offsets.len() < of_name.len() && offsets.is_subset(&of_name);
        !is_cut && (own != of_zone || self.finer_misses(zone) > 0)
    }

    /// Tells whether it speaks of a year.
    pub(super) fn knows(&self, year: i32) -> bool {
        year <= *self.years.end()
    }

    /// Makes a clock that never changes.
    pub(super) fn fixed(offset: i32, years: &RangeInclusive<i32>) -> Self {
        Clock { years: years.clone(), onsets: Vec::new(), first: offset }
    }

    fn offset_at(&self, at: NaiveDateTime) -> i32 {
        let passed = self.onsets.partition_point(|onset| onset.at <= at);
        passed.checked_sub(1).and_then(|last| self.onsets.get(last)).map_or(self.first, |onset| onset.to)
    }

    /// Returns the moment in UTC of a time on the wall; the first of two.
    pub(super) fn moment(&self, wall: NaiveDateTime) -> Option<NaiveDateTime> {
        let near = self.offset_at(wall.checked_sub_signed(TimeDelta::days(1))?);
        let at = wall.checked_sub_signed(TimeDelta::seconds(i64::from(near)))?;
        if self.offset_at(at) == near {
            return Some(at);
        }
        let after = self.offset_at(at);
        wall.checked_sub_signed(TimeDelta::seconds(i64::from(after)))
    }

    /// Tells whether a zone has the same moment for a time on the wall.
    pub(super) fn agrees(&self, zone: Tz, wall: NaiveDateTime) -> bool {
        self.moment(wall).is_some_and(|at| i64::from(seconds(zone, at)) == (wall - at).num_seconds())
    }

    /// Counts, for every candidate, the weeks in which it has another offset.
    pub(super) fn misses(&self) -> Vec<usize> {
        let mut misses = vec![0_usize; CANDIDATES.len()];
        for year in self.years.clone() {
            let Some(known) = weeks_of(year) else { continue };
            let own = offsets_by_week(year, |at| self.offset_at(at));
            let differ =
                |weeks: &Vec<i32>| weeks.iter().zip(&own).filter(|(one, other)| one != other).count();
            let of_kind: Vec<usize> = known.kinds.iter().map(differ).collect();
            for (misses, kind) in misses.iter_mut().zip(&known.kind) {
                *misses += of_kind.get(*kind).copied().unwrap_or_default();
            }
        }
        misses
    }

    /// Finds the zone whose clock is nearest, by the weeks in which each differs, and tells whether it is the same one.
    /// It has to agree on one time on the wall, if any zone does. `hints` are heard first where several are as near.
    pub(super) fn nearest(&self, misses: &[usize], wall: NaiveDateTime, hints: &[Tz]) -> Option<(Tz, bool)> {
        let misses = misses.iter().copied();
        let all = CANDIDATES.iter().copied().zip(misses).filter(|(zone, _)| self.agrees(*zone, wall));
        let mut all: Vec<(Tz, usize)> = all.collect();
        let least = all.iter().map(|(_, misses)| *misses).min()?;
        all.retain(|(zone, misses)| *misses == least || (hints.contains(zone) && *misses <= least + 1));
        all.sort_by_key(|(zone, _)| !hints.contains(zone));
        let mut best: Option<(Tz, usize)> = None;
        for (zone, _) in all {
            let finer = self.finer_misses(zone);
            if best.is_none_or(|(_, least)| finer < least) {
                best = Some((zone, finer));
            }
            if finer == 0 {
                break;
            }
        }
        best.map(|(zone, finer)| (zone, least == 0 && finer == 0))
    }

    /// Finds the zone whose clock is right for most of some times on the wall, if it is for more than half of them in every
    /// season: of several the one that differs least all over the years.
    pub(super) fn nearest_for(&self, walls: &[NaiveDateTime]) -> Option<Tz> {
        let mut all: Vec<(Tz, usize)> = CANDIDATES.iter().copied().zip(self.misses()).collect();
        all.sort_by_key(|(_, misses)| *misses);
        all.truncate(PROMISING);
        let mut seasons: BTreeMap<i64, Vec<NaiveDateTime>> = BTreeMap::new();
        for (wall, offset) in walls.iter().filter_map(|wall| Some((wall, self.offset_on(*wall)?))) {
            seasons.entry(offset).or_default().push(*wall);
        }
        let is_wrong = |zone: Tz, season: &[NaiveDateTime]| {
            let wrong = season.iter().filter(|wall| !self.agrees(zone, **wall)).count();
            (wrong, wrong * 2 < season.len())
        };
        let judged = all.into_iter().filter_map(|(zone, _)| {
            let found: Vec<(usize, bool)> = seasons.values().map(|season| is_wrong(zone, season)).collect();
            let fits = found.iter().all(|(_, fits)| *fits) && !found.is_empty();
            fits.then(|| (found.iter().map(|(wrong, _)| wrong).sum::<usize>(), zone))
        });
        judged.min_by_key(|(wrong, _)| *wrong).map(|(_, zone)| zone)
    }

    /// Returns the offset at a time on the wall, in seconds.
    pub(super) fn offset_on(&self, wall: NaiveDateTime) -> Option<i64> {
        Some((wall - self.moment(wall)?).num_seconds())
    }

    /// Counts the hours around each change at which a zone has another offset.
    fn finer_misses(&self, zone: Tz) -> usize {
        let near = self.onsets.iter().filter(|onset| self.years.contains(&onset.at.year()));
        let hours = near.flat_map(|onset| {
            let close = (-6_i64..=6).map(|hour| hour * 60);
            let wide = (-30_i64..=30).map(|step| step * 360);
            close
                .chain(wide)
                .filter_map(move |minutes| onset.at.checked_add_signed(TimeDelta::minutes(minutes)))
        });
        hours.filter(|at| seconds(zone, *at) != self.offset_at(*at)).count()
    }
}

pub(super) fn seconds(zone: Tz, at: NaiveDateTime) -> i32 {
    zone.offset_from_utc_datetime(&at).fix().local_minus_utc()
}

/// For how many zones the occurrences of a series are looked at, of those that differ least.
const PROMISING: usize = 40;

/// Every zone that is tried, in the order in which they are preferred.
static CANDIDATES: LazyLock<Vec<Tz>> = LazyLock::new(|| {
    let hours =
        (1..=14).map(|hour| format!("Etc/GMT-{hour}")).chain((1..=12).map(|hour| format!("Etc/GMT+{hour}")));
    let hours: Vec<String> = hours.collect();
    let first = COMMON.iter().copied().chain(hours.iter().map(String::as_str)).filter_map(parse_zone);
    let mut zones: Vec<Tz> = first.collect();
    let rest: Vec<Tz> = TZ_VARIANTS.iter().filter(|zone| !zones.contains(zone)).copied().collect();
    zones.extend(rest);
    zones
});

/// The offsets of every candidate in one year, week by week. Most zones share theirs with many others.
struct Weeks {
    kinds: Vec<Vec<i32>>,
    /// The place among the kinds of each candidate.
    kind: Vec<usize>,
}

/// The weeks of each year: worked out once, when it is asked for.
static WEEKS: [OnceLock<Weeks>; 68] = [const { OnceLock::new() }; 68];

fn weeks_of(year: i32) -> Option<&'static Weeks> {
    let place = usize::try_from(year - YEARS.start()).ok().and_then(|place| WEEKS.get(place));
    let weeks = || {
        let mut kinds: BTreeMap<Vec<i32>, usize> = BTreeMap::new();
        let kind = CANDIDATES.iter().map(|zone| {
            let next = kinds.len();
            *kinds.entry(offsets_by_week(year, |at| seconds(*zone, at))).or_insert(next)
        });
        let kind = kind.collect();
        let mut ordered: Vec<(Vec<i32>, usize)> = kinds.into_iter().collect();
        ordered.sort_by_key(|(_, place)| *place);
        Weeks { kinds: ordered.into_iter().map(|(weeks, _)| weeks).collect(), kind }
    };
    place.map(|place| place.get_or_init(weeks))
}

fn offsets_by_week(year: i32, offset: impl Fn(NaiveDateTime) -> i32) -> Vec<i32> {
    let first = NaiveDate::from_ymd_opt(year, 1, 4).and_then(|day| day.and_hms_opt(12, 0, 0));
    let weeks = (0..52).filter_map(|week| first?.checked_add_signed(TimeDelta::weeks(week)));
    weeks.map(offset).collect()
}

/// Returns the changes that one part of a description makes in some years, and the last one before them.
fn onsets_of(part: &Component, years: &RangeInclusive<i32>) -> Option<Vec<Onset>> {
    let to = offset(&part.text("TZOFFSETTO"))?;
    let from = offset(&part.text("TZOFFSETFROM")).unwrap_or(to);
    let start = wall_time(part.text("DTSTART").trim())
        .or_else(|| NaiveDate::from_ymd_opt(1970, 1, 1).map(Into::into))?;
    let lines = |name: &'static str| part.lines.iter().filter(move |line| line.name == name);
    let mut walls = Vec::new();
    let mut yearly = false;
    for line in lines("RRULE") {
        if let Some(rule) = Yearly::parse(&line.value, start) {
            yearly = true;
            walls.extend(rule.walls(start, years));
        }
    }
    let dates =
        lines("RDATE").flat_map(|line| line.value.split(',')).filter_map(|text| wall_time(text.trim()));
    walls.extend(dates);
    let first = NaiveDate::from_ymd_opt(*years.start(), 1, 1)?;
    if !yearly || (walls.iter().all(|wall| wall.year() != start.year()) && start.date() >= first) {
        walls.push(start);
    }
    let last_before = walls.iter().filter(|wall| wall.date() < first).max().copied();
    walls.retain(|wall| wall.date() >= first && wall.year() <= *years.end());
    walls.extend(last_before);
    let before = TimeDelta::seconds(i64::from(from));
    let onsets = walls.into_iter().filter_map(|wall| wall.checked_sub_signed(before));
    Some(onsets.map(|at| Onset { at, from, to }).collect())
}

/// A rule as descriptions of zones have them: once a year, in a month.
struct Yearly {
    months: Vec<u32>,
    days: Vec<(i32, Weekday)>,
    month_days: Vec<i32>,
    interval: i32,
    last: Option<NaiveDateTime>,
    count: Option<i32>,
    hour: Option<u32>,
    minute: Option<u32>,
}

impl Yearly {
    /// Reads a rule; nothing of one that does not come yearly.
    fn parse(text: &str, start: NaiveDateTime) -> Option<Self> {
        let part = |name: &str| {
            let found = text.split(';').filter_map(|part| part.split_once('='));
            found
                .filter(|(known, _)| known.trim().eq_ignore_ascii_case(name))
                .map(|(_, value)| value.trim())
                .next()
        };
        let list = |name: &str| {
            part(name).unwrap_or_default().split(',').map(str::trim).filter(|item| !item.is_empty())
        };
        let yearly = part("FREQ").is_some_and(|word| word.eq_ignore_ascii_case("YEARLY"));
        let months: Vec<u32> = list("BYMONTH").filter_map(|month| month.parse().ok()).take(12).collect();
        (yearly || !months.is_empty()).then_some(())?;
        Some(Yearly {
            months: if months.is_empty() { vec![start.month()] } else { months },
            days: list("BYDAY").filter_map(weekday).take(60).collect(),
            month_days: list("BYMONTHDAY").filter_map(|day| day.parse().ok()).take(31).collect(),
            interval: part("INTERVAL")
                .and_then(|text| text.parse().ok())
                .filter(|years| *years > 0)
                .unwrap_or(1),
            last: part("UNTIL")
                .and_then(wall_time)
                .and_then(|last| last.checked_add_signed(TimeDelta::days(1))),
            count: part("COUNT").and_then(|text| text.parse().ok()),
            hour: part("BYHOUR").and_then(|text| text.parse().ok()),
            minute: part("BYMINUTE").and_then(|text| text.parse().ok()),
        })
    }

    /// Returns the times on the wall in some years, and those of the last year before them.
    fn walls(&self, start: NaiveDateTime, years: &RangeInclusive<i32>) -> Vec<NaiveDateTime> {
        let time = start.time().with_hms(self.hour, self.minute);
        let counted = self
            .count
            .map(|count| start.year().saturating_add(count.saturating_sub(1).saturating_mul(self.interval)));
        let until = self
            .last
            .map_or(*years.end(), |last| last.year())
            .min(counted.unwrap_or(*years.end()))
            .min(*years.end());
        let asked = (*years.start()).max(start.year());
        let passed = (asked.min(until).saturating_sub(start.year())) / self.interval;
        let mut year = start.year().saturating_add((passed - 1).max(0) * self.interval);
        let mut walls = Vec::new();
        while year <= until {
            let days = self.months.iter().flat_map(|month| self.days_in(year, *month, start.day()));
            walls.extend(days.map(|day| day.and_time(time)));
            year = year.saturating_add(self.interval);
        }
        let within = |wall: &NaiveDateTime| *wall >= start && self.last.is_none_or(|last| *wall <= last);
        walls.retain(within);
        walls
    }

    fn days_in(&self, year: i32, month: u32, day: u32) -> Vec<NaiveDate> {
        let date = |day: u32| NaiveDate::from_ymd_opt(year, month, day);
        let length = (28..=31).rev().find(|day| date(*day).is_some()).unwrap_or(0);
        if !self.month_days.is_empty() {
            let from_end =
                |day: i32| if day < 0 { day + 1 + i32::try_from(length).unwrap_or(31) } else { day };
            let days = self.month_days.iter().filter_map(|day| date(u32::try_from(from_end(*day)).ok()?));
            let weekday = |day: &NaiveDate| {
                self.days.is_empty() || self.days.iter().any(|(_, known)| day.weekday() == *known)
            };
            return days.filter(weekday).collect();
        }
        if self.days.is_empty() {
            return date(day.min(length)).into_iter().collect();
        }
        let nth = |nth: i32, weekday: Weekday| {
            let all: Vec<NaiveDate> =
                (1..=length).filter_map(date).filter(|day| day.weekday() == weekday).collect();
            let place = match nth {
                0 => 0,
                nth if nth > 0 => nth - 1,
                nth => i32::try_from(all.len()).ok()? + nth,
            };
            all.get(usize::try_from(place).ok()?).copied()
        };
        self.days.iter().filter_map(|(place, weekday)| nth(*place, *weekday)).collect()
    }
}

/// Sets the hour and the minute where a rule names them.
trait WithHms {
    fn with_hms(self, hour: Option<u32>, minute: Option<u32>) -> Self;
}

impl WithHms for chrono::NaiveTime {
    fn with_hms(self, hour: Option<u32>, minute: Option<u32>) -> Self {
        use chrono::Timelike;
        let hour = hour.unwrap_or_else(|| self.hour());
        let minute = minute.unwrap_or_else(|| self.minute());
        chrono::NaiveTime::from_hms_opt(hour, minute, self.second()).unwrap_or(self)
    }
}

/// Reads `-1SU`, `2SU` or `SU`.
fn weekday(text: &str) -> Option<(i32, Weekday)> {
    let at = text.len().checked_sub(2)?;
    let day = match text.get(at..)?.to_ascii_uppercase().as_str() {
        "MO" => Weekday::Mon,
        "TU" => Weekday::Tue,
        "WE" => Weekday::Wed,
        "TH" => Weekday::Thu,
        "FR" => Weekday::Fri,
        "SA" => Weekday::Sat,
        "SU" => Weekday::Sun,
        _ => return None,
    };
    let nth = text.get(..at)?;
    Some((if nth.is_empty() { 0 } else { nth.parse().ok()? }, day))
}

/// Reads a time on the wall however a description writes it: with a `Z`, or as a day.
fn wall_time(text: &str) -> Option<NaiveDateTime> {
    let text = text.trim().split('/').next()?.trim_end_matches(['Z', 'z']);
    let day = || NaiveDate::parse_from_str(text, "%Y%m%d").ok().map(NaiveDateTime::from);
    super::local_time(text).or_else(day)
}

/// Reads `+0130`, `-013015`, `+01:30` or `+1`, in seconds.
pub(in super::super) fn offset(text: &str) -> Option<i32> {
    let text = text.trim().trim_start_matches(|c: char| c.is_ascii_alphabetic()).trim_start();
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let hours = digits.split_once(':').map_or(digits, |(hours, _)| hours).len();
    let digits = digits.replace(':', "");
    // An hour of one digit, or three digits together: the first is the hour.
    let digits = if hours == 1 || hours == 3 { format!("0{digits}") } else { digits };
    let number = |at: usize| digits.get(at..at + 2).map_or(Some(0), |two| two.parse::<i32>().ok());
    (digits.len() >= 2 && digits.bytes().all(|byte| byte.is_ascii_digit())).then_some(())?;
    let total = sign * (number(0)? * 3600 + number(2)? * 60 + number(4)?);
    (total.abs() < 86_400).then_some(total)
}
