//! Tables of contacts: read whoever wrote them, written as Google Contacts and as Outlook do.
//!
//! What must stay true: every cell is taken into the record or kept as text beside it, and a column that is not taken
//! can be told ([`unread`]).

mod closed;
mod columns;
mod formula;
mod google;
mod headings;
mod outlook;
mod quotes;
mod read;

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    io::{self, BufReader, Cursor, Read, Write},
};

use csv::{ByteRecord, Reader, ReaderBuilder, StringRecord, WriterBuilder};
use passerelle_contacts::{
    Address, Contact, Email, Im, Labelled, LabelledDate, Organization, Phone, Problem, address_key,
    email_key, im_key, keyed, phone_key, relation_key, text_key, url_key, validate,
};

use self::{
    closed::{Closed, Form, Found, Unclosed},
    columns::{Column, Columns, understood},
    quotes::{PLAIN, Quotes, Requoted},
};

use crate::{
    BadRecord, Imported, Options, Reason, Source,
    membership::labels_of,
    text::{Unmarked, decode},
};

pub use self::columns::knows_heading;

/// Which table is written.
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
    organizations: Vec<Organization>,
    groups: Vec<String>,
    nicknames: Vec<String>,
    unknown: Vec<String>,
    /// The columns of which something is kept as text, and where that stands in `unknown`.
    left: Vec<(usize, usize)>,
}

impl Draft {
    /// Tells whether all of a cell is kept as text.
    fn has_left(&self, columns: &Columns, n: usize, cell: &str) -> bool {
        let is_whole = |at: usize| {
            let text = self.unknown.get(at).and_then(|text| text.strip_prefix(&columns.name(n)));
            text.and_then(|text| text.strip_prefix(": ")) == Some(cell)
        };
        self.left.iter().any(|(column, at)| *column == n && is_whole(*at))
    }

    /// Counts what it holds several of.
    fn count(&self) -> usize {
        [
            self.emails.len(),
            self.phones.len(),
            self.addresses.len(),
            self.urls.len(),
            self.ims.len(),
            self.dates.len(),
            self.relations.len(),
            self.custom.len(),
            self.organizations.len(),
            self.groups.len(),
            self.nicknames.len(),
            self.unknown.len(),
        ]
        .iter()
        .sum()
    }

    fn finish(self, options: &Options) -> (Contact, Vec<String>) {
        let region = options.region.as_deref();
        let texts = |list: Vec<String>| keyed(list.into_iter().map(|text| (text_key(&text), text)));
        let labelled = |list: Vec<Labelled>, key: fn(&Labelled) -> String| {
            keyed(list.into_iter().map(|item| (key(&item), item)))
        };
        let contact = Contact {
            emails: keyed(self.emails.into_iter().map(|email| (email_key(&email.address), email))),
            phones: keyed(self.phones.into_iter().map(|phone| {
                let phone = Phone { number: read::with_zero(phone.number, region), ..phone };
                (phone_key(&phone.number, region), phone)
            })),
            addresses: keyed(self.addresses.into_iter().map(|a| (address_key(&a.label), a))),
            urls: labelled(self.urls, |url| url_key(&url.value)),
            ims: keyed(self.ims.into_iter().map(|im| (im_key(&im.service, &im.handle), im))),
            dates: keyed(self.dates.into_iter().map(|date| (text_key(&date.label), date))),
            relations: labelled(self.relations, |item| relation_key(&item.label, &item.value)),
            custom: labelled(self.custom, |item| text_key(&item.label)),
            other_organizations: keyed(self.organizations.into_iter().map(|o| (text_key(&o.name), o))),
            groups: labels_of(self.groups),
            nicknames: texts(self.nicknames),
            ..self.contact
        };
        (contact, self.unknown)
    }
}

/// The beginning, which was read to see how the table is written, and the rest.
type Whole<R> = Closed<BufReader<Requoted<io::Chain<Cursor<Vec<u8>>, BufReader<Unmarked<R>>>>>>;

/// How much of a table is read to see how it is written.
const BEGINNING: u64 = 1 << 18;
/// How many characters of rows are read to see how dates are written.
const MOST_AHEAD: usize = 1 << 18;
/// How many lines may stand above the header.
const ABOVE: usize = 8;

/// The rows of a table as contacts.
pub(crate) struct Rows<R> {
    cells: Cells<R>,
    /// The first rows, which were read to see how dates are written.
    ahead: VecDeque<Result<(usize, Vec<String>), BadRecord>>,
    columns: Columns,
    options: Options,
}

