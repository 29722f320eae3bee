//! What the company called off does not stand on the phone as taking place, whatever it is, and whoever is invited.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;

use common::{EVENTS, World};
use serde_json::{Value, json};

fn row(world: &World, id: &str, more: &str) {
    world.sql(&format!(
        "INSERT INTO appointments (id, owner_id, title, start_local, start_zone, duration_seconds) \
         VALUES ('{id}', 'alice', 'Visit {id}', '2027-03-01 09:00', 'Europe/Paris', 3600); {more}"
    ));
}

/// What stands on the phone: the day, whether it blocks time, and the title.
fn phone(world: &World) -> Vec<String> {
    let path = format!(
        "{EVENTS}?singleEvents=true&orderBy=startTime&timeMin=2027-02-01T00:00:00Z&timeMax=2027-05-01T00:00:00Z"
    );
    let found = world.google("GET", &path, &Value::Null);
    let of = |item: &Value| {
        let start = item["start"]["dateTime"].as_str().or(item["start"]["date"].as_str()).unwrap();
        let free = item["transparency"].as_str().unwrap_or("opaque");
        format!("{} {free} {}", start.get(5..10).unwrap(), item["summary"].as_str().unwrap_or_default())
    };
    found["items"].as_array().unwrap().iter().map(of).collect()
}

fn busy(world: &World) -> usize {
    let asked = json!({"timeMin": "2027-02-01T00:00:00Z", "timeMax": "2027-05-01T00:00:00Z", "items": [{"id": "primary"}]});
    let found = world.google("POST", "/calendar/v3/freeBusy", &asked);
    found["calendars"]["primary"]["busy"].as_array().unwrap().len()
}

fn status(world: &World, id: &str) -> String {
    let found =
        world.rows("'s', status, 't', title, 'f', free_busy", &format!("appointments WHERE id = '{id}'"));
    let text = |name: &str| found[0][name].as_str().unwrap().to_owned();
    format!("{} {} {}", text("s"), text("f"), text("t"))
}

#[test]
fn a_single_one_is_called_off_and_takes_place_again() {
    let world = World::new();
    row(&world, "a", "");
    world.settle();
    for _ in 0..2 {
        world.sql("UPDATE appointments SET status = 'cancelled' WHERE id = 'a';");
        world.settle();
        assert_eq!(phone(&world), ["03-01 transparent Cancelled: Visit a"]);
        assert_eq!((busy(&world), status(&world, "a")), (0, "cancelled busy Visit a".to_owned()));
        // An edit of something else, on either side, calls nothing back.
        world.sql("UPDATE appointments SET location = location || 'L' WHERE id = 'a';");
        world.settle();
        let id = world.events()[0]["id"].as_str().unwrap().to_owned();
        world.google("PATCH", &format!("{EVENTS}/{id}?sendUpdates=none"), &json!({"description": "noted"}));
        world.settle();
        assert_eq!(phone(&world), ["03-01 transparent Cancelled: Visit a"]);
        assert_eq!(status(&world, "a"), "cancelled busy Visit a");
        world.sql("UPDATE appointments SET status = 'confirmed' WHERE id = 'a';");
        world.settle();
        assert_eq!(phone(&world), ["03-01 opaque Visit a"]);
        assert_eq!((busy(&world), status(&world, "a")), (1, "confirmed busy Visit a".to_owned()));
    }
}

#[test]
fn what_is_called_off_before_it_ever_travels_is_free_from_the_first_run() {
    let world = World::new();
    row(&world, "a", "UPDATE appointments SET status = 'cancelled';");
    row(&world, "b", "UPDATE appointments SET status = 'cancelled', title = '' WHERE id = 'b';");
    world.sql(
        "INSERT INTO appointments (id, owner_id, title, start_kind, start_local, duration_days, status) \
         VALUES ('d', 'alice', 'Fair', 'date', '2027-03-02', 2, 'cancelled');",
    );
    world.settle();
    assert_eq!(busy(&world), 0);
    assert!(phone(&world).iter().all(|one| one.contains("transparent Cancelled:")), "{:?}", phone(&world));
    assert_eq!(status(&world, "b"), "cancelled busy ");
    world.sql("UPDATE appointments SET status = 'tentative' WHERE id = 'd';");
    world.settle();
    assert!(phone(&world).contains(&"03-02 opaque Fair".to_owned()), "{:?}", phone(&world));
}

#[test]
fn with_guests_nobody_is_mailed_and_they_stay_invited() {
    let world = World::new();
    row(
        &world,
        "g",
        "INSERT INTO appointment_participants (appointment_id, email) VALUES ('g', 'x@client.example');",
    );
    world.settle();
    world.sql("UPDATE appointments SET status = 'cancelled' WHERE id = 'g';");
    world.settle();
    assert_eq!(phone(&world), ["03-01 transparent Cancelled: Visit g"]);
    assert_eq!(world.events()[0]["attendees"].as_array().unwrap().len(), 1);
    world.sql("UPDATE appointments SET status = 'confirmed' WHERE id = 'g';");
    world.settle();
    assert_eq!(phone(&world), ["03-01 opaque Visit g"]);
    assert_eq!(world.mails(), 0);
}

