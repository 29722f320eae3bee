//! A person of Google's and a contact of ours, both ways, without any I/O.
//!
//! What must stay true: a field that is written is built from what Google holds, changed item by
//! item (P33, P73); what Google computes is never sent back (P65 to P69); what a contact holds and
//! Google does not goes to `clientData` (see the README's table).

pub(crate) mod lists;
pub(crate) mod marks;

use std::collections::{BTreeMap, BTreeSet};

use passerelle_contacts::{Contact, Name, Order, Organization, PartialDate, text_key};
use passerelle_ports::{CreateKey, EntryId, Opaque, Stamp};
use serde_json::{Map, Value, json};

use crate::{
    groups::Directory,
    wire::{Item, MY_CONTACTS, Person, text},
};
use lists::{Both, List, Rests};
use marks::Marks;

/// Fields that we do not model: kept as they are, and brought back with a contact.
const FOREIGN: [&str; 9] = [
    "calendarUrls",
    "externalIds",
    "genders",
    "interests",
    "locales",
    "locations",
    "miscKeywords",
    "occupations",
    "sipAddresses",
];

/// Of them, those that somebody has typed and sees.
const SEEN: [&str; 5] = ["genders", "interests", "locations", "occupations", "sipAddresses"];

/// Groups of the system that a contact may be put into, beside "Contacts" (P84).
const STARRED: &str = "contactGroups/starred";

/// The type of the one event that is a member of ours.
const ANNIVERSARY: &str = "anniversary";

/// What a conversion needs to know beside the person.
#[derive(Clone, Copy)]
pub(crate) struct Context<'a> {
    /// The labels of the account.
    pub(crate) groups: &'a Directory,
    /// The country whose way of writing numbers counts.
    pub(crate) region: Option<&'a str>,
}

/// A person, as the domain knows it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Card {
    pub(crate) record: Contact,
    pub(crate) opaque: Opaque,
    pub(crate) key: Option<CreateKey>,
    pub(crate) made: Option<EntryId>,
    pub(crate) stamp: Option<Stamp>,
}

/// The fields of a person that are to be written; an empty list clears its field.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Draft {
    pub(crate) fields: BTreeMap<&'static str, Vec<Item>>,
}

impl Draft {
    /// Returns the mask: exactly the fields that are sent (P33, incident 43).
    pub(crate) fn mask(&self) -> String {
        self.fields.keys().copied().collect::<Vec<_>>().join(",")
    }

    /// Returns the person as it will be.
    pub(crate) fn applied_to(&self, person: &Person) -> Person {
        let mut person = person.clone();
        for (field, items) in &self.fields {
            person.set(field, items.clone());
        }
        person
    }

    fn set(&mut self, field: &'static str, items: Option<Vec<Item>>) {
        if let Some(items) = items {
            self.fields.insert(field, items);
        }
    }
}

/// Reads a person.
pub(crate) fn from_google(person: &Person, context: Context<'_>) -> Card {
    let marks = Marks::read(person);
    let region = context.region;
    let (main, others) = organizations(person, &marks);
    let (anniversary, dates) = events(person);
    let record = Contact {
        uid: marks.uid.clone(),
        name: name_of(person, &marks),
        nicknames: list::<lists::Nicknames>(person, &marks, region),
        organization: main.as_ref().map(lists::organization_of).unwrap_or_default(),
        other_organizations: lists::read::<lists::OtherOrganizations>(&others, &marks, region),
        emails: list::<lists::Emails>(person, &marks, region),
        phones: list::<lists::Phones>(person, &marks, region),
        addresses: list::<lists::Addresses>(person, &marks, region),
        urls: list::<lists::Urls>(person, &marks, region),
        ims: list::<lists::Ims>(person, &marks, region),
        birthday: person.items("birthdays").first().and_then(date_of),
        anniversary: anniversary.as_ref().and_then(date_of),
        dates: lists::read::<lists::Dates>(&dates, &marks, region),
        relations: list::<lists::Relations>(person, &marks, region),
        notes: person
            .items("biographies")
            .first()
            .map(|item| text(item, "value").to_owned())
            .unwrap_or_default(),
        groups: groups_of(person, context.groups),
        custom: list::<lists::Custom>(person, &marks, region),
        photo: photo_of(person),
        private: marks.private,
        order: order_of(person, &others, &dates, &marks, region),
    };
    let opaque = opaque_of(person, &marks, context);
    Card { record, opaque, key: marks.key, made: marks.made, stamp: marks.stamp }
}

