//! Pages and sync tokens.

use serde_json::json;

use crate::world::{EVENTS, ME, World, lunch, text};

async fn filled(count: usize) -> World {
    let world = World::new().await;
    for at in 0..count {
        let mut event = lunch();
        event["id"] = json!(format!("event{at:03}"));
        world.insert(event).await;
    }
    world
}

#[tokio::test]
async fn pages_follow_each_other_and_only_the_last_has_a_sync_token_c11() {
    let world = filled(5).await;
    let (mut path, mut seen) = (format!("{EVENTS}?maxResults=2"), Vec::new());
    loop {
        let page = world.get(&path).await.ok();
        seen.extend(page.ids());
        let next = text(&page.body, "nextPageToken");
        assert_ne!(next.is_empty(), page.body.get("nextSyncToken").is_none());
        if next.is_empty() {
            break;
        }
        path = format!("{EVENTS}?maxResults=2&pageToken={next}");
    }
    assert_eq!(seen, ["event000", "event001", "event002", "event003", "event004"]);
}

#[tokio::test]
async fn empty_pages_with_a_token_occur_on_demand_c10() {
    let world = filled(3).await;
    world.control("knobs", json!({"empty_pages": 0.7})).await;
    let (mut path, mut seen, mut empty) = (format!("{EVENTS}?maxResults=1"), 0, 0);
    let mut tokens = std::collections::HashSet::new();
    loop {
        let page = world.get(&path).await.ok();
        seen += page.items().len();
        empty += usize::from(page.items().is_empty());
        let next = text(&page.body, "nextPageToken");
        if next.is_empty() {
            break;
        }
        assert!(tokens.insert(next.clone()), "an empty page leads to itself");
        path = format!("{EVENTS}?maxResults=1&pageToken={next}");
    }
    assert_eq!(seen, 3);
    assert!(empty > 0);
}

#[tokio::test]
async fn changes_made_while_paging_are_not_lost_c15() {
    let world = filled(4).await;
    let first = world.get(&format!("{EVENTS}?maxResults=2")).await.ok();
    world.patch(&format!("{EVENTS}/event000"), json!({"summary": "new"})).await.ok();
    world.delete(&format!("{EVENTS}/event001")).await.ok();
    let page = text(&first.body, "nextPageToken");
    let last = world.get(&format!("{EVENTS}?maxResults=2&pageToken={page}")).await.ok();
    assert_eq!(last.ids(), ["event002", "event003"]);
    let changes = world.since(&text(&last.body, "nextSyncToken")).await.ok();
    assert_eq!(changes.ids(), ["event000", "event001"]);
}

#[tokio::test]
async fn a_quiet_sync_is_empty_and_a_deletion_is_a_bare_tombstone_c41() {
    let world = filled(2).await;
    let token = world.sync_token().await;
    assert_eq!(world.since(&token).await.ok().body["items"], json!([]));
    world.delete(&format!("{EVENTS}/event001")).await.ok();
    let changes = world.since(&token).await.ok();
    let members: Vec<_> = changes.items()[0].as_object().unwrap().keys().cloned().collect();
    assert_eq!(members, ["etag", "id", "kind", "status"]);
    assert_eq!(changes.items()[0]["status"], "cancelled");
    // The full listing is silent about it (C18) unless asked (C44).
    assert_eq!(world.get(EVENTS).await.ids(), ["event000"]);
    let shown = world.get(&format!("{EVENTS}?showDeleted=true")).await;
    assert_eq!(shown.ids(), ["event000", "event001"]);
}

#[tokio::test]
async fn a_token_refuses_other_filters_c12() {
    let world = filled(1).await;
    let token = world.sync_token().await;
    for extra in [
        "timeMin=2026-01-01T00:00:00Z",
        "timeMax=2027-01-01T00:00:00Z",
        "q=x",
        "orderBy=updated",
        "iCalUID=x",
        "updatedMin=2026-01-01T00:00:00Z",
        "privateExtendedProperty=a%3Db",
        "sharedExtendedProperty=a%3Db",
        "showDeleted=false",
        "singleEvents=true",
    ] {
        let answer = world.get(&format!("{EVENTS}?syncToken={token}&{extra}")).await;
        assert_eq!(answer.status, 400, "{extra}");
    }
    assert_eq!(world.get(&format!("{EVENTS}?syncToken={token}&maxResults=9")).await.status, 200);
}

