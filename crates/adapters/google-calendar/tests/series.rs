//! Series that are shortened, lengthened and listed badly: nothing comes back, nothing is forgotten.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;

use common::{World, at, create, day, listen, stored, update, write_one};
use passerelle_calendar::{Duration, Event, Override, Start};
use passerelle_google_sim::{SimOptions, api::Knobs};
use passerelle_ports::{ErrorKind, From, Replica};
use serde_json::{Map, Value, json};

fn weekly(start: Start, rule: &str) -> Event {
    let days = start.is_all_day();
    Event {
        title: "Weekly".into(),
        duration: if days { Duration::days(1) } else { Duration::seconds(3600) },
        start: Some(start),
        recurrence_rules: vec![rule.into()],
        ..Event::default()
    }
}

async fn starts(world: &World, id: &str) -> Vec<String> {
    let path = format!("calendars/primary/events/{id}/instances?maxResults=40");
    let found = world.other("GET", &path, Value::Null).await;
    let text = |item: &Value| {
        let start = &item["start"];
        start["dateTime"].as_str().or(start["date"].as_str()).unwrap().get(..10).unwrap().to_owned()
    };
    found["items"].as_array().unwrap().iter().map(text).collect()
}

#[tokio::test]
async fn a_shortened_series_has_nothing_behind_its_end() {
    let world = World::new().await;
    let calendar = world.calendar();
    for (number, (days, before, after)) in [
        (false, "FREQ=WEEKLY", "FREQ=WEEKLY;UNTIL=20260401T000000Z"),
        (false, "FREQ=WEEKLY;COUNT=20", "FREQ=WEEKLY;COUNT=3"),
        (false, "FREQ=WEEKLY;BYDAY=MO", "FREQ=WEEKLY;BYDAY=MO;COUNT=3"),
        (true, "FREQ=WEEKLY", "FREQ=WEEKLY;UNTIL=20260401"),
        (true, "FREQ=WEEKLY;COUNT=20", "FREQ=WEEKLY;COUNT=3"),
    ]
    .into_iter()
    .enumerate()
    {
        let start = |date: &str| if days { day(date) } else { at(&format!("{date}T09:00:00")) };
        let mut event = weekly(start("2026-03-16"), before);
        for (name, moved) in [("2026-03-23", "2026-03-24"), ("2026-05-04", "2026-05-05")] {
            let name = if days { name.to_owned() } else { format!("{name}T09:00:00") };
            let change = Override { start: Some(start(moved)), ..Override::default() };
            event.recurrence_overrides.insert(name, change);
        }
        let made = stored(write_one(&calendar, create(&format!("k{number}"), &event)).await);
        // The ledger of an older release, or another program, may still know the one behind the end.
        let to = Event { recurrence_rules: vec![after.into()], ..made.record.clone() };
        let written = stored(write_one(&calendar, update(&made, &to)).await);
        assert_eq!(written.record.recurrence_overrides.len(), 1, "{after}");
        let wanted = ["2026-03-16", "2026-03-24", "2026-03-30"];
        assert_eq!(starts(&world, made.id.as_str()).await, wanted, "{after}");
    }
}

#[tokio::test]
async fn what_google_drops_as_a_series_gets_another_zone_is_written_again() {
    let world = World::new().await;
    let calendar = world.calendar();
    let mut event = weekly(at("2026-03-16T09:00:00"), "FREQ=WEEKLY;COUNT=4");
    let titled = Override { title: Some("Titled".into()), ..Override::default() };
    event.recurrence_overrides.insert("2026-03-23T09:00:00".into(), titled);
    let made = stored(write_one(&calendar, create("k", &event)).await);
    let id = made.id.as_str();
    // Cancelled at Google: an exception of its own, which goes with its place.
    world
        .other(
            "DELETE",
            &format!("calendars/primary/events/{id}_20260330T070000Z?sendUpdates=none"),
            Value::Null,
        )
        .await;
    let heard = listen(&calendar, From::Start).await.unwrap();
    let mut from = heard.one(id).clone();
    assert_eq!(from.record.recurrence_overrides.len(), 2);
    for zone in ["Europe/London", "America/New_York", "Europe/Paris"] {
        let start = format!("2026-03-16T09:00:00[{zone}]").parse().unwrap();
        let to = Event { start: Some(start), ..from.record.clone() };
        from = stored(write_one(&calendar, update(&from, &to)).await);
        assert_eq!(from.record.recurrence_overrides, to.recurrence_overrides, "{zone}");
        let path = format!("calendars/primary/events/{id}/instances?maxResults=40");
        let found = world.other("GET", &path, Value::Null).await;
        let titles: Vec<_> =
            found["items"].as_array().unwrap().iter().map(|item| item["summary"].clone()).collect();
        assert_eq!(titles, ["Weekly", "Titled", "Weekly"], "{zone}");
    }
}

