//! Members of which an event holds a part only: kept whole, and written again as long as they say what the event says.

use std::collections::{BTreeMap, VecDeque};

use passerelle_calendar::{Alert, Event, Start};
use serde_json::{Value, json};

use super::{Object, own, read, rules, text, write};

/// Members that are texts, numbers or words: what cannot be read of them is kept.
const PLAIN: [&str; 10] = [
    "uid",
    "start",
    "title",
    "description",
    "color",
    "duration",
    "privacy",
    "freeBusyStatus",
    "status",
    "useDefaultAlerts",
];

/// Members that hold items, of which an event holds some, or a part of each.
const ITEMS: [&str; 6] = ["locations", "virtualLocations", "links", "participants", "alerts", "keywords"];

/// Members that are lists of rules.
const RULES: [&str; 2] = ["recurrenceRules", "excludedRecurrenceRules"];

/// Tells whether a member says when an event takes place.
pub(super) fn is_time(name: &str) -> bool {
    matches!(name, "start" | "timeZone" | "showWithoutTime" | "duration")
}

/// Returns the members that say more than the event that was read of them.
pub(super) fn kept(object: &Object, bare: &Object, event: &Event) -> Vec<String> {
    let written = write::event_of(event, &[]);
    let says_more = |name: &&str| {
        object.get(*name).is_some_and(|value| plain(name, Some(value)) != plain(name, written.get(*name)))
    };
    let members = PLAIN.iter().chain(&ITEMS).chain(&RULES).copied().filter(says_more);
    let members = members.filter_map(|name| Some(json!({ name: object.get(name)? })));
    let start = event.start.as_ref();
    let changes = start.and_then(|start| kept_of_changes(object, bare, &written, start));
    members.chain(changes).map(|member| member.to_string()).collect()
}

/// Returns the changes of occurrences that say more than an event has a place for, each whole.
fn kept_of_changes(object: &Object, bare: &Object, written: &Object, start: &Start) -> Option<Value> {
    let patches = object.get("recurrenceOverrides").and_then(Value::as_object)?;
    let known = written.get("recurrenceOverrides").and_then(Value::as_object);
    let kept = patches.iter().filter(|(id, patch)| {
        let ours = name_of(id, start).and_then(|wall| known?.get(&wall)).and_then(Value::as_object);
        let (Some(patch), Some(ours)) = (patch.as_object(), ours) else { return false };
        let patched = read::patched(bare, patch);
        patch.keys().any(|path| {
            let head = path.split('/').next().unwrap_or_default();
            let value = if ITEMS.contains(&head) { patched.get(head) } else { patch.get(path) };
            (!is_said(path) && plain(head, value) != plain(head, ours.get(head))) || read::has_fraction(value)
        })
    });
    // By the name that the occurrence has from now on, however the file spelt it.
    let named = kept.filter_map(|(id, patch)| Some((name_of(id, start)?, patch.clone())));
    let kept: Object = named.collect();
    (!kept.is_empty()).then(|| json!({ "recurrenceOverrides": kept }))
}

/// Names an occurrence as it is written.
fn name_of(id: &str, start: &Start) -> Option<String> {
    read::id_of(id, start).map(|id| write::id_text(&id.to_string()))
}

/// Tells whether a change says this path itself, however it is spelt.
fn is_said(path: &str) -> bool {
    is_time(path)
        || matches!(path, "excluded" | "@type")
        || path == own("unchanged")
        || path == own("privacy")
}

/// Returns what a member says, without the names of its items and without what holds anyway.
fn plain(name: &str, value: Option<&Value>) -> Vec<String> {
    match value {
        None | Some(Value::Null | Value::Bool(false)) => Vec::new(),
        Some(Value::String(word)) if is_default(name, word) => Vec::new(),
        Some(Value::Object(items)) if name == "keywords" => {
            items.iter().filter(|(_, is)| **is == Value::Bool(true)).map(|(word, _)| word.clone()).collect()
        }
        Some(Value::Object(items)) if ITEMS.contains(&name) => {
            let mut said: Vec<String> = items.values().map(|item| item_of(name, item).to_string()).collect();
            said.sort();
            said
        }
        Some(Value::Array(list)) if RULES.contains(&name) => list.iter().map(rule).collect(),
        Some(Value::String(_)) if matches!(name, "duration" | "start") && !read::has_fraction(value) => {
            Vec::new()
        }
        Some(value) => vec![value.to_string()],
    }
}

/// Tells whether a word says what holds anyway.
fn is_default(name: &str, word: &str) -> bool {
    match name {
        "privacy" => matches!(word, "" | "default"),
        "freeBusyStatus" => matches!(word, "" | "busy"),
        "status" => matches!(word, "" | "confirmed"),
        _ => word.is_empty(),
    }
}

