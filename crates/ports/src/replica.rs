//! The port that every collection implements: the company's tables and each provider.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    Code, CreateKey, Cursor, EntryId, Field, ItemId, PageToken, PortError, PortResult, Record, Stamp, Value,
    Version,
};

/// What a replica stores about a record that the domain does not model ("leftovers").
///
/// Leftovers never cross sides; they come back when a record is created again on its own side, and when a change of them
/// is taken back.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Opaque(pub Value);

impl Opaque {
    /// The member in which a replica names what a person sees there and no record holds.
    pub const UNSHOWN: &'static str = "unshown";

    /// Returns the names of what a person sees in the item and the record does not hold.
    pub fn unshown(&self) -> impl Iterator<Item = Field> {
        let names = self.0.get(Self::UNSHOWN).and_then(Value::as_array).into_iter().flatten();
        names.filter_map(Value::as_str).map(Field::new)
    }

    /// The member in which a replica names the fields of the record that it keeps where nobody there sees them.
    pub const HIDDEN: &'static str = "hidden";

    /// Returns the names of the fields that the record holds and no person sees in the item.
    pub fn hidden(&self) -> impl Iterator<Item = Field> {
        let names = self.0.get(Self::HIDDEN).and_then(Value::as_array).into_iter().flatten();
        names.filter_map(Value::as_str).map(Field::new)
    }

    /// The member in which a replica names the field that the item does not show as the record says it, until it is
    /// written again.
    pub const UNSAID: &'static str = "unsaid";

    /// Returns the field that is to be written again although nothing of it changed.
    #[must_use]
    pub fn unsaid(&self) -> Option<Field> {
        self.0.get(Self::UNSAID).and_then(Value::as_str).map(Field::new)
    }

    /// Returns these leftovers as they are once that field was written again.
    #[must_use]
    pub fn said(mut self) -> Self {
        if let Some(members) = self.0.as_object_mut() {
            members.remove(Self::UNSAID);
        }
        self
    }
}

/// A record as one replica holds it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(bound = "R: Record")]
pub struct Stored<R> {
    /// The replica's own name of the item.
    pub id: ItemId,
    /// The tag of exactly this state.
    pub version: Version,
    /// When the replica says it last changed: read by the policy *newest* only.
    pub updated: DateTime<Utc>,
    /// The record.
    pub record: R,
    /// What the replica holds beyond the record.
    pub opaque: Opaque,
    /// The key it was created with, if we created it.
    pub key: Option<CreateKey>,
    /// The entry that created it, if we created it.
    pub made: Option<EntryId>,
    /// The last entry of ours that wrote it.
    pub stamp: Option<Stamp>,
    /// Local store only: the first item of the line that this one continues (see `Write::Create::replaces`).
    pub lineage: Option<ItemId>,
    /// The item exists, but its replica no longer offers it to this pair (the company took it out of
    /// the app user's view): it counts as out of scope, never as deleted.
    #[serde(default)]
    pub withdrawn: bool,
    /// Where a withdrawn item stands now, if it only went from one collection of its replica into another: the name
    /// of that collection. `Write::Move` brings it from there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub home: Option<String>,
}

impl<R> Stored<R> {
    /// Returns the first item of the line that this one belongs to: itself, unless it brought
    /// another one back to life.
    #[must_use]
    pub fn root(&self) -> &ItemId {
        self.lineage.as_ref().unwrap_or(&self.id)
    }
}

/// Where a listing starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum From {
    /// At the beginning: a complete listing.
    Start,
    /// After a cursor: only what changed since.
    Cursor(Cursor),
    /// In the middle of a listing that has begun.
    Page(PageToken),
}

/// What follows a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// Another page of the same listing.
    Page(PageToken),
    /// Nothing: the listing is complete, and the next one starts at this cursor.
    ///
    /// An empty cursor says that the replica gave none: the next run lists everything again.
    End(Cursor),
}

/// An item that a listing shows and that cannot be read: it is there, and nothing else is known of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unread {
    /// The replica's own name of the item, if that much could be read.
    pub id: Option<ItemId>,
    /// The code of the catalogue.
    pub code: Option<Code>,
    /// What could not be read: the name of a field, never a value.
    pub place: String,
}

