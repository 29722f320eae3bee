//! From contacts to vCard.

use std::{
    collections::BTreeSet,
    io::{self, Write},
};

use passerelle_contacts::{Address, Contact, Labelled, PartialDate};

use super::{
    Version, full_name,
    labels::{apple_of_label, types_of},
    media, own,
    read::is_full_name,
    rest::put_back,
    with_particle,
};
use crate::content::{Line, escape, write_unknown};

/// The relations that vCard 4 knows by name (RFC 6350 §6.6.6).
const RELATIONS: [&str; 12] = [
    "spouse",
    "child",
    "parent",
    "sibling",
    "friend",
    "colleague",
    "acquaintance",
    "neighbor",
    "co-worker",
    "kin",
    "emergency",
    "agent",
];

/// Writes one card.
pub(crate) fn write_card(
    out: &mut impl Write,
    version: Version,
    contact: &Contact,
    unknown: &[String],
) -> io::Result<()> {
    let mut card = Card { version, lines: Vec::new(), groups: 0, taken: groups_of(unknown) };
    card.fill(contact);
    let unknown = if contact.name.has_parts() { card.call(unknown) } else { unknown.to_vec() };
    let unknown = put_back(&mut card.lines, &unknown);
    if unknown.iter().any(|text| text.to_ascii_uppercase().starts_with("CLASS:")) {
        card.lines.retain(|line| line.name != "CLASS");
    }
    out.write_all(b"BEGIN:VCARD\r\n")?;
    for line in &card.lines {
        line.write(out)?;
    }
    let unknown: Vec<String> = unknown.into_iter().map(|text| fitted(text, version)).collect();
    write_unknown(out, &unknown)?;
    out.write_all(b"END:VCARD\r\n")
}

/// Returns a leftover as the version of the card asks for it: bytes in the file are the ones that differ.
fn fitted(text: String, version: Version) -> String {
    let is_media = ["PHOTO", "LOGO", "SOUND", "KEY"].iter().any(|name| {
        let head = text.split([':', ';']).next().unwrap_or_default();
        head.rsplit('.').next().unwrap_or_default().eq_ignore_ascii_case(name)
    });
    match is_media.then(|| Line::parse(0, text.clone().into_bytes())).flatten() {
        Some(line) => {
            let fitted = media::fitted(line.clone(), version);
            if fitted == line { text } else { fitted.to_text() }
        }
        None => text,
    }
}

/// Returns the groups of leftovers: not to be given to other lines.
fn groups_of(unknown: &[String]) -> BTreeSet<String> {
    let heads = unknown.iter().filter_map(|text| text.split([':', ';']).next());
    heads.filter_map(|head| head.split_once('.')).map(|(group, _)| group.to_lowercase()).collect()
}

struct Card {
    version: Version,
    lines: Vec<Line>,
    groups: usize,
    taken: BTreeSet<String>,
}

impl Card {
    /// Calls the person as a card did where the parts of the name do not say it: what is kept of the lines that did goes
    /// back to these. Returns the other leftovers.
    fn call(&mut self, unknown: &[String]) -> Vec<String> {
        let (names, others): (Vec<&String>, Vec<&String>) =
            unknown.iter().partition(|text| is_full_name(text));
        let parsed = names.iter().map(|text| Line::parse(0, text.as_bytes().to_vec()).filter(Line::is_sound));
        let Some(names) = parsed.collect::<Option<Vec<Line>>>().filter(|names| !names.is_empty()) else {
            return unknown.to_vec();
        };
        let at = self.lines.iter().position(|line| line.name == "FN").unwrap_or(self.lines.len());
        self.lines.retain(|line| line.name != "FN");
        self.lines.splice(at..at, names);
        others.into_iter().cloned().collect()
    }

