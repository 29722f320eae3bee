//! vCalendar 1.0, which old telephones and organisers write: what it says in its own way is said as iCalendar does.

mod rule;

use chrono::{Datelike, Days, NaiveDate, NaiveDateTime, TimeDelta, Weekday};

use super::{
    own,
    repair::{When, when},
    zones::{self, local_time},
};
use crate::content::{Component, Line, split, unescape};

/// What a calendar says of its clock, as vCalendar does: `TZ` and `DAYLIGHT`.
#[derive(Default)]
pub(super) struct Header {
    /// Whether it calls itself version 1.0.
    is_old: bool,
    /// The offset without daylight saving time, in seconds.
    offset: Option<i32>,
    /// The zone, where a program wrote its name in the place of an offset.
    name: Option<String>,
    /// When daylight saving time lasts, in the order of the file.
    summers: Vec<Summer>,
    /// Whether the clock was described already.
    is_described: bool,
}

/// One time of daylight saving: its offset in seconds, and when it begins and ends on the wall.
#[derive(Clone, Copy)]
struct Summer {
    offset: i32,
    begin: NaiveDateTime,
    end: NaiveDateTime,
}

/// How many times of daylight saving are heard: one a year, longer than clocks are looked at.
const MOST: usize = 150;

impl Header {
    /// Takes a line of the calendar; tells whether it says something of its clock.
    pub(super) fn take(&mut self, line: &Line) -> bool {
        match line.name.as_str() {
            "VERSION" => {
                self.is_old = line.value.trim() == "1.0";
                false
            }
            "TZ" => {
                self.offset = offset_of(&line.value);
                let name = line.value.trim();
                self.name = (self.offset.is_none() && !name.is_empty()).then(|| name.to_owned());
                self.is_described = false;
                true
            }
            "DAYLIGHT" => {
                let summer = summer_of(&line.value).filter(|_| self.summers.len() < MOST);
                self.summers.extend(summer);
                self.is_described = false;
                true
            }
            _ => false,
        }
    }

    /// Returns the offset without daylight saving time.
    fn standard(&self) -> Option<i32> {
        self.offset.or_else(|| self.summers.first().map(|first| first.offset - 3600))
    }

    /// Returns the name by which the zone of the calendar goes here.
    fn zone(&self) -> Option<String> {
        if let Some(name) = &self.name {
            return Some(name.clone());
        }
        let text = offset_text(self.standard()?);
        Some(match self.summers.first() {
            Some(first) => format!("TZ {text} DAYLIGHT {}", offset_text(first.offset)),
            None => format!("UTC{text}"),
        })
    }

    /// Returns a description of the zone of the calendar, once, where its name does not say all.
    pub(super) fn described(&mut self) -> Option<Component> {
        if self.summers.is_empty() || self.name.is_some() || std::mem::replace(&mut self.is_described, true) {
            return None;
        }
        Some(self.description(&self.zone()?, self.standard()?))
    }

    /// Describes the clock: the years that are listed as they are, those before and after them by the same rule.
    fn description(&self, name: &str, standard: i32) -> Component {
        let mut summers = self.summers.clone();
        summers.sort_by_key(|summer| summer.begin);
        let (first, last) = (summers.first().copied(), summers.last().copied());
        let mut parts = Vec::new();
        for summer in &summers {
            let rule = |wall| last.filter(|last| last.begin == summer.begin).and_then(|_| yearly(wall));
            parts.push(part(true, summer.begin, (standard, summer.offset), rule(summer.begin)));
            parts.push(part(false, summer.end, (summer.offset, standard), rule(summer.end)));
        }
        let before = |wall: NaiveDateTime| {
            let until = wall.checked_sub_signed(TimeDelta::days(30))?;
            Some((like_in_1970(wall)?, format!("{};UNTIL={}", yearly(wall)?, wall_text(until))))
        };
        if let Some(first) = first {
            let begin = before(first.begin);
            let end = before(first.end);
            parts.extend(begin.map(|(at, rule)| part(true, at, (standard, first.offset), Some(rule))));
            parts.extend(end.map(|(at, rule)| part(false, at, (first.offset, standard), Some(rule))));
        }
        Component {
            name: "VTIMEZONE".to_owned(),
            lines: vec![Line::text("TZID", name)],
            children: parts,
            ..Component::default()
        }
    }

