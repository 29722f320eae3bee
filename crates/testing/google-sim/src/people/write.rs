//! Creating, updating and deleting contacts, one by one and in batches, and their photos.
//!
//! Every item is checked before anything is written: a refusal leaves the address book as it
//! was, unless a switch plays the other reading of a failed batch (P47).

use std::collections::BTreeSet;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use crate::api::{ApiRequest, ApiResponse};

use super::AddressBook;
use super::card::{Card, Photo, contact_id, fields_of, groups_of};
use super::fields::{Mask, MaskKind};
use super::list::read_mask;
use super::refusals::{
    Answer, batch, invalid, invalid_argument, not_a_contact, not_found, overflow, rpc_status, stale_person,
    stale_source,
};
use super::render::{self, Sources, View};
use super::store::{State, Version};

/// How many contacts a batch may create, update or get (P46, P22).
const BATCH_MAX: usize = 200;
/// How many contacts a batch may delete (P46).
const BATCH_DELETE_MAX: usize = 500;
/// How many contacts an account may hold, with those in its bin (P90).
const CONTACTS_MAX: usize = 25_000;
/// How many bytes the contacts of an account may take (P90).
const ACCOUNT_BYTES_MAX: usize = 20 * 1024 * 1024;
const MY_CONTACTS: &str = "contactGroups/myContacts";

/// Answers `people.get`.
pub(super) fn get(book: &AddressBook, req: &ApiRequest) -> Answer {
    let mask = read_mask(req)?;
    let view = View::new(mask, Sources::of_query(req)?, &req.profile);
    let name = req.param("resourceName").unwrap_or_default();
    Ok(ApiResponse::ok(read_one(book, req, name, &view)?))
}

/// Answers `people.getBatchGet`: each name with its own status (P22).
pub(super) fn batch_get(book: &AddressBook, req: &ApiRequest) -> Answer {
    let mask = read_mask(req)?;
    let view = View::new(mask, Sources::of_query(req)?, &req.profile);
    let names = req.params("resourceNames");
    if names.is_empty() || names.len() > BATCH_MAX {
        return Err(invalid("Between 1 and 200 resource names must be given."));
    }
    let responses: Vec<_> = names
        .iter()
        .map(|name| match read_one(book, req, name, &view) {
            Ok(person) => response_of(Some(name), Some(person)),
            Err(refusal) => json!({
                "httpStatusCode": refusal.status,
                "requestedResourceName": name,
                "status": rpc_status(&refusal),
            }),
        })
        .collect();
    Ok(ApiResponse::ok(json!({"responses": responses})))
}

fn read_one(book: &AddressBook, req: &ApiRequest, name: &str, view: &View) -> Result<Value, ApiResponse> {
    if name == "people/me" || name.strip_prefix("people/") == Some(req.profile.sub.as_str()) {
        return Ok(render::me(&req.account, &req.profile, view));
    }
    let entry = contact_id(name).and_then(|id| book.store.find(id)).ok_or_else(not_found)?;
    let stale = chrono::Duration::seconds(i64::from(req.knobs.people_stale_read_seconds));
    let version = book.store.seen_at(entry, req.now - stale);
    let seen = version.and_then(|version| Some((version, version.state.live()?)));
    let (version, card) = seen.ok_or_else(not_found)?;
    Ok(render::person(version, card, view))
}

fn response_of(requested: Option<&str>, person: Option<Value>) -> Value {
    let mut response = json!({"httpStatusCode": 200, "status": {}});
    if let Some(name) = requested {
        response["requestedResourceName"] = Value::from(name);
    }
    if let Some(person) = person {
        response["person"] = person;
    }
    response
}

/// Answers `people.createContact`.
pub(super) fn create(book: &mut AddressBook, req: &ApiRequest) -> Answer {
    let mask = Mask::parse(MaskKind::PersonFields, req.param("personFields"))?;
    let sources = Sources::of_query(req)?;
    let card = new_card(book, &body(req))?;
    room_for(book, req, &[&card])?;
    let entry = insert(book, req, card);
    let view = View::new(mask.unwrap_or_else(Mask::all), sources, &req.profile);
    Ok(ApiResponse::ok(current(book, entry, &view)?))
}

