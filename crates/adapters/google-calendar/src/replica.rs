//! The port: listing, fetching, writing.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use futures::{FutureExt, StreamExt, TryStreamExt, stream};
use http::Method;
use passerelle_calendar::{Event, contains};
use passerelle_google_transport::{Api, ApiResponse, Call, GoogleClient, Pages};
use passerelle_ports::{
    Capabilities, Code, Cursor, Detail, ErrorKind, From as Since, ItemId, Next, Opaque, Page, PageToken,
    PortError, PortResult, Replica, Stored, Unread, Write, Written,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, value::RawValue};

use crate::{
    CalendarEntry, error, list_calendars,
    series::{self, Family},
    times,
    wire::{EventsPage, Odd, Resource, sort_of},
};

/// How many calls of one batch, or reads of one page, are under way at once.
const AT_ONCE: usize = 4;
/// How many complete listings may be under way at once before the oldest is given up.
const LISTINGS: usize = 4;

/// How one calendar is kept in step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CalendarOptions {
    /// Whether events may be written.
    pub writable: bool,
    /// How many events a page asks for; Google's own limit is 2,500 (C10).
    pub page_size: u32,
    /// The calendar's zone, if it is known; else it is learned from the calendar.
    pub time_zone: Option<String>,
    /// How long a lost write may still land.
    pub settle: Duration,
    /// Whether an event that is gone is looked for in the account's other calendars: moved is not deleted. Wants the
    /// list of calendars.
    pub elsewhere: bool,
    /// The account's calendars that are kept in step: an event that is gone is always looked for in them.
    pub connected: Vec<String>,
    /// What is put before the title of an event that was called off and stays, with its blank.
    pub called_off: String,
    /// Whether the guests of an own meeting are told that it is deleted.
    pub mail_guests: bool,
    /// Whether deleting somebody else's meeting, which declines it, is allowed.
    pub decline_deleted: bool,
    /// Whether this service gives events names of its own. Google keeps the one that it is sent: there, an answer under
    /// another name is about another event.
    pub names_itself: bool,
    /// How many events that are no appointments are counted; the cursor holds their names.
    pub others_max: usize,
}

impl Default for CalendarOptions {
    fn default() -> Self {
        CalendarOptions {
            writable: true,
            page_size: 2500,
            time_zone: None,
            settle: Duration::from_secs(60),
            elsewhere: false,
            connected: Vec::new(),
            called_off: "Cancelled: ".to_owned(),
            mail_guests: false,
            decline_deleted: false,
            names_itself: false,
            others_max: 10_000,
        }
    }
}

/// One Google calendar.
pub struct GoogleCalendar {
    pub(crate) client: Arc<GoogleClient>,
    calendar: String,
    options: CalendarOptions,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    zone: Option<String>,
    /// The calendars that an event could have been moved to, once they were listed.
    others: Option<Vec<String>>,
    /// The zones of other calendars, by their name, once they were asked for.
    zones: BTreeMap<String, String>,
    listings: VecDeque<Listing>,
    /// The events of other types that were there at the end of the last listing.
    of_other_types: Option<Others>,
}

/// The names of the events that are no appointments, by their type.
type Others = BTreeMap<String, BTreeSet<String>>;

/// Adds an event that is no appointment, up to a number: a cursor is no place for a list without an end.
fn note_other(others: &mut Others, (kind, id): (String, String), most: usize) {
    let known: usize = others.values().map(BTreeSet::len).sum();
    if known < most {
        others.entry(kind).or_default().insert(id);
    }
}

/// Takes an event out of those that are no appointments: it is gone, or was read as one.
fn forget_other(others: &mut Others, id: &str) {
    for ids in others.values_mut() {
        ids.remove(id);
    }
}

/// Our cursor: Google's token, and which events of other types are there. Google tells changes only, and they are to be
/// counted without asking once more.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Mark {
    sync: String,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    others: Others,
}

impl Mark {
    /// Reads a cursor. One of before events of all types were asked for belongs to other parameters (C12): it is old.
    fn read(cursor: &Cursor) -> PortResult<Mark> {
        serde_json::from_str(cursor.as_str()).map_err(|_| expired())
    }

