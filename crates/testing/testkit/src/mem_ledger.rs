//! The reference ledger, in memory: what it does is what every ledger must do.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::{Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use passerelle_ports::{
    Changes, Counts, EntriesOf, Entry, ErrorKind, Find, Half, ItemId, LastCopy, Lease, Ledger, Link, LinkId,
    LinkState, ListingId, Look, MatchKey, Outcome, PairId, PairState, PortError, PortResult, Record, Run,
    RunId, RunKind, Side, Slice, Stored, Stranger, Value,
};

#[derive(Clone)]
struct Pair<R> {
    state: PairState,
    links: BTreeMap<LinkId, Link<R>>,
    items: BTreeMap<(Side, ItemId), LinkId>,
    strangers: BTreeMap<(Side, ItemId), Stranger>,
    met: BTreeMap<(Side, LinkId), ListingId>,
    lease: Option<Lease>,
}

impl<R> Default for Pair<R> {
    fn default() -> Self {
        Pair {
            state: PairState::default(),
            links: BTreeMap::new(),
            items: BTreeMap::new(),
            strangers: BTreeMap::new(),
            met: BTreeMap::new(),
            lease: None,
        }
    }
}

#[derive(Clone)]
struct State<R> {
    pairs: BTreeMap<PairId, Pair<R>>,
    /// Oldest first.
    entries: Vec<(PairId, Entry<R>)>,
    runs: BTreeMap<RunId, Run>,
    last_run: i64,
}

/// A copy of all that a ledger in memory holds.
pub struct LedgerBackup<R>(State<R>);

impl<R> fmt::Debug for LedgerBackup<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LedgerBackup")
    }
}

/// A ledger in memory.
pub struct MemLedger<R: Record>(Mutex<State<R>>);

impl<R: Record> fmt::Debug for MemLedger<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemLedger").field("entries", &self.lock().entries.len()).finish_non_exhaustive()
    }
}

impl<R: Record> Default for MemLedger<R> {
    fn default() -> Self {
        MemLedger(Mutex::new(State {
            pairs: BTreeMap::new(),
            entries: Vec::new(),
            runs: BTreeMap::new(),
            last_run: 0,
        }))
    }
}

impl<R: Record> MemLedger<R> {
    fn lock(&self) -> MutexGuard<'_, State<R>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a backup of everything.
    #[must_use]
    pub fn backup(&self) -> LedgerBackup<R> {
        LedgerBackup(self.lock().clone())
    }

    /// Puts a backup back; what happened since is forgotten.
    pub fn restore(&self, backup: &LedgerBackup<R>) {
        *self.lock() = backup.0.clone();
    }

    /// Returns all links of a pair, for judges.
    #[must_use]
    pub fn all_links(&self, pair: &PairId) -> Vec<Link<R>> {
        self.lock().pairs.get(pair).map(|pair| pair.links.values().cloned().collect()).unwrap_or_default()
    }

    /// Returns all entries of a pair, oldest first, for judges.
    #[must_use]
    pub fn all_entries(&self, pair: &PairId) -> Vec<Entry<R>> {
        let state = self.lock();
        state.entries.iter().filter(|(of, _)| of == pair).map(|(_, entry)| entry.clone()).collect()
    }
}

impl<R: Record> State<R> {
    fn blocked(&self, pair: &PairId) -> BTreeSet<LinkId> {
        self.entries
            .iter()
            .filter(|(of, entry)| of == pair && entry.is_open())
            .map(|(_, entry)| entry.link)
            .collect()
    }

    /// Halves that are neither blocked nor to look at.
    fn halves(&self, pair: &PairId) -> Vec<Half> {
        let blocked = self.blocked(pair);
        let links = self.pairs.get(pair).into_iter().flat_map(|pair| pair.links.values());
        links
            .filter(|link| !link.looks() && !blocked.contains(&link.id))
            .filter_map(|link| {
                let side = link.half()?;
                Some(Half {
                    link: link.id,
                    side,
                    keys: link.match_keys(side),
                    due: link.due,
                    ambiguous: link.state == LinkState::Ambiguous,
                    different: link.different.clone(),
                })
            })
            .collect()
    }
}

