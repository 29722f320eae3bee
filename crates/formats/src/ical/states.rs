//! States of one record: which is the newest, and what several say together.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, hash_map::DefaultHasher},
    hash::{Hash, Hasher},
};

use passerelle_ports::mutants::{Mutant, on};

use super::{
    guests::{self, Attending},
    own,
};
use crate::content::{Component, Line};

/// Writes what a component says, without where it stands.
pub(super) fn describe(component: &Component, out: &mut String) {
    for line in &component.lines {
        out.push_str(&line.to_text());
        out.push('\n');
    }
    for child in &component.children {
        out.push_str(&child.name);
        out.push('\n');
        describe(child, out);
    }
}

fn hash_of(what: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    what.hash(&mut hasher);
    hasher.finish()
}

/// How new a state of a record is: by its number, then by when it was changed.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Rank {
    pub(super) sequence: i64,
    changed: String,
}

impl Rank {
    pub(super) fn of(component: &Component) -> Self {
        let text = |name| component.get(name).map(|line| line.value.trim().to_owned());
        let changed = text("LAST-MODIFIED").or_else(|| text("DTSTAMP"));
        Rank {
            sequence: text("SEQUENCE").and_then(|text| text.parse().ok()).unwrap_or_default(),
            changed: changed.unwrap_or_default(),
        }
    }

    /// Tells whether nothing says which of two states is newer.
    pub(super) fn is_as_new_as(&self, other: &Rank) -> bool {
        let unsaid = self.changed.is_empty() || other.changed.is_empty();
        self.sequence == other.sequence && (unsaid || self.changed == other.changed)
    }
}

/// Makes the state of an appointment that was called off: when it would have been, the other state says.
pub(super) fn called_off(mut cancel: Component, other: Component) -> Component {
    let is_time = |name: &str| {
        matches!(
            name,
            "DTSTART" | "DTEND" | "DURATION" | "RRULE" | "EXRULE" | "RDATE" | "EXDATE" | own::SERIES
        )
    };
    cancel.lines.retain(|line| !is_time(&line.name));
    let said: BTreeSet<String> = cancel.lines.iter().map(|line| line.name.clone()).collect();
    cancel.lines.extend(other.lines.into_iter().filter(|line| !said.contains(&line.name)));
    if cancel.children.is_empty() {
        cancel.children = other.children;
    }
    cancel
}

/// Properties of which an event has several, each of which says something of its own.
const SEVERAL: [&str; 12] = [
    "ATTACH",
    "ATTENDEE",
    "CATEGORIES",
    "COMMENT",
    "CONFERENCE",
    "CONTACT",
    "EXDATE",
    "IMAGE",
    "RDATE",
    "RELATED-TO",
    "REQUEST-STATUS",
    "RESOURCES",
];

/// Puts two states of a record together that are equally new, where neither says anything otherwise than the other.
pub(super) fn together(one: &Component, other: &Component) -> Option<Component> {
    let is_said = |line: &&Line| line.name != "DTSTAMP" && !line.value.trim().is_empty();
    let mut both = one.clone();
    let mut named: BTreeMap<&str, Vec<&Line>> = BTreeMap::new();
    for line in other.lines.iter().filter(is_said) {
        named.entry(&line.name).or_default().push(line);
    }
    for (name, lines) in named {
        let there: Vec<usize> = (0..both.lines.len())
            .filter(|at| both.lines.get(*at).is_some_and(|line| line.name == name && is_said(&line)))
            .collect();
        if there.is_empty() || SEVERAL.contains(&name) {
            let new = |line: &&&Line| !one.lines.iter().any(|known| known.to_text() == line.to_text());
            both.lines.extend(lines.iter().filter(new).map(|line| (*line).clone()));
            continue;
        }
        for (line, at) in lines.iter().zip(&there) {
            let known = both.lines.get_mut(*at).filter(|known| known.value == line.value)?;
            match (known.params.is_empty(), line.params.is_empty()) {
                _ if known.params == line.params => {}
                (true, _) => *known = (*line).clone(),
                (_, true) => {}
                _ => return None,
            }
        }
        if lines.len() != there.len() {
            return None;
        }
    }
    let says = |child: &Component| {
        let mut text = child.name.clone();
        describe(child, &mut text);
        text
    };
    let there: BTreeSet<String> = one.children.iter().map(says).collect();
    both.children.extend(other.children.iter().filter(|child| !there.contains(&says(child))).cloned());
    agree_on_guests(&both).then_some(both)
}