impl<R: Read> Rows<R> {
    pub(crate) fn new(reader: R, options: Options, renamed: &[(String, String)]) -> Self {
        let (mut cells, header) = Cells::new(reader);
        let mut columns = Columns::new(header, renamed);
        let mut ahead = VecDeque::new();
        if columns.has_days() {
            let (mut size, mut row) = (0, cells.next());
            while let Some(found) = row {
                size += found.iter().flat_map(|(_, cells)| cells).map(String::len).sum::<usize>() + 1;
                ahead.push_back(found);
                row = if size < MOST_AHEAD { cells.next() } else { None };
            }
            columns.see_days(ahead.iter().flatten().map(|(_, cells)| cells.as_slice()));
        }
        Rows { cells, ahead, columns, options }
    }
}

/// The rows of a table as texts, each with its line.
struct Cells<R> {
    reader: Option<Reader<Whole<R>>>,
    /// How many lines stand before what the reader was given.
    before: u64,
    bad: Option<BadRecord>,
    /// Rows whose quote never closes.
    unclosed: Found,
}

impl<R: Read> Cells<R> {
    /// Returns the rows below the header, and the header.
    fn new(reader: R) -> (Self, Vec<String>) {
        let mut source = BufReader::new(Unmarked::new(reader));
        let mut cells = Cells { reader: None, before: 0, bad: None, unclosed: Found::default() };
        let mut head = Vec::new();
        if (&mut source).take(BEGINNING).read_to_end(&mut head).is_err() {
            cells.bad = Some(BadRecord::new(1, "", Reason::Unreadable));
            return (cells, Vec::new());
        }
        let layout = Layout::of(&head);
        let Layout { delimiter, said, header, quotes, .. } = layout;
        head.drain(..said);
        cells.before = u64::from(said > 0);
        let build = builder(delimiter, quotes, &head);
        let form = layout.form(&head);
        let requoted = Requoted::new(Cursor::new(head).chain(source), quotes, delimiter);
        let (closed, unclosed) = Closed::new(BufReader::new(requoted), form, cells.before + 1);
        cells.unclosed = unclosed;
        let mut reader = build.from_reader(closed);
        let mut record = ByteRecord::new();
        for _ in 0..=header {
            if reader.read_byte_record(&mut record).is_err() {
                cells.bad = Some(BadRecord::new(1, "", Reason::Malformed));
            }
        }
        cells.reader = Some(reader);
        (cells, texts(&record))
    }
}

impl<R: Read> Iterator for Cells<R> {
    type Item = Result<(usize, Vec<String>), BadRecord>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(bad) = self.bad.take() {
            self.reader = None;
            return Some(Err(bad));
        }
        if let Some(unclosed) = self.unclosed.borrow_mut().pop_front() {
            return Some(Err(unclosed.bad()));
        }
        let mut record = ByteRecord::new();
        loop {
            match self.reader.as_mut()?.read_byte_record(&mut record) {
                Ok(false) => {
                    return self.unclosed.borrow_mut().pop_front().map(|unclosed| Err(unclosed.bad()));
                }
                Ok(true) if record.iter().all(|cell| cell.trim_ascii().is_empty()) => {}
                Ok(true) => {
                    let line = record.position().map_or(0, |at| at.line() + self.before);
                    return Some(Ok((usize::try_from(line).unwrap_or(0), texts(&record))));
                }
                Err(_) => {
                    self.reader = None;
                    return Some(Err(BadRecord::new(0, "", Reason::Unreadable)));
                }
            }
        }
    }
}

impl Unclosed {
    fn bad(&self) -> BadRecord {
        let text = decode(self.text.clone(), None);
        let shown: String = text.trim().chars().filter(|c| *c != '"').take(100).collect();
        BadRecord::new(usize::try_from(self.line).unwrap_or_default(), shown, Reason::UnclosedQuote)
    }
}

fn builder(delimiter: u8, quotes: Quotes, head: &[u8]) -> ReaderBuilder {
    let mut build = ReaderBuilder::new();
    build.has_headers(false).flexible(true).delimiter(delimiter).quote(quotes.sign);
    // The reader counts its lines right with one kind of end alone; a return before it is trimmed away.
    if head.contains(&b'\n') {
        build.terminator(csv::Terminator::Any(b'\n'));
    }
    build
}

fn texts(record: &ByteRecord) -> Vec<String> {
    record.iter().map(|cell| formula::meant(decode(cell.to_vec(), None).trim()).to_owned()).collect()
}

