//! From JSCalendar to events.

use std::{
    borrow::Cow,
    collections::{BTreeMap, HashMap, HashSet, VecDeque},
    io::Read,
};

use chrono::{DateTime, NaiveDateTime, Utc};
use passerelle_calendar::{
    Alert, AlertAction, Duration, Event, FreeBusyStatus, Override, Participant, ParticipationStatus, Privacy,
    RecurrenceId, Role, Start, Status, without_leap_second,
};
use serde_json::Value;

use super::{Object, is_true, own, rest, rules::rule_of, text, zones};
use crate::{
    Answer, BadRecord, CallsOff, Imported, Reason, Source,
    ical::{
        Identities, Identity, Seen, categories_of,
        guests::{Attending, NOBODY, key_of},
        note, note_of_single, original,
        own::NO_UID,
        rule::are_sound,
        series, spellings_of, zone_name,
    },
    json::{Objects, left_over, placed},
    text::{is_plain, mentions, plain_address},
};

/// The events of a file. Changed occurrences that stand alone come last: they belong to their series, wherever that
/// stands.
pub(crate) struct Events<R> {
    objects: Objects<R>,
    seen: Identities,
    alone: VecDeque<Placed>,
    /// The identifiers of which the file has single occurrences.
    changed: HashSet<String>,
    /// Events of these that do not repeat: their occurrence takes their place.
    singles: Vec<Placed>,
    ready: VecDeque<Read1>,
    at_end: bool,
}

type Read1 = Result<Imported<Event>, BadRecord>;

/// An object with its line, and which object of the file it is.
type Placed = (usize, usize, Object);

/// Reads the events of a file.
pub(crate) fn read<R: Read>(reader: R) -> Events<R> {
    Events {
        objects: Objects::new(reader),
        seen: Identities::default(),
        alone: VecDeque::new(),
        changed: HashSet::new(),
        singles: Vec::new(),
        ready: VecDeque::new(),
        at_end: false,
    }
}

/// Reads the events of a whole file, in which an occurrence may be that of an event which does not repeat.
pub(crate) fn read_file<S: Source>(source: S) -> Events<S::Reader> {
    let occurrence = |object: &Object| !text(object, "recurrenceId").is_empty();
    let mut changed = HashSet::new();
    if !is_plain(source) || mentions(source.open(), b"recurrenceId") {
        let objects = Objects::new(source.open()).filter_map(Result::ok).map(|(_, object)| object);
        changed.extend(objects.filter(occurrence).map(|object| text(&object, "uid")));
        changed.remove("");
    }
    Events { changed, ..read(source.open()) }
}

impl<R: Read> Iterator for Events<R> {
    type Item = Read1;

    fn next(&mut self) -> Option<Read1> {
        while !self.at_end {
            let found = self.objects.next();
            let nth = self.objects.place();
            match found {
                Some(Ok((line, object)))
                    if is_event(&object) && !text(&object, "recurrenceId").is_empty() =>
                {
                    self.alone.push_back((line, nth, object));
                }
                Some(Ok((line, object))) if self.is_changed_single(&object) => {
                    self.singles.push((line, nth, object));
                }
                Some(Ok((line, object))) => {
                    if let Some(read) = self.record(line, object) {
                        return Some(placed(nth, read));
                    }
                }
                Some(Err(bad)) => return Some(placed(nth, Err(bad))),
                None => {
                    self.at_end = true;
                    self.replace_singles();
                }
            }
        }
        if let Some(read) = self.ready.pop_front() {
            return Some(read);
        }
        while let Some((line, nth, object)) = self.alone.pop_front() {
            if let Some(read) = self.occurrence(line, object) {
                return Some(placed(nth, read));
            }
        }
        None
    }
}

impl<R: Read> Events<R> {
    /// Tells whether an event does not repeat, of which the file has occurrences.
    fn is_changed_single(&self, object: &Object) -> bool {
        let repeats = object.keys().any(|name| is_rule(name));
        !repeats && is_event(object) && self.changed.contains(&text(object, "uid"))
    }

