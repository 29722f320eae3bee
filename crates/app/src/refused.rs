//! The records of a file that were set aside, as a file of the same format: to be corrected and imported again.

use std::{collections::BTreeSet, ops::Range};

/// Returns the records that begin at these lines (counted from 1), with what they need around them.
pub fn refused(bytes: &[u8], wanted: &BTreeSet<u64>) -> Vec<u8> {
    let start = bytes.iter().position(|byte| !byte.is_ascii_whitespace()).unwrap_or_default();
    let begin = bytes.get(start..).unwrap_or_default();
    let begin = begin.strip_prefix(b"\xef\xbb\xbf").unwrap_or(begin);
    if starts_with(begin, b"BEGIN:VCARD") {
        return components(bytes, wanted, false);
    }
    if starts_with(begin, b"BEGIN:") {
        return components(bytes, wanted, true);
    }
    match begin.first() {
        Some(b'[' | b'{') => objects(bytes, wanted),
        _ => rows(bytes, wanted),
    }
}

fn starts_with(bytes: &[u8], start: &[u8]) -> bool {
    bytes.get(..start.len()).is_some_and(|head| head.eq_ignore_ascii_case(start))
}

fn lines(bytes: &[u8]) -> Vec<&[u8]> {
    let mark = if bytes.contains(&b'\n') { b'\n' } else { b'\r' };
    bytes.split(|byte| *byte == mark).map(|line| line.strip_suffix(b"\r").unwrap_or(line)).collect()
}

/// Cards, or events with the time zones that they name.
fn components(bytes: &[u8], wanted: &BTreeSet<u64>, calendar: bool) -> Vec<u8> {
    let lines = lines(bytes);
    let mut out = Vec::new();
    let mut put = |range: Range<usize>| {
        for line in lines.get(range).unwrap_or_default() {
            out.extend_from_slice(line);
            out.extend_from_slice(b"\r\n");
        }
    };
    let begins = |at: usize, word: &[u8]| lines.get(at).is_some_and(|line| starts_with(line, word));
    if calendar {
        let head =
            lines.iter().position(|line| starts_with(line, b"BEGIN:V") && !starts_with(line, b"BEGIN:VCAL"));
        put(0..head.unwrap_or_default());
        for at in (0..lines.len()).filter(|at| begins(*at, b"BEGIN:VTIMEZONE")) {
            put(at..end_of(&lines, at));
        }
    }
    let mut done = 0;
    for line in wanted {
        let named = usize::try_from(*line).unwrap_or_default().saturating_sub(1);
        let Some(at) = (done..=named).rev().find(|at| begins(*at, b"BEGIN:")) else { continue };
        let end = end_of(&lines, at);
        put(at..end);
        done = end;
    }
    if calendar {
        out.extend_from_slice(b"END:VCALENDAR\r\n");
    }
    out
}

/// Returns where the component ends that begins at a line: before the next of its kind if its end is missing.
fn end_of(lines: &[&[u8]], at: usize) -> usize {
    let name = lines.get(at).and_then(|line| line.get(6..)).unwrap_or_default().trim_ascii();
    let is = |line: &[u8], word: &[u8]| {
        starts_with(line, word)
            && line.get(word.len()..).is_some_and(|rest| rest.trim_ascii().eq_ignore_ascii_case(name))
    };
    for (place, line) in lines.iter().enumerate().skip(at + 1) {
        if is(line, b"END:") {
            return place + 1;
        }
        if is(line, b"BEGIN:") || starts_with(line, b"END:VCALENDAR") {
            return place;
        }
    }
    lines.len()
}

/// The heading of a table, and rows of it.
fn rows(bytes: &[u8], wanted: &BTreeSet<u64>) -> Vec<u8> {
    let mut out = Vec::new();
    let (mut quoted, mut line, mut begun, mut from) = (false, 1, 1, 0);
    for (at, byte) in bytes.iter().enumerate() {
        quoted ^= *byte == b'"';
        let ends = *byte == b'\n' && !quoted;
        if ends || at + 1 == bytes.len() {
            let row = bytes.get(from..=at).unwrap_or_default();
            // A first line may only say how the fields are separated.
            let heads = begun == 1 || (begun == 2 && starts_with(bytes.trim_ascii_start(), b"sep="));
            if heads || wanted.contains(&begun) {
                out.extend_from_slice(row);
            }
            from = at + 1;
        }
        line += u64::from(*byte == b'\n');
        if ends {
            begun = line;
        }
    }
    out
}

/// Objects of a file in JSON, as an array.
fn objects(bytes: &[u8], wanted: &BTreeSet<u64>) -> Vec<u8> {
    let mut found: Vec<&[u8]> = Vec::new();
    let (mut depth, mut quoted, mut escaped, mut line) = (0_usize, false, false, 1_u64);
    let (mut from, mut begun) = (0, 1);
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'{' if !quoted => {
                if depth == 0 {
                    (from, begun) = (at, line);
                }
                depth += 1;
            }
            b'}' if !quoted => {
                depth = depth.saturating_sub(1);
                if depth == 0 && wanted.contains(&begun) {
                    found.extend(bytes.get(from..=at));
                }
            }
            b'\n' => line += 1,
            _ => {}
        }
    }
    // The last one may have no end.
    if depth > 0 && wanted.contains(&begun) {
        found.extend(bytes.get(from..));
    }
    let mut out = b"[".to_vec();
    for (place, object) in found.iter().enumerate() {
        out.extend_from_slice(if place == 0 { b"\n" } else { b",\n" });
        out.extend_from_slice(object);
    }
    out.extend_from_slice(b"\n]\n");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(bytes: &str, wanted: &[u64]) -> String {
        String::from_utf8(refused(bytes.as_bytes(), &wanted.iter().copied().collect())).unwrap()
    }

    #[test]
    fn what_was_refused_is_a_file_of_its_own() {
        let cards = "BEGIN:VCARD\nFN:a\nEND:VCARD\nBEGIN:VCARD\nEND:VCARD\nBEGIN:VCARD\nFN:c\nBEGIN:VCARD\nFN:d\nEND:VCARD\n";
        assert_eq!(text(cards, &[4, 6]), "BEGIN:VCARD\r\nEND:VCARD\r\nBEGIN:VCARD\r\nFN:c\r\n");
        let calendar = "BEGIN:VCALENDAR\nVERSION:2.0\nBEGIN:VTIMEZONE\nTZID:x\nEND:VTIMEZONE\nBEGIN:VEVENT\nSUMMARY:a\nEND:VEVENT\nBEGIN:VEVENT\nSUMMARY:b\nEND:VEVENT\nEND:VCALENDAR\n";
        assert_eq!(
            text(calendar, &[9]),
            "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VTIMEZONE\r\nTZID:x\r\nEND:VTIMEZONE\r\nBEGIN:VEVENT\r\nSUMMARY:b\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
        );
        let table = "sep=;\nName;Mail\n\"a\nb\";x\nc;y\nd;z";
        assert_eq!(text(table, &[5]), "sep=;\nName;Mail\nc;y\n");
        assert_eq!(text(table, &[3, 6]), "sep=;\nName;Mail\n\"a\nb\";x\nd;z");
        assert_eq!(text("[\n{\"a\":\"}\"},\n{\"b\":2}\n]", &[3]), "[\n{\"b\":2}\n]\n");
        assert_eq!(text("", &[1]), "");
    }
}
