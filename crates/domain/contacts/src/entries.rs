//! Which entry of a list is which.
//!
//! An entry of a list has no name of its own, so that it is recognised by what it says: by its content first, by its
//! label last. Two addresses under one label stay two, whichever of them goes or changes, in whatever order they
//! come.

use std::collections::{BTreeMap, BTreeSet};

use passerelle_ports::{AssembleError, Field, Fields, Value, assemble, fields, is_empty};
use serde::Serialize;

use crate::{Contact, normal::normal, normal_line, plain_key};

/// The lists of a contact.
const LISTS: [&str; 10] = [
    "nicknames",
    "other_organizations",
    "emails",
    "phones",
    "addresses",
    "urls",
    "ims",
    "dates",
    "relations",
    "custom",
];

/// The lists whose keys tell the label: what an entry says may stand under another key.
const BY_LABEL: [&str; 4] = ["addresses", "dates", "other_organizations", "relations"];

/// Whose entries are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum With {
    /// Those of an earlier copy of the same record on the same side.
    Own,
    /// Those of the other side's record.
    Other,
}

/// One entry, taken apart.
struct Entry {
    key: String,
    /// The whole in its normal form, as JSON.
    whole: String,
    /// What it says, without its label and without being preferred.
    content: String,
    parts: BTreeSet<String>,
    label: String,
}

impl Entry {
    fn of(member: &str, key: &str, value: &Value) -> Entry {
        let value = normal(&Field::keyed(member, key), value);
        let named = if member == "other_organizations" { "name" } else { "label" };
        let label =
            value.get(named).and_then(Value::as_str).map(normal_line).unwrap_or_default().to_lowercase();
        let mut said = value.clone();
        if let Some(parts) = said.as_object_mut() {
            parts.retain(|part, value| !matches!(part.as_str(), "label" | "preferred") && !is_empty(value));
        }
        let parts = said.as_object().into_iter().flatten();
        let parts = parts.map(|(part, value)| format!("{part}={value}").to_lowercase()).collect();
        Entry {
            key: key.to_owned(),
            whole: value.to_string(),
            content: said.to_string().to_lowercase(),
            parts,
            label,
        }
    }

    fn is_said_by(&self, known: &Entry, member: &str, with: With) -> bool {
        let bare = self.label.is_empty() || known.label.is_empty() || self.label == known.label;
        // Two dates on one day may be two; an address is one, however each side labels it.
        self.content == known.content && (with == With::Own || member == "addresses" || bare)
    }

    /// Tells whether two addresses of two people's cards are one, of which one card says more: they have a street or a
    /// box in common, and contradict each other in nothing.
    fn is_told_by(&self, known: &Entry) -> bool {
        let bare = self.label.is_empty() || known.label.is_empty() || self.label == known.label;
        let names = |entry: &Entry| -> BTreeMap<String, String> {
            let parts = entry.parts.iter().filter_map(|part| part.split_once('='));
            parts.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
        };
        let (own, their) = (names(self), names(known));
        let is_one = |name: &str| own.contains_key(name) && own.get(name) == their.get(name);
        bare && (is_one("street") || is_one("po_box"))
            && own.iter().all(|(name, value)| their.get(name).is_none_or(|theirs| theirs == value))
    }

    fn likeness(&self, known: &Entry) -> usize {
        self.parts.intersection(&known.parts).count()
    }
}

/// Entries that are being matched.
struct Matching {
    member: &'static str,
    new: Vec<Entry>,
    /// New key to known key.
    found: BTreeMap<String, String>,
    taken: BTreeSet<String>,
}

impl Matching {
    fn start(member: &'static str, new: Vec<Entry>) -> Self {
        Matching { member, new, found: BTreeMap::new(), taken: BTreeSet::new() }
    }

