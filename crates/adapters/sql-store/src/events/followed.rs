//! Series that plain SQL moved, or gave another rule, in whatever way: what the triggers, who cannot calculate, did not do.
//!
//! What must stay true: the name of an occurrence that the series still has stays; one that it has no more becomes
//! that of the occurrence in its place, and where there is none, the override goes and is told. So it does with an
//! additional date that was removed. What belonged to no occurrence before was put there by hand and stays.

use std::collections::{BTreeMap, btree_map::Entry};

use chrono::{Days, NaiveDate};
use diesel::prelude::*;
use passerelle_calendar::{Event, Override, RecurrenceId, Start, canonical_rule, contains, occurrences};
use passerelle_ports::Unplaced;

use crate::{
    collection::{Collection, Scope},
    dialect::Conn,
    schema::{appointment_overrides, passerelle_dropped, passerelle_unfollowed},
};

/// How many days beyond its old place the new one of an occurrence is looked for.
const AHEAD: u64 = 3660;

/// What a series was before.
#[derive(Queryable, Selectable)]
#[diesel(table_name = passerelle_unfollowed)]
struct Former {
    appointment_id: String,
    start_kind: String,
    start_local: String,
    start_zone: Option<String>,
    rules: String,
    /// The names of its occurrences by the number of their row.
    names: String,
    /// Its additional dates.
    dates: String,
}

/// A series whose overrides have followed it.
struct Followed {
    event: Event,
    /// The overrides that belong to no occurrence any more.
    dropped: Vec<RecurrenceId>,
}

/// Tells whether there is anything to follow.
pub(super) fn waits(conn: &mut Conn) -> QueryResult<bool> {
    let count: i64 = passerelle_unfollowed::table.count().get_result(conn)?;
    Ok(count > 0)
}

/// Lets the names of the occurrences follow the series that were noted.
pub(super) fn follow(conn: &mut Conn) -> QueryResult<()> {
    let noted: Vec<Former> = passerelle_unfollowed::table.select(Former::as_select()).load(conn)?;
    let nobody = Scope { user: None, calendar: None, region: None, share: false };
    for former in noted {
        let id = former.appointment_id.clone();
        let now = Event::load(conn, &nobody, std::slice::from_ref(&id))?.remove(&id);
        let names = former.names(conn)?;
        if let Some(now) = now.map(|loaded| loaded.record)
            && let Some(followed) = followed(&former, &names, &now)
        {
            tell(conn, &id, &now, &followed.dropped)?;
            Event::update(conn, &nobody, &id, &now, &followed.event)?;
        }
        diesel::delete(passerelle_unfollowed::table.find(&id)).execute(conn)?;
    }
    Ok(())
}

/// Notes the overrides that go. One that only cancelled an occurrence says nothing without it.
fn tell(conn: &mut Conn, id: &str, now: &Event, dropped: &[RecurrenceId]) -> QueryResult<()> {
    for name in dropped.iter().map(ToString::to_string) {
        let Some(change) = now.recurrence_overrides.get(&name).filter(|change| !change.excluded) else {
            continue;
        };
        let row = (
            passerelle_dropped::appointment_id.eq(id),
            passerelle_dropped::title.eq(change.words()),
            passerelle_dropped::occurrence.eq(name),
        );
        diesel::insert_into(passerelle_dropped::table).values(row).execute(conn)?;
    }
    Ok(())
}

/// Notes what was typed of an occurrence at the provider while its series was changed here and makes it no more.
pub(crate) fn tell_unplaced(conn: &mut Conn, lost: &[Unplaced]) -> QueryResult<()> {
    for one in lost.iter().filter(|one| one.field.member() == "recurrence_overrides") {
        let Ok(change) = serde_json::from_value::<Override>(one.value.clone()) else { continue };
        if change.excluded {
            continue;
        }
        let (id, occurrence, words) =
            (one.item.as_str(), one.field.key().unwrap_or_default(), change.words());
        let same = passerelle_dropped::table
            .filter(
                passerelle_dropped::appointment_id.eq(id).and(passerelle_dropped::occurrence.eq(occurrence)),
            )
            .filter(passerelle_dropped::title.eq(&words).and(passerelle_dropped::told.eq(false)));
        if diesel::select(diesel::dsl::exists(same)).get_result(conn)? {
            continue; // a run that was cut off told it
        }
        let row = (
            passerelle_dropped::appointment_id.eq(id),
            passerelle_dropped::title.eq(&words),
            passerelle_dropped::occurrence.eq(occurrence),
        );
        diesel::insert_into(passerelle_dropped::table).values(row).execute(conn)?;
    }
    Ok(())
}

