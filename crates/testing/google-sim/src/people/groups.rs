//! Contact groups (labels): the eight of the system and those of the user.

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::api::{ApiRequest, ApiResponse};

use super::AddressBook;
use super::card::{Card, contact_id, pruned};
use super::fields::{Mask, MaskKind};
use super::list::{page_size, read_token};
use super::refusals::{Answer, invalid, not_found, precondition, rpc_status};
use super::region::Region;
use super::store::State;
use super::tokens::{Kind, Token, digest};
use super::write::to_bin;

/// The groups that every account has (P81, P84).
const SYSTEM: [&str; 8] =
    ["myContacts", "chatBuddies", "friends", "family", "coworkers", "blocked", "starred", "all"];
/// How many groups one call may get (P46), and how many members it may change (P84).
const BATCH_MAX: usize = 200;
const MODIFY_MAX: usize = 1000;
const PREFIX: &str = "contactGroups/";

#[derive(Debug, Clone)]
struct Group {
    name: String,
    client_data: Value,
    number: u64,
    updated: DateTime<Utc>,
    deleted: bool,
}

/// The user's groups of one account.
#[derive(Debug, Default)]
pub(super) struct Groups {
    by_name: BTreeMap<String, Group>,
    /// Holds the resource names in the order of creation.
    order: Vec<String>,
    number: u64,
}

impl Groups {
    /// Tells whether a contact may be added to this group (P84).
    pub(super) fn takes_members(&self, resource: &str) -> bool {
        match system(resource) {
            Some(id) => matches!(id, "myContacts" | "starred"),
            None => self.living(resource).is_some(),
        }
    }

    fn living(&self, resource: &str) -> Option<&Group> {
        self.by_name.get(resource).filter(|group| !group.deleted)
    }

    fn name_is_taken(&self, name: &str, except: Option<&str>) -> bool {
        let same = |other: &str| other.to_lowercase() == name.to_lowercase();
        SYSTEM.iter().any(|id| same(id))
            || self.by_name.iter().any(|(resource, group)| {
                !group.deleted && Some(resource.as_str()) != except && same(&group.name)
            })
    }

    fn write(&mut self, resource: &str, now: DateTime<Utc>, change: impl FnOnce(&mut Group)) {
        self.number += 1;
        let number = self.number;
        if let Some(group) = self.by_name.get_mut(resource) {
            change(group);
            group.number = number;
            group.updated = now;
        }
    }

    /// Gives a label another name.
    pub(super) fn rename(&mut self, resource: &str, name: &str, now: DateTime<Utc>) {
        self.write(resource, now, |group| name.clone_into(&mut group.name));
    }

    pub(super) fn add(&mut self, salt: &str, name: &str, data: Value, now: DateTime<Utc>) -> String {
        let hash = Sha256::digest(format!("{salt}#group#{}", self.order.len()));
        let id: String = hash.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        let resource = format!("{PREFIX}{id}");
        self.number += 1;
        let group = Group {
            name: name.to_owned(),
            client_data: data,
            number: self.number,
            updated: now,
            deleted: false,
        };
        self.by_name.insert(resource.clone(), group);
        self.order.push(resource.clone());
        resource
    }

    /// Returns all user groups as they are stored.
    pub(super) fn raw(&self) -> Value {
        let row = |resource: &String| {
            let group = self.by_name.get(resource)?;
            Some(json!({"resourceName": resource, "name": group.name, "deleted": group.deleted,
                        "clientData": group.client_data}))
        };
        self.order.iter().filter_map(row).collect()
    }
}

fn system(resource: &str) -> Option<&'static str> {
    let id = resource.strip_prefix(PREFIX)?;
    SYSTEM.iter().copied().find(|known| *known == id)
}

fn exists(book: &AddressBook, resource: &str) -> bool {
    system(resource).is_some() || book.groups.living(resource).is_some()
}

fn members<'a>(book: &'a AddressBook, resource: &str) -> impl Iterator<Item = (usize, &'a Arc<Card>)> {
    let resource = resource.to_owned();
    let all = system(&resource) == Some("all");
    book.store
        .living()
        .filter(move |(_, _, card)| all || card.groups.contains(&resource))
        .map(|(entry, _, card)| (entry, card))
}

