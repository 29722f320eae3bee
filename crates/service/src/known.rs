//! What is there already, for records of a file that nothing here has the identifier of.

use std::{
    cmp::Ordering,
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    hash::{BuildHasher, RandomState},
    ops::Range,
    sync::Arc,
};

use chrono::{NaiveDateTime, TimeDelta};

use passerelle_ports::{Field, Fields, ItemId, MatchKey, Record, Value, assemble, fields, left};

use crate::{
    Company, Kinded, Outcome, Search,
    identity::spellings,
    kept::named_leftovers,
    records::{Alike, PartOf, Parts},
};

/// How many records are read at a time.
const PAGE: usize = 250;
/// A key that more records share tells nobody apart: the number of a switchboard.
const MOST_SHARING: usize = 50;
/// Of how many records that are like another one the values are compared.
const MOST_ALIKE: usize = 20;
/// How many fields in which two differ are named.
const MOST_NAMED: usize = 4;

/// Where a record is.
#[derive(Clone, Debug)]
enum At {
    /// Here, before the import.
    Here(ItemId),
    /// On a line of the file, with the name that it has there.
    File(u64, Box<str>),
}

/// How many bits of a number stand for a text; those above for what it is about.
const OF_TEXT: u32 = 36;

/// How many bits of a cell that is kept as text stand for the record it is beside.
const OF_RECORD: u32 = 24;

/// Returns what a text is about, of the number that stands for both.
fn about(text: u64) -> u64 {
    text >> OF_TEXT
}

/// What is kept beside a record, as numbers in order: see [`Known::left`]. A table of hundreds of columns that have no place
/// keeps as many for each row: five bytes for each text, and one list of what they are about for all rows that have the same.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
struct Left {
    about: Arc<[u32]>,
    texts: Box<[[u8; 5]]>,
}

impl Left {
    fn of(mut numbers: Vec<u64>) -> Self {
        numbers.sort_unstable();
        numbers.dedup();
        let text = |number: &u64| {
            let [a, b, c, d, e, ..] = number.to_le_bytes();
            [a, b, c, d, e]
        };
        Left {
            about: numbers.iter().map(|number| u32::try_from(about(*number)).unwrap_or_default()).collect(),
            texts: numbers.iter().map(text).collect(),
        }
    }

    fn numbers(&self) -> impl Iterator<Item = u64> + '_ {
        self.about.iter().zip(&self.texts).map(|(about, [a, b, c, d, e])| {
            let text = u64::from_le_bytes([*a, *b, *c, *d, *e, 0, 0, 0]) & ((1 << OF_TEXT) - 1);
            u64::from(*about) << OF_TEXT | text
        })
    }
}

/// Returns what those numbers are about that are not among others.
fn about_only(one: &Left, other: &Left) -> BTreeSet<u64> {
    let other: Vec<u64> = other.numbers().collect();
    one.numbers().filter(|text| other.binary_search(text).is_err()).map(about).collect()
}

/// How what was read beside a record compares with what is kept beside another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Weighed {
    /// It is there.
    Held,
    /// It says more.
    Adds,
    /// It says otherwise.
    Otherwise,
}

/// Compares what was read with what is kept. What tells when a record was written is in neither.
fn weigh(kept: &Left, read: &Left) -> Weighed {
    let says = about_only(read, kept);
    if says.is_empty() {
        return Weighed::Held;
    }
    if about_only(kept, read).is_disjoint(&says) { Weighed::Adds } else { Weighed::Otherwise }
}

/// What is kept of a record.
struct Kept {
    /// What it says, field by field, as numbers in order.
    said: Box<[u64]>,
    /// What is kept beside it.
    left: Left,
    at: At,
    /// Whether it has no identifier.
    is_nameless: bool,
}

/// What each record here says, as numbers: a record of a file is there already when one of the same address, number
/// or time says all that it says, or when one says exactly the same. Numbers, because all records of a company
/// would not fit.
#[derive(Default)]
pub(crate) struct Known {
    hasher: RandomState,
    all: Vec<Kept>,
    /// What is kept beside records is about, each list once.
    abouts: HashSet<Arc<[u32]>>,
    by_key: HashMap<u64, Vec<u32>>,
    /// By all that a record says, and by that with what is kept beside it.
    whole: HashMap<u64, Vec<u32>>,
    /// What is kept beside records here of which the import changed it.
    lefts: HashMap<ItemId, Left>,
    /// What is kept as text beside a record of a name, because a column was not understood: in the upper bits the number
    /// of both, in [`OF_RECORD`] that of the record. In order, eight bytes each: a table may have hundreds of such columns.
    beside: Vec<u64>,
    uids: HashMap<u64, Named>,
    /// Those that have another identifier here than their file gave them, by that one.
    originals: HashMap<u64, Vec<u32>>,
    /// Those that the import made.
    made: HashMap<u64, ItemId>,
    /// Records here that are parts of others which were not here: by the identifier of the whole.
    lone: HashMap<u64, Vec<ItemId>>,
    /// The identifiers of such records, by the identifier of the whole and by which part of it they are.
    lone_names: HashMap<u64, String>,
    /// Records that became parts of others.
    gone: BTreeSet<ItemId>,
    /// The lines of the file that identifiers were read on first.
    taken: HashMap<u64, u64>,
}

/// What is kept of a record here that has an identifier.
struct Named {
    number: u32,
    revision: Revision,
}

/// How new a state of a record is: by its number, then by when it was changed, as far as a file said so.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Revision {
    sequence: Option<u64>,
    /// The digits of the time.
    changed: Option<u64>,
    /// When the record was made, likewise.
    made: Option<u64>,
}

