#![doc = include_str!("../README.md")]

mod clock;
mod code;
mod context;
mod error;
mod fields;
mod ids;
mod ledger;
pub mod left;
mod pictures;
mod reason;
mod record;
mod replica;
mod side;
mod trail;

pub use clock::{Clock, Ids};
pub use code::{Code, UnknownCode, stored_code};
pub use context::{Context, Detail};
pub use error::{ErrorKind, PortError, PortResult};
pub use fields::{AssembleError, Field, Fields, Value, assemble, fields, is_empty};
pub use ids::{
    CreateKey, Cursor, EntryId, InstallationId, ItemId, LinkId, PageToken, PairId, RunId, Stamp, Version,
};
pub use ledger::{
    Changes, Copy, Counts, EntriesOf, Entry, Find, Half, LabelLink, Lack, LastCopy, Lease, Ledger, Link,
    LinkState, ListingId, Look, Op, Outcome, PairState, Refusal, Run, RunKind, Slice, Stranger, Unplaced,
};
pub use pictures::{PICTURE_MAX, Pictures};
pub use reason::Reason;
pub use record::{Called, Kind, MatchKey, Record};
pub use replica::{
    Capabilities, From, Label, Next, Opaque, Page, Relabelling, Replica, Stored, Unread, Write, Written,
};
pub use side::{Side, Sides};
pub use trail::{Clocks, MEMORY, Trail};
