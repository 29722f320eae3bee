//! The names of occurrences when one side moved a series while the other one changed an occurrence of it.

use std::collections::BTreeMap;

use chrono::{Datelike, NaiveDate, NaiveDateTime};
use passerelle_ports::{Field, Fields, assemble};

use crate::{Event, RecurrenceId, Start, canonical_rule, contains};

/// Renames the overrides of a composed series that name an occurrence of the copy they come from, and none of the
/// series as it is now: the same occurrence has another name since its series begins at another time.
///
/// `taken` are the fields that come from `source`, all others come from `own`.
pub(crate) fn renamed(mut event: Event, own: Option<&Event>, source: &Event, taken: &[Field]) -> Event {
    let Some(start) = event.start.clone() else { return event };
    let changed_there = |key: &str| own.is_some_and(|own| own.recurrence_overrides.contains_key(key));
    let (now, own, source) = (Plan::of(&event), own.map(Plan::of), Plan::of(source));
    for key in event.recurrence_overrides.keys().cloned().collect::<Vec<_>>() {
        let is_taken = taken.contains(&Field::keyed("recurrence_overrides", &key));
        let origin = if is_taken { Some(&source) } else { own.as_ref() };
        let Some((old, origin)) = origin.and_then(|origin| Some((origin.0.start.as_ref()?, origin))) else {
            continue;
        };
        let Ok(id) = key.parse::<RecurrenceId>() else { continue };
        if now.has(id) || !origin.has(id) {
            continue;
        }
        let found = id.after_move(old, &start).find(|name| *old != start && now.has(*name));
        // An additional date that one side holds by its change alone is an occurrence of both.
        let is_date = is_taken && origin.0.recurrence_dates.contains_key(&key) && changed_there(&key);
        if found.is_none() && is_date && *old == start {
            continue;
        }
        let Some(name) = found else {
            // Neither side gave the series an occurrence there: what one of them ended, the other one changed.
            if contains(&now.0, id) == Ok(false) {
                event.recurrence_overrides.remove(&key);
            }
            continue;
        };
        let name = name.to_string();
        match event.recurrence_overrides.contains_key(&name) {
            // It has come across already, or both sides changed it: what was taken is told.
            true => drop(event.recurrence_overrides.remove(&key)),
            false => {
                if let Some(change) = event.recurrence_overrides.remove(&key) {
                    event.recurrence_overrides.insert(name, change);
                }
            }
        }
    }
    event
}

/// Returns the other name that an occurrence of a series has in another state of it, in which the series begins at another
/// time: as the occurrences of the company's tables get theirs.
pub(crate) fn placed(entry: &Field, from: &Fields, to: &Fields) -> Option<Field> {
    let id: RecurrenceId = entry.key()?.parse().ok()?;
    let plan = |all: &Fields| {
        let all = all.iter().filter(|(field, _)| PLANNED.contains(&field.member()));
        assemble(&all.map(|(field, value)| (field.clone(), value.clone())).collect::<Fields>()).ok().map(Plan)
    };
    let (from, to) = (plan(from)?, plan(to)?);
    if !from.has(id) {
        return None;
    }
    let mut names = to.names(id.wall(), from.0.start.as_ref()?).into_iter();
    let name = names.find(|name| to.has(*name)).filter(|name| *name != id)?;
    Some(Field::keyed(entry.member(), &name.to_string()))
}

/// The members of a series that tell when its occurrences are, but for what is changed of them.
const PLANNED: [&str; 4] = ["start", "recurrence_rules", "excluded_recurrence_rules", "recurrence_dates"];

/// Lets an additional date be there, or not, as the side has it that took its change away: a changed occurrence says by
/// itself that it takes place, and a side may hold it without the date. So a date stays that the other side holds by its
/// change alone.
pub(crate) fn dated(mut event: Event, own: Option<&Event>, source: &Event, taken: &[Field]) -> Event {
    if event.start != source.start {
        return event;
    }
    let changes =
        |event: &Event, key: &str| event.recurrence_overrides.get(key).is_some_and(|change| !change.excluded);
    for key in taken.iter().filter(|field| field.member() == "recurrence_dates").filter_map(Field::key) {
        let had = own.is_some_and(|own| own.recurrence_dates.contains_key(key));
        if had && changes(&event, key) && changes(source, key) {
            event.recurrence_dates.insert(key.to_owned(), true);
        }
    }
    let there = Plan::of(source);
    for key in taken.iter().filter(|field| field.member() == "recurrence_overrides").filter_map(Field::key) {
        if event.recurrence_overrides.contains_key(key) || source.recurrence_overrides.contains_key(key) {
            continue;
        }
        if source.recurrence_dates.contains_key(key) {
            event.recurrence_dates.insert(key.to_owned(), true);
        } else if key.parse().is_ok_and(|id| contains(&there.0, id) == Ok(false)) {
            event.recurrence_dates.remove(key);
        }
    }
    event
}

