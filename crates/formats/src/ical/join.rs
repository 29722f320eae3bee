//! Who belongs together in a file: series and their changed occurrences, records that share an identifier.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque, hash_map::DefaultHasher},
    hash::{Hash, Hasher},
    io::Read,
};

use passerelle_calendar::{Event, Override, RecurrenceId, Start, contains, occurrences};
use passerelle_ports::{
    left,
    mutants::{Mutant, on},
};

use super::{
    answer,
    dates::{Days, is_said},
    method, old, own,
    read::{Read1, change_of, event_of, finish, is_of_many, is_rule, start_of},
    repair::repair,
    rest, series,
    zones::Zones,
};
use crate::{
    BadRecord, Imported, Reason,
    content::{Component, Line, Packed, Piece, Pieces, summary_of},
    text::{Written, position_of, written_in},
};

/// The events of a file. Series and changed occurrences are held until its end, because they may
/// stand anywhere; other events are not.
pub(crate) struct Events<R> {
    pieces: Pieces<R>,
    /// The zones of each calendar that says something of its own about them; the last is being read.
    zones: Vec<Zones>,
    /// What the calendar that is being read says about its zones.
    described: String,
    /// The calendars by what they say about their zones.
    known: HashMap<String, usize>,
    /// What the calendar that is being read says of its clock as vCalendar 1.0 does.
    header: old::Header,
    /// The method of the calendar that is being read.
    method: String,
    /// The methods that stand behind the events of their calendars, by the number of the calendar.
    late: HashMap<usize, String>,
    /// The identifiers that several events of the file have, as numbers: which of them is the newest, its end tells.
    twice: HashSet<u64>,
    /// The number of the calendar that is being read.
    calendar: usize,
    /// Events of this calendar whose zone is described later in it.
    waiting: Vec<Packed>,
    /// Series and changed occurrences of this calendar.
    here: Vec<Held>,
    /// Those of the calendars before.
    held: Vec<Held>,
    /// The series of the file with their changes, once it is at its end: they are read one by one.
    series: VecDeque<(Held, Vec<Held>)>,
    /// The changed occurrences whose series is not in the file, by that series.
    orphans: VecDeque<Vec<Held>>,
    /// What guests answer, for the end: the appointment may come later in the file.
    answers: Vec<(Rank, BadRecord)>,
    seen: Identities,
    /// The component that stands in the calendar beside its events, if one is open.
    beside: Option<Beside>,
    ready: VecDeque<Read1>,
    done: bool,
}

/// The components that are read as such.
const WANTED: &[&str] = &["VEVENT", "VTIMEZONE", "VTODO", "VJOURNAL", "VFREEBUSY"];

/// Finds the methods that stand behind an event of their calendar, by the number of the calendar.
fn late_methods(bytes: &[u8]) -> HashMap<usize, String> {
    let mut late = HashMap::new();
    let behind = position_of(bytes, b"VEVENT").and_then(|first| bytes.get(first..)).unwrap_or_default();
    // What is written in more than a byte a letter is searched without that.
    let plain = written_in(bytes).is_none_or(|(written, _)| written == Written::Utf8);
    if plain && !names_method(behind) {
        return late;
    }
    let (mut calendar, mut depth, mut events) = (0, 0_usize, false);
    for piece in Pieces::new(bytes, WANTED).filter_map(Result::ok) {
        let Piece::Line(line) = piece else {
            events = true;
            continue;
        };
        match line.name.as_str() {
            "BEGIN" | "END" if line.value.trim().eq_ignore_ascii_case("VCALENDAR") => {
                calendar += 1;
                (depth, events) = (0, false);
            }
            "BEGIN" => depth += 1,
            "END" => depth = depth.saturating_sub(1),
            "METHOD" if events && depth == 0 => {
                late.insert(calendar, line.value);
            }
            _ => {}
        }
    }
    late
}

