//! A series that one side moves to another hour while the other side changes an occurrence of it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;

use common::{EVENTS, USER, World, ZONE, waiting};
use serde_json::{Value, json};

/// Six Mondays at nine, on both sides; returns the id of the series at Google.
fn weekly() -> (World, String) {
    let world = World::new();
    world.sql(&format!(
        "INSERT INTO appointments (id, owner_id, title, start_local, start_zone, duration_seconds)
         VALUES ('s', '{USER}', 'Weekly', '2026-12-07 09:00', '{ZONE}', 3600);
         INSERT INTO appointment_rules (appointment_id, rule) VALUES ('s', 'FREQ=WEEKLY;COUNT=6');"
    ));
    world.settle();
    let id = world.event("Weekly")["id"].as_str().unwrap().to_owned();
    (world, id)
}

/// The occurrences at Google: start on the wall, and title.
fn there(world: &World, id: &str) -> Vec<(String, String)> {
    let list = world.google("GET", &format!("{EVENTS}/{id}/instances?timeZone=Europe/Paris"), &Value::Null);
    let mut found: Vec<_> = list["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            let start = one["start"]["dateTime"].as_str().unwrap()[..16].to_owned();
            (start, one["summary"].as_str().unwrap().to_owned())
        })
        .collect();
    found.sort();
    found
}

fn overrides(world: &World) -> Vec<Value> {
    world.rows(
        "'at', substr(occurrence, 1, 16), 'cancelled', cancelled, 'title', title",
        "appointment_overrides ORDER BY occurrence",
    )
}

fn mondays(hour: &str, changed: usize, title: Option<&str>) -> Vec<(String, String)> {
    let days = ["2026-12-07", "2026-12-14", "2026-12-21", "2026-12-28", "2027-01-04", "2027-01-11"];
    let named = |at: usize| if at == changed { title } else { Some("Weekly") };
    let each = days.iter().enumerate();
    each.filter_map(|(at, day)| Some((format!("{day}T{hour}"), named(at)?.to_owned()))).collect()
}

#[test]
fn an_occurrence_changed_at_google_goes_along_with_a_series_moved_here() {
    for cancelled in [false, true] {
        let (world, id) = weekly();
        let instance = format!("{EVENTS}/{id}_20261221T080000Z?sendUpdates=none");
        if cancelled {
            world.google("DELETE", &instance, &Value::Null);
        } else {
            world.google("PATCH", &instance, &json!({ "summary": "With the director" }));
        }
        world.sql("UPDATE appointments SET start_local = '2026-12-07 07:30' WHERE id = 's';");
        world.settle();
        let title = (!cancelled).then_some("With the director");
        assert_eq!(there(&world, &id), mondays("07:30", 2, title));
        let change = json!({ "at": "2026-12-21 07:30", "cancelled": u8::from(cancelled), "title": title });
        assert_eq!(overrides(&world), [change]);
        assert!(waiting(&world).is_empty());
        assert_eq!(world.sync().ends_with(0).writes(), 0);
    }
}

#[test]
fn a_changed_occurrence_that_is_changed_again_on_the_phone_goes_along_with_a_series_moved_here() {
    for cancelled in [false, true] {
        let (world, id) = weekly();
        world.sql(
            "INSERT INTO appointment_overrides (appointment_id, occurrence, title) VALUES
             ('s', '2026-12-14 09:00', 'Same'), ('s', '2026-12-21 09:00', 'Same');",
        );
        world.settle();
        let instance = format!("{EVENTS}/{id}_20261221T080000Z?sendUpdates=none");
        if cancelled {
            world.google("DELETE", &instance, &Value::Null);
        } else {
            world.google("PATCH", &instance, &json!({ "summary": "With the director" }));
        }
        world.sql("UPDATE appointments SET start_local = '2026-12-08 07:30' WHERE id = 's';");
        world.sync().ends_with(0);
        world.settle();
        assert!(waiting(&world).is_empty());
        let title = if cancelled { "Same" } else { "With the director" };
        let both = [
            json!({ "at": "2026-12-15 07:30", "cancelled": 0, "title": "Same" }),
            json!({ "at": "2026-12-22 07:30", "cancelled": u8::from(cancelled), "title": title }),
        ];
        let mut found = overrides(&world);
        if cancelled {
            found[1]["title"] = json!(title); // a cancelled one needs none
        }
        assert_eq!(found, both);
        let shown = there(&world, &id);
        assert_eq!(shown.len(), 6 - usize::from(cancelled));
        assert_eq!(
            shown.iter().filter(|(_, title)| title == "With the director").count(),
            usize::from(!cancelled)
        );
    }
}

