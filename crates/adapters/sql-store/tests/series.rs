//! A series that plain SQL moves or shortens: its occurrences go along, in the tables themselves.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod support;

use std::collections::BTreeMap;

use passerelle_calendar::{Alert, Event, Override};
use passerelle_ports::{ItemId, Replica, Write, Written};
use support::{Client, company, created, entry, write_one};

const NAMES: &str = "SELECT occurrence AS text FROM appointment_overrides ORDER BY 1";

fn made(client: &mut Client, start: &str, rule: &str, names: &[&str]) {
    let (kind, zone, days) = match start.len() {
        10 => ("date", "NULL", 1),
        _ => ("zoned", "'Europe/Paris'", 0),
    };
    client.run(&format!(
        "DELETE FROM appointments; DELETE FROM passerelle_unfollowed;
         INSERT INTO appointments (id, owner_id, title, start_kind, start_local, start_zone, duration_days)
             VALUES ('a', 'anne', 'Weekly', '{kind}', '{start}', {zone}, {days});
         INSERT INTO appointment_rules (appointment_id, rule) VALUES ('a', '{rule}');"
    ));
    for name in names {
        client.run(&format!(
            "INSERT INTO appointment_overrides (appointment_id, occurrence, title, own_alerts, own_participants)
                 VALUES ('a', '{name}', 'x', 1, 1);
             INSERT INTO appointment_alerts (appointment_id, occurrence, minutes_before) VALUES ('a', '{name}', 5);
             INSERT INTO appointment_participants (appointment_id, occurrence, email) VALUES ('a', '{name}', 'g@x');"
        ));
    }
}

#[tokio::test]
async fn a_series_that_moves_takes_the_names_of_its_occurrences_along() {
    let company = company().await;
    let mut client = company.client();
    let to = |start: &str| format!("UPDATE appointments SET start_local = '{start}'");
    let rule = |rule: &str| format!("UPDATE appointment_rules SET rule = '{rule}'");
    let both = |first: String, second: String| format!("{first}; {second}");
    let two = ["2026-12-14 10:00", "2026-12-21T10:00:00"];
    let mondays = ["2026-12-07 10:00", "2026-12-14 10:00"];
    let tuesdays = "2026-12-08 09:00:00|2026-12-15 09:00:00";
    let all_day = "start_kind = 'date', start_zone = NULL, duration_days = 1";
    let timed = "start_kind = 'zoned', start_zone = 'Europe/Paris', duration_days = 0";
    for (start, of, names, sql, wanted) in [
        // The hour.
        (
            "2026-12-07 10:00",
            "FREQ=WEEKLY;COUNT=4",
            &two[..],
            to("2026-12-07 14:00"),
            "2026-12-14 14:00:00|2026-12-21 14:00:00",
        ),
        (
            "2026-12-07 10:00",
            "FREQ=WEEKLY;BYDAY=MO",
            &two,
            to("2026-12-07T08:30"),
            "2026-12-14 08:30:00|2026-12-21 08:30:00",
        ),
        (
            "2026-12-07 10:00",
            "FREQ=MONTHLY;BYDAY=1MO",
            &["2027-01-04 10:00"],
            to("2026-12-07 08:30"),
            "2027-01-04 08:30:00",
        ),
        // The day, of a rule that names none.
        (
            "2026-12-07 10:00",
            "FREQ=WEEKLY;COUNT=4",
            &two,
            to("2026-12-08 10:00"),
            "2026-12-15 10:00:00|2026-12-22 10:00:00",
        ),
        (
            "2026-12-07 10:00",
            "FREQ=DAILY",
            &mondays,
            to("2026-12-06 11:00"),
            "2026-12-06 11:00:00|2026-12-13 11:00:00",
        ),
        (
            "2026-12-07 10:00",
            "FREQ=DAILY",
            &["2026-12-08 10:00", "2026-12-09 10:00"],
            to("2026-12-08 10:00"),
            "2026-12-09 10:00:00|2026-12-10 10:00:00",
        ),
        (
            "2026-12-07 10:00",
            "FREQ=MONTHLY",
            &["2027-01-07 10:00", "2027-03-07 10:00"],
            to("2027-01-05 10:00"),
            "2027-02-05 10:00:00|2027-04-05 10:00:00",
        ),
        (
            "2026-12-07 10:00",
            "FREQ=MONTHLY",
            &["2027-01-07 10:00", "2027-02-07 10:00"],
            to("2026-12-30 10:00"),
            "2027-01-30 10:00:00",
        ),
        (
            "2026-12-07",
            "FREQ=WEEKLY",
            &["2026-12-14", "2026-12-21"],
            to("2026-12-09"),
            "2026-12-16|2026-12-23",
        ),
        // The day, of a rule that names one: in either order.
        (
            "2026-12-07 10:00",
            "FREQ=WEEKLY;BYDAY=MO",
            &mondays,
            both(to("2026-12-08 09:00"), rule("FREQ=WEEKLY;BYDAY=TU")),
            tuesdays,
        ),
        (
            "2026-12-07 10:00",
            "FREQ=WEEKLY;BYDAY=MO",
            &mondays,
            both(rule("FREQ=WEEKLY;BYDAY=TU"), to("2026-12-08 09:00")),
            tuesdays,
        ),
        (
            "2026-12-07 10:00",
            "FREQ=MONTHLY;BYMONTHDAY=7",
            &["2027-01-07 10:00"],
            both(to("2026-12-08 10:00"), rule("FREQ=MONTHLY;BYMONTHDAY=8")),
            "2027-01-08 10:00:00",
        ),
        // Whole days, and back.
        (
            "2026-12-07 10:00",
            "FREQ=WEEKLY",
            &two,
            format!("UPDATE appointments SET {all_day}, start_local = '2026-12-07'"),
            "2026-12-14|2026-12-21",
        ),
        (
            "2026-12-07",
            "FREQ=WEEKLY",
            &["2026-12-14"],
            format!("UPDATE appointments SET {timed}, start_local = '2026-12-07 10:00'"),
            "2026-12-14 10:00:00",
        ),
        // What a careful program has done already stays done.
        (
            "2026-12-07 10:00",
            "FREQ=WEEKLY",
            &["2026-12-14 10:00", "2026-12-14 14:00"],
            to("2026-12-07 14:00"),
            "2026-12-14 14:00",
        ),
        (
            "2026-12-07 10:00",
            "FREQ=WEEKLY",
            &["2026-12-15 10:00"],
            to("2026-12-08 10:00"),
            "2026-12-15 10:00",
        ),
        // Not ours to know.
        (
            "2026-12-07 10:00",
            "FREQ=DAILY;BYHOUR=10,16",
            &["2026-12-08 16:00"],
            to("2026-12-07 14:00"),
            "2026-12-08 16:00",
        ),
        (
            "2026-12-07 10:00",
            "FREQ=WEEKLY",
            &two,
            "UPDATE appointments SET title = 'x', start_local = start_local".into(),
            "2026-12-14 10:00|2026-12-21T10:00:00",
        ),
    ] {
        made(&mut client, start, of, names);
        client.run(&sql);
        assert_eq!(client.text(NAMES), wanted, "{of}: {sql}");
        for table in ["appointment_alerts", "appointment_participants"] {
            let names = client.text(&format!("SELECT occurrence AS text FROM {table} ORDER BY 1"));
            assert_eq!(names, wanted, "{table} of {of}: {sql}");
        }
        assert_eq!(client.text("SELECT 'left' AS text FROM passerelle_moves"), "");
    }
}

