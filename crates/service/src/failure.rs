//! What a person can be told of an error: a code of the catalogue and words for its text.

use std::{error::Error, fmt, time::Duration};

use passerelle_engine::Stopped;
use passerelle_ports::{Code, Context, Detail, ErrorKind, PortError, Refusal, Side};

/// An error with its code of the catalogue. It holds no token, no body and no secret.
#[derive(Debug)]
pub struct Failure {
    code: Code,
    context: Context,
    retry_after: Option<Duration>,
    kind: Option<ErrorKind>,
    source: Option<Box<dyn Error + Send + Sync>>,
}

/// A result of a use case.
pub type Outcome<T> = Result<T, Failure>;

impl Failure {
    /// Makes a failure of a code of the catalogue.
    #[must_use]
    pub fn new(code: Code) -> Self {
        Failure { code, context: Context::default(), retry_after: None, kind: None, source: None }
    }

    /// Adds what it is about: `failure.with(Detail::User, "alice")`.
    #[must_use]
    pub fn with<T>(mut self, detail: impl FnOnce(T) -> Detail, value: impl Into<T>) -> Self {
        self.context.push(detail(value.into()));
        self
    }

    /// Adds what it is about, unless that is known already.
    #[must_use]
    pub fn or_with<T>(mut self, detail: impl FnOnce(T) -> Detail, value: impl Into<T>) -> Self {
        self.context.push_missing(detail(value.into()));
        self
    }

    /// Makes a failure of a code and what it is about.
    #[must_use]
    pub fn about(code: Code, context: Context) -> Self {
        Failure { context, ..Failure::new(code) }
    }

    /// Adds what lies underneath.
    #[must_use]
    pub fn because(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// Makes a failure from the error of a port, knowing on which side it happened.
    #[must_use]
    pub fn of_port(side: Side, error: PortError) -> Self {
        let code = error.code.unwrap_or_else(|| code_of(side, error.kind));
        Failure {
            code,
            context: error.context.clone(),
            retry_after: error.retry_after,
            kind: Some(error.kind),
            source: Some(Box::new(error)),
        }
        .or_with_operation()
    }

    /// Makes a failure from what ended a run early.
    #[must_use]
    pub fn of_stopped(stopped: &Stopped) -> Self {
        Failure {
            code: stopped.code.unwrap_or_else(|| code_of(stopped.side, stopped.kind)),
            context: stopped.context.clone(),
            retry_after: stopped.retry_after_seconds.map(Duration::from_secs),
            kind: Some(stopped.kind),
            source: None,
        }
        .or_with(Detail::Operation, &stopped.operation)
    }

    /// Makes a failure from what a ledger keeps of a refused record.
    #[must_use]
    pub fn of_refusal(refusal: &Refusal) -> Self {
        // Of one record the article is another than of Google as a whole.
        let code = match (refusal.side, refusal.kind) {
            (Side::Remote, ErrorKind::ItemFailed) => Some(Code::Goog316),
            _ => refusal.code,
        };
        let code = code.unwrap_or_else(|| code_of(refusal.side, refusal.kind));
        Failure {
            code,
            context: refusal.context.clone(),
            retry_after: None,
            kind: Some(refusal.kind),
            source: None,
        }
    }

    /// Returns the code of the catalogue.
    #[must_use]
    pub fn code(&self) -> Code {
        self.code
    }

    /// Returns what it is about.
    #[must_use]
    pub fn context(&self) -> &Context {
        &self.context
    }

    /// Returns one of the things it is about as text, by its name.
    #[must_use]
    pub fn word(&self, name: &str) -> Option<String> {
        self.context.get(name).map(Detail::to_text)
    }

    /// Says when it makes sense to try again.
    #[must_use]
    pub fn after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        self
    }

    /// Returns when it makes sense to try again, if the other side said so.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    /// Tells whether nobody is signed in at the provider.
    #[must_use]
    pub fn is_unauthenticated(&self) -> bool {
        self.kind == Some(ErrorKind::Unauthenticated)
    }

