//! An event as Google shows it to an event as the domain knows it, and back. Pure.

use std::collections::BTreeMap;

use passerelle_calendar::{
    Alert, AlertAction, Duration, Event, FreeBusyStatus, Participant, ParticipationStatus, Privacy,
    RecurrenceId, Role, Start, Status,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::{
    color, marks, times,
    wire::{Attendee, Properties, Resource, Source, Time},
};

/// Members that change by themselves or only repeat what is known otherwise.
const PASSING: &[&str] = &["kind", "htmlLink", "created", "sequence"];
/// Unmodelled members that may be sent when an event is made again.
const WRITABLE: &[&str] = &[
    "guestsCanInviteOthers",
    "guestsCanModify",
    "guestsCanSeeOtherGuests",
    "anyoneCanAddSelf",
    "attachments",
];
/// The most reminders that an event may have, and the earliest (C165).
const MOST_ALERTS: usize = 5;
const EARLIEST_ALERT: i32 = 40_320;

/// What an event holds at Google beyond the record.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Leftovers {
    /// Members of the event that are not modelled.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub(crate) rest: Map<String, Value>,
    /// Members of guests that are not modelled, by address.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) attendees: BTreeMap<String, Map<String, Value>>,
    /// Guests without an address.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) anonymous: Vec<Map<String, Value>>,
    /// Lines of the recurrence that we cannot read.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) lines: Vec<String>,
    /// The words of the link.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) source_title: Option<String>,
    /// Private properties of other programs.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub(crate) private: Map<String, Value>,
    /// Properties that all guests see.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub(crate) shared: Map<String, Value>,
    /// The zone of the end, where it is another than that of the start.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) end_zone: Option<String>,
}

/// A read event.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Converted {
    pub(crate) event: Event,
    pub(crate) left: Leftovers,
    /// The zone that its times are kept in at Google; a floating event has one there, too.
    pub(crate) zone: String,
}

impl Leftovers {
    fn flag(&self, who: &str) -> bool {
        self.rest.get(who).and_then(|who| who.get("self")).and_then(Value::as_bool).unwrap_or(false)
    }

    fn is(&self, member: &str) -> bool {
        self.rest.get(member).and_then(Value::as_bool).unwrap_or(false)
    }

    /// Tells whether what all guests see is somebody else's to change (C125, C140 to C142).
    pub(crate) fn is_somebody_elses(&self) -> bool {
        let invited =
            self.rest.contains_key("organizer") && !self.flag("organizer") && !self.is("guestsCanModify");
        invited || self.is("locked")
    }

    /// Tells whether the list of guests that we see is not all of them (C144).
    pub(crate) fn has_hidden_guests(&self) -> bool {
        self.is("attendeesOmitted")
    }

    fn may_write_source(&self) -> bool {
        !self.rest.contains_key("creator") || self.flag("creator")
    }

    fn conference(&self) -> Option<&str> {
        let points = self.rest.get("conferenceData").and_then(|data| data.get("entryPoints"));
        let video = points
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .find(|point| point.get("entryPointType").and_then(Value::as_str) == Some("video"));
        let uri = video.and_then(|point| point.get("uri")).and_then(Value::as_str);
        uri.or_else(|| self.rest.get("hangoutLink").and_then(Value::as_str))
    }

    /// The own row of the list of guests (C143).
    fn own_row(&self) -> Option<&str> {
        let is_self = |rest: &Map<String, Value>| rest.get("self").and_then(Value::as_bool) == Some(true);
        self.attendees.iter().find(|(_, rest)| is_self(rest)).map(|(email, _)| email.as_str())
    }
}

