//! Several calendars of one person, each a pair of its own, in memory: people drag events from one into another on
//! either side, edit and delete them, while calls fail, answers are lost and the process ends.
//!
//! An event that was dragged is the same event: the same row, the same item, the same link with its history; never one
//! that was deleted and one that was made.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use passerelle_engine::{Approval, Beside, Engine, EngineError, PairSettings, RunReport, Silent};
use passerelle_ports::{
    Clock, ErrorKind, Ids, InstallationId, ItemId, Ledger, Link, LinkId, PairId, Replica, Side, Sides,
};
use passerelle_sync_rules::{Digest, Limits, Place, Policy, Rules};
use passerelle_testkit::{
    Call, Fate, Fates, Faulty, FaultyLedger, MemLedger, MemOptions, MemReplica, MemShelf, Note, Rng,
    TestClock, TestIds, finish,
};
use uuid::Uuid;

use super::Verdict;

/// The names of the calendars here and there.
const HERE: [&str; 3] = ["one", "two", "three"];
const THERE: [&str; 3] = ["first", "second", "third"];
/// How many steps a history has at least.
const STEPS: u64 = 200;
/// How many rounds the calm phase may need, beside approvals.
const ROUNDS: usize = 8;

/// What is random, and what was counted.
struct Chance {
    rng: Rng,
    /// How many of a thousand calls fail, and how many end the process.
    faults: u64,
    crash: u64,
    steps: u64,
    token: u64,
    trace: u64,
    notes: BTreeMap<&'static str, u64>,
    story: Option<Vec<String>>,
    failure: Option<String>,
}

struct Draw {
    chance: Arc<Mutex<Chance>>,
    clock: Arc<TestClock>,
}

impl Fates for Draw {
    fn fate(&self, call: Call) -> Fate {
        let mut chance = lock(&self.chance);
        chance.steps += 1;
        self.clock.advance(Duration::from_secs(1));
        let (faults, crash) = (chance.faults, chance.crash);
        if crash > 0 && chance.rng.per_mille(crash) {
            *chance.notes.entry("crashes").or_default() += 1;
            return if chance.rng.per_mille(500) { Fate::CrashBefore } else { Fate::CrashAfter };
        }
        if call == Call::Commit || faults == 0 || !chance.rng.per_mille(faults) {
            return Fate::Go;
        }
        *chance.notes.entry("failing calls").or_default() += 1;
        if chance.rng.per_mille(400) {
            Fate::FailAfter(ErrorKind::Unavailable)
        } else {
            Fate::FailBefore(ErrorKind::Unavailable)
        }
    }
}

fn lock(chance: &Mutex<Chance>) -> MutexGuard<'_, Chance> {
    chance.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What people did.
#[derive(Default)]
struct Book {
    /// Words by what they were typed over.
    over: BTreeMap<String, String>,
    typed: Vec<(String, String)>,
    deleted: BTreeSet<String>,
    /// The link of each event that both sides had when all was calm.
    links: BTreeMap<String, LinkId>,
}

struct Desk {
    chance: Arc<Mutex<Chance>>,
    clock: Arc<TestClock>,
    ids: Arc<TestIds>,
    ledger: Arc<MemLedger<Note>>,
    rules: Rules,
    /// By pair.
    shelves: Vec<Sides<MemShelf<Note>>>,
    approvals: Mutex<BTreeMap<usize, Digest>>,
    book: Mutex<Book>,
}

/// Plays one history.
pub fn play(seed: u64, tell: bool) -> Verdict {
    let chance = Chance {
        rng: Rng::new(seed ^ 0xca1),
        faults: 0,
        crash: 0,
        steps: 0,
        token: 100,
        trace: 0xcbf2_9ce4_8422_2325,
        notes: BTreeMap::new(),
        story: tell.then(Vec::new),
        failure: None,
    };
    let desk = Desk::new(seed, Arc::new(Mutex::new(chance)));
    desk.history();
    let chance = lock(&desk.chance);
    Verdict {
        failure: chance.failure.clone(),
        notes: chance.notes.clone(),
        mode: "calendars",
        steps: chance.steps,
        trace: chance.trace,
        story: chance.story.clone().unwrap_or_default(),
    }
}

