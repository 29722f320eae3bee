//! The ledger answers as the reference ledger does, whatever transactions it is given.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod support;

use std::{collections::BTreeSet, fmt::Debug};

use chrono::{DateTime, TimeDelta, Utc};
use passerelle_ports::{
    Changes, Copy, Cursor, EntriesOf, Entry, EntryId, Field, Find, ItemId, Lease, Ledger, Link, LinkId,
    LinkState, MatchKey, Op, Opaque, Outcome, PairId, PortResult, Record, RunId, RunKind, Side, Sides, Slice,
    Stored, Stranger, Trail, Version,
};
use passerelle_testkit::{MemLedger, Note};
use proptest::{collection::vec, option, prelude::*};
use support::{company, entry};
use uuid::Uuid;

/// One step of a history, in small numbers.
#[derive(Clone, Debug)]
struct Step {
    forget: Vec<u8>,
    links: Vec<LinkOf>,
    strangers: Vec<(bool, u8)>,
    known: Vec<(bool, u8)>,
    met: Option<(bool, Vec<u8>)>,
    absent: bool,
    open: Vec<(u8, bool, bool)>,
    close: Vec<(u8, u8)>,
    rules: bool,
    cursor: Option<bool>,
    pair: bool,
}

#[derive(Clone, Debug)]
struct LinkOf {
    id: u8,
    items: [u8; 2],
    alive: [bool; 2],
    look: [bool; 2],
    half: u8,
    due: bool,
    state: u8,
    held: bool,
    version: u8,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let link = (0_u8..6, any::<[bool; 7]>(), [0_u8..9, 0_u8..9], 0_u8..5, 0_u8..6, any::<u8>()).prop_map(
        |(id, flags, items, half, state, version)| {
            let [a, b, c, d, due, held, _] = flags;
            LinkOf { id, items, alive: [a, b], look: [c, d], half, due, state, held, version }
        },
    );
    let sided = || vec((any::<bool>(), 0_u8..9), 0..3);
    let ids = || vec(0_u8..6, 0..2);
    let step = (
        (ids(), vec(link, 0..4), sided(), sided()),
        (
            option::of((any::<bool>(), vec(0_u8..6, 0..4))),
            any::<bool>(),
            any::<bool>(),
            option::of(any::<bool>()),
        ),
        (
            vec((0_u8..6, any::<bool>(), any::<bool>()), 0..2),
            vec((any::<u8>(), 0_u8..3), 0..2),
            any::<bool>(),
        ),
    )
        .prop_map(
            |((forget, links, strangers, known), (met, absent, rules, cursor), (open, close, pair))| Step {
                forget,
                links,
                strangers,
                known,
                met,
                absent,
                open,
                close,
                rules: rules && absent,
                cursor,
                pair,
            },
        );
    vec(step, 1..12)
}

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000, 0).unwrap()
}

/// Links have names of their own in each pair.
fn link_id(pair: bool, id: u8) -> LinkId {
    LinkId(Uuid::from_u128(u128::from(id) + if pair { 101 } else { 1 }))
}

fn side(remote: bool) -> Side {
    if remote { Side::Remote } else { Side::Local }
}

fn stored(item: u8, version: u8, side: Side) -> Stored<Note> {
    let mut record = Note::new(format!("u{}", item % 4), format!("title {version}"));
    record.mail =
        if version.is_multiple_of(3) { String::new() } else { format!("m{}@example.org", item % 3) };
    Stored {
        id: ItemId::new(format!("{}{item}", side.as_str())),
        version: Version::new(if side == Side::Remote { format!("e{version}") } else { version.to_string() }),
        updated: now(),
        record,
        opaque: Opaque::default(),
        key: None,
        made: None,
        stamp: None,
        lineage: (version.is_multiple_of(4)).then(|| ItemId::new("local0")),
        withdrawn: false,
        home: None,
    }
}

