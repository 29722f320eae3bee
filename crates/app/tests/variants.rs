//! What Google does that other calendars do not: each of it goes through the whole product, and both sides agree.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;

use common::{EVENTS, World, ZONE, waiting};
use serde_json::{Value, json};

const GUEST: &str = "bob@example.org";

fn knobs(world: &World, knobs: Value) {
    world.control("POST", "knobs", &knobs);
}

fn timed(at: &str) -> Value {
    json!({"dateTime": at, "timeZone": ZONE})
}

/// A series of the company's, every Monday at nine, in step with Google.
fn weekly(world: &World) -> String {
    world.sql(
        "INSERT INTO appointments (id, owner_id, title, start_local, start_zone, duration_seconds) \
         VALUES ('w', 'alice', 'Weekly', '2027-03-01 09:00', 'Europe/Paris', 3600);\
         INSERT INTO appointment_rules (appointment_id, rule) VALUES ('w', 'FREQ=WEEKLY;COUNT=6');",
    );
    world.settle();
    world.event("Weekly")["id"].as_str().unwrap().to_owned()
}

fn google(world: &World, verb: &str, id: &str, body: &Value) -> Value {
    let query = if verb == "GET" { "" } else { "?sendUpdates=none" };
    world.google(verb, &format!("{EVENTS}/{id}{query}"), body)
}

/// What takes place at Google: the local starts and titles of all occurrences.
fn occurrences(world: &World, from: &str, to: &str) -> Vec<String> {
    let path = format!(
        "{EVENTS}?singleEvents=true&orderBy=startTime&maxResults=250&timeMin={from}T00:00:00Z&timeMax={to}T00:00:00Z"
    );
    let found = world.google("GET", &path, &Value::Null);
    let items = found["items"].as_array().cloned().unwrap_or_default();
    items
        .iter()
        .map(|item| {
            let start = item["start"]["dateTime"].as_str().or(item["start"]["date"].as_str()).unwrap();
            let title = item["summary"].as_str().unwrap_or_default();
            format!("{} {title}", start.get(..16).unwrap_or(start))
        })
        .collect()
}

/// An event as Google shows it.
fn shown(world: &World, title: &str) -> Value {
    google(world, "GET", world.event(title)["id"].as_str().unwrap(), &Value::Null)
}

fn rows(world: &World, columns: &[&str], from: &str) -> Vec<Value> {
    let object: Vec<String> = columns.iter().map(|column| format!("'{column}', {column}")).collect();
    world.rows(&object.join(", "), from)
}

fn codes(world: &World) -> Vec<String> {
    let code = |one: &Value| one["problem"]["code"].as_str().unwrap_or_default().to_owned();
    waiting(world).iter().map(code).collect()
}

