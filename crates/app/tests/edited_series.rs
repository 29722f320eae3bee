//! Series that an ERP edits with plain SQL, in every way, while a person edits them on the phone: random histories, judged
//! from outside. `SERIES_SEEDS=1-200` plays these seeds.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;

use std::collections::BTreeSet;

use chrono::{Datelike, Days, NaiveDate, NaiveDateTime, TimeDelta, TimeZone};
use common::{EVENTS, USER, World, ZONE, waiting};
use serde_json::{Value, json};

const ZONES: [&str; 3] = [ZONE, "Europe/London", "America/New_York"];
/// How many edits a history has, and how many runs it may take until nothing is left to do.
const ROUNDS: usize = 6;
const RUNS: usize = 5;
/// In how many tests the seeds are played, and how many each plays.
const PARTS: u64 = 3;
const EACH: u64 = 4;

/// A source of numbers that is the same for the same seed.
struct Dice(u64);

impl Dice {
    fn up_to(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % most
    }

    fn one_of<'a>(&mut self, all: &[&'a str]) -> &'a str {
        all[usize::try_from(self.up_to(all.len() as u64)).unwrap()]
    }
}

/// A changed occurrence: its name, whether it is cancelled, its title, where it was moved to.
type Change = (NaiveDateTime, bool, Option<String>, Option<(NaiveDateTime, String)>);

/// A series as the company's tables have it, read by plain SQL.
#[derive(Debug)]
struct Series {
    start: NaiveDateTime,
    zone: String,
    rule: String,
    title: String,
    overrides: Vec<Change>,
}

fn wall(text: &str) -> NaiveDateTime {
    let text = text.replace('T', " ");
    let text = if text.len() == 16 { format!("{text}:00") } else { text };
    NaiveDateTime::parse_from_str(&text, "%Y-%m-%d %H:%M:%S").unwrap()
}

fn instant(wall: NaiveDateTime, zone: &str) -> i64 {
    let zone: chrono_tz::Tz = zone.parse().unwrap();
    zone.from_local_datetime(&wall).earliest().unwrap().timestamp()
}

impl Series {
    fn read(world: &World) -> Self {
        let row = world.rows(
            "'s', start_local, 'z', start_zone, 't', title, 'r', (SELECT group_concat(rule, '|') FROM appointment_rules WHERE appointment_id = 's')",
            "appointments WHERE id = 's'",
        );
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let rows = world.rows(
            "'o', occurrence, 'c', cancelled, 't', title, 'm', start_local, 'z', start_zone",
            "appointment_overrides ORDER BY occurrence",
        );
        let overrides = rows.iter().map(|one| {
            let moved = one["m"].as_str().map(|at| (wall(at), text(&one["z"])));
            (wall(&text(&one["o"])), one["c"] == 1, one["t"].as_str().map(str::to_owned), moved)
        });
        Series {
            start: wall(&text(&row[0]["s"])),
            zone: text(&row[0]["z"]),
            rule: text(&row[0]["r"]),
            title: text(&row[0]["t"]),
            overrides: overrides.collect(),
        }
    }

    /// The starts that the rule makes: daily or weekly, on the days of the start, every so often, so many times.
    fn starts(&self) -> Vec<NaiveDateTime> {
        let part = |name: &str| {
            let found = self.rule.split(';').find_map(|part| part.strip_prefix(name));
            found.map(|value| value.trim_start_matches('='))
        };
        let every: u64 = part("INTERVAL").map_or(1, |value| value.parse().unwrap());
        let days = if part("FREQ") == Some("WEEKLY") { 7 * every } else { every };
        let until = part("UNTIL").map(|value| {
            let at = NaiveDateTime::parse_from_str(value.trim_end_matches('Z'), "%Y%m%dT%H%M%S").unwrap();
            at.and_utc().timestamp()
        });
        let count: usize = part("COUNT").map_or(40, |value| value.parse().unwrap());
        let all = (0..count as u64).map(|at| self.start.checked_add_days(Days::new(at * days)).unwrap());
        all.take_while(|at| until.is_none_or(|until| instant(*at, &self.zone) <= until)).collect()
    }

