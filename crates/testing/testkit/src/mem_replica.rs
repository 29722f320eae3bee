//! A replica in memory that is stricter than any provider.
//!
//! Versions change on every write, `updated` has whole seconds, values come back respelled, leftovers
//! are added, listings lag and show old states, keys of dead items stay used up; nothing is forgiven.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use passerelle_ports::{
    Capabilities, Clock, Code, CreateKey, Cursor, EntryId, ErrorKind, From, ItemId, Next, Opaque, Page,
    PageToken, PortError, PortResult, Record, Replica, Stored, Unread, Value, Version, Write, Written,
    assemble, fields,
};
use serde_json::json;

use crate::clock::Rng;

/// How a replica changes what it is given: what it wants to store, and what stood there before.
pub type Spelling<R> = Arc<dyn Fn(&mut R, Option<&R>) + Send + Sync>;

/// Tells whether a replica refuses a record.
pub type Refuses<R> = Arc<dyn Fn(&R) -> bool + Send + Sync>;

/// What kind of replica it is.
#[derive(Clone)]
pub struct MemOptions<R> {
    /// The company's database: outcomes, lineage, keys beside the row, versions that are numbers.
    pub local: bool,
    /// Items are named by whoever creates them: the id is the key.
    pub client_ids: bool,
    /// Written copies carry the entry that wrote them.
    pub stamps: bool,
    /// Whether it can be written.
    pub writable: bool,
    /// How long a write may stay out of listings; drawn for each write.
    pub read_lag: Duration,
    /// How long after a call a lost write may still land or become visible.
    pub settle: Duration,
    /// How many writes one call may hold.
    pub batch_max: usize,
    /// How many items a page holds.
    pub page: usize,
    /// How it respells.
    pub spelling: Spelling<R>,
    /// What people type stands as they typed it until a program writes the item.
    pub lazy: bool,
    /// Answers say what its own clock says.
    pub tells_time: bool,
    /// Deletions have no condition: the item is written once more before, with one, and the version is told.
    pub marks_deletes: bool,
    /// What it refuses.
    pub refuses: Refuses<R>,
    /// What its chance is drawn from.
    pub seed: u64,
}

impl<R: Record> MemOptions<R> {
    /// Describes a strict local store.
    #[must_use]
    pub fn local() -> Self {
        MemOptions {
            local: true,
            client_ids: false,
            stamps: true,
            writable: true,
            read_lag: Duration::ZERO,
            settle: Duration::from_secs(14),
            batch_max: 50,
            page: 3,
            spelling: Arc::new(|_, _| {}),
            lazy: false,
            tells_time: true,
            marks_deletes: false,
            refuses: Arc::new(|_| false),
            seed: 1,
        }
    }

    /// Describes a provider that names items itself, and whose listings lag.
    #[must_use]
    pub fn remote() -> Self {
        MemOptions {
            local: false,
            read_lag: Duration::from_secs(20),
            settle: Duration::from_secs(40),
            batch_max: 4,
            ..MemOptions::local()
        }
    }
}

#[derive(Clone, Debug)]
struct Item<R> {
    stored: Stored<R>,
    alive: bool,
}

#[derive(Clone)]
struct Listing {
    ids: Vec<ItemId>,
    end: usize,
}

#[derive(Clone)]
struct State<R> {
    rng: Rng,
    items: BTreeMap<ItemId, Item<R>>,
    /// States of each item, by the length of the log once they were there.
    past: HashMap<ItemId, Vec<(usize, Item<R>)>>,
    /// Every change, with the time from which listings may show it.
    log: Vec<(ItemId, DateTime<Utc>)>,
    /// When each of them was made.
    made: Vec<DateTime<Utc>>,
    /// How many states back the answers about an item are.
    late: HashMap<ItemId, usize>,
    /// The same, of fetches only.
    fetches_late: HashMap<ItemId, usize>,
    /// How many of a thousand fetched items are shown in an older state.
    stale: u64,
    /// The same, of listed items.
    stale_lists: u64,
    /// Items that exist and cannot be read.
    unreadable: BTreeSet<ItemId>,
    /// Whether an answer by a name that is over says nothing of what lives on.
    names_end: bool,
    /// Whether not even the names of those can be read.
    nameless: bool,
    /// Records at which every write fails.
    fails: Option<Refuses<R>>,
    /// By how many seconds the times of changes are wrong.
    wrong_by: i64,
    /// Listings show every change at once, however long answers may lag.
    prompt: bool,
    keys: HashMap<CreateKey, ItemId>,
    /// Names that are over, with the item that lives on in their place.
    successors: BTreeMap<ItemId, ItemId>,
    outcomes: HashMap<EntryId, Written<R>>,
    listings: BTreeMap<u64, Listing>,
    /// Cursors below are no longer good.
    floor: usize,
    next_id: u64,
    next_version: u64,
    next_listing: u64,
}