/// Finds the identifiers that several events have which are no changed occurrences. A line that is folded in the middle of
/// its name is not seen: such states are taken in the order of the file.
fn named_twice(bytes: &[u8]) -> HashSet<u64> {
    let (mut once, mut twice) = (HashSet::new(), HashSet::new());
    let (mut uid, mut is_change) = (None, false);
    let mut lines =
        bytes.split(|byte| matches!(byte, b'\r' | b'\n')).filter(|line| !line.is_empty()).peekable();
    while let Some(line) = lines.next() {
        let is = |name: &[u8]| {
            let end = line.get(name.len());
            line.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name))
                && end.is_none_or(|end| matches!(end, b':' | b';'))
        };
        if is(b"UID") {
            let mut whole = line.to_vec();
            while let Some(more) = lines.next_if(|line| matches!(line.first(), Some(b' ' | b'\t'))) {
                whole.extend(more.iter().skip(1));
            }
            uid =
                whole.iter().position(|byte| *byte == b':').and_then(|at| whole.get(at + 1..)).map(number_of);
        } else if is(b"RECURRENCE-ID") {
            is_change = true;
        } else if line.eq_ignore_ascii_case(b"END:VEVENT") {
            if let Some(uid) = uid.take().filter(|_| !is_change)
                && !once.insert(uid)
            {
                twice.insert(uid);
            }
            is_change = false;
        }
    }
    twice
}

fn number_of(text: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.trim_ascii().hash(&mut hasher);
    hasher.finish()
}

/// Tells whether `METHOD` may be named, wherever its line is folded.
fn names_method(bytes: &[u8]) -> bool {
    let word = b"METHOD";
    let mut found = 0;
    bytes.iter().filter(|byte| !byte.is_ascii_whitespace()).any(|byte| {
        let fits = |at: usize| word.get(at).is_some_and(|letter| letter.eq_ignore_ascii_case(byte));
        // No letter comes twice: what does not go on may only begin anew.
        found = if fits(found) { found + 1 } else { usize::from(fits(0)) };
        found == word.len()
    })
}

/// A component that is neither an event nor another kind of record that is known.
struct Beside {
    line: usize,
    /// How many components are open in it, with itself.
    depth: usize,
    /// Whether a record that is known stands in it: then it is only a frame.
    frame: bool,
    /// What it calls itself.
    summary: String,
}

/// A component that is held until the end of the file, with the zones that it is read by.
struct Held {
    component: Packed,
    zones: usize,
    uid: String,
    line: usize,
    rank: Rank,
    is_change: bool,
    /// Whether it is a message that calls the whole appointment off.
    cancels: bool,
}

impl Held {
    fn of(component: &Component, zones: usize) -> Self {
        Held {
            component: Packed::of(component),
            zones,
            uid: component.text("UID"),
            line: component.line,
            rank: Rank::of(component),
            is_change: component.get("RECURRENCE-ID").is_some(),
            cancels: false,
        }
    }

    fn component(&self) -> Component {
        self.component.unpacked()
    }
}

impl<'a> Events<&'a [u8]> {
    /// Reads a whole file, in which the method of a calendar may stand behind its events.
    pub(crate) fn of_file(bytes: &'a [u8]) -> Self {
        let late = late_methods(bytes);
        let method = late.get(&0).cloned().unwrap_or_default();
        Events { method, late, twice: named_twice(bytes), ..Events::new(bytes) }
    }
}

impl<R: Read> Events<R> {
    pub(crate) fn new(reader: R) -> Self {
        Events {
            pieces: Pieces::new(reader, WANTED),
            zones: vec![Zones::default()],
            described: String::new(),
            known: HashMap::new(),
            header: old::Header::default(),
            method: String::new(),
            late: HashMap::new(),
            twice: HashSet::new(),
            calendar: 0,
            waiting: Vec::new(),
            here: Vec::new(),
            held: Vec::new(),
            series: VecDeque::new(),
            orphans: VecDeque::new(),
            answers: Vec::new(),
            seen: Identities::default(),
            beside: None,
            ready: VecDeque::new(),
            done: false,
        }
    }