    /// Puts the newest occurrence of an event that does not repeat in its place.
    fn replace_singles(&mut self) {
        let singles = std::mem::take(&mut self.singles);
        if singles.is_empty() {
            return;
        }
        let mut by_uid: HashMap<String, Vec<Placed>> = HashMap::new();
        for one in std::mem::take(&mut self.alone) {
            by_uid.entry(text(&one.2, "uid")).or_default().push(one);
        }
        for (line, nth, object) in singles {
            let names = start_of(&object).ok().flatten().map(|start| spellings_of(&start).0);
            let names = names.unwrap_or_default();
            let is_its = |(_, _, one): &mut Placed| {
                let asked = place_of(one).map(|at| spellings_of(&at).1).unwrap_or_default();
                asked.iter().any(|name| names.contains(name))
            };
            let there = by_uid.get_mut(&text(&object, "uid"));
            let its: Vec<Placed> = there.map(|all| all.extract_if(.., is_its).collect()).unwrap_or_default();
            self.replace_single((line, nth, object), its);
        }
        self.alone = by_uid.into_values().flatten().collect();
        self.alone.make_contiguous().sort_by_key(|(line, nth, _)| (*line, *nth));
    }

    fn replace_single(&mut self, single: Placed, changes: Vec<Placed>) {
        let whole = single.2.clone();
        let mut states: Vec<Placed> = [single].into_iter().chain(changes).collect();
        states.sort_by_key(|(_, _, one)| one.get("sequence").and_then(Value::as_u64).unwrap_or_default());
        let Some((line, nth, mut object)) = states.pop() else { return };
        for (line, nth, object) in states {
            let bad = BadRecord::new(line, text(&object, "title"), Reason::Older);
            self.ready.push_back(placed(nth, Err(bad)));
        }
        let at = place_of(&object).filter(|_| object.contains_key("recurrenceId"));
        if !object.contains_key("start") {
            // What calls it off need not say what it was.
            whole.into_iter().for_each(|(name, value)| {
                object.entry(name).or_insert(value);
            });
        }
        object.retain(|name, _| {
            !matches!(name.as_str(), "recurrenceId" | "recurrenceIdTimeZone") && !is_rule(name)
        });
        let Some(mut read) = self.record(line, object) else { return };
        if let (Ok(found), Some(at)) = (&mut read, at) {
            found.unknown.push(note_of_single(&at));
        }
        self.ready.push_back(placed(nth, read));
    }

    /// Reads an event; nothing of one that says what another one said.
    fn record(&mut self, line: usize, mut object: Object) -> Option<Read1> {
        if let Some(bad) = by_method(line, &mut object) {
            return Some(Err(bad));
        }
        if !is_event(&object) {
            return Some(one(line, object));
        }
        let uid = text(&object, "uid");
        let cancel = text(&object, "method").eq_ignore_ascii_case("cancel") && !uid.is_empty();
        let cancel = cancel.then(|| object.clone());
        let mut read = self.identified(line, &uid, object)?;
        if let (Some(cancel), Err(bad)) = (cancel, &mut read) {
            bad.answer = calling_off(uid, cancel);
        }
        Some(read)
    }

    /// Reads one occurrence of a series, as an event by itself with a note of what it is.
    fn occurrence(&mut self, line: usize, mut object: Object) -> Option<Read1> {
        let guesses = zones::settle(&mut object);
        let bad = |object: &Object, reason| Some(Err(BadRecord::new(line, text(object, "title"), reason)));
        let uid = text(&object, "uid");
        let Some(at) = place_of(&object) else { return bad(&object, Reason::BadRecurrenceId) };
        if let Some(bad) = by_method(line, &mut object) {
            return Some(Err(bad));
        }
        if uid.is_empty() {
            return self.record(line, object);
        }
        let derived = format!("{uid}_{}", text(&object, "recurrenceId"));
        object.retain(|name, _| !matches!(name.as_str(), "recurrenceId" | "recurrenceIdTimeZone"));
        // Whatever rule it repeats is that of its series.
        let (rules, mut object): (Object, Object) = object.into_iter().partition(|(name, _)| is_rule(name));
        object.insert("uid".to_owned(), derived.clone().into());
        let mut read = self.identified(line, &derived, object)?;
        if let Ok(found) = &mut read {
            found.unknown.extend(rules.iter().map(|(name, value)| format!("{name}: {value}")));
            found.unknown.extend(guesses);
            found.unknown.push(note(&uid, &at));
        }
        Some(read)
    }

