//! What to send so that an event of Google's becomes another one. Pure.

use std::collections::BTreeMap;

use passerelle_calendar::{
    Alert, AlertAction, Duration, Event, FreeBusyStatus, Override, Participant, ParticipationStatus, Privacy,
    Role, Start, Status,
};
use serde_json::{Map, Value, json};

use crate::{
    color,
    convert::{CONFERENCE_URL, Leftovers},
    marks::{self, CalledOff},
    times,
};

/// Unmodelled members that may be sent: with an event that is created, and back into one that exists.
pub(crate) const RESTORABLE: &[&str] = &[
    "guestsCanInviteOthers",
    "guestsCanModify",
    "guestsCanSeeOtherGuests",
    "anyoneCanAddSelf",
    "attachments",
    "conferenceData",
    "eventLabelId",
];
/// The members that Google takes with a flag in the query only.
pub(crate) const FLAGS: &[(&str, &str, &str)] = &[
    ("attachments", "supportsAttachments", "true"),
    ("conferenceData", "conferenceDataVersion", "1"),
    ("eventLabelId", "eventLabelVersion", "1"),
];
/// Guests' permissions: what Google does not say is this.
const BY_DEFAULT: &[(&str, bool)] = &[
    ("guestsCanInviteOthers", true),
    ("guestsCanModify", false),
    ("guestsCanSeeOtherGuests", true),
    ("anyoneCanAddSelf", false),
];
/// The most reminders that an event may have, and the earliest (C165).
const MOST_ALERTS: usize = 5;
const EARLIEST_ALERT: i32 = 40_320;

/// The members of a request that change one event into another, and the private properties among them.
#[derive(Default)]
pub(crate) struct Changes {
    members: Map<String, Value>,
    private: Map<String, Value>,
    shared: Map<String, Value>,
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

    /// Tells whether a member is set.
    pub(crate) fn says(&self, name: &str) -> bool {
        self.members.contains_key(name)
    }

    /// Tells whether there is nothing to send.
    pub(crate) fn is_empty(&self) -> bool {
        self.members.is_empty() && self.private.is_empty() && self.shared.is_empty()
    }

    /// Returns the body of a PATCH.
    pub(crate) fn patch(mut self) -> Map<String, Value> {
        let parts = [("private", self.private), ("shared", self.shared)];
        let parts = parts.into_iter().filter(|(_, part)| !part.is_empty());
        let properties: Map<String, Value> =
            parts.map(|(name, part)| (name.to_owned(), Value::Object(part))).collect();
        if !properties.is_empty() {
            self.members.insert("extendedProperties".to_owned(), Value::Object(properties));
        }
        self.members
    }

    /// Puts leftovers back in place of those that are there.
    pub(crate) fn put_back(
        &mut self,
        (from, now): (&Event, &Leftovers),
        (to, wanted): (&Event, &Leftovers),
        calendar_zone: &str,
    ) {
        if now == wanted {
            return;
        }
        for name in RESTORABLE.iter().filter(|name| now.rest.get(**name) != wanted.rest.get(**name)) {
            let default =
                BY_DEFAULT.iter().find(|(member, _)| member == name).map(|(_, value)| (*value).into());
            let value = wanted.rest.get(*name).map(restored).or(default);
            self.set(name, value.unwrap_or(Value::Null));
        }
        put_properties(&mut self.private, &now.private, &wanted.private);
        let mut shared = Map::new();
        put_properties(&mut shared, &now.shared, &wanted.shared);
        if !shared.is_empty() {
            self.shared = shared;
        }
        if now.source_title != wanted.source_title && !to.url.is_empty() && !self.says("source") {
            write_url(self, &to.url, wanted);
        }
        let guests = |left: &Leftovers| (left.attendees.clone(), left.anonymous.clone());
        if guests(now) != guests(wanted) && !now.has_hidden_guests() && !self.says("attendees") {
            write_guests(self, from, to, wanted);
        }
        if now.end_zone != wanted.end_zone && !self.says("end") {
            // Nothing is written where a start cannot be: then it is not the end's zone that matters.
            let _ = write_times(self, to, to, wanted, calendar_zone);
        }
    }