/// Reads an event without regard to its series. Nothing for one that no record can represent: without times,
/// in a zone nobody knows, or ending before it begins.
pub(crate) fn event(resource: &Resource, calendar_zone: &str) -> Option<Converted> {
    let (start_time, end_time) = (resource.start.as_ref()?, resource.end.as_ref()?);
    let read = times::start(start_time, calendar_zone)?;
    let zone = read.zone().unwrap_or(calendar_zone).to_owned();
    let private = &resource.extended_properties.private;
    let mark = |name: &str| private.get(name).and_then(Value::as_str);
    let start = match &read {
        Start::Zoned { local, zone } if mark(marks::FLOATING) == Some(zone) => {
            Start::Floating { local: *local }
        }
        other => other.clone(),
    };
    let mut left = leftovers(resource, start_time, end_time);
    let mut event = Event {
        uid: resource.ical_uid.clone().unwrap_or_default(),
        title: resource.summary.clone().unwrap_or_default(),
        description: resource.description.clone().unwrap_or_default(),
        location: resource.location.clone().unwrap_or_default(),
        duration: times::duration(start_time, end_time)?,
        participants: resource.attendees.iter().filter_map(participant).collect(),
        privacy: resource.visibility.as_deref().and_then(Privacy::parse).unwrap_or_default(),
        free_busy_status: match resource.transparency.as_deref() {
            Some("transparent") => FreeBusyStatus::Free,
            _ => FreeBusyStatus::Busy,
        },
        status: match (resource.status.as_deref(), mark(marks::STATUS)) {
            (Some("tentative"), _) => Status::Tentative,
            (_, Some("cancelled")) => Status::Cancelled,
            _ => Status::Confirmed,
        },
        color: read_color(resource.color_id.as_deref(), mark(marks::COLOR)),
        url: marks::text(private, marks::URL)
            .or_else(|| resource.source.as_ref()?.url.clone())
            .unwrap_or_default(),
        conference_url: left
            .conference()
            .map(str::to_owned)
            .or_else(|| marks::text(private, marks::CONFERENCE))
            .unwrap_or_default(),
        categories: marks::text(private, marks::CATEGORIES)
            .and_then(|text| serde_json::from_str(&text).ok())
            .unwrap_or_default(),
        ..Event::default()
    };
    read_alerts(resource, &mut event);
    recurrence(&resource.recurrence, &start, &zone, &mut event, &mut left);
    event.start = Some(start);
    Some(Converted { event, left, zone })
}

fn leftovers(resource: &Resource, start: &Time, end: &Time) -> Leftovers {
    let Properties { private, shared } = &resource.extended_properties;
    let foreign = private.iter().filter(|(name, _)| !name.starts_with(marks::PREFIX));
    let rest = resource.rest.iter().filter(|(name, _)| !PASSING.contains(&name.as_str()));
    let mut left = Leftovers {
        rest: rest.map(|(name, value)| (name.clone(), value.clone())).collect(),
        private: foreign.map(|(name, value)| (name.clone(), value.clone())).collect(),
        shared: shared.clone(),
        source_title: resource.source.as_ref().and_then(|source: &Source| source.title.clone()),
        end_zone: end.time_zone.clone().filter(|zone| Some(zone) != start.time_zone.as_ref()),
        ..Leftovers::default()
    };
    for attendee in &resource.attendees {
        match attendee.email.as_deref() {
            Some(email) if !email.is_empty() && !attendee.rest.is_empty() => {
                left.attendees.insert(email.to_lowercase(), attendee.rest.clone());
            }
            Some(email) if !email.is_empty() => {}
            _ => left.anonymous.push(anonymous(attendee)),
        }
    }
    left
}

/// A guest without an address goes back as it came.
fn anonymous(attendee: &Attendee) -> Map<String, Value> {
    let mut row = attendee.rest.clone();
    if let Some(name) = &attendee.display_name {
        row.insert("displayName".to_owned(), name.clone().into());
    }
    if let Some(answer) = &attendee.response_status {
        row.insert("responseStatus".to_owned(), answer.clone().into());
    }
    row
}

fn participant(attendee: &Attendee) -> Option<(String, Participant)> {
    let email = attendee.email.clone().filter(|email| !email.is_empty())?;
    let participation_status = match attendee.response_status.as_deref() {
        Some("accepted") => ParticipationStatus::Accepted,
        Some("declined") => ParticipationStatus::Declined,
        Some("tentative") => ParticipationStatus::Tentative,
        _ => ParticipationStatus::NeedsAction,
    };
    let participant = Participant {
        name: attendee.display_name.clone().unwrap_or_default(),
        role: if attendee.optional { Role::Optional } else { Role::Required },
        participation_status,
        resource: attendee.resource,
        organizer: attendee.organizer,
        comment: attendee.comment.clone().unwrap_or_default(),
        email: email.clone(),
    };
    Some((email.to_lowercase(), participant))
}