#[test]
fn an_occurrence_changed_here_goes_along_with_a_series_moved_at_google() {
    for cancelled in [false, true] {
        let (world, id) = weekly();
        let title = (!cancelled).then_some("With the director");
        world.sql(&format!(
            "INSERT INTO appointment_overrides (appointment_id, occurrence, cancelled, title)
             VALUES ('s', '2026-12-21 09:00', {}, {});",
            u8::from(cancelled),
            title.map_or_else(|| "NULL".to_owned(), |title| format!("'{title}'"))
        ));
        let at = |hour: &str| json!({ "dateTime": format!("2026-12-07T{hour}:00"), "timeZone": ZONE });
        let moved = json!({ "start": at("14:00"), "end": at("15:00") });
        world.google("PATCH", &format!("{EVENTS}/{id}?sendUpdates=none"), &moved);
        world.settle();
        assert_eq!(there(&world, &id), mondays("14:00", 2, title));
        let change = json!({ "at": "2026-12-21 14:00", "cancelled": u8::from(cancelled), "title": title });
        assert_eq!(overrides(&world), [change]);
        assert!(waiting(&world).is_empty());
        assert_eq!(world.sync().ends_with(0).writes(), 0);
    }
}

#[test]
fn a_rule_that_is_deleted_and_inserted_anew_keeps_the_occurrences() {
    let (world, id) = weekly();
    world.sql(
        "INSERT INTO appointment_overrides (appointment_id, occurrence, title)
         VALUES ('s', '2026-12-14 09:00', 'Titled');
         INSERT INTO appointment_overrides (appointment_id, occurrence, cancelled)
         VALUES ('s', '2026-12-21 09:00', 1);",
    );
    world.settle();
    world.sql(
        "DELETE FROM appointment_rules;
         INSERT INTO appointment_rules (appointment_id, rule) VALUES ('s', 'FREQ=WEEKLY;BYDAY=TU;COUNT=6');
         UPDATE appointments SET start_local = '2026-12-08 14:00';",
    );
    world.settle();
    let starts = ["2026-12-08", "2026-12-15", "2026-12-29", "2027-01-05", "2027-01-12"];
    let titles = ["Weekly", "Titled", "Weekly", "Weekly", "Weekly"];
    let wanted: Vec<_> =
        starts.iter().zip(titles).map(|(day, title)| (format!("{day}T14:00"), title.to_owned())).collect();
    assert_eq!(there(&world, &id), wanted);
    let two = [
        json!({ "at": "2026-12-15 14:00", "cancelled": 0, "title": "Titled" }),
        json!({ "at": "2026-12-22 14:00", "cancelled": 1, "title": null }),
    ];
    assert_eq!(overrides(&world), two);
    assert!(waiting(&world).is_empty());
}

#[test]
fn a_change_whose_occurrence_is_no_more_goes_and_is_told() {
    let (world, id) = weekly();
    world.sql(
        "INSERT INTO appointment_overrides (appointment_id, occurrence, title) VALUES
         ('s', '2026-12-14 09:00', 'Odd'), ('s', '2026-12-21 09:00', 'Even'), ('s', '2027-01-11 09:00', 'Late');",
    );
    world.settle();
    world.sql("UPDATE appointment_rules SET rule = 'FREQ=WEEKLY;INTERVAL=2;COUNT=2';");
    let run = world.sync().ends_with(0);
    assert_eq!(run.summary()["dropped"], 2, "{run:?}");
    let wanted = [("2026-12-07T09:00", "Weekly"), ("2026-12-21T09:00", "Even")];
    assert_eq!(there(&world, &id), wanted.map(|(at, title)| (at.to_owned(), title.to_owned())));
    assert_eq!(overrides(&world), [json!({ "at": "2026-12-21 09:00", "cancelled": 0, "title": "Even" })]);
    for (lang, words) in [("en", "2 changed occurrences"), ("fr", "2 occurrences modifiées")] {
        let shown = world.shown(&["status", "--lang", lang]);
        assert!(shown.contains(words) && shown.contains("Weekly: 2026-12-14 09:00"), "{shown}");
        assert!(shown.contains("(Odd)") && shown.contains("(Late)"), "{shown}");
    }
    assert_eq!(world.sync().ends_with(0).summary()["dropped"], 0);
    assert!(!world.shown(&["status"]).contains("Odd"));
    // What is long again has none of them, on either side.
    world.sql("UPDATE appointment_rules SET rule = 'FREQ=WEEKLY;COUNT=6';");
    world.settle();
    assert_eq!(there(&world, &id), mondays("09:00", 2, Some("Even")));
}

#[test]
fn a_series_in_another_zone_keeps_its_occurrences() {
    let (world, id) = weekly();
    world.sql(
        "INSERT INTO appointment_overrides (appointment_id, occurrence, title, cancelled) VALUES
         ('s', '2026-12-14 09:00', 'Titled', 0), ('s', '2027-01-04 09:00', NULL, 1);",
    );
    world.settle();
    world.google("DELETE", &format!("{EVENTS}/{id}_20261221T080000Z?sendUpdates=none"), &Value::Null);
    world.settle();
    for (zone, hour) in [("Europe/London", "10"), ("America/New_York", "15"), ("Europe/Paris", "09")] {
        world.sql(&format!("UPDATE appointments SET start_zone = '{zone}';"));
        world.settle();
        let mut wanted = mondays(&format!("{hour}:00"), 1, Some("Titled"));
        wanted.retain(|(at, _)| !at.starts_with("2026-12-21") && !at.starts_with("2027-01-04"));
        assert_eq!(there(&world, &id), wanted, "{zone}");
        assert_eq!(overrides(&world).len(), 3, "{zone}");
        assert!(waiting(&world).is_empty(), "{zone}");
    }
}

