//! The company's own records: importing them, listing them, looking at one.

use std::collections::{BTreeMap, BTreeSet};

use passerelle_ports::{
    CreateKey, EntryId, Field, Fields, From as Start, Ids, ItemId, MatchKey, Next, PortResult, Record,
    Replica, Stored, Value, Write, Written, assemble, fields,
};
use serde::Serialize;

use crate::{Failure, Outcome};

/// One record of a file, or the reason why there is none.
#[derive(Clone, Debug, PartialEq)]
pub struct Incoming<R> {
    /// The line of the file where it begins.
    pub line: u64,
    /// The record, or what is wrong with it.
    pub record: Result<R, String>,
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
    /// Records that were known by their identifier, and got what the file adds or changes.
    pub updated: u64,
    /// Records that were there already.
    pub unchanged: u64,
    /// Records that were set aside; the others went in.
    pub bad: Vec<BadRecord>,
}

/// A record of the company, for lists.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Listed {
    /// Its id in the company's database.
    pub id: ItemId,
    /// Its short name.
    pub summary: String,
    /// The app user it belongs to, for appointments.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// The record.
    pub record: Value,
}

/// Reads a whole collection.
///
/// # Errors
///
/// Those of the replica.
pub async fn all_of<R: Record>(replica: &dyn Replica<R>) -> PortResult<Vec<Stored<R>>> {
    let mut seen = BTreeMap::new();
    let mut from = Start::Start;
    loop {
        let page = replica.changes(from).await?;
        seen.extend(page.items.into_iter().map(|stored| (stored.id.clone(), stored)));
        match page.next {
            Next::Page(token) => from = Start::Page(token),
            Next::End(_) => break,
        }
    }
    Ok(seen.into_values().filter(|stored| !stored.withdrawn).collect())
}

/// Lists a collection for people: by name, those that hold a text.
///
/// # Errors
///
/// Those of the replica.
pub async fn list<R: Record>(
    replica: &dyn Replica<R>,
    user: Option<&str>,
    search: Option<&str>,
) -> Outcome<Vec<Listed>> {
    let search = search.map(str::to_lowercase);
    let all = all_of(replica).await?;
    Ok(all
        .into_iter()
        .map(|stored| listed(&stored, user))
        .filter(|one| search.as_ref().is_none_or(|text| holds(one, text)))
        .collect())
}

/// Returns one record by its id.
///
/// # Errors
///
/// Those of the replica.
pub async fn show<R: Record>(
    replica: &dyn Replica<R>,
    user: Option<&str>,
    id: &str,
) -> Outcome<Option<Listed>> {
    let found = replica.fetch(&[ItemId::new(id)]).await?;
    Ok(found.into_iter().flatten().next().map(|stored| listed(&stored, user)))
}

fn listed<R: Record>(stored: &Stored<R>, user: Option<&str>) -> Listed {
    Listed {
        id: stored.id.clone(),
        summary: stored.record.summary(),
        user: user.map(str::to_owned),
        record: serde_json::to_value(&stored.record).unwrap_or_default(),
    }
}

fn holds(one: &Listed, text: &str) -> bool {
    fn any(value: &Value, text: &str) -> bool {
        match value {
            Value::String(word) => word.to_lowercase().contains(text),
            Value::Array(items) => items.iter().any(|item| any(item, text)),
            Value::Object(members) => members.values().any(|member| any(member, text)),
            _ => false,
        }
    }
    one.summary.to_lowercase().contains(text) || any(&one.record, text)
}

/// What one record of a file comes to.
enum Wanted<R> {
    New(R),
    More(Box<Stored<R>>, R),
    Known,
}

