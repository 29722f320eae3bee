//! Series that only the calculator can follow: plain SQL moved them, or gave them another rule.
//!
//! What must stay true: the name of an occurrence that the series still has stays; one that it has no more becomes
//! that of the occurrence in its place, and where there is none, the override goes. What belonged to no occurrence
//! before was put there by hand and stays.

use chrono::{Days, NaiveDate};
use diesel::prelude::*;
use passerelle_calendar::{Event, RecurrenceId, Start, contains, occurrences};
use passerelle_ports::mutants::{Mutant, on};

use crate::{
    collection::{Collection, Scope},
    dialect::Conn,
    schema::passerelle_unfollowed,
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
        if let Some(now) = now.map(|loaded| loaded.record)
            && let Some(to) = followed(&former, &now)
        {
            Event::update(conn, &nobody, &id, &now, &to)?;
        }
        diesel::delete(passerelle_unfollowed::table.find(&id)).execute(conn)?;
    }
    Ok(())
}

/// Returns a series whose overrides have followed it; nothing where none had to, or where nobody can tell.
fn followed(former: &Former, now: &Event) -> Option<Event> {
    let bare = |event: &Event| Event { recurrence_overrides: Default::default(), ..event.clone() };
    let is = bare(now);
    let was = Event {
        start: former.start(),
        recurrence_rules: serde_json::from_str(&former.rules).ok()?,
        ..is.clone()
    };
    let mut to = is.clone();
    for (name, change) in &now.recurrence_overrides {
        let stays = name.parse().ok().is_none_or(|id| contains(&is, id) != Ok(false));
        if stays || on(Mutant::SqlUnfollowed) {
            to.recurrence_overrides.insert(name.clone(), change.clone());
        }
    }
    for (name, change) in &now.recurrence_overrides {
        if to.recurrence_overrides.contains_key(name) {
            continue;
        }
        let Ok(id) = name.parse() else { continue };
        match place(&was, id).map(|place| at_place(&is, place, id)) {
            // It belonged to no occurrence before, either.
            None => drop(to.recurrence_overrides.insert(name.clone(), change.clone())),
            // A name that is there already stays.
            Some(Some(id)) => {
                to.recurrence_overrides.entry(id.to_string()).or_insert_with(|| change.clone());
            }
            Some(None) => {}
        }
    }
    (to.recurrence_overrides != now.recurrence_overrides).then_some(to)
}

/// Returns how many occurrences a series has before one of them; nothing where it is none.
fn place(series: &Event, id: RecurrenceId) -> Option<usize> {
    let first = series.start.as_ref()?.date();
    let next = id.wall().date().succ_opt()?;
    let found = occurrences(series, first..next, usize::MAX).ok().filter(|found| found.complete)?;
    found.list.iter().position(|found| found.id == id)
}

/// Returns the occurrence that has so many before it, if it is not all too far away.
fn at_place(series: &Event, place: usize, old: RecurrenceId) -> Option<RecurrenceId> {
    let first = series.start.as_ref()?.date();
    let last: NaiveDate = old.wall().date().max(first).checked_add_days(Days::new(AHEAD))?;
    let found = occurrences(series, first..last, place.saturating_add(1)).ok()?;
    found.list.get(place).map(|found| found.id)
}

impl Former {
    fn start(&self) -> Option<Start> {
        let mut text = self.start_local.replacen(' ', "T", 1);
        if text.len() == "2026-01-01T00:00".len() {
            text.push_str(":00");
        }
        match (self.start_kind.as_str(), &self.start_zone) {
            ("zoned", Some(zone)) => format!("{text}[{zone}]").parse().ok(),
            _ => text.parse().ok(),
        }
    }
}