#[tokio::test]
async fn tokens_die_on_demand_after_sharing_and_by_tampering_c16_c17() {
    let world = filled(1).await;
    let token = world.sync_token().await;
    let mut tampered = token.clone();
    let letter = if tampered.ends_with('A') { "B" } else { "A" };
    tampered.replace_range(40..41, letter);
    let answer = world.since(&tampered).await;
    assert_eq!((answer.status, answer.reason()), (410, "fullSyncRequired"));
    let answer = world.since("x").await;
    assert_eq!((answer.status, answer.reason()), (400, "invalid"));

    world.control("expire", json!({"account": ME, "what": "calendar"})).await;
    assert_eq!(world.since(&token).await.status, 410);
    let token = world.sync_token().await;
    assert_eq!(world.since(&token).await.status, 200);
    let rule = json!({"role": "reader", "scope": {"type": "user", "value": "bob@example.org"}});
    world.post("/calendar/v3/calendars/primary/acl", rule).await.ok();
    assert_eq!(world.since(&token).await.status, 410);
}

#[tokio::test]
async fn an_ordered_or_filtered_listing_gives_no_sync_token_c20() {
    let world = filled(1).await;
    for extra in ["orderBy=updated", "q=lunch", "orderBy=startTime&singleEvents=true"] {
        let answer = world.get(&format!("{EVENTS}?{extra}")).await.ok();
        assert_eq!(answer.items().len(), 1, "{extra}");
        assert!(answer.body.get("nextSyncToken").is_none(), "{extra}");
    }
    let answer = world.get(&format!("{EVENTS}?orderBy=startTime")).await;
    assert_eq!(
        (answer.status, answer.body["error"]["errors"][0]["location"].as_str()),
        (400, Some("orderBy"))
    );
}

#[tokio::test]
async fn the_window_bounds_ends_and_starts_and_is_remembered_c14_c22() {
    let world = filled(1).await;
    for (window, count) in [
        ("timeMin=2026-01-10T12:00:00Z", 0),
        ("timeMin=2026-01-10T11:59:59Z", 1),
        ("timeMax=2026-01-10T11:00:00Z", 0),
        ("timeMax=2026-01-10T11:00:01Z", 1),
    ] {
        assert_eq!(world.get(&format!("{EVENTS}?{window}")).await.ok().items().len(), count, "{window}");
    }
    let empty =
        world.get(&format!("{EVENTS}?timeMin=2026-01-02T00:00:00Z&timeMax=2026-01-01T00:00:00Z")).await;
    assert_eq!((empty.status, empty.reason()), (400, "timeRangeEmpty"));
    let first = world.get(&format!("{EVENTS}?timeMin=2026-06-01T00:00:00Z")).await.ok();
    world.patch(&format!("{EVENTS}/event000"), json!({"summary": "still outside"})).await.ok();
    let changes = world.since(&text(&first.body, "nextSyncToken")).await.ok();
    assert!(changes.items().is_empty(), "{}", changes.text);
    let day = |day: &str| json!({"dateTime": format!("2026-07-{day}T10:00:00Z")});
    world.patch(&format!("{EVENTS}/event000"), json!({"start": day("01"), "end": day("02")})).await.ok();
    assert_eq!(world.since(&text(&first.body, "nextSyncToken")).await.ok().items().len(), 1);
}

#[tokio::test]
async fn the_collection_carries_zone_and_role_c271() {
    let world = filled(0).await;
    let body = world.get(EVENTS).await.ok().body;
    assert_eq!(body["timeZone"], "Europe/Paris");
    assert_eq!(body["accessRole"], "owner");
    assert_eq!(body["kind"], "calendar#events");
}

#[tokio::test]
async fn a_partial_response_holds_what_was_asked_c129() {
    let world = filled(1).await;
    let body = world.get(&format!("{EVENTS}?fields=items(id,start/dateTime),nextSyncToken")).await.ok().body;
    assert_eq!(
        body["items"],
        json!([{"id": "event000", "start": {"dateTime": "2026-01-10T12:00:00+01:00"}}])
    );
    assert!(body.get("kind").is_none());
    assert_eq!(world.get(&format!("{EVENTS}?fields=items(id")).await.status, 400);
}
