//! Google's words: the resources of Calendar v3, as far as we read them.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

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

impl Resource {
    pub(crate) fn is_cancelled(&self) -> bool {
        self.status.as_deref() == Some("cancelled")
    }

    /// Tells whether this is the master of a series.
    pub(crate) fn is_master(&self) -> bool {
        !self.recurrence.is_empty() && self.recurring_event_id.is_none()
    }
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
    pub(crate) items: Vec<Value>,
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
