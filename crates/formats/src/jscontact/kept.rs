//! What an entry of a card says beyond what a contact can hold: kept whole beside the contact, and
//! put back in place of the entry that is written for the same value.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use passerelle_contacts::{Contact, email_key, im_key, normal_line, phone_key, text_key, url_key};
use serde_json::{Map, Value, json};

use super::{
    Object, address_of, date_of, email_of, im_of, joined_notes, link_of, name_of, organization_of, own,
    phone_of, set, text,
};

/// Entries that no contact holds, kept under their own ids.
#[derive(Default)]
pub(super) struct Kept {
    maps: BTreeMap<&'static str, Object>,
    /// Entries that are written as they were, but for their ids.
    plain: BTreeMap<&'static str, Object>,
    /// Whether other members name entries by their ids: then every id is kept.
    pub(super) ids_matter: bool,
}

impl Kept {
    pub(super) fn new(ids_matter: bool) -> Self {
        Kept { ids_matter, ..Kept::default() }
    }

    /// Keeps an entry that says more than what is written of it.
    pub(super) fn entry(&mut self, name: &'static str, id: &str, original: &Object, written: &Object) {
        if self.ids_matter || bare(original) != bare(written) {
            self.whole(name, id, original.clone().into());
        } else {
            self.plain.entry(name).or_default().insert(id.to_owned(), original.clone().into());
        }
    }

    /// Keeps an entry of which nothing was taken.
    pub(super) fn whole(&mut self, name: &'static str, id: &str, original: Value) {
        self.maps.entry(name).or_default().insert(id.to_owned(), original);
    }

    /// Returns what is kept, one text for each member of the card.
    pub(super) fn texts(mut self) -> impl Iterator<Item = String> {
        for (name, map) in &mut self.maps {
            // The ids say which comes first: of organisations that is the main one, of two of one address the first.
            let mut plain = self.plain.remove(name).unwrap_or_default();
            if *name == "organizations" || has_twins(name, map.values().chain(plain.values())) {
                map.append(&mut plain);
            }
        }
        self.maps.into_iter().map(|(name, map)| json!({ name: map }).to_string())
    }
}

/// Tells whether two entries are known by the same.
fn has_twins<'a>(name: &str, entries: impl Iterator<Item = &'a Value>) -> bool {
    let mut seen = BTreeSet::new();
    let keys = entries.filter_map(|entry| understood(name, entry.as_object()?)).map(|(key, _)| key);
    keys.map(|key| seen.insert(key)).any(|new| !new)
}

/// Returns an entry without what says nothing: types, and a telephone that is for speaking.
fn bare(object: &Object) -> Object {
    let members = object.iter().filter(|(name, _)| *name != "@type" && **name != own("other"));
    let plain = members.map(|(name, value)| match value {
        Value::Object(set) if name == "features" => {
            let rest: Object =
                set.iter().filter(|(f, _)| *f != "voice").map(|(f, v)| (f.clone(), v.clone())).collect();
            (name.clone(), rest.into())
        }
        Value::Object(inner) => (name.clone(), bare(inner).into()),
        other => (name.clone(), other.clone()),
    });
    plain.filter(|(_, value)| value.as_object().is_none_or(|inner| !inner.is_empty())).collect()
}

/// The members of a card whose entries are taken apart.
const MAPS: [&str; 10] = [
    "addresses",
    "anniversaries",
    "emails",
    "links",
    "media",
    "nicknames",
    "onlineServices",
    "organizations",
    "phones",
    "titles",
];

/// By what an organisation is known that has no name: one that is there for its title.
const NAMELESS: &str = " ";

/// The mark of a title beyond the one that each organisation has.
const FURTHER: &str = "further";

/// Marks a title as one of which nothing was taken.
pub(super) fn further(mut title: Object) -> Object {
    title.insert(own(FURTHER), true.into());
    title
}

