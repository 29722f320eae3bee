//! The world of one history: replicas, pairs, faults, time, and the runs of the engine in it.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use passerelle_engine::{Approval, Engine, PairSettings, RunReport, Silent};
use passerelle_ports::{
    Clock, EntriesOf, EntryId, Find, Ids, InstallationId, ItemId, Ledger, Link, LinkId, Next, Page, PairId,
    PortResult, Replica, RunId, Side, Sides, Stored, Write, Written,
};
use passerelle_sync_rules::{
    Condition, Deletes, Digest, Direction, FieldPattern, Limits, Policy, Rules, Test, Trip,
};
use passerelle_testkit::{
    Call, Fate, Fates, FaultyLedger, MemLedger, MemOptions, MemReplica, Note, Rng, SkewedClock, TestClock,
    TestIds, finish,
};
use uuid::Uuid;

use super::{
    Verdict,
    diary::{Diary, Late, Running},
    profile::Profile,
    replica::SimReplica,
    values::{Spell, is_poison},
};

/// How long a call may be under way, in seconds.
const INFLIGHT: i64 = 14;

/// No run has so many calls.
const CALLS: u64 = 2_000;

/// How often what goes wrong, in a thousand.
#[derive(Clone, Copy, Debug, Default)]
pub struct Faults {
    pub unavailable: u64,
    pub lost: u64,
    pub crash: u64,
    pub late: u64,
    pub expire: u64,
    pub miss: u64,
    pub humans: u64,
    pub nested: u64,
    pub intruders: u64,
    /// How many of a thousand fetched items are shown in an older state.
    pub stale: u64,
    /// The same, of listed items.
    pub stale_lists: u64,
}

/// One pair.
#[derive(Clone)]
pub struct Pair {
    pub rules: Rules,
    pub batch: usize,
    pub spell: Spell,
    pub client_ids: bool,
    pub stamps: bool,
    pub running: bool,
    pub approval: Option<Digest>,
    pub state: Running,
}

pub struct Inner {
    pub rng: Rng,
    /// For what was added to the faults later: it must not change what the seeds of before play.
    pub spare: Rng,
    pub profile: Profile,
    pub faults: Faults,
    pub pairs: Vec<Pair>,
    pub late: Vec<Late>,
    pub diary: Diary,
    pub next_token: u32,
    pub depth: usize,
    /// A write is under way: who sleeps then cannot know that the lease is over.
    pub writing: bool,
    /// How often people did something.
    pub acts: u64,
    pub undoing: bool,
    /// Values typed between a run and its undo: where, and which.
    pub typed_since: Vec<(usize, ItemId, &'static str, u32)>,
    /// Rules began to withhold something between a run and its undo.
    pub withheld: bool,
    pub backup: Option<Backup>,
    /// By how many hours the clock of each provider was moved, and whether it was put back.
    pub their_clocks: Vec<(i64, bool)>,
    /// How new what the ledger holds of the remote items of a pair was: the number of the state.
    pub held_states: BTreeMap<(usize, ItemId), usize>,
    failure: Option<String>,
    notes: BTreeMap<&'static str, u64>,
    trace: u64,
    steps: u64,
    story: Vec<String>,
}

/// The ledger, and the whole database, as they were.
pub struct Backup {
    pub ledger: passerelle_testkit::LedgerBackup<Note>,
    pub local: passerelle_testkit::MemBackup<Note>,
}

pub struct World {
    pub clock: Arc<TestClock>,
    /// The clock that the engine reads.
    pub engine_clock: Arc<SkewedClock>,
    ids: Arc<TestIds>,
    /// 0 = the local store, p + 1 = the remote of pair p.
    replicas: Vec<Arc<MemReplica<Note>>>,
    pub ledger: Arc<MemLedger<Note>>,
    tell: bool,
    inner: Mutex<Inner>,
}

impl World {
    pub fn new(seed: u64, tell: bool) -> Arc<World> {
        let mut rng = Rng::new(seed);
        let clock = Arc::new(TestClock::new());
        let profile = Profile::draw(&mut rng);
        let number = profile.pairs(&mut rng);
        let spell = Spell { trim: rng.per_mille(200), ..Spell::default() };
        let page = 1 + rng.below(4) as usize;
        let local = MemOptions {
            spelling: spell.spelling(),
            page,
            batch_max: 100,
            seed: rng.number(),
            ..MemOptions::local()
        };
        let mut replicas = vec![Arc::new(MemReplica::new(local, clock.clone() as Arc<dyn Clock>))];
        let mut pairs = Vec::new();
        for _ in 0..number {
            let (pair, options) = draw_pair(profile, &mut rng);
            let theirs = Arc::new(SkewedClock::new(clock.clone()));
            if rng.per_mille(200) {
                // No decision compares the clocks of two machines (I23).
                theirs.jump(any_skew(&mut rng));
            }
            replicas.push(Arc::new(MemReplica::new(options, theirs as Arc<dyn Clock>)));
            pairs.push(pair);
        }
        let inner = Inner {
            rng,
            spare: Rng::new(!seed),
            profile,
            faults: Faults::default(),
            pairs,
            late: Vec::new(),
            diary: Diary::default(),
            next_token: 100,
            depth: 0,
            writing: false,
            acts: 0,
            undoing: false,
            typed_since: Vec::new(),
            withheld: false,
            backup: None,
            their_clocks: vec![(0, false); replicas.len()],
            held_states: BTreeMap::new(),
            failure: None,
            notes: BTreeMap::new(),
            trace: 0xcbf2_9ce4_8422_2325,
            steps: 0,
            story: Vec::new(),
        };
        Arc::new(World {
            engine_clock: Arc::new(SkewedClock::new(clock.clone())),
            clock,
            ids: Arc::new(TestIds::new(seed)),
            replicas,
            ledger: Arc::new(MemLedger::default()),
            tell,
            inner: Mutex::new(inner),
        })
    }

