//! Google's lists and our keyed collections.
//!
//! What must stay true: an item that did not change goes back as it came, with members and types
//! that we do not know (P73, incidents 43 to 45); an entry keeps its key (R14).

use std::collections::{BTreeMap, BTreeSet};

use passerelle_contacts::{
    Address, Email, Im, Labelled, LabelledDate, Order, Organization, Phone, address_key, email_key, im_key,
    phone_key, relation_key, same_entries, text_key, url_key,
};
use serde_json::{Value, json};

use super::{cleaned, date_of, date_to, label_of, marks::Marks, type_of};
use crate::wire::{Item, text};

/// One of Google's lists that holds one of our keyed collections.
pub(crate) trait List {
    /// What an item is to us.
    type Entry: Clone + Default + PartialEq + serde::Serialize;
    /// Google's name.
    const FIELD: &'static str;
    /// Our name.
    const MEMBER: &'static str;
    /// The members of an item that an entry models.
    const MODELLED: &'static [&'static str];

    /// Reads an item; `None` when it is nothing that we know.
    fn read(item: &Item) -> Option<Self::Entry>;
    /// Returns the key of an entry.
    fn key(entry: &Self::Entry, region: Option<&str>) -> String;
    /// Writes what differs from `before`.
    fn write(entry: &Self::Entry, before: &Self::Entry, item: &mut Item);
    /// Tells whether an entry, under another key, may be another one after somebody edited it.
    fn may_become(before: &Self::Entry, after: &Self::Entry) -> bool;
    /// Tells whether the entry is the preferred one.
    fn is_preferred(_: &Self::Entry) -> bool {
        false
    }
    /// Marks the entry as preferred.
    fn prefer(_: &mut Self::Entry) {}
}

/// An item with the key that it has for us.
struct Row {
    key: Option<String>,
    item: Item,
}

/// What is left of items that cannot be read, or of members that we do not model, by key.
pub(crate) type Rests = BTreeMap<String, Item>;

/// A collection as it was, and as it shall be.
pub(crate) struct Both<'a, T> {
    from: &'a BTreeMap<String, T>,
    to: &'a BTreeMap<String, T>,
    before: &'a Order,
    order: &'a Order,
}

impl<'a, T> Both<'a, T> {
    pub(crate) fn of(
        (from, before): (&'a BTreeMap<String, T>, &'a Order),
        (to, order): (&'a BTreeMap<String, T>, &'a Order),
    ) -> Self {
        Both { from, to, before, order }
    }
}

/// Returns the keys of a list in the order of its items.
pub(crate) fn keys_of<L: List>(items: &[Item], marks: &Marks, region: Option<&str>) -> Vec<String> {
    keys::<L>(items, &marks.kept(L::MEMBER), region).into_iter().flatten().collect()
}

/// Reads a list into a keyed collection.
pub(crate) fn read<L: List>(
    items: &[Item],
    marks: &Marks,
    region: Option<&str>,
) -> BTreeMap<String, L::Entry> {
    let keys = keys::<L>(items, &marks.kept(L::MEMBER), region);
    let member = format!("{}/", L::MEMBER);
    let is_marked = marks.preferred.iter().any(|entry| entry.starts_with(&member));
    // Where we marked one, Google's own word counts: somebody may prefer another one since (P64).
    let primary = items.iter().position(is_primary).filter(|_| is_marked);
    let mut entries = BTreeMap::new();
    for (at, (key, item)) in keys.into_iter().zip(items).enumerate() {
        if let (Some(key), Some(mut entry)) = (key, L::read(item)) {
            let marked = marks.preferred.contains(&format!("{member}{key}"));
            if primary.map_or(marked, |primary| primary == at) {
                L::prefer(&mut entry);
            }
            entries.insert(key, entry);
        }
    }
    entries
}

fn is_primary(item: &Item) -> bool {
    item.get("metadata").is_some_and(|metadata| metadata["primary"] == true)
}

