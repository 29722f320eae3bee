//! Reminders: `VALARM`.

use chrono::{NaiveDateTime, TimeZone};
use chrono_tz::Tz;
use passerelle_calendar::{Alert, AlertAction, Duration, Event};

use super::{
    own,
    repair::{When, length, when},
    rest,
    zones::Zones,
};
use crate::content::{Component, Line};

/// Texts that programs put into every reminder, in small letters.
const GENERIC: [&str; 12] = [
    "",
    "reminder",
    "this is an event reminder",
    "event reminder",
    "alarm notification",
    "default mozilla description",
    "mozilla standardbeschreibung",
    "description par défaut de mozilla",
    "alarm",
    "alert",
    "rappel",
    "erinnerung",
];

/// Reads a reminder, and returns what has to be kept of it beside: everything, where an alert cannot say it.
pub(crate) fn read(alarm: &Component, event: &Event, zones: &mut Zones) -> (Option<Alert>, Option<String>) {
    if action(alarm) == "NONE" {
        // Apple's way to say that there is no reminder: without it, its programs would add their usual one.
        return (None, Some(rest::text_of(alarm)));
    }
    let alert = alert_of(&in_utc(alarm, event, zones), event, zones.calendar());
    let whole = alert.is_some_and(|alert| says_no_more(alarm, &alert, event));
    let mut kept = alarm.clone();
    let moved = alert.filter(|alert| alert_of(alarm, event, None) != Some(*alert));
    if let Some(alert) = moved.filter(|_| alarm.get(own::MINUTES).is_none()) {
        // An export names no zone of the calendar: what the moment was read as is said beside it.
        kept.lines.push(Line::new(own::MINUTES, alert.minutes_before.to_string()));
    }
    (alert, (!whole).then(|| rest::text_of(&kept)))
}

/// Returns a reminder whose moment is told in UTC, where its line names a zone.
fn in_utc(alarm: &Component, event: &Event, zones: &mut Zones) -> Component {
    let mut alarm = alarm.clone();
    let timed = event.start.as_ref().is_some_and(|start| start.instant().is_some());
    for trigger in alarm.lines.iter_mut().filter(|line| timed && line.name == "TRIGGER") {
        let Some(When::Wall(local)) = when(&trigger.value) else { continue };
        let start = trigger.param("TZID").and_then(|zone| zones.start(zone, local));
        if let Some(moment) = start.and_then(|start| start.instant()) {
            trigger.value = moment.format("%Y%m%dT%H%M%SZ").to_string();
        }
    }
    alarm
}

fn action(alarm: &Component) -> String {
    alarm.text("ACTION").trim().to_ascii_uppercase()
}

/// Reads the time and the kind of a reminder; nothing for one that has no time, or is there to say that there is none.
pub(crate) fn alert_of(alarm: &Component, event: &Event, zone: Option<Tz>) -> Option<Alert> {
    let action = match action(alarm).as_str() {
        "EMAIL" => AlertAction::Email,
        "NONE" => return None,
        _ => AlertAction::Display,
    };
    let trigger = alarm.get("TRIGGER")?;
    if let Some(minutes_before) = known_minutes(alarm, trigger, event) {
        return Some(Alert { action, minutes_before });
    }
    let before = match offset(&trigger.value) {
        Some(after_start) => {
            let at_end = trigger.param("RELATED").is_some_and(|edge| edge.eq_ignore_ascii_case("END"));
            -(after_start + if at_end { seconds(event.duration) } else { 0 })
        }
        None => before_start(when(&trigger.value)?, event, zone)?,
    };
    Some(Alert { action, minutes_before: i32::try_from(before.div_euclid(60)).ok()? })
}

/// The widest that the clock of a zone is from another, in minutes.
const WIDEST: i64 = 26 * 60;

/// Returns what the moment of a reminder was read as, as long as its event was not moved since.
fn known_minutes(alarm: &Component, trigger: &Line, event: &Event) -> Option<i32> {
    let known: i32 = alarm.get(own::MINUTES)?.value.trim().parse().ok()?;
    let before = before_start(when(&trigger.value)?, event, None)?.div_euclid(60);
    ((before - i64::from(known)).abs() <= WIDEST).then_some(known)
}

/// Reads how long after the start a reminder comes, in seconds.
fn offset(text: &str) -> Option<i64> {
    let (back, length) = length(text)?;
    Some(if back { -seconds(length) } else { seconds(length) })
}

/// Returns how long before the start a moment is, in seconds. A start without a zone has that of the calendar.
fn before_start(trigger: When, event: &Event, zone: Option<Tz>) -> Option<i64> {
    let start = event.start.as_ref()?;
    let on_the_wall =
        |moment: NaiveDateTime| zone.map_or(moment, |zone| zone.from_utc_datetime(&moment).naive_local());
    let between = match (trigger, start.instant()) {
        (When::Moment(moment), Some(instant)) => instant - moment,
        (When::Moment(moment), None) => start.wall() - on_the_wall(moment.naive_utc()),
        (When::Wall(local), _) => start.wall() - local,
        (When::Day(day), _) => start.wall() - NaiveDateTime::from(day),
    };
    Some(between.num_seconds())
}

/// Tells whether an alert says all that a reminder says.
fn says_no_more(alarm: &Component, alert: &Alert, event: &Event) -> bool {
    let kind = action(alarm);
    let plain =
        matches!((kind.as_str(), alert.action), ("DISPLAY" | "", AlertAction::Display) | ("EMAIL", _));
    let exact = |line: &Line| offset(&line.value) == Some(i64::from(alert.minutes_before) * -60);
    let text = |line: &Line| {
        let text = line.unescaped();
        text == event.title || GENERIC.contains(&text.trim().to_lowercase().as_str())
    };
    let known = |line: &Line| match line.name.as_str() {
        "ACTION" => true,
        "TRIGGER" => exact(line),
        "DESCRIPTION" | "SUMMARY" => text(line),
        _ => false,
    };
    plain && alarm.children.is_empty() && alarm.lines.iter().all(known)
}

fn seconds(duration: Duration) -> i64 {
    i64::from(duration.days) * 86_400 + i64::from(duration.seconds)
}

/// Writes a reminder.
pub(crate) fn lines_of(alert: &Alert, title: &str) -> Vec<Line> {
    let trigger = match alert.minutes_before {
        0 => "PT0S".to_owned(),
        before if before > 0 => format!("-PT{before}M"),
        after => format!("PT{}M", after.unsigned_abs()),
    };
    let action = match alert.action {
        AlertAction::Display => "DISPLAY",
        AlertAction::Email => "EMAIL",
    };
    let mut lines =
        vec![Line::new("BEGIN", "VALARM"), Line::new("ACTION", action), Line::new("TRIGGER", trigger)];
    lines.push(Line::text("DESCRIPTION", title));
    if alert.action == AlertAction::Email {
        lines.push(Line::text("SUMMARY", title));
    }
    lines.push(Line::new("END", "VALARM"));
    lines
}
