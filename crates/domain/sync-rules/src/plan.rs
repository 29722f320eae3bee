//! The plan of a run, as a value: what a dry run prints and a run applies.

use passerelle_ports::{Field, Link, LinkId, LinkState, PairId, Record, Side, Sides};
use serde::{Deserialize, Serialize};

use crate::{Action, Digest, Intent, Trip, digest_of};

/// One write that a run will do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlannedStep {
    /// The link.
    pub link: LinkId,
    /// The side to write to.
    pub side: Side,
    /// What to do.
    pub action: Action,
    /// The fields taken from the other side.
    pub fields: Vec<Field>,
    /// The record's short name, for people. Not part of the digest, never logged.
    pub summary: String,
    /// The digest of the record as it shall be.
    pub content: Digest,
    /// Two records meet for the first time, and one is given only what it lacks: no mass change, however many.
    #[serde(default, skip_serializing)]
    pub adds: bool,
    /// Labels that the record leaves, each with one that it may take in its place.
    #[serde(skip)]
    pub relabelled: Vec<(String, String)>,
}

impl PlannedStep {
    /// Describes an intent.
    #[must_use]
    pub fn new<R: Record>(link: LinkId, intent: &Intent<R>, summary: String) -> Self {
        PlannedStep {
            link,
            side: intent.side,
            action: intent.action,
            fields: intent.taken.clone(),
            summary,
            content: digest_of(&intent.to),
            adds: false,
            relabelled: Vec::new(),
        }
    }

    /// Describes a move into another collection.
    #[must_use]
    pub fn moving(link: LinkId, side: Side, to: &str, summary: String) -> Self {
        let (action, content) = (Action::Move, digest_of(&to));
        PlannedStep {
            link,
            side,
            action,
            fields: Vec::new(),
            summary,
            content,
            adds: false,
            relabelled: Vec::new(),
        }
    }
}

/// Numbers of the writes on one side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SideCounts {
    /// Records made.
    pub created: u64,
    /// Records changed, or moved into another collection.
    pub updated: u64,
    /// Records removed.
    pub deleted: u64,
}

impl SideCounts {
    /// Counts one more write.
    pub fn add(&mut self, action: Action) {
        match action {
            Action::Create => self.created += 1,
            Action::Update | Action::Move => self.updated += 1,
            Action::Delete => self.deleted += 1,
        }
    }

    /// Returns the number of all writes.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.created + self.updated + self.deleted
    }
}

/// Numbers of a plan. Every link that was to be decided is in exactly one of: links with writes,
/// `agreed`, `held`, `released`, `forgotten`, `out_of_scope`, `unchanged`, `waiting`, `failed`,
/// `deferred_deletes`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PlanCounts {
    /// Writes per side.
    pub writes: Sides<SideCounts>,
    /// Links that were to be decided.
    pub due: u64,
    /// Links with at least one write.
    pub written: u64,
    /// Links whose sides turned out to agree.
    pub agreed: u64,
    /// Links that wait for a person to say who wins a field.
    pub held: u64,
    /// Links of which one side stays alone from now on.
    pub released: u64,
    /// Links of which neither side has the record.
    pub forgotten: u64,
    /// Links out of scope.
    pub out_of_scope: u64,
    /// Links where nothing was to be done.
    pub unchanged: u64,
    /// Ambiguous halves, which wait for a person.
    pub waiting: u64,
    /// Links whose record could not be put together.
    pub failed: u64,
    /// Deletions left for the next run, because this one made a complete listing.
    pub deferred_deletes: u64,
    /// Links with a clash in the end, those with writes included; not one of the sorts above.
    pub clashes: u64,
    /// Guests of the meetings and occurrences that will be called off at the provider; not one of the sorts above.
    pub guests: u64,
    /// Guests of the meetings that will go into another calendar at the provider; not one of the sorts above.
    pub moved_guests: u64,
    /// Links that were held before they were decided anew; not one of the sorts above.
    pub held_before: u64,
}

impl PlanCounts {
    /// Counts a link about which a person will be asked, without a write of this kind; one that waits already stands
    /// elsewhere.
    pub fn asked<R: Record>(&mut self, link: &Link<R>, written: bool) {
        self.held += u64::from(!written);
        self.clashes += u64::from(!matches!(link.state, LinkState::Rejected(_)));
    }

    /// Tells whether every link that was to be decided is accounted for (I15).
    #[must_use]
    pub fn mentions_all(&self) -> bool {
        let sorts = [
            self.written,
            self.agreed,
            self.held,
            self.released,
            self.forgotten,
            self.out_of_scope,
            self.unchanged,
            self.waiting,
            self.failed,
            self.deferred_deletes,
        ];
        self.due == sorts.into_iter().sum::<u64>()
    }
}

/// What a run will do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// The pair.
    pub pair: PairId,
    /// The writes, in the order of their links.
    pub steps: Vec<PlannedStep>,
    /// The numbers.
    pub counts: PlanCounts,
    /// Why the guard refuses it; empty = it does not.
    pub trips: Vec<Trip>,
    /// The digest of pair and steps: an approval names it.
    pub digest: Digest,
}

impl Plan {
    /// Makes a plan of a pair from its writes.
    #[must_use]
    pub fn new(pair: PairId, steps: Vec<PlannedStep>, counts: PlanCounts) -> Self {
        let bare: Vec<_> = steps
            .iter()
            .map(|step| (step.link, step.side, step.action, &step.fields, &step.content))
            .collect();
        let digest = digest_of(&(&pair, bare));
        Plan { pair, steps, counts, trips: Vec::new(), digest }
    }

    /// Tells whether all that the guard objects to is the number of deletions: the rest may be carried out without them.
    /// Not where about as many records would be made on the same side: a program that reloads its table under other names
    /// does that, and each of them would be there twice until the deletions are approved.
    #[must_use]
    pub fn holds_deletions_only(&self) -> bool {
        let is_replaced = |trip: &Trip| match trip {
            Trip::Deletes { side, planned, allowed } => {
                let made = self.counts.writes[*side].created;
                made > *allowed && made.saturating_mul(2) >= *planned && made / 2 <= *planned
            }
            _ => false,
        };
        if self.trips.iter().any(is_replaced) {
            return false;
        }
        let is_of_deletions =
            |trip: &Trip| matches!(trip, Trip::Deletes { .. }) || matches!(trip, Trip::Emptied { .. });
        !self.trips.is_empty() && self.trips.iter().all(is_of_deletions)
    }

    /// Returns how many deletions there are on both sides together.
    #[must_use]
    pub fn deletes(&self) -> u64 {
        self.counts.writes.local.deleted + self.counts.writes.remote.deleted
    }
}