#[tokio::test]
async fn rules_that_name_several_days_or_hours_are_followed_too() {
    let company = company().await;
    let mut client = company.client();
    let to = |start: &str| format!("UPDATE appointments SET start_local = '{start}'");
    let rule = |rule: &str| format!("UPDATE appointment_rules SET rule = '{rule}'");
    let monday = "2026-12-07 10:00";
    let two = ["2026-12-09 10:00", "2026-12-14 10:00"];
    let far = ["2026-12-09 10:00", "2026-12-23 10:00"];
    let (days, hours) = ("FREQ=WEEKLY;BYDAY=MO,WE", "FREQ=DAILY;BYHOUR=10,16");
    for (start, of, names, sql, wanted) in [
        // Ended by COUNT.
        (monday, days, &far[..], rule("FREQ=WEEKLY;BYDAY=MO,WE;COUNT=3"), "2026-12-09 10:00"),
        (monday, days, &far, rule("FREQ=WEEKLY;BYDAY=MO,WE;COUNT=6"), "2026-12-09 10:00|2026-12-23 10:00"),
        (monday, days, &far, rule("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,WE;COUNT=3"), "2026-12-09 10:00"),
        (monday, days, &far, rule("FREQ=WEEKLY;WKST=SU;BYDAY=MO,WE;COUNT=3"), "2026-12-09 10:00"),
        (
            "2026-12-25",
            "FREQ=MONTHLY;BYDAY=-1FR",
            &["2027-01-29", "2027-02-26"],
            rule("FREQ=MONTHLY;BYDAY=-1FR;COUNT=2"),
            "2027-01-29",
        ),
        (
            "2026-12-01",
            "FREQ=MONTHLY;BYMONTHDAY=1,-1",
            &["2026-12-31", "2027-01-01", "2027-01-31"],
            rule("FREQ=MONTHLY;BYMONTHDAY=1,-1;COUNT=3"),
            "2026-12-31|2027-01-01",
        ),
        (
            "2026-12-31 10:00",
            "FREQ=MONTHLY",
            &["2027-01-31 10:00", "2027-03-31 10:00", "2027-05-31 10:00"],
            rule("FREQ=MONTHLY;COUNT=3"),
            "2027-01-31 10:00|2027-03-31 10:00",
        ),
        (
            "2024-02-29",
            "FREQ=YEARLY",
            &["2028-02-29", "2032-02-29"],
            rule("FREQ=YEARLY;COUNT=2"),
            "2028-02-29",
        ),
        (
            monday,
            hours,
            &["2026-12-07 16:00", "2026-12-09 10:00", "2026-12-12 10:00"],
            rule("FREQ=DAILY;BYHOUR=10,16;COUNT=4"),
            "2026-12-07 16:00|2026-12-09 10:00",
        ),
        (
            monday,
            "FREQ=HOURLY;INTERVAL=2",
            &["2026-12-07 12:00", "2026-12-08 10:00"],
            rule("FREQ=HOURLY;INTERVAL=2;COUNT=3"),
            "2026-12-07 12:00",
        ),
        // Begun earlier, it ends earlier.
        (monday, "FREQ=WEEKLY;BYDAY=MO,WE;COUNT=6", &far, to("2026-11-30 10:00"), "2026-12-09 10:00:00"),
        // Other days, as many.
        (monday, days, &two, rule("FREQ=WEEKLY;BYDAY=MO,TH"), "2026-12-10 10:00:00|2026-12-14 10:00"),
        (monday, days, &two, rule("FREQ=WEEKLY;BYDAY=TU,TH"), "2026-12-10 10:00:00|2026-12-15 10:00:00"),
        (monday, days, &two, rule("FREQ=WEEKLY;BYDAY=WE,MO"), "2026-12-09 10:00|2026-12-14 10:00"),
        (monday, days, &two, rule("FREQ=WEEKLY;BYDAY=MO,WE,FR"), "2026-12-09 10:00|2026-12-14 10:00"),
        (
            monday,
            "FREQ=WEEKLY;BYDAY=MO,WE;COUNT=6",
            &far,
            format!("{}; {}", to("2026-12-08 09:00"), rule("FREQ=WEEKLY;BYDAY=TU,TH;COUNT=6")),
            "2026-12-10 09:00:00|2026-12-24 09:00:00",
        ),
        (
            monday,
            "FREQ=MONTHLY;BYDAY=1MO",
            &["2027-01-04 10:00"],
            rule("FREQ=MONTHLY;BYDAY=2TU"),
            "2027-01-12 10:00:00",
        ),
        (
            "2026-12-25",
            "FREQ=MONTHLY;BYDAY=-1FR",
            &["2027-01-29"],
            rule("FREQ=MONTHLY;BYDAY=-1TH"),
            "2027-01-28",
        ),
        // Hours.
        (
            monday,
            "FREQ=HOURLY;INTERVAL=2",
            &["2026-12-07 12:00", "2026-12-08 10:00"],
            to("2026-12-07 11:30"),
            "2026-12-07 13:30:00|2026-12-08 11:30:00",
        ),
        (monday, hours, &["2026-12-08 16:00"], to("2026-12-07 10:30"), "2026-12-08 16:30:00"),
        (
            monday,
            hours,
            &["2026-12-08 10:00", "2026-12-08 16:00"],
            rule("FREQ=DAILY;BYHOUR=9,16"),
            "2026-12-08 09:00:00|2026-12-08 16:00",
        ),
    ] {
        made(&mut client, start, of, names);
        client.run(&sql);
        assert_eq!(client.text(NAMES), wanted, "{of}: {sql}");
        let alerts = client.text("SELECT occurrence AS text FROM appointment_alerts ORDER BY 1");
        assert_eq!(alerts, wanted, "{of}: {sql}");
        assert_eq!(client.text("SELECT 'left' AS text FROM passerelle_moves"), "");
    }
}

