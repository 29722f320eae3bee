//! What use cases report: plain values that serialise, for both faces and for machines.

use std::collections::{BTreeMap, BTreeSet};

use passerelle_engine::{Loss, RunReport, Stopped};
use passerelle_ports::{Code, Context, Counts, Detail, Kind, LinkId, PairId, RunId, Side, Sides};
use passerelle_sync_rules::{Action, Plan, PlanCounts, PlannedStep, SideCounts, Stays, Trip};
use serde::Serialize;

use crate::{Dropped, Failure, Pair, status::Losses};

/// Numbers of the writes on one side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Writes {
    /// Records made.
    pub create: u64,
    /// Records changed.
    pub update: u64,
    /// Records removed.
    pub delete: u64,
}

impl Writes {
    /// Returns the number of all writes.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.create + self.update + self.delete
    }
}

impl From<SideCounts> for Writes {
    fn from(counts: SideCounts) -> Self {
        Writes { create: counts.created, update: counts.updated, delete: counts.deleted }
    }
}

/// Why a pair did not go on, as a code of the catalogue with its words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// The code.
    pub code: Code,
    /// What it is about.
    #[serde(skip)]
    pub context: Context,
    /// When it makes sense to try again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after_s: Option<u64>,
}

impl Problem {
    /// Returns the problem as a failure.
    #[must_use]
    pub fn to_failure(&self) -> Failure {
        Failure::about(self.code, self.context.clone())
    }
}

impl From<&Failure> for Problem {
    fn from(failure: &Failure) -> Self {
        Problem {
            code: failure.code(),
            context: failure.context().clone(),
            retry_after_s: failure.retry_after().map(|wait| wait.as_secs()),
        }
    }
}

/// One write that a run would do.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PlannedWrite {
    /// The link.
    pub link: LinkId,
    /// The side to write to.
    pub side: Side,
    /// `create`, `update` or `delete`.
    pub action: &'static str,
    /// The record's short name.
    pub summary: String,
    /// The fields that are taken from the other side.
    pub fields: Vec<String>,
}

/// What a run did, or would do, for one pair.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PairReport {
    /// The app user.
    pub user: String,
    /// The pair.
    pub pair: PairId,
    /// What it holds.
    pub kind: Kind,
    /// The collection's name.
    pub name: String,
    /// The run, if there was one.
    pub run_id: Option<RunId>,
    /// Whether this is the pair's first run.
    pub first: bool,
    /// Writes to the company's database.
    pub to_local: Writes,
    /// Writes to the provider.
    pub to_remote: Writes,
    /// Records found to be one and the same on both sides.
    pub matched: u64,
    /// Records that wait for a person.
    pub held: u64,
    /// Records that a side refused.
    pub failed: u64,
    /// Of them, records that cannot be read and do not even tell their name.
    pub nameless: u64,
    /// Records that Google goes on showing in an older state than the one known; each run asks for them again.
    pub late: u64,
    /// Writes whose outcome is not known yet.
    pub unknown: u64,
    /// In how many seconds a run can find them out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub settles_in_s: Option<u64>,
    /// What one side has and the other cannot hold, whenever it was written: it stays where it is.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub losses: Vec<Loss>,
    /// How many there are.
    pub losses_count: u64,
    /// Entries of the provider's that are no records of this kind and are not carried, by their sort.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub not_carried: BTreeMap<String, u64>,
    /// Changes of occurrences that went because their series makes these no more.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub dropped: Vec<Dropped>,
    /// Labels that were renamed on both sides: the name that went and the one that stayed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub relabelled: Vec<(String, String)>,
    /// Deletions left for the next run.
    pub deferred_deletes: u64,
    /// Of the undo of an import: records that were left as they are, because somebody changed them since.
    pub left: u64,
    /// Of an undo: records of which something was not taken back.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub not_undone: Vec<NotUndone>,
    /// Requests to the provider.
    pub requests: u64,
    /// Writes that did not forbid the provider to mail guests; of a plan, the guests who will be mailed.
    pub guest_mails: u64,
    /// Guests who keep a meeting that was deleted, because nobody may mail them.
    pub guests_kept: u64,
    /// Guests of meetings that went, or would go, into another calendar.
    #[serde(skip)]
    pub(crate) moved_guests: u64,
    /// What an approval has to name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// What stopped it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<Problem>,
    /// Every write of the plan; of a dry run, and of a plan that the guard refused.
    #[serde(skip)]
    pub plan: Vec<PlannedWrite>,
    /// The pairs that got records of this one, which went into another calendar.
    #[serde(skip)]
    pub handed_over: Vec<PairId>,
    /// What its plan announced for them.
    #[serde(skip)]
    pub(crate) announced: Vec<PlannedStep>,
}

/// A record of which an undo left something as it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NotUndone {
    /// The record's short name.
    pub record: String,
    /// Why it stays so.
    pub why: Stays,
}

