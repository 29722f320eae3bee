//! The calendar of a pretend Google, as the engine sees it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;

use std::collections::BTreeMap;

use common::{Heard, ME, World, at, create, day, delete, entry, listen, stored, timed, update, write_one};
use passerelle_calendar::{
    Alert, AlertAction, Duration, Event, FreeBusyStatus, Override, Participant, ParticipationStatus, Privacy,
    Role, Start, Status,
};
use passerelle_google_calendar::{AccessRole, CalendarOptions, GoogleCalendar, list_calendars};
use passerelle_google_sim::{SimOptions, api::Knobs};
use passerelle_ports::{Code, CreateKey, Cursor, ErrorKind, From, ItemId, Opaque, Replica, Write, Written};
use serde_json::{Value, json};

fn lunch() -> Event {
    Event {
        title: "Lunch".into(),
        start: Some(at("2026-01-10T12:00:00")),
        duration: Duration::seconds(3600),
        ..Event::default()
    }
}

fn weekly() -> Event {
    Event {
        title: "Weekly".into(),
        start: Some(at("2026-03-16T09:00:00")),
        duration: Duration::seconds(3600),
        recurrence_rules: vec!["FREQ=WEEKLY;COUNT=6".into()],
        ..Event::default()
    }
}

/// An event in which every field says something.
fn full() -> Event {
    let guest = |email: &str, role, resource| {
        let guest = Participant {
            email: email.into(),
            name: format!("Guest {email}"),
            role,
            participation_status: ParticipationStatus::Tentative,
            resource,
            organizer: false,
            comment: "perhaps".into(),
        };
        (email.to_owned(), guest)
    };
    let alert = |action, minutes_before| {
        let alert = Alert { action, minutes_before };
        (alert.key(), alert)
    };
    Event {
        title: "Réunion".into(),
        description: "<b>Ordre du jour</b>\nun".into(),
        location: "Salle 3".into(),
        start: Some(at("2026-03-16T09:00:00")),
        duration: Duration::seconds(5400),
        recurrence_rules: vec!["FREQ=WEEKLY;COUNT=6".into()],
        recurrence_dates: BTreeMap::from([("2026-03-18T09:00:00".into(), true)]),
        recurrence_overrides: BTreeMap::from([
            ("2026-03-23T09:00:00".into(), Override { excluded: true, ..Override::default() }),
            (
                "2026-03-30T09:00:00".into(),
                Override {
                    title: Some("Autre".into()),
                    location: Some("Salle 4".into()),
                    start: Some(at("2026-03-31T10:00:00")),
                    duration: Some(Duration::seconds(1800)),
                    color: Some("gold".into()),
                    ..Override::default()
                },
            ),
        ]),
        participants: BTreeMap::from([
            guest("bob@example.org", Role::Required, false),
            guest("carol@example.org", Role::Optional, false),
            guest("room@example.org", Role::Required, true),
        ]),
        alerts: BTreeMap::from([
            alert(AlertAction::Display, 10),
            alert(AlertAction::Email, 1440),
            alert(AlertAction::Display, -5),
        ]),
        privacy: Privacy::Private,
        free_busy_status: FreeBusyStatus::Free,
        status: Status::Tentative,
        color: "#ff0000".into(),
        url: "https://example.org/dossier/7".into(),
        conference_url: "https://meet.example.org/7".into(),
        categories: BTreeMap::from([("été".into(), "Été".into()), ("vip".into(), "VIP".into())]),
        ..Event::default()
    }
}

fn without_uid(event: &Event) -> Event {
    Event { uid: String::new(), ..event.clone() }
}

#[tokio::test]
async fn every_field_comes_back_as_it_was_sent() {
    let world = World::new().await;
    let calendar = world.calendar();
    let made = stored(write_one(&calendar, create("k", &full())).await);
    assert_eq!(without_uid(&made.record), full());
    assert_eq!(made.key, Some(CreateKey::from("k")));
    assert_eq!((made.made, made.stamp), (Some(entry(1)), Some(entry(1))));
    let heard = listen(&calendar, From::Start).await.unwrap();
    assert_eq!(heard.items, std::slice::from_ref(&made));
    assert_eq!(calendar.fetch(std::slice::from_ref(&made.id)).await.unwrap(), [Some(made)]);
    world.sim.with(|core| assert_eq!(core.mails().len(), 0));
}

#[tokio::test]
async fn every_kind_of_start_is_kept() {
    let world = World::new().await;
    let calendar = world.calendar();
    let zoned =
        |zone: &str| Start::Zoned { local: "2026-07-01T09:00:00".parse().unwrap(), zone: zone.into() };
    let starts = [
        (day("2026-02-28"), Duration::days(2)),
        (at("2026-03-29T01:30:00"), Duration::seconds(3600)),
        (zoned("America/Los_Angeles"), Duration::seconds(0)),
        (zoned("Etc/UTC"), Duration::seconds(86_400 * 3)),
        (Start::Floating { local: "2026-07-01T09:00:00".parse().unwrap() }, Duration::seconds(60)),
    ];
    for (number, (start, duration)) in starts.into_iter().enumerate() {
        let event = Event { title: "x".into(), start: Some(start), duration, ..Event::default() };
        let made = stored(write_one(&calendar, create(&format!("k{number}"), &event)).await);
        assert_eq!(without_uid(&made.record), event);
        let weekly = Event { recurrence_rules: vec!["FREQ=WEEKLY;COUNT=3".into()], ..event.clone() };
        let again = stored(write_one(&calendar, update(&made, &weekly)).await);
        assert_eq!(without_uid(&again.record), weekly);
        let plain = stored(write_one(&calendar, update(&again, &event)).await);
        assert_eq!(without_uid(&plain.record), event);
    }
}

