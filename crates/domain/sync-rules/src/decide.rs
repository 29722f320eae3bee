//! The decision for one link: `docs/explanation/engine.md` section 3. Pure.

use passerelle_ports::{
    AssembleError, Field, Fields, Link, LinkState, Record, Side, Sides, Unplaced, Value, assemble, fields,
};
use serde::{Deserialize, Serialize};

use crate::{
    Deletes, Policy, Rules, Seen,
    bases::wakes,
    home::{is_home, moved},
    lives_on,
    names::Names,
    view::{alike, put, same},
};

/// What a write does, without its particulars.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Makes an item.
    Create,
    /// Changes an item.
    Update,
    /// Removes an item.
    Delete,
    /// Brings an item into another collection of its side.
    Move,
}

/// A write that a link needs.
#[derive(Clone, Debug, PartialEq)]
pub struct Intent<R> {
    /// The side to write to.
    pub side: Side,
    /// What to do.
    pub action: Action,
    /// The record as it shall be; `None` for a delete. The target's own copy and the fields taken.
    pub to: Option<R>,
    /// The fields taken from the other side.
    pub taken: Vec<Field>,
    /// The other side's view that is taken in.
    pub source: R,
}

/// What to do next for one link.
#[derive(Clone, Debug, PartialEq)]
pub enum Step<R> {
    /// Nothing: all that could be done is done.
    Nothing,
    /// Nothing, because the record is out of the pair's scope.
    OutOfScope,
    /// Forget the link: neither side has the record.
    Forget,
    /// Leave the remaining side alone until the other returns or it goes too.
    Release,
    /// Settle the bases of these fields, and decide again.
    Settle(Vec<Field>),
    /// Wait for a person to say who wins these fields.
    Hold(Vec<Field>),
    /// Keep and tell what the company changed in a collection that may only be read.
    Sealed(Vec<Field>),
    /// Write.
    Write(Intent<R>),
}

/// The fields of a link by what has to happen to them.
#[derive(Default)]
struct Changes {
    agree: Vec<Field>,
    send: Vec<Field>,
    take: Vec<Field>,
    clash: Vec<Field>,
    /// What the local side lacks, while the other lacks something else: the local value, filled.
    fill: Vec<(Field, Value)>,
}

/// Decides what to do next for one link. The caller freshens the last local copy before.
///
/// # Errors
///
/// A record that cannot be put together: a record type that breaks its promise.
pub fn decide<R: Record>(link: &Link<R>, rules: &Rules) -> Result<Step<R>, AssembleError> {
    let alive = Sides::from_fn(|side| link.alive(side).is_some());
    if !alive.local && !alive.remote {
        return Ok(Step::Forget);
    }
    if !in_scope(link, rules) {
        return Ok(Step::OutOfScope);
    }
    let seen = Seen::new(link, rules);
    let changes = compare::<R>(link, rules, &seen);
    for gone in Side::BOTH {
        if !alive[gone] {
            return decide_half(link, rules, &seen, gone, &changes);
        }
    }
    decide_both(link, rules, &seen, changes)
}

fn in_scope<R: Record>(link: &Link<R>, rules: &Rules) -> bool {
    // Also where it is gone since: whoever removed it does not speak for a pair that had left it alone.
    let withdrawn = |side: &Side| {
        let copy = link.copies[*side].as_ref();
        copy.is_some_and(|copy| copy.stored.withdrawn)
    };
    if Side::BOTH.iter().any(withdrawn) {
        return false;
    }
    let judged = link.copies.local.as_ref().or(link.copies.remote.as_ref());
    judged.is_none_or(|copy| takes_part(&copy.stored.record, rules))
}

/// Tells whether a record is within the scope and the days of the rules.
#[must_use]
pub fn takes_part<R: Record>(record: &R, rules: &Rules) -> bool {
    (rules.scope.all.is_empty() || rules.scope.holds(&fields(record)))
        && rules.window.is_none_or(|window| record.occurs_between(&window.days()))
}

/// Returns the fields in which the two sides of a link clash, whatever else has to happen to it first.
#[must_use]
pub fn clashes<R: Record>(link: &Link<R>, rules: &Rules) -> Vec<Field> {
    compare::<R>(link, rules, &Seen::new(link, rules)).clash
}

