//! Listing events: pages, windows, sync tokens, expansion.

use std::borrow::Cow;

use chrono::{DateTime, Duration, Utc};
use serde_json::{Map, Value, json};

use super::locate::Found;
use super::render::{View, event as show, tombstone};
use super::select::{Instant, Item, Wish, expand, select, sort, start_of, starts_at, wanted};
use super::series::is_master;
use super::times::stamp;
use super::tokens::{Broken, PageToken, SyncToken, open, refuse, seal};
use super::{Answer, Book, Calendars, Call, Event, Role, etag_of, invalid_value, not_found};
use crate::api::ApiResponse;

const DEFAULT_PAGE: usize = 250;
const LARGEST_PAGE: usize = 2500;
/// Parameters that a sync token forbids (C12).
const FORBIDDEN: &[&str] = &[
    "iCalUID",
    "orderBy",
    "privateExtendedProperty",
    "q",
    "sharedExtendedProperty",
    "timeMin",
    "timeMax",
    "updatedMin",
];
/// Parameters that must be the same on every page and sync (C12, C15).
const SHAPE: &[&str] = &[
    "singleEvents",
    "eventTypes",
    "showHiddenInvitations",
    "maxAttendees",
    "timeZone",
    "alwaysIncludeEmail",
];

fn instant(call: &Call<'_>, name: &str) -> Instant {
    call.req
        .param(name)
        .and_then(|text| DateTime::parse_from_rfc3339(text).ok())
        .map(|at| at.with_timezone(&Utc))
}

impl Calendars {
    /// Plays `events.list`.
    pub(crate) fn events_list(&mut self, call: &mut Call<'_>) -> Answer {
        let id = self.calendar_id(call, "calendarId");
        self.open_id(call, &id, Role::FreeBusyReader)?;
        if call.req.knobs.etag_changes_without_edit {
            self.fresh_etags(&id);
        }
        let book = self.open_id(call, &id, Role::FreeBusyReader)?;
        let wish = wish(call, book)?;
        let page: Option<PageToken> = match call.req.param("pageToken") {
            None => None,
            Some(text) => Some(page_token(text, book, &wish)?),
        };
        let upto = page.as_ref().map_or(book.rev, |page| page.upto);
        let mut items = select(book, &wish, upto);
        items.retain(|item| wanted(call, item));
        sort(&mut items, &wish, book);
        self.page(call, &id, &wish, page.as_ref(), upto, items)
    }

    fn fresh_etags(&mut self, id: &str) {
        if let Some(book) = self.books.get_mut(id) {
            for event in book.events.values_mut() {
                event.etag += 2;
            }
        }
    }

    fn page(
        &self,
        call: &mut Call<'_>,
        id: &str,
        wish: &Wish,
        page: Option<&PageToken>,
        upto: u64,
        items: Vec<Item<'_>>,
    ) -> Answer {
        let book = self.books.get(id).ok_or_else(not_found)?;
        let keyed = wish.sync.is_none() && wish.order.is_none();
        let by_change = wish.sync.is_some() && !wish.single;
        let size = page_size(call);
        let empty = call.rng.happens(call.req.knobs.empty_pages);
        let size = if empty { 0 } else { size };
        let skip = match page {
            None => 0,
            // By key, so that what is inserted or removed meanwhile shifts nothing.
            Some(page) if keyed => items.iter().filter(|item| *item.id <= *page.after).count(),
            Some(page) if by_change => {
                let after: u64 = page.after.parse().unwrap_or_default();
                items.iter().filter(|item| item.event.rev <= after).count()
            }
            Some(page) => page.offset.min(items.len()),
        };
        let rest = items.len() - skip;
        let shown: Vec<&Item<'_>> = items.iter().skip(skip).take(size).collect();
        let view = View::of(call, book)?;
        let sync = wish.sync.is_some() || wish.updated_min.is_some();
        let values: Vec<Value> = shown.iter().map(|item| show_item(book, item, &view, sync)).collect();
        let mut body = collection(book, call);
        body.insert("items".to_owned(), Value::from(values));
        if rest > size {
            let last = shown.last().map(|item| match by_change {
                true => item.event.rev.to_string(),
                false => item.id.to_string(),
            });
            let token = PageToken {
                of: id.to_owned(),
                offset: skip + shown.len(),
                after: last.or_else(|| page.map(|page| page.after.clone())).unwrap_or_default(),
                page: page.map_or(1, |page| page.page + 1),
                upto,
                generation: book.generation,
                shape: wish.shape.clone(),
            };
            body.insert("nextPageToken".to_owned(), Value::from(seal(&token)));
        } else if eligible(call) {
            let token = next_sync(book, wish, upto);
            body.insert("nextSyncToken".to_owned(), Value::from(seal(&token)));
        }
        Ok(ApiResponse::ok(Value::Object(body)))
    }

    /// Plays `events.instances` (C75).
    pub(crate) fn events_instances(&mut self, call: &mut Call<'_>) -> Answer {
        let book = self.open(call, Role::FreeBusyReader)?;
        let found = self.find_of(call, book)?;
        let (from, to) = (instant(call, "timeMin"), instant(call, "timeMax"));
        let deleted = call.req.flag("showDeleted");
        let mut items = if is_master(&found.event.fields) {
            if found.event.cancelled() {
                return Err(not_found());
            }
            expand(book, &found.id, &found.event, from, to, deleted)
        } else if found.event.cancelled() && !deleted {
            Vec::new()
        } else {
            let Found { id, event, .. } = found;
            vec![Item { id: Cow::Owned(id), event: Cow::Owned(event) }]
        };
        if let Some(original) = call.req.param("originalStart") {
            items.retain(|item| starts_at(book, item, original));
        }
        items.sort_by_key(|item| start_of(item, book));
        let wish = Wish {
            single: true,
            deleted,
            sync: None,
            from,
            to,
            updated_min: None,
            order: Some("startTime".to_owned()),
            shape: "instances".to_owned(),
        };
        let page: Option<PageToken> = match call.req.param("pageToken") {
            None => None,
            Some(text) => Some(page_token(text, book, &wish)?),
        };
        let (id, upto) = (book.id.clone(), book.rev);
        self.page(call, &id, &wish, page.as_ref(), upto, items)
    }
}