    fn fill(&mut self, contact: &Contact) {
        self.put(Line::new("VERSION", if self.version == Version::V4 { "4.0" } else { "3.0" }));
        self.text("UID", &contact.uid);
        self.name(contact);
        self.organizations(contact);
        for email in contact.emails.values() {
            let line = if self.version == Version::V3 {
                Line::text("EMAIL", &email.address).with("TYPE", "INTERNET")
            } else {
                Line::text("EMAIL", &email.address)
            };
            self.labelled(line, &email.label, email.preferred);
        }
        for phone in contact.phones.values() {
            self.labelled(Line::text("TEL", &phone.number), &phone.label, phone.preferred);
        }
        contact.addresses.values().for_each(|address| self.address(address));
        for url in contact.urls.values() {
            self.labelled(Line::text("URL", &url.value), &url.label, false);
        }
        for im in contact.ims.values() {
            let fit = !im.service.is_empty() && im.service.bytes().all(|b| b.is_ascii_alphanumeric());
            let scheme = if fit { im.service.as_str() } else { "x-im" };
            let line = Line::text("IMPP", &format!("{scheme}:{}", im.handle));
            let line = if im.service.is_empty() { line } else { line.with("X-SERVICE-TYPE", &im.service) };
            self.labelled(line, &im.label, false);
        }
        self.dates(contact);
        contact.relations.values().for_each(|relation| self.relation(relation));
        self.text("NOTE", &contact.notes);
        self.list("CATEGORIES", contact.groups.values());
        for field in contact.custom.values() {
            self.put(Line::text(own::CUSTOM, &field.value).with("LABEL", &field.label));
        }
        if !contact.photo.is_empty() {
            self.put(Line::new("PHOTO", &contact.photo).with("VALUE", "uri"));
        }
        match (contact.private, self.version) {
            (true, Version::V3) => self.put(Line::new("CLASS", "PRIVATE")),
            (true, Version::V4) => self.put(Line::new(own::PRIVATE, "TRUE")),
            (false, _) => {}
        }
    }

    fn put(&mut self, line: Line) {
        self.lines.push(line);
    }

    fn text(&mut self, name: &str, text: &str) {
        if !text.is_empty() {
            self.put(Line::text(name, text));
        }
    }

