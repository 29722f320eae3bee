//! Changed occurrences whose series is not in the file: events by themselves, until they are put into it.

use std::collections::{BTreeMap, BTreeSet};

use chrono::SecondsFormat;
use passerelle_calendar::{Event, Override, RecurrenceId, Start, contains, occurrences};
use passerelle_ports::left;

use super::{
    dates::{Days, is_said},
    own,
    read::{Read1, event_of, finish, is_of_many, is_rule, start_of},
    rest, series,
    zones::Zones,
};
use crate::{
    BadRecord, Imported, Reason,
    content::{Component, Line, summary_of},
};

/// Tells whether a component is one changed occurrence of a series: an empty name names none.
pub(super) fn is_change(component: &Component) -> bool {
    component.get("RECURRENCE-ID").is_some_and(|line| !line.value.trim().is_empty())
}

/// Tells whether an event may be one occurrence of a series, and does not say which.
pub(super) fn is_nameless(component: &Component) -> bool {
    let has = |name: &str| component.lines.iter().any(|line| line.name == name);
    has("RECURRENCE-ID") && !is_change(component) && !component.lines.iter().any(is_rule)
}

/// Returns the note that an event may be one occurrence of a series, and does not say which.
pub(super) fn nameless(component: &Component) -> Option<String> {
    let uid = component.text("UID");
    let note = || Line::new(own::OCCURRENCE, "").with("UID", uid.as_str()).to_text();
    (is_nameless(component) && !uid.trim().is_empty()).then(note)
}

/// Returns when a changed occurrence takes place by its series.
pub(super) fn place_of(component: &Component, zones: &mut Zones) -> Option<Start> {
    component.get("RECURRENCE-ID").and_then(|line| start_of(line, zones).ok())
}

/// Returns what an occurrence is known by, and what it is asked for by, however files spell its time: without a zone, or
/// in another one.
#[must_use]
pub fn spellings_of(at: &Start) -> (Vec<String>, Vec<String>) {
    let wall = at.wall().format("%Y-%m-%dT%H:%M:%S");
    match (at, at.instant()) {
        (Start::Zoned { zone, .. }, Some(instant)) => {
            let instant = instant.to_rfc3339_opts(SecondsFormat::Secs, true);
            let local = (zone != "Etc/UTC").then(|| format!("zoned {wall}"));
            let known = [Some(instant.clone()), local].into_iter().flatten();
            (known.collect(), vec![instant, format!("floating {wall}")])
        }
        (Start::Date { date }, _) => (vec![date.to_string()], vec![date.to_string()]),
        _ => {
            let floating = format!("floating {wall}");
            (vec![floating.clone()], vec![floating, format!("zoned {wall}")])
        }
    }
}

/// A changed occurrence without the lines that belong to its series.
pub(super) struct TakenOut {
    pub(super) component: Component,
    /// The line that names it.
    name: Line,
    /// That line, and those that say when its series repeats.
    lines: Vec<Line>,
}

/// Takes a changed occurrence out of its series: without a start of its own it begins where the series has it.
pub(super) fn take_out(mut component: Component) -> Result<TakenOut, Reason> {
    let name = component.get("RECURRENCE-ID").cloned().ok_or(Reason::BadRecurrenceId)?;
    if is_of_many(&name) {
        return Err(Reason::ThisAndFuture);
    }
    let lines: Vec<Line> = component.lines.extract_if(.., |line| is_name_or_rule(line)).collect();
    if component.get("DTSTART").is_none_or(|line| line.value.trim().is_empty()) {
        component.lines.retain(|line| line.name != "DTSTART");
        let params = name.params.iter().filter(|(name, _)| matches!(name.as_str(), "TZID" | "VALUE"));
        let params = params.cloned().collect();
        component.lines.push(Line { params, ..Line::new("DTSTART", name.value.clone()) });
    }
    Ok(TakenOut { component, name, lines })
}

impl TakenOut {
    /// Returns it as the state of an appointment that does not repeat: the lines of a series are kept as text.
    pub(super) fn into_state(self, zones: &mut Zones) -> Component {
        let TakenOut { mut component, name, lines } = self;
        let at = start_of(&name, zones).ok();
        for text in notes_of(None, at.as_ref(), &name, &lines) {
            component.lines.extend(Line::parse(0, text.into_bytes()));
        }
        component
    }
}

