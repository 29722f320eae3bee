//! Bytes as text: byte order marks, UTF-16, and files that are not UTF-8.

use std::io::{self, BufRead, BufReader, Read};

use encoding_rs::{Decoder, Encoding, UTF_8, WINDOWS_1252};

/// A reader that takes a byte order mark away and turns UTF-16 into UTF-8. Other bytes pass.
pub(crate) struct Unmarked<R> {
    inner: R,
    state: State,
    ready: Vec<u8>,
    given: usize,
}

enum State {
    Start,
    Plain,
    Utf16(Box<Decoder>),
    End,
}

impl<R: Read> Unmarked<R> {
    pub(crate) fn new(inner: R) -> Self {
        Unmarked { inner, state: State::Start, ready: Vec::new(), given: 0 }
    }

    /// Looks for a mark in the first three bytes.
    fn start(&mut self) -> io::Result<()> {
        let mut head = Vec::new();
        (&mut self.inner).take(3).read_to_end(&mut head)?;
        self.state = State::Plain;
        match Encoding::for_bom(&head) {
            Some((encoding, length)) if encoding != UTF_8 => {
                self.state = State::Utf16(Box::new(encoding.new_decoder_without_bom_handling()));
                self.decode(head.get(length..).unwrap_or_default(), false);
            }
            Some((_, length)) => self.ready = head.split_off(length),
            None => self.ready = head,
        }
        Ok(())
    }

    fn decode(&mut self, bytes: &[u8], last: bool) {
        let State::Utf16(decoder) = &mut self.state else { return };
        let room = decoder.max_utf8_buffer_length(bytes.len()).unwrap_or(bytes.len() * 3 + 16);
        let mut text = String::with_capacity(room);
        let _ = decoder.decode_to_string(bytes, &mut text, last);
        self.ready.extend_from_slice(text.as_bytes());
    }

    /// Fetches more of a UTF-16 file.
    fn fill(&mut self) -> io::Result<()> {
        let mut bytes = [0; 8192];
        let count = self.inner.read(&mut bytes)?;
        self.decode(bytes.get(..count).unwrap_or_default(), count == 0);
        if count == 0 {
            self.state = State::End;
        }
        Ok(())
    }
}

impl<R: Read> Read for Unmarked<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        loop {
            if let Some(rest) = self.ready.get(self.given..).filter(|rest| !rest.is_empty()) {
                let count = rest.len().min(out.len());
                if let (Some(from), Some(to)) = (rest.get(..count), out.get_mut(..count)) {
                    to.copy_from_slice(from);
                }
                self.given += count;
                return Ok(count);
            }
            self.ready.clear();
            self.given = 0;
            match self.state {
                State::Start => self.start()?,
                State::Plain => return self.inner.read(out),
                State::Utf16(_) => self.fill()?,
                State::End => return Ok(0),
            }
        }
    }
}

/// Decodes bytes: as UTF-8 if they are, else as the character set they claim, else Windows-1252.
pub(crate) fn decode(bytes: Vec<u8>, charset: Option<&str>) -> String {
    String::from_utf8(bytes).unwrap_or_else(|error| {
        let encoding = charset
            .and_then(|label| Encoding::for_label(label.as_bytes()))
            .filter(|encoding| *encoding != UTF_8)
            .unwrap_or(WINDOWS_1252);
        encoding.decode_without_bom_handling(error.as_bytes()).0.into_owned()
    })
}

/// The lines of a file, with their numbers, as bytes without their ends.
pub(crate) struct Lines<R> {
    reader: BufReader<Unmarked<R>>,
    number: usize,
    pushed: Vec<(usize, Vec<u8>)>,
}

/// The longest line taken in one piece; what follows is another line.
const LONGEST: u64 = 16 << 20;

impl<R: Read> Lines<R> {
    pub(crate) fn new(reader: R) -> Self {
        Lines {
            reader: BufReader::with_capacity(1 << 16, Unmarked::new(reader)),
            number: 0,
            pushed: Vec::new(),
        }
    }

    /// Puts a line back, to be read again.
    pub(crate) fn push(&mut self, number: usize, line: Vec<u8>) {
        self.pushed.push((number, line));
    }

    /// Returns the number of the line read last.
    pub(crate) fn number(&self) -> usize {
        self.number
    }

    pub(crate) fn next(&mut self) -> io::Result<Option<(usize, Vec<u8>)>> {
        if let Some(line) = self.pushed.pop() {
            return Ok(Some(line));
        }
        let mut line = Vec::new();
        if (&mut self.reader).take(LONGEST).read_until(b'\n', &mut line)? == 0 {
            return Ok(None);
        }
        while line.last().is_some_and(|byte| matches!(byte, b'\n' | b'\r')) {
            line.pop();
        }
        self.number += 1;
        Ok(Some((self.number, line)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Vec<String> {
        let mut lines = Lines::new(bytes);
        let mut found = Vec::new();
        while let Some((_, line)) = lines.next().unwrap() {
            found.push(decode(line, None));
        }
        found
    }

    #[test]
    fn a_file_is_read_in_each_of_its_encodings() {
        let text = "été\r\nhiver 🎿\n";
        let utf16 = |big: bool| -> Vec<u8> {
            let units = std::iter::once(0xfeff).chain(text.encode_utf16());
            units.flat_map(|unit: u16| if big { unit.to_be_bytes() } else { unit.to_le_bytes() }).collect()
        };
        let marked = [b"\xef\xbb\xbf", text.as_bytes()].concat();
        for bytes in [text.as_bytes().to_vec(), marked, utf16(true), utf16(false)] {
            assert_eq!(read(&bytes), ["été", "hiver 🎿"]);
        }
        assert_eq!(read(b"\xe9t\xe9 \x80\n"), ["été €"]);
    }

    #[test]
    fn bytes_that_are_not_utf_8_are_what_they_claim_to_be() {
        assert_eq!(decode(b"\xe9\xa4".to_vec(), Some("ISO-8859-15")), "é€");
        assert_eq!(decode(b"\xc3\xa9".to_vec(), Some("ISO-8859-15")), "é");
        assert_eq!(decode(b"\xe9".to_vec(), Some("nonsense")), "é");
    }
}
