//! A ledger with faults: it may fail, and the process may end, before and after each transaction.

use std::{future, sync::Arc};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use passerelle_ports::{
    Changes, Counts, EntriesOf, Entry, Find, Half, ItemId, LastCopy, Lease, Ledger, Link, LinkId, Look,
    MatchKey, PairId, PairState, PortError, PortResult, Record, Run, RunId, RunKind, Side, Slice, Stranger,
    Value,
};

use crate::faults::{Call, Fate, Fates};

/// A ledger with faults.
pub struct FaultyLedger<R: Record> {
    inner: Arc<dyn Ledger<R>>,
    fates: Arc<dyn Fates>,
}

impl<R: Record> FaultyLedger<R> {
    /// Lays fates over a ledger; only transactions have one.
    #[must_use]
    pub fn new(inner: Arc<dyn Ledger<R>>, fates: Arc<dyn Fates>) -> Self {
        FaultyLedger { inner, fates }
    }
}

#[async_trait]
impl<R: Record> Ledger<R> for FaultyLedger<R> {
    async fn lease(&self, lease: &Lease, now: DateTime<Utc>) -> PortResult<bool> {
        self.inner.lease(lease, now).await
    }
    async fn release(&self, lease: &Lease) -> PortResult<()> {
        self.inner.release(lease).await
    }
    async fn begin_run(&self, pair: &PairId, kind: RunKind, now: DateTime<Utc>) -> PortResult<RunId> {
        self.inner.begin_run(pair, kind, now).await
    }
    async fn finish_run(&self, run: RunId, now: DateTime<Utc>, summary: &Value) -> PortResult<()> {
        self.inner.finish_run(run, now, summary).await
    }
    async fn commit(&self, lease: &Lease, changes: Changes<R>) -> PortResult<()> {
        match self.fates.fate(Call::Commit) {
            Fate::CrashBefore => future::pending().await,
            Fate::FailBefore(kind) => Err(PortError::new(kind, "fault.commit")),
            Fate::CrashAfter => {
                self.inner.commit(lease, changes).await?;
                future::pending().await
            }
            _ => self.inner.commit(lease, changes).await,
        }
    }
    async fn hand_over(
        &self,
        from: &Lease,
        links: Vec<LinkId>,
        to: &Lease,
        changes: Changes<R>,
    ) -> PortResult<()> {
        match self.fates.fate(Call::Commit) {
            Fate::CrashBefore => future::pending().await,
            Fate::FailBefore(kind) => Err(PortError::new(kind, "fault.commit")),
            Fate::CrashAfter => {
                self.inner.hand_over(from, links, to, changes).await?;
                future::pending().await
            }
            _ => self.inner.hand_over(from, links, to, changes).await,
        }
    }
    async fn pair_state(&self, pair: &PairId) -> PortResult<PairState> {
        self.inner.pair_state(pair).await
    }
    async fn counts(&self, pair: &PairId) -> PortResult<Counts> {
        self.inner.counts(pair).await
    }
    async fn find(&self, pair: &PairId, find: &Find) -> PortResult<Vec<Link<R>>> {
        self.inner.find(pair, find).await
    }
    async fn due(&self, pair: &PairId, after: Option<LinkId>, limit: u64) -> PortResult<Vec<LinkId>> {
        self.inner.due(pair, after, limit).await
    }
    async fn strangers(&self, pair: &PairId, side: Side, items: &[ItemId]) -> PortResult<Vec<Stranger>> {
        self.inner.strangers(pair, side, items).await
    }
    async fn looks(
        &self,
        pair: &PairId,
        side: Side,
        after: Option<&ItemId>,
        limit: u64,
    ) -> PortResult<Vec<Look>> {
        self.inner.looks(pair, side, after, limit).await
    }
    async fn open_entries(&self, pair: &PairId) -> PortResult<Vec<Entry<R>>> {
        self.inner.open_entries(pair).await
    }
    async fn due_halves(&self, pair: &PairId, after: Option<LinkId>, limit: u64) -> PortResult<Vec<Half>> {
        self.inner.due_halves(pair, after, limit).await
    }
    async fn halves_sharing(&self, pair: &PairId, keys: &[MatchKey]) -> PortResult<Vec<Half>> {
        self.inner.halves_sharing(pair, keys).await
    }
    async fn alive_sharing(&self, pair: &PairId, side: Side, keys: &[MatchKey]) -> PortResult<Vec<LinkId>> {
        self.inner.alive_sharing(pair, side, keys).await
    }
    async fn last_copies(&self, items: &[ItemId]) -> PortResult<Vec<LastCopy<R>>> {
        self.inner.last_copies(items).await
    }
    async fn attention(&self, pair: &PairId, after: Option<LinkId>, limit: u64) -> PortResult<Vec<Link<R>>> {
        self.inner.attention(pair, after, limit).await
    }
    async fn alone(&self, pair: &PairId, after: Option<LinkId>, limit: u64) -> PortResult<Vec<Link<R>>> {
        self.inner.alone(pair, after, limit).await
    }
    async fn lacking(&self, pair: &PairId, after: Option<LinkId>, limit: u64) -> PortResult<Vec<Link<R>>> {
        self.inner.lacking(pair, after, limit).await
    }
    async fn entries(&self, of: &EntriesOf, slice: Slice) -> PortResult<Vec<Entry<R>>> {
        self.inner.entries(of, slice).await
    }
    async fn runs(&self, pair: Option<&PairId>, slice: Slice) -> PortResult<Vec<Run>> {
        self.inner.runs(pair, slice).await
    }
    async fn run(&self, run: RunId) -> PortResult<Option<Run>> {
        self.inner.run(run).await
    }
    async fn purge(&self, before: DateTime<Utc>) -> PortResult<u64> {
        self.inner.purge(before).await
    }
    async fn erase_pair(&self, pair: &PairId) -> PortResult<()> {
        self.inner.erase_pair(pair).await
    }
}
