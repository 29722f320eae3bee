//! Between an event and its rows. Pure.

use std::collections::BTreeMap;

use chrono::NaiveDateTime;
use passerelle_calendar::{
    Alert, AlertAction, Duration, Event, FreeBusyStatus, Override, Participant, ParticipationStatus, Privacy,
    RecurrenceId, Role, Start, Status,
};
use passerelle_ports::Value;

use super::rows::{AdditionRow, AlertRow, CategoryRow, EventRow, OverrideRow, ParticipantRow, RuleRow};
use crate::child::{ByParent, Held};

/// The rows that an event should have, under keys of their own.
#[derive(Default)]
pub(crate) struct Parts {
    pub(crate) participants: BTreeMap<String, ParticipantRow>,
    pub(crate) alerts: BTreeMap<String, AlertRow>,
    pub(crate) rules: BTreeMap<String, RuleRow>,
    pub(crate) dates: BTreeMap<String, AdditionRow>,
    pub(crate) overrides: BTreeMap<String, OverrideRow>,
    pub(crate) categories: BTreeMap<String, CategoryRow>,
}

/// The rows that an event has.
#[derive(Default)]
pub(crate) struct HeldParts {
    pub(crate) participants: Held<ParticipantRow>,
    pub(crate) alerts: Held<AlertRow>,
    pub(crate) rules: Held<RuleRow>,
    pub(crate) dates: Held<AdditionRow>,
    pub(crate) overrides: Held<OverrideRow>,
    pub(crate) categories: Held<CategoryRow>,
}

/// A start in three columns.
type StartColumns = (String, String, Option<String>);

fn moment_text(local: NaiveDateTime) -> String {
    local.format("%Y-%m-%d %H:%M:%S").to_string()
}

fn moment_of(text: &str) -> Option<NaiveDateTime> {
    let text = text.replace('T', " ");
    ["%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M"]
        .iter()
        .find_map(|format| NaiveDateTime::parse_from_str(&text, format).ok())
}

fn start_columns(start: Option<&Start>) -> Option<StartColumns> {
    Some(match start? {
        Start::Date { date } => ("date".to_owned(), date.to_string(), None),
        Start::Zoned { local, zone } => ("zoned".to_owned(), moment_text(*local), Some(zone.clone())),
        Start::Floating { local } => ("floating".to_owned(), moment_text(*local), None),
    })
}

fn start_of(kind: &str, local: &str, zone: Option<&str>) -> Option<Start> {
    match kind {
        "date" => Some(Start::Date { date: local.parse().ok()? }),
        "zoned" => Some(Start::Zoned { local: moment_of(local)?, zone: zone?.to_owned() }),
        _ => Some(Start::Floating { local: moment_of(local)? }),
    }
}

/// Writes the name of an occurrence as it is stored: with a space, which people read more easily.
fn occurrence_text(key: &str) -> String {
    match key.parse() {
        Ok(RecurrenceId::Local(local)) => moment_text(local),
        _ => key.to_owned(),
    }
}

/// Reads the name of an occurrence.
fn occurrence_key(text: &str) -> String {
    match moment_of(text) {
        Some(local) => RecurrenceId::Local(local).to_string(),
        None => text.to_owned(),
    }
}

/// Returns the columns of `appointments`. An event without a start gets an empty one, which the
/// schema refuses.
pub(crate) fn main_row(event: &Event) -> EventRow {
    let start = start_columns(event.start.as_ref());
    let (start_kind, start_local, start_zone) =
        start.unwrap_or_else(|| ("floating".to_owned(), String::new(), None));
    EventRow {
        uid: event.uid.clone(),
        title: event.title.clone(),
        description: event.description.clone(),
        location: event.location.clone(),
        start_kind,
        start_local,
        start_zone,
        duration_days: event.duration.days.into(),
        duration_seconds: event.duration.seconds.into(),
        use_default_alerts: event.use_default_alerts,
        privacy: event.privacy.as_str().to_owned(),
        free_busy: event.free_busy_status.as_str().to_owned(),
        status: event.status.as_str().to_owned(),
        color: event.color.clone(),
        url: event.url.clone(),
        conference_url: event.conference_url.clone(),
    }
}

