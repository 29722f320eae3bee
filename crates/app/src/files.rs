//! Files of contacts and appointments: which format, reading, writing.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, Read, Write},
    path::Path,
    sync::Arc,
};

use chrono::{DateTime, Utc};
use passerelle_calendar::Event;
use passerelle_contacts::Contact;
use passerelle_formats::{
    Answer, BadRecord, ContactFormat, EventFormat, Imported, Joined as InFile, Options, Reason, Records,
    Source, adopt, apply_answers, calendar_properties, detect_contacts, detect_events, forget_series,
    has_column, head, is_nameless_change, is_table as has_headings, join_series, name_for_export,
    occurrence_of, read_address_book, read_calendar, read_table, series_of, spellings_of, unread_columns,
    write_contacts, write_events,
};
pub use passerelle_formats::{Holds, Unread, holds, knows_heading, pick};
use passerelle_ports::{ItemId, Kind};
use passerelle_service::{Became, Incoming, Join, JoinTogether, Kinded, Loadable, PartOf, PutInto};

use crate::terminal::output::Out;

/// The records of a file, one after the other: never all of them at once.
pub type Reading<'a, R> = Box<dyn Iterator<Item = Incoming<R>> + 'a>;

/// A record that is written, with what an import left over of it.
#[derive(Clone, Debug)]
pub struct Outgoing<R> {
    /// What it is called here.
    pub id: ItemId,
    /// The record.
    pub record: R,
    /// What was left over.
    pub left: Vec<String>,
}

/// Returns what an import left over of a record; what a provider keeps beside it is the provider's business.
pub fn left_over(leftovers: &serde_json::Value) -> Vec<String> {
    let texts = leftovers.as_array().into_iter().flatten();
    texts.filter_map(|text| text.as_str().map(str::to_owned)).collect()
}

/// The largest file that is imported: what never ends would fill the disk.
const LARGEST: u64 = 4 << 30;

/// Opens a file to be imported (`-`: the standard input). It is read several times and never held: a copy of it beside
/// `state`, for this process alone, is what is read, so that all passes read the same. The copy is gone with the process.
pub fn to_import(file: &Path, state: &Path) -> io::Result<File> {
    if file.as_os_str() == "-" {
        return copied(io::stdin(), state, LARGEST);
    }
    let open = File::open(file)?;
    copied_as_it_is(&open, &open, state)
}

/// Copies a file that is open, unless it changes meanwhile: then the copy may hold a part of each state.
fn copied_as_it_is(open: &File, bytes: impl Read, state: &Path) -> io::Result<File> {
    let before = open.metadata()?;
    if before.is_file() && before.len() > LARGEST {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    let copy = copied(bytes, state, LARGEST)?;
    let after = open.metadata()?;
    let is_same = before.len() == after.len() && before.modified()? == after.modified()?;
    if is_same || !before.is_file() { Ok(copy) } else { Err(io::ErrorKind::ResourceBusy.into()) }
}

/// Copies all bytes into a file without a name, which nobody else can open.
fn copied(bytes: impl Read, state: &Path, most: u64) -> io::Result<File> {
    let mut copy = tempfile::tempfile_in(state)?;
    #[cfg(unix)]
    copy.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
    match io::copy(&mut bytes.take(most + 1), &mut copy)? > most {
        true => Err(io::ErrorKind::FileTooLarge.into()),
        false => Ok(copy),
    }
}

/// How the records of a file are written, as far as advice depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// Lines with names: vCard, iCalendar.
    Lines,
    /// A table.
    Table,
    /// JSON.
    Json,
}

/// Tells how the records of a file are written.
pub fn family(file: &File) -> Family {
    let bytes = head(file);
    let start = bytes.iter().position(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'[' | b'{'));
    match start.and_then(|start| bytes.get(start..)) {
        Some([b'[' | b'{', ..]) => Family::Json,
        Some(text) if text.get(..6).is_some_and(|head| head.eq_ignore_ascii_case(b"BEGIN:")) => Family::Lines,
        _ if has_headings(file) => Family::Table,
        _ => Family::Lines,
    }
}

