//! The reconcile table: description, bases, local, remote, what comes of it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::time::Duration;

use chrono::{DateTime, Utc};
use passerelle_ports::{
    Copy, Field, ItemId, Link, LinkId, LinkState, Opaque, Record, Side, Sides, Stored, Version, fields,
};
use passerelle_sync_rules::{
    Action, Condition, Deletes, Direction, FieldPattern, Policy, Rules, Scope, Step, Test, decide,
};
use passerelle_testkit::Note;
use uuid::Uuid;

fn stored(side: Side, record: Note, updated_seconds: i64) -> Stored<Note> {
    Stored {
        id: ItemId::new(side.as_str()),
        version: Version::new("1"),
        updated: DateTime::<Utc>::from_timestamp(updated_seconds, 0).unwrap(),
        record,
        opaque: Opaque::default(),
        key: None,
        made: None,
        stamp: None,
        lineage: None,
        withdrawn: false,
        home: None,
    }
}

/// `title=a body=b`; `-` = no copy; a leading `x` = gone.
fn note(text: &str) -> Note {
    let mut note = Note::default();
    for word in text.split_whitespace().filter(|word| word.contains('=')) {
        let (field, value) = word.split_once('=').unwrap();
        let value = value.replace('_', " ");
        match field {
            "title" => note.title = value,
            "body" => note.body = value,
            "label" => note.label = value,
            "category" => note.category = value,
            "private" => note.private = true,
            key => {
                note.phones.insert(key.to_owned(), value);
            }
        }
    }
    note
}

fn copy(side: Side, text: &str) -> Option<Copy<Note>> {
    let seconds = text.split_whitespace().find_map(|w| w.strip_prefix('@')).map_or(0, |s| s.parse().unwrap());
    (text != "-").then(|| Copy {
        stored: stored(side, note(text), seconds),
        gone: text.starts_with('x'),
        look: false,
    })
}

fn link(base: &str, local: &str, remote: &str) -> Link<Note> {
    let (base_local, base_remote) = base.split_once('|').unwrap_or((base, base));
    let mut link = Link::new(LinkId(Uuid::from_u128(1)));
    link.bases = Sides { local: note(base_local), remote: note(base_remote) };
    link.copies = Sides { local: copy(Side::Local, local), remote: copy(Side::Remote, remote) };
    link
}

fn show(step: &Step<Note>) -> String {
    let names = |list: &[Field]| list.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
    match step {
        Step::Nothing => "nothing".into(),
        Step::OutOfScope => "out of scope".into(),
        Step::Forget => "forget".into(),
        Step::Release => "release".into(),
        Step::Settle(list) => format!("settle {}", names(list)),
        Step::Hold(list) => format!("hold {}", names(list)),
        Step::Sealed(list) => format!("sealed {}", names(list)),
        Step::Write(intent) => {
            let action = match intent.action {
                Action::Create => "create",
                Action::Update => "update",
                Action::Delete => "delete",
                Action::Move => "move",
            };
            let to = intent.to.as_ref().map(fields).unwrap_or_default();
            let values: Vec<String> = to
                .iter()
                .map(|(field, value)| {
                    let text = value.as_str().map_or_else(|| value.to_string(), |t| t.replace(' ', "_"));
                    format!("{}={text}", field.key().unwrap_or(field.as_str()))
                })
                .collect();
            format!("{action} {} {} <{}>", intent.side.as_str(), values.join(" "), names(&intent.taken))
        }
    }
}

fn check(rules: &Rules, rows: &[(&str, &str, &str, &str, &str)]) {
    for (description, base, local, remote, expected) in rows {
        let got = show(&decide(&link(base, local, remote), rules).unwrap());
        assert_eq!(got.trim_end(), *expected, "{description}");
    }
}

