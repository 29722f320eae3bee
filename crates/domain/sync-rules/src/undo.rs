//! Taking back one entry of the history: `docs/explanation/engine.md` section 9. Undo of an undo is the same
//! function.

use passerelle_ports::{
    AssembleError, Copy, Entry, Field, Fields, Link, LinkId, Op, Opaque, Record, Side, Sides, Stored, Value,
    assemble, fields,
};
use serde::Serialize;

use crate::{
    Action, Intent, Rules,
    bases::stored_of,
    view::{alike, hidden_fields, put, same, view},
};

/// A write that takes back an entry.
#[derive(Clone, Debug, PartialEq)]
pub struct Back<R> {
    /// The link as it has to be before the write; it may be new, or changed.
    pub link: Link<R>,
    /// The write.
    pub intent: Intent<R>,
    /// The leftovers that the write puts back, with those that stay.
    pub opaque: Option<Opaque>,
    /// The link is released once the write has landed.
    pub release: bool,
}

/// Why something that an entry did stays as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Stays {
    /// Somebody changed it since, or removed the record.
    Changed,
    /// The rules let nothing of it be written on that side, or hide it there.
    Rules,
    /// Somebody has entered the record again.
    There,
    /// An earlier write of it is not finished.
    Busy,
}

/// Tells why an undo of a landed entry leaves something of it as it is; nothing where all of it can be taken back, or
/// stands already as it did before.
#[must_use]
pub fn stays<R: Record>(entry: &Entry<R>, link: Option<&Link<R>>, rules: &Rules) -> Option<Stays> {
    let (side, other) = (entry.side, entry.side.other());
    let now = link.and_then(|link| link.alive(side));
    let after = stored_of(entry)?;
    match (&entry.op, &entry.from, &entry.to) {
        (Op::Create { .. }, ..) => now
            .is_some_and(|_| link.is_some_and(|link| remove_again(entry, link).is_none()))
            .then_some(Stays::Changed),
        (Op::Update, Some(before), Some(sent)) => {
            let Some(now) = now else { return Some(Stays::Changed) };
            let copy = link.and_then(|link| link.copies.local.as_ref());
            let (now, before, after, sent) =
                (fields(&now.record), fields(&before.record), fields(&after.record), fields(sent));
            let hidden = copy
                .map(|copy| hidden_fields(&copy.stored.record, &[&before, &now], rules))
                .unwrap_or_default();
            let is_ours = |field: &Field| {
                let (before, now) = (before.get(field), now.get(field));
                !same(before, sent.get(field)) && !same(before, after.get(field)) && !same(before, now)
            };
            let ours: Vec<&Field> =
                all(&[&now, &before, &after, &sent]).into_iter().filter(|field| is_ours(field)).collect();
            let is_withheld =
                |field: &&Field| hidden.contains(*field) || !rules.direction::<R>(field).leaves(other);
            if ours.iter().any(is_withheld) {
                return Some(Stays::Rules);
            }
            let is_changed = |field: &&Field| !same(now.get(*field), after.get(*field));
            ours.iter().any(is_changed).then_some(Stays::Changed)
        }
        _ => None,
    }
}

/// Returns the write that takes a landed entry back, or `None` where there is nothing to take back: the
/// value changed since, today's rules withhold it, or the record is back already.
///
/// `link` is the link as it stands, if it still exists; `is_back` says whether another link has the
/// record on that side; `fresh` names the link to make where there is none.
///
/// # Errors
///
/// A record that cannot be put together: a record type that breaks its promise.
pub fn take_back<R: Record>(
    entry: &Entry<R>,
    link: Option<&Link<R>>,
    is_back: bool,
    fresh: LinkId,
    rules: &Rules,
) -> Result<Option<Back<R>>, AssembleError> {
    match (&entry.op, link) {
        (Op::Update | Op::Seen, Some(link)) => put_back(entry, link, rules),
        (Op::Create { .. }, Some(link)) => Ok(remove_again(entry, link)),
        (Op::Delete, link) if !is_back => Ok(bring_back(entry, link, fresh)),
        _ => Ok(None),
    }
}

