//! Records that a person merges at the provider, or that get another name there: what people see.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::{sync::Arc, time::Duration};

use passerelle_engine::{Engine, PairSettings, RunReport, Silent};
use passerelle_ports::{
    Clock, Ids, InstallationId, ItemId, Ledger, Link, PairId, Replica, Side, Sides, Stored,
};
use passerelle_sync_rules::Rules;
use passerelle_testkit::{MemLedger, MemOptions, MemReplica, Note, TestClock, TestIds, finish};

const LAG: Duration = Duration::from_secs(600);

struct House {
    clock: Arc<TestClock>,
    ids: Arc<TestIds>,
    local: Arc<MemReplica<Note>>,
    remote: Arc<MemReplica<Note>>,
    ledger: Arc<MemLedger<Note>>,
}

impl House {
    fn new() -> House {
        let clock = Arc::new(TestClock::new());
        let options = MemOptions { read_lag: LAG, settle: LAG, ..MemOptions::remote() };
        House {
            ids: Arc::new(TestIds::new(7)),
            local: Arc::new(MemReplica::new(MemOptions::local(), clock.clone() as Arc<dyn Clock>)),
            remote: Arc::new(MemReplica::new(options, clock.clone() as Arc<dyn Clock>)),
            ledger: Arc::new(MemLedger::default()),
            clock,
        }
    }

    fn engine(&self) -> Engine<Note> {
        let settings = PairSettings::new(
            PairId::new("anne"),
            InstallationId::new("here"),
            Rules::default(),
            uuid::Uuid::from_u128(9),
        );
        Engine::new(
            settings,
            Sides {
                local: self.local.clone() as Arc<dyn Replica<Note>>,
                remote: self.remote.clone() as Arc<dyn Replica<Note>>,
            },
            self.ledger.clone() as Arc<dyn Ledger<Note>>,
            self.clock.clone() as Arc<dyn Clock>,
            self.ids.clone() as Arc<dyn Ids>,
        )
    }

    fn run(&self) -> RunReport {
        self.clock.advance(LAG + Duration::from_secs(5));
        finish(self.engine().run(None, &Silent)).unwrap().unwrap()
    }

    fn settle(&self) {
        for _ in 0..4 {
            self.run();
        }
    }

    /// Two records, `a` and `b`, that both sides have; each with its names here and there.
    fn two(&self) -> [(ItemId, ItemId); 2] {
        let (a, b) = (self.type_new("a"), self.type_new("b"));
        self.settle();
        let there = |title: &str| {
            let found = self.remote.alive().into_iter().find(|stored| stored.record.title == title);
            found.unwrap().id
        };
        [(a, there("a")), (b, there("b"))]
    }

    fn type_new(&self, title: &str) -> ItemId {
        self.local.person_creates(Note::new(title, title))
    }

    fn edit(&self, id: &ItemId, body: &str) {
        self.local.person_edits(id, |note| note.body = body.into()).unwrap();
    }

    fn merge(&self, from: &ItemId, into: &ItemId) {
        let combine =
            |kept: &mut Note, gone: &Note| kept.title = format!("{} and {}", kept.title, gone.title);
        self.remote.person_merges(from, into, combine).unwrap();
    }

    fn held(&self) -> Vec<Link<Note>> {
        finish(self.ledger.attention(&PairId::new("anne"), None, 100)).unwrap().unwrap()
    }
}

fn words(replica: &MemReplica<Note>) -> Vec<(String, String)> {
    let of = |stored: Stored<Note>| (stored.record.title, stored.record.body);
    replica.alive().into_iter().map(of).collect()
}

fn one(title: &str, body: &str) -> Vec<(String, String)> {
    vec![(title.to_owned(), body.to_owned())]
}

#[test]
fn what_was_merged_there_is_one_record_here() {
    let house = House::new();
    let [(a, into), (_, from)] = house.two();
    house.merge(&from, &into);
    house.settle();
    assert_eq!(words(&house.remote), one("a and b", ""));
    assert_eq!(words(&house.local), one("a and b", ""));
    assert_eq!(house.local.alive()[0].id, a);
}

#[test]
fn an_edit_that_waits_here_follows_its_record_into_the_merged_one() {
    let house = House::new();
    let [_, (b, from)] = house.two();
    let into = house.remote.alive().into_iter().find(|stored| stored.id != from).unwrap().id;
    house.merge(&from, &into);
    house.edit(&b, "typed here");
    house.settle();
    assert_eq!(words(&house.remote), one("a and b", "typed here"));
    assert_eq!(words(&house.local), one("a and b", "typed here"));
    assert_eq!(house.local.alive()[0].id, b, "the record that somebody works on stays");
    assert!(house.held().is_empty());
}

#[test]
fn an_edit_of_the_record_that_stays_is_kept() {
    let house = House::new();
    let [(a, into), (_, from)] = house.two();
    house.merge(&from, &into);
    house.edit(&a, "typed here");
    house.settle();
    assert_eq!(words(&house.remote), one("a and b", "typed here"));
    assert_eq!(words(&house.local), one("a and b", "typed here"));
}