fn link(pair: bool, of: &LinkOf, seen: [bool; 2]) -> Link<Note> {
    let copy = |side: Side| {
        let n = usize::from(side == Side::Remote);
        // A copy that was seen stays in its link.
        let there = seen[n] || of.half != u8::try_from(n).unwrap();
        there.then(|| Copy {
            stored: stored(of.items[n], of.version, side),
            gone: !of.alive[n],
            look: of.look[n] && of.half > 2,
        })
    };
    let state = match of.state {
        0 => LinkState::Released,
        1 => LinkState::Ambiguous,
        _ => LinkState::Active,
    };
    Link {
        copies: Sides::from_fn(copy),
        due: of.due,
        state,
        held: if of.held { vec![Field::new("title")] } else { Vec::new() },
        different: if of.held { vec![link_id(pair, of.id + 1)] } else { Vec::new() },
        ..Link::new(link_id(pair, of.id))
    }
}

/// The history so far, as far as later steps have to fit it.
#[derive(Default)]
struct Past {
    seen: BTreeSet<(u8, bool)>,
    open: Vec<(EntryId, LinkId)>,
    entries: u128,
}

fn changes(step: &Step, past: &mut Past, run: RunId) -> Changes<Note> {
    let mut once = BTreeSet::new();
    let links: Vec<Link<Note>> = step
        .links
        .iter()
        .filter(|of| once.insert(of.id))
        .map(|of| {
            link(step.pair, of, [past.seen.contains(&(of.id, false)), past.seen.contains(&(of.id, true))])
        })
        .collect();
    let mut open = Vec::new();
    for (id, remote, create) in &step.open {
        if past.open.iter().any(|(_, link)| *link == link_id(step.pair, *id)) {
            continue;
        }
        past.entries += 1;
        let id_of_entry = entry(past.entries);
        let from = (!create).then(|| stored(*id, 1, side(*remote)));
        past.open.push((id_of_entry, link_id(step.pair, *id)));
        open.push(Entry {
            id: id_of_entry,
            run,
            link: link_id(step.pair, *id),
            side: side(*remote),
            op: Op::Update,
            to: from.as_ref().map(|from| from.record.clone()),
            from,
            taken: vec![Field::new("title")],
            source: Note::default(),
            bases: Sides { local: Note::default(), remote: Note::default() },
            release: false,
            undoes: None,
            opaque: None,
            other: None,
            opened: now() + TimeDelta::seconds(i64::try_from(past.entries).unwrap()),
            outcome: Outcome::Open,
        });
    }
    let mut close = Vec::new();
    for (which, how) in &step.close {
        let here = past.open.len() - open.len();
        if here > 0 {
            let (id, _) = past.open.remove(usize::from(*which) % here);
            close.push((
                id,
                match how {
                    0 => Outcome::NotLanded,
                    1 => Outcome::Landed(None),
                    _ => Outcome::Landed(Some(stored(1, 2, Side::Remote))),
                },
            ));
        }
    }
    let item_of = |(remote, item): &(bool, u8)| ItemId::new(format!("{}{item}", side(*remote).as_str()));
    let sided = |list: &[(bool, u8)]| list.iter().map(|it| (side(it.0), item_of(it))).collect();
    let later = |seconds: u8| now() + TimeDelta::seconds(i64::from(seconds));
    let stranger = |it: &(bool, u8)| Stranger {
        side: side(it.0),
        item: item_of(it),
        trail: Trail {
            passed: vec![Version::new("v")],
            gone: it.1.is_multiple_of(3).then(|| later(it.1)),
            ..Trail::default()
        },
        look: past.entries.is_multiple_of(2),
    };
    let cursor = |of: bool| (step.cursor == Some(of)).then(|| Cursor::new(format!("{}", past.entries)));
    Changes {
        forget: step.forget.iter().map(|id| link_id(step.pair, *id)).collect(),
        strangers: step.strangers.iter().map(stranger).collect(),
        known: sided(&step.known),
        gone_before: step.absent.then(|| later(4)),
        met: step.met.as_ref().map(|(remote, ids)| {
            (side(*remote), run, ids.iter().map(|id| link_id(step.pair, *id)).collect())
        }),
        absent: step.absent.then_some((Side::Local, run)),
        cursors: Sides { local: cursor(false), remote: cursor(true) },
        drop_cursors: Sides { local: step.rules, remote: false },
        rules: step.rules.then(|| "digest".to_owned()),
        rules_seen: step.absent.then(|| "seen".to_owned()),
        labels: None,
        unplaced: Vec::new(),
        links,
        open,
        close,
    }
}

