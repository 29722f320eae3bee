//! The one error type that crosses a port.

use std::{error::Error, time::Duration};

use serde::{Deserialize, Serialize};

use crate::{Code, Context, Detail};

/// What an error means for the engine. It answers "what now", not "what was it".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ErrorKind {
    /// The item does not exist (any more).
    NotFound,
    /// The item changed since it was read.
    VersionMismatch,
    /// The cursor is no longer good: list everything.
    CursorExpired,
    /// The replica will never accept this write.
    Rejected,
    /// Nobody is signed in, or no longer.
    Unauthenticated,
    /// Signed in, but not allowed.
    Forbidden,
    /// Too fast, or a quota is used up.
    RateLimited,
    /// Down, unreachable, or the answer was lost.
    Unavailable,
    /// The replica failed at this very item, and others may go on: nothing is known of what became of it.
    ItemFailed,
    /// The replica cannot do this at all.
    Unsupported,
    /// None of the above: a bug on one of the two ends.
    Unexpected,
}

/// An error of a port.
///
/// Its message holds no token, no address, no name and no body; the code leads to the catalogue.
#[derive(Debug, thiserror::Error)]
#[error("{operation}: {kind:?}{}", code.map(|code| format!(" ({code})")).unwrap_or_default())]
pub struct PortError {
    /// What the engine shall make of it.
    pub kind: ErrorKind,
    /// What was being done, such as `events.list`.
    pub operation: &'static str,
    /// How long to wait, when the replica said so.
    pub retry_after: Option<Duration>,
    /// The code of the catalogue (`GOOG-204`).
    pub code: Option<Code>,
    /// What it is about: the project, a link, a field.
    pub context: Context,
    /// What lies underneath.
    #[source]
    pub source: Option<Box<dyn Error + Send + Sync>>,
}

/// A result of a port.
pub type PortResult<T> = Result<T, PortError>;

impl PortError {
    /// Makes an error of a kind.
    #[must_use]
    pub fn new(kind: ErrorKind, operation: &'static str) -> Self {
        PortError {
            kind,
            operation,
            retry_after: None,
            code: None,
            context: Context::default(),
            source: None,
        }
    }

    /// Adds the code of the catalogue.
    #[must_use]
    pub fn with_code(mut self, code: Code) -> Self {
        self.code = Some(code);
        self
    }

    /// Adds how long to wait.
    #[must_use]
    pub fn with_retry_after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        self
    }

    /// Adds what it is about: `error.with_detail(Detail::Field, "notes")`.
    #[must_use]
    pub fn with_detail<T>(mut self, detail: impl FnOnce(T) -> Detail, value: impl Into<T>) -> Self {
        self.context.push(detail(value.into()));
        self
    }

    /// Adds what lies underneath.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }
}
