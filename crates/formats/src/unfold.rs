//! From the lines of a file to its properties: folds in every spelling that programs write, text
//! whose line ends were never coded, blank lines.

use std::io::{self, Read};

use crate::text::Lines;

/// The longest property that is read in one piece.
const LONGEST: usize = 32 << 20;

/// How far the end of a name and its parameters is searched for.
const HEAD: usize = 1 << 15;

/// What the lines of a file are joined to.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Unfolded {
    /// The number of the line at which it begins.
    pub(crate) number: usize,
    pub(crate) bytes: Vec<u8>,
    /// Whether it is no property but text that belongs to none.
    pub(crate) stray: bool,
    /// How many blank lines stand before it.
    blanks: usize,
    /// How far it is indented.
    indent: usize,
    /// How long its last line is.
    last: usize,
}

impl Unfolded {
    /// Tells whether a component begins here.
    pub(crate) fn is_begin(&self) -> bool {
        self.bytes.get(..5).is_some_and(|start| start.eq_ignore_ascii_case(b"BEGIN"))
    }
}

/// The properties of a file, as bytes.
pub(crate) struct Unfold<R> {
    lines: Lines<R>,
    cards: bool,
    /// The beginning of a record that stands behind the end of another one, in the same line.
    glued: Option<(usize, Vec<u8>)>,
    /// A line of the file that was read ahead, with the blank lines before it.
    ahead: Option<(usize, usize, Vec<u8>)>,
    /// What was unfolded ahead.
    next: Option<Unfolded>,
    /// What was handed back.
    back: Option<Unfolded>,
    /// Whether a blank line stands after each line.
    doubled: bool,
    /// Whether names are written in small letters.
    small: bool,
}

impl<R: Read> Unfold<R> {
    /// Reads properties; `cards` tells which names are known.
    pub(crate) fn new(reader: R, cards: bool) -> Self {
        Unfold {
            lines: Lines::new(reader),
            cards,
            glued: None,
            ahead: None,
            next: None,
            back: None,
            doubled: false,
            small: false,
        }
    }

    /// Returns the number of the line read last.
    pub(crate) fn number(&self) -> usize {
        self.lines.number()
    }

    /// Hands a property back, to be read again.
    pub(crate) fn push(&mut self, unfolded: Unfolded) {
        self.back = Some(unfolded);
    }

    /// Returns the next property with all that belongs to it.
    pub(crate) fn next(&mut self) -> io::Result<Option<Unfolded>> {
        if let Some(back) = self.back.take() {
            return Ok(Some(back));
        }
        let first = match self.next.take() {
            Some(next) => Some(next),
            None => self.unfold()?,
        };
        let Some(mut found) = first else { return Ok(None) };
        self.close_quote(&mut found)?;
        let kind = Kind::of(&found.bytes);
        self.small |= kind == Kind::Frame && found.bytes.first().is_some_and(u8::is_ascii_lowercase);
        found.stray = !self.is_whole(&found);
        if self.next.is_some() {
            return Ok(Some(found));
        }
        while let Some(next) = self.unfold()? {
            let full = found.bytes.len() > LONGEST;
            if full || self.is_property(&next, kind) || !continues(&found, kind, &next) {
                self.next = Some(next);
                break;
            }
            if kind == Kind::Text && !is_cut(&found, &next) {
                found.bytes.extend(b"\\n".repeat(self.ends(next.blanks)));
            }
            found.last = next.last;
            found.bytes.extend(next.bytes);
        }
        Ok(Some(found))
    }

    /// Tells whether what was unfolded is a property with its value.
    fn is_whole(&self, found: &Unfolded) -> bool {
        let whole = name_of(&found.bytes).is_some() && colon_of(&found.bytes).is_some();
        whole && self.is_property(found, Kind::Frame)
    }

    /// Puts a property together that was broken without a fold between the quotes of a parameter. What does not belong to
    /// it is left for the next one.
    fn close_quote(&mut self, found: &mut Unfolded) -> io::Result<()> {
        let open = |bytes: &[u8]| bytes.iter().filter(|byte| **byte == b'"').count() % 2 == 1;
        while found.bytes.len() < HEAD
            && open(&found.bytes)
            && !self.is_whole(found)
            && self.is_broken(&found.bytes)
        {
            let Some(next) = self.unfold()? else { return Ok(()) };
            if next.blanks > 0 || is_frame(&next.bytes) || self.is_whole(&next) {
                self.next = Some(next);
                return Ok(());
            }
            found.last = next.last;
            found.bytes.extend(next.bytes);
        }
        Ok(())
    }