#[test]
fn a_series_moved_at_google_keeps_what_was_changed_of_its_occurrences() {
    for cancelled_there in [false, true] {
        let (world, id) = weekly();
        world.sql(
            "INSERT INTO appointment_overrides (appointment_id, occurrence, title)
             VALUES ('s', '2026-12-14 09:00', 'Titled');",
        );
        if cancelled_there {
            world.settle();
            let hole = format!("{EVENTS}/{id}_20261221T080000Z?sendUpdates=none");
            world.google("DELETE", &hole, &Value::Null);
        } else {
            world.sql(
                "INSERT INTO appointment_overrides (appointment_id, occurrence, cancelled)
                 VALUES ('s', '2026-12-21 09:00', 1);",
            );
        }
        world.settle();
        for hour in [14, 9, 16] {
            let at =
                |hour: i32| json!({ "dateTime": format!("2026-12-07T{hour:02}:00:00"), "timeZone": ZONE });
            let moved = json!({ "start": at(hour), "end": at(hour + 1) });
            world.google("PATCH", &format!("{EVENTS}/{id}?sendUpdates=none"), &moved);
            world.settle();
            let mut wanted = mondays(&format!("{hour:02}:00"), 1, Some("Titled"));
            wanted.retain(|(at, _)| !at.starts_with("2026-12-21"));
            assert_eq!(there(&world, &id), wanted);
            let both = [
                json!({ "at": format!("2026-12-14 {hour:02}:00"), "cancelled": 0, "title": "Titled" }),
                json!({ "at": format!("2026-12-21 {hour:02}:00"), "cancelled": 1, "title": null }),
            ];
            assert_eq!(overrides(&world), both);
            assert!(waiting(&world).is_empty());
            // No excluded date of another hour is left behind.
            let lines = world.event("Weekly")["recurrence"].to_string();
            assert!(lines.matches("2026").count() <= 1, "{lines}");
        }
    }
}

#[test]
fn a_series_that_gets_another_zone_on_the_phone_keeps_what_was_changed_of_its_occurrences() {
    // The hour by each zone's own clock stays; by the clock of Paris it is this one.
    for (cancelled_there, zone, hour) in
        [(false, "America/New_York", "15"), (true, "Europe/London", "10"), (true, "America/New_York", "15")]
    {
        let (world, id) = weekly();
        world.sql(
            "INSERT INTO appointment_overrides (appointment_id, occurrence, title) VALUES
             ('s', '2026-12-14 09:00', 'Titled');
             INSERT INTO appointment_overrides (appointment_id, occurrence, start_kind, start_local, start_zone, location)
             VALUES ('s', '2026-12-28 09:00', 'zoned', '2026-12-29 18:00', 'Europe/Paris', 'Lyon');",
        );
        if cancelled_there {
            world.settle();
            let hole = format!("{EVENTS}/{id}_20261221T080000Z?sendUpdates=none");
            world.google("DELETE", &hole, &Value::Null);
        } else {
            world.sql(
                "INSERT INTO appointment_overrides (appointment_id, occurrence, cancelled)
                 VALUES ('s', '2026-12-21 09:00', 1);",
            );
        }
        world.settle();
        let at = |hour: u32| json!({ "dateTime": format!("2026-12-07T{hour:02}:00:00"), "timeZone": zone });
        let moved = json!({ "start": at(9), "end": at(10) });
        world.google("PATCH", &format!("{EVENTS}/{id}?sendUpdates=none"), &moved);
        let run = world.settle();
        assert_eq!(run.summary()["dropped"], 0, "{zone}");
        let mut wanted = mondays(&format!("{hour}:00"), 1, Some("Titled"));
        wanted.retain(|(at, _)| !at.starts_with("2026-12-21"));
        wanted[2].0 = "2026-12-29T18:00".to_owned();
        assert_eq!(there(&world, &id), wanted, "{zone}");
        let rows = world.rows(
                "'at', substr(occurrence, 1, 16), 'cancelled', cancelled, 'title', title, 'moved', substr(start_local, 1, 16)",
                "appointment_overrides ORDER BY occurrence",
            );
        let all = [
            json!({ "at": "2026-12-14 09:00", "cancelled": 0, "title": "Titled", "moved": null }),
            json!({ "at": "2026-12-21 09:00", "cancelled": 1, "title": null, "moved": null }),
            json!({ "at": "2026-12-28 09:00", "cancelled": 0, "title": null, "moved": "2026-12-29 18:00" }),
        ];
        assert_eq!(rows, all, "{zone}");
        assert!(waiting(&world).is_empty(), "{zone}");
        let start = world.rows("'zone', start_zone", "appointments");
        assert_eq!(start, [json!({ "zone": zone })]);
    }
}

