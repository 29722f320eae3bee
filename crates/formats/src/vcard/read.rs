//! From vCard to contacts.

use std::{collections::BTreeMap, io::Read};

use passerelle_contacts::{
    Address, Contact, Email, Im, Labelled, LabelledDate, Organization, PartialDate, Phone, address_key,
    email_key, im_key, keyed, phone_key, relation_key, text_key, url_key,
};

use super::{
    full_name,
    labels::{label_of, label_of_apple},
    own, without_particle,
};
use crate::{
    BadRecord, Imported, Options, Reason,
    content::{Component, Line, Piece, Pieces, left_over, summary_of},
};

/// The cards of a file.
pub(crate) struct Cards<R> {
    pieces: Pieces<R>,
    options: Options,
}

impl<R: Read> Cards<R> {
    pub(crate) fn new(reader: R, options: Options) -> Self {
        Cards { pieces: Pieces::new(reader, &["VCARD"]), options }
    }
}

impl<R: Read> Iterator for Cards<R> {
    type Item = Result<Imported<Contact>, BadRecord>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            match self.pieces.next()? {
                Ok(Piece::Component(card)) => return Some(contact_of(&card, &self.options)),
                Ok(Piece::Line(_)) => {}
                Err(bad) => return Some(Err(bad)),
            }
        }
    }
}

/// What is gathered from a card before it becomes keyed collections.
#[derive(Default)]
struct Draft {
    contact: Contact,
    full: String,
    own_full: Option<String>,
    particle: String,
    emails: Vec<Email>,
    phones: Vec<Phone>,
    addresses: Vec<Address>,
    urls: Vec<Labelled>,
    ims: Vec<Im>,
    dates: Vec<LabelledDate>,
    relations: Vec<Labelled>,
    nicknames: Vec<String>,
    groups: Vec<String>,
    custom: Vec<Labelled>,
    grouped: BTreeMap<String, Organization>,
    unknown: Vec<String>,
}

/// What the lines of one group say about each other.
struct Groups<'a> {
    labels: BTreeMap<&'a str, String>,
    countries: BTreeMap<&'a str, String>,
    used: std::cell::RefCell<Vec<&'a str>>,
}

impl<'a> Groups<'a> {
    fn of(card: &'a Component) -> Self {
        let named = |name: &'static str| {
            card.lines.iter().filter(move |line| line.name == name && !line.group.is_empty())
        };
        Groups {
            labels: named("X-ABLABEL")
                .map(|line| (line.group.as_str(), label_of_apple(&line.unescaped())))
                .collect(),
            countries: named("X-ABADR").map(|line| (line.group.as_str(), line.unescaped())).collect(),
            used: Default::default(),
        }
    }

    /// Returns the label of a line: written out, or by its types.
    fn label(&self, line: &'a Line) -> String {
        self.used.borrow_mut().push(&line.group);
        match self.labels.get(line.group.as_str()) {
            Some(label) => label.clone(),
            None => label_of(&line.param_list("TYPE")),
        }
    }
}

fn contact_of(card: &Component, options: &Options) -> Result<Imported<Contact>, BadRecord> {
    let groups = Groups::of(card);
    let mut draft = Draft::default();
    for line in &card.lines {
        if !draft.take(line, &groups) {
            draft.unknown.push(left_over(line));
        }
    }
    let of_used = |line: &&Line| {
        let helper = matches!(line.name.as_str(), "X-ABLABEL" | "X-ABADR");
        helper && !groups.used.borrow().contains(&line.group.as_str())
    };
    draft.unknown.extend(card.lines.iter().filter(of_used).map(Line::to_text));
    let mut unknown = std::mem::take(&mut draft.unknown);
    let full = draft.full.clone();
    let contact = draft.finish(options);
    if says_more(&full, &contact) {
        unknown.push(Line::text("FN", &full).to_text());
    }
    if passerelle_contacts::validate(&contact).contains(&passerelle_contacts::Problem::Empty) {
        return Err(BadRecord::new(card.line, summary_of(card), Reason::Empty));
    }
    Ok(Imported { record: contact, unknown, line: card.line })
}