/// What a run did, or would do, for all pairs.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct SyncReport {
    /// The first run; each pair has one of its own.
    pub run_id: Option<RunId>,
    /// Whether it was a dry run.
    pub dry_run: bool,
    /// Each pair.
    pub pairs: Vec<PairReport>,
    /// The app users who were disconnected and stand still.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub disconnected: Vec<String>,
    /// Appointments that stand in no calendar, by app user: they go nowhere before there is a default one.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub homeless: BTreeMap<String, u64>,
    /// Requests to the provider, all pairs together, signing in included.
    pub requests: u64,
    /// Writes that did not forbid the provider to mail guests.
    pub guest_mails: u64,
}

impl PairReport {
    pub(crate) fn new(pair: &Pair) -> Self {
        PairReport {
            user: pair.user.clone(),
            pair: pair.id.clone(),
            kind: pair.kind,
            name: pair.name.clone(),
            run_id: None,
            first: false,
            to_local: Writes::default(),
            to_remote: Writes::default(),
            matched: 0,
            held: 0,
            failed: 0,
            nameless: 0,
            late: 0,
            unknown: 0,
            settles_in_s: None,
            losses: Vec::new(),
            losses_count: 0,
            not_carried: BTreeMap::new(),
            dropped: Vec::new(),
            relabelled: Vec::new(),
            deferred_deletes: 0,
            left: 0,
            not_undone: Vec::new(),
            requests: 0,
            guest_mails: 0,
            guests_kept: 0,
            moved_guests: 0,
            digest: None,
            error: None,
            plan: Vec::new(),
            handed_over: Vec::new(),
            announced: Vec::new(),
        }
    }

    pub(crate) fn failed(mut self, failure: &Failure) -> Self {
        self.error = Some(Problem::from(failure));
        self
    }

    pub(crate) fn note(&mut self, losses: Losses) {
        (self.losses, self.losses_count) = (losses.first, losses.count);
    }

    /// Takes in what the engine says of a run. Only a run's own writes count; a dry run has none.
    pub(crate) fn with_run(mut self, run: &RunReport, user: &str) -> Self {
        self.run_id = Some(run.run);
        self.matched = run.matched;
        self.unknown = run.unknown;
        self.nameless = run.nameless.local + run.nameless.remote;
        self.late = run.late.local + run.late.remote;
        self.deferred_deletes = run.deferred_deletes;
        self.losses.clone_from(&run.losses);
        self.not_carried = run.not_carried.clone().unwrap_or_default();
        self.relabelled.clone_from(&run.relabelled);
        self.losses_count = run.losses.len() as u64;
        let stands = run.stands.iter();
        self.not_undone =
            stands.map(|(_, record, why)| NotUndone { record: record.clone(), why: *why }).collect();
        self.handed_over = run.handed_over.iter().cloned().collect();
        self.announced.clone_from(&run.announced);
        self.digest = run.digest.as_ref().map(|digest| digest.as_str().to_owned());
        self = self.with_writes(run.written);
        let writes = &run.written.remote;
        if writes.deleted + writes.updated > 0 {
            (self.guests_kept, self.moved_guests) = (run.planned.guests, run.planned.moved_guests);
        }
        if let Some(stopped) = &run.stopped {
            self.error = Some(Problem::from(&stopped_failure(stopped, user)));
        }
        if let Some(refused) = &run.refused {
            let failure = guard_failure(&refused.trips, refused.deletes, refused.digest.short());
            self.error = failure.as_ref().map(Problem::from);
            self.plan = planned(&refused.steps);
        }
        self
    }

    pub(crate) fn with_plan(mut self, plan: &Plan) -> Self {
        self.deferred_deletes = plan.counts.deferred_deletes;
        self.digest = Some(plan.digest.as_str().to_owned());
        self.plan = planned(&plan.steps);
        if self.error.is_none() {
            let failure = guard_failure(&plan.trips, plan.deletes(), plan.digest.short());
            self.error = failure.as_ref().map(Problem::from);
        }
        (self.guests_kept, self.moved_guests) = (plan.counts.guests, plan.counts.moved_guests);
        self.with_writes(plan.counts.writes)
    }

    /// Guests who may be mailed do not keep the meeting.
    pub(crate) fn with_mails(mut self, may_mail: bool, sent: u64) -> Self {
        self.guest_mails = sent;
        if may_mail {
            let kept = std::mem::take(&mut self.guests_kept);
            self.guest_mails = self.guest_mails.max(kept + self.moved_guests);
        }
        self
    }

    pub(crate) fn with_counts(mut self, counts: &Counts) -> Self {
        self.held = counts.held + counts.ambiguous;
        self.failed = counts.rejected + self.nameless;
        self.unknown = self.unknown.max(counts.open);
        self
    }

    /// Takes in what a plan makes of the links: what was held and is decided anew counts as it will be then.
    pub(crate) fn foreseen(mut self, counts: &Counts, plan: &PlanCounts) -> Self {
        self = self.with_counts(counts);
        self.held = (self.held + plan.clashes).saturating_sub(plan.held_before);
        self
    }

