//! Several pairs on one table, records without anything to match them by, and what comes back: the rules
//! that only a hub, a restored ledger or a provider's bin bring into play.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::{sync::Arc, time::Duration};

use passerelle_engine::{Engine, PairSettings, RunReport, Silent};
use passerelle_ports::{
    Clock, ErrorKind, Ids, InstallationId, ItemId, Ledger, Page, PairId, Replica, Side, Sides, Stored,
};
use passerelle_sync_rules::Rules;
use passerelle_testkit::{
    Fate, Faulty, FaultyLedger, MemLedger, MemOptions, MemReplica, MockReplica, Note, Script, TestClock,
    TestIds, finish,
};

type Mem = Arc<MemReplica<Note>>;

struct Hub {
    clock: Arc<TestClock>,
    ids: Arc<TestIds>,
    local: Mem,
    remotes: [Mem; 2],
    ledger: Arc<MemLedger<Note>>,
}

impl Hub {
    fn new() -> Arc<Hub> {
        let clock = Arc::new(TestClock::new());
        let remote = |client_ids| {
            let options = MemOptions { client_ids, read_lag: Duration::ZERO, ..MemOptions::remote() };
            Arc::new(MemReplica::new(options, clock.clone() as Arc<dyn Clock>))
        };
        Arc::new(Hub {
            ids: Arc::new(TestIds::new(5)),
            local: Arc::new(MemReplica::new(MemOptions::local(), clock.clone() as Arc<dyn Clock>)),
            remotes: [remote(true), remote(false)],
            ledger: Arc::new(MemLedger::default()),
            clock,
        })
    }

    fn run_over(
        &self,
        pair: usize,
        local: Arc<dyn Replica<Note>>,
        remote: Arc<dyn Replica<Note>>,
        ledger: Arc<dyn Ledger<Note>>,
    ) -> Option<RunReport> {
        self.clock.advance(Duration::from_secs(300));
        let name = PairId::new(format!("p{pair}"));
        let holder = uuid::Uuid::from_u128(pair as u128 + 1);
        let settings = PairSettings::new(name, InstallationId::new("here"), Rules::default(), holder);
        let (clock, ids) = (self.clock.clone() as Arc<dyn Clock>, self.ids.clone() as Arc<dyn Ids>);
        let engine = Engine::new(settings, Sides { local, remote }, ledger, clock, ids);
        finish(engine.run(None, &Silent)).map(Result::unwrap)
    }

    fn run(&self, pair: usize) -> RunReport {
        self.run_over(pair, self.local.clone(), self.remotes[pair].clone(), self.ledger.clone()).unwrap()
    }

    fn settle(&self) {
        for _ in 0..4 {
            self.run(0);
            self.run(1);
        }
        let made = self.made();
        self.run(0);
        self.run(1);
        assert_eq!(self.made(), made, "not quiet");
    }

    fn made(&self) -> usize {
        self.local.changes_made() + self.remotes.iter().map(|remote| remote.changes_made()).sum::<usize>()
    }

    fn one(replica: &Mem) -> Stored<Note> {
        let alive = replica.alive();
        assert_eq!(alive.len(), 1, "{alive:?}");
        alive[0].clone()
    }

    /// One record, on the table and at both remotes; nothing in it could be matched.
    fn linked() -> (Arc<Hub>, ItemId) {
        let hub = Hub::new();
        let row = hub.local.person_creates(Note { title: "old".into(), ..Note::default() });
        hub.settle();
        (hub, row)
    }
}

#[test]
fn a_row_brought_back_by_one_pair_is_the_same_record_to_the_other() {
    let (hub, row) = Hub::linked();
    let (first, second) = (Hub::one(&hub.remotes[0]).id, Hub::one(&hub.remotes[1]).id);
    hub.local.person_deletes(&row);
    hub.remotes[0].person_edits(&first, |note| note.title = "edited".into());
    hub.settle();
    assert_eq!(Hub::one(&hub.local).record.title, "edited");
    let there = Hub::one(&hub.remotes[1]);
    assert_eq!((there.id, there.record.title.as_str()), (second, "edited"), "the item itself is edited");
}

