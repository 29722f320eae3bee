//! What one occurrence of a series says itself: each part travels both ways, or is listed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;

use common::{EVENTS, USER, World, ZONE, waiting};
use serde_json::{Value, json};

/// Four Mondays at nine, with words of their own, on both sides; returns the id of the series at Google.
fn weekly() -> (World, String) {
    let world = World::new();
    world.sql(&format!(
        "INSERT INTO appointments (id, owner_id, title, start_local, start_zone, duration_seconds, url, color)
         VALUES ('s', '{USER}', 'Weekly', '2026-12-07 09:00', '{ZONE}', 3600, 'https://all.example', 'tomato');
         INSERT INTO appointment_rules (appointment_id, rule) VALUES ('s', 'FREQ=WEEKLY;COUNT=4');
         INSERT INTO appointment_alerts (appointment_id, minutes_before) VALUES ('s', 10);"
    ));
    world.settle();
    let id = world.event("Weekly")["id"].as_str().unwrap().to_owned();
    (world, id)
}

/// The second occurrence and the third, as Google shows them.
fn instances(world: &World, id: &str) -> [Value; 2] {
    ["20261214", "20261221"]
        .map(|day| world.google("GET", &format!("{EVENTS}/{id}_{day}T080000Z"), &Value::Null))
}

fn own(world: &World, column: &str) -> Vec<Value> {
    world.rows(&format!("'own', {column}"), "appointment_overrides ORDER BY occurrence")
}

/// What is told of the events that one side cannot hold.
fn losses(world: &World) -> String {
    let all = world.run(&["status", "--losses"]);
    serde_json::to_string(&all.lines).unwrap()
}

#[test]
fn each_part_of_an_occurrence_that_is_given_here_is_at_google() {
    let gold = "5";
    for (column, value, pointer, wanted) in [
        ("url", "'https://one.example/x'", "/source/url", json!("https://one.example/x")),
        ("url", "''", "/source", Value::Null),
        ("color", "'gold'", "/colorId", json!(gold)),
        ("conference_url", "'https://call.example/1'", "/description", json!("https://call.example/1")),
        (
            "categories",
            "'[\"Customers\",\"Travel\"]'",
            "/extendedProperties/private/passerelle.categories",
            Value::Null,
        ),
        ("own_alerts", "1", "/reminders/overrides", json!([{ "method": "popup", "minutes": 60 }])),
        ("use_default_alerts", "1", "/reminders/useDefault", json!(true)),
        ("privacy", "'private'", "/visibility", json!("private")),
        ("privacy", "'public'", "/visibility", json!("public")),
        ("title", "'Own'", "/summary", json!("Own")),
        ("location", "'Lyon'", "/location", json!("Lyon")),
        ("free_busy", "'free'", "/transparency", json!("transparent")),
        ("status", "'tentative'", "/status", json!("tentative")),
    ] {
        let (world, id) = weekly();
        let more = if column == "own_alerts" {
            "INSERT INTO appointment_alerts (appointment_id, occurrence, minutes_before) VALUES ('s', '2026-12-14 09:00', 60);"
        } else {
            ""
        };
        world.sql(&format!(
            "INSERT INTO appointment_overrides (appointment_id, occurrence, {column}) VALUES ('s', '2026-12-14 09:00', {value});{more}"
        ));
        let before = own(&world, column);
        world.settle();
        let [shown, other] = instances(&world, &id);
        let found = shown.pointer(pointer).cloned().unwrap_or_default();
        match column {
            // Google knows no categories: they are kept with the event, and come back.
            "categories" => assert!(found.as_str().unwrap().contains("Travel"), "{shown}"),
            _ => assert_eq!(found, wanted, "{column} {value}: {shown}"),
        }
        // The other occurrences are not touched; a private one hides its series at Google for as long.
        if column != "privacy" {
            assert_ne!(other.pointer(pointer).cloned().unwrap_or_default(), found, "{column}: {other}");
        }
        assert_eq!(own(&world, column), before, "{column} {value}");
        let run = world.run(&["sync"]).ends_with(0);
        assert_eq!(
            (run.writes(), run.summary()["losses"].as_u64()),
            (0, Some(0)),
            "{column} {value}: {run:?}"
        );
        assert_eq!(own(&world, column), before, "{column} {value}");
        // It follows its series again.
        world
            .sql("DELETE FROM appointment_overrides; DELETE FROM appointment_alerts WHERE occurrence <> '';");
        world.settle();
        let [shown, other] = instances(&world, &id);
        let of = |event: &Value| event.pointer(pointer).cloned().unwrap_or_default();
        assert_eq!(of(&shown), of(&other), "{column} {value}");
        assert!(waiting(&world).is_empty());
    }
}

