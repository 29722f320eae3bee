//! Recurrence: which instances a series has, and the ids they go by.

use chrono::{DateTime, Duration, NaiveDate, NaiveDateTime, TimeZone, Utc};
use chrono_tz::Tz;
use rrule::{RRule, RRuleSet, Unvalidated};
use serde_json::{Map, Value};

use super::times::{When, local, span};
use crate::api::ApiResponse;

/// Instances beyond this many are not expanded (C76).
pub const MOST_INSTANCES: u16 = 730;

/// Tells whether stored fields are those of a series.
#[must_use]
pub fn is_master(fields: &Map<String, Value>) -> bool {
    fields.contains_key("recurrence")
}

/// Splits an instance id into master id and original start (C64, C68).
#[must_use]
pub fn split_id(id: &str) -> Option<(&str, &str)> {
    let (master, suffix) = id.rsplit_once('_')?;
    let bytes = suffix.as_bytes();
    let digits = |range: std::ops::Range<usize>| {
        bytes.get(range).is_some_and(|part| part.iter().all(u8::is_ascii_digit))
    };
    let fits = match bytes.len() {
        8 => digits(0..8),
        16 => digits(0..8) && bytes.get(8) == Some(&b'T') && digits(9..15) && bytes.get(15) == Some(&b'Z'),
        _ => false,
    };
    (fits && !master.is_empty()).then_some((master, suffix))
}

/// Reads the suffix of an instance id, given the start of its master.
#[must_use]
pub fn read_suffix(suffix: &str, start: &When) -> Option<When> {
    match start {
        When::Day(_) => NaiveDate::parse_from_str(suffix, "%Y%m%d").ok().map(When::Day),
        When::At(_, zone) => NaiveDateTime::parse_from_str(suffix, "%Y%m%dT%H%M%SZ")
            .ok()
            .map(|naive| When::At(Utc.from_utc_datetime(&naive), *zone)),
    }
}

fn refuse() -> ApiResponse {
    ApiResponse::calendar_error(400, "global", "invalid", "Invalid recurrence rule.")
}

/// Checks the lines of a recurrence (C60, C61).
///
/// # Errors
///
/// Returns Google's refusal.
pub fn check(lines: &[String], start: &When) -> Result<(), ApiResponse> {
    for line in lines {
        let (name, value) = line.split_once(':').ok_or_else(refuse)?;
        let kind = name.split(';').next().unwrap_or_default().to_uppercase();
        let upper = value.to_uppercase();
        let fits = match kind.as_str() {
            "RRULE" | "EXRULE" => !(upper.contains("COUNT=") && upper.contains("UNTIL=")),
            "RDATE" | "EXDATE" => matches!(start, When::At(..)) || name.to_uppercase().contains("VALUE=DATE"),
            _ => false,
        };
        if !fits {
            return Err(refuse());
        }
    }
    set(lines, start).map(|_| ()).ok_or_else(refuse)
}

/// Builds the set of a series. A start outside its rules is an occurrence all the same, and counts.
fn set(lines: &[String], start: &When) -> Option<RRuleSet> {
    let set = set_of(lines, start)?;
    let ruled = lines.iter().any(|line| line.to_uppercase().starts_with("RRULE"));
    let first = start.instant(Tz::UTC);
    if !ruled || includes(&without_exdates(lines), start, first) {
        return Some(set);
    }
    let lines: Vec<String> = lines.iter().filter_map(|line| count_less(line)).collect();
    let rest = set_of(&lines, start)?;
    let left = lines.iter().any(|line| line.to_uppercase().starts_with("RRULE"));
    // Without a rule the start is in the set by itself.
    Some(if left { rest.rdate(to_rrule(first, zone_of(start))) } else { rest })
}

/// The lines that give occurrences.
fn without_exdates(lines: &[String]) -> Vec<String> {
    lines.iter().filter(|line| !line.to_uppercase().starts_with("EX")).cloned().collect()
}