    pub fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn verdict(&self) -> Verdict {
        let inner = self.lock();
        Verdict {
            failure: inner.failure.clone(),
            notes: inner.notes.clone(),
            mode: "memory",
            steps: inner.steps,
            trace: inner.trace,
            story: inner.story.clone(),
        }
    }

    pub fn bad(&self, text: String) {
        self.say(|| format!("FAIL {text}"));
        self.lock().failure.get_or_insert(text);
    }

    pub fn failed(&self) -> bool {
        self.lock().failure.is_some()
    }

    pub fn note(&self, what: &'static str) {
        *self.lock().notes.entry(what).or_default() += 1;
    }

    /// One more gesture, fault, call or transaction.
    pub fn step(&self) {
        self.lock().steps += 1;
    }

    pub fn steps(&self) -> u64 {
        self.lock().steps
    }

    pub fn say(&self, text: impl FnOnce() -> String) {
        if self.tell {
            let seconds = self.seconds() % 1_000_000;
            let line = format!("{seconds:6} {}", text());
            self.lock().story.push(line);
        }
    }

    pub fn mark(&self, number: u64) {
        let mut inner = self.lock();
        inner.trace = (inner.trace ^ number).wrapping_mul(0x0100_0000_01b3).rotate_left(5);
    }

    pub fn chance(&self, rate: u64) -> bool {
        rate > 0 && self.lock().rng.per_mille(rate)
    }

    pub fn below(&self, limit: u64) -> u64 {
        self.lock().rng.below(limit)
    }

    pub fn profile(&self) -> Profile {
        self.lock().profile
    }

    pub fn faults(&self) -> Faults {
        self.lock().faults
    }

    pub fn is_faulty(&self) -> bool {
        self.faults().unavailable > 0
    }

    pub fn replica(&self, number: usize) -> &Arc<MemReplica<Note>> {
        &self.replicas[number]
    }

    pub fn replicas(&self) -> usize {
        self.replicas.len()
    }

    pub fn pairs(&self) -> usize {
        self.lock().pairs.len()
    }