    /// What takes place, by the company's tables: when, and under which title.
    fn takes_place(&self) -> Vec<(i64, String)> {
        let mut all: Vec<_> = self
            .starts()
            .into_iter()
            .filter_map(|at| {
                let own = self.overrides.iter().find(|own| own.0 == at);
                match own {
                    Some((_, true, ..)) => None,
                    Some((_, _, title, moved)) => {
                        let moved = moved.as_ref().map(|(at, zone)| instant(*at, zone));
                        let when = moved.unwrap_or_else(|| instant(at, &self.zone));
                        Some((when, title.clone().unwrap_or_else(|| self.title.clone())))
                    }
                    None => Some((instant(at, &self.zone), self.title.clone())),
                }
            })
            .collect();
        all.sort();
        all
    }
}

/// What takes place, by Google.
fn at_google(world: &World, id: &str) -> Vec<(i64, String)> {
    let list = world.google("GET", &format!("{EVENTS}/{id}/instances?maxResults=200"), &Value::Null);
    let mut all: Vec<_> = list["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            let at =
                chrono::DateTime::parse_from_rfc3339(one["start"]["dateTime"].as_str().unwrap()).unwrap();
            (at.timestamp(), one["summary"].as_str().unwrap_or_default().to_owned())
        })
        .collect();
    all.sort();
    all
}

struct History {
    world: World,
    id: String,
    dice: Dice,
    story: Vec<String>,
    /// Words that somebody typed and that have to be somewhere, or be told.
    typed: BTreeSet<String>,
    words: u32,
}

impl History {
    fn new(seed: u64) -> Self {
        let world = World::new();
        world.sql(&format!(
            "INSERT INTO appointments (id, owner_id, title, start_local, start_zone, duration_seconds)
             VALUES ('s', '{USER}', 'Weekly', '2026-12-07 09:00', '{ZONE}', 3600);
             INSERT INTO appointment_rules (appointment_id, rule) VALUES ('s', 'FREQ=WEEKLY;COUNT=8');"
        ));
        world.settle();
        let id = world.event("Weekly")["id"].as_str().unwrap().to_owned();
        History { world, id, dice: Dice(seed), story: Vec::new(), typed: BTreeSet::new(), words: 0 }
    }

    fn word(&mut self) -> String {
        self.words += 1;
        let word = format!("word{}x", self.words);
        self.typed.insert(word.clone());
        word
    }

    fn occurrence(&mut self, series: &Series) -> NaiveDateTime {
        let starts = series.starts();
        starts[usize::try_from(self.dice.up_to(starts.len() as u64)).unwrap()]
    }

    /// Words that are said of one occurrence, or of the series, go when somebody says something else of it.
    fn overwritten(&mut self, text: &str) {
        self.typed.retain(|word| !text.contains(word.as_str()));
    }