impl Desk {
    fn new(seed: u64, chance: Arc<Mutex<Chance>>) -> Desk {
        let clock = Arc::new(TestClock::new());
        let time = || clock.clone() as Arc<dyn Clock>;
        let number = 2 + lock(&chance).rng.below(2) as usize;
        let local = MemOptions { seed, ..MemOptions::local() };
        let remote =
            MemOptions { seed: seed + 1, client_ids: true, read_lag: Duration::ZERO, ..MemOptions::remote() };
        let here = MemShelf::all(&Arc::new(MemReplica::new(local, time())), &HERE[..number]);
        let there = MemShelf::all(&Arc::new(MemReplica::new(remote, time())), &THERE[..number]);
        let shelves = here.into_iter().zip(there).map(|(local, remote)| Sides { local, remote }).collect();
        let policy = if seed.is_multiple_of(3) { Policy::Local } else { Policy::Ask };
        let limits =
            Limits { deletes_floor: 3, echoes: u64::MAX, recreations: u64::MAX, ..Limits::default() };
        Desk {
            chance,
            ids: Arc::new(TestIds::new(seed)),
            ledger: Arc::new(MemLedger::default()),
            rules: Rules { policy, limits, ..Rules::default() },
            shelves,
            approvals: Mutex::default(),
            book: Mutex::default(),
            clock,
        }
    }

    fn below(&self, limit: usize) -> usize {
        usize::try_from(lock(&self.chance).rng.below(limit as u64)).unwrap_or(0)
    }

    fn per_mille(&self, rate: u64) -> bool {
        lock(&self.chance).rng.per_mille(rate)
    }

    fn say(&self, text: impl FnOnce() -> String) {
        if let Some(story) = &mut lock(&self.chance).story {
            story.push(text());
        }
    }

    fn note(&self, what: &'static str) {
        *lock(&self.chance).notes.entry(what).or_default() += 1;
    }

    fn bad(&self, text: String) {
        self.say(|| format!("FAIL {text}"));
        lock(&self.chance).failure.get_or_insert(text);
    }

