//! Runs over strict fakes: what people see.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use passerelle_engine::{Approval, Engine, EngineError, PairSettings, RunReport, Silent};
use passerelle_ports::{
    Clock, Cursor, EntriesOf, ErrorKind, Field, From, Ids, InstallationId, ItemId, Ledger, Link, LinkState,
    Next, Page, PageToken, PairId, Replica, RunId, Side, Sides,
};
use passerelle_sync_rules::{Deletes, Direction, FieldPattern, Policy, Rules, Trip};
use passerelle_testkit::{
    Fate, Faulty, MemLedger, MemOptions, MemReplica, MockReplica, Note, POISON, Script, TestClock, TestIds,
    WriteFate, finish,
};

struct House {
    clock: Arc<TestClock>,
    ids: Arc<TestIds>,
    local: Arc<MemReplica<Note>>,
    remote: Arc<MemReplica<Note>>,
    ledger: Arc<MemLedger<Note>>,
    rules: Rules,
}

fn house() -> House {
    let clock = Arc::new(TestClock::new());
    let refuses = Arc::new(|note: &Note| note.title == POISON);
    House {
        ids: Arc::new(TestIds::new(7)),
        local: Arc::new(MemReplica::new(MemOptions::local(), Arc::clone(&clock) as Arc<dyn Clock>)),
        remote: Arc::new(MemReplica::new(
            MemOptions { refuses, ..MemOptions::remote() },
            Arc::clone(&clock) as Arc<dyn Clock>,
        )),
        ledger: Arc::new(MemLedger::default()),
        rules: Rules::default(),
        clock,
    }
}

impl House {
    fn pair(&self) -> PairId {
        PairId::new("anne")
    }

    fn engine_over(&self, remote: Arc<dyn Replica<Note>>) -> Engine<Note> {
        self.engine_up_to(1_000_000, remote)
    }

    /// An engine that reads listings of so many items.
    fn engine_up_to(&self, listing_max: u64, remote: Arc<dyn Replica<Note>>) -> Engine<Note> {
        let settings = PairSettings::new(
            self.pair(),
            InstallationId::new("here"),
            self.rules.clone(),
            uuid::Uuid::from_u128(9),
        );
        let settings = PairSettings { listing_max, ..settings };
        Engine::new(
            settings,
            Sides { local: self.local.clone() as Arc<dyn Replica<Note>>, remote },
            self.ledger.clone() as Arc<dyn Ledger<Note>>,
            self.clock.clone() as Arc<dyn Clock>,
            self.ids.clone() as Arc<dyn Ids>,
        )
    }

    fn engine(&self) -> Engine<Note> {
        self.engine_over(self.remote.clone())
    }

    fn later(&self) {
        self.clock.advance(Duration::from_secs(300));
    }

    fn run(&self) -> RunReport {
        self.run_with(None)
    }

    fn run_with(&self, approval: Option<Approval>) -> RunReport {
        self.later();
        finish(self.engine().run(approval, &Silent)).unwrap().unwrap()
    }

    fn undo(&self, run: RunId) -> RunReport {
        self.later();
        finish(self.engine().undo(&EntriesOf::Run(run), None, &Silent)).unwrap().unwrap()
    }

    /// Runs until a run is quiet; three runs are enough.
    fn settle(&self) {
        for _ in 0..3 {
            self.run();
        }
        assert!(self.run().is_quiet(), "still moving: {:?}", self.run());
    }

    fn titles(&self) -> (Vec<String>, Vec<String>) {
        let of = |replica: &MemReplica<Note>| {
            let mut titles: Vec<String> = replica.alive().into_iter().map(|s| s.record.title).collect();
            titles.sort();
            titles
        };
        (of(&self.local), of(&self.remote))
    }

    fn links(&self) -> Vec<Link<Note>> {
        self.ledger.all_links(&self.pair())
    }

    fn linked(&self, title: &str) -> (ItemId, ItemId) {
        let local = self.local.person_creates(Note::new(title, title));
        self.settle();
        let link = self.links().into_iter().find(|link| link.item(Side::Local) == Some(&local)).unwrap();
        (local, link.item(Side::Remote).unwrap().clone())
    }
}

fn both(titles: &[&str]) -> (Vec<String>, Vec<String>) {
    let titles: Vec<String> = titles.iter().map(|t| (*t).to_owned()).collect();
    (titles.clone(), titles)
}

fn only(titles: &[&str]) -> Vec<String> {
    both(titles).0
}

#[test]
fn what_is_on_one_side_comes_to_the_other() {
    let house = house();
    house.local.person_creates(Note::new("1", "here"));
    house.remote.person_creates(Note::new("2", "there"));
    house.settle();
    assert_eq!(house.titles(), both(&["here", "there"]));
}

#[test]
fn a_quiet_run_writes_nothing_and_reads_no_link() {
    let house = house();
    house.linked("a");
    let made = house.local.changes_made() + house.remote.changes_made();
    for _ in 0..10 {
        assert!(house.run().is_quiet());
    }
    assert_eq!(house.local.changes_made() + house.remote.changes_made(), made);
}

#[test]
fn first_run_matches_before_it_creates() {
    let house = house();
    house.local.person_creates(Note { body: "mine".into(), ..Note::new("1", "Anne") });
    house.remote.person_creates(Note { label: "theirs".into(), ..Note::new("1", "Anne") });
    house.settle();
    assert_eq!(house.titles(), both(&["Anne"]));
    let there = &house.remote.alive()[0].record;
    assert_eq!((there.body.as_str(), there.label.as_str()), ("mine", "theirs"));
}