/// Returns what a list holds beyond its keyed collection, for the leftovers.
pub(crate) fn rests<L: List>(items: &[Item], marks: &Marks, region: Option<&str>) -> Vec<Value> {
    let keys = keys::<L>(items, &marks.kept(L::MEMBER), region);
    let rows = keys.into_iter().zip(items).filter_map(|(key, item)| {
        let mut rest = cleaned(item);
        match key {
            None => Some(json!({"item": rest})),
            Some(key) => {
                rest.retain(|name, _| {
                    let told = matches!(name.as_str(), "formattedValue" | "metadata");
                    !told && !L::MODELLED.contains(&name.as_str())
                });
                (!rest.is_empty()).then(|| json!({"key": key, "rest": rest}))
            }
        }
    });
    rows.collect()
}

/// Returns the keys of a list in the order that it shall have, if that is another one than it has.
pub(crate) fn reordered<L: List>(
    (from, before): (&Order, &BTreeMap<String, L::Entry>),
    (to, after): (&Order, &BTreeMap<String, L::Entry>),
) -> Option<Vec<String>> {
    let keys = |order: &Order, own: &BTreeMap<String, L::Entry>, other: &BTreeMap<String, L::Entry>| {
        let shared = order.of(L::MEMBER, own).into_iter().map(|(key, _)| key.clone());
        shared.filter(|key| other.contains_key(key)).collect::<Vec<_>>()
    };
    let wanted = keys(to, after, before);
    (keys(from, before, after) != wanted).then_some(wanted)
}

/// Returns an item with other members that we do not model.
pub(crate) fn with_rest(item: &Item, modelled: &[&str], rest: Option<&Item>) -> Item {
    let blank = Item::new();
    let rest = rest.unwrap_or(&blank);
    let mut left = cleaned(item);
    left.retain(|name, _| {
        !modelled.contains(&name.as_str())
            && !matches!(name.as_str(), "formattedValue" | "metadata" | "contentType")
    });
    if left == *rest {
        return item.clone();
    }
    let mut item = item.clone();
    item.retain(|name, _| !left.contains_key(name));
    item.extend(rest.iter().map(|(name, value)| (name.clone(), value.clone())));
    item
}

/// Returns a list with the leftovers that it shall have: members of entries, by key, and items that are no entries.
/// Where its order shall be another one, it has that.
pub(crate) fn restored<L: List>(
    items: &[Item],
    (rests, strange): (&Rests, Vec<Item>),
    order: Option<Vec<String>>,
    marks: &Marks,
    region: Option<&str>,
) -> Vec<Item> {
    let keys = keys::<L>(items, &marks.kept(L::MEMBER), region);
    let mut rows: Vec<Row> = Vec::new();
    let mut left = Vec::new();
    for (key, item) in keys.into_iter().zip(items) {
        match key {
            Some(key) => {
                let item = with_rest(item, L::MODELLED, rests.get(&key));
                rows.push(Row { key: Some(key), item });
            }
            None => left.push(item.clone()),
        }
    }
    if let Some(order) = order {
        let place = |row: &Row| order.iter().position(|key| row.key.as_ref() == Some(key));
        rows.sort_by_key(|row| place(row).unwrap_or(usize::MAX));
        for row in &mut rows {
            // The first one is the primary one again (P64).
            row.item.remove("metadata");
        }
    }
    if left.iter().map(cleaned).collect::<Vec<_>>() != strange {
        left = strange;
    }
    rows.into_iter().map(|row| row.item).chain(left).collect()
}

