//! Content lines, which vCard and iCalendar share (RFC 6350 §3.3, RFC 5545 §3.1, RFC 6868), with
//! the folding and the quoted-printable of vCard 2.1.

use std::io::{self, Read, Write};

pub(crate) use passerelle_ports::left::{escape, unescape};
use serde::{Deserialize, Serialize};

use crate::{
    error::{BadRecord, Reason},
    text::decode,
    unfold::{Unfold, Unfolded, colon_of, stands_alone},
};

/// The largest record that is read.
const LARGEST: usize = 32 << 20;

/// The most lines that a record has, all its components together.
pub(crate) const MOST: usize = 20_000;

/// How deep components may lie in each other.
const DEEPEST: usize = 16;

/// One content line.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Line {
    pub(crate) number: usize,
    pub(crate) group: String,
    /// In capitals.
    pub(crate) name: String,
    /// Names in capitals.
    pub(crate) params: Vec<(String, Vec<String>)>,
    /// As written: still escaped.
    pub(crate) value: String,
    /// The name and the parameters as a file wrote them.
    pub(crate) written: String,
}

impl Line {
    pub(crate) fn new(name: &str, value: impl Into<String>) -> Self {
        Line { name: name.to_owned(), value: value.into(), ..Line::default() }
    }

    /// Makes a line whose value is text.
    pub(crate) fn text(name: &str, text: &str) -> Self {
        Line::new(name, escape(text))
    }

    #[must_use]
    pub(crate) fn with(mut self, param: &str, value: impl Into<String>) -> Self {
        match self.params.iter_mut().find(|(name, _)| name == param) {
            Some((_, values)) => values.push(value.into()),
            None => self.params.push((param.to_owned(), vec![value.into()])),
        }
        self
    }

    pub(crate) fn param(&self, name: &str) -> Option<&str> {
        self.params.iter().find(|(known, _)| known == name)?.1.first().map(String::as_str)
    }

    /// Returns every value of a parameter, in lower case, lists taken apart.
    pub(crate) fn param_list(&self, name: &str) -> Vec<String> {
        let found = self.params.iter().filter(|(known, _)| known == name).flat_map(|(_, values)| values);
        found.flat_map(|value| value.split(',')).map(|value| value.trim().to_lowercase()).collect()
    }

    /// Returns every value of a parameter as typed, lists taken apart.
    pub(crate) fn param_values(&self, name: &str) -> Vec<String> {
        let found = self.params.iter().filter(|(known, _)| known == name).flat_map(|(_, values)| values);
        found.flat_map(|value| value.split(',')).map(|value| value.trim().to_owned()).collect()
    }

    /// Returns the value as text.
    pub(crate) fn unescaped(&self) -> String {
        unescape(&self.value)
    }

    /// Returns the parts of a structured value, as texts.
    pub(crate) fn parts(&self, separator: char) -> Vec<String> {
        split(&self.value, separator).into_iter().map(unescape).collect()
    }

    /// Reads what was unfolded; text that belongs to no property is kept in one of our own.
    pub(crate) fn of(unfolded: Unfolded) -> Option<Line> {
        let number = unfolded.number;
        if !unfolded.stray {
            return Line::parse(number, unfolded.bytes);
        }
        let text = decode(unfolded.bytes, None);
        let text = text.trim();
        (!text.is_empty()).then(|| Line { number, ..Line::text(UNKNOWN, text) })
    }

    /// Reads a line that was unfolded.
    pub(crate) fn parse(number: usize, bytes: Vec<u8>) -> Option<Line> {
        let colon = colon_of(&bytes)?;
        let mut head = bytes;
        if has_params_after(&head, colon) {
            if let Some(sign) = head.get_mut(colon) {
                *sign = b';';
            }
            return Line::parse(number, head);
        }
        let value = head.split_off(colon + 1);
        head.pop();
        let head = decode(head, None);
        let mut line = Line::parse_head(&head);
        line.number = number;
        let (value, is_coded) = line.decoded(value);
        line.value = decode(value, line.param("CHARSET"));
        if is_coded {
            line.value = line.value.replace("\r\n", "\\n").replace(['\r', '\n'], "\\n");
            line.params.retain(|(name, _)| name != "ENCODING");
        }
        line.params.retain(|(name, _)| name != "CHARSET");
        // Blanks around an identifier are none of it: records find each other by it.
        if line.name == "UID" {
            line.value = line.value.trim().to_owned();
        }
        line.written = head;
        Some(line)
    }

