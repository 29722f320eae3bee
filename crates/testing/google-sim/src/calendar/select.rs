//! Which events a listing holds, and in which order.

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::series::{MOST_INSTANCES, instance, is_master, starts};
use super::times::{When, span};
use super::tokens::SyncToken;
use super::{Book, Call, Event};

/// One item of a listing before it is shown.
pub(crate) struct Item<'a> {
    pub id: Cow<'a, str>,
    pub event: Cow<'a, Event>,
}

pub(crate) type Instant = Option<DateTime<Utc>>;

/// What a listing asks for.
pub(crate) struct Wish {
    pub single: bool,
    pub deleted: bool,
    pub sync: Option<SyncToken>,
    pub from: Instant,
    pub to: Instant,
    pub updated_min: Instant,
    pub order: Option<String>,
    pub shape: String,
}

pub(crate) fn select<'a>(book: &'a Book, wish: &Wish, upto: u64) -> Vec<Item<'a>> {
    let mut items = Vec::new();
    for (id, event) in &book.events {
        let changed = match &wish.sync {
            Some(token) => event.rev > token.rev && event.rev <= upto,
            None => true,
        };
        let recent = wish.updated_min.is_none_or(|at| event.updated >= at);
        if !changed || !recent || !visible(book, event, wish) {
            continue;
        }
        let expandable = is_master(&event.fields) && !event.cancelled();
        if wish.single && expandable {
            items.extend(expand(book, id, event, wish.from, wish.to, wish.deleted || wish.sync.is_some()));
        } else if in_window(book, event, wish) {
            items.push(Item { id: Cow::Borrowed(id), event: Cow::Borrowed(event) });
        }
    }
    if wish.single {
        // Exceptions come with their series or on their own: once is enough.
        items.sort_by(|a, b| a.id.cmp(&b.id));
        items.dedup_by(|a, b| a.id == b.id);
    }
    items
}

/// Which deletions a listing shows (C13, C24, C44).
fn visible(book: &Book, event: &Event, wish: &Wish) -> bool {
    if !event.cancelled() || wish.sync.is_some() || wish.updated_min.is_some() {
        return true;
    }
    let of_live_series = !event.bare
        && event
            .text("recurringEventId")
            .and_then(|id| book.events.get(id))
            .is_some_and(|master| !master.cancelled());
    match (wish.single, wish.deleted) {
        (_, true) => !(wish.single && is_master(&event.fields)),
        (false, false) => of_live_series,
        (true, false) => false,
    }
}

fn in_window(book: &Book, event: &Event, wish: &Wish) -> bool {
    let syncing = wish.sync.is_some();
    if syncing && event.cancelled() {
        return true;
    }
    if let Some(from) = wish.from {
        // While syncing, what was ever inside is told when it leaves (C14).
        let reach = if syncing { event.reach } else { super::reach(&event.fields, book.zone) };
        if reach.is_some_and(|end| end <= from) {
            return false;
        }
    }
    let start = span(&event.fields).map(|(start, _)| start.instant(book.zone));
    match (wish.to, start) {
        (Some(to), Some(start)) if !syncing => start < to,
        _ => true,
    }
}

/// Expands a series into its instances, exceptions put in their places (C24, C275).
pub(crate) fn expand<'a>(
    book: &'a Book,
    id: &str,
    master: &Event,
    from: Instant,
    to: Instant,
    deleted: bool,
) -> Vec<Item<'a>> {
    let mut items: Vec<Item<'a>> = Vec::new();
    for original in starts(&master.fields, from, to, book.zone) {
        if book.exception_at(id, &original).is_some() {
            continue;
        }
        let instance_id = format!("{id}_{}", original.suffix());
        let mut event = master.clone();
        event.fields = instance(id, &master.fields, &original);
        items.push(Item { id: Cow::Owned(instance_id), event: Cow::Owned(event) });
    }
    for exception in book.exceptions(id) {
        let Some(event) = book.events.get(&exception) else {
            continue;
        };
        let inside = span(&event.fields).is_none_or(|(start, end)| {
            from.is_none_or(|from| end.instant(book.zone) > from)
                && to.is_none_or(|to| start.instant(book.zone) < to)
        });
        if (inside && !event.cancelled()) || (deleted && event.cancelled() && !event.bare) {
            items.push(Item { id: Cow::Owned(exception), event: Cow::Borrowed(event) });
        }
    }
    items.truncate(usize::from(MOST_INSTANCES));
    items
}

/// The filters that look at the content.
pub(crate) fn wanted(call: &Call<'_>, item: &Item<'_>) -> bool {
    let fields = &item.event.fields;
    let text = |name: &str| fields.get(name).and_then(Value::as_str).unwrap_or_default();
    let kinds = call.req.params("eventTypes");
    let kind = if text("eventType").is_empty() { "default" } else { text("eventType") };
    if !kinds.is_empty() && !item.event.cancelled() && !kinds.contains(&kind) {
        return false;
    }
    // The recorded cancelled exceptions carry no identifier (C42).
    let bare = item.event.cancelled() && fields.contains_key("recurringEventId");
    let nameless = bare && call.req.knobs.cancelled_without_uid;
    if call.req.param("iCalUID").is_some_and(|uid| nameless || uid != text("iCalUID")) {
        return false;
    }
    for (name, kind) in [("privateExtendedProperty", "private"), ("sharedExtendedProperty", "shared")] {
        let has = |pair: &&str| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            let stored = fields.get("extendedProperties").and_then(|all| all.get(kind)?.get(key));
            stored.and_then(Value::as_str) == Some(value)
        };
        if !call.req.params(name).iter().all(has) {
            return false;
        }
    }
    let Some(query) = call.req.param("q") else {
        return true;
    };
    let guests = fields.get("attendees").map(Value::to_string).unwrap_or_default();
    let all = format!("{} {} {} {guests}", text("summary"), text("description"), text("location"));
    let all = all.to_lowercase();
    query.to_lowercase().split_whitespace().all(|word| all.contains(word))
}

pub(crate) fn start_of(item: &Item<'_>, book: &Book) -> DateTime<Utc> {
    let fields = &item.event.fields;
    let start = fields.get("start").and_then(When::read);
    start.map_or(DateTime::<Utc>::MIN_UTC, |start| start.instant(book.zone))
}

pub(crate) fn sort(items: &mut [Item<'_>], wish: &Wish, book: &Book) {
    match wish.order.as_deref() {
        Some("startTime") => items.sort_by_key(|item| start_of(item, book)),
        Some("updated") => items.sort_by_key(|item| (item.event.updated, item.event.rev)),
        _ if wish.sync.is_some() => items.sort_by_key(|item| item.event.rev),
        _ => {}
    }
}

pub(crate) fn starts_at(book: &Book, item: &Item<'_>, original: &str) -> bool {
    let own = item.event.fields.get("originalStartTime").and_then(When::read);
    match (own, DateTime::parse_from_rfc3339(original)) {
        (Some(own), Ok(at)) => own.instant(book.zone) == at.with_timezone(&Utc),
        (Some(When::Day(day)), Err(_)) => day.format("%Y-%m-%d").to_string() == original,
        _ => false,
    }
}