/// Returns the fields that the company changed in a collection that may only be read, and that nobody has decided on.
#[must_use]
pub fn typed_in_vain<R: Record>(link: &Link<R>, rules: &Rules) -> Vec<Field> {
    if !rules.is_sealed(Side::Remote) {
        return Vec::new();
    }
    compare::<R>(link, rules, &Seen::new(link, rules)).send
}

fn compare<R: Record>(link: &Link<R>, rules: &Rules, seen: &Seen) -> Changes {
    let both = link.alive(Side::Local).is_some() && link.alive(Side::Remote).is_some();
    let mut changes = Changes::default();
    let meets = link.bases.local == R::default() && link.bases.remote == R::default();
    for field in seen.all() {
        let (local, remote) = (seen.views.local.get(field), seen.views.remote.get(field));
        let sent = changed_local::<R>(link, rules, seen, field);
        let taken = rules.direction::<R>(field).leaves(Side::Remote)
            && !seen.hidden.contains(field)
            && !same(remote, seen.bases.remote.get(field));
        let equal = if arranges::<R>(field) {
            meets || same(local, remote)
        } else {
            alike::<R>(field, local, remote) || sent && taken && meet_as_one::<R>(seen, field)
        };
        let behind = if both && !sent { behind::<R>(rules, seen, field) } else { None };
        if let Some(value) = behind {
            changes.fill.push((field.clone(), value));
        } else if both && (sent || taken) && equal {
            changes.agree.push(field.clone());
        } else if both && sent && taken {
            match chosen(link, field).map(Met::Wins).or_else(|| met::<R>(seen, field)) {
                Some(Met::Wins(Side::Local)) => changes.send.push(field.clone()),
                Some(Met::Wins(Side::Remote)) => changes.take.push(field.clone()),
                Some(Met::Fill(value)) => changes.fill.push((field.clone(), value)),
                None => match winner(link, rules, field) {
                    Some(Side::Local) => changes.send.push(field.clone()),
                    Some(Side::Remote) => changes.take.push(field.clone()),
                    // What is only an order is nobody's question.
                    None if arranges::<R>(field) => changes.send.push(field.clone()),
                    // Each side keeps its own until somebody changes one: nobody can tell whether they differ.
                    None if stand_apart::<R>(seen, field) => changes.agree.push(field.clone()),
                    None => changes.clash.push(field.clone()),
                },
            }
        } else {
            // What one side changed gives way only where somebody said so.
            let gives_way = |side: Side| both && sent != taken && chosen(link, field) == Some(side.other());
            if sent && !gives_way(Side::Local) || taken && gives_way(Side::Remote) {
                changes.send.push(field.clone());
            }
            if taken && !gives_way(Side::Remote) || sent && gives_way(Side::Local) {
                changes.take.push(field.clone());
            }
        }
    }
    if both {
        follow_moves::<R>(link, seen, &mut changes);
    }
    changes
}

/// Returns a hidden local value with what the other side has changed of the part of it that it sees.
fn behind<R: Record>(rules: &Rules, seen: &Seen, field: &Field) -> Option<Value> {
    let (local, remote) = (seen.views.local.get(field), seen.views.remote.get(field));
    let news = rules.direction::<R>(field).leaves(Side::Remote)
        && seen.hidden.contains(field)
        && !same(remote, seen.bases.remote.get(field))
        && !alike::<R>(field, local, remote);
    remote.filter(|_| news).and_then(|remote| R::behind(field, seen.raw_local.get(field), remote))
}

/// What comes of a field that neither side knew of the other.
enum Met {
    /// One side says all that the other says, and more.
    Wins(Side),
    /// Each says something that the other lacks: this is both together.
    Fill(Value),
}