/// Reads a changed occurrence as an event by itself: whatever rule it repeats is that of its series.
pub(super) fn orphan(component: Component, zones: &mut Zones) -> Read1 {
    let (line, summary) = (component.line, summary_of(&component));
    let TakenOut { mut component, name, lines } =
        take_out(component).map_err(|reason| BadRecord::new(line, summary, reason))?;
    let named = component.lines.iter().find(|line| line.name == "UID" && !line.value.trim().is_empty());
    let named = named.filter(|_| component.get(own::NO_UID).is_none());
    let uid = named.map(Line::unescaped).unwrap_or_default();
    if !uid.is_empty() {
        // The identifier is another one before the event is read: what is kept of its line is found by its value.
        let derived = format!("{uid}_{}", name.value.trim());
        rename(&mut component, &uid, &derived);
    }
    let read = event_of(&component, zones).map(|(event, mut unknown)| {
        let at = start_of(&name, zones).ok();
        let guesses =
            zones.guesses().into_iter().filter(|guess| !unknown.contains(guess)).collect::<Vec<_>>();
        unknown.extend(guesses);
        match uid.as_str() {
            "" => unknown.extend(notes_of(None, None, &name, &lines)),
            uid => unknown.extend(notes_of(Some(uid), at.as_ref(), &name, &lines)),
        }
        rest::sort(&mut unknown);
        (event, unknown)
    });
    finish(&component, read)
}

/// Tells whether a line names an occurrence, or says when its series repeats.
fn is_name_or_rule(line: &Line) -> bool {
    line.name == "RECURRENCE-ID" || is_rule(line)
}

/// Gives another identifier to a component; the parameters of its line stay.
fn rename(component: &mut Component, uid: &str, derived: &str) {
    for line in component.lines.iter_mut().filter(|line| line.name == "UID" && line.unescaped() == uid) {
        *line = Line { params: std::mem::take(&mut line.params), ..Line::text("UID", derived) };
    }
}

/// Returns what is kept of the name of an occurrence that stands alone, and of the rules beside it: a note where the
/// occurrence can be named, and the whole lines that say more than the note does. A note without an identifier is of an
/// appointment that does not repeat.
fn notes_of(uid: Option<&str>, at: Option<&Start>, name: &Line, lines: &[Line]) -> Vec<String> {
    let named = |value: &str| match uid {
        Some(uid) => Line::new(own::OCCURRENCE, value).with("UID", uid),
        None => Line::new(own::OCCURRENCE, value),
    };
    let (mut note, mut whole) = (at.map(|at| named(&at.to_string())), Vec::new());
    for line in lines.iter().filter(|line| !line.value.trim().is_empty() || !line.params.is_empty()) {
        note = match note {
            Some(note) if line == name && rest::params_of(line).is_none() => Some(note),
            Some(note) if uid.is_some() && is_rule(line) && line.params.is_empty() => {
                Some(note.with(&line.name, line.value.clone()))
            }
            note => {
                whole.push(rest::whole(line));
                note
            }
        };
    }
    // It is of that series, whichever occurrence it is.
    let note = note.or_else(|| uid.map(|_| named("")));
    note.map(|note| note.to_text()).into_iter().chain(whole).collect()
}

/// Returns what is kept of the name of an occurrence that stands alone.
pub(crate) fn note(uid: &str, at: &Start) -> String {
    Line::new(own::OCCURRENCE, at.to_string()).with("UID", uid).to_text()
}

/// Returns what is kept of when an appointment was that does not repeat, before it was moved.
pub(crate) fn note_of_single(at: &Start) -> String {
    Line::new(own::OCCURRENCE, at.to_string()).to_text()
}

/// Returns what is kept of an identifier that another record of the file has.
pub(crate) fn original(uid: &str) -> String {
    Line::text(own::UID, uid).to_text()
}

/// Returns the identifier of the series of which an event is one changed occurrence, if a file said so.
#[must_use]
pub fn series_of(found: &Imported<Event>) -> Option<String> {
    note_of(&found.unknown)?.0.param("UID").map(str::to_owned)
}

/// Returns when the occurrence that an event is takes place by its series, if a file said so.
#[must_use]
pub fn occurrence_of(found: &Imported<Event>) -> Option<Start> {
    note_of(&found.unknown)?.1
}

/// Tells whether an event is a changed occurrence that does not say of which series: it has no identifier.
pub fn is_nameless_change(found: &Imported<Event>) -> bool {
    let line = format!("{}:RECURRENCE-ID", own::SECOND);
    let is_name = |text: &String| text.starts_with(&line) || text.starts_with("{\"recurrenceId\"");
    found.record.uid.is_empty() && found.unknown.iter().any(is_name)
}

/// Takes the note away that an event may be an occurrence of the series here that has its identifier: it is told whether
/// there is one while the file is read.
pub fn forget_series(found: &mut Imported<Event>) {
    let uid = series_of(found).filter(|uid| *uid == found.record.uid);
    if uid.is_some() && occurrence_of(found).is_none() {
        found.unknown.retain(|text| !text.starts_with(own::OCCURRENCE));
    }
}

