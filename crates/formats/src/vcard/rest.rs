//! What a line says beyond what a contact can hold: kept beside the contact, and put back on the line
//! that is written for the same value.

use std::collections::{BTreeMap, VecDeque};

use passerelle_contacts::Address;

use super::{labels, read::partial_date};
use crate::{
    content::{Line, unescape},
    text::plain_address,
};

/// The property that keeps parameters of a line whose value was taken over. `OF` names the property;
/// `AS-WRITTEN` says that the value itself is to be written back as it was.
pub(crate) const PARAMS: &str = "X-PASSERELLE-PARAMS";

const OF: &str = "OF";
const AS_WRITTEN: &str = "AS-WRITTEN";

/// Parameters whose whole meaning the contact holds, or that only say how the value was encoded.
const UNDERSTOOD: [&str; 7] =
    ["CHARSET", "ENCODING", "SERVICE-TYPE", "VALUE", "X-APPLE-OMIT-YEAR", "X-LABEL", "X-SERVICE-TYPE"];

/// How a line was understood.
pub(crate) struct Understood<'a> {
    /// The label that the value got.
    pub(crate) label: &'a str,
    /// Whether the value became a preferred one.
    pub(crate) preferred: bool,
    /// Whether the group of the line ties it to another one that is kept.
    pub(crate) grouped: bool,
    /// Whether the value holds more than what was taken of it.
    pub(crate) value: bool,
}

/// Returns what is to be kept of a line that was taken over, if there is something.
pub(crate) fn rest_of(line: &Line, understood: &Understood<'_>) -> Option<String> {
    let mut rest = Line { name: PARAMS.to_owned(), value: anchor(line), ..Line::default() };
    rest.params.push((OF.to_owned(), vec![line.name.clone()]));
    for (name, values) in &line.params {
        match name.as_str() {
            "TYPE" => {
                for known in labels::beyond(values, understood.label, understood.preferred) {
                    rest = rest.with("TYPE", known);
                }
            }
            "PREF" if understood.preferred => {}
            "CC" if values.first().is_some_and(|code| code.len() == 2) => {}
            known if UNDERSTOOD.contains(&known) => {}
            _ => rest.params.push((name.clone(), values.clone())),
        }
    }
    if understood.value {
        rest = rest.with(AS_WRITTEN, "TRUE");
    }
    if understood.grouped {
        rest.group.clone_from(&line.group);
    }
    (rest.params.len() > 1 || understood.grouped).then(|| rest.to_text())
}

/// Returns the value by which the line is found again: short for what a file holds whole.
fn anchor(line: &Line) -> String {
    if is_single(&line.name) && line.name != "N" && line.name != "BDAY" {
        String::new()
    } else {
        line.value.clone()
    }
}

/// Tells whether a card is written with one line of this name at most.
fn is_single(name: &str) -> bool {
    matches!(name, "FN" | "N" | "UID" | "NOTE" | "NICKNAME" | "CATEGORIES" | "BDAY" | "PHOTO")
}

/// Puts what was kept of lines back on those that hold the same values, and returns the other leftovers.
pub(crate) fn put_back(lines: &mut [Line], unknown: &[String]) -> Vec<String> {
    let mut places = Places::of(lines);
    let mut others = Vec::new();
    for text in unknown {
        let rest = text.contains(PARAMS).then(|| Line::parse(0, text.clone().into_bytes())).flatten();
        let place = rest.as_ref().and_then(|rest| places.take(rest));
        match (rest, place) {
            (Some(rest), Some(at)) => attach(lines, at, rest, &mut places),
            _ => others.push(text.clone()),
        }
    }
    for (line, named) in lines.iter_mut().zip(&places.named) {
        if let Some(group) = places.groups.get(&line.group).filter(|_| !named) {
            line.group.clone_from(group);
        }
    }
    others
}

/// What tells a line from others: its property, and what its value means; nothing for what a card holds once.
type Meaning = (String, Option<Vec<String>>);

/// The lines of a card by what they mean, so that none is searched for by looking at all.
struct Places {
    by_meaning: BTreeMap<Meaning, VecDeque<usize>>,
    used: Vec<bool>,
    /// Which lines have the group that a leftover gave them.
    named: Vec<bool>,
    /// The groups that were written, with those that took their place.
    groups: BTreeMap<String, String>,
}

impl Places {
    fn of(lines: &[Line]) -> Self {
        let mut by_meaning: BTreeMap<Meaning, VecDeque<usize>> = BTreeMap::new();
        for (at, line) in lines.iter().enumerate() {
            let family = family(&line.name).to_owned();
            let value = meaning(&line.name, &line.value);
            by_meaning.entry((family.clone(), Some(value))).or_default().push_back(at);
            by_meaning.entry((family, None)).or_default().push_back(at);
        }
        let none = vec![false; lines.len()];
        Places { by_meaning, used: none.clone(), named: none, groups: BTreeMap::new() }
    }

