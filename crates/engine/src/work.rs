//! Links taken from the ledger to be changed, and the transaction that keeps the changes.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use passerelle_ports::{Changes, ItemId, Link, LinkId, Record, Side, Stranger};

/// Links in memory, of one page or one batch.
pub(crate) struct Work<R: Record> {
    links: BTreeMap<LinkId, Link<R>>,
    items: HashMap<(Side, ItemId), LinkId>,
    dirty: BTreeSet<LinkId>,
    /// What else the transaction holds.
    pub(crate) changes: Changes<R>,
}

impl<R: Record> Work<R> {
    pub(crate) fn new(links: Vec<Link<R>>) -> Self {
        let mut work = Work {
            links: BTreeMap::new(),
            items: HashMap::new(),
            dirty: BTreeSet::new(),
            changes: Changes::default(),
        };
        work.load(links);
        work
    }

    /// Adds links that are in the ledger; one that is here already stays as it is here.
    pub(crate) fn load(&mut self, links: Vec<Link<R>>) {
        for link in links {
            if !self.links.contains_key(&link.id) {
                self.index(&link);
                self.links.insert(link.id, link);
            }
        }
    }

    pub(crate) fn get(&self, id: LinkId) -> Option<&Link<R>> {
        self.links.get(&id)
    }

    pub(crate) fn values(&self) -> impl Iterator<Item = &Link<R>> {
        self.links.values()
    }

    pub(crate) fn by_item(&self, side: Side, item: &ItemId) -> Option<LinkId> {
        self.items.get(&(side, item.clone())).copied()
    }

    /// Keeps a link as it shall be; one that did not change is not written.
    pub(crate) fn save(&mut self, link: Link<R>) {
        if self.links.get(&link.id) == Some(&link) {
            return;
        }
        self.remember_gone(link.id, Some(&link));
        self.index(&link);
        self.dirty.insert(link.id);
        self.links.insert(link.id, link);
    }

    /// Changes a link, if it is here.
    pub(crate) fn change(&mut self, id: LinkId, f: impl FnOnce(&mut Link<R>)) {
        if let Some(mut link) = self.links.get(&id).cloned() {
            f(&mut link);
            self.save(link);
        }
    }

    /// Remembers the items of a link that are gone and that it no longer names, as long as a late answer may show
    /// them again.
    fn remember_gone(&mut self, id: LinkId, now: Option<&Link<R>>) {
        let Some(old) = self.links.get(&id) else { return };
        for side in Side::BOTH {
            let Some(copy) = old.copies[side].as_ref().filter(|_| old.trails[side].gone.is_some()) else {
                continue;
            };
            // One that a listing showed again is still to be fetched.
            let (item, trail, look) = (copy.stored.id.clone(), old.trails[side].clone(), copy.look);
            if now.is_none_or(|now| now.item(side) != Some(&item)) {
                self.changes.strangers.push(Stranger { side, item, trail, look });
            }
        }
    }

    pub(crate) fn forget(&mut self, id: LinkId) {
        self.remember_gone(id, None);
        self.links.remove(&id);
        self.items.retain(|_, link| *link != id);
        self.dirty.remove(&id);
        self.changes.forget.push(id);
    }

    /// Returns the transaction.
    pub(crate) fn into_changes(mut self) -> Changes<R> {
        for id in &self.dirty {
            self.changes.links.extend(self.links.remove(id));
        }
        self.changes
    }

    fn index(&mut self, link: &Link<R>) {
        if let Some(old) = self.links.get(&link.id) {
            for side in Side::BOTH {
                if let Some(item) = old.item(side)
                    && old.item(side) != link.item(side)
                    && self.by_item(side, item) == Some(link.id)
                {
                    let key = (side, item.clone());
                    self.items.remove(&key);
                }
            }
        }
        for side in Side::BOTH {
            if let Some(item) = link.item(side) {
                self.items.insert((side, item.clone()), link.id);
            }
        }
    }
}
