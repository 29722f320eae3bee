//! Who belongs together in a file: series and their changed occurrences, records that share an identifier.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque},
    io::Read,
};

use passerelle_calendar::{Event, Override, RecurrenceId, occurrences};

use super::{
    WANTED,
    ahead::{late_methods, named_twice, number_of},
    answer,
    dates::Days,
    lone::{MOST, check_change, is_change, is_nameless, nameless, orphan, place_of, spellings_of, take_out},
    method, old, own,
    read::{Read1, change_of, event_of, finish, start_of},
    repair::repair,
    rest,
    states::{Identities, Identity, Rank, Seen, Together, called_off, describe},
    zones::Zones,
};
use crate::{
    BadRecord, Reason, Source,
    content::{Component, Line, Packed, Piece, Pieces, summary_of},
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
    /// Whether it repeats.
    repeats: bool,
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
            is_change: is_change(component),
            repeats: is_of_series(component) && !is_change(component),
            cancels: false,
        }
    }

    fn component(&self) -> Component {
        self.component.unpacked()
    }

    /// Tells whether nothing says which of two states is newer.
    fn is_as_new_as(&self, other: &Held) -> bool {
        self.zones == other.zones && self.cancels == other.cancels && self.rank.is_as_new_as(&other.rank)
    }
}