#[test]
fn years_and_offsets_of_long_ago_go_both_ways() {
    let world = World::new();
    world.google("PATCH", "/calendar/v3/calendars/primary", &json!({"timeZone": ZONE}));
    // Paris kept its own mean time until 1911: nine minutes and twenty-one seconds before Greenwich's.
    world.add_event(&json!({"summary": "Belle Époque", "start": timed("1900-01-01T12:00:00"), "end": timed("1900-01-01T13:00:00")}));
    world.add_event(
        &json!({"summary": "Old day", "start": {"date": "0099-01-01"}, "end": {"date": "0099-01-02"}}),
    );
    world.add_event(
        &json!({"summary": "Last day", "start": {"date": "9998-12-30"}, "end": {"date": "9998-12-31"}}),
    );
    world.add_event(&json!({"summary": "Old series", "start": timed("1905-01-02T09:00:00"),
        "end": timed("1905-01-02T10:00:00"), "recurrence": ["RRULE:FREQ=WEEKLY;COUNT=3"]}));
    world.sql(
        "INSERT INTO appointments (id, owner_id, title, start_local, start_zone, duration_seconds) VALUES \
         ('x', 'alice', 'Expo', '1900-04-14 12:00', 'Europe/Paris', 3600),\
         ('a', 'alice', 'Amsterdam', '1935-07-01 12:00', 'Europe/Amsterdam', 3600),\
         ('m', 'alice', 'Monrovia', '1970-07-01 12:00', 'Africa/Monrovia', 3600);",
    );
    world.settle();
    assert!(codes(&world).is_empty(), "{:?}", waiting(&world));
    let local = |title: &str| {
        let row = rows(&world, &["start_local"], &format!("appointments WHERE title = '{title}'"));
        row[0]["start_local"]
            .as_str()
            .unwrap()
            .replace('T', " ")
            .get(..16.min(row[0]["start_local"].as_str().unwrap().len()))
            .unwrap()
            .to_owned()
    };
    assert_eq!(local("Belle Époque"), "1900-01-01 12:00");
    assert_eq!(local("Old day"), "0099-01-01");
    assert_eq!(local("Last day"), "9998-12-30");
    assert_eq!(local("Old series"), "1905-01-02 09:00");
    assert_eq!(shown(&world, "Expo")["start"]["dateTime"], "1900-04-14T12:00:00+00:09:21");
    // The instants, by the offset of the account's own zone.
    let at = |title: &str| shown(&world, title)["start"]["dateTime"].as_str().unwrap().to_owned();
    let monrovia = at("Monrovia");
    assert!(monrovia.contains(":44:30"), "{monrovia}");
    // One occurrence of the old series is moved there, and one is cancelled here.
    let id = world.event("Old series")["id"].as_str().unwrap().to_owned();
    google(&world, "PATCH", &format!("{id}_19050109T085039Z"), &json!({"summary": "Named"}));
    world.sql(
        "INSERT INTO appointment_overrides (appointment_id, occurrence, cancelled) \
         SELECT id, '1905-01-16 09:00', 1 FROM appointments WHERE title = 'Old series';",
    );
    world.sql("UPDATE appointments SET duration_seconds = 7200 WHERE id = 'x';");
    world.settle();
    assert_eq!(world.number("appointment_overrides WHERE title = 'Named'"), 1);
    assert_eq!(shown(&world, "Expo")["end"]["dateTime"], "1900-04-14T14:00:00+00:09:21");
    let path = format!("{EVENTS}/{id}/instances?maxResults=40");
    let left = world.google("GET", &path, &Value::Null)["items"].as_array().unwrap().len();
    assert_eq!(left, 2);
}

#[test]
fn a_day_that_ends_where_it_begins_is_a_day() {
    let world = World::new();
    let day = json!({"date": "2027-02-01"});
    world.add_event(&json!({"summary": "Day", "start": day, "end": day}));
    world.settle();
    assert!(codes(&world).is_empty(), "{:?}", waiting(&world));
    let row = &rows(&world, &["start_kind", "start_local"], "appointments WHERE title = 'Day'")[0];
    assert_eq!((row["start_kind"].as_str(), row["start_local"].as_str()), (Some("date"), Some("2027-02-01")));
    world.sql("UPDATE appointments SET title = 'Renamed' WHERE title = 'Day';");
    world.settle();
    let shown = world.event("Renamed");
    assert_eq!(
        (&shown["start"]["date"], &shown["end"]["date"]),
        (&json!("2027-02-01"), &json!("2027-02-01"))
    );
    world.sql("UPDATE appointments SET duration_days = 2 WHERE title = 'Renamed';");
    world.settle();
    assert_eq!(world.event("Renamed")["end"]["date"], "2027-02-03");
}

