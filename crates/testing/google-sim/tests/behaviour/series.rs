//! Series, their instances, and what a person's gestures leave behind.

use serde_json::{Value, json};

use crate::world::{EVENTS, ME, World, text, weekly};

async fn with_series() -> (World, String) {
    let world = World::new().await;
    let id = text(&world.insert(weekly()).await, "id");
    (world, id)
}

fn find(items: &[Value], id: &str) -> Value {
    items.iter().find(|item| item["id"] == id).cloned().unwrap_or_default()
}

#[tokio::test]
async fn instances_are_expanded_with_ids_in_utc_c64_c275() {
    let (world, id) = with_series().await;
    let list = world.get(&format!("{EVENTS}?singleEvents=true")).await.ok();
    let wanted: Vec<String> =
        ["0316T080000Z", "0323T080000Z", "0330T070000Z", "0406T070000Z", "0413T070000Z"]
            .iter()
            .map(|day| format!("{id}_2026{day}"))
            .collect();
    assert_eq!(list.ids(), wanted);
    let first = &list.items()[0];
    assert_eq!(first["recurrence"], Value::Null);
    assert_eq!(first["recurringEventId"], id.as_str());
    let instances = world.get(&format!("{EVENTS}/{id}/instances?maxResults=2")).await.ok();
    assert_eq!(instances.items().len(), 2);
    assert!(instances.body.get("nextPageToken").is_some());
}

#[tokio::test]
async fn an_instance_is_read_and_written_by_its_computed_id_c65() {
    let (world, id) = with_series().await;
    let instance = format!("{EVENTS}/{id}_20260323T080000Z");
    assert_eq!(
        world.get(&instance).await.ok().body["originalStartTime"]["dateTime"],
        "2026-03-23T09:00:00+01:00"
    );
    assert_eq!(world.get(&format!("{EVENTS}/{id}_20260323T090000Z")).await.status, 404);
    let moved = json!({"start": {"dateTime": "2026-03-24T09:00:00+01:00"}, "end": {"dateTime": "2026-03-24T10:00:00+01:00"}});
    let stored = world.patch(&instance, moved).await.ok().body;
    assert_eq!(stored["sequence"], 1);
    assert_eq!(stored["originalStartTime"]["dateTime"], "2026-03-23T09:00:00+01:00");
    let list = world.get(EVENTS).await.ok();
    assert_eq!(list.items().len(), 2);
    assert_eq!(find(&list.items(), &id)["sequence"], 0);
}

#[tokio::test]
async fn an_exception_is_inserted_by_parent_and_original_start_c66() {
    let (world, id) = with_series().await;
    let start = json!({"dateTime": "2026-03-23T11:00:00+01:00"});
    let end = json!({"dateTime": "2026-03-23T12:00:00+01:00"});
    let original = json!({"dateTime": "2026-03-23T09:00:00+01:00"});
    let body = json!({"recurringEventId": id, "originalStartTime": original, "start": start, "end": end, "summary": "Moved"});
    let stored = world.insert(body).await;
    assert_eq!(stored["id"], format!("{id}_20260323T080000Z"));
    assert_eq!(stored["summary"], "Moved");
}

#[tokio::test]
async fn a_deleted_occurrence_sends_its_master_and_a_hole_c42() {
    let (world, id) = with_series().await;
    let token = world.sync_token().await;
    let hole = format!("{id}_20260323T080000Z");
    world.delete(&format!("{EVENTS}/{hole}")).await.ok();
    let changes = world.since(&token).await.ok().items();
    assert_eq!(changes.len(), 2);
    assert_eq!(find(&changes, &id)["recurrence"], json!(["RRULE:FREQ=WEEKLY;COUNT=5"]));
    let members: Vec<_> = find(&changes, &hole).as_object().unwrap().keys().cloned().collect();
    assert_eq!(members, ["etag", "id", "kind", "originalStartTime", "recurringEventId", "status"]);
    // The hole is needed and shown even in a plain listing (C24).
    assert_eq!(world.get(EVENTS).await.items().len(), 2);
    assert_eq!(world.get(&format!("{EVENTS}?singleEvents=true")).await.items().len(), 4);
    assert!(world.get(&format!("{EVENTS}/{hole}/instances")).await.ok().items().is_empty());
}

#[tokio::test]
async fn a_changed_master_sends_every_exception_again_c72() {
    let (world, id) = with_series().await;
    let exception = format!("{id}_20260323T080000Z");
    world.patch(&format!("{EVENTS}/{exception}"), json!({"summary": "Special"})).await.ok();
    let token = world.sync_token().await;
    world.patch(&format!("{EVENTS}/{id}"), json!({"location": "Room 2"})).await.ok();
    let changes = world.since(&token).await.ok().items();
    assert_eq!(changes.len(), 2);
    let (master, exception) = (find(&changes, &id), find(&changes, &exception));
    assert_eq!(master["updated"], exception["updated"]);
    assert_eq!((&exception["summary"], &exception["location"]), (&json!("Special"), &json!("Room 2")));
}

#[tokio::test]
async fn a_shortened_series_leaves_bare_tombstones_c43() {
    let (world, id) = with_series().await;
    let late = format!("{id}_20260406T070000Z");
    world.patch(&format!("{EVENTS}/{late}"), json!({"summary": "Late"})).await.ok();
    let token = world.sync_token().await;
    world
        .control(
            "ui/calendar/delete_following",
            json!({"account": ME, "event": id, "from": "20260330T070000Z"}),
        )
        .await;
    let changes = world.since(&token).await.ok().items();
    let members: Vec<_> = find(&changes, &late).as_object().unwrap().keys().cloned().collect();
    assert_eq!(members, ["etag", "id", "kind", "status"]);
    let rule = find(&changes, &id)["recurrence"][0].as_str().unwrap().to_owned();
    assert_eq!(rule, "RRULE:FREQ=WEEKLY;UNTIL=20260329T215959Z");
    assert_eq!(world.get(&format!("{EVENTS}?singleEvents=true")).await.items().len(), 2);
}