impl<R: Read> Events<R> {
    /// Reads a whole file, in which the method of a calendar may stand behind its events.
    pub(crate) fn of_file(source: impl Source<Reader = R>) -> Self {
        let late = late_methods(source);
        let method = late.get(&0).cloned().unwrap_or_default();
        Events { method, late, twice: named_twice(source.open()), ..Events::new(source.open()) }
    }

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
                Some(_) => self.answers.push((Rank::of_message(&component), bad)),
                None => self.ready.push_back(Err(bad)),
            }
            return;
        }
        let cancels = component.name == "VEVENT" && method::calls_off(&self.method);
        match component.name.as_str() {
            "VEVENT" if cancels && !is_change(&component) => {
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
        let uid = component.get("UID").map(|line| number_of(&line.value));
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
        let here = std::mem::take(&mut self.here);
        // The zones of a calendar of which nothing is held are needed no more.
        let place = (!here.is_empty()).then(|| *self.known.entry(described).or_insert(last));
        self.held.extend(here.into_iter().map(|held| Held { zones: place.unwrap_or(last), ..held }));
        if place == Some(last) {
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
        self.ready.push_back(read_one(&component, zones));
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
        let masters = self.call_off(masters);
        let repeating = masters.iter().filter(|master| master.repeats);
        let repeating: HashSet<String> = repeating.map(|master| master.uid.clone()).collect();
        let mut series = Vec::new();
        for master in joined(masters) {
            let component = master.component();
            if is_nameless(&component) && repeating.contains(&master.uid) {
                self.ready.push_back(Err(bad_of(&component, Reason::BadRecurrenceId)));
                continue;
            }
            let Some(component) = self.identify(component) else { continue };
            let own = !master.uid.is_empty() && component.text("UID") == master.uid;
            let changes = match own {
                true if master.repeats => by_uid.remove(&master.uid).unwrap_or_default(),
                true => self.changes_of_one(&component, master.zones, by_uid.get_mut(&master.uid)),
                false => Vec::new(),
            };
            let held = Held { cancels: master.cancels, ..Held::of(&component, master.zones) };
            series.push((held, changes));
        }
        series.sort_by_key(|(master, _)| master.line);
        self.series = series.into();
        self.orphans = by_uid.into_values().filter(|orphans| !orphans.is_empty()).collect();
    }

    /// Returns the changes of an appointment that does not repeat: those of the time that it has, and those whose time
    /// cannot be read. The others are of a series that is not in the file.
    fn changes_of_one(&mut self, one: &Component, zones: usize, all: Option<&mut Vec<Held>>) -> Vec<Held> {
        let Some(all) = all else { return Vec::new() };
        let start = self.zones.get_mut(zones).and_then(|zones| start_of(one.get("DTSTART")?, zones).ok());
        let Some(names) = start.map(|start| spellings_of(&start).0) else { return Vec::new() };
        let is_its = |held: &mut Held| {
            let zones = self.zones.get_mut(held.zones);
            let place = zones.and_then(|zones| place_of(&held.component(), zones));
            place.is_none_or(|place| spellings_of(&place).1.iter().any(|name| names.contains(name)))
        };
        all.extract_if(.., is_its).collect()
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
        // Those to one appointment come together; of several answers of a guest the newest is the last.
        answers.sort_by(|(rank, one), (other, two)| (uid_of(one), rank).cmp(&(uid_of(two), other)));
        self.ready.extend(answers.into_iter().map(|(_, answer)| Err(answer)));
        !self.ready.is_empty()
    }

    /// Reads a series with its changed occurrences, and tells which of these are bad.
    fn whole(&mut self, master: &Held, mut changes: Vec<Held>) {
        let mut component = master.component();
        let mut place = master.zones;
        if !master.repeats {
            (component, place) = self.replaced(component, master, std::mem::take(&mut changes));
        }
        let Some(zones) = self.zones.get_mut(place) else { return };
        let mut read = read_one(&component, zones);
        if let (true, Err(bad)) = (master.cancels, &mut read) {
            bad.answer = answer::calling_off(&component, zones);
        }
        let mut bad = Vec::new();
        match &mut read {
            Ok(found) => {
                let rest = self.change(&mut found.record, &master.rank, changes, &mut bad);
                found.unknown.extend(rest);
                rest::sort(&mut found.unknown);
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
            if known.excluded && held.rank < *series && !change.excluded {
                rests.remove(&id);
                bad.push(bad_of(&held.component(), Reason::Older));
                continue;
            }
            *known = change;
        }
        // What does not take place is written with the series itself, in front of its changes.
        let is_off = |id: &String| event.recurrence_overrides.get(id).is_some_and(|change| change.excluded);
        let (off, others): (Vec<_>, Vec<_>) = rests.into_iter().partition(|(id, _)| is_off(id));
        let all = off.into_iter().chain(others);
        all.flat_map(|(id, rest)| rest::of_change(&id, rest).collect::<Vec<_>>()).collect()
    }

    /// Puts the newest change of an appointment that does not repeat in its place: that one is all there is
    /// (RFC 5545 §3.8.4.4). Returns it with the zones it is read by.
    fn replaced(&mut self, one: Component, master: &Held, changes: Vec<Held>) -> (Component, usize) {
        let (mut one, mut place) = (one, master.zones);
        let mut rank = master.rank.sequence;
        for (held, change) in self.newest(changes) {
            let is_named =
                self.zones.get_mut(held.zones).and_then(|zones| place_of(&change, zones)).is_some();
            let taken = take_out(change.clone());
            let reason = match &taken {
                _ if !is_named => Some(Reason::BadRecurrenceId),
                _ if held.rank.sequence < rank => Some(Reason::Older),
                Err(reason) => Some(*reason),
                Ok(_) => None,
            };
            let (Ok(taken), None, Some(zones)) = (taken, reason, self.zones.get_mut(held.zones)) else {
                self.ready.push_back(Err(bad_of(&change, reason.unwrap_or(Reason::BadRecurrenceId))));
                continue;
            };
            self.ready.push_back(Err(bad_of(&one, Reason::Older)));
            let state = taken.into_state(zones);
            let cancelled = state.text("STATUS").trim().eq_ignore_ascii_case("CANCELLED");
            one = if cancelled { called_off(state, one) } else { state };
            (place, rank) = (held.zones, held.rank.sequence);
        }
        (one, place)
    }

    /// Returns the newest state of each changed occurrence, however its time is spelt; the others are told.
    fn newest(&mut self, changes: Vec<Held>) -> Vec<(Held, Component)> {
        let mut places: HashMap<String, String> = HashMap::new();
        let mut newest: BTreeMap<String, (Held, Component)> = BTreeMap::new();
        for change in changes {
            let component = change.component();
            let place = self.spelt(&component, change.zones, &mut places);
            let order = newest.get(&place).map(|(known, there)| {
                let differs = Seen::of(there).content != Seen::of(&component).content;
                (known.rank.cmp(&change.rank), differs)
            });
            if order.is_some_and(|(order, _)| order.is_gt()) {
                self.ready.push_back(Err(bad_of(&component, Reason::Older)));
                continue;
            }
            let known = newest.insert(place, (change, component));
            if let (Some((_, known)), Some((order, true))) = (known, order) {
                let reason = if order.is_eq() { Reason::Duplicate } else { Reason::Older };
                self.ready.push_back(Err(bad_of(&known, reason)));
            }
        }
        newest.into_values().collect()
    }

    /// Returns how the time of a changed occurrence was spelt first: `places` has those of the others.
    fn spelt(&mut self, change: &Component, zones: usize, places: &mut HashMap<String, String>) -> String {
        let written = change.get("RECURRENCE-ID").map(|line| line.value.trim().to_owned());
        let written = written.unwrap_or_default();
        let at = self.zones.get_mut(zones).and_then(|zones| place_of(change, zones));
        let Some((names, asked)) = at.map(|at| spellings_of(&at)) else {
            return written;
        };
        let known = asked.iter().find_map(|name| places.get(name)).cloned();
        let place = known.or_else(|| names.first().cloned()).unwrap_or(written);
        for name in names {
            places.entry(name).or_insert_with(|| place.clone());
        }
        place
    }

    /// Reads changed occurrences whose series is not in the file: events by themselves.
    fn alone(&mut self, orphans: Vec<Held>) {
        for (Held { zones, .. }, component) in self.newest(orphans) {
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
    let series = ["RRULE", "RDATE", "EXRULE", own::SERIES];
    is_change(component) || series.iter().any(|name| component.get(name).is_some())
}

/// Reads an event; one that may be an occurrence and does not say which has a note of its series.
fn read_one(component: &Component, zones: &mut Zones) -> Read1 {
    let mut read = finish(component, event_of(component, zones));
    if let Ok(found) = &mut read {
        found.unknown.extend(nameless(component));
    }
    read
}

/// How many states of one identifier and one start are compared with each other.
const COMPARED: usize = 8;

/// Puts states of one appointment together that are equally new, where the one only adds to the other.
fn joined(masters: Vec<Held>) -> Vec<Held> {
    let mut all: Vec<Held> = Vec::new();
    let mut places: HashMap<(String, String), Vec<usize>> = HashMap::new();
    // What is said together is opened once, however many say it.
    let mut opened: BTreeMap<usize, Together> = BTreeMap::new();
    for master in masters {
        if master.uid.trim().is_empty() {
            all.push(master);
            continue;
        }
        let component = master.component();
        let start = component.get("DTSTART").map(Line::to_text).unwrap_or_default();
        let there = places.entry((master.uid.clone(), start)).or_default();
        let is_joined = there.iter().any(|at| {
            let Some(known) = all.get(*at).filter(|known| known.is_as_new_as(&master)) else { return false };
            let both = opened.entry(*at).or_insert_with(|| Together::new(known.component()));
            both.add(component.clone())
        });
        if !is_joined {
            if there.len() < COMPARED {
                there.push(all.len());
            }
            all.push(master);
        }
    }
    for (at, both) in opened {
        if let Some(place) = all.get_mut(at) {
            *place = Held { cancels: place.cancels, ..Held::of(&both.component, place.zones) };
        }
    }
    all
}

/// Returns the appointment that a message is an answer to.
fn uid_of(bad: &BadRecord) -> Option<&str> {
    bad.answer.as_ref().map(|answer| answer.uid.as_str())
}

/// Tells whether an event may need a zone that is described later in its calendar.
fn must_wait(component: &Component, zones: &Zones) -> bool {
    component.lines.iter().filter_map(|line| line.param("TZID")).any(|name| !zones.knows(name))
}

fn bad_of(component: &Component, reason: Reason) -> BadRecord {
    BadRecord::new(component.line, summary_of(component), reason)
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