    /// Returns the body of an insert, with the leftovers of the copy that it brings back.
    pub(crate) fn insert(mut self, left: &Leftovers) -> Map<String, Value> {
        for name in RESTORABLE {
            if let Some(value) = left.rest.get(*name) {
                self.members.insert((*name).to_owned(), restored(value));
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
    own_copy.recurrence_overrides = shared_changes(&from.recurrence_overrides);
    let to = &Event { recurrence_overrides: shared_changes(&to.recurrence_overrides), ..to.clone() };
    if answered {
        own_copy.participants.clone_from(&to.participants);
    }
    own_copy != *to
}

/// The changed occurrences, without what only concerns the own copy of them.
fn shared_changes(changes: &BTreeMap<String, Override>) -> BTreeMap<String, Override> {
    let shared = changes.iter().map(|(name, change)| {
        let shared = Override {
            alerts: None,
            use_default_alerts: None,
            color: None,
            free_busy_status: None,
            privacy: None,
            categories: None,
            url: None,
            ..change.clone()
        };
        (name.clone(), shared)
    });
    shared.filter(|(_, change)| *change != Override::default()).collect()
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
    let texts = [("summary", &from.title, &to.title), ("location", &from.location, &to.location)];
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
    let ((was, was_marked), (is, marked)) = (visibility(from), visibility(to));
    if was != is {
        changes.set("visibility", is.as_str().into());
    }
    if was_marked != marked {
        marks::put(&mut changes.private, marks::PRIVACY, marked.map(Privacy::as_str));
    }
    if from.free_busy_status != to.free_busy_status {
        let free = to.free_busy_status == FreeBusyStatus::Free;
        changes.set("transparency", if free { "transparent" } else { "opaque" }.into());
    }
    if from.status != to.status {
        let tentative = to.status == Status::Tentative;
        changes.set("status", if tentative { "tentative" } else { "confirmed" }.into());
    }
    if from.color != to.color {
        write_color(&mut changes, &to.color);
    }
    if from.url != to.url {
        write_url(&mut changes, &to.url, left);
    }
    write_description(&mut changes, from, to, left);
    if from.categories != to.categories {
        let text = serde_json::to_string(&to.categories).unwrap_or_default();
        let text = (!to.categories.is_empty()).then_some(text.as_str());
        marks::put(&mut changes.private, marks::CATEGORIES, text);
    }
    Some(changes)
}

/// Returns the visibility of an event at Google, and the mark that tells its own where that is another: a private
/// occurrence makes its whole series private there (C77). It is done before the occurrence is written, so that at
/// no moment its words stand open.
pub(crate) fn visibility(event: &Event) -> (Privacy, Option<Privacy>) {
    let hides = event.recurrence_overrides.values().any(Override::is_private);
    if hides && !event.privacy.is_hidden() {
        (Privacy::Private, Some(event.privacy))
    } else {
        (event.privacy, None)
    }
}

impl Changes {
    /// Marks what an occurrence says itself: who may see it, and what its series says as well.
    pub(crate) fn own(
        mut self,
        marked: &Map<String, Value>,
        privacy: Option<Privacy>,
        repeated: &str,
    ) -> Self {
        let wanted = [(marks::OWN_PRIVACY, privacy.map(Privacy::as_str)), (marks::OWN, some(repeated))];
        for (name, now) in wanted {
            if marked.get(name).and_then(Value::as_str) != now {
                marks::put(&mut self.private, name, now);
            }
        }
        self
    }

    /// At Google "cancelled" means deleted (C40). An event that was called off and stays must not stand there as
    /// one that takes place: it is free, does not ring, its title begins with `words`, and marks tell what it was.
    pub(crate) fn call_off(mut self, from: &Event, to: &Event, left: &Leftovers, words: &str) -> Self {
        let (was, is) = (from.status == Status::Cancelled, to.status == Status::Cancelled);
        let alerts = |event: &Event| (event.alerts.clone(), event.use_default_alerts);
        let shown =
            |event: &Event| (event.status, event.title.clone(), event.free_busy_status, alerts(event));
        let is_said = left.unsaid.as_deref().is_none_or(|field| field == CONFERENCE_URL);
        let stands = is_said && (!was && !is || shown(from) == shown(to));
        if stands {
            return self;
        }
        let before = if to.title.starts_with(words) { "" } else { words };
        let free = is || to.free_busy_status == FreeBusyStatus::Free;
        let mark = CalledOff { free: Some(to.free_busy_status), words: before.to_owned() }.mark();
        let title = if is { format!("{before}{}", to.title) } else { to.title.clone() };
        self.set("summary", title.into());
        self.set("transparency", if free { "transparent" } else { "opaque" }.into());
        marks::put(&mut self.private, marks::STATUS, is.then_some(mark.as_str()));
        match is {
            true => silence(&mut self, to),
            false => write_alerts(&mut self, to),
        }
        self
    }
}

/// Turns the reminders off and keeps all of them beside, for the day on which the event takes place again.
fn silence(changes: &mut Changes, to: &Event) {
    let default = to.use_default_alerts.then(|| marks::BESIDE_DEFAULT.to_owned());
    let kept: Vec<String> = default.into_iter().chain(to.alerts.values().map(Alert::key)).collect();
    let mark = format!("{},{}", marks::SILENT, kept.join(","));
    changes.set("reminders", json!({"useDefault": false, "overrides": []}));
    marks::put(&mut changes.private, marks::ALERTS, (!kept.is_empty()).then_some(mark.as_str()));
}

/// Returns a member as it is written back: the request by which a conference was once made would make another one.
fn restored(value: &Value) -> Value {
    let mut value = value.clone();
    if let Some(conference) = value.as_object_mut().filter(|member| member.contains_key("entryPoints")) {
        conference.remove("createRequest");
    }
    value
}

/// Writes properties that differ; one that is to go is written as nothing.
fn put_properties(into: &mut Map<String, Value>, now: &Map<String, Value>, wanted: &Map<String, Value>) {
    for name in now.keys().chain(wanted.keys()).filter(|name| now.get(*name) != wanted.get(*name)) {
        into.insert(name.clone(), wanted.get(name).cloned().unwrap_or(Value::Null));
    }
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
    let same_zone = from.start.is_none() || from.start.as_ref().and_then(Start::zone) == wanted.zone();
    let own_zone = start.zone().unwrap_or(calendar_zone);
    let end_zone = left.end_zone.as_deref().filter(|zone| same_zone && times::is_known(zone));
    // An hour that comes twice is named by its clock here and by an instant there: a start that stays is not sent.
    let stays = from.start == to.start;
    if !stays {
        changes.set("start", times::written(&start)?);
    }
    let at = left.second_time.filter(|_| stays);
    changes.set("end", times::end_written(&start, at, to.duration, end_zone.unwrap_or(own_zone))?);
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
    // Google has no guest without an address: a name is not made one.
    let invited = |key: &str, guest: &Participant| !guest.email.is_empty() || key.contains('@');
    let named = to.participants.iter().filter(|(key, guest)| invited(key, guest));
    let rows = named.map(|(key, guest)| {
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

/// What Google cannot hold as a reminder is kept beside (C165); where the calendar's own ones apply, all of them, for the
/// day on which they do not.
fn write_alerts(changes: &mut Changes, to: &Event) {
    let fits = |alert: &&Alert| (0..=EARLIEST_ALERT).contains(&alert.minutes_before);
    let most = if to.use_default_alerts { 0 } else { MOST_ALERTS };
    let taken: Vec<&Alert> = to.alerts.values().filter(fits).take(most).collect();
    let more = to.alerts.values().filter(|alert| !taken.contains(alert)).map(Alert::key);
    let is_off = to.use_default_alerts;
    let more: Vec<String> = match to.use_default_alerts {
        true if to.alerts.is_empty() || !is_off => Vec::new(),
        true => std::iter::once(marks::BESIDE_DEFAULT.to_owned()).chain(more).collect(),
        false => more.collect(),
    };
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

/// What is typed as the address of a video call has to be seen on a phone: it stands below the description, unless
/// the description or the place holds it, or it is Google's own conference.
fn write_description(changes: &mut Changes, from: &Event, to: &Event, left: &Leftovers) {
    let theirs = left.conference().unwrap_or_default();
    let own = |event: &Event| some(&event.conference_url).filter(|url| *url != theirs).map(str::to_owned);
    let shown = |event: &Event| match own(event) {
        Some(url) if !event.description.contains(&url) && !event.location.contains(&url) => {
            match event.description.as_str() {
                "" => url,
                text => format!("{text}\n\n{url}"),
            }
        }
        _ => event.description.clone(),
    };
    let is_shown = shown(from) == shown(to) && !left.hides_conference();
    let sends = !is_shown || from.description != to.description;
    if sends {
        changes.set("description", shown(to).into());
    }
    let is_new = from.conference_url != to.conference_url;
    if is_new || sends && own(to).is_some() {
        let in_text = own(to).is_some_and(|url| to.description.contains(&url));
        marks::put(&mut changes.private, marks::IN_TEXT, in_text.then_some("true"));
    }
    if is_new {
        let own = own(to);
        marks::put(&mut changes.private, marks::INSTEAD_OF, own.as_ref().and(some(theirs)));
        marks::put(&mut changes.private, marks::CONFERENCE, own.as_deref());
    }
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
        url: other(&event.url),
        conference_url: other(&event.conference_url),
        categories: event.categories.clone().into_iter().chain([(other(""), other(""))]).collect(),
        privacy: if event.privacy == Privacy::Default { Privacy::Public } else { Privacy::Default },
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

    #[test]
    fn each_change_sends_its_own_members_only() {
        let start: Start = "2026-01-10T12:00:00[Europe/Paris]".parse().unwrap();
        let before = Event { start: Some(start), duration: Duration::seconds(3600), ..Event::default() };
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
                json!({"status": "confirmed"}), // the rest: `call_off`
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
            (
                Event { alerts: alerts(&[15]), use_default_alerts: true, ..before.clone() },
                json!({
                    "reminders": {"useDefault": true, "overrides": []},
                    "extendedProperties": private("passerelle.alerts", "default,display:15"),
                }),
            ),
        ];
        for (after, want) in table {
            let sent = changes(&before, &after, &left, "Europe/Paris").unwrap().patch();
            assert_eq!(Value::Object(sent), want);
        }
    }
}
