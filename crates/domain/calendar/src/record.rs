//! What the engine asks of an event.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
};

use chrono::{DateTime, Days, Months, NaiveDate, NaiveTime, Utc};
use passerelle_ports::{Field, Fields, Kind, MatchKey, Record, Value, assemble};
use serde_json::{Map, json};

use crate::{
    Event, Override, Participant, Privacy, Start, moved,
    normal::{lower, normal},
    normal_line, normal_text, occurrences,
};

/// The title of an event of which a stranger may know only that time is taken.
pub const BUSY_TITLE: &str = "Busy";

/// Counts those who are asked to an event, beside the one who asks.
fn others(participants: &BTreeMap<String, Participant>) -> u64 {
    participants.values().filter(|guest| !guest.organizer && !guest.resource).count() as u64
}

/// For how long the occurrences of two series are compared, and how many of them at most.
const MONTHS_COMPARED: u32 = 12 * 12;
const MOST_COMPARED: usize = 5_000;

/// How many occurrences are looked at to tell whether one is within some days.
const LOOKED_AT: usize = 400;

/// The members that tell when, and nothing else.
const TIMES: [&str; 10] = [
    "uid",
    "start",
    "duration",
    "recurrence_rules",
    "excluded_recurrence_rules",
    "recurrence_dates",
    "recurrence_overrides",
    "privacy",
    "free_busy_status",
    "status",
];

/// What of a changed occurrence tells when, and nothing else.
const TIMES_OF_OVERRIDE: [&str; 6] =
    ["excluded", "start", "duration", "free_busy_status", "status", "privacy"];

/// What of a private occurrence is taken from somebody who sees only that time is taken.
const TIMES_TAKEN: [&str; 4] = ["start", "duration", "free_busy_status", "status"];

/// The words of a series that an occurrence shows as well unless it says something else, and its collections.
const INHERITED_TEXTS: [&str; 4] = ["description", "location", "url", "conference_url"];
const INHERITED_ENTRIES: [&str; 2] = ["participants", "categories"];

impl Record for Event {
    const KIND: Kind = Kind::Events;

    fn normal(field: &Field, value: &Value) -> Value {
        match field.as_str() {
            // Each side names the event by itself, and some providers let nobody choose the name (C101). So two
            // identifiers never clash, and neither overwrites the other; a record made anew takes the other's.
            "uid" => Value::String(String::new()),
            _ => normal(field, value),
        }
    }

    fn filled(field: &Field, value: &Value, other: &Value) -> Option<Value> {
        match (field.as_str(), value, other) {
            // One word in other letters, spoken of by two people, is no question.
            ("title" | "location" | "description", Value::String(own), Value::String(their)) => {
                (lower(&normal_text(own)) == lower(&normal_text(their))).then(|| value.clone())
            }
            ("start", own, their) => one_instant(own, their),
            _ => None,
        }
    }

    fn stands_alone(field: &Field, one: &Fields, other: &Fields) -> bool {
        // The clock of a series says when all the others are.
        let recurs = |all: &Fields| all.keys().any(|other| other.member().starts_with("recurrence_"));
        field.as_str() != "start" || !recurs(one) && !recurs(other) || is_one_series(one, other)
    }

    fn says_the_same(field: &Field, one: &Fields, other: &Fields) -> bool {
        match field.member() {
            "recurrence_rules" | "excluded_recurrence_rules" => is_one_rule(one, other),
            "recurrence_dates" => takes_place(field, one) == takes_place(field, other),
            _ => false,
        }
    }

    fn composed(self, own: Option<&Self>, source: &Self, taken: &[Field]) -> Self {
        moved::dated(moved::renamed(self, own, source, taken), own, source, taken)
    }

    fn named_by(entry: &Field) -> Option<Field> {
        (entry.member() == "recurrence_overrides").then(|| Field::new("start"))
    }

    fn placed(entry: &Field, from: &Fields, to: &Fields) -> Option<Field> {
        let start = Self::named_by(entry)?;
        if from.get(&start) == to.get(&start) {
            return None;
        }
        moved::placed(entry, from, to)
    }

