//! The two sides of a pair, as a value.

use std::ops::{Index, IndexMut};

use serde::{Deserialize, Serialize};

/// One of the two sides of a pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// The company's database.
    Local,
    /// The provider.
    Remote,
}

impl Side {
    /// Both sides, local first: the order in which everything is done.
    pub const BOTH: [Side; 2] = [Side::Local, Side::Remote];

    /// Returns the other side.
    #[must_use]
    pub fn other(self) -> Side {
        match self {
            Side::Local => Side::Remote,
            Side::Remote => Side::Local,
        }
    }

    /// Returns `local` or `remote`, as it is stored and printed for machines.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Side::Local => "local",
            Side::Remote => "remote",
        }
    }
}

/// One value per side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sides<T> {
    /// The value of the local side.
    pub local: T,
    /// The value of the remote side.
    pub remote: T,
}

impl<T> Sides<T> {
    /// Makes a pair of values from one function of the side.
    pub fn from_fn(mut f: impl FnMut(Side) -> T) -> Self {
        Sides { local: f(Side::Local), remote: f(Side::Remote) }
    }

    /// Returns a pair of references.
    pub fn as_ref(&self) -> Sides<&T> {
        Sides { local: &self.local, remote: &self.remote }
    }

    /// Applies a function to both values.
    pub fn map<U>(self, mut f: impl FnMut(T) -> U) -> Sides<U> {
        Sides { local: f(self.local), remote: f(self.remote) }
    }
}

impl<T> Index<Side> for Sides<T> {
    type Output = T;
    fn index(&self, side: Side) -> &T {
        match side {
            Side::Local => &self.local,
            Side::Remote => &self.remote,
        }
    }
}

impl<T> IndexMut<Side> for Sides<T> {
    fn index_mut(&mut self, side: Side) -> &mut T {
        match side {
            Side::Local => &mut self.local,
            Side::Remote => &mut self.remote,
        }
    }
}
