//! A series: the master with its exceptions, folded into one event and unfolded again.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use passerelle_calendar::{Event, Override, Privacy, RecurrenceId, Start, Status, contains, name_of};
use passerelle_ports::{ItemId, Opaque, Stored, Version};
use sha2::{Digest, Sha256};

use crate::{
    changes,
    convert::{self, Converted},
    marks, times,
    wire::Resource,
};

/// What begins the version of a series, to tell it from an etag.
const SERIES: &str = "series:";
/// Members of an occurrence, as [`marks::OWN`] names them.
const REMINDERS: &str = "alerts";
const PRIVACY: &str = "privacy";

/// What Google holds of one record: an event, or a master with its exceptions by id.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Family {
    pub(crate) master: Resource,
    pub(crate) exceptions: BTreeMap<String, Resource>,
}

/// A family that was read.
pub(crate) struct Series {
    pub(crate) converted: Converted,
    /// Occurrences that are cancelled exceptions.
    pub(crate) holes: BTreeMap<RecurrenceId, Resource>,
    /// Occurrences that are exceptions that take place.
    pub(crate) live: BTreeMap<RecurrenceId, Resource>,
}

/// Splits the id of an instance into those of its master and its start (C68).
pub(crate) fn split(id: &str) -> Option<(&str, &str)> {
    let (master, suffix) = id.rsplit_once('_')?;
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let fits = match suffix.split_once('T') {
        None => suffix.len() == 8 && digits(suffix),
        Some((date, time)) => {
            let time = time.strip_suffix('Z')?;
            date.len() == 8 && digits(date) && time.len() == 6 && digits(time)
        }
    };
    (fits && !master.is_empty()).then_some((master, suffix))
}

/// Returns the id of the series that this one was split off from, in Google's calendar or on a phone (C70). A part may
/// have been split again: the base is the first of them.
pub(crate) fn base(id: &str) -> Option<&str> {
    let (base, part) = id.split_once("_R")?;
    let digits = part.bytes().take(8).filter(u8::is_ascii_digit).count() == 8;
    (digits && !base.is_empty()).then_some(base)
}

/// Returns the etag within the version of a single event.
pub(crate) fn etag(version: &Version) -> &str {
    version.as_str().rsplit_once(' ').map_or(version.as_str(), |(etag, _)| etag)
}

/// Tells whether a version is that of a series.
pub(crate) fn is_of_series(version: &Version) -> bool {
    version.as_str().starts_with(SERIES)
}

/// Tells whether two states of an event differ in nothing but their version.
pub(crate) fn is_same(now: &Stored<Event>, known: &Stored<Event>) -> bool {
    (&now.record, &now.opaque, &now.stamp) == (&known.record, &known.opaque, &known.stamp)
}

impl Family {
    pub(crate) fn single(master: Resource) -> Self {
        Family { master, exceptions: BTreeMap::new() }
    }

    /// Tells whether this is what is known of it. Google gives new etags now and then although nothing was edited: an
    /// etag that changed alone is no edit.
    pub(crate) fn is_as(&self, known: &Stored<Event>, calendar_zone: &str) -> bool {
        let now = self.stored(calendar_zone);
        now.version == known.version || is_same(&now, known)
    }

    /// Something that changes with every etag, and with what was read: an etag that stays although the content
    /// changes must not hide the change (R9).
    fn version_of(&self, record: &Event, opaque: &serde_json::Value) -> Version {
        let mut hash = Sha256::new();
        // A cancelled exception says nothing beyond its name, and a listing may leave it out.
        let live = self.exceptions.values().filter(|event| !event.is_cancelled());
        for event in std::iter::once(&self.master).chain(live) {
            hash.update(format!("{}\u{0}{}\u{0}", event.id, event.etag));
        }
        hash.update(serde_json::to_vec(&(record, opaque)).unwrap_or_default());
        let digest: String = hash.finalize().iter().take(20).map(|byte| format!("{byte:02x}")).collect();
        if self.master.is_master() {
            Version::from(format!("{SERIES}{digest}"))
        } else {
            Version::from(format!("{} {digest}", self.master.etag))
        }
    }

