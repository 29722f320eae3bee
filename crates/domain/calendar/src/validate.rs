//! What is wrong with an event, if anything: asked at import, and before tables accept a row.

use crate::{Event, Override, RecurrenceId, RuleError, Start, check_rule, parse_zone};

/// One thing that is wrong with an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Problem {
    /// It begins at no time.
    NoStart,
    /// A zone that is not in the IANA table.
    UnknownZone,
    /// It ends before it begins, or beyond the calendar.
    EndBeforeStart,
    /// An all-day event that lasts a part of a day, or no day at all.
    NotWholeDays,
    /// A rule that cannot be read.
    MalformedRule,
    /// A rule of another calendar, which is kept but not expanded.
    UnsupportedRule,
    /// An occurrence whose name is no start of this kind of series.
    BadRecurrenceId,
}

impl Problem {
    /// Returns the stable name of the problem, for translation and for machines.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Problem::NoStart => "no-start",
            Problem::UnknownZone => "unknown-zone",
            Problem::EndBeforeStart => "end-before-start",
            Problem::NotWholeDays => "not-whole-days",
            Problem::MalformedRule => "malformed-rule",
            Problem::UnsupportedRule => "unsupported-rule",
            Problem::BadRecurrenceId => "bad-recurrence-id",
        }
    }

    /// Tells whether an event with this problem can still be kept and sent.
    #[must_use]
    pub fn is_harmless(self) -> bool {
        self == Problem::UnsupportedRule
    }
}

/// Lists what is wrong with an event, each problem once.
#[must_use]
pub fn validate(event: &Event) -> Vec<Problem> {
    let Some(start) = &event.start else { return vec![Problem::NoStart] };
    let mut found = Vec::new();
    let starts =
        || std::iter::once(start).chain(event.recurrence_overrides.values().filter_map(|c| c.start.as_ref()));
    if !starts().all(zone_is_known) {
        found.push(Problem::UnknownZone);
    } else if event.end().is_none() {
        found.push(Problem::EndBeforeStart);
    }
    if !whole_days(event, start) {
        found.push(Problem::NotWholeDays);
    }
    let rules = event.recurrence_rules.iter().chain(&event.excluded_recurrence_rules);
    found.extend(rules.filter_map(|rule| check_rule(rule, start).err()).map(|error| match error {
        RuleError::Malformed => Problem::MalformedRule,
        RuleError::Unsupported => Problem::UnsupportedRule,
    }));
    let mut names = event.recurrence_dates.keys().chain(event.recurrence_overrides.keys());
    if !names.all(|name| names_occurrence(name, start)) {
        found.push(Problem::BadRecurrenceId);
    }
    found.sort_unstable();
    found.dedup();
    found
}

fn zone_is_known(start: &Start) -> bool {
    start.zone().is_none_or(|zone| parse_zone(zone).is_some())
}

/// Tells whether an all-day event, and each of its changed days, lasts whole days.
fn whole_days(event: &Event, start: &Start) -> bool {
    let fits = |all_day: bool, length: crate::Duration| !all_day || (length.seconds == 0 && length.days > 0);
    let change_fits = |change: &Override| {
        let all_day = change.start.as_ref().unwrap_or(start).is_all_day();
        change.excluded || fits(all_day, change.duration.unwrap_or(event.duration))
    };
    fits(start.is_all_day(), event.duration) && event.recurrence_overrides.values().all(change_fits)
}

fn names_occurrence(name: &str, start: &Start) -> bool {
    name.parse().is_ok_and(|id: RecurrenceId| start.is_all_day() == matches!(id, RecurrenceId::Date(_)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(start: &str, duration: &str) -> Event {
        let start = Some(start.parse().unwrap());
        Event { start, duration: duration.parse().unwrap(), ..Event::default() }
    }

    #[test]
    fn a_sound_event_has_no_problem() {
        for (start, duration) in [
            ("2026-11-23", "P1D"),
            ("2026-11-23T09:00:00", "PT0S"),
            ("2026-11-23T09:00:00[Asia/Kathmandu]", "P1DT1H"),
        ] {
            assert_eq!(validate(&event(start, duration)), []);
        }
    }

    #[test]
    fn each_problem_is_told_once() {
        assert_eq!(validate(&Event::default()), [Problem::NoStart]);
        assert_eq!(validate(&event("2026-11-23T09:00:00[Nowhere]", "PT1H")), [Problem::UnknownZone]);
        assert_eq!(validate(&event("2026-11-23", "PT1H")), [Problem::NotWholeDays]);
        assert_eq!(validate(&event("2026-11-23", "PT0S")), [Problem::NotWholeDays]);
        assert_eq!(validate(&event("2026-11-23", "P4294967295D")), [Problem::EndBeforeStart]);
        let mut series = event("2026-11-23", "P1D");
        series.recurrence_rules =
            ["FREQ=OFTEN", "FREQ=RARELY", "RSCALE=HEBREW;FREQ=YEARLY"].map(String::from).into();
        series.recurrence_dates.insert("2026-11-24T09:00:00".into(), true);
        assert_eq!(
            validate(&series),
            [Problem::MalformedRule, Problem::UnsupportedRule, Problem::BadRecurrenceId]
        );
        assert!(Problem::UnsupportedRule.is_harmless());
    }
}