#[test]
fn each_part_of_an_occurrence_that_is_given_on_the_phone_is_here_or_is_told() {
    let conference = json!({
        "entryPoints": [{ "entryPointType": "video", "uri": "https://meet.google.com/abc-defg-hij" }],
        "conferenceId": "abc-defg-hij", "conferenceSolution": { "key": { "type": "hangoutsMeet" }, "name": "Google Meet" },
    });
    let file = json!([{ "fileUrl": "https://drive.google.com/f1", "title": "F" }]);
    for (body, column, wanted, lost) in [
        (
            json!({ "source": { "url": "https://one.example", "title": "One" } }),
            "url",
            json!("https://one.example"),
            "",
        ),
        (json!({ "colorId": "5" }), "color", json!("gold"), ""),
        (
            json!({ "conferenceData": conference }),
            "conference_url",
            json!("https://meet.google.com/abc-defg-hij"),
            "",
        ),
        (
            json!({ "reminders": { "useDefault": false, "overrides": [{ "method": "popup", "minutes": 60 }] } }),
            "(SELECT minutes_before FROM appointment_alerts WHERE occurrence <> '')",
            json!(60),
            "",
        ),
        (json!({ "reminders": { "useDefault": true, "overrides": [] } }), "use_default_alerts", json!(1), ""),
        (json!({ "visibility": "private" }), "privacy", json!("private"), ""),
        (json!({ "summary": "Own" }), "title", json!("Own"), ""),
        (json!({ "description": "Own" }), "description", json!("Own"), ""),
        (json!({ "location": "Lyon" }), "location", json!("Lyon"), ""),
        (json!({ "transparency": "transparent" }), "free_busy", json!("free"), ""),
        (json!({ "attachments": file }), "", Value::Null, "attachments"),
    ] {
        let (world, id) = weekly();
        let flags = "sendUpdates=none&supportsAttachments=true&conferenceDataVersion=1";
        world.google("PATCH", &format!("{EVENTS}/{id}_20261214T080000Z?{flags}"), &body);
        world.settle();
        let shown = instances(&world, &id);
        let run = world.run(&["sync"]).ends_with(0);
        assert_eq!(run.writes(), 0, "{body}");
        if lost.is_empty() {
            assert_eq!(run.summary()["losses"], 0, "{body} {run:?}");
            let found = own(&world, column);
            // A more restrictive visibility is the whole series' at Google.
            if column == "privacy" {
                let all = world.rows("'own', privacy", "appointments");
                assert!(all.iter().chain(&found).any(|row| row["own"] == wanted), "{found:?} {all:?}");
            } else {
                assert_eq!(found, [json!({ "own": wanted })], "{body}");
            }
        } else {
            assert_eq!(run.summary()["losses"], 1, "{body} {run:?}");
            assert!(losses(&world).contains(lost), "{body} {}", losses(&world));
        }
        // An edit of the series here takes none of it away.
        world.sql("UPDATE appointments SET description = 'noted';");
        world.settle();
        let now = instances(&world, &id);
        for name in body.as_object().unwrap().keys() {
            assert_eq!(now[0][name], shown[0][name], "{body}");
        }
        assert!(waiting(&world).is_empty());
    }
}