/// A copy of all that a replica in memory holds.
pub struct MemBackup<R>(State<R>);

impl<R> fmt::Debug for MemBackup<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MemBackup")
    }
}

/// A replica in memory.
pub struct MemReplica<R: Record> {
    options: MemOptions<R>,
    clock: Arc<dyn Clock>,
    state: Mutex<State<R>>,
}

impl<R: Record> fmt::Debug for MemReplica<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemReplica").field("items", &self.lock().items.len()).finish_non_exhaustive()
    }
}

impl<R: Record> MemReplica<R> {
    /// Makes an empty replica.
    #[must_use]
    pub fn new(options: MemOptions<R>, clock: Arc<dyn Clock>) -> Self {
        let state = State {
            rng: Rng::new(options.seed),
            items: BTreeMap::new(),
            past: HashMap::new(),
            log: Vec::new(),
            made: Vec::new(),
            late: HashMap::new(),
            fetches_late: HashMap::new(),
            stale: 0,
            stale_lists: 0,
            unreadable: BTreeSet::new(),
            names_end: false,
            nameless: false,
            fails: None,
            wrong_by: 0,
            prompt: false,
            keys: HashMap::new(),
            successors: BTreeMap::new(),
            outcomes: HashMap::new(),
            listings: BTreeMap::new(),
            floor: 0,
            next_id: if options.local { 1 } else { 1000 },
            next_version: 1,
            next_listing: 1,
        };
        MemReplica { options, clock, state: Mutex::new(state) }
    }

    fn lock(&self) -> MutexGuard<'_, State<R>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns all living items, by id.
    #[must_use]
    pub fn alive(&self) -> Vec<Stored<R>> {
        self.lock().items.values().filter(|item| item.alive).map(|item| item.stored.clone()).collect()
    }

    /// Returns one item, if it is alive.
    #[must_use]
    pub fn get(&self, id: &ItemId) -> Option<Stored<R>> {
        self.lock().items.get(id).filter(|item| item.alive).map(|item| item.stored.clone())
    }

    /// Returns the names of all items that ever were such a record, dead or alive.
    #[must_use]
    pub fn ever(&self, is_it: impl Fn(&R) -> bool) -> Vec<ItemId> {
        let state = self.lock();
        let was = |id: &&ItemId| state.past[*id].iter().any(|(_, item)| is_it(&item.stored.record));
        let mut names: Vec<ItemId> = state.past.keys().filter(was).cloned().collect();
        names.sort();
        names
    }

    /// Returns every state that an item ever had, oldest first, and whether it was alive then.
    #[must_use]
    pub fn past(&self, id: &ItemId) -> Vec<(Stored<R>, bool)> {
        let state = self.lock();
        state.past.get(id).into_iter().flatten().map(|(_, item)| (item.stored.clone(), item.alive)).collect()
    }

    /// Returns how many changes there have been, by people and by us.
    #[must_use]
    pub fn changes_made(&self) -> usize {
        self.lock().log.len()
    }

    /// A person makes an item.
    pub fn person_creates(&self, record: R) -> ItemId {
        let mut state = self.lock();
        let id = self.fresh_id(&mut state);
        let leftovers = Opaque(json!({ "etched": id.as_str() }));
        self.put_by_person(&mut state, id.clone(), record, leftovers, None);
        id
    }

    /// A person changes an item; returns what stands there then, or `None` if it is not alive.
    pub fn person_edits(&self, id: &ItemId, edit: impl FnOnce(&mut R)) -> Option<Stored<R>> {
        let mut state = self.lock();
        let item = state.items.get(id).filter(|item| item.alive)?.clone();
        let mut record = item.stored.record.clone();
        edit(&mut record);
        let leftovers = item.stored.opaque.clone();
        Some(self.put_by_person(&mut state, id.clone(), record, leftovers, Some(item)))
    }

