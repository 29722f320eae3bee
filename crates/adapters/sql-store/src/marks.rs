//! Cursors and page tokens as text. Only this crate reads them.

use std::{fmt, str::FromStr};

/// Where a listing of the company's tables goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mark {
    /// With the changes after a number of the change log.
    Since(i64),
    /// With the records after a number; a complete listing that began at a number of the change log.
    List {
        /// The number of the change log.
        mark: i64,
        /// The number of the last record.
        after: i64,
    },
}

/// Not a mark of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NoMark;

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Mark::Since(after) => write!(f, "{after}"),
            Mark::List { mark, after } => write!(f, "{mark}:{after}"),
        }
    }
}

impl FromStr for Mark {
    type Err = NoMark;

    fn from_str(text: &str) -> Result<Self, NoMark> {
        let number = |text: &str| text.parse::<i64>().ok().filter(|number| *number >= 0).ok_or(NoMark);
        match text.split_once(':') {
            None => Ok(Mark::Since(number(text)?)),
            Some((mark, after)) => Ok(Mark::List { mark: number(mark)?, after: number(after)? }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_read_as_it_is_written() {
        for mark in [Mark::Since(0), Mark::Since(42), Mark::List { mark: 7, after: 500 }] {
            assert_eq!(mark.to_string().parse(), Ok(mark));
        }
        for text in ["", "x", "-1", "1:2:3", "1:", "9999999999999999999999"] {
            assert_eq!(text.parse::<Mark>(), Err(NoMark), "{text}");
        }
    }
}