    /// Returns how many ends of lines the blank lines before a text stand for.
    fn ends(&self, blanks: usize) -> usize {
        if self.doubled { blanks.div_ceil(2).max(1) } else { blanks + 1 }
    }

    /// Returns a line of the file with the number of blank lines before it.
    fn line(&mut self) -> io::Result<Option<(usize, usize, Vec<u8>)>> {
        if let Some(ahead) = self.ahead.take() {
            return Ok(Some(ahead));
        }
        let mut blanks = 0;
        if let Some((number, line)) = self.glued.take() {
            return Ok(Some((number, 0, line)));
        }
        while let Some((number, mut line)) = self.lines.next()? {
            drop_marks(&mut line);
            self.glued = begun_within(&line).map(|at| (number, line.split_off(at)));
            if let Some((_, glued)) = &mut self.glued {
                drop_marks(glued);
                while line.ends_with(MARK) {
                    line.truncate(line.len() - MARK.len());
                }
            }
            if !line.is_empty() {
                self.doubled |= blanks == 1 && number == 3;
                return Ok(Some((number, blanks, line)));
            }
            blanks += 1;
        }
        Ok(None)
    }

    /// Joins one line with those that a fold makes its continuation.
    fn unfold(&mut self) -> io::Result<Option<Unfolded>> {
        let Some((number, blanks, mut bytes)) = self.line()? else { return Ok(None) };
        let indent = bytes.iter().take_while(|byte| is_blank(**byte)).count();
        bytes.drain(..indent);
        let mut found = Unfolded { number, last: bytes.len(), bytes, stray: false, blanks, indent };
        let mut head = Head::default();
        while let Some((number, blanks, line)) = self.line()? {
            if found.bytes.len() > LONGEST || !self.joins(&mut found, &mut head, blanks, &line) {
                self.ahead = Some((number, blanks, line));
                break;
            }
            found.last = line.len();
        }
        Ok(Some(found))
    }

    /// Adds a line of the file to what it continues; tells whether it does.
    fn joins(&self, found: &mut Unfolded, head: &mut Head, blanks: usize, line: &[u8]) -> bool {
        if blanks == 0 && head.is_open(&found.bytes) && !is_frame(line) {
            if self.is_next_property(&found.bytes, line) {
                return false;
            }
            found.bytes.pop();
            let folded = line.strip_prefix(b" ").filter(|_| head.has_coded_blanks(&found.bytes));
            found.bytes.extend_from_slice(folded.unwrap_or(line));
            return true;
        }
        let Some((first, rest)) = line.split_first() else { return false };
        if !is_blank(*first) {
            let headless = matches!(first, b':' | b';') && blanks == 0 && is_token(&found.bytes);
            if headless {
                found.bytes.extend_from_slice(line);
            }
            return headless;
        }
        if self.is_indented_property(found, head, line) {
            return false;
        }
        if blanks > 0 && head.kind(&found.bytes) == Kind::Text && !(self.doubled && blanks == 1) {
            found.bytes.extend(b"\\n".repeat(self.ends(blanks) - 1));
        }
        found.bytes.extend_from_slice(rest);
        true
    }

    /// Tells whether a line behind the sign of a soft break is no text but the next property: the value was cut off there,
    /// or ends with the sign. Behind a coded end of line a text may name something as well.
    fn is_next_property(&self, open: &[u8], line: &[u8]) -> bool {
        let (Some(name), Some(colon)) = (name_of(line), colon_of(line)) else { return false };
        let own = self.knows(name) || is_private(name);
        if !own || !(is_capital(name) || self.small) {
            return false;
        }
        let ended = open.ends_with(b"=0A=") || open.ends_with(b"=0D=");
        let spaced = line.get(colon + 1).is_some_and(|byte| is_blank(*byte));
        !(ended && spaced)
    }

    /// Tells whether a line that begins with blanks is no continuation but a property: because the
    /// whole file is indented, or because what stands before it cannot go on like this.
    fn is_indented_property(&self, found: &Unfolded, head: &mut Head, line: &[u8]) -> bool {
        let indent = line.iter().take_while(|byte| is_blank(**byte)).count();
        let Some(name) = name_of(line.get(indent..).unwrap_or_default()) else { return false };
        let known = self.knows(name) || is_private(name);
        match head.kind(&found.bytes) {
            _ if !known => false,
            _ if found.indent >= indent => true,
            Kind::Frame => has_value(&found.bytes),
            Kind::Plain => has_value(&found.bytes) && name.iter().any(u8::is_ascii_uppercase),
            Kind::Text | Kind::Binary | Kind::Other => false,
        }
    }