fn wish(call: &Call<'_>, book: &Book) -> Result<Wish, ApiResponse> {
    let shape: Vec<String> = SHAPE
        .iter()
        .map(|name| call.req.params(name).join(","))
        .map(|value| if value == "false" { String::new() } else { value })
        .collect();
    let mut wish = Wish {
        single: call.req.flag("singleEvents"),
        deleted: call.req.flag("showDeleted"),
        sync: None,
        from: instant(call, "timeMin"),
        to: instant(call, "timeMax"),
        updated_min: instant(call, "updatedMin"),
        order: call.req.param("orderBy").map(str::to_owned),
        shape: shape.join("|"),
    };
    if let (Some(from), Some(to)) = (wish.from, wish.to)
        && to <= from
    {
        return Err(ApiResponse::error_file("calendar-400-timeRangeEmpty"));
    }
    if wish.order.as_deref() == Some("startTime") && !wish.single {
        return Err(ApiResponse::error_file("calendar-400-orderBy-needs-singleEvents"));
    }
    if wish.updated_min.is_some_and(|at| at < call.req.now - Duration::days(28)) {
        return Err(ApiResponse::error_file("calendar-410-updatedMinTooLongAgo"));
    }
    if let Some(text) = call.req.param("syncToken") {
        wish.sync = Some(sync_token(call, text, book, &wish.shape)?);
    }
    if let Some(token) = &wish.sync {
        let at = |seconds: Option<i64>| seconds.and_then(|s| DateTime::from_timestamp(s, 0));
        (wish.from, wish.to) = (at(token.time_min), at(token.time_max));
    }
    Ok(wish)
}

fn sync_token(call: &Call<'_>, text: &str, book: &Book, shape: &str) -> Result<SyncToken, ApiResponse> {
    let mixed = FORBIDDEN.iter().any(|name| call.req.param(name).is_some());
    if mixed || call.req.param("showDeleted") == Some("false") {
        return Err(invalid_value());
    }
    let token: SyncToken = open(text).map_err(|broken| refuse(&broken))?;
    if token.of != book.id || token.generation != book.generation {
        return Err(refuse(&Broken::Tampered));
    }
    if token.shape != shape {
        return Err(invalid_value());
    }
    Ok(token)
}

fn page_token(text: &str, book: &Book, wish: &Wish) -> Result<PageToken, ApiResponse> {
    let token: PageToken = open(text).map_err(|_| invalid_value())?;
    if token.of != book.id || token.shape != wish.shape {
        return Err(invalid_value());
    }
    if wish.sync.is_some() && token.generation != book.generation {
        return Err(refuse(&Broken::Tampered));
    }
    Ok(token)
}

/// Some first requests give no sync token at the end (C20).
fn eligible(call: &Call<'_>) -> bool {
    let refused = FORBIDDEN.iter().filter(|name| !name.starts_with("time"));
    refused.clone().all(|name| call.req.param(name).is_none())
}

fn next_sync(book: &Book, wish: &Wish, upto: u64) -> SyncToken {
    SyncToken {
        of: book.id.clone(),
        rev: upto,
        generation: book.generation,
        time_min: wish.from.map(|at| at.timestamp()),
        time_max: wish.to.map(|at| at.timestamp()),
        shape: wish.shape.clone(),
    }
}

fn page_size(call: &Call<'_>) -> usize {
    let asked = call.req.number("maxResults").and_then(|n| usize::try_from(n).ok());
    let size = asked.unwrap_or(DEFAULT_PAGE).clamp(1, LARGEST_PAGE);
    call.req.knobs.page_size_max.map_or(size, |most| size.min(most.max(1)))
}

fn show_item(book: &Book, item: &Item<'_>, view: &View, sync: bool) -> Value {
    if item.event.cancelled() && sync {
        // An exception of a dead series lost its parent too (C40).
        let parent = item.event.text("recurringEventId").and_then(|id| book.events.get(id));
        let orphan = parent.is_none_or(Event::cancelled);
        let mut event = item.event.clone().into_owned();
        event.bare |= orphan;
        return tombstone(&item.id, &event, view.zone);
    }
    show(book, &item.id, &item.event, view)
}

/// The members of the collection (C271).
fn collection(book: &Book, call: &Call<'_>) -> Map<String, Value> {
    let role = book.role(&call.req.account).map_or("none", Role::name);
    let reminders = if book.primary { json!([{"method": "popup", "minutes": 10}]) } else { json!([]) };
    let value = json!({
        "kind": "calendar#events", "etag": format!("\"p{}\"", etag_of(book.updated)),
        "summary": book.summary, "description": book.description.clone().unwrap_or_default(),
        "updated": stamp(book.updated), "timeZone": book.zone.name(), "accessRole": role,
        "defaultReminders": reminders,
    });
    value.as_object().cloned().unwrap_or_default()
}