impl Revision {
    /// Reads it in what a file held beside a record.
    pub(crate) fn of(leftovers: Option<&Value>) -> Self {
        let texts = leftovers.and_then(left::texts).unwrap_or_default();
        let sequence = left::sequence(texts.iter().copied());
        let mut revision = Revision { sequence, ..Revision::default() };
        for text in texts {
            let is = |name: &&str| left::about(text).eq_ignore_ascii_case(name);
            let time = || text.trim_end_matches('}').split_once(':').and_then(|(_, value)| moment(value));
            if ["LAST-MODIFIED", "UPDATED", "REV"].iter().any(&is) {
                revision.changed = time();
            } else if is(&"CREATED") {
                revision.made = time();
            }
        }
        revision
    }

    /// Tells whether its number is higher than that of another state; of one that says none it is 0.
    pub(crate) fn is_later_by_number(self, than: Self) -> bool {
        self.sequence.is_some_and(|number| number > than.sequence.unwrap_or_default())
    }

    /// Tells whether nothing says how new it is.
    pub(crate) fn is_unsaid(self) -> bool {
        self.sequence.is_none() && self.changed.is_none()
    }

    /// Tells whether both say that the record was made at one time.
    pub(crate) fn is_made_with(self, other: Self) -> bool {
        self.made.is_some() && self.made == other.made
    }

    /// Tells whether it was changed after another state, as far as both say when.
    pub(crate) fn is_changed_after(self, than: Self) -> bool {
        self.changed.zip(than.changed).is_some_and(|(one, other)| by_time(one, other).is_gt())
    }

    /// Tells whether it is an older state than another one. A missing number is 0 (RFC 5545 §3.8.7.4), but what says none and
    /// when it was changed is as old as that.
    fn is_older(self, than: Self) -> bool {
        let by_time = self.changed.zip(than.changed).map(|(one, other)| by_time(one, other));
        let by_number = self.sequence.unwrap_or_default().cmp(&than.sequence.unwrap_or_default());
        let by_number =
            if self.sequence.is_none() && by_time.is_some() { Ordering::Equal } else { by_number };
        by_number.then(by_time.unwrap_or(Ordering::Equal)).is_lt()
    }
}

/// What a day has in the place of a time of it.
const DAY_ONLY: u64 = 999_999;

/// Reads the digits of a time in UTC, or of a day.
fn moment(value: &str) -> Option<u64> {
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).take(14).collect::<String>();
    let (day, clock) = value.split_once(['T', 't']).unwrap_or((value, ""));
    let (clock, offset) = clock.split_at(clock.rfind(['+', '-']).unwrap_or(clock.len()));
    let time = digits(&format!("{day}{clock}"));
    match time.len() {
        14 => {
            let local = NaiveDateTime::parse_from_str(&time, "%Y%m%d%H%M%S").ok()?;
            let utc = local.checked_sub_signed(ahead(offset, &digits(offset)))?;
            utc.format("%Y%m%d%H%M%S").to_string().parse().ok()
        }
        8..14 => time.get(..8)?.parse::<u64>().ok().map(|day| day * 1_000_000 + DAY_ONLY),
        _ => None,
    }
}

/// Returns how far a clock is ahead of UTC: `+0100`, `-03:30`, `+01`.
fn ahead(offset: &str, digits: &str) -> TimeDelta {
    let number = |range: Range<usize>| digits.get(range).and_then(|part| part.parse().ok()).unwrap_or(0);
    let minutes = number(0..2) * 60 + number(2..4);
    TimeDelta::minutes(if offset.starts_with('-') { -minutes } else { minutes })
}

/// Compares two times; of one that is only a day the day counts.
fn by_time(one: u64, other: u64) -> Ordering {
    match [one, other].iter().any(|time| time % 1_000_000 == DAY_ONLY) {
        true => (one / 1_000_000).cmp(&(other / 1_000_000)),
        false => one.cmp(&other),
    }
}

/// Compares how new two states of a record are by when they were changed, where both say so.
pub(crate) fn compare_states(one: Option<&Value>, other: Option<&Value>) -> Option<Ordering> {
    let (one, other) = (Revision::of(one).changed?, Revision::of(other).changed?);
    Some(by_time(one, other))
}

/// What a record of a file turned out to be.
#[derive(Debug)]
pub(crate) enum Found<R> {
    /// Its identifier is here: what it says is for the record of that identifier.
    Named,
    /// There already; with the record here that says it, where it is not one of the file.
    There(Option<(ItemId, R)>),
    /// Nothing is like it.
    New,
    /// The record here that it is, with what both say.
    Same(ItemId, Box<R>),
    /// It is like this one, and is taken as another one: another person of the same address, or a line of the file.
    Beside(Alike),
    /// It is like this one and of the same name, but both have identifiers, which differ.
    Twin(ItemId, Box<R>),
    /// A person decides: it is like these, and says otherwise.
    Doubt(Doubt),
}

/// Why it is not sure which record another one is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Doubt {
    /// The names of those it is like.
    pub(crate) names: Vec<String>,
    /// In what it says otherwise.
    pub(crate) fields: Vec<String>,
    /// The one that it is, if it is one at all.
    pub(crate) only: Option<ItemId>,
}

/// An identifier says nothing about whom it identifies, and the order of a list nothing about what is in it.
fn is_said(field: &Field) -> bool {
    field.as_str() != "uid" && field.member() != "order"
}

pub(crate) fn uid_of<R: Record>(record: &R) -> Option<String> {
    match fields(record).remove(&Field::new("uid")) {
        Some(Value::String(uid)) => Some(uid),
        _ => None,
    }
}

impl Known {
    /// Reads what an app user sees, or what the company has.
    pub(crate) async fn of<R: Kinded>(
        company: &dyn Company,
        user: Option<&str>,
        parts: Parts<R>,
    ) -> Outcome<Self> {
        let mut known = Known::default();
        let search = Search { user: user.map(str::to_owned), as_made: true, ..Search::default() };
        for some in company.ids(R::KIND, &search).await?.chunks(PAGE) {
            let search = Search { only: some.to_vec(), ..Search::default() };
            for item in R::list(company, &search).await?.items {
                let said = known.said(&item.record);
                let revision = Revision::of(Some(&item.leftovers));
                let uid = uid_of(&item.record);
                known.keep_cells(&item.record, &item.leftovers);
                if let Some(part) = parts(&item.record, &item.leftovers) {
                    let whole = known.hasher.hash_one(part.uid.as_str());
                    known.lone.entry(whole).or_default().push(item.id.clone());
                    known.is_part(&part, uid.as_deref());
                }
                let left = known.left(Some(&item.leftovers));
                known.add(&item.record, uid.as_deref(), said, left, At::Here(item.id));
                known.name(uid.as_deref(), revision);
                known.note_original(left::original_uid(Some(&item.leftovers)));
            }
        }
        known.beside.sort_unstable();
        Ok(known)
    }

