//! JSON files record by record: an array, a stream of objects, or a group with entries.

use std::{
    collections::BTreeSet,
    io::{self, BufRead, BufReader, Read, Write},
};

use serde_json::{Map, Value};

use crate::{
    BadRecord, Imported, Reason,
    text::{Unmarked, decode},
};

/// The members of our own, named as RFC 9553 §1.8.1 and RFC 8984 §3.3 ask of a vendor.
pub(crate) const VENDOR: &str = "passerelle.example:";

/// An object and the line it begins at.
type Found = Result<(usize, Map<String, Value>), BadRecord>;

/// The largest record that is read.
const LARGEST: usize = 64 << 20;

/// The most objects within a record.
const MOST: usize = 50_000;

/// The objects of a file, each with its line; those within a `Group` one by one.
pub(crate) struct Objects<R> {
    reader: BufReader<Unmarked<R>>,
    line: usize,
    /// The arrays that the next object stands in: whether each is that of a group.
    arrays: Vec<bool>,
    /// Whether what is left of a group comes next.
    rest: bool,
    /// Whether the object that was read last has too many others in it: only its beginning is there.
    too_many: bool,
    /// Whether objects beyond the bounds are wanted as well.
    whole: bool,
    done: bool,
    /// How many there were so far.
    count: usize,
}

/// The member of a group that holds its records.
const ENTRIES: &[u8] = b"entries";