#[tokio::test]
async fn a_timed_event_becomes_all_day_and_back_c94() {
    let world = World::new().await;
    let calendar = world.calendar();
    let made = stored(write_one(&calendar, create("k", &lunch())).await);
    let whole = Event { start: Some(day("2026-01-10")), duration: Duration::days(1), ..made.record.clone() };
    let all_day = stored(write_one(&calendar, update(&made, &whole)).await);
    assert_eq!(all_day.record, whole);
    let back = stored(write_one(&calendar, update(&all_day, &made.record)).await);
    assert_eq!(back.record, made.record);
}

#[tokio::test]
async fn an_update_sends_only_what_changed() {
    let world = World::new().await;
    let calendar = world.calendar();
    let made = stored(write_one(&calendar, create("k", &lunch())).await);
    world
        .other(
            "PATCH",
            &format!("calendars/primary/events/{}", made.id),
            json!({
                "guestsCanModify": true,
                "extendedProperties": {"private": {"crm": "17"}, "shared": {"theirs": "x"}},
                "attendees": [{"email": "bob@example.org", "additionalGuests": 2}],
            }),
        )
        .await;
    let found = calendar.fetch(std::slice::from_ref(&made.id)).await.unwrap().remove(0).unwrap();
    let mut to = Event { title: "Dinner".into(), ..found.record.clone() };
    to.participants.insert(
        "carol@example.org".into(),
        Participant { email: "carol@example.org".into(), ..Participant::default() },
    );
    let written = stored(write_one(&calendar, update(&found, &to)).await);
    assert_eq!(written.record, to);
    assert_eq!(written.opaque, found.opaque);
    assert_eq!(written.stamp, Some(entry(2)));
    let shown = world.show(made.id.as_str()).await;
    assert_eq!(shown["extendedProperties"]["private"]["crm"], "17");
    assert_eq!(shown["extendedProperties"]["shared"]["theirs"], "x");
    assert_eq!(shown["attendees"][0]["additionalGuests"], 2);
    assert_eq!(shown["guestsCanModify"], true);
    world.sim.with(|core| assert_eq!(core.mails().len(), 0));
}

#[tokio::test]
async fn an_old_version_is_refused_and_changes_nothing() {
    let world = World::new().await;
    let calendar = world.calendar();
    for (key, record) in [("single", lunch()), ("series", weekly())] {
        let old = stored(write_one(&calendar, create(key, &record)).await);
        let new = stored(
            write_one(&calendar, update(&old, &Event { title: "New".into(), ..old.record.clone() })).await,
        );
        assert_ne!(old.version, new.version);
        let late = Event { title: "Late".into(), ..old.record.clone() };
        for write in [update(&old, &late), delete(&old)] {
            let error = write_one(&calendar, write).await.unwrap_err();
            assert_eq!(error.kind, ErrorKind::VersionMismatch, "{key}");
        }
        assert_eq!(calendar.fetch(std::slice::from_ref(&old.id)).await.unwrap(), [Some(new)]);
    }
}

#[tokio::test]
async fn a_version_that_changes_without_an_edit_stops_no_write() {
    let world = World::new().await;
    let team = world.other("POST", "calendars", json!({"summary": "Team"})).await;
    let team = team["id"].as_str().unwrap().to_owned();
    let calendar = world.calendar();
    for (key, record) in [("single", lunch()), ("series", weekly())] {
        let old = stored(write_one(&calendar, create(key, &record)).await);
        world.sim.with(|core| core.knobs_mut().etag_changes_without_edit = true);
        listen(&calendar, From::Start).await.unwrap();
        let to = Event { title: "New".into(), ..old.record.clone() };
        let new = stored(write_one(&calendar, update(&old, &to)).await);
        assert_eq!((new.record.title.as_str(), &new.id), ("New", &old.id));
        listen(&calendar, From::Start).await.unwrap();
        let to_team = Write::Move { from: new.clone(), to: team.clone(), stamp: entry(4) };
        let moved = stored(write_one(&calendar, to_team).await);
        assert_eq!((moved.record.title.as_str(), moved.home.as_deref()), ("New", Some(team.as_str())));
        let back = Write::Move { from: moved, to: "primary".to_owned(), stamp: entry(5) };
        let back = stored(write_one(&calendar, back).await);
        assert_eq!((back.record.title.as_str(), &back.id), ("New", &old.id));
        let again = stored(write_one(&calendar, create(&format!("{key} again"), &record)).await);
        listen(&calendar, From::Start).await.unwrap();
        assert_eq!(write_one(&calendar, delete(&again)).await.unwrap(), Written::Deleted);
        world.sim.with(|core| core.knobs_mut().etag_changes_without_edit = false);
    }
}

