//! A row as a contact: what the cells of its columns become.

use std::collections::{BTreeMap, BTreeSet};

use passerelle_contacts::{Address, Email, Im, Labelled, Organization, PartialDate, Phone, text_key};

use super::{
    Draft,
    columns::{Cell, Column, Columns, Part},
    google,
    headings::{Heading, Kind, meaning, words},
};
use crate::{
    text::{named_address, without_mailto},
    vcard::partial_date,
};

/// What is gathered of a row until all its cells are seen.
#[derive(Default)]
struct Row<'a> {
    draft: Draft,
    addresses: BTreeMap<(&'static str, u32), Address>,
    /// What stands for all of an address beside its parts.
    wholes: BTreeMap<(&'static str, u32), (usize, &'a str)>,
    numbered: BTreeMap<(&'static str, u32), BTreeMap<&'a str, &'a str>>,
    full: Vec<(usize, &'a str)>,
    /// What the columns of a company say of several, part by part.
    companies: BTreeMap<&'static str, Vec<&'a str>>,
    given_or_full: Vec<(usize, &'a str)>,
    /// Names that stand in front of an address.
    named: Vec<(usize, &'a str, &'a str)>,
    /// How addresses are shown, and of which sort they are.
    shown: Vec<(usize, &'a str)>,
    titles: Vec<(usize, &'a str)>,
    profession: Option<(usize, &'a str)>,
    birth: [Option<&'a str>; 3],
    /// What is left of a cell of which the rest was taken.
    left: Vec<(usize, String)>,
}

/// Reads a row.
pub(super) fn draft_of(columns: &Columns, cells: &[String]) -> Draft {
    let mut row = Row::default();
    for (n, value) in cells.iter().enumerate().filter(|(_, value)| !value.is_empty()) {
        let taken = match columns.column(n) {
            Column::Numbered { stem, number, part } => {
                let known = row.numbered.entry((*stem, *number)).or_default().entry(part.as_str());
                *known.or_insert(value) == value
            }
            Column::Is(cell) => row.take(n, *cell, value, columns.day_first),
            Column::Unknown | Column::Office => false,
        };
        if !taken {
            row.leave(columns, n, value);
        }
    }
    row.labels_alone(columns, cells);
    row.finish(columns)
}

impl<'a> Row<'a> {
    /// Keeps what says how a value is called where there is no value. A star alone calls it nothing.
    fn labels_alone(&mut self, columns: &Columns, cells: &[String]) {
        let bare =
            |parts: &BTreeMap<&str, &str>| parts.keys().all(|part| matches!(*part, "Label" | "Service"));
        let bare: BTreeSet<_> =
            self.numbered.extract_if(.., |_, parts| bare(parts)).map(|(of, _)| of).collect();
        for (n, cell) in cells.iter().enumerate().filter(|(_, cell)| cell.contains(char::is_alphanumeric)) {
            if matches!(columns.column(n), Column::Numbered { stem, number, .. } if bare.contains(&(*stem, *number)))
            {
                self.leave(columns, n, cell);
            }
        }
    }

    /// Keeps a cell as text beside the record.
    fn leave(&mut self, columns: &Columns, n: usize, value: &str) {
        self.draft.left.push((n, self.draft.unknown.len()));
        self.draft.unknown.push(format!("{}: {value}", columns.name(n)));
    }

    /// Takes a cell over that says something of several companies; what it says of the first finds its place with the others.
    fn of_companies(&mut self, cell: Cell, value: &'a str) -> Option<&'a str> {
        let part = match cell {
            Cell::Company => "Name",
            Cell::JobTitle => "Title",
            Cell::Department => "Department",
            _ => return None,
        };
        let parts = google::parts_of(value);
        let first = parts.first().copied().filter(|_| parts.len() > 1)?;
        self.companies.insert(part, parts);
        Some(first)
    }

    /// Takes a cell over; tells whether it found its place.
    fn take(&mut self, n: usize, cell: Cell, value: &'a str, day_first: bool) -> bool {
        let value = self.of_companies(cell, value).unwrap_or(value);
        let text = || value.to_owned();
        let labelled = |label: &str| Labelled { label: label.to_owned(), value: value.to_owned() };
        let draft = &mut self.draft;
        let contact = &mut draft.contact;
        match cell {
            Cell::Prefix => return fill(&mut contact.name.prefix, value, None),
            Cell::TitleOrJob if is_honorific(value) => {
                return fill(&mut contact.name.prefix, value, Some(" "));
            }
            Cell::TitleOrJob | Cell::JobTitle => return fill(&mut contact.organization.title, value, None),
            Cell::OneOfTitles => self.titles.push((n, value)),
            Cell::Given => return fill(&mut contact.name.given, value, None),
            Cell::Middle => return fill(&mut contact.name.middle, value, Some(" ")),
            Cell::Surname => return fill(&mut contact.name.surname, value, Some(" ")),
            Cell::Suffix => return fill(&mut contact.name.suffix, value, None),
            Cell::PhoneticGiven => return fill(&mut contact.name.phonetic_given, value, None),
            Cell::PhoneticSurname => return fill(&mut contact.name.phonetic_surname, value, None),
            Cell::Company => return fill(&mut contact.organization.name, value, None),
            Cell::Client if is_answer(value) => return false,
            Cell::Client => return fill(&mut contact.organization.name, value, None),
            Cell::Department => return fill(&mut contact.organization.department, value, None),
            Cell::Photo => return fill(&mut contact.photo, value, None),
            Cell::Notes => return fill(&mut contact.notes, value, Some("\n")),
            Cell::Full => self.full.push((n, value)),
            Cell::FullOrGiven => self.given_or_full.push((n, value)),
            Cell::Profession => return self.profession.get_or_insert((n, value)).1 == value,
            Cell::Nickname => draft.nicknames.extend(google::several(value)),
            Cell::GoogleGroups => {
                // Groups that begin with a star are Google's own: everybody is in the one of all contacts.
                let (own, named): (Vec<_>, Vec<_>) =
                    google::several(value).partition(|name| name.starts_with('*'));
                draft.groups.extend(named);
                let says = |name: &String| words(name).concat() != "mycontacts";
                self.left.extend(own.into_iter().filter(says).map(|name| (n, name)));
            }
            Cell::Groups => {
                let names = value.split([';', ',']).map(str::trim).filter(|name| !name.is_empty());
                draft.groups.extend(names.map(str::to_owned));
            }
            Cell::WebPage(_) if !value.contains(['.', ':', '/']) => return false,
            Cell::WebPage(label) => draft.urls.push(labelled(label)),
            // How many, not who.
            Cell::Relation(_) if !value.chars().any(char::is_alphabetic) => return false,
            Cell::Relation(_) if says_nothing(value) => return false,
            Cell::Relation("child") => {
                let names = split(value, &[';', ',', '\n', '\r']);
                let child = |name: &str| Labelled { label: "child".to_owned(), value: name.to_owned() };
                draft.relations.extend(names.into_iter().map(child));
            }
            Cell::Relation(label) => draft.relations.push(labelled(label)),
            Cell::Im(service) => {
                draft.ims.push(Im { service: service.to_owned(), handle: text(), label: String::new() })
            }
            Cell::Private if !is_answer(value) && !is_yes(value) => return false,
            Cell::Private => contact.private |= is_yes(value),
            // What cannot be an address, or a number, reaches nobody: "n/a", "pas de mail", "aucun".
            Cell::Email(_) if !value.contains('@') || says_nothing(value) => return false,
            Cell::Phone(_) | Cell::PrimaryPhone if !has_number(value) => return false,
            Cell::Email(label) => {
                let found = match named_address(value) {
                    Some((name, address)) => {
                        self.named.push((n, name, value));
                        vec![address]
                    }
                    None => addresses(value),
                };
                draft.emails.extend(found.into_iter().map(|address| Email {
                    address: without_mailto(address).to_owned(),
                    label: label.to_owned(),
                    preferred: false,
                }));
            }
            Cell::Phone(label) => draft.phones.extend(numbers(value).into_iter().map(|number| Phone {
                number: figure_of(number).unwrap_or_else(|| number.to_owned()),
                label: label.to_owned(),
                preferred: false,
            })),
            Cell::PrimaryPhone => {
                let number = figure_of(value).unwrap_or_else(text);
                draft.phones.push(Phone { number, label: String::new(), preferred: true });
            }
            Cell::Address(Part::Region, ..) if is_state_of_record(value) => return false,
            Cell::Address(Part::Whole, label, number) => {
                return self.wholes.entry((label, number)).or_insert((n, value)).1 == value;
            }
            Cell::Address(part, label, number) => {
                let address = self.addresses.entry((label, number)).or_default();
                return place(address, part, value);
            }
            Cell::Birthday if value.parse::<u32>().is_ok_and(|day| day <= 31) => {
                return *self.birth[2].get_or_insert(value) == value;
            }
            Cell::Birthday => return day(&mut contact.birthday, value, day_first),
            Cell::Anniversary => return day(&mut contact.anniversary, value, day_first),
            Cell::BirthYear => return *self.birth[0].get_or_insert(value) == value,
            Cell::BirthMonth => return *self.birth[1].get_or_insert(value) == value,
            Cell::BirthDay => return *self.birth[2].get_or_insert(value) == value,
            Cell::Sensitivity => {
                let word = text_key(value);
                let hidden = CONFIDENTIAL.contains(&word.as_str());
                contact.private |= hidden || PRIVATE.contains(&word.as_str());
                return (contact.private && !hidden) || is_usual(value);
            }
            Cell::Usual => return is_usual(value),
            Cell::Shown => self.shown.push((n, value)),
            Cell::Nothing => {}
        }
        true
    }

    fn finish(mut self, columns: &Columns) -> Draft {
        for (n, text) in std::mem::take(&mut self.left) {
            self.leave(columns, n, &text);
        }
        for ((stem, number), parts) in std::mem::take(&mut self.numbered) {
            google::entries(&mut self.draft, stem, number, &parts);
        }
        for (place, (n, whole)) in std::mem::take(&mut self.wholes) {
            self.whole_address(columns, place, n, whole);
        }
        for ((label, _), mut address) in std::mem::take(&mut self.addresses) {
            label.clone_into(&mut address.label);
            self.draft.addresses.push(address);
        }
        self.born(columns);
        self.titled(columns);
        if let Some((n, value)) = self.profession.take()
            && !fill(&mut self.draft.contact.organization.title, value, None)
        {
            self.draft.custom.push(Labelled { label: columns.name(n), value: value.to_owned() });
        }
        let companies = std::mem::take(&mut self.companies);
        for place in 1..companies.values().map(Vec::len).max().unwrap_or_default() {
            let part = |name: &str| {
                companies.get(name).and_then(|parts| parts.get(place)).copied().unwrap_or_default().to_owned()
            };
            let (name, title, department) = (part("Name"), part("Title"), part("Department"));
            self.draft.organizations.push(Organization { name, title, department });
        }
        self.draft.organizations.retain(|company| !company.is_empty());
        self.given_names();
        for (n, full) in self.whole_names() {
            self.whole_name(columns, n, full);
        }
        for (n, name, value) in std::mem::take(&mut self.named) {
            self.name_of_address(columns, n, name, value);
        }
        self.shown(columns);
        self.draft
    }

    /// How an address is shown is kept as text where it says more than the names and addresses of the record.
    fn shown(&mut self, columns: &Columns) {
        let shown = std::mem::take(&mut self.shown);
        if shown.is_empty() {
            return;
        }
        let (contact, emails) = (&self.draft.contact, &self.draft.emails);
        let name = [&contact.display_name(), &contact.name.full, &contact.organization.name];
        let said = name.into_iter().chain(emails.iter().map(|email| &email.address));
        let said: BTreeSet<String> = said.flat_map(|text| words(&text_key(text))).collect();
        for (n, value) in shown {
            // The sorts that Outlook writes beside every address.
            let is_usual = matches!(value, "SMTP" | "EX");
            if !is_usual && !words(&text_key(value)).iter().all(|word| said.contains(word)) {
                self.leave(columns, n, value);
            }
        }
    }

    /// All of an address stands in for the street where that is not given; what says more than the parts is kept as text.
    fn whole_address(&mut self, columns: &Columns, place: (&'static str, u32), n: usize, whole: &str) {
        // "-" is no address.
        let is_taken =
            !words(whole).is_empty() && take_whole(self.addresses.entry(place).or_default(), whole);
        if !is_taken {
            self.leave(columns, n, whole);
        }
    }

    /// A name beside the surname is the given one: without the surname, where it says that as well.
    fn given_names(&mut self) {
        for (n, value) in std::mem::take(&mut self.given_or_full) {
            let name = &mut self.draft.contact.name;
            let surname = text_key(&name.surname);
            let surname: Vec<&str> = surname.split([' ', ',']).filter(|word| !word.is_empty()).collect();
            let own: Vec<&str> = value.split([' ', ',']).filter(|word| !word.is_empty()).collect();
            let is_surname = |word: &&str| surname.contains(&text_key(word).as_str());
            if surname.is_empty() || !name.given.is_empty() || own.iter().all(is_surname) {
                self.full.push((n, value));
            } else if surname.iter().all(|part| own.iter().any(|word| text_key(word) == *part)) {
                let rest: Vec<&str> = own.into_iter().filter(|word| !is_surname(word)).collect();
                name.given = rest.join(" ");
            } else {
                value.clone_into(&mut name.given);
            }
        }
    }

    /// The name in front of an address stands in where there is none; one that says more than the name is kept as text.
    fn name_of_address(&mut self, columns: &Columns, n: usize, name: &str, value: &str) {
        let known = self.draft.contact.display_name();
        if known.is_empty() || known.contains('@') {
            name.clone_into(&mut self.draft.contact.name.full);
            return;
        }
        let known = text_key(&known);
        let known: Vec<&str> = known.split([' ', ',']).collect();
        if !text_key(name).split([' ', ',']).all(|word| word.is_empty() || known.contains(&word)) {
            self.leave(columns, n, value);
        }
    }

    /// Of two titles one is what the person is addressed by; where neither is that by itself, it is the first, as a
    /// French Outlook writes them.
    fn titled(&mut self, columns: &Columns) {
        let mut titles = std::mem::take(&mut self.titles);
        titles.sort_by_key(|(_, value)| !is_honorific(value));
        let both = titles.len() > 1;
        for (place, (n, value)) in titles.into_iter().enumerate() {
            let contact = &mut self.draft.contact;
            let before = place == 0 && (both || is_honorific(value));
            let target = if before { &mut contact.name.prefix } else { &mut contact.organization.title };
            if !fill(target, value, None) {
                self.leave(columns, n, value);
            }
        }
    }

    /// The whole names of a row, the best one first: one that says all of another comes before it, and one that begins
    /// with the company, as Odoo writes it, last.
    fn whole_names(&mut self) -> Vec<(usize, &'a str)> {
        let mut all = std::mem::take(&mut self.full);
        if let Some((company, person)) = displayed(&all)
            && self.draft.contact.organization.name.is_empty()
        {
            company.clone_into(&mut self.draft.contact.organization.name);
            all.retain(|(_, name)| text_key(name) != text_key(&format!("{company}, {person}")));
        }
        let company = text_key(&self.draft.contact.organization.name);
        let of_company =
            |name: &str| !company.is_empty() && text_key(name).starts_with(&format!("{company}, "));
        let words = |name: &str| -> Vec<String> { text_key(name).split(' ').map(str::to_owned).collect() };
        let says_all = |name: &str, other: &str| {
            let name = words(name);
            words(other).iter().all(|word| name.contains(word))
        };
        let fullest = all.iter().map(|(_, name)| *name).filter(|name| !of_company(name)).find(|name| {
            all.iter().filter(|(_, other)| !of_company(other)).all(|(_, other)| says_all(name, other))
        });
        all.sort_by_key(|(_, name)| (of_company(name), Some(*name) != fullest));
        all
    }

    /// Puts the three columns of a birthday together.
    fn born(&mut self, columns: &Columns) {
        let parts = self.birth.map(|part| part.and_then(|text| text.parse::<u32>().ok()));
        if self.birth.iter().all(Option::is_none) {
            return;
        }
        let [year, month, day] = parts;
        let date = PartialDate::new(year.and_then(|year| i32::try_from(year).ok()), month, day).ok();
        if self.draft.contact.birthday.is_none() && date.is_some() {
            self.draft.contact.birthday = date;
            return;
        }
        for n in 0..columns.columns.len() {
            let found = match columns.column(n) {
                Column::Is(Cell::BirthYear) => self.birth[0],
                Column::Is(Cell::BirthMonth) => self.birth[1],
                Column::Is(Cell::BirthDay | Cell::Birthday) => self.birth[2],
                _ => None,
            };
            if let Some(value) = found {
                self.leave(columns, n, value);
            }
        }
    }

    /// A whole name stands in where there are no parts; one that says more than they do is kept as text.
    fn whole_name(&mut self, columns: &Columns, n: usize, full: &str) {
        let contact = &mut self.draft.contact;
        let (name, organization) = (&mut contact.name, &contact.organization);
        let is_nameless =
            [&name.given, &name.middle, &name.surname, &name.full].iter().all(|part| part.is_empty());
        if is_nameless {
            let full = without_title(full, &name.prefix);
            let mails = self.draft.emails.iter().map(|email| email.address.as_str());
            let parts = parts_of_person(full).filter(|_| is_honorific(&name.prefix));
            if let Some((given, surname)) = parts.map(|parts| in_order_of_mail(parts, mails)) {
                given.clone_into(&mut name.given);
                surname.clone_into(&mut name.surname);
            } else if organization.name != full {
                // How somebody is addressed is no name; it stands before the one that there is.
                let around =
                    [std::mem::take(&mut name.prefix), full.to_owned(), std::mem::take(&mut name.suffix)];
                name.full = around.join(" ").trim().to_owned();
            }
            return;
        }
        let said = [
            &name.prefix,
            &name.given,
            &name.middle,
            &name.surname,
            &name.suffix,
            &name.full,
            &organization.name,
        ];
        let said = text_key(&said.map(String::as_str).join(" "));
        let known: Vec<&str> = said.split([' ', ',']).collect();
        if !text_key(full).split([' ', ',']).all(|word| word.is_empty() || known.contains(&word)) {
            self.leave(columns, n, full);
        }
    }
}

/// Returns a whole name without the title that stands in front of it as well as in a column of its own.
fn without_title<'a>(full: &'a str, title: &str) -> &'a str {
    let (Some(head), Some(rest)) = (full.get(..title.len()), full.get(title.len()..)) else { return full };
    let is_said =
        !title.is_empty() && text_key(head) == text_key(title) && rest.starts_with(char::is_whitespace);
    if is_said { rest.trim_start() } else { full }
}

/// Takes the two words of a person's name apart as Google does: the surname is the last one, or the one in capitals.
fn parts_of_person(full: &str) -> Option<(&str, &str)> {
    let (first, last) =
        full.trim().split_once(' ').filter(|(_, last)| !last.contains(char::is_whitespace))?;
    let is_name = |word: &str| word.chars().all(|c| c.is_alphabetic() || matches!(c, '-' | '\'' | '’'));
    let is_loud = |word: &str| word.chars().count() > 1 && !word.chars().any(char::is_lowercase);
    let swapped = is_loud(first) && !is_loud(last);
    (is_name(first) && is_name(last)).then_some(if swapped { (last, first) } else { (first, last) })
}

/// Puts the two words of a name in the order that the person's address says: `jean.dupont@…` and `jdupont@…` are of "Dupont
/// Jean" as well.
fn in_order_of_mail<'a>(
    (given, surname): (&'a str, &'a str),
    mut mails: impl Iterator<Item = &'a str>,
) -> (&'a str, &'a str) {
    let (first, last) = (words(given).concat(), words(surname).concat());
    let is_swapped = |mail: &str| {
        let local = words(mail.split('@').next().unwrap_or_default());
        let initial: String = last.chars().take(1).collect();
        let said: Vec<&str> = local.iter().map(String::as_str).collect();
        said == [last.as_str(), first.as_str()]
            || said == [initial.as_str(), first.as_str()]
            || said.concat() == format!("{initial}{first}")
    };
    if mails.any(is_swapped) { (surname, given) } else { (given, surname) }
}

/// Takes a whole name apart that holds another one behind a company, as Odoo displays people: "ACME, Jean Dupont".
fn displayed<'a>(names: &[(usize, &'a str)]) -> Option<(&'a str, &'a str)> {
    names.iter().find_map(|(_, name)| {
        let (company, person) = name.split_once(", ")?;
        let is_person =
            |(_, other): &&(usize, &str)| other.contains(' ') && text_key(other) == text_key(person);
        names.iter().find(is_person).map(|_| (company, person))
    })
}

/// Puts a text in its place; a second one is added where `between` says how, and else it did not find room.
fn fill(place: &mut String, value: &str, between: Option<&str>) -> bool {
    match between {
        _ if place.is_empty() => value.clone_into(place),
        _ if place == value => {}
        Some(between) => *place = format!("{place}{between}{value}"),
        None => return false,
    }
    true
}

/// Takes all of an address over, whose parts are known; tells whether nothing of it is left.
pub(super) fn take_whole(address: &mut Address, whole: &str) -> bool {
    let Address { street, extended, city, region, postcode, country, country_code, po_box, .. } = &*address;
    let said = [street, extended, city, region, postcode, country, country_code, po_box];
    let said: BTreeSet<String> = said.into_iter().flat_map(|part| words(part)).collect();
    // The name of a country whose code is known stands in the last line.
    let named = !country_code.is_empty() && country.is_empty();
    let lines = if named { whole.trim_end().rsplit_once('\n').map_or("", |(lines, _)| lines) } else { whole };
    let is_said = |text: &str| words(text).iter().all(|word| said.contains(word));
    if is_said(whole) || (!lines.is_empty() && is_said(lines)) {
        return true;
    }
    let has_room = address.street.is_empty();
    if has_room {
        whole.clone_into(&mut address.street);
    }
    has_room
}

/// Takes a part of a postal address over.
fn place(address: &mut Address, part: Part, value: &str) -> bool {
    match part {
        Part::Whole | Part::Street => fill(&mut address.street, value, Some("\n")),
        Part::HouseNumber => fill(&mut address.street, value, Some(" ")),
        Part::Extended => fill(&mut address.extended, value, Some("\n")),
        Part::City => fill(&mut address.city, value, None),
        Part::Region => fill(&mut address.region, value, None),
        Part::Postcode => fill(&mut address.postcode, value, None),
        Part::PoBox => fill(&mut address.po_box, value, None),
        Part::Country if google::is_code(value) => fill(&mut address.country_code, value, None),
        Part::Country => fill(&mut address.country, value, None),
        Part::PostcodeCity => {
            let [code, city, region] = code_and_city(value);
            let filled = fill(&mut address.city, city, None) & fill(&mut address.region, region, None);
            filled & fill(&mut address.postcode, code, None)
        }
    }
}

/// Takes "69001 Lyon", "Lyon 69001" or "New York, NY 10001" apart: the code, the city, the region.
fn code_and_city(value: &str) -> [&str; 3] {
    let is_code = |text: &str| text.chars().any(|c| c.is_ascii_digit());
    if let Some((city, rest)) = value.split_once(',').filter(|(city, _)| !is_code(city)) {
        let rest = rest.trim();
        return match rest.rsplit_once(' ') {
            Some((region, code)) if is_code(code) => [code, city.trim(), region.trim_end_matches(',').trim()],
            _ if is_code(rest) => [rest, city.trim(), ""],
            _ => ["", city.trim(), rest],
        };
    }
    match (value.split_once(' '), value.rsplit_once(' ')) {
        (Some((code, city)), _) if is_code(code) => [code, city.trim(), ""],
        (_, Some((city, code))) if is_code(code) => [code, city.trim(), ""],
        _ => ["", value, ""],
    }
}

fn day(place: &mut Option<PartialDate>, value: &str, day_first: bool) -> bool {
    let is_none = || value.chars().all(|c| matches!(c, '0' | '/' | '.' | '-' | ' ' | ':'));
    match date_of(value, day_first) {
        Some(date) if place.is_none_or(|known| known == date) => *place = Some(date),
        Some(_) => return false,
        None => return is_none(),
    }
    true
}

/// Tells whether the day comes first in a date, where that can be told: one of two numbers is above 12. Dots tell nothing
/// of strokes: no American writes them.
pub(super) fn day_comes_first(text: &str) -> Option<bool> {
    let day = text.split([' ', 'T']).next()?;
    let numbers: Vec<u32> = day.split(['/', '-']).map(str::parse).collect::<Result<_, _>>().ok()?;
    match numbers.as_slice() {
        [first @ 1..=31, second @ 1..=31, _] | [first @ 1..=31, second @ 1..=31] => {
            ((*first > 12) != (*second > 12)).then_some(*first > 12)
        }
        _ => None,
    }
}

/// Reads `12/04/1985`, `12.4.1985` or `1985-04-12`; a number above 12 is a day wherever it stands, and no American
/// writes dots.
fn date_of(text: &str, day_first: bool) -> Option<PartialDate> {
    let day = text.split([' ', 'T']).next()?;
    if let Some(date) = day.parse().ok().or_else(|| partial_date(text)) {
        return Some(date);
    }
    let Ok(numbers) = day.split(['/', '.', '-']).map(str::parse).collect::<Result<Vec<u32>, _>>() else {
        return in_words(text);
    };
    if let ([first, second], false) = (numbers.as_slice(), text.contains(' ')) {
        // A day that comes every year.
        let day_first = *first > 12 || ((day_first || day.contains('.')) && *second <= 12);
        let (month, day) = if day_first { (*second, *first) } else { (*first, *second) };
        return PartialDate::new(None, Some(month), Some(day)).ok();
    }
    let [first, second, year] = numbers.as_slice() else { return in_words(text) };
    if *first >= 1000 {
        let (year, day) = (i32::try_from(*first).ok()?, *year);
        return PartialDate::new(Some(year), Some(*second), Some(day)).ok();
    }
    let day_first = *first > 12 || ((day_first || day.contains('.')) && *second <= 12);
    let (month, day) = if day_first { (*second, *first) } else { (*first, *second) };
    PartialDate::new(Some(year_of(*year)?), Some(month), Some(day)).ok()
}

/// Reads a year. Of two digits those that can be of this century as well are not guessed.
fn year_of(number: u32) -> Option<i32> {
    let year = if (30..100).contains(&number) { number + 1900 } else { number };
    i32::try_from(year).ok().filter(|year| *year >= 100)
}

/// The months as their names begin, in the five languages and without accents.
const MONTHS: [&[&str]; 12] = [
    &["jan", "gen", "ene"],
    &["feb", "fev"],
    &["mar", "mrz"],
    &["apr", "avr", "abr"],
    &["may", "mai", "mag"],
    &["jun", "juin", "giu"],
    &["jul", "juil", "lug"],
    &["aug", "aou", "ago"],
    &["sep", "set"],
    &["oct", "okt", "ott"],
    &["nov"],
    &["dec", "dez", "dic"],
];

/// Reads a date whose month is in words: "12 avril 1985", "April 12, 1985", "12-avr-85".
fn in_words(text: &str) -> Option<PartialDate> {
    let words = words(text);
    let month = |word: &&String| {
        let begins = |names: &&[&str]| names.iter().any(|name| word.starts_with(name));
        MONTHS.iter().position(begins)
    };
    let month = words.iter().find_map(|word| month(&word)).and_then(|at| u32::try_from(at + 1).ok())?;
    let numbers: Vec<u32> = words.iter().filter_map(|word| word.parse().ok()).collect();
    match numbers.as_slice() {
        [day, year] => PartialDate::new(Some(year_of(*year)?), Some(month), Some(*day)).ok(),
        [day] => PartialDate::new(None, Some(month), Some(*day)).ok(),
        _ => None,
    }
}

/// What people write between two addresses or numbers.
const OR: [&str; 11] = ["/", "|", "-", "&", "ou", "et", "or", "oder", "und", "o", "e"];

/// What Outlook calls a private contact in its languages.
const PRIVATE: [&str; 6] = ["private", "prive", "privé", "privat", "privado", "privato"];

/// What it calls one that is confidential: hidden too, and more than that.
#[rustfmt::skip]
const CONFIDENTIAL: [&str; 6] = [
    "confidential", "confidentiel", "vertraulich", "confidencial", "riservato", "confidenziale",
];

/// Tells whether a priority or a sensitivity is the usual one.
fn is_usual(value: &str) -> bool {
    ["normal", "normale", "normal priority", "mittel", "media", "medium", "0"]
        .contains(&text_key(value).as_str())
}

/// Tells whether a value says that there is none: "n/a", "-", "aucun".
pub(super) fn says_nothing(value: &str) -> bool {
    #[rustfmt::skip]
    const NONE: [&str; 28] = [
        "n/a", "#n/a", "n.a.", "na", "nc", "n/c", "n.c.", "none", "null", "nil", "aucun", "aucune", "néant", "neant",
        "inconnu", "inconnue", "unknown", "kein", "keine", "keiner", "unbekannt", "ninguno", "ninguna", "desconocido",
        "nessuno", "nessuna", "sconosciuto", "#ref!",
    ];
    !value.contains(char::is_alphanumeric) || NONE.contains(&text_key(value).as_str())
}

/// Tells whether a value is the state in which a record is, and no region: the "État" of an accounting program.
fn is_state_of_record(value: &str) -> bool {
    #[rustfmt::skip]
    const STATES: [&str; 14] = [
        "0", "1", "actif", "active", "inactif", "inactive", "activo", "inactivo", "attivo", "aktiv", "inaktiv", "ouvert",
        "fermé", "clos",
    ];
    STATES.contains(&text_key(value).as_str())
}

/// Tells whether a value says that something is so.
fn is_yes(value: &str) -> bool {
    const YES: [&str; 13] =
        ["true", "vrai", "yes", "oui", "1", "wahr", "ja", "verdadero", "si", "sí", "vero", "sì", "x"];
    YES.contains(&text_key(value).as_str())
}

/// Tells whether a value answers a question: "oui", "no", "x".
fn is_answer(value: &str) -> bool {
    #[rustfmt::skip]
    const ANSWERS: [&str; 20] = [
        "oui", "non", "yes", "no", "ja", "nein", "si", "sí", "sì", "true", "false", "vrai", "faux", "falsch", "falso", "x",
        "0", "1", "o", "n",
    ];
    ANSWERS.contains(&text_key(value).as_str())
}

/// The addresses of a cell: several are apart at blanks, commas, semicolons, strokes, and at "ou" or "oder".
fn addresses(value: &str) -> Vec<&str> {
    let mut parts: Vec<&str> = split(value, &[';', ',', ' ', '\n', '\r']);
    parts.retain(|part| !OR.contains(&part.to_lowercase().as_str()));
    let parts: Vec<&str> = match parts.as_slice() {
        [only] if only.matches('@').count() > 1 => only.split(['/', '|']).collect(),
        _ => parts,
    };
    if !parts.is_empty() && parts.iter().all(|part| part.contains('@')) { parts } else { vec![value] }
}

/// The numbers of a cell: several are apart at semicolons, commas, line ends, lonely strokes, and at "ou" or "oder".
fn numbers(value: &str) -> Vec<&str> {
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).count();
    let words: Vec<&str> = value.split_whitespace().collect();
    // Two whole numbers beside each other.
    let is_whole = |word: &&str| word.len() > 8 && word.bytes().all(|byte| byte.is_ascii_digit());
    if words.len() > 1 && words.iter().all(is_whole) {
        return words;
    }
    let value = without_tel(value);
    let parts: Vec<&str> = split(value, &[';', ',', '\n', '\r'])
        .into_iter()
        .flat_map(|part| part.split(" / "))
        .flat_map(|part| part.split(" ou "))
        .flat_map(|part| part.split(" or "))
        .flat_map(|part| part.split(" oder "))
        .map(str::trim)
        .collect();
    if parts.iter().all(|part| digits(part) >= 6) { parts } else { vec![value] }
}

/// Returns a number without its scheme.
fn without_tel(value: &str) -> &str {
    let scheme = value.get(..4).is_some_and(|scheme| scheme.eq_ignore_ascii_case("tel:"));
    if scheme { value.get(4..).unwrap_or_default().trim() } else { value }
}

/// Takes a figure apart that a program wrote with a power: `6.12345678E8`, `3,36E+10`.
fn with_power(value: &str) -> Option<(&str, &str, usize)> {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let (figure, power) = value.split_once(['E', 'e'])?;
    let (whole, rest) = figure.split_once([',', '.']).unwrap_or((figure, ""));
    let is_signed = power.starts_with('+');
    let power = power.trim_start_matches('+');
    let is_one = digits(whole) && (digits(rest) || (rest.is_empty() && is_signed)) && digits(power);
    Some((whole, rest, power.parse().ok()?)).filter(|_| is_one)
}

/// Returns the figure that was written with a power, if all of its digits are there: a spreadsheet shows five of them behind
/// the first, and leaves the others away.
fn figure_of(value: &str) -> Option<String> {
    let (whole, rest, power) = with_power(value)?;
    let is_all = power <= 15 && (rest.len() == power || (6..power).contains(&rest.len()));
    is_all.then(|| format!("{whole}{rest:0<power$}"))
}

/// Tells whether a number is in a cell: no word, no remark ("call after 6 pm"), and not what a spreadsheet leaves of a long
/// one (`3,36E+10`).
pub(super) fn has_number(value: &str) -> bool {
    let is_rounded = with_power(value).is_some() && figure_of(value).is_none();
    let words = value.split(|c: char| !c.is_alphabetic()).filter(|word| word.chars().count() > 2).count();
    let digits = value.chars().filter(|c| c.is_numeric()).count();
    !is_rounded && digits > 0 && (words < 2 || digits > 5)
}

/// Gives a number its first zero back that a spreadsheet took for nothing, where a country writes all of them with one.
pub(super) fn with_zero(number: String, region: Option<&str>) -> String {
    let length = match region {
        Some("FR" | "CH" | "NL") => 9,
        Some("GB") => 10,
        _ => return number,
    };
    let is_figure = number.bytes().all(|byte| byte.is_ascii_digit()) && !number.starts_with('0');
    if is_figure && number.len() == length { format!("0{number}") } else { number }
}

fn split<'a>(value: &'a str, at: &[char]) -> Vec<&'a str> {
    google::parts_of(value)
        .into_iter()
        .flat_map(|part| part.split(at))
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .collect()
}