#[test]
fn an_edit_travels_and_a_delete_too() {
    let house = house();
    let (local, remote) = house.linked("a");
    house.remote.person_edits(&remote, |note| note.title = "b".into());
    house.settle();
    assert_eq!(house.titles(), both(&["b"]));
    house.local.person_deletes(&local);
    house.linked("other");
    house.settle();
    assert_eq!(house.titles(), both(&["other"]));
}

#[test]
fn an_edit_beats_a_delete() {
    let house = house();
    let (local, remote) = house.linked("a");
    house.linked("other");
    house.remote.person_edits(&remote, |note| note.title = "b".into());
    house.local.person_deletes(&local);
    house.settle();
    assert_eq!(house.titles(), both(&["b", "other"]));
}

#[test]
fn a_clash_waits_for_a_person() {
    let house = house();
    let (local, remote) = house.linked("a");
    house.local.person_edits(&local, |note| note.title = "mine".into());
    house.remote.person_edits(&remote, |note| note.title = "theirs".into());
    house.settle();
    let held = house.links().pop().unwrap();
    assert_eq!(held.held, [Field::new("title")]);
    let engine = house.engine();
    finish(engine.resolve(held.id, &Field::new("title"), Side::Remote)).unwrap().unwrap();
    house.settle();
    assert_eq!(house.titles(), both(&["theirs"]));
    let again = finish(engine.resolve(held.id, &Field::new("title"), Side::Remote)).unwrap();
    assert!(matches!(again, Err(EngineError::DoesNotFit)));
}

#[test]
fn a_policy_decides_a_clash() {
    let mut house = house();
    house.rules.policy = Policy::Local;
    let (local, remote) = house.linked("a");
    house.local.person_edits(&local, |note| note.title = "mine".into());
    house.remote.person_edits(&remote, |note| note.title = "theirs".into());
    house.settle();
    assert_eq!(house.titles(), both(&["mine"]));
}

#[test]
fn our_own_write_makes_nobodys_word_the_newest() {
    let mut house = house();
    house.rules.policy = Policy::Newest;
    let (local, remote) = house.linked("a");
    for (ours, theirs) in [("title here", ""), ("", "title there"), ("both here", "both there")] {
        // Typed in the same second, so that a person has to say who wins the label.
        house.local.person_edits(&local, |note| note.label = format!("here {ours}"));
        house.remote.person_edits(&remote, |note| note.label = format!("there {theirs}"));
        if !ours.is_empty() {
            house.local.person_edits(&local, |note| note.title = ours.into());
        }
        if !theirs.is_empty() {
            house.remote.person_edits(&remote, |note| note.body = theirs.into());
        }
        house.later();
        let preview = finish(house.engine().plan(&Silent)).unwrap().unwrap();
        let report = house.run();
        assert_eq!(report.written, preview.plan.counts.writes, "the dry run tells the truth (I20)");
        house.settle();
        assert_eq!(house.links()[0].held, [Field::new("label")], "{ours:?} {theirs:?}");
    }
}

#[test]
fn lookalikes_wait_for_a_person() {
    let house = house();
    house.local.person_creates(Note::new("1", "Anne"));
    house.remote.person_creates(Note::new("1", "Anne"));
    house.remote.person_creates(Note::new("1", "Anna"));
    house.settle();
    assert_eq!((house.local.alive().len(), house.remote.alive().len()), (1, 2));
    let links = house.links();
    let half = |side: Side, title: &str| {
        links.iter().find(|link| link.alive(side).is_some_and(|s| s.record.title == title)).unwrap().id
    };
    let engine = house.engine();
    finish(engine.join(half(Side::Remote, "Anne"), half(Side::Local, "Anne"), None)).unwrap().unwrap();
    house.settle();
    assert_eq!(house.titles(), (vec!["Anna".into(), "Anne".into()], vec!["Anna".into(), "Anne".into()]));
}

#[test]
fn lookalikes_may_be_told_apart() {
    let house = house();
    house.local.person_creates(Note::new("1", "Anne"));
    house.remote.person_creates(Note::new("1", "Anne B"));
    house.remote.person_creates(Note::new("1", "Anne C"));
    house.settle();
    let engine = house.engine();
    let links = house.links();
    let local = links.iter().find(|link| link.half() == Some(Side::Local)).unwrap().id;
    for remote in links.iter().filter(|link| link.half() == Some(Side::Remote)) {
        finish(engine.tell_apart(local, remote.id)).unwrap().unwrap();
    }
    house.settle();
    assert_eq!(house.titles(), both(&["Anne", "Anne B", "Anne C"]));
}

#[test]
fn a_refused_record_waits_and_the_others_go_on() {
    let house = house();
    house.local.person_creates(Note::new("1", POISON));
    let good = house.local.person_creates(Note::new("2", "good"));
    house.settle();
    assert_eq!(house.remote.alive().len(), 1);
    assert!(house.local.get(&good).is_some());
    let bad = house.local.alive().into_iter().find(|s| s.record.title == POISON).unwrap();
    house.local.person_edits(&bad.id, |note| note.title = "cured".into());
    house.settle();
    assert_eq!(house.titles(), both(&["cured", "good"]));
}

#[test]
fn the_guard_refuses_and_an_approval_names_the_plan() {
    let house = house();
    let rows: Vec<ItemId> =
        (0..15).map(|n| house.local.person_creates(Note::new(n.to_string(), n.to_string()))).collect();
    house.settle();
    for row in &rows[..12] {
        house.local.person_deletes(row);
    }
    let report = house.run();
    let refused = report.refused.unwrap();
    assert_eq!(refused.trips, [Trip::Deletes { side: Side::Remote, planned: 12, allowed: 10 }]);
    assert_eq!(house.remote.alive().len(), 15);
    let other = passerelle_sync_rules::digest_of(&"another plan");
    assert!(house.run_with(Some(Approval::Digest(other))).refused.is_some());
    assert!(house.run_with(Some(Approval::Deletes(11))).refused.is_some());
    assert!(house.run_with(Some(Approval::Digest(refused.digest))).refused.is_none());
    assert_eq!(house.remote.alive().len(), 3);
}