fn email_key(email: &str) -> String {
    email.trim().to_lowercase()
}

/// Returns the rows of an event's lists and collections.
pub(crate) fn parts(id: &str, event: &Event) -> Parts {
    let mut parts = Parts::default();
    participants(&mut parts, id, "", &event.participants);
    alerts(&mut parts, id, "", &event.alerts);
    let rules = event.recurrence_rules.iter().map(|rule| (false, rule));
    let rules = rules.chain(event.excluded_recurrence_rules.iter().map(|rule| (true, rule)));
    for (position, (excludes, rule)) in rules.enumerate() {
        let row = RuleRow { appointment_id: id.to_owned(), excludes, rule: rule.clone() };
        parts.rules.insert(format!("{position:06}"), row);
    }
    for key in event.recurrence_dates.iter().filter_map(|(key, there)| there.then_some(key)) {
        parts
            .dates
            .insert(key.clone(), AdditionRow { appointment_id: id.to_owned(), date: occurrence_text(key) });
    }
    for (key, changes) in &event.recurrence_overrides {
        let occurrence = occurrence_text(key);
        if let Some(own) = &changes.participants {
            participants(&mut parts, id, &occurrence, own);
        }
        if let Some(own) = &changes.alerts {
            alerts(&mut parts, id, &occurrence, own);
        }
        parts.overrides.insert(key.clone(), override_row(id, occurrence, changes));
    }
    for (key, category) in &event.categories {
        let row = CategoryRow { appointment_id: id.to_owned(), category: category.clone() };
        parts.categories.insert(key.clone(), row);
    }
    parts
}

fn participants(parts: &mut Parts, id: &str, occurrence: &str, guests: &BTreeMap<String, Participant>) {
    for (key, guest) in guests {
        // The address names the guest: one that is told otherwise is filed under its key. A name is none.
        let is_nameable = key.contains(['@', ':', '/']);
        let email = match email_key(&guest.email) {
            known if known == *key || (known.is_empty() && !is_nameable) => &guest.email,
            _ => key,
        };
        let row = ParticipantRow {
            appointment_id: id.to_owned(),
            occurrence: occurrence.to_owned(),
            email: email.clone(),
            name: guest.name.clone(),
            role: guest.role.as_str().to_owned(),
            participation_status: guest.participation_status.as_str().to_owned(),
            resource: guest.resource,
            organizer: guest.organizer,
            comment: guest.comment.clone(),
        };
        parts.participants.insert(within(occurrence, key), row);
    }
}

fn alerts(parts: &mut Parts, id: &str, occurrence: &str, alerts: &BTreeMap<String, Alert>) {
    for alert in alerts.values() {
        let row = AlertRow {
            appointment_id: id.to_owned(),
            occurrence: occurrence.to_owned(),
            action: alert.action.as_str().to_owned(),
            minutes_before: alert.minutes_before,
        };
        parts.alerts.insert(within(occurrence, &alert.key()), row);
    }
}

/// Names a row of one occurrence, or of the series.
fn within(occurrence: &str, key: &str) -> String {
    format!("{}|{key}", occurrence_key(occurrence))
}

fn override_row(id: &str, occurrence: String, changes: &Override) -> OverrideRow {
    let (start_kind, start_local, start_zone) = match start_columns(changes.start.as_ref()) {
        Some((kind, local, zone)) => (Some(kind), Some(local), zone),
        None => (None, None, None),
    };
    OverrideRow {
        appointment_id: id.to_owned(),
        occurrence,
        cancelled: changes.excluded,
        title: changes.title.clone(),
        description: changes.description.clone(),
        location: changes.location.clone(),
        start_kind,
        start_local,
        start_zone,
        duration_days: changes.duration.map(|duration| duration.days.into()),
        duration_seconds: changes.duration.map(|duration| duration.seconds.into()),
        status: changes.status.map(|status| status.as_str().to_owned()),
        free_busy: changes.free_busy_status.map(|status| status.as_str().to_owned()),
        color: changes.color.clone(),
        own_participants: changes.participants.is_some(),
        own_alerts: changes.alerts.is_some(),
        privacy: changes.privacy.map(|privacy| privacy.as_str().to_owned()),
        url: changes.url.clone(),
        conference_url: changes.conference_url.clone(),
        categories: changes.categories.as_ref().map(categories_text),
        use_default_alerts: changes.use_default_alerts,
    }
}

