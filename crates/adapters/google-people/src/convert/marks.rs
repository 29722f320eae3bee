//! What we write into `clientData` (P71): our marks, and what Google has no place for.
//!
//! Every key of ours begins with `passerelle.`; the entries of other applications stay as they are.

use std::collections::{BTreeMap, BTreeSet};

use passerelle_ports::{CreateKey, EntryId, Stamp};
use serde_json::Value;

use crate::wire::{Item, Person, text};

const OURS: &str = "passerelle.";

/// The marks of one contact.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Marks {
    pub(crate) key: Option<CreateKey>,
    pub(crate) made: Option<EntryId>,
    pub(crate) stamp: Option<Stamp>,
    pub(crate) uid: String,
    /// The whole name that was sent without parts.
    pub(crate) full: String,
    /// The part of the family name that is not sorted by.
    pub(crate) particle: String,
    pub(crate) private: bool,
    /// No organisation is the main one, although there are some.
    pub(crate) no_main: bool,
    /// The preferred entries, as `emails/anne@example.org`.
    pub(crate) preferred: BTreeSet<String>,
    /// The keys that entries have on the other side, where reading Google's list gives others:
    /// by member and the key that reading gives.
    pub(crate) keys: BTreeMap<(String, String), String>,
    /// The entries of other applications.
    pub(crate) others: Vec<Item>,
}

impl Marks {
    /// Reads the marks; of two of a kind (after a merge, P16) the first counts.
    pub(crate) fn read(person: &Person) -> Self {
        let mut marks = Marks::default();
        for item in person.items("clientData") {
            let (key, value) = (text(&item, "key").to_owned(), text(&item, "value").to_owned());
            match key.strip_prefix(OURS) {
                Some(name) => marks.take(name, value),
                None => marks.others.push(item),
            }
        }
        marks
    }

    fn take(&mut self, name: &str, value: String) {
        let first = |slot: &mut String, value: String| {
            if slot.is_empty() {
                *slot = value;
            }
        };
        match name {
            "key" => drop(self.key.get_or_insert_with(|| CreateKey::new(value))),
            "made" => self.made = self.made.or_else(|| value.parse().ok()),
            "stamp" => self.stamp = self.stamp.or_else(|| value.parse().ok()),
            "uid" => first(&mut self.uid, value),
            "x.full" => first(&mut self.full, value),
            "x.particle" => first(&mut self.particle, value),
            "x.private" => self.private = true,
            "x.main" => self.no_main = true,
            "x.preferred" => drop(self.preferred.insert(value)),
            "x.key" => {
                if let Ok([member, read, kept]) = serde_json::from_str::<[String; 3]>(&value) {
                    self.keys.insert((member, read), kept);
                }
            }
            _ => {}
        }
    }

    /// Returns the whole field, the others' entries first.
    pub(crate) fn write(&self) -> Vec<Item> {
        let mut items: Vec<Item> = self.others.iter().map(super::cleaned).collect();
        let mut put = |name: &str, value: &str| {
            if !value.is_empty() {
                let pair = [("key", format!("{OURS}{name}")), ("value", value.to_owned())];
                items.push(pair.into_iter().map(|(k, v)| (k.to_owned(), Value::from(v))).collect());
            }
        };
        put("key", self.key.as_ref().map_or("", CreateKey::as_str));
        put("made", &self.made.map(|id| id.to_string()).unwrap_or_default());
        put("stamp", &self.stamp.map(|id| id.to_string()).unwrap_or_default());
        put("uid", &self.uid);
        put("x.full", &self.full);
        put("x.particle", &self.particle);
        put("x.private", if self.private { "1" } else { "" });
        put("x.main", if self.no_main { "none" } else { "" });
        for entry in &self.preferred {
            put("x.preferred", entry);
        }
        for ((member, read), kept) in &self.keys {
            put("x.key", &serde_json::json!([member, read, kept]).to_string());
        }
        items
    }

    /// Returns the keys kept for one member, by the key that reading gives.
    pub(crate) fn kept(&self, member: &str) -> BTreeMap<&str, &str> {
        let of_member = self.keys.iter().filter(|((have, _), _)| have == member);
        of_member.map(|((_, read), kept)| (read.as_str(), kept.as_str())).collect()
    }

    /// Replaces the keys kept for one member.
    pub(crate) fn keep(&mut self, member: &str, kept: impl IntoIterator<Item = (String, String)>) {
        self.keys.retain(|(have, _), _| have != member);
        self.keys.extend(kept.into_iter().map(|(read, kept)| ((member.to_owned(), read), kept)));
    }
}

#[cfg(test)]
mod tests {
    use passerelle_ports::EntryId;
    use serde_json::json;

    use super::*;

    fn person(items: Vec<Item>) -> Person {
        let mut person = Person::default();
        person.set("clientData", items);
        person
    }

    #[test]
    fn p71_marks_are_read_as_they_were_written_and_others_stay() {
        let entry: EntryId = "0190f3d0-0000-7000-8000-000000000001".parse().unwrap();
        let other = json!({"key": "other.app", "value": "1"}).as_object().cloned().unwrap();
        let mut marks = Marks {
            key: Some("k/1".into()),
            made: Some(entry),
            stamp: Some(entry),
            uid: "urn:1".into(),
            full: "A B".into(),
            particle: "de".into(),
            private: true,
            no_main: true,
            others: vec![other],
            ..Marks::default()
        };
        marks.preferred.insert("emails/a/b@c.example".into());
        marks.keep("addresses", [("work".to_owned(), "work#2".to_owned())]);
        assert_eq!(Marks::read(&person(marks.write())), marks);
        assert_eq!(Marks::read(&person(Marks::default().write())), Marks::default());
    }

    #[test]
    fn p16_after_a_merge_the_first_mark_counts() {
        let item =
            |value: &str| json!({"key": "passerelle.key", "value": value}).as_object().cloned().unwrap();
        let marks = Marks::read(&person(vec![item("kept"), item("merged away")]));
        assert_eq!(marks.key, Some("kept".into()));
    }
}
