//! Corners that histories seldom reach, one by one: privacy, undo, edges, a link that is whole again.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use chrono::DateTime;
use passerelle_ports::{
    Context, Copy, Entry, EntryId, ErrorKind, Field, Fields, ItemId, Lack, Link, LinkId, LinkState, Op,
    Opaque, Outcome, Refusal, RunId, Side, Sides, Stored, Version,
};
use passerelle_sync_rules::{
    Action, Answer, Condition, Direction, FieldPattern, Rules, Scope, Step, Test, acknowledge, answered,
    changed_unseen, clashes, decide, put_copy, put_gone, rebase, take_back,
};
use passerelle_testkit::Note;
use uuid::Uuid;

fn titled(title: &str) -> Note {
    Note { title: title.into(), ..Note::default() }
}

fn stored(side: Side, version: &str, record: Note) -> Stored<Note> {
    Stored {
        id: ItemId::new(side.as_str()),
        version: Version::new(version),
        updated: DateTime::UNIX_EPOCH,
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

fn copy(side: Side, record: Note) -> Copy<Note> {
    Copy { stored: stored(side, "1", record), gone: false, look: false }
}

fn link(bases: (Note, Note), local: Note, remote: Note) -> Link<Note> {
    let mut link = Link::new(LinkId(Uuid::from_u128(1)));
    link.bases = Sides { local: bases.0, remote: bases.1 };
    link.copies = Sides { local: Some(copy(Side::Local, local)), remote: Some(copy(Side::Remote, remote)) };
    link
}

fn entry(side: Side, from: Stored<Note>, to: Note, taken: &[&str]) -> Entry<Note> {
    Entry {
        id: EntryId(Uuid::from_u128(2)),
        run: RunId(1),
        link: LinkId(Uuid::from_u128(1)),
        side,
        op: Op::Update,
        from: Some(from),
        to: Some(to.clone()),
        taken: taken.iter().map(|name| Field::new(*name)).collect(),
        source: to,
        bases: Sides { local: Note::default(), remote: Note::default() },
        other: None,
        release: false,
        undoes: None,
        opaque: None,
        opened: DateTime::UNIX_EPOCH,
        outcome: Outcome::Open,
    }
}

fn private() -> Rules {
    Rules { redact_private: true, ..Rules::default() }
}

#[test]
fn the_newer_wins_only_by_more_than_the_clocks_may_differ() {
    let skew = std::time::Duration::from_secs(5);
    for (local, remote, skew, winner) in [
        (6, 0, skew, Some(Side::Local)),
        (5, 0, skew, None),
        (0, 5, skew, None),
        (0, 6, skew, Some(Side::Remote)),
        // At one instant nobody was first.
        (3, 3, std::time::Duration::ZERO, None),
        (4, 3, std::time::Duration::ZERO, Some(Side::Local)),
    ] {
        let mut link = link((titled("a"), titled("a")), titled("here"), titled("there"));
        for (side, seconds) in [(Side::Local, local), (Side::Remote, remote)] {
            let copy = link.copies[side].as_mut().unwrap();
            copy.stored.updated = DateTime::from_timestamp(seconds, 0).unwrap();
        }
        let rules = Rules { policy: passerelle_sync_rules::Policy::Newest, skew, ..Rules::default() };
        let held = clashes(&link, &rules);
        match (decide(&link, &rules).unwrap(), winner) {
            (Step::Write(intent), Some(winner)) => {
                assert_eq!((intent.side.other(), held), (winner, Vec::new()), "{local} {remote}");
            }
            (Step::Hold(fields), None) => assert_eq!((&fields, &held), (&vec![Field::new("title")], &fields)),
            other => panic!("{local} {remote}: {other:?}"),
        }
    }
}

#[test]
fn only_a_copy_that_moves_lifts_what_is_parked() {
    let refused = LinkState::Rejected(Refusal {
        side: Side::Remote,
        kind: ErrorKind::Rejected,
        code: None,
        context: Context::default(),
        at: None,
    });
    for (state, moved) in [
        (LinkState::Active, LinkState::Active),
        (LinkState::Released, LinkState::Released),
        (refused, LinkState::Active),
    ] {
        let mut link = link((titled("a"), titled("a")), titled("a"), titled("a"));
        link.state = state.clone();
        put_copy(&mut link, Side::Local, stored(Side::Local, "1", titled("a")));
        assert_eq!((&link.state, link.due), (&state, false), "met again as it was");
        put_copy(&mut link, Side::Local, stored(Side::Local, "2", titled("b")));
        assert_eq!((&link.state, link.due), (&moved, true));
    }
    // A half that two others fit waits until it is whole.
    let mut half = link((titled("a"), titled("a")), titled("a"), titled("a"));
    half.state = LinkState::Ambiguous;
    half.copies.remote = None;
    put_copy(&mut half, Side::Local, stored(Side::Local, "2", titled("b")));
    assert_eq!(half.state, LinkState::Ambiguous);
    put_copy(&mut half, Side::Remote, stored(Side::Remote, "1", titled("a")));
    assert_eq!(half.state, LinkState::Active);
}

#[test]
fn a_choice_holds_for_the_two_values_that_were_chosen_between_and_ends_with_its_write() {
    let choices = |link: &Link<Note>| -> Vec<String> {
        link.chosen.iter().map(|(field, _)| field.as_str().to_owned()).collect()
    };
    let of = |title: &str, body: &str| Note { body: body.into(), ..titled(title) };
    let base = || (of("a", "x"), of("a", "x"));
    let mut chosen = link(base(), of("b", "y"), of("c", "z"));
    chosen.chosen = vec![(Field::new("title"), Side::Local), (Field::new("body"), Side::Local)];
    // Somebody types another title at the other side: it was no part of the choice.
    let mut retyped = chosen.clone();
    put_copy(&mut retyped, Side::Remote, stored(Side::Remote, "2", of("d", "z")));
    assert_eq!(choices(&retyped), ["body"]);
    // Written is the title alone; what else was chosen is still to be written.
    let mut written = chosen.clone();
    let from = written.copies.remote.as_ref().unwrap().stored.clone();
    let sent = entry(Side::Remote, from, of("b", "z"), &["title"]);
    acknowledge(&mut written, &sent, &stored(Side::Remote, "2", of("b", "z")), &Rules::default()).unwrap();
    assert_eq!(choices(&written), ["body"]);
}

#[test]
fn a_create_makes_a_released_link_whole_and_an_update_does_not() {
    let create = || Op::Create { key: passerelle_ports::CreateKey::new("k") };
    for (op, state, after) in [
        (create(), LinkState::Released, LinkState::Active),
        (create(), LinkState::Ambiguous, LinkState::Ambiguous),
        (Op::Update, LinkState::Released, LinkState::Released),
    ] {
        let mut link = link((titled("a"), titled("a")), titled("b"), titled("a"));
        link.state = state.clone();
        let from = stored(Side::Remote, "1", titled("a"));
        let sent = Entry { op: op.clone(), ..entry(Side::Remote, from, titled("b"), &["title"]) };
        acknowledge(&mut link, &sent, &stored(Side::Remote, "2", titled("b")), &Rules::default()).unwrap();
        assert_eq!(link.state, after, "{op:?} {state:?}");
    }
}

#[test]
fn what_is_private_now_is_hidden_whatever_the_bases_say() {
    // The bases say that the other side has shown the hidden title; in truth the raw one stands there.
    let local = Note { title: "secret".into(), private: true, ..Note::default() };
    let shown = Note { title: "Busy".into(), private: true, ..Note::default() };
    let raw = Note { title: "secret".into(), private: true, ..Note::default() };
    let link = link((shown, raw.clone()), local, raw);
    match decide(&link, &private()).unwrap() {
        Step::Write(intent) => {
            assert_eq!((intent.side, intent.to.unwrap().title.as_str()), (Side::Remote, "Busy"));
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_held_link_still_hides_what_has_become_private() {
    let base = Note { title: "t".into(), label: "l".into(), ..Note::default() };
    let local = Note { title: "t".into(), label: "here".into(), private: true, ..Note::default() };
    let remote = Note { title: "t".into(), label: "there".into(), ..Note::default() };
    let rules = Rules {
        hold_whole_link: true,
        fields: vec![(FieldPattern::new("private"), Direction::Neither)],
        ..private()
    };
    match decide(&link((base.clone(), base), local, remote), &rules).unwrap() {
        Step::Write(intent) => {
            let to = intent.to.unwrap();
            assert_eq!((intent.side, to.title.as_str(), to.label.as_str()), (Side::Remote, "Busy", "there"));
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn turning_the_private_flag_alone_is_a_change_both_ways() {
    let open = titled("secret");
    let hidden = Note { title: "secret".into(), private: true, ..Note::default() };
    let rules = Rules { fields: vec![(FieldPattern::new("private"), Direction::Neither)], ..private() };
    for (base, local, expected) in [(open.clone(), hidden, "Busy"), (titled("Busy"), open.clone(), "secret")]
    {
        let remote = base.clone();
        match decide(&link((base.clone(), base), local, remote), &rules).unwrap() {
            Step::Write(intent) => assert_eq!(intent.to.unwrap().title, expected),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_flag_that_a_write_turns_is_no_side_effect_on_the_fields_it_hides() {
    let before = titled("secret");
    let after = Note { title: "secret".into(), private: true, ..Note::default() };
    let mut link = link((before.clone(), before.clone()), before.clone(), after.clone());
    let entry = entry(Side::Local, stored(Side::Local, "1", before), after.clone(), &["private"]);
    acknowledge(&mut link, &entry, &stored(Side::Local, "2", after), &private()).unwrap();
    // The view says Busy now; the base does not, so the title is hidden at the other side next.
    assert_eq!(link.bases.local.title, "secret");
}

#[test]
fn an_answer_absorbs_what_the_provider_did_but_no_waiting_edit() {
    let base = Note { title: "t".into(), label: "l".into(), ..Note::default() };
    let edited = Note { title: "t".into(), label: " theirs ".into(), ..Note::default() };
    let rules = Rules::default();
    let to = Note { title: "new".into(), ..edited.clone() };
    // The provider trims the label and fills in a place while it stores the title.
    let answer = Note { label: "theirs".into(), place: "default".into(), ..to.clone() };
    let mut link = link((base.clone(), base.clone()), Note { label: "ours".into(), ..base }, edited.clone());
    let entry = entry(Side::Remote, stored(Side::Remote, "1", edited), to, &["title"]);
    acknowledge(&mut link, &entry, &stored(Side::Remote, "2", answer), &rules).unwrap();
    assert_eq!(link.bases.remote.place, "default", "the provider's own doing is no edit");
    assert_eq!(link.bases.remote.label, "l", "an edit that waits is still an edit");
}

#[test]
fn what_a_provider_respelled_beside_a_write_whose_answer_was_lost_is_no_edit() {
    let base = Note { title: "t".into(), label: " l ".into(), place: "p".into(), ..Note::default() };
    let to = Note { title: "new".into(), ..base.clone() };
    let found = Note { label: "l".into(), place: "typed since".into(), ..to.clone() };
    let local = Note { label: "ours".into(), ..to.clone() };
    let mut link = link((base.clone(), base.clone()), local, found.clone());
    let entry = entry(Side::Remote, stored(Side::Remote, "1", base), to, &["title"]);
    rebase(&mut link, &entry, &found).unwrap();
    assert_eq!(link.bases.remote.label, "l");
    assert_eq!(link.bases.remote.place, "p", "what means something else may be a person's");
    match decide(&link, &Rules::default()).unwrap() {
        Step::Write(intent) => {
            assert_eq!((intent.side, intent.to.unwrap().place.as_str()), (Side::Local, "typed since"))
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_is_empty_after_a_write_whose_answer_was_lost_is_sent_again() {
    let base = Note { title: "t".into(), body: "old".into(), ..Note::default() };
    let to = Note { body: "new".into(), ..base.clone() };
    // Stored, and dropped by a provider that keeps no bodies; or cleared by somebody since. Nobody knows.
    let found = Note { body: String::new(), ..base.clone() };
    let mut link = link((base.clone(), base.clone()), to.clone(), found.clone());
    let entry = entry(Side::Remote, stored(Side::Remote, "1", base), to, &["body"]);
    rebase(&mut link, &entry, &found).unwrap();
    match decide(&link, &Rules::default()).unwrap() {
        Step::Write(intent) => {
            assert_eq!((intent.side, intent.to.unwrap().body.as_str()), (Side::Remote, "new"))
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_stands_as_before_a_write_whose_answer_was_lost_is_sent_again() {
    let mut link = link((titled("a"), titled("a")), titled("b"), titled("a"));
    let entry = entry(Side::Remote, stored(Side::Remote, "1", titled("a")), titled("b"), &["title"]);
    rebase(&mut link, &entry, &titled("a")).unwrap();
    match decide(&link, &Rules::default()).unwrap() {
        Step::Write(intent) => assert_eq!((intent.side, intent.to), (Side::Remote, Some(titled("b")))),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_create_whose_answer_was_lost_makes_a_released_link_whole_and_an_update_does_not() {
    let create = || Op::Create { key: passerelle_ports::CreateKey::new("k") };
    for (op, state, after) in [
        (create(), LinkState::Released, LinkState::Active),
        (create(), LinkState::Ambiguous, LinkState::Ambiguous),
        (Op::Update, LinkState::Released, LinkState::Released),
    ] {
        let mut link = link((titled("a"), titled("a")), titled("b"), titled("b"));
        link.state = state.clone();
        let from = stored(Side::Remote, "1", titled("a"));
        let sent = Entry { op: op.clone(), ..entry(Side::Remote, from, titled("b"), &["title"]) };
        rebase(&mut link, &sent, &titled("b")).unwrap();
        assert_eq!(link.state, after, "{op:?} {state:?}");
    }
}

#[test]
fn what_the_store_says_of_an_entry_never_goes_back_behind_a_later_copy() {
    let row = |id: &str, version: &str, title: &str| Stored {
        id: ItemId::new(id),
        ..stored(Side::Local, version, titled(title))
    };
    for (seen, answer, expected) in [
        (row("r", "3", "before"), row("r", "4", "ours"), "ours"),
        (row("r", "5", "later"), row("r", "4", "ours"), "later"),
        // The very version that was stored, with what the listing made of it.
        (row("r", "4", "as listed"), row("r", "4", "ours"), "as listed"),
        // A row that took the place of the one that the entry found.
        (row("next", "1", "another row"), row("r", "4", "ours"), "another row"),
        // The row that it found, where it made a new one.
        (row("local", "1", "before"), row("r", "4", "ours"), "ours"),
    ] {
        let mut link = link((titled("a"), titled("a")), titled("a"), titled("ours"));
        link.copies.local = Some(Copy { stored: seen.clone(), gone: false, look: false });
        let from = stored(Side::Local, "1", titled("a"));
        let sent = entry(Side::Local, from, titled("ours"), &["title"]);
        answered(&mut link, &sent, &Answer::Stored(answer), &Rules::default()).unwrap();
        assert_eq!(link.alive(Side::Local).unwrap().record.title, expected, "{seen:?}");
        assert_eq!(link.bases.local.title, "ours", "what was sent is agreed on all the same");
    }
    for (id, release, gone, state) in [
        ("local", false, true, LinkState::Active),
        ("local", true, true, LinkState::Released),
        ("another row", true, false, LinkState::Active),
    ] {
        let mut link = link((titled("a"), titled("a")), titled("a"), titled("a"));
        link.copies.local = Some(Copy { stored: row(id, "1", "a"), gone: false, look: false });
        let from = stored(Side::Local, "1", titled("a"));
        let sent = Entry { op: Op::Delete, to: None, release, ..entry(Side::Local, from, titled("a"), &[]) };
        answered(&mut link, &sent, &Answer::Deleted, &Rules::default()).unwrap();
        assert_eq!(
            (link.alive(Side::Local).is_none(), link.state.clone(), link.due),
            (gone, state, true),
            "{id}"
        );
    }
}

#[test]
fn only_a_change_by_somebody_else_makes_a_copy_newer() {
    let at = |seconds| DateTime::from_timestamp(seconds, 0).unwrap();
    let aged = |version: &str, seconds, title: &str| Stored {
        updated: at(seconds),
        ..stored(Side::Remote, version, titled(title))
    };
    let rules = Rules::default();
    let carried = entry(Side::Remote, aged("1", 10, "a"), titled("b"), &["title"]);
    let in_a_persons_name = entry(Side::Remote, aged("1", 10, "a"), titled("b"), &[]);
    for (description, entry, expected) in
        [("carried over", carried, 10), ("a person's", in_a_persons_name, 20)]
    {
        let mut link = link((titled("a"), titled("a")), titled("b"), titled("a"));
        acknowledge(&mut link, &entry, &aged("2", 20, "b"), &rules).unwrap();
        put_copy(&mut link, Side::Remote, aged("2", 20, "b"));
        assert_eq!(link.alive(Side::Remote).unwrap().updated, at(expected), "{description}");
        put_copy(&mut link, Side::Remote, aged("3", 30, "c"));
        assert_eq!(link.alive(Side::Remote).unwrap().updated, at(30), "{description}, edited since");
    }
}

#[test]
fn a_link_that_is_whole_again_is_not_ambiguous() {
    for side in Side::BOTH {
        let mut link = link((titled("a"), titled("a")), titled("a"), titled("a"));
        put_gone(&mut link, side);
        link.state = LinkState::Ambiguous;
        put_copy(&mut link, side, stored(side, "2", titled("a")));
        assert_eq!(link.state, LinkState::Active, "{side:?}");
    }
}

#[test]
fn what_is_gone_is_remembered_and_what_comes_back_after_both_were_gone_is_new() {
    let mut link = link((titled("a"), titled("a")), titled("a"), titled("a"));
    put_gone(&mut link, Side::Remote);
    assert!(matches!(decide(&link, &Rules::default()).unwrap(),
        Step::Write(intent) if (intent.side, intent.action) == (Side::Local, Action::Delete)));
    put_gone(&mut link, Side::Local);
    assert_eq!(link.item(Side::Local).unwrap().as_str(), Side::Local.as_str(), "the last copy stays");
    // Out of the provider's bin: a person wants it back.
    put_copy(&mut link, Side::Remote, stored(Side::Remote, "3", titled("a")));
    assert!(matches!(decide(&link, &Rules::default()).unwrap(),
        Step::Write(intent) if (intent.side, intent.action) == (Side::Local, Action::Create)));
}

fn landed(from: &Note, to: &Note, stored_as: &Note) -> Entry<Note> {
    let mut entry = entry(Side::Remote, stored(Side::Remote, "1", from.clone()), to.clone(), &["title"]);
    entry.bases = Sides { local: from.clone(), remote: from.clone() };
    entry.outcome = Outcome::Landed(Some(stored(Side::Remote, "2", stored_as.clone())));
    entry
}

fn undone(entry: &Entry<Note>, link: &Link<Note>) -> Option<passerelle_sync_rules::Intent<Note>> {
    let fresh = LinkId(Uuid::from_u128(9));
    take_back(entry, Some(link), false, fresh, &Rules::default()).unwrap().map(|back| back.intent)
}

#[test]
fn undo_takes_back_what_was_sent_and_no_other_difference() {
    let from = Note { title: "old".into(), label: "l".into(), ..Note::default() };
    let to = Note { title: "new".into(), ..from.clone() };
    // A person changed the label in the minutes of a lost answer: it is in what was found.
    let found = Note { label: "theirs".into(), ..to.clone() };
    let link = link((to.clone(), found.clone()), to.clone(), found.clone());
    let back = undone(&landed(&from, &to, &found), &link).unwrap();
    let to = back.to.unwrap();
    assert_eq!((to.title.as_str(), to.label.as_str()), ("old", "theirs"));
}

#[test]
fn undo_leaves_alone_what_somebody_changed_since() {
    let (from, to) = (titled("old"), titled("new"));
    let since = titled("newer");
    let link = link((to.clone(), to.clone()), to.clone(), since);
    assert_eq!(undone(&landed(&from, &to, &to), &link), None);
}

#[test]
fn undo_of_the_second_side_of_a_field_is_an_agreement() {
    let (from, to) = (titled("old"), titled("new"));
    // The local side is back at the old value already.
    let link = link((to.clone(), to.clone()), from.clone(), to.clone());
    let back = undone(&landed(&from, &to, &to), &link).unwrap();
    assert_eq!(back.taken, [Field::new("title")], "the two agree again: it does not travel as an edit");
    // Where the other side still has the new value, it does.
    let link = self::link((to.clone(), to.clone()), to.clone(), to.clone());
    assert!(undone(&landed(&from, &to, &to), &link).unwrap().taken.is_empty());
}

#[test]
fn undo_does_not_publish_what_was_made_private_since() {
    // The title travelled while it was open, together with the flag's opposite: to take both back is to publish.
    let open = titled("old");
    let hidden = Note { title: "secret".into(), private: true, ..Note::default() };
    let link = link((hidden.clone(), hidden.clone()), hidden.clone(), hidden.clone());
    let mut entry = landed(&open, &hidden, &hidden);
    entry.taken = vec![Field::new("private"), Field::new("title")];
    let fresh = LinkId(Uuid::from_u128(9));
    let back = take_back(&entry, Some(&link), false, fresh, &private()).unwrap();
    let to = back.and_then(|back| back.intent.to);
    assert!(to.as_ref().is_none_or(|to| to.private), "{to:?}");
    // Where nothing is hidden, the flag goes back as any other field.
    let to = undone(&entry, &link).unwrap().to.unwrap();
    assert_eq!((to.title.as_str(), to.private), ("old", false));
}

#[test]
fn a_window_includes_its_first_day_and_not_the_day_after_its_last() {
    let fields = |date: &str| -> Fields { [(Field::new("start"), serde_json::json!(date))].into() };
    for (test, date, expected) in [
        (Test::NotBefore("2026-01-01".into()), "2025-12-31", false),
        (Test::NotBefore("2026-01-01".into()), "2026-01-01", true),
        (Test::Before("2026-02-01".into()), "2026-01-31", true),
        (Test::Before("2026-02-01".into()), "2026-02-01", false),
    ] {
        let condition = Condition { fields: FieldPattern::new("start"), test };
        assert_eq!(
            Scope { all: vec![condition.clone()] }.holds(&fields(date)),
            expected,
            "{condition:?} {date}"
        );
    }
}

#[test]
fn what_others_were_invited_to_is_made_again_only_when_a_person_says_so() {
    let rules = Rules::default();
    let meeting = |title: &str| Note { tags: vec!["guest".into()], ..titled(title) };
    for (before, edited, asks) in [
        (titled("alone"), titled("alone, edited"), false),
        (meeting("together"), meeting("together, edited"), true),
        (titled("alone"), meeting("alone"), true),
        (meeting("together"), titled("together"), true),
    ] {
        let mut link = link((before.clone(), before.clone()), edited.clone(), before.clone());
        put_gone(&mut link, Side::Remote);
        let fields = match decide(&link, &rules).unwrap() {
            Step::Hold(fields) if asks => fields,
            Step::Write(intent) if !asks => {
                assert_eq!((intent.side, intent.action), (Side::Remote, Action::Create));
                continue;
            }
            step => panic!("{edited:?}: {step:?}"),
        };
        for (answer, side, action) in
            [(Side::Local, Side::Remote, Action::Create), (Side::Remote, Side::Local, Action::Delete)]
        {
            let mut link = link.clone();
            link.chosen = fields.iter().map(|field| (field.clone(), answer)).collect();
            let Step::Write(intent) = decide(&link, &rules).unwrap() else { panic!("{edited:?}") };
            assert_eq!((intent.side, intent.action), (side, action), "{edited:?}");
        }
    }
    // What was not edited goes, as ever.
    let mut link = link((meeting("x"), meeting("x")), meeting("x"), meeting("x"));
    put_gone(&mut link, Side::Remote);
    assert!(matches!(decide(&link, &rules).unwrap(), Step::Write(intent) if intent.action == Action::Delete));
}

#[test]
fn undo_puts_leftovers_back_member_by_member_where_they_are_still_so() {
    let with = |record: &Note, left: serde_json::Value| Stored {
        opaque: Opaque(left),
        ..stored(Side::Remote, "1", record.clone())
    };
    let (old, new) = (titled("old"), titled("new"));
    let before = with(&old, serde_json::json!({"a": 1, "deep": {"x": 1, "y": 1}, "gone": true}));
    let after = with(&old, serde_json::json!({"a": 2, "deep": {"x": 2, "y": 1}, "came": true}));
    assert!(changed_unseen(&before, &after), "it is kept in the history");
    assert!(!changed_unseen(&before, &with(&new, before.opaque.0.clone())), "a value travels by itself");
    let seen = |taken: &Note| Entry {
        op: Op::Seen,
        outcome: Outcome::Landed(Some(after.clone())),
        ..entry(Side::Remote, before.clone(), taken.clone(), &[])
    };
    let mut now = link((old.clone(), old.clone()), old.clone(), old.clone());
    let there = serde_json::json!({"a": 2, "deep": {"x": 2, "y": 7}, "came": "and changed since"});
    now.copies.remote.as_mut().unwrap().stored.opaque = Opaque(there);
    let back = |entry: &Entry<Note>, rules: &Rules| {
        take_back(entry, Some(&now), false, LinkId(Uuid::nil()), rules).unwrap()
    };
    let undone = back(&seen(&old), &Rules::default()).unwrap();
    assert_eq!(
        undone.opaque.unwrap().0,
        serde_json::json!({"a": 1, "deep": {"x": 1, "y": 7}, "came": "and changed since", "gone": true})
    );
    assert_eq!(undone.intent.to, Some(old.clone()));
    // Nothing is written where the rules let nothing be written.
    let one_way = Rules { fields: vec![(FieldPattern::new("*"), Direction::Take)], ..Rules::default() };
    assert_eq!(back(&seen(&old), &one_way), None);
}

#[test]
fn what_a_side_cannot_hold_is_kept_in_the_link_until_it_changes() {
    let (from, to) = (titled("a"), Note { label: "wide".into(), ..titled("a") });
    let mut now = link((from.clone(), from.clone()), to.clone(), from.clone());
    let sent = entry(Side::Remote, stored(Side::Remote, "1", from.clone()), to, &["label"]);
    acknowledge(&mut now, &sent, &stored(Side::Remote, "2", from.clone()), &Rules::default()).unwrap();
    let lack = |side: Side, name: &str| Lack { side, field: Field::new(name) };
    assert_eq!(now.lacks, [lack(Side::Remote, "label")]);
    // Whatever else changes, it still does; and what a side shows that no record holds is one, too.
    let renamed = Note { label: "wide".into(), ..titled("b") };
    put_copy(&mut now, Side::Local, stored(Side::Local, "3", renamed.clone()));
    let shows = Opaque(serde_json::json!({ "unshown": ["pictures"] }));
    put_copy(&mut now, Side::Remote, Stored { opaque: shows, ..stored(Side::Remote, "4", from.clone()) });
    assert_eq!(now.lacks, [lack(Side::Local, "pictures"), lack(Side::Remote, "label")]);
    put_copy(&mut now, Side::Remote, stored(Side::Remote, "5", from));
    put_copy(&mut now, Side::Local, stored(Side::Local, "6", Note { label: "other".into(), ..renamed }));
    assert_eq!(now.lacks, []);
}

#[test]
fn what_a_side_keeps_where_nobody_sees_it_is_lacking_there() {
    let (from, to) = (titled("a"), Note { label: "wide".into(), ..titled("a") });
    let hides = |version: &str, note: &Note, names: &[&str]| {
        let opaque = Opaque(serde_json::json!({ "hidden": names }));
        Stored { opaque, ..stored(Side::Remote, version, note.clone()) }
    };
    let mut now = link((from.clone(), from.clone()), to.clone(), from.clone());
    let sent = entry(Side::Remote, stored(Side::Remote, "1", from.clone()), to.clone(), &["label"]);
    acknowledge(&mut now, &sent, &hides("2", &to, &["label"]), &Rules::default()).unwrap();
    let lack = [Lack { side: Side::Remote, field: Field::new("label") }];
    assert_eq!(now.lacks, lack);
    put_copy(&mut now, Side::Remote, hides("3", &to, &["label"]));
    assert_eq!(now.lacks, lack, "once");
    let seen = Note { label: "seen".into(), ..titled("a") };
    put_copy(&mut now, Side::Local, stored(Side::Local, "4", seen.clone()));
    let sent = entry(Side::Remote, hides("3", &to, &["label"]), seen.clone(), &["label"]);
    acknowledge(&mut now, &sent, &stored(Side::Remote, "5", seen), &Rules::default()).unwrap();
    assert_eq!(now.lacks, []);
}

#[test]
fn what_is_typed_where_it_may_only_be_read_is_kept_and_told() {
    let rules = Rules::default().read_only();
    let fields = |names: &[&str]| names.iter().map(|name| Field::new(*name)).collect::<Vec<_>>();
    let base = || (titled("as it was"), titled("as it was"));
    let after = |local: &str, remote: &str| link(base(), titled(local), titled(remote));
    let decided = |link: &Link<Note>| decide(link, &rules).unwrap();
    // Typed here: told. Changed by the owner: taken. Both: a question, never overwritten.
    let mut typed = after("typed", "as it was");
    assert_eq!(decided(&typed), Step::Sealed(fields(&["title"])));
    assert!(
        matches!(decided(&after("as it was", "theirs")), Step::Write(intent) if intent.side == Side::Local)
    );
    assert_eq!(decided(&after("typed", "theirs")), Step::Hold(fields(&["title"])));
    // What a person keeps stays as it is, until the owner changes it.
    typed.chosen = vec![(Field::new("title"), Side::Local)];
    assert_eq!(decided(&typed), Step::Nothing);
    put_copy(&mut typed, Side::Remote, stored(Side::Remote, "2", titled("theirs")));
    assert_eq!(decided(&typed), Step::Hold(fields(&["title"])));
    // A new one, and one that the owner deleted after it was changed here.
    let mut new = after("typed", "");
    (new.copies.remote, new.bases) = (None, Sides { local: Note::default(), remote: Note::default() });
    assert!(matches!(decided(&new), Step::Sealed(_)));
    let mut gone = after("typed", "as it was");
    put_gone(&mut gone, Side::Remote);
    assert!(matches!(decided(&gone), Step::Sealed(_)));
    // Where the rules themselves keep what the company changes, there is nothing to tell.
    let rules = Rules::default().without_writing(Side::Remote).read_only();
    assert_eq!(decide(&after("typed", "as it was"), &rules).unwrap(), Step::Nothing);
    assert_eq!(decide(&new, &rules).unwrap(), Step::Nothing);
}