    fn list<'a>(&mut self, name: &str, texts: impl Iterator<Item = &'a String>) {
        let texts: Vec<String> = texts.map(|text| escape(text)).collect();
        if !texts.is_empty() {
            self.put(Line::new(name, texts.join(",")));
        }
    }

    fn name(&mut self, contact: &Contact) {
        let name = &contact.name;
        let written = if name.full.is_empty() { contact.display_name() } else { name.full.clone() };
        self.put(Line::text("FN", &written));
        if full_name(&written, contact) != name.full {
            self.put(Line::text(own::FULL, &name.full));
        }
        let surname = with_particle(&name.particle, &name.surname);
        if self.version == Version::V3 || name.has_parts() || !surname.is_empty() {
            let parts = [&surname, &name.given, &name.middle, &name.prefix, &name.suffix];
            self.put(Line::new("N", parts.map(|part| escape(part)).join(";")));
        }
        self.text(own::PARTICLE, &name.particle);
        self.text("X-PHONETIC-FIRST-NAME", &name.phonetic_given);
        self.text("X-PHONETIC-LAST-NAME", &name.phonetic_surname);
        self.list("NICKNAME", contact.nicknames.values());
    }

    fn organizations(&mut self, contact: &Contact) {
        let main = std::iter::once((String::new(), &contact.organization));
        let others = contact.other_organizations.values().enumerate();
        for (group, organization) in main.chain(others.map(|(n, other)| (format!("org{}", n + 1), other))) {
            let department = &organization.department;
            if !organization.name.is_empty() || !department.is_empty() || !group.is_empty() {
                let mut value = escape(&organization.name);
                if !department.is_empty() {
                    value = format!("{value};{}", escape(department));
                }
                self.put(Line { group: group.clone(), ..Line::new("ORG", value) });
            }
            if !organization.title.is_empty() {
                self.put(Line { group, ..Line::text("TITLE", &organization.title) });
            }
        }
    }

    fn address(&mut self, address: &Address) {
        let parts = [
            &address.po_box,
            &address.extended,
            &address.street,
            &address.city,
            &address.region,
            &address.postcode,
            &address.country,
        ];
        let line = Line::new("ADR", parts.map(|part| escape(part)).join(";"));
        let line = match address.country_code.as_str() {
            "" => line,
            code => line.with("CC", code),
        };
        self.labelled(line, &address.label, address.preferred);
    }

    /// Writes a value with its label: by its types, or in a group with the label written out.
    fn labelled(&mut self, line: Line, label: &str, preferred: bool) {
        let line = match (preferred, self.version) {
            (true, Version::V4) => line.with("PREF", "1"),
            (true, Version::V3) => line.with("TYPE", "PREF"),
            (false, _) => line,
        };
        match types_of(label) {
            Some(types) => {
                let line =
                    types.iter().fold(line, |line, known| line.with("TYPE", known.to_ascii_uppercase()));
                self.put(line);
            }
            None if label.is_empty() => self.put(line),
            None => self.grouped(line, &apple_of_label(label)),
        }
    }

    fn grouped(&mut self, line: Line, label: &str) {
        self.groups += 1;
        while self.taken.contains(&format!("p{}", self.groups)) {
            self.groups += 1;
        }
        let group = format!("p{}", self.groups);
        self.put(Line { group: group.clone(), ..line });
        self.put(Line { group, ..Line::text("X-ABLabel", label) });
    }

    fn dates(&mut self, contact: &Contact) {
        if let Some(date) = contact.birthday {
            let line = self.date("BDAY", date);
            self.put(line);
        }
        if let Some(date) = contact.anniversary {
            if self.version == Version::V4 {
                self.put(Line::new("ANNIVERSARY", basic(date)));
            } else {
                let line = self.date("X-ABDATE", date);
                self.grouped(line, "_$!<Anniversary>!$_");
            }
        }
        for item in contact.dates.values() {
            let line = self.date("X-ABDATE", item.date);
            // A label that is one of our own words must not be taken for the anniversary.
            let line = if item.label == "anniversary" { line.with("X-LABEL", &item.label) } else { line };
            if item.label.is_empty() {
                self.put(line);
            } else {
                self.grouped(line, &item.label);
            }
        }
    }

    /// Writes a day; vCard 3 has no day without its year but the one Apple made.
    fn date(&self, name: &str, date: PartialDate) -> Line {
        match (self.version, date.year, date.month, date.day) {
            (Version::V4, ..) if name == "BDAY" => Line::new(name, basic(date)),
            (_, Some(_), Some(_), Some(_)) => Line::new(name, date.to_string()).with("VALUE", "date"),
            (_, None, Some(month), Some(day)) => {
                Line::new(name, format!("1604-{month:02}-{day:02}")).with("X-APPLE-OMIT-YEAR", "1604")
            }
            _ => Line::new(name, date.to_string()).with("VALUE", "text"),
        }
    }

    fn relation(&mut self, relation: &Labelled) {
        if self.version == Version::V4 && RELATIONS.contains(&relation.label.as_str()) {
            let line = Line::text("RELATED", &relation.value);
            self.put(line.with("VALUE", "text").with("TYPE", &relation.label));
        } else if relation.label.is_empty() {
            self.put(Line::text("X-ABRELATEDNAMES", &relation.value));
        } else {
            self.grouped(Line::text("X-ABRELATEDNAMES", &relation.value), &relation.label);
        }
    }
}

/// Writes a day as vCard 4 does.
fn basic(date: PartialDate) -> String {
    match (date.year, date.month, date.day) {
        (Some(year), Some(month), Some(day)) => format!("{year:04}{month:02}{day:02}"),
        (None, Some(month), Some(day)) => format!("--{month:02}{day:02}"),
        _ => date.to_string(),
    }
}
