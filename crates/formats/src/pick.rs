//! Some records of a file, as a file of the same format: those that were set aside, to be corrected and imported again.

use std::{collections::BTreeSet, io::Read, ops::Range};

use crate::{
    csv, json,
    text::{Lines, Unmarked},
};

/// Where a record of a file is: the line at which it begins, and which object of the file it is ([`crate::Imported`]).
pub type Spot = (u64, u64);

/// Returns the records of a file that begin at these lines (counted from 1), of JSON these objects, with what they need
/// around them. It is in UTF-8 where the file was in UTF-16.
#[must_use]
pub fn pick(bytes: &[u8], spots: &BTreeSet<Spot>) -> Vec<u8> {
    let wanted: BTreeSet<u64> = spots.iter().map(|(line, _)| *line).collect();
    let mut plain = Vec::with_capacity(bytes.len());
    if Unmarked::new(bytes).read_to_end(&mut plain).is_err() {
        return Vec::new();
    }
    let begin = plain.trim_ascii_start();
    if starts_with(begin, b"BEGIN:") {
        return components(&plain, &wanted);
    }
    match begin.first() {
        Some(b'[' | b'{') => json::pick(&plain, &spots.iter().map(|(_, nth)| *nth).collect()),
        _ => csv::pick(&plain, &wanted),
    }
}

fn starts_with(bytes: &[u8], start: &[u8]) -> bool {
    bytes.get(..start.len()).is_some_and(|head| head.eq_ignore_ascii_case(start))
}

/// Returns what a line begins or ends.
fn name_of<'a>(line: &'a [u8], word: &[u8]) -> Option<&'a [u8]> {
    starts_with(line, word).then(|| line.get(word.len()..).unwrap_or_default().trim_ascii())
}

/// Cards, or events with the calendar around them and the time zones that they name.
fn components(bytes: &[u8], wanted: &BTreeSet<u64>) -> Vec<u8> {
    let mut lines = Vec::new();
    let mut reader = Lines::new(bytes);
    while let Ok(Some((_, line))) = reader.next() {
        lines.push(line);
    }
    let mut out = Vec::new();
    let mut calendar = Calendar::default();
    let mut at = 0;
    while let Some(line) = lines.get(at) {
        let begun = name_of(line, b"BEGIN:");
        if begun.is_some_and(|name| name.eq_ignore_ascii_case(b"VCALENDAR")) {
            calendar.write(&lines, &mut out);
            calendar = Calendar { is_open: true, ..Calendar::default() };
        } else if let Some(name) = begun {
            let end = end_of(&lines, at, name);
            let range = first_line(at)..first_line(end);
            if name.eq_ignore_ascii_case(b"VTIMEZONE") {
                calendar.around.push(at..end);
            } else if wanted.range(range).next().is_some() {
                calendar.chosen.push(at..end);
            }
            at = end;
            continue;
        } else if !calendar.is_open && wanted.contains(&first_line(at)) {
            // Lines without a beginning, up to the next one.
            let ends = |line: &Vec<u8>| name_of(line, b"BEGIN:").is_some();
            let end = lines.iter().skip(at).position(ends).map_or(lines.len(), |more| at + more);
            calendar.chosen.push(at..end);
            at = end;
            continue;
        } else if calendar.is_open && !starts_with(line, b"END:") && !line.is_empty() {
            calendar.around.push(at..at + 1);
        }
        at += 1;
    }
    calendar.write(&lines, &mut out);
    out
}

fn first_line(at: usize) -> u64 {
    u64::try_from(at).unwrap_or(u64::MAX).saturating_add(1)
}

/// A calendar of a file, or the cards that stand in none.
#[derive(Default)]
struct Calendar {
    is_open: bool,
    /// What it says itself, and its zones.
    around: Vec<Range<usize>>,
    chosen: Vec<Range<usize>>,
}

impl Calendar {
    fn write(&self, lines: &[Vec<u8>], out: &mut Vec<u8>) {
        if self.chosen.is_empty() {
            return;
        }
        let mut put = |line: &[u8]| {
            out.extend_from_slice(line);
            out.extend_from_slice(b"\r\n");
        };
        if self.is_open {
            put(b"BEGIN:VCALENDAR");
            self.around
                .iter()
                .flat_map(|range| lines.get(range.clone()).unwrap_or_default())
                .for_each(|it| put(it));
        }
        self.chosen
            .iter()
            .flat_map(|range| lines.get(range.clone()).unwrap_or_default())
            .for_each(|it| put(it));
        if self.is_open {
            put(b"END:VCALENDAR");
        }
    }
}