/// Changes a list by the difference between two keyed collections, item by item.
///
/// Returns `None` when nothing changes. Keeps in `marks` the keys that reading would not give.
pub(crate) fn change<L: List>(
    items: &[Item],
    rests: &Rests,
    both: Both<'_, L::Entry>,
    marks: &mut Marks,
    region: Option<&str>,
) -> Option<Vec<Item>> {
    let Both { from, to, before, order } = both;
    let wanted = order.change(L::MEMBER, to, (before, from));
    if from == to && wanted.is_none() {
        return None;
    }
    let keys = named::<L>(items, keys::<L>(items, &marks.kept(L::MEMBER), region), from);
    let renewed = edited::<L>(&keys, from, to);
    let mut rows = Vec::new();
    for (key, item) in keys.into_iter().zip(items) {
        let mut item = cleaned(item);
        let mut key = key;
        if let Some(held) = key.clone() {
            let (before, after) = (from.get(&held), renewed.get(&held).cloned().unwrap_or(held));
            match (before, to.get(&after)) {
                (Some(_), None) => continue,
                (before, Some(entry)) if before != Some(entry) => {
                    L::write(entry, &L::read(&item).unwrap_or_default(), &mut item);
                }
                _ => {}
            }
            key = Some(after);
        }
        rows.push(Row { key, item });
    }
    for (key, entry) in order.of(L::MEMBER, to) {
        let known = rows.iter().any(|row| row.key.as_ref() == Some(key));
        if !known && from.get(key) != Some(entry) {
            let mut item = rests.get(key).cloned().unwrap_or_default();
            L::write(entry, &L::Entry::default(), &mut item);
            // What would not be read back (a relation without a name) is nothing to Google: it stays here, and is told.
            if L::read(&item).is_some() {
                rows.push(Row { key: Some(key.clone()), item });
            }
        }
    }
    rows.retain(|row| !row.item.is_empty());
    if let Some(wanted) = wanted {
        put_in_order::<L>(&mut rows, &wanted, to);
    }
    // Which one Google shows first is the person's choice, unless another one is preferred from now on.
    let preferred = |entries: &BTreeMap<String, L::Entry>| {
        let found = entries.iter().find(|(_, entry)| L::is_preferred(entry)).map(|(key, _)| key.clone());
        found.map(|key| renewed.get(&key).cloned().unwrap_or(key))
    };
    if preferred(from) != preferred(to) {
        put_preferred_first::<L>(&mut rows, to);
    }
    keep_keys::<L>(&rows, marks, region);
    Some(rows.into_iter().map(|row| row.item).collect())
}

/// Puts items under the keys that the same entries have in the contact that a change was computed from.
fn named<L: List>(
    items: &[Item],
    keys: Vec<Option<String>>,
    from: &BTreeMap<String, L::Entry>,
) -> Vec<Option<String>> {
    let entries = keys.iter().zip(items).filter_map(|(key, item)| Some((key.clone()?, L::read(item)?)));
    let same = same_entries(L::MEMBER, &entries.collect::<BTreeMap<_, _>>(), from);
    keys.into_iter().map(|key| key.map(|key| same.get(&key).cloned().unwrap_or(key))).collect()
}

/// Returns which entry that goes becomes which one that comes: it is written in place, with its other members.
fn edited<L: List>(
    keys: &[Option<String>],
    from: &BTreeMap<String, L::Entry>,
    to: &BTreeMap<String, L::Entry>,
) -> BTreeMap<String, String> {
    let mut renewed = BTreeMap::new();
    let mut gone: Vec<&String> =
        keys.iter().flatten().filter(|key| from.contains_key(*key) && !to.contains_key(*key)).collect();
    let came = to.iter().filter(|(key, _)| !from.contains_key(*key) && !keys.contains(&Some((*key).clone())));
    for (key, after) in came {
        let likely = gone
            .iter()
            .enumerate()
            .filter(|(_, gone)| from.get(**gone).is_some_and(|before| L::may_become(before, after)));
        let likest = likely.max_by_key(|(at, gone)| (likeness(gone, key), std::cmp::Reverse(*at)));
        if let Some((at, _)) = likest {
            renewed.insert(gone.remove(at).clone(), key.clone());
        }
    }
    renewed
}