fn includes(lines: &[String], start: &When, at: DateTime<Utc>) -> bool {
    set_of(lines, start).is_some_and(|set| {
        let second = Duration::seconds(1);
        let found = set.after(to_rrule(at - second, Tz::UTC)).before(to_rrule(at + second, Tz::UTC)).all(3);
        found.dates.iter().any(|found| found.with_timezone(&Utc) == at)
    })
}

/// A rule of which the start outside of it counts as the first occurrence; nothing where that was the only one.
fn count_less(line: &str) -> Option<String> {
    let mut parts = Vec::new();
    for part in line.split(';') {
        match part.to_uppercase().find("COUNT=") {
            Some(at) => {
                let (name, count) = part.split_at(at + "COUNT=".len());
                let left = count.parse::<u32>().ok()?.checked_sub(1).filter(|left| *left > 0)?;
                parts.push(format!("{name}{left}"));
            }
            None => parts.push(part.to_owned()),
        }
    }
    Some(parts.join(";"))
}

fn zone_of(start: &When) -> Tz {
    match start {
        When::Day(_) => Tz::UTC,
        When::At(_, zone) => *zone,
    }
}

fn set_of(lines: &[String], start: &When) -> Option<RRuleSet> {
    let zone = zone_of(start);
    let first = to_rrule(start.instant(Tz::UTC), zone);
    let mut set = RRuleSet::new(first);
    let mut rules = 0;
    for line in lines {
        let (name, value) = line.split_once(':')?;
        match name.split(';').next()?.to_uppercase().as_str() {
            "RRULE" => {
                set = set.rrule(rule(value, start, first)?);
                rules += 1;
            }
            "EXRULE" => set = set.exrule(rule(value, start, first)?),
            "RDATE" => {
                for at in dates(name, value, zone)? {
                    set = set.rdate(to_rrule(at, zone));
                }
            }
            "EXDATE" => {
                for at in dates(name, value, zone)? {
                    set = set.exdate(to_rrule(at, zone));
                }
            }
            _ => return None,
        }
    }
    Some(if rules == 0 { set.rdate(first) } else { set })
}

fn to_rrule(at: DateTime<Utc>, zone: Tz) -> DateTime<rrule::Tz> {
    at.with_timezone(&rrule::Tz::from(zone))
}

fn rule(value: &str, start: &When, first: DateTime<rrule::Tz>) -> Option<RRule> {
    let parts: Vec<String> = value
        .split(';')
        .filter(|part| !part.is_empty())
        .map(|part| match part.split_once('=') {
            Some((name, until)) if name.eq_ignore_ascii_case("UNTIL") => {
                format!("UNTIL={}", until_utc(until, start))
            }
            _ => part.to_owned(),
        })
        .collect();
    let parsed: RRule<Unvalidated> = parts.join(";").parse().ok()?;
    parsed.validate(first).ok()
}

/// UNTIL is inclusive and may be a day, a local time or UTC (C61).
fn until_utc(until: &str, start: &When) -> String {
    let at = match start {
        When::Day(_) => until.get(..8).map(|day| format!("{day}T000000Z")),
        When::At(_, zone) if until.len() == 8 => {
            NaiveDate::parse_from_str(until, "%Y%m%d").ok().and_then(|day| {
                let end = local(*zone, day.and_hms_opt(23, 59, 59)?);
                Some(end.format("%Y%m%dT%H%M%SZ").to_string())
            })
        }
        When::At(_, zone) if !until.ends_with('Z') => NaiveDateTime::parse_from_str(until, "%Y%m%dT%H%M%S")
            .ok()
            .map(|naive| local(*zone, naive).format("%Y%m%dT%H%M%SZ").to_string()),
        When::At(..) => None,
    };
    at.unwrap_or_else(|| until.to_owned())
}

fn dates(name: &str, value: &str, zone: Tz) -> Option<Vec<DateTime<Utc>>> {
    let given = name.split(';').find_map(|part| part.to_uppercase().starts_with("TZID=").then(|| &part[5..]));
    let zone = match given {
        Some(name) => name.parse().ok()?,
        None => zone,
    };
    value.split(',').map(|text| date(text.trim(), zone)).collect()
}

