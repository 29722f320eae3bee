//! Bytes as text: byte order marks, UTF-16, UTF-32, and files that are not UTF-8.

use std::io::{self, BufRead, BufReader, Read};

use encoding_rs::{Decoder, Encoding, MACINTOSH, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

use crate::{Source, source::head_of};

/// How much of a file is looked at, from its first bytes that are no ASCII on, to tell Mac OS Roman.
const WINDOW: u64 = 1 << 18;

/// A reader that takes a byte order mark away and turns UTF-16, UTF-32 and Mac OS Roman into UTF-8. Other bytes pass.
pub(crate) struct Unmarked<R> {
    inner: R,
    state: State,
    ready: Vec<u8>,
    given: usize,
}

enum State {
    Start,
    /// Nothing but ASCII yet: the first window with more tells what the file is written in.
    Ascii {
        /// Whether a value says its own character set.
        claimed: bool,
    },
    Plain,
    Mac,
    Utf16(Box<Decoder>),
    Utf32(Utf32),
    End,
}

impl<R: Read> Unmarked<R> {
    pub(crate) fn new(inner: R) -> Self {
        Unmarked { inner, state: State::Start, ready: Vec::new(), given: 0 }
    }

    /// Looks for a mark in the first bytes, or for the zeros that UTF-16 and UTF-32 have where they have none.
    fn start(&mut self) -> io::Result<()> {
        let mut head = Vec::new();
        (&mut self.inner).take(4).read_to_end(&mut head)?;
        let Some((written, length)) = written_in(&head) else {
            self.state = State::Ascii { claimed: false };
            return self.look(head, false);
        };
        let rest = head.split_off(length);
        match written {
            Written::Utf8 => {
                self.state = State::Plain;
                self.ready = rest;
            }
            Written::Utf16(encoding) => {
                self.state = State::Utf16(Box::new(encoding.new_decoder_without_bom_handling()));
                self.decode(&rest, false);
            }
            Written::Utf32 { big } => {
                self.state = State::Utf32(Utf32 { big, begun: Vec::new() });
                self.decode(&rest, false);
            }
        }
        Ok(())
    }

    /// Fetches a window behind bytes that were read, and decides by it.
    fn look(&mut self, mut window: Vec<u8>, claimed: bool) -> io::Result<()> {
        let read = (&mut self.inner).take(WINDOW).read_to_end(&mut window);
        // What was read before an error comes first.
        if window.is_empty() {
            read?;
        }
        let claimed = claimed || holds(&window, b"CHARSET=");
        self.state = match window.is_ascii() {
            true if window.is_empty() => State::End,
            true => State::Ascii { claimed },
            false if !claimed && is_of_mac(&window) => State::Mac,
            false => State::Plain,
        };
        match self.state {
            State::Mac => self.decode(&window, false),
            _ => self.ready = window,
        }
        Ok(())
    }

    fn decode(&mut self, bytes: &[u8], last: bool) {
        match &mut self.state {
            State::Utf16(decoder) => {
                let room = decoder.max_utf8_buffer_length(bytes.len()).unwrap_or(bytes.len() * 3 + 16);
                let mut text = String::with_capacity(room);
                let _ = decoder.decode_to_string(bytes, &mut text, last);
                self.ready.extend_from_slice(text.as_bytes());
            }
            State::Utf32(decoder) => self.ready.extend_from_slice(decoder.decode(bytes, last).as_bytes()),
            State::Mac => {
                let text = MACINTOSH.decode_without_bom_handling(bytes).0;
                self.ready.extend_from_slice(text.as_bytes());
            }
            State::Start | State::Ascii { .. } | State::Plain | State::End => {}
        }
    }

    /// Fetches more of a file in UTF-16, UTF-32, or Mac OS Roman.
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

/// A decoder of UTF-32.
struct Utf32 {
    big: bool,
    /// The first bytes of a character of which the others are still to come.
    begun: Vec<u8>,
}

impl Utf32 {
    fn decode(&mut self, bytes: &[u8], last: bool) -> String {
        self.begun.extend_from_slice(bytes);
        let (whole, rest) = self.begun.as_chunks::<4>();
        let number =
            |four: &[u8; 4]| if self.big { u32::from_be_bytes(*four) } else { u32::from_le_bytes(*four) };
        let bad = char::REPLACEMENT_CHARACTER;
        let mut text: String = whole.iter().map(|four| char::from_u32(number(four)).unwrap_or(bad)).collect();
        text.extend((last && !rest.is_empty()).then_some(bad));
        self.begun = rest.to_vec();
        text
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
                State::Ascii { claimed } => self.look(Vec::new(), claimed)?,
                State::Mac | State::Utf16(_) | State::Utf32(_) => self.fill()?,
                State::End => return Ok(0),
            }
        }
    }
}