    pub fn pair(&self, pair: usize) -> Pair {
        self.lock().pairs[pair].clone()
    }

    pub fn batch(&self, pair: usize) -> usize {
        self.lock().pairs[pair].batch
    }

    pub fn pair_id(pair: usize) -> PairId {
        PairId::new(format!("p{pair}"))
    }

    pub fn links(&self, pair: usize) -> Vec<Link<Note>> {
        self.ledger.all_links(&Self::pair_id(pair))
    }

    pub fn link_of(&self, pair: usize, side: Side, item: &ItemId) -> Option<Link<Note>> {
        let find = Find::Items(side, vec![item.clone()]);
        finish(self.ledger.find(&Self::pair_id(pair), &find))?.ok()?.pop()
    }

    pub fn is_blocked(&self, pair: usize, link: LinkId) -> bool {
        finish(self.ledger.open_entries(&Self::pair_id(pair)))
            .and_then(Result::ok)
            .is_some_and(|open| open.iter().any(|entry| entry.link == link))
    }

    pub fn seconds(&self) -> i64 {
        self.clock.now().timestamp()
    }

    /// Time passes; late requests land in their own second.
    pub fn advance(&self, seconds: u64) {
        let end = self.seconds() + i64::try_from(seconds).unwrap_or(0);
        loop {
            let now = self.seconds();
            let next = self.lock().late.iter().map(|late| late.at_seconds).filter(|at| *at <= end).min();
            let until = next.unwrap_or(end).max(now);
            self.clock.advance(Duration::from_secs((until - now).unsigned_abs()));
            if next.is_none() {
                return;
            }
            self.land_late();
        }
    }

    /// A second passes: late requests land, people act, another pair may run.
    pub fn tick(self: &Arc<Self>) {
        self.advance(1);
        let faults = self.faults();
        if self.chance(faults.humans) {
            self.human();
        }
        if self.profile() == Profile::Clocks && self.lock().depth == 0 && self.chance(faults.intruders) {
            let running = (0..self.pairs()).find(|pair| self.pair(*pair).running);
            if let Some(pair) = running {
                self.lock().depth += 1;
                if !self.lock().writing && self.chance(400) {
                    // A laptop that slept: the lease is over, and the other process may run.
                    self.lock().pairs[pair].state.stalled = true;
                    self.advance(700);
                }
                self.intrude(pair);
                self.lock().depth -= 1;
            }
        }
        if self.pairs() > 1 && self.lock().depth == 0 && self.chance(faults.nested) {
            let other = self.below(self.pairs() as u64) as usize;
            if !self.pair(other).running {
                self.lock().depth += 1;
                self.lock().pairs.iter_mut().for_each(|pair| pair.state.disturbed = true);
                self.go(other);
                self.lock().depth -= 1;
            }
        }
    }

    pub fn crashes(&self) -> bool {
        let rate = self.faults().crash;
        let crashes = self.chance(rate);
        if crashes {
            self.step();
            self.note("crashes");
            self.say(|| "  CRASH".to_owned());
        }
        crashes
    }

    fn land_late(&self) {
        let now = self.seconds();
        let due: Vec<Late> = {
            let mut inner = self.lock();
            let (due, rest) = inner.late.drain(..).partition(|late| late.at_seconds <= now);
            inner.late = rest;
            due
        };
        for late in due {
            if let Some(Ok(results)) =
                finish(self.replica(late.replica).write(std::slice::from_ref(&late.write)))
            {
                self.say(|| format!("late landing on {}: {results:?}", late.replica));
                for result in results {
                    self.watch_landed(late.pair, late.replica, &late.write, &result);
                }
            }
        }
    }

    pub fn maybe_later(&self, pair: usize, side: Side, called: i64, write: &Write<Note>) {
        let now = self.seconds();
        if self.chance(self.faults().late) && now + 1 < called + INFLIGHT {
            let span = (called + INFLIGHT - now - 1).unsigned_abs();
            let at_seconds = now + 1 + i64::try_from(self.below(span)).unwrap_or(0);
            let replica = if side == Side::Local { 0 } else { pair + 1 };
            self.lock().late.push(Late { replica, pair, at_seconds, write: write.clone() });
            self.note("late landings");
        }
    }

