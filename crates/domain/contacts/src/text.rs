//! The normal forms of texts, whatever field they are in.

use unicode_normalization::UnicodeNormalization;

/// Returns a text of one line in normal form: composed (NFC), trimmed, with single spaces.
#[must_use]
pub fn normal_line(text: &str) -> String {
    let composed: String = text.nfc().collect();
    composed.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Returns a text of several lines in normal form: composed (NFC), line feeds only, no blanks at
/// the ends of lines, no empty lines at its ends.
#[must_use]
pub fn normal_text(text: &str) -> String {
    let composed: String = text.nfc().collect();
    let unix = composed.replace("\r\n", "\n").replace('\r', "\n");
    let lines: Vec<&str> = unix.split('\n').map(str::trim_end).collect();
    lines.join("\n").trim_matches('\n').to_owned()
}

/// Returns a text in lower case, composed.
pub(crate) fn lower(text: &str) -> String {
    text.to_lowercase().nfc().collect()
}
