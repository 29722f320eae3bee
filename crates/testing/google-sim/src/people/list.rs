//! Listing, syncing and searching: `people.connections.list`, `people.searchContacts`.

use std::cmp::Ordering;

use chrono::Duration;
use serde_json::{Value, json};

use crate::api::{ApiRequest, ApiResponse};

use super::AddressBook;
use super::card::Card;
use super::fields::{Mask, MaskKind};
use super::refusals::{Answer, invalid, invalid_argument};
use super::render::{self, Sources, View};
use super::store::{State, Version};
use super::tokens::{Kind, Token, digest};

/// The parameters of a listing, read and checked.
struct Listing {
    view: View,
    order: Order,
    page_size: usize,
    wants_token: bool,
    sync: Option<Token>,
    page: Option<Token>,
    /// Holds the digest that a page token must carry.
    for_page: String,
    /// Holds the digest that a sync token must carry.
    for_sync: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    OldestFirst,
    NewestFirst,
    GivenName,
    FamilyName,
}

impl Order {
    fn parse(text: Option<&str>) -> Result<Self, ApiResponse> {
        match text {
            None | Some("" | "LAST_MODIFIED_ASCENDING") => Ok(Self::OldestFirst),
            Some("LAST_MODIFIED_DESCENDING") => Ok(Self::NewestFirst),
            Some("FIRST_NAME_ASCENDING") => Ok(Self::GivenName),
            Some("LAST_NAME_ASCENDING") => Ok(Self::FamilyName),
            Some(_) => Err(invalid_argument()),
        }
    }

    fn compare(self, a: &Version, b: &Version) -> Ordering {
        let by_text = |member: &str| {
            let key = |version: &Version| {
                let card = version.state.live();
                card.map_or_else(String::new, |card| card.text("names", member).to_lowercase())
            };
            key(a).cmp(&key(b)).then(a.number.cmp(&b.number))
        };
        match self {
            Self::OldestFirst => a.number.cmp(&b.number),
            Self::NewestFirst => b.number.cmp(&a.number),
            Self::GivenName => by_text("givenName"),
            Self::FamilyName => by_text("familyName"),
        }
    }
}

/// Answers `people.connections.list`.
pub(super) fn connections(book: &AddressBook, req: &ApiRequest) -> Answer {
    if req.param("resourceName") != Some("people/me") {
        return Err(invalid("Only people/me is a valid resource name for connections."));
    }
    let listing = read(book, req)?;
    let lag = Duration::seconds(i64::from(req.knobs.people_list_lag_seconds));
    // Writes reach listings late (P17); the pages of one listing all show the same moment.
    let shown = match &listing.page {
        Some(token) => token.shown,
        None => book.store.number_at(req.now - lag),
    };
    let since = listing.sync.as_ref().map(|token| token.shown);
    let mut found = select(book, shown, since, listing.view.sources);
    found.sort_by(|a, b| listing.order.compare(a, b));
    Ok(ApiResponse::ok(answer(book, req, &listing, shown, &found)))
}

fn read(book: &AddressBook, req: &ApiRequest) -> Result<Listing, ApiResponse> {
    let mask = read_mask(req)?;
    let sources = Sources::of_query(req)?;
    let order = Order::parse(req.param("sortOrder"))?;
    let page_size = page_size(req, 100)?;
    let wants_token = req.flag("requestSyncToken");
    let same = format!("{:?} {sources:?} {order:?} {page_size} {wants_token}", mask.paths());
    let sync_text = req.param("syncToken").filter(|text| !text.is_empty());
    let for_page = digest(&format!("{same} {}", sync_text.unwrap_or_default()));
    let for_sync = digest(&same);
    let page = read_token(req, Kind::PeoplePage, "pageToken", &for_page)?;
    let sync = read_token(req, Kind::PeopleSync, "syncToken", &for_sync)?;
    if let Some(token) = &sync
        && page.is_none()
        && token.expired(book.sync_epoch, req.now)
    {
        return Err(ApiResponse::error_file(req.knobs.people_expired_status.body()));
    }
    let mut view = View::new(mask, sources, &req.profile);
    view.in_list = true;
    view.in_sync = sync.is_some();
    Ok(Listing { view, order, page_size, wants_token, sync, page, for_page, for_sync })
}

/// Reads `personFields`, or the deprecated mask in its place.
pub(super) fn read_mask(req: &ApiRequest) -> Result<Mask, ApiResponse> {
    match Mask::legacy(req.param("requestMask.includeField"))? {
        Some(mask) => Ok(mask),
        None => Mask::need(MaskKind::PersonFields, req.param("personFields")),
    }
}

/// Reads `pageSize`: 0 means the default, above 1000 is refused (P10, P80).
pub(super) fn page_size(req: &ApiRequest, default: usize) -> Result<usize, ApiResponse> {
    let size = match req.number("pageSize") {
        None | Some(0) => default,
        Some(size @ 1..=1000) => usize::try_from(size).unwrap_or(default),
        Some(_) => return Err(invalid("Page size must be between 1 and 1000.")),
    };
    Ok(size.min(req.knobs.page_size_max.unwrap_or(size).max(1)))
}

