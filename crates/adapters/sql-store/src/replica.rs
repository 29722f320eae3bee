//! The company's tables as a replica, seen through the eyes of one app user.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    marker::PhantomData,
    time::Duration,
};

use async_trait::async_trait;
use diesel::prelude::*;
use passerelle_ports::{
    Capabilities, CreateKey, Cursor, EntryId, From, ItemId, Label, Next, Opaque, Page, PageToken, PortError,
    PortResult, Relabelling, Replica, Stored, Version, Write, Written, assemble, fields,
};

use crate::{
    StoreError,
    collection::{Collection, Loaded, NewRow, Scope},
    db::Db,
    dialect::{Conn, MOST_NAMES, new_ids},
    ledger::{from_json, to_json},
    marks::Mark,
    parked,
    schema::{change_log, passerelle_local_keys, passerelle_outcomes, passerelle_settings},
};

/// What we keep beside a row that we wrote.
#[derive(Clone, Debug, Default, Queryable, Selectable, Insertable)]
#[diesel(table_name = passerelle_local_keys)]
#[diesel(treat_none_as_default_value = false)]
struct Keys {
    kind: String,
    item_id: String,
    create_key: Option<String>,
    made: Option<String>,
    stamp: Option<String>,
    lineage: Option<String>,
}

/// One app user's contacts or appointments, as a [`Replica`].
pub struct SqlReplica<R> {
    db: Db,
    scope: Scope,
    user: String,
    page: i64,
    kind: PhantomData<fn() -> R>,
}

impl<R> Clone for SqlReplica<R> {
    fn clone(&self) -> Self {
        SqlReplica {
            db: self.db.clone(),
            scope: self.scope.clone(),
            user: self.user.clone(),
            page: self.page,
            kind: PhantomData,
        }
    }
}

impl<R> SqlReplica<R> {
    pub(crate) fn new(db: Db, scope: Scope, page: usize) -> Self {
        let user = scope.user().to_owned();
        SqlReplica {
            db,
            scope,
            user,
            page: i64::try_from(page.clamp(1, MOST_NAMES)).unwrap_or(1),
            kind: PhantomData,
        }
    }
}

/// Reads items with everything we keep beside them; ids that do not exist are left out.
fn read_items<R: Collection>(
    conn: &mut Conn,
    scope: &Scope,
    ids: &[String],
) -> Result<HashMap<String, (i64, Stored<R>)>, StoreError> {
    let loaded = R::load(conn, scope, ids)?;
    let visible = R::visible(conn, scope, ids)?;
    let mut keys: HashMap<String, Keys> = HashMap::new();
    for some in ids.chunks(MOST_NAMES) {
        let rows: Vec<Keys> = passerelle_local_keys::table
            .filter(
                passerelle_local_keys::kind.eq(R::KIND_NAME).and(passerelle_local_keys::item_id.eq_any(some)),
            )
            .select(Keys::as_select())
            .load(conn)?;
        keys.extend(rows.into_iter().map(|row| (row.item_id.clone(), row)));
    }
    let hidden: Vec<String> = ids.iter().filter(|id| !visible.contains(*id)).cloned().collect();
    let mut homes = if hidden.is_empty() { HashMap::new() } else { R::homes(conn, scope, &hidden)? };
    let item = |(id, row): (String, Loaded<R>)| {
        let number = row.number;
        let stored = stored(&id, row, keys.remove(&id).unwrap_or_default(), !visible.contains(&id))?;
        let home = homes.remove(&id);
        Ok((id, (number, Stored { home, ..stored })))
    };
    loaded.into_iter().map(item).collect()
}

fn entry_of(text: Option<String>) -> Result<Option<EntryId>, StoreError> {
    text.map(|text| text.parse().map_err(|_| StoreError::Damaged("passerelle_local_keys"))).transpose()
}

fn stored<R>(id: &str, row: Loaded<R>, keys: Keys, withdrawn: bool) -> Result<Stored<R>, StoreError> {
    Ok(Stored {
        id: ItemId::new(id),
        version: Version::new(row.version.to_string()),
        updated: row.updated.and_utc(),
        record: row.record,
        opaque: Opaque(row.leftovers),
        key: keys.create_key.map(CreateKey::new),
        made: entry_of(keys.made)?,
        stamp: entry_of(keys.stamp)?,
        lineage: keys.lineage.map(ItemId::new),
        withdrawn,
        home: None,
    })
}