impl<R: Record> Pair<R> {
    fn drop_items_of(&mut self, link: LinkId) {
        let items: Vec<_> = self
            .links
            .get(&link)
            .into_iter()
            .flat_map(|link| Side::BOTH.into_iter().filter_map(|side| Some((side, link.item(side)?.clone()))))
            .collect();
        for key in items {
            if self.items.get(&key) == Some(&link) {
                self.items.remove(&key);
            }
        }
    }

    /// Refuses changes after which an item would belong to two links.
    fn check(&self, changes: &Changes<R>) -> PortResult<()> {
        let moving: BTreeSet<LinkId> =
            changes.forget.iter().copied().chain(changes.links.iter().map(|link| link.id)).collect();
        let mut given = BTreeSet::new();
        for link in &changes.links {
            for side in Side::BOTH {
                let Some(item) = link.item(side) else { continue };
                let key = (side, item.clone());
                let taken = self.items.get(&key).is_some_and(|owner| !moving.contains(owner));
                if taken || !given.insert(key) {
                    return Err(PortError::new(ErrorKind::Unexpected, "ledger.commit"));
                }
            }
        }
        Ok(())
    }

    fn apply(&mut self, changes: &Changes<R>) {
        for id in &changes.forget {
            self.drop_items_of(*id);
            self.links.remove(id);
            self.met.retain(|(_, link), _| link != id);
        }
        for link in &changes.links {
            self.drop_items_of(link.id);
        }
        for link in &changes.links {
            for side in Side::BOTH {
                if let Some(item) = link.item(side) {
                    self.items.insert((side, item.clone()), link.id);
                }
            }
            self.links.insert(link.id, link.clone());
        }
        let strangers = changes.strangers.iter().cloned();
        self.strangers.extend(strangers.map(|stranger| ((stranger.side, stranger.item.clone()), stranger)));
        for known in &changes.known {
            self.strangers.remove(known);
        }
        if let Some(before) = changes.gone_before {
            let is_old = |stranger: &Stranger| stranger.trail.gone.is_some_and(|gone| gone < before);
            self.strangers.retain(|_, stranger| stranger.look || !is_old(stranger));
        }
        if let Some((side, listing, links)) = &changes.met {
            self.met.extend(links.iter().map(|link| ((*side, *link), *listing)));
        }
        if let Some((side, listing)) = changes.absent {
            for link in self.links.values_mut() {
                if let Some(copy) = link.copies[side].as_mut().filter(|copy| !copy.gone)
                    && self.met.get(&(side, link.id)) != Some(&listing)
                {
                    copy.look = true;
                    link.trails[side].unmet = true;
                }
            }
        }
        for side in Side::BOTH {
            if changes.drop_cursors[side] {
                self.state.cursors[side] = None;
            }
            if let Some(cursor) = &changes.cursors[side] {
                self.state.cursors[side] = Some(cursor.clone());
            }
        }
        if let Some(rules) = &changes.rules {
            self.state.rules = Some(rules.clone());
            self.links.values_mut().for_each(|link| link.due = true);
        }
        if let Some(rules) = &changes.rules_seen {
            self.state.rules = Some(rules.clone());
        }
        if let Some(labels) = &changes.labels {
            self.state.labels.clone_from(labels);
        }
    }
}

fn page_of<T>(items: impl Iterator<Item = T>, limit: u64) -> Vec<T> {
    items.take(usize::try_from(limit).unwrap_or(usize::MAX)).collect()
}

fn slice_of<T>(items: impl Iterator<Item = T>, slice: Slice) -> Vec<T> {
    page_of(items.skip(usize::try_from(slice.skip).unwrap_or(usize::MAX)), slice.limit)
}

#[async_trait]
impl<R: Record> Ledger<R> for MemLedger<R> {
    async fn lease(&self, lease: &Lease, now: DateTime<Utc>) -> PortResult<bool> {
        let mut state = self.lock();
        let pair = state.pairs.entry(lease.pair.clone()).or_default();
        let free = pair.lease.as_ref().is_none_or(|held| held.holder == lease.holder || held.until <= now);
        if free {
            pair.lease = Some(lease.clone());
        }
        Ok(free)
    }

    async fn release(&self, lease: &Lease) -> PortResult<()> {
        let mut state = self.lock();
        if let Some(pair) = state.pairs.get_mut(&lease.pair)
            && pair.lease.as_ref().is_some_and(|held| held.holder == lease.holder)
        {
            pair.lease = None;
        }
        Ok(())
    }