/// Returns where the component ends that begins at a line: before the next of its kind if its end is missing.
fn end_of(lines: &[Vec<u8>], at: usize, name: &[u8]) -> usize {
    let mut deeper = 0_usize;
    let is_card = name.eq_ignore_ascii_case(b"VCARD");
    for (place, line) in lines.iter().enumerate().skip(at + 1) {
        let is_same = |found: Option<&[u8]>| found.is_some_and(|found| found.eq_ignore_ascii_case(name));
        if is_same(name_of(line, b"END:")) {
            match deeper.checked_sub(1) {
                Some(left) => deeper = left,
                None => return place + 1,
            }
        } else if is_same(name_of(line, b"BEGIN:")) {
            // The card of an agent stands within the other one.
            let is_agent = lines.get(place - 1).is_some_and(|before| starts_with(before, b"AGENT"));
            if !is_agent {
                return place;
            }
            deeper += 1;
        } else if starts_with(line, b"END:VCALENDAR") || starts_with(line, b"BEGIN:VCALENDAR") {
            return place;
        } else if !is_card && name_of(line, b"BEGIN:").is_some_and(|it| it.eq_ignore_ascii_case(b"VEVENT")) {
            // No event stands in another component: the end of that one is missing.
            return place;
        }
    }
    lines.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(bytes: &str, wanted: &[u64]) -> String {
        String::from_utf8(pick(bytes.as_bytes(), &wanted.iter().map(|it| (*it, *it)).collect())).unwrap()
    }

    #[test]
    fn what_was_refused_is_a_file_of_its_own() {
        let cards = "BEGIN:VCARD\nFN:a\nEND:VCARD\nBEGIN:VCARD\nEND:VCARD\nBEGIN:VCARD\nFN:c\nBEGIN:VCARD\nFN:d\nEND:VCARD\n";
        assert_eq!(text(cards, &[4, 6]), "BEGIN:VCARD\r\nEND:VCARD\r\nBEGIN:VCARD\r\nFN:c\r\n");
        let agent = "BEGIN:VCARD\nAGENT:\nBEGIN:VCARD\nFN:b\nEND:VCARD\nFN:a\nEND:VCARD\n";
        assert_eq!(text(agent, &[1]), agent.replace('\n', "\r\n"));
        let lost = "BEGIN:VCARD\nFN:a\nEND:VCARD\nFN:b\nTEL:1\nEND:VCARD\nBEGIN:VCARD\nFN:c\nEND:VCARD\n";
        assert_eq!(text(lost, &[4]), "FN:b\r\nTEL:1\r\nEND:VCARD\r\n");
        assert_eq!(text("", &[1]), "");
    }

    #[test]
    fn an_event_comes_with_its_own_calendar() {
        let calendar = "BEGIN:VCALENDAR\nVERSION:2.0\nBEGIN:VTIMEZONE\nTZID:x\nEND:VTIMEZONE\nBEGIN:VEVENT\nSUMMARY:a\nEND:VEVENT\nBEGIN:VEVENT\nSUMMARY:b\nEND:VEVENT\nEND:VCALENDAR\n";
        let alone = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VTIMEZONE\r\nTZID:x\r\nEND:VTIMEZONE\r\nBEGIN:VEVENT\r\nSUMMARY:b\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
        assert_eq!(text(calendar, &[9]), alone);
        let second = "BEGIN:VCALENDAR\nMETHOD:REPLY\nBEGIN:VEVENT\nSUMMARY:c\nEND:VEVENT\nEND:VCALENDAR\n";
        assert_eq!(text(&format!("{second}{calendar}"), &[15]), alone);
        assert_eq!(text(&format!("{calendar}{second}"), &[15]), second.replace('\n', "\r\n"));
        assert_eq!(
            text(&calendar.replace("END:VTIMEZONE\n", ""), &[8]),
            alone.replace("END:VTIMEZONE\r\n", "")
        );
    }

    #[test]
    fn a_row_comes_with_all_that_stands_above_the_first() {
        let table = "sep=;\nName;Mail\n\"a\nb\";x\nc 12\";y\nd;z";
        assert_eq!(text(table, &[5]), "sep=;\nName;Mail\nc 12\";y\n");
        assert_eq!(text(table, &[3, 6]), "sep=;\nName;Mail\n\"a\nb\";x\nd;z");
        let titled = "Customers;\n;\nName;Mail\na;b\nc;d\n";
        assert_eq!(text(titled, &[5]), "Customers;\n;\nName;Mail\nc;d\n");
    }

    #[test]
    fn an_object_comes_out_of_its_group() {
        assert_eq!(text("[\n{\"a\":\"}\"},\n{\"b\":2}\n]", &[2]), "[\n{\"b\":2}\n]\n");
        let group =
            "{\"@type\":\"Group\",\"entries\":[\n{\"a\":1},\n{\"b\":[2,{\"entries\":[]}]}],\"title\":\"x\"}";
        assert_eq!(text(group, &[2]), "[\n{\"b\":[2,{\"entries\":[]}]}\n]\n");
    }

    #[test]
    fn of_a_file_in_one_line_only_what_is_wanted_comes_out() {
        let file = r#"[{"a":1},"no, object",{"b":2},nonsense,{"c":3}]"#;
        assert_eq!(text(file, &[3]), "[\n{\"b\":2}\n]\n");
        assert_eq!(text(file, &[2, 5]), "[\n\"no, object\",\n{\"c\":3}\n]\n");
    }

    #[test]
    fn a_file_in_utf_16_comes_back_in_utf_8() {
        let cards = "\u{feff}BEGIN:VCARD\r\nFN:é\r\nEND:VCARD\r\nBEGIN:VCARD\r\nEND:VCARD\r\n";
        let bytes: Vec<u8> = cards.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let picked = pick(&bytes, &[(1, 0)].into());
        assert_eq!(String::from_utf8(picked).unwrap(), "BEGIN:VCARD\r\nFN:é\r\nEND:VCARD\r\n");
    }
}
