//! A stored contact as a client sees it: etags, metadata and whatever Google computes.
//!
//! A person's etag encodes the mask that was asked, a source's etag does not (P61).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Map, Value, json};

use crate::api::{ApiRequest, ApiResponse, Profile};

use super::card::{Card, LinkedProfile, pruned};
use super::fields::{Mask, READABLE};
use super::region::Region;
use super::store::Version;
use super::text;

/// Which kinds of sources a read shows (P63).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sources {
    pub(super) contact: bool,
    pub(super) profile: bool,
}

impl Sources {
    /// Reads the values of `sources`; none given means contact and profile (P10).
    pub(super) fn parse<'a>(values: impl IntoIterator<Item = &'a str>) -> Result<Self, ApiResponse> {
        let mut sources = Self { contact: false, profile: false };
        let mut any = false;
        for value in values.into_iter().flat_map(|value| value.split(',')) {
            match value.trim() {
                "READ_SOURCE_TYPE_CONTACT" => sources.contact = true,
                "READ_SOURCE_TYPE_PROFILE" => sources.profile = true,
                "READ_SOURCE_TYPE_DOMAIN_CONTACT" | "READ_SOURCE_TYPE_OTHER_CONTACT" => {}
                "READ_SOURCE_TYPE_UNSPECIFIED" | "" => continue,
                _ => return Err(super::refusals::invalid_argument()),
            }
            any = true;
        }
        if !any {
            sources.contact = true;
            sources.profile = true;
        }
        Ok(sources)
    }

    /// Reads them from the query.
    pub(super) fn of_query(req: &ApiRequest) -> Result<Self, ApiResponse> {
        Self::parse(req.params("sources"))
    }

    /// Reads them from the body.
    pub(super) fn of_body(body: &Value) -> Result<Self, ApiResponse> {
        let values = body.get("sources").and_then(Value::as_array);
        Self::parse(values.into_iter().flatten().filter_map(Value::as_str))
    }
}

/// How a person is asked for.
#[derive(Debug, Clone)]
pub(super) struct View {
    pub(super) mask: Mask,
    pub(super) sources: Sources,
    pub(super) region: Region,
    /// Cuts long lists (P18).
    pub(super) in_list: bool,
    /// Tells former names (P16).
    pub(super) in_sync: bool,
}

impl View {
    /// Views single persons.
    pub(super) fn new(mask: Mask, sources: Sources, profile: &Profile) -> Self {
        Self { mask, sources, region: Region::of(profile), in_list: false, in_sync: false }
    }
}

/// Returns the etag of a source: `#` and base64, the same for every mask (P61).
pub(super) fn source_etag(version: &Version, card: &Card) -> String {
    format!("#{}", BASE64.encode(version.digest(card.id)))
}

/// Returns the etag of a person: `%` and base64 of the mask's numbers and the state (P61).
pub(super) fn person_etag(version: &Version, card: &Card, mask: &Mask) -> String {
    let numbers = mask.numbers();
    let mut bytes = vec![0x12, u8::try_from(numbers.len()).unwrap_or(0)];
    bytes.extend(numbers);
    bytes.extend([0x1a, 0x04, 0x01, 0x02, 0x05, 0x07, 0x22, TAIL_LEN]);
    bytes.extend(state_tail(version, card).bytes());
    format!("%{}", BASE64.encode(bytes))
}

/// Tells whether an etag, asked with whatever mask, names the current state.
pub(super) fn person_etag_is_current(etag: &str, version: &Version, card: &Card) -> bool {
    let decoded = etag.strip_prefix('%').and_then(|text| BASE64.decode(text).ok());
    decoded.is_some_and(|bytes| bytes.ends_with(state_tail(version, card).as_bytes()))
}

const TAIL_LEN: u8 = 12;

fn state_tail(version: &Version, card: &Card) -> String {
    let mut text = BASE64.encode(version.digest(card.id));
    text.truncate(usize::from(TAIL_LEN));
    text
}

