//! What each target of the fuzzer does with its bytes. A stable test runs the same over the seeds of each target, so that the
//! targets are known to build.

use passerelle_calendar::Event;
use passerelle_contacts::Contact;
use passerelle_formats::{
    BadRecord, ContactFormat, EventFormat, Imported, Options, read_address_book, read_calendar, read_table,
    unread_columns, write_contacts, write_events,
};

/// Reads a list of cards.
pub fn vcard(data: &[u8]) {
    contacts(data, ContactFormat::VCard3, true);
    contacts(data, ContactFormat::VCard4, true);
}

/// Reads a table.
pub fn csv(data: &[u8]) {
    contacts(data, ContactFormat::GoogleCsv, false);
    contacts(data, ContactFormat::OutlookCsv, false);
    // Columns that a person names; what is read comes back from the table that is written.
    for meaning in ["notes", "mobile", "name", "company", "birthday", "-"] {
        let named = ["#1", "#2"].map(|column| (column.to_owned(), meaning.to_owned()));
        let first = good::<Contact>(read_table(data, &Options::default(), &named));
        unread_columns(data, &named);
        steady(&first, ContactFormat::GoogleCsv, false);
    }
}

/// Reads cards in JSON.
pub fn jscontact(data: &[u8]) {
    contacts(data, ContactFormat::JsContact, true);
}

/// Reads a calendar.
pub fn icalendar(data: &[u8]) {
    events(data, EventFormat::ICalendar);
}

/// Reads events in JSON.
pub fn jscalendar(data: &[u8]) {
    events(data, EventFormat::JsCalendar);
}

type Records<R> = Vec<(R, Vec<String>)>;

fn good<R>(found: impl Iterator<Item = Result<Imported<R>, BadRecord>>) -> Records<R> {
    found.filter_map(Result::ok).map(|found| (found.record, found.unknown)).collect()
}

fn contacts(data: &[u8], format: ContactFormat, whole: bool) {
    steady(&good(read_address_book(data, format, &Options::default())), format, whole);
}

/// What is read of a file and written is read again as the same, if the format holds everything; what was written once
/// changes no more.
fn steady(first: &Records<Contact>, format: ContactFormat, whole: bool) {
    let options = Options::default();
    let read = |bytes: &[u8]| good::<Contact>(read_address_book(bytes, format, &options));
    let write = |records: &Records<Contact>| {
        let mut out = Vec::new();
        let written = write_contacts(&mut out, format, records.iter().cloned());
        assert!(written.is_ok(), "writing to memory does not fail");
        out
    };
    let second = read(&write(first));
    if whole {
        // Another version of a format spells what is kept in its own way, and puts some of it together.
        let records = |all: &Records<Contact>| -> Vec<Contact> {
            all.iter().map(|(contact, _)| contact.clone()).collect()
        };
        assert_eq!(records(first), records(&second));
    }
    assert_same(&second, &read(&write(&second)));
}

fn events(data: &[u8], format: EventFormat) {
    let read = |bytes: &[u8]| {
        let mut found = good::<Event>(read_calendar(bytes, format));
        // Series come behind events that stand alone, whatever the order of a file.
        found.sort_by_cached_key(|(event, _)| format!("{event:?}"));
        found
    };
    let write = |records: &Records<Event>| {
        let mut out = Vec::new();
        let written = write_events(&mut out, format, Default::default(), records.iter().cloned());
        assert!(written.is_ok(), "writing to memory does not fail");
        out
    };
    let first = read(data);
    let second = read(&write(&first));
    let distinct = |records: &Records<Event>| {
        let uids = records.iter().map(|(event, _)| &event.uid).filter(|uid| !uid.is_empty());
        let all: Vec<&String> = uids.collect();
        all.iter().collect::<std::collections::BTreeSet<_>>().len() == all.len()
    };
    // Newer states of one record replace the older ones.
    if distinct(&first) {
        assert_same(&first, &second);
    }
    assert_same(&second, &read(&write(&second)));
}

fn assert_same<R: PartialEq + std::fmt::Debug>(one: &Records<R>, other: &Records<R>) {
    assert_eq!(one.len(), other.len(), "{one:?}\n{other:?}");
    for (one, other) in one.iter().zip(other) {
        assert_eq!(one.0, other.0);
        let sorted = |texts: &[String]| {
            let mut texts = texts.to_vec();
            texts.sort();
            texts
        };
        assert_eq!(sorted(&one.1), sorted(&other.1));
    }
}
