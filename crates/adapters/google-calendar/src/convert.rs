//! An event as Google shows it to an event as the domain knows it, and back. Pure.

use std::{borrow::Cow, collections::BTreeMap};

use chrono::{DateTime, Utc};
use passerelle_calendar::{
    Alert, AlertAction, Event, FreeBusyStatus, Participant, ParticipationStatus, Privacy, RecurrenceId, Role,
    Start, Status, contains, name_of,
};
use passerelle_ports::Opaque;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::{
    changes, color, marks, times,
    wire::{Attendee, EVENT_TYPE, FROM_GMAIL, Properties, Resource, Source, Time},
};

/// Members that change by themselves or only repeat what is known otherwise.
const PASSING: &[&str] = &["kind", "htmlLink", "created", "sequence"];

/// The field that holds the address of a video call.
pub(crate) const CONFERENCE_URL: &str = "conference_url";

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
    /// When it begins, where the clock shows that hour twice and it is the second time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) second_time: Option<DateTime<Utc>>,
    /// Attachments of changed occurrences that are not those of their series, by the name of the occurrence.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) attached: BTreeMap<String, Value>,
    /// What changed occurrences hold beyond the record and their series, by the name of the occurrence.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) apart: BTreeMap<String, Apart>,
    /// What a person sees there and no record holds ([`passerelle_ports::Opaque::unshown`]).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) unshown: Vec<String>,
    /// Fields of the record that nobody at Google sees ([`passerelle_ports::Opaque::hidden`]).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) hidden: Vec<String>,
    /// The status, where it is marked as called off and stands there as one that takes place: somebody gave it another
    /// title or a reminder, or an older release left it so ([`passerelle_ports::Opaque::unsaid`]). The reminders, where
    /// they are still off and it takes place again. The address of the video call, where nobody sees it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) unsaid: Option<String>,
}

impl Leftovers {
    /// Returns what a move into another calendar leaves alone: who organises the event, and which of its people this
    /// calendar belongs to, is another one there.
    pub(crate) fn carried_along(self) -> Opaque {
        let mut rest = self.rest;
        rest.retain(|name, _| changes::RESTORABLE.contains(&name.as_str()));
        let Leftovers { source_title, private, shared, end_zone, attached, anonymous, .. } = self;
        let kept = Leftovers {
            rest,
            source_title,
            private,
            shared,
            end_zone,
            attached,
            anonymous,
            ..Leftovers::default()
        };
        Opaque(json!(kept))
    }
}

/// What a changed occurrence holds beyond the record, where it is not what its series holds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Apart {
    /// Members that are not modelled.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub(crate) rest: Map<String, Value>,
    /// The words of its link.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) source_title: Option<String>,
    /// The zone of its end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) end_zone: Option<String>,
    /// Private properties of other programs.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub(crate) private: Map<String, Value>,
    /// Properties that all guests see.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub(crate) shared: Map<String, Value>,
}

impl Apart {
    /// Returns what an occurrence holds and its series does not; nothing where that is nothing. Its files are kept by
    /// themselves.
    pub(crate) fn of(occurrence: &Leftovers, series: &Leftovers) -> Option<Apart> {
        let own =
            |name: &&str| *name != "attachments" && occurrence.rest.get(*name) != series.rest.get(*name);
        let rest = changes::RESTORABLE.iter().copied().filter(own);
        let rest = rest.filter_map(|name| Some((name.to_owned(), occurrence.rest.get(name)?.clone())));
        let other =
            |own: &Option<String>, of_series: &Option<String>| own.clone().filter(|_| own != of_series);
        let apart = Apart {
            rest: rest.collect(),
            source_title: other(&occurrence.source_title, &series.source_title),
            end_zone: other(&occurrence.end_zone, &series.end_zone),
            private: beyond(&occurrence.private, &series.private),
            shared: beyond(&occurrence.shared, &series.shared),
        };
        (apart != Apart::default()).then_some(apart)
    }

