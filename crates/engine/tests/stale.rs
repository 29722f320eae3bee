//! Answers that show an older state, to a process that remembers nothing: what people see.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::{
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
    time::Duration,
};

use passerelle_engine::{Engine, PairSettings, RunReport, Silent};
use passerelle_ports::{
    Clock, Code, ErrorKind, Find, Ids, InstallationId, ItemId, Ledger, LinkId, LinkState, PairId, Replica,
    Side, Sides,
};
use passerelle_sync_rules::{Deletes, Rules};
use passerelle_testkit::{
    Call, Fate, Fates, Faulty, MemLedger, MemOptions, MemReplica, Note, TestClock, TestIds, finish,
};

const LAG: Duration = Duration::from_secs(600);
const DAY: Duration = Duration::from_secs(86_400);

/// What becomes of calls: all is well, the request or the answer of a write is lost, or nothing is fetched.
#[derive(Default)]
struct Lossy(AtomicU8);

const FINE: u8 = 0;
const REQUEST: u8 = 1;
const ANSWER: u8 = 2;
const FETCH: u8 = 3;

impl Fates for Lossy {
    fn fate(&self, call: Call) -> Fate {
        match self.0.load(Ordering::SeqCst) {
            REQUEST if matches!(call, Call::Write(_)) => Fate::FailBefore(ErrorKind::Unavailable),
            ANSWER if matches!(call, Call::Write(_)) => Fate::FailAfter(ErrorKind::Unavailable),
            FETCH if matches!(call, Call::Fetch(_)) => Fate::FailBefore(ErrorKind::Unavailable),
            _ => Fate::Go,
        }
    }
}

struct House {
    rules: Rules,
    network: Arc<Lossy>,
    clock: Arc<TestClock>,
    ids: Arc<TestIds>,
    local: Arc<MemReplica<Note>>,
    remote: Arc<MemReplica<Note>>,
    ledger: Arc<MemLedger<Note>>,
}

impl House {
    fn new() -> House {
        House::with(Rules::default())
    }

    fn with(rules: Rules) -> House {
        House::lagging(rules, LAG)
    }

    fn lagging(rules: Rules, lag: Duration) -> House {
        House::of(rules, MemOptions { read_lag: lag, ..MemOptions::remote() })
    }

    /// A house whose remote tells its time, or does not.
    fn telling(tells_time: bool) -> House {
        House::of(Rules::default(), MemOptions { read_lag: LAG, tells_time, ..MemOptions::remote() })
    }

    fn of(rules: Rules, options: MemOptions<Note>) -> House {
        let clock = Arc::new(TestClock::new());
        let options = MemOptions { settle: LAG, ..options };
        let remote = MemReplica::new(options, clock.clone() as Arc<dyn Clock>);
        // What a test lets be late is late; nothing else is, or a run would see nothing of it.
        remote.set_prompt(true);
        House {
            rules,
            network: Arc::default(),
            ids: Arc::new(TestIds::new(7)),
            local: Arc::new(MemReplica::new(MemOptions::local(), clock.clone() as Arc<dyn Clock>)),
            remote: Arc::new(remote),
            ledger: Arc::new(MemLedger::default()),
            clock,
        }
    }

    /// A run, in a process of its own: the engine and what it holds are new.
    fn run(&self) -> RunReport {
        self.clock.advance(Duration::from_secs(5));
        finish(self.engine().run(None, &Silent)).unwrap().unwrap()
    }

    /// The next run lists everything.
    fn relist(&self) {
        finish(self.engine().relist()).unwrap().unwrap();
    }

    fn engine(&self) -> Engine<Note> {
        let pair = PairId::new("anne");
        let holder = uuid::Uuid::from_u128(9);
        let settings = PairSettings::new(pair, InstallationId::new("here"), self.rules.clone(), holder);
        Engine::new(
            settings,
            Sides {
                local: self.local.clone() as Arc<dyn Replica<Note>>,
                remote: Arc::new(Faulty::new(
                    self.remote.clone() as Arc<dyn Replica<Note>>,
                    self.network.clone(),
                )),
            },
            self.ledger.clone() as Arc<dyn Ledger<Note>>,
            self.clock.clone() as Arc<dyn Clock>,
            self.ids.clone() as Arc<dyn Ids>,
        )
    }

    fn loses(&self, what: u8) {
        self.network.0.store(what, Ordering::SeqCst);
    }

    fn later(&self) {
        self.clock.advance(LAG);
    }

    fn settle(&self) {
        for _ in 0..3 {
            self.later();
            self.run();
        }
    }

    /// A record that both sides have, for long.
    fn linked(&self) -> (ItemId, ItemId) {
        let local = self.local.person_creates(Note::new("a", "first"));
        self.settle();
        let remote = self.remote.alive().pop().unwrap().id;
        (local, remote)
    }

    fn titles(&self) -> (Vec<String>, Vec<String>) {
        let of = |replica: &MemReplica<Note>| {
            replica.alive().into_iter().map(|stored| stored.record.title).collect::<Vec<_>>()
        };
        (of(&self.local), of(&self.remote))
    }

