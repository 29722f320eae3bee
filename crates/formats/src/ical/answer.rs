//! What guests answer (RFC 5546 `REPLY`).

use std::collections::BTreeMap;

use passerelle_calendar::{Event, Participant, Status};

use super::{
    guests,
    lone::{There, is_that},
    read::start_of,
    series,
    zones::Zones,
};
use crate::{Answer, Reason, content::Component};

/// Reads an answer; nothing of one that does not say who answers to what, or that a guest cannot hold: that somebody else
/// was sent instead.
pub(super) fn read(component: &Component, zones: &mut Zones) -> Option<Box<Answer>> {
    let uid = component.text("UID");
    let mut answering: BTreeMap<String, Participant> = BTreeMap::new();
    let mut attending = guests::Attending::default();
    let mut held = true;
    component.lines.iter().filter(|line| line.name == "ATTENDEE").for_each(|line| {
        held &= guests::is_held(line);
        guests::take(&mut answering, &mut attending, line);
    });
    let mut guests: Vec<Participant> = answering.into_values().collect();
    if let [only] = guests.as_mut_slice()
        && only.comment.is_empty()
    {
        only.comment = component.text("COMMENT");
    }
    let occurrence = component.get("RECURRENCE-ID").map(|line| start_of(line, zones)).transpose().ok()?;
    let is_whole = held && !uid.trim().is_empty() && !guests.is_empty();
    let sequence = sequence_of(component);
    is_whole.then(|| Box::new(Answer { uid, occurrence, guests, cancels: false, sequence }))
}

/// Returns what calls an appointment off, without saying more of it than its identifier.
pub(super) fn calling_off(component: &Component) -> Option<Box<Answer>> {
    let uid = component.text("UID");
    let sequence = sequence_of(component);
    let answer = Answer { uid, occurrence: None, guests: Vec::new(), cancels: true, sequence };
    (!answer.uid.trim().is_empty()).then(|| Box::new(answer))
}

fn sequence_of(component: &Component) -> Option<u64> {
    component.text("SEQUENCE").trim().parse().ok()
}

/// Takes answers into the appointment that they are for, which has `kept` beside it; tells of each whether it is for one that
/// takes place. Its error is that somebody answers who is not invited.
pub fn apply_answers(event: &mut Event, kept: &[String], answers: &[&Answer]) -> Vec<Result<bool, Reason>> {
    let there = There::of(event, answers.iter().filter_map(|answer| answer.occurrence.clone()));
    answers.iter().map(|answer| apply(event, kept, &there, answer)).collect()
}

fn apply(event: &mut Event, kept: &[String], there: &There, answer: &Answer) -> Result<bool, Reason> {
    if answer.cancels {
        event.status = Status::Cancelled;
        return Ok(true);
    }
    let Some(at) = &answer.occurrence else {
        return answered(&mut event.participants, answer);
    };
    if is_that(event, kept, at) {
        return answered(&mut event.participants, answer);
    }
    let start = event.start.clone().filter(|_| event.is_recurring());
    let Some(id) = start.and_then(|start| series::occurrence_at(at, &start)) else { return Ok(false) };
    let known = event.recurrence_overrides.get(&id.to_string());
    if known.is_some_and(|known| known.excluded) || (known.is_none() && !there.has(event, id)) {
        return Ok(false);
    }
    let own = known.and_then(|known| known.participants.clone());
    let mut guests = own.unwrap_or_else(|| event.participants.clone());
    let done = answered(&mut guests, answer)?;
    event.recurrence_overrides.entry(id.to_string()).or_default().participants = Some(guests);
    Ok(done)
}

fn answered(invited: &mut BTreeMap<String, Participant>, answer: &Answer) -> Result<bool, Reason> {
    for guest in &answer.guests {
        let key = guests::key_of(guest);
        let named =
            || invited.iter().find(|(_, known)| guests::key_of(known) == key).map(|(at, _)| at.clone());
        let place = if invited.contains_key(&key) { Some(key.clone()) } else { named() };
        let known = place.and_then(|place| invited.get_mut(&place)).ok_or(Reason::Message)?;
        known.participation_status = guest.participation_status;
        if !guest.comment.is_empty() {
            known.comment.clone_from(&guest.comment);
        }
    }
    Ok(true)
}