/// Returns the note that names the occurrence which an event is, with its start by its series where that can be read.
fn note_of(unknown: &[String]) -> Option<(Line, Option<Start>)> {
    let note = unknown.iter().find(|line| line.starts_with(own::OCCURRENCE))?;
    let line = Line::parse(0, note.clone().into_bytes())?;
    line.param("UID")?;
    let at = line.value.trim().parse().ok();
    Some((line, at))
}

/// Returns when an appointment that does not repeat took place before it was moved, as what is kept beside it says.
pub(super) fn noted_of(kept: &[String]) -> Option<Start> {
    kept.iter().find_map(|text| {
        let note = text.starts_with(own::OCCURRENCE).then(|| Line::parse(0, text.clone().into_bytes()))??;
        note.value.trim().parse().ok()
    })
}

/// Tells whether an occurrence is what an appointment is that does not repeat: it takes place then, or did so before it
/// was moved.
pub(super) fn is_that(event: &Event, noted: Option<&Start>, at: &Start) -> bool {
    let asked = spellings_of(at).1;
    let is_same = |known: &Start| spellings_of(known).0.iter().any(|name| asked.contains(name));
    !event.is_recurring() && event.start.as_ref().into_iter().chain(noted).any(is_same)
}

/// What a changed occurrence that came without its series is to the record that has the identifier of that.
#[derive(Clone, Debug, PartialEq)]
pub enum Joined {
    /// It was put into that series.
    Into,
    /// It does not belong there.
    Not,
    /// It is a state of that record itself, which does not repeat.
    State(Box<Imported<Event>>),
}

/// Puts changed occurrences that came without their series into this series, which has `kept` beside it. Returns what
/// became of each, and what the series has beside it then. Why one cannot be taken over is its error: [`Reason::Older`] where
/// the series has a newer state of it.
pub fn join_series(
    series: &mut Event,
    kept: &[String],
    found: &[&Imported<Event>],
) -> (Vec<Result<Joined, Reason>>, Vec<String>) {
    let mut joining = Joining::new(series, kept, found);
    let done = found.iter().map(|found| joining.join(found)).collect();
    (done, joining.kept())
}

/// Puts changed occurrences that came before their series into it, which has `kept` beside it: what the series says of an
/// occurrence itself counts, unless it is an older state by its number. Returns the same as [`join_series`].
pub fn adopt(
    series: &mut Event,
    kept: &[String],
    lone: &[&Imported<Event>],
) -> (Vec<Result<Joined, Reason>>, Vec<String>) {
    let mut joining = Joining::new(series, kept, lone);
    let done = lone.iter().map(|lone| joining.adopt(lone)).collect();
    (done, joining.kept())
}

/// The occurrences that a series has by its rules, in the days that are asked for: they are worked out once for all of them.
pub(super) struct There {
    ids: BTreeSet<RecurrenceId>,
    /// Whether these are all.
    complete: bool,
}

impl There {
    pub(super) fn of(series: &Event, asked: impl Iterator<Item = Start>) -> Self {
        let ids = asked.filter_map(|at| series::occurrence_at(&at, series));
        let days: BTreeSet<_> = ids.map(|id| id.wall().date()).collect();
        let range = days.first().copied().zip(days.last().and_then(|last| last.succ_opt()));
        let rules = series.rules_alone();
        let listed = range.and_then(|(first, end)| occurrences(&rules, first..end, MOST).ok());
        let complete = listed.as_ref().is_some_and(|listed| listed.complete);
        There { ids: listed.into_iter().flat_map(|listed| listed.list).map(|one| one.id).collect(), complete }
    }

    pub(super) fn has(&self, series: &Event, id: RecurrenceId) -> bool {
        self.ids.contains(&id) || (!self.complete && contains(series, id).unwrap_or(false))
    }
}

/// A record into which changed occurrences are put, several at a time: what it has is worked out once for all of them.
struct Joining<'a> {
    series: &'a mut Event,
    /// What is kept beside the series itself.
    own: Vec<String>,
    /// What is kept beside its changes, by their names.
    changes: BTreeMap<String, Vec<String>>,
    /// The occurrences that it has by its rules.
    there: There,
}

impl<'a> Joining<'a> {
    fn new(series: &'a mut Event, kept: &[String], found: &[&Imported<Event>]) -> Self {
        let rest::Leftovers { own, changes } = rest::Leftovers::new(kept);
        let there = There::of(series, found.iter().filter_map(|found| occurrence_of(found)));
        Joining { series, own, changes, there }
    }