/// Tells whether no line says otherwise of a guest than another one.
fn agree_on_guests(component: &Component) -> bool {
    let (mut known, mut attending) = (BTreeMap::new(), Attending::default());
    let mut lines = component.lines.iter().filter(|line| guests::is_guest(line));
    lines.all(|line| guests::take(&mut known, &mut attending, line))
}

/// The records of a file by their identifiers.
#[derive(Default)]
pub(crate) struct Identities(HashMap<u64, Seen>);

/// What a record of a file is to those before it that have its identifier.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Identity {
    /// It is the first of it, or a newer state.
    Own,
    /// It says what another one says.
    Same,
    /// It is an older state of another one.
    Older,
    /// It is another record, and has this identifier from now on.
    Another(String),
}

impl Identities {
    /// Tells what a record is that begins at some time.
    pub(crate) fn tell(&mut self, uid: &str, start: &str, new: Seen) -> Identity {
        let Some(known) = self.0.get_mut(&hash_of(&uid)) else {
            self.0.insert(hash_of(&uid), new);
            return Identity::Own;
        };
        match known.compare(&new) {
            Compared::Same => return Identity::Same,
            Compared::Older => return Identity::Older,
            Compared::Newer => {
                *known = new;
                return Identity::Own;
            }
            Compared::Other => {}
        }
        let mut derived = format!("{uid}_{start}");
        if let Some(other) = self.0.get_mut(&hash_of(&derived.as_str())) {
            if other.content == new.content {
                return Identity::Same;
            }
            other.others += 1;
            derived = format!("{derived}_{}", other.others + 1);
        }
        self.0.insert(hash_of(&derived.as_str()), new);
        Identity::Another(derived)
    }
}

/// What is remembered of a record, to compare it with others of its identifier.
pub(crate) struct Seen {
    sequence: i64,
    /// When it was changed, if it says so.
    changed: String,
    start: u64,
    pub(super) content: u64,
    others: usize,
}

/// What a record is to one of the same identifier.
enum Compared {
    Same,
    Older,
    Newer,
    Other,
}

impl Seen {
    /// Remembers a record of which everything but its number and its change is one text.
    pub(crate) fn new(sequence: i64, changed: String, start: &str, content: &str) -> Self {
        Seen { sequence, changed, start: hash_of(&start), content: hash_of(&content), others: 0 }
    }

    pub(super) fn of(component: &Component) -> Self {
        let Rank { sequence, changed } = Rank::of(component);
        let mut content = String::new();
        describe(component, &mut content);
        let said: Vec<&str> = content.lines().filter(|line| !line.starts_with("DTSTAMP")).collect();
        let start = component.get("DTSTART").map(Line::to_text).unwrap_or_default();
        Seen { sequence, changed, start: hash_of(&start), content: hash_of(&said), others: 0 }
    }

    fn compare(&self, new: &Seen) -> Compared {
        let by_change = self.start == new.start && !self.changed.is_empty() && !new.changed.is_empty();
        let order = new.sequence.cmp(&self.sequence);
        let order = if by_change { order.then(new.changed.cmp(&self.changed)) } else { order };
        match order {
            _ if self.content == new.content => Compared::Same,
            _ if on(Mutant::FileLastWins) => Compared::Newer,
            std::cmp::Ordering::Less => Compared::Older,
            std::cmp::Ordering::Greater => Compared::Newer,
            std::cmp::Ordering::Equal => Compared::Other,
        }
    }
}
