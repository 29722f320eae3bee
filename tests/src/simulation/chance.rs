//! What the histories over a database draw from their seed, and what was counted and told of them.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use passerelle_ports::ErrorKind;
use passerelle_testkit::{Call, Fate, Fates, Rng, TestClock};

use super::Verdict;

/// What is random, and what was counted.
struct Chance {
    rng: Rng,
    /// How many of a thousand calls fail, and how many end the process.
    faults: u64,
    crash: u64,
    steps: u64,
    token: u64,
    trace: u64,
    notes: BTreeMap<&'static str, u64>,
    story: Option<Vec<String>>,
    failure: Option<String>,
}

/// The luck of one history.
#[derive(Clone)]
pub struct Luck {
    chance: Arc<Mutex<Chance>>,
    /// The process has ended in the middle of a call.
    pub dead: Arc<AtomicBool>,
    pub clock: Arc<TestClock>,
}

/// The fates of calls and transactions, drawn from the seed.
impl Fates for Luck {
    fn fate(&self, call: Call) -> Fate {
        let mut chance = self.chance();
        chance.steps += 1;
        self.clock.advance(Duration::from_secs(1));
        let (faults, crash) = (chance.faults, chance.crash);
        if crash > 0 && chance.rng.per_mille(crash) {
            chance.steps += 1;
            *chance.notes.entry("crashes").or_default() += 1;
            self.dead.store(true, Ordering::SeqCst);
            return Fate::CrashBefore;
        }
        if call == Call::Commit || faults == 0 || !chance.rng.per_mille(faults) {
            return Fate::Go;
        }
        chance.steps += 1;
        *chance.notes.entry("failing calls").or_default() += 1;
        let kinds = [
            ErrorKind::Unavailable,
            ErrorKind::Unavailable,
            ErrorKind::RateLimited,
            ErrorKind::Unauthenticated,
            ErrorKind::Forbidden,
        ];
        let kind = kinds[chance.rng.below(kinds.len() as u64) as usize];
        // A lost answer: the call was done.
        if chance.rng.per_mille(400) {
            Fate::FailAfter(ErrorKind::Unavailable)
        } else {
            Fate::FailBefore(kind)
        }
    }
}

impl Luck {
    pub fn new(seed: u64, tell: bool) -> Luck {
        let chance = Chance {
            rng: Rng::new(seed ^ 0x5eed),
            faults: 0,
            crash: 0,
            steps: 0,
            token: 100,
            trace: 0xcbf2_9ce4_8422_2325,
            notes: BTreeMap::new(),
            story: tell.then(Vec::new),
            failure: None,
        };
        Luck {
            chance: Arc::new(Mutex::new(chance)),
            dead: Arc::new(AtomicBool::new(false)),
            clock: Arc::new(TestClock::new()),
        }
    }

    pub fn verdict(&self, mode: &'static str) -> Verdict {
        let chance = self.chance();
        Verdict {
            failure: chance.failure.clone(),
            notes: chance.notes.clone(),
            mode,
            steps: chance.steps,
            trace: chance.trace,
            story: chance.story.clone().unwrap_or_default(),
        }
    }

    fn chance(&self) -> MutexGuard<'_, Chance> {
        self.chance.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on calls fail and the process ends, at rates that are drawn.
    pub fn troubles(&self) {
        let mut chance = self.chance();
        chance.faults = if chance.rng.per_mille(700) { 1 + chance.rng.below(120) } else { 0 };
        chance.crash = if chance.rng.per_mille(700) { 1 + chance.rng.below(25) } else { 0 };
    }

    /// From now on all calls go well.
    pub fn calms(&self) {
        let mut chance = self.chance();
        (chance.faults, chance.crash) = (0, 0);
    }

    pub fn below(&self, limit: u64) -> u64 {
        self.chance().rng.below(limit)
    }

    pub fn per_mille(&self, rate: u64) -> bool {
        self.below(1000) < rate
    }

    /// Returns one of some things; nothing where there are none.
    pub fn one_of<'a, T>(&self, all: &'a [T]) -> Option<&'a T> {
        all.get(usize::try_from(self.below(all.len() as u64)).unwrap_or(0))
    }

    pub fn say(&self, text: impl FnOnce() -> String) {
        if let Some(story) = &mut self.chance().story {
            story.push(text());
        }
    }

    pub fn note(&self, what: &'static str) {
        *self.chance().notes.entry(what).or_default() += 1;
    }

    pub fn mark(&self, number: u64) {
        let mut chance = self.chance();
        chance.trace = (chance.trace ^ number).wrapping_mul(0x0100_0000_01b3).rotate_left(5);
    }

    pub fn bad(&self, text: String) {
        self.say(|| format!("FAIL {text}"));
        self.chance().failure.get_or_insert(text);
    }

    pub fn failed(&self) -> bool {
        self.chance().failure.is_some()
    }

    pub fn steps(&self) -> u64 {
        self.chance().steps
    }

    /// Returns the number of the next word that somebody types.
    pub fn next_word(&self) -> u64 {
        let mut chance = self.chance();
        chance.token += 1;
        chance.steps += 1;
        chance.token
    }
}