#[test]
fn edits_of_both_are_a_question_and_make_no_double() {
    for keep in Side::BOTH {
        let house = House::new();
        let [(a, into), (b, from)] = house.two();
        house.merge(&from, &into);
        house.edit(&a, "one");
        house.edit(&b, "other");
        house.settle();
        assert_eq!(words(&house.remote), one("a and b", "one"), "nothing is made anew there");
        assert_eq!(house.local.alive().len(), 2, "nothing that was typed is lost here");
        let held = house.held();
        assert_eq!(held.len(), 1, "{held:?}");
        for field in &held[0].held {
            finish(house.engine().resolve(held[0].id, field, keep)).unwrap().unwrap();
        }
        house.settle();
        assert!(house.held().is_empty(), "an answer ends it");
        let expected = if keep == Side::Local { 2 } else { 1 };
        assert_eq!((house.remote.alive().len(), house.local.alive().len()), (expected, expected));
    }
}

#[test]
fn a_merged_record_that_cannot_be_read_stops_only_itself() {
    let house = House::new();
    let [(_, into), (_, from)] = house.two();
    house.merge(&from, &into);
    // The listing alone names what lives on, and that cannot be read.
    house.remote.set_names_end(true);
    house.remote.set_unreadable(&into, true);
    house.type_new("c");
    for _ in 0..4 {
        assert_eq!(house.run().stopped, None);
    }
    assert!(words(&house.remote).contains(&("c".to_owned(), String::new())), "the others go on");
    assert_eq!(house.local.alive().len(), 3, "nothing is gone");
    house.remote.set_unreadable(&into, false);
    house.settle();
    assert_eq!((house.remote.alive().len(), house.local.alive().len()), (2, 2));
    assert!(house.held().is_empty());
}

#[test]
fn a_record_with_another_name_is_the_same_record() {
    let house = House::new();
    let [(a, there), _] = house.two();
    house.remote.person_renames(&there).unwrap();
    house.edit(&a, "typed here");
    let report = house.run();
    assert_eq!(report.written.local.total(), 0, "{report:?}");
    house.settle();
    assert_eq!((house.remote.alive().len(), house.local.alive().len()), (2, 2));
    assert!(words(&house.remote).contains(&("a".to_owned(), "typed here".to_owned())));
    assert!(house.local.get(&a).is_some());
}

#[test]
fn a_record_deleted_here_goes_there_too_under_its_other_name() {
    let house = House::new();
    let [(a, there), _] = house.two();
    house.remote.person_renames(&there).unwrap();
    assert!(house.local.person_deletes(&a));
    house.settle();
    assert_eq!((house.remote.alive().len(), house.local.alive().len()), (1, 1));
}

#[test]
fn a_merge_is_followed_while_a_deletion_waits_here() {
    let house = House::new();
    let [(a, into), (b, from)] = house.two();
    house.merge(&from, &into);
    // The row of the one that stays there is gone here: the other one has it from now on.
    assert!(house.local.person_deletes(&a));
    house.settle();
    assert_eq!(words(&house.remote), one("a and b", ""));
    assert_eq!(words(&house.local), one("a and b", ""));
    assert_eq!(house.local.alive()[0].id, b);
}

#[test]
fn three_that_become_one_are_one() {
    let house = House::new();
    let [(_, into), (_, from)] = house.two();
    house.type_new("c");
    house.settle();
    let third = house.remote.alive().into_iter().find(|stored| stored.record.title == "c").unwrap().id;
    house.merge(&third, &from);
    house.merge(&from, &into);
    house.settle();
    assert_eq!(words(&house.remote), one("a and b and c", ""));
    assert_eq!(words(&house.local), one("a and b and c", ""));
}

#[test]
fn a_merge_that_a_complete_listing_shows_is_followed_too() {
    let house = House::new();
    let [_, (b, from)] = house.two();
    let into = house.remote.alive().into_iter().find(|stored| stored.id != from).unwrap().id;
    house.merge(&from, &into);
    house.edit(&b, "typed here");
    house.remote.expire_cursors();
    house.settle();
    assert_eq!(words(&house.remote), one("a and b", "typed here"));
    assert_eq!(words(&house.local), one("a and b", "typed here"));
}

#[test]
fn a_late_answer_under_the_old_name_makes_no_double() {
    let house = House::new();
    let [_, (_, from)] = house.two();
    let into = house.remote.alive().into_iter().find(|stored| stored.id != from).unwrap().id;
    house.merge(&from, &into);
    house.clock.advance(LAG);
    house.remote.fetches_late(&from, 1);
    for _ in 0..3 {
        house.clock.advance(Duration::from_secs(5));
        finish(house.engine().run(None, &Silent)).unwrap().unwrap();
    }
    house.remote.fetches_late(&from, 0);
    house.settle();
    assert_eq!(words(&house.remote), one("a and b", ""));
    assert_eq!(words(&house.local), one("a and b", ""));
}