#[test]
fn an_emptied_side_is_not_followed() {
    let house = house();
    let (a, _) = house.linked("a");
    let (b, _) = house.linked("b");
    house.local.person_deletes(&a);
    house.local.person_deletes(&b);
    house.remote.person_creates(Note::new("c", "c"));
    for _ in 0..2 {
        let refused = house.run().refused.unwrap();
        assert!(refused.trips.iter().all(|trip| matches!(trip, Trip::Emptied { side: Side::Local, .. })));
        assert_eq!((refused.deletes, house.remote.alive().len()), (2, 3));
        assert_eq!(house.local.alive().len(), 1, "only the deletions wait");
    }
    assert!(house.run_with(Some(Approval::BringBack(2))).refused.is_none());
    house.settle();
    assert_eq!(house.titles(), both(&["a", "b", "c"]));
}

#[test]
fn an_expired_cursor_deletes_nothing_in_its_run() {
    let house = house();
    let (a, _) = house.linked("a");
    house.linked("b");
    house.remote.expire_cursors();
    house.local.person_deletes(&a);
    let report = house.run();
    assert!(report.complete.remote);
    assert_eq!((report.deferred_deletes, house.remote.alive().len()), (1, 2));
    house.settle();
    assert_eq!(house.titles(), both(&["b"]));
}

/// Returns what a fake lists, otherwise.
fn listing(fake: &Arc<MemReplica<Note>>, from: From) -> Page<Note> {
    finish(fake.changes(from)).unwrap().unwrap()
}

/// A mock in front of a fake: only its listing is another one.
fn listed_by(
    fake: &Arc<MemReplica<Note>>,
    mut changes: impl FnMut(From) -> Page<Note> + Send + 'static,
) -> Arc<MockReplica<Note>> {
    let mut mock = MockReplica::new();
    mock.expect_changes().returning(move |from| Ok(changes(from)));
    let fake = fake.clone() as Arc<dyn Replica<Note>>;
    Arc::new(mock.reading(&fake).writing(&fake))
}

#[test]
fn a_replica_without_cursors_is_kept_in_step_deletions_included() {
    let house = house();
    let run = || {
        house.later();
        let fake = house.remote.clone();
        let forgetful = listed_by(&house.remote, move |from| {
            assert!(!matches!(from, From::Cursor(_)), "a cursor that was never given");
            let page = listing(&fake, from);
            let next = if let Next::End(_) = page.next { Next::End(Cursor::from("")) } else { page.next };
            Page { next, ..page }
        });
        let engine = house.engine_over(forgetful);
        finish(engine.run(None, &Silent)).unwrap().unwrap()
    };
    let [here, _] = ["a", "b"].map(|title| house.local.person_creates(Note::new(title, title)));
    let [there, _] = ["c", "d"].map(|title| house.remote.person_creates(Note::new(title, title)));
    let first = run();
    assert!(first.complete.remote, "the first listing holds deletions back");
    (0..3).for_each(|_| drop(run()));
    assert_eq!(house.titles(), both(&["a", "b", "c", "d"]));
    let quiet = run();
    assert!(quiet.is_quiet() && !quiet.complete.remote, "{quiet:?}");

    house.local.person_deletes(&here);
    house.remote.person_deletes(&there);
    house.remote.person_creates(Note::new("e", "e"));
    (0..3).for_each(|_| drop(run()));
    assert_eq!(house.titles(), both(&["b", "d", "e"]));
    assert!(run().is_quiet());
}

#[test]
fn a_listing_that_leads_nowhere_ends_the_run_and_loses_nothing() {
    // It comes back to where it was, or goes on without news.
    for step in [0, 1] {
        let house = house();
        house.linked("a");
        let (fake, mut place) = (house.remote.clone(), 0);
        let endless = listed_by(&house.remote, move |_| {
            place += step;
            Page { next: Next::Page(PageToken::new(format!("place {place}"))), ..listing(&fake, From::Start) }
        });
        let engine = house.engine_over(endless);
        let report = finish(engine.run(None, &Silent)).unwrap().unwrap();
        assert_eq!(report.stopped.unwrap().kind, ErrorKind::Unexpected);
        house.settle();
        assert_eq!(house.titles(), both(&["a"]));
    }
}

#[test]
fn a_listing_that_brings_ever_more_items_ends_the_run_at_the_ceiling() {
    let house = house();
    house.linked("a");
    let (fake, place) = (house.remote.clone(), Arc::new(AtomicU64::new(0)));
    let pages = place.clone();
    // One more item on each page.
    let more = listed_by(&house.remote, move |_| {
        let place = pages.fetch_add(1, Ordering::Relaxed);
        assert!(place < 10_000, "somebody goes on reading");
        let mut page = listing(&fake, From::Start);
        page.items.truncate(1);
        page.items[0].id = ItemId::new(format!("item {place}"));
        Page { next: Next::Page(PageToken::new(format!("place {place}"))), ..page }
    });
    let engine = house.engine_up_to(20, more);
    let report = finish(engine.run(None, &Silent)).unwrap().unwrap();
    let stopped = report.stopped.unwrap();
    assert_eq!((stopped.kind, place.load(Ordering::Relaxed)), (ErrorKind::Unexpected, 21));
    assert!(report.written.remote.total() + report.written.local.total() == 0);
    house.settle();
    assert_eq!(house.titles(), both(&["a"]));
}