#[test]
fn zones_by_other_names_move_nothing() {
    let world = World::new();
    weekly(&world);
    world.add_event(&json!({"summary": "Single", "start": timed("2027-03-02T10:00:00"), "end": timed("2027-03-02T11:00:00")}));
    world.settle();
    let was = rows(&world, &["title", "start_local", "start_zone"], "appointments ORDER BY title");
    for name in ["GMT+02:00", "(GMT+01:00) Paris", "Romance Standard Time"] {
        knobs(&world, json!({"shown_zones": {"Europe/Paris": name}}));
        world.control("POST", "expire", &json!({"what": "calendar"}));
        world.add_event(&json!({"summary": format!("New {name}"), "start": timed("2027-03-03T10:00:00"),
            "end": timed("2027-03-03T11:00:00")}));
        world.sync();
        // An edit of something else, on both sides.
        world.sql(&format!("UPDATE appointments SET location = '{name}' WHERE title = 'Single';"));
        let id = world.event("Single")["id"].as_str().unwrap().to_owned();
        google(&world, "PATCH", &id, &json!({"description": name}));
        world.sync();
        world.sync();
        assert_eq!(world.number(&format!("appointments WHERE title = 'New {name}'")), 1, "{name}");
        knobs(&world, json!({"shown_zones": null}));
        world.control("POST", "expire", &json!({"what": "calendar"}));
        world.settle();
        let now = rows(
            &world,
            &["title", "start_local", "start_zone"],
            "appointments WHERE title NOT LIKE 'New%' ORDER BY title",
        );
        assert_eq!(now, was, "{name}");
        assert_eq!(world.event("Single")["start"]["dateTime"], "2027-03-02T09:00:00Z");
        assert_eq!(world.event("Single")["start"]["timeZone"], ZONE);
        assert_eq!(world.event("Single")["location"], name);
        assert_eq!(
            world.number(&format!("appointments WHERE title = 'Single' AND description = '{name}'")),
            1
        );
        assert_eq!(occurrences(&world, "2027-03-04", "2027-05-01").len(), 5);
        let new =
            rows(&world, &["start_local", "start_zone"], &format!("appointments WHERE title = 'New {name}'"));
        assert!(new[0]["start_local"].as_str().unwrap().contains("10:00"), "{new:?}");
    }
}

#[test]
fn a_start_outside_its_rule_takes_place_on_both_sides() {
    let world = World::new();
    // 1 March 2027 is a Monday; the rule names Wednesdays.
    world.sql(
        "INSERT INTO appointments (id, owner_id, title, start_local, start_zone, duration_seconds) \
         VALUES ('o', 'alice', 'Odd', '2027-03-01 09:00', 'Europe/Paris', 3600);\
         INSERT INTO appointment_rules (appointment_id, rule) VALUES ('o', 'FREQ=WEEKLY;BYDAY=WE;COUNT=3');",
    );
    world.settle();
    let all = || occurrences(&world, "2027-02-01", "2027-06-01");
    assert_eq!(all(), ["2027-03-01T09:00 Odd", "2027-03-03T09:00 Odd", "2027-03-10T09:00 Odd"]);
    // The first one gets a title there, and is cancelled here.
    let id = world.event("Odd")["id"].as_str().unwrap().to_owned();
    google(&world, "PATCH", &format!("{id}_20270301T080000Z"), &json!({"summary": "First"}));
    world.settle();
    assert_eq!(all()[0], "2027-03-01T09:00 First");
    assert_eq!(
        world.number("appointment_overrides WHERE occurrence LIKE '2027-03-01%' AND title = 'First'"),
        1
    );
    world.sql("UPDATE appointment_overrides SET cancelled = 1, title = NULL WHERE appointment_id = 'o';");
    world.settle();
    assert_eq!(all(), ["2027-03-03T09:00 Odd", "2027-03-10T09:00 Odd"]);
    // And takes place again.
    world.sql("DELETE FROM appointment_overrides WHERE appointment_id = 'o';");
    world.settle();
    assert_eq!(all(), ["2027-03-01T09:00 Odd", "2027-03-03T09:00 Odd", "2027-03-10T09:00 Odd"]);
    // Cancelled there.
    google(&world, "DELETE", &format!("{id}_20270301T080000Z"), &Value::Null);
    world.settle();
    assert_eq!(
        world.number("appointment_overrides WHERE occurrence LIKE '2027-03-01%' AND cancelled = 1"),
        1
    );
    // Moved by plain SQL, with its rule: a cancelled one stays cancelled.
    world.sql("UPDATE appointments SET start_local = '2027-03-01 10:00' WHERE id = 'o';");
    world.settle();
    assert_eq!(all(), ["2027-03-03T10:00 Odd", "2027-03-10T10:00 Odd"]);
}