/// Tells whether somebody changed on a side what no run carries over: leftovers, or a value that means the same.
///
/// Undo of a run takes that back too, so that the run's history has to hold it.
#[must_use]
pub fn changed_unseen<R: Record>(before: &Stored<R>, after: &Stored<R>) -> bool {
    // What went into another collection of the same account was read there as it is.
    let is_read = |stored: &Stored<R>| !stored.withdrawn || stored.home.is_some();
    if before.id != after.id || !is_read(before) || !is_read(after) {
        return false;
    }
    let (was, is) = (fields(&before.record), fields(&after.record));
    before.opaque != after.opaque
        || all(&[&was, &is]).into_iter().any(|field| is_respelt::<R>(field, &was, &is))
}

/// Tells whether a field says the same in other words, such as the same entries in another order.
fn is_respelt<R: Record>(field: &Field, before: &Fields, after: &Fields) -> bool {
    let (before, after) = (before.get(field), after.get(field));
    !same(before, after) && alike::<R>(field, before, after)
}

/// Writes back what was there before, for the fields we sent that are still as stored.
fn put_back<R: Record>(
    entry: &Entry<R>,
    link: &Link<R>,
    rules: &Rules,
) -> Result<Option<Back<R>>, AssembleError> {
    let (side, other) = (entry.side, entry.side.other());
    let (Some(now), Some(before), Some(after), Some(sent)) =
        (link.alive(side), &entry.from, stored_of(entry), &entry.to)
    else {
        return Ok(None);
    };
    let is_seen = entry.op == Op::Seen;
    let mut opaque = leftovers_back(entry, (now, before, after), rules);
    let stored_leftovers = now.opaque.clone();
    let other_record = link.copies[other].as_ref().map(|copy| &copy.stored.record);
    let other_view = other_record.map(|record| view(other, record, rules));
    let (now, before, after, sent) =
        (fields(&now.record), fields(&before.record), fields(&after.record), fields(sent));
    let hidden = link
        .copies
        .local
        .as_ref()
        .map(|copy| hidden_fields(&copy.stored.record, &[&before, &now], rules))
        .unwrap_or_default();
    let now_private = assemble::<R>(&now)?.is_private();
    let mut to = now.clone();
    let mut taken = Vec::new();
    for field in all(&[&now, &before, &after, &sent]) {
        let sent_it = !same(before.get(field), sent.get(field));
        let ours = sent_it && !same(before.get(field), after.get(field));
        let withheld = hidden.contains(field) || !rules.direction::<R>(field).leaves(other);
        let moved = !same(now.get(field), after.get(field));
        if !ours || withheld || moved {
            continue;
        }
        // The other side is back already at what this value once agreed with: the two agree again.
        let bases = entry.bases.as_ref().map(fields);
        let agreed = other_view.as_ref().is_some_and(|view| same(view.get(field), bases[other].get(field)))
            && same(before.get(field), bases[side].get(field));
        // Nobody wrote what was seen only: a value that waits for a person, or that the other side still has, stays.
        if is_seen && !agreed && !is_respelt::<R>(field, &before, &after) {
            continue;
        }
        let mut trial = to.clone();
        put(&mut trial, field, before.get(field));
        // What somebody made private since stays so: the other side would see its words of today.
        if (rules.redact_private || rules.omit_private) && now_private && !assemble::<R>(&trial)?.is_private()
        {
            continue;
        }
        to = trial;
        if agreed {
            taken.push(field.clone());
        }
    }
    if to == now && opaque.is_none() {
        return Ok(None);
    }
    if is_seen {
        // So that the replica knows: what means the same to everybody else is to be put back as it was, too.
        opaque = opaque.or(Some(stored_leftovers));
    }
    let intent = Intent {
        side,
        action: Action::Update,
        to: Some(assemble(&to)?),
        taken,
        source: other_view.map(|view| assemble(&view)).transpose()?.unwrap_or_default(),
    };
    Ok(Some(Back { link: link.clone(), intent, opaque, release: false }))
}