/// Returns the number of the newest change.
fn newest(conn: &mut Conn) -> QueryResult<i64> {
    let newest: Option<i64> = change_log::table.select(diesel::dsl::max(change_log::seq)).first(conn)?;
    Ok(newest.unwrap_or(0))
}

/// Returns up to which number deletions have been forgotten.
pub(crate) fn horizon(conn: &mut Conn) -> QueryResult<i64> {
    let text: Option<String> = passerelle_settings::table
        .find("change_log_horizon")
        .select(passerelle_settings::value)
        .first(conn)
        .optional()?;
    Ok(text.and_then(|text| text.parse().ok()).unwrap_or(0))
}

/// One row of the change log.
type LogRow = (i64, String, String, bool);

/// Reads the next rows of the change log that concern an app user.
fn log_rows<R: Collection>(
    conn: &mut Conn,
    scope: &Scope,
    after: i64,
    limit: i64,
) -> QueryResult<Vec<LogRow>> {
    let mut rows: Vec<LogRow> = Vec::new();
    // One query per value: each is a stretch of an index, and stays so however long the log is.
    for log_user in R::log_users(scope) {
        let some: Vec<LogRow> = change_log::table
            .filter(change_log::kind.eq(R::KIND_NAME).and(change_log::user_id.eq(log_user)))
            .filter(change_log::seq.gt(after))
            .order(change_log::seq)
            .limit(limit)
            .select((change_log::seq, change_log::item_id, change_log::user_id, change_log::deleted))
            .load(conn)?;
        rows.extend(some);
    }
    rows.sort_unstable_by_key(|row| row.0);
    rows.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    Ok(rows)
}

/// Tells which of some items have been shown in a scope before, though they are hidden now.
fn once_shown<R: Collection>(conn: &mut Conn, scope: &Scope, ids: &[String]) -> QueryResult<HashSet<String>> {
    let mut shown = HashSet::new();
    for some in ids.chunks(MOST_NAMES) {
        let rows: Vec<String> = change_log::table
            .filter(change_log::kind.eq(R::KIND_NAME).and(change_log::user_id.eq(R::log_of_former(scope))))
            .filter(change_log::item_id.eq_any(some))
            .select(change_log::item_id)
            .load(conn)?;
        shown.extend(rows);
    }
    Ok(shown)
}

impl<R: Collection> SqlReplica<R> {
    /// One page of a complete listing.
    fn list(&self, conn: &mut Conn, mark: i64, after: i64) -> Result<(Page<R>, i64), StoreError> {
        let rows = R::page(conn, &self.scope, after, self.page)?;
        let full = i64::try_from(rows.len()).is_ok_and(|count| count == self.page);
        let last = rows.last().map_or(after, |(number, _)| *number);
        let ids: Vec<String> = rows.into_iter().map(|(_, id)| id).collect();
        let mut found = read_items(conn, &self.scope, &ids)?;
        let items = ids.iter().filter_map(|id| found.remove(id)).map(|(_, stored)| stored).collect();
        let next = match full {
            true => Next::Page(PageToken::new(Mark::List { mark, after: last }.to_string())),
            false => Next::End(Cursor::new(Mark::Since(mark).to_string())),
        };
        Ok((Page { items, unread: Vec::new(), removed: Vec::new(), formerly: Vec::new(), next }, last))
    }