    fn link_of(&self, local: &ItemId) -> LinkId {
        let find = Find::Items(Side::Local, vec![local.clone()]);
        finish(self.ledger.find(&PairId::new("anne"), &find)).unwrap().unwrap().pop().unwrap().id
    }

    fn type_here(&self, id: &ItemId, title: &str) {
        self.local.person_edits(id, |note| note.title = title.into()).unwrap();
    }
}

/// There are two items there that are one row here: a person is asked, and both answers end the question.
fn is_asked_and_answered(house: &House, late: &ItemId, same: bool) {
    let counts = || (house.local.alive().len(), house.remote.alive().len());
    assert_eq!(counts(), (1, 2), "nothing is doubled here");
    let links = house.ledger.all_links(&PairId::new("anne"));
    let half = links.iter().find(|link| link.state == LinkState::Ambiguous).expect("a person is asked");
    let whole = links.iter().find(|link| link.half().is_none()).unwrap();
    if same {
        finish(house.engine().join(half.id, whole.id, Some(Side::Local))).unwrap().unwrap();
        house.settle();
        let row = house.local.alive().pop().unwrap().id;
        house.type_here(&row, "typed since");
        house.settle();
        assert_eq!(counts(), (1, 2), "the other one stays alone on purpose");
        assert_eq!(house.remote.get(late).unwrap().record.title, "typed since");
    } else {
        finish(house.engine().tell_apart(half.id, whole.id)).unwrap().unwrap();
        house.settle();
        assert_eq!(counts(), (2, 2));
    }
    let links = house.ledger.all_links(&PairId::new("anne"));
    assert!(links.iter().all(|link| !link.needs_attention()), "{links:?}");
}

fn both(title: &str) -> (Vec<String>, Vec<String>) {
    (vec![title.to_owned()], vec![title.to_owned()])
}

#[test]
fn a_value_typed_twice_is_not_put_back_to_the_first() {
    let house = House::new();
    let (local, remote) = house.linked();
    house.type_here(&local, "second");
    house.run();
    house.remote.answers_late(&remote, 1);
    for _ in 0..3 {
        house.run();
        assert_eq!(house.titles(), both("second"));
    }
    house.type_here(&local, "third");
    house.run();
    house.remote.answers_late(&remote, 0);
    house.settle();
    assert_eq!(house.titles(), both("third"));
}

#[test]
fn a_record_deleted_a_moment_ago_does_not_come_back() {
    let house = House::new();
    let (local, remote) = house.linked();
    assert!(house.local.person_deletes(&local));
    house.run();
    assert_eq!(house.titles(), (vec![], vec![]));
    house.remote.answers_late(&remote, 1);
    for _ in 0..3 {
        house.run();
        assert_eq!(house.titles(), (vec![], vec![]), "an old answer is no news");
    }
    house.remote.answers_late(&remote, 0);
    house.settle();
    assert_eq!(house.titles(), (vec![], vec![]));
}

#[test]
fn a_record_that_is_gone_does_not_come_back_because_answers_contradict_each_other_for_long() {
    let house = House::new();
    let (local, remote) = house.linked();
    // The last state that it had was read by nobody, and a write tells that it is gone before any listing does.
    house.remote.set_prompt(false);
    house.remote.person_edits(&remote, |note| note.title = "second".into()).unwrap();
    assert!(house.remote.person_deletes(&remote));
    house.type_here(&local, "typed");
    house.run();
    house.run();
    assert_eq!(house.titles(), both("typed"), "it is made again");
    for (is_later, states_back) in [(true, 1), (false, 0), (true, 1)] {
        if is_later {
            house.later();
        }
        house.remote.answers_late(&remote, states_back);
        house.run();
        assert_eq!(house.titles(), both("typed"), "the answer before said the contrary");
    }
    house.remote.answers_late(&remote, 0);
    house.settle();
    assert_eq!(house.titles(), both("typed"));
    let pair = PairId::new("anne");
    let looks = house.ledger.looks(&pair, Side::Remote, None, 9);
    assert!(finish(looks).unwrap().unwrap().is_empty(), "it is known to be gone");
}

#[test]
fn what_is_gone_as_before_does_not_come_back_because_of_an_older_answer() {
    let house = House::new();
    let (local, remote) = house.linked();
    assert!(house.local.person_deletes(&local));
    house.run();
    house.remote.answers_late(&remote, 1);
    house.run();
    house.remote.answers_late(&remote, 0);
    house.settle();
    let pair = PairId::new("anne");
    let looks = house.ledger.looks(&pair, Side::Remote, None, 9);
    assert!(finish(looks).unwrap().unwrap().is_empty(), "it is known to be gone");
    let known = || {
        let items = std::slice::from_ref(&remote);
        finish(house.ledger.strangers(&pair, Side::Remote, items)).unwrap().unwrap()
    };
    let dead = known().pop().expect("a late listing and a late answer may show it once more");
    let mut shown = house.remote.past(&remote).into_iter().filter(|(_, alive)| *alive);
    assert!(shown.next_back().is_some_and(|(last, _)| dead.trail.is_older(&last)), "{dead:?}");
    house.clock.advance(DAY);
    house.settle();
    assert!(known().is_empty(), "and it is forgotten in the end");
}

