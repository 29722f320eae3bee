//! Calendars of other people that may only be read: what is typed in them here is told, kept, and never overwritten.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;

use common::{World, ZONE, waiting};
use serde_json::{Value, json};

const BOSS: &str = "boss@example.org";

/// Alice reads the calendar of the boss, who has an event in it; returns a token of the boss's and the event's name.
fn shared() -> (World, String, String) {
    let (world, token, event) = unconnected();
    world.connect_with(&["--calendar", "primary", "--calendar", BOSS, "--no-contacts"]).ends_with(0);
    world.settle();
    (world, token, event)
}

fn unconnected() -> (World, String, String) {
    let world = World::unconnected();
    let (token, _) = world.sim.with(|core| {
        core.add_account(BOSS, passerelle_google_sim::Profile::default());
        core.issue_token(BOSS, "the-phone-of-the-boss", &["https://www.googleapis.com/auth/calendar"])
    });
    let at = |hour: &str| json!({ "dateTime": format!("2026-12-25T{hour}:00"), "timeZone": ZONE });
    let event = json!({ "summary": "Noel", "start": at("09:00"), "end": at("10:00") });
    let event =
        of_the_boss(&world, &token, "POST", common::EVENTS, &event)["id"].as_str().unwrap().to_owned();
    let share = json!({ "account": BOSS, "with": common::ACCOUNT, "role": "reader" });
    world.control("POST", "ui/calendar/share", &share);
    (world, token, event)
}

fn of_the_boss(world: &World, token: &str, verb: &str, path: &str, body: &Value) -> Value {
    let headers = [
        ("authorization".to_owned(), format!("Bearer {token}")),
        ("content-type".to_owned(), "application/json".to_owned()),
    ];
    let verb = http::Method::from_bytes(verb.as_bytes()).unwrap();
    let bytes = serde_json::to_vec(body).unwrap();
    let answer = world.sim.with(|core| core.handle(&verb, path, &headers, &bytes));
    assert!(answer.status < 300, "{}", String::from_utf8_lossy(&answer.body));
    serde_json::from_slice(&answer.body).unwrap_or_default()
}

fn typed(world: &World) {
    world.sql(
        "INSERT INTO appointments (id, owner_id, title, start_local, start_zone, duration_seconds, calendar_id)
         SELECT 'x', 'alice', 'Typed', '2026-12-28 09:00', 'Europe/Paris', 3600, calendar_id
         FROM appointments WHERE title = 'Noel';",
    );
}

fn answer(world: &World, title: &str, answer: &str) {
    let asked = waiting(world);
    let found: Vec<&Value> = asked.iter().filter(|one| one["summary"] == title).collect();
    assert_eq!(found.len(), 1, "{title}: {asked:#?}");
    let offered = found[0]["answers"].as_array().unwrap();
    assert!(offered.contains(&json!(answer)), "{answer}: {offered:?}");
    let number = found[0]["number"].to_string();
    let mut args = vec!["conflicts", "resolve", &number];
    args.extend(answer.split(' '));
    world.run(&args).ends_with(0);
}

fn codes(world: &World) -> Vec<String> {
    let code =
        |one: &Value| one.pointer("/problem/code").or(one.get("code")).unwrap().as_str().unwrap().to_owned();
    waiting(world).iter().map(code).collect()
}

fn title(world: &World, id: &str) -> String {
    world.rows("'t', title", &format!("appointments WHERE id = '{id}'"))[0]["t"].as_str().unwrap().to_owned()
}

#[test]
fn what_is_edited_in_a_calendar_that_may_only_be_read_is_told_and_never_overwritten() {
    let (world, token, event) = shared();
    let row =
        world.rows("'id', id", "appointments WHERE title = 'Noel'")[0]["id"].as_str().unwrap().to_owned();
    let path = format!("{}/{event}", common::EVENTS);
    let owner = |body: Value| drop(of_the_boss(&world, &token, "PATCH", &path, &body));
    world.sql(&format!("UPDATE appointments SET title = 'My Noel' WHERE id = '{row}';"));
    let planned = world.run(&["sync", "--dry-run"]);
    assert_eq!((planned.code, planned.writes()), (Some(3), 0), "{planned:#?}");
    let run = world.sync().ends_with(3);
    assert_eq!(run.writes(), 0);
    let told = run.of("conflict")[0];
    assert_eq!(
        (&told["problem"]["code"], &told["summary"]),
        (&json!("SYNC-122"), &json!("My Noel")),
        "{told}"
    );
    assert_eq!((world.run(&["status"]).code, codes(&world)), (Some(3), vec!["SYNC-122".to_owned()]));
    // Another field of the owner's arrives; what was typed stays.
    owner(json!({ "location": "Lyon" }));
    assert_eq!(world.sync().ends_with(3).writes(), 1);
    assert_eq!(world.number("appointments WHERE title = 'My Noel' AND location = 'Lyon'"), 1);
    // The same field: a question.
    owner(json!({ "summary": "Noel (boss)" }));
    assert_eq!(world.sync().ends_with(3).writes(), 0);
    assert_eq!((codes(&world), title(&world, &row).as_str()), (vec!["SYNC-104".to_owned()], "My Noel"));
    answer(&world, "My Noel", "--keep local");
    world.settle();
    assert_eq!((codes(&world).len(), title(&world, &row).as_str()), (0, "My Noel"));
    // What was kept is asked about again, not lost, when the owner changes it once more.
    owner(json!({ "summary": "Noel (again)" }));
    world.sync().ends_with(3);
    assert_eq!(title(&world, &row), "My Noel");
    answer(&world, "My Noel", "--keep remote");
    world.settle();
    assert_eq!((codes(&world).len(), title(&world, &row).as_str()), (0, "Noel (again)"));
    // The three answers to what was only typed here.
    for (said, here, there) in [
        ("--keep local", "Mine", 1),
        ("--keep remote", "Noel (again)", 1),
        ("--keep both", "Noel (again)", 2),
    ] {
        world.sql(&format!("UPDATE appointments SET title = 'Mine' WHERE id = '{row}';"));
        world.sync();
        if title(&world, &row) == "Mine" && !waiting(&world).is_empty() {
            answer(&world, "Mine", said);
        }
        world.settle();
        assert_eq!((title(&world, &row).as_str(), codes(&world).len()), (here, 0), "{said}");
        assert_eq!(world.number("appointments"), there, "{said}");
        world.sql(&format!("UPDATE appointments SET title = 'Noel (again)' WHERE id = '{row}';"));
        world.settle();
    }
    assert_eq!((world.titles_in("primary"), world.titles_in(BOSS).len()), (vec!["Mine".to_owned()], 1));
}

