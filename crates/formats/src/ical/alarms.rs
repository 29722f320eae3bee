//! Reminders: `VALARM`.

use passerelle_calendar::{Alert, AlertAction, Duration, Event};

use super::zones::local_time;
use crate::content::{Component, Line};

/// Reads a reminder; nothing for one that has no time, or is there to say that there is none.
pub(crate) fn alert_of(alarm: &Component, event: &Event) -> Option<Alert> {
    let action = match alarm.text("ACTION").trim().to_ascii_uppercase().as_str() {
        "EMAIL" => AlertAction::Email,
        "NONE" => return None,
        _ => AlertAction::Display,
    };
    let trigger = alarm.get("TRIGGER")?;
    let text = trigger.value.trim();
    let absolute = text.strip_suffix('Z').and_then(local_time);
    let seconds = match absolute {
        Some(at) => (event.start.as_ref()?.instant()? - at.and_utc()).num_seconds(),
        None => {
            let (before, text) = text.strip_prefix('-').map_or((false, text), |text| (true, text));
            let length = seconds(text.parse().ok()?);
            let from_start = if before { length } else { -length };
            let at_end = trigger.param("RELATED").is_some_and(|edge| edge.eq_ignore_ascii_case("END"));
            if at_end { from_start - seconds(event.duration) } else { from_start }
        }
    };
    Some(Alert { action, minutes_before: i32::try_from(seconds.div_euclid(60)).ok()? })
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