    /// Returns what a record says, field by field, in order.
    fn said<R: Record>(&self, record: &R) -> Box<[u64]> {
        let all = fields(record);
        let said = all.iter().filter(|(field, _)| is_said(field));
        let mut said: Vec<u64> = said
            .map(|(field, value)| self.hasher.hash_one((field.as_str(), R::normal(field, value).to_string())))
            .collect();
        said.sort_unstable();
        said.into()
    }

    /// Returns the number of what a text is about.
    fn about_bits(&self, text: &str) -> u64 {
        self.hasher.hash_one(left::about(text)) >> OF_TEXT
    }

    /// Returns what is kept beside a record, as numbers in order.
    fn left(&self, leftovers: Option<&Value>) -> Left {
        let texts = leftovers.and_then(left::texts).unwrap_or_default().into_iter();
        let texts = texts.filter(|text| !left::is_mark(text));
        let number = |text: &str| {
            let text_bits = self.hasher.hash_one(left::meaning(text)) >> (u64::BITS - OF_TEXT);
            self.about_bits(text) << OF_TEXT | text_bits
        };
        Left::of(texts.map(number).collect())
    }

    /// Returns what is kept beside a record by now.
    fn left_of<'a>(&'a self, kept: &'a Kept) -> &'a Left {
        match &kept.at {
            At::Here(id) => self.lefts.get(id).unwrap_or(&kept.left),
            At::File(..) => &kept.left,
        }
    }

    /// Notes what is kept beside a record here from now on: what was read with it, or only that.
    pub(crate) fn holds(&mut self, id: &ItemId, leftovers: Option<&Value>, only: bool) {
        let read = self.left(leftovers);
        let there = self.lefts.get(id).cloned().unwrap_or_default();
        let says = about_only(&read, &there);
        if says.is_empty() && !only {
            return;
        }
        let taken = read.numbers().filter(|text| only || says.contains(&about(*text)));
        let stay = there.numbers().filter(|text| !only && !says.contains(&about(*text)));
        self.lefts.insert(id.clone(), Left::of(taken.chain(stay).collect()));
    }

    /// Keeps what is beside a record here before the import changes it.
    fn keep_left(&mut self, number: u32, id: &ItemId) {
        let kept = usize::try_from(number).ok().and_then(|at| self.all.get(at));
        if let Some(left) = kept.map(|kept| kept.left.clone()) {
            self.lefts.entry(id.clone()).or_insert(left);
        }
    }

    /// Keeps the cells that are kept as text beside the record that is added next.
    fn keep_cells<R: Record>(&mut self, record: &R, leftovers: &Value) {
        let number = u32::try_from(self.all.len()).ok().filter(|number| number >> OF_RECORD == 0);
        let Some(number) = number else { return };
        let texts = leftovers.as_array().into_iter().flatten().filter_map(Value::as_str);
        let mut cells = texts.filter_map(|text| text.split_once(": ")).map(|(_, cell)| cell).peekable();
        if cells.peek().is_none() {
            return;
        }
        let name = words(&fields(record), "name");
        for cell in cells.filter(|_| !name.is_empty()) {
            let cell = self.hasher.hash_one((&name, cell.trim())) >> OF_RECORD << OF_RECORD;
            self.beside.push(cell | u64::from(number));
        }
    }

    /// Finds the record here of that name beside which a value of this one is kept as text: it came before from the
    /// same row, when nobody had said yet what the column is.
    fn of_row<R: Record>(&self, record: &R) -> Option<u32> {
        if self.beside.is_empty() {
            return None;
        }
        let all = fields(record);
        let name = words(&all, "name");
        let values = all.values().flat_map(|value| match value {
            Value::String(text) => vec![text.as_str()],
            Value::Object(parts) => parts.values().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        });
        let values = values.map(str::trim).filter(|value| !value.is_empty());
        let mut found = values.filter_map(|value| {
            let cell = self.hasher.hash_one((&name, value)) >> OF_RECORD << OF_RECORD;
            let at = self.beside.partition_point(|known| *known < cell);
            u32::try_from(self.beside.get(at)?.checked_sub(cell)?)
                .ok()
                .filter(|number| number >> OF_RECORD == 0)
        });
        found.next()
    }

    /// Keeps the identifier of the record that was added last.
    fn name(&mut self, uid: Option<&str>, revision: Revision) {
        let (Some(uid), Ok(number)) = (uid, u32::try_from(self.all.len().saturating_sub(1))) else { return };
        self.uids.insert(self.hasher.hash_one(uid), Named { number, revision });
    }

    /// Keeps the identifier that its file gave to the record that was added last.
    fn note_original(&mut self, original: Option<String>) {
        let (Some(original), Ok(number)) = (original, u32::try_from(self.all.len().saturating_sub(1))) else {
            return;
        };
        self.originals.entry(self.hasher.hash_one(original)).or_default().push(number);
    }

    /// Returns how the identifier of a record of a file is spelt here, where that differs.
    pub(crate) fn spelt_here(&self, uid: &str) -> Option<String> {
        let is_here = |uid: &str| {
            let uid = self.hasher.hash_one(uid);
            self.uids.contains_key(&uid) || self.made.contains_key(&uid) || self.taken.contains_key(&uid)
        };
        if is_here(uid) {
            return None;
        }
        spellings(uid).into_iter().find(|uid| is_here(uid))
    }