#[test]
fn a_record_is_brought_back_as_the_other_pair_saw_it_last() {
    let (hub, row) = Hub::linked();
    let (first, second) = (Hub::one(&hub.remotes[0]).id, Hub::one(&hub.remotes[1]).id);
    hub.remotes[0].person_edits(&first, |note| note.title = "seen by the first".into());
    hub.run(0);
    hub.local.person_deletes(&row);
    hub.remotes[1].person_edits(&second, |note| note.body = "typed at the second".into());
    hub.run(1);
    let back = Hub::one(&hub.local).record;
    assert_eq!((back.title.as_str(), back.body.as_str()), ("seen by the first", "typed at the second"));
}

#[test]
fn what_another_pair_wrote_and_does_not_know_yet_comes_back_too() {
    let (hub, row) = Hub::linked();
    let (first, second) = (Hub::one(&hub.remotes[0]).id, Hub::one(&hub.remotes[1]).id);
    hub.remotes[0].person_edits(&first, |note| note.title = "written by the first".into());
    // The first pair's write lands, and its process ends before it hears of it.
    let local: Arc<dyn Replica<Note>> = hub.local.clone();
    let ends = Arc::new(Script::at(1, Fate::CrashAfter));
    let dying = Arc::new(Faulty::new(local, ends));
    assert!(hub.run_over(0, dying, hub.remotes[0].clone(), hub.ledger.clone()).is_none());
    assert_eq!(Hub::one(&hub.local).record.title, "written by the first");
    hub.local.person_deletes(&row);
    hub.remotes[1].person_edits(&second, |note| note.body = "typed at the second".into());
    hub.run(1);
    let back = Hub::one(&hub.local).record;
    assert_eq!((back.title.as_str(), back.body.as_str()), ("written by the first", "typed at the second"));
}

#[test]
fn a_row_brought_back_by_two_pairs_at_once_is_one_row() {
    let (hub, row) = Hub::linked();
    hub.local.person_deletes(&row);
    for remote in &hub.remotes {
        remote.person_edits(&Hub::one(remote).id, |note| note.title = "edited".into());
    }
    let other = hub.clone();
    let local = hub.local.clone() as Arc<dyn Replica<Note>>;
    let (mut overlapping, written) = (MockReplica::new(), local.clone());
    overlapping.expect_write().once().returning(move |batch| {
        other.run(0);
        finish(written.write(batch)).unwrap()
    });
    hub.run_over(
        1,
        Arc::new(overlapping.reading(&local).writing(&local)),
        hub.remotes[1].clone(),
        hub.ledger.clone(),
    )
    .unwrap();
    hub.settle();
    for replica in [&hub.local, &hub.remotes[0], &hub.remotes[1]] {
        assert_eq!(Hub::one(replica).record.title, "edited");
    }
}

#[test]
fn a_record_deleted_and_entered_again_keeps_its_other_side() {
    let hub = Hub::new();
    let row = hub.local.person_creates(Note::new("the same", "old"));
    hub.settle();
    let (first, second) = (Hub::one(&hub.remotes[0]).id, Hub::one(&hub.remotes[1]).id);
    hub.local.person_deletes(&row);
    hub.local.person_creates(Note::new("the same", "new"));
    hub.settle();
    assert_eq!(Hub::one(&hub.remotes[0]).id, first);
    assert_eq!(Hub::one(&hub.remotes[1]).id, second);
}

#[test]
fn a_create_that_a_restored_ledger_has_forgotten_is_met_again() {
    for pair in 0..2 {
        let hub = Hub::new();
        hub.local.person_creates(Note { title: "a".into(), ..Note::default() });
        // Seen, and not yet written: the process ends before the journal is opened.
        let ends = Arc::new(Script::at(3, Fate::CrashBefore));
        let dying = Arc::new(FaultyLedger::new(hub.ledger.clone() as Arc<dyn Ledger<Note>>, ends));
        assert!(hub.run_over(pair, hub.local.clone(), hub.remotes[pair].clone(), dying).is_none());
        let backup = hub.ledger.backup();
        hub.run(pair);
        hub.run(pair);
        let item = Hub::one(&hub.remotes[pair]).id;
        hub.ledger.restore(&backup);
        for _ in 0..4 {
            hub.run(pair);
        }
        assert_eq!(Hub::one(&hub.remotes[pair]).id, item, "pair {pair}");
        Hub::one(&hub.local);
    }
}

