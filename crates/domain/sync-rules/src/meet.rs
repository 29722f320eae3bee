//! Which halves are two sides of one record: *pair unlinked* in `docs/explanation/engine.md` section 5.

use std::collections::{BTreeMap, BTreeSet};

use passerelle_ports::{Half, Link, LinkId, LinkState, MatchKey, Record, Side};

/// What a meeting of halves came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Meeting {
    /// Halves that are one record: local, remote.
    pub joins: Vec<(LinkId, LinkId)>,
    /// Halves with more than one possible other half.
    pub ambiguous: BTreeSet<LinkId>,
    /// Halves that are ambiguous no longer.
    pub cleared: BTreeSet<LinkId>,
}

/// Lets halves meet, from the strongest keys to the weakest.
///
/// `halves` must be closed: with a half come all halves that share a key with it. Two halves are joined
/// when each is the only candidate of the other at the first strength at which either has one, and nothing
/// stronger contradicts it; anything else with a candidate is ambiguous. Nothing is guessed. Halves of which none is due stay as they are.
///
/// `differ` tells whether two halves that share more than an identifier are called differently: colleagues with one
/// number of their company. Where one of the two has a candidate that is called like it, they are no candidates of
/// each other; else they are ambiguous.
#[must_use]
pub fn meet(halves: &[Half], differ: &dyn Fn(LinkId, LinkId) -> bool) -> Meeting {
    let mut meeting = Meeting::default();
    let mut open: BTreeSet<usize> = (0..halves.len()).collect();
    let strengths: BTreeSet<u8> =
        halves.iter().flat_map(|half| half.keys.iter().map(|key| key.strength)).collect();
    for strength in strengths {
        let mut candidates = candidates(halves, &open, strength);
        let differ = |a: usize, b: usize| {
            let (a, b) = (halves.get(a), halves.get(b));
            strength > 0 && a.zip(b).is_some_and(|(a, b)| differ(a.link, b.link))
        };
        keep_namesakes(&mut candidates, &differ);
        for (index, others) in &candidates {
            let Some(half) = halves.get(*index) else { continue };
            let stirred = half.due || others.iter().any(|o| halves.get(*o).is_some_and(|h| h.due));
            let only = others.iter().next().filter(|_| others.len() == 1);
            let mutual = only.filter(|o| candidates.get(o).is_some_and(|back| back.len() == 1));
            let other = mutual.and_then(|other| halves.get(*other));
            let other = other.filter(|_| !only.is_some_and(|only| differ(*index, *only)));
            match other.filter(|other| !contradict(half, other, strength)) {
                Some(other) if stirred && half.side == Side::Local => {
                    meeting.joins.push((half.link, other.link));
                }
                Some(_) => {}
                None if stirred || half.ambiguous => {
                    meeting.ambiguous.insert(half.link);
                }
                None => {}
            }
        }
        open.retain(|index| !candidates.contains_key(index));
    }
    for half in open.iter().filter_map(|index| halves.get(*index)).filter(|half| half.ambiguous) {
        meeting.cleared.insert(half.link);
    }
    meeting
}

/// Takes the candidates away that are called differently, where one of the two has one that is called like it.
fn keep_namesakes(candidates: &mut BTreeMap<usize, BTreeSet<usize>>, differ: &dyn Fn(usize, usize) -> bool) {
    let known = |(index, others): (&usize, &BTreeSet<usize>)| {
        others.iter().any(|other| !differ(*index, *other)).then_some(*index)
    };
    let known: BTreeSet<usize> = candidates.iter().filter_map(known).collect();
    for (index, others) in candidates.iter_mut() {
        others.retain(|other| !(known.contains(index) || known.contains(other)) || !differ(*index, *other));
    }
    candidates.retain(|_, others| !others.is_empty());
}

/// Tells whether two halves that only a weak key joins have stronger ones of one sort that differ: two people of one
/// name in one company, each with an address of their own, are a question.
fn contradict(one: &Half, other: &Half, strength: u8) -> bool {
    let sorts = |half: &Half| -> BTreeSet<String> {
        let stronger = half.keys.iter().filter(|key| key.strength > 0 && key.strength < strength);
        stronger.filter_map(|key| key.text.split_once(':')).map(|(sort, _)| sort.to_owned()).collect()
    };
    !sorts(one).is_disjoint(&sorts(other))
}

