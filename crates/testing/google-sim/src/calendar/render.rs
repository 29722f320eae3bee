//! An event as an answer shows it (C261).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use chrono_tz::Tz;
use serde_json::{Map, Value, json};

use super::locate::print_zone;
use super::times::{render as time, stamp};
use super::{Book, Call, Event, Role};
use crate::api::ApiResponse;

/// How events are shown to a caller.
#[derive(Debug, Clone, Copy)]
pub(crate) struct View {
    pub zone: Tz,
    pub most_attendees: Option<usize>,
    /// Only busy times are shown (C181).
    pub hide_all: bool,
    /// Private events are shown as busy (C181).
    pub hide_private: bool,
    pub unknown_members: bool,
}

impl View {
    /// Makes the view of a call on a calendar.
    pub(crate) fn of(call: &Call<'_>, book: &Book) -> Result<Self, ApiResponse> {
        let role = book.role(&call.req.account);
        let details: Vec<_> = call
            .scopes
            .iter()
            .filter(|scope| scope.contains("/auth/calendar") && !scope.contains("calendarlist"))
            .collect();
        let busy_only =
            !details.is_empty() && details.iter().all(|scope| scope.ends_with("calendar.events.freebusy"));
        Ok(Self {
            zone: print_zone(call, book)?,
            most_attendees: call.req.number("maxAttendees").and_then(|n| usize::try_from(n).ok()),
            hide_all: role == Some(Role::FreeBusyReader) || busy_only,
            hide_private: role.is_some_and(|role| role < Role::Writer),
            unknown_members: call.req.knobs.unknown_members,
        })
    }
}

/// Shows an event.
pub(crate) fn event(book: &Book, id: &str, event: &Event, view: &View) -> Value {
    if event.bare {
        return tombstone(id, event, view.zone);
    }
    let mut out = event.fields.clone();
    for name in ["start", "end", "originalStartTime"] {
        if let Some(value) = out.get_mut(name) {
            *value = time(value, view.zone);
        }
    }
    out.insert("kind".to_owned(), Value::from("calendar#event"));
    out.insert("etag".to_owned(), Value::from(event.etag_text()));
    out.insert("id".to_owned(), Value::from(id));
    out.insert("created".to_owned(), Value::from(stamp(event.created)));
    out.insert("updated".to_owned(), Value::from(stamp(event.updated)));
    let eid = STANDARD_NO_PAD.encode(format!("{id} {}", book.id));
    out.insert(
        "htmlLink".to_owned(),
        Value::from(format!("https://www.google.com/calendar/event?eid={eid}")),
    );
    mark_self(&mut out, "creator", book);
    mark_self(&mut out, "organizer", book);
    show_attendees(&mut out, book, view);
    let private = matches!(event.text("visibility"), Some("private" | "confidential"));
    if view.hide_all || (view.hide_private && private) {
        hide(&mut out);
    }
    if view.unknown_members {
        out.insert("pretendNovelty".to_owned(), json!({"since": 2027, "level": "beta"}));
    }
    Value::Object(out)
}

/// Shows a deletion (C41 to C43).
pub(crate) fn tombstone(id: &str, event: &Event, zone: Tz) -> Value {
    let mut out = json!({"kind": "calendar#event", "etag": event.etag_text(), "id": id,
                         "status": "cancelled"});
    if !event.bare {
        for name in ["recurringEventId", "originalStartTime"] {
            if let Some(value) = event.fields.get(name) {
                out[name] = if value.is_object() { time(value, zone) } else { value.clone() };
            }
        }
    }
    out
}

/// On a secondary calendar the person who made the event is not "self" (C269).
fn mark_self(out: &mut Map<String, Value>, name: &str, book: &Book) {
    if let Some(who) = out.get_mut(name).and_then(Value::as_object_mut) {
        let me = who
            .get("email")
            .and_then(Value::as_str)
            .is_some_and(|email| email.eq_ignore_ascii_case(&book.id));
        if me {
            who.insert("self".to_owned(), Value::from(true));
        }
    }
}

/// Marks the own row and the organiser's, and cuts long lists (C143, C144).
fn show_attendees(out: &mut Map<String, Value>, book: &Book, view: &View) {
    let organizer = out
        .get("organizer")
        .and_then(|who| who.get("email"))
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_lowercase();
    let hidden_guests = out.get("guestsCanSeeOtherGuests") == Some(&Value::Bool(false));
    let Some(rows) = out.get_mut("attendees").and_then(Value::as_array_mut) else {
        return;
    };
    for row in rows.iter_mut() {
        let email = row.get("email").and_then(Value::as_str).unwrap_or_default().to_lowercase();
        if email == book.id && book.primary {
            row["self"] = Value::from(true);
        }
        if email == organizer {
            row["organizer"] = Value::from(true);
        }
    }
    let secret = organizer != book.id && hidden_guests;
    if secret || view.most_attendees.is_some_and(|most| rows.len() > most) {
        rows.retain(|row| row.get("self").is_some());
        out.insert("attendeesOmitted".to_owned(), Value::from(true));
    }
}

fn hide(out: &mut Map<String, Value>) {
    const SHOWN: &[&str] = &[
        "kind",
        "etag",
        "id",
        "status",
        "start",
        "end",
        "recurrence",
        "recurringEventId",
        "originalStartTime",
        "iCalUID",
        "transparency",
        "eventType",
        "created",
        "updated",
        "sequence",
        "htmlLink",
    ];
    out.retain(|name, _| SHOWN.contains(&name.as_str()));
    out.insert("visibility".to_owned(), Value::from("private"));
}
