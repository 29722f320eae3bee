//! The rules of vCalendar 1.0 (`W1 MO WE #10`) as those of iCalendar.

use chrono::{NaiveDate, NaiveDateTime, NaiveTime, Timelike};
use passerelle_calendar::{Event, Start, occurrences};

use super::wall_text;
use crate::ical::repair::{When, when};

/// Says a rule as iCalendar does; nothing of one that is no rule of vCalendar. `moment` turns a time on the wall of the
/// calendar into UTC.
pub(super) fn translated(
    text: &str,
    start: Option<When>,
    moment: impl Fn(NaiveDateTime) -> Option<NaiveDateTime>,
) -> Option<String> {
    let upper = text.to_ascii_uppercase();
    let mut words = upper.split([' ', '\t', ',']).filter(|word| !word.is_empty());
    let (kind, interval) = frequency(words.next()?)?;
    let mut rest: Vec<&str> = words.collect();
    let (mut count, mut end) = (None, None);
    while let Some(last) = rest.last() {
        if let Some(number) = last.strip_prefix('#') {
            count = Some(number.parse::<u32>().ok()?);
        } else if let Some(at) = when(last).filter(|_| last.len() >= 8) {
            end = Some(at);
        } else {
            break;
        }
        rest.pop();
    }
    let mut parts = vec![format!("FREQ={}", kind.frequency())];
    if interval > 1 {
        parts.push(format!("INTERVAL={interval}"));
    }
    // A time of the day is four digits long, which nothing else is.
    let (times, rest): (Vec<&str>, Vec<&str>) = rest.into_iter().partition(|word| is_time(word));
    parts.extend(kind.list(&rest)?);
    parts.extend(hours(&times, start)?);
    let rule = parts.join(";");
    let last = last_of(&rule, start, count, end, moment)?;
    Some(rule + &last)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Daily,
    Weekly,
    MonthlyByPosition,
    MonthlyByDay,
    YearlyByMonth,
    YearlyByDay,
}

/// Reads `W2`: how often, and every how many times.
fn frequency(word: &str) -> Option<(Kind, u32)> {
    let kinds = [
        ("MP", Kind::MonthlyByPosition),
        ("MD", Kind::MonthlyByDay),
        ("YM", Kind::YearlyByMonth),
        ("YD", Kind::YearlyByDay),
        ("D", Kind::Daily),
        ("W", Kind::Weekly),
    ];
    let (kind, digits) = kinds.iter().find_map(|(name, kind)| Some((*kind, word.strip_prefix(name)?)))?;
    let number = (1..=4).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    Some((kind, if number { digits.parse().ok()? } else { return None }))
}

impl Kind {
    fn frequency(self) -> &'static str {
        match self {
            Kind::Daily => "DAILY",
            Kind::Weekly => "WEEKLY",
            Kind::MonthlyByPosition | Kind::MonthlyByDay => "MONTHLY",
            Kind::YearlyByMonth | Kind::YearlyByDay => "YEARLY",
        }
    }

    /// Reads which days or months are meant; an empty list leaves that to the start.
    fn list(self, words: &[&str]) -> Option<Option<String>> {
        let (name, list) = match self {
            Kind::Daily if words.is_empty() => return Some(None),
            Kind::Daily => return None,
            Kind::Weekly => ("BYDAY", words.iter().map(|word| weekday(word)).collect::<Option<Vec<_>>>()?),
            Kind::MonthlyByPosition => ("BYDAY", positions(words)?),
            Kind::MonthlyByDay => ("BYMONTHDAY", words.iter().map(|word| day(word)).collect::<Option<_>>()?),
            Kind::YearlyByMonth => {
                ("BYMONTH", words.iter().map(|word| number(word, 12)).collect::<Option<_>>()?)
            }
            Kind::YearlyByDay => {
                ("BYYEARDAY", words.iter().map(|word| number(word, 366)).collect::<Option<_>>()?)
            }
        };
        Some((!list.is_empty()).then(|| format!("{name}={}", list.join(","))))
    }
}

/// A `$` behind a word ends the list early in some round of the rule, which one that ends by itself does not need.
fn weekday(word: &str) -> Option<String> {
    let word = word.trim_end_matches('$');
    ["MO", "TU", "WE", "TH", "FR", "SA", "SU"].contains(&word).then(|| word.to_owned())
}

fn number(word: &str, most: u32) -> Option<String> {
    let number: u32 = word.trim_end_matches('$').parse().ok()?;
    (1..=most).contains(&number).then(|| number.to_string())
}

/// Reads a day of a month: from its beginning (`15`, `15+`), from its end (`2-`), or the last one (`LD`).
fn day(word: &str) -> Option<String> {
    let word = word.trim_end_matches('$');
    match word.strip_suffix('-') {
        _ if word == "LD" => Some("-1".to_owned()),
        Some(back) => Some(format!("-{}", number(back, 31)?)),
        None => number(word.strip_suffix('+').unwrap_or(word), 31),
    }
}

