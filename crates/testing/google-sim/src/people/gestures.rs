//! What a person does in Google's own web page, without any API call.
//!
//! Arguments are JSON: `resourceName` names the contact; the rest is told at each gesture.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::AddressBook;
use super::card::{Card, LinkedProfile, contact_id, fields_of, groups_of};
use super::fields::STORED;
use super::groups;
use super::store::{State, in_bin};
use super::write::to_bin;

type Done = Result<Value, String>;

/// Plays one gesture.
pub(super) fn play(book: &mut AddressBook, op: &str, args: &Value, now: DateTime<Utc>) -> Done {
    match op {
        "create" => create(book, args, now),
        "edit" => edit(book, args, now),
        "delete" => delete(book, args, now),
        "restore" => restore(book, args, now),
        "empty_bin" => empty_bin(book, now),
        "merge" => merge(book, args, now),
        "link_profile" => link_profile(book, args, now),
        "unlink_profile" => unlink_profile(book, args, now),
        "create_group" => create_group(book, args, now),
        "rename_group" => rename_group(book, args, now),
        "delete_group" => delete_group(book, args, now),
        "turn_photo" => turn_photo(book, args, now),
        other => Err(format!("no gesture is called {other}")),
    }
}

fn text<'a>(args: &'a Value, name: &str) -> Result<&'a str, String> {
    args[name].as_str().ok_or_else(|| format!("{name} is missing"))
}

fn living(book: &AddressBook, name: &str) -> Result<(usize, Card), String> {
    let id = contact_id(name).ok_or_else(|| format!("{name} is not a contact"))?;
    let found = book.store.live(id);
    let (entry, _, card) = found.ok_or_else(|| format!("{name} does not exist"))?;
    Ok((entry, Card::clone(card)))
}

fn write(book: &mut AddressBook, entry: usize, card: Card, now: DateTime<Utc>) -> Done {
    let name = card.name();
    book.store.write(entry, State::Live(Arc::new(card)), now);
    Ok(json!({"resourceName": name}))
}

/// Adds a contact: `{"person": {…}}` in the API's shape.
fn create(book: &mut AddressBook, args: &Value, now: DateTime<Utc>) -> Done {
    let person = &args["person"];
    let mut card = Card {
        id: book.store.mint("web page"),
        fields: fields_of(person),
        groups: groups_of(person),
        ..Card::default()
    };
    if card.groups.is_empty() {
        card.groups.push("contactGroups/myContacts".to_owned());
    }
    let name = card.name();
    book.store.insert(card, now);
    Ok(json!({"resourceName": name}))
}

/// Replaces the fields that `person` names; an empty list clears one.
fn edit(book: &mut AddressBook, args: &Value, now: DateTime<Utc>) -> Done {
    let (entry, mut card) = living(book, text(args, "resourceName")?)?;
    let person = &args["person"];
    let members = person.as_object().ok_or("person is missing")?;
    for field in members.keys() {
        if field == "memberships" {
            let groups = groups_of(person);
            if groups.is_empty() {
                return Err("a contact keeps at least one group".to_owned());
            }
            card.groups = groups;
            continue;
        }
        let known = STORED.iter().copied().find(|known| known == field);
        card.replace(known.ok_or_else(|| format!("{field} cannot be edited"))?, person);
    }
    write(book, entry, card, now)
}

/// Gives the same picture another address, which is no gesture of anybody: Google does it.
fn turn_photo(book: &mut AddressBook, args: &Value, now: DateTime<Utc>) -> Done {
    let (entry, mut card) = living(book, text(args, "resourceName")?)?;
    let photo = card.photo.as_mut().ok_or("the contact has no picture")?;
    photo.turn += 1;
    write(book, entry, card, now)
}

/// Moves a contact to the bin.
fn delete(book: &mut AddressBook, args: &Value, now: DateTime<Utc>) -> Done {
    let (entry, card) = living(book, text(args, "resourceName")?)?;
    to_bin(book, entry, now);
    Ok(json!({"resourceName": card.name()}))
}

/// Takes a contact back out of the bin, within 30 days (P45).
fn restore(book: &mut AddressBook, args: &Value, now: DateTime<Utc>) -> Done {
    let name = text(args, "resourceName")?;
    let entry = contact_id(name).and_then(|id| book.store.find(id));
    let entry = entry.ok_or_else(|| format!("{name} does not exist"))?;
    let version = book.store.current(entry);
    let card = match version.map(|version| (&version.state, in_bin(version, now))) {
        Some((State::Deleted(card), true)) => Card::clone(card),
        _ => return Err(format!("{name} is not in the bin")),
    };
    write(book, entry, card, now)
}

