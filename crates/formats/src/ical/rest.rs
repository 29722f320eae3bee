//! What a component says beyond what an event can hold: kept as leftovers, and put back where it was.

use std::collections::{BTreeMap, BTreeSet, VecDeque, btree_map::Entry};

use passerelle_calendar::{Event, Override, RecurrenceId};

use super::{
    alarms, guests, own,
    repair::{When, length, when},
    rule, series, write, zone_name,
};
use crate::content::{Component, Line, UNKNOWN, left_over, unescape};

/// The parameter that names the property to which kept parameters belong.
const OF: &str = "OF";
/// The parameter that names a changed occurrence.
const ID: &str = "ID";

/// Returns the parameters of a line that was taken over that an event has no place for.
pub(super) fn params_of(line: &Line) -> Option<String> {
    let mut kept: Vec<_> =
        line.params.iter().filter(|(name, values)| !is_understood(line, name, values)).collect();
    let guest = matches!(line.name.as_str(), "ATTENDEE" | "ORGANIZER");
    let beside = guest.then(|| guests::beside_address(line)).flatten();
    let beside = beside.map(|value| (own::ADDRESS.to_owned(), vec![value.to_owned()]));
    kept.extend(&beside);
    if kept.is_empty() {
        return None;
    }
    // What is no name of a parameter cannot be written as one again.
    let is_name = |name: &str| name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
    if !kept.iter().all(|(name, _)| is_name(name)) {
        return Some(whole(line));
    }
    let place = if kept.iter().all(|(name, _)| name == "LANGUAGE") { String::new() } else { anchor(line) };
    let mut rest = Line::new(own::PARAMS, place).with(OF, &line.name);
    rest.params.extend(kept.into_iter().cloned());
    Some(rest.to_text())
}

/// Tells whether an event holds what a parameter says, or whether it says what holds anyway.
fn is_understood(line: &Line, name: &str, values: &[String]) -> bool {
    let value = values.first().map(|value| value.trim().to_ascii_uppercase()).unwrap_or_default();
    let guest = matches!(line.name.as_str(), "ATTENDEE" | "ORGANIZER");
    match name {
        "TZID" | "ENCODING" => true,
        "VALUE" => value != "BINARY",
        "CN" => guest && values.len() == 1,
        "EMAIL" => guest && values.iter().all(|email| guests::is_same_address(line, email)),
        own::ORGANIZER | own::COMMENT => guest,
        "ROLE" => {
            guest
                && matches!(
                    value.as_str(),
                    "CHAIR" | "REQ-PARTICIPANT" | "OPT-PARTICIPANT" | "NON-PARTICIPANT"
                )
        }
        "PARTSTAT" => {
            guest && matches!(value.as_str(), "NEEDS-ACTION" | "ACCEPTED" | "DECLINED" | "TENTATIVE")
        }
        "CUTYPE" => guest && matches!(value.as_str(), "INDIVIDUAL" | "RESOURCE"),
        "RSVP" => guest && value == "FALSE",
        "X-NUM-GUESTS" => guest && value == "0",
        "RANGE" => line.name == "RECURRENCE-ID",
        _ => value.is_empty(),
    }
}

/// Returns what tells the line to which parameters belong from others of its name: for a guest the address, for a
/// text a number that another text does not have.
fn anchor(line: &Line) -> String {
    match line.name.as_str() {
        "ATTENDEE" | "ORGANIZER" => guests::key_of_line(line),
        // They are spelt anew, one line or several.
        "DTSTART" | "DTEND" | "RECURRENCE-ID" | "RDATE" | "EXDATE" | "RRULE" | "EXRULE" | "STATUS"
        | "CLASS" | "TRANSP" | "CATEGORIES" => String::new(),
        _ => fingerprint(line.value.trim()),
    }
}

/// Returns a number of a text (FNV-1a), the same in every version of this program.
fn fingerprint(text: &str) -> String {
    let hash = unescape(text).bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("{hash:016x}")
}

