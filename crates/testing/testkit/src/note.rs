//! A small record for tests: it has every kind of field that the real ones have.

use std::collections::{BTreeMap, BTreeSet};

use passerelle_ports::{Field, Fields, Kind, MatchKey, Record, Value};
use serde::{Deserialize, Serialize};

/// A note: scalars, a keyed collection, a list, a private flag, an identifier and a weaker key.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Note {
    /// The identifier: the strongest match key.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub uid: String,
    /// Hidden when the note is private.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub title: String,
    /// Hidden when the note is private.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub body: String,
    /// A label; some providers fill in a default.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub label: String,
    /// An address: the second match key.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub mail: String,
    /// A place.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub place: String,
    /// A keyed collection: one field per key.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub phones: BTreeMap<String, String>,
    /// A list: one field.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// What scopes look at.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub category: String,
    /// Whether strangers may see title and body.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub private: bool,
}

impl Note {
    /// Makes a note with an identifier and a title.
    pub fn new(uid: impl Into<String>, title: impl Into<String>) -> Self {
        Note { uid: uid.into(), title: title.into(), ..Note::default() }
    }
}

impl Record for Note {
    const KIND: Kind = Kind::Contacts;

    fn normal(_field: &Field, value: &Value) -> Value {
        match value {
            Value::String(text) => Value::String(text.split_whitespace().collect::<Vec<_>>().join(" ")),
            other => other.clone(),
        }
    }

    fn match_keys(&self) -> BTreeSet<MatchKey> {
        let keys = [(0, self.uid.trim()), (1, self.mail.trim())];
        keys.into_iter()
            .filter(|(_, text)| !text.is_empty())
            .map(|(s, text)| MatchKey::new(s, text))
            .collect()
    }

    fn is_private(&self) -> bool {
        self.private
    }

    fn redacted(fields: &Fields) -> Fields {
        let mut seen = fields.clone();
        seen.remove(&Field::new("body"));
        seen.insert(Field::new("title"), Value::String("Busy".into()));
        seen
    }

    /// The tag `guest` stands for somebody who was invited.
    fn concerned_others(&self) -> u64 {
        self.tags.iter().filter(|tag| *tag == "guest").count() as u64
    }

    fn summary(&self) -> String {
        self.title.clone()
    }
}

/// A value that a provider refuses to store: tests put it into a title.
pub const POISON: &str = "\u{7f}poison";