    fn cursor(&self) -> PortResult<Cursor> {
        serde_json::to_string(self).map(Cursor::from).map_err(unwritten)
    }
}

fn expired() -> PortError {
    PortError::new(ErrorKind::CursorExpired, "events.list").with_code(Code::Goog305)
}

fn unwritten(error: serde_json::Error) -> PortError {
    PortError::new(ErrorKind::Unexpected, "events.list").with_source(error)
}

/// A complete listing under way: the parts of series seen so far, which may come on any page.
#[derive(Default)]
struct Listing {
    /// Google's page tokens of this listing: they alone know it.
    tokens: BTreeSet<String>,
    masters: BTreeMap<String, Resource>,
    /// By master, then by their own id.
    exceptions: BTreeMap<String, BTreeMap<String, Resource>>,
    /// Records of which some part cannot be read.
    odd: BTreeSet<String>,
    others: Others,
}

/// Our page token: Google's, with what belongs to it (C15).
#[derive(Serialize, Deserialize)]
struct Place {
    page: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    sync: Option<Mark>,
}

/// What a page of changes says of one series.
#[derive(Default)]
struct Touched {
    master: Option<Resource>,
    exceptions: BTreeMap<String, Resource>,
}

/// What a name stands for.
pub(crate) enum Found {
    Nothing,
    Alive(Box<Family>),
}

impl Found {
    /// Returns the copy of what was found.
    pub(crate) fn stored(&self, zone: &str) -> Option<Stored<Event>> {
        match self {
            Found::Nothing => None,
            Found::Alive(family) => Some(family.stored(zone)),
        }
    }
}

impl GoogleCalendar {
    /// Makes the replica of one calendar; `primary` stands for the account's main one (C2).
    #[must_use]
    pub fn new(client: Arc<GoogleClient>, calendar: impl Into<String>, options: CalendarOptions) -> Self {
        let state = State { zone: options.time_zone.clone(), ..State::default() };
        GoogleCalendar { client, calendar: calendar.into(), options, state: Mutex::new(state) }
    }