/// Keeps a whole line as text.
pub(super) fn whole(line: &Line) -> String {
    Line::text(own::SECOND, &line.to_text()).to_text()
}

/// Returns what is kept of a changed occurrence once it stands in its series: its name is written again, with the
/// parameters that the line had. A further line of a property that the change says itself is kept whole.
pub(super) fn in_its_series(text: &str) -> Option<String> {
    if let Some(line) = whole_line(text).filter(|line| line.name == "RECURRENCE-ID") {
        return params_of(&line);
    }
    let line = Line::parse(0, text.as_bytes().to_vec());
    match line.filter(|line| DIFFERENT.contains(&line.name.as_str())) {
        Some(_) => Some(Line::text(own::SECOND, text).to_text()),
        None => Some(text.to_owned()),
    }
}

/// Returns the line that a leftover keeps whole.
fn whole_line(text: &str) -> Option<Line> {
    let line = text.starts_with(own::SECOND).then(|| Line::parse(0, text.as_bytes().to_vec())).flatten()?;
    Line::parse(0, line.unescaped().into_bytes())
}

/// Keeps the whole line where parameters would have no line to go back to: a status that is the usual one is not
/// written, nor is an empty text, and a length is written as an end. Of several lines that are written as one, the first
/// gives its parameters; what says the same is said once.
pub(super) fn keep_whole(component: &Component, event: &Event, unknown: &mut Vec<String>) {
    if !unknown.iter().any(|text| text.starts_with(own::PARAMS)) {
        return;
    }
    let mut lines = write::lines_of(event);
    lines.push(Line::new("RECURRENCE-ID", ""));
    let places = places_of(&lines);
    let mut read: BTreeMap<String, VecDeque<&Line>> = BTreeMap::new();
    for line in &component.lines {
        if let Some(text) = params_of(line) {
            read.entry(text).or_default().push_back(line);
        }
    }
    let mut used: BTreeMap<usize, String> = BTreeMap::new();
    unknown.retain_mut(|text| {
        let Some(line) = read.get_mut(text).and_then(VecDeque::pop_front) else { return true };
        let kept = Line::parse(0, text.clone().into_bytes()).filter(|kept| kept.name == own::PARAMS);
        let Some(kept) = kept else { return true };
        match places.get(&(line.name.clone(), kept.value)).map(|at| used.entry(*at)) {
            Some(Entry::Vacant(place)) => drop(place.insert(text.clone())),
            Some(Entry::Occupied(place)) if place.get() == text => return false,
            _ => *text = whole(line),
        }
        true
    });
}

/// Writes lines without a value as a file had them, where the event says nothing of what they are about; returns the other
/// leftovers.
pub(super) fn empty_lines(lines: &mut Vec<Line>, unknown: Vec<String>) -> Vec<String> {
    let said: BTreeSet<String> = lines.iter().map(|line| line.name.clone()).collect();
    let is_empty = |line: &Line| {
        line.value.trim().is_empty()
            && params_of(line).is_some()
            && MAY_BE_EMPTY.contains(&line.name.as_str())
    };
    let empty = |text: &String| {
        let whole = text.strip_prefix(own::SECOND)?.strip_prefix(':')?;
        let line = Line::parse(0, unescape(whole).into_bytes())?;
        (is_empty(&line) && line.is_sound() && !said.contains(&line.name)).then_some(line)
    };
    let (written, others): (Vec<_>, Vec<_>) =
        unknown.into_iter().map(|text| (empty(&text), text)).partition(|(line, _)| line.is_some());
    lines.extend(written.into_iter().filter_map(|(line, _)| line));
    others.into_iter().map(|(_, text)| text).collect()
}

/// Properties that say nothing where they have no value.
const MAY_BE_EMPTY: [&str; 8] =
    ["LOCATION", "DESCRIPTION", "SUMMARY", "CATEGORIES", "CLASS", "STATUS", "TRANSP", "URL"];

/// Keeps a line of which an event has one only, and had one already.
pub(super) fn second(line: &Line) -> String {
    match line.name.as_str() {
        "SUMMARY" | "DESCRIPTION" | "LOCATION" | "URL" | "COLOR" => left_over(line),
        _ => whole(line),
    }
}