/// Whether a transaction would put one item into two of its own links, or into one beside another's.
fn same<T: PartialEq + Debug>(what: &str, mem: PortResult<T>, sql: PortResult<T>) {
    match (mem, sql) {
        (Ok(mem), Ok(sql)) => assert_eq!(mem, sql, "{what}"),
        (Err(mem), Err(sql)) => assert_eq!(mem.kind, sql.kind, "{what}"),
        (mem, sql) => panic!("{what}: {mem:?} / {sql:?}"),
    }
}

fn sorted<T>(result: PortResult<Vec<T>>, key: impl Fn(&T) -> String) -> PortResult<Vec<T>> {
    result.map(|mut list| {
        list.sort_by_key(key);
        list
    })
}

async fn compare(mem: &dyn Ledger<Note>, sql: &dyn Ledger<Note>, pair: &PairId) {
    macro_rules! same {
        ($($call:ident ( $($arg:expr),* ))*) => {$(
            same(stringify!($call), mem.$call($($arg),*).await, sql.$call($($arg),*).await);
        )*};
    }
    macro_rules! same_set {
        ($($call:ident ( $($arg:expr),* ) by $key:expr;)*) => {$(
            same(stringify!($call), sorted(mem.$call($($arg),*).await, $key), sorted(sql.$call($($arg),*).await, $key));
        )*};
    }
    let all: Vec<LinkId> = (0..7).map(|id| link_id(pair.as_str() == "p2", id)).collect();
    let items = |side: Side| (0..9).map(|n| ItemId::new(format!("{}{n}", side.as_str()))).collect::<Vec<_>>();
    let keys: Vec<MatchKey> =
        (0..9).flat_map(|item| stored(item, 1, Side::Local).record.match_keys()).take(3).collect();
    let slice = Slice { skip: 1, limit: 3 };
    same! {
        pair_state(pair) counts(pair) due(pair, None, 50) due(pair, Some(all[2]), 1)
        looks(pair, Side::Local, None, 50) looks(pair, Side::Remote, Some(&ItemId::new("remote3")), 2)
        open_entries(pair) due_halves(pair, None, 50) due_halves(pair, Some(all[1]), 1)
        last_copies(&items(Side::Local)) attention(pair, None, 50) attention(pair, Some(all[1]), 1)
        entries(&EntriesOf::Pair(pair.clone()), slice) entries(&EntriesOf::Run(RunId(1)), slice)
        entries(&EntriesOf::Link(all[1]), slice) entries(&EntriesOf::Entry(entry(1)), Slice { skip: 0, limit: 9 })
        entries(&EntriesOf::LinkIn(all[1], RunId(2)), slice)
        entries(&EntriesOf::LinkSince(all[1], now()), slice) entries(&EntriesOf::PairSince(pair.clone(), now()), slice)
        entries(&EntriesOf::PairSince(pair.clone(), now() + TimeDelta::seconds(1)), slice)
        entries(&EntriesOf::Item(Side::Remote, ItemId::new("remote1")), slice)
        entries(&EntriesOf::Item(Side::Local, ItemId::new("local2")), Slice { skip: 0, limit: 9 })
        entries(&EntriesOf::Beside(Side::Local, ItemId::new("local1")), Slice { skip: 0, limit: 9 })
        entries(&EntriesOf::Undoing(entry(1)), Slice { skip: 0, limit: 9 })
        runs(Some(pair), slice) runs(None, Slice { skip: 0, limit: 9 }) run(RunId(1)) run(RunId(99))
    }
    let by_id = |link: &Link<Note>| link.id.to_string();
    same_set! {
        find(pair, &Find::Links(all.clone())) by by_id;
        find(pair, &Find::Items(Side::Remote, items(Side::Remote))) by by_id;
        find(pair, &Find::Roots(items(Side::Local))) by by_id;
        strangers(pair, Side::Remote, &items(Side::Remote)) by |stranger| stranger.item.to_string();
        halves_sharing(pair, &keys) by |half| half.link.to_string();
        alive_sharing(pair, Side::Remote, &keys) by LinkId::to_string;
    }
}