    /// Reads the name and the parameters.
    fn parse_head(head: &str) -> Line {
        let mut parts = params_apart(head).into_iter();
        let name = parts.next().unwrap_or_default().trim();
        let (group, name) = name.rsplit_once('.').unwrap_or(("", name));
        Line {
            // It is one group however it is spelt.
            group: group.to_ascii_lowercase(),
            name: name.to_ascii_uppercase(),
            params: parts.map(parse_param).collect(),
            ..Line::default()
        }
    }

    /// Tells whether the name and the parameters still say what the file wrote. One without a name
    /// is of vCard 2.1 only.
    fn is_as_written(&self) -> bool {
        let read = Line::parse_head(&self.written);
        let named = params_apart(&self.written).iter().skip(1).all(|param| param.contains('='));
        named && (&read.group, &read.name, &read.params) == (&self.group, &self.name, &self.params)
    }

    /// Decodes the bytes of a value that stand for a text; tells whether they were coded.
    fn decoded(&self, value: Vec<u8>) -> (Vec<u8>, bool) {
        let codings = self.param_list("ENCODING");
        let is = |known: &[&str]| codings.iter().any(|coding| known.contains(&coding.as_str()));
        if is(&["quoted-printable"]) {
            let sign = ENDS_WITH_SIGN.contains(&self.name.as_str()) && value.ends_with(b"=");
            let mut plain = unquote_printable(&value);
            plain.extend(sign.then_some(b'='));
            return (plain, true);
        }
        let text = is(&["b", "base64"]) && CODED_TEXTS.contains(&self.name.as_str());
        match Some(&value).filter(|_| text).and_then(|value| from_base64(value)) {
            Some(plain) => (plain, true),
            None => (value, false),
        }
    }

    /// Tells whether the name is one that may be written.
    pub(crate) fn is_sound(&self) -> bool {
        let token = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        !self.name.is_empty()
            && token(&self.name)
            && token(&self.group)
            && self.params.iter().all(|(name, _)| !name.is_empty() && token(name))
    }

    /// Returns the line as one line of text, unfolded.
    pub(crate) fn to_text(&self) -> String {
        let mut text = if self.is_as_written() { self.written.clone() } else { self.head() };
        text.push(':');
        text.extend(self.value.chars().filter(|c| !matches!(c, '\r' | '\n')));
        text
    }

    /// Spells the name and the parameters.
    fn head(&self) -> String {
        let mut text = String::new();
        if !self.group.is_empty() {
            text.push_str(&self.group);
            text.push('.');
        }
        text.push_str(&self.name);
        for (name, values) in &self.params {
            let values: Vec<String> = values.iter().map(|value| param_text(value)).collect();
            text.push_str(&format!(";{name}={}", values.join(",")));
        }
        text
    }

    /// Writes the line, folded at 75 octets.
    pub(crate) fn write(&self, out: &mut impl Write) -> io::Result<()> {
        fold(out, &self.to_text())
    }
}

/// Writes what was left over from a file; text that is no content line goes into one of our own.
pub(crate) fn write_unknown(out: &mut impl Write, unknown: &[String]) -> io::Result<()> {
    for text in unknown {
        let line = Some(text).filter(|text| stands_alone(text));
        let line = line.and_then(|text| Line::parse(0, text.clone().into_bytes()));
        match line.filter(Line::is_sound) {
            Some(line) if !matches!(line.name.as_str(), "BEGIN" | "END" | "VERSION") => line.write(out)?,
            _ => Line::text(UNKNOWN, text).write(out)?,
        }
    }
    Ok(())
}

/// The property that carries what was left over from a file of another format.
pub(crate) const UNKNOWN: &str = "X-PASSERELLE-UNKNOWN";

/// Returns a line that nobody understood, as it is handed back.
pub(crate) fn left_over(line: &Line) -> String {
    if line.name == UNKNOWN { line.unescaped() } else { line.to_text() }
}

/// Tells whether the parameters of a guest were written behind the colon: `ORGANIZER:CN=Jo:mailto:jo@a.example`.
fn has_params_after(bytes: &[u8], colon: usize) -> bool {
    let (name, value) = bytes.split_at_checked(colon).unwrap_or_default();
    let guest = [&b"ATTENDEE"[..], b"ORGANIZER"].iter().any(|known| known.eq_ignore_ascii_case(name));
    let value = value.get(1..).unwrap_or_default();
    let scheme = value.windows(8).position(|part| part.eq_ignore_ascii_case(b":mailto:"));
    let sign = value.iter().position(|byte| !byte.is_ascii_alphanumeric() && *byte != b'-');
    let named = sign.filter(|at| *at > 0 && value.get(*at) == Some(&b'='));
    guest && named.is_some_and(|at| scheme.is_some_and(|scheme| at < scheme))
}

