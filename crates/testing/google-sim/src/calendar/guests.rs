//! Guests: their copies, their answers, and the mails that would have been sent.

use serde_json::{Map, Value};

use super::content::{PRIVATE, WRITABLE};
use super::locate::organises;
use super::write::Mode;
use super::{Book, Calendars, Call, Event, Mail};
use crate::api::{ApiRequest, ApiResponse};

/// Beyond this many guests, answers are not passed on (C145).
const MOST_ANSWERS: usize = 200;

/// Who gets mail (C147).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Notify {
    Nobody,
    All,
    /// Those who are not accounts here (C148).
    External,
}

impl Notify {
    pub(crate) fn of(req: &ApiRequest) -> Self {
        match req.param("sendUpdates") {
            Some("all") => Self::All,
            Some("externalOnly") => Self::External,
            None if req.flag("sendNotifications") => Self::All,
            _ => Self::Nobody,
        }
    }
}

/// What happened to an event on the organiser's or a guest's calendar.
pub(crate) enum Change {
    Created,
    /// With the members before.
    Updated(Map<String, Value>),
    Deleted,
}

type Fields = Map<String, Value>;

fn rows(fields: &Fields) -> Vec<Value> {
    fields.get("attendees").and_then(Value::as_array).cloned().unwrap_or_default()
}

fn email(row: &Value) -> String {
    row.get("email").and_then(Value::as_str).unwrap_or_default().to_lowercase()
}

fn organizer(fields: &Fields) -> String {
    fields.get("organizer").map(email).unwrap_or_default()
}

fn shared(fields: &Fields) -> Fields {
    let mut out: Fields = fields
        .iter()
        .filter(|(name, _)| WRITABLE.contains(&name.as_str()) && !PRIVATE.contains(&name.as_str()))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    out.remove("sequence");
    if let Some(kinds) = out.get_mut("extendedProperties").and_then(Value::as_object_mut) {
        kinds.remove("private");
    }
    if out.get("extendedProperties").is_some_and(|kinds| kinds.as_object().is_none_or(Map::is_empty)) {
        out.remove("extendedProperties");
    }
    out
}

/// The shared members without the list of guests, whose rows have rules of their own.
fn substance(fields: &Fields) -> Fields {
    let mut out = shared(fields);
    out.remove("attendees");
    out.remove("status");
    out
}

impl Calendars {
    /// What a guest may write on his copy (C125, C141, C142).
    pub(crate) fn guest_rules(
        &self,
        call: &Call<'_>,
        book: &Book,
        event: &Event,
        merged: Fields,
        mode: Mode,
        body: &Fields,
    ) -> Result<Fields, ApiResponse> {
        if organises(book, event) || event.fields.get("guestsCanModify") == Some(&Value::Bool(true)) {
            return Ok(merged);
        }
        // A private copy made by import belongs to its calendar (C105).
        let guest = rows(&event.fields).iter().any(|row| email(row) == book.id);
        if !guest {
            return Ok(merged);
        }
        let omitted = body.get("attendeesOmitted") == Some(&Value::Bool(true));
        let before = &event.fields;
        if mode == Mode::Put {
            // Omitting a shared member is changing it (C125).
            let probe = super::parts::text;
            let changed = ["summary", "description", "location"].iter().any(|name| {
                probe(before, name).unwrap_or_default() != probe(&merged, name).unwrap_or_default()
            });
            let lost = before.contains_key("recurrence") != merged.contains_key("recurrence")
                || (!omitted && guests_changed(book, before, &merged));
            if changed || lost {
                return Err(ApiResponse::error_file("calendar-403-forbiddenForNonOrganizer"));
            }
        } else if body.contains_key("attendees") && !omitted && guests_changed(book, before, &merged) {
            let may_invite = before.get("guestsCanInviteOthers") != Some(&Value::Bool(false));
            if !may_invite || removes_guests(before, &merged) {
                return Err(ApiResponse::error_file("calendar-403-forbiddenForNonOrganizer"));
            }
        }
        let _ = call;
        Ok(merged)
    }

