//! The company's own records: importing them, reading all of them.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use passerelle_ports::{Field, Record, Value, fields};
use serde::Serialize;

use crate::{Company, Item, Kinded, LoadHow, Loadable, Outcome, Put, Search, known::Known};

/// How many records are read at a time.
const PAGE: u64 = 500;
/// How many records of a file are taken at a time.
const CHUNK: usize = 250;

/// One record of a file, or the reason why there is none.
#[derive(Clone, Debug)]
pub struct Incoming<R> {
    /// The line of the file where it begins.
    pub line: u64,
    /// What a record that cannot be taken over calls itself.
    pub name: String,
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
    /// What it calls itself; empty if it does not.
    pub name: String,
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
    /// What was kept beside the records for want of a place: how often each property.
    pub leftovers: BTreeMap<String, u64>,
}

/// The most properties that are counted by name.
const MOST_NAMES: usize = 500;

impl ImportReport {
    fn count_leftovers(&mut self, leftovers: Option<&Value>) {
        let texts = leftovers.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
        for name in texts.flat_map(properties) {
            if self.leftovers.len() < MOST_NAMES || self.leftovers.contains_key(&name) {
                *self.leftovers.entry(name).or_default() += 1;
            } else {
                *self.leftovers.entry("…".to_owned()).or_default() += 1;
            }
        }
    }
}

/// Returns the names of what a leftover is about: a property, a member, or parameters of a property.
fn properties(text: &str) -> Vec<String> {
    let text = text.trim_start();
    if let Some(member) = text.strip_prefix("{\"") {
        return vec![short(member.split('"').next().unwrap_or_default())];
    }
    let head = text.split(':').next().unwrap_or_default();
    let mut parts = head.split(';');
    let name = parts.next().unwrap_or_default();
    let name = name.rsplit_once('.').map_or(name, |(_, name)| name);
    let params = parts.map(|param| param.split('=').next().unwrap_or_default());
    if name != "X-PASSERELLE-PARAMS" {
        return vec![short(name)];
    }
    let of = head.split(';').find_map(|param| param.strip_prefix("OF=")).unwrap_or_default();
    let kept = params.filter(|param| !matches!(*param, "OF" | "AS-WRITTEN"));
    let kept: Vec<String> = kept.map(|param| short(&format!("{of};{param}"))).collect();
    if kept.is_empty() { vec![short(of)] } else { kept }
}

fn short(name: &str) -> String {
    name.chars().take(60).collect()
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
/// address, number or time does not hold already, or by being equal to one here. So the same file can be imported twice. The records are taken a few hundred at a time, so that
/// the file may be of any size. A part, such as a changed occurrence, is put into the record here that it belongs to.
/// `progress` is told after each of these how many were read, and which were written, each with its line.
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
                    let name = one.record.as_ref().map(|(record, _)| record.summary()).unwrap_or_default();
                    report.bad.push(BadRecord { line: one.line, name, reason });
                    continue;
                }
            }
        }
        let record = match one.record {
            Ok(record) => record,
            Err(reason) => {
                report.bad.push(BadRecord { line: one.line, name: one.name, reason });
                continue;
            }
        };
        if uid(&record.0).is_none() {
            let known = match known {
                Some(known) => known,
                None => known.insert(Known::of::<R>(company, user).await?),
            };
            if !known.is_new(&record.0) {
                report.unchanged += 1;
                continue;
            }
        }
        report.count_leftovers(record.1.as_ref());
        lines.push((one.line, record.0.summary()));
        records.push(record);
    }
    for (line, record) in wholes.changed() {
        lines.push((line, record.summary()));
        records.push((record, None));
    }
    let loaded = R::load(company, user, records, how).await?;
    report.created += loaded.created;
    report.updated += loaded.updated;
    report.unchanged += loaded.unchanged;
    for (position, reason) in loaded.refused {
        let (line, name) = place_of(&lines, position);
        report.bad.push(BadRecord { line, name, reason });
    }
    Ok(loaded.written.into_iter().map(|put| (place_of(&lines, put.position).0, put)).collect())
}

/// Returns the line and the name of a record by its position.
fn place_of(lines: &[(u64, String)], position: u64) -> (u64, String) {
    usize::try_from(position).ok().and_then(|n| lines.get(n)).cloned().unwrap_or_default()
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn leftovers_are_counted_by_property() {
        let mut report = ImportReport::default();
        report.count_leftovers(Some(&json!([
            "REV:1",
            "item1.X-ABUID:2",
            "{\"speakToAs\":{}}",
            "X-PASSERELLE-PARAMS;OF=TEL;TYPE=HOME;X-A=1:33",
            "X-PASSERELLE-PARAMS;OF=ORG;AS-WRITTEN=TRUE:a;b;c"
        ])));
        report.count_leftovers(Some(&json!(["REV:3"])));
        let counted: Vec<(&str, u64)> =
            report.leftovers.iter().map(|(name, count)| (name.as_str(), *count)).collect();
        assert_eq!(
            counted,
            [("ORG", 1), ("REV", 2), ("TEL;TYPE", 1), ("TEL;X-A", 1), ("X-ABUID", 1), ("speakToAs", 1)]
        );
    }
}
