//! Imports the files that are named on the standard input, one a line, and exports them again: for `cargo xtask corpora`.
//!
//! Each line of input is a file, the format it is in (or `-`), and where its export goes, parted by tabs. For each of them
//! one line of JSON comes back (for an export to `-` only how many there were: this measures the two ways alone): what was read, what was set aside and why, whether a second passage changes anything, and
//! which occurrences the events have in some years.
#![allow(clippy::print_stdout, missing_docs)]

use std::{
    error::Error,
    fs,
    io::{self, BufRead, Read, Write},
};

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use passerelle_calendar::{Duration, Event, Start, occurrences};
use passerelle_contacts::Contact;
use passerelle_formats::{
    BadRecord, ContactFormat, EventFormat, Options, detect_contacts, detect_events, read_address_book,
    read_calendar, write_contacts, write_events,
};
use serde_json::{Value, json};

/// The first year whose occurrences are compared, and the first that is not.
const YEARS: (i32, i32) = (0, 10);

/// The most occurrences of one event.
const MOST: usize = 600;

type Records<R> = Vec<(R, Vec<String>)>;

fn main() -> Result<(), Box<dyn Error>> {
    let mut out = io::stdout().lock();
    for line in io::stdin().lock().lines() {
        let line = line?;
        let mut parts = line.split('\t');
        let (path, format) = (parts.next().unwrap_or_default(), parts.next().unwrap_or("-"));
        let written = parts.next().unwrap_or_default();
        let mut bytes = Vec::new();
        fs::File::open(path)?.read_to_end(&mut bytes)?;
        let mut report = passage(path, format, &bytes, written)?;
        report["file"] = json!(path);
        report["written"] = json!(written);
        writeln!(out, "{report}")?;
    }
    Ok(())
}

fn passage(path: &str, format: &str, bytes: &[u8], written: &str) -> Result<Value, Box<dyn Error>> {
    let (contacts, events) = (ContactFormat::parse(format), EventFormat::parse(format));
    let told = contacts.is_some() || events.is_some();
    let contacts = contacts.or_else(|| detect_contacts(Some(path), bytes).filter(|_| !told));
    let events = events.or_else(|| detect_events(Some(path), bytes).filter(|_| !told));
    match (contacts, events) {
        (Some(format), _) if !path.ends_with(".ics") => cards(bytes, format, written),
        (_, Some(format)) => calendar(bytes, format, written),
        (Some(format), None) => cards(bytes, format, written),
        (None, None) => Ok(json!({ "kind": "unknown" })),
    }
}

fn cards(bytes: &[u8], format: ContactFormat, written: &str) -> Result<Value, Box<dyn Error>> {
    let options = Options::default();
    let (good, bad) = parted(read_address_book(bytes, format, &options));
    let first = card_text(format, &good)?;
    if written == "-" {
        return Ok(json!({ "kind": "contacts", "records": good.len(), "bad": bad.len() }));
    }
    let (again, _) = parted(read_address_book(first.as_slice(), format, &options));
    let second = card_text(format, &again)?;
    fs::write(written, &first)?;
    Ok(json!({
        "kind": "contacts", "format": format.id(), "records": good.len(), "bad": bad,
        "same_records": good.iter().map(|(one, _)| one).eq(again.iter().map(|(one, _)| one)),
        "same_text": first == second,
    }))
}

fn card_text(format: ContactFormat, records: &Records<Contact>) -> io::Result<Vec<u8>> {
    let mut out = Vec::new();
    write_contacts(&mut out, format, records.iter().cloned())?;
    Ok(out)
}

fn calendar(bytes: &[u8], format: EventFormat, written: &str) -> Result<Value, Box<dyn Error>> {
    let (good, bad) = parted(read_calendar(bytes, format));
    let first = event_text(format, &good)?;
    if written == "-" {
        return Ok(json!({ "kind": "events", "records": good.len(), "bad": bad.len() }));
    }
    let (again, _) = parted(read_calendar(first.as_slice(), format));
    let second = event_text(format, &again)?;
    fs::write(written, &first)?;
    let found: Vec<Value> = good.iter().map(|(event, unknown)| event_report(event, unknown)).collect();
    Ok(json!({
        "kind": "events", "format": format.id(), "records": good.len(), "bad": bad, "events": found,
        "same_records": by_uid(&good) == by_uid(&again),
        "same_text": sorted(&first) == sorted(&second),
    }))
}

