//! The contract of a replica, against a pretend Google.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;

use std::sync::Arc;

use async_trait::async_trait;
use common::{World, at};
use passerelle_calendar::{Duration, Event};
use passerelle_google_calendar::{CalendarOptions, GoogleCalendar};
use passerelle_ports::{ItemId, Replica};
use passerelle_testkit::contract::Subject;
use serde_json::{Value, json};

struct Google {
    world: World,
    calendar: Arc<dyn Replica<Event>>,
    elsewhere: String,
}

async fn make() -> Google {
    let world = World::new().await;
    let made = world.other("POST", "calendars", json!({"summary": "Team", "timeZone": "Europe/Paris"})).await;
    let elsewhere = made["id"].as_str().unwrap().to_owned();
    let options = CalendarOptions {
        settle: std::time::Duration::ZERO,
        connected: vec!["primary".to_owned(), elsewhere.clone()],
        ..CalendarOptions::default()
    };
    let calendar = Arc::new(GoogleCalendar::new(world.client.clone(), "primary", options));
    Google { world, calendar, elsewhere }
}

/// What a person types on the phone.
fn typed(record: &Event) -> Value {
    let local = |start: &passerelle_calendar::Start| start.instant().unwrap();
    let start = local(record.start.as_ref().unwrap());
    let end = start + chrono::Duration::seconds(i64::from(record.duration.seconds));
    json!({
        "summary": record.title,
        "description": record.description,
        "start": {"dateTime": start.to_rfc3339(), "timeZone": "Europe/Paris"},
        "end": {"dateTime": end.to_rfc3339(), "timeZone": "Europe/Paris"},
    })
}

#[async_trait]
impl Subject<Event> for Google {
    fn replica(&self) -> Arc<dyn Replica<Event>> {
        self.calendar.clone()
    }
    fn sample(&self, number: usize) -> Event {
        Event {
            title: format!("Visit {number}"),
            start: Some(at(&format!("2026-11-{:02}T09:00:00", 1 + number % 28))),
            duration: Duration { days: 0, seconds: 3600 },
            ..Event::default()
        }
    }
    fn changed(&self, record: &Event, number: usize) -> Event {
        Event { description: format!("changed {number}"), ..record.clone() }
    }
    async fn person_creates(&self, record: Event) -> ItemId {
        let made = self.world.insert(typed(&record)).await;
        ItemId::new(made["id"].as_str().unwrap())
    }
    async fn person_changes(&self, id: &ItemId, record: Event) {
        self.world.other("PATCH", &format!("calendars/primary/events/{id}"), typed(&record)).await;
    }
    async fn person_deletes(&self, id: &ItemId) {
        self.world.other("DELETE", &format!("calendars/primary/events/{id}"), Value::Null).await;
    }
    async fn settle(&self) {}
    async fn elsewhere(&self) -> Option<String> {
        Some(self.elsewhere.clone())
    }
    async fn expire_cursors(&self) -> bool {
        self.world.control("expire", json!({"what": "calendar"})).await;
        true
    }
}

passerelle_testkit::replica_contract!(Event, make);