    /// A person removes an item; returns whether it was there.
    pub fn person_deletes(&self, id: &ItemId) -> bool {
        let mut state = self.lock();
        let Some(item) = state.items.get(id).filter(|item| item.alive).cloned() else { return false };
        self.bury(&mut state, item);
        true
    }

    /// A person merges an item into another one; returns what stands there then, or `None` unless both are alive.
    pub fn person_merges(
        &self,
        from: &ItemId,
        into: &ItemId,
        combine: impl FnOnce(&mut R, &R),
    ) -> Option<Stored<R>> {
        let mut state = self.lock();
        let alive = |id: &ItemId| state.items.get(id).filter(|item| item.alive).cloned();
        let (gone, kept) = (alive(from)?, alive(into).filter(|_| from != into)?);
        let mut record = kept.stored.record.clone();
        combine(&mut record, &gone.stored.record);
        self.bury(&mut state, gone);
        state.successors.insert(from.clone(), into.clone());
        let leftovers = kept.stored.opaque.clone();
        Some(self.put_by_person(&mut state, into.clone(), record, leftovers, Some(kept)))
    }

    /// An item gets another name; returns it, or `None` unless it is alive.
    pub fn person_renames(&self, id: &ItemId) -> Option<ItemId> {
        let mut state = self.lock();
        let item = state.items.get(id).filter(|item| item.alive).cloned()?;
        let fresh = self.fresh_id(&mut state);
        self.bury(&mut state, item.clone());
        state.successors.insert(id.clone(), fresh.clone());
        let (record, leftovers) = (item.stored.record.clone(), item.stored.opaque.clone());
        let renamed = Item { stored: Stored { id: fresh.clone(), ..item.stored }, alive: true };
        self.put_by_person(&mut state, fresh.clone(), record, leftovers, Some(renamed));
        Some(fresh)
    }

    /// A person takes an item out of the bin: it is back under its name, as it was.
    pub fn person_restores(&self, id: &ItemId) -> Option<Stored<R>> {
        let mut state = self.lock();
        let item = state.items.get(id).filter(|item| !item.alive)?.clone();
        let (record, leftovers) = (item.stored.record.clone(), item.stored.opaque.clone());
        Some(self.put_by_person(&mut state, id.clone(), record, leftovers, Some(item)))
    }

    /// Returns the names of all items that are in the bin.
    #[must_use]
    pub fn bin(&self) -> Vec<ItemId> {
        self.lock().items.values().filter(|item| !item.alive).map(|item| item.stored.id.clone()).collect()
    }

    /// A person copies an item with all its marks; returns the copy's name.
    pub fn person_copies(&self, id: &ItemId, edit: impl FnOnce(&mut R)) -> Option<ItemId> {
        let mut state = self.lock();
        let item = state.items.get(id).filter(|item| item.alive)?.clone();
        let fresh = self.fresh_id(&mut state);
        let mut record = item.stored.record.clone();
        edit(&mut record);
        let mut copy = Item { stored: Stored { id: fresh.clone(), ..item.stored }, alive: true };
        if self.options.local || self.options.client_ids {
            // The key is the id, or is kept beside the row: a copy has none.
            copy.stored.key = None;
            copy.stored.made = None;
            copy.stored.lineage = None;
        }
        if self.options.local {
            copy.stored.stamp = None;
        }
        let leftovers = copy.stored.opaque.clone();
        state.items.insert(fresh.clone(), copy.clone());
        self.put_by_person(&mut state, fresh.clone(), record, leftovers, Some(copy));
        Some(fresh)
    }

    /// A person, or another program, changes what we do not model.
    pub fn person_etches(&self, id: &ItemId, leftovers: Value) -> bool {
        let mut state = self.lock();
        let Some(item) = state.items.get(id).filter(|item| item.alive).cloned() else { return false };
        let record = item.stored.record.clone();
        self.put_by_person(&mut state, id.clone(), record, Opaque(leftovers), Some(item));
        true
    }