/// Returns what is to be kept of a line that was taken over.
pub(super) fn beyond(line: &Line, event: &Event) -> Vec<String> {
    if line.name.starts_with("X-PASSERELLE-") {
        return Vec::new();
    }
    let other = |known: &[&str]| !known.contains(&line.value.trim().to_ascii_uppercase().as_str());
    let strange = match line.name.as_str() {
        "CLASS" => other(&["", "PUBLIC", "PRIVATE", "CONFIDENTIAL"]),
        "TRANSP" => other(&["", "OPAQUE", "TRANSPARENT"]),
        "STATUS" => other(&["", "TENTATIVE", "CONFIRMED", "CANCELLED"]),
        "RRULE" | "EXRULE" => rule::says_more(line),
        // An end and a length that do not agree.
        "DURATION" => {
            length(&line.value).is_some_and(|(_, length)| !length.is_zero() && length != event.duration)
        }
        // A journey ends by another clock than it began.
        "DTEND" if is_elsewhere(line, event) => true,
        "DTEND" => match when(&line.value) {
            Some(When::Day(_)) => !event.is_all_day(),
            Some(When::Wall(end)) => event.is_all_day() && end != end.date().into(),
            Some(When::Moment(end)) => event.is_all_day() && end.naive_utc() != end.date_naive().into(),
            None => false,
        },
        _ => false,
    };
    params_of(line).into_iter().chain(strange.then(|| second(line))).collect()
}

/// Tells whether an end is in another zone than its start.
fn is_elsewhere(line: &Line, event: &Event) -> bool {
    let zone = line.param("TZID").and_then(zone_name);
    let start = event.start.as_ref().and_then(|start| start.zone());
    start.is_some() && zone.is_some_and(|zone| start != Some(zone.as_str()))
}

/// Writes a component as one text.
pub(super) fn text_of(component: &Component) -> String {
    let mut text = format!("BEGIN:{}\n", component.name);
    for line in &component.lines {
        text.push_str(&line.to_text());
        text.push('\n');
    }
    for child in &component.children {
        text.push_str(&text_of(child));
        text.push('\n');
    }
    text + "END:" + &component.name
}

/// Reads a component that was kept as one text; nothing of a text that is anything else.
pub(super) fn component_of(text: &str) -> Option<Component> {
    let mut open: Vec<Component> = Vec::new();
    let mut lines = text.strip_prefix("BEGIN:").map(|_| text.lines())?;
    while let Some(text) = lines.next() {
        let line = Line::parse(0, text.as_bytes().to_vec())?;
        let name = line.value.trim().to_ascii_uppercase();
        match line.name.as_str() {
            "BEGIN" if open.len() < DEEPEST && may_stand_inside(&name) => {
                open.push(Component { name, ..Component::default() });
            }
            "BEGIN" => return None,
            "END" => {
                let closed = open.pop().filter(|closed| closed.name == name)?;
                match open.last_mut() {
                    Some(outer) => outer.children.push(closed),
                    None => return lines.next().is_none().then_some(closed),
                }
            }
            _ => open.last_mut()?.lines.push(line),
        }
    }
    None
}

/// How deep components may stand within each other.
const DEEPEST: usize = 16;

/// Tells whether a component of this name may stand inside an event.
fn may_stand_inside(name: &str) -> bool {
    let token = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    token && !matches!(name, "VEVENT" | "VCALENDAR" | "VTIMEZONE" | "VCARD")
}

/// Returns a component as lines; those that cannot be written are kept as text.
pub(super) fn lines_of(component: &Component) -> Vec<Line> {
    let mut lines = vec![Line::new("BEGIN", &component.name)];
    for line in &component.lines {
        if line.is_sound() && !matches!(line.name.as_str(), "BEGIN" | "END") {
            lines.push(line.clone());
        } else {
            lines.push(Line::text(UNKNOWN, &line.to_text()));
        }
    }
    lines.extend(component.children.iter().flat_map(lines_of));
    lines.push(Line::new("END", &component.name));
    lines
}