/// The kind of record that a file holds and an import does not ask for.
pub fn other_kind(asked: Kind, file: &File) -> Option<Kind> {
    let held = match holds(file) {
        Some(Holds::Contacts) => Kind::Contacts,
        Some(Holds::Events) => Kind::Events,
        None if has_headings(file) => Kind::Contacts,
        _ => return None,
    };
    (held != asked).then_some(held)
}

/// Tells whether a file is one of its kind, and only holds no record.
pub fn is_hollow(file: &File) -> bool {
    matches!(holds(file), Some(Holds::Contacts | Holds::Events | Holds::Neither)) || has_headings(file)
}

/// A kind of record that files hold.
pub trait Filed: Kinded {
    /// Reads a file; `None` when its format is not known. `renamed` says what a person calls columns of a table.
    fn read<'a>(
        name: &str,
        format: Option<&str>,
        file: &'a File,
        region: &str,
        renamed: &[(String, String)],
    ) -> Option<Reading<'a, Self>>;
    /// Returns the columns of a table that are not taken over; other files have none.
    fn unread(
        _name: &str,
        _format: Option<&str>,
        _file: &File,
        _renamed: &[(String, String)],
    ) -> Vec<Unread> {
        Vec::new()
    }
    /// Counts what a file says of a calendar itself, which is not taken; other files say nothing of the kind.
    fn of_calendar(_file: &File) -> BTreeMap<String, u64> {
        BTreeMap::new()
    }
    /// Tells whether a table has a column of that heading; other files have none.
    fn has_column(_file: &File, _heading: &str) -> bool {
        false
    }
    /// Returns the record of which one here is a part, as a file said.
    fn part_of(_record: &Self, _leftovers: &serde_json::Value) -> Option<PartOf<Self>> {
        None
    }
    /// Tells whether a file of that name, or of that format, can be written.
    fn is_written(name: &str, format: Option<&str>) -> bool;
    /// Writes records as they come.
    fn write(
        name: &str,
        format: Option<&str>,
        at: DateTime<Utc>,
        out: &mut dyn Write,
        records: &mut dyn Iterator<Item = Outgoing<Self>>,
    ) -> io::Result<()>;
}

/// Finds the format of a file of contacts.
fn contact_format(name: &str, format: Option<&str>, file: &File) -> Option<ContactFormat> {
    let found = detect_contacts(Some(name), &head(file));
    match format {
        None => found,
        Some("vcard") => Some(ContactFormat::VCard4),
        Some("csv") => Some(ContactFormat::GoogleCsv),
        Some("json") => Some(ContactFormat::JsContact),
        Some(other) => ContactFormat::parse(other),
    }
}

fn is_table(format: Option<ContactFormat>) -> bool {
    matches!(format, Some(ContactFormat::GoogleCsv | ContactFormat::OutlookCsv))
}

impl Filed for Contact {
    fn read<'a>(
        name: &str,
        format: Option<&str>,
        file: &'a File,
        region: &str,
        renamed: &[(String, String)],
    ) -> Option<Reading<'a, Self>> {
        let format = contact_format(name, format, file);
        let options = Options { region: Some(region.to_owned()).filter(|region| !region.is_empty()) };
        // Who names columns has a table, whatever its headings look like.
        if is_table(format) || (format.is_none() && !renamed.is_empty()) {
            return Some(incoming(read_table(file.open(), &options, renamed)));
        }
        Some(incoming(read_address_book(file, format?, &options)))
    }

    fn unread(name: &str, format: Option<&str>, file: &File, renamed: &[(String, String)]) -> Vec<Unread> {
        let is_table = is_table(contact_format(name, format, file)) || !renamed.is_empty();
        if is_table { unread_columns(file.open(), renamed) } else { Vec::new() }
    }

    fn has_column(file: &File, heading: &str) -> bool {
        has_column(file.open(), heading)
    }

    fn is_written(name: &str, format: Option<&str>) -> bool {
        contacts_as(name, format).is_some()
    }

    fn write(
        name: &str,
        format: Option<&str>,
        _: DateTime<Utc>,
        mut out: &mut dyn Write,
        records: &mut dyn Iterator<Item = Outgoing<Self>>,
    ) -> io::Result<()> {
        let format = contacts_as(name, format).ok_or(io::ErrorKind::Unsupported)?;
        write_contacts(&mut out, format, records.map(|one| (one.record, one.left))).map(drop)
    }
}