/// Puts the records of a file into a collection. A bad one is set aside; the others go in.
///
/// A record is known by its identifier (`UID`), or by holding nothing that a record here does not hold
/// already; so the same file can be imported twice. What the file leaves out stays as it is.
///
/// # Errors
///
/// Those of the replica as a whole; what it refuses is in the report.
pub async fn import<R: Record>(
    replica: &dyn Replica<R>,
    ids: &dyn Ids,
    incoming: Vec<Incoming<R>>,
) -> Outcome<ImportReport> {
    let mut report = ImportReport::default();
    let mut known = Known::new(all_of(replica).await?);
    let batch = replica.capabilities().batch_max.clamp(1, 200);
    let mut writes: Vec<(u64, Write<R>)> = Vec::new();
    for one in incoming {
        let record = match one.record {
            Ok(record) => record,
            Err(reason) => {
                report.bad.push(BadRecord { line: one.line, reason });
                continue;
            }
        };
        let stamp = EntryId(ids.uuid());
        match known.place(record)? {
            Wanted::Known => report.unchanged += 1,
            Wanted::New(record) => {
                let key = CreateKey::new(ids.uuid().simple().to_string());
                writes.push((one.line, Write::Create { key, record, opaque: None, stamp, replaces: None }));
            }
            Wanted::More(from, to) => writes.push((one.line, Write::Update { from: *from, to, stamp })),
        }
    }
    for chunk in writes.chunks(batch) {
        let calls: Vec<Write<R>> = chunk.iter().map(|(_, write)| write.clone()).collect();
        let results = replica.write(&calls).await?;
        for ((line, write), result) in chunk.iter().zip(results) {
            match (result, write) {
                (Ok(Written::Stored(_)), Write::Create { .. }) => report.created += 1,
                (Ok(Written::Stored(_)), _) => report.updated += 1,
                (Ok(_), _) => report.unchanged += 1,
                (Err(error), _) => {
                    report.bad.push(BadRecord { line: *line, reason: reason_of(&Failure::from(error)) });
                }
            }
        }
    }
    report.bad.sort_by_key(|bad| bad.line);
    Ok(report)
}

/// The words of the refusal, else its code: the face has the article.
fn reason_of(failure: &Failure) -> String {
    failure.word("reason").or(failure.word("field")).unwrap_or(failure.code()).to_owned()
}

/// What is in the collection, by identifier and by match key.
struct Known<R: Record> {
    all: Vec<Stored<R>>,
    by_uid: BTreeMap<String, usize>,
    by_key: BTreeMap<MatchKey, Vec<usize>>,
    in_file: BTreeSet<String>,
    new: Vec<Fields>,
}

impl<R: Record> Known<R> {
    fn new(all: Vec<Stored<R>>) -> Self {
        let mut known = Known {
            all: Vec::new(),
            by_uid: BTreeMap::new(),
            by_key: BTreeMap::new(),
            in_file: BTreeSet::new(),
            new: Vec::new(),
        };
        for (index, stored) in all.iter().enumerate() {
            if let Some(uid) = uid_of(&stored.record) {
                known.by_uid.insert(uid, index);
            }
            for key in stored.record.match_keys() {
                known.by_key.entry(key).or_default().push(index);
            }
        }
        known.all = all;
        known
    }

    fn place(&mut self, record: R) -> Outcome<Wanted<R>> {
        let wanted = fields(&record);
        if let Some(uid) = uid_of(&record) {
            if !self.in_file.insert(uid.clone()) {
                return Ok(Wanted::Known);
            }
            if let Some(stored) = self.by_uid.get(&uid).and_then(|index| self.all.get(*index)) {
                return overlaid(stored, &wanted);
            }
        } else if self.holds_already(&record, &wanted) || self.new.contains(&wanted) {
            return Ok(Wanted::Known);
        } else {
            self.new.push(wanted);
        }
        Ok(Wanted::New(record))
    }

    fn holds_already(&self, record: &R, wanted: &Fields) -> bool {
        record
            .match_keys()
            .iter()
            .filter_map(|key| self.by_key.get(key))
            .flatten()
            .filter_map(|index| self.all.get(*index))
            .any(|stored| adds_nothing::<R>(&fields(&stored.record), wanted))
    }
}

fn uid_of<R: Record>(record: &R) -> Option<String> {
    match fields(record).remove(&Field::new("uid")) {
        Some(Value::String(uid)) => Some(uid),
        _ => None,
    }
}

fn adds_nothing<R: Record>(have: &Fields, wanted: &Fields) -> bool {
    wanted.iter().all(|(field, value)| {
        have.get(field).is_some_and(|known| R::normal(field, known) == R::normal(field, value))
    })
}

fn overlaid<R: Record>(stored: &Stored<R>, wanted: &Fields) -> Outcome<Wanted<R>> {
    let mut all = fields(&stored.record);
    if adds_nothing::<R>(&all, wanted) {
        return Ok(Wanted::Known);
    }
    all.extend(wanted.iter().map(|(field, value)| (field.clone(), value.clone())));
    let to = assemble(&all).map_err(|error| Failure::new("BUG-101").because(error))?;
    Ok(Wanted::More(Box::new(stored.clone()), to))
}
