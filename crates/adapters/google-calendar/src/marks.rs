//! What we keep with an event in its private properties (C169), and the ids we choose (C100).

use passerelle_calendar::FreeBusyStatus;
use passerelle_ports::{CreateKey, EntryId};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

/// Every property of ours begins like this; all others are somebody else's.
pub(crate) const PREFIX: &str = "passerelle.";
pub(crate) const KEY: &str = "passerelle.key";
pub(crate) const MADE: &str = "passerelle.made";
pub(crate) const STAMP: &str = "passerelle.stamp";
pub(crate) const STATUS: &str = "passerelle.status";
/// What [`STATUS`] says of an event that was called off.
const CALLED_OFF: &str = "cancelled";
pub(crate) const COLOR: &str = "passerelle.color";
/// What a series is by itself that Google shows as private because an occurrence of it is.
pub(crate) const PRIVACY: &str = "passerelle.privacy";
/// The privacy of one occurrence, where it has its own.
pub(crate) const OWN_PRIVACY: &str = "passerelle.own_privacy";
/// What one occurrence says itself although its series says the same: the names of its members.
pub(crate) const OWN: &str = "passerelle.own";
pub(crate) const FLOATING: &str = "passerelle.floating";
pub(crate) const URL: &str = "passerelle.url";
pub(crate) const CONFERENCE: &str = "passerelle.conference";
/// Says that the description holds that address by itself, and that no line of ours stands below it.
pub(crate) const IN_TEXT: &str = "passerelle.conference_in_text";
/// The conference of Google's that the company's own address takes the place of.
pub(crate) const INSTEAD_OF: &str = "passerelle.instead_of";
pub(crate) const CATEGORIES: &str = "passerelle.categories";
pub(crate) const ALERTS: &str = "passerelle.alerts";
/// The first word of [`ALERTS`] where its reminders wait because the calendar's own ones apply.
pub(crate) const BESIDE_DEFAULT: &str = "default";
/// The first word of [`ALERTS`] where all reminders wait because the event was called off; [`BESIDE_DEFAULT`] follows where
/// the calendar's own ones apply.
pub(crate) const SILENT: &str = "off";

/// How many characters one value may have; Google cuts at 1,024 without a word.
const LONGEST: usize = 1000;
/// How many properties one text may be spread over; a longer text is dropped.
const PARTS: usize = 8;

/// Returns the id of an event that is created with a key: always the same one.
pub(crate) fn id_of(key: &CreateKey) -> String {
    base32hex(Sha256::digest(key.as_str().as_bytes()).get(..20).unwrap_or_default())
}

/// Returns the key that an event was created with. The mark is believed only if the id says the same: a
/// person who duplicates an event duplicates its marks, but never its id.
pub(crate) fn key(id: &str, private: &Map<String, Value>) -> Option<CreateKey> {
    let key = CreateKey::from(private.get(KEY)?.as_str()?);
    (id_of(&key) == id).then_some(key)
}

/// Returns the entry named by a mark.
pub(crate) fn entry(private: &Map<String, Value>, name: &str) -> Option<EntryId> {
    private.get(name)?.as_str()?.parse().ok()
}

/// What is kept with an event that was called off: whether it blocked time, and the words put before its title.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct CalledOff {
    pub(crate) free: Option<FreeBusyStatus>,
    pub(crate) words: String,
}

impl CalledOff {
    /// Reads the mark, if there is one; older releases kept the bare word.
    pub(crate) fn read(private: &Map<String, Value>) -> Option<CalledOff> {
        let mark = private.get(STATUS)?.as_str()?;
        let mut parts = mark.splitn(3, ':');
        if parts.next() != Some(CALLED_OFF) {
            return None;
        }
        let free = parts.next().and_then(FreeBusyStatus::parse);
        Some(CalledOff { free, words: parts.next().unwrap_or_default().to_owned() })
    }

    /// Writes the mark.
    pub(crate) fn mark(&self) -> String {
        let free = self.free.unwrap_or_default();
        format!("{CALLED_OFF}:{}:{}", free.as_str(), self.words)
    }