    /// Tells whether the file has a record of an identifier before.
    pub(crate) fn is_taken(&self, uid: &str) -> bool {
        self.taken.contains_key(&self.hasher.hash_one(uid))
    }

    /// Tells whether a record was here before the import that has an identifier, and is, by what both say in part, the one
    /// of a file that has it too. Nothing where there is none.
    pub(crate) fn is_plainly<R: Record>(&self, uid: &str, record: &R) -> Option<bool> {
        let number = self.uids.get(&self.hasher.hash_one(uid))?.number;
        let kept = self.all.get(usize::try_from(number).ok()?)?;
        let all = fields(record);
        let says = |field: &Field, value: &Value| {
            let said = self.hasher.hash_one((field.as_str(), R::normal(field, value).to_string()));
            kept.said.binary_search(&said).is_ok()
        };
        let titled = ["title", "start"].map(Field::new);
        let shares = titled.iter().any(|field| all.get(field).is_some_and(|value| says(field, value)));
        let shares_key = || {
            let keys = record.match_keys().into_iter().filter(|key| key.strength > 0);
            let mut sharing = keys.filter_map(|key| self.by_key.get(&self.hasher.hash_one(&key)));
            sharing.any(|sharing| sharing.binary_search(&number).is_ok())
        };
        Some(shares || shares_key())
    }

    /// Tells whether a record here had an identifier in its file that it has no more.
    pub(crate) fn had(&self, uid: &str) -> bool {
        self.originals.contains_key(&self.hasher.hash_one(uid))
    }

    /// Returns the records that were here before the import and have an identifier, or had it in their files.
    pub(crate) fn of_identifier(&self, uid: &str) -> Vec<ItemId> {
        let uid = self.hasher.hash_one(uid);
        let named = self.uids.get(&uid).map(|named| named.number);
        let others = self.originals.get(&uid).into_iter().flatten().copied();
        named.into_iter().chain(others).filter_map(|number| self.here(number)).collect()
    }

    /// Keeps what a record is that the import made, to be found by its identifier.
    pub(crate) fn made<R: Record>(&mut self, record: &R, id: &ItemId) {
        if let Some(uid) = uid_of(record) {
            self.made.insert(self.hasher.hash_one(uid.as_str()), id.clone());
        }
    }

    /// Returns the records here that are parts of the one with this identifier.
    pub(crate) fn lone_of(&self, uid: &str) -> Vec<ItemId> {
        let lone = self.lone.get(&self.hasher.hash_one(uid)).into_iter().flatten();
        lone.filter(|id| !self.gone.contains(*id)).cloned().collect()
    }

    /// Keeps that a record of an identifier is a part of another one that is not here.
    pub(crate) fn is_part<R>(&mut self, part: &PartOf<R>, uid: Option<&str>) {
        for name in &part.names {
            let known = self.lone_names.entry(self.hasher.hash_one((&part.uid, name)));
            if let Some(uid) = uid {
                known.or_insert_with(|| uid.to_owned());
            }
        }
    }

    /// Returns the identifier of the record that is the same part of the same whole, however a file names it.
    pub(crate) fn same_part<R>(&self, part: &PartOf<R>) -> Option<&str> {
        let mut names = part.asked.iter().map(|name| self.hasher.hash_one((&part.uid, name)));
        names.find_map(|name| self.lone_names.get(&name)).map(String::as_str)
    }

    /// Keeps that a record here became a part of another one; tells whether it had not yet.
    pub(crate) fn is_gone(&mut self, id: &ItemId) -> bool {
        self.gone.insert(id.clone())
    }

    /// Keeps that the file has an identifier on a line; returns the line where it had it before.
    pub(crate) fn was_taken(&mut self, uid: &str, line: u64) -> Option<u64> {
        let uid = self.hasher.hash_one(uid);
        let first = self.taken.get(&uid).copied();
        self.taken.entry(uid).or_insert(line);
        first
    }

    /// Returns the record here that has an identifier.
    pub(crate) fn id_of(&self, uid: &str) -> Option<ItemId> {
        let uid = self.hasher.hash_one(uid);
        let here = self.uids.get(&uid).and_then(|named| self.all.get(usize::try_from(named.number).ok()?));
        match here.map(|kept| &kept.at) {
            Some(At::Here(id)) => Some(id.clone()),
            _ => self.made.get(&uid).cloned(),
        }
    }

    /// Tells whether a record of a file is an older state of the one here that has its identifier.
    pub(crate) fn is_older(&self, uid: Option<&str>, leftovers: Option<&Value>) -> bool {
        let here = uid.and_then(|uid| self.uids.get(&self.hasher.hash_one(uid)));
        here.is_some_and(|here| Revision::of(leftovers).is_older(here.revision))
    }

    fn add<R: Record>(&mut self, record: &R, uid: Option<&str>, said: Box<[u64]>, mut left: Left, at: At) {
        let Ok(number) = u32::try_from(self.all.len()) else { return };
        match self.abouts.get(&left.about) {
            Some(known) => left.about = Arc::clone(known),
            None => drop(self.abouts.insert(Arc::clone(&left.about))),
        }
        for key in record.match_keys() {
            self.by_key.entry(self.hasher.hash_one(&key)).or_default().push(number);
        }
        self.whole.entry(self.hasher.hash_one(&said)).or_default().push(number);
        if !left.texts.is_empty() {
            self.whole.entry(self.hasher.hash_one((&said, &left))).or_default().push(number);
        }
        self.all.push(Kept { said, left, at, is_nameless: uid.is_none() });
    }

    /// Keeps what became of a record here.
    pub(crate) fn became<R: Record>(&mut self, id: &ItemId, record: &R) {
        let said = self.said(record);
        let uid = uid_of(record);
        let left = self.lefts.get(id).cloned().unwrap_or_default();
        self.add(record, uid.as_deref(), said, left, At::Here(id.clone()));
    }