    fn match_keys(&self) -> BTreeSet<MatchKey> {
        let uid = normal_line(&self.uid);
        let uid = (!uid.is_empty()).then(|| MatchKey::new(0, format!("uid:{uid}")));
        uid.into_iter().chain(start_and_title(self)).collect()
    }

    fn is_private(&self) -> bool {
        self.privacy.is_hidden() || self.recurrence_overrides.values().any(Override::is_private)
    }

    fn redacted(fields: &Fields) -> Fields {
        if !fields.get(&Field::new("privacy")).is_some_and(is_hidden) {
            return with_private_occurrences(fields, |change| busy(fields, change));
        }
        let kept = fields.iter().filter(|(field, _)| TIMES.contains(&field.member()));
        let mut kept: Fields =
            kept.map(|(field, value)| (field.clone(), without_words(field, value))).collect();
        kept.insert(Field::new("title"), BUSY_TITLE.into());
        kept
    }

    fn without_private_parts(fields: &Fields) -> Fields {
        with_private_occurrences(fields, |_| json!({"excluded": true}))
    }

    fn keeping(self, own: &Self, taken: &[Field]) -> Self {
        moved::keep_lost(self, own, taken)
    }

    fn behind(field: &Field, own: Option<&Value>, seen: &Value) -> Option<Value> {
        if field.member() != "recurrence_overrides" {
            return None;
        }
        let (before, seen) = (own.and_then(Value::as_object).cloned().unwrap_or_default(), seen.as_object()?);
        let mut now = before.clone();
        now.entry("excluded").or_insert(false.into());
        let excluded = seen.get("excluded") == Some(&Value::Bool(true));
        now.insert("excluded".to_owned(), excluded.into());
        // A cancelled occurrence says nothing of when it would be.
        for part in TIMES_TAKEN.iter().filter(|_| !excluded) {
            match seen.get(*part) {
                Some(value) => drop(now.insert((*part).to_owned(), value.clone())),
                None => drop(now.remove(*part)),
            }
        }
        let nothing = own.is_none() && now.len() == 1 && !excluded;
        (now != before && !nothing).then_some(Value::Object(now))
    }

    fn concerned_others(&self) -> u64 {
        // Some guests are invited to one occurrence only.
        let changes = self.recurrence_overrides.values().filter(|change| !change.excluded);
        let invited = changes.filter_map(|change| change.participants.as_ref());
        let mut all = self.participants.clone();
        all.extend(invited.flatten().map(|(key, guest)| (key.clone(), guest.clone())));
        others(&all)
    }

    fn calls_off(&self, before: &Self) -> u64 {
        // Occurrences of a series that is moved have other names, and are called off no more than before.
        if self.start != before.start {
            return 0;
        }
        let off = self.recurrence_overrides.iter().filter(|(_, change)| change.excluded);
        off.map(|(id, _)| match before.recurrence_overrides.get(id) {
            Some(change) if change.excluded => 0,
            Some(change) => others(change.participants.as_ref().unwrap_or(&before.participants)),
            None => others(&before.participants),
        })
        .sum()
    }

    fn summary(&self) -> String {
        normal_line(&self.title)
    }

    fn occurs_between(&self, days: &Range<NaiveDate>) -> bool {
        let Some(start) = &self.start else { return true };
        // What began before the first day may still last.
        let lasts = u64::from(self.duration.days) + u64::from(self.duration.seconds) / 86_400 + 1;
        let from = days.start.checked_sub_days(Days::new(lasts)).unwrap_or(NaiveDate::MIN);
        match occurrences(self, from..days.end, LOOKED_AT) {
            Ok(found) => found.list.iter().any(|one| {
                let end = one.start.plus(one.duration).map(|end| end.wall());
                one.start.date() >= days.start || end.is_some_and(|end| end > days.start.into())
            }),
            // A rule that is kept but cannot be expanded goes on for ever.
            Err(_) => start.date() < days.end,
        }
    }
}

/// One instant by the clocks of two zones is one start; a named zone says more than UTC.
fn one_instant(own: &Value, their: &Value) -> Option<Value> {
    let start = Field::new("start");
    let read = |value: &Value| serde_json::from_value::<Start>(normal(&start, value)).ok();
    let (mine, theirs) = (read(own)?, read(their)?);
    let is_one = mine.instant().is_some_and(|instant| theirs.instant() == Some(instant));
    let is_plain = |start: &Start| start.zone() == Some("Etc/UTC");
    (is_one).then(|| if is_plain(&mine) && !is_plain(&theirs) { their.clone() } else { own.clone() })
}