/// Answers `people.batchCreateContacts` (P46).
pub(super) fn batch_create(book: &mut AddressBook, req: &ApiRequest) -> Answer {
    let body = body(req);
    let mask = Mask::parse(MaskKind::ReadMask, body["readMask"].as_str())?;
    let sources = Sources::of_body(&body)?;
    let people = body["contacts"].as_array().cloned().unwrap_or_default();
    if people.is_empty() || people.len() > BATCH_MAX {
        return Err(invalid("Between 1 and 200 contacts must be given."));
    }
    let mut errors = Map::new();
    let mut cards = Vec::new();
    for (at, person) in people.iter().enumerate() {
        match new_card(book, &person["contactPerson"]) {
            Ok(card) => cards.push(card),
            Err(refusal) => drop(errors.insert(at.to_string(), rpc_status(&refusal))),
        }
    }
    if !errors.is_empty() && !req.knobs.people_batch_partial_writes {
        return Err(batch("people-400-batch-create-errors", Value::Object(errors)));
    }
    room_for(book, req, &cards.iter().collect::<Vec<_>>())?;
    let entries: Vec<_> = cards.into_iter().map(|card| insert(book, req, card)).collect();
    if !errors.is_empty() {
        return Err(batch("people-400-batch-create-errors", Value::Object(errors)));
    }
    let Some(mask) = mask else {
        return Ok(ApiResponse::ok(json!({})));
    };
    let view = View::new(mask, sources, &req.profile);
    let mut created = Vec::new();
    for entry in entries {
        let person = current(book, entry, &view)?;
        let name = person["resourceName"].as_str().map(str::to_owned);
        created.push(response_of(name.as_deref(), Some(person)));
    }
    Ok(ApiResponse::ok(json!({"createdPeople": created})))
}

fn body(req: &ApiRequest) -> Value {
    req.body.clone().unwrap_or_else(|| json!({}))
}

fn new_card(book: &AddressBook, person: &Value) -> Result<Card, ApiResponse> {
    let mut card = Card { fields: fields_of(person), groups: groups_of(person), ..Card::default() };
    check_groups(book, &card.groups, &[])?;
    if card.groups.is_empty() {
        // Nothing says where such a contact goes; the web page shows it in "Contacts" (P41).
        card.groups.push(MY_CONTACTS.to_owned());
    }
    card.check()?;
    Ok(card)
}

/// Refuses groups that do not exist or take no new members (P84, P85).
fn check_groups(book: &AddressBook, groups: &[String], before: &[String]) -> Result<(), ApiResponse> {
    let mut added = groups.iter().filter(|group| !before.contains(group));
    if added.any(|group| !book.groups.takes_members(group)) {
        return Err(invalid_argument());
    }
    Ok(())
}

fn room_for(book: &AddressBook, req: &ApiRequest, cards: &[&Card]) -> Result<(), ApiResponse> {
    let cap = req.knobs.people_contact_cap.unwrap_or(CONTACTS_MAX);
    let bytes: usize = cards.iter().map(|card| card.bytes_len()).sum();
    if book.store.counted(req.now) + cards.len() > cap || book.store.bytes_len() + bytes > ACCOUNT_BYTES_MAX {
        return Err(overflow());
    }
    Ok(())
}

fn insert(book: &mut AddressBook, req: &ApiRequest, mut card: Card) -> usize {
    card.id = book.store.mint(&req.account);
    book.store.insert(card, req.now)
}

fn current(book: &AddressBook, entry: usize, view: &View) -> Result<Value, ApiResponse> {
    let version = book.store.current(entry);
    let seen = version.and_then(|version| Some((version, version.state.live()?)));
    let (version, card) = seen.ok_or_else(not_found)?;
    Ok(render::person(version, card, view))
}

/// Answers `people.updateContact`.
pub(super) fn update(book: &mut AddressBook, req: &ApiRequest) -> Answer {
    let name = req.param("resourceName").unwrap_or_default();
    let id = contact_id(name).ok_or_else(|| not_a_contact(name))?;
    let mask = Mask::need(MaskKind::UpdatePersonFields, req.param("updatePersonFields"))?;
    let read = Mask::parse(MaskKind::PersonFields, req.param("personFields"))?;
    let sources = Sources::of_query(req)?;
    let (entry, card) = updated(book, req, id, &body(req), &mask)?;
    book.store.write(entry, State::Live(Arc::new(card)), req.now);
    let view = View::new(read.unwrap_or_else(Mask::all), sources, &req.profile);
    Ok(ApiResponse::ok(current(book, entry, &view)?))
}