    /// Reads an event unless it is an older state of another one, or the same.
    fn identified(&mut self, line: usize, uid: &str, mut object: Object) -> Option<Read1> {
        let bad = |object: &Object, reason| Some(Err(BadRecord::new(line, text(object, "title"), reason)));
        if uid.is_empty() {
            return Some(one(line, object));
        }
        match self.seen.tell(uid, &text(&object, "start"), seen(&object)) {
            Identity::Own => Some(one(line, object)),
            Identity::Same => None,
            Identity::Older => bad(&object, Reason::Older),
            Identity::Another(derived) => {
                object.insert("uid".to_owned(), derived.into());
                let mut read = one(line, object);
                if let Ok(found) = &mut read {
                    found.unknown.push(original(uid));
                }
                Some(read)
            }
        }
    }
}

fn is_event(object: &Object) -> bool {
    matches!(text(object, "@type").as_str(), "" | "Event" | "jsevent")
}

fn is_rule(name: &str) -> bool {
    matches!(
        name,
        "recurrenceRules"
            | "recurrenceRule"
            | "excludedRecurrenceRules"
            | "excludedRecurrenceRule"
            | "recurrenceOverrides"
    )
}

/// Remembers an event, to compare it with others of its identifier.
fn seen(object: &Object) -> Seen {
    let start = text(object, "start") + &text(object, "timeZone");
    let sequence = object.get("sequence").and_then(Value::as_i64).unwrap_or_default();
    let content = Value::Object(object.clone()).to_string();
    let said = object.iter().map(|(name, value)| (name.as_str(), value.to_string()));
    Seen::new(sequence, text(object, "updated"), &start, &content).saying(said)
}

/// Applies the method of an event (RFC 8984 §4.1.8); returns what is a message about an event, not that event.
fn by_method(line: usize, object: &mut Object) -> Option<BadRecord> {
    let method = text(object, "method").to_ascii_lowercase();
    match method.as_str() {
        "cancel" => {
            object.insert("status".to_owned(), "cancelled".into());
            None
        }
        "reply" | "counter" | "declinecounter" | "refresh" | "add" => {
            let mut guests: Vec<Participant> = participants(object).into_values().collect();
            guests.retain(|guest| guest.participation_status != ParticipationStatus::NeedsAction);
            let uid = text(object, "uid");
            let sequence = object.get("sequence").and_then(Value::as_u64);
            let (occurrence, stamp) = (place_of(object), text(object, "updated").replace(['-', ':'], ""));
            let answer = Answer { uid, occurrence, guests, cancels: None, sequence, stamp };
            let is_answer = method == "reply" && !answer.uid.is_empty() && !answer.guests.is_empty();
            let bad = BadRecord::new(line, text(object, "title"), Reason::Message);
            Some(BadRecord { answer: is_answer.then(|| Box::new(answer)), ..bad })
        }
        _ => None,
    }
}

/// Returns what calls an appointment off without saying when that takes place.
fn calling_off(uid: String, mut object: Object) -> Option<Box<Answer>> {
    let sequence = object.get("sequence").and_then(Value::as_u64);
    object.retain(|name, _| !is_rule(name) && name != "method");
    let mut beyond = Object::new();
    let event = single(&object).unwrap_or_else(|_| {
        // What cannot be read of the time does not matter: it is kept as text.
        (beyond, object) = std::mem::take(&mut object).into_iter().partition(|(name, _)| rest::is_time(name));
        single(&object).unwrap_or_default()
    });
    let mut unknown = rest::kept(&object, &object, &event);
    beyond.extend(object.into_iter().filter(|(name, _)| !KNOWN.contains(&name.as_str())));
    unknown.extend(left_over(beyond));
    let cancels = Some(Box::new(CallsOff { event, unknown }));
    Some(Box::new(Answer { uid, cancels, sequence, ..Answer::default() }))
}

