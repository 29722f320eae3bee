//! Calendars, lists, roles and scopes.

use serde_json::{Value, json};

use crate::world::{CALENDAR, EVENTS, ME, World, lunch, text};

const LIST: &str = "/calendar/v3/users/me/calendarList";

#[tokio::test]
async fn the_list_shows_the_primary_and_follows_changes_c30_c186() {
    let world = World::new().await;
    let list = world.get(LIST).await.ok();
    assert_eq!((&list.items()[0]["id"], &list.items()[0]["primary"]), (&json!(ME), &json!(true)));
    let made = world.post("/calendar/v3/calendars", json!({"summary": "Team"})).await.ok().body;
    assert_eq!(made["timeZone"], "UTC");
    let token = text(&list.body, "nextSyncToken");
    let changes = world.get(&format!("{LIST}?syncToken={token}")).await.ok();
    assert_eq!(changes.items()[0]["dataOwner"], ME);
    let path = format!("{LIST}/{}", text(&made, "id").replace('@', "%40"));
    assert_eq!(world.delete(&path).await.status, 403);
    assert_eq!(world.get(&format!("{LIST}?syncToken={token}&minAccessRole=owner")).await.status, 400);
}

#[tokio::test]
async fn an_event_on_a_secondary_calendar_is_the_calendars_c269() {
    let world = World::new().await;
    let made = world.post("/calendar/v3/calendars", json!({"summary": "Team"})).await.ok().body;
    let path = format!("/calendar/v3/calendars/{}/events", text(&made, "id").replace('@', "%40"));
    let event = world.post(&path, lunch()).await.ok().body;
    assert_eq!(event["organizer"], json!({"email": made["id"], "displayName": "Team", "self": true}));
    assert_eq!(event["creator"], json!({"email": ME}));
    assert_eq!(event["start"]["dateTime"], "2026-01-10T11:00:00Z");
}

#[tokio::test]
async fn roles_decide_what_is_seen_and_written_c181() {
    let world = World::new().await;
    let mut secret = lunch();
    secret["visibility"] = json!("private");
    world.insert(secret).await;
    world.insert(lunch()).await;
    let bob = world.token_for("bob@example.org", &[CALENDAR]);
    let path = "/calendar/v3/calendars/alice%40example.org/events";
    assert_eq!(world.call_as(&bob, "GET", path, None, &[]).await.status, 404);
    for (role, titles) in [("freeBusyReader", 0), ("reader", 1), ("writer", 2)] {
        let rule = json!({"account": ME, "with": "bob@example.org", "role": role});
        world.control("ui/calendar/share", rule).await;
        let list = world.call_as(&bob, "GET", path, None, &[]).await.ok();
        let seen = list.items().iter().filter(|item| item.get("summary").is_some()).count();
        assert_eq!(seen, titles, "{role}");
        let wrote = world.call_as(&bob, "POST", path, Some(lunch()), &[]).await;
        assert_eq!(wrote.status, if role == "writer" { 200 } else { 403 }, "{role}");
    }
}

#[tokio::test]
async fn the_list_needs_its_own_scope_c180() {
    let world = World::new().await;
    let token = world.token_for(ME, &["https://www.googleapis.com/auth/calendar.events"]);
    assert_eq!(world.call_as(&token, "GET", EVENTS, None, &[]).await.status, 200);
    let answer = world.call_as(&token, "GET", LIST, None, &[]).await;
    assert_eq!(answer.status, 403);
    let detail = &answer.body["error"]["details"][0];
    assert_eq!(detail["reason"], "ACCESS_TOKEN_SCOPE_INSUFFICIENT");
    assert_eq!(detail["metadata"]["method"], "calendar.v3.CalendarList.List");
    assert!(answer.headers["www-authenticate"].contains("insufficient_scope"));
}

#[tokio::test]
async fn a_scope_for_own_calendars_stops_at_the_others() {
    let world = World::new().await;
    let owned = "https://www.googleapis.com/auth/calendar.events.owned";
    let bob = world.token_for("bob@example.org", &[owned]);
    world
        .control("ui/calendar/share", json!({"account": ME, "with": "bob@example.org", "role": "writer"}))
        .await;
    let path = "/calendar/v3/calendars/alice%40example.org/events";
    assert_eq!(world.call_as(&bob, "GET", path, None, &[]).await.status, 403);
    assert_eq!(world.call_as(&bob, "GET", EVENTS, None, &[]).await.status, 200);
}

