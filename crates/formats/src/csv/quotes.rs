//! Quotes that programs write otherwise than RFC 4180: with blanks before them, with a backslash within, or single ones.
//!
//! What must stay true: as many bytes come out as went in, so that lines and positions are those of the file; and a table
//! is read by the RFC unless it evidently is not written by it.

use std::io::{self, Read};

/// How the quotes of a table are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Quotes {
    pub(super) sign: u8,
    /// Whether blanks stand between a separator and a quote: `a, "b"`.
    spaced: bool,
    /// Whether a backslash stands before a quote that is text: `"a \"b\""`.
    escaped: bool,
}

/// As RFC 4180 says.
pub(super) const PLAIN: Quotes = Quotes { sign: b'"', spaced: false, escaped: false };

impl Quotes {
    /// Tells by its beginning how a table is written; `is_cut` tells whether more follows.
    pub(super) fn of(head: &[u8], delimiter: u8, is_cut: bool) -> Self {
        let ways = |sign| {
            [(true, false), (false, true), (true, true)].map(|(spaced, escaped)| Quotes {
                sign,
                spaced,
                escaped,
            })
        };
        let faults = |quotes: Quotes| {
            let mut scan = Scan::new(quotes, delimiter);
            scan.take(head, &mut Vec::new());
            scan.faults + usize::from(!is_cut && scan.at == At::Quoted)
        };
        let by_rule = if head.contains(&b'"') { faults(PLAIN) } else { 0 };
        if by_rule > 0 {
            let best = ways(b'"').map(|quotes| (faults(quotes), quotes)).into_iter().min_by_key(|(n, _)| *n);
            // A row that is broken in any case hides nothing.
            return best.filter(|(n, _)| n * 4 < by_rule).map_or(PLAIN, |(_, quotes)| quotes);
        }
        let single = Quotes { sign: b'\'', ..PLAIN };
        let has_rows = || head.contains(&b'\'') && Scan::counted(head, single, delimiter) > 0;
        let mut singles = [single].into_iter().chain(ways(b'\''));
        if has_rows() { singles.find(|quotes| faults(*quotes) == 0).unwrap_or(PLAIN) } else { PLAIN }
    }
}

/// Where a reader is in a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    /// At its beginning, or behind blanks there.
    Start,
    Bare,
    Quoted,
    /// Behind a backslash in quotes.
    Escape,
    /// Behind the quote that closes, or the first of two.
    Closed,
    /// Behind blanks after that.
    Behind,
}

/// Follows the quotes of a table, and puts them as RFC 4180 has them.
#[derive(Debug)]
struct Scan {
    quotes: Quotes,
    delimiter: u8,
    at: At,
    /// Blanks at the beginning of a cell.
    blanks: Vec<u8>,
    row: usize,
    /// How many cells below the first row are in quotes.
    quoted: usize,
    /// How often something else stands where these quotes do not allow it.
    faults: usize,
}

impl Scan {
    fn new(quotes: Quotes, delimiter: u8) -> Self {
        Scan { quotes, delimiter, at: At::Start, blanks: Vec::new(), row: 0, quoted: 0, faults: 0 }
    }

    /// Counts the cells below the first row that are in quotes.
    fn counted(head: &[u8], quotes: Quotes, delimiter: u8) -> usize {
        let mut scan = Scan::new(Quotes { spaced: true, ..quotes }, delimiter);
        scan.take(head, &mut Vec::new());
        scan.quoted
    }

    fn take(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        bytes.iter().for_each(|byte| self.byte(*byte, out));
    }

    fn byte(&mut self, byte: u8, out: &mut Vec<u8>) {
        let Quotes { sign, spaced, escaped } = self.quotes;
        let is_blank = byte != self.delimiter && matches!(byte, b' ' | b'\t');
        let is_end = byte == self.delimiter || matches!(byte, b'\r' | b'\n');
        let outside = if is_end { At::Start } else { At::Bare };
        if byte == b'\n' && self.at != At::Quoted {
            self.row += 1;
        }
        match self.at {
            At::Start if is_blank => return self.blanks.push(byte),
            At::Start if byte == sign && (spaced || self.blanks.is_empty()) => {
                self.quoted += usize::from(self.row > 0);
                out.push(byte);
                out.append(&mut self.blanks);
                self.at = At::Quoted;
                return;
            }
            At::Start => {
                out.append(&mut self.blanks);
                // Single quotes are quotes only where every cell has them.
                let is_missing = sign == b'\'' && self.row > 0 && !is_end;
                self.faults += usize::from(byte == sign || is_missing);
                self.at = outside;
            }
            At::Bare => self.at = outside,
            At::Quoted if byte == sign => self.at = At::Closed,
            At::Quoted if escaped && byte == b'\\' => {
                self.at = At::Escape;
                return;
            }
            At::Quoted => {}
            At::Escape => {
                out.push(if byte == sign { sign } else { b'\\' });
                self.at = At::Quoted;
            }
            At::Closed if byte == sign => self.at = At::Quoted,
            At::Closed | At::Behind if is_blank => self.at = At::Behind,
            At::Closed | At::Behind => {
                self.faults += usize::from(!is_end);
                self.at = outside;
            }
        }
        out.push(byte);
    }