/// How the characters of a file are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Written {
    Utf8,
    Utf16(&'static Encoding),
    Utf32 {
        /// Whether the highest byte comes first.
        big: bool,
    },
}

/// Tells what a file is written in by its first bytes, and how many of them only say so.
pub(crate) fn written_in(head: &[u8]) -> Option<(Written, usize)> {
    match head {
        // Before the mark of UTF-16, which the first one begins with.
        [0xff, 0xfe, 0, 0, ..] => return Some((Written::Utf32 { big: false }, 4)),
        [0, 0, 0xfe, 0xff, ..] => return Some((Written::Utf32 { big: true }, 4)),
        _ => {}
    }
    if let Some((encoding, length)) = Encoding::for_bom(head) {
        return Some((if encoding == UTF_8 { Written::Utf8 } else { Written::Utf16(encoding) }, length));
    }
    let written = match head {
        [a, 0, 0, 0, ..] if *a != 0 => Written::Utf32 { big: false },
        [0, 0, 0, a, ..] if *a != 0 => Written::Utf32 { big: true },
        [a, 0, b, 0, ..] if *a != 0 && *b != 0 => Written::Utf16(UTF_16LE),
        [0, a, 0, b, ..] if *a != 0 && *b != 0 => Written::Utf16(UTF_16BE),
        _ => return None,
    };
    Some((written, 0))
}

/// Tells whether a file is written in a byte a letter, so that words can be searched in it.
pub(crate) fn is_plain(source: impl Source) -> bool {
    written_in(&head_of(source, 4)).is_none_or(|(written, _)| written == Written::Utf8)
}

/// Tells whether a file holds a word, in letters of either case. Of one that cannot be read it is not known.
pub(crate) fn mentions(mut reader: impl Read, word: &[u8]) -> bool {
    let mut held = Vec::new();
    let has_more = |held: &mut Vec<u8>, reader: &mut dyn Read| {
        // A word may stand across two pieces.
        held.drain(..held.len().saturating_sub(word.len() - 1));
        reader.take(1 << 16).read_to_end(held).is_ok_and(|count| count > 0)
    };
    while has_more(&mut held, &mut reader) {
        if holds(&held, word) {
            return true;
        }
    }
    false
}

/// Decodes bytes: as UTF-8 if they are, else as the character set they claim. Where most of what is
/// not ASCII is UTF-8 all the same, the few bad bytes are replaced; other bytes are Windows-1252.
pub(crate) fn decode(bytes: Vec<u8>, charset: Option<&str>) -> String {
    String::from_utf8(bytes).unwrap_or_else(|error| {
        let bytes = error.as_bytes();
        let claimed = charset
            .and_then(|label| Encoding::for_label(label.as_bytes()))
            .filter(|encoding| *encoding != UTF_8);
        match claimed {
            None if is_mostly_utf8(bytes) => String::from_utf8_lossy(bytes).into_owned(),
            claimed => claimed.unwrap_or(WINDOWS_1252).decode_without_bom_handling(bytes).0.into_owned(),
        }
    })
}