fn fold(out: &mut impl Write, text: &str) -> io::Result<()> {
    let mut width = 0;
    let mut from = 0;
    for (at, c) in text.char_indices() {
        if width + c.len_utf8() > 75 {
            out.write_all(text.get(from..at).unwrap_or_default().as_bytes())?;
            out.write_all(b"\r\n ")?;
            from = at;
            width = 1;
        }
        width += c.len_utf8();
    }
    out.write_all(text.get(from..).unwrap_or_default().as_bytes())?;
    out.write_all(b"\r\n")
}

fn split_quoted(text: &str, separator: char) -> Vec<&str> {
    let mut quoted = false;
    text.split(|c| {
        quoted ^= c == '"';
        c == separator && !quoted
    })
    .collect()
}

/// Takes the name and the parameters apart. A semicolon that a program escaped ends no parameter, unless another one
/// follows.
fn params_apart(head: &str) -> Vec<&str> {
    let mut parts: Vec<&str> = Vec::new();
    let mut begun = 0;
    for part in split_quoted(head, ';') {
        let end = begun + part.len();
        match parts.last_mut() {
            Some(last) if last.contains('=') && last.ends_with('\\') && !part.contains('=') => {
                let from = begun - 1 - last.len();
                *last = head.get(from..end).unwrap_or(part);
            }
            _ => parts.push(part),
        }
        begun = end + 1;
    }
    parts
}

/// Reads a parameter; one without a name is a type or an encoding (vCard 2.1).
fn parse_param(text: &str) -> (String, Vec<String>) {
    let Some((name, values)) = text.split_once('=') else {
        let bare = text.trim().to_owned();
        let encoding =
            matches!(bare.to_ascii_uppercase().as_str(), "QUOTED-PRINTABLE" | "BASE64" | "8BIT" | "7BIT");
        return ((if encoding { "ENCODING" } else { "TYPE" }).to_owned(), vec![bare]);
    };
    let values = values_apart(values).into_iter().map(|value| {
        let value = value.trim();
        match value.strip_prefix('"').and_then(|value| value.strip_suffix('"')) {
            Some(quoted) => uncaret(quoted),
            None => uncaret(&value.replace("\\,", ",").replace("\\;", ";")),
        }
    });
    (name.trim().to_ascii_uppercase(), values.collect())
}

/// Takes the values of a parameter apart. A comma that a program escaped, as in a text, ends none.
fn values_apart(text: &str) -> Vec<&str> {
    let mut values: Vec<&str> = Vec::new();
    let mut begun = 0;
    for value in split_quoted(text, ',') {
        let end = begun + value.len();
        match values.last_mut() {
            Some(last) if last.ends_with('\\') => {
                *last = text.get(begun - 1 - last.len()..end).unwrap_or(value);
            }
            _ => values.push(value),
        }
        begun = end + 1;
    }
    values
}

/// Decodes RFC 6868.
fn uncaret(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let decoded = match (c, chars.peek()) {
            ('^', Some('n')) => Some('\n'),
            ('^', Some('^')) => Some('^'),
            ('^', Some('\'')) => Some('"'),
            _ => None,
        };
        if decoded.is_some() {
            chars.next();
        }
        plain.push(decoded.unwrap_or(c));
    }
    plain
}

fn param_text(value: &str) -> String {
    let unix = value.replace("\r\n", "\n").replace('\r', "\n");
    let coded = unix.replace('^', "^^").replace('\n', "^n").replace('"', "^'");
    if coded.contains([':', ';', ',', ' ']) || coded.trim() != coded { format!("\"{coded}\"") } else { coded }
}

/// Splits a value at separators that are not escaped.
pub(crate) fn split(text: &str, separator: char) -> Vec<&str> {
    let mut escaped = false;
    text.split(|c| {
        let at = c == separator && !escaped;
        escaped = c == '\\' && !escaped;
        at
    })
    .collect()
}

/// Properties whose value is an address, which may end with the sign of a soft break.
const ENDS_WITH_SIGN: [&str; 5] = ["URL", "FBURL", "CALURI", "CALADRURI", "IMPP"];

/// Properties whose value is a text, also where its bytes are in Base64, as old telephones write them.
#[rustfmt::skip]
const CODED_TEXTS: &[&str] = &[
    "FN", "N", "NICKNAME", "NOTE", "ADR", "LABEL", "TEL", "EMAIL", "URL", "TITLE", "ROLE", "ORG", "CATEGORIES",
    "BDAY", "ANNIVERSARY", "SORT-STRING", "IMPP", "RELATED", "UID", "SUMMARY", "DESCRIPTION", "LOCATION",
    "COMMENT", "CONTACT", "RESOURCES", "ATTENDEE", "ORGANIZER", "X-PHONETIC-FIRST-NAME", "X-PHONETIC-LAST-NAME",
];

