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

/// How many bytes behind its first line a quote is looked for that closes a text.
const MOST: u64 = 4 << 20;

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
    pub(super) quote: u8,
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
    ahead: Ahead,
    /// How many bytes were read.
    read: u64,
    number: u64,
    above: usize,
    ready: Vec<u8>,
    given: usize,
    found: Found,
}

/// Lines that were read in search of a quote that closes. Where it does is the same for each quote that is open before
/// them, so each line is looked at once: the last line alone may end the search.
#[derive(Default)]
struct Ahead {
    lines: VecDeque<Line>,
    /// How many of them are rows by themselves.
    rows: usize,
    /// How many of them are neither rows nor blank.
    others: usize,
}

/// A line of a table.
struct Line {
    text: Vec<u8>,
    /// How many bytes of the table end with it.
    end: u64,
    /// What it is where a quote is open before it, if that was asked.
    enclosed: Option<Enclosed>,
}

/// What a line is before which a quote is open.
#[derive(Clone, Copy)]
struct Enclosed {
    at: At,
    amiss: bool,
    is_row: bool,
    is_blank: bool,
}

impl Ahead {
    fn push(&mut self, mut line: Line, form: &Form) {
        let Scan { at, amiss, .. } = form.scan(At::Quote, &line.text);
        let is_blank = line.text.trim_ascii().is_empty();
        let is_row = form.is_row(&line.text);
        line.enclosed = Some(Enclosed { at, amiss, is_row, is_blank });
        self.rows += usize::from(is_row);
        self.others += usize::from(!is_row && !is_blank);
        self.lines.push_back(line);
    }

    fn pop(&mut self) -> Option<Line> {
        let line = self.lines.pop_front()?;
        let is_row = line.is_row();
        self.rows -= usize::from(is_row);
        self.others -= usize::from(line.enclosed.is_some_and(|line| !line.is_row && !line.is_blank));
        Some(line)
    }
}

impl Line {
    fn is_row(&self) -> bool {
        self.enclosed.is_some_and(|line| line.is_row)
    }
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
            ahead: Ahead::default(),
            read: 0,
            number: first,
            above: form.above,
            ready: Vec::new(),
            given: 0,
            found: found.clone(),
        };
        (closed, found)
    }

    fn line(&mut self) -> io::Result<Option<Line>> {
        match self.ahead.pop() {
            Some(line) => Ok(Some(line)),
            None => self.next_line(),
        }
    }

    fn next_line(&mut self) -> io::Result<Option<Line>> {
        let mut text = Vec::new();
        self.read += self.inner.read_until(self.form.end, &mut text)? as u64;
        Ok((!text.is_empty()).then_some(Line { text, end: self.read, enclosed: None }))
    }

    /// Reads ahead until a quote closes that is open behind a line, or until it is clear that none does; returns where
    /// the last line ends, and whether it is amiss.
    fn search(&mut self, from: u64) -> io::Result<(At, bool)> {
        loop {
            let last = self.ahead.lines.back();
            let state = last.and_then(|last| Some((last.end, last.enclosed?)));
            if let Some((end, last)) = state
                && (last.at == At::Row || last.amiss || end - from >= MOST)
            {
                return Ok((last.at, last.amiss));
            }
            let Some(next) = self.next_line()? else { return Ok((At::Quote, false)) };
            self.ahead.push(next, &self.form);
        }
    }

    /// Makes the next row ready.
    fn row(&mut self) -> io::Result<()> {
        let Some(first) = self.line()? else { return Ok(()) };
        if self.form.scan(At::Row, &first.text).at == At::Row {
            self.above = self.above.saturating_sub(usize::from(!first.text.trim_ascii().is_empty()));
            self.pass(&first);
            return Ok(());
        }
        let (at, amiss) = self.search(first.end)?;
        let sound = at == At::Row && !amiss && !self.swallows();
        if self.above > 0 || sound || (amiss && !self.ahead.lines.front().is_some_and(Line::is_row)) {
            self.above = self.above.saturating_sub(1);
            return self.whole(&first, at);
        }
        self.set_aside(first.text);
        Ok(())
    }

    fn pass(&mut self, line: &Line) {
        self.number += 1;
        self.ready.extend_from_slice(&line.text);
    }

    /// Passes a row of several lines as it is, with what belongs to it still.
    fn whole(&mut self, first: &Line, mut at: At) -> io::Result<()> {
        self.pass(first);
        while let Some(line) = self.ahead.pop() {
            self.pass(&line);
        }
        while at == At::Quote {
            let Some(next) = self.next_line()? else { break };
            at = self.form.scan(at, &next.text).at;
            self.pass(&next);
        }
        Ok(())
    }

    /// Blanks a line with those behind it that are no rows; the others are read again.
    fn set_aside(&mut self, text: Vec<u8>) {
        let line = self.number;
        self.blank(&text);
        while self.ahead.lines.front().is_some_and(|next| !next.is_row())
            && let Some(next) = self.ahead.pop()
        {
            self.blank(&next.text);
        }
        self.found.borrow_mut().push_back(Unclosed { line, lines: self.number - line, text });
    }

    fn blank(&mut self, line: &[u8]) {
        let blank = |byte: &u8| if matches!(byte, b'\n' | b'\r') { *byte } else { b' ' };
        self.ready.extend(line.iter().map(blank));
        self.number += 1;
    }

    /// Tells whether what a quote encloses is rows of the table, each of them whole: then it closes by chance.
    fn swallows(&self) -> bool {
        self.form.width > 3 && self.ahead.others == 0 && self.ahead.rows > 1
    }
}

