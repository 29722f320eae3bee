//! The table of Google Contacts: the headers of before and after 2024, in English as Google writes.

use std::collections::BTreeMap;

use passerelle_contacts::{
    Address, Contact, Email, Im, Labelled, LabelledDate, Organization, Phone, text_key,
};

use super::{Draft, preferred_first};
use crate::vcard::partial_date;

/// What separates several values in one cell.
const BETWEEN: &str = " ::: ";

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

/// Reads a row.
pub(super) fn draft_of(row: &[(&str, &str)]) -> Draft {
    let mut draft = Draft::default();
    let mut numbered: BTreeMap<(&str, u32), BTreeMap<&str, &str>> = BTreeMap::new();
    let mut full = "";
    for (name, value) in row {
        match column(name) {
            Some((stem, number, part)) => {
                numbered.entry((stem, number)).or_default().insert(part, value);
            }
            None if matches!(*name, "Name" | "File As") => full = if full.is_empty() { value } else { full },
            None if !single(&mut draft, name, value) => draft.unknown.push(format!("{name}: {value}")),
            None => {}
        }
    }
    for ((stem, number), parts) in numbered {
        entry(&mut draft, stem, number, &parts);
    }
    let contact = &mut draft.contact;
    let named_otherwise = [&contact.organization.name].into_iter().any(|name| name == full);
    if !contact.name.has_parts() && !named_otherwise {
        contact.name.full = full.to_owned();
    }
    draft
}

/// Takes `E-mail 1 - Value` apart.
fn column(name: &str) -> Option<(&str, u32, &str)> {
    let (head, part) = name.split_once(" - ")?;
    let (stem, number) = head.rsplit_once(' ')?;
    let part = if part == "Type" { "Label" } else { part };
    Some((stem, number.parse().ok()?, part))
}

/// Takes a plain column over; tells whether it was understood.
fn single(draft: &mut Draft, name: &str, value: &str) -> bool {
    let contact = &mut draft.contact;
    let place = match name {
        "First Name" | "Given Name" => &mut contact.name.given,
        "Middle Name" | "Additional Name" => &mut contact.name.middle,
        "Last Name" | "Family Name" => &mut contact.name.surname,
        "Phonetic First Name" | "Given Name Yomi" => &mut contact.name.phonetic_given,
        "Phonetic Last Name" | "Family Name Yomi" => &mut contact.name.phonetic_surname,
        "Name Prefix" => &mut contact.name.prefix,
        "Name Suffix" => &mut contact.name.suffix,
        "Organization Name" => &mut contact.organization.name,
        "Organization Title" => &mut contact.organization.title,
        "Organization Department" => &mut contact.organization.department,
        "Notes" => &mut contact.notes,
        "Photo" => &mut contact.photo,
        "Nickname" => {
            draft.nicknames.extend(several(value));
            return true;
        }
        "Labels" | "Group Membership" => {
            // Groups that begin with a star are Google's own.
            draft.groups.extend(several(value).filter(|name| !name.starts_with('*')));
            return true;
        }
        "Birthday" => {
            contact.birthday = partial_date(value);
            return contact.birthday.is_some();
        }
        _ => return false,
    };
    value.clone_into(place);
    true
}

fn several(value: &str) -> impl Iterator<Item = String> {
    value.split(":::").map(|part| part.trim().to_owned()).filter(|part| !part.is_empty())
}

/// Takes the columns of one number over.
fn entry(draft: &mut Draft, stem: &str, number: u32, parts: &BTreeMap<&str, &str>) {
    let part = |name: &str| parts.get(name).copied().unwrap_or_default().to_owned();
    let (label, preferred) = label_of(&part("Label"));
    let values = || several(parts.get("Value").copied().unwrap_or_default());
    match stem {
        "E-mail" => draft.emails.extend(values().enumerate().map(|(n, address)| Email {
            address,
            label: label.clone(),
            preferred: preferred && n == 0,
        })),
        "Phone" => draft.phones.extend(values().enumerate().map(|(n, number)| Phone {
            number,
            label: label.clone(),
            preferred: preferred && n == 0,
        })),
        "Website" => draft.urls.extend(values().map(|value| Labelled { label: label.clone(), value })),
        "Relation" => draft.relations.extend(values().map(|value| Labelled { label: label.clone(), value })),
        "Custom Field" => draft.custom.extend(values().map(|value| Labelled { label: part("Label"), value })),
        "IM" => {
            let service = part("Service").to_lowercase();
            draft.ims.extend(values().map(|handle| Im {
                service: service.clone(),
                handle,
                label: label.clone(),
            }));
        }
        "Event" => {
            for date in values().filter_map(|value| partial_date(&value)) {
                if label == "anniversary" && draft.contact.anniversary.is_none() {
                    draft.contact.anniversary = Some(date);
                } else {
                    draft.dates.push(LabelledDate { label: label.clone(), date });
                }
            }
        }
        "Organization" => {
            let found =
                Organization { name: part("Name"), title: part("Title"), department: part("Department") };
            if number == 1 && draft.contact.organization.is_empty() {
                draft.contact.organization = found;
            } else if !found.is_empty() {
                let others = &mut draft.contact.other_organizations;
                others.insert(text_key(&found.name), found);
            }
        }
        "Address" => {
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
            if address == bare {
                address.street = part("Formatted");
            }
            if address != bare {
                draft.addresses.push(address);
            }
        }
        _ => draft
            .unknown
            .extend(parts.iter().map(|(part, value)| format!("{stem} {number} - {part}: {value}"))),
    }
}

fn is_code(country: &str) -> bool {
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
    let labelled = |item: &Labelled| vec![google_of(&item.label, false), item.value.clone()];
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

/// Puts entries into their numbered columns. Those beyond the last column share its cells: the
/// values are all there, under the last label.
fn put(row: &mut BTreeMap<String, String>, stem: &str, entries: impl Iterator<Item = Vec<String>>) {
    let Some((_, count, parts)) = NUMBERED.iter().find(|(known, ..)| *known == stem) else { return };
    for (place, cells) in entries.enumerate() {
        let number = (place + 1).min(*count);
        for (part, cell) in parts.iter().zip(cells) {
            let column = format!("{stem} {number} - {part}");
            match row.get_mut(&column) {
                Some(known) if *part == "Value" => *known = format!("{known}{BETWEEN}{cell}"),
                Some(_) => {}
                None => {
                    row.insert(column, cell);
                }
            }
        }
    }
}