#[test]
fn both_ways_and_ask() {
    check(
        &Rules::default(),
        &[
            ("nobody has it", "title=a", "x title=a", "-", "forget"),
            ("both deleted", "title=a", "x title=a", "x title=a", "forget"),
            ("new here", "", "title=a", "-", "create remote title=a <title>"),
            ("new there", "", "-", "title=a home=1", "create local home=1 title=a <phones/home,title>"),
            ("quiet", "title=a", "title=a", "title=a", "nothing"),
            ("one side spells it differently, agreed", "title=a|title=A", "title=a", "title=A", "nothing"),
            ("edited here", "title=a", "title=b", "title=a", "update remote title=b <title>"),
            ("edited there", "title=a", "title=a", "title=b", "update local title=b <title>"),
            ("cleared there", "title=a body=x", "title=a body=x", "title=a", "update local title=a <body>"),
            ("the same edit on both sides", "title=a", "title=b", "title=b", "settle title"),
            ("the same edit, other spaces", "title=a", "title=b_c", "title=b__c", "settle title"),
            (
                "other fields on both sides: local first",
                "title=a body=x",
                "title=b body=x",
                "title=a body=y",
                "update local body=y title=b <body>",
            ),
            ("one field on both sides", "title=a", "title=b", "title=c", "hold title"),
            (
                "a clash lets the other fields go on",
                "title=a body=x",
                "title=b body=y",
                "title=c body=x",
                "update remote body=y title=c <body>",
            ),
            (
                "two phones are two fields",
                "home=1 work=2",
                "home=9 work=2",
                "home=1 work=8",
                "update local home=9 work=8 <phones/work>",
            ),
            ("deleted there", "title=a", "title=a", "x title=a", "delete local  <>"),
            ("deleted here", "title=a", "x title=a", "title=a", "delete remote  <>"),
            (
                "an edit beats a delete",
                "title=a",
                "title=b",
                "x title=a body=kept",
                "create remote body=kept title=b <title>",
            ),
            (
                "an edit there beats a delete here",
                "title=a",
                "x title=a label=mine",
                "title=b",
                "create local label=mine title=b <title>",
            ),
            ("first meeting, equal", "", "title=a", "title=a", "settle title"),
            ("first meeting, a value against none", "", "title=a body=x", "title=a", "settle title"),
            (
                "first meeting, after agreeing",
                "title=a",
                "title=a body=x",
                "title=a",
                "update remote body=x title=a <body>",
            ),
            ("first meeting, two values", "", "title=a", "title=b", "hold title"),
            (
                "what the target cannot hold stays in its own copy",
                "title=a body=x|title=a",
                "title=b body=x",
                "title=a",
                "update remote title=b <title>",
            ),
        ],
    );
}

#[test]
fn policies() {
    let row = |rules: &Rules, remote: &str, expected: &str| {
        check(rules, &[("clash", "title=a", "title=b @1000", remote, expected)]);
    };
    row(&Rules { policy: Policy::Local, ..Rules::default() }, "title=c", "update remote title=b <title>");
    row(&Rules { policy: Policy::Remote, ..Rules::default() }, "title=c", "update local title=c <title>");
    let newest = Rules { policy: Policy::Newest, skew: Duration::from_secs(60), ..Rules::default() };
    row(&newest, "title=c @900", "update remote title=b <title>");
    row(&newest, "title=c @1100", "update local title=c <title>");
    row(&newest, "title=c @1050", "hold title");
    row(&newest, "title=c @940", "hold title");
    let per_field = Rules { policies: vec![(FieldPattern::new("title"), Policy::Local)], ..Rules::default() };
    row(&per_field, "title=c", "update remote title=b <title>");
}

#[test]
fn a_person_chose() {
    let mut asked = link("title=a", "title=b", "title=c");
    asked.chosen = vec![(Field::new("title"), Side::Remote)];
    assert_eq!(show(&decide(&asked, &Rules::default()).unwrap()), "update local title=c <title>");
    asked.chosen = vec![(Field::new("title"), Side::Local)];
    assert_eq!(show(&decide(&asked, &Rules::default()).unwrap()), "update remote title=b <title>");
}

#[test]
fn deletes_that_unlink() {
    let rules =
        Rules { deletes: Sides { local: Deletes::Propagate, remote: Deletes::Unlink }, ..Rules::default() };
    check(
        &rules,
        &[
            ("deleted there: the local record stays", "title=a", "title=a", "x title=a", "release"),
            ("even when it was edited", "title=a", "title=b", "x title=a", "release"),
            ("deleted here: carried", "title=a", "x title=a", "title=a", "delete remote  <>"),
        ],
    );
    let mut released = link("title=a", "title=b", "x title=a");
    released.state = LinkState::Released;
    assert_eq!(decide(&released, &rules).unwrap(), Step::Nothing);
}

#[test]
fn what_an_undo_left_alone_rests_until_it_is_edited() {
    let rules = Rules::default();
    for (what, base, then, now, expected) in [
        ("as it was: rests", "title=a", "title=a", "title=a", "nothing"),
        ("edited before: rests", "title=a", "title=b", "title=b", "nothing"),
        ("edited since: travels", "title=a", "title=a", "title=b", "create remote title=b <title>"),
        ("edited back: as it was", "title=a", "title=b", "title=a", "nothing"),
    ] {
        let mut link = link(base, then, "x title=a");
        passerelle_sync_rules::release(&mut link, Side::Remote, &rules);
        link.copies.local = copy(Side::Local, now);
        assert_eq!(show(&decide(&link, &rules).unwrap()), expected, "{what}");
    }
}

