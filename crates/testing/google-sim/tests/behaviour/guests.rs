//! Guests, their copies, and mails.

use serde_json::{Value, json};

use crate::world::{Answer, CALENDAR, EVENTS, World, lunch, text};

const BOB: &str = "bob@example.org";

async fn invited(updates: &str) -> (World, String, String) {
    let world = World::new().await;
    let bob = world.token_for(BOB, &[CALENDAR]);
    let mut event = lunch();
    event["attendees"] = json!([{"email": BOB}, {"email": "carol@elsewhere.net"}]);
    let path = format!("{EVENTS}?sendUpdates={updates}");
    let id = text(&world.post(&path, event).await.ok().body, "id");
    (world, bob, id)
}

async fn as_bob(world: &World, bob: &str, verb: &str, path: &str, body: Option<Value>) -> Answer {
    world.call_as(bob, verb, path, body, &[]).await
}

#[tokio::test]
async fn a_guest_gets_a_copy_and_mail_only_when_asked_c140_c147() {
    for (updates, mails) in [("all", 2), ("externalOnly", 1), ("none", 0)] {
        let (world, bob, id) = invited(updates).await;
        let copy = as_bob(&world, &bob, "GET", &format!("{EVENTS}/{id}"), None).await.ok().body;
        assert_eq!(copy["organizer"]["self"], Value::Null);
        assert_eq!(copy["attendees"][0]["self"], true);
        assert_eq!(copy["attendees"][0]["responseStatus"], "needsAction");
        assert_eq!(world.get("/_sim/mails").await.body["count"], mails, "{updates}");
    }
}

#[tokio::test]
async fn an_answer_goes_back_to_the_organiser_c141() {
    let (world, bob, id) = invited("none").await;
    let path = format!("{EVENTS}/{id}");
    let answer =
        json!({"attendeesOmitted": true, "attendees": [{"email": BOB, "responseStatus": "accepted"}]});
    as_bob(&world, &bob, "PATCH", &path, Some(answer)).await.ok();
    let mine = world.get(&path).await.ok().body;
    assert_eq!(mine["attendees"][0]["responseStatus"], "accepted");
    assert_eq!(mine["attendees"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_guests_title_stays_his_own_until_the_organiser_changes_c141() {
    let (world, bob, id) = invited("none").await;
    let path = format!("{EVENTS}/{id}");
    as_bob(&world, &bob, "PATCH", &path, Some(json!({"summary": "Bob's", "colorId": "3"}))).await.ok();
    assert_eq!(world.get(&path).await.body["summary"], "Lunch");
    world.patch(&path, json!({"location": "Roof"})).await.ok();
    let copy = as_bob(&world, &bob, "GET", &path, None).await.body;
    assert_eq!(
        (&copy["summary"], &copy["location"], &copy["colorId"]),
        (&json!("Lunch"), &json!("Roof"), &json!("3"))
    );
}

#[tokio::test]
async fn a_put_by_a_guest_that_omits_shared_members_is_refused_c125() {
    let (world, bob, id) = invited("none").await;
    let mut body = lunch();
    body["summary"] = Value::Null;
    let answer = as_bob(&world, &bob, "PUT", &format!("{EVENTS}/{id}"), Some(body)).await;
    assert_eq!((answer.status, answer.reason()), (403, "forbiddenForNonOrganizer"));
}

#[tokio::test]
async fn a_silent_deletion_stays_on_guests_calendars_c149() {
    for (updates, left) in [("none", "confirmed"), ("all", "cancelled")] {
        let (world, bob, id) = invited("none").await;
        let path = format!("{EVENTS}/{id}");
        world.delete(&format!("{path}?sendUpdates={updates}")).await.ok();
        assert_eq!(as_bob(&world, &bob, "GET", &path, None).await.body["status"], left, "{updates}");
    }
}

#[tokio::test]
async fn long_lists_are_cut_and_say_so_c144() {
    let (world, _, id) = invited("none").await;
    let body = world.get(&format!("{EVENTS}/{id}?maxAttendees=1")).await.ok().body;
    assert_eq!(
        (&body["attendeesOmitted"], body["attendees"].as_array().map(Vec::len)),
        (&json!(true), Some(0))
    );
}

#[tokio::test]
async fn a_service_account_alone_may_not_invite_c150() {
    let world = World::new().await;
    let robot = "robot@p.iam.gserviceaccount.com";
    let token = world.token_for(robot, &[CALENDAR]);
    let mut event = lunch();
    event["attendees"] = json!([{"email": BOB}]);
    let answer = world.call_as(&token, "POST", EVENTS, Some(event), &[]).await;
    assert_eq!((answer.status, answer.reason()), (403, "forbiddenForServiceAccounts"));
}

#[tokio::test]
async fn a_removed_guest_loses_the_event() {
    let (world, bob, id) = invited("none").await;
    let path = format!("{EVENTS}/{id}");
    world.patch(&path, json!({"attendees": [{"email": "carol@elsewhere.net"}]})).await.ok();
    assert_eq!(as_bob(&world, &bob, "GET", &path, None).await.body["status"], "cancelled");
}