    /// Puts it over the leftovers of the series, for an occurrence that is made anew.
    pub(crate) fn lay_over(&self, left: &mut Leftovers) {
        left.rest.extend(self.rest.clone());
        left.source_title = self.source_title.clone().or(left.source_title.take());
        left.end_zone = self.end_zone.clone().or(left.end_zone.take());
        left.private.extend(self.private.clone());
        left.shared.extend(self.shared.clone());
    }
}

/// Returns the members of one object that the other one does not have so.
fn beyond(one: &Map<String, Value>, other: &Map<String, Value>) -> Map<String, Value> {
    let own = one.iter().filter(|(name, value)| other.get(*name) != Some(*value));
    own.map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// A read event.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Converted {
    pub(crate) event: Event,
    pub(crate) left: Leftovers,
    /// The zone that its times are kept in at Google; a floating event has one there, too.
    pub(crate) zone: String,
}

/// The files that hang on an event, as Google shows them.
pub(crate) fn attachments(resource: &Resource) -> Value {
    resource.rest.get("attachments").cloned().unwrap_or_else(|| Value::Array(Vec::new()))
}

/// Returns the names that an occurrence may have in another state of its series, the likeliest first.
pub(crate) fn renamed(id: RecurrenceId, from: &Event, to: &Event) -> impl Iterator<Item = RecurrenceId> {
    let starts = from.start.as_ref().zip(to.start.as_ref());
    std::iter::once(id).chain(starts.into_iter().flat_map(move |(from, to)| id.after_move(from, to)))
}

impl Leftovers {
    /// Returns how many others each guest brings, and nothing else of the guests.
    pub(crate) fn companions(&self) -> BTreeMap<String, Map<String, Value>> {
        const MEMBER: &str = "additionalGuests";
        let brings = self.attendees.iter().filter_map(|(email, rest)| {
            let number = rest.get(MEMBER)?.clone();
            Some((email.clone(), Map::from_iter([(MEMBER.to_owned(), number)])))
        });
        brings.collect()
    }

    /// Returns the attachments that an occurrence has of its own, also where its series began elsewhere before.
    pub(crate) fn attached_to(&self, id: RecurrenceId, from: &Event, to: &Event) -> Option<&Value> {
        renamed(id, to, from).find_map(|id| self.attached.get(&id.to_string()))
    }

    /// Returns what else an occurrence holds of its own, also where its series began elsewhere before.
    pub(crate) fn apart_of(&self, id: RecurrenceId, from: &Event, to: &Event) -> Option<&Apart> {
        renamed(id, to, from).find_map(|id| self.apart.get(&id.to_string()))
    }

    fn flag(&self, who: &str) -> bool {
        self.rest.get(who).and_then(|who| who.get("self")).and_then(Value::as_bool).unwrap_or(false)
    }

    fn is(&self, member: &str) -> bool {
        self.rest.get(member).and_then(Value::as_bool).unwrap_or(false)
    }

    /// Tells whether what all guests see is somebody else's to change (C125, C140 to C142).
    pub(crate) fn is_somebody_elses(&self) -> bool {
        self.is_invitation() && !self.is("guestsCanModify") || self.is("locked")
    }

    /// Tells whether somebody else organises it.
    fn is_invitation(&self) -> bool {
        self.rest.contains_key("organizer") && !self.flag("organizer") && !self.is_from_gmail()
    }

    /// Tells whether Google made it of a mail: nobody organises it, and its owner may change parts of it (C161).
    pub(crate) fn is_from_gmail(&self) -> bool {
        self.rest.get(EVENT_TYPE).and_then(Value::as_str) == Some(FROM_GMAIL)
    }

    /// Tells whether its guests learn of what becomes of it here: of a meeting that somebody else organises they do not,
    /// whatever its guests may change.
    pub(crate) fn tells_guests(&self) -> bool {
        !self.is_invitation() && !self.is_somebody_elses() && !self.is_from_gmail()
    }

    /// Tells whether the list of guests that we see is not all of them (C144).
    pub(crate) fn has_hidden_guests(&self) -> bool {
        self.is("attendeesOmitted")
    }

