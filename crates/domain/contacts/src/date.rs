//! Days whose year, or whose month and day, may be unknown: their text form and which are valid.

use std::{fmt, str::FromStr};

use crate::PartialDate;

/// The reason why something is no [`PartialDate`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DateError {
    /// Not written as `2026-11-23`, `--11-23`, `2026-11` or `2026`.
    #[error("not a date")]
    Malformed,
    /// No such day in any calendar, such as 30 February.
    #[error("no such day")]
    NoSuchDay,
}

impl PartialDate {
    /// Makes a date of its parts: a whole date, month and day, year, or year and month (P67).
    ///
    /// # Errors
    ///
    /// Another combination, or a day that no calendar has. 29 February needs a leap year or none.
    pub fn new(year: Option<i32>, month: Option<u32>, day: Option<u32>) -> Result<Self, DateError> {
        let date = PartialDate { year, month, day };
        if matches!((year, month, day), (None, None, _) | (None, Some(_), None) | (Some(_), None, Some(_))) {
            return Err(DateError::Malformed);
        }
        if date.is_valid() { Ok(date) } else { Err(DateError::NoSuchDay) }
    }

    /// Tells whether nothing at all is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == PartialDate::default()
    }

    /// Tells whether this is a day, a month or a year that exists.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        if self.year.is_some_and(|year| !(1..=9999).contains(&year)) {
            return false;
        }
        match (self.year, self.month, self.day) {
            (Some(_), None, None) => true,
            (Some(_), Some(month), None) => (1..=12).contains(&month),
            (year, Some(month), Some(day)) => (1..=days_in(year, month)).contains(&day),
            _ => false,
        }
    }
}

/// The number of days of a month; 29 for a February of an unknown year.
fn days_in(year: Option<i32>, month: u32) -> u32 {
    match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if year.is_none_or(is_leap) => 29,
        2 => 28,
        _ => 0,
    }
}

fn is_leap(year: i32) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

impl fmt::Display for PartialDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.year, self.month, self.day) {
            (Some(year), Some(month), Some(day)) => write!(f, "{year:04}-{month:02}-{day:02}"),
            (None, Some(month), Some(day)) => write!(f, "--{month:02}-{day:02}"),
            (Some(year), Some(month), None) => write!(f, "{year:04}-{month:02}"),
            (Some(year), None, _) => write!(f, "{year:04}"),
            (None, _, _) => Ok(()),
        }
    }
}

impl FromStr for PartialDate {
    type Err = DateError;

    fn from_str(text: &str) -> Result<Self, DateError> {
        let (year, rest) = match text.strip_prefix("--") {
            Some(rest) => (None, Some(rest)),
            None => match text.split_once('-') {
                Some((year, rest)) => (Some(digits(year, 4)?), Some(rest)),
                None => (Some(digits(text, 4)?), None),
            },
        };
        let year = year.map(|year| i32::try_from(year).map_err(|_| DateError::Malformed)).transpose()?;
        let (month, day) = match rest {
            None => (None, None),
            Some(rest) => match rest.split_once('-') {
                Some((month, day)) => (Some(digits(month, 2)?), Some(digits(day, 2)?)),
                None => (Some(digits(rest, 2)?), None),
            },
        };
        PartialDate::new(year, month, day)
    }
}

/// Reads exactly `width` digits.
fn digits(text: &str, width: usize) -> Result<u32, DateError> {
    if text.len() == width && text.bytes().all(|byte| byte.is_ascii_digit()) {
        text.parse().map_err(|_| DateError::Malformed)
    } else {
        Err(DateError::Malformed)
    }
}

impl TryFrom<String> for PartialDate {
    type Error = DateError;

    /// Reads the text form; empty text is the empty date.
    fn try_from(text: String) -> Result<Self, DateError> {
        if text.is_empty() { Ok(PartialDate::default()) } else { text.parse() }
    }
}

impl From<PartialDate> for String {
    fn from(date: PartialDate) -> String {
        date.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_written_as_it_is_read() {
        for text in ["2026-11-23", "--11-23", "2026-11", "2026", "--02-29", "2024-02-29", "0001-01-01"] {
            assert_eq!(text.parse::<PartialDate>().map(|date| date.to_string()).as_deref(), Ok(text));
        }
    }

    #[test]
    fn what_is_no_date_is_refused_with_the_reason() {
        for (text, reason) in [
            ("", DateError::Malformed),
            ("23/11/2026", DateError::Malformed),
            ("26-11-23", DateError::Malformed),
            ("--11", DateError::Malformed),
            ("---23", DateError::Malformed),
            ("2026-1-2", DateError::Malformed),
            ("2026-11-23T10:00", DateError::Malformed),
            ("2026-13", DateError::NoSuchDay),
            ("2026-00-10", DateError::NoSuchDay),
            ("--02-30", DateError::NoSuchDay),
            ("2026-02-29", DateError::NoSuchDay),
            ("1900-02-29", DateError::NoSuchDay),
            ("0000-01-01", DateError::NoSuchDay),
        ] {
            assert_eq!(text.parse::<PartialDate>(), Err(reason), "{text}");
        }
    }

    #[test]
    fn the_empty_date_survives_storage() {
        assert_eq!(PartialDate::try_from(String::new()), Ok(PartialDate::default()));
        assert_eq!(String::from(PartialDate::default()), "");
        assert!(PartialDate::default().is_empty());
    }
}