    /// Passes a change on to the other copies and counts the mails.
    pub(crate) fn tell(&mut self, call: &Call<'_>, book_id: &str, id: &str, change: Change, notify: Notify) {
        let Some((event, own)) = self
            .books
            .get(book_id)
            .and_then(|book| Some((book.events.get(id)?.clone(), organises(book, book.events.get(id)?))))
        else {
            return;
        };
        if own {
            return self.tell_guests(call, book_id, id, &event, &change, notify);
        }
        if let Change::Updated(before) = change {
            self.tell_organiser(call, book_id, id, &event, &before, notify);
        }
    }

    fn tell_guests(
        &mut self,
        call: &Call<'_>,
        book_id: &str,
        id: &str,
        event: &Event,
        change: &Change,
        notify: Notify,
    ) {
        let me = organizer(&event.fields);
        let before: Vec<String> = match change {
            Change::Updated(before) => rows(before).iter().map(email).collect(),
            _ => Vec::new(),
        };
        let now: Vec<String> = rows(&event.fields).iter().map(email).collect();
        let substantial = match change {
            Change::Updated(old) => substance(old) != substance(&event.fields),
            _ => true,
        };
        let deleted = event.cancelled();
        for guest in now.iter().filter(|guest| **guest != me) {
            let kind = match () {
                () if deleted => "cancellation",
                () if !before.contains(guest) => "invitation",
                () => "update",
            };
            if substantial || kind != "update" {
                self.mail(call, book_id, id, guest, kind, notify);
            }
            // Without mail, a deletion stays on the guests' calendars (C149).
            if !(deleted && notify == Notify::Nobody) {
                self.copy_to(call, guest, id, event);
            }
        }
        for guest in before.iter().filter(|guest| !now.contains(guest) && **guest != me) {
            self.mail(call, book_id, id, guest, "cancellation", notify);
            let mut gone = event.clone();
            gone.fields.insert("status".to_owned(), Value::from("cancelled"));
            self.copy_to(call, guest, id, &gone);
        }
    }

    /// Puts the shared members on a guest's main calendar; the private ones stay (C140).
    fn copy_to(&mut self, call: &Call<'_>, guest: &str, id: &str, event: &Event) {
        if !call.accounts.contains_key(guest) {
            return;
        }
        let stamp = self.stamp(call.req.now);
        let Some(book) = self.books.get(guest) else {
            return;
        };
        let own = book.events.get(id).map(|copy| copy.fields.clone());
        if own.is_none() && event.cancelled() && !event.fields.contains_key("recurringEventId") {
            return;
        }
        let mut fields = event.fields.clone();
        // The source belongs to the creator alone (C172).
        fields.remove("source");
        for name in PRIVATE {
            match own.as_ref().and_then(|own| own.get(*name)) {
                Some(value) => fields.insert((*name).to_owned(), value.clone()),
                None => fields.remove(*name),
            };
        }
        if own.is_none() {
            let timed = fields.get("start").is_some_and(|start| start.get("dateTime").is_some());
            fields.insert("reminders".to_owned(), serde_json::json!({"useDefault": timed}));
        }
        let private = own
            .as_ref()
            .and_then(|own| own.get("extendedProperties"))
            .and_then(|kinds| kinds.get("private"))
            .cloned();
        set_private(&mut fields, private);
        if own.as_ref() == Some(&fields) {
            return;
        }
        let before = own.unwrap_or_default();
        self.put(guest, id, fields, stamp);
        if super::series::is_master(&before) {
            self.follow_master(guest, id, &before, stamp, true, true);
        }
    }