/// Decodes Base64; blanks within it say nothing.
fn from_base64(bytes: &[u8]) -> Option<Vec<u8>> {
    let digit = |byte: u8| -> Option<u32> {
        Some(u32::from(match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => return None,
        }))
    };
    let mut signs: Vec<u8> = bytes.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
    while signs.last() == Some(&b'=') {
        signs.pop();
    }
    let mut plain = Vec::with_capacity(signs.len());
    for group in signs.chunks(4) {
        let mut bits = 0;
        for sign in group {
            bits = bits << 6 | digit(*sign)?;
        }
        let missing = 4 - group.len();
        let [_, bytes @ ..] = (bits << (6 * missing)).to_be_bytes();
        plain.extend_from_slice(bytes.get(..3_usize.checked_sub(missing).filter(|count| *count > 0)?)?);
    }
    Some(plain)
}

fn unquote_printable(bytes: &[u8]) -> Vec<u8> {
    let hex = |byte: Option<&u8>| byte.and_then(|byte| char::from(*byte).to_digit(16));
    let mut plain = Vec::with_capacity(bytes.len());
    // The sign of a fold after which nothing came.
    let mut rest = bytes.strip_suffix(b"=").unwrap_or(bytes);
    while let Some((first, after)) = rest.split_first() {
        let coded = (*first == b'=').then(|| Some((hex(after.first())?, hex(after.get(1))?))).flatten();
        match coded.and_then(|(high, low)| u8::try_from(high * 16 + low).ok()) {
            Some(byte) => {
                // A coded separator is text: the real ones are written plainly.
                if matches!(byte, b';' | b',') && !ends_with_escape(&plain) {
                    plain.push(b'\\');
                }
                plain.push(byte);
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                plain.push(*first);
                rest = after;
            }
        }
    }
    plain
}

/// Tells whether the last byte escapes the next one.
fn ends_with_escape(bytes: &[u8]) -> bool {
    bytes.iter().rev().take_while(|byte| **byte == b'\\').count() % 2 == 1
}

/// A component: what stands between `BEGIN` and `END`.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Component {
    pub(crate) name: String,
    pub(crate) line: usize,
    pub(crate) lines: Vec<Line>,
    pub(crate) children: Vec<Component>,
}

impl Component {
    /// Returns the first line of a name.
    pub(crate) fn get(&self, name: &str) -> Option<&Line> {
        self.lines.iter().find(|line| line.name == name)
    }

    /// Returns the text of the first line of a name, or nothing.
    pub(crate) fn text(&self, name: &str) -> String {
        self.get(name).map(Line::unescaped).unwrap_or_default()
    }
}

/// A component as bytes, about as many as it has in its file: the lines of a component that is only held take many times
/// that.
pub(crate) struct Packed(Box<[u8]>);

impl Packed {
    pub(crate) fn of(component: &Component) -> Self {
        let mut bytes = Vec::new();
        pack(component, &mut bytes);
        Packed(bytes.into())
    }

    pub(crate) fn unpacked(&self) -> Component {
        Unpacking(&self.0).component()
    }
}

fn pack(component: &Component, out: &mut Vec<u8>) {
    put(out, component.name.as_bytes());
    put_number(out, component.line);
    put_number(out, component.lines.len());
    for line in &component.lines {
        let head = Line::parse_head(&line.written);
        let spelt = (&head.group, &head.name, &head.params) == (&line.group, &line.name, &line.params);
        // What was changed since it was read is not said by its spelling.
        let own = if spelt { Vec::new() } else { serde_json::to_vec(line).unwrap_or_default() };
        put(out, &own);
        if spelt {
            put_number(out, line.number);
            put(out, line.written.as_bytes());
            put(out, line.value.as_bytes());
        }
    }
    put_number(out, component.children.len());
    component.children.iter().for_each(|child| pack(child, out));
}

fn put(out: &mut Vec<u8>, bytes: &[u8]) {
    put_number(out, bytes.len());
    out.extend_from_slice(bytes);
}

/// Seven bits a byte, the lowest first; the last byte has its highest bit clear.
fn put_number(out: &mut Vec<u8>, mut number: usize) {
    while number > 0x7f {
        out.push(number.to_le_bytes()[0] | 0x80);
        number >>= 7;
    }
    out.push(number.to_le_bytes()[0]);
}

/// What is left of the bytes of a component.
struct Unpacking<'a>(&'a [u8]);

