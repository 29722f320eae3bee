//! What a slip of the pen would break without a word: guests mailed, a series that ends at another hour.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;

use std::collections::BTreeMap;

use common::{World, at, create, delete, stored, update, write_one};
use passerelle_calendar::{Event, Override, Participant};
use passerelle_google_calendar::GoogleCalendar;

fn with_guest(event: Event) -> Event {
    let guest = Participant { email: "guest@example.org".into(), ..Participant::default() };
    Event { participants: BTreeMap::from([("guest@example.org".into(), guest)]), ..event }
}

fn daily(rule: &str) -> Event {
    Event {
        title: "every day".into(),
        start: Some(at("2026-07-06T09:00:00")),
        duration: passerelle_calendar::Duration::seconds(3600),
        recurrence_rules: vec![rule.into()],
        ..Event::default()
    }
}

#[tokio::test]
async fn every_write_asks_that_nobody_be_mailed() {
    let world = World::new().await;
    let calendar = world.calendar();
    let made = stored(write_one(&calendar, create("k", &with_guest(daily("FREQ=DAILY;COUNT=5")))).await);
    let mut to = made.record.clone();
    to.title = "another title".into();
    let changed = Override { title: Some("one of them".into()), ..Override::default() };
    to.recurrence_overrides.insert("2026-07-07T09:00:00".into(), changed);
    let off = Override { excluded: true, ..Override::default() };
    to.recurrence_overrides.insert("2026-07-08T09:00:00".into(), off);
    let changed = stored(write_one(&calendar, update(&made, &to)).await);
    write_one(&calendar, delete(&changed)).await.unwrap();
    // Not only that the pretend Google mailed nobody: each request has said so itself (C147).
    assert_eq!(world.client.counter().may_mail(), 0);
    world.sim.with(|core| assert_eq!(core.mails().len(), 0));
}

async fn lines(world: &World, calendar: &GoogleCalendar, rule: &str) -> Vec<String> {
    let made = stored(write_one(calendar, create(rule, &daily(rule))).await);
    assert_eq!(made.record.recurrence_rules, [rule], "it is read as it was written");
    let shown = world.show(made.id.as_str()).await;
    let lines = shown["recurrence"].as_array().cloned().unwrap_or_default();
    lines.iter().map(|line| line.as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn the_end_of_a_series_stays_the_instant_that_it_was() {
    let world = World::new().await;
    let calendar = world.calendar();
    // Nine in Paris in July is seven in UTC: the tenth is the last day, and stays it.
    for rule in ["FREQ=DAILY;UNTIL=20260710T070000Z", "FREQ=DAILY;UNTIL=20260710T070000Z;INTERVAL=2"] {
        assert_eq!(lines(&world, &calendar, rule).await, [format!("RRULE:{rule}")]);
    }
}
