#![doc = include_str!("../README.md")]

mod clock;
pub mod contract;
mod faults;
mod faulty_ledger;
mod golden;
mod mem_ledger;
mod mem_replica;
mod mem_shelf;
mod mock;
mod note;

pub use clock::{Rng, SkewedClock, TestClock, TestIds};
pub use faults::{Call, Fate, Fates, Faulty, Script, WriteFate, finish};
pub use faulty_ledger::FaultyLedger;
pub use golden::{golden, golden_by, golden_texts};
pub use mem_ledger::{LedgerBackup, MemLedger};
pub use mem_replica::{MemBackup, MemOptions, MemReplica, Refuses, Spelling};
pub use mem_shelf::MemShelf;
pub use mock::MockReplica;
pub use note::{Note, POISON};