    /// Finds out what a record of a file is, and keeps it. `changed` has what became of records here meanwhile.
    pub(crate) async fn find<R: Kinded>(
        &mut self,
        company: &dyn Company,
        (record, leftovers): (&R, Option<&Value>),
        uid: Option<&str>,
        line: u64,
        changed: &BTreeMap<ItemId, R>,
    ) -> Outcome<Found<R>> {
        let named = uid.and_then(|uid| self.uids.get(&self.hasher.hash_one(uid))).map(|named| named.number);
        if let Some(number) = named {
            if let Some(id) = self.here(number) {
                self.keep_left(number, &id);
            }
            return Ok(Found::Named);
        }
        let read = Read { said: self.said(record), left: self.left(leftovers) };
        let there = if uid.is_none() { self.saying(record, &read) } else { Vec::new() };
        if let Some(found) = self.there(company, (record, leftovers), &there, changed).await? {
            if let Found::Beside(_) = &found {
                self.add(record, uid, read.said, read.left, At::File(line, record.summary().into()));
            }
            return Ok(found);
        }
        let mut alike = self.alike(record, uid.is_some());
        if let Some(row) = self.of_row(record).filter(|_| alike.at.is_empty())
            && let Some(kept) = usize::try_from(row).ok().and_then(|row| self.all.get(row))
        {
            alike.at.insert(row, kept.at.clone());
        }
        let found = self.compared(company, (record, leftovers), &alike, changed).await?;
        let id = match &found {
            Found::Same(id, _) => Some(id),
            Found::Doubt(doubt) => doubt.only.as_ref(),
            _ => None,
        };
        if let Some(id) = id {
            let of_it = |(_, at): &(&u32, &At)| matches!(at, At::Here(other) if other == id);
            let number = alike.at.iter().find(of_it).map(|(number, _)| *number);
            number.into_iter().for_each(|number| self.keep_left(number, id));
        }
        // Two records of a file that have identifiers are two.
        if uid.is_none() && !matches!(found, Found::Doubt(_)) {
            self.add(record, uid, read.said, read.left, At::File(line, record.summary().into()));
        }
        match found {
            Found::New if uid.is_some() => self.twin(company, record, changed).await,
            found => Ok(found),
        }
    }

    /// Returns the record here that has a number.
    fn here(&self, number: u32) -> Option<ItemId> {
        match &self.all.get(usize::try_from(number).ok()?)?.at {
            At::Here(id) => Some(id.clone()),
            At::File(..) => None,
        }
    }

    /// Returns the records that say all that one of a file says, as far as that has a place, with how what is kept beside
    /// them compares; those that hold it all first.
    fn saying<R: Record>(&self, record: &R, read: &Read) -> Vec<(Weighed, u32)> {
        // Those of which all is the same, then those of which only that which has a place is.
        let keys = [self.hasher.hash_one((&read.said, &read.left)), self.hasher.hash_one(&read.said)];
        let whole = keys.iter().filter_map(|key| self.whole.get(key));
        let mut all: Vec<u32> = whole.flat_map(|found| found.iter().take(MOST_SHARING).copied()).collect();
        all.extend(self.part(record, &read.said));
        let mut seen = BTreeSet::new();
        all.retain(|number| seen.insert(*number));
        let weighed = all.into_iter().filter_map(|number| {
            let kept = self.all.get(usize::try_from(number).ok()?)?;
            Some((weigh(self.left_of(kept), &read.left), number))
        });
        let mut weighed: Vec<(Weighed, u32)> = weighed.collect();
        weighed.sort_by_key(|(weighed, _)| *weighed);
        weighed
    }

    /// Tells what a record of a file is for which others say all that has a place. What has none makes it another one, or
    /// one about which a person decides: it is never dropped.
    async fn there<R: Kinded>(
        &mut self,
        company: &dyn Company,
        (record, leftovers): (&R, Option<&Value>),
        saying: &[(Weighed, u32)],
        changed: &BTreeMap<ItemId, R>,
    ) -> Outcome<Option<Found<R>>> {
        let Some((best, first)) = saying.first().copied() else { return Ok(None) };
        let as_good = saying.iter().filter(|(weighed, _)| *weighed == best).map(|(_, number)| *number);
        let as_good: Vec<u32> = as_good.collect();
        let mut here: Vec<(u32, ItemId)> =
            as_good.iter().filter_map(|number| Some((*number, self.here(*number)?))).collect();
        here.dedup_by(|(_, one), (_, other)| one == other);
        if best == Weighed::Held {
            let Some((number, id)) = here.first().filter(|(number, _)| *number == first).cloned() else {
                return Ok(Some(Found::There(None)));
            };
            self.keep_left(number, &id);
            return Ok(Some(Found::There(now(company, &id, changed).await?.map(|there| (id, there)))));
        }
        let Some((number, id)) = here.first().cloned() else {
            return Ok(self.beside(record, first).map(Found::Beside));
        };
        self.keep_left(number, &id);
        let mut names = Vec::new();
        for (_, id) in here.iter().take(MOST_ALIKE) {
            names.extend(now(company, id, changed).await?.map(|there| there.summary()));
        }
        if here.len() > 1 {
            return Ok(Some(Found::Doubt(Doubt { names, ..Doubt::default() })));
        }
        if best == Weighed::Adds {
            return Ok(Some(Found::There(now(company, &id, changed).await?.map(|there| (id, there)))));
        }
        let fields = self.named_clashes(number, leftovers);
        Ok(Some(Found::Doubt(Doubt { names, fields, only: Some(id) })))
    }

    /// Names what was read beside a record and says otherwise than what is kept beside another one.
    fn named_clashes(&self, number: u32, leftovers: Option<&Value>) -> Vec<String> {
        let Some(kept) = usize::try_from(number).ok().and_then(|at| self.all.get(at)) else {
            return Vec::new();
        };
        let (there, read) = (self.left_of(kept), self.left(leftovers));
        let (said, says) = (about_only(there, &read), about_only(&read, there));
        let texts = leftovers.and_then(left::texts).unwrap_or_default().into_iter();
        let clashes = texts.filter(|text| {
            let about = self.about_bits(text);
            said.contains(&about) && says.contains(&about) && !left::is_mark(text)
        });
        let mut named: Vec<String> = named_leftovers(clashes).into_iter().collect();
        named.truncate(MOST_NAMED);
        named
    }

