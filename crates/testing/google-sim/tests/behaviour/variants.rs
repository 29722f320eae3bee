//! What Google does that other calendars do not, and what its answers look like in some places.

use passerelle_google_sim::{SimOptions, api::Knobs};
use serde_json::{Value, json};

use crate::world::{CALENDAR, EVENTS, ME, World, lunch, text, weekly};

const BOB: &str = "bob@example.org";

async fn starts(world: &World, id: &str) -> Vec<String> {
    let found = world.get(&format!("{EVENTS}/{id}/instances")).await.ok().items();
    let start = |item: &Value| text(&item["start"], "dateTime") + &text(&item["start"], "date");
    found.iter().map(|item| start(item).get(..10).unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_start_outside_its_rule_is_an_occurrence_and_counts() {
    let world = World::new().await;
    // 16 March 2026 is a Monday.
    for (rule, wanted) in [
        ("RRULE:FREQ=WEEKLY;BYDAY=WE;COUNT=3", &["2026-03-16", "2026-03-18", "2026-03-25"][..]),
        ("RRULE:FREQ=WEEKLY;BYDAY=WE;COUNT=1", &["2026-03-16"]),
        ("RRULE:FREQ=WEEKLY;BYDAY=WE;UNTIL=20260320T000000Z", &["2026-03-16", "2026-03-18"]),
        ("RRULE:FREQ=WEEKLY;BYDAY=MO;COUNT=2", &["2026-03-16", "2026-03-23"]),
    ] {
        let mut event = weekly();
        event["recurrence"] = json!([rule]);
        let id = text(&world.insert(event).await, "id");
        assert_eq!(starts(&world, &id).await, wanted, "{rule}");
    }
    let mut event = weekly();
    event["recurrence"] =
        json!(["RRULE:FREQ=WEEKLY;BYDAY=WE;COUNT=3", "EXDATE;TZID=Europe/Paris:20260316T090000"]);
    let id = text(&world.insert(event).await, "id");
    assert_eq!(starts(&world, &id).await, ["2026-03-18", "2026-03-25"], "it can be taken out");
}

#[tokio::test]
async fn a_day_may_end_where_it_begins() {
    let world = World::new().await;
    let day = json!({"date": "2026-02-01"});
    let made = world.insert(json!({"summary": "Day", "start": day, "end": day})).await;
    assert_eq!((&made["start"], &made["end"]), (&day, &day));
    let answer = world.post(EVENTS, json!({"start": day, "end": {"date": "2026-01-31"}})).await;
    assert_eq!((answer.status, answer.reason()), (400, "timeRangeEmpty"));
}

#[tokio::test]
async fn zones_may_be_shown_by_other_names() {
    let world = World::new().await;
    let id = text(&world.insert(lunch()).await, "id");
    world.control("knobs", json!({"shown_zones": {"Europe/Paris": "GMT+02:00"}})).await;
    let shown = world.get(&format!("{EVENTS}/{id}")).await.ok().body;
    for which in ["start", "end"] {
        assert_eq!(shown[which]["timeZone"], "GMT+02:00");
    }
    assert_eq!(shown["start"]["dateTime"], "2026-01-10T12:00:00+01:00");
    let listed = world.get(EVENTS).await.ok();
    assert_eq!(listed.items()[0]["start"]["timeZone"], "GMT+02:00");
    assert_eq!(listed.body["timeZone"], world.get("/calendar/v3/calendars/primary").await.body["timeZone"]);
}

#[tokio::test]
async fn rules_of_some_frequencies_may_be_refused() {
    let world = World::new().await;
    let mut event = weekly();
    event["recurrence"] = json!(["RRULE:INTERVAL=2;FREQ=HOURLY;COUNT=3"]);
    world.post(EVENTS, event.clone()).await.ok();
    world.control("knobs", json!({"refused_frequencies": ["HOURLY"]})).await;
    let answer = world.post(EVENTS, event).await;
    assert_eq!((answer.status, answer.reason()), (400, "invalid"));
    world.post(EVENTS, weekly()).await.ok();
}

#[tokio::test]
async fn an_answer_to_one_occurrence_reaches_the_organiser() {
    for by_gesture in [false, true] {
        let world = World::new().await;
        let bob = world.token_for(BOB, &[CALENDAR]);
        let mut event = weekly();
        event["attendees"] = json!([{"email": BOB}]);
        let id = text(&world.insert(event).await, "id");
        let one = format!("{id}_20260323T080000Z");
        let path = format!("{EVENTS}/{one}");
        if by_gesture {
            let answer = json!({"account": BOB, "event": one, "response": "declined"});
            world.control("ui/calendar/respond", answer).await;
        } else {
            let rows = json!([{"email": BOB, "responseStatus": "declined"}]);
            let body = json!({"attendeesOmitted": true, "attendees": rows});
            world.call_as(&bob, "PATCH", &path, Some(body), &[]).await.ok();
        }
        let mine = world.get(&path).await.ok().body;
        assert_eq!(mine["attendees"][0]["responseStatus"], "declined", "by gesture: {by_gesture}");
        assert_eq!(mine["recurringEventId"], id.as_str());
        let series = world.get(&format!("{EVENTS}/{id}")).await.ok().body;
        assert_eq!(series["attendees"][0]["responseStatus"], "needsAction");
        assert_eq!(starts(&world, &id).await.len(), 5);
    }
}

#[tokio::test]
async fn the_first_and_all_that_follow_is_the_whole_series() {
    let world = World::new().await;
    let id = text(&world.insert(weekly()).await, "id");
    let token = world.sync_token().await;
    let gesture = json!({"account": ME, "event": id, "from": "20260316T080000Z"});
    world.control("ui/calendar/delete_following", gesture).await;
    assert_eq!(world.get(&format!("{EVENTS}/{id}")).await.ok().body["status"], "cancelled");
    assert_eq!(world.since(&token).await.ok().items()[0]["status"], "cancelled");
    assert!(world.get(EVENTS).await.items().is_empty());
}

#[tokio::test]
async fn exceptions_are_lost_when_the_hour_of_their_series_moves() {
    let world = World::new().await;
    let id = text(&world.insert(weekly()).await, "id");
    let named = format!("{EVENTS}/{id}_20260323T080000Z");
    world.patch(&named, json!({"summary": "Named"})).await.ok();
    world.delete(&format!("{EVENTS}/{id}_20260330T070000Z")).await.ok();
    let at = |hour: &str| {
        let time = |hour: &str| json!({"dateTime": format!("2026-03-16T{hour}:00:00+01:00")});
        let end = format!("{:02}", hour.parse::<u8>().unwrap() + 1);
        json!({"start": time(hour), "end": time(&end)})
    };
    let path = format!("{EVENTS}/{id}");
    let moved = world.patch(&path, at("11")).await.ok().body;
    assert_eq!(moved["start"]["timeZone"], "Europe/Paris");
    assert_eq!(world.get(&named).await.ok().body["status"], "cancelled");
    assert_eq!(starts(&world, &id).await.len(), 5);
    // Back at the old hour they are occurrences like any other.
    world.patch(&path, at("09")).await.ok();
    let back = world.get(&named).await.ok().body;
    assert_eq!((&back["summary"], &back["status"]), (&json!("Weekly"), &json!("confirmed")));
    assert_eq!(starts(&world, &id).await.len(), 5);
}

#[tokio::test]
async fn cancelled_exceptions_may_lack_the_identifier_of_their_series_c42() {
    let world = World::new().await;
    let made = world.insert(weekly()).await;
    let (id, uid) = (text(&made, "id"), text(&made, "iCalUID"));
    world.delete(&format!("{EVENTS}/{id}_20260330T070000Z")).await.ok();
    world.patch(&format!("{EVENTS}/{id}_20260323T080000Z"), json!({"summary": "Named"})).await.ok();
    let listed = async || {
        let list = world.get(&format!("{EVENTS}?iCalUID={uid}&showDeleted=true")).await.ok().items();
        let mut ids: Vec<String> = list.iter().map(|one| text(one, "id")).collect();
        ids.sort();
        ids
    };
    let (named, hole) = (format!("{id}_20260323T080000Z"), format!("{id}_20260330T070000Z"));
    assert_eq!(listed().await, [id.clone(), named.clone(), hole.clone()]);
    world.control("knobs", json!({"cancelled_without_uid": true})).await;
    assert_eq!(listed().await, [id.clone(), named]);
    // By its own name it is there as ever.
    let hole = world.get(&format!("{EVENTS}/{hole}")).await.ok().body;
    assert_eq!((&hole["status"], &hole["recurringEventId"]), (&json!("cancelled"), &json!(id)));
}

#[tokio::test]
async fn a_split_to_another_hour_is_a_new_series_without_exceptions_c70() {
    let world = World::new().await;
    let id = text(&world.insert(weekly()).await, "id");
    let late = format!("{EVENTS}/{id}_20260406T070000Z");
    world.patch(&late, json!({"summary": "Late"})).await.ok();
    let changes = json!({
        "start": {"dateTime": "2026-03-30T11:00:00+02:00", "timeZone": "Europe/Paris"},
        "end": {"dateTime": "2026-03-30T12:00:00+02:00", "timeZone": "Europe/Paris"},
    });
    let gesture = json!({"account": ME, "event": id, "from": "20260330T070000Z", "changes": changes});
    let made = text(&world.control("ui/calendar/split", gesture).await, "id");
    assert!(!made.starts_with(&id));
    let part = world.get(&format!("{EVENTS}/{made}")).await.ok().body;
    assert_eq!(part["sequence"], 1);
    assert_eq!(world.get(&late).await.ok().body["status"], "cancelled");
    assert_eq!(starts(&world, &id).await, ["2026-03-16", "2026-03-23"]);
    let list = world.get(&format!("{EVENTS}?singleEvents=true")).await.ok().items();
    let of_part: Vec<String> = list
        .iter()
        .filter(|one| one["recurringEventId"] == made.as_str())
        .map(|one| text(&one["start"], "dateTime"))
        .collect();
    let wanted = ["2026-03-30T11:00:00+02:00", "2026-04-06T11:00:00+02:00", "2026-04-13T11:00:00+02:00"];
    assert_eq!(of_part, wanted);
}

#[tokio::test]
async fn the_block_of_a_conference_may_be_stripped() {
    let world = World::new().await;
    let mut event = lunch();
    event["conferenceData"] = json!({"createRequest": {"requestId": "r1"}});
    let made = world.post(&format!("{EVENTS}?conferenceDataVersion=1"), event).await.ok().body;
    assert!(made["conferenceData"].is_object());
    world.control("knobs", json!({"strip_conference": true})).await;
    let shown = world.get(&format!("{EVENTS}/{}", text(&made, "id"))).await.ok().body;
    assert_eq!(shown["conferenceData"], Value::Null);
    assert_eq!(shown["hangoutLink"], made["hangoutLink"]);
}

#[tokio::test]
async fn years_and_offsets_of_long_ago_are_printed_right() {
    let world = World::with(SimOptions { knobs: Knobs::default(), ..SimOptions::default() }).await;
    for date in ["0001-01-01", "0999-12-31", "1899-12-31", "9999-12-30"] {
        let next = chrono::NaiveDate::parse_from_str(date, "%Y-%m-%d").unwrap().succ_opt().unwrap();
        let next = next.format("%Y-%m-%d").to_string();
        let made = world.insert(json!({"start": {"date": date}, "end": {"date": next}})).await;
        assert_eq!((&made["start"]["date"], &made["end"]["date"]), (&json!(date), &json!(next)));
    }
    world
        .call("PATCH", "/calendar/v3/calendars/primary", Some(json!({"timeZone": "Europe/Paris"})), &[])
        .await;
    for (sent, zone, printed) in [
        ("1900-01-01T12:00:00Z", "Europe/Paris", "1900-01-01T12:09:21+00:09:21"),
        ("1900-01-01T12:09:21+00:09:21", "Europe/Paris", "1900-01-01T12:09:21+00:09:21"),
        ("1900-01-01T12:00:00", "Europe/Paris", "1900-01-01T12:00:00+00:09:21"),
        ("1950-07-01T12:00:00Z", "Europe/Paris", "1950-07-01T13:00:00+01:00"),
        ("0099-01-01T12:00:00Z", "Europe/Paris", "0099-01-01T12:09:21+00:09:21"),
    ] {
        let at = json!({"dateTime": sent, "timeZone": zone});
        let made = world.insert(json!({"start": at, "end": at})).await;
        assert_eq!(made["start"]["dateTime"], printed, "{sent}");
    }
}

#[tokio::test]
async fn addresses_of_guests_that_are_none_are_refused() {
    let world = World::new().await;
    for email in [
        "nobody",
        "a b@c.example",
        "a@b@c.example",
        "a@",
        "@c.example",
        "a@.c.example",
        "a..b@c.example",
        "A <a@c.example>",
        "a@c.example,b@c.example",
    ] {
        let mut event = lunch();
        event["attendees"] = json!([{"email": email}]);
        let answer = world.post(EVENTS, event).await;
        assert_eq!((answer.status, answer.message()), (400, "Invalid attendee email."), "{email}");
    }
    for email in ["a@c.example", "a.b+c@c-d.example", "\"a b\"@c.example", "é@c.example"] {
        let mut event = lunch();
        event["attendees"] = json!([{"email": email}]);
        world.post(EVENTS, event).await.ok();
    }
}

#[tokio::test]
async fn a_stale_read_is_one_for_every_client_p43() {
    let world = World::new().await;
    let contacts = "https://www.googleapis.com/auth/contacts";
    let other = world.sim.with(|core| core.issue_token(ME, "another-client", &[contacts]).0);
    let made = world.post("/v1/people:createContact", json!({"names": [{"givenName": "A"}]})).await.ok().body;
    let name = text(&made, "resourceName");
    world.control("clock", json!({"advance_seconds": 60})).await;
    let body = json!({"etag": made["etag"], "names": [{"givenName": "B"}]});
    let path = format!("/v1/{name}:updateContact?updatePersonFields=names");
    world.patch(&path, body).await.ok();
    world.control("knobs", json!({"people_stale_read_seconds": 30})).await;
    let path = format!("/v1/{name}?personFields=names");
    for _ in 0..2 {
        let read = world.call_as(&other, "GET", &path, None, &[]).await.ok().body;
        assert_eq!(read["names"][0]["givenName"], "A");
    }
    world.control("clock", json!({"advance_seconds": 30})).await;
    let read = world.call_as(&other, "GET", &path, None, &[]).await.ok().body;
    assert_eq!(read["names"][0]["givenName"], "B");
}
