#![doc = include_str!("../README.md")]

mod note;

pub use note::{Note, POISON};