    /// Counts the calls of a run; one that has no end is stopped (I17, I22).
    pub fn is_endless(&self, pair: usize) -> bool {
        let calls = {
            let mut inner = self.lock();
            let state = &mut inner.pairs[pair].state;
            state.calls += 1;
            state.calls
        };
        if calls > CALLS {
            self.bad(format!("a run of pair {pair} has no end (I17)"));
        }
        calls > CALLS
    }

    /// A page was listed: counts it; and now and then lets a known, unchanged item slip through a
    /// complete listing.
    pub fn listed(&self, pair: usize, side: Side, complete: bool, page: &mut Page<Note>) {
        {
            let mut inner = self.lock();
            let state = &mut inner.pairs[pair].state;
            state.lists += 1;
            state.complete |= complete;
        }
        let rate = self.faults().miss;
        if rate > 0 && self.pair(pair).state.complete {
            page.items.retain(|stored| {
                let known = self.link_of(pair, side, &stored.id);
                let same = known
                    .is_some_and(|link| link.alive(side).is_some_and(|held| held.version == stored.version));
                !(same && self.chance(rate))
            });
        }
        let strangers = page.items.iter().filter(|s| self.link_of(pair, side, &s.id).is_none()).count();
        self.lock().pairs[pair].state.strangers += strangers as u64;
        let number = if side == Side::Local { 0 } else { pair + 1 };
        let alive = page.items.iter().filter(|s| self.replica(number).get(&s.id).is_some());
        self.shown(pair, side, alive.count());
        self.mark(page.items.len() as u64 * 7 + side as u64);
        self.say(|| {
            let items: Vec<String> = page.items.iter().map(|s| format!("{}@{}", s.id, s.version)).collect();
            let more = matches!(page.next, Next::Page(_));
            format!("  list {pair} {side:?}: {items:?} removed {:?} more {more}", page.removed)
        });
    }

    /// What a run is shown before it writes is what its guard counts with: a late request may have landed since it
    /// began.
    fn shown(&self, pair: usize, side: Side, alive: usize) {
        let mut inner = self.lock();
        let state = &mut inner.pairs[pair].state;
        if state.writes == 0 {
            let known = &mut state.alive[side as usize];
            *known = alive.max(*known);
        }
    }

    pub fn fetched(&self, pair: usize, side: Side, ids: &[ItemId], found: &[Option<Stored<Note>>]) {
        {
            let mut inner = self.lock();
            let state = &mut inner.pairs[pair].state;
            state.fetches += 1;
            state.overtaken.retain(|(of, id)| *of != side || !ids.contains(id));
        }
        self.shown(pair, side, found.iter().flatten().count());
        self.mark(found.iter().flatten().count() as u64 * 13 + ids.len() as u64);
        self.say(|| {
            let versions: Vec<_> = found.iter().map(|f| f.as_ref().map(|s| s.version.to_string())).collect();
            format!("  fetch {pair} {side:?} {ids:?} -> {versions:?}")
        });
    }

