//! The first meeting of two records that say different things, none of which contradicts the other.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::collections::{BTreeMap, BTreeSet};

use chrono::DateTime;
use passerelle_ports::{
    Copy, Entry, EntryId, Field, Fields, ItemId, Kind, Link, LinkId, MatchKey, Op, Opaque, Outcome, Record,
    RunId, Side, Sides, Stored, Value, Version, is_empty,
};
use passerelle_sync_rules::{Action, Intent, Rules, Step, acknowledge, decide, lost, put_copy, rebase};
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct Card {
    title: String,
    picture: String,
    order: String,
    mails: BTreeMap<String, BTreeMap<String, String>>,
}

impl Record for Card {
    const KIND: Kind = Kind::Contacts;

    fn normal(field: &Field, value: &Value) -> Value {
        if field.as_str() == "order" { json!("") } else { value.clone() }
    }

    fn is_arrangement(field: &Field) -> bool {
        field.as_str() == "order"
    }

    fn filled(_: &Field, value: &Value, other: &Value) -> Option<Value> {
        let mut filled = value.as_object()?.clone();
        for (part, theirs) in other.as_object()? {
            let mine = filled.get(part).cloned().unwrap_or(Value::Null);
            if !is_empty(&mine) && !is_empty(theirs) && mine != *theirs {
                return None;
            }
            if is_empty(&mine) {
                filled.insert(part.clone(), theirs.clone());
            }
        }
        Some(filled.into())
    }

    fn is_named_by_side(field: &Field) -> bool {
        field.as_str() == "picture"
    }

    fn match_keys(&self) -> BTreeSet<MatchKey> {
        BTreeSet::new()
    }

    fn is_private(&self) -> bool {
        false
    }

    fn redacted(fields: &Fields) -> Fields {
        fields.clone()
    }

    fn summary(&self) -> String {
        self.title.clone()
    }
}

fn card(parts: &[(&str, &str)]) -> Card {
    let mail = parts.iter().map(|(part, value)| ((*part).to_owned(), (*value).to_owned())).collect();
    Card { title: "a".into(), mails: [("a@b".to_owned(), mail)].into(), ..Card::default() }
}

fn copy(record: Card) -> Option<Copy<Card>> {
    let stored = Stored {
        id: ItemId::new("1"),
        version: Version::new("1"),
        updated: DateTime::UNIX_EPOCH,
        record,
        opaque: Opaque::default(),
        key: None,
        made: None,
        stamp: None,
        lineage: None,
        withdrawn: false,
        home: None,
    };
    Some(Copy { stored, gone: false, look: false })
}

/// Decides for two cards of one title that meet for the first time.
fn meet(local: &[(&str, &str)], remote: &[(&str, &str)], known: bool) -> Step<Card> {
    let mut link = Link::new(LinkId(Uuid::from_u128(1)));
    let mut base = Card { title: "a".into(), ..Card::default() };
    if known {
        base = card(&[("label", "old")]);
    }
    link.bases = Sides { local: base.clone(), remote: base };
    link.copies = Sides { local: copy(card(local)), remote: copy(card(remote)) };
    decide(&link, &Rules::default()).unwrap()
}

