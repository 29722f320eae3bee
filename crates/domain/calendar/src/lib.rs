//! What an event series is, and how two copies of it compare.
mod event;
pub use event::*;