/// Returns the order in which Google holds the entries of each list.
fn order_of(person: &Person, others: &[Item], dates: &[Item], marks: &Marks, region: Option<&str>) -> Order {
    let mut order = Order::default();
    macro_rules! keep {
        ($($list:ident),*) => {$(
            let items = person.items(lists::$list::FIELD);
            order.keep(lists::$list::MEMBER, lists::keys_of::<lists::$list>(&items, marks, region));
        )*};
    }
    keep!(Nicknames, Emails, Phones, Addresses, Urls, Ims, Relations, Custom);
    let others = lists::keys_of::<lists::OtherOrganizations>(others, marks, region);
    order.keep(lists::OtherOrganizations::MEMBER, others);
    order.keep(lists::Dates::MEMBER, lists::keys_of::<lists::Dates>(dates, marks, region));
    order
}

/// Makes a new person of a contact, with the leftovers of the copy that it brings back.
pub(crate) fn create(
    record: &Contact,
    opaque: Option<&Opaque>,
    key: &CreateKey,
    stamp: Stamp,
    context: Context<'_>,
) -> Draft {
    let Leftovers { person, rests } = Leftovers::of(opaque);
    let marks =
        Marks { key: Some(key.clone()), made: Some(stamp), stamp: Some(stamp), ..Marks::read(&person) };
    let mut draft = changed(&person, &rests, (&Contact::default(), record), marks, context);
    for field in SINGLE.into_iter().map(|(field, _)| field).chain(["organizations"]) {
        let rest = rests.get(field).and_then(|rests| rests.get("")).filter(|rest| rest.iter().any(is_typed));
        if let Some(rest) = rest.filter(|_| !draft.fields.contains_key(field)) {
            draft.fields.insert(field, vec![rest.clone()]);
        }
    }
    for (field, items) in FOREIGN.into_iter().map(|field| (field, person.items(field))) {
        if !items.is_empty() {
            draft.fields.insert(field, items);
        }
    }
    draft.fields.insert("memberships", memberships(&person, &Contact::default(), record, context.groups));
    draft.fields.retain(|_, items| !items.is_empty());
    draft
}

/// Changes a person by the difference between two contacts.
pub(crate) fn update(
    current: &Person,
    (from, to): (&Contact, &Contact),
    stamp: Stamp,
    context: Context<'_>,
) -> Draft {
    let marks = Marks { stamp: Some(stamp), ..Marks::read(current) };
    changed(current, &BTreeMap::new(), (from, to), marks, context)
}

/// Changes nothing but the stamp, which no person sees.
pub(crate) fn mark(current: &Person, stamp: Stamp) -> Draft {
    let marks = Marks { stamp: Some(stamp), ..Marks::read(current) };
    Draft { fields: BTreeMap::from([("clientData", marks.write())]) }
}

/// Changes a person by the difference between two contacts, and puts leftovers and the order of its lists back.
pub(crate) fn restore(
    current: &Person,
    (from, to): (&Contact, &Contact),
    wanted: &Opaque,
    stamp: Stamp,
    context: Context<'_>,
) -> Draft {
    let wanted = Leftovers::of(Some(wanted));
    let mut marks = Marks { stamp: Some(stamp), ..Marks::read(current) };
    let restored = restored(current, &wanted, (from, to), &marks, context);
    marks.others = wanted.person.items("clientData");
    let mut draft = changed(&restored, &wanted.rests, (from, to), marks.clone(), context);
    for field in restorable() {
        let (now, then) = (current.items(field), restored.items(field));
        if now != then && !draft.fields.contains_key(field) {
            draft.fields.insert(field, then.iter().map(cleaned).collect());
        }
    }
    let starred = |person: &Person| group_names(person).iter().any(|name| name == STARRED);
    if starred(&wanted.person) != starred(current) {
        let mut items = memberships(current, from, to, context.groups);
        let is_star = |item: &Item| *item == membership(STARRED);
        items.retain(|item| !is_star(item));
        if starred(&wanted.person) {
            items.push(membership(STARRED));
        }
        draft.fields.insert("memberships", items);
    }
    unmark_first(&mut draft, &marks);
    draft
}

