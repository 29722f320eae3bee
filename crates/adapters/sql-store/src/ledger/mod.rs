//! The ledger in the company's database, under its own prefix.

mod commit;
mod purge;
mod read;
mod rows;

use std::marker::PhantomData;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use passerelle_ports::{
    Changes, Counts, EntriesOf, Entry, Find, Half, ItemId, LastCopy, Lease, Ledger, Link, LinkId, Look,
    MatchKey, PairId, PairState, PortResult, Record, Run, RunId, RunKind, Side, Slice, Stranger, Value,
};

use self::rows::stamp;
pub(crate) use self::{
    commit::refill_keys,
    rows::{ENTRY_WIDTH, entry_row, from_json, numbered, to_json},
};
use crate::{
    Store, StoreError,
    db::Db,
    dialect::Conn,
    schema::{passerelle_leases as leases, passerelle_runs as runs},
};

/// What the engine keeps between runs, for all pairs of one kind of record.
pub struct SqlLedger<R> {
    db: Db,
    kind: PhantomData<fn() -> R>,
}

impl<R> Clone for SqlLedger<R> {
    fn clone(&self) -> Self {
        SqlLedger { db: self.db.clone(), kind: PhantomData }
    }
}

impl Store {
    /// Returns the ledger of one kind of record.
    #[must_use]
    pub fn ledger<R: Record>(&self) -> SqlLedger<R> {
        SqlLedger { db: self.db.clone(), kind: PhantomData }
    }

    /// Forgets deletions in the change log that every pair has read. A cursor older than that is
    /// answered with `CursorExpired`. Returns how many rows went.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub async fn prune_changes(&self) -> Result<u64, StoreError> {
        self.db.write(purge::prune_changes).await
    }
}

impl<R: Record> SqlLedger<R> {
    async fn read<T: Send + 'static>(
        &self,
        operation: &'static str,
        f: impl FnOnce(&mut Conn) -> Result<T, StoreError> + Send + 'static,
    ) -> PortResult<T> {
        self.db.read(f).await.map_err(|error| error.at(operation))
    }

    async fn write<T: Send + 'static>(
        &self,
        operation: &'static str,
        f: impl FnOnce(&mut Conn) -> Result<T, StoreError> + Send + 'static,
    ) -> PortResult<T> {
        let result = self.db.write(f).await;
        result.map_err(|error| match error {
            // What the schema refuses here is no record of the company's: it is a bug.
            StoreError::Refused(_) => StoreError::Damaged("the ledger").at(operation),
            error => error.at(operation),
        })
    }
}

fn take_lease(conn: &mut Conn, lease: &Lease, now: DateTime<Utc>) -> Result<bool, StoreError> {
    let holder = lease.holder.simple().to_string();
    let until = stamp(lease.until);
    let held = leases::table.find(lease.pair.as_str());
    let ours = held.filter(leases::holder.eq(&holder).or(leases::until.le(stamp(now))));
    if diesel::update(ours).set((leases::holder.eq(&holder), leases::until.eq(until))).execute(conn)? > 0 {
        return Ok(true);
    }
    let row = (leases::pair.eq(lease.pair.as_str()), leases::holder.eq(&holder), leases::until.eq(until));
    Ok(diesel::insert_into(leases::table).values(row).on_conflict_do_nothing().execute(conn)? > 0)
}

fn begin(
    conn: &mut Conn,
    kind: &str,
    pair: &PairId,
    purpose: RunKind,
    now: DateTime<Utc>,
) -> Result<RunId, StoreError> {
    let id: i64 = diesel::insert_into(runs::table)
        .values((
            runs::kind.eq(kind),
            runs::pair.eq(pair.as_str()),
            runs::purpose.eq(to_json(&purpose, "passerelle_runs")?),
            runs::started.eq(stamp(now)),
            runs::summary.eq("null"),
        ))
        .returning(runs::id)
        .get_result(conn)?;
    Ok(RunId(id))
}

#[async_trait]
impl<R: Record> Ledger<R> for SqlLedger<R> {
    async fn lease(&self, lease: &Lease, now: DateTime<Utc>) -> PortResult<bool> {
        let lease = lease.clone();
        self.write("ledger.lease", move |conn| take_lease(conn, &lease, now)).await
    }

    async fn release(&self, lease: &Lease) -> PortResult<()> {
        let lease = lease.clone();
        let release = self.write("ledger.release", move |conn| {
            let ours = leases::table.find(lease.pair.as_str());
            diesel::delete(ours.filter(leases::holder.eq(lease.holder.simple().to_string())))
                .execute(conn)?;
            Ok(())
        });
        release.await
    }

    async fn begin_run(&self, pair: &PairId, kind: RunKind, now: DateTime<Utc>) -> PortResult<RunId> {
        let pair = pair.clone();
        self.write("ledger.begin_run", move |conn| begin(conn, R::KIND.as_str(), &pair, kind, now)).await
    }

    async fn finish_run(&self, run: RunId, now: DateTime<Utc>, summary: &Value) -> PortResult<()> {
        let summary = numbered(summary.to_string());
        let finish = self.write("ledger.finish_run", move |conn| {
            diesel::update(runs::table.find(run.0))
                .set((runs::finished.eq(stamp(now)), runs::summary.eq(summary)))
                .execute(conn)?;
            Ok(())
        });
        finish.await
    }

