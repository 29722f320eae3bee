//! iCalendar (RFC 5545, with RFC 7986): series with their changed occurrences.

mod ahead;
mod alarms;
mod answer;
mod dates;
pub(crate) mod guests;
mod join;
mod lone;
mod method;
mod old;
mod read;
mod repair;
mod rest;
pub(crate) mod rule;
pub(crate) mod series;
mod states;
mod write;
mod zones;

pub use ahead::calendar_properties;
pub use answer::apply_answers;
pub(crate) use join::Events;
pub use lone::{
    Joined, adopt, forget_series, is_nameless_change, join_series, occurrence_of, series_of, spellings_of,
};
pub(crate) use lone::{note, note_of_single, original};
pub(crate) use read::categories_of;
pub(crate) use states::{Identities, Identity, Seen};
pub(crate) use write::Calendar;
pub use write::name_for_export;
pub(crate) use zones::Zones;
pub use zones::{names_a_zone, zone_name};

/// The components that are read as such.
const WANTED: &[&str] = &["VEVENT", "VTIMEZONE", "VTODO", "VJOURNAL", "VFREEBUSY"];

/// The properties of our own: what iCalendar has no place for.
pub(crate) mod own {
    pub(crate) const DEFAULT_ALERTS: &str = "X-PASSERELLE-DEFAULT-ALERTS";
    pub(crate) const CHANGED: &str = "X-PASSERELLE-CHANGED";
    /// Says that changed occurrences follow, where no rule says so.
    pub(crate) const SERIES: &str = "X-PASSERELLE-SERIES";
    /// Says that the identifier was made up, because the formats ask for one.
    pub(crate) const NO_UID: &str = "X-PASSERELLE-NO-UID";
    pub(crate) const ORGANIZER: &str = "X-PASSERELLE-ORGANIZER";
    /// A zone that was not found by its name: as the file calls it, with what it was taken as.
    pub(crate) const ZONE: &str = "X-PASSERELLE-ZONE";
    /// The identifier that a record of a file had, where another record of that file had it too.
    pub(crate) const UID: &str = passerelle_ports::left::ORIGINAL_UID;
    /// Says of which series an event is one changed occurrence, and which; without an identifier, that the event is the
    /// changed state of an appointment that does not repeat, and when that was.
    pub(crate) const OCCURRENCE: &str = "X-PASSERELLE-OCCURRENCE";
    /// Parameters of a line whose value was taken over; `OF` names the property.
    pub(crate) const PARAMS: &str = "X-PASSERELLE-PARAMS";
    /// What stands in the place of a guest's address, where the address is told beside it.
    pub(crate) const ADDRESS: &str = "X-PASSERELLE-ADDRESS";
    /// A whole line, as text: another one of which an event has one only, or a word that it cannot hold.
    pub(crate) const SECOND: &str = "X-PASSERELLE-LINE";
    /// What was left over from a changed occurrence; `ID` names it.
    pub(crate) const CHANGE: &str = "X-PASSERELLE-OF-OCCURRENCE";
    /// When a guest answered last, and to which number of the appointment; `ID` names the occurrence, if it is one.
    pub(crate) const ANSWERED: &str = "X-PASSERELLE-ANSWERED";
    /// How many minutes before its event a reminder was read to come, where its moment alone does not say so.
    pub(crate) const MINUTES: &str = "X-PASSERELLE-MINUTES";
    pub(crate) const COMMENT: &str = "X-RESPONSE-COMMENT";
}