#[tokio::test]
async fn what_was_moved_stays_where_it_was_moved_to_and_the_last_one_is_kept() {
    let company = company().await;
    let mut client = company.client();
    made(&mut client, "2026-12-07 10:00", "FREQ=WEEKLY;UNTIL=20261228T090000Z", &["2026-12-14 10:00"]);
    client.run(
        "UPDATE appointment_overrides SET start_kind = 'zoned', start_local = '2026-12-16 18:00', start_zone = 'Europe/Paris';
         INSERT INTO appointment_dates (appointment_id, date) VALUES ('a', '2026-12-15 10:00'), ('a', '2026-12-17 19:00');
         UPDATE appointments SET start_local = '2026-12-07 14:00';",
    );
    let place = "SELECT occurrence || ' ' || start_local AS text FROM appointment_overrides";
    assert_eq!(client.text(place), "2026-12-14 14:00:00 2026-12-16 18:00");
    let dates = "SELECT date AS text FROM appointment_dates ORDER BY 1";
    assert_eq!(client.text(dates), "2026-12-15 14:00:00|2026-12-17 19:00");
    let rule = "SELECT rule AS text FROM appointment_rules";
    assert_eq!(client.text(rule), "FREQ=WEEKLY;UNTIL=20261228T130000Z");
    client.run("UPDATE appointments SET start_local = '2026-12-07 09:00'");
    assert_eq!(client.text(rule), "FREQ=WEEKLY;UNTIL=20261228T130000Z");
}