#[tokio::test]
async fn what_a_shorter_series_lost_does_not_come_back_when_it_is_long_again() {
    for resend_exceptions in [false, true] {
        let knobs = Knobs { resend_exceptions, ..Knobs::default() };
        let world = World::with(SimOptions { knobs, ..SimOptions::default() }).await;
        let calendar = world.calendar();
        let mut event = weekly(at("2026-03-16T09:00:00"), "FREQ=WEEKLY;COUNT=4");
        let titled = Override { title: Some("Titled".into()), ..Override::default() };
        event.recurrence_overrides.insert("2026-03-30T09:00:00".into(), titled);
        let made = stored(write_one(&calendar, create("k", &event)).await);
        let rule = |rule: &str| Event {
            recurrence_rules: vec![rule.into()],
            recurrence_overrides: Default::default(),
            ..event.clone()
        };
        let short = stored(write_one(&calendar, update(&made, &rule("FREQ=WEEKLY;COUNT=2"))).await);
        let long = stored(write_one(&calendar, update(&short, &rule("FREQ=WEEKLY;COUNT=5"))).await);
        assert!(long.record.recurrence_overrides.is_empty(), "{:?}", long.record);
        let id = made.id.as_str();
        let found =
            world.other("GET", &format!("calendars/primary/events/{id}/instances"), Value::Null).await;
        let titles: Vec<_> =
            found["items"].as_array().unwrap().iter().map(|item| item["summary"].clone()).collect();
        assert_eq!(titles, ["Weekly"; 5]);
    }
}

#[tokio::test]
async fn a_length_changed_in_the_hour_that_comes_twice_moves_no_start() {
    let world = World::new().await;
    let calendar = world.calendar();
    for (number, (start, end)) in [
        ("2026-10-25T02:30:00+02:00", "2026-10-25T03:30:00+02:00"),
        ("2026-10-25T02:30:00+01:00", "2026-10-25T03:30:00+01:00"),
    ]
    .into_iter()
    .enumerate()
    {
        for recurrence in [json!(null), json!(["RRULE:FREQ=WEEKLY;COUNT=3"])] {
            let mut body = json!({"summary": format!("e{number}"), "start": common::timed(start), "end": common::timed(end)});
            if !recurrence.is_null() {
                body["recurrence"] = recurrence;
            }
            let made = world.insert(body).await;
            let id = made["id"].as_str().unwrap();
            let heard = listen(&calendar, From::Start).await.unwrap();
            let from = heard.one(id);
            let to = Event { duration: Duration::seconds(7200), ..from.record.clone() };
            let written = stored(write_one(&calendar, update(from, &to)).await);
            assert_eq!(written.record.duration, Duration::seconds(7200));
            let shown = world.show(id).await;
            assert_eq!(shown["start"]["dateTime"], start);
            let instant =
                |text: &Value| chrono::DateTime::parse_from_rfc3339(text.as_str().unwrap()).unwrap();
            let length = instant(&shown["end"]["dateTime"]) - instant(&shown["start"]["dateTime"]);
            assert_eq!(length.num_seconds(), 7200, "{shown}");
        }
    }
}

/// The occurrences of a series: when each begins, and for how many seconds it lasts.
async fn lengths(world: &World, id: &str) -> Vec<(String, String, i64)> {
    let found = world.other("GET", &format!("calendars/primary/events/{id}/instances"), Value::Null).await;
    let instant = |text: &Value| chrono::DateTime::parse_from_rfc3339(text.as_str().unwrap()).unwrap();
    let of = |one: &Value| {
        let (start, end) = (&one["start"]["dateTime"], &one["end"]["dateTime"]);
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        (text(&one["id"]), text(start), (instant(end) - instant(start)).num_seconds())
    };
    found["items"].as_array().unwrap().iter().map(of).collect()
}

