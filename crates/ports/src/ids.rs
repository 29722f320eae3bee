//! Identifiers and opaque marks. None of them is ever parsed or built by the engine.

use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! text_id {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);
        impl $name {
            /// Wraps the text as it is.
            pub fn new(text: impl Into<String>) -> Self { Self(text.into()) }
            /// Returns the text as it was given.
            #[must_use]
            pub fn as_str(&self) -> &str { &self.0 }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { f.write_str(&self.0) }
        }
        impl From<&str> for $name { fn from(text: &str) -> Self { Self(text.to_owned()) } }
        impl From<String> for $name { fn from(text: String) -> Self { Self(text) } }
    )*};
}

text_id! {
    /// A replica's own name of one of its items.
    ItemId;
    /// A replica's opaque tag of one state of an item: compared for equality only.
    Version;
    /// A replica's opaque "changes since" mark.
    Cursor;
    /// A replica's opaque mark of the next page of one listing.
    PageToken;
    /// The key of a create: the same key never makes two items.
    CreateKey;
    /// The name of one pair, as the settings and the ledger know it.
    PairId;
    /// The name of one installation: one company database with its ledger.
    InstallationId;
}

macro_rules! uuid_id {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { self.0.simple().fmt(f) }
        }
        impl std::str::FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, uuid::Error> { Uuid::parse_str(text).map(Self) }
        }
    )*};
}

impl Version {
    /// Returns the number that this version is, for the versions of a local store: they are decimal
    /// numbers that only grow, so that the newest of several copies of one row is known. `None` for
    /// any other text.
    #[must_use]
    pub fn sequence(&self) -> Option<u64> {
        self.0.parse().ok()
    }
}

uuid_id! {
    /// One row of the ledger.
    LinkId;
    /// One entry of the journal. Unique over all installations, so that a stamp found on a
    /// remote copy can never be taken for an entry of another ledger.
    EntryId;
}

/// The id of our last entry, carried by the copy that it wrote.
pub type Stamp = EntryId;

/// The number of a run, counted from 1 in each installation: people type it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RunId(pub i64);

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