#[test]
fn what_an_occurrence_says_itself_stays_at_google_whatever_its_series_says() {
    for (column, said, others, pointer, title) in [
        // Private first while the series is open, and then while it is private itself.
        ("privacy", "private", ["private", "default", "private", "public"], "/visibility", "'Own'"),
        ("status", "cancelled", ["cancelled", "confirmed", "cancelled", "confirmed"], "/summary", "NULL"),
        ("location", "Lyon", ["Lyon", "Paris", "Lyon", "Nice"], "/location", "'Own'"),
        ("location", "Lyon", ["Lyon", "Paris", "Lyon", "Nice"], "/location", "NULL"),
        ("title", "Named", ["Named", "Other", "Named", "Weekly"], "/summary", "'Named'"),
    ] {
        let (world, id) = weekly();
        world.sql(&format!(
            "INSERT INTO appointment_overrides (appointment_id, occurrence, title) VALUES ('s', '2026-12-14 09:00', {title});
             UPDATE appointment_overrides SET {column} = '{said}';"
        ));
        world.settle();
        let before = own_of(&world);
        let [shown, _] = instances(&world, &id);
        let wanted = shown.pointer(pointer).cloned().unwrap();
        let parts = |shown: &Value| {
            ["transparency", "reminders", "visibility", "location", "summary"].map(|part| shown[part].clone())
        };
        for other in others {
            world.sql(&format!("UPDATE appointments SET {column} = '{other}';"));
            world.settle();
            let [now, _] = instances(&world, &id);
            assert_eq!(now.pointer(pointer), Some(&wanted), "{column} {other}");
            assert_eq!(parts(&now), parts(&shown), "{column} {other}");
            assert_eq!(own_of(&world), before, "{column} {other}");
            assert!(!losses(&world).contains("recurrence_overrides"), "{column}: {}", losses(&world));
        }
        // The phone describes the occurrence: what it says beside that stays its own.
        let path = format!("{EVENTS}/{id}_20261214T080000Z?sendUpdates=none");
        world.google("PATCH", &path, &json!({"description": "typed there"}));
        world.settle();
        assert_eq!(own(&world, "description")[0]["own"], "typed there", "{column}");
        assert_eq!(own_of(&world), before, "{column}");
    }
}

/// What the second occurrence says itself in the tables.
fn own_of(world: &World) -> Vec<Value> {
    world.rows("'t', title, 'p', privacy, 's', status, 'l', location", "appointment_overrides")
}

#[test]
fn an_occurrence_that_the_clocks_skip_is_one_on_both_sides() {
    const SHOWN: &str = "2027-03-28T03:30:00+02:00";
    let overrides = |world: &World| {
        world.rows(
            "'name', substr(occurrence, 1, 16), 'off', cancelled, 'title', title",
            "appointment_overrides",
        )
    };
    for (key, way) in ["here", "phone"].into_iter().enumerate() {
        let world = World::new();
        world.sql(&format!(
            "INSERT INTO appointments (id, owner_id, title, start_local, start_zone, duration_seconds)
             VALUES ('s', '{USER}', 'Night {key}', '2027-03-26 02:30', 'Europe/Paris', 3600);
             INSERT INTO appointment_rules (appointment_id, rule) VALUES ('s', 'FREQ=DAILY;COUNT=4');"
        ));
        world.settle();
        let id = world.event(&format!("Night {key}"))["id"].as_str().unwrap().to_owned();
        let instances = || world.google("GET", &format!("{EVENTS}/{id}/instances"), &Value::Null);
        let shown = || {
            let all = instances();
            let all = all["items"].as_array().unwrap().clone();
            all.into_iter().find(|one| one["start"]["dateTime"] == SHOWN)
        };
        let path = format!("{EVENTS}/{}", shown().unwrap()["id"].as_str().unwrap());
        // Titled on one side, titled again on the other.
        let here = |title: &str| {
            world.sql(&format!(
                "DELETE FROM appointment_overrides;
                 INSERT INTO appointment_overrides (appointment_id, occurrence, title)
                 VALUES ('s', '2027-03-28 02:30', '{title}');"
            ));
        };
        let phone = |title: &str| drop(world.google("PATCH", &path, &json!({ "summary": title })));
        match way {
            "here" => here("first"),
            _ => phone("first"),
        }
        world.settle();
        match way {
            "here" => phone("second"),
            _ => here("second"),
        }
        world.settle();
        assert_eq!(shown().unwrap()["summary"], "second", "{way}");
        assert_eq!(
            overrides(&world),
            [json!({"name": "2027-03-28 02:30", "off": 0, "title": "second"})],
            "{way}"
        );
        // Cancelled.
        match way {
            "here" => world.sql("UPDATE appointment_overrides SET title = NULL, cancelled = 1;"),
            _ => drop(world.google("DELETE", &path, &Value::Null)),
        }
        world.settle();
        assert_eq!(shown(), None, "{way}");
        assert_eq!(
            overrides(&world),
            [json!({"name": "2027-03-28 02:30", "off": 1, "title": null})],
            "{way}"
        );
        assert_eq!(world.run(&["sync"]).ends_with(0).writes(), 0, "{way}");
        assert!(waiting(&world).is_empty());
    }
}

