//! What a contact holds, as it is stored, and what a client may put into it.
//!
//! Only writable members are stored; whatever Google computes is built at reading (`render`).

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value};

use crate::api::ApiResponse;

use super::fields::{SINGLETONS, STORED};
use super::refusals::{invalid, invalid_argument};

const FIELDS_MAX: usize = 500;
const FIELD_CHARS_MAX: usize = 1024;
const CONTACT_BYTES_MAX: usize = 128 * 1024;

/// One contact as it is stored.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Card {
    /// Holds the number behind `people/c…` and the id of its source (P60).
    pub(super) id: u64,
    pub(super) fields: BTreeMap<&'static str, Vec<Value>>,
    /// Holds the resource names of its groups, in the order they were given.
    pub(super) groups: Vec<String>,
    pub(super) photo: Option<Photo>,
    pub(super) profile: Option<LinkedProfile>,
    /// Holds the names this person had before (P16).
    pub(super) previous: Vec<String>,
}

/// A picture that a user gave to a contact (P49).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Photo {
    /// Holds the digest of what was sent.
    pub(super) digest: String,
    pub(super) bytes_len: usize,
    pub(super) media_type: &'static str,
    /// Holds what is shown: Google encodes every picture anew.
    pub(super) shown: Arc<[u8]>,
    /// Holds how often the picture was given another address.
    pub(super) turn: u32,
}

impl Photo {
    /// Returns the last part of the picture's address, without the size.
    pub(super) fn place(&self) -> String {
        match self.turn {
            0 => self.digest.clone(),
            turn => format!("{}-{turn}", self.digest),
        }
    }
}

/// A Google profile joined to a contact (P63).
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct LinkedProfile {
    pub(super) id: String,
    pub(super) fields: BTreeMap<&'static str, Vec<Value>>,
}

impl Card {
    /// Returns the resource name.
    pub(super) fn name(&self) -> String {
        resource_name(self.id)
    }

    /// Replaces a field as a whole by what a body holds (P33).
    pub(super) fn replace(&mut self, field: &'static str, person: &Value) {
        let items = items_of(field, person);
        if items.is_empty() {
            self.fields.remove(field);
        } else {
            self.fields.insert(field, items);
        }
    }

    /// Returns the first text of a field's member, if any.
    pub(super) fn text(&self, field: &str, member: &str) -> &str {
        self.fields
            .get(field)
            .and_then(|items| items.first())
            .and_then(|item| item[member].as_str())
            .unwrap_or_default()
    }

    /// Returns the size that counts towards the limits (P90).
    pub(super) fn bytes_len(&self) -> usize {
        self.fields.values().flatten().map(|item| item.to_string().len()).sum()
    }

    /// Refuses what breaks a rule of the fields (P40, P64, P67, P90).
    pub(super) fn check(&self) -> Result<(), ApiResponse> {
        let items = self.fields.values().map(Vec::len).sum::<usize>() + self.groups.len();
        if items > FIELDS_MAX {
            return Err(invalid("A contact holds at most 500 fields."));
        }
        if self.bytes_len() > CONTACT_BYTES_MAX {
            return Err(invalid("A contact holds at most 128 KB."));
        }
        self.fields.iter().try_for_each(|(field, items)| check_field(field, items))
    }
}

/// Returns `people/c<decimal>` (P60).
pub(super) fn resource_name(id: u64) -> String {
    format!("people/c{id}")
}

/// Reads `people/c<decimal>`.
pub(super) fn contact_id(name: &str) -> Option<u64> {
    name.strip_prefix("people/c")?.parse().ok()
}

/// Returns the writable items of a field in a body, without what Google computes.
pub(super) fn items_of(field: &str, person: &Value) -> Vec<Value> {
    let Some(items) = person.get(field).and_then(Value::as_array) else {
        return Vec::new();
    };
    items.iter().filter_map(|item| cleaned(field, item)).collect()
}

/// Returns every writable field of a body.
pub(super) fn fields_of(person: &Value) -> BTreeMap<&'static str, Vec<Value>> {
    STORED
        .iter()
        .map(|field| (*field, items_of(field, person)))
        .filter(|(_, items)| !items.is_empty())
        .collect()
}

/// Returns the groups that a body's memberships name, each once (P85).
pub(super) fn groups_of(person: &Value) -> Vec<String> {
    let mut groups: Vec<String> = Vec::new();
    let memberships = person.get("memberships").and_then(Value::as_array);
    for item in memberships.into_iter().flatten() {
        let name = item.pointer("/contactGroupMembership/contactGroupResourceName").and_then(Value::as_str);
        if let Some(name) = name
            && !groups.iter().any(|known| known == name)
        {
            groups.push(name.to_owned());
        }
    }
    groups
}

/// Leaves out nulls, empty texts and lists, zero and false: they are not kept (P21).
pub(super) fn pruned(value: Value) -> Option<Value> {
    match value {
        Value::Null | Value::Bool(false) => None,
        Value::String(text) if text.is_empty() => None,
        Value::Number(number) if number.as_f64() == Some(0.0) => None,
        Value::Array(items) => {
            let items: Vec<_> = items.into_iter().filter_map(pruned).collect();
            (!items.is_empty()).then_some(Value::Array(items))
        }
        Value::Object(members) => {
            let members: Map<_, _> =
                members.into_iter().filter_map(|(key, value)| Some((key, pruned(value)?))).collect();
            (!members.is_empty()).then_some(Value::Object(members))
        }
        other => Some(other),
    }
}