    /// The company withdraws an item from the app user's view, or gives it back.
    pub fn company_withdraws(&self, id: &ItemId, withdrawn: bool) -> bool {
        let mut state = self.lock();
        let Some(mut item) = state.items.get(id).filter(|item| item.alive).cloned() else { return false };
        item.stored.withdrawn = withdrawn;
        item.stored.version = self.fresh_version(&mut state);
        self.put(&mut state, item);
        true
    }

    /// Takes a backup of everything.
    #[must_use]
    pub fn backup(&self) -> MemBackup<R> {
        MemBackup(self.lock().clone())
    }

    /// Puts a backup back; what happened since never happened here.
    pub fn restore(&self, backup: &MemBackup<R>) {
        *self.lock() = backup.0.clone();
    }

    /// Lets listings and fetches show an item so many states back; 0 = as it is.
    pub fn answers_late(&self, id: &ItemId, states_back: usize) {
        self.lock().late.insert(id.clone(), states_back);
    }

    /// As [`MemReplica::answers_late`], for fetches only.
    pub fn fetches_late(&self, id: &ItemId, states_back: usize) {
        let mut state = self.lock();
        state.late.remove(id);
        state.fetches_late.insert(id.clone(), states_back);
    }

    /// From now on an item cannot be read, or can again.
    pub fn set_unreadable(&self, id: &ItemId, unreadable: bool) {
        let mut state = self.lock();
        if unreadable {
            state.unreadable.insert(id.clone());
        } else {
            state.unreadable.remove(id);
        }
    }

    /// From now on an answer by a name that is over leads to what lives on, or says that nothing is there: then listings
    /// alone tell.
    pub fn set_names_end(&self, end: bool) {
        self.lock().names_end = end;
    }

    /// Returns what exists and cannot be read.
    #[must_use]
    pub fn unreadable(&self) -> Vec<ItemId> {
        let state = self.lock();
        let is_alive = |id: &&ItemId| state.items.get(*id).is_some_and(|item| item.alive);
        state.unreadable.iter().filter(is_alive).cloned().collect()
    }

    /// From now on a listing can, or cannot, even tell the names of what cannot be read.
    pub fn set_nameless(&self, nameless: bool) {
        self.lock().nameless = nameless;
    }

    /// From now on a call that writes such a record fails as a whole, whatever else it writes; nothing is done.
    pub fn set_fails(&self, fails: Option<Refuses<R>>) {
        self.lock().fails = fails;
    }

    /// From now on the times that changes are said to have been made at are wrong by so many seconds.
    pub fn set_clock_wrong_by(&self, seconds: i64) {
        self.lock().wrong_by = seconds;
    }

    /// From now on listings show every change at once, or only when a while has passed. Answers may be late all the
    /// same.
    pub fn set_prompt(&self, prompt: bool) {
        self.lock().prompt = prompt;
    }

    /// Lets so many of a thousand fetched items be shown in an older state, of no longer ago than `read_lag`.
    pub fn set_stale(&self, per_mille: u64) {
        self.lock().stale = per_mille;
    }

    /// Lets so many of a thousand listed items be shown in an older state, of no longer ago than `read_lag`; a later
    /// listing shows them again.
    pub fn set_lists_stale(&self, per_mille: u64) {
        self.lock().stale_lists = per_mille;
    }

    /// Reads an item by name.
    fn read(&self, state: &mut State<R>, id: &ItemId) -> PortResult<Option<Stored<R>>> {
        let shown = self.known_as(state, id);
        if shown.as_ref().is_some_and(|shown| state.unreadable.contains(&shown.id)) {
            return Err(PortError::new(ErrorKind::Unexpected, "mem.fetch").with_code(Code::Goog314));
        }
        Ok(shown)
    }

    /// Returns an item as an answer shows it: as it is, or as it was a while ago.
    fn shown(&self, state: &mut State<R>, id: &ItemId) -> Option<Stored<R>> {
        let lag = self.options.read_lag;
        let back = match state.late.get(id).or_else(|| state.fetches_late.get(id)) {
            Some(back) => *back,
            None if lag.is_zero() || !state.rng.per_mille(state.stale) => 0,
            None => self.any_lateness(state, id),
        };
        let past = state.past.get(id).map(Vec::as_slice).unwrap_or_default();
        let at = past.len().checked_sub(back + 1)?;
        past.get(at).filter(|(_, item)| item.alive).map(|(_, item)| item.stored.clone())
    }

