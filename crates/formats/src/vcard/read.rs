//! From vCard to contacts.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::Read,
};

use passerelle_contacts::{
    Address, Contact, Email, Im, Labelled, LabelledDate, Organization, PartialDate, Phone, address_key,
    email_key, im_key, keyed, phone_key, relation_key, text_key, url_key,
};

use super::{
    full_name,
    labels::{label_of, label_of_apple},
    own,
    rest::{PARAMS, Understood, address_of, family, organization_of, rest_of, without_scheme},
    without_particle,
};
use crate::{
    BadRecord, Imported, Options, Reason,
    content::{Component, Line, Piece, Pieces, left_over, summary_of},
    membership::labels_of,
    text::{plain_address, several_addresses},
};

/// The cards of a file.
pub(crate) struct Cards<R> {
    pieces: Pieces<R>,
    options: Options,
    /// Whether lines are being read that stand in no card.
    outside: bool,
}

impl<R: Read> Cards<R> {
    pub(crate) fn new(reader: R, options: Options) -> Self {
        Cards { pieces: Pieces::new(reader, &["VCARD"]), options, outside: false }
    }

    /// Tells the first of some lines that say something of somebody and stand in no card.
    fn stray(&mut self, line: &Line) -> Option<BadRecord> {
        let says =
            matches!(line.name.as_str(), "N" | "FN" | "TEL" | "EMAIL" | "ADR" | "ORG" | "NOTE" | "URL");
        if matches!(line.name.as_str(), "BEGIN" | "END") {
            self.outside = false;
        } else if says && !line.value.trim().is_empty() && !std::mem::replace(&mut self.outside, true) {
            let name = line.unescaped().replace(';', " ");
            return Some(BadRecord::new(line.number, name.trim(), Reason::NoBegin));
        }
        None
    }
}

impl<R: Read> Iterator for Cards<R> {
    type Item = Result<Imported<Contact>, BadRecord>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            match self.pieces.next()? {
                Ok(Piece::Component(card)) => {
                    self.outside = false;
                    return Some(contact_of(&card, &self.options));
                }
                Ok(Piece::Line(line)) => {
                    if let Some(bad) = self.stray(&line) {
                        return Some(Err(bad));
                    }
                }
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
    /// How the line that was taken last was understood.
    label: String,
    preferred: bool,
    more: bool,
}

/// The label, whether it is the preferred one, whether the value holds more.
type Understanding = (String, bool, bool);

/// Tells whether a property only helps to read others, or is one of our own.
fn is_helper(name: &str) -> bool {
    matches!(name, "VERSION" | "PRODID" | "X-ABLABEL" | "X-ABADR") || name.starts_with("X-PASSERELLE-")
}

/// What the lines of one group say about each other.
struct Groups<'a> {
    labels: BTreeMap<&'a str, String>,
    countries: BTreeMap<&'a str, String>,
    used: std::cell::RefCell<BTreeSet<&'a str>>,
    /// The lowest `PREF` of each property: that of the preferred one.
    lowest: BTreeMap<&'a str, u32>,
    /// How many lines each property has, by whichever of its names.
    counts: BTreeMap<&'a str, usize>,
    old: bool,
}

impl<'a> Groups<'a> {
    fn of(card: &'a Component) -> Self {
        let named = |name: &'static str| {
            card.lines.iter().filter(move |line| line.name == name && !line.group.is_empty())
        };
        let mut counts = BTreeMap::new();
        for line in &card.lines {
            *counts.entry(family(&line.name)).or_default() += 1;
        }
        Groups {
            counts,
            labels: named("X-ABLABEL")
                .map(|line| (line.group.as_str(), label_of_apple(&line.unescaped())))
                .collect(),
            countries: named("X-ABADR")
                .map(|line| (line.group.as_str(), line.unescaped()))
                .filter(|(_, code)| code.len() == 2)
                .collect(),
            used: Default::default(),
            lowest: lowest_prefs(card),
            old: card.text("VERSION").trim().starts_with('2'),
        }
    }

    /// Tells whether a line is the preferred one of its property: of numbers the lowest is.
    fn is_preferred(&self, line: &Line) -> bool {
        match line.param("PREF").map(|number| number.trim().parse::<u32>()) {
            Some(Ok(number)) => number < LEAST && self.lowest.get(line.name.as_str()) == Some(&number),
            Some(Err(_)) => true,
            None => line.param_list("TYPE").iter().any(|value| value == "pref"),
        }
    }

    /// Returns the label of a line: written out, or by its types.
    fn label(&self, line: &'a Line) -> String {
        self.used.borrow_mut().insert(&line.group);
        match self.labels.get(line.group.as_str()) {
            Some(label) => label.clone(),
            None => label_of(&line.param_values("TYPE")),
        }
    }
}

