//! The company's own records: importing them, reading all of them.

use std::collections::BTreeMap;

use passerelle_ports::{Field, Fields, MatchKey, Record, Value, fields};
use serde::Serialize;

use crate::{Company, Item, Kinded, Loadable, Outcome, Search};

/// How many records are read at a time.
const PAGE: u64 = 500;
/// How many records of a file are taken at a time.
const CHUNK: usize = 1_000;

/// One record of a file, or the reason why there is none.
#[derive(Clone, Debug, PartialEq)]
pub struct Incoming<R> {
    /// The line of the file where it begins.
    pub line: u64,
    /// The record with what the file holds beyond it, or what is wrong.
    pub record: Result<Loadable<R>, String>,
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
/// the file may be of any size; `progress` is told after each thousand how many were read.
///
/// # Errors
///
/// Those of the database as a whole; what its rules refuse is in the report.
pub async fn import<R: Kinded>(
    company: &dyn Company,
    user: Option<&str>,
    incoming: impl IntoIterator<Item = Incoming<R>>,
    mut progress: impl FnMut(u64),
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
        import_chunk(company, user, chunk, &mut known, &mut report).await?;
        progress(read);
    }
}

async fn import_chunk<R: Kinded>(
    company: &dyn Company,
    user: Option<&str>,
    chunk: Vec<Incoming<R>>,
    known: &mut Option<Known>,
    report: &mut ImportReport,
) -> Outcome<()> {
    let (mut lines, mut records) = (Vec::new(), Vec::new());
    for one in chunk {
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
    let loaded = R::load(company, user, records).await?;
    report.created += loaded.created;
    report.updated += loaded.updated;
    report.unchanged += loaded.unchanged;
    for (position, reason) in loaded.refused {
        let line = usize::try_from(position).ok().and_then(|n| lines.get(n)).copied().unwrap_or_default();
        report.bad.push(BadRecord { line, reason });
    }
    Ok(())
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
        for key in record.match_keys() {
            self.by_key.entry(key).or_default().push(self.all.len());
        }
        self.all.push(fields(record));
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
        let mut candidates = keys.iter().filter_map(|key| self.by_key.get(key)).flatten();
        let there = candidates.any(|index| self.all.get(*index).is_some_and(same))
            || (keys.is_empty() && self.all.iter().any(same));
        if !there {
            self.add(record);
        }
        !there
    }
}
