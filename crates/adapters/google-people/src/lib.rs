#![doc = include_str!("../README.md")]

mod calls;
mod convert;
mod cursor;
mod error;
mod groups;
mod limits;
mod recent;
mod replica;
mod wire;
mod write;

pub use replica::{GooglePeople, Options};
