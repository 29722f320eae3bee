//! One run: its lease, its open entries, its report, and the ways in which it can end.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use chrono::{DateTime, TimeDelta, Utc};
use passerelle_ports::{
    Capabilities, Changes, CreateKey, Entry, ErrorKind, ItemId, Lease, LinkId, Outcome, PairId, PortError,
    Record, Replica, RunId, RunKind, Side, Sides, Stored,
};
use passerelle_sync_rules::{Plan, Relocation, Rules};
use serde_json::json;

use crate::{
    engine::{Engine, EngineError, Phase, Progress},
    labels::Renames,
    report::{PlanReport, RunReport, Stopped},
};

/// Why a run does not go on.
pub(crate) enum Stop {
    /// A replica did not do what was asked: the run ends early, and the next one goes on.
    Early(Stopped),
    /// There is no report.
    Failed(EngineError),
}

pub(crate) type Flow<T> = Result<T, Stop>;

/// One run of one pair.
pub(crate) struct Session<'a, R: Record> {
    pub(crate) engine: &'a Engine<R>,
    pub(crate) run: RunId,
    pub(crate) report: RunReport,
    /// The open entries of the pair, as the ledger has them.
    pub(crate) open: Vec<Entry<R>>,
    /// When the observation began.
    pub(crate) observed_from: DateTime<Utc>,
    /// Whether this run changed any link.
    pub(crate) touched: bool,
    /// Which sides are listed as a whole: what such a listing does not meet is looked for.
    pub(crate) whole: Sides<bool>,
    /// Whether the rules were changed, and nobody has seen yet what that does.
    pub(crate) rules_pending: bool,
    /// Halves by the key that their first create would have; read once, when a keyed stranger turns up.
    pub(crate) awaited: Sides<Option<BTreeMap<CreateKey, LinkId>>>,
    /// Items that were answered in an older state than what is known of them: a later run fetches them again.
    pub(crate) doubted: Sides<BTreeSet<ItemId>>,
    /// Whether a side has an item that no link knows and whose newest state was not read yet: it may be the other half
    /// of any record, so that nothing is created on that side meanwhile.
    pub(crate) unread: Sides<bool>,
    /// Items that no link knows and that the listing of everything under way has not shown yet.
    pub(crate) unmet: Sides<BTreeSet<ItemId>>,
    /// What listings showed of items that are to be fetched by name.
    pub(crate) listed: Sides<BTreeMap<ItemId, Stored<R>>>,
    /// Halves whose other half may be an item that is known and was not read anew yet: nothing is created for them.
    pub(crate) awaiting: BTreeSet<LinkId>,
    /// Items that could not be read: when the newest of them turned up.
    pub(crate) hidden: Sides<Option<DateTime<Utc>>>,
    /// Links whose last write failed without a word: each is written by itself, so that it holds up no other.
    pub(crate) suspects: BTreeSet<LinkId>,
    /// How many writes failed in a row at a replica that did nothing else.
    pub(crate) trouble: u32,
    /// How many single writes were answered with something that makes no sense.
    pub(crate) nonsense: u32,
    /// What becomes of the links at hand whose items are not both where they were.
    pub(crate) ways: BTreeMap<LinkId, Relocation>,
    /// Which of the links at hand are left to a pair beside this one, which has their records whole.
    pub(crate) left: BTreeSet<LinkId>,
    /// What is said of links whose guests would be invited again.
    pub(crate) invited: BTreeMap<LinkId, PortError>,
    /// Whether items are gone from a collection that is no longer kept in step, as far as this run asked.
    pub(crate) there: BTreeMap<(PairId, ItemId), bool>,
    /// What becomes of labels that got another name.
    pub(crate) renames: Renames,
    progress: &'a dyn Progress,
}