    fn take(&mut self, mut component: Component) {
        if let Some(beside) = &mut self.beside {
            beside.frame = true;
        }
        repair(&mut component);
        if component.name == "VEVENT" {
            self.described_inside(&mut component);
            self.translate(&mut component);
        }
        if component.name == "VEVENT"
            && let Err(reason) = method::apply(&self.method, &mut component)
        {
            let reply = self.method.trim().eq_ignore_ascii_case("REPLY");
            let zones = self.zones.last_mut().filter(|_| reply);
            let answer = zones.and_then(|zones| answer::read(&component, zones));
            let bad = BadRecord { answer, ..bad_of(&component, reason) };
            match bad.answer {
                Some(_) => self.answers.push((Rank::of(&component), bad)),
                None => self.ready.push_back(Err(bad)),
            }
            return;
        }
        let cancels = component.name == "VEVENT" && method::calls_off(&self.method);
        match component.name.as_str() {
            "VEVENT" if cancels && component.get("RECURRENCE-ID").is_none() => {
                self.here.push(Held { cancels, ..Held::of(&component, 0) });
            }
            "VTIMEZONE" => {
                describe(&component, &mut self.described);
                if let Some(zones) = self.zones.last_mut() {
                    zones.describe(component);
                }
            }
            // Of which zones they are, the end of their calendar tells.
            "VEVENT" if is_of_series(&component) || self.is_of_several(&component) => {
                self.here.push(Held::of(&component, 0));
            }
            "VEVENT" if self.zones.last().is_some_and(|zones| must_wait(&component, zones)) => {
                self.waiting.push(Packed::of(&component));
            }
            "VEVENT" => self.single(component),
            _ => {
                let bad = BadRecord::new(component.line, summary_of(&component), Reason::AnotherKind);
                self.ready.push_back(Err(bad));
            }
        }
    }

    /// Takes over the zones that a program described inside an event.
    fn described_inside(&mut self, event: &mut Component) {
        for zone in event.children.extract_if(.., |child| child.name == "VTIMEZONE") {
            describe(&zone, &mut self.described);
            if let Some(zones) = self.zones.last_mut() {
                zones.describe(zone);
            }
        }
    }

    /// Tells whether another event of the file has the identifier of this one.
    fn is_of_several(&self, component: &Component) -> bool {
        let uid = component.get("UID").map(|line| number_of(line.value.as_bytes()));
        uid.is_some_and(|uid| self.twice.contains(&uid))
    }

    /// Says what an event of vCalendar 1.0 says as iCalendar does, by the clock of its calendar.
    fn translate(&mut self, event: &mut Component) {
        if let (Some(zone), Some(zones)) = (self.header.described(), self.zones.last_mut()) {
            zones.describe(zone);
        }
        old::translate(event, &self.header);
    }

    /// Takes a line of a component that stands beside the events: it is told as a record of another kind.
    fn beside(&mut self, line: &Line) {
        match (&mut self.beside, line.name.as_str()) {
            (None, "BEGIN") => {
                let summary = String::new();
                self.beside = Some(Beside { line: line.number, depth: 1, frame: false, summary });
            }
            (Some(beside), "BEGIN") => beside.depth += 1,
            (Some(beside), "END") => {
                beside.depth -= 1;
                if beside.depth == 0 {
                    self.end_beside();
                }
            }
            (Some(beside), "SUMMARY" | "NAME") if beside.summary.is_empty() => {
                beside.summary = line.unescaped();
            }
            _ => {}
        }
    }

    fn end_beside(&mut self) {
        if let Some(beside) = self.beside.take().filter(|beside| !beside.frame) {
            let bad = BadRecord::new(beside.line, beside.summary, Reason::AnotherKind);
            self.ready.push_back(Err(bad));
        }
    }

    /// Takes a line of the calendar itself.
    fn line(&mut self, line: &Line) {
        let calendar = line.value.trim().eq_ignore_ascii_case("VCALENDAR");
        if !calendar && (matches!(line.name.as_str(), "BEGIN" | "END") || self.beside.is_some()) {
            self.beside(line);
            return;
        }
        if self.header.take(line) {
            self.described.push_str(&line.to_text());
            self.described.push('\n');
        }
        match line.name.as_str() {
            "BEGIN" | "END" => self.end_calendar(),
            "METHOD" => self.method.clone_from(&line.value),
            "X-WR-TIMEZONE" => {
                self.described.push_str(&line.to_text());
                self.described.push('\n');
                if let Some(zones) = self.zones.last_mut() {
                    zones.set_calendar(&line.value);
                }
            }
            _ => {}
        }
    }

