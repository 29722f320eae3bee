//! Items that went from one collection into another: which side follows, and where to. Pure.

use passerelle_ports::{Field, Link, LinkState, PairId, Record, Side, Sides, Stored, fields, is_empty};

use crate::{Policy, Rules, decide::takes_part};

/// The name under which it is said who wins where both sides went to different collections.
const CALENDAR: &str = "calendar";
/// Notes of a link that its item went into this collection while the other one was removed: that is a change, too.
const MOVED: &str = "moved";

/// A pair as a place where items may stand.
#[derive(Clone, Debug)]
pub struct Place {
    /// The pair.
    pub pair: PairId,
    /// The names of its collections.
    pub homes: Sides<String>,
    /// Its rules.
    pub rules: Rules,
}

/// What becomes of a link of which an item went into the collection of another pair.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Relocation {
    /// The item of this side follows the other's into this collection.
    Follow(Side, String),
    /// The item of this side would have to follow, but one of the collections may not be written, or its rules keep the record
    /// or one of its fields away from there.
    Barred(Side),
    /// Both items stand with this pair: the link is its own from now on.
    HandOver(PairId),
}

/// Where an item stands.
enum At<'a> {
    Here,
    With(&'a Place),
    Beyond,
}

/// Decides what becomes of a link of the pair `own` whose items are not both where they were. `None` where nothing is
/// to be done: what stands in a collection that is not kept in step is out of scope.
#[must_use]
pub fn relocation<R: Record>(link: &Link<R>, own: &Place, others: &[Place]) -> Option<Relocation> {
    let local = link.alive(Side::Local)?;
    let Some(remote) = link.alive(Side::Remote) else { return alone(link, local, own, others) };
    if link.state == LinkState::Released || !takes_part(&local.record, &own.rules) {
        return None;
    }
    let at = Sides { local: at(Side::Local, local, others), remote: at(Side::Remote, remote, others) };
    let leader = match (&at.local, &at.remote) {
        (At::Here, At::Here) => return None,
        (At::With(one), At::With(other)) if one.pair == other.pair => {
            return Some(Relocation::HandOver(one.pair.clone()));
        }
        _ if chosen(link).is_some() => chosen(link)?,
        (At::With(_), At::With(_)) => winner(local, remote, &own.rules),
        (At::With(_), _) => Side::Local,
        (_, At::With(_)) => Side::Remote,
        _ => return None,
    };
    let follower = leader.other();
    let target = match &at[leader] {
        At::Here => own,
        At::With(place) => place,
        At::Beyond => return None,
    };
    // A person moved the item into a remote calendar whose rules leave it out. If the local record followed, neither side's
    // later changes would travel, so the move is refused and reported.
    let shows = match follower {
        Side::Local => takes_part(&local.record, &target.rules),
        Side::Remote => admits(link, (&own.rules, &target.rules)),
    };
    let may = shows && own.rules.creates[follower] && target.rules.creates[follower];
    Some(match may {
        true => Relocation::Follow(follower, target.homes[follower].clone()),
        false => Relocation::Barred(follower),
    })
}

/// Tells whether the remote item of a link may be brought as it is where other rules count: once it stands there, whoever reads
/// that collection sees what those rules keep away from it.
#[must_use]
pub fn admits<R: Record>(link: &Link<R>, (from, to): (&Rules, &Rules)) -> bool {
    let (Some(local), Some(remote)) = (link.alive(Side::Local), link.alive(Side::Remote)) else {
        return true;
    };
    let leaves = |rules: &Rules, field: &Field| rules.direction::<R>(field).leaves(Side::Local);
    let is_masked = |field: &Field| leaves(from, field) && !leaves(to, field);
    takes_part(&local.record, to)
        && !fields(&remote.record).iter().any(|(field, value)| !is_empty(value) && is_masked(field))
}

/// The item of the other side was removed while the row went into the collection of another pair: the link goes there,
/// with what it knows. Taken for new there, it would be made once more, and its guests invited again.
fn alone<R: Record>(link: &Link<R>, local: &Stored<R>, own: &Place, others: &[Place]) -> Option<Relocation> {
    let is_removed = link.copies.remote.as_ref().is_some_and(|copy| copy.gone);
    if !is_removed || link.state == LinkState::Released {
        return None;
    }
    match at(Side::Local, local, others) {
        At::With(place) if takes_part(&local.record, &own.rules) => {
            Some(Relocation::HandOver(place.pair.clone()))
        }
        _ => None,
    }
}

/// Returns the field of a question about an item that was removed while the row went elsewhere.
pub(crate) fn moved<R: Record>(link: &Link<R>) -> Option<Field> {
    let is_moved = link.chosen.iter().any(|(field, _)| field.as_str() == MOVED);
    is_moved.then(|| Field::new(CALENDAR))
}

/// Tells whether a field is no member of a record, but the collection in which it stands.
#[must_use]
pub fn is_home(field: &Field) -> bool {
    field.as_str() == CALENDAR
}

/// Lets the collection of one side count, whatever the other says: the answer of a person to a refused move.
pub fn choose_home<R: Record>(link: &mut Link<R>, side: Side) {
    forget_choice(link);
    link.chosen.push((Field::new(CALENDAR), side));
}

/// Forgets such an answer, once it is carried out.
pub fn forget_choice<R: Record>(link: &mut Link<R>) {
    link.chosen.retain(|(field, _)| field.as_str() != CALENDAR && field.as_str() != MOVED);
}

/// Makes a link one of the pair with which both its items stand: everything is fetched there, and decided anew.
pub fn settle_in<R: Record>(link: &mut Link<R>) {
    forget_choice(link);
    if link.half() == Some(Side::Local) {
        link.chosen.push((Field::new(MOVED), Side::Local));
    }
    link.held.clear();
    link.due = true;
    link.state = LinkState::Active;
    for side in Side::BOTH {
        if let Some(copy) = &mut link.copies[side] {
            (copy.stored.withdrawn, copy.stored.home, copy.look) = (false, None, true);
        }
    }
}

fn at<'a, R>(side: Side, stored: &Stored<R>, others: &'a [Place]) -> At<'a> {
    if !stored.withdrawn {
        return At::Here;
    }
    let home = stored.home.as_ref();
    let place = home.and_then(|home| others.iter().find(|place| place.homes[side] == *home));
    place.map_or(At::Beyond, At::With)
}

fn chosen<R: Record>(link: &Link<R>) -> Option<Side> {
    link.chosen.iter().find(|(field, _)| field.as_str() == CALENDAR).map(|(_, side)| *side)
}

/// Both sides went to different collections: nothing is lost either way, so that nobody is asked.
fn winner<R>(local: &Stored<R>, remote: &Stored<R>, rules: &Rules) -> Side {
    match rules.policy_of(&Field::new(CALENDAR)) {
        Policy::Remote => Side::Remote,
        Policy::Newest if remote.updated > local.updated => Side::Remote,
        Policy::Newest | Policy::Local | Policy::Ask => Side::Local,
    }
}