/// Returns when the occurrence that an object is takes place by its series.
fn place_of(object: &Object) -> Option<Start> {
    let local = local(&text(object, "recurrenceId"))?;
    if is_true(object, "showWithoutTime") {
        return Some(Start::Date { date: local.date() });
    }
    let zone = ["recurrenceIdTimeZone", "timeZone"].map(|name| text(object, name));
    match zone.iter().find(|zone| !zone.is_empty()) {
        Some(zone) => Some(Start::Zoned { local, zone: zone_name(zone)? }),
        None => Some(Start::Floating { local }),
    }
}

fn one(line: usize, mut object: Object) -> Read1 {
    let title = text(&object, "title");
    let guesses = zones::settle(&mut object);
    let read = whole(object).and_then(|(event, mut unknown)| match Reason::of_event(&event) {
        Some(reason) => Err(reason),
        None if !are_sound(&event) => Err(Reason::MalformedRule),
        None => {
            unknown.extend(guesses);
            Ok(Imported { record: event, unknown, line, nth: 0 })
        }
    });
    read.map_err(|reason| BadRecord::new(line, title, reason))
}

/// Reads an event with its changed occurrences; returns what was not understood as well.
fn whole(mut object: Object) -> Result<(Event, Vec<String>), Reason> {
    one_rule(&mut object);
    if !is_event(&object) {
        return Err(Reason::AnotherKind);
    }
    let mut event = single(&object)?;
    let start = event.start.clone().ok_or(Reason::NoStart)?;
    event.recurrence_rules = rules(&object, "recurrenceRules", &start);
    event.excluded_recurrence_rules = rules(&object, "excludedRecurrenceRules", &start);
    let added = object.get(&own("recurrenceDates")).and_then(Value::as_array).into_iter().flatten();
    let added = added.filter_map(Value::as_str).map(|text| (text.to_owned(), true));
    event.recurrence_dates = added.collect();
    let bare = bare(&object);
    let patches = object.get("recurrenceOverrides").and_then(Value::as_object).into_iter().flatten();
    for (id, patch) in patches {
        let patch = patch.as_object().ok_or(Reason::Malformed)?;
        let id = id_of(id, &start).ok_or(Reason::BadRecurrenceId)?;
        if patch.is_empty() {
            event.recurrence_dates.insert(id.to_string(), true);
        } else {
            event.recurrence_overrides.insert(id.to_string(), change_of(&bare, id, patch, &start)?);
        }
    }
    let kept = rest::kept(&object, &bare, &event);
    let known =
        |name: &String| !KNOWN.contains(&name.as_str()) && !OWN.iter().any(|known| own(known) == *name);
    let rest = object.into_iter().filter(|(name, _)| known(name));
    let mut unknown = left_over(rest.collect());
    unknown.extend(kept);
    unknown.sort();
    let before = unknown.len();
    unknown.retain(|text| !text.starts_with(NO_UID));
    if unknown.len() < before {
        event.uid.clear();
    }
    Ok((event, unknown))
}

