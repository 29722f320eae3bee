//! Faults, clocks and counts.

use passerelle_google_sim::bodies;
use serde_json::json;

use crate::world::{EVENTS, World, lunch};

#[tokio::test]
async fn every_collected_body_can_be_played_with_its_status() {
    let world = World::new().await;
    for name in bodies::names() {
        world.control("faults", json!({"rules": [{"method": "calendar.events.list", "body": name}]})).await;
        let answer = world.get(EVENTS).await;
        assert_eq!((answer.status, answer.body), (bodies::status(name), bodies::body(name)), "{name}");
    }
}

#[tokio::test]
async fn a_lost_answer_leaves_the_write_behind() {
    let world = World::new().await;
    let rule =
        json!({"method": "calendar.events.insert", "when": "after", "status": 503, "html": true, "times": 1});
    world.control("faults", json!({"seed": 1, "rules": [rule]})).await;
    let answer = world.post(EVENTS, lunch()).await;
    assert_eq!((answer.status, answer.headers["content-type"].as_str()), (503, "text/html; charset=UTF-8"));
    assert_eq!(world.get(EVENTS).await.items().len(), 1);
}

#[tokio::test]
async fn a_connection_is_cut_before_or_after() {
    let world = World::new().await;
    for (how, when, left) in [("drop", "before", 0), ("drop", "after", 1), ("cut", "after", 2)] {
        let rule = json!({"method": "calendar.events.insert", how: true, "when": when, "times": 1});
        world.control("faults", json!({"rules": [rule]})).await;
        let url = format!("{}{EVENTS}", world.sim.url());
        let sent = world.client.post(url).bearer_auth(&world.token).json(&lunch()).send().await;
        let broken = match (how, sent) {
            ("drop", sent) => sent.is_err(),
            (_, sent) => sent.unwrap().bytes().await.is_err(),
        };
        assert!(broken, "{how}");
        assert_eq!(world.get(EVENTS).await.items().len(), left, "{how} {when}");
    }
}

#[tokio::test]
async fn a_retry_after_and_a_delay_are_passed_on() {
    let world = World::new().await;
    let rules = json!([{"method": "calendar.*", "nth": 2, "status": 429, "retry_after": 7},
                       {"method": "calendar.*", "delay_ms": 1}]);
    world.control("faults", json!({"rules": rules})).await;
    assert_eq!(world.get(EVENTS).await.status, 200);
    let answer = world.get(EVENTS).await;
    assert_eq!((answer.status, answer.headers["retry-after"].as_str()), (429, "7"));
}

#[tokio::test]
async fn requests_are_counted_by_method() {
    let world = World::new().await;
    world.get(EVENTS).await.ok();
    world.insert(lunch()).await;
    let counts = world.get("/_sim/requests").await.body;
    assert_eq!(counts["methods"], json!({"calendar.events.insert": 1, "calendar.events.list": 1}));
    world.control("requests/reset", json!({})).await;
    assert_eq!(world.get("/_sim/requests").await.body["total"], 0);
}

#[tokio::test]
async fn the_clock_is_virtual() {
    let world = World::new().await;
    world.control("clock", json!({"now": "2027-01-01T00:00:00Z", "advance_seconds": 60})).await;
    let stored = world.sim.with(|core| core.now());
    assert_eq!(stored.to_rfc3339(), "2027-01-01T00:01:00+00:00");
    let answer = world.get(EVENTS).await;
    assert_eq!((answer.status, answer.reason()), (401, "authError"));
}

#[tokio::test]
async fn a_wrong_order_to_the_control_surface_is_told() {
    let world = World::new().await;
    for (what, body) in [
        ("knobs", json!({"nonsense": 1})),
        ("faults", json!({"rules": [{"body": "no-such-body"}]})),
        ("expire", json!({"what": "milk"})),
        ("nothing", json!({})),
        ("ui/calendar/split", json!({"account": "alice@example.org", "event": "none"})),
    ] {
        assert_eq!(world.post(&format!("/_sim/{what}"), body).await.status, 400, "{what}");
    }
}

#[tokio::test]
async fn the_state_shows_all_there_is() {
    let world = World::new().await;
    world.insert(lunch()).await;
    let state = world.get("/_sim/state").await.ok().body;
    assert_eq!(state["calendars"]["alice@example.org"]["events"][0]["summary"], "Lunch");
    assert!(!state.to_string().contains(&world.token));
}