/// Tells whether two values that meet for the first time go together: nobody is asked about a label that one side
/// lacks. `None` where they contradict each other, or had met before.
fn met<R: Record>(seen: &Seen, field: &Field) -> Option<Met> {
    let knew = Side::BOTH.iter().any(|side| !same(seen.bases[*side].get(field), None));
    if knew {
        return None;
    }
    if !R::stands_alone(field, &seen.views.local, &seen.views.remote) {
        return None;
    }
    let (local, remote) = (seen.views.local.get(field)?, seen.views.remote.get(field)?);
    let (ours, theirs) = (R::filled(field, local, remote)?, R::filled(field, remote, local)?);
    if alike::<R>(field, Some(&ours), Some(local)) {
        Some(Met::Wins(Side::Local))
    } else if alike::<R>(field, Some(&theirs), Some(remote)) {
        Some(Met::Wins(Side::Remote))
    } else {
        Some(Met::Fill(ours))
    }
}

/// Tells whether two values that meet for the first time come to the same, however they are spelt: each side keeps its
/// own.
fn meet_as_one<R: Record>(seen: &Seen, field: &Field) -> bool {
    let knew = Side::BOTH.iter().any(|side| !same(seen.bases[*side].get(field), None));
    let (local, remote) = (&seen.views.local, &seen.views.remote);
    let both = local.contains_key(field) && remote.contains_key(field);
    !knew && both && R::says_the_same(field, local, remote)
}

/// Tells whether a field says only how others stand.
fn arranges<R: Record>(field: &Field) -> bool {
    R::is_arrangement(field)
}

/// Tells whether two values that each side names by itself meet for the first time.
fn stand_apart<R: Record>(seen: &Seen, field: &Field) -> bool {
    let knew = Side::BOTH.iter().any(|side| !same(seen.bases[*side].get(field), None));
    let both = Side::BOTH.iter().all(|side| !same(seen.views[*side].get(field), None));
    R::is_named_by_side(field) && both && !knew
}

/// Tells whether a write gives a record only what it lacks, and replaces nothing.
#[must_use]
pub fn only_adds<R: Record>(link: &Link<R>, intent: &Intent<R>) -> bool {
    let (Some(own), Some(to)) = (link.alive(intent.side), &intent.to) else { return false };
    let (own, to) = (fields(&own.record), fields(to));
    let adds = |field: &Field| match (own.get(field), to.get(field)) {
        (None, _) => true,
        (Some(own), Some(to)) => {
            same(Some(own), Some(to))
                || R::filled(field, own, to).is_some_and(|filled| alike::<R>(field, Some(&filled), Some(to)))
        }
        (Some(_), None) => false,
    };
    own.keys().chain(to.keys()).all(adds)
}

fn chosen<R: Record>(link: &Link<R>, field: &Field) -> Option<Side> {
    link.chosen.iter().find(|(chosen, _)| chosen == field).map(|(_, side)| *side)
}

fn changed_local<R: Record>(link: &Link<R>, rules: &Rules, seen: &Seen, field: &Field) -> bool {
    if !rules.wish::<R>(field).leaves(Side::Local) {
        return false;
    }
    let (raw, local) = (seen.raw_local.get(field), seen.views.local.get(field));
    let remote = seen.views.remote.get(field);
    // What is hidden now must not stand at the other side, whatever the bases say.
    let shows_through = link.alive(Side::Remote).is_some()
        && raw.is_some()
        && !same(local, raw)
        && alike::<R>(field, remote, raw);
    shows_through || !same(local, seen.bases.local.get(field))
}

fn winner<R: Record>(link: &Link<R>, rules: &Rules, field: &Field) -> Option<Side> {
    match rules.policy_of(field) {
        Policy::Ask => None,
        Policy::Local => Some(Side::Local),
        Policy::Remote => Some(Side::Remote),
        Policy::Newest => {
            let (local, remote) = (link.alive(Side::Local)?.updated, link.alive(Side::Remote)?.updated);
            let skew = chrono::TimeDelta::from_std(rules.skew).unwrap_or(chrono::TimeDelta::MAX);
            if local - remote > skew {
                Some(Side::Local)
            } else if remote - local > skew {
                Some(Side::Remote)
            } else {
                None
            }
        }
    }
}