    /// Returns the moment in UTC of a time on the wall of the calendar.
    fn moment(&self, wall: NaiveDateTime) -> Option<NaiveDateTime> {
        let standard = self.offset?;
        let summer = self.summers.iter().find(|summer| (summer.begin..summer.end).contains(&wall));
        let offset = summer.map_or(standard, |summer| summer.offset);
        wall.checked_sub_signed(TimeDelta::seconds(i64::from(offset)))
    }
}

/// Says what an event of vCalendar says as iCalendar does.
pub(super) fn translate(event: &mut Component, header: &Header) {
    all_day(event);
    let start = event.get("DTSTART").and_then(|line| when(line.value.trim()));
    let utc = matches!(start, Some(When::Moment(_)));
    let mut alarms = Vec::new();
    event.lines.retain(|line| {
        let alarm = alarm_of(line, header, utc);
        let is_alarm = alarm.is_some();
        alarms.extend(alarm);
        !is_alarm
    });
    event.children.extend(alarms);
    for line in &mut event.lines {
        match line.name.as_str() {
            "RRULE" | "EXRULE" => {
                if let Some(rule) = rule::translated(&line.value, start, |wall| header.moment(wall)) {
                    line.value = rule;
                }
            }
            "ATTENDEE" => guest(line, header.is_old),
            "CATEGORIES" | "RESOURCES" if header.is_old => {
                let parts: Vec<&str> = split(&line.value, ';').into_iter().map(str::trim).collect();
                line.value = parts.join(",");
            }
            "TRANSP" if line.value.trim() == "0" => line.value = "OPAQUE".to_owned(),
            "TRANSP" if line.value.trim() == "1" => line.value = "TRANSPARENT".to_owned(),
            "DCREATED" => {
                *line = Line { params: line.params.clone(), ..Line::new("CREATED", line.value.clone()) }
            }
            _ => {}
        }
    }
    let Some(zone) = header.zone() else { return };
    let is_time = |line: &&mut Line| {
        matches!(line.name.as_str(), "DTSTART" | "DTEND" | "RECURRENCE-ID" | "EXDATE" | "RDATE")
    };
    for line in event.lines.iter_mut().filter(is_time) {
        let local = split(&line.value, ';').into_iter().flat_map(|text| text.split(',')).any(is_local);
        if local && line.param("TZID").is_none() {
            line.params.push(("TZID".to_owned(), vec![zone.clone()]));
        }
    }
}

fn is_local(text: &str) -> bool {
    matches!(when(text.split('/').next().unwrap_or(text)), Some(When::Wall(_)))
}

/// Marks with which programs say that an event is a day, which vCalendar has no form for.
fn is_marked_as_day(line: &Line) -> bool {
    let value = line.value.trim().to_ascii_uppercase();
    match line.name.as_str() {
        "X-EPOCAGENDAENTRYTYPE" => matches!(value.as_str(), "ANNIVERSARY" | "EVENT"),
        "X-FUNAMBOL-ALLDAY" | "X-ALLDAY" | "X-SYNCML-ALLDAY" => matches!(value.as_str(), "1" | "TRUE" | "T"),
        _ => false,
    }
}

/// Gives an event that is marked as a day, and begins at midnight, the days from its start to its end.
fn all_day(event: &mut Component) {
    let wall = |name: &str| match event.get(name).and_then(|line| when(line.value.trim())) {
        Some(When::Wall(wall)) => Some(wall),
        _ => None,
    };
    let begin = wall("DTSTART").filter(|begin| *begin == begin.date().into());
    let Some(begin) = begin.filter(|_| event.lines.iter().any(is_marked_as_day)) else { return };
    let end = wall("DTEND").unwrap_or(begin);
    // The last minute of a day, or its first one, means the day itself.
    let on_midnight = end == end.date().into() && end > begin;
    let after = if on_midnight { Some(end.date()) } else { end.date().succ_opt() };
    let after = after.filter(|after| *after > begin.date());
    for line in &mut event.lines {
        let date = match line.name.as_str() {
            "DTSTART" => Some(begin.date()),
            "DTEND" => after,
            _ => None,
        };
        if let Some(date) = date {
            *line = Line { number: line.number, ..Line::new(&line.name, date.format("%Y%m%d").to_string()) }
                .with("VALUE", "DATE");
        }
    }
}

