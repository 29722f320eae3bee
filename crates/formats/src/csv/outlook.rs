//! The table of Outlook as it is written: fixed columns, English headings.

use std::collections::BTreeMap;

use passerelle_contacts::{Contact, PartialDate};

use super::preferred_first;

/// The columns that are written, in the order of Outlook's own export.
const COLUMNS: &[&str] = &[
    "Title",
    "First Name",
    "Middle Name",
    "Last Name",
    "Suffix",
    "Nickname",
    "Company",
    "Department",
    "Job Title",
    "Business Street",
    "Business Street 2",
    "Business Street 3",
    "Business City",
    "Business State",
    "Business Postal Code",
    "Business Country/Region",
    "Home Street",
    "Home Street 2",
    "Home Street 3",
    "Home City",
    "Home State",
    "Home Postal Code",
    "Home Country/Region",
    "Other Street",
    "Other Street 2",
    "Other Street 3",
    "Other City",
    "Other State",
    "Other Postal Code",
    "Other Country/Region",
    "Assistant's Phone",
    "Business Fax",
    "Business Phone",
    "Business Phone 2",
    "Callback",
    "Car Phone",
    "Company Main Phone",
    "Home Fax",
    "Home Phone",
    "Home Phone 2",
    "ISDN",
    "Mobile Phone",
    "Other Fax",
    "Other Phone",
    "Pager",
    "Primary Phone",
    "Radio Phone",
    "TTY/TDD Phone",
    "Telex",
    "Anniversary",
    "Assistant's Name",
    "Birthday",
    "Business Address PO Box",
    "Categories",
    "Children",
    "E-mail Address",
    "E-mail Type",
    "E-mail Display Name",
    "E-mail 2 Address",
    "E-mail 2 Type",
    "E-mail 2 Display Name",
    "E-mail 3 Address",
    "E-mail 3 Type",
    "E-mail 3 Display Name",
    "Home Address PO Box",
    "Other Address PO Box",
    "Manager's Name",
    "Notes",
    "Priority",
    "Private",
    "Sensitivity",
    "Spouse",
    "Web Page",
];

/// Under which label a number goes into which column.
const PHONES: &[(&str, &str)] = &[
    ("assistant", "Assistant's Phone"),
    ("work_fax", "Business Fax"),
    ("work", "Business Phone"),
    ("work", "Business Phone 2"),
    ("callback", "Callback"),
    ("car", "Car Phone"),
    ("main", "Company Main Phone"),
    ("home_fax", "Home Fax"),
    ("home", "Home Phone"),
    ("home", "Home Phone 2"),
    ("isdn", "ISDN"),
    ("mobile", "Mobile Phone"),
    ("other_fax", "Other Fax"),
    ("other", "Other Phone"),
    ("pager", "Pager"),
    ("", "Primary Phone"),
    ("radio", "Radio Phone"),
    ("tty", "TTY/TDD Phone"),
    ("telex", "Telex"),
];

/// Which relation goes into which column.
const RELATIONS: &[(&str, &str)] = &[
    ("assistant", "Assistant's Name"),
    ("child", "Children"),
    ("manager", "Manager's Name"),
    ("spouse", "Spouse"),
];

/// Returns the columns that are written.
pub(super) fn header() -> Vec<String> {
    COLUMNS.iter().map(|name| (*name).to_owned()).collect()
}

/// Returns the cells of a contact by their columns: what Outlook's table has room for.
pub(super) fn row_of(contact: &Contact) -> BTreeMap<String, String> {
    let mut row = BTreeMap::new();
    let mut put = |name: &str, cell: &str| {
        if !cell.is_empty() && !row.contains_key(name) {
            row.insert(name.to_owned(), cell.to_owned());
            return true;
        }
        cell.is_empty()
    };
    let name = &contact.name;
    let given = if name.has_parts() { &name.given } else { &name.full };
    let surname = crate::vcard::with_particle(&name.particle, &name.surname);
    let american = |date: PartialDate| match (date.year, date.month, date.day) {
        (Some(year), Some(month), Some(day)) => format!("{month}/{day}/{year}"),
        _ => String::new(),
    };
    let list = |texts: &BTreeMap<String, String>, between: &str| {
        texts.values().cloned().collect::<Vec<_>>().join(between)
    };
    for (column, cell) in [
        ("Title", &name.prefix),
        ("First Name", given),
        ("Middle Name", &name.middle),
        ("Last Name", &surname),
        ("Suffix", &name.suffix),
        ("Company", &contact.organization.name),
        ("Department", &contact.organization.department),
        ("Job Title", &contact.organization.title),
        ("Notes", &contact.notes),
        ("Nickname", &list(&contact.nicknames, super::google::BETWEEN)),
        ("Categories", &list(&contact.groups, ";")),
        ("Birthday", &contact.birthday.map(american).unwrap_or_default()),
        ("Anniversary", &contact.anniversary.map(american).unwrap_or_default()),
        ("Private", &(if contact.private { "True" } else { "False" }).to_owned()),
    ] {
        put(column, cell);
    }
    // Words in the place of an address or a number would be kept as text beside the contact.
    let is_address = |text: &str| text.contains('@') && !super::read::says_nothing(text);
    for email in preferred_first(contact.emails.values(), |email| email.preferred) {
        if !is_address(&email.address) {
            continue;
        }
        let _ = ["E-mail Address", "E-mail 2 Address", "E-mail 3 Address"]
            .iter()
            .any(|name| put(name, &email.address));
    }
    for phone in preferred_first(contact.phones.values(), |phone| phone.preferred) {
        if !super::read::has_number(&phone.number) {
            continue;
        }
        let fits = PHONES.iter().filter(|(label, _)| *label == label_of(&phone.label));
        let rest = ["Other Phone", "Primary Phone", "Business Phone 2", "Home Phone 2"];
        let _ = fits.map(|(_, name)| *name).chain(rest).any(|name| put(name, &phone.number));
    }
    for address in contact.addresses.values() {
        let place = match address.label.as_str() {
            "work" => "Business",
            "home" => "Home",
            _ => "Other",
        };
        let mut lines = address.street.lines();
        for street in ["Street", "Street 2"] {
            put(&format!("{place} {street}"), lines.next().unwrap_or_default());
        }
        put(&format!("{place} Street 3"), &lines.collect::<Vec<_>>().join(", "));
        let country = if address.country.is_empty() { &address.country_code } else { &address.country };
        put(&format!("{place} City"), &address.city);
        put(&format!("{place} State"), &address.region);
        put(&format!("{place} Postal Code"), &address.postcode);
        put(&format!("{place} Country/Region"), country);
        put(&format!("{place} Address PO Box"), &address.po_box);
    }
    for relation in contact.relations.values() {
        let fit = RELATIONS.iter().find(|(label, _)| *label == relation.label);
        if let Some((_, column)) = fit {
            put(column, &relation.value);
        }
    }
    for url in contact.urls.values() {
        put("Web Page", &url.value);
    }
    row
}

/// Returns the label under which there may be a column.
fn label_of(label: &str) -> &str {
    match label {
        "work_mobile" => "mobile",
        "work_pager" => "pager",
        label => label,
    }
}