    /// Draws how many states back an answer about an item may be.
    fn any_lateness(&self, state: &mut State<R>, id: &ItemId) -> usize {
        let now = self.clock.now();
        let lag = TimeDelta::from_std(self.options.read_lag).unwrap_or(TimeDelta::MAX);
        // A state stands until the next one was made: one that ended before the lag is not shown again.
        let past = state.past.get(id).map(Vec::as_slice).unwrap_or_default();
        let is_late = |(at, _): &&(usize, Item<R>)| {
            at.checked_sub(1).and_then(|at| state.made.get(at)).is_some_and(|made| now - *made < lag)
        };
        let most = past.iter().rev().take_while(is_late).count() as u64;
        let back = usize::try_from(state.rng.below(most + 1)).unwrap_or(0);
        // No provider shows two states of one time, of which nobody could tell the later one: its times are fine.
        let alive = |(_, item): &(usize, Item<R>)| item.alive.then_some(item.stored.updated);
        let then = past.len().checked_sub(back + 1).and_then(|at| past.get(at)).and_then(alive);
        if then.is_some() && then == past.last().and_then(alive) { 0 } else { back }
    }

    /// A listing may show an item as it was: then it is listed once more, after a while. `None` = as it is.
    fn listed_late(&self, state: &mut State<R>, id: &ItemId) -> Option<Option<Item<R>>> {
        if state.stale_lists == 0 || self.options.read_lag.is_zero() {
            return None;
        }
        let is_late = state.rng.per_mille(state.stale_lists);
        let back = if is_late { self.any_lateness(state, id) } else { 0 };
        if back == 0 {
            return None;
        }
        let past = state.past.get(id).map(Vec::as_slice).unwrap_or_default();
        let shown =
            past.len().checked_sub(back + 1).and_then(|at| past.get(at)).map(|(_, item)| item.clone());
        let lag = i64::try_from(self.options.read_lag.as_millis()).unwrap_or(0);
        state.log.push((id.clone(), self.clock.now() + TimeDelta::milliseconds(lag)));
        // It is no change: it makes no state of the item younger.
        state.made.push(self.clock.now());
        Some(shown)
    }

    /// Returns an item as an answer by name shows it: the one that lives on, where the name is over.
    fn known_as(&self, state: &mut State<R>, id: &ItemId) -> Option<Stored<R>> {
        let mut name = id.clone();
        loop {
            if let Some(stored) = self.shown(state, &name) {
                return Some(stored);
            }
            name = state.successors.get(&name).filter(|_| !state.names_end)?.clone();
        }
    }

    /// Makes all cursors and page tokens given so far useless.
    pub fn expire_cursors(&self) {
        let mut state = self.lock();
        state.floor = state.log.len() + 1;
        state.listings.clear();
        // A change of nothing, so that the next cursor is a good one.
        let now = self.clock.now();
        state.log.push((ItemId::new(""), now));
        state.made.push(now);
    }

    fn fresh_id(&self, state: &mut State<R>) -> ItemId {
        state.next_id += 1;
        let number = state.next_id;
        ItemId::new(if self.options.local { number.to_string() } else { format!("n{number}") })
    }

    fn fresh_version(&self, state: &mut State<R>) -> Version {
        state.next_version += 1;
        let number = state.next_version;
        Version::new(if self.options.local { number.to_string() } else { format!("v{number}") })
    }

    fn put_by_person(
        &self,
        state: &mut State<R>,
        id: ItemId,
        mut record: R,
        opaque: Opaque,
        before: Option<Item<R>>,
    ) -> Stored<R> {
        if !self.options.lazy {
            (self.options.spelling)(&mut record, before.as_ref().map(|item| &item.stored.record));
        }
        let mut stored = match before {
            Some(item) => item.stored,
            None => self.blank(state, id),
        };
        stored.version = self.fresh_version(state);
        stored.updated = self.named_time(state);
        stored.record = record;
        stored.opaque = opaque;
        if self.options.local {
            stored.stamp = None;
        }
        self.put(state, Item { stored: stored.clone(), alive: true });
        stored
    }

    /// The time that a change made now is said to have been made at.
    fn named_time(&self, state: &State<R>) -> DateTime<Utc> {
        (self.clock.now() + TimeDelta::seconds(state.wrong_by)).trunc_subsecs(0)
    }

