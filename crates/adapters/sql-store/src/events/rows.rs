//! The rows of an event.

use diesel::prelude::*;

use crate::{child::child_rows, schema::appointments};

/// The columns of `appointments` that an event's own fields fill.
#[derive(Clone, Debug, PartialEq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = appointments)]
#[diesel(treat_none_as_null = true, treat_none_as_default_value = false)]
pub(crate) struct EventRow {
    pub(crate) uid: String,
    pub(crate) title: String,
    pub(crate) description: String,
    pub(crate) location: String,
    pub(crate) start_kind: String,
    pub(crate) start_local: String,
    pub(crate) start_zone: Option<String>,
    pub(crate) duration_days: i64,
    pub(crate) duration_seconds: i64,
    pub(crate) use_default_alerts: bool,
    pub(crate) privacy: String,
    pub(crate) free_busy: String,
    pub(crate) status: String,
    pub(crate) color: String,
    pub(crate) url: String,
    pub(crate) conference_url: String,
}

/// How many columns an [`EventRow`] binds, with the id, the owner, the calendar and the leftovers.
pub(crate) const EVENT_WIDTH: usize = 20;

child_rows! {
    ParticipantRow in appointment_participants of appointment_id (9) {
        occurrence: String, email: String, name: String, role: String, participation_status: String,
        resource: bool, organizer: bool, comment: String,
    }
    AlertRow in appointment_alerts of appointment_id (4) {
        occurrence: String, action: String, minutes_before: i32,
    }
    RuleRow in appointment_rules of appointment_id (3) { excludes: bool, rule: String }
    AdditionRow in appointment_dates of appointment_id (2) { date: String }
    OverrideRow in appointment_overrides of appointment_id (21) {
        occurrence: String, cancelled: bool, title: Option<String>, description: Option<String>,
        location: Option<String>, start_kind: Option<String>, start_local: Option<String>,
        start_zone: Option<String>, duration_days: Option<i64>, duration_seconds: Option<i64>,
        status: Option<String>, free_busy: Option<String>, color: Option<String>,
        own_participants: bool, own_alerts: bool, privacy: Option<String>, url: Option<String>,
        conference_url: Option<String>, categories: Option<String>, use_default_alerts: Option<bool>,
    }
    CategoryRow in appointment_categories of appointment_id (2) { category: String }
}