    async fn begin_run(&self, pair: &PairId, kind: RunKind, now: DateTime<Utc>) -> PortResult<RunId> {
        let mut state = self.lock();
        state.last_run += 1;
        let id = RunId(state.last_run);
        let run = Run { id, pair: pair.clone(), kind, started: now, finished: None, summary: Value::Null };
        state.runs.insert(id, run);
        Ok(id)
    }

    async fn finish_run(&self, run: RunId, now: DateTime<Utc>, summary: &Value) -> PortResult<()> {
        if let Some(run) = self.lock().runs.get_mut(&run) {
            run.finished = Some(now);
            run.summary = summary.clone();
        }
        Ok(())
    }

    async fn commit(&self, lease: &Lease, changes: Changes<R>) -> PortResult<()> {
        let mut state = self.lock();
        let pair = state.pairs.entry(lease.pair.clone()).or_default();
        if pair.lease.as_ref().is_none_or(|held| held.holder != lease.holder) {
            return Err(PortError::new(ErrorKind::RateLimited, "ledger.commit"));
        }
        pair.check(&changes)?;
        pair.apply(&changes);
        pair.lease = Some(lease.clone());
        for (id, outcome) in changes.close {
            if let Some((_, entry)) = state.entries.iter_mut().find(|(_, entry)| entry.id == id) {
                entry.outcome = outcome;
            }
        }
        state.entries.extend(changes.open.into_iter().map(|entry| (lease.pair.clone(), entry)));
        Ok(())
    }

    async fn hand_over(
        &self,
        from: &Lease,
        links: Vec<LinkId>,
        to: &Lease,
        changes: Changes<R>,
    ) -> PortResult<()> {
        let mut state = self.lock();
        let (links, other) = (links.into_iter().collect::<BTreeSet<_>>(), &changes);
        for (lease, changes) in [(from, None), (to, Some(other))] {
            let pair = state.pairs.entry(lease.pair.clone()).or_default();
            if pair.lease.as_ref().is_none_or(|held| held.holder != lease.holder) {
                return Err(PortError::new(ErrorKind::RateLimited, "ledger.commit"));
            }
            changes.map_or(Ok(()), |changes| pair.check(changes))?;
        }
        let forget = Changes { forget: links.into_iter().collect(), ..Changes::default() };
        for (lease, changes) in [(from, &forget), (to, other)] {
            let pair = state.pairs.entry(lease.pair.clone()).or_default();
            pair.apply(changes);
            pair.lease = Some(lease.clone());
        }
        Ok(())
    }

    async fn pair_state(&self, pair: &PairId) -> PortResult<PairState> {
        Ok(self.lock().pairs.get(pair).map(|pair| pair.state.clone()).unwrap_or_default())
    }

    async fn counts(&self, pair: &PairId) -> PortResult<Counts> {
        let state = self.lock();
        let mut counts = Counts { open: state.blocked(pair).len() as u64, ..Counts::default() };
        for link in state.pairs.get(pair).into_iter().flat_map(|pair| pair.links.values()) {
            let alive = |side| u64::from(link.alive(side).is_some());
            counts.links += 1;
            counts.linked += u64::from(link.copies.local.is_some() && link.copies.remote.is_some());
            counts.both += alive(Side::Local) * alive(Side::Remote);
            counts.alive.local += alive(Side::Local);
            counts.alive.remote += alive(Side::Remote);
            counts.due += u64::from(link.due);
            counts.held += u64::from(!link.held.is_empty());
            counts.ambiguous += u64::from(link.state == LinkState::Ambiguous);
            counts.rejected += u64::from(matches!(link.state, LinkState::Rejected(_)));
            counts.released += u64::from(link.state == LinkState::Released);
            counts.aside += u64::from(link.is_aside() && link.state == LinkState::Active);
        }
        Ok(counts)
    }

    async fn find(&self, pair: &PairId, find: &Find) -> PortResult<Vec<Link<R>>> {
        let state = self.lock();
        let Some(pair) = state.pairs.get(pair) else { return Ok(Vec::new()) };
        let ids: BTreeSet<LinkId> = match find {
            Find::Links(ids) => ids.iter().copied().collect(),
            Find::Items(side, items) => {
                items.iter().filter_map(|item| pair.items.get(&(*side, item.clone())).copied()).collect()
            }
            Find::Roots(roots) => {
                let of_line = |link: &&Link<R>| link.root().is_some_and(|root| roots.contains(root));
                pair.links.values().filter(of_line).map(|link| link.id).collect()
            }
        };
        Ok(ids.iter().filter_map(|id| pair.links.get(id).cloned()).collect())
    }