#[tokio::test]
async fn a_series_that_is_made_to_end_loses_what_lies_behind_its_end() {
    let company = company().await;
    let mut client = company.client();
    let timed = ("2026-12-07 10:00", ["2026-12-14 10:00", "2027-01-18 10:00"]);
    let days = ("2026-12-07", ["2026-12-14", "2027-01-18"]);
    for ((start, names), before, after, keeps) in [
        (timed, "FREQ=WEEKLY", "FREQ=WEEKLY;UNTIL=20270101T000000Z", 1),
        (timed, "FREQ=WEEKLY", "FREQ=WEEKLY;UNTIL=20270101", 1),
        (timed, "FREQ=WEEKLY;COUNT=40", "FREQ=WEEKLY;COUNT=2", 1),
        (timed, "FREQ=WEEKLY;BYDAY=MO", "FREQ=WEEKLY;BYDAY=MO;COUNT=2", 1),
        (timed, "FREQ=DAILY;INTERVAL=7", "FREQ=DAILY;INTERVAL=7;COUNT=6", 1),
        (timed, "FREQ=WEEKLY", "FREQ=WEEKLY;COUNT=7", 2),
        (timed, "FREQ=WEEKLY", "FREQ=WEEKLY;UNTIL=20270118T090000Z", 2),
        (days, "FREQ=WEEKLY", "FREQ=WEEKLY;UNTIL=20270101", 1),
        (days, "FREQ=WEEKLY", "FREQ=WEEKLY;COUNT=2", 1),
        (days, "FREQ=WEEKLY", "FREQ=WEEKLY;COUNT=7", 2),
    ] {
        for replaced in [false, true] {
            made(&mut client, start, before, &names);
            client.run(&match replaced {
                false => format!("UPDATE appointment_rules SET rule = '{after}'"),
                true => format!(
                    "DELETE FROM appointment_rules;
                     INSERT INTO appointment_rules (appointment_id, rule) VALUES ('a', '{after}')"
                ),
            });
            let left = names[..keeps].join("|");
            assert_eq!(client.text(NAMES), left, "{before} {after} {replaced}");
            let alerts = client.text("SELECT occurrence AS text FROM appointment_alerts ORDER BY 1");
            assert_eq!(alerts, left, "{before} {after} {replaced}");
        }
    }
    // An additional date is no part of the rule.
    made(&mut client, timed.0, "FREQ=WEEKLY", &timed.1);
    client.run("INSERT INTO appointment_dates (appointment_id, date) VALUES ('a', '2027-01-18 10:00')");
    client.run("UPDATE appointment_rules SET rule = 'FREQ=WEEKLY;UNTIL=20270101'");
    assert_eq!(client.text(NAMES), timed.1.join("|"));
}

#[tokio::test]
async fn a_write_names_its_occurrences_itself() {
    let company = company().await;
    let replica: &dyn Replica<Event> = &company.store.events(&company.anne);
    let at = |text: &str| Some(format!("{text}[Europe/Paris]").parse().unwrap());
    let named = |title: &str| Override {
        title: Some(title.into()),
        alerts: Some(BTreeMap::from([(
            "display:5".to_owned(),
            Alert { minutes_before: 5, ..Alert::default() },
        )])),
        ..Override::default()
    };
    let before = Event {
        title: "Weekly".into(),
        start: at("2026-12-07T10:00:00"),
        recurrence_rules: vec!["FREQ=WEEKLY".into()],
        recurrence_overrides: BTreeMap::from([
            ("2026-12-14T10:00:00".to_owned(), named("a")),
            ("2027-01-18T10:00:00".to_owned(), named("b")),
        ]),
        ..Event::default()
    };
    let mut from = created(replica, "k", before.clone(), 1).await;
    for (number, (start, rule, names)) in [
        ("2026-12-07T14:00:00", "FREQ=WEEKLY", ["2026-12-14T14:00:00", "2027-01-18T14:00:00"]),
        ("2026-12-08T14:00:00", "FREQ=WEEKLY", ["2026-12-14T14:00:00", "2026-12-15T14:00:00"]),
        // Odd, but said: a change behind the end is an occurrence of its own.
        ("2026-12-08T14:00:00", "FREQ=WEEKLY;COUNT=2", ["2026-12-14T14:00:00", "2027-06-15T14:00:00"]),
    ]
    .into_iter()
    .enumerate()
    {
        let overrides = names.map(|name| (name.to_owned(), named(name)));
        let to = Event {
            start: at(start),
            recurrence_rules: vec![rule.into()],
            recurrence_overrides: overrides.into(),
            ..from.record.clone()
        };
        let write = Write::Update {
            from: from.clone(),
            to: to.clone(),
            opaque: None,
            stamp: entry(number as u128 + 2),
        };
        let Written::Stored(stored) = write_one(replica, write).await else { panic!() };
        assert_eq!(stored.record, to);
        let again = replica.fetch(&[ItemId::new(stored.id.as_str())]).await.unwrap().pop().flatten().unwrap();
        assert_eq!(again.record, to);
        from = stored;
    }
    let mut client = company.client();
    assert_eq!(client.text("SELECT name AS text FROM passerelle_settings WHERE name = 'series.written'"), "");
}

