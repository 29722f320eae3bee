//! The port of the ledger: what the engine keeps between runs.
//!
//! The ledger is deliberately dumb: it answers indexed reads and carries out one kind of transaction,
//! [`Ledger::commit`]. All meaning is the engine's. So a ledger in memory and one in SQL cannot differ
//! in a rule, and every transaction of the engine is one value that a test can look at.
//!
//! Every operation of the engine is one [`Changes`]: a page of a listing (copies, flags, `met`; the
//! cursor with the last page only), the results of a fetch, the results of decisions that need no
//! write, the opening of a batch, the closing of a batch together with its links, the joining of two
//! halves, an answer of a person.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    Code, Context, CreateKey, Cursor, Detail, EntryId, ErrorKind, Field, ItemId, LinkId, MatchKey, Opaque,
    PairId, PortError, PortResult, Record, RunId, Side, Sides, Stored, Trail, Value, code::stored_code,
};

/// A record as one side holds it, the last time we looked; it stays in the link when it is gone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(bound = "R: Record")]
pub struct Copy<R> {
    /// The copy.
    pub stored: Stored<R>,
    /// It is confirmed that the item no longer exists.
    #[serde(default)]
    pub gone: bool,
    /// Fetch it before deciding anything.
    #[serde(default)]
    pub look: bool,
}

/// Why a replica refused a record, for `status`. Never holds a value of the record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// The side that refused.
    pub side: Side,
    /// The kind of the error.
    pub kind: ErrorKind,
    /// The code of the catalogue.
    #[serde(default, deserialize_with = "stored_code", skip_serializing_if = "Option::is_none")]
    pub code: Option<Code>,
    /// When.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<DateTime<Utc>>,
    /// What it is about.
    #[serde(default, rename = "details", skip_serializing_if = "Context::is_empty")]
    pub context: Context,
}

impl Refusal {
    /// Makes a refusal from the error of a port.
    #[must_use]
    pub fn new(side: Side, error: &PortError, at: DateTime<Utc>) -> Self {
        let mut context = error.context.clone();
        if context.is_empty() {
            // Nothing better is known of it.
            context.push(Detail::Operation(error.operation.to_owned()));
        }
        Refusal { at: Some(at), side, kind: error.kind, code: error.code, context }
    }
}

/// A field that a record has on one side and that the other side cannot hold.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Lack {
    /// The side that lacks it.
    pub side: Side,
    /// The field.
    pub field: Field,
}

/// How a link stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkState {
    /// Decided like any other.
    #[default]
    Active,
    /// One side is gone and the other stays, on purpose, until it is gone too or the first returns.
    Released,
    /// A half with more than one possible other half: a person has to say which.
    Ambiguous,
    /// A replica refused the record; it waits until a copy moves.
    Rejected(Refusal),
}

/// One row of the ledger: the bases and copies of one record of one pair.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(bound = "R: Record")]
pub struct Link<R> {
    /// The name of the link.
    pub id: LinkId,
    /// The last copies seen; `None` = never seen. The pair (side, item) is unique within a pair.
    pub copies: Sides<Option<Copy<R>>>,
    /// What each side looked like when the two last agreed, field by field; empty = never agreed.
    pub bases: Sides<R>,
    /// Decide this link.
    pub due: bool,
    /// How it stands.
    #[serde(default)]
    pub state: LinkState,
    /// Fields that wait for a person; for `status` only.
    #[serde(default)]
    pub held: Vec<Field>,
    /// A person's answers to clashes, for the two values they saw.
    #[serde(default)]
    pub chosen: Vec<(Field, Side)>,
    /// Halves that a person said are other records than this one.
    #[serde(default)]
    pub different: Vec<LinkId>,
    /// When a person decided about this link last: what was written before says nothing about circles any more.
    #[serde(default)]
    pub decided: Option<DateTime<Utc>>,
    /// The states that the item of each side went through.
    #[serde(default)]
    pub trails: Sides<Trail>,
    /// What one of the sides cannot hold.
    #[serde(default)]
    pub lacks: Vec<Lack>,
}

