//! Drives the pretend Google over its socket, as a client would.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod batch;
mod calendars;
mod faults;
mod guests;
mod oauth;
mod series;
mod sync;
mod variants;
mod world;
mod writes;
