//! Calendars themselves: insert, get, patch, delete, clear (C180, C182).

use chrono_tz::Tz;
use serde_json::{Map, Value, json};

use super::parts::text;
use super::{Answer, Book, Calendars, Call, Role, etag_of, invalid, not_found};
use crate::api::ApiResponse;

fn show(book: &Book) -> Value {
    let mut out = json!({
        "kind": "calendar#calendar", "etag": format!("\"{}\"", book.etag), "id": book.id,
        "summary": book.summary, "timeZone": book.zone.name(),
        "conferenceProperties": {"allowedConferenceSolutionTypes": ["hangoutsMeet"]},
    });
    for (name, value) in [("description", &book.description), ("location", &book.location)] {
        if let Some(value) = value {
            out[name] = Value::from(value.as_str());
        }
    }
    if !book.primary {
        out["dataOwner"] = Value::from(book.owner.as_str());
    }
    out
}

fn zone_of(body: &Map<String, Value>) -> Result<Option<Tz>, ApiResponse> {
    match text(body, "timeZone") {
        None => Ok(None),
        Some(name) => name.parse().map(Some).map_err(|_| invalid("Invalid time zone.")),
    }
}

impl Calendars {
    /// Plays `calendars.get`.
    pub(crate) fn calendars_get(&mut self, call: &mut Call<'_>) -> Answer {
        Ok(ApiResponse::ok(show(self.open(call, Role::FreeBusyReader)?)))
    }

    /// Plays `calendars.insert`; without a zone the calendar is in UTC (C270).
    pub(crate) fn calendars_insert(&mut self, call: &mut Call<'_>) -> Answer {
        let body = call.body();
        let account = call.req.account.clone();
        let made = self.creations.get(&account).copied().unwrap_or(0);
        if made >= call.req.knobs.calendar_creations {
            // Deleting calendars gives nothing back (C183).
            return Err(ApiResponse::error_file("calendar-403-quotaExceeded"));
        }
        let Some(summary) = text(&body, "summary").filter(|summary| !summary.is_empty()) else {
            return Err(ApiResponse::calendar_error(400, "global", "required", "Missing title."));
        };
        let zone = zone_of(&body)?.unwrap_or(Tz::UTC);
        let id = format!("c_{}@group.calendar.google.com", call.rng.text(64, b"0123456789abcdef"));
        let mut book = self.new_book(&id, summary, zone, &account, false, call.req.now);
        book.description = text(&body, "description").map(str::to_owned);
        book.location = text(&body, "location").map(str::to_owned);
        book.client = Some(call.client_id.to_owned());
        let shown = show(&book);
        self.books.insert(id.clone(), book);
        self.creations.insert(account.clone(), made + 1);
        self.add_line(&account, &id);
        Ok(ApiResponse::ok(shown))
    }

    /// Plays `calendars.patch` and `calendars.update`.
    pub(crate) fn calendars_patch(&mut self, call: &mut Call<'_>) -> Answer {
        let book = self.open(call, Role::Owner)?;
        super::locate::check_match(call, &format!("\"{}\"", book.etag))?;
        let id = book.id.clone();
        let body = call.body();
        let zone = zone_of(&body)?;
        let stamp = self.stamp(call.req.now);
        let put = call.req.method_id.ends_with("update");
        let book = self.books.get_mut(&id).ok_or_else(not_found)?;
        if let Some(summary) = text(&body, "summary") {
            book.summary = summary.to_owned();
        }
        if let Some(zone) = zone {
            book.zone = zone;
        }
        for (name, slot) in [("description", &mut book.description), ("location", &mut book.location)] {
            match body.get(name) {
                Some(value) => *slot = value.as_str().filter(|text| !text.is_empty()).map(str::to_owned),
                None if put => *slot = None,
                None => {}
            }
        }
        book.etag = etag_of(stamp);
        let shown = show(book);
        let readers: Vec<String> = book.acl.keys().cloned().collect();
        for reader in readers {
            self.touch_line(&reader, &id);
        }
        Ok(ApiResponse::ok(shown))
    }

    /// Plays `calendars.delete`: secondary calendars only.
    pub(crate) fn calendars_delete(&mut self, call: &mut Call<'_>) -> Answer {
        let book = self.open(call, Role::Owner)?;
        if book.primary {
            return Err(ApiResponse::calendar_error(
                403,
                "calendar",
                "cannotRemovePrimaryCalendar",
                "The primary calendar of a user cannot be removed.",
            ));
        }
        let id = book.id.clone();
        if let Some(book) = self.books.get_mut(&id) {
            book.deleted = true;
            book.events.clear();
        }
        let owners: Vec<String> = self.listings.keys().cloned().collect();
        for owner in owners {
            self.drop_line(&owner, &id);
        }
        Ok(ApiResponse::empty(204))
    }

    /// Plays `calendars.clear`: the primary calendar only (C182).
    pub(crate) fn calendars_clear(&mut self, call: &mut Call<'_>) -> Answer {
        let book = self.open(call, Role::Owner)?;
        if !book.primary {
            return Err(invalid("Only the primary calendar can be cleared."));
        }
        let live: Vec<String> = book
            .events
            .iter()
            .filter(|(_, event)| !event.cancelled() && !event.fields.contains_key("recurringEventId"))
            .map(|(id, _)| id.clone())
            .collect();
        let book_id = book.id.clone();
        for id in live {
            let found = self.books.get(&book_id).and_then(|book| self.find(book, &id));
            if let Some(found) = found {
                self.cancel(&book_id, &found, call.req.now, call.req.knobs.bare_tombstones);
            }
        }
        Ok(ApiResponse::empty(204))
    }
}