    /// Tells whether Google shows the address of the video call nowhere.
    pub(crate) fn hides_conference(&self) -> bool {
        self.hidden.iter().any(|name| name == CONFERENCE_URL)
    }

    pub(crate) fn may_write_source(&self) -> bool {
        !self.is_from_gmail() && (!self.rest.contains_key("creator") || self.flag("creator"))
    }

    pub(crate) fn conference(&self) -> Option<&str> {
        let points = self.rest.get("conferenceData").and_then(|data| data.get("entryPoints"));
        let video = points
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .find(|point| point.get("entryPointType").and_then(Value::as_str) == Some("video"));
        let uri = video.and_then(|point| point.get("uri")).and_then(Value::as_str);
        uri.or_else(|| self.rest.get("hangoutLink").and_then(Value::as_str))
    }

    /// Returns these leftovers, as far as they may be written over those that are there: what Google says of the event
    /// itself, such as whose it is, stays as it is now.
    pub(crate) fn where_writable(self, now: &Leftovers) -> Leftovers {
        let mut rest = now.rest.clone();
        for name in changes::RESTORABLE {
            match self.rest.get(*name) {
                Some(value) => drop(rest.insert((*name).to_owned(), value.clone())),
                None => drop(rest.remove(*name)),
            }
        }
        Leftovers { rest, second_time: now.second_time, unsaid: now.unsaid.clone(), ..self }
    }

    /// Names what a person sees in the event at Google and no record holds.
    fn unshown(&self) -> Vec<String> {
        let attachments = self.rest.get("attachments").and_then(Value::as_array);
        let names = [
            ("attachments", attachments.is_some_and(|all| !all.is_empty())),
            ("guests_without_address", !self.anonymous.is_empty()),
            ("recurrence_lines", !self.lines.is_empty()),
        ];
        names.into_iter().filter(|(_, is_there)| *is_there).map(|(name, _)| name.to_owned()).collect()
    }

    /// The own row of the list of guests (C143).
    pub(crate) fn own_row(&self) -> Option<&str> {
        let is_self = |rest: &Map<String, Value>| rest.get("self").and_then(Value::as_bool) == Some(true);
        self.attendees.iter().find(|(_, rest)| is_self(rest)).map(|(email, _)| email.as_str())
    }
}

