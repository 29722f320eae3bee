//! Rows that belong to a record: matched by key when a record is written, so that only rows whose
//! values differ are touched, and rows and columns that we do not know stay as they are.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use diesel::QueryResult;

use crate::dialect::{Conn, MOST_NAMES, MOST_VALUES};

/// A row that belongs to a record.
pub(crate) trait ChildRow: Clone + PartialEq + Sized {
    /// How many columns one row binds.
    const WIDTH: usize;

    /// Returns the id of the record.
    fn parent(&self) -> &str;

    /// Reads the rows of some records, in the order in which they were inserted.
    fn select(conn: &mut Conn, parents: &[String]) -> QueryResult<Vec<(i64, Self)>>;

    /// Inserts rows in one statement.
    fn insert(conn: &mut Conn, rows: &[Self]) -> QueryResult<usize>;

    /// Writes the columns of one row.
    fn update(&self, conn: &mut Conn, id: i64) -> QueryResult<usize>;

    /// Deletes rows.
    fn delete(conn: &mut Conn, ids: &[i64]) -> QueryResult<usize>;
}

/// A row whose key may occur more than once in a record: repetitions are numbered from 2.
pub(crate) trait Repeats: ChildRow {
    /// Returns the key of the row's values.
    fn key(&self, region: Option<&str>) -> String;

    /// Returns the number of the repetition; 0 where the order of the rows tells it.
    fn repetition(&self) -> i64;

    /// Sets the number of the repetition.
    fn set_repetition(&mut self, repetition: i64);

    /// Returns the place of the row in its list; 0 where it has none of its own.
    fn ordinal(&self) -> i64 {
        0
    }

    /// Gives the row a place.
    fn set_ordinal(&mut self, _: i64) {}

    /// Tells whether this row, under another key, may be `other` after somebody edited it.
    fn may_become(&self, _other: &Self) -> bool {
        false
    }
}

/// Writes a row type and its queries.
macro_rules! child_rows {
    ($($row:ident in $table:ident of $parent:ident ($width:literal) { $($column:ident: $type:ty),* $(,)? })*) => {$(
        #[derive(Clone, Debug, PartialEq, diesel::Queryable, diesel::Selectable, diesel::Insertable, diesel::AsChangeset)]
        #[diesel(table_name = crate::schema::$table)]
        #[diesel(treat_none_as_null = true, treat_none_as_default_value = false)]
        pub(crate) struct $row {
            pub(crate) $parent: String,
            $(pub(crate) $column: $type),*
        }

        impl crate::child::ChildRow for $row {
            const WIDTH: usize = $width;

            fn parent(&self) -> &str {
                &self.$parent
            }

            fn select(
                conn: &mut crate::dialect::Conn,
                parents: &[String],
            ) -> diesel::QueryResult<Vec<(i64, Self)>> {
                use diesel::prelude::*;
                use crate::schema::$table::dsl;
                dsl::$table
                    .filter(dsl::$parent.eq_any(parents))
                    .order(dsl::id)
                    .select((dsl::id, Self::as_select()))
                    .load(conn)
            }

            fn insert(conn: &mut crate::dialect::Conn, rows: &[Self]) -> diesel::QueryResult<usize> {
                use diesel::prelude::*;
                diesel::insert_into(crate::schema::$table::table).values(rows).execute(conn)
            }

            fn update(&self, conn: &mut crate::dialect::Conn, id: i64) -> diesel::QueryResult<usize> {
                use diesel::prelude::*;
                diesel::update(crate::schema::$table::table.find(id)).set(self).execute(conn)
            }

            fn delete(conn: &mut crate::dialect::Conn, ids: &[i64]) -> diesel::QueryResult<usize> {
                use diesel::prelude::*;
                use crate::schema::$table::dsl;
                diesel::delete(dsl::$table.filter(dsl::id.eq_any(ids))).execute(conn)
            }
        }
    )*};
}
pub(crate) use child_rows;

/// Rows under their keys, with their ids.
pub(crate) type Held<C> = BTreeMap<String, (i64, C)>;

/// Rows of one kind, by record.
pub(crate) type ByParent<C> = HashMap<String, Vec<(i64, C)>>;

/// Reads the rows of some records.
pub(crate) fn load<C: ChildRow>(conn: &mut Conn, parents: &[String]) -> QueryResult<ByParent<C>> {
    let mut by_parent: ByParent<C> = HashMap::new();
    for some in parents.chunks(MOST_NAMES) {
        for (id, row) in C::select(conn, some)? {
            by_parent.entry(row.parent().to_owned()).or_default().push((id, row));
        }
    }
    Ok(by_parent)
}

/// Inserts any number of rows.
pub(crate) fn insert<C: ChildRow>(conn: &mut Conn, rows: &[C]) -> QueryResult<()> {
    for some in rows.chunks(MOST_VALUES / C::WIDTH) {
        C::insert(conn, some)?;
    }
    Ok(())
}

/// Puts rows under their keys; repetitions become `key#2`, `key#3` …
///
/// A repetition that was numbered before keeps its number, so that a key does not move to another
/// row when a row before it goes.
pub(crate) fn numbered<C: Repeats>(rows: Vec<(i64, C)>, region: Option<&str>) -> Held<C> {
    let mut held = Held::new();
    let mut others = Vec::new();
    for (id, row) in rows {
        let key = row.key(region);
        let fixed = format!("{key}#{}", row.repetition());
        if row.repetition() > 1 && !held.contains_key(&fixed) {
            held.insert(fixed, (id, row));
        } else {
            others.push((key, id, row));
        }
    }
    for (key, id, row) in others {
        let mut free = key.clone();
        let mut count = 1_i64;
        while held.contains_key(&free) {
            count += 1;
            free = format!("{key}#{count}");
        }
        held.insert(free, (id, row));
    }
    held
}

