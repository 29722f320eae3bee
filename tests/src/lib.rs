//! Whole-product tests and the simulation.