#[test]
fn what_a_delete_made_of_a_record_does_not_come_back() {
    for is_lost in [false, true] {
        let options = MemOptions { read_lag: LAG, marks_deletes: true, ..MemOptions::remote() };
        let house = House::of(Rules::default(), options);
        let (local, remote) = house.linked();
        // By its own clock, it made that a minute later than we know it to be gone.
        house.remote.set_clock_wrong_by(60);
        assert!(house.local.person_deletes(&local));
        house.loses(if is_lost { ANSWER } else { FINE });
        house.run();
        house.loses(FINE);
        assert_eq!(house.titles(), (vec![], vec![]));
        house.remote.answers_late(&remote, 1);
        for _ in 0..3 {
            house.run();
            assert_eq!(house.titles(), (vec![], vec![]), "it is from before it was removed");
        }
        house.remote.answers_late(&remote, 0);
        house.settle();
        assert_eq!(house.titles(), (vec![], vec![]));
    }
}

#[test]
fn a_record_deleted_on_both_sides_does_not_come_back() {
    let house = House::new();
    let (local, remote) = house.linked();
    house.local.person_deletes(&local);
    house.remote.person_deletes(&remote);
    house.later();
    house.clock.advance(Duration::from_secs(1));
    house.remote.person_etches(&remote, serde_json::json!(1));
    house.run();
    house.remote.answers_late(&remote, 1);
    for _ in 0..3 {
        house.run();
    }
    assert_eq!(house.titles(), (vec![], vec![]));
}

#[test]
fn what_came_out_of_the_bin_comes_back() {
    let house = House::new();
    let (local, remote) = house.linked();
    house.local.person_deletes(&local);
    house.run();
    house.clock.advance(Duration::from_secs(5));
    house.remote.person_restores(&remote).unwrap();
    house.settle();
    assert_eq!(house.titles(), both("first"));
}

#[test]
fn an_answer_from_before_a_record_was_made_does_not_delete_it() {
    let house = House::new();
    let local = house.local.person_creates(Note::new("a", "first"));
    house.remote.set_prompt(false);
    house.run();
    let remote = house.remote.alive().pop().unwrap().id;
    // Neither a listing of everything nor a fetch shows it yet.
    house.relist();
    house.remote.fetches_late(&remote, 1);
    for _ in 0..3 {
        house.run();
        assert!(house.local.get(&local).is_some(), "two answers from before it was made are no news");
    }
    house.type_here(&local, "second");
    house.remote.fetches_late(&remote, 0);
    house.settle();
    assert!(house.local.get(&local).is_some());
    assert_eq!(house.titles(), both("second"));
}

#[test]
fn what_a_listing_of_everything_does_not_show_is_not_kept_because_of_an_older_answer() {
    let house = House::new();
    let (_, remote) = house.linked();
    house.remote.person_deletes(&remote);
    house.remote.expire_cursors();
    house.remote.fetches_late(&remote, 1);
    house.run();
    assert_eq!(house.titles(), (vec!["first".into()], vec![]));
    house.remote.fetches_late(&remote, 0);
    house.settle();
    assert_eq!(house.titles(), (vec![], vec![]), "no later listing tells that it is gone");
}

#[test]
fn what_a_listing_shows_again_is_not_gone_because_of_an_older_answer() {
    let house = House::new();
    let (local, remote) = house.linked();
    house.remote.person_deletes(&remote);
    house.clock.advance(Duration::from_secs(5));
    house.remote.person_restores(&remote).unwrap();
    house.run();
    // A listing is from when it was in the bin, which no run ever knew; nothing can be fetched.
    house.remote.answers_late(&remote, 1);
    house.relist();
    house.loses(FETCH);
    house.run();
    house.loses(FINE);
    // The next listing shows what is there, and answers by name are from before.
    house.remote.fetches_late(&remote, 1);
    house.relist();
    for _ in 0..3 {
        house.run();
        assert!(house.local.get(&local).is_some(), "the two listings contradict each other");
    }
    house.remote.fetches_late(&remote, 0);
    is_in_step(&house, &local);
}

#[test]
fn what_no_link_knows_and_a_listing_of_everything_does_not_show_any_more_is_not_made_here() {
    let house = House::new();
    let remote = house.remote.person_creates(Note::new("a", "first"));
    // It is listed, and cannot be fetched.
    house.loses(FETCH);
    house.run();
    house.loses(FINE);
    house.remote.person_deletes(&remote);
    house.remote.expire_cursors();
    house.remote.fetches_late(&remote, 1);
    for _ in 0..3 {
        house.run();
        assert_eq!(house.titles(), (vec![], vec![]), "no later listing tells that it is gone");
    }
    house.remote.fetches_late(&remote, 0);
    house.settle();
    assert_eq!(house.titles(), (vec![], vec![]));
}

