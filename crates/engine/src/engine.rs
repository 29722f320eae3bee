//! The engine of one pair: what it is made of and what it can be asked to do.

use std::{sync::Arc, time::Duration};

use passerelle_ports::{
    Clock, EntriesOf, ErrorKind, Ids, InstallationId, Ledger, LinkId, PairId, PortError, Record, Replica,
    RunKind, Side, Sides,
};
use passerelle_sync_rules::{Digest, PlannedStep, Rules};
use uuid::Uuid;

use crate::{
    abroad::Parted,
    beside::Neighbourhood,
    report::{PlanReport, RunReport},
    session::{Session, Stop},
};

/// What the engine has to know about a pair.
#[derive(Clone, Debug)]
pub struct PairSettings {
    /// The pair.
    pub pair: PairId,
    /// The installation: keys of creates are derived from it.
    pub installation: InstallationId,
    /// The rules.
    pub rules: Rules,
    /// Who holds the pair's lease: one name per process.
    pub holder: Uuid,
    /// How long the lease lasts without a commit; after a crash, another holder waits as long.
    pub lease: Duration,
    /// How many links are read, and ids fetched, at a time.
    pub chunk: u64,
    /// How many items a listing may bring; a longer one is a fault of whoever answers.
    pub listing_max: u64,
}

impl PairSettings {
    /// Makes settings with a lease of ten minutes and chunks of two hundred.
    #[must_use]
    pub fn new(pair: PairId, installation: InstallationId, rules: Rules, holder: Uuid) -> Self {
        PairSettings {
            pair,
            installation,
            rules,
            holder,
            lease: Duration::from_secs(600),
            chunk: 200,
            listing_max: 1_000_000,
        }
    }
}

/// What a person allows a run to do although the guard refuses it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Approval {
    /// Exactly the plan with this digest.
    Digest(Digest),
    /// The plan whose digest begins with these digits (twelve at least).
    Named(String),
    /// A plan with exactly this number of deletions on both sides together, and no other objection.
    Deletes(u64),
    /// The same plan, the other way round: what would be deleted is made again on the side where it is gone.
    BringBack(u64),
}

/// What went wrong so that there is no report.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EngineError {
    /// Another process is working on this pair.
    #[error("another process is working on this pair")]
    Busy,
    /// There is no such link, run or entry.
    #[error("there is no such link, run or entry")]
    NotFound,
    /// The answer does not fit the link as it stands: it is no half, or not waiting any more.
    #[error("the answer does not fit the link as it stands")]
    DoesNotFit,
    /// The ledger failed.
    #[error("the ledger failed")]
    Ledger(#[source] PortError),
}

impl EngineError {
    pub(crate) fn ledger(error: PortError) -> Self {
        if error.kind == ErrorKind::RateLimited { EngineError::Busy } else { EngineError::Ledger(error) }
    }
}

/// What a run is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Listing what a side has; the total is not known.
    Listing(Side),
    /// Fetching items of a side.
    Looking(Side),
    /// Working out what to do.
    Planning,
    /// Writing; the total is that of the plan, and may be exceeded by what follows from it.
    Writing,
}

/// Somebody who wants to know how far a run is.
pub trait Progress: Send + Sync {
    /// Tells how many of how many are done; the total is 0 where nobody knows.
    fn step(&self, done: u64, total: u64, phase: Phase);
}

/// Nobody who wants to know.
#[derive(Clone, Copy, Debug)]
pub struct Silent;

impl Progress for Silent {
    fn step(&self, _done: u64, _total: u64, _phase: Phase) {}
}

/// The engine of one pair.
pub struct Engine<R: Record> {
    pub(crate) settings: PairSettings,
    pub(crate) replicas: Sides<Arc<dyn Replica<R>>>,
    pub(crate) ledger: Arc<dyn Ledger<R>>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: Arc<dyn Ids>,
    pub(crate) neighbourhood: Option<Neighbourhood<R>>,
    pub(crate) announced: Vec<PlannedStep>,
    pub(crate) abroad: Vec<PairId>,
    pub(crate) parted: Vec<Parted<R>>,
}