    /// A write of the engine reaches its replica.
    pub async fn land(
        &self,
        pair: usize,
        side: Side,
        write: &Write<Note>,
        unknown: bool,
    ) -> PortResult<PortResult<Written<Note>>> {
        let number = if side == Side::Local { 0 } else { pair + 1 };
        self.watch_write(pair, side, write);
        self.watch_guard(pair, side, write);
        let mut results = self.replica(number).write(std::slice::from_ref(write)).await?;
        let result = results.pop().unwrap_or_else(|| {
            Err(passerelle_ports::PortError::new(passerelle_ports::ErrorKind::Unexpected, "sim.land"))
        });
        self.note("writes");
        self.say(|| {
            let lost = if unknown { " (answer lost)" } else { "" };
            format!("  write {pair} {side:?} {write:?}\n         -> {result:?}{lost}")
        });
        self.watch_landed(pair, number, write, &result);
        {
            let mut inner = self.lock();
            let state = &mut inner.pairs[pair].state;
            state.writes += 1;
            if let (Write::Update { from, .. } | Write::Delete { from, .. }, Err(error)) = (write, &result)
                && error.kind == passerelle_ports::ErrorKind::VersionMismatch
            {
                state.overtaken.insert((side, from.id.clone()));
                state.disturbed = true;
            }
            if let (Write::Delete { .. }, Ok(Written::Deleted | Written::Removed(_))) = (write, &result) {
                state.deletes[side as usize] += 1;
            }
        }
        self.mark(match &result {
            Ok(Written::Stored(stored)) => stored.version.as_str().bytes().map(u64::from).sum::<u64>() * 31,
            Ok(Written::Deleted | Written::Removed(_)) => 3,
            Ok(Written::Exists { .. }) => 4,
            Err(error) => 5 + error.kind as u64,
        });
        Ok(result)
    }

    /// The answer to a write of this pair is lost.
    pub fn lose(&self, pair: usize, side: Side, write: &Write<Note>) {
        let ident = match write {
            Write::Create { record, .. } => record.uid.clone(),
            Write::Update { from, .. } | Write::Delete { from, .. } | Write::Move { from, .. } => {
                from.record.uid.clone()
            }
        };
        self.lose_entry(pair, side, write.stamp(), ident);
    }

    /// The answers to all open writes of a pair are lost: its run has ended.
    fn lose_open(&self, pair: usize) {
        for entry in self.ledger.all_entries(&Self::pair_id(pair)).into_iter().filter(|entry| entry.is_open())
        {
            let record = entry.to.as_ref().or(entry.from.as_ref().map(|from| &from.record));
            let ident = record.map(|record| record.uid.clone()).unwrap_or_default();
            self.lose_entry(pair, entry.side, entry.id, ident);
        }
    }

    fn lose_entry(&self, pair: usize, side: Side, stamp: EntryId, ident: String) {
        if side == Side::Local {
            return;
        }
        let blurs = self.blurs(pair);
        let mut inner = self.lock();
        inner.diary.lost_entries.insert((pair, stamp));
        if blurs {
            inner.diary.lost_blurred.insert(ident.clone());
        }
        inner.diary.lost_here.insert((pair, ident.clone()));
        inner.diary.lost.insert(ident);
    }

    /// After a lost answer of this remote, its own doing cannot be told from an edit.
    pub fn blurs(&self, pair: usize) -> bool {
        let pair = self.pair(pair);
        pair.spell.own || pair.spell.default_label || !pair.stamps
    }

    pub fn engine(self: &Arc<Self>, pair: usize) -> Engine<Note> {
        self.engine_of(pair, 1)
    }

    /// The engine of a pair in one of several processes.
    fn engine_of(self: &Arc<Self>, pair: usize, process: u128) -> Engine<Note> {
        let replica =
            |side| Arc::new(SimReplica { world: Arc::clone(self), pair, side }) as Arc<dyn Replica<Note>>;
        let mut settings = PairSettings::new(
            Self::pair_id(pair),
            InstallationId::new("here"),
            self.pair(pair).rules,
            Uuid::from_u128((process << 8) + pair as u128),
        );
        settings.chunk = 1 + pair as u64 * 2 + 2;
        Engine::new(
            settings,
            Sides::from_fn(replica),
            Arc::new(FaultyLedger::new(self.ledger.clone() as Arc<dyn Ledger<Note>>, self.clone())),
            self.engine_clock.clone() as Arc<dyn Clock>,
            self.ids.clone() as Arc<dyn Ids>,
        )
    }

