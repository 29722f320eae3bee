//! What is there already, for records of a file that have no identifier.

use std::{
    collections::{HashMap, HashSet},
    hash::{BuildHasher, RandomState},
};

use passerelle_ports::{Field, Record, fields};

use crate::{Company, Kinded, Outcome, Search};

/// How many records are read at a time: each page is sorted anew.
const PAGE: u64 = 2_000;
/// A key that more records share tells nobody apart: the number of a switchboard.
const MOST_SHARING: usize = 50;

/// What each record here says, as numbers: a record of a file is there already when one of the same address, number
/// or time says all that it says, or when one says exactly the same. Numbers, because all records of a company
/// would not fit.
#[derive(Default)]
pub(crate) struct Known {
    hasher: RandomState,
    all: Vec<Box<[u64]>>,
    by_key: HashMap<u64, Vec<u32>>,
    whole: HashSet<u64>,
}

/// An identifier says nothing about whom it identifies.
fn is_said(field: &Field) -> bool {
    field.as_str() != "uid"
}

impl Known {
    /// Reads what an app user sees, or what the company has.
    pub(crate) async fn of<R: Kinded>(company: &dyn Company, user: Option<&str>) -> Outcome<Self> {
        let mut known = Known::default();
        let mut skip = 0;
        loop {
            let search =
                Search { user: user.map(str::to_owned), text: String::new(), skip, limit: Some(PAGE) };
            let found = R::list(company, &search).await?;
            skip += found.items.len() as u64;
            let last = found.items.is_empty() || skip >= found.total;
            for item in found.items {
                let said = known.said(&item.record);
                known.add(&item.record, said);
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

    fn add<R: Record>(&mut self, record: &R, said: Box<[u64]>) {
        let Ok(number) = u32::try_from(self.all.len()) else { return };
        for key in record.match_keys() {
            self.by_key.entry(self.hasher.hash_one(&key)).or_default().push(number);
        }
        self.whole.insert(self.hasher.hash_one(&said));
        self.all.push(said);
    }

    /// Tells whether a record says something that no record here says, and keeps it.
    pub(crate) fn is_new<R: Record>(&mut self, record: &R) -> bool {
        let said = self.said(record);
        let there = self.whole.contains(&self.hasher.hash_one(&said)) || self.is_part(record, &said);
        if !there {
            self.add(record, said);
        }
        !there
    }

    /// Tells whether a record here holds all of another one. Nothing but a name does not make it the same: it may
    /// be another person of that name who is better known here.
    fn is_part<R: Record>(&self, record: &R, said: &[u64]) -> bool {
        let strong = record.match_keys().into_iter().filter(|key| key.strength <= 1);
        strong.filter_map(|key| self.by_key.get(&self.hasher.hash_one(&key))).any(|sharing| {
            let candidates = sharing.iter().take(MOST_SHARING);
            let mut candidates = candidates.filter_map(|at| self.all.get(usize::try_from(*at).ok()?));
            candidates.any(|have| said.iter().all(|one| have.binary_search(one).is_ok()))
        })
    }
}
