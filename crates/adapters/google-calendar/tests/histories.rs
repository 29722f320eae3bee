//! Random histories: whatever is written and edited, every way of reading shows the same.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;

use std::collections::BTreeMap;

use common::{World, at, create, day, delete, entry, listen, update, write_one};
use passerelle_calendar::{Alert, Duration, Event, FreeBusyStatus, Override, Participant, Privacy, Status};
use passerelle_google_calendar::GoogleCalendar;
use passerelle_google_sim::{SimOptions, api::Knobs};
use passerelle_ports::{ErrorKind, From, ItemId, Opaque, Replica, Stored, Write, Written};
use passerelle_testkit::Rng;
use serde_json::{Value, json};

const MONDAYS: [&str; 5] = ["2026-03-16", "2026-03-23", "2026-03-30", "2026-04-06", "2026-04-13"];

fn random(rng: &mut Rng, number: u64) -> Event {
    let all_day = rng.below(3) == 0;
    let recurring = rng.below(2) == 0;
    let mut event = Event {
        title: format!("event {number}"),
        start: Some(if all_day { day(MONDAYS[0]) } else { at("2026-03-16T09:00:00") }),
        duration: if all_day { Duration::days(1) } else { Duration::seconds(3600) },
        recurrence_rules: if recurring { vec!["FREQ=WEEKLY;COUNT=5".into()] } else { Vec::new() },
        ..Event::default()
    };
    for _ in 0..rng.below(4) {
        change(rng, &mut event);
    }
    event
}

fn change(rng: &mut Rng, event: &mut Event) {
    let word = format!("w{}", rng.below(100));
    match rng.below(13) {
        0 => event.title = word,
        1 => event.description = word,
        2 => event.location = word,
        3 => event.color = ["", "gold", "#123456", "rebeccapurple"][rng.below(4) as usize].into(),
        4 => event.url = ["", "https://example.org/1", "tel:+33"][rng.below(3) as usize].into(),
        5 => event.privacy = Privacy::ALL[rng.below(4) as usize],
        6 => event.free_busy_status = FreeBusyStatus::ALL[rng.below(2) as usize],
        7 => event.status = Status::ALL[rng.below(3) as usize],
        8 => event.categories = BTreeMap::from([(word.clone(), word.to_uppercase())]),
        9 => {
            event.use_default_alerts = rng.below(3) == 0;
            let minutes = (0..rng.below(7))
                .map(|_| rng.below(90) as i32 - 10)
                .map(|minutes_before| Alert { minutes_before, ..Alert::default() });
            let alerts: BTreeMap<_, _> = minutes.map(|alert| (alert.key(), alert)).collect();
            event.alerts = if event.use_default_alerts { BTreeMap::new() } else { alerts };
        }
        10 => {
            let email = format!("{word}@example.org");
            let guest = Participant { email: email.clone(), name: word, ..Participant::default() };
            if rng.below(2) == 0 {
                event.participants.clear();
            }
            event.participants.insert(email, guest);
        }
        _ if !event.is_recurring() => event.title.push('+'),
        _ => {
            let date = MONDAYS[rng.below(5) as usize];
            let all_day = event.is_all_day();
            let id = if all_day { date.to_owned() } else { format!("{date}T09:00:00") };
            match rng.below(4) {
                0 => {
                    event.recurrence_overrides.remove(&id);
                }
                1 => {
                    event.recurrence_overrides.insert(id, Override { excluded: true, ..Override::default() });
                }
                2 => {
                    let start = if all_day { day("2026-05-01") } else { at(&format!("{date}T15:00:00")) };
                    let moved = Override { start: Some(start), ..Override::default() };
                    event.recurrence_overrides.insert(id, moved);
                }
                _ => {
                    let named =
                        Override { title: Some(word), color: Some("crimson".into()), ..Override::default() };
                    event.recurrence_overrides.insert(id, named);
                }
            }
        }
    }
}

/// Fields that say the same as their series say nothing.
fn plain(event: &Event) -> Event {
    let mut event = event.clone();
    event.uid.clear();
    let (title, color) = (event.title.clone(), event.color.clone());
    for change in event.recurrence_overrides.values_mut() {
        change.title = change.title.take().filter(|text| *text != title);
        change.color = change.color.take().filter(|text| *text != color);
    }
    event.recurrence_overrides.retain(|_, change| *change != Override::default());
    event
}

