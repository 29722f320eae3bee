//! What guests answer (RFC 5546 `REPLY`).

use std::collections::BTreeMap;

use passerelle_calendar::{Event, Override, Participant, Start, Status};
use passerelle_ports::left;
use serde_json::json;

use super::{
    guests,
    lone::{There, is_that, noted_of, spellings_of},
    own,
    read::{event_of, start_of},
    rest, series,
    states::{Rank, is_time},
    zones::Zones,
};
use crate::{
    Answer, CallsOff, Reason,
    content::{Component, Line},
};

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
    let stamp = Rank::of_message(component).changed;
    is_whole.then(|| Box::new(Answer { uid, occurrence, guests, cancels: None, sequence, stamp }))
}

/// Returns what calls an appointment off without saying when that takes place (RFC 5546 §3.2.5).
pub(super) fn calling_off(component: &Component, zones: &mut Zones) -> Option<Box<Answer>> {
    let uid = component.text("UID");
    let sequence = sequence_of(component);
    let mut rest = component.clone();
    let times: Vec<Line> = rest.lines.extract_if(.., |line| is_time(&line.name)).collect();
    let (event, mut unknown) = event_of(&rest, zones).ok()?;
    unknown.extend(times.iter().filter(|line| !line.value.trim().is_empty()).map(rest::whole));
    let cancels = Some(Box::new(CallsOff { event, unknown }));
    let answer = Answer { uid, cancels, sequence, ..Answer::default() };
    (!answer.uid.trim().is_empty()).then(|| Box::new(answer))
}

fn sequence_of(component: &Component) -> Option<u64> {
    component.text("SEQUENCE").trim().parse().ok()
}

/// Takes answers into the appointment that they are for, which has `kept` beside it; tells of each whether it is for one that
/// takes place. Its error is that somebody answers who is not invited, or that it is about an older state ([`Reason::Older`]).
pub fn apply_answers(
    event: &mut Event,
    kept: &mut Vec<String>,
    answers: &[&Answer],
) -> Vec<Result<bool, Reason>> {
    let there = There::of(event, answers.iter().filter_map(|answer| answer.occurrence.clone()));
    let (mut noted, mut invited) = (noted_of(kept), Invited::default());
    let mut here = left::sequence(kept.iter().map(String::as_str));
    let mut answered = Answered::of(kept);
    let each = answers.iter().map(|answer| {
        if answer.sequence.zip(here).is_some_and(|(answered, here)| answered < here) {
            return Err(Reason::Older);
        }
        if let Some(off) = &answer.cancels {
            call_off(event, kept, off);
            noted = noted_of(kept);
            here = here.max(answer.sequence);
            return Ok(true);
        }
        let at = place_of(answer, event);
        let newest = answered.newest(answer, &at).ok_or(Reason::Older)?;
        let done = apply(event, noted.as_ref(), &there, &mut invited, &newest)?;
        if done {
            answered.note(&newest, &at);
        }
        Ok(done)
    });
    let done = each.collect();
    answered.keep(kept);
    done
}

/// Names the occurrence that an answer is for as the appointment has it, however the answer spells it; nothing where it is
/// for the whole.
fn place_of(answer: &Answer, event: &Event) -> String {
    let Some(at) = &answer.occurrence else { return String::new() };
    let spelt = || spellings_of(at).1.into_iter().next().unwrap_or_default();
    let named = series::occurrence_at(at, event);
    named.map_or_else(spelt, |id| id.to_string())
}

/// Of which number and time the last answer of each guest is, to an appointment or to one occurrence of it: a later file may
/// bring an older one.
#[derive(Default)]
struct Answered {
    last: BTreeMap<(String, String), (u64, String)>,
    is_new: bool,
}

impl Answered {
    fn of(kept: &[String]) -> Self {
        let lines = kept.iter().filter(|text| text.starts_with(own::ANSWERED));
        let last = lines.filter_map(|text| {
            let line = Line::parse(0, text.clone().into_bytes())?;
            let of = |name: &str| line.param(name).unwrap_or_default().to_owned();
            let number = of("SEQUENCE").parse().unwrap_or_default();
            Some(((of("BY"), of("ID")), (number, line.value.clone())))
        });
        Answered { last: last.collect(), is_new: false }
    }

    /// Returns what an answer says of those of whom there is no newer one. One that says no number is compared by its time.
    fn newest(&self, answer: &Answer, at: &str) -> Option<Answer> {
        let last = |guest: &Participant| self.last.get(&(guests::key_of(guest), at.to_owned()));
        let is_newest = |guest: &Participant| match last(guest) {
            Some((number, stamp)) if !answer.stamp.is_empty() => {
                (*number, stamp) <= (answer.sequence.unwrap_or(*number), &answer.stamp)
            }
            _ => true,
        };
        let mut newest = answer.clone();
        newest.guests.retain(is_newest);
        (!newest.guests.is_empty()).then_some(newest)
    }

    fn note(&mut self, answer: &Answer, at: &str) {
        if answer.stamp.is_empty() {
            return;
        }
        for guest in &answer.guests {
            let last = self.last.entry((guests::key_of(guest), at.to_owned())).or_default();
            let rank = (answer.sequence.unwrap_or(last.0), answer.stamp.clone());
            self.is_new |= *last != rank;
            *last = rank;
        }
    }

    fn keep(self, kept: &mut Vec<String>) {
        if !self.is_new {
            return;
        }
        kept.retain(|text| !text.starts_with(own::ANSWERED));
        kept.extend(self.last.into_iter().map(|((by, at), (number, stamp))| {
            let line = Line::new(own::ANSWERED, stamp).with("BY", by).with("SEQUENCE", number.to_string());
            if at.is_empty() { line.to_text() } else { line.with("ID", at).to_text() }
        }));
    }
}

