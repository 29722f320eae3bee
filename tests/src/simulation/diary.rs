//! What the judges know: who typed what over what, who deleted what, and what was lost on the way.

use std::collections::{BTreeMap, BTreeSet};

use passerelle_ports::{EntryId, ItemId, Side};

use super::values::Token;

/// One value that somebody typed.
#[derive(Clone, Debug)]
pub struct Edit {
    pub token: Token,
    pub ident: String,
    pub field: &'static str,
}

/// One deletion by a person.
#[derive(Clone, Debug)]
pub struct Deletion {
    pub ident: String,
    /// 0 = the local store, p + 1 = the remote of pair p.
    pub replica: usize,
    pub seen: BTreeSet<Token>,
    /// The how manieth act of people it was.
    pub act: u64,
    /// We did not know yet that the item exists, or an answer was outstanding.
    pub exempt: bool,
    /// The item showed what its provider, or another one, puts into an empty label.
    pub saw_default: bool,
}

#[derive(Debug, Default)]
pub struct Diary {
    /// What stood there when a token was typed.
    pub parents: BTreeMap<Token, Vec<Token>>,
    /// What lost a clash against a token because a person said so.
    pub answered: BTreeMap<Token, Vec<Token>>,
    pub edits: Vec<Edit>,
    pub deletions: Vec<Deletion>,
    /// Tokens that a person or a provider cleared, with all they had superseded.
    pub cleared: BTreeSet<Token>,
    pub clears: BTreeSet<(String, &'static str)>,
    /// How often each identity was entered on each replica.
    pub entered: BTreeMap<(String, usize), usize>,
    /// Identities entered once more, or after a deletion.
    pub again: BTreeSet<String>,
    /// Leftovers last set by a person, by identity and replica.
    pub leftovers: BTreeMap<(String, usize), serde_json::Value>,
    pub touched: BTreeSet<(usize, String, &'static str)>,
    /// Identities ever out of scope, or refused.
    pub odd: BTreeSet<String>,
    pub ever_private: BTreeSet<String>,
    pub flipped: BTreeSet<String>,
    pub refilled: BTreeSet<String>,
    /// Identities with a lost answer of a remote; and of a remote that blurs what it was.
    pub lost: BTreeSet<String>,
    pub lost_blurred: BTreeSet<String>,
    pub lost_here: BTreeSet<(usize, String)>,
    pub lost_entries: BTreeSet<(usize, EntryId)>,
    /// Identities of items that could not be read before they were linked.
    pub late: BTreeSet<String>,
    /// Identities that were merged, with the one that lives on.
    pub merged: BTreeMap<String, String>,
    /// Identities taken out of a provider's bin: where, and when last.
    pub restored: BTreeMap<String, (usize, u64)>,
    /// The ledger was put back from a backup: what it knew is in `past`.
    pub old_state: bool,
    pub past: BTreeSet<Token>,
    /// What waited at a remote, and was thrown away by the provider beside a write of ours to another field: by
    /// remote, item and field, until the field is written; and all that ever was.
    pub thrown_away: BTreeMap<(usize, ItemId, &'static str), Token>,
    pub ever_thrown_away: BTreeSet<Token>,
    /// What every write that was sent really did: stored with these values, or deleted.
    pub truth: BTreeMap<EntryId, Option<passerelle_testkit::Note>>,
}

impl Diary {
    /// Returns tokens and all that they superseded.
    pub fn closure(&self, tokens: impl IntoIterator<Item = Token>) -> BTreeSet<Token> {
        let mut seen = BTreeSet::new();
        let mut todo: Vec<Token> = tokens.into_iter().collect();
        while let Some(token) = todo.pop() {
            if token > 0 && seen.insert(token) {
                todo.extend(self.parents.get(&token).into_iter().flatten());
                todo.extend(self.answered.get(&token).into_iter().flatten());
            }
        }
        seen
    }

    /// Returns tokens and all that they were typed over.
    pub fn typed_over(&self, tokens: impl IntoIterator<Item = Token>) -> BTreeSet<Token> {
        let mut seen = BTreeSet::new();
        let mut todo: Vec<Token> = tokens.into_iter().collect();
        while let Some(token) = todo.pop() {
            if token > 0 && seen.insert(token) {
                todo.extend(self.parents.get(&token).into_iter().flatten());
            }
        }
        seen
    }

    /// Tells whether a person said of two values which wins.
    pub fn was_answered(&self, won: Token, lost: Token) -> bool {
        won > 0 && self.answered.get(&won).is_some_and(|losers| losers.contains(&lost))
    }

    /// Tells whether one value was typed over another, directly or not; a value typed on two sides was
    /// typed over two, and says nothing.
    pub fn supersedes(&self, above: Token, below: Token) -> bool {
        let mut seen = BTreeSet::new();
        let mut todo = vec![above];
        while let Some(token) = todo.pop() {
            if token == 0 || self.typed_times(token) > 1 || !seen.insert(token) {
                continue;
            }
            if token == below {
                return true;
            }
            todo.extend(self.parents.get(&token).into_iter().flatten());
        }
        false
    }

    /// Returns the identity that lives on in place of one that was merged, or the same.
    pub fn lives_on<'a>(&'a self, ident: &'a str) -> &'a str {
        let mut at = ident;
        // Merged into each other in turn, each is merged once.
        while let Some(next) = self.merged.get(at) {
            at = next;
        }
        at
    }

    /// Returns all identities that are one record now.
    pub fn family(&self, ident: &str) -> BTreeSet<String> {
        let root = self.lives_on(ident);
        let merged = self.merged.keys().filter(|from| self.lives_on(from) == root).cloned();
        merged.chain([root.to_owned(), ident.to_owned()]).collect()
    }

    /// Tells whether somebody deleted what was merged, entered it again or took it out of the bin.
    pub fn family_was_deleted(&self, ident: &str) -> bool {
        let family = self.family(ident);
        let by_hand = self
            .deletions
            .iter()
            .filter(|d| family.contains(&d.ident) && !self.merged.contains_key(&d.ident));
        let twice =
            self.deletions.iter().filter(|d| self.merged.contains_key(&d.ident) && family.contains(&d.ident));
        by_hand.count() > 0
            || twice.count() > family.len() - 1
            || family.iter().any(|ident| self.odd.contains(ident) || self.entered_in_all(ident) != 1)
    }

    /// Tells whether an identity took part in a merge.
    pub fn is_merged(&self, ident: &str) -> bool {
        self.merged.contains_key(ident) || self.merged.values().any(|into| into == ident)
    }

    pub fn entered_in_all(&self, ident: &str) -> usize {
        self.entered.iter().filter(|((who, _), _)| who == ident).map(|(_, times)| *times).sum()
    }

    pub fn entered_on(&self, ident: &str, replica: usize) -> usize {
        self.entered.get(&(ident.to_owned(), replica)).copied().unwrap_or(0)
    }

    pub fn typed_times(&self, token: Token) -> usize {
        self.edits.iter().filter(|edit| edit.token == token).count()
    }

    pub fn is_deleted(&self, ident: &str) -> bool {
        self.deletions.iter().any(|deletion| deletion.ident == ident)
    }
}

/// Counters of the run of a pair that is under way.
#[derive(Clone, Debug, Default)]
pub struct Running {
    pub started_seconds: i64,
    pub deletes: [u64; 2],
    pub complete: bool,
    pub calls: u64,
    /// Links, links with a copy on both sides, and records alive on both sides when the run began.
    pub links: u64,
    pub linked: u64,
    pub alive: [usize; 2],
    /// How often people had done something when the run began.
    pub acts: u64,
    /// Items of which the run changes one field only, by side and field.
    pub alike: BTreeMap<(Side, &'static str), BTreeSet<ItemId>>,
    /// Items whose write was overtaken, until they are looked at.
    pub overtaken: BTreeSet<(Side, ItemId)>,
    /// Whether a deletion was sent.
    pub deleting: bool,
    /// Another run was nested in this one.
    pub disturbed: bool,
    /// Items listed that no link knew.
    pub strangers: u64,
    /// Whether a call has failed.
    pub failing: bool,
    /// The process slept so long that its lease is over, and another has run meanwhile.
    pub stalled: bool,
    pub stale: bool,
    pub lists: u64,
    pub fetches: u64,
    pub writes: u64,
    /// Items whose two sides had agreed on something before the run, with the item of the other side.
    pub agreed: BTreeMap<(Side, ItemId), Option<ItemId>>,
}

/// A write that has not landed yet, and will.
#[derive(Clone, Debug)]
pub struct Late {
    pub replica: usize,
    pub pair: usize,
    pub at_seconds: i64,
    pub write: passerelle_ports::Write<passerelle_testkit::Note>,
}

/// An item as a judge finds it.
pub type Found = passerelle_ports::Stored<passerelle_testkit::Note>;