    /// One page of what changed.
    fn since(&self, conn: &mut Conn, after: i64) -> Result<(Page<R>, i64), StoreError> {
        let newest = newest(conn)?;
        let horizon = horizon(conn)?;
        if after < horizon || after > newest.max(horizon) {
            return Err(StoreError::CursorExpired);
        }
        let rows = log_rows::<R>(conn, &self.scope, after, self.page)?;
        let full = i64::try_from(rows.len()).is_ok_and(|count| count == self.page);
        let last = rows.last().map_or(after, |row| row.0);
        let mut removed: BTreeSet<String> =
            rows.iter().filter(|row| row.3).map(|row| row.1.clone()).collect();
        let changed: BTreeSet<String> = rows.into_iter().filter(|row| !row.3).map(|row| row.1).collect();
        let ids: Vec<String> = changed.into_iter().collect();
        let found = read_items::<R>(conn, &self.scope, &ids)?;
        // A row may go without its triggers: `REPLACE` takes the place of another row silently.
        removed.extend(ids.into_iter().filter(|id| !found.contains_key(id)));
        let hidden: Vec<String> =
            found.values().filter(|(_, item)| item.withdrawn).map(|(_, item)| item.id.to_string()).collect();
        let shown = once_shown::<R>(conn, &self.scope, &hidden)?;
        let mut top = 0;
        let mut items = Vec::new();
        for (id, (number, item)) in found {
            if !item.withdrawn {
                top = top.max(number);
            }
            if !item.withdrawn || shown.contains(&id) {
                items.push(item);
            }
        }
        items.sort_by_key(|item| item.version.sequence());
        let removed = removed.into_iter().map(ItemId::new).collect();
        let next = match full {
            true => Next::Page(PageToken::new(Mark::Since(last).to_string())),
            false => Next::End(Cursor::new(Mark::Since(newest.max(after)).to_string())),
        };
        Ok((Page { items, unread: Vec::new(), removed, formerly: Vec::new(), next }, top))
    }

    fn page_of(&self, conn: &mut Conn, from: &From) -> Result<(Page<R>, i64), StoreError> {
        let mark = |text: &str| text.parse::<Mark>().map_err(|_| StoreError::CursorExpired);
        match from {
            From::Start => {
                let newest = newest(conn)?.max(horizon(conn)?);
                self.list(conn, newest, 0)
            }
            From::Cursor(cursor) => match mark(cursor.as_str())? {
                Mark::Since(after) => self.since(conn, after),
                Mark::List { .. } => Err(StoreError::CursorExpired),
            },
            From::Page(token) => match mark(token.as_str())? {
                Mark::Since(after) => self.since(conn, after),
                Mark::List { mark, after } => {
                    if mark < horizon(conn)? {
                        return Err(StoreError::CursorExpired);
                    }
                    self.list(conn, mark, after)
                }
            },
        }
    }

    /// One item as it is now, if it exists.
    fn item(&self, conn: &mut Conn, id: &str) -> Result<Option<Stored<R>>, StoreError> {
        let mut found = read_items(conn, &self.scope, &[id.to_owned()])?;
        Ok(found.remove(id).map(|(_, stored)| stored))
    }

    fn write_one(
        &self,
        conn: &mut Conn,
        write: &Write<R>,
    ) -> Result<Result<Written<R>, PortError>, StoreError> {
        match write {
            Write::Create { key, record, opaque, stamp, replaces } => {
                self.create(conn, key, record, opaque.as_ref(), *stamp, replaces.as_ref()).map(Ok)
            }
            Write::Update { from, to, opaque, stamp } => {
                self.update(conn, from, (to, opaque.as_ref()), *stamp)
            }
            Write::Delete { from, stamp } => self.delete(conn, from, *stamp),
            Write::Move { from, to, stamp } => self.relocate(conn, from, to, *stamp),
        }
    }

    fn create(
        &self,
        conn: &mut Conn,
        key: &CreateKey,
        record: &R,
        opaque: Option<&Opaque>,
        stamp: EntryId,
        replaces: Option<&ItemId>,
    ) -> Result<Written<R>, StoreError> {
        let existing: Option<String> = passerelle_local_keys::table
            .filter(passerelle_local_keys::kind.eq(R::KIND_NAME))
            .filter(passerelle_local_keys::create_key.eq(key.as_str()))
            .select(passerelle_local_keys::item_id)
            .first(conn)
            .optional()?;
        if let Some(id) = existing {
            let alive = self.item(conn, &id)?;
            return Ok(Written::Exists { id: ItemId::new(id), alive });
        }
        let id = new_ids(conn, 1)?.pop().ok_or(StoreError::Damaged("contacts"))?;
        let leftovers = opaque.map(|opaque| &opaque.0);
        R::insert_new(conn, &self.scope, &[NewRow { id: id.clone(), record, leftovers }])?;
        if let Some(root) = replaces {
            let mut line: Vec<String> = passerelle_local_keys::table
                .filter(passerelle_local_keys::kind.eq(R::KIND_NAME))
                .filter(passerelle_local_keys::lineage.eq(root.as_str()))
                .select(passerelle_local_keys::item_id)
                .load(conn)?;
            line.push(root.to_string());
            R::inherit(conn, &self.scope, &id, &line)?;
        }
        let keys = Keys {
            kind: R::KIND_NAME.to_owned(),
            item_id: id.clone(),
            create_key: Some(key.to_string()),
            made: Some(stamp.to_string()),
            stamp: Some(stamp.to_string()),
            lineage: replaces.map(ToString::to_string),
        };
        diesel::insert_into(passerelle_local_keys::table).values(&keys).execute(conn)?;
        self.answer(conn, &id, stamp)
    }

