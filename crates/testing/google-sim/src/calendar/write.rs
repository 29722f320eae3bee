//! Writing events: insert, import, update, patch, delete, move, quickAdd.

use chrono::{DateTime, Duration, Timelike, Utc};
use serde_json::{Map, Value, json};

use super::content::{Context, FIXED, WRITABLE, normalise};
use super::guests::{Change, Notify};
use super::locate::{Found, check_match, organises};
use super::render::{View, event as show};
use super::series::{has, is_master};
use super::times::{When, parse, span};
use super::{Answer, Book, Calendars, Call, Event, Role, etag_of, invalid, not_found};
use crate::api::{ApiResponse, Profile};

/// How a body meets what is stored (C123).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Replaces the whole.
    Put,
    /// Merges members; arrays are replaced, null removes.
    Patch,
}

const BASE32HEX: &[u8] = b"0123456789abcdefghijklmnopqrstuv";

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

    /// Plays `events.insert` (C100 to C102, C66).
    pub(crate) fn events_insert(&mut self, call: &mut Call<'_>) -> Answer {
        let body = call.body();
        let id = text(&body, "id").map(str::to_owned);
        let uid = text(&body, "iCalUID").map(str::to_owned);
        let bad_id = || ApiResponse::error_file("calendar-400-invalid-id");
        if id.is_some() && uid.is_some() || id.as_deref().is_some_and(|id| !legal_id(id)) {
            return Err(bad_id());
        }
        let book_id = self.open(call, Role::Writer)?.id.clone();
        if body.contains_key("recurringEventId") {
            return match id {
                Some(_) => Err(bad_id()),
                None => self.insert_exception(call, &book_id, &body),
            };
        }
        if text(&body, "eventType") == Some("fromGmail") {
            return Err(invalid("Events of this type cannot be created."));
        }
        let book = self.books.get(&book_id).ok_or_else(not_found)?;
        let taken = |uid: &str| {
            book.events.values().any(|e| {
                !e.cancelled() && e.text("iCalUID") == Some(uid) && !e.fields.contains_key("recurringEventId")
            })
        };
        if id.as_ref().is_some_and(|id| book.events.contains_key(id)) || uid.as_deref().is_some_and(taken) {
            return Err(ApiResponse::error_file("calendar-409-duplicate"));
        }
        let id = id.unwrap_or_else(|| call.rng.text(26, &BASE32HEX[..32]));
        let mut fields = pick(&body, WRITABLE);
        for name in ["eventType", "birthdayProperties"] {
            if let Some(value) = body.get(name) {
                fields.insert(name.to_owned(), value.clone());
            }
        }
        let uid = uid.unwrap_or_else(|| format!("{id}@google.com"));
        self.create(call, &book_id, &id, fields, &uid)
    }

    fn create(
        &mut self,
        call: &mut Call<'_>,
        book_id: &str,
        id: &str,
        mut fields: Map<String, Value>,
        uid: &str,
    ) -> Answer {
        let book = self.books.get(book_id).ok_or_else(not_found)?;
        let sequence = fields.remove("sequence").and_then(|n| n.as_i64()).unwrap_or(0);
        let mut fields = normalise_for(call, book, fields, None)?;
        fields.entry("status").or_insert_with(|| Value::from("confirmed"));
        fields.entry("eventType").or_insert_with(|| Value::from("default"));
        fields.insert("iCalUID".to_owned(), Value::from(uid));
        fields.insert("sequence".to_owned(), Value::from(sequence));
        fields.insert("creator".to_owned(), json!({"email": call.req.account}));
        if !fields.contains_key("organizer") {
            fields.insert("organizer".to_owned(), organizer_of(book));
        }
        let stamp = self.stamp(call.req.now);
        self.put(book_id, id, fields, stamp);
        self.tell(call, book_id, id, Change::Created, Notify::of(call.req));
        self.answer(call, book_id, id)
    }

    /// Stores a new or replaced event under a stamp.
    pub(crate) fn put(&mut self, book_id: &str, id: &str, fields: Map<String, Value>, stamp: DateTime<Utc>) {
        let Some(book) = self.books.get_mut(book_id) else {
            return;
        };
        let reach = super::reach(&fields, book.zone);
        if let Some(parent) = text(&fields, "recurringEventId") {
            let family = book.children.entry(parent.to_owned()).or_default();
            family.insert(id.to_owned());
        }
        match book.events.get_mut(id) {
            Some(event) => {
                event.fields = fields;
                event.bare = false;
            }
            None => {
                let created = stamp.with_nanosecond(0).unwrap_or(stamp);
                let event = Event {
                    fields,
                    created,
                    updated: stamp,
                    etag: etag_of(stamp) - 1,
                    rev: 0,
                    bare: false,
                    purged: false,
                    reach,
                };
                book.events.insert(id.to_owned(), event);
            }
        }
        book.touch(id, stamp);
    }

    /// Answers with the stored event (C260).
    fn answer(&self, call: &Call<'_>, book_id: &str, id: &str) -> Answer {
        let book = self.books.get(book_id).ok_or_else(not_found)?;
        let event = book.events.get(id).ok_or_else(not_found)?;
        let view = View::of(call, book)?;
        Ok(ApiResponse::ok(show(book, id, event, &view)))
    }

    /// An insert with a parent and an original start makes an exception (C66).
    fn insert_exception(&mut self, call: &mut Call<'_>, book_id: &str, body: &Map<String, Value>) -> Answer {
        let book = self.books.get(book_id).ok_or_else(not_found)?;
        let parent = text(body, "recurringEventId").unwrap_or_default();
        let master =
            book.events.get(parent).filter(|event| is_master(&event.fields)).ok_or_else(not_found)?;
        let original = parse(body.get("originalStartTime"), "original start", book.zone, false)?;
        if !has(&master.fields, &original) {
            return Err(not_found());
        }
        let id = format!("{parent}_{}", original.suffix());
        let found = self.find(book, &id).ok_or_else(not_found)?;
        self.write_found(call, book_id, found, body, Mode::Put)
    }

    /// Plays `events.import`: an upsert by iCalUID (C105, C267).
    pub(crate) fn events_import(&mut self, call: &mut Call<'_>) -> Answer {
        let body = call.body();
        let Some(uid) = text(&body, "iCalUID").filter(|uid| !uid.is_empty()).map(str::to_owned) else {
            return Err(ApiResponse::calendar_error(400, "global", "required", "Missing iCalUID."));
        };
        if text(&body, "eventType").is_some_and(|kind| kind != "default") {
            return Err(invalid("Only events of the default type can be imported."));
        }
        let book_id = self.open(call, Role::Writer)?.id.clone();
        let book = self.books.get(&book_id).ok_or_else(not_found)?;
        let known = book
            .events
            .iter()
            .find(|(_, e)| e.text("iCalUID") == Some(&uid) && !e.fields.contains_key("recurringEventId"))
            .map(|(id, event)| (id.clone(), event.clone()));
        let mut fields = pick(&body, WRITABLE);
        if let Some(organizer) = body.get("organizer").filter(|who| who.get("email").is_some()) {
            let mut organizer = pick(organizer.as_object().unwrap_or(&Map::new()), &["email", "displayName"]);
            organizer.retain(|_, value| !value.is_null());
            fields.insert("organizer".to_owned(), Value::Object(organizer));
        }
        match known {
            None => {
                let id = format!("_{}", base32hex(uid.as_bytes()));
                self.create(call, &book_id, &id, fields, &uid)
            }
            Some((id, event)) => {
                let stored = sequence_of(&event.fields);
                let sequence = body.get("sequence").and_then(Value::as_i64);
                if sequence.is_some_and(|given| given < stored) {
                    return Err(ApiResponse::error_file("calendar-400-invalid-sequence"));
                }
                fields.remove("sequence");
                let mut fields = normalise_for(call, book, fields, Some(&event.fields))?;
                for name in FIXED {
                    if let Some(value) = event.fields.get(*name) {
                        fields.entry(*name).or_insert_with(|| value.clone());
                    }
                }
                fields.entry("status").or_insert_with(|| Value::from("confirmed"));
                fields.insert("sequence".to_owned(), Value::from(sequence.unwrap_or(stored)));
                let stamp = self.stamp(call.req.now);
                self.put(&book_id, &id, fields, stamp);
                self.answer(call, &book_id, &id)
            }
        }
    }

    /// Plays `events.update` and `events.patch`.
    pub(crate) fn events_write(&mut self, call: &mut Call<'_>, mode: Mode) -> Answer {
        let book = self.open(call, Role::Writer)?;
        let found = self.find_of(call, book)?;
        check_match(call, &found.event.etag_text())?;
        let (book_id, body) = (book.id.clone(), call.body());
        self.write_found(call, &book_id, found, &body, mode)
    }

    fn write_found(
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
        self.put(book_id, id, after, stamp);
        if quiet && let Some(event) = self.books.get_mut(book_id).and_then(|b| b.events.get_mut(id)) {
            // Reminders do not move `updated` (C122).
            event.updated = updated;
        }
        if is_master(before) {
            let resend = call.req.knobs.resend_exceptions;
            self.follow_master(book_id, id, before, stamp, resend, call.req.knobs.bare_tombstones);
        }
        if !quiet {
            self.tell(call, book_id, id, Change::Updated(before.clone()), Notify::of(call.req));
        }
        self.answer(call, book_id, id)
    }

    /// Exceptions follow their series: values, orphans, and being sent again (C69, C72).
    pub(crate) fn follow_master(
        &mut self,
        book_id: &str,
        id: &str,
        before: &Map<String, Value>,
        stamp: DateTime<Utc>,
        resend: bool,
        bare: bool,
    ) {
        let Some(book) = self.books.get_mut(book_id) else {
            return;
        };
        let Some(master) = book.events.get(id).cloned() else {
            return;
        };
        for exception in book.exceptions(id) {
            let Some(event) = book.events.get_mut(&exception) else {
                continue;
            };
            let original = event.fields.get("originalStartTime").and_then(When::read);
            let kept = !master.cancelled()
                && is_master(&master.fields)
                && original.is_some_and(|original| has(&master.fields, &original));
            if kept {
                inherit(&mut event.fields, before, &master.fields);
            } else {
                event.fields.insert("status".to_owned(), Value::from("cancelled"));
                event.bare = bare;
            }
            if resend || !kept {
                book.touch(&exception, stamp);
                if let Some(event) = book.events.get_mut(&exception) {
                    event.etag = event.etag.max(master.etag);
                }
            }
        }
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

    /// Marks an event as deleted; a hole sends its series again (C42).
    pub(crate) fn cancel(&mut self, book_id: &str, found: &Found, now: DateTime<Utc>, bare: bool) {
        let stamp = self.stamp(now);
        let mut fields = found.event.fields.clone();
        fields.insert("status".to_owned(), Value::from("cancelled"));
        let parent = text(&fields, "recurringEventId").map(str::to_owned);
        let before = found.event.fields.clone();
        self.put(book_id, &found.id, fields, stamp);
        if let (Some(parent), Some(book)) = (parent, self.books.get_mut(book_id)) {
            book.touch(&parent, stamp);
        }
        if is_master(&before) {
            self.follow_master(book_id, &found.id, &before, stamp, true, bare);
        }
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

    /// Plays `events.quickAdd`: the text is the title, the time is the next hour (C173).
    pub(crate) fn events_quick_add(&mut self, call: &mut Call<'_>) -> Answer {
        let book_id = self.open(call, Role::Writer)?.id.clone();
        let start = call.req.now + Duration::hours(1);
        let zone = self.books.get(&book_id).map_or(chrono_tz::Tz::UTC, |book| book.zone);
        let mut fields = Map::new();
        fields.insert("summary".to_owned(), Value::from(call.req.param("text").unwrap_or_default()));
        fields.insert("start".to_owned(), When::At(start, zone).stored());
        fields.insert("end".to_owned(), When::At(start + Duration::hours(1), zone).stored());
        let id = call.rng.text(26, BASE32HEX);
        let uid = format!("{id}@google.com");
        self.create(call, &book_id, &id, fields, &uid)
    }
}

fn normalise_for(
    call: &mut Call<'_>,
    book: &Book,
    fields: Map<String, Value>,
    before: Option<&Map<String, Value>>,
) -> Result<Map<String, Value>, ApiResponse> {
    let unknown = Profile::default();
    let context = Context {
        req: call.req,
        zone: book.zone,
        primary: book.primary,
        profile: call.accounts.get(&call.req.account).unwrap_or(&unknown),
    };
    normalise(fields, before, &context, call.rng)
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

/// RFC 7396, with arrays replaced whole (C123).
pub(crate) fn merge_patch(target: &mut Map<String, Value>, patch: Map<String, Value>) {
    for (name, value) in patch {
        match value {
            Value::Null => {
                target.remove(&name);
            }
            Value::Object(inner) => {
                let slot = target.entry(name).or_insert_with(|| Value::Object(Map::new()));
                if let Some(members) = slot.as_object_mut() {
                    merge_patch(members, inner);
                } else {
                    *slot = Value::Object(inner);
                }
            }
            other => {
                target.insert(name, other);
            }
        }
    }
}

/// Members an exception did not change follow the series (C71).
fn inherit(exception: &mut Map<String, Value>, before: &Map<String, Value>, after: &Map<String, Value>) {
    for name in WRITABLE {
        let own = ["start", "end", "recurrence", "status", "sequence"];
        if own.contains(name) || exception.get(*name) != before.get(*name) {
            continue;
        }
        match after.get(*name) {
            Some(value) => exception.insert((*name).to_owned(), value.clone()),
            None => exception.remove(*name),
        };
    }
}

fn only_reminders(before: &Map<String, Value>, after: &Map<String, Value>) -> bool {
    let without = |fields: &Map<String, Value>| {
        let mut fields = fields.clone();
        fields.remove("reminders");
        fields
    };
    before != after && without(before) == without(after)
}

pub(crate) fn organizer_of(book: &Book) -> Value {
    if book.primary {
        json!({"email": book.id})
    } else {
        json!({"email": book.id, "displayName": book.summary})
    }
}

fn sequence_of(fields: &Map<String, Value>) -> i64 {
    fields.get("sequence").and_then(Value::as_i64).unwrap_or(0)
}

pub(crate) fn text<'a>(fields: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    fields.get(name).and_then(Value::as_str)
}

fn pick(fields: &Map<String, Value>, names: &[&str]) -> Map<String, Value> {
    names.iter().filter_map(|name| Some(((*name).to_owned(), fields.get(*name)?.clone()))).collect()
}

/// Client ids are base32hex, 5 to 1024 characters (C100).
fn legal_id(id: &str) -> bool {
    (5..=1024).contains(&id.len()) && id.bytes().all(|byte| BASE32HEX.contains(&byte))
}

/// Base32hex in lower case without padding (C105).
pub(crate) fn base32hex(bytes: &[u8]) -> String {
    let mut out = String::new();
    let (mut buffer, mut bits) = (0u32, 0u32);
    for byte in bytes {
        buffer = (buffer << 8) | u32::from(*byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            push_digit(&mut out, buffer >> bits);
        }
        buffer &= (1 << bits) - 1;
    }
    if bits > 0 {
        push_digit(&mut out, buffer << (5 - bits));
    }
    out
}

fn push_digit(out: &mut String, value: u32) {
    let digit = BASE32HEX.get((value & 31) as usize).copied().unwrap_or(b'0');
    out.push(char::from(digit));
}

/// Tells whether an event spans the given instants (for free/busy).
pub(crate) fn busy_span(book: &Book, event: &Event) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
    let (start, end) = span(&event.fields)?;
    Some((start.instant(book.zone), end.instant(book.zone)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_of_an_import_is_its_uid_in_base32hex_c105() {
        assert_eq!(base32hex(b"abc-123@example.org"), "c5h66b9h68pk0pboc5mn0r355pnn4po");
    }

    #[test]
    fn client_ids_are_base32hex_c100() {
        for (id, fine) in
            [("abcde", true), ("abcd", false), ("abcdw", false), ("ab_cd", false), ("ABCDE", false)]
        {
            assert_eq!(legal_id(id), fine, "{id}");
        }
    }

    #[test]
    fn a_patch_merges_objects_and_replaces_arrays_c123() {
        let mut target =
            json!({"a": {"x": 1, "y": 2}, "list": [1, 2], "gone": 1}).as_object().unwrap().clone();
        let patch = json!({"a": {"x": null}, "list": [3], "gone": null}).as_object().unwrap().clone();
        merge_patch(&mut target, patch);
        assert_eq!(Value::Object(target), json!({"a": {"y": 2}, "list": [3]}));
    }
}