impl Unpacking<'_> {
    fn component(&mut self) -> Component {
        let (name, line) = (self.text(), self.number());
        let lines = (0..self.number()).map(|_| self.line()).collect();
        let children = (0..self.number()).map(|_| self.component()).collect();
        Component { name, line, lines, children }
    }

    fn line(&mut self) -> Line {
        let own = self.bytes().to_vec();
        if !own.is_empty() {
            return serde_json::from_slice(&own).unwrap_or_default();
        }
        let (number, written, value) = (self.number(), self.text(), self.text());
        let head = Line::parse_head(&written);
        Line { number, value, written, ..head }
    }

    fn text(&mut self) -> String {
        String::from_utf8_lossy(self.bytes()).into_owned()
    }

    fn bytes(&mut self) -> &[u8] {
        let length = self.number();
        let (bytes, rest) = self.0.split_at_checked(length).unwrap_or_default();
        self.0 = rest;
        bytes
    }

    fn number(&mut self) -> usize {
        let (mut number, mut shift) = (0, 0);
        while let Some((byte, rest)) = self.0.split_first() {
            self.0 = rest;
            number |= usize::from(byte & 0x7f).checked_shl(shift).unwrap_or_default();
            shift += 7;
            if *byte < 0x80 {
                break;
            }
        }
        number
    }
}

/// A piece of a file.
#[derive(Debug)]
pub(crate) enum Piece {
    /// A component asked for.
    Component(Component),
    /// A line outside of them.
    Line(Line),
}

/// Reads a file piece by piece.
pub(crate) struct Pieces<R> {
    lines: Unfold<R>,
    wanted: &'static [&'static str],
    done: bool,
}

impl<R: Read> Pieces<R> {
    /// Reads the components of these names; other components are seen as their lines.
    pub(crate) fn new(reader: R, wanted: &'static [&'static str]) -> Self {
        Pieces { lines: Unfold::new(reader, wanted.contains(&"VCARD")), wanted, done: false }
    }

    fn piece(&mut self) -> io::Result<Option<Result<Piece, BadRecord>>> {
        while let Some(unfolded) = self.lines.next()? {
            let number = unfolded.number;
            let Some(line) = Line::of(unfolded) else { continue };
            let begun = line.value.trim().to_ascii_uppercase();
            return Ok(Some(if line.name == "BEGIN" && self.wanted.contains(&begun.as_str()) {
                self.component(begun, number)?.map(Piece::Component)
            } else {
                Ok(Piece::Line(line))
            }));
        }
        Ok(None)
    }

    /// Reads a component to its end. One of the same name inside means that the end is missing.
    fn component(&mut self, name: String, line: usize) -> io::Result<Result<Component, BadRecord>> {
        let mut open = Open::new(name, line);
        while let Some(unfolded) = self.lines.next()? {
            let begins = unfolded.is_begin().then(|| unfolded.clone());
            let number = unfolded.number;
            open.size += unfolded.bytes.len();
            let Some(line) = Line::of(unfolded) else { continue };
            let word = line.value.trim().to_ascii_uppercase();
            match line.name.as_str() {
                // What a zone says is whole without its end.
                "BEGIN" if open.is_cut_off(&word) && open.outer.name == "VTIMEZONE" => {
                    self.lines.push(begins.unwrap_or_default());
                    return Ok(open.close());
                }
                "BEGIN" if open.is_again(&word) || open.is_cut_off(&word) => {
                    self.lines.push(begins.unwrap_or_default());
                    return Ok(Err(open.bad(Reason::Unterminated)));
                }
                "BEGIN" => open.begin(word, number),
                "END" => {
                    if let Some(closed) = open.end(&word) {
                        return Ok(closed);
                    }
                }
                _ => open.line(line),
            }
        }
        Ok(Err(open.bad(Reason::Unterminated)))
    }
}

/// Properties of which each value of a list is an entry.
const LISTS: [&str; 6] = ["CATEGORIES", "EXDATE", "FREEBUSY", "NICKNAME", "RDATE", "RESOURCES"];

/// How many values of parameters a line has that are no entries of their own.
const USUAL: usize = 16;

/// Counts the entries of a line: itself, those of its list, and its parameters where there are many.
fn entries_of(line: &Line) -> usize {
    let list = LISTS.contains(&line.name.as_str());
    let signs = || line.value.bytes().filter(|byte| matches!(byte, b',' | b';')).count();
    let params: usize = line.params.iter().map(|(_, values)| values.len()).sum();
    1 + params.saturating_sub(USUAL) + if list { signs() } else { 0 }
}

/// A component that is being read, with those open inside it.
struct Open {
    outer: Component,
    inner: Vec<Component>,
    /// How many more are open than are kept.
    deeper: usize,
    too_deep: bool,
    size: usize,
    lines: usize,
}

