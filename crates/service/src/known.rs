//! What is there already, for records of a file that nothing here has the identifier of.

use std::{
    cmp::Ordering,
    collections::{BTreeMap, BTreeSet, HashMap},
    hash::{BuildHasher, RandomState},
};

use passerelle_ports::{
    Field, Fields, ItemId, MatchKey, Record, Value, assemble, fields,
    mutants::{Mutant, on},
};

use crate::{Company, Kinded, Outcome, Search, records::Parts};

/// How many records are read at a time.
const PAGE: u64 = 250;
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
    /// On a line of the file.
    File(u64),
}

/// What is kept of a record.
struct Kept {
    /// What it says, field by field, as numbers in order.
    said: Box<[u64]>,
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
    by_key: HashMap<u64, Vec<u32>>,
    whole: HashMap<u64, u32>,
    /// What is kept as text beside a record of a name, because a column was not understood.
    beside: HashMap<u64, u32>,
    uids: HashMap<u64, Named>,
    /// Those that the import made.
    made: HashMap<u64, ItemId>,
    /// Records here that are parts of others which were not here: by the identifier of the whole.
    lone: HashMap<u64, Vec<ItemId>>,
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
struct Revision {
    sequence: Option<u64>,
    /// The digits of the time.
    changed: Option<u64>,
}

impl Revision {
    /// Reads it in what a file held beside a record.
    fn of(leftovers: Option<&Value>) -> Self {
        let texts = leftovers.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
        let mut revision = Revision::default();
        for text in texts {
            let (name, value) = match text.strip_prefix("{\"") {
                Some(member) => member.trim_end_matches('}').split_once("\":").unwrap_or_default(),
                None => text.split_once(':').unwrap_or_default(),
            };
            match name.split(';').next().unwrap_or_default().to_ascii_uppercase().as_str() {
                "SEQUENCE" => revision.sequence = value.trim().parse().ok(),
                "LAST-MODIFIED" | "UPDATED" | "REV" => {
                    let digits: String = value.chars().filter(char::is_ascii_digit).take(14).collect();
                    revision.changed =
                        Some(digits).filter(|digits| digits.len() == 14).and_then(|it| it.parse().ok());
                }
                _ => {}
            }
        }
        revision
    }