#[test]
fn a_rule_that_google_refuses_stops_its_record_alone() {
    let world = World::new();
    weekly(&world);
    knobs(&world, json!({"refused_frequencies": ["HOURLY", "MINUTELY", "SECONDLY"]}));
    for (id, rule) in [("h", "FREQ=HOURLY;COUNT=3"), ("m", "INTERVAL=5;FREQ=MINUTELY;COUNT=3")] {
        world.sql(&format!(
            "INSERT INTO appointments (id, owner_id, title, start_local, start_zone, duration_seconds) \
             VALUES ('{id}', 'alice', 'Refused {id}', '2027-03-01 09:00', 'Europe/Paris', 60);\
             INSERT INTO appointment_rules (appointment_id, rule) VALUES ('{id}', '{rule}');"
        ));
    }
    world.sql("UPDATE appointments SET title = 'Renamed' WHERE id = 'w';");
    world.sql(
        "INSERT INTO appointments (id, owner_id, title, start_local, start_zone, duration_seconds) \
         VALUES ('f', 'alice', 'Fine', '2027-03-01 09:00', 'Europe/Paris', 60);",
    );
    let run = world.sync();
    assert_eq!((run.code, run.summary()["failed"].as_u64()), (Some(3), Some(2)), "{run:?}");
    assert_eq!(world.titles_in("primary"), ["Fine", "Renamed"]);
    let named = waiting(&world);
    assert_eq!(named.len(), 2, "{named:?}");
    for one in &named {
        assert!(one["summary"].as_str().unwrap().starts_with("Refused"), "{one}");
        assert!(one["problem"]["code"].as_str().unwrap().starts_with("GOOG-"), "{one}");
    }
    // Refused again and again, it makes nothing else wait; mended, it travels.
    assert_eq!(world.sync().code, Some(3));
    world.sql("UPDATE appointment_rules SET rule = 'FREQ=DAILY;COUNT=3' WHERE appointment_id IN ('h', 'm');");
    world.sync();
    world.settle();
    assert!(waiting(&world).is_empty(), "{:?}", waiting(&world));
    assert_eq!(world.titles_in("primary"), ["Fine", "Refused h", "Refused m", "Renamed"]);
}

