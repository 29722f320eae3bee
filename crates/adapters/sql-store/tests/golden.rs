//! What releases kept in the ledger is read for ever: `tests/golden/FORMAT` holds what each format wrote.
//!
//! A member that got another name without a new format or an alias would be read as an empty one: a base that is empty takes
//! every value of the other side for a change.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod support;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use passerelle_calendar::{
    Alert, AlertAction, Event, FreeBusyStatus, Override, Participant, ParticipationStatus, Privacy, Role,
    Start, Status,
};
use passerelle_contacts::{
    Address, Contact, Email, Im, Labelled, LabelledDate, Name, Order, Organization, Phone,
};
use passerelle_ports::{
    Changes, Code, Copy, CreateKey, Detail, EntriesOf, Entry, EntryId, ErrorKind, Field, Find, ItemId, Kind,
    Lack, Lease, Ledger, Link, LinkId, LinkState, Op, Opaque, Outcome, PairId, Record, Refusal, Replica,
    RunId, RunKind, Side, Sides, Slice, Stored, Stranger, Trail, Version, Written,
};
use passerelle_testkit::{golden, golden_by};
use serde_json::json;
use support::{Company, company};
use uuid::Uuid;

const CRATE: &str = env!("CARGO_MANIFEST_DIR");
/// How a value begins that this release keeps.
const NUMBER: &str = "{\"format\":1";
const SLICE: Slice = Slice { skip: 0, limit: 9 };

fn text(word: &str) -> String {
    word.to_owned()
}

fn one<T>(key: &str, value: T) -> BTreeMap<String, T> {
    [(text(key), value)].into()
}

fn labelled(label: &str, value: &str) -> Labelled {
    Labelled { label: text(label), value: text(value) }
}

fn contact() -> Contact {
    let organization =
        |name: &str| Organization { name: text(name), title: text("Head"), department: text("Sales") };
    let phone = |number: &str| Phone { number: text(number), label: text("mobile"), preferred: true };
    let date = |label: &str, date: &str| LabelledDate { label: text(label), date: date.parse().unwrap() };
    let mut order = Order::default();
    order.keep("phones", [text("+33200000000"), text("+33100000000")]);
    Contact {
        uid: text("urn:uuid:1"),
        name: Name {
            prefix: text("Dr"),
            given: text("Anne"),
            middle: text("Marie"),
            particle: text("de"),
            surname: text("Dupont"),
            suffix: text("Jr"),
            phonetic_given: text("an"),
            phonetic_surname: text("dypon"),
            full: text("Dr Anne Marie de Dupont Jr"),
        },
        nicknames: one("nana", text("Nana")),
        organization: organization("Acme"),
        other_organizations: one("club", organization("Club")),
        emails: one(
            "anne@example.org",
            Email { address: text("Anne@example.org"), label: text("work"), preferred: true },
        ),
        phones: [(text("+33100000000"), phone("01 00")), (text("+33200000000"), phone("02 00"))].into(),
        addresses: one(
            "work",
            Address {
                label: text("work"),
                street: text("1 rue X\n2e"),
                extended: text("Bât. B"),
                po_box: text("12"),
                postcode: text("75001"),
                city: text("Paris"),
                region: text("IdF"),
                country: text("France"),
                country_code: text("FR"),
                preferred: true,
            },
        ),
        urls: one("example.org", labelled("home", "https://example.org")),
        ims: one("skype:anne", Im { service: text("skype"), handle: text("anne"), label: text("home") }),
        birthday: Some("--02-29".parse().unwrap()),
        anniversary: Some("2001-02-03".parse().unwrap()),
        dates: [(text("hired"), date("Hired", "2020-05")), (text("left"), date("Left", "2021"))].into(),
        relations: one("spouse:bob", labelled("spouse", "Bob")),
        notes: text("Notes\nin two lines"),
        groups: one("vip", text("VIP")),
        custom: one("badge", labelled("Badge", "42")),
        photo: text("picture:1"),
        private: true,
        order,
    }
}

fn participant(role: Role, participation_status: ParticipationStatus) -> Participant {
    Participant {
        email: text("anne@example.org"),
        name: text("Anne"),
        role,
        participation_status,
        resource: true,
        organizer: true,
        comment: text("yes"),
    }
}