#[tokio::test]
async fn occurrences_in_the_hour_that_comes_twice_keep_their_start_when_the_length_changes() {
    const TWICE: &str = "2026-10-25T02:30:00";
    for of_series in [true, false] {
        let world = World::new().await;
        let calendar = world.calendar();
        let event = weekly(at("2026-10-11T02:30:00"), "FREQ=WEEKLY;COUNT=4");
        let made = stored(write_one(&calendar, create("k", &event)).await);
        let id = made.id.as_str();
        let before = lengths(&world, id).await;
        let (instance, ..) = before.iter().find(|one| one.1.starts_with(TWICE)).unwrap();
        // Somebody puts that occurrence into the second of the two hours.
        let (start, end) = (format!("{TWICE}+01:00"), "2026-10-25T03:30:00+01:00");
        let body = json!({"start": common::timed(&start), "end": common::timed(end)});
        world.other("PATCH", &format!("calendars/primary/events/{instance}"), body).await;
        let heard = listen(&calendar, From::Start).await.unwrap();
        let from = heard.one(id);
        let mut to = from.record.clone();
        match of_series {
            true => to.duration = Duration::seconds(7200),
            false => {
                to.recurrence_overrides.entry(TWICE.to_owned()).or_default().duration =
                    Some(Duration::seconds(7200));
            }
        }
        let written = stored(write_one(&calendar, update(from, &to)).await);
        assert_eq!(written.record, to);
        for (name, shown, length) in lengths(&world, id).await {
            let is_it = name == *instance;
            assert_eq!(length, if of_series || is_it { 7200 } else { 3600 }, "{of_series} {shown}");
            assert!(!is_it || shown == start, "{of_series} {shown}");
        }
    }
    // A series whose first occurrence stands there, and another occurrence of it that gets longer.
    let world = World::new().await;
    let calendar = world.calendar();
    let made = world
        .insert(json!({
            "summary": "e", "recurrence": ["RRULE:FREQ=WEEKLY;COUNT=3"],
            "start": common::timed(&format!("{TWICE}+01:00")), "end": common::timed("2026-10-25T03:30:00+01:00"),
        }))
        .await;
    let id = made["id"].as_str().unwrap();
    let heard = listen(&calendar, From::Start).await.unwrap();
    let from = heard.one(id);
    let mut to = from.record.clone();
    let longer = Override { duration: Some(Duration::seconds(7200)), ..Override::default() };
    to.recurrence_overrides.insert("2026-11-01T02:30:00".into(), longer);
    let written = stored(write_one(&calendar, update(from, &to)).await);
    assert_eq!(written.record, to);
    let found: Vec<_> =
        lengths(&world, id).await.into_iter().map(|(_, start, length)| format!("{start} {length}")).collect();
    let wanted = [
        "2026-10-25T02:30:00+01:00 3600",
        "2026-11-01T02:30:00+01:00 7200",
        "2026-11-08T02:30:00+01:00 3600",
    ];
    assert_eq!(found, wanted);
}

#[tokio::test]
async fn an_occurrence_that_the_clocks_skip_is_the_one_shown_after_the_change() {
    for (zone, first, name, suffix) in [
        ("Europe/Paris", "2027-03-26T02:30:00", "2027-03-28T02:30:00", "20270328T013000Z"),
        ("Australia/Lord_Howe", "2027-10-01T02:15:00", "2027-10-03T02:15:00", "20271002T154500Z"),
    ] {
        let world = World::new().await;
        let calendar = world.calendar();
        let start = Start::Zoned { local: first.parse().unwrap(), zone: zone.into() };
        let plain = weekly(start, "FREQ=DAILY;COUNT=4");
        let change = |change: Override| Event {
            recurrence_overrides: [(name.to_owned(), change)].into(),
            ..plain.clone()
        };
        let gone = change(Override { excluded: true, ..Override::default() });
        let titled = change(Override { title: Some("here".into()), ..Override::default() });
        let same = |found: &Event, wanted: &Event| {
            assert_eq!(*found, Event { uid: found.uid.clone(), ..wanted.clone() }, "{zone}");
        };
        // Made without it or with it changed; cancelled, changed and taken back here.
        for (key, event) in [("gone", &gone), ("titled", &titled), ("plain", &plain)] {
            let made = stored(write_one(&calendar, create(key, event)).await);
            let id = made.id.as_str().to_owned();
            let instance = format!("{id}_{suffix}");
            same(&made.record, event);
            let mut now = made;
            for to in [&gone, &titled, &plain, &titled, &gone, &plain, &gone] {
                let to = Event { uid: now.record.uid.clone(), ..to.clone() };
                now = stored(write_one(&calendar, update(&now, &to)).await);
                same(&now.record, &to);
                let shown = lengths(&world, &id).await;
                let is_shown = shown.iter().any(|one| one.0 == instance);
                assert_eq!(is_shown, to.recurrence_overrides != gone.recurrence_overrides, "{key} {shown:?}");
                assert_eq!(shown.len(), if is_shown { 4 } else { 3 }, "{key} {shown:?}");
            }
        }
        // Titled, then cancelled on the phone.
        let made = stored(write_one(&calendar, create("phone", &plain)).await);
        let path = format!("calendars/primary/events/{}_{suffix}", made.id);
        world.other("PATCH", &path, json!({"summary": "here"})).await;
        let heard = listen(&calendar, From::Start).await.unwrap();
        same(&heard.one(made.id.as_str()).record, &titled);
        world.other("DELETE", &format!("{path}?sendUpdates=none"), Value::Null).await;
        let heard = listen(&calendar, From::Start).await.unwrap();
        let known = heard.one(made.id.as_str()).clone();
        same(&known.record, &gone);
        // The cancelled one goes along with its series.
        let later = |wall: &str| {
            let wall: chrono::NaiveDateTime = wall.parse().unwrap();
            wall + chrono::TimeDelta::minutes(5)
        };
        let start = Start::Zoned { local: later(first), zone: zone.into() };
        let name = later(name).format("%FT%T").to_string();
        let overrides = [(name, Override { excluded: true, ..Override::default() })].into();
        let to = Event { start: Some(start), recurrence_overrides: overrides, ..known.record.clone() };
        let moved = stored(write_one(&calendar, update(&known, &to)).await);
        same(&moved.record, &to);
        assert_eq!(lengths(&world, made.id.as_str()).await.len(), 3, "{zone}");
    }
}