/// How a table is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Layout {
    delimiter: u8,
    /// How many bytes the line `sep=;` takes, with which Excel says its separator.
    said: usize,
    /// How many rows stand above the header: titles, and blanks.
    header: usize,
    /// How many of its headings are understood.
    understood: usize,
    /// How many columns it has.
    width: usize,
    quotes: Quotes,
}

impl Layout {
    /// Returns what tells a quote that never closes.
    fn form(&self, head: &[u8]) -> Form {
        let end = if head.contains(&b'\n') { b'\n' } else { b'\r' };
        Form {
            delimiter: self.delimiter,
            quote: self.quotes.sign,
            end,
            width: self.width,
            above: self.header + 1,
        }
    }

    fn of(head: &[u8]) -> Self {
        let (said, delimiter) = separator_line(head);
        let rest = head.get(said..).unwrap_or_default();
        let layouts = b",;\t|".iter().filter(|byte| delimiter.is_none_or(|said| said == **byte));
        let layouts = layouts.map(|delimiter| Layout { said, ..Layout::with(rest, *delimiter) });
        // The separator under which most is understood; a comma where nothing tells.
        let best = layouts.max_by_key(|layout| (layout.understood, layout.width, layout.delimiter == b','));
        best.unwrap_or_else(|| Layout { said, ..Layout::with(rest, delimiter.unwrap_or(b',')) })
    }

    /// Looks for the header below lines that hold a title or nothing.
    fn with(head: &[u8], delimiter: u8) -> Self {
        let quotes = Quotes::of(head, delimiter, head.len() as u64 >= BEGINNING);
        let mut reader = builder(delimiter, quotes, head).from_reader(Requoted::new(head, quotes, delimiter));
        let mut record = ByteRecord::new();
        let mut first = None;
        let mut row = 0;
        while row < ABOVE && matches!(reader.read_byte_record(&mut record), Ok(true)) {
            let names = texts(&record);
            let filled = names.iter().filter(|name| !name.is_empty()).count();
            let found = Layout {
                delimiter,
                said: 0,
                header: row,
                understood: understood(&names),
                width: names.len(),
                quotes,
            };
            first = first.or((filled > 0).then_some(found));
            if found.understood > 1 || filled > 1 {
                return found;
            }
            row += 1;
        }
        first.unwrap_or(Layout { delimiter, said: 0, header: 0, understood: 0, width: 0, quotes: PLAIN })
    }
}

/// Reads a first line `sep=;`: its length, and the separator.
fn separator_line(head: &[u8]) -> (usize, Option<u8>) {
    let end = head.iter().position(|byte| *byte == b'\n').map_or(head.len(), |at| at + 1);
    let line = head.get(..end).unwrap_or_default();
    let text =
        String::from_utf8_lossy(line).trim_matches(['\r', '\n', ' ', '"', '\u{feff}']).to_ascii_lowercase();
    match text.strip_prefix("sep=").map(str::as_bytes) {
        Some([delimiter]) => (end, Some(*delimiter)),
        // `sep=` and a tab, which was trimmed; some write a separator behind it.
        Some([delimiter, ..]) => (end, Some(*delimiter)),
        _ => (0, None),
    }
}

/// Writes rows of a table by the lines they begin at, below everything that stands above the first row.
pub(crate) fn pick(source: impl Source, wanted: &BTreeSet<u64>, out: &mut impl Write) -> io::Result<()> {
    let plain = || BufReader::new(Unmarked::new(source.open()));
    let mut head = Vec::new();
    plain().take(BEGINNING).read_to_end(&mut head)?;
    let layout = Layout::of(&head);
    let Layout { delimiter, said, header, quotes, .. } = layout;
    // What is written, beside the reader that tells where its rows end.
    let (mut body, mut rows) = (plain(), plain());
    io::copy(&mut (&mut body).take(said as u64), out)?;
    io::copy(&mut (&mut rows).take(said as u64), &mut io::sink())?;
    head.drain(..said);
    let rows = BufReader::new(Requoted::new(rows, quotes, delimiter));
    let (closed, unclosed) = Closed::new(rows, layout.form(&head), u64::from(said > 0) + 1);
    let mut reader = builder(delimiter, quotes, &head).from_reader(closed);
    let mut record = ByteRecord::new();
    let before = u64::from(said > 0);
    let mut row: u64 = 0;
    let mut from = 0;
    while reader.read_byte_record(&mut record).map_err(io::Error::from)? {
        let end = reader.position().byte();
        let line = record.position().map_or(0, |at| at.line() + before);
        let mut unclosed = unclosed.borrow_mut();
        while unclosed.front().is_some_and(|bad| bad.line + bad.lines <= line) {
            unclosed.pop_front();
        }
        let within = |bad: &Unclosed| line >= bad.line && wanted.contains(&bad.line);
        let is_wanted = wanted.contains(&line) || unclosed.front().is_some_and(within);
        let mut bytes = (&mut body).take(end.saturating_sub(from));
        match row <= u64::try_from(header).unwrap_or(u64::MAX) || is_wanted {
            true => io::copy(&mut bytes, out)?,
            false => io::copy(&mut bytes, &mut io::sink())?,
        };
        (from, row) = (end, row + 1);
    }
    Ok(())
}