#[tokio::test]
async fn a_service_that_is_off_says_where_to_enable_it_c206() {
    let world = World::new().await;
    world.control("project", json!({"disabled_apis": ["people.googleapis.com"]})).await;
    assert_eq!(world.get(EVENTS).await.status, 200);
    let answer = world.get("/v1/people/me/connections?personFields=names").await;
    assert_eq!((answer.status, answer.body["error"]["status"].as_str()), (403, Some("PERMISSION_DENIED")));
    assert!(answer.text.contains("SERVICE_DISABLED"));
}

#[tokio::test]
async fn calendars_are_limited_in_number_c183() {
    let world = World::new().await;
    world.control("knobs", json!({"calendar_creations": 1})).await;
    let make = json!({"summary": "x"});
    let made = world.post("/calendar/v3/calendars", make.clone()).await.ok().body;
    let path = format!("/calendar/v3/calendars/{}", text(&made, "id").replace('@', "%40"));
    assert_eq!(world.delete(&path).await.status, 204);
    let answer = world.post("/calendar/v3/calendars", make).await;
    assert_eq!((answer.status, answer.reason()), (403, "quotaExceeded"));
}

#[tokio::test]
async fn busy_times_are_merged_and_unreadable_calendars_named_c184() {
    let world = World::new().await;
    world.insert(lunch()).await;
    let ask = json!({"timeMin": "2026-01-10T00:00:00Z", "timeMax": "2026-01-11T00:00:00Z",
                     "items": [{"id": "primary"}, {"id": "nobody@example.org"}]});
    let body = world.post("/calendar/v3/freeBusy", ask).await.ok().body;
    assert_eq!(
        body["calendars"]["primary"]["busy"],
        json!([{"start": "2026-01-10T11:00:00Z", "end": "2026-01-10T12:00:00Z"}])
    );
    assert_eq!(body["calendars"]["nobody@example.org"]["errors"][0]["reason"], "notFound");
    assert_eq!(body["timeMin"], "2026-01-10T00:00:00.000Z");
}

#[tokio::test]
async fn unknown_parameters_and_bad_values_are_refused() {
    let world = World::new().await;
    for query in ["colour=red", "maxResults=0", "maxResults=ten", "showDeleted=1", "orderBy=title"] {
        assert_eq!(world.get(&format!("{EVENTS}?{query}")).await.status, 400, "{query}");
    }
    let answer = world.get("/v1/people/me/connections?personFields=names&colour=red").await;
    assert_eq!(answer.body["error"]["status"], "INVALID_ARGUMENT");
    assert_eq!(world.get("/calendar/v3/nonsense").await.body, Value::Null);
}

#[tokio::test]
async fn the_minute_quota_is_switchable_c200() {
    let world = World::new().await;
    world.control("knobs", json!({"calendar_quotas": true, "calendar_user_per_minute": 2})).await;
    for wanted in [200, 200, 403] {
        assert_eq!(world.get(EVENTS).await.status, wanted);
    }
    world.control("clock", json!({"advance_seconds": 61})).await;
    assert_eq!(world.get(EVENTS).await.status, 200);
}

#[tokio::test]
async fn discovery_documents_name_this_server() {
    let world = World::new().await;
    let document = world.get("/discovery/v1/apis/calendar/v3/rest").await.ok().body;
    assert_eq!(document["rootUrl"], format!("{}/", world.sim.url()));
    assert_eq!(document["baseUrl"], format!("{}/calendar/v3/", world.sim.url()));
    let secret = world.get("/_sim/client_secret.json").await.ok().body;
    assert_eq!(secret["installed"]["token_uri"], format!("{}/token", world.sim.url()));
}

#[tokio::test]
async fn a_push_channel_needs_https_c220() {
    let world = World::new().await;
    let ask = |address: &str| json!({"id": "channel-1", "type": "web_hook", "address": address});
    let path = format!("{EVENTS}/watch");
    assert_eq!(world.post(&path, ask("http://example.org/")).await.reason(), "push.webhookUrlNotHttps");
    assert_eq!(world.post(&path, ask("https://example.org/")).await.ok().body["kind"], "api#channel");
}
