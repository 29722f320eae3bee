//! Recurrence rules as text: one canonical spelling, and the way into the calculator.

use chrono::{NaiveDate, NaiveDateTime};
use rrule::{RRule, Tz, Unvalidated};

use crate::{Start, parse_zone};

/// The reason why a rule cannot be expanded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RuleError {
    /// Not a rule of RFC 5545.
    #[error("the recurrence rule cannot be read")]
    Malformed,
    /// A rule of another calendar (RFC 7529), which is kept but not expanded.
    #[error("the recurrence rule is of a kind that is kept but not expanded")]
    Unsupported,
}

/// The parts of a rule, in the order they are written.
const ORDER: [&str; 14] = [
    "FREQ",
    "UNTIL",
    "COUNT",
    "INTERVAL",
    "BYSECOND",
    "BYMINUTE",
    "BYHOUR",
    "BYDAY",
    "BYMONTHDAY",
    "BYYEARDAY",
    "BYWEEKNO",
    "BYMONTH",
    "BYSETPOS",
    "WKST",
];

const WEEKDAYS: [&str; 7] = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"];

/// Returns the one spelling of a rule: capitals, a fixed order, no part that says nothing.
///
/// Text that is no rule comes back in capitals without blanks. Depends on nothing else.
#[must_use]
pub fn canonical_rule(rule: &str) -> String {
    let mut parts = split(rule);
    parts.retain(|(name, value)| {
        !matches!((name.as_str(), value.as_str()), ("INTERVAL", "1") | ("WKST", "MO"))
    });
    parts.sort_by_key(|(name, _)| ORDER.iter().position(|known| known == name).unwrap_or(ORDER.len()));
    let parts: Vec<String> = parts
        .into_iter()
        .map(|(name, value)| if value.is_empty() { name } else { format!("{name}={value}") })
        .collect();
    parts.join(";")
}

/// Splits a rule into names and canonical values.
fn split(rule: &str) -> Vec<(String, String)> {
    let upper: String = rule.to_uppercase().chars().filter(|c| !c.is_whitespace()).collect();
    upper
        .split(';')
        .map(without_property)
        .map(|part| part.split_once('=').unwrap_or((part, "")))
        .map(|(name, value)| (name.to_owned(), canonical_value(name, value)))
        .filter(|(name, value)| !(name.is_empty() && value.is_empty()))
        .collect()
}

/// Takes the name of the property away, where somebody left it in.
fn without_property(part: &str) -> &str {
    let mut part = part;
    while let Some(rest) = part.strip_prefix("RRULE:").or_else(|| part.strip_prefix("EXRULE:")) {
        part = rest;
    }
    part
}

fn canonical_value(name: &str, value: &str) -> String {
    match name {
        "UNTIL" => value.chars().filter(|c| !matches!(c, '-' | ':')).collect(),
        "COUNT" | "INTERVAL" => plain_number(value),
        "BYDAY" => sorted(value, |item| {
            let at = item.len().checked_sub(2).filter(|at| item.is_char_boundary(*at)).unwrap_or(0);
            let (count, day) = item.split_at(at);
            let rank = WEEKDAYS.iter().position(|known| *known == day).unwrap_or(WEEKDAYS.len());
            (count.parse().unwrap_or(0), rank)
        }),
        _ if name.starts_with("BY") => sorted(value, |item| (item.parse().unwrap_or(i64::MAX), 0)),
        _ => value.to_owned(),
    }
}

/// Sorts a list, once each, without plus signs and leading zeros.
fn sorted(list: &str, rank: fn(&str) -> (i64, usize)) -> String {
    let mut items: Vec<String> = list.split(',').map(plain_number).filter(|item| !item.is_empty()).collect();
    items.sort_by(|a, b| rank(a).cmp(&rank(b)).then_with(|| a.cmp(b)));
    items.dedup();
    items.join(",")
}

fn plain_number(text: &str) -> String {
    let text = text.trim_start_matches('+');
    let (sign, rest) = text.strip_prefix('-').map_or(("", text), |rest| ("-", rest));
    let trimmed = rest.trim_start_matches('0');
    if rest.starts_with('0') && trimmed.starts_with(|c: char| c.is_ascii_digit()) {
        format!("{sign}{trimmed}")
    } else {
        format!("{sign}{rest}")
    }
}

/// Tells what is wrong with a rule, if anything, for a series that begins at `start`.
///
/// # Errors
///
/// A rule that cannot be read, or one that is kept but not expanded.
pub fn check_rule(rule: &str, start: &Start) -> Result<(), RuleError> {
    calculator(rule, start).map(|_| ())
}

/// Makes a rule for the calculator, in which every time is a time on the wall (named UTC there).
/// Nothing if the rule ends before the series begins.
pub(crate) fn calculator(rule: &str, start: &Start) -> Result<Option<RRule>, RuleError> {
    let mut parts = split(rule);
    if parts.iter().any(|(name, _)| matches!(name.as_str(), "RSCALE" | "SKIP")) {
        return Err(RuleError::Unsupported);
    }
    parts.retain(|(name, _)| !name.starts_with("X-"));
    let until = parts.iter().find(|(name, _)| name == "UNTIL").map(|(_, value)| until_wall(value, start));
    let until = until.transpose()?;
    if until.is_some() && parts.iter().any(|(name, _)| name == "COUNT") {
        return Err(RuleError::Malformed);
    }
    parts.retain(|(name, _)| name != "UNTIL");
    let first = start.wall().and_utc().with_timezone(&Tz::UTC);
    let text: Vec<String> = parts.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let text = text.join(";");
    // The calculator cuts letters of more than a byte in two.
    if !text.is_ascii() {
        return Err(RuleError::Malformed);
    }
    let mut rule: RRule<Unvalidated> = text.parse().map_err(|_| RuleError::Malformed)?;
    if let Some(until) = until {
        if until < start.wall() {
            return Ok(None);
        }
        rule = rule.until(until.and_utc().with_timezone(&Tz::UTC));
    }
    rule.validate(first).map(Some).map_err(|_| RuleError::Malformed)
}