impl<R: Record> Link<R> {
    /// Makes a link that knows nothing yet.
    #[must_use]
    pub fn new(id: LinkId) -> Self {
        Link {
            id,
            copies: Sides { local: None, remote: None },
            bases: Sides { local: R::default(), remote: R::default() },
            due: false,
            state: LinkState::Active,
            held: Vec::new(),
            chosen: Vec::new(),
            different: Vec::new(),
            decided: None,
            trails: Sides::default(),
            lacks: Vec::new(),
        }
    }

    /// Returns the copy of a side if the item is there.
    #[must_use]
    pub fn alive(&self, side: Side) -> Option<&Stored<R>> {
        self.copies[side].as_ref().filter(|copy| !copy.gone).map(|copy| &copy.stored)
    }

    /// Returns the name of the item a side has, or had.
    #[must_use]
    pub fn item(&self, side: Side) -> Option<&ItemId> {
        self.copies[side].as_ref().map(|copy| &copy.stored.id)
    }

    /// Tells whether a copy has to be fetched first.
    #[must_use]
    pub fn looks(&self) -> bool {
        Side::BOTH.iter().any(|side| self.copies[*side].as_ref().is_some_and(|copy| copy.look))
    }

    /// Tells whether one side does not offer the record to the pair any more, or did not when it was removed there: it
    /// counts as out of scope.
    #[must_use]
    pub fn is_aside(&self) -> bool {
        let withdrawn = |side: Side| self.copies[side].as_ref().map(|copy| copy.stored.withdrawn);
        match (withdrawn(Side::Local), withdrawn(Side::Remote)) {
            (Some(local), Some(remote)) => (local || remote) && self.state != LinkState::Released,
            _ => false,
        }
    }

    /// Returns the side on which this link is alive, if it is alive on one side only.
    #[must_use]
    pub fn half(&self) -> Option<Side> {
        match (self.alive(Side::Local), self.alive(Side::Remote)) {
            (Some(_), None) => Some(Side::Local),
            (None, Some(_)) => Some(Side::Remote),
            _ => None,
        }
    }

    /// Returns the match keys of the copy of a side, if the item is there: the ledger keeps them in an
    /// index (pair, side, key), for every link.
    #[must_use]
    pub fn match_keys(&self, side: Side) -> Vec<MatchKey> {
        self.alive(side).map(|stored| stored.record.match_keys().into_iter().collect()).unwrap_or_default()
    }

    /// Returns the first item of the line that the local copy belongs to.
    #[must_use]
    pub fn root(&self) -> Option<&ItemId> {
        self.copies.local.as_ref().map(|copy| copy.stored.root())
    }

    /// Tells whether `status` has to name this link.
    #[must_use]
    pub fn needs_attention(&self) -> bool {
        !self.held.is_empty() || matches!(self.state, LinkState::Ambiguous | LinkState::Rejected(_))
    }
}

/// What a write does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Op {
    /// Makes an item.
    Create {
        /// The key that makes a repetition harmless.
        key: CreateKey,
    },
    /// Changes an item.
    Update,
    /// Removes an item.
    Delete,
    /// Brings an item into another collection of its replica.
    Move {
        /// The name of that collection.
        to: String,
    },
    /// Nothing: somebody changed on this side what no run carries over, such as leftovers. The entry keeps what was
    /// there before, so that it can be taken back.
    Seen,
}

/// What became of a write.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(bound = "R: Record", rename_all = "snake_case")]
pub enum Outcome<R> {
    /// Not known yet.
    Open,
    /// It was done; the copy as stored, unless it was a delete or the answer was lost for good.
    Landed(Option<Stored<R>>),
    /// It was not done.
    NotLanded,
}

