//! The table of Google Contacts: the numbered columns of before and after 2024, and what is written.

use std::collections::BTreeMap;

use passerelle_contacts::{Address, Contact, Email, Im, Labelled, LabelledDate, Organization, Phone};

use super::{
    Draft, preferred_first,
    read::{says_nothing, take_whole},
};
use crate::vcard::partial_date;

/// What separates several values in one cell.
pub(super) const BETWEEN: &str = " ::: ";

/// Labels under Google's names.
const LABELS: [(&str, &str); 12] = [
    ("work", "Work"),
    ("home", "Home"),
    ("other", "Other"),
    ("mobile", "Mobile"),
    ("main", "Main"),
    ("pager", "Pager"),
    ("home_fax", "Home Fax"),
    ("work_fax", "Work Fax"),
    ("other_fax", "Other Fax"),
    ("work_mobile", "Work Mobile"),
    ("work_pager", "Work Pager"),
    ("anniversary", "Anniversary"),
];

/// The numbered columns: their stem, how many are written, their parts.
const NUMBERED: [(&str, usize, &[&str]); 9] = [
    ("E-mail", 8, &["Label", "Value"]),
    ("Phone", 8, &["Label", "Value"]),
    (
        "Address",
        5,
        &[
            "Label",
            "Country",
            "Street",
            "Extended Address",
            "City",
            "Region",
            "Postal Code",
            "PO Box",
            "Country Code",
        ],
    ),
    ("Organization", 4, &["Name", "Title", "Department"]),
    ("IM", 4, &["Label", "Service", "Value"]),
    ("Website", 5, &["Label", "Value"]),
    ("Event", 5, &["Label", "Value"]),
    ("Relation", 5, &["Label", "Value"]),
    ("Custom Field", 8, &["Label", "Value"]),
];

const SINGLE: [&str; 16] = [
    "First Name",
    "Middle Name",
    "Last Name",
    "Phonetic First Name",
    "Phonetic Last Name",
    "Name Prefix",
    "Name Suffix",
    "Nickname",
    "File As",
    "Organization Name",
    "Organization Title",
    "Organization Department",
    "Birthday",
    "Notes",
    "Photo",
    "Labels",
];

/// The parts of the columns that each stem is known to have; of others the value is kept as text.
const READ: [(&str, &[&str]); 9] = [
    ("E-mail", &["Label", "Value"]),
    ("Phone", &["Label", "Value"]),
    (
        "Address",
        &[
            "Label",
            "Formatted",
            "Street",
            "Extended Address",
            "City",
            "Region",
            "Postal Code",
            "PO Box",
            "Country",
            "Country Code",
        ],
    ),
    ("Organization", &["Label", "Name", "Title", "Department"]),
    ("IM", &["Label", "Service", "Value"]),
    ("Website", &["Label", "Value"]),
    ("Event", &["Label", "Value"]),
    ("Relation", &["Label", "Value"]),
    ("Custom Field", &["Label", "Value"]),
];

/// Takes `E-mail 1 - Value` apart: the stem, the number, the part under its newer name.
pub(super) fn column(name: &str) -> Option<(&'static str, u32, &str)> {
    let (head, part) = name.split_once(" - ")?;
    let (stem, number) = head.trim().rsplit_once(' ')?;
    let (stem, parts) = READ.iter().find(|(known, _)| known.eq_ignore_ascii_case(stem))?;
    let part = if part.trim().eq_ignore_ascii_case("Type") { "Label" } else { part.trim() };
    let part = parts.iter().find(|known| known.eq_ignore_ascii_case(part))?;
    Some((stem, number.parse().ok()?, part))
}

/// The values of a cell that holds several.
pub(super) fn several(value: &str) -> impl Iterator<Item = String> {
    parts_of(value).into_iter().filter(|part| !part.is_empty()).map(str::to_owned)
}