#[tokio::test]
async fn a_series_that_only_the_calculator_knows_is_followed_by_the_next_reading() {
    let company = company().await;
    let mut client = company.client();
    let replica: &dyn Replica<Event> = &company.store.events(&company.anne);
    let to = |start: &str| format!("UPDATE appointments SET start_local = '{start}'");
    let rule = |rule: &str| format!("UPDATE appointment_rules SET rule = '{rule}'");
    for (start, of, names, sql, wanted) in [
        (
            "2026-12-07 09:30",
            "FREQ=DAILY;BYMINUTE=30;COUNT=6",
            &["2026-12-08 09:30", "2026-12-10T09:30:00"][..],
            to("2026-12-07 11:30"),
            "2026-12-08 11:30:00|2026-12-10 11:30:00",
        ),
        (
            "2026-12-07 09:00",
            "FREQ=WEEKLY;BYHOUR=9,14;BYMINUTE=0,30",
            &["2026-12-14 14:30", "2026-12-14 09:00"],
            rule("FREQ=WEEKLY;BYHOUR=9,14;BYMINUTE=0,45"),
            "2026-12-14 09:00|2026-12-14 14:45:00",
        ),
        (
            "2026-11-30 10:00",
            "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1",
            &["2026-12-31 10:00", "2027-01-29 10:00"],
            format!("{}; {}", to("2026-11-27 10:00"), rule("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-2")),
            "2026-12-30 10:00:00|2027-01-28 10:00:00",
        ),
        (
            "2026-03-02 10:00",
            "FREQ=YEARLY;BYWEEKNO=10;BYDAY=MO;COUNT=5",
            &["2027-03-08 10:00", "2029-03-05 10:00"],
            rule("FREQ=YEARLY;BYWEEKNO=10;BYDAY=MO;COUNT=3"),
            "2027-03-08 10:00",
        ),
        (
            "2026-04-10",
            "FREQ=YEARLY;BYYEARDAY=100,200",
            &["2026-07-19", "2027-04-10"],
            format!("{}; {}", to("2026-04-11"), rule("FREQ=YEARLY;BYYEARDAY=101,201")),
            "2026-07-20|2027-04-11",
        ),
        // What was put there by hand belonged to no occurrence before, and stays.
        (
            "2026-12-07 09:30",
            "FREQ=DAILY;BYMINUTE=30",
            &["2026-12-08 12:00", "2026-12-09 09:30"],
            to("2026-12-07 10:30"),
            "2026-12-08 12:00|2026-12-09 10:30:00",
        ),
    ] {
        made(&mut client, start, of, names);
        client.run(&sql);
        replica.changes(passerelle_ports::From::Start).await.unwrap();
        assert_eq!(client.text(NAMES).replace('T', " "), wanted, "{of} {sql}");
        // The reminders and the guests of an occurrence follow it.
        for part in ["appointment_alerts", "appointment_participants"] {
            let names = client.text(&format!("SELECT occurrence AS text FROM {part} ORDER BY 1"));
            assert_eq!(names.replace('T', " "), wanted, "{part}: {of} {sql}");
        }
        assert_eq!(client.text("SELECT appointment_id AS text FROM passerelle_unfollowed"), "");
    }
}

