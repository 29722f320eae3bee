//! The contact itself: names after JSContact (RFC 9553), with vCard (RFC 6350) as second source.
//!
//! Every member has a default, members that are keyed collections are maps, and any mix of valid
//! members is a valid contact: so contacts merge field by field (see `passerelle_ports::fields`).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A person or a company in an address book.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "snake_case")]
pub struct Contact {
    /// The identifier that travels with the card (`UID`), if it has one.
    pub uid: String,
    /// The parts of the name (RFC 9553 §2.2.1).
    pub name: Name,
    /// Other names the person goes by, keyed by [`crate::text_key`] of the text.
    pub nicknames: BTreeMap<String, String>,
    /// The main organisation: its name, the person's title there, the department.
    pub organization: Organization,
    /// Further organisations, keyed by [`crate::text_key`] of the organisation's name.
    pub other_organizations: BTreeMap<String, Organization>,
    /// E-mail addresses, keyed by [`crate::email_key`].
    pub emails: BTreeMap<String, Email>,
    /// Telephone numbers, keyed by [`crate::phone_key`].
    pub phones: BTreeMap<String, Phone>,
    /// Postal addresses, keyed by label (`work`, `home`, `other`, a custom one), then `work#2` …
    pub addresses: BTreeMap<String, Address>,
    /// Web pages, keyed by [`crate::url_key`].
    pub urls: BTreeMap<String, Labelled>,
    /// Instant-messaging names, keyed by service and handle in lower case (`skype:anne.d`).
    pub ims: BTreeMap<String, Im>,
    /// The day of birth, with or without its year.
    pub birthday: Option<PartialDate>,
    /// The anniversary (of marriage), with or without its year.
    pub anniversary: Option<PartialDate>,
    /// Other days worth remembering, keyed by [`crate::text_key`] of their label.
    pub dates: BTreeMap<String, LabelledDate>,
    /// Related people, keyed by relation and name in lower case (`spouse:anne dupont`).
    pub relations: BTreeMap<String, Labelled>,
    /// Free text.
    pub notes: String,
    /// The groups (labels, categories) the contact belongs to, keyed by [`crate::text_key`] of the name.
    pub groups: BTreeMap<String, String>,
    /// Fields of the company's or the person's own making, keyed by [`crate::text_key`] of their name.
    pub custom: BTreeMap<String, Labelled>,
    /// Where the picture is, as the replica names it: a reference, never the bytes.
    pub photo: String,
    /// Whether the contact is private to its owner.
    pub private: bool,
    /// In which order the entries of a list stand, where it is not that of their keys.
    pub order: Order,
}

/// The keys of a contact's lists in the order in which their replica holds them, by list.
///
/// Contacts that differ in nothing else are equal. Whoever changes the order changes it on the other side too; where
/// two contacts meet each keeps its own, and a contact made anew takes the other's.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Order(BTreeMap<String, Vec<String>>);

impl PartialEq for Order {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Order {
    /// Keeps the order of a list, if it is not that of its keys.
    pub fn keep(&mut self, list: &str, keys: impl IntoIterator<Item = String>) {
        let keys: Vec<String> = keys.into_iter().collect();
        if keys.is_sorted() {
            self.0.remove(list);
        } else {
            self.0.insert(list.to_owned(), keys);
        }
    }

    /// Returns the entries of a list in their order; those that have no place in it come last.
    pub fn of<'a, T>(&self, list: &str, entries: &'a BTreeMap<String, T>) -> Vec<(&'a String, &'a T)> {
        let places = self.0.get(list).map(Vec::as_slice).unwrap_or_default();
        let mut all: Vec<_> = entries.iter().collect();
        all.sort_by_key(|(key, _)| places.iter().position(|place| place == *key).unwrap_or(places.len()));
        all
    }