    fn or_with_operation(self) -> Self {
        let operation = self.source.as_ref().and_then(|source| source.downcast_ref::<PortError>());
        match operation.map(|error| error.operation) {
            Some(operation) => self.or_with(Detail::Operation, operation),
            None => self,
        }
    }
}

impl From<PortError> for Failure {
    /// Makes a failure from an error of the company's database.
    fn from(error: PortError) -> Self {
        Failure::of_port(Side::Local, error)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.code.fmt(f)
    }
}

impl Error for Failure {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_ref().map(|source| &**source as &(dyn Error + 'static))
    }
}

/// The article that fits an error for which an adapter named none.
fn code_of(side: Side, kind: ErrorKind) -> Code {
    match (side, kind) {
        (Side::Remote, ErrorKind::Unauthenticated) => Code::Goog205,
        (Side::Remote, ErrorKind::Forbidden) => Code::Goog308,
        (Side::Remote, ErrorKind::NotFound) => Code::Goog307,
        (Side::Remote, ErrorKind::RateLimited) => Code::Goog301,
        (Side::Remote, ErrorKind::Unavailable) => Code::Net101,
        (Side::Remote, ErrorKind::ItemFailed) => Code::Goog311,
        (Side::Remote, ErrorKind::Rejected | ErrorKind::Unsupported) => Code::Goog310,
        (Side::Remote, ErrorKind::VersionMismatch) => Code::Goog306,
        (Side::Remote, ErrorKind::CursorExpired) => Code::Goog305,
        // An answer that makes no sense is not ours to mend.
        (Side::Remote, ErrorKind::Unexpected) => Code::Goog314,
        (Side::Local, ErrorKind::Forbidden | ErrorKind::Unauthenticated) => Code::Db102,
        (Side::Local, ErrorKind::RateLimited) => Code::Sync112,
        (Side::Local, ErrorKind::Unavailable) => Code::Db101,
        (Side::Local, ErrorKind::Rejected | ErrorKind::Unsupported) => Code::Db104,
        _ => Code::Bug101,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_adapters_code_wins_and_every_kind_has_one() {
        let error = PortError::new(ErrorKind::Unauthenticated, "token.refresh").with_code(Code::Goog204);
        assert_eq!(Failure::of_port(Side::Remote, error).code(), Code::Goog204);
        for (side, kind, code) in [
            (Side::Remote, ErrorKind::Unauthenticated, Code::Goog205),
            (Side::Remote, ErrorKind::Unavailable, Code::Net101),
            (Side::Local, ErrorKind::Unavailable, Code::Db101),
            (Side::Remote, ErrorKind::Unexpected, Code::Goog314),
            (Side::Local, ErrorKind::Unexpected, Code::Bug101),
        ] {
            let failure = Failure::of_port(side, PortError::new(kind, "events.list"));
            assert_eq!(failure.code(), code);
            assert_eq!(failure.word("operation"), Some("events.list".to_owned()));
        }
    }

    #[test]
    fn what_ended_a_run_is_told_with_what_was_being_done() {
        let error = PortError::new(ErrorKind::Unexpected, "events.list").with_code(Code::Goog314);
        let stopped = Stopped {
            side: Side::Remote,
            kind: error.kind,
            operation: error.operation.to_owned(),
            code: error.code,
            context: Context::default(),
            retry_after_seconds: Some(3),
        };
        let failure = Failure::of_stopped(&stopped);
        assert_eq!(
            (failure.code(), failure.word("operation")),
            (Code::Goog314, Some("events.list".to_owned()))
        );
        assert_eq!(failure.retry_after(), Some(Duration::from_secs(3)));
        let refused = Failure::of_refusal(&Refusal::new(Side::Remote, &error, chrono::DateTime::UNIX_EPOCH));
        assert_eq!(refused.word("operation"), Some("events.list".to_owned()));
    }
}
