//! The table of Outlook: fixed columns, headers in English or French.

use std::collections::BTreeMap;

use passerelle_contacts::{Address, Contact, Email, Labelled, PartialDate, Phone, text_key};

use super::{Draft, preferred_first};

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cell {
    Prefix,
    Given,
    Middle,
    Surname,
    Suffix,
    Company,
    Department,
    JobTitle,
    Birthday,
    Anniversary,
    Notes,
    Categories,
    Nickname,
    WebPage,
    Private,
    Email,
    Phone(&'static str),
    Street(&'static str),
    City(&'static str),
    Region(&'static str),
    Postcode(&'static str),
    Country(&'static str),
    PoBox(&'static str),
    Relation(&'static str),
    /// Says nothing of its own.
    Nothing,
}

/// The columns, by their English name, which is also the one written, and their French names.
const COLUMNS: &[(&str, &[&str], Cell)] = &[
    ("Title", &["Titre", "Civilité"], Cell::Prefix),
    ("First Name", &["Prénom"], Cell::Given),
    ("Middle Name", &["Deuxième prénom"], Cell::Middle),
    ("Last Name", &["Nom"], Cell::Surname),
    ("Suffix", &["Suffixe"], Cell::Suffix),
    ("Nickname", &["Surnom"], Cell::Nickname),
    ("Company", &["Société"], Cell::Company),
    ("Department", &["Service", "Département"], Cell::Department),
    ("Job Title", &["Titre1", "Fonction", "Poste"], Cell::JobTitle),
    ("Business Street", &["Rue (bureau)"], Cell::Street("work")),
    ("Business Street 2", &["Rue (bureau) 2"], Cell::Street("work")),
    ("Business Street 3", &["Rue (bureau) 3"], Cell::Street("work")),
    ("Business City", &["Ville (bureau)"], Cell::City("work")),
    ("Business State", &["Dép/Région (bureau)"], Cell::Region("work")),
    ("Business Postal Code", &["Code postal (bureau)"], Cell::Postcode("work")),
    (
        "Business Country/Region",
        &["Pays/Région (bureau)", "Business Country", "Pays (bureau)"],
        Cell::Country("work"),
    ),
    ("Home Street", &["Rue (domicile)"], Cell::Street("home")),
    ("Home Street 2", &["Rue (domicile) 2"], Cell::Street("home")),
    ("Home Street 3", &["Rue (domicile) 3"], Cell::Street("home")),
    ("Home City", &["Ville (domicile)"], Cell::City("home")),
    ("Home State", &["Dép/Région (domicile)"], Cell::Region("home")),
    ("Home Postal Code", &["Code postal (domicile)"], Cell::Postcode("home")),
    (
        "Home Country/Region",
        &["Pays/Région (domicile)", "Home Country", "Pays (domicile)"],
        Cell::Country("home"),
    ),
    ("Other Street", &["Rue (autre)"], Cell::Street("other")),
    ("Other Street 2", &["Rue (autre) 2"], Cell::Street("other")),
    ("Other Street 3", &["Rue (autre) 3"], Cell::Street("other")),
    ("Other City", &["Ville (autre)"], Cell::City("other")),
    ("Other State", &["Dép/Région (autre)"], Cell::Region("other")),
    ("Other Postal Code", &["Code postal (autre)"], Cell::Postcode("other")),
    (
        "Other Country/Region",
        &["Pays/Région (autre)", "Other Country", "Pays (autre)"],
        Cell::Country("other"),
    ),
    (
        "Assistant's Phone",
        &["Téléphone de l'assistant(e)", "Téléphone de l'assistante"],
        Cell::Phone("assistant"),
    ),
    ("Business Fax", &["Télécopie (bureau)"], Cell::Phone("work_fax")),
    ("Business Phone", &["Téléphone (bureau)"], Cell::Phone("work")),
    ("Business Phone 2", &["Téléphone 2 (bureau)"], Cell::Phone("work")),
    ("Callback", &["Rappel"], Cell::Phone("callback")),
    ("Car Phone", &["Téléphone (voiture)"], Cell::Phone("car")),
    ("Company Main Phone", &["Téléphone société", "Standard"], Cell::Phone("main")),
    ("Home Fax", &["Télécopie (domicile)"], Cell::Phone("home_fax")),
    ("Home Phone", &["Téléphone (domicile)"], Cell::Phone("home")),
    ("Home Phone 2", &["Téléphone 2 (domicile)"], Cell::Phone("home")),
    ("ISDN", &["RNIS"], Cell::Phone("isdn")),
    ("Mobile Phone", &["Tél. mobile", "Téléphone mobile"], Cell::Phone("mobile")),
    ("Other Fax", &["Télécopie (autre)"], Cell::Phone("other_fax")),
    ("Other Phone", &["Téléphone (autre)"], Cell::Phone("other")),
    ("Pager", &["Récepteur de radiomessagerie", "Radiomessagerie"], Cell::Phone("pager")),
    ("Primary Phone", &["Téléphone principal"], Cell::Phone("")),
    ("Radio Phone", &["Radiotéléphone"], Cell::Phone("radio")),
    ("TTY/TDD Phone", &["Téléphone TDD/TTY"], Cell::Phone("tty")),
    ("Telex", &["Télex"], Cell::Phone("telex")),
    ("Anniversary", &["Anniversaire de mariage ou fête", "Anniversaire de mariage"], Cell::Anniversary),
    ("Assistant's Name", &["Nom de l'assistant(e)", "Nom de l'assistante"], Cell::Relation("assistant")),
    ("Birthday", &["Anniversaire", "Date de naissance"], Cell::Birthday),
    (
        "Business Address PO Box",
        &["B.P. professionnelle", "Boîte postale professionnelle"],
        Cell::PoBox("work"),
    ),
    ("Categories", &["Catégories"], Cell::Categories),
    ("Children", &["Enfants"], Cell::Relation("child")),
    ("E-mail Address", &["Adresse de messagerie", "Adresse e-mail", "Email Address"], Cell::Email),
    ("E-mail Type", &["Type de messagerie", "Type d'adresse de messagerie"], Cell::Nothing),
    ("E-mail Display Name", &["Nom complet de l'adresse de messagerie"], Cell::Nothing),
    ("E-mail 2 Address", &["Adresse de messagerie 2", "Adresse e-mail 2"], Cell::Email),
    ("E-mail 2 Type", &["Type de messagerie 2"], Cell::Nothing),
    ("E-mail 2 Display Name", &["Nom complet de l'adresse de messagerie 2"], Cell::Nothing),
    ("E-mail 3 Address", &["Adresse de messagerie 3", "Adresse e-mail 3"], Cell::Email),
    ("E-mail 3 Type", &["Type de messagerie 3"], Cell::Nothing),
    ("E-mail 3 Display Name", &["Nom complet de l'adresse de messagerie 3"], Cell::Nothing),
    ("Home Address PO Box", &["Boîte postale du domicile"], Cell::PoBox("home")),
    ("Other Address PO Box", &["Autre boîte postale"], Cell::PoBox("other")),
    ("Manager's Name", &["Nom du responsable"], Cell::Relation("manager")),
    ("Notes", &["Remarques", "Commentaires"], Cell::Notes),
    ("Priority", &["Priorité"], Cell::Nothing),
    ("Private", &["Privé"], Cell::Private),
    ("Sensitivity", &["Critère de diffusion"], Cell::Nothing),
    ("Spouse", &["Conjoint(e)", "Conjoint"], Cell::Relation("spouse")),
    ("Web Page", &["Page Web", "Page web personnelle"], Cell::WebPage),
];

/// Tells whether a first line, in capitals, is that of such a table.
pub(crate) fn is_outlook_header(line: &str) -> bool {
    let names = line.split([',', ';', '\t']).map(|name| name.trim().trim_matches('"'));
    names.filter(|name| find(name).is_some()).count() >= 3
}

/// Finds a column by its name; `true` if the name is French.
fn find(name: &str) -> Option<(Cell, bool)> {
    let wanted = text_key(name).replace('’', "'");
    COLUMNS.iter().find_map(|(english, french, cell)| {
        if text_key(english) == wanted {
            return Some((*cell, false));
        }
        french
            .iter()
            .any(|name| text_key(name) == wanted)
            .then_some((*cell, name_is_french(english, &wanted)))
    })
}

/// Some other names are English too ("Business Country").
fn name_is_french(english: &str, wanted: &str) -> bool {
    !text_key(english).starts_with(wanted) && !wanted.starts_with("email")
}

/// Reads a row. Whether 3/4 is in March or in April depends on the language of the headers.
pub(super) fn draft_of(header: &[String], row: &[(&str, &str)]) -> Draft {
    let day_first = header.iter().filter_map(|name| find(name)).any(|(_, french)| french);
    let mut draft = Draft::default();
    let mut addresses: BTreeMap<&'static str, Address> = BTreeMap::new();
    for (name, value) in row {
        let known =
            find(name).is_some_and(|(cell, _)| take(&mut draft, &mut addresses, cell, value, day_first));
        if !known {
            draft.unknown.push(format!("{name}: {value}"));
        }
    }
    draft.addresses.extend(addresses.into_values());
    draft
}

/// Takes a cell over; tells whether it was understood.
fn take(
    draft: &mut Draft,
    addresses: &mut BTreeMap<&'static str, Address>,
    cell: Cell,
    value: &str,
    day_first: bool,
) -> bool {
    let text = || value.to_owned();
    let contact = &mut draft.contact;
    match cell {
        Cell::Prefix => contact.name.prefix = text(),
        Cell::Given => contact.name.given = text(),
        Cell::Middle => contact.name.middle = text(),
        Cell::Surname => contact.name.surname = text(),
        Cell::Suffix => contact.name.suffix = text(),
        Cell::Company => contact.organization.name = text(),
        Cell::Department => contact.organization.department = text(),
        Cell::JobTitle => contact.organization.title = text(),
        Cell::Notes => contact.notes = text(),
        Cell::Nickname => draft.nicknames.push(text()),
        Cell::WebPage => draft.urls.push(Labelled { label: String::new(), value: text() }),
        Cell::Private => {
            contact.private = matches!(text_key(value).as_str(), "true" | "vrai" | "yes" | "oui" | "1");
        }
        Cell::Categories => {
            let names = value.split([';', ',']).map(str::trim).filter(|name| !name.is_empty());
            draft.groups.extend(names.map(str::to_owned));
        }
        Cell::Email => {
            draft.emails.push(Email { address: text(), label: String::new(), preferred: false });
        }
        Cell::Phone(label) => {
            draft.phones.push(Phone { number: text(), label: label.to_owned(), preferred: label.is_empty() });
        }
        Cell::Relation(label) => draft.relations.push(Labelled { label: label.to_owned(), value: text() }),
        Cell::Street(label) => {
            let street = &mut address(addresses, label).street;
            let between = if street.is_empty() { "" } else { "\n" };
            *street = format!("{street}{between}{value}");
        }
        Cell::City(label) => address(addresses, label).city = text(),
        Cell::Region(label) => address(addresses, label).region = text(),
        Cell::Postcode(label) => address(addresses, label).postcode = text(),
        Cell::Country(label) => address(addresses, label).country = text(),
        Cell::PoBox(label) => address(addresses, label).po_box = text(),
        Cell::Birthday | Cell::Anniversary => {
            let date = date_of(value, day_first);
            let none = value.starts_with("0/0/") || value.starts_with("00/00/");
            match cell {
                Cell::Birthday => contact.birthday = date,
                _ => contact.anniversary = date,
            }
            return none || date.is_some();
        }
        Cell::Nothing => {}
    }
    true
}

fn address<'a>(addresses: &'a mut BTreeMap<&'static str, Address>, label: &'static str) -> &'a mut Address {
    addresses.entry(label).or_insert_with(|| Address { label: label.to_owned(), ..Address::default() })
}

/// Reads `12/04/1985` or `1985-04-12`; a number above 12 is a day wherever it stands.
fn date_of(text: &str, day_first: bool) -> Option<PartialDate> {
    let day = text.split(' ').next()?;
    if let Ok(date) = day.parse() {
        return Some(date);
    }
    let numbers: Vec<u32> = day.split(['/', '.', '-']).map(str::parse).collect::<Result<_, _>>().ok()?;
    let [first, second, year] = numbers.as_slice() else { return None };
    let day_first = if *first > 12 { true } else { day_first && *second <= 12 };
    let (month, day) = if day_first { (*second, *first) } else { (*first, *second) };
    let year = i32::try_from(*year).ok().filter(|year| *year >= 100)?;
    PartialDate::new(Some(year), Some(month), Some(day)).ok()
}

/// Returns the columns that are written.
pub(super) fn header() -> Vec<String> {
    COLUMNS.iter().map(|(name, ..)| (*name).to_owned()).collect()
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
        ("Nickname", &list(&contact.nicknames, ", ")),
        ("Categories", &list(&contact.groups, ";")),
        ("Birthday", &contact.birthday.map(american).unwrap_or_default()),
        ("Anniversary", &contact.anniversary.map(american).unwrap_or_default()),
        ("Private", &(if contact.private { "True" } else { "False" }).to_owned()),
    ] {
        put(column, cell);
    }
    for email in preferred_first(contact.emails.values(), |email| email.preferred) {
        let _ = ["E-mail Address", "E-mail 2 Address", "E-mail 3 Address"]
            .iter()
            .any(|name| put(name, &email.address));
    }
    for phone in preferred_first(contact.phones.values(), |phone| phone.preferred) {
        let fits = COLUMNS
            .iter()
            .filter(|(_, _, cell)| matches!(cell, Cell::Phone(label) if *label == label_of(&phone.label)));
        let rest = ["Other Phone", "Primary Phone", "Business Phone 2", "Home Phone 2"];
        let _ = fits.map(|(name, ..)| *name).chain(rest).any(|name| put(name, &phone.number));
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
        let fit = COLUMNS
            .iter()
            .find(|(_, _, cell)| matches!(cell, Cell::Relation(label) if *label == relation.label));
        if let Some((column, ..)) = fit {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_read_in_the_order_of_its_language() {
        for (text, day_first, date) in [
            ("12/04/1985", true, Some("1985-04-12")),
            ("4/12/1985", false, Some("1985-04-12")),
            ("13/04/1985", false, Some("1985-04-13")),
            ("04/13/1985", true, Some("1985-04-13")),
            ("12.04.1985", true, Some("1985-04-12")),
            ("1985-04-12", false, Some("1985-04-12")),
            ("0/0/00", false, None),
            ("31/02/1985", true, None),
        ] {
            let found = date_of(text, day_first).map(|date| date.to_string());
            assert_eq!(found.as_deref(), date, "{text}");
        }
    }

    #[test]
    fn a_column_is_found_in_both_languages() {
        assert_eq!(find("business PHONE"), Some((Cell::Phone("work"), false)));
        assert_eq!(find("Téléphone (bureau)"), Some((Cell::Phone("work"), true)));
        assert_eq!(find("Business Country"), Some((Cell::Country("work"), false)));
        assert_eq!(find("Téléphone de l’assistant(e)"), Some((Cell::Phone("assistant"), true)));
        assert_eq!(find("Nothing"), None);
    }
}