    fn blank(&self, state: &State<R>, id: ItemId) -> Stored<R> {
        Stored {
            id,
            version: Version::new(""),
            updated: self.named_time(state),
            record: R::default(),
            opaque: Opaque::default(),
            key: None,
            made: None,
            stamp: None,
            lineage: None,
            withdrawn: false,
            home: None,
        }
    }

    fn put(&self, state: &mut State<R>, item: Item<R>) {
        let lag = u64::try_from(self.options.read_lag.as_millis()).unwrap_or(0);
        let wait = if lag == 0 || state.prompt { 0 } else { state.rng.below(lag + 1) };
        let visible = self.clock.now() + TimeDelta::milliseconds(i64::try_from(wait).unwrap_or(0));
        let id = item.stored.id.clone();
        state.log.push((id.clone(), visible));
        state.made.push(self.clock.now());
        let position = state.log.len();
        state.past.entry(id.clone()).or_default().push((position, item.clone()));
        state.items.insert(id, item);
    }

    fn bury(&self, state: &mut State<R>, mut item: Item<R>) {
        item.alive = false;
        item.stored.version = self.fresh_version(state);
        self.put(state, item);
    }

    /// Carries one write out; the outcome is kept in the same breath.
    fn land(&self, state: &mut State<R>, write: &Write<R>) -> PortResult<Written<R>> {
        if !self.options.writable {
            return Err(refused("mem.write"));
        }
        let written = match write {
            Write::Create { key, record, opaque, stamp, replaces } => {
                self.land_create(state, key, record, opaque.as_ref(), *stamp, replaces.as_ref())
            }
            Write::Update { from, to, opaque, stamp } => {
                self.land_update(state, from, (to, opaque.as_ref()), *stamp)
            }
            Write::Delete { from, stamp } => self.land_delete(state, from, *stamp),
            Write::Move { .. } => Err(PortError::new(ErrorKind::Unsupported, "mem.move")),
        }?;
        if self.options.local && !matches!(written, Written::Exists { .. }) {
            state.outcomes.insert(write.stamp(), written.clone());
        }
        Ok(written)
    }

    fn land_create(
        &self,
        state: &mut State<R>,
        key: &CreateKey,
        record: &R,
        opaque: Option<&Opaque>,
        stamp: EntryId,
        replaces: Option<&ItemId>,
    ) -> PortResult<Written<R>> {
        if (self.options.refuses)(record) {
            return Err(refused("mem.create"));
        }
        if (self.options.client_ids || self.options.local)
            && let Some(id) = state.keys.get(key).cloned()
        {
            let alive = state.items.get(&id).filter(|item| item.alive).map(|item| item.stored.clone());
            return Ok(Written::Exists { id, alive });
        }
        let id = if self.options.client_ids { ItemId::new(format!("k{key}")) } else { self.fresh_id(state) };
        state.keys.insert(key.clone(), id.clone());
        let mut stored = self.blank(state, id.clone());
        stored.record = record.clone();
        (self.options.spelling)(&mut stored.record, None);
        stored.version = self.fresh_version(state);
        stored.opaque = opaque.cloned().unwrap_or_else(|| Opaque(json!({ "etched": id.as_str() })));
        stored.key = Some(key.clone());
        stored.made = Some(stamp);
        stored.stamp = self.options.stamps.then_some(stamp);
        stored.lineage = replaces.filter(|_| self.options.local).cloned();
        self.put(state, Item { stored: stored.clone(), alive: true });
        Ok(Written::Stored(stored))
    }

    fn land_update(
        &self,
        state: &mut State<R>,
        from: &Stored<R>,
        (to, opaque): (&R, Option<&Opaque>),
        stamp: EntryId,
    ) -> PortResult<Written<R>> {
        let Some(item) = state.items.get(&from.id).filter(|item| item.alive).cloned() else {
            return Err(PortError::new(ErrorKind::NotFound, "mem.update"));
        };
        if item.stored.version != from.version {
            return Err(PortError::new(ErrorKind::VersionMismatch, "mem.update"));
        }
        if (self.options.refuses)(to) {
            return Err(refused("mem.update"));
        }
        let before = item.stored.record.clone().aligned(Some(&from.record), None);
        let mut stored = item.stored;
        stored.record = overlay(&before, &from.record, to)?;
        if let Some(opaque) = opaque {
            stored.opaque = opaque.clone();
        }
        (self.options.spelling)(&mut stored.record, Some(&before));
        stored.version = self.fresh_version(state);
        stored.updated = self.named_time(state);
        stored.stamp = self.options.stamps.then_some(stamp);
        self.put(state, Item { stored: stored.clone(), alive: true });
        Ok(Written::Stored(stored))
    }