impl<'a, R: Record> Session<'a, R> {
    /// Takes the lease and opens the run.
    pub(crate) async fn begin(
        engine: &'a Engine<R>,
        kind: RunKind,
        progress: &'a dyn Progress,
    ) -> Result<Session<'a, R>, EngineError> {
        let now = engine.clock.now();
        engine.take_lease().await?;
        let pair = &engine.settings.pair;
        let opened = async {
            let run = engine.ledger.begin_run(pair, kind, now).await?;
            Ok::<_, PortError>((run, engine.ledger.open_entries(pair).await?))
        };
        match opened.await {
            Ok((run, open)) => {
                let session = Session {
                    engine,
                    run,
                    report: RunReport::new(run, pair.clone(), kind, now),
                    open,
                    observed_from: now,
                    touched: false,
                    whole: Sides { local: false, remote: false },
                    rules_pending: false,
                    awaited: Sides { local: None, remote: None },
                    doubted: Sides::default(),
                    unread: Sides::default(),
                    unmet: Sides::default(),
                    listed: Sides { local: BTreeMap::new(), remote: BTreeMap::new() },
                    awaiting: BTreeSet::new(),
                    hidden: Sides { local: None, remote: None },
                    suspects: BTreeSet::new(),
                    trouble: 0,
                    nonsense: 0,
                    ways: BTreeMap::new(),
                    left: BTreeSet::new(),
                    invited: BTreeMap::new(),
                    there: BTreeMap::new(),
                    renames: Renames::default(),
                    progress,
                };
                Ok(session)
            }
            Err(error) => {
                engine.give_lease_back().await;
                Err(EngineError::ledger(error))
            }
        }
    }

    /// Closes the run and gives the lease back, whatever came before.
    pub(crate) async fn finish(mut self, outcome: Flow<()>) -> Result<RunReport, EngineError> {
        let failed = match outcome {
            Ok(()) => None,
            Err(Stop::Early(stopped)) => {
                self.report.stopped = Some(stopped);
                None
            }
            Err(Stop::Failed(error)) => Some(error),
        };
        let closed = self.close(failed.is_some()).await;
        self.engine.give_lease_back().await;
        match failed {
            Some(error) => Err(error),
            None => closed.map(|()| self.report),
        }
    }

    /// As [`Session::finish`], for a dry run.
    pub(crate) async fn finish_plan(self, outcome: Flow<Plan>) -> Result<PlanReport, EngineError> {
        let pair = self.engine.settings.pair.clone();
        let (plan, outcome) = match outcome {
            Ok(plan) => (plan, Ok(())),
            Err(stop) => (Plan::new(pair, Vec::new(), self.report.planned.clone()), Err(stop)),
        };
        let report = self.finish(outcome).await?;
        Ok(PlanReport { plan, report })
    }

    async fn close(&mut self, failed: bool) -> Result<(), EngineError> {
        let ledger = &self.engine.ledger;
        let now = self.engine.clock.now();
        self.report.finished = Some(now);
        self.report.unknown = self.open.len() as u64;
        if self.touched && !failed {
            let counts = ledger.counts(&self.engine.settings.pair).await.map_err(EngineError::ledger)?;
            self.report.counts = Some(counts);
        }
        let summary = if failed { json!({ "failed": true }) } else { json!(self.report) };
        ledger.finish_run(self.run, now, &summary).await.map_err(EngineError::ledger)?;
        let (local, remote) = (&self.report.written.local, &self.report.written.remote);
        tracing::info!(
            run.id = self.run.0,
            pair = %self.engine.settings.pair,
            local_writes = local.total(),
            remote_writes = remote.total(),
            refused = self.report.refused.is_some(),
            stopped = self.report.stopped.as_ref().map(|stopped| format!("{:?}", stopped.kind)),
            failed,
            duration_ms = (now - self.report.started).num_milliseconds(),
            "run ended"
        );
        Ok(())
    }

    pub(crate) fn pair(&self) -> &'a PairId {
        &self.engine.settings.pair
    }

    pub(crate) fn rules(&self) -> &'a Rules {
        &self.engine.settings.rules
    }

    pub(crate) fn chunk(&self) -> u64 {
        self.engine.settings.chunk.max(1)
    }

    pub(crate) fn replica(&self, side: Side) -> &'a Arc<dyn Replica<R>> {
        &self.engine.replicas[side]
    }

    pub(crate) fn capabilities(&self, side: Side) -> Capabilities {
        self.replica(side).capabilities()
    }

    pub(crate) fn step(&self, done: u64, total: u64, phase: Phase) {
        self.progress.step(done, total, phase);
    }

    pub(crate) fn new_link(&self) -> LinkId {
        LinkId(self.engine.ids.uuid())
    }

    pub(crate) fn is_blocked(&self, link: LinkId) -> bool {
        self.open.iter().any(|entry| entry.link == link)
    }

    /// Tells whether a write opened then is settled for an observation that began when this run's did.
    pub(crate) fn is_settled(&self, entry: &Entry<R>) -> bool {
        let settle = TimeDelta::from_std(self.capabilities(entry.side).settle).unwrap_or(TimeDelta::MAX);
        entry.opened.checked_add_signed(settle).is_some_and(|settled| self.observed_from > settled)
    }

    /// Carries out one transaction.
    pub(crate) async fn commit(&mut self, changes: Changes<R>) -> Flow<()> {
        if changes.is_empty() {
            return Ok(());
        }
        let touched = !changes.links.is_empty() || !changes.forget.is_empty() || changes.rules.is_some();
        let opened = changes.open.clone();
        let closed: Vec<_> = changes.close.iter().map(|(id, _)| *id).collect();
        self.engine.commit(changes).await?;
        self.touched |= touched;
        self.open.retain(|entry| !closed.contains(&entry.id));
        self.open.extend(opened.into_iter().filter(|entry| matches!(entry.outcome, Outcome::Open)));
        Ok(())
    }
}