#[tokio::test]
async fn versions_that_change_with_every_reading_stop_no_series_of_a_batch() {
    let world = World::new().await;
    let calendar = world.calendar();
    let change = |title: &str| Override { title: Some(title.to_owned()), ..Override::default() };
    let mut known = Vec::new();
    for number in 0..5 {
        let mut record = weekly();
        record.recurrence_overrides.insert("2026-03-23T09:00:00".into(), change("One"));
        record.recurrence_overrides.insert("2026-04-06T09:00:00".into(), change("Two"));
        known.push(stored(write_one(&calendar, create(&format!("s{number}"), &record)).await));
    }
    world.sim.with(|core| core.knobs_mut().etag_changes_without_edit = true);
    let batch: Vec<_> = known
        .iter()
        .map(|old| {
            let mut to = Event { description: "Typed".into(), ..old.record.clone() };
            to.recurrence_overrides.insert("2026-03-23T09:00:00".into(), change("Other"));
            update(old, &to)
        })
        .collect();
    for answer in calendar.write(&batch).await.unwrap() {
        let new = stored(answer).record;
        assert_eq!(new.description, "Typed");
        let changed = &new.recurrence_overrides["2026-03-23T09:00:00"];
        assert_eq!(changed.title.as_deref(), Some("Other"));
        assert_eq!(new.recurrence_overrides.len(), 2);
    }
}

#[tokio::test]
async fn versions_that_change_with_every_page_of_a_series_stop_no_write() {
    let world = World::new().await;
    let calendar = world.calendar();
    let mut record = weekly();
    for day in ["2026-03-23", "2026-03-30", "2026-04-06", "2026-04-13"] {
        let change = Override { title: Some(day.to_owned()), ..Override::default() };
        record.recurrence_overrides.insert(format!("{day}T09:00:00"), change);
    }
    let old = stored(write_one(&calendar, create("k", &record)).await);
    world.sim.with(|core| {
        core.knobs_mut().etag_changes_without_edit = true;
        core.knobs_mut().page_size_max = Some(2);
    });
    let to = Event { description: "Typed".into(), ..old.record.clone() };
    let new = stored(write_one(&calendar, update(&old, &to)).await);
    assert_eq!(new.record.description, "Typed");
    assert_eq!(new.record.recurrence_overrides, old.record.recurrence_overrides);
    assert_eq!(write_one(&calendar, delete(&new)).await.unwrap(), Written::Deleted);
}

#[tokio::test]
async fn a_change_of_an_occurrence_makes_the_copy_of_its_series_old() {
    let world = World::new().await;
    let calendar = world.calendar();
    let made = stored(write_one(&calendar, create("k", &weekly())).await);
    let instance = format!("{}_20260330T070000Z", made.id);
    world.other("PATCH", &format!("calendars/primary/events/{instance}"), json!({"summary": "Moved"})).await;
    let error =
        write_one(&calendar, update(&made, &Event { title: "x".into(), ..made.record.clone() })).await;
    assert_eq!(error.unwrap_err().kind, ErrorKind::VersionMismatch);
    let error = write_one(&calendar, delete(&made)).await;
    assert_eq!(error.unwrap_err().kind, ErrorKind::VersionMismatch);
}

#[tokio::test]
async fn a_page_with_an_occurrence_brings_the_whole_series() {
    let world = World::new().await;
    let calendar = world.calendar();
    let made = stored(write_one(&calendar, create("k", &weekly())).await);
    let edit = |id: &str| format!("{}_{id}", made.id);
    world.ui("edit", &edit("20260323T080000Z"), json!({"changes": {"summary": "First"}})).await;
    let first = listen(&calendar, From::Start).await.unwrap();
    world.ui("delete_instance", &edit("20260413T070000Z"), json!({})).await;
    let second = listen(&calendar, From::Cursor(first.cursor)).await.unwrap();
    let series = second.one(made.id.as_str());
    let overrides = &series.record.recurrence_overrides;
    assert_eq!(overrides.keys().collect::<Vec<_>>(), ["2026-03-23T09:00:00", "2026-04-13T09:00:00"]);
    assert!(overrides["2026-04-13T09:00:00"].excluded);
    assert!(!second.removed.contains(&made.id));
    assert_ne!(series.version, made.version);
    let fresh = listen(&world.calendar(), From::Start).await.unwrap();
    assert_eq!(fresh.items, std::slice::from_ref(series));
}

#[tokio::test]
async fn this_and_following_keeps_a_later_occurrence_that_was_moved_before_c73() {
    let world = World::new().await;
    let calendar = world.calendar();
    let made = stored(write_one(&calendar, create("k", &weekly())).await);
    let later = format!("{}_20260413T070000Z", made.id);
    let moved =
        json!({"start": timed("2026-04-14T14:00:00+02:00"), "end": timed("2026-04-14T15:00:00+02:00")});
    world.ui("move_instance", &later, moved).await;
    let first = listen(&calendar, From::Start).await.unwrap();
    let split = json!({"from": "20260406T070000Z", "changes": {"summary": "New part"}});
    world.ui("split", made.id.as_str(), split).await;
    let second = listen(&calendar, From::Cursor(first.cursor)).await.unwrap();
    let fresh = listen(&world.calendar(), From::Start).await.unwrap();
    let new =
        |heard: &Heard| heard.items.iter().find(|item| item.record.title == "New part").cloned().unwrap();
    let overrides = new(&second).record.recurrence_overrides;
    assert_eq!(overrides["2026-04-13T09:00:00"].start, Some(at("2026-04-14T14:00:00")), "{overrides:?}");
    assert_eq!(new(&second), new(&fresh), "the changes say something else than the whole list");
    assert_eq!(calendar.fetch(&[new(&second).id]).await.unwrap(), [Some(new(&fresh))]);
}