/// The fields that may hold leftovers, apart from memberships and the properties of programs.
fn restorable() -> impl Iterator<Item = &'static str> {
    let lists = [
        lists::Nicknames::FIELD,
        lists::Emails::FIELD,
        lists::Phones::FIELD,
        lists::Addresses::FIELD,
        lists::Urls::FIELD,
        lists::Ims::FIELD,
        lists::Relations::FIELD,
        lists::Custom::FIELD,
        lists::OtherOrganizations::FIELD,
        lists::Dates::FIELD,
    ];
    FOREIGN.into_iter().chain(lists).chain(SINGLE.into_iter().map(|(field, _)| field))
}

/// Returns the person with leftovers, and with the order of its lists, as they were.
fn restored(
    current: &Person,
    wanted: &Leftovers,
    (from, to): (&Contact, &Contact),
    marks: &Marks,
    context: Context<'_>,
) -> Person {
    let mut person = current.clone();
    for field in FOREIGN {
        person.set(field, wanted.person.items(field));
    }
    let none = Rests::new();
    let rest = |field: &str| wanted.rests.get(field).unwrap_or(&none);
    macro_rules! put {
        ($list:ident: $member:ident of $items:expr) => {{
            let field = lists::$list::FIELD;
            let order =
                lists::reordered::<lists::$list>((&from.order, &from.$member), (&to.order, &to.$member));
            let left = (rest(field), wanted.person.items(field));
            lists::restored::<lists::$list>($items, left, order, marks, context.region)
        }};
    }
    macro_rules! put_all {
        ($($list:ident: $member:ident),*) => {$(
            let items = put!($list: $member of &current.items(lists::$list::FIELD));
            person.set(lists::$list::FIELD, items);
        )*};
    }
    put_all!(
        Nicknames: nicknames, Emails: emails, Phones: phones, Addresses: addresses, Urls: urls, Ims: ims,
        Relations: relations, Custom: custom
    );
    let (main, others) = organizations(current, marks);
    let others = put!(OtherOrganizations: other_organizations of &others);
    let main = main.map(|item| {
        lists::with_rest(&item, lists::OtherOrganizations::MODELLED, rest("organizations").get(""))
    });
    person.set("organizations", main.into_iter().chain(others).collect());
    let (anniversary, dates) = events(current);
    let dates = put!(Dates: dates of &dates);
    let anniversary =
        anniversary.map(|item| lists::with_rest(&item, lists::Dates::MODELLED, rest("events").get("")));
    person.set("events", anniversary.into_iter().chain(dates).collect());
    for (field, modelled) in SINGLE {
        let items = current.items(field);
        let first = items.first().map(|item| lists::with_rest(item, modelled, rest(field).get("")));
        person.set(field, first.into_iter().chain(items.into_iter().skip(1)).collect());
    }
    person
}

fn changed(
    current: &Person,
    rests: &BTreeMap<String, Rests>,
    (from, to): (&Contact, &Contact),
    mut marks: Marks,
    context: Context<'_>,
) -> Draft {
    let mut draft = Draft::default();
    let none = Rests::new();
    let rest = |field: &str| rests.get(field).unwrap_or(&none);
    let one =
        |field: &str| current.items(field).first().map(cleaned).or_else(|| rest(field).get("").cloned());
    macro_rules! keyed {
        ($($list:ident: $member:ident),*) => {$(
            let field = lists::$list::FIELD;
            let both = Both::of((&from.$member, &from.order), (&to.$member, &to.order));
            let items = current.items(field);
            draft.set(field, lists::change::<lists::$list>(&items, rest(field), both, &mut marks, context.region));
        )*};
    }
    keyed!(
        Nicknames: nicknames, Emails: emails, Phones: phones, Addresses: addresses, Urls: urls, Ims: ims,
        Relations: relations, Custom: custom
    );
    let organizations =
        changed_organizations(current, rest("organizations"), (from, to), &mut marks, context);
    draft.set("organizations", organizations);
    draft.set("events", changed_events(current, rest("events"), (from, to), &mut marks, context));
    if from.name != to.name {
        let name = changed_name(one("names").unwrap_or_default(), &to.name, &mut marks);
        draft.fields.insert("names", non_empty(name));
    }
    if from.birthday != to.birthday {
        let item = changed_date(one("birthdays").unwrap_or_default(), to.birthday);
        draft.fields.insert("birthdays", non_empty(item));
    }
    if from.notes != to.notes {
        draft.fields.insert("biographies", notes_to(&to.notes, one("biographies")));
    }
    if !from.groups.keys().eq(to.groups.keys()) {
        draft.fields.insert("memberships", memberships(current, from, to, context.groups));
    }
    if from.uid != to.uid {
        marks.uid.clone_from(&to.uid);
    }
    marks.private = to.private;
    marks.preferred = preferred(to);
    draft.fields.insert("clientData", marks.write());
    unmark_first(&mut draft, &marks);
    draft
}