fn event() -> Event {
    let alert = |action, minutes_before| Alert { action, minutes_before };
    let guests = || -> BTreeMap<String, Participant> {
        [
            (text("a"), participant(Role::Required, ParticipationStatus::NeedsAction)),
            (text("b"), participant(Role::Optional, ParticipationStatus::Accepted)),
            (text("c"), participant(Role::Informational, ParticipationStatus::Declined)),
            (text("d"), participant(Role::Chair, ParticipationStatus::Tentative)),
        ]
        .into()
    };
    let alerts = || -> BTreeMap<String, Alert> {
        [
            (text("display:10"), alert(AlertAction::Display, 10)),
            (text("email:-5"), alert(AlertAction::Email, -5)),
        ]
        .into()
    };
    let change = |start: &str, status, privacy, free_busy| Override {
        excluded: true,
        title: Some(text("Other title")),
        description: Some(text("Other words")),
        location: Some(text("Elsewhere")),
        start: Some(start.parse().unwrap()),
        duration: Some("P1DT2H".parse().unwrap()),
        status: Some(status),
        free_busy_status: Some(free_busy),
        color: Some(text("red")),
        participants: Some(guests()),
        alerts: Some(alerts()),
        use_default_alerts: Some(true),
        privacy: Some(privacy),
        url: Some(text("https://example.org/other")),
        conference_url: Some(text("https://meet.example.org/other")),
        categories: Some(one("b", text("B"))),
    };
    Event {
        uid: text("uid@example.org"),
        title: text("Meeting"),
        description: text("About\nthings"),
        location: text("Room 1"),
        start: Some(Start::Zoned {
            local: "2026-01-05T09:00:00".parse().unwrap(),
            zone: text("Europe/Paris"),
        }),
        duration: "PT1H".parse().unwrap(),
        recurrence_rules: vec![text("FREQ=WEEKLY")],
        excluded_recurrence_rules: vec![text("FREQ=YEARLY")],
        recurrence_dates: one("2026-01-06T09:00:00", true),
        recurrence_overrides: [
            (
                text("2026-01-12T09:00:00"),
                change("2026-01-13", Status::Confirmed, Privacy::Default, FreeBusyStatus::Busy),
            ),
            (
                text("2026-01-19T09:00:00"),
                change("2026-01-20T10:00:00", Status::Tentative, Privacy::Public, FreeBusyStatus::Free),
            ),
            (
                text("2026-01-26"),
                change(
                    "2026-01-27T10:00:00[America/St_Johns]",
                    Status::Cancelled,
                    Privacy::Private,
                    FreeBusyStatus::Free,
                ),
            ),
        ]
        .into(),
        participants: guests(),
        alerts: alerts(),
        use_default_alerts: true,
        privacy: Privacy::Confidential,
        free_busy_status: FreeBusyStatus::Free,
        status: Status::Tentative,
        color: text("blue"),
        url: text("https://example.org"),
        conference_url: text("https://meet.example.org"),
        categories: one("a", text("A")),
    }
}

fn at(second: u32) -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000 + i64::from(second), 123_000_000).unwrap()
}

fn entry_id(number: u128) -> EntryId {
    EntryId(Uuid::from_u128(number))
}

fn stored<R>(side: Side, record: R) -> Stored<R> {
    Stored {
        id: ItemId::new(format!("{}/1", side.as_str())),
        version: Version::new("7"),
        updated: at(1),
        record,
        opaque: Opaque(json!({"x": ["left", 1]})),
        key: Some(CreateKey::new("key")),
        made: Some(entry_id(1)),
        stamp: Some(entry_id(2)),
        lineage: Some(ItemId::new("local/0")),
        withdrawn: true,
        home: Some(text("other calendar")),
    }
}

fn trail() -> Trail {
    Trail {
        newest: Some(at(2)),
        shown: Some(at(3)),
        passed: vec![Version::new("5"), Version::new("6")],
        born: Some(at(4)),
        back: true,
        gone: Some(at(5)),
        listed: Some(true),
        unmet: true,
        became: Some(ItemId::new("remote/2")),
        wanted: true,
        undone: Some(text("digest")),
        doubted: Some(at(6)),
        denied: true,
        tardy: true,
        undated: true,
        killer: Some(entry_id(3)),
    }
}

fn link<R: Record>(record: &R) -> Link<R> {
    let copy = |side| Some(Copy { stored: stored(side, record.clone()), gone: true, look: true });
    Link {
        id: LinkId(Uuid::from_u128(9)),
        copies: Sides::from_fn(copy),
        bases: Sides::from_fn(|_| record.clone()),
        due: true,
        state: LinkState::Rejected(Refusal {
            side: Side::Remote,
            kind: ErrorKind::Rejected,
            code: Some(Code::Goog301),
            at: Some(at(7)),
            context: [Detail::Field(text("title"))].into_iter().collect(),
        }),
        held: vec![Field::new("notes")],
        chosen: vec![(Field::new("title"), Side::Local)],
        different: vec![LinkId(Uuid::from_u128(8))],
        decided: Some(at(8)),
        trails: Sides::from_fn(|_| trail()),
        lacks: vec![Lack { side: Side::Local, field: Field::new("color") }],
    }
}