fn etag(resource: &str, group: &Group) -> String {
    let hash = Sha256::digest(format!("{resource}/{}", group.number));
    let bytes: Vec<_> = hash.iter().copied().take(12).collect();
    BASE64.encode(bytes)
}

fn render(book: &AddressBook, req: &ApiRequest, resource: &str, mask: &Mask) -> Value {
    let mut out = json!({"resourceName": resource});
    let group = book.groups.by_name.get(resource);
    if let Some(group) = group {
        out["etag"] = Value::from(etag(resource, group));
        if mask.has("metadata") {
            let updated = group.updated.to_rfc3339_opts(SecondsFormat::Micros, true);
            out["metadata"] = json!({"updateTime": updated});
        }
        if group.deleted {
            out["metadata"]["deleted"] = Value::Bool(true);
            return out;
        }
        if mask.has("clientData") {
            out["clientData"] = group.client_data.clone();
        }
    }
    let id = resource.trim_start_matches(PREFIX);
    if mask.has("name") {
        let name = group.map_or(id, |group| group.name.as_str());
        let formatted = match group {
            Some(_) => name.to_owned(),
            None => Region::of(&req.profile).label(id),
        };
        out["name"] = Value::from(name);
        out["formattedName"] = Value::from(formatted);
    }
    if mask.has("groupType") {
        let kind = if group.is_some() { "USER_CONTACT_GROUP" } else { "SYSTEM_CONTACT_GROUP" };
        out["groupType"] = Value::from(kind);
    }
    if mask.has("memberCount") {
        out["memberCount"] = json!(members(book, resource).count());
    }
    pruned(out).unwrap_or_default()
}

fn read_mask(req: &ApiRequest) -> Result<Mask, ApiResponse> {
    let mask = Mask::parse(MaskKind::GroupFields, req.param("groupFields"))?;
    Ok(mask.unwrap_or_else(|| Mask::of_group(&["groupType", "memberCount", "metadata", "name"])))
}

/// Answers `contactGroups.list`: a sync token even on a single page (P81).
pub(super) fn list(book: &AddressBook, req: &ApiRequest) -> Answer {
    let mask = read_mask(req)?;
    let size = page_size(req, 30)?;
    let sync_text = req.param("syncToken").filter(|text| !text.is_empty());
    let same = digest(&format!("{:?} {size}", mask.paths()));
    let for_page = digest(&format!("{same} {}", sync_text.unwrap_or_default()));
    let page = read_token(req, Kind::GroupPage, "pageToken", &for_page)?;
    let sync = read_token(req, Kind::GroupSync, "syncToken", &digest("groups"))?;
    if sync.as_ref().is_some_and(|token| token.expired(book.sync_epoch, req.now)) {
        return Err(ApiResponse::error_file(req.knobs.people_expired_status.body()));
    }
    let since = sync.as_ref().map(|token| token.shown);
    let found = select(book, since);
    let start = page.as_ref().map_or(0, |token| token.offset);
    let end = (start + size).min(found.len());
    let rows: Vec<_> = found
        .get(start..end)
        .unwrap_or_default()
        .iter()
        .map(|resource| render(book, req, resource, &mask))
        .collect();
    let mut token = Token {
        kind: Kind::GroupPage,
        parameters: for_page,
        shown: page.as_ref().map_or(book.groups.number, |token| token.shown),
        since,
        offset: end,
        full_sync: sync.map_or(req.now.timestamp(), |token| token.full_sync),
        epoch: book.sync_epoch,
    };
    let mut answer = json!({"contactGroups": rows, "totalItems": found.len()});
    answer = pruned(answer).unwrap_or_else(|| json!({}));
    if end < found.len() {
        answer["nextPageToken"] = Value::from(token.write(&req.account));
    } else {
        token.kind = Kind::GroupSync;
        token.parameters = digest("groups");
        token.since = None;
        token.offset = 0;
        answer["nextSyncToken"] = Value::from(token.write(&req.account));
    }
    Ok(ApiResponse::ok(answer))
}

