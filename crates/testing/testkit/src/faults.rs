//! Faults laid over any replica: each call has a fate.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    future,
    sync::{Arc, Mutex, PoisonError},
};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use passerelle_ports::{
    Capabilities, EntryId, ErrorKind, From, ItemId, Label, Opaque, Page, PortError, PortResult, Record,
    Relabelling, Replica, Stored, Write, Written,
};

/// A call about to be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    /// A page of a listing.
    Changes,
    /// A fetch of so many items.
    Fetch(usize),
    /// A batch of so many writes.
    Write(usize),
    /// A question for so many outcomes.
    Outcome(usize),
    /// A transaction of the ledger.
    Commit,
}

/// What happens to a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It goes through.
    Go,
    /// It fails, and nothing was done.
    FailBefore(ErrorKind),
    /// It is done, and the answer is lost.
    FailAfter(ErrorKind),
    /// The writes of a batch have fates of their own.
    Partly {
        /// What happens to each write; the rest is done.
        each: Vec<WriteFate>,
        /// The whole answer is lost too.
        lost: bool,
    },
    /// The process ends before the call.
    CrashBefore,
    /// The process ends after the call, before the answer.
    CrashAfter,
}

/// What happens to one write of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WriteFate {
    /// It is done.
    Done,
    /// It is done, and its answer is lost.
    Lost,
    /// It is not done, or not yet; nobody says so.
    NotDone,
}

/// Who decides on fates, call by call.
pub trait Fates: Send + Sync {
    /// Returns the fate of a call; people may act, and time may pass, meanwhile.
    fn fate(&self, call: Call) -> Fate;
}

/// The fates of the next calls, in order; once they are used up, all goes well.
#[derive(Debug, Default)]
pub struct Script(Mutex<VecDeque<Fate>>);

impl Script {
    /// Makes a script.
    pub fn new(fates: impl IntoIterator<Item = Fate>) -> Self {
        Script(Mutex::new(fates.into_iter().collect()))
    }

    /// Lets so many calls go through, then applies a fate.
    #[must_use]
    pub fn at(call: usize, fate: Fate) -> Self {
        let mut fates = vec![Fate::Go; call];
        fates.push(fate);
        Script::new(fates)
    }
}

impl Fates for Script {
    fn fate(&self, _call: Call) -> Fate {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop_front().unwrap_or(Fate::Go)
    }
}

/// A replica with faults.
pub struct Faulty<R: Record> {
    inner: Arc<dyn Replica<R>>,
    fates: Arc<dyn Fates>,
}

impl<R: Record> Faulty<R> {
    /// Lays fates over a replica.
    #[must_use]
    pub fn new(inner: Arc<dyn Replica<R>>, fates: Arc<dyn Fates>) -> Self {
        Faulty { inner, fates }
    }

    async fn before(&self, call: Call) -> PortResult<Fate> {
        match self.fates.fate(call) {
            Fate::FailBefore(kind) => Err(PortError::new(kind, "fault.before")),
            Fate::CrashBefore => future::pending().await,
            fate => Ok(fate),
        }
    }

    async fn after<T>(&self, fate: Fate, answer: T) -> PortResult<T> {
        match fate {
            Fate::FailAfter(kind) => Err(PortError::new(kind, "fault.after")),
            Fate::CrashAfter => future::pending().await,
            _ => Ok(answer),
        }
    }

    async fn write_partly(
        &self,
        batch: &[Write<R>],
        each: &[WriteFate],
        lost: bool,
    ) -> PortResult<Vec<PortResult<Written<R>>>> {
        let mut results = Vec::new();
        for (index, write) in batch.iter().enumerate() {
            let unknown = || Err(PortError::new(ErrorKind::Unavailable, "fault.item"));
            let fate = each.get(index).copied().unwrap_or(WriteFate::Done);
            let mut result = unknown();
            if fate != WriteFate::NotDone {
                result = self.inner.write(std::slice::from_ref(write)).await?.pop().unwrap_or_else(unknown);
            }
            results.push(if fate == WriteFate::Done { result } else { unknown() });
        }
        if lost { Err(PortError::new(ErrorKind::Unavailable, "fault.batch")) } else { Ok(results) }
    }
}