    /// Reads the family. Nothing when a record cannot represent it.
    pub(crate) fn read(&self, calendar_zone: &str) -> Option<Series> {
        let mut converted = convert::event(&self.master, calendar_zone)?;
        let (mut holes, mut live) = (BTreeMap::new(), BTreeMap::new());
        if !self.master.is_master() {
            return Some(Series { converted, holes, live });
        }
        converted.event.start.as_ref()?;
        converted.event.privacy = self.privacy_by_itself().unwrap_or(converted.event.privacy);
        for exception in self.exceptions.values() {
            let Some(id) = occurrence(exception, &converted.event, &converted.zone) else {
                tracing::debug!("an exception without a place in its series is left alone");
                continue;
            };
            if exception.is_cancelled() && lost_its_place(&converted.event, id) {
                continue;
            }
            if exception.is_cancelled() {
                converted.event.recurrence_overrides.entry(id.to_string()).or_default().excluded = true;
                holes.insert(id, exception.clone());
                continue;
            }
            let Converted { event: changed, left, .. } = self.occurrence(exception, calendar_zone)?;
            if let Some(apart) = convert::Apart::of(&left, &converted.left) {
                converted.left.apart.insert(id.to_string(), apart);
            }
            {
                // What hangs on one occurrence only is told of its series.
                let known = &converted.left.unshown;
                let more: Vec<String> =
                    left.unshown.into_iter().filter(|name| !known.contains(name)).collect();
                converted.left.unshown.extend(more);
                let known = &converted.left.hidden;
                let more: Vec<String> =
                    left.hidden.into_iter().filter(|name| !known.contains(name)).collect();
                converted.left.hidden.extend(more);
            }
            converted.left.unsaid = converted.left.unsaid.take().or(left.unsaid);
            live.insert(id, exception.clone());
            let attached = convert::attachments(exception);
            if attached != convert::attachments(&self.master) {
                converted.left.attached.insert(id.to_string(), attached);
            }
            let own = own_members(exception);
            let change = difference(&expected(&converted.event, id), &changed);
            let change = with_own(change, &own, &changed);
            if change != Override::default() {
                // A changed occurrence says by itself that it takes place.
                converted.event.recurrence_dates.remove(&id.to_string());
                converted.event.recurrence_overrides.entry(id.to_string()).or_insert(change);
            }
        }
        Some(Series { converted, holes, live })
    }

    /// Reads an exception by itself.
    pub(crate) fn occurrence(&self, exception: &Resource, calendar_zone: &str) -> Option<Converted> {
        let mut read = convert::event(exception, calendar_zone)?;
        let own = convert::marked_privacy(exception, marks::OWN_PRIVACY);
        let of_series = self.privacy_by_itself().filter(|_| read.event.privacy.is_hidden());
        read.event.privacy = own.or(of_series).unwrap_or(read.event.privacy);
        Some(read)
    }

    /// Returns what the series is by itself, where Google shows it as private only because one of its occurrences
    /// is (C77).
    fn privacy_by_itself(&self) -> Option<Privacy> {
        let own = |event: &Resource| convert::marked_privacy(event, marks::OWN_PRIVACY);
        let reason = self.exceptions.values().filter(|event| !event.is_cancelled()).filter_map(own);
        let hides = reason.into_iter().any(Privacy::is_hidden);
        hides.then(|| convert::marked_privacy(&self.master, marks::PRIVACY)).flatten()
    }

    /// Makes the stored copy. A family that no record can represent is shown as withdrawn: out of our reach,
    /// but not deleted.
    pub(crate) fn stored(&self, calendar_zone: &str) -> Stored<Event> {
        let private = &self.master.extended_properties.private;
        let read = self.read(calendar_zone);
        let withdrawn = read.is_none();
        if withdrawn {
            tracing::warn!("an event cannot be represented, and is left alone");
        }
        let (record, opaque) = match read {
            Some(Series { converted, .. }) => {
                (converted.event, serde_json::to_value(converted.left).unwrap_or_default())
            }
            None => {
                let title = self.master.summary.clone().unwrap_or_default();
                (Event { title, ..Event::default() }, serde_json::Value::default())
            }
        };
        let key = marks::key(&self.master.id, private);
        Stored {
            id: ItemId::from(self.master.id.as_str()),
            version: self.version_of(&record, &opaque),
            updated: self.updated(),
            record,
            opaque: Opaque(opaque),
            made: key.as_ref().and_then(|_| marks::entry(private, marks::MADE)),
            key,
            stamp: marks::entry(private, marks::STAMP),
            lineage: None,
            withdrawn,
            home: None,
        }
    }