/// What an ERP does: it deletes the rule, or the whole row, and inserts it anew.
#[tokio::test]
async fn a_series_may_be_written_in_any_way() {
    const SHORT: &str =
        "SELECT replace(substr(occurrence, 1, 16), 'T', ' ') AS text FROM appointment_overrides ORDER BY 1";
    const TOLD: &str =
        "SELECT replace(substr(occurrence, 1, 16), 'T', ' ') AS text FROM passerelle_dropped ORDER BY 1";
    let company = company().await;
    let mut client = company.client();
    let replica: &dyn Replica<Event> = &company.store.events(&company.anne);
    let to = |start: &str| format!("UPDATE appointments SET start_local = '{start}'");
    let anew = |rule: &str| {
        format!(
            "DELETE FROM appointment_rules; INSERT INTO appointment_rules (appointment_id, rule) VALUES ('a', '{rule}')"
        )
    };
    let replaced = |start: &str| {
        format!(
            "PRAGMA foreign_keys = OFF;
             INSERT OR REPLACE INTO appointments (id, owner_id, title, start_local, start_zone)
                 VALUES ('a', 'anne', 'Weekly', '{start}', 'Europe/Paris'); PRAGMA foreign_keys = ON"
        )
    };
    let again = |start: &str, rule: &str, names: &[&str]| {
        let mut sql = format!(
            "DELETE FROM appointments; INSERT INTO appointments (id, owner_id, title, start_local, start_zone)
                 VALUES ('a', 'anne', 'Weekly', '{start}', 'Europe/Paris');
             INSERT INTO appointment_rules (appointment_id, rule) VALUES ('a', '{rule}')"
        );
        for name in names {
            sql.push_str(&format!(
                "; INSERT INTO appointment_overrides (appointment_id, occurrence, title, own_alerts, own_participants)
                     VALUES ('a', '{name}', 'x', 1, 1);
                 INSERT INTO appointment_alerts (appointment_id, occurrence, minutes_before) VALUES ('a', '{name}', 5);
                 INSERT INTO appointment_participants (appointment_id, occurrence, email) VALUES ('a', '{name}', 'g@x')"
            ));
        }
        sql
    };
    let monday = "2026-12-07 10:00";
    let mondays = "FREQ=WEEKLY;BYDAY=MO;COUNT=4";
    let tuesdays = "FREQ=WEEKLY;BYDAY=TU;COUNT=4";
    let two = ["2026-12-14 10:00", "2026-12-21 10:00"];
    let all = ["2026-12-08 10:00", "2026-12-09 10:00"];
    for (rule, names, sql, wanted, told) in [
        // The rule, in either order with the start, and twice.
        (
            mondays,
            &two[..],
            format!("{}; {}", anew(tuesdays), to("2026-12-08 14:00")),
            "2026-12-15 14:00|2026-12-22 14:00",
            "",
        ),
        (
            mondays,
            &two,
            format!("{}; {}", to("2026-12-08 14:00"), anew(tuesdays)),
            "2026-12-15 14:00|2026-12-22 14:00",
            "",
        ),
        (
            mondays,
            &two,
            format!("DELETE FROM appointment_rules; {}; {}", to("2026-12-08 14:00"), anew(tuesdays)),
            "2026-12-15 14:00|2026-12-22 14:00",
            "",
        ),
        (
            "FREQ=DAILY;COUNT=5",
            &all,
            format!(
                "DELETE FROM appointment_rules; {}; {}",
                to("2026-12-08 11:00"),
                anew("FREQ=DAILY;COUNT=5")
            ),
            "2026-12-09 11:00|2026-12-10 11:00",
            "",
        ),
        (
            "FREQ=DAILY;COUNT=5",
            &all,
            format!(
                "DELETE FROM appointment_rules; {}; {}",
                to("2026-12-08 10:00"),
                anew("FREQ=DAILY;COUNT=5")
            ),
            "2026-12-09 10:00|2026-12-10 10:00",
            "",
        ),
        (mondays, &two, anew(mondays), "2026-12-14 10:00|2026-12-21 10:00", ""),
        // Other days: what is no more goes, and is told.
        (
            "FREQ=DAILY;COUNT=6",
            &all,
            "UPDATE appointment_rules SET rule = 'FREQ=DAILY;INTERVAL=2;COUNT=3'".into(),
            "2026-12-09 10:00",
            "2026-12-08 10:00",
        ),
        (
            "FREQ=DAILY;COUNT=6",
            &all,
            format!("{}; {}", anew("FREQ=DAILY;INTERVAL=2;COUNT=3"), to("2026-12-07 14:00")),
            "2026-12-09 14:00",
            "2026-12-08 14:00",
        ),
        (
            "FREQ=WEEKLY;BYDAY=MO,WE",
            &["2026-12-09 10:00", "2026-12-14 10:00"],
            "UPDATE appointment_rules SET rule = 'FREQ=WEEKLY;BYDAY=MO'".into(),
            "2026-12-14 10:00",
            "2026-12-09 10:00",
        ),
        (
            "FREQ=DAILY;COUNT=6",
            &all,
            "UPDATE appointment_rules SET rule = 'FREQ=DAILY;COUNT=2'".into(),
            "2026-12-08 10:00",
            "2026-12-09 10:00",
        ),
        // No series any more.
        (
            "FREQ=DAILY;COUNT=6",
            &["2026-12-07 10:00", "2026-12-08 10:00"],
            "DELETE FROM appointment_rules".into(),
            "",
            "2026-12-07 10:00|2026-12-08 10:00",
        ),
        // The whole row.
        (mondays, &two, replaced("2026-12-07 14:00"), "2026-12-14 14:00|2026-12-21 14:00", ""),
        (mondays, &two, replaced(monday), "2026-12-14 10:00|2026-12-21 10:00", ""),
        (mondays, &two, again("2026-12-07 14:00", mondays, &two), "2026-12-14 14:00|2026-12-21 14:00", ""),
        (mondays, &two, again("2026-12-08 10:00", tuesdays, &two[1..]), "2026-12-22 10:00", ""),
        (mondays, &two, again(monday, mondays, &[]), "", ""),
    ] {
        client.run("DELETE FROM passerelle_dropped");
        made(&mut client, monday, rule, names);
        client.run(&sql);
        replica.changes(passerelle_ports::From::Start).await.unwrap();
        assert_eq!(client.text(SHORT), wanted, "{rule} {sql}");
        for part in ["appointment_alerts", "appointment_participants"] {
            let names = client.text(&SHORT.replace("appointment_overrides", part));
            assert_eq!(names, wanted, "{part}: {rule} {sql}");
        }
        assert_eq!(client.text(TOLD), told, "{rule} {sql}");
        assert_eq!(client.text("SELECT appointment_id AS text FROM passerelle_unfollowed"), "");
    }
}