#[test]
fn what_is_typed_anew_in_a_calendar_that_may_only_be_read_is_told_and_travels_from_another() {
    for way in ["moved", "--keep local", "deleted"] {
        let (world, _, _) = shared();
        typed(&world);
        for _ in 0..2 {
            assert_eq!(world.sync().ends_with(3).writes(), 0);
            assert_eq!(codes(&world), ["SYNC-122"]);
        }
        match way {
            "moved" => world.sql("UPDATE appointments SET calendar_id = (SELECT id FROM calendars WHERE is_default = 1) WHERE id = 'x';"),
            "deleted" => world.sql("DELETE FROM appointments WHERE id = 'x';"),
            said => answer(&world, "Typed", said),
        }
        world.settle();
        assert_eq!(codes(&world).len(), 0, "{way}");
        let (here, there) = (world.number("appointments WHERE id = 'x'"), world.titles_in("primary").len());
        assert_eq!(
            (here, there),
            match way {
                "moved" => (1, 1),
                "deleted" => (0, 0),
                _ => (1, 0),
            },
            "{way}"
        );
        assert_eq!(world.titles_in(BOSS), ["Noel"]);
    }
}

#[test]
fn what_the_owner_deletes_after_it_was_changed_here_stays_here() {
    let (world, token, event) = shared();
    world.sql("UPDATE appointments SET title = 'My Noel';");
    world.sync().ends_with(3);
    of_the_boss(&world, &token, "DELETE", &format!("{}/{event}", common::EVENTS), &Value::Null);
    assert_eq!(world.sync().ends_with(3).deletes(), 0);
    assert_eq!((world.number("appointments"), codes(&world)), (1, vec!["SYNC-122".to_owned()]));
    answer(&world, "My Noel", "--keep local");
    world.settle();
    assert_eq!((world.number("appointments"), codes(&world).len()), (1, 0));
}

#[test]
fn a_calendar_that_may_only_be_read_gets_one_of_its_own() {
    for by_command in [false, true] {
        let (world, ..) = unconnected();
        // A calendar of the same name, in which Alice keeps what she plans with the boss.
        world.sql(&format!(
            "INSERT INTO calendars (id, owner_id, name) VALUES ('own', 'alice', '{}');
             INSERT INTO appointments (id, owner_id, title, start_local, start_zone, duration_seconds, calendar_id)
                 VALUES ('x', 'alice', 'Typed', '2026-12-28 09:00', 'Europe/Paris', 3600, 'own');",
            BOSS.to_uppercase()
        ));
        if by_command {
            world.connect_with(&["--calendar", "primary", "--no-contacts"]).ends_with(0);
            let added = world.run(&["calendar", "add", BOSS, "--user", "alice"]).ends_with(0);
            assert_eq!(added.of("calendar_added")[0]["made"], json!(true));
        } else {
            world.connect_with(&["--calendar", "primary", "--calendar", BOSS, "--no-contacts"]).ends_with(0);
        }
        world.settle();
        assert_eq!((world.number("calendars"), codes(&world).len()), (3, 0), "{by_command}");
        assert_eq!(world.number("appointments WHERE title = 'Noel' AND calendar_id <> 'own'"), 1);
        assert_eq!(world.number("appointments WHERE id = 'x' AND calendar_id = 'own'"), 1);
        // Parted and added again, it goes on with the one that was made for it.
        world.run(&["calendar", "remove", BOSS, "--user", "alice", "--yes"]).ends_with(0);
        world.run(&["calendar", "add", BOSS, "--user", "alice"]).ends_with(0);
        assert_eq!(world.settle().writes(), 0, "{by_command}");
        assert_eq!((world.number("calendars"), world.number("appointments"), codes(&world).len()), (3, 2, 0));
    }
}
