//! What the transport's table cannot know: refusals that only this adapter understands.

use http::StatusCode;
use passerelle_calendar::{Event, Problem, Start, parse_zone, validate};
use passerelle_google_transport::Failure;
use passerelle_ports::{Code, Detail, ErrorKind, PortError, PortResult, Reason};

/// A listing that went on from a token: one that does not decode answers 400 (C17), one that died 410 (C16).
pub(crate) fn listing(failure: Failure, from_token: bool) -> PortError {
    let undecodable = failure.status() == Some(StatusCode::BAD_REQUEST) && failure.has_reason("invalid");
    if from_token && undecodable {
        return failure.meaning(ErrorKind::CursorExpired, Some(Code::Goog305)).into();
    }
    failure.into()
}

/// A write that Google will never take.
pub(crate) fn rejected(operation: &'static str, field: &str) -> PortError {
    PortError::new(ErrorKind::Rejected, operation).with_code(Code::Goog310).with_detail(Detail::Field, field)
}

/// Somebody else's event, of which we would have to change what all its guests see (C125, C141).
pub(crate) fn not_the_organiser(operation: &'static str) -> PortError {
    PortError::new(ErrorKind::Forbidden, operation).with_code(Code::Goog309)
}

/// The item is not in the state that the write was computed from.
pub(crate) fn moved(operation: &'static str) -> PortError {
    PortError::new(ErrorKind::VersionMismatch, operation).with_code(Code::Goog306)
}

/// Refuses an event that cannot be sent, before a byte is.
pub(crate) fn checked(event: &Event, operation: &'static str) -> PortResult<()> {
    if begins_in_a_gap(event) {
        return Err(PortError::new(ErrorKind::Rejected, operation)
            .with_code(Code::Sync108)
            .with_detail(Detail::Reason, Reason::SkippedHour));
    }
    let Some(problem) = validate(event).into_iter().find(|problem| !problem.is_harmless()) else {
        return Ok(());
    };
    if problem == Problem::UnknownZone {
        let zone = unknown_zone(event).unwrap_or_default();
        return Err(PortError::new(ErrorKind::Rejected, operation)
            .with_code(Code::Sys108)
            .with_detail(Detail::Zone, zone));
    }
    if problem == Problem::MalformedRule {
        // Not Google: the rule is one that no calendar could keep.
        return Err(PortError::new(ErrorKind::Rejected, operation)
            .with_code(Code::Sync108)
            .with_detail(Detail::Reason, Reason::MalformedRule));
    }
    Err(rejected(operation, problem.id()))
}

/// Tells whether a series begins at a time that its clock skips that day: Google would move every occurrence of it,
/// and lose those that were changed.
fn begins_in_a_gap(event: &Event) -> bool {
    let Some(start @ Start::Zoned { local, zone }) = event.start.as_ref().filter(|_| event.is_recurring())
    else {
        return false;
    };
    let shown = start.instant().zip(parse_zone(zone)).map(|(at, zone)| at.with_timezone(&zone).naive_local());
    shown.is_some_and(|shown| shown != *local)
}

fn unknown_zone(event: &Event) -> Option<&str> {
    let starts =
        event.start.iter().chain(event.recurrence_overrides.values().filter_map(|c| c.start.as_ref()));
    starts.filter_map(Start::zone).find(|zone| parse_zone(zone).is_none())
}
