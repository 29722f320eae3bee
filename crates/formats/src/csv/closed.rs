//! A quote of a table that never closes: the row that opens it is set aside, and the rows behind it are rows again.
//!
//! What must stay true: every byte keeps its place, so that lines and positions of the table are those of the file; a
//! text of several lines whose quotes are sound passes as it is.

use std::{
    cell::RefCell,
    collections::VecDeque,
    io::{self, BufRead, Read},
    rc::Rc,
};

use passerelle_ports::mutants::{Mutant, on};

/// How many bytes behind its first line a quote is looked for that closes a text.
const MOST: usize = 4 << 20;

/// A row with a quote that never closes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Unclosed {
    /// The line at which it begins.
    pub(super) line: u64,
    /// How many lines belong to it.
    pub(super) lines: u64,
    /// The text of its first line.
    pub(super) text: Vec<u8>,
}

/// The rows that were found, for whoever reads the table.
pub(super) type Found = Rc<RefCell<VecDeque<Unclosed>>>;

/// How a table is written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Form {
    pub(super) delimiter: u8,
    /// The byte that ends a line.
    pub(super) end: u8,
    /// How many columns the header has.
    pub(super) width: usize,
    /// How many rows stand above the first record.
    pub(super) above: usize,
}

/// A table in which rows with a quote that never closes are blank.
pub(super) struct Closed<R> {
    inner: R,
    form: Form,
    /// Lines that were read ahead.
    ahead: VecDeque<Vec<u8>>,
    number: u64,
    above: usize,
    ready: Vec<u8>,
    given: usize,
    found: Found,
}

/// Where a reader is at the end of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    /// Between rows.
    Row,
    /// In a text whose quote is open.
    Quote,
}

/// What a line does to the quotes of a table.
#[derive(Clone, Copy, Debug)]
struct Scan {
    at: At,
    cells: usize,
    /// Whether the quote that was open before it closes within a cell, as none does that is meant to close.
    amiss: bool,
}

impl<R: BufRead> Closed<R> {
    /// Reads a table whose first line has this number.
    pub(super) fn new(inner: R, form: Form, first: u64) -> (Self, Found) {
        let found = Found::default();
        let closed = Closed {
            inner,
            form,
            ahead: VecDeque::new(),
            number: first,
            above: form.above,
            ready: Vec::new(),
            given: 0,
            found: found.clone(),
        };
        (closed, found)
    }

    fn line(&mut self) -> io::Result<Option<Vec<u8>>> {
        if let Some(line) = self.ahead.pop_front() {
            return Ok(Some(line));
        }
        let mut line = Vec::new();
        self.inner.read_until(self.form.end, &mut line)?;
        Ok((!line.is_empty()).then_some(line))
    }

    /// Makes the next row ready.
    fn row(&mut self) -> io::Result<()> {
        let Some(first) = self.line()? else { return Ok(()) };
        let mut scan = self.form.scan(At::Row, &first);
        if scan.at == At::Row {
            self.above = self.above.saturating_sub(usize::from(!first.trim_ascii().is_empty()));
            self.number += 1;
            self.ready.extend_from_slice(&first);
            return Ok(());
        }
        let mut lines = vec![first];
        let mut amiss = false;
        let mut more = 0;
        while scan.at == At::Quote && !amiss && more < MOST {
            let Some(next) = self.line()? else { break };
            scan = self.form.scan(scan.at, &next);
            more += next.len();
            amiss = scan.amiss;
            lines.push(next);
        }
        let sound = scan.at == At::Row && !amiss && !self.form.swallows(&lines);
        if on(Mutant::FileQuoteSwallows)
            || self.above > 0
            || sound
            || (amiss && !lines.get(1).is_some_and(|next| self.form.is_row(next)))
        {
            self.above = self.above.saturating_sub(1);
            return self.whole(lines, scan.at);
        }
        self.set_aside(lines);
        Ok(())
    }

    /// Passes a row of several lines as it is, with what belongs to it still.
    fn whole(&mut self, lines: Vec<Vec<u8>>, mut at: At) -> io::Result<()> {
        for line in lines {
            self.number += 1;
            self.ready.extend_from_slice(&line);
        }
        while at == At::Quote {
            let Some(next) = self.line()? else { break };
            at = self.form.scan(at, &next).at;
            self.number += 1;
            self.ready.extend_from_slice(&next);
        }
        Ok(())
    }

    /// Blanks the first line with those behind it that are no rows; the others are read again.
    fn set_aside(&mut self, lines: Vec<Vec<u8>>) {
        let next = lines.iter().skip(1).position(|line| self.form.is_row(line));
        let bad = next.map_or(lines.len(), |at| at + 1);
        let mut text = Vec::new();
        let mut lines = lines;
        lines.drain(bad..).rev().for_each(|line| self.ahead.push_front(line));
        for (at, line) in lines.into_iter().enumerate() {
            self.ready
                .extend(line.iter().map(|byte| if matches!(byte, b'\n' | b'\r') { *byte } else { b' ' }));
            if at == 0 {
                text = line;
            }
        }
        let lines = bad as u64;
        self.found.borrow_mut().push_back(Unclosed { line: self.number, lines, text });
        self.number += lines;
    }
}