#[test]
fn a_removal_in_a_listing_is_looked_into() {
    let (hub, _) = Hub::linked();
    let made = hub.made();
    let remote = hub.remotes[0].clone();
    let (mut wrong, fake) = (MockReplica::new(), remote.clone() as Arc<dyn Replica<Note>>);
    // A listing says that everything was removed.
    wrong.expect_changes().returning(move |from| {
        let page = finish(remote.changes(from)).unwrap()?;
        let removed = remote.alive().into_iter().map(|stored| stored.id).collect();
        Ok(Page { items: Vec::new(), removed, ..page })
    });
    let wrong = Arc::new(wrong.reading(&fake).writing(&fake));
    let report = hub.run_over(0, hub.local.clone(), wrong, hub.ledger.clone()).unwrap();
    assert_eq!(report.written.local.deleted, 0);
    assert_eq!(hub.made(), made, "nothing is written because a listing is wrong");
}

#[test]
fn what_is_out_of_the_bin_comes_back_to_the_other_side() {
    let (hub, _) = Hub::linked();
    for crashes in [false, true] {
        let item = Hub::one(&hub.remotes[1]).id;
        hub.remotes[1].person_deletes(&item);
        if crashes {
            // The deletion has been carried over, and the process ends before the link is forgotten.
            let local: Arc<dyn Replica<Note>> = hub.local.clone();
            let ends = Arc::new(Script::at(3, Fate::FailBefore(ErrorKind::Unavailable)));
            let failing = Arc::new(Faulty::new(local, ends));
            hub.run_over(1, failing, hub.remotes[1].clone(), hub.ledger.clone());
        } else {
            hub.run(1);
        }
        assert_eq!(hub.remotes[1].person_restores(&item).map(|stored| stored.id), Some(item.clone()));
        hub.settle();
        assert_eq!(Hub::one(&hub.remotes[1]).id, item, "crashes {crashes}");
        Hub::one(&hub.local);
        Hub::one(&hub.remotes[0]);
    }
}

#[test]
fn a_key_that_another_link_has_used_up_does_not_keep_a_pair_busy() {
    // Calendar-like: the id is the key. A copy is replaced, the first comes out of the bin, and both are
    // deleted and edited again: two links follow one line of keys.
    let hub = Hub::new();
    let row = hub.local.person_creates(Note { title: "a".into(), ..Note::default() });
    let run = || hub.run(0);
    (0..3).for_each(|_| drop(run()));
    let first = Hub::one(&hub.remotes[0]).id;
    hub.remotes[0].person_deletes(&first);
    hub.local.person_edits(&row, |note| note.title = "b".into());
    (0..3).for_each(|_| drop(run()));
    hub.remotes[0].person_restores(&first);
    (0..3).for_each(|_| drop(run()));
    assert_eq!((hub.local.alive().len(), hub.remotes[0].alive().len()), (2, 2));
    let twin = hub.local.alive().into_iter().find(|stored| stored.id != row).unwrap().id;
    hub.remotes[0].person_deletes(&first);
    hub.local.person_edits(&twin, |note| note.title = "c".into());
    (0..4).for_each(|_| drop(run()));
    let made = hub.made();
    run();
    assert_eq!(hub.made(), made, "the pair comes to rest (I1, I22)");
    assert_eq!(hub.local.alive().len(), hub.remotes[0].alive().len());
    let links = hub.ledger.all_links(&PairId::new("p0"));
    assert!(links.iter().all(|link| link.alive(Side::Local).is_some() && link.alive(Side::Remote).is_some()));
}

