//! Tables of contacts: as Google Contacts and as Outlook write them.

mod google;
mod outlook;

use std::io::{self, BufRead, BufReader, Cursor, Read, Write};

use csv::{ByteRecord, Reader, ReaderBuilder, StringRecord, WriterBuilder};
use passerelle_contacts::{
    Address, Contact, Email, Im, Labelled, LabelledDate, Phone, Problem, address_key, email_key, im_key,
    keyed, phone_key, relation_key, text_key, url_key, validate,
};

use crate::{
    BadRecord, Imported, Options, Reason,
    text::{Unmarked, decode},
};

pub(crate) use outlook::is_outlook_header;

/// Which table it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Table {
    Google,
    Outlook,
}

/// What is gathered from a row before it becomes keyed collections.
#[derive(Default)]
struct Draft {
    contact: Contact,
    emails: Vec<Email>,
    phones: Vec<Phone>,
    addresses: Vec<Address>,
    urls: Vec<Labelled>,
    ims: Vec<Im>,
    dates: Vec<LabelledDate>,
    relations: Vec<Labelled>,
    custom: Vec<Labelled>,
    groups: Vec<String>,
    nicknames: Vec<String>,
    unknown: Vec<String>,
}

impl Draft {
    fn finish(self, options: &Options) -> (Contact, Vec<String>) {
        let region = options.region.as_deref();
        let texts = |list: Vec<String>| keyed(list.into_iter().map(|text| (text_key(&text), text)));
        let labelled = |list: Vec<Labelled>, key: fn(&Labelled) -> String| {
            keyed(list.into_iter().map(|item| (key(&item), item)))
        };
        let contact = Contact {
            emails: keyed(self.emails.into_iter().map(|email| (email_key(&email.address), email))),
            phones: keyed(self.phones.into_iter().map(|phone| (phone_key(&phone.number, region), phone))),
            addresses: keyed(self.addresses.into_iter().map(|a| (address_key(&a.label), a))),
            urls: labelled(self.urls, |url| url_key(&url.value)),
            ims: keyed(self.ims.into_iter().map(|im| (im_key(&im.service, &im.handle), im))),
            dates: keyed(self.dates.into_iter().map(|date| (text_key(&date.label), date))),
            relations: labelled(self.relations, |item| relation_key(&item.label, &item.value)),
            custom: labelled(self.custom, |item| text_key(&item.label)),
            groups: texts(self.groups),
            nicknames: texts(self.nicknames),
            ..self.contact
        };
        (contact, self.unknown)
    }
}

/// The first line, which was read to see the separator, and the rest.
type Whole<R> = io::Chain<Cursor<Vec<u8>>, BufReader<Unmarked<R>>>;

/// The rows of a table as contacts.
pub(crate) struct Rows<R> {
    reader: Option<Reader<Whole<R>>>,
    header: Vec<String>,
    table: Table,
    options: Options,
    bad: Option<BadRecord>,
}

impl<R: Read> Rows<R> {
    pub(crate) fn new(reader: R, table: Table, options: Options) -> Self {
        let mut source = BufReader::new(Unmarked::new(reader));
        let mut rows = Rows { reader: None, header: Vec::new(), table, options, bad: None };
        let Ok(head) = first_line(&mut source) else {
            rows.bad = Some(BadRecord::new(1, "", Reason::Unreadable));
            return rows;
        };
        let delimiter = delimiter(&head);
        let mut build = ReaderBuilder::new();
        let build = build.has_headers(false).flexible(true).delimiter(delimiter);
        let mut reader = build.from_reader(Cursor::new(head).chain(source));
        let mut record = ByteRecord::new();
        match reader.read_byte_record(&mut record) {
            Ok(_) => rows.header = cells(&record),
            Err(_) => rows.bad = Some(BadRecord::new(1, "", Reason::Malformed)),
        }
        rows.reader = Some(reader);
        rows
    }
}

fn cells(record: &ByteRecord) -> Vec<String> {
    record.iter().map(|cell| decode(cell.to_vec(), None).trim().to_owned()).collect()
}

/// Reads the first line with its end.
fn first_line(source: &mut impl BufRead) -> io::Result<Vec<u8>> {
    let mut line = Vec::new();
    source.take(1 << 20).read_until(b'\n', &mut line)?;
    Ok(line)
}

/// Returns the separator that the first line has most of.
fn delimiter(head: &[u8]) -> u8 {
    let count = |wanted: &u8| head.iter().filter(|byte| *byte == wanted).count();
    b",;\t".iter().copied().max_by_key(|byte| (count(byte), *byte == b',')).unwrap_or(b',')
}

impl<R: Read> Iterator for Rows<R> {
    type Item = Result<Imported<Contact>, BadRecord>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(bad) = self.bad.take() {
            self.reader = None;
            return Some(Err(bad));
        }
        let mut record = ByteRecord::new();
        loop {
            match self.reader.as_mut()?.read_byte_record(&mut record) {
                Ok(false) => return None,
                Ok(true) if record.iter().all(<[u8]>::is_empty) => continue,
                Ok(true) => {}
                Err(_) => {
                    self.reader = None;
                    return Some(Err(BadRecord::new(0, "", Reason::Unreadable)));
                }
            }
            let line = record.position().map_or(0, |at| usize::try_from(at.line()).unwrap_or(0));
            let values = cells(&record);
            let row: Vec<(&str, &str)> = self
                .header
                .iter()
                .zip(&values)
                .map(|(name, value)| (name.as_str(), value.as_str()))
                .filter(|(_, value)| !value.is_empty())
                .collect();
            let draft = match self.table {
                Table::Google => google::draft_of(&row),
                Table::Outlook => outlook::draft_of(&self.header, &row),
            };
            let (record, unknown) = draft.finish(&self.options);
            if validate(&record).contains(&Problem::Empty) {
                let summary = values.iter().find(|value| !value.is_empty()).cloned().unwrap_or_default();
                return Some(Err(BadRecord::new(line, summary, Reason::Empty)));
            }
            return Some(Ok(Imported { record, unknown, line }));
        }
    }
}

/// Writes contacts as a table. What it has no column for is not in it.
pub(crate) fn write(
    out: &mut impl Write,
    table: Table,
    contacts: impl IntoIterator<Item = (Contact, Vec<String>)>,
) -> io::Result<usize> {
    let mut writer = WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(out);
    let header = match table {
        Table::Google => google::header(),
        Table::Outlook => outlook::header(),
    };
    writer.write_record(&header)?;
    let mut count = 0;
    for (contact, _) in contacts {
        let row = match table {
            Table::Google => google::row_of(&contact),
            Table::Outlook => outlook::row_of(&contact),
        };
        let record: StringRecord =
            header.iter().map(|name| row.get(name).map(String::as_str).unwrap_or_default()).collect();
        writer.write_record(&record)?;
        count += 1;
    }
    writer.flush()?;
    Ok(count)
}

/// Returns the entries with the preferred one first.
fn preferred_first<'a, T>(entries: impl Iterator<Item = &'a T>, is_preferred: fn(&T) -> bool) -> Vec<&'a T> {
    let mut entries: Vec<&T> = entries.collect();
    entries.sort_by_key(|entry| !is_preferred(entry));
    entries
}
