//! Occurrences that are added or called off one by one: `RDATE` and `EXDATE`.

use std::collections::BTreeSet;

use chrono::{NaiveDate, NaiveDateTime, TimeZone};
use passerelle_calendar::{Duration, Event, RecurrenceId, Start, name_of, occurrences};

use super::{
    read::start_at,
    repair::{When, length, when},
    rest,
    rule::rule_of,
    zones::Zones,
};
use crate::{Reason, content::Line};

/// Takes the occurrences of a line over. What of it cannot be read costs neither the others nor the event: it is
/// returned, to be kept.
pub(super) fn take(event: &mut Event, line: &Line, zones: &mut Zones, days: &mut Days) -> Option<String> {
    let mut bad = Vec::new();
    for text in texts_of(line) {
        match period_of(text, line, event, zones, days) {
            Ok((id, _)) if line.name == "EXDATE" => {
                event.recurrence_overrides.entry(id.to_string()).or_default().excluded = true;
            }
            Ok((id, length)) => {
                event.recurrence_dates.insert(id.to_string(), true);
                if let Some(length) = length.filter(|length| *length != event.duration) {
                    event.recurrence_overrides.entry(id.to_string()).or_default().duration = Some(length);
                }
            }
            Err(_) => bad.push(text),
        }
    }
    (!bad.is_empty()).then(|| rest::whole(&Line { value: bad.join(","), ..line.clone() }))
}

/// The values of a line, also where a program parted them by semicolons.
fn texts_of(line: &Line) -> impl Iterator<Item = &str> {
    line.value.split([',', ';']).map(str::trim).filter(|text| !text.is_empty())
}

/// Tells whether a series says itself what a line of one of its changed occurrences says.
pub(super) fn is_said(series: &Event, line: &Line, zones: &mut Zones, days: &mut Days) -> bool {
    let rules = match line.name.as_str() {
        "RRULE" => &series.recurrence_rules,
        "EXRULE" => &series.excluded_recurrence_rules,
        name => {
            return texts_of(line).all(|text| {
                let id = id_of(text, line, series, zones, days).map(|id| id.to_string()).unwrap_or_default();
                match name {
                    "RDATE" => series.recurrence_dates.contains_key(&id),
                    _ => series.recurrence_overrides.get(&id).is_some_and(|change| change.excluded),
                }
            });
        }
    };
    rule_of(line).is_none_or(|rule| rules.contains(&rule))
}

/// Reads an occurrence that a line names, with its length where it is written as a period.
fn period_of(
    text: &str,
    line: &Line,
    event: &Event,
    zones: &mut Zones,
    days: &mut Days,
) -> Result<(RecurrenceId, Option<Duration>), Reason> {
    let (start, end) = text.split_once('/').map_or((text, None), |(start, end)| (start, Some(end)));
    let id = id_of(start, line, event, zones, days)?;
    let length = match end {
        None => None,
        Some(end) => match length(end) {
            Some((false, length)) => Some(length),
            _ => {
                let (start, end) = (start_at(start, line, zones)?, start_at(end, line, zones)?);
                Some(start.until(&end).ok_or(Reason::EndBeforeStart)?)
            }
        },
    };
    Ok((id, length))
}

/// Names an occurrence by the clock of its series, however it is written.
pub(super) fn id_of(
    text: &str,
    line: &Line,
    event: &Event,
    zones: &mut Zones,
    days: &mut Days,
) -> Result<RecurrenceId, Reason> {
    let series = event.start.as_ref().ok_or(Reason::NoStart)?;
    if series.is_all_day() {
        return day_of(text, event, zones, days).map(RecurrenceId::Date).ok_or(Reason::BadDate);
    }
    let at = start_at(text, line, zones)?;
    let shown = match (series, &at) {
        (_, Start::Date { date }) => RecurrenceId::Local(date.and_time(series.wall().time())),
        (Start::Zoned { zone, .. }, Start::Zoned { zone: other, .. }) if zone != other => {
            at.instant().and_then(|instant| RecurrenceId::at(instant, series)).ok_or(Reason::UnknownZone)?
        }
        (Start::Floating { .. }, Start::Zoned { .. }) => RecurrenceId::Local(floating(&at, zones)),
        _ => RecurrenceId::Local(at.wall()),
    };
    Ok(series.zone().map_or(shown, |zone| name_of(event, shown, zone)))
}

