//! An event that was called off and stays does not stand at Google as one that takes place.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;

use common::{World, at, create, listen, stored, update, write_one};
use passerelle_calendar::{Alert, AlertAction, Duration, Event, FreeBusyStatus, Override, Status};
use passerelle_ports::{From, Replica, Stored};
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

/// An event that rings so many minutes before, and by the calendar's own reminders.
fn ringing(event: &Event, minutes: &[i32], by_default: bool) -> Event {
    let alerts =
        minutes.iter().map(|minutes| Alert { minutes_before: *minutes, action: AlertAction::Display });
    let alerts = alerts.map(|alert| (alert.key(), alert)).collect();
    Event { alerts, use_default_alerts: by_default, ..event.clone() }
}

/// The reminders of an event as Google has them.
fn rings(event: &Value) -> String {
    let reminders = &event["reminders"];
    let own = reminders["overrides"].as_array().cloned().unwrap_or_default();
    let own: Vec<String> = own.iter().map(|one| one["minutes"].to_string()).collect();
    format!("{} {}", reminders["useDefault"], own.join(","))
}

/// The field that Google does not show as the record says it.
fn unsaid(found: &Stored<Event>) -> &str {
    found.opaque.0["unsaid"].as_str().unwrap_or_default()
}

const SILENCE: &str = "false ";

#[tokio::test]
async fn what_was_called_off_does_not_ring_and_rings_as_before_once_it_takes_place() {
    let world = World::new().await;
    let calendar = world.calendar();
    // More than Google holds, too: five, and none of weeks before.
    for (minutes, by_default, at_google) in [
        (&[][..], false, SILENCE),
        (&[], true, "true "),
        (&[10], false, "false 10"),
        (&[10], true, "true "),
        (&[1, 2, 3, 4, 5, 6, 50_000], false, "false 1,2,3,4,5"),
    ] {
        let key = format!("{minutes:?} {by_default}");
        let on = ringing(&visit(), minutes, by_default);
        let off = Event { status: Status::Cancelled, ..on.clone() };
        let same = |found: &Event, wanted: &Event| {
            assert_eq!(*found, Event { uid: found.uid.clone(), ..wanted.clone() }, "{key}");
        };
        let made = stored(write_one(&calendar, create(&key, &on)).await);
        assert_eq!(rings(&world.show(made.id.as_str()).await), at_google, "{key}");
        let off_now = stored(write_one(&calendar, update(&made, &off)).await);
        assert_eq!(rings(&world.show(made.id.as_str()).await), SILENCE, "{key}");
        same(&off_now.record, &off);
        assert_eq!(unsaid(&off_now), "");
        // Other reminders typed here meanwhile ring no more than those.
        let other = ringing(&off, &[20], !by_default);
        let other_now = stored(write_one(&calendar, update(&off_now, &other)).await);
        assert_eq!(rings(&world.show(made.id.as_str()).await), SILENCE, "{key}");
        same(&other_now.record, &other);
        let off_now = stored(write_one(&calendar, update(&other_now, &off)).await);
        let on_again = stored(write_one(&calendar, update(&off_now, &on)).await);
        same(&on_again.record, &on);
        assert_eq!(rings(&world.show(made.id.as_str()).await), at_google, "{key}");
        let anew = stored(write_one(&calendar, create(&format!("{key} anew"), &off)).await);
        same(&anew.record, &off);
        assert_eq!(rings(&world.show(anew.id.as_str()).await), SILENCE, "{key}");
    }
}