    /// Takes in how a later run of the same pair left it; what that run wrote stands in its own report.
    pub(crate) fn left_by(&mut self, later: &PairReport) {
        (self.held, self.failed, self.nameless) = (later.held, later.failed, later.nameless);
        self.late = later.late;
        (self.unknown, self.settles_in_s) = (later.unknown, later.settles_in_s);
        self.requests += later.requests;
    }

    /// Leaves how the pair stands to the report of a later run.
    pub(crate) fn gone_on(&mut self) {
        (self.held, self.failed, self.nameless, self.unknown, self.settles_in_s) = (0, 0, 0, 0, None);
        self.late = 0;
    }

    fn with_writes(mut self, writes: Sides<SideCounts>) -> Self {
        self.to_local = writes.local.into();
        self.to_remote = writes.remote.into();
        self
    }

    /// Returns the number of all writes.
    #[must_use]
    pub fn writes(&self) -> u64 {
        self.to_local.total() + self.to_remote.total()
    }
}

impl SyncReport {
    /// Returns the number of all writes.
    #[must_use]
    pub fn writes(&self) -> u64 {
        self.pairs.iter().map(PairReport::writes).sum()
    }

    /// Returns how many records wait for a person.
    #[must_use]
    pub fn held(&self) -> u64 {
        self.pairs.iter().map(|pair| pair.held).sum()
    }

    /// Returns how many records have something that the other side cannot hold.
    #[must_use]
    pub fn losses(&self) -> u64 {
        self.pairs.iter().map(|pair| pair.losses_count).sum()
    }

    /// Returns how many changes of occurrences went because their series makes these no more.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.pairs.iter().map(|pair| pair.dropped.len() as u64).sum()
    }

    /// Returns how many records a side refused.
    #[must_use]
    pub fn failed(&self) -> u64 {
        self.pairs.iter().map(|pair| pair.failed).sum()
    }
}

fn planned(steps: &[PlannedStep]) -> Vec<PlannedWrite> {
    steps
        .iter()
        .map(|step| PlannedWrite {
            link: step.link,
            side: step.side,
            action: action_name(step.action),
            summary: step.summary.clone(),
            fields: step.fields.iter().map(ToString::to_string).collect(),
        })
        .collect()
}

pub(crate) fn action_name(action: Action) -> &'static str {
    match action {
        Action::Create => "create",
        Action::Update => "update",
        Action::Delete => "delete",
        Action::Move => "move",
    }
}

pub(crate) fn stopped_failure(stopped: &Stopped, user: &str) -> Failure {
    Failure::of_stopped(stopped).or_with(Detail::User, user)
}

/// Returns the code of what stopped a run.
pub(crate) fn stopped_code(run: &RunReport) -> Option<Code> {
    let refused = run.refused.as_ref();
    let refused = refused.and_then(|it| guard_failure(&it.trips, it.deletes, it.digest.short()));
    let stopped = run.stopped.as_ref().map(|stopped| stopped_failure(stopped, ""));
    refused.or(stopped).map(|failure| failure.code())
}

/// The name of what a mass move changes, beside the fields of a mass change.
const CALENDAR: &str = "calendar";

/// Lists every field that a mass change touches: whoever approves the plan approves all of them.
fn alike_members(trips: &[Trip]) -> String {
    let members: BTreeSet<&str> = trips
        .iter()
        .filter_map(|trip| match trip {
            Trip::Alike { member, .. } => Some(member.as_str()),
            Trip::Moved { .. } => Some(CALENDAR),
            _ => None,
        })
        .collect();
    Vec::from_iter(members).join(", ")
}

/// The first objection of the guard, as an article; an approval names the number or the digest.
fn guard_failure(trips: &[Trip], deletes: u64, digest: &str) -> Option<Failure> {
    // What only a digest approves comes first: whoever did what the text says would be refused again. Then the cause
    // before its effect: changed rules change many records, an emptied side deletes many.
    let rank = |trip: &&Trip| match trip {
        Trip::RulesChanged { .. } => 0,
        Trip::Alike { .. } => 1,
        Trip::Moved { .. } => 2,
        Trip::Emptied { .. } => 3,
        Trip::Deletes { .. } => 4,
    };
    let failure = match trips.iter().min_by_key(rank)? {
        Trip::Deletes { allowed, .. } => Failure::new(Code::Sync101).with(Detail::Limit, *allowed),
        Trip::Emptied { side, .. } => Failure::new(Code::Sync102).with(Detail::Side, *side),
        Trip::Alike { side, .. } => {
            Failure::new(Code::Sync103).with(Detail::Field, alike_members(trips)).with(Detail::Side, *side)
        }
        Trip::Moved { side, planned, .. } => {
            let moved = Failure::new(Code::Sync121).with(Detail::Side, *side);
            return Some(moved.with(Detail::Count, *planned).with(Detail::Digest, digest));
        }
        Trip::RulesChanged { planned } => {
            return Some(
                Failure::new(Code::Sync114).with(Detail::Count, *planned).with(Detail::Digest, digest),
            );
        }
    };
    Some(failure.with(Detail::Count, deletes).with(Detail::Digest, digest))
}