    /// Says of which line of the file a record is another one, and in what it is like that.
    fn beside<R: Record>(&self, record: &R, number: u32) -> Option<Alike> {
        let kept = self.all.get(usize::try_from(number).ok()?)?;
        let At::File(line, name) = &kept.at else { return None };
        let alike = self.sorts(record, number);
        Some(Alike { name: name.to_string(), line: Some(*line), alike })
    }

    /// Returns in what a record is like another one: the sorts of the keys that they share.
    fn sorts<R: Record>(&self, record: &R, number: u32) -> Vec<String> {
        let keys = record.match_keys().into_iter();
        let shared = keys.filter(|key| {
            let sharing = self.by_key.get(&self.hasher.hash_one(key));
            sharing.is_some_and(|sharing| sharing.binary_search(&number).is_ok())
        });
        let sorts = shared.filter_map(|key| Some(key.text.split_once(':')?.0.to_owned()));
        let sorts: BTreeSet<String> = sorts.collect();
        if sorts.is_empty() { vec!["name".to_owned()] } else { sorts.into_iter().collect() }
    }

    /// Finds a record here that has another identifier and is the same person or appointment by all that is said.
    async fn twin<R: Kinded>(
        &mut self,
        company: &dyn Company,
        record: &R,
        changed: &BTreeMap<ItemId, R>,
    ) -> Outcome<Found<R>> {
        let sharing = self.sharing(record, |kept| !kept.is_nameless);
        for (number, at) in sharing.at.iter().take(MOST_ALIKE) {
            let At::Here(id) = at else { continue };
            if self.gone.contains(id) {
                continue;
            }
            if let Some(there) =
                now(company, id, changed).await?.filter(|there| !is_other_name(there, record))
            {
                self.keep_left(*number, id);
                return Ok(Found::Twin(id.clone(), Box::new(there)));
            }
        }
        Ok(Found::New)
    }

    /// Finds the records that hold all of another one. Nothing but a name does not make it the same: it may
    /// be another person of that name who is better known here.
    fn part<R: Record>(&self, record: &R, said: &[u64]) -> Vec<u32> {
        let strong = record.match_keys().into_iter().filter(|key| key.strength <= 1);
        let sharing = strong.filter_map(|key| self.by_key.get(&self.hasher.hash_one(&key)));
        let candidates = sharing.flat_map(|sharing| sharing.iter().take(MOST_SHARING).copied());
        let holds = |at: &u32| {
            let have = usize::try_from(*at).ok().and_then(|at| self.all.get(at));
            have.is_some_and(|have| said.iter().all(|one| have.said.binary_search(one).is_ok()))
        };
        candidates.filter(holds).collect()
    }

    /// Finds the records that share the strongest key that is shared at all. A record with an identifier of its own
    /// is none that has another one.
    fn alike<R: Record>(&self, record: &R, is_named: bool) -> Sharing {
        self.sharing(record, |kept| !is_named || (kept.is_nameless && matches!(kept.at, At::Here(_))))
    }

    /// Finds those of some records that share the strongest key that is shared at all.
    fn sharing<R: Record>(&self, record: &R, fits: impl Fn(&Kept) -> bool) -> Sharing {
        let mut alike = Sharing::default();
        for key in record.match_keys().into_iter().filter(|key| key.strength > 0) {
            if !alike.at.is_empty() && key.strength > alike.strength {
                break;
            }
            let sharing = self.by_key.get(&self.hasher.hash_one(&key));
            // Only a few are gone through: each record of a file asks.
            let few = |sharing: &&Vec<u32>| sharing.len() <= MOST_SHARING;
            let Some(sharing) = sharing.filter(few) else { continue };
            let all = sharing.iter().filter_map(|at| Some((*at, self.all.get(usize::try_from(*at).ok()?)?)));
            let fit = all.filter(|(_, kept)| fits(kept));
            let fit: Vec<(u32, At)> = fit.map(|(at, kept)| (at, kept.at.clone())).collect();
            if fit.is_empty() {
                continue;
            }
            alike.strength = key.strength;
            alike.at.extend(fit);
        }
        alike
    }

    /// Compares a record with those that it is like, as two sides do that meet for the first time.
    async fn compared<R: Kinded>(
        &self,
        company: &dyn Company,
        (record, leftovers): (&R, Option<&Value>),
        alike: &Sharing,
        changed: &BTreeMap<ItemId, R>,
    ) -> Outcome<Found<R>> {
        let (mut same, mut beside, mut lines) = (Vec::<(u32, ItemId, R)>::new(), Vec::new(), Vec::new());
        for (number, at) in alike.at.iter().take(MOST_ALIKE) {
            match at {
                At::File(..) => lines.push(*number),
                At::Here(id) if same.iter().any(|(_, known, _)| known == id) => {}
                At::Here(id) => match now(company, id, changed).await? {
                    Some(there) if is_other_name(&there, record) => {
                        let alike = self.sorts(record, *number);
                        beside.push(Alike { name: there.summary(), line: None, alike });
                    }
                    Some(there) => same.push((*number, id.clone(), there)),
                    None => {}
                },
            }
        }
        let Some((number, id, there)) = same.first() else {
            let line = lines.first().and_then(|number| self.beside(record, *number));
            return Ok(beside.into_iter().next().or(line).map_or(Found::New, Found::Beside));
        };
        let names = same.iter().map(|(_, _, there)| there.summary()).collect();
        if same.len() > 1 {
            return Ok(Found::Doubt(Doubt { names, ..Doubt::default() }));
        }
        let others = contradicting(&there.match_keys(), &record.match_keys(), alike.strength);
        let clashes = self.named_clashes(*number, leftovers);
        let only = Some(id.clone());
        Ok(match together(there, record) {
            Ok(both) if others.is_empty() && clashes.is_empty() => Found::Same(id.clone(), Box::new(both)),
            Ok(_) if others.is_empty() => Found::Doubt(Doubt { names, fields: clashes, only }),
            Ok(_) => Found::Doubt(Doubt { names, fields: others, only }),
            Err(fields) => Found::Doubt(Doubt { names, fields, only }),
        })
    }
}