#[test]
fn what_is_called_off_says_so_again_in_the_run_that_takes_in_another_title() {
    let world = World::new();
    row(&world, "a", "UPDATE appointments SET status = 'cancelled';");
    row(
        &world,
        "s",
        "INSERT INTO appointment_rules (appointment_id, rule) VALUES ('s', 'FREQ=WEEKLY;COUNT=3');
         INSERT INTO appointment_overrides (appointment_id, occurrence, status) VALUES ('s', '2027-03-08 09:00', 'cancelled');",
    );
    world.settle();
    let series = world.event("Visit s")["id"].as_str().unwrap().to_owned();
    let single = world.event("Cancelled: Visit a")["id"].as_str().unwrap().to_owned();
    for id in [single, format!("{series}_20270308T080000Z")] {
        world.google("PATCH", &format!("{EVENTS}/{id}?sendUpdates=none"), &json!({"summary": "At ten"}));
    }
    world.sync().ends_with(0);
    let wanted = [
        "03-01 opaque Visit s",
        "03-01 transparent Cancelled: At ten",
        "03-08 transparent Cancelled: At ten",
        "03-15 opaque Visit s",
    ];
    let mut shown = phone(&world);
    shown.sort();
    assert_eq!(shown, wanted);
    assert_eq!(status(&world, "a"), "cancelled busy At ten");
    let own = world.rows("'t', title, 's', status", "appointment_overrides");
    assert_eq!(own, [json!({"t": "At ten", "s": "cancelled"})]);
    assert_eq!(world.sync().ends_with(0).writes(), 0);
    assert_eq!(world.mails(), 0);
}

#[test]
fn what_is_called_off_does_not_ring_and_no_reminder_is_lost() {
    let world = World::new();
    row(&world, "a", "INSERT INTO appointment_alerts (appointment_id, minutes_before) VALUES ('a', 10);");
    world.settle();
    let id = world.events()[0]["id"].as_str().unwrap().to_owned();
    let path = format!("{EVENTS}/{id}?sendUpdates=none");
    let rings = || {
        let found = world.google("GET", &format!("{EVENTS}/{id}"), &Value::Null)["reminders"].clone();
        let own = found["overrides"].as_array().cloned().unwrap_or_default();
        let mut own: Vec<i64> = own.iter().map(|one| one["minutes"].as_i64().unwrap()).collect();
        own.sort_unstable();
        (found["useDefault"].as_bool().unwrap(), own)
    };
    let here =
        |wanted: u64| assert_eq!(world.number("appointment_alerts WHERE appointment_id = 'a'"), wanted);
    assert_eq!(rings(), (false, vec![10]));
    world.sql("UPDATE appointments SET status = 'cancelled' WHERE id = 'a';");
    world.settle();
    assert_eq!(rings(), (false, vec![]));
    here(1);
    // One typed here and one given on the phone wait with the first.
    world.sql("INSERT INTO appointment_alerts (appointment_id, minutes_before) VALUES ('a', 20);");
    let typed = json!({"reminders": {"useDefault": false, "overrides": [{"method": "popup", "minutes": 5}]}});
    world.google("PATCH", &path, &typed);
    world.settle();
    assert_eq!((rings(), status(&world, "a").as_str()), ((false, vec![]), "cancelled busy Visit a"));
    here(3);
    // Whoever says on the phone that it takes place hears all of them again.
    world.google("PATCH", &path, &json!({"summary": "Visit a", "transparency": "opaque"}));
    world.settle();
    assert_eq!((rings(), status(&world, "a").as_str()), ((false, vec![5, 10, 20]), "confirmed busy Visit a"));
    here(3);
    // The calendar's own ones, by a word typed here.
    world.sql("UPDATE appointments SET status = 'cancelled', use_default_alerts = 1 WHERE id = 'a';");
    world.settle();
    assert_eq!(rings(), (false, vec![]));
    world.sql("UPDATE appointments SET status = 'confirmed' WHERE id = 'a';");
    world.settle();
    assert_eq!(rings(), (true, vec![]));
    here(3);
    assert_eq!(world.sync().ends_with(0).writes(), 0);
}

#[test]
fn what_an_older_release_called_off_and_left_ringing_falls_silent() {
    let world = World::new();
    row(&world, "a", "UPDATE appointments SET use_default_alerts = 1, status = 'cancelled';");
    world.settle();
    let id = world.events()[0]["id"].as_str().unwrap().to_owned();
    let older = json!({"reminders": {"useDefault": true}, "extendedProperties": {"private": {"passerelle.alerts": null}}});
    world.google("PATCH", &format!("{EVENTS}/{id}?sendUpdates=none"), &older);
    world.settle();
    assert_eq!(world.events()[0]["reminders"]["useDefault"], json!(false));
    world.sql("UPDATE appointments SET status = 'confirmed';");
    world.settle();
    assert_eq!(world.events()[0]["reminders"]["useDefault"], json!(true));
}