#[tokio::test]
async fn reminders_given_at_google_to_what_was_called_off_come_beside_those_that_wait() {
    let world = World::new().await;
    let calendar = world.calendar();
    let own = json!({"useDefault": false, "overrides": [{"method": "popup", "minutes": 5}]});
    let default = json!({"useDefault": true});
    for (number, (minutes, by_default, typed, kept, after)) in [
        (&[10][..], false, &own, ringing(&visit(), &[5, 10], false), "false 10,5"),
        (&[10], false, &default, ringing(&visit(), &[10], true), "true "),
        (&[10], true, &own, ringing(&visit(), &[5, 10], false), "false 10,5"),
        (&[], true, &own, ringing(&visit(), &[5], false), "false 5"),
    ]
    .into_iter()
    .enumerate()
    {
        let off = Event { status: Status::Cancelled, ..ringing(&visit(), minutes, by_default) };
        let made = stored(write_one(&calendar, create(&number.to_string(), &off)).await);
        let path = format!("calendars/primary/events/{}", made.id);
        world.other("PATCH", &path, json!({"reminders": typed})).await;
        let heard = listen(&calendar, From::Start).await.unwrap();
        let found = heard.one(made.id.as_str()).clone();
        let uid = found.record.uid.clone();
        let kept = Event { uid, status: Status::Cancelled, ..kept };
        assert_eq!((&found.record, unsaid(&found)), (&kept, "status"), "{number}");
        // It does not ring: that is written again.
        let silent = stored(write_one(&calendar, update(&found, &kept)).await);
        assert_eq!((&silent.record, unsaid(&silent)), (&kept, ""), "{number}");
        assert_eq!(rings(&world.show(made.id.as_str()).await), SILENCE, "{number}");
        // Somebody says at Google that it takes place: the reminders of before ring again.
        world.other("PATCH", &path, json!({"summary": "Visit", "transparency": "opaque"})).await;
        let heard = listen(&calendar, From::Start).await.unwrap();
        let on = heard.one(made.id.as_str()).clone();
        let again = Event { status: Status::Confirmed, ..kept };
        assert_eq!((&on.record, unsaid(&on)), (&again, "use_default_alerts"), "{number}");
        let on = stored(write_one(&calendar, update(&on, &again)).await);
        assert_eq!((&on.record, unsaid(&on)), (&again, ""), "{number}");
        assert_eq!(rings(&world.show(made.id.as_str()).await), after, "{number}");
    }
}

#[tokio::test]
async fn occurrences_that_were_called_off_do_not_ring() {
    let world = World::new().await;
    let calendar = world.calendar();
    let weekly = Event { recurrence_rules: vec!["FREQ=WEEKLY;COUNT=4".into()], ..visit() };
    let weekly = ringing(&weekly, &[10], false);
    let made = stored(write_one(&calendar, create("weekly", &weekly)).await);
    let instances = async || {
        let path = format!("calendars/primary/events/{}/instances", made.id);
        let found = world.other("GET", &path, Value::Null).await;
        found["items"].as_array().unwrap().iter().map(rings).collect::<Vec<_>>()
    };
    let own = Alert { minutes_before: 30, ..Alert::default() };
    let own = Override { alerts: Some([(own.key(), own)].into()), ..Override::default() };
    let mut some = weekly.clone();
    let off = Override { status: Some(Status::Cancelled), ..own.clone() };
    let named = Override { title: Some("Named".into()), ..Override::default() };
    let changes =
        [("2026-03-16T09:00:00", named), ("2026-03-23T09:00:00", off), ("2026-03-30T09:00:00", own)];
    some.recurrence_overrides.extend(changes.map(|(name, change)| (name.to_owned(), change)));
    let mut now = stored(write_one(&calendar, update(&made, &some)).await);
    let no_uid = |event: &Event| Event { uid: String::new(), ..event.clone() };
    let part = ["false 10", SILENCE, "false 30", "false 10"];
    for _ in 0..2 {
        assert_eq!((no_uid(&now.record), instances().await), (some.clone(), part.map(str::to_owned).into()));
        let mut all = Event { status: Status::Cancelled, ..some.clone() };
        // What all of them are is nothing of its own.
        all.recurrence_overrides.get_mut("2026-03-23T09:00:00").unwrap().status = None;
        now = stored(write_one(&calendar, update(&now, &all)).await);
        assert_eq!((no_uid(&now.record), instances().await), (all, [SILENCE; 4].map(str::to_owned).into()));
        let fetched = calendar.fetch(std::slice::from_ref(&now.id)).await.unwrap().pop().flatten().unwrap();
        assert_eq!((&fetched.record, unsaid(&fetched)), (&now.record, ""));
        now = stored(write_one(&calendar, update(&now, &some)).await);
    }
}