/// Keeps what was left over from a changed occurrence, beside its series.
pub(super) fn of_change(id: &str, unknown: Vec<String>) -> impl Iterator<Item = String> {
    unknown.into_iter().map(move |text| Line::text(own::CHANGE, &text).with(ID, id).to_text())
}

/// Returns what an occurrence that was called off says otherwise than its series: an event has no place for that.
pub(super) fn of_called_off(series: &Event, id: RecurrenceId, own: &Event) -> Vec<String> {
    let series = series::bare(series);
    let unmoved = series::apply(&series, id, &Override::default());
    let mut differs = series::difference(&series, id, own);
    // Without an end it says nothing of the length.
    differs.duration.take_if(|length| length.is_zero());
    let own = series::apply(&series, id, &differs);
    let said: BTreeSet<String> = write::lines_of(&unmoved).iter().map(Line::to_text).collect();
    let lines = write::lines_of(&own).into_iter().filter(|line| line.name != "STATUS");
    let alerts = own.alerts.iter().filter(|(key, _)| !unmoved.alerts.contains_key(*key));
    let alerts = alerts.map(|(_, alert)| {
        let lines: Vec<String> = alarms::lines_of(alert, &own.title).iter().map(Line::to_text).collect();
        lines.join("\n")
    });
    lines.filter(|line| !said.contains(&line.to_text())).map(|line| whole(&line)).chain(alerts).collect()
}

/// Leftovers by where they belong.
#[derive(Default)]
pub(super) struct Leftovers {
    /// Of the series itself.
    pub(super) own: Vec<String>,
    /// Of changed occurrences, with their names.
    pub(super) changes: BTreeMap<String, Vec<String>>,
}

impl Leftovers {
    pub(super) fn new(unknown: &[String]) -> Self {
        let mut found = Leftovers::default();
        for text in unknown {
            let line =
                text.starts_with(own::CHANGE).then(|| Line::parse(0, text.clone().into_bytes())).flatten();
            match line.as_ref().and_then(|line| Some((line.param(ID)?.to_owned(), line.unescaped()))) {
                Some((id, text)) => found.changes.entry(id).or_default().push(text),
                None => found.own.push(text.clone()),
            }
        }
        found
    }

    /// Returns what belongs to one changed occurrence.
    pub(super) fn of(&self, id: &str) -> &[String] {
        self.changes.get(id).map(Vec::as_slice).unwrap_or_default()
    }
}

/// Puts leftovers into the order in which a file has them that is written with them.
pub(super) fn sort(unknown: &mut [String]) {
    let place = |text: &String| {
        let first = if text.starts_with(own::PARAMS) { text.clone() } else { String::new() };
        (!text.starts_with(own::PARAMS), text.starts_with("BEGIN:"), text.starts_with("BEGIN:VALARM"), first)
    };
    unknown.sort_by_cached_key(place);
}

/// Puts kept parameters back on their lines, and returns the other leftovers.
pub(super) fn put_back(lines: &mut Vec<Line>, unknown: &[String], change: bool) -> Vec<String> {
    let mut others = Vec::new();
    let any = unknown.iter().any(|text| text.starts_with(own::PARAMS));
    let places = if any { places_of(lines) } else { BTreeMap::new() };
    for text in unknown {
        let line = Line::parse(0, text.clone().into_bytes());
        match line.filter(|line| line.name == own::PARAMS) {
            Some(rest) => attach(lines, &places, &rest),
            None => others.push(text.clone()),
        }
    }
    // What a changed occurrence says differently from its series is said once.
    if change {
        let said: Vec<Line> =
            others.iter().filter_map(|text| Line::parse(0, text.clone().into_bytes())).collect();
        let own = |name: &str| DIFFERENT.contains(&name) && said.iter().any(|line| line.name == name);
        lines.retain(|line| !own(&line.name));
        others.iter_mut().for_each(as_further_line);
    }
    others
}