#[test]
fn a_guests_answer_to_one_occurrence_arrives_for_that_one() {
    let world = World::new();
    world.control("POST", "accounts", &json!({"email": GUEST, "time_zone": ZONE}));
    let id = weekly(&world);
    world.sql(&format!(
        "INSERT INTO appointment_participants (appointment_id, email) VALUES ('w', '{GUEST}'), ('w', 'x@client.example');"
    ));
    world.settle();
    let one = format!("{id}_20270308T080000Z");
    world.control(
        "POST",
        "ui/calendar/respond",
        &json!({"account": GUEST, "event": one, "response": "declined"}),
    );
    world.settle();
    let answers = |occurrence: &str| {
        let from =
            format!("appointment_participants WHERE occurrence LIKE '{occurrence}' AND email = '{GUEST}'");
        let found = rows(&world, &["participation_status"], &from);
        found.iter().map(|row| row["participation_status"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(answers("2027-03-08%"), ["declined"]);
    assert_eq!(answers(""), ["needs_action"]);
    assert_eq!(
        world.number("appointment_participants WHERE occurrence LIKE '2027-03-08%'"),
        2,
        "all guests of it"
    );
    // An edit of the series here does not take the answer back.
    world.sql("UPDATE appointments SET location = 'Lyon' WHERE id = 'w';");
    world.settle();
    let at_google = google(&world, "GET", &one, &Value::Null);
    let row =
        at_google["attendees"].as_array().unwrap().iter().find(|row| row["email"] == GUEST).unwrap().clone();
    assert_eq!(
        (row["responseStatus"].as_str(), at_google["location"].as_str()),
        (Some("declined"), Some("Lyon"))
    );
    assert_eq!(answers("2027-03-08%"), ["declined"]);
    assert_eq!(world.mails(), 0);
}

#[test]
fn deleting_the_first_and_all_that_follow_deletes_the_series() {
    let world = World::new();
    let id = weekly(&world);
    world.gesture("calendar/delete_following", json!({"event": id, "from": "20270301T080000Z"}));
    world.settle();
    assert_eq!(world.number("appointments"), 0);
    assert!(world.titles_in("primary").is_empty());
    // From a later one, it is shorter.
    let world = World::new();
    let id = weekly(&world);
    world.sql("INSERT INTO appointment_overrides (appointment_id, occurrence, title) VALUES ('w', '2027-03-22 09:00', 'Late');");
    world.settle();
    world.gesture("calendar/delete_following", json!({"event": id, "from": "20270315T080000Z"}));
    world.settle();
    assert_eq!(occurrences(&world, "2027-02-01", "2027-06-01").len(), 2);
    assert_eq!(world.number("appointment_overrides"), 0);
    assert_eq!(world.number("appointments"), 1);
}

#[test]
fn a_series_that_moves_there_and_back_keeps_its_exceptions() {
    let world = World::new();
    weekly(&world);
    world.sql(
        "INSERT INTO appointment_overrides (appointment_id, occurrence, title) VALUES ('w', '2027-03-08 09:00', 'Named');\
         INSERT INTO appointment_overrides (appointment_id, occurrence, cancelled) VALUES ('w', '2027-03-15 09:00', 1);\
         INSERT INTO appointment_overrides (appointment_id, occurrence, start_kind, start_local, start_zone) \
            VALUES ('w', '2027-03-22 09:00', 'zoned', '2027-03-23 15:00', 'Europe/Paris');",
    );
    world.settle();
    for hour in ["11", "09", "08", "09"] {
        world.sql(&format!("UPDATE appointments SET start_local = '2027-03-01 {hour}:00' WHERE id = 'w';"));
        world.settle();
        let wanted = [
            format!("2027-03-01T{hour}:00 Weekly"),
            format!("2027-03-08T{hour}:00 Named"),
            "2027-03-23T15:00 Weekly".to_owned(),
            format!("2027-03-29T{hour}:00 Weekly"),
            format!("2027-04-05T{hour}:00 Weekly"),
        ];
        assert_eq!(occurrences(&world, "2027-02-01", "2027-06-01"), wanted, "{hour}");
        assert_eq!(world.number("appointment_overrides"), 3, "{hour}");
    }
}

#[test]
fn an_occurrence_that_was_cancelled_at_google_follows_a_series_that_plain_sql_moves() {
    let world = World::new();
    let id = weekly(&world);
    google(&world, "DELETE", &format!("{id}_20270308T080000Z"), &Value::Null);
    google(&world, "PATCH", &format!("{id}_20270315T080000Z"), &json!({"summary": "Named"}));
    world.settle();
    for hour in ["11", "09", "10"] {
        world.sql(&format!("UPDATE appointments SET start_local = '2027-03-01 {hour}:00' WHERE id = 'w';"));
        world.settle();
        let wanted = [
            format!("2027-03-01T{hour}:00 Weekly"),
            format!("2027-03-15T{hour}:00 Named"),
            format!("2027-03-22T{hour}:00 Weekly"),
            format!("2027-03-29T{hour}:00 Weekly"),
            format!("2027-04-05T{hour}:00 Weekly"),
        ];
        assert_eq!(occurrences(&world, "2027-02-01", "2027-06-01"), wanted, "{hour}");
        assert_eq!(world.number("appointment_overrides WHERE cancelled = 1"), 1);
    }
}

#[test]
fn what_moves_at_google_by_an_hour_loses_its_exceptions_on_both_sides_alike() {
    let world = World::new();
    let id = weekly(&world);
    world.sql(
        "INSERT INTO appointment_overrides (appointment_id, occurrence, title) VALUES ('w', '2027-03-08 09:00', 'Named');\
         INSERT INTO appointment_overrides (appointment_id, occurrence, cancelled) VALUES ('w', '2027-03-15 09:00', 1);",
    );
    world.settle();
    google(&world, "DELETE", &format!("{id}_20270322T080000Z"), &Value::Null);
    world.settle();
    assert_eq!(occurrences(&world, "2027-02-01", "2027-06-01").len(), 4);
    for (hour, end) in [("11", "12"), ("09", "10")] {
        let times = json!({"start": timed(&format!("2027-03-01T{hour}:00:00")), "end": timed(&format!("2027-03-01T{end}:00:00"))});
        google(&world, "PATCH", &id, &times);
        world.settle();
        assert_eq!(world.number(&format!("appointments WHERE start_local LIKE '2027-03-01_{hour}:00%'")), 1);
        // Whatever Google made of them, both sides show the same.
        let there = occurrences(&world, "2027-02-01", "2027-06-01");
        // An `EXDATE` of the other hour names no occurrence.
        let cancelled = world
            .number(&format!("appointment_overrides WHERE cancelled = 1 AND occurrence LIKE '% {hour}:00%'"));
        assert_eq!(there.len() as u64, 6 - cancelled, "{there:?}");
        let named = there.iter().filter(|one| one.ends_with("Named")).count() as u64;
        assert_eq!(world.number("appointment_overrides WHERE title = 'Named'"), named, "{there:?}");
    }
}

#[test]
fn a_split_to_another_hour_is_two_series_here() {
    let world = World::new();
    let id = weekly(&world);
    world.sql("INSERT INTO appointment_overrides (appointment_id, occurrence, title) VALUES ('w', '2027-03-22 09:00', 'Late');");
    world.settle();
    let changes = json!({"start": timed("2027-03-15T11:00:00"), "end": timed("2027-03-15T12:00:00")});
    world.gesture("calendar/split", json!({"event": id, "from": "20270315T080000Z", "changes": changes}));
    let wanted = occurrences(&world, "2027-02-01", "2027-06-01");
    world.settle();
    assert_eq!(occurrences(&world, "2027-02-01", "2027-06-01"), wanted, "the run changed nothing at Google");
    assert_eq!(world.number("appointments"), 2);
    assert_eq!(world.number("appointments WHERE start_local LIKE '2027-03-15_11:00%'"), 1);
    assert_eq!(world.number("appointment_overrides"), 0, "Google made a series without exceptions of it");
    // Each is edited for itself.
    world.sql("UPDATE appointments SET title = 'Second' WHERE start_local LIKE '2027-03-15%';");
    world.settle();
    assert_eq!(world.titles_in("primary"), ["Second", "Weekly"]);
}

#[test]
fn a_conference_that_an_answer_leaves_out_is_not_lost() {
    let world = World::new();
    let event = json!({"summary": "Call", "start": timed("2027-03-02T10:00:00"), "end": timed("2027-03-02T11:00:00"),
        "conferenceData": {"createRequest": {"requestId": "r1"}}});
    world.google("POST", &format!("{EVENTS}?conferenceDataVersion=1"), &event);
    world.settle();
    let full = world.event("Call");
    let link = || rows(&world, &["conference_url"], "appointments")[0]["conference_url"].clone();
    let was = link();
    assert!(was.as_str().unwrap().starts_with("https://"), "{was}");
    knobs(&world, json!({"strip_conference": true}));
    world.control("POST", "expire", &json!({"what": "calendar"}));
    world.sync();
    world.sql("UPDATE appointments SET title = 'Renamed';");
    world.sync();
    assert_eq!(link(), was);
    // The undo of a deletion made meanwhile brings the conference back as well.
    knobs(&world, json!({"strip_conference": false}));
    world.settle();
    assert_eq!(link(), was);
    let now = world.event("Renamed");
    assert_eq!(
        (&now["conferenceData"], &now["hangoutLink"]),
        (&full["conferenceData"], &full["hangoutLink"])
    );
}

#[test]
fn cancelled_occurrences_that_carry_no_uid_are_cancelled_here() {
    let world = World::new();
    knobs(&world, json!({"cancelled_without_uid": true, "resend_exceptions": false}));
    let id = weekly(&world);
    google(&world, "DELETE", &format!("{id}_20270308T080000Z"), &Value::Null);
    world.settle();
    assert_eq!(world.number("appointment_overrides WHERE cancelled = 1"), 1);
    google(&world, "PATCH", &id, &json!({"location": "Lyon"}));
    world.settle();
    world.sql("UPDATE appointments SET title = 'Renamed';");
    world.settle();
    world.control("POST", "expire", &json!({"what": "calendar"}));
    world.settle();
    assert_eq!(world.number("appointment_overrides WHERE cancelled = 1"), 1);
    assert_eq!(occurrences(&world, "2027-02-01", "2027-06-01").len(), 5);
}

#[test]
fn a_cancelled_occurrence_that_google_fails_at_stops_only_its_series() {
    let world = World::new();
    knobs(&world, json!({"cancelled_without_uid": true, "resend_exceptions": false}));
    let id = weekly(&world);
    let hole = format!("{id}_20270308T080000Z");
    google(&world, "DELETE", &hole, &Value::Null);
    world.settle();
    google(&world, "PATCH", &id, &json!({"location": "Lyon"}));
    world.control(
        "POST",
        "faults",
        &json!({"rules": [{"method": "calendar.events.get", "about": hole, "status": 500}]}),
    );
    world.sql(
        "INSERT INTO appointments (id, owner_id, title, start_local, start_zone, duration_seconds)
         VALUES ('other', 'alice', 'Other', '2027-03-02 09:00', 'Europe/Paris', 3600);",
    );
    for _ in 0..2 {
        let run = world.sync().ends_with(3);
        assert_eq!(run.summary()["stopped"], Value::Null, "{run:?}");
    }
    assert!(world.titles_in("primary").contains(&"Other".to_owned()), "the others go on");
    assert_eq!(world.number("appointments WHERE location = 'Lyon'"), 0, "not half of it");
    assert_eq!(world.number("appointment_overrides WHERE cancelled = 1"), 1);
    world.control("POST", "faults", &json!({"rules": []}));
    world.settle();
    assert_eq!(world.number("appointments WHERE location = 'Lyon'"), 1);
    assert_eq!(world.number("appointment_overrides WHERE cancelled = 1"), 1);
}

#[test]
fn a_stale_read_of_another_process_is_no_news() {
    let world = World::new();
    world.sql(
        "INSERT INTO contacts (id, given_name) VALUES ('c', 'Anne');\
         INSERT INTO contact_emails (contact_id, address) VALUES ('c', 'anne@there.example');",
    );
    world.settle();
    knobs(&world, json!({"people_stale_read_seconds": 60}));
    let notes = || rows(&world, &["notes"], "contacts")[0]["notes"].as_str().unwrap().to_owned();
    // Typed twice, each run a process of its own.
    for text in ["first", "second"] {
        world.sql(&format!("UPDATE contacts SET notes = '{text}' WHERE id = 'c';"));
        world.sync();
        assert_eq!(notes(), text);
        world.sync();
        assert_eq!(notes(), text);
    }
    world.sql("DELETE FROM contacts WHERE id = 'c';");
    world.sync();
    world.sync();
    assert_eq!(world.number("contacts"), 0);
    world.control("POST", "clock", &json!({"advance_seconds": 120}));
    world.settle();
    assert_eq!((world.number("contacts"), world.people().len()), (0, 0));
}

#[test]
fn a_guest_whose_address_is_none_sets_its_record_aside() {
    let world = World::new();
    for (id, email) in
        [("a", "nobody"), ("b", "a b@c.example"), ("c", "a..b@c.example"), ("d", "fine@c.example")]
    {
        world.sql(&format!(
            "INSERT INTO appointments (id, owner_id, title, start_local, start_zone, duration_seconds) \
             VALUES ('{id}', 'alice', 'With {id}', '2027-03-01 09:00', 'Europe/Paris', 60);\
             INSERT INTO appointment_participants (appointment_id, email) VALUES ('{id}', '{email}');"
        ));
    }
    let run = world.sync();
    assert_eq!((run.code, run.summary()["failed"].as_u64()), (Some(3), Some(3)), "{run:?}");
    assert_eq!(world.titles_in("primary"), ["With d"]);
    let named = waiting(&world);
    assert_eq!(named.len(), 3, "{named:?}");
    assert!(named.iter().all(|one| one["summary"].as_str().unwrap().starts_with("With ")), "{named:?}");
    world.sql("UPDATE appointment_participants SET email = 'right@c.example' WHERE appointment_id <> 'd';");
    world.sync();
    world.settle();
    assert!(waiting(&world).is_empty());
    assert_eq!(world.titles_in("primary").len(), 4);
}
