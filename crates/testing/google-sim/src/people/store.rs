//! All that a contact was: each write adds a version, and a listing can look at any moment.
//!
//! Versions are numbered over the whole address book; a later number was written later, so one
//! number says what a delayed listing (P17) or a sync token (P11) has seen.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Duration, SecondsFormat, Utc};
use sha2::{Digest as _, Sha256};

use super::card::Card;

/// What a contact is at one moment.
#[derive(Debug, Clone)]
pub(super) enum State {
    /// Is in the contacts.
    Live(Arc<Card>),
    /// Is in the bin: a sync by token tells so (P15).
    Deleted(Arc<Card>),
    /// Was merged into another contact and is told only as its former name (P16).
    Merged,
}

impl State {
    /// Returns the card of a living contact.
    pub(super) fn live(&self) -> Option<&Arc<Card>> {
        match self {
            Self::Live(card) => Some(card),
            _ => None,
        }
    }
}

/// One version of a contact.
#[derive(Debug, Clone)]
pub(super) struct Version {
    pub(super) number: u64,
    pub(super) at: DateTime<Utc>,
    updated: DateTime<Utc>,
    /// Holds since when a deleted contact lies in the bin.
    binned: DateTime<Utc>,
    /// Holds what the contact counts towards the account's bytes.
    bytes_len: usize,
    pub(super) state: State,
}

impl Version {
    /// Returns the source's `updateTime`, with microseconds (P62).
    pub(super) fn update_time(&self) -> String {
        self.updated.to_rfc3339_opts(SecondsFormat::Micros, true)
    }

    /// Returns bytes that differ for each version of each contact.
    pub(super) fn digest(&self, id: u64) -> Vec<u8> {
        let hash = Sha256::digest(format!("{id}/{}", self.number));
        hash.iter().copied().take(12).collect()
    }
}

/// The versions of all contacts of an account.
#[derive(Debug, Default)]
pub(super) struct Store {
    entries: Vec<Vec<Version>>,
    by_id: BTreeMap<u64, usize>,
    marks: Vec<(DateTime<Utc>, u64)>,
    last_updated: Option<DateTime<Utc>>,
    minted: u64,
    bytes_len: usize,
}

/// How long a deleted contact stays in the bin (P45).
pub(super) const BIN_DAYS: i64 = 30;

const VERSIONS_KEPT: usize = 64;

impl Store {
    /// Returns an id that this account has not used yet.
    pub(super) fn mint(&mut self, salt: &str) -> u64 {
        loop {
            self.minted += 1;
            let hash = Sha256::digest(format!("{salt}#{}", self.minted));
            let id = hash.iter().take(8).fold(0u64, |id, byte| (id << 8) | u64::from(*byte));
            if id != 0 && !self.by_id.contains_key(&id) {
                return id;
            }
        }
    }

    /// Adds a new contact.
    pub(super) fn insert(&mut self, card: Card, now: DateTime<Utc>) -> usize {
        let at = self.entries.len();
        self.by_id.insert(card.id, at);
        self.entries.push(Vec::new());
        self.write(at, State::Live(Arc::new(card)), now);
        at
    }

    /// Adds a version of a contact.
    pub(super) fn write(&mut self, entry: usize, state: State, now: DateTime<Utc>) {
        let (last_at, last_number) = self.marks.last().copied().unwrap_or((now, 0));
        let at = last_at.max(now);
        let number = last_number + 1;
        let next = self.last_updated.map(|last| last + Duration::microseconds(1));
        let updated = next.map_or(now, |next| next.max(now));
        self.last_updated = Some(updated);
        self.marks.push((at, number));
        let mut bytes_len = 0;
        if let State::Live(card) = &state {
            self.by_id.insert(card.id, entry);
            bytes_len = card.bytes_len();
        }
        if let Some(versions) = self.entries.get_mut(entry) {
            let before = versions.last().map_or(0, |version| version.bytes_len);
            self.bytes_len = (self.bytes_len + bytes_len).saturating_sub(before);
            versions.push(Version { number, at, updated, binned: now, bytes_len, state });
            if versions.len() > VERSIONS_KEPT {
                versions.remove(0);
            }
        }
    }

    /// Lets an id lead to another contact, as after a merge.
    pub(super) fn alias(&mut self, id: u64, entry: usize) {
        self.by_id.insert(id, entry);
    }