/// Tells whether a file is written in Mac OS Roman, as an old Excel for the Mac writes tables: it is likelier words in that than
/// in Windows-1252. One word may be both, so all of them count; in doubt it is not.
fn is_of_mac(bytes: &[u8]) -> bool {
    let likely = |encoding: &'static Encoding| {
        let text: Vec<char> = encoding.decode_without_bom_handling(bytes).0.chars().collect();
        let at = |place: Option<usize>| place.and_then(|place| text.get(place)).copied().unwrap_or(' ');
        let foreign = text.iter().enumerate().filter(|(_, c)| !c.is_ascii());
        foreign.map(|(n, c)| likelihood(at(n.checked_sub(1)), *c, at(n.checked_add(1)))).sum::<i64>()
    };
    !is_mostly_utf8(bytes) && likely(MACINTOSH) > likely(WINDOWS_1252)
}

/// The letters that the languages of Western Europe have beyond ASCII, and those of names from their neighbours.
const LETTERS: &str = "àáâãäåæçèéêëìíîïñòóôõöøùúûüÿßœšžÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÑÒÓÔÕÖØÙÚÛÜŒŠŽ";
/// Signs that stand beside words.
const SIGNS: &str = "«»“”„‘’–—…€°§•™®©\u{a0}";
/// Signs that stand within words as well.
const WITHIN: &str = "’–";

/// Tells how well a character stands between two others in words of Western Europe.
fn likelihood(before: char, c: char, after: char) -> i64 {
    let is_within = before.is_alphabetic() && after.is_alphabetic();
    let is_alone = !before.is_alphabetic() && !after.is_alphabetic();
    match c {
        _ if c.is_control() => -3,
        _ if c.is_uppercase() && before.is_lowercase() => -2,
        // A capital within a word of small letters, or the reverse.
        _ if c.is_uppercase() && before.is_uppercase() && after.is_lowercase() => -1,
        _ if c.is_lowercase() && after.is_uppercase() => -1,
        'à' => 1,
        _ if LETTERS.contains(c) => i64::from(!is_alone),
        _ if SIGNS.contains(c) => {
            if is_within && !WITHIN.contains(c) {
                -1
            } else {
                1
            }
        }
        _ if c.is_alphabetic() || is_alone => 0,
        _ => -1,
    }
}

/// Tells whether bytes hold a word, in letters of either case.
fn holds(bytes: &[u8], word: &[u8]) -> bool {
    bytes.windows(word.len()).any(|part| part.eq_ignore_ascii_case(word))
}

/// Tells whether bytes hold more characters of UTF-8 than bytes that are none.
fn is_mostly_utf8(bytes: &[u8]) -> bool {
    let (mut good, mut bad) = (0, 0);
    for chunk in bytes.utf8_chunks() {
        good += chunk.valid().chars().filter(|c| !c.is_ascii()).count();
        bad += usize::from(!chunk.invalid().is_empty());
    }
    good > 0 && good >= bad
}

/// The lines of a file, with their numbers, as bytes without their ends. A line ends with a line
/// feed, a carriage return, or any number of these before a line feed.
pub(crate) struct Lines<R> {
    reader: BufReader<Unmarked<R>>,
    number: usize,
    /// How many empty lines come before the next that is read.
    empty: usize,
}

/// The longest line taken in one piece; what follows is another line.
const LONGEST: usize = 16 << 20;

impl<R: Read> Lines<R> {
    pub(crate) fn new(reader: R) -> Self {
        Lines { reader: BufReader::with_capacity(1 << 16, Unmarked::new(reader)), number: 0, empty: 0 }
    }

    /// Returns the number of the line read last.
    pub(crate) fn number(&self) -> usize {
        self.number
    }

    pub(crate) fn next(&mut self) -> io::Result<Option<(usize, Vec<u8>)>> {
        let mut line = Vec::new();
        if self.empty > 0 {
            self.empty -= 1;
        } else if !self.read(&mut line)? {
            return Ok(None);
        }
        self.number += 1;
        Ok(Some((self.number, line)))
    }