fn date(text: &str, zone: Tz) -> Option<DateTime<Utc>> {
    if text.len() == 8 {
        let day = NaiveDate::parse_from_str(text, "%Y%m%d").ok()?;
        return Some(Utc.from_utc_datetime(&day.and_time(chrono::NaiveTime::MIN)));
    }
    if let Some(utc) = text.strip_suffix('Z') {
        let naive = NaiveDateTime::parse_from_str(utc, "%Y%m%dT%H%M%S").ok()?;
        return Some(Utc.from_utc_datetime(&naive));
    }
    let naive = NaiveDateTime::parse_from_str(text, "%Y%m%dT%H%M%S").ok()?;
    Some(local(zone, naive))
}

/// The lines of a stored recurrence.
#[must_use]
pub fn lines(fields: &Map<String, Value>) -> Vec<String> {
    fields
        .get("recurrence")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect()
}

/// Returns the original starts of a series whose instances touch a window.
#[must_use]
pub fn starts(
    fields: &Map<String, Value>,
    from: Option<DateTime<Utc>>,
    to: Option<DateTime<Utc>>,
    zone: Tz,
) -> Vec<When> {
    let Some((start, end)) = span(fields) else {
        return Vec::new();
    };
    let Some(mut set) = set(&lines(fields), &start) else {
        return vec![start];
    };
    let length = end.since(&start);
    // Days are expanded in UTC; a margin of a day covers every zone.
    let margin = Duration::days(1);
    if let Some(from) = from {
        set = set.after(to_rrule(from - length - margin, Tz::UTC));
    }
    if let Some(to) = to {
        set = set.before(to_rrule(to + margin, Tz::UTC));
    }
    set.all(MOST_INSTANCES)
        .dates
        .into_iter()
        .map(|at| of_instant(at.with_timezone(&Utc), &start))
        .filter(|at| {
            from.is_none_or(|from| at.plus(length).instant(zone) > from)
                && to.is_none_or(|to| at.instant(zone) < to)
        })
        .collect()
}

fn of_instant(at: DateTime<Utc>, like: &When) -> When {
    match like {
        When::Day(_) => When::Day(at.date_naive()),
        When::At(_, zone) => When::At(at, *zone),
    }
}

/// Tells whether a series has an instance of this original start.
#[must_use]
pub fn has(fields: &Map<String, Value>, original: &When) -> bool {
    let Some((start, _)) = span(fields) else {
        return false;
    };
    let at = original.instant(Tz::UTC);
    set(&lines(fields), &start).is_some_and(|set| {
        let second = Duration::seconds(1);
        set.after(to_rrule(at - second, Tz::UTC))
            .before(to_rrule(at + second, Tz::UTC))
            .all(3)
            .dates
            .iter()
            .any(|found| found.with_timezone(&Utc) == at)
    })
}

/// Returns the fields of an unmodified instance (C275).
#[must_use]
pub fn instance(master_id: &str, master: &Map<String, Value>, original: &When) -> Map<String, Value> {
    let mut fields = master.clone();
    fields.remove("recurrence");
    if let Some((start, end)) = span(master) {
        fields.insert("start".to_owned(), original.stored());
        fields.insert("end".to_owned(), original.plus(end.since(&start)).stored());
    }
    fields.insert("recurringEventId".to_owned(), Value::from(master_id));
    fields.insert("originalStartTime".to_owned(), original.stored());
    fields
}

/// Returns the end of the last instance; `None` means the series has no end.
#[must_use]
pub fn last_end(fields: &Map<String, Value>, zone: Tz) -> Option<DateTime<Utc>> {
    let (start, end) = span(fields)?;
    let rules = lines(fields);
    let endless = rules.iter().any(|line| {
        let upper = line.to_uppercase();
        upper.starts_with("RRULE") && !upper.contains("COUNT=") && !upper.contains("UNTIL=")
    });
    if endless {
        return None;
    }
    let length = end.since(&start);
    let last = starts(fields, None, None, zone).into_iter().last().unwrap_or(start);
    Some(last.plus(length).instant(zone))
}