    /// Finds the line to which a leftover belongs: the first that got none yet, else the last that fits.
    fn take(&mut self, rest: &Line) -> Option<usize> {
        let of = rest.param(OF).filter(|_| rest.name == PARAMS)?.to_ascii_uppercase();
        let any = is_single(&of) && rest.value.is_empty();
        let value = (!any).then(|| meaning(&of, &rest.value));
        let fitting = self.by_meaning.get_mut(&(family(&of).to_owned(), value))?;
        while let Some(at) = fitting.front().copied() {
            let used = self.used.get(at).copied().unwrap_or_default();
            if !used || fitting.len() == 1 {
                if let Some(used) = self.used.get_mut(at) {
                    *used = true;
                }
                return Some(at);
            }
            fitting.pop_front();
        }
        None
    }
}

fn attach(lines: &mut [Line], at: usize, rest: Line, places: &mut Places) {
    let Some(line) = lines.get_mut(at) else { return };
    let as_written = rest.param(AS_WRITTEN).is_some();
    if as_written && family(&line.name) == family(rest.param(OF).unwrap_or_default()) {
        line.value.clone_from(&rest.value);
        line.params.retain(|(name, _)| name != "VALUE");
    }
    let written = std::mem::take(&mut line.group);
    let group = if rest.group.is_empty() { written.clone() } else { rest.group.clone() };
    for (name, values) in rest.params {
        match name.as_str() {
            OF | AS_WRITTEN => {}
            // The contact says by now which one is preferred.
            "PREF" if line.param("PREF").is_some() => {}
            "TYPE" => attach_types(line, values),
            _ if line.param(&name).is_some() => {}
            _ => line.params.push((name, values)),
        }
    }
    line.group.clone_from(&group);
    if let Some(named) = places.named.get_mut(at) {
        *named = true;
    }
    if !written.is_empty() && written != group {
        places.groups.insert(written, group);
    }
}

/// Adds types, as long as they do not change what the label is.
fn attach_types(line: &mut Line, values: Vec<String>) {
    let label = labels::label_of(&line.param_values("TYPE"));
    let mut more = line.clone();
    for value in values {
        more = more.with("TYPE", value);
    }
    let labelled = matches!(family(&line.name), "EMAIL" | "TEL" | "ADR" | "URL" | "IMPP" | "RELATED");
    // A label that is written out beside the line stays what it is.
    let is_ours = !labelled || (label.is_empty() && !line.group.is_empty());
    if is_ours || labels::label_of(&more.param_values("TYPE")) == label {
        *line = more;
    }
}

/// Returns the name under which lines of one meaning are written.
pub(super) fn family(name: &str) -> &str {
    match name {
        "X-AIM" | "X-ICQ" | "X-JABBER" | "X-MSN" | "X-SKYPE" | "X-SKYPE-USERNAME" | "X-YAHOO" | "X-GTALK"
        | "X-GOOGLE-TALK" | "X-QQ" => "IMPP",
        "X-ANNIVERSARY" | "X-WEDDING" | "X-EVOLUTION-ANNIVERSARY" | "X-ABDATE" => "ANNIVERSARY",
        "X-ABRELATEDNAMES"
        | "X-SPOUSE"
        | "X-EVOLUTION-SPOUSE"
        | "X-MANAGER"
        | "X-EVOLUTION-MANAGER"
        | "X-ASSISTANT"
        | "X-EVOLUTION-ASSISTANT" => "RELATED",
        name => name,
    }
}

/// Returns what a value means to a contact, however it is spelt.
fn meaning(name: &str, value: &str) -> Vec<String> {
    let line = Line::new(name, value);
    let plain = |text: String| passerelle_contacts::normal_line(&text);
    match family(name) {
        "N" => {
            let mut parts: Vec<String> = line.parts(';').into_iter().map(plain).collect();
            parts.resize(5, String::new());
            parts
        }
        "ORG" => {
            let (name, department) = organization_of(&line);
            vec![plain(name), plain(department)]
        }
        "ADR" => {
            let a = address_of(&line).0;
            [a.po_box, a.extended, a.street, a.city, a.region, a.postcode, a.country].map(plain).to_vec()
        }
        "BDAY" | "ANNIVERSARY" => vec![partial_date(&line.unescaped()).unwrap_or_default().to_string()],
        "IMPP" => {
            let text = line.unescaped();
            vec![plain(text.rsplit_once(':').map_or(text.clone(), |(_, handle)| handle.to_owned()))]
        }
        "EMAIL" => vec![plain(plain_address(&unescape(value)).1.to_owned())],
        _ => {
            let text = unescape(value);
            vec![plain(without_scheme(&text, &["tel:", "mailto:"]).to_owned())]
        }
    }
}

