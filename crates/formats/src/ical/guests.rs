//! Who takes part: `ATTENDEE` and `ORGANIZER`.

use std::collections::{BTreeMap, BTreeSet};

use passerelle_calendar::{Participant, ParticipationStatus, Role};

use super::own;
use crate::content::Line;

/// The guests that were named so far.
#[derive(Default)]
pub(crate) struct Attending {
    /// Their keys, each with how many guests without an address are called so.
    named: BTreeMap<String, usize>,
    /// The organisers who were named as such only: how they take part was not said.
    unsaid: BTreeSet<String>,
}

impl Attending {
    /// Adds a guest. One who was named before is the same person: the first that says something counts, and it is told
    /// whether this says otherwise.
    pub(crate) fn add(&mut self, guests: &mut BTreeMap<String, Participant>, read: Participant) -> bool {
        let key = self.key_of(&read);
        let Some(known) = guests.get_mut(&key) else {
            guests.insert(key, read);
            return true;
        };
        if self.unsaid.remove(&key) {
            known.role = read.role;
            known.participation_status = read.participation_status;
        }
        complete(known, read)
    }

    /// Adds the organiser, who need not be a guest.
    fn organized(&mut self, guests: &mut BTreeMap<String, Participant>, read: Participant) -> bool {
        let key = key_of(&read);
        if let Some(known) = guests.get_mut(&key) {
            known.organizer = true;
            return complete(known, read);
        }
        self.unsaid.insert(key.clone());
        let (role, participation_status) = (Role::Chair, ParticipationStatus::Accepted);
        guests.insert(key, Participant { organizer: true, role, participation_status, ..read });
        true
    }

    /// Returns the key of a guest: without an address, another one of the same name is another person.
    fn key_of(&mut self, guest: &Participant) -> String {
        let key = key_of(guest);
        if !guest.email.is_empty() || !self.named.contains_key(&key) {
            self.named.insert(key.clone(), 1);
            return key;
        }
        loop {
            let number = self.named.entry(key.clone()).or_default();
            *number += 1;
            // In the order of the file, which is that of the keys.
            let another = format!("{key} ({number:05})").trim_start().to_owned();
            if !self.named.contains_key(&another) {
                self.named.insert(another.clone(), 1);
                return another;
            }
        }
    }
}

/// Tells whether a line names somebody who takes part.
pub(super) fn is_guest(line: &Line) -> bool {
    matches!(line.name.as_str(), "ATTENDEE" | "ORGANIZER")
}

/// Takes a guest or the organiser over; tells whether nothing was said otherwise of that person before.
pub(crate) fn take(
    guests: &mut BTreeMap<String, Participant>,
    attending: &mut Attending,
    line: &Line,
) -> bool {
    let read = participant(line);
    if line.name == "ATTENDEE" { attending.add(guests, read) } else { attending.organized(guests, read) }
}

/// Tells whether a guest can hold the answer that a line gives.
pub(super) fn is_held(line: &Line) -> bool {
    let answer = line.param("PARTSTAT").unwrap_or_default().trim().to_ascii_uppercase();
    matches!(answer.as_str(), "" | "NEEDS-ACTION" | "ACCEPTED" | "DECLINED" | "TENTATIVE")
}

/// Tells whether a line says nothing otherwise of somebody than what is known.
pub(super) fn agrees(guests: &BTreeMap<String, Participant>, line: &Line) -> bool {
    let read = participant(line);
    let known = guests.get(&key_of(&read)).filter(|known| !known.email.is_empty());
    known.is_none_or(|known| complete(&mut known.clone(), read))
}

/// Completes what is known of a guest by what another line says; tells whether that line says nothing otherwise.
fn complete(known: &mut Participant, read: Participant) -> bool {
    let mut agree = fill(&mut known.name, read.name, &String::new());
    agree &= fill(&mut known.comment, read.comment, &String::new());
    agree &= fill(&mut known.role, read.role, &Role::Required);
    let unanswered = ParticipationStatus::NeedsAction;
    agree &= fill(&mut known.participation_status, read.participation_status, &unanswered);
    known.resource |= read.resource;
    known.organizer |= read.organizer;
    agree
}

/// Takes a value where none is known; tells whether another one is.
fn fill<T: PartialEq>(known: &mut T, read: T, nothing: &T) -> bool {
    if known == nothing {
        *known = read;
        return true;
    }
    read == *nothing || read == *known
}

/// Returns the key of a participant: the address in lower case, or the name where there is none.
pub(crate) fn key_of(participant: &Participant) -> String {
    #[cfg(test)]
    tests::KEYS.set(tests::KEYS.get() + 1);
    let text = if participant.email.is_empty() { &participant.name } else { &participant.email };
    text.trim().to_lowercase()
}

/// Returns the key of the participant that a line names.
pub(crate) fn key_of_line(line: &Line) -> String {
    key_of(&participant(line))
}

fn participant(line: &Line) -> Participant {
    let param = |name| line.param(name).unwrap_or_default();
    let upper = |name| param(name).to_ascii_uppercase();
    Participant {
        email: address(line),
        name: match (param("CN"), name_before(&line.value)) {
            ("", Some((name, _))) => name.to_owned(),
            (name, _) => name.to_owned(),
        },
        role: match upper("ROLE").as_str() {
            "OPT-PARTICIPANT" => Role::Optional,
            "NON-PARTICIPANT" => Role::Informational,
            "CHAIR" => Role::Chair,
            _ => Role::Required,
        },
        participation_status: match upper("PARTSTAT").as_str() {
            "ACCEPTED" => ParticipationStatus::Accepted,
            "DECLINED" => ParticipationStatus::Declined,
            "TENTATIVE" => ParticipationStatus::Tentative,
            _ => ParticipationStatus::NeedsAction,
        },
        resource: matches!(upper("CUTYPE").as_str(), "ROOM" | "RESOURCE"),
        organizer: upper(own::ORGANIZER) == "TRUE",
        comment: param(own::COMMENT).to_owned(),
    }
}