/// One page of a listing.
#[derive(Clone, Debug, PartialEq)]
pub struct Page<R> {
    /// Items that exist.
    pub items: Vec<Stored<R>>,
    /// Items that exist and cannot be read.
    pub unread: Vec<Unread>,
    /// Items said to be gone.
    pub removed: Vec<ItemId>,
    /// Names that are over, each with the item that lives on in its place: it was merged into that one, or is
    /// called so now.
    pub formerly: Vec<(ItemId, ItemId)>,
    /// What follows.
    pub next: Next,
}

/// One write of a batch.
#[derive(Clone, Debug, PartialEq)]
pub enum Write<R> {
    /// Makes an item.
    Create {
        /// The key that makes a repetition harmless.
        key: CreateKey,
        /// The record to store.
        record: R,
        /// Leftovers of the copy that this one brings back, on the same side.
        opaque: Option<Opaque>,
        /// The entry that this write belongs to.
        stamp: Stamp,
        /// The first item of the line that this one continues, if it brings one back to life: a local
        /// store keeps it as `lineage` of the new item; others ignore it.
        replaces: Option<ItemId>,
    },
    /// Changes the fields in which `to` differs from `from.record`, and no others.
    Update {
        /// The copy the change was computed from; its version is the condition of the write.
        from: Stored<R>,
        /// The record as it shall be.
        to: R,
        /// The leftovers as they shall be, as far as the replica lets them be written; `None` = as they are.
        opaque: Option<Opaque>,
        /// The entry that this write belongs to.
        stamp: Stamp,
    },
    /// Removes an item.
    Delete {
        /// The copy the removal was decided on; its version is the condition of the write.
        from: Stored<R>,
        /// The entry that this write belongs to.
        stamp: Stamp,
    },
    /// Brings an item into another collection of the same replica, as it is: the same item, under its name.
    Move {
        /// The copy the move was decided on; its version is the condition of the write, its `home` tells from where.
        from: Stored<R>,
        /// The name of the collection to bring it to.
        to: String,
        /// The entry that this write belongs to.
        stamp: Stamp,
    },
}

impl<R> Write<R> {
    /// Returns the entry that this write belongs to.
    #[must_use]
    pub fn stamp(&self) -> Stamp {
        match self {
            Write::Create { stamp, .. }
            | Write::Update { stamp, .. }
            | Write::Delete { stamp, .. }
            | Write::Move { stamp, .. } => *stamp,
        }
    }
}

/// A label that a plan gives another name, as far as its writes tell: all the records that they take out of the one and
/// put into the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Relabelling {
    /// The name that they leave.
    pub from: String,
    /// The name that they take.
    pub to: String,
    /// How many they are.
    pub count: u64,
}

/// A label of a side. Its name changes, its id does not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// Its id.
    pub id: String,
    /// What it is called.
    pub name: String,
}

/// What a write did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(bound = "R: Record")]
pub enum Written<R> {
    /// The item now stands like this.
    Stored(Stored<R>),
    /// The item is gone. Deleting what is gone already is no error.
    Deleted,
    /// The item is gone, and the deletion itself made this version of it before: a late answer may show that one.
    Removed(Version),
    /// A create met an item with its key: alive as given, or dead.
    Exists {
        /// The item's name.
        id: ItemId,
        /// The item, if it is alive.
        alive: Option<Stored<R>>,
    },
}

/// What a replica can do. Anything that is missing here is a promise.
#[derive(Clone, Debug, PartialEq)]
pub struct Capabilities {
    /// Whether `write` is possible at all.
    pub writable: bool,
    /// How long a listing or a fetch may show an older state than the last answer.
    pub read_lag: Duration,
    /// How long after a call a lost write may still land or become visible.
    pub settle: Duration,
    /// How many writes one call may hold.
    pub batch_max: usize,
    /// Whether written copies carry the entry that wrote them.
    pub stamps: bool,
    /// Whether a version that another one came after never comes again: what shows it is from before, however long
    /// after.
    pub one_way: bool,
    /// Whether `outcome` answers: the local store only.
    pub outcomes: bool,
}