    fn updated(&self) -> DateTime<Utc> {
        let all = std::iter::once(&self.master).chain(self.exceptions.values());
        all.filter_map(|event| times::instant(event.updated.as_deref()?))
            .max()
            .unwrap_or(DateTime::UNIX_EPOCH)
    }
}

/// Tells whether a cancelled occurrence was left behind when its series moved to other days or another hour: it says nothing
/// of the occurrences that there are now. Google tells it as one that somebody cancelled, in another calendar at the latest.
fn lost_its_place(series: &Event, id: RecurrenceId) -> bool {
    let is_known = series.recurrence_overrides.contains_key(&id.to_string());
    !is_known && contains(series, id) == Ok(false)
}

/// Names the occurrence of an exception: by its original start, or else by its id (C40, C43).
pub(crate) fn occurrence(exception: &Resource, series: &Event, zone: &str) -> Option<RecurrenceId> {
    let start = series.start.as_ref()?;
    let original = exception.original_start_time.as_ref().and_then(|time| match start {
        // A floating series lives in a zone at Google, and its originals may be printed without it.
        Start::Floating { .. } => {
            times::recurrence_id(time, &Start::Zoned { local: start.wall(), zone: zone.to_owned() })
        }
        _ => times::recurrence_id(time, start),
    });
    let shown = original.or_else(|| times::from_suffix(split(&exception.id)?.1, start, zone))?;
    Some(name_of(series, shown, zone))
}

/// An occurrence as its series makes it.
pub(crate) fn expected(series: &Event, id: RecurrenceId) -> Event {
    Event {
        start: series.start.as_ref().map(|start| id.start_in(start)),
        recurrence_rules: Vec::new(),
        excluded_recurrence_rules: Vec::new(),
        recurrence_dates: BTreeMap::new(),
        recurrence_overrides: BTreeMap::new(),
        ..series.clone()
    }
}

/// An occurrence as a change of its series makes it.
pub(crate) fn changed(series: &Event, id: RecurrenceId, change: Option<&Override>) -> Event {
    let mut event = expected(series, id);
    if let Some(change) = change {
        change.lay_over(&mut event);
    }
    event
}

/// Tells whether a series is called off, or takes place again.
pub(crate) fn turns(from: &Event, to: &Event) -> bool {
    (from.status == Status::Cancelled) != (to.status == Status::Cancelled)
}

/// A changed occurrence after its series has changed: what it says itself stays, the rest follows. Google hands a new value
/// on to exceptions that had the one of before, whoever said it.
pub(crate) fn following(occurrence: &Event, from: &Event, to: &Event, change: Option<&Override>) -> Event {
    fn follow<T: Clone + PartialEq>(into: &mut T, (from, to): (&T, &T), said: &T) {
        if from != to {
            into.clone_from(said);
        }
    }
    let mut said = to.clone();
    if let Some(change) = change {
        change.lay_over(&mut said);
    }
    let mut event = occurrence.clone();
    follow(&mut event.title, (&from.title, &to.title), &said.title);
    follow(&mut event.description, (&from.description, &to.description), &said.description);
    follow(&mut event.url, (&from.url, &to.url), &said.url);
    follow(&mut event.categories, (&from.categories, &to.categories), &said.categories);
    follow(&mut event.location, (&from.location, &to.location), &said.location);
    follow(&mut event.duration, (&from.duration, &to.duration), &said.duration);
    follow(&mut event.status, (&from.status, &to.status), &said.status);
    let free_busy = (&from.free_busy_status, &to.free_busy_status);
    follow(&mut event.free_busy_status, free_busy, &said.free_busy_status);
    follow(&mut event.color, (&from.color, &to.color), &said.color);
    follow(&mut event.participants, (&from.participants, &to.participants), &said.participants);
    if changes::visibility(from) != changes::visibility(to) {
        event.privacy = said.privacy;
    }
    if from.conference_url != to.conference_url {
        // Its address stands below the description, which was handed on with it.
        (event.conference_url, event.description) = (said.conference_url, said.description);
    }
    let turns = turns(from, to);
    if turns {
        // What Google showed in the meantime of title, time and reminders was how a series is called off.
        (event.title, event.free_busy_status) = (said.title, said.free_busy_status);
    }
    let reminders = |event: &Event| (event.alerts.clone(), event.use_default_alerts);
    if turns || reminders(from) != reminders(to) {
        (event.alerts, event.use_default_alerts) = (said.alerts, said.use_default_alerts);
    }
    event
}

