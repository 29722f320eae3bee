//! Bulk load: many records in one go, in bounded memory.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Utc};
use passerelle_calendar::Event;
use passerelle_contacts::Contact;
use passerelle_ports::{ItemId, PairId, RunId, Value, fields, left};

use crate::{
    Store, StoreError, UserId,
    collection::{Collection, NewRow, Scope},
    completed::{Age, completed, replaced},
    constraints::constraint,
    dialect::{Conn, new_ids},
    imports,
};

/// How many records one transaction of a bulk load holds.
const CHUNK: usize = 1_000;

/// What a bulk load has done so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Loading {
    /// Records read.
    pub read: u64,
    /// Records inserted.
    pub inserted: u64,
    /// Records whose uid was there with other values: updated.
    pub updated: u64,
    /// Records whose uid was there with the same values: left alone.
    pub already_there: u64,
    /// Records that a rule of the schema refused: their positions, counted from 0, and the rule.
    pub refused: Vec<(u64, String)>,
}

/// How a bulk load treats what is there already, and where what it does is written down.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Loads {
    /// A record that is there becomes what was read, and loses what that does not mention.
    pub replace: bool,
    /// Everything is worked out, and nothing is kept.
    pub dry_run: bool,
    /// The run whose history gets an entry for each record that is written.
    pub journal: Option<Journal>,
    /// Records that are there, by the positions in the load of those that are for them.
    pub into: BTreeMap<u64, ItemId>,
    /// Records that are no longer records by themselves: they are removed.
    pub gone: Vec<ItemId>,
}

/// A run that bulk loads belong to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Journal {
    /// The run.
    pub run: RunId,
    /// The name that such runs have in the place of a pair's.
    pub pair: PairId,
    /// When.
    pub at: DateTime<Utc>,
}

/// A record that a bulk load wrote.
#[derive(Clone, Debug, PartialEq)]
pub struct Written<R> {
    /// Its position in the load, counted from 0.
    pub position: u64,
    /// Its id.
    pub id: ItemId,
    /// As it was, if it was there.
    pub before: Option<R>,
    /// As it is now.
    pub after: R,
    /// The leftovers before.
    pub leftovers_before: Value,
    /// The leftovers now.
    pub leftovers_after: Value,
}

/// A record with what an import held beyond it.
type Loadable<R> = (R, Option<Value>);

impl Store {
    /// Loads contacts: seen by one app user, or by all.
    ///
    /// A contact whose uid (if it has one) is that of a contact which the user sees already is not
    /// doubled: it is left alone when it says nothing new, and otherwise its fields are written over
    /// those of the contact; what it does not mention stays ([`Loads::replace`]).
    /// Each thousand is one transaction; `progress` is told after each of them. What was loaded
    /// before an error stays.
    ///
    /// # Errors
    ///
    /// Those of the database. A record that the schema refuses is no error: see [`Loading::refused`].
    pub async fn load_contacts(
        &self,
        user: Option<&UserId>,
        contacts: impl IntoIterator<Item = Loadable<Contact>>,
        mut progress: impl FnMut(&Loading),
    ) -> Result<Loading, StoreError> {
        self.load_contacts_as(user, contacts, &Loads::default(), |loading, _| progress(loading)).await
    }

    /// Loads contacts in a way of one's own: see [`Store::load_contacts`]. `progress` is told what was written.
    ///
    /// # Errors
    ///
    /// Those of the database. A record that the schema refuses is no error: see [`Loading::refused`].
    pub async fn load_contacts_as(
        &self,
        user: Option<&UserId>,
        contacts: impl IntoIterator<Item = Loadable<Contact>>,
        loads: &Loads,
        progress: impl FnMut(&Loading, Vec<Written<Contact>>),
    ) -> Result<Loading, StoreError> {
        let scope = self.scope_of_contacts(user);
        self.load(scope, contacts, loads, progress).await
    }

    /// Returns who sees the contacts of a bulk load.
    pub(crate) fn scope_of_contacts(&self, user: Option<&UserId>) -> Scope {
        let user = user.map(|user| user.as_str().to_owned());
        Scope { share: user.is_none(), user, calendar: None, region: self.options.region.clone() }
    }

    /// Loads events into an app user's appointments, by the same rules as [`Store::load_contacts`].
    ///
    /// # Errors
    ///
    /// Those of the database. A record that the schema refuses is no error: see [`Loading::refused`].
    pub async fn load_events(
        &self,
        user: &UserId,
        events: impl IntoIterator<Item = Loadable<Event>>,
        mut progress: impl FnMut(&Loading),
    ) -> Result<Loading, StoreError> {
        self.load_events_as(user, events, &Loads::default(), |loading, _| progress(loading)).await
    }