    /// Reads to the end of a line; tells whether there was anything.
    fn read(&mut self, line: &mut Vec<u8>) -> io::Result<bool> {
        let mut any = false;
        loop {
            let ready = fill(&mut self.reader)?;
            if ready.is_empty() {
                return Ok(any);
            }
            any = true;
            let room = ready.get(..LONGEST - line.len()).unwrap_or(ready);
            let end = room.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
            let taken = end.unwrap_or(room.len());
            line.extend_from_slice(room.get(..taken).unwrap_or_default());
            self.reader.consume(taken);
            if end.is_some() {
                self.end()?;
                return Ok(true);
            }
            if line.len() >= LONGEST {
                return Ok(true);
            }
        }
    }

    /// Passes the end of a line, and counts the empty lines that carriage returns alone make.
    fn end(&mut self) -> io::Result<()> {
        let mut returns = 0_usize;
        loop {
            let next = fill(&mut self.reader)?.first().copied();
            match next {
                Some(b'\r') => returns += 1,
                Some(b'\n') => {
                    self.reader.consume(1);
                    return Ok(());
                }
                _ => break,
            }
            self.reader.consume(1);
        }
        self.empty = returns.saturating_sub(1);
        Ok(())
    }
}

/// Returns what is ready to be read, however often the reader is interrupted.
fn fill<R: Read>(reader: &mut BufReader<R>) -> io::Result<&[u8]> {
    while let Err(error) = reader.fill_buf() {
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(error);
        }
    }
    reader.fill_buf()
}

/// Takes `Jean Dupont <jean@a.example>` apart.
pub(crate) fn named_address(value: &str) -> Option<(&str, &str)> {
    let (name, rest) = value.split_once('<')?;
    let address = rest.strip_suffix('>').filter(|address| address.matches('@').count() == 1)?;
    let name = name.trim().trim_matches(['"', '\'']).trim();
    let sound = !name.is_empty() && !name.contains('@') && !address.contains(['<', ' ']);
    sound.then_some((name, address.trim()))
}

/// Returns an address without what stands around it: `mailto:`, angle brackets.
pub(crate) fn without_mailto(address: &str) -> &str {
    let plain = address.trim();
    let plain = plain.strip_prefix('<').and_then(|plain| plain.strip_suffix('>')).unwrap_or(plain);
    let scheme = plain.get(..7).is_some_and(|scheme| scheme.eq_ignore_ascii_case("mailto:"));
    if scheme { plain.get(7..).unwrap_or_default().trim() } else { plain }
}

/// Takes a list of addresses apart: `a@x.example, b@x.example`. Nothing where a part is none.
pub(crate) fn several_addresses(text: &str) -> Option<Vec<&str>> {
    let parts = text.split([',', ';']).map(without_mailto).filter(|part| !part.is_empty());
    let parts: Vec<&str> = parts.collect();
    let is_address = |part: &&str| {
        let sound = !part.contains(|c: char| c.is_whitespace() || matches!(c, '<' | '>' | '"'));
        sound && part.split_once('@').is_some_and(|(name, host)| !name.is_empty() && host.len() > 1)
    };
    (parts.len() > 1 && parts.iter().all(is_address)).then_some(parts)
}