#[tokio::test]
async fn this_and_following_makes_a_second_master_c70() {
    let (world, id) = with_series().await;
    let made = world
        .control(
            "ui/calendar/split",
            json!({"account": ME, "event": id, "from": "20260330T070000Z",
                                             "changes": {"summary": "New half"}}),
        )
        .await;
    let second = format!("{id}_R20260330T070000");
    assert_eq!(made["id"], second);
    let event = world.get(&format!("{EVENTS}/{second}")).await.ok().body;
    assert_eq!(event["recurrence"], json!(["RRULE:FREQ=WEEKLY;COUNT=3"]));
    assert_eq!(event["iCalUID"], format!("{second}@google.com"));
    assert_eq!(event["summary"], "New half");
    assert_eq!(world.get(&format!("{EVENTS}?singleEvents=true")).await.items().len(), 5);
}

#[tokio::test]
async fn deleting_the_master_removes_the_series_c47() {
    let (world, id) = with_series().await;
    let hole = format!("{id}_20260323T080000Z");
    world.delete(&format!("{EVENTS}/{hole}")).await.ok();
    let token = world.sync_token().await;
    world.delete(&format!("{EVENTS}/{id}")).await.ok();
    let changes = world.since(&token).await.ok().items();
    assert!(
        changes.iter().all(|item| item["status"] == "cancelled" && item.get("recurringEventId").is_none())
    );
    assert!(world.get(EVENTS).await.items().is_empty());
    assert!(world.get(&format!("{EVENTS}?singleEvents=true")).await.items().is_empty());
}

#[tokio::test]
async fn bad_recurrences_are_refused_c60_c61() {
    let world = World::new().await;
    for rule in ["DTSTART:20260101", "RRULE:FREQ=DAILY;COUNT=2;UNTIL=20270101T000000Z", "RRULE:FREQ=NEVER"] {
        let mut event = weekly();
        event["recurrence"] = json!([rule]);
        assert_eq!(world.post(EVENTS, event).await.status, 400, "{rule}");
    }
}

#[tokio::test]
async fn all_day_series_have_days_in_their_ids_c64() {
    let world = World::new().await;
    let event = world
        .insert(json!({"start": {"date": "2026-02-01"}, "end": {"date": "2026-02-02"},
                       "recurrence": ["RRULE:FREQ=MONTHLY;COUNT=2", "EXDATE;VALUE=DATE:20260301"]}))
        .await;
    let id = text(&event, "id");
    let list = world.get(&format!("{EVENTS}?singleEvents=true")).await.ok();
    assert_eq!(list.ids(), [format!("{id}_20260201")]);
}

#[tokio::test]
async fn exceptions_after_a_split_keep_their_ids_under_a_new_parent_c73() {
    let (world, id) = with_series().await;
    let late = format!("{id}_20260406T070000Z");
    world.patch(&format!("{EVENTS}/{late}"), json!({"summary": "Late"})).await.ok();
    let made = world
        .control("ui/calendar/split", json!({"account": ME, "event": id, "from": "20260330T070000Z"}))
        .await;
    let event = world.get(&format!("{EVENTS}/{late}")).await.ok().body;
    assert_eq!((&event["recurringEventId"], &event["status"]), (&made["id"], &json!("confirmed")));
    let list = world.get(&format!("{EVENTS}?singleEvents=true")).await.ok();
    assert_eq!(list.items().len(), 5);
    let token = world.sync_token().await;
    let all = json!({"account": ME, "event": id, "changes": {"location": "Roof"}});
    assert_eq!(world.control("ui/calendar/edit_all", all).await["ids"].as_array().unwrap().len(), 2);
    let changes = world.since(&token).await.ok().items();
    assert_eq!(changes.len(), 3);
    assert!(changes.iter().all(|item| item["location"] == "Roof"));
}

#[tokio::test]
async fn orphans_return_when_the_series_reaches_them_again() {
    let (world, id) = with_series().await;
    let late = format!("{EVENTS}/{id}_20260406T070000Z");
    world.patch(&late, json!({"summary": "Late"})).await.ok();
    world.patch(&format!("{EVENTS}/{id}"), json!({"recurrence": ["RRULE:FREQ=WEEKLY;COUNT=2"]})).await.ok();
    assert_eq!(world.get(&late).await.ok().body["status"], "cancelled");
    world.patch(&format!("{EVENTS}/{id}"), json!({"recurrence": ["RRULE:FREQ=WEEKLY;COUNT=5"]})).await.ok();
    let back = world.get(&late).await.ok().body;
    assert_eq!((&back["status"], &back["summary"]), (&json!("confirmed"), &json!("Late")));
}

#[tokio::test]
async fn a_private_instance_makes_the_series_private_c77() {
    let (world, id) = with_series().await;
    let instance = format!("{EVENTS}/{id}_20260323T080000Z");
    world.patch(&instance, json!({"visibility": "private"})).await.ok();
    assert_eq!(world.get(&format!("{EVENTS}/{id}")).await.body["visibility"], "private");
    let back = world.patch(&instance, json!({"visibility": "public"})).await.ok().body;
    assert_eq!(back["visibility"], "private");
}