/// Answers `people.batchUpdateContacts` (P46).
pub(super) fn batch_update(book: &mut AddressBook, req: &ApiRequest) -> Answer {
    let body = body(req);
    let mask = Mask::need(MaskKind::UpdateMask, body["updateMask"].as_str())?;
    let read = Mask::parse(MaskKind::ReadMask, body["readMask"].as_str())?;
    let sources = Sources::of_body(&body)?;
    let people = body["contacts"].as_object().cloned().unwrap_or_default();
    if people.is_empty() || people.len() > BATCH_MAX {
        return Err(invalid("Between 1 and 200 contacts must be given."));
    }
    let mut errors = Map::new();
    let mut writes = Vec::new();
    for (name, person) in &people {
        match batch_item(book, req, name, person, &mask) {
            Ok((entry, card)) => writes.push((name, entry, card)),
            Err(refusal) => drop(errors.insert(name.clone(), rpc_status(&refusal))),
        }
    }
    let refused = !errors.is_empty();
    if !refused || req.knobs.people_batch_partial_writes {
        for (_, entry, card) in &writes {
            let state = State::Live(Arc::new(card.clone()));
            book.store.write(*entry, state, req.now);
        }
    }
    if refused {
        return Err(batch("people-400-batch-update-errors", Value::Object(errors)));
    }
    let Some(read) = read else {
        return Ok(ApiResponse::ok(json!({})));
    };
    let view = View::new(read, sources, &req.profile);
    let mut result = Map::new();
    for (name, entry, _) in writes {
        let person = current(book, entry, &view)?;
        result.insert(name.clone(), response_of(Some(name), Some(person)));
    }
    Ok(ApiResponse::ok(json!({"updateResult": result})))
}

fn batch_item(
    book: &AddressBook,
    req: &ApiRequest,
    name: &str,
    person: &Value,
    mask: &Mask,
) -> Result<(usize, Card), ApiResponse> {
    let id = contact_id(name).ok_or_else(|| not_a_contact(name))?;
    if person["resourceName"].as_str().is_some_and(|inner| inner != name) {
        return Err(invalid("The resource name differs from the key of the map."));
    }
    updated(book, req, id, person, mask)
}

/// Returns the contact as it will be, or why it may not be.
fn updated(
    book: &AddressBook,
    req: &ApiRequest,
    id: u64,
    person: &Value,
    mask: &Mask,
) -> Result<(usize, Card), ApiResponse> {
    let (entry, version, card) = book.store.live(id).ok_or_else(not_found)?;
    check_etags(req, version, card, person)?;
    let mut card = Card::clone(card);
    for field in mask.paths() {
        if *field != "memberships" {
            card.replace(field, person);
            continue;
        }
        let groups = groups_of(person);
        if groups.is_empty() {
            return Err(invalid("A contact must always have at least one contact group."));
        }
        check_groups(book, &groups, &card.groups)?;
        card.groups = groups;
    }
    card.check()?;
    Ok((entry, card))
}

/// Refuses an update that does not name the current state (P42, P43).
fn check_etags(req: &ApiRequest, version: &Version, card: &Card, person: &Value) -> Result<(), ApiResponse> {
    let etag = person["etag"].as_str().filter(|etag| !etag.is_empty());
    let sources = person.pointer("/metadata/sources").and_then(Value::as_array);
    let source = sources.into_iter().flatten().find(|source| source["type"] == "CONTACT");
    let source_etag = source.and_then(|source| source["etag"].as_str()).filter(|etag| !etag.is_empty());
    if etag.is_none() && source_etag.is_none() {
        return Err(ApiResponse::error_file("people-400-etag-missing"));
    }
    let source_id = source.and_then(|source| source["id"].as_str());
    if source_id.is_some_and(|id| id != render::source_id(card)) {
        return Err(invalid_argument());
    }
    if etag.is_some_and(|etag| !render::person_etag_is_current(etag, version, card)) {
        return Err(stale_person(req));
    }
    if source_etag.is_some_and(|etag| etag != render::source_etag(version, card)) {
        return Err(stale_source());
    }
    Ok(())
}

