//! From events to JSCalendar.

use std::collections::BTreeMap;

use passerelle_calendar::{
    Alert, Event, FreeBusyStatus, Override, Participant, ParticipationStatus, Privacy, RecurrenceId, Role,
    Start, Status,
};
use passerelle_ports::is_empty;
use serde_json::{Value, json};

use super::{Object, own, rest, rules::object_of};
use crate::json::add_unknown;

/// Writes an event.
pub(crate) fn event_of(event: &Event, unknown: &[String]) -> Object {
    let mut object = Object::new();
    object.insert("@type".into(), "Event".into());
    put(&mut object, "uid", event.uid.as_str().into());
    put(&mut object, "title", event.title.as_str().into());
    put(&mut object, "description", event.description.as_str().into());
    if let Some(start) = &event.start {
        put_start(&mut object, start);
        recurrence(&mut object, event, start);
    }
    object.insert("duration".into(), event.duration.to_string().into());
    put(&mut object, "locations", location(&event.location));
    put(&mut object, "virtualLocations", virtual_location(&event.conference_url));
    put(&mut object, "links", link(&event.url));
    put(&mut object, "participants", participants(&event.participants));
    put(&mut object, "alerts", alerts(&event.alerts));
    put(&mut object, "useDefaultAlerts", event.use_default_alerts.into());
    let privacy = match event.privacy {
        Privacy::Default => "",
        privacy => privacy_word(privacy),
    };
    put(&mut object, "privacy", privacy.into());
    if event.free_busy_status == FreeBusyStatus::Free {
        object.insert("freeBusyStatus".into(), "free".into());
    }
    if event.status != Status::Confirmed {
        object.insert("status".into(), event.status.as_str().into());
    }
    put(&mut object, "color", event.color.as_str().into());
    put(&mut object, "keywords", keywords(&event.categories));
    let mut others = rest::put_back(&mut object, event, unknown);
    // In the order in which they are read.
    others.sort();
    add_unknown(&mut object, &others);
    object
}

fn put(object: &mut Object, name: &str, value: Value) {
    if !is_empty(&value) {
        object.insert(name.to_owned(), value);
    }
}

fn put_start(object: &mut Object, start: &Start) {
    let local = start.wall().format("%Y-%m-%dT%H:%M:%S").to_string();
    object.insert("start".into(), local.into());
    if start.is_all_day() {
        object.insert("showWithoutTime".into(), true.into());
    }
    object.insert("timeZone".into(), start.zone().into());
}

fn privacy_word(privacy: Privacy) -> &'static str {
    match privacy {
        Privacy::Default => "default",
        Privacy::Public => "public",
        Privacy::Private => "private",
        Privacy::Confidential => "secret",
    }
}

fn link(url: &str) -> Value {
    if url.is_empty() { json!({}) } else { json!({ "1": { "@type": "Link", "href": url } }) }
}

fn virtual_location(url: &str) -> Value {
    if url.is_empty() { json!({}) } else { json!({ "1": { "@type": "VirtualLocation", "uri": url } }) }
}

fn keywords(texts: &BTreeMap<String, String>) -> Value {
    Value::Object(texts.values().map(|text| (text.clone(), Value::Bool(true))).collect())
}

fn location(name: &str) -> Value {
    if name.is_empty() { json!({}) } else { json!({ "1": { "@type": "Location", "name": name } }) }
}

fn recurrence(object: &mut Object, event: &Event, start: &Start) {
    let rules = |rules: &[String]| rules.iter().map(|rule| object_of(rule, start)).collect::<Value>();
    put(object, "recurrenceRules", rules(&event.recurrence_rules));
    put(object, "excludedRecurrenceRules", rules(&event.excluded_recurrence_rules));
    let mut overrides = Object::new();
    let mut both = Vec::new();
    for (key, added) in &event.recurrence_dates {
        if *added && event.recurrence_overrides.contains_key(key) {
            both.push(Value::from(key.as_str()));
        } else if *added {
            overrides.insert(id_text(key), json!({}));
        }
    }
    for (key, change) in &event.recurrence_overrides {
        overrides.insert(id_text(key), patch(change, start).into());
    }
    put(object, "recurrenceOverrides", overrides.into());
    put(object, &own("recurrenceDates"), both.into());
}