/// Writes a further address of a changed occurrence as the line that it was, as that of a series is.
fn as_further_line(text: &mut String) {
    let line = whole_line(text).filter(|line| !line.value.trim().is_empty() && line.is_sound());
    if let Some(line) = line.filter(|line| matches!(line.name.as_str(), "URL" | "CONFERENCE")) {
        *text = line.to_text();
    }
}

/// Returns where lines stand, by their name and by what tells them from others of it.
fn places_of(lines: &[Line]) -> BTreeMap<(String, String), usize> {
    let mut places = BTreeMap::new();
    for (at, line) in lines.iter().enumerate() {
        // Where a property is named alone, the first of its name is meant.
        places.entry((line.name.clone(), String::new())).or_insert(at);
        places.entry((line.name.clone(), anchor(line))).or_insert(at);
    }
    places
}

/// What older releases kept beside a change that had no place for it. Further lines of these are kept as [`own::SECOND`].
const DIFFERENT: [&str; 4] = ["URL", "CLASS", "CATEGORIES", "CONFERENCE"];

/// Returns what was kept of a changed occurrence, without what it says itself by now.
pub(super) fn not_said(unknown: &[String], change: &Override) -> Vec<String> {
    let said = |text: &String| {
        let name = Line::parse(0, text.clone().into_bytes()).map(|line| line.name).unwrap_or_default();
        match name.as_str() {
            "URL" => change.url.is_some(),
            "CLASS" => change.privacy.is_some(),
            "CATEGORIES" => change.categories.is_some(),
            "CONFERENCE" => change.conference_url.is_some(),
            _ => false,
        }
    };
    unknown.iter().filter(|text| !said(text)).cloned().collect()
}

/// What was kept of something that is no longer there has nothing to say any more.
fn attach(lines: &mut [Line], places: &BTreeMap<(String, String), usize>, rest: &Line) {
    let Some(of) = rest.param(OF) else { return };
    let place = places.get(&(of.to_owned(), rest.value.clone()));
    let Some(line) = place.and_then(|at| lines.get_mut(*at)) else { return };
    let own: BTreeSet<String> = line.params.iter().map(|(name, _)| name.clone()).collect();
    for (name, values) in rest.params.iter().filter(|(name, _)| name != OF) {
        if name == own::ADDRESS {
            guests::put_beside_address(line, values.first().map_or("", String::as_str));
            continue;
        }
        match line.params.iter_mut().find(|(known, _)| known == name).filter(|_| own.contains(name)) {
            // A parameter may stand there several times.
            None => line.params.push((name.clone(), values.clone())),
            // A name with a comma that should have been quoted: the first part is the one that was taken.
            Some((_, known)) if name == "CN" && known.first() == values.first() => known.clone_from(values),
            Some((_, known)) if name == "CUTYPE" && known.iter().any(|value| value == "RESOURCE") => {
                known.clone_from(values);
            }
            Some(_) => {}
        }
    }
}

/// Returns the reminders of an event as lines: as a file had them where they are the same, else as they are.
/// Returns the leftovers that are no reminders as well.
pub(super) fn reminders(event: &Event, unknown: &[String]) -> (Vec<Line>, Vec<String>) {
    let (mut lines, mut others) = (Vec::new(), Vec::new());
    let mut written: BTreeSet<String> = BTreeSet::new();
    for text in unknown {
        let component = component_of(text).filter(|component| component.name == "VALARM");
        let Some(component) = component else {
            others.push(text.clone());
            continue;
        };
        match alarms::alert_of(&component, event, None) {
            // A reminder that was taken away since.
            Some(alert) if !event.alerts.contains_key(&alert.key()) => {}
            Some(alert) => {
                written.insert(alert.key());
                lines.extend(lines_of(&component));
            }
            None => lines.extend(lines_of(&component)),
        }
    }
    let rest = event.alerts.iter().filter(|(key, _)| !written.contains(key.as_str()));
    lines.extend(rest.flat_map(|(_, alert)| alarms::lines_of(alert, &event.title)));
    (lines, others)
}
