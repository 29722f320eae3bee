//! Writing: inserts, patches and deletions, and the exceptions of a series after them.

use std::collections::{BTreeMap, BTreeSet};

use http::{Method, StatusCode, header};
use passerelle_calendar::{Event, Override, RecurrenceId, contains};
use passerelle_google_transport::{Api, ApiResponse, Call, Failure};
use passerelle_ports::{
    Code, CreateKey, Detail, ErrorKind, ItemId, Opaque, PortError, PortResult, Reason, Record, Stored, Write,
    Written,
};
use serde_json::{Map, Value};

use crate::{
    changes::{self, Changes},
    convert::{self, Leftovers},
    error::{self, moved, not_the_organiser, rejected},
    marks,
    replica::{Found, GoogleCalendar, resource, written},
    series::{self, Family},
    times,
    wire::{EVENT_TYPE, EventsPage, Resource},
};

const DELETE: &str = "events.delete";
/// The member that holds a video conference of Google's or of another provider.
const CONFERENCE: &str = "conferenceData";
/// How often a write is sent again because the etag, and nothing else, had changed.
const RENEWALS: u32 = 3;

/// What is known of the exceptions of a series before it is written.
#[derive(Default)]
struct Known {
    any: bool,
    holes: BTreeMap<String, Resource>,
    left: Leftovers,
}

/// A series as it was and as it shall be, with what Google held beside it.
struct Course<'a> {
    from: &'a Event,
    to: &'a Event,
    left: &'a Leftovers,
    zone: &'a str,
}

impl Course<'_> {
    /// Google hands on part of how a series is called off to exceptions, and the rest not: whether they take place is said
    /// again.
    fn unsure(&self, mut left: Leftovers) -> Leftovers {
        if series::turns(self.from, self.to) {
            left.unsaid = Some("status".to_owned());
        }
        left
    }
}

impl GoogleCalendar {
    /// Sends a write again whose version was no longer the current one, as long as nothing but the version changed.
    pub(crate) async fn write_again(&self, write: &Write<Event>, answer: &mut PortResult<Written<Event>>) {
        let from = match write {
            Write::Create { .. } => return,
            Write::Update { from, .. } | Write::Delete { from, .. } | Write::Move { from, .. } => from,
        };
        for _ in 0..RENEWALS {
            let Some(renewed) = self.renewed(from).await.ok().flatten() else { return };
            *answer = self.write_once(write, Some(&renewed)).await;
            if !answer.as_ref().is_err_and(|error| error.kind == ErrorKind::VersionMismatch) {
                return;
            }
        }
    }

    /// Writes from what the engine knows, or from the same content under a newer version.
    pub(crate) async fn write_once(
        &self,
        write: &Write<Event>,
        renewed: Option<&Stored<Event>>,
    ) -> PortResult<Written<Event>> {
        match write {
            Write::Create { .. } => self.create(write).await,
            Write::Update { from, to, opaque, stamp } => {
                self.update(renewed.unwrap_or(from), (to, opaque.as_ref()), &stamp.to_string()).await
            }
            Write::Delete { from, .. } => self.delete(renewed.unwrap_or(from)).await,
            Write::Move { from, to, .. } => self.relocate(renewed.unwrap_or(from), to).await,
        }
    }

    /// Reads an event again whose version is no longer the known one: something if nothing else differs.
    async fn renewed(&self, from: &Stored<Event>) -> PortResult<Option<Stored<Event>>> {
        let now = match &from.home {
            Some(home) => self.read_at(home, from.id.as_str()).await?,
            None if series::is_of_series(&from.version) => {
                self.series(from).await?.stored(&self.sure_zone().await?)
            }
            None => self.look(from.id.as_str()).await?.stored(&self.sure_zone().await?),
        };
        Ok(now.filter(|now| series::is_same(now, from)))
    }