/// A live collection of records: a table view, an address book, a calendar.
///
/// # Promises
///
/// An implementation MUST keep all of these; `passerelle-testkit` holds one test for each.
///
/// - **R1** A complete listing (`From::Start`, all pages) shows every item that existed from its
///   beginning to its end, once or more.
/// - **R2** Every later change is reported to a later cursor. Items may be repeated, reordered, and
///   shown in an *older* state; nothing is ever left out.
/// - **R3** A page may be empty and still have a successor; only `Next::End` ends a listing.
/// - **R4** A cursor that is no longer good answers `CursorExpired`; never an empty listing.
/// - **R5** A listing that could not be read to its end is an error, never a short listing.
/// - **R6** An item created with a key shows that key and the entry that made it to a listing begun
///   `settle` after the call, or never appears; or a second create with that key answers `Exists`.
/// - **R7** A write names the version it was computed from; another version is refused with
///   `VersionMismatch`, and nothing is changed. An item of which nothing but the version differs may be written.
/// - **R8** An update changes the fields in which `to` differs from `from.record`, nothing else;
///   leftovers stay as they were, unless the write names them: then those that its provider lets anybody write become
///   as named.
/// - **R9** A change of an item changes its version; a version never comes back with other content.
/// - **R10** `updated` is the replica's own word for the time of the last change.
/// - **R11** `fetch` answers with one state as a whole: its record, its version and its `updated` belong together. For
///   as long as `read_lag` it may be an older one than a listing, a fetch or a write answered before; the engine
///   compares it with what it knows. A name that is over may be answered with the item that lives on in its place,
///   which has another id.
/// - **R12** One result per write, in order; one refused write does not stop the others.
/// - **R13** A write answers with the record as stored, all fields, in the answer itself.
/// - **R14** Keys of keyed entries are kept, or the entry is dropped.
/// - **R15** (with `outcomes`) Key, lineage and outcome are kept beside the row in the row's own
///   transaction, and `outcome` tells them; versions are decimal numbers that only grow
///   ([`Version::sequence`]).
/// - **R16** `Write::Move` keeps the item: its name, its leftovers and whatever belongs to it. It answers with the
///   item as it stands there: withdrawn, with that collection as its `home`, unless it was brought back into this one.
///   A provider that cannot move makes the item there first, under a key of the entry, and removes it here afterwards;
///   one that cannot do that either answers `Unsupported`.
/// - **R17** One item that cannot be read stops only itself: a listing tells it as unread, `fetch_each` answers it
///   with an error of its own, and neither leaves it out nor says that it is gone.
///
/// # Errors
///
/// See [`crate::ErrorKind`]. By the time an error reaches the port, retries are used up.
#[async_trait]
pub trait Replica<R: Record>: Send + Sync {
    /// Tells what this replica can do.
    fn capabilities(&self) -> Capabilities;

    /// Lists one page of what exists, or of what changed.
    ///
    /// # Errors
    ///
    /// MUST return `CursorExpired` when the cursor or page token is no longer good.
    async fn changes(&self, from: From) -> PortResult<Page<R>>;

    /// As [`Replica::changes`], for whoever only looks: nothing is written, not even what this replica notes of a
    /// listing.
    ///
    /// # Errors
    ///
    /// As [`Replica::changes`].
    async fn peek(&self, from: From) -> PortResult<Page<R>> {
        self.changes(from).await
    }

    /// Fetches items by name: one answer per name, in order; `None` for what does not exist.
    ///
    /// # Errors
    ///
    /// MUST fail as a whole when it could not ask for all of them.
    async fn fetch(&self, ids: &[ItemId]) -> PortResult<Vec<Option<Stored<R>>>>;

    /// Fetches items by name, each with an answer of its own. A replica that can meet items which it cannot read
    /// answers those with an error of their own, of the kind `Unexpected` or `ItemFailed`.
    ///
    /// # Errors
    ///
    /// MUST fail as a whole when it could not ask for the others either.
    async fn fetch_each(&self, ids: &[ItemId]) -> PortResult<Vec<PortResult<Option<Stored<R>>>>> {
        Ok(self.fetch(ids).await?.into_iter().map(Ok).collect())
    }

    /// Completes a copy that was just read with what a listing may leave out and the last known copy still tells,
    /// where the provider confirms it. Most replicas leave nothing out.
    ///
    /// # Errors
    ///
    /// MUST fail when it could not ask.
    async fn recall(&self, _known: &Stored<R>, read: Stored<R>) -> PortResult<Stored<R>> {
        Ok(read)
    }