/// The `PREF` that says no more than none at all (RFC 6350 §5.3).
const LEAST: u32 = 100;

fn lowest_prefs(card: &Component) -> BTreeMap<&str, u32> {
    let mut lowest = BTreeMap::new();
    for line in &card.lines {
        // The word of vCard 3 is the first of vCard 4.
        let word = line.param_list("TYPE").iter().any(|known| known == "pref").then_some(1);
        let number = line.param("PREF").map_or(word, |number| number.trim().parse::<u32>().ok());
        if let Some(number) = number {
            let known = lowest.entry(line.name.as_str()).or_insert(number);
            *known = number.min(*known);
        }
    }
    lowest
}

fn contact_of(card: &Component, options: &Options) -> Result<Imported<Contact>, BadRecord> {
    let groups = Groups::of(card);
    let mut draft = Draft::default();
    let kept = draft.take_all(card, &groups);
    let of_used = |line: &&Line| {
        let used = groups.used.borrow();
        match line.name.as_str() {
            "X-ABLABEL" => !used.contains(line.group.as_str()),
            "X-ABADR" => !used.contains(line.group.as_str()) || line.value.trim().len() != 2,
            _ => false,
        }
    };
    draft.unknown.extend(card.lines.iter().filter(of_used).map(Line::to_text));
    draft.unknown.extend(children_of(card));
    let mut unknown = std::mem::take(&mut draft.unknown);
    let full = draft.full.clone();
    let contact = draft.finish(options);
    let others: Vec<&Line> = kept.into_iter().filter(|line| line.name == "FN").collect();
    if says_more(&full, &contact) || (contact.name.has_parts() && !others.is_empty()) {
        // All of them, in their order: an export then writes no other.
        let at = unknown.iter().position(|text| is_full_name(text)).unwrap_or(unknown.len());
        unknown.insert(at, Line::text("FN", &full).to_text());
    }
    if passerelle_contacts::validate(&contact).contains(&passerelle_contacts::Problem::Empty) {
        return Err(BadRecord::new(card.line, summary_of(card), Reason::Empty));
    }
    Ok(Imported { record: contact, unknown, line: card.line, nth: 0 })
}

/// Tells whether a leftover is another whole name.
pub(crate) fn is_full_name(text: &str) -> bool {
    let name = text.split([':', ';']).next().unwrap_or_default();
    name.rsplit('.').next().unwrap_or_default().eq_ignore_ascii_case("FN")
}

/// Returns the cards within a card, such as that of an agent in vCard 2.1, each as one text.
fn children_of(card: &Component) -> impl Iterator<Item = String> {
    card.children.iter().map(|child| {
        let mut text = String::new();
        text_of(child, &mut text);
        if child.name == "VCARD" { Line::text("AGENT", &text).to_text() } else { text }
    })
}

fn text_of(component: &Component, text: &mut String) {
    text.push_str(&format!("BEGIN:{}\n", component.name));
    for line in &component.lines {
        text.push_str(&line.to_text());
        text.push('\n');
    }
    component.children.iter().for_each(|child| text_of(child, text));
    text.push_str(&format!("END:{}\n", component.name));
}