/// A house in which what is deleted at the remote stays here, and a record that was, and is back.
fn back() -> (House, ItemId, ItemId) {
    let mut rules = Rules::default();
    rules.deletes.remote = Deletes::Unlink;
    let house = House::with(rules);
    let (local, remote) = house.linked();
    house.remote.person_deletes(&remote);
    house.run();
    assert_eq!(house.titles(), (vec!["first".into()], vec![]));
    house.later();
    house.remote.person_restores(&remote).unwrap();
    (house, local, remote)
}

fn is_in_step(house: &House, local: &ItemId) {
    house.settle();
    house.type_here(local, "second");
    house.settle();
    assert_eq!(house.titles(), both("second"));
}

#[test]
fn what_came_back_is_found_although_an_older_answer_does_not_show_it() {
    let (house, local, remote) = back();
    house.remote.fetches_late(&remote, 1);
    house.run();
    house.remote.fetches_late(&remote, 0);
    is_in_step(&house, &local);
}

#[test]
fn what_is_back_is_not_gone_because_of_an_older_answer() {
    let (house, local, remote) = back();
    house.run();
    // A listing of everything and a fetch show that it is not there: both are from before it was back.
    house.relist();
    house.remote.answers_late(&remote, 1);
    for _ in 0..3 {
        house.run();
    }
    house.remote.answers_late(&remote, 0);
    is_in_step(&house, &local);
}

#[test]
fn what_is_back_under_a_new_link_is_not_gone_because_of_an_older_answer() {
    let house = House::new();
    let (local, remote) = house.linked();
    house.local.person_deletes(&local);
    house.run();
    house.clock.advance(Duration::from_secs(5));
    house.remote.person_restores(&remote).unwrap();
    house.run();
    assert_eq!(house.titles(), both("first"), "it is out of the bin");
    // A listing of changes shows it removed, and a fetch does not find it: both are from before it was back.
    house.remote.person_etches(&remote, serde_json::json!(1)).then_some(()).unwrap();
    house.remote.answers_late(&remote, 2);
    for _ in 0..3 {
        house.run();
        assert_eq!(house.titles(), both("first"));
    }
    house.remote.answers_late(&remote, 0);
    let row = house.local.alive().pop().unwrap().id;
    is_in_step(&house, &row);
}

#[test]
fn a_create_that_was_lost_is_found_although_an_answer_is_old() {
    let house = House::new();
    house.local.person_creates(Note::new("a", "first"));
    house.loses(ANSWER);
    house.run();
    house.loses(FINE);
    let remote = house.remote.alive().pop().unwrap().id;
    let edit = |title: &str| {
        house.clock.advance(Duration::from_secs(5));
        house.remote.person_edits(&remote, |note| note.title = title.into()).unwrap();
    };
    edit("second");
    edit("third");
    // A run lists it, and cannot fetch it.
    house.loses(FETCH);
    house.run();
    house.loses(FINE);
    house.later();
    house.remote.fetches_late(&remote, 1);
    house.run();
    house.remote.fetches_late(&remote, 0);
    house.settle();
    assert_eq!(house.titles(), both("third"), "what was typed there since is an edit of what we made");
}

#[test]
fn a_delete_that_was_lost_is_not_done_because_of_an_older_answer() {
    let house = House::new();
    let remote = house.remote.person_creates(Note::new("a", "first"));
    house.run();
    let local = house.local.alive().pop().unwrap().id;
    house.local.person_deletes(&local);
    house.loses(REQUEST);
    house.run();
    house.loses(FINE);
    house.remote.fetches_late(&remote, 1);
    house.run();
    house.remote.fetches_late(&remote, 0);
    house.settle();
    assert_eq!(house.titles(), (vec![], vec![]));
}

#[test]
fn what_a_listing_showed_is_not_lost_to_an_older_answer() {
    let house = House::new();
    let (_, remote) = house.linked();
    house.clock.advance(Duration::from_secs(5));
    house.remote.person_edits(&remote, |note| note.title = "second".into()).unwrap();
    house.clock.advance(Duration::from_secs(5));
    house.remote.person_edits(&remote, |note| note.title = "third".into()).unwrap();
    house.clock.advance(LAG);
    // The listing shows the third, the fetch the second: no later listing shows the record again.
    house.remote.fetches_late(&remote, 1);
    house.run();
    house.remote.fetches_late(&remote, 0);
    house.settle();
    assert_eq!(house.titles(), both("third"));
}

#[test]
fn a_removal_is_not_lost_to_an_older_answer() {
    let house = House::new();
    let (_, remote) = house.linked();
    house.remote.person_deletes(&remote);
    house.later();
    house.remote.fetches_late(&remote, 1);
    house.run();
    assert_eq!(house.titles(), (vec!["first".into()], vec![]), "what a listing says is looked into");
    house.remote.fetches_late(&remote, 0);
    house.settle();
    assert_eq!(house.titles(), (vec![], vec![]));
}

