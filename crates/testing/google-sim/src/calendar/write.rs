//! Writing events that exist: get, update, patch, delete, move.

use serde_json::{Map, Value};

use super::content::{FIXED, WRITABLE};
use super::guests::{Change, Notify};
use super::locate::{Found, check_match, organises};
use super::parts::{merge_patch, normalise_for, organizer_of, pick, sequence_of, text};
use super::render::{View, event as show};
use super::series::is_master;
use super::{Answer, Book, Calendars, Call, Role, invalid, not_found};
use crate::api::ApiResponse;

/// How a body meets what is stored (C123).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Replaces the whole.
    Put,
    /// Merges members; arrays are replaced, null removes.
    Patch,
}

impl Calendars {
    /// Plays `events.get`; `If-None-Match` gives 304 (C120).
    pub(crate) fn events_get(&mut self, call: &mut Call<'_>) -> Answer {
        let book = self.open(call, Role::FreeBusyReader)?;
        let found = self.find_of(call, book)?;
        if call.req.if_none_match.as_deref() == Some(found.event.etag_text().as_str()) {
            return Ok(ApiResponse::empty(304));
        }
        let view = View::of(call, book)?;
        Ok(ApiResponse::ok(show(book, &found.id, &found.event, &view)))
    }

    /// Plays `events.update` and `events.patch`.
    pub(crate) fn events_write(&mut self, call: &mut Call<'_>, mode: Mode) -> Answer {
        let book = self.open(call, Role::Writer)?;
        let found = self.find_of(call, book)?;
        check_match(call, &found.event.etag_text())?;
        let (book_id, body) = (book.id.clone(), call.body());
        self.write_found(call, &book_id, found, &body, mode)
    }

    pub(crate) fn write_found(
        &mut self,
        call: &mut Call<'_>,
        book_id: &str,
        found: Found,
        body: &Map<String, Value>,
        mode: Mode,
    ) -> Answer {
        let book = self.books.get(book_id).ok_or_else(not_found)?;
        let before = &found.event.fields;
        if found.event.bare
            || found.event.purged
            || (found.event.cancelled() && !call.req.knobs.revive_deleted)
        {
            return Err(ApiResponse::error_file("calendar-403-forbidden-write-deleted"));
        }
        check_kind(body, before)?;
        let sent = body.get("sequence").and_then(Value::as_i64);
        if sent.is_some_and(|sent| sent < sequence_of(before)) {
            return Err(ApiResponse::error_file("calendar-400-invalid-sequence"));
        }
        let merged = merge(call, book, before, body, mode);
        let merged = self.guest_rules(call, book, &found.event, merged, mode, body)?;
        let mut after = normalise_for(call, book, merged, Some(before))?;
        for name in FIXED.iter().filter(|name| **name != "hangoutLink") {
            if let Some(value) = before.get(*name) {
                after.insert((*name).to_owned(), value.clone());
            }
        }
        after.entry("status").or_insert_with(|| Value::from("confirmed"));
        let timing = ["start", "end", "recurrence"].iter().any(|n| before.get(*n) != after.get(*n));
        let sequence = sequence_of(before) + i64::from(timing);
        after.insert("sequence".to_owned(), Value::from(sequence.max(sent.unwrap_or(0))));
        self.store(call, book_id, &found, after)
    }

    /// Stores a write, unless nothing changed (C266).
    fn store(
        &mut self,
        call: &mut Call<'_>,
        book_id: &str,
        found: &Found,
        after: Map<String, Value>,
    ) -> Answer {
        let (id, before) = (&found.id, &found.event.fields);
        if *before == after && found.computed_from.is_none() {
            return self.answer(call, book_id, id);
        }
        let quiet = only_reminders(before, &after) && found.computed_from.is_none();
        let stamp = self.stamp(call.req.now);
        let updated = found.event.updated;
        let bare = call.req.knobs.bare_tombstones;
        let mut after = after;
        if before.get("visibility") != after.get("visibility") {
            self.spread_visibility(book_id, &mut after, stamp, bare);
        }
        if text(&after, "status") == Some("cancelled") && !found.event.cancelled() {
            self.touch_parent(book_id, &after, stamp);
        }
        let is_series = is_master(before) || is_master(&after);
        self.put(book_id, id, after, stamp);
        if quiet && let Some(event) = self.books.get_mut(book_id).and_then(|b| b.events.get_mut(id)) {
            // Reminders do not move `updated` (C122).
            event.updated = updated;
        }
        if is_series {
            let resend = call.req.knobs.resend_exceptions;
            self.follow_master(book_id, id, before, stamp, resend, bare);
        }
        if !quiet {
            self.tell(call, book_id, id, Change::Updated(before.clone()), Notify::of(call.req));
        }
        self.answer(call, book_id, id)
    }

    /// Plays `events.delete` (C45, C47, C42).
    pub(crate) fn events_delete(&mut self, call: &mut Call<'_>) -> Answer {
        let book = self.open(call, Role::Writer)?;
        let found = self.find_of(call, book)?;
        if found.event.cancelled() {
            return Err(ApiResponse::error_file("calendar-410-deleted"));
        }
        check_match(call, &found.event.etag_text())?;
        let book_id = book.id.clone();
        let own = organises(book, &found.event);
        if !own {
            self.decline(call, &book_id, &found.id);
        }
        self.cancel(&book_id, &found, call.req.now, call.req.knobs.bare_tombstones);
        if own {
            self.tell(call, &book_id, &found.id, Change::Deleted, Notify::of(call.req));
        }
        Ok(ApiResponse::empty(204))
    }

