//! Recurrence rules as objects (RFC 8984 §4.3.3).

use chrono::{NaiveDate, NaiveDateTime, TimeZone, Utc};
use passerelle_calendar::{Start, parse_zone, without_leap_second};
use serde_json::{Value, json};

use super::{Object, own, text};
use crate::ical::rule::without_idle;

/// The parts that are lists of numbers, under both names.
const LISTS: [(&str, &str); 8] = [
    ("BYSECOND", "bySecond"),
    ("BYMINUTE", "byMinute"),
    ("BYHOUR", "byHour"),
    ("BYMONTHDAY", "byMonthDay"),
    ("BYYEARDAY", "byYearDay"),
    ("BYWEEKNO", "byWeekNo"),
    ("BYMONTH", "byMonth"),
    ("BYSETPOS", "bySetPosition"),
];

/// Writes a rule as an object; a rule that would not come back as it is goes along as text.
pub(super) fn object_of(rule: &str, start: &Start) -> Value {
    let object = parts_of(rule, start).unwrap_or_default();
    let mut object =
        if object.is_empty() { Object::from_iter([("frequency".into(), json!("daily"))]) } else { object };
    object.insert("@type".into(), "RecurrenceRule".into());
    if rule_of(&object, start) != rule {
        object.insert(own("rule"), rule.into());
    }
    object.into()
}

fn parts_of(rule: &str, start: &Start) -> Option<Object> {
    let mut object = Object::new();
    for part in rule.split(';') {
        let (name, value) = part.split_once('=')?;
        match name {
            "FREQ" => drop(object.insert("frequency".into(), value.to_lowercase().into())),
            "COUNT" | "INTERVAL" => {
                object.insert(name.to_lowercase(), value.parse::<u32>().ok()?.into());
            }
            "WKST" => drop(object.insert("firstDayOfWeek".into(), value.to_lowercase().into())),
            "RSCALE" | "SKIP" => drop(object.insert(name.to_lowercase(), value.to_lowercase().into())),
            "UNTIL" => {
                let until = until_local(value, start)?.format("%Y-%m-%dT%H:%M:%S").to_string();
                object.insert("until".into(), until.into());
            }
            "BYDAY" => {
                let days: Option<Vec<Value>> = value.split(',').map(day_of).collect();
                object.insert("byDay".into(), days?.into());
            }
            _ => {
                let (_, member) = LISTS.iter().find(|(known, _)| *known == name)?;
                let numbers: Result<Vec<i32>, _> = value.split(',').map(str::parse).collect();
                let list: Vec<Value> = numbers
                    .ok()?
                    .into_iter()
                    .map(|n| if name == "BYMONTH" { n.to_string().into() } else { n.into() })
                    .collect();
                object.insert((*member).to_owned(), list.into());
            }
        }
    }
    object.contains_key("frequency").then_some(object)
}

fn day_of(text: &str) -> Option<Value> {
    let (nth, day) = text.split_at_checked(text.len().checked_sub(2)?)?;
    let mut object =
        Object::from_iter([("@type".into(), "NDay".into()), ("day".into(), day.to_lowercase().into())]);
    if !nth.is_empty() {
        object.insert("nthOfPeriod".into(), nth.parse::<i32>().ok()?.into());
    }
    Some(object.into())
}

/// Reads a rule; our own text of it comes first.
pub(super) fn rule_of(object: &Object, start: &Start) -> String {
    if let Some(rule) = object.get(&own("rule")).and_then(Value::as_str) {
        return without_idle(rule);
    }
    let mut parts = Vec::new();
    let mut put = |name: &str, value: String| {
        if !value.is_empty() {
            parts.push(format!("{name}={}", value.to_uppercase()));
        }
    };
    let number =
        |name: &str| object.get(name).and_then(Value::as_u64).map(|n| n.to_string()).unwrap_or_default();
    put("RSCALE", text(object, "rscale").replace("gregorian", ""));
    put("FREQ", text(object, "frequency"));
    put("UNTIL", until_text(&text(object, "until"), start));
    put("COUNT", number("count"));
    put("INTERVAL", number("interval").replace(' ', ""));
    let list = |name: &str| object.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let days: Vec<String> = list("byDay")
        .iter()
        .filter_map(Value::as_object)
        .map(|day| {
            let nth =
                day.get("nthOfPeriod").and_then(Value::as_i64).map(|nth| nth.to_string()).unwrap_or_default();
            format!("{nth}{}", text(day, "day"))
        })
        .collect();
    for (name, member) in LISTS {
        let items =
            list(member).iter().map(|item| item.as_str().map_or_else(|| item.to_string(), str::to_owned));
        put(name, items.collect::<Vec<_>>().join(","));
        if name == "BYHOUR" {
            put("BYDAY", days.join(","));
        }
    }
    put("SKIP", text(object, "skip").replace("omit", ""));
    put("WKST", text(object, "firstDayOfWeek"));
    without_idle(&parts.join(";"))
}

/// Reads an `UNTIL` by the clock of the series.
fn until_local(value: &str, start: &Start) -> Option<NaiveDateTime> {
    if value.len() == 8 {
        let date = NaiveDate::parse_from_str(value, "%Y%m%d").ok()?;
        let time = if start.is_all_day() {
            start.wall().time()
        } else {
            chrono::NaiveTime::from_hms_opt(23, 59, 59)?
        };
        return Some(date.and_time(time));
    }
    let read = |text: &str| NaiveDateTime::parse_from_str(text, "%Y%m%dT%H%M%S").ok();
    match value.strip_suffix('Z') {
        Some(utc) => match start.zone().and_then(parse_zone) {
            Some(zone) => Some(zone.from_utc_datetime(&read(utc)?).naive_local()),
            None => read(utc),
        },
        None => read(value),
    }
}

/// Writes an `UNTIL` as iCalendar does: a day, UTC for a series with a zone, else a local time.
fn until_text(until: &str, start: &Start) -> String {
    let read = NaiveDateTime::parse_from_str(until, "%Y-%m-%dT%H:%M:%S").map(without_leap_second);
    let Ok(local) = read else { return String::new() };
    match start {
        Start::Date { .. } => local.format("%Y%m%d").to_string(),
        Start::Floating { .. } => local.format("%Y%m%dT%H%M%S").to_string(),
        Start::Zoned { zone, .. } => {
            let at = Start::Zoned { local, zone: zone.clone() }.instant();
            at.map(|at| at.with_timezone(&Utc).format("%Y%m%dT%H%M%SZ").to_string()).unwrap_or_default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_comes_back_as_it_was_written() {
        let start: Start = "2026-11-23T09:00:00[Europe/Paris]".parse().unwrap();
        for (rule, as_text) in [
            ("FREQ=WEEKLY;BYDAY=MO,WE", false),
            ("FREQ=MONTHLY;UNTIL=20270601T070000Z;INTERVAL=2;BYDAY=-1FR", false),
            ("FREQ=YEARLY;BYMONTHDAY=1;BYMONTH=11;WKST=SU", false),
            ("FREQ=DAILY;UNTIL=20261201", true),
            ("BYDAY=MO;FREQ=WEEKLY", true),
        ] {
            let object = object_of(rule, &start);
            let object = object.as_object().unwrap();
            assert_eq!(object.contains_key(&own("rule")), as_text, "{rule}");
            assert_eq!(rule_of(object, &start), rule);
        }
    }
}