/// Returns an object without its changes: they would be copied for each of them.
pub(super) fn bare(object: &Object) -> Object {
    let members = object.iter().filter(|(name, _)| *name != "recurrenceOverrides");
    members.map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// The draft of the next edition has one rule where RFC 8984 has a list.
fn one_rule(object: &mut Object) {
    for (single, list) in
        [("recurrenceRule", "recurrenceRules"), ("excludedRecurrenceRule", "excludedRecurrenceRules")]
    {
        if object.get(single).is_some_and(Value::is_object) && !object.contains_key(list) {
            let rule = object.remove(single);
            object.insert(list.to_owned(), rule.into_iter().collect());
        }
    }
}

const KNOWN: [&str; 22] = [
    "@type",
    "uid",
    "title",
    "description",
    "start",
    "timeZone",
    "showWithoutTime",
    "duration",
    "recurrenceRules",
    "excludedRecurrenceRules",
    "recurrenceOverrides",
    "participants",
    "alerts",
    "useDefaultAlerts",
    "privacy",
    "freeBusyStatus",
    "status",
    "color",
    "locations",
    "virtualLocations",
    "links",
    "keywords",
];

const OWN: [&str; 1] = ["recurrenceDates"];

/// Reads an event without its recurrence.
pub(super) fn single(object: &Object) -> Result<Event, Reason> {
    let start = start_of(object)?;
    let day = start.as_ref().is_some_and(Start::is_all_day);
    let duration = match object.get("duration").and_then(Value::as_str) {
        Some(text) => whole_seconds(text).parse().map_err(|_| Reason::BadDate)?,
        None => Duration::default(),
    };
    let whole = day && duration.seconds > 0 && duration.seconds.is_multiple_of(86_400);
    let duration = if whole { Duration::days(duration.days + duration.seconds / 86_400) } else { duration };
    let mut event = Event {
        uid: text(object, "uid"),
        title: text(object, "title"),
        description: text(object, "description"),
        location: first_of(object, "locations", "name"),
        conference_url: first_of(object, "virtualLocations", "uri"),
        url: first_of(object, "links", "href"),
        color: text(object, "color"),
        use_default_alerts: is_true(object, "useDefaultAlerts"),
        privacy: privacy_of(&text(object, "privacy")),
        free_busy_status: match text(object, "freeBusyStatus").as_str() {
            "free" => FreeBusyStatus::Free,
            _ => FreeBusyStatus::Busy,
        },
        status: match text(object, "status").as_str() {
            "cancelled" => Status::Cancelled,
            "tentative" => Status::Tentative,
            _ => Status::Confirmed,
        },
        start,
        duration,
        ..Event::default()
    };
    event.participants = participants(object);
    let keywords = object.get("keywords").and_then(Value::as_object).into_iter().flatten();
    event.categories = categories_of(keywords.map(|(name, _)| name.clone())).collect();
    let alerts = object.get("alerts").and_then(Value::as_object).into_iter().flatten();
    let alerts = alerts.filter_map(|(_, alert)| alert_of(alert, &event)).map(|alert| (alert.key(), alert));
    event.alerts = alerts.collect();
    Ok(event)
}

fn privacy_of(text: &str) -> Privacy {
    match text {
        "public" => Privacy::Public,
        "secret" => Privacy::Confidential,
        "" | "default" => Privacy::Default,
        _ => Privacy::Private,
    }
}

fn local(text: &str) -> Option<NaiveDateTime> {
    let whole = whole_seconds(text);
    NaiveDateTime::parse_from_str(&whole, "%Y-%m-%dT%H:%M:%S").ok().map(without_leap_second)
}

/// Returns a time or a duration without its fraction of a second (RFC 8984 §1.4.4 to §1.4.6), which an event has no place
/// for.
fn whole_seconds(text: &str) -> Cow<'_, str> {
    let Some((whole, rest)) = text.split_once('.') else { return text.into() };
    let end = rest.trim_start_matches(|c: char| c.is_ascii_digit());
    let is_fraction = end.len() < rest.len() && matches!(end, "" | "S");
    if is_fraction { format!("{whole}{end}").into() } else { text.into() }
}

/// Tells whether a value is a time or a duration with a fraction of a second.
pub(super) fn has_fraction(value: Option<&Value>) -> bool {
    value.and_then(Value::as_str).is_some_and(|text| whole_seconds(text) != text)
}

fn start_of(object: &Object) -> Result<Option<Start>, Reason> {
    let text_of = text(object, "start");
    if text_of.is_empty() {
        return Ok(None);
    }
    let local = local(&text_of).ok_or(Reason::BadDate)?;
    if is_true(object, "showWithoutTime") {
        return Ok(Some(Start::Date { date: local.date() }));
    }
    Ok(Some(match object.get("timeZone").and_then(Value::as_str) {
        None => Start::Floating { local },
        Some(zone) => Start::Zoned { local, zone: zone_name(zone).ok_or(Reason::UnknownZone)? },
    }))
}

fn first_of(object: &Object, map: &str, member: &str) -> String {
    let items = object.get(map).and_then(Value::as_object).into_iter().flatten();
    let mut texts = items.filter_map(|(_, item)| item.get(member)?.as_str());
    texts.next().unwrap_or_default().to_owned()
}

