//! Bulk load: many records in one go, in bounded memory.

use std::collections::HashMap;

use passerelle_calendar::Event;
use passerelle_contacts::Contact;
use passerelle_ports::{Value, fields};

use crate::{
    Store, StoreError, UserId,
    collection::{Collection, NewRow, Scope},
    dialect::{Conn, new_ids},
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

/// A record with what an import held beyond it.
type Loadable<R> = (R, Option<Value>);

impl Store {
    /// Loads contacts: seen by one app user, or by all.
    ///
    /// A contact whose uid (if it has one) is that of a contact which the user sees already is not
    /// doubled: it is left alone when equal, and otherwise its fields replace those of the contact.
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
        progress: impl FnMut(&Loading),
    ) -> Result<Loading, StoreError> {
        let user = user.map(|user| user.as_str().to_owned());
        self.load(
            Scope { share: user.is_none(), user, calendar: None, region: self.options.region.clone() },
            contacts,
            progress,
        )
        .await
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
        progress: impl FnMut(&Loading),
    ) -> Result<Loading, StoreError> {
        let scope =
            Scope { user: Some(user.as_str().to_owned()), calendar: None, region: None, share: false };
        self.load(scope, events, progress).await
    }

    async fn load<R: Collection>(
        &self,
        scope: Scope,
        records: impl IntoIterator<Item = Loadable<R>>,
        mut progress: impl FnMut(&Loading),
    ) -> Result<Loading, StoreError> {
        let mut loading = Loading::default();
        let mut records = records.into_iter();
        loop {
            let chunk: Vec<Loadable<R>> = records.by_ref().take(CHUNK).collect();
            if chunk.is_empty() {
                return Ok(loading);
            }
            let (scope, before) = (scope.clone(), loading.clone());
            loading = self.db.write(move |conn| load_chunk(conn, &scope, &chunk, before)).await?;
            progress(&loading);
        }
    }
}

fn load_chunk<R: Collection>(
    conn: &mut Conn,
    scope: &Scope,
    chunk: &[Loadable<R>],
    mut loading: Loading,
) -> Result<Loading, StoreError> {
    let uids: Vec<String> =
        chunk.iter().map(|(record, _)| record.uid().to_owned()).filter(|uid| !uid.is_empty()).collect();
    let mut known: HashMap<String, String> = HashMap::new();
    for (uid, id) in R::by_uid(conn, scope, &uids)? {
        known.entry(uid).or_insert(id);
    }
    let mut ids = new_ids(conn, chunk.len())?;
    let mut new: Vec<(u64, NewRow<'_, R>)> = Vec::with_capacity(chunk.len());
    for (record, leftovers) in chunk {
        let position = loading.read;
        loading.read += 1;
        match known.get(record.uid()).filter(|_| !record.uid().is_empty()) {
            Some(id) => {
                // It may be one of this chunk.
                flush(conn, scope, &mut new, &mut loading)?;
                replace(conn, scope, id, record, leftovers.as_ref(), position, &mut loading)?;
            }
            None => {
                let id = ids.pop().ok_or(StoreError::Missing("id"))?;
                if !record.uid().is_empty() {
                    known.insert(record.uid().to_owned(), id.clone());
                }
                new.push((position, NewRow { id, record, leftovers: leftovers.as_ref() }));
            }
        }
    }
    flush(conn, scope, &mut new, &mut loading)?;
    Ok(loading)
}

/// Inserts what has been collected: together, or one by one when the schema refuses something.
fn flush<R: Collection>(
    conn: &mut Conn,
    scope: &Scope,
    new: &mut Vec<(u64, NewRow<'_, R>)>,
    loading: &mut Loading,
) -> Result<(), StoreError> {
    let rows: Vec<(u64, NewRow<'_, R>)> = std::mem::take(new);
    let together: Vec<NewRow<'_, R>> = rows.iter().map(|(_, row)| row.clone()).collect();
    if apart(conn, |conn| Ok(R::insert(conn, scope, &together)?))?.is_ok() {
        loading.inserted += u64::try_from(rows.len()).unwrap_or(0);
        return Ok(());
    }
    for (position, row) in rows {
        match apart(conn, |conn| Ok(R::insert(conn, scope, std::slice::from_ref(&row))?))? {
            Ok(()) => loading.inserted += 1,
            Err(rule) => loading.refused.push((position, rule)),
        }
    }
    Ok(())
}

/// Gives a record that is there the values of one that was read.
fn replace<R: Collection>(
    conn: &mut Conn,
    scope: &Scope,
    id: &str,
    record: &R,
    leftovers: Option<&Value>,
    position: u64,
    loading: &mut Loading,
) -> Result<(), StoreError> {
    let Some(there) = R::load(conn, scope, &[id.to_owned()])?.remove(id) else {
        // Its first appearance in this load was refused.
        let row = NewRow { id: id.to_owned(), record, leftovers };
        let mut again = vec![(position, row)];
        return flush(conn, scope, &mut again, loading);
    };
    let same_leftovers = leftovers.is_none_or(|leftovers| *leftovers == there.leftovers);
    if same_leftovers && fields(&there.record) == fields(record) {
        loading.already_there += 1;
        return Ok(());
    }
    let update = apart(conn, |conn| {
        R::update(conn, scope, id, &there.record, record)?;
        if !same_leftovers {
            R::set_leftovers(conn, id, leftovers)?;
        }
        Ok(())
    });
    match update? {
        Ok(()) => loading.updated += 1,
        Err(rule) => loading.refused.push((position, rule)),
    }
    Ok(())
}

/// Carries out a part of a transaction; a refusal undoes the part only.
fn apart(
    conn: &mut Conn,
    f: impl FnOnce(&mut Conn) -> Result<(), StoreError>,
) -> Result<Result<(), String>, StoreError> {
    use diesel::Connection;
    match conn.transaction(f) {
        Ok(()) => Ok(Ok(())),
        Err(StoreError::Refused(rule)) => Ok(Err(rule)),
        Err(error) => Err(error),
    }
}