    fn with_state<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        work(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn call(&self, operation: &'static str, method: Method, event: Option<&str>) -> Call {
        let mut path = vec!["calendars", self.calendar.as_str(), "events"];
        path.extend(event);
        Call::new(Api::Calendar, operation, method, self.client.endpoints().calendar(&path))
    }

    /// The name under which the calendar is kept in step.
    pub(crate) fn name(&self) -> &str {
        &self.calendar
    }

    /// The calendar's zone as far as it is known.
    pub(crate) fn zone(&self) -> String {
        self.with_state(|state| state.zone.clone()).unwrap_or_else(|| "Etc/UTC".to_owned())
    }

    pub(crate) fn options(&self) -> &CalendarOptions {
        &self.options
    }

    /// Asks for the calendar's zone, and so whether the calendar is there at all.
    async fn ask_zone(&self) -> PortResult<String> {
        let call =
            self.call("events.list", Method::GET, None).query("maxResults", "1").query("fields", "timeZone");
        let page: EventsPage = self.client.send(call).await.map_err(PortError::from)?.json()?;
        self.learn(&page);
        Ok(self.zone())
    }

    pub(crate) async fn sure_zone(&self) -> PortResult<String> {
        match self.with_state(|state| state.zone.clone()) {
            Some(zone) => Ok(zone),
            None => self.ask_zone().await,
        }
    }

    fn learn(&self, page: &EventsPage) {
        if let Some(zone) = page.time_zone.as_deref().filter(|zone| times::is_known(zone)) {
            self.with_state(|state| state.zone.get_or_insert_with(|| zone.to_owned()).clone());
        }
    }

    pub(crate) async fn get(&self, id: &str) -> PortResult<Option<Resource>> {
        let answer = match self.client.send(self.call("events.get", Method::GET, Some(id))).await {
            Ok(answer) => answer,
            Err(failure) if failure.kind() == ErrorKind::NotFound => return Ok(None),
            Err(failure) => return Err(failure.into()),
        };
        let event = resource(&answer, "events.get")?;
        match event.id == id {
            true => Ok(Some(event).filter(|event| event.other_type().is_none())),
            // An answer about another event says nothing of this one.
            false => Err(Odd::of(&event, "id").error("events.get")),
        }
    }

    /// Looks up a name: a single event, a series with all its exceptions, or nothing.
    pub(crate) async fn look(&self, id: &str) -> PortResult<Found> {
        self.look_at(self.get(id).await?).await
    }

    async fn look_at(&self, event: Option<Resource>) -> PortResult<Found> {
        match event {
            None => Ok(Found::Nothing),
            Some(event) if event.is_cancelled() => Ok(Found::Nothing),
            Some(event) if event.is_master() => self.family(event, BTreeMap::new()).await,
            Some(event) => {
                // An occurrence belongs to its series, unless the series is not ours to see (an invitation to
                // one occurrence only).
                if let Some(master) = &event.recurring_event_id
                    && self.get(master).await?.is_some_and(|master| !master.is_cancelled())
                {
                    return Ok(Found::Nothing);
                }
                Ok(Found::Alive(Box::new(Family::single(event))))
            }
        }
    }

    /// Looks up a name, also where the event was moved to: there it is out of our reach, but not deleted.
    pub(crate) async fn find(&self, id: &str) -> PortResult<Option<Stored<Event>>> {
        let event = self.get(id).await?;
        if event.as_ref().is_none_or(may_have_moved)
            && let Some(moved) = self.find_elsewhere(id).await?
        {
            return Ok(Some(moved));
        }
        Ok(match self.look_at(event).await? {
            Found::Alive(family) => {
                let stored = family.stored(&self.zone());
                if stored.withdrawn {
                    return Err(Odd::of(&family.master, "start").error("events.get"));
                }
                Some(stored)
            }
            Found::Nothing => None,
        })
    }

    /// Another calendar of the same account, to look into.
    fn at(&self, calendar: &str) -> GoogleCalendar {
        let time_zone = self.with_state(|state| state.zones.get(calendar).cloned());
        let options =
            CalendarOptions { elsewhere: false, connected: Vec::new(), time_zone, ..self.options.clone() };
        GoogleCalendar::new(self.client.clone(), calendar, options)
    }

    /// Reads an event as it stands in another calendar, seen from this one.
    pub(crate) async fn read_at(&self, calendar: &str, id: &str) -> PortResult<Option<Stored<Event>>> {
        let there = self.at(calendar);
        let Found::Alive(family) = there.look(id).await? else { return Ok(None) };
        let zone = there.sure_zone().await?;
        let stored = family.stored(&zone);
        self.with_state(|state| state.zones.insert(calendar.to_owned(), zone));
        Ok(Some(Stored { withdrawn: true, home: Some(calendar.to_owned()), ..stored }))
    }

    /// Looks for an event in the account's other calendars that it could be moved to: it keeps its name (C46).
    async fn find_elsewhere(&self, id: &str) -> PortResult<Option<Stored<Event>>> {
        let known = self.with_state(|state| state.others.clone());
        let others = match known {
            Some(others) => others,
            None => self.find_others().await?,
        };
        for calendar in &others {
            if let Some(stored) = self.read_at(calendar, id).await? {
                return Ok(Some(stored));
            }
        }
        Ok(None)
    }

    async fn find_others(&self) -> PortResult<Vec<String>> {
        let mut others = self.options.connected.clone();
        others.retain(|id| *id != self.calendar);
        if self.options.elsewhere {
            let all = list_calendars(&self.client).await?;
            let named =
                |primary: bool, id: &str, known: &String| known == id || primary && known == "primary";
            let is_known = |entry: &CalendarEntry| {
                let mut known = self.options.connected.iter().chain([&self.calendar]);
                known.any(|known| named(entry.primary, &entry.id, known))
            };
            let more = all.into_iter().filter(|entry| entry.access_role.may_write() && !is_known(entry));
            others.extend(more.map(|entry| entry.id));
        }
        self.with_state(|state| state.others = Some(others.clone()));
        Ok(others)
    }

    /// Reads the exceptions of a series in one request: all that share its iCalendar identifier (C27, C67),
    /// cancelled ones included. `seen` are exceptions that are known from a page.
    pub(crate) async fn family(
        &self,
        master: Resource,
        seen: BTreeMap<String, Resource>,
    ) -> PortResult<Found> {
        let mut family = Family { master, exceptions: seen };
        let Some(uid) = family.master.ical_uid.clone() else { return Ok(Found::Alive(Box::new(family))) };
        let mut alive = true;
        self.relatives(&uid, &mut family, &mut alive).await?;
        if let Some(base) = series::base(&family.master.id)
            && let Some(base) = self.get(base).await?
            && let Some(old) = base.ical_uid.filter(|old| *old != uid)
        {
            // Occurrences that were changed before the series was split keep the identifier they had (C73).
            self.relatives(&old, &mut family, &mut alive).await?;
        }
        if !family.master.is_master() {
            family.exceptions.clear();
        }
        Ok(if alive { Found::Alive(Box::new(family)) } else { Found::Nothing })
    }

    /// Finds the occurrences that the last known copy tells as cancelled and a reading left out: a listing by
    /// iCalendar identifier may, because cancelled exceptions are not sure to carry one (C40).
    pub(crate) async fn forgotten(
        &self,
        master: &str,
        known: &Event,
        read: &Event,
    ) -> PortResult<BTreeMap<String, Resource>> {
        let Some(start) = read.start.as_ref() else {
            return Ok(BTreeMap::new());
        };
        let zone = self.zone();
        let left_out = known.recurrence_overrides.iter().filter(|(_, change)| change.excluded);
        let names = left_out.filter(|(name, _)| !read.recurrence_overrides.contains_key(*name));
        let ids = names
            .filter_map(|(name, _)| name.parse().ok())
            .filter(|id| contains(read, *id) == Ok(true))
            .filter_map(|id| times::suffix(id, start, &zone))
            .map(|suffix| format!("{master}_{suffix}"));
        let asked: Vec<_> = ids.map(|id| async move { self.get(&id).await }.boxed()).collect();
        let found: Vec<_> = stream::iter(asked).buffered(AT_ONCE).try_collect().await?;
        let holes = found.into_iter().flatten().filter(Resource::is_cancelled);
        Ok(holes.map(|hole| (hole.id.clone(), hole)).collect())
    }

    /// Adds what an iCalendar identifier names to a family: its master as it stands, and exceptions.
    async fn relatives(&self, uid: &str, family: &mut Family, alive: &mut bool) -> PortResult<()> {
        let mut token: Option<String> = None;
        let mut pages = Pages::default();
        loop {
            let mut call = self
                .call("events.list", Method::GET, None)
                .query("iCalUID", uid)
                .query("showDeleted", "true")
                .query("maxResults", "2500");
            if let Some(token) = &token {
                call = call.query("pageToken", token);
            }
            let page: EventsPage = self.client.send(call).await.map_err(PortError::from)?.json()?;
            self.learn(&page);
            for raw in page.items {
                let event = match Resource::read(&raw) {
                    Ok(event) => event,
                    // Whatever cannot be read here may be a part of the series.
                    Err(odd) => return Err(odd.error("events.list")),
                };
                if event.id == family.master.id {
                    *alive = !event.is_cancelled();
                    family.master = event;
                } else if event.recurring_event_id.as_deref() == Some(family.master.id.as_str()) {
                    family.exceptions.insert(event.id.clone(), event);
                }
            }
            token = pages.next(page.next_page_token, "events.list")?;
            if token.is_none() {
                return Ok(());
            }
        }
    }

    /// Completes a series that was read with the cancelled occurrences that a listing left out.
    async fn remembered(&self, known: &Stored<Event>, read: Stored<Event>) -> PortResult<Stored<Event>> {
        let holes = self.forgotten(read.id.as_str(), &known.record, &read.record).await?;
        if holes.is_empty() {
            return Ok(read);
        }
        let Some(master) = self.get(read.id.as_str()).await?.filter(Resource::is_master) else {
            return Ok(read);
        };
        Ok(match self.family(master, holes).await? {
            Found::Alive(family) => family.stored(&self.zone()),
            Found::Nothing => read,
        })
    }

    /// Looks up a series whose iCalendar identifier is known: one request instead of two.
    pub(crate) async fn series(&self, from: &Stored<Event>) -> PortResult<Found> {
        let Found::Alive(mut family) = self.listed(from).await? else { return Ok(Found::Nothing) };
        let zone = self.zone();
        if let Some(read) = family.read(&zone) {
            let event = read.converted.event;
            family.exceptions.extend(self.forgotten(&family.master.id, &from.record, &event).await?);
        }
        Ok(Found::Alive(family))
    }

    async fn listed(&self, from: &Stored<Event>) -> PortResult<Found> {
        let id = from.id.as_str();
        if from.record.uid.is_empty() {
            return self.look(id).await;
        }
        let ical_uid = Some(from.record.uid.clone());
        let master = Resource { id: id.to_owned(), ical_uid, ..Resource::default() };
        match self.family(master, BTreeMap::new()).await? {
            Found::Alive(family) if family.master.is_master() => Ok(Found::Alive(family)),
            _ => self.look(id).await,
        }
    }

    async fn page(&self, place: Option<&Place>, sync: Option<&str>) -> PortResult<EventsPage> {
        let mut call = self
            .call("events.list", Method::GET, None)
            .query("maxResults", &self.options.page_size.to_string());
        if let Some(sync) = sync {
            call = call.query("syncToken", sync);
        }
        if let Some(place) = place {
            call = call.query("pageToken", &place.page);
        }
        let from_token = sync.is_some() || place.is_some();
        let answer = self.client.send(call).await.map_err(|failure| error::listing(failure, from_token))?;
        let page: EventsPage = answer.json()?;
        self.learn(&page);
        Ok(page)
    }

    /// A page of a complete listing: single events at once, series when all pages have been seen.
    async fn complete(&self, place: Option<Place>) -> PortResult<Page<Event>> {
        if let Some(place) = &place
            && !self
                .with_state(|state| state.listings.iter().any(|listing| listing.tokens.contains(&place.page)))
        {
            return Err(expired());
        }
        let EventsPage { items, next_page_token, next_sync_token, .. } =
            self.page(place.as_ref(), None).await?;
        let zone = self.zone();
        let (events, odd, others) = read_all(items);
        let (parts, singles): (Vec<_>, Vec<_>) =
            events.into_iter().partition(|event| event.is_master() || event.recurring_event_id.is_some());
        let mut page = empty();
        page.unread.extend(odd.iter().map(Odd::unread));
        let singles = singles.into_iter().filter(|event| !event.is_cancelled());
        singles.for_each(|event| put(&mut page, &Family::single(event), &zone));
        let done = self.with_state(|state| {
            let at = place.and_then(|place| {
                state.listings.iter().position(|listing| listing.tokens.contains(&place.page))
            });
            let mut listing = at.and_then(|at| state.listings.remove(at)).unwrap_or_default();
            parts.into_iter().for_each(|part| listing.take(part));
            listing.odd.extend(odd.iter().filter_map(|odd| odd.record().map(str::to_owned)));
            for other in others {
                note_other(&mut listing.others, other, self.options.others_max);
            }
            let Some(token) = &next_page_token else { return Some(listing) };
            listing.tokens.insert(token.clone());
            state.listings.push_back(listing);
            if state.listings.len() > LISTINGS {
                state.listings.pop_front();
            }
            None
        });
        let others = done.as_ref().map(|listing| listing.others.clone()).unwrap_or_default();
        page.next = match (next_page_token, next_sync_token) {
            (Some(page), _) => next(Place { page, sync: None })?,
            (None, Some(sync)) => self.end(Mark { sync, others })?,
            // A last page may have neither token (C11): the next run lists everything again.
            (None, None) => {
                self.end(Mark { others, ..Mark::default() })?;
                Next::End(Cursor::from(""))
            }
        };
        if let Some(listing) = done {
            listing.families().for_each(|family| put(&mut page, &family, &zone));
        }
        Ok(page)
    }

    /// A page of changes: single events as they come; every series that is touched is read as a whole,
    /// because a page brings only the exceptions that changed.
    async fn since(&self, mut from: Mark, place: Option<Place>) -> PortResult<Page<Event>> {
        let EventsPage { items, next_page_token, next_sync_token, .. } =
            self.page(place.as_ref(), Some(&from.sync)).await?;
        let zone = self.zone();
        let mut page = empty();
        let mut touched: BTreeMap<String, Touched> = BTreeMap::new();
        let (events, odd, others) = read_all(items);
        page.unread.extend(odd.iter().map(Odd::unread));
        for other in others {
            // The type of an event never changes (C160): one that is known as an appointment is to be read by its name.
            page.removed.push(ItemId::from(other.1.as_str()));
            note_other(&mut from.others, other, self.options.others_max);
        }
        for event in events {
            forget_other(&mut from.others, &event.id);
            if let Some(master) = event.recurring_event_id.clone() {
                touched.entry(master).or_default().exceptions.insert(event.id.clone(), event);
            } else if event.is_cancelled() {
                // A bare tombstone: of an event, or of an exception beyond the end of its series (C43).
                if let Some((master, _)) = series::split(&event.id) {
                    touched.entry(master.to_owned()).or_default();
                }
                page.removed.push(ItemId::from(event.id));
            } else if event.is_master() {
                let series = touched.entry(event.id.clone()).or_default();
                series.master = Some(event);
            } else {
                put(&mut page, &Family::single(event), &zone);
            }
        }
        // A series of which a part cannot be read cannot be read.
        for name in odd.iter().filter_map(Odd::record) {
            touched.remove(name);
        }
        let gone: BTreeSet<ItemId> = page.removed.iter().cloned().collect();
        let reads = touched
            .into_iter()
            .filter(|(master, _)| !gone.contains(&ItemId::from(master.as_str())))
            .map(|(master, seen)| self.touched(master, seen));
        let read: Vec<_> = stream::iter(reads).buffer_unordered(AT_ONCE).try_collect().await?;
        for (master, families) in read {
            let families = match families {
                Ok(families) => families,
                Err(error) => {
                    let place = error.code.map_or("", Code::as_str).to_owned();
                    page.unread.push(Unread { id: Some(ItemId::from(master)), code: error.code, place });
                    continue;
                }
            };
            if families.iter().any(|family| family.master.id == master) {
                forget_other(&mut from.others, &master);
            } else {
                page.removed.push(ItemId::from(master));
            }
            families.iter().for_each(|family| put(&mut page, family, &zone));
        }
        page.next = match (next_page_token, next_sync_token) {
            (Some(page), _) => next(Place { page, sync: Some(from) })?,
            // Nothing is left out when the same changes are listed once more (C11).
            (None, sync) => self.end(Mark { sync: sync.unwrap_or(from.sync), others: from.others })?,
        };
        Ok(page)
    }

    /// Ends a listing.
    fn end(&self, mut mark: Mark) -> PortResult<Next> {
        mark.others.retain(|_, ids| !ids.is_empty());
        let cursor = mark.cursor()?;
        self.with_state(|state| state.of_other_types = Some(mark.others));
        Ok(Next::End(cursor))
    }

    /// Reads a touched series; exceptions without a series of ours stand for themselves.
    async fn touched(&self, master: String, seen: Touched) -> PortResult<(String, PortResult<Vec<Family>>)> {
        match self.families(&master, seen).await.map_err(of_one) {
            Err(error) if !is_of_item(&error) => Err(error),
            read => Ok((master, read)),
        }
    }

    async fn families(&self, master: &str, seen: Touched) -> PortResult<Vec<Family>> {
        let known = match seen.master {
            Some(event) => Some(event),
            None => self.get(master).await?,
        };
        let found = match known {
            Some(event) if event.is_cancelled() => return Ok(Vec::new()),
            Some(event) if event.is_master() => self.family(event, seen.exceptions).await?,
            Some(event) => Found::Alive(Box::new(Family::single(event))),
            None => {
                let alone = seen.exceptions.into_values().filter(|event| !event.is_cancelled());
                return Ok(alone.map(Family::single).collect());
            }
        };
        Ok(match found {
            Found::Alive(family) => vec![*family],
            Found::Nothing => Vec::new(),
        })
    }
}

#[async_trait]
impl Replica<Event> for GoogleCalendar {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            writable: self.options.writable,
            read_lag: Duration::ZERO,
            settle: self.options.settle,
            batch_max: 50,
            stamps: true,
            one_way: false,
            outcomes: false,
        }
    }

    fn forbids(&self, from: Option<&Stored<Event>>, to: Option<&Event>) -> Option<PortError> {
        self.surely_refused(from, to).err()
    }

    fn forbids_again(&self, known: &Stored<Event>) -> Option<PortError> {
        let left = crate::write::leftovers(&known.opaque);
        left.is_somebody_elses().then(|| error::not_the_organiser("events.insert"))
    }

    fn carried_along(&self, known: &Opaque) -> Opaque {
        crate::write::leftovers(known).carried_along()
    }

    fn tells_others(&self, known: &Stored<Event>) -> bool {
        crate::write::leftovers(&known.opaque).tells_guests()
    }

    fn not_carried(&self) -> Option<BTreeMap<String, u64>> {
        self.with_state(|state| {
            let all = state.of_other_types.as_ref()?.iter();
            Some(all.map(|(kind, ids)| (sort_of(kind).to_owned(), ids.len() as u64)).collect())
        })
    }

    fn clock(&self) -> Option<DateTime<Utc>> {
        self.client.said_time()
    }

    async fn changes(&self, from: Since) -> PortResult<Page<Event>> {
        match from {
            Since::Start => self.complete(None).await,
            Since::Cursor(cursor) => self.since(Mark::read(&cursor)?, None).await,
            Since::Page(token) => {
                let place: Place = serde_json::from_str(token.as_str()).map_err(|_| expired())?;
                match place.sync.clone() {
                    Some(sync) => self.since(sync, Some(place)).await,
                    None => self.complete(Some(place)).await,
                }
            }
        }
    }

    async fn fetch(&self, ids: &[ItemId]) -> PortResult<Vec<Option<Stored<Event>>>> {
        self.fetch_each(ids).await?.into_iter().collect()
    }

    async fn fetch_each(&self, ids: &[ItemId]) -> PortResult<Vec<PortResult<Option<Stored<Event>>>>> {
        let looks = ids.iter().map(|id| {
            self.find(id.as_str()).map(|found| match found.map_err(of_one) {
                Err(error) if !is_of_item(&error) => Err(error),
                found => Ok(found),
            })
        });
        let looks: Vec<_> = looks.map(FutureExt::boxed).collect();
        let found: Vec<PortResult<Option<Stored<Event>>>> =
            stream::iter(looks).buffered(AT_ONCE).try_collect().await?;
        if found.iter().any(|found| matches!(found, Ok(None))) {
            // A calendar that is gone, too, has no events: that must not read as their deletion.
            self.ask_zone().await?;
        }
        Ok(found)
    }

    async fn recall(&self, known: &Stored<Event>, read: Stored<Event>) -> PortResult<Stored<Event>> {
        if !series::is_of_series(&read.version) || read.withdrawn {
            return Ok(read);
        }
        self.remembered(known, read).await.map_err(of_one)
    }

    async fn write(&self, batch: &[Write<Event>]) -> PortResult<Vec<PortResult<Written<Event>>>> {
        if !self.options.writable {
            return Err(PortError::new(ErrorKind::Unsupported, "events.write").with_code(Code::Goog308));
        }
        let writes: Vec<_> = batch.iter().map(|write| self.write_once(write, None).boxed()).collect();
        let mut answers: Vec<_> = stream::iter(writes).buffered(AT_ONCE).collect().await;
        for (write, answer) in batch.iter().zip(&mut answers) {
            // One after another: at Google a reading can give other events a new etag, too.
            if answer.as_ref().is_err_and(|error| error.kind == ErrorKind::VersionMismatch) {
                self.write_again(write, answer).await;
            }
        }
        Ok(answers.into_iter().map(|answer| answer.map_err(of_one)).collect())
    }
}