/// Returns a rule without what holds anyway, its parts in one order.
fn rule(rule: &Value) -> String {
    let Some(rule) = rule.as_object() else { return rule.to_string() };
    let dull = |name: &str, value: &Value| match name {
        "@type" => true,
        "interval" => *value == 1,
        "rscale" => value == "gregorian",
        "skip" => value == "omit",
        "firstDayOfWeek" => value == "mo",
        _ => value.is_null() || *name == own("rule"),
    };
    let mut parts: Vec<String> = rule
        .iter()
        .filter(|(name, value)| !dull(name, value))
        .map(|(name, value)| match value.as_array().filter(|_| name == "byDay") {
            Some(days) => {
                let bare = days.iter().map(|day| {
                    let mut day = day.clone();
                    if let Some(members) = day.as_object_mut() {
                        members.remove("@type");
                    }
                    day.to_string()
                });
                format!("{name} {:?}", bare.collect::<Vec<_>>())
            }
            None => format!("{name} {value}"),
        })
        .collect();
    parts.sort();
    parts.join(" ")
}

/// Returns an item without what holds anyway.
fn item_of(name: &str, item: &Value) -> Value {
    let mut item = item.clone();
    let Some(members) = item.as_object_mut() else { return item };
    members.remove("@type");
    if let Some(trigger) = members.get_mut("trigger").and_then(Value::as_object_mut) {
        let offset = trigger.get("offset").is_some();
        trigger.retain(|name, value| match name.as_str() {
            "@type" => !offset,
            "relativeTo" => value != "start",
            _ => true,
        });
    }
    if name == "participants" {
        return guest_of(members);
    }
    let dull = |member: &str, value: &Value| match (name, member) {
        ("alerts", "action") => value == "display",
        _ => value.is_null(),
    };
    members.retain(|member, value| !dull(member, value));
    item
}

/// Returns a guest without what holds anyway; the address is said once.
fn guest_of(members: &Object) -> Value {
    let mut guest = members.clone();
    let sent = guest.get("sendTo").and_then(|ways| ways.get("imip")).or(guest.get("calendarAddress"));
    let address =
        sent.and_then(Value::as_str).map(|address| address.trim_start_matches("mailto:").to_owned());
    let email =
        Some(text(members, "email")).filter(|email| !email.is_empty()).or(address).unwrap_or_default();
    let uri = format!("mailto:{email}");
    if let Some(roles) = guest.get_mut("roles").and_then(Value::as_object_mut) {
        roles.retain(|name, is| name != "attendee" && *is == Value::Bool(true));
    }
    guest.retain(|member, value| match member.as_str() {
        "kind" => value != "individual",
        "expectReply" => *value != false,
        "participationStatus" => value != "needs-action",
        "sendTo" => *value != json!({ "imip": uri.as_str() }),
        "calendarAddress" => value != uri.as_str(),
        "roles" => value.as_object().is_none_or(|roles| !roles.is_empty()),
        _ => !value.is_null(),
    });
    guest.insert("email".to_owned(), email.into());
    guest.into()
}

/// Puts kept members back into an event that is written, and returns the other leftovers.
pub(super) fn put_back(object: &mut Object, event: &Event, unknown: &[String]) -> Vec<String> {
    let mut others = Vec::new();
    let mut changes = Vec::new();
    for text in unknown {
        let member = serde_json::from_str::<Object>(text).ok().filter(|member| member.len() == 1);
        let member = member.and_then(|member| member.into_iter().next());
        match member {
            Some((name, Value::Object(was))) if name == "recurrenceOverrides" => changes.push(was),
            Some((name, Value::Object(was))) if ITEMS.contains(&name.as_str()) => {
                put_back_items(object, event, &name, &was);
            }
            Some((name, Value::Array(was))) if RULES.contains(&name.as_str()) => {
                put_back_rules(object, event, &name, &was);
            }
            Some((name, was)) if PLAIN.contains(&name.as_str()) => {
                // Another word by now, or still the one that an event cannot hold.
                let mut with = object.clone();
                with.insert(name.clone(), was.clone());
                if says_the_same(&with, object) {
                    object.insert(name, was);
                }
            }
            _ => others.push(text.clone()),
        }
    }
    for was in changes {
        put_back_changes(object, event, &was);
    }
    others
}

/// Tells whether two objects are the same event.
fn says_the_same(one: &Object, other: &Object) -> bool {
    matches!((read::single(one), read::single(other)), (Ok(one), Ok(other)) if one == other)
}

fn put_back_items(object: &mut Object, event: &Event, name: &str, was: &Object) {
    let mut with = object.clone();
    with.insert(name.to_owned(), was.clone().into());
    if says_the_same(&with, object) {
        *object = with;
        return;
    }
    let now = object.get(name).and_then(Value::as_object).cloned().unwrap_or_default();
    let merged = match name {
        "participants" => guests(was, now),
        "alerts" => alerts(was, event),
        "locations" => places(was, &now, "name"),
        "virtualLocations" => places(was, &now, "uri"),
        "links" => places(was, &now, "href"),
        _ => now,
    };
    if merged.is_empty() {
        object.remove(name);
    } else {
        object.insert(name.to_owned(), merged.into());
    }
}