#[test]
fn what_was_made_again_does_not_come_back_under_its_old_name_too() {
    let house = House::new();
    let (local, remote) = house.linked();
    house.remote.person_deletes(&remote);
    house.type_here(&local, "second");
    house.later();
    house.run();
    house.run();
    assert_eq!(house.titles(), both("second"));
    house.remote.person_restores(&remote).unwrap();
    house.remote.person_deletes(&remote);
    house.remote.answers_late(&remote, 2);
    for _ in 0..3 {
        house.run();
    }
    assert_eq!(house.titles(), both("second"), "the old one was gone");
    house.remote.answers_late(&remote, 0);
    house.settle();
    assert_eq!(house.titles(), both("second"));
}

#[test]
fn an_edit_arrives_although_the_clock_of_the_provider_was_put_back() {
    let house = House::new();
    let (_, remote) = house.linked();
    house.remote.set_clock_wrong_by(-86_400);
    house.remote.person_edits(&remote, |note| note.title = "second".into()).unwrap();
    house.settle();
    house.clock.advance(DAY);
    house.settle();
    assert_eq!(house.titles(), both("second"), "late, but it arrives");
}

#[test]
fn an_older_state_is_known_although_the_clock_of_the_provider_was_put_back() {
    let house = House::new();
    let (local, remote) = house.linked();
    house.remote.set_clock_wrong_by(-86_400);
    house.type_here(&local, "second");
    house.run();
    house.remote.answers_late(&remote, 1);
    house.run();
    assert_eq!(house.titles(), both("second"), "a version that was passed is no news, whatever its time");
}

#[test]
fn what_is_remembered_of_the_dead_is_forgotten_after_a_while() {
    let house = House::new();
    let (local, remote) = house.linked();
    house.local.person_deletes(&local);
    house.run();
    let known = || {
        let pair = PairId::new("anne");
        finish(house.ledger.strangers(&pair, Side::Remote, std::slice::from_ref(&remote))).unwrap().unwrap()
    };
    assert_eq!(known().len(), 1);
    house.clock.advance(DAY);
    house.settle();
    assert!(known().is_empty());
}

#[test]
fn a_record_that_both_sides_have_is_not_doubled_because_an_answer_is_old() {
    for states_back in [1, 2] {
        let house = House::new();
        house.local.person_creates(Note::new("a", "here"));
        let remote = house.remote.person_creates(Note::new("b", "there"));
        house.clock.advance(Duration::from_secs(5));
        house.remote.person_edits(&remote, |note| note.uid = "a".into()).unwrap();
        house.later();
        // The listing shows that it is the same; the fetch does not yet, or knows nothing of it.
        house.remote.fetches_late(&remote, states_back);
        for _ in 0..3 {
            house.run();
            assert_eq!(house.titles(), (vec!["here".into()], vec!["there".into()]));
        }
        house.remote.fetches_late(&remote, 0);
        house.settle();
        assert_eq!((house.local.alive().len(), house.remote.alive().len()), (1, 1));
    }
}

#[test]
fn what_waits_for_an_answer_is_created_in_the_end() {
    let house = House::new();
    house.local.person_creates(Note::new("a", "here"));
    let remote = house.remote.person_creates(Note::new("b", "there"));
    house.clock.advance(Duration::from_secs(5));
    house.remote.person_edits(&remote, |note| note.body = "more".into()).unwrap();
    house.later();
    house.remote.fetches_late(&remote, 2);
    house.run();
    assert_eq!(house.remote.alive().len(), 1);
    house.settle();
    assert_eq!(house.remote.alive().len(), 2);
}

#[test]
fn what_is_late_for_longer_than_it_should_be_is_no_news_either() {
    let house = House::new();
    let (local, remote) = house.linked();
    let other = house.local.person_creates(Note::new("b", "other"));
    house.settle();
    let dead = house.remote.alive().into_iter().find(|it| it.id != remote).unwrap().id;
    house.type_here(&local, "second");
    house.local.person_deletes(&other);
    house.run();
    house.remote.answers_late(&dead, 1);
    for changes in 1..4 {
        // Every answer shows the first state, long after answers may.
        house.remote.person_etches(&remote, serde_json::json!(changes));
        house.remote.answers_late(&remote, changes + 1);
        house.later();
        house.run();
        assert_eq!(house.titles(), both("second"), "it is fetched again, and never taken in");
    }
    house.remote.answers_late(&remote, 0);
    house.remote.answers_late(&dead, 0);
    house.settle();
    assert_eq!(house.titles(), both("second"));
}

#[test]
fn a_state_that_is_older_by_its_time_only_is_never_believed() {
    let house = House::new();
    let (_, remote) = house.linked();
    for title in ["unseen", "third"] {
        house.clock.advance(Duration::from_secs(5));
        house.remote.person_edits(&remote, |note| note.title = title.into()).unwrap();
    }
    house.settle();
    assert_eq!(house.titles(), both("third"));
    house.remote.person_etches(&remote, serde_json::json!(1));
    house.remote.answers_late(&remote, 2);
    for day in 0..4 {
        house.clock.advance(DAY);
        let report = house.run();
        assert_eq!(house.titles(), both("third"), "it is never taken in");
        assert!(day == 0 || report.late.remote == 1, "and what waits is told");
    }
    house.remote.answers_late(&remote, 0);
    house.settle();
    assert_eq!(house.titles(), both("third"));
}