#[tokio::test]
async fn a_changed_occurrence_that_the_rule_does_not_make_takes_place_at_google_too() {
    let world = World::new().await;
    let calendar = world.calendar();
    let mut record = weekly();
    let strange = "2026-03-31T11:00:00".to_owned();
    let change = Override { title: Some("Extra".into()), ..Override::default() };
    record.recurrence_overrides.insert(strange.clone(), change);
    let made = stored(write_one(&calendar, create("k", &record)).await);
    let dates = |event: &Event| (event.recurrence_overrides.clone(), event.recurrence_dates.clone());
    assert_eq!(dates(&made.record), dates(&record));
    let mut without = made.record.clone();
    without.recurrence_overrides.remove(&strange);
    let back = stored(write_one(&calendar, update(&made, &without)).await);
    assert_eq!(back.record, without);
    let instances =
        world.other("GET", &format!("calendars/primary/events/{}/instances", made.id), Value::Null).await;
    let titles: Vec<_> =
        instances["items"].as_array().unwrap().iter().map(|item| item["summary"].clone()).collect();
    assert!(!titles.contains(&"Extra".into()), "{titles:?}");
}

#[tokio::test]
async fn a_series_that_begins_at_a_time_its_clock_skips_is_refused_whole() {
    let world = World::new().await;
    let calendar = world.calendar();
    let record = Event { start: Some(at("2026-03-29T02:30:00")), ..weekly() };
    let error = write_one(&calendar, create("k", &record)).await.unwrap_err();
    assert_eq!((error.kind, error.code), (ErrorKind::Rejected, Some(Code::Sync108)));
    let single = Event { recurrence_rules: Vec::new(), ..record };
    assert!(write_one(&calendar, create("l", &single)).await.is_ok());
}

#[tokio::test]
async fn occurrences_are_changed_excluded_and_put_back() {
    let world = World::new().await;
    let calendar = world.calendar();
    let mut copy = stored(write_one(&calendar, create("k", &weekly())).await);
    let id = "2026-03-30T09:00:00".to_owned();
    let steps: Vec<Option<Override>> = vec![
        Some(Override { title: Some("Special".into()), ..Override::default() }),
        Some(Override {
            start: Some(at("2026-03-30T14:00:00")),
            duration: Some(Duration::seconds(60)),
            ..Override::default()
        }),
        None,
        Some(Override { excluded: true, ..Override::default() }),
        Some(Override { description: Some("back".into()), ..Override::default() }),
        Some(Override { excluded: true, ..Override::default() }),
        None,
    ];
    for step in steps {
        let mut to = copy.record.clone();
        to.title.push('!');
        match &step {
            Some(change) => to.recurrence_overrides.insert(id.clone(), change.clone()),
            None => to.recurrence_overrides.remove(&id),
        };
        let next = stored(write_one(&calendar, update(&copy, &to)).await);
        assert_eq!(next.record, to, "after {step:?}");
        assert_eq!(next.stamp, Some(entry(2)));
        let seen = listen(&calendar, From::Start).await.unwrap();
        assert_eq!(seen.one(copy.id.as_str()), &next);
        copy = next;
    }
    // EXDATE first, then an exception (C63).
    let excluded = Override { excluded: true, ..Override::default() };
    let mut to = copy.record.clone();
    to.recurrence_overrides.insert("2026-04-06T09:00:00".into(), excluded);
    let next = stored(write_one(&calendar, update(&copy, &to)).await);
    assert_eq!(next.record, to);
    let back = stored(write_one(&calendar, update(&next, &copy.record)).await);
    assert_eq!(back.record, copy.record);
}

#[tokio::test]
async fn a_shortened_series_leaves_no_ghosts_c43() {
    let world = World::new().await;
    let calendar = world.calendar();
    let made = stored(write_one(&calendar, create("k", &weekly())).await);
    let late = format!("{}_20260413T070000Z", made.id);
    world.other("PATCH", &format!("calendars/primary/events/{late}"), json!({"summary": "Late"})).await;
    let first = listen(&calendar, From::Start).await.unwrap();
    assert_eq!(first.items.len(), 1);
    world.ui("delete_following", made.id.as_str(), json!({"from": "20260406T070000Z"})).await;
    let second = listen(&calendar, From::Cursor(first.cursor)).await.unwrap();
    let series = second.one(made.id.as_str());
    assert!(!second.removed.contains(&made.id));
    assert!(series.record.recurrence_rules[0].contains("UNTIL"));
    assert_eq!(listen(&world.calendar(), From::Start).await.unwrap().items.len(), 1);
}

#[tokio::test]
async fn deletions_are_told_and_deleting_twice_is_no_error() {
    let world = World::new().await;
    let calendar = world.calendar();
    for record in [lunch(), weekly()] {
        let made = stored(write_one(&calendar, create(&record.title, &record)).await);
        let before = listen(&calendar, From::Start).await.unwrap();
        assert_eq!(write_one(&calendar, delete(&made)).await.unwrap(), Written::Deleted);
        assert_eq!(write_one(&calendar, delete(&made)).await.unwrap(), Written::Deleted);
        let after = listen(&calendar, From::Cursor(before.cursor)).await.unwrap();
        assert!(after.items.iter().all(|item| item.id != made.id));
        assert!(after.removed.contains(&made.id));
        assert_eq!(calendar.fetch(std::slice::from_ref(&made.id)).await.unwrap(), [None]);
        let gone =
            write_one(&calendar, update(&made, &Event { title: "x".into(), ..made.record.clone() })).await;
        assert!(matches!(gone.unwrap_err().kind, ErrorKind::VersionMismatch | ErrorKind::NotFound));
    }
}