    fn land_delete(&self, state: &mut State<R>, from: &Stored<R>, stamp: EntryId) -> PortResult<Written<R>> {
        let Some(mut item) = state.items.get(&from.id).filter(|item| item.alive).cloned() else {
            return Ok(Written::Deleted);
        };
        if item.stored.version != from.version {
            return Err(PortError::new(ErrorKind::VersionMismatch, "mem.delete"));
        }
        if !self.options.marks_deletes {
            self.bury(state, item);
            return Ok(Written::Deleted);
        }
        // Its deletions have no condition: the item is written once more before, with one.
        let stored = &mut item.stored;
        (stored.version, stored.updated) = (self.fresh_version(state), self.named_time(state));
        stored.stamp = self.options.stamps.then_some(stamp);
        let last = stored.version.clone();
        self.put(state, item.clone());
        self.bury(state, item);
        Ok(Written::Removed(last))
    }

    fn begin_listing(&self, state: &mut State<R>, since: Option<usize>) -> u64 {
        let now = self.clock.now();
        let visible = state.log.iter().take_while(|(_, at)| *at <= now).count();
        let end = visible.max(since.unwrap_or(0)).max(state.floor.min(state.log.len()));
        let ids: BTreeSet<ItemId> = match since {
            Some(since) => state.log.iter().take(end).skip(since).map(|(id, _)| id.clone()).collect(),
            None => state
                .items
                .keys()
                .filter(|id| as_of(state, id, end).is_some_and(|i| i.alive))
                .cloned()
                .collect(),
        };
        let ids = ids.into_iter().filter(|id| !id.as_str().is_empty()).collect();
        state.next_listing += 1;
        let number = state.next_listing;
        state.listings.insert(number, Listing { ids, end });
        while state.listings.len() > 8 {
            state.listings.pop_first();
        }
        number
    }

    fn page(&self, state: &mut State<R>, listing: u64, at: usize) -> PortResult<Page<R>> {
        let expired = || PortError::new(ErrorKind::CursorExpired, "mem.page");
        let Listing { ids, end } = state.listings.get(&listing).ok_or_else(expired)?;
        let (end, total) = (*end, ids.len());
        let ids: Vec<ItemId> = ids.iter().skip(at).take(self.options.page).cloned().collect();
        let successors = state.successors.clone();
        let mut page = Page {
            items: Vec::new(),
            unread: Vec::new(),
            removed: Vec::new(),
            formerly: Vec::new(),
            next: Next::End(cursor_at(end)),
        };
        for id in ids {
            let is_alive = state.items.get(&id).is_some_and(|item| item.alive);
            if is_alive && state.unreadable.contains(&id) {
                let id = Some(id).filter(|_| !state.nameless);
                page.unread.push(Unread { id, code: Some(Code::Goog314), place: "mem".to_owned() });
                continue;
            }
            // What a listing shows is at least as new as its end, and no newer than now.
            let span = (state.log.len() - end + 1) as u64;
            let position = end + usize::try_from(state.rng.below(span)).unwrap_or(0);
            if state.late.get(&id).is_some_and(|back| *back > 0) {
                match self.shown(state, &id) {
                    Some(stored) => page.items.push(stored),
                    None => page.removed.push(id),
                }
                continue;
            }
            match self.listed_late(state, &id) {
                Some(Some(item)) if item.alive => {
                    page.items.push(item.stored);
                    continue;
                }
                Some(Some(_)) => {
                    page.removed.push(id);
                    continue;
                }
                // As if it had not been made yet.
                Some(None) => continue,
                None => {}
            }
            match as_of(state, &id, position) {
                Some(item) if item.alive => page.items.push(item.stored.clone()),
                _ => page.removed.push(id),
            }
        }
        let over = |id: &ItemId| Some((id.clone(), successors.get(id)?.clone()));
        page.formerly.extend(page.removed.iter().filter_map(over));
        let after = at + self.options.page;
        if after < total {
            page.next = Next::Page(PageToken::new(format!("{listing}:{after}")));
        }
        Ok(page)
    }
}