    fn knows(&self, name: &[u8]) -> bool {
        let name = name.rsplit(|byte| *byte == b'.').next().unwrap_or(name);
        let known = if self.cards { CARDS } else { CALENDARS };
        known.iter().any(|known| known.as_bytes().eq_ignore_ascii_case(name))
    }

    /// Tells whether what was unfolded is a property of its own, after one of some kind.
    fn is_property(&self, found: &Unfolded, before: Kind) -> bool {
        let bytes = &found.bytes;
        let Some(name) = name_of(bytes) else { return self.is_broken(bytes) };
        let Some(colon) = colon_of(bytes) else { return self.is_broken(bytes) };
        let value = bytes.get(colon + 1..).unwrap_or_default();
        // An address, not a property.
        if value.starts_with(b"//") && !self.knows(name) && !is_private(name) {
            return false;
        }
        if Kind::of(bytes) == Kind::Frame {
            let word = value.trim_ascii();
            return before != Kind::Text || (!word.is_empty() && word.iter().all(|byte| is_name(*byte)));
        }
        let capitals = is_capital(name);
        let spaced = value.first().is_some_and(|byte| is_blank(*byte));
        match before {
            Kind::Text if is_private(name) => true,
            Kind::Text if self.knows(name) => capitals || self.small || !spaced || name.contains(&b'.'),
            Kind::Text if name.len() == 1 => capitals && has_params(bytes, name.len()),
            Kind::Text => (capitals || self.small) && !spaced,
            _ => true,
        }
    }

    /// Tells whether bytes are a property that lost its value, or the sign before it: no text of what stands before.
    fn is_broken(&self, bytes: &[u8]) -> bool {
        let end = bytes.iter().position(|byte| !is_name(*byte)).unwrap_or(bytes.len());
        let name = bytes.get(..end).unwrap_or_default();
        let known = self.knows(name) && !name.iter().any(u8::is_ascii_lowercase);
        let broken = has_params(bytes, end) || bytes.get(end..).is_some_and(|rest| rest.starts_with(b"=\""));
        (known && broken) || is_odd_private(bytes, end)
    }
}

/// The byte order mark, in UTF-8.
pub(crate) const MARK: &[u8] = b"\xef\xbb\xbf";

/// Takes the marks away that stand in front of the first line of a file that was put behind another one.
pub(crate) fn drop_marks(line: &mut Vec<u8>) {
    let marks = line.chunks(MARK.len()).take_while(|chunk| *chunk == MARK).count() * MARK.len();
    let rest = line.get(marks..).unwrap_or_default();
    if marks > 0 && (rest.is_empty() || rest.get(..6).is_some_and(|begun| begun.eq_ignore_ascii_case(BEGIN)))
    {
        line.drain(..marks);
    }
}

const BEGIN: &[u8] = b"BEGIN:";

/// Tells where in the last line of a record the first one of another begins: two files were put together, and the first
/// one did not end its last line.
pub(crate) fn begun_within(line: &[u8]) -> Option<usize> {
    let rest = [&b"END:VCARD"[..], b"END:VCALENDAR"].iter().find_map(|end| {
        let head = line.get(..end.len())?;
        head.eq_ignore_ascii_case(end).then_some(end.len())
    })?;
    let begun = line.get(rest..)?;
    let marks = begun.chunks(MARK.len()).take_while(|chunk| *chunk == MARK).count() * MARK.len();
    let at = rest + marks;
    line.get(at..at + BEGIN.len())?.eq_ignore_ascii_case(BEGIN).then_some(rest)
}

/// Tells whether bytes are a private property whose name has blanks in it, `X-GOOGLE TALK;TYPE=WORK:a`, or a stroke, as
/// KAddressBook writes it: `X-messaging/xmpp-All:a`.
fn is_odd_private(bytes: &[u8], end: usize) -> bool {
    let head = bytes.get(..HEAD.min(bytes.len())).unwrap_or_default();
    let sign = head.iter().position(|byte| matches!(byte, b';' | b':')).unwrap_or_default();
    let name = head.get(..sign).unwrap_or_default();
    if !bytes.starts_with(b"X-") || end >= sign {
        return false;
    }
    let with = |sign: u8| name.iter().all(|byte| is_name(*byte) || *byte == sign);
    let spaced = bytes.get(sign + 1).is_none_or(|byte| is_blank(*byte));
    let has_stroke = with(b'/') && !spaced;
    has_stroke || !name.iter().any(u8::is_ascii_lowercase) && with(b' ') && has_params(bytes, sign)
}