/// Leaves out what says no more than the order: the first item is the primary one, unless a person
/// of ours prefers another (P64).
fn unmark_first(draft: &mut Draft, marks: &Marks) {
    const PREFERRING: [(&str, &str); 3] =
        [("emailAddresses", "emails/"), ("phoneNumbers", "phones/"), ("addresses", "addresses/")];
    for (field, items) in &mut draft.fields {
        let member = PREFERRING.iter().find(|(preferring, _)| preferring == field).map(|(_, member)| *member);
        let chosen =
            member.is_some_and(|member| marks.preferred.iter().any(|entry| entry.starts_with(member)));
        if let Some(first) = items.first_mut().filter(|_| !chosen && *field != "memberships") {
            first.remove("metadata");
        }
    }
}

/// Returns an item without what Google computes and what is no part of it.
pub(crate) fn cleaned(item: &Item) -> Item {
    let mut item = item.clone();
    let primary = item.remove("metadata").is_some_and(|metadata| metadata["sourcePrimary"] == true);
    for computed in ["formattedType", "formattedProtocol", "canonicalForm", "displayNameLastFirst"] {
        item.remove(computed);
    }
    if lists::is_built(&item) {
        item.remove("formattedValue");
    }
    if primary && !item.is_empty() {
        item.insert("metadata".to_owned(), json!({"sourcePrimary": true}));
    }
    item
}

fn list<L: List>(person: &Person, marks: &Marks, region: Option<&str>) -> BTreeMap<String, L::Entry> {
    lists::read::<L>(&person.items(L::FIELD), marks, region)
}

fn non_empty(item: Item) -> Vec<Item> {
    let told = item.keys().any(|member| member != "metadata" && member != "contentType");
    if told { vec![item] } else { Vec::new() }
}

const TYPES: [(&str, &str); 10] = [
    ("homeFax", "home_fax"),
    ("workFax", "work_fax"),
    ("otherFax", "other_fax"),
    ("workMobile", "work_mobile"),
    ("workPager", "work_pager"),
    ("googleVoice", "google_voice"),
    ("homePage", "home_page"),
    ("appInstallPage", "app_install_page"),
    ("domesticPartner", "domestic_partner"),
    ("referredBy", "referred_by"),
];

/// Returns our label for an item's type.
fn label_of(item: &Item) -> String {
    let kind = text(item, "type");
    TYPES.iter().find(|(google, _)| *google == kind).map_or(kind, |(_, ours)| ours).to_owned()
}

/// Returns Google's type for a label.
fn type_of(label: &str) -> String {
    TYPES.iter().find(|(_, ours)| *ours == label).map_or(label, |(google, _)| google).to_owned()
}

/// Reads the `date` of a birthday or an event; a year of 0 is an unknown one (P67).
fn date_of(item: &Item) -> Option<PartialDate> {
    let date = item.get("date")?;
    let part = |name: &str| date[name].as_i64().filter(|part| *part != 0);
    let small = |name: &str| part(name).map(|part| u32::try_from(part).unwrap_or(u32::MAX));
    let year = part("year").map(|year| i32::try_from(year).unwrap_or(i32::MAX));
    PartialDate::new(year, small("month"), small("day")).ok()
}

