//! Recurrence rules as programs write them: spelt as every program reads them, or not taken over.

use std::collections::BTreeSet;

use chrono_tz::Tz;
use passerelle_calendar::Event;

use super::repair::{When, when};
use crate::content::Line;

/// Returns the rule of a line, without blanks, without its name where a program wrote that twice, and without the parts
/// that say nothing to this program, and would be refused elsewhere.
pub(super) fn rule_of(line: &Line) -> Option<String> {
    Some(joined(&parts_of(line))).filter(|rule| !rule.is_empty())
}

/// Returns a rule without the parts that change nothing.
pub(crate) fn without_idle(rule: &str) -> String {
    joined(&rule.split(';').map(str::to_owned).collect::<Vec<_>>())
}

fn joined(parts: &[String]) -> String {
    let kept: Vec<&str> = parts.iter().map(String::as_str).filter(|part| !is_idle(part, parts)).collect();
    kept.join(";")
}

/// Tells whether a line has parts that its rule does not have: they are kept beside it.
pub(super) fn says_more(line: &Line) -> bool {
    let parts = parts_of(line);
    parts.iter().any(|part| is_idle(part, &parts))
}

fn parts_of(line: &Line) -> Vec<String> {
    // Some programs escape the signs between its parts as in a text.
    let mut text: String = line.value.chars().filter(|c| !c.is_whitespace() && *c != '\\').collect();
    while let Some(start) = text.get(..line.name.len() + 1) {
        let again = start
            .to_ascii_uppercase()
            .strip_prefix(&line.name)
            .is_some_and(|rest| rest == ":" || rest == "=");
        if !again {
            break;
        }
        text = text.split_off(line.name.len() + 1);
    }
    // What is said twice is said once.
    let mut said = BTreeSet::new();
    let parts = text.split(';').filter(|part| !part.is_empty()).map(spelt);
    parts.filter(|part| said.insert(part.clone())).collect()
}

/// Tells whether a part changes nothing about when a series takes place: one of a program's own making, the usual scale of
/// RFC 7529, or what happens to days that do not exist where there are none.
fn is_idle(part: &str, all: &[String]) -> bool {
    let Some((name, value)) = part.split_once('=') else { return false };
    match name.to_ascii_uppercase().as_str() {
        "RSCALE" => value.eq_ignore_ascii_case("GREGORIAN"),
        "SKIP" => value.eq_ignore_ascii_case("OMIT") || has_every_day(all),
        name => name.starts_with("X-"),
    }
}

/// Tells whether a rule names no day that some month or year does not have.
fn has_every_day(parts: &[String]) -> bool {
    let value = |wanted: &str| {
        let named = parts.iter().filter_map(|part| part.split_once('='));
        named.filter(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, value)| value).next_back()
    };
    let frequency = value("FREQ").unwrap_or_default().to_ascii_uppercase();
    let (by_day, by_month_day) = (value("BYDAY").is_some(), value("BYMONTHDAY"));
    let small = |list: &str| {
        let mut numbers = list.split(',').map(str::parse::<i32>);
        numbers.all(|number| number.is_ok_and(|number| number.abs() <= 28))
    };
    match by_month_day {
        Some(list) => small(list),
        None => {
            by_day || matches!(frequency.as_str(), "SECONDLY" | "MINUTELY" | "HOURLY" | "DAILY" | "WEEKLY")
        }
    }
}

/// Spells one part of a rule: in capitals, its end as dates are spelt, its lists without what is empty in them.
fn spelt(part: &str) -> String {
    let capitals = part.to_ascii_uppercase();
    let Some((name, value)) = capitals.split_once('=') else { return capitals };
    let spelt = match name {
        "UNTIL" => match when(value) {
            Some(When::Day(day)) => day.format("%Y%m%d").to_string(),
            Some(When::Wall(local)) => local.format("%Y%m%dT%H%M%S").to_string(),
            Some(When::Moment(moment)) => moment.format("%Y%m%dT%H%M%SZ").to_string(),
            None => value.to_owned(),
        },
        list if list.starts_with("BY") => {
            value.split(',').filter(|item| !item.is_empty()).collect::<Vec<_>>().join(",")
        }
        _ => value.to_owned(),
    };
    format!("{name}={spelt}")
}

/// Returns the rule of an all-day series, which ends on a day: a moment at which it ends is on the day that the clock of
/// the calendar has then.
pub(super) fn until_day(rule: &str, zone: Tz) -> String {
    let day = |part: &str| match when(part.strip_prefix("UNTIL=")?) {
        Some(When::Moment(moment)) => Some(format!("UNTIL={}", moment.with_timezone(&zone).format("%Y%m%d"))),
        _ => None,
    };
    let parts = rule.split(';').map(|part| day(part).unwrap_or_else(|| part.to_owned()));
    parts.collect::<Vec<_>>().join(";")
}

/// Tells whether the rules of an event are such that every program reads them.
pub(crate) fn are_sound(event: &Event) -> bool {
    event.recurrence_rules.iter().chain(&event.excluded_recurrence_rules).all(|rule| is_sound(rule))
}

/// Tells whether each part of a rule is one of RFC 5545, and spelt as it has it; others may be read here, but nowhere else.
fn is_sound(rule: &str) -> bool {
    let number = |text: &str| (1..=9).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    let signed = |text: &str| number(text.strip_prefix(['+', '-']).unwrap_or(text));
    let day = |text: &str| {
        let (place, day) = text.split_at_checked(text.len().saturating_sub(2)).unwrap_or_default();
        let known = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"];
        (place.is_empty() || signed(place)) && known.iter().any(|known| known.eq_ignore_ascii_case(day))
    };
    rule.split(';').all(|part| {
        let Some((name, value)) = part.split_once('=') else { return false };
        match name.to_ascii_uppercase().as_str() {
            "COUNT" | "INTERVAL" => number(value) && value.bytes().any(|byte| byte != b'0'),
            "UNTIL" => when(value).is_some() && !value.contains(['-', ':', '/', '.']),
            "BYDAY" => value.split(',').all(day),
            "WKST" => value.len() == 2 && day(value),
            "BYSECOND" | "BYMINUTE" | "BYHOUR" | "BYMONTHDAY" | "BYYEARDAY" | "BYWEEKNO" | "BYMONTH"
            | "BYSETPOS" => value.split(',').all(signed),
            "FREQ" => true,
            _ => false,
        }
    })
}