    /// Returns the keys of a list as they shall stand, with those of `before`, if that is another order than before:
    /// entries that are new and come last change none, unless one of them may take the place of one that goes.
    #[must_use]
    pub fn change<T>(
        &self,
        list: &str,
        entries: &BTreeMap<String, T>,
        before: (&Order, &BTreeMap<String, T>),
    ) -> Option<Vec<String>> {
        if self.0.get(list) == before.0.0.get(list) {
            return None;
        }
        let keys = |all: Vec<(&String, &T)>| all.into_iter().map(|(key, _)| key.clone()).collect::<Vec<_>>();
        let wanted = keys(self.of(list, entries));
        let mut as_is = keys(before.0.of(list, before.1));
        as_is.retain(|key| entries.contains_key(key));
        as_is.extend(wanted.iter().filter(|key| !before.1.contains_key(*key)).cloned());
        let is_new = wanted.iter().any(|key| !before.1.contains_key(key));
        let replaces = is_new && before.1.keys().any(|key| !entries.contains_key(key));
        (wanted != as_is || replaces).then_some(wanted)
    }

    /// Puts the entries of a list under other keys.
    pub(crate) fn rename(&mut self, list: &str, keys: &BTreeMap<String, String>) {
        if let Some(places) = self.0.get_mut(list) {
            for place in places {
                if let Some(key) = keys.get(place) {
                    place.clone_from(key);
                }
            }
        }
    }
}

/// The parts of a name. A part is one field each, so they merge one by one.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Name {
    /// "Dr", "Mme" (`title` in RFC 9553).
    pub prefix: String,
    /// "Anne".
    pub given: String,
    /// Second given names (`given2`).
    pub middle: String,
    /// "de", "van der", "d'": written before the surname, not sorted by.
    pub particle: String,
    /// "Dupont".
    pub surname: String,
    /// "Jr", "PhD" (`generation` and `credential`).
    pub suffix: String,
    /// How the given name is pronounced.
    pub phonetic_given: String,
    /// How the surname is pronounced.
    pub phonetic_surname: String,
    /// The whole name where no parts are known.
    pub full: String,
}

/// An organisation and the person's place in it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Organization {
    /// The organisation's name.
    pub name: String,
    /// The person's title there.
    pub title: String,
    /// The department.
    pub department: String,
}

/// An e-mail address.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Email {
    /// As typed.
    pub address: String,
    /// `work`, `home`, `other` or a custom label; empty for none.
    pub label: String,
    /// Whether this is the preferred one.
    pub preferred: bool,
}

/// A telephone number.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Phone {
    /// As typed.
    pub number: String,
    /// `work`, `home`, `mobile`, `home_fax`, `work_fax`, `other_fax`, `pager`, `work_mobile`,
    /// `work_pager`, `main`, `other` or a custom label; empty for none.
    pub label: String,
    /// Whether this is the preferred one.
    pub preferred: bool,
}

/// A postal address (RFC 9553 §2.5.1).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Address {
    /// `work`, `home`, `other` or a custom label; empty for none.
    pub label: String,
    /// Number and street; several lines are separated by line feeds.
    pub street: String,
    /// Building, floor, "chez".
    pub extended: String,
    /// Post-office box.
    pub po_box: String,
    /// Postal code.
    pub postcode: String,
    /// City (`locality`).
    pub city: String,
    /// Region, state, county.
    pub region: String,
    /// Country, in words.
    pub country: String,
    /// Country, as ISO 3166-1 alpha-2 in capitals.
    pub country_code: String,
    /// Whether this is the preferred one.
    pub preferred: bool,
}

/// A value with a label.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Labelled {
    /// The label as typed; for a relation the kind of it, for a custom field its name.
    pub label: String,
    /// The value as typed.
    pub value: String,
}

/// An instant-messaging name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Im {
    /// The service, such as `skype`, in lower case.
    pub service: String,
    /// The name there, as typed.
    pub handle: String,
    /// `work`, `home`, `other` or a custom label; empty for none.
    pub label: String,
}

/// A day with a label.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LabelledDate {
    /// The label as typed.
    pub label: String,
    /// The day.
    pub date: PartialDate,
}

/// A day whose year, or whose month and day, may be unknown (RFC 9553 `PartialDate`; P67).
///
/// Written `2026-11-23`, `--11-23`, `2026-11` or `2026`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PartialDate {
    /// The year, if known.
    pub year: Option<i32>,
    /// The month, 1 to 12, if known.
    pub month: Option<u32>,
    /// The day of the month, if known; never without its month.
    pub day: Option<u32>,
}