impl Open {
    fn new(name: String, line: usize) -> Self {
        let outer = Component { name, line, ..Component::default() };
        Open { outer, inner: Vec::new(), deeper: 0, too_deep: false, size: 0, lines: 0 }
    }

    /// Tells whether a component of the outermost one's name begins where none may.
    fn is_again(&self, word: &str) -> bool {
        self.outer.name == word && !ends_with_agent(&self.outer)
    }

    /// Tells whether what begins stands in no component of a calendar: then the end of this one is missing.
    fn is_cut_off(&self, word: &str) -> bool {
        self.outer.name != "VCARD" && self.outer.name != word && matches!(word, "VEVENT" | "VCALENDAR")
    }

    fn begin(&mut self, name: String, line: usize) {
        if self.inner.len() < DEEPEST {
            self.inner.push(Component { name, line, ..Component::default() });
        } else {
            self.deeper += 1;
            self.too_deep = true;
        }
    }

    fn line(&mut self, line: Line) {
        // What a zone says is no entry of a record.
        self.lines += if self.outer.name == "VTIMEZONE" { 0 } else { entries_of(&line) };
        if self.size <= LARGEST && self.deeper == 0 && self.lines <= MOST {
            self.inner.last_mut().unwrap_or(&mut self.outer).lines.push(line);
        }
    }

    /// Closes what a name ends, with all that was left open inside it; returns the outermost
    /// component when it is closed. A name that nothing bears ends the innermost.
    fn end(&mut self, word: &str) -> Option<Result<Component, BadRecord>> {
        if self.deeper > 0 {
            self.deeper -= 1;
            return None;
        }
        let whole = matches!(word, "VCALENDAR" | "VCARD") || self.outer.name == word;
        let left = match self.inner.iter().rposition(|component| component.name == word) {
            Some(place) => place,
            None if whole || self.inner.is_empty() => return Some(self.close()),
            None => self.inner.len() - 1,
        };
        self.fold_to(left);
        None
    }

    /// Puts the innermost components into those around them until so many are open.
    fn fold_to(&mut self, left: usize) {
        while self.inner.len() > left {
            let Some(closed) = self.inner.pop() else { return };
            self.inner.last_mut().unwrap_or(&mut self.outer).children.push(closed);
        }
    }

    fn close(&mut self) -> Result<Component, BadRecord> {
        self.fold_to(0);
        if self.too_deep || self.size > LARGEST {
            return Err(self.bad(Reason::TooLarge));
        }
        if self.lines > MOST {
            return Err(self.bad(Reason::TooMany));
        }
        Ok(std::mem::take(&mut self.outer))
    }

    fn bad(&self, reason: Reason) -> BadRecord {
        BadRecord::new(self.outer.line, summary_of(&self.outer), reason)
    }
}

fn ends_with_agent(outer: &Component) -> bool {
    outer.lines.last().is_some_and(|line| line.name == "AGENT")
}

/// Returns what a component calls itself.
pub(crate) fn summary_of(component: &Component) -> String {
    ["FN", "SUMMARY", "N", "EMAIL", "ORG"]
        .iter()
        .map(|name| component.text(name).replace(';', " ").trim().to_owned())
        .find(|text| !text.is_empty())
        .unwrap_or_default()
}