/// The company changes the rule while somebody edits, on the phone, an occurrence that is no more by that.
#[test]
fn what_is_typed_on_the_phone_of_an_occurrence_that_is_no_more_is_told() {
    for (known, rule) in [
        (false, "UPDATE appointment_rules SET rule = 'FREQ=WEEKLY;COUNT=2';"),
        (true, "UPDATE appointment_rules SET rule = 'FREQ=WEEKLY;INTERVAL=2;COUNT=3';"),
        (
            false,
            "UPDATE appointments SET title = 'Every other'; UPDATE appointment_rules SET rule = 'FREQ=WEEKLY;INTERVAL=2;COUNT=3';",
        ),
        (true, "DELETE FROM appointment_rules;"),
    ] {
        let (world, id) = weekly();
        if known {
            world.sql(
                "INSERT INTO appointment_overrides (appointment_id, occurrence, title)
                 VALUES ('s', '2026-12-28 09:00', 'Old');",
            );
            world.settle();
        }
        let typed = json!({ "summary": "With the director", "location": "Lyon" });
        world.google("PATCH", &format!("{EVENTS}/{id}_20261228T080000Z?sendUpdates=none"), &typed);
        world.sql(rule);
        let run = world.sync().ends_with(0);
        let dropped = run.summary()["dropped"].as_u64().unwrap();
        assert_eq!(dropped, 1 + u64::from(known), "{rule} {run:?}");
        let shown = world.shown(&["status"]);
        assert!(shown.contains("2026-12-28 09:00 (With the director; Lyon)"), "{rule} {shown}");
        assert!(waiting(&world).is_empty(), "{rule}");
        assert_eq!(world.settle().summary()["dropped"], 0, "{rule}");
        let state = serde_json::to_string(&world.events()).unwrap();
        assert!(!state.contains("director"), "{rule} {state}");
        assert!(overrides(&world).is_empty(), "{rule}");
    }
}

/// What has its place still comes across, and what has none is told all the same.
#[test]
fn what_has_no_place_any_more_is_told_beside_what_has_one() {
    let (world, id) = weekly();
    for (day, title) in [("20261214", "Stays"), ("20270111", "Goes")] {
        let instance = format!("{EVENTS}/{id}_{day}T080000Z?sendUpdates=none");
        world.google("PATCH", &instance, &json!({ "summary": title }));
    }
    world.sql("UPDATE appointment_rules SET rule = 'FREQ=WEEKLY;COUNT=4';");
    let run = world.settle();
    assert_eq!(run.summary()["dropped"], 1);
    assert_eq!(overrides(&world), [json!({ "at": "2026-12-14 09:00", "cancelled": 0, "title": "Stays" })]);
}

#[test]
fn what_is_taken_back_here_as_the_series_moves_does_not_come_back() {
    let (world, id) = weekly();
    world.sql(
        "INSERT INTO appointment_overrides (appointment_id, occurrence, title)
         VALUES ('s', '2026-12-14 09:00', 'Titled');",
    );
    world.settle();
    world.sql(
        "DELETE FROM appointment_overrides;
         UPDATE appointments SET start_local = '2026-12-07 14:00' WHERE id = 's';",
    );
    world.settle();
    assert_eq!(there(&world, &id), mondays("14:00", 0, Some("Weekly")));
    assert!(overrides(&world).is_empty());
}

#[test]
fn a_series_ended_on_the_phone_while_it_moves_here_has_no_extra_occurrence() {
    let (world, id) = weekly();
    world.sql(
        "INSERT INTO appointment_overrides (appointment_id, occurrence, title) VALUES
         ('s', '2026-12-14 09:00', 'Titled'), ('s', '2027-01-04 09:00', 'Late');",
    );
    world.settle();
    let ended = json!({ "recurrence": ["RRULE:FREQ=WEEKLY;UNTIL=20261227T225959Z"] });
    world.google("PATCH", &format!("{EVENTS}/{id}?sendUpdates=none"), &ended);
    world.sql("UPDATE appointments SET start_local = '2026-12-07 14:00' WHERE id = 's';");
    assert_eq!(world.sync().ends_with(0).summary()["dropped"], 1);
    world.settle();
    let mut wanted = mondays("14:00", 1, Some("Titled"));
    wanted.truncate(3);
    assert_eq!(there(&world, &id), wanted);
    assert_eq!(overrides(&world), [json!({ "at": "2026-12-14 14:00", "cancelled": 0, "title": "Titled" })]);
}