/// Notes the overrides that a write of ours takes away because its series, as the other side changed it, makes their
/// occurrences no more.
pub(super) fn tell_ended(conn: &mut Conn, id: &str, from: &Event, to: &Event) -> QueryResult<()> {
    let bare = |event: &Event| Event { recurrence_overrides: BTreeMap::new(), ..event.clone() };
    let (was, is) = (bare(from), bare(to));
    let stays = |change| to.recurrence_overrides.values().any(|one| one == change);
    let gone = from
        .recurrence_overrides
        .iter()
        .filter(|(name, change)| !to.recurrence_overrides.contains_key(*name) && !stays(*change));
    let gone = gone.filter_map(|(name, _)| name.parse().ok());
    let ended = |id: &RecurrenceId| contains(&was, *id) == Ok(true) && contains(&is, *id) == Ok(false);
    let dropped: Vec<RecurrenceId> = gone.filter(ended).collect();
    tell(conn, id, from, &dropped)
}

/// Returns a series whose overrides have followed it; nothing where none had to, or where nobody can tell.
/// `names` tells how those were called before that have been renamed since.
fn followed(former: &Former, names: &BTreeMap<String, String>, now: &Event) -> Option<Followed> {
    let bare = |event: &Event| Event { recurrence_overrides: BTreeMap::new(), ..event.clone() };
    let is = bare(now);
    let was = Event {
        start: former.start(),
        recurrence_rules: serde_json::from_str(&former.rules).ok()?,
        recurrence_dates: former.dates()?,
        ..is.clone()
    };
    let course = Course { alike: shapes(&was) == shapes(&is), was, is };
    let mut to = course.is.clone();
    let (stay, go): (Vec<_>, Vec<_>) =
        now.recurrence_overrides.iter().partition(|(name, _)| course.stays(name, names.get(*name)));
    to.recurrence_overrides.extend(stay.into_iter().map(|(name, change)| (name.clone(), change.clone())));
    let mut dropped = Vec::new();
    for (name, change) in go {
        let Ok(id) = name.parse() else { continue };
        let before = names.get(name).and_then(|name| name.parse().ok()).unwrap_or(id);
        let name = match course.place_of(before, id) {
            Place::Unknown => name.clone(),
            Place::At(id) => id.to_string(),
            Place::Gone => {
                dropped.push(id);
                continue;
            }
        };
        // A name that is there already stays.
        match to.recurrence_overrides.entry(name) {
            Entry::Occupied(_) => dropped.push(id),
            Entry::Vacant(free) => drop(free.insert(change.clone())),
        }
    }
    (to.recurrence_overrides != now.recurrence_overrides).then_some(Followed { event: to, dropped })
}

/// Where an override belongs after its series has changed.
enum Place {
    /// It belonged to no occurrence before, either.
    Unknown,
    /// To this occurrence.
    At(RecurrenceId),
    /// To none.
    Gone,
}

/// A series as it was and as it is, without what is changed of its occurrences.
struct Course {
    was: Event,
    is: Event,
    /// Whether the occurrences of both correspond one by one.
    alike: bool,
}

impl Course {
    /// Tells whether an override keeps its name.
    fn stays(&self, name: &str, before: Option<&String>) -> bool {
        let Ok(id) = name.parse() else { return true };
        if !self.is.is_recurring() && self.was.is_recurring() {
            return contains(&self.was, id) != Ok(true) && before.is_none();
        }
        // A series whose days are those of its start moves as a whole, also where no trigger saw it move.
        let untouched = before.is_some_and(|before| before == name);
        let moved = self.alike
            && untouched
            && self.was.start.as_ref().map(Start::date) != self.is.start.as_ref().map(Start::date)
            && !self.is.recurrence_rules.iter().any(|rule| canonical_rule(rule).contains(";BY"))
            && place(&self.was, id).is_some();
        !moved && contains(&self.is, id) != Ok(false)
    }

    /// Returns where an override belongs that was called `before`, and is called `id`.
    fn place_of(&self, before: RecurrenceId, id: RecurrenceId) -> Place {
        let called = [before, id];
        let at =
            if let Some((before, place)) = called.iter().find_map(|id| Some((*id, place(&self.was, *id)?))) {
                if self.alike { at_place(&self.is, place, before) } else { self.of_the_day(before) }
            } else if let Some(before) = called.into_iter().find(|id| contains(&self.was, *id) == Ok(true)) {
                self.of_the_dates(before)
            } else {
                return Place::Unknown;
            };
        at.filter(|_| self.is.is_recurring()).map_or(Place::Gone, Place::At)
    }