fn refused(operation: &'static str) -> PortError {
    PortError::new(ErrorKind::Rejected, operation).with_code(Code::Goog310)
}

fn cursor_at(position: usize) -> Cursor {
    Cursor::new(format!("c{position}"))
}

fn as_of<'a, R>(state: &'a State<R>, id: &ItemId, position: usize) -> Option<&'a Item<R>> {
    state.past.get(id)?.iter().rev().find(|(at, _)| *at <= position).map(|(_, item)| item)
}

/// Changes the fields in which `to` differs from `from`, and no others.
fn overlay<R: Record>(stands: &R, from: &R, to: &R) -> PortResult<R> {
    let (mut merged, from, to) = (fields(stands), fields(from), fields(to));
    for field in from.keys().chain(to.keys()) {
        if from.get(field) != to.get(field) {
            match to.get(field) {
                Some(value) => merged.insert(field.clone(), value.clone()),
                None => merged.remove(field),
            };
        }
    }
    assemble(&merged).map_err(|error| PortError::new(ErrorKind::Rejected, "mem.update").with_source(error))
}

#[async_trait]
impl<R: Record> Replica<R> for MemReplica<R> {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            writable: self.options.writable,
            read_lag: self.options.read_lag,
            settle: self.options.settle,
            batch_max: self.options.batch_max,
            stamps: self.options.stamps,
            one_way: !self.options.local,
            outcomes: self.options.local,
        }
    }

    fn clock(&self) -> Option<DateTime<Utc>> {
        let state = self.lock();
        self.options.tells_time.then(|| self.named_time(&state))
    }

    async fn changes(&self, from: From) -> PortResult<Page<R>> {
        let mut state = self.lock();
        let expired = || PortError::new(ErrorKind::CursorExpired, "mem.changes");
        let (listing, at) = match from {
            From::Start => (self.begin_listing(&mut state, None), 0),
            From::Cursor(cursor) => {
                let position = cursor.as_str().strip_prefix('c').and_then(|text| text.parse().ok());
                let position: usize = position.ok_or_else(expired)?;
                if position < state.floor {
                    return Err(expired());
                }
                (self.begin_listing(&mut state, Some(position)), 0)
            }
            From::Page(token) => {
                let (listing, at) = token.as_str().split_once(':').ok_or_else(expired)?;
                (listing.parse().map_err(|_| expired())?, at.parse().map_err(|_| expired())?)
            }
        };
        self.page(&mut state, listing, at)
    }

    async fn fetch(&self, ids: &[ItemId]) -> PortResult<Vec<Option<Stored<R>>>> {
        self.fetch_each(ids).await?.into_iter().collect()
    }

    async fn fetch_each(&self, ids: &[ItemId]) -> PortResult<Vec<PortResult<Option<Stored<R>>>>> {
        let mut state = self.lock();
        Ok(ids.iter().map(|id| self.read(&mut state, id)).collect())
    }

    async fn write(&self, batch: &[Write<R>]) -> PortResult<Vec<PortResult<Written<R>>>> {
        if batch.len() > self.options.batch_max {
            return Err(PortError::new(ErrorKind::Unexpected, "mem.write"));
        }
        let mut state = self.lock();
        let fails = |write: &Write<R>| match write {
            Write::Create { record, .. } | Write::Update { to: record, .. } => {
                state.fails.as_ref().is_some_and(|fails| fails(record))
            }
            Write::Delete { .. } | Write::Move { .. } => false,
        };
        if batch.iter().any(fails) {
            let failed = || Err(PortError::new(ErrorKind::ItemFailed, "mem.write").with_code(Code::Goog311));
            return Ok(batch.iter().map(|_| failed()).collect());
        }
        Ok(batch.iter().map(|write| self.land(&mut state, write)).collect())
    }

    async fn outcome(&self, entries: &[EntryId]) -> PortResult<Vec<Option<Written<R>>>> {
        let state = self.lock();
        Ok(entries.iter().map(|entry| state.outcomes.get(entry).cloned()).collect())
    }
}
