//! Google's words: the resources of Calendar v3, as far as we read them.

use passerelle_ports::{Code, Detail, ErrorKind, ItemId, PortError, Unread};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, value::RawValue};

/// An event as Google shows it: a single one, a master, or an exception.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Resource {
    pub(crate) id: String,
    pub(crate) etag: String,
    pub(crate) status: Option<String>,
    pub(crate) updated: Option<String>,
    pub(crate) summary: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) location: Option<String>,
    pub(crate) start: Option<Time>,
    pub(crate) end: Option<Time>,
    pub(crate) recurrence: Vec<String>,
    pub(crate) recurring_event_id: Option<String>,
    pub(crate) original_start_time: Option<Time>,
    #[serde(rename = "iCalUID")]
    pub(crate) ical_uid: Option<String>,
    pub(crate) attendees: Vec<Attendee>,
    pub(crate) reminders: Option<Reminders>,
    pub(crate) color_id: Option<String>,
    pub(crate) transparency: Option<String>,
    pub(crate) visibility: Option<String>,
    pub(crate) source: Option<Source>,
    pub(crate) extended_properties: Properties,
    #[serde(flatten)]
    pub(crate) rest: Map<String, Value>,
}

/// The member that holds the type of an event.
pub(crate) const EVENT_TYPE: &str = "eventType";
/// The type of an event that Google made of a mail: its owner may change parts of it (C161).
pub(crate) const FROM_GMAIL: &str = "fromGmail";

fn other_type(of: &str) -> Option<&str> {
    Some(of).filter(|of| !["default", FROM_GMAIL].contains(of))
}

/// Returns the word by which a type of event is told to people; one that nobody knows tells itself.
pub(crate) fn sort_of(event_type: &str) -> &str {
    match event_type {
        "focusTime" => "focus_time",
        "outOfOffice" => "out_of_office",
        "workingLocation" => "working_location",
        other => other,
    }
}

/// The code of an event that cannot be read.
pub(crate) const UNREAD: Code = Code::Goog315;
/// How much of its title names an event that cannot be read.
const NAME_MAX: usize = 80;

/// An event that is there and cannot be read: what names it.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Odd {
    pub(crate) id: String,
    status: Option<String>,
    recurring_event_id: Option<String>,
    /// What could not be read.
    #[serde(skip)]
    place: Box<str>,
    #[serde(skip)]
    name: Box<str>,
    event_type: Option<Box<str>>,
}

impl Odd {
    /// Makes what names an event of which this could not be read.
    pub(crate) fn of(event: &Resource, place: &str) -> Odd {
        Odd {
            id: event.id.clone(),
            status: event.status.clone(),
            recurring_event_id: event.recurring_event_id.clone(),
            place: place.into(),
            name: event.summary.as_deref().unwrap_or_default().chars().take(NAME_MAX).collect(),
            event_type: event.rest.get(EVENT_TYPE).and_then(Value::as_str).map(Box::from),
        }
    }

    /// The type of the event, where it is one that is no appointment.
    pub(crate) fn other_type(&self) -> Option<&str> {
        other_type(self.event_type.as_deref()?)
    }

    /// Tells whether it is an occurrence of a series.
    pub(crate) fn is_occurrence(&self) -> bool {
        self.recurring_event_id.is_some()
    }

    /// The name of the record that it belongs to: of an occurrence, its series.
    pub(crate) fn record(&self) -> Option<&str> {
        let name = self.recurring_event_id.as_deref().unwrap_or(&self.id);
        is_name(name).then_some(name)
    }

    pub(crate) fn unread(&self) -> Unread {
        Unread { id: self.record().map(ItemId::new), code: Some(UNREAD), place: self.place.to_string() }
    }

    pub(crate) fn error(&self, operation: &'static str) -> PortError {
        let error = PortError::new(ErrorKind::Unexpected, operation).with_code(UNREAD);
        let error = error.with_detail(Detail::Place, &*self.place);
        if self.name.is_empty() { error } else { error.with_detail(Detail::Name, &*self.name) }
    }
}

/// Tells whether a text can name an event.
fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
}

impl Resource {
    /// Tells whether two states of an event differ in nothing but their version.
    pub(crate) fn says_what(&self, other: &Resource) -> bool {
        *self == Resource { etag: self.etag.clone(), ..other.clone() }
    }

    /// Reads an event by itself: what is wrong with it concerns no other one.
    pub(crate) fn read(raw: &RawValue) -> Result<Resource, Odd> {
        let place = match serde_json::from_str::<Resource>(raw.get()) {
            Ok(event) if !is_name(&event.id) => return Err(Odd::of(&event, "id")),
            Ok(event) if event.etag.is_empty() && !event.is_cancelled() => {
                return Err(Odd::of(&event, "etag"));
            }
            Ok(event) => return Ok(event),
            Err(error) => {
                if error.is_data() {
                    "shape"
                } else {
                    "text"
                }
            }
        };
        let odd = serde_json::from_str::<Odd>(raw.get()).unwrap_or_default();
        if odd.status.as_deref() == Some("cancelled") && is_name(&odd.id) {
            // Of what is gone the name is enough.
            let Odd { id, status, recurring_event_id, .. } = odd;
            return Ok(Resource { id, status, recurring_event_id, ..Resource::default() });
        }
        let title = serde_json::from_str::<Titled>(raw.get()).unwrap_or_default().summary;
        let name = title.unwrap_or_default().chars().take(NAME_MAX).collect();
        Err(Odd { place: place.into(), name, ..odd })
    }

