//! Which records take part: a filter over fields.

use passerelle_ports::{Fields, Value};
use serde::{Deserialize, Serialize};

use crate::FieldPattern;

/// A filter: a record takes part if it meets all conditions. No condition = every record.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Scope {
    /// The conditions.
    pub all: Vec<Condition>,
}

/// One condition on the texts that some fields hold: the text of a value, the texts of a list, and the
/// keys of a keyed collection.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Condition {
    /// Which fields.
    pub fields: FieldPattern,
    /// What must be true of them.
    pub test: Test,
}

/// What must be true of texts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Test {
    /// There is one.
    Present,
    /// There is none.
    Absent,
    /// One of them is in the list.
    AnyOf(Vec<String>),
    /// None of them is in the list.
    NoneOf(Vec<String>),
    /// None of them sorts before this text: for ISO dates. Nothing there = true.
    NotBefore(String),
    /// All of them sort before this text: for ISO dates. Nothing there = true.
    Before(String),
    /// Every entry with this flag has one of these keys; no entry with it = true.
    OwnedBy {
        /// The flag: a member of the entry that is true.
        flag: String,
        /// The keys.
        keys: Vec<String>,
    },
    /// The opposite: some entry with this flag has another key.
    NotOwnedBy {
        /// The flag.
        flag: String,
        /// The keys.
        keys: Vec<String>,
    },
}

impl Scope {
    /// Tells whether a record with these fields takes part.
    #[must_use]
    pub fn holds(&self, fields: &Fields) -> bool {
        self.all.iter().all(|condition| condition.holds(fields))
    }
}

impl Condition {
    /// Tells whether a record with these fields meets the condition.
    #[must_use]
    pub fn holds(&self, fields: &Fields) -> bool {
        let texts = self.texts(fields);
        match &self.test {
            Test::OwnedBy { flag, keys } => self.is_owned(fields, flag, keys),
            Test::NotOwnedBy { flag, keys } => !self.is_owned(fields, flag, keys),
            Test::Present => !texts.is_empty(),
            Test::Absent => texts.is_empty(),
            Test::AnyOf(list) => texts.iter().any(|text| list.contains(text)),
            Test::NoneOf(list) => !texts.iter().any(|text| list.contains(text)),
            Test::NotBefore(limit) => texts.iter().all(|text| text >= limit),
            Test::Before(limit) => texts.iter().all(|text| text < limit),
        }
    }

    fn is_owned(&self, fields: &Fields, flag: &str, keys: &[String]) -> bool {
        let flagged = fields
            .iter()
            .filter(|(field, value)| self.fields.names(field) && value.get(flag) == Some(&Value::Bool(true)));
        flagged.filter_map(|(field, _)| field.key()).all(|key| keys.iter().any(|known| known == key))
    }

    fn texts(&self, fields: &Fields) -> Vec<String> {
        let mut texts = Vec::new();
        for (field, value) in fields.iter().filter(|(field, _)| self.fields.names(field)) {
            texts.extend(field.key().map(str::to_owned));
            collect(value, &mut texts);
        }
        texts
    }
}

fn collect(value: &Value, texts: &mut Vec<String>) {
    match value {
        Value::String(text) => texts.push(text.clone()),
        Value::Number(number) => texts.push(number.to_string()),
        Value::Bool(flag) => texts.push(flag.to_string()),
        Value::Array(items) => items.iter().for_each(|item| collect(item, texts)),
        Value::Null | Value::Object(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use passerelle_ports::Field;
    use serde_json::json;

    use super::*;

    fn owned(key: &str) -> Test {
        Test::OwnedBy { flag: "organizer".into(), keys: vec![key.into()] }
    }

    #[test]
    fn conditions_read_values_lists_and_keys() {
        let fields: Fields = [
            (Field::new("start"), json!("2026-03-01T10:00:00")),
            (Field::new("keywords"), json!(["client", "vip"])),
            (Field::keyed("groups", "sales"), json!(true)),
            (Field::keyed("participants", "anne@a.example"), json!({"organizer": true})),
            (Field::keyed("participants", "bob@a.example"), json!({"organizer": false})),
        ]
        .into();
        for (pattern, test, expected) in [
            ("title", Test::Absent, true),
            ("start", Test::Present, true),
            ("start", Test::NotBefore("2026-01-01".into()), true),
            ("start", Test::Before("2026-01-01".into()), false),
            ("end", Test::Before("2026-01-01".into()), true),
            ("keywords", Test::AnyOf(vec!["vip".into()]), true),
            ("keywords", Test::NoneOf(vec!["vip".into()]), false),
            ("groups", Test::AnyOf(vec!["sales".into()]), true),
            ("participants", owned("anne@a.example"), true),
            ("participants", owned("bob@a.example"), false),
            ("guests", owned("bob@a.example"), true),
        ] {
            let condition = Condition { fields: FieldPattern::new(pattern), test };
            assert_eq!(Scope { all: vec![condition.clone()] }.holds(&fields), expected, "{condition:?}");
        }
        assert!(Scope::default().holds(&fields));
    }
}