impl Form {
    /// Follows the quotes of a line.
    fn scan(&self, at: At, line: &[u8]) -> Scan {
        let text = line.strip_suffix(&[self.end]).unwrap_or(line);
        let text = text.strip_suffix(b"\r").unwrap_or(text);
        let mut scan = Scan { at, cells: 1, amiss: false };
        if at == At::Row && !text.contains(&b'"') {
            scan.cells = self.pieces(text);
            return scan;
        }
        let mut begins = at == At::Row;
        let mut carried = at == At::Quote;
        let mut place = 0;
        while let Some(byte) = text.get(place) {
            place += 1;
            match (scan.at, *byte) {
                (At::Quote, b'"') if text.get(place) == Some(&b'"') => place += 1,
                (At::Quote, b'"') => {
                    scan.at = At::Row;
                    let next = text.get(place);
                    scan.amiss |= carried && next.is_some_and(|next| *next != self.delimiter);
                    carried = false;
                }
                (At::Row, b'"') if begins => scan.at = At::Quote,
                (At::Row, byte) if byte == self.delimiter => {
                    scan.cells += 1;
                    begins = true;
                    continue;
                }
                _ => {}
            }
            begins = false;
        }
        scan
    }

    fn pieces(&self, line: &[u8]) -> usize {
        line.iter().filter(|byte| **byte == self.delimiter).count() + 1
    }

    /// Tells whether a line is a row by itself: it has as many cells as the header.
    fn is_row(&self, line: &[u8]) -> bool {
        !line.trim_ascii().is_empty()
            && (self.scan(At::Row, line).cells == self.width || self.pieces(line) == self.width)
    }

    /// Tells whether what a quote encloses is rows of the table, each of them whole: then it closes by chance.
    fn swallows(&self, lines: &[Vec<u8>]) -> bool {
        self.width > 3
            && lines.len() > 2
            && lines.iter().skip(1).all(|line| line.trim_ascii().is_empty() || self.is_row(line))
            && lines.iter().skip(1).filter(|line| self.is_row(line)).count() > 1
    }
}

impl<R: BufRead> Read for Closed<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.given == self.ready.len() {
            self.ready.clear();
            self.given = 0;
            while self.ready.len() < 1 << 13 {
                let before = self.ready.len();
                self.row()?;
                if self.ready.len() == before {
                    break;
                }
            }
        }
        let rest = self.ready.get(self.given..).unwrap_or_default();
        let count = rest.len().min(out.len());
        if let (Some(from), Some(to)) = (rest.get(..count), out.get_mut(..count)) {
            to.copy_from_slice(from);
        }
        self.given += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, width: usize) -> (String, Vec<(u64, u64)>) {
        let form = Form { delimiter: b',', end: b'\n', width, above: 1 };
        let (mut closed, found) = Closed::new(text.as_bytes(), form, 1);
        let mut out = String::new();
        closed.read_to_string(&mut out).unwrap();
        assert_eq!(out.len(), text.len());
        let found = found.borrow().iter().map(|one| (one.line, one.lines)).collect();
        (out, found)
    }

    #[test]
    fn sound_quotes_pass_as_they_are() {
        for text in [
            "a,b,c,d\n1,\"two\nlines, and more\",3,4\n\"x\"\"y\",2,3,4\n5,6,7,8\n",
            "a,b,c,d\n1,2,\"Dear \"\"Jo\"\",\n\nbye\n\",4\n",
            "a,b,c,d\n1,12\" tube,3,4\r\n5,\"\",\"\",8",
            "a,b,c,d\n1,\"he said\n\"so\" and left\",3,4\n5,6,7,8\n",
            "\"a\n(b)\",b,c,d\n1,2,3,4\n",
        ] {
            assert_eq!(read(text, 4), (text.to_owned(), vec![]), "{text}");
        }
    }

    #[test]
    fn the_rows_behind_a_quote_that_never_closes_are_rows() {
        for (text, bad) in [
            ("a,b,c,d\n1,2,\"x,4\n5,6,7,8\n9,0,1,2\n", vec![(2, 1)]),
            ("a,b,c,d\n1,2,\"x,4\n5,\"6\",7,8\n9,0,1,2\n", vec![(2, 1)]),
            ("a,b,c,d\n1,2,\"x,4\n5,6,12\",8\n9,0,1,2\n", vec![]),
            ("a,b,c,d\n1,2,\"x,4\n5,6,7,8\n9,0,12\",2\n", vec![(2, 1)]),
            ("a,b,c,d\n1,2,\"x,4\n5,6,\"7,8\n9,0,1,2\n", vec![(2, 1), (3, 1)]),
            ("a,b,c,d\n\"1\",\"2\",\"x,\n\"5\",\"6\",\"7\",\"8\"\n", vec![(2, 1)]),
            ("a,b,c,d\n1,2,3,\"cut\nin the\nmiddle", vec![(2, 3)]),
            ("a,b,c,d\n1,2,3,\"x\nmore\n5,6,7,8\n", vec![(2, 2)]),
        ] {
            let (out, found) = read(text, 4);
            assert_eq!(found, bad, "{text}");
            let blank = out.lines().filter(|line| line.trim().is_empty()).count() as u64;
            assert_eq!(blank, bad.iter().map(|(_, lines)| lines).sum::<u64>(), "{text}");
        }
    }

    #[test]
    fn a_quote_in_every_row_is_read_in_bounded_time() {
        let text = format!("a,b,c,d\n{}", "1,2,\"x,4\n".repeat(50_000));
        assert_eq!(read(&text, 4).1.len(), 50_000);
    }
}
