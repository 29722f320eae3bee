//! A clock, ids and chance that a test moves by hand.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};
use passerelle_ports::{Clock, Ids};
use uuid::Uuid;

/// A clock that stands still until it is moved.
#[derive(Debug)]
pub struct TestClock(AtomicI64);

impl TestClock {
    /// Makes a clock that shows 2026-01-01T00:00:00Z.
    #[must_use]
    pub fn new() -> Self {
        TestClock(AtomicI64::new(1_767_225_600_000))
    }

    /// Moves the clock on.
    pub fn advance(&self, by: Duration) {
        self.0.fetch_add(i64::try_from(by.as_millis()).unwrap_or(i64::MAX), Ordering::SeqCst);
    }
}

impl Default for TestClock {
    fn default() -> Self {
        TestClock::new()
    }
}

impl Clock for TestClock {
    fn now(&self) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::milliseconds(self.0.load(Ordering::SeqCst))
    }
}

/// A clock that is wrong by as much as it is told.
#[derive(Debug)]
pub struct SkewedClock {
    truth: Arc<TestClock>,
    wrong_by_seconds: AtomicI64,
}

impl SkewedClock {
    /// Makes a clock that is right.
    #[must_use]
    pub fn new(truth: Arc<TestClock>) -> Self {
        SkewedClock { truth, wrong_by_seconds: AtomicI64::new(0) }
    }

    /// From now on the clock is wrong by so many seconds.
    pub fn jump(&self, wrong_by_seconds: i64) {
        self.wrong_by_seconds.store(wrong_by_seconds, Ordering::SeqCst);
    }
}

impl Clock for SkewedClock {
    fn now(&self) -> DateTime<Utc> {
        self.truth.now() + TimeDelta::seconds(self.wrong_by_seconds.load(Ordering::SeqCst))
    }
}

/// Ids counted from a start: the same test makes the same ids.
#[derive(Debug)]
pub struct TestIds {
    salt: u64,
    next: AtomicU64,
}

impl TestIds {
    /// Makes a source of ids; two sources with different salts never make the same id.
    #[must_use]
    pub fn new(salt: u64) -> Self {
        TestIds { salt, next: AtomicU64::new(1) }
    }
}

impl Ids for TestIds {
    fn uuid(&self) -> Uuid {
        Uuid::from_u64_pair(self.salt, self.next.fetch_add(1, Ordering::SeqCst))
    }
}

/// A small source of chance (SplitMix64): the same seed gives the same numbers for ever.
#[derive(Clone, Debug)]
pub struct Rng(u64);

impl Rng {
    /// Makes a source from a seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Rng(seed.wrapping_mul(0x2545_F491_4F6C_DD1D) ^ 0x00AB_CDEF)
    }

    /// Returns any number.
    pub fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// Returns a number below `limit`; 0 where the limit is 0.
    pub fn below(&mut self, limit: u64) -> u64 {
        self.number() % limit.max(1)
    }

    /// Returns true this many times in a thousand.
    pub fn per_mille(&mut self, rate: u64) -> bool {
        self.below(1000) < rate
    }

    /// Picks one of a list.
    pub fn pick<'a, T>(&mut self, list: &'a [T]) -> Option<&'a T> {
        let index = self.below(list.len() as u64);
        usize::try_from(index).ok().and_then(|index| list.get(index))
    }
}
