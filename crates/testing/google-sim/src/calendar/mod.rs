//! Calendar v3: calendars, lists, events, guests and what each keeps.

mod books;
mod content;
mod create;
mod family;
mod guests;
mod list;
mod lists;
mod locate;
mod parts;
mod render;
mod select;
mod series;
mod sharing;
mod times;
mod tokens;
mod ui;
mod write;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Duration, TimeZone, Utc};
use chrono_tz::Tz;
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::api::{ApiRequest, ApiResponse, Profile};
use crate::rng::Rng;

/// The answer of a method: a refusal is an answer too.
pub(crate) type Answer = Result<ApiResponse, ApiResponse>;

/// What a person may do with a calendar (C181).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Sees busy times only.
    FreeBusyReader,
    /// Sees events; private ones as busy.
    Reader,
    /// Writes, and sees private events as busy.
    WriterWithoutPrivateAccess,
    /// Writes.
    Writer,
    /// Writes and shares.
    Owner,
}

impl Role {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "freeBusyReader" => Self::FreeBusyReader,
            "reader" => Self::Reader,
            "writerWithoutPrivateAccess" => Self::WriterWithoutPrivateAccess,
            "writer" => Self::Writer,
            "owner" => Self::Owner,
            _ => return None,
        })
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::FreeBusyReader => "freeBusyReader",
            Self::Reader => "reader",
            Self::WriterWithoutPrivateAccess => "writerWithoutPrivateAccess",
            Self::Writer => "writer",
            Self::Owner => "owner",
        }
    }
}

/// One event as one calendar holds it.
#[derive(Debug, Clone)]
pub(crate) struct Event {
    /// The stored members: times in UTC, defaults left out.
    pub fields: Map<String, Value>,
    pub created: DateTime<Utc>,
    pub updated: DateTime<Utc>,
    pub etag: u64,
    /// The position in the calendar's changes.
    pub rev: u64,
    /// A tombstone that lost even its parent (C43).
    pub bare: bool,
    /// What an orphaned exception was, in case its series reaches it again.
    pub shelved: Option<Map<String, Value>>,
    /// The bin was emptied: it cannot be revived (C103).
    pub purged: bool,
    /// The latest end it ever had; `None` means without end.
    pub reach: Option<DateTime<Utc>>,
}

impl Event {
    pub(crate) fn cancelled(&self) -> bool {
        self.text("status") == Some("cancelled")
    }

    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.fields.get(name).and_then(Value::as_str)
    }

    pub(crate) fn etag_text(&self) -> String {
        format!("\"{}\"", self.etag)
    }
}

/// One calendar.
#[derive(Debug, Clone)]
pub(crate) struct Book {
    pub id: String,
    pub summary: String,
    pub description: Option<String>,
    pub location: Option<String>,
    pub zone: Tz,
    /// The data owner (C182).
    pub owner: String,
    pub primary: bool,
    /// Roles by address, or by `default` for everybody.
    pub acl: BTreeMap<String, Role>,
    pub events: BTreeMap<String, Event>,
    /// The exceptions of each series.
    pub children: BTreeMap<String, BTreeSet<String>>,
    pub rev: u64,
    /// Sync tokens of another generation are dead (C16).
    pub generation: u64,
    pub updated: DateTime<Utc>,
    pub etag: u64,
    /// The client that made it (`calendar.app.created`).
    pub client: Option<String>,
    pub deleted: bool,
}

/// One line of a person's list of calendars.
#[derive(Debug, Clone, Default)]
pub(crate) struct Line {
    pub fields: Map<String, Value>,
    pub deleted: bool,
    pub rev: u64,
}

/// A person's list of calendars.
#[derive(Debug, Clone, Default)]
pub(crate) struct Listing {
    pub lines: BTreeMap<String, Line>,
    pub rev: u64,
    pub generation: u64,
}

/// A mail that Google would have sent.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Mail {
    /// Tells when.
    pub at: DateTime<Utc>,
    /// Holds the calendar on which the change was made.
    pub calendar: String,
    /// Holds the event.
    pub event: String,
    /// Holds the receiver.
    pub guest: String,
    /// Holds `invitation`, `update`, `cancellation` or `response`.
    pub kind: String,
}

/// All calendars of all accounts.
#[derive(Debug, Default)]
pub struct Calendars {
    pub(crate) books: BTreeMap<String, Book>,
    pub(crate) listings: BTreeMap<String, Listing>,
    pub(crate) mails: Vec<Mail>,
    pub(crate) creations: BTreeMap<String, usize>,
    last_stamp: DateTime<Utc>,
}

