//! Changed occurrences: what they have in common with their series, and what not.

use passerelle_calendar::{Event, Override, Privacy, RecurrenceId, Start, Status, name_of};

/// Returns the event that one changed occurrence is by itself.
///
/// The series is given without its other changes: they would be copied for each of them.
pub(crate) fn apply(master: &Event, id: RecurrenceId, change: &Override) -> Event {
    let mut event = Event {
        start: master.start.as_ref().map(|start| id.start_in(start)),
        recurrence_rules: Vec::new(),
        excluded_recurrence_rules: Vec::new(),
        recurrence_dates: Default::default(),
        recurrence_overrides: Default::default(),
        ..master.clone()
    };
    change.lay_over(&mut event);
    event
}

/// Returns what is different about one occurrence, seen as an event by itself.
pub(crate) fn difference(master: &Event, id: RecurrenceId, own: &Event) -> Override {
    let unmoved = master.start.as_ref().map(|start| id.start_in(start));
    let start = own.start.clone().filter(|start| !same(Some(start), unmoved.as_ref()));
    Override { start, ..Override::between(master, own) }
}

/// Returns what a file changes of one occurrence: one that was called off does not take place.
pub(crate) fn changed(master: &Event, id: RecurrenceId, own: &Event) -> Override {
    if own.status == Status::Cancelled && master.status != Status::Cancelled {
        return Override { excluded: true, ..Override::default() };
    }
    let change = difference(master, id, own);
    // A file that says nothing of who may see one occurrence opens nothing.
    Override { privacy: change.privacy.filter(|privacy| *privacy != Privacy::Default), ..change }
}

/// Returns a series without its occurrences and its rules.
pub(crate) fn bare(master: &Event) -> Event {
    Event {
        uid: master.uid.clone(),
        title: master.title.clone(),
        description: master.description.clone(),
        location: master.location.clone(),
        start: master.start.clone(),
        duration: master.duration,
        status: master.status,
        free_busy_status: master.free_busy_status,
        privacy: master.privacy,
        color: master.color.clone(),
        url: master.url.clone(),
        conference_url: master.conference_url.clone(),
        categories: master.categories.clone(),
        participants: master.participants.clone(),
        alerts: master.alerts.clone(),
        use_default_alerts: master.use_default_alerts,
        ..Event::default()
    }
}

/// Names the occurrence of a series that begins at some time.
pub(crate) fn occurrence_at(at: &Start, series: &Event) -> Option<RecurrenceId> {
    let start = series.start.as_ref()?;
    let shown = match (start, at) {
        (Start::Date { .. }, at) => RecurrenceId::Date(at.date()),
        (start, Start::Date { date }) => RecurrenceId::Local(date.and_time(start.wall().time())),
        (Start::Zoned { zone, .. }, Start::Zoned { zone: other, .. }) if zone != other => {
            RecurrenceId::at(at.instant()?, start)?
        }
        (_, at) => RecurrenceId::Local(at.wall()),
    };
    Some(start.zone().map_or(shown, |zone| name_of(series, shown, zone)))
}

/// Tells whether two starts are the same moment, in whichever zone.
fn same(one: Option<&Start>, other: Option<&Start>) -> bool {
    let instant = |start: Option<&Start>| start.and_then(Start::instant);
    one == other || (instant(one).is_some() && instant(one) == instant(other))
}

/// Returns an occurrence of which every member is its own.
fn everything(own: &Event) -> Override {
    let own = own.clone();
    Override {
        excluded: false,
        title: Some(own.title),
        description: Some(own.description),
        location: Some(own.location),
        start: own.start,
        duration: Some(own.duration),
        status: Some(own.status),
        free_busy_status: Some(own.free_busy_status),
        color: Some(own.color),
        participants: Some(own.participants),
        alerts: Some(own.alerts),
        use_default_alerts: Some(own.use_default_alerts),
        privacy: Some(own.privacy),
        url: Some(own.url),
        conference_url: Some(own.conference_url),
        categories: Some(own.categories),
    }
}

/// Returns what is different about one occurrence when the members are named.
pub(crate) fn named(own: &Event, members: &[String]) -> Override {
    let all = everything(own);
    let has = |member: &str| members.iter().any(|known| known == member);
    Override {
        excluded: false,
        title: all.title.filter(|_| has("title")),
        description: all.description.filter(|_| has("description")),
        location: all.location.filter(|_| has("location")),
        start: all.start.filter(|_| has("start")),
        duration: all.duration.filter(|_| has("duration")),
        status: all.status.filter(|_| has("status")),
        free_busy_status: all.free_busy_status.filter(|_| has("free_busy_status")),
        color: all.color.filter(|_| has("color")),
        participants: all.participants.filter(|_| has("participants")),
        alerts: all.alerts.filter(|_| has("alerts")),
        use_default_alerts: all.use_default_alerts.filter(|_| has("use_default_alerts")),
        privacy: all.privacy.filter(|_| has("privacy")),
        url: all.url.filter(|_| has("url")),
        conference_url: all.conference_url.filter(|_| has("conference_url")),
        categories: all.categories.filter(|_| has("categories")),
    }
}

/// Names the members of an occurrence that are its own.
pub(crate) fn names(change: &Override) -> String {
    let members = [
        (change.title.is_some(), "title"),
        (change.description.is_some(), "description"),
        (change.location.is_some(), "location"),
        (change.start.is_some(), "start"),
        (change.duration.is_some(), "duration"),
        (change.status.is_some(), "status"),
        (change.free_busy_status.is_some(), "free_busy_status"),
        (change.color.is_some(), "color"),
        (change.participants.is_some(), "participants"),
        (change.alerts.is_some(), "alerts"),
        (change.use_default_alerts.is_some(), "use_default_alerts"),
        (change.privacy.is_some(), "privacy"),
        (change.url.is_some(), "url"),
        (change.conference_url.is_some(), "conference_url"),
        (change.categories.is_some(), "categories"),
    ];
    members.iter().filter(|(own, _)| *own).map(|(_, name)| *name).collect::<Vec<_>>().join(",")
}