/// Reads a reminder of vCalendar: its moment, how often it comes again and after how long, then what it shows or plays.
fn alarm_of(line: &Line, header: &Header, utc: bool) -> Option<Component> {
    let action = match line.name.as_str() {
        "DALARM" => "DISPLAY",
        "AALARM" => "AUDIO",
        "PALARM" => "PROCEDURE",
        "MALARM" => "EMAIL",
        _ => return None,
    };
    let parts: Vec<&str> = split(&line.value, ';').into_iter().map(str::trim).collect();
    let part = |at: usize| parts.get(at).copied().filter(|text| !text.is_empty());
    let mut lines = vec![Line::new("ACTION", action), trigger_of(part(0)?, header, utc)?];
    lines.extend(part(1).map(|snooze| Line::new("DURATION", snooze)));
    lines.extend(part(2).map(|times| Line::new("REPEAT", times)));
    let content = part(3).map(unescape);
    match (action, content) {
        (_, None) => {}
        ("DISPLAY", Some(text)) => lines.push(Line::text("DESCRIPTION", &text)),
        ("EMAIL", Some(address)) => lines.push(Line::new("ATTENDEE", format!("mailto:{address}"))),
        (_, Some(place)) => lines.push(Line { params: line.params.clone(), ..Line::new("ATTACH", place) }),
    }
    let rest = parts.get(4..).unwrap_or_default().join(";");
    lines.extend((!rest.is_empty()).then(|| Line::text("DESCRIPTION", &unescape(&rest))));
    Some(Component { name: "VALARM".to_owned(), line: line.number, lines, ..Component::default() })
}

/// Returns when a reminder comes; one on the wall of the calendar is a moment where the event begins at one.
fn trigger_of(text: &str, header: &Header, utc: bool) -> Option<Line> {
    let Some(at) = when(text) else {
        // Some programs write how long before the start it comes.
        return super::repair::length(text).map(|_| Line::new("TRIGGER", text));
    };
    let value = match at {
        When::Wall(wall) => match header.moment(wall).filter(|_| utc) {
            Some(moment) => format!("{}Z", wall_text(moment)),
            None => wall_text(wall),
        },
        When::Day(day) => wall_text(day.into()),
        When::Moment(moment) => format!("{}Z", wall_text(moment.naive_utc())),
    };
    Some(Line::new("TRIGGER", value).with("VALUE", "DATE-TIME"))
}

/// Says as iCalendar does who takes part: vCalendar has other words, and the name before the address.
fn guest(line: &mut Line, is_old: bool) {
    let mut more: Vec<(&str, &str)> = Vec::new();
    line.params.retain(|(name, values)| {
        let value = values.first().map(|value| value.trim().to_ascii_uppercase()).unwrap_or_default();
        let (said, exact) = match (name.as_str(), value.replace(' ', "-").as_str()) {
            ("STATUS", "ACCEPTED") => (Some(("PARTSTAT", "ACCEPTED")), true),
            ("STATUS", "CONFIRMED") => (Some(("PARTSTAT", "ACCEPTED")), false),
            ("STATUS", "DECLINED") => (Some(("PARTSTAT", "DECLINED")), true),
            ("STATUS", "TENTATIVE") => (Some(("PARTSTAT", "TENTATIVE")), true),
            ("STATUS", "NEEDS-ACTION") => (None, true),
            ("STATUS", "DELEGATED") => (Some(("PARTSTAT", "DELEGATED")), true),
            ("STATUS", "COMPLETED") => (Some(("PARTSTAT", "COMPLETED")), true),
            ("EXPECT", "FYI") => (Some(("ROLE", "NON-PARTICIPANT")), true),
            ("EXPECT", "REQUIRE") => (None, true),
            ("EXPECT", "REQUEST") => (Some(("ROLE", "OPT-PARTICIPANT")), true),
            ("ROLE", "ATTENDEE") => (None, true),
            ("ROLE", "ORGANIZER" | "OWNER") => (Some((own::ORGANIZER, "TRUE")), true),
            ("RSVP", "YES") => (Some(("RSVP", "TRUE")), true),
            ("RSVP", "NO") => (Some(("RSVP", "FALSE")), true),
            _ => (None, false),
        };
        more.extend(said);
        !exact
    });
    for (name, value) in more {
        if line.param(name).is_none() {
            line.params.push((name.to_owned(), vec![value.to_owned()]));
        }
    }
    let value = line.unescaped();
    // A person without an address.
    if is_old && !value.trim().is_empty() && !value.contains(['@', ':', '/']) {
        if line.param("CN").is_none() {
            line.params.push(("CN".to_owned(), vec![value.trim().to_owned()]));
        }
        line.value = super::guests::NOBODY.to_owned();
    }
}