impl<R: Read> Iterator for Pieces<R> {
    type Item = Result<Piece, BadRecord>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        let piece = self.piece();
        self.done = !matches!(piece, Ok(Some(_)));
        match piece {
            Ok(piece) => piece,
            Err(_) => Some(Err(BadRecord::new(self.lines.number(), "", Reason::Unreadable))),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn line(text: &str) -> Line {
        Line::parse(1, text.as_bytes().to_vec()).unwrap()
    }

    #[test]
    fn a_line_is_taken_apart() {
        let found = line("item1.TEL;type=\"a,b:c\",d;X=^'x^n^^:+33;ext=1:2");
        assert_eq!(
            (found.group.as_str(), found.name.as_str(), found.value.as_str()),
            ("item1", "TEL", "+33;ext=1:2")
        );
        assert_eq!(found.params[0], ("TYPE".into(), vec!["a,b:c".into(), "d".into()]));
        assert_eq!(found.param("X"), Some("\"x\n^"));
        assert_eq!(line("TEL;WORK;VOICE:1").param_list("TYPE"), ["work", "voice"]);
    }

    #[test]
    fn parameters_that_stand_behind_the_colon_are_parameters() {
        let found = line("ORGANIZER:X-KEY=8a;CN=Jo Do;CUTYPE=INDIVIDUAL:mailto:jo@a.example");
        assert_eq!((found.param("CN"), found.value.as_str()), (Some("Jo Do"), "mailto:jo@a.example"));
        assert_eq!(found.param("X-KEY"), Some("8a"));
        assert_eq!(line("ORGANIZER:MAILTO:jo@a.example").value, "MAILTO:jo@a.example");
        assert_eq!(line("SUMMARY:a=b:mailto:c").value, "a=b:mailto:c");
    }

    #[test]
    fn quoted_printable_is_decoded_in_its_character_set() {
        assert_eq!(line("N;ENCODING=QUOTED-PRINTABLE;CHARSET=UTF-8:D=C3=A9;a=3Db").value, "Dé;a=b");
        assert_eq!(line("NOTE;QUOTED-PRINTABLE:=E9=0D=0Ax=").value, "é\\nx");
    }

    #[test]
    fn folded_lines_are_unfolded_and_stray_text_continues_a_line() {
        let file = "A:un\r\n  deux\r\n\ttrois\nB;ENCODING=QUOTED-PRINTABLE:=C3=\n=A9\nNOTE:x\nsuite\nUID:1";
        let found: Vec<String> = Pieces::new(file.as_bytes(), &[])
            .map(|piece| match piece.unwrap() {
                Piece::Line(line) => format!("{} {}={}", line.number, line.name, line.value),
                Piece::Component(_) => String::new(),
            })
            .collect();
        assert_eq!(found, ["1 A=un deuxtrois", "4 B=é", "6 NOTE=x\\nsuite", "8 UID=1"]);
    }

    #[test]
    fn a_record_without_its_end_does_not_swallow_the_next() {
        let file = "BEGIN:VCARD\nFN:a\nBEGIN:VCARD\nFN:b\nEND:VCARD\nBEGIN:VCARD\nFN:c\n";
        let found: Vec<_> = Pieces::new(file.as_bytes(), &["VCARD"]).collect();
        assert_eq!(found.len(), 3);
        assert_eq!(found[0].as_ref().unwrap_err(), &BadRecord::new(1, "a", Reason::Unterminated));
        assert!(matches!(&found[1], Ok(Piece::Component(card)) if card.text("FN") == "b"));
        assert_eq!(found[2].as_ref().unwrap_err(), &BadRecord::new(6, "c", Reason::Unterminated));
    }

    #[test]
    fn an_end_that_is_missing_inside_a_record_costs_no_record() {
        let file = "BEGIN:VEVENT\nUID:a\nBEGIN:VALARM\nEND:VEVENT\nBEGIN:VEVENT\nUID:b\nBEGIN:VALARM\n\
                    BEGIN:VEVENT\nUID:c\nBEGIN:VALARM\nEND:VALRM\nSUMMARY:c\nEND:VEVENT\nBEGIN:VEVENT\nUID:d\nEND:VCALENDAR\n";
        let found: Vec<_> = Pieces::new(file.as_bytes(), &["VEVENT"]).collect();
        let uids: Vec<String> = found
            .iter()
            .map(|piece| match piece {
                Ok(Piece::Component(event)) => event.text("UID"),
                other => format!("{other:?}"),
            })
            .collect();
        assert_eq!((uids[0].as_str(), uids[2].as_str(), uids[3].as_str()), ("a", "c", "d"));
        assert_eq!(found[1].as_ref().unwrap_err().line, 5);
        assert!(matches!(&found[2], Ok(Piece::Component(event)) if event.text("SUMMARY") == "c"));
    }

    #[test]
    fn what_is_held_as_bytes_comes_back_as_it_was() {
        let file = "BEGIN:VEVENT\nUID:a\ng.X-A;b=\"c,d\",e;TYPE=f:é\nSUMMARY;QUOTED-PRINTABLE;CHARSET=UTF-8:=C3=A9=\n f\n\
                    stray text\nBEGIN:VALARM\nTRIGGER:P\nBEGIN:X\nY:\nEND:X\nEND:VALARM\nEND:VEVENT\n";
        let Some(Ok(Piece::Component(mut event))) = Pieces::new(file.as_bytes(), &["VEVENT"]).next() else {
            panic!("no event")
        };
        event.lines.push(Line::text("X-B", "a\nb").with("C", "d"));
        event.line = 123_456_789;
        let packed = Packed::of(&event);
        assert_eq!(packed.unpacked(), event);
        assert_eq!(Packed(packed.0[..packed.0.len() / 2].into()).unpacked().name, "VEVENT", "nothing panics");
    }

    #[test]
    fn a_record_that_is_nested_without_end_is_set_aside() {
        let nested = "BEGIN:X\n".repeat(130_000) + &"END:X\n".repeat(130_000);
        let file = format!("BEGIN:VEVENT\n{nested}END:VEVENT\nBEGIN:VEVENT\nUID:b\nEND:VEVENT\n");
        let found: Vec<_> = Pieces::new(file.as_bytes(), &["VEVENT"]).collect();
        assert_eq!(found[0].as_ref().unwrap_err(), &BadRecord::new(1, "", Reason::TooLarge));
        assert!(matches!(&found[1], Ok(Piece::Component(event)) if event.text("UID") == "b"));
        let open = format!("BEGIN:VEVENT\n{}", "BEGIN:X\n".repeat(130_000));
        assert_eq!(Pieces::new(open.as_bytes(), &["VEVENT"]).count(), 1);
    }

    #[test]
    fn a_record_of_endless_entries_is_set_aside_alone() {
        let lines = |count: usize| "EMAIL:a@b.example\n".repeat(count);
        let file = format!(
            "BEGIN:VCARD\nFN:a\n{}END:VCARD\nBEGIN:VCARD\nFN:b\n{}END:VCARD\n",
            lines(MOST),
            lines(MOST - 1)
        );
        let found: Vec<_> = Pieces::new(file.as_bytes(), &["VCARD"]).collect();
        assert_eq!(found[0].as_ref().unwrap_err(), &BadRecord::new(1, "a", Reason::TooMany));
        assert!(matches!(&found[1], Ok(Piece::Component(card)) if card.lines.len() == MOST));
        let event = |line: &str| format!("BEGIN:VEVENT\nUID:a\n{line}\nEND:VEVENT\n");
        let dates = "20270101T100000Z,".repeat(MOST);
        let params = format!("SUMMARY{}:a\n", ";X=y".repeat(1_000)).repeat(MOST / 900);
        let guests =
            "ATTENDEE;CN=a;ROLE=CHAIR;PARTSTAT=ACCEPTED;RSVP=TRUE:mailto:a@b.example\n".repeat(MOST - 2);
        for (line, bad) in [
            (format!("EXDATE:{dates}"), true),
            (format!("RDATE:{}", dates.replace(',', ";")), true),
            (params, true),
            (format!("DESCRIPTION:{dates}"), false),
            (guests, false),
        ] {
            let found: Vec<_> = Pieces::new(event(&line).as_bytes(), &["VEVENT"]).collect();
            let reason = found[0].as_ref().err().map(|bad| bad.reason);
            assert_eq!(reason, bad.then_some(Reason::TooMany), "{}", &line[..20]);
        }
    }

    #[test]
    fn what_was_left_over_is_written_as_it_was() {
        for text in ["X-ABLabel;type=pref;X=\"a b\",c:d;e", "x-foo;Name=a^b:c", "item1.Foo:bar"] {
            let Some(Ok(Piece::Line(line))) = Pieces::new(text.as_bytes(), &[]).next() else {
                panic!("no line")
            };
            assert_eq!(left_over(&line), text);
            assert_eq!(line.with("MORE", "1").to_text().matches("MORE=1").count(), 1);
        }
        let file = "BEGIN:VEVENT\nDTSTART:1\nFree text, not a property\nEND:VEVENT";
        let Some(Ok(Piece::Component(event))) = Pieces::new(file.as_bytes(), &["VEVENT"]).next() else {
            panic!("no event")
        };
        assert_eq!(left_over(&event.lines[1]), "Free text, not a property");
    }

    #[test]
    fn what_was_left_over_cannot_end_the_record() {
        let mut out = Vec::new();
        let unknown = ["X-A:1\nEND:VCARD", "END:VCARD", "free text", "X-É:1"].map(str::to_owned);
        write_unknown(&mut out, &unknown).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(text.lines().all(|line| line.starts_with("X-")), "{text}");
        assert!(text.contains("X-PASSERELLE-UNKNOWN:free text\r\n"));
    }

    proptest! {
        #[test]
        fn a_line_is_read_as_it_is_written(
            param in "[\\PC\n]{0,40}", text in "[\\PC\n]{0,200}", other in "[\\PC;,]{0,20}",
        ) {
            let value = format!("{};{}", escape(&text), escape(&other));
            let written = Line::new("X-A", value).with("P", param.clone());
            let mut out = Vec::new();
            written.write(&mut out).unwrap();
            prop_assert!(String::from_utf8(out.clone()).unwrap().split("\r\n").all(|line| line.len() <= 75));
            let Some(Ok(Piece::Line(read))) = Pieces::new(out.as_slice(), &[]).next() else { panic!("no line") };
            prop_assert_eq!(read.param("P"), Some(param.as_str()));
            prop_assert_eq!(read.parts(';'), [text, other]);
        }
    }
}