#[test]
fn a_private_occurrence_moved_or_deleted_on_the_phone_is_so_here_and_keeps_its_words() {
    let world = World::new();
    let config = std::fs::read_to_string(world.path("config.toml")).unwrap();
    std::fs::write(world.path("config.toml"), format!("{config}[events]\nprivate_as_busy = true\n")).unwrap();
    world.sql(&format!(
        "INSERT INTO appointments (id, owner_id, title, start_local, start_zone, duration_seconds)
         VALUES ('s', '{USER}', 'Weekly', '2026-12-07 09:00', '{ZONE}', 3600);
         INSERT INTO appointment_rules (appointment_id, rule) VALUES ('s', 'FREQ=WEEKLY;COUNT=6');
         INSERT INTO appointment_overrides (appointment_id, occurrence, title, privacy) VALUES
         ('s', '2026-12-14 09:00', 'Notary', 'private'), ('s', '2026-12-21 09:00', 'Doctor', 'private');"
    ));
    world.settle();
    let id = world.event("Weekly")["id"].as_str().unwrap().to_owned();
    assert_eq!(there(&world, &id)[1].1, "Busy");
    let at = |hour: u32| json!({ "dateTime": format!("2026-12-15T{hour}:00:00"), "timeZone": ZONE });
    let moved = json!({ "start": at(17), "end": at(18), "summary": "Lunch" });
    world.google("PATCH", &format!("{EVENTS}/{id}_20261214T080000Z?sendUpdates=none"), &moved);
    world.google("DELETE", &format!("{EVENTS}/{id}_20261221T080000Z?sendUpdates=none"), &Value::Null);
    world.settle();
    let rows = world.rows(
        "'title', title, 'at', substr(start_local, 1, 16), 'cancelled', cancelled, 'privacy', privacy",
        "appointment_overrides ORDER BY occurrence",
    );
    let wanted = [
        json!({ "title": "Notary", "at": "2026-12-15 17:00", "cancelled": 0, "privacy": "private" }),
        json!({ "title": "Doctor", "at": null, "cancelled": 1, "privacy": "private" }),
    ];
    assert_eq!(rows, wanted);
    assert!(waiting(&world).is_empty());
    assert_eq!(world.sync().ends_with(0).summary()["losses"], 0);
    let shown = world.google("GET", &format!("{EVENTS}?showDeleted=true"), &Value::Null).to_string();
    assert!(!shown.contains("Notary") && !shown.contains("Doctor"), "{shown}");
}

/// What was cancelled or changed of a series that is none any more is no part of the series that is made of it again.
#[test]
fn a_rule_that_is_removed_and_added_again_makes_every_occurrence() {
    for (by_sql, knob) in [(true, false), (false, false), (true, true), (false, true)] {
        let (world, id) = weekly();
        if knob {
            world.control("POST", "knobs", &json!({ "cancelled_without_uid": true }));
        }
        if by_sql {
            world.sql(
                "INSERT INTO appointment_overrides (appointment_id, occurrence, cancelled) VALUES
                 ('s', '2026-12-14 09:00', 1), ('s', '2026-12-28 09:00', 1);
                 INSERT INTO appointment_overrides (appointment_id, occurrence, title) VALUES
                 ('s', '2026-12-21 09:00', 'Titled');",
            );
        } else {
            for day in ["20261214", "20261228"] {
                let hole = format!("{EVENTS}/{id}_{day}T080000Z?sendUpdates=none");
                world.google("DELETE", &hole, &Value::Null);
            }
            let titled = format!("{EVENTS}/{id}_20261221T080000Z?sendUpdates=none");
            world.google("PATCH", &titled, &json!({ "summary": "Titled" }));
        }
        world.settle();
        assert_eq!(there(&world, &id).len(), 4);
        world.sql("DELETE FROM appointment_rules;");
        let run = world.settle();
        assert_eq!(run.summary()["dropped"], 1, "{by_sql} {knob}");
        world
            .sql("INSERT INTO appointment_rules (appointment_id, rule) VALUES ('s', 'FREQ=WEEKLY;COUNT=6');");
        world.settle();
        assert_eq!(there(&world, &id), mondays("09:00", 9, None), "{by_sql} {knob}");
        assert!(overrides(&world).is_empty(), "{by_sql} {knob}");
        assert_eq!(world.sync().ends_with(0).writes(), 0);
    }
}

/// Additional dates: whoever removes one, and however, it takes what is changed of it along, on both sides.
#[test]
fn an_additional_date_is_there_on_both_sides_or_on_neither() {
    const DATES: &str = "INSERT INTO appointment_dates (appointment_id, date) VALUES
        ('s', '2027-03-01 18:00'), ('s', '2027-03-02 18:00');";
    let anew = format!("DELETE FROM appointment_dates; {}", DATES.replace("('s', '2027-03-01 18:00'),", ""));
    let without = "DELETE FROM appointment_dates WHERE date LIKE '2027-03-01%';";
    let plain = ("2027-03-01T18:00".to_owned(), "Weekly".to_owned());
    for change in ["NULL, 0", "'Extra', 0", "NULL, 1"] {
        for (edit, is_there) in [
            (without, false),
            ("UPDATE appointment_dates SET date = '2027-03-03 18:00' WHERE date LIKE '2027-03-01%';", false),
            (anew.as_str(), false),
            ("DELETE FROM appointment_overrides;", true),
            ("the phone", false),
        ] {
            let (world, id) = weekly();
            world.sql(DATES);
            if change != "NULL, 0" {
                world.sql(&format!(
                    "INSERT INTO appointment_overrides (appointment_id, occurrence, title, cancelled)
                     VALUES ('s', '2027-03-01 18:00', {change});"
                ));
            }
            world.settle();
            let told = u64::from(change == "'Extra', 0" && !is_there);
            if edit == "the phone" {
                let master = world.google("GET", &format!("{EVENTS}/{id}"), &Value::Null);
                let lines = ["RRULE:FREQ=WEEKLY;COUNT=6", "RDATE;TZID=Europe/Paris:20270302T180000"];
                assert!(master["recurrence"].to_string().contains("RDATE"), "{master}");
                let path = format!("{EVENTS}/{id}?sendUpdates=none");
                world.google("PATCH", &path, &json!({ "recurrence": lines }));
            } else {
                world.sql(edit);
            }
            let run = world.settle();
            let case = format!("{change} {edit}");
            assert_eq!(run.summary()["dropped"], told, "{case}");
            let shown = there(&world, &id);
            let found: Vec<_> = shown.iter().filter(|(at, _)| at.starts_with("2027-03-01")).collect();
            assert_eq!(found, if is_there { vec![&plain] } else { vec![] }, "{case}");
            assert!(shown.iter().any(|(at, _)| at.starts_with("2027-03-02")), "{case}: {shown:?}");
            let dates = world.rows("'d', date", "appointment_dates WHERE date LIKE '2027-03-01%'");
            assert_eq!(dates.len(), usize::from(is_there), "{case}");
            assert!(overrides(&world).is_empty(), "{case}");
            assert!(waiting(&world).is_empty(), "{case}");
        }
    }
}

