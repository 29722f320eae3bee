//! What people look at: numbers of what waits, and what was forgotten of the history.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use passerelle_ports::LinkId;

use crate::{
    Store, StoreError,
    dialect::{Conn, MOST_NAMES},
    schema::{
        appointments, passerelle_dropped as dropped, passerelle_numbers as numbers,
        passerelle_purges as purges,
    },
};

/// A part of the history that was forgotten because it was old.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Purge {
    /// When.
    pub at: DateTime<Utc>,
    /// The kind of record, by its name.
    pub kind: String,
    /// Everything before this time.
    pub before: DateTime<Utc>,
    /// How many entries.
    pub entries: u64,
}

/// A change of one occurrence that went because its series makes that occurrence no more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dropped {
    /// The title of the series.
    pub series: String,
    /// When the occurrence was.
    pub occurrence: String,
    /// What it was called, where it had a title of its own.
    pub title: String,
}

impl Store {
    /// Returns the changes of occurrences of a calendar that went because their series makes these no more.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub async fn dropped(&self, calendar: &str) -> Result<Vec<Dropped>, StoreError> {
        let calendar = calendar.to_owned();
        let rows = self.db.read(move |conn| {
            let rows: Vec<(String, String, String)> = dropped::table
                .inner_join(appointments::table.on(appointments::id.eq(dropped::appointment_id)))
                .filter(appointments::calendar_id.eq(calendar))
                .order(dropped::number)
                .select((appointments::title, dropped::occurrence, dropped::title))
                .load(conn)?;
            Ok(rows)
        });
        let one = |(series, occurrence, title): (String, String, String)| Dropped {
            series,
            occurrence: occurrence.replacen('T', " ", 1).chars().take("2026-01-01 09:00".len()).collect(),
            title,
        };
        Ok(rows.await?.into_iter().map(one).collect())
    }

    /// Notes that somebody was told of them, or forgets those of which somebody was; and what belongs to no
    /// appointment any more.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub async fn told_dropped(&self, calendar: &str, forget: bool) -> Result<(), StoreError> {
        let any = self.db.read(|conn| Ok(dropped::table.count().get_result::<i64>(conn)?)).await?;
        if any == 0 {
            return Ok(());
        }
        let calendar = calendar.to_owned();
        let write = self.db.write(move |conn| {
            let of_it =
                appointments::table.filter(appointments::calendar_id.eq(calendar)).select(appointments::id);
            let ids: Vec<String> = of_it.load(conn)?;
            for some in ids.chunks(MOST_NAMES) {
                let rows = dropped::table.filter(dropped::appointment_id.eq_any(some));
                match forget {
                    true => diesel::delete(rows.filter(dropped::told)).execute(conn)?,
                    false => diesel::update(rows).set(dropped::told.eq(true)).execute(conn)?,
                };
            }
            let all = appointments::table.select(appointments::id);
            diesel::delete(dropped::table.filter(dropped::appointment_id.ne_all(all))).execute(conn)?;
            Ok(())
        });
        write.await
    }

    /// Returns the numbers under which people find links. A link gets one when it is first asked for, and keeps
    /// it for ever; no number is given twice.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub async fn numbers(&self, links: &[LinkId]) -> Result<Vec<u64>, StoreError> {
        let names: Vec<String> = links.iter().map(ToString::to_string).collect();
        // What has its number is only read: looking something up must not wait for another program's write.
        let read = names.clone();
        let mut given = self.db.read(move |conn| numbers_of(conn, &read)).await?;
        if given.contains(&None) {
            given = self
                .db
                .write(move |conn| {
                    for some in names.chunks(MOST_NAMES) {
                        let rows: Vec<_> = some.iter().map(|name| numbers::link.eq(name)).collect();
                        diesel::insert_into(numbers::table)
                            .values(rows)
                            .on_conflict_do_nothing()
                            .execute(conn)?;
                    }
                    numbers_of(conn, &names)
                })
                .await?;
        }
        let number = |number: Option<i64>| number.and_then(|number| u64::try_from(number).ok());
        Ok(given.into_iter().map(|given| number(given).unwrap_or_default()).collect())
    }

    /// Returns what was forgotten of the history, newest first.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub async fn purges(&self) -> Result<Vec<Purge>, StoreError> {
        type Row = (chrono::NaiveDateTime, String, chrono::NaiveDateTime, i64);
        let rows = self.db.read(|conn| {
            let rows: Vec<Row> = purges::table
                .order(purges::number.desc())
                .select((purges::at, purges::kind, purges::before, purges::entries))
                .load(conn)?;
            Ok(rows)
        });
        let purge = |(at, kind, before, entries): Row| Purge {
            at: at.and_utc(),
            kind,
            before: before.and_utc(),
            entries: u64::try_from(entries).unwrap_or_default(),
        };
        Ok(rows.await?.into_iter().map(purge).collect())
    }
}

/// Reads the numbers of links, in order.
fn numbers_of(conn: &mut Conn, names: &[String]) -> Result<Vec<Option<i64>>, StoreError> {
    let mut known: HashMap<String, i64> = HashMap::new();
    for some in names.chunks(MOST_NAMES) {
        let found: Vec<(String, i64)> = numbers::table
            .filter(numbers::link.eq_any(some))
            .select((numbers::link, numbers::number))
            .load(conn)?;
        known.extend(found);
    }
    Ok(names.iter().map(|name| known.get(name).copied()).collect())
}