fn written(step: Step<Card>) -> (Side, Value, Vec<String>) {
    match step {
        Step::Write(Intent { side, action: Action::Update, to: Some(to), taken, .. }) => {
            (side, json!(to.mails["a@b"]), taken.iter().map(ToString::to_string).collect())
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_one_side_lacks_is_filled_without_a_question() {
    let (work, bare) = ([("label", "work")], [("label", "")]);
    let taken = vec!["mails/a@b".to_owned()];
    assert_eq!(written(meet(&work, &bare, false)), (Side::Remote, json!({"label": "work"}), taken.clone()));
    assert_eq!(written(meet(&bare, &work, false)), (Side::Local, json!({"label": "work"}), taken));
    // Each lacks something: both together are written here first, and go over from here.
    let first = written(meet(&[("first", "yes")], &work, false));
    assert_eq!(first, (Side::Local, json!({"first": "yes", "label": "work"}), vec![]));
}

#[test]
fn what_contradicts_and_what_was_known_is_asked() {
    let field = Field::keyed("mails", "a@b");
    let asked = Step::Hold(vec![field]);
    assert_eq!(meet(&[("label", "home")], &[("label", "work")], false), asked);
    assert_eq!(meet(&[("label", "")], &[("label", "work")], true), asked, "one of them took the label away");
}

#[test]
fn what_a_side_names_by_itself_is_no_edit_and_nothing_lost() {
    let pictured = |picture: &str| Card { title: "a".into(), picture: picture.into(), ..Card::default() };
    let two = |base: (&str, &str), now: (&str, &str)| {
        let mut link = Link::new(LinkId(Uuid::from_u128(1)));
        link.bases = Sides { local: pictured(base.0), remote: pictured(base.1) };
        link.copies = Sides { local: copy(pictured(now.0)), remote: copy(pictured(now.1)) };
        link
    };
    let settled = Step::Settle(vec![Field::new("picture")]);
    assert_eq!(
        decide(&two(("", ""), ("ours", "theirs")), &Rules::default()).unwrap(),
        settled,
        "at a first meeting"
    );
    let held = Step::Hold(vec![Field::new("picture")]);
    assert_eq!(decide(&two(("one", "1"), ("ours", "theirs")), &Rules::default()).unwrap(), held, "a clash");

    let mut link = two(("", ""), ("ours", ""));
    let Step::Write(intent) = decide(&link, &Rules::default()).unwrap() else { panic!("nothing is sent") };
    let entry = Entry {
        id: EntryId(Uuid::from_u128(2)),
        run: RunId(1),
        link: link.id,
        side: Side::Remote,
        op: Op::Update,
        from: link.alive(Side::Remote).cloned(),
        to: intent.to,
        taken: intent.taken,
        source: intent.source,
        bases: link.bases.clone(),
        release: false,
        undoes: None,
        opaque: None,
        other: None,
        opened: DateTime::UNIX_EPOCH,
        outcome: Outcome::Open,
    };
    let answer = |picture: &str| copy(pictured(picture)).unwrap().stored;
    assert!(lost(&entry, &answer("theirs")).is_empty());
    assert_eq!(lost(&entry, &answer("")), [Field::new("picture")]);
    // The answer was lost, the write was not.
    let mut found = link.clone();
    put_copy(&mut found, Side::Remote, answer("theirs"));
    rebase(&mut found, &entry, &pictured("theirs")).unwrap();
    assert_eq!(decide(&found, &Rules::default()).unwrap(), Step::Nothing);
    acknowledge(&mut link, &entry, &answer("theirs"), &Rules::default()).unwrap();
    assert_eq!((decide(&link, &Rules::default()).unwrap(), link.lacks.len()), (Step::Nothing, 0));
    // What did not get there is sent again.
    let mut missing = two(("", ""), ("ours", ""));
    rebase(&mut missing, &entry, &pictured("")).unwrap();
    assert!(matches!(decide(&missing, &Rules::default()).unwrap(), Step::Write(_)));
}

#[test]
fn an_order_travels_and_is_nobodys_question() {
    let ordered = |order: &str| Card { title: "a".into(), order: order.into(), ..Card::default() };
    let two = |base: Option<(&str, &str)>, now: (&str, &str)| {
        let mut link = Link::new(LinkId(Uuid::from_u128(1)));
        if let Some(base) = base {
            link.bases = Sides { local: ordered(base.0), remote: ordered(base.1) };
        }
        link.copies = Sides { local: copy(ordered(now.0)), remote: copy(ordered(now.1)) };
        decide(&link, &Rules::default()).unwrap()
    };
    let order = vec![Field::new("order")];
    let sent = |step: Step<Card>| match step {
        Step::Write(Intent { side, taken, to: Some(to), .. }) => (side, taken, to.order),
        other => panic!("{other:?}"),
    };
    assert_eq!(sent(two(Some(("ab", "ab")), ("ba", "ab"))), (Side::Remote, order.clone(), "ba".to_owned()));
    assert_eq!(sent(two(Some(("ab", "ab")), ("ab", "ba"))), (Side::Local, order.clone(), "ba".to_owned()));
    assert_eq!(
        sent(two(Some(("abc", "abc")), ("bac", "cab"))),
        (Side::Remote, order.clone(), "bac".to_owned())
    );
    assert_eq!(two(Some(("ab", "ba")), ("ab", "ba")), Step::Nothing, "each its own");
    assert_eq!(two(Some(("ab", "ab")), ("ba", "ba")), Step::Settle(order), "the same on both");
    assert!(matches!(two(None, ("ab", "ba")), Step::Settle(_)), "a first meeting leaves them");
}
