//! Imports as runs of the history: what they wrote, and taking it back.

use std::{collections::HashMap, str::FromStr};

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use passerelle_calendar::Event;
use passerelle_contacts::Contact;
use passerelle_ports::{
    CreateKey, Entry, EntryId, ItemId, LinkId, Op, Opaque, Outcome, Side, Sides, Stored, Value, Version,
    fields,
};

use crate::{
    Store, StoreError, UserId,
    collection::{Collection, NewRow, Scope},
    completed::taken_back,
    dialect::{Conn, MOST_VALUES, new_ids},
    ledger::{ENTRY_WIDTH, entry_row},
    load::{Journal, Written, apart, scope_of_events, undone},
    schema::passerelle_entries as entries,
};

/// What taking an import back did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TakenBack {
    /// Records that the import had made, and that are gone again.
    pub deleted: u64,
    /// Records that have their former values again.
    pub restored: u64,
    /// Records that an undo had removed, and that are back.
    pub created: u64,
    /// Records that somebody changed since, or that are gone: left as they are.
    pub left: u64,
}

/// Writes down what a bulk load wrote.
pub(crate) fn write_down<R: Collection>(
    conn: &mut Conn,
    journal: &Journal,
    written: &[Written<R>],
) -> Result<(), StoreError> {
    let mut names = new_ids(conn, written.len() * 2)?.into_iter();
    let mut rows = Vec::with_capacity(written.len());
    for one in written {
        let mut name = || names.next().ok_or(StoreError::Missing("id"));
        let (id, link) = (name()?, name()?);
        let before =
            one.before.clone().map(|record| stored(&one.id, record, &one.leftovers_before, journal.at));
        let after = stored(&one.id, one.after.clone(), &one.leftovers_after, journal.at);
        let op = match before {
            Some(_) => Op::Update,
            None => Op::Create { key: CreateKey::new(id.clone()) },
        };
        rows.push(entry_row(&entry(journal, &id, &link, op, before, Some(after))?, &journal.pair)?);
    }
    for some in rows.chunks(MOST_VALUES / ENTRY_WIDTH) {
        diesel::insert_into(entries::table).values(some).execute(conn)?;
    }
    Ok(())
}

/// Writes down what a bulk load removed.
pub(crate) fn write_down_removed<R: Collection>(
    conn: &mut Conn,
    journal: &Journal,
    removed: Vec<(ItemId, R, Value)>,
) -> Result<(), StoreError> {
    let mut names = new_ids(conn, removed.len() * 2)?.into_iter();
    let mut rows = Vec::with_capacity(removed.len());
    for (item, record, leftovers) in removed {
        let mut name = || names.next().ok_or(StoreError::Missing("id"));
        let (id, link) = (name()?, name()?);
        let before = Some(stored(&item, record, &leftovers, journal.at));
        rows.push(entry_row(&entry(journal, &id, &link, Op::Delete, before, None)?, &journal.pair)?);
    }
    for some in rows.chunks(MOST_VALUES / ENTRY_WIDTH) {
        diesel::insert_into(entries::table).values(some).execute(conn)?;
    }
    Ok(())
}

fn stored<R>(id: &ItemId, record: R, leftovers: &Value, at: DateTime<Utc>) -> Stored<R> {
    Stored {
        id: id.clone(),
        version: Version::new(""),
        updated: at,
        record,
        opaque: Opaque(leftovers.clone()),
        key: None,
        made: None,
        stamp: None,
        lineage: None,
        withdrawn: false,
        home: None,
    }
}

fn entry<R: Collection>(
    journal: &Journal,
    id: &str,
    link: &str,
    op: Op,
    from: Option<Stored<R>>,
    after: Option<Stored<R>>,
) -> Result<Entry<R>, StoreError> {
    let damaged = |_| StoreError::Damaged("passerelle_entries");
    Ok(Entry {
        id: EntryId::from_str(id).map_err(damaged)?,
        run: journal.run,
        link: LinkId::from_str(link).map_err(damaged)?,
        side: Side::Local,
        op,
        from,
        to: None,
        taken: Vec::new(),
        source: R::default(),
        bases: Sides { local: R::default(), remote: R::default() },
        other: None,
        release: false,
        undoes: None,
        opaque: None,
        opened: journal.at,
        outcome: Outcome::Landed(after),
    })
}

