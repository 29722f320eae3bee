//! The crash matrix: the process ends before and after the n-th call or transaction, for every n; and
//! again in the run that recovers. What people did arrives once, whatever happened (I3, I14).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use passerelle_engine::{Approval, Engine, PairSettings, Silent};
use passerelle_ports::{
    Clock, EntriesOf, ErrorKind, Ids, InstallationId, ItemId, Ledger, PairId, Replica, RunId, Sides,
};
use passerelle_sync_rules::Rules;
use passerelle_testkit::{
    Call, Fate, Fates, Faulty, FaultyLedger, MemLedger, MemOptions, MemReplica, Note, TestClock, TestIds,
    finish,
};

/// Lets a number of effects pass, then applies one fate, once.
struct Nth {
    left: AtomicUsize,
    fate: Fate,
}

impl Nth {
    fn new(at: usize, fate: &Fate) -> Arc<Nth> {
        Arc::new(Nth { left: AtomicUsize::new(at + 1), fate: fate.clone() })
    }

    fn has_struck(&self) -> bool {
        self.left.load(Ordering::SeqCst) == 0
    }
}

impl Fates for Nth {
    fn fate(&self, _call: Call) -> Fate {
        let before = self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        if before == Ok(1) { self.fate.clone() } else { Fate::Go }
    }
}

struct House {
    clock: Arc<TestClock>,
    ids: Arc<TestIds>,
    local: Arc<MemReplica<Note>>,
    remote: Arc<MemReplica<Note>>,
    ledger: Arc<MemLedger<Note>>,
}

impl House {
    fn new(client_ids: bool) -> House {
        let clock = Arc::new(TestClock::new());
        let shared = || clock.clone() as Arc<dyn Clock>;
        let remote = MemOptions { client_ids, ..MemOptions::remote() };
        House {
            ids: Arc::new(TestIds::new(3)),
            local: Arc::new(MemReplica::new(MemOptions::local(), shared())),
            remote: Arc::new(MemReplica::new(remote, shared())),
            ledger: Arc::new(MemLedger::default()),
            clock,
        }
    }

    /// Runs once under fates; returns whether the run came to its end.
    fn run(&self, fates: &Arc<Nth>) -> bool {
        finish(self.engine(fates).run(None, &Silent)).is_some()
    }

    /// Takes a run back under fates; returns whether that came to its end.
    fn undo(&self, run: RunId, fates: &Arc<Nth>) -> bool {
        let what = EntriesOf::Run(run);
        finish(self.engine(fates).undo(&what, Some(Approval::Deletes(1)), &Silent)).is_some()
    }

    fn engine(&self, fates: &Arc<Nth>) -> Engine<Note> {
        self.clock.advance(Duration::from_secs(300));
        let faulty = |replica: &Arc<MemReplica<Note>>| {
            Arc::new(Faulty::new(replica.clone(), fates.clone() as Arc<dyn Fates>)) as Arc<dyn Replica<Note>>
        };
        let settings = PairSettings::new(
            PairId::new("p"),
            InstallationId::new("here"),
            Rules::default(),
            uuid::Uuid::from_u128(1),
        );
        let ledger = FaultyLedger::new(self.ledger.clone(), fates.clone());
        Engine::new(
            settings,
            Sides { local: faulty(&self.local), remote: faulty(&self.remote) },
            Arc::new(ledger) as Arc<dyn Ledger<Note>>,
            self.clock.clone() as Arc<dyn Clock>,
            self.ids.clone() as Arc<dyn Ids>,
        )
    }

    fn settle(&self) {
        for _ in 0..4 {
            self.run(&Nth::new(usize::MAX - 1, &Fate::Go));
        }
    }

    fn made(&self) -> usize {
        self.local.changes_made() + self.remote.changes_made()
    }

    fn titles(&self) -> [Vec<String>; 2] {
        [&self.local, &self.remote].map(|replica| {
            let mut titles: Vec<String> = replica.alive().into_iter().map(|s| s.record.title).collect();
            titles.sort();
            titles
        })
    }