#[test]
fn a_dry_run_writes_nothing_and_tells_the_truth() {
    let house = house();
    house.linked("a");
    house.local.person_creates(Note::new("2", "new"));
    house.later();
    let made = house.remote.changes_made();
    // A write would fail the test: nothing answers it.
    let read_only = MockReplica::new().reading(&(house.remote.clone() as Arc<dyn Replica<Note>>));
    let preview = finish(house.engine_over(Arc::new(read_only)).plan(&Silent)).unwrap().unwrap();
    assert_eq!(house.remote.changes_made(), made);
    assert_eq!(preview.plan.counts.writes.remote.created, 1);
    let report = house.run();
    assert_eq!(report.digest, Some(preview.plan.digest));
}

#[test]
fn a_lost_answer_makes_no_second_copy() {
    for fate in [
        Fate::FailAfter(ErrorKind::Unavailable),
        Fate::CrashAfter,
        Fate::CrashBefore,
        Fate::Partly { each: vec![WriteFate::Lost, WriteFate::NotDone], lost: false },
    ] {
        for at in 0..4 {
            let house = house();
            house.local.person_creates(Note::new("1", "one"));
            house.local.person_creates(Note::new("2", "two"));
            house.later();
            let faulty = Faulty::new(house.remote.clone(), Arc::new(Script::at(at, fate.clone())));
            let engine = house.engine_over(Arc::new(faulty));
            let _ = finish(engine.run(None, &Silent));
            drop(engine);
            house.later();
            house.settle();
            assert_eq!(house.titles(), both(&["one", "two"]), "{fate:?} at {at}");
        }
    }
}

#[test]
fn what_we_made_without_knowing_it_follows_its_source() {
    let house = house();
    let (local, remote) = house.linked("a");
    house.linked("b");
    house.local.person_edits(&local, |note| note.body = "kept".into());
    house.settle();
    house.remote.person_deletes(&remote);
    house.local.person_edits(&local, |note| note.title = "an edit beats a delete".into());
    house.later();
    let lost = Script::at(2, Fate::FailAfter(ErrorKind::Unavailable));
    let _ = finish(
        house.engine_over(Arc::new(Faulty::new(house.remote.clone(), Arc::new(lost)))).run(None, &Silent),
    );
    assert_eq!(house.remote.alive().len(), 2, "made again, and the answer is lost");
    // Deleted by somebody who had seen all of it: that we learn late of what we made is no reason to bring it back.
    house.local.person_deletes(&local);
    house.settle();
    assert_eq!(house.titles(), both(&["b"]));
}

#[test]
fn undo_puts_back_and_can_be_undone() {
    let house = house();
    let (local, remote) = house.linked("a");
    let (gone, _) = house.linked("gone");
    house.local.person_edits(&local, |note| note.title = "b".into());
    house.local.person_deletes(&gone);
    house.local.person_creates(Note::new("9", "new"));
    let report = house.run();
    house.settle();
    assert_eq!(house.titles(), both(&["b", "new"]));
    let undone = house.undo(report.run);
    assert_eq!(undone.not_undone, 0, "{undone:?}");
    house.settle();
    let (here, there) = house.titles();
    assert_eq!(there, ["a", "gone"]);
    assert_eq!(here, ["a", "gone", "new"], "an undone create leaves its source alone");
    assert!(house.remote.get(&remote).is_some());
    house.undo(undone.run);
    house.settle();
    assert_eq!(house.titles().1, ["b", "new"]);
}

#[test]
fn what_an_undo_left_on_one_side_travels_again_once_it_is_edited() {
    for made in Side::BOTH {
        let house = house();
        let (here, there) = (house.local.clone(), house.remote.clone());
        let own = if made == Side::Local { here } else { there };
        let item = own.person_creates(Note::new("1", "a"));
        let report = house.run();
        house.undo(report.run);
        house.settle();
        let alone = house.links().pop().unwrap();
        assert_eq!((alone.half(), alone.state), (Some(made), LinkState::Released), "it rests");
        own.person_edits(&item, |note| note.body = "typed by a person".into()).unwrap();
        house.settle();
        assert_eq!(house.titles(), both(&["a"]));
        assert_eq!(house.remote.alive()[0].record.body, "typed by a person");
        assert_eq!(house.local.alive()[0].record.body, "typed by a person");
        own.person_edits(&item, |note| note.title = "b".into()).unwrap();
        house.settle();
        assert_eq!(house.titles(), both(&["b"]), "and it is like any other again");
    }
}

#[test]
fn what_was_typed_before_the_undo_of_its_creation_travels_with_the_next_edit() {
    let house = house();
    let item = house.local.person_creates(Note::new("1", "a"));
    let report = house.run();
    house.local.person_edits(&item, |note| note.body = "before".into()).unwrap();
    let undone = house.undo(report.run);
    house.settle();
    assert!(house.titles().1.is_empty(), "an undo is not undone by what was typed before it");
    house.undo(undone.run);
    house.settle();
    assert_eq!((house.remote.alive().len(), house.remote.alive()[0].record.body.as_str()), (1, "before"));
}