/// Rows 3 to 8: one side is missing.
fn decide_half<R: Record>(
    link: &Link<R>,
    rules: &Rules,
    seen: &Seen,
    gone: Side,
    changes: &Changes,
) -> Result<Step<R>, AssembleError> {
    let mut fresh = match gone {
        Side::Remote => changes.send.clone(),
        Side::Local => changes.take.clone(),
    };
    // That the row went into another calendar meanwhile is a change, too.
    fresh.extend(moved(link).filter(|_| gone == Side::Remote));
    let fresh = &fresh;
    if link.copies[gone].is_none() && link.state == LinkState::Released {
        return Ok(Step::Nothing);
    }
    if link.copies[gone].is_none() {
        return if rules.creates[gone] {
            write(link, seen, gone, fresh)
        } else if rules.is_sealed(gone) {
            Ok(Step::Sealed(fresh.clone()))
        } else {
            Ok(Step::Nothing)
        };
    }
    if link.state == LinkState::Released && (fresh.is_empty() || !wakes(link, gone, rules)) {
        return Ok(Step::Nothing);
    }
    if link.trails[gone].wanted && rules.creates[gone] {
        return write(link, seen, gone, fresh);
    }
    if rules.deletes[gone] == Deletes::Unlink {
        return Ok(Step::Release);
    }
    if !fresh.is_empty() {
        if !rules.creates[gone] {
            return Ok(if rules.is_sealed(gone) { Step::Sealed(fresh.clone()) } else { Step::Release });
        }
        // What our own undo took away, and mailed nobody about, was no cancellation.
        let undone = link.state == LinkState::Released;
        let others = concerns_others(link) && !undone;
        if gone == Side::Remote && (others || lives_on(link, gone)) {
            return make_again(link, seen, fresh);
        }
        return write(link, seen, gone, fresh);
    }
    Ok(delete(gone.other()))
}

/// Tells whether the record that is gone from the provider, or what is left of it here, concerns other people.
fn concerns_others<R: Record>(link: &Link<R>) -> bool {
    let concerns =
        |side: Side| link.copies[side].as_ref().is_some_and(|copy| copy.stored.record.concerned_others() > 0);
    concerns(Side::Local) || concerns(Side::Remote)
}

/// What others were invited to, or what was merged into another record, is gone and was changed here: making it again
/// would invite them anew, or part what a person has put together, which is for a person to say.
fn make_again<R: Record>(link: &Link<R>, seen: &Seen, fresh: &[Field]) -> Result<Step<R>, AssembleError> {
    let answers: Vec<Option<Side>> = fresh.iter().map(|field| chosen(link, field)).collect();
    if answers.contains(&None) {
        return Ok(Step::Hold(fresh.to_vec()));
    }
    if answers.contains(&Some(Side::Local)) {
        return write(link, seen, Side::Remote, fresh);
    }
    Ok(delete(Side::Local))
}

fn delete<R: Record>(side: Side) -> Step<R> {
    Step::Write(Intent { side, action: Action::Delete, to: None, taken: Vec::new(), source: R::default() })
}

/// Rows 9 to 13: both sides are there.
fn decide_both<R: Record>(
    link: &Link<R>,
    rules: &Rules,
    seen: &Seen,
    mut changes: Changes,
) -> Result<Step<R>, AssembleError> {
    if rules.hold_whole_link && !changes.clash.is_empty() {
        // A held link still hides what has become private.
        changes.send.retain(|field| !same(seen.raw_local.get(field), seen.views.local.get(field)));
        return if changes.send.is_empty() || rules.is_sealed(Side::Remote) {
            Ok(Step::Hold(changes.clash))
        } else {
            write(link, seen, Side::Remote, &changes.send)
        };
    }
    if !changes.agree.is_empty() {
        return Ok(Step::Settle(changes.agree));
    }
    // What the other side changed in a part that is no more here is no question: there is nothing to choose. It is told.
    let clash = std::mem::take(&mut changes.clash);
    for field in clash {
        let is_gone = R::named_by(&field).is_some() && !seen.raw_local.contains_key(&field);
        let may_hold = !is_gone
            || !matches!(write(link, seen, Side::Local, std::slice::from_ref(&field))?, Step::Settle(_));
        if may_hold { changes.clash.push(field) } else { changes.take.push(field) }
    }
    if !changes.take.is_empty() || !changes.fill.is_empty() {
        let step = write(link, seen, Side::Local, &changes.take)?;
        return filled(link, seen, step, &changes.fill);
    }
    if rules.is_sealed(Side::Remote) {
        // What a person said stays as it is here, until either side changes it again.
        changes.send.retain(|field| chosen(link, field) != Some(Side::Local));
        if changes.clash.is_empty() && !changes.send.is_empty() {
            return Ok(Step::Sealed(changes.send));
        }
    } else if !changes.send.is_empty() {
        return write(link, seen, Side::Remote, &changes.send);
    }
    if let Some(field) = unsaid(link, rules).filter(|field| !changes.clash.contains(field)) {
        return say_again(link, seen, field);
    }
    Ok(if changes.clash.is_empty() { Step::Nothing } else { Step::Hold(changes.clash) })
}