/// Reads `+01`, `-05:30`, `+1` or `-0500`, in seconds; nothing of a name.
fn offset_of(text: &str) -> Option<i32> {
    let number =
        text.trim().trim_start_matches(['+', '-']).bytes().all(|byte| byte.is_ascii_digit() || byte == b':');
    zones::offset(text).filter(|_| number)
}

fn offset_text(seconds: i32) -> String {
    let sign = if seconds < 0 { '-' } else { '+' };
    format!("{sign}{:02}:{:02}", seconds.abs() / 3600, seconds.abs() / 60 % 60)
}

/// Reads when daylight saving time lasts: `TRUE;+02;20260329T020000;20261025T030000;CET;CEST`.
fn summer_of(text: &str) -> Option<Summer> {
    let mut parts = text.split(';').map(str::trim);
    parts.next().filter(|word| word.eq_ignore_ascii_case("TRUE"))?;
    let offset = offset_of(parts.next()?)?;
    let mut wall = || {
        let text = parts.next()?.trim_end_matches(['Z', 'z']);
        // Some programs name the last second before.
        let wall =
            local_time(text).or_else(|| NaiveDate::parse_from_str(text, "%Y%m%d").ok().map(Into::into))?;
        let second = i64::from(text.ends_with("5959"));
        wall.checked_add_signed(TimeDelta::seconds(second))
    };
    let (begin, end) = (wall()?, wall()?);
    Some(Summer { offset, begin, end }).filter(|summer| summer.begin < summer.end)
}

fn part(daylight: bool, at: NaiveDateTime, (from, to): (i32, i32), rule: Option<String>) -> Component {
    let mut lines = vec![
        Line::new("DTSTART", wall_text(at)),
        Line::new("TZOFFSETFROM", offset_text(from).replace(':', "")),
        Line::new("TZOFFSETTO", offset_text(to).replace(':', "")),
    ];
    lines.extend(rule.map(|rule| Line::new("RRULE", rule)));
    let name = if daylight { "DAYLIGHT" } else { "STANDARD" };
    Component { name: name.to_owned(), lines, ..Component::default() }
}

/// Returns the rule by which a change of the clocks comes yearly: on the same weekday of its month, counted from the end
/// where it is the last one.
fn yearly(at: NaiveDateTime) -> Option<String> {
    let next = at.date().checked_add_days(Days::new(7))?;
    let place = if next.month() == at.month() { i64::from(at.day0() / 7 + 1) } else { -1 };
    let day = weekday_text(at.weekday());
    Some(format!("FREQ=YEARLY;BYMONTH={};BYDAY={place}{day}", at.month()))
}

fn like_in_1970(at: NaiveDateTime) -> Option<NaiveDateTime> {
    Some(NaiveDate::from_ymd_opt(1970, at.month(), 1)?.and_time(at.time()))
}

fn weekday_text(day: Weekday) -> &'static str {
    match day {
        Weekday::Mon => "MO",
        Weekday::Tue => "TU",
        Weekday::Wed => "WE",
        Weekday::Thu => "TH",
        Weekday::Fri => "FR",
        Weekday::Sat => "SA",
        Weekday::Sun => "SU",
    }
}

fn wall_text(wall: NaiveDateTime) -> String {
    wall.format("%Y%m%dT%H%M%S").to_string()
}