impl Draft {
    /// Takes every line over, and returns those that were not understood.
    fn take_all<'a>(&mut self, card: &'a Component, groups: &Groups<'a>) -> Vec<&'a Line> {
        let mut alternatives = BTreeSet::new();
        let mut taken: Vec<(&Line, Understanding)> = Vec::new();
        let mut kept: Vec<&Line> = Vec::new();
        for line in &card.lines {
            (self.preferred, self.more) = (false, false);
            self.label.clear();
            // Further lines of one ALTID say the same in another language.
            let alternative = line.param("ALTID").map(|id| (line.name.as_str(), id));
            let another = alternative.is_some_and(|alternative| alternatives.contains(&alternative));
            if line.name == "AGENT" && line.value.trim().is_empty() && !card.children.is_empty() {
                continue;
            }
            if another || !self.take(line, groups) {
                kept.push(line);
            } else if !is_helper(&line.name) {
                alternatives.extend(alternative);
                // The only one of its kind is preferred to none.
                self.preferred |= groups.counts.get(family(&line.name)) == Some(&1);
                taken.push((line, (self.label.clone(), self.preferred, self.more)));
            }
        }
        let used = groups.used.borrow();
        // A label of a line that has no place for one is kept as well.
        let labels = card.lines.iter().filter(|line| line.name == "X-ABLABEL");
        let labels = labels.filter(|line| !used.contains(line.group.as_str()));
        let tied = kept.iter().copied().chain(labels).map(|line| line.group.as_str());
        let tied: BTreeSet<&str> = tied.filter(|group| !group.is_empty()).collect();
        let mut texts: Vec<(usize, String)> =
            kept.iter().map(|line| (line.number, left_over(line))).collect();
        texts.extend(taken.iter().filter_map(|(line, (label, preferred, more))| {
            let grouped = tied.contains(line.group.as_str());
            let understood = Understood { label, preferred: *preferred, grouped, value: *more };
            Some((line.number, rest_of(line, &understood)?))
        }));
        texts.sort_by_key(|(number, _)| *number);
        self.unknown.extend(texts.into_iter().map(|(_, text)| text));
        kept
    }