    /// An edit by the company, in plain SQL.
    fn edit_here(&mut self) {
        let series = Series::read(&self.world);
        let hour = 7 + self.dice.up_to(10);
        let start = |day: NaiveDate| format!("{day} {hour:02}:00");
        let count = 4 + self.dice.up_to(6);
        let zone = self.dice.one_of(&ZONES).to_owned();
        let sql = match self.dice.up_to(11) {
            0 => format!("UPDATE appointments SET start_local = '{}' WHERE id = 's'", start(series.start.date())),
            1 => {
                let day = series.start.date() + TimeDelta::days(1 + i64::try_from(self.dice.up_to(3)).unwrap());
                format!("UPDATE appointments SET start_local = '{}' WHERE id = 's'", start(day))
            }
            2 => format!("UPDATE appointments SET duration_seconds = {}", 1800 * (1 + self.dice.up_to(4))),
            3 => format!("UPDATE appointment_rules SET rule = 'FREQ=WEEKLY;COUNT={count}'"),
            4 => format!(
                "DELETE FROM appointment_rules; INSERT INTO appointment_rules (appointment_id, rule) VALUES ('s', 'FREQ=WEEKLY;COUNT={count}')"
            ),
            5 => format!("UPDATE appointments SET start_zone = '{zone}'"),
            6 => format!(
                "INSERT OR REPLACE INTO appointments (id, owner_id, title, start_local, start_zone, duration_seconds)
                 VALUES ('s', '{USER}', '{}', '{}', '{}', 3600)",
                series.title,
                start(series.start.date()),
                series.zone
            ),
            7 => {
                let gone = self.dice.up_to(1 + series.overrides.len() as u64);
                if let Some((_, _, title, _)) = series.overrides.get(usize::try_from(gone).unwrap()) {
                    self.overwritten(&title.clone().unwrap_or_default());
                }
                format!(
                    "DELETE FROM appointment_overrides WHERE id = (SELECT id FROM appointment_overrides ORDER BY occurrence LIMIT 1 OFFSET {gone})"
                )
            }
            8 => format!(
                "INSERT INTO appointments (id, owner_id, title, start_local, start_zone) VALUES ('s', '{USER}', 'x', '{}', '{}')
                 ON CONFLICT (id) DO UPDATE SET start_local = excluded.start_local",
                start(series.start.date()),
                series.zone
            ),
            what => {
                let at = self.occurrence(&series);
                if let Some((.., title, _)) = series.overrides.iter().find(|own| own.0 == at) {
                    self.overwritten(&title.clone().unwrap_or_default());
                }
                let word = if what == 9 { format!("'{}'", self.word()) } else { "NULL".to_owned() };
                format!(
                    "DELETE FROM appointment_overrides WHERE occurrence = '{at}';
                     INSERT INTO appointment_overrides (appointment_id, occurrence, title, cancelled) VALUES ('s', '{at}', {word}, {})",
                    u8::from(what != 9)
                )
            }
        };
        self.story.push(format!("here: {sql}"));
        self.world.sql(&format!("{sql};"));
    }

    /// An edit on the phone.
    fn edit_there(&mut self) {
        let list =
            self.world.google("GET", &format!("{EVENTS}/{}/instances?maxResults=200", self.id), &Value::Null);
        let items = list["items"].as_array().cloned().unwrap_or_default();
        let Some(one) = items.get(usize::try_from(self.dice.up_to(1 + items.len() as u64)).unwrap()) else {
            return;
        };
        let instance = format!("{EVENTS}/{}?sendUpdates=none", one["id"].as_str().unwrap());
        let master = format!("{EVENTS}/{}?sendUpdates=none", self.id);
        let shown = one["summary"].as_str().unwrap_or_default().to_owned();
        let series = Series::read(&self.world);
        let hour = 7 + self.dice.up_to(10);
        let at = |day: NaiveDate, hour: u64, zone: &str| json!({ "dateTime": format!("{day}T{hour:02}:00:00"), "timeZone": zone });
        let day = series.start.date();
        let (verb, path, body) = match self.dice.up_to(6) {
            0 | 1 => {
                self.overwritten(&shown);
                ("PATCH", instance, json!({ "summary": self.word() }))
            }
            2 => {
                self.overwritten(&shown);
                ("DELETE", instance, Value::Null)
            }
            3 => {
                let original = one["originalStartTime"]["dateTime"].as_str().unwrap();
                let day = original[..10].parse::<NaiveDate>().unwrap() + Days::new(1);
                (
                    "PATCH",
                    instance,
                    json!({ "start": at(day, hour + 1, ZONE), "end": at(day, hour + 2, ZONE) }),
                )
            }
            4 => (
                "PATCH",
                master,
                json!({ "start": at(day, hour, &series.zone), "end": at(day, hour + 1, &series.zone) }),
            ),
            _ => {
                let zone = self.dice.one_of(&ZONES);
                let begins = u64::from(chrono::Timelike::hour(&series.start));
                ("PATCH", master, json!({ "start": at(day, begins, zone), "end": at(day, begins + 1, zone) }))
            }
        };
        self.story.push(format!("there: {verb} {path} {body}"));
        self.world.google(verb, &path, &body);
        self.lost_there();
    }