fn date_to(date: PartialDate) -> Value {
    let mut members = Map::new();
    let parts = [
        ("year", date.year.map(i64::from)),
        ("month", date.month.map(i64::from)),
        ("day", date.day.map(i64::from)),
    ];
    for (name, part) in parts {
        if let Some(part) = part {
            members.insert(name.to_owned(), part.into());
        }
    }
    Value::Object(members)
}

/// Writes a date; the text that only repeated the old one goes with it, what somebody typed stays (P67).
fn changed_date(mut item: Item, date: Option<PartialDate>) -> Item {
    if repeats(text(&item, "text"), date_of(&item)) {
        item.remove("text");
    }
    match date.filter(|date| !date.is_empty()) {
        Some(date) => drop(item.insert("date".to_owned(), date_to(date))),
        None => drop(item.remove("date")),
    }
    item
}

/// Tells whether a text says no more than a date: its numbers, with the name of a month at most.
fn repeats(text: &str, date: Option<PartialDate>) -> bool {
    let Some(date) = date else { return false };
    let words = text.split(|c: char| !c.is_alphabetic()).filter(|word| !word.is_empty()).count();
    let numbers = text.split(|c: char| !c.is_ascii_digit()).filter(|number| !number.is_empty());
    let numbers: Vec<i64> = numbers.map(|number| number.parse().unwrap_or(i64::MAX)).collect();
    let year = date.year.map(i64::from);
    let parts = [year, year.map(|year| year % 100), date.month.map(i64::from), date.day.map(i64::from)];
    let has_day = date.day.is_none_or(|day| numbers.contains(&i64::from(day)));
    words <= 1
        && !numbers.is_empty()
        && has_day
        && numbers.iter().all(|number| parts.contains(&Some(*number)))
}

/// Members of an entry that Google or a program sets, and that say nothing a person typed.
const SET: [&str; 6] =
    ["contentType", "current", "formattedValue", "fullTimeEquivalentMillipercent", "metadata", "type"];

/// Tells whether somebody typed a member.
fn is_typed((member, value): (&String, &Value)) -> bool {
    !SET.contains(&member.as_str()) && *value != Value::Null && value != ""
}

/// Names what no record holds of the entries that are read, by their leftovers: the members of an entry, and whole ones
/// that are none of ours.
fn beyond(person: &Person, left: &Map<String, Value>) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let entries = left.iter().filter(|(field, _)| {
        !FOREIGN.contains(&field.as_str()) && !["clientData", "memberships"].contains(&field.as_str())
    });
    for (field, rows) in entries {
        for row in rows.as_array().into_iter().flatten() {
            if let Some(rest) = row.get("rest").and_then(Value::as_object) {
                let typed = rest.iter().filter(|member| is_typed(*member));
                names.extend(typed.map(|(member, _)| format!("{field}.{member}")));
            } else if row.get("item").and_then(Value::as_object).is_some_and(|item| item.iter().any(is_typed))
            {
                names.insert(field.clone());
            }
        }
    }
    let birthday = person.items("birthdays").into_iter().next().unwrap_or_default();
    if repeats(text(&birthday, "text"), date_of(&birthday)) {
        names.remove("birthdays.text");
    }
    if birthday.contains_key("date") && date_of(&birthday).is_none() {
        names.insert("birthdays.date".to_owned());
    }
    // Google puts it together from the other ones.
    let name = person.items("names").into_iter().next().unwrap_or_default();
    if name.keys().any(|member| member.starts_with("phonetic") && member != "phoneticFullName") {
        names.remove("names.phoneticFullName");
    }
    names
}

fn notes_to(notes: &str, rest: Option<Item>) -> Vec<Item> {
    let kept = rest.filter(|item| text(item, "value").is_empty() && !item.is_empty());
    let kind = kept.map_or_else(|| "TEXT_PLAIN".to_owned(), |item| text(&item, "contentType").to_owned());
    if notes.is_empty() {
        return Vec::new();
    }
    let members = [("value", notes.to_owned()), ("contentType", kind)];
    vec![members.into_iter().map(|(name, value)| (name.to_owned(), Value::from(value))).collect()]
}

