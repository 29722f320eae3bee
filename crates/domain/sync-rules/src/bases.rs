//! What a new copy, and the outcome of a write, do to a link:
//! `docs/explanation/engine.md` sections 4 and 5.

use passerelle_ports::{
    AssembleError, Copy, Entry, Field, Fields, Lack, Link, LinkState, Op, Outcome, Record, Side, Sides,
    Stored, Value, assemble, fields, is_empty,
};

use crate::{
    Rules, Seen, digest_of, forget_choice,
    names::Names,
    view,
    view::{alike, arranged, put, same},
};

/// What the local store says an entry did.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer<R> {
    /// The row as this entry stored it.
    Stored(Stored<R>),
    /// The row was deleted.
    Deleted,
}

/// Lays a copy that was seen into a link.
///
/// A copy that differs makes the link due, drops the choices made for values that changed, and lifts
/// what was parked: a refusal until a copy moves, an ambiguity once both sides are there.
pub fn put_copy<R: Record>(link: &mut Link<R>, side: Side, mut stored: Stored<R>) {
    link.trails[side].follow(link.copies[side].as_ref().map(|copy| &copy.stored), &stored);
    if let Some(held) = link.alive(side).filter(|h| h.id == stored.id && h.version == stored.version) {
        // The version that we wrote, met again: see `acknowledge`.
        stored.updated = held.updated;
    }
    let known = |side: Side| link.copies[side].as_ref().map(|copy| &copy.stored.record);
    stored.record = stored.record.aligned(known(side), known(side.other()));
    let moved = match &link.copies[side] {
        None => true,
        Some(copy) => copy.gone || copy.stored != stored,
    };
    if moved {
        if let Some(old) = link.copies[side].as_ref().map(|copy| fields(&copy.stored.record)) {
            drop_choices(link, &old, &fields(&stored.record));
        }
        mark_moved(link);
    }
    if link.copies[side].as_ref().is_some_and(|copy| copy.gone) && link.alive(side.other()).is_none() {
        // Somebody brought it back after the other side was deleted too: it travels like a new record.
        link.bases = Sides { local: R::default(), remote: R::default() };
    }
    let before = link.copies[side].as_ref().map(|copy| fields(&copy.stored.record)).unwrap_or_default();
    link.copies[side] = Some(Copy { stored, gone: false, look: false });
    note_lacks(link, side, &before);
    if link.alive(side.other()).is_some() && link.state == LinkState::Ambiguous {
        link.state = LinkState::Active;
    }
}

/// Marks the copy of a side as confirmed gone; what it was stays.
pub fn put_gone<R: Record>(link: &mut Link<R>, side: Side) {
    if let Some(copy) = &mut link.copies[side] {
        let moved = !copy.gone;
        copy.gone = true;
        copy.look = false;
        if moved {
            mark_moved(link);
        }
    }
}

fn mark_moved<R: Record>(link: &mut Link<R>) {
    link.due = true;
    link.held.clear();
    if matches!(link.state, LinkState::Rejected(_)) {
        link.state = LinkState::Active;
    }
}

fn drop_choices<R: Record>(link: &mut Link<R>, old: &Fields, new: &Fields) {
    link.chosen.retain(|(field, _)| same(old.get(field), new.get(field)));
}

/// Leaves the record of the other side alone, because an undo removed that of this one: until somebody edits it.
pub fn release<R: Record>(link: &mut Link<R>, gone: Side, rules: &Rules) {
    link.state = LinkState::Released;
    link.trails[gone].undone = shown(link, gone.other(), rules);
}

/// Tells whether a record that an undo left alone was edited since.
pub(crate) fn wakes<R: Record>(link: &Link<R>, gone: Side, rules: &Rules) -> bool {
    let then = &link.trails[gone].undone;
    then.is_some() && *then != shown(link, gone.other(), rules)
}

/// Returns in short what a side shows of its record to the other.
fn shown<R: Record>(link: &Link<R>, side: Side, rules: &Rules) -> Option<String> {
    link.copies[side].as_ref().map(|copy| digest_of(&view(side, &copy.stored.record, rules)).to_string())
}

/// Settles fields on which both sides agree.
///
/// # Errors
///
/// A base that cannot be put together: a record type that breaks its promise.
pub fn settle<R: Record>(link: &mut Link<R>, agreed: &[Field], rules: &Rules) -> Result<(), AssembleError> {
    let mut bases = link.bases.as_ref().map(fields);
    for side in Side::BOTH {
        if let Some(stored) = link.alive(side) {
            let seen = view(side, &stored.record, rules);
            for field in agreed {
                put(&mut bases[side], field, seen.get(field));
            }
        }
    }
    keep(link, &bases)
}