    /// Plays `events.move`: the source keeps a tombstone (C46).
    pub(crate) fn events_move(&mut self, call: &mut Call<'_>) -> Answer {
        let target = match call.req.param("destination") {
            Some("primary") | None => call.req.account.clone(),
            Some(id) => id.to_owned(),
        };
        let book = self.open(call, Role::Writer)?;
        let found = self.find_of(call, book)?;
        check_match(call, &found.event.etag_text())?;
        let source = book.id.clone();
        if !organises(book, &found.event) {
            return Err(ApiResponse::error_file("calendar-403-forbiddenForNonOrganizer"));
        }
        let kind = found.event.text("eventType").unwrap_or("default");
        if kind != "default" || found.event.fields.contains_key("recurringEventId") || found.event.cancelled()
        {
            return Err(invalid("This event cannot be moved."));
        }
        let organizer = organizer_of(self.open_id(call, &target, Role::Writer)?);
        let mut family = vec![(found.id.clone(), found.event.clone())];
        if let Some(book) = self.books.get(&source) {
            let exceptions = book.exceptions(&found.id);
            family.extend(
                exceptions.into_iter().filter_map(|id| Some((id.clone(), book.events.get(&id)?.clone()))),
            );
        }
        let stamp = self.stamp(call.req.now);
        for (id, event) in family {
            let mut fields = event.fields;
            fields.insert("organizer".to_owned(), organizer.clone());
            self.put(&target, &id, fields.clone(), stamp);
            fields.insert("status".to_owned(), Value::from("cancelled"));
            self.put(&source, &id, fields, stamp);
        }
        self.tell(
            call,
            &target,
            &found.id,
            Change::Updated(found.event.fields.clone()),
            Notify::of(call.req),
        );
        self.answer(call, &source, &found.id)
    }
}

/// The event type never changes (C128); Gmail's and birthdays change in part (C161, C162).
fn check_kind(body: &Map<String, Value>, before: &Map<String, Value>) -> Result<(), ApiResponse> {
    let stored = text(before, "eventType").unwrap_or("default");
    let refuse =
        |message: &str| Err(ApiResponse::calendar_error(400, "calendar", "eventTypeRestriction", message));
    if text(body, "eventType").is_some_and(|kind| kind != stored) {
        return refuse("Event type cannot be changed.");
    }
    let changeable: &[&str] = match stored {
        "fromGmail" => &[
            "colorId",
            "reminders",
            "visibility",
            "transparency",
            "status",
            "attendees",
            "extendedProperties",
        ],
        "birthday" => &[
            "colorId",
            "summary",
            "reminders",
            "start",
            "end",
            "recurrence",
            "status",
            "transparency",
            "visibility",
        ],
        _ => return Ok(()),
    };
    let wrong = body.iter().any(|(name, value)| {
        WRITABLE.contains(&name.as_str())
            && !["start", "end", "sequence"].contains(&name.as_str())
            && !changeable.contains(&name.as_str())
            && before.get(name) != Some(value)
    });
    if wrong { refuse("This event type restricts what can be changed.") } else { Ok(()) }
}

fn merge(
    call: &Call<'_>,
    book: &Book,
    before: &Map<String, Value>,
    body: &Map<String, Value>,
    mode: Mode,
) -> Map<String, Value> {
    let mut writable = pick(body, WRITABLE);
    writable.remove("sequence");
    let mut merged = match mode {
        Mode::Put => writable,
        Mode::Patch => {
            let mut merged = before.clone();
            merge_patch(&mut merged, writable);
            merged
        }
    };
    if mode == Mode::Put && before.contains_key("recurringEventId") {
        merged.remove("recurrence");
    }
    // "Here is my answer only": the list is the stored one with the own row (C144).
    if body.get("attendeesOmitted") == Some(&Value::Bool(true)) {
        let rows = own_row_only(call, book, before, body);
        merged.insert("attendees".to_owned(), rows);
    }
    for name in FIXED {
        match before.get(*name) {
            Some(value) => merged.insert((*name).to_owned(), value.clone()),
            None => merged.remove(*name),
        };
    }
    merged
}

fn own_row_only(
    call: &Call<'_>,
    book: &Book,
    before: &Map<String, Value>,
    body: &Map<String, Value>,
) -> Value {
    let rows = |fields: &Map<String, Value>| {
        fields.get("attendees").and_then(Value::as_array).cloned().unwrap_or_default()
    };
    let me = if book.primary { book.id.clone() } else { call.req.account.clone() };
    let is_me =
        |row: &Value| row.get("email").and_then(Value::as_str).is_some_and(|e| e.eq_ignore_ascii_case(&me));
    let given = rows(body).into_iter().find(|row| is_me(row));
    let mut stored = rows(before);
    if let (Some(given), Some(own)) = (given, stored.iter_mut().find(|row| is_me(row))) {
        for name in ["responseStatus", "comment", "additionalGuests"] {
            if let Some(value) = given.get(name) {
                own[name] = value.clone();
            }
        }
    }
    Value::from(stored)
}

fn only_reminders(before: &Map<String, Value>, after: &Map<String, Value>) -> bool {
    let without = |fields: &Map<String, Value>| {
        let mut fields = fields.clone();
        fields.remove("reminders");
        fields
    };
    before != after && without(before) == without(after)
}
