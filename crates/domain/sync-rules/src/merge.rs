//! What becomes of a record whose item lives on as another one: it was merged into it at its provider, or has another
//! name there now.

use passerelle_ports::{Link, Record, Side};

use crate::{Rules, Seen, view::same};

/// What becomes of the link of an item that lives on as another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Merged {
    /// It has the other item from now on; a link that had it before is forgotten.
    TakesOver,
    /// It has the other item from now on, because it was edited here; the link that had it has the one that is gone.
    Swaps,
    /// Its item is gone: the other one has a record of its own.
    IsGone,
}

/// Decides for a link whose item of a side is gone and lives on as another one, and for the link that has that one.
#[must_use]
pub fn merged<R: Record>(link: &Link<R>, now: Option<&Link<R>>, side: Side, rules: &Rules) -> Merged {
    let mine = side.other();
    let Some(now) = now else { return Merged::TakesOver };
    if now.copies[mine].is_none() || now.alive(mine).is_none() && link.alive(mine).is_some() {
        return Merged::TakesOver;
    }
    let alive = link.alive(mine).is_some();
    if alive && mine == Side::Local && is_edited(link, rules) && !is_edited(now, rules) {
        return Merged::Swaps;
    }
    Merged::IsGone
}

/// Tells whether the local record says something that the other side does not know yet.
fn is_edited<R: Record>(link: &Link<R>, rules: &Rules) -> bool {
    let seen = Seen::new(link, rules);
    let differs = |field: &&passerelle_ports::Field| {
        rules.direction::<R>(field).leaves(Side::Local)
            && !same(seen.views.local.get(*field), seen.bases.local.get(*field))
    };
    seen.all().iter().any(differs)
}

/// Tells whether the item of a side is gone because another one took its place.
#[must_use]
pub fn lives_on<R: Record>(link: &Link<R>, side: Side) -> bool {
    link.trails[side].became.is_some()
}