    /// Ends a calendar: what waited for its zones is read, and its series are held with them.
    fn end_calendar(&mut self) {
        self.end_beside();
        for component in std::mem::take(&mut self.waiting) {
            self.single(component.unpacked());
        }
        self.calendar += 1;
        self.header = old::Header::default();
        self.method = self.late.remove(&self.calendar).unwrap_or_default();
        let described = std::mem::take(&mut self.described);
        let last = self.zones.len() - 1;
        let place = *self.known.entry(described).or_insert(last);
        let here = std::mem::take(&mut self.here);
        self.held.extend(here.into_iter().map(|held| Held { zones: place, ..held }));
        if place == last {
            let another = self.zones.last().map(Zones::another).unwrap_or_default();
            self.zones.push(another);
        } else if let Some(zones) = self.zones.last_mut() {
            *zones = zones.another();
        }
    }

    /// Reads an event that is no series.
    fn single(&mut self, component: Component) {
        let Some(component) = self.identify(component) else { return };
        let Some(zones) = self.zones.last_mut() else { return };
        let read = event_of(&component, zones);
        self.ready.push_back(finish(&component, read));
    }

    /// Compares a record with those of its identifier that came before: an older state of one is
    /// nothing, another record gets an identifier of its own.
    fn identify(&mut self, mut component: Component) -> Option<Component> {
        let uid = component.text("UID");
        if uid.trim().is_empty() {
            return Some(component);
        }
        let start = component.get("DTSTART").map(|line| line.value.trim().to_owned()).unwrap_or_default();
        match self.seen.tell(&uid, &start, Seen::of(&component)) {
            Identity::Own => Some(component),
            Identity::Same => None,
            Identity::Older => {
                self.ready.push_back(Err(bad_of(&component, Reason::Older)));
                None
            }
            Identity::Another(derived) => {
                for line in component.lines.iter_mut().filter(|line| line.name == "UID") {
                    *line = Line { params: std::mem::take(&mut line.params), ..Line::text("UID", &derived) };
                }
                component.lines.push(Line::text(own::UID, &uid));
                Some(component)
            }
        }
    }

    /// Completes what calls an appointment off by the newest other state of it in the file, which such a message need not
    /// repeat: that one is the older state then.
    fn call_off(&mut self, masters: Vec<Held>) -> Vec<Held> {
        let mut newest: HashMap<String, usize> = HashMap::new();
        for (at, master) in masters.iter().enumerate().filter(|(_, master)| !master.cancels) {
            newest.entry(master.uid.clone()).or_insert(at);
        }
        let mut whole: HashMap<usize, Held> = HashMap::new();
        let mut left = vec![true; masters.len()];
        for (at, cancel) in masters.iter().enumerate().filter(|(_, master)| master.cancels) {
            let Some((place, other)) = newest.get(&cancel.uid).and_then(|at| Some((*at, masters.get(*at)?)))
            else {
                continue;
            };
            let is_older = other.rank.sequence > cancel.rank.sequence || whole.contains_key(&place);
            let (gone, component) = if is_older { (at, cancel) } else { (place, other) };
            self.ready.push_back(Err(bad_of(&component.component(), Reason::Older)));
            if let Some(left) = left.get_mut(gone) {
                *left = false;
            }
            if !is_older {
                whole
                    .insert(place, Held::of(&called_off(cancel.component(), other.component()), other.zones));
                if let Some(left) = left.get_mut(at) {
                    *left = false;
                }
            }
        }
        let all = masters.into_iter().zip(left).enumerate();
        all.filter_map(|(at, (master, left))| whole.remove(&at).or(left.then_some(master))).collect()
    }

    /// Puts the series of the file together.
    fn end(&mut self) {
        self.end_calendar();
        let (changes, mut masters): (Vec<Held>, Vec<Held>) =
            std::mem::take(&mut self.held).into_iter().partition(|held| held.is_change);
        // Of several states of a series the newest comes first, so that the older ones are known as such.
        masters.sort_by_key(|held| std::cmp::Reverse(held.rank.clone()));
        let mut by_uid: BTreeMap<String, Vec<Held>> = BTreeMap::new();
        for change in changes {
            by_uid.entry(change.uid.clone()).or_default().push(change);
        }
        let mut series = Vec::new();
        for master in self.call_off(masters) {
            let Some(component) = self.identify(master.component()) else { continue };
            let own = !master.uid.is_empty() && component.text("UID") == master.uid;
            let is_series = is_of_series(&component);
            let changes = if own && is_series { by_uid.remove(&master.uid) } else { None };
            let held = Held { cancels: master.cancels, ..Held::of(&component, master.zones) };
            series.push((held, changes.unwrap_or_default()));
        }
        series.sort_by_key(|(master, _)| master.line);
        self.series = series.into();
        self.orphans = by_uid.into_values().collect();
    }