/// Writes the categories of one occurrence: a list in JSON.
fn categories_text(categories: &BTreeMap<String, String>) -> String {
    serde_json::to_string(&categories.values().collect::<Vec<_>>()).unwrap_or_default()
}

/// Reads the categories of one occurrence: the schema sees to it that they are a list.
fn categories_of(text: &str) -> BTreeMap<String, String> {
    let items: Vec<Value> = serde_json::from_str(text).unwrap_or_default();
    let texts = items.into_iter().map(|item| match item {
        Value::String(text) => text,
        other => other.to_string(),
    });
    let texts = texts.filter(|text| !text.trim().is_empty());
    texts.map(|text| (text.trim().to_lowercase(), text)).collect()
}

/// Puts rows under keys; of rows with the same key the first counts.
fn keyed<C>(rows: Vec<(i64, C)>, key: impl Fn(&C) -> String) -> Held<C> {
    let mut held = Held::new();
    for (id, row) in rows {
        held.entry(key(&row)).or_insert((id, row));
    }
    held
}

/// Puts the rows of guests under their keys: the address, or the name where there is none. Several of one name are numbered.
fn guests(rows: Vec<(i64, ParticipantRow)>) -> Held<ParticipantRow> {
    let mut held = Held::new();
    let mut called: BTreeMap<String, usize> = BTreeMap::new();
    for (id, row) in rows {
        let email = email_key(&row.email);
        if !email.is_empty() {
            held.entry(within(&row.occurrence, &email)).or_insert((id, row));
            continue;
        }
        let name = row.name.trim().to_lowercase();
        let number = called.entry(within(&row.occurrence, &name)).or_default();
        *number += 1;
        let key = match number {
            1 => name,
            number => format!("{name} ({number:05})").trim_start().to_owned(),
        };
        held.entry(within(&row.occurrence, &key)).or_insert((id, row));
    }
    held
}

/// The rows of many events.
#[derive(Default)]
pub(crate) struct Rows {
    pub(crate) participants: ByParent<ParticipantRow>,
    pub(crate) alerts: ByParent<AlertRow>,
    pub(crate) rules: ByParent<RuleRow>,
    pub(crate) dates: ByParent<AdditionRow>,
    pub(crate) overrides: ByParent<OverrideRow>,
    pub(crate) categories: ByParent<CategoryRow>,
}

impl Rows {
    /// Takes the rows of one event.
    pub(crate) fn take(&mut self, id: &str) -> HeldParts {
        let rules = self.rules.remove(id).unwrap_or_default();
        let (excluding, including): (Vec<_>, Vec<_>) = rules.into_iter().partition(|(_, row)| row.excludes);
        let rules = including.into_iter().chain(excluding).enumerate();
        HeldParts {
            participants: guests(self.participants.remove(id).unwrap_or_default()),
            alerts: keyed(self.alerts.remove(id).unwrap_or_default(), |row| {
                within(&row.occurrence, &alert_of(row).key())
            }),
            rules: rules.map(|(position, row)| (format!("{position:06}"), row)).collect(),
            dates: keyed(self.dates.remove(id).unwrap_or_default(), |row| occurrence_key(&row.date)),
            overrides: keyed(self.overrides.remove(id).unwrap_or_default(), |row| {
                occurrence_key(&row.occurrence)
            }),
            categories: keyed(self.categories.remove(id).unwrap_or_default(), |row| {
                row.category.trim().to_lowercase()
            }),
        }
    }
}

fn alert_of(row: &AlertRow) -> Alert {
    Alert { action: AlertAction::parse(&row.action).unwrap_or_default(), minutes_before: row.minutes_before }
}

fn participant_of(row: &ParticipantRow) -> Participant {
    Participant {
        email: row.email.clone(),
        name: row.name.clone(),
        role: Role::parse(&row.role).unwrap_or_default(),
        participation_status: ParticipationStatus::parse(&row.participation_status).unwrap_or_default(),
        resource: row.resource,
        organizer: row.organizer,
        comment: row.comment.clone(),
    }
}

