//! Several collections over the same items: each item stands in one of them, and can be brought into another.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use passerelle_ports::{
    Capabilities, EntryId, ErrorKind, From, ItemId, Opaque, Page, PortError, PortResult, Record, Replica,
    Stored, Write, Written,
};
use serde_json::json;

use crate::MemReplica;

/// One collection of several over the same items.
#[derive(Clone, Debug)]
pub struct MemShelf<R: Record> {
    /// The items of all collections.
    pub items: Arc<MemReplica<R>>,
    /// Where each of them stands.
    homes: Arc<Mutex<BTreeMap<ItemId, String>>>,
    /// The name of this one.
    pub name: &'static str,
    /// What each entry did, where the store remembers it.
    outcomes: Arc<Mutex<BTreeMap<EntryId, Written<R>>>>,
    /// What cannot be read by its name in this collection.
    unreadable: Arc<Mutex<BTreeSet<ItemId>>>,
}

impl<R: Record> MemShelf<R> {
    /// Makes collections of these names over the same items.
    #[must_use]
    pub fn all(items: &Arc<MemReplica<R>>, names: &[&'static str]) -> Vec<MemShelf<R>> {
        let homes = Arc::default();
        let shelf = |name: &&'static str| MemShelf {
            items: items.clone(),
            homes: Arc::clone(&homes),
            name,
            outcomes: Arc::default(),
            unreadable: Arc::default(),
        };
        names.iter().map(shelf).collect()
    }

    fn homes(&self) -> MutexGuard<'_, BTreeMap<ItemId, String>> {
        self.homes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn outcomes(&self) -> MutexGuard<'_, BTreeMap<EntryId, Written<R>>> {
        self.outcomes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on an item cannot be read by its name in this collection, or can again.
    pub fn set_unreadable(&self, id: &ItemId, unreadable: bool) {
        let mut all = self.unreadable.lock().unwrap_or_else(PoisonError::into_inner);
        if unreadable {
            all.insert(id.clone())
        } else {
            all.remove(id)
        };
    }

    /// Returns where an item stands.
    #[must_use]
    pub fn home_of(&self, id: &ItemId) -> Option<String> {
        self.homes().get(id).cloned()
    }

    fn seen(&self, stored: Stored<R>) -> Stored<R> {
        let away = self.home_of(&stored.id).filter(|home| home != self.name);
        Stored { withdrawn: away.is_some(), home: away, ..stored }
    }

    fn told(&self, written: Written<R>) -> Written<R> {
        match written {
            Written::Stored(stored) => Written::Stored(self.seen(stored)),
            Written::Exists { id, alive } => {
                Written::Exists { id, alive: alive.map(|stored| self.seen(stored)) }
            }
            gone @ (Written::Deleted | Written::Removed(_)) => gone,
        }
    }

    /// Somebody makes an item in this collection.
    pub fn person_creates(&self, record: R) -> ItemId {
        let id = self.items.person_creates(record);
        self.homes().insert(id.clone(), self.name.to_owned());
        id
    }

    /// Somebody brings an item into another collection; returns whether it is there.
    pub fn person_moves(&self, id: &ItemId, to: &str) -> bool {
        let Some(stored) = self.items.get(id) else { return false };
        self.homes().insert(id.clone(), to.to_owned());
        let etched = stored.opaque.0;
        let count = etched["moved"].as_u64().unwrap_or(0) + 1;
        self.items.person_etches(id, json!({ "etched": etched["etched"], "moved": count }))
    }

    fn relocate(&self, from: &Stored<R>, to: &str, stamp: EntryId) -> PortResult<Written<R>> {
        let missing = || PortError::new(ErrorKind::NotFound, "shelf.move");
        let now = self.items.get(&from.id).ok_or_else(missing)?;
        if now.version != from.version {
            return Err(PortError::new(ErrorKind::VersionMismatch, "shelf.move"));
        }
        self.person_moves(&from.id, to);
        let written = Written::Stored(self.seen(self.items.get(&from.id).ok_or_else(missing)?));
        self.outcomes().insert(stamp, written.clone());
        Ok(written)
    }

    /// Returns what stands in this collection.
    #[must_use]
    pub fn alive(&self) -> Vec<Stored<R>> {
        let here = self.items.alive().into_iter().map(|stored| self.seen(stored));
        here.filter(|stored| !stored.withdrawn).collect()
    }
}

#[async_trait]
impl<R: Record> Replica<R> for MemShelf<R> {
    fn carried_along(&self, known: &Opaque) -> Opaque {
        let mut known = known.clone();
        if let Some(members) = known.0.as_object_mut() {
            members.remove("moved");
        }
        known
    }

    fn capabilities(&self) -> Capabilities {
        self.items.capabilities()
    }

    fn clock(&self) -> Option<DateTime<Utc>> {
        self.items.clock()
    }

    async fn changes(&self, from: From) -> PortResult<Page<R>> {
        let mut page = self.items.changes(from).await?;
        let (here, away): (Vec<_>, Vec<_>) =
            page.items.into_iter().map(|stored| self.seen(stored)).partition(|stored| !stored.withdrawn);
        page.items = here;
        page.removed.extend(away.into_iter().map(|stored| stored.id));
        Ok(page)
    }

    async fn fetch(&self, ids: &[ItemId]) -> PortResult<Vec<Option<Stored<R>>>> {
        self.fetch_each(ids).await?.into_iter().collect()
    }

    async fn fetch_each(&self, ids: &[ItemId]) -> PortResult<Vec<PortResult<Option<Stored<R>>>>> {
        let found = self.items.fetch_each(ids).await?;
        let unreadable = self.unreadable.lock().unwrap_or_else(PoisonError::into_inner);
        let read = ids.iter().zip(found).map(|(id, found)| match unreadable.contains(id) {
            true => Err(PortError::new(ErrorKind::Unexpected, "shelf.fetch")),
            false => found.map(|stored| stored.map(|stored| self.seen(stored))),
        });
        Ok(read.collect())
    }

    async fn write(&self, batch: &[Write<R>]) -> PortResult<Vec<PortResult<Written<R>>>> {
        let mut results = Vec::new();
        for write in batch {
            if let Write::Move { from, to, stamp } = write {
                results.push(self.relocate(from, to, *stamp));
                continue;
            }
            for result in self.items.write(std::slice::from_ref(write)).await? {
                if let Ok(Written::Stored(stored)) = &result {
                    self.homes().entry(stored.id.clone()).or_insert_with(|| self.name.to_owned());
                }
                results.push(result.map(|written| self.told(written)));
            }
        }
        Ok(results)
    }

    async fn outcome(&self, entries: &[EntryId]) -> PortResult<Vec<Option<Written<R>>>> {
        let known = self.items.outcome(entries).await?;
        let ours = self.outcomes();
        Ok(entries.iter().zip(known).map(|(id, known)| ours.get(id).cloned().or(known)).collect())
    }
}