fn read_color(id: Option<&str>, mark: Option<&str>) -> String {
    let id = id.unwrap_or_default();
    // The mark holds what was asked for, as long as nobody has chosen another colour since.
    match mark.and_then(|mark| mark.split_once(':')) {
        Some((of, text)) if of == id => text.to_owned(),
        _ => color::name(id).unwrap_or_default().to_owned(),
    }
}

fn read_alerts(resource: &Resource, event: &mut Event) {
    let Some(reminders) = &resource.reminders else { return };
    event.use_default_alerts = reminders.use_default;
    if reminders.use_default {
        return;
    }
    let wire = reminders.overrides.iter().map(|reminder| Alert {
        action: if reminder.method == "email" { AlertAction::Email } else { AlertAction::Display },
        minutes_before: reminder.minutes,
    });
    let more = marks::text(&resource.extended_properties.private, marks::ALERTS).unwrap_or_default();
    let more = more.split(',').filter_map(|key| {
        let (action, minutes) = key.split_once(':')?;
        Some(Alert { action: AlertAction::parse(action)?, minutes_before: minutes.parse().ok()? })
    });
    event.alerts = wire.chain(more).map(|alert| (alert.key(), alert)).collect();
}

/// Reads the lines of a recurrence; what we cannot read stays as it is (C60, C61).
fn recurrence(lines: &[String], start: &Start, zone: &str, event: &mut Event, left: &mut Leftovers) {
    for line in lines {
        let (name, value) = line.split_once(':').unwrap_or((line, ""));
        let (name, parameters) = name.split_once(';').unwrap_or((name, ""));
        let dates = || times::dates(parameters, value, start, zone);
        match name.to_ascii_uppercase().as_str() {
            "RRULE" => event.recurrence_rules.push(value.to_owned()),
            "EXRULE" => event.excluded_recurrence_rules.push(value.to_owned()),
            "RDATE" => match dates() {
                Some(ids) => event.recurrence_dates.extend(ids.iter().map(|id| (id.to_string(), true))),
                None => left.lines.push(line.clone()),
            },
            "EXDATE" => match dates() {
                Some(ids) => ids.iter().for_each(|id| {
                    event.recurrence_overrides.entry(id.to_string()).or_default().excluded = true;
                }),
                None => left.lines.push(line.clone()),
            },
            _ => left.lines.push(line.clone()),
        }
    }
}

/// Writes the lines of a recurrence. `elsewhere` tells which excluded occurrences are cancelled exceptions of
/// their own and so need no `EXDATE` (C63).
pub(crate) fn lines(
    event: &Event,
    left: &Leftovers,
    zone: &str,
    elsewhere: impl Fn(RecurrenceId) -> bool,
) -> Vec<String> {
    let Some(start) = &event.start else { return Vec::new() };
    if !event.is_recurring() {
        return Vec::new();
    }
    let rules = event.recurrence_rules.iter().map(|rule| format!("RRULE:{rule}"));
    let excluded_rules = event.excluded_recurrence_rules.iter().map(|rule| format!("EXRULE:{rule}"));
    let dates =
        event.recurrence_dates.iter().filter(|(_, taken)| **taken).filter_map(|(id, _)| id.parse().ok());
    let excluded = event.recurrence_overrides.iter().filter(|(_, change)| change.excluded);
    let excluded = excluded.filter_map(|(id, _)| id.parse().ok()).filter(|id| !elsewhere(*id));
    let (dates, excluded): (Vec<_>, Vec<_>) = (dates.collect(), excluded.collect());
    rules
        .chain(excluded_rules)
        .chain(times::date_line("RDATE", &dates, start, zone))
        .chain(times::date_line("EXDATE", &excluded, start, zone))
        .chain(left.lines.iter().cloned())
        .collect()
}

/// The members of a request that change one event into another, and the private properties among them.
#[derive(Default)]
pub(crate) struct Changes {
    members: Map<String, Value>,
    private: Map<String, Value>,
}

impl Changes {
    /// Adds a private property of ours.
    pub(crate) fn mark(&mut self, name: &str, value: &str) {
        self.private.insert(name.to_owned(), value.into());
    }

    /// Sets a member.
    pub(crate) fn set(&mut self, name: &str, value: Value) {
        self.members.insert(name.to_owned(), value);
    }

