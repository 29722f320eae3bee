//! What has to be known of a whole file before its first event is read.

use std::{
    collections::{BTreeMap, HashMap, HashSet, hash_map::DefaultHasher},
    hash::{Hash, Hasher},
    io::{BufReader, Read},
};

use super::WANTED;
use crate::{
    Source,
    content::{Line, Piece, Pieces},
    text::is_plain,
    unfold::{Unfold, Unfolded},
};

/// Finds the methods that stand behind an event of their calendar, by the number of the calendar.
pub(super) fn late_methods(source: impl Source) -> HashMap<usize, String> {
    let mut late = HashMap::new();
    if is_plain(source) && !names_method(source.open()) {
        return late;
    }
    let (mut calendar, mut depth, mut events) = (0, 0_usize, false);
    for piece in Pieces::new(source.open(), WANTED).filter_map(Result::ok) {
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

/// Finds the identifiers that several events have, as numbers: those of which none or one is no changed occurrence need
/// nothing more.
pub(super) fn named_twice(reader: impl Read) -> HashSet<u64> {
    let (mut once, mut twice) = (HashSet::new(), HashSet::new());
    let (mut uid, mut depth) = (None, 0_usize);
    let mut lines = Unfold::new(reader, false);
    while let Ok(Some(line)) = lines.next() {
        match (name_of(&line), depth) {
            (b"BEGIN", 0) => depth = usize::from(is_event(&line)),
            (b"BEGIN", _) if is_event(&line) => (uid, depth) = (None, 1),
            (b"BEGIN", _) => depth += 1,
            (b"END", 1..) if is_event(&line) || depth == 1 => {
                depth = 0;
                twice.extend(uid.take().filter(|uid| !once.insert(*uid)));
            }
            (b"END", 1..) => depth -= 1,
            (b"UID", 1) => uid = Line::of(line).map(|line| number_of(&line.value)),
            _ => {}
        }
    }
    twice
}

/// Properties of a calendar that are taken, or that say how its file is written; the last two are of vCalendar.
const TAKEN: [&str; 7] = ["VERSION", "PRODID", "METHOD", "CALSCALE", "X-WR-TIMEZONE", "TZ", "DAYLIGHT"];

/// Counts the properties of calendars that no event has, such as their names and colours: they are not taken.
#[must_use]
pub fn calendar_properties(reader: impl Read) -> BTreeMap<String, u64> {
    let mut found = BTreeMap::new();
    let mut depth = 0_usize;
    let mut lines = Unfold::new(reader, false);
    while let Ok(Some(line)) = lines.next() {
        let is_calendar = line.bytes.trim_ascii_end().to_ascii_uppercase().ends_with(b":VCALENDAR");
        match name_of(&line) {
            b"BEGIN" if is_calendar => depth = 1,
            b"END" if is_calendar => depth = 0,
            b"BEGIN" => depth += 1,
            b"END" => depth = depth.saturating_sub(1),
            _ if depth == 1 => {
                let name = Line::of(line).map(|line| line.name).unwrap_or_default();
                if !name.is_empty() && !TAKEN.contains(&name.as_str()) {
                    *found.entry(name).or_default() += 1;
                }
            }
            _ => {}
        }
    }
    found
}

/// Returns the name of a property, where it is one of those that are asked for.
fn name_of(line: &Unfolded) -> &'static [u8] {
    let is = |name: &&&[u8]| {
        let begun = line.bytes.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name));
        let end = line.bytes.get(name.len());
        begun && end.is_some_and(|end| matches!(end, b':' | b';' | b' ' | b'\t'))
    };
    let known: [&[u8]; 3] = [b"UID", b"BEGIN", b"END"];
    known.iter().find(is).copied().unwrap_or_default()
}

fn is_event(line: &Unfolded) -> bool {
    line.bytes.trim_ascii_end().to_ascii_uppercase().ends_with(b"VEVENT")
}

/// Returns an identifier as a number.
pub(super) fn number_of(uid: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    uid.trim().hash(&mut hasher);
    hasher.finish()
}

/// Tells whether `METHOD` may be named behind the first event, wherever its line is folded.
fn names_method(reader: impl Read) -> bool {
    let (mut words, mut found) = ([&b":VEVENT"[..], b"METHOD"].into_iter().peekable(), 0);
    let bytes = BufReader::with_capacity(1 << 16, reader).bytes().map_while(Result::ok);
    for byte in bytes.filter(|byte| !byte.is_ascii_whitespace()) {
        let Some(word) = words.peek() else { break };
        let fits = |at: usize| word.get(at).is_some_and(|letter| letter.eq_ignore_ascii_case(&byte));
        // No word begins anew within itself: what does not go on may only begin again.
        found = if fits(found) { found + 1 } else { usize::from(fits(0)) };
        if found == word.len() {
            (_, found) = (words.next(), 0);
        }
    }
    words.peek().is_none()
}