/// Tells whether the address that a line tells beside its value is the one that the guest is known by.
pub(super) fn is_same_address(line: &Line, email: &str) -> bool {
    let email = without_scheme(email);
    email.is_empty() || email.eq_ignore_ascii_case(&address(line))
}

/// Returns an address without the scheme before it.
fn without_scheme(text: &str) -> &str {
    let text = text.trim();
    let scheme = text.get(..7).is_some_and(|scheme| scheme.eq_ignore_ascii_case("mailto:"));
    text.get(if scheme { 7 } else { 0 }..).unwrap_or_default().trim()
}

/// Returns what stands in the place of the address of a participant whose address is told beside it.
pub(super) fn beside_address(line: &Line) -> Option<&str> {
    let scheme = line.value.trim().get(..7).is_some_and(|scheme| scheme.eq_ignore_ascii_case("mailto:"));
    let known = line.param("EMAIL").is_some_and(|email| !email.trim().is_empty());
    let value = (known && !scheme).then(|| line.value.trim());
    value.filter(|value| !value.is_empty() && !value.eq_ignore_ascii_case(NOBODY))
}

/// Puts back what stood in the place of the address of a participant.
pub(super) fn put_beside_address(line: &mut Line, value: &str) {
    let email = address(line);
    line.value = value.to_owned();
    line.params.retain(|(name, _)| name != "EMAIL");
    line.params.push(("EMAIL".to_owned(), vec![email]));
}

/// Returns the address of a participant; some servers write a path and the address beside it.
fn address(line: &Line) -> String {
    let value = line.value.trim();
    let scheme = |text: &str| text.get(..7).is_some_and(|scheme| scheme.eq_ignore_ascii_case("mailto:"));
    let mut plain = value;
    // Some programs write the scheme twice.
    while scheme(plain) {
        plain = plain.get(7..).unwrap_or_default().trim_start();
    }
    if let Some((_, address)) = name_before(plain) {
        return address.to_owned();
    }
    match (scheme(value), line.param("EMAIL").map(without_scheme)) {
        (true, _) => plain.to_owned(),
        (false, Some(email)) if !email.is_empty() => email.to_owned(),
        (false, _) if value.eq_ignore_ascii_case(NOBODY) => String::new(),
        (false, _) => value.to_owned(),
    }
}

/// Takes a name and the address behind it apart: `Jean Dupont <jean@acme.example>`, as mail programs and vCalendar 1.0 do.
fn name_before(value: &str) -> Option<(&str, &str)> {
    let (name, address) = value.trim().strip_suffix('>')?.rsplit_once('<')?;
    let (name, address) = (without_scheme(name), without_scheme(address));
    let sound = address.contains('@') && !address.contains(char::is_whitespace);
    sound.then(|| (name.trim().trim_matches('"').trim(), address))
}

/// Writes everybody. One organiser is written as such; everybody is a guest as well.
pub(crate) fn lines_of(guests: &BTreeMap<String, Participant>) -> Vec<Line> {
    let mut lines = Vec::new();
    let first = guests.values().position(|guest| guest.organizer);
    for (place, guest) in guests.values().enumerate() {
        let value = match guest.email.as_str() {
            "" => NOBODY.to_owned(),
            // A server's own path, or an address of another scheme.
            email if email.contains(':') || email.starts_with('/') => email.to_owned(),
            email => format!("mailto:{email}"),
        };
        let named = |line: Line| if guest.name.is_empty() { line } else { line.with("CN", &guest.name) };
        if first == Some(place) {
            lines.push(readable(named(Line::new("ORGANIZER", value.clone()))));
        }
        let mut line = named(Line::new("ATTENDEE", value));
        let params = [
            ("CUTYPE", guest.resource.then_some("RESOURCE")),
            ("ROLE", role(guest.role)),
            ("PARTSTAT", answer(guest.participation_status)),
            (own::ORGANIZER, (guest.organizer && first != Some(place)).then_some("TRUE")),
            (own::COMMENT, Some(guest.comment.as_str()).filter(|comment| !comment.is_empty())),
        ];
        for (name, value) in params {
            if let Some(value) = value {
                line = line.with(name, value);
            }
        }
        lines.push(readable(line));
    }
    lines
}

/// What stands in the place of the address of a participant who has none.
pub(crate) const NOBODY: &str = "invalid:nomail";

/// Puts an address beside its place where the place would be read as something else: one that holds the scheme of
/// another.
fn readable(mut line: Line) -> Line {
    let again = Line::parse(0, line.to_text().into_bytes());
    if again.is_none_or(|again| again.value != line.value) {
        let address = std::mem::replace(&mut line.value, NOBODY.to_owned());
        line.params.push(("EMAIL".to_owned(), vec![address]));
    }
    line
}

fn role(role: Role) -> Option<&'static str> {
    match role {
        Role::Required => None,
        Role::Optional => Some("OPT-PARTICIPANT"),
        Role::Informational => Some("NON-PARTICIPANT"),
        Role::Chair => Some("CHAIR"),
    }
}

fn answer(answer: ParticipationStatus) -> Option<&'static str> {
    match answer {
        ParticipationStatus::NeedsAction => None,
        ParticipationStatus::Accepted => Some("ACCEPTED"),
        ParticipationStatus::Declined => Some("DECLINED"),
        ParticipationStatus::Tentative => Some("TENTATIVE"),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::cell::Cell;

    thread_local! {
        /// How many keys were made.
        pub(crate) static KEYS: Cell<usize> = const { Cell::new(0) };
    }
}