/// Finds, for each open half, the open halves of the other side that share a key of a strength.
fn candidates(halves: &[Half], open: &BTreeSet<usize>, strength: u8) -> BTreeMap<usize, BTreeSet<usize>> {
    let mut by_key: BTreeMap<&MatchKey, Vec<usize>> = BTreeMap::new();
    for index in open {
        for key in halves.get(*index).into_iter().flat_map(|half| &half.keys) {
            if key.strength == strength {
                by_key.entry(key).or_default().push(*index);
            }
        }
    }
    let mut candidates: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
    for sharers in by_key.values() {
        let side_of = |index: &usize| halves.get(*index).map(|half| half.side);
        for a in sharers.iter().filter(|index| side_of(index) == Some(Side::Local)) {
            for b in sharers.iter().filter(|index| side_of(index) == Some(Side::Remote)) {
                if let (Some(x), Some(y)) = (halves.get(*a), halves.get(*b))
                    && !x.different.contains(&y.link)
                    && !y.different.contains(&x.link)
                {
                    candidates.entry(*a).or_default().insert(*b);
                    candidates.entry(*b).or_default().insert(*a);
                }
            }
        }
    }
    candidates
}

/// Tells whether the row of a half is likely that of another link, which has an item on the other side, once more.
///
/// Either side of the other link may tell: what has just come from one of them is not on both yet.
#[must_use]
pub fn is_double<R: Record>(half: &Link<R>, other: &Link<R>) -> bool {
    let Some(side) = half.half() else { return false };
    let (Some(own), Some(theirs)) = (half.alive(side), other.alive(side)) else { return false };
    let sides: &[Side] = &Side::BOTH;
    let mut known = sides.iter().filter_map(|side| other.alive(*side));
    half.id != other.id
        && other.half().is_none()
        && other.alive(side.other()).is_some()
        && !half.different.contains(&other.id)
        && !own.withdrawn
        && !theirs.withdrawn
        && match side {
            Side::Local => known.any(|known| own.record.is_double_of(&known.record)),
            Side::Remote => {
                let (own, theirs) = (&own.record, &theirs.record);
                half.trails.remote.tardy && (share_strongly(own, theirs) || own.is_double_of(theirs))
            }
        }
}

/// Tells whether two records would have met: what was late to the meeting is not asked for more than the others.
fn share_strongly<R: Record>(one: &R, other: &R) -> bool {
    let (keys, others) = (one.match_keys(), other.match_keys());
    keys.iter().any(|key| key.strength <= 1 && others.contains(key))
}

/// Lets what a link has on the other side go with another record of this side from now on, which looks like its own one:
/// the two meet anew. The record that had it stays alone on its side on purpose.
#[must_use]
pub fn follow<R: Record>(mut half: Link<R>, mut other: Link<R>) -> (Link<R>, Link<R>) {
    let side = half.half().unwrap_or(Side::Local);
    let across = side.other();
    let mut item = Link::new(if side == Side::Local { other.id } else { half.id });
    item.copies[across] = other.copies[across].take();
    item.trails[across] = std::mem::take(&mut other.trails[across]);
    half.trails[across].clone_from(&item.trails[across]);
    half.trails[side].tardy = false;
    other.state = LinkState::Released;
    other.due = false;
    other.held.clear();
    other.chosen.clear();
    other.lacks.clear();
    other.bases = passerelle_ports::Sides { local: R::default(), remote: R::default() };
    half.bases = passerelle_ports::Sides { local: R::default(), remote: R::default() };
    let joined = if side == Side::Local { join(half, item) } else { join(item, half) };
    (joined, other)
}

