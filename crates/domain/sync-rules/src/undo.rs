//! Taking back one entry of the history: `engine.md` section 9. Undo of an undo is the same function.

use passerelle_ports::{
    AssembleError, Copy, Entry, Field, Fields, Link, LinkId, Op, Record, Side, Sides, assemble, fields,
};

use crate::{
    Action, Intent, Rules,
    bases::stored_of,
    mutants::{Mutant, on},
    view::{hidden_fields, put, same, view},
};

/// A write that takes back an entry.
#[derive(Clone, Debug, PartialEq)]
pub struct Back<R> {
    /// The link as it has to be before the write; it may be new, or changed.
    pub link: Link<R>,
    /// The write.
    pub intent: Intent<R>,
    /// The link is released once the write has landed.
    pub release: bool,
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
        (Op::Update, Some(link)) => put_back(entry, link, rules),
        (Op::Create { .. }, Some(link)) => Ok(remove_again(entry, link)),
        (Op::Delete, link) if !is_back || on(Mutant::UndoBlind) => Ok(bring_back(entry, link, fresh)),
        _ => Ok(None),
    }
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
        let sent_it = !same(before.get(field), sent.get(field)) || on(Mutant::UndoAll);
        let ours = sent_it && !same(before.get(field), after.get(field));
        let withheld = hidden.contains(field) || !rules.direction::<R>(field).leaves(other);
        let moved = !same(now.get(field), after.get(field)) && !on(Mutant::UndoUnconditional);
        if !ours || withheld && !on(Mutant::UndoUnmasked) || moved {
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
        // The other side is back already at what this value once agreed with: the two agree again.
        let bases = entry.bases.as_ref().map(fields);
        let agreed = other_view.as_ref().is_some_and(|view| same(view.get(field), bases[other].get(field)))
            && same(before.get(field), bases[side].get(field));
        if agreed && !on(Mutant::UndoNoAgree) {
            taken.push(field.clone());
        }
    }
    if to == now {
        return Ok(None);
    }
    let intent = Intent {
        side,
        action: Action::Update,
        to: Some(assemble(&to)?),
        taken,
        source: other_view.map(|view| assemble(&view)).transpose()?.unwrap_or_default(),
    };
    Ok(Some(Back { link: link.clone(), intent, release: false }))
}

/// Deletes what was created, unless it changed since. The link is released, so that the source stays.
fn remove_again<R: Record>(entry: &Entry<R>, link: &Link<R>) -> Option<Back<R>> {
    let (now, made) = (link.alive(entry.side)?, stored_of(entry)?);
    // Later changes that were taken back before left another version of the same content.
    let unchanged = now.version == made.version
        || now.record == made.record && now.opaque == made.opaque
        || on(Mutant::UndoUnconditional);
    unchanged.then(|| Back {
        link: link.clone(),
        intent: bare(entry.side, Action::Delete, None),
        release: !on(Mutant::UndoNotReleased),
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
    Some(Back { link, intent: bare(entry.side, Action::Create, Some(before.record.clone())), release: false })
}

fn bare<R: Record>(side: Side, action: Action, to: Option<R>) -> Intent<R> {
    Intent { side, action, to, taken: Vec::new(), source: R::default() }
}

fn all<'a>(sets: &[&'a Fields]) -> std::collections::BTreeSet<&'a Field> {
    sets.iter().flat_map(|set| set.keys()).collect()
}
