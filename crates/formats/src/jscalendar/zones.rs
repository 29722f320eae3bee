//! Zones of a file's own (RFC 8984 §4.7.2), and names that are none of IANA's: decided as iCalendar's are.

use chrono::NaiveDateTime;
use passerelle_calendar::{Start, parse_zone};
use serde_json::Value;

use super::{Object, rules::rule_of, text};
use crate::{
    content::{Component, Line},
    ical::Zones,
};

/// The members in which an event names a zone beside the one of its start.
const NAMES: [&str; 2] = ["timeZone", "recurrenceIdTimeZone"];

/// Puts a zone of IANA in the place of every name that an event has for one, and returns what was guessed.
///
/// What no zone is found for stays, and is refused where it is needed.
pub(super) fn settle(object: &mut Object) -> Vec<String> {
    let mut zones = Zones::default();
    let own = object.get("timeZones").and_then(Value::as_object).into_iter().flatten();
    for (name, zone) in own {
        zones.describe(description(name, zone));
    }
    zones.enter(&times(object));
    let at = local(&text(object, "start"));
    let mut settled = Vec::new();
    if let Some(at) = at {
        settle_in(object, at, &mut zones, &mut settled);
        let patches =
            object.get_mut("recurrenceOverrides").and_then(Value::as_object_mut).into_iter().flatten();
        for (id, patch) in patches {
            let own = patch.get("start").and_then(Value::as_str).and_then(local);
            if let (Some(at), Some(patch)) = (own.or_else(|| local(id)), patch.as_object_mut()) {
                settle_in(patch, at, &mut zones, &mut settled);
            }
        }
    }
    if let Some(own) = object.get_mut("timeZones").and_then(Value::as_object_mut) {
        own.retain(|name, _| !settled.contains(name));
        if own.is_empty() {
            object.remove("timeZones");
        }
    }
    zones.guesses()
}

/// Settles the names in an event or in a change of one.
fn settle_in(object: &mut Object, at: NaiveDateTime, zones: &mut Zones, settled: &mut Vec<String>) {
    for member in NAMES {
        let name = text(object, member);
        if name.is_empty() || parse_zone(&name).is_some() {
            continue;
        }
        // A clock that no zone has keeps the instant of the start alone, in UTC.
        let start = zones.start(&name, at);
        let Some(Start::Zoned { local, zone }) =
            start.filter(|start| start.wall() == at || member == "timeZone")
        else {
            continue;
        };
        if local != at {
            object.insert("start".to_owned(), local.format("%Y-%m-%dT%H:%M:%S").to_string().into());
        }
        object.insert(member.to_owned(), zone.into());
        settled.push(name);
    }
}

fn local(text: &str) -> Option<NaiveDateTime> {
    NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f").ok()
}

fn compact(at: NaiveDateTime) -> String {
    at.format("%Y%m%dT%H%M%S").to_string()
}

/// Returns what says when an event takes place, as iCalendar writes it.
fn times(object: &Object) -> Component {
    let start = local(&text(object, "start")).map(|at| Line::new("DTSTART", compact(at)));
    let mut event =
        Component { name: "VEVENT".to_owned(), lines: start.into_iter().collect(), ..Component::default() };
    event.lines.extend(rules(object));
    event
}

fn rules(object: &Object) -> Vec<Line> {
    let start = Start::Floating { local: local(&text(object, "start")).unwrap_or_default() };
    let rules = object.get("recurrenceRules").and_then(Value::as_array).into_iter().flatten();
    rules.filter_map(Value::as_object).map(|rule| Line::new("RRULE", rule_of(rule, &start))).collect()
}

/// Returns a description of a zone as iCalendar has it.
fn description(name: &str, zone: &Value) -> Component {
    let mut described = Component { name: "VTIMEZONE".to_owned(), ..Component::default() };
    described.lines.push(Line::text("TZID", name));
    let Some(zone) = zone.as_object() else { return described };
    let other = Some(text(zone, "tzId")).into_iter();
    let aliases = zone.get("aliases").and_then(Value::as_object).into_iter().flatten();
    let names = other.chain(aliases.map(|(name, _)| name.clone())).filter(|name| parse_zone(name).is_some());
    described.lines.extend(names.map(|name| Line::text("X-LIC-LOCATION", &name)));
    for (member, kind) in [("standard", "STANDARD"), ("daylight", "DAYLIGHT")] {
        let parts = zone.get(member).and_then(Value::as_array).into_iter().flatten();
        described.children.extend(parts.filter_map(Value::as_object).map(|part| part_of(kind, part)));
    }
    described
}

fn part_of(kind: &str, part: &Object) -> Component {
    let mut lines = rules(part);
    lines.extend(local(&text(part, "start")).map(|at| Line::new("DTSTART", compact(at))));
    lines.push(Line::new("TZOFFSETFROM", text(part, "offsetFrom")));
    lines.push(Line::new("TZOFFSETTO", text(part, "offsetTo")));
    let more = part.get("recurrenceOverrides").and_then(Value::as_object).into_iter().flatten();
    lines.extend(more.filter_map(|(at, _)| local(at)).map(|at| Line::new("RDATE", compact(at))));
    Component { name: kind.to_owned(), lines, ..Component::default() }
}
