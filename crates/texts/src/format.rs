//! Numbers and dates as each language writes them.

use chrono::{Datelike, NaiveDate, NaiveDateTime, Timelike};

use crate::Lang;

/// Writes a whole number with its groups of thousands: `1,240`, `1 240` (a narrow no-break space).
#[must_use]
pub fn number(lang: Lang, value: i64) -> String {
    let separator = match lang {
        Lang::En => ',',
        Lang::Fr => '\u{202f}',
    };
    let digits = value.unsigned_abs().to_string();
    let mut out = String::new();
    if value < 0 {
        out.push('-');
    }
    for (n, digit) in digits.chars().enumerate() {
        if n > 0 && (digits.len() - n).is_multiple_of(3) {
            out.push(separator);
        }
        out.push(digit);
    }
    out
}

/// Writes a part of a hundred: `40%`, `40 %` (a narrow no-break space).
#[must_use]
pub fn percent(lang: Lang, value: u64) -> String {
    match lang {
        Lang::En => format!("{value}%"),
        Lang::Fr => format!("{value}\u{202f}%"),
    }
}

const MONTHS_EN: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const MONTHS_FR: [&str; 12] =
    ["janv.", "févr.", "mars", "avr.", "mai", "juin", "juil.", "août", "sept.", "oct.", "nov.", "déc."];

/// Writes a day: `24 Nov 2026`, `24 nov. 2026`.
#[must_use]
pub fn date(lang: Lang, date: NaiveDate) -> String {
    let months = match lang {
        Lang::En => MONTHS_EN,
        Lang::Fr => MONTHS_FR,
    };
    let month = months.get(date.month0() as usize).copied().unwrap_or_default();
    let day = match (lang, date.day()) {
        (Lang::Fr, 1) => "1er".to_owned(),
        (_, day) => day.to_string(),
    };
    format!("{day} {month} {}", date.year())
}

/// Writes a day and an hour: `24 Nov 2026, 14:05`, `24 nov. 2026 à 14 h 05`.
#[must_use]
pub fn date_time(lang: Lang, at: NaiveDateTime) -> String {
    let day = date(lang, at.date());
    match lang {
        Lang::En => format!("{day}, {:02}:{:02}", at.hour(), at.minute()),
        Lang::Fr => format!("{day} à {} h {:02}", at.hour(), at.minute()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_as_the_language_does() {
        for (value, english, french) in [
            (0, "0", "0"),
            (999, "999", "999"),
            (1000, "1,000", "1\u{202f}000"),
            (-1_234_567, "-1,234,567", "-1\u{202f}234\u{202f}567"),
        ] {
            assert_eq!(number(Lang::En, value), english);
            assert_eq!(number(Lang::Fr, value), french);
        }
    }

    #[test]
    fn a_part_of_a_hundred_is_written_as_the_language_does() {
        assert_eq!((percent(Lang::En, 40), percent(Lang::Fr, 40)), ("40%".into(), "40\u{202f}%".into()));
    }

    #[test]
    fn days_and_hours_are_written_as_the_language_does() {
        let at = NaiveDate::from_ymd_opt(2027, 8, 1).unwrap().and_hms_opt(9, 5, 0).unwrap();
        assert_eq!(date_time(Lang::En, at), "1 Aug 2027, 09:05");
        assert_eq!(date_time(Lang::Fr, at), "1er août 2027 à 9 h 05");
    }
}
