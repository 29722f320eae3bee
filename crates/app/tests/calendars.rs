//! Several calendars of one person: each appointment has one home, here and at Google.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;

use common::{ACCOUNT, EVENTS, World, ZONE, events_of};
use serde_json::{Value, json};

fn event(title: &str, day: &str) -> Value {
    let at = |hour: &str| json!({ "dateTime": format!("{day}T{hour}:00"), "timeZone": ZONE });
    json!({ "summary": title, "start": at("09:00"), "end": at("10:00") })
}

fn appointment(id: &str, title: &str, calendar: &str) -> String {
    format!(
        "INSERT INTO appointments (id, owner_id, title, start_local, start_zone, duration_seconds, calendar_id)
         VALUES ('{id}', 'alice', '{title}', '2026-12-07 09:00', '{ZONE}', 3600,
                 (SELECT id FROM calendars WHERE name = '{calendar}'));"
    )
}

/// The title of every appointment and the calendar in which it stands.
fn homes(world: &World) -> Vec<String> {
    let rows = world.rows(
        "'a', a.title || ' in ' || c.name",
        "appointments a JOIN calendars c ON c.id = a.calendar_id ORDER BY a.title",
    );
    rows.iter().map(|row| row["a"].as_str().unwrap().to_owned()).collect()
}

fn chosen(connected: &common::Ran) -> Vec<String> {
    connected.of("pair").iter().map(|pair| pair["name"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn two_calendars_of_one_person_stay_two_calendars() {
    let world = World::unconnected();
    let team = world.add_calendar("Team");
    world.connect_with(&["--calendar", "primary", "--calendar", "Team"]).ends_with(0);
    let mut private = event("Doctor", "2026-12-03");
    private["visibility"] = json!("private");
    world.google("POST", EVENTS, &private);
    let mut meeting = event("Client", "2026-12-03");
    meeting["attendees"] = json!([{ "email": "x@client.example" }]);
    world.google("POST", &format!("{EVENTS}?sendUpdates=none"), &meeting);
    world.google("POST", &events_of(&team), &event("Lunch", "2026-12-04"));
    world.sql(&(appointment("a-1", "Typed here", "alice") + &appointment("a-2", "For the team", "Team")));
    world.sql("INSERT INTO appointments (id, owner_id, title, start_local, start_zone) VALUES ('a-3', 'alice', 'Nowhere said', '2026-12-08 09:00', 'Europe/Paris');");
    let run = world.settle();
    assert_eq!(run.deletes(), 0);
    assert_eq!(world.titles_in("primary"), ["Client", "Doctor", "Nowhere said", "Typed here"]);
    assert_eq!(world.titles_in(&team), ["For the team", "Lunch"]);
    let everything = ["Client in alice", "Doctor in alice", "For the team in Team", "Lunch in Team"];
    assert_eq!(homes(&world), [&everything[..], &["Nowhere said in alice", "Typed here in alice"]].concat());
    assert_eq!(world.mails(), 0);
    // What is deleted in one calendar leaves the other alone.
    world.sql("DELETE FROM appointments WHERE title = 'Lunch';");
    world.settle();
    assert_eq!(world.titles_in(&team), ["For the team"]);
    assert_eq!(world.titles_in("primary").len(), 4);
}

#[test]
fn a_renewed_consent_keeps_the_calendars_that_were_chosen() {
    let world = World::unconnected();
    let team = world.add_calendar("Team");
    world.add_calendar("Private");
    let first = world.connect_with(&["--calendar", "team", "--no-contacts"]).ends_with(0);
    assert_eq!(chosen(&first), ["Team"]);
    let listed: Vec<(&Value, &Value)> =
        first.of("calendar").iter().map(|one| (&one["name"], &one["chosen"])).collect();
    assert_eq!(listed.len(), 3, "{listed:?}");
    assert!(
        listed.contains(&(&json!("Team"), &json!(true)))
            && listed.contains(&(&json!("Private"), &json!(false)))
    );
    // The cure that is printed for an ended consent names no calendar.
    assert_eq!(chosen(&world.connect().ends_with(0)), ["Team"]);
    assert_eq!(
        chosen(&world.connect_with(&["--calendar", ACCOUNT]).ends_with(0)).len(),
        2,
        "contacts and one more"
    );
    world.sql(&appointment("a-1", "Ours", "alice"));
    world.settle();
    assert_eq!(
        (world.titles_in(&team).len(), world.titles_in("primary").len()),
        (1, 0),
        "the only calendar was the first"
    );
}

#[test]
fn a_name_that_two_calendars_have_names_neither() {
    let world = World::unconnected();
    let ids = [world.add_calendar("Team"), world.add_calendar("Team")];
    let refused = world.connect_with(&["--calendar", "Team"]).ends_with(3);
    let error = refused.of("error")[0].clone();
    assert_eq!(error["code"], "USE-119", "{error}");
    assert!(ids.iter().all(|id| error["what"].as_str().unwrap().contains(id)), "{error}");
    let by_id = world.connect_with(&["--calendar", &ids[1]]).ends_with(0);
    assert!(chosen(&by_id).contains(&"Team".to_owned()));
}

fn moved(world: &World, event: &str, from: &str, to: &str) {
    world.google(
        "POST",
        &format!("{}/{event}/move?destination={to}&sendUpdates=none", events_of(from)),
        &Value::Null,
    );
}

#[test]
fn what_is_moved_into_a_calendar_that_is_not_connected_is_out_of_scope_and_never_deleted() {
    let world = World::unconnected();
    let (team, own) = (world.add_calendar("Team"), world.add_calendar("Own"));
    world.connect_with(&["--calendar", "primary", "--calendar", "Team"]).ends_with(0);
    let many: String =
        (0..12).map(|n| appointment(&format!("a-{n}"), &format!("Visit {n}"), "alice")).collect();
    world.sql(&many);
    world.settle();
    // At Google, and back again: the same row.
    let event = world.event("Visit 3")["id"].as_str().unwrap().to_owned();
    moved(&world, &event, "primary", &own);
    assert_eq!(world.sync().ends_with(0).writes(), 0);
    world.sql("UPDATE appointments SET location = 'Lyon' WHERE id = 'a-3';");
    world.settle();
    assert_eq!(world.number("appointments"), 12);
    moved(&world, &event, &own, "primary");
    world.settle();
    assert_eq!(world.rows("'id', id", "appointments WHERE title = 'Visit 3'"), [json!({ "id": "a-3" })]);
    assert_eq!(world.event("Visit 3")["location"], "Lyon", "it is linked again");
    // Here: what goes into a calendar of the company's own stays at Google as it is.
    world.sql(
        "INSERT INTO calendars (id, owner_id, name) VALUES ('mine', 'alice', 'Mine');
               UPDATE appointments SET calendar_id = 'mine' WHERE id = 'a-4';",
    );
    assert_eq!(world.settle().writes(), 0);
    assert!(world.titles_in("primary").contains(&"Visit 4".to_owned()));
    // Between two that are connected nothing is there twice.
    assert_eq!((world.number("appointments"), world.mails()), (12, 0));
    let event = world.event("Visit 6")["id"].as_str().unwrap().to_owned();
    moved(&world, &event, "primary", &team);
    world.settle();
    assert_eq!(world.titles_in(&team), ["Visit 6"]);
    assert_eq!(world.number("appointments"), 12);
}