    /// Gives what was held back at the end of the table.
    fn end(&mut self, out: &mut Vec<u8>) {
        out.append(&mut self.blanks);
        if self.at == At::Escape {
            out.push(b'\\');
            self.at = At::Quoted;
        }
    }
}

/// A table whose quotes are put as RFC 4180 has them; the sign stays.
pub(super) struct Requoted<R> {
    inner: R,
    scan: Scan,
    ready: Vec<u8>,
    given: usize,
}

impl<R: Read> Requoted<R> {
    pub(super) fn new(inner: R, quotes: Quotes, delimiter: u8) -> Self {
        Requoted { inner, scan: Scan::new(quotes, delimiter), ready: Vec::new(), given: 0 }
    }
}

impl<R: Read> Read for Requoted<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let Quotes { spaced, escaped, .. } = self.scan.quotes;
        if !spaced && !escaped {
            return self.inner.read(out);
        }
        while self.given == self.ready.len() {
            self.ready.clear();
            self.given = 0;
            let mut bytes = [0; 1 << 13];
            let count = self.inner.read(&mut bytes)?;
            self.scan.take(bytes.get(..count).unwrap_or_default(), &mut self.ready);
            if count == 0 {
                self.scan.end(&mut self.ready);
                if self.ready.is_empty() {
                    return Ok(0);
                }
            }
        }
        let count = self.ready.get(self.given..).unwrap_or_default().read(out)?;
        self.given += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn requoted(text: &str, delimiter: u8) -> (Quotes, String) {
        let quotes = Quotes::of(text.as_bytes(), delimiter, false);
        let mut out = String::new();
        Requoted::new(text.as_bytes(), quotes, delimiter).read_to_string(&mut out).unwrap();
        assert_eq!(out.len(), text.len());
        (quotes, out)
    }

    #[test]
    fn quotes_of_other_programs_are_put_as_the_rule_has_them() {
        for (text, put) in [
            ("\"a\", \"b\"\n\"1\",  \"2, 3\" \n", "\"a\",\" b\"\n\"1\",\"  2, 3\" \n"),
            ("a,b\nx,\"s \\\"h\\\", o\"\n", "a,b\nx,\"s \"\"h\"\", o\"\n"),
            ("a,b\n\"A \\\"B\\\"\",\"C, \\\\\"\n", "a,b\n\"A \"\"B\"\"\",\"C, \\\\\"\n"),
            ("a, b\n\"1\", \"s \\\"h\\\", o\"", "a, b\n\"1\",\" s \"\"h\"\", o\""),
            ("a,b\n'1','O\\'B, x'\n", "a,b\n'1','O''B, x'\n"),
        ] {
            assert_eq!(requoted(text, b',').1, put, "{text}");
        }
        let single = Quotes { sign: b'\'', ..PLAIN };
        assert_eq!(requoted("a,b\n'1','2, 3'\n'O''B',\n", b',').0, single);
        for text in [
            "a,b\n1,\"x\"\"y\"\n",
            "a, b\n1, \"so\" he said\n2, 12\" tube\n",
            "a,b\n\"C:\\dir\\\",\"x\"\n",
            "a,b\n1,\"he said\n\"so\" and left\"\n",
            "a,b\n1,\"x\n",
            "a,b\n'0612','x\n",
            "a,b\n'1',2\n",
            "'a','b'\n",
            "a,b\n1,2\n",
        ] {
            assert_eq!(requoted(text, b','), (PLAIN, text.to_owned()), "{text}");
        }
    }

    #[test]
    fn one_broken_row_does_not_hide_how_the_others_are_quoted() {
        let text = format!("\"a\", \"b\"\n{}\"1\", \"2\n", "\"1\", \"2, 3\"\n".repeat(20));
        assert!(requoted(&text, b',').0.spaced);
    }
}
