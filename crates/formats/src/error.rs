//! What is wrong with one record of a file: where, whose, and why.

use passerelle_calendar as calendar;

/// The reason why a record was set aside. Its [`id`](Reason::id) is stable, for translation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum Reason {
    /// The file ends, or the next record begins, before this one ends.
    #[error("the record has no end")]
    Unterminated,
    /// Lines of a record that begins nowhere.
    #[error("the record has no beginning")]
    NoBegin,
    /// The record is not written as its format asks.
    #[error("the record cannot be read")]
    Malformed,
    /// A quote of a table opens a text and never closes it.
    #[error("a quote is never closed")]
    UnclosedQuote,
    /// The record is larger than any sensible one.
    #[error("the record is too large")]
    TooLarge,
    /// The record holds more entries than any sensible one.
    #[error("the record has too many entries")]
    TooMany,
    /// The file could not be read any further.
    #[error("the file cannot be read any further")]
    Unreadable,
    /// The record holds nothing.
    #[error("the record is empty")]
    Empty,
    /// A task, a journal, a list of people: not what is asked for.
    #[error("the record is of another kind")]
    AnotherKind,
    /// An answer, a proposal or a question about an appointment, not the appointment.
    #[error("a message about an appointment, not the appointment")]
    Message,
    /// The event begins at no time.
    #[error("the event has no start")]
    NoStart,
    /// A date or a time that does not exist, or cannot be read.
    #[error("a date cannot be read")]
    BadDate,
    /// A zone that is neither known nor described.
    #[error("the time zone is unknown")]
    UnknownZone,
    /// The event ends before it begins.
    #[error("the event ends before it begins")]
    EndBeforeStart,
    /// An all-day event that lasts a part of a day.
    #[error("the all-day event does not last whole days")]
    NotWholeDays,
    /// A recurrence rule that cannot be read.
    #[error("the recurrence rule cannot be read")]
    MalformedRule,
    /// A changed occurrence that names none of its series.
    #[error("a changed occurrence belongs to no occurrence of its series")]
    BadRecurrenceId,
    /// A change of "this and all following" occurrences.
    #[error("a change of all following occurrences cannot be taken over")]
    ThisAndFuture,
    /// Another record of the file has the same identifier and is as new.
    #[error("another record of the file has the same identifier")]
    Duplicate,
    /// An older state of a record of which the file has a newer one. Nothing is wrong with it.
    #[error("the file has a newer state of the record")]
    Older,
    /// A changed occurrence of a series that was set aside.
    #[error("the series of this occurrence was set aside")]
    SeriesSetAside,
}

impl Reason {
    /// All of them, in their order.
    pub const ALL: [Reason; 21] = [
        Reason::Unterminated,
        Reason::NoBegin,
        Reason::Malformed,
        Reason::UnclosedQuote,
        Reason::TooLarge,
        Reason::TooMany,
        Reason::Unreadable,
        Reason::Empty,
        Reason::AnotherKind,
        Reason::Message,
        Reason::NoStart,
        Reason::BadDate,
        Reason::UnknownZone,
        Reason::EndBeforeStart,
        Reason::NotWholeDays,
        Reason::MalformedRule,
        Reason::BadRecurrenceId,
        Reason::ThisAndFuture,
        Reason::Duplicate,
        Reason::Older,
        Reason::SeriesSetAside,
    ];

    /// Returns the stable name of the reason, for translation and for machines.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Reason::Unterminated => "unterminated",
            Reason::NoBegin => "no-begin",
            Reason::Malformed => "malformed",
            Reason::UnclosedQuote => "unclosed-quote",
            Reason::TooLarge => "too-large",
            Reason::TooMany => "too-many",
            Reason::Unreadable => "unreadable",
            Reason::Empty => "empty",
            Reason::AnotherKind => "another-kind",
            Reason::Message => "message",
            Reason::NoStart => "no-start",
            Reason::BadDate => "bad-date",
            Reason::UnknownZone => "unknown-zone",
            Reason::EndBeforeStart => "end-before-start",
            Reason::NotWholeDays => "not-whole-days",
            Reason::MalformedRule => "malformed-rule",
            Reason::BadRecurrenceId => "bad-recurrence-id",
            Reason::ThisAndFuture => "this-and-future",
            Reason::Duplicate => "duplicate",
            Reason::Older => "older",
            Reason::SeriesSetAside => "series-set-aside",
        }
    }

    /// Finds the reason why an event cannot be kept, if there is one.
    pub(crate) fn of_event(event: &calendar::Event) -> Option<Reason> {
        calendar::validate(event).into_iter().find(|problem| !problem.is_harmless()).map(|problem| {
            match problem {
                calendar::Problem::NoStart => Reason::NoStart,
                calendar::Problem::UnknownZone => Reason::UnknownZone,
                calendar::Problem::EndBeforeStart => Reason::EndBeforeStart,
                calendar::Problem::NotWholeDays => Reason::NotWholeDays,
                calendar::Problem::MalformedRule | calendar::Problem::UnsupportedRule => {
                    Reason::MalformedRule
                }
                calendar::Problem::BadRecurrenceId => Reason::BadRecurrenceId,
            }
        })
    }
}

/// A record that was set aside; the others go in.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("line {line}: {reason}")]
pub struct BadRecord {
    /// The line of the file, counted from 1, at which the record begins.
    pub line: usize,
    /// Which object of its file it is, counted from 1, where several may begin on one line; else 0.
    pub nth: usize,
    /// What the record calls itself, for the person who looks for it; empty if it does not.
    pub summary: String,
    /// Why it was set aside.
    pub reason: Reason,
    /// The answer that it is, if it is one: [`crate::apply_answers`].
    pub answer: Option<Box<Answer>>,
}

/// What a guest answered (`METHOD:REPLY`), or that an appointment is called off.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Answer {
    /// The identifier of the appointment.
    pub uid: String,
    /// The one occurrence that the answer is about.
    pub occurrence: Option<calendar::Start>,
    /// Who answers, and how.
    pub guests: Vec<calendar::Participant>,
    /// What is said beside it where the organiser calls the appointment off (`METHOD:CANCEL`).
    pub cancels: Option<Box<CallsOff>>,
    /// The number of the state of the appointment that it is about (`SEQUENCE`), where it says so.
    pub sequence: Option<u64>,
    /// When it was written (`DTSTAMP`), in the basic form of ISO 8601; empty where it does not say so.
    pub stamp: String,
}

/// What calls an appointment off, and need not say when that takes place.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct CallsOff {
    /// What it says of the appointment.
    pub event: calendar::Event,
    /// What it says beyond that.
    pub unknown: Vec<String>,
}

impl BadRecord {
    pub(crate) fn new(line: usize, summary: impl Into<String>, reason: Reason) -> Self {
        BadRecord { line, nth: 0, summary: summary.into(), reason, answer: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_reasons_are_listed() {
        for (place, reason) in Reason::ALL.into_iter().enumerate() {
            assert_eq!(reason as usize, place, "{reason}");
        }
    }
}
