//! Time and chance as ports: nothing below `app` reads a clock or makes an id by itself.

use chrono::{DateTime, Utc};
use uuid::Uuid;

/// A clock.
pub trait Clock: Send + Sync {
    /// Returns the time. It may be wrong, but it never goes back within one process.
    fn now(&self) -> DateTime<Utc>;
}

/// A source of ids.
pub trait Ids: Send + Sync {
    /// Returns an id that nobody else ever gets.
    fn uuid(&self) -> Uuid;
}