/// Finds the format in which contacts are written.
fn contacts_as(name: &str, format: Option<&str>) -> Option<ContactFormat> {
    match format.or_else(|| extension(name))? {
        "vcard" | "vcf" => Some(ContactFormat::VCard4),
        "csv" => Some(ContactFormat::GoogleCsv),
        "json" => Some(ContactFormat::JsContact),
        other => ContactFormat::parse(other),
    }
}

/// Finds the format in which events are written.
fn events_as(name: &str, format: Option<&str>) -> Option<EventFormat> {
    match format.or_else(|| extension(name))? {
        "ical" | "ics" => Some(EventFormat::ICalendar),
        "json" => Some(EventFormat::JsCalendar),
        other => EventFormat::parse(other),
    }
}

impl Filed for Event {
    fn read<'a>(
        name: &str,
        format: Option<&str>,
        file: &'a File,
        _: &str,
        _: &[(String, String)],
    ) -> Option<Reading<'a, Self>> {
        let format = match format {
            None => detect_events(Some(name), &head(file))?,
            Some("ical" | "ics") => EventFormat::ICalendar,
            Some("json") => EventFormat::JsCalendar,
            Some(other) => EventFormat::parse(other)?,
        };
        Some(Box::new(read_calendar(file, format).map(|found| {
            let part_of =
                found.as_ref().ok().and_then(|found| part(found, join_all).or_else(|| nameless_part(found)));
            match found.map(without_series) {
                Err(BadRecord { line, nth, summary, reason, answer: Some(answer) }) => {
                    Incoming { nth: nth as u64, ..answered(line, &summary, reason, *answer) }
                }
                found => Incoming { part_of, ..one(found) },
            }
        })))
    }

    fn of_calendar(file: &File) -> BTreeMap<String, u64> {
        calendar_properties(file.open())
    }

    fn part_of(record: &Self, leftovers: &serde_json::Value) -> Option<PartOf<Self>> {
        let unknown = left_over(leftovers);
        part(&Imported { record: record.clone(), unknown, line: 0, nth: 0 }, adopt_all)
    }

    fn is_written(name: &str, format: Option<&str>) -> bool {
        events_as(name, format).is_some()
    }

    fn write(
        name: &str,
        format: Option<&str>,
        at: DateTime<Utc>,
        mut out: &mut dyn Write,
        records: &mut dyn Iterator<Item = Outgoing<Self>>,
    ) -> io::Result<()> {
        let format = events_as(name, format).ok_or(io::ErrorKind::Unsupported)?;
        let events = records.map(|Outgoing { id, record: mut event, mut left }| {
            name_for_export(&mut event, &mut left, id.as_str());
            (event, left)
        });
        write_events(&mut out, format, at, events).map(drop)
    }
}

fn extension(name: &str) -> Option<&str> {
    name.rsplit_once('.').map(|(_, extension)| extension)
}