#[tokio::test]
async fn a_cancellation_that_a_listing_left_out_is_still_known() {
    let knobs = Knobs { cancelled_without_uid: true, resend_exceptions: false, ..Knobs::default() };
    let world = World::with(SimOptions { knobs, ..SimOptions::default() }).await;
    let calendar = world.calendar();
    let event = weekly(at("2026-03-16T09:00:00"), "FREQ=WEEKLY;COUNT=4");
    let made = stored(write_one(&calendar, create("k", &event)).await);
    let (id, name) = (made.id.as_str(), "2026-03-23T09:00:00");
    let path = format!("calendars/primary/events/{id}_20260323T080000Z?sendUpdates=none");
    world.other("DELETE", &path, Value::Null).await;
    let heard = listen(&calendar, From::Start).await.unwrap();
    let known = heard.one(id).clone();
    assert!(known.record.recurrence_overrides[name].excluded);
    // Somebody edits the series: the page does not repeat the cancelled occurrence.
    world.other("PATCH", &format!("calendars/primary/events/{id}"), json!({"location": "Lyon"})).await;
    let heard = listen(&calendar, From::Cursor(heard.cursor)).await.unwrap();
    let read = heard.one(id).clone();
    assert!(read.record.recurrence_overrides.is_empty());
    let read = calendar.recall(&known, read).await.unwrap();
    assert!(read.record.recurrence_overrides[name].excluded);
    assert_eq!(read.record.location, "Lyon");
    let fetched = calendar.fetch(std::slice::from_ref(&read.id)).await.unwrap().pop().flatten().unwrap();
    assert_eq!(calendar.recall(&read, fetched).await.unwrap(), read);
    // Our own writes know it, too: whatever they change, and on a copy that is old they are refused.
    let old =
        write_one(&calendar, update(&known, &Event { title: "x".into(), ..known.record.clone() })).await;
    assert_eq!(old.unwrap_err().kind, ErrorKind::VersionMismatch);
    let mut to = Event { title: "Renamed".into(), ..read.record.clone() };
    let named = Override { title: Some("Named".into()), ..Override::default() };
    to.recurrence_overrides.insert("2026-03-30T09:00:00".into(), named);
    let written = stored(write_one(&calendar, update(&read, &to)).await);
    assert_eq!(written.record, to);
    // It takes place again: by us, then by somebody else.
    let mut to = written.record.clone();
    to.recurrence_overrides.remove(name);
    let back = stored(write_one(&calendar, update(&written, &to)).await);
    assert_eq!(back.record, to);
    world.other("DELETE", &path, Value::Null).await;
    let heard = listen(&calendar, From::Start).await.unwrap();
    let gone = heard.one(id).clone();
    assert!(gone.record.recurrence_overrides[name].excluded);
    let path = format!("calendars/primary/events/{id}_20260323T080000Z");
    world.other("PATCH", &path, json!({"status": "confirmed"})).await;
    let heard = listen(&calendar, From::Cursor(heard.cursor)).await.unwrap();
    let read = calendar.recall(&gone, heard.one(id).clone()).await.unwrap();
    assert!(!read.record.recurrence_overrides.contains_key(name));
}