/// Keeps the changes of occurrences that the other side lost because it moved the series: nobody has taken them back. A
/// cancelled one of which nothing is known here but the place that it had there goes.
pub(crate) fn keep_lost(mut event: Event, own: &Event, taken: &[Field]) -> Event {
    let (Some(from), Some(to)) = (&own.start, event.start.clone()) else { return event };
    if *from == to || !taken.contains(&Field::new("start")) {
        return event;
    }
    let now = Plan::of(&event);
    let is_taken = |key: &str| taken.contains(&Field::keyed("recurrence_overrides", key));
    event.recurrence_overrides.retain(|key, change| {
        let id = key.parse::<RecurrenceId>();
        !(is_taken(key) && change.excluded && id.is_ok_and(|id| contains(&now.0, id) == Ok(false)))
    });
    let before = Plan::of(own);
    for (key, change) in own.recurrence_overrides.iter().filter(|(key, _)| is_taken(key)) {
        let Ok(id) = key.parse::<RecurrenceId>() else { continue };
        if event.recurrence_overrides.contains_key(key) || !before.has(id) {
            continue;
        }
        // In another zone the same name is another instant: what stood at the old one went with its place.
        let other_zone = from.zone() != to.zone();
        let mut names = id.after_move(from, &to);
        if let Some(name) = names.find(|name| (*name != id || other_zone) && now.has(*name)) {
            event.recurrence_overrides.entry(name.to_string()).or_insert_with(|| change.clone());
        }
    }
    event
}

/// A series without what is changed of its occurrences.
struct Plan(Event);

impl Plan {
    fn of(event: &Event) -> Self {
        Plan(Event { recurrence_overrides: BTreeMap::new(), ..event.clone() })
    }

    /// Returns the names that an occurrence may have which stood at `wall` while the series began at `from`, the likeliest
    /// first.
    fn names(&self, wall: NaiveDateTime, from: &Start) -> Vec<RecurrenceId> {
        let Some(to) = &self.0.start else { return Vec::new() };
        let rules: Vec<_> = self.0.recurrence_rules.iter().map(|rule| canonical_rule(rule)).collect();
        let says = |part: &str| rules.iter().any(|rule| rule.contains(part));
        let by_clock = wall.checked_add_signed(to.wall().time() - from.wall().time());
        let whole = wall.checked_add_signed(to.wall() - from.wall());
        let found = if to.date() == from.date() {
            vec![whole]
        } else if says(";BYDAY=") || says(";BYMONTHDAY=") || says(";BYYEARDAY=") || says(";BYWEEKNO=") {
            // Its days are its rule's own, unless the rule moves, too.
            vec![by_clock, whole]
        } else if says("FREQ=MONTHLY") || says("FREQ=YEARLY") {
            vec![by_clock.and_then(|at| in_month(at, from.date(), to.date()))]
        } else {
            vec![whole]
        };
        let is_day = to.is_all_day();
        let named = |at: NaiveDateTime| match is_day {
            true => RecurrenceId::Date(at.date()),
            false => RecurrenceId::Local(at),
        };
        found.into_iter().flatten().map(named).collect()
    }

    /// Tells whether its rules make this occurrence. Of rules that cannot be followed nobody knows.
    fn has(&self, id: RecurrenceId) -> bool {
        contains(&self.0, id).unwrap_or(false)
    }
}

/// Moves a time by the months between two days, to the day of the month of the second.
fn in_month(at: NaiveDateTime, from: NaiveDate, to: NaiveDate) -> Option<NaiveDateTime> {
    let months = |day: NaiveDate| day.year() * 12 + day.month0().cast_signed();
    let month = months(at.date()) + months(to) - months(from);
    let day =
        NaiveDate::from_ymd_opt(month.div_euclid(12), month.rem_euclid(12).cast_unsigned() + 1, to.day())?;
    Some(day.and_time(at.time()))
}