/// The values of a cell, empty ones too. Colons inside a word (`a:::b`) and a cell of colons alone separate nothing.
pub(super) fn parts_of(value: &str) -> Vec<&str> {
    let mark = BETWEEN.trim();
    if value.trim() == mark {
        return vec![mark];
    }
    let is_blank = |c: Option<char>| c.is_none_or(char::is_whitespace);
    let mut parts = Vec::new();
    let mut start = 0;
    for (at, _) in value.match_indices(mark) {
        let after = at + mark.len();
        if is_blank(value[..at].chars().next_back()) && is_blank(value[after..].chars().next()) {
            parts.push(value[start..at].trim());
            start = after;
        }
    }
    parts.push(value[start..].trim());
    parts
}

/// Takes the columns of one number over: as many entries as its cells have values, each with the parts at its place.
pub(super) fn entries(draft: &mut Draft, stem: &str, number: u32, parts: &BTreeMap<&str, &str>) {
    let is_shared = |part: &str| matches!(part, "Label" | "Service");
    let values = |part: &str, cell: &'_ str| is_shared(part) && cell.trim() == BETWEEN.trim();
    let cells: BTreeMap<&str, Vec<&str>> = parts
        .iter()
        .map(|(part, cell)| (*part, if values(part, cell) { vec!["", ""] } else { parts_of(cell) }))
        .collect();
    let count = cells.iter().filter(|(part, _)| !is_shared(part)).map(|(_, values)| values.len()).max();
    for place in 0..count.unwrap_or(1) {
        let mut entry_parts: BTreeMap<&str, &str> = BTreeMap::new();
        for (part, values) in &cells {
            // Of several under one label the first is the preferred one.
            let shared =
                values.last().filter(|_| is_shared(part)).map(|label| label.trim_start_matches('*').trim());
            if let Some(value) = values.get(place).copied().or(shared).filter(|value| !value.is_empty()) {
                entry_parts.insert(part, value);
            }
        }
        entry(draft, stem, (number, place), &entry_parts);
    }
}

/// Takes one entry over.
fn entry(draft: &mut Draft, stem: &str, (number, place): (u32, usize), parts: &BTreeMap<&str, &str>) {
    let part = |name: &str| parts.get(name).copied().unwrap_or_default().to_owned();
    let (label, preferred) = label_of(&part("Label"));
    let value = part("Value");
    match stem {
        "Organization" => organization(draft, number == 1 && place == 0, parts),
        "Address" => {
            let formatted = address(draft, label, preferred, parts);
            draft.unknown.extend(formatted.map(|text| format!("Address {number} - Formatted: {text}")));
        }
        _ if value.is_empty() => {}
        "E-mail" | "Phone" | "Website" if says_nothing(&value) => {
            draft.unknown.push(format!("{stem} {number} - Value: {value}"));
        }
        "E-mail" => draft.emails.push(Email { address: value, label, preferred }),
        "Phone" => draft.phones.push(Phone { number: value, label, preferred }),
        "Website" => draft.urls.push(Labelled { label: word_of(label), value }),
        "Relation" => draft.relations.push(Labelled { label: word_of(label), value }),
        "Custom Field" => draft.custom.push(Labelled { label: part("Label"), value }),
        "IM" => draft.ims.push(Im { service: part("Service").to_lowercase(), handle: value, label }),
        "Event" => match partial_date(&value) {
            Some(date) if label == "anniversary" && draft.contact.anniversary.is_none() => {
                draft.contact.anniversary = Some(date);
            }
            Some(date) => draft.dates.push(LabelledDate { label, date }),
            None => draft.unknown.push(format!("Event {number} - Value: {value}")),
        },
        _ => draft.unknown.push(format!("{stem} {number} - Value: {value}")),
    }
}

fn organization(draft: &mut Draft, first: bool, parts: &BTreeMap<&str, &str>) {
    let part = |name: &str| parts.get(name).copied().unwrap_or_default().to_owned();
    let found = Organization { name: part("Name"), title: part("Title"), department: part("Department") };
    if first && draft.contact.organization.is_empty() {
        draft.contact.organization = found;
    } else if !found.is_empty() {
        draft.organizations.push(found);
    }
}