fn entry<R: Record>(record: &R, outcome: Outcome<R>) -> Entry<R> {
    Entry {
        id: entry_id(5),
        run: RunId(1),
        link: LinkId(Uuid::from_u128(9)),
        side: Side::Remote,
        op: Op::Create { key: CreateKey::new("key") },
        from: Some(stored(Side::Remote, record.clone())),
        to: Some(record.clone()),
        opaque: Some(Opaque(json!({"y": 2}))),
        taken: vec![Field::keyed("name", "given")],
        source: record.clone(),
        bases: Sides::from_fn(|_| record.clone()),
        other: Some(stored(Side::Local, record.clone())),
        release: true,
        undoes: Some(entry_id(4)),
        opened: at(9),
        outcome,
    }
}

/// Reads a text where the store keeps it.
fn kept(company: &Company, expression: &str, table: &str) -> String {
    company.client().text(&format!("SELECT {expression} AS text FROM {table}"))
}

/// Puts a text where the store keeps it.
fn put(company: &Company, column: &str, table: &str, text: &str) {
    company.client().run(&format!("UPDATE {table} SET {column} = '{}'", text.replace('\'', "''")));
}

fn wait<T>(future: impl Future<Output = T>) -> T {
    tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(future))
}

/// A value whose members are all filled, as the ledger keeps it: written by this release, then in the place of it what each
/// format wrote, and read back.
async fn is_read_for_ever<R: Record>(record: R, replica: impl Replica<R>, company: &Company) {
    let (ledger, pair) = (company.store.ledger::<R>(), PairId::new("p"));
    let (link, outcome) = (link(&record), Outcome::Landed(Some(stored(Side::Remote, record.clone()))));
    let entry = entry(&record, outcome.clone());
    let lease = Lease { pair: pair.clone(), holder: Uuid::from_u128(1), until: at(60) };
    assert!(ledger.lease(&lease, at(0)).await.unwrap());
    let run = ledger.begin_run(&pair, RunKind::Sync, at(0)).await.unwrap();
    let (links, open) = (vec![link.clone()], vec![Entry { run, ..entry.clone() }]);
    ledger.commit(&lease, Changes { links, open, ..Changes::default() }).await.unwrap();

    let name = |of: &str| format!("{of}.{}", R::KIND.as_str());
    let find = || wait(ledger.find(&pair, &Find::Links(vec![link.id]))).unwrap().pop().unwrap();
    golden_by((CRATE, &name("link")), &link, &kept(company, "body", "passerelle_links"), |text| {
        put(company, "body", "passerelle_links", text);
        find()
    });
    for side in Side::BOTH {
        let copy = format!("passerelle_copies WHERE side = '{}'", side.as_str());
        let name = name(&format!("copy.{}", side.as_str()));
        golden_by((CRATE, &name), &link, &kept(company, "stored", &copy), |text| {
            company.client().run(&format!(
                "UPDATE passerelle_copies SET stored = '{}' WHERE side = '{}'",
                text.replace('\'', "''"),
                side.as_str()
            ));
            find()
        });
    }
    let of = EntriesOf::Link(link.id);
    for (name, column) in [(name("entry"), "body"), (name("outcome"), "outcome")] {
        golden_by((CRATE, &name), &entry, &kept(company, column, "passerelle_entries"), |text| {
            put(company, column, "passerelle_entries", text);
            wait(ledger.entries(&of, SLICE)).unwrap().pop().unwrap()
        });
    }
    let alive = Some(stored(Side::Local, record.clone()));
    for (of, written) in [
        ("stored", Written::Stored(stored(Side::Local, record.clone()))),
        ("removed", Written::Removed(Version::new("8"))),
        ("exists", Written::Exists { id: ItemId::new("local/1"), alive }),
    ] {
        // Only a write makes one: of that, the number is seen below.
        let text = serde_json::to_string(&written).unwrap().replacen('{', &format!("{NUMBER},"), 1);
        golden_by((CRATE, &name(&format!("written.{of}"))), &written, &text, |text| {
            company.client().run(&format!(
                "REPLACE INTO passerelle_outcomes (entry_id, kind, item_id, written) VALUES ('{}', '{}', 'i', '{}')",
                entry_id(1),
                if R::KIND == Kind::Contacts { "contact" } else { "appointment" },
                text.replace('\'', "''")
            ));
            wait(replica.outcome(&[entry_id(1)])).unwrap().pop().unwrap().unwrap()
        });
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_kept_of_a_contact_is_read_for_ever() {
    let company = company().await;
    is_read_for_ever(contact(), company.store.contacts(&company.anne), &company).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_kept_of_an_event_is_read_for_ever() {
    let company = company().await;
    is_read_for_ever(event(), company.store.events(&company.anne), &company).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_trail_of_an_item_and_what_a_run_was_for_are_read_for_ever() {
    let company = company().await;
    let (ledger, pair) = (company.store.ledger::<Contact>(), PairId::new("p"));
    let lease = Lease { pair: pair.clone(), holder: Uuid::from_u128(1), until: at(60) };
    assert!(ledger.lease(&lease, at(0)).await.unwrap());
    let item = ItemId::new("remote/1");
    let stranger = Stranger { side: Side::Remote, item: item.clone(), trail: trail(), look: true };
    ledger.commit(&lease, Changes { strangers: vec![stranger.clone()], ..Changes::default() }).await.unwrap();
    golden_by((CRATE, "trail"), &stranger.trail, &kept(&company, "trail", "passerelle_strangers"), |text| {
        put(&company, "trail", "passerelle_strangers", text);
        wait(ledger.strangers(&pair, Side::Remote, std::slice::from_ref(&item))).unwrap().pop().unwrap().trail
    });
    for (name, kind) in [("run.undo", RunKind::Undo(RunId(3))), ("run.restore", RunKind::Restore(at(1)))] {
        let run = ledger.begin_run(&pair, kind, at(0)).await.unwrap();
        let row = format!("passerelle_runs WHERE id = {run}");
        let summary = json!({"matched": 1});
        ledger.finish_run(run, at(1), &summary).await.unwrap();
        assert!(kept(&company, "summary", &row).starts_with(NUMBER));
        golden_by((CRATE, name), &kind, &kept(&company, "purpose", &row), |text| {
            company.client().run(&format!("UPDATE passerelle_runs SET purpose = '{text}' WHERE id = {run}"));
            let read = wait(ledger.run(run)).unwrap().unwrap();
            assert_eq!(read.summary, summary, "without the number");
            read.kind
        });
    }
}

#[test]
fn the_words_that_are_kept_are_read_for_ever() {
    use ErrorKind::{
        CursorExpired, Forbidden, ItemFailed, NotFound, RateLimited, Unauthenticated, Unavailable,
        Unexpected, Unsupported, VersionMismatch,
    };
    let stated = (LinkState::Active, LinkState::Released, LinkState::Ambiguous);
    golden(CRATE, "words.link_state", &stated);
    let kinds = (
        [NotFound, VersionMismatch, CursorExpired, ErrorKind::Rejected, Unauthenticated, Forbidden],
        [RateLimited, Unavailable, ItemFailed, Unsupported, Unexpected],
    );
    golden(CRATE, "words.error_kind", &kinds);
    let ops = (Op::Update, Op::Delete, Op::Move { to: text("calendar") }, Op::Seen);
    golden(CRATE, "words.op", &ops);
    golden(CRATE, "words.run_kind", &(RunKind::Sync, RunKind::Plan, RunKind::Answer, RunKind::Import));
    golden(CRATE, "words.outcome", &(Outcome::<Contact>::Open, Outcome::<Contact>::NotLanded));
    golden(CRATE, "words.written", &(Written::<Contact>::Deleted,));
}

#[tokio::test]
async fn a_value_without_a_number_is_of_the_first_format_and_one_of_a_later_release_is_refused() {
    let company = company().await;
    let (ledger, pair) = (company.store.ledger::<Contact>(), PairId::new("p"));
    let lease = Lease { pair: pair.clone(), holder: Uuid::from_u128(1), until: at(60) };
    assert!(ledger.lease(&lease, at(0)).await.unwrap());
    let link = link(&contact());
    ledger.commit(&lease, Changes { links: vec![link.clone()], ..Changes::default() }).await.unwrap();
    let body = kept(&company, "body", "passerelle_links");
    let members = body.strip_prefix(&format!("{NUMBER},")).unwrap();
    let find = async || ledger.find(&pair, &Find::Links(vec![link.id])).await;
    put(&company, "body", "passerelle_links", &format!("{{{members}"));
    assert_eq!(find().await.unwrap(), std::slice::from_ref(&link));
    for number in ["2", "0", "4294967296"] {
        put(&company, "body", "passerelle_links", &format!("{{\"format\":{number},{members}"));
        let error = find().await.unwrap_err();
        let code = if number.len() == 1 { Code::Sys104 } else { Code::Sys105 };
        assert_eq!(error.code, Some(code), "{number}: {error:?}");
    }
    // It keeps nobody from what is not it.
    assert_eq!(ledger.counts(&pair).await.unwrap().links, 1);
}