fn select(book: &AddressBook, since: Option<u64>) -> Vec<String> {
    let of_user = book.groups.order.iter().filter(|resource| {
        let group = book.groups.by_name.get(*resource);
        group.is_some_and(|group| match since {
            Some(since) => group.number > since,
            None => !group.deleted,
        })
    });
    let of_system = SYSTEM.iter().map(|id| format!("{PREFIX}{id}"));
    let of_system = of_system.filter(|_| since.is_none());
    of_system.chain(of_user.cloned()).collect()
}

/// Answers `contactGroups.get`.
pub(super) fn get(book: &AddressBook, req: &ApiRequest) -> Answer {
    let mask = read_mask(req)?;
    let name = req.param("resourceName").unwrap_or_default();
    Ok(ApiResponse::ok(read_one(book, req, name, &mask)?))
}

/// Answers `contactGroups.batchGet` (P46).
pub(super) fn batch_get(book: &AddressBook, req: &ApiRequest) -> Answer {
    let mask = read_mask(req)?;
    let names = req.params("resourceNames");
    if names.is_empty() || names.len() > BATCH_MAX {
        return Err(invalid("Between 1 and 200 resource names must be given."));
    }
    let rows: Vec<_> = names
        .iter()
        .map(|name| match read_one(book, req, name, &mask) {
            Ok(group) => json!({"requestedResourceName": name, "contactGroup": group, "status": {}}),
            Err(refusal) => json!({"requestedResourceName": name, "status": rpc_status(&refusal)}),
        })
        .collect();
    Ok(ApiResponse::ok(json!({"responses": rows})))
}

fn read_one(book: &AddressBook, req: &ApiRequest, name: &str, mask: &Mask) -> Result<Value, ApiResponse> {
    if !exists(book, name) {
        return Err(not_found());
    }
    let mut group = render(book, req, name, mask);
    let most = req.number("maxMembers").and_then(|most| usize::try_from(most).ok());
    let names: Vec<_> = members(book, name).take(most.unwrap_or(0)).map(|(_, card)| card.name()).collect();
    if !names.is_empty() {
        group["memberResourceNames"] = json!(names);
    }
    Ok(group)
}

/// Answers `contactGroups.create`: a name is given once (P82).
pub(super) fn create(book: &mut AddressBook, req: &ApiRequest) -> Answer {
    let body = req.body.clone().unwrap_or_default();
    let mask = written_mask(&body)?;
    let name = wanted_name(book, &body["contactGroup"], None)?;
    let data = body["contactGroup"]["clientData"].clone();
    let resource = book.groups.add(&req.account, &name, data, req.now);
    Ok(ApiResponse::ok(render(book, req, &resource, &mask)))
}

fn written_mask(body: &Value) -> Result<Mask, ApiResponse> {
    let mask = Mask::parse(MaskKind::GroupFields, body["readGroupFields"].as_str())?;
    Ok(mask.unwrap_or_else(|| Mask::of_group(&["groupType", "metadata", "name"])))
}

fn wanted_name(book: &AddressBook, group: &Value, except: Option<&str>) -> Result<String, ApiResponse> {
    let name = group["name"].as_str().map(str::trim).unwrap_or_default();
    if name.is_empty() {
        return Err(invalid("Contact group name is required."));
    }
    if book.groups.name_is_taken(name, except) {
        return Err(ApiResponse::error_file("people-409-group-name"));
    }
    Ok(name.to_owned())
}

/// Answers `contactGroups.update` (P83).
pub(super) fn update(book: &mut AddressBook, req: &ApiRequest) -> Answer {
    let resource = own_group(book, req)?;
    let body = req.body.clone().unwrap_or_default();
    let wanted = &body["contactGroup"];
    let fields = Mask::parse(MaskKind::UpdateGroupFields, body["updateGroupFields"].as_str())?
        .unwrap_or_else(|| Mask::of_group(&["name"]));
    let mask = written_mask(&body)?;
    let current = book.groups.living(&resource).map(|group| etag(&resource, group));
    let sent = wanted["etag"].as_str().filter(|etag| !etag.is_empty());
    if sent.is_some() && sent != current.as_deref() {
        return Err(precondition(
            "Request contactGroup.etag is different than the current contactGroup.etag. Clear local cache and get the latest contact group.",
        ));
    }
    let name = match fields.has("name") {
        true => Some(wanted_name(book, wanted, Some(&resource))?),
        false => None,
    };
    book.groups.write(&resource, req.now, |group| {
        if let Some(name) = name {
            group.name = name;
        }
        if fields.has("clientData") {
            group.client_data = wanted["clientData"].clone();
        }
    });
    Ok(ApiResponse::ok(render(book, req, &resource, &mask)))
}

