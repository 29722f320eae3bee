//! The company's own records: importing them, reading all of them.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    hash::{DefaultHasher, Hash, Hasher},
    sync::Arc,
};

use passerelle_ports::{Field, Fields, MatchKey, Record, Value, fields};
use serde::Serialize;

use crate::{Company, Item, Kinded, LoadHow, Loadable, Outcome, Put, Search};

/// How many records are read at a time.
const PAGE: u64 = 500;
/// How many records of a file are taken at a time.
const CHUNK: usize = 1_000;

/// One record of a file, or the reason why there is none.
#[derive(Clone, Debug)]
pub struct Incoming<R> {
    /// The line of the file where it begins.
    pub line: u64,
    /// The record with what the file holds beyond it, or what is wrong.
    pub record: Result<Loadable<R>, String>,
    /// The record of which this one is only a part, where it is.
    pub part_of: Option<PartOf<R>>,
}

/// Puts a part into the record it belongs to, and tells whether it does belong there.
pub type Join<R> = Arc<dyn Fn(&mut R) -> Result<bool, String>>;

/// What a part belongs to: an occurrence to its series.
#[derive(Clone)]
pub struct PartOf<R> {
    /// The identifier (`UID`) of the whole.
    pub uid: String,
    /// How the part is put into it.
    pub join: Join<R>,
}

impl<R> std::fmt::Debug for PartOf<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PartOf").field("uid", &self.uid).finish_non_exhaustive()
    }
}

/// A record that was set aside.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BadRecord {
    /// The line of the file where it begins.
    pub line: u64,
    /// What is wrong with it.
    pub reason: String,
}

/// What an import did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ImportReport {
    /// Records that were new.
    pub created: u64,
    /// Records that were known by their identifier, and got the file's values.
    pub updated: u64,
    /// Records that were there already.
    pub unchanged: u64,
    /// Parts that were put into the record here that they belong to.
    pub joined: u64,
    /// The lines of parts whose whole is not here: each is a record by itself.
    pub alone: Vec<u64>,
    /// Records that were set aside; the others went in.
    pub bad: Vec<BadRecord>,
}

/// Reads everything that an app user sees, or that the company has.
///
/// # Errors
///
/// Those of the database.
pub async fn every<R: Kinded>(company: &dyn Company, user: Option<&str>) -> Outcome<Vec<Item<R>>> {
    let mut all: Vec<Item<R>> = Vec::new();
    loop {
        let search = Search {
            user: user.map(str::to_owned),
            text: String::new(),
            skip: all.len() as u64,
            limit: Some(PAGE),
        };
        let found = R::list(company, &search).await?;
        let last = found.items.is_empty();
        all.extend(found.items);
        if last || all.len() as u64 >= found.total {
            return Ok(all);
        }
    }
}

/// Puts the records of a file into the company's database. A bad one is set aside; the others go in.
///
/// A record is known by its identifier (`UID`); one without, by holding nothing that a record here of the same
/// address, number or time does not hold already, or by being equal to one here. So the same file can be imported twice. The records are taken a thousand at a time, so that
/// the file may be of any size. A part, such as a changed occurrence, is put into the record here that it belongs to.
/// `progress` is told after each thousand how many were read, and which were written, each with its line.
///
/// # Errors
///
/// Those of the database as a whole; what its rules refuse is in the report.
pub async fn import<R: Kinded>(
    company: &dyn Company,
    user: Option<&str>,
    incoming: impl IntoIterator<Item = Incoming<R>>,
    how: &LoadHow,
    mut progress: impl FnMut(u64, &[(u64, Put<R>)]),
) -> Outcome<ImportReport> {
    let mut report = ImportReport::default();
    let mut incoming = incoming.into_iter();
    let mut known = None;
    let mut read = 0;
    loop {
        let chunk: Vec<Incoming<R>> = incoming.by_ref().take(CHUNK).collect();
        if chunk.is_empty() {
            report.bad.sort_by_key(|bad| bad.line);
            return Ok(report);
        }
        read += chunk.len() as u64;
        let written = import_chunk(company, user, chunk, how, &mut known, &mut report).await?;
        progress(read, &written);
    }
}

async fn import_chunk<R: Kinded>(
    company: &dyn Company,
    user: Option<&str>,
    chunk: Vec<Incoming<R>>,
    how: &LoadHow,
    known: &mut Option<Known>,
    report: &mut ImportReport,
) -> Outcome<Vec<(u64, Put<R>)>> {
    let (mut lines, mut records) = (Vec::new(), Vec::new());
    let mut wholes = Wholes::of(company, user, &chunk).await?;
    for one in chunk {
        if let (Ok(_), Some(part)) = (&one.record, &one.part_of) {
            match wholes.join(part, one.line) {
                Ok(true) => {
                    report.joined += 1;
                    continue;
                }
                Ok(false) => report.alone.push(one.line),
                Err(reason) => {
                    report.bad.push(BadRecord { line: one.line, reason });
                    continue;
                }
            }
        }
        let record = match one.record {
            Ok(record) => record,
            Err(reason) => {
                report.bad.push(BadRecord { line: one.line, reason });
                continue;
            }
        };
        if uid(&record.0).is_none() {
            let known = match known {
                Some(known) => known,
                None => known.insert(Known::new(every::<R>(company, user).await?)),
            };
            if !known.is_new::<R>(&record.0) {
                report.unchanged += 1;
                continue;
            }
        }
        lines.push(one.line);
        records.push(record);
    }
    for (line, record) in wholes.changed() {
        lines.push(line);
        records.push((record, None));
    }
    let loaded = R::load(company, user, records, how).await?;
    report.created += loaded.created;
    report.updated += loaded.updated;
    report.unchanged += loaded.unchanged;
    for (position, reason) in loaded.refused {
        report.bad.push(BadRecord { line: line_at(&lines, position), reason });
    }
    Ok(loaded.written.into_iter().map(|put| (line_at(&lines, put.position), put)).collect())
}