#[test]
fn what_was_deleted_brought_back_and_deleted_again_comes_back_when_time_is_turned_back() {
    let house = house();
    let (a, _) = house.linked("a");
    house.linked("b");
    house.later();
    let noon = house.clock.now();
    house.local.person_deletes(&a);
    let report = house.run();
    house.settle();
    house.undo(report.run);
    house.settle();
    assert_eq!(house.titles(), both(&["a", "b"]));
    let again = house.local.alive().into_iter().find(|stored| stored.record.title == "a").unwrap();
    house.local.person_deletes(&again.id);
    house.run();
    house.settle();
    assert_eq!(house.titles(), both(&["b"]));
    let since = EntriesOf::PairSince(house.pair(), noon);
    house.later();
    let plan = finish(house.engine().plan_undo(&since, &Silent)).unwrap().unwrap();
    house.later();
    let undone = finish(house.engine().undo(&since, None, &Silent)).unwrap().unwrap();
    assert_eq!(undone.not_undone, 0, "{undone:?}");
    house.settle();
    assert_eq!(house.titles(), both(&["a", "b"]), "one of each: none missing, none twice");
    assert_eq!(plan.plan.counts.writes, undone.written, "the preview says what happens");
}

#[test]
fn an_undone_deletion_brings_back_what_only_the_other_side_held() {
    let house = house();
    let (local, _) = house.linked("a");
    house.linked("b");
    assert!(house.local.person_etches(&local, serde_json::json!({ "own": "kept" })));
    house.settle();
    house.local.person_deletes(&local);
    let report = house.run();
    house.settle();
    assert_eq!(house.titles(), both(&["b"]));
    house.undo(report.run);
    house.settle();
    assert_eq!(house.titles(), both(&["a", "b"]));
    let back = house.local.alive().into_iter().find(|stored| stored.record.title == "a").unwrap();
    assert_eq!(back.opaque.0["own"], "kept");
}

#[test]
fn an_undone_deletion_passes_by_the_names_of_former_lives() {
    // Calendar-like: the id is the key. A deleted item is replaced, the replacement is deleted too, and the first
    // one comes out of the bin: the name that would replace it is used up.
    let mut house = house();
    let options = MemOptions { client_ids: true, ..MemOptions::remote() };
    house.remote = Arc::new(MemReplica::new(options, house.clock.clone() as Arc<dyn Clock>));
    let (local, first) = house.linked("a");
    house.linked("b");
    let item_of = |replica: &MemReplica<Note>| {
        replica.alive().into_iter().find(|stored| stored.record.title == "a").unwrap().id
    };
    house.remote.person_deletes(&first);
    house.local.person_edits(&local, |note| note.body = "edited".into());
    house.settle();
    let second = item_of(&house.remote);
    assert_ne!(second, first);
    house.remote.person_deletes(&second);
    house.settle();
    house.remote.person_restores(&first);
    house.settle();
    house.local.person_deletes(&item_of(&house.local));
    let report = house.run();
    assert_eq!(report.written.remote.deleted, 1, "{report:?}");
    house.settle();
    let undone = house.undo(report.run);
    assert_eq!(undone.not_undone, 0, "{undone:?}");
    assert_eq!(undone.written.remote.created, 1, "{undone:?}");
    house.settle();
    assert_eq!(house.titles(), both(&["a", "b"]));
}

#[test]
fn a_deletion_is_undone_under_the_link_of_what_is_out_of_the_bin() {
    let house = house();
    let (_, remote) = house.linked("a");
    house.linked("b");
    house.remote.person_deletes(&remote);
    let report = house.run();
    house.settle();
    assert_eq!((house.titles(), house.links().len()), (both(&["b"]), 1), "its own link is forgotten");
    // Out of its bin, the other side's item gets a new link: the undo has to find that one.
    house.remote.person_restores(&remote);
    let undone = house.undo(report.run);
    assert_eq!(undone.not_undone, 0, "{undone:?}");
    house.settle();
    assert_eq!(house.titles(), both(&["a", "b"]));
    assert_eq!(house.links().len(), 2);
}

#[test]
fn a_deletion_is_not_undone_where_somebody_has_entered_the_record_again() {
    let house = house();
    let (local, _) = house.linked("a");
    house.linked("b");
    house.local.person_deletes(&local);
    let report = house.run();
    house.settle();
    house.local.person_creates(Note::new("a", "a"));
    house.settle();
    let undone = house.undo(report.run);
    assert_eq!(undone.not_undone, 1, "{undone:?}");
    house.settle();
    assert_eq!(house.titles(), both(&["a", "b"]), "one of each");
}

#[test]
fn undo_writes_nothing_that_the_rules_withhold_today() {
    let mut house = house();
    let (local, _) = house.linked("a");
    house.local.person_edits(&local, |note| {
        note.body = "told".into();
        note.label = "shown".into();
    });
    let report = house.run();
    house.settle();
    house.rules.fields = vec![(FieldPattern::new("body"), Direction::Neither)];
    house.settle();
    house.undo(report.run);
    house.settle();
    let there = house.remote.alive().remove(0).record;
    assert_eq!((there.body.as_str(), there.label.as_str()), ("told", ""), "the body no longer travels");
}

#[test]
fn changed_rules_wait_until_their_plan_was_seen() {
    let mut house = house();
    house.linked("a");
    let (b, _) = house.linked("b");
    house.rules.fields = vec![(FieldPattern::new("title"), Direction::Neither)];
    assert!(house.run().refused.is_none(), "a change that writes nothing stops nothing");
    house.local.person_edits(&b, |note| note.title = "c".into());
    house.settle();
    assert_eq!(house.titles(), (vec!["a".into(), "c".into()], vec!["a".into(), "b".into()]));
    house.rules.fields.clear();
    for _ in 0..2 {
        let refused = house.run().refused.unwrap();
        assert_eq!(refused.trips, [Trip::RulesChanged { planned: 1 }]);
        assert_eq!(refused.steps.len(), 1);
    }
    let digest = house.run().refused.unwrap().digest;
    assert!(house.run_with(Some(Approval::Digest(digest))).refused.is_none());
    house.settle();
    assert_eq!(house.titles(), both(&["a", "c"]));
}

