//! What is true of every decision, whatever the link: ten thousand cases each.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::collections::BTreeSet;

use chrono::DateTime;
use passerelle_ports::{
    Copy, Entry, EntryId, Field, ItemId, Link, LinkId, Op, Opaque, Outcome, Record, RunId, Side, Sides,
    Stored, Value, Version, fields,
};
use passerelle_sync_rules::{Action, Intent, Policy, Rules, Step, acknowledge, decide, put_gone, settle};
use passerelle_testkit::Note;
use proptest::{prelude::*, test_runner::Config};
use uuid::Uuid;

const VALUES: [&str; 5] = ["", "a", "b", " a ", "c d"];

fn value() -> impl Strategy<Value = String> {
    prop::sample::select(&VALUES[..]).prop_map(str::to_owned)
}

fn note() -> impl Strategy<Value = Note> {
    (value(), value(), value(), value(), value()).prop_map(|(title, body, label, home, work)| {
        let phones = [("home", home), ("work", work)]
            .into_iter()
            .filter(|(_, number)| !number.is_empty())
            .map(|(key, number)| (key.to_owned(), number))
            .collect();
        Note { title, body, label, phones, ..Note::default() }
    })
}

/// A copy that keeps most of what its base has, as real ones do.
fn near(base: Note, other: Note, keep: [bool; 5]) -> Note {
    let pick = |keep: bool, a: &str, b: &str| if keep { a.to_owned() } else { b.to_owned() };
    let mut near = base.clone();
    near.title = pick(keep[0], &base.title, &other.title);
    near.body = pick(keep[1], &base.body, &other.body);
    near.label = pick(keep[2], &base.label, &other.label);
    for (index, key) in ["home", "work"].into_iter().enumerate() {
        if !keep[3 + index] {
            near.phones.remove(key);
            if let Some(number) = other.phones.get(key) {
                near.phones.insert(key.to_owned(), number.clone());
            }
        }
    }
    near
}

