//! Which occurrences a series has. Strings are data, the calculator only reads them.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
};

use chrono::{NaiveDate, NaiveDateTime};
use rrule::{RRule, RRuleSet, Tz};

use crate::{Duration, Event, Override, RecurrenceId, RuleError, Start, rule::calculator};

/// How many times a rule may fire before its expansion is given up: 130 years of every day.
const MOST: usize = 50_000;

/// One occurrence of a series, with what is different about it.
#[derive(Clone, Debug, PartialEq)]
pub struct Occurrence {
    /// The name of the occurrence: where its series put it.
    pub id: RecurrenceId,
    /// When it begins, moved or not.
    pub start: Start,
    /// How long it lasts.
    pub duration: Duration,
    /// What is different about it; the default for nothing.
    pub changes: Override,
}

/// Some occurrences, in the order of their starts.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Occurrences {
    /// The occurrences.
    pub list: Vec<Occurrence>,
    /// Whether these are all there are in the days asked for.
    pub complete: bool,
}

/// Lists the occurrences that begin in a range of days, by the clock on their own wall.
///
/// Cancelled occurrences are left out; those that were moved into the range are in, those that were
/// moved away are not. An event without a start has none; one that does not recur has one. At most
/// `limit` come back. A start that its own rule does not produce is an occurrence all the same, and counts: where the
/// rule tells how many there are, it is the first of them (RFC 5545, 3.8.5.3).
///
/// # Errors
///
/// A rule that cannot be read, or that is kept but not expanded.
pub fn occurrences(event: &Event, days: Range<NaiveDate>, limit: usize) -> Result<Occurrences, RuleError> {
    let Some(start) = &event.start else { return Ok(Occurrences { list: Vec::new(), complete: true }) };
    let (walls, mut complete) = walls(event, start, &days)?;
    let overrides = overrides(event, start);
    let moved_in = overrides.keys().copied();
    let ids: BTreeSet<NaiveDateTime> = walls.into_iter().chain(moved_in).collect();
    let mut list: Vec<Occurrence> = ids
        .into_iter()
        .map(|wall| (wall, overrides.get(&wall).copied()))
        .filter(|(_, changes)| changes.is_none_or(|changes| !changes.excluded))
        .map(|(wall, changes)| occurrence(event, start, wall, changes))
        .filter(|found| days.contains(&found.start.date()))
        .collect();
    list.sort_by_key(|found| (found.start.wall(), found.id));
    if list.len() > limit {
        list.truncate(limit);
        complete = false;
    }
    Ok(Occurrences { list, complete })
}

/// Tells whether a series has an occurrence of this name: cancelled ones do not count.
///
/// # Errors
///
/// A rule that cannot be read, or that is kept but not expanded.
pub fn contains(event: &Event, id: RecurrenceId) -> Result<bool, RuleError> {
    let Some(start) = &event.start else { return Ok(false) };
    if start.is_all_day() != matches!(id, RecurrenceId::Date(_)) {
        return Ok(false);
    }
    let wall = id.wall();
    if let Some(changes) = overrides(event, start).get(&wall) {
        return Ok(!changes.excluded);
    }
    let Some(next) = wall.date().succ_opt() else { return Ok(false) };
    Ok(walls(event, start, &(wall.date()..next))?.0.contains(&wall))
}

/// Returns the name by which a series knows the occurrence that is shown at a time on the wall of a zone. A time that a
/// change of the clocks skips is shown by the clock after the change: 02:30 as 03:30.
#[must_use]
pub fn name_of(event: &Event, shown: RecurrenceId, zone: &str) -> RecurrenceId {
    let Some(skipped) = shown.skipped(zone) else { return shown };
    let bare = event.rules_alone();
    let is_skipped = contains(&bare, shown) == Ok(false) && contains(&bare, skipped) == Ok(true);
    if is_skipped { skipped } else { shown }
}

fn occurrence(event: &Event, series: &Start, wall: NaiveDateTime, changes: Option<&Override>) -> Occurrence {
    let id = id_of(series, wall);
    let changes = changes.cloned().unwrap_or_default();
    Occurrence {
        id,
        start: changes.start.clone().unwrap_or_else(|| id.start_in(series)),
        duration: changes.duration.unwrap_or(event.duration),
        changes,
    }
}

