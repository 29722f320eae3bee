//! From events to iCalendar.

use std::{
    collections::BTreeSet,
    io::{self, Write},
};

use chrono::{DateTime, Datelike, NaiveDateTime, Utc};
use passerelle_calendar::{Duration, Event, FreeBusyStatus, Override, Privacy, RecurrenceId, Start, Status};

use super::{guests, own, rest, series, zones};
use crate::content::{Line, escape, write_unknown};

/// A calendar that is being written.
pub(crate) struct Calendar<'a, W> {
    out: &'a mut W,
    stamp: DateTime<Utc>,
    described: BTreeSet<String>,
    /// How many identifiers were made up.
    nameless: usize,
}

impl<'a, W: Write> Calendar<'a, W> {
    /// Begins a calendar; `stamp` is when it is written.
    pub(crate) fn begin(out: &'a mut W, stamp: DateTime<Utc>) -> io::Result<Self> {
        out.write_all(b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Passerelle//Passerelle//EN\r\n")?;
        out.write_all(b"CALSCALE:GREGORIAN\r\n")?;
        Ok(Calendar { out, stamp, described: BTreeSet::new(), nameless: 0 })
    }

    /// Writes an event: its zones if they are new, the series, each changed occurrence.
    pub(crate) fn event(&mut self, event: &Event, unknown: &[String]) -> io::Result<()> {
        // Without a name that stays, it has one in this file.
        if event.uid.is_empty() {
            self.nameless += 1;
            let uid = format!("{}-{}@passerelle.invalid", self.stamp.timestamp(), self.nameless);
            let no_uid = Line::new(own::NO_UID, "TRUE").to_text();
            let unknown: Vec<String> = unknown.iter().cloned().chain([no_uid]).collect();
            return self.event(&Event { uid, ..event.clone() }, &unknown);
        }
        let changes = changes(event);
        let moved = changes.iter().filter_map(|(_, change)| change.start.as_ref());
        for start in event.start.iter().chain(moved) {
            self.describe(start)?;
        }
        let leftovers = rest::Leftovers::new(unknown);
        // An occurrence that does not take place is no event by itself.
        let is_off = |id: &String| event.recurrence_overrides.get(id).is_some_and(|change| change.excluded);
        let off = leftovers.changes.iter().filter(|(id, _)| is_off(id));
        let off = off.flat_map(|(id, texts)| rest::of_change(id, texts.clone()));
        let own: Vec<String> = leftovers.own.iter().cloned().chain(off).collect();
        self.component(event, series_lines(event), &own, false)?;
        let bare = series::bare(event);
        for (id, change) in changes {
            let own_event = series::apply(&bare, id, change);
            let mut lines = Vec::new();
            if let Some(start) = &event.start {
                lines.push(time_line("RECURRENCE-ID", &id.start_in(start)));
            }
            if series::changed(&bare, id, &own_event) != *change {
                lines.push(Line::new(own::CHANGED, series::names(change)));
            }
            let unknown = rest::not_said(leftovers.of(&id.to_string()), change);
            self.component(&own_event, lines, &unknown, true)?;
        }
        Ok(())
    }

    pub(crate) fn end(self) -> io::Result<()> {
        self.out.write_all(b"END:VCALENDAR\r\n")
    }

    fn describe(&mut self, start: &Start) -> io::Result<()> {
        let Some(zone) = start.zone().filter(|zone| *zone != "Etc/UTC" && !self.described.contains(*zone))
        else {
            return Ok(());
        };
        self.described.insert(zone.to_owned());
        for line in zones::description(zone, start.wall().year()).unwrap_or_default() {
            line.write(self.out)?;
        }
        Ok(())
    }

    fn component(
        &mut self,
        event: &Event,
        more: Vec<Line>,
        unknown: &[String],
        change: bool,
    ) -> io::Result<()> {
        let stamp = format!("{}Z", basic(self.stamp.naive_utc()));
        self.out.write_all(b"BEGIN:VEVENT\r\n")?;
        Line::new("DTSTAMP", stamp).write(self.out)?;
        let mut lines: Vec<Line> = own_lines(event).into_iter().chain(more).collect();
        let others = rest::put_back(&mut lines, unknown, change);
        let (reminders, others) = rest::reminders(event, &others);
        let others = rest::empty_lines(&mut lines, others);
        for line in lines {
            line.write(self.out)?;
        }
        for text in others {
            match rest::component_of(&text) {
                Some(component) => {
                    for line in rest::lines_of(&component) {
                        line.write(self.out)?;
                    }
                }
                None => write_unknown(self.out, &[text])?,
            }
        }
        for line in reminders {
            line.write(self.out)?;
        }
        self.out.write_all(b"END:VEVENT\r\n")
    }
}

/// Gives an event without an identifier the one that all its exports have: iCalendar and JSCalendar ask for one.
pub fn name_for_export(event: &mut Event, unknown: &mut Vec<String>, id: &str) {
    if event.uid.is_empty() {
        event.uid = format!("{id}@passerelle.invalid");
        unknown.push(Line::new(own::NO_UID, "TRUE").to_text());
    }
}

/// Returns the occurrences that are written as events of their own.
fn changes(event: &Event) -> Vec<(RecurrenceId, &Override)> {
    let kept = event.recurrence_overrides.iter().filter(|(_, change)| !change.excluded);
    kept.filter_map(|(key, change)| Some((key.parse().ok()?, change))).collect()
}

/// Returns the lines of an event that a file has when it is written.
pub(super) fn lines_of(event: &Event) -> Vec<Line> {
    own_lines(event).into_iter().chain(series_lines(event)).collect()
}

fn own_lines(event: &Event) -> Vec<Line> {
    let mut lines = Vec::new();
    if let Some(start) = &event.start {
        lines.push(time_line("DTSTART", start));
        lines.push(end_line(start, event.duration));
    }
    let texts = [
        ("UID", &event.uid),
        ("SUMMARY", &event.title),
        ("DESCRIPTION", &event.description),
        ("LOCATION", &event.location),
        ("COLOR", &event.color),
    ];
    lines
        .extend(texts.iter().filter(|(_, text)| !text.is_empty()).map(|(name, text)| Line::text(name, text)));
    if !event.url.is_empty() {
        lines.push(Line::new("URL", &event.url));
    }
    if !event.conference_url.is_empty() {
        lines.push(Line::new("CONFERENCE", &event.conference_url).with("VALUE", "URI"));
    }
    let words = [
        ("CLASS", class(event.privacy)),
        ("TRANSP", (event.free_busy_status == FreeBusyStatus::Free).then_some("TRANSPARENT")),
        ("STATUS", status(event.status)),
        (own::DEFAULT_ALERTS, event.use_default_alerts.then_some("TRUE")),
    ];
    lines.extend(words.iter().filter_map(|(name, word)| Some(Line::new(name, (*word)?))));
    if !event.categories.is_empty() {
        let texts: Vec<String> = event.categories.values().map(|text| escape(text)).collect();
        lines.push(Line::new("CATEGORIES", texts.join(",")));
    }
    lines.extend(guests::lines_of(&event.participants));
    lines
}

fn series_lines(event: &Event) -> Vec<Line> {
    let rules = event.recurrence_rules.iter().map(|rule| Line::new("RRULE", rule));
    let excluded = event.excluded_recurrence_rules.iter().map(|rule| Line::new("EXRULE", rule));
    let mut lines: Vec<Line> = rules.chain(excluded).collect();
    if !event.is_recurring() && !changes(event).is_empty() {
        lines.push(Line::new(own::SERIES, "TRUE"));
    }
    let Some(start) = &event.start else { return lines };
    let added = event.recurrence_dates.iter().filter(|(_, added)| **added).map(|(key, _)| ("RDATE", key));
    let cancelled = event.recurrence_overrides.iter().filter(|(_, change)| change.excluded);
    for (name, key) in added.chain(cancelled.map(|(key, _)| ("EXDATE", key))) {
        if let Ok(id) = key.parse::<RecurrenceId>() {
            lines.push(time_line(name, &id.start_in(start)));
        }
    }
    lines
}

fn time_line(name: &str, start: &Start) -> Line {
    match start {
        Start::Date { date } => Line::new(name, date.format("%Y%m%d").to_string()).with("VALUE", "DATE"),
        Start::Floating { local } => Line::new(name, basic(*local)),
        Start::Zoned { local, zone } if zone == "Etc/UTC" => Line::new(name, format!("{}Z", basic(*local))),
        Start::Zoned { local, zone } => Line::new(name, basic(*local)).with("TZID", zone),
    }
}

/// Writes the end, which every program reads, unless only the duration says exactly the same.
fn end_line(start: &Start, duration: Duration) -> Line {
    // A date has four digits for its year.
    let end =
        start.plus(duration).filter(|end| start.until(end) == Some(duration) && end.date().year() <= 9999);
    match end {
        Some(end) if !(start.is_all_day() && duration.is_zero()) => time_line("DTEND", &end),
        _ => Line::new("DURATION", duration.to_string()),
    }
}

fn basic(local: NaiveDateTime) -> String {
    local.format("%Y%m%dT%H%M%S").to_string()
}

fn class(privacy: Privacy) -> Option<&'static str> {
    match privacy {
        Privacy::Default => None,
        Privacy::Public => Some("PUBLIC"),
        Privacy::Private => Some("PRIVATE"),
        Privacy::Confidential => Some("CONFIDENTIAL"),
    }
}

fn status(status: Status) -> Option<&'static str> {
    match status {
        Status::Confirmed => None,
        Status::Tentative => Some("TENTATIVE"),
        Status::Cancelled => Some("CANCELLED"),
    }
}