/// Makes a state of an appointment that was called off, as if the message said the rest of it too: its number stays, so that
/// an older state does not let it take place again.
fn call_off(event: &mut Event, kept: &mut Vec<String>, off: &CallsOff) {
    let mut says = Override::between(&Event::default(), &off.event);
    // Whom it is sent to is no list of guests: who was invited no more gets it as well (RFC 5546, 3.2.5).
    (says.start, says.duration, says.participants) = (None, None, None);
    says.lay_over(event);
    event.status = Status::Cancelled;
    let all = left::completed(&json!(kept), Some(&json!(off.unknown)));
    *kept = left::texts(&all).unwrap_or_default().into_iter().map(str::to_owned).collect();
}

/// Where the guests stand who are invited, to an appointment or to one occurrence of it: each list is gone through once,
/// however many answer.
#[derive(Default)]
struct Invited {
    by_key: BTreeMap<String, BTreeMap<String, String>>,
}

impl Invited {
    /// Returns where a guest stands in the list of an occurrence; that of the whole has no name.
    fn place(
        &mut self,
        list: &BTreeMap<String, Participant>,
        at: &str,
        guest: &Participant,
    ) -> Option<String> {
        let key = guests::key_of(guest);
        if list.contains_key(&key) {
            return Some(key);
        }
        let known = self.by_key.entry(at.to_owned()).or_insert_with(|| {
            // Of several that have one key the first counts.
            list.iter().rev().map(|(place, known)| (guests::key_of(known), place.clone())).collect()
        });
        known.get(&key).cloned()
    }

    /// Takes what guests answer; where one of them is not invited nothing is taken.
    fn answered(
        &mut self,
        list: &mut BTreeMap<String, Participant>,
        at: &str,
        answer: &Answer,
    ) -> Result<bool, Reason> {
        let places = answer.guests.iter().map(|guest| self.place(list, at, guest));
        let places: Option<Vec<String>> = places.collect();
        for (guest, place) in answer.guests.iter().zip(places.ok_or(Reason::Message)?) {
            let Some(known) = list.get_mut(&place) else { continue };
            known.participation_status = guest.participation_status;
            if !guest.comment.is_empty() {
                known.comment.clone_from(&guest.comment);
            }
        }
        Ok(true)
    }
}

fn apply(
    event: &mut Event,
    noted: Option<&Start>,
    there: &There,
    invited: &mut Invited,
    answer: &Answer,
) -> Result<bool, Reason> {
    let Some(at) = &answer.occurrence else {
        return invited.answered(&mut event.participants, "", answer);
    };
    if is_that(event, noted, at) {
        return invited.answered(&mut event.participants, "", answer);
    }
    let id = series::occurrence_at(at, event).filter(|_| event.is_recurring());
    let Some(id) = id else { return Ok(false) };
    let name = id.to_string();
    let known = event.recurrence_overrides.get(&name);
    if known.is_some_and(|known| known.excluded) || (known.is_none() && !there.has(event, id)) {
        return Ok(false);
    }
    if let Some(guests) =
        event.recurrence_overrides.get_mut(&name).and_then(|known| known.participants.as_mut())
    {
        return invited.answered(guests, &name, answer);
    }
    // It has the guests of its series until one of them answers for it alone.
    for guest in &answer.guests {
        invited.place(&event.participants, "", guest).ok_or(Reason::Message)?;
    }
    let mut guests = event.participants.clone();
    let done = invited.answered(&mut guests, &name, answer)?;
    event.recurrence_overrides.entry(name).or_default().participants = Some(guests);
    Ok(done)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guest(mail: &str) -> Participant {
        Participant { email: mail.to_owned(), ..Participant::default() }
    }

    /// Returns how many keys of guests are made where so many answer to one occurrence: those who are invited, under
    /// their address or not, and those who are not.
    fn keys_made(many: usize) -> usize {
        let mails = |whose: &'static str| (0..many).map(move |number| format!("{whose}{number}@a.example"));
        let mut event = Event {
            start: "2026-01-05T09:00:00[Europe/Paris]".parse().ok(),
            recurrence_rules: ["FREQ=WEEKLY".to_owned()].into(),
            participants: mails("own")
                .map(|mail| (mail.clone(), guest(&mail)))
                .chain(mails("other").enumerate().map(|(number, mail)| (format!("{number}"), guest(&mail))))
                .collect(),
            ..Event::default()
        };
        let answers = ["own", "other", "nobody"].into_iter().flat_map(mails).map(|mail| Answer {
            occurrence: "2026-01-12T09:00:00[Europe/Paris]".parse().ok(),
            guests: vec![guest(&mail)],
            stamp: "20260101T000000Z".to_owned(),
            ..Answer::default()
        });
        let answers: Vec<Answer> = answers.collect();
        let before = guests::tests::KEYS.get();
        let done = apply_answers(&mut event, &mut Vec::new(), &answers.iter().collect::<Vec<_>>());
        let told = |wanted: &Result<bool, Reason>| done.iter().filter(|done| *done == wanted).count();
        assert_eq!((told(&Ok(true)), told(&Err(Reason::Message))), (2 * many, many));
        guests::tests::KEYS.get() - before
    }

    #[test]
    fn the_guests_are_gone_through_once_however_many_answer() {
        let (some, twice) = (keys_made(200), keys_made(400));
        assert!(twice <= some * 2 + 10, "{some} {twice}");
    }
}