/// Reads an event without regard to its series. Nothing for one that no record can represent: without times,
/// in a zone nobody knows, or ending before it begins.
pub(crate) fn event(resource: &Resource, calendar_zone: &str) -> Option<Converted> {
    let start_time = resource.start.as_ref()?;
    // An end may be missing: then the event lasts as long as one without an end does elsewhere.
    let end_time = &resource.end.clone().unwrap_or_else(|| times::end_of(start_time));
    // An instant needs no zone; only a series does.
    let is_single = resource.recurrence.is_empty() && resource.recurring_event_id.is_none();
    let known = |time: &&Time| !is_single || time.time_zone.as_deref().is_none_or(times::is_known);
    let placed = Time { time_zone: None, ..start_time.clone() };
    let read = times::start(Some(start_time).filter(known).unwrap_or(&placed), calendar_zone)?;
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
    left.second_time = start_time
        .date_time
        .as_deref()
        .and_then(times::instant)
        .filter(|at| read.zone().is_some() && read.instant().is_some_and(|first| first != *at));
    let shown = resource.summary.as_deref().unwrap_or_default();
    // Whoever takes the words away and blocks the time again says that it takes place. Another title alone does not.
    let is_free = resource.transparency.as_deref() == Some("transparent");
    let stays_off = |off: &marks::CalledOff| off.title(shown).is_some() || is_free && off.free.is_some();
    let mark_of_end = marks::CalledOff::read(private).filter(stays_off);
    let seems_on = mark_of_end.as_ref().is_some_and(|off| off.free.is_none() || off.title(shown).is_none());
    left.unsaid = seems_on.then(|| "status".to_owned());
    // The company's own address counts for as long as the conference that it takes the place of is the same.
    let instead_of = marks::text(private, marks::INSTEAD_OF).unwrap_or_default();
    let own_link = marks::text(private, marks::CONFERENCE)
        .filter(|_| left.conference().unwrap_or_default() == instead_of)
        .unwrap_or_default();
    let below = resource.description.as_deref().unwrap_or_default();
    // Where the typed text holds it, no line of ours is there to be edited.
    let in_text = mark(marks::IN_TEXT).is_some();
    let edited = edited_link(below, &own_link).filter(|_| !in_text || !below.contains(&own_link));
    let own_link = edited.map_or(own_link, str::to_owned);
    let mut event = Event {
        uid: resource.ical_uid.clone().unwrap_or_default(),
        title: mark_of_end.as_ref().and_then(|off| off.title(shown)).unwrap_or(shown).to_owned(),
        description: if in_text { below.to_owned() } else { described(below, &own_link).into_owned() },
        location: resource.location.clone().unwrap_or_default(),
        duration: times::duration(start_time, end_time)?,
        participants: resource.attendees.iter().filter_map(participant).collect(),
        privacy: visibility(resource),
        free_busy_status: match resource.transparency.as_deref() {
            // What was called off is shown as free, whatever it was.
            Some("transparent") => {
                mark_of_end.as_ref().and_then(|off| off.free).unwrap_or(FreeBusyStatus::Free)
            }
            _ => FreeBusyStatus::Busy,
        },
        status: match (resource.status.as_deref(), &mark_of_end) {
            (Some("tentative"), _) => Status::Tentative,
            (_, Some(_)) => Status::Cancelled,
            _ => Status::Confirmed,
        },
        color: read_color(resource.color_id.as_deref(), mark(marks::COLOR)),
        url: marks::text(private, marks::URL)
            .or_else(|| resource.source.as_ref()?.url.clone())
            .unwrap_or_default(),
        conference_url: if own_link.is_empty() {
            left.conference().unwrap_or_default().to_owned()
        } else {
            own_link
        },
        categories: marks::text(private, marks::CATEGORIES)
            .and_then(|text| serde_json::from_str(&text).ok())
            .unwrap_or_default(),
        ..Event::default()
    };
    left.unsaid = left.unsaid.or(unsaid_of_alerts(resource, &event).map(str::to_owned));
    read_alerts(resource, &mut event);
    recurrence(&resource.recurrence, &start, &zone, &mut event, &mut left);
    left.unshown = left.unshown();
    left.hidden = hidden(&event, resource, &left);
    // Whoever removed its line there sees it again: it is a field of its own, and goes where that is emptied.
    let is_ours = !left.is_somebody_elses() && !left.is_from_gmail();
    if left.hides_conference() && is_ours {
        left.unsaid = left.unsaid.or(Some(CONFERENCE_URL.to_owned()));
    }
    event.start = Some(start);
    let excluded = std::mem::take(&mut event.recurrence_overrides).into_iter();
    let named = |name: String| name.parse().map_or(name, |id| name_of(&event, id, &zone).to_string());
    event.recurrence_overrides = excluded.map(|(name, change)| (named(name), change)).collect();
    Some(Converted { event, left, zone })
}

/// Names the fields that Google does not show: an address that is none of the web, or that only its creator may write, a
/// colour without a number, and the address of a video call whose line a person removed.
fn hidden(event: &Event, resource: &Resource, left: &Leftovers) -> Vec<String> {
    let source = resource.source.as_ref().and_then(|source| source.url.as_ref());
    let link = event.conference_url.as_str();
    // An editor of Google's may have made a link of it.
    let in_markup = link.replace('&', "&amp;");
    let holds = |text: &Option<String>| {
        text.as_ref().is_some_and(|text| text.contains(link) || text.contains(&in_markup))
    };
    let is_shown = holds(&resource.description) || holds(&resource.location);
    let names = [
        ("color", !event.color.is_empty() && resource.color_id.as_ref().is_none_or(String::is_empty)),
        ("url", !event.url.is_empty() && source != Some(&event.url)),
        (CONFERENCE_URL, left.conference().unwrap_or_default() != link && !is_shown),
    ];
    names.into_iter().filter(|(_, is_hidden)| *is_hidden).map(|(name, _)| name.to_owned()).collect()
}

