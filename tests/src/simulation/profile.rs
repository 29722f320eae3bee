//! What a history is mostly about: each profile draws more densely what one group of rules guards against.

use passerelle_ports::Side;
use passerelle_sync_rules::{Deletes, Policy, Rules};
use passerelle_testkit::Rng;

use super::values::Spell;

/// What a history is mostly about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// A bit of everything.
    General,
    /// Several pairs on one table: rows deleted here, edited there, brought back by two pairs at once.
    Hub,
    /// Listings that lag by minutes, and runs that follow each other in seconds.
    Lag,
    /// Lost requests, lost answers, requests that land late.
    Lost,
    /// Private records under rules that hide them, held and unheld.
    Privacy,
    /// The same record entered several times, deleted and entered again.
    Lookalikes,
    /// Whole sides emptied, everything changed alike, approvals given for plans that change.
    Guard,
    /// Undo, after people and rules have moved on.
    Undone,
    /// The ledger, or the whole database, put back from a backup.
    Backup,
    /// Clocks that are wrong and jump, and a second process.
    Clocks,
    /// A provider that respells only what programs write.
    Lazy,
}

impl Profile {
    pub fn draw(rng: &mut Rng) -> Profile {
        match rng.below(20) {
            0..=6 => Profile::General,
            7..=9 => Profile::Hub,
            10 => Profile::Lag,
            11 => Profile::Lost,
            12 => Profile::Privacy,
            13 => Profile::Lookalikes,
            14 => Profile::Guard,
            15 => Profile::Undone,
            16 => Profile::Backup,
            17 => Profile::Clocks,
            18 => Profile::Lazy,
            _ => Profile::General,
        }
    }

    /// How many pairs share the local store.
    pub fn pairs(self, rng: &mut Rng) -> usize {
        match self {
            Profile::Hub => 2 + rng.below(2) as usize,
            Profile::General => 1 + (rng.below(10) / 5 + rng.below(10) / 9) as usize,
            _ => 1 + (rng.below(10) / 8) as usize,
        }
    }

    /// How long listings may lag, in seconds.
    pub fn lag(self, rng: &mut Rng) -> u64 {
        match self {
            Profile::Lag => 60 + rng.below(300),
            Profile::Hub | Profile::Undone | Profile::Guard if rng.per_mille(700) => 0,
            _ if rng.per_mille(500) => 0,
            _ => 1 + rng.below(40),
        }
    }

    pub fn spell(self, mut spell: Spell, rng: &mut Rng) -> Spell {
        match self {
            Profile::Hub if rng.per_mille(800) => Spell::default(),
            Profile::Guard | Profile::Undone | Profile::Backup if rng.per_mille(500) => Spell::default(),
            Profile::Lazy => {
                (spell.trim, spell.own) = (true, rng.per_mille(500));
                spell
            }
            _ => spell,
        }
    }

    /// What the rules of a pair are made into.
    pub fn rules(self, mut rules: Rules, rng: &mut Rng) -> Rules {
        match self {
            Profile::Hub => {
                let limits = rules.limits.clone();
                Rules { limits, policy: Policy::Ask, ..Rules::default() }
            }
            Profile::Privacy => {
                rules.redact_private = true;
                rules.policy = Policy::Ask;
                rules.hold_whole_link = rng.per_mille(600);
                rules
            }
            Profile::Lookalikes | Profile::Guard | Profile::Lag | Profile::Lost => {
                for side in Side::BOTH {
                    rules.creates[side] = true;
                    rules.deletes[side] = Deletes::Propagate;
                }
                rules.fields.clear();
                rules.redact_private &= rng.per_mille(300);
                rules
            }
            _ => rules,
        }
    }

    /// How long a pause between two runs is at most, in seconds.
    pub fn pause(self, rng: &mut Rng) -> u64 {
        let long = match self {
            Profile::Lag | Profile::Lost => rng.per_mille(150),
            _ => rng.per_mille(500),
        };
        if long { rng.below(120) } else { rng.below(10) }
    }
}