impl Listing {
    fn take(&mut self, part: Resource) {
        match part.recurring_event_id.clone() {
            Some(master) => {
                self.exceptions.entry(master).or_default().insert(part.id.clone(), part);
            }
            None => {
                self.masters.insert(part.id.clone(), part);
            }
        }
    }

    fn families(mut self) -> impl Iterator<Item = Family> {
        let mut families = Vec::new();
        // A series of which a part cannot be read cannot be read.
        self.masters.retain(|id, _| !self.odd.contains(id));
        self.exceptions.retain(|id, _| !self.odd.contains(id));
        // Neither stands an occurrence for itself whose series a listing calls something else.
        self.exceptions.retain(|id, _| self.others.values().all(|ids| !ids.contains(id)));
        for (id, master) in self.masters {
            let exceptions = self.exceptions.remove(&id).unwrap_or_default();
            if !master.is_cancelled() {
                families.push(Family { master, exceptions });
            }
        }
        // Exceptions without a series that we may see stand for themselves.
        let alone = self.exceptions.into_values().flat_map(BTreeMap::into_values);
        families.extend(alone.filter(|event| !event.is_cancelled()).map(Family::single));
        families.into_iter()
    }
}

/// Tells whether what is cancelled may live on in another calendar: whatever was deleted where it belongs has not moved.
fn may_have_moved(event: &Resource) -> bool {
    let organizer = event.rest.get("organizer");
    let is_ours = organizer.and_then(|organizer| organizer.get("self")).and_then(Value::as_bool);
    event.is_cancelled() && event.recurring_event_id.is_none() && is_ours != Some(true)
}