/// Returns the visibility that Google shows.
pub(crate) fn visibility(resource: &Resource) -> Privacy {
    resource.visibility.as_deref().and_then(Privacy::parse).unwrap_or_default()
}

/// Returns a privacy that a mark tells, as long as Google hides the event.
pub(crate) fn marked_privacy(resource: &Resource, name: &str) -> Option<Privacy> {
    let mark = resource.extended_properties.private.get(name).and_then(Value::as_str);
    mark.and_then(Privacy::parse).filter(|_| visibility(resource).is_hidden())
}

/// Returns the address of the video call that a person made of the one we put below the description: the last line,
/// where ours is no more and another address of the same host stands.
fn edited_link<'a>(shown: &'a str, link: &str) -> Option<&'a str> {
    let host = |url: &str| {
        let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"))?;
        Some(rest.split(['/', '?', '#']).next().unwrap_or_default().to_lowercase())
    };
    if link.is_empty() || lines_of(shown).any(|line| line == link) {
        return None;
    }
    let last = lines_of(shown).filter(|line| !line.is_empty()).last()?;
    let is_address = !last.contains(|c: char| c.is_whitespace() || matches!(c, '<' | '>'));
    (is_address && host(last).is_some() && host(last) == host(link)).then_some(last)
}

/// The lines of a text, however a person's editor breaks them.
fn lines_of(text: &str) -> impl Iterator<Item = &str> {
    text.split('\n').flat_map(|line| line.split("<br>")).flat_map(|line| line.split("<br/>")).map(str::trim)
}

/// A description without the address of the video call that we put below it, wherever a person has moved it since,
/// and however an editor has broken the lines.
fn described<'a>(shown: &'a str, link: &str) -> Cow<'a, str> {
    if link.is_empty() {
        return shown.into();
    }
    let Some(above) = shown.trim_end().strip_suffix(link) else { return without_line(shown, link) };
    if let Some(text) = above.strip_suffix("\n\n") {
        return text.into();
    }
    let mut text = above.trim_end();
    while let Some(shorter) = text.strip_suffix("<br>").or_else(|| text.strip_suffix("<br/>")) {
        text = shorter.trim_end();
    }
    if text.is_empty() || text.len() < above.len() { text.into() } else { shown.into() }
}

/// A text without the line that is nothing but an address: a person has written below it.
fn without_line<'a>(shown: &'a str, link: &str) -> Cow<'a, str> {
    let breaks = ["\n", "<br>", "<br/>"];
    let ends = |text: &str| text.is_empty() || breaks.iter().any(|one| text.ends_with(one));
    let begins = |text: &str| text.is_empty() || breaks.iter().any(|one| text.starts_with(one));
    let found = shown.match_indices(link).find(|(at, _)| {
        let (above, below) =
            (shown.get(..*at).unwrap_or_default(), shown.get(at + link.len()..).unwrap_or_default());
        ends(above) && begins(below)
    });
    let Some((at, _)) = found else { return shown.into() };
    let (above, below) =
        (shown.get(..at).unwrap_or_default(), shown.get(at + link.len()..).unwrap_or_default());
    let above = above.strip_suffix("\n\n").unwrap_or(above);
    let text = format!("{above}{below}");
    let text = if above.is_empty() { text.trim_start_matches('\n').to_owned() } else { text };
    text.into()
}

