#![doc = include_str!("../README.md")]

mod content;
mod csv;
mod error;
mod format;
mod ical;
mod jscalendar;
mod jscontact;
mod json;
mod membership;
mod pick;
#[cfg(test)]
mod sample;
mod source;
mod text;
mod unfold;
mod vcard;

use std::io::{self, Read, Write};

use chrono::{DateTime, Utc};
use membership::Memberships;
use passerelle_calendar::Event;
use passerelle_contacts::Contact;

pub use csv::{Unread, knows_heading};
pub use error::{Answer, BadRecord, CallsOff, Reason};
pub use format::{ContactFormat, EventFormat, Holds, detect_contacts, detect_events, head, holds, is_table};
pub use ical::{
    Joined, adopt, apply_answers, calendar_properties, forget_series, is_nameless_change, join_series,
    name_for_export, names_a_zone, occurrence_of, series_of, spellings_of, zone_name,
};
pub use pick::{Spot, pick};
pub use source::{FromStart, Source};

/// What a file leaves open.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// The region (ISO 3166-1 alpha-2) of telephone numbers without a country code.
    pub region: Option<String>,
}

/// A record that was read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Imported<R> {
    /// The record.
    pub record: R,
    /// What was not understood, as text: kept, and written back by an export to the same format.
    pub unknown: Vec<String>,
    /// The line of the file, counted from 1, at which the record began.
    pub line: usize,
    /// Which object of its file it is, counted from 1, where several may begin on one line; else 0.
    pub nth: usize,
}

/// What comes of a file, record by record.
pub type Records<'a, R> = Box<dyn Iterator<Item = Result<Imported<R>, BadRecord>> + 'a>;

/// Reads contacts, one at a time: memory is bounded by one record.
///
/// A record that cannot be taken over comes back as [`BadRecord`]; those after it still come.
pub fn read_contacts<'a>(
    reader: impl Read + 'a,
    format: ContactFormat,
    options: &Options,
) -> Records<'a, Contact> {
    let options = options.clone();
    match format {
        ContactFormat::VCard3 | ContactFormat::VCard4 => Box::new(vcard::Cards::new(reader, options)),
        ContactFormat::GoogleCsv | ContactFormat::OutlookCsv => {
            Box::new(csv::Rows::new(reader, options, &[]))
        }
        ContactFormat::JsContact => Box::new(jscontact::read(reader, options)),
    }
}

/// Reads the contacts of a table. `renamed` says what a person calls columns of it: the heading that stands there, and one
/// that is understood ([`knows_heading`]).
pub fn read_table<'a>(
    reader: impl Read + 'a,
    options: &Options,
    renamed: &[(String, String)],
) -> Records<'a, Contact> {
    Box::new(csv::Rows::new(reader, options.clone(), renamed))
}

/// Returns the columns of a table that hold something and are not taken into the contacts: each of them is kept as text
/// beside them.
pub fn unread_columns(reader: impl Read, renamed: &[(String, String)]) -> Vec<Unread> {
    csv::unread(reader, renamed)
}

/// Tells whether a table has a column of that heading, as a person may write it, or of that number (`#4`).
pub fn has_column(reader: impl Read, heading: &str) -> bool {
    csv::has_column(reader, heading)
}

/// Reads the contacts of a whole file, as [`read_contacts`] does. A card of a group whose members are all in the file
/// is no contact: they get it as one of their groups.
pub fn read_address_book<'a>(
    source: impl Source + 'a,
    format: ContactFormat,
    options: &Options,
) -> Records<'a, Contact> {
    let memberships = match format {
        ContactFormat::VCard3 | ContactFormat::VCard4 => Memberships::of_cards(source),
        ContactFormat::JsContact => Memberships::of_objects(source),
        _ => Memberships::default(),
    };
    let mut position = 0;
    Box::new(read_contacts(source.open(), format, options).filter_map(move |found| {
        let here = position;
        // Lines that stand in no card are none.
        let counts = !found.as_ref().is_err_and(|bad| bad.reason == Reason::NoBegin);
        position += usize::from(counts);
        match found {
            Ok(_) if memberships.is_only_group(here) => None,
            Ok(mut found) => {
                memberships.label(&mut found.record);
                Some(Ok(found))
            }
            bad => Some(bad),
        }
    }))
}

/// Reads events, one series at a time. Of an iCalendar file the series, and only these, are held
/// until the end, because their changed occurrences may come last.
pub fn read_events<'a>(reader: impl Read + 'a, format: EventFormat) -> Records<'a, Event> {
    match format {
        EventFormat::ICalendar => Box::new(ical::Events::new(reader)),
        EventFormat::JsCalendar => Box::new(jscalendar::read(reader)),
    }
}

/// Reads the events of a whole file, as [`read_events`] does: the method of a calendar may stand behind its events.
pub fn read_calendar<'a>(source: impl Source + 'a, format: EventFormat) -> Records<'a, Event> {
    match format {
        EventFormat::ICalendar => Box::new(ical::Events::of_file(source)),
        EventFormat::JsCalendar => Box::new(jscalendar::read_file(source)),
    }
}

/// Writes contacts, each with what an import left over of it, and returns how many.
///
/// # Errors
///
/// What the writer says.
pub fn write_contacts(
    out: &mut impl Write,
    format: ContactFormat,
    contacts: impl IntoIterator<Item = (Contact, Vec<String>)>,
) -> io::Result<usize> {
    match format {
        ContactFormat::VCard3 | ContactFormat::VCard4 => {
            let version =
                if format == ContactFormat::VCard4 { vcard::Version::V4 } else { vcard::Version::V3 };
            let mut count = 0;
            for (contact, unknown) in contacts {
                vcard::write_card(out, version, &contact, &unknown)?;
                count += 1;
            }
            Ok(count)
        }
        ContactFormat::GoogleCsv => csv::write(out, csv::Table::Google, contacts),
        ContactFormat::OutlookCsv => csv::write(out, csv::Table::Outlook, contacts),
        ContactFormat::JsContact => json::write(
            out,
            contacts.into_iter().map(|(contact, unknown)| jscontact::card_of(&contact, &unknown)),
        ),
    }
}

/// Writes events, each with what an import left over of it, and returns how many. `stamp` is when
/// they are written.
///
/// # Errors
///
/// What the writer says.
pub fn write_events(
    out: &mut impl Write,
    format: EventFormat,
    stamp: DateTime<Utc>,
    events: impl IntoIterator<Item = (Event, Vec<String>)>,
) -> io::Result<usize> {
    match format {
        EventFormat::ICalendar => {
            let mut calendar = ical::Calendar::begin(out, stamp)?;
            let mut count = 0;
            for (event, unknown) in events {
                calendar.event(&event, &unknown)?;
                count += 1;
            }
            calendar.end()?;
            Ok(count)
        }
        EventFormat::JsCalendar => json::write(
            out,
            events.into_iter().map(|(event, unknown)| jscalendar::event_of(&event, &unknown)),
        ),
    }
}
