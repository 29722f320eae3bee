//! Event series in their tables: appointments, as the company says.

mod convert;
pub(crate) mod followed;
mod rows;

use std::collections::{HashMap, HashSet};

use chrono::NaiveDateTime;
use diesel::prelude::*;
use passerelle_calendar::Event;
use passerelle_ports::Value;

use self::{
    convert::{Rows, event, main_row, parts},
    rows::{EVENT_WIDTH, EventRow},
};
use crate::{
    child::{self, apply},
    collection::{Collection, Loaded, NewRow, Scope, leftovers_of, leftovers_text},
    dialect::{Conn, MOST_NAMES, MOST_VALUES},
    parked,
    schema::{appointments, change_log, passerelle_settings},
};

/// A whole row of `appointments` on its way in.
#[derive(Insertable)]
#[diesel(table_name = appointments)]
#[diesel(treat_none_as_default_value = false)]
struct NewAppointment {
    id: String,
    owner_id: String,
    calendar_id: Option<String>,
    leftovers: Option<String>,
    #[diesel(embed)]
    row: EventRow,
}

/// A whole row of `appointments` on its way out.
#[derive(Queryable, Selectable)]
#[diesel(table_name = appointments)]
struct FullRow {
    number: i64,
    id: String,
    leftovers: Option<String>,
    version: i64,
    updated_at: NaiveDateTime,
    #[diesel(embed)]
    row: EventRow,
}

/// Reads the parts of some events.
fn load_rows(conn: &mut Conn, ids: &[String]) -> QueryResult<Rows> {
    Ok(Rows {
        participants: child::load(conn, ids)?,
        alerts: child::load(conn, ids)?,
        rules: child::load(conn, ids)?,
        dates: child::load(conn, ids)?,
        overrides: child::load(conn, ids)?,
        categories: child::load(conn, ids)?,
    })
}

/// Tells the triggers whether somebody names the occurrences of series that move; within one transaction.
fn names_are_written(conn: &mut Conn, by_us: bool) -> QueryResult<()> {
    let row = passerelle_settings::table.find("series.written");
    diesel::delete(row).execute(conn)?;
    if by_us {
        let row = (passerelle_settings::name.eq("series.written"), passerelle_settings::value.eq("1"));
        diesel::insert_into(passerelle_settings::table).values(row).execute(conn)?;
    }
    Ok(())
}

/// The `user_id` of the change log under which it stands that an appointment left a calendar.
fn former(calendar: &str) -> String {
    format!("calendar:{calendar}")
}

/// The calendar that an appointment has to stand in to be seen.
fn home(scope: &Scope) -> Option<&str> {
    scope.calendar.as_deref()
}

impl Collection for Event {
    fn log_users(scope: &Scope) -> Vec<String> {
        let mut users = vec![scope.user().to_owned()];
        users.extend(scope.calendar.as_deref().map(former));
        users
    }

    fn log_of_former(scope: &Scope) -> String {
        scope.calendar.as_deref().map_or_else(|| scope.user().to_owned(), former)
    }

    fn page(conn: &mut Conn, scope: &Scope, after: i64, limit: i64) -> QueryResult<Vec<(i64, String)>> {
        let mut query = appointments::table
            .filter(appointments::owner_id.eq(scope.user()).and(appointments::number.gt(after)))
            .order(appointments::number)
            .limit(limit)
            .select((appointments::number, appointments::id))
            .into_boxed();
        if let Some(calendar) = home(scope) {
            query = query.filter(appointments::calendar_id.eq(calendar.to_owned()));
        }
        query.load(conn)
    }

    fn visible(conn: &mut Conn, scope: &Scope, ids: &[String]) -> QueryResult<HashSet<String>> {
        let mut seen = HashSet::new();
        for some in ids.chunks(MOST_NAMES) {
            let mut of_these = appointments::table
                .filter(appointments::id.eq_any(some))
                .select(appointments::id)
                .into_boxed();
            of_these = of_these.filter(appointments::owner_id.eq(scope.user().to_owned()));
            if let Some(calendar) = home(scope) {
                of_these = of_these.filter(appointments::calendar_id.eq(calendar.to_owned()));
            }
            let found: Vec<String> = of_these.load(conn)?;
            seen.extend(found);
        }
        Ok(seen)
    }

    fn served(_: &mut Conn, _: &str, _: i64) -> QueryResult<()> {
        // An appointment has one owner, so the change log itself knows who had it before.
        Ok(())
    }

    fn unserved(_: &mut Conn, _: &str, _: i64) -> QueryResult<bool> {
        Ok(false)
    }

    fn load(conn: &mut Conn, _: &Scope, ids: &[String]) -> QueryResult<HashMap<String, Loaded<Self>>> {
        let mut found = HashMap::with_capacity(ids.len());
        for some in ids.chunks(MOST_NAMES) {
            let rows: Vec<FullRow> = appointments::table
                .filter(appointments::id.eq_any(some))
                .select(FullRow::as_select())
                .load(conn)?;
            let mut parts = load_rows(conn, some)?;
            found.extend(rows.into_iter().map(|full| {
                let loaded = Loaded {
                    number: full.number,
                    version: full.version,
                    updated: full.updated_at,
                    record: event(full.row, &parts.take(&full.id)),
                    leftovers: leftovers_of(full.leftovers.as_deref()),
                };
                (full.id, loaded)
            }));
        }
        Ok(found)
    }