    /// One run of one pair, as a scheduler starts it. `None` = it crashed.
    pub fn go(self: &Arc<Self>, pair: usize) -> Option<RunReport> {
        let approval = self.begin(pair);
        self.say(|| format!("== run of pair {pair}, approval {approval:?}"));
        let result = finish(self.engine(pair).run(approval.clone().map(Approval::Digest), &Silent));
        // An approval holds for the plan that was shown, and for no other.
        let approved = approval.is_some_and(|digest| match &result {
            Some(Ok(report)) => report.digest.as_ref() == Some(&digest),
            _ => true,
        });
        self.after(pair, approved, result)
    }

    /// Another process wants to run a pair that is running: it may not, until the lease is over.
    pub fn intrude(self: &Arc<Self>, pair: usize) {
        let kept = self.pair(pair).state;
        let _ = self.begin(pair);
        self.say(|| format!("== another process runs pair {pair}"));
        let result = finish(self.engine_of(pair, 2).run(None, &Silent));
        match result {
            Some(Err(passerelle_engine::EngineError::Busy)) => self.note("second processes turned away"),
            Some(_) => self.note("second processes that took over"),
            None => self.note("crashes of second processes"),
        }
        let state = self.pair(pair).state;
        let stale = kept.stalled;
        let busy = matches!(result, Some(Err(passerelle_engine::EngineError::Busy)));
        if !stale && (!busy || state.writes > 0) {
            self.bad(format!("two processes ran pair {pair} at once: {result:?} (I16)"));
        }
        self.lose_open(pair);
        let mut inner = self.lock();
        inner.pairs[pair].state =
            Running { overtaken: std::collections::BTreeSet::new(), stale: stale && !busy, ..kept };
        inner.pairs[pair].running = true;
    }

    /// The undo of a run.
    pub fn undo(self: &Arc<Self>, pair: usize, run: RunId, approval: Option<Digest>) -> Option<RunReport> {
        let _ = self.begin(pair);
        self.say(|| format!("== undo of run {run} of pair {pair}"));
        let what = EntriesOf::Run(run);
        let result = finish(self.engine(pair).undo(&what, approval.map(Approval::Digest), &Silent));
        self.after(pair, true, result)
    }

    /// A dry run followed by a run, with nobody moving in between (I20).
    pub fn go_twice(self: &Arc<Self>, pair: usize) {
        let before: usize = (0..self.replicas()).map(|n| self.replica(n).changes_made()).sum();
        let _ = self.begin(pair);
        self.say(|| format!("== dry run of pair {pair}"));
        let preview = finish(self.engine(pair).plan(&Silent));
        let Some(Ok(preview)) = preview else { return };
        self.lock().pairs[pair].running = false;
        let after: usize = (0..self.replicas()).map(|n| self.replica(n).changes_made()).sum();
        if before != after {
            self.bad(format!("a dry run of pair {pair} wrote something (I20)"));
        }
        let complete = self.pair(pair).state.complete;
        // An answer that the dry run still doubted may be believed by the run: time has passed.
        let is_doubted =
            |link: &Link<Note>| Side::BOTH.iter().any(|side| link.trails[*side].doubted.is_some());
        let doubts = self.links(pair).iter().any(is_doubted) || self.has_late_stranger(pair);
        // The dry run kept what it observed; a complete listing defers deletions in its own run only.
        if let Some(report) = self.go(pair).filter(|report| report.stopped.is_none())
            && !complete
            && !doubts
            && report.digest != Some(preview.plan.digest.clone())
        {
            self.bad(format!("the run of pair {pair} is not what its dry run said (I20)"));
        }
    }

    fn begin(&self, pair: usize) -> Option<Digest> {
        let started_seconds = self.seconds();
        let links = self.links(pair);
        let both = links.iter().filter(|l| l.copies.local.is_some() && l.copies.remote.is_some()).count();
        let alive = [self.replica(0).alive().len(), self.replica(pair + 1).alive().len()];
        let agreed =
            links.iter().filter(|link| link.bases.as_ref().map(|base| *base != Note::default()).local);
        let agreed = agreed
            .flat_map(|link| {
                Side::BOTH.map(|side| (side, link.item(side).cloned(), link.item(side.other()).cloned()))
            })
            .filter_map(|(side, item, partner)| Some(((side, item?), partner)))
            .collect();
        let mut inner = self.lock();
        inner.pairs[pair].running = true;
        inner.pairs[pair].state = Running {
            started_seconds,
            linked: both as u64,
            links: links.len() as u64,
            alive,
            acts: inner.acts,
            agreed,
            ..Running::default()
        };
        inner.pairs[pair].approval.take()
    }