    fn update(
        &self,
        conn: &mut Conn,
        from: &Stored<R>,
        (to, opaque): (&R, Option<&Opaque>),
        stamp: EntryId,
    ) -> Result<Result<Written<R>, PortError>, StoreError> {
        let id = from.id.as_str();
        let current = match self.current(conn, from)? {
            Ok(current) => current,
            Err(error) => return Ok(Err(error)),
        };
        let (before, after) = (fields(&from.record), fields(to));
        // The rows name their entries anew with every reading.
        let current = current.record.aligned(Some(&from.record), None);
        let mut target = fields(&current);
        for field in before.keys().chain(after.keys()).filter(|field| before.get(field) != after.get(field)) {
            match after.get(field) {
                Some(value) => target.insert(field.clone(), value.clone()),
                None => target.remove(field),
            };
        }
        let target: R = assemble(&target).map_err(|error| StoreError::Refused(error.to_string()))?;
        parked::unnoted(conn, |conn| R::update(conn, &self.scope, id, &current, &target))?;
        if let Some(opaque) = opaque {
            R::set_leftovers(conn, id, Some(&opaque.0))?;
        }
        keep_stamp::<R>(conn, id, stamp)?;
        self.answer(conn, id, stamp).map(Ok)
    }

    /// Brings a row into another collection of its app user, with everything that belongs to it.
    fn relocate(
        &self,
        conn: &mut Conn,
        from: &Stored<R>,
        to: &str,
        stamp: EntryId,
    ) -> Result<Result<Written<R>, PortError>, StoreError> {
        use passerelle_ports::ErrorKind::{NotFound, Unsupported, VersionMismatch};
        if self.scope.calendar.is_none() {
            // There are no other collections of this kind.
            return Ok(Err(PortError::new(Unsupported, "sql.move")));
        }
        let id = from.id.as_str();
        match self.item(conn, id)? {
            None => return Ok(Err(PortError::new(NotFound, "sql.move"))),
            Some(item) if item.version != from.version => {
                return Ok(Err(PortError::new(VersionMismatch, "sql.move")));
            }
            Some(_) => {}
        }
        if !R::relocate(conn, &self.scope, id, to)? {
            return Ok(Err(PortError::new(VersionMismatch, "sql.move")));
        }
        keep_stamp::<R>(conn, id, stamp)?;
        self.answer(conn, id, stamp).map(Ok)
    }

    fn delete(
        &self,
        conn: &mut Conn,
        from: &Stored<R>,
        stamp: EntryId,
    ) -> Result<Result<Written<R>, PortError>, StoreError> {
        let id = from.id.as_str();
        if self.item(conn, id)?.is_some() {
            if let Err(error) = self.current(conn, from)? {
                return Ok(Err(error));
            }
            parked::unnoted(conn, |conn| R::delete(conn, id))?;
        }
        self.note(conn, stamp, id, &Written::Deleted)?;
        Ok(Ok(Written::Deleted))
    }

    /// Reads the item that a write is about, if it is still in the state that the write names.
    fn current(&self, conn: &mut Conn, from: &Stored<R>) -> Result<Result<Stored<R>, PortError>, StoreError> {
        use passerelle_ports::ErrorKind::{NotFound, VersionMismatch};
        Ok(match self.item(conn, from.id.as_str())? {
            None => Err(PortError::new(NotFound, "sql.write")),
            // What the app user no longer sees is not theirs to change; a look tells the engine so.
            Some(item) if item.withdrawn => Err(PortError::new(VersionMismatch, "sql.write")),
            Some(item) if item.version != from.version => Err(PortError::new(VersionMismatch, "sql.write")),
            Some(item) => Ok(item),
        })
    }