/// The connection enforces foreign keys, so that a replacement takes everything with it that belongs to the row.
#[test]
fn rows_that_are_replaced_lose_nothing_on_either_side() {
    let (world, id) = weekly();
    world.sql(
        "INSERT INTO appointment_overrides (appointment_id, occurrence, title, cancelled) VALUES
            ('s', '2026-12-14 09:00', 'Titled', 0), ('s', '2026-12-21 09:00', NULL, 1);
         INSERT INTO contacts (id, given_name) VALUES ('c', 'Anna');
         INSERT INTO contact_emails (contact_id, address) VALUES ('c', 'anna@a.example');
         INSERT INTO contact_phones (contact_id, number, label) VALUES ('c', '01 23 45 67 89', 'work');
         INSERT INTO contact_groups (name) VALUES ('Clients');
         INSERT INTO contact_group_members (contact_id, group_id) SELECT 'c', id FROM contact_groups;",
    );
    world.settle();
    let person = world.person("anna@a.example");
    for (title, hour) in [("Weekly", "09:00"), ("Weekly", "11:00"), ("Weekly", "11:00")] {
        world.sql(&format!(
            "INSERT OR REPLACE INTO appointments (id, owner_id, title, start_local, start_zone, duration_seconds)
                VALUES ('s', '{USER}', '{title}', '2026-12-07 {hour}', '{ZONE}', 3600);
             INSERT OR REPLACE INTO contacts (id, given_name) VALUES ('c', 'Anna');
             INSERT OR REPLACE INTO contact_groups (name) VALUES ('Clients');"
        ));
        let run = world.settle();
        assert_eq!(run.summary()["dropped"], 0, "{hour}");
        let mut wanted = mondays(hour, 1, Some("Titled"));
        wanted.retain(|(at, _)| !at.starts_with("2026-12-21"));
        assert_eq!(there(&world, &id), wanted, "{hour}");
        assert_eq!(overrides(&world).len(), 2, "{hour}");
        let now = world.person("anna@a.example");
        for part in ["emailAddresses", "phoneNumbers", "memberships"] {
            assert_eq!(now[part], person[part], "{hour} {part}");
        }
        assert!(waiting(&world).is_empty(), "{hour}");
    }
}

#[test]
fn what_is_changed_again_on_the_phone_goes_along_with_a_series_moved_here() {
    let phone = [
        (Some(json!({ "location": "Room 5" })), "With the director", 0),
        (Some(json!({ "summary": "With nobody" })), "With nobody", 0),
        (None, "", 1),
    ];
    let moves = [("'2026-12-07 07:30'", "2026-12-14 07:30"), ("'2026-12-08 09:00'", "2026-12-15 09:00")];
    for (edit, title, cancelled) in phone {
        for (start, name) in moves {
            let (world, id) = weekly();
            world.sql(
                "INSERT INTO appointment_overrides (appointment_id, occurrence, title)
                 VALUES ('s', '2026-12-14 09:00', 'With the director');",
            );
            world.settle();
            let instance = format!("{EVENTS}/{id}_20261214T080000Z?sendUpdates=none");
            match &edit {
                Some(edit) => world.google("PATCH", &instance, edit),
                None => world.google("DELETE", &instance, &Value::Null),
            };
            world.sql(&format!("UPDATE appointments SET start_local = {start} WHERE id = 's';"));
            world.settle();
            let found = world.rows(
                "'at', substr(occurrence, 1, 16), 'cancelled', cancelled, 'title', coalesce(title, ''),
                 'location', coalesce(location, '')",
                "appointment_overrides ORDER BY occurrence",
            );
            let case = format!("{edit:?} {start}");
            assert_eq!(found.len(), 1, "{case}: {found:?}");
            assert_eq!(
                (&found[0]["at"], &found[0]["cancelled"]),
                (&json!(name), &json!(cancelled)),
                "{case}"
            );
            if cancelled == 0 {
                assert_eq!(found[0]["title"], title, "{case}: {found:?}");
            }
            let there = there(&world, &id);
            let at = name.replace(' ', "T");
            let shown: Vec<_> =
                there.iter().filter(|(start, _)| *start == at).map(|(_, title)| title).collect();
            assert_eq!(shown, if cancelled == 0 { vec![title] } else { vec![] }, "{case}: {there:?}");
            assert!(waiting(&world).is_empty(), "{case}");
            assert_eq!(world.sync().ends_with(0).writes(), 0, "{case}");
        }
    }
}