/// Tells whether a parameter follows a name of this length.
fn has_params(bytes: &[u8], name: usize) -> bool {
    let Some((b';' | b',', rest)) = bytes.get(name..).and_then(|rest| rest.split_first()) else {
        return false;
    };
    let end = rest.iter().position(|byte| !is_name(*byte)).unwrap_or(rest.len());
    end > 0 && rest.get(end) == Some(&b'=')
}

/// Tells whether a text was only folded, and the blank that a fold begins with was lost on the way: its line is as long as a
/// fold makes one, and its real ends of lines are coded.
fn is_cut(found: &Unfolded, next: &Unfolded) -> bool {
    let coded = |bytes: &[u8]| bytes.windows(2).any(|two| two == b"\\n");
    let full = (73..=76).contains(&found.last) && next.blanks == 0 && next.indent == 0;
    full && (coded(&found.bytes) || coded(&next.bytes))
}

/// Tells whether text without a name goes on with what stands before it.
fn continues(found: &Unfolded, kind: Kind, next: &Unfolded) -> bool {
    if found.stray {
        return false;
    }
    match kind {
        Kind::Text => !(is_single(&found.bytes) && begins_private(&next.bytes) && next.bytes.contains(&b':')),
        Kind::Binary => next.blanks == 0,
        // The blank that a fold begins with was lost on the way.
        Kind::Plain | Kind::Other => next.blanks == 0 && found.last >= 70 && next.indent == 0,
        Kind::Frame => false,
    }
}

fn begins_private(bytes: &[u8]) -> bool {
    bytes.get(..2).is_some_and(|start| start.eq_ignore_ascii_case(b"X-"))
}

/// Tells whether a property is a text of one line: no `X-` at the beginning of another belongs to a name.
fn is_single(bytes: &[u8]) -> bool {
    let name = name_of(bytes).unwrap_or_default();
    ["FN", "N", "NICKNAME", "ORG", "TITLE", "ROLE"]
        .iter()
        .any(|known| known.as_bytes().eq_ignore_ascii_case(name))
}

/// What a property holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// `BEGIN` or `END`.
    Frame,
    /// Text that a person may have written.
    Text,
    /// Base 64.
    Binary,
    /// Dates, rules, words: nothing that looks like another property.
    Plain,
    /// Addresses and the like.
    Other,
}

impl Kind {
    fn of(bytes: &[u8]) -> Kind {
        let Some(name) = name_of(bytes) else { return Kind::Other };
        let name = name.rsplit(|byte| *byte == b'.').next().unwrap_or(name);
        let is = |names: &[&str]| names.iter().any(|known| known.as_bytes().eq_ignore_ascii_case(name));
        if is(&["BEGIN", "END"]) {
            return Kind::Frame;
        }
        if is_binary(bytes.get(..colon_of(bytes).unwrap_or_default()).unwrap_or_default()) {
            return Kind::Binary;
        }
        if is_private(name) || is(TEXTS) {
            Kind::Text
        } else if is(PLAIN) {
            Kind::Plain
        } else {
            Kind::Other
        }
    }
}

/// What the beginning of a property says about its value, found out once.
#[derive(Default)]
struct Head {
    kind: Option<Kind>,
    printable: Option<bool>,
    coded_blanks: Option<bool>,
}

impl Head {
    fn kind(&mut self, bytes: &[u8]) -> Kind {
        if let Some(kind) = self.kind {
            return kind;
        }
        let kind = Kind::of(bytes);
        if bytes.len() >= HEAD || colon_of(bytes).is_some() {
            self.kind = Some(kind);
        }
        kind
    }

    /// Tells whether a quoted-printable value codes its blanks: then one that begins a line is that of a fold, which some
    /// programs add to the soft break.
    fn has_coded_blanks(&mut self, bytes: &[u8]) -> bool {
        *self.coded_blanks.get_or_insert_with(|| {
            let value = bytes.get(colon_of(bytes).unwrap_or_default()..).unwrap_or_default();
            let value = value.get(..HEAD).unwrap_or(value);
            contains(value, b"=20") && !value.contains(&b' ')
        })
    }