/// Returns the day of an occurrence of an all-day series: the one that is written, whatever the zone. Some
/// programs write midnight in UTC: then it is the day by the clock of the calendar.
fn day_of(text: &str, event: &Event, zones: &Zones, days: &mut Days) -> Option<NaiveDate> {
    let moment = match when(text)? {
        When::Day(date) => return Some(date),
        When::Wall(local) => return Some(local.date()),
        When::Moment(moment) => moment,
    };
    let written = moment.date_naive();
    if let Some(zone) = zones.calendar() {
        return Some(zone.from_utc_datetime(&moment.naive_utc()).date_naive());
    }
    let neighbours = [written.succ_opt(), written.pred_opt()];
    let found = [Some(written)].into_iter().chain(neighbours).flatten().find(|date| days.have(event, *date));
    Some(found.unwrap_or(written))
}

/// The days on which an all-day series takes place by its rules, worked out when they are asked for.
#[derive(Default)]
pub(super) struct Days(Option<BTreeSet<NaiveDate>>);

impl Days {
    /// Tells whether a series has an occurrence on a day.
    fn have(&mut self, series: &Event, date: NaiveDate) -> bool {
        self.0.get_or_insert_with(|| days_of(series).unwrap_or_default()).contains(&date)
    }
}

/// For how many days from its start a series is looked at.
const FARTHEST: u64 = 50 * 366;

fn days_of(series: &Event) -> Option<BTreeSet<NaiveDate>> {
    #[cfg(test)]
    tests::WORKED_OUT.with(|count| count.set(count.get() + 1));
    let first = series.start.as_ref()?.date();
    let last = first.checked_add_days(chrono::Days::new(FARTHEST))?;
    let rules = Event {
        start: series.start.clone(),
        recurrence_rules: series.recurrence_rules.clone(),
        excluded_recurrence_rules: series.excluded_recurrence_rules.clone(),
        ..Event::default()
    };
    let found = occurrences(&rules, first..last, usize::try_from(FARTHEST).ok()?).ok()?;
    Some(found.list.iter().map(|one| one.start.date()).collect())
}

/// Returns the time on the wall of a moment in a series without a zone.
fn floating(at: &Start, zones: &Zones) -> NaiveDateTime {
    match (at.instant(), zones.calendar()) {
        (Some(instant), Some(zone)) => instant.with_timezone(&zone).naive_local(),
        _ => at.wall(),
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use crate::{EventFormat, read_events};

    thread_local! {
        /// How many times the days of a series were worked out.
        pub(super) static WORKED_OUT: Cell<usize> = const { Cell::new(0) };
    }

    /// Reads an all-day series with some lines, and returns how many times its days were worked out.
    fn work(lines: &str, changes: &str) -> usize {
        let text = format!(
            "BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:a\nDTSTART;VALUE=DATE:20200101\nRRULE:FREQ=DAILY\n{lines}END:VEVENT\n\
             {changes}END:VCALENDAR\n"
        );
        WORKED_OUT.with(|count| count.set(0));
        let found: Vec<_> = read_events(text.as_bytes(), EventFormat::ICalendar).collect();
        assert_eq!(found.len(), 1);
        assert!(found.iter().all(Result::is_ok), "{found:?}");
        WORKED_OUT.with(Cell::get)
    }

    /// Names days as moments in UTC, one line each or all in one.
    fn moments(name: &str, count: u32, one_line: bool) -> String {
        let start: chrono::NaiveDate = "2020-01-02".parse().unwrap_or_default();
        let days = start.iter_days().take(count as usize);
        let texts: Vec<String> = days.map(|day| day.format("%Y%m%dT000000Z").to_string()).collect();
        if one_line {
            return format!("{name}:{}\n", texts.join(","));
        }
        texts.iter().map(|text| format!("{name}:{text}\n")).collect()
    }

    #[test]
    fn the_days_of_a_series_are_worked_out_once_for_all_its_dates() {
        for name in ["EXDATE", "RDATE"] {
            for one_line in [true, false] {
                for count in [1, 10, 200] {
                    assert_eq!(work(&moments(name, count, one_line), ""), 1, "{name} {count}");
                }
            }
        }
        let both = moments("EXDATE", 50, false) + &moments("RDATE", 50, true);
        assert_eq!(work(&both, ""), 1);
        assert_eq!(work("EXDATE;VALUE=DATE:20200102\n", ""), 0);
    }

    #[test]
    fn the_days_of_a_series_are_worked_out_once_for_all_its_changes() {
        for count in [1, 10, 100] {
            let names = moments("RECURRENCE-ID", count, false);
            let change = |name: &str| {
                format!(
                    "BEGIN:VEVENT\nUID:a\nDTSTART;VALUE=DATE:20250101\n{name}\nEXDATE:20200301T000000Z\nEND:VEVENT\n"
                )
            };
            let changes: String = names.lines().map(change).collect();
            assert_eq!(work("", &changes), 1, "{count}");
        }
    }
}