/// What a method works with besides the store.
pub(crate) struct Call<'a> {
    pub req: &'a ApiRequest,
    pub rng: &'a mut Rng,
    pub accounts: &'a BTreeMap<String, Profile>,
    pub client_id: &'a str,
    pub scopes: &'a [String],
}

impl Call<'_> {
    pub(crate) fn body(&self) -> Map<String, Value> {
        self.req.body.as_ref().and_then(Value::as_object).cloned().unwrap_or_default()
    }
}

pub(crate) fn not_found() -> ApiResponse {
    ApiResponse::error_file("calendar-404-notFound")
}

pub(crate) fn invalid(message: &str) -> ApiResponse {
    ApiResponse::calendar_error(400, "global", "invalid", message)
}

pub(crate) fn invalid_value() -> ApiResponse {
    ApiResponse::error_file("calendar-400-invalid-value")
}

impl Calendars {
    /// Answers one call of the Calendar API.
    pub(crate) fn handle(&mut self, call: &mut Call<'_>) -> ApiResponse {
        let method = call.req.method_id.clone();
        let answer = match method.trim_start_matches("calendar.") {
            "events.list" => self.events_list(call),
            "events.instances" => self.events_instances(call),
            "events.get" => self.events_get(call),
            "events.insert" => self.events_insert(call),
            "events.import" => self.events_import(call),
            "events.update" => self.events_write(call, write::Mode::Put),
            "events.patch" => self.events_write(call, write::Mode::Patch),
            "events.delete" => self.events_delete(call),
            "events.move" => self.events_move(call),
            "events.quickAdd" => self.events_quick_add(call),
            "calendarList.list" => self.list_list(call),
            "calendarList.get" => self.list_get(call),
            "calendarList.insert" => self.list_insert(call),
            "calendarList.patch" | "calendarList.update" => self.list_patch(call),
            "calendarList.delete" => self.list_delete(call),
            "calendars.get" => self.calendars_get(call),
            "calendars.insert" => self.calendars_insert(call),
            "calendars.patch" | "calendars.update" => self.calendars_patch(call),
            "calendars.delete" => self.calendars_delete(call),
            "calendars.clear" => self.calendars_clear(call),
            "acl.list" => self.acl_list(call),
            "acl.get" => self.acl_get(call),
            "acl.insert" | "acl.patch" | "acl.update" => self.acl_set(call),
            "acl.delete" => self.acl_delete(call),
            "settings.list" => self.settings_list(call),
            "settings.get" => self.settings_get(call),
            "colors.get" => Ok(ApiResponse::ok(sharing::colors())),
            "freebusy.query" => self.freebusy(call),
            "channels.stop" => Ok(ApiResponse::empty(204)),
            watch if watch.ends_with(".watch") => sharing::watch(call),
            other => Err(ApiResponse::calendar_error(
                501,
                "global",
                "notImplemented",
                &format!("The pretend Google does not play {other}."),
            )),
        };
        answer.unwrap_or_else(|refusal| refusal)
    }

    /// Makes the main calendar of a new account.
    pub(crate) fn add_account(&mut self, email: &str, profile: &Profile, now: DateTime<Utc>) {
        if self.books.contains_key(email) {
            return;
        }
        let zone = profile.time_zone.parse().unwrap_or(Tz::UTC);
        let book = self.new_book(email, email, zone, email, true, now);
        self.books.insert(email.to_owned(), book);
        self.add_line(email, email);
    }

    fn new_book(
        &mut self,
        id: &str,
        summary: &str,
        zone: Tz,
        owner: &str,
        primary: bool,
        now: DateTime<Utc>,
    ) -> Book {
        let stamp = self.stamp(now);
        Book {
            id: id.to_owned(),
            summary: summary.to_owned(),
            description: None,
            location: None,
            zone,
            owner: owner.to_owned(),
            primary,
            acl: BTreeMap::from([(owner.to_owned(), Role::Owner)]),
            events: BTreeMap::new(),
            children: BTreeMap::new(),
            rev: 0,
            generation: 1,
            updated: stamp,
            etag: etag_of(stamp),
            client: None,
            deleted: false,
        }
    }