/// Reads a token and compares the call's parameters with those of the first call (P11).
pub(super) fn read_token(
    req: &ApiRequest,
    kind: Kind,
    name: &str,
    parameters: &str,
) -> Result<Option<Token>, ApiResponse> {
    let Some(text) = req.param(name).filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    // A corrupt token must not look like an expired one (P13).
    let token = Token::read(kind, &req.account, text).ok_or_else(invalid_argument)?;
    if token.parameters != parameters {
        return Err(invalid(&format!(
            "Request parameters must match those of the first call when {name} is set."
        )));
    }
    Ok(Some(token))
}

fn select(book: &AddressBook, shown: u64, since: Option<u64>, sources: Sources) -> Vec<&Version> {
    let listed = |card: &Card| sources.contact || (sources.profile && card.profile.is_some());
    book.store
        .as_of(shown)
        .filter(|version| since.is_none_or(|since| version.number > since))
        .filter(|version| match &version.state {
            State::Live(card) => listed(card),
            State::Deleted(card) => since.is_some() && listed(card),
            State::Merged => false,
        })
        .collect()
}

fn answer(book: &AddressBook, req: &ApiRequest, listing: &Listing, shown: u64, found: &[&Version]) -> Value {
    let offset = listing.page.as_ref().map_or(0, |token| token.offset);
    let end = (offset + listing.page_size).min(found.len());
    let people: Vec<_> = found
        .get(offset..end)
        .unwrap_or_default()
        .iter()
        .filter_map(|version| row(version, &listing.view))
        .collect();
    let mut body = json!({});
    if !people.is_empty() {
        body["connections"] = Value::Array(people);
    }
    if !found.is_empty() {
        body["totalPeople"] = json!(found.len());
        body["totalItems"] = json!(found.len());
    }
    let first = listing.page.as_ref().or(listing.sync.as_ref());
    let mut token = Token {
        kind: Kind::PeoplePage,
        parameters: listing.for_page.clone(),
        shown,
        since: listing.sync.as_ref().map(|token| token.shown),
        offset: end,
        full_sync: first.map_or(req.now.timestamp(), |token| token.full_sync),
        epoch: listing.page.as_ref().map_or(book.sync_epoch, |token| token.epoch),
    };
    if end < found.len() {
        body["nextPageToken"] = Value::from(token.write(&req.account));
    } else if listing.wants_token {
        token.kind = Kind::PeopleSync;
        token.parameters = listing.for_sync.clone();
        token.since = None;
        token.offset = 0;
        body["nextSyncToken"] = Value::from(token.write(&req.account));
    }
    body
}

fn row(version: &Version, view: &View) -> Option<Value> {
    match &version.state {
        State::Live(card) => Some(render::person(version, card, view)),
        State::Deleted(card) => Some(render::deleted(version, card, view)),
        State::Merged => None,
    }
}

/// Answers `people.searchContacts`: from a cache that an empty query refreshes (P50).
pub(super) fn search(book: &mut AddressBook, req: &ApiRequest) -> Answer {
    let mask = Mask::need(MaskKind::ReadMask, req.param("readMask"))?;
    let sources = match req.params("sources").as_slice() {
        [] => Sources::parse(["READ_SOURCE_TYPE_CONTACT"])?,
        given => Sources::parse(given.iter().copied())?,
    };
    let size = match req.number("pageSize") {
        None | Some(0) => 10,
        Some(size) => usize::try_from(size).map_err(|_| invalid_argument())?.min(30),
    };
    let query = req.param("query").unwrap_or_default().trim().to_lowercase();
    if query.is_empty() {
        book.search_cache = book.store.number_at(req.now);
        return Ok(ApiResponse::ok(json!({})));
    }
    let view = View::new(mask, sources, &req.profile);
    let results: Vec<_> = book
        .store
        .as_of(book.search_cache)
        .filter_map(|version| Some((version, version.state.live()?)))
        .filter(|(_, card)| matches(card, &query))
        .take(size)
        .map(|(version, card)| json!({"person": render::person(version, card, &view)}))
        .collect();
    if results.is_empty() {
        return Ok(ApiResponse::ok(json!({})));
    }
    Ok(ApiResponse::ok(json!({"results": results})))
}

fn matches(card: &Card, query: &str) -> bool {
    let members: [(&str, &[&str]); 5] = [
        ("names", &["givenName", "middleName", "familyName", "unstructuredName"]),
        ("nicknames", &["value"]),
        ("emailAddresses", &["value"]),
        ("phoneNumbers", &["value"]),
        ("organizations", &["name", "title"]),
    ];
    members.iter().any(|(field, names)| {
        let items = card.fields.get(field).map_or(&[][..], Vec::as_slice);
        items.iter().any(|item| {
            let words: Vec<_> = names.iter().filter_map(|name| item[*name].as_str()).collect();
            begins_a_word(&words.join(" ").to_lowercase(), query)
        })
    })
}

fn begins_a_word(text: &str, query: &str) -> bool {
    text.match_indices(query).any(|(at, _)| at == 0 || text[..at].ends_with(|c: char| !c.is_alphanumeric()))
}
