#![doc = include_str!("../README.md")]

mod bases;
mod breaker;
mod decide;
mod digest;
mod guard;
mod home;
mod keys;
mod labels;
mod meet;
mod merge;
mod names;
mod plan;
mod rules;
mod scope;
mod undo;
mod view;

pub use bases::{
    Answer, acknowledge, answered, is_held_otherwise, lost, put_copy, put_gone, rebase, release, settle,
    yield_to,
};
pub use breaker::circles;
pub use decide::{Action, Intent, Step, clashes, decide, only_adds, takes_part, typed_in_vain, unplaced};
pub use digest::{Digest, digest_of};
pub use guard::{Trip, guard, is_mass};
pub use home::{Place, Relocation, admits, choose_home, forget_choice, is_home, relocation, settle_in};
pub use keys::create_key;
pub use labels::{Labels, TwoNames};
pub use meet::{Meeting, follow, is_double, join, meet};
pub use merge::{Merged, lives_on, merged};
pub use plan::{Plan, PlanCounts, PlannedStep, SideCounts};
pub use rules::{Deletes, Direction, FieldPattern, Limits, Policy, Rules, Window};
pub use scope::{Condition, Scope, Test};
pub use undo::{Back, Stays, changed_unseen, stays, take_back};
pub use view::{Seen, hidden_fields, view};
