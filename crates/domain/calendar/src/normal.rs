//! The normal form of an event's field values: what two spellings of one value have in common.

use passerelle_ports::{Field, Value};
use unicode_normalization::UnicodeNormalization;

use crate::{Duration, Start, canonical_rule, parse_zone};

/// Returns a text of one line in normal form: composed (NFC), trimmed, with single spaces.
#[must_use]
pub fn normal_line(text: &str) -> String {
    let composed: String = text.nfc().collect();
    composed.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Returns a text of several lines in normal form: composed (NFC), line feeds only, no blanks at
/// the ends of lines, no empty lines at its ends. Markup is text like any other.
#[must_use]
pub fn normal_text(text: &str) -> String {
    let composed: String = text.nfc().collect();
    let unix = composed.replace("\r\n", "\n").replace('\r', "\n");
    let lines: Vec<&str> = unix.split('\n').map(str::trim_end).collect();
    lines.join("\n").trim_matches('\n').to_owned()
}

/// Returns a text in lower case, composed.
pub(crate) fn lower(text: &str) -> String {
    text.to_lowercase().nfc().collect()
}

/// Returns the normal form of one field's value.
pub(crate) fn normal(field: &Field, value: &Value) -> Value {
    match (field.member(), value) {
        ("recurrence_rules" | "excluded_recurrence_rules", Value::Array(rules)) => normal_rules(rules),
        (member, value) => normal_value(member, value),
    }
}

fn normal_rules(rules: &[Value]) -> Value {
    let mut rules: Vec<String> = rules.iter().filter_map(Value::as_str).map(canonical_rule).collect();
    rules.sort();
    rules.dedup();
    rules.into()
}

/// Returns the normal form of a value by the name of the member it is, at any depth.
fn normal_value(name: &str, value: &Value) -> Value {
    match value {
        Value::String(text) => Value::String(normal_string(name, text)),
        // What is cancelled says nothing else.
        Value::Object(parts)
            if name == "recurrence_overrides" && parts.get("excluded") == Some(&true.into()) =>
        {
            serde_json::json!({"excluded": true})
        }
        Value::Object(parts) => {
            let parts = parts.iter().map(|(part, value)| (part.clone(), normal_value(part, value)));
            Value::Object(parts.collect())
        }
        other => other.clone(),
    }
}

fn normal_string(name: &str, text: &str) -> String {
    match name {
        "description" | "comment" => normal_text(text),
        "start" => {
            text.trim().parse().map_or_else(|_| text.to_owned(), |start| normal_start(start).to_string())
        }
        "duration" => text.parse().map_or_else(|_| text.to_owned(), |length: Duration| length.to_string()),
        "email" | "color" => lower(&normal_line(text)),
        "url" | "conference_url" => normal_line(text).trim_end_matches(['/', ' ']).to_owned(),
        _ => normal_line(text),
    }
}

/// Gives UTC its one name.
fn normal_start(start: Start) -> Start {
    let utc = |zone: &str| {
        parse_zone(zone).is_some_and(|zone| {
            matches!(
                zone.name(),
                "UTC" | "GMT" | "Etc/GMT" | "Etc/UCT" | "UCT" | "Zulu" | "Etc/Zulu" | "Etc/UTC"
            )
        })
    };
    match start {
        Start::Zoned { local, zone } if utc(&zone) => Start::Zoned { local, zone: "Etc/UTC".to_owned() },
        start => start,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn check(field: &str, value: Value, expected: Value) {
        assert_eq!(normal(&Field::new(field), &value), expected, "{field}");
    }

    #[test]
    fn spellings_that_mean_the_same_have_one_normal_form() {
        check("title", json!(" Re\u{301}union  d'équipe "), json!("Réunion d'équipe"));
        check("description", json!("<b>un</b> \r\n  deux\r\n"), json!("<b>un</b>\n  deux"));
        check("start", json!("2026-11-23T09:00:00[UTC]"), json!("2026-11-23T09:00:00[Etc/UTC]"));
        check(
            "start",
            json!("2026-11-23T09:00:00[Europe/Paris]"),
            json!("2026-11-23T09:00:00[Europe/Paris]"),
        );
        check("duration", json!("P1W"), json!("P7D"));
        check("duration", json!("PT24H"), json!("PT24H"));
        check(
            "recurrence_rules",
            json!(["WKST=MO;freq=weekly;INTERVAL=1;BYDAY=WE,MO", "FREQ=DAILY"]),
            json!(["FREQ=DAILY", "FREQ=WEEKLY;BYDAY=MO,WE"]),
        );
        check("use_default_alerts", json!(true), json!(true));
        check("url", json!("https://a.example/"), json!("https://a.example"));
        check(
            "recurrence_overrides/2026-11-23",
            json!({"excluded": false, "title": " a  b", "participants": {"a@b.example": {"email": "A@B.example"}}}),
            json!({"excluded": false, "title": "a b", "participants": {"a@b.example": {"email": "a@b.example"}}}),
        );
    }

    proptest! {
        #[test]
        fn the_normal_form_is_its_own_normal_form(
            text in "(\\PC|[\r\n\t \u{301}\u{130}\u{df}/]|P1D|FREQ=|;){0,24}",
            name in prop::sample::select(vec![
                "title", "description", "url", "color", "start", "duration", "location", "participants/a",
            ]),
        ) {
            let field = Field::new(name);
            for value in [json!(text), json!({ "email": text, "comment": text, "name": text })] {
                let once = normal(&field, &value);
                prop_assert_eq!(normal(&field, &once), once);
            }
            let rules = normal(&Field::new("recurrence_rules"), &json!([text]));
            prop_assert_eq!(&normal(&Field::new("recurrence_rules"), &rules), &rules);
        }
    }
}