    /// Reads the next series of a file that is at its end, then the next occurrences without one, then the answers; tells
    /// whether there was any.
    fn put_together(&mut self) -> bool {
        if let Some((master, changes)) = self.series.pop_front() {
            self.whole(&master, changes);
            return true;
        }
        if let Some(orphans) = self.orphans.pop_front() {
            self.alone(orphans);
            return true;
        }
        let mut answers = std::mem::take(&mut self.answers);
        // Of several answers of a guest the newest is the last.
        answers.sort_by(|(one, _), (other, _)| one.cmp(other));
        self.ready.extend(answers.into_iter().map(|(_, answer)| Err(answer)));
        !self.ready.is_empty()
    }

    /// Reads a series with its changed occurrences, and tells which of these are bad.
    fn whole(&mut self, master: &Held, changes: Vec<Held>) {
        let Some(zones) = self.zones.get_mut(master.zones) else { return };
        let component = master.component();
        let mut read = finish(&component, event_of(&component, zones));
        if let (true, Err(bad)) = (master.cancels, &mut read) {
            bad.answer = answer::calling_off(&component);
        }
        let mut bad = Vec::new();
        match &mut read {
            Ok(found) => {
                let rest = self.change(&mut found.record, &master.rank, changes, &mut bad);
                found.unknown.extend(rest);
            }
            Err(_) => {
                bad.extend(changes.iter().map(|change| bad_of(&change.component(), Reason::SeriesSetAside)))
            }
        }
        self.ready.push_back(read);
        self.ready.extend(bad.into_iter().map(Err));
    }

    /// Puts changed occurrences into their series; of several states of one the newest counts. Returns
    /// what is left over of them.
    fn change(
        &mut self,
        event: &mut Event,
        series: &Rank,
        changes: Vec<Held>,
        bad: &mut Vec<BadRecord>,
    ) -> Vec<String> {
        let mut rests: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let mut taken: BTreeMap<String, (Override, Held)> = BTreeMap::new();
        let mut days = Days::default();
        for held in changes {
            let Some(zones) = self.zones.get_mut(held.zones) else { continue };
            let component = held.component();
            let read = change_of(&component, event, zones, &mut days);
            let checked =
                read.and_then(|(id, change, rest)| Ok((id, check_change(event, id, change)?, rest)));
            let (id, change, rest) = match checked {
                Ok((id, change, rest)) => (id.to_string(), change, rest),
                Err(reason) => {
                    bad.push(bad_of(&component, reason));
                    continue;
                }
            };
            match taken.get(&id) {
                Some((_, known)) if known.rank > held.rank => {
                    bad.push(bad_of(&component, Reason::Older));
                    continue;
                }
                Some((other, known)) if *other != change => {
                    let reason = if known.rank == held.rank { Reason::Duplicate } else { Reason::Older };
                    bad.push(bad_of(&known.component(), reason));
                }
                _ => {}
            }
            rests.insert(id.clone(), rest);
            taken.insert(id, (change, held));
        }
        let ended = ended_before(event, &taken, series);
        for (id, (change, held)) in taken {
            if ended.contains(&id) {
                rests.remove(&id);
                bad.push(bad_of(&held.component(), Reason::Older));
                continue;
            }
            let known = event.recurrence_overrides.entry(id.clone()).or_default();
            // Old programs of Apple take the day of each change out of the series as well: it is one change, not a day
            // that was called off, unless the series was called off on that day later.
            let called_off = change.excluded || (known.excluded && held.rank < *series);
            if called_off {
                rests.remove(&id);
            }
            // An occurrence that does not take place has nothing else to say.
            *known = if called_off { Override { excluded: true, ..Override::default() } } else { change };
        }
        rests.into_iter().flat_map(|(id, rest)| rest::of_change(&id, rest).collect::<Vec<_>>()).collect()
    }