/// Returns how many letters two keys have in common at their beginning and at their end.
fn likeness(one: &str, other: &str) -> usize {
    let start = one.chars().zip(other.chars()).take_while(|(a, b)| a == b).count();
    start + one.chars().rev().zip(other.chars().rev()).take_while(|(a, b)| a == b).count()
}

/// Puts items in an order; those that are no entries come last. Which one Google shows first follows from it, unless a
/// person chose another one (P64).
fn put_in_order<L: List>(rows: &mut [Row], wanted: &[String], to: &BTreeMap<String, L::Entry>) {
    let was_chosen = rows.iter().skip(1).any(|row| row.item.contains_key("metadata"));
    let place = |row: &Row| row.key.as_ref().and_then(|key| wanted.iter().position(|one| one == key));
    rows.sort_by_key(|row| place(row).unwrap_or(wanted.len()));
    if was_chosen || to.values().any(L::is_preferred) {
        return;
    }
    for row in rows {
        row.item.remove("metadata");
    }
}

/// Puts the preferred entry first and marks it, so that Google shows it first, too (P64).
fn put_preferred_first<L: List>(rows: &mut [Row], to: &BTreeMap<String, L::Entry>) {
    let preferred = rows.iter().position(|row| {
        let entry = row.key.as_ref().and_then(|key| to.get(key));
        entry.is_some_and(L::is_preferred)
    });
    if let Some(at) = preferred {
        for row in rows.iter_mut() {
            row.item.remove("metadata");
        }
        rows[at].item.insert("metadata".to_owned(), json!({"sourcePrimary": true}));
        rows[..=at].rotate_right(1);
    }
}

fn keep_keys<L: List>(rows: &[Row], marks: &mut Marks, region: Option<&str>) {
    let items: Vec<Item> = rows.iter().map(|row| row.item.clone()).collect();
    let read = keys::<L>(&items, &BTreeMap::new(), region);
    let pairs = read.into_iter().zip(rows).filter_map(|(read, row)| Some((read?, row.key.clone()?)));
    marks.keep(L::MEMBER, pairs.filter(|(read, kept)| read != kept));
}

/// Returns the key of each item: the kept one, else its own, numbered where it repeats.
fn keys<L: List>(items: &[Item], kept: &BTreeMap<&str, &str>, region: Option<&str>) -> Vec<Option<String>> {
    let mut used = BTreeSet::new();
    let own: Vec<Option<String>> = items
        .iter()
        .map(|item| L::read(item).map(|entry| free(&L::key(&entry, region), &mut used)))
        .collect();
    let mut used = BTreeSet::new();
    let mut last: Vec<Option<String>> = own
        .iter()
        .map(|own| {
            let kept = kept.get(own.as_deref()?)?;
            used.insert((*kept).to_owned()).then(|| (*kept).to_owned())
        })
        .collect();
    for (key, own) in last.iter_mut().zip(own) {
        if key.is_none() {
            *key = own.map(|own| free(&own, &mut used));
        }
    }
    last
}

/// Returns the key, or the key with the next free number, as `passerelle_contacts::keyed` gives it.
fn free(key: &str, used: &mut BTreeSet<String>) -> String {
    let mut found = key.to_owned();
    let mut count = 1_usize;
    while !used.insert(found.clone()) {
        count += 1;
        found = format!("{key}#{count}");
    }
    found
}

/// Sets a text member, if it differs; an empty text removes it.
pub(super) fn put(item: &mut Item, member: &str, before: &str, after: &str) {
    if before == after {
        return;
    }
    if after.is_empty() {
        item.remove(member);
    } else {
        item.insert(member.to_owned(), Value::from(after));
    }
}

fn put_type(item: &mut Item, before: &str, after: &str) {
    put(item, "type", &type_of(before), &type_of(after));
}

fn present(text: &str) -> bool {
    !text.trim().is_empty()
}