/// What a record of a file says, as numbers: what has a place, and what is kept beside it.
struct Read {
    said: Box<[u64]>,
    left: Left,
}

/// The records that share a key with another one, of one strength.
#[derive(Default)]
struct Sharing {
    strength: u8,
    at: BTreeMap<u32, At>,
}

/// Returns a record here as it will be after what was found so far.
async fn now<R: Kinded>(
    company: &dyn Company,
    id: &ItemId,
    changed: &BTreeMap<ItemId, R>,
) -> Outcome<Option<R>> {
    match changed.get(id) {
        Some(record) => Ok(Some(record.clone())),
        None => Ok(R::get(company, id).await?.map(|item| item.record)),
    }
}

/// Tells whether two records are of other names: two people who share an address, a person and a company. A name with
/// fewer words is none other.
pub(crate) fn is_other_name<R: Record>(one: &R, other: &R) -> bool {
    are_other_names(&fields(one), &fields(other))
}

/// Tells whether two records are of other names, by their fields.
pub(crate) fn are_other_names(one: &Fields, other: &Fields) -> bool {
    let (a, b) = (words(one, "name"), words(other, "name"));
    if a.is_empty() != b.is_empty() {
        // One is nameless: a company, which has nobody's name, or an address alone.
        let nameless = if a.is_empty() { one } else { other };
        return !words(nameless, "organization").is_empty();
    }
    !(a.iter().all(|word| b.contains(word)) || b.iter().all(|word| a.contains(word)))
}

/// Returns the fields of a member, without looking at the others: a contact may have thousands.
fn of_member<'a>(all: &'a Fields, member: &'a str) -> impl Iterator<Item = (&'a Field, &'a Value)> {
    // The sign behind "/", which stands before the key of a field.
    let range = all.range(Field::new(member)..Field::new(format!("{member}0")));
    range.filter(move |(field, _)| field.member() == member)
}

/// Returns the words of a structured member, as far as they name: no title, no way to speak them.
pub(crate) fn words(all: &Fields, member: &str) -> Vec<String> {
    let is_name = |field: &&Field| {
        let part = field.key().unwrap_or_default();
        matches!(part, "given" | "middle" | "particle" | "surname" | "full" | "name")
    };
    let texts =
        of_member(all, member).filter(|(field, _)| is_name(field)).filter_map(|(_, value)| value.as_str());
    let texts = texts.flat_map(|text| text.split(|c: char| !c.is_alphanumeric()));
    texts.filter(|word| !word.is_empty()).map(str::to_lowercase).collect()
}

/// Returns the sorts of stronger keys in which two differ that only a weak one joins.
fn contradicting(one: &BTreeSet<MatchKey>, other: &BTreeSet<MatchKey>, strength: u8) -> Vec<String> {
    let sorts = |keys: &BTreeSet<MatchKey>| -> BTreeSet<String> {
        let stronger = keys.iter().filter(|key| key.strength > 0 && key.strength < strength);
        stronger.filter_map(|key| key.text.split_once(':')).map(|(sort, _)| sort.to_owned()).collect()
    };
    sorts(one).intersection(&sorts(other)).cloned().collect()
}

/// Returns what two records say together, or the fields in which they say otherwise.
pub(crate) fn together<R: Record>(there: &R, read: &R) -> Result<R, Vec<String>> {
    let mut all = fields(there);
    join::<R>(&mut all, fields(read))?;
    assemble(&all).map_err(|_| Vec::new())
}

/// Puts what a record says to what another one says; tells whether that is more. Where it says otherwise nothing is
/// changed, and these fields are returned.
pub(crate) fn join<R: Record>(all: &mut Fields, new: Fields) -> Result<bool, Vec<String>> {
    let (mut more, mut others) = (Vec::new(), Vec::new());
    for (field, mut value) in new {
        let Some(known) = all.get(&field) else {
            if is_preferred(&value) && of_member(all, field.member()).any(|(_, value)| is_preferred(value)) {
                value["preferred"] = Value::Bool(false);
            }
            more.push((field, value));
            continue;
        };
        if !is_said(&field) || R::normal(&field, known) == R::normal(&field, &value) {
            continue;
        }
        match R::filled(&field, known, &value) {
            Some(filled) => more.push((field, filled)),
            None if is_one_text(known, &value) => {}
            None => others.push(field.as_str().to_owned()),
        }
    }
    others.truncate(MOST_NAMED);
    if !others.is_empty() {
        return Err(others);
    }
    let says_more = !more.is_empty();
    all.extend(more);
    let full = Field::keyed("name", "full");
    let of_name = of_member(all, "name").filter(|(field, _)| **field != full);
    let parts: Fields = of_name.map(|(field, value)| (field.clone(), value.clone())).collect();
    let parts = words(&parts, "name");
    // A whole name that the parts say is none of its own.
    if !parts.is_empty() && words(all, "name").iter().all(|word| parts.contains(word)) {
        all.remove(&full);
    }
    Ok(says_more)
}

/// Whether two texts differ in the case of their letters alone.
fn is_one_text(one: &Value, other: &Value) -> bool {
    let plain = |value: &Value| value.as_str().map(str::to_lowercase);
    plain(one).is_some() && plain(one) == plain(other)
}