/// What was cancelled while the series had another zone, and is not any more, does not come back with the zone.
#[test]
fn an_occurrence_that_is_no_longer_cancelled_takes_place_in_every_zone() {
    let (world, id) = weekly();
    let instance = format!("{EVENTS}/{id}_20261221T080000Z?sendUpdates=none");
    world.google("DELETE", &instance, &Value::Null);
    world.settle();
    assert_eq!(overrides(&world).len(), 1);
    world.sql("DELETE FROM appointment_overrides;");
    let at =
        |hour: u32| json!({ "dateTime": format!("2026-12-07T{hour:02}:00:00"), "timeZone": "Europe/London" });
    let times = json!({ "start": at(9), "end": at(10) });
    world.google("PATCH", &format!("{EVENTS}/{id}?sendUpdates=none"), &times);
    world.settle();
    assert_eq!(there(&world, &id), mondays("10:00", 9, None));
    world.sql("UPDATE appointments SET start_zone = 'Europe/Paris' WHERE id = 's';");
    world.settle();
    assert_eq!(there(&world, &id), mondays("09:00", 9, None));
    assert!(overrides(&world).is_empty());
}

/// Six days at nine, with two that are changed, on both sides.
fn daily(rule: &str, names: [&str; 2]) -> (World, String) {
    let (world, id) = weekly();
    world.sql(&format!(
        "UPDATE appointment_rules SET rule = '{rule}';
         INSERT INTO appointment_overrides (appointment_id, occurrence, title)
         VALUES ('s', '{} 09:00', 'One'), ('s', '{} 09:00', 'Two');",
        names[0], names[1]
    ));
    world.settle();
    (world, id)
}

/// What is changed of a series: name, whether it is cancelled, title.
fn changes(world: &World) -> Vec<(String, u64, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    overrides(world)
        .iter()
        .map(|row| {
            (text(&row["at"])[..10].to_owned(), row["cancelled"].as_u64().unwrap(), text(&row["title"]))
        })
        .collect()
}

/// Where a series is moved by whole days, an occurrence has the name that another one had before.
#[test]
fn an_occurrence_changed_on_the_phone_goes_along_with_a_series_moved_here_by_whole_days() {
    let series = [
        ("FREQ=DAILY;COUNT=6", ["2026-12-08", "2026-12-09", "2026-12-10"], "2026-12-08", "2026-12-11"),
        ("FREQ=WEEKLY;COUNT=6", ["2026-12-14", "2026-12-21", "2026-12-28"], "2026-12-14", "2027-01-04"),
    ];
    for (rule, names, start, last) in series {
        let [first, second, third] = names;
        for hour in ["09:00", "07:30"] {
            for (at, verb) in [(0, "PATCH"), (1, "PATCH"), (2, "PATCH"), (1, "DELETE")] {
                let (world, id) = daily(rule, [first, second]);
                let day = names[at].replace('-', "");
                let instance = format!("{EVENTS}/{id}_{day}T080000Z?sendUpdates=none");
                world.google(verb, &instance, &json!({ "summary": "New" }));
                world.sql(&format!("UPDATE appointments SET start_local = '{start} {hour}' WHERE id = 's';"));
                world.settle();
                let case = format!("{rule} {hour} {at} {verb}");
                let mut wanted = vec![
                    (second.to_owned(), 0, "One".to_owned()),
                    (third.to_owned(), 0, "Two".to_owned()),
                    (last.to_owned(), 0, String::new()),
                ];
                wanted[at].2 = "New".to_owned();
                if verb == "DELETE" {
                    wanted[at].1 = 1;
                }
                let mut found = changes(&world);
                found.iter_mut().filter(|row| row.1 == 1).for_each(|row| row.2 = "New".to_owned());
                wanted.retain(|row| !row.2.is_empty());
                assert_eq!(found, wanted, "{case}");
                let shown = there(&world, &id);
                for (day, cancelled, title) in &wanted {
                    let there: Vec<_> = shown.iter().filter(|(at, _)| at.starts_with(day.as_str())).collect();
                    let one = (format!("{day}T{hour}"), title.clone());
                    assert_eq!(there, if *cancelled == 1 { vec![] } else { vec![&one] }, "{case}: {shown:?}");
                }
                assert_eq!(
                    shown.iter().filter(|(_, title)| title == "Weekly").count(),
                    6 - wanted.len(),
                    "{case}"
                );
                assert!(waiting(&world).is_empty(), "{case}");
                assert_eq!(world.sync().ends_with(0).writes(), 0, "{case}");
            }
        }
    }
}