fn id_of(series: &Start, wall: NaiveDateTime) -> RecurrenceId {
    if series.is_all_day() { RecurrenceId::Date(wall.date()) } else { RecurrenceId::Local(wall) }
}

/// Returns the overrides by their place on the wall. Those whose name is of the other kind (a day
/// in a timed series) belong to no occurrence.
fn overrides<'a>(event: &'a Event, series: &Start) -> BTreeMap<NaiveDateTime, &'a Override> {
    event
        .recurrence_overrides
        .iter()
        .filter_map(|(key, value)| Some((wall_of(key, series)?, value)))
        .collect()
}

fn wall_of(key: &str, series: &Start) -> Option<NaiveDateTime> {
    let id: RecurrenceId = key.parse().ok()?;
    (series.is_all_day() == matches!(id, RecurrenceId::Date(_))).then(|| id.wall())
}

/// Returns where the rules and the added dates put occurrences in a range of days.
fn walls(
    event: &Event,
    start: &Start,
    days: &Range<NaiveDate>,
) -> Result<(BTreeSet<NaiveDateTime>, bool), RuleError> {
    let mut found = BTreeSet::new();
    let mut complete = true;
    if event.recurrence_rules.is_empty() {
        found.insert(start.wall());
    }
    for rule in &event.recurrence_rules {
        let Some(rule) = calculator(rule, start)? else { continue };
        found.insert(start.wall());
        complete &= fire(rule, start, days, true, |wall| {
            found.insert(wall);
        });
    }
    for rule in &event.excluded_recurrence_rules {
        let Some(rule) = calculator(rule, start)? else { continue };
        complete &= fire(rule, start, days, false, |wall| {
            found.remove(&wall);
        });
    }
    found.extend(event.recurrence_dates.keys().filter_map(|key| wall_of(key, start)));
    found.retain(|wall| days.contains(&wall.date()));
    Ok((found, complete))
}