fn incoming<'a, R: 'a>(records: Records<'a, R>) -> Reading<'a, R> {
    Box::new(records.map(one))
}

fn one<R>(record: Result<Imported<R>, BadRecord>) -> Incoming<R> {
    let (line, nth, name, record) = match record {
        Ok(Imported { record, unknown, line, nth }) => {
            let unknown = (!unknown.is_empty()).then(|| serde_json::json!(unknown));
            (line, nth, String::new(), Ok((record, unknown)))
        }
        Err(bad) => (bad.line, bad.nth, bad.summary, Err(bad.reason.id().to_owned())),
    };
    Incoming { line: line as u64, nth: nth as u64, name, record, part_of: None }
}

fn without_series(mut found: Imported<Event>) -> Imported<Event> {
    forget_series(&mut found);
    found
}

/// Returns the series of which an event is one changed occurrence.
fn part(found: &Imported<Event>, join: JoinTogether<Event>) -> Option<PartOf<Event>> {
    let (names, asked) = occurrence_of(found).map(|at| spellings_of(&at)).unwrap_or_default();
    let uid = series_of(found)?;
    let is_itself = names.is_empty() && uid == found.record.uid;
    let join = if is_itself { Join::Alone(Arc::new(none_of_a_series)) } else { Join::Together(join) };
    Some(PartOf { uid, names, asked, join, alone: None })
}

/// A changed occurrence that does not say of which series it is: a record by itself, which is told.
fn nameless_part(found: &Imported<Event>) -> Option<PartOf<Event>> {
    let (names, asked) = Default::default();
    let join = Join::Alone(Arc::new(none_of_a_series));
    is_nameless_change(found).then(|| PartOf { uid: String::new(), names, asked, join, alone: None })
}

/// An event that has the name of an occurrence, which is empty, is none of a series that is here.
fn none_of_a_series((whole, _): &mut Loadable<Event>) -> PutInto<Event> {
    if whole.is_recurring() { Err(Reason::BadRecurrenceId.id().to_owned()) } else { Ok(Became::Not) }
}

fn join_all(whole: &mut Loadable<Event>, parts: &[&Loadable<Event>]) -> Vec<PutInto<Event>> {
    together(whole, parts, join_series)
}

fn adopt_all(whole: &mut Loadable<Event>, parts: &[&Loadable<Event>]) -> Vec<PutInto<Event>> {
    together(whole, parts, adopt)
}

type InSeries = fn(&mut Event, &[String], &[&Imported<Event>]) -> (Vec<Result<InFile, Reason>>, Vec<String>);

fn together(
    (series, leftovers): &mut Loadable<Event>,
    parts: &[&Loadable<Event>],
    into: InSeries,
) -> Vec<PutInto<Event>> {
    let kept = leftovers.as_ref().map(left_over).unwrap_or_default();
    let found = parts.iter().map(|(event, leftovers)| Imported {
        record: event.clone(),
        unknown: leftovers.as_ref().map(left_over).unwrap_or_default(),
        ..Imported::default()
    });
    let found: Vec<Imported<Event>> = found.collect();
    let (done, kept) = into(series, &kept, &found.iter().collect::<Vec<_>>());
    if !kept.is_empty() {
        *leftovers = Some(serde_json::json!(kept));
    }
    let told = done.into_iter().map(|done| match done {
        Ok(InFile::Into) => Ok(Became::Into),
        Ok(InFile::Not) => Ok(Became::Not),
        Ok(InFile::State(state)) => {
            Ok(Became::State(Box::new((state.record, Some(serde_json::json!(state.unknown))))))
        }
        Err(Reason::Older) => Err("older-than-here".to_owned()),
        Err(reason) => Err(reason.id().to_owned()),
    });
    told.collect()
}

/// Returns the answer of a guest, which belongs to an appointment and is none itself.
fn answered(line: usize, summary: &str, reason: Reason, answer: Answer) -> Incoming<Event> {
    let event = Event { uid: answer.uid.clone(), title: summary.to_owned(), ..Event::default() };
    let (names, asked) = answer.occurrence.as_ref().map(spellings_of).unwrap_or_default();
    let (uid, alone) = (answer.uid.clone(), Some(reason.id().to_owned()));
    let part_of = PartOf { uid, names, asked, join: Join::Together(answer_all), alone };
    Incoming {
        line: line as u64,
        nth: 0,
        name: summary.to_owned(),
        record: Ok((event, serde_json::to_value(answer).ok())),
        part_of: Some(part_of),
    }
}

/// Takes answers into the appointment that they are for; one about an older state than the one here is none.
fn answer_all((event, leftovers): &mut Loadable<Event>, parts: &[&Loadable<Event>]) -> Vec<PutInto<Event>> {
    let mut kept = leftovers.as_ref().map(left_over).unwrap_or_default();
    let before = kept.clone();
    let read = |(_, answer): &&Loadable<Event>| serde_json::from_value(answer.clone()?).ok();
    let answers: Vec<Option<Answer>> = parts.iter().map(read).collect();
    let taken: Vec<&Answer> = answers.iter().flatten().collect();
    let mut done = apply_answers(event, &mut kept, &taken).into_iter();
    if kept != before {
        *leftovers = Some(serde_json::json!(kept));
    }
    let told = answers.iter().map(|answer| match answer.as_ref().and_then(|_| done.next()) {
        Some(Ok(true)) => Ok(Became::Into),
        Some(Err(Reason::Older)) => Err("older-than-here".to_owned()),
        Some(Err(reason)) => Err(reason.id().to_owned()),
        Some(Ok(false)) | None => Ok(Became::Not),
    });
    told.collect()
}

/// The reasons for which a record is set aside, as the readers and the import name them, with their words and with
/// those that say how to mend it.
const REASONS: [(&str, &str, &str); 22] = [
    ("unterminated", "reason-unterminated", "mend-unterminated"),
    ("no-begin", "reason-no-begin", "mend-no-begin"),
    ("malformed", "reason-malformed", "mend-malformed"),
    ("unclosed-quote", "reason-unclosed-quote", "mend-unclosed-quote"),
    ("too-large", "reason-too-large", "mend-too-large"),
    ("too-many", "reason-too-many", "mend-too-many"),
    ("unreadable", "reason-unreadable", "mend-unreadable"),
    ("empty", "reason-empty", "mend-empty"),
    ("another-kind", "reason-another-kind", "mend-another-kind"),
    ("message", "reason-message", "mend-message"),
    ("no-start", "reason-no-start", "mend-no-start"),
    ("bad-date", "reason-bad-date", "mend-bad-date"),
    ("unknown-zone", "reason-unknown-zone", "mend-unknown-zone"),
    ("end-before-start", "reason-end-before-start", "mend-end-before-start"),
    ("not-whole-days", "reason-not-whole-days", "mend-not-whole-days"),
    ("malformed-rule", "reason-malformed-rule", "mend-malformed-rule"),
    ("bad-recurrence-id", "reason-bad-recurrence-id", "mend-bad-recurrence-id"),
    ("this-and-future", "reason-this-and-future", "mend-this-and-future"),
    ("duplicate", "reason-duplicate", "mend-duplicate"),
    ("series-set-aside", "reason-series-set-aside", "mend-series-set-aside"),
    ("looks-alike", "reason-looks-alike", "mend-looks-alike"),
    ("looks-like-several", "reason-looks-like-several", "mend-looks-like-several"),
];

/// How a record of JSON is mended where its members are called otherwise than the lines of other formats.
const IN_JSON: [(&str, &str); 7] = [
    ("unterminated", "mend-unterminated-json"),
    ("malformed", "mend-malformed-json"),
    ("no-start", "mend-no-start-json"),
    ("bad-date", "mend-bad-date-json"),
    ("malformed-rule", "mend-malformed-rule-json"),
    ("bad-recurrence-id", "mend-bad-recurrence-id-json"),
    ("duplicate", "mend-duplicate-json"),
];

/// How a row of a table is mended, which has no lines of its own.
const IN_TABLES: [(&str, &str); 3] = [
    ("malformed", "mend-malformed-table"),
    ("looks-alike", "mend-looks-alike-table"),
    ("looks-like-several", "mend-looks-like-several-table"),
];

/// The words for the reason of a bad record; a rule of the database that no file breaks is told in its own words.
pub fn reason_text(out: &Out, reason: &str, detail: &str) -> String {
    if let ("duplicate", Some(line)) = (reason, detail.strip_prefix('#')) {
        return out.t("reason-duplicate-of", &[("line", line.into())]);
    }
    match REASONS.iter().find(|(known, ..)| *known == reason) {
        Some((_, words, _)) if !detail.is_empty() => out.t(words, &[("detail", detail.into())]),
        Some((_, words, _)) => out.t(words, &[]),
        None => {
            let rule = crate::terminal::output::reason(out.lang, &passerelle_ports::Reason::of_text(reason));
            out.t("reason-refused", &[("rule", rule.into())])
        }
    }
}

/// How a bad record can be mended, in the words of its format.
pub fn mend_text(out: &Out, reason: &str, family: Family) -> String {
    let own: &[(&str, &str)] = match family {
        Family::Json => &IN_JSON,
        Family::Table => &IN_TABLES,
        Family::Lines => &[],
    };
    if let Some((_, words)) = own.iter().find(|(known, _)| *known == reason) {
        return out.t(words, &[]);
    }
    let known = REASONS.iter().find(|(known, ..)| *known == reason);
    out.t(known.map_or("mend-refused", |(_, _, mend)| mend), &[])
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use passerelle_formats::Reason;
    use passerelle_texts::{Lang, t};

    use super::*;

    #[test]
    fn what_never_ends_is_not_copied_and_a_copy_is_private() {
        let state = tempfile::tempdir().unwrap();
        let refused = copied(io::repeat(b'x'), state.path(), 1 << 20).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::FileTooLarge);
        let copy = copied(&b"BEGIN:VCARD"[..], state.path(), 11).unwrap();
        assert_eq!(copy.metadata().unwrap().len(), 11);
        #[cfg(unix)]
        assert_eq!(std::os::unix::fs::MetadataExt::mode(&copy.metadata().unwrap()) & 0o777, 0o600);
        assert_eq!(state.path().read_dir().unwrap().count(), 0, "it has no name");
    }

    /// Reads a file, and writes more to it once something was read.
    struct Written<'a>(&'a File);

    impl Read for Written<'_> {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            let count = self.0.read(out)?;
            self.0.write_all(b"more").map(|()| count)
        }
    }

    #[test]
    fn a_file_that_changes_while_it_is_read_is_not_imported() {
        let folder = tempfile::tempdir().unwrap();
        let name = folder.path().join("a.vcf");
        std::fs::write(&name, "BEGIN:VCARD").unwrap();
        let open = File::options().read(true).append(true).open(&name).unwrap();
        let refused = copied_as_it_is(&open, Written(&open).take(11), folder.path()).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::ResourceBusy);
        let copy = to_import(&name, folder.path()).unwrap();
        // What becomes of the file then is nothing to the import.
        std::fs::write(&name, "").unwrap();
        assert_eq!(head(&copy), b"BEGIN:VCARDmore");
    }

    #[test]
    fn every_reason_has_its_own_words_and_its_own_cure_in_both_languages() {
        // Nothing is wrong with an older state: it is told apart.
        let of_files = Reason::ALL.into_iter().filter(|reason| *reason != Reason::Older).map(Reason::id);
        let all: BTreeSet<&str> = of_files.chain(["looks-alike", "looks-like-several"]).collect();
        assert_eq!(REASONS.iter().map(|(reason, ..)| *reason).collect::<BTreeSet<_>>(), all);
        let words = REASONS.iter().flat_map(|(_, words, mend)| [*words, *mend]);
        let ids: Vec<&str> = words.chain(["reason-refused", "mend-refused"]).collect();
        assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len());
        for id in ids.into_iter().chain(IN_JSON.iter().chain(&IN_TABLES).map(|(_, mend)| *mend)) {
            let args = || ["detail", "rule"].map(|name| (name, "x".to_owned().into()));
            for lang in [Lang::En, Lang::Fr] {
                assert_ne!(t(lang, id, &args()), format!("<{id}>"));
            }
        }
    }
}