/// Tells whether two series whose rules say the same have all their occurrences at the same instants, by the clocks of
/// whatever zones.
fn is_one_series(one: &Fields, other: &Fields) -> bool {
    let (Ok(mine), Ok(theirs)) = (assemble::<Event>(one), assemble::<Event>(other)) else { return false };
    let wall = |event: &Event| event.start.as_ref().map(Start::wall);
    // Occurrences are named by the clock of their series: those of another one have other names.
    let names = |event: &Event| !event.recurrence_overrides.is_empty() || !event.recurrence_dates.is_empty();
    let is_misnamed = (names(&mine) || names(&theirs)) && wall(&mine) != wall(&theirs);
    let rules = ["recurrence_rules", "excluded_recurrence_rules"];
    rules.iter().all(|field| is_said_alike(field, one, other))
        && !is_misnamed
        && make_the_same(&mine, &theirs)
}

/// Tells whether a series has an additional date: a changed occurrence says by itself that it takes place.
fn takes_place(date: &Field, series: &Fields) -> bool {
    let change = date.key().and_then(|key| series.get(&Field::keyed("recurrence_overrides", key)));
    series.contains_key(date)
        || change.is_some_and(|change| change.get("excluded") != Some(&Value::Bool(true)))
}

/// Tells whether the rules of two series that begin alike make the same occurrences.
fn is_one_rule(one: &Fields, other: &Fields) -> bool {
    let (Ok(mine), Ok(theirs)) = (assemble::<Event>(one), assemble::<Event>(other)) else { return false };
    is_said_alike("start", one, other) && make_the_same(&mine, &theirs)
}

fn is_said_alike(field: &str, one: &Fields, other: &Fields) -> bool {
    let field = Field::new(field);
    let said = |all: &Fields| all.get(&field).map(|value| normal(&field, value));
    said(one) == said(other)
}

/// Tells whether two schedules make the same occurrences, for as far ahead as anybody looks: at the same instants, where
/// both have a zone; at the same places on the wall, where neither has.
fn make_the_same(one: &Event, other: &Event) -> bool {
    let (Some(mine), Some(theirs)) = (&one.start, &other.start) else { return false };
    if mine.zone().is_some() != theirs.zone().is_some() {
        return false;
    }
    let first = mine.date().min(theirs.date());
    let days = first.checked_add_months(Months::new(MONTHS_COMPARED)).map(|last| first..last);
    let times = |event: &Event| {
        let (recurrence_overrides, recurrence_dates) = (BTreeMap::new(), BTreeMap::new());
        let bare = Event { recurrence_overrides, recurrence_dates, ..event.clone() };
        let days = days.clone()?;
        let end = days.end.checked_sub_days(Days::new(2))?.and_time(NaiveTime::MIN).and_utc();
        let found = occurrences(&bare, days, MOST_COMPARED).ok().filter(|found| found.complete)?;
        let time = |start: &Start| match start.zone() {
            Some(_) => start.instant(),
            None => Some(start.wall().and_utc()),
        };
        let times: Option<Vec<DateTime<Utc>>> = found.list.iter().map(|it| time(&it.start)).collect();
        Some(times?.into_iter().filter(|time| *time < end).collect::<Vec<_>>())
    };
    times(one).is_some_and(|mine| Some(mine) == times(other))
}

fn is_hidden(privacy: &Value) -> bool {
    privacy.as_str().and_then(Privacy::parse).is_some_and(Privacy::is_hidden)
}

/// Returns the fields of an open series with something else in the place of its private occurrences.
fn with_private_occurrences(fields: &Fields, shown: impl Fn(&Map<String, Value>) -> Value) -> Fields {
    let seen = fields.iter().map(|(field, value)| {
        let own = value.as_object().filter(|own| {
            field.member() == "recurrence_overrides"
                && own.get("excluded") != Some(&Value::Bool(true))
                && own.get("privacy").is_some_and(is_hidden)
        });
        (field.clone(), own.map_or_else(|| value.clone(), &shown))
    });
    seen.collect()
}

