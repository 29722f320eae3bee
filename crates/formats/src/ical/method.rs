//! What the method of a calendar (RFC 5546) makes of its events.

use crate::{
    Reason,
    content::{Component, Line},
};

/// Tells whether the method of a calendar calls its events off.
pub(super) fn calls_off(method: &str) -> bool {
    method.trim().eq_ignore_ascii_case("CANCEL")
}

/// Applies the method of a calendar to one of its events.
///
/// # Errors
///
/// A message about an event (an answer, a proposal, a question) is not that event.
pub(super) fn apply(method: &str, event: &mut Component) -> Result<(), Reason> {
    match method.trim().to_ascii_uppercase().as_str() {
        "CANCEL" => {
            event.lines.retain(|line| line.name != "STATUS");
            event.lines.push(Line::new("STATUS", "CANCELLED"));
            Ok(())
        }
        "REPLY" | "COUNTER" | "DECLINECOUNTER" | "REFRESH" | "ADD" => Err(Reason::Message),
        _ => Ok(()),
    }
}