fn rules(object: &Object, name: &str, start: &Start) -> Vec<String> {
    let items = object.get(name).and_then(Value::as_array).into_iter().flatten();
    items.filter_map(Value::as_object).map(|rule| rule_of(rule, start)).collect()
}

pub(super) fn id_of(text: &str, start: &Start) -> Option<RecurrenceId> {
    let id = match whole_seconds(text).parse().ok()? {
        RecurrenceId::Local(local) if start.is_all_day() => RecurrenceId::Date(local.date()),
        id => id,
    };
    Some(id)
}

fn participants(object: &Object) -> BTreeMap<String, Participant> {
    let items = object.get("participants").and_then(Value::as_object).into_iter().flatten();
    let mut attending = Attending::default();
    let mut guests = BTreeMap::new();
    for (_, guest) in items.filter_map(|(_, item)| guest_of(item)) {
        attending.add(&mut guests, guest);
    }
    guests
}

/// Reads a guest, and the key by which an event knows it.
pub(super) fn guest_of(item: &Value) -> Option<(String, Participant)> {
    let item = item.as_object()?;
    let sent = item.get("sendTo").and_then(|ways| ways.get("imip")).and_then(Value::as_str);
    let address = sent.or_else(|| item.get("calendarAddress").and_then(Value::as_str)).unwrap_or_default();
    let told = text(item, "email");
    let (called, email) = plain_address(if told.is_empty() { address } else { &told });
    // What stands in the place of an address where there is none.
    let email = if email.eq_ignore_ascii_case(NOBODY) { "" } else { email };
    let name = text(item, "name");
    let roles = |name: &str| item.get("roles").and_then(|roles| roles.get(name)) == Some(&Value::Bool(true));
    let guest = Participant {
        email: email.to_owned(),
        name: if name.is_empty() { called.unwrap_or_default().to_owned() } else { name },
        role: match () {
            () if roles("chair") => Role::Chair,
            () if roles("optional") => Role::Optional,
            () if roles("informational") => Role::Informational,
            () => Role::Required,
        },
        participation_status: match text(item, "participationStatus").as_str() {
            "accepted" => ParticipationStatus::Accepted,
            "declined" => ParticipationStatus::Declined,
            "tentative" => ParticipationStatus::Tentative,
            _ => ParticipationStatus::NeedsAction,
        },
        resource: matches!(text(item, "kind").as_str(), "resource" | "location"),
        organizer: roles("owner"),
        comment: text(item, "participationComment"),
    };
    Some((key_of(&guest), guest))
}

pub(super) fn alert_of(alert: &Value, event: &Event) -> Option<Alert> {
    let email = alert.get("action").and_then(Value::as_str) == Some("email");
    let action = if email { AlertAction::Email } else { AlertAction::Display };
    let trigger = alert.get("trigger")?.as_object()?;
    if let Some(when) = trigger.get("when").and_then(Value::as_str) {
        let when: DateTime<Utc> = when.parse().ok()?;
        let minutes = (event.start.as_ref()?.instant()? - when).num_seconds().div_euclid(60);
        return Some(Alert { action, minutes_before: i32::try_from(minutes).ok()? });
    }
    let offset = text(trigger, "offset");
    let (before, length) = offset.strip_prefix('-').map_or((false, offset.as_str()), |length| (true, length));
    let seconds = |length: Duration| i64::from(length.days) * 86_400 + i64::from(length.seconds);
    let length = seconds(length.parse().ok()?);
    let from_start = if before { length } else { -length };
    let at_end = text(trigger, "relativeTo") == "end";
    let from_start = if at_end { from_start - seconds(event.duration) } else { from_start };
    Some(Alert { action, minutes_before: i32::try_from(from_start.div_euclid(60)).ok()? })
}