    /// Tells whether there is nothing to send.
    pub(crate) fn is_empty(&self) -> bool {
        self.members.is_empty() && self.private.is_empty()
    }

    /// Returns the body of a PATCH.
    pub(crate) fn patch(mut self) -> Map<String, Value> {
        if !self.private.is_empty() {
            self.members.insert("extendedProperties".to_owned(), json!({"private": self.private}));
        }
        self.members
    }

    /// Returns the body of an insert, with the leftovers of the copy that it brings back.
    pub(crate) fn insert(mut self, left: &Leftovers) -> Map<String, Value> {
        for name in WRITABLE {
            if let Some(value) = left.rest.get(*name) {
                self.members.insert((*name).to_owned(), value.clone());
            }
        }
        for (name, value) in &left.private {
            self.private.entry(name.clone()).or_insert_with(|| value.clone());
        }
        let mut properties = json!({"private": self.private});
        if let (Some(properties), false) = (properties.as_object_mut(), left.shared.is_empty()) {
            properties.insert("shared".to_owned(), Value::Object(left.shared.clone()));
        }
        self.members.insert("extendedProperties".to_owned(), properties);
        times::without_nulls(self.members)
    }
}

/// Tells whether a change touches what all guests see, beyond the own answer (C140, C141).
pub(crate) fn changes_what_guests_see(from: &Event, to: &Event, left: &Leftovers) -> bool {
    let answered = only_own_answer(from, to, left).is_some();
    let mut own_copy = from.clone();
    own_copy.uid.clone_from(&to.uid);
    own_copy.alerts.clone_from(&to.alerts);
    own_copy.use_default_alerts = to.use_default_alerts;
    own_copy.color.clone_from(&to.color);
    own_copy.free_busy_status = to.free_busy_status;
    own_copy.privacy = to.privacy;
    own_copy.categories.clone_from(&to.categories);
    own_copy.url.clone_from(&to.url);
    own_copy.conference_url.clone_from(&to.conference_url);
    if answered {
        own_copy.participants.clone_from(&to.participants);
    }
    own_copy != *to
}

/// The own row, if the only change of the guests is its answer.
fn only_own_answer<'a>(from: &Event, to: &'a Event, left: &Leftovers) -> Option<(&'a str, &'a Participant)> {
    let own = left.own_row()?;
    let (email, after) = to.participants.get_key_value(own)?;
    let mut as_before = to.participants.clone();
    let mut row = after.clone();
    let before = from.participants.get(own)?;
    row.participation_status = before.participation_status;
    row.comment.clone_from(&before.comment);
    as_before.insert(own.to_owned(), row);
    (as_before == from.participants && before != after).then_some((email.as_str(), after))
}

/// Computes what to send so that an event becomes another one. Members that are equal are not sent, and so
/// nothing that Google holds beside them is lost (C123). Nothing comes back when a start cannot be written.
pub(crate) fn changes(from: &Event, to: &Event, left: &Leftovers, calendar_zone: &str) -> Option<Changes> {
    let mut changes = Changes::default();
    let texts = [
        ("summary", &from.title, &to.title),
        ("description", &from.description, &to.description),
        ("location", &from.location, &to.location),
    ];
    for (name, before, after) in texts {
        if before != after {
            changes.set(name, after.as_str().into());
        }
    }
    if (&from.start, from.duration) != (&to.start, to.duration) {
        write_times(&mut changes, from, to, left, calendar_zone)?;
    }
    if from.participants != to.participants {
        write_guests(&mut changes, from, to, left);
    }
    if (&from.alerts, from.use_default_alerts) != (&to.alerts, to.use_default_alerts) {
        write_alerts(&mut changes, to);
    }
    if from.privacy != to.privacy {
        changes.set("visibility", to.privacy.as_str().into());
    }
    if from.free_busy_status != to.free_busy_status {
        let free = to.free_busy_status == FreeBusyStatus::Free;
        changes.set("transparency", if free { "transparent" } else { "opaque" }.into());
    }
    if from.status != to.status {
        let tentative = to.status == Status::Tentative;
        changes.set("status", if tentative { "tentative" } else { "confirmed" }.into());
        // At Google "cancelled" means deleted (C40): an event that was called off and stays is marked.
        let called_off = (to.status == Status::Cancelled).then_some("cancelled");
        marks::put(&mut changes.private, marks::STATUS, called_off);
    }
    if from.color != to.color {
        write_color(&mut changes, &to.color);
    }
    if from.url != to.url {
        write_url(&mut changes, &to.url, left);
    }
    if from.conference_url != to.conference_url && left.conference().is_none() {
        marks::put(&mut changes.private, marks::CONFERENCE, some(&to.conference_url));
    }
    if from.categories != to.categories {
        let text = serde_json::to_string(&to.categories).unwrap_or_default();
        let text = (!to.categories.is_empty()).then_some(text.as_str());
        marks::put(&mut changes.private, marks::CATEGORIES, text);
    }
    Some(changes)
}