impl RecurrenceId {
    /// Returns the name that the occurrence has, at the same instant, in a series that begins in another zone.
    #[must_use]
    pub fn at_same_instant(self, from: &Start, to: &Start) -> Option<RecurrenceId> {
        if from.zone() == to.zone() {
            return None;
        }
        RecurrenceId::at(self.start_in(from).instant()?, to)
    }

    /// Returns the names that an occurrence may have after its series has moved from one start to another, the likeliest
    /// first: moved as far as the start, or at the new hour of its own day.
    pub fn after_move(self, from: &Start, to: &Start) -> impl Iterator<Item = RecurrenceId> {
        let moved = self.wall().checked_add_signed(to.wall() - from.wall());
        let of_the_day = self.wall().date().and_time(to.wall().time());
        let is_day = to.is_all_day();
        let named = move |wall: NaiveDateTime| match is_day {
            true => RecurrenceId::Date(wall.date()),
            false => RecurrenceId::Local(wall),
        };
        moved.into_iter().chain([of_the_day]).map(named)
    }
}

#[cfg(test)]
mod tests {
    use passerelle_ports::{Record, fields};

    use super::*;
    use crate::Override;

    fn series(start: &str, overrides: &[(&str, &str)]) -> Event {
        let change = |title: &str| Override { title: Some(title.to_owned()), ..Override::default() };
        Event {
            start: Some(start.parse().unwrap()),
            recurrence_rules: vec!["FREQ=WEEKLY;COUNT=6".to_owned()],
            recurrence_overrides: overrides
                .iter()
                .map(|(key, title)| ((*key).to_owned(), change(title)))
                .collect(),
            ..Event::default()
        }
    }

    const TEN: &str = "2027-01-04T10:00:00[Europe/Paris]";

    #[test]
    fn a_changed_occurrence_goes_along_with_its_series() {
        // Where the series begins now; the name of the second occurrence then.
        for (start, name) in [
            ("2027-01-04T08:15:00[Europe/Paris]", "2027-01-11T08:15:00"),
            ("2027-01-05T10:00:00[Europe/Paris]", "2027-01-12T10:00:00"),
            ("2027-01-06T09:00:00[Europe/Paris]", "2027-01-13T09:00:00"),
            ("2027-01-04", "2027-01-11"),
        ] {
            let theirs = series(TEN, &[("2027-01-11T10:00:00", "theirs")]);
            // Taken into the copy that was moved, and kept in the copy that is moved.
            let taken = [Field::keyed("recurrence_overrides", "2027-01-11T10:00:00")];
            let composed = series(start, &[("2027-01-11T10:00:00", "theirs")]);
            let wanted = series(start, &[(name, "theirs")]);
            assert_eq!(renamed(composed.clone(), Some(&series(start, &[])), &theirs, &taken), wanted);
            assert_eq!(renamed(composed, Some(&theirs), &series(start, &[]), &[Field::new("start")]), wanted);
            // It has come across already: it is there once.
            let twice = series(start, &[("2027-01-11T10:00:00", "theirs"), (name, "theirs")]);
            let taken = [Field::new("start"), Field::keyed("recurrence_overrides", name)];
            assert_eq!(renamed(twice, Some(&theirs), &wanted, &taken), wanted);
        }
    }

    #[test]
    fn what_lies_behind_the_end_that_the_other_side_set_is_no_occurrence_any_more() {
        let short = Event { recurrence_rules: vec!["FREQ=WEEKLY;COUNT=2".to_owned()], ..series(TEN, &[]) };
        let early = "2027-01-04T08:15:00[Europe/Paris]";
        for (start, name) in [(TEN, "2027-01-25T10:00:00"), (early, "2027-01-25T08:15:00")] {
            let own = series(start, &[(name, "own")]);
            let ended = Event { start: own.start.clone(), ..short.clone() };
            let composed = Event { recurrence_overrides: own.recurrence_overrides.clone(), ..ended.clone() };
            // Ended there, changed here; and the other way round.
            let taken = [Field::new("recurrence_rules")];
            assert_eq!(renamed(composed.clone(), Some(&own), &short, &taken), ended);
            let taken = [Field::keyed("recurrence_overrides", name)];
            assert_eq!(renamed(composed, Some(&ended), &own, &taken), ended);
        }
    }

