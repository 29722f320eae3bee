//! A record taken apart into fields, and put together again.
//!
//! A record is a flat set of named values. A member that is a scalar or a list is one field
//! (`title`); a member that is an object is one field per key (`name/given`, `emails/a@b.example`).
//! A field that is absent is empty; an empty value is never present. So two records are compared,
//! merged and written field by field without anybody knowing what they are about.

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Map;
pub use serde_json::Value;

/// The name of one field: `member`, or `member/key` inside a keyed collection.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Field(String);

impl Field {
    /// Names a field that is one value.
    pub fn new(name: impl Into<String>) -> Self {
        Field(name.into())
    }

    /// Names one entry of a keyed collection.
    pub fn keyed(member: &str, key: &str) -> Self {
        Field(format!("{member}/{key}"))
    }

    /// Returns the whole name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the member of the record that this field belongs to.
    #[must_use]
    pub fn member(&self) -> &str {
        self.0.split_once('/').map_or(self.0.as_str(), |(member, _)| member)
    }

    /// Returns the key inside the member, if the member is a keyed collection.
    #[must_use]
    pub fn key(&self) -> Option<&str> {
        self.0.split_once('/').map(|(_, key)| key)
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A record as its fields. Holds no empty value.
pub type Fields = BTreeMap<Field, Value>;

/// Tells whether a value counts as absent: null, `false`, `""`, `[]`, `{}`.
///
/// A default counts as absent, so that at a first meeting a default never clashes with a value; for
/// the same reason a record leaves members at their default out of what it serialises.
#[must_use]
pub fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        Value::Bool(true) | Value::Number(_) => false,
    }
}

/// Takes a record apart.
///
/// A record that does not serialise to an object has no fields; the domain's own tests keep that
/// from happening.
pub fn fields<R: Serialize>(record: &R) -> Fields {
    let mut flat = Fields::new();
    if let Ok(Value::Object(members)) = serde_json::to_value(record) {
        for (member, value) in members {
            match value {
                Value::Object(entries) => {
                    for (key, value) in entries {
                        put(&mut flat, Field::keyed(&member, &key), value);
                    }
                }
                value => put(&mut flat, Field(member), value),
            }
        }
    }
    flat
}

fn put(flat: &mut Fields, field: Field, value: Value) {
    if !is_empty(&value) {
        flat.insert(field, value);
    }
}

/// The fields that do not make a record, with the reason.
#[derive(Debug, thiserror::Error)]
#[error("the fields do not make a record")]
pub struct AssembleError(#[from] serde_json::Error);

/// Puts a record together from its fields.
///
/// # Errors
///
/// A value that its field cannot hold: only possible for fields that did not come from [`fields`].
pub fn assemble<R: DeserializeOwned>(flat: &Fields) -> Result<R, AssembleError> {
    let mut members: Map<String, Value> = Map::new();
    for (field, value) in flat {
        match field.key() {
            None => {
                members.insert(field.as_str().to_owned(), value.clone());
            }
            Some(key) => {
                let member =
                    members.entry(field.member().to_owned()).or_insert_with(|| Value::Object(Map::new()));
                if let Value::Object(entries) = member {
                    entries.insert(key.to_owned(), value.clone());
                }
            }
        }
    }
    Ok(serde_json::from_value(Value::Object(members))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
    #[serde(default)]
    struct Card {
        title: String,
        count: Option<u32>,
        tags: Vec<String>,
        name: BTreeMap<String, String>,
        mails: BTreeMap<String, BTreeMap<String, String>>,
    }

    fn card() -> Card {
        Card {
            title: "Dr".into(),
            count: Some(0),
            tags: vec!["b".into(), "a".into()],
            name: [("given".to_owned(), "Anne".to_owned())].into(),
            mails: [("a/b@c.example".to_owned(), [("label".to_owned(), "work".to_owned())].into())].into(),
        }
    }

    #[test]
    fn what_is_taken_apart_can_be_put_together() {
        let back: Card = assemble(&fields(&card())).unwrap();
        assert_eq!(back, card());
        assert_eq!(assemble::<Card>(&Fields::new()).unwrap(), Card::default());
    }

    #[test]
    fn a_keyed_collection_is_one_field_per_key() {
        let names: Vec<String> = fields(&card()).keys().map(ToString::to_string).collect();
        assert_eq!(names, ["count", "mails/a/b@c.example", "name/given", "tags", "title"]);
    }

    #[test]
    fn empty_values_are_absent() {
        assert!(fields(&Card::default()).is_empty());
    }
}