/// Takes an address over; returns all of it as one text, where that says more than its parts.
fn address(
    draft: &mut Draft,
    label: String,
    preferred: bool,
    parts: &BTreeMap<&str, &str>,
) -> Option<String> {
    let part = |name: &str| parts.get(name).copied().unwrap_or_default().to_owned();
    let country = part("Country");
    let code = part("Country Code");
    let code = if code.is_empty() && is_code(&country) { country.clone() } else { code };
    let mut address = Address {
        label,
        street: part("Street"),
        extended: part("Extended Address"),
        po_box: part("PO Box"),
        postcode: part("Postal Code"),
        city: part("City"),
        region: part("Region"),
        country: if is_code(&country) { String::new() } else { country },
        country_code: code.to_ascii_uppercase(),
        preferred,
    };
    let bare = Address { label: address.label.clone(), preferred, ..Address::default() };
    let formatted = part("Formatted");
    let is_taken = take_whole(&mut address, &formatted);
    if address != bare {
        draft.addresses.push(address);
    }
    (!is_taken).then_some(formatted)
}

pub(super) fn is_code(country: &str) -> bool {
    country.len() == 2 && country.bytes().all(|byte| byte.is_ascii_uppercase())
}

/// Reads `* Work`: the label, and whether this one is preferred.
fn label_of(text: &str) -> (String, bool) {
    let (text, preferred) = text.strip_prefix('*').map_or((text, false), |rest| (rest, true));
    let text = text.trim();
    let known = LABELS
        .iter()
        .find(|(_, google)| google.replace(' ', "").eq_ignore_ascii_case(&text.replace(' ', "")));
    (known.map_or(text, |(label, _)| label).to_owned(), preferred)
}

/// What Google calls relations and web pages beyond the labels of all kinds, as its tables write it.
const WORDS: [(&str, &str); 17] = [
    ("spouse", "Spouse"),
    ("child", "Child"),
    ("mother", "Mother"),
    ("father", "Father"),
    ("parent", "Parent"),
    ("brother", "Brother"),
    ("sister", "Sister"),
    ("friend", "Friend"),
    ("relative", "Relative"),
    ("partner", "Partner"),
    ("domestic_partner", "Domestic Partner"),
    ("manager", "Manager"),
    ("assistant", "Assistant"),
    ("referred_by", "Referred By"),
    ("blog", "Blog"),
    ("profile", "Profile"),
    ("home_page", "Home Page"),
];

/// Returns the label of a relation or a web page.
fn word_of(label: String) -> String {
    let plain = label.replace(' ', "");
    let known = WORDS.iter().find(|(_, google)| google.replace(' ', "").eq_ignore_ascii_case(&plain));
    known.map_or(label, |(word, _)| (*word).to_owned())
}

fn google_of(label: &str, preferred: bool) -> String {
    let name = LABELS.iter().find(|(known, _)| *known == label).map_or(label, |(_, google)| google);
    if preferred { format!("* {name}").trim_end().to_owned() } else { name.to_owned() }
}

/// Returns the columns that are written.
pub(super) fn header() -> Vec<String> {
    let numbered = NUMBERED.iter().flat_map(|(stem, count, parts)| {
        // The first organisation has columns without a number.
        let first = if *stem == "Organization" { 2 } else { 1 };
        (first..=*count).flat_map(move |n| parts.iter().map(move |part| format!("{stem} {n} - {part}")))
    });
    SINGLE.iter().map(|name| (*name).to_owned()).chain(numbered).collect()
}