/// Whether a "title" is what a person is addressed by.
fn is_honorific(value: &str) -> bool {
    let value = text_key(value);
    let mut words = value.split([' ', '.', ',', '/']).filter(|word| !word.is_empty()).peekable();
    words.peek().is_some() && words.all(|word| HONORIFICS.contains(&word))
}

/// What people are addressed by, in the five languages.
const HONORIFICS: &[&str] = &[
    "m",
    "mr",
    "mister",
    "mme",
    "mlle",
    "mmes",
    "mm",
    "monsieur",
    "madame",
    "madam",
    "mademoiselle",
    "me",
    "maître",
    "maitre",
    "dr",
    "docteur",
    "pr",
    "prof",
    "professeur",
    "mrs",
    "ms",
    "miss",
    "mx",
    "sir",
    "dame",
    "doctor",
    "doktor",
    "professor",
    "herr",
    "frau",
    "fräulein",
    "dipl",
    "ing",
    "sr",
    "sra",
    "srta",
    "señor",
    "señora",
    "señorita",
    "don",
    "doña",
    "dra",
    "doctora",
    "profesor",
    "profesora",
    "professore",
    "professoressa",
    "sig",
    "sig.ra",
    "sigra",
    "ra",
    "signor",
    "signore",
    "signora",
    "signorina",
    "dott",
    "dottor",
    "dottore",
    "dottoressa",
    "ssa",
    "avv",
    "arch",
    "geom",
    "rag",
    "rev",
    "lic",
    "lord",
    "lady",
    "colonel",
    "général",
    "abbé",
    "père",
];