fn line_at(lines: &[u64], position: u64) -> u64 {
    usize::try_from(position).ok().and_then(|n| lines.get(n)).copied().unwrap_or_default()
}

/// The records here of which a file brings parts.
struct Wholes<R> {
    by_uid: HashMap<String, (R, Option<u64>)>,
}

impl<R: Kinded> Wholes<R> {
    /// Finds the records to which the parts of a chunk belong.
    async fn of(company: &dyn Company, user: Option<&str>, chunk: &[Incoming<R>]) -> Outcome<Self> {
        let parts = chunk.iter().filter_map(|one| one.part_of.as_ref());
        let wanted: BTreeSet<&str> = parts.map(|part| part.uid.as_str()).collect();
        let mut by_uid = HashMap::new();
        let mut skip = 0;
        while !wanted.is_empty() {
            let search =
                Search { user: user.map(str::to_owned), text: String::new(), skip, limit: Some(PAGE) };
            let found = R::list(company, &search).await?;
            skip += found.items.len() as u64;
            let last = found.items.is_empty() || skip >= found.total;
            for item in found.items {
                if let Some(uid) = uid(&item.record).filter(|uid| wanted.contains(uid.as_str())) {
                    by_uid.entry(uid).or_insert((item.record, None));
                }
            }
            if last {
                break;
            }
        }
        Ok(Wholes { by_uid })
    }

    /// Puts a part into its whole; tells whether there is one.
    fn join(&mut self, part: &PartOf<R>, line: u64) -> Result<bool, String> {
        let Some((whole, changed)) = self.by_uid.get_mut(&part.uid) else { return Ok(false) };
        let joined = (part.join)(whole)?;
        if joined {
            changed.get_or_insert(line);
        }
        Ok(joined)
    }

    /// Returns what became of them, with the line of the first part.
    fn changed(self) -> Vec<(u64, R)> {
        let mut changed: Vec<(u64, R)> =
            self.by_uid.into_values().filter_map(|(record, line)| Some((line?, record))).collect();
        changed.sort_by_key(|(line, _)| *line);
        changed
    }
}

fn uid<R: Record>(record: &R) -> Option<String> {
    match fields(record).remove(&Field::new("uid")) {
        Some(Value::String(uid)) => Some(uid),
        _ => None,
    }
}

/// An identifier says nothing about whom it identifies.
fn is_said(field: &&Field) -> bool {
    field.as_str() != "uid"
}

/// What is there already, by match key: for records without an identifier.
#[derive(Default)]
struct Known {
    all: Vec<Fields>,
    by_key: BTreeMap<MatchKey, Vec<usize>>,
    /// Those without a key, by all that they say.
    keyless: HashMap<u64, Vec<usize>>,
}

/// Returns a number that is the same for records that say the same.
fn hash_of<R: Record>(said: &Fields) -> u64 {
    let mut hasher = DefaultHasher::new();
    for (field, value) in said.iter().filter(|(field, _)| is_said(field)) {
        field.as_str().hash(&mut hasher);
        R::normal(field, value).to_string().hash(&mut hasher);
    }
    hasher.finish()
}

impl Known {
    fn new<R: Record>(items: Vec<Item<R>>) -> Self {
        let mut known = Known::default();
        for item in items {
            known.add(&item.record);
        }
        known
    }

    fn add<R: Record>(&mut self, record: &R) {
        let said = fields(record);
        let keys = record.match_keys();
        if keys.is_empty() {
            self.keyless.entry(hash_of::<R>(&said)).or_default().push(self.all.len());
        }
        for key in keys {
            self.by_key.entry(key).or_default().push(self.all.len());
        }
        self.all.push(said);
    }

    /// Tells whether a record says something that no record here says, and keeps it.
    fn is_new<R: Record>(&mut self, record: &R) -> bool {
        let wanted = fields(record);
        let says = |have: &Fields| {
            wanted.iter().all(|(field, value)| {
                have.get(field).is_some_and(|known| R::normal(field, known) == R::normal(field, value))
            })
        };
        let keys = record.match_keys();
        // Nothing but a name: it may be another person of that name who is better known here.
        let is_strong = keys.iter().any(|key| key.strength <= 1);
        let same =
            |have: &Fields| says(have) && (is_strong || have.keys().filter(is_said).count() == wanted.len());
        let keyless = if keys.is_empty() { self.keyless.get(&hash_of::<R>(&wanted)) } else { None };
        let mut candidates = keys.iter().filter_map(|key| self.by_key.get(key)).chain(keyless).flatten();
        let there = candidates.any(|index| self.all.get(*index).is_some_and(same));
        if !there {
            self.add(record);
        }
        !there
    }
}
