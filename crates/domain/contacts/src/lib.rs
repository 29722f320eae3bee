//! What a contact is, and how two copies of it compare.
mod contact;
pub use contact::*;