    fn insert(conn: &mut Conn, scope: &Scope, rows: &[NewRow<'_, Self>]) -> QueryResult<()> {
        let owner_id = scope.user.clone().unwrap_or_default();
        let main: Vec<NewAppointment> = rows
            .iter()
            .map(|new| NewAppointment {
                id: new.id.clone(),
                owner_id: owner_id.clone(),
                calendar_id: scope.calendar.clone(),
                leftovers: leftovers_text(new.leftovers),
                row: main_row(new.record),
            })
            .collect();
        for some in main.chunks(MOST_VALUES / EVENT_WIDTH) {
            diesel::insert_into(appointments::table).values(some).execute(conn)?;
        }
        let mut all: Vec<_> = rows.iter().map(|new| parts(&new.id, new.record)).collect();
        macro_rules! insert_parts {
            ($($part:ident)*) => {$({
                let rows: Vec<_> =
                    all.iter_mut().flat_map(|parts| std::mem::take(&mut parts.$part).into_values()).collect();
                child::insert(conn, &rows)?;
            })*};
        }
        // The rules first: one that ends drops what is there already behind its end.
        insert_parts!(rules dates overrides participants alerts categories);
        Ok(())
    }

    fn update(conn: &mut Conn, _: &Scope, id: &str, from: &Self, to: &Self) -> QueryResult<()> {
        // This write names each occurrence itself: the triggers that serve plain SQL must not move them again.
        let moves = (&from.start, &from.recurrence_rules, &from.recurrence_dates)
            != (&to.start, &to.recurrence_rules, &to.recurrence_dates);
        if moves {
            names_are_written(conn, true)?;
            followed::tell_ended(conn, id, from, to)?;
        }
        let (before, after) = (main_row(from), main_row(to));
        if before != after {
            diesel::update(appointments::table.filter(appointments::id.eq(id))).set(&after).execute(conn)?;
        }
        let held = load_rows(conn, &[id.to_owned()])?.take(id);
        let (before, after) = (parts(id, from), parts(id, to));
        macro_rules! apply_parts {
            ($($part:ident)*) => {$(
                apply(conn, &held.$part, &before.$part, &after.$part)?;
            )*};
        }
        apply_parts!(participants alerts rules dates overrides categories);
        if moves {
            names_are_written(conn, false)?;
        }
        Ok(())
    }

    fn waits(conn: &mut Conn) -> QueryResult<bool> {
        Ok(followed::waits(conn)? || parked::waits(conn)?)
    }

    fn settle(conn: &mut Conn) -> QueryResult<()> {
        followed::follow(conn)?;
        parked::forget(conn)
    }

    fn homes(conn: &mut Conn, scope: &Scope, ids: &[String]) -> QueryResult<HashMap<String, String>> {
        let mut homes = HashMap::new();
        if scope.calendar.is_none() {
            return Ok(homes);
        }
        for some in ids.chunks(MOST_NAMES) {
            let rows: Vec<(String, Option<String>)> = appointments::table
                .filter(appointments::owner_id.eq(scope.user()).and(appointments::id.eq_any(some)))
                .select((appointments::id, appointments::calendar_id))
                .load(conn)?;
            homes.extend(rows.into_iter().filter_map(|(id, calendar)| Some((id, calendar?))));
        }
        Ok(homes)
    }

    fn relocate(conn: &mut Conn, scope: &Scope, id: &str, to: &str) -> QueryResult<bool> {
        let row =
            appointments::table.filter(appointments::id.eq(id).and(appointments::owner_id.eq(scope.user())));
        let moved = diesel::update(row).set(appointments::calendar_id.eq(to)).execute(conn)?;
        Ok(moved == 1)
    }

    fn left_before(
        conn: &mut Conn,
        scope: &Scope,
        gone: &[String],
    ) -> QueryResult<HashMap<String, Option<String>>> {
        let Some(calendar) = home(scope) else { return Ok(HashMap::new()) };
        let mut left = HashMap::new();
        for some in gone.chunks(MOST_NAMES) {
            let rows: Vec<(String, Option<String>)> = change_log::table
                .filter(change_log::kind.eq(Self::KIND_NAME).and(change_log::item_id.eq_any(some)))
                .filter(change_log::deleted.eq(true).and(change_log::home.ne(calendar)))
                .select((change_log::item_id, change_log::home))
                .load(conn)?;
            left.extend(rows);
        }
        Ok(left)
    }

    fn delete(conn: &mut Conn, id: &str) -> QueryResult<usize> {
        diesel::delete(appointments::table.filter(appointments::id.eq(id))).execute(conn)
    }

    fn set_leftovers(conn: &mut Conn, id: &str, leftovers: Option<&Value>) -> QueryResult<usize> {
        diesel::update(appointments::table.filter(appointments::id.eq(id)))
            .set(appointments::leftovers.eq(leftovers_text(leftovers)))
            .execute(conn)
    }

    fn by_uid(conn: &mut Conn, scope: &Scope, uids: &[String]) -> QueryResult<Vec<(String, String)>> {
        let owner = scope.user.as_deref().unwrap_or_default();
        let mut found = Vec::new();
        for some in uids.chunks(MOST_NAMES) {
            let rows: Vec<(String, String)> = appointments::table
                .filter(appointments::owner_id.eq(owner))
                .filter(appointments::uid.ne("").and(appointments::uid.eq_any(some)))
                .order(appointments::number)
                .select((appointments::uid, appointments::id))
                .load(conn)?;
            found.extend(rows);
        }
        Ok(found)
    }

    fn uid(&self) -> &str {
        &self.uid
    }
}