    /// Matches what is left with these entries: the same key and value, the same value, the same content, the same
    /// label.
    fn with(&mut self, known: &[Entry], with: With, repeats_stay: bool) {
        let member = self.member;
        let free = BY_LABEL.contains(&member);
        let group = move |a: &Entry, b: &Entry| free || plain_key(&a.key) == plain_key(&b.key);
        self.same(known);
        self.round(known, |a, b| group(a, b) && a.whole == b.whole, |_, _| 0);
        let same_key =
            |a: &Entry, b: &Entry| usize::from(a.label == b.label) * 2 + usize::from(a.key == b.key);
        self.round(known, |a, b| group(a, b) && a.is_said_by(b, member, with), same_key);
        let alike = |a: &Entry, b: &Entry| a.likeness(b);
        if member == "addresses" && with == With::Other {
            self.round(known, Entry::is_told_by, alike);
        }
        // A second one added on each side is two, not one that differs.
        let counts = move |a: &Entry| with == With::Own || !repeats_stay || plain_key(&a.key) == a.key;
        // Of one kind there may be many relations: the name tells which.
        let named =
            move |a: &Entry, b: &Entry| member != "relations" || plain_key(&a.key) == plain_key(&b.key);
        self.round(known, |a, b| counts(a) && group(a, b) && named(a, b) && a.label == b.label, alike);
        if !free {
            self.round(known, |a, b| counts(a) && group(a, b), alike);
        }
    }

    /// Matches what has the same key and the same value: most of thousands, which are not compared with each other.
    fn same(&mut self, known: &[Entry]) {
        let by_key: BTreeMap<&str, &Entry> = known.iter().map(|old| (old.key.as_str(), old)).collect();
        for new in &self.new {
            let old = by_key.get(new.key.as_str()).filter(|old| old.whole == new.whole);
            if let Some(old) = old.filter(|old| !self.taken.contains(&old.key))
                && !self.found.contains_key(&new.key)
            {
                self.taken.insert(old.key.clone());
                self.found.insert(new.key.clone(), old.key.clone());
            }
        }
    }

    /// Matches every pair that is one, the likest first, and otherwise in order.
    fn round(
        &mut self,
        known: &[Entry],
        is_one: impl Fn(&Entry, &Entry) -> bool,
        likeness: impl Fn(&Entry, &Entry) -> usize,
    ) {
        let mut pairs = Vec::new();
        let free = known.iter().enumerate().filter(|(_, old)| !self.taken.contains(&old.key));
        let free: Vec<(usize, &Entry)> = free.collect();
        for (at, new) in self.new.iter().enumerate().filter(|(_, new)| !self.found.contains_key(&new.key)) {
            for (order, old) in free.iter().copied() {
                if is_one(new, old) {
                    pairs.push((std::cmp::Reverse(likeness(new, old)), at, order, &new.key, &old.key));
                }
            }
        }
        pairs.sort();
        for (.., new, old) in pairs {
            if !self.found.contains_key(new) && !self.taken.contains(old) {
                self.taken.insert(old.clone());
                self.found.insert(new.clone(), old.clone());
            }
        }
    }

    /// Gives every entry that is left a key that nothing else has.
    fn finish(mut self, avoided: &BTreeSet<String>) -> BTreeMap<String, String> {
        for entry in &self.new {
            if self.found.contains_key(&entry.key) {
                continue;
            }
            let plain = plain_key(&entry.key);
            let is_repeat = plain != entry.key;
            let mut free = entry.key.clone();
            let mut count = 1_usize;
            while self.taken.contains(&free) || (count > 1 || is_repeat) && avoided.contains(&free) {
                count += 1;
                free = format!("{plain}#{count}");
            }
            self.taken.insert(free.clone());
            self.found.insert(entry.key.clone(), free);
        }
        self.found
    }
}

fn entries<T: Serialize>(member: &str, list: &BTreeMap<String, T>) -> Vec<Entry> {
    let value = |entry: &T| serde_json::to_value(entry).unwrap_or_default();
    list.iter().map(|(key, entry)| Entry::of(member, key, &value(entry))).collect()
}

/// Returns, for each key of a list, the key under which the same entry stands in `known`, an earlier state of the
/// list; an entry that is new gets a key of its own.
#[must_use]
pub fn same_entries<T: Serialize>(
    member: &'static str,
    list: &BTreeMap<String, T>,
    known: &BTreeMap<String, T>,
) -> BTreeMap<String, String> {
    let mut matching = Matching::start(member, entries(member, list));
    matching.with(&entries(member, known), With::Own, false);
    let avoided = known.keys().cloned().collect();
    matching.finish(&avoided)
}

fn of_member(all: &Fields, member: &str) -> Vec<Entry> {
    let own = all.iter().filter(|(field, _)| field.member() == member);
    own.filter_map(|(field, value)| Some(Entry::of(member, field.key()?, value))).collect()
}