/// Returns what a stranger may know of one private occurrence of an open series: that time is taken.
fn busy(series: &Fields, change: &Map<String, Value>) -> Value {
    let kept = change.iter().filter(|(part, _)| TIMES_OF_OVERRIDE.contains(&part.as_str()));
    let mut kept: Map<String, Value> = kept.map(|(part, value)| (part.clone(), value.clone())).collect();
    kept.insert("title".to_owned(), BUSY_TITLE.into());
    let texts = INHERITED_TEXTS.map(|member| (member, Value::from("")));
    let entries = INHERITED_ENTRIES.map(|member| (member, json!({})));
    for (member, nothing) in texts.into_iter().chain(entries) {
        if series.keys().any(|field| field.member() == member) {
            kept.insert(member.to_owned(), nothing);
        }
    }
    Value::Object(kept)
}

fn without_words(field: &Field, value: &Value) -> Value {
    match value {
        Value::Object(parts) if field.member() == "recurrence_overrides" => {
            let parts = parts.iter().filter(|(part, _)| TIMES_OF_OVERRIDE.contains(&part.as_str()));
            Value::Object(parts.map(|(part, value)| (part.clone(), value.clone())).collect())
        }
        value => value.clone(),
    }
}

/// Returns the key made of start and title; how long the event lasts does not matter.
fn start_and_title(event: &Event) -> Option<MatchKey> {
    let title = lower(&normal_line(&event.title));
    if title.is_empty() {
        return None;
    }
    let start = event.start.as_ref()?;
    let at = match start {
        Start::Zoned { .. } => start.instant()?.format("%Y-%m-%dT%H:%M:%SZ").to_string(),
        Start::Date { .. } | Start::Floating { .. } => start.to_string(),
    };
    Some(MatchKey::new(1, format!("at:{at}|{title}")))
}

#[cfg(test)]
mod tests {
    use passerelle_ports::{assemble, fields};
    use proptest::{
        collection::{btree_map, vec},
        option,
        prelude::*,
        sample::select,
    };
    use serde_json::json;

    use super::*;
    use crate::*;

    #[test]
    fn one_instant_by_two_clocks_is_one_start() {
        let filled = |own: &str, their: &str| Event::filled(&Field::new("start"), &json!(own), &json!(their));
        let (paris, utc) = ("2026-12-10T09:00:00[Europe/Paris]", "2026-12-10T08:00:00[UTC]");
        assert_eq!(filled(paris, utc), Some(json!(paris)), "a named zone says more");
        assert_eq!(filled(utc, paris), Some(json!(paris)));
        let athens = "2026-12-10T10:00:00[Europe/Athens]";
        assert_eq!(filled(paris, athens), Some(json!(paris)), "either of two: one's own");
        for other in
            ["2026-12-10T09:00:00[UTC]", "2026-12-10T09:00:00", "2026-12-10", "2026-12-10T09:00:00[Nowhere]"]
        {
            assert_eq!(filled(paris, other), None, "{other}");
        }
        // The clock of a series says when all its occurrences are.
        let mut all = Fields::new();
        assert!(Event::stands_alone(&Field::new("start"), &all, &all));
        all.insert(Field::new("recurrence_rules"), json!(["FREQ=WEEKLY"]));
        assert!(!Event::stands_alone(&Field::new("start"), &all, &all));
        assert!(Event::stands_alone(&Field::new("title"), &all, &all));
    }