#[test]
fn deletions_that_are_stopped_stop_nothing_else() {
    let house = house();
    let rows: Vec<ItemId> =
        (0..30).map(|n| house.local.person_creates(Note::new(n.to_string(), n.to_string()))).collect();
    house.settle();
    for row in &rows[..12] {
        house.local.person_deletes(row);
    }
    house.local.person_edits(&rows[20], |note| note.body = "edited".into()).unwrap();
    house.local.person_creates(Note::new("new", "new"));
    for _ in 0..2 {
        let report = house.run();
        let refused = report.refused.unwrap();
        assert_eq!((refused.deletes, refused.steps.len()), (12, 12), "the deletions only");
        assert_eq!(house.remote.alive().len(), 31, "the others went on, nothing is deleted");
        assert!(house.remote.alive().iter().any(|stored| stored.record.body == "edited"));
    }
    assert!(house.run_with(Some(Approval::Deletes(12))).refused.is_none(), "the number that was shown holds");
    assert_eq!(house.remote.alive().len(), 19);
}

#[test]
fn what_was_deleted_by_accident_is_brought_back_from_the_other_side() {
    for side in Side::BOTH {
        let house = house();
        let rows: Vec<ItemId> =
            (0..30).map(|n| house.local.person_creates(Note::new(n.to_string(), n.to_string()))).collect();
        house.settle();
        let (lost, kept) =
            if side == Side::Local { (&house.local, &house.remote) } else { (&house.remote, &house.local) };
        let gone: Vec<ItemId> = lost.alive().into_iter().map(|stored| stored.id).take(12).collect();
        gone.iter().for_each(|item| assert!(lost.person_deletes(item)));
        house.local.person_edits(&rows[29], |note| note.body = "edited".into());
        assert!(house.run_with(Some(Approval::BringBack(12))).refused.is_some(), "nobody has seen it");
        assert!(house.run_with(Some(Approval::BringBack(11))).refused.is_some());
        assert!(house.run_with(Some(Approval::BringBack(12))).refused.is_none());
        house.settle();
        assert_eq!((lost.alive().len(), kept.alive().len()), (30, 30));
        let (here, there) = house.titles();
        assert_eq!(here, there);
        // Whoever is deleted later is deleted.
        let one = lost.alive()[0].id.clone();
        lost.person_deletes(&one);
        house.settle();
        assert_eq!((lost.alive().len(), kept.alive().len()), (29, 29));
    }
}

#[test]
fn a_number_approves_only_a_plan_that_was_shown() {
    let house = house();
    let rows: Vec<ItemId> =
        (0..30).map(|n| house.local.person_creates(Note::new(n.to_string(), n.to_string()))).collect();
    house.settle();
    for row in &rows[..12] {
        house.local.person_deletes(row);
    }
    assert!(house.run_with(Some(Approval::Deletes(12))).refused.is_some(), "nobody has seen it");
    assert!(house.run_with(Some(Approval::Deletes(12))).refused.is_none());
    assert_eq!(house.remote.alive().len(), 18);
}

#[test]
fn a_ping_pong_is_left_alone_and_the_others_go_on() {
    let house = house();
    let (local, remote) = house.linked("a");
    let (other, _) = house.linked("b");
    let mut stopped = None;
    for round in 0..10 {
        house.local.person_edits(&local, |note| note.body = format!("ours {round}"));
        house.run();
        house.remote.person_edits(&remote, |note| note.body = format!("theirs {round}"));
        house.run();
        let is_stopped = |link: &Link<Note>| matches!(link.state, LinkState::Rejected(_));
        if house.links().iter().any(is_stopped) {
            stopped = Some(round);
            break;
        }
    }
    assert!(matches!(stopped, Some(2..=4)), "{stopped:?}");
    house.local.person_edits(&other, |note| note.body = "calm".into());
    house.run();
    assert!(house.remote.alive().iter().any(|stored| stored.record.body == "calm"));
    // A person says: try again. What was written before their word is no evidence against it.
    let is_stopped = |link: &&Link<Note>| matches!(link.state, LinkState::Rejected(_));
    let id = house.links().iter().find(is_stopped).unwrap().id;
    finish(house.engine().retry(id)).unwrap().unwrap();
    house.run();
    assert_eq!(house.links().iter().filter(is_stopped).count(), 0);
    let bodies = |replica: &MemReplica<Note>, item: &ItemId| replica.get(item).unwrap().record.body;
    assert_eq!(bodies(&house.local, &local), bodies(&house.remote, &remote));
    let mut again = false;
    for round in 10..20 {
        house.local.person_edits(&local, |note| note.body = format!("ours {round}"));
        house.run();
        again |= house.links().iter().any(|link| is_stopped(&link));
        house.remote.person_edits(&remote, |note| note.body = format!("theirs {round}"));
        house.run();
        again |= house.links().iter().any(|link| is_stopped(&link));
    }
    assert!(again, "whoever goes on in circles is stopped again");
}