/// A list of the same rules comes back as it was, else each rule that is still the same.
fn put_back_rules(object: &mut Object, event: &Event, name: &str, was: &[Value]) {
    let Some(start) = &event.start else { return };
    let read: Vec<String> =
        was.iter().filter_map(Value::as_object).map(|rule| rules::rule_of(rule, start)).collect();
    let now = match name {
        "recurrenceRules" => &event.recurrence_rules,
        _ => &event.excluded_recurrence_rules,
    };
    if read == *now {
        object.insert(name.to_owned(), was.into());
        return;
    }
    let known: BTreeMap<String, &Value> =
        was.iter().filter_map(|rule| Some((rules::rule_of(rule.as_object()?, start), rule))).collect();
    for rule in object.get_mut(name).and_then(Value::as_array_mut).into_iter().flatten() {
        let text = rule.as_object().map(|rule| rules::rule_of(rule, start)).unwrap_or_default();
        if let Some(was) = known.get(&text) {
            *rule = (*was).clone();
        }
    }
}

/// Guests that are still there keep what was said of them beyond what an event holds.
fn guests(was: &Object, now: Object) -> Object {
    let mut merged = Object::new();
    let key_of = |guest: &Value| read::guest_of(guest).map(|(key, _)| key);
    let mut before: BTreeMap<_, VecDeque<_>> = BTreeMap::new();
    for (id, guest) in was {
        before.entry(key_of(guest)).or_default().push_back((id, guest));
    }
    for (id, guest) in now {
        // Several without an address are of one name: each is one of them.
        let Some((known_id, other)) = before.get_mut(&key_of(&guest)).and_then(VecDeque::pop_front) else {
            merged.insert(free_id(&merged, was, &id), guest);
            continue;
        };
        let mut whole = other.as_object().cloned().unwrap_or_default();
        let modelled = ["name", "email", "roles", "participationStatus", "participationComment"];
        whole.retain(|name, _| !modelled.contains(&name.as_str()));
        for (name, value) in guest.as_object().cloned().unwrap_or_default() {
            if !matches!(name.as_str(), "sendTo" | "kind") || !whole.contains_key(&name) {
                whole.insert(name, value);
            }
        }
        merged.insert(known_id.clone(), whole.into());
    }
    merged
}

/// Returns a name for an item that no other one has.
fn free_id(merged: &Object, was: &Object, id: &str) -> String {
    let mut free = id.to_owned();
    while merged.contains_key(&free) || was.contains_key(&free) {
        free.push('n');
    }
    free
}

/// Reminders that are still there stay as they were; others are written anew.
fn alerts(was: &Object, event: &Event) -> Object {
    let mut rest: BTreeMap<String, Alert> = event.alerts.clone();
    let mut merged = Object::new();
    for (id, item) in was {
        match read::alert_of(item, event).map(|alert| alert.key()) {
            Some(key) if !event.alerts.contains_key(&key) => {}
            key => {
                key.and_then(|key| rest.remove(&key));
                merged.insert(id.clone(), item.clone());
            }
        }
    }
    for (id, item) in write::alerts(&rest).as_object().cloned().unwrap_or_default() {
        let id = free_id(&merged, was, &id);
        merged.insert(id, item);
    }
    merged
}

/// The first item that has a member is the event's own; the others stay.
fn places(was: &Object, now: &Object, member: &str) -> Object {
    let mut merged = was.clone();
    let first = was.iter().find(|(_, item)| item.get(member).and_then(Value::as_str).is_some());
    let value = now.values().next().and_then(|item| item.get(member)).cloned();
    match (first.map(|(id, _)| id.clone()), value) {
        (Some(id), Some(value)) => {
            if let Some(item) = merged.get_mut(&id).and_then(Value::as_object_mut) {
                item.insert(member.to_owned(), value);
            }
        }
        (Some(id), None) => drop(merged.remove(&id)),
        (None, _) => {
            for (id, item) in now {
                let id = free_id(&merged, was, id);
                merged.insert(id, item.clone());
            }
        }
    }
    merged
}

/// A change that is still the same comes back as it was; of another one what an event has no place for is put back.
fn put_back_changes(object: &mut Object, event: &Event, was: &Object) {
    let Some(start) = &event.start else { return };
    let bare = read::bare(object);
    for (id, before) in was {
        let (Some(name), Some(before)) = (read::id_of(id, start), before.as_object()) else { continue };
        let wall = write::id_text(&name.to_string());
        let now = event.recurrence_overrides.get(&name.to_string());
        let Some(now) = now.filter(|now| !now.excluded || before.get("excluded").is_some()) else { continue };
        let same = read::change_of(&bare, name, before, start).is_ok_and(|before| before == *now);
        let patches = object.get_mut("recurrenceOverrides").and_then(Value::as_object_mut);
        let Some(patches) = patches else { return };
        let patch = patches.get_mut(&wall).and_then(Value::as_object_mut);
        if same {
            patches.insert(wall, before.clone().into());
        } else if let Some(patch) = patch {
            let beyond = before.iter().filter(|(path, _)| is_beyond(path));
            patch.extend(beyond.map(|(path, value)| (path.clone(), value.clone())));
        }
    }
}

/// Tells whether a path of a change is one that an event has no place for.
fn is_beyond(path: &str) -> bool {
    let head = path.split('/').next().unwrap_or_default();
    !PLAIN.contains(&head) && !ITEMS.contains(&head) && !is_said(path)
}