/// Returns by what an entry is known and all that a contact takes of it, or nothing.
fn understood(name: &str, object: &Object) -> Option<(String, Value)> {
    let value = |key: String, value: serde_json::Result<Value>| {
        let mut value = value.unwrap_or_default();
        if let Value::Object(members) = &mut value {
            members.remove("preferred");
        }
        (!key.is_empty()).then_some((key, value))
    };
    match name {
        "emails" => {
            let email = email_of(object);
            value(email_key(&email.address), serde_json::to_value(&email))
        }
        "phones" => {
            let phone = phone_of(object);
            value(phone_key(&phone.number, None), serde_json::to_value(&phone))
        }
        "onlineServices" => {
            let im = im_of(object);
            let key = if im.handle.is_empty() { String::new() } else { im_key(&im.service, &im.handle) };
            value(key, serde_json::to_value(&im))
        }
        "links" => {
            let link = link_of(object);
            value(url_key(&link.value), serde_json::to_value(&link))
        }
        "addresses" => {
            let address = address_of(object);
            let a = &address;
            let parts = [&a.street, &a.extended, &a.po_box, &a.postcode, &a.city, &a.region, &a.country];
            let key = parts.map(|part| normal_line(part)).concat();
            value(if key.is_empty() { a.country_code.clone() } else { key }, serde_json::to_value(&address))
        }
        "nicknames" => value(text_key(&text(object, "name")), Ok(text(object, "name").into())),
        "organizations" => {
            let organization = organization_of(object);
            let name = text_key(&organization.name);
            let key = if name.is_empty() { text_key(&organization.department) } else { name };
            let key = if key.is_empty() { NAMELESS.to_owned() } else { key };
            value(key, serde_json::to_value(&organization))
        }
        "titles" if text(object, "kind") == "role" || object.contains_key(&own(FURTHER)) => None,
        "titles" => value(text_key(&text(object, "name")), Ok(text(object, "name").into())),
        "anniversaries" => {
            let date = date_of(object)?;
            let named = object.get(&own("label")).and_then(Value::as_str);
            let kind = text(object, "kind");
            value(format!("{}:{date}", named.unwrap_or(&kind)), Ok(Value::Null))
        }
        "media" if text(object, "kind") == "photo" && !text(object, "uri").starts_with("data:") => {
            value(text(object, "uri"), Ok(Value::Null))
        }
        _ => None,
    }
}

/// Puts what was kept back into a card, and returns the other leftovers.
pub(super) fn put_back(card: &mut Object, contact: &Contact, unknown: &[String]) -> Vec<String> {
    let mut others = Vec::new();
    for text in unknown {
        let member = serde_json::from_str::<Object>(text).ok().filter(|object| object.len() == 1);
        let member = member.and_then(|object| object.into_iter().next());
        match member {
            Some((name, Value::Object(original))) if name == "name" => {
                if name_of(&original) == contact.name {
                    card.insert(name, original.into());
                } else {
                    others.push(aside(text));
                }
            }
            Some((name, Value::Object(original))) if name == "notes" => {
                if joined_notes(&original) == contact.notes {
                    card.insert(name, original.into());
                } else {
                    others.push(aside(text));
                }
            }
            Some((name, Value::Object(original))) if name == "relatedTo" => {
                others.extend(relations_back(card, original));
            }
            Some((name, Value::Object(original))) if MAPS.contains(&name.as_str()) => {
                others.extend(entries_back(card, &name, original));
            }
            _ => others.push(text.clone()),
        }
    }
    others
}

/// Returns a leftover as a text that is no member of the card again: what it says is not true any more.
fn aside(text: &str) -> String {
    format!("was {text}")
}

fn relations_back(card: &mut Object, original: Object) -> Option<String> {
    let related = card.entry("relatedTo").or_insert_with(|| json!({})).as_object_mut()?;
    let mut rest = Object::new();
    for (id, entry) in original {
        let same = match (related.get(&id), &entry) {
            (None, _) => super::is_card(&id),
            (Some(Value::Object(written)), Value::Object(original)) => {
                set(written, "relation") == set(original, "relation")
            }
            _ => false,
        };
        if same {
            related.insert(id, entry);
        } else {
            rest.insert(id, entry);
        }
    }
    (!rest.is_empty()).then(|| aside(&json!({ "relatedTo": rest }).to_string()))
}