fn own_group(book: &AddressBook, req: &ApiRequest) -> Result<String, ApiResponse> {
    let resource = req.param("resourceName").unwrap_or_default();
    if system(resource).is_some() {
        return Err(invalid("System contact groups cannot be changed."));
    }
    if book.groups.living(resource).is_none() {
        return Err(not_found());
    }
    Ok(resource.to_owned())
}

/// Answers `contactGroups.delete`, with its members where asked (P83).
pub(super) fn delete(book: &mut AddressBook, req: &ApiRequest) -> Answer {
    let resource = own_group(book, req)?;
    remove(book, &resource, req.now, req.flag("deleteContacts"));
    Ok(ApiResponse::ok(json!({})))
}

/// Removes a group; a member without another group stays in "Contacts" (P44).
pub(super) fn remove(book: &mut AddressBook, resource: &str, now: DateTime<Utc>, with_contacts: bool) {
    let inside: Vec<_> = members(book, resource).map(|(entry, card)| (entry, Card::clone(card))).collect();
    for (entry, mut card) in inside {
        if with_contacts {
            to_bin(book, entry, now);
            continue;
        }
        card.groups.retain(|group| group != resource);
        if card.groups.is_empty() {
            card.groups.push(format!("{PREFIX}myContacts"));
        }
        book.store.write(entry, State::Live(Arc::new(card)), now);
    }
    book.groups.write(resource, now, |group| group.deleted = true);
}

/// Answers `contactGroups.members.modify`: 200 with what could not be done (P84).
pub(super) fn modify(book: &mut AddressBook, req: &ApiRequest) -> Answer {
    let resource = req.param("resourceName").unwrap_or_default().to_owned();
    if !exists(book, &resource) {
        return Err(not_found());
    }
    let body = req.body.clone().unwrap_or_default();
    let names = |member: &str| -> Vec<String> {
        let list = body[member].as_array().into_iter().flatten();
        list.filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let (adding, removing) = (names("resourceNamesToAdd"), names("resourceNamesToRemove"));
    if adding.len() + removing.len() > MODIFY_MAX {
        return Err(invalid("At most 1000 resource names can be added and removed."));
    }
    if !adding.is_empty() && !book.groups.takes_members(&resource) {
        return Err(invalid("Contacts cannot be added to this system contact group."));
    }
    let mut missing = Vec::new();
    let mut stuck = Vec::new();
    for name in &adding {
        match card_named(book, name) {
            Some((entry, card)) => add_member(book, req, entry, card, &resource),
            None => missing.push(name.clone()),
        }
    }
    for name in &removing {
        let Some((entry, card)) = card_named(book, name) else {
            missing.push(name.clone());
            continue;
        };
        if !remove_member(book, req, entry, card, &resource) {
            stuck.push(name.clone());
        }
    }
    let answer = json!({
        "notFoundResourceNames": missing,
        "canNotRemoveLastContactGroupResourceNames": stuck,
    });
    Ok(ApiResponse::ok(pruned(answer).unwrap_or_else(|| json!({}))))
}

fn card_named(book: &AddressBook, name: &str) -> Option<(usize, Card)> {
    let (entry, _, card) = book.store.live(contact_id(name)?)?;
    Some((entry, Card::clone(card)))
}

fn add_member(book: &mut AddressBook, req: &ApiRequest, entry: usize, mut card: Card, group: &str) {
    if !card.groups.iter().any(|known| known == group) {
        card.groups.push(group.to_owned());
        book.store.write(entry, State::Live(Arc::new(card)), req.now);
    }
}

/// Takes a contact out of a group, unless it is its last one.
fn remove_member(
    book: &mut AddressBook,
    req: &ApiRequest,
    entry: usize,
    mut card: Card,
    group: &str,
) -> bool {
    if !card.groups.iter().any(|known| known == group) {
        return true;
    }
    if card.groups.len() == 1 {
        return false;
    }
    card.groups.retain(|known| known != group);
    book.store.write(entry, State::Live(Arc::new(card)), req.now);
    true
}