#[test]
fn that_a_clock_was_put_back_is_remembered_from_the_listing() {
    let house = House::new();
    let (_, remote) = house.linked();
    house.remote.set_clock_wrong_by(-3_600);
    house.remote.person_edits(&remote, |note| note.title = "second".into()).unwrap();
    // A run lists it, and cannot fetch it; at the next one the clock is there again.
    house.loses(FETCH);
    house.run();
    house.loses(FINE);
    house.clock.advance(2 * DAY);
    house.settle();
    house.clock.advance(DAY);
    house.settle();
    assert_eq!(house.titles(), both("second"));
}

#[test]
fn an_edit_that_was_listed_is_not_lost_to_an_older_answer_while_the_clock_was_put_back() {
    let house = House::new();
    let (_, remote) = house.linked();
    house.remote.set_clock_wrong_by(-3_600);
    house.remote.person_edits(&remote, |note| note.title = "second".into()).unwrap();
    // The listing shows it, and the answer by name what we hold; by their times, that is the later one.
    house.remote.fetches_late(&remote, 1);
    house.run();
    house.remote.fetches_late(&remote, 0);
    house.settle();
    house.clock.advance(DAY);
    house.settle();
    assert_eq!(house.titles(), both("second"));
}

#[test]
fn an_edit_made_while_the_clock_was_put_back_and_that_nobody_listed_then_is_a_question() {
    for believed in [true, false] {
        let house = House::new();
        let (local, remote) = house.linked();
        house.remote.set_clock_wrong_by(-3_600);
        house.remote.person_edits(&remote, |note| note.title = "second".into()).unwrap();
        house.remote.set_clock_wrong_by(0);
        house.clock.advance(DAY);
        house.settle();
        let link = || {
            let find = Find::Links(vec![house.link_of(&local)]);
            finish(house.ledger.find(&PairId::new("anne"), &find)).unwrap().unwrap().pop().unwrap()
        };
        assert!(!link().needs_attention(), "it may be late still");
        house.clock.advance(DAY);
        house.run();
        let LinkState::Rejected(refusal) = link().state else { panic!("{:?}", link()) };
        assert_eq!((refusal.side, refusal.code), (Side::Remote, Some(Code::Sync130)));
        if believed {
            finish(house.engine().retry(link().id)).unwrap().unwrap();
            house.settle();
            assert_eq!(house.titles(), both("second"));
        } else {
            finish(house.engine().leave(link().id)).unwrap().unwrap();
            house.settle();
            assert_eq!(house.titles(), (vec!["first".into()], vec!["second".into()]));
            // With the next edit there, it is read.
            house.remote.person_edits(&remote, |note| note.body = "more".into()).unwrap();
            house.settle();
            assert_eq!(house.titles(), both("second"));
        }
        assert!(!link().needs_attention() && !link().looks());
    }
}

#[test]
fn what_came_out_of_the_bin_while_the_clock_was_put_back_is_a_question() {
    let house = House::new();
    let (_, remote) = house.linked();
    house.remote.person_deletes(&remote);
    house.run();
    house.remote.set_clock_wrong_by(-9 * 86_400);
    house.remote.person_restores(&remote).unwrap();
    house.remote.set_clock_wrong_by(0);
    house.clock.advance(DAY);
    house.settle();
    let links = || house.ledger.all_links(&PairId::new("anne"));
    assert!(links().is_empty(), "it may be late still");
    house.clock.advance(DAY);
    house.run();
    let link = links().pop().unwrap();
    let LinkState::Rejected(refusal) = &link.state else { panic!("{link:?}") };
    assert_eq!((refusal.side, refusal.code), (Side::Remote, Some(Code::Sync130)));
    assert_eq!(house.titles(), (vec![], vec!["first".into()]), "it is not taken in unasked");
    finish(house.engine().retry(link.id)).unwrap().unwrap();
    house.settle();
    assert_eq!(house.titles(), both("first"));
    assert!(!links().iter().any(|link| link.needs_attention() || link.looks()), "{:?}", links());
}

#[test]
fn a_person_can_say_that_what_is_shown_is_right() {
    let house = House::telling(false);
    let (local, remote) = house.linked();
    // Its clock is put back by an hour, which no answer tells, and nobody edits the record there again.
    house.remote.set_clock_wrong_by(-3_600);
    house.remote.person_edits(&remote, |note| note.title = "second".into()).unwrap();
    house.settle();
    house.clock.advance(3 * DAY);
    house.settle();
    assert_eq!(house.titles(), (vec!["first".into()], vec!["second".into()]), "it waits");
    let link = house.link_of(&local);
    finish(house.engine().retry(link)).unwrap().unwrap();
    house.settle();
    assert_eq!(house.titles(), both("second"));
}