fn copy(side: Side, record: Note, gone: bool) -> Copy<Note> {
    let stored = Stored {
        id: ItemId::new(side.as_str()),
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
    Copy { stored, gone, look: false }
}

prop_compose! {
    fn both()(
        bases in prop_oneof![
            note().prop_map(|base| (base.clone(), base)),
            Just((Note::default(), Note::default())),
            (note(), note()),
        ],
        fresh in (note(), note()),
        keep in any::<([bool; 5], [bool; 5])>(),
    ) -> Link<Note> {
        let mut link = Link::new(LinkId(Uuid::from_u128(1)));
        let local = near(bases.0.clone(), fresh.0, keep.0);
        let remote = near(bases.1.clone(), fresh.1, keep.1);
        link.bases = Sides { local: bases.0, remote: bases.1 };
        link.copies =
            Sides { local: Some(copy(Side::Local, local, false)), remote: Some(copy(Side::Remote, remote, false)) };
        link
    }
}

/// Stores a write as the target does, and acknowledges it.
fn carry_out(link: &mut Link<Note>, intent: &Intent<Note>, rules: &Rules, spell: fn(&Note) -> Note) {
    let side = intent.side;
    let Some(to) = &intent.to else { return put_gone(link, side) };
    let from = link.copies[side].as_ref().map(|copy| copy.stored.clone());
    let mut stored = copy(side, spell(to), false).stored;
    if let Some(from) = from.as_ref().filter(|_| intent.action == Action::Create) {
        stored.id = ItemId::new(format!("{}+", from.id));
    }
    let entry = Entry {
        id: EntryId(Uuid::nil()),
        run: RunId(1),
        link: link.id,
        side,
        op: Op::Update,
        from,
        to: Some(to.clone()),
        taken: intent.taken.clone(),
        source: intent.source.clone(),
        bases: link.bases.clone(),
        release: false,
        undoes: None,
        opaque: None,
        other: None,
        opened: DateTime::UNIX_EPOCH,
        outcome: Outcome::Open,
    };
    acknowledge(link, &entry, &stored, rules).unwrap();
}

/// Decides until nothing is left to do; returns the writes and the fields held.
fn play(link: &mut Link<Note>, rules: &Rules, spell: fn(&Note) -> Note) -> (Vec<Intent<Note>>, Vec<Field>) {
    let mut writes = Vec::new();
    for _ in 0..8 {
        match decide(link, rules).unwrap() {
            Step::Settle(agreed) => settle(link, &agreed, rules).unwrap(),
            Step::Write(intent) => {
                carry_out(link, &intent, rules, spell);
                writes.push(intent);
            }
            Step::Hold(held) => return (writes, held),
            _ => return (writes, Vec::new()),
        }
    }
    panic!("never quiet: {link:?}");
}

fn plainly(note: &Note) -> Note {
    note.clone()
}

/// A provider that spells in its own way and fills in a default.
fn oddly(note: &Note) -> Note {
    let mut odd = note.clone();
    if !odd.title.is_empty() && !odd.title.contains('<') {
        odd.title = format!("<{}>", odd.title.trim());
    }
    if odd.label.is_empty() {
        odd.label = "default".into();
    }
    odd
}

fn mirrored(link: &Link<Note>) -> Link<Note> {
    let mut mirror = link.clone();
    std::mem::swap(&mut mirror.copies.local, &mut mirror.copies.remote);
    std::mem::swap(&mut mirror.bases.local, &mut mirror.bases.remote);
    mirror
}

fn record(link: &Link<Note>, side: Side) -> &Note {
    &link.copies[side].as_ref().unwrap().stored.record
}

fn alike(field: &Field, a: Option<&Value>, b: Option<&Value>) -> bool {
    a.map(|value| Note::normal(field, value)) == b.map(|value| Note::normal(field, value))
}

proptest! {
    #![proptest_config(Config { cases: 10_000, failure_persistence: None, ..Config::default() })]

    #[test]
    fn a_link_is_quiet_after_three_writes_and_then_agrees(mut link in both()) {
        let (writes, held) = play(&mut link, &Rules::default(), plainly);
        prop_assert!(writes.len() <= 3, "{} writes", writes.len());
        let (local, remote) = (fields(record(&link, Side::Local)), fields(record(&link, Side::Remote)));
        let all: BTreeSet<&Field> = local.keys().chain(remote.keys()).collect();
        let bases = link.bases.as_ref().map(fields);
        for field in all {
            // Bases that differ from each other are an agreement on two spellings.
            let settled = local.get(field) == bases.local.get(field) && remote.get(field) == bases.remote.get(field);
            prop_assert!(
                held.contains(field) || settled || alike(field, local.get(field), remote.get(field)),
                "{field}: {local:?} {remote:?}"
            );
        }
    }

    #[test]
    fn no_intent_is_lost(link in both()) {
        let before = Sides::from_fn(|side| fields(record(&link, side)));
        let bases = link.bases.as_ref().map(fields);
        let mut after = link.clone();
        let (_, held) = play(&mut after, &Rules::default(), plainly);
        let now = Sides::from_fn(|side| fields(record(&after, side)));
        let all: BTreeSet<&Field> =
            [&before.local, &before.remote, &bases.local, &bases.remote].into_iter().flat_map(|f| f.keys()).collect();
        for field in all {
            let changed = Sides::from_fn(|side| before[side].get(field) != bases[side].get(field));
            for side in Side::BOTH {
                let (own, other) = (side, side.other());
                if changed[own] && !changed[other] {
                    prop_assert!(alike(field, now[other].get(field), before[own].get(field)), "{field} did not travel");
                    prop_assert!(alike(field, now[own].get(field), before[own].get(field)), "{field} was taken back");
                }
                if held.contains(field) {
                    prop_assert_eq!(now[own].get(field), before[own].get(field), "a held field was written");
                }
            }
            if changed.local && changed.remote && !alike(field, before.local.get(field), before.remote.get(field)) {
                prop_assert!(held.contains(field), "{field} was decided without a person");
            }
        }
    }

    #[test]
    fn the_two_sides_are_equals(link in both(), policy in 0..3) {
        let (policy, mirror_policy) = [
            (Policy::Ask, Policy::Ask),
            (Policy::Local, Policy::Remote),
            (Policy::Remote, Policy::Local),
        ][policy as usize];
        let (mut one, mut two) = (link.clone(), mirrored(&link));
        let (_, held) = play(&mut one, &Rules { policy, ..Rules::default() }, plainly);
        let (_, held_too) = play(&mut two, &Rules { policy: mirror_policy, ..Rules::default() }, plainly);
        prop_assert_eq!(held, held_too);
        for side in Side::BOTH {
            prop_assert_eq!(record(&one, side), record(&two, side.other()));
            prop_assert_eq!(&one.bases[side], &two.bases[side.other()]);
        }
    }

    #[test]
    fn a_provider_that_respells_and_fills_in_makes_no_echo(mut link in both()) {
        let (writes, _) = play(&mut link, &Rules::default(), oddly);
        prop_assert!(writes.len() <= 3, "{} writes", writes.len());
        // What was decided stays decided: nothing more to write, the same fields held.
        let before = link.clone();
        let (again, _) = play(&mut link, &Rules::default(), oddly);
        prop_assert!(again.is_empty());
        prop_assert_eq!(before, link);
    }

    #[test]
    fn an_edit_beats_a_delete_and_nothing_else_does(link in both(), local_is_gone in any::<bool>()) {
        let gone = if local_is_gone { Side::Local } else { Side::Remote };
        let mut link = link;
        link.copies[gone].as_mut().unwrap().gone = true;
        let edited = fields(record(&link, gone.other())) != fields(&link.bases[gone.other()]);
        match decide(&link, &Rules::default()).unwrap() {
            Step::Write(intent) if edited => {
                prop_assert_eq!((intent.side, intent.action), (gone, Action::Create));
                // What was there before comes back, with the fields that were edited.
                let (to, own) = (fields(&intent.to.unwrap()), fields(record(&link, gone)));
                for field in own.keys().chain(to.keys()).filter(|field| !intent.taken.contains(field)) {
                    prop_assert_eq!(to.get(field), own.get(field));
                }
            }
            Step::Write(intent) => prop_assert_eq!((intent.side, intent.action), (gone.other(), Action::Delete)),
            other => prop_assert!(false, "{other:?}"),
        }
    }

    #[test]
    fn a_write_takes_its_fields_and_no_others(link in both()) {
        if let Step::Write(intent) = decide(&link, &Rules::default()).unwrap() {
            let (own, other) = (fields(record(&link, intent.side)), fields(record(&link, intent.side.other())));
            let to = fields(&intent.to.unwrap());
            for field in own.keys().chain(to.keys()).chain(other.keys()) {
                let source = if intent.taken.contains(field) { &other } else { &own };
                prop_assert_eq!(to.get(field), source.get(field), "{}", field);
            }
        }
    }
}
