//! Two pairs of one account beside each other: what goes from a collection of one into that of the other is one move,
//! whichever side it was made on, whichever pair runs first, wherever the process ends.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::{sync::Arc, time::Duration};

use passerelle_engine::{Beside, Engine, PairSettings, RunReport, Silent};
use passerelle_ports::{
    Clock, EntriesOf, Ids, InstallationId, ItemId, Ledger, Op, PairId, Replica, Side, Sides,
};
use passerelle_sync_rules::{Place, Rules};
use passerelle_testkit::{
    Fate, Faulty, FaultyLedger, MemLedger, MemOptions, MemReplica, MemShelf, Note, Script, TestClock,
    TestIds, finish,
};

type Shelf = MemShelf<Note>;

fn titles_of(shelf: &Shelf) -> Vec<String> {
    let mut titles: Vec<String> = shelf.alive().into_iter().map(|stored| stored.record.title).collect();
    titles.sort();
    titles
}

struct World {
    clock: Arc<TestClock>,
    ids: Arc<TestIds>,
    ledger: Arc<MemLedger<Note>>,
    /// By pair.
    shelves: [Sides<Shelf>; 2],
}

const NAMES: [Sides<&str>; 2] =
    [Sides { local: "one", remote: "first" }, Sides { local: "two", remote: "second" }];

impl World {
    fn new() -> World {
        let clock = Arc::new(TestClock::new());
        let time = clock.clone() as Arc<dyn Clock>;
        let options = MemOptions { client_ids: true, read_lag: Duration::ZERO, ..MemOptions::remote() };
        let items = Sides {
            local: Arc::new(MemReplica::new(MemOptions::local(), time.clone())),
            remote: Arc::new(MemReplica::new(options, time)),
        };
        let all = Sides::from_fn(|side| Shelf::all(&items[side], &NAMES.map(|names| names[side])));
        let shelves = [0, 1].map(|pair| Sides::from_fn(|side| all[side][pair].clone()));
        World { ids: Arc::new(TestIds::new(7)), ledger: Arc::new(MemLedger::default()), clock, shelves }
    }

    fn place(pair: usize) -> Place {
        let homes = Sides::from_fn(|side| NAMES[pair][side].to_owned());
        Place { pair: PairId::new(format!("p{pair}")), homes, rules: Rules::default() }
    }

    fn engine(&self, pair: usize, fates: Option<&Arc<Script>>) -> Engine<Note> {
        let place = World::place(pair);
        let holder = uuid::Uuid::from_u128(1);
        let settings =
            PairSettings::new(place.pair.clone(), InstallationId::new("here"), Rules::default(), holder);
        let (clock, ids) = (self.clock.clone() as Arc<dyn Clock>, self.ids.clone() as Arc<dyn Ids>);
        let replicas = |pair: usize| {
            Sides::from_fn(|side| {
                let shelf = Arc::new(self.shelves[pair][side].clone()) as Arc<dyn Replica<Note>>;
                match fates {
                    Some(fates) => Arc::new(Faulty::new(shelf, fates.clone())) as Arc<dyn Replica<Note>>,
                    None => shelf,
                }
            })
        };
        let ledger = self.ledger.clone() as Arc<dyn Ledger<Note>>;
        let ledger = match fates {
            Some(fates) => Arc::new(FaultyLedger::new(ledger, fates.clone())),
            None => ledger,
        };
        let beside = Beside { place: World::place(1 - pair), replicas: replicas(1 - pair) };
        Engine::new(settings, replicas(pair), ledger, clock, ids).beside(place.homes, vec![beside])
    }

    fn run(&self, pair: usize) -> RunReport {
        self.clock.advance(Duration::from_secs(300));
        finish(self.engine(pair, None).run(None, &Silent)).unwrap().unwrap()
    }

    /// Runs both pairs in an order until nothing is written twice, for what one pair lets go the other one takes up by
    /// its next run; returns how many writes there were.
    fn settle(&self, order: [usize; 2]) -> u64 {
        let (mut all, mut quiet) = (0, 0);
        for _ in 0..8 {
            let reports = order.map(|pair| self.run(pair));
            let writes: u64 = reports
                .iter()
                .map(|report| report.written.local.total() + report.written.remote.total())
                .sum();
            quiet = if writes == 0 { quiet + 1 } else { 0 };
            if quiet == 2 {
                return all;
            }
            all += writes;
        }
        panic!("not quiet");
    }