    /// Six linked records; then somebody creates, edits, and deletes on both sides.
    fn busy(client_ids: bool) -> House {
        let house = House::new(client_ids);
        let rows: Vec<ItemId> = (0..6)
            .map(|n| house.local.person_creates(Note::new(n.to_string(), format!("old {n}"))))
            .collect();
        house.settle();
        let there = |n: usize| {
            let uid = n.to_string();
            house.remote.alive().into_iter().find(|stored| stored.record.uid == uid).unwrap().id
        };
        house.local.person_edits(&rows[0], |note| note.title = "edited here".into());
        house.remote.person_edits(&there(1), |note| note.title = "edited there".into());
        house.local.person_deletes(&rows[2]);
        house.remote.person_deletes(&there(3));
        house.local.person_deletes(&rows[4]);
        house.remote.person_edits(&there(4), |note| note.title = "an edit beats a delete".into());
        house.local.person_edits(&rows[5], |note| note.body = "body here".into());
        house.remote.person_edits(&there(5), |note| note.label = "label there".into());
        house.local.person_creates(Note::new("new here", "new here"));
        house.remote.person_creates(Note::new("new there", "new there"));
        house
    }

    fn check(&self, what: &str) {
        self.settle();
        let expected =
            ["an edit beats a delete", "edited here", "edited there", "new here", "new there", "old 5"];
        for (side, titles) in ["local", "remote"].into_iter().zip(self.titles()) {
            assert_eq!(titles, expected, "{what}, {side}");
        }
        for replica in [&self.local, &self.remote] {
            let merged = replica.alive().into_iter().find(|s| s.record.uid == "5").unwrap().record;
            assert_eq!((merged.body.as_str(), merged.label.as_str()), ("body here", "label there"), "{what}");
        }
        let made = self.made();
        self.settle();
        assert_eq!(self.made(), made, "{what}: not quiet");
    }
}

const ENDS: [Fate; 2] = [Fate::CrashBefore, Fate::CrashAfter];

#[test]
fn a_crash_at_any_point_costs_nothing() {
    for client_ids in [true, false] {
        for fate in ENDS {
            for at in 0.. {
                let house = House::busy(client_ids);
                let fates = Nth::new(at, &fate);
                house.run(&fates);
                house.check(&format!("{fate:?} at {at}, client ids {client_ids}"));
                if !fates.has_struck() {
                    assert!(at > 20, "the run has only {at} effects");
                    break;
                }
            }
        }
    }
}

#[test]
fn a_second_crash_in_the_recovering_run_costs_nothing() {
    for (first, second) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
        for at in 0.. {
            let mut struck = false;
            for then in 0.. {
                let house = House::busy(at % 2 == 0);
                let fates = Nth::new(at, &ENDS[first]);
                house.run(&fates);
                struck = fates.has_struck();
                let fates = Nth::new(then, &ENDS[second]);
                house.run(&fates);
                house.check(&format!("{:?} at {at}, {:?} at {then}", ENDS[first], ENDS[second]));
                if !fates.has_struck() {
                    break;
                }
            }
            if !struck {
                break;
            }
        }
    }
}

#[test]
fn every_call_may_fail_in_every_way() {
    let kinds = [
        ErrorKind::Unavailable,
        ErrorKind::RateLimited,
        ErrorKind::Unauthenticated,
        ErrorKind::Forbidden,
        ErrorKind::CursorExpired,
        ErrorKind::Unexpected,
    ];
    for kind in kinds {
        for fate in [Fate::FailBefore(kind), Fate::FailAfter(kind)] {
            for at in 0.. {
                let house = House::busy(at % 2 == 0);
                let fates = Nth::new(at, &fate);
                house.run(&fates);
                house.check(&format!("{fate:?} at {at}"));
                if !fates.has_struck() {
                    break;
                }
            }
        }
    }
}

/// Everything as the person typed it: what an undo has to bring back.
fn texts(replica: &MemReplica<Note>) -> Vec<(String, String, String)> {
    let mut texts: Vec<_> = replica
        .alive()
        .into_iter()
        .map(|stored| (stored.record.uid, stored.record.title, stored.record.body))
        .collect();
    texts.sort();
    texts
}