fn lease(pair: &PairId, holder: u128, seconds: i64) -> Lease {
    Lease { pair: pair.clone(), holder: Uuid::from_u128(holder), until: now() + TimeDelta::seconds(seconds) }
}

async fn replay(steps: &[Step]) {
    let company = company().await;
    let (mem, sql) = (MemLedger::<Note>::default(), company.store.ledger::<Note>());
    let pairs = [PairId::new("p1"), PairId::new("p2")];
    let mut pasts = [Past::default(), Past { entries: 1_000, ..Past::default() }];
    for pair in &pairs {
        for ledger in [&mem as &dyn Ledger<Note>, &sql] {
            assert!(ledger.lease(&lease(pair, 1, 60), now()).await.unwrap());
        }
    }
    for step in steps {
        let n = usize::from(step.pair);
        let (pair, past) = (&pairs[n], &mut pasts[n]);
        let kind = if step.rules { RunKind::Answer } else { RunKind::Undo(RunId(1)) };
        let run = mem.begin_run(pair, kind, now()).await.unwrap();
        assert_eq!(sql.begin_run(pair, kind, now()).await.unwrap(), run);
        let (open, entries) = (past.open.clone(), past.entries);
        let changes = changes(step, past, run);
        let done = mem.commit(&lease(pair, 1, 60), changes.clone()).await;
        match &done {
            Ok(()) => {
                for id in &step.forget {
                    past.seen.retain(|(link, _)| link != id);
                }
                for link in &changes.links {
                    let id = step.links.iter().find(|of| link_id(step.pair, of.id) == link.id).unwrap().id;
                    past.seen.extend(
                        Side::BOTH
                            .into_iter()
                            .filter(|side| link.copies[*side].is_some())
                            .map(|side| (id, side == Side::Remote)),
                    );
                }
            }
            Err(_) => (past.open, past.entries) = (open, entries),
        }
        same("commit", done, sql.commit(&lease(pair, 1, 60), changes).await);
        let summary = serde_json::json!({"n": run.0});
        if step.absent {
            mem.finish_run(run, now(), &summary).await.unwrap();
            sql.finish_run(run, now(), &summary).await.unwrap();
        }
        compare(&mem, &sql, &pairs[0]).await;
        compare(&mem, &sql, &pairs[1]).await;
    }
    let before = now() + TimeDelta::seconds(3);
    same("purge", mem.purge(before).await, sql.purge(before).await);
    compare(&mem, &sql, &pairs[0]).await;
    mem.erase_pair(&pairs[0]).await.unwrap();
    sql.erase_pair(&pairs[0]).await.unwrap();
    compare(&mem, &sql, &pairs[0]).await;
    compare(&mem, &sql, &pairs[1]).await;
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn any_history_gives_the_same_answers_as_the_reference(steps in steps()) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(replay(&steps));
    }
}