    fn kept(self) -> Vec<String> {
        let changes = self.changes.into_iter();
        let changes = changes.flat_map(|(id, kept)| rest::of_change(&id, kept).collect::<Vec<_>>());
        self.own.into_iter().chain(changes).collect()
    }

    fn join(&mut self, found: &Imported<Event>) -> Result<Joined, Reason> {
        let Some((note, at)) = note_of(&found.unknown) else { return Ok(Joined::Not) };
        let Some(at) = at else {
            // Which of them it is cannot be told.
            let is_itself = found.record.uid == self.series.uid && !self.series.is_recurring();
            return if is_itself { Ok(Joined::Not) } else { Err(Reason::BadRecurrenceId) };
        };
        if !self.series.is_recurring() {
            let is_that = is_that(self.series, noted_of(&self.own).as_ref(), &at);
            return Ok(if is_that { Joined::State(Box::new(self.state(found, &at))) } else { Joined::Not });
        }
        let Some(id) = series::occurrence_at(&at, self.series) else { return Ok(Joined::Not) };
        let name = id.to_string();
        let known = self.series.recurrence_overrides.contains_key(&name);
        if !known && !self.there.has(self.series, id) {
            return Ok(Joined::Not);
        }
        let own = found.unknown.iter().filter(|text| !text.starts_with(own::OCCURRENCE));
        let own = own.filter_map(|text| rest::in_its_series(text));
        let mut own: Vec<String> = own.chain(rules_of(&note, self.series)).collect();
        if known && is_older(&own, self.of(&name)) {
            return Err(Reason::Older);
        }
        let change = check_change(self.series, id, series::changed(self.series, id, &found.record))?;
        if change.excluded {
            own.extend(rest::of_called_off(self.series, id, &found.record));
        }
        self.series.recurrence_overrides.insert(name.clone(), change);
        self.changes.insert(name, own);
        Ok(Joined::Into)
    }

    fn adopt(&mut self, lone: &Imported<Event>) -> Result<Joined, Reason> {
        let Some((_, Some(at))) = note_of(&lone.unknown) else { return Ok(Joined::Not) };
        let own: Vec<String> = lone.unknown.iter().filter_map(|text| rest::in_its_series(text)).collect();
        if !self.series.is_recurring() {
            return match self.join(lone)? {
                Joined::State(_) if is_older(&own, &self.own) => Ok(Joined::Into),
                joined => Ok(joined),
            };
        }
        let id = series::occurrence_at(&at, self.series).map(|id| id.to_string());
        let said = id.filter(|id| self.series.recurrence_overrides.contains_key(id));
        match said {
            Some(id) if !is_older(self.of(&id), &own) => Ok(Joined::Into),
            _ => self.join(lone),
        }
    }

    /// Returns what is kept beside one changed occurrence.
    fn of(&self, id: &str) -> &[String] {
        self.changes.get(id).map(Vec::as_slice).unwrap_or_default()
    }

    /// Returns a changed occurrence as the state of an appointment that does not repeat.
    fn state(&self, found: &Imported<Event>, at: &Start) -> Imported<Event> {
        let mut found = found.clone();
        found.record.uid.clone_from(&self.series.uid);
        for text in found.unknown.iter_mut().filter(|text| text.starts_with(own::OCCURRENCE)) {
            *text = note_of_single(at);
        }
        found
    }
}

/// The most occurrences of a series that are worked out.
pub(super) const MOST: usize = 100_000;

/// Checks a changed occurrence by itself: a bad one must not take its series with it.
pub(super) fn check_change(series: &Event, id: RecurrenceId, change: Override) -> Result<Override, Reason> {
    let alone = Event {
        start: series.start.clone(),
        duration: series.duration,
        recurrence_overrides: [(id.to_string(), change.clone())].into(),
        ..Event::default()
    };
    Reason::of_event(&alone).map_or(Ok(change), Err)
}

/// Returns the rules of a changed occurrence that its series does not have: they are kept beside the change.
fn rules_of(note: &Line, series: &Event) -> Vec<String> {
    let (mut zones, mut days) = (Zones::default(), Days::default());
    let params = note.params.iter().flat_map(|(name, values)| values.iter().map(move |value| (name, value)));
    let rules = params.map(|(name, value)| Line::new(name, value.clone())).filter(is_rule);
    rules
        .filter(|rule| !is_said(series, rule, &mut zones, &mut days))
        .map(|rule| rest::whole(&rule))
        .collect()
}

/// Tells whether a state of an occurrence is older than the one that is there, by the numbers that both say.
fn is_older(read: &[String], there: &[String]) -> bool {
    let number = |texts: &[String]| left::sequence(texts.iter().map(String::as_str));
    number(read).zip(number(there)).is_some_and(|(read, there)| read < there)
}