    /// Loads events in a way of one's own: see [`Store::load_contacts_as`].
    ///
    /// # Errors
    ///
    /// Those of the database. A record that the schema refuses is no error: see [`Loading::refused`].
    pub async fn load_events_as(
        &self,
        user: &UserId,
        events: impl IntoIterator<Item = Loadable<Event>>,
        loads: &Loads,
        progress: impl FnMut(&Loading, Vec<Written<Event>>),
    ) -> Result<Loading, StoreError> {
        self.load(scope_of_events(user), events, loads, progress).await
    }

    async fn load<R: Collection>(
        &self,
        scope: Scope,
        records: impl IntoIterator<Item = Loadable<R>>,
        loads: &Loads,
        mut progress: impl FnMut(&Loading, Vec<Written<R>>),
    ) -> Result<Loading, StoreError> {
        let mut loading = Loading::default();
        let mut records = records.into_iter();
        loop {
            let chunk: Vec<Loadable<R>> = records.by_ref().take(CHUNK).collect();
            if chunk.is_empty() {
                return Ok(loading);
            }
            let (scope, loads) = (scope.clone(), loads.clone());
            let before = Loading { read: loading.read, ..Loading::default() };
            let (done, written) =
                self.db.write(move |conn| load_or_try(conn, &scope, &loads, &chunk, before)).await?;
            loading.read = done.read;
            loading.inserted += done.inserted;
            loading.updated += done.updated;
            loading.already_there += done.already_there;
            loading.refused.extend(done.refused);
            progress(&loading, written);
        }
    }
}

/// Returns whose appointments a bulk load concerns.
pub(crate) fn scope_of_events(user: &UserId) -> Scope {
    Scope { user: Some(user.as_str().to_owned()), calendar: None, region: None, share: false }
}

type Done<R> = (Loading, Vec<Written<R>>);

/// Loads some records; of a dry run nothing is kept.
fn load_or_try<R: Collection>(
    conn: &mut Conn,
    scope: &Scope,
    loads: &Loads,
    chunk: &[Loadable<R>],
    before: Loading,
) -> Result<Done<R>, StoreError> {
    if !loads.dry_run {
        return load_chunk(conn, scope, loads, chunk, before);
    }
    undone(conn, |conn| load_chunk(conn, scope, loads, chunk, before))
}

/// Works something out, and keeps nothing of it.
pub(crate) fn undone<T>(
    conn: &mut Conn,
    f: impl FnOnce(&mut Conn) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    use diesel::Connection;
    let mut found = None;
    let rolled_back = conn.transaction::<(), StoreError, _>(|conn| {
        found = Some(f(conn)?);
        Err(StoreError::Interrupted)
    });
    match (found, rolled_back) {
        (Some(found), _) => Ok(found),
        (None, Err(error)) => Err(error),
        (None, Ok(())) => Err(StoreError::Interrupted),
    }
}