impl Store {
    /// Takes back what an import did to contacts, entry by entry; those named in `keep` stay.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub async fn take_back_contacts(
        &self,
        user: Option<&UserId>,
        entries: Vec<Entry<Contact>>,
        keep: Vec<ItemId>,
        journal: Option<Journal>,
    ) -> Result<TakenBack, StoreError> {
        let scope = self.scope_of_contacts(user);
        self.db.write(move |conn| take_back(conn, &scope, &entries, &keep, journal.as_ref())).await
    }

    /// Takes back what an import did to events: see [`Store::take_back_contacts`].
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub async fn take_back_events(
        &self,
        user: &UserId,
        entries: Vec<Entry<Event>>,
        keep: Vec<ItemId>,
        journal: Option<Journal>,
    ) -> Result<TakenBack, StoreError> {
        let scope = scope_of_events(user);
        self.db.write(move |conn| take_back(conn, &scope, &entries, &keep, journal.as_ref())).await
    }
}

/// Without a journal nothing is kept: it is a dry run.
fn take_back<R: Collection>(
    conn: &mut Conn,
    scope: &Scope,
    entries: &[Entry<R>],
    keep: &[ItemId],
    journal: Option<&Journal>,
) -> Result<TakenBack, StoreError> {
    let Some(journal) = journal else {
        return undone(conn, |conn| Ok(take_back_all(conn, scope, entries, keep)?.0));
    };
    let (done, undoings) = take_back_all(conn, scope, entries, keep)?;
    let mut names = new_ids(conn, undoings.len() * 2)?.into_iter();
    let mut rows = Vec::with_capacity(undoings.len());
    for undoing in undoings {
        let mut name = || names.next().ok_or(StoreError::Missing("id"));
        let (id, link) = (name()?, name()?);
        let from = undoing.before.map(|(record, left)| stored(&undoing.id, record, &left, journal.at));
        let to = undoing.after.map(|(record, left)| stored(&undoing.id, record, &left, journal.at));
        let op = match (&from, &to) {
            (None, _) => Op::Create { key: CreateKey::new(id.clone()) },
            (Some(_), Some(_)) => Op::Update,
            (Some(_), None) => Op::Delete,
        };
        rows.push(entry_row(&entry(journal, &id, &link, op, from, to)?, &journal.pair)?);
    }
    for some in rows.chunks(MOST_VALUES / ENTRY_WIDTH) {
        diesel::insert_into(entries::table).values(some).execute(conn)?;
    }
    Ok(done)
}

/// One write that takes something back.
struct Undoing<R> {
    id: ItemId,
    before: Option<(R, Value)>,
    after: Option<(R, Value)>,
}

fn take_back_all<R: Collection>(
    conn: &mut Conn,
    scope: &Scope,
    entries: &[Entry<R>],
    keep: &[ItemId],
) -> Result<(TakenBack, Vec<Undoing<R>>), StoreError> {
    let mut done = TakenBack::default();
    let mut all = Vec::new();
    for entry in entries {
        let (Some(id), Outcome::Landed(after)) = (entry.item(), &entry.outcome) else { continue };
        let there: HashMap<_, _> = R::load(conn, scope, &[id.to_string()])?;
        let there = there.into_values().next();
        let undoing = match (&entry.op, &entry.from, after, there) {
            (Op::Create { .. }, _, Some(after), Some(there))
                if !keep.contains(id) && fields(&there.record) == fields(&after.record) =>
            {
                R::delete(conn, id.as_str())?;
                done.deleted += 1;
                Undoing { id: id.clone(), before: Some((there.record, there.leftovers)), after: None }
            }
            (Op::Update, Some(before), Some(after), Some(there)) => {
                let record = taken_back(&before.record, &after.record, &there.record);
                let left = match there.leftovers == after.opaque.0 && before.opaque.0 != after.opaque.0 {
                    true => Some(before.opaque.0.clone()),
                    false => None,
                };
                if record.is_none() && left.is_none() {
                    done.left += 1;
                    continue;
                }
                let record = record.unwrap_or_else(|| there.record.clone());
                let left = left.unwrap_or_else(|| there.leftovers.clone());
                let update = apart(conn, |conn| {
                    R::update(conn, scope, id.as_str(), &there.record, &record)?;
                    R::set_leftovers(conn, id.as_str(), Some(&left))?;
                    Ok(())
                });
                if update?.is_err() {
                    done.left += 1;
                    continue;
                }
                done.restored += 1;
                Undoing {
                    id: id.clone(),
                    before: Some((there.record, there.leftovers)),
                    after: Some((record, left)),
                }
            }
            (Op::Delete, Some(before), _, None) => {
                let left = Some(&before.opaque.0).filter(|left| !left.is_null());
                let row = NewRow { id: id.to_string(), record: &before.record, leftovers: left };
                if apart(conn, |conn| Ok(R::insert_new(conn, scope, std::slice::from_ref(&row))?))?.is_err() {
                    done.left += 1;
                    continue;
                }
                done.created += 1;
                let after = Some((before.record.clone(), before.opaque.0.clone()));
                Undoing { id: id.clone(), before: None, after }
            }
            _ => {
                done.left += 1;
                continue;
            }
        };
        all.push(undoing);
    }
    Ok((done, all))
}