/// Joins two halves into one link, which keeps the name of the local half.
///
/// Where either had been linked before, the bases are empty: the two meet anew.
#[must_use]
pub fn join<R: Record>(mut local: Link<R>, remote: Link<R>) -> Link<R> {
    if local.copies.remote.is_some() || remote.copies.local.is_some() {
        local.bases = passerelle_ports::Sides { local: R::default(), remote: R::default() };
    }
    local.copies.remote = remote.copies.remote;
    local.trails.remote = remote.trails.remote;
    if let (Some(own), Some(theirs)) = (&local.copies.local, &mut local.copies.remote) {
        let record = std::mem::take(&mut theirs.stored.record);
        theirs.stored.record = record.aligned(None, Some(&own.stored.record));
    }
    local.state = LinkState::Active;
    local.held.clear();
    local.chosen.clear();
    local.different.clear();
    local.due = true;
    local
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn half(id: u128, side: Side, keys: &[(u8, &str)]) -> Half {
        Half {
            link: LinkId(Uuid::from_u128(id)),
            side,
            keys: keys.iter().map(|(strength, text)| MatchKey::new(*strength, *text)).collect(),
            due: true,
            ambiguous: false,
            different: Vec::new(),
        }
    }

    fn check(description: &str, halves: &[Half], joins: &[(u128, u128)], ambiguous: &[u128]) {
        let meeting = meet(halves, &|_, _| false);
        let id = |n: u128| LinkId(Uuid::from_u128(n));
        assert_eq!(
            meeting.joins,
            joins.iter().map(|(a, b)| (id(*a), id(*b))).collect::<Vec<_>>(),
            "{description}"
        );
        assert_eq!(meeting.ambiguous, ambiguous.iter().map(|n| id(*n)).collect(), "{description}");
    }

    #[test]
    fn exactly_one_on_each_side_is_joined() {
        use Side::{Local, Remote};
        check("one and one", &[half(1, Local, &[(1, "e")]), half(2, Remote, &[(1, "e")])], &[(1, 2)], &[]);
        check(
            "nobody on the other side",
            &[half(1, Local, &[(1, "e")]), half(2, Local, &[(1, "e")])],
            &[],
            &[],
        );
        check(
            "two and one",
            &[half(1, Local, &[(1, "e")]), half(2, Local, &[(1, "e")]), half(3, Remote, &[(1, "e")])],
            &[],
            &[1, 2, 3],
        );
        check(
            "an identifier beats an address",
            &[
                half(1, Local, &[(0, "u"), (1, "e")]),
                half(2, Remote, &[(0, "u")]),
                half(3, Remote, &[(1, "e")]),
            ],
            &[(1, 2)],
            &[],
        );
        check(
            "keys of different strengths never match",
            &[half(1, Local, &[(0, "x")]), half(2, Remote, &[(1, "x")])],
            &[],
            &[],
        );
        check(
            "two addresses lead to two people",
            &[
                half(1, Local, &[(1, "a"), (1, "b")]),
                half(2, Remote, &[(1, "a")]),
                half(3, Remote, &[(1, "b")]),
            ],
            &[],
            &[1, 2, 3],
        );
        check(
            "one name, and an address that the other lacks",
            &[half(1, Local, &[(2, "name:a|c")]), half(2, Remote, &[(1, "mail:x"), (2, "name:a|c")])],
            &[(1, 2)],
            &[],
        );
        check(
            "one name, an address here and a number there",
            &[
                half(1, Local, &[(1, "tel:+33"), (2, "name:a|c")]),
                half(2, Remote, &[(1, "mail:x"), (2, "name:a|c")]),
            ],
            &[(1, 2)],
            &[],
        );
        check(
            "one name, and two addresses",
            &[
                half(1, Local, &[(1, "mail:y"), (2, "name:a|c")]),
                half(2, Remote, &[(1, "mail:x"), (2, "name:a|c")]),
            ],
            &[],
            &[1, 2],
        );
        check("no key, no match", &[half(1, Local, &[]), half(2, Remote, &[])], &[], &[]);
    }

    #[test]
    fn those_who_share_an_address_meet_by_their_names() {
        use Side::{Local, Remote};
        let tel: &[(u8, &str)] = &[(1, "tel:+33")];
        let id = |n: u128| LinkId(Uuid::from_u128(n));
        // Whose numbers leave the same remainder are called alike.
        let differ = |a: LinkId, b: LinkId| a.0.as_u128() % 10 != b.0.as_u128() % 10;
        for (description, halves, joins, ambiguous) in [
            (
                "each of two colleagues meets its own",
                vec![half(1, Local, tel), half(2, Local, tel), half(11, Remote, tel), half(12, Remote, tel)],
                vec![(1, 11), (2, 12)],
                vec![],
            ),
            (
                "a third colleague is nobody else",
                vec![half(1, Local, tel), half(11, Remote, tel), half(13, Remote, tel)],
                vec![(1, 11)],
                vec![],
            ),
            (
                "two of different names alone are a question",
                vec![half(1, Local, tel), half(12, Remote, tel)],
                vec![],
                vec![1, 12],
            ),
            (
                "one name twice is a question, and another name none",
                vec![half(1, Local, tel), half(11, Remote, tel), half(21, Remote, tel), half(3, Local, tel)],
                vec![],
                vec![1, 11, 21],
            ),
            (
                "an identifier is enough",
                vec![half(1, Local, &[(0, "u")]), half(12, Remote, &[(0, "u")])],
                vec![(1, 12)],
                vec![],
            ),
        ] {
            let meeting = meet(&halves, &differ);
            let joins: Vec<_> = joins.into_iter().map(|(a, b)| (id(a), id(b))).collect();
            assert_eq!(meeting.joins, joins, "{description}");
            assert_eq!(meeting.ambiguous, ambiguous.into_iter().map(id).collect(), "{description}");
        }
    }

    #[test]
    fn a_person_may_say_that_two_are_different() {
        let mut one = half(1, Side::Local, &[(1, "e")]);
        one.different.push(LinkId(Uuid::from_u128(2)));
        one.ambiguous = true;
        let meeting = meet(&[one.clone(), half(2, Side::Remote, &[(1, "e")])], &|_, _| false);
        assert!(meeting.joins.is_empty() && meeting.ambiguous.is_empty());
        assert_eq!(meeting.cleared, [one.link].into());
    }

    #[test]
    fn halves_that_rest_stay_as_they_are() {
        let mut halves = [half(1, Side::Local, &[(1, "e")]), half(2, Side::Remote, &[(1, "e")])];
        for half in &mut halves {
            half.due = false;
        }
        assert_eq!(meet(&halves, &|_, _| false), Meeting::default());
    }
}
