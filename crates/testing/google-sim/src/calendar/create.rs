//! New events: insert, import, quickAdd.

use chrono::{DateTime, Duration, Timelike, Utc};
use serde_json::{Map, Value, json};

use super::content::{FIXED, WRITABLE};
use super::guests::{Change, Notify};
use super::parts::{BASE32HEX, base32hex, legal_id, normalise_for, organizer_of, pick, sequence_of, text};
use super::render::{View, event as show};
use super::series::{has, is_master};
use super::times::{When, parse};
use super::write::Mode;
use super::{Answer, Calendars, Call, Event, Role, etag_of, invalid, not_found};
use crate::api::ApiResponse;

impl Calendars {
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
        let id = id.unwrap_or_else(|| call.rng.text(26, BASE32HEX));
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
            for family in book.children.values_mut() {
                family.remove(id);
            }
            book.children.entry(parent.to_owned()).or_default().insert(id.to_owned());
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
                    shelved: None,
                    purged: false,
                    reach,
                };
                book.events.insert(id.to_owned(), event);
            }
        }
        book.touch(id, stamp);
    }

    /// Answers with the stored event (C260).
    pub(crate) fn answer(&self, call: &Call<'_>, book_id: &str, id: &str) -> Answer {
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