    /// Returns what the replica's own clock said in its last answer, where it tells that.
    fn clock(&self) -> Option<DateTime<Utc>> {
        None
    }

    /// Tells which of some items that are gone had left this collection before they went: its owner was not to lose them.
    /// Each comes with the name of the collection in which it stood then, where the replica knows one.
    ///
    /// # Errors
    ///
    /// MUST fail when it could not find out.
    async fn left_before(&self, _gone: &[ItemId]) -> PortResult<BTreeMap<ItemId, Option<String>>> {
        Ok(BTreeMap::new())
    }

    /// Returns which of some items nobody sees but the person whose collection this is. A replica that knows of nobody
    /// else names none.
    ///
    /// # Errors
    ///
    /// MUST fail when it could not find out.
    async fn own(&self, _ids: &[ItemId]) -> PortResult<BTreeSet<ItemId>> {
        Ok(BTreeSet::new())
    }

    /// Carries out a batch of writes, none of which touches the same item as another.
    ///
    /// # Errors
    ///
    /// An error of the whole call means that nothing is known about any of the writes. The result of
    /// one write MUST be `Rejected` or `Unsupported` when repeating it cannot help, `VersionMismatch` or
    /// `NotFound` when the item moved, `Unavailable` when it is not known whether it landed, and `ItemFailed` when
    /// it is not known and the others went on.
    async fn write(&self, batch: &[Write<R>]) -> PortResult<Vec<PortResult<Written<R>>>>;

    /// Hears of the labels that the writes to come give another name, before the first of them: a label that all its records
    /// leave for one that does not exist keeps what else is known of it, though a batch shows only some of them.
    ///
    /// # Errors
    ///
    /// MUST fail when a label that it would have renamed could not be; what was renamed stays so.
    async fn relabel(&self, _all: &[Relabelling]) -> PortResult<()> {
        Ok(())
    }

    /// Lists the labels that people made; a replica whose records have none lists none.
    ///
    /// # Errors
    ///
    /// MUST fail when it could not list them all.
    async fn labels(&self) -> PortResult<Vec<Label>> {
        Ok(Vec::new())
    }

    /// Gives labels these names in place: they keep their ids and their records. A label that was made meanwhile under one of
    /// the names is joined to it, or where the replica cannot join two, is left alone.
    ///
    /// # Errors
    ///
    /// MUST fail when a label that it would have renamed could not be; what was renamed stays so.
    async fn rename_labels(&self, _all: &[Label]) -> PortResult<()> {
        Ok(())
    }

    /// Tells why a write would surely be refused, from what an item is known to be (`None`: it is to be made) to what it
    /// shall be (`None`: it is to be deleted); nothing where it may be tried. What is refused for sure is asked about,
    /// and announced by no plan.
    fn forbids(&self, _from: Option<&Stored<R>>, _to: Option<&R>) -> Option<PortError> {
        None
    }

    /// Tells why an item would be refused that is made anew from what another pair knows of it; nothing where a person may
    /// say so.
    fn forbids_again(&self, _known: &Stored<R>) -> Option<PortError> {
        None
    }

    /// Returns how many items, by the provider's name of their sort, stand in the collection and are no records of this
    /// kind, as of the last listing; nothing where none has ended. They are neither shown nor written.
    fn not_carried(&self) -> Option<BTreeMap<String, u64>> {
        None
    }

    /// Tells whether the other people whom an item concerns are told through it what becomes of it. Where it is somebody
    /// else's they are not: removed here, it ends for nobody but the owner of this collection.
    fn tells_others(&self, _known: &Stored<R>) -> bool {
        true
    }

    /// Returns what of the leftovers of an item a move into another collection leaves alone, and a write could put back.
    fn carried_along(&self, known: &Opaque) -> Opaque {
        known.clone()
    }

    /// Tells what earlier writes did; only asked where `Capabilities::outcomes` is set.
    ///
    /// # Errors
    ///
    /// MUST fail as a whole when it could not ask for all of them.
    async fn outcome(&self, entries: &[EntryId]) -> PortResult<Vec<Option<Written<R>>>> {
        Ok(entries.iter().map(|_| None).collect())
    }
}