impl<R: Read> Objects<R> {
    pub(crate) fn new(reader: R) -> Self {
        let reader = BufReader::with_capacity(1 << 16, Unmarked::new(reader));
        Objects {
            reader,
            line: 1,
            arrays: Vec::new(),
            rest: false,
            too_many: false,
            whole: false,
            done: false,
            count: 0,
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

    /// Returns which object of the file the last one is, counted from 1.
    pub(crate) fn place(&self) -> usize {
        self.count
    }

    /// Returns the text of the next object, and the line it begins at. The records of a group come one by one.
    fn object(&mut self) -> io::Result<Option<(usize, Vec<u8>)>> {
        let found = self.next_text()?;
        self.count += usize::from(found.is_some());
        Ok(found)
    }

    fn next_text(&mut self) -> io::Result<Option<(usize, Vec<u8>)>> {
        let mut text = Vec::new();
        let mut begun = self.line;
        let mut scan = Scan::default();
        if std::mem::take(&mut self.rest) {
            scan = Scan::of_rest();
        }
        while let Some(byte) = self.byte()? {
            if scan.depth == 0 && matches!(byte, b'[' | b']' | b',' | b' ' | b'\t' | b'\r' | b'\n') {
                match byte {
                    b'[' => self.arrays.push(false),
                    // What else a group says is of no record.
                    b']' if self.arrays.pop() == Some(true) => {
                        scan = Scan::of_rest();
                    }
                    _ => {}
                }
                continue;
            }
            if scan.depth == 0 && byte != b'{' {
                return self.stray(byte).map(Some);
            }
            if scan.depth == 0 {
                begun = self.line;
            }
            let is_bounded = text.len() <= LARGEST && scan.objects <= MOST;
            if !scan.is_rest && (is_bounded || self.whole) {
                text.push(byte);
            }
            if scan.take(byte) {
                self.arrays.push(true);
                text.clear();
                scan = Scan::default();
            } else if scan.depth == 0 && !std::mem::take(&mut scan.is_rest) {
                self.too_many = scan.objects > MOST;
                return Ok(Some((begun, text)));
            }
        }
        // A file that ends within an array or a group was cut off there.
        let is_cut = !text.is_empty() || scan.is_rest || !self.arrays.is_empty();
        self.arrays.clear();
        if text.is_empty() {
            begun = self.line;
        }
        Ok(is_cut.then_some((begun, text)))
    }

    /// Reads past what is no object: a record that somebody meant, and that is told as a bad one.
    fn stray(&mut self, first: u8) -> io::Result<(usize, Vec<u8>)> {
        let (line, mut text, mut escaped) = (self.line, vec![first], false);
        while let Some(byte) = self.byte()? {
            let ends =
                if first == b'"' { byte == b'"' && !escaped } else { matches!(byte, b',' | b']' | b'\n') };
            escaped = byte == b'\\' && !escaped;
            if ends {
                // What is no object is shown whole where it is to be corrected.
                text.extend((first == b'"').then_some(byte));
                self.rest = byte == b']' && first != b'"' && self.arrays.pop() == Some(true);
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
        if std::mem::take(&mut self.too_many) {
            return Some(Err(BadRecord::new(line, "", Reason::TooMany)));
        }
        if text.len() > LARGEST {
            return Some(Err(BadRecord::new(line, "", Reason::TooLarge)));
        }
        match serde_json::from_str(&decode(text, None)) {
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
        if self.done { None } else { self.next_object() }
    }
}

/// Where in an object a reader is.
#[derive(Default)]
struct Scan {
    depth: usize,
    objects: usize,
    quoted: bool,
    escaped: bool,
    /// The text that was read last outside of other objects: the name of a member.
    name: Vec<u8>,
    /// Whether this is what is left of a group.
    is_rest: bool,
}

impl Scan {
    /// Behind the records of a group.
    fn of_rest() -> Self {
        Scan { depth: 1, is_rest: true, ..Scan::default() }
    }

    /// Takes a byte of a text in, as far as that may be the name of a member.
    fn name_with(&mut self, byte: u8) {
        if self.depth == 1 && self.name.len() <= ENTRIES.len() {
            self.name.push(byte);
        }
    }

    /// Takes a byte in; tells whether the records of a group begin behind it.
    fn take(&mut self, byte: u8) -> bool {
        let at_name = self.depth == 1;
        match byte {
            _ if self.escaped => self.escaped = false,
            b'\\' if self.quoted => self.escaped = true,
            b'"' => {
                self.quoted = !self.quoted;
                if self.quoted && at_name {
                    self.name.clear();
                }
            }
            _ if self.quoted => self.name_with(byte),
            b'[' if at_name && self.name == ENTRIES && !self.is_rest => return true,
            b'{' | b'[' => {
                self.depth += 1;
                self.objects += usize::from(byte == b'{');
            }
            b'}' | b']' => self.depth -= 1,
            b',' if at_name => self.name.clear(),
            _ => {}
        }
        false
    }
}

/// Says which object of its file a record is, or a bad one.
pub(crate) fn placed<R>(nth: usize, found: Result<Imported<R>, BadRecord>) -> Result<Imported<R>, BadRecord> {
    match found {
        Ok(found) => Ok(Imported { nth, ..found }),
        Err(bad) => Err(BadRecord { nth, ..bad }),
    }
}

/// Writes objects of a file by which they are, as an array.
pub(crate) fn pick(reader: impl Read, wanted: &BTreeSet<u64>, out: &mut impl Write) -> io::Result<()> {
    let mut objects = Objects { whole: true, ..Objects::new(reader) };
    out.write_all(b"[")?;
    let mut count = 0;
    while let Some((_, text)) = objects.object()? {
        if u64::try_from(objects.place()).is_ok_and(|nth| wanted.contains(&nth)) {
            out.write_all(if count == 0 { b"\n" } else { b",\n" })?;
            out.write_all(&text)?;
            count += 1;
        }
    }
    out.write_all(b"\n]\n")
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
    fn a_group_tells_where_each_record_begins_and_where_it_was_cut_off() {
        let group = "{\"@type\":\"Group\",\"title\":\"entries\",\"entries\":[\n{\"a\":1},\n{\"b\":2}\n],\"c\":[3]}\n{\"d\":4}";
        let records = [(2, "{\"a\":1}"), (3, "{\"b\":2}"), (5, "{\"d\":4}")];
        let records = records.map(|(line, text)| Ok((line, text.to_owned())));
        assert_eq!(read(group), records);
        let cut = group.find("],").unwrap();
        assert_eq!(read(&group[..cut])[2], Err((4, Reason::Unterminated)));
        assert_eq!(read("[{\"a\":1},\n")[1], Err((2, Reason::Unterminated)));
    }

    #[test]
    fn an_object_is_read_in_windows_1252_and_with_a_bad_byte() {
        for (bytes, text) in
            [(&b"[{\"a\":\"\xe9t\xe9\"}]"[..], "été"), ("[{\"a\":\"été".as_bytes(), "été\u{fffd}")]
        {
            let bytes = if text.len() > 5 { [bytes, b"\xff\"}]"].concat() } else { bytes.to_vec() };
            let found: Vec<_> = Objects::new(bytes.as_slice()).map(|found| found.unwrap().1).collect();
            assert_eq!(found[0]["a"], text);
        }
    }

    #[test]
    fn an_object_of_endless_objects_is_set_aside_alone() {
        let text = format!("[{{\"a\":[{}{{}}]}},\n{{\"b\":1}}]", "{},".repeat(MOST));
        assert_eq!(read(&text), [Err((1, Reason::TooMany)), Ok((2, "{\"b\":1}".into()))]);
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