pub(crate) struct Emails;
impl List for Emails {
    type Entry = Email;
    const FIELD: &'static str = "emailAddresses";
    const MEMBER: &'static str = "emails";
    const MODELLED: &'static [&'static str] = &["value", "type"];

    fn read(item: &Item) -> Option<Email> {
        let address = text(item, "value").to_owned();
        present(&address).then(|| Email { address, label: label_of(item), preferred: false })
    }
    fn key(entry: &Email, _: Option<&str>) -> String {
        email_key(&entry.address)
    }
    fn may_become(before: &Email, after: &Email) -> bool {
        before.label == after.label
    }
    fn write(entry: &Email, before: &Email, item: &mut Item) {
        put(item, "value", &before.address, &entry.address);
        put_type(item, &before.label, &entry.label);
    }
    fn is_preferred(entry: &Email) -> bool {
        entry.preferred
    }
    fn prefer(entry: &mut Email) {
        entry.preferred = true;
    }
}

pub(crate) struct Phones;
impl List for Phones {
    type Entry = Phone;
    const FIELD: &'static str = "phoneNumbers";
    const MEMBER: &'static str = "phones";
    const MODELLED: &'static [&'static str] = &["value", "type"];

    fn read(item: &Item) -> Option<Phone> {
        let number = text(item, "value").to_owned();
        present(&number).then(|| Phone { number, label: label_of(item), preferred: false })
    }
    /// Google's own `canonicalForm` follows the account's country, not the company's (P69).
    fn key(entry: &Phone, region: Option<&str>) -> String {
        phone_key(&entry.number, region)
    }
    fn may_become(before: &Phone, after: &Phone) -> bool {
        before.label == after.label
    }
    fn write(entry: &Phone, before: &Phone, item: &mut Item) {
        put(item, "value", &before.number, &entry.number);
        put_type(item, &before.label, &entry.label);
    }
    fn is_preferred(entry: &Phone) -> bool {
        entry.preferred
    }
    fn prefer(entry: &mut Phone) {
        entry.preferred = true;
    }
}

/// The parts of an address: Google's name of each, and ours.
type Part = (&'static str, fn(&mut Address) -> &mut String);
const PARTS: [Part; 8] = [
    ("streetAddress", |address| &mut address.street),
    ("extendedAddress", |address| &mut address.extended),
    ("poBox", |address| &mut address.po_box),
    ("postalCode", |address| &mut address.postcode),
    ("city", |address| &mut address.city),
    ("region", |address| &mut address.region),
    ("country", |address| &mut address.country),
    ("countryCode", |address| &mut address.country_code),
];

pub(crate) struct Addresses;
impl List for Addresses {
    type Entry = Address;
    const FIELD: &'static str = "addresses";
    const MEMBER: &'static str = "addresses";
    const MODELLED: &'static [&'static str] = &[
        "type",
        "streetAddress",
        "extendedAddress",
        "poBox",
        "postalCode",
        "city",
        "region",
        "country",
        "countryCode",
    ];

    /// An address of which only the whole text is known is a street of several lines.
    fn read(item: &Item) -> Option<Address> {
        let mut address = Address { label: label_of(item), ..Address::default() };
        let mut known = false;
        for (name, part) in PARTS {
            *part(&mut address) = text(item, name).to_owned();
            known |= item.contains_key(name);
        }
        if !known {
            address.street = text(item, "formattedValue").to_owned();
        }
        (known || present(&address.street)).then_some(address)
    }
    fn key(entry: &Address, _: Option<&str>) -> String {
        address_key(&entry.label)
    }
    fn may_become(before: &Address, after: &Address) -> bool {
        before.label == after.label
    }
    /// The whole text that Google built from the old parts must not stay beside new ones (P68).
    fn write(entry: &Address, before: &Address, item: &mut Item) {
        put_type(item, &before.label, &entry.label);
        let (mut before, mut entry) = (before.clone(), entry.clone());
        if PARTS.iter().all(|(_, part)| part(&mut before) == part(&mut entry)) {
            return;
        }
        item.remove("formattedValue");
        for (name, part) in PARTS {
            let held = text(item, name).to_owned();
            put(item, name, &held, part(&mut entry));
        }
    }
    fn is_preferred(entry: &Address) -> bool {
        entry.preferred
    }
    fn prefer(entry: &mut Address) {
        entry.preferred = true;
    }
}