/// The parts of a name: Google's name of each, and ours. The family name is told apart.
type NamePart = (&'static str, fn(&mut Name) -> &mut String);
const NAME_PARTS: [NamePart; 6] = [
    ("honorificPrefix", |name| &mut name.prefix),
    ("givenName", |name| &mut name.given),
    ("middleName", |name| &mut name.middle),
    ("honorificSuffix", |name| &mut name.suffix),
    ("phoneticGivenName", |name| &mut name.phonetic_given),
    ("phoneticFamilyName", |name| &mut name.phonetic_surname),
];

/// Reads the name: its parts, or the whole where we sent no more than that (P65).
fn name_of(person: &Person, marks: &Marks) -> Name {
    let Some(item) = person.items("names").into_iter().next() else { return Name::default() };
    let mut name = Name::default();
    let whole = text(&item, "unstructuredName");
    let as_sent = !marks.full.is_empty() && marks.full == whole;
    for (member, part) in NAME_PARTS {
        if !as_sent || member.starts_with("phonetic") {
            text(&item, member).clone_into(part(&mut name));
        }
    }
    if as_sent {
        name.full.clone_from(&marks.full);
    } else {
        (name.particle, name.surname) = parted(text(&item, "familyName"), &marks.particle);
    }
    let unknown = Name { phonetic_given: String::new(), phonetic_surname: String::new(), ..name.clone() };
    if unknown == Name::default() {
        whole.clone_into(&mut name.full);
    }
    name
}

/// Parts "de Gaulle" into "de" and "Gaulle", if "de" is what we were told.
fn parted(family: &str, particle: &str) -> (String, String) {
    if particle.is_empty() {
        return (String::new(), family.to_owned());
    }
    let whole = joined(particle, "x");
    let start = whole.strip_suffix('x').unwrap_or(particle);
    match family.strip_prefix(start).or_else(|| (family == particle).then_some("")) {
        Some(rest) => (particle.to_owned(), rest.to_owned()),
        None => (String::new(), family.to_owned()),
    }
}

fn joined(particle: &str, surname: &str) -> String {
    if particle.is_empty() || surname.is_empty() || particle.ends_with(['\'', '’', ' ']) {
        format!("{particle}{surname}")
    } else {
        format!("{particle} {surname}")
    }
}

/// Writes the name: the parts, or the whole where there are none; never both (P65).
fn changed_name(mut item: Item, to: &Name, marks: &mut Marks) -> Item {
    let mut to = to.clone();
    item.remove("displayName");
    item.remove("unstructuredName");
    for (member, part) in NAME_PARTS {
        let held = text(&item, member).to_owned();
        lists::put(&mut item, member, &held, part(&mut to));
    }
    let family = joined(&to.particle, &to.surname);
    let held = text(&item, "familyName").to_owned();
    lists::put(&mut item, "familyName", &held, &family);
    marks.particle = to.particle;
    let written = ["honorificPrefix", "givenName", "middleName", "familyName", "honorificSuffix"];
    let has_parts = written.iter().any(|member| !text(&item, member).is_empty());
    marks.full = if has_parts { String::new() } else { to.full };
    lists::put(&mut item, "unstructuredName", "", &marks.full);
    item
}

/// Returns the main organisation, which is Google's primary one, and the others.
fn organizations(person: &Person, marks: &Marks) -> (Option<Item>, Vec<Item>) {
    let mut items = person.items("organizations");
    if marks.no_main || items.is_empty() {
        return (None, items);
    }
    let primary = |item: &Item| item.get("metadata").is_some_and(|metadata| metadata["primary"] == true);
    let main = items.iter().position(primary).unwrap_or(0);
    (Some(items.remove(main)), items)
}

fn changed_organizations(
    current: &Person,
    rests: &Rests,
    (from, to): (&Contact, &Contact),
    marks: &mut Marks,
    context: Context<'_>,
) -> Option<Vec<Item>> {
    let (main, items) = organizations(current, marks);
    let both = Both::of((&from.other_organizations, &from.order), (&to.other_organizations, &to.order));
    let others = lists::change::<lists::OtherOrganizations>(&items, rests, both, marks, context.region);
    if others.is_none() && from.organization == to.organization {
        return None;
    }
    let others = others.unwrap_or_else(|| items.iter().map(cleaned).collect());
    let mut first = main.as_ref().map(cleaned).or_else(|| rests.get("").cloned()).unwrap_or_default();
    let before = main.as_ref().map(lists::organization_of).unwrap_or_default();
    lists::write_organization(&to.organization, &before, &mut first);
    // What no record holds of it stays.
    let empty = to.organization == Organization::default() && !first.iter().any(is_typed);
    marks.no_main = empty && !others.is_empty();
    Some(if empty { others } else { std::iter::once(first).chain(others).collect() })
}

/// Returns the anniversary and the other events.
fn events(person: &Person) -> (Option<Item>, Vec<Item>) {
    let mut items = person.items("events");
    let at = items.iter().position(|item| text(item, "type") == ANNIVERSARY && date_of(item).is_some());
    (at.map(|at| items.remove(at)), items)
}

fn changed_events(
    current: &Person,
    rests: &Rests,
    (from, to): (&Contact, &Contact),
    marks: &mut Marks,
    context: Context<'_>,
) -> Option<Vec<Item>> {
    let (anniversary, items) = events(current);
    let both = Both::of((&from.dates, &from.order), (&to.dates, &to.order));
    let dates = lists::change::<lists::Dates>(&items, rests, both, marks, context.region);
    if dates.is_none() && from.anniversary == to.anniversary {
        return None;
    }
    let mut dates = dates.unwrap_or_else(|| items.iter().map(cleaned).collect());
    if let Some(date) = to.anniversary.filter(|date| !date.is_empty()) {
        let mut item =
            anniversary.as_ref().map(cleaned).or_else(|| rests.get("").cloned()).unwrap_or_default();
        item.insert("type".to_owned(), ANNIVERSARY.into());
        item.insert("date".to_owned(), date_to(date));
        dates.insert(0, item);
    }
    Some(dates)
}

pub(crate) fn group_names(person: &Person) -> Vec<String> {
    let items = person.items("memberships").into_iter();
    let names = items.filter_map(|item| {
        let group = item.get("contactGroupMembership")?.get("contactGroupResourceName")?;
        group.as_str().map(str::to_owned)
    });
    names.collect()
}

/// Returns the labels; the groups of the system are none (P81, P84).
fn groups_of(person: &Person, directory: &Directory) -> BTreeMap<String, String> {
    let names = group_names(person);
    let named = names.iter().filter_map(|resource| directory.name(resource));
    named.map(|name| (text_key(name), name.to_owned())).collect()
}

/// Returns the memberships: those that are there, without the labels taken away, with those given;
/// never none (P41, P44).
fn memberships(current: &Person, from: &Contact, to: &Contact, directory: &Directory) -> Vec<Item> {
    let mut resources = group_names(current);
    resources.retain(|resource| {
        let key = directory.name(resource).map(text_key);
        key.is_none_or(|key| !from.groups.contains_key(&key) || to.groups.contains_key(&key))
    });
    let given = to.groups.keys().filter_map(|key| directory.resource(key));
    resources.extend(given.map(str::to_owned));
    let is_new = from == &Contact::default() && current.resource_name().is_empty();
    if resources.is_empty() || is_new {
        resources.push(MY_CONTACTS.to_owned());
    }
    let mut seen = BTreeSet::new();
    resources.retain(|resource| seen.insert(resource.clone()));
    resources.iter().map(|resource| membership(resource)).collect()
}

fn membership(resource: &str) -> Item {
    Map::from_iter([("contactGroupMembership".to_owned(), json!({"contactGroupResourceName": resource}))])
}

/// Returns the address of the picture, unless Google drew it (P49).
/// Returns where the picture is that somebody gave to a person; none for one that Google drew (P49).
pub(crate) fn photo_of(person: &Person) -> String {
    let photos = person.items("photos");
    let own = photos.iter().find(|photo| photo.get("default") != Some(&Value::Bool(true)));
    own.map(|photo| text(photo, "url").to_owned()).unwrap_or_default()
}

fn preferred(contact: &Contact) -> BTreeSet<String> {
    let emails = contact.emails.iter().filter(|(_, email)| email.preferred).map(|(key, _)| ("emails", key));
    let phones = contact.phones.iter().filter(|(_, phone)| phone.preferred).map(|(key, _)| ("phones", key));
    let addresses = contact.addresses.iter().filter(|(_, address)| address.preferred);
    let addresses = addresses.map(|(key, _)| ("addresses", key));
    emails.chain(phones).chain(addresses).map(|(member, key)| format!("{member}/{key}")).collect()
}

/// Returns what a person holds that a contact does not.
fn opaque_of(person: &Person, marks: &Marks, context: Context<'_>) -> Opaque {
    let mut all = Map::new();
    let mut put = |field: &str, items: Vec<Value>| {
        if !items.is_empty() {
            all.insert(field.to_owned(), Value::Array(items));
        }
    };
    let objects = |items: Vec<Item>| items.iter().map(cleaned).map(Value::Object).collect::<Vec<_>>();
    for field in FOREIGN {
        put(field, objects(person.items(field)));
    }
    put("clientData", objects(marks.others.clone()));
    if group_names(person).iter().any(|name| name == STARRED) {
        put("memberships", vec![Value::Object(membership(STARRED))]);
    }
    macro_rules! rests {
        ($($list:ident),*) => {$(
            let field = lists::$list::FIELD;
            put(field, lists::rests::<lists::$list>(&person.items(field), marks, context.region));
        )*};
    }
    rests!(Nicknames, Emails, Phones, Addresses, Urls, Ims, Relations, Custom);
    let (main, others) = organizations(person, marks);
    let rests = lists::rests::<lists::OtherOrganizations>(&others, marks, context.region);
    put("organizations", first_rest(main, lists::OtherOrganizations::MODELLED).chain(rests).collect());
    let (anniversary, dates) = events(person);
    let rests = lists::rests::<lists::Dates>(&dates, marks, context.region);
    put("events", first_rest(anniversary, lists::Dates::MODELLED).chain(rests).collect());
    for (field, modelled) in SINGLE {
        put(field, first_rest(person.items(field).into_iter().next(), modelled).collect());
    }
    let seen = FOREIGN.into_iter().filter(|field| SEEN.contains(field) && all.contains_key(*field));
    let unshown: Vec<String> = seen.map(str::to_owned).chain(beyond(person, &all)).collect();
    if !unshown.is_empty() {
        all.insert(Opaque::UNSHOWN.to_owned(), unshown.into());
    }
    Opaque(if all.is_empty() { Value::Null } else { Value::Object(all) })
}

/// The fields of one value (P40), with the members that a contact models.
const SINGLE: [(&str, &[&str]); 3] = [
    (
        "names",
        &[
            "displayName",
            "unstructuredName",
            "honorificPrefix",
            "givenName",
            "middleName",
            "familyName",
            "honorificSuffix",
            "phoneticGivenName",
            "phoneticFamilyName",
        ],
    ),
    ("birthdays", &["date"]),
    ("biographies", &["value"]),
];

fn first_rest(item: Option<Item>, modelled: &[&str]) -> impl Iterator<Item = Value> {
    let mut rest = item.as_ref().map(cleaned).unwrap_or_default();
    rest.retain(|member, value| {
        let plain = member == "contentType" && value == "TEXT_PLAIN";
        !modelled.contains(&member.as_str()) && member != "metadata" && !plain
    });
    (!rest.is_empty()).then(|| json!({"key": "", "rest": rest})).into_iter()
}

/// Leftovers, read back: what stands by itself as a person, and the rest of each entry.
#[derive(Default)]
struct Leftovers {
    person: Person,
    rests: BTreeMap<String, Rests>,
}

impl Leftovers {
    fn of(opaque: Option<&Opaque>) -> Self {
        let mut leftovers = Leftovers::default();
        let Some(Value::Object(fields)) = opaque.map(|opaque| &opaque.0) else { return leftovers };
        for (field, items) in fields {
            let items = items.as_array().into_iter().flatten().filter_map(Value::as_object);
            let mut whole = Vec::new();
            for item in items {
                let object = |member: &str| item.get(member).and_then(Value::as_object).cloned();
                match (object("rest"), object("item")) {
                    (Some(rest), _) => {
                        let key = text(item, "key").to_owned();
                        leftovers.rests.entry(field.clone()).or_default().insert(key, rest);
                    }
                    (None, Some(item)) => whole.push(item),
                    (None, None) => whole.push(item.clone()),
                }
            }
            leftovers.person.set(field, whole);
        }
        leftovers
    }
}

#[cfg(test)]
#[path = "convert/tests.rs"]
mod tests;
