//! What a failure means where the transport cannot know it.

use std::time::Duration;

use http::StatusCode;
use passerelle_google_transport::Failure;
use passerelle_ports::{Code, Context, Detail, ErrorKind, PortError, Reason};

/// Google refuses this record, whatever the version.
const RECORD_REFUSED: Code = Code::Goog310;
/// The account holds as many contacts as it may (P90).
const TOO_MANY: Code = Code::Goog304;

/// The parts of an error that concern more than one write.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Verdict {
    kind: ErrorKind,
    operation: &'static str,
    code: Option<Code>,
    retry_after: Option<Duration>,
    context: Context,
}

impl Verdict {
    pub(crate) fn of(error: &PortError) -> Self {
        Verdict {
            kind: error.kind,
            operation: error.operation,
            code: error.code,
            retry_after: error.retry_after,
            context: error.context.clone(),
        }
    }

    /// Returns the error again, for the next write that it concerns.
    pub(crate) fn error(&self) -> PortError {
        let mut error = PortError::new(self.kind, self.operation);
        error.code = self.code;
        error.retry_after = self.retry_after;
        error.context.clone_from(&self.context);
        error
    }

    /// Tells whether the next write would meet the same.
    pub(crate) fn concerns_all(&self) -> bool {
        use ErrorKind::{Forbidden, RateLimited, Unauthenticated, Unavailable};
        matches!(self.kind, Forbidden | RateLimited | Unauthenticated | Unavailable) || self.is_full()
    }

    pub(crate) fn is_full(&self) -> bool {
        self.code == Some(TOO_MANY)
    }
}

/// A listing by a token: any refusal of the request is a refusal of the token (P13: a corrupt one is
/// a plain 400).
pub(crate) fn of_listing(failure: Failure, by_token: bool) -> PortError {
    match failure.status() {
        Some(StatusCode::BAD_REQUEST | StatusCode::GONE) if by_token => cursor_expired(),
        _ => failure.into(),
    }
}

pub(crate) fn cursor_expired() -> PortError {
    PortError::new(ErrorKind::CursorExpired, "people.connections.list").with_code(Code::Goog305)
}

/// A create names no version: a failed precondition can only be the room in the account (P90).
pub(crate) fn of_create(failure: Failure) -> PortError {
    match failure.kind() {
        ErrorKind::VersionMismatch => failure.meaning(ErrorKind::Rejected, Some(TOO_MANY)).into(),
        ErrorKind::NotFound => failure.meaning(ErrorKind::Rejected, Some(RECORD_REFUSED)).into(),
        _ => failure.into(),
    }
}

/// Tells whether a batch was refused as such, so that its items may be sent one by one.
pub(crate) fn is_refused(failure: &Failure) -> bool {
    use ErrorKind::{NotFound, Rejected, VersionMismatch};
    matches!(failure.kind(), Rejected | VersionMismatch | NotFound)
}

/// What one item of a batch met, by the number of its `google.rpc.Code` (P47).
pub(crate) fn of_item(code: i64, operation: &'static str) -> PortError {
    match code {
        5 => PortError::new(ErrorKind::NotFound, operation),
        8 => PortError::new(ErrorKind::RateLimited, operation).with_code(Code::Goog301),
        9 | 10 => changed(operation),
        13 => PortError::new(ErrorKind::ItemFailed, operation).with_code(Code::Goog311),
        14 => PortError::new(ErrorKind::Unavailable, operation).with_code(Code::Goog311),
        _ => PortError::new(ErrorKind::Rejected, operation).with_code(RECORD_REFUSED),
    }
}

/// Somebody changed the contact meanwhile.
pub(crate) fn changed(operation: &'static str) -> PortError {
    PortError::new(ErrorKind::VersionMismatch, operation).with_code(Code::Goog306)
}

/// Google will never take this record.
pub(crate) fn refused(operation: &'static str, field: &str, reason: Reason) -> PortError {
    PortError::new(ErrorKind::Rejected, operation)
        .with_code(RECORD_REFUSED)
        .with_detail(Detail::Field, field)
        .with_detail(Detail::Reason, reason)
}

/// A contact that is there and cannot be read.
pub(crate) fn unread(operation: &'static str, place: &str) -> PortError {
    PortError::new(ErrorKind::Unexpected, operation)
        .with_code(crate::wire::UNREAD)
        .with_detail(Detail::Place, place)
}

/// Tells whether a failed call failed at what it was about: Google's own fault, told at once.
pub(crate) fn is_fault(error: &PortError) -> bool {
    error.kind == ErrorKind::Unavailable && error.context.get("status") == Some(&Detail::Status(500))
}

/// Says of the failure of a call that was about one contact that it concerns no other.
pub(crate) fn of_one(mut error: PortError) -> PortError {
    if is_fault(&error) {
        error.kind = ErrorKind::ItemFailed;
    }
    error
}

/// A write was answered with another contact: nobody knows what was written.
pub(crate) fn of_another(operation: &'static str) -> PortError {
    unexpected(operation).with_code(Code::Goog314)
}

/// An answer that does not fit its request.
pub(crate) fn unexpected(operation: &'static str) -> PortError {
    PortError::new(ErrorKind::Unexpected, operation)
}

/// It is not known whether the write landed.
pub(crate) fn unknown(operation: &'static str) -> PortError {
    PortError::new(ErrorKind::Unavailable, operation).with_code(Code::Goog311)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p47_an_items_number_says_what_it_met() {
        for (code, kind) in [
            (3, ErrorKind::Rejected),
            (5, ErrorKind::NotFound),
            (8, ErrorKind::RateLimited),
            (9, ErrorKind::VersionMismatch),
            (14, ErrorKind::Unavailable),
        ] {
            assert_eq!(of_item(code, "x").kind, kind, "{code}");
        }
    }

    #[test]
    fn a_full_account_concerns_all_and_a_bad_record_only_itself() {
        let full = PortError::new(ErrorKind::Rejected, "x").with_code(TOO_MANY);
        assert!(Verdict::of(&full).concerns_all());
        assert!(!Verdict::of(&refused("x", "notes", Reason::LongerThan(1024))).concerns_all());
        assert_eq!(Verdict::of(&unknown("x")).error().kind, ErrorKind::Unavailable);
    }
}