/// Reads a changed occurrence: the patch is applied to the series, and what it names is taken.
pub(super) fn change_of(
    object: &Object,
    id: RecurrenceId,
    patch: &Object,
    start: &Start,
) -> Result<Override, Reason> {
    if is_true(patch, "excluded") {
        return Ok(Override { excluded: true, ..Override::default() });
    }
    let mut own_object = copy(object);
    let unmoved = id.start_in(start).wall().format("%Y-%m-%dT%H:%M:%S").to_string();
    own_object.insert("start".to_owned(), unmoved.into());
    let event = single(&patched(&own_object, patch))?;
    let members: Vec<String> = patch
        .keys()
        .filter_map(|path| path.split('/').next())
        .map(|member| match member {
            "timeZone" | "showWithoutTime" => "start",
            "locations" => "location",
            "freeBusyStatus" => "free_busy_status",
            "useDefaultAlerts" => "use_default_alerts",
            "links" => "url",
            "virtualLocations" => "conference_url",
            "keywords" => "categories",
            member => member,
        })
        .map(str::to_owned)
        .collect();
    let mut change = series::named(&event, &members);
    if patch.contains_key(&own("privacy")) {
        change.privacy = Some(privacy_of(&text(patch, &own("privacy"))));
    }
    Ok(change)
}

/// Copies an object, which happens for each of its changes.
fn copy(object: &Object) -> Object {
    #[cfg(test)]
    tests::COPIED.with(|count| count.set(count.get() + object.values().map(tests::size).sum::<usize>()));
    object.clone()
}

/// Applies a patch.
pub(super) fn patched(object: &Object, patch: &Object) -> Object {
    let mut patched = Value::Object(copy(object));
    for (path, value) in patch {
        apply(&mut patched, path, value);
    }
    if let Value::Object(patched) = patched { patched } else { Object::new() }
}

/// Applies one path of a patch (RFC 8984 §1.4.9); `null` takes the member away.
fn apply(target: &mut Value, path: &str, value: &Value) {
    let (head, rest) = path.split_once('/').map_or((path, None), |(head, rest)| (head, Some(rest)));
    let head = head.replace("~1", "/").replace("~0", "~");
    let Some(object) = target.as_object_mut() else { return };
    match (rest, value) {
        (Some(rest), _) => {
            apply(object.entry(head).or_insert_with(|| Value::Object(Object::new())), rest, value)
        }
        (None, Value::Null) => drop(object.remove(&head)),
        (None, _) => drop(object.insert(head, value.clone())),
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use serde_json::{Value, json};

    use crate::{EventFormat, read_events, write_events};

    thread_local! {
        /// How many values were copied.
        pub(super) static COPIED: Cell<usize> = const { Cell::new(0) };
    }

    /// Returns how many values a value is.
    pub(super) fn size(value: &Value) -> usize {
        1 + match value {
            Value::Array(items) => items.iter().map(size).sum(),
            Value::Object(members) => members.values().map(size).sum(),
            _ => 0,
        }
    }

    /// Reads a series with some changes and writes it, and returns how many values were copied.
    fn work(changes: usize) -> usize {
        let start: chrono::NaiveDate = "2020-01-02".parse().unwrap_or_default();
        let change = |(at, day): (usize, chrono::NaiveDate)| {
            let patch = json!({ "title": format!("n{at}"), "locations/x/description": "more" });
            (format!("{day}T10:00:00"), patch)
        };
        let patches: serde_json::Map<String, Value> =
            start.iter_days().take(changes).enumerate().map(change).collect();
        let series = json!({
            "@type": "Event", "uid": "a", "start": "2020-01-01T10:00:00", "timeZone": "Etc/UTC", "duration": "PT1H",
            "recurrenceRules": [{ "frequency": "daily" }], "recurrenceOverrides": patches,
        });
        COPIED.with(|count| count.set(0));
        let text = series.to_string();
        let found: Vec<_> =
            read_events(text.as_bytes(), EventFormat::JsCalendar).filter_map(Result::ok).collect();
        assert_eq!(found.first().map(|found| found.record.recurrence_overrides.len()), Some(changes));
        let records = found.into_iter().map(|found| (found.record, found.unknown));
        assert!(write_events(&mut Vec::new(), EventFormat::JsCalendar, Default::default(), records).is_ok());
        COPIED.with(Cell::get)
    }

    #[test]
    fn twice_as_many_changes_copy_twice_as_many_values() {
        let (once, twice) = (work(100), work(200));
        assert!(once > 0 && twice < once * 5 / 2, "{once} {twice}");
    }
}