/// Puts the entries of a contact under the keys that they have in `own`, an earlier copy of it, and those that are
/// new under the keys that they have in `other`, the contact of the other side.
pub(crate) fn aligned(contact: Contact, own: Option<&Contact>, other: Option<&Contact>) -> Contact {
    if own.is_none() && other.is_none() || own == Some(&contact) {
        return contact;
    }
    let (all, own, other) = (fields(&contact), own.map(fields), other.map(fields));
    let renamed = try_aligned(&all, own.as_ref(), other.as_ref());
    // Renamed keys make no contact only if the contact made none before.
    renamed.unwrap_or(contact)
}

fn try_aligned(all: &Fields, own: Option<&Fields>, other: Option<&Fields>) -> Result<Contact, AssembleError> {
    let mut renamed = all.clone();
    let mut order = assemble::<Contact>(all)?.order;
    for member in LISTS {
        let new = of_member(all, member);
        let known = own.map(|own| of_member(own, member)).unwrap_or_default();
        let others = other.map(|other| of_member(other, member)).unwrap_or_default();
        if new.is_empty() || known.is_empty() && others.is_empty() {
            continue;
        }
        let avoided: BTreeSet<String> = known.iter().chain(&others).map(|entry| entry.key.clone()).collect();
        let mut matching = Matching::start(member, new);
        matching.with(&known, With::Own, false);
        let known: BTreeSet<&String> = known.iter().map(|entry| &entry.key).collect();
        let others: Vec<Entry> = others.into_iter().filter(|entry| !known.contains(&entry.key)).collect();
        matching.with(&others, With::Other, !known.is_empty());
        let keys = matching.finish(&avoided);
        order.rename(member, &keys);
        renamed.retain(|field, _| field.member() != member);
        for (new, key) in keys {
            if let Some(value) = all.get(&Field::keyed(member, &new)) {
                renamed.insert(Field::keyed(member, &key), value.clone());
            }
        }
    }
    Ok(Contact { order, ..assemble(&renamed)? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Address, Email, LabelledDate, Organization, email_key, keyed, text_key};

    #[test]
    fn thousands_of_entries_are_not_compared_with_each_other() {
        let email = |n: usize| {
            let address = format!("a{n}@a.example");
            (email_key(&address), Email { address, ..Email::default() })
        };
        let known: BTreeMap<String, Email> = (0..20_000).map(email).collect();
        let new = known.clone().into_iter().chain([email(20_000)]).collect();
        let found = same_entries("emails", &new, &known);
        assert!(found.len() == 20_001 && found.iter().all(|(new, known)| new == known));
    }

    fn address(text: &str) -> (String, Address) {
        let (label, rest) = text.split_once(' ').unwrap();
        let (street, city) = rest.split_once(',').unwrap_or((rest, ""));
        let label = if label == "-" { "" } else { label };
        let address =
            Address { label: label.into(), street: street.into(), city: city.into(), ..Address::default() };
        (crate::address_key(label), address)
    }

    fn addresses(texts: &[&str]) -> Contact {
        Contact { addresses: keyed(texts.iter().map(|text| address(text))), ..Contact::default() }
    }

    fn shown(contact: &Contact) -> Vec<String> {
        let shown = |(key, address): (&String, &Address)| format!("{key}={}", address.street);
        contact.addresses.iter().map(shown).collect()
    }

    #[track_caller]
    fn check(new: &[&str], own: Option<&[&str]>, other: Option<&[&str]>, expected: &[&str]) {
        let (own, other) = (own.map(addresses), other.map(addresses));
        let found = aligned(addresses(new), own.as_ref(), other.as_ref());
        let mut expected = expected.to_vec();
        expected.sort_by_key(|entry| entry.split('=').next().map(str::to_owned));
        assert_eq!(shown(&found), expected, "{new:?}");
    }

    #[test]
    fn an_entry_keeps_its_key_whichever_of_its_label_goes_or_changes() {
        let two: &[&str] = &["work A,Angers", "work B,Brest"];
        check(&["work B,Brest"], Some(two), None, &["work#2=B"]);
        check(&["work B,Brest", "work A,Angers"], Some(two), None, &["work#2=B", "work=A"]);
        check(&["work A2,Angers", "work B,Brest"], Some(two), None, &["work#2=B", "work=A2"]);
        check(&["work B2,Brest"], Some(two), None, &["work#2=B2"]);
        check(&["work B2,Brest", "work A,Angers"], Some(two), None, &["work#2=B2", "work=A"]);
        check(&["home B,Brest", "work A,Angers"], Some(two), None, &["work#2=B", "work=A"]);
        check(
            &["work C,Caen", "work A,Angers", "work B,Brest"],
            Some(two),
            None,
            &["work#2=B", "work#3=C", "work=A"],
        );
        check(&["home C,Caen"], Some(two), None, &["home=C"]);
    }

    #[test]
    fn an_address_that_one_card_tells_whole_is_one() {
        // The street alone and the street with its city, whichever card says more, in whatever letters.
        check(&["- 1 rue A"], None, Some(&["home 1 rue A,Lyon"]), &["home=1 rue A"]);
        check(
            &["home 1 RUE  a,Lyon"],
            None,
            Some(&["- 1 rue A"]),
            &[&format!("{}=1 RUE  a", crate::address_key(""))],
        );
        // Under another label it is another address, as are two of one's own card.
        check(&["home 1 rue A,Lyon"], None, Some(&["work 1 rue A"]), &["home=1 rue A"]);
        check(
            &["home 1 rue A", "work 1 rue A,Lyon"],
            Some(&["home 1 rue A"]),
            None,
            &["home=1 rue A", "work=1 rue A"],
        );
    }

    #[test]
    fn where_two_contacts_meet_an_order_or_a_label_is_no_difference() {
        check(&["work B", "work A"], None, Some(&["work A", "work B"]), &["work#2=B", "work=A"]);
        check(&["work A"], None, Some(&["- A"]), &["other=A"]);
        check(&["- A"], None, Some(&["work A"]), &["work=A"]);
        check(&["work A"], None, Some(&["work B"]), &["work=A"]);
        // Added on both sides since: the same one, and two that are not.
        check(&["work A", "work B"], Some(&["work A"]), Some(&["work A", "work B"]), &["work#2=B", "work=A"]);
        check(&["work A", "work C"], Some(&["work A"]), Some(&["work A", "work B"]), &["work#3=C", "work=A"]);
    }

    #[test]
    fn dates_organisations_and_repeated_values_are_told_apart() {
        let dates = |list: &[(&str, &str)]| Contact {
            dates: keyed(list.iter().map(|(label, date)| {
                (text_key(label), LabelledDate { label: (*label).into(), date: date.parse().unwrap() })
            })),
            ..Contact::default()
        };
        let before = dates(&[("visit", "2020-01-01"), ("visit", "2021-01-01")]);
        let after = aligned(dates(&[("visit", "2021-01-01")]), Some(&before), None);
        assert_eq!(after.dates.keys().collect::<Vec<_>>(), ["visit#2"]);
        let apart =
            aligned(dates(&[("wedding", "2020-01-01")]), None, Some(&dates(&[("visit", "2020-01-01")])));
        assert_eq!(apart.dates.keys().collect::<Vec<_>>(), ["wedding"]);
        let one = aligned(dates(&[("visit", "2020-01-01")]), None, Some(&dates(&[("", "2020-01-01")])));
        assert_eq!(one.dates.keys().collect::<Vec<_>>(), [""]);

        let posts = |list: &[(&str, &str)]| Contact {
            other_organizations: keyed(list.iter().map(|(name, title)| {
                (
                    text_key(name),
                    Organization { name: (*name).into(), title: (*title).into(), ..Default::default() },
                )
            })),
            ..Contact::default()
        };
        let after = aligned(posts(&[("ACME", "b")]), Some(&posts(&[("ACME", "a"), ("ACME", "b")])), None);
        assert_eq!(after.other_organizations.keys().collect::<Vec<_>>(), ["acme#2"]);

        let mails = |labels: &[&str]| Contact {
            emails: keyed(labels.iter().map(|label| {
                (
                    email_key("a@b.example"),
                    Email { address: "a@b.example".into(), label: (*label).into(), preferred: false },
                )
            })),
            ..Contact::default()
        };
        let after = aligned(mails(&["home"]), Some(&mails(&["work", "home"])), None);
        assert_eq!(after.emails.keys().collect::<Vec<_>>(), ["a@b.example#2"]);
    }
}