#[tokio::test]
async fn a_key_makes_one_event_alive_or_dead() {
    let world = World::new().await;
    let calendar = world.calendar();
    for record in [lunch(), full()] {
        let made = stored(write_one(&calendar, create(&record.title, &record)).await);
        let again = write_one(&calendar, create(&record.title, &record)).await.unwrap();
        assert_eq!(again, Written::Exists { id: made.id.clone(), alive: Some(made.clone()) });
        write_one(&calendar, delete(&made)).await.unwrap();
        let dead = write_one(&calendar, create(&record.title, &record)).await.unwrap();
        assert_eq!(dead, Written::Exists { id: made.id, alive: None });
    }
}

#[tokio::test]
async fn a_duplicate_made_by_a_person_does_not_carry_the_key() {
    let world = World::new().await;
    let calendar = world.calendar();
    let made = stored(write_one(&calendar, create("k", &lunch())).await);
    let mut copy = world.show(made.id.as_str()).await;
    for member in ["id", "iCalUID", "etag"] {
        copy.as_object_mut().unwrap().remove(member);
    }
    let copy = world.insert(copy).await;
    let heard = listen(&calendar, From::Start).await.unwrap();
    let twin = heard.one(copy["id"].as_str().unwrap());
    assert_eq!((&twin.key, twin.made), (&None, None));
}

#[tokio::test]
async fn leftovers_come_back_with_an_event_that_is_made_again() {
    let world = World::new().await;
    let calendar = world.calendar();
    let made = world.insert(json!({
        "summary": "x", "start": timed("2026-01-10T12:00:00+01:00"), "end": timed("2026-01-10T13:00:00+01:00"),
        "guestsCanInviteOthers": false, "extendedProperties": {"private": {"crm": "17"}},
        "attendees": [{"email": "bob@example.org", "additionalGuests": 3}, {"email": "eva@example.org"}],
    })).await;
    let id = ItemId::from(made["id"].as_str().unwrap());
    let old = calendar.fetch(std::slice::from_ref(&id)).await.unwrap().remove(0).unwrap();
    write_one(&calendar, delete(&old)).await.unwrap();
    let Opaque(left) = old.opaque.clone();
    let write = Write::Create {
        key: CreateKey::from("again"),
        record: old.record.clone(),
        opaque: Some(Opaque(left)),
        stamp: entry(5),
        replaces: None,
    };
    let again = stored(write_one(&calendar, write).await);
    let shown = world.show(again.id.as_str()).await;
    assert_eq!(shown["guestsCanInviteOthers"], false);
    assert_eq!(shown["extendedProperties"]["private"]["crm"], "17");
    let guests = shown["attendees"].as_array().unwrap();
    let bob = guests.iter().find(|guest| guest["email"] == "bob@example.org").unwrap();
    assert_eq!((guests.len(), &bob["additionalGuests"]), (2, &json!(3)));
    assert_eq!(again.made, Some(entry(5)));
}

#[tokio::test]
async fn small_and_empty_pages_hide_nothing_and_a_quiet_run_costs_one_request() {
    let knobs = Knobs { page_size_max: Some(2), empty_pages: 0.3, unknown_members: true, ..Knobs::default() };
    let world = World::with(SimOptions { knobs, ..SimOptions::default() }).await;
    let calendar = world.calendar();
    for number in 0..7 {
        write_one(
            &calendar,
            create(&format!("l{number}"), &Event { title: format!("l{number}"), ..lunch() }),
        )
        .await
        .unwrap();
    }
    for number in 0..2 {
        write_one(&calendar, create(&format!("w{number}"), &Event { title: format!("w{number}"), ..full() }))
            .await
            .unwrap();
    }
    let heard = listen(&calendar, From::Start).await.unwrap();
    assert_eq!(heard.titles(), ["l0", "l1", "l2", "l3", "l4", "l5", "l6", "w0", "w1"]);
    assert!(heard.pages > 3);
    assert_eq!(heard.one(heard.items.last().unwrap().id.as_str()).record.recurrence_overrides.len(), 2);
    world.sim.with(|core| core.knobs_mut().empty_pages = 0.0);
    let before = world.requests();
    let quiet = listen(&calendar, From::Cursor(heard.cursor)).await.unwrap();
    assert!(quiet.items.is_empty() && quiet.removed.is_empty());
    assert_eq!(world.requests() - before, 1);
}

