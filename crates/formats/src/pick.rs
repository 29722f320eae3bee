//! Some records of a file, as a file of the same format: those that were set aside, to be corrected and imported again.

use std::{
    collections::BTreeSet,
    io::{self, Read, Write},
};

use crate::{
    Source, csv, json,
    source::head_of,
    text::{Lines, Unmarked},
};

/// Where a record of a file is: the line at which it begins, and which object of the file it is ([`crate::Imported`]).
pub type Spot = (u64, u64);

/// How much of a file is looked at for its first letter.
const HEAD: u64 = 1 << 16;

/// Writes the records of a file that begin at these lines (counted from 1), of JSON these objects, with what they need
/// around them. It is in UTF-8 where the file was in UTF-16.
///
/// # Errors
///
/// Those of the file, and of the writer.
pub fn pick(source: impl Source, spots: &BTreeSet<Spot>, out: &mut impl Write) -> io::Result<()> {
    let wanted: BTreeSet<u64> = spots.iter().map(|(line, _)| *line).collect();
    let mut head = Vec::new();
    Unmarked::new(head_of(source, HEAD).as_slice()).read_to_end(&mut head)?;
    let begin = head.trim_ascii_start();
    if starts_with(begin, b"BEGIN:") {
        return components(source.open(), &wanted, out);
    }
    match begin.first() {
        Some(b'[' | b'{') => json::pick(source.open(), &spots.iter().map(|(_, nth)| *nth).collect(), out),
        _ => csv::pick(source, &wanted, out),
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
fn components(reader: impl Read, wanted: &BTreeSet<u64>, out: &mut impl Write) -> io::Result<()> {
    let mut picked = Picked { out, wanted, calendar: None, open: None, loose: false };
    let mut lines = Lines::new(reader);
    while let Some((number, line)) = lines.next()? {
        picked.line(u64::try_from(number).unwrap_or(u64::MAX), line)?;
    }
    picked.close()?;
    picked.end_calendar()
}

fn put(out: &mut impl Write, line: &[u8]) -> io::Result<()> {
    out.write_all(line)?;
    out.write_all(b"\r\n")
}

/// What comes out of a file line by line: no more is held than one component, and what stands before the first one that
/// is wanted of a calendar.
struct Picked<'a, W> {
    out: &'a mut W,
    wanted: &'a BTreeSet<u64>,
    calendar: Option<Calendar>,
    open: Option<Open>,
    /// Whether the lines stand in no component, and are wanted.
    loose: bool,
}

/// A calendar of a file.
#[derive(Default)]
struct Calendar {
    /// What it says itself, and its zones, until something of it is wanted.
    around: Vec<Vec<u8>>,
    is_begun: bool,
}

/// A component that did not end yet.
struct Open {
    name: Vec<u8>,
    lines: Vec<Vec<u8>>,
    /// How many of its own name are open within it.
    deeper: usize,
    is_wanted: bool,
}

impl Open {
    fn is(&self, name: &[u8]) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }

    /// Tells whether a line belongs to it no more: it ends before the next of its kind if its end is missing.
    fn is_over(&self, line: &[u8]) -> bool {
        let Some(begun) = name_of(line, b"BEGIN:") else { return starts_with(line, b"END:VCALENDAR") };
        if self.is(begun) {
            return !self.is_before_agent();
        }
        // No event stands in another component: the end of that one is missing.
        let is_event = begun.eq_ignore_ascii_case(b"VEVENT") && !self.is(b"VCARD");
        is_event || starts_with(begun, b"VCALENDAR")
    }

    /// Tells whether the card of an agent may follow, which stands within the other one.
    fn is_before_agent(&self) -> bool {
        self.lines.last().is_some_and(|before| starts_with(before, b"AGENT"))
    }

    /// Takes a line; tells whether that is the last one.
    fn take(&mut self, line: Vec<u8>) -> bool {
        let ends = name_of(&line, b"END:").is_some_and(|name| self.is(name));
        self.deeper += usize::from(name_of(&line, b"BEGIN:").is_some_and(|name| self.is(name)));
        self.lines.push(line);
        if ends && self.deeper > 0 {
            self.deeper -= 1;
            return false;
        }
        ends
    }
}

impl<W: Write> Picked<'_, W> {
    fn line(&mut self, number: u64, line: Vec<u8>) -> io::Result<()> {
        if self.open.as_ref().is_some_and(|open| open.is_over(&line)) {
            self.close()?;
        }
        if let Some(open) = &mut self.open {
            open.is_wanted |= self.wanted.contains(&number);
            return if open.take(line) { self.close() } else { Ok(()) };
        }
        if let Some(begun) = name_of(&line, b"BEGIN:") {
            self.loose = false;
            if begun.eq_ignore_ascii_case(b"VCALENDAR") {
                self.end_calendar()?;
                self.calendar = Some(Calendar::default());
            } else {
                let is_wanted = self.wanted.contains(&number);
                self.open = Some(Open { name: begun.to_vec(), lines: vec![line], deeper: 0, is_wanted });
            }
            return Ok(());
        }
        if self.calendar.is_some() {
            return if starts_with(&line, b"END:") || line.is_empty() { Ok(()) } else { self.around([line]) };
        }
        // Lines without a beginning, up to the next one.
        self.loose |= self.wanted.contains(&number);
        if self.loose { put(self.out, &line) } else { Ok(()) }
    }

    /// Takes what stands around the records of a calendar.
    fn around(&mut self, lines: impl IntoIterator<Item = Vec<u8>>) -> io::Result<()> {
        match &mut self.calendar {
            Some(calendar) if !calendar.is_begun => {
                calendar.around.extend(lines);
                Ok(())
            }
            Some(_) => lines.into_iter().try_for_each(|line| put(self.out, &line)),
            None => Ok(()),
        }
    }

    /// Ends the component that is open.
    fn close(&mut self) -> io::Result<()> {
        let Some(open) = self.open.take() else { return Ok(()) };
        if open.is(b"VTIMEZONE") {
            return self.around(open.lines);
        }
        if !open.is_wanted {
            return Ok(());
        }
        if let Some(calendar) = self.calendar.as_mut().filter(|calendar| !calendar.is_begun) {
            calendar.is_begun = true;
            put(self.out, b"BEGIN:VCALENDAR")?;
            std::mem::take(&mut calendar.around).iter().try_for_each(|line| put(self.out, line))?;
        }
        open.lines.iter().try_for_each(|line| put(self.out, line))
    }

    fn end_calendar(&mut self) -> io::Result<()> {
        match self.calendar.take() {
            Some(calendar) if calendar.is_begun => put(self.out, b"END:VCALENDAR"),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(bytes: &str, wanted: &[u64]) -> String {
        let mut out = Vec::new();
        pick(bytes.as_bytes(), &wanted.iter().map(|it| (*it, *it)).collect(), &mut out).unwrap();
        String::from_utf8(out).unwrap()
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
        let mut picked = Vec::new();
        pick(bytes.as_slice(), &[(1, 0)].into(), &mut picked).unwrap();
        assert_eq!(String::from_utf8(picked).unwrap(), "BEGIN:VCARD\r\nFN:é\r\nEND:VCARD\r\n");
    }
}