fn some(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}

fn write_times(
    changes: &mut Changes,
    from: &Event,
    to: &Event,
    left: &Leftovers,
    calendar_zone: &str,
) -> Option<()> {
    let wanted = to.start.as_ref()?;
    let floating = matches!(wanted, Start::Floating { .. });
    let placed = |start: Start| match start {
        Start::Floating { local } => Start::Zoned { local, zone: calendar_zone.to_owned() },
        other => other,
    };
    let start = placed(wanted.clone());
    let mut end = start.plus(to.duration)?;
    let same_zone = from.start.as_ref().and_then(Start::zone) == wanted.zone();
    if let (Some(zone), Start::Zoned { .. }, true) = (&left.end_zone, &end, same_zone) {
        end = times::by_the_clock_of(&end, zone).unwrap_or(end);
    }
    changes.set("start", times::written(&start)?);
    changes.set("end", times::written(&end)?);
    if floating || matches!(from.start, Some(Start::Floating { .. })) {
        marks::put(&mut changes.private, marks::FLOATING, floating.then_some(calendar_zone));
    }
    Some(())
}

fn write_guests(changes: &mut Changes, from: &Event, to: &Event, left: &Leftovers) {
    if let (Some((email, own)), true) = (only_own_answer(from, to, left), left.is_somebody_elses()) {
        let answer = json!({"email": email, "responseStatus": answer(own), "comment": own.comment});
        changes.set("attendeesOmitted", true.into());
        changes.set("attendees", json!([answer]));
        return;
    }
    let rows = to.participants.iter().map(|(key, guest)| {
        // What Google keeps about this guest beside the record goes back with the list (C123).
        let mut row = left.attendees.get(key).cloned().unwrap_or_default();
        let mut set = |name: &str, value: Value| row.insert(name.to_owned(), value);
        set("email", if guest.email.is_empty() { key } else { &guest.email }.as_str().into());
        set("responseStatus", answer(guest).into());
        if !guest.name.is_empty() {
            set("displayName", guest.name.as_str().into());
        }
        if matches!(guest.role, Role::Optional | Role::Informational) {
            set("optional", true.into());
        }
        if guest.resource {
            set("resource", true.into());
        }
        if !guest.comment.is_empty() {
            set("comment", guest.comment.as_str().into());
        }
        Value::Object(row)
    });
    let rows: Vec<Value> = rows.chain(left.anonymous.iter().cloned().map(Value::Object)).collect();
    changes.set("attendees", rows.into());
}

fn answer(guest: &Participant) -> &'static str {
    match guest.participation_status {
        ParticipationStatus::NeedsAction => "needsAction",
        ParticipationStatus::Accepted => "accepted",
        ParticipationStatus::Declined => "declined",
        ParticipationStatus::Tentative => "tentative",
    }
}

/// What Google cannot hold as a reminder is kept beside (C165).
fn write_alerts(changes: &mut Changes, to: &Event) {
    let fits = |alert: &&Alert| (0..=EARLIEST_ALERT).contains(&alert.minutes_before);
    let alerts = if to.use_default_alerts { BTreeMap::new() } else { to.alerts.clone() };
    let taken: Vec<&Alert> = alerts.values().filter(fits).take(MOST_ALERTS).collect();
    let more: Vec<String> = alerts.values().filter(|alert| !taken.contains(alert)).map(Alert::key).collect();
    let rows: Vec<Value> = taken
        .iter()
        .map(|alert| {
            let method = if alert.action == AlertAction::Email { "email" } else { "popup" };
            json!({"method": method, "minutes": alert.minutes_before})
        })
        .collect();
    changes.set("reminders", json!({"useDefault": to.use_default_alerts, "overrides": rows}));
    marks::put(&mut changes.private, marks::ALERTS, some(&more.join(",")));
}