    fn failed(&self) -> bool {
        lock(&self.chance).failure.is_some()
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn word(&self) -> String {
        let mut chance = lock(&self.chance);
        chance.token += 1;
        chance.steps += 1;
        format!("t{}", chance.token)
    }

    // Pairs.

    fn place(&self, pair: usize) -> Place {
        let homes = Sides::from_fn(|side| self.shelves[pair][side].name.to_owned());
        Place { pair: PairId::new(format!("p{pair}")), homes, rules: self.rules.clone() }
    }

    fn engine(&self, pair: usize) -> Engine<Note> {
        let fates = Arc::new(Draw { chance: self.chance.clone(), clock: self.clock.clone() });
        let replicas = |pair: usize| {
            Sides::from_fn(|side| {
                let shelf = Arc::new(self.shelves[pair][side].clone()) as Arc<dyn Replica<Note>>;
                Arc::new(Faulty::new(shelf, fates.clone())) as Arc<dyn Replica<Note>>
            })
        };
        let place = self.place(pair);
        let holder = Uuid::from_u128(1);
        let mut settings =
            PairSettings::new(place.pair.clone(), InstallationId::new("here"), self.rules.clone(), holder);
        settings.chunk = 3;
        let others = (0..self.shelves.len()).filter(|other| *other != pair);
        let beside =
            others.map(|other| Beside { place: self.place(other), replicas: replicas(other) }).collect();
        let ledger = FaultyLedger::new(self.ledger.clone() as Arc<dyn Ledger<Note>>, fates.clone());
        Engine::new(
            settings,
            replicas(pair),
            Arc::new(ledger),
            self.clock.clone() as Arc<dyn Clock>,
            self.ids.clone() as Arc<dyn Ids>,
        )
        .beside(place.homes, beside)
    }

    /// Runs one pair; `None` = it crashed.
    fn run(&self, pair: usize) -> Option<RunReport> {
        let approvals = || self.approvals.lock().unwrap_or_else(PoisonError::into_inner);
        let approval = approvals().remove(&pair);
        let result = finish(self.engine(pair).run(approval.map(Approval::Digest), &Silent));
        self.note("runs");
        let report = match result {
            None => None,
            Some(Ok(report)) => Some(report),
            Some(Err(EngineError::Busy)) => None,
            Some(Err(error)) => {
                self.bad(format!("pair {pair}: {error}: {:?}", std::error::Error::source(&error)));
                None
            }
        };
        self.say(|| format!("run of pair {pair}: {report:?}"));
        self.say(|| self.standing());
        if let Some(report) = &report {
            let writes = report.written.local.total() * 31 + report.written.remote.total();
            {
                let mut chance = lock(&self.chance);
                chance.trace = (chance.trace ^ writes).wrapping_mul(0x0100_0000_01b3).rotate_left(5);
            }
            if !report.planned.mentions_all() {
                self.bad(format!("the plan of pair {pair} does not mention every link (I15)"));
            }
            if let Some(refused) = &report.refused {
                approvals().insert(pair, refused.digest.clone());
            }
        }
        report
    }

    // People.

    fn person(&self) {
        self.note("acts of people");
        let pair = self.below(self.shelves.len());
        let side = if self.per_mille(500) { Side::Local } else { Side::Remote };
        let shelf = &self.shelves[pair][side];
        let alive = shelf.alive();
        let (act, word) = (self.below(100), self.word());
        let Some(item) = alive.get(self.below(alive.len() + 1)).filter(|_| act >= 10) else {
            let note = Note { uid: format!("u{word}"), title: word.clone(), ..Note::default() };
            self.say(|| format!("person makes {} in {}", note.uid, shelf.name));
            self.book().typed.push((note.uid.clone(), word));
            shelf.person_creates(note);
            return;
        };
        let who = item.record.uid.clone();
        match act {
            10..=54 => self.drag(shelf, &item.id, &who, side),
            55..=92 => {
                let in_title = self.per_mille(500);
                let old = if in_title { &item.record.title } else { &item.record.body };
                self.say(|| format!("person types {word} over {old:?} in {who} in {}", shelf.name));
                {
                    let mut book = self.book();
                    book.over.insert(word.clone(), old.clone());
                    book.typed.push((who, word.clone()));
                }
                shelf.items.person_edits(&item.id, |note| {
                    if in_title {
                        note.title = word;
                    } else {
                        note.body = word;
                    }
                });
            }
            _ => {
                self.say(|| format!("person deletes {who} in {}", shelf.name));
                self.book().deleted.insert(who);
                shelf.items.person_deletes(&item.id);
            }
        }
    }

    /// Somebody drags an event into another calendar.
    fn drag(&self, shelf: &MemShelf<Note>, id: &ItemId, who: &str, side: Side) {
        let to = self.shelves[self.below(self.shelves.len())][side].name;
        self.say(|| format!("person drags {who} from {} to {to}", shelf.name));
        if to != shelf.name && shelf.person_moves(id, to) {
            self.note("events dragged into another calendar");
        }
    }

    // The history.

    fn history(&self) {
        for _ in 0..3 + self.below(6) {
            self.person();
        }
        for _ in 0..1 + self.below(3) {
            self.troubles();
            if self.failed() || !self.calm() {
                return;
            }
        }
        while lock(&self.chance).steps < STEPS {
            self.troubles();
            if self.failed() || !self.calm() {
                return;
            }
        }
    }

    /// People act, and calls fail.
    fn troubles(&self) {
        {
            let mut chance = lock(&self.chance);
            chance.faults = if chance.rng.per_mille(700) { 1 + chance.rng.below(120) } else { 0 };
            chance.crash = if chance.rng.per_mille(700) { 1 + chance.rng.below(25) } else { 0 };
        }
        for _ in 0..2 + self.below(8) {
            for _ in 0..self.below(3) {
                self.person();
            }
            self.clock.advance(Duration::from_secs([5, 40, 900][self.below(3)]));
            self.run(self.below(self.shelves.len()));
            if self.failed() {
                return;
            }
        }
        let mut chance = lock(&self.chance);
        (chance.faults, chance.crash) = (0, 0);
    }

    /// No faults and no people: it has to come to rest, and then to be silent (I1, I6).
    fn calm(&self) -> bool {
        let (mut quiet, mut rounds, mut approved) = (0, 0, 0);
        while quiet < self.shelves.len() {
            for pair in 0..self.shelves.len() {
                self.clock.advance(Duration::from_secs(1_000));
                let Some(report) = self.run(pair).filter(|report| report.stopped.is_none()) else {
                    self.bad(format!("pair {pair} does not run although all is calm (I14)"));
                    return false;
                };
                approved += usize::from(report.refused.is_some());
                let writes = report.written.local.total() + report.written.remote.total();
                // What another pair was handed, and what this one lets go because it went there, is for that pair's next
                // run.
                let is_left = !report.handed_over.is_empty() || report.planned.out_of_scope > 0;
                let is_done = report.refused.is_none() && !is_left;
                let is_quiet = writes == 0 && is_done && report.unknown == 0;
                quiet = if is_quiet { quiet + 1 } else { 0 };
            }
            rounds += 1;
            if rounds > ROUNDS + approved {
                self.bad(format!("still moving after {rounds} rounds (I1)"));
                return false;
            }
        }
        self.judge();
        !self.failed()
    }

    // The judges.

    fn links(&self) -> Vec<(usize, Link<Note>)> {
        let of = |pair: usize| self.ledger.all_links(&PairId::new(format!("p{pair}")));
        (0..self.shelves.len()).flat_map(|pair| of(pair).into_iter().map(move |link| (pair, link))).collect()
    }

    /// Tells how the links stand, for the story.
    fn standing(&self) -> String {
        let copy = |link: &Link<Note>, side: Side| match &link.copies[side] {
            None => "never".to_owned(),
            Some(copy) => {
                let stored = &copy.stored;
                let flags = [(copy.gone, " gone"), (copy.look, " look"), (stored.withdrawn, " away")];
                let flags: String = flags.iter().filter(|(set, _)| *set).map(|(_, flag)| *flag).collect();
                let (title, home) = (&stored.record.title, &stored.home);
                format!("{} {} {title:?}{flags} {}", stored.id, stored.version, home.as_deref().unwrap_or(""))
            }
        };
        let line = |(pair, link): &(usize, Link<Note>)| {
            let (local, remote) = (copy(link, Side::Local), copy(link, Side::Remote));
            let due = if link.due { "due " } else { "" };
            format!("    {pair} {due}{:?} [{local}] [{remote}]", link.state)
        };
        self.links().iter().map(line).collect::<Vec<_>>().join("\n")
    }

    fn judge(&self) {
        let links = self.links();
        let all = Sides::from_fn(|side| self.shelves[0][side].items.alive());
        let who = |side: Side| all[side].iter().map(|it| it.record.uid.clone());
        let idents: BTreeSet<String> = who(Side::Local).chain(who(Side::Remote)).collect();
        for who in &idents {
            self.judge_event(who, &links);
        }
        let typed = self.book().typed.clone();
        for (who, _) in typed.iter().filter(|(who, _)| !idents.contains(who)) {
            if !self.book().deleted.contains(who) {
                self.bad(format!("{who} is nowhere, and nobody deleted it (I1)"));
            }
        }
        self.judge_words(&typed);
    }

    fn judge_event(&self, who: &str, links: &[(usize, Link<Note>)]) {
        let of = |side: Side| {
            let alive = self.shelves[0][side].items.alive().into_iter();
            alive.filter(|it| it.record.uid == who).collect::<Vec<_>>()
        };
        let (here, there) = (of(Side::Local), of(Side::Remote));
        // What went elsewhere before it was linked is remembered as out of scope.
        let is_of = |link: &Link<Note>, side: Side| {
            link.alive(side).is_some_and(|it| it.record.uid == who && !it.withdrawn)
        };
        let own: Vec<&(usize, Link<Note>)> =
            links.iter().filter(|(_, link)| Side::BOTH.iter().any(|side| is_of(link, *side))).collect();
        let deleted = self.book().deleted.contains(who);
        if here.len() > 1 || there.len() > 1 || own.len() > 1 {
            let counts = (here.len(), there.len(), own.len());
            self.bad(format!("{who} is there more than once: {counts:?} (I3)"));
            return;
        }
        let ([row], [item], [(pair, link)]) = (here.as_slice(), there.as_slice(), own.as_slice()) else {
            if !own.iter().any(|(_, link)| link.needs_attention()) {
                self.bad(format!("{who} is on one side only (I1): {own:?}"));
            }
            return;
        };
        if !deleted {
            // The same row and the same item, ever.
            for side in Side::BOTH {
                let ever = self.shelves[0][side].items.ever(|note| note.uid == who);
                if ever.len() != 1 {
                    self.bad(format!(
                        "{who} was made {} times on {}: {ever:?} (I3)",
                        ever.len(),
                        side.as_str()
                    ));
                }
            }
            let before = *self.book().links.entry(who.to_owned()).or_insert(link.id);
            if before != link.id {
                self.bad(format!("{who} has lost its link {before} and its history (I10)"));
            }
        }
        if link.needs_attention() {
            return;
        }
        let homes = (self.shelves[0].local.home_of(&row.id), self.shelves[0].remote.home_of(&item.id));
        let place = self.place(*pair).homes;
        if homes != (Some(place.local), Some(place.remote)) {
            self.bad(format!("{who} of pair {pair} stands in {homes:?} (I1)"));
        }
        if (&row.record.title, &row.record.body) != (&item.record.title, &item.record.body) {
            self.bad(format!("{who} differs: {:?} {:?} (I1)", row.record, item.record));
        }
    }

    /// Every word typed stands, was typed over, or is in the history (I2).
    fn judge_words(&self, typed: &[(String, String)]) {
        let mut known: BTreeSet<String> = BTreeSet::new();
        let mut learn = |note: &Note| known.extend([note.title.clone(), note.body.clone()]);
        for side in Side::BOTH {
            self.shelves[0][side].items.alive().iter().for_each(|it| learn(&it.record));
        }
        for pair in 0..self.shelves.len() {
            for entry in self.ledger.all_entries(&PairId::new(format!("p{pair}"))) {
                entry.from.iter().for_each(|from| learn(&from.record));
                entry.to.iter().for_each(&mut learn);
            }
        }
        let book = self.book();
        let over: BTreeSet<&String> = book.over.values().collect();
        let lost = typed
            .iter()
            .find(|(who, word)| !known.contains(word) && !over.contains(word) && !book.deleted.contains(who));
        let lost = lost.map(|(who, word)| format!("{word} typed into {who} vanished (I2)"));
        drop(book);
        if let Some(lost) = lost {
            self.bad(lost);
        }
    }
}