    async fn due(&self, pair: &PairId, after: Option<LinkId>, limit: u64) -> PortResult<Vec<LinkId>> {
        let state = self.lock();
        let blocked = state.blocked(pair);
        let links = state.pairs.get(pair).into_iter().flat_map(|pair| pair.links.values());
        let due = links.filter(|link| link.due && !link.looks() && !blocked.contains(&link.id));
        Ok(page_of(due.map(|link| link.id).filter(|id| after.is_none_or(|after| *id > after)), limit))
    }

    async fn strangers(&self, pair: &PairId, side: Side, items: &[ItemId]) -> PortResult<Vec<Stranger>> {
        let state = self.lock();
        let Some(pair) = state.pairs.get(pair) else { return Ok(Vec::new()) };
        let wanted: BTreeSet<_> = items.iter().map(|item| (side, item.clone())).collect();
        Ok(wanted.iter().filter_map(|item| pair.strangers.get(item).cloned()).collect())
    }

    async fn looks(
        &self,
        pair: &PairId,
        side: Side,
        after: Option<&ItemId>,
        limit: u64,
    ) -> PortResult<Vec<Look>> {
        let state = self.lock();
        let Some(pair) = state.pairs.get(pair) else { return Ok(Vec::new()) };
        let mut looks: BTreeMap<ItemId, Option<LinkId>> = BTreeMap::new();
        for stranger in pair.strangers.values().filter(|stranger| stranger.side == side && stranger.look) {
            looks.insert(stranger.item.clone(), None);
        }
        for link in pair.links.values() {
            if let Some(copy) = link.copies[side].as_ref().filter(|copy| copy.look) {
                looks.insert(copy.stored.id.clone(), Some(link.id));
            }
        }
        let looks = looks.into_iter().filter(|(item, _)| after.is_none_or(|after| item > after));
        Ok(page_of(looks.map(|(item, link)| Look { item, link }), limit))
    }

    async fn open_entries(&self, pair: &PairId) -> PortResult<Vec<Entry<R>>> {
        let state = self.lock();
        let open = state.entries.iter().filter(|(of, entry)| of == pair && entry.is_open());
        Ok(open.map(|(_, entry)| entry.clone()).collect())
    }

    async fn due_halves(&self, pair: &PairId, after: Option<LinkId>, limit: u64) -> PortResult<Vec<Half>> {
        let halves = self.lock().halves(pair).into_iter();
        Ok(page_of(halves.filter(|half| half.due && after.is_none_or(|after| half.link > after)), limit))
    }

    async fn halves_sharing(&self, pair: &PairId, keys: &[MatchKey]) -> PortResult<Vec<Half>> {
        let keys: BTreeSet<&MatchKey> = keys.iter().collect();
        let halves = self.lock().halves(pair).into_iter();
        Ok(halves.filter(|half| half.keys.iter().any(|key| keys.contains(key))).collect())
    }

    async fn alive_sharing(&self, pair: &PairId, side: Side, keys: &[MatchKey]) -> PortResult<Vec<LinkId>> {
        let state = self.lock();
        let links = state.pairs.get(pair).into_iter().flat_map(|pair| pair.links.values());
        let sharing = links.filter(|link| link.match_keys(side).iter().any(|key| keys.contains(key)));
        Ok(sharing.map(|link| link.id).collect())
    }

    async fn last_copies(&self, items: &[ItemId]) -> PortResult<Vec<LastCopy<R>>> {
        let state = self.lock();
        let mut last = Vec::new();
        for item in items {
            let mut newest: Option<&Stored<R>> = None;
            for pair in state.pairs.values() {
                let link = pair.items.get(&(Side::Local, item.clone())).and_then(|id| pair.links.get(id));
                let copy = link.and_then(|link| link.copies.local.as_ref()).map(|copy| &copy.stored);
                if copy.map(|c| c.version.sequence()) > newest.map(|n| n.version.sequence()) {
                    newest = copy;
                }
            }
            let writes_it = |entry: &Entry<R>| {
                entry.side == Side::Local
                    && entry.is_open()
                    && entry.from.as_ref().is_some_and(|from| from.id == *item)
            };
            let open = state.entries.iter().filter(|(_, entry)| writes_it(entry)).map(|(_, entry)| entry.id);
            last.push(LastCopy { item: item.clone(), newest: newest.cloned(), open: open.collect() });
        }
        Ok(last)
    }