    fn after(
        &self,
        pair: usize,
        approved: bool,
        result: Option<Result<RunReport, passerelle_engine::EngineError>>,
    ) -> Option<RunReport> {
        self.lock().pairs[pair].running = false;
        self.note("runs");
        let state = self.pair(pair).state;
        let most = self.pair(pair).rules.limits.deletes_floor;
        let undoing = self.lock().undoing;
        if !approved && !undoing && state.deletes.iter().any(|deletes| *deletes > most) {
            self.bad(format!("guard: {:?} deletes in one run of pair {pair} (I9)", state.deletes));
        }
        if state.complete && !undoing && state.deletes != [0, 0] {
            self.bad(format!("deletes in a run of pair {pair} that listed everything (I9)"));
        }
        if result.as_ref().is_none_or(|result| result.as_ref().is_ok_and(|report| report.stopped.is_some())) {
            self.lose_open(pair);
        }
        if state.stale {
            // Another process has taken over meanwhile: this one may only find that out.
            self.lose_open(pair);
            return result.and_then(Result::ok);
        }
        self.judge_alike(pair, approved);
        self.judge_going_back(pair);
        if let Some(Ok(report)) = &result
            && report.stopped.is_none()
            && !state.overtaken.is_empty()
        {
            self.bad(format!("pair {pair} did not look at what overtook it: {:?} (I2)", state.overtaken));
        }
        if let Some(Ok(report)) = &result
            && report.stopped.is_some()
            && !state.failing
        {
            self.bad(format!(
                "a run of pair {pair} ended early although no call failed: {:?} (I22)",
                report.stopped
            ));
        }
        let report = match result {
            None => None,
            Some(Ok(report)) => Some(report),
            Some(Err(passerelle_engine::EngineError::Busy)) if self.profile() == Profile::Clocks => {
                self.note("turned away: another process has crashed");
                None
            }
            Some(Err(error)) => {
                self.bad(format!("pair {pair}: {error}: {:?}", std::error::Error::source(&error)));
                None
            }
        };
        if let Some(report) = report.as_ref().filter(|report| !undoing && !report.planned.mentions_all()) {
            self.bad(format!(
                "the plan of pair {pair} does not mention every link: {:?} (I15)",
                report.planned
            ));
        }
        self.say(|| format!("== end of pair {pair}: {report:?}"));
        if let Some(refused) = report.as_ref().and_then(|report| report.refused.as_ref()) {
            self.note("refusals");
            let is_of_deletions = |trip: &Trip| matches!(trip, Trip::Deletes { .. } | Trip::Emptied { .. });
            let only_deletions = refused.trips.iter().all(is_of_deletions);
            let deleted = report
                .as_ref()
                .map_or(0, |report| report.written.local.deleted + report.written.remote.deleted);
            if deleted > 0 || state.writes > 0 && !only_deletions {
                self.bad(format!("pair {pair} wrote in a run that was refused (I9)"));
            }
            self.say(|| format!("refused: {:?}", refused.trips));
        }
        self.judge_clashes(pair);
        report
    }

