//! The answers that fit what waits: exactly those that are carried out.

use passerelle_ports::{Code, Kind, Link, Record, Side};

use crate::{
    Answer, Keep, Waiting,
    conflicts::{Conflict, both},
};

/// Something that was changed in a calendar that may only be read.
const SEALED: Code = Code::Sync122;
/// Something that is shown in an older state for longer than answers can be late.
pub(crate) const LATE: Code = Code::Sync130;
/// Something that another pair has on the other side.
pub(crate) const AGAIN: Code = Code::Sync131;

/// A meeting of somebody else.
const OTHERS: Code = Code::Goog309;

/// Returns the answers that fit a link that waits.
pub(crate) fn of<R: Record>(kind: Kind, link: &Link<R>, waiting: &Waiting) -> Vec<Answer> {
    let keep = |keep| Answer::Keep(keep, None);
    match waiting {
        Waiting::Clash { fields, .. } => {
            let mut answers = vec![keep(Keep::Local), keep(Keep::Remote)];
            answers.extend(fields.iter().all(|clash| both(clash).is_some()).then(|| keep(Keep::Both)));
            answers
        }
        // A row that goes on with the item of another one, which waits for nothing and has no number.
        Waiting::LookAlike { others, .. } if matches!(others.as_slice(), [other] if other.linked) => {
            vec![keep(Keep::Local), Answer::Different]
        }
        // Their numbers are given later.
        Waiting::LookAlike { .. } => vec![Answer::Different],
        Waiting::Refused { side, problem, unread } => {
            let mut answers = vec![Answer::Retry];
            answers.extend(refused(kind, link, (*side, problem.code, *unread)).into_iter().map(keep));
            answers
        }
    }
}

/// Which version can be kept of a record that a side refused.
fn refused<R: Record>(kind: Kind, link: &Link<R>, (side, code, unread): (Side, Code, bool)) -> Vec<Keep> {
    let is_here = link.alive(Side::Local).is_some();
    if unread {
        // Nobody knows what it holds: each side keeps its own. Or what is shown is right, whatever its time.
        let shown = (code == LATE && side == Side::Remote).then_some(Keep::Remote);
        return shown.into_iter().chain([Keep::Both]).collect();
    }
    if code == AGAIN {
        return vec![Keep::Local, Keep::Remote];
    }
    if side == Side::Local {
        return vec![Keep::Local];
    }
    let is_sealed = code == SEALED && is_here;
    if is_sealed && link.alive(Side::Remote).is_none() {
        return vec![Keep::Local];
    }
    let mut kept = Vec::new();
    kept.extend(is_sealed.then_some(Keep::Local));
    kept.push(Keep::Remote);
    // A copy of what the company has is a new appointment.
    let was_there = link.copies.remote.is_some() || code != OTHERS;
    kept.extend((kind == Kind::Events && is_here && was_there).then_some(Keep::Both));
    kept
}

/// Look-alikes are answered by the numbers of the others, which are known once all are listed.
pub(crate) fn name_numbers(all: &mut [Conflict]) {
    for conflict in all {
        if let Waiting::LookAlike { others, .. } = &conflict.waiting {
            let numbers = others.iter().filter_map(|other| other.number);
            conflict.answers.splice(0..0, numbers.map(|number| Answer::Same(number, None)));
        }
    }
}
