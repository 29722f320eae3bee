//! Appointments that go from one connected calendar into another: one move, on whichever side it was made.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;

use common::{USER, World, ZONE, events_of, waiting};
use serde_json::{Value, json};

const GUEST: &str =
    "INSERT INTO appointment_participants (appointment_id, email) VALUES ('a-1', 'x@client.example');";

/// Alice's main calendar and another one, both connected; returns the other's id at Google.
fn two() -> (World, String) {
    let world = World::unconnected();
    let team = world.add_calendar("Team");
    world.connect_with(&["--calendar", "primary", "--calendar", "Team", "--no-contacts"]).ends_with(0);
    (world, team)
}

fn appointment(id: &str, title: &str, calendar: &str) -> String {
    format!(
        "INSERT INTO appointments (id, owner_id, title, start_local, start_zone, duration_seconds, calendar_id)
         VALUES ('{id}', '{USER}', '{title}', '2026-12-07 09:00', '{ZONE}', 3600, {});",
        named(calendar)
    )
}

fn named(calendar: &str) -> String {
    format!("(SELECT id FROM calendars WHERE name = '{calendar}')")
}

fn sent(id: &str, calendar: &str) -> String {
    format!("UPDATE appointments SET calendar_id = {} WHERE id = '{id}';", named(calendar))
}

fn event(title: &str) -> Value {
    let at = |hour: &str| json!({ "dateTime": format!("2026-12-03T{hour}:00"), "timeZone": ZONE });
    json!({ "summary": title, "start": at("09:00"), "end": at("10:00") })
}

/// Drags an event at Google from one calendar into another.
fn drag(world: &World, event: &str, from: &str, to: &str) {
    let path = format!("{}/{event}/move?destination={to}&sendUpdates=none", events_of(from));
    world.google("POST", &path, &Value::Null);
}

fn id_in(world: &World, calendar: &str, title: &str) -> String {
    let listed = world.google("GET", &format!("{}?maxResults=2500", events_of(calendar)), &Value::Null);
    let items = listed["items"].as_array().unwrap().iter();
    let found: Vec<&Value> = items.filter(|event| event["summary"] == title).collect();
    assert_eq!(found.len(), 1, "{title} in {calendar}: {found:#?}");
    found[0]["id"].as_str().unwrap().to_owned()
}

/// Where a row stands: the names of the calendars of all rows with a title.
fn homes(world: &World, title: &str) -> Vec<String> {
    let rows = world.rows(
        "'id', a.id || ' in ' || c.name",
        &format!("appointments a JOIN calendars c ON c.id = a.calendar_id WHERE a.title = '{title}'"),
    );
    rows.iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect()
}

/// How often Google was asked to do something, since the counting began.
fn asked(world: &World, names: &[&str]) -> Vec<u64> {
    names.iter().map(|name| world.requests(name)).collect()
}

const WRITES: [&str; 3] = ["calendar.events.move", "calendar.events.insert", "calendar.events.delete"];

#[test]
fn a_row_that_changes_its_calendar_takes_its_event_along() {
    let (world, team) = two();
    world.sql(&(appointment("a-1", "Visit", USER) + &appointment("a-2", "Lunch", "Team")));
    world.settle();
    let (visit, lunch) = (id_in(&world, "primary", "Visit"), id_in(&world, &team, "Lunch"));
    let links = world.rows("'id', id", "passerelle_links ORDER BY id");
    world.forget_requests();
    // In the order of the pairs and against it; the title changes in the same breath.
    world.sql(&(sent("a-1", "Team") + &sent("a-2", USER)));
    world.sql("UPDATE appointments SET title = 'Lunch at noon' WHERE id = 'a-2';");
    let planned = world.run(&["sync", "--dry-run"]).ends_with(0);
    let run = world.settle();
    assert_eq!((planned.writes(), run.writes(), run.deletes()), (3, 3, 0), "{planned:#?}");
    assert_eq!(id_in(&world, &team, "Visit"), visit);
    assert_eq!(id_in(&world, "primary", "Lunch at noon"), lunch);
    assert_eq!((world.titles_in("primary").len(), world.titles_in(&team).len()), (1, 1));
    assert_eq!(asked(&world, &WRITES), [2, 0, 0]);
    assert_eq!(world.rows("'id', id", "passerelle_links ORDER BY id"), links, "the same history");
    // It is kept in step where it is now, both ways.
    world.sql("UPDATE appointments SET location = 'Lyon' WHERE id = 'a-1';");
    world.google("PATCH", &format!("{}/{lunch}", events_of("primary")), &json!({ "location": "Brest" }));
    assert_eq!(world.settle().writes(), 2);
    let there = world.google("GET", &format!("{}/{visit}", events_of(&team)), &Value::Null);
    assert_eq!(there["location"], "Lyon");
    assert_eq!(world.number("appointments WHERE id = 'a-2' AND location = 'Brest'"), 1);
    // And back again.
    world.sql(&sent("a-1", USER));
    world.settle();
    assert_eq!(id_in(&world, "primary", "Visit"), visit);
    assert_eq!((world.number("appointments"), world.mails()), (2, 0));
}

#[test]
fn the_plan_counts_the_mails_that_a_move_may_send() {
    for (settings, mails) in [("", 0), ("[events]\nguest_mails = \"when-deleted\"\n", 1)] {
        let (world, _) = two();
        let config = std::fs::read_to_string(world.path("config.toml")).unwrap();
        std::fs::write(world.path("config.toml"), format!("{config}{settings}")).unwrap();
        world.sql(&appointment("a-1", "Visit", USER));
        world.sql("INSERT INTO appointment_participants (appointment_id, email) VALUES ('a-1', 'x@client.example');");
        world.settle();
        world.sql(&sent("a-1", "Team"));
        for args in [&["sync", "--dry-run"][..], &["sync"]] {
            let run = world.run(args).ends_with(0);
            assert_eq!((run.writes(), run.summary()["guest_mails"].as_u64()), (1, Some(mails)), "{run:#?}");
            let pairs = run.summary()["pairs"].as_array().unwrap().iter();
            assert!(pairs.map(|pair| &pair["guests_kept"]).all(|kept| *kept == 0), "nobody loses it");
        }
    }
}

#[test]
fn an_event_that_is_dragged_at_google_takes_its_row_along() {
    let (world, team) = two();
    world.sql(&(appointment("a-1", "Visit", USER) + &appointment("a-2", "Lunch", "Team")));
    world.sql("UPDATE appointments SET leftovers = '{\"x\":1}' WHERE id = 'a-1';");
    world.settle();
    let (visit, lunch) = (id_in(&world, "primary", "Visit"), id_in(&world, &team, "Lunch"));
    drag(&world, &visit, "primary", &team);
    drag(&world, &lunch, &team, "primary");
    world.forget_requests();
    let planned = world.run(&["sync", "--dry-run"]).ends_with(0);
    let run = world.settle();
    assert_eq!((planned.writes(), run.writes(), run.deletes()), (2, 2, 0), "{planned:#?}");
    assert_eq!(homes(&world, "Visit"), ["a-1 in Team"]);
    assert_eq!(homes(&world, "Lunch"), ["a-2 in alice"]);
    assert_eq!(world.number("appointments WHERE leftovers = '{\"x\":1}'"), 1);
    assert_eq!(asked(&world, &WRITES), [0, 0, 0]);
    // A deletion is one again.
    world.google("DELETE", &format!("{}/{visit}", events_of(&team)), &Value::Null);
    world.settle();
    assert_eq!(world.number("appointments"), 1);
    assert_eq!((world.titles_in("primary").len(), world.titles_in(&team).len()), (1, 0));
}