/// Returns the end of a rule by the clock on the wall of its series: a day means its last second,
/// UTC is turned into the zone, and an all-day series looks at the day only.
fn until_wall(value: &str, start: &Start) -> Result<NaiveDateTime, RuleError> {
    let (day, time) = value.split_once('T').unwrap_or((value, ""));
    let date = NaiveDate::parse_from_str(day, "%Y%m%d").map_err(|_| RuleError::Malformed)?;
    let last = date.and_hms_opt(23, 59, 59).ok_or(RuleError::Malformed)?;
    if time.is_empty() || start.is_all_day() {
        return Ok(last);
    }
    let (digits, utc) = time.strip_suffix('Z').map_or((time, false), |digits| (digits, true));
    let local = NaiveDateTime::parse_from_str(&format!("{day}T{digits}"), "%Y%m%dT%H%M%S")
        .map_err(|_| RuleError::Malformed)?;
    Ok(match start.zone().and_then(parse_zone) {
        Some(zone) if utc => local.and_utc().with_timezone(&zone).naive_local(),
        _ => local,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_rule_has_one_spelling() {
        for (rule, canonical) in [
            ("RRULE:FREQ=WEEKLY;WKST=MO;BYDAY=WE,MO,WE", "FREQ=WEEKLY;BYDAY=MO,WE"),
            ("byday=+1mo,-1FR;freq=monthly;interval=1;", "FREQ=MONTHLY;BYDAY=-1FR,1MO"),
            (
                "FREQ=YEARLY;BYMONTH=11,02;BYMONTHDAY=-1,1;WKST=SU",
                "FREQ=YEARLY;BYMONTHDAY=-1,1;BYMONTH=2,11;WKST=SU",
            ),
            (
                "UNTIL=2026-11-23T22:59:59Z;FREQ=DAILY;INTERVAL=02",
                "FREQ=DAILY;UNTIL=20261123T225959Z;INTERVAL=2",
            ),
            (
                "FREQ=DAILY;X-EVOLUTION-ENDDATE=20261123;COUNT=3",
                "FREQ=DAILY;COUNT=3;X-EVOLUTION-ENDDATE=20261123",
            ),
            ("every day", "EVERYDAY"),
            ("", ""),
        ] {
            assert_eq!(canonical_rule(rule), canonical);
        }
    }

    #[test]
    fn what_cannot_be_expanded_is_told_with_the_reason() {
        let start = "2026-11-23T09:00:00[Europe/Paris]".parse().unwrap();
        for (rule, result) in [
            ("FREQ=DAILY", Ok(())),
            ("FREQ=DAILY;UNTIL=20261123", Ok(())),
            ("FREQ=DAILY;UNTIL=20261123T100000", Ok(())),
            ("FREQ=DAILY;UNTIL=20200101T100000Z", Ok(())),
            ("FREQ=DAILY;X-OTHER=1", Ok(())),
            ("FREQ=SOMETIMES", Err(RuleError::Malformed)),
            ("COUNT=3", Err(RuleError::Malformed)),
            ("FREQ=DAILY;COUNT=3;UNTIL=20270101", Err(RuleError::Malformed)),
            ("FREQ=DAILY;UNTIL=tomorrow", Err(RuleError::Malformed)),
            ("FREQ=DAILY;BYMONTH=13", Err(RuleError::Malformed)),
            ("FREQ=WEEKLY;BYDAY=MÉO", Err(RuleError::Malformed)),
            ("FREQ=WEEKLY;BYDAY=É", Err(RuleError::Malformed)),
            ("FREQ=WEEKLY;BYDAY=M", Err(RuleError::Malformed)),
            ("FREQ=WEEKLY;BYDAY=1", Err(RuleError::Malformed)),
            ("FREQ=ÉÉ", Err(RuleError::Malformed)),
            ("FREQ=DAILY;COUNT=１", Err(RuleError::Malformed)),
            ("FREQ=DAILY;WKST=É", Err(RuleError::Malformed)),
            ("FREQ=DAILY;X-É=É", Ok(())),
            ("", Err(RuleError::Malformed)),
            ("RSCALE=HEBREW;FREQ=YEARLY;SKIP=FORWARD", Err(RuleError::Unsupported)),
        ] {
            assert_eq!(check_rule(rule, &start), result, "{rule}");
        }
    }

    proptest! {
        #[test]
        fn a_canonical_rule_is_its_own_canonical_form(
            parts in prop::collection::vec((
                prop::sample::select(vec!["FREQ", "byday", "UNTIL", "COUNT", "INTERVAL", "WKST", "BYMONTH", "X-A", ""]),
                "[-+0-9a-zA-Z,: é]{0,8}",
            ), 0..6)
        ) {
            let text: Vec<String> = parts.iter().map(|(name, value)| format!("{name}={value}")).collect();
            let once = canonical_rule(&text.join(";"));
            prop_assert_eq!(canonical_rule(&once), once);
        }
    }
}