    #[test]
    fn what_the_other_side_lost_as_it_moved_the_series_goes_along() {
        let named = [("2027-01-11T10:00:00", "own"), ("2027-01-18T10:00:00", "two")];
        let own = series(TEN, &named);
        let key = |name: &str| Field::keyed("recurrence_overrides", name);
        let taken = [Field::new("start"), key("2027-01-11T10:00:00"), key("2027-01-18T10:00:00")];
        for (start, names) in [
            ("2027-01-04T14:00:00[Europe/Paris]", ["2027-01-11T14:00:00", "2027-01-18T14:00:00"]),
            ("2027-01-05T09:00:00[America/New_York]", ["2027-01-12T09:00:00", "2027-01-19T09:00:00"]),
        ] {
            let theirs = series(start, &[]);
            let wanted = series(start, &[(names[0], "own"), (names[1], "two")]);
            assert_eq!(keep_lost(theirs.clone(), &own, &taken), wanted, "{start}");
            // It carried one along by itself.
            let theirs = series(start, &[(names[0], "theirs")]);
            let wanted = series(start, &[(names[0], "theirs"), (names[1], "two")]);
            let taken: Vec<Field> = taken.iter().cloned().chain([key(names[0])]).collect();
            assert_eq!(keep_lost(theirs.clone(), &own, &taken), wanted, "{start}");
        }
        // In another zone alone, under the same name.
        let abroad = "2027-01-04T10:00:00[America/New_York]";
        assert_eq!(keep_lost(series(abroad, &[]), &own, &taken), series(abroad, &named));
        // What is said of it there counts.
        let theirs = series(abroad, &[("2027-01-11T10:00:00", "theirs")]);
        let both = [("2027-01-11T10:00:00", "theirs"), ("2027-01-18T10:00:00", "two")];
        assert_eq!(keep_lost(theirs, &own, &taken), series(abroad, &both));
        // What was taken back while the series stayed is gone.
        let theirs = series(TEN, &[]);
        assert_eq!(keep_lost(theirs.clone(), &own, &taken[1..]), theirs);
    }

    #[test]
    fn an_occurrence_has_the_name_that_its_place_gives_it() {
        let of = |start: &str, rule: &str| {
            fields(&Event { recurrence_rules: vec![rule.to_owned()], ..series(start, &[]) })
        };
        let paris = |wall: &str| format!("{wall}[Europe/Paris]");
        let (daily, weekly, mondays) = ("FREQ=DAILY;COUNT=6", "FREQ=WEEKLY;COUNT=6", "FREQ=WEEKLY;BYDAY=MO");
        for (from, rule, to, then, name, wanted) in [
            // By whole days, although there is an occurrence of the old name.
            (TEN, daily, "2027-01-05T10:00:00", daily, "2027-01-06T10:00:00", Some("2027-01-07T10:00:00")),
            (TEN, weekly, "2027-01-11T10:00:00", weekly, "2027-01-11T10:00:00", Some("2027-01-18T10:00:00")),
            (TEN, daily, "2027-01-05T08:15:00", daily, "2027-01-06T10:00:00", Some("2027-01-07T08:15:00")),
            // By the hour.
            (TEN, daily, "2027-01-04T08:15:00", daily, "2027-01-06T10:00:00", Some("2027-01-06T08:15:00")),
            // Days of its own.
            (
                TEN,
                "FREQ=WEEKLY;BYDAY=MO,WE",
                "2027-01-06T09:00:00",
                "FREQ=WEEKLY;BYDAY=MO,WE",
                "2027-01-11T10:00:00",
                Some("2027-01-11T09:00:00"),
            ),
            (
                TEN,
                mondays,
                "2027-01-05T10:00:00",
                "FREQ=WEEKLY;BYDAY=TU",
                "2027-01-11T10:00:00",
                Some("2027-01-12T10:00:00"),
            ),
            // Months.
            (
                TEN,
                "FREQ=MONTHLY",
                "2027-02-04T10:00:00",
                "FREQ=MONTHLY",
                "2027-03-04T10:00:00",
                Some("2027-04-04T10:00:00"),
            ),
            (TEN, "FREQ=MONTHLY", "2027-01-30T10:00:00", "FREQ=MONTHLY", "2027-02-04T10:00:00", None),
            (
                TEN,
                "FREQ=MONTHLY",
                "2026-12-05T10:00:00",
                "FREQ=MONTHLY",
                "2027-01-04T10:00:00",
                Some("2026-12-05T10:00:00"),
            ),
            // Of no occurrence, of none any more, and of a series that stays.
            (TEN, daily, "2027-01-05T10:00:00", daily, "2027-01-06T11:00:00", None),
            (TEN, weekly, "2027-01-11T10:00:00", "FREQ=WEEKLY;COUNT=1", "2027-01-11T10:00:00", None),
            (TEN, daily, "2027-01-04T10:00:00", daily, "2027-01-06T10:00:00", None),
        ] {
            let field = Field::keyed("recurrence_overrides", name);
            let wanted = wanted.map(|name| Field::keyed("recurrence_overrides", name));
            let found = <Event as Record>::placed(&field, &of(from, rule), &of(&paris(to), then));
            assert_eq!(found, wanted, "{from} {rule} {to} {name}");
        }
    }