/// Tells whether an address's whole text says nothing that its parts do not say: Google built it and
/// will build it again (P68).
pub(super) fn is_built(item: &Item) -> bool {
    let mut whole = text(item, "formattedValue").to_lowercase();
    let mut parts: Vec<String> = PARTS.iter().map(|(name, _)| text(item, name).to_lowercase()).collect();
    parts.sort_by_key(|part| std::cmp::Reverse(part.len()));
    for part in parts.iter().flat_map(|part| part.lines()).filter(|part| !part.is_empty()) {
        whole = whole.replacen(part.trim(), " ", 1);
    }
    !whole.chars().any(char::is_alphanumeric)
}

pub(crate) struct Nicknames;
impl List for Nicknames {
    type Entry = String;
    const FIELD: &'static str = "nicknames";
    const MEMBER: &'static str = "nicknames";
    const MODELLED: &'static [&'static str] = &["value"];

    fn read(item: &Item) -> Option<String> {
        let name = text(item, "value").to_owned();
        present(&name).then_some(name)
    }
    fn key(entry: &String, _: Option<&str>) -> String {
        text_key(entry)
    }
    fn may_become(before: &String, after: &String) -> bool {
        before != after
    }
    fn write(entry: &String, before: &String, item: &mut Item) {
        put(item, "value", before, entry);
    }
}

pub(crate) struct OtherOrganizations;
impl List for OtherOrganizations {
    type Entry = Organization;
    const FIELD: &'static str = "organizations";
    const MEMBER: &'static str = "other_organizations";
    const MODELLED: &'static [&'static str] = &["name", "title", "department"];

    fn read(item: &Item) -> Option<Organization> {
        let organization = organization_of(item);
        (organization != Organization::default()).then_some(organization)
    }
    fn key(entry: &Organization, _: Option<&str>) -> String {
        let named = [&entry.name, &entry.title, &entry.department].into_iter().find(|text| present(text));
        named.map(|text| text_key(text)).unwrap_or_default()
    }
    fn may_become(before: &Organization, after: &Organization) -> bool {
        before.name == after.name || before.title == after.title
    }
    fn write(entry: &Organization, before: &Organization, item: &mut Item) {
        write_organization(entry, before, item);
    }
}

pub(super) fn organization_of(item: &Item) -> Organization {
    Organization {
        name: text(item, "name").to_owned(),
        title: text(item, "title").to_owned(),
        department: text(item, "department").to_owned(),
    }
}

pub(super) fn write_organization(entry: &Organization, before: &Organization, item: &mut Item) {
    put(item, "name", &before.name, &entry.name);
    put(item, "title", &before.title, &entry.title);
    put(item, "department", &before.department, &entry.department);
}

pub(crate) struct Urls;
impl List for Urls {
    type Entry = Labelled;
    const FIELD: &'static str = "urls";
    const MEMBER: &'static str = "urls";
    const MODELLED: &'static [&'static str] = &["value", "type"];

    fn read(item: &Item) -> Option<Labelled> {
        let value = text(item, "value").to_owned();
        present(&value).then(|| Labelled { label: label_of(item), value })
    }
    fn key(entry: &Labelled, _: Option<&str>) -> String {
        url_key(&entry.value)
    }
    fn may_become(before: &Labelled, after: &Labelled) -> bool {
        before.label == after.label
    }
    fn write(entry: &Labelled, before: &Labelled, item: &mut Item) {
        put(item, "value", &before.value, &entry.value);
        put_type(item, &before.label, &entry.label);
    }
}