    /// Tells whether a quoted-printable value goes on with the next line.
    fn is_open(&mut self, bytes: &[u8]) -> bool {
        if bytes.last() != Some(&b'=') {
            return false;
        }
        if let Some(known) = self.printable {
            return known;
        }
        let colon = colon_of(bytes);
        let printable =
            contains(bytes.get(..colon.unwrap_or_default()).unwrap_or_default(), b"QUOTED-PRINTABLE");
        if bytes.len() >= HEAD || colon.is_some() {
            self.printable = Some(printable);
        }
        printable
    }
}

/// Tells whether a property is told from text by its form alone, whatever stands before it.
pub(crate) fn stands_alone(line: &str) -> bool {
    let (Some(name), Some(colon)) = (name_of(line.as_bytes()), colon_of(line.as_bytes())) else {
        return false;
    };
    let value = line.as_bytes().get(colon + 1..).unwrap_or_default();
    let spaced = value.first().is_some_and(|byte| is_blank(*byte));
    let bare = name.rsplit(|byte| *byte == b'.').next().unwrap_or(name);
    let known = CARDS.iter().chain(CALENDARS).any(|known| known.as_bytes().eq_ignore_ascii_case(bare));
    let told = known || (is_capital(name) && bare.len() > 1);
    is_private(name) || (told && !spaced && !value.starts_with(b"//"))
}

fn is_capital(name: &[u8]) -> bool {
    let name = name.rsplit(|byte| *byte == b'.').next().unwrap_or(name);
    !name.iter().any(u8::is_ascii_lowercase)
}

