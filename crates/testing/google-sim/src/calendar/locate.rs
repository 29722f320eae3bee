//! Finds the calendar and the event of a call, and checks who may do what.

use chrono_tz::Tz;
use serde_json::Value;

use super::series::{has, instance, is_master, read_suffix, split_id};
use super::times::span;
use super::{Book, Calendars, Call, Event, Role, not_found};
use crate::api::ApiResponse;

const APP_CREATED: &str = "https://www.googleapis.com/auth/calendar.app.created";
const OWNED: [&str; 2] = [
    "https://www.googleapis.com/auth/calendar.events.owned",
    "https://www.googleapis.com/auth/calendar.events.owned.readonly",
];

/// An event that was found: stored, or an instance computed from its series (C65).
pub(crate) struct Found {
    pub id: String,
    pub event: Event,
    /// The series, when the event is an instance that was never written.
    pub computed_from: Option<String>,
}

impl Calendars {
    /// Returns the id of the calendar of a call; `primary` is an alias (C2).
    pub(crate) fn calendar_id(&self, call: &Call<'_>, name: &str) -> String {
        match call.req.param(name) {
            Some("primary") | None => call.req.account.clone(),
            Some(id) => id.to_owned(),
        }
    }

    /// Returns the calendar of a call, if the account has this role or more (C125, C181).
    pub(crate) fn open(&self, call: &Call<'_>, least: Role) -> Result<&Book, ApiResponse> {
        self.open_id(call, &self.calendar_id(call, "calendarId"), least)
    }

    /// Returns a calendar, if the account has this role or more.
    pub(crate) fn open_id(&self, call: &Call<'_>, id: &str, least: Role) -> Result<&Book, ApiResponse> {
        let book = self.books.get(id).filter(|book| !book.deleted).ok_or_else(not_found)?;
        let role = book.role(&call.req.account).ok_or_else(not_found)?;
        if role < least {
            let level = if least == Role::Owner { "owner" } else { "writer" };
            return Err(ApiResponse::error_file("calendar-403-requiredAccessLevel")
                .message(&format!("You need to have {level} access to this calendar.")));
        }
        if !within_scopes(book, role, call) {
            return Err(ApiResponse::error_file("calendar-403-scope-insufficient-events"));
        }
        Ok(book)
    }

    /// Finds an event by id, computed instances included (C65, C75).
    pub(crate) fn find(&self, book: &Book, id: &str) -> Option<Found> {
        if let Some(event) = book.events.get(id) {
            return Some(Found { id: id.to_owned(), event: event.clone(), computed_from: None });
        }
        let (master_id, suffix) = split_id(id)?;
        let master = book.events.get(master_id)?;
        if master.cancelled() || !is_master(&master.fields) {
            return None;
        }
        let original = read_suffix(suffix, &span(&master.fields)?.0)?;
        if !has(&master.fields, &original) {
            return None;
        }
        if let Some(other) = book.exception_at(master_id, &original) {
            let event = book.events.get(&other)?.clone();
            return Some(Found { id: other, event, computed_from: None });
        }
        let mut event = master.clone();
        event.fields = instance(master_id, &master.fields, &original);
        Some(Found { id: id.to_owned(), event, computed_from: Some(master_id.to_owned()) })
    }

    /// Finds the event of a call or answers 404.
    pub(crate) fn find_of(&self, call: &Call<'_>, book: &Book) -> Result<Found, ApiResponse> {
        let id = call.req.param("eventId").unwrap_or_default();
        self.find(book, id).ok_or_else(not_found)
    }
}

/// Some scopes reach some calendars only (C241).
fn within_scopes(book: &Book, role: Role, call: &Call<'_>) -> bool {
    // A list of scopes that is empty stands for a caller inside the process.
    let limited = |scope: &str| scope == APP_CREATED || OWNED.contains(&scope);
    let useful: Vec<_> =
        call.scopes.iter().map(String::as_str).filter(|scope| scope.contains("/auth/calendar")).collect();
    let wide = useful
        .iter()
        .any(|scope| !limited(scope) && !scope.contains("calendarlist") && !scope.contains(".settings"));
    if useful.is_empty() || wide {
        return true;
    }
    let mine = role == Role::Owner && useful.iter().any(|scope| OWNED.contains(scope));
    let made = book.client.as_deref() == Some(call.client_id) && useful.contains(&APP_CREATED);
    let lists = useful.iter().all(|scope| !limited(scope));
    mine || made || lists
}

/// Compares `If-Match` (C120).
pub(crate) fn check_match(call: &Call<'_>, etag: &str) -> Result<(), ApiResponse> {
    match call.req.if_match.as_deref() {
        None | Some("*") => Ok(()),
        Some(list) if list.split(',').any(|one| one.trim() == etag) => Ok(()),
        Some(_) => Err(ApiResponse::error_file("calendar-412-conditionNotMet")),
    }
}

/// Tells whether a calendar holds the organiser's copy (C140).
pub(crate) fn organises(book: &Book, event: &Event) -> bool {
    let organizer = event.fields.get("organizer").and_then(|who| who.get("email"));
    organizer.and_then(Value::as_str).is_none_or(|email| email.eq_ignore_ascii_case(&book.id))
}

/// Returns the zone in which answers are printed (C92).
pub(crate) fn print_zone(call: &Call<'_>, book: &Book) -> Result<Tz, ApiResponse> {
    match call.req.param("timeZone") {
        None => Ok(book.zone),
        Some(name) => name.parse().map_err(|_| super::invalid("Invalid time zone.")),
    }
}
