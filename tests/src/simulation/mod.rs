//! One history from one seed: people, providers, faults, crashes, and judges that share no code with
//! the engine.
//!
//! A history has a fault phase, a calm phase, a phase in which a person settles conflicts, and, in a
//! third of them, an undo and its undo. Values are tokens (`t123`): every value typed is told apart from
//! every other, so that a judge can say of each whether it is live, superseded, or lost.

mod agenda;
mod calendars;
mod chance;
mod diary;
mod drive;
mod judges;
mod people;
mod product;
mod profile;
mod remotes;
mod replica;
mod values;
mod world;

use std::collections::BTreeMap;

use world::World;

/// What became of a history.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// What a judge objects to; the first objection of the first judge.
    pub failure: Option<String>,
    /// What happened how often.
    pub notes: BTreeMap<&'static str, u64>,
    /// In which mode it was played.
    pub mode: &'static str,
    /// How many steps it had: gestures of people, faults, calls and transactions.
    pub steps: u64,
    /// A digest of everything that happened: the same seed gives the same.
    pub trace: u64,
    /// What happened, line by line, if that was asked for.
    pub story: Vec<String>,
}

/// Tells whether the history of a seed is played in memory.
#[must_use]
pub fn is_in_memory(seed: u64) -> bool {
    !matches!(seed % 50, 5 | 15 | 20 | 25 | 35 | 45)
}

/// Plays the history of a seed. One in ten is played over the real database, and one in fifty over the real
/// adapters too, against the pretend Google; as many are about the appointments of one person there. The others are in
/// memory, one in twenty-five with several calendars.
#[must_use]
pub fn play(seed: u64, tell: bool) -> Verdict {
    match seed % 50 {
        20 => agenda::play(seed, tell),
        25 => product::play(seed, true, tell),
        22 | 47 => calendars::play(seed, tell),
        5 | 15 | 35 | 45 => product::play(seed, false, tell),
        _ => {
            let world = World::new(seed, tell);
            world.history();
            world.verdict()
        }
    }
}