/// Calls back for each time a rule fires in a range of days; tells whether it got to the end. `counts_start` says that
/// a start which the rule does not produce is one of those that the rule counts.
fn fire(
    rule: RRule,
    start: &Start,
    days: &Range<NaiveDate>,
    counts_start: bool,
    mut each: impl FnMut(NaiveDateTime),
) -> bool {
    let first = start.wall().and_utc().with_timezone(&Tz::UTC);
    let mut left = rule.get_count().filter(|_| counts_start);
    let set = RRuleSet::new(first).limit().rrule(rule);
    let mut count = 0;
    for wall in set.into_iter().map(|at| at.naive_utc()) {
        if count == 0 && wall != start.wall() {
            left = left.map(|left| left.saturating_sub(1));
        }
        if left == Some(0) {
            return true;
        }
        left = left.map(|left| left - 1);
        count += 1;
        if wall.date() >= days.end {
            return true;
        }
        if count > MOST {
            return false;
        }
        if wall.date() >= days.start {
            each(wall);
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(start: &str, rules: &[&str]) -> Event {
        Event {
            start: Some(start.parse().unwrap()),
            duration: "PT1H".parse().unwrap(),
            recurrence_rules: rules.iter().map(|rule| (*rule).to_owned()).collect(),
            ..Event::default()
        }
    }

    fn range(from: &str, to: &str) -> Range<NaiveDate> {
        from.parse().unwrap()..to.parse().unwrap()
    }

    fn starts(event: &Event, from: &str, to: &str) -> Vec<String> {
        let found = occurrences(event, range(from, to), 1000).unwrap();
        assert!(found.complete);
        found.list.iter().map(|found| found.start.to_string()).collect()
    }

    fn instants(event: &Event, from: &str, to: &str) -> Vec<String> {
        let found = occurrences(event, range(from, to), 1000).unwrap();
        found.list.iter().map(|o| o.start.instant().unwrap().format("%dT%H:%M").to_string()).collect()
    }

    #[test]
    fn an_hour_on_the_wall_stays_through_both_changes_of_the_clocks() {
        for (zone, from, to, expected) in [
            ("Europe/Paris", "2026-03-28", "2026-03-31", ["28T08:00", "29T07:00", "30T07:00"]),
            ("Europe/Paris", "2026-10-24", "2026-10-27", ["24T07:00", "25T08:00", "26T08:00"]),
            ("America/New_York", "2026-11-01", "2026-11-04", ["01T14:00", "02T14:00", "03T14:00"]),
            ("Australia/Lord_Howe", "2026-04-04", "2026-04-07", ["03T22:00", "04T22:30", "05T22:30"]),
            ("Asia/Kathmandu", "2026-04-04", "2026-04-07", ["04T03:15", "05T03:15", "06T03:15"]),
            ("Pacific/Chatham", "2026-09-26", "2026-09-29", ["25T20:15", "26T19:15", "27T19:15"]),
        ] {
            let event = event(&format!("2026-01-01T09:00:00[{zone}]"), &["FREQ=DAILY"]);
            assert_eq!(instants(&event, from, to), expected, "{zone}");
        }
    }

    #[test]
    fn an_occurrence_in_a_gap_keeps_its_name_and_is_taken_forward() {
        let event = event("2026-03-28T02:30:00[Europe/Paris]", &["FREQ=DAILY;COUNT=3"]);
        assert_eq!(instants(&event, "2026-03-01", "2026-04-01"), ["28T01:30", "29T01:30", "30T00:30"]);
        assert_eq!(contains(&event, "2026-03-29T02:30:00".parse().unwrap()), Ok(true));
    }

    #[test]
    fn an_occurrence_in_a_gap_is_found_by_what_the_clock_shows_instead() {
        for (zone, wall, shown, other) in [
            ("Europe/Paris", "2027-03-28T02:30:00", "2027-03-28T03:30:00", "2027-03-28T03:00:00"),
            ("Australia/Lord_Howe", "2027-10-03T02:15:00", "2027-10-03T02:45:00", "2027-10-03T02:30:00"),
            ("America/Santiago", "2026-09-06T00:15:00", "2026-09-06T01:15:00", "2026-09-06T01:00:00"),
        ] {
            let id = |text: &str| text.parse::<RecurrenceId>().unwrap();
            let first = Start::Zoned { local: id(wall).wall() - chrono::Days::new(2), zone: zone.into() };
            let daily = event(&first.to_string(), &["FREQ=DAILY;COUNT=4"]);
            for (shown, name) in [(shown, wall), (wall, wall), (other, other)] {
                assert_eq!(name_of(&daily, id(shown), zone), id(name), "{zone} {shown}");
            }
            // What it makes by that name is that one.
            let twice = Event { recurrence_dates: [(shown.to_owned(), true)].into(), ..daily };
            assert_eq!(name_of(&twice, id(shown), zone), id(shown), "{zone}");
        }
    }

    #[test]
    fn an_all_day_series_is_made_of_days_only() {
        let event = event("2026-10-24", &["FREQ=DAILY;UNTIL=20261026T225959Z"]);
        assert_eq!(starts(&event, "2026-01-01", "2027-01-01"), ["2026-10-24", "2026-10-25", "2026-10-26"]);
        assert_eq!(contains(&event, "2026-10-25".parse().unwrap()), Ok(true));
        assert_eq!(contains(&event, "2026-10-25T00:00:00".parse().unwrap()), Ok(false));
    }

    #[test]
    fn the_end_of_a_rule_is_read_in_each_of_its_spellings() {
        for (until, count) in [
            ("20261125", 3),
            ("20261125T080000Z", 3),
            ("20261125T075959Z", 2),
            ("20261125T090000", 3),
            ("20261125T085959", 2),
            ("20200101", 0),
        ] {
            let event = event("2026-11-23T09:00:00[Europe/Paris]", &[&format!("FREQ=DAILY;UNTIL={until}")]);
            assert_eq!(starts(&event, "2026-01-01", "2028-01-01").len(), count, "{until}");
        }
    }

    #[test]
    fn a_start_outside_its_rule_is_an_occurrence_and_counts() {
        // 16 March 2026 is a Monday.
        for (rule, expected) in [
            ("FREQ=WEEKLY;BYDAY=WE;COUNT=3", &["16", "18", "25"][..]),
            ("FREQ=WEEKLY;BYDAY=WE;COUNT=1", &["16"]),
            ("FREQ=WEEKLY;BYDAY=WE;UNTIL=20260320T000000Z", &["16", "18"]),
            ("FREQ=WEEKLY;BYDAY=MO;COUNT=2", &["16", "23"]),
        ] {
            let event = event("2026-03-16T09:00:00[Europe/Paris]", &[rule]);
            let found = starts(&event, "2026-03-01", "2026-04-01");
            let days: Vec<&str> = found.iter().map(|start| &start[8..10]).collect();
            assert_eq!(days, expected, "{rule}");
            assert_eq!(contains(&event, "2026-03-16T09:00:00".parse().unwrap()), Ok(true));
        }
        let mut event = event("2026-03-16T09:00:00[Europe/Paris]", &["FREQ=WEEKLY;BYDAY=WE;COUNT=3"]);
        let gone = Override { excluded: true, ..Override::default() };
        event.recurrence_overrides.insert("2026-03-16T09:00:00".into(), gone);
        assert_eq!(starts(&event, "2026-03-01", "2026-04-01").len(), 2, "it can be taken out");
    }

    #[test]
    fn dates_are_added_taken_away_and_moved() {
        let mut event = event("2026-11-02T09:00:00[Europe/Paris]", &["FREQ=WEEKLY;COUNT=4"]);
        event.excluded_recurrence_rules = vec!["FREQ=WEEKLY;INTERVAL=3;COUNT=2".into()];
        event.recurrence_dates.insert("2026-11-05T18:00:00".into(), true);
        let cancelled = Override { excluded: true, ..Override::default() };
        event.recurrence_overrides.insert("2026-11-09T09:00:00".into(), cancelled);
        let moved = Override {
            start: Some("2026-12-24T10:00:00[Europe/London]".parse().unwrap()),
            duration: Some("PT2H".parse().unwrap()),
            title: Some("Noël".into()),
            ..Override::default()
        };
        event.recurrence_overrides.insert("2026-11-16T09:00:00".into(), moved.clone());
        assert_eq!(starts(&event, "2026-11-01", "2026-12-01"), ["2026-11-05T18:00:00[Europe/Paris]"]);
        let late = occurrences(&event, range("2026-12-01", "2027-01-01"), 10).unwrap().list;
        assert_eq!(late.len(), 1);
        assert_eq!(late[0].id.to_string(), "2026-11-16T09:00:00");
        assert_eq!((late[0].duration.to_string().as_str(), &late[0].changes), ("PT2H", &moved));
        assert_eq!(contains(&event, "2026-11-09T09:00:00".parse().unwrap()), Ok(false));
        assert_eq!(contains(&event, "2026-11-16T09:00:00".parse().unwrap()), Ok(true));
    }

    #[test]
    fn an_event_that_does_not_recur_has_one_occurrence() {
        let mut event = event("2026-11-02T09:00:00", &[]);
        assert_eq!(starts(&event, "2026-11-02", "2026-11-03"), ["2026-11-02T09:00:00"]);
        assert!(starts(&event, "2026-11-03", "2026-11-04").is_empty());
        event.recurrence_dates.insert("2026-11-03T09:00:00".into(), true);
        assert_eq!(starts(&event, "2026-11-01", "2026-12-01").len(), 2);
        assert!(
            occurrences(&Event::default(), range("2026-01-01", "2027-01-01"), 9).unwrap().list.is_empty()
        );
    }

    #[test]
    fn an_expansion_is_always_bounded() {
        let daily = event("2026-01-01T09:00:00", &["FREQ=DAILY"]);
        let found = occurrences(&daily, range("2026-01-01", "2036-01-01"), 100).unwrap();
        assert_eq!((found.list.len(), found.complete), (100, false));
        let busy = event("1970-01-01T00:00:00", &["FREQ=SECONDLY"]);
        let found = occurrences(&busy, range("2026-01-01", "2036-01-01"), 100).unwrap();
        assert_eq!((found.list.len(), found.complete), (0, false));
        let never = event("2026-01-01T09:00:00", &["FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"]);
        assert_eq!(occurrences(&never, range("2026-01-01", "2036-01-01"), 100).unwrap().list.len(), 1);
    }

    #[test]
    fn the_last_friday_of_the_month_is_found_in_ten_years() {
        let event = event("2026-01-30T17:00:00[America/Sao_Paulo]", &["FREQ=MONTHLY;BYDAY=-1FR"]);
        let found = starts(&event, "2026-01-01", "2036-01-01");
        assert_eq!(found.len(), 120);
        assert_eq!(found.last().unwrap(), "2035-12-28T17:00:00[America/Sao_Paulo]");
    }
}
