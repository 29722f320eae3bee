//! From iCalendar to events.

use std::collections::BTreeMap;

use chrono::NaiveDateTime;
use passerelle_calendar::{
    Duration, Event, FreeBusyStatus, Override, Privacy, RecurrenceId, Start, Status, parse_zone,
};

use super::{
    alarms, dates, guests, own,
    repair::{When, length, when},
    rest,
    rule::{are_sound, rule_of, until_day},
    series,
    zones::Zones,
};
use crate::{
    BadRecord, Imported, Reason,
    content::{Component, Line, left_over, summary_of},
};

/// One event of a file, or what is wrong with it.
pub(crate) type Read1 = Result<Imported<Event>, BadRecord>;

/// Checks what was read of a component.
pub(crate) fn finish(component: &Component, read: Result<(Event, Vec<String>), Reason>) -> Read1 {
    let checked = read.and_then(|(event, unknown)| match Reason::of_event(&event) {
        Some(reason) => Err(reason),
        None if !are_sound(&event) => Err(Reason::MalformedRule),
        None => Ok(Imported { record: event, unknown, line: component.line, nth: 0 }),
    });
    checked.map_err(|reason| BadRecord::new(component.line, summary_of(component), reason))
}

/// Reads the event of a component, and what is left over of it.
pub(crate) fn event_of(component: &Component, zones: &mut Zones) -> Result<(Event, Vec<String>), Reason> {
    let mut event = Event::default();
    let mut unknown = Vec::new();
    zones.enter(component);
    let start = component.get("DTSTART").map(|line| begin_of(line, component, zones)).transpose()?;
    event.start = start.map(|start| in_zone_of_end(start, component, zones));
    event.duration = duration_of(component, event.start.as_ref(), zones)?;
    let clock = event.start.as_ref().and_then(|start| parse_zone(start.zone()?)).or(zones.calendar());
    all_day_of_outlook(component, &mut event);
    let mut once = Once::default();
    let mut attending = guests::Attending::default();
    let is_dates = |line: &&Line| matches!(line.name.as_str(), "RDATE" | "EXDATE");
    for line in &component.lines {
        if !once.is_first(line) {
            unknown.push(rest::second(line));
        } else if is_dates(&line) {
            // They are read by the rules, which may stand behind them.
        } else if guests::is_guest(line) {
            match guests::take(&mut event.participants, &mut attending, line) {
                true => unknown.extend(rest::beyond(line, &event)),
                false => unknown.push(rest::whole(line)),
            }
        } else if take(&mut event, line) {
            unknown.extend(rest::beyond(line, &event));
        } else {
            unknown.push(left_over(line));
        }
    }
    if let Some(zone) = clock.filter(|_| event.is_all_day()) {
        let rules = event.recurrence_rules.iter_mut().chain(&mut event.excluded_recurrence_rules);
        rules.for_each(|rule| *rule = until_day(rule, zone));
    }
    let mut days = dates::Days::default();
    for line in component.lines.iter().filter(is_dates) {
        let bad = dates::take(&mut event, line, zones, &mut days);
        unknown.extend(bad.or_else(|| rest::params_of(line)));
    }
    if component.get(own::NO_UID).is_some() {
        event.uid.clear();
    }
    for child in &component.children {
        if child.name == "VALARM" {
            let (alert, kept) = alarms::read(child, &event, zones);
            event.alerts.extend(alert.map(|alert| (alert.key(), alert)));
            unknown.extend(kept);
        } else {
            unknown.push(rest::text_of(child));
        }
    }
    unknown.extend(zones.guesses());
    rest::keep_whole(component, &event, &mut unknown);
    rest::sort(&mut unknown);
    Ok((event, unknown))
}

/// Properties that stand once in an event; of more, the first that says something counts.
const SINGLE: [&str; 13] = [
    "UID",
    "SUMMARY",
    "DESCRIPTION",
    "LOCATION",
    "DTSTART",
    "DTEND",
    "DURATION",
    "CLASS",
    "TRANSP",
    "STATUS",
    "COLOR",
    "URL",
    "DTSTAMP",
];

/// What was read already of the properties that stand once.
#[derive(Default)]
struct Once<'a>(BTreeMap<&'a str, &'a str>);

impl<'a> Once<'a> {
    /// Tells whether a line is the first of its name, or says what the first said.
    fn is_first(&mut self, line: &'a Line) -> bool {
        if !SINGLE.contains(&line.name.as_str()) || line.value.trim().is_empty() {
            return true;
        }
        *self.0.entry(&line.name).or_insert(&line.value) == line.value
    }
}