impl Form {
    /// Follows the quotes of a line.
    fn scan(&self, at: At, line: &[u8]) -> Scan {
        #[cfg(test)]
        tests::SCANNED.with(|scanned| scanned.set(scanned.get() + 1));
        let text = line.strip_suffix(&[self.end]).unwrap_or(line);
        let text = text.strip_suffix(b"\r").unwrap_or(text);
        let mut scan = Scan { at, cells: 1, amiss: false };
        if at == At::Row && !text.contains(&self.quote) {
            scan.cells = self.pieces(text);
            return scan;
        }
        let mut begins = at == At::Row;
        let mut carried = at == At::Quote;
        let mut place = 0;
        while let Some(byte) = text.get(place) {
            place += 1;
            match (scan.at, *byte) {
                (At::Quote, quote) if quote == self.quote && text.get(place) == Some(&quote) => place += 1,
                (At::Quote, quote) if quote == self.quote => {
                    scan.at = At::Row;
                    let next = text.get(place);
                    scan.amiss |= carried && next.is_some_and(|next| *next != self.delimiter);
                    carried = false;
                }
                (At::Row, quote) if begins && quote == self.quote => scan.at = At::Quote,
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

    thread_local! {
        /// How often a line was looked at.
        pub(super) static SCANNED: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
    }

    fn read(text: &str, width: usize) -> (String, Vec<(u64, u64)>) {
        let form = Form { delimiter: b',', quote: b'"', end: b'\n', width, above: 1 };
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
    fn lines_behind_quotes_that_never_close_are_looked_at_once() {
        const ROWS: usize = 2_000;
        let header = "a,b,c,d\n";
        for (row, end, set_aside) in [
            // A quote in the middle of a row: the next one closes it.
            ("1,2,\"x,4\n", "", ROWS),
            // Each row closes the quote of the one before, and opens the next.
            ("1,2\",\"3,4\n", "", ROWS),
            // Two rows are one.
            ("1,2,3,\"\n", "", 0),
            // None closes it until the last row, by chance.
            ("1,2,\"\"\"x,4\n", "9,0,12\",2\n", ROWS - 1),
        ] {
            let text = format!("{header}{}{end}", row.repeat(ROWS));
            SCANNED.with(|scanned| scanned.set(0));
            let found = read(&text, 4).1.len();
            let scanned = SCANNED.with(std::cell::Cell::get);
            assert!(scanned < 5 * ROWS, "{row:?}: {scanned}");
            assert_eq!(found, set_aside, "{row:?}");
        }
    }
}