fn cleaned(field: &str, item: &Value) -> Option<Value> {
    let mut members = item.as_object()?.clone();
    let metadata = members.remove("metadata");
    members.retain(|key, _| !computed(field, key));
    if field == "nicknames" && members.get("type").and_then(Value::as_str) == Some("DEFAULT") {
        members.remove("type");
    }
    let mut members = match pruned(Value::Object(members))? {
        Value::Object(members) => members,
        _ => return None,
    };
    if field == "biographies" && members.get("contentType").and_then(Value::as_str).is_none() {
        members.insert("contentType".to_owned(), Value::from("TEXT_PLAIN"));
    }
    if metadata.is_some_and(|metadata| metadata["sourcePrimary"] == true) {
        members.insert("metadata".to_owned(), serde_json::json!({"sourcePrimary": true}));
    }
    Some(Value::Object(members))
}

fn computed(field: &str, member: &str) -> bool {
    match member {
        "formattedType" | "formattedProtocol" | "canonicalForm" | "displayNameLastFirst" => true,
        "displayName" => field == "names",
        "formattedValue" => field == "genders",
        _ => false,
    }
}

fn check_field(field: &str, items: &[Value]) -> Result<(), ApiResponse> {
    if items.len() > 1 && SINGLETONS.contains(&field) {
        return Err(invalid(&format!(
            "Only one value of {field} is allowed: the field is a singleton for contact sources."
        )));
    }
    let primaries = items.iter().filter(|item| item.get("metadata").is_some());
    if primaries.count() > 1 {
        return Err(invalid(&format!("{field} has more than one source primary.")));
    }
    items.iter().try_for_each(|item| check_item(field, item))
}

fn check_item(field: &str, item: &Value) -> Result<(), ApiResponse> {
    for member in ["date", "startDate", "endDate"] {
        if item.get(member).is_some_and(|date| !date_is_allowed(date)) {
            return Err(invalid_argument());
        }
    }
    if field == "events" && item.get("date").is_none() {
        return Err(invalid("events.date is required."));
    }
    if field != "biographies" && has_long_text(item) {
        return Err(invalid(&format!("A value of {field} is longer than 1024 characters.")));
    }
    Ok(())
}

fn has_long_text(value: &Value) -> bool {
    match value {
        Value::String(text) => text.chars().count() > FIELD_CHARS_MAX,
        Value::Array(items) => items.iter().any(has_long_text),
        Value::Object(members) => members.values().any(has_long_text),
        _ => false,
    }
}

/// Tells whether a date is whole, or month and day, or year and month, or a year (P67).
fn date_is_allowed(date: &Value) -> bool {
    let part = |name: &str| date[name].as_i64().unwrap_or(0);
    let (year, month, day) = (part("year"), part("month"), part("day"));
    if !(0..=9999).contains(&year) || !(0..=12).contains(&month) || !(0..=31).contains(&day) {
        return false;
    }
    match (year != 0, month != 0, day != 0) {
        (_, true, true) => {
            // A birthday without its year may be the 29th of February.
            let year = if year == 0 { 2000 } else { year };
            let parts = (i32::try_from(year), u32::try_from(month), u32::try_from(day));
            let (Ok(year), Ok(month), Ok(day)) = parts else {
                return false;
            };
            chrono::NaiveDate::from_ymd_opt(year, month, day).is_some()
        }
        (true, _, false) => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn p67_a_date_is_whole_or_one_of_three_parts() {
        for (date, allowed) in [
            (json!({"year": 1980, "month": 2, "day": 29}), true),
            (json!({"month": 2, "day": 29}), true),
            (json!({"year": 1980}), true),
            (json!({"year": 1980, "month": 5}), true),
            (json!({"year": 1981, "month": 2, "day": 29}), false),
            (json!({"day": 3}), false),
            (json!({"month": 3}), false),
            (json!({"year": 1980, "day": 3}), false),
            (json!({"year": 1980, "month": 13, "day": 1}), false),
            (json!({"year": 10000, "month": 1, "day": 1}), false),
        ] {
            assert_eq!(date_is_allowed(&date), allowed, "{date}");
        }
    }

    #[test]
    fn p21_defaults_and_computed_members_are_not_kept() {
        let person = json!({
            "nicknames": [{"value": "Jo", "type": "DEFAULT"}, {"value": ""}],
            "phoneNumbers": [{"value": "1", "canonicalForm": "+1", "formattedType": "Home",
                              "metadata": {"primary": true, "verified": true}}],
            "names": [{"givenName": "A", "displayName": "B"}],
            "emailAddresses": [{"value": "a@b.example", "displayName": "A"}],
            "birthdays": [{"date": {"year": 0, "month": 1, "day": 2}}],
        });
        let fields = fields_of(&person);
        assert_eq!(fields["nicknames"], [json!({"value": "Jo"})]);
        assert_eq!(fields["phoneNumbers"], [json!({"value": "1"})]);
        assert_eq!(fields["names"], [json!({"givenName": "A"})]);
        assert_eq!(fields["emailAddresses"][0]["displayName"], "A");
        assert_eq!(fields["birthdays"], [json!({"date": {"month": 1, "day": 2}})]);
    }

    #[test]
    fn p60_a_name_holds_the_number() {
        assert_eq!(contact_id(&resource_name(u64::MAX)), Some(u64::MAX));
        for name in ["people/me", "people/123", "people/cx", "contactGroups/c1"] {
            assert_eq!(contact_id(name), None, "{name}");
        }
    }
}