    /// Returns the additional date that one has become with its series.
    fn of_the_dates(&self, id: RecurrenceId) -> Option<RecurrenceId> {
        let mut names = id.after_move(self.was.start.as_ref()?, self.is.start.as_ref()?);
        names.find(|id| self.is.recurrence_dates.contains_key(&id.to_string()))
    }

    /// Returns the occurrence of the same day, where a series begins at another hour and has other days.
    fn of_the_day(&self, id: RecurrenceId) -> Option<RecurrenceId> {
        let names = id.after_move(self.was.start.as_ref()?, self.is.start.as_ref()?);
        names.last().filter(|id| contains(&self.is, *id) == Ok(true))
    }
}

/// What of the rules of a series tells whether its occurrences and those of another one correspond one by one: how
/// often each fires in how long a time.
fn shapes(series: &Event) -> Vec<(String, String, usize)> {
    let shape = |rule: &String| {
        let rule = canonical_rule(rule);
        let parts: BTreeMap<&str, &str> = rule.split(';').filter_map(|part| part.split_once('=')).collect();
        let of = |name: &str| parts.get(name).copied().unwrap_or("1").to_owned();
        let times = parts.iter().filter(|(name, _)| name.starts_with("BY"));
        let times = times.map(|(_, values)| values.split(',').count()).product();
        (of("FREQ"), of("INTERVAL"), times)
    };
    series.recurrence_rules.iter().map(shape).collect()
}

/// Returns how many occurrences the rules of a series make before one of them; nothing where they do not make it.
fn place(series: &Event, id: RecurrenceId) -> Option<usize> {
    let first = series.start.as_ref()?.date();
    let next = id.wall().date().succ_opt()?;
    let found =
        occurrences(&dateless(series), first..next, usize::MAX).ok().filter(|found| found.complete)?;
    found.list.iter().position(|found| found.id == id)
}

/// Returns the occurrence that the rules make after so many others, if it is not all too far away.
fn at_place(series: &Event, place: usize, old: RecurrenceId) -> Option<RecurrenceId> {
    let first = series.start.as_ref()?.date();
    let last: NaiveDate = old.wall().date().max(first).checked_add_days(Days::new(AHEAD))?;
    let found = occurrences(&dateless(series), first..last, place.saturating_add(1)).ok()?;
    found.list.get(place).map(|found| found.id)
}

fn dateless(series: &Event) -> Event {
    Event { recurrence_dates: BTreeMap::new(), ..series.clone() }
}

impl Former {
    /// Returns how the overrides were called that have the same row as before, by the names they have now.
    fn names(&self, conn: &mut Conn) -> QueryResult<BTreeMap<String, String>> {
        let before: BTreeMap<String, String> = serde_json::from_str(&self.names).unwrap_or_default();
        let rows: Vec<(i64, String)> = appointment_overrides::table
            .filter(appointment_overrides::appointment_id.eq(&self.appointment_id))
            .select((appointment_overrides::id, appointment_overrides::occurrence))
            .load(conn)?;
        let named = |text: &str| text_of(text).parse::<RecurrenceId>().ok().map(|id| id.to_string());
        let rows = rows
            .into_iter()
            .filter_map(|(row, name)| Some((named(&name)?, named(before.get(&row.to_string())?)?)));
        Ok(rows.collect())
    }

    /// Returns the additional dates, as the domain names them.
    fn dates(&self) -> Option<BTreeMap<String, bool>> {
        let dates: Vec<String> = serde_json::from_str(&self.dates).ok()?;
        let named = dates.iter().filter_map(|date| text_of(date).parse::<RecurrenceId>().ok());
        Some(named.map(|id| (id.to_string(), true)).collect())
    }

    fn start(&self) -> Option<Start> {
        let text = text_of(&self.start_local);
        match (self.start_kind.as_str(), &self.start_zone) {
            ("zoned", Some(zone)) => format!("{text}[{zone}]").parse().ok(),
            _ => text.parse().ok(),
        }
    }
}

/// Returns a day, or a day and a time, as the domain spells them.
fn text_of(stored: &str) -> String {
    let mut text = stored.replacen(' ', "T", 1);
    if text.len() == "2026-01-01T00:00".len() {
        text.push_str(":00");
    }
    text
}