    /// The type of the event (C160), where it is one that is no appointment: it is counted, and neither read nor written.
    pub(crate) fn other_type(&self) -> Option<&str> {
        other_type(self.rest.get(EVENT_TYPE)?.as_str()?)
    }

    pub(crate) fn is_cancelled(&self) -> bool {
        self.status.as_deref() == Some("cancelled")
    }

    /// Tells whether this is the master of a series.
    pub(crate) fn is_master(&self) -> bool {
        !self.recurrence.is_empty() && self.recurring_event_id.is_none()
    }
}

/// The title of an event that cannot be read as a whole.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Titled {
    summary: Option<String>,
}

/// A day, or an instant with the zone it is thought in.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Time {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) date: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) date_time: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) time_zone: Option<String>,
}

/// A guest.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Attendee {
    pub(crate) email: Option<String>,
    pub(crate) display_name: Option<String>,
    pub(crate) optional: bool,
    pub(crate) resource: bool,
    pub(crate) organizer: bool,
    pub(crate) response_status: Option<String>,
    pub(crate) comment: Option<String>,
    #[serde(flatten)]
    pub(crate) rest: Map<String, Value>,
}

/// The reminders of this copy.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Reminders {
    pub(crate) use_default: bool,
    pub(crate) overrides: Vec<Reminder>,
}

/// One reminder.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(crate) struct Reminder {
    pub(crate) method: String,
    pub(crate) minutes: i32,
}

/// Where an event comes from.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(crate) struct Source {
    pub(crate) title: Option<String>,
    pub(crate) url: Option<String>,
}

/// What programs keep with an event.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(crate) struct Properties {
    pub(crate) private: Map<String, Value>,
    pub(crate) shared: Map<String, Value>,
}

/// A page of events. The items are read one by one, so that one odd event spoils no page.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct EventsPage {
    pub(crate) items: Vec<Box<RawValue>>,
    pub(crate) time_zone: Option<String>,
    pub(crate) next_page_token: Option<String>,
    pub(crate) next_sync_token: Option<String>,
}

/// A page of the account's list of calendars.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct CalendarsPage {
    pub(crate) items: Vec<CalendarItem>,
    pub(crate) next_page_token: Option<String>,
}

/// One calendar of the list.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct CalendarItem {
    pub(crate) id: String,
    pub(crate) summary: String,
    pub(crate) summary_override: Option<String>,
    pub(crate) access_role: String,
    pub(crate) primary: bool,
    pub(crate) deleted: bool,
    pub(crate) time_zone: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Resource, Odd> {
        Resource::read(&RawValue::from_string(text.to_owned()).unwrap())
    }

    #[test]
    fn an_event_that_cannot_be_read_is_named_as_far_as_it_tells_its_name() {
        let table = [
            (r#"{"etag": "1", "summary": "Lunch"}"#, "id", None, "Lunch"),
            (r#"{"id": null, "etag": "1", "summary": "Lunch"}"#, "shape", None, "Lunch"),
            (r#"{"id": "a/../b", "etag": "1"}"#, "id", None, ""),
            (r#"{"id": "a", "summary": "Lunch"}"#, "etag", Some("a"), "Lunch"),
            (
                r#"{"id": "a_20260105", "recurringEventId": "a", "summary": "Lunch"}"#,
                "etag",
                Some("a"),
                "Lunch",
            ),
            (r#"{"id": "a", "etag": "1", "summary": "Lunch", "start": 7}"#, "shape", Some("a"), "Lunch"),
            (r#"{"id": "a", "etag": "1", "summary": "\ud800"}"#, "text", Some("a"), ""),
            (
                r#"{"id": "a", "etag": "1", "summary": "Lunch", "location": "\ud800"}"#,
                "text",
                Some("a"),
                "Lunch",
            ),
        ];
        for (text, place, name, title) in table {
            let odd = read(text).unwrap_err();
            assert_eq!((&*odd.place, odd.record(), &*odd.name), (place, name, title), "{text}");
            assert_eq!((odd.unread().code, odd.error("x").code), (Some(UNREAD), Some(UNREAD)), "{text}");
        }
        // Of what is gone the name is enough.
        for text in [
            r#"{"id": "a", "status": "cancelled"}"#,
            r#"{"id": "a", "status": "cancelled", "start": 7, "summary": "\ud800"}"#,
        ] {
            assert_eq!(read(text).map(|event| event.id), Ok("a".to_owned()), "{text}");
        }
    }
}