    /// Some rows in a collection here, linked with items there.
    fn with(titles: &[&str]) -> (World, Vec<ItemId>) {
        let world = World::new();
        let local = &world.shelves[0].local;
        let rows = titles
            .iter()
            .map(|title| local.person_creates(Note { title: (*title).to_owned(), ..Note::default() }));
        let rows = rows.collect();
        world.settle([0, 1]);
        (world, rows)
    }

    /// The item of a row, by either pair.
    fn item_of(&self, row: &ItemId) -> ItemId {
        let links = (0..2).flat_map(|pair| self.ledger.all_links(&World::place(pair).pair));
        let mut of_row = links.filter(|link| link.item(Side::Local) == Some(row));
        of_row.next().unwrap().item(Side::Remote).unwrap().clone()
    }

    #[track_caller]
    fn stands(&self, pair: usize, titles: &[&str]) {
        for side in Side::BOTH {
            assert_eq!(titles_of(&self.shelves[pair][side]), titles, "{} of pair {pair}", side.as_str());
        }
    }

    fn number(&self) -> [usize; 2] {
        let [first, _] = &self.shelves;
        [first.local.items.alive().len(), first.remote.items.alive().len()]
    }
}

#[test]
fn what_goes_into_the_collection_of_another_pair_is_one_move() {
    for order in [[0, 1], [1, 0]] {
        for side in Side::BOTH {
            let (world, rows) = World::with(&["a", "b"]);
            let names = Sides { local: rows[0].clone(), remote: world.item_of(&rows[0]) };
            let link = world.ledger.all_links(&PairId::new("p0")).into_iter();
            let link =
                link.filter(|link| link.item(Side::Local) == Some(&rows[0])).map(|link| link.id).next();
            world.shelves[0][side].person_moves(&names[side], NAMES[1][side]);
            let other = side.other();
            world.shelves[0][other].items.person_edits(&names[other], |note| note.body = "edited".into());
            // The move, and the edit of the same moment.
            assert_eq!(world.settle(order), 2, "{order:?} {side:?}");
            world.stands(0, &["b"]);
            world.stands(1, &["a"]);
            assert_eq!((world.number(), world.item_of(&rows[0])), ([2, 2], names.remote.clone()));
            for side in Side::BOTH {
                assert_eq!(world.shelves[1][side].items.get(&names[side]).unwrap().record.body, "edited");
            }
            let there = world.ledger.all_links(&PairId::new("p1"));
            assert_eq!(there.iter().map(|link| Some(link.id)).collect::<Vec<_>>(), [link], "the same link");
            // And back, on the other side.
            world.shelves[0][other].person_moves(&names[other], NAMES[0][other]);
            assert_eq!(world.settle(order), 1);
            world.stands(0, &["a", "b"]);
        }
    }
}

#[test]
fn both_sides_may_go_there_and_a_plan_says_what_a_run_does() {
    for order in [[0, 1], [1, 0]] {
        let (world, rows) = World::with(&["a", "b"]);
        for side in Side::BOTH {
            let item = if side == Side::Local { rows[0].clone() } else { world.item_of(&rows[0]) };
            world.shelves[0][side].person_moves(&item, NAMES[1][side]);
        }
        world.shelves[0].local.person_moves(&rows[1], "two");
        world.shelves[0].local.items.person_edits(&rows[1], |note| note.body = "edited".into());
        let planned: u64 = order
            .map(|pair| {
                world.clock.advance(Duration::from_secs(300));
                let plan = finish(world.engine(pair, None).plan(&Silent)).unwrap().unwrap().plan;
                plan.counts.writes.local.total() + plan.counts.writes.remote.total()
            })
            .iter()
            .sum();
        assert_eq!((planned, world.settle(order)), (2, 2), "{order:?}");
        world.stands(1, &["a", "b"]);
        world.stands(0, &[]);
    }
}

#[test]
fn what_two_pairs_have_on_both_sides_stays_as_it_is() {
    for order in [[0, 1], [1, 0]] {
        let (world, rows) = World::with(&["a"]);
        let first = world.item_of(&rows[0]);
        // As it was before there were moves: the second pair, alone, made an item of its own for the row.
        world.shelves[0].local.person_moves(&rows[0], "two");
        let alone = {
            let place = World::place(1);
            let settings = PairSettings::new(
                place.pair,
                InstallationId::new("here"),
                Rules::default(),
                uuid::Uuid::from_u128(1),
            );
            let shelves =
                Sides::from_fn(|side| Arc::new(world.shelves[1][side].clone()) as Arc<dyn Replica<Note>>);
            let (clock, ids) = (world.clock.clone() as Arc<dyn Clock>, world.ids.clone() as Arc<dyn Ids>);
            Engine::new(settings, shelves, world.ledger.clone(), clock, ids)
        };
        world.clock.advance(Duration::from_secs(300));
        finish(alone.run(None, &Silent)).unwrap().unwrap();
        assert_eq!(world.number(), [1, 2]);
        assert_eq!(world.settle(order), 0, "{order:?}");
        world.shelves[0].local.person_moves(&rows[0], "one");
        assert_eq!(world.settle(order), 0, "{order:?}");
        assert_eq!(world.number(), [1, 2], "nothing is deleted");
        assert!(world.shelves[0].remote.items.get(&first).is_some());
    }
}

