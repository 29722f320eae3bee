#![doc = include_str!("../README.md")]

mod error;
mod fields;
mod ids;
mod record;
mod replica;
mod side;

pub use error::{ErrorKind, PortError, PortResult};
pub use fields::{AssembleError, Field, Fields, Value, assemble, fields, is_empty};
pub use ids::{
    CreateKey, Cursor, EntryId, InstallationId, ItemId, LinkId, PageToken, PairId, RunId, Stamp, Version,
};
pub use record::{Kind, MatchKey, Record};
pub use replica::{Capabilities, From, Next, Opaque, Page, Replica, Stored, Write, Written};
pub use side::{Side, Sides};