impl<R: Record> Engine<R> {
    /// Makes an engine. Where a replica cannot be written, the rules are restricted accordingly.
    #[must_use]
    pub fn new(
        mut settings: PairSettings,
        replicas: Sides<Arc<dyn Replica<R>>>,
        ledger: Arc<dyn Ledger<R>>,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn Ids>,
    ) -> Self {
        for side in Side::BOTH {
            if !replicas[side].capabilities().writable {
                settings.rules = match side {
                    Side::Remote => settings.rules.read_only(),
                    Side::Local => settings.rules.without_writing(side),
                };
            }
        }
        Engine {
            settings,
            replicas,
            ledger,
            clock,
            ids,
            neighbourhood: None,
            announced: Vec::new(),
            abroad: Vec::new(),
            parted: Vec::new(),
        }
    }

    /// Lets the engine know what plans of other pairs announced for links that have come to this one since: whoever let
    /// such a plan pass is not asked about the same writes again.
    #[must_use]
    pub fn announced(mut self, steps: Vec<PlannedStep>) -> Self {
        self.announced = steps;
        self
    }

    /// Returns the rules in force: those of the settings, restricted to what the replicas can do.
    #[must_use]
    pub fn rules(&self) -> &Rules {
        &self.settings.rules
    }

    /// Observes both sides and works out what a run would do. Writes to no replica.
    ///
    /// # Errors
    ///
    /// Another process is at work, or the ledger failed. What ended the observation early, such as a
    /// provider that does not answer, is in the report.
    pub async fn plan(&self, progress: &dyn Progress) -> Result<PlanReport, EngineError> {
        let mut session = Session::begin(self, RunKind::Plan, progress).await?;
        // Runs are large futures: on the heap, they spare the small stack that a thread may have.
        let outcome = Box::pin(session.plan_run()).await;
        session.finish_plan(outcome).await
    }

    /// Synchronises the pair once.
    ///
    /// # Errors
    ///
    /// Another process is at work, or the ledger failed. What ended the run early is in the report.
    pub async fn run(
        &self,
        approval: Option<Approval>,
        progress: &dyn Progress,
    ) -> Result<RunReport, EngineError> {
        let mut session = Session::begin(self, RunKind::Sync, progress).await?;
        let outcome = Box::pin(session.sync_run(approval.as_ref())).await;
        session.finish(outcome).await
    }

    /// Works out what [`Engine::undo`] would do. Writes to no replica.
    ///
    /// # Errors
    ///
    /// As [`Engine::plan`]; `NotFound` where there is nothing of that name.
    pub async fn plan_undo(
        &self,
        what: &EntriesOf,
        progress: &dyn Progress,
    ) -> Result<PlanReport, EngineError> {
        let _ = self.run_of(what).await?;
        let mut session = Session::begin(self, RunKind::Plan, progress).await?;
        let outcome = Box::pin(session.plan_undo_run(what)).await;
        session.finish_plan(outcome).await
    }

    /// Takes back what a run, a link's history or one entry did, as ordinary writes, and synchronises.
    ///
    /// # Errors
    ///
    /// As [`Engine::run`]; `NotFound` where there is nothing of that name.
    pub async fn undo(
        &self,
        what: &EntriesOf,
        approval: Option<Approval>,
        progress: &dyn Progress,
    ) -> Result<RunReport, EngineError> {
        let run = self.run_of(what).await?;
        let kind = match what {
            EntriesOf::LinkSince(_, since) | EntriesOf::PairSince(_, since) => RunKind::Restore(*since),
            _ => RunKind::Undo(run),
        };
        let mut session = Session::begin(self, kind, progress).await?;
        let outcome = Box::pin(session.undo_run(what, approval.as_ref())).await;
        session.finish(outcome).await
    }

    /// Returns how long to wait until every write whose outcome is not known can be found out; `None` where there is
    /// none.
    ///
    /// # Errors
    ///
    /// The ledger failed.
    pub async fn unsettled(&self) -> Result<Option<Duration>, EngineError> {
        let open = self.ledger.open_entries(&self.settings.pair).await.map_err(EngineError::ledger)?;
        let now = self.clock.now();
        let wait = |entry: &passerelle_ports::Entry<R>| {
            let settle = self.replicas[entry.side].capabilities().settle;
            let passed = (now - entry.opened).to_std().unwrap_or_default();
            // Strictly after: an observation that begins at that very moment proves nothing.
            settle.saturating_sub(passed) + Duration::from_millis(1)
        };
        Ok(open.iter().map(wait).max())
    }