    #[test]
    fn one_series_by_two_clocks_is_one_as_long_as_all_its_instants_are() {
        let series = |start: &str, rule: &str, more: &[(&str, Value)]| {
            let mut all = Fields::new();
            all.insert(Field::new("start"), json!(start));
            all.insert(Field::new("recurrence_rules"), json!([rule]));
            all.extend(more.iter().map(|(field, value)| (Field::new(*field), value.clone())));
            all
        };
        let off = [("recurrence_overrides/2026-12-17T09:00:00", json!({ "excluded": true }))];
        let paris = "2026-12-10T09:00:00[Europe/Paris]";
        for (start, rule, more, is_one) in [
            ("2026-12-10T09:00:00[Europe/Berlin]", "FREQ=WEEKLY", &[][..], true),
            ("2026-12-10T09:00:00[Europe/Berlin]", "FREQ=WEEKLY", &off[..], true),
            ("2026-12-10T08:00:00[Europe/London]", "FREQ=DAILY", &[][..], true),
            ("2026-12-10T08:00:00[Europe/London]", "FREQ=DAILY", &off[..], false),
            // One hour apart as soon as one of them changes its clocks alone.
            ("2026-12-10T08:00:00[UTC]", "FREQ=WEEKLY", &[][..], false),
            ("2026-12-10T03:00:00[America/New_York]", "FREQ=WEEKLY", &[][..], false),
            ("2026-12-10T08:00:00[UTC]", "FREQ=WEEKLY;COUNT=4", &[][..], true),
            ("2026-12-10T10:00:00[Europe/Berlin]", "FREQ=WEEKLY", &[][..], false),
            ("2026-12-10T09:00:00", "FREQ=WEEKLY", &[][..], false),
        ] {
            let (one, other) = (series(paris, rule, more), series(start, rule, &[]));
            for (one, other) in [(&one, &other), (&other, &one)] {
                let found = Event::stands_alone(&Field::new("start"), one, other);
                assert_eq!(found, is_one, "{start} {rule} {more:?}");
            }
        }
        // One rule that says what the start implies is the other one.
        let rules = Field::new("recurrence_rules");
        let day = "2026-12-07";
        for (one, other, is_one) in [
            ("FREQ=WEEKLY;COUNT=4", "FREQ=WEEKLY;BYDAY=MO;COUNT=4", true),
            ("FREQ=WEEKLY", "FREQ=WEEKLY;BYDAY=MO", true),
            ("FREQ=WEEKLY", "FREQ=DAILY;INTERVAL=7", true),
            ("FREQ=WEEKLY;UNTIL=20261228", "FREQ=WEEKLY;UNTIL=20261228T090000Z", true),
            ("FREQ=MONTHLY;BYMONTHDAY=7;COUNT=3", "FREQ=MONTHLY;COUNT=3", true),
            ("FREQ=YEARLY;BYMONTH=12;BYMONTHDAY=7", "FREQ=YEARLY", true),
            ("FREQ=WEEKLY", "FREQ=WEEKLY;BYDAY=TU", false),
            ("FREQ=WEEKLY", "FREQ=WEEKLY;INTERVAL=2", false),
            ("FREQ=WEEKLY", "FREQ=WEEKLY;COUNT=400", false),
        ] {
            let starts = [format!("{day}T10:00:00[Europe/Paris]"), format!("{day}T10:00:00"), day.to_owned()];
            for start in starts.iter().filter(|start| !one.contains("UNTIL") || start.contains('[')) {
                let (one, other) = (series(start, one, &[]), series(start, other, &off));
                assert_eq!(Event::says_the_same(&rules, &one, &other), is_one, "{start} {one:?} {other:?}");
                assert!(!Event::says_the_same(&Field::new("title"), &one, &other));
            }
        }
        let (weekly, daily) = (series(paris, "FREQ=WEEKLY", &[]), series(paris, "FREQ=DAILY", &[]));
        assert!(!Event::stands_alone(&Field::new("start"), &weekly, &daily));
    }

    #[test]
    fn a_text_in_other_letters_is_the_same_where_two_events_meet() {
        for (field, one, other, same) in [
            ("location", "lyon", "Lyon ", true),
            ("title", "VISITE À ÉVRY", "Visite à Évry", true),
            ("title", "Visit", "Visits", false),
            ("url", "https://a.example/x", "https://a.example/X", false),
        ] {
            let filled = Event::filled(&Field::new(field), &json!(one), &json!(other));
            assert_eq!(filled, same.then(|| json!(one)), "{field} {one} {other}");
        }
    }