#[test]
fn a_version_that_another_one_came_after_is_never_believed() {
    let house = House::new();
    let (local, remote) = house.linked();
    // By their times, what came before is later.
    house.remote.set_clock_wrong_by(-9 * 86_400);
    house.type_here(&local, "second");
    house.run();
    house.remote.person_etches(&remote, serde_json::json!(1));
    house.remote.answers_late(&remote, 2);
    for _ in 0..4 {
        house.clock.advance(DAY);
        house.run();
        assert_eq!(house.titles(), both("second"), "it is fetched again, and never taken in");
    }
    house.remote.answers_late(&remote, 0);
    house.settle();
    assert_eq!(house.titles(), both("second"));
}

#[test]
fn of_two_states_of_one_time_the_one_that_stays_is_read_in_the_end() {
    let house = House::new();
    let (_, remote) = house.linked();
    for title in ["second", "third"] {
        house.remote.person_edits(&remote, |note| note.title = title.into()).unwrap();
    }
    house.run();
    assert_eq!(house.titles(), both("third"));
    // By its time, the one before may be the later one.
    house.relist();
    house.remote.answers_late(&remote, 1);
    house.run();
    house.relist();
    house.remote.answers_late(&remote, 0);
    for _ in 0..2 {
        house.run();
        house.clock.advance(DAY);
    }
    house.settle();
    assert_eq!(house.titles(), both("third"));
    let pair = PairId::new("anne");
    let looks = house.ledger.looks(&pair, Side::Remote, None, 9);
    assert!(finish(looks).unwrap().unwrap().is_empty(), "it is fetched no more");
}

#[test]
fn one_answer_that_there_is_no_such_item_is_not_believed_by_itself() {
    let house = House::new();
    let local = house.local.person_creates(Note::new("a", "first"));
    house.settle();
    let remote = house.remote.alive().pop().unwrap().id;
    // A request is lost, so that the item is fetched by name, and that says, for once, that there is no such item.
    house.type_here(&local, "second");
    house.loses(REQUEST);
    house.run();
    house.loses(FINE);
    house.later();
    house.remote.fetches_late(&remote, 1);
    house.run();
    assert_eq!((house.local.alive().len(), house.remote.alive().len()), (1, 1));
    house.remote.fetches_late(&remote, 0);
    house.settle();
    assert_eq!(house.titles(), both("second"));
}

#[test]
fn what_answers_said_to_be_gone_and_show_again_is_there() {
    let mut rules = Rules::default();
    rules.deletes.remote = Deletes::Unlink;
    let house = House::with(rules);
    let (local, remote) = house.linked();
    house.loses(REQUEST);
    house.type_here(&local, "in between");
    house.run();
    house.loses(FINE);
    // For longer than answers may be late, every one of them says that it is not there; then it is, as it was.
    house.remote.fetches_late(&remote, 1);
    house.settle();
    house.remote.fetches_late(&remote, 0);
    house.remote.expire_cursors();
    is_in_step(&house, &local);
}

#[test]
fn a_known_half_whose_newest_state_is_not_read_yet_is_a_candidate_still() {
    let house = House::new();
    house.local.person_creates(Note::new("a", "one"));
    house.local.person_creates(Note::new("a", "two"));
    let remote = house.remote.person_creates(Note::new("a", "there"));
    house.settle();
    assert_eq!(
        (house.local.alive().len(), house.remote.alive().len()),
        (2, 1),
        "which one it is, is a question"
    );
    house.remote.person_edits(&remote, |note| note.body = "more".into()).unwrap();
    house.remote.fetches_late(&remote, 1);
    for _ in 0..3 {
        house.run();
        assert_eq!((house.local.alive().len(), house.remote.alive().len()), (2, 1));
    }
    house.remote.fetches_late(&remote, 0);
    house.settle();
    assert_eq!((house.local.alive().len(), house.remote.alive().len()), (2, 1), "it still is");
}

#[test]
fn what_is_known_of_an_item_outlives_its_meeting() {
    let house = House::new();
    let remote = house.remote.person_creates(Note::new("a", "first"));
    house.clock.advance(Duration::from_secs(5));
    house.remote.person_edits(&remote, |note| note.title = "second".into()).unwrap();
    house.later();
    let local = house.local.person_creates(Note::new("a", ""));
    house.run();
    assert_eq!(house.titles(), both("second"), "they are one record");
    // An answer is lost, so that the item is fetched by name: it is shown as it was before they met.
    house.loses(REQUEST);
    house.local.person_edits(&local, |note| note.body = "more".into()).unwrap();
    house.run();
    house.loses(FINE);
    house.later();
    house.remote.fetches_late(&remote, 1);
    for _ in 0..3 {
        house.run();
        assert_eq!(house.titles(), both("second"), "what came before is no news");
    }
    house.remote.fetches_late(&remote, 0);
    house.settle();
    assert_eq!(house.titles(), both("second"));
}