impl Draft {
    /// Takes a line over; tells whether it was understood.
    fn take<'a>(&mut self, line: &'a Line, groups: &Groups<'a>) -> bool {
        let contact = &mut self.contact;
        match line.name.as_str() {
            "VERSION" | "PRODID" | "X-ABLABEL" | "X-ABADR" | "X-ABSHOWAS" => {}
            "UID" => contact.uid = line.unescaped(),
            "FN" if self.full.is_empty() => self.full = line.unescaped(),
            "N" => self.name(line),
            own::FULL => self.own_full = Some(line.unescaped()),
            own::PARTICLE => self.particle = line.unescaped(),
            "X-PHONETIC-FIRST-NAME" => contact.name.phonetic_given = line.unescaped(),
            "X-PHONETIC-LAST-NAME" => contact.name.phonetic_surname = line.unescaped(),
            "NICKNAME" => self.nicknames.extend(texts(line)),
            "ORG" => self.organization(line),
            "TITLE" => return self.title(line),
            "EMAIL" => return self.email(line, groups),
            "TEL" => return self.phone(line, groups),
            "ADR" => return self.address(line, groups),
            "URL" => return self.url(line, groups),
            "IMPP" | "X-AIM" | "X-ICQ" | "X-JABBER" | "X-MSN" | "X-SKYPE" | "X-SKYPE-USERNAME"
            | "X-YAHOO" | "X-GTALK" | "X-GOOGLE-TALK" | "X-QQ" => return self.im(line, groups),
            "BDAY" if contact.birthday.is_none() => {
                contact.birthday = date_of(line);
                return contact.birthday.is_some();
            }
            "ANNIVERSARY" | "X-ANNIVERSARY" | "X-WEDDING" | "X-EVOLUTION-ANNIVERSARY" => {
                return self.date(line, "anniversary".to_owned());
            }
            "X-ABDATE" => {
                let apple = groups.labels.get(line.group.as_str()).cloned().unwrap_or_default();
                groups.used.borrow_mut().push(&line.group);
                return self.date(line, apple);
            }
            "RELATED" | "X-ABRELATEDNAMES" => return self.relation(line, groups.label(line)),
            "X-SPOUSE" | "X-EVOLUTION-SPOUSE" => return self.relation(line, "spouse".to_owned()),
            "X-MANAGER" | "X-EVOLUTION-MANAGER" => return self.relation(line, "manager".to_owned()),
            "X-ASSISTANT" | "X-EVOLUTION-ASSISTANT" => return self.relation(line, "assistant".to_owned()),
            "NOTE" => {
                let note = line.unescaped();
                let between = if contact.notes.is_empty() || note.is_empty() { "" } else { "\n" };
                contact.notes = format!("{}{between}{note}", contact.notes);
            }
            "CATEGORIES" => self.groups.extend(texts(line)),
            own::CUSTOM => self.custom.push(Labelled {
                label: line.param("LABEL").unwrap_or_default().to_owned(),
                value: line.unescaped(),
            }),
            "PHOTO" => return self.photo(line),
            "CLASS" => contact.private |= !line.value.trim().eq_ignore_ascii_case("PUBLIC"),
            own::PRIVATE => contact.private |= line.value.trim().eq_ignore_ascii_case("TRUE"),
            _ => return false,
        }
        true
    }

    fn name(&mut self, line: &Line) {
        let mut parts = line.parts(';').into_iter();
        let mut next = || parts.next().unwrap_or_default();
        let name = &mut self.contact.name;
        (name.surname, name.given, name.middle, name.prefix, name.suffix) =
            (next(), next(), next(), next(), next());
    }

    /// Organisations in a group `org1`, `org2` … are further ones; of others the first is the main one.
    fn organization(&mut self, line: &Line) {
        let mut parts = line.parts(';').into_iter();
        let name = parts.next().unwrap_or_default();
        let department = parts.filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ");
        let main = &mut self.contact.organization;
        if !is_further(&line.group) && main.name.is_empty() && main.department.is_empty() {
            (main.name, main.department) = (name, department);
        } else {
            let group =
                if line.group.is_empty() { format!(" {}", self.grouped.len()) } else { line.group.clone() };
            let other = self.grouped.entry(group).or_default();
            (other.name, other.department) = (name, department);
        }
    }

    fn title(&mut self, line: &Line) -> bool {
        if is_further(&line.group) {
            self.grouped.entry(line.group.clone()).or_default().title = line.unescaped();
        } else if self.contact.organization.title.is_empty() {
            self.contact.organization.title = line.unescaped();
        } else {
            return false;
        }
        true
    }

    fn email<'a>(&mut self, line: &'a Line, groups: &Groups<'a>) -> bool {
        let address = line.unescaped();
        let address = address.strip_prefix("mailto:").unwrap_or(&address).to_owned();
        if !address.trim().is_empty() {
            self.emails.push(Email { address, label: groups.label(line), preferred: is_preferred(line) });
        }
        true
    }

    fn phone<'a>(&mut self, line: &'a Line, groups: &Groups<'a>) -> bool {
        let number = line.unescaped();
        let number = number.strip_prefix("tel:").unwrap_or(&number).to_owned();
        if !number.trim().is_empty() {
            self.phones.push(Phone { number, label: groups.label(line), preferred: is_preferred(line) });
        }
        true
    }

    fn address<'a>(&mut self, line: &'a Line, groups: &Groups<'a>) -> bool {
        let mut parts = line.parts(';').into_iter();
        let mut next = || parts.next().unwrap_or_default();
        let (po_box, extended, street, city) = (next(), next(), next(), next());
        let (region, postcode, country) = (next(), next(), next());
        let code = line.param("CC").or_else(|| groups.countries.get(line.group.as_str()).map(String::as_str));
        let country_code = code.filter(|code| code.len() == 2).unwrap_or_default().to_ascii_uppercase();
        let label = groups.label(line);
        let address = Address {
            label,
            street,
            extended,
            po_box,
            postcode,
            city,
            region,
            country,
            country_code,
            preferred: false,
        };
        let empty = Address { label: address.label.clone(), ..Address::default() };
        if address != empty {
            self.addresses.push(Address { preferred: is_preferred(line), ..address });
        }
        true
    }

    fn url<'a>(&mut self, line: &'a Line, groups: &Groups<'a>) -> bool {
        let value = line.unescaped();
        if !value.trim().is_empty() {
            self.urls.push(Labelled { label: groups.label(line), value });
        }
        true
    }

    fn im<'a>(&mut self, line: &'a Line, groups: &Groups<'a>) -> bool {
        let value = line.unescaped();
        let (service, handle) = match line.name.as_str() {
            "IMPP" => {
                let (scheme, handle) = value.split_once(':').unwrap_or(("", &value));
                let named = line.param("X-SERVICE-TYPE").or_else(|| line.param("SERVICE-TYPE"));
                let scheme = if scheme == "x-im" { "" } else { scheme };
                (named.unwrap_or(scheme).to_lowercase(), handle.to_owned())
            }
            "X-SKYPE-USERNAME" => ("skype".to_owned(), value),
            "X-GTALK" => ("google-talk".to_owned(), value),
            name => (name.trim_start_matches("X-").to_lowercase(), value),
        };
        if !handle.trim().is_empty() {
            self.ims.push(Im { service, handle, label: groups.label(line) });
        }
        true
    }

    fn date(&mut self, line: &Line, label: String) -> bool {
        let Some(date) = date_of(line) else { return false };
        if label == "anniversary" && self.contact.anniversary.is_none() && line.param("X-LABEL").is_none() {
            self.contact.anniversary = Some(date);
        } else {
            let label = line.param("X-LABEL").map_or(label, str::to_owned);
            self.dates.push(LabelledDate { label, date });
        }
        true
    }

    fn relation(&mut self, line: &Line, label: String) -> bool {
        let value = line.unescaped();
        if !value.trim().is_empty() {
            self.relations.push(Labelled { label, value });
        }
        true
    }

    /// A picture that is somewhere is a reference; one that is in the file is left over.
    fn photo(&mut self, line: &Line) -> bool {
        let inline = line.param("ENCODING").is_some() || line.value.starts_with("data:");
        let named = line.param_list("VALUE").iter().any(|value| matches!(value.as_str(), "uri" | "url"));
        if inline || !(named || line.value.contains("://")) || !self.contact.photo.is_empty() {
            return false;
        }
        self.contact.photo = line.value.clone();
        true
    }

    fn finish(self, options: &Options) -> Contact {
        let mut contact = self.contact;
        let region = options.region.as_deref();
        let labelled = |list: Vec<Labelled>, key: fn(&Labelled) -> String| {
            keyed(list.into_iter().map(|item| (key(&item), item)))
        };
        let texts = |list: Vec<String>| keyed(list.into_iter().map(|text| (text_key(&text), text)));
        contact.nicknames = texts(self.nicknames);
        contact.groups = texts(self.groups);
        contact.other_organizations = keyed(
            self.grouped.into_values().map(|organization| (text_key(&organization.name), organization)),
        );
        contact.emails = keyed(self.emails.into_iter().map(|email| (email_key(&email.address), email)));
        contact.phones =
            keyed(self.phones.into_iter().map(|phone| (phone_key(&phone.number, region), phone)));
        contact.addresses = keyed(self.addresses.into_iter().map(|a| (address_key(&a.label), a)));
        contact.urls = labelled(self.urls, |url| url_key(&url.value));
        contact.ims = keyed(self.ims.into_iter().map(|im| (im_key(&im.service, &im.handle), im)));
        contact.dates = keyed(self.dates.into_iter().map(|date| (text_key(&date.label), date)));
        contact.relations = labelled(self.relations, |item| relation_key(&item.label, &item.value));
        contact.custom = labelled(self.custom, |item| text_key(&item.label));
        contact.name.particle = self.particle;
        if !contact.name.particle.is_empty() {
            contact.name.surname = without_particle(&contact.name.particle, &contact.name.surname).to_owned();
        }
        contact.name.full = self.own_full.unwrap_or_else(|| full_name(&self.full, &contact));
        contact
    }
}