/// A series that says something, its second occurrence saying the same itself, and the series saying something else.
fn said_twice() -> Vec<(&'static str, Event, Event)> {
    let base = serde_json::to_value(weekly(at("2026-03-16T09:00:00"), "FREQ=WEEKLY;COUNT=3")).unwrap();
    let guest = |email: &str| json!({ email: {"email": email} });
    let alert = |minutes: i32| json!({ format!("display:{minutes}"): {"minutes_before": minutes} });
    let cases = [
        ("title", json!("A"), json!("B")),
        ("description", json!("A"), json!("B")),
        ("location", json!("A"), json!("B")),
        ("color", json!("red"), json!("blue")),
        ("url", json!("https://a.example"), json!("https://b.example")),
        ("conference_url", json!("https://a.example"), json!("https://b.example")),
        ("free_busy_status", json!("free"), json!("busy")),
        ("status", json!("tentative"), json!("confirmed")),
        ("status", json!("cancelled"), json!("confirmed")),
        ("status", json!("confirmed"), json!("cancelled")),
        ("privacy", json!("private"), json!("default")),
        ("privacy", json!("private"), json!("public")),
        ("privacy", json!("public"), json!("default")),
        ("duration", json!("PT1H"), json!("PT2H")),
        ("participants", guest("anna@x.example"), guest("ben@x.example")),
        ("alerts", alert(10), alert(30)),
        ("use_default_alerts", json!(true), json!(false)),
        ("categories", json!({"a": "A"}), json!({"b": "B"})),
    ];
    let cases = cases.into_iter().map(|(name, one, other)| {
        let own: Override = serde_json::from_value(json!({ name: one })).unwrap();
        let series = |value: &Value| {
            let mut series = base.clone();
            series[name] = value.clone();
            let mut series: Event = serde_json::from_value(series).unwrap();
            series.recurrence_overrides.insert("2026-03-23T09:00:00".into(), own.clone());
            series
        };
        (name, series(&one), series(&other))
    });
    cases.collect()
}

/// What a person sees of an occurrence at Google, and its categories.
fn seen(found: &Value) -> Value {
    let names = ["summary", "description", "location", "colorId", "source", "transparency", "status"];
    let names = names.iter().chain(&["visibility", "attendees", "reminders", "end"]);
    let mut seen: Map<String, Value> = names.map(|name| ((*name).to_owned(), found[*name].clone())).collect();
    let categories = found["extendedProperties"]["private"]["passerelle.categories"].clone();
    seen.insert("categories".to_owned(), categories);
    seen.into()
}

#[tokio::test]
async fn what_an_occurrence_says_itself_stays_though_its_series_said_the_same() {
    for title in [None, Some("Own title")] {
        let world = World::new().await;
        let calendar = world.calendar();
        for (number, (name, mut one, mut other)) in said_twice().into_iter().enumerate() {
            for event in [&mut one, &mut other] {
                for change in event.recurrence_overrides.values_mut().filter(|change| change.title.is_none())
                {
                    change.title = title.map(str::to_owned);
                }
            }
            let said = |found: &Event| Event { uid: String::new(), ..found.clone() };
            let mut now = stored(write_one(&calendar, create(&format!("k{number}"), &one)).await);
            assert_eq!(said(&now.record), one, "{name}");
            let path = format!("calendars/primary/events/{}/instances", now.id);
            let second = async || seen(&world.other("GET", &path, Value::Null).await["items"][1]);
            let before = second().await;
            for wanted in [&other, &one, &other] {
                now = stored(write_one(&calendar, update(&now, wanted)).await);
                assert_eq!(said(&now.record), *wanted, "{name}");
                let heard = listen(&calendar, From::Start).await.unwrap();
                assert_eq!(said(&heard.one(now.id.as_str()).record), *wanted, "{name}");
                assert_eq!(second().await, before, "{name}");
            }
            // Once it says nothing itself, it is as its series is.
            for event in [&mut other, &mut one] {
                event.recurrence_overrides.clear();
                now = stored(write_one(&calendar, update(&now, event)).await);
                assert_eq!(said(&now.record), *event, "{name}");
            }
        }
    }
}