/// Reads weekdays with their places in the month: `1+ 2- MO TU` names four days.
fn positions(words: &[&str]) -> Option<Vec<String>> {
    let (mut places, mut days, mut behind): (Vec<String>, Vec<String>, bool) =
        (Vec::new(), Vec::new(), false);
    for word in words {
        if let Some(weekday) = weekday(word) {
            let all: Vec<String> = places.iter().map(|place| format!("{place}{weekday}")).collect();
            days.extend(if all.is_empty() { vec![weekday] } else { all });
            behind = true;
            continue;
        }
        if std::mem::take(&mut behind) {
            places.clear();
        }
        let word = word.trim_end_matches('$');
        places.push(match word.strip_suffix('-') {
            Some(back) => format!("-{}", number(back, 5)?),
            None => number(word.strip_suffix('+')?, 5)?,
        });
    }
    Some(days)
}

fn is_time(word: &str) -> bool {
    word.len() == 4 && word.bytes().all(|byte| byte.is_ascii_digit())
}

/// Reads the times of the day: that of the start need not be said, and several are of one minute.
fn hours(words: &[&str], start: Option<When>) -> Option<Option<String>> {
    let times: Vec<NaiveTime> =
        words.iter().map(|word| NaiveTime::parse_from_str(word, "%H%M").ok()).collect::<Option<_>>()?;
    let Some(first) = times.first() else { return Some(None) };
    let begun = start.and_then(wall_of).map(|wall| wall.time());
    if times.len() == 1 && begun == Some(*first) {
        return Some(None);
    }
    if times.iter().any(|time| time.minute() != first.minute()) {
        return None;
    }
    let hours: Vec<String> = times.iter().map(|time| time.hour().to_string()).collect();
    Some(Some(format!("BYHOUR={};BYMINUTE={}", hours.join(","), first.minute())))
}

fn wall_of(at: When) -> Option<NaiveDateTime> {
    Some(match at {
        When::Day(_) => return None,
        When::Wall(wall) => wall,
        When::Moment(moment) => moment.naive_utc(),
    })
}

fn date_of(at: When) -> NaiveDate {
    match at {
        When::Day(day) => day,
        When::Wall(wall) => wall.date(),
        When::Moment(moment) => moment.date_naive(),
    }
}

/// Says how long a rule goes on. Of a number and an end that stand both, the one that comes first counts; where none
/// stands, there are two occurrences.
fn last_of(
    rule: &str,
    start: Option<When>,
    count: Option<u32>,
    end: Option<When>,
    moment: impl Fn(NaiveDateTime) -> Option<NaiveDateTime>,
) -> Option<String> {
    let counted = |count: u32| format!(";COUNT={count}");
    let Some(end) = end else {
        return Some(match count {
            Some(0) => String::new(),
            count => counted(count.unwrap_or(2)),
        });
    };
    if let Some(count) = count.filter(|count| *count > 0)
        && is_over(rule, start, count, date_of(end))
    {
        return Some(counted(count));
    }
    let until = match (start, end) {
        (Some(When::Day(_)), end) => date_of(end).format("%Y%m%d").to_string(),
        (_, When::Moment(moment)) => format!("{}Z", wall_text(moment.naive_utc())),
        (_, When::Day(day)) => last_second(day.into(), moment)?,
        // Midnight stands for its day.
        (_, When::Wall(wall)) => last_second(wall, moment)?,
    };
    Some(format!(";UNTIL={until}"))
}

fn last_second(
    wall: NaiveDateTime,
    moment: impl Fn(NaiveDateTime) -> Option<NaiveDateTime>,
) -> Option<String> {
    let midnight = wall == wall.date().into();
    let wall = if midnight { wall.date().and_hms_opt(23, 59, 59)? } else { wall };
    Some(match moment(wall) {
        Some(moment) => format!("{}Z", wall_text(moment)),
        None => wall_text(wall),
    })
}

/// The most occurrences that are counted.
const COUNTED: u32 = 2_000;

/// Tells whether so many occurrences of a rule are over on a day.
fn is_over(rule: &str, start: Option<When>, count: u32, last: NaiveDate) -> bool {
    let start = match start {
        Some(When::Day(date)) => Start::Date { date },
        Some(start) => Start::Floating { local: wall_of(start).unwrap_or_default() },
        None => return false,
    };
    let Some(after) = last.succ_opt().filter(|after| count <= COUNTED && *after > start.date()) else {
        return false;
    };
    let event =
        Event { start: Some(start.clone()), recurrence_rules: vec![rule.to_owned()], ..Event::default() };
    let most = usize::try_from(count).unwrap_or_default();
    occurrences(&event, start.date()..after, most).is_ok_and(|found| found.list.len() >= most)
}