/// Returns an address as it stands by itself, and the name before it: of `Jean Dupont <jean@a.example>`.
pub(crate) fn plain_address(text: &str) -> (Option<&str>, &str) {
    match named_address(text.trim()) {
        Some((name, address)) => (Some(name), without_mailto(address)),
        None => (None, without_mailto(text)),
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
        let unmarked: Vec<u8> = "BEGIN:x\r\né".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(read(&unmarked), ["BEGIN:x", "é"]);
        let unmarked: Vec<u8> = "BEGIN:x\r\né".encode_utf16().flat_map(u16::to_be_bytes).collect();
        assert_eq!(read(&unmarked), ["BEGIN:x", "é"]);
        assert_eq!(read(b"\xe9t\xe9 \x80\n"), ["été €"]);
        let utf32 = |text: &str, big: bool| -> Vec<u8> {
            let units = text.chars().map(u32::from);
            units.flat_map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() }).collect()
        };
        for big in [true, false] {
            assert_eq!(read(&utf32(&format!("\u{feff}{text}"), big)), ["été", "hiver 🎿"]);
            assert_eq!(read(&utf32(text, big)), ["été", "hiver 🎿"]);
        }
        assert_eq!(read(&[utf32("ab", true), vec![0, 0]].concat()), ["ab\u{fffd}"]);
    }

    #[test]
    fn the_words_of_a_whole_file_tell_mac_os_roman() {
        let decoded = |bytes: &[u8]| {
            let mut text = Vec::new();
            Unmarked::new(bytes).read_to_end(&mut text).unwrap();
            decode(text, None)
        };
        // Each is a file. Letters that are good ones in both, as the "ö" of "Köln" is an "š", do not hide the others.
        for text in [
            "Jürgen;Müller;Köln;Weiß",
            "Prénom;Nom;Ville\nRené;Béziers;Nîmes\nNoël;Éric;Gonçalves\nAlès;«\u{a0}été\u{a0}»",
            "Nom,Prénom,Société\nLefèvre,Zoé,Hôtel de la Place à Sète, l’œuvre",
            "José;Muñoz;España",
            "ÉLODIE;DUPRÉ;CAFÉ DE L’ÉTÉ",
        ] {
            // encoding_rs writes no Mac OS Roman: each byte is searched for.
            let byte = |c: char| {
                let mut all = 0..=255_u8;
                all.find(|byte| MACINTOSH.decode_without_bom_handling(&[*byte]).0.starts_with(c)).unwrap()
            };
            let mac: Vec<u8> = text.chars().map(byte).collect();
            assert_eq!(decoded(&mac), text);
            // Behind what says nothing, and with the letters far from each other.
            let far = [vec![b'-'; 3 << 18].as_slice(), &mac].concat();
            assert!(decoded(&far).ends_with(text), "{text}");
            let claimed = [b"CHARSET=ISO-8859-15:".as_slice(), &mac].concat();
            assert!(!decoded(&claimed).ends_with(text), "{text}");
        }
        for text in [
            "été;L’Haÿ;cœur;Œuvre;“mot”;Citroën;10\u{a0}€;Élodie;DUPRÉ;Île;straße;Müller",
            "Škoda",
            "Košice",
            "jusqu’ici",
            "l’école",
            "Acme™",
            "James’ bar",
            "• point",
            "2010–2020",
            "10 €",
            "N° 5",
            "à",
            "SŒUR",
            "D’Angelo",
            "Çelik;Ömer;Über",
            "Paris–Lyon",
            "Mot…",
            "Ålesund",
        ] {
            let windows = WINDOWS_1252.encode(text).0;
            assert_eq!(decoded(&windows), text);
        }
    }

    #[test]
    fn a_line_ends_in_every_way_that_programs_end_one() {
        for text in ["a\nb\n\nc", "a\r\nb\r\n\r\nc\r\n", "a\rb\r\rc\r", "a\r\r\nb\r\r\n\r\r\nc"] {
            assert_eq!(read(text.as_bytes()), ["a", "b", "", "c"], "{text:?}");
        }
    }

    #[test]
    fn one_bad_byte_spoils_one_character() {
        let bad = "Réunion à l’école 日本 x".replace('x', "\u{fffd} fin");
        let mut bytes = "Réunion à l’école 日本 ".as_bytes().to_vec();
        bytes.extend(b"\xe3\x81 fin");
        assert_eq!(decode(bytes, None), bad);
        assert_eq!(decode(b"R\xe9union \xe0 l\x92\xe9cole".to_vec(), None), "Réunion à l’école");
    }

    #[test]
    fn bytes_that_are_not_utf_8_are_what_they_claim_to_be() {
        assert_eq!(decode(b"\xe9\xa4".to_vec(), Some("ISO-8859-15")), "é€");
        assert_eq!(decode(b"\xc3\xa9".to_vec(), Some("ISO-8859-15")), "é");
        assert_eq!(decode(b"\xe9".to_vec(), Some("nonsense")), "é");
    }
}