/// Returns a living contact as a client sees it.
pub(super) fn person(version: &Version, card: &Card, view: &View) -> Value {
    let mut out = Map::new();
    out.insert("resourceName".to_owned(), Value::from(card.name()));
    out.insert("etag".to_owned(), Value::from(person_etag(version, card, &view.mask)));
    for field in view.mask.paths() {
        let value = match *field {
            "metadata" => metadata(version, card, view),
            "memberships" => memberships(card, view),
            "photos" => photos(card, view),
            other => items(card, other, view),
        };
        if let Some(value) = pruned(value) {
            out.insert((*field).to_owned(), value);
        }
    }
    if view.in_sync && !card.previous.is_empty() {
        let metadata = out.entry("metadata").or_insert_with(|| json!({}));
        metadata["previousResourceNames"] = json!(card.previous);
    }
    Value::Object(out)
}

/// Returns a deleted contact as a sync by token shows it (P15).
pub(super) fn deleted(version: &Version, card: &Card, view: &View) -> Value {
    json!({
        "resourceName": card.name(),
        "etag": person_etag(version, card, &view.mask),
        "metadata": {"deleted": true, "objectType": "PERSON"},
    })
}

/// Returns the signed-in person (`people/me`): values of the profile only.
pub(super) fn me(account: &str, profile: &Profile, view: &View) -> Value {
    let mut fields = std::collections::BTreeMap::new();
    if !profile.name.is_empty() {
        fields.insert("names", vec![json!({"unstructuredName": profile.name})]);
    }
    fields.insert("emailAddresses", vec![json!({"value": account})]);
    fields.insert("locales", vec![json!({"value": profile.locale})]);
    let linked = LinkedProfile { id: profile.sub.clone(), fields };
    let name = format!("people/{}", profile.sub);
    let mut out = Map::new();
    out.insert("etag".to_owned(), Value::from(format!("%{}", BASE64.encode(view.mask.numbers()))));
    for field in view.mask.paths() {
        let value = match *field {
            "metadata" => json!({"sources": [profile_source(&linked)], "objectType": "PERSON"}),
            "photos" => json!([with_metadata(default_photo(&name), profile_item(&linked, true))]),
            other => {
                let mut list = Vec::new();
                push_profile_items(&mut list, &linked, other, view);
                Value::Array(list)
            }
        };
        if let Some(value) = pruned(value) {
            out.insert((*field).to_owned(), value);
        }
    }
    out.insert("resourceName".to_owned(), Value::from(name));
    Value::Object(out)
}

fn metadata(version: &Version, card: &Card, view: &View) -> Value {
    let mut sources = Vec::new();
    if view.sources.contact {
        sources.push(json!({
            "type": "CONTACT",
            "id": source_id(card),
            "etag": source_etag(version, card),
            "updateTime": version.update_time(),
        }));
    }
    if let Some(profile) = shown_profile(card, view) {
        sources.push(profile_source(profile));
    }
    json!({"sources": sources, "objectType": "PERSON"})
}

fn profile_source(profile: &LinkedProfile) -> Value {
    json!({
        "type": "PROFILE",
        "id": profile.id,
        "profileMetadata": {"objectType": "PERSON", "userTypes": ["GOOGLE_USER"]},
    })
}

fn shown_profile<'a>(card: &'a Card, view: &View) -> Option<&'a LinkedProfile> {
    card.profile.as_ref().filter(|_| view.sources.profile)
}

/// Returns the hexadecimal id of the contact source (P60).
pub(super) fn source_id(card: &Card) -> String {
    format!("{:x}", card.id)
}

fn contact_item(card: &Card) -> Value {
    json!({"source": {"type": "CONTACT", "id": source_id(card)}})
}

