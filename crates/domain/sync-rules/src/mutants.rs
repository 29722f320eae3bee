//! Rules taken out on purpose, one at a time, to see whether the simulation notices.
//!
//! Without the feature `mutants` nothing here exists at run time: [`on`] is a constant `false`.

/// A rule that can be taken out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
#[non_exhaustive]
pub enum Mutant {
    /// The base of the target is what was sent, not what was stored.
    BaseAsSent = 1,
    /// Bases do not advance on acknowledgement.
    NoAdvance,
    /// A provider's side effects on other fields are not absorbed.
    NoAbsorb,
    /// Equal only when identical, no normal form.
    ExactOnly,
    /// A clash is quietly won by the local side.
    ClashLocal,
    /// The whole record is written, not the changed fields.
    WholeRecord,
    /// A delete beats an edit.
    DeleteWins,
    /// A record is created again from the other side's copy, not from the last own one.
    RecreateFromOther,
    /// The unlink rule is forgotten.
    NoUnlink,
    /// Leaving the scope is ignored.
    NoScope,
    /// Redaction is not applied.
    NoView,
    /// Remote values of hidden fields are taken in.
    TakeHidden,
    /// Field directions are ignored.
    NoDirections,
    /// Lookalikes are joined by guessing.
    GuessPair,
    /// Nothing is matched before it is created.
    NoPairing,
    /// There is no limit on deletes.
    NoMaxDeletes,
    /// A second create reuses the key of the first.
    KeyReused,
    /// A later key is named after the pair, not after the row that is replaced.
    KeyPerPair,
    /// A lost answer is not re-based.
    NoRebase,
    /// The undo of a create does not release the link.
    UndoNotReleased,
    /// The undo of a delete does not look whether the record is back.
    UndoBlind,
    /// *Not landed* is believed at once.
    NoSettle,
    /// An unknown item is not matched with open creates.
    NoAdopt,
    /// A lost answer is taken for a failure.
    LostIsFailed,
    /// The stamp of the last write is ignored: guess by values.
    NoStamp,
    /// An existing item is taken for success without looking.
    ExistsIsDone,
    /// A lagging listing is taken at its word.
    TrustListing,
    /// Absence from a listing is not looked into.
    NoAbsent,
    /// A removal in a listing is not looked into.
    NoRemoved,
    /// Deletes in a run that made a complete listing.
    CompleteDeletes,
    /// A row brought back by another pair is not recognised.
    NoLineage,
    /// Local outcomes are not asked for: a lost local answer is guessed at.
    NoOutcome,
    /// Entries and links are closed in two transactions.
    CloseApart,
    /// The journal is opened after the call.
    JournalLate,
    /// A mismatch is not followed by a fetch.
    MismatchNoLook,
    /// A record is created again from a stale last copy.
    NoLastCopy,
}

impl Mutant {
    /// All of them.
    pub const ALL: &'static [Mutant] = &[
        Mutant::BaseAsSent,
        Mutant::NoAdvance,
        Mutant::NoAbsorb,
        Mutant::ExactOnly,
        Mutant::ClashLocal,
        Mutant::WholeRecord,
        Mutant::DeleteWins,
        Mutant::RecreateFromOther,
        Mutant::NoUnlink,
        Mutant::NoScope,
        Mutant::NoView,
        Mutant::TakeHidden,
        Mutant::NoDirections,
        Mutant::GuessPair,
        Mutant::NoPairing,
        Mutant::NoMaxDeletes,
        Mutant::KeyReused,
        Mutant::KeyPerPair,
        Mutant::NoRebase,
        Mutant::UndoNotReleased,
        Mutant::UndoBlind,
        Mutant::NoSettle,
        Mutant::NoAdopt,
        Mutant::LostIsFailed,
        Mutant::NoStamp,
        Mutant::ExistsIsDone,
        Mutant::TrustListing,
        Mutant::NoAbsent,
        Mutant::NoRemoved,
        Mutant::CompleteDeletes,
        Mutant::NoLineage,
        Mutant::NoOutcome,
        Mutant::CloseApart,
        Mutant::JournalLate,
        Mutant::MismatchNoLook,
        Mutant::NoLastCopy,
    ];
}

#[cfg(feature = "mutants")]
static ACTIVE: std::sync::atomic::AtomicU8 = std::sync::atomic::AtomicU8::new(0);

/// Takes one rule out, in the whole process; `None` puts all of them back.
#[cfg(feature = "mutants")]
pub fn take_out(mutant: Option<Mutant>) {
    ACTIVE.store(mutant.map_or(0, |mutant| mutant as u8), std::sync::atomic::Ordering::SeqCst);
}

/// Tells whether a rule is taken out.
#[cfg(feature = "mutants")]
#[must_use]
pub fn on(mutant: Mutant) -> bool {
    ACTIVE.load(std::sync::atomic::Ordering::Relaxed) == mutant as u8
}

/// Tells whether a rule is taken out: never, in what is shipped.
#[cfg(not(feature = "mutants"))]
#[must_use]
pub const fn on(_mutant: Mutant) -> bool {
    false
}