/// Gives up what a side refused: the other side takes what this one has, whatever it changed.
///
/// What this side never had stays alone on the other; what is gone from this one goes there, too; what was deleted there
/// only is made anew.
///
/// # Errors
///
/// A base that cannot be put together: a record type that breaks its promise.
pub fn yield_to<R: Record>(link: &mut Link<R>, side: Side, rules: &Rules) -> Result<(), AssembleError> {
    let other = side.other();
    link.state = LinkState::Active;
    link.due = true;
    if link.alive(side).is_none() {
        if link.copies[side].is_none() {
            link.state = LinkState::Released;
            return Ok(());
        }
        // It is gone there: with nothing changed here, so it is here.
        forget_choice(link);
        let seen = Seen::new(link, rules);
        let mut bases = seen.bases.clone();
        bases[other] = seen.views[other].clone();
        return keep(link, &bases);
    }
    if link.alive(other).is_none() {
        link.copies[other] = None;
        link.bases = Sides { local: R::default(), remote: R::default() };
        return Ok(());
    }
    let seen = Seen::new(link, rules);
    let mut bases = seen.bases.clone();
    for field in seen.all() {
        let theirs = seen.views[other].get(field);
        // What names the entry had no place for it there, and it counted as agreed: it comes back with what names it.
        let had_no_place = theirs.is_none() && R::named_by(field).is_some();
        if (had_no_place || !same(theirs, seen.bases[other].get(field)))
            && !alike::<R>(field, theirs, seen.views[side].get(field))
        {
            put(&mut bases[other], field, theirs);
            // So that what this side has counts as a change made after theirs.
            put(&mut bases[side], field, theirs);
        }
    }
    keep(link, &bases)
}

/// Carries an acknowledged write into the bases: `docs/explanation/engine.md` section 4.
///
/// The write named its version, so every difference between `from` and `stored` is the write's doing:
/// taken fields agree now, and a default, a computed field or a respelling in an answer is never an edit.
///
/// # Errors
///
/// A base that cannot be put together: a record type that breaks its promise.
pub fn acknowledge<R: Record>(
    link: &mut Link<R>,
    entry: &Entry<R>,
    stored: &Stored<R>,
    rules: &Rules,
) -> Result<(), AssembleError> {
    let (target, source) = (entry.side, entry.side.other());
    let mut stored = stored.clone();
    stored.record = stored.record.aligned(entry.to.as_ref(), None);
    let blank = R::default();
    let from_record = entry.from.as_ref().map_or(&blank, |from| &from.record);
    let raw_from = fields(from_record);
    let raw_to = entry.to.as_ref().map(fields).unwrap_or_default();
    let raw_stored = fields(&stored.record);
    let seen_from = view(target, from_record, rules);
    let seen_stored = view(target, &stored.record, rules);
    let taken_from = fields(&entry.source);
    let mut bases = link.bases.as_ref().map(fields);
    let orders = taken_from.keys().filter(|field| R::is_arrangement(field));
    for field in raw_stored.keys().chain(raw_from.keys()).chain(orders) {
        let written = entry.taken.contains(field) || !same(raw_from.get(field), raw_to.get(field));
        // A flag that changes the view of other fields is an edit, not a side effect: compare raw values.
        let touched = !same(raw_stored.get(field), raw_from.get(field));
        let quiet = same(bases[target].get(field), seen_from.get(field));
        if parts_order::<R>(field, &taken_from, (&seen_from, &seen_stored)) {
            part(&mut bases, target, field, (&taken_from, &seen_from, &seen_stored));
            continue;
        }
        if !written && touched && quiet {
            put(&mut bases[target], field, seen_stored.get(field));
        }
    }
    let former = bases.clone();
    let names = match target {
        Side::Local => Names { local: [&former.local, &raw_from], remote: [&former.remote, &taken_from] },
        Side::Remote => Names { local: [&former.local, &taken_from], remote: [&former.remote, &raw_from] },
    };
    for field in &entry.taken {
        let name = names.of_target::<R>(target, field, &entry.taken);
        if name != *field {
            // Each base has the names of its own side, as it was.
            let local = if target == Side::Local { field.clone() } else { names.in_base::<R>(field) };
            let (there, here) = match target {
                Side::Local => (field, seen_stored.get(&name)),
                Side::Remote => (&name, taken_from.get(field)),
            };
            let theirs = if target == Side::Local { taken_from.get(field) } else { seen_stored.get(&name) };
            put(&mut bases.local, &local, here);
            put(&mut bases.remote, there, theirs);
            continue;
        }
        let agreed = seen_stored.get(field);
        put(&mut bases[source], field, taken_from.get(field));
        // What the other side dropped by itself and the record keeps goes back to it: nobody has taken it away.
        let is_kept = target == Side::Local
            && R::named_by(field).is_some()
            && !taken_from.contains_key(field)
            && raw_to.contains_key(field)
            && same(raw_to.get(field), raw_from.get(field));
        if is_kept {
            put(&mut bases[target], field, None);
        } else {
            put(&mut bases[target], field, agreed);
        }
    }
    keep(link, &bases)?;

    link.chosen.retain(|(field, _)| !entry.taken.contains(field));
    if matches!(entry.op, Op::Create { .. }) && link.state == LinkState::Released {
        link.state = LinkState::Active;
    }
    link.trails[target].follow(link.copies[target].as_ref().map(|copy| &copy.stored), &stored);
    if let Some(from) = entry.from.as_ref().filter(|_| !entry.taken.is_empty() && entry.undoes.is_none()) {
        // The time stays that of the last change by somebody else: a write that only carries a change over makes
        // nothing else on that side newer. One in a person's name (an undo, their own value) does.
        stored.updated = from.updated;
    }
    let before = raw_from;
    let wanting = lost(entry, &stored);
    link.copies[target] = Some(Copy { stored, gone: false, look: false });
    note_lacks(link, target, &before);
    link.lacks.retain(|lack| lack.side != target || !entry.taken.contains(&lack.field));
    let hidden = link.alive(target).map(|stored| stored.opaque.hidden().collect::<Vec<_>>());
    let hidden = hidden.into_iter().flatten().filter(|field| entry.taken.contains(field));
    link.lacks.extend(wanting.into_iter().chain(hidden).map(|field| Lack { side: target, field }));
    link.held.clear();
    link.due = true;
    Ok(())
}