/// Returns the cells of a contact by their columns.
pub(super) fn row_of(contact: &Contact) -> BTreeMap<String, String> {
    let name = &contact.name;
    let list = |texts: &BTreeMap<String, String>| texts.values().cloned().collect::<Vec<_>>().join(BETWEEN);
    let surname = crate::vcard::with_particle(&name.particle, &name.surname);
    let date = |date: Option<passerelle_contacts::PartialDate>| {
        date.map(|date| date.to_string()).unwrap_or_default()
    };
    let cells = [
        ("First Name", name.given.clone()),
        ("Middle Name", name.middle.clone()),
        ("Last Name", surname),
        ("Phonetic First Name", name.phonetic_given.clone()),
        ("Phonetic Last Name", name.phonetic_surname.clone()),
        ("Name Prefix", name.prefix.clone()),
        ("Name Suffix", name.suffix.clone()),
        ("Nickname", list(&contact.nicknames)),
        ("File As", if name.has_parts() { String::new() } else { name.full.clone() }),
        ("Organization Name", contact.organization.name.clone()),
        ("Organization Title", contact.organization.title.clone()),
        ("Organization Department", contact.organization.department.clone()),
        ("Birthday", date(contact.birthday)),
        ("Notes", contact.notes.clone()),
        ("Photo", contact.photo.clone()),
        ("Labels", list(&contact.groups)),
    ];
    let mut row: BTreeMap<String, String> =
        cells.into_iter().map(|(name, cell)| (name.to_owned(), cell)).collect();
    numbered_cells(contact, &mut row);
    row
}

fn numbered_cells(contact: &Contact, row: &mut BTreeMap<String, String>) {
    let emails = preferred_first(contact.emails.values(), |email| email.preferred);
    let emails = emails.into_iter().map(|e| vec![google_of(&e.label, e.preferred), e.address.clone()]);
    put(row, "E-mail", emails);
    let phones = preferred_first(contact.phones.values(), |phone| phone.preferred);
    put(row, "Phone", phones.into_iter().map(|p| vec![google_of(&p.label, p.preferred), p.number.clone()]));
    let addresses = preferred_first(contact.addresses.values(), |address| address.preferred);
    let cells = addresses.into_iter().map(|a| {
        vec![
            google_of(&a.label, a.preferred),
            a.country.clone(),
            a.street.clone(),
            a.extended.clone(),
            a.city.clone(),
            a.region.clone(),
            a.postcode.clone(),
            a.po_box.clone(),
            a.country_code.clone(),
        ]
    });
    put(row, "Address", cells);
    let others = contact.other_organizations.values();
    let others = others.map(|o| vec![o.name.clone(), o.title.clone(), o.department.clone()]);
    put(row, "Organization", std::iter::once(Vec::new()).chain(others));
    put(
        row,
        "IM",
        contact
            .ims
            .values()
            .map(|im| vec![google_of(&im.label, false), im.service.clone(), im.handle.clone()]),
    );
    let labelled = |item: &Labelled| {
        let word =
            WORDS.iter().find(|(known, _)| *known == item.label).map(|(_, google)| (*google).to_owned());
        vec![word.unwrap_or_else(|| google_of(&item.label, false)), item.value.clone()]
    };
    put(row, "Website", contact.urls.values().map(labelled));
    let anniversary = contact.anniversary.map(|date| vec!["Anniversary".to_owned(), date.to_string()]);
    let dates = contact.dates.values().map(|item| vec![google_of(&item.label, false), item.date.to_string()]);
    put(row, "Event", anniversary.into_iter().chain(dates));
    put(row, "Relation", contact.relations.values().map(labelled));
    put(
        row,
        "Custom Field",
        contact.custom.values().map(|item| vec![item.label.clone(), item.value.clone()]),
    );
}

/// Puts entries into their numbered columns. Those beyond the last column share its cells, part by part.
fn put(row: &mut BTreeMap<String, String>, stem: &str, entries: impl Iterator<Item = Vec<String>>) {
    let Some((_, count, parts)) = NUMBERED.iter().find(|(known, ..)| *known == stem) else { return };
    for (place, cells) in entries.enumerate() {
        let number = (place + 1).min(*count);
        for (part, cell) in parts.iter().zip(cells) {
            row.entry(format!("{stem} {number} - {part}"))
                .and_modify(|known| *known = format!("{known}{BETWEEN}{cell}"))
                .or_insert(cell);
        }
    }
}
