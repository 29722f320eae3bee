//! The port: listing, fetching, writing.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use futures::{FutureExt, StreamExt, TryStreamExt, stream};
use http::{Method, StatusCode, header};
use passerelle_calendar::{Event, RecurrenceId};
use passerelle_google_transport::{Api, ApiResponse, Call, Failure, GoogleClient};
use passerelle_ports::{
    Capabilities, Cursor, ErrorKind, From as Since, ItemId, Next, Opaque, Page, PageToken, PortError,
    PortResult, Replica, Stored, Write, Written,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{
    convert::{self, Leftovers},
    error::{self, moved, not_the_organiser, rejected},
    marks,
    series::{self, Family},
    times,
    wire::{EventsPage, Resource},
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
}

impl Default for CalendarOptions {
    fn default() -> Self {
        CalendarOptions { writable: true, page_size: 2500, time_zone: None, settle: Duration::from_secs(60) }
    }
}

/// One Google calendar.
pub struct GoogleCalendar {
    client: Arc<GoogleClient>,
    calendar: String,
    options: CalendarOptions,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    zone: Option<String>,
    listings: VecDeque<Listing>,
}

/// A complete listing under way: the parts of series seen so far, which may come on any page.
#[derive(Default)]
struct Listing {
    /// Google's page tokens of this listing: they alone know it.
    tokens: BTreeSet<String>,
    masters: BTreeMap<String, Resource>,
    /// By master, then by their own id.
    exceptions: BTreeMap<String, BTreeMap<String, Resource>>,
}

/// Our page token: Google's, with what belongs to it (C15).
#[derive(Serialize, Deserialize)]
struct Place {
    page: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    sync: Option<String>,
}

/// What a page of changes says of one series.
#[derive(Default)]
struct Touched {
    master: Option<Resource>,
    exceptions: BTreeMap<String, Resource>,
}

/// What a name stands for.
enum Found {
    Nothing,
    Alive(Box<Family>),
}

impl GoogleCalendar {
    /// Makes the replica of one calendar; `primary` stands for the account's main one (C2).
    #[must_use]
    pub fn new(client: Arc<GoogleClient>, calendar: impl Into<String>, options: CalendarOptions) -> Self {
        let state = State { zone: options.time_zone.clone(), listings: VecDeque::new() };
        GoogleCalendar { client, calendar: calendar.into(), options, state: Mutex::new(state) }
    }

    fn with_state<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        work(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn call(&self, operation: &'static str, method: Method, event: Option<&str>) -> Call {
        let mut path = vec!["calendars", self.calendar.as_str(), "events"];
        path.extend(event);
        Call::new(Api::Calendar, operation, method, self.client.endpoints().calendar(&path))
    }

    /// The calendar's zone as far as it is known.
    fn zone(&self) -> String {
        self.with_state(|state| state.zone.clone()).unwrap_or_else(|| "Etc/UTC".to_owned())
    }

    /// Asks for the calendar's zone, and so whether the calendar is there at all.
    async fn ask_zone(&self) -> PortResult<String> {
        let call =
            self.call("events.list", Method::GET, None).query("maxResults", "1").query("fields", "timeZone");
        let page: EventsPage = self.client.send(call).await.map_err(PortError::from)?.json()?;
        self.learn(&page);
        Ok(self.zone())
    }

    async fn sure_zone(&self) -> PortResult<String> {
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

    // ---------------------------------------------------------------- reading

    async fn get(&self, id: &str) -> PortResult<Option<Resource>> {
        let answer = match self.client.send(self.call("events.get", Method::GET, Some(id))).await {
            Ok(answer) => answer,
            Err(failure) if failure.kind() == ErrorKind::NotFound => return Ok(None),
            Err(failure) => return Err(failure.into()),
        };
        Ok(Some(resource(answer.json()?)))
    }

    /// Looks up a name: a single event, a series with all its exceptions, or nothing.
    async fn look(&self, id: &str) -> PortResult<Found> {
        match self.get(id).await? {
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

    /// Reads the exceptions of a series in one request: all that share its iCalendar identifier (C27, C67),
    /// cancelled ones included. `seen` are exceptions that are known from a page.
    async fn family(&self, master: Resource, seen: BTreeMap<String, Resource>) -> PortResult<Found> {
        let mut family = Family { master, exceptions: seen };
        let Some(uid) = family.master.ical_uid.clone() else { return Ok(Found::Alive(Box::new(family))) };
        let mut alive = true;
        let mut token: Option<String> = None;
        loop {
            let mut call = self
                .call("events.list", Method::GET, None)
                .query("iCalUID", &uid)
                .query("showDeleted", "true")
                .query("maxResults", "2500");
            if let Some(token) = &token {
                call = call.query("pageToken", token);
            }
            let page: EventsPage = self.client.send(call).await.map_err(PortError::from)?.json()?;
            self.learn(&page);
            for event in page.items.into_iter().map(resource) {
                if event.id == family.master.id {
                    alive = !event.is_cancelled();
                    family.master = event;
                } else if event.recurring_event_id.as_deref() == Some(family.master.id.as_str()) {
                    family.exceptions.insert(event.id.clone(), event);
                }
            }
            token = page.next_page_token;
            if token.is_none() {
                break;
            }
        }
        if !family.master.is_master() {
            family.exceptions.clear();
        }
        Ok(if alive { Found::Alive(Box::new(family)) } else { Found::Nothing })
    }

    /// Looks up a series whose iCalendar identifier is known: one request instead of two.
    async fn series(&self, from: &Stored<Event>) -> PortResult<Found> {
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
            .query("maxResults", &self.options.page_size.to_string())
            .query("eventTypes", "default");
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
        let expired = || PortError::new(ErrorKind::CursorExpired, "events.list").with_code("GOOG-305");
        if let Some(place) = &place
            && !self
                .with_state(|state| state.listings.iter().any(|listing| listing.tokens.contains(&place.page)))
        {
            return Err(expired());
        }
        let EventsPage { items, next_page_token, next_sync_token, .. } =
            self.page(place.as_ref(), None).await?;
        let zone = self.zone();
        let (parts, singles): (Vec<_>, Vec<_>) = items
            .into_iter()
            .map(resource)
            .partition(|event| event.is_master() || event.recurring_event_id.is_some());
        let mut page = Page { items: Vec::new(), removed: Vec::new(), next: Next::End(Cursor::from("")) };
        let singles = singles.into_iter().filter(|event| !event.is_cancelled());
        page.items.extend(singles.map(|event| Family::single(event).stored(&zone)));
        let done = self.with_state(|state| {
            let at = place.and_then(|place| {
                state.listings.iter().position(|listing| listing.tokens.contains(&place.page))
            });
            let mut listing = at.and_then(|at| state.listings.remove(at)).unwrap_or_default();
            parts.into_iter().for_each(|part| listing.take(part));
            let Some(token) = &next_page_token else { return Some(listing) };
            listing.tokens.insert(token.clone());
            state.listings.push_back(listing);
            if state.listings.len() > LISTINGS {
                state.listings.pop_front();
            }
            None
        });
        page.next = match (next_page_token, next_sync_token) {
            (Some(page), _) => next(Place { page, sync: None })?,
            (None, Some(sync)) => Next::End(Cursor::from(sync)),
            (None, None) => return Err(PortError::new(ErrorKind::Unexpected, "events.list")),
        };
        if let Some(listing) = done {
            page.items.extend(listing.families().map(|family| family.stored(&zone)));
        }
        Ok(page)
    }

    /// A page of changes: single events as they come; every series that is touched is read as a whole,
    /// because a page brings only the exceptions that changed.
    async fn since(&self, sync: String, place: Option<Place>) -> PortResult<Page<Event>> {
        let EventsPage { items, next_page_token, next_sync_token, .. } =
            self.page(place.as_ref(), Some(&sync)).await?;
        let zone = self.zone();
        let mut page = Page { items: Vec::new(), removed: Vec::new(), next: Next::End(Cursor::from("")) };
        let mut touched: BTreeMap<String, Touched> = BTreeMap::new();
        for event in items.into_iter().map(resource) {
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
                page.items.push(Family::single(event).stored(&zone));
            }
        }
        let gone: BTreeSet<ItemId> = page.removed.iter().cloned().collect();
        let reads = touched
            .into_iter()
            .filter(|(master, _)| !gone.contains(&ItemId::from(master.as_str())))
            .map(|(master, seen)| self.touched(master, seen));
        let read: Vec<_> = stream::iter(reads).buffer_unordered(AT_ONCE).try_collect().await?;
        for (master, families) in read {
            if families.iter().all(|family| family.master.id != master) {
                page.removed.push(ItemId::from(master));
            }
            page.items.extend(families.iter().map(|family| family.stored(&zone)));
        }
        page.next = match (next_page_token, next_sync_token) {
            (Some(page), _) => next(Place { page, sync: Some(sync) })?,
            (None, Some(sync)) => Next::End(Cursor::from(sync)),
            (None, None) => return Err(PortError::new(ErrorKind::Unexpected, "events.list")),
        };
        Ok(page)
    }

    /// Reads a touched series; exceptions without a series of ours stand for themselves.
    async fn touched(&self, master: String, seen: Touched) -> PortResult<(String, Vec<Family>)> {
        let known = match seen.master {
            Some(event) => Some(event),
            None => self.get(&master).await?,
        };
        let found = match known {
            Some(event) if event.is_cancelled() => return Ok((master, Vec::new())),
            Some(event) if event.is_master() => self.family(event, seen.exceptions).await?,
            Some(event) => Found::Alive(Box::new(Family::single(event))),
            None => {
                let alone = seen.exceptions.into_values().filter(|event| !event.is_cancelled());
                return Ok((master, alone.map(Family::single).collect()));
            }
        };
        Ok((
            master,
            match found {
                Found::Alive(family) => vec![*family],
                Found::Nothing => Vec::new(),
            },
        ))
    }

    // ---------------------------------------------------------------- writing

    async fn write_one(&self, write: &Write<Event>) -> PortResult<Written<Event>> {
        match write {
            Write::Create { .. } => self.create(write).await,
            Write::Update { from, to, stamp } => self.update(from, to, &stamp.to_string()).await,
            Write::Delete { from, .. } => self.delete(from).await,
        }
    }

    async fn create(&self, write: &Write<Event>) -> PortResult<Written<Event>> {
        const OPERATION: &str = "events.insert";
        let Write::Create { key, record, opaque, stamp, .. } = write else {
            return Err(PortError::new(ErrorKind::Unexpected, OPERATION));
        };
        error::checked(record, OPERATION)?;
        let zone = self.sure_zone().await?;
        let left = opaque.as_ref().map(leftovers).unwrap_or_default();
        let fresh = Leftovers { lines: left.lines.clone(), ..Leftovers::default() };
        let changes = convert::changes(&convert::nothing(), record, &fresh, &zone);
        let mut changes = changes.ok_or_else(|| rejected(OPERATION, "start"))?;
        let lines = convert::lines(record, &fresh, &zone, |_| false);
        if !lines.is_empty() {
            changes.set("recurrence", lines.into());
        }
        if record.alerts.is_empty() {
            // Without a word, a timed event would get the calendar's reminders (C263).
            changes.set("reminders", serde_json::json!({"useDefault": record.use_default_alerts}));
        }
        changes.mark(marks::KEY, key.as_str());
        changes.mark(marks::MADE, &stamp.to_string());
        changes.mark(marks::STAMP, &stamp.to_string());
        let id = marks::id_of(key);
        changes.set("id", id.as_str().into());
        let body = changes.insert(&left);
        let call = self.call(OPERATION, Method::POST, None).query("sendUpdates", "none");
        let call = call.query("supportsAttachments", "true").json(&body)?.repeatable();
        let made = match self.client.send(call).await {
            Ok(answer) => resource(answer.json()?),
            Err(failure) if failure.status() == Some(StatusCode::CONFLICT) => return self.exists(&id).await,
            Err(failure) => return Err(failure.into()),
        };
        let plain = Event { recurrence_overrides: excluded_only(record), ..record.clone() };
        self.finish(made, false, &plain, record, &zone).await
    }

    /// The id is taken: by our own earlier create, alive or deleted since (C102).
    async fn exists(&self, id: &str) -> PortResult<Written<Event>> {
        let alive = match self.look(id).await? {
            Found::Alive(family) => Some(family.stored(&self.zone())),
            Found::Nothing => None,
        };
        Ok(Written::Exists { id: ItemId::from(id), alive })
    }

    async fn update(&self, from: &Stored<Event>, to: &Event, stamp: &str) -> PortResult<Written<Event>> {
        const OPERATION: &str = "events.patch";
        error::checked(to, OPERATION)?;
        let zone = self.sure_zone().await?;
        let (etag, left, known) = if series::is_of_series(&from.version) {
            let Found::Alive(family) = self.series(from).await? else {
                return Err(PortError::new(ErrorKind::NotFound, OPERATION));
            };
            if family.version() != from.version {
                return Err(moved(OPERATION));
            }
            let series = family.read(&zone).ok_or_else(|| rejected(OPERATION, "start"))?;
            let known: BTreeSet<RecurrenceId> =
                series.holes.into_keys().chain(series.live.into_keys()).collect();
            (family.master.etag, series.converted.left, known)
        } else {
            (from.version.as_str().to_owned(), leftovers(&from.opaque), BTreeSet::new())
        };
        if left.is_somebody_elses() && convert::changes_what_guests_see(&from.record, to, &left) {
            return Err(not_the_organiser(OPERATION));
        }
        if left.has_hidden_guests()
            && from.record.participants != to.participants
            && !left.is_somebody_elses()
        {
            return Err(rejected(OPERATION, "participants"));
        }
        let changes = convert::changes(&from.record, to, &left, &zone);
        let mut changes = changes.ok_or_else(|| rejected(OPERATION, "start"))?;
        let lines = |event: &Event| convert::lines(event, &left, &zone, |id| known.contains(&id));
        let (before, after) = (lines(&from.record), lines(to));
        if before != after {
            changes.set("recurrence", if after.is_empty() { Value::Null } else { after.into() });
        }
        changes.mark(marks::STAMP, stamp);
        let patched = self.patch(from.id.as_str(), &etag, &changes.patch()).await?;
        self.finish(resource(patched.json()?), !known.is_empty(), &from.record, to, &zone).await
    }

    /// The master is written: its exceptions follow, and the whole is read back.
    async fn finish(
        &self,
        master: Resource,
        has_exceptions: bool,
        from: &Event,
        to: &Event,
        zone: &str,
    ) -> PortResult<Written<Event>> {
        let touched = series::touched(from, to);
        let alone = !master.is_master() || (!has_exceptions && touched.is_empty());
        if alone {
            return Ok(Written::Stored(Family::single(master).stored(zone)));
        }
        // What was written so far stands: whatever goes wrong from here on, nobody knows how much landed.
        self.exceptions(&master, touched, to, zone).await.map_err(|error| {
            let code = error.code;
            let mut unknown = PortError::new(ErrorKind::Unavailable, "events.patch").with_source(error);
            unknown.code = code;
            unknown
        })?;
        match self.family(master, BTreeMap::new()).await {
            Ok(Found::Alive(family)) => Ok(Written::Stored(family.stored(zone))),
            Ok(Found::Nothing) => Err(PortError::new(ErrorKind::NotFound, "events.get")),
            Err(error) => Err(PortError::new(ErrorKind::Unavailable, "events.get").with_source(error)),
        }
    }

    async fn exceptions(
        &self,
        master: &Resource,
        touched: BTreeSet<RecurrenceId>,
        to: &Event,
        zone: &str,
    ) -> PortResult<()> {
        if touched.is_empty() {
            return Ok(());
        }
        // Writing the master gave its exceptions new etags (C72).
        let Found::Alive(family) = self.family(master.clone(), BTreeMap::new()).await? else { return Ok(()) };
        let Some(series) = family.read(zone) else { return Ok(()) };
        for id in touched {
            self.exception(&series, &family.master, id, to, zone).await?;
        }
        Ok(())
    }

    async fn exception(
        &self,
        series: &series::Series,
        master: &Resource,
        id: RecurrenceId,
        to: &Event,
        zone: &str,
    ) -> PortResult<()> {
        let Some(start) = &series.converted.event.start else { return Ok(()) };
        let Some(suffix) = times::suffix(id, start, &series.converted.zone) else { return Ok(()) };
        let known = series.live.get(&id).or_else(|| series.holes.get(&id));
        let instance = known.map_or_else(|| format!("{}_{suffix}", master.id), |event| event.id.clone());
        let wanted = to.recurrence_overrides.get(&id.to_string());
        if wanted.is_some_and(|change| change.excluded) {
            // Without an exception of its own, the master's EXDATE has done it.
            return match series.live.get(&id) {
                Some(event) => self.remove(&instance, &event.etag).await.map(|_| ()),
                None => Ok(()),
            };
        }
        if known.is_none() && wanted.is_none() {
            return Ok(()); // only its EXDATE went
        }
        let current = series.live.get(&id).and_then(|event| convert::event(event, zone));
        let hole = series.holes.contains_key(&id);
        let (before, left) = match current {
            Some(converted) => (converted.event, converted.left),
            None => (series::expected(&series.converted.event, id), series.converted.left.clone()),
        };
        let after = series::changed(to, id, wanted);
        // An occurrence differs in these only as its series does.
        let after = Event {
            uid: before.uid.clone(),
            url: before.url.clone(),
            categories: before.categories.clone(),
            conference_url: before.conference_url.clone(),
            privacy: before.privacy,
            ..after
        };
        // A cancelled occurrence may still hold what it once said (C44): it is written anew, all of it.
        let before = if hole { convert::unlike(&after) } else { before };
        let Some(changes) = convert::changes(&before, &after, &left, zone) else { return Ok(()) };
        if changes.is_empty() {
            return Ok(());
        }
        let etag = known.map(|event| event.etag.as_str()).unwrap_or_default();
        match self.patch(&instance, etag, &changes.patch()).await {
            Ok(_) => Ok(()),
            // No such occurrence, or Google does not take it: the override is dropped, the answer shows it.
            Err(failure) if matches!(failure.kind(), ErrorKind::NotFound | ErrorKind::Rejected) => {
                tracing::warn!(code = failure.error().code, "a changed occurrence was not taken");
                Ok(())
            }
            Err(failure) => Err(failure.into()),
        }
    }

    async fn patch(&self, id: &str, etag: &str, body: &Map<String, Value>) -> Result<ApiResponse, Failure> {
        let mut call = self.call("events.patch", Method::PATCH, Some(id)).query("sendUpdates", "none");
        if !etag.is_empty() {
            call = call.header(header::IF_MATCH, etag)?;
        }
        self.client.send(call.json(body)?).await
    }

    async fn delete(&self, from: &Stored<Event>) -> PortResult<Written<Event>> {
        let etag = if series::is_of_series(&from.version) {
            match self.series(from).await? {
                Found::Nothing => return Ok(Written::Deleted),
                Found::Alive(family) if family.version() != from.version => {
                    return Err(moved("events.delete"));
                }
                Found::Alive(family) => family.master.etag,
            }
        } else {
            from.version.as_str().to_owned()
        };
        match self.remove(from.id.as_str(), &etag).await {
            Err(error) if error.kind == ErrorKind::VersionMismatch => {
                // A deletion changes the etag, too.
                match self.get(from.id.as_str()).await? {
                    Some(event) if !event.is_cancelled() => Err(error),
                    _ => Ok(Written::Deleted),
                }
            }
            result => result,
        }
    }

    async fn remove(&self, id: &str, etag: &str) -> PortResult<Written<Event>> {
        let call = self.call("events.delete", Method::DELETE, Some(id)).query("sendUpdates", "none");
        let call = call.header(header::IF_MATCH, etag)?.repeatable();
        match self.client.send(call).await {
            Ok(_) => Ok(Written::Deleted),
            // Deleting twice answers 410, an unknown id 404 (C45).
            Err(failure) if failure.kind() == ErrorKind::NotFound => Ok(Written::Deleted),
            Err(failure) => Err(failure.into()),
        }
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
            outcomes: false,
        }
    }

    async fn changes(&self, from: Since) -> PortResult<Page<Event>> {
        match from {
            Since::Start => self.complete(None).await,
            Since::Cursor(cursor) => self.since(cursor.as_str().to_owned(), None).await,
            Since::Page(token) => {
                let place: Place = serde_json::from_str(token.as_str()).map_err(|_| {
                    PortError::new(ErrorKind::CursorExpired, "events.list").with_code("GOOG-305")
                })?;
                match place.sync.clone() {
                    Some(sync) => self.since(sync, Some(place)).await,
                    None => self.complete(Some(place)).await,
                }
            }
        }
    }

    async fn fetch(&self, ids: &[ItemId]) -> PortResult<Vec<Option<Stored<Event>>>> {
        let looks: Vec<_> = ids.iter().map(|id| self.look(id.as_str()).boxed()).collect();
        let found: Vec<Found> = stream::iter(looks).buffered(AT_ONCE).try_collect().await?;
        if found.iter().any(|found| matches!(found, Found::Nothing)) {
            // A calendar that is gone, too, has no events: that must not read as their deletion.
            self.ask_zone().await?;
        }
        let zone = self.zone();
        Ok(found
            .into_iter()
            .map(|found| match found {
                Found::Alive(family) => Some(family.stored(&zone)),
                Found::Nothing => None,
            })
            .collect())
    }

    async fn write(&self, batch: &[Write<Event>]) -> PortResult<Vec<PortResult<Written<Event>>>> {
        if !self.options.writable {
            return Err(PortError::new(ErrorKind::Unsupported, "events.write").with_code("GOOG-308"));
        }
        let writes: Vec<_> = batch.iter().map(|write| self.write_one(write).boxed()).collect();
        Ok(stream::iter(writes).buffered(AT_ONCE).collect().await)
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

fn next(place: Place) -> PortResult<Next> {
    let text = serde_json::to_string(&place)
        .map_err(|error| PortError::new(ErrorKind::Unexpected, "events.list").with_source(error))?;
    Ok(Next::Page(PageToken::from(text)))
}

/// Reads an event; one whose shape is new keeps its name, so that it is known to exist.
fn resource(value: Value) -> Resource {
    let text = |name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
    let bare = Resource {
        id: text("id").unwrap_or_default(),
        etag: text("etag").unwrap_or_default(),
        status: text("status"),
        recurring_event_id: text("recurringEventId"),
        ..Resource::default()
    };
    serde_json::from_value(value).unwrap_or_else(|error| {
        tracing::warn!(%error, "an event has an unexpected shape");
        bare
    })
}

fn leftovers(opaque: &Opaque) -> Leftovers {
    serde_json::from_value(opaque.0.clone()).unwrap_or_default()
}

fn excluded_only(record: &Event) -> BTreeMap<String, passerelle_calendar::Override> {
    let excluded = record.recurrence_overrides.iter().filter(|(_, change)| change.excluded);
    excluded.map(|(id, change)| (id.clone(), change.clone())).collect()
}
