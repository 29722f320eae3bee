//! Single events: ids, etags, PATCH and PUT, silent drops.

use serde_json::{Value, json};

use crate::world::{EVENTS, World, lunch, text};

#[tokio::test]
async fn a_plain_event_comes_back_with_the_observed_members_c261() {
    let world = World::new().await;
    let event = world.insert(lunch()).await;
    let members: Vec<_> = event.as_object().unwrap().keys().cloned().collect();
    assert_eq!(
        members,
        [
            "created",
            "creator",
            "end",
            "etag",
            "eventType",
            "htmlLink",
            "iCalUID",
            "id",
            "kind",
            "organizer",
            "reminders",
            "sequence",
            "start",
            "status",
            "summary",
            "updated"
        ]
    );
    assert_eq!(event["reminders"], json!({"useDefault": true}));
    assert_eq!(event["organizer"]["self"], true);
    assert!(text(&event, "created").ends_with(".000Z"));
    assert_eq!(text(&event, "id").len(), 26);
    assert_eq!(text(&event, "iCalUID"), format!("{}@google.com", text(&event, "id")));
    let day = world.insert(json!({"start": {"date": "2026-01-05"}, "end": {"date": "2026-01-06"}})).await;
    assert_eq!(day["reminders"], json!({"useDefault": false}));
}

#[tokio::test]
async fn an_id_can_be_used_once_and_must_be_base32hex_c100_c102() {
    let world = World::new().await;
    let with = |id: &str| {
        let mut event = lunch();
        event["id"] = json!(id);
        event
    };
    world.post(EVENTS, with("abcde")).await.ok();
    let again = world.post(EVENTS, with("abcde")).await;
    assert_eq!((again.status, again.reason()), (409, "duplicate"));
    world.delete(&format!("{EVENTS}/abcde")).await.ok();
    assert_eq!(world.post(EVENTS, with("abcde")).await.status, 409);
    for bad in ["ab_cde", "abcd", "xyzzy"] {
        let answer = world.post(EVENTS, with(bad)).await;
        assert_eq!((answer.status, answer.message()), (400, "Invalid resource id value."), "{bad}");
    }
    let mut both = with("abcdf");
    both["iCalUID"] = json!("u@x");
    assert_eq!(world.post(EVENTS, both).await.status, 400);
}

#[tokio::test]
async fn a_deleted_event_is_revived_or_refused_c103() {
    let world = World::new().await;
    let path = format!("{EVENTS}/{}", text(&world.insert(lunch()).await, "id"));
    world.delete(&path).await.ok();
    let seen = world.get(&path).await.ok();
    assert_eq!(
        (seen.body["status"].as_str(), seen.body["summary"].as_str()),
        (Some("cancelled"), Some("Lunch"))
    );
    let second = world.delete(&path).await;
    assert_eq!((second.status, second.reason()), (410, "deleted"));
    assert_eq!(world.patch(&path, json!({"status": "confirmed"})).await.ok().body["status"], "confirmed");

    world.delete(&path).await.ok();
    world.control("knobs", json!({"revive_deleted": false})).await;
    assert_eq!(world.put(&path, lunch()).await.status, 403);
    assert_eq!(world.delete(&format!("{EVENTS}/neverwas")).await.status, 404);
}

#[tokio::test]
async fn an_old_etag_is_refused_and_a_star_forces_c120() {
    let world = World::new().await;
    let event = world.insert(lunch()).await;
    let path = format!("{EVENTS}/{}", text(&event, "id"));
    let old = text(&event, "etag");
    let new = text(&world.patch(&path, json!({"summary": "Dinner"})).await.ok().body, "etag");
    assert_ne!(old, new);
    for (verb, body) in [("PATCH", Some(json!({"summary": "x"}))), ("PUT", Some(lunch())), ("DELETE", None)] {
        let answer = world.call(verb, &path, body, &[("If-Match", &old)]).await;
        assert_eq!((answer.status, answer.reason()), (412, "conditionNotMet"), "{verb}");
    }
    let answer = world.call("GET", &path, None, &[("If-None-Match", &new)]).await;
    assert_eq!(answer.status, 304);
    let body = json!({"summary": "forced"});
    assert_eq!(world.call("PATCH", &path, Some(body.clone()), &[("If-Match", "*")]).await.status, 200);
}