/// Puts rows that a record should have under the keys it gives them, and numbers repetitions.
pub(crate) fn wanted<C: Repeats>(
    rows: impl Iterator<Item = (String, C)>,
    region: Option<&str>,
) -> BTreeMap<String, C> {
    rows.map(|(key, mut row)| {
        row.set_repetition(repetition_of(&key, &row.key(region)));
        (key, row)
    })
    .collect()
}

/// Returns the number behind `plain#`, or 0 where the key has none.
fn repetition_of(key: &str, plain: &str) -> i64 {
    let number = key.strip_prefix(plain).and_then(|rest| rest.strip_prefix('#'));
    number.and_then(|number| number.parse().ok()).filter(|number| *number > 1).unwrap_or(0)
}

/// Writes what differs between two states of a record's rows, and nothing else.
pub(crate) fn apply<C: ChildRow>(
    conn: &mut Conn,
    held: &Held<C>,
    from: &BTreeMap<String, C>,
    to: &BTreeMap<String, C>,
) -> QueryResult<bool> {
    let keys: BTreeSet<&String> = from.keys().chain(to.keys()).collect();
    let differing: Vec<&String> = keys.into_iter().filter(|key| from.get(*key) != to.get(*key)).collect();
    let gone: Vec<i64> = differing
        .iter()
        .filter(|key| !to.contains_key(**key))
        .filter_map(|key| held.get(*key).map(|(id, _)| *id))
        .collect();
    if !gone.is_empty() {
        C::delete(conn, &gone)?;
    }
    let mut new = Vec::new();
    for key in &differing {
        match (held.get(*key), to.get(*key)) {
            (Some((_, row)), Some(to)) if row == to => {}
            (Some((id, _)), Some(to)) => {
                to.update(conn, *id)?;
            }
            (None, Some(to)) => new.push(to.clone()),
            (_, None) => {}
        }
    }
    insert(conn, &new)?;
    Ok(!differing.is_empty())
}

/// Puts rows under other keys.
pub(crate) fn rekeyed<C>(held: Held<C>, keys: &BTreeMap<String, String>) -> Held<C> {
    held.into_iter().map(|(key, row)| (keys.get(&key).cloned().unwrap_or(key), row)).collect()
}

/// Lets a row that goes renewed the row of its kind that comes: it keeps its id, its place and the columns that we do
/// not know.
fn edited<C: Repeats>(held: &mut Held<C>, from: &mut BTreeMap<String, C>, to: &BTreeMap<String, C>) {
    let mut gone: Vec<String> =
        held.keys().filter(|key| from.contains_key(*key) && !to.contains_key(*key)).cloned().collect();
    gone.sort_by_key(|key| held.get(key).map(|(id, _)| *id));
    let came: Vec<&String> =
        to.keys().filter(|key| !held.contains_key(*key) && !from.contains_key(*key)).collect();
    for key in came {
        let becomes = |gone: &String| {
            let rows = held.get(gone).zip(to.get(key));
            rows.is_some_and(|((_, row), to)| row.may_become(to))
        };
        let Some(at) = gone.iter().position(becomes) else { continue };
        let before = gone.remove(at);
        if let Some(row) = held.remove(&before) {
            held.insert(key.clone(), row);
        }
        if let Some(row) = from.remove(&before) {
            from.insert(key.clone(), row);
        }
    }
}

/// Gives rows their places: those that they have, or those that an order names. A new row comes last.
fn put_in_place<C: Repeats>(
    held: &Held<C>,
    from: &mut BTreeMap<String, C>,
    to: &mut BTreeMap<String, C>,
    order: Option<&[String]>,
) {
    let held_at = |key: &String| held.get(key).map(|(_, row)| row.ordinal());
    let mut last = held.values().map(|(_, row)| row.ordinal()).max().unwrap_or(0);
    from.iter_mut().for_each(|(key, row)| row.set_ordinal(held_at(key).unwrap_or(0)));
    for (key, row) in to.iter_mut() {
        let named = order.and_then(|order| order.iter().position(|one| one == key));
        let place = match (named, held_at(key)) {
            (Some(at), _) => i64::try_from(at + 1).unwrap_or(i64::MAX),
            (None, Some(place)) => place,
            (None, None) if last > 0 => {
                last += 1;
                last
            }
            (None, None) => 0,
        };
        row.set_ordinal(place);
    }
}

/// Like [`apply`], and then numbers the repetitions that stay, so that they keep their keys.
pub(crate) fn apply_repeating<C: Repeats>(
    conn: &mut Conn,
    mut held: Held<C>,
    mut from: BTreeMap<String, C>,
    mut to: BTreeMap<String, C>,
    order: Option<&[String]>,
    region: Option<&str>,
) -> QueryResult<()> {
    edited(&mut held, &mut from, &to);
    put_in_place(&held, &mut from, &mut to, order);
    if !apply(conn, &held, &from, &to)? {
        return Ok(());
    }
    for (key, (id, row)) in &held {
        let repetition = repetition_of(key, &row.key(region));
        if repetition != row.repetition() && from.get(key) == to.get(key) {
            let mut row = row.clone();
            row.set_repetition(repetition);
            row.update(conn, *id)?;
        }
    }
    Ok(())
}