/// Reads events one by one, and names those that cannot be read and, with their type, those that are no appointments.
fn read_all(items: Vec<Box<RawValue>>) -> (Vec<Resource>, Vec<Odd>, Vec<(String, String)>) {
    let (mut events, mut odd, mut others) = (Vec::new(), Vec::new(), Vec::new());
    for raw in items {
        match Resource::read(&raw) {
            Ok(event) if event.is_cancelled() => events.push(event),
            Ok(event) => match event.other_type() {
                // A changed occurrence is no entry of its own.
                Some(_) if event.recurring_event_id.is_some() => {}
                Some(sort) => others.push((sort.to_owned(), event.id.clone())),
                None => events.push(event),
            },
            Err(one) => match one.other_type() {
                Some(_) if one.is_occurrence() => {}
                Some(sort) => others.push((sort.to_owned(), one.id.clone())),
                None => odd.push(one),
            },
        }
    }
    (events, odd, others)
}

fn empty() -> Page<Event> {
    let next = Next::End(Cursor::from(""));
    Page { items: Vec::new(), unread: Vec::new(), removed: Vec::new(), formerly: Vec::new(), next }
}

fn next(place: Place) -> PortResult<Next> {
    let text = serde_json::to_string(&place).map_err(unwritten)?;
    Ok(Next::Page(PageToken::from(text)))
}