    /// A guest's answer goes back to the organiser and to the other guests (C141, C145).
    fn tell_organiser(
        &mut self,
        call: &Call<'_>,
        book_id: &str,
        id: &str,
        event: &Event,
        before: &Fields,
        notify: Notify,
    ) {
        let host = organizer(&event.fields);
        // An occurrence need not exist by itself yet.
        let found = self.books.get(&host).and_then(|book| self.find(book, id));
        let Some(theirs) = found.map(|found| found.event) else {
            return;
        };
        let mut fields = theirs.fields.clone();
        if event.fields.get("guestsCanModify") == Some(&Value::Bool(true)) {
            fields.extend(shared(&event.fields));
            let mine = shared(&event.fields);
            fields.retain(|name, _| !shared(&theirs.fields).contains_key(name) || mine.contains_key(name));
        }
        let own = |fields: &Fields| rows(fields).into_iter().find(|row| email(row) == book_id);
        let answered = own(before) != own(&event.fields);
        let mut all = rows(&fields);
        if answered
            && all.len() <= MOST_ANSWERS
            && let (Some(answer), Some(row)) =
                (own(&event.fields), all.iter_mut().find(|row| email(row) == book_id))
        {
            *row = answer;
        }
        for row in rows(&event.fields) {
            if !all.iter().any(|known| email(known) == email(&row)) {
                all.push(row);
            }
        }
        fields.insert("attendees".to_owned(), Value::from(all));
        if fields == theirs.fields {
            return;
        }
        let stamp = self.stamp(call.req.now);
        self.put(&host, id, fields, stamp);
        if answered && notify == Notify::All {
            self.mail(call, book_id, id, &host, "response", notify);
        }
        let changed = self.books.get(&host).and_then(|book| book.events.get(id)).cloned();
        if let Some(changed) = changed {
            for guest in rows(&changed.fields).iter().map(email) {
                if guest != host && guest != book_id {
                    self.copy_to(call, &guest, id, &changed);
                }
            }
        }
    }

    /// A guest who deletes his copy declines.
    pub(crate) fn decline(&mut self, call: &Call<'_>, book_id: &str, id: &str) {
        let Some(event) = self.books.get(book_id).and_then(|book| book.events.get(id)).cloned() else {
            return;
        };
        let mut after = event.clone();
        if let Some(rows) = after.fields.get_mut("attendees").and_then(Value::as_array_mut) {
            for row in rows.iter_mut().filter(|row| email(row) == book_id) {
                row["responseStatus"] = Value::from("declined");
            }
        }
        self.tell_organiser(call, book_id, id, &after, &event.fields, Notify::of(call.req));
    }

    fn mail(&mut self, call: &Call<'_>, book: &str, id: &str, guest: &str, kind: &str, notify: Notify) {
        let wanted = match notify {
            Notify::Nobody => false,
            Notify::All => true,
            Notify::External => outside(call, guest),
        };
        if wanted {
            self.mails.push(Mail {
                at: call.req.now,
                calendar: book.to_owned(),
                event: id.to_owned(),
                guest: guest.to_owned(),
                kind: kind.to_owned(),
            });
        }
    }
}

/// Outside the organiser's Workspace domain, or without an account here (C148).
fn outside(call: &Call<'_>, guest: &str) -> bool {
    match call.accounts.get(&call.req.account).and_then(|profile| profile.workspace.as_deref()) {
        Some(domain) => guest.split_once('@').map(|(_, of)| of) != Some(domain),
        None => !call.accounts.contains_key(guest),
    }
}

fn set_private(fields: &mut Fields, private: Option<Value>) {
    let kinds = fields.entry("extendedProperties").or_insert_with(|| Value::Object(Map::new()));
    if let Some(kinds) = kinds.as_object_mut() {
        match private {
            Some(private) => kinds.insert("private".to_owned(), private),
            None => kinds.remove("private"),
        };
    }
    if fields.get("extendedProperties").and_then(Value::as_object).is_some_and(Map::is_empty) {
        fields.remove("extendedProperties");
    }
}

/// Tells whether rows other than the guest's own changed.
fn guests_changed(book: &Book, before: &Fields, after: &Fields) -> bool {
    let others = |fields: &Fields| {
        let mut all: Vec<String> = rows(fields).iter().map(email).filter(|who| *who != book.id).collect();
        all.sort();
        all
    };
    others(before) != others(after)
}

fn removes_guests(before: &Fields, after: &Fields) -> bool {
    let after: Vec<String> = rows(after).iter().map(email).collect();
    rows(before).iter().any(|row| !after.contains(&email(row)))
}