/// Sorts what is named by something else that was changed here: under one name each side may speak of another part, and
/// under two names of the same one.
fn follow_moves<R: Record>(link: &Link<R>, seen: &Seen, changes: &mut Changes) {
    // What was only renamed here waits for what gives it its name.
    let asked = changes.clash.clone();
    let waits = |field: &Field| {
        R::named_by(field).is_some_and(|by| asked.contains(&by)) && is_only_renamed::<R>(seen, field)
    };
    changes.send.retain(|field| !waits(field));
    changes.agree.retain(|field| !waits(field));
    let was_edited = |field: &Field| {
        let name = R::placed(field, &seen.bases.local, &seen.raw_local)?;
        let (now, theirs) = (seen.views.local.get(&name), seen.views.remote.get(field));
        Some(!same(seen.bases.local.get(field), now) && !alike::<R>(field, now, theirs))
    };
    for field in std::mem::take(&mut changes.take) {
        let asks = was_edited(&field) == Some(true) && chosen(link, &field) != Some(Side::Remote);
        if asks { changes.clash.push(field) } else { changes.take.push(field) }
    }
    for field in std::mem::take(&mut changes.clash) {
        let takes = was_edited(&field) == Some(false);
        if takes { changes.take.push(field) } else { changes.clash.push(field) }
    }
    // As long as a part is asked about that has another name here, what gives the names stays where it is.
    let renamed =
        changes.clash.iter().filter(|field| R::placed(field, &seen.bases.local, &seen.raw_local).is_some());
    let names: Vec<Field> = renamed.filter_map(|field| R::named_by(field)).collect();
    let is_hidden = |field: &Field| !same(seen.raw_local.get(field), seen.views.local.get(field));
    let travels = |field: &Field| {
        let named = R::named_by(field).is_some_and(|by| names.contains(&by));
        !names.contains(field) && (!named || is_hidden(field))
    };
    changes.send.retain(travels);
}

/// Tells whether a part of the local record got, or lost, this name and is what it was.
fn is_only_renamed<R: Record>(seen: &Seen, field: &Field) -> bool {
    let (before, now) = (&seen.bases.local, &seen.views.local);
    let is_same = |old: &Field, new: &Field| same(before.get(old), now.get(new));
    let came = R::placed(field, now, before).map(|old| is_same(&old, field));
    let went = R::placed(field, before, now).map(|new| is_same(field, &new));
    (came.is_some() || went.is_some()) && came != Some(false) && went != Some(false)
}

/// Returns the field that the provider does not show as its record says it.
fn unsaid<R: Record>(link: &Link<R>, rules: &Rules) -> Option<Field> {
    let field = link.alive(Side::Remote)?.opaque.unsaid()?;
    let travels = rules.direction::<R>(&field).leaves(Side::Local) && !rules.is_sealed(Side::Remote);
    travels.then_some(field)
}

/// Writes a record to the provider as it is, so that it shows again what it says.
fn say_again<R: Record>(link: &Link<R>, seen: &Seen, field: Field) -> Result<Step<R>, AssembleError> {
    Ok(Step::Write(Intent {
        side: Side::Remote,
        action: Action::Update,
        to: link.alive(Side::Remote).map(|stored| stored.record.clone()),
        taken: vec![field],
        source: assemble(&seen.views.local)?,
    }))
}

