//! Meetings of other people, and one's own with guests: nothing is made again or mailed unasked.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;

use common::{ACCOUNT, EVENTS, World, ZONE, waiting};
use serde_json::{Value, json};

const BOSS: &str = "boss@example.org";

fn at(hour: &str) -> Value {
    json!({ "dateTime": format!("2026-12-10T{hour}:00"), "timeZone": ZONE })
}

/// Uses Google's API as the organiser of the meeting does.
fn boss(world: &World, verb: &str, path: &str, body: &Value) -> Value {
    const SCOPES: [&str; 1] = ["https://www.googleapis.com/auth/calendar"];
    let answer = world.sim.with(|core| {
        let (token, _) = core.issue_token(BOSS, "the-phone-of-the-boss", &SCOPES);
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

/// A meeting of the boss, to which alice is invited, and one of her own; both sides have them.
fn invited(settings: &str) -> (World, String) {
    let world = World::new();
    world.control("POST", "accounts", &json!({ "email": BOSS, "time_zone": ZONE }));
    let config = std::fs::read_to_string(world.path("config.toml")).unwrap();
    std::fs::write(world.path("config.toml"), format!("{config}{settings}")).unwrap();
    let meeting = json!({ "summary": "Of the boss", "start": at("09:00"), "end": at("10:00"),
        "attendees": [{ "email": ACCOUNT }, { "email": "x@client.example" }] });
    let made = boss(&world, "POST", &format!("{EVENTS}?sendUpdates=all"), &meeting);
    world.sql(
        "INSERT INTO appointments (id, owner_id, title, start_local, start_zone, duration_seconds)
         VALUES ('own', 'alice', 'Her own', '2026-12-11 09:00', 'Europe/Paris', 3600),
                ('filler', 'alice', 'Filler', '2026-12-12 09:00', 'Europe/Paris', 3600);
         INSERT INTO appointment_participants (appointment_id, email) VALUES ('own', 'x@client.example');",
    );
    world.settle();
    (world, made["id"].as_str().unwrap().to_owned())
}

fn titles(world: &World) -> Vec<String> {
    world.titles_in("primary")
}

#[test]
fn a_meeting_that_its_organiser_cancelled_is_never_made_again() {
    let (world, id) = invited("");
    world.sql("UPDATE appointments SET description = 'a note of the company' WHERE title = 'Of the boss';");
    world.sync();
    boss(&world, "DELETE", &format!("{EVENTS}/{id}?sendUpdates=all"), &Value::Null);
    for _ in 0..3 {
        world.sync();
        assert!(!titles(&world).contains(&"Of the boss".to_owned()));
    }
    for one in waiting(&world) {
        let answers: Vec<&str> =
            one["answers"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
        let last = answers.iter().rfind(|answer| answer.contains("--keep remote")).unwrap();
        let number = one["number"].to_string();
        let args: Vec<&str> = ["conflicts", "resolve", &number].into_iter().chain(last.split(' ')).collect();
        world.run(&args).ends_with(0);
    }
    world.sync();
    assert!(waiting(&world).is_empty(), "an answer ends it");
    assert!(!titles(&world).contains(&"Of the boss".to_owned()));
    assert_eq!(world.number("appointments WHERE title = 'Of the boss'"), 0);
}

#[test]
fn what_was_refused_because_it_is_gone_there_ends_as_the_answer_says() {
    for (keep, left) in [("remote", 0), ("both", 1)] {
        let (world, id) = invited("");
        world.sql("UPDATE appointments SET title = 'Of the boss, mine' WHERE title = 'Of the boss';");
        boss(&world, "DELETE", &format!("{EVENTS}/{id}?sendUpdates=all"), &Value::Null);
        world.sync().ends_with(3);
        let number = waiting(&world)[0]["number"].to_string();
        world.run(&["conflicts", "resolve", &number, "--keep", "local"]).ends_with(0);
        world.sync().ends_with(3);
        let refused = waiting(&world);
        assert_eq!(refused[0]["problem"]["code"], "GOOG-309", "{refused:?}");
        let number = refused[0]["number"].to_string();
        world.run(&["conflicts", "resolve", &number, "--keep", keep]).ends_with(0);
        world.settle();
        assert!(waiting(&world).is_empty());
        assert_eq!(world.number("appointments WHERE title LIKE 'Of the boss%'"), left, "{keep}");
        assert_eq!(
            titles(&world).iter().filter(|title| title.starts_with("Of the boss")).count() as u64,
            left
        );
        let guests = "appointment_participants WHERE email = 'x@client.example' AND appointment_id <> 'own'";
        assert_eq!(world.number(guests), 0, "{keep}: nobody is invited");
    }
}

#[test]
fn a_series_of_somebody_else_that_is_shortened_here_comes_back_with_what_changed_behind_its_end() {
    let (world, _) = invited("");
    let series = json!({ "summary": "Round of the boss", "start": at("11:00"), "end": at("12:00"),
        "recurrence": ["RRULE:FREQ=WEEKLY;COUNT=4"], "attendees": [{ "email": ACCOUNT }] });
    let id = boss(&world, "POST", &format!("{EVENTS}?sendUpdates=none"), &series)["id"].clone();
    world.settle();
    let instance = format!("{EVENTS}/{}_20261224T100000Z?sendUpdates=none", id.as_str().unwrap());
    boss(&world, "PATCH", &instance, &json!({ "summary": "Round before Christmas" }));
    world.sql("UPDATE appointment_rules SET rule = 'FREQ=WEEKLY;COUNT=2';");
    world.sync().ends_with(3);
    let refused = waiting(&world);
    assert_eq!((refused.len(), &refused[0]["problem"]["code"]), (1, &json!("GOOG-309")), "{refused:?}");
    let number = refused[0]["number"].to_string();
    world.run(&["conflicts", "resolve", &number, "--keep", "remote"]).ends_with(0);
    world.settle();
    assert!(waiting(&world).is_empty());
    assert_eq!(world.number("appointment_rules WHERE rule LIKE '%COUNT=4%'"), 1);
    let changed =
        "appointment_overrides WHERE occurrence LIKE '2026-12-24%' AND title = 'Round before Christmas'";
    assert_eq!(world.number(changed), 1);
}

#[test]
fn ones_own_meeting_with_guests_cancelled_at_google_while_it_was_edited_here_is_a_question() {
    for (keep, left) in [("local", true), ("remote", false)] {
        let (world, _) = invited("");
        let mailed = world.mails();
        let own = world.event("Her own")["id"].as_str().unwrap().to_owned();
        world.google("DELETE", &format!("{EVENTS}/{own}?sendUpdates=none"), &Value::Null);
        world.sql("UPDATE appointments SET location = 'Room 7' WHERE id = 'own';");
        world.sync().ends_with(3);
        assert!(!titles(&world).contains(&"Her own".to_owned()), "no new invitation");
        let asked = waiting(&world);
        assert_eq!(asked.len(), 1, "{asked:?}");
        let number = asked[0]["number"].to_string();
        world.run(&["conflicts", "resolve", &number, "--keep", keep]).ends_with(0);
        world.settle();
        assert_eq!(titles(&world).contains(&"Her own".to_owned()), left);
        assert!(waiting(&world).is_empty());
        assert_eq!(world.mails(), mailed, "nobody is mailed");
    }
}

#[test]
fn a_meeting_of_somebody_else_that_is_deleted_here_is_declined_only_by_rule() {
    let (world, _) = invited("");
    world.sql("DELETE FROM appointments WHERE title = 'Of the boss';");
    world.sync().ends_with(3);
    assert!(titles(&world).contains(&"Of the boss".to_owned()), "it stays there");
    assert_eq!(waiting(&world)[0]["problem"]["code"], "GOOG-309");
    let (world, _) = invited("[events]\ndecline_deleted = true\n");
    world.sql("DELETE FROM appointments WHERE title = 'Of the boss';");
    world.settle();
    assert!(!titles(&world).contains(&"Of the boss".to_owned()));
    assert!(waiting(&world).is_empty());
}

#[test]
fn the_plan_counts_the_mails_that_a_deletion_would_send() {
    for (settings, mails) in [("", 0), ("[events]\nguest_mails = \"when-deleted\"\n", 1)] {
        let (world, _) = invited(settings);
        let mailed = world.mails();
        world.sql("DELETE FROM appointments WHERE id = 'own';");
        let plan = world.run(&["sync", "--dry-run"]).ends_with(0);
        assert_eq!(plan.summary()["guest_mails"], mails, "{settings}: {plan:?}");
        world.sync().ends_with(0);
        assert_eq!(world.mails() - mailed, mails, "what the plan said is what happens");
    }
}

#[test]
fn the_plan_counts_no_mails_for_a_meeting_of_somebody_else() {
    let weekly = json!({ "recurrence": ["RRULE:FREQ=WEEKLY;COUNT=3"] });
    for (mailing, declined) in [("never", false), ("when-deleted", false), ("when-deleted", true)] {
        for series in [false, true] {
            let settings = format!("[events]\nguest_mails = \"{mailing}\"\ndecline_deleted = true\n");
            let (world, id) = invited(&settings);
            if series {
                boss(&world, "PATCH", &format!("{EVENTS}/{id}?sendUpdates=none"), &weekly);
            }
            if declined {
                let answer = json!({ "attendees": [
                    { "email": ACCOUNT, "responseStatus": "declined" }, { "email": "x@client.example" }] });
                world.google("PATCH", &format!("{EVENTS}/{id}?sendUpdates=none"), &answer);
            }
            world.settle();
            let mailed = world.mails();
            world.sql("DELETE FROM appointments WHERE title = 'Of the boss';");
            for args in [&["sync", "--dry-run"][..], &["sync"]] {
                let run = world.run(args).ends_with(0);
                let events = run.summary()["pairs"].as_array().unwrap().iter();
                let events = events.filter(|pair| pair["kind"] == "events");
                let told: Vec<_> = events.map(|pair| (&pair["guests_kept"], &pair["guest_mails"])).collect();
                assert_eq!(told, [(&json!(0), &json!(0))], "{settings} {declined} {series}: {run:?}");
                assert_eq!((run.writes(), run.summary()["guest_mails"].as_u64()), (1, Some(0)));
            }
            assert!(!titles(&world).contains(&"Of the boss".to_owned()));
            assert_eq!(world.mails(), mailed, "what the plan said is what happens");
        }
    }
}

#[test]
fn the_plan_of_an_undo_counts_the_mails_that_it_would_send() {
    for (settings, mails) in [("", 0), ("[events]\nguest_mails = \"when-deleted\"\n", 1)] {
        let (world, _) = invited(settings);
        world.sql(
            "INSERT INTO appointments (id, owner_id, title, start_local, start_zone, duration_seconds)
             VALUES ('new', 'alice', 'New', '2026-12-14 09:00', 'Europe/Paris', 3600);
             INSERT INTO appointment_participants (appointment_id, email) VALUES ('new', 'y@client.example');",
        );
        let made = world.sync().ends_with(0);
        let pairs = made.summary()["pairs"].as_array().unwrap().iter();
        let run = pairs.filter(|pair| pair["kind"] == "events").map(|pair| pair["run_id"].to_string()).next();
        let run = run.unwrap();
        let mailed = world.mails();
        let plan = world.run(&["undo", "run", &run, "--dry-run"]).ends_with(0);
        assert_eq!(plan.summary()["guest_mails"], mails, "{settings}: {plan:?}");
        let done = world.run(&["undo", "run", &run, "--yes"]).ends_with(0);
        assert_eq!(done.summary()["guest_mails"], mails, "{settings}: {done:?}");
        assert!(!titles(&world).contains(&"New".to_owned()));
        assert_eq!(world.mails() - mailed, mails, "what the plan said is what happens");
    }
}

#[test]
fn the_plan_counts_the_guests_and_mails_of_an_occurrence_that_is_called_off() {
    for (settings, mails) in [("", 0), ("[events]\nguest_mails = \"when-deleted\"\n", 1)] {
        // One that was never touched, and one that has an exception of its own.
        for touched in [false, true] {
            let (world, _) = invited(settings);
            world.sql(
                "INSERT INTO appointment_rules (appointment_id, rule) VALUES ('own', 'FREQ=WEEKLY;COUNT=4');",
            );
            if touched {
                world.sql(
                    "INSERT INTO appointment_overrides (appointment_id, occurrence, location)
                     VALUES ('own', '2026-12-18 09:00', 'Lyon');",
                );
            }
            world.settle();
            let mailed = world.mails();
            world.sql("DELETE FROM appointment_overrides;");
            world.sql(
                "INSERT INTO appointment_overrides (appointment_id, occurrence, cancelled)
                 VALUES ('own', '2026-12-18 09:00', 1);",
            );
            for args in [&["sync", "--dry-run"][..], &["sync"]] {
                let run = world.run(args).ends_with(0);
                assert_eq!(run.summary()["guest_mails"], mails, "{settings} {touched} {args:?}: {run:?}");
                let kept: u64 = run.summary()["pairs"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .filter_map(|pair| pair["guests_kept"].as_u64())
                    .sum();
                assert_eq!(kept, u64::from(mails == 0), "{settings} {touched} {args:?}: {run:?}");
            }
            assert_eq!(world.mails() - mailed, mails, "what the plan said is what happens: {touched}");
            assert_eq!(world.sync().ends_with(0).writes(), 0);
            let own = world.google("GET", &format!("{EVENTS}?singleEvents=true&q=Her"), &Value::Null);
            assert_eq!(own["items"].as_array().unwrap().len(), 3, "{own:#}");
            // Called off no more, and a series that moves calls nothing off.
            world.sql("UPDATE appointments SET start_local = '2026-12-11 10:00' WHERE id = 'own';");
            let moved = world.run(&["sync", "--dry-run"]).ends_with(0);
            assert_eq!(moved.summary()["guest_mails"], 0);
        }
    }
}

#[test]
fn a_guest_of_one_occurrence_counts_like_one_of_the_series() {
    let with_guest = || {
        let (world, _) = invited("");
        world.sql(
            "DELETE FROM appointment_participants WHERE appointment_id = 'own';
             INSERT INTO appointment_rules (appointment_id, rule) VALUES ('own', 'FREQ=WEEKLY;COUNT=4');
             INSERT INTO appointment_overrides (appointment_id, occurrence, own_participants)
                 VALUES ('own', '2026-12-18 09:00', 1);
             INSERT INTO appointment_participants (appointment_id, occurrence, email)
                 VALUES ('own', '2026-12-18 09:00', 'y@client.example');",
        );
        world.settle();
        world
    };
    // Cancelled at Google while it was edited here: no new invitation, a question.
    let world = with_guest();
    let own = world.event("Her own")["id"].as_str().unwrap().to_owned();
    world.google("DELETE", &format!("{EVENTS}/{own}?sendUpdates=none"), &Value::Null);
    world.sql("UPDATE appointments SET location = 'Room 7' WHERE id = 'own';");
    world.sync().ends_with(3);
    assert!(!titles(&world).contains(&"Her own".to_owned()), "no new invitation");
    assert_eq!(waiting(&world).len(), 1);
    // Deleted here: the guest may still see it.
    let world = with_guest();
    world.sql("DELETE FROM appointments WHERE id = 'own';");
    let plan = world.run(&["sync", "--dry-run"]).ends_with(0);
    let pairs = plan.summary()["pairs"].as_array().unwrap().iter();
    assert_eq!(pairs.filter_map(|pair| pair["guests_kept"].as_u64()).sum::<u64>(), 1, "{plan:?}");
}

#[test]
fn a_deletion_that_is_refused_is_announced_by_no_plan() {
    let (world, id) = invited("");
    world.sql("DELETE FROM appointments WHERE title = 'Of the boss';");
    let plan = world.run(&["sync", "--dry-run"]).ends_with(3);
    assert_eq!((plan.writes(), plan.summary()["held"].as_u64()), (0, Some(1)), "{plan:#?}");
    let run = world.sync().ends_with(3);
    assert_eq!((run.writes(), run.summary()["failed"].as_u64()), (0, Some(1)), "{run:#?}");
    let asked = waiting(&world);
    assert_eq!(
        asked[0]["answers"],
        json!(["--retry", "--keep remote"]),
        "there is nothing here to make a copy of"
    );
    let number = asked[0]["number"].to_string();
    assert_eq!(world.run(&["conflicts", "resolve", &number, "--keep", "both"]).errors(), ["USE-112"]);
    world.run(&["conflicts", "resolve", &number, "--keep", "remote"]).ends_with(0);
    world.settle();
    assert_eq!((world.number("appointments WHERE title = 'Of the boss'"), waiting(&world).len()), (1, 0));
    // The same of a change that its organiser alone may make.
    world.sql("UPDATE appointments SET title = 'Mine now' WHERE title = 'Of the boss';");
    let plan = world.run(&["sync", "--dry-run"]).ends_with(3);
    assert_eq!(plan.writes(), 0, "{plan:#?}");
    assert_eq!(world.sync().ends_with(3).writes(), 0);
    assert_eq!(world.google("GET", &format!("{EVENTS}/{id}"), &Value::Null)["summary"], "Of the boss");
    // What is one's own copy's alone travels, and is announced.
    let answers = &waiting(&world)[0]["answers"];
    assert_eq!(*answers, json!(["--retry", "--keep remote", "--keep both"]));
}

/// What an ORM does: it deletes the guests and inserts them anew, with the columns that it knows.
#[test]
fn guests_that_a_program_inserts_anew_keep_their_answers() {
    let (world, _) = invited("");
    let own = world.event("Her own")["id"].as_str().unwrap().to_owned();
    let path = format!("{EVENTS}/{own}?sendUpdates=none");
    let answer = json!({ "attendees": [{ "email": "x@client.example", "responseStatus": "accepted", "comment": "Gladly" }] });
    world.google("PATCH", &path, &answer);
    world.settle();
    let guests = |world: &World| world.event("Her own")["attendees"].clone();
    let (before, mails) = (guests(&world), world.mails());
    assert!(before.to_string().contains("accepted"), "{before}");
    let insert = "INTO appointment_participants (appointment_id, email) VALUES ('own', 'x@client.example');";
    let delete = "DELETE FROM appointment_participants WHERE appointment_id = 'own';";
    for anew in [
        vec![format!("{delete} INSERT {insert}")],
        vec![delete.to_owned(), format!("INSERT {insert}")],
        vec![format!("INSERT OR REPLACE {insert}")],
        vec!["UPDATE appointment_participants SET email = email;".to_owned()],
    ] {
        anew.iter().for_each(|sql| world.sql(sql));
        world.settle();
        assert_eq!(guests(&world), before, "{anew:?}");
        assert_eq!(world.mails(), mails, "{anew:?}");
    }
}