fn leftovers(resource: &Resource, start: &Time, end: &Time) -> Leftovers {
    let Properties { private, shared } = &resource.extended_properties;
    let foreign = private.iter().filter(|(name, _)| !name.starts_with(marks::PREFIX));
    let rest = resource.rest.iter().filter(|(name, _)| !PASSING.contains(&name.as_str()));
    let mut left = Leftovers {
        rest: rest.map(|(name, value)| (name.clone(), value.clone())).collect(),
        private: foreign.map(|(name, value)| (name.clone(), value.clone())).collect(),
        shared: shared.clone(),
        source_title: resource.source.as_ref().and_then(own_title),
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

/// The words of a link, where they are not just its address.
fn own_title(source: &Source) -> Option<String> {
    source.title.clone().filter(|title| Some(title) != source.url.as_ref())
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

fn is_silent(mark: &str) -> bool {
    mark.split(',').next() == Some(marks::SILENT)
}

/// Names what Google does not show as the record says it: an event that was called off and rings, or one whose reminders
/// are off although it takes place again.
fn unsaid_of_alerts(resource: &Resource, event: &Event) -> Option<&'static str> {
    let reminders = resource.reminders.as_ref()?;
    let rings = reminders.use_default || !reminders.overrides.is_empty();
    let mark = marks::text(&resource.extended_properties.private, marks::ALERTS).unwrap_or_default();
    match event.status == Status::Cancelled {
        true => rings.then_some("status"),
        false => is_silent(&mark).then_some("use_default_alerts"),
    }
}

fn read_alerts(resource: &Resource, event: &mut Event) {
    let Some(reminders) = &resource.reminders else { return };
    event.use_default_alerts = reminders.use_default;
    let wire = reminders.overrides.iter().map(|reminder| Alert {
        action: if reminder.method == "email" { AlertAction::Email } else { AlertAction::Display },
        minutes_before: reminder.minutes,
    });
    let more = marks::text(&resource.extended_properties.private, marks::ALERTS).unwrap_or_default();
    let more = match is_silent(&more) {
        true => {
            // Whoever gave it reminders while it was off saw none: they come beside those that wait.
            let is_default = more.split(',').nth(1) == Some(marks::BESIDE_DEFAULT);
            event.use_default_alerts |= is_default && reminders.overrides.is_empty();
            more
        }
        false => {
            // Whoever chose own reminders since, or the calendar's, left what was kept beside the others.
            let is_of_default = more.split(',').next() == Some(marks::BESIDE_DEFAULT);
            if is_of_default == reminders.use_default { more } else { String::new() }
        }
    };
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
/// their own and so need no `EXDATE` (C63). `before` is the series as it was: a changed occurrence that its rule
/// made then, and makes no more, went with it.
pub(crate) fn lines(
    event: &Event,
    left: &Leftovers,
    zone: &str,
    before: Option<&Event>,
    elsewhere: impl Fn(RecurrenceId) -> bool,
) -> Vec<String> {
    let Some(start) = &event.start else { return Vec::new() };
    if !event.is_recurring() {
        return Vec::new();
    }
    let rules = event.recurrence_rules.iter().map(|rule| format!("RRULE:{rule}"));
    let excluded_rules = event.excluded_recurrence_rules.iter().map(|rule| format!("EXRULE:{rule}"));
    let dates = event.recurrence_dates.iter().filter(|(_, taken)| **taken).map(|(id, _)| id);
    // A changed occurrence that the rule does not make is one all the same (RFC 8984, 4.3.5): Google has to be told.
    let bare = |event: &Event| Event { recurrence_overrides: BTreeMap::new(), ..event.clone() };
    let (now, before) = (bare(event), before.map(bare));
    let was_made = |id: RecurrenceId| before.as_ref().is_some_and(|before| contains(before, id) == Ok(true));
    let is_strange = |id: &str| id.parse().is_ok_and(|id| contains(&now, id) == Ok(false) && !was_made(id));
    let strange = event.recurrence_overrides.iter().filter(|(_, change)| !change.excluded);
    let strange = strange.map(|(id, _)| id).filter(|id| is_strange(id));
    let dates = dates.chain(strange).filter_map(|id| id.parse().ok());
    let excluded = event.recurrence_overrides.iter().filter(|(_, change)| change.excluded);
    let excluded = excluded.filter_map(|(id, _)| id.parse().ok()).filter(|id| !elsewhere(*id));
    let (dates, excluded): (Vec<_>, Vec<_>) = (dates.collect(), excluded.collect());
    rules
        .chain(excluded_rules)
        .chain(times::date_line("RDATE", &dates, start, zone))
        .chain(times::date_line("EXDATE", &times::shown(&excluded, start, zone), start, zone))
        .chain(left.lines.iter().cloned())
        .collect()
}

#[cfg(test)]
mod tests {
    use passerelle_calendar::Duration;
    use passerelle_testkit::golden;
    use serde_json::json;

    use super::*;
    use crate::changes::changes;

    #[test]
    fn the_leftovers_that_the_ledger_keeps_are_read_for_ever() {
        let members =
            |name: &str| -> Map<String, Value> { [(name.to_owned(), json!("value"))].into_iter().collect() };
        let text = |text: &str| Some(text.to_owned());
        let left = Leftovers {
            rest: members("rest"),
            attendees: [("a@example.org".to_owned(), members("attendee"))].into(),
            anonymous: vec![members("anonymous")],
            lines: vec!["X-LINE:1".to_owned()],
            source_title: text("Source"),
            private: members("private"),
            shared: members("shared"),
            end_zone: text("Europe/Paris"),
            second_time: DateTime::from_timestamp(1_800_000_000, 0),
            attached: [("2026-01-05".to_owned(), json!([{"fileUrl": "f"}]))].into(),
            apart: [(
                "2026-01-06".to_owned(),
                Apart {
                    rest: members("rest"),
                    source_title: text("Other source"),
                    end_zone: text("Europe/Rome"),
                    private: members("private"),
                    shared: members("shared"),
                },
            )]
            .into(),
            unshown: vec!["attachments".to_owned()],
            hidden: vec!["color".to_owned()],
            unsaid: text("status"),
        };
        golden(env!("CARGO_MANIFEST_DIR"), "leftovers", &left);
    }

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
    fn lists_in_another_order_are_the_same_event() {
        let in_order = |back: bool| {
            let mut guests = [json!({"email": "a@x.example"}), json!({"email": "b@x.example", "id": "9"})];
            let mut alerts =
                [json!({"method": "popup", "minutes": 10}), json!({"method": "email", "minutes": 5})];
            let mut lines = [
                json!("EXDATE;TZID=Europe/Paris:20260112T120000"),
                json!("EXDATE;TZID=Europe/Paris:20260113T120000"),
            ];
            if back {
                guests.reverse();
                alerts.reverse();
                lines.reverse();
            }
            let [first, second] = lines;
            read(json!({
                "attendees": guests, "reminders": {"useDefault": false, "overrides": alerts},
                "recurrence": ["RRULE:FREQ=DAILY", first, second],
            }))
        };
        assert_eq!(in_order(false), in_order(true));
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
            json!({
                "start": {"dateTime": "2026-01-10T12:00:00+01:00", "timeZone": "Romance Standard Time"},
                "recurrence": ["RRULE:FREQ=DAILY"],
            }),
            json!({"end": {"dateTime": "2026-01-10T11:00:00+01:00"}}),
            json!({"end": {"date": "2026-01-11"}}),
        ] {
            assert_eq!(event(&resource(more.clone()), "Europe/Paris"), None, "{more}");
        }
    }

    #[test]
    fn a_single_event_needs_neither_a_known_zone_nor_an_end() {
        let strange = json!({"dateTime": "2026-01-10T12:00:00+02:00", "timeZone": "Mars/Olympus"});
        let read = event(&resource(json!({"start": strange, "end": null})), "Europe/Paris").unwrap();
        let start =
            Start::Zoned { local: "2026-01-10T11:00:00".parse().unwrap(), zone: "Europe/Paris".into() };
        assert_eq!((read.event.start, read.event.duration), (Some(start), Duration::seconds(0)));
        let read = event(&resource(json!({"start": {"date": "2026-01-10"}, "end": null})), "Europe/Paris");
        assert_eq!(read.unwrap().event.duration, Duration::days(1));
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
                "unshown": ["recurrence_lines"],
            })
        );
        assert_eq!(
            lines(&found.event, &found.left, "Europe/Paris", None, |_| false),
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
