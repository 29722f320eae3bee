//! An event that was called off and stays does not stand at Google as one that takes place.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;

use common::{World, at, create, listen, stored, update, write_one};
use passerelle_calendar::{Duration, Event, FreeBusyStatus, Override, Status};
use passerelle_ports::{From, Replica};
use serde_json::{Value, json};

fn visit() -> Event {
    Event {
        title: "Visit".into(),
        start: Some(at("2026-03-16T09:00:00")),
        duration: Duration::seconds(3600),
        ..Event::default()
    }
}

fn shown(event: &Value) -> (&str, &str) {
    (event["summary"].as_str().unwrap_or_default(), event["transparency"].as_str().unwrap_or("opaque"))
}

#[tokio::test]
async fn what_was_called_off_is_free_and_says_so_at_google() {
    let world = World::new().await;
    let calendar = world.calendar();
    for free_busy_status in [FreeBusyStatus::Busy, FreeBusyStatus::Free] {
        for title in ["Visit", "", "Cancelled: Visit"] {
            let plain = Event { title: title.into(), free_busy_status, ..visit() };
            let off = Event { status: Status::Cancelled, ..plain.clone() };
            let key = format!("{title} {}", free_busy_status.as_str());
            let made = stored(write_one(&calendar, create(&key, &plain)).await);
            let same = |found: &Event, wanted: &Event| {
                assert_eq!(*found, Event { uid: found.uid.clone(), ..wanted.clone() }, "{key}");
            };
            let off_now = stored(write_one(&calendar, update(&made, &off)).await);
            same(&off_now.record, &off);
            let at_google = world.show(made.id.as_str()).await;
            assert_eq!(shown(&at_google).1, "transparent", "{key}");
            assert!(shown(&at_google).0.starts_with("Cancelled:"), "{at_google}");
            let renamed = Event { title: format!("{title}!"), ..off.clone() };
            let renamed = stored(write_one(&calendar, update(&off_now, &renamed)).await);
            assert_eq!(renamed.record.title, format!("{title}!"));
            let on_again = stored(write_one(&calendar, update(&renamed, &plain)).await);
            same(&on_again.record, &plain);
            let at_google = world.show(made.id.as_str()).await;
            let free = free_busy_status == FreeBusyStatus::Free;
            assert_eq!(shown(&at_google), (title, if free { "transparent" } else { "opaque" }), "{key}");
            let anew = stored(write_one(&calendar, create(&format!("{key} anew"), &off)).await);
            same(&anew.record, &off);
        }
    }
}

#[tokio::test]
async fn whoever_takes_the_words_away_says_that_it_takes_place() {
    let world = World::new().await;
    let calendar = world.calendar();
    let off = Event { status: Status::Cancelled, ..visit() };
    let made = stored(write_one(&calendar, create("off", &off)).await);
    let path = format!("calendars/primary/events/{}", made.id);
    world.other("PATCH", &path, json!({"description": "noted"})).await;
    let heard = listen(&calendar, From::Start).await.unwrap();
    assert_eq!(heard.one(made.id.as_str()).record.status, Status::Cancelled);
    // Another title says nothing of whether it takes place.
    world.other("PATCH", &path, json!({"summary": "Visit at ten"})).await;
    let heard = listen(&calendar, From::Start).await.unwrap();
    let renamed = heard.one(made.id.as_str()).clone();
    assert_eq!((renamed.record.title.as_str(), renamed.record.status), ("Visit at ten", Status::Cancelled));
    assert_eq!(renamed.record.free_busy_status, FreeBusyStatus::Busy);
    // Our next write says so again.
    let noted = Event { location: "Lyon".into(), ..renamed.record.clone() };
    let noted = stored(write_one(&calendar, update(&renamed, &noted)).await);
    assert_eq!((noted.record.title.as_str(), noted.record.status), ("Visit at ten", Status::Cancelled));
    assert_eq!(shown(&world.show(made.id.as_str()).await), ("Cancelled: Visit at ten", "transparent"));
    world.other("PATCH", &path, json!({"summary": "Visit", "transparency": "opaque"})).await;
    let heard = listen(&calendar, From::Start).await.unwrap();
    let record = &heard.one(made.id.as_str()).record;
    assert_eq!((record.title.as_str(), record.status), ("Visit", Status::Confirmed));
    assert_eq!(record.free_busy_status, FreeBusyStatus::Busy);
}

#[tokio::test]
async fn one_occurrence_or_all_of_them_are_called_off_and_take_place_again() {
    let world = World::new().await;
    let calendar = world.calendar();
    let weekly = Event { recurrence_rules: vec!["FREQ=WEEKLY;COUNT=4".into()], ..visit() };
    let made = stored(write_one(&calendar, create("weekly", &weekly)).await);
    let one = Override { status: Some(Status::Cancelled), ..Override::default() };
    let named = Override { title: Some("Named".into()), ..Override::default() };
    let mut some = weekly.clone();
    some.recurrence_overrides.insert("2026-03-23T09:00:00".into(), one);
    some.recurrence_overrides.insert("2026-03-30T09:00:00".into(), named);
    let mut now = stored(write_one(&calendar, update(&made, &some)).await);
    let instances = async || {
        let path = format!("calendars/primary/events/{}/instances", made.id);
        let found = world.other("GET", &path, Value::Null).await;
        let shown = found["items"].as_array().unwrap().iter().map(|item| {
            let (title, free) = shown(item);
            format!("{title} {free}")
        });
        shown.collect::<Vec<_>>()
    };
    let no_uid = |event: &Event| Event { uid: String::new(), ..event.clone() };
    assert_eq!(no_uid(&now.record), some);
    let part = ["Visit opaque", "Cancelled: Visit transparent", "Named opaque", "Visit opaque"];
    assert_eq!(instances().await, part);
    let all = Event { status: Status::Cancelled, ..some.clone() };
    now = stored(write_one(&calendar, update(&now, &all)).await);
    assert!(instances().await.iter().all(|shown| shown.ends_with("transparent")));
    assert!(instances().await.iter().all(|shown| shown.starts_with("Cancelled: ")));
    let fetched = calendar.fetch(std::slice::from_ref(&now.id)).await.unwrap().pop().flatten().unwrap();
    assert_eq!(fetched.record, now.record);
    now = stored(write_one(&calendar, update(&now, &some)).await);
    assert_eq!(no_uid(&now.record), some);
    assert_eq!(instances().await, part);
}