#[tokio::test]
async fn a_dead_cursor_says_so() {
    let world = World::new().await;
    let calendar = world.calendar();
    write_one(&calendar, create("k", &lunch())).await.unwrap();
    let heard = listen(&calendar, From::Start).await.unwrap();
    world.sim.with(|core| core.expire(Some(ME), "calendar", None)).unwrap();
    for from in [
        From::Cursor(heard.cursor),
        From::Cursor("nonsense".into()),
        From::Page("nonsense".into()),
        From::Page(r#"{"page":"of another process"}"#.into()),
    ] {
        let error = listen(&calendar, from.clone()).await.err().unwrap();
        assert_eq!((error.kind, error.code), (ErrorKind::CursorExpired, Some(Code::Goog305)), "{from:?}");
    }
}

#[tokio::test]
async fn somebody_elses_meeting_is_left_as_it_is_but_answered() {
    let world = World::new().await;
    let bob = world.calendar_of("bob@example.org");
    let mut meeting = lunch();
    let guest = Participant { email: ME.into(), ..Participant::default() };
    meeting.participants.insert(ME.into(), guest);
    stored(write_one(&bob, create("k", &meeting)).await);
    let alice = world.calendar();
    let copy = listen(&alice, From::Start).await.unwrap().items.remove(0);
    assert_eq!(copy.record.title, "Lunch");
    assert_eq!(copy.key, None);
    let refused = write_one(&alice, update(&copy, &Event { title: "Mine".into(), ..copy.record.clone() }))
        .await
        .unwrap_err();
    assert_eq!((refused.kind, refused.code), (ErrorKind::Forbidden, Some(Code::Goog309)));
    let mut to = copy.record.clone();
    to.participants.get_mut(ME).unwrap().participation_status = ParticipationStatus::Accepted;
    to.color = "gold".into();
    to.free_busy_status = FreeBusyStatus::Free;
    to.use_default_alerts = false;
    to.alerts.clear();
    let written = stored(write_one(&alice, update(&copy, &to)).await);
    assert_eq!(written.record, to);
    let at_bob = listen(&bob, From::Start).await.unwrap().items.remove(0);
    assert_eq!(at_bob.record.participants[ME].participation_status, ParticipationStatus::Accepted);
    world.sim.with(|core| assert_eq!(core.mails().len(), 0));
}

#[tokio::test]
async fn an_event_beyond_our_reach_is_withdrawn_and_not_deleted() {
    let world = World::new().await;
    let calendar = world.calendar();
    let mut odd = lunch();
    odd.start = Some(Start::Zoned {
        local: "2026-01-10T12:00:00".parse().unwrap(),
        zone: "Romance Standard Time".into(),
    });
    let error = write_one(&calendar, create("k", &odd)).await.unwrap_err();
    assert_eq!((error.kind, error.code), (ErrorKind::Rejected, Some(Code::Sys108)));
    let fine = write_one(&calendar, create("k", &lunch())).await;
    assert!(fine.is_ok());
}

fn day_of(kind: &str, more: Value) -> Value {
    let mut body = json!({
        "summary": kind, "eventType": kind, "start": {"date": "2026-02-02"}, "end": {"date": "2026-02-03"},
    });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body
}

async fn arrive(world: &World, body: Value) -> String {
    let made = world.control("ui/calendar/arrive", json!({"account": ME, "body": body})).await;
    made["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn events_of_other_types_are_counted_and_never_read() {
    let world = World::new().await;
    let focus = arrive(&world, day_of("focusTime", json!({}))).await;
    arrive(&world, day_of("focusTime", json!({}))).await;
    arrive(&world, day_of("outOfOffice", json!({"attendees": 7}))).await;
    let weekly = json!({"recurrence": ["RRULE:FREQ=WEEKLY"]});
    let place = arrive(&world, day_of("workingLocation", weekly)).await;
    arrive(&world, day_of("birthday", json!({"recurrence": ["RRULE:FREQ=YEARLY"]}))).await;
    arrive(&world, day_of("ofTomorrow", json!({}))).await;
    world.insert(day_of("default", json!({}))).await;
    let told = |calendar: &GoogleCalendar| serde_json::to_value(calendar.not_carried().unwrap()).unwrap();
    let all =
        json!({"birthday": 1, "focus_time": 2, "ofTomorrow": 1, "out_of_office": 1, "working_location": 1});
    let options =
        CalendarOptions { page_size: 2, settle: std::time::Duration::ZERO, ..CalendarOptions::default() };
    let paged = GoogleCalendar::new(world.client.clone(), "primary", options);
    let calendar = world.calendar();
    assert_eq!(calendar.not_carried(), None, "nobody has looked");
    for calendar in [&calendar, &paged] {
        let heard = listen(calendar, From::Start).await.unwrap();
        assert_eq!((heard.titles(), told(calendar)), (vec!["default"], all.clone()));
    }
    // Later runs are told changes only, and ask no more than once for them.
    let heard = listen(&calendar, From::Start).await.unwrap();
    let later = world.calendar();
    let before = world.requests();
    let quiet = listen(&later, From::Cursor(heard.cursor.clone())).await.unwrap();
    assert_eq!((quiet.items.len(), told(&later), world.requests() - before), (0, all.clone(), 1));
    world.other("DELETE", &format!("calendars/primary/events/{focus}"), Value::Null).await;
    world.ui("delete_instance", &format!("{place}_20260209"), json!({})).await;
    arrive(&world, day_of("outOfOffice", json!({}))).await;
    let now =
        json!({"birthday": 1, "focus_time": 1, "ofTomorrow": 1, "out_of_office": 2, "working_location": 1});
    let before = world.requests();
    let changed = listen(&later, From::Cursor(quiet.cursor)).await.unwrap();
    assert_eq!((changed.items.len(), told(&later), world.requests() - before), (0, now.clone(), 1));
    world.other("DELETE", &format!("calendars/primary/events/{place}"), Value::Null).await;
    let after = world.calendar();
    let gone = listen(&after, From::Cursor(changed.cursor)).await.unwrap();
    assert_eq!((gone.items.len(), told(&after)["working_location"].clone()), (0, Value::Null));
    // Nobody reads one by its name either.
    assert_eq!(calendar.fetch(&[place.into()]).await.unwrap(), [None]);
}

#[tokio::test]
async fn events_that_are_no_appointments_are_counted_up_to_a_number() {
    let world = World::new().await;
    world.insert(day_of("default", json!({}))).await;
    for _ in 0..3 {
        arrive(&world, day_of("focusTime", json!({}))).await;
    }
    let weekly = json!({"recurrence": ["RRULE:FREQ=WEEKLY"]});
    let place = arrive(&world, day_of("workingLocation", weekly.clone())).await;
    let options = CalendarOptions { others_max: 2, ..CalendarOptions::default() };
    let calendar = GoogleCalendar::new(world.client.clone(), "primary", options);
    let counted = || calendar.not_carried().unwrap().values().sum::<u64>();
    let heard = listen(&calendar, From::Start).await.unwrap();
    assert_eq!((heard.titles(), counted()), (vec!["default"], 2));
    // What comes later, and what becomes of one that is not counted, makes the cursor no longer, and is no appointment.
    arrive(&world, day_of("outOfOffice", weekly)).await;
    world.ui("delete_instance", &format!("{place}_20260209"), json!({})).await;
    let changed = listen(&calendar, From::Cursor(heard.cursor.clone())).await.unwrap();
    assert_eq!((changed.items.len(), counted()), (0, 2));
    let named = |cursor: &Cursor| {
        let mark: Value = serde_json::from_str(cursor.as_str()).unwrap();
        mark["others"].as_object().unwrap().values().map(|ids| ids.as_array().unwrap().len()).sum::<usize>()
    };
    assert_eq!((named(&heard.cursor), named(&changed.cursor)), (2, 2));
}

#[tokio::test]
async fn a_cursor_of_when_one_type_was_asked_for_is_old_c12() {
    let world = World::new().await;
    let calendar = world.calendar();
    write_one(&calendar, create("k", &lunch())).await.unwrap();
    let path = "calendars/primary/events?maxResults=2500&eventTypes=default";
    let token = world.other("GET", path, Value::Null).await["nextSyncToken"].as_str().unwrap().to_owned();
    let before = world.requests();
    let error = listen(&calendar, From::Cursor(token.into())).await.err().unwrap();
    assert_eq!((error.kind, error.code), (ErrorKind::CursorExpired, Some(Code::Goog305)));
    assert_eq!(world.requests(), before, "nothing undefined is asked");
}

#[tokio::test]
async fn an_event_that_google_made_of_a_mail_is_an_appointment_changed_in_parts_c161() {
    let world = World::new().await;
    let calendar = world.calendar();
    let id = arrive(&world, day_of("fromGmail", json!({"location": "Orly"}))).await;
    let heard = listen(&calendar, From::Start).await.unwrap();
    assert_eq!(calendar.not_carried(), Some(BTreeMap::new()));
    let read = heard.one(&id).clone();
    assert_eq!((read.record.title.as_str(), read.record.location.as_str()), ("fromGmail", "Orly"));
    for theirs in [
        Event { title: "Other".into(), ..read.record.clone() },
        Event { location: "Roissy".into(), ..read.record.clone() },
        Event { status: Status::Cancelled, ..read.record.clone() },
    ] {
        let error = write_one(&calendar, update(&read, &theirs)).await.unwrap_err();
        assert_eq!((error.kind, error.code), (ErrorKind::Rejected, Some(Code::Goog310)), "{theirs:?}");
        assert!(calendar.forbids(Some(&read), Some(&theirs)).is_some(), "no plan announces it");
    }
    let own = Event {
        color: "gold".into(),
        privacy: Privacy::Private,
        free_busy_status: FreeBusyStatus::Free,
        categories: [("travel".to_owned(), "travel".to_owned())].into(),
        url: "https://air.example/1".into(),
        ..read.record.clone()
    };
    let written = stored(write_one(&calendar, update(&read, &own)).await);
    assert_eq!(written.record, own);
    let telling = CalendarOptions {
        mail_guests: true,
        settle: std::time::Duration::ZERO,
        ..CalendarOptions::default()
    };
    let telling = GoogleCalendar::new(world.client.clone(), "primary", telling);
    assert!(!telling.tells_others(&written));
    assert_eq!(write_one(&telling, delete(&written)).await.unwrap(), Written::Deleted);
    assert_eq!(world.client.counter().may_mail(), 0);
}

#[tokio::test]
async fn one_refused_write_stops_no_other() {
    let world = World::new().await;
    let calendar = world.calendar();
    let bad = Event { start: None, ..lunch() };
    let results =
        calendar.write(&[create("a", &lunch()), create("b", &bad), create("c", &lunch())]).await.unwrap();
    assert!(results[0].is_ok() && results[2].is_ok());
    assert_eq!(results[1].as_ref().unwrap_err().kind, ErrorKind::Rejected);
}

#[tokio::test]
async fn a_lost_answer_of_a_create_is_found_again_and_an_update_is_unknown() {
    let world = World::new().await;
    let calendar = world.calendar();
    world
        .control(
            "faults",
            json!({"rules": [{"method": "calendar.events.insert", "nth": 1, "when": "after", "drop": true}]}),
        )
        .await;
    let written = write_one(&calendar, create("k", &lunch())).await.unwrap();
    let Written::Exists { alive: Some(made), .. } = written else { panic!("{written:?}") };
    assert_eq!(made.made, Some(entry(1)));
    world
        .control(
            "faults",
            json!({"rules": [{"method": "calendar.events.patch", "nth": 1, "when": "after", "drop": true}]}),
        )
        .await;
    let error = write_one(&calendar, update(&made, &Event { title: "New".into(), ..made.record.clone() }))
        .await
        .unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unavailable);
    let found = calendar.fetch(std::slice::from_ref(&made.id)).await.unwrap().remove(0).unwrap();
    assert_eq!((found.record.title.as_str(), found.stamp), ("New", Some(entry(2))));
}

#[tokio::test]
async fn a_series_whose_exceptions_were_not_written_is_completed_later() {
    let world = World::new().await;
    let calendar = world.calendar();
    world.control("faults", json!({"rules": [{"method": "calendar.events.patch", "drop": true}]})).await;
    let error = write_one(&calendar, create("k", &full())).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unavailable);
    world.control("faults", json!({"rules": []})).await;
    let half = listen(&calendar, From::Start).await.unwrap().items.remove(0);
    assert_eq!((half.made, &half.key), (Some(entry(1)), &Some(CreateKey::from("k"))));
    let to = Event { uid: half.record.uid.clone(), ..full() };
    assert_ne!(half.record, to);
    assert_eq!(stored(write_one(&calendar, update(&half, &to)).await).record, to);
}