#[tokio::test]
async fn a_write_that_changes_nothing_keeps_etag_and_updated_c266() {
    let world = World::new().await;
    let event = world.insert(lunch()).await;
    let path = format!("{EVENTS}/{}", text(&event, "id"));
    for answer in
        [world.put(&path, event.clone()).await, world.patch(&path, json!({"summary": "Lunch"})).await]
    {
        assert_eq!(answer.ok().body, event);
    }
    world.delete(&path).await.ok();
    let gone = world.get(&path).await.ok().body;
    assert_eq!(world.put(&path, gone.clone()).await.ok().body["etag"], gone["etag"]);
}

#[tokio::test]
async fn sequence_rises_with_time_only_and_must_not_fall_c74_c126_c265() {
    let world = World::new().await;
    let event = world.insert(lunch()).await;
    let path = format!("{EVENTS}/{}", text(&event, "id"));
    assert_eq!(world.patch(&path, json!({"summary": "x"})).await.body["sequence"], 0);
    let later = json!({"end": {"dateTime": "2026-01-10T14:00:00+01:00"}});
    assert_eq!(world.patch(&path, later).await.body["sequence"], 1);
    let mut stale = lunch();
    stale["sequence"] = json!(0);
    let answer = world.put(&path, stale).await;
    assert_eq!(answer.status, 400);
    assert!(answer.message().starts_with("Invalid sequence value."));
}

#[tokio::test]
async fn put_replaces_and_patch_merges_c123() {
    let world = World::new().await;
    let mut event = lunch();
    event["location"] = json!("Here");
    event["extendedProperties"] = json!({"private": {"a": "1", "b": "2"}});
    let event = world.insert(event).await;
    let path = format!("{EVENTS}/{}", text(&event, "id"));
    let merged = world
        .patch(&path, json!({"description": "d", "extendedProperties": {"private": {"a": null}}}))
        .await
        .ok();
    assert_eq!(merged.body["location"], "Here");
    assert_eq!(merged.body["extendedProperties"]["private"], json!({"b": "2"}));
    let replaced = world.put(&path, lunch()).await.ok();
    for name in ["location", "description", "extendedProperties"] {
        assert_eq!(replaced.body[name], Value::Null, "{name}");
    }
    let partial = world.put(&path, json!({"status": "cancelled"})).await;
    assert_eq!(partial.status, 400);
    assert_eq!(partial.reason(), "required");
}

#[tokio::test]
async fn timed_becomes_all_day_only_when_the_other_member_is_nulled_c94() {
    let world = World::new().await;
    let path = format!("{EVENTS}/{}", text(&world.insert(lunch()).await, "id"));
    let day = json!({"start": {"date": "2026-01-10"}, "end": {"date": "2026-01-11"}});
    assert_eq!(world.patch(&path, day).await.status, 400);
    let null = Value::Null;
    let day = json!({"start": {"date": "2026-01-10", "dateTime": null, "timeZone": null},
                     "end": {"date": "2026-01-11", "dateTime": null, "timeZone": null}});
    assert_eq!(world.patch(&path, day).await.ok().body["start"], json!({"date": "2026-01-10"}));
    drop(null);
}

#[tokio::test]
async fn times_are_printed_in_the_calendars_zone_c92_c264() {
    let world = World::new().await;
    let event = world
        .insert(json!({"start": {"dateTime": "2026-07-01T09:00:00-03:00", "timeZone": "America/Los_Angeles"},
                       "end": {"dateTime": "2026-07-01T10:00:00-03:00"}}))
        .await;
    assert_eq!(
        event["start"],
        json!({"dateTime": "2026-07-01T14:00:00+02:00", "timeZone": "America/Los_Angeles"})
    );
    assert_eq!(event["end"]["timeZone"], "Europe/Paris");
    let path = format!("{EVENTS}/{}?timeZone=UTC", text(&event, "id"));
    assert_eq!(world.get(&path).await.body["start"]["dateTime"], "2026-07-01T12:00:00Z");
}

#[tokio::test]
async fn bad_times_are_refused_c62_c91_c95() {
    let world = World::new().await;
    let end = json!({"dateTime": "2026-07-01T10:00:00Z"});
    for (start, reason) in [
        (json!({"dateTime": "2026-07-01T09:00:00"}), "required"),
        (json!({"dateTime": "2026-07-01T09:00:00Z", "timeZone": "Mars/Base"}), "invalid"),
        (json!({"date": "2026-07-01"}), "invalid"),
        (json!({"dateTime": "2026-07-01T11:00:00Z"}), "timeRangeEmpty"),
        (json!({}), "required"),
    ] {
        let answer = world.post(EVENTS, json!({"start": start, "end": end})).await;
        assert_eq!((answer.status, answer.reason()), (400, reason), "{start}");
    }
    let answer = world
        .post(
            EVENTS,
            json!({"start": {"dateTime": "2026-07-01T09:00:00Z"}, "end": end,
                             "recurrence": ["RRULE:FREQ=DAILY"]}),
        )
        .await;
    assert_eq!(answer.message(), "Missing time zone definition for start time.");
}