/// Returns a number without the word before it that says that it is one, and without the extension behind it.
fn bare_number(value: &str) -> &str {
    const EXTENSIONS: [&str; 9] =
        ["x", "ext", "extn", "extension", "poste", "int", "interno", "durchwahl", "dw"];
    let is_sign = |c: char| c.is_ascii_digit() || matches!(c, '+' | '(');
    let (word, number) = value.split_at(value.find(is_sign).unwrap_or_default());
    let is_phone = |heading: Heading| {
        matches!(heading.kind, Kind::Phone | Kind::Mobile | Kind::Fax | Kind::Pager | Kind::PhoneAs(_))
    };
    let number = if meaning(word).is_some_and(is_phone) { number } else { value };
    let Some(at) = number.find(|c: char| c.is_alphabetic() || c == '#') else { return number };
    let (alone, extension) = number.split_at(at);
    let called = extension.trim_end_matches(|c: char| c.is_ascii_digit() || c.is_whitespace());
    let is_extension =
        called == "#" || EXTENSIONS.contains(&text_key(called.trim_end_matches(['.', ':', ' '])).as_str());
    if is_extension { alone } else { number }
}

/// Whether a cell holds what a person is reached by: an e-mail address, a telephone number.
pub(super) fn reaches(value: &str) -> bool {
    if value.contains('@') && value.split('@').nth(1).is_some_and(|domain| domain.contains('.')) {
        return true;
    }
    let value = bare_number(value);
    let digits = value.chars().filter(char::is_ascii_digit).count();
    let is_spelt = value.chars().all(|c| {
        c.is_ascii_digit() || c.is_whitespace() || matches!(c, '+' | '-' | '.' | '(' | ')' | '/' | ':')
    });
    let is_date = date_of(value, true).is_some() || value.contains(':');
    (8..=15).contains(&digits) && is_spelt && !is_date
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
            ("12.04.1985", false, Some("1985-04-12")),
            ("1985-04-12", false, Some("1985-04-12")),
            ("1985-04-12 00:00:00", false, Some("1985-04-12")),
            ("1985/4/2", false, Some("1985-04-02")),
            ("--04-12", false, Some("--04-12")),
            ("0/0/00", false, None),
            ("12/04/85", true, Some("1985-04-12")),
            ("12.4.85", false, Some("1985-04-12")),
            ("12/04/05", true, None),
            ("12 avril 1985", true, Some("1985-04-12")),
            ("1er août 1985", true, Some("1985-08-01")),
            ("12-août-85", true, Some("1985-08-12")),
            ("April 12, 1985", false, Some("1985-04-12")),
            ("12. März 1985", true, Some("1985-03-12")),
            ("12 de enero de 1985", true, Some("1985-01-12")),
            ("lunedì 12 giugno 1985", true, Some("1985-06-12")),
            ("31/02/1985", true, None),
            ("12 avril", true, Some("--04-12")),
            ("12/04", true, Some("--04-12")),
            ("4/12", false, Some("--04-12")),
            ("avril 1985", true, None),
            ("04/1985", true, None),
        ] {
            let found = date_of(text, day_first).map(|date| date.to_string());
            assert_eq!(found.as_deref(), date, "{text}");
        }
    }

    #[test]
    fn what_a_person_is_reached_by_is_noticed() {
        for value in [
            "a@b.example",
            "06 12 34 56 78",
            "+33612345678",
            "0612345678",
            "212-555-1000 x12",
            "01 42 00 00 00 poste 12",
            "+33 1 42 00 00 00 #3",
            "Tél. 01 42 00 00 00",
            "Mobile: 06 12 34 56 78",
        ] {
            assert!(reaches(value), "{value}");
        }
        for value in [
            "12/04/1985",
            "2026-01-02 10:00:00",
            "A-17",
            "75001",
            "yes",
            "CU2301-00012",
            "Facture 20230100012",
            "2023010001 B12",
            "Tél. le matin",
        ] {
            assert!(!reaches(value), "{value}");
        }
    }

    #[test]
    fn several_addresses_or_numbers_of_a_cell_are_apart() {
        for value in ["a@x.example / b@x.example", "a@x.example/b@x.example", "a@x.example ou b@x.example"] {
            assert_eq!(addresses(value), ["a@x.example", "b@x.example"], "{value}");
        }
        assert_eq!(addresses("Ann <a@x.example>"), ["Ann <a@x.example>"]);
        for value in ["01 23 45 67 81 ou 01 23 45 67 82", "01 23 45 67 81 / 01 23 45 67 82"] {
            assert_eq!(numbers(value), ["01 23 45 67 81", "01 23 45 67 82"], "{value}");
        }
        assert_eq!(numbers("01 23 45 67 81 ou 12"), ["01 23 45 67 81 ou 12"]);
    }

    #[test]
    fn a_code_and_a_city_of_one_cell_are_apart() {
        for (value, parts) in [
            ("69001 Lyon", ["69001", "Lyon", ""]),
            ("Lyon 69001", ["69001", "Lyon", ""]),
            ("L-1234 Luxembourg", ["L-1234", "Luxembourg", ""]),
            ("New York, NY 10001", ["10001", "New York", "NY"]),
            ("New York, NY, 10001", ["10001", "New York", "NY"]),
            ("Boston, MA", ["", "Boston", "MA"]),
            ("Le Mans", ["", "Le Mans", ""]),
        ] {
            assert_eq!(code_and_city(value), parts, "{value}");
        }
    }

    #[test]
    fn a_remark_is_no_number() {
        for value in [
            "call in the morning",
            "appeler après 18h30",
            "ne pas appeler",
            "3,36E+10",
            "3.36123E10",
            "3E+10",
        ] {
            assert!(!has_number(value), "{value}");
        }
        for value in
            ["12", "poste 12", "1-800-FLOWERS", "06 12 34 56 78 (appeler le soir)", "+33 1 ext. 5", "12E3"]
        {
            assert!(has_number(value), "{value}");
        }
    }

    #[test]
    fn a_figure_with_a_power_is_the_number_if_it_is_whole() {
        for (value, figure) in [
            ("6.12345678E8", Some("612345678")),
            ("6,12345678E+08", Some("612345678")),
            ("6.1234567E8", Some("612345670")),
            ("3.36123E+10", None),
            ("6.123456789E8", None),
            ("612345678", None),
            ("12E3", None),
        ] {
            assert_eq!(figure_of(value).as_deref(), figure, "{value}");
        }
    }

    #[test]
    fn a_title_in_front_of_a_name_tells_that_it_is_a_person() {
        for (full, title, parts) in [
            ("Jean Dupont", "Mister", Some(("Jean", "Dupont"))),
            ("Mister Jean Dupont", "Mister", Some(("Jean", "Dupont"))),
            ("LEFÈVRE Zoé", "Mme", Some(("Zoé", "LEFÈVRE"))),
            ("Jean-Luc D’Arc", "M.", Some(("Jean-Luc", "D’Arc"))),
            ("Anne Marie Dupont", "Mme", None),
            ("Misterio Dupont", "Mister", Some(("Misterio", "Dupont"))),
            ("Dupont", "M.", None),
            ("Dupont & Fils", "M.", None),
            ("A 4", "M.", None),
        ] {
            assert_eq!(parts_of_person(without_title(full, title)), parts, "{full}");
        }
    }

    #[test]
    fn a_title_is_a_prefix_or_a_job() {
        for value in ["Mister", "Madam", "Mme", "Dr.", "M.", "Prof. Dr.", "Sig.ra", "Mme Dr"] {
            assert!(is_honorific(value), "{value}");
        }
        for value in ["Directrice", "Dr. Manager", "", "CEO"] {
            assert!(!is_honorific(value), "{value}");
        }
    }
}