fn write_color(changes: &mut Changes, wanted: &str) {
    let id = some(wanted).and_then(color::id);
    let exact = id.and_then(color::name) == Some(wanted) || wanted.is_empty();
    let mark = format!("{}:{wanted}", id.unwrap_or_default());
    changes.set("colorId", id.into());
    marks::put(&mut changes.private, marks::COLOR, (!exact).then_some(mark.as_str()));
}

/// Only the creator may write `source`, and only a web address (C172).
fn write_url(changes: &mut Changes, url: &str, left: &Leftovers) {
    let web = url.starts_with("https://") || url.starts_with("http://");
    let source = web && left.may_write_source();
    if left.may_write_source() {
        let title = left.source_title.as_deref().unwrap_or(url);
        changes.set("source", if source { json!({"url": url, "title": title}) } else { Value::Null });
    }
    marks::put(&mut changes.private, marks::URL, some(url).filter(|_| !source));
}

/// What an event is before it exists: everything that differs from this is sent.
pub(crate) fn nothing() -> Event {
    Event { duration: Duration { days: u32::MAX, seconds: u32::MAX }, ..Event::default() }
}

/// An occurrence that differs from this one in everything that an occurrence may differ in, so that all of it
/// is sent.
pub(crate) fn unlike(event: &Event) -> Event {
    let other = |text: &str| format!("{text}\u{0}");
    let stranger = ("\u{0}".to_owned(), Participant::default());
    Event {
        title: other(&event.title),
        description: other(&event.description),
        location: other(&event.location),
        color: other(&event.color),
        start: None,
        participants: event.participants.clone().into_iter().chain([stranger]).collect(),
        use_default_alerts: !event.use_default_alerts,
        free_busy_status: match event.free_busy_status {
            FreeBusyStatus::Busy => FreeBusyStatus::Free,
            FreeBusyStatus::Free => FreeBusyStatus::Busy,
        },
        status: match event.status {
            Status::Tentative => Status::Confirmed,
            Status::Confirmed | Status::Cancelled => Status::Tentative,
        },
        ..event.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resource(more: Value) -> Resource {
        let mut value = json!({
            "id": "e1", "etag": "\"1\"", "status": "confirmed",
            "start": {"dateTime": "2026-01-10T12:00:00+01:00", "timeZone": "Europe/Paris"},
            "end": {"dateTime": "2026-01-10T13:00:00+01:00", "timeZone": "Europe/Paris"},
        });
        value.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        serde_json::from_value(value).unwrap()
    }

    fn read(more: Value) -> Converted {
        event(&resource(more), "Europe/Paris").unwrap()
    }

    fn field(event: &Event, name: &str) -> Value {
        serde_json::to_value(event).unwrap().get(name).cloned().unwrap_or_default()
    }

    #[test]
    fn google_is_read_as_the_facts_say() {
        let popup = json!({"action": "display", "minutes_before": 10});
        let table = [
            // C261: absent is the default.
            (json!({}), "free_busy_status", Value::Null),
            (json!({"transparency": "transparent"}), "free_busy_status", json!("free")),
            (json!({"visibility": "confidential"}), "privacy", json!("confidential")), // C168
            (json!({"visibility": "of tomorrow"}), "privacy", Value::Null),
            (json!({"status": "tentative"}), "status", json!("tentative")),
            (
                json!({"extendedProperties": {"private": {"passerelle.status": "cancelled"}}}),
                "status",
                json!("cancelled"),
            ),
            (json!({"colorId": "5"}), "color", json!("gold")), // C167
            (json!({"colorId": "77"}), "color", json!("")),
            (
                json!({"colorId": "11", "extendedProperties": {"private": {"passerelle.color": "11:#ff0000"}}}),
                "color",
                json!("#ff0000"),
            ),
            // Somebody chose another colour since.
            (
                json!({"colorId": "5", "extendedProperties": {"private": {"passerelle.color": "11:#ff0000"}}}),
                "color",
                json!("gold"),
            ),
            (json!({"reminders": {"useDefault": true}}), "use_default_alerts", json!(true)), // C165
            (
                json!({"reminders": {"useDefault": false, "overrides": [{"method": "popup", "minutes": 10}]}}),
                "alerts",
                json!({"display:10": popup}),
            ),
            (json!({"source": {"title": "t", "url": "https://e.org"}}), "url", json!("https://e.org")), // C172
            (
                json!({"hangoutLink": "https://meet.google.com/x"}),
                "conference_url",
                json!("https://meet.google.com/x"),
            ),
            (
                json!({"conferenceData": {"entryPoints": [{"entryPointType": "phone", "uri": "tel:1"}, {"entryPointType": "video", "uri": "https://zoom/1"}]}}),
                "conference_url",
                json!("https://zoom/1"),
            ), // C171
            (
                json!({"recurrence": ["RRULE:FREQ=DAILY", "EXRULE:FREQ=WEEKLY"]}),
                "recurrence_rules",
                json!(["FREQ=DAILY"]),
            ), // C60
            (
                json!({"recurrence": ["RRULE:FREQ=DAILY", "EXRULE:FREQ=WEEKLY"]}),
                "excluded_recurrence_rules",
                json!(["FREQ=WEEKLY"]),
            ),
            (
                json!({"recurrence": ["RDATE:20260112T080000Z"]}),
                "recurrence_dates",
                json!({"2026-01-12T09:00:00": true}),
            ),
            (
                json!({"recurrence": ["EXDATE;TZID=Europe/Paris:20260112T120000"]}),
                "recurrence_overrides",
                json!({"2026-01-12T12:00:00": {"excluded": true}}),
            ), // C63
            (
                json!({"end": {"dateTime": "2026-01-10T07:30:00-05:00", "timeZone": "America/New_York"}}),
                "duration",
                json!("PT1H30M"),
            ),
        ];
        for (more, name, want) in table {
            assert_eq!(field(&read(more.clone()).event, name), want, "{name} of {more}");
        }
    }

    #[test]
    fn guests_are_read_and_their_other_members_kept_c143() {
        let found = read(json!({"attendees": [
            {"email": "Bob@Example.org", "displayName": "Bob", "responseStatus": "accepted", "optional": true, "id": "9", "additionalGuests": 2},
            {"displayName": "Nobody", "responseStatus": "needsAction"},
        ]}));
        let bob = &found.event.participants["bob@example.org"];
        assert_eq!(
            (bob.email.as_str(), bob.role, bob.participation_status),
            ("Bob@Example.org", Role::Optional, ParticipationStatus::Accepted)
        );
        assert_eq!(found.event.participants.len(), 1);
        let to = Event { participants: BTreeMap::new(), ..found.event.clone() };
        let sent = changes(&to, &found.event, &found.left, "").unwrap().patch();
        assert_eq!(
            sent["attendees"],
            json!([
                {"additionalGuests": 2, "id": "9", "email": "Bob@Example.org", "displayName": "Bob", "responseStatus": "accepted", "optional": true},
                {"displayName": "Nobody", "responseStatus": "needsAction"},
            ])
        );
    }

    #[test]
    fn what_no_record_can_represent_is_not_read() {
        for more in [
            json!({"start": null}),
            json!({"end": null}),
            json!({"start": {"dateTime": "2026-01-10T12:00:00+01:00", "timeZone": "Romance Standard Time"}}),
            json!({"end": {"dateTime": "2026-01-10T11:00:00+01:00"}}),
            json!({"end": {"date": "2026-01-11"}}),
        ] {
            assert_eq!(event(&resource(more.clone()), "Europe/Paris"), None, "{more}");
        }
    }

    #[test]
    fn leftovers_hold_what_is_not_modelled_and_nothing_that_passes() {
        let found = read(json!({
            "kind": "calendar#event", "htmlLink": "x", "created": "x", "sequence": 3, "updated": "x", "iCalUID": "u",
            "guestsCanModify": true, "novelty": {"a": 1},
            "recurrence": ["RRULE:FREQ=DAILY", "RDATE;VALUE=PERIOD:20260112T080000Z/PT1H"],
            "extendedProperties": {"private": {"crm": "1", "passerelle.stamp": "x"}, "shared": {"s": "2"}},
            "end": {"dateTime": "2026-01-10T07:00:00-05:00", "timeZone": "America/New_York"},
        }));
        assert_eq!(
            serde_json::to_value(&found.left).unwrap(),
            json!({
                "rest": {"guestsCanModify": true, "novelty": {"a": 1}},
                "lines": ["RDATE;VALUE=PERIOD:20260112T080000Z/PT1H"],
                "private": {"crm": "1"}, "shared": {"s": "2"}, "end_zone": "America/New_York",
            })
        );
        assert_eq!(
            lines(&found.event, &found.left, "Europe/Paris", |_| false),
            ["RRULE:FREQ=DAILY", "RDATE;VALUE=PERIOD:20260112T080000Z/PT1H"]
        );
        let later = Event { duration: Duration::seconds(7200), ..found.event.clone() };
        let sent = changes(&found.event, &later, &found.left, "").unwrap().patch();
        assert_eq!(
            sent["end"],
            json!({"date": null, "dateTime": "2026-01-10T08:00:00-05:00", "timeZone": "America/New_York"})
        );
    }

    #[test]
    fn each_change_sends_its_own_members_only() {
        let before = read(json!({"creator": {"self": true}})).event;
        let left = Leftovers::default();
        let alerts = |minutes: &[i32]| -> BTreeMap<String, Alert> {
            let alerts = minutes.iter().map(|minutes| Alert { minutes_before: *minutes, ..Alert::default() });
            alerts.map(|alert| (alert.key(), alert)).collect()
        };
        let private = |name: &str, value: &str| json!({"private": {name: value}});
        let to = |change: fn(&mut Event)| {
            let mut event = before.clone();
            change(&mut event);
            event
        };
        let popups: Vec<Value> =
            (1..=5).map(|minutes| json!({"method": "popup", "minutes": minutes})).collect();
        let table = [
            (before.clone(), json!({})),
            (to(|event| event.title = "x".into()), json!({"summary": "x"})),
            (to(|event| event.location = "x".into()), json!({"location": "x"})),
            (to(|event| event.privacy = Privacy::Private), json!({"visibility": "private"})),
            (
                to(|event| event.free_busy_status = FreeBusyStatus::Free),
                json!({"transparency": "transparent"}),
            ),
            (
                to(|event| event.status = Status::Cancelled),
                json!({"status": "confirmed", "extendedProperties": private("passerelle.status", "cancelled")}),
            ),
            (
                to(|event| event.color = "gold".into()),
                json!({"colorId": "5", "extendedProperties": {"private": {"passerelle.color": null}}}),
            ),
            (
                to(|event| event.color = "rebeccapurple".into()),
                json!({"colorId": null, "extendedProperties": private("passerelle.color", ":rebeccapurple")}),
            ),
            (
                to(|event| event.url = "https://e.org".into()),
                json!({"source": {"url": "https://e.org", "title": "https://e.org"}, "extendedProperties": {"private": {"passerelle.url": null}}}),
            ),
            (
                to(|event| event.url = "ftp://e.org".into()),
                json!({"source": null, "extendedProperties": private("passerelle.url", "ftp://e.org")}),
            ),
            (
                Event { alerts: alerts(&[1, 2, 3, 4, 5, 6]), ..before.clone() },
                json!({
                    "reminders": {"useDefault": false, "overrides": popups},
                    "extendedProperties": private("passerelle.alerts", "display:6"),
                }),
            ),
            (
                to(|event| event.use_default_alerts = true),
                json!({"reminders": {"useDefault": true, "overrides": []}, "extendedProperties": {"private": {"passerelle.alerts": null}}}),
            ),
        ];
        for (after, want) in table {
            let sent = changes(&before, &after, &left, "Europe/Paris").unwrap().patch();
            assert_eq!(Value::Object(sent), want);
        }
    }

    #[test]
    fn only_the_own_copy_of_somebody_elses_meeting_is_ours_c125_c142() {
        let table = [
            (json!({}), false),
            (json!({"organizer": {"email": "a", "self": true}}), false),
            (json!({"organizer": {"email": "b"}}), true),
            (json!({"organizer": {"email": "b"}, "guestsCanModify": true}), false),
            (json!({"organizer": {"email": "a", "self": true}, "locked": true}), true),
        ];
        for (more, want) in table {
            assert_eq!(read(more.clone()).left.is_somebody_elses(), want, "{more}");
        }
    }
}