/// A journal row: opened before a write, closed after it. Closed entries are the history.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(bound = "R: Record")]
pub struct Entry<R> {
    /// The name of the entry: the stamp of the copy that it writes.
    pub id: EntryId,
    /// The run it belongs to.
    pub run: RunId,
    /// The link it belongs to; the link may be forgotten since.
    pub link: LinkId,
    /// The side it writes to.
    pub side: Side,
    /// What it does.
    pub op: Op,
    /// The before-image; its version is the condition of the write. For a create: the dead copy that
    /// the new one replaces, if any.
    pub from: Option<Stored<R>>,
    /// The record as it shall be; `None` for a delete.
    pub to: Option<R>,
    /// The leftovers as they shall be; `None` = as they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opaque: Option<Opaque>,
    /// The fields that this write takes from the other side.
    pub taken: Vec<Field>,
    /// The other side's view that this write takes in.
    pub source: R,
    /// The bases before the write, for undo.
    pub bases: Sides<R>,
    /// Of a delete: the other side's last copy, so that an undo brings back what only that side held.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub other: Option<Stored<R>>,
    /// Once this has landed, the link is released: the undo of a create.
    #[serde(default)]
    pub release: bool,
    /// The entry that this one takes back.
    #[serde(default)]
    pub undoes: Option<EntryId>,
    /// When it was opened.
    pub opened: DateTime<Utc>,
    /// What became of it.
    pub outcome: Outcome<R>,
}

impl<R: Record> Entry<R> {
    /// Returns the id of the item that was, or was to be, written: known for a create once it has landed.
    #[must_use]
    pub fn item(&self) -> Option<&ItemId> {
        match &self.outcome {
            Outcome::Landed(Some(stored)) => Some(&stored.id),
            _ => self.from.as_ref().map(|from| &from.id),
        }
    }

    /// Tells whether nobody knows yet what became of this write.
    #[must_use]
    pub fn is_open(&self) -> bool {
        matches!(self.outcome, Outcome::Open)
    }
}

/// What a run was for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunKind {
    /// A synchronisation.
    Sync,
    /// A dry run.
    Plan,
    /// The undo of an earlier run.
    Undo(RunId),
    /// The taking back of everything that was done since a time.
    Restore(DateTime<Utc>),
    /// The carrying out of a person's answer.
    Answer,
    /// The import of a file into the company's database.
    Import,
}

/// One run of one pair.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// Its number.
    pub id: RunId,
    /// The pair.
    pub pair: PairId,
    /// What it was for.
    pub kind: RunKind,
    /// When it began.
    pub started: DateTime<Utc>,
    /// When it ended; `None` = under way, or killed.
    pub finished: Option<DateTime<Utc>>,
    /// What it did, in numbers and codes: the engine's report as JSON. Null until it ends.
    pub summary: Value,
}

/// What the ledger knows of a pair as a whole.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PairState {
    /// The cursors; `None` = list everything.
    pub cursors: Sides<Option<Cursor>>,
    /// The digest of the rules that all links were last decided with.
    pub rules: Option<String>,
    /// The labels that both sides have.
    pub labels: Vec<LabelLink>,
}

/// A label that both sides have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LabelLink {
    /// Its ids.
    pub ids: Sides<String>,
    /// How it was called when the two sides last agreed.
    pub names: Sides<String>,
    /// How it was called before that: an undo gives that name back.
    #[serde(default)]
    pub former: Option<String>,
}

/// Numbers of a pair, for the guard.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// All links.
    pub links: u64,
    /// Links that have, or had, a copy on both sides.
    pub linked: u64,
    /// Links alive on both sides.
    pub both: u64,
    /// Links alive on each side.
    pub alive: Sides<u64>,
    /// Links to be decided.
    pub due: u64,
    /// Links with fields that wait for a person.
    pub held: u64,
    /// Halves that a person has to join or tell apart.
    pub ambiguous: u64,
    /// Links that a replica refused.
    pub rejected: u64,
    /// Links of which one side stays alone: an undo or a rule left it there.
    #[serde(default)]
    pub released: u64,
    /// Links of which one side is not offered to the pair any more ([`Link::is_aside`]).
    #[serde(default)]
    pub aside: u64,
    /// Entries still open.
    pub open: u64,
}