#[test]
fn a_persons_own_value_leaves_the_other_fields_waiting() {
    let house = house();
    let (local, remote) = house.linked("a");
    house.local.person_edits(&local, |note| (note.body, note.label) = ("here".into(), "here".into()));
    house.remote.person_edits(&remote, |note| (note.body, note.label) = ("there".into(), "there".into()));
    house.run();
    let link = house.links().pop().unwrap();
    assert_eq!(link.held, [Field::new("body"), Field::new("label")]);
    house.later();
    finish(house.engine().amend(link.id, &Field::new("body"), &"mine".into())).unwrap().unwrap();
    let link = house.links().pop().unwrap();
    assert!(link.held.contains(&Field::new("label")), "a person is still asked: {:?}", link.held);
    house.run();
    let link = house.links().pop().unwrap();
    assert_eq!(link.held, [Field::new("label")]);
    assert_eq!(house.remote.alive()[0].record.body, "mine");
}

#[test]
fn a_persons_own_value_settles_a_clash_and_is_in_the_history() {
    let house = house();
    let (local, remote) = house.linked("a");
    house.local.person_edits(&local, |note| note.body = "here".into());
    house.remote.person_edits(&remote, |note| note.body = "there".into());
    house.run();
    let link = house.links().pop().unwrap();
    let field = Field::new("body");
    assert_eq!(link.held, std::slice::from_ref(&field));
    house.later();
    let report = finish(house.engine().amend(link.id, &field, &"mine".into())).unwrap().unwrap();
    assert_eq!(report.written.local.updated, 1);
    house.settle();
    for replica in [&house.local, &house.remote] {
        assert_eq!(replica.alive()[0].record.body, "mine");
    }
    let wrong = finish(house.engine().amend(link.id, &field, &"again".into())).unwrap();
    assert!(matches!(wrong, Err(EngineError::DoesNotFit)), "nothing waits any more");
    // Taking the answer back brings the former value back to both sides.
    house.undo(report.run);
    house.settle();
    assert_eq!(house.local.alive()[0].record.body, "here");
}

#[test]
fn a_restored_ledger_lists_everything_and_deletes_nothing() {
    let house = house();
    let (a, _) = house.linked("a");
    house.linked("b");
    finish(house.engine().relist()).unwrap().unwrap();
    house.local.person_deletes(&a);
    let report = house.run();
    assert!(report.complete.local && report.complete.remote);
    assert_eq!(house.remote.alive().len(), 2);
}

#[test]
fn an_unlink_rule_leaves_the_other_side_alone() {
    let mut house = house();
    house.rules.deletes.remote = Deletes::Unlink;
    let (_, remote) = house.linked("a");
    house.linked("b");
    house.remote.person_deletes(&remote);
    house.settle();
    assert_eq!(house.titles(), (vec!["a".into(), "b".into()], vec!["b".into()]));
}

#[test]
fn a_narrower_filter_deletes_nothing() {
    let mut house = house();
    house.linked("a");
    let condition = passerelle_sync_rules::Condition {
        fields: FieldPattern::new("category"),
        test: passerelle_sync_rules::Test::Present,
    };
    house.rules.scope.all.push(condition);
    house.settle();
    assert_eq!(house.titles(), both(&["a"]));
}

#[test]
fn a_read_only_side_is_never_written() {
    let clock = Arc::new(TestClock::new());
    let base = house();
    let remote = Arc::new(MemReplica::new(
        MemOptions { writable: false, ..MemOptions::remote() },
        Arc::clone(&clock) as Arc<dyn Clock>,
    ));
    let house = House {
        local: Arc::new(MemReplica::new(MemOptions::local(), Arc::clone(&clock) as Arc<dyn Clock>)),
        remote,
        clock,
        ..base
    };
    house.local.person_creates(Note::new("1", "here"));
    house.remote.person_creates(Note::new("2", "there"));
    house.settle();
    assert_eq!(house.titles(), (vec!["here".into(), "there".into()], vec!["there".into()]));
}

#[test]
fn two_processes_never_run_one_pair() {
    let house = house();
    let lease = passerelle_ports::Lease {
        pair: house.pair(),
        holder: uuid::Uuid::from_u128(1),
        until: house.clock.now() + Duration::from_secs(600),
    };
    assert!(finish(house.ledger.lease(&lease, house.clock.now())).unwrap().unwrap());
    let refused = finish(house.engine().run(None, &Silent)).unwrap();
    assert!(matches!(refused, Err(EngineError::Busy)));
    house.clock.advance(Duration::from_secs(601));
    assert!(finish(house.engine().run(None, &Silent)).unwrap().is_ok());
}

#[test]
fn what_was_refused_can_be_given_up() {
    let house = house();
    let (local, remote) = house.linked("a");
    house.local.person_edits(&local, |note| (note.title, note.body) = (POISON.into(), "mine".into()));
    let alone = house.local.person_creates(Note::new("9", POISON));
    house.run();
    let is_refused = |link: &Link<Note>| matches!(link.state, LinkState::Rejected(_));
    let refused: Vec<_> = house.links().into_iter().filter(is_refused).collect();
    assert_eq!(refused.len(), 2);
    for link in &refused {
        finish(house.engine().give_up(link.id)).unwrap().unwrap();
    }
    house.settle();
    assert!(!house.links().iter().any(is_refused));
    let title = |replica: &MemReplica<Note>, item: &ItemId| replica.get(item).unwrap().record.title;
    assert_eq!((title(&house.local, &local), title(&house.remote, &remote)), ("a".into(), "a".into()));
    assert_eq!(house.local.get(&local).unwrap().record.body, house.remote.get(&remote).unwrap().record.body);
    assert_eq!((title(&house.local, &alone), house.remote.alive().len()), (POISON.into(), 1));
    let again = finish(house.engine().give_up(refused[0].id)).unwrap();
    assert!(matches!(again, Err(EngineError::DoesNotFit)), "{again:?}");
}