/// Returns the leftovers as they were before an entry, where they are still as it left them.
fn leftovers_back<R: Record>(
    entry: &Entry<R>,
    (now, before, after): (&Stored<R>, &Stored<R>, &Stored<R>),
    rules: &Rules,
) -> Option<Opaque> {
    let other = entry.side.other();
    let (was, is) = (fields(&before.record), fields(&after.record));
    // A side that the rules let nothing be written to keeps its leftovers, too.
    let is_written = all(&[&was, &is]).into_iter().any(|field| rules.direction::<R>(field).leaves(other));
    if !is_written || now.withdrawn {
        return None;
    }
    let back = taken_back(&now.opaque.0, &before.opaque.0, &after.opaque.0);
    (back != now.opaque.0).then_some(Opaque(back))
}

/// Returns a value with what lies between `after` and `before` taken back, member by member, where it is still so.
fn taken_back(now: &Value, before: &Value, after: &Value) -> Value {
    if before == after {
        return now.clone();
    }
    if now == after {
        return before.clone();
    }
    let blank = serde_json::Map::new();
    let members = |value: &Value| match value {
        Value::Object(members) => Some(members.clone()),
        Value::Null => Some(blank.clone()),
        _ => None,
    };
    let (Some(mut back), Some(before), Some(after)) = (members(now), members(before), members(after)) else {
        return now.clone();
    };
    let null = Value::Null;
    for name in before.keys().chain(after.keys()) {
        let of = |members: &serde_json::Map<String, Value>| members.get(name).unwrap_or(&null).clone();
        match taken_back(&of(&back), &of(&before), &of(&after)) {
            Value::Null => drop(back.remove(name)),
            value => drop(back.insert(name.clone(), value)),
        }
    }
    if back.is_empty() { Value::Null } else { Value::Object(back) }
}

/// Deletes what was created, unless it changed since. The link is released, so that the source stays.
fn remove_again<R: Record>(entry: &Entry<R>, link: &Link<R>) -> Option<Back<R>> {
    let (now, made) = (link.alive(entry.side)?, stored_of(entry)?);
    // Later changes that were taken back before left another version of the same content.
    let unchanged = now.version == made.version || now.record == made.record && now.opaque == made.opaque;
    unchanged.then(|| Back {
        link: link.clone(),
        intent: bare(entry.side, Action::Delete, None),
        opaque: None,
        release: true,
    })
}

/// Creates again, from the before-image, what was deleted.
fn bring_back<R: Record>(entry: &Entry<R>, link: Option<&Link<R>>, fresh: LinkId) -> Option<Back<R>> {
    let before = entry.from.as_ref()?;
    let mut link = match link {
        Some(link) if link.alive(entry.side).is_some() => return None,
        Some(link) => link.clone(),
        None => Link::new(fresh),
    };
    if link.copies[entry.side].is_none() {
        link.copies[entry.side] = Some(Copy { stored: before.clone(), gone: true, look: false });
    }
    if let (None, Some(other)) = (&link.copies[entry.side.other()], &entry.other) {
        link.copies[entry.side.other()] = Some(Copy { stored: other.clone(), gone: true, look: false });
    }
    if link.alive(entry.side.other()).is_none() {
        // What comes back travels like a new record, on top of what the other side was.
        link.bases = Sides { local: R::default(), remote: R::default() };
    }
    let intent = bare(entry.side, Action::Create, Some(before.record.clone()));
    Some(Back { link, intent, opaque: None, release: false })
}

fn bare<R: Record>(side: Side, action: Action, to: Option<R>) -> Intent<R> {
    Intent { side, action, to, taken: Vec::new(), source: R::default() }
}

fn all<'a>(sets: &[&'a Fields]) -> std::collections::BTreeSet<&'a Field> {
    sets.iter().flat_map(|set| set.keys()).collect()
}
