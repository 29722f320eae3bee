#![doc = include_str!("../README.md")]

mod calls;
mod convert;
mod cursor;
mod error;
mod groups;
mod limits;
mod photos;
mod recent;
mod replica;
mod wire;
mod write;

pub use replica::{GooglePeople, Options};

/// How many contacts Google lets an account have (P90).
pub const CONTACTS_MAX: u64 = 25_000;