/// Forgets what is in the bin: it no longer counts and cannot come back (P45).
fn empty_bin(book: &mut AddressBook, now: DateTime<Utc>) -> Done {
    let inside = book.store.empty_bin(now);
    Ok(json!({"removed": inside}))
}

/// Merges the contact `from` into `into` (P16): one disappears, the other tells its former name.
///
/// With `"tombstone": true` the one that disappears is told as deleted, too.
fn merge(book: &mut AddressBook, args: &Value, now: DateTime<Utc>) -> Done {
    let (into, mut kept) = living(book, text(args, "into")?)?;
    let (from, gone) = living(book, text(args, "from")?)?;
    if into == from {
        return Err("a contact cannot be merged with itself".to_owned());
    }
    for (field, items) in &gone.fields {
        let mine = kept.fields.entry(field).or_default();
        let singleton = super::fields::SINGLETONS.contains(field);
        for item in items {
            if !mine.contains(item) && (!singleton || mine.is_empty()) {
                let mut item = item.clone();
                if let Some(members) = item.as_object_mut() {
                    members.remove("metadata");
                }
                mine.push(item);
            }
        }
    }
    for group in &gone.groups {
        if !kept.groups.contains(group) {
            kept.groups.push(group.clone());
        }
    }
    kept.photo = kept.photo.or_else(|| gone.photo.clone());
    kept.previous.extend(gone.previous.iter().cloned());
    kept.previous.push(gone.name());
    let gone_id = gone.id;
    let state = match args["tombstone"] == true {
        true => State::Deleted(Arc::new(gone)),
        false => State::Merged,
    };
    book.store.write(from, state, now);
    book.store.alias(gone_id, into);
    write(book, into, kept, now)
}

/// Joins a profile to a contact (P16, P63): `{"profile": {"id": …, fields…}}`.
///
/// The person gets a new resource name, unless `"rename": false`.
fn link_profile(book: &mut AddressBook, args: &Value, now: DateTime<Utc>) -> Done {
    let (entry, mut card) = living(book, text(args, "resourceName")?)?;
    let profile = &args["profile"];
    card.profile = Some(LinkedProfile {
        id: profile["id"].as_str().unwrap_or("100000000000000000001").to_owned(),
        fields: fields_of(profile),
    });
    rename(book, &mut card, args);
    write(book, entry, card, now)
}

/// Parts a contact from its profile again (P16).
fn unlink_profile(book: &mut AddressBook, args: &Value, now: DateTime<Utc>) -> Done {
    let (entry, mut card) = living(book, text(args, "resourceName")?)?;
    if card.profile.take().is_none() {
        return Err("the contact has no profile".to_owned());
    }
    rename(book, &mut card, args);
    write(book, entry, card, now)
}

fn rename(book: &mut AddressBook, card: &mut Card, args: &Value) {
    if args["rename"] != false {
        card.previous.push(card.name());
        card.id = book.store.mint("link");
    }
}

/// Makes a label: `{"name": …}`.
fn create_group(book: &mut AddressBook, args: &Value, now: DateTime<Utc>) -> Done {
    let name = text(args, "name")?.to_owned();
    let resource = book.groups.add("web page", &name, Value::Null, now);
    Ok(json!({"resourceName": resource}))
}

/// Gives a label another name: `{"resourceName": …, "name": …}`.
fn rename_group(book: &mut AddressBook, args: &Value, now: DateTime<Utc>) -> Done {
    let (resource, name) = (text(args, "resourceName")?.to_owned(), text(args, "name")?.to_owned());
    if !book.groups.takes_members(&resource) {
        return Err(format!("{resource} does not exist"));
    }
    book.groups.rename(&resource, &name, now);
    Ok(json!({"resourceName": resource}))
}

/// Removes a label: `{"resourceName": …, "deleteContacts": …}`.
fn delete_group(book: &mut AddressBook, args: &Value, now: DateTime<Utc>) -> Done {
    let resource = text(args, "resourceName")?.to_owned();
    if !book.groups.takes_members(&resource) {
        return Err(format!("{resource} does not exist"));
    }
    groups::remove(book, &resource, now, args["deleteContacts"] == true);
    Ok(json!({"resourceName": resource}))
}