    /// Google drops what was changed of the occurrences of a series that begins at another hour: what nobody else has
    /// read is nowhere.
    fn lost_there(&mut self) {
        let there = format!("{:?}", at_google(&self.world, &self.id));
        let here = format!("{:?}", Series::read(&self.world));
        let lost = |word: &String| !there.contains(word.as_str()) && !here.contains(word.as_str());
        let words: Vec<String> = self.typed.iter().filter(|word| lost(word)).cloned().collect();
        if !words.is_empty() {
            self.story.push(format!("lost by Google: {words:?}"));
        }
        self.typed.retain(|word| !words.contains(word));
    }

    /// Synchronises until nothing is left to do; answers what is asked, always for the company.
    fn settle(&mut self) {
        for _ in 0..RUNS {
            let run = self.world.sync();
            assert!(run.code.is_some_and(|code| code < 6), "{:#?} {run:#?}", self.story);
            self.hear();
            let asked = waiting(&self.world);
            for question in &asked {
                let number = question["number"].to_string();
                self.story.push(format!("asked: {question}"));
                self.overwritten(&question.to_string());
                // What was edited on both sides in turn all the time is left alone until somebody says that it is no circle.
                let answer: &[&str] = if question["problem"]["code"] == "SYNC-106" {
                    &["--retry"]
                } else {
                    &["--keep", "local"]
                };
                self.world.run(&[&["conflicts", "resolve", number.as_str()], answer].concat());
            }
            if asked.is_empty() && run.writes() == 0 {
                return;
            }
        }
        panic!("it never became quiet: {:#?}", self.story);
    }

    /// What was told of typed words need not be anywhere.
    fn hear(&mut self) {
        let told = serde_json::to_string(&self.world.run(&["status"]).lines).unwrap();
        let mut words = self.typed.clone();
        words.retain(|word| told.contains(word.as_str()));
        if !words.is_empty() {
            self.story.push(format!("told: {words:?}"));
        }
        self.typed.retain(|word| !words.contains(word));
    }

    fn judge(&self) {
        let series = Series::read(&self.world);
        let (here, there) = (series.takes_place(), at_google(&self.world, &self.id));
        assert_eq!(here, there, "{:#?} {series:#?}", self.story);
        let mut seen = BTreeSet::new();
        for (at, title) in &here {
            assert!(seen.insert((at, title)), "doubled: {title} {:#?} {series:#?}", self.story);
        }
        for word in &self.typed {
            let is_here = series.title.contains(word)
                || series.overrides.iter().any(|own| own.2.as_ref() == Some(word));
            assert!(is_here, "{word} is nowhere and was not told: {:#?} {series:#?}", self.story);
        }
        assert!(series.start.year() >= 2026 && !series.rule.contains('|'), "{:#?} {series:#?}", self.story);
    }
}

/// The seeds that were asked for, or these.
fn seeds(part: std::ops::RangeInclusive<u64>) -> Vec<u64> {
    let Some(given) = std::env::var_os("SERIES_SEEDS").and_then(|given| given.into_string().ok()) else {
        return part.collect();
    };
    let (from, to) = given.split_once('-').unwrap_or((&given, &given));
    let all: std::ops::RangeInclusive<u64> = from.parse().unwrap()..=to.parse().unwrap();
    // The parts share them out.
    all.filter(|seed| (seed - 1) % PARTS == (part.start() - 1) / EACH).collect()
}

fn play(part: std::ops::RangeInclusive<u64>) {
    for seed in seeds(part) {
        let mut history = History::new(seed);
        for _ in 0..ROUNDS {
            let (here, there) = (history.dice.up_to(3), history.dice.up_to(3));
            (0..here).for_each(|_| history.edit_here());
            (0..there).for_each(|_| history.edit_there());
            history.story.push(format!("seed {seed}: synchronised"));
            history.settle();
            history.judge();
        }
    }
}

// In parts, which a runner plays at the same time.

#[test]
fn a_series_edited_in_every_way_on_both_sides_stays_one() {
    play(1..=4);
}

#[test]
fn a_series_edited_in_every_way_stays_one_in_more_histories() {
    play(5..=8);
}

#[test]
fn a_series_edited_in_every_way_stays_one_in_still_more_histories() {
    play(9..=12);
}