    /// Reads back what a write left: the triggers have run by now. Notes it as the entry's outcome.
    fn answer(&self, conn: &mut Conn, id: &str, stamp: EntryId) -> Result<Written<R>, StoreError> {
        let stored = self.item(conn, id)?.ok_or(StoreError::Missing("item"))?;
        let written = Written::Stored(stored);
        self.note(conn, stamp, id, &written)?;
        Ok(written)
    }

    /// Answers once more with what was touched after its write, so that its version is the one that is read later.
    fn answer_anew(
        &self,
        conn: &mut Conn,
        batch: &[Write<R>],
        written: &mut [PortResult<Written<R>>],
    ) -> Result<(), StoreError> {
        for (write, answer) in batch.iter().zip(written) {
            if let Ok(Written::Stored(stored)) = answer {
                let id = stored.id.as_str().to_owned();
                *answer = Ok(self.answer(conn, &id, write.stamp())?);
            }
        }
        Ok(())
    }

    fn note(
        &self,
        conn: &mut Conn,
        entry: EntryId,
        id: &str,
        written: &Written<R>,
    ) -> Result<(), StoreError> {
        let text = to_json(written, "passerelle_outcomes")?;
        diesel::insert_into(passerelle_outcomes::table)
            .values((
                passerelle_outcomes::entry_id.eq(entry.to_string()),
                passerelle_outcomes::kind.eq(R::KIND_NAME),
                passerelle_outcomes::item_id.eq(id),
                passerelle_outcomes::written.eq(&text),
            ))
            .on_conflict(passerelle_outcomes::entry_id)
            .do_update()
            .set(passerelle_outcomes::written.eq(&text))
            .execute(conn)?;
        Ok(())
    }
}

/// Keeps which entry wrote a row last.
fn keep_stamp<R: Collection>(conn: &mut Conn, id: &str, stamp: EntryId) -> QueryResult<()> {
    diesel::insert_into(passerelle_local_keys::table)
        .values(&Keys {
            kind: R::KIND_NAME.to_owned(),
            item_id: id.to_owned(),
            stamp: Some(stamp.to_string()),
            ..Keys::default()
        })
        .on_conflict((passerelle_local_keys::kind, passerelle_local_keys::item_id))
        .do_update()
        .set(passerelle_local_keys::stamp.eq(stamp.to_string()))
        .execute(conn)?;
    Ok(())
}

/// Carries out one write inside the batch's transaction. A write that the schema refuses leaves no trace.
fn apart<R: Collection>(
    replica: &SqlReplica<R>,
    conn: &mut Conn,
    write: &Write<R>,
) -> Result<PortResult<Written<R>>, StoreError> {
    let mut answer = None;
    let done = conn.transaction(|conn| {
        answer = Some(replica.write_one(conn, write)?);
        Ok(())
    });
    match (done, answer) {
        (Ok(()), Some(answer)) => Ok(answer),
        (Err(error @ (StoreError::Refused(_) | StoreError::Damaged(_))), _) => Ok(Err(error.at("sql.write"))),
        (Err(error), _) => Err(error),
        (Ok(()), None) => Err(StoreError::Interrupted),
    }
}