/// Tells whether a card's `FN` has a word that no part of the name has, or the other way round.
fn says_more(full: &str, contact: &Contact) -> bool {
    let words = |text: &str| -> Vec<String> {
        let split = text.split(|c: char| c.is_whitespace() || matches!(c, ',' | '.' | '\'' | '’'));
        let mut words: Vec<String> = split.filter(|word| !word.is_empty()).map(str::to_lowercase).collect();
        words.sort();
        words
    };
    contact.name.has_parts()
        && !full.trim().is_empty()
        && words(full) != words(&contact.display_name())
        && passerelle_contacts::normal_line(full)
            != passerelle_contacts::normal_line(&contact.organization.name)
}

fn is_further(group: &str) -> bool {
    group.strip_prefix("org").is_some_and(|number| number.bytes().all(|byte| byte.is_ascii_digit()))
}

fn is_preferred(line: &Line) -> bool {
    line.param("PREF").is_some() || line.param_list("TYPE").iter().any(|value| value == "pref")
}

/// Returns the texts of a list that are not empty.
fn texts(line: &Line) -> impl Iterator<Item = String> {
    line.parts(',').into_iter().filter(|text| !text.trim().is_empty())
}

fn date_of(line: &Line) -> Option<PartialDate> {
    let date = partial_date(&line.unescaped())?;
    let unknown = line.param("X-APPLE-OMIT-YEAR").and_then(|year| year.parse().ok());
    if unknown.is_some() && unknown == date.year {
        return PartialDate::new(None, date.month, date.day).ok();
    }
    Some(date)
}