/// Takes one of some schemes away from the front of a value, in any letter case.
pub(crate) fn without_scheme<'a>(text: &'a str, schemes: &[&str]) -> &'a str {
    let has = |scheme: &&&str| text.get(..scheme.len()).is_some_and(|head| head.eq_ignore_ascii_case(scheme));
    schemes.iter().find(has).and_then(|scheme| text.get(scheme.len()..)).unwrap_or(text)
}

/// Returns the name and the department of an organisation.
pub(crate) fn organization_of(line: &Line) -> (String, String) {
    let mut parts = line.parts(';').into_iter();
    let name = parts.next().unwrap_or_default();
    (name, parts.filter(|part| !part.trim().is_empty()).collect::<Vec<_>>().join(", "))
}

/// The parts of an address as vCard has them since ever; RFC 9554 adds eleven.
const ADDRESS_PARTS: usize = 7;
const ADDRESS_PARTS_9554: usize = 18;

/// Reads the parts of an address, and tells whether it holds more than these. A semicolon that
/// somebody forgot to escape moves what follows it: where the postal code then stands tells so.
pub(crate) fn address_of(line: &Line) -> (Address, bool) {
    let mut parts = line.parts(';');
    while parts.len() > ADDRESS_PARTS && parts.last().is_some_and(|part| part.trim().is_empty()) {
        parts.pop();
    }
    let moved = parts.len().saturating_sub(ADDRESS_PARTS);
    let extra = moved > 0;
    let mut moves = false;
    if extra && line.parts(';').len() < ADDRESS_PARTS_9554 {
        let has_digit =
            |at: usize| parts.get(at).is_some_and(|part| part.bytes().any(|byte| byte.is_ascii_digit()));
        moves = has_digit(5 + moved) || !has_digit(5);
        if moves {
            let end = (3 + moved).min(parts.len());
            let street: Vec<String> = parts.drain(2..end).map(|part| part.trim().to_owned()).collect();
            let street = street.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("; ");
            parts.insert(2, street);
        }
    }
    let mut parts = parts.into_iter();
    let mut next = || parts.next().unwrap_or_default();
    let (po_box, extended, street, city) = (next(), next(), next(), next());
    let (region, postcode, country) = (next(), next(), next());
    let address = Address { po_box, extended, street, city, region, postcode, country, ..Address::default() };
    (address, extra && !moves)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(value: &str) -> ([String; 4], bool) {
        let (a, more) = address_of(&Line::new("ADR", value));
        ([a.street, a.city, a.postcode, a.country], more)
    }

    #[test]
    fn a_forgotten_escape_in_an_address_moves_no_part() {
        for (value, parts, more) in [
            (";;1 rue A; Bat B;Paris;;75001;France", ["1 rue A; Bat B", "Paris", "75001", "France"], false),
            (";;1 rue A;Paris;;75001;France", ["1 rue A", "Paris", "75001", "France"], false),
            (";;1 rue A;Paris;;75001;France;;;", ["1 rue A", "Paris", "75001", "France"], false),
            (";;1 rue A;Paris;;75001;France;FR", ["1 rue A", "Paris", "75001", "France"], true),
            (";;1 rue A;Paris;;75001;France;;;;1;rue A;;;;;;", ["1 rue A", "Paris", "75001", "France"], true),
        ] {
            assert_eq!(address(value), (parts.map(str::to_owned), more), "{value}");
        }
    }

    #[test]
    fn what_is_kept_of_a_line_goes_back_to_its_value() {
        let whole = Line::parse(1, b"TEL;TYPE=HOME;TYPE=CELL;X-A=1:+33 1".to_vec()).unwrap();
        let understood = Understood { label: "mobile", preferred: false, grouped: false, value: false };
        let rest = rest_of(&whole, &understood).unwrap();
        assert_eq!(rest, "X-PASSERELLE-PARAMS;OF=TEL;TYPE=HOME;X-A=1:+33 1");
        let mut lines = vec![
            Line::new("TEL", "+33 2").with("TYPE", "CELL"),
            Line::new("TEL", "tel:+33 1").with("TYPE", "CELL"),
        ];
        assert!(put_back(&mut lines, std::slice::from_ref(&rest)).is_empty());
        assert_eq!(lines[1].to_text(), "TEL;TYPE=CELL,HOME;X-A=1:tel:+33 1");
        assert_eq!(put_back(&mut lines[..1], std::slice::from_ref(&rest)), [rest]);
    }
}