#[tokio::test]
async fn a_lease_is_taken_when_free_expired_or_ones_own() {
    let company = company().await;
    let sql = company.store.ledger::<Note>();
    let pair = PairId::new("p");
    let (ours, theirs) = (lease(&pair, 1, 60), lease(&pair, 2, 120));
    let refused = sql.commit(&ours, Changes::default()).await.unwrap_err();
    assert_eq!(refused.kind, passerelle_ports::ErrorKind::RateLimited);
    assert!(sql.lease(&ours, now()).await.unwrap());
    assert!(sql.lease(&ours, now()).await.unwrap());
    assert!(!sql.lease(&theirs, now()).await.unwrap());
    sql.release(&theirs).await.unwrap();
    assert!(!sql.lease(&theirs, now()).await.unwrap());
    assert!(sql.lease(&theirs, now() + TimeDelta::seconds(60)).await.unwrap());
    let changes = Changes { rules: Some("x".into()), ..Changes::default() };
    assert_eq!(sql.commit(&ours, changes).await.unwrap_err().kind, passerelle_ports::ErrorKind::RateLimited);
    assert_eq!(sql.pair_state(&pair).await.unwrap().rules, None);
    sql.release(&theirs).await.unwrap();
    assert!(sql.lease(&ours, now()).await.unwrap());
}

#[tokio::test]
async fn a_deletion_that_every_pair_has_read_is_forgotten_and_older_cursors_expire() {
    use passerelle_ports::{ErrorKind, From, Replica};
    let company = company().await;
    let mut client = company.client();
    let replica = company.store.contacts(&company.anne);
    let old = support::everything(&replica).await.cursor;
    client.run("INSERT INTO contacts (id) VALUES ('c1'), ('c2'); DELETE FROM contacts WHERE id = 'c1'");
    let new = support::since(&replica, &old).await.cursor;
    let sql = company.store.ledger::<Note>();
    let lease = lease(&PairId::new("p"), 1, 60);
    assert!(sql.lease(&lease, now()).await.unwrap());
    let cursors = Sides { local: Some(new.clone()), remote: None };
    sql.commit(&lease, Changes { cursors, ..Changes::default() }).await.unwrap();
    assert_eq!(company.store.prune_changes().await.unwrap(), 1);
    assert_eq!(replica.changes(From::Cursor(old)).await.unwrap_err().kind, ErrorKind::CursorExpired);
    let seen = support::since(&replica, &new).await;
    assert!(seen.items.is_empty() && seen.removed.is_empty());
    assert_eq!(support::everything(&replica).await.items.len(), 1);
}

#[tokio::test]
async fn every_question_of_a_run_is_a_stretch_of_one_index() {
    let company = company().await;
    let mut client = company.client();
    for (question, index) in [
        (
            "SELECT id FROM passerelle_links WHERE pair = 'p' AND due = 1 AND blocked = 0 AND looks = 0 AND id > 'x' ORDER BY id",
            "passerelle_links_due (pair=? AND due=? AND blocked=? AND looks=? AND id>?)",
        ),
        (
            "SELECT item FROM passerelle_copies WHERE pair = 'p' AND side = 's' AND look = 1 AND item > 'x' ORDER BY item",
            "passerelle_copies_look (pair=? AND side=? AND look=? AND item>?)",
        ),
        (
            "SELECT body FROM passerelle_entries WHERE pair = 'p' AND is_open = 1 ORDER BY number",
            "passerelle_entries_open (pair=? AND is_open=?)",
        ),
        (
            "SELECT body FROM passerelle_entries WHERE kind = 'k' AND pair = 'p' ORDER BY number DESC",
            "passerelle_entries_of_pair (kind=? AND pair=?)",
        ),
        (
            "SELECT body FROM passerelle_entries WHERE kind = 'k' AND link = 'l' ORDER BY number DESC",
            "passerelle_entries_of_link (kind=? AND link=?)",
        ),
        (
            "SELECT seq FROM change_log WHERE kind = 'contact' AND user_id = '' AND seq > 5 ORDER BY seq",
            "change_log_reader (kind=? AND user_id=? AND seq>?)",
        ),
        (
            "SELECT number FROM appointments WHERE owner_id = 'a' AND number > 5 ORDER BY number",
            "appointments_owner (owner_id=? AND number>?)",
        ),
    ] {
        let plan = client.plan(question);
        assert!(
            plan.contains(index) && !plan.contains("TEMP B-TREE") && !plan.contains("SCAN"),
            "{question}: {plan}"
        );
    }
}