#[test]
fn wherever_the_process_ends_a_move_is_done_once() {
    for side in Side::BOTH {
        for fate in [Fate::CrashBefore, Fate::CrashAfter] {
            for at in 0.. {
                let (world, rows) = World::with(&["a", "b"]);
                let item = if side == Side::Local { rows[0].clone() } else { world.item_of(&rows[0]) };
                world.shelves[0][side].person_moves(&item, NAMES[1][side]);
                world.shelves[0].local.items.person_edits(&rows[0], |note| note.body = "edited".into());
                let script = Arc::new(Script::at(at, fate.clone()));
                world.clock.advance(Duration::from_secs(300));
                let ended = finish(world.engine(0, Some(&script)).run(None, &Silent)).is_some();
                world.clock.advance(Duration::from_secs(3600));
                world.settle([1, 0]);
                world.stands(1, &["a"]);
                world.stands(0, &["b"]);
                assert_eq!(world.number(), [2, 2], "{side:?} {fate:?} {at}");
                if ended {
                    assert!(at > 4, "the run is longer than {at} calls");
                    break;
                }
            }
        }
    }
}

#[test]
fn what_was_moved_before_its_create_was_found_is_not_doubled() {
    for order in [[0, 1], [1, 0]] {
        for at in 0.. {
            let world = World::new();
            let row =
                world.shelves[0].local.person_creates(Note { title: "a".to_owned(), ..Note::default() });
            let script = Arc::new(Script::at(at, Fate::CrashAfter));
            let ended = finish(world.engine(0, Some(&script)).run(None, &Silent)).is_some();
            let made = world.shelves[0].remote.alive();
            if let [item] = made.as_slice() {
                world.shelves[0].remote.person_moves(&item.id, "second");
            }
            world.settle(order);
            assert_eq!(world.number(), [1, 1], "{order:?} {at}");
            assert!(world.shelves[0].local.items.get(&row).is_some(), "it is the same row");
            world.stands(if made.is_empty() { 0 } else { 1 }, &["a"]);
            if ended {
                assert!(at > 4, "the run is longer than {at} calls");
                break;
            }
        }
    }
}

#[test]
fn what_is_dragged_here_before_its_create_was_found_is_not_doubled() {
    for order in [[0, 1], [1, 0]] {
        for at in 0.. {
            let world = World::new();
            let shelf = &world.shelves[0].local;
            let row = shelf.person_creates(Note { title: "a".to_owned(), ..Note::default() });
            let script = Arc::new(Script::at(at, Fate::CrashAfter));
            let ended = finish(world.engine(0, Some(&script)).run(None, &Silent)).is_some();
            shelf.person_moves(&row, "two");
            world.settle(order);
            assert_eq!(world.number(), [1, 1], "{order:?} {at}");
            assert!(shelf.items.get(&row).is_some(), "it is the same row");
            world.stands(1, &["a"]);
            if ended {
                assert!(at > 4, "the run is longer than {at} calls");
                break;
            }
        }
    }
}

#[test]
fn what_went_away_before_its_other_half_was_made_comes_back_as_one_record() {
    for side in Side::BOTH {
        for (known_as_away, order) in [(true, [0, 1]), (true, [1, 0]), (false, [0, 1]), (false, [1, 0])] {
            for at in 0.. {
                let world = World::new();
                let [one, two] = [0, 1].map(|pair| NAMES[pair][side]);
                let shelf = &world.shelves[0][side];
                let item = shelf.person_creates(Note { title: "a".to_owned(), ..Note::default() });
                let script = Arc::new(Script::at(at, Fate::CrashBefore));
                let ended = finish(world.engine(0, Some(&script)).run(None, &Silent)).is_some();
                shelf.person_moves(&item, two);
                for pair in if known_as_away { vec![0, 1] } else { vec![1] } {
                    world.run(pair);
                }
                world.shelves[1][side].person_moves(&item, one);
                world.settle(order);
                assert_eq!(world.number(), [1, 1], "{side:?} {known_as_away} {order:?} {at}");
                world.stands(0, &["a"]);
                if ended {
                    assert!(at > 4, "the run is longer than {at} calls");
                    break;
                }
            }
        }
    }
}