/// A half link without its record, for the first meeting.
#[derive(Clone, Debug, PartialEq)]
pub struct Half {
    /// The link.
    pub link: LinkId,
    /// The side on which it is alive.
    pub side: Side,
    /// The match keys of its copy on that side.
    pub keys: Vec<MatchKey>,
    /// Whether it is to be decided.
    pub due: bool,
    /// Whether it is ambiguous now.
    pub ambiguous: bool,
    /// Halves that a person said are other records.
    pub different: Vec<LinkId>,
}

/// An item to fetch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Look {
    /// The item.
    pub item: ItemId,
    /// The link that knows it; `None` = a stranger: seen in a listing, known to no link.
    pub link: Option<LinkId>,
}

/// An item that no link knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stranger {
    /// The side that has, or had, the item.
    pub side: Side,
    /// The item.
    pub item: ItemId,
    /// What is known of its states.
    pub trail: Trail,
    /// Whether it is to be fetched: a listing showed it. One that is gone is only remembered.
    pub look: bool,
}

/// The newest that is known of a row of the local store, over all pairs.
#[derive(Clone, Debug, PartialEq)]
pub struct LastCopy<R> {
    /// The row.
    pub item: ItemId,
    /// The newest copy that any link of any pair holds, by [`crate::Version::sequence`].
    pub newest: Option<Stored<R>>,
    /// Open local entries of any pair whose `from` is this row: the local store knows their outcome.
    pub open: Vec<EntryId>,
}

/// Which links to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Find {
    /// By name.
    Links(Vec<LinkId>),
    /// By the item that a side has, or had.
    Items(Side, Vec<ItemId>),
    /// By the first item of the line of the local copy ([`Link::root`]).
    Roots(Vec<ItemId>),
}

/// Which closed or open entries to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EntriesOf {
    /// Those of a run.
    Run(RunId),
    /// Those of a link.
    Link(LinkId),
    /// Those of a pair.
    Pair(PairId),
    /// Those of one entry's name.
    Entry(EntryId),
    /// Those of a link in one run.
    LinkIn(LinkId, RunId),
    /// Those of a link that were opened at this time or later.
    LinkSince(LinkId, DateTime<Utc>),
    /// Those of a pair that were opened at this time or later.
    PairSince(PairId, DateTime<Utc>),
    /// Those that wrote, or were to write, this item of a side, of whatever pair.
    Item(Side, ItemId),
    /// The deletes of whatever pair that went out from this item of the other side, when it was gone.
    Beside(Side, ItemId),
    /// Those that took this entry back.
    Undoing(EntryId),
}

/// A stretch of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slice {
    /// How many to leave out.
    pub skip: u64,
    /// How many to give at most.
    pub limit: u64,
}

/// The right to write to a pair's rows: one process at a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// The pair.
    pub pair: PairId,
    /// Who holds it.
    pub holder: Uuid,
    /// Until when, unless it is renewed; every commit renews it.
    pub until: DateTime<Utc>,
}

/// The name of one complete listing: the run that made it.
pub type ListingId = RunId;

/// A value that one side gave to a part of a record, while the other side took that part away.
#[derive(Clone, Debug, PartialEq)]
pub struct Unplaced {
    /// The record, by its name on the local side.
    pub item: ItemId,
    /// The part.
    pub field: Field,
    /// What was given to it.
    pub value: Value,
}

