//! States of one record: which is the newest, and what several say together.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet, hash_map::DefaultHasher},
    hash::{Hash, Hasher},
};

use passerelle_calendar::Participant;

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
    pub(super) changed: String,
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

    /// Returns how new a message is: `DTSTAMP` says when it was made, `LAST-MODIFIED` when the appointment was changed that
    /// it is about (RFC 5545 §3.8.7.2).
    pub(super) fn of_message(component: &Component) -> Self {
        let made = component.text("DTSTAMP").trim().to_owned();
        let rank = Rank::of(component);
        if made.is_empty() { rank } else { Rank { changed: made, ..rank } }
    }

    /// Tells whether nothing says which of two states is newer.
    pub(super) fn is_as_new_as(&self, other: &Rank) -> bool {
        let unsaid = self.changed.is_empty() || other.changed.is_empty();
        self.sequence == other.sequence && (unsaid || self.changed == other.changed)
    }
}

/// Tells whether a property says when an appointment takes place.
pub(super) fn is_time(name: &str) -> bool {
    matches!(name, "DTSTART" | "DTEND" | "DURATION" | "RRULE" | "EXRULE" | "RDATE" | "EXDATE" | own::SERIES)
}

/// Makes the state of an appointment that was called off: when it would have been, the other state says.
pub(super) fn called_off(mut cancel: Component, other: Component) -> Component {
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

/// What several states of a record say together that are equally new, none of which says otherwise than another.
pub(super) struct Together {
    /// All that they say.
    pub(super) component: Component,
    /// Where its lines stand, by their names.
    named: HashMap<String, Vec<usize>>,
    /// Its lines, as text.
    texts: HashSet<String>,
    /// What is in it, as text.
    children: HashSet<String>,
    guests: BTreeMap<String, Participant>,
    attending: Attending,
}

impl Together {
    pub(super) fn new(component: Component) -> Self {
        let mut both = Together {
            component: Component { lines: Vec::new(), children: Vec::new(), ..component },
            named: HashMap::new(),
            texts: HashSet::new(),
            children: HashSet::new(),
            guests: BTreeMap::new(),
            attending: Attending::default(),
        };
        component.lines.into_iter().for_each(|line| both.line(line));
        component.children.into_iter().for_each(|child| both.child(child));
        both
    }

    fn line(&mut self, line: Line) {
        if guests::is_guest(&line) {
            guests::take(&mut self.guests, &mut self.attending, &line);
        }
        self.texts.insert(line.to_text());
        if is_said(&line) {
            self.named.entry(line.name.clone()).or_default().push(self.component.lines.len());
        }
        self.component.lines.push(line);
    }

    fn child(&mut self, child: Component) {
        let mut text = child.name.clone();
        describe(&child, &mut text);
        if self.children.insert(text) {
            self.component.children.push(child);
        }
    }

    /// Adds what another state says; tells whether it says nothing otherwise.
    pub(super) fn add(&mut self, other: Component) -> bool {
        let mut named: BTreeMap<&str, Vec<&Line>> = BTreeMap::new();
        for line in other.lines.iter().filter(|line| is_said(line)) {
            named.entry(&line.name).or_default().push(line);
        }
        if !named.iter().all(|(name, lines)| self.agrees(name, lines)) {
            return false;
        }
        let (mut new, mut fuller) = (Vec::new(), Vec::new());
        for (name, lines) in named {
            match self.named.get(name).filter(|_| !SEVERAL.contains(&name)) {
                None => {
                    new.extend(lines.iter().filter(|line| !self.texts.contains(&line.to_text())).copied())
                }
                Some(there) => {
                    let richer = |(line, _): &(&&Line, &usize)| !line.params.is_empty();
                    fuller.extend(lines.iter().zip(there).filter(richer).map(|(line, at)| (*line, *at)));
                }
            }
        }
        for (line, at) in fuller {
            if let Some(known) = self.component.lines.get_mut(at) {
                known.clone_from(line);
            }
        }
        new.into_iter().cloned().for_each(|line| self.line(line));
        other.children.into_iter().for_each(|child| self.child(child));
        true
    }

    /// Tells whether the lines of one name say nothing otherwise than those that are there.
    fn agrees(&self, name: &str, lines: &[&Line]) -> bool {
        if matches!(name, "ATTENDEE" | "ORGANIZER")
            && !lines.iter().all(|line| guests::agrees(&self.guests, line))
        {
            return false;
        }
        let Some(there) = self.named.get(name).filter(|_| !SEVERAL.contains(&name)) else { return true };
        let known = there.iter().filter_map(|at| self.component.lines.get(*at));
        let same = known.zip(lines).all(|(known, line)| {
            let params = known.params == line.params || known.params.is_empty() || line.params.is_empty();
            known.value == line.value && params
        });
        there.len() == lines.len() && same
    }
}

fn is_said(line: &Line) -> bool {
    line.name != "DTSTAMP" && !line.value.trim().is_empty()
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
            Compared::Other if known.is_completed_by(&new) => {
                known.said.extend(new.said);
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
    /// What it says, member by member, where that is compared.
    said: BTreeMap<u64, u64>,
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
        let (start, content, said) = (hash_of(&start), hash_of(&content), BTreeMap::new());
        Seen { sequence, changed, start, content, others: 0, said }
    }

    /// Remembers what it says, member by member.
    pub(crate) fn saying<'a>(self, said: impl Iterator<Item = (&'a str, String)>) -> Self {
        let said = said.map(|(name, value)| (hash_of(&name), hash_of(&value))).collect();
        Seen { said, ..self }
    }

    /// Tells whether another state of the same time says nothing otherwise.
    fn is_completed_by(&self, new: &Seen) -> bool {
        let agrees = |(name, value): (&u64, &u64)| self.said.get(name).is_none_or(|known| known == value);
        !self.said.is_empty() && self.start == new.start && new.said.iter().all(agrees)
    }

    pub(super) fn of(component: &Component) -> Self {
        let Rank { sequence, changed } = Rank::of(component);
        let mut content = String::new();
        describe(component, &mut content);
        let said: Vec<&str> = content.lines().filter(|line| !line.starts_with("DTSTAMP")).collect();
        let start = component.get("DTSTART").map(Line::to_text).unwrap_or_default();
        let (start, content, said) = (hash_of(&start), hash_of(&said), BTreeMap::new());
        Seen { sequence, changed, start, content, others: 0, said }
    }

    fn compare(&self, new: &Seen) -> Compared {
        let by_change = self.start == new.start && !self.changed.is_empty() && !new.changed.is_empty();
        let order = new.sequence.cmp(&self.sequence);
        let order = if by_change { order.then(new.changed.cmp(&self.changed)) } else { order };
        match order {
            _ if self.content == new.content => Compared::Same,
            std::cmp::Ordering::Less => Compared::Older,
            std::cmp::Ordering::Greater => Compared::Newer,
            std::cmp::Ordering::Equal => Compared::Other,
        }
    }
}