pub(crate) struct Ims;
impl List for Ims {
    type Entry = Im;
    const FIELD: &'static str = "imClients";
    const MEMBER: &'static str = "ims";
    const MODELLED: &'static [&'static str] = &["username", "protocol", "type"];

    fn read(item: &Item) -> Option<Im> {
        let handle = text(item, "username").to_owned();
        let service = text(item, "protocol").to_lowercase();
        present(&handle).then(|| Im { service, handle, label: label_of(item) })
    }
    fn key(entry: &Im, _: Option<&str>) -> String {
        im_key(&entry.service, &entry.handle)
    }
    fn may_become(before: &Im, after: &Im) -> bool {
        before.service == after.service || before.handle == after.handle
    }
    fn write(entry: &Im, before: &Im, item: &mut Item) {
        let protocol = |service: &str| match service {
            "googletalk" => "googleTalk".to_owned(),
            "netmeeting" => "netMeeting".to_owned(),
            other => other.to_owned(),
        };
        put(item, "username", &before.handle, &entry.handle);
        put(item, "protocol", &protocol(&before.service), &protocol(&entry.service));
        put_type(item, &before.label, &entry.label);
    }
}

pub(crate) struct Relations;
impl List for Relations {
    type Entry = Labelled;
    const FIELD: &'static str = "relations";
    const MEMBER: &'static str = "relations";
    const MODELLED: &'static [&'static str] = &["person", "type"];

    fn read(item: &Item) -> Option<Labelled> {
        let value = text(item, "person").to_owned();
        present(&value).then(|| Labelled { label: label_of(item), value })
    }
    fn key(entry: &Labelled, _: Option<&str>) -> String {
        relation_key(&entry.label, &entry.value)
    }
    fn may_become(before: &Labelled, after: &Labelled) -> bool {
        before.label == after.label || before.value == after.value
    }
    fn write(entry: &Labelled, before: &Labelled, item: &mut Item) {
        put(item, "person", &before.value, &entry.value);
        put_type(item, &before.label, &entry.label);
    }
}

pub(crate) struct Custom;
impl List for Custom {
    type Entry = Labelled;
    const FIELD: &'static str = "userDefined";
    const MEMBER: &'static str = "custom";
    const MODELLED: &'static [&'static str] = &["key", "value"];

    fn read(item: &Item) -> Option<Labelled> {
        let (label, value) = (text(item, "key").to_owned(), text(item, "value").to_owned());
        (present(&label) || present(&value)).then_some(Labelled { label, value })
    }
    fn key(entry: &Labelled, _: Option<&str>) -> String {
        text_key(&entry.label)
    }
    fn may_become(before: &Labelled, after: &Labelled) -> bool {
        before.label == after.label || before.value == after.value
    }
    fn write(entry: &Labelled, before: &Labelled, item: &mut Item) {
        put(item, "key", &before.label, &entry.label);
        put(item, "value", &before.value, &entry.value);
    }
}

pub(crate) struct Dates;
impl List for Dates {
    type Entry = LabelledDate;
    const FIELD: &'static str = "events";
    const MEMBER: &'static str = "dates";
    const MODELLED: &'static [&'static str] = &["type", "date"];

    /// A date that no calendar has is kept as it is, not taken for none (incident 47).
    fn read(item: &Item) -> Option<LabelledDate> {
        let date = date_of(item)?;
        Some(LabelledDate { label: label_of(item), date })
    }
    fn key(entry: &LabelledDate, _: Option<&str>) -> String {
        address_key(&entry.label)
    }
    fn may_become(before: &LabelledDate, after: &LabelledDate) -> bool {
        before.label == after.label || before.date == after.date
    }
    /// An event without its date is refused (P67): it is not sent.
    fn write(entry: &LabelledDate, before: &LabelledDate, item: &mut Item) {
        if entry.date.is_empty() {
            item.clear();
            return;
        }
        put_type(item, &before.label, &entry.label);
        if entry.date != before.date {
            item.insert("date".to_owned(), date_to(entry.date));
        }
    }
}