/// One transaction: all of it happens, or nothing.
#[derive(Clone, Debug, PartialEq)]
pub struct Changes<R> {
    /// Links to forget; done first, so that another link may have their items.
    pub forget: Vec<LinkId>,
    /// Links to insert or replace, whole. Items may move between the links of one transaction.
    pub links: Vec<Link<R>>,
    /// Items that no link knows, to insert or replace: seen in a listing and to be fetched, or gone and
    /// remembered for a while. Of repeats the last one counts.
    pub strangers: Vec<Stranger>,
    /// Items that are strangers no longer. One that was none is no error.
    pub known: Vec<(Side, ItemId)>,
    /// Strangers that are gone since before this time, and not to be fetched, are forgotten; done after
    /// `strangers`.
    pub gone_before: Option<DateTime<Utc>>,
    /// Links met on a side by a complete listing; done after `links`.
    pub met: Option<(Side, ListingId, Vec<LinkId>)>,
    /// A complete listing of a side has ended: sets `look` on live copies that it has not met, and says so in their
    /// trails.
    pub absent: Option<(Side, ListingId)>,
    /// Cursors to keep; `None` = as it was.
    pub cursors: Sides<Option<Cursor>>,
    /// Cursors to drop, so that the side is listed completely.
    pub drop_cursors: Sides<bool>,
    /// Entries to open.
    pub open: Vec<Entry<R>>,
    /// Entries to close.
    pub close: Vec<(EntryId, Outcome<R>)>,
    /// What the provider's side changed and the record here has no place for any more: told once, kept nowhere.
    pub unplaced: Vec<Unplaced>,
    /// The digest of new rules: kept, and all links of the pair are due; done after `links`.
    pub rules: Option<String>,
    /// What is to be kept in place of [`PairState::rules`] although nothing becomes due by it.
    pub rules_seen: Option<String>,
    /// The labels that both sides have, all of them; `None` = as they were.
    pub labels: Option<Vec<LabelLink>>,
}

impl<R> Default for Changes<R> {
    fn default() -> Self {
        Changes {
            forget: Vec::new(),
            links: Vec::new(),
            strangers: Vec::new(),
            known: Vec::new(),
            gone_before: None,
            met: None,
            absent: None,
            cursors: Sides { local: None, remote: None },
            drop_cursors: Sides { local: false, remote: false },
            open: Vec::new(),
            close: Vec::new(),
            unplaced: Vec::new(),
            rules: None,
            rules_seen: None,
            labels: None,
        }
    }
}

impl<R: Record> Changes<R> {
    /// Tells whether this transaction would change nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.forget.is_empty()
            && self.links.is_empty()
            && self.strangers.is_empty()
            && self.known.is_empty()
            && self.gone_before.is_none()
            && self.met.is_none()
            && self.absent.is_none()
            && self.cursors == (Sides { local: None, remote: None })
            && self.drop_cursors == (Sides { local: false, remote: false })
            && self.open.is_empty()
            && self.close.is_empty()
            && self.rules.is_none()
            && self.rules_seen.is_none()
            && self.labels.is_none()
            && self.unplaced.is_empty()
    }
}

/// What the engine keeps between runs, for all pairs of one kind of record in one installation.
///
/// # Promises
///
/// Reads are index reads and see every commit that returned before. Lists of ids are in one fixed
/// order and continue after the id given, so that they can be read in pages while rows change.
/// A link is *blocked* while an entry of it is open.
///
/// # Errors
///
/// `RateLimited` where the pair's lease is held by someone else; `Unavailable` where the ledger cannot
/// be reached; `Unexpected` where a promise of the caller is broken (an item in two links).
#[async_trait]
pub trait Ledger<R: Record>: Send + Sync {
    /// Takes the pair's lease: free, expired at `now`, or held by the same holder already. One transaction
    /// (compare and set). Returns false where someone else holds it.
    async fn lease(&self, lease: &Lease, now: DateTime<Utc>) -> PortResult<bool>;

    /// Gives the lease back; no error if it is no longer held. One transaction.
    async fn release(&self, lease: &Lease) -> PortResult<()>;

    /// Opens a run with the next number of the installation. One transaction.
    async fn begin_run(&self, pair: &PairId, kind: RunKind, now: DateTime<Utc>) -> PortResult<RunId>;

    /// Closes a run with its summary. One transaction.
    async fn finish_run(&self, run: RunId, now: DateTime<Utc>, summary: &Value) -> PortResult<()>;

    /// Carries out one transaction, under the lease, which it renews to `lease.until`.
    ///
    /// # Errors
    ///
    /// MUST refuse with `RateLimited` and change nothing when the pair's lease has another holder; with
    /// `Unexpected` when an item would belong to two links of the pair.
    async fn commit(&self, lease: &Lease, changes: Changes<R>) -> PortResult<()>;