/// Six linked records, then a run that creates, edits and deletes at the remote side. Returns that run.
fn done(client_ids: bool) -> (House, RunId, Vec<(String, String, String)>) {
    let house = House::new(client_ids);
    let rows: Vec<ItemId> =
        (0..6).map(|n| house.local.person_creates(Note::new(n.to_string(), format!("old {n}")))).collect();
    house.settle();
    let before = texts(&house.remote);
    house.local.person_edits(&rows[0], |note| note.title = "edited".into());
    house.local.person_edits(&rows[1], |note| note.body = "edited".into());
    house.local.person_deletes(&rows[2]);
    house.local.person_creates(Note::new("new", "new"));
    let settings = house.engine(&Nth::new(usize::MAX - 1, &Fate::Go));
    let report = finish(settings.run(None, &Silent)).unwrap().unwrap();
    house.settle();
    (house, report.run, before)
}

impl House {
    /// Everything is as it was before a run, whatever became of the undo of it that somebody asked for before.
    fn check_undone(&self, run: RunId, before: &[(String, String, String)], what: &str) {
        self.settle();
        self.undo(run, &Nth::new(usize::MAX - 1, &Fate::Go));
        self.settle();
        assert_eq!(texts(&self.remote), before, "{what}");
        let here = texts(&self.local);
        // What was made by hand stays where it was made.
        assert_eq!(here.iter().filter(|(uid, ..)| uid == "new").count(), 1, "{what}");
        let linked: Vec<_> = here.into_iter().filter(|(uid, ..)| uid != "new").collect();
        assert_eq!(linked, before, "{what}");
        let made = self.made();
        self.settle();
        assert_eq!(self.made(), made, "{what}: not quiet");
    }
}

#[test]
fn a_crash_at_any_point_of_an_undo_costs_nothing() {
    for client_ids in [true, false] {
        for fate in ENDS {
            for at in 0.. {
                let (house, run, before) = done(client_ids);
                let fates = Nth::new(at, &fate);
                house.undo(run, &fates);
                house.check_undone(run, &before, &format!("{fate:?} at {at}, client ids {client_ids}"));
                if !fates.has_struck() {
                    assert!(at > 8, "the undo has only {at} effects");
                    break;
                }
            }
        }
    }
}

#[test]
fn a_second_crash_while_an_undo_is_asked_for_again_costs_nothing() {
    for (first, second) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
        for at in 0.. {
            let mut struck = false;
            for then in 0.. {
                let (house, run, before) = done(at % 2 == 0);
                let fates = Nth::new(at, &ENDS[first]);
                house.undo(run, &fates);
                struck = fates.has_struck();
                // The recovering run, then the undo that the person asks for again.
                let fates = Nth::new(then, &ENDS[second]);
                house.run(&fates);
                house.undo(run, &fates);
                let what = format!("{:?} at {at}, {:?} at {then}", ENDS[first], ENDS[second]);
                house.check_undone(run, &before, &what);
                if !fates.has_struck() {
                    break;
                }
            }
            if !struck {
                break;
            }
        }
    }
}

#[test]
fn a_crash_at_any_point_of_a_first_meeting_makes_no_copy() {
    for client_ids in [true, false] {
        for fate in ENDS {
            for at in 0.. {
                let house = House::new(client_ids);
                for n in 0..4 {
                    house.local.person_creates(Note { body: "here".into(), ..Note::new(n.to_string(), "t") });
                }
                for n in 2..6 {
                    house
                        .remote
                        .person_creates(Note { label: "there".into(), ..Note::new(n.to_string(), "t") });
                }
                house.clock.advance(Duration::from_secs(60));
                let fates = Nth::new(at, &fate);
                house.run(&fates);
                house.settle();
                let what = format!("{fate:?} at {at}, client ids {client_ids}");
                let (here, there) = (texts(&house.local), texts(&house.remote));
                assert_eq!(here, there, "{what}");
                let uids: Vec<&str> = here.iter().map(|(uid, ..)| uid.as_str()).collect();
                assert_eq!(uids, ["0", "1", "2", "3", "4", "5"], "{what}");
                if !fates.has_struck() {
                    assert!(at > 12, "the run has only {at} effects");
                    break;
                }
            }
        }
    }
}