/// The lines of a text in an order of their own: which series comes first is nobody's matter.
fn sorted(text: &[u8]) -> Vec<&[u8]> {
    let mut lines: Vec<&[u8]> = text.split(|byte| *byte == b'\n').collect();
    lines.sort_unstable();
    lines
}

fn by_uid(records: &Records<Event>) -> Vec<String> {
    let mut all: Vec<String> = records.iter().map(|(event, _)| format!("{event:?}")).collect();
    all.sort();
    all
}

fn event_text(format: EventFormat, records: &Records<Event>) -> io::Result<Vec<u8>> {
    let mut out = Vec::new();
    write_events(&mut out, format, DateTime::<Utc>::UNIX_EPOCH, records.iter().cloned())?;
    Ok(out)
}

fn event_report(event: &Event, unknown: &[String]) -> Value {
    let first = event.start.as_ref().map(Start::date).unwrap_or_default();
    let year = chrono::Datelike::year(&first);
    let zoned: serde_json::Map<String, Value> = ZONES
        .iter()
        .filter_map(|zone| Some(((*zone).to_owned(), expanded(&in_zone(event, zone)?, year))))
        .collect();
    let expanded = expanded(event, year);
    json!({
        "uid": event.uid, "title": event.title, "year": year, "occurrences": expanded, "unknown": unknown,
        "zones": zoned,
    })
}

/// The zones in which an event without one is looked at.
const ZONES: [&str; 3] = ["Europe/Paris", "America/New_York", "Australia/Lord_Howe"];

/// An event without a zone, in one.
fn in_zone(event: &Event, zone: &str) -> Option<Event> {
    let zoned = |start: &Start| match start {
        Start::Floating { local } => Some(Start::Zoned { local: *local, zone: zone.to_owned() }),
        _ => None,
    };
    let mut event = Event { start: event.start.as_ref().and_then(zoned), ..event.clone() };
    for change in event.recurrence_overrides.values_mut() {
        change.start = change.start.as_ref().map(|start| zoned(start).unwrap_or_else(|| start.clone()));
    }
    event.start.is_some().then_some(event)
}

fn expanded(event: &Event, year: i32) -> Value {
    let day = |years: i32| NaiveDate::from_ymd_opt(year + years, 1, 1).unwrap_or(NaiveDate::MAX);
    match occurrences(event, day(YEARS.0)..day(YEARS.1), MOST) {
        Ok(found) => {
            let list: Vec<Value> = found
                .list
                .iter()
                .map(|one| json!([at(&one.start), end_of(&one.start, one.duration), wall(&one.start)]))
                .collect();
            json!({ "complete": found.complete, "list": list })
        }
        Err(error) => json!({ "error": error.to_string() }),
    }
}

/// The end of an occurrence: its days by the calendar, then its seconds exactly.
fn end_of(start: &Start, duration: Duration) -> Option<String> {
    let days = start.plus(Duration::days(duration.days))?;
    match days.instant() {
        Some(moment) => Some(at(&Start::utc(moment + TimeDelta::seconds(i64::from(duration.seconds))))),
        None => start.plus(duration).map(|end| at(&end)),
    }
}

fn wall(start: &Start) -> String {
    start.wall().format("%Y%m%dT%H%M%S").to_string()
}

/// A start as the comparison writes it: a day, a time without a zone, or a moment.
fn at(start: &Start) -> String {
    match (start, start.instant()) {
        (Start::Date { date }, _) => date.format("%Y%m%d").to_string(),
        (_, Some(moment)) => moment.format("%Y%m%dT%H%M%SZ").to_string(),
        (start, None) => start.wall().format("%Y%m%dT%H%M%S").to_string(),
    }
}

fn parted<R>(
    found: impl Iterator<Item = Result<passerelle_formats::Imported<R>, BadRecord>>,
) -> (Records<R>, Vec<Value>) {
    let mut good = Vec::new();
    let mut bad = Vec::new();
    for record in found {
        match record {
            Ok(found) => good.push((found.record, found.unknown)),
            Err(error) => bad.push(json!([error.line, error.summary, error.reason.id(), error.nth])),
        }
    }
    (good, bad)
}
