//! The simulation of whole histories: the real engine over strict fakes, from one seed.

pub mod simulation;