    fn keys(event: &Event) -> Vec<String> {
        event.match_keys().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn one_instant_and_one_title_make_one_key_in_any_zone() {
        for (start, key) in [
            ("2026-11-23T09:00:00[Europe/Paris]", "1:at:2026-11-23T08:00:00Z|réunion"),
            ("2026-11-23T08:00:00[Etc/UTC]", "1:at:2026-11-23T08:00:00Z|réunion"),
            ("2026-11-23", "1:at:2026-11-23|réunion"),
            ("2026-11-23T09:00:00", "1:at:2026-11-23T09:00:00|réunion"),
        ] {
            let event =
                Event { title: " RÉUNION ".into(), start: Some(start.parse().unwrap()), ..Event::default() };
            assert_eq!(keys(&event), [key]);
        }
    }

    #[test]
    fn an_event_takes_place_on_the_days_that_any_of_its_occurrences_touches() {
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        let window = day("2026-11-20")..day("2026-11-27");
        let event = |start: &str, days: u32, seconds: u32, rule: &str| Event {
            start: Some(start.parse().unwrap()),
            duration: Duration { days, seconds },
            recurrence_rules: (!rule.is_empty()).then(|| rule.to_owned()).into_iter().collect(),
            ..Event::default()
        };
        for (description, event, expected) in [
            ("within", event("2026-11-21T10:00:00[Europe/Paris]", 0, 3600, ""), true),
            ("the last day", event("2026-11-26", 1, 0, ""), true),
            ("the day after", event("2026-11-27", 1, 0, ""), false),
            ("the day before", event("2026-11-19", 1, 0, ""), false),
            ("a fair that goes on", event("2026-11-18", 3, 0, ""), true),
            ("past midnight", event("2026-11-19T23:30:00[Europe/Paris]", 0, 3600, ""), true),
            ("until midnight", event("2026-11-19T23:00:00[Europe/Paris]", 0, 3600, ""), false),
            (
                "a series of years ago",
                event("2020-01-06T09:00:00[Europe/Paris]", 0, 3600, "FREQ=WEEKLY"),
                true,
            ),
            (
                "one that ended",
                event("2020-01-06T09:00:00[Europe/Paris]", 0, 3600, "FREQ=WEEKLY;COUNT=9"),
                false,
            ),
            ("one that begins later", event("2027-01-06", 1, 0, "FREQ=DAILY"), false),
            ("no start", Event::default(), true),
        ] {
            assert_eq!(event.occurs_between(&window), expected, "{description}");
        }
    }

    #[test]
    fn without_title_or_start_only_the_identifier_is_a_key() {
        let event = Event { uid: "a@b".into(), title: "x".into(), ..Event::default() };
        assert_eq!(keys(&event), ["0:uid:a@b"]);
        let event = Event { start: Some("2026-11-23".parse().unwrap()), ..Event::default() };
        assert!(keys(&event).is_empty());
    }

    #[test]
    fn a_redacted_event_keeps_its_times_and_loses_every_word() {
        let mut event = Event {
            uid: "u".into(),
            title: "Docteur".into(),
            description: "secret".into(),
            location: "clinique".into(),
            url: "https://a.example".into(),
            conference_url: "https://b.example".into(),
            color: "red".into(),
            start: Some("2026-11-23T09:00:00[Europe/Paris]".parse().unwrap()),
            duration: Duration::seconds(3600),
            recurrence_rules: vec!["FREQ=DAILY".into()],
            privacy: Privacy::Private,
            ..Event::default()
        };
        event.participants.insert("a@b".into(), Participant::default());
        event.categories.insert("santé".into(), "Santé".into());
        event.alerts.insert("display:5".into(), Alert::default());
        let change = Override {
            title: Some("Chirurgien".into()),
            start: Some("2026-11-24T10:00:00[Europe/Paris]".parse().unwrap()),
            ..Override::default()
        };
        event.recurrence_overrides.insert("2026-11-24T09:00:00".into(), change);
        let seen = Event::redacted(&fields(&event));
        assert_eq!(
            json!(seen),
            json!({
                "uid": "u", "title": "Busy", "duration": "PT1H", "privacy": "private",
                "start": "2026-11-23T09:00:00[Europe/Paris]", "recurrence_rules": ["FREQ=DAILY"],
                "recurrence_overrides/2026-11-24T09:00:00":
                    {"excluded": false, "start": "2026-11-24T10:00:00[Europe/Paris]"},
            })
        );
        assert_eq!(Event::redacted(&seen), seen);
        assert!(event.is_private() && assemble::<Event>(&seen).unwrap().is_private());
    }

    #[test]
    fn a_private_occurrence_of_an_open_series_is_private_for_every_rule() {
        let mut event = Event {
            title: "Visites".into(),
            location: "Lyon".into(),
            start: Some("2026-11-23T09:00:00[Europe/Paris]".parse().unwrap()),
            recurrence_rules: vec!["FREQ=WEEKLY".into()],
            ..Event::default()
        };
        let named = |title: &str, privacy| Override {
            title: Some(title.into()),
            description: Some("secret".into()),
            start: Some("2026-11-30T10:00:00[Europe/Paris]".parse().unwrap()),
            privacy,
            ..Override::default()
        };
        event.recurrence_overrides.insert("2026-12-07T09:00:00".into(), named("Ouverte", None));
        assert!(!event.is_private());
        for privacy in [Privacy::Private, Privacy::Confidential] {
            let of = named("Avocat", Some(privacy));
            event.recurrence_overrides.insert("2026-11-30T09:00:00".into(), of);
            assert!(event.is_private());
            let shown = Event::redacted(&fields(&event));
            let name = Field::keyed("recurrence_overrides", "2026-11-30T09:00:00");
            let wanted = json!({
                "excluded": false, "start": "2026-11-30T10:00:00[Europe/Paris]", "title": "Busy",
                "location": "", "privacy": privacy.as_str(),
            });
            assert_eq!(shown[&name], wanted);
            assert_eq!(Event::redacted(&shown), shown);
            let mut rest = (shown, fields(&event));
            rest.0.remove(&name);
            rest.1.remove(&name);
            assert_eq!(rest.0, rest.1);
            let without = Event::without_private_parts(&fields(&event));
            assert_eq!(without[&name], json!({"excluded": true}));
        }
        let off = Override { excluded: true, ..named("x", Some(Privacy::Private)) };
        event.recurrence_overrides = [("2026-11-30T09:00:00".into(), off)].into();
        assert!(!event.is_private());
    }

    #[test]
    fn of_a_private_occurrence_only_its_times_are_taken() {
        let field = Field::keyed("recurrence_overrides", "2026-11-30T09:00:00");
        let own = json!({"excluded": false, "title": "Avocat", "privacy": "private"});
        let moved = json!({"excluded": false, "title": "Avocat", "privacy": "private", "start": "x", "duration": "y"});
        let off = json!({"excluded": true, "title": "Avocat", "privacy": "private"});
        let busy = |more: Value| {
            let mut busy = json!({"excluded": false, "title": "Busy", "location": "", "privacy": "private"});
            busy.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            busy
        };
        for (own, seen, wanted) in [
            (Some(&own), busy(json!({"start": "x", "duration": "y", "title": "Lunch"})), Some(&moved)),
            (Some(&moved), busy(json!({})), Some(&own)),
            (Some(&own), json!({"excluded": true}), Some(&off)),
            (Some(&own), busy(json!({"title": "Lunch"})), None),
            (None, busy(json!({"title": "Lunch"})), None),
            (None, json!({"excluded": true}), Some(&json!({"excluded": true}))),
        ] {
            assert_eq!(Event::behind(&field, own, &seen).as_ref(), wanted, "{seen}");
        }
        assert_eq!(Event::behind(&Field::new("title"), None, &json!("x")), None);
    }

    #[test]
    fn an_empty_event_has_no_fields_and_a_start_is_one() {
        assert!(fields(&Event::default()).is_empty());
        let event =
            Event { start: Some("2026-11-23T09:00:00[Europe/Paris]".parse().unwrap()), ..Event::default() };
        assert_eq!(fields(&event).len(), 1);
    }

    fn start() -> impl Strategy<Value = Start> {
        let zones =
            select(vec!["Europe/Paris", "Asia/Kathmandu", "Australia/Lord_Howe", "Etc/UTC", "Nowhere"]);
        (0_i64..2_000_000_000, zones, 0..3).prop_map(|(seconds, zone, kind)| {
            let local = DateTime::from_timestamp(seconds, 0).unwrap().naive_utc();
            match kind {
                0 => Start::Date { date: local.date() },
                1 => Start::Floating { local },
                _ => Start::Zoned { local, zone: zone.into() },
            }
        })
    }

    fn alert() -> impl Strategy<Value = (String, Alert)> {
        (select(AlertAction::ALL), -60_i32..10_000).prop_map(|(action, minutes_before)| {
            let alert = Alert { action, minutes_before };
            (alert.key(), alert)
        })
    }

    prop_compose! {
        fn participant()(
            email in "\\PC{1,12}", name in "\\PC{0,8}", comment in "\\PC{0,8}", role in select(Role::ALL),
            participation_status in select(ParticipationStatus::ALL), resource in any::<bool>(), organizer in any::<bool>(),
        ) -> (String, Participant) {
            (email.to_lowercase(), Participant { email, name, comment, role, participation_status, resource, organizer })
        }
    }

    prop_compose! {
        fn change()(
            excluded in any::<bool>(), title in option::of("\\PC{0,8}"), start in option::of(start()),
            seconds in option::of(any::<u32>()), status in option::of(select(Status::ALL)),
            guests in option::of(vec(participant(), 0..2)), alerts in option::of(vec(alert(), 0..2)),
            privacy in option::of(select(Privacy::ALL)), links in vec(option::of("\\PC{0,8}"), 2),
            categories in option::of(btree_map("\\PC{1,6}", "\\PC{1,6}", 0..2)), default in option::of(any::<bool>()),
        ) -> Override {
            Override {
                privacy, url: links[0].clone(), conference_url: links[1].clone(), categories,
                use_default_alerts: default,
                excluded, title, start, duration: seconds.map(Duration::seconds), status,
                participants: guests.map(|list| list.into_iter().collect()),
                alerts: alerts.map(|list| list.into_iter().collect()), ..Override::default()
            }
        }
    }

    prop_compose! {
        fn event()(
            texts in vec("\\PC{0,12}", 7), start in option::of(start()), days in any::<u32>(), seconds in any::<u32>(),
            rules in vec("\\PC{0,20}", 0..3), dates in vec(start(), 0..3), changes in vec((start(), change()), 0..3),
            guests in vec(participant(), 0..3), alerts in vec(alert(), 0..3), flag in any::<bool>(),
            privacy in select(Privacy::ALL), status in select(Status::ALL), free in select(FreeBusyStatus::ALL),
            categories in btree_map("\\PC{1,6}", "\\PC{1,6}", 0..3),
        ) -> Event {
            let mut texts = texts.into_iter();
            let mut next = || texts.next().unwrap_or_default();
            let name = |start: &Start| RecurrenceId::of(start).to_string();
            Event {
                uid: next(), title: next(), description: next(), location: next(), color: next(), url: next(),
                conference_url: next(), start, duration: Duration { days, seconds },
                recurrence_rules: rules.clone(), excluded_recurrence_rules: rules,
                recurrence_dates: dates.iter().map(|start| (name(start), true)).collect(),
                recurrence_overrides: changes.into_iter().map(|(at, change)| (name(&at), change)).collect(),
                participants: guests.into_iter().collect(), alerts: alerts.into_iter().collect(),
                use_default_alerts: flag, privacy, free_busy_status: free, status, categories,
            }
        }
    }

    proptest! {
        #[test]
        fn an_event_taken_apart_can_be_put_together(event in event()) {
            prop_assert_eq!(assemble::<Event>(&fields(&event)).unwrap(), event);
        }

        #[test]
        fn an_event_in_normal_form_is_still_an_event_with_the_same_keys(event in event()) {
            let normal: Fields =
                fields(&event).iter().map(|(field, value)| (field.clone(), Event::normal(field, value))).collect();
            for (field, value) in &normal {
                prop_assert_eq!(&Event::normal(field, value), value);
            }
            let again: Event = assemble(&normal).unwrap();
            let nameless = Event { uid: String::new(), ..event };
            prop_assert_eq!(again.match_keys(), nameless.match_keys());
        }

        #[test]
        fn expanding_never_fails_but_with_an_error(event in event()) {
            let day = NaiveDate::from_ymd_opt(2026, 11, 23).unwrap();
            let _ = occurrences(&event, day..day + Days::new(7), 10);
            let _ = validate(&event);
        }
    }
}