/// Returns the name, with its group, that bytes begin with, if a value or parameters follow.
fn name_of(bytes: &[u8]) -> Option<&[u8]> {
    let end = bytes.iter().take(128).position(|byte| !is_name(*byte)).filter(|end| *end > 0)?;
    let rest = bytes.get(end..)?.trim_ascii_start();
    matches!(rest.first(), Some(b':' | b';')).then(|| bytes.get(..end)).flatten()
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_')
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// Tells whether bytes are a name, or a name and parameters, without a value yet.
fn is_token(bytes: &[u8]) -> bool {
    bytes.len() < HEAD && !bytes.contains(&b':') && bytes.iter().all(|byte| !is_blank(*byte))
}

fn is_private(name: &[u8]) -> bool {
    let name = name.rsplit(|byte| *byte == b'.').next().unwrap_or(name);
    name.len() > 2 && name.get(..2).is_some_and(|start| start.eq_ignore_ascii_case(b"X-"))
}

fn is_frame(line: &[u8]) -> bool {
    name_of(line).is_some() && Kind::of(line) == Kind::Frame
}

fn is_binary(head: &[u8]) -> bool {
    contains(head, b"BASE64") || contains(head, b"ENCODING=B")
}

fn has_value(bytes: &[u8]) -> bool {
    colon_of(bytes)
        .is_some_and(|colon| bytes.get(colon + 1..).is_some_and(|value| !value.trim_ascii().is_empty()))
}

fn contains(bytes: &[u8], word: &[u8]) -> bool {
    bytes.windows(word.len()).any(|part| part.eq_ignore_ascii_case(word))
}

/// Finds the colon that ends a name and its parameters: none between quotes, unless there is no other.
pub(crate) fn colon_of(bytes: &[u8]) -> Option<usize> {
    let head = bytes.get(..HEAD).unwrap_or(bytes);
    let mut quoted = false;
    let strict = head.iter().position(|byte| {
        quoted ^= *byte == b'"';
        *byte == b':' && !quoted
    });
    let first = strict.or_else(|| head.iter().position(|byte| *byte == b':'))?;
    let params = bytes.get(..first)?;
    if !params.contains(&b';') || params.contains(&b'"') {
        return Some(first);
    }
    let name = name_of(bytes)?;
    let is = |names: &[&str]| names.iter().any(|known| known.as_bytes().eq_ignore_ascii_case(name));
    // Nothing that a date or an address holds explains more colons than these: they are part of a
    // zone's name, or of somebody's, that should have been quoted.
    if is(&["DTSTART", "DTEND", "DUE", "RECURRENCE-ID", "EXDATE", "RDATE"]) {
        let is_date = |colon: &usize| begins_date(head.get(colon + 1..).unwrap_or_default());
        let colons = || head.iter().enumerate().filter(|(_, byte)| **byte == b':').map(|(at, _)| at);
        return colons().find(is_date).or_else(|| colons().next_back());
    }
    if is(&["ATTENDEE", "ORGANIZER"]) {
        let scheme = head.windows(8).position(|part| part.eq_ignore_ascii_case(b":mailto:"));
        return scheme.filter(|colon| *colon > first).or(Some(first));
    }
    Some(first)
}

/// Tells whether a date begins here, in either form: `20260105`, `2026-01-05`.
fn begins_date(bytes: &[u8]) -> bool {
    let bytes = bytes.trim_ascii_start();
    let is = |form: &[u8]| {
        let fits =
            |(byte, sign): (&u8, &u8)| if *sign == b'-' { *byte == b'-' } else { byte.is_ascii_digit() };
        bytes.len() >= form.len() && bytes.iter().zip(form).all(fits)
    };
    is(b"00000000") || is(b"0000-00-00")
}

/// Properties whose value is text.
#[rustfmt::skip]
const TEXTS: &[&str] = &[
    "SUMMARY", "DESCRIPTION", "STYLED-DESCRIPTION", "LOCATION", "COMMENT", "CONTACT", "CATEGORIES",
    "RESOURCES", "NAME", "NOTE", "FN", "N", "ORG", "TITLE", "ROLE", "ADR", "LABEL", "NICKNAME",
    "REQUEST-STATUS",
];

/// Properties whose value can hold nothing that looks like another property.
#[rustfmt::skip]
const PLAIN: &[&str] = &[
    "VERSION", "CALSCALE", "METHOD", "CLASS", "GEO", "PERCENT-COMPLETE", "PRIORITY", "STATUS", "COMPLETED",
    "DTEND", "DUE", "DTSTART", "DURATION", "TRANSP", "TZID", "TZOFFSETFROM", "TZOFFSETTO", "RECURRENCE-ID",
    "EXDATE", "EXRULE", "RDATE", "RRULE", "ACTION", "REPEAT", "TRIGGER", "CREATED", "DTSTAMP",
    "LAST-MODIFIED", "SEQUENCE", "UID", "BDAY", "ANNIVERSARY", "REV", "GENDER", "TEL", "EMAIL",
];

/// The names of iCalendar.
#[rustfmt::skip]
const CALENDARS: &[&str] = &[
    "BEGIN", "END", "VERSION", "PRODID", "CALSCALE", "METHOD", "ATTACH", "CATEGORIES", "CLASS", "COMMENT",
    "DESCRIPTION", "GEO", "LOCATION", "PERCENT-COMPLETE", "PRIORITY", "RESOURCES", "STATUS", "SUMMARY",
    "COMPLETED", "DTEND", "DUE", "DTSTART", "DURATION", "FREEBUSY", "TRANSP", "TZID", "TZNAME",
    "TZOFFSETFROM", "TZOFFSETTO", "TZURL", "ATTENDEE", "CONTACT", "ORGANIZER", "RECURRENCE-ID",
    "RELATED-TO", "URL", "UID", "EXDATE", "EXRULE", "RDATE", "RRULE", "ACTION", "REPEAT", "TRIGGER",
    "CREATED", "DTSTAMP", "LAST-MODIFIED", "SEQUENCE", "REQUEST-STATUS", "NAME", "REFRESH-INTERVAL",
    "SOURCE", "COLOR", "IMAGE", "CONFERENCE", "ACKNOWLEDGED", "PROXIMITY", "STRUCTURED-DATA",
    "STYLED-DESCRIPTION", "AALARM", "DALARM", "MALARM", "PALARM", "DAYLIGHT", "DCREATED", "RNUM",
];

/// The names of vCard.
#[rustfmt::skip]
const CARDS: &[&str] = &[
    "BEGIN", "END", "VERSION", "FN", "N", "NICKNAME", "PHOTO", "BDAY", "ANNIVERSARY", "GENDER", "ADR",
    "TEL", "EMAIL", "IMPP", "LANG", "TZ", "GEO", "TITLE", "ROLE", "LOGO", "ORG", "MEMBER", "RELATED",
    "CATEGORIES", "NOTE", "PRODID", "REV", "SOUND", "UID", "CLIENTPIDMAP", "URL", "KEY", "FBURL",
    "CALADRURI", "CALURI", "XML", "BIRTHPLACE", "DEATHPLACE", "DEATHDATE", "EXPERTISE", "HOBBY", "INTEREST",
    "ORG-DIRECTORY", "CREATED", "LANGUAGE", "PRONOUNS", "GRAMGENDER", "SOCIALPROFILE", "JSPROP", "LABEL",
    "AGENT", "MAILER", "CLASS", "NAME", "PROFILE", "SOURCE", "SORT-STRING", "KIND",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<String> {
        let mut lines = Unfold::new(text.as_bytes(), false);
        let mut found = Vec::new();
        while let Some(line) = lines.next().unwrap() {
            let text = String::from_utf8(line.bytes).unwrap();
            found.push(if line.stray { format!("? {text}") } else { text });
        }
        found
    }

    #[test]
    fn a_line_is_folded_anywhere() {
        for (file, wanted) in [
            ("SUMMARY:a\nLOCATION\n :b\nSTATUS\n :X", vec!["SUMMARY:a", "LOCATION:b", "STATUS:X"]),
            ("SUMMARY:a\nDTSTART\n ;VALUE=DATE\n :2026", vec!["SUMMARY:a", "DTSTART;VALUE=DATE:2026"]),
            ("SUMMARY:a\nDESCRI\n PTION:b", vec!["SUMMARY:a", "DESCRIPTION:b"]),
            (
                "SUMMARY:a\nATTENDEE;CN=b\n ;RSVP=TRUE:mailto:c\nUID:1",
                vec!["SUMMARY:a", "ATTENDEE;CN=b;RSVP=TRUE:mailto:c", "UID:1"],
            ),
            ("SUMMARY:a\nX-LONG\n -NAME:b", vec!["SUMMARY:a", "X-LONG-NAME:b"]),
            ("SUMMARY:a\nLOCATION\n:b\nSTATUS\n;X=1:c", vec!["SUMMARY:a", "LOCATION:b", "STATUS;X=1:c"]),
            ("SUMMARY:a\n \tb\n\tc\n ", vec!["SUMMARY:a\tbc"]),
            ("DESCRIPTION:see\n URL:http://a", vec!["DESCRIPTION:seeURL:http://a"]),
        ] {
            assert_eq!(read(file), wanted, "{file:?}");
        }
    }

    #[test]
    fn what_is_no_property_is_text() {
        for (file, wanted) in [
            (
                "UID:0\nDESCRIPTION:a\n\nb\nc\n\n\nd\nUID:1",
                vec!["UID:0", "DESCRIPTION:a\\n\\nb\\nc\\n\\n\\nd", "UID:1"],
            ),
            ("DESCRIPTION:a\nhttps://b.example/\nUID:1", vec!["DESCRIPTION:a\\nhttps://b.example/", "UID:1"]),
            ("DESCRIPTION:a\nMeeting ID: 12\nUID:1", vec!["DESCRIPTION:a\\nMeeting ID: 12", "UID:1"]),
            ("DESCRIPTION:a\nAttention: b\nTel:01", vec!["DESCRIPTION:a\\nAttention: b\\nTel:01"]),
            ("DESCRIPTION:a\nLocation: b\nLocation:c", vec!["DESCRIPTION:a\\nLocation: b", "Location:c"]),
            ("DESCRIPTION:a\nEND: 17:00\nEND:VEVENT", vec!["DESCRIPTION:a\\nEND: 17:00", "END:VEVENT"]),
            ("UID:0\nDESCRIPTION:a\n\n b\nUID:1", vec!["UID:0", "DESCRIPTION:a\\nb", "UID:1"]),
            ("DESCRIPTION:a\nb\n c: d\nUID:1", vec!["DESCRIPTION:a\\nbc: d", "UID:1"]),
            ("DTSTART:1\nrest\nUID:1", vec!["DTSTART:1", "? rest", "UID:1"]),
            ("SUMMARY:a\nX: d\nX;MEMBER=B:c\nUID:1", vec!["SUMMARY:a\\nX: d", "X;MEMBER=B:c", "UID:1"]),
            (
                "CATEGORIES:a\nORGANIZER;CN=Jo Do\nDESCRIPTION:b\nORGANIZER=\"mailto:a@b.example\"\nUID:1",
                vec![
                    "CATEGORIES:a",
                    "? ORGANIZER;CN=Jo Do",
                    "DESCRIPTION:b",
                    "? ORGANIZER=\"mailto:a@b.example\"",
                    "UID:1",
                ],
            ),
            ("ADR:;;a\nLABEL,TYPE=HOME:b\nUID:1", vec!["ADR:;;a\\nLABEL,TYPE=HOME:b", "UID:1"]),
            ("SUMMARY:a\nLOCATION,X=1:b\nUID:1", vec!["SUMMARY:a", "? LOCATION,X=1:b", "UID:1"]),
            ("DESCRIPTION:a\nLOCATION; see b=c\nUID:1", vec!["DESCRIPTION:a\\nLOCATION; see b=c", "UID:1"]),
            (
                "X-YAHOO:a\nX-GOOGLE TALK;TYPE=WORK:b\nUID:1",
                vec!["X-YAHOO:a", "? X-GOOGLE TALK;TYPE=WORK:b", "UID:1"],
            ),
            ("FN:a\nX-FOO BAR:b.c\nUID:1", vec!["FN:a", "? X-FOO BAR:b.c", "UID:1"]),
            ("X-A:a\nX-RAY: b;c=d\nX-ray eyes;a=b:c", vec!["X-A:a", "X-RAY: b;c=d\\nX-ray eyes;a=b:c"]),
            (
                "UID:0\nATTENDEE;CN=\"a\nb\":mailto:c\nATTENDEE;CN=\"a\nUID:1",
                vec!["UID:0", "ATTENDEE;CN=\"ab\":mailto:c", "? ATTENDEE;CN=\"a", "UID:1"],
            ),
            ("begin:vevent\nsummary:a\nx:1\nfoo:b", vec!["begin:vevent", "summary:a\\nx:1", "foo:b"]),
            ("BEGIN:A\n\nDESCRIPTION:a\n\n b\n\nc\n\n\n\nd", vec!["BEGIN:A", "DESCRIPTION:ab\\nc\\n\\nd"]),
        ] {
            assert_eq!(read(file), wanted, "{file:?}");
        }
    }

    #[test]
    fn a_broken_fold_glues_no_properties_together() {
        let long = "X".repeat(70);
        let cut = format!("DESCRIPTION:{}a\\nword\nend\nlast\nUID:1", "X".repeat(56));
        let uncut = format!("DESCRIPTION:{}a\\nwordend\\nlast", "X".repeat(56));
        let mails = format!("ATTENDEE:mailto:{long}\n@b.example\nUID:1");
        let glued = format!("ATTENDEE:mailto:{long}@b.example");
        for (file, wanted) in [
            (
                "BEGIN:VEVENT\n UID:1\n DTSTART:2\n SUMMARY:a\n  b\nEND:VEVENT",
                vec!["BEGIN:VEVENT", "UID:1", "DTSTART:2", "SUMMARY:a b", "END:VEVENT"],
            ),
            ("DTSTART:1\n DTEND:2", vec!["DTSTART:1", "DTEND:2"]),
            (mails.as_str(), vec![glued.as_str(), "UID:1"]),
            (cut.as_str(), vec![uncut.as_str(), "UID:1"]),
            ("PHOTO;ENCODING=BASE64:AAAA\nBBBB\n\nUID:1", vec!["PHOTO;ENCODING=BASE64:AAAABBBB", "UID:1"]),
            (
                "N;ENCODING=QUOTED-PRINTABLE:a=\nEND:VEVENT",
                vec!["N;ENCODING=QUOTED-PRINTABLE:a=", "END:VEVENT"],
            ),
        ] {
            assert_eq!(read(file), wanted, "{file:?}");
        }
    }

    #[test]
    fn a_colon_that_should_have_been_quoted_ends_no_parameters() {
        for (line, colon) in [
            ("DTSTART;TZID=(GMT+01:00) Paris:20260101T090000", 30),
            ("DTSTART;TZID=tzone://Microsoft/Utc:20260101T090000", 34),
            ("DTSTART;TZID=Europe/Paris:2026-01-05T09:00:00", 25),
            ("DTSTART;VALUE=DATE-TIME:20260105T090000+01:00", 23),
            ("DTSTART;TZID=(GMT+01:00) Paris:2026-01-05T09:00:00", 30),
            ("ATTENDEE;CN=Projet: A;RSVP=TRUE:mailto:a@b.example", 31),
            ("ATTENDEE;CN=\"a:b\":mailto:a@b.example", 17),
            ("SUMMARY;X=1:a:b", 11),
            ("DTSTART;TZID=\"a:2026", 15),
        ] {
            assert_eq!(colon_of(line.as_bytes()), Some(colon), "{line}");
        }
    }
}