    #[test]
    fn an_additional_date_goes_or_stays_with_what_is_changed_of_it() {
        const KEY: &str = "2027-03-01T18:00:00";
        let taken = [Field::keyed("recurrence_overrides", KEY)];
        let with = |event: Event| Event { recurrence_dates: [(KEY.to_owned(), true)].into(), ..event };
        let bare = series(TEN, &[]);
        // Removed by the side that held it by its change alone; set back by the side that has the date.
        assert_eq!(dated(with(bare.clone()), None, &bare, &taken), bare);
        assert_eq!(dated(bare.clone(), None, &with(bare.clone()), &taken), with(bare.clone()));
        // Nothing was said of it, or its series is moved.
        assert_eq!(dated(with(bare.clone()), None, &bare, &[]), with(bare.clone()));
        let early = series("2027-01-04T08:15:00[Europe/Paris]", &[]);
        assert_eq!(dated(with(bare.clone()), None, &early, &taken), with(bare.clone()));
        // Changed by the side that has the date, while the other one holds it by its change alone; and the other way round.
        let changed = |title: &str| series(TEN, &[(KEY, title)]);
        let (own, source) = (changed("before"), with(changed("after")));
        let composed = renamed(changed("after"), Some(&own), &source, &taken);
        assert_eq!(dated(composed, Some(&own), &source, &taken), changed("after"));
        let both = [Field::keyed("recurrence_dates", KEY), taken[0].clone()];
        let (own, source) = (with(bare.clone()), changed("after"));
        let composed = renamed(changed("after"), Some(&own), &source, &both);
        assert_eq!(dated(composed, Some(&own), &source, &both), with(changed("after")));
        // An occurrence of the rule is no date.
        let of_rule = [Field::keyed("recurrence_overrides", "2027-01-11T10:00:00")];
        assert_eq!(dated(bare.clone(), None, &bare, &of_rule), bare);
    }

    #[test]
    fn one_of_several_hours_moves_as_far_as_the_first() {
        let at = |text: &str| text.parse::<RecurrenceId>().unwrap();
        let (ten, nine) = (TEN.parse().unwrap(), "2027-01-04T09:00:00[Europe/Paris]".parse().unwrap());
        let names: Vec<_> = at("2027-01-11T16:00:00").after_move(&ten, &nine).collect();
        assert_eq!(names, [at("2027-01-11T15:00:00"), at("2027-01-11T09:00:00")]);
    }

    #[test]
    fn what_names_no_occurrence_or_did_not_move_stays_as_it_is() {
        let early = "2027-01-04T08:15:00[Europe/Paris]";
        for (start, key) in
            [(TEN, "2027-01-11T10:00:00"), (early, "2027-01-12T10:00:00"), (early, "2027-01-11T08:15:00")]
        {
            let composed = series(start, &[(key, "own")]);
            let own = series(TEN, &[(key, "own")]);
            assert_eq!(
                renamed(composed.clone(), Some(&own), &series(start, &[]), &[Field::new("start")]),
                composed
            );
        }
    }
}