#[test]
fn where_answers_are_never_late_a_passed_version_is_no_news_either() {
    let house = House::lagging(Rules::default(), Duration::ZERO);
    let (local, remote) = house.linked();
    let other = house.local.person_creates(Note::new("b", "other"));
    house.settle();
    let dead = house.remote.alive().into_iter().find(|it| it.id != remote).unwrap().id;
    house.type_here(&local, "second");
    house.local.person_deletes(&other);
    house.settle();
    // The clock of the provider was put back: it shows what was before.
    for _ in 0..3 {
        house.remote.answers_late(&remote, 1);
        house.remote.answers_late(&dead, 1);
        house.remote.expire_cursors();
        house.settle();
        assert_eq!(house.titles(), both("second"), "what came before is no news");
        assert!(house.run().late.remote > 0, "what waits is told");
    }
    for item in [&remote, &dead] {
        house.remote.answers_late(item, 0);
    }
    house.remote.person_edits(&remote, |note| note.title = "third".into()).unwrap();
    house.settle();
    assert_eq!((house.titles(), house.run().late.remote), (both("third"), 0));
}

#[test]
fn a_listing_that_is_ahead_of_answers_by_name_is_news() {
    let house = House::new();
    let (_, remote) = house.linked();
    house.remote.person_edits(&remote, |note| note.title = "second".into()).unwrap();
    house.remote.fetches_late(&remote, 1);
    house.run();
    assert_eq!(house.titles(), both("second"), "answers by name may follow later");
    house.settle();
    house.remote.fetches_late(&remote, 0);
    house.settle();
    assert_eq!(house.titles(), both("second"));
}

#[test]
fn what_landed_in_spite_of_an_error_is_not_sent_again_while_listings_lag() {
    let house = House::new();
    house.remote.set_prompt(false);
    for name in ["a", "b", "c"] {
        house.local.person_creates(Note::new(name, name));
    }
    house.loses(ANSWER);
    house.run();
    house.loses(FINE);
    for _ in 0..20 {
        // No listing may show them yet.
        house.clock.advance(Duration::from_secs(45));
        house.run();
        assert_eq!(house.remote.alive().len(), 3, "nothing is doubled");
    }
    house.settle();
    assert_eq!((house.local.alive().len(), house.remote.alive().len()), (3, 3));
}

#[test]
fn what_a_listing_shows_removed_is_not_there_because_of_an_older_answer() {
    let house = House::new();
    let (_, remote) = house.linked();
    // The last edit was never read: an answer that shows it is newer than what we hold, and from before the removal.
    house.remote.person_edits(&remote, |note| note.title = "second".into()).unwrap();
    house.clock.advance(Duration::from_secs(5));
    house.remote.person_deletes(&remote);
    house.remote.fetches_late(&remote, 1);
    for _ in 0..3 {
        house.run();
    }
    house.remote.fetches_late(&remote, 0);
    house.settle();
    assert_eq!(house.titles(), (vec![], vec![]), "no later listing tells that it is gone");
}

#[test]
fn what_could_not_be_read_when_the_others_met_is_a_question_and_no_double() {
    for same in [true, false] {
        let house = House::new();
        house.local.person_creates(Note::new("a", "here"));
        let remote = house.remote.person_creates(Note::new("a", "there"));
        house.remote.set_unreadable(&remote, true);
        house.settle();
        house.remote.set_unreadable(&remote, false);
        house.settle();
        is_asked_and_answered(&house, &remote, same);
    }
}

#[test]
fn what_landed_later_than_things_do_is_a_question_and_no_double() {
    for same in [true, false] {
        let house = House::new();
        house.local.person_creates(Note::new("a", "first"));
        house.loses(ANSWER);
        house.run();
        house.loses(FINE);
        let first = house.remote.alive().pop().unwrap().id;
        // For longer than it should be, nothing shows that it was made.
        house.remote.answers_late(&first, 1);
        house.settle();
        assert_eq!(house.remote.alive().len(), 2);
        house.remote.answers_late(&first, 0);
        house.remote.person_etches(&first, serde_json::json!(1));
        house.settle();
        is_asked_and_answered(&house, &first, same);
    }
}

#[test]
fn what_is_entered_there_while_a_create_is_of_unknown_outcome_is_not_doubled() {
    let house = House::new();
    house.local.person_creates(Note::new("a", "first"));
    // The request is lost, and nobody knows that yet.
    house.loses(REQUEST);
    house.run();
    house.loses(FINE);
    house.remote.person_creates(Note::new("a", "first"));
    house.run();
    assert_eq!((house.local.alive().len(), house.remote.alive().len()), (1, 1), "it waits");
    house.settle();
    assert_eq!(house.titles(), both("first"));
}

#[test]
fn where_names_are_ours_what_landed_later_than_things_do_is_met_by_its_name() {
    // As in a calendar: the second create has the name of the first.
    let house =
        House::of(Rules::default(), MemOptions { client_ids: true, read_lag: LAG, ..MemOptions::remote() });
    let row = house.local.person_creates(Note::new("a", "first"));
    house.loses(ANSWER);
    house.run();
    house.loses(FINE);
    let first = house.remote.alive().pop().unwrap().id;
    house.remote.answers_late(&first, 1);
    house.settle();
    assert_eq!(house.remote.alive().len(), 1);
    house.remote.answers_late(&first, 0);
    house.remote.person_etches(&first, serde_json::json!(1));
    is_in_step(&house, &row);
    let links = house.ledger.all_links(&PairId::new("anne"));
    assert!(links.iter().all(|link| !link.needs_attention()), "{links:?}");
}