#[test]
fn an_occurrence_that_both_change_as_its_series_is_moved_by_whole_days_is_one_question() {
    for keep in ["local", "remote"] {
        let (world, id) = daily("FREQ=DAILY;COUNT=6", ["2026-12-08", "2026-12-09"]);
        let instance = format!("{EVENTS}/{id}_20261209T080000Z?sendUpdates=none");
        world.google("PATCH", &instance, &json!({ "summary": "Theirs" }));
        world.sql(
            "UPDATE appointments SET start_local = '2026-12-08 09:00' WHERE id = 's';
             UPDATE appointment_overrides SET title = 'Ours' WHERE title = 'Two';",
        );
        world.sync().ends_with(3);
        let asked = waiting(&world);
        assert_eq!(asked.len(), 1, "{asked:?}");
        world.run(&["conflicts", "resolve", &asked[0]["number"].to_string(), "--keep", keep]).ends_with(0);
        world.settle();
        let kept = if keep == "local" { "Ours" } else { "Theirs" };
        let row = |day: &str, title: &str| (day.to_owned(), 0, title.to_owned());
        assert_eq!(changes(&world), [row("2026-12-09", "One"), row("2026-12-10", kept)], "{keep}");
        let shown = there(&world, &id);
        let changed: Vec<_> = shown.iter().filter(|(_, title)| title != "Weekly").collect();
        let one = |day: &str, title: &str| (format!("{day}T09:00"), title.to_owned());
        assert_eq!(changed, [&one("2026-12-09", "One"), &one("2026-12-10", kept)], "{keep}: {shown:?}");
    }
}

/// While nobody has said when the series begins, nothing that was only renamed by it travels; what was typed does.
#[test]
fn a_series_that_both_move_by_whole_days_has_each_occurrence_once() {
    for keep in ["local", "remote"] {
        let (world, id) = daily("FREQ=DAILY;COUNT=6", ["2026-12-08", "2026-12-09"]);
        let at = |hour: u32| json!({ "dateTime": format!("2026-12-09T{hour:02}:00:00"), "timeZone": ZONE });
        let times = json!({ "start": at(9), "end": at(10) });
        world.google("PATCH", &format!("{EVENTS}/{id}?sendUpdates=none"), &times);
        world.sql("UPDATE appointments SET start_local = '2026-12-08 09:00' WHERE id = 's';");
        let before = there(&world, &id);
        world.sync();
        assert_eq!(there(&world, &id), before, "{keep}");
        let asked = waiting(&world);
        assert_eq!(asked.len(), 1, "{asked:?}");
        world.run(&["conflicts", "resolve", &asked[0]["number"].to_string(), "--keep", keep]).ends_with(0);
        world.settle();
        let shown = there(&world, &id);
        assert_eq!(shown.len(), 6, "{keep} {shown:?}");
        for title in ["One", "Two"] {
            let here: Vec<_> =
                changes(&world).into_iter().filter(|row| row.2 == title).map(|row| row.0).collect();
            let there: Vec<_> =
                shown.iter().filter(|row| row.1 == title).map(|row| row.0[..10].to_owned()).collect();
            assert_eq!((here.len(), &here), (1, &there), "{keep} {title} {shown:?}");
        }
        assert!(waiting(&world).is_empty(), "{keep}");
    }
}

#[test]
fn occurrences_wait_with_the_question_when_their_series_begins() {
    for (keep, hour) in [("local", "08:00"), ("remote", "14:00")] {
        let (world, id) = weekly();
        world.sql(
            "INSERT INTO appointment_overrides (appointment_id, occurrence, title, cancelled)
             VALUES ('s', '2026-12-14 09:00', 'With the director', 0), ('s', '2026-12-21 09:00', NULL, 1);",
        );
        world.settle();
        let at = |hour: u32| json!({ "dateTime": format!("2026-12-07T{hour}:00:00"), "timeZone": ZONE });
        let times = json!({ "start": at(14), "end": at(15) });
        world.google("PATCH", &format!("{EVENTS}/{id}?sendUpdates=none"), &times);
        world.sql("UPDATE appointments SET start_local = '2026-12-07 08:00' WHERE id = 's';");
        world.sync().ends_with(3);
        let names = |world: &World| -> Vec<Value> {
            overrides(world).iter().map(|row| json!([row["at"], row["cancelled"], row["title"]])).collect()
        };
        let waiting_here =
            [json!(["2026-12-14 08:00", 0, "With the director"]), json!(["2026-12-21 08:00", 1, null])];
        assert_eq!(names(&world), waiting_here, "{keep}");
        let asked = waiting(&world);
        assert_eq!(asked.len(), 1, "{asked:?}");
        let number = asked[0]["number"].to_string();
        world.run(&["conflicts", "resolve", &number, "--keep", keep]).ends_with(0);
        world.settle();
        let wanted = [
            json!([format!("2026-12-14 {hour}"), 0, "With the director"]),
            json!([format!("2026-12-21 {hour}"), 1, null]),
        ];
        assert_eq!(names(&world), wanted, "{keep}");
        let shown = there(&world, &id);
        assert!(shown.contains(&(format!("2026-12-14T{hour}"), "With the director".to_owned())), "{shown:?}");
        assert!(!shown.iter().any(|(start, _)| start.starts_with("2026-12-21")), "{shown:?}");
        assert!(waiting(&world).is_empty(), "{keep}");
    }
}