/// Returns what the other side gave to parts of a record that a write of these fields onto the local one, or leaving
/// them as they are, keeps nowhere: the record has no such part any more.
#[must_use]
pub fn unplaced<R: Record>(link: &Link<R>, taken: &[Field], to: Option<&R>, rules: &Rules) -> Vec<Unplaced> {
    let Some(own) = link.alive(Side::Local) else {
        return Vec::new();
    };
    let seen = Seen::new(link, rules);
    let source = &seen.views.remote;
    let to = fields(to.unwrap_or(&own.record));
    let is_kept = |field: &Field, value: &Value| {
        alike::<R>(field, to.get(field), Some(value))
            || to.contains_key(field)
            // Under another name.
            || to.iter().any(|(other, there)| other.member() == field.member() && there == value)
    };
    let typed = taken.iter().filter(|field| R::named_by(field).is_some());
    let typed = typed.filter_map(|field| Some((field, source.get(field)?)));
    typed
        .filter(|(field, value)| !is_kept(field, value))
        .map(|(field, value)| Unplaced { item: own.id.clone(), field: field.clone(), value: value.clone() })
        .collect()
}

/// Adds filled values to a write onto the local side. They count as nobody's until the other side has them, too: they
/// are not among the fields taken, so that they are sent next.
fn filled<R: Record>(
    link: &Link<R>,
    seen: &Seen,
    step: Step<R>,
    fill: &[(Field, Value)],
) -> Result<Step<R>, AssembleError> {
    let own = link.copies.local.as_ref().map(|copy| copy.stored.record.clone());
    let (Some(own), false) = (own, fill.is_empty()) else { return Ok(step) };
    let mut intent = match step {
        Step::Write(intent) => intent,
        _ => Intent {
            side: Side::Local,
            action: Action::Update,
            to: Some(own),
            taken: Vec::new(),
            source: assemble(&seen.views.remote)?,
        },
    };
    let mut to = intent.to.as_ref().map(fields).unwrap_or_default();
    for (field, value) in fill {
        put(&mut to, field, Some(value));
    }
    intent.to = Some(assemble(&to)?);
    Ok(Step::Write(intent))
}

/// Writes onto a side: its own last copy and the fields taken, never a whole record.
fn write<R: Record>(
    link: &Link<R>,
    seen: &Seen,
    side: Side,
    taken: &[Field],
) -> Result<Step<R>, AssembleError> {
    let taken: Vec<Field> = taken.iter().filter(|field| !is_home(field)).cloned().collect();
    let taken = taken.as_slice();
    let source = &seen.views[side.other()];
    let own = link.copies[side].as_ref().map(|copy| &copy.stored.record);
    let mut to: Fields = own.map(fields).unwrap_or_default();
    let alive = link.alive(side).is_some();
    if side == Side::Remote && !alive {
        for field in &seen.hidden {
            put(&mut to, field, source.get(field));
        }
    }
    let names = Names {
        local: [&seen.bases.local, &seen.raw_local],
        remote: [&seen.bases.remote, &seen.views.remote],
    };
    for field in taken {
        // What is brought back keeps its own spelling of what means the same, such as its identifier.
        let own_says_it = !alive && own.is_some() && to.contains_key(field);
        if !(own_says_it && alike::<R>(field, to.get(field), source.get(field))) {
            put(&mut to, &names.of_target::<R>(side, field, taken), source.get(field));
        }
    }
    let source: R = assemble(source)?;
    let mut to = assemble::<R>(&to)?.composed(own, &source, taken);
    if let (Side::Local, Some(own)) = (side, own) {
        to = to.keeping(own, taken);
    }
    if alive && own.is_some_and(|own| fields(own) == fields(&to)) {
        // The target cannot hold the difference: there is nothing to write.
        return Ok(Step::Settle(taken.to_vec()));
    }
    Ok(Step::Write(Intent {
        side,
        action: if alive { Action::Update } else { Action::Create },
        to: Some(to),
        taken: taken.to_vec(),
        source,
    }))
}