/// Takes a line over; tells whether it was understood.
fn take(event: &mut Event, line: &Line) -> bool {
    let word = || line.value.trim().to_ascii_uppercase();
    match line.name.as_str() {
        "DTSTART"
        | "DTEND"
        | "DURATION"
        | "DTSTAMP"
        | "RECURRENCE-ID"
        | own::CHANGED
        | own::SERIES
        | own::NO_UID => {}
        "UID" | "SUMMARY" | "DESCRIPTION" | "LOCATION" | "URL" | "COLOR" | "CLASS" | "TRANSP" | "STATUS"
            if line.value.trim().is_empty() => {}
        "UID" => event.uid = line.unescaped(),
        "SUMMARY" => event.title = line.unescaped(),
        "DESCRIPTION" => event.description = line.unescaped(),
        "LOCATION" => event.location = line.unescaped(),
        "RRULE" => event.recurrence_rules.extend(rule_of(line)),
        "EXRULE" => event.excluded_recurrence_rules.extend(rule_of(line)),
        "CLASS" => {
            event.privacy = match word().as_str() {
                "PUBLIC" => Privacy::Public,
                "CONFIDENTIAL" => Privacy::Confidential,
                _ => Privacy::Private,
            }
        }
        "TRANSP" => {
            let free = word() == "TRANSPARENT";
            event.free_busy_status = if free { FreeBusyStatus::Free } else { FreeBusyStatus::Busy };
        }
        "STATUS" => {
            event.status = match word().as_str() {
                "TENTATIVE" => Status::Tentative,
                "CANCELLED" => Status::Cancelled,
                _ => Status::Confirmed,
            }
        }
        "COLOR" => event.color = line.unescaped(),
        "URL" => event.url = line.value.clone(),
        "CONFERENCE" | "X-GOOGLE-CONFERENCE" | "X-MICROSOFT-SKYPETEAMSMEETINGURL"
            if event.conference_url.is_empty() =>
        {
            event.conference_url = line.value.clone();
        }
        "CATEGORIES" => {
            event.categories.extend(categories_of(line.parts(',')));
        }
        own::DEFAULT_ALERTS => event.use_default_alerts = word() == "TRUE",
        _ => return false,
    }
    true
}

/// Returns categories by their keys. Blanks around one (`a, b`) are none of it, and one of blanks alone is none.
pub(crate) fn categories_of(
    texts: impl IntoIterator<Item = String>,
) -> impl Iterator<Item = (String, String)> {
    let texts = texts.into_iter().map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    texts.map(|text| (text.to_lowercase(), text))
}

/// Reads the date or the time of a line.
pub(crate) fn start_of(line: &Line, zones: &mut Zones) -> Result<Start, Reason> {
    start_at(line.value.trim(), line, zones)
}

/// Reads a date or a time, with the zone that its line names.
pub(super) fn start_at(text: &str, line: &Line, zones: &mut Zones) -> Result<Start, Reason> {
    let local = match when(text).ok_or(Reason::BadDate)? {
        When::Day(date) => return Ok(Start::Date { date }),
        When::Wall(local) if is_day(line, local) => return Ok(Start::Date { date: local.date() }),
        When::Moment(moment) => return Ok(Start::utc(moment)),
        When::Wall(local) => local,
    };
    match line.param("TZID").filter(|name| !name.trim().is_empty()) {
        None => Ok(Start::Floating { local }),
        Some(name) => zones.start(name, local).ok_or(Reason::UnknownZone),
    }
}

/// Reads the start of an event: a midnight that is called a day is an hour where the end is one.
fn begin_of(line: &Line, component: &Component, zones: &mut Zones) -> Result<Start, Reason> {
    let end = component.get("DTEND").and_then(|end| when(end.value.trim()));
    let timed = matches!(end, Some(When::Wall(end)) if end != end.date().into());
    if timed && matches!(when(line.value.trim()), Some(When::Wall(_))) {
        let mut hour = line.clone();
        hour.params.retain(|(name, _)| name != "VALUE");
        return start_of(&hour, zones);
    }
    start_of(line, zones)
}

/// Gives a start without a zone that of its end, where only the end names one.
fn in_zone_of_end(start: Start, component: &Component, zones: &mut Zones) -> Start {
    let (Start::Floating { local }, Some(end)) = (&start, component.get("DTEND")) else { return start };
    let zone = end.param("TZID").filter(|name| !name.trim().is_empty());
    match (zone, when(end.value.trim())) {
        (Some(zone), Some(When::Wall(_))) => zones.start(zone, *local).unwrap_or(start),
        _ => start,
    }
}

/// Tells whether a line calls its midnight a day.
fn is_day(line: &Line, local: NaiveDateTime) -> bool {
    let day = line.param("VALUE").is_some_and(|kind| kind.eq_ignore_ascii_case("DATE"));
    day && local == local.date().into()
}