    /// Reads changed occurrences whose series is not in the file: events by themselves.
    fn alone(&mut self, orphans: Vec<Held>) {
        let mut newest: BTreeMap<String, (Held, Component)> = BTreeMap::new();
        for orphan in orphans {
            let component = orphan.component();
            let place = place_of(&component);
            let order = newest.get(&place).map(|(known, there)| {
                let differs = Seen::of(there).content != Seen::of(&component).content;
                (known.rank.cmp(&orphan.rank), differs)
            });
            if order.is_some_and(|(order, _)| order.is_gt()) {
                self.ready.push_back(Err(bad_of(&component, Reason::Older)));
                continue;
            }
            let known = newest.insert(place, (orphan, component));
            if let (Some((_, known)), Some((order, true))) = (known, order) {
                let reason = if order.is_eq() { Reason::Duplicate } else { Reason::Older };
                self.ready.push_back(Err(bad_of(&known, reason)));
            }
        }
        for (Held { zones, .. }, component) in newest.into_values() {
            if let Some(zones) = self.zones.get_mut(zones) {
                self.ready.push_back(orphan(component, zones));
            }
        }
    }
}

impl<R: Read> Iterator for Events<R> {
    type Item = Read1;

    fn next(&mut self) -> Option<Read1> {
        loop {
            if let Some(ready) = self.ready.pop_front() {
                return Some(ready);
            }
            if self.done {
                if self.put_together() {
                    continue;
                }
                return None;
            }
            match self.pieces.next() {
                Some(Ok(Piece::Component(component))) => self.take(component),
                Some(Ok(Piece::Line(line))) => self.line(&line),
                Some(Err(bad)) => return Some(Err(bad)),
                None => {
                    self.done = true;
                    self.end();
                }
            }
        }
    }
}

/// Tells whether a component is a series, or a changed occurrence of one.
fn is_of_series(component: &Component) -> bool {
    ["RRULE", "RDATE", "EXRULE", "RECURRENCE-ID", own::SERIES]
        .iter()
        .any(|name| component.get(name).is_some())
}

/// Tells whether an event may need a zone that is described later in its calendar.
fn must_wait(component: &Component, zones: &Zones) -> bool {
    component.lines.iter().filter_map(|line| line.param("TZID")).any(|name| !zones.knows(name))
}

/// Writes what a component says, without where it stands.
fn describe(component: &Component, out: &mut String) {
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

fn bad_of(component: &Component, reason: Reason) -> BadRecord {
    BadRecord::new(component.line, summary_of(component), reason)
}

/// How new a state of a record is: by its number, then by when it was changed.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Rank {
    sequence: i64,
    changed: String,
}

impl Rank {
    fn of(component: &Component) -> Self {
        let text = |name| component.get(name).map(|line| line.value.trim().to_owned());
        let changed = text("LAST-MODIFIED").or_else(|| text("DTSTAMP"));
        Rank {
            sequence: text("SEQUENCE").and_then(|text| text.parse().ok()).unwrap_or_default(),
            changed: changed.unwrap_or_default(),
        }
    }
}