fn fold(known: &mut BTreeMap<ItemId, Stored<Event>>, heard: common::Heard) {
    for id in heard.removed {
        known.remove(&id);
    }
    known.extend(heard.items.into_iter().map(|item| (item.id.clone(), item)));
}

async fn all(calendar: &GoogleCalendar) -> BTreeMap<ItemId, Stored<Event>> {
    let heard = listen(calendar, From::Start).await.unwrap();
    heard.items.into_iter().map(|item| (item.id.clone(), item)).collect()
}

async fn history(seed: u64) {
    let mut rng = Rng::new(seed);
    let knobs = Knobs {
        page_size_max: seed.is_multiple_of(2).then_some(3),
        resend_exceptions: !seed.is_multiple_of(3),
        unknown_members: seed.is_multiple_of(5),
        ..Knobs::default()
    };
    let world = World::with(SimOptions { knobs, ..SimOptions::default() }).await;
    let calendar = world.calendar();
    let first = listen(&calendar, From::Start).await.unwrap();
    let mut cursor = first.cursor.clone();
    let mut known = BTreeMap::new();
    for step in 0..30 {
        let ids: Vec<ItemId> = known.keys().cloned().collect();
        let chosen = rng.pick(&ids).cloned();
        match (rng.below(10), chosen) {
            (0..=2, _) | (_, None) => {
                let record = random(&mut rng, step);
                let written = write_one(&calendar, create(&format!("k{step}"), &record)).await.unwrap();
                let Written::Stored(stored) = written else { panic!("{written:?}") };
                assert_eq!(plain(&stored.record), plain(&record), "seed {seed} step {step}");
                check(&calendar, &stored).await;
            }
            (3, Some(id)) => {
                assert_eq!(write_one(&calendar, delete(&known[&id])).await.unwrap(), Written::Deleted);
                assert_eq!(calendar.fetch(&[id]).await.unwrap(), [None]);
            }
            (4, Some(id)) => {
                // Somebody else is at it, and our copy is old.
                world
                    .ui("edit", id.as_str(), json!({"changes": {"location": format!("there {step}")}}))
                    .await;
                let old = &known[&id];
                let to = Event { title: "late".into(), ..old.record.clone() };
                let error = write_one(&calendar, update(old, &to)).await.unwrap_err();
                assert_eq!(error.kind, ErrorKind::VersionMismatch, "seed {seed} step {step}");
            }
            (_, Some(id)) => {
                let from: &Stored<Event> = &known[&id];
                let mut to = from.record.clone();
                for _ in 0..=rng.below(3) {
                    change(&mut rng, &mut to);
                }
                let write = Write::Update {
                    from: from.clone(),
                    to: to.clone(),
                    opaque: None,
                    stamp: entry(100 + u128::from(step)),
                };
                let written = write_one(&calendar, write).await.unwrap();
                let Written::Stored(stored) = written else { panic!("{written:?}") };
                assert_eq!(
                    plain(&stored.record),
                    plain(&to),
                    "seed {seed} step {step} from {:?}",
                    from.record
                );
                assert_eq!(left(&stored), left(from), "seed {seed} step {step}");
                assert_ne!(stored.version, from.version);
                check(&calendar, &stored).await;
            }
        }
        let heard = listen(&calendar, From::Cursor(cursor)).await.unwrap();
        cursor = heard.cursor.clone();
        fold(&mut known, heard);
        assert_eq!(known, all(&world.calendar()).await, "seed {seed} step {step}");
    }
    world.sim.with(|core| assert_eq!(core.mails().len(), 0));
}

/// What Google holds beyond the record: which fields of the record it does not show is none of that.
fn left(stored: &Stored<Event>) -> Value {
    let mut left = stored.opaque.0.clone();
    if let Some(members) = left.as_object_mut() {
        members.remove(Opaque::HIDDEN);
    }
    left
}

async fn check(calendar: &GoogleCalendar, stored: &Stored<Event>) {
    let found = calendar.fetch(std::slice::from_ref(&stored.id)).await.unwrap();
    assert_eq!(found, [Some(stored.clone())]);
}

#[tokio::test]
async fn every_way_of_reading_shows_what_was_written() {
    for seed in 0..16 {
        history(seed).await;
    }
}