fn profile_item(profile: &LinkedProfile, primary: bool) -> Value {
    let mut metadata = json!({
        "source": {"type": "PROFILE", "id": profile.id},
        "sourcePrimary": true,
        "verified": true,
    });
    if primary {
        metadata["primary"] = Value::Bool(true);
    }
    metadata
}

fn with_metadata(mut item: Value, metadata: Value) -> Value {
    item["metadata"] = metadata;
    item
}

fn memberships(card: &Card, view: &View) -> Value {
    if !view.sources.contact {
        return Value::Null;
    }
    card.groups
        .iter()
        .map(|name| {
            let id = name.trim_start_matches("contactGroups/");
            json!({
                "metadata": contact_item(card),
                "contactGroupMembership":
                    {"contactGroupId": id, "contactGroupResourceName": name},
            })
        })
        .collect()
}

fn photos(card: &Card, view: &View) -> Value {
    if !view.sources.contact {
        return Value::Null;
    }
    let mut metadata = contact_item(card);
    metadata["primary"] = Value::Bool(true);
    let photo = card.photo.as_ref().map_or_else(
        || default_photo(&card.name()),
        |photo| json!({"url": format!("https://lh3.googleusercontent.com/contacts/{}=s100", photo.place())}),
    );
    json!([with_metadata(photo, metadata)])
}

/// Returns the generated picture of a person without one (P49).
fn default_photo(name: &str) -> Value {
    let tail = name.trim_start_matches("people/");
    json!({"url": format!("https://lh3.googleusercontent.com/cm/{tail}=s100"), "default": true})
}

fn items(card: &Card, field: &'static str, view: &View) -> Value {
    let mut list = Vec::new();
    if view.sources.contact {
        push_contact_items(&mut list, card, field, view);
    }
    if let Some(profile) = shown_profile(card, view) {
        push_profile_items(&mut list, profile, field, view);
    }
    if view.in_list && matches!(field, "emailAddresses" | "phoneNumbers") {
        list.truncate(LIST_VALUES_MAX);
    }
    Value::Array(list)
}

/// How many addresses and phones a listing shows of one person (P18).
const LIST_VALUES_MAX: usize = 100;

fn push_contact_items(list: &mut Vec<Value>, card: &Card, field: &str, view: &View) {
    let Some(stored) = card.fields.get(field) else {
        return;
    };
    let chosen = stored.iter().position(|item| item.get("metadata").is_some());
    for (at, item) in stored.iter().enumerate() {
        let mut metadata = contact_item(card);
        if at == chosen.unwrap_or(0) {
            metadata["primary"] = Value::Bool(true);
            metadata["sourcePrimary"] = Value::Bool(true);
        }
        list.push(with_metadata(text::completed(field, item.clone(), &view.region), metadata));
    }
}

fn push_profile_items(list: &mut Vec<Value>, profile: &LinkedProfile, field: &str, view: &View) {
    let Some(stored) = profile.fields.get(field) else {
        return;
    };
    for item in stored {
        let primary = list.is_empty();
        let completed = text::completed(field, item.clone(), &view.region);
        list.push(with_metadata(completed, profile_item(profile, primary)));
    }
}

/// Returns the stored state, for inspection.
pub(super) fn raw(version: &Version, card: &Card) -> Value {
    let mut out = json!({
        "resourceName": card.name(),
        "sourceId": source_id(card),
        "sourceEtag": source_etag(version, card),
        "updateTime": version.update_time(),
        "memberships": card.groups,
        "previousResourceNames": card.previous,
    });
    for field in READABLE {
        if let Some(items) = card.fields.get(field) {
            out[field] = json!(items);
        }
    }
    if let Some(photo) = &card.photo {
        out["photo"] = json!({"sha256": photo.digest, "bytes": photo.bytes_len,
                              "mediaType": photo.media_type});
    }
    if let Some(profile) = &card.profile {
        out["profile"] = json!({"id": profile.id, "fields": profile.fields});
    }
    out
}