#[tokio::test]
async fn what_google_drops_without_a_word_is_dropped_c169_c170_c171() {
    let world = World::new().await;
    let mut event = lunch();
    let long = "k".repeat(45);
    event["extendedProperties"] = json!({"private": {long.as_str(): "x", "ok": "v".repeat(2000)}});
    event["attachments"] = json!([{"fileUrl": "https://example.org/f"}]);
    event["conferenceData"] = json!({"createRequest": {"requestId": "r1"}});
    event["colour"] = json!("unknown");
    let stored = world.insert(event.clone()).await;
    assert_eq!(stored["extendedProperties"]["private"].as_object().unwrap().len(), 1);
    assert_eq!(text(&stored["extendedProperties"]["private"], "ok").len(), 1024);
    for name in ["attachments", "conferenceData", "colour"] {
        assert_eq!(stored[name], Value::Null, "{name}");
    }
    let path = format!("{EVENTS}?conferenceDataVersion=1&supportsAttachments=true");
    let stored = world.post(&path, event).await.ok().body;
    assert!(text(&stored, "hangoutLink").starts_with("https://meet.google.com/"));
    assert_eq!(stored["attachments"][0]["fileUrl"], "https://example.org/f");
}

#[tokio::test]
async fn reminders_change_without_moving_updated_c122() {
    let world = World::new().await;
    let event = world.insert(lunch()).await;
    let path = format!("{EVENTS}/{}", text(&event, "id"));
    let mine = json!({"reminders": {"useDefault": false, "overrides": [{"method": "popup", "minutes": 5}]}});
    let after = world.patch(&path, mine).await.ok().body;
    assert_eq!(after["updated"], event["updated"]);
    assert_ne!(after["etag"], event["etag"]);
    let both = json!({"reminders": {"useDefault": true, "overrides": [{"method": "popup", "minutes": 5}]}});
    assert_eq!(world.patch(&path, both).await.status, 400);
}

#[tokio::test]
async fn an_import_is_an_upsert_c105_c267() {
    let world = World::new().await;
    let mut event = lunch();
    event["iCalUID"] = json!("abc-123@example.org");
    let path = format!("{EVENTS}/import");
    let first = world.post(&path, event.clone()).await.ok().body;
    assert_eq!(first["id"], "_c5h66b9h68pk0pboc5mn0r355pnn4po");
    event["summary"] = json!("Again");
    let second = world.post(&path, event.clone()).await.ok().body;
    assert_eq!((&second["id"], &second["created"]), (&first["id"], &first["created"]));
    assert_ne!(second["updated"], first["updated"]);
    event["sequence"] = json!(3);
    world.post(&path, event.clone()).await.ok();
    event["sequence"] = json!(1);
    assert_eq!(world.post(&path, event).await.status, 400);
}

#[tokio::test]
async fn a_move_leaves_a_tombstone_and_answers_cancelled_c46() {
    let world = World::new().await;
    let other = world.post("/calendar/v3/calendars", json!({"summary": "Other"})).await.ok().body;
    let target = text(&other, "id").replace('@', "%40");
    let id = text(&world.insert(lunch()).await, "id");
    let token = world.sync_token().await;
    let moved = world.post(&format!("{EVENTS}/{id}/move?destination={target}"), json!({})).await.ok();
    assert_eq!(moved.body["status"], "cancelled");
    let there = world.get(&format!("/calendar/v3/calendars/{target}/events/{id}")).await.ok().body;
    assert_eq!((&there["status"], &there["organizer"]["email"]), (&json!("confirmed"), &other["id"]));
    assert_eq!(world.since(&token).await.ok().items()[0]["status"], "cancelled");
}

#[tokio::test]
async fn answers_carry_googles_headers_c273() {
    let world = World::new().await;
    let answer = world.get(EVENTS).await.ok();
    assert_eq!(answer.headers["content-type"], "application/json; charset=UTF-8");
    assert_eq!(answer.headers["cache-control"], "no-cache, no-store, max-age=0, must-revalidate");
    assert_eq!(answer.headers["server"], "ESF");
}