    /// Brings an event into another calendar, as it is: the same event, with its changed occurrences (C46). Only its
    /// organiser may, and its guests are told as they are of a deletion.
    async fn relocate(&self, from: &Stored<Event>, to: &str) -> PortResult<Written<Event>> {
        const OPERATION: &str = "events.move";
        let left = leftovers(&from.opaque);
        if left.is_somebody_elses() {
            return Err(not_the_organiser(OPERATION));
        }
        let id = from.id.as_str();
        let (calendar, now) = match &from.home {
            Some(home) => (home.as_str(), self.read_at(home, id).await?),
            None => (self.name(), self.look(id).await?.stored(&self.sure_zone().await?)),
        };
        let now = now.ok_or_else(|| PortError::new(ErrorKind::NotFound, OPERATION))?;
        if now.version != from.version && !series::is_same(&now, from) {
            return Err(moved(OPERATION));
        }
        let tell = self.tells(&from.record, &left);
        let url = self.client.endpoints().calendar(&["calendars", calendar, "events", id, "move"]);
        let mut call = Call::new(Api::Calendar, OPERATION, Method::POST, url).query("destination", to);
        call = call.query("sendUpdates", if tell { "all" } else { "none" });
        if !series::is_of_series(&from.version) {
            call = call.header(header::IF_MATCH, series::etag(&now.version))?;
        }
        // The answer speaks of the event as it was: cancelled where it stood (C46).
        self.client.send(call).await.map_err(|failure| not_movable(failure, OPERATION))?;
        let there = match to == self.name() {
            true => self.look(id).await.map(|found| found.stored(&self.zone())),
            false => self.read_at(to, id).await,
        };
        // Whatever goes wrong from here on, it may have moved.
        match there {
            Ok(Some(stored)) => Ok(Written::Stored(stored)),
            Ok(None) => Err(PortError::new(ErrorKind::Unavailable, OPERATION)),
            Err(error) => Err(PortError::new(ErrorKind::Unavailable, OPERATION).with_source(error)),
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
        if left.is_somebody_elses() {
            // Brought back by us it would be another meeting, with us as its organiser and all its guests.
            return Err(not_the_organiser(OPERATION));
        }
        let made = self.insert(key, record, &left, &stamp.to_string(), &zone).await;
        let made = match made {
            // A conference may be over for good: the rest comes back without it.
            Err(failure) if failure.kind() == ErrorKind::Rejected && left.rest.contains_key(CONFERENCE) => {
                let mut without = left.clone();
                without.rest.remove(CONFERENCE);
                without.rest.remove("hangoutLink");
                self.insert(key, record, &without, &stamp.to_string(), &zone).await
            }
            made => made,
        };
        let made = match made {
            Ok(answer) if self.options().names_itself => resource(&answer, OPERATION)?,
            Ok(answer) => written(&answer, &marks::id_of(key), OPERATION)?,
            Err(failure) if failure.status() == Some(StatusCode::CONFLICT) => {
                return self.exists(&marks::id_of(key)).await;
            }
            Err(failure) => return Err(failure.into()),
        };
        let plain = Event { recurrence_overrides: excluded_only(record), ..record.clone() };
        let any = !left.attached.is_empty() || !left.apart.is_empty();
        let left = Leftovers { attached: left.attached, apart: left.apart, ..Leftovers::default() };
        let known = Known { any, left, ..Known::default() };
        self.finish(made, known, &plain, record, &zone).await
    }

    /// Sends a new event, with what the last copy of it held beyond the record.
    async fn insert(
        &self,
        key: &CreateKey,
        record: &Event,
        left: &Leftovers,
        stamp: &str,
        zone: &str,
    ) -> Result<ApiResponse, Failure> {
        const OPERATION: &str = "events.insert";
        // What belongs to a value of the record comes back with it: the words of its link, the zone of its end, the
        // conference whose address it is.
        let conference = left.rest.iter().filter(|(name, _)| *name == CONFERENCE);
        let fresh = Leftovers {
            lines: left.lines.clone(),
            attendees: left.companions(),
            source_title: left.source_title.clone(),
            end_zone: left.end_zone.clone(),
            rest: conference.map(|(name, value)| (name.clone(), value.clone())).collect(),
            ..Leftovers::default()
        };
        let changes = self.changes(&changes::nothing(), record, &fresh, zone);
        let mut changes = changes.ok_or_else(|| rejected(OPERATION, "start"))?;
        let lines = convert::lines(record, &fresh, zone, None, |_| false);
        if !lines.is_empty() {
            changes.set("recurrence", lines.into());
        }
        if !changes.says("reminders") {
            // Without a word, a timed event would get the calendar's reminders (C263).
            changes.set("reminders", serde_json::json!({"useDefault": false}));
        }
        changes.mark(marks::KEY, key.as_str());
        changes.mark(marks::MADE, stamp);
        changes.mark(marks::STAMP, stamp);
        changes.set("id", marks::id_of(key).into());
        let body = changes.insert(left);
        let mut call = self.call(OPERATION, Method::POST, None).query("sendUpdates", "none");
        for (member, flag, value) in changes::FLAGS {
            if body.contains_key(*member) {
                call = call.query(flag, value);
            }
        }
        self.client.send(call.json(&body)?.repeatable()).await
    }

    /// Computes what to send so that an event becomes another one.
    fn changes(&self, from: &Event, to: &Event, left: &Leftovers, zone: &str) -> Option<Changes> {
        let changes = changes::changes(from, to, left, zone)?;
        Some(changes.call_off(from, to, left, &self.options().called_off))
    }

    /// The id is taken: by our own earlier create, alive, moved into another calendar, or deleted since (C102).
    async fn exists(&self, id: &str) -> PortResult<Written<Event>> {
        Ok(Written::Exists { id: ItemId::from(id), alive: self.find(id).await? })
    }

    async fn update(
        &self,
        from: &Stored<Event>,
        (to, opaque): (&Event, Option<&Opaque>),
        stamp: &str,
    ) -> PortResult<Written<Event>> {
        const OPERATION: &str = "events.patch";
        error::checked(to, OPERATION)?;
        let zone = self.sure_zone().await?;
        let (master, left, known, holes) = if series::is_of_series(&from.version) {
            let Found::Alive(family) = self.series(from).await? else {
                return Err(PortError::new(ErrorKind::NotFound, OPERATION));
            };
            if !family.is_as(from, &zone) {
                return Err(moved(OPERATION));
            }
            let series = family.read(&zone).ok_or_else(|| rejected(OPERATION, "start"))?;
            let holes: BTreeMap<String, Resource> =
                family.exceptions.into_iter().filter(|(_, event)| event.is_cancelled()).collect();
            let known: BTreeSet<RecurrenceId> =
                series.holes.into_keys().chain(series.live.into_keys()).collect();
            (Some(family.master), series.converted.left, known, holes)
        } else {
            (None, leftovers(&from.opaque), BTreeSet::new(), BTreeMap::new())
        };
        not_for_all_guests(&from.record, to, &left)?;
        if left.has_hidden_guests()
            && from.record.participants != to.participants
            && !left.is_somebody_elses()
        {
            return Err(rejected(OPERATION, "participants"));
        }
        // What all guests see of somebody else's meeting is theirs.
        let is_theirs = left.is_somebody_elses() || left.is_from_gmail();
        let wanted = opaque.map(leftovers).filter(|_| !is_theirs);
        let wanted = wanted.map_or_else(|| left.clone(), |wanted| wanted.where_writable(&left));
        let changes = self.changes(&from.record, to, &wanted, &zone);
        let mut changes = changes.ok_or_else(|| rejected(OPERATION, "start"))?;
        changes.put_back((&from.record, &left), (to, &wanted), &zone);
        // Who is to be told of an occurrence is told of that one, not of a series with a day less.
        let told = match self.tells(&from.record, &left) {
            true => called_off(&from.record, to),
            false => BTreeSet::new(),
        };
        let lines = |event: &Event, left: &Leftovers, before: Option<&Event>, stay: bool| {
            let elsewhere = |id| stay && (known.contains(&id) || told.contains(&id));
            convert::lines(event, left, &zone, before, elsewhere)
        };
        // In another zone the exceptions of before stand for other instants: they go with their place.
        let stay = series::is_of_one_zone(&from.record, to);
        let before = lines(&from.record, &left, None, true);
        let after = lines(to, &wanted, Some(&from.record), stay);
        if before != after {
            changes.set("recurrence", if after.is_empty() { Value::Null } else { after.into() });
        }
        changes.mark(marks::STAMP, stamp);
        let body = changes.patch();
        let patched = match &master {
            Some(master) => self.patch_known(master, &body).await?,
            None => self.patch(from.id.as_str(), series::etag(&from.version), &body).await?,
        };
        let known = Known { any: !known.is_empty(), holes, left: left.clone() };
        let master = written(&patched, from.id.as_str(), OPERATION)?;
        self.finish(master, known, &from.record, to, &zone).await
    }

    /// The master is written: its exceptions follow, and the whole is read back.
    async fn finish(
        &self,
        master: Resource,
        known: Known,
        from: &Event,
        to: &Event,
        zone: &str,
    ) -> PortResult<Written<Event>> {
        let touched = series::touched(from, to);
        // What went with its place comes back with it: exceptions of long ago may be there again.
        let alone =
            !master.is_master() || (!known.any && touched.is_empty() && !series::is_laid_out_anew(from, to));
        if alone {
            return Ok(Written::Stored(Family::single(master).stored(zone)));
        }
        // What was written so far stands: whatever goes wrong from here on, nobody knows how much landed.
        let course = Course { from, to, left: &known.left, zone };
        let family = match self.exceptions(master, &known.holes, &touched, &course).await {
            Ok(family) => family,
            Err(error) => {
                let code = error.code;
                let mut unknown = PortError::new(ErrorKind::Unavailable, "events.patch").with_source(error);
                unknown.code = code;
                return Err(unknown);
            }
        };
        match family {
            Some(family) => Ok(Written::Stored(family.stored(zone))),
            None => Err(PortError::new(ErrorKind::NotFound, "events.get")),
        }
    }

    /// Writes the exceptions that differ, and returns the family as it then is.
    async fn exceptions(
        &self,
        master: Resource,
        holes: &BTreeMap<String, Resource>,
        touched: &BTreeSet<RecurrenceId>,
        course: &Course<'_>,
    ) -> PortResult<Option<Family>> {
        let Course { from, to, zone, .. } = *course;
        let mut holes = holes.clone();
        if series::is_laid_out_anew(from, to) {
            holes.extend(self.cancelled_instances(&master.id).await?);
        }
        // Writing the master gave its exceptions new etags (C72).
        let kept = still_made(&holes, to, zone);
        let Found::Alive(family) = self.family(master, holes.clone()).await? else { return Ok(None) };
        let Some(series) = family.read(zone) else { return Ok(Some(*family)) };
        let mut wrote = false;
        let revived = series.live.keys().chain(series.holes.keys()).filter(|id| {
            !to.recurrence_overrides.contains_key(&id.to_string()) && series::may_be_back(**id, from, to)
        });
        let touched: BTreeSet<RecurrenceId> = touched.iter().chain(revived).copied().collect();
        for id in &touched {
            wrote |= self.exception(&series, &family, *id, course).await?;
        }
        wrote |= self.attach(&series, &family, &touched, course).await?;
        for (id, exception) in series.live.iter().filter(|(id, _)| !touched.contains(id)) {
            // Google may or may not hand on to its exceptions what changed in the master.
            let Some(mut before) = family.occurrence(exception, zone) else { continue };
            let change = to.recurrence_overrides.get(&id.to_string());
            show(&mut before.event, exception, change);
            let after = series::following(&before.event, from, to, change);
            let changes = self.changes(&before.event, &after, &course.unsure(before.left), zone);
            let changes = changes.map(|changes| own(changes, to, *id, Some(exception)));
            wrote |= self.patch_exception(&exception.id, Some(exception), changes).await?;
        }
        if !wrote && kept.len() == holes.len() {
            return Ok(Some(*family));
        }
        match self.family(family.master, kept).await? {
            Found::Alive(family) => Ok(Some(*family)),
            Found::Nothing => Ok(None),
        }
    }

    /// Returns the occurrences of a series that are cancelled at Google. One of long ago is so again once the series has a
    /// place for it, and a listing by iCalendar identifier may leave it out (C40).
    async fn cancelled_instances(&self, master: &str) -> PortResult<BTreeMap<String, Resource>> {
        const OPERATION: &str = "events.instances";
        let url =
            self.client.endpoints().calendar(&["calendars", self.name(), "events", master, "instances"]);
        let call = Call::new(Api::Calendar, OPERATION, Method::GET, url);
        let call = call.query("showDeleted", "true").query("maxResults", "2500");
        let page: EventsPage = self.client.send(call).await.map_err(PortError::from)?.json()?;
        let read: Result<Vec<Resource>, _> = page.items.iter().map(|raw| Resource::read(raw)).collect();
        let all = read.map_err(|odd| odd.error(OPERATION))?;
        let cancelled = all.into_iter().filter(Resource::is_cancelled);
        Ok(cancelled.map(|event| (event.id.clone(), event)).collect())
    }

    /// Hangs on its occurrence what hung on one that says nothing else, and that went when its series moved.
    async fn attach(
        &self,
        series: &series::Series,
        family: &Family,
        touched: &BTreeSet<RecurrenceId>,
        course: &Course<'_>,
    ) -> PortResult<bool> {
        let Some(start) = &series.converted.event.start else { return Ok(false) };
        let mut wrote = false;
        for (name, attached) in course.left.attached.iter() {
            let Ok(before) = name.parse() else { continue };
            let mut names = convert::renamed(before, course.from, course.to);
            let Some(id) = names.find(|id| contains(course.to, *id) == Ok(true)) else { continue };
            if touched.contains(&id) || series.live.contains_key(&id) {
                continue;
            }
            let Some(suffix) = times::suffix(id, start, &series.converted.zone) else { continue };
            let mut changes = Changes::default();
            changes.set("attachments", attached.clone());
            wrote |=
                self.patch_exception(&format!("{}_{suffix}", family.master.id), None, Some(changes)).await?;
        }
        Ok(wrote)
    }

    /// Writes one occurrence that the record treats differently now; tells whether anything was sent.
    async fn exception(
        &self,
        series: &series::Series,
        family: &Family,
        id: RecurrenceId,
        course: &Course<'_>,
    ) -> PortResult<bool> {
        let Course { from, to, zone, .. } = *course;
        let Some(start) = &series.converted.event.start else { return Ok(false) };
        let Some(suffix) = times::suffix(id, start, &series.converted.zone) else { return Ok(false) };
        let known = series.live.get(&id).or_else(|| series.holes.get(&id));
        let instance =
            known.map_or_else(|| format!("{}_{suffix}", family.master.id), |event| event.id.clone());
        let wanted = to.recurrence_overrides.get(&id.to_string());
        if wanted.is_some_and(|change| change.excluded) {
            let tell = self.tells(from, course.left) && called_off(from, to).contains(&id);
            let etag = series.live.get(&id).map(|event| event.etag.as_str());
            return match etag.or_else(|| tell.then_some("").filter(|_| known.is_none())) {
                Some(etag) => self.remove(&instance, etag, tell).await.map(|_| true),
                // Without an exception of its own, the master's EXDATE has done it.
                None => Ok(false),
            };
        }
        if known.is_none() && wanted.is_none() {
            return Ok(false); // only its EXDATE went
        }
        if wanted.is_none() && contains(to, id) == Ok(false) {
            return Ok(false); // the series makes it no more: it went with its place
        }
        let current = series.live.get(&id).and_then(|event| {
            let mut current = family.occurrence(event, zone)?;
            show(&mut current.event, event, wanted);
            Some(current)
        });
        let hole = series.holes.contains_key(&id);
        let (before, mut left) = match current {
            Some(converted) => (converted.event, course.unsure(converted.left)),
            // In which of two hours the first one begins says nothing of this one.
            None => {
                let mut left = series.converted.left.clone();
                left.second_time = None;
                (series::expected(&series.converted.event, id), left)
            }
        };
        let after = series::changed(to, id, wanted);
        let after = Event { uid: before.uid.clone(), ..after };
        // A cancelled occurrence may still hold what it once said (C44): it is written anew, all of it.
        let before = if hole { changes::unlike(&after) } else { before };
        // One that is made anew has no more than its series: what hung on it comes back with it.
        let is_new = !series.live.contains_key(&id);
        let apart = course.left.apart_of(id, from, to).filter(|_| is_new && wanted.is_some());
        let of_series = left.clone();
        if let Some(apart) = apart {
            apart.lay_over(&mut left);
        }
        let changes = self.changes(&before, &after, &left, zone);
        let mut changes = changes.map(|changes| own(changes, to, id, known));
        if let (Some(changes), Some(_)) = (&mut changes, apart) {
            changes.put_back((&before, &of_series), (&after, &left), zone);
        }
        let attached = course.left.attached_to(id, from, to);
        if let (Some(changes), Some(attached), true, true) =
            (&mut changes, attached, is_new, wanted.is_some())
        {
            changes.set("attachments", attached.clone());
        }
        self.patch_exception(&instance, known, changes).await
    }

    /// Writes an exception, as long as nothing of what is known of it but its version has changed.
    async fn patch_exception(
        &self,
        id: &str,
        known: Option<&Resource>,
        changes: Option<Changes>,
    ) -> PortResult<bool> {
        let Some(changes) = changes.filter(|changes| !changes.is_empty()) else { return Ok(false) };
        let body = changes.patch();
        let answer = match known {
            Some(known) => self.patch_known(known, &body).await,
            None => self.patch(id, "", &body).await.map_err(PortError::from),
        };
        match answer {
            Ok(_) => Ok(true),
            // No such occurrence, or Google does not take it: the override is dropped, the answer shows it.
            Err(error) if matches!(error.kind, ErrorKind::NotFound | ErrorKind::Rejected) => {
                tracing::warn!(code = error.code.map(Code::as_str), "a changed occurrence was not taken");
                Ok(true)
            }
            Err(error) => Err(error),
        }
    }

    /// Patches an event that was just read. Listing a series can give its events new etags: as long as nothing else
    /// has changed, the patch is sent again with the new one.
    async fn patch_known(&self, known: &Resource, body: &Map<String, Value>) -> PortResult<ApiResponse> {
        let mut etag = known.etag.clone();
        for _ in 0..RENEWALS {
            let failure = match self.patch(&known.id, &etag, body).await {
                Err(failure) if failure.kind() == ErrorKind::VersionMismatch => failure,
                answer => return answer.map_err(PortError::from),
            };
            let now = self.get(&known.id).await?.filter(|now| now.says_what(known));
            etag = now.ok_or_else(|| PortError::from(failure))?.etag;
        }
        self.patch(&known.id, &etag, body).await.map_err(PortError::from)
    }

    async fn patch(&self, id: &str, etag: &str, body: &Map<String, Value>) -> Result<ApiResponse, Failure> {
        let mut call = self.call("events.patch", Method::PATCH, Some(id));
        call = call.query("sendUpdates", "none");
        if !etag.is_empty() {
            call = call.header(header::IF_MATCH, etag)?;
        }
        // Without its flag such a member is left out in silence (C169 to C171).
        for (member, flag, value) in changes::FLAGS {
            if body.contains_key(*member) {
                call = call.query(flag, value);
            }
        }
        self.client.send(call.json(body)?).await
    }

    /// Refuses what no answer of Google's is needed for.
    pub(crate) fn surely_refused(&self, from: Option<&Stored<Event>>, to: Option<&Event>) -> PortResult<()> {
        match (from, to) {
            (Some(from), Some(to)) => {
                error::checked(to, "events.patch")?;
                not_for_all_guests(&from.record, to, &leftovers(&from.opaque))
            }
            (None, Some(to)) => error::checked(to, "events.insert"),
            (Some(from), None) if self.declines_nothing(&leftovers(&from.opaque)) => {
                Err(not_the_organiser(DELETE))
            }
            _ => Ok(()),
        }
    }

    /// Tells whether the guests of an event shall hear that it, or an occurrence of it, takes place no more.
    fn tells(&self, event: &Event, left: &Leftovers) -> bool {
        self.options().mail_guests && left.tells_guests() && event.concerned_others() > 0
    }

    /// Tells whether an event is somebody else's, and deleting it here shall not decline it there.
    fn declines_nothing(&self, left: &Leftovers) -> bool {
        let is_theirs = !left.tells_guests() && !left.is_from_gmail();
        is_theirs && !self.options().decline_deleted
    }

    async fn delete(&self, from: &Stored<Event>) -> PortResult<Written<Event>> {
        let left = leftovers(&from.opaque);
        if self.declines_nothing(&left) {
            return match self.get(from.id.as_str()).await? {
                Some(event) if !event.is_cancelled() => Err(not_the_organiser(DELETE)),
                _ => Ok(Written::Deleted),
            };
        }
        let tell = self.tells(&from.record, &left);
        let id = from.id.as_str();
        let (master, mut etag) = if series::is_of_series(&from.version) {
            let zone = self.sure_zone().await?;
            match self.series(from).await? {
                Found::Nothing => return Ok(Written::Deleted),
                Found::Alive(family) if !family.is_as(from, &zone) => return Err(moved(DELETE)),
                Found::Alive(family) => (Some(family.master.clone()), family.master.etag),
            }
        } else {
            (None, series::etag(&from.version).to_owned())
        };
        for _ in 0..RENEWALS {
            let error = match self.remove(id, &etag, tell).await {
                Err(error) if error.kind == ErrorKind::VersionMismatch => error,
                answer => return answer,
            };
            etag = match (self.get(id).await?, &master) {
                // A deletion changes the etag, too.
                (None, _) => return Ok(Written::Deleted),
                (Some(now), _) if now.is_cancelled() => return Ok(Written::Deleted),
                (Some(now), Some(master)) if now.says_what(master) => now.etag,
                _ => return Err(error),
            };
        }
        self.remove(id, &etag, tell).await
    }

    async fn remove(&self, id: &str, etag: &str, tell: bool) -> PortResult<Written<Event>> {
        let updates = if tell { "all" } else { "none" };
        let call = self.call("events.delete", Method::DELETE, Some(id)).query("sendUpdates", updates);
        let call = if etag.is_empty() { call } else { call.header(header::IF_MATCH, etag)? };
        let call = call.repeatable();
        match self.client.send(call).await {
            Ok(_) => Ok(Written::Deleted),
            // Deleting twice answers 410, an unknown id 404 (C45).
            Err(failure) if failure.kind() == ErrorKind::NotFound => Ok(Written::Deleted),
            Err(failure) => Err(failure.into()),
        }
    }
}

/// What Google does not let move, it never will: an event of another kind, or a calendar that may not be written.
fn not_movable(failure: Failure, operation: &'static str) -> PortError {
    match failure.kind() {
        ErrorKind::Rejected => PortError::new(ErrorKind::Rejected, operation)
            .with_code(Code::Sync119)
            .with_source(PortError::from(failure)),
        _ => failure.into(),
    }
}

/// Refuses to change what all guests of somebody else's meeting see.
fn not_for_all_guests(from: &Event, to: &Event, left: &Leftovers) -> PortResult<()> {
    let is_theirs = left.is_somebody_elses();
    if !is_theirs && !left.is_from_gmail() || !changes::changes_what_guests_see(from, to, left) {
        return Ok(());
    }
    Err(match is_theirs {
        true => not_the_organiser("events.patch"),
        false => rejected("events.patch", EVENT_TYPE).with_detail(Detail::Reason, Reason::MadeFromMail),
    })
}

pub(crate) fn leftovers(opaque: &Opaque) -> Leftovers {
    serde_json::from_value(opaque.0.clone()).unwrap_or_default()
}

/// Marks what an occurrence of a series says itself, where its exception is not marked so.
fn own(changes: Changes, to: &Event, id: RecurrenceId, exception: Option<&Resource>) -> Changes {
    let marked = exception.map(|event| event.extended_properties.private.clone()).unwrap_or_default();
    let change = to.recurrence_overrides.get(&id.to_string());
    let repeated = change.map(|change| series::repeated(to, id, change)).unwrap_or_default();
    changes.own(&marked, change.and_then(|change| change.privacy), &repeated)
}

/// Gives an occurrence that says itself what hides it what hides it at Google: as the series changed, Google handed on
/// what hides that.
fn show(occurrence: &mut Event, exception: &Resource, change: Option<&Override>) {
    if change.is_some_and(|change| change.privacy.is_some()) {
        occurrence.privacy = convert::visibility(exception);
    }
}

/// The occurrences that a change calls off, of a series that stays where it is.
fn called_off(from: &Event, to: &Event) -> BTreeSet<RecurrenceId> {
    let is_off = |event: &Event, id: &str| event.recurrence_overrides.get(id).is_some_and(|it| it.excluded);
    let new = to.recurrence_overrides.keys().filter(|id| is_off(to, id) && !is_off(from, id));
    match from.start == to.start {
        true => new.filter_map(|id| id.parse().ok()).collect(),
        false => BTreeSet::new(),
    }
}

fn excluded_only(record: &Event) -> BTreeMap<String, Override> {
    let excluded = record.recurrence_overrides.iter().filter(|(_, change)| change.excluded);
    excluded.map(|(id, change)| (id.clone(), change.clone())).collect()
}

/// The cancelled exceptions that the series, as it is written, still has a place for.
fn still_made(holes: &BTreeMap<String, Resource>, to: &Event, zone: &str) -> BTreeMap<String, Resource> {
    let mut kept = holes.clone();
    kept.retain(|_, event| {
        let id = series::occurrence(event, to, zone);
        let change = id.and_then(|id| to.recurrence_overrides.get(&id.to_string()));
        change.is_some_and(|change| change.excluded)
    });
    kept
}