#[async_trait]
impl<R: Collection> Replica<R> for SqlReplica<R> {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            writable: true,
            read_lag: Duration::ZERO,
            // A write whose caller went away ends before `outcome` answers; a killed process writes no more.
            settle: Duration::ZERO,
            batch_max: 200,
            stamps: true,
            one_way: false,
            outcomes: true,
        }
    }

    async fn changes(&self, from: From) -> PortResult<Page<R>> {
        let waits = self.db.read(|conn| Ok(R::waits(conn)?));
        if waits.await.map_err(|error| error.at("sql.changes"))? {
            let write = self.db.write(|conn| Ok(R::settle(conn)?));
            write.await.map_err(|error| error.at("sql.changes"))?;
        }
        let replica = self.clone();
        let read = self.db.read(move |conn| {
            let (page, top) = replica.page_of(conn, &from)?;
            Ok((page, top, R::unserved(conn, &replica.user, top)?))
        });
        let (page, top, unserved) = read.await.map_err(|error| error.at("sql.changes"))?;
        if unserved && top > 0 {
            let user = self.user.clone();
            let write = self.db.write(move |conn| Ok(R::served(conn, &user, top)?));
            write.await.map_err(|error| error.at("sql.changes"))?;
        }
        Ok(page)
    }

    async fn peek(&self, from: From) -> PortResult<Page<R>> {
        let replica = self.clone();
        let read = self.db.read(move |conn| Ok(replica.page_of(conn, &from)?.0));
        read.await.map_err(|error| error.at("sql.peek"))
    }

    async fn fetch(&self, ids: &[ItemId]) -> PortResult<Vec<Option<Stored<R>>>> {
        let replica = self.clone();
        let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
        let read = self.db.read(move |conn| {
            let found = read_items(conn, &replica.scope, &ids)?;
            Ok(ids.iter().map(|id| found.get(id).map(|(_, stored)| stored.clone())).collect())
        });
        read.await.map_err(|error| error.at("sql.fetch"))
    }

    async fn left_before(&self, gone: &[ItemId]) -> PortResult<BTreeMap<ItemId, Option<String>>> {
        let (scope, ids) = (self.scope.clone(), gone.iter().map(ToString::to_string).collect::<Vec<_>>());
        let read = self.db.read(move |conn| Ok(R::left_before(conn, &scope, &ids)?));
        let left = read.await.map_err(|error| error.at("sql.left_before"))?;
        Ok(left.into_iter().map(|(id, home)| (ItemId::new(id), home)).collect())
    }

    async fn own(&self, ids: &[ItemId]) -> PortResult<BTreeSet<ItemId>> {
        let (scope, ids) = (self.scope.clone(), ids.iter().map(ToString::to_string).collect::<Vec<_>>());
        let read = self.db.read(move |conn| Ok(R::own(conn, &scope, &ids)?));
        let own = read.await.map_err(|error| error.at("sql.own"))?;
        Ok(own.into_iter().map(ItemId::new).collect())
    }

    async fn relabel(&self, all: &[Relabelling]) -> PortResult<()> {
        let all = all.to_vec();
        let write = self.db.write(move |conn| Ok(R::relabel(conn, &all)?));
        write.await.map_err(|error| error.at("sql.relabel"))
    }

    async fn labels(&self) -> PortResult<Vec<Label>> {
        self.db.read(move |conn| Ok(R::shared_names(conn)?)).await.map_err(|error| error.at("sql.labels"))
    }

    async fn rename_labels(&self, all: &[Label]) -> PortResult<()> {
        let all = all.to_vec();
        let write = self.db.write(move |conn| Ok(R::rename_shared(conn, &all)?));
        write.await.map_err(|error| error.at("sql.rename_labels"))
    }

    async fn write(&self, batch: &[Write<R>]) -> PortResult<Vec<PortResult<Written<R>>>> {
        let replica = self.clone();
        let batch = batch.to_vec();
        let write = self.db.write(move |conn| {
            let renames = R::renames(conn, &batch)?;
            let mut written: Vec<_> =
                batch.iter().map(|write| apart(&replica, conn, write)).collect::<Result<_, _>>()?;
            if !renames.is_empty() {
                R::rename(conn, &renames)?;
                replica.answer_anew(conn, &batch, &mut written)?;
            }
            Ok(written)
        });
        write.await.map_err(|error| error.at("sql.write"))
    }

    async fn outcome(&self, entries: &[EntryId]) -> PortResult<Vec<Option<Written<R>>>> {
        self.db.quiet().await;
        let names: Vec<String> = entries.iter().map(ToString::to_string).collect();
        let read = self.db.read(move |conn| {
            let mut found: BTreeMap<String, String> = BTreeMap::new();
            for some in names.chunks(MOST_NAMES) {
                let rows: Vec<(String, String)> = passerelle_outcomes::table
                    .filter(passerelle_outcomes::entry_id.eq_any(some))
                    .filter(passerelle_outcomes::kind.eq(R::KIND_NAME))
                    .select((passerelle_outcomes::entry_id, passerelle_outcomes::written))
                    .load(conn)?;
                found.extend(rows);
            }
            let written = |text: &String| from_json(text, "passerelle_outcomes");
            names.iter().map(|name| found.get(name).map(written).transpose()).collect()
        });
        read.await.map_err(|error| error.at("sql.outcome"))
    }
}