#[test]
fn an_edit_made_over_a_write_whose_answer_was_lost_is_no_conflict() {
    let (hub, row) = Hub::linked();
    hub.local.person_edits(&row, |note| note.title = "ours".into());
    let remote: Arc<dyn Replica<Note>> = hub.remotes[0].clone();
    // A listing, then the write: its answer is lost.
    let lost =
        Arc::new(Faulty::new(remote, Arc::new(Script::at(1, Fate::FailAfter(ErrorKind::Unavailable)))));
    hub.run_over(0, hub.local.clone(), lost, hub.ledger.clone()).unwrap();
    let written = Hub::one(&hub.remotes[0]);
    assert_eq!(written.record.title, "ours", "it had landed");
    hub.remotes[0].person_edits(&written.id, |note| note.title = "typed over ours".into());
    hub.settle();
    for replica in [&hub.local, &hub.remotes[0], &hub.remotes[1]] {
        assert_eq!(
            Hub::one(replica).record.title,
            "typed over ours",
            "the stamp says that they had seen ours"
        );
    }
}

#[test]
fn a_row_brought_back_before_its_create_was_found_is_the_record_that_was_made() {
    let hub = Hub::new();
    let item = hub.remotes[0].person_creates(Note { title: "old".into(), ..Note::default() });
    let local: Arc<dyn Replica<Note>> = hub.local.clone();
    let lost = Arc::new(Faulty::new(local, Arc::new(Script::at(1, Fate::FailAfter(ErrorKind::Unavailable)))));
    hub.run_over(0, lost, hub.remotes[0].clone(), hub.ledger.clone()).unwrap();
    let row = Hub::one(&hub.local).id;
    hub.run(1);
    // Edited there, deleted here: the other pair brings it back.
    let other = Hub::one(&hub.remotes[1]).id;
    hub.remotes[1].person_edits(&other, |note| note.title = "new".into()).unwrap();
    assert!(hub.local.person_deletes(&row));
    hub.run(1);
    assert_ne!(Hub::one(&hub.local).id, row);
    hub.settle();
    for (replica, id) in [(&hub.remotes[0], item), (&hub.remotes[1], other)] {
        let stored = Hub::one(replica);
        assert_eq!((stored.id, stored.record.title.as_str()), (id, "new"));
    }
    assert_eq!(Hub::one(&hub.local).record.title, "new");
    assert_eq!(hub.ledger.all_links(&PairId::new("p0")).len(), 1);
}

#[test]
fn an_answer_to_a_clash_is_kept_beside_the_bases_and_not_in_them() {
    let (hub, row) = Hub::linked();
    let there = Hub::one(&hub.remotes[0]).id;
    hub.local.person_edits(&row, |note| note.title = "here".into());
    hub.remotes[0].person_edits(&there, |note| note.title = "there".into());
    hub.run(0);
    let pair = PairId::new("p0");
    let link = hub.ledger.all_links(&pair).remove(0);
    let title = passerelle_ports::Field::new("title");
    assert_eq!(link.held, std::slice::from_ref(&title));
    let settings = PairSettings::new(
        pair.clone(),
        InstallationId::new("here"),
        Rules::default(),
        uuid::Uuid::from_u128(1),
    );
    let sides = Sides {
        local: hub.local.clone() as Arc<dyn Replica<Note>>,
        remote: hub.remotes[0].clone() as Arc<dyn Replica<Note>>,
    };
    let ledger = hub.ledger.clone() as Arc<dyn Ledger<Note>>;
    let engine = Engine::new(settings, sides, ledger, hub.clock.clone(), hub.ids.clone());
    finish(engine.resolve(link.id, &title, Side::Remote)).unwrap().unwrap();
    let answered = hub.ledger.all_links(&pair).remove(0);
    assert_eq!(answered.bases, link.bases, "what the two last agreed on is what it was");
    // The other pair puts the old value back: what the person answered about is gone, and the two do not count
    // as agreed.
    hub.local.person_edits(&row, |note| note.title = "old".into());
    hub.settle();
    assert_eq!(Hub::one(&hub.local).record.title, Hub::one(&hub.remotes[0]).record.title);
}