    pub fn entry(&self, id: EntryId) -> Option<passerelle_ports::Entry<Note>> {
        let slice = passerelle_ports::Slice { skip: 0, limit: 1 };
        finish(self.ledger.entries(&EntriesOf::Entry(id), slice))?.ok()?.pop()
    }
}

/// The fates of transactions.
impl Fates for World {
    fn fate(&self, _call: Call) -> Fate {
        self.step();
        if self.crashes() {
            Fate::CrashBefore
        } else if self.crashes() {
            Fate::CrashAfter
        } else {
            Fate::Go
        }
    }
}

/// A clock that is wrong by up to two days.
pub fn any_skew(rng: &mut Rng) -> i64 {
    let two_days = 48 * 3600;
    i64::try_from(rng.below(2 * two_days)).unwrap_or(0) - i64::try_from(two_days).unwrap_or(0)
}

fn draw_pair(profile: Profile, rng: &mut Rng) -> (Pair, MemOptions<Note>) {
    let lag = profile.lag(rng);
    let spell = Spell {
        trim: rng.per_mille(500),
        own: rng.per_mille(400),
        drop_body: rng.per_mille(400),
        drop_home: rng.per_mille(150),
        default_label: rng.per_mille(400),
        lazy: profile == Profile::Lazy,
    };
    let spell = profile.spell(spell, rng);
    let (client_ids, stamps) = (rng.per_mille(500), rng.per_mille(700));
    let options = MemOptions {
        client_ids,
        stamps,
        read_lag: Duration::from_secs(lag),
        settle: Duration::from_secs(lag + INFLIGHT.unsigned_abs()),
        batch_max: 100,
        page: 1 + rng.below(4) as usize,
        spelling: spell.spelling(),
        lazy: spell.lazy,
        // As Google's address book: it names items itself, and deletions have no condition.
        marks_deletes: !client_ids && stamps && lag > 0,
        refuses: Arc::new(is_poison),
        seed: rng.number(),
        ..MemOptions::remote()
    };
    let policies = [
        (Policy::Ask, false),
        (Policy::Ask, false),
        (Policy::Ask, true),
        (Policy::Local, false),
        (Policy::Remote, false),
        (Policy::Newest, false),
    ];
    let (policy, hold_whole_link) = policies[rng.below(6) as usize];
    let mut rules = Rules {
        redact_private: rng.per_mille(300),
        policy,
        hold_whole_link,
        skew: Duration::from_secs(2),
        limits: Limits {
            deletes_floor: 2 + rng.below(3),
            deletes_percent: 0,
            emptied_floor: 2,
            alike_floor: 3,
            alike_percent: 50,
            // People of the simulation do a year's work in an hour.
            echoes: u64::MAX,
            recreations: u64::MAX,
        },
        ..Rules::default()
    };
    let label = |direction| vec![(FieldPattern::new("label"), direction)];
    match rng.below(10) {
        0 => rules = rules.without_writing(Side::Local),
        1 => rules = rules.without_writing(Side::Remote),
        2 => rules.fields = label(Direction::Neither),
        3 => rules.fields = vec![(FieldPattern::new("phones/work"), Direction::Take)],
        4 => rules.deletes.remote = Deletes::Unlink,
        _ => {}
    }
    let mut rules = profile.rules(rules, rng);
    // What a person marks as private travels one way only.
    rules.fields.insert(0, (FieldPattern::new("private"), Direction::Neither));
    if rng.per_mille(if profile == Profile::Hub { 0 } else { 250 }) {
        rules.scope.all.push(scope());
    }
    let pair = Pair {
        rules,
        batch: 1 + rng.below(4) as usize,
        spell,
        client_ids,
        stamps,
        running: false,
        approval: None,
        state: Running::default(),
    };
    (pair, options)
}

/// The filter of a pair that has one.
pub fn scope() -> Condition {
    Condition { fields: FieldPattern::new("category"), test: Test::Before("z".into()) }
}

impl World {
    /// A person says who wins a field.
    pub fn answer(
        self: &Arc<Self>,
        pair: usize,
        link: LinkId,
        field: &passerelle_ports::Field,
        side: Side,
    ) -> Result<(), String> {
        match finish(self.engine(pair).resolve(link, field, side)) {
            Some(Ok(())) => Ok(()),
            Some(Err(error)) => Err(error.to_string()),
            None => Err("crashed".to_owned()),
        }
    }
}