fn is_preferred(value: &Value) -> bool {
    value.get("preferred") == Some(&Value::Bool(true))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn cells_that_are_kept_as_text_take_eight_bytes_each() {
        use passerelle_contacts::Contact;

        let of = |row: usize, note: String| {
            let mut all = Fields::new();
            all.insert(Field::keyed("name", "surname"), format!("Martin{}", row / 2).into());
            all.insert(Field::new("notes"), note.into());
            assemble::<Contact>(&all).unwrap()
        };
        let mut known = Known::default();
        for row in 0..100 {
            let cells: Value = (0..300).map(|column| format!("C{column}: v{row}-{column}")).collect();
            let record = of(row, String::new());
            known.keep_cells(&record, &cells);
            known.add(&record, None, Box::default(), Left::default(), At::File(1, Box::default()));
        }
        known.beside.sort_unstable();
        assert_eq!(size_of_val(known.beside.as_slice()), 8 * 100 * 300);
        for row in 0..100 {
            let number = u32::try_from(row).ok();
            assert_eq!(known.of_row(&of(row, format!("v{row}-299"))), number);
            assert_eq!(known.of_row(&of(row, "v0-300".to_owned())), None);
            // Of another name it is another row.
            assert_eq!(known.of_row(&of(row + 2, format!("v{row}-299"))), None);
        }
    }

    #[test]
    fn an_older_state_is_told_by_its_number_then_by_its_time() {
        let of = |texts: Value| Revision::of(Some(&texts));
        let here = of(json!(["X-A:1", "SEQUENCE:2", "LAST-MODIFIED:20260105T090000Z"]));
        for (read, older) in [
            (json!(["SEQUENCE:1", "LAST-MODIFIED:20270105T090000Z"]), true),
            (json!(["SEQUENCE:2"]), false),
            (json!(["SEQUENCE;X-A=1:3"]), false),
            (json!(["SEQUENCE:2", "LAST-MODIFIED:20260105T085959Z"]), true),
            (json!(["{\"sequence\":1}"]), true),
            (json!(["{\"sequence\":2}", "{\"updated\":\"2026-01-05T09:00:00Z\"}"]), false),
            (json!(["LAST-MODIFIED:20250105T090000Z"]), true),
            (json!(["SEQUENCE:2", "REV:2026-01-04"]), true),
            (json!(["SEQUENCE:2", "REV:20260105"]), false),
            (json!(["SEQUENCE:2", "REV:20260106"]), false),
            // Instants are compared, whatever the clock that tells them.
            (json!(["SEQUENCE:2", "REV:2026-01-05T09:30:00+01:00"]), true),
            (json!(["SEQUENCE:2", "REV:20260105T083000-0100"]), false),
            (json!(["SEQUENCE:2", "REV:20260105T235959+15"]), true),
            // What says nothing of it is the first state.
            (json!([]), true),
            (json!(["LAST-MODIFIED:20260105T090001Z"]), false),
        ] {
            assert_eq!(of(read.clone()).is_older(here), older, "{read}");
        }
        assert!(!of(json!(["SEQUENCE:0"])).is_older(Revision::default()));
    }

    #[test]
    fn an_older_state_of_a_record_does_not_overwrite_the_one_here() {
        let record = passerelle_contacts::Contact { uid: "u".to_owned(), ..Default::default() };
        let mut known = Known::default();
        known.add(&record, Some("u"), Box::new([]), Left::default(), At::Here(ItemId::new("1")));
        known.name(Some("u"), Revision { sequence: Some(2), ..Revision::default() });
        let sequence = |number: u64| json!([format!("SEQUENCE:{number}")]);
        assert!(known.is_older(Some("u"), Some(&sequence(1))));
        assert!(!known.is_older(Some("u"), Some(&sequence(3))));
        assert!(!known.is_older(Some("v"), Some(&sequence(1))) && !known.is_older(None, Some(&sequence(1))));
        assert_eq!((known.id_of("u"), known.id_of("v")), (Some(ItemId::new("1")), None));
    }

    #[test]
    fn what_is_kept_beside_the_rows_of_a_table_takes_five_bytes_for_each_cell() {
        let mut known = Known::default();
        let row = |number: usize, cells: usize| {
            json!((0..cells).map(|cell| format!("Column {cell}: {number} {cell}")).collect::<Vec<_>>())
        };
        for number in 0..3 {
            let left = known.left(Some(&row(number, 300)));
            let record = passerelle_contacts::Contact::default();
            known.add(&record, None, Box::new([]), left, At::File(1, "".into()));
        }
        let all: Vec<&Left> = known.all.iter().map(|kept| &kept.left).collect();
        for left in &all {
            assert_eq!(size_of_val(&*left.texts), 5 * 300);
            assert!(Arc::ptr_eq(&left.about, &all[0].about));
        }
        // Nothing of what they say is lost: cells are told apart, and a row that says less is held.
        assert_eq!(weigh(all[0], all[0]), Weighed::Held);
        assert_eq!(weigh(all[0], all[1]), Weighed::Otherwise);
        assert_eq!(weigh(all[0], &known.left(Some(&row(0, 299)))), Weighed::Held);
        assert_eq!(weigh(all[0], &known.left(Some(&row(0, 301)))), Weighed::Adds);
    }

    #[test]
    fn those_who_share_a_key_with_many_are_not_gone_through() {
        let phone =
            |number: &str| passerelle_contacts::Phone { number: number.to_owned(), ..Default::default() };
        let person = |name: String| passerelle_contacts::Contact {
            name: passerelle_contacts::Name { given: name, ..Default::default() },
            phones: [("1".to_owned(), phone("+33142000000"))].into(),
            ..Default::default()
        };
        let mut known = Known::default();
        let work = std::cell::Cell::new(0);
        for number in 0..2_000 {
            let record = person(format!("Person{number}"));
            let sharing = known.sharing(&record, |_| {
                work.set(work.get() + 1);
                true
            });
            assert_eq!(sharing.at.len(), if number > MOST_SHARING { 0 } else { number });
            let line = u64::try_from(number).unwrap();
            known.add(&record, None, Box::new([]), Left::default(), At::File(line, "".into()));
        }
        assert_eq!(work.get(), MOST_SHARING * (MOST_SHARING + 1) / 2);
    }
}