/// Writes the name of an occurrence: always a local time.
pub(super) fn id_text(key: &str) -> String {
    match key.parse::<RecurrenceId>() {
        Ok(id) => id.wall().format("%Y-%m-%dT%H:%M:%S").to_string(),
        Err(_) => key.to_owned(),
    }
}

fn patch(change: &Override, series: &Start) -> Object {
    let mut patch = Object::new();
    if change.excluded {
        patch.insert("excluded".into(), true.into());
        return patch;
    }
    let texts = [("title", &change.title), ("description", &change.description), ("color", &change.color)];
    for (name, text) in texts {
        if let Some(text) = text {
            patch.insert(name.into(), text.as_str().into());
        }
    }
    if let Some(name) = &change.location {
        patch.insert("locations".into(), location(name));
    }
    if let Some(start) = &change.start {
        put_start(&mut patch, start);
        if !start.is_all_day() && series.is_all_day() {
            patch.insert("showWithoutTime".into(), false.into());
        }
    }
    if let Some(duration) = change.duration {
        patch.insert("duration".into(), duration.to_string().into());
    }
    if let Some(status) = change.status {
        patch.insert("status".into(), status.as_str().into());
    }
    if let Some(status) = change.free_busy_status {
        patch.insert("freeBusyStatus".into(), status.as_str().into());
    }
    if let Some(guests) = &change.participants {
        patch.insert("participants".into(), participants(guests));
    }
    if let Some(own_alerts) = &change.alerts {
        patch.insert("alerts".into(), alerts(own_alerts));
    }
    if let Some(default) = change.use_default_alerts {
        patch.insert("useDefaultAlerts".into(), default.into());
    }
    if let Some(privacy) = change.privacy {
        // A patch must leave `privacy` alone (RFC 8984, section 4.3.5).
        patch.insert(own("privacy"), privacy_word(privacy).into());
    }
    if let Some(url) = &change.url {
        patch.insert("links".into(), link(url));
    }
    if let Some(url) = &change.conference_url {
        patch.insert("virtualLocations".into(), virtual_location(url));
    }
    if let Some(texts) = &change.categories {
        patch.insert("keywords".into(), keywords(texts));
    }
    if patch.is_empty() {
        patch.insert(own("unchanged"), true.into());
    }
    patch
}

fn participants(guests: &BTreeMap<String, Participant>) -> Value {
    let items = guests.values().enumerate().map(|(n, guest)| (format!("p{n:03}"), participant(guest)));
    Value::Object(items.collect())
}

fn participant(guest: &Participant) -> Value {
    let mut roles = Object::from_iter([("attendee".to_owned(), Value::Bool(true))]);
    let role = match guest.role {
        Role::Required => None,
        Role::Optional => Some("optional"),
        Role::Informational => Some("informational"),
        Role::Chair => Some("chair"),
    };
    for role in role.into_iter().chain(guest.organizer.then_some("owner")) {
        roles.insert(role.to_owned(), true.into());
    }
    let mut object =
        Object::from_iter([("@type".to_owned(), "Participant".into()), ("roles".to_owned(), roles.into())]);
    put(&mut object, "name", guest.name.as_str().into());
    put(&mut object, "email", guest.email.as_str().into());
    if guest.email.contains('@') {
        object.insert("sendTo".into(), json!({ "imip": format!("mailto:{}", guest.email) }));
    }
    let answer = match guest.participation_status {
        ParticipationStatus::NeedsAction => "",
        answer => answer.as_str(),
    };
    put(&mut object, "participationStatus", answer.into());
    put(&mut object, "participationComment", guest.comment.as_str().into());
    if guest.resource {
        object.insert("kind".into(), "resource".into());
    }
    object.into()
}

pub(super) fn alerts(alerts: &BTreeMap<String, Alert>) -> Value {
    let items = alerts.values().enumerate().map(|(n, alert)| {
        let offset = match alert.minutes_before {
            0 => "PT0S".to_owned(),
            before if before > 0 => format!("-PT{before}M"),
            after => format!("PT{}M", after.unsigned_abs()),
        };
        let trigger = json!({ "@type": "OffsetTrigger", "offset": offset, "relativeTo": "start" });
        let value = json!({ "@type": "Alert", "trigger": trigger, "action": alert.action.as_str() });
        (format!("a{n:03}"), value)
    });
    Value::Object(items.collect())
}
