//! Google's refusals, one by one, and what the engine is told.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;

use common::{World, create, delete, listen, stored, update, write_one};
use passerelle_calendar::{Duration, Event};
use passerelle_google_calendar::list_calendars;
use passerelle_ports::{Code, ErrorKind, From, Replica};
use serde_json::json;

fn lunch() -> Event {
    Event {
        title: "Lunch".into(),
        start: Some(common::at("2026-01-10T12:00:00")),
        duration: Duration::seconds(3600),
        ..Event::default()
    }
}

async fn strike(world: &World, method: &str, body: &str) {
    let rule = json!({"method": format!("calendar.events.{method}"), "body": body});
    world.control("faults", json!({"rules": [rule]})).await;
}

#[tokio::test]
async fn a_refused_write_says_what_to_do() {
    let table = [
        ("calendar-400-invalid-value", ErrorKind::Rejected, Some(Code::Goog310)),
        ("calendar-403-forbiddenForNonOrganizer", ErrorKind::Forbidden, Some(Code::Goog309)),
        ("calendar-403-requiredAccessLevel", ErrorKind::Forbidden, Some(Code::Goog308)),
        ("calendar-403-quotaExceeded", ErrorKind::RateLimited, Some(Code::Goog302)),
        ("calendar-403-rateLimitExceeded", ErrorKind::RateLimited, Some(Code::Goog301)),
        ("calendar-404-notFound", ErrorKind::NotFound, None),
        ("calendar-409-conflict", ErrorKind::VersionMismatch, Some(Code::Goog306)),
        ("calendar-412-conditionNotMet", ErrorKind::VersionMismatch, Some(Code::Goog306)),
        ("calendar-503-backendError", ErrorKind::Unavailable, Some(Code::Goog311)),
    ];
    let world = World::new().await;
    let calendar = world.calendar();
    let made = stored(write_one(&calendar, create("k", &lunch())).await);
    for (body, kind, code) in table {
        strike(&world, "patch", body).await;
        let to = Event { title: "x".into(), ..made.record.clone() };
        let error = write_one(&calendar, update(&made, &to)).await.unwrap_err();
        assert_eq!((error.kind, error.code), (kind, code), "{body}");
    }
    strike(&world, "delete", "calendar-410-deleted").await;
    assert!(write_one(&calendar, delete(&made)).await.is_ok());
    strike(&world, "delete", "calendar-412-conditionNotMet").await;
    let error = write_one(&calendar, delete(&made)).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::VersionMismatch);
}

#[tokio::test]
async fn a_refused_listing_says_what_to_do() {
    let table = [
        ("calendar-410-fullSyncRequired", ErrorKind::CursorExpired, Some(Code::Goog305)),
        ("calendar-400-invalid-value", ErrorKind::CursorExpired, Some(Code::Goog305)),
        ("calendar-403-service-disabled", ErrorKind::Unauthenticated, Some(Code::Goog101)),
        ("calendar-403-scope-insufficient-events", ErrorKind::Unauthenticated, Some(Code::Goog202)),
        ("calendar-404-notFound", ErrorKind::Forbidden, Some(Code::Goog307)),
        ("calendar-500-backendError", ErrorKind::Unavailable, Some(Code::Goog311)),
    ];
    let world = World::new().await;
    let calendar = world.calendar();
    let cursor = listen(&calendar, From::Start).await.unwrap().cursor;
    for (body, kind, code) in table {
        strike(&world, "list", body).await;
        let error = listen(&calendar, From::Cursor(cursor.clone())).await.err().unwrap();
        assert_eq!((error.kind, error.code), (kind, code), "{body}");
    }
    strike(&world, "list", "calendar-400-invalid-value").await;
    let error = listen(&calendar, From::Start).await.err().unwrap();
    assert_eq!(error.kind, ErrorKind::Rejected, "no cursor was sent");
}

#[tokio::test]
async fn a_listing_that_breaks_off_is_no_short_listing() {
    let world = World::new().await;
    let calendar = world.calendar();
    world.sim.with(|core| core.knobs_mut().page_size_max = Some(1));
    for key in ["a", "b", "c"] {
        write_one(&calendar, create(key, &lunch())).await.unwrap();
    }
    let rule = json!({"method": "calendar.events.list", "nth": 2, "times": 9, "cut": true});
    world.control("faults", json!({"rules": [rule]})).await;
    let error = listen(&calendar, From::Start).await.err().unwrap();
    assert_eq!(error.kind, ErrorKind::Unavailable);
    let rule = json!({"method": "calendar.events.list", "nth": 2, "html": true, "status": 404});
    world.control("faults", json!({"rules": [rule]})).await;
    let fetched = calendar.fetch(&["e1".into()]).await;
    assert!(fetched.is_err() || fetched.unwrap() == [None]);
}

#[tokio::test]
async fn what_a_proxy_answers_is_no_deletion() {
    let world = World::new().await;
    let calendar = world.calendar();
    let made = stored(write_one(&calendar, create("k", &lunch())).await);
    let rule = json!({"method": "calendar.events.get", "html": true, "status": 404});
    world.control("faults", json!({"rules": [rule]})).await;
    let error = calendar.fetch(&[made.id]).await.unwrap_err();
    assert_eq!((error.kind, error.code), (ErrorKind::Unavailable, Some(Code::Goog314)));
}

#[tokio::test]
async fn a_list_that_leads_back_to_its_first_page_ends() {
    let world = World::new().await;
    let calendar = world.calendar();
    let weekly = Event { recurrence_rules: vec!["FREQ=WEEKLY;COUNT=3".into()], ..lunch() };
    let made = stored(write_one(&calendar, create("k", &weekly)).await);
    for method in ["calendar.calendarList.list", "calendar.events.list"] {
        world.control("faults", json!({"rules": [{"method": method, "circle": true}]})).await;
        let before = world.requests();
        let error = match method {
            "calendar.events.list" => calendar.fetch(std::slice::from_ref(&made.id)).await.unwrap_err(),
            _ => list_calendars(&world.client).await.unwrap_err(),
        };
        assert_eq!((error.kind, error.code), (ErrorKind::Unexpected, Some(Code::Goog314)), "{method}");
        assert!(world.requests() - before <= 3, "{method}");
    }
}