#[tokio::test]
async fn a_calendar_that_is_gone_has_no_deleted_events() {
    let world = World::new().await;
    let calendar = world.calendar_named("c_nobody@group.calendar.google.com");
    let listed = listen(&calendar, From::Start).await.err().unwrap();
    assert_eq!((listed.kind, listed.code), (ErrorKind::Forbidden, Some(Code::Goog307)));
    let fetched = calendar.fetch(&["anything".into()]).await.unwrap_err();
    assert_eq!(fetched.code, Some(Code::Goog307));
}

#[tokio::test]
async fn the_accounts_calendars_are_listed() {
    let world = World::new().await;
    let made =
        world.other("POST", "calendars", json!({"summary": "Company", "timeZone": "Europe/Paris"})).await;
    let calendars = list_calendars(&world.client).await.unwrap();
    let main = calendars.iter().find(|calendar| calendar.primary).unwrap();
    assert!(main.id == ME && main.access_role.may_write());
    let other = calendars.iter().find(|calendar| made["id"] == calendar.id.as_str()).unwrap();
    assert_eq!((other.name.as_str(), other.access_role), ("Company", AccessRole::Owner));
    assert_eq!(other.time_zone.as_deref(), Some("Europe/Paris"));
}

#[tokio::test]
async fn a_key_leads_to_its_event_although_that_was_moved() {
    let world = World::new().await;
    let team = world.other("POST", "calendars", json!({"summary": "Team", "timeZone": "Europe/Paris"})).await;
    let team = team["id"].as_str().unwrap().to_owned();
    let options =
        CalendarOptions { settle: std::time::Duration::ZERO, elsewhere: true, ..CalendarOptions::default() };
    let calendar = GoogleCalendar::new(world.client.clone(), ME, options);
    let made = stored(write_one(&calendar, create("k", &lunch())).await);
    let path = format!("calendars/primary/events/{}/move?destination={team}", made.id);
    world.other("POST", &path, Value::Null).await;
    let again = write_one(&calendar, create("k", &lunch())).await.unwrap();
    let Written::Exists { id, alive: Some(moved) } = again else { panic!("{again:?}") };
    assert_eq!((id, moved.withdrawn, moved.home), (made.id, true, Some(team)));
}