    async fn commit(&self, lease: &Lease, changes: Changes<R>) -> PortResult<()> {
        let lease = lease.clone();
        self.write("ledger.commit", move |conn| commit::commit(conn, &lease, &changes)).await
    }

    async fn hand_over(
        &self,
        from: &Lease,
        links: Vec<LinkId>,
        to: &Lease,
        changes: Changes<R>,
    ) -> PortResult<()> {
        let (from, to) = (from.clone(), to.clone());
        let hand = move |conn: &mut Conn| commit::hand_over(conn, &from, &links, &to, &changes);
        self.write("ledger.hand_over", hand).await
    }

    async fn pair_state(&self, pair: &PairId) -> PortResult<PairState> {
        let pair = pair.clone();
        self.read("ledger.pair_state", move |conn| read::pair_state(conn, &pair)).await
    }

    async fn counts(&self, pair: &PairId) -> PortResult<Counts> {
        let pair = pair.clone();
        self.read("ledger.counts", move |conn| read::counts(conn, &pair)).await
    }

    async fn find(&self, pair: &PairId, find: &Find) -> PortResult<Vec<Link<R>>> {
        let (pair, find) = (pair.clone(), find.clone());
        self.read("ledger.find", move |conn| read::find(conn, &pair, &find)).await
    }

    async fn due(&self, pair: &PairId, after: Option<LinkId>, limit: u64) -> PortResult<Vec<LinkId>> {
        let pair = pair.clone();
        self.read("ledger.due", move |conn| read::due(conn, &pair, after, limit)).await
    }

    async fn strangers(&self, pair: &PairId, side: Side, items: &[ItemId]) -> PortResult<Vec<Stranger>> {
        let (pair, items) = (pair.clone(), items.to_vec());
        self.read("ledger.strangers", move |conn| read::strangers(conn, &pair, side, &items)).await
    }

    async fn looks(
        &self,
        pair: &PairId,
        side: Side,
        after: Option<&ItemId>,
        limit: u64,
    ) -> PortResult<Vec<Look>> {
        let pair = pair.clone();
        let after = after.map(ToString::to_string).unwrap_or_default();
        self.read("ledger.looks", move |conn| read::looks(conn, &pair, side, &after, limit)).await
    }

    async fn open_entries(&self, pair: &PairId) -> PortResult<Vec<Entry<R>>> {
        let pair = pair.clone();
        self.read("ledger.open_entries", move |conn| read::open_entries(conn, &pair)).await
    }

    async fn due_halves(&self, pair: &PairId, after: Option<LinkId>, limit: u64) -> PortResult<Vec<Half>> {
        let pair = pair.clone();
        self.read("ledger.due_halves", move |conn| read::due_halves(conn, &pair, after, limit)).await
    }

    async fn halves_sharing(&self, pair: &PairId, keys: &[MatchKey]) -> PortResult<Vec<Half>> {
        let (pair, keys) = (pair.clone(), keys.to_vec());
        self.read("ledger.halves_sharing", move |conn| read::halves_sharing(conn, &pair, &keys)).await
    }

    async fn alive_sharing(&self, pair: &PairId, side: Side, keys: &[MatchKey]) -> PortResult<Vec<LinkId>> {
        let (pair, keys) = (pair.clone(), keys.to_vec());
        self.read("ledger.alive_sharing", move |conn| read::alive_sharing(conn, &pair, side, &keys)).await
    }

    async fn last_copies(&self, items: &[ItemId]) -> PortResult<Vec<LastCopy<R>>> {
        let items = items.to_vec();
        self.read("ledger.last_copies", move |conn| read::last_copies(conn, &items)).await
    }

    async fn attention(&self, pair: &PairId, after: Option<LinkId>, limit: u64) -> PortResult<Vec<Link<R>>> {
        let pair = pair.clone();
        self.read("ledger.attention", move |conn| read::attention(conn, &pair, after, limit)).await
    }

    async fn alone(&self, pair: &PairId, after: Option<LinkId>, limit: u64) -> PortResult<Vec<Link<R>>> {
        let pair = pair.clone();
        self.read("ledger.alone", move |conn| read::alone(conn, &pair, after, limit)).await
    }

    async fn lacking(&self, pair: &PairId, after: Option<LinkId>, limit: u64) -> PortResult<Vec<Link<R>>> {
        let pair = pair.clone();
        self.read("ledger.lacking", move |conn| read::lacking(conn, &pair, after, limit)).await
    }

    async fn entries(&self, of: &EntriesOf, slice: Slice) -> PortResult<Vec<Entry<R>>> {
        let of = of.clone();
        self.read("ledger.entries", move |conn| read::entries(conn, &of, slice)).await
    }

    async fn runs(&self, pair: Option<&PairId>, slice: Slice) -> PortResult<Vec<Run>> {
        let pair = pair.cloned();
        self.read("ledger.runs", move |conn| read::runs(conn, R::KIND.as_str(), pair.as_ref(), slice)).await
    }

    async fn run(&self, run: RunId) -> PortResult<Option<Run>> {
        self.read("ledger.run", move |conn| read::run(conn, R::KIND.as_str(), run)).await
    }

    async fn purge(&self, before: DateTime<Utc>) -> PortResult<u64> {
        self.write("ledger.purge", move |conn| purge::purge(conn, R::KIND, before)).await
    }

    async fn erase_pair(&self, pair: &PairId) -> PortResult<()> {
        let pair = pair.clone();
        self.write("ledger.erase_pair", move |conn| purge::erase_pair(conn, &pair)).await
    }
}