#[test]
fn a_series_moves_with_its_changed_occurrences() {
    for here in [true, false] {
        let (world, team) = two();
        world.sql(
            &(appointment("a-1", "Weekly", USER)
                + "INSERT INTO appointment_rules (appointment_id, rule) VALUES ('a-1', 'FREQ=WEEKLY;COUNT=6');
                INSERT INTO appointment_overrides (appointment_id, occurrence, title)
                    VALUES ('a-1', '2026-12-14 09:00', 'Weekly, in the garden');
                INSERT INTO appointment_overrides (appointment_id, occurrence, cancelled)
                    VALUES ('a-1', '2026-12-21 09:00', 1);"),
        );
        world.settle();
        let series = id_in(&world, "primary", "Weekly");
        if here {
            world.sql(&sent("a-1", "Team"));
        } else {
            drag(&world, &series, "primary", &team);
        }
        world.settle();
        assert_eq!(homes(&world, "Weekly"), ["a-1 in Team"], "here: {here}");
        assert_eq!(world.number("appointment_overrides"), 2);
        assert_eq!(world.number("appointment_overrides WHERE title = 'Weekly, in the garden'"), 1);
        assert!(world.titles_in("primary").is_empty());
        assert_eq!(id_in(&world, &team, "Weekly"), series);
        let shown = world.google(
            "GET",
            &format!("{}?singleEvents=true&timeMin=2026-12-01T00:00:00Z", events_of(&team)),
            &Value::Null,
        );
        let titles: Vec<&str> =
            shown["items"].as_array().unwrap().iter().map(|it| it["summary"].as_str().unwrap()).collect();
        assert_eq!(titles.iter().filter(|title| **title == "Weekly, in the garden").count(), 1);
        assert_eq!(titles.len(), 5, "the cancelled one stays cancelled: {titles:?}");
    }
}

#[test]
fn an_exception_that_lost_its_place_is_no_cancellation_in_another_calendar() {
    for here in [true, false] {
        let (world, team) = two();
        world.sql(
            &(appointment("a-1", "Weekly", USER)
                + "INSERT INTO appointment_rules (appointment_id, rule) VALUES ('a-1', 'FREQ=WEEKLY;COUNT=6');
                INSERT INTO appointment_overrides (appointment_id, occurrence, title, description)
                    VALUES ('a-1', '2026-12-14 09:00', 'Weekly, in the garden', 'Bring it');
                INSERT INTO appointment_overrides (appointment_id, occurrence, cancelled)
                    VALUES ('a-1', '2026-12-21 09:00', 1);"),
        );
        world.settle();
        let series = id_in(&world, "primary", "Weekly");
        let overrides = || {
            let rows = world.rows(
                "'at', occurrence || ' ' || coalesce(title, '') || ' ' || cancelled",
                "appointment_overrides ORDER BY occurrence",
            );
            rows.iter().map(|row| row["at"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        world.sql("UPDATE appointments SET start_local = '2026-12-08 09:00' WHERE id = 'a-1';");
        world.settle();
        let moved = overrides();
        assert_eq!(moved.len(), 2, "{moved:?}");
        if here {
            world.sql(&sent("a-1", "Team"));
        } else {
            drag(&world, &series, "primary", &team);
        }
        world.settle();
        assert_eq!(homes(&world, "Weekly"), ["a-1 in Team"], "here: {here}");
        assert_eq!(overrides(), moved, "here: {here}");
        // Back on its day, it still has what was typed.
        world.sql("UPDATE appointments SET start_local = '2026-12-07 09:00' WHERE id = 'a-1';");
        world.settle();
        let back = overrides();
        assert!(
            back[0].starts_with("2026-12-14 09:00") && back[0].ends_with("Weekly, in the garden 0"),
            "{back:?}"
        );
        assert!(back.len() == 2 && back[1].ends_with(" 1"), "{back:?}");
        let shown = world.google(
            "GET",
            &format!("{}?singleEvents=true&timeMin=2026-12-01T00:00:00Z", events_of(&team)),
            &Value::Null,
        );
        let items = shown["items"].as_array().unwrap();
        let garden: Vec<&Value> =
            items.iter().filter(|it| it["summary"] == "Weekly, in the garden").collect();
        assert_eq!((items.len(), garden.len(), &garden[0]["description"]), (5, 1, &json!("Bring it")));
    }
}

#[test]
fn what_is_edited_while_it_moves_is_kept_on_both_sides() {
    let (world, team) = two();
    world.sql(&(appointment("a-1", "Visit", USER) + &appointment("a-2", "Lunch", USER)));
    world.settle();
    let (visit, lunch) = (id_in(&world, "primary", "Visit"), id_in(&world, "primary", "Lunch"));
    // Moved here, edited at Google and here.
    world.sql(&sent("a-1", "Team"));
    world.sql("UPDATE appointments SET location = 'Lyon' WHERE id = 'a-1';");
    world.google(
        "PATCH",
        &format!("{}/{visit}", events_of("primary")),
        &json!({ "description": "Bring it" }),
    );
    // Moved at Google and edited there, edited here.
    drag(&world, &lunch, "primary", &team);
    world.google("PATCH", &format!("{}/{lunch}", events_of(&team)), &json!({ "description": "With wine" }));
    world.sql("UPDATE appointments SET location = 'Brest' WHERE id = 'a-2';");
    world.settle();
    for (title, event, place, words) in
        [("Visit", &visit, "Lyon", "Bring it"), ("Lunch", &lunch, "Brest", "With wine")]
    {
        assert_eq!(&id_in(&world, &team, title), event);
        let there = world.google("GET", &format!("{}/{event}", events_of(&team)), &Value::Null);
        assert_eq!((&there["location"], &there["description"]), (&json!(place), &json!(words)));
        let row = format!(
            "appointments WHERE title = '{title}' AND location = '{place}' AND description = '{words}'"
        );
        assert_eq!(world.number(&row), 1, "{title}");
    }
    assert_eq!((world.number("appointments"), world.titles_in("primary").len()), (2, 0));
}

#[test]
fn a_move_and_an_edit_that_wait_together_are_one_run() {
    let (world, team) = two();
    world.sql(
        &(appointment("a-1", "Out", USER)
            + &appointment("a-2", "Home", "Team")
            + &appointment("a-3", "Away", USER)
            + &appointment("a-4", "Back", "Team")),
    );
    world.settle();
    let (away, back) = (id_in(&world, "primary", "Away"), id_in(&world, &team, "Back"));
    // Either pair is the one that got it after it had run.
    world.sql(&(sent("a-1", "Team") + &sent("a-2", USER)));
    world.sql("UPDATE appointments SET location = 'Lyon' WHERE id IN ('a-1', 'a-2');");
    drag(&world, &away, "primary", &team);
    drag(&world, &back, &team, "primary");
    let words = json!({ "description": "With wine" });
    world.google("PATCH", &format!("{}/{away}", events_of(&team)), &words);
    world.google("PATCH", &format!("{}/{back}", events_of("primary")), &words);
    let planned = world.run(&["sync", "--dry-run"]).ends_with(0);
    let run = world.sync();
    assert_eq!((planned.writes(), run.writes(), run.deletes()), (8, 8, 0), "{run:#?}");
    assert_eq!(world.sync().writes(), 0, "one run ends it");
    assert_eq!(world.number("appointments WHERE location = 'Lyon' OR description = 'With wine'"), 4);
}

#[test]
fn the_undo_of_a_run_brings_back_what_it_moved() {
    let (world, team) = two();
    world.sql(&(appointment("a-1", "Visit", USER) + &appointment("a-2", "Lunch", USER)));
    world.settle();
    let (visit, lunch) = (id_in(&world, "primary", "Visit"), id_in(&world, "primary", "Lunch"));
    world.sql(&sent("a-1", "Team"));
    drag(&world, &lunch, "primary", &team);
    let run = world.sync();
    assert_eq!(run.writes(), 2);
    let runs = world.rows(
        "'id', id",
        "passerelle_runs WHERE id = (SELECT run FROM passerelle_entries WHERE body LIKE '%\"move\"%' LIMIT 1)",
    );
    let number = runs[0]["id"].to_string();
    let planned = world.run(&["undo", "run", &number, "--dry-run"]).ends_with(0);
    let undone = world.run(&["undo", "run", &number, "--yes"]).ends_with(0);
    assert_eq!((planned.writes(), undone.writes(), undone.deletes()), (4, 4, 0), "{undone:#?}");
    assert_eq!(homes(&world, "Visit"), ["a-1 in alice"]);
    assert_eq!(homes(&world, "Lunch"), ["a-2 in alice"]);
    assert_eq!((id_in(&world, "primary", "Visit"), id_in(&world, "primary", "Lunch")), (visit, lunch));
    assert!(world.titles_in(&team).is_empty());
    assert_eq!((world.sync().writes(), world.mails()), (0, 0));
}

#[test]
fn the_undo_of_a_record_and_a_restore_bring_it_back_from_another_calendar() {
    for by in ["run", "record", "restored", "user"] {
        let (world, team) = two();
        world.sql(&(appointment("a-1", "Visit", USER) + &appointment("a-2", "Lunch", USER)));
        world.settle();
        let (visit, lunch) = (id_in(&world, "primary", "Visit"), id_in(&world, "primary", "Lunch"));
        let now = world.rows("'now', strftime('%Y-%m-%dT%H:%M:%fZ', 'now')", "app_users");
        let then = now[0]["now"].as_str().unwrap().to_owned();
        // Edited where they were, moved, and edited where they are: each in a run of its own.
        world.sql("UPDATE appointments SET location = 'Lyon';");
        world.settle();
        world.sql(&sent("a-1", "Team"));
        drag(&world, &lunch, "primary", &team);
        let moved = world.sync().ends_with(0);
        let run =
            moved.of("change").iter().find(|one| one["action"] == "move").unwrap()["run_id"].to_string();
        world.settle();
        let edited = by == "restored" || by == "user";
        if edited {
            world.sql("UPDATE appointments SET description = 'Bring it';");
            world.settle();
        }
        let history = world.run(&["history", "--record", "a-1"]).ends_with(0);
        let moves = history.of("change").iter().filter(|one| one["action"] == "move").count();
        assert_eq!(moves, 1, "once: {history:#?}");
        let commands: Vec<Vec<&str>> = match by {
            "run" => vec![
                vec!["undo", "record", "a-1", "--run", &run],
                vec!["undo", "record", "a-2", "--run", &run],
            ],
            "record" => vec![vec!["undo", "record", "a-1"], vec!["undo", "record", &lunch]],
            "restored" => {
                vec![vec!["restore", "a-1", "--as-of", &then], vec!["restore", &lunch, "--as-of", &then]]
            }
            _ => vec![vec!["restore", "--user", USER, "--as-of", &then]],
        };
        for command in commands {
            let planned = world.run(&[&command[..], &["--dry-run"]].concat()).ends_with(0);
            let undone = world.run(&[&command[..], &["--yes"]].concat()).ends_with(0);
            assert_eq!((planned.writes(), undone.deletes()), (undone.writes(), 0), "{command:?} {undone:#?}");
        }
        assert_eq!(
            (homes(&world, "Visit"), homes(&world, "Lunch")),
            (vec!["a-1 in alice".to_owned()], vec!["a-2 in alice".to_owned()]),
            "{by}"
        );
        assert_eq!(
            (id_in(&world, "primary", "Visit"), id_in(&world, "primary", "Lunch")),
            (visit, lunch),
            "{by}"
        );
        assert!(world.titles_in(&team).is_empty());
        assert_eq!((world.settle().writes(), world.mails()), (0, 0), "{by}");
        for title in ["Visit", "Lunch"] {
            let event = world.event(title);
            let (place, words) = (event["location"].as_str(), event["description"].as_str());
            let wanted = if edited { (None, None) } else { (Some("Lyon"), None) };
            assert_eq!((place, words), wanted, "{by}: {event:#}");
        }
        assert_eq!(world.number("appointments WHERE description = 'Bring it'"), 0, "{by}");
    }
}

#[test]
fn what_only_google_holds_is_restored_although_it_was_dragged_and_changed_between_two_runs() {
    for (home, from_main) in [(USER, true), ("Team", false)] {
        let (world, team) = two();
        world.sql(&appointment("a-1", "Visit", home));
        world.settle();
        let (from, to) = if from_main { ("primary", team.as_str()) } else { (team.as_str(), "primary") };
        let visit = id_in(&world, from, "Visit");
        let change = |calendar: &str, value: &str| {
            let body = json!({
                "source": { "title": value, "url": "https://s.example/" },
                "extendedProperties": { "private": { "other": value } },
            });
            world.google("PATCH", &format!("{}/{visit}", events_of(calendar)), &body);
        };
        change(from, "old");
        world.settle();
        let now = world.rows("'now', strftime('%Y-%m-%dT%H:%M:%fZ', 'now')", "app_users");
        let then = now[0]["now"].as_str().unwrap().to_owned();
        drag(&world, &visit, from, to);
        change(to, "new");
        world.settle();
        assert_eq!(id_in(&world, to, "Visit"), visit);
        world.run(&["restore", "a-1", "--as-of", &then, "--yes"]).ends_with(0);
        world.settle();
        let back = world.google("GET", &format!("{}/{visit}", events_of(from)), &Value::Null);
        assert_eq!(back["extendedProperties"]["private"]["other"], "old", "{home} {back:#}");
        // Of a calendar that is not the creator's own, Google lets nobody write the words of a link.
        assert_eq!(back["source"]["title"], if from_main { "old" } else { "new" }, "{home} {back:#}");
        assert_eq!(homes(&world, "Visit"), [format!("a-1 in {home}")]);
    }
}

#[test]
fn both_sides_may_move_it_into_the_same_calendar_or_into_different_ones() {
    let world = World::unconnected();
    let (team, club) = (world.add_calendar("Team"), world.add_calendar("Club"));
    let chosen = ["--calendar", "primary", "--calendar", "Team", "--calendar", "Club", "--no-contacts"];
    world.connect_with(&chosen).ends_with(0);
    world.sql(&(appointment("a-1", "Same", USER) + &appointment("a-2", "Different", USER)));
    world.settle();
    let (same, different) = (id_in(&world, "primary", "Same"), id_in(&world, "primary", "Different"));
    world.sql(&(sent("a-1", "Team") + &sent("a-2", "Team")));
    drag(&world, &same, "primary", &team);
    drag(&world, &different, "primary", &club);
    let run = world.settle();
    assert_eq!((run.deletes(), run.writes()), (0, 1));
    // The company's word counts, unless the rules say otherwise.
    assert_eq!(homes(&world, "Same"), ["a-1 in Team"]);
    assert_eq!(homes(&world, "Different"), ["a-2 in Team"]);
    assert_eq!((id_in(&world, &team, "Same"), id_in(&world, &team, "Different")), (same, different));
    assert!(world.titles_in("primary").is_empty() && world.titles_in(&club).is_empty());
}

#[test]
fn somebody_elses_meeting_cannot_be_moved_here_and_nothing_is_lost() {
    let (world, team) = two();
    let mut theirs = event("Their meeting");
    theirs["attendees"] = json!([{ "email": common::ACCOUNT }]);
    let theirs = invited(&world, &theirs);
    world.settle();
    let row = world.rows("'id', id", "appointments WHERE title = 'Their meeting'")[0]["id"].clone();
    world.sql(&sent(row.as_str().unwrap(), "Team"));
    let run = world.sync();
    assert_eq!((run.code, run.deletes(), run.writes()), (Some(3), 0, 0), "{run:#?}");
    assert_eq!(id_in(&world, "primary", "Their meeting"), theirs);
    assert!(world.titles_in(&team).is_empty());
    let waits = waiting(&world);
    assert_eq!((waits.len(), &waits[0]["problem"]["code"]), (1, &json!("GOOG-309")), "{waits:#?}");
    // The answer that ends it: it comes back to where Google has it.
    let number = waits[0]["number"].to_string();
    world.run(&["conflicts", "resolve", &number, "--keep", "remote"]).ends_with(0);
    world.settle();
    assert_eq!(homes(&world, "Their meeting"), [format!("{} in alice", row.as_str().unwrap())]);
    assert_eq!((waiting(&world).len(), world.mails()), (0, 0));
}

/// How often Google has a meeting, in Alice's calendars.
fn meetings(world: &World, team: &str, title: &str) -> usize {
    let all = [world.titles_in("primary"), world.titles_in(team)].concat();
    all.iter().filter(|one| one.starts_with(title)).count()
}

#[test]
fn a_meeting_that_is_cancelled_while_it_goes_into_another_calendar_is_a_question() {
    for (edited, series, keep) in
        [(true, false, "local"), (false, false, "local"), (false, true, "local"), (false, false, "remote")]
    {
        let (world, team) = two();
        world.sql(&(appointment("a-1", "Visit", USER) + &appointment("a-2", "Filler", USER) + GUEST));
        if series {
            world.sql(
                "INSERT INTO appointment_rules (appointment_id, rule) VALUES ('a-1', 'FREQ=DAILY;COUNT=3');",
            );
        }
        world.settle();
        let visit = id_in(&world, "primary", "Visit");
        world.google("DELETE", &format!("{}/{visit}?sendUpdates=none", events_of("primary")), &Value::Null);
        world.sql(&sent("a-1", "Team"));
        if edited {
            world.sql("UPDATE appointments SET location = 'Lyon' WHERE id = 'a-1';");
        }
        let planned = world.run(&["sync", "--dry-run"]);
        assert_eq!(planned.writes(), 0, "{planned:#?}");
        for _ in 0..2 {
            assert_eq!(world.sync().ends_with(3).writes(), 0);
        }
        assert_eq!(meetings(&world, &team, "Visit"), 0, "no new invitation");
        let waits = waiting(&world);
        assert_eq!((waits.len(), &waits[0]["why"]), (1, &json!("clash")), "{waits:#?}");
        let said: Vec<&Value> = waits[0]["fields"].as_array().unwrap().iter().collect();
        assert!(said.iter().any(|one| one["field"] == "calendar" && one["local"] == "Team"), "{said:#?}");
        let number = waits[0]["number"].to_string();
        // The side at Google is not empty: the meeting is gone there.
        assert_eq!(waits[0]["gone"], json!("remote"), "{waits:#?}");
        for (lang, gone) in [("en", "(deleted)"), ("fr", "(supprimé)")] {
            let shown = world.shown(&["conflicts", "show", &number, "--lang", lang]);
            assert!(shown.contains("Team") && shown.contains(gone), "{shown}");
        }
        world.run(&["conflicts", "resolve", &number, "--keep", keep]).ends_with(0);
        world.settle();
        let left = usize::from(keep == "local");
        assert_eq!((meetings(&world, &team, "Visit"), waiting(&world).len()), (left, 0));
        assert_eq!((world.number("appointments WHERE id = 'a-1'"), world.mails()), (left as u64, 0));
        // It is kept in step where it is now.
        world.sql("UPDATE appointments SET description = 'Bring it' WHERE id = 'a-1';");
        world.settle();
        assert_eq!(world.titles_in(&team).len(), left);
    }
}

#[test]
fn somebody_elses_meeting_that_is_cancelled_while_it_goes_into_another_calendar_is_never_made_again() {
    for keep in ["local", "remote"] {
        let (world, team) = two();
        let mut theirs = event("Their meeting");
        theirs["attendees"] = json!([{ "email": common::ACCOUNT }, { "email": "x@client.example" }]);
        let theirs = invited(&world, &theirs);
        world.sql(&appointment("a-2", "Filler", USER));
        world.settle();
        let row = world.rows("'id', id", "appointments WHERE title = 'Their meeting'")[0]["id"].clone();
        world.sql(&sent(row.as_str().unwrap(), "Team"));
        boss(&world, "DELETE", &format!("{}/{theirs}?sendUpdates=all", common::EVENTS), &Value::Null);
        let mails = world.mails();
        world.sync();
        world.sync();
        for answer in [keep, "remote"] {
            for one in waiting(&world) {
                let number = one["number"].to_string();
                world.run(&["conflicts", "resolve", &number, "--keep", answer]).ends_with(0);
                world.sync();
            }
        }
        world.settle();
        assert_eq!((meetings(&world, &team, "Their"), world.mails()), (0, mails), "{keep}");
        assert_eq!(waiting(&world).len(), 0);
        assert_eq!(world.number("appointments WHERE title = 'Their meeting'"), 0, "{keep}");
    }
}

#[test]
fn what_has_no_guests_and_is_deleted_while_it_goes_into_another_calendar_is_made_there() {
    let (world, team) = two();
    world.sql(&(appointment("a-1", "Visit", USER) + &appointment("a-2", "Filler", USER)));
    world.settle();
    let visit = id_in(&world, "primary", "Visit");
    world.google("DELETE", &format!("{}/{visit}", events_of("primary")), &Value::Null);
    world.sql(&sent("a-1", "Team"));
    world.settle();
    assert_eq!((meetings(&world, &team, "Visit"), homes(&world, "Visit").len()), (1, 1));
    world.sql("UPDATE appointments SET location = 'Lyon' WHERE id = 'a-1';");
    assert_eq!(world.settle().writes(), 1);
}

/// Uses Google's API as the boss does.
fn boss(world: &World, verb: &str, path: &str, body: &Value) -> Value {
    let answer = world.sim.with(|core| {
        let (token, _) = core.issue_token(
            "boss@example.org",
            "the-phone-of-the-boss",
            &["https://www.googleapis.com/auth/calendar"],
        );
        let headers = [
            ("authorization".to_owned(), format!("Bearer {token}")),
            ("content-type".to_owned(), "application/json".to_owned()),
        ];
        let bytes = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
        core.handle(&verb.parse().unwrap(), path, &headers, &bytes)
    });
    assert!((200..300).contains(&answer.status), "{}", String::from_utf8_lossy(&answer.body));
    serde_json::from_slice(&answer.body).unwrap_or_default()
}

/// A meeting of somebody else's, to which Alice is invited; returns its name in her calendar.
fn invited(world: &World, event: &Value) -> String {
    let made = boss(world, "POST", &format!("{}?sendUpdates=none", common::EVENTS), event);
    made["id"].as_str().unwrap().to_owned()
}

/// Runs until every write of unknown outcome has settled, and nothing is left to do.
fn settle_late(world: &World) {
    for _ in 0..100 {
        let run = world.sync();
        if run.code == Some(0) && run.writes() == 0 {
            return;
        }
    }
    panic!("it never became quiet");
}

#[test]
fn a_move_whose_answer_is_lost_is_found_out_and_not_done_twice() {
    for when in ["before", "after"] {
        let (world, team) = two();
        world.sql(&(appointment("a-1", "Visit", USER) + &appointment("a-2", "Lunch", "Team")));
        world.settle();
        let (visit, lunch) = (id_in(&world, "primary", "Visit"), id_in(&world, &team, "Lunch"));
        let rule = json!({ "method": "calendar.events.move", "times": 12, "when": when, "drop": true });
        world.faults(&json!([rule]));
        world.sql(&(sent("a-1", "Team") + &sent("a-2", USER)));
        assert_eq!(world.sync().code, Some(8), "{when}");
        world.faults(&json!([]));
        settle_late(&world);
        assert_eq!(
            (id_in(&world, &team, "Visit"), id_in(&world, "primary", "Lunch")),
            (visit, lunch),
            "{when}"
        );
        assert_eq!((world.titles_in("primary").len(), world.titles_in(&team).len()), (1, 1), "{when}");
        assert_eq!(
            (homes(&world, "Visit"), homes(&world, "Lunch")),
            (vec!["a-1 in Team".to_owned()], vec!["a-2 in alice".to_owned()])
        );
        // What the ledger kept is the same pair of copies: an edit travels.
        world.sql("UPDATE appointments SET location = 'Lyon' WHERE id = 'a-1';");
        assert_eq!(world.settle().writes(), 1, "{when}");
    }
}

fn with_rules(world: &World, rules: &str) {
    let config = std::fs::read_to_string(world.path("config.toml")).unwrap();
    std::fs::write(world.path("config.toml"), format!("{config}\n[[rules]]\nkind = \"events\"\n{rules}\n"))
        .unwrap();
}

#[test]
fn what_the_rules_of_a_calendar_leave_out_is_not_brought_there() {
    let (world, team) = two();
    let rules = "private = \"never\"\nnot_categories = [\"perso\"]\nfields = { location = \"never\" }";
    with_rules(&world, &format!("calendar = \"Team\"\n{rules}"));
    for (id, title) in [("a-1", "Doctor"), ("a-2", "Party"), ("a-3", "Visit"), ("a-4", "Lunch")] {
        world.sql(&appointment(id, title, USER));
    }
    world.sql(
        "UPDATE appointments SET privacy = 'private' WHERE id = 'a-1';
        INSERT INTO appointment_categories (appointment_id, category) VALUES ('a-2', 'perso');
        UPDATE appointments SET location = 'Lyon' WHERE id = 'a-3';",
    );
    world.settle();
    for id in ["a-1", "a-2", "a-3", "a-4"] {
        world.sql(&sent(id, "Team"));
    }
    let planned = world.run(&["sync", "--dry-run"]);
    let run = world.sync();
    assert_eq!((planned.writes(), run.writes(), run.deletes()), (1, 1, 0), "{run:#?}");
    assert_eq!((&planned.summary()["held"], &run.summary()["failed"]), (&json!(3), &json!(3)));
    assert_eq!(world.titles_in(&team), ["Lunch"]);
    assert_eq!(world.titles_in("primary").len(), 3);
    let waits = waiting(&world);
    assert_eq!(waits.len(), 3, "{waits:#?}");
    assert!(waits.iter().all(|one| one["problem"]["code"] == "SYNC-119"), "{waits:#?}");
    // What is changed of it meanwhile goes to where the event stands.
    world.sql("UPDATE appointments SET description = 'Bring the file' WHERE id = 'a-3';");
    [(); 3].iter().for_each(|()| drop(world.sync()));
    assert_eq!(world.sync().writes(), 0);
    let visit = id_in(&world, "primary", "Visit");
    let visit = world.google("GET", &format!("{}/{visit}", events_of("primary")), &Value::Null);
    assert_eq!(visit["description"], "Bring the file");
    assert_eq!(waiting(&world).len(), 3);
    // It goes there once it may be seen there; or the move is taken back.
    world.sql(
        "UPDATE appointments SET privacy = 'default' WHERE id = 'a-1'; DELETE FROM appointment_categories;",
    );
    world.sync();
    let mut there = world.titles_in(&team);
    there.sort();
    assert_eq!(there, ["Doctor", "Lunch", "Party"]);
    let number = waiting(&world)[0]["number"].to_string();
    world.run(&["conflicts", "resolve", &number, "--keep", "remote"]).ends_with(0);
    world.settle();
    assert_eq!(homes(&world, "Visit"), ["a-3 in alice"]);
    assert_eq!((world.titles_in("primary"), waiting(&world).len()), (vec!["Visit".to_owned()], 0));
    assert_eq!(world.number("appointments WHERE location = 'Lyon'"), 1);
    assert_eq!(world.number("appointments"), 4);
}

#[test]
fn what_the_rules_of_a_calendar_hide_is_hidden_before_it_is_brought_there() {
    let (world, team) = two();
    with_rules(&world, "calendar = \"Team\"\nprivate = \"busy\"");
    world.sql(&appointment("a-1", "Doctor", USER));
    world.sql("UPDATE appointments SET privacy = 'private', description = 'Secret' WHERE id = 'a-1';");
    world.settle();
    let doctor = id_in(&world, "primary", "Doctor");
    let fails = |method: &str| {
        world.faults(&json!([{ "method": method, "times": 50, "when": "before", "status": 503 }]));
        world.sync().ends_with(8);
        world.faults(&json!([]));
    };
    world.sql(&sent("a-1", "Team"));
    fails("calendar.events.patch");
    assert_eq!((world.titles_in("primary"), world.titles_in(&team).len()), (vec!["Doctor".to_owned()], 0));
    fails("calendar.events.move");
    assert_eq!((world.titles_in("primary"), world.titles_in(&team).len()), (vec!["Busy".to_owned()], 0));
    settle_late(&world);
    let there = world.google("GET", &format!("{}/{doctor}", events_of(&team)), &Value::Null);
    assert_eq!((&there["summary"], &there["description"]), (&json!("Busy"), &Value::Null), "{there:#}");
    assert!(world.titles_in("primary").is_empty());
    assert_eq!(world.number("appointments WHERE title = 'Doctor' AND description = 'Secret'"), 1);
    // Back where all of it may be seen, it is.
    world.sql(&sent("a-1", USER));
    world.settle();
    let back = world.google("GET", &format!("{}/{doctor}", events_of("primary")), &Value::Null);
    assert_eq!((&back["summary"], &back["description"]), (&json!("Doctor"), &json!("Secret")), "{back:#}");
}

#[test]
fn what_is_dragged_where_the_rules_hide_it_is_hidden_in_the_same_run() {
    for first in ["Team", USER] {
        let (world, team) = two();
        let name = if first == "Team" { "Team" } else { common::ACCOUNT };
        with_rules(&world, &format!("calendar = \"{name}\"\nprivate = \"busy\""));
        let (from, to) =
            if first == "Team" { ("primary", team.as_str()) } else { (team.as_str(), "primary") };
        world.sql(&appointment("a-1", "Doctor", if first == "Team" { USER } else { "Team" }));
        world.sql("UPDATE appointments SET privacy = 'private', description = 'Secret' WHERE id = 'a-1';");
        world.settle();
        let doctor = id_in(&world, from, "Doctor");
        drag(&world, &doctor, from, to);
        let run = world.sync().ends_with(0);
        let there = world.google("GET", &format!("{}/{doctor}", events_of(to)), &Value::Null);
        assert_eq!(
            (&there["summary"], &there["description"]),
            (&json!("Busy"), &Value::Null),
            "{first} {run:#?}"
        );
        assert_eq!(world.number("appointments WHERE title = 'Doctor' AND description = 'Secret'"), 1);
        assert_eq!(world.settle().writes(), 0);
    }
}

#[test]
fn what_is_dragged_where_the_rules_leave_it_out_is_asked_about() {
    for keep in ["local", "open"] {
        let (world, team) = two();
        with_rules(&world, "calendar = \"Team\"\nprivate = \"never\"");
        world.sql(&appointment("a-1", "Doctor", USER));
        world.sql("UPDATE appointments SET privacy = 'private' WHERE id = 'a-1';");
        world.settle();
        let doctor = id_in(&world, "primary", "Doctor");
        drag(&world, &doctor, "primary", &team);
        let planned = world.run(&["sync", "--dry-run"]);
        let run = world.sync().ends_with(3);
        assert_eq!(
            (&planned.summary()["held"], &run.summary()["failed"]),
            (&json!(1), &json!(1)),
            "{run:#?}"
        );
        let waits = waiting(&world);
        assert_eq!((waits.len(), &waits[0]["problem"]["code"]), (1, &json!("SYNC-119")), "{waits:#?}");
        match keep {
            // It comes back where it may be seen.
            "local" => {
                let number = waits[0]["number"].to_string();
                world.run(&["conflicts", "resolve", &number, "--keep", "local"]).ends_with(0);
            }
            // Or it may be seen there, and its row follows.
            _ => world.sql("UPDATE appointments SET privacy = 'default' WHERE id = 'a-1';"),
        }
        [(); 2].iter().for_each(|()| drop(world.sync()));
        world.settle();
        let stands = |calendar: &str| world.titles_in(calendar).len();
        let expected = if keep == "local" { (1, 0, "a-1 in alice") } else { (0, 1, "a-1 in Team") };
        assert_eq!((stands("primary"), stands(&team)), (expected.0, expected.1), "{keep}");
        assert_eq!((homes(&world, "Doctor"), waiting(&world).len()), (vec![expected.2.to_owned()], 0));
    }
}

#[test]
fn a_calendar_that_may_only_be_read_takes_and_gives_nothing_and_nothing_is_lost() {
    let world = World::unconnected();
    invited(&world, &event("At the boss's"));
    let share = json!({ "account": "boss@example.org", "with": common::ACCOUNT, "role": "reader" });
    world.control("POST", "ui/calendar/share", &share);
    let chosen = ["--calendar", "primary", "--calendar", "boss@example.org", "--no-contacts"];
    world.connect_with(&chosen).ends_with(0);
    world.sql(&appointment("a-1", "Mine", USER));
    world.settle();
    let boss = world.rows(
        "'name', c.name",
        "appointments a JOIN calendars c ON c.id = a.calendar_id WHERE a.title LIKE 'At the%'",
    );
    let (boss, mine) = (boss[0]["name"].as_str().unwrap().to_owned(), id_in(&world, "primary", "Mine"));
    world.sql(&sent("a-1", &boss));
    world.sql(&format!("UPDATE appointments SET calendar_id = {} WHERE title LIKE 'At the%';", named(USER)));
    for _ in 0..2 {
        let run = world.sync();
        assert_eq!((run.writes(), run.deletes()), (0, 0), "{run:#?}");
    }
    assert_eq!(world.titles_in("primary"), ["Mine"]);
    assert_eq!(world.titles_in("boss@example.org"), ["At the boss's"]);
    assert_eq!(world.number("appointments"), 2);
    let waits = waiting(&world);
    assert_eq!(waits.len(), 2, "{waits:#?}");
    for one in &waits {
        assert_eq!(one["problem"]["code"], "SYNC-119");
        world.run(&["conflicts", "resolve", &one["number"].to_string(), "--keep", "remote"]).ends_with(0);
    }
    world.settle();
    assert_eq!((homes(&world, "Mine"), waiting(&world).len()), (vec!["a-1 in alice".to_owned()], 0));
    assert_eq!(id_in(&world, "primary", "Mine"), mine);
    assert_eq!(world.number(&format!("appointments WHERE calendar_id = {}", named(&boss))), 1);
}

#[test]
fn a_copy_that_is_there_twice_since_before_is_left_alone() {
    let (world, team) = two();
    world.sql(&appointment("a-1", "Visit", USER));
    world.settle();
    let main = |enabled: u8| {
        let calendar = named(USER);
        world
            .sql(&format!("UPDATE passerelle_pairs SET enabled = {enabled} WHERE calendar_id = {calendar};"));
    };
    // Somebody wanted a second event in another calendar while the first one's was parted.
    main(0);
    world.sql(&sent("a-1", "Team"));
    world.sync().ends_with(3);
    let number = waiting(&world)[0]["number"].to_string();
    world.run(&["conflicts", "resolve", &number, "--keep", "local"]).ends_with(0);
    world.settle();
    main(1);
    let there = |world: &World| (world.titles_in("primary").len(), world.titles_in(&team).len());
    for _ in 0..2 {
        assert_eq!(world.settle().writes(), 0);
        assert_eq!((there(&world), world.number("appointments")), ((1, 1), 1));
        world.sql("UPDATE passerelle_copies SET stored = json_remove(stored, '$.home'); UPDATE passerelle_links SET due = 1;");
    }
    // Not even when the row comes back.
    world.sql(&sent("a-1", USER));
    assert_eq!(world.settle().writes(), 0);
    assert_eq!((there(&world), world.number("appointments")), ((1, 1), 1));
    world.sql("UPDATE appointments SET location = 'Lyon' WHERE id = 'a-1';");
    assert_eq!(world.settle().deletes(), 0);
    assert_eq!(there(&world), (1, 1));
}

#[test]
fn what_left_the_connected_calendars_is_moved_once_its_new_calendar_is_connected() {
    let world = World::unconnected();
    let own = world.add_calendar("Own");
    world.connect_with(&["--calendar", "primary", "--no-contacts"]).ends_with(0);
    world.sql(&(appointment("a-1", "Here", USER) + &appointment("a-2", "There", USER)));
    world.settle();
    let (here, there) = (id_in(&world, "primary", "Here"), id_in(&world, "primary", "There"));
    world.sql("INSERT INTO calendars (id, owner_id, name) VALUES ('own', 'alice', 'Own');");
    world.sql(&sent("a-1", "Own"));
    drag(&world, &there, "primary", &own);
    assert_eq!(world.settle().writes(), 0);
    assert_eq!(world.titles_in("primary"), ["Here"]);
    world.connect_with(&["--calendar", "Own"]).ends_with(0);
    let planned = world.run(&["sync", "--dry-run"]).ends_with(0);
    let run = world.settle();
    assert_eq!((planned.writes(), run.writes(), run.deletes()), (2, 2, 0));
    assert_eq!((id_in(&world, &own, "Here"), id_in(&world, &own, "There")), (here, there));
    assert_eq!(
        (homes(&world, "Here"), homes(&world, "There")),
        (vec!["a-1 in Own".to_owned()], vec!["a-2 in Own".to_owned()])
    );
    assert_eq!((world.number("appointments"), world.titles_in("primary").len()), (2, 0));
}

/// Everything of Alice's main calendar, and the names of its events.
fn many(world: &World) -> Vec<String> {
    let rows: String =
        (0..20).map(|n| appointment(&format!("a-{n}"), &format!("Visit {n:02}"), USER)).collect();
    world.sql(&rows);
    world.settle();
    (0..20).map(|n| id_in(world, "primary", &format!("Visit {n:02}"))).collect()
}

fn digest(run: &common::Ran) -> String {
    let error = run.of("error")[0].clone();
    let way = error["do"].as_array().unwrap().iter().filter_map(Value::as_str);
    let way = way.filter_map(|way| way.split_once("--approve ")).next().unwrap();
    way.1.trim_end_matches('`').to_owned()
}

#[test]
fn a_mass_move_is_stopped_on_either_side_and_can_be_taken_back_or_approved() {
    for here in [true, false] {
        let (world, team) = two();
        let events = many(&world);
        let there = |world: &World| (world.titles_in("primary").len(), world.titles_in(&team).len());
        let standing = |world: &World, calendar: &str| {
            world.number(&format!("appointments WHERE calendar_id = {}", named(calendar)))
        };
        let go = |from: &str, to: &str, from_there: &str, to_there: &str| {
            if here {
                assert_eq!(standing(&world, from), 20);
                world.sql(&format!("UPDATE appointments SET calendar_id = {};", named(to)));
            } else {
                events.iter().for_each(|event| drag(&world, event, from_there, to_there));
            }
        };
        go(USER, "Team", "primary", &team);
        let planned = world.run(&["sync", "--dry-run"]).ends_with(5);
        assert_eq!(planned.errors(), ["SYNC-121"], "{planned:#?}");
        for _ in 0..2 {
            let run = world.sync().ends_with(5);
            assert_eq!((run.errors(), run.writes()), (vec!["SYNC-121".to_owned()], 0), "{run:#?}");
        }
        assert_eq!(there(&world), if here { (20, 0) } else { (0, 20) });
        assert_eq!(standing(&world, if here { "Team" } else { USER }), 20);
        // An accident: they go back, and nothing is left to do.
        go("Team", USER, &team, "primary");
        assert_eq!(world.settle().writes(), 0, "here: {here}");
        // Wanted, with a mass change on top, which the same approval names.
        go(USER, "Team", "primary", &team);
        world.sql("UPDATE appointments SET location = 'Lyon';");
        let stopped = world.sync().ends_with(5);
        assert_eq!(stopped.errors(), ["SYNC-103"], "{stopped:#?}");
        let what = stopped.of("error")[0]["what"].as_str().unwrap().to_owned();
        assert!(what.contains("calendar") && what.contains("location"), "{what}");
        // It was one question: the calendar that gets them asks it no second time.
        world.run(&["sync", "--approve", &digest(&stopped)]).ends_with(0);
        assert_eq!(world.sync().ends_with(0).writes(), 0);
        assert_eq!(
            (there(&world), standing(&world, "Team"), world.number("appointments")),
            ((0, 20), 20, 20)
        );
        assert_eq!((id_in(&world, &team, "Visit 07"), world.mails()), (events[7].clone(), 0));
    }
}

#[test]
fn what_is_put_elsewhere_after_its_calendar_was_deleted_travels_anew() {
    let (world, team) = two();
    world.sql(&(appointment("a-1", "Saved", "Team") + &appointment("a-2", "Left", "Team")));
    world.settle();
    world.google("DELETE", &format!("/calendar/v3/calendars/{team}"), &Value::Null);
    let run = world.sync();
    assert_eq!((run.code, run.errors(), run.deletes()), (Some(3), vec!["GOOG-307".to_owned()], 0));
    let what = run.of("error")[0]["what"].as_str().unwrap().to_owned();
    assert!(what.starts_with("Team "), "it is named: {what}");
    world.sql(&sent("a-1", USER));
    world.sql("UPDATE appointments SET title = 'Saved at last' WHERE id = 'a-1';");
    for _ in 0..2 {
        assert_eq!(world.sync().errors(), ["GOOG-307"]);
    }
    assert_eq!(world.titles_in("primary"), ["Saved at last"]);
    assert_eq!(
        (homes(&world, "Saved at last"), world.number("appointments")),
        (vec!["a-1 in alice".to_owned()], 2)
    );
    // It is kept in step where it is now, the other calendars go on, and the cure ends the error.
    world.sql("UPDATE appointments SET location = 'Lyon' WHERE id = 'a-1';");
    world.sync();
    assert_eq!(world.event("Saved at last")["location"], "Lyon");
    world.run(&["calendar", "remove", "Team", "--user", USER, "--yes"]).ends_with(0);
    assert_eq!(world.settle().writes(), 0);
    assert_eq!((world.number("appointments"), world.events().len()), (2, 1));
}

/// What waits is one meeting with guests that is not made again unasked; the answer makes it in the main calendar.
#[track_caller]
fn asked_before_it_is_made(world: &World, title: &str) {
    assert!(!world.titles_in("primary").contains(&title.to_owned()), "nobody is invited unasked");
    let waits = waiting(world);
    assert_eq!((waits.len(), &waits[0]["problem"]["code"]), (1, &json!("SYNC-131")), "{waits:#?}");
    let number = waits[0]["number"].to_string();
    world.run(&["conflicts", "resolve", &number, "--keep", "local"]).ends_with(0);
    for _ in 0..3 {
        world.sync();
    }
    assert!(world.titles_in("primary").contains(&title.to_owned()), "an answer makes it");
    assert_eq!(waiting(world).len(), 0);
}

#[test]
fn what_stood_in_a_calendar_that_was_parted_invites_nobody_again_unasked() {
    let (world, team) = two();
    world.sql(&(appointment("a-1", "Visit", "Team") + GUEST));
    world.settle();
    world.run(&["calendar", "remove", "Team", "--user", USER, "--yes"]).ends_with(0);
    world.sql(&sent("a-1", USER));
    for _ in 0..2 {
        world.sync().ends_with(3);
    }
    asked_before_it_is_made(&world, "Visit");
    assert_eq!(world.settle().writes(), 0);
    assert_eq!((world.titles_in(&team).len(), world.number("appointments"), world.mails()), (1, 1, 0));
}

#[test]
fn what_a_calendar_that_was_parted_still_has_is_not_made_twice() {
    let (world, team) = two();
    let rows = ["Fitting", "Course", "Left here", "Cancelled"];
    for (row, title) in rows.iter().enumerate() {
        world.sql(&appointment(&format!("a-{row}"), title, "Team"));
    }
    world.sql("INSERT INTO appointment_rules (appointment_id, rule) VALUES ('a-1', 'FREQ=WEEKLY;COUNT=4');");
    world.settle();
    let ids = rows.map(|title| id_in(&world, &team, title));
    world.run(&["calendar", "remove", "Team", "--user", USER, "--yes"]).ends_with(0);
    world.google("DELETE", &format!("{}/{}", events_of(&team), ids[3]), &Value::Null);
    world.sql(&format!("UPDATE appointments SET calendar_id = {};", named(USER)));
    let planned = world.run(&["sync", "--dry-run"]);
    assert_eq!(planned.writes(), 1, "{planned:#?}");
    for _ in 0..2 {
        world.sync().ends_with(3);
    }
    assert_eq!(world.titles_in("primary"), ["Cancelled"], "only what is gone there is made");
    let waits = waiting(&world);
    assert!(waits.len() == 3 && waits.iter().all(|one| one["problem"]["code"] == "SYNC-131"), "{waits:#?}");
    let left = waits.iter().find(|one| one["summary"] == "Left here").unwrap();
    let number = left["number"].to_string();
    world.run(&["conflicts", "resolve", &number, "--keep", "remote"]).ends_with(0);
    assert_eq!((waiting(&world).len(), world.titles_in("primary").len()), (2, 1));
    // Connected again, each is one move, and nothing is asked any more.
    world.run(&["calendar", "add", "Team", "--user", USER]).ends_with(0);
    for _ in 0..3 {
        world.sync();
    }
    assert_eq!(world.settle().writes(), 0);
    assert_eq!((waiting(&world).len(), world.titles_in(&team).len()), (0, 0));
    assert_eq!(rows[..3].iter().map(|title| id_in(&world, "primary", title)).collect::<Vec<_>>(), ids[..3]);
    assert_eq!((world.titles_in("primary").len(), world.number("appointments"), world.mails()), (4, 4, 0));
    world.sql("UPDATE appointments SET location = 'Lyon' WHERE id = 'a-1';");
    world.settle();
    assert_eq!(world.event("Course")["location"], "Lyon");
}

#[test]
fn a_refusal_of_one_event_is_not_taken_for_the_end_of_its_calendar() {
    for (status, reason) in [(403, "forbidden"), (403, "quotaExceeded"), (404, "notFound")] {
        let (world, team) = two();
        world.sql(&(appointment("a-1", "Fitting", "Team") + &appointment("a-2", "Course", "Team")));
        world.settle();
        let there = id_in(&world, &team, "Fitting");
        world.run(&["calendar", "remove", "Team", "--user", USER, "--yes"]).ends_with(0);
        world.sql(&format!("UPDATE appointments SET calendar_id = {};", named(USER)));
        world.faults(&json!([
            { "method": "calendar.events.get", "about": there, "status": status, "reason": reason }
        ]));
        world.sync();
        // Only what is said not to be there is made.
        let made = if status == 404 { vec!["Fitting".to_owned()] } else { Vec::new() };
        assert_eq!(world.titles_in("primary"), made, "{reason}");
        assert_eq!(waiting(&world).len(), 2 - made.len(), "{reason}");
    }
}

#[test]
fn what_a_parted_calendar_still_has_is_read_once_and_not_in_every_run() {
    let (world, team) = two();
    for row in 0..30 {
        world.sql(&appointment(&format!("a-{row}"), &format!("Visit {row}"), "Team"));
    }
    world.settle();
    world.run(&["calendar", "remove", "Team", "--user", USER, "--yes"]).ends_with(0);
    world.sql(&format!("UPDATE appointments SET calendar_id = {};", named(USER)));
    world.forget_requests();
    world.sync().ends_with(3);
    assert_eq!((waiting(&world).len(), world.requests("calendar.events.get")), (30, 30));
    world.forget_requests();
    world.sync().ends_with(3);
    assert_eq!((waiting(&world).len(), world.requests("calendar.events.get")), (30, 0));
    // Whoever asks for it is answered anew.
    let gone = id_in(&world, &team, "Visit 7");
    world.google("DELETE", &format!("{}/{gone}", events_of(&team)), &Value::Null);
    let waits = waiting(&world);
    let number = waits.iter().find(|one| one["summary"] == "Visit 7").unwrap()["number"].to_string();
    world.run(&["conflicts", "resolve", &number, "--retry"]).ends_with(0);
    world.sync().ends_with(3);
    assert_eq!((waiting(&world).len(), world.titles_in("primary")), (29, vec!["Visit 7".to_owned()]));
}

#[test]
fn what_stands_in_the_calendar_that_another_one_is_put_into_is_read() {
    let (world, team) = two();
    let other = world.add_calendar("Other");
    world.run(&["calendar", "add", "Other", "--user", USER]).ends_with(0);
    world.sql(&(appointment("a-1", "Visit", "Team") + GUEST));
    world.sql(&(appointment("a-2", "Fitting", "Team") + &appointment("a-3", "Course", "Other")));
    world.settle();
    for name in ["Team", "Other"] {
        world.run(&["calendar", "remove", name, "--user", USER, "--yes"]).ends_with(0);
    }
    world.settle();
    world.run(&["calendar", "add", "Other", "--user", USER, "--into", "Team"]).ends_with(0);
    let status = world.run(&["status"]);
    let pairs = status.of("status")[0]["pairs"].as_array().unwrap().clone();
    let pair = pairs.iter().find(|pair| pair["name"] == "Other").unwrap();
    assert_eq!(pair["unseen"]["unknown"], json!(true), "{status:#?}");
    for _ in 0..2 {
        world.sync().ends_with(3);
    }
    // What has no guests goes along; a meeting is asked about, and nothing that was there is deleted.
    assert_eq!(world.titles_in(&other), ["Course", "Fitting"]);
    assert_eq!((world.titles_in(&team).len(), world.number("appointments")), (2, 3));
    let waits = waiting(&world);
    assert_eq!((waits.len(), &waits[0]["problem"]["code"]), (1, &json!("SYNC-131")), "{waits:#?}");
    let number = waits[0]["number"].to_string();
    world.run(&["conflicts", "resolve", &number, "--keep", "remote"]).ends_with(0);
    world.sql("UPDATE appointments SET location = 'Lyon' WHERE id = 'a-2';");
    assert_eq!((world.settle().writes(), waiting(&world).len(), world.mails()), (1, 0, 0));
}

#[test]
fn what_is_dragged_out_of_a_calendar_that_was_parted_is_not_made_twice_here() {
    let (world, team) = two();
    for (id, title) in [("a-1", "Fitting"), ("a-2", "Wanted"), ("a-3", "Deleted here")] {
        world.sql(&appointment(id, title, "Team"));
    }
    world.settle();
    world.run(&["calendar", "remove", "Team", "--user", USER, "--yes"]).ends_with(0);
    for title in ["Fitting", "Wanted", "Deleted here"] {
        drag(&world, &id_in(&world, &team, title), &team, "primary");
    }
    world.sql("DELETE FROM appointments WHERE id = 'a-3'; UPDATE appointments SET location = 'Lyon' WHERE id = 'a-1';");
    for _ in 0..2 {
        world.sync().ends_with(3);
    }
    assert_eq!(homes(&world, "Fitting"), ["a-1 in Team"]);
    assert_eq!(homes(&world, "Deleted here").len(), 1, "what is gone here came in as new");
    let waits = waiting(&world);
    assert!(waits.len() == 2 && waits.iter().all(|one| one["problem"]["code"] == "SYNC-131"), "{waits:#?}");
    let wanted = waits.iter().find(|one| one["summary"] == "Wanted").unwrap();
    assert_eq!(wanted["answers"], json!(["--retry", "--keep local", "--keep remote"]));
    let number = wanted["number"].to_string();
    world.run(&["conflicts", "resolve", &number, "--keep", "remote"]).ends_with(0);
    world.sync().ends_with(3);
    assert_eq!((homes(&world, "Wanted").len(), homes(&world, "Fitting").len()), (2, 1));
    // Connected again, the row goes along with its event, and what was typed meanwhile travels.
    world.run(&["calendar", "add", "Team", "--user", USER]).ends_with(0);
    for _ in 0..3 {
        world.sync();
    }
    assert_eq!((homes(&world, "Fitting"), waiting(&world).len()), (vec!["a-1 in alice".to_owned()], 0));
    assert_eq!((world.event("Fitting")["location"].clone(), world.mails()), (json!("Lyon"), 0));
    assert_eq!(world.titles_in("primary"), ["Deleted here", "Fitting", "Wanted"]);
}

#[test]
fn what_goes_out_of_a_calendar_that_was_parted_and_deleted_travels() {
    let (world, team) = two();
    world.sql(&(appointment("a-1", "Fitting", "Team") + &appointment("a-2", "Left", "Team")));
    world.settle();
    world.run(&["calendar", "remove", "Team", "--user", USER, "--yes"]).ends_with(0);
    world.google("DELETE", &format!("/calendar/v3/calendars/{team}"), &Value::Null);
    world.sql(&sent("a-1", USER));
    world.settle();
    assert_eq!((world.titles_in("primary"), waiting(&world).len()), (vec!["Fitting".to_owned()], 0));
}

#[test]
fn a_meeting_that_is_put_elsewhere_after_its_calendar_was_deleted_invites_nobody_unasked() {
    let (world, team) = two();
    world.sql(&(appointment("a-1", "Visit", "Team") + &appointment("a-2", "Left", "Team") + GUEST));
    world.settle();
    world.google("DELETE", &format!("/calendar/v3/calendars/{team}"), &Value::Null);
    let mails = world.mails();
    world.sync();
    world.sql(&sent("a-1", USER));
    for _ in 0..3 {
        world.sync().ends_with(3);
    }
    asked_before_it_is_made(&world, "Visit");
    world.run(&["calendar", "remove", "Team", "--user", USER, "--yes"]).ends_with(0);
    assert_eq!(world.settle().writes(), 0);
    assert_eq!((world.number("appointments"), world.events().len(), world.mails()), (2, 1, mails));
}