#[tokio::test]
async fn an_event_that_was_moved_into_another_calendar_is_withdrawn() {
    let world = World::new().await;
    let mut ids = Vec::new();
    for name in ["Projects", "Team"] {
        let made =
            world.other("POST", "calendars", json!({"summary": name, "timeZone": "Europe/Paris"})).await;
        ids.push(made["id"].as_str().unwrap().to_owned());
    }
    let options = || CalendarOptions {
        settle: std::time::Duration::ZERO,
        elsewhere: true,
        ..CalendarOptions::default()
    };
    let calendar = GoogleCalendar::new(world.client.clone(), ME, options());
    let mut names = Vec::new();
    for title in ["Moved", "Deleted", "To the team"] {
        let body = json!({"summary": title, "start": timed("2026-03-01T09:00:00"), "end": timed("2026-03-01T10:00:00")});
        names.push(world.insert(body).await["id"].as_str().unwrap().to_owned());
    }
    let listed = listen(&calendar, From::Start).await.unwrap();
    let go = async |event: &str, from: &str, to: &str| {
        world
            .other("POST", &format!("calendars/{from}/events/{event}/move?destination={to}"), Value::Null)
            .await
    };
    go(&names[0], "primary", &ids[0]).await;
    go(&names[2], "primary", &ids[1]).await;
    world.other("DELETE", &format!("calendars/primary/events/{}", names[1]), Value::Null).await;
    let changed = listen(&calendar, From::Cursor(listed.cursor)).await.unwrap();
    assert_eq!(changed.removed.len(), 3);
    let items: Vec<ItemId> = names.iter().map(|name| ItemId::from(name.as_str())).collect();
    let found = calendar.fetch(&items).await.unwrap();
    let moved = found[0].as_ref().unwrap();
    assert!(moved.withdrawn && moved.record.title == "Moved");
    assert!(found[1].is_none(), "deleted where it stood");
    assert!(found[2].as_ref().unwrap().withdrawn);
    assert_eq!(moved.home.as_ref(), Some(&ids[0]), "it tells where it is");
    // Whoever may not list the calendars looks into those that are kept in step, and nowhere else.
    let connected =
        CalendarOptions { connected: vec![ids[1].clone()], elsewhere: false, ..CalendarOptions::default() };
    let beside = GoogleCalendar::new(world.client.clone(), ME, connected).fetch(&items).await.unwrap();
    assert!(beside[0].is_none());
    assert_eq!(beside[2].as_ref().unwrap().home.as_ref(), Some(&ids[1]));
    assert!(world.calendar().fetch(&items).await.unwrap().iter().all(Option::is_none));
    // Moved back, it is there again.
    go(&names[0], &ids[0], "primary").await;
    let back = listen(&calendar, From::Cursor(changed.cursor)).await.unwrap();
    assert!(!back.one(&names[0]).withdrawn);
}