#[tokio::test]
async fn an_additional_date_that_is_removed_takes_its_change_with_it() {
    const SHORT: &str =
        "SELECT replace(substr(occurrence, 1, 16), 'T', ' ') AS text FROM appointment_overrides ORDER BY 1";
    const TOLD: &str =
        "SELECT replace(substr(occurrence, 1, 16), 'T', ' ') AS text FROM passerelle_dropped ORDER BY 1";
    const FILLED: &str = "INSERT INTO appointment_dates (id, appointment_id, date) VALUES
        (51, 'a', '2026-12-30 10:00'), (52, 'a', '2026-12-31T16:00:00')";
    let company = company().await;
    let mut client = company.client();
    let replica: &dyn Replica<Event> = &company.store.events(&company.anne);
    let without = "DELETE FROM appointment_dates WHERE id = 52";
    let again = |dates: &[&str]| {
        let rows: Vec<String> = dates.iter().map(|date| format!("('a', '{date}')")).collect();
        format!(
            "DELETE FROM appointment_dates; INSERT INTO appointment_dates (appointment_id, date) VALUES {}",
            rows.join(", ")
        )
    };
    let to = |start: &str| format!("UPDATE appointments SET start_local = '{start}'");
    let replaced = |start: &str| {
        format!(
            "INSERT OR REPLACE INTO appointments (id, owner_id, title, start_local, start_zone)
                 VALUES ('a', 'anne', 'Weekly', '{start}', 'Europe/Paris')"
        )
    };
    let (weekly, both) = ("FREQ=WEEKLY;COUNT=3", ["2026-12-14 10:00", "2026-12-31 16:00"]);
    for (sql, wanted, told) in [
        // Removed, in each way.
        (without.to_owned(), "2026-12-14 10:00", "2026-12-31 16:00"),
        (
            "UPDATE appointment_dates SET date = '2027-01-02 16:00' WHERE id = 52".into(),
            "2026-12-14 10:00",
            "2026-12-31 16:00",
        ),
        (
            "INSERT OR REPLACE INTO appointment_dates (id, appointment_id, date) VALUES (52, 'a', '2027-01-02 16:00')"
                .into(),
            "2026-12-14 10:00",
            "2026-12-31 16:00",
        ),
        (
            "INSERT INTO appointment_dates (id, appointment_id, date) VALUES (52, 'a', '2027-03-03 10:00')
                 ON CONFLICT (id) DO UPDATE SET date = '2027-01-02 16:00'"
                .into(),
            "2026-12-14 10:00",
            "2026-12-31 16:00",
        ),
        (again(&["2026-12-30 10:00"]), "2026-12-14 10:00", "2026-12-31 16:00"),
        ("DELETE FROM appointment_dates".into(), "2026-12-14 10:00", "2026-12-31 16:00"),
        // It is there again, spelt in another way.
        (again(&["2026-12-30 10:00", "2026-12-31 16:00"]), "2026-12-14 10:00|2026-12-31 16:00", ""),
        (format!("{without}; {}", again(&["2026-12-31 16:00"])), "2026-12-14 10:00|2026-12-31 16:00", ""),
        ("UPDATE appointment_dates SET date = '2026-12-31 16:00' WHERE id = 52".into(), "2026-12-14 10:00|2026-12-31 16:00", ""),
        // Another one is removed.
        ("DELETE FROM appointment_dates WHERE id = 51".into(), "2026-12-14 10:00|2026-12-31 16:00", ""),
        // As the series moves, before or after, and with its rule.
        (format!("{without}; {}", to("2026-12-07 08:00")), "2026-12-14 08:00", "2026-12-31 16:00"),
        (format!("{}; {without}", to("2026-12-07 08:00")), "2026-12-14 08:00", "2026-12-31 16:00"),
        (
            format!("{without}; UPDATE appointment_rules SET rule = 'FREQ=WEEKLY;COUNT=1'"),
            "",
            "2026-12-14 10:00|2026-12-31 16:00",
        ),
        (format!("{}; {without}", replaced("2026-12-07 08:00")), "2026-12-14 08:00", "2026-12-31 16:00"),
        (replaced("2026-12-08 08:00"), "2026-12-15 08:00|2026-12-31 16:00", ""),
        // All anew, the rule first, that ends before the date.
        (
            format!(
                "DELETE FROM appointment_dates; DELETE FROM appointment_rules;
                 INSERT INTO appointment_rules (appointment_id, rule) VALUES ('a', '{weekly}'); {FILLED}"
            ),
            "2026-12-14 10:00|2026-12-31 16:00",
            "",
        ),
        (
            "UPDATE appointment_rules SET rule = 'FREQ=WEEKLY;COUNT=2'".into(),
            "2026-12-14 10:00|2026-12-31 16:00",
            "",
        ),
        // The date moves along with its series, by hand.
        (
            format!("{}; UPDATE appointment_dates SET date = '2026-12-31 14:00' WHERE id = 52", to("2026-12-07 08:00")),
            "2026-12-14 08:00|2026-12-31 14:00",
            "",
        ),
    ] {
        client.run("DELETE FROM passerelle_dropped");
        made(&mut client, "2026-12-07 10:00", weekly, &both);
        client.run(FILLED);
        replica.changes(passerelle_ports::From::Start).await.unwrap();
        client.run(&sql);
        replica.changes(passerelle_ports::From::Start).await.unwrap();
        assert_eq!(client.text(SHORT), wanted, "{sql}");
        for part in ["appointment_alerts", "appointment_participants"] {
            let names = client.text(&SHORT.replace("appointment_overrides", part));
            assert_eq!(names, wanted, "{part}: {sql}");
        }
        assert_eq!(client.text(TOLD), told, "{sql}");
        assert_eq!(client.text("SELECT appointment_id AS text FROM passerelle_unfollowed"), "");
    }
    // A series of dates alone; and what was put there by hand, and what only calls an occurrence off.
    made(&mut client, "2026-12-07 10:00", weekly, &both);
    client.run(FILLED);
    client.run(
        "DELETE FROM appointment_rules; DELETE FROM appointment_overrides; DELETE FROM passerelle_dropped",
    );
    replica.changes(passerelle_ports::From::Start).await.unwrap();
    client.run(
        "INSERT INTO appointment_overrides (appointment_id, occurrence, title, cancelled) VALUES
             ('a', '2026-12-30 10:00', NULL, 1), ('a', '2026-12-31 16:00', 'x', 0), ('a', '2027-02-01 10:00', 'y', 0)",
    );
    client.run("DELETE FROM appointment_dates WHERE id = 51");
    replica.changes(passerelle_ports::From::Start).await.unwrap();
    assert_eq!(
        (client.text(SHORT), client.text(TOLD)),
        ("2026-12-31 16:00|2027-02-01 10:00".into(), String::new())
    );
    client.run("DELETE FROM appointment_dates");
    replica.changes(passerelle_ports::From::Start).await.unwrap();
    assert_eq!(client.text(SHORT), "2027-02-01 10:00");
    assert_eq!(client.text(TOLD), "2026-12-31 16:00");
}

#[tokio::test]
async fn what_was_dropped_is_told_until_the_next_run() {
    let company = company().await;
    let mut client = company.client();
    made(&mut client, "2026-12-07 10:00", "FREQ=DAILY;COUNT=6", &["2026-12-08 10:00", "2026-12-09 10:00"]);
    client.run("UPDATE appointment_rules SET rule = 'FREQ=DAILY;COUNT=2'");
    let calendar = client.text("SELECT calendar_id AS text FROM appointments");
    let titles = || async {
        let dropped = company.store.dropped(&calendar).await.unwrap();
        dropped
            .into_iter()
            .map(|one| format!("{} {} {}", one.series, one.occurrence, one.title))
            .collect::<Vec<_>>()
    };
    company.store.told_dropped(&calendar, true).await.unwrap();
    assert_eq!(titles().await, ["Weekly 2026-12-09 10:00 x"]);
    company.store.told_dropped(&calendar, false).await.unwrap();
    assert_eq!(titles().await, ["Weekly 2026-12-09 10:00 x"]);
    company.store.told_dropped(&calendar, true).await.unwrap();
    assert!(titles().await.is_empty());
}