    /// Says which side wins a clash, for the two values as they stand. The next run carries it out.
    ///
    /// # Errors
    ///
    /// `NotFound`, `DoesNotFit` where that field is not held, `Busy`, or the ledger failed.
    pub async fn resolve(
        &self,
        link: LinkId,
        field: &passerelle_ports::Field,
        side: Side,
    ) -> Result<(), EngineError> {
        crate::answer::resolve(self, link, field, side).await
    }

    /// Settles a clash with a value of a person's own: it is written to the local side at once, and the next run
    /// carries it to the other.
    ///
    /// # Errors
    ///
    /// As [`Engine::resolve`]; `DoesNotFit` also where the value makes no record, the database refuses it, or
    /// somebody changed the record meanwhile.
    pub async fn amend(
        &self,
        link: LinkId,
        field: &passerelle_ports::Field,
        value: &passerelle_ports::Value,
    ) -> Result<RunReport, EngineError> {
        let mut session = Session::begin(self, RunKind::Answer, &Silent).await?;
        let outcome = session.amend(link, field, value).await;
        session.finish(outcome).await
    }

    /// Forgets how far both sides were read: the next run lists everything, matches what it finds, and deletes
    /// nothing. For a ledger that was restored from an older copy.
    ///
    /// # Errors
    ///
    /// `Busy`, or the ledger failed.
    pub async fn relist(&self) -> Result<(), EngineError> {
        crate::answer::relist(self).await
    }

    /// Takes these rules over in place of those before, as a person's decision: every link is decided anew by the
    /// next run, and no plan has to be approved because of it.
    ///
    /// # Errors
    ///
    /// `Busy`, or the ledger failed.
    pub async fn adopt_rules(&self, before: &Rules) -> Result<(), EngineError> {
        crate::answer::adopt(self, before).await
    }

    /// Says that two halves are one record, and perhaps which side wins where they differ. The next run merges
    /// them.
    ///
    /// # Errors
    ///
    /// `NotFound`, `DoesNotFit` where they are not one half of each side, `Busy`, or the ledger failed.
    pub async fn join(&self, one: LinkId, other: LinkId, keep: Option<Side>) -> Result<(), EngineError> {
        crate::answer::join_halves(self, one, other, keep).await
    }

    /// Says that two halves are different records.
    ///
    /// # Errors
    ///
    /// As [`Engine::join`].
    pub async fn tell_apart(&self, one: LinkId, other: LinkId) -> Result<(), EngineError> {
        crate::answer::tell_apart(self, one, other).await
    }

    /// Gives up what one side refused: the next run lets the other side take what this one has.
    ///
    /// # Errors
    ///
    /// `NotFound`, `DoesNotFit` where nothing was refused, `Busy`, or the ledger failed.
    pub async fn give_up(&self, link: LinkId) -> Result<(), EngineError> {
        crate::answer::give_up(self, link).await
    }

    /// Leaves as it is here what the company changed in a collection that may only be read; it is asked about again
    /// when either side changes it.
    ///
    /// # Errors
    ///
    /// As [`Engine::give_up`].
    pub async fn keep_here(&self, link: LinkId) -> Result<(), EngineError> {
        crate::answer::keep_here(self, link).await
    }

    /// Lets a record be made on the other side although another pair has it there.
    ///
    /// # Errors
    ///
    /// As [`Engine::give_up`].
    pub async fn make_here(&self, link: LinkId) -> Result<(), EngineError> {
        crate::answer::make_here(self, link).await
    }

    /// Leaves a record that cannot be read as it is on each side, without asking again, until it can be read.
    ///
    /// # Errors
    ///
    /// As [`Engine::give_up`]; `DoesNotFit` also where it can be read.
    pub async fn leave(&self, link: LinkId) -> Result<(), EngineError> {
        crate::answer::leave(self, link).await
    }

    /// Marks a link to be decided anew by the next run, such as one that was refused.
    ///
    /// # Errors
    ///
    /// `NotFound`, `Busy`, or the ledger failed.
    pub async fn retry(&self, link: LinkId) -> Result<(), EngineError> {
        crate::answer::retry(self, link).await
    }
}

impl From<EngineError> for Stop {
    fn from(error: EngineError) -> Self {
        Stop::Failed(error)
    }
}
