//! What goes round in circles: a record that two programs rewrite in turn, or that comes back for ever.

use chrono::TimeDelta;
use passerelle_ports::{Entry, Field, Op, Outcome, Record, Side, fields};

use crate::Limits;

/// Tells whether a write that is about to be done belongs to an endless loop, judged by the last entries of its
/// link, in any order.
///
/// - A record that was created again on this side as often as the limit allows within a day is left alone.
/// - So is one that was written as often as the limit allows within an hour, *in both directions in turn*, in a
///   field that this write takes too. One person who edits one record all afternoon writes in one direction only.
#[must_use]
pub fn circles<R: Record>(entry: &Entry<R>, past: &[Entry<R>], limits: &Limits) -> bool {
    let landed = past.iter().filter(|old| {
        old.id != entry.id && old.undoes.is_none() && matches!(old.outcome, Outcome::Landed(_))
    });
    let within = |old: &&Entry<R>, span| entry.opened - old.opened < span;
    match entry.op {
        Op::Create { .. } if entry.from.is_some() => {
            let again = landed
                .filter(|old| within(old, TimeDelta::days(1)) && old.side == entry.side)
                .filter(|old| matches!(old.op, Op::Create { .. }) && old.from.is_some());
            again.count() as u64 >= limits.recreations
        }
        Op::Update => {
            let same: Vec<&Entry<R>> = landed
                .filter(|old| within(old, TimeDelta::hours(1)) && old.op == Op::Update)
                .filter(|old| old.taken.iter().any(|field| entry.taken.contains(field) && !keeps(old, field)))
                .collect();
            let to = |side: Side| same.iter().filter(|old| old.side == side).count();
            same.len() as u64 >= limits.echoes && to(Side::Local) > 1 && to(Side::Remote) > 1
        }
        _ => false,
    }
}

/// Tells whether a write left a field as it was: what a provider dropped by itself, and the record keeps.
fn keeps<R: Record>(entry: &Entry<R>, field: &Field) -> bool {
    let (Some(from), Some(to)) = (&entry.from, &entry.to) else { return false };
    let before = fields(&from.record).remove(field);
    before.is_some() && before == fields(to).remove(field)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use chrono::{DateTime, Utc};
    use passerelle_ports::{
        CreateKey, EntryId, Field, Fields, ItemId, Kind, LinkId, MatchKey, RunId, Sides, Stored, Value,
        Version,
    };
    use serde::{Deserialize, Serialize};
    use uuid::Uuid;

    use super::*;

    #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
    struct Card {}

    impl Record for Card {
        const KIND: Kind = Kind::Contacts;
        fn normal(_: &Field, value: &Value) -> Value {
            value.clone()
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
            String::new()
        }
    }

    fn entry(minute: i64, side: Side, create: bool, field: &str) -> Entry<Card> {
        let at = DateTime::<Utc>::UNIX_EPOCH + TimeDelta::minutes(minute);
        let stored = Stored {
            id: ItemId::new("i"),
            version: Version::new("v"),
            updated: at,
            record: Card {},
            opaque: passerelle_ports::Opaque::default(),
            key: None,
            made: None,
            stamp: None,
            lineage: None,
            withdrawn: false,
            home: None,
        };
        Entry {
            id: EntryId(Uuid::from_u128(u128::try_from(minute).unwrap() + 1)),
            run: RunId(1),
            link: LinkId(Uuid::nil()),
            side,
            op: if create { Op::Create { key: CreateKey::new("k") } } else { Op::Update },
            from: Some(stored.clone()),
            to: Some(Card {}),
            taken: vec![Field::new(field)],
            source: Card {},
            bases: Sides::default(),
            release: false,
            undoes: None,
            opaque: None,
            other: None,
            opened: at,
            outcome: Outcome::Landed(Some(stored)),
        }
    }

    fn first(minute: i64, side: Side) -> Entry<Card> {
        Entry { from: None, ..entry(minute, side, true, "") }
    }

    #[test]
    fn a_loop_is_told_from_work() {
        use Side::{Local, Remote};
        let ping_pong = |side: usize| if side.is_multiple_of(2) { Local } else { Remote };
        let rows = |minutes: i64, count: usize, side: &dyn Fn(usize) -> Side, field: &str| -> Vec<_> {
            (0..count).map(|n| entry(n as i64 * minutes, side(n), false, field)).collect()
        };
        for (description, past, now, expected) in [
            (
                "two programs in turn",
                rows(1, 5, &ping_pong, "title"),
                entry(10, Remote, false, "title"),
                true,
            ),
            ("not that often yet", rows(1, 4, &ping_pong, "title"), entry(10, Remote, false, "title"), false),
            ("one busy person", rows(1, 9, &|_| Remote, "title"), entry(10, Remote, false, "title"), false),
            ("over a whole day", rows(60, 9, &ping_pong, "title"), entry(600, Remote, false, "title"), false),
            ("another field", rows(1, 9, &ping_pong, "note"), entry(10, Remote, false, "title"), false),
            (
                "a record that comes back for ever",
                vec![entry(1, Remote, true, ""), entry(60, Remote, true, "")],
                entry(120, Remote, true, ""),
                true,
            ),
            (
                "brought back once before",
                vec![entry(60, Remote, true, "")],
                entry(120, Remote, true, ""),
                false,
            ),
            (
                "on the other side",
                vec![entry(1, Local, true, ""), entry(60, Local, true, "")],
                entry(120, Remote, true, ""),
                false,
            ),
            (
                "one of them a whole day ago",
                vec![entry(0, Remote, true, ""), entry(60, Remote, true, "")],
                entry(1440, Remote, true, ""),
                false,
            ),
            (
                "one of them its first making",
                vec![first(1, Remote), entry(60, Remote, true, "")],
                entry(120, Remote, true, ""),
                false,
            ),
            (
                "a first making is no coming back",
                vec![entry(1, Remote, true, ""), entry(60, Remote, true, "")],
                first(120, Remote),
                false,
            ),
            (
                "one answer among many edits from there",
                rows(1, 9, &|n| if n == 4 { Local } else { Remote }, "title"),
                entry(10, Remote, false, "title"),
                false,
            ),
            (
                "one answer among many edits from here",
                rows(1, 9, &|n| if n == 4 { Remote } else { Local }, "title"),
                entry(10, Remote, false, "title"),
                false,
            ),
            (
                "an edit of a whole hour ago",
                rows(1, 5, &ping_pong, "title"),
                entry(60, Remote, false, "title"),
                false,
            ),
            (
                "two days ago",
                vec![entry(1, Remote, true, ""), entry(2, Remote, true, "")],
                entry(2880, Remote, true, ""),
                false,
            ),
        ] {
            assert_eq!(circles(&now, &past, &Limits::default()), expected, "{description}");
        }
    }

    #[test]
    fn what_a_person_takes_back_is_no_loop() {
        let mut past: Vec<_> = [Side::Local, Side::Remote]
            .repeat(3)
            .into_iter()
            .enumerate()
            .collect::<Vec<_>>()
            .into_iter()
            .map(|(n, side)| entry(n as i64, side, false, "title"))
            .collect();
        assert!(circles(&entry(9, Side::Local, false, "title"), &past, &Limits::default()));
        past.iter_mut().for_each(|old| old.undoes = Some(EntryId(Uuid::nil())));
        assert!(!circles(&entry(9, Side::Local, false, "title"), &past, &Limits::default()));
    }
}
