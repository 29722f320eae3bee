//! Events that cannot be read, or that Google fails at: they stop nothing but themselves.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;