/// Cuts a rule so that it ends before an instant (C70).
#[must_use]
pub fn cut(line: &str, until: &str) -> String {
    if !line.to_uppercase().starts_with("RRULE:") {
        return line.to_owned();
    }
    let kept: Vec<&str> = line
        .split(';')
        .filter(|part| {
            let upper = part.to_uppercase();
            !upper.contains("COUNT=") && !upper.contains("UNTIL=")
        })
        .collect();
    let kept = kept.join(";");
    let kept = if kept.to_uppercase().starts_with("RRULE:") { kept } else { format!("RRULE:{kept}") };
    format!("{kept};UNTIL={until}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn fields(start: Value, end: Value, rules: &[&str]) -> Map<String, Value> {
        let value = json!({"start": start, "end": end, "recurrence": rules});
        value.as_object().unwrap().clone()
    }

    fn suffixes(fields: &Map<String, Value>, to: &str) -> Vec<String> {
        let to = DateTime::parse_from_rfc3339(to).unwrap().with_timezone(&Utc);
        starts(fields, None, Some(to), Tz::UTC).iter().map(When::suffix).collect()
    }

    #[test]
    fn instance_ids_follow_summer_time_c64() {
        let series = fields(
            json!({"dateTime": "2026-03-02T17:00:00Z", "timeZone": "America/Los_Angeles"}),
            json!({"dateTime": "2026-03-02T18:00:00Z", "timeZone": "America/Los_Angeles"}),
            &["RRULE:FREQ=WEEKLY"],
        );
        assert_eq!(suffixes(&series, "2026-03-12T00:00:00Z"), ["20260302T170000Z", "20260309T160000Z"]);
        let at = read_suffix("20260309T160000Z", &span(&series).unwrap().0).unwrap();
        assert!(has(&series, &at));
        let wrong = read_suffix("20260309T170000Z", &span(&series).unwrap().0).unwrap();
        assert!(!has(&series, &wrong));
    }

    #[test]
    fn days_lack_a_time_in_their_ids_and_honour_exdate_and_until() {
        let series = fields(
            json!({"date": "2026-01-05"}),
            json!({"date": "2026-01-06"}),
            &["RRULE:FREQ=DAILY;UNTIL=20260108", "EXDATE;VALUE=DATE:20260106"],
        );
        assert_eq!(suffixes(&series, "2027-01-01T00:00:00Z"), ["20260105", "20260107", "20260108"]);
        assert!(last_end(&series, Tz::UTC).is_some());
    }

    #[test]
    fn ids_are_sliced_at_the_last_part_only_when_it_is_a_start_c68() {
        assert_eq!(split_id("_abc_R20260101T090000"), None);
        assert_eq!(split_id("a_R20260101T090000_20260105"), Some(("a_R20260101T090000", "20260105")));
        assert_eq!(split_id("plain"), None);
        assert_eq!(split_id("x_20260105T090000Z"), Some(("x", "20260105T090000Z")));
    }

    #[test]
    fn bad_rules_are_refused_c61() {
        let start = When::At(Utc.timestamp_opt(1_800_000_000, 0).unwrap(), Tz::UTC);
        let day = When::Day(NaiveDate::from_ymd_opt(2026, 1, 1).unwrap());
        for (line, at, fine) in [
            ("RRULE:FREQ=DAILY;COUNT=3", &start, true),
            ("RRULE:FREQ=DAILY;COUNT=3;UNTIL=20300101T000000Z", &start, false),
            ("DTSTART:20260101T000000Z", &start, false),
            ("RRULE:FREQ=SOMETIMES", &start, false),
            ("EXDATE:20260101", &day, false),
            ("EXDATE;VALUE=DATE:20260101", &day, true),
            ("nonsense", &start, false),
        ] {
            assert_eq!(check(&[line.to_owned()], at).is_ok(), fine, "{line}");
        }
    }

    #[test]
    fn a_cut_replaces_count_and_until() {
        assert_eq!(
            cut("RRULE:COUNT=5;FREQ=DAILY", "20260101T000000Z"),
            "RRULE:FREQ=DAILY;UNTIL=20260101T000000Z"
        );
    }
}