fn participants_of(parts: &HeldParts, occurrence: &str) -> BTreeMap<String, Participant> {
    let rows =
        parts.participants.iter().filter(|(_, (_, row))| occurrence_key(&row.occurrence) == occurrence);
    let key = |key: &str| key.split_once('|').map_or(key, |(_, key)| key).to_owned();
    rows.map(|(filed, (_, row))| (key(filed), participant_of(row))).collect()
}

fn alerts_of(parts: &HeldParts, occurrence: &str) -> BTreeMap<String, Alert> {
    let rows = parts.alerts.values().filter(|(_, row)| occurrence_key(&row.occurrence) == occurrence);
    rows.map(|(_, row)| alert_of(row)).map(|alert| (alert.key(), alert)).collect()
}

fn duration_of(days: i64, seconds: i64) -> Duration {
    Duration {
        days: u32::try_from(days).unwrap_or_default(),
        seconds: u32::try_from(seconds).unwrap_or_default(),
    }
}

fn override_of(parts: &HeldParts, key: &str, row: &OverrideRow) -> Override {
    let start = row.start_kind.as_deref().zip(row.start_local.as_deref());
    Override {
        excluded: row.cancelled,
        title: row.title.clone(),
        description: row.description.clone(),
        location: row.location.clone(),
        start: start.and_then(|(kind, local)| start_of(kind, local, row.start_zone.as_deref())),
        duration: row
            .duration_days
            .zip(row.duration_seconds)
            .map(|(days, seconds)| duration_of(days, seconds)),
        status: row.status.as_deref().and_then(Status::parse),
        free_busy_status: row.free_busy.as_deref().and_then(FreeBusyStatus::parse),
        color: row.color.clone(),
        participants: row.own_participants.then(|| participants_of(parts, key)),
        alerts: row.own_alerts.then(|| alerts_of(parts, key)),
        use_default_alerts: row.use_default_alerts,
        privacy: row.privacy.as_deref().and_then(Privacy::parse),
        url: row.url.clone(),
        conference_url: row.conference_url.clone(),
        categories: row.categories.as_deref().map(categories_of),
    }
}

/// Makes an event of its rows.
pub(crate) fn event(row: EventRow, parts: &HeldParts) -> Event {
    let rules = |excludes: bool| {
        let rows = parts.rules.values().filter(move |(_, row)| row.excludes == excludes);
        rows.map(|(_, row)| row.rule.clone()).collect()
    };
    Event {
        start: start_of(&row.start_kind, &row.start_local, row.start_zone.as_deref()),
        uid: row.uid,
        title: row.title,
        description: row.description,
        location: row.location,
        duration: duration_of(row.duration_days, row.duration_seconds),
        recurrence_rules: rules(false),
        excluded_recurrence_rules: rules(true),
        recurrence_dates: parts.dates.keys().map(|key| (key.clone(), true)).collect(),
        recurrence_overrides: parts
            .overrides
            .iter()
            .map(|(key, (_, row))| (key.clone(), override_of(parts, key, row)))
            .collect(),
        participants: participants_of(parts, ""),
        alerts: alerts_of(parts, ""),
        use_default_alerts: row.use_default_alerts,
        privacy: Privacy::parse(&row.privacy).unwrap_or_default(),
        free_busy_status: FreeBusyStatus::parse(&row.free_busy).unwrap_or_default(),
        status: Status::parse(&row.status).unwrap_or_default(),
        color: row.color,
        url: row.url,
        conference_url: row.conference_url,
        categories: parts
            .categories
            .iter()
            .map(|(key, (_, row))| (key.clone(), row.category.clone()))
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_read_however_a_person_writes_it() {
        for text in ["2026-11-23 09:00", "2026-11-23T09:00", "2026-11-23 09:00:00", "2026-11-23T09:00:00"] {
            assert_eq!(occurrence_key(text), "2026-11-23T09:00:00", "{text}");
        }
        assert_eq!(occurrence_key("2026-11-23"), "2026-11-23");
        assert_eq!(occurrence_text("2026-11-23T09:00:00"), "2026-11-23 09:00:00");
        assert_eq!(occurrence_text("2026-11-23"), "2026-11-23");
    }
}