#[async_trait]
impl<R: Record> Replica<R> for Faulty<R> {
    async fn own(&self, ids: &[ItemId]) -> PortResult<BTreeSet<ItemId>> {
        self.inner.own(ids).await
    }

    fn capabilities(&self) -> Capabilities {
        self.inner.capabilities()
    }

    fn forbids(&self, from: Option<&Stored<R>>, to: Option<&R>) -> Option<PortError> {
        self.inner.forbids(from, to)
    }

    fn forbids_again(&self, known: &Stored<R>) -> Option<PortError> {
        self.inner.forbids_again(known)
    }

    fn not_carried(&self) -> Option<BTreeMap<String, u64>> {
        self.inner.not_carried()
    }

    fn carried_along(&self, known: &Opaque) -> Opaque {
        self.inner.carried_along(known)
    }

    fn tells_others(&self, known: &Stored<R>) -> bool {
        self.inner.tells_others(known)
    }

    fn clock(&self) -> Option<DateTime<Utc>> {
        self.inner.clock()
    }

    async fn changes(&self, from: From) -> PortResult<Page<R>> {
        let fate = self.before(Call::Changes).await?;
        let answer = self.inner.changes(from).await?;
        self.after(fate, answer).await
    }

    async fn peek(&self, from: From) -> PortResult<Page<R>> {
        let fate = self.before(Call::Changes).await?;
        let answer = self.inner.peek(from).await?;
        self.after(fate, answer).await
    }

    async fn recall(&self, known: &Stored<R>, read: Stored<R>) -> PortResult<Stored<R>> {
        self.inner.recall(known, read).await
    }

    async fn left_before(&self, gone: &[ItemId]) -> PortResult<BTreeMap<ItemId, Option<String>>> {
        self.inner.left_before(gone).await
    }

    async fn fetch(&self, ids: &[ItemId]) -> PortResult<Vec<Option<Stored<R>>>> {
        let fate = self.before(Call::Fetch(ids.len())).await?;
        let answer = self.inner.fetch(ids).await?;
        self.after(fate, answer).await
    }

    async fn fetch_each(&self, ids: &[ItemId]) -> PortResult<Vec<PortResult<Option<Stored<R>>>>> {
        let fate = self.before(Call::Fetch(ids.len())).await?;
        let answer = self.inner.fetch_each(ids).await?;
        self.after(fate, answer).await
    }

    async fn relabel(&self, all: &[Relabelling]) -> PortResult<()> {
        self.inner.relabel(all).await
    }

    async fn labels(&self) -> PortResult<Vec<Label>> {
        self.inner.labels().await
    }

    async fn rename_labels(&self, all: &[Label]) -> PortResult<()> {
        self.inner.rename_labels(all).await
    }

    async fn write(&self, batch: &[Write<R>]) -> PortResult<Vec<PortResult<Written<R>>>> {
        let fate = self.before(Call::Write(batch.len())).await?;
        if let Fate::Partly { each, lost } = fate {
            return self.write_partly(batch, &each, lost).await;
        }
        let answer = self.inner.write(batch).await?;
        self.after(fate, answer).await
    }

    async fn outcome(&self, entries: &[EntryId]) -> PortResult<Vec<Option<Written<R>>>> {
        let fate = self.before(Call::Outcome(entries.len())).await?;
        let answer = self.inner.outcome(entries).await?;
        self.after(fate, answer).await
    }
}

/// Polls a future once: `None` means that it waits for ever, which is how a crash looks from outside.
///
/// Fakes never wait, so one poll is all that a future over fakes needs.
pub fn finish<T>(future: impl Future<Output = T>) -> Option<T> {
    let mut future = std::pin::pin!(future);
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match future.as_mut().poll(&mut context) {
        std::task::Poll::Ready(value) => Some(value),
        std::task::Poll::Pending => None,
    }
}