/// Reads a date in any of the spellings of vCard 2.1 to 4.0; a time of day is left aside.
pub(crate) fn partial_date(text: &str) -> Option<PartialDate> {
    let text = text.trim();
    let day = text.split(['T', ' ']).next()?;
    let digits: String = day.chars().filter(char::is_ascii_digit).collect();
    let number = |range: std::ops::Range<usize>| digits.get(range)?.parse::<u32>().ok();
    let year = || digits.get(..4)?.parse::<i32>().ok();
    if !day.chars().all(|c| c.is_ascii_digit() || c == '-') || day.starts_with("---") {
        return None;
    }
    match (day.starts_with("--"), digits.len()) {
        (true, 4) => PartialDate::new(None, number(0..2), number(2..4)).ok(),
        (false, 8) => PartialDate::new(year(), number(4..6), number(6..8)).ok(),
        (false, 6) => PartialDate::new(year(), number(4..6), None).ok(),
        (false, 4) => PartialDate::new(year(), None, None).ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_read_in_each_of_its_spellings() {
        for (text, date) in [
            ("19850412", Some("1985-04-12")),
            ("1985-04-12T00:00:00Z", Some("1985-04-12")),
            ("1985-04-12", Some("1985-04-12")),
            ("--0412", Some("--04-12")),
            ("--04-12", Some("--04-12")),
            ("1985-04", Some("1985-04")),
            ("1985", Some("1985")),
            ("---12", None),
            ("19850231", None),
            ("12/04/1985", None),
            ("", None),
        ] {
            assert_eq!(partial_date(text).map(|date| date.to_string()).as_deref(), date, "{text}");
        }
    }
}