#[test]
fn one_way() {
    check(
        &Rules::one_way(Side::Remote),
        &[
            ("new here", "", "title=a", "-", "create remote title=a <title>"),
            ("new there stays there", "", "-", "title=a", "nothing"),
            ("edited here", "title=a", "title=b", "title=a", "update remote title=b <title>"),
            ("edited there: nothing comes back", "title=a", "title=a", "title=c", "nothing"),
            ("edited on both: no clash", "title=a", "title=b", "title=c", "update remote title=b <title>"),
            ("deleted there: stays here", "title=a", "title=a", "x title=a", "release"),
            ("deleted here: carried", "title=a", "x title=a", "title=a", "delete remote  <>"),
        ],
    );
}

#[test]
fn fields_that_do_not_travel() {
    let rules = Rules {
        fields: vec![
            (FieldPattern::new("label"), Direction::Neither),
            (FieldPattern::new("body"), Direction::Take),
            (FieldPattern::new("phones/home"), Direction::Send),
        ],
        ..Rules::default()
    };
    check(
        &rules,
        &[
            ("neither", "title=a", "title=a label=x", "title=a label=y", "nothing"),
            ("take only, changed here", "title=a", "title=a body=x", "title=a", "nothing"),
            (
                "take only, changed there",
                "title=a",
                "title=a",
                "title=a body=y",
                "update local body=y title=a <body>",
            ),
            ("send only, changed there", "home=1", "home=1", "home=2", "nothing"),
            ("send only, changed here", "home=1", "home=3", "home=2", "update remote home=3 <phones/home>"),
        ],
    );
}

#[test]
fn scope() {
    let condition =
        Condition { fields: FieldPattern::new("category"), test: Test::NoneOf(vec!["out".into()]) };
    let rules = Rules { scope: Scope { all: vec![condition] }, ..Rules::default() };
    check(
        &rules,
        &[
            ("out here", "title=a", "title=b category=out", "title=a", "out of scope"),
            (
                "out there only: the local copy counts",
                "title=a",
                "title=b",
                "title=a category=out",
                "update local category=out title=b <category>",
            ),
            ("out, then deleted", "title=a", "x title=a category=out", "title=a", "out of scope"),
            ("unknown here, out there", "", "-", "title=a category=out", "out of scope"),
            ("nobody has it", "", "x title=a category=out", "-", "forget"),
        ],
    );
    let mut withdrawn = link("title=a", "title=b", "title=a");
    withdrawn.copies.local.as_mut().unwrap().stored.withdrawn = true;
    assert_eq!(decide(&withdrawn, &Rules::default()).unwrap(), Step::OutOfScope);
    // Removed where it is not offered, or edited after that on the other side.
    withdrawn.copies.local.as_mut().unwrap().gone = true;
    assert_eq!(decide(&withdrawn, &Rules::default()).unwrap(), Step::OutOfScope);
    let mut edited = link("title=a", "title=b", "title=c");
    let copy = edited.copies.local.as_mut().unwrap();
    (copy.stored.withdrawn, copy.gone) = (true, true);
    assert_eq!(decide(&edited, &Rules::default()).unwrap(), Step::OutOfScope);
}

#[test]
fn private_records_show_as_busy() {
    let rules = Rules { redact_private: true, ..Rules::default() };
    check(
        &rules,
        &[
            (
                "new",
                "",
                "title=a body=x private=1",
                "-",
                "create remote private=true title=Busy <private,title>",
            ),
            (
                "the flag was just set: what stands there is hidden",
                "title=a body=x",
                "title=a body=x private=1",
                "title=a body=x",
                "update remote private=true title=Busy <body,private,title>",
            ),
            (
                "the bases were lost: still hidden",
                "title=Busy private=1|title=a private=1",
                "title=a private=1",
                "title=a private=1",
                "update remote private=true title=Busy <title>",
            ),
            (
                "the busy block is not taken in",
                "title=Busy private=1",
                "title=a private=1",
                "title=Busy private=1",
                "nothing",
            ),
            (
                "nor is what somebody wrote over it",
                "title=Busy private=1",
                "title=a private=1",
                "title=Lunch private=1 body=z",
                "nothing",
            ),
            (
                "public again: the title goes out",
                "title=Busy private=1",
                "title=a",
                "title=Busy private=1",
                "update remote title=a <private,title>",
            ),
        ],
    );
    assert!(Note { private: true, ..Note::default() }.is_private());
}

#[test]
fn a_held_link_still_hides() {
    let rules = Rules { hold_whole_link: true, redact_private: true, ..Rules::default() };
    check(
        &rules,
        &[
            (
                "held",
                "title=a body=x label=l",
                "title=b body=y label=l",
                "title=c body=x label=l",
                "hold title",
            ),
            (
                "held, but private now",
                "label=l title=a",
                "label=m title=a private=1",
                "label=n title=a",
                "update remote label=n title=Busy <title>",
            ),
        ],
    );
}