#[test]
fn what_a_side_cannot_hold_is_told() {
    let mut house = house();
    let spelling = Arc::new(|note: &mut Note, _: Option<&Note>| note.label.clear());
    house.remote = Arc::new(MemReplica::new(
        MemOptions { spelling, ..MemOptions::remote() },
        Arc::clone(&house.clock) as Arc<dyn Clock>,
    ));
    let mut note = Note::new("1", "a");
    note.label = "kept here".into();
    house.local.person_creates(note);
    let report = house.run();
    assert_eq!(report.losses.len(), 1, "{report:?}");
    assert_eq!((report.losses[0].side, &report.losses[0].fields), (Side::Remote, &vec![Field::new("label")]));
    house.settle();
    assert_eq!(house.local.alive()[0].record.label, "kept here");
    // A write of which nothing takes is none, and it is not sent again.
    house.local.person_edits(&house.local.alive()[0].id.clone(), |note| note.label = "kept there".into());
    let report = house.run();
    assert_eq!((report.written.remote.updated, report.losses.len()), (0, 1), "{report:?}");
    let report = house.run();
    assert_eq!((report.written.remote.updated, report.losses.len()), (0, 0), "{report:?}");
}

impl House {
    fn rejected(&self) -> u64 {
        finish(self.ledger.counts(&self.pair())).unwrap().unwrap().rejected
    }
}

#[test]
fn what_cannot_be_read_is_set_aside_and_never_gone() {
    for nameless in [false, true] {
        let house = house();
        let ids = ["a", "b", "c"].map(|title| house.remote.person_creates(Note::new(title, title)));
        house.settle();
        assert_eq!(house.titles(), both(&["a", "b", "c"]));
        house.remote.set_unreadable(&ids[1], true);
        house.remote.set_nameless(nameless);
        house.remote.person_edits(&ids[1], |note| note.title = "b2".into());
        house.remote.person_edits(&ids[2], |note| note.title = "c2".into());
        house.local.person_creates(Note::new("d", "d"));
        for _ in 0..4 {
            // Cursors that expire make complete listings: what those leave out would be looked for.
            house.remote.expire_cursors();
            let report = house.run();
            assert_eq!(report.stopped, None);
        }
        let (here, there) = house.titles();
        assert_eq!(
            (here, there),
            (only(&["a", "b", "c2", "d"]), only(&["a", "b2", "c2", "d"])),
            "{nameless}"
        );
        assert_eq!(house.rejected(), 1, "{nameless}");
        house.remote.set_unreadable(&ids[1], false);
        house.settle();
        assert_eq!(house.titles(), both(&["a", "b2", "c2", "d"]), "{nameless}");
        assert_eq!(house.rejected(), 0);
    }
}

#[test]
fn what_turns_up_unreadable_waits_under_its_name() {
    let house = house();
    house.linked("a");
    let id = house.remote.person_creates(Note::new("b", "b"));
    house.remote.set_unreadable(&id, true);
    house.settle();
    assert_eq!(house.titles(), (only(&["a"]), only(&["a", "b"])));
    let waiting = finish(house.ledger.attention(&house.pair(), None, 9)).unwrap().unwrap();
    assert_eq!(waiting.len(), 1);
    assert_eq!(waiting[0].item(Side::Remote), Some(&id));
    house.remote.person_deletes(&id);
    house.settle();
    assert_eq!((house.titles(), house.rejected()), (both(&["a"]), 0));

    let id = house.remote.person_creates(Note::new("c", "c"));
    house.remote.set_unreadable(&id, true);
    house.settle();
    house.remote.set_unreadable(&id, false);
    house.settle();
    assert_eq!((house.titles(), house.rejected()), (both(&["a", "c"]), 0));
}

#[test]
fn what_a_listing_shows_unread_is_not_forgotten() {
    let house = house();
    let id = house.remote.person_creates(Note::new("a", "a"));
    house.settle();
    house.remote.person_edits(&id, |note| note.title = "a2".into());
    house.remote.set_unreadable(&id, true);
    house.later();
    house.run();
    house.remote.set_unreadable(&id, false);
    house.settle();
    assert_eq!(house.titles(), both(&["a2"]));
}

#[test]
fn a_record_that_a_side_fails_at_stops_only_itself() {
    let house = house();
    house.remote.set_fails(Some(Arc::new(|note: &Note| note.title.starts_with("bad"))));
    for title in ["a", "b", "bad", "c", "d", "e", "f"] {
        house.local.person_creates(Note::new(title, title));
    }
    (0..6).for_each(|_| {
        house.later();
        house.run();
    });
    let good = ["a", "b", "c", "d", "e", "f"];
    assert_eq!(house.titles().1, only(&good));
    assert_eq!(house.rejected(), 1, "it is named");
    house.local.person_creates(Note::new("g", "g"));
    (0..2).for_each(|_| drop(house.run()));
    assert!(house.titles().1.contains(&"g".to_owned()), "the rest goes on");
    house.remote.set_fails(None);
    house.settle();
    assert_eq!(house.titles(), both(&["a", "b", "bad", "c", "d", "e", "f", "g"]));
    assert_eq!(house.rejected(), 0);
}

#[test]
fn a_side_that_fails_at_everything_ends_the_run() {
    let house = house();
    house.remote.set_fails(Some(Arc::new(|_: &Note| true)));
    for title in ["a", "b", "c", "d", "e", "f", "g", "h", "i"] {
        house.local.person_creates(Note::new(title, title));
    }
    house.later();
    assert_eq!(house.run().stopped.unwrap().kind, ErrorKind::ItemFailed);
    house.remote.set_fails(None);
    house.settle();
    assert_eq!(house.titles().1.len(), 9);
}