/// Answers `people.deleteContact` (P45).
pub(super) fn delete(book: &mut AddressBook, req: &ApiRequest) -> Answer {
    let name = req.param("resourceName").unwrap_or_default();
    let entry = deletable(book, name)?;
    to_bin(book, entry, req.now);
    Ok(ApiResponse::ok(json!({})))
}

/// Answers `people.batchDeleteContacts` (P46).
pub(super) fn batch_delete(book: &mut AddressBook, req: &ApiRequest) -> Answer {
    let body = body(req);
    let names = body["resourceNames"].as_array().cloned().unwrap_or_default();
    if names.is_empty() || names.len() > BATCH_DELETE_MAX {
        return Err(invalid("Between 1 and 500 resource names must be given."));
    }
    let mut entries = BTreeSet::new();
    for name in names.iter().filter_map(Value::as_str) {
        entries.insert(deletable(book, name)?);
    }
    for entry in entries {
        to_bin(book, entry, req.now);
    }
    Ok(ApiResponse::ok(json!({})))
}

fn deletable(book: &AddressBook, name: &str) -> Result<usize, ApiResponse> {
    let id = contact_id(name).ok_or_else(|| not_a_contact(name))?;
    let (entry, _, card) = book.store.live(id).ok_or_else(not_found)?;
    // A former name leads a reader on, but must not delete what it leads to.
    if card.id != id {
        return Err(not_found());
    }
    Ok(entry)
}

/// Moves a contact to the bin, if it lives.
pub(super) fn to_bin(book: &mut AddressBook, entry: usize, now: chrono::DateTime<chrono::Utc>) {
    let version = book.store.current(entry);
    if let Some(card) = version.and_then(|version| version.state.live()).cloned() {
        book.store.write(entry, State::Deleted(card), now);
    }
}

/// Answers `people.updateContactPhoto` (P49).
pub(super) fn update_photo(book: &mut AddressBook, req: &ApiRequest) -> Answer {
    let body = body(req);
    let mask = Mask::parse(MaskKind::PersonFields, body["personFields"].as_str())?;
    let sources = Sources::of_body(&body)?;
    let photo = photo_of(body["photoBytes"].as_str().unwrap_or_default())?;
    if req.knobs.people_photo_bytes_max.is_some_and(|most| photo.bytes_len > most) {
        return Err(invalid("The photo is too large."));
    }
    set_photo(book, req, Some(photo), mask, sources)
}

/// Answers `people.deleteContactPhoto` (P49).
pub(super) fn delete_photo(book: &mut AddressBook, req: &ApiRequest) -> Answer {
    let mask = Mask::parse(MaskKind::PersonFields, req.param("personFields"))?;
    let sources = Sources::of_query(req)?;
    set_photo(book, req, None, mask, sources)
}

fn set_photo(
    book: &mut AddressBook,
    req: &ApiRequest,
    photo: Option<Photo>,
    mask: Option<Mask>,
    sources: Sources,
) -> Answer {
    let name = req.param("resourceName").unwrap_or_default();
    let id = contact_id(name).ok_or_else(|| not_a_contact(name))?;
    let (entry, _, card) = book.store.live(id).ok_or_else(not_found)?;
    let mut card = Card::clone(card);
    card.photo = photo;
    book.store.write(entry, State::Live(Arc::new(card)), req.now);
    let Some(mask) = mask else {
        return Ok(ApiResponse::ok(json!({})));
    };
    let view = View::new(mask, sources, &req.profile);
    Ok(ApiResponse::ok(json!({"person": current(book, entry, &view)?})))
}

fn photo_of(text: &str) -> Result<Photo, ApiResponse> {
    let bytes = STANDARD.decode(text).or_else(|_| URL_SAFE.decode(text)).map_err(|_| invalid_argument())?;
    let media_type = match bytes.as_slice() {
        [0xff, 0xd8, 0xff, ..] => "image/jpeg",
        [0x89, b'P', b'N', b'G', ..] => "image/png",
        _ => return Err(invalid("The photo must be a JPEG or a PNG.")),
    };
    let digest = Sha256::digest(&bytes);
    // What comes after the end of a picture is no part of it: the bytes differ, the picture does not.
    let shown = [bytes.as_slice(), b"encoded anew"].concat();
    Ok(Photo {
        digest: digest.iter().map(|byte| format!("{byte:02x}")).collect(),
        bytes_len: bytes.len(),
        media_type,
        shown: shown.into(),
        turn: 0,
    })
}