impl<R: Record> Engine<R> {
    pub(crate) fn lease(&self) -> Lease {
        let ttl = TimeDelta::from_std(self.settings.lease).unwrap_or(TimeDelta::MAX);
        let now = self.clock.now();
        Lease {
            pair: self.settings.pair.clone(),
            holder: self.settings.holder,
            until: now.checked_add_signed(ttl).unwrap_or(now),
        }
    }

    pub(crate) async fn take_lease(&self) -> Result<(), EngineError> {
        let taken = self.ledger.lease(&self.lease(), self.clock.now()).await.map_err(EngineError::ledger)?;
        if taken { Ok(()) } else { Err(EngineError::Busy) }
    }

    pub(crate) async fn give_lease_back(&self) {
        if let Err(error) = self.ledger.release(&self.lease()).await {
            tracing::debug!(pair = %self.settings.pair, kind = ?error.kind, "lease not given back; it will expire");
        }
    }

    pub(crate) async fn commit(&self, changes: Changes<R>) -> Result<(), EngineError> {
        self.ledger.commit(&self.lease(), changes).await.map_err(EngineError::ledger)
    }
}

/// Turns an error of the ledger into the end of a run.
pub(crate) fn ledger(error: PortError) -> Stop {
    Stop::Failed(EngineError::ledger(error))
}

/// Turns an error of a replica into the early end of a run.
pub(crate) fn early(side: Side) -> impl FnOnce(PortError) -> Stop {
    move |error| {
        if error.kind == ErrorKind::Unexpected {
            tracing::error!(side = side.as_str(), operation = error.operation, "a replica answered nonsense");
        }
        Stop::Early(Stopped::new(side, &error))
    }
}

/// Turns a record that cannot be put together into the end of a run: a bug of a record type.
pub(crate) fn broken(error: passerelle_ports::AssembleError) -> Stop {
    tracing::error!(%error, "a record type breaks its promise");
    Stop::Failed(EngineError::Ledger(
        PortError::new(ErrorKind::Unexpected, "record.assemble").with_source(error),
    ))
}