/// What Google shows on the additional date.
fn on_the_date(world: &World, id: &str) -> Value {
    let found = world.google("GET", &format!("{EVENTS}/{id}_20261230T080000Z"), &Value::Null);
    if found["status"] == "confirmed" { found["summary"].clone() } else { Value::Null }
}

/// The weekly series with one more date, and what is changed of it.
fn with_a_date(change: &str) -> (World, String) {
    let (world, id) = weekly();
    world.sql(&format!(
        "INSERT INTO appointment_dates (appointment_id, date) VALUES ('s', '2026-12-30 09:00');{change}"
    ));
    world.settle();
    (world, id)
}

#[test]
fn an_additional_date_stays_whatever_is_changed_of_it() {
    const TITLED: &str = "INSERT INTO appointment_overrides (appointment_id, occurrence, title)
        VALUES ('s', '2026-12-30 09:00', 'Extra');";
    let dates = |world: &World| world.number("appointment_dates WHERE date LIKE '2026-12-30 09:00%'");
    // Changed here, and again.
    let (world, id) = with_a_date(TITLED);
    assert_eq!(on_the_date(&world, &id), "Extra");
    world.sql("UPDATE appointment_overrides SET title = 'Extra, again';");
    world.settle();
    assert_eq!((on_the_date(&world, &id), dates(&world)), (json!("Extra, again"), 1));
    // Changed on the phone: the date stays in the tables, under whatever becomes of the series.
    for (edit, shown) in [
        ("DELETE FROM appointment_overrides;", "Weekly"),
        ("UPDATE appointment_rules SET rule = 'FREQ=WEEKLY;COUNT=3';", "Extra"),
        ("UPDATE appointments SET location = 'Lyon';", "Extra"),
    ] {
        let (world, id) = with_a_date("");
        let path = format!("{EVENTS}/{id}_20261230T080000Z?sendUpdates=none");
        world.google("PATCH", &path, &json!({"summary": "Extra"}));
        world.settle();
        assert_eq!((own(&world, "title"), dates(&world)), (vec![json!({"own": "Extra"})], 1), "{edit}");
        world.sql(edit);
        world.settle();
        assert_eq!((on_the_date(&world, &id), dates(&world)), (json!(shown), 1), "{edit}");
    }
}

#[test]
fn an_additional_date_that_is_changed_is_held_by_its_change() {
    let titled = "INSERT INTO appointment_overrides (appointment_id, occurrence, title)
        VALUES ('s', '2026-12-30 09:00', 'Extra');";
    let (world, _) = with_a_date(titled);
    let losses = |world: &World| world.run(&["status", "--losses"]).ends_with(0).of("loss").len();
    assert_eq!(losses(&world), 0);
    // So an older release noted it.
    world.sql(
        r#"UPDATE passerelle_links SET body = json_set(body, '$.lacks',
            json('[{"side":"remote","field":"recurrence_dates/2026-12-30T09:00:00"}]'))
            WHERE kind = 'events';"#,
    );
    assert_eq!(losses(&world), 0);
    assert!(world.shown(&["status", "--lang", "en"]).contains("in step as of"));
    // What is no occurrence there is one that it cannot hold.
    world.sql(
        r#"UPDATE passerelle_copies SET stored = json_remove(stored,
            '$.record.recurrence_overrides."2026-12-30T09:00:00"')
            WHERE kind = 'events' AND side = 'remote';"#,
    );
    assert_eq!(losses(&world), 1);
}