/// Tells whether a file begins like a table of contacts, and how many of its headings are understood.
pub(crate) fn headings_understood(head: &[u8]) -> usize {
    Layout::of(head).understood
}

/// Tells whether a table has a column that a person calls so.
pub(crate) fn has_column(reader: impl Read, heading: &str) -> bool {
    let (rows, header) = Cells::new(reader);
    match columns::number(heading).filter(|number| *number > header.len()) {
        // Rows may be wider than the header.
        Some(number) => rows.flatten().any(|(_, cells)| cells.len() >= number),
        None => Columns::new(header, &[]).is_there(heading),
    }
}

/// A column that is not taken into the records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unread {
    /// Its heading, or its number (`#4`).
    pub name: String,
    /// Whether its heading is understood: another column says the same, or what is in it is nothing of the kind.
    pub known: bool,
    /// How many rows have something in it.
    pub rows: u64,
    /// The first thing that is in it.
    pub example: String,
    /// Whether an e-mail address or a telephone number is among them.
    pub reaches: bool,
    /// How many of them are e-mail addresses.
    pub mails: u64,
}

/// Returns the columns of a table that hold something and are not taken into the records: those that are not understood, and
/// those of which most was left because others say the same.
pub(crate) fn unread(reader: impl Read, renamed: &[(String, String)]) -> Vec<Unread> {
    let (rows, header) = Cells::new(reader);
    let columns = Columns::new(header, renamed);
    let mut found: BTreeMap<usize, Unread> = BTreeMap::new();
    let mut taken: BTreeMap<usize, u64> = BTreeMap::new();
    for (_, cells) in rows.flatten().filter(|(_, cells)| !columns.is_header(cells)) {
        let draft = read::draft_of(&columns, &cells);
        for (n, cell) in cells.iter().enumerate().filter(|(_, cell)| !cell.is_empty()) {
            let known = !columns.column(n).is_left();
            if known && !draft.has_left(&columns, n, cell) {
                *taken.entry(n).or_default() += 1;
                continue;
            }
            let column = found.entry(n).or_insert_with(|| Unread {
                name: columns.name(n),
                known,
                rows: 0,
                example: cell.clone(),
                reaches: false,
                mails: 0,
            });
            column.rows += 1;
            let is_office = matches!(columns.column(n), Column::Office);
            column.reaches = column.reaches || (!is_office && !known && read::reaches(cell));
            column.mails += u64::from(cell.contains('@'));
        }
    }
    let is_left = |(n, column): &(usize, Unread)| column.rows > taken.get(n).copied().unwrap_or_default();
    found.into_iter().filter(is_left).map(|(_, column)| column).collect()
}

impl<R: Read> Iterator for Rows<R> {
    type Item = Result<Imported<Contact>, BadRecord>;

    fn next(&mut self) -> Option<Self::Item> {
        let (line, cells) = loop {
            match self.ahead.pop_front().or_else(|| self.cells.next())? {
                Ok((_, cells)) if self.columns.is_header(&cells) => {}
                Ok(row) => break row,
                Err(bad) => return Some(Err(bad)),
            }
        };
        let draft = read::draft_of(&self.columns, &cells);
        if draft.count() > crate::content::MOST {
            let summary: String =
                cells.first().map(|cell| cell.chars().take(100).collect()).unwrap_or_default();
            return Some(Err(BadRecord::new(line, summary, Reason::TooMany)));
        }
        let (record, unknown) = draft.finish(&self.options);
        if validate(&record).contains(&Problem::Empty) {
            let summary = cells.into_iter().find(|cell| !cell.is_empty()).unwrap_or_default();
            return Some(Err(BadRecord::new(line, summary, Reason::Empty)));
        }
        Some(Ok(Imported { record, unknown, line, nth: 0 }))
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
        let record: StringRecord = header
            .iter()
            .map(|name| row.get(name).map(|cell| formula::guarded(cell)).unwrap_or_default())
            .collect();
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