    /// Returns a time with milliseconds that no earlier change had.
    pub(crate) fn stamp(&mut self, now: DateTime<Utc>) -> DateTime<Utc> {
        let now = Utc.timestamp_millis_opt(now.timestamp_millis()).single().unwrap_or(now);
        self.last_stamp = now.max(self.last_stamp + Duration::milliseconds(1));
        self.last_stamp
    }

    /// Makes the sync tokens of an account's calendars expired (C16).
    pub(crate) fn expire_tokens(&mut self, account: Option<&str>) {
        for book in self.books.values_mut() {
            if account.is_none_or(|wanted| book.acl.contains_key(wanted)) {
                book.generation += 1;
            }
        }
        for (owner, listing) in &mut self.listings {
            if account.is_none_or(|wanted| wanted == owner) {
                listing.generation += 1;
            }
        }
    }

    /// Returns all that is stored.
    pub(crate) fn dump(&self) -> Value {
        let books: BTreeMap<_, _> = self
            .books
            .values()
            .filter(|book| !book.deleted)
            .map(|book| {
                let events: Vec<Value> = book
                    .events
                    .iter()
                    .map(|(id, event)| {
                        let mut fields = event.fields.clone();
                        fields.insert("id".to_owned(), Value::from(id.as_str()));
                        fields.insert("etag".to_owned(), Value::from(event.etag_text()));
                        fields.insert("updated".to_owned(), Value::from(times::stamp(event.updated)));
                        Value::Object(fields)
                    })
                    .collect();
                let acl: BTreeMap<_, _> =
                    book.acl.iter().map(|(who, role)| (who.clone(), role.name())).collect();
                let value = json!({"summary": book.summary, "timeZone": book.zone.name(),
                                   "dataOwner": book.owner, "acl": acl, "events": events});
                (book.id.clone(), value)
            })
            .collect();
        json!(books)
    }
}

/// About twice the microseconds of a time (C121).
pub(crate) fn etag_of(stamp: DateTime<Utc>) -> u64 {
    u64::try_from(stamp.timestamp_micros()).unwrap_or_default() * 2
}

impl Book {
    /// Notes a change of an event: new stamp, etag and position.
    pub(crate) fn touch(&mut self, id: &str, stamp: DateTime<Utc>) {
        self.rev += 1;
        self.updated = stamp;
        let (rev, zone) = (self.rev, self.zone);
        if let Some(event) = self.events.get_mut(id) {
            event.updated = stamp;
            event.etag = etag_of(stamp).max(event.etag + 1);
            event.rev = rev;
            let reach = reach(&event.fields, zone);
            event.reach = match (event.reach, reach) {
                (Some(before), Some(now)) => Some(before.max(now)),
                _ => None,
            };
        }
    }

    pub(crate) fn role(&self, account: &str) -> Option<Role> {
        let own = self.acl.get(account);
        let domain = account.split_once('@').and_then(|(_, domain)| self.acl.get(domain));
        own.into_iter().chain(domain).chain(self.acl.get("default")).max().copied()
    }

    /// Returns the exception that stands for an original start, whatever its id (C73).
    pub(crate) fn exception_at(&self, master: &str, original: &times::When) -> Option<String> {
        let direct = format!("{master}_{}", original.suffix());
        if self.events.contains_key(&direct) {
            return Some(direct);
        }
        let stands_for = |id: &&String| {
            let stored = self.events.get(*id).and_then(|event| event.fields.get("originalStartTime"));
            stored.and_then(times::When::read) == Some(*original)
        };
        self.children.get(master)?.iter().find(stands_for).cloned()
    }

    /// Returns the ids of the exceptions of a series.
    pub(crate) fn exceptions(&self, master: &str) -> Vec<String> {
        self.children.get(master).into_iter().flatten().cloned().collect()
    }
}

/// Returns until when an event reaches; `None` means without end.
pub(crate) fn reach(fields: &Map<String, Value>, zone: Tz) -> Option<DateTime<Utc>> {
    if series::is_master(fields) {
        return series::last_end(fields, zone);
    }
    let end = times::span(fields).map(|(_, end)| end.instant(zone));
    Some(end.unwrap_or(DateTime::<Utc>::MIN_UTC))
}

pub(crate) use parts::merge_patch;

impl Calendars {
    /// Sets the zone of an account's main calendar.
    pub(crate) fn set_zone(&mut self, email: &str, zone: &str) {
        if let (Some(book), Ok(zone)) = (self.books.get_mut(email), zone.parse()) {
            book.zone = zone;
        }
    }
}
