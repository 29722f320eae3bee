//! What a run did, in numbers and codes: never names or values, except in the plan's summaries.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use passerelle_ports::{
    Code, Context, Counts, ErrorKind, Field, LinkId, PairId, PortError, RunId, RunKind, Side, Sides,
    stored_code,
};
use passerelle_sync_rules::{Digest, Plan, PlanCounts, PlannedStep, SideCounts, Stays, Trip};
use serde::{Deserialize, Serialize};

/// Why a run ended before it was done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stopped {
    /// The side that did not do what was asked.
    pub side: Side,
    /// The kind of the error.
    pub kind: ErrorKind,
    /// What was being done.
    pub operation: String,
    /// The code of the catalogue.
    #[serde(default, deserialize_with = "stored_code", skip_serializing_if = "Option::is_none")]
    pub code: Option<Code>,
    /// What it is about.
    #[serde(default, rename = "details", skip_serializing_if = "Context::is_empty")]
    pub context: Context,
    /// How many seconds to wait, when the replica said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_seconds: Option<u64>,
}

impl Stopped {
    pub(crate) fn new(side: Side, error: &PortError) -> Self {
        Stopped {
            side,
            kind: error.kind,
            operation: error.operation.to_owned(),
            code: error.code,
            context: error.context.clone(),
            retry_after_seconds: error.retry_after.map(|wait| wait.as_secs()),
        }
    }
}

/// A plan that the guard refused.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Refused {
    /// Why.
    pub trips: Vec<Trip>,
    /// What an approval has to name.
    pub digest: Digest,
    /// How many deletions it holds on both sides together.
    pub deletes: u64,
    /// Every write of the plan. For people: not kept with the run.
    #[serde(skip)]
    pub steps: Vec<PlannedStep>,
}

/// What a run did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunReport {
    /// The run.
    pub run: RunId,
    /// The pair.
    pub pair: PairId,
    /// What it was for.
    pub kind: RunKind,
    /// When it began.
    pub started: DateTime<Utc>,
    /// When it ended.
    pub finished: Option<DateTime<Utc>>,
    /// Whether a side was listed completely for want of a good cursor; then nothing was deleted.
    pub complete: Sides<bool>,
    /// How many items of each side were new, changed or gone.
    pub observed: Sides<u64>,
    /// How many halves were found to be one record.
    pub matched: u64,
    /// How many answers of earlier runs were found out.
    pub recovered: u64,
    /// Numbers of the plan.
    pub planned: PlanCounts,
    /// The digest of the plan.
    pub digest: Option<Digest>,
    /// Writes that landed, per side.
    pub written: Sides<SideCounts>,
    /// Writes that a replica refused for good; their links wait.
    pub rejected: u64,
    /// Items of each side that cannot be read and have no name by which to ask for them again.
    #[serde(default)]
    pub nameless: Sides<u64>,
    /// Items of each side that answers show in an older state than the one known, for longer than answers should.
    #[serde(default)]
    pub late: Sides<u64>,
    /// Items of the provider's that are no records of this kind, by their sort; nothing where no listing told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_carried: Option<BTreeMap<String, u64>>,
    /// Writes that met a newer version; their links are decided anew.
    pub overtaken: u64,
    /// Writes whose outcome is not known; the next run finds out.
    pub unknown: u64,
    /// Deletions left for the next run.
    pub deferred_deletes: u64,
    /// Undo: entries with nothing left to take back.
    pub not_undone: u64,
    /// Undo: records of which something stays as it is, and why; the first of them, not kept with the run.
    #[serde(skip)]
    pub stands: Vec<(LinkId, String, Stays)>,
    /// Why the guard refused the plan; then nothing was written.
    pub refused: Option<Refused>,
    /// Why the run ended early.
    pub stopped: Option<Stopped>,
    /// Where all links of the pair stand now; not counted in a quiet run.
    pub counts: Option<Counts>,
    /// What was written and is not held: the first of them by name, not kept with the run.
    #[serde(skip)]
    pub losses: Vec<Loss>,
    /// Labels that were renamed on both sides: the name that goes and the one that stays; not kept with the run.
    #[serde(skip)]
    pub relabelled: Vec<(String, String)>,
    /// The pairs that got links of this one: what is left to do for them is theirs.
    #[serde(skip)]
    pub handed_over: BTreeSet<PairId>,
    /// What the plan of this run announced for links that go to another pair, which carries it out; not kept with the
    /// run.
    #[serde(skip)]
    pub announced: Vec<PlannedStep>,
}

/// Fields of a record that a side cannot hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Loss {
    /// The side that does not hold them; the other one keeps them.
    pub side: Side,
    /// The record's short name, for people.
    pub record: String,
    /// The fields.
    pub fields: Vec<Field>,
    /// The code that explains it, where there is one of its own.
    #[serde(default, deserialize_with = "stored_code", skip_serializing_if = "Option::is_none")]
    pub code: Option<Code>,
}

impl RunReport {
    /// Returns the report of a run that has done nothing yet.
    #[must_use]
    pub fn new(run: RunId, pair: PairId, kind: RunKind, started: DateTime<Utc>) -> Self {
        RunReport {
            run,
            pair,
            kind,
            started,
            finished: None,
            complete: Sides { local: false, remote: false },
            observed: Sides { local: 0, remote: 0 },
            matched: 0,
            recovered: 0,
            planned: PlanCounts::default(),
            digest: None,
            written: Sides::default(),
            rejected: 0,
            nameless: Sides::default(),
            late: Sides::default(),
            not_carried: None,
            overtaken: 0,
            unknown: 0,
            deferred_deletes: 0,
            not_undone: 0,
            stands: Vec::new(),
            refused: None,
            stopped: None,
            counts: None,
            losses: Vec::new(),
            relabelled: Vec::new(),
            handed_over: BTreeSet::new(),
            announced: Vec::new(),
        }
    }

    /// Tells whether nothing was new, done or left open: such a run needs no line in a log.
    #[must_use]
    pub fn is_quiet(&self) -> bool {
        self.observed == (Sides { local: 0, remote: 0 })
            && self.written.local.total() + self.written.remote.total() == 0
            && self.nameless == Sides::default()
            && self.matched + self.recovered + self.planned.due == 0
            && self.refused.is_none()
            && self.stopped.is_none()
    }
}

/// What a dry run found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlanReport {
    /// What a run would do.
    pub plan: Plan,
    /// What the dry run itself did.
    pub report: RunReport,
}