    /// Hands links over to another pair of this kind: they are forgotten in the first pair, and the second one
    /// commits `changes`, which hold them. One transaction, under both leases.
    ///
    /// # Errors
    ///
    /// As [`Ledger::commit`], for either pair.
    async fn hand_over(
        &self,
        from: &Lease,
        links: Vec<LinkId>,
        to: &Lease,
        changes: Changes<R>,
    ) -> PortResult<()>;

    /// Returns cursors and rules digest of a pair; the default for a pair never seen.
    async fn pair_state(&self, pair: &PairId) -> PortResult<PairState>;

    /// Returns the numbers of a pair.
    async fn counts(&self, pair: &PairId) -> PortResult<Counts>;

    /// Returns the links asked for, in no promised order; unknown names are left out.
    async fn find(&self, pair: &PairId, find: &Find) -> PortResult<Vec<Link<R>>>;

    /// Returns ids of due links that are neither blocked nor have a copy to look at, after `after`.
    async fn due(&self, pair: &PairId, after: Option<LinkId>, limit: u64) -> PortResult<Vec<LinkId>>;

    /// Returns what is known of items of a side that no link knows; unknown ones are left out.
    async fn strangers(&self, pair: &PairId, side: Side, items: &[ItemId]) -> PortResult<Vec<Stranger>>;

    /// Returns items to fetch on a side, strangers included, in the order of their names after `after`;
    /// items of blocked links are not left out.
    async fn looks(
        &self,
        pair: &PairId,
        side: Side,
        after: Option<&ItemId>,
        limit: u64,
    ) -> PortResult<Vec<Look>>;

    /// Returns all open entries of a pair, oldest first. There are few: those of batches under way.
    async fn open_entries(&self, pair: &PairId) -> PortResult<Vec<Entry<R>>>;

    /// Returns halves ([`Link::half`]) that are due and neither blocked nor to look at, after `after`.
    async fn due_halves(&self, pair: &PairId, after: Option<LinkId>, limit: u64) -> PortResult<Vec<Half>>;

    /// Returns all halves, due or not, neither blocked nor to look at, that have one of the keys.
    async fn halves_sharing(&self, pair: &PairId, keys: &[MatchKey]) -> PortResult<Vec<Half>>;

    /// Returns the links alive on a side, halves or not, whose copy on that side has one of the keys.
    async fn alive_sharing(&self, pair: &PairId, side: Side, keys: &[MatchKey]) -> PortResult<Vec<LinkId>>;

    /// Returns the newest that any pair of this kind knows of rows of the local store, in order.
    async fn last_copies(&self, items: &[ItemId]) -> PortResult<Vec<LastCopy<R>>>;

    /// Returns links that wait for a person: held, ambiguous or rejected, after `after`.
    async fn attention(&self, pair: &PairId, after: Option<LinkId>, limit: u64) -> PortResult<Vec<Link<R>>>;

    /// Returns links of which one side stays alone on purpose ([`LinkState::Released`]) or is not offered any more
    /// ([`Link::is_aside`]), after `after`.
    async fn alone(&self, pair: &PairId, after: Option<LinkId>, limit: u64) -> PortResult<Vec<Link<R>>>;

    /// Returns links with something that a side cannot hold ([`Link::lacks`]), after `after`.
    async fn lacking(&self, pair: &PairId, after: Option<LinkId>, limit: u64) -> PortResult<Vec<Link<R>>>;

    /// Returns entries, newest first.
    async fn entries(&self, of: &EntriesOf, slice: Slice) -> PortResult<Vec<Entry<R>>>;

    /// Returns runs of a pair, or of all pairs of this kind, newest first.
    async fn runs(&self, pair: Option<&PairId>, slice: Slice) -> PortResult<Vec<Run>>;

    /// Returns one run of a pair of this kind.
    async fn run(&self, run: RunId) -> PortResult<Option<Run>>;

    /// Removes closed entries opened before, and finished runs that have no entry left and ended
    /// before. Returns how many entries. One transaction.
    async fn purge(&self, before: DateTime<Utc>) -> PortResult<u64>;

    /// Removes all rows of a pair, its history included. One transaction.
    async fn erase_pair(&self, pair: &PairId) -> PortResult<()>;
}
