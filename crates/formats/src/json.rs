//! JSON files record by record: an array, a stream of objects, or a group with entries.

use std::io::{self, BufRead, BufReader, Read, Write};

use serde_json::{Map, Value};

use crate::{BadRecord, Reason, text::Unmarked};

/// The members of our own, named as RFC 9553 §1.8.1 and RFC 8984 §3.3 ask of a vendor.
pub(crate) const VENDOR: &str = "passerelle.example:";

/// An object and the line it begins at.
type Found = Result<(usize, Map<String, Value>), BadRecord>;

/// The largest record that is read.
const LARGEST: usize = 64 << 20;

/// The objects of a file, each with its line; those within a `Group` one by one.
pub(crate) struct Objects<R> {
    reader: BufReader<Unmarked<R>>,
    line: usize,
    entries: std::vec::IntoIter<Value>,
    group_line: usize,
    done: bool,
}

impl<R: Read> Objects<R> {
    pub(crate) fn new(reader: R) -> Self {
        Objects {
            reader: BufReader::with_capacity(1 << 16, Unmarked::new(reader)),
            line: 1,
            entries: Vec::new().into_iter(),
            group_line: 1,
            done: false,
        }
    }

    fn byte(&mut self) -> io::Result<Option<u8>> {
        let byte = self.reader.fill_buf()?.first().copied();
        if let Some(byte) = byte {
            self.reader.consume(1);
            self.line += usize::from(byte == b'\n');
        }
        Ok(byte)
    }

    /// Returns the text of the next object, and the line it begins at.
    fn object(&mut self) -> io::Result<Option<(usize, Vec<u8>)>> {
        let mut text = Vec::new();
        let mut begun = self.line;
        let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
        while let Some(byte) = self.byte()? {
            if depth == 0 && matches!(byte, b'[' | b']' | b',' | b' ' | b'\t' | b'\r' | b'\n') {
                continue;
            }
            if depth == 0 && byte != b'{' {
                return self.stray(byte).map(Some);
            }
            if depth == 0 {
                begun = self.line;
            }
            if text.len() <= LARGEST {
                text.push(byte);
            }
            match byte {
                _ if escaped => escaped = false,
                b'\\' if quoted => escaped = true,
                b'"' => quoted = !quoted,
                b'{' | b'[' if !quoted => depth += 1,
                b'}' | b']' if !quoted => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                return Ok(Some((begun, text)));
            }
        }
        Ok(if text.is_empty() { None } else { Some((begun, text)) })
    }

    /// Reads past what is no object: a record that somebody meant, and that is told as a bad one.
    fn stray(&mut self, first: u8) -> io::Result<(usize, Vec<u8>)> {
        let (line, mut text, mut escaped) = (self.line, vec![first], false);
        while let Some(byte) = self.byte()? {
            let ends =
                if first == b'"' { byte == b'"' && !escaped } else { matches!(byte, b',' | b']' | b'\n') };
            escaped = byte == b'\\' && !escaped;
            if ends {
                break;
            }
            text.push(byte);
        }
        Ok((line, text))
    }

    fn next_object(&mut self) -> Option<Found> {
        let (line, text) = match self.object() {
            Ok(Some(found)) => found,
            Ok(None) => return None,
            Err(_) => {
                self.done = true;
                return Some(Err(BadRecord::new(self.line, "", Reason::Unreadable)));
            }
        };
        if text.len() > LARGEST {
            return Some(Err(BadRecord::new(line, "", Reason::TooLarge)));
        }
        match serde_json::from_slice(&text) {
            Ok(object) => Some(Ok((line, object))),
            Err(error) => {
                let reason = if error.is_eof() { Reason::Unterminated } else { Reason::Malformed };
                Some(Err(BadRecord::new(line, "", reason)))
            }
        }
    }
}

impl<R: Read> Iterator for Objects<R> {
    type Item = Found;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            match self.entries.next() {
                Some(Value::Object(entry)) => return Some(Ok((self.group_line, entry))),
                Some(_) => return Some(Err(BadRecord::new(self.group_line, "", Reason::Malformed))),
                None if self.done => return None,
                None => {}
            }
            match self.next_object()? {
                Ok((line, mut object)) => match object.remove("entries") {
                    Some(Value::Array(entries)) => {
                        self.entries = entries.into_iter();
                        self.group_line = line;
                    }
                    Some(other) => {
                        object.insert("entries".to_owned(), other);
                        return Some(Ok((line, object)));
                    }
                    None => return Some(Ok((line, object))),
                },
                Err(bad) => return Some(Err(bad)),
            }
        }
    }
}

/// Writes objects as an array, one a line, and returns how many.
pub(crate) fn write(
    out: &mut impl Write,
    objects: impl Iterator<Item = Map<String, Value>>,
) -> io::Result<usize> {
    let mut count = 0;
    out.write_all(b"[")?;
    for object in objects {
        out.write_all(if count == 0 { b"\n" } else { b",\n" })?;
        serde_json::to_writer(&mut *out, &object)?;
        count += 1;
    }
    out.write_all(b"\n]\n")?;
    Ok(count)
}

/// Adds what was left over from a file: members that are still free; other text goes into one of
/// our own.
pub(crate) fn add_unknown(object: &mut Map<String, Value>, unknown: &[String]) {
    let mut texts = Vec::new();
    for text in unknown {
        match serde_json::from_str::<Map<String, Value>>(text) {
            Ok(members) if members.keys().all(|name| !object.contains_key(name)) => object.extend(members),
            _ => texts.push(Value::from(text.as_str())),
        }
    }
    if !texts.is_empty() {
        object.insert(format!("{VENDOR}unknown"), Value::Array(texts));
    }
}

/// Returns what nobody understood, as text.
pub(crate) fn left_over(mut rest: Map<String, Value>) -> Vec<String> {
    let texts = rest.remove(&format!("{VENDOR}unknown"));
    let texts = texts.as_ref().and_then(Value::as_array).into_iter().flatten();
    let texts: Vec<String> = texts.filter_map(Value::as_str).map(str::to_owned).collect();
    let members =
        rest.into_iter().map(|(name, value)| Value::Object(Map::from_iter([(name, value)])).to_string());
    members.chain(texts).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<Result<(usize, String), (usize, Reason)>> {
        let objects = Objects::new(text.as_bytes());
        let shown = |object: Map<String, Value>| Value::Object(object).to_string();
        objects.map(|o| o.map(|(line, o)| (line, shown(o))).map_err(|bad| (bad.line, bad.reason))).collect()
    }

    #[test]
    fn an_array_a_stream_and_a_group_are_read_alike() {
        for text in [
            "[{\"a\":\"}\\\"\"},{\"b\":{}}]",
            "{\"a\":\"}\\\"\"}{\"b\":{}}",
            "{\"@type\":\"Group\",\"entries\":[{\"a\":\"}\\\"\"},{\"b\":{}}]}",
        ] {
            let found = read(text);
            assert_eq!(found, [Ok((1, "{\"a\":\"}\\\"\"}".into())), Ok((1, "{\"b\":{}}".into()))], "{text}");
        }
    }

    #[test]
    fn a_bad_object_does_not_swallow_the_next() {
        let found = read("[\n{\"a\":x},\n{\"b\":1},\n{\"c\":");
        assert_eq!(
            found,
            [Err((2, Reason::Malformed)), Ok((3, "{\"b\":1}".into())), Err((4, Reason::Unterminated))]
        );
    }
}