    /// Tells whether it is an older state than another one. What does not say its number is not older by it.
    fn is_older(self, than: Self) -> bool {
        let by_number = self.sequence.map(|number| number.cmp(&than.sequence.unwrap_or_default()));
        match by_number.unwrap_or(Ordering::Equal) {
            Ordering::Equal => {
                let (one, other) = (self.changed, than.changed);
                one.zip(other).is_some_and(|(one, other)| one < other)
            }
            order => order.is_lt(),
        }
    }
}

/// Compares how new two states of a record are by when they were changed, where both say so.
pub(crate) fn compare_states(one: Option<&Value>, other: Option<&Value>) -> Option<Ordering> {
    let (one, other) = (Revision::of(one).changed?, Revision::of(other).changed?);
    Some(one.cmp(&other))
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
    Beside(String),
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
        let mut skip = 0;
        loop {
            let user = user.map(str::to_owned);
            let search = Search { user, skip, limit: Some(PAGE), as_made: true, ..Search::default() };
            let found = R::list(company, &search).await?;
            skip += found.items.len() as u64;
            let last = found.items.is_empty() || skip >= found.total;
            for item in found.items {
                let said = known.said(&item.record);
                let revision = Revision::of(Some(&item.leftovers));
                let uid = uid_of(&item.record);
                known.keep_cells(&item.record, &item.leftovers);
                if let Some(part) = parts(&item.record, &item.leftovers) {
                    let whole = known.hasher.hash_one(part.uid.as_str());
                    known.lone.entry(whole).or_default().push(item.id.clone());
                }
                known.add(&item.record, uid.as_deref(), said, At::Here(item.id));
                known.name(uid.as_deref(), revision);
            }
            if last {
                return Ok(known);
            }
        }
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

    /// Keeps the cells that are kept as text beside the record that is added next.
    fn keep_cells<R: Record>(&mut self, record: &R, leftovers: &Value) {
        let Ok(number) = u32::try_from(self.all.len()) else { return };
        let texts = leftovers.as_array().into_iter().flatten().filter_map(Value::as_str);
        let mut cells = texts.filter_map(|text| text.split_once(": ")).map(|(_, cell)| cell).peekable();
        if cells.peek().is_none() {
            return;
        }
        let name = words(&fields(record), "name");
        for cell in cells.filter(|_| !name.is_empty()) {
            self.beside.entry(self.hasher.hash_one((&name, cell.trim()))).or_insert(number);
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
        let mut found = values.filter_map(|value| self.beside.get(&self.hasher.hash_one((&name, value))));
        found.next().copied()
    }

    /// Keeps the identifier of the record that was added last.
    fn name(&mut self, uid: Option<&str>, revision: Revision) {
        let (Some(uid), Ok(number)) = (uid, u32::try_from(self.all.len().saturating_sub(1))) else { return };
        self.uids.insert(self.hasher.hash_one(uid), Named { number, revision });
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
        !on(Mutant::ImportOlder) && here.is_some_and(|here| Revision::of(leftovers).is_older(here.revision))
    }

    fn add<R: Record>(&mut self, record: &R, uid: Option<&str>, said: Box<[u64]>, at: At) {
        let Ok(number) = u32::try_from(self.all.len()) else { return };
        for key in record.match_keys() {
            self.by_key.entry(self.hasher.hash_one(&key)).or_default().push(number);
        }
        self.whole.entry(self.hasher.hash_one(&said)).or_insert(number);
        self.all.push(Kept { said, at, is_nameless: uid.is_none() });
    }

    /// Keeps what became of a record here.
    pub(crate) fn became<R: Record>(&mut self, id: &ItemId, record: &R) {
        let said = self.said(record);
        let uid = uid_of(record);
        self.add(record, uid.as_deref(), said, At::Here(id.clone()));
    }

    /// Finds out what a record of a file is, and keeps it. `changed` has what became of records here meanwhile.
    pub(crate) async fn find<R: Kinded>(
        &mut self,
        company: &dyn Company,
        record: &R,
        uid: Option<&str>,
        line: u64,
        changed: &BTreeMap<ItemId, R>,
    ) -> Outcome<Found<R>> {
        if uid.is_some_and(|uid| self.uids.contains_key(&self.hasher.hash_one(uid))) {
            return Ok(Found::Named);
        }
        let said = self.said(record);
        let there = match uid {
            None => {
                self.whole.get(&self.hasher.hash_one(&said)).copied().or_else(|| self.part(record, &said))
            }
            Some(_) => None,
        };
        if let Some(there) = there.and_then(|at| self.all.get(usize::try_from(at).ok()?)) {
            let At::Here(id) = &there.at else { return Ok(Found::There(None)) };
            return Ok(Found::There(now(company, id, changed).await?.map(|there| (id.clone(), there))));
        }
        let mut alike = self.alike(record, uid.is_some());
        if let Some(row) = self.of_row(record).filter(|_| alike.at.is_empty())
            && let Some(kept) = usize::try_from(row).ok().and_then(|row| self.all.get(row))
        {
            alike.at.insert(row, kept.at.clone());
        }
        let found = self.compared(company, record, &alike, changed).await?;
        // Two records of a file that have identifiers are two.
        if uid.is_none() && !matches!(found, Found::Doubt(_)) {
            self.add(record, uid, said, At::File(line));
        }
        match found {
            Found::New if uid.is_some() => self.twin(company, record, changed).await,
            found => Ok(found),
        }
    }

    /// Finds a record here that has another identifier and is the same person or appointment by all that is said.
    async fn twin<R: Kinded>(
        &self,
        company: &dyn Company,
        record: &R,
        changed: &BTreeMap<ItemId, R>,
    ) -> Outcome<Found<R>> {
        if on(Mutant::ImportTwins) {
            return Ok(Found::New);
        }
        for at in self.sharing(record, |kept| !kept.is_nameless).at.values().take(MOST_ALIKE) {
            let At::Here(id) = at else { continue };
            if self.gone.contains(id) {
                continue;
            }
            if let Some(there) =
                now(company, id, changed).await?.filter(|there| !is_other_name(there, record))
            {
                return Ok(Found::Twin(id.clone(), Box::new(there)));
            }
        }
        Ok(Found::New)
    }

    /// Finds a record that holds all of another one. Nothing but a name does not make it the same: it may
    /// be another person of that name who is better known here.
    fn part<R: Record>(&self, record: &R, said: &[u64]) -> Option<u32> {
        let strong = record.match_keys().into_iter().filter(|key| key.strength <= 1);
        strong.filter_map(|key| self.by_key.get(&self.hasher.hash_one(&key))).find_map(|sharing| {
            let mut candidates = sharing.iter().take(MOST_SHARING).copied();
            candidates.find(|at| {
                let have = usize::try_from(*at).ok().and_then(|at| self.all.get(at));
                have.is_some_and(|have| said.iter().all(|one| have.said.binary_search(one).is_ok()))
            })
        })
    }

    /// Finds the records that share the strongest key that is shared at all. A record with an identifier of its own
    /// is none that has another one.
    fn alike<R: Record>(&self, record: &R, is_named: bool) -> Alike {
        self.sharing(record, |kept| !is_named || (kept.is_nameless && matches!(kept.at, At::Here(_))))
    }

    /// Finds those of some records that share the strongest key that is shared at all.
    fn sharing<R: Record>(&self, record: &R, fits: impl Fn(&Kept) -> bool) -> Alike {
        let mut alike = Alike::default();
        for key in record.match_keys().into_iter().filter(|key| key.strength > 0) {
            if !alike.at.is_empty() && key.strength > alike.strength {
                break;
            }
            let Some(sharing) = self.by_key.get(&self.hasher.hash_one(&key)) else { continue };
            let all = sharing.iter().filter_map(|at| Some((*at, self.all.get(usize::try_from(*at).ok()?)?)));
            let fit = all.filter(|(_, kept)| fits(kept));
            let fit: Vec<(u32, At)> = fit.map(|(at, kept)| (at, kept.at.clone())).collect();
            if fit.is_empty() || sharing.len() > MOST_SHARING {
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
        record: &R,
        alike: &Alike,
        changed: &BTreeMap<ItemId, R>,
    ) -> Outcome<Found<R>> {
        let (mut same, mut beside, mut lines) = (Vec::<(ItemId, R)>::new(), Vec::new(), Vec::new());
        for at in alike.at.values().take(MOST_ALIKE) {
            match at {
                At::File(line) => lines.push(*line),
                At::Here(id) if same.iter().any(|(known, _)| known == id) => {}
                At::Here(id) => match now(company, id, changed).await? {
                    Some(there) if is_other_name(&there, record) => beside.push(there.summary()),
                    Some(there) => same.push((id.clone(), there)),
                    None => {}
                },
            }
        }
        if on(Mutant::ImportDoubles) {
            return Ok(Found::New);
        }
        let Some((id, there)) = same.first() else {
            let line = lines.first().map(|line| format!("#{line}"));
            return Ok(beside.into_iter().next().or(line).map_or(Found::New, Found::Beside));
        };
        let names = same.iter().map(|(_, there)| there.summary()).collect();
        if same.len() > 1 {
            return Ok(Found::Doubt(Doubt { names, ..Doubt::default() }));
        }
        let others = contradicting(&there.match_keys(), &record.match_keys(), alike.strength);
        Ok(match together(there, record) {
            Ok(both) if others.is_empty() => Found::Same(id.clone(), Box::new(both)),
            Ok(_) => Found::Doubt(Doubt { names, fields: others, only: Some(id.clone()) }),
            Err(fields) => Found::Doubt(Doubt { names, fields, only: Some(id.clone()) }),
        })
    }
}

/// The records that share a key with another one, of one strength.
#[derive(Default)]
struct Alike {
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
    let (one, other) = (fields(one), fields(other));
    let (a, b) = (words(&one, "name"), words(&other, "name"));
    if a.is_empty() != b.is_empty() {
        // One is nameless: a company, which has nobody's name, or an address alone.
        let nameless = if a.is_empty() { &one } else { &other };
        return !words(nameless, "organization").is_empty();
    }
    !(a.iter().all(|word| b.contains(word)) || b.iter().all(|word| a.contains(word)))
}

/// Returns the words of a structured member, as far as they name: no title, no way to speak them.
fn words(all: &Fields, member: &str) -> Vec<String> {
    let is_name = |field: &&Field| {
        let part = field.key().unwrap_or_default();
        field.member() == member
            && matches!(part, "given" | "middle" | "particle" | "surname" | "full" | "name")
    };
    let texts = all.iter().filter(|(field, _)| is_name(field)).filter_map(|(_, value)| value.as_str());
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
    let (mut all, new) = (fields(there), fields(read));
    let mut others = Vec::new();
    let preferring: Vec<String> = all
        .iter()
        .filter(|(_, value)| is_preferred(value))
        .map(|(field, _)| field.member().to_owned())
        .collect();
    for (field, mut value) in new {
        let Some(known) = all.get(&field) else {
            if preferring.iter().any(|member| member == field.member()) && is_preferred(&value) {
                value["preferred"] = Value::Bool(false);
            }
            all.insert(field, value);
            continue;
        };
        if !is_said(&field) || R::normal(&field, known) == R::normal(&field, &value) {
            continue;
        }
        match R::filled(&field, known, &value) {
            Some(filled) => drop(all.insert(field, filled)),
            None if is_one_text(known, &value) => {}
            None => others.push(field.as_str().to_owned()),
        }
    }
    let full = Field::keyed("name", "full");
    let parts: Fields =
        all.iter().filter(|(field, _)| **field != full).map(|(f, v)| (f.clone(), v.clone())).collect();
    let parts = words(&parts, "name");
    // A whole name that the parts say is none of its own.
    if !parts.is_empty() && words(&all, "name").iter().all(|word| parts.contains(word)) {
        all.remove(&full);
    }
    others.truncate(MOST_NAMED);
    if !others.is_empty() {
        return Err(others);
    }
    assemble(&all).map_err(|_| Vec::new())
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
            // Many programs say nothing of it.
            (json!([]), false),
        ] {
            assert_eq!(of(read.clone()).is_older(here), older, "{read}");
        }
        assert!(!of(json!(["SEQUENCE:0"])).is_older(Revision::default()));
    }

    #[test]
    fn an_older_state_of_a_record_does_not_overwrite_the_one_here() {
        let record = passerelle_contacts::Contact { uid: "u".to_owned(), ..Default::default() };
        let mut known = Known::default();
        known.add(&record, Some("u"), Box::new([]), At::Here(ItemId::new("1")));
        known.name(Some("u"), Revision { sequence: Some(2), changed: None });
        let sequence = |number: u64| json!([format!("SEQUENCE:{number}")]);
        assert!(known.is_older(Some("u"), Some(&sequence(1))));
        assert!(!known.is_older(Some("u"), Some(&sequence(3))));
        assert!(!known.is_older(Some("v"), Some(&sequence(1))) && !known.is_older(None, Some(&sequence(1))));
        assert_eq!((known.id_of("u"), known.id_of("v")), (Some(ItemId::new("1")), None));
    }
}