    async fn attention(&self, pair: &PairId, after: Option<LinkId>, limit: u64) -> PortResult<Vec<Link<R>>> {
        let state = self.lock();
        let links = state.pairs.get(pair).into_iter().flat_map(|pair| pair.links.values());
        let waiting =
            links.filter(|link| link.needs_attention() && after.is_none_or(|after| link.id > after)).cloned();
        Ok(page_of(waiting, limit))
    }

    async fn alone(&self, pair: &PairId, after: Option<LinkId>, limit: u64) -> PortResult<Vec<Link<R>>> {
        let state = self.lock();
        let links = state.pairs.get(pair).into_iter().flat_map(|pair| pair.links.values());
        let is_alone = |link: &&Link<R>| match link.state {
            LinkState::Released => link.half().is_some(),
            LinkState::Active => link.is_aside(),
            _ => false,
        };
        let alone = links.filter(is_alone).filter(|link| after.is_none_or(|after| link.id > after)).cloned();
        Ok(page_of(alone, limit))
    }

    async fn lacking(&self, pair: &PairId, after: Option<LinkId>, limit: u64) -> PortResult<Vec<Link<R>>> {
        let state = self.lock();
        let links = state.pairs.get(pair).into_iter().flat_map(|pair| pair.links.values());
        let lacking = links.filter(|link| !link.lacks.is_empty());
        let lacking = lacking.filter(|link| after.is_none_or(|after| link.id > after)).cloned();
        Ok(page_of(lacking, limit))
    }

    async fn entries(&self, of: &EntriesOf, slice: Slice) -> PortResult<Vec<Entry<R>>> {
        let state = self.lock();
        let wanted = |(pair, entry): &&(PairId, Entry<R>)| match of {
            EntriesOf::Run(run) => entry.run == *run,
            EntriesOf::Link(link) => entry.link == *link,
            EntriesOf::Pair(of) => pair == of,
            EntriesOf::Entry(id) => entry.id == *id,
            EntriesOf::LinkIn(link, run) => entry.link == *link && entry.run == *run,
            EntriesOf::LinkSince(link, since) => entry.link == *link && entry.opened >= *since,
            EntriesOf::PairSince(of, since) => pair == of && entry.opened >= *since,
            EntriesOf::Item(side, item) => entry.side == *side && entry.item() == Some(item),
            EntriesOf::Beside(side, item) => {
                entry.side == side.other() && entry.other.as_ref().is_some_and(|other| other.id == *item)
            }
            EntriesOf::Undoing(id) => entry.undoes == Some(*id),
        };
        Ok(slice_of(state.entries.iter().rev().filter(wanted).map(|(_, entry)| entry.clone()), slice))
    }

    async fn runs(&self, pair: Option<&PairId>, slice: Slice) -> PortResult<Vec<Run>> {
        let state = self.lock();
        let runs = state.runs.values().rev().filter(|run| pair.is_none_or(|pair| run.pair == *pair));
        Ok(slice_of(runs.cloned(), slice))
    }

    async fn run(&self, run: RunId) -> PortResult<Option<Run>> {
        Ok(self.lock().runs.get(&run).cloned())
    }

    async fn purge(&self, before: DateTime<Utc>) -> PortResult<u64> {
        let mut state = self.lock();
        let had = state.entries.len();
        let keep = |entry: &Entry<R>| matches!(entry.outcome, Outcome::Open) || entry.opened >= before;
        state.entries.retain(|(_, entry)| keep(entry));
        let used: BTreeSet<RunId> = state.entries.iter().map(|(_, entry)| entry.run).collect();
        let old = |run: &Run| run.finished.is_some_and(|finished| finished < before);
        state.runs.retain(|id, run| used.contains(id) || !old(run));
        Ok((had - state.entries.len()) as u64)
    }

    async fn erase_pair(&self, pair: &PairId) -> PortResult<()> {
        let mut state = self.lock();
        state.pairs.remove(pair);
        state.entries.retain(|(of, _)| of != pair);
        state.runs.retain(|_, run| run.pair != *pair);
        Ok(())
    }
}
