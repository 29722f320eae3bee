//! What the engine asks of a record: names for its kinds, a normal form, match keys.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    ops::Range,
};

use chrono::NaiveDate;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{Field, Fields, Value};

/// The two kinds of record that exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Contacts.
    Contacts,
    /// Event series.
    Events,
}

impl Kind {
    /// Returns `contacts` or `events`, as it is stored and printed for machines.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Contacts => "contacts",
            Kind::Events => "events",
        }
    }
}

/// A key two copies of one real thing share, for the first meeting.
///
/// Ordered by strength: `strength` 0 is the strongest (an identifier), larger is weaker.
/// Keys of different strengths never match each other.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct MatchKey {
    /// 0 = identifier (UID), 1 = strong (e-mail, phone, start and title), 2 = weaker (name and number, name and company).
    pub strength: u8,
    /// The normalised text.
    pub text: String,
}

impl MatchKey {
    /// Makes a key.
    pub fn new(strength: u8, text: impl Into<String>) -> Self {
        MatchKey { strength, text: text.into() }
    }
}

impl fmt::Display for MatchKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.strength, self.text)
    }
}

/// The name of a person, as the words of it: none of a company without a person's name, which is nobody.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Called {
    /// The words of the given name, where it is known.
    pub given: BTreeSet<String>,
    /// Those of the whole name.
    pub whole: BTreeSet<String>,
}

impl Called {
    /// Tells whether the given names have no word in common, or, where one is not known, whether each of the whole names
    /// has a word that the other one lacks. The beginning of a word stands for it: an initial, a short form, and so do two
    /// spellings ("Paul", "Paule"), about which a person is asked.
    #[must_use]
    pub fn differs(&self, other: &Called) -> bool {
        let has = |words: &BTreeSet<String>, word: &String| {
            words.iter().any(|one| one.starts_with(word.as_str()) || word.starts_with(one.as_str()))
        };
        if !self.given.is_empty() && !other.given.is_empty() {
            return !self.given.iter().any(|word| has(&other.given, word));
        }
        let lacks = |one: &Called, other: &Called| one.whole.iter().any(|word| !has(&other.whole, word));
        self.whole.is_empty() != other.whole.is_empty() || lacks(self, other) && lacks(other, self)
    }
}