#[test]
fn a_changed_additional_date_of_a_series_that_is_private_for_a_time_stays() {
    for privacy in ["NULL", "'private'"] {
        let world = World::new();
        let config = std::fs::read_to_string(world.path("config.toml")).unwrap();
        let busy = format!("{config}[events]\nprivate_as_busy = true\n");
        std::fs::write(world.path("config.toml"), busy).unwrap();
        world.sql(&format!(
            "INSERT INTO appointments (id, owner_id, title, start_local, start_zone, duration_seconds)
             VALUES ('s', '{USER}', 'Weekly', '2026-12-07 09:00', '{ZONE}', 3600);
             INSERT INTO appointment_rules (appointment_id, rule) VALUES ('s', 'FREQ=WEEKLY;COUNT=4');
             INSERT INTO appointment_dates (appointment_id, date) VALUES ('s', '2026-12-30 09:00');
             INSERT INTO appointment_overrides (appointment_id, occurrence, title, privacy)
             VALUES ('s', '2026-12-30 09:00', 'Extra', {privacy});"
        ));
        world.settle();
        let id = world.event("Weekly")["id"].as_str().unwrap().to_owned();
        let of_it = if privacy == "NULL" { "Extra" } else { "Busy" };
        assert_eq!(on_the_date(&world, &id), of_it, "{privacy}");
        for (series, shown) in [("private", "Busy"), ("default", of_it)] {
            world.sql(&format!("UPDATE appointments SET privacy = '{series}';"));
            world.settle();
            assert_eq!(on_the_date(&world, &id), shown, "{privacy} {series}");
            assert_eq!(own(&world, "title"), [json!({"own": "Extra"})], "{privacy} {series}");
            assert_eq!(world.number("appointment_dates"), 1, "{privacy} {series}");
        }
    }
}

#[test]
fn a_series_that_is_split_where_the_clocks_skip_its_hour_loses_nothing() {
    for changes in [json!({}), json!({ "location": "Elsewhere" })] {
        let world = World::new();
        world.sql(&format!(
            "INSERT INTO appointments (id, owner_id, title, start_local, start_zone, duration_seconds)
             VALUES ('s', '{USER}', 'Night', '2027-03-26 02:30', 'Europe/Paris', 3600);
             INSERT INTO appointment_rules (appointment_id, rule) VALUES ('s', 'FREQ=DAILY;COUNT=6');
             INSERT INTO appointment_overrides (appointment_id, occurrence, title) VALUES
                ('s', '2027-03-27 02:30', 'Before'), ('s', '2027-03-28 02:30', 'Skipped');"
        ));
        world.settle();
        let id = world.event("Night")["id"].as_str().unwrap().to_owned();
        let shown = || {
            let mut all: Vec<String> = Vec::new();
            for event in world.events() {
                let id = event["id"].as_str().unwrap();
                let found = world.google("GET", &format!("{EVENTS}/{id}/instances"), &Value::Null);
                let found = found["items"].as_array().unwrap().clone();
                all.extend(
                    found.iter().map(|one| format!("{} {}", one["start"]["dateTime"], one["summary"])),
                );
            }
            all.sort();
            all
        };
        assert_eq!(shown().len(), 6);
        let path = ["20270328T013000Z", "20270328T003000Z"].into_iter().find(|at| {
            let instances = world.google("GET", &format!("{EVENTS}/{id}/instances"), &Value::Null);
            instances["items"].as_array().unwrap().iter().any(|one| one["id"] == format!("{id}_{at}"))
        });
        world.gesture("calendar/split", json!({ "event": id, "from": path.unwrap(), "changes": changes }));
        // The new part begins where the clock showed its first occurrence, and goes on at that hour.
        let there = shown();
        let run = world.sync().ends_with(0);
        assert_eq!((run.deletes(), world.number("appointments")), (0, 2), "{run:?}");
        world.settle();
        assert_eq!(shown(), there, "the calendar is as its owner left it");
        let titles = world.rows("'t', title", "appointment_overrides WHERE title IS NOT NULL ORDER BY title");
        let titles: Vec<&str> = titles.iter().map(|row| row["t"].as_str().unwrap()).collect();
        assert_eq!(titles, ["Before", "Skipped"]);
        // It works on: what is typed here reaches the new part, and back.
        world.sql("UPDATE appointments SET location = 'Lyon';");
        world.settle();
        assert!(world.events().iter().all(|event| event["location"] == "Lyon"));
        assert_eq!(shown(), there);
    }
}