#[test]
fn what_is_dragged_here_and_deleted_there_stands_on_both_sides_or_on_none() {
    for (dragged, order) in
        [(Side::Local, [0, 1]), (Side::Local, [1, 0]), (Side::Remote, [0, 1]), (Side::Remote, [1, 0])]
    {
        let (world, rows) = World::with(&["a"]);
        let ids = Sides { local: rows[0].clone(), remote: world.item_of(&rows[0]) };
        let names = Sides { local: "two", remote: "second" };
        world.shelves[0][dragged].person_moves(&ids[dragged], names[dragged]);
        world.shelves[0][dragged.other()].items.person_deletes(&ids[dragged.other()]);
        world.settle(order);
        assert_eq!(world.number(), [1, 1], "a move is an edit, and beats a deletion: {dragged:?} {order:?}");
        world.stands(1, &["a"]);
    }
}

#[test]
fn what_another_pair_cannot_read_is_not_made_here_once_more() {
    for order in [[0, 1], [1, 0]] {
        let (world, rows) = World::with(&["a", "b"]);
        let item = world.item_of(&rows[0]);
        let first = &world.shelves[0].remote;
        first.person_moves(&item, "second");
        first.set_unreadable(&item, true);
        for pair in order.into_iter().cycle().take(6) {
            assert_eq!(world.run(pair).stopped, None, "it stops only itself");
            assert_eq!(world.number(), [2, 2], "{order:?}");
        }
        assert_eq!(titles_of(&world.shelves[0].local), ["a", "b"]);
        first.set_unreadable(&item, false);
        world.settle(order);
        world.stands(0, &["b"]);
        world.stands(1, &["a"]);
    }
}

#[test]
fn the_undo_of_a_move_brings_it_back_on_both_sides() {
    for side in Side::BOTH {
        for edited in [false, true] {
            let (world, rows) = World::with(&["a", "b"]);
            let item = if side == Side::Local { rows[0].clone() } else { world.item_of(&rows[0]) };
            world.shelves[0][side].person_moves(&item, NAMES[1][side]);
            world.settle([0, 1]);
            world.stands(1, &["a"]);
            if edited {
                world.shelves[1].local.items.person_edits(&rows[0], |note| note.body = "since".into());
                world.settle([0, 1]);
            }
            let entries = world.ledger.all_entries(&PairId::new("p0"));
            let moved = entries.iter().find(|entry| matches!(entry.op, Op::Move { .. })).unwrap();
            let what = EntriesOf::Run(moved.run);
            world.clock.advance(Duration::from_secs(300));
            let plan = finish(world.engine(0, None).plan_undo(&what, &Silent)).unwrap().unwrap().plan;
            let done = finish(world.engine(0, None).undo(&what, None, &Silent)).unwrap().unwrap();
            let writes = done.written.local.total() + done.written.remote.total();
            assert_eq!((plan.steps.len(), writes, done.not_undone), (2, 2, 0), "{side:?} {edited}: {done:?}");
            world.stands(0, &["a", "b"]);
            world.stands(1, &[]);
            assert_eq!((world.settle([0, 1]), world.number()), (0, [2, 2]));
            if edited {
                for side in Side::BOTH {
                    let bodies = world.shelves[0][side].items.alive().into_iter().map(|it| it.record.body);
                    assert_eq!(
                        bodies.filter(|body| body == "since").count(),
                        1,
                        "what was typed since stays"
                    );
                }
            }
            // It is kept in step where it is now, and the undo can be undone.
            let what = EntriesOf::Run(done.run);
            world.clock.advance(Duration::from_secs(300));
            let plan = finish(world.engine(0, None).plan_undo(&what, &Silent)).unwrap().unwrap().plan;
            let again = finish(world.engine(0, None).undo(&what, None, &Silent)).unwrap().unwrap();
            let writes = again.written.local.total() + again.written.remote.total();
            assert_eq!((plan.steps.len(), writes, again.not_undone), (2, 2, 0), "{again:?}");
            world.stands(1, &["a"]);
            assert_eq!((world.settle([0, 1]), world.number()), (0, [2, 2]));
        }
    }
}