    /// Takes a line over; tells whether it was understood.
    fn take<'a>(&mut self, line: &'a Line, groups: &Groups<'a>) -> bool {
        let contact = &mut self.contact;
        match line.name.as_str() {
            "VERSION" | "PRODID" | "X-ABLABEL" | "X-ABADR" => {}
            PARAMS => return false,
            "UID" if contact.uid.is_empty() => contact.uid = line.unescaped(),
            "FN" if self.full.is_empty() => self.full = line.unescaped(),
            "FN" => return self.full == line.unescaped(),
            "N" => return self.name(line, groups.old),
            own::FULL => self.own_full = Some(line.unescaped()),
            own::PARTICLE => self.particle = line.unescaped(),
            "X-PHONETIC-FIRST-NAME" if !contact.name.phonetic_given.is_empty() => return false,
            "X-PHONETIC-LAST-NAME" if !contact.name.phonetic_surname.is_empty() => return false,
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
            // Outlook writes it empty where it knows none.
            "BDAY" | "ANNIVERSARY" | "X-ANNIVERSARY" | "X-WEDDING" | "X-EVOLUTION-ANNIVERSARY"
                if line.value.trim().is_empty() && line.params.is_empty() => {}
            "BDAY" if contact.birthday.is_none() => {
                contact.birthday = date_of(line);
                self.more = has_time(line);
                return contact.birthday.is_some();
            }
            "ANNIVERSARY" | "X-ANNIVERSARY" | "X-WEDDING" | "X-EVOLUTION-ANNIVERSARY" => {
                return self.date(line, "anniversary".to_owned());
            }
            "X-ABDATE" => {
                let apple = groups.labels.get(line.group.as_str()).cloned().unwrap_or_default();
                groups.used.borrow_mut().insert(&line.group);
                return self.date(line, apple);
            }
            // Another card, not a name.
            "RELATED" if line.value.trim_start().to_ascii_lowercase().starts_with("urn:") => return false,
            "RELATED" | "X-ABRELATEDNAMES" => return self.relation(line, groups.label(line)),
            "X-SPOUSE" | "X-EVOLUTION-SPOUSE" => return self.relation(line, "spouse".to_owned()),
            "X-MANAGER" | "X-EVOLUTION-MANAGER" => return self.relation(line, "manager".to_owned()),
            "X-ASSISTANT" | "X-EVOLUTION-ASSISTANT" => return self.relation(line, "assistant".to_owned()),
            "NOTE" => {
                let note = line.unescaped();
                let between = if contact.notes.is_empty() || note.is_empty() { "" } else { "\n" };
                contact.notes.push_str(between);
                contact.notes.push_str(&note);
            }
            "CATEGORIES" if groups.old && !line.value.contains(',') => {
                self.groups.extend(line.parts(';').into_iter().filter(|text| !text.trim().is_empty()));
            }
            "CATEGORIES" => self.groups.extend(texts(line)),
            own::CUSTOM => self.custom.push(Labelled {
                label: line.param("LABEL").unwrap_or_default().to_owned(),
                value: line.unescaped(),
            }),
            "PHOTO" => return self.photo(line),
            "CLASS" => return self.class(&line.value),
            own::PRIVATE => contact.private |= line.value.trim().eq_ignore_ascii_case("TRUE"),
            _ => return false,
        }
        true
    }

    /// A card is private if it says so in any word but "public"; a word other than "private" is kept.
    fn class(&mut self, value: &str) -> bool {
        let class = value.trim().to_ascii_uppercase();
        self.contact.private |= !matches!(class.as_str(), "" | "PUBLIC");
        matches!(class.as_str(), "" | "PUBLIC" | "PRIVATE")
    }

    /// The first name is the one; it may hold lists, and parts that came with RFC 9554.
    fn name(&mut self, line: &Line, old: bool) -> bool {
        if self.contact.name.has_parts() {
            return false;
        }
        let written = line.parts(';');
        let further = written.iter().skip(5).any(|part| !part.trim().is_empty());
        self.more = further || (!old && crate::content::split(&line.value, ',').len() > 1);
        let mut parts = line.parts(';').into_iter();
        let mut next = || parts.next().unwrap_or_default().trim().to_owned();
        let name = &mut self.contact.name;
        (name.surname, name.given, name.middle, name.prefix, name.suffix) =
            (next(), next(), next(), next(), next());
        true
    }

    /// Organisations in a group `org1`, `org2` … are further ones; of others the first is the main one.
    fn organization(&mut self, line: &Line) {
        let (name, department) = organization_of(line);
        self.more = line.parts(';').iter().skip(1).filter(|part| !part.trim().is_empty()).count() > 1;
        let main = &mut self.contact.organization;
        if !is_further(&line.group) && main.name.is_empty() && main.department.is_empty() {
            (main.name, main.department) = (name, department);
        } else {
            let is_taken = |known: &Organization| !known.name.is_empty() || !known.department.is_empty();
            let other = self.further(&line.group, is_taken);
            (other.name, other.department) = (name, department);
        }
    }

    /// Returns the further organisation of a group; two of one group are two.
    fn further(&mut self, group: &str, is_taken: impl Fn(&Organization) -> bool) -> &mut Organization {
        let alone = group.is_empty() || self.grouped.get(group).is_some_and(is_taken);
        let group = if alone { format!(" {}", self.grouped.len()) } else { group.to_owned() };
        self.grouped.entry(group).or_default()
    }

    fn title(&mut self, line: &Line) -> bool {
        if is_further(&line.group) {
            let is_taken = |known: &Organization| !known.title.is_empty();
            self.further(&line.group, is_taken).title = line.unescaped();
        } else if self.contact.organization.title.is_empty() {
            self.contact.organization.title = line.unescaped();
        } else {
            return false;
        }
        true
    }

    fn email<'a>(&mut self, line: &'a Line, groups: &Groups<'a>) -> bool {
        let text = line.unescaped();
        let (name, plain) = plain_address(&text);
        // Who is named beside it is kept as it was written.
        self.more = name.is_some();
        let addresses = several_addresses(plain).unwrap_or_else(|| vec![plain]);
        let addresses = addresses.into_iter().filter(|address| !address.trim().is_empty());
        for (place, address) in addresses.enumerate() {
            let (label, preferred) = self.understand(line, groups);
            self.emails.push(Email {
                address: address.to_owned(),
                label,
                preferred: preferred && place == 0,
            });
        }
        true
    }

    fn phone<'a>(&mut self, line: &'a Line, groups: &Groups<'a>) -> bool {
        let number = line.unescaped();
        let number = without_scheme(&number, &["tel:"]).to_owned();
        if !number.trim().is_empty() {
            let (label, preferred) = self.understand(line, groups);
            self.phones.push(Phone { number, label, preferred });
        }
        true
    }

    /// Returns the label of a line, and whether it is the preferred one.
    fn understand<'a>(&mut self, line: &'a Line, groups: &Groups<'a>) -> (String, bool) {
        self.label = groups.label(line);
        self.preferred = groups.is_preferred(line);
        (self.label.clone(), self.preferred)
    }

    fn address<'a>(&mut self, line: &'a Line, groups: &Groups<'a>) -> bool {
        let (address, more) = address_of(line);
        let code = line.param("CC").or_else(|| groups.countries.get(line.group.as_str()).map(String::as_str));
        let country_code = code.filter(|code| code.len() == 2).unwrap_or_default().to_ascii_uppercase();
        let (label, preferred) = self.understand(line, groups);
        let address = Address { country_code, ..address };
        self.more = more;
        if address != Address::default() {
            self.addresses.push(Address { label, preferred, ..address });
        }
        true
    }

    fn url<'a>(&mut self, line: &'a Line, groups: &Groups<'a>) -> bool {
        let value = line.unescaped();
        if !value.trim().is_empty() {
            self.label = groups.label(line);
            self.urls.push(Labelled { label: self.label.clone(), value });
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
            self.label = groups.label(line);
            self.ims.push(Im { service, handle, label: self.label.clone() });
        }
        true
    }

    fn date(&mut self, line: &Line, label: String) -> bool {
        let Some(date) = date_of(line) else { return false };
        self.more = has_time(line);
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
        self.label.clone_from(&label);
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
        let nicknames = self.nicknames.into_iter().map(|name| (text_key(&name), name));
        contact.nicknames = keyed(nicknames);
        contact.groups = labels_of(self.groups);
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

/// Tells whether a day has a time of day that says something, or any other word behind it.
fn has_time(line: &Line) -> bool {
    let value = line.value.trim();
    let time = value.split_once(['T', ' ']).map(|(_, time)| time).unwrap_or_default();
    time.chars().any(|c| !matches!(c, '0' | ':' | '.' | '-' | '+' | 'Z' | 'z' | ' '))
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
    if !day.starts_with("--") && day.contains('-') {
        let mut numbers = day.split('-').map(|part| part.parse::<u32>().ok());
        let year = numbers.next()??;
        let year = i32::try_from(year).ok().filter(|_| day.find('-') == Some(4))?;
        let (month, day) = (numbers.next()??, numbers.next());
        if numbers.next().is_some() || day == Some(None) {
            return None;
        }
        // "0000" and "1604" are years that nobody knows: the first one needs no parameter to say so.
        let year = (year != 0).then_some(year);
        return PartialDate::new(year, Some(month), day.flatten()).ok();
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
            ("1985-1-1", Some("1985-01-01")),
            ("1985-4-12", Some("1985-04-12")),
            ("0000-04-12", Some("--04-12")),
            ("12/04/1985", None),
            ("1985-04-", None),
            ("1985-04-12-99", None),
            ("", None),
        ] {
            assert_eq!(partial_date(text).map(|date| date.to_string()).as_deref(), date, "{text}");
        }
    }
}