fn difference(expected: &Event, found: &Event) -> Override {
    let start = found.start.clone().filter(|start| !same_time(expected.start.as_ref(), start));
    Override { start, ..Override::between(expected, found) }
}

/// Names what an occurrence says itself.
fn said(change: &Override) -> BTreeSet<&'static str> {
    let members = [
        ("title", change.title.is_some()),
        ("description", change.description.is_some()),
        ("location", change.location.is_some()),
        ("start", change.start.is_some()),
        ("duration", change.duration.is_some()),
        ("status", change.status.is_some()),
        ("free_busy_status", change.free_busy_status.is_some()),
        ("color", change.color.is_some()),
        ("participants", change.participants.is_some()),
        (REMINDERS, change.alerts.is_some() || change.use_default_alerts.is_some()),
        (PRIVACY, change.privacy.is_some()),
        ("url", change.url.is_some()),
        ("conference_url", change.conference_url.is_some()),
        ("categories", change.categories.is_some()),
    ];
    members.into_iter().filter(|(_, is_said)| *is_said).map(|(name, _)| name).collect()
}

/// Names what an occurrence says itself although its series says the same. Google takes such a value for that of the
/// series, so a mark keeps the names.
pub(crate) fn repeated(series: &Event, id: RecurrenceId, change: &Override) -> String {
    let differs = said(&difference(&expected(series, id), &changed(series, id, Some(change))));
    let names = said(change).into_iter().filter(|name| !differs.contains(name));
    names.collect::<Vec<_>>().join(",")
}

/// Names what an exception is marked to say itself.
fn own_members(exception: &Resource) -> Vec<&str> {
    let private = &exception.extended_properties.private;
    let names = private.get(marks::OWN).and_then(serde_json::Value::as_str).unwrap_or_default();
    let privacy = convert::marked_privacy(exception, marks::OWN_PRIVACY).map(|_| PRIVACY);
    let names = names.split(',').chain(privacy);
    names.collect()
}

/// Adds what an occurrence says itself although it is what its series says.
fn with_own(mut change: Override, names: &[&str], found: &Event) -> Override {
    fn own<T: Clone>(into: &mut Option<T>, found: &T) {
        into.get_or_insert_with(|| found.clone());
    }
    for name in names {
        match *name {
            "title" => own(&mut change.title, &found.title),
            "description" => own(&mut change.description, &found.description),
            "location" => own(&mut change.location, &found.location),
            "start" => change.start = change.start.take().or_else(|| found.start.clone()),
            "duration" => own(&mut change.duration, &found.duration),
            "status" => own(&mut change.status, &found.status),
            "free_busy_status" => own(&mut change.free_busy_status, &found.free_busy_status),
            "color" => own(&mut change.color, &found.color),
            "participants" => own(&mut change.participants, &found.participants),
            REMINDERS if found.use_default_alerts => change.use_default_alerts = Some(true),
            REMINDERS => own(&mut change.alerts, &found.alerts),
            PRIVACY => own(&mut change.privacy, &found.privacy),
            "url" => own(&mut change.url, &found.url),
            "conference_url" => own(&mut change.conference_url, &found.conference_url),
            "categories" => own(&mut change.categories, &found.categories),
            _ => {}
        }
    }
    change
}