    /// Finds a contact by an id it has or had.
    pub(super) fn find(&self, id: u64) -> Option<usize> {
        self.by_id.get(&id).copied()
    }

    /// Returns the newest version of a contact.
    pub(super) fn current(&self, entry: usize) -> Option<&Version> {
        self.entries.get(entry)?.last()
    }

    /// Returns the newest version and the card of a living contact.
    pub(super) fn live(&self, id: u64) -> Option<(usize, &Version, &Arc<Card>)> {
        let entry = self.find(id)?;
        let version = self.current(entry)?;
        Some((entry, version, version.state.live()?))
    }

    /// Returns the version that a reader of this moment sees, the first one at least (P43).
    pub(super) fn seen_at(&self, entry: usize, moment: DateTime<Utc>) -> Option<&Version> {
        let versions = self.entries.get(entry)?;
        let seen = versions.iter().rev().find(|version| version.at <= moment);
        seen.or_else(|| versions.first())
    }

    /// Returns the number of the newest version written until a moment.
    pub(super) fn number_at(&self, moment: DateTime<Utc>) -> u64 {
        let count = self.marks.partition_point(|(at, _)| *at <= moment);
        count.checked_sub(1).and_then(|last| self.marks.get(last)).map_or(0, |(_, number)| *number)
    }

    /// Returns each contact's newest version up to a number.
    pub(super) fn as_of(&self, number: u64) -> impl Iterator<Item = &Version> {
        self.entries
            .iter()
            .filter_map(move |versions| versions.iter().rev().find(|version| version.number <= number))
    }

    /// Returns each contact's newest version, with its place.
    pub(super) fn all(&self) -> impl Iterator<Item = (usize, &Version)> {
        let rows = self.entries.iter().enumerate();
        rows.filter_map(|(at, versions)| Some((at, versions.last()?)))
    }

    /// Returns the cards of all living contacts, with their places.
    pub(super) fn living(&self) -> impl Iterator<Item = (usize, &Version, &Arc<Card>)> {
        self.all().filter_map(|(at, version)| Some((at, version, version.state.live()?)))
    }

    /// Counts the contacts that use up the account's room: the bin counts too (P45, P90).
    pub(super) fn counted(&self, now: DateTime<Utc>) -> usize {
        self.all()
            .filter(|(_, version)| match version.state {
                State::Live(_) => true,
                State::Deleted(_) => in_bin(version, now),
                State::Merged => false,
            })
            .count()
    }

    /// Forgets the contacts in the bin and returns how many there were.
    pub(super) fn empty_bin(&mut self, now: DateTime<Utc>) -> usize {
        let long_ago = now - Duration::days(BIN_DAYS);
        let newest = self.entries.iter_mut().filter_map(|versions| versions.last_mut());
        let deleted = newest.filter(|version| matches!(version.state, State::Deleted(_)));
        let inside = deleted.filter(|version| version.binned > long_ago);
        inside.map(|version| version.binned = long_ago).count()
    }

    /// Returns the bytes of all living contacts (P90).
    pub(super) fn bytes_len(&self) -> usize {
        self.bytes_len
    }
}

/// Tells whether a deleted contact can still be restored (P45).
pub(super) fn in_bin(version: &Version, now: DateTime<Utc>) -> bool {
    now - version.binned < Duration::days(BIN_DAYS)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn card(id: u64) -> Card {
        Card { id, ..Card::default() }
    }

    #[test]
    fn p62_update_times_grow_although_the_clock_stands_still() {
        let now = DateTime::UNIX_EPOCH;
        let mut store = Store::default();
        let first = store.insert(card(1), now);
        let second = store.insert(card(2), now);
        let [a, b] = [first, second].map(|at| store.current(at).unwrap().update_time());
        assert_eq!(a, "1970-01-01T00:00:00.000000Z");
        assert_eq!(b, "1970-01-01T00:00:00.000001Z");
    }

    #[test]
    fn a_past_number_shows_the_past() {
        let now = DateTime::UNIX_EPOCH;
        let mut store = Store::default();
        let entry = store.insert(card(1), now);
        let seen = store.number_at(now);
        store.write(entry, State::Merged, now + Duration::seconds(5));
        assert!(store.as_of(seen).next().unwrap().state.live().is_some());
        assert_eq!(store.number_at(now + Duration::seconds(4)), seen);
        assert_eq!(store.number_at(now + Duration::seconds(5)), seen + 1);
    }
}
