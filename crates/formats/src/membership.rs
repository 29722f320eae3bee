//! Cards of groups: their members get the group as a label, and the card itself is no person.

use std::collections::{BTreeMap, BTreeSet};

use passerelle_contacts::{Contact, keyed, text_key};
use serde_json::{Map, Value};

use crate::{
    Source,
    content::{Component, Piece, Pieces},
    json::Objects,
    text::mentions,
};

/// Returns the labels of a contact by their keys: one that is named twice is one.
pub(crate) fn labels_of(names: impl IntoIterator<Item = String>) -> BTreeMap<String, String> {
    let mut said = BTreeSet::new();
    let once = names.into_iter().filter(|name| said.insert(name.clone()));
    keyed(once.map(|name| (text_key(&name), name)))
}

/// Which groups of a file the cards of the same file belong to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Memberships {
    /// The names of the groups, by the identifier of a member.
    groups: BTreeMap<String, Vec<String>>,
    /// The positions, counted from 0, of cards that say no more than who belongs to a group.
    only_groups: BTreeSet<usize>,
}

/// The card of a group.
struct Group {
    position: usize,
    name: String,
    members: Vec<String>,
    bare: bool,
}

impl Memberships {
    /// Finds the groups of a file of vCards.
    pub(crate) fn of_cards(source: impl Source) -> Self {
        if !mentions(source.open(), b"MEMBER") {
            return Memberships::default();
        }
        let (mut uids, mut groups) = (BTreeSet::new(), Vec::new());
        let cards =
            Pieces::new(source.open(), &["VCARD"]).filter(|piece| !matches!(piece, Ok(Piece::Line(_))));
        for (position, piece) in cards.enumerate() {
            let Ok(Piece::Component(card)) = piece else { continue };
            match group_of(position, &card) {
                Some(group) => groups.push(group),
                None => {
                    uids.insert(plain_uid(&card.text("UID")));
                }
            }
        }
        Memberships::new(&uids, groups)
    }

    /// Finds the groups of a file of cards in JSON.
    pub(crate) fn of_objects(source: impl Source) -> Self {
        if !mentions(source.open(), b"\"members\"") {
            return Memberships::default();
        }
        let (mut uids, mut groups) = (BTreeSet::new(), Vec::new());
        for (position, found) in Objects::new(source.open()).enumerate() {
            let Ok((_, card)) = found else { continue };
            match group_of_object(position, &card) {
                Some(group) => groups.push(group),
                None => {
                    uids.insert(plain_uid(card.get("uid").and_then(Value::as_str).unwrap_or_default()));
                }
            }
        }
        Memberships::new(&uids, groups)
    }

    fn new(uids: &BTreeSet<String>, groups: Vec<Group>) -> Self {
        let mut all = Memberships::default();
        for group in groups {
            let is_here = |member: &String| !member.is_empty() && uids.contains(member);
            if group.bare && !group.members.is_empty() && group.members.iter().all(is_here) {
                all.only_groups.insert(group.position);
            }
            for member in group.members.into_iter().filter(is_here) {
                all.groups.entry(member).or_default().push(group.name.clone());
            }
        }
        all
    }

    /// Tells whether the card at a position is a group whose members are all in the file.
    pub(crate) fn is_only_group(&self, position: usize) -> bool {
        self.only_groups.contains(&position)
    }

    /// Gives a contact the groups that name it.
    pub(crate) fn label(&self, contact: &mut Contact) {
        let names = self.groups.get(&plain_uid(&contact.uid)).into_iter().flatten();
        for name in names.filter(|_| !contact.uid.is_empty()) {
            contact.groups.entry(text_key(name)).or_insert_with(|| name.clone());
        }
    }
}

fn plain_uid(uid: &str) -> String {
    let uid = uid.trim().to_lowercase();
    uid.strip_prefix("urn:uuid:").unwrap_or(&uid).to_owned()
}

/// Properties of a group that are not lost with its card: its name, and what only concerns the card.
const BARE: [&str; 13] = [
    "FN",
    "KIND",
    "MEMBER",
    "N",
    "ORG",
    "PRODID",
    "REV",
    "UID",
    "VERSION",
    "X-ADDRESSBOOKSERVER-KIND",
    "X-ADDRESSBOOKSERVER-MEMBER",
    "X-ABUID",
    "X-ABSHOWAS",
];

fn group_of(position: usize, card: &Component) -> Option<Group> {
    let kind = card.get("KIND").or_else(|| card.get("X-ADDRESSBOOKSERVER-KIND"))?;
    if !kind.value.trim().eq_ignore_ascii_case("group") {
        return None;
    }
    let named = |name: &str| matches!(name, "MEMBER" | "X-ADDRESSBOOKSERVER-MEMBER");
    let members = card.lines.iter().filter(|line| named(&line.name)).map(|line| plain_uid(&line.unescaped()));
    let full = card.text("FN");
    let name = if full.trim().is_empty() { card.text("N").replace(';', " ").trim().to_owned() } else { full };
    Some(Group {
        position,
        bare: !name.is_empty() && card.lines.iter().all(|line| BARE.contains(&line.name.as_str())),
        name,
        members: members.collect(),
    })
}

fn group_of_object(position: usize, card: &Map<String, Value>) -> Option<Group> {
    if card.get("kind")?.as_str()? != "group" {
        return None;
    }
    let members = card.get("members").and_then(Value::as_object).into_iter().flatten();
    let members = members.filter(|(_, value)| **value == Value::Bool(true)).map(|(uid, _)| plain_uid(uid));
    let name = card.get("name").and_then(|name| name.get("full")).and_then(Value::as_str).unwrap_or_default();
    let bare = ["@type", "version", "kind", "members", "name", "uid", "updated", "created", "prodId"];
    Some(Group {
        position,
        bare: !name.is_empty() && card.keys().all(|member| bare.contains(&member.as_str())),
        name: name.to_owned(),
        members: members.collect(),
    })
}