/// Google may print one and the same start in another zone: instants are compared (C92).
fn same_time(expected: Option<&Start>, found: &Start) -> bool {
    let Some(expected) = expected else { return false };
    match (expected.instant(), found.instant()) {
        (Some(expected), Some(found)) => expected == found,
        _ => expected == found,
    }
}

/// Tells whether two states of a series put their occurrences at the same instants by other rules, another start or in
/// another zone: Google drops the exceptions that have no place then.
pub(crate) fn is_laid_out_anew(from: &Event, to: &Event) -> bool {
    (from.is_recurring() || to.is_recurring())
        && (&from.start, &from.recurrence_rules, &from.excluded_recurrence_rules, &from.recurrence_dates)
            != (&to.start, &to.recurrence_rules, &to.excluded_recurrence_rules, &to.recurrence_dates)
}

/// Tells whether the names of occurrences stand for the same instants in two states of a series.
pub(crate) fn is_of_one_zone(from: &Event, to: &Event) -> bool {
    let zone = |event: &Event| event.start.as_ref().and_then(Start::zone).map(str::to_owned);
    zone(from) == zone(to)
}

/// Tells whether an occurrence has its place in one state of a series only, `to`, and not in the other.
pub(crate) fn is_new_place(id: RecurrenceId, from: &Event, to: &Event) -> bool {
    let has = |event: &Event| {
        let bare = Event { recurrence_overrides: BTreeMap::new(), ..event.clone() };
        contains(&bare, id)
    };
    has(from) == Ok(false) && has(to) == Ok(true)
}

/// Tells whether an exception of long ago may be in its place again by the step from one state of a series to another: in
/// another zone the same name is another place.
pub(crate) fn may_be_back(id: RecurrenceId, from: &Event, to: &Event) -> bool {
    let other_zone = !is_of_one_zone(from, to);
    is_new_place(id, from, to) || other_zone && is_new_place(id, &Event { start: None, ..from.clone() }, to)
}

/// The occurrences that two states of a series treat differently, or that may have lost their place in between.
pub(crate) fn touched(from: &Event, to: &Event) -> BTreeSet<RecurrenceId> {
    let anew = is_laid_out_anew(from, to);
    let names: BTreeSet<&String> =
        from.recurrence_overrides.keys().chain(to.recurrence_overrides.keys()).collect();
    let differs = |name: &str| from.recurrence_overrides.get(name) != to.recurrence_overrides.get(name);
    // One that the series makes no more went with its place.
    let may_have_gone = |id: RecurrenceId| anew && !is_new_place(id, to, from);
    names
        .into_iter()
        .filter_map(|name| Some((name, name.parse().ok()?)))
        .filter(|(name, id)| differs(name) || may_have_gone(*id))
        .map(|(_, id)| id)
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_change_is_a_new_version_whether_or_not_the_etag_says_so() {
        let of = |etag: &str, title: &str, rules: &[&str]| {
            let event = json!({
                "id": "a", "etag": etag, "summary": title, "recurrence": rules,
                "start": {"date": "2026-01-05"}, "end": {"date": "2026-01-06"},
            });
            Family::single(serde_json::from_value(event).unwrap()).stored("Europe/Paris").version
        };
        for rules in [&[][..], &["RRULE:FREQ=DAILY"]] {
            let first = of("\"1\"", "a", rules);
            assert_eq!(first, of("\"1\"", "a", rules));
            assert_ne!(first, of("\"2\"", "a", rules));
            assert_ne!(first, of("\"1\"", "b", rules));
            assert_eq!(is_of_series(&first), !rules.is_empty());
        }
        assert_eq!(etag(&of("\"1\"", "a", &[])), "\"1\"");
    }

    #[test]
    fn ids_are_sliced_at_the_last_part_only_when_it_is_a_start_c68() {
        let table = [
            ("_abc_R20260101T090000", None),
            ("a_R20260101T090000_20260105", Some(("a_R20260101T090000", "20260105"))),
            ("plain", None),
            ("x_20260105T090000Z", Some(("x", "20260105T090000Z"))),
            ("_20260105", None),
            ("x_2026010", None),
        ];
        for (id, want) in table {
            assert_eq!(split(id), want, "{id}");
        }
    }
}