    /// Returns the title behind the words; nothing where somebody took the words away, or gave it another title.
    pub(crate) fn title<'a>(&self, shown: &'a str) -> Option<&'a str> {
        let bare = shown == self.words.trim_end();
        shown.strip_prefix(&self.words).or(bare.then_some(""))
    }
}

/// Returns a text that may be spread over several properties.
pub(crate) fn text(private: &Map<String, Value>, name: &str) -> Option<String> {
    let mut part = private.get(name)?.as_str()?;
    let mut text = part.to_owned();
    for number in 2..=PARTS {
        // Behind a part that is not full, what a longer text left is no part of this one.
        let is_full = part.chars().count() >= LONGEST;
        let Some(more) = private.get(&format!("{name}.{number}")).and_then(Value::as_str).filter(|_| is_full)
        else {
            break;
        };
        text.push_str(more);
        part = more;
    }
    Some(text)
}

/// Writes a text, spread over several properties where it is long; `null` clears what is not needed.
pub(crate) fn put(into: &mut Map<String, Value>, name: &str, text: Option<&str>) {
    let chars: Vec<char> = text.unwrap_or_default().chars().collect();
    let mut parts: Vec<String> = chars.chunks(LONGEST).map(|part| part.iter().collect()).collect();
    if parts.len() > PARTS {
        tracing::warn!(property = name, "a text is too long to be kept with the event");
        parts.clear();
    }
    let mut parts = parts.into_iter();
    into.insert(name.to_owned(), parts.next().map_or(Value::Null, Value::from));
    for number in 2..=PARTS {
        let part = parts.next();
        // Behind a part that is not full nothing is read, and most texts never had any.
        if part.is_some() || chars.len() >= LONGEST {
            into.insert(format!("{name}.{number}"), part.map_or(Value::Null, Value::from));
        }
    }
}

fn base32hex(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 32] = b"0123456789abcdefghijklmnopqrstuv";
    let bit = |index: usize| bytes.get(index / 8).map_or(0, |byte| (byte >> (7 - index % 8)) & 1);
    (0..bytes.len() * 8)
        .step_by(5)
        .map(|first| (first..first + 5).fold(0_usize, |value, index| value << 1 | usize::from(bit(index))))
        .filter_map(|value| ALPHABET.get(value).map(|letter| char::from(*letter)))
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn ids_are_legal_and_stable_c100() {
        assert_eq!(base32hex(b"fooba"), "cpnmuoj1");
        let id = id_of(&CreateKey::from("k1"));
        assert_eq!(id.len(), 32);
        assert!(id.chars().all(|letter| matches!(letter, '0'..='9' | 'a'..='v')));
        assert_eq!(id, id_of(&CreateKey::from("k1")));
        assert_ne!(id, id_of(&CreateKey::from("k2")));
    }

    #[test]
    fn a_duplicated_mark_is_not_believed() {
        let marks = json!({KEY: "k1"}).as_object().unwrap().clone();
        assert_eq!(key(&id_of(&CreateKey::from("k1")), &marks), Some(CreateKey::from("k1")));
        assert_eq!(key("somebodyelse", &marks), None);
    }

    #[test]
    fn a_long_text_is_spread_and_a_short_one_clears_its_rest() {
        let long = "é".repeat(2500);
        let mut marks = Map::new();
        put(&mut marks, URL, Some(&long));
        assert_eq!(marks.iter().filter(|(_, value)| !value.is_null()).count(), 3);
        assert_eq!(text(&marks, URL).as_deref(), Some(long.as_str()));
        for now in ["short".to_owned(), "é".repeat(1000), "é".repeat(1001)] {
            let mut there = marks.clone();
            let mut change = Map::new();
            put(&mut change, URL, Some(&now));
            for (name, value) in change {
                match value {
                    Value::Null => there.remove(&name),
                    value => there.insert(name, value),
                };
            }
            assert_eq!(text(&there, URL).as_deref(), Some(now.as_str()), "after a longer one");
        }
        let mut short = Map::new();
        put(&mut short, URL, None);
        assert_eq!(Value::Object(short), json!({URL: null}));
        let mut endless = Map::new();
        put(&mut endless, URL, Some(&"x".repeat(9000)));
        assert_eq!(text(&endless, URL), None);
    }
}