fn entries_back(card: &mut Object, name: &str, original: Object) -> Option<String> {
    let mut rest = Object::new();
    let mut back: Vec<(String, Option<String>, Value)> = Vec::new();
    let mut map = card.remove(name).and_then(|map| map.as_object().cloned()).unwrap_or_default();
    let mut places = Places::of(name, &map);
    for (id, entry) in original {
        let wanted = entry.as_object().and_then(|entry| understood(name, entry));
        let Some(wanted) = wanted else {
            back.push((id, None, unmarked(entry)));
            continue;
        };
        let place = places.take(&wanted, entry.get("pref"));
        let written = place.as_ref().and_then(|at| map.remove(at));
        match (place, written, entry) {
            (Some(at), Some(Value::Object(written)), Value::Object(entry)) => {
                back.push((id, Some(at), fuse(name, entry, written).into()));
            }
            (_, _, entry) if wanted.0 == NAMELESS => back.push((id, None, entry)),
            (_, _, entry) => {
                rest.insert(id, entry);
            }
        }
    }
    // Those that were kept have their ids first.
    back.extend(map.into_iter().map(|(at, written)| (at.clone(), Some(at), written)));
    let (mut map, mut renamed) = (Object::new(), BTreeMap::new());
    for (id, at, entry) in back {
        let now = put_under(&mut map, id, entry);
        renamed.extend(at.map(|at| (at, now)));
    }
    if !map.is_empty() {
        card.insert(name.to_owned(), map.into());
    }
    if name == "organizations" {
        rename(card, &renamed);
    }
    (!rest.is_empty()).then(|| aside(&json!({ name: rest }).to_string()))
}

/// An entry that is written: its id, all that a contact takes of it, its preference.
type Written = (String, Value, Option<Value>);

/// The entries that are written, by what each is known by.
struct Places(BTreeMap<String, VecDeque<Written>>);

impl Places {
    fn of(name: &str, map: &Object) -> Self {
        let mut places: BTreeMap<String, VecDeque<Written>> = BTreeMap::new();
        for (at, written) in map {
            if let Some((key, value)) = written.as_object().and_then(|object| understood(name, object)) {
                places.entry(key).or_default().push_back((at.clone(), value, written.get("pref").cloned()));
            }
        }
        Places(places)
    }

    /// Takes the entry that is written for a kept one: of several, the first that says the same, if one does.
    fn take(&mut self, (key, value): &(String, Value), pref: Option<&Value>) -> Option<String> {
        let known = self.0.get_mut(key)?;
        let exact = known.iter().position(|one| one.1 == *value && one.2.as_ref() == pref);
        let place = exact.or_else(|| known.iter().position(|one| one.1 == *value)).unwrap_or_default();
        known.remove(place).map(|(at, _, _)| at)
    }
}

fn unmarked(mut entry: Value) -> Value {
    if let Value::Object(members) = &mut entry {
        members.remove(&own(FURTHER));
    }
    entry
}

/// Puts an entry under its id, or under one that is still free, and returns which.
fn put_under(map: &mut Map<String, Value>, id: String, entry: Value) -> String {
    let mut free = id;
    while map.contains_key(&free) {
        free.push('x');
    }
    map.insert(free.clone(), entry);
    free
}

/// Lets titles name organisations by the ids that these have now.
fn rename(card: &mut Object, renamed: &BTreeMap<String, String>) {
    let Some(Value::Object(titles)) = card.get_mut("titles") else { return };
    for title in titles.values_mut().filter_map(Value::as_object_mut) {
        let id = text(title, "organizationId");
        if let Some(now) = renamed.get(&id) {
            title.insert("organizationId".to_owned(), now.as_str().into());
        }
    }
}

/// Members that a change of the contact may have made untrue.
const OF_THE_VALUE: [&str; 7] = ["components", "contexts", "features", "full", "label", "pref", "units"];

/// Returns an entry as it was, with what has changed since.
fn fuse(name: &str, original: Object, written: Object) -> Object {
    let same = understood(name, &original).map(|(_, value)| value)
        == understood(name, &written).map(|(_, value)| value);
    let (pref, was) = (written.get("pref").cloned(), original.get("pref").cloned());
    let mut fused = if same {
        let mut fused = original;
        // The organisation may have another id by now.
        if let Some(id) = written.get("organizationId") {
            fused.insert("organizationId".to_owned(), id.clone());
        }
        fused
    } else {
        let mut fused = written;
        for (member, value) in original {
            if !OF_THE_VALUE.contains(&member.as_str()) {
                fused.entry(member).or_insert(value);
            }
        }
        fused
    };
    match (pref, was.as_ref().and_then(Value::as_u64)) {
        (Some(pref), _) => {
            fused.insert("pref".to_owned(), pref);
        }
        // It was the preferred one. A contact does not know which of its nicknames is.
        (None, Some(1)) if name != "nicknames" => {
            fused.remove("pref");
        }
        (None, Some(_)) => {
            fused.insert("pref".to_owned(), was.unwrap_or_default());
        }
        (None, None) => {}
    }
    fused
}
