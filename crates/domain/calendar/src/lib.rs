#![doc = include_str!("../README.md")]

mod duration;
mod event;
mod moved;
mod normal;
mod record;
mod recurrence;
mod rule;
mod start;
mod validate;

pub use duration::DurationError;
pub use event::{
    Alert, AlertAction, Duration, Event, FreeBusyStatus, Override, Participant, ParticipationStatus, Privacy,
    RecurrenceId, Role, Start, Status,
};
pub use normal::{normal_line, normal_text};
pub use record::BUSY_TITLE;
pub use recurrence::{Occurrence, Occurrences, contains, name_of, occurrences};
pub use rule::{RuleError, canonical_rule, check_rule};
pub use start::{StartError, parse_zone, without_leap_second};
pub use validate::{Problem, validate};