/// Makes the state of an appointment that was called off: when it would have been, the other state says.
fn called_off(mut cancel: Component, other: Component) -> Component {
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
    content: u64,
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

    fn of(component: &Component) -> Self {
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

/// Finds the changes that a newer state of their series left behind: it no longer has these occurrences.
fn ended_before(
    event: &Event,
    taken: &BTreeMap<String, (Override, Held)>,
    series: &Rank,
) -> BTreeSet<String> {
    let older = taken.iter().filter(|(_, (_, held))| held.rank.sequence < series.sequence);
    let older: BTreeMap<RecurrenceId, &String> =
        older.filter_map(|(id, _)| Some((id.parse().ok()?, id))).collect();
    let days = older.keys().map(|id| id.wall().date());
    let (Some(first), Some(last)) = (days.clone().min(), days.max().and_then(|last| last.succ_opt())) else {
        return BTreeSet::new();
    };
    let Ok(found) = occurrences(event, first..last, MOST) else { return BTreeSet::new() };
    if !found.complete {
        return BTreeSet::new();
    }
    let there: BTreeSet<RecurrenceId> = found.list.iter().map(|one| one.id).collect();
    let known = |id: &&String| event.recurrence_overrides.contains_key(*id);
    older
        .into_iter()
        .filter(|(id, text)| !there.contains(id) && !known(text))
        .map(|(_, text)| text.clone())
        .collect()
}

/// The most occurrences of a series that are looked at to find those it no longer has.
const MOST: usize = 100_000;

/// Checks a changed occurrence by itself: a bad one must not take its series with it.
fn check_change(series: &Event, id: RecurrenceId, change: Override) -> Result<Override, Reason> {
    let alone = Event {
        start: series.start.clone(),
        duration: series.duration,
        recurrence_overrides: [(id.to_string(), change.clone())].into(),
        ..Event::default()
    };
    Reason::of_event(&alone).map_or(Ok(change), Err)
}

fn place_of(component: &Component) -> String {
    component.get("RECURRENCE-ID").map(|line| line.value.trim().to_owned()).unwrap_or_default()
}

/// Reads a changed occurrence as an event by itself: whatever rule it repeats is that of its series.
fn orphan(mut component: Component, zones: &mut Zones) -> Read1 {
    let Some(line) = component.get("RECURRENCE-ID").cloned() else {
        return Err(bad_of(&component, Reason::BadRecurrenceId));
    };
    if is_of_many(&line) {
        return Err(bad_of(&component, Reason::ThisAndFuture));
    }
    let names: Vec<Line> = component.lines.extract_if(.., |line| is_name_or_rule(line)).collect();
    let named = component.lines.iter().find(|line| line.name == "UID" && !line.value.trim().is_empty());
    let named = named.filter(|_| component.get(own::NO_UID).is_none());
    let uid = named.map(Line::unescaped).unwrap_or_default();
    if !uid.is_empty() {
        // The identifier is another one before the event is read: what is kept of its line is found by its value.
        let derived = format!("{uid}_{}", line.value.trim());
        rename(&mut component, &uid, &derived);
    }
    let read = event_of(&component, zones).map(|(event, mut unknown)| {
        let at = start_of(&line, zones).ok().filter(|_| !uid.is_empty());
        let guesses =
            zones.guesses().into_iter().filter(|guess| !unknown.contains(guess)).collect::<Vec<_>>();
        unknown.extend(guesses);
        unknown.extend(notes_of(&uid, at.as_ref(), &line, &names));
        rest::sort(&mut unknown);
        (event, unknown)
    });
    finish(&component, read)
}

/// Tells whether a line names an occurrence, or says when its series repeats.
fn is_name_or_rule(line: &Line) -> bool {
    line.name == "RECURRENCE-ID" || (is_rule(line) && !on(Mutant::FileOrphanRepeats))
}

/// Gives another identifier to a component; the parameters of its line stay.
fn rename(component: &mut Component, uid: &str, derived: &str) {
    for line in component.lines.iter_mut().filter(|line| line.name == "UID" && line.unescaped() == uid) {
        *line = Line { params: std::mem::take(&mut line.params), ..Line::text("UID", derived) };
    }
}

/// Returns what is kept of the name of an occurrence that stands alone, and of the rules beside it: a note where the
/// occurrence can be named, and the whole lines that say more than the note does.
fn notes_of(uid: &str, at: Option<&Start>, name: &Line, lines: &[Line]) -> Vec<String> {
    let mut note = at.map(|at| Line::new(own::OCCURRENCE, at.to_string()).with("UID", uid));
    let mut whole = Vec::new();
    for line in lines.iter().filter(|line| !line.value.trim().is_empty() || !line.params.is_empty()) {
        note = match note {
            Some(note) if line == name && rest::params_of(line).is_none() => Some(note),
            Some(note) if is_rule(line) && line.params.is_empty() => {
                Some(note.with(&line.name, line.value.clone()))
            }
            note => {
                whole.push(rest::whole(line));
                note
            }
        };
    }
    note.map(|note| note.to_text()).into_iter().chain(whole).collect()
}

/// Returns what is kept of the name of an occurrence that stands alone.
pub(crate) fn note(uid: &str, at: &Start) -> String {
    Line::new(own::OCCURRENCE, at.to_string()).with("UID", uid).to_text()
}

/// Returns what is kept of an identifier that another record of the file has.
pub(crate) fn original(uid: &str) -> String {
    Line::text(own::UID, uid).to_text()
}

/// Returns the identifier of the series of which an event is one changed occurrence, if a file said so.
#[must_use]
pub fn series_of(found: &Imported<Event>) -> Option<String> {
    note_of(found)?.0.param("UID").map(str::to_owned)
}

/// Returns the note that names the occurrence which an event is, with its start by its series.
fn note_of(found: &Imported<Event>) -> Option<(Line, Start)> {
    let note = found.unknown.iter().find(|line| line.starts_with(own::OCCURRENCE))?;
    let line = Line::parse(0, note.clone().into_bytes())?;
    line.param("UID")?;
    let at = line.value.trim().parse().ok()?;
    Some((line, at))
}

/// Puts a changed occurrence that came without its series into this series, which has `kept` beside it. Returns what it
/// has beside it then, or nothing where the occurrence does not belong there.
///
/// # Errors
///
/// Why the occurrence cannot be taken over: [`Reason::Older`] where the series has a newer state of it.
pub fn join_series(
    series: &mut Event,
    kept: &[String],
    found: &Imported<Event>,
) -> Result<Option<Vec<String>>, Reason> {
    let Some((note, at)) = note_of(found) else { return Ok(None) };
    let Some(start) = series.start.clone().filter(|_| series.is_recurring()) else { return Ok(None) };
    let Some(id) = series::occurrence_at(&at, &start) else { return Ok(None) };
    let known = series.recurrence_overrides.contains_key(&id.to_string());
    if !known && !contains(series, id).unwrap_or(false) {
        return Ok(None);
    }
    let name = id.to_string();
    let own = found.unknown.iter().filter(|text| !text.starts_with(own::OCCURRENCE));
    let own = own.filter_map(|text| rest::in_its_series(text));
    let own: Vec<String> = own.chain(rules_of(&note, series)).collect();
    if known && is_older(&own, rest::Leftovers::new(kept).of(&name)) {
        return Err(Reason::Older);
    }
    let change = check_change(series, id, series::changed(series, id, &found.record))?;
    let mut own = own;
    if change.excluded {
        // So that an older state does not let it take place again.
        own.retain(|text| text.starts_with("SEQUENCE:"));
    }
    series.recurrence_overrides.insert(name.clone(), change);
    let others = kept.iter().filter(|text| !rest::is_of_change(text, &name)).cloned();
    Ok(Some(others.chain(rest::of_change(&name, own)).collect()))
}

/// Puts a changed occurrence that came before its series into it, which has `kept` beside it: what the series says of that
/// occurrence itself counts, unless it is an older state by its number. Returns what the series has beside it then, or nothing
/// where it does not have the occurrence.
///
/// # Errors
///
/// Why the occurrence cannot be taken over.
pub fn adopt(
    series: &mut Event,
    kept: &[String],
    lone: &Imported<Event>,
) -> Result<Option<Vec<String>>, Reason> {
    let Some((_, at)) = note_of(lone) else { return Ok(None) };
    let Some(start) = series.start.clone().filter(|_| series.is_recurring()) else { return Ok(None) };
    let id = series::occurrence_at(&at, &start).map(|id| id.to_string());
    let said = id.filter(|id| series.recurrence_overrides.contains_key(id));
    let own: Vec<String> = lone.unknown.iter().filter_map(|text| rest::in_its_series(text)).collect();
    match said {
        Some(id) if !is_older(rest::Leftovers::new(kept).of(&id), &own) => Ok(Some(kept.to_vec())),
        _ => join_series(series, kept, lone),
    }
}

/// Returns the rules of a changed occurrence that its series does not have: they are kept beside the change.
fn rules_of(note: &Line, series: &Event) -> Vec<String> {
    let (mut zones, mut days) = (Zones::default(), Days::default());
    let params = note.params.iter().flat_map(|(name, values)| values.iter().map(move |value| (name, value)));
    let rules = params.map(|(name, value)| Line::new(name, value.clone())).filter(is_rule);
    rules
        .filter(|rule| !is_said(series, rule, &mut zones, &mut days))
        .map(|rule| rest::whole(&rule))
        .collect()
}

/// Tells whether a state of an occurrence is older than the one that is there, by the numbers that both say.
fn is_older(read: &[String], there: &[String]) -> bool {
    let number = |texts: &[String]| left::sequence(texts.iter().map(String::as_str));
    number(read).zip(number(there)).is_some_and(|(read, there)| read < there)
}