/// Tells whether a write of entries left their list in another order than its source has, where the two had one before.
fn parts_order<R: Record>(field: &Field, source: &Fields, (from, stored): (&Fields, &Fields)) -> bool {
    let is_one = |side: &Fields| arranged(field, side, source) == arranged(field, source, side);
    R::is_arrangement(field) && is_one(from) && !is_one(stored)
}

/// Lets the order of one side count as changed, so that a list which a write of entries left in two orders gets one: that
/// of the source where the target only put the new entries last, and else that of the target.
fn part(
    bases: &mut Sides<Fields>,
    target: Side,
    field: &Field,
    (source, from, stored): (&Fields, &Fields, &Fields),
) {
    let came_last = arranged(field, stored, stored).starts_with(&arranged(field, from, stored));
    if came_last {
        if same(bases[target].get(field), from.get(field)) {
            put(&mut bases[target], field, stored.get(field));
        }
        put(&mut bases[target.other()], field, stored.get(field));
    } else {
        put(&mut bases[target], field, source.get(field));
    }
}

/// Keeps in the link what its sides lack: what a write carried in vain, as long as the value stays what it was, and
/// what a side shows and no record holds, and what it keeps where nobody there sees it.
fn note_lacks<R: Record>(link: &mut Link<R>, side: Side, before: &Fields) {
    let Some(stored) = link.alive(side) else { return };
    let now = fields(&stored.record);
    let unshown: Vec<Lack> =
        stored.opaque.unshown().map(|field| Lack { side: side.other(), field }).collect();
    let hidden: Vec<Lack> = stored.opaque.hidden().map(|field| Lack { side, field }).collect();
    link.lacks.retain(|lack| {
        let is_of_record = now.contains_key(&lack.field) || before.contains_key(&lack.field);
        (lack.side == side || is_of_record) && same(before.get(&lack.field), now.get(&lack.field))
    });
    link.lacks.extend(unshown.into_iter().chain(hidden));
    link.lacks.sort();
    link.lacks.dedup();
}

/// Returns the fields that a write carried and that its side does not hold: what it cannot represent.
#[must_use]
pub fn lost<R: Record>(entry: &Entry<R>, stored: &Stored<R>) -> Vec<Field> {
    let Some(to) = &entry.to else { return Vec::new() };
    let (all_held, all_sent) = (fields(&stored.record.clone().aligned(Some(to), None)), fields(to));
    let from = entry.from.as_ref().map(|from| fields(&from.record)).unwrap_or_default();
    let is_lost = |field: &&Field| {
        let (held, sent) = (all_held.get(*field), all_sent.get(*field));
        !alike::<R>(field, held, sent)
            && !is_made_of::<R>(field, held, sent, from.get(*field))
            && !is_held_otherwise::<R>(field, &all_sent, &all_held)
    };
    entry.taken.iter().filter(is_lost).cloned().collect()
}

/// Tells whether a side holds what a field says by what it holds elsewhere.
#[must_use]
pub fn is_held_otherwise<R: Record>(field: &Field, sent: &Fields, held: &Fields) -> bool {
    R::says_the_same(field, sent, held)
}