/// Reads the event that a call answers.
pub(crate) fn resource(answer: &ApiResponse, operation: &'static str) -> PortResult<Resource> {
    let raw: Box<RawValue> = answer.json()?;
    Resource::read(&raw).map_err(|odd| odd.error(operation))
}

/// Reads the event that a write answers. Where that is another one, nobody knows what was written.
pub(crate) fn written(answer: &ApiResponse, id: &str, operation: &'static str) -> PortResult<Resource> {
    let event = resource(answer, operation)?;
    match event.id == id {
        true => Ok(event),
        false => Err(PortError::new(ErrorKind::Unexpected, operation).with_code(Code::Goog314)),
    }
}

/// Puts what a family reads as into a page.
fn put(page: &mut Page<Event>, family: &Family, zone: &str) {
    let stored = family.stored(zone);
    if stored.withdrawn {
        page.unread.push(Odd::of(&family.master, "start").unread());
    } else {
        page.items.push(stored);
    }
}

/// Says of the failure of a call that was about one event that it concerns no other.
pub(crate) fn of_one(mut error: PortError) -> PortError {
    let is_fault = error.context.get("status") == Some(&Detail::Status(500));
    if error.kind == ErrorKind::Unavailable && is_fault {
        error.kind = ErrorKind::ItemFailed;
    }
    error
}

/// Tells whether an error concerns the event that was asked for, and no other.
fn is_of_item(error: &PortError) -> bool {
    matches!(error.kind, ErrorKind::Unexpected | ErrorKind::ItemFailed)
}
