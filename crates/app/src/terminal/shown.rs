//! What a terminal may be given: text of strangers is never a command to it.
//!
//! What must stay true: every text for a person passes through [`shown`], every JSON line through [`escaped`];
//! documents are bytes and pass through neither.

use std::{fmt::Write as _, io};

/// Returns a text in which nothing steers a terminal or turns the order of the letters; lines and tabs stay.
pub fn shown(text: &str) -> String {
    let safe = |c: char| {
        if matches!(c, '\n' | '\t') || !steers(c) { c } else { char::REPLACEMENT_CHARACTER }
    };
    text.chars().map(safe).collect()
}

/// Returns a text of strangers for a place in a line: what it breaks into further lines could pass for ours.
pub fn in_a_line(text: &str) -> String {
    text.split(['\n', '\t', '\r', '\u{2028}', '\u{2029}']).collect::<Vec<_>>().join(" ")
}

/// Returns the same JSON with such characters written as escapes: a reader gets them back unchanged.
pub fn escaped(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        if steers(c) {
            // All of them lie in the basic plane: four digits are enough.
            let _ = write!(out, "\\u{:04x}", u32::from(c));
        } else {
            out.push(c);
        }
    }
    out
}

/// A stream for people whose writer is somebody else's code: each write goes through [`shown`].
pub struct Shown<W>(pub W);

impl<W: io::Write> io::Write for Shown<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write_all(shown(&String::from_utf8_lossy(bytes)).as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// Whether a character is of C0, DEL, C1, or a bidirectional control.
fn steers(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOSTILE: &str = "a\u{1b}]0;x\u{7}\u{7f}\u{9b}2J\r\u{202e}\u{2066}\u{200f}\u{61c}b";

    #[test]
    fn a_text_for_a_person_steers_no_terminal() {
        assert_eq!(
            shown(HOSTILE),
            "a\u{fffd}]0;x\u{fffd}\u{fffd}\u{fffd}2J\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}b"
        );
        assert_eq!(shown("é\n\t日本 👩‍👧"), "é\n\t日本 👩‍👧");
    }

    #[test]
    fn a_log_line_steers_no_terminal() {
        use io::Write as _;
        let mut out = Shown(Vec::new());
        out.write_all(HOSTILE.as_bytes()).unwrap();
        out.flush().unwrap();
        let text = String::from_utf8(out.0).unwrap();
        assert!(text.starts_with('a') && text.ends_with('b') && !text.chars().any(steers), "{text:?}");
    }

    #[test]
    fn a_name_fills_its_place_and_no_other_line() {
        assert_eq!(in_a_line("Ada\n0 new, 12 deleted\tx"), "Ada 0 new, 12 deleted x");
    }

    #[test]
    fn a_json_line_keeps_what_it_escapes() {
        let line = escaped(&serde_json::json!({ "x": HOSTILE }).to_string());
        assert!(!line.chars().any(steers), "{line}");
        let back: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(back["x"], HOSTILE);
    }
}
