//! What our last writes answered: the next write of the same contact begins there, although a read may be older (P43).

use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
};

use chrono::{DateTime, TimeDelta, Utc};

use crate::wire::Person;

/// How many writes are remembered at most: reads are stale for seconds, not for hours.
const KEPT_MAX: usize = 1000;

struct Written {
    at: DateTime<Utc>,
    /// When Google says the contact was written last; for a deleted one, the time of its last state.
    updated: Option<DateTime<Utc>>,
    /// `None` when it was deleted.
    person: Option<Person>,
}

/// The contacts written a moment ago.
pub(crate) struct Recent {
    kept: TimeDelta,
    written: Mutex<Memory>,
}

#[derive(Default)]
struct Memory {
    entries: HashMap<String, Written>,
    /// The names in the order of their writes; a name may stand here more than once.
    order: VecDeque<(DateTime<Utc>, String)>,
}

impl Recent {
    pub(crate) fn new(kept: TimeDelta) -> Self {
        Recent { kept, written: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, Memory> {
        self.written.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Remembers what a write answered.
    pub(crate) fn wrote(&self, person: &Person, now: DateTime<Utc>) {
        let updated = person.source().and_then(|source| source.update_time);
        self.put(person.resource_name(), Written { at: now, updated, person: Some(person.clone()) });
    }

    /// Remembers a deletion, and the last state before it.
    pub(crate) fn deleted(&self, last: &Person, now: DateTime<Utc>) {
        let updated = last.source().and_then(|source| source.update_time);
        self.put(last.resource_name(), Written { at: now, updated, person: None });
    }

    fn put(&self, name: &str, entry: Written) {
        let mut memory = self.lock();
        let oldest = entry.at - self.kept;
        memory.order.push_back((entry.at, name.to_owned()));
        memory.entries.insert(name.to_owned(), entry);
        while memory.order.front().is_some_and(|(at, _)| *at <= oldest) || memory.order.len() > KEPT_MAX {
            let Some((at, name)) = memory.order.pop_front() else { break };
            if memory.entries.get(&name).is_some_and(|entry| entry.at <= at) {
                memory.entries.remove(&name);
            }
        }
    }

    /// Returns the newer of what Google just said and what it had answered to our write.
    pub(crate) fn newest(&self, name: &str, said: Option<Person>) -> Option<Person> {
        let memory = self.lock();
        let Some(entry) = memory.entries.get(name) else { return said };
        let updated = said.as_ref().and_then(Person::source).and_then(|source| source.update_time);
        match (&entry.person, &said) {
            (None, Some(_)) if updated <= entry.updated => None,
            (Some(ours), Some(_)) if updated < entry.updated => Some(ours.clone()),
            _ => said,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn person(second: u32) -> Person {
        let time = format!("2026-11-24T00:00:{second:02}.000001Z");
        let source = json!({"type": "CONTACT", "id": "1", "etag": format!("#{second}"), "updateTime": time});
        serde_json::from_value(json!({"resourceName": "people/c1", "metadata": {"sources": [source]}}))
            .unwrap()
    }

    #[test]
    fn p43_a_read_older_than_our_write_is_not_believed() {
        let recent = Recent::new(TimeDelta::minutes(10));
        let now = DateTime::UNIX_EPOCH;
        recent.wrote(&person(5), now);
        assert_eq!(recent.newest("people/c1", Some(person(4))), Some(person(5)));
        assert_eq!(recent.newest("people/c1", Some(person(6))), Some(person(6)));
        assert_eq!(recent.newest("people/c1", None), None, "somebody deleted it since");
        assert_eq!(recent.newest("people/c2", Some(person(1))), Some(person(1)));
        recent.deleted(&person(5), now);
        assert_eq!(recent.newest("people/c1", Some(person(5))), None);
        assert_eq!(recent.newest("people/c1", Some(person(7))), Some(person(7)), "back from the bin");
    }

    #[test]
    fn old_writes_are_forgotten() {
        let recent = Recent::new(TimeDelta::minutes(10));
        let now = DateTime::UNIX_EPOCH;
        recent.wrote(&person(5), now);
        let mut other = person(5);
        other.0.insert("resourceName".into(), "people/c2".into());
        recent.wrote(&other, now + TimeDelta::minutes(11));
        assert_eq!(recent.newest("people/c1", Some(person(4))), Some(person(4)));
    }

    #[test]
    fn memory_is_bounded() {
        let recent = Recent::new(TimeDelta::minutes(10));
        for number in 0..3000 {
            let mut other = person(5);
            other.0.insert("resourceName".into(), format!("people/c{number}").into());
            recent.wrote(&other, DateTime::UNIX_EPOCH);
        }
        assert!(recent.lock().entries.len() <= KEPT_MAX);
        assert_eq!(recent.newest("people/c2999", Some(person(4))).unwrap().resource_name(), "people/c2999");
    }
}