/// A record: a contact or an event series, as the domain knows it.
///
/// Serialising a record gives an object whose members are its fields (see [`crate::fields()`]); every
/// member has a default, and any mix of valid field values is a valid record.
pub trait Record:
    Clone + fmt::Debug + Default + PartialEq + Serialize + DeserializeOwned + Send + Sync + 'static
{
    /// Which kind of record this is.
    const KIND: Kind;

    /// Returns the normal form of a field's value: two values with the same normal form mean the
    /// same to a person (spaces, letter case of addresses, spelling of a rule …).
    ///
    /// Promises: idempotent; depends on nothing but its arguments.
    fn normal(field: &Field, value: &Value) -> Value;

    /// Returns the record with its entries under the keys that the same entries have in `own`, an earlier copy of it,
    /// and those that are new there under the keys that they have in `other`, the record of the other side.
    ///
    /// A replica may name the entries of a list anew with every answer; a link does not.
    #[must_use]
    fn aligned(self, _own: Option<&Self>, _other: Option<&Self>) -> Self {
        self
    }

    /// Returns the record, which was composed of `own` and of the fields `taken` from `source`, with its entries under
    /// the names that they have in it: an occurrence has another name once its series begins at another time.
    #[must_use]
    fn composed(self, _own: Option<&Self>, _source: &Self, _taken: &[Field]) -> Self {
        self
    }

    /// Returns the field that gives an entry its name, which says nothing of what it is: the entry may get another name
    /// and stay what it was.
    #[must_use]
    fn named_by(_entry: &Field) -> Option<Field> {
        None
    }

    /// Returns the other name that an entry, which `from` may have under `entry`, gets in `to`, another state of the
    /// same record, because of what gives it its name there.
    #[must_use]
    fn placed(_entry: &Field, _from: &Fields, _to: &Fields) -> Option<Field> {
        None
    }

    /// Returns the local record, which was composed of `own` and of the fields `taken` from the remote one, with what a
    /// provider dropped by itself as it took one of these fields: nobody has taken that back.
    #[must_use]
    fn keeping(self, _own: &Self, _taken: &[Field]) -> Self {
        self
    }

    /// Returns `value`, with what `other` says beyond it, where the two do not contradict each other: a label
    /// that one of them lacks. `None` where they do, or where the kind knows no such thing.
    ///
    /// Asked only where two records meet of which neither knew the value of the other, so that the first meeting
    /// asks nothing that nobody raised.
    fn filled(_field: &Field, _value: &Value, _other: &Value) -> Option<Value> {
        None
    }

    /// Returns `own`, a value of which a stranger sees a part only, with what `seen`, the stranger's value, says of that
    /// part. `None` where it says nothing that is not known, or where the kind knows no such thing.
    fn behind(_field: &Field, _own: Option<&Value>, _seen: &Value) -> Option<Value> {
        None
    }

    /// Tells whether what a field says may be filled whatever else the two records say that meet.
    fn stands_alone(_field: &Field, _one: &Fields, _other: &Fields) -> bool {
        true
    }

    /// Tells whether what a field says in two records that meet comes to the same, given all else that they say, however
    /// it is spelt: two rules of recurrence that make the same occurrences.
    fn says_the_same(_field: &Field, _one: &Fields, _other: &Fields) -> bool {
        false
    }

    /// Returns the keys by which a first meeting recognises this record.
    fn match_keys(&self) -> BTreeSet<MatchKey>;

    /// Returns by what a record is told from another one that shares an address or a number with it; nothing where a kind
    /// has nothing of the sort.
    fn called(&self) -> Option<Called> {
        None
    }

    /// Tells whether another record of the same side is likely the same thing once more, so that a person is asked before
    /// it is made on the other side too. A kind whose records may well repeat each other says no.
    fn is_double_of(&self, _other: &Self) -> bool {
        false
    }

    /// Tells whether its owner marked this record, or a part of it, as private.
    fn is_private(&self) -> bool;

    /// Returns the fields as a stranger may see them when the record is private: a busy block, for
    /// an event. A kind that knows no such view returns the fields unchanged.
    fn redacted(fields: &Fields) -> Fields;

    /// Returns the fields without the parts of an open record that are private: where private records take no
    /// part, neither do they.
    fn without_private_parts(fields: &Fields) -> Fields {
        fields.clone()
    }

    /// Returns a short name for lists and questions, such as a person's name or an event's title.
    fn summary(&self) -> String;

    /// Returns how many other people the record concerns: guests, who see what becomes of it.
    fn concerned_others(&self) -> u64 {
        0
    }

    /// Returns how many other people a change takes something away from that they were asked to: an occurrence that does
    /// not take place any more.
    fn calls_off(&self, _before: &Self) -> u64 {
        0
    }

    /// Tells whether a field can ever be sent or taken. Fields that a provider computes are not
    /// part of the record at all, so this is true unless the domain says otherwise.
    fn travels(_field: &Field) -> bool {
        true
    }

    /// Returns the label that a record left and the one that it took in its place, if that is all that happened to its
    /// labels since `before`: what a new name of the label looks like, or another spelling of it. A kind without labels says
    /// no.
    fn relabelled(_before: &Self, _now: &Self) -> Option<(Field, Field)> {
        None
    }

    /// Returns the field of a label with this name.
    fn label_field(_name: &str) -> Option<Field> {
        None
    }

    /// Puts labels in the place of others, by name.
    fn rename_labels(&mut self, _names: &BTreeMap<String, String>) {}

    /// Tells whether a field says only how other fields stand: the order of a list. What differs in nothing else is
    /// equal, is never asked about, and where two records meet each keeps its own; a change of it travels.
    fn is_arrangement(_field: &Field) -> bool {
        false
    }

    /// Tells whether each side keeps the value of a field under a name of its own, as pictures are kept: that two
    /// sides name it differently is no difference between them, and what a side makes of a value that it was given is
    /// not that value, nor anybody's edit.
    fn is_named_by_side(_field: &Field) -> bool {
        false
    }

    /// Tells whether the record takes place on one of these days, wholly or in part. A kind that knows no
    /// days takes place always.
    fn occurs_between(&self, _days: &Range<NaiveDate>) -> bool {
        true
    }
}
