//! A header as a whole: what its columns are once all of them are seen.
//!
//! What must stay true: a column is taken or it is told; two columns never fight for one place in silence.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    google,
    headings::{Heading, Kind, Place, meaning, words},
    read::day_comes_first,
};

/// What a cell of a column becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cell {
    Prefix,
    /// "Mme" is a prefix, "Directrice" a job title: each value decides.
    TitleOrJob,
    /// One of two such columns: the values of both decide.
    OneOfTitles,
    Given,
    Middle,
    Surname,
    Suffix,
    Full,
    /// A name beside the surname: the given one, or all of it.
    FullOrGiven,
    Nickname,
    PhoneticGiven,
    PhoneticSurname,
    Company,
    /// "Client": the company, or whether somebody is one.
    Client,
    Department,
    JobTitle,
    Profession,
    Email(&'static str),
    Phone(&'static str),
    PrimaryPhone,
    Address(Part, &'static str, u32),
    WebPage(&'static str),
    Birthday,
    BirthYear,
    BirthMonth,
    BirthDay,
    Anniversary,
    Notes,
    Groups,
    GoogleGroups,
    Relation(&'static str),
    Im(&'static str),
    Photo,
    Private,
    /// How private a contact is, as Outlook says it.
    Sensitivity,
    /// Says nothing of its own where it has its usual value.
    Usual,
    /// How an address is shown, or of which sort it is.
    Shown,
    /// What a person leaves out.
    Nothing,
}

/// A part of a postal address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Part {
    /// All of it, beside its parts.
    Whole,
    Street,
    HouseNumber,
    Extended,
    City,
    Region,
    Postcode,
    PostcodeCity,
    Country,
    PoBox,
}

/// What a column is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Column {
    /// `E-mail 1 - Value`, as Google writes.
    Numbered { stem: &'static str, number: u32, part: String },
    /// One that says it in words.
    Is(Cell),
    /// Kept as text beside the record, and told.
    Unknown,
    /// As well; but what is in it is no number to call.
    Office,
}

impl Column {
    /// Tells whether what is in it is kept as text.
    pub(super) fn is_left(&self) -> bool {
        matches!(self, Column::Unknown | Column::Office)
    }
}

/// The columns of a table.
#[derive(Clone, Debug, Default)]
pub(super) struct Columns {
    pub(super) names: Vec<String>,
    pub(super) columns: Vec<Column>,
    /// Whether 3/4 is in April.
    pub(super) day_first: bool,
}

/// What a person may say of a column instead of a heading.
const IGNORE: [&str; 5] = ["ignore", "ignorer", "ignorieren", "ignorar", "ignora"];

/// The highest number by which a column is found.
const MOST: usize = 1_000;

/// Tells whether a column can be taken for what a person calls it: any heading that is understood, or `-`.
#[must_use]
pub fn knows_heading(text: &str) -> bool {
    is_ignore(text)
        || google::column(text).is_some()
        || meaning(text).is_some_and(|heading| {
            !matches!(heading.kind, Kind::Type | Kind::OfficeNumber | Kind::Month | Kind::Day)
        })
}

fn is_ignore(text: &str) -> bool {
    text.trim() == "-" || IGNORE.contains(&words(text).join(" ").as_str())
}

/// Counts the headings of a line that are understood.
pub(super) fn understood(names: &[String]) -> usize {
    let tells = |heading: Heading| !matches!(heading.kind, Kind::OfficeNumber | Kind::Month | Kind::Day);
    names.iter().filter(|name| google::column(name).is_some() || meaning(name).is_some_and(tells)).count()
}

impl Columns {
    /// Reads a header; `renamed` says what a person calls a column.
    pub(super) fn new(mut names: Vec<String>, renamed: &[(String, String)]) -> Self {
        // A row may have more cells than there are headings.
        let last = renamed.iter().filter_map(|(from, _)| number(from)).max().unwrap_or_default();
        names.resize(names.len().max(last), String::new());
        let called: Vec<&str> = names.iter().enumerate().map(|(n, name)| called(n, name, renamed)).collect();
        let headings: Vec<Option<Heading>> = called.iter().map(|name| meaning(name)).collect();
        let all = Header { headings: &headings, called: &called };
        let mut groups = Groups::default();
        let columns = (0..called.len()).map(|n| all.column(n, &mut groups)).collect();
        let day_first = headings.iter().flatten().any(|heading| heading.day_first);
        Columns { names, columns, day_first }
    }

    /// Tells whether a row is the header once more: tables were put together.
    pub(super) fn is_header(&self, cells: &[String]) -> bool {
        let end = |list: &[String]| list.iter().rposition(|text| !text.is_empty()).map_or(0, |at| at + 1);
        let names = self.names.get(..end(&self.names)).unwrap_or_default();
        names.len() > 1 && cells.get(..end(cells)) == Some(names)
    }

    /// Tells whether a column holds days whose month may come first.
    pub(super) fn has_days(&self) -> bool {
        self.columns.iter().any(is_day)
    }

    /// Sees how the dates of a table are written: one that can be read in one way only says it for the others, whatever
    /// the language of the headings. Where such dates say otherwise of each other, the headings decide.
    pub(super) fn see_days<'a>(&mut self, rows: impl Iterator<Item = &'a [String]>) {
        let days =
            rows.flat_map(|cells| cells.iter().zip(&self.columns)).filter(|(_, column)| is_day(column));
        let said: BTreeSet<bool> = days.filter_map(|(cell, _)| day_comes_first(cell)).collect();
        if let (Some(first), 1) = (said.first(), said.len()) {
            self.day_first = *first;
        }
    }

    /// Returns the name of a column as a person finds it: one without a heading by its number.
    pub(super) fn name(&self, n: usize) -> String {
        match self.names.get(n) {
            Some(name) if !name.is_empty() => name.clone(),
            _ => format!("#{}", n + 1),
        }
    }

    pub(super) fn is_there(&self, meant: &str) -> bool {
        number(meant).is_some() || self.names.iter().enumerate().any(|(n, name)| is_called(n, name, meant))
    }

    pub(super) fn column(&self, n: usize) -> &Column {
        self.columns.get(n).unwrap_or(&Column::Unknown)
    }
}

fn is_day(column: &Column) -> bool {
    matches!(column, Column::Is(Cell::Birthday | Cell::Anniversary))
}

fn called<'a>(n: usize, name: &'a str, renamed: &'a [(String, String)]) -> &'a str {
    match renamed.iter().find(|(from, _)| is_called(n, name, from)) {
        Some((_, to)) if is_ignore(to) => "ignore",
        Some((_, to)) => to,
        None => name,
    }
}

/// Tells whether a person means this column: by its heading, or by its number.
fn is_called(n: usize, name: &str, meant: &str) -> bool {
    let wanted = words(name);
    (!name.is_empty() && (name == meant || (!wanted.is_empty() && words(meant) == wanted)))
        || number(meant) == n.checked_add(1)
}

/// Reads the number of a column: `#4`.
pub(super) fn number(meant: &str) -> Option<usize> {
    meant.strip_prefix('#')?.parse().ok().filter(|number| (1..=MOST).contains(number))
}

/// Words for the person of a company.
#[rustfmt::skip]
const CONTACTS: [&str; 11] = [
    "contact", "interlocuteur", "personne", "person", "kontakt", "kontaktperson", "kontaktname", "ansprechpartner",
    "contacto", "contatto", "referente",
];

/// Words for a company.
#[rustfmt::skip]
const COMPANIES: [&str; 12] = [
    "entreprise", "societe", "company", "business", "firma", "unternehmen", "empresa", "azienda", "societa", "ditta",
    "organisation", "organization",
];

/// Words for a code.
const CODES: [&str; 8] = ["code", "cod", "codigo", "codice", "iso", "landercode", "landerkennung", "id"];

/// The headings of a table, side by side.
struct Header<'a> {
    headings: &'a [Option<Heading>],
    called: &'a [&'a str],
}

/// Which parts of which postal address were seen so far.
#[derive(Default)]
struct Groups {
    seen: BTreeMap<(Option<Place>, Part), u32>,
    /// The place of the address that the column before belongs to.
    last: Option<(usize, Option<Place>)>,
}

impl Header<'_> {
    fn has(&self, kind: Kind) -> bool {
        self.count(kind) > 0
    }

    fn count(&self, kind: Kind) -> usize {
        self.headings.iter().flatten().filter(|heading| heading.kind == kind).count()
    }

    fn column(&self, n: usize, groups: &mut Groups) -> Column {
        let name = self.called.get(n).copied().unwrap_or_default();
        if let Some((stem, number, part)) = google::column(name) {
            return Column::Numbered { stem, number, part: part.to_owned() };
        }
        if name == "ignore" {
            return Column::Is(Cell::Nothing);
        }
        let Some(Some(heading)) = self.headings.get(n) else { return Column::Unknown };
        if heading.kind == Kind::OfficeNumber {
            return Column::Office;
        }
        // "Ort" beside "Ort geschäftlich" is where somebody sits, as Outlook writes it.
        let is_seat = heading.kind == Kind::City && words(name).as_slice() == ["ort"];
        if is_seat && self.headings.iter().flatten().any(|h| h.kind == Kind::City && h.place.is_some()) {
            return Column::Unknown;
        }
        // "Auto" is a telephone in Outlook's own table alone.
        let is_car = words(name).as_slice() == ["auto"];
        if is_car && !self.has(Kind::PhoneAs("callback")) {
            return Column::Unknown;
        }
        // "État" beside another region is the state of the record.
        let is_state = heading.kind == Kind::Region && words(name).as_slice() == ["etat"];
        if is_state && (self.has(Kind::Departement) || self.count(Kind::Region) > 1) {
            return Column::Unknown;
        }
        let part = address_part(heading.kind).map(|part| self.part(n, part));
        let part = if self.is_whole(*heading) { Some(Part::Whole) } else { part };
        let cell = match part.or_else(|| self.of_france(n, heading.kind)) {
            Some(part) => Some(self.address(n, part, *heading, groups)),
            None => self.cell(n, *heading),
        };
        cell.map_or(Column::Unknown, Column::Is)
    }

    /// "Pays/État" is no country where another column is that, and none else is the state.
    fn part(&self, n: usize, part: Part) -> Part {
        let names_both = |n: usize| {
            let named = self.called.get(n).map(|name| words(name)).unwrap_or_default();
            named.len() > 1
                && named.iter().any(|word| {
                    ["etat", "state", "region", "estado", "stato", "provincia", "bundesland"]
                        .contains(&word.as_str())
                })
        };
        let is_country = |at: &usize| {
            self.headings.get(*at).copied().flatten().is_some_and(|heading| heading.kind == Kind::Country)
        };
        let is_state = part == Part::Country
            && names_both(n)
            && !self.has(Kind::Region)
            && (0..self.headings.len()).filter(is_country).any(|at| !names_both(at));
        if is_state { Part::Region } else { part }
    }

    /// "Home Address" beside "Home Street" is all of that address, not another one.
    fn is_whole(&self, heading: Heading) -> bool {
        let street = |other: &&Heading| {
            (other.kind, other.place, other.number) == (Kind::Street, heading.place, heading.number)
        };
        heading.kind == Kind::Address && self.headings.iter().flatten().any(|other| street(&other))
    }

    /// "Département" within an address is a piece of France, else of the company.
    fn of_france(&self, n: usize, kind: Kind) -> Option<Part> {
        let is_address = |n: Option<usize>| {
            let heading = n.and_then(|n| self.headings.get(n).copied().flatten());
            heading.is_some_and(|heading| address_part(heading.kind).is_some())
        };
        let within =
            self.has(Kind::Department) || is_address(n.checked_sub(1)) || is_address(n.checked_add(1));
        (kind == Kind::Departement && within).then_some(Part::Region)
    }

    fn cell(&self, n: usize, heading: Heading) -> Option<Cell> {
        let place = heading.place.map(Place::label).unwrap_or_default();
        Some(match heading.kind {
            Kind::Prefix => Cell::Prefix,
            Kind::Title => self.title(n),
            Kind::Given => Cell::Given,
            Kind::Middle => Cell::Middle,
            Kind::Surname => Cell::Surname,
            Kind::Suffix => Cell::Suffix,
            Kind::Name => return self.name(n),
            Kind::Full => Cell::Full,
            // "Kundennr." and the like are no names, whatever else stands beside the word.
            Kind::Client if words(self.called.get(n)?).len() > 1 => return None,
            Kind::Client if self.names_people() => Cell::Client,
            Kind::Client => Cell::Full,
            Kind::Month if self.has(Kind::BirthYear) => Cell::BirthMonth,
            Kind::Day if self.has(Kind::BirthYear) => Cell::BirthDay,
            Kind::Nickname => Cell::Nickname,
            Kind::PhoneticGiven => Cell::PhoneticGiven,
            Kind::PhoneticSurname => Cell::PhoneticSurname,
            Kind::Company => Cell::Company,
            Kind::Department => Cell::Department,
            Kind::Departement => Cell::Department,
            Kind::JobTitle => Cell::JobTitle,
            Kind::Profession => Cell::Profession,
            Kind::Email => Cell::Email(place),
            Kind::Phone => Cell::Phone(place),
            Kind::Mobile if heading.place == Some(Place::Work) => Cell::Phone("work_mobile"),
            Kind::Mobile => Cell::Phone("mobile"),
            Kind::Fax => Cell::Phone(match heading.place {
                Some(Place::Work) => "work_fax",
                Some(Place::Home) => "home_fax",
                _ => "other_fax",
            }),
            Kind::Pager if heading.place == Some(Place::Work) => Cell::Phone("work_pager"),
            Kind::Pager => Cell::Phone("pager"),
            Kind::PhoneAs("") => Cell::PrimaryPhone,
            Kind::PhoneAs(label) => Cell::Phone(label),
            Kind::Web => Cell::WebPage(place),
            // The day of a company is nobody's day of birth.
            Kind::Birthday | Kind::Anniversary if self.says(n, &COMPANIES) => return None,
            Kind::Birthday => Cell::Birthday,
            Kind::BirthYear => Cell::BirthYear,
            Kind::BirthMonth => Cell::BirthMonth,
            Kind::BirthDay => Cell::BirthDay,
            Kind::Anniversary => Cell::Anniversary,
            Kind::Notes => Cell::Notes,
            Kind::Groups => Cell::Groups,
            Kind::GoogleGroups => Cell::GoogleGroups,
            Kind::Assistant => Cell::Relation("assistant"),
            Kind::Manager => Cell::Relation("manager"),
            Kind::Relation(_) if self.is_business_partner(n) => Cell::Company,
            Kind::Relation(label) => Cell::Relation(label),
            Kind::Im(service) => Cell::Im(service),
            Kind::Photo => Cell::Photo,
            Kind::Private => Cell::Private,
            Kind::Sensitivity => Cell::Sensitivity,
            Kind::Priority => Cell::Usual,
            Kind::Shown => Cell::Shown,
            _ => return None,
        })
    }

    /// "Partner" is the company, as Dolibarr writes it, in a table of people at work that names no other one.
    fn is_business_partner(&self, n: usize) -> bool {
        let is_at_work = self.has(Kind::JobTitle) || self.has(Kind::OfficeNumber) || self.has(Kind::Fax);
        let is_private = [Kind::Company, Kind::Client, Kind::Relation("child"), Kind::Anniversary];
        self.called.get(n).is_some_and(|name| words(name).as_slice() == ["partner"])
            && is_at_work
            && !is_private.into_iter().any(|kind| self.has(kind))
    }

    fn names_people(&self) -> bool {
        [Kind::Name, Kind::Full, Kind::Given, Kind::Surname].into_iter().any(|kind| self.has(kind))
    }

    /// "Nom" beside "Prénom" is the surname, "Nombre" beside "Apellidos" the given name; alone it is all of it. "Contact"
    /// beside "Nom" is the person of a company, and nobody's surname where both parts of a name are there.
    fn name(&self, n: usize) -> Option<Cell> {
        let own = self.called.get(n).map(|name| words(name).join(" ")).unwrap_or_default();
        let (given, surname) = (self.has(Kind::Given), self.has(Kind::Surname));
        let names =
            |at: &usize| self.headings.get(*at).copied().flatten().is_some_and(|h| h.kind == Kind::Name);
        let others = || (0..self.headings.len()).filter(|at| *at != n).filter(names);
        let is_contact = self.says(n, &CONTACTS);
        let beside_contact = others().any(|at| self.says(at, &CONTACTS));
        let beside_name = surname || others().any(|at| !self.says(at, &CONTACTS));
        Some(match (given, surname) {
            (true, _) if is_contact && beside_name => return None,
            (true, false) => Cell::Surname,
            (false, true) if is_contact => Cell::Full,
            (false, true) if matches!(own.as_str(), "nombre" | "nome") => Cell::Given,
            (false, true) => Cell::FullOrGiven,
            (false, false) if is_contact && beside_name && self.has(Kind::Company) => return None,
            (false, false) if !is_contact && beside_contact && !self.has(Kind::Company) => Cell::Company,
            _ => Cell::Full,
        })
    }

    /// Tells whether the heading of a column has one of these words.
    fn says(&self, n: usize, any: &[&str]) -> bool {
        self.called.get(n).is_some_and(|name| words(name).iter().any(|word| any.contains(&word.as_str())))
    }

    /// Of two titles the first is before the name and the second in the company, as a French Outlook writes them.
    fn title(&self, n: usize) -> Cell {
        let is_title = |heading: &&Option<Heading>| heading.is_some_and(|h| h.kind == Kind::Title);
        let before = self.headings.iter().take(n).filter(is_title).count();
        if self.count(Kind::Title) == 2 && !self.has(Kind::Prefix) && !self.has(Kind::JobTitle) {
            return Cell::OneOfTitles;
        }
        if self.has(Kind::Prefix) && before == 0 {
            // "Anrede;Titel": "Dr." stands before the name as well.
            Cell::TitleOrJob
        } else if self.has(Kind::Prefix) || before > 0 {
            Cell::JobTitle
        } else if self.has(Kind::JobTitle) {
            Cell::Prefix
        } else {
            Cell::TitleOrJob
        }
    }

    /// Which address a part belongs to: by its place and number, else to that of the columns just before it.
    fn address(&self, n: usize, part: Part, heading: Heading, groups: &mut Groups) -> Cell {
        let beside = groups.last.filter(|(column, _)| column + 1 == n).and_then(|(_, place)| place);
        let place = heading.place.or(beside);
        groups.last = Some((n, place));
        let number = heading.number.unwrap_or(1).max(1);
        let numbered = |kind| {
            let same =
                |h: &&Heading| h.kind == kind && h.place == heading.place && h.number == heading.number;
            self.headings.iter().flatten().any(|h| same(&h))
        };
        // "Street 2" is a second line; with a "City 2" beside it, it is of a second address.
        let is_line = part == Part::Street
            && number > 1
            && ![Kind::City, Kind::Postcode, Kind::PostcodeCity].into_iter().any(numbered);
        // "Code pays" is of the same address as "Pays".
        let is_country = |at: &usize| {
            *at != n
                && !self.says(*at, &CODES)
                && self.headings.get(*at).copied().flatten().is_some_and(|h| {
                    h.kind == Kind::Country && (h.place, h.number) == (heading.place, heading.number)
                })
        };
        let is_code = part == Part::Country
            && self.says(n, &CODES)
            && (0..self.headings.len()).any(|at| is_country(&at));
        let count = if is_line || (is_code && number == 1) {
            groups.seen.get(&(place, part)).copied().unwrap_or(1)
        } else if number > 1 {
            number
        } else {
            let count = groups.seen.entry((place, part)).or_default();
            *count += 1;
            *count
        };
        Cell::Address(part, place.map(Place::label).unwrap_or_default(), count)
    }
}

fn address_part(kind: Kind) -> Option<Part> {
    Some(match kind {
        Kind::Address | Kind::Street => Part::Street,
        Kind::HouseNumber => Part::HouseNumber,
        Kind::Extended => Part::Extended,
        Kind::City => Part::City,
        Kind::Region => Part::Region,
        Kind::Postcode => Part::Postcode,
        Kind::PostcodeCity => Part::PostcodeCity,
        Kind::Country => Part::Country,
        Kind::PoBox => Part::PoBox,
        _ => return None,
    })
}