/// Tells whether a side may have made of a value that was sent what it holds now, under a name of its own: it holds
/// one, and not the one from before.
fn is_made_of<R: Record>(
    field: &Field,
    held: Option<&Value>,
    sent: Option<&Value>,
    before: Option<&Value>,
) -> bool {
    let are_there = !same(held, None) && !same(sent, None);
    R::is_named_by_side(field) && are_there && !same(held, before)
}

/// Carries what the local store says an entry did into the link, as if the answer had just come.
///
/// A later copy that was already observed, or a row that came after this one, stays the copy.
///
/// # Errors
///
/// A base that cannot be put together: a record type that breaks its promise.
pub fn answered<R: Record>(
    link: &mut Link<R>,
    entry: &Entry<R>,
    answer: &Answer<R>,
    rules: &Rules,
) -> Result<(), AssembleError> {
    let side = entry.side;
    let before = entry.from.as_ref().map(|from| &from.id);
    match answer {
        Answer::Deleted => {
            if link.item(side) == before {
                put_gone(link, side);
                if entry.release {
                    release(link, side, rules);
                }
            }
            link.due = true;
        }
        Answer::Stored(stored) => {
            let was = link.copies[side].clone();
            acknowledge(link, entry, stored, rules)?;
            let newer = was.as_ref().is_some_and(|copy| {
                if copy.stored.id == stored.id {
                    copy.stored.version.sequence() >= stored.version.sequence()
                } else {
                    Some(&copy.stored.id) != before
                }
            });
            if newer {
                link.copies[side] = was;
            }
        }
    }
    Ok(())
}

/// Carries a write that landed, but whose answer was never seen, into the bases: *re-base* in
/// `docs/explanation/engine.md` section 5.
///
/// `found` is the record as it was met later; it may hold edits made since.
///
/// # Errors
///
/// A base that cannot be put together: a record type that breaks its promise.
pub fn rebase<R: Record>(link: &mut Link<R>, entry: &Entry<R>, found: &R) -> Result<(), AssembleError> {
    let (target, source) = (entry.side, entry.side.other());
    let create = matches!(entry.op, Op::Create { .. });
    let from = match (&entry.op, &entry.from) {
        (Op::Update | Op::Delete, Some(from)) => fields(&from.record),
        _ => Fields::new(),
    };
    let to = entry.to.as_ref().map(fields).unwrap_or_default();
    let found = fields(&found.clone().aligned(entry.to.as_ref(), None));
    let sent = fields(&entry.source);
    let mut bases = link.bases.as_ref().map(fields);
    for field in &entry.taken {
        let (held, wanted) = (found.get(field), to.get(field));
        let arranges = R::is_arrangement(field);
        let landed = if arranges {
            arranged(field, &found, &to) == arranged(field, &to, &found)
        } else {
            alike::<R>(field, held, wanted) || is_made_of::<R>(field, held, wanted, from.get(field))
        };
        if landed {
            put(&mut bases[source], field, sent.get(field));
            put(&mut bases[target], field, found.get(field));
        } else if !arranges && found.get(field).is_none_or(is_empty) {
            // Dropped or cleared: it will be sent again, or what the provider did would clear the source.
            put(&mut bases[source], field, None);
            put(&mut bases[target], field, None);
        } else if same(found.get(field), from.get(field)) {
            // Put back: both bases stay, and it will be sent again.
        } else {
            // So that what was found counts as a change made after ours.
            put(&mut bases[source], field, sent.get(field));
            put(&mut bases[target], field, to.get(field));
        }
    }
    let orders = found.keys().chain(sent.keys()).filter(|field| R::is_arrangement(field));
    for field in to.keys().chain(orders).filter(|field| !entry.taken.contains(field)) {
        if parts_order::<R>(field, &sent, (&from, &found)) {
            part(&mut bases, target, field, (&sent, &from, &found));
            continue;
        }
        // Respelled by the provider while it stored our write: as in an answer, that is nobody's edit.
        let quiet = same(bases[target].get(field), to.get(field));
        if quiet && alike::<R>(field, found.get(field), to.get(field)) {
            put(&mut bases[target], field, found.get(field));
        }
    }
    keep(link, &bases)?;
    if create && link.state == LinkState::Released {
        link.state = LinkState::Active;
    }
    link.due = true;
    Ok(())
}

fn keep<R: Record>(link: &mut Link<R>, bases: &Sides<Fields>) -> Result<(), AssembleError> {
    link.bases = Sides { local: assemble(&bases.local)?, remote: assemble(&bases.remote)? };
    Ok(())
}

/// Returns what a closed entry stored, if it landed with an answer.
pub(crate) fn stored_of<R>(entry: &Entry<R>) -> Option<&Stored<R>> {
    match &entry.outcome {
        Outcome::Landed(stored) => stored.as_ref(),
        Outcome::Open | Outcome::NotLanded => None,
    }
}