fn duration_of(component: &Component, start: Option<&Start>, zones: &mut Zones) -> Result<Duration, Reason> {
    let Some(start) = start else { return Ok(Duration::default()) };
    let day = start.is_all_day();
    let given = component.get("DURATION").filter(|line| !line.value.trim().is_empty()).map(|line| {
        let whole = |length: Duration| {
            let days = day && length.seconds > 0 && length.seconds.is_multiple_of(86_400);
            if days { Duration::days(length.days + length.seconds / 86_400) } else { length }
        };
        match length(&line.value) {
            Some((true, length)) if !length.is_zero() => Err(Reason::EndBeforeStart),
            Some((_, length)) => Ok(whole(length)),
            None => Err(Reason::BadDate),
        }
    });
    let end = component.get("DTEND").filter(|line| !line.value.trim().is_empty());
    let by_end = end.map(|line| until_end(start, &start_of(line, zones)?));
    match (by_end, given) {
        (None, None) => Ok(Duration::days(u32::from(day))),
        (None, Some(given)) => given,
        // Thunderbird writes `DURATION:PT0S` beside a sound end; an end that is no later than the start says less.
        (Some(Ok(length)), Some(Ok(given))) if length.is_zero() => Ok(given),
        (Some(Ok(length)), _) => Ok(length),
        (Some(Err(_)), Some(Ok(given))) if !given.is_zero() => Ok(given),
        (Some(Err(reason)), _) => Err(reason),
    }
}

/// Returns how long it is until an end, also where one of both is a day and the other is not.
fn until_end(start: &Start, end: &Start) -> Result<Duration, Reason> {
    match (start.is_all_day(), end.is_all_day()) {
        // Some programs end an all-day event on the day it begins.
        (true, true) if end == start => Ok(Duration::days(1)),
        (true, false) => {
            let begun = i64::from(end.wall() != end.date().into());
            let days = (end.date() - start.date()).num_days() + begun;
            u32::try_from(days.max(i64::from(days == 0)))
                .map(Duration::days)
                .map_err(|_| Reason::EndBeforeStart)
        }
        (false, true) => {
            let midnight = NaiveDateTime::from(end.date());
            let end = match start.zone() {
                Some(zone) => Start::Zoned { local: midnight, zone: zone.to_owned() },
                None => Start::Floating { local: midnight },
            };
            // The day it begins on is its last one.
            let same = end.date() == start.date();
            start.until(&end).or(same.then(Duration::default)).ok_or(Reason::EndBeforeStart)
        }
        _ => start.until(end).ok_or(Reason::EndBeforeStart),
    }
}

/// Outlook writes an all-day event as one from midnight to midnight, with a note.
fn all_day_of_outlook(component: &Component, event: &mut Event) {
    let noted = component.text("X-MICROSOFT-CDO-ALLDAYEVENT").trim().eq_ignore_ascii_case("TRUE");
    let Some(start) = event.start.as_ref().filter(|start| noted && !start.is_all_day()) else { return };
    let Some(end) = event.end() else { return };
    let midnight = |at: &Start| at.wall() == at.date().into();
    let days = (end.date() - start.date()).num_days();
    if let (true, true, Ok(days @ 1..)) = (midnight(start), midnight(&end), u32::try_from(days)) {
        event.start = Some(Start::Date { date: start.date() });
        event.duration = Duration::days(days);
    }
}

/// Tells whether a line says when a series repeats.
pub(super) fn is_rule(line: &Line) -> bool {
    matches!(line.name.as_str(), "RRULE" | "EXRULE" | "RDATE" | "EXDATE")
}

/// Tells whether the name of a changed occurrence stands for others as well: those after it, or those before.
pub(super) fn is_of_many(line: &Line) -> bool {
    line.param("RANGE").is_some_and(|range| !range.trim().is_empty())
}

/// Reads a changed occurrence of a series.
pub(crate) fn change_of(
    component: &Component,
    master: &Event,
    zones: &mut Zones,
    days: &mut dates::Days,
) -> Result<(RecurrenceId, Override, Vec<String>), Reason> {
    let line = component.get("RECURRENCE-ID").ok_or(Reason::BadRecurrenceId)?;
    if is_of_many(line) {
        return Err(Reason::ThisAndFuture);
    }
    let id = dates::id_of(line.value.trim(), line, master, zones, days)?;
    let (own_event, rest) = if component.lines.iter().any(is_rule) {
        let mut alone = component.clone();
        let rules: Vec<Line> = alone.lines.extract_if(.., |line| is_rule(line)).collect();
        let (event, mut rest) = event_of(&alone, zones)?;
        let other = rules.iter().filter(|rule| !dates::is_said(master, rule, zones, days));
        rest.extend(other.map(rest::whole));
        (event, rest)
    } else {
        event_of(component, zones)?
    };
    let mut rest: Vec<String> = rest.iter().filter_map(|text| rest::in_its_series(text)).collect();
    let change = match component.get(own::CHANGED) {
        Some(line) => series::named(&own_event, &line.parts(',')),
        None => series::changed(master, id, &own_event),
    };
    if change.excluded {
        rest.extend(rest::of_called_off(master, id, &own_event));
    }
    rest::sort(&mut rest);
    let zone = change.start.as_ref().is_none_or(|start| start.zone().is_none() || start.instant().is_some());
    if zone { Ok((id, change, rest)) } else { Err(Reason::UnknownZone) }
}