fn load_chunk<R: Collection>(
    conn: &mut Conn,
    scope: &Scope,
    loads: &Loads,
    chunk: &[Loadable<R>],
    loading: Loading,
) -> Result<Done<R>, StoreError> {
    let mut done = (loading, Vec::new());
    let uids: Vec<String> =
        chunk.iter().map(|(record, _)| record.uid().to_owned()).filter(|uid| !uid.is_empty()).collect();
    let mut known: HashMap<String, String> = HashMap::new();
    for (uid, id) in R::by_uid(conn, scope, &uids)? {
        known.entry(uid).or_insert(id);
    }
    let mut ids = new_ids(conn, chunk.len())?.into_iter();
    let mut new: Vec<(u64, NewRow<'_, R>)> = Vec::with_capacity(chunk.len());
    for (record, leftovers) in chunk {
        let position = done.0.read;
        done.0.read += 1;
        let named = || known.get(record.uid()).filter(|_| !record.uid().is_empty()).cloned();
        match loads.into.get(&position).map(|id| id.as_str().to_owned()).or_else(named) {
            Some(id) => {
                // It may be one of this chunk.
                flush(conn, scope, &mut new, &mut done)?;
                let row = NewRow { id, record, leftovers: leftovers.as_ref() };
                replace(conn, scope, loads.replace, position, row, &mut done)?;
            }
            None => {
                let id = ids.next().ok_or(StoreError::Missing("id"))?;
                if !record.uid().is_empty() {
                    known.insert(record.uid().to_owned(), id.clone());
                }
                new.push((position, NewRow { id, record, leftovers: leftovers.as_ref() }));
            }
        }
    }
    flush(conn, scope, &mut new, &mut done)?;
    let removed = remove::<R>(conn, scope, &loads.gone)?;
    if let Some(journal) = loads.journal.as_ref().filter(|_| !loads.dry_run) {
        imports::write_down(conn, journal, &done.1)?;
        imports::write_down_removed(conn, journal, removed)?;
    }
    Ok(done)
}

/// Removes records; returns what they were, with their leftovers.
fn remove<R: Collection>(
    conn: &mut Conn,
    scope: &Scope,
    gone: &[ItemId],
) -> Result<Vec<(ItemId, R, Value)>, StoreError> {
    let names: Vec<String> = gone.iter().map(ToString::to_string).collect();
    let mut removed = Vec::new();
    for (id, there) in R::load(conn, scope, &names)? {
        R::delete(conn, &id)?;
        removed.push((ItemId::new(id), there.record, there.leftovers));
    }
    Ok(removed)
}

/// Inserts what has been collected: together, or one by one when the schema refuses something.
fn flush<R: Collection>(
    conn: &mut Conn,
    scope: &Scope,
    new: &mut Vec<(u64, NewRow<'_, R>)>,
    done: &mut Done<R>,
) -> Result<(), StoreError> {
    let rows: Vec<(u64, NewRow<'_, R>)> = std::mem::take(new);
    let together: Vec<NewRow<'_, R>> = rows.iter().map(|(_, row)| row.clone()).collect();
    let all = apart(conn, |conn| Ok(R::insert_new(conn, scope, &together)?))?.is_ok();
    for (position, row) in rows {
        let one = match all {
            true => Ok(()),
            false => apart(conn, |conn| Ok(R::insert_new(conn, scope, std::slice::from_ref(&row))?))?,
        };
        match one {
            Ok(()) => {
                done.0.inserted += 1;
                done.1.push(Written {
                    position,
                    id: ItemId::new(row.id),
                    before: None,
                    after: row.record.clone(),
                    leftovers_before: Value::Null,
                    leftovers_after: row.leftovers.cloned().unwrap_or_default(),
                });
            }
            Err(rule) => done.0.refused.push((position, rule)),
        }
    }
    Ok(())
}

/// Gives a record that is there the values of one that was read.
fn replace<R: Collection>(
    conn: &mut Conn,
    scope: &Scope,
    whole: bool,
    position: u64,
    row: NewRow<'_, R>,
    done: &mut Done<R>,
) -> Result<(), StoreError> {
    let id = row.id.as_str();
    let Some(there) = R::load(conn, scope, &[id.to_owned()])?.remove(id) else {
        // Its first appearance in this load was refused.
        let mut again = vec![(position, row)];
        return flush(conn, scope, &mut again, done);
    };
    let (record, leftovers) = if whole {
        (replaced(&there.record, row.record), row.leftovers.cloned().unwrap_or_default())
    } else {
        let age = Age::of(&there.leftovers, row.leftovers);
        let record = completed(&there.record, row.record, age);
        (record, left::completed(&there.leftovers, row.leftovers))
    };
    let same_leftovers = left::same(&leftovers, &there.leftovers);
    let leftovers = if same_leftovers { there.leftovers.clone() } else { leftovers };
    if same_leftovers && fields(&there.record) == fields(&record) {
        done.0.already_there += 1;
        return Ok(());
    }
    let update = apart(conn, |conn| {
        R::update(conn, scope, id, &there.record, &record)?;
        if !same_leftovers {
            R::set_leftovers(conn, id, Some(&leftovers))?;
        }
        Ok(())
    });
    match update? {
        Ok(()) => {
            done.0.updated += 1;
            done.1.push(Written {
                position,
                id: ItemId::new(id),
                before: Some(there.record),
                after: record,
                leftovers_before: there.leftovers,
                leftovers_after: leftovers,
            });
        }
        Err(rule) => done.0.refused.push((position, rule)),
    }
    Ok(())
}

/// Carries out a part of a transaction; a refusal undoes the part only.
pub(crate) fn apart(
    conn: &mut Conn,
    f: impl FnOnce(&mut Conn) -> Result<(), StoreError>,
) -> Result<Result<(), String>, StoreError> {
    use diesel::Connection;
    match conn.transaction(f) {
        Ok(()) => Ok(Ok(())),
        Err(StoreError::Refused(rule)) => Ok(Err(constraint(&rule).to_string())),
        Err(error) => Err(error),
    }
}
