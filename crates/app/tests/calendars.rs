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
    world.sql(&(appointment("a-1", "Own", "alice") + &appointment("a-2", "Ours", "Team")));
    world.settle();
    assert_eq!(
        (world.titles_in(&team), world.titles_in("primary")),
        (vec!["Ours".into()], vec!["Own".into()])
    );
}

#[test]
fn the_default_calendar_goes_to_no_calendar_but_the_main_one_unless_somebody_names_it() {
    for by_command in [false, true] {
        let world = World::unconnected();
        let team = world.add_calendar("Team");
        world.sql(&appointment("a-1", "Doctor", "alice"));
        if by_command {
            // Nothing else is in step: the calendar that is added is no more the default one for that.
            world.connect_with(&["--no-contacts"]).ends_with(0);
            world.run(&["calendar", "remove", "alice", "--user", "alice", "--yes"]).ends_with(0);
        }
        let connected = match by_command {
            true => world.run(&["calendar", "add", "Team", "--user", "alice"]).ends_with(0),
            false => world.connect_with(&["--calendar", "Team", "--no-contacts"]).ends_with(0),
        };
        assert!(by_command || connected.stderr.contains("calendar add primary"), "{}", connected.stderr);
        world.sql(&appointment("a-2", "Lunch", "Team"));
        world.settle();
        assert_eq!((world.titles_in(&team), world.titles_in("primary").len()), (vec!["Lunch".into()], 0));
        // A consent that is renewed keeps that, with the calendar named once more and without.
        for again in [&["--calendar", "Team"][..], &[]] {
            world.connect_with(again).ends_with(0);
            assert_eq!(world.settle().writes(), 0, "{again:?}");
        }
        // The main one, chosen later, is the default one's.
        world.run(&["calendar", "add", "primary", "--user", "alice"]).ends_with(0);
        world.settle();
        assert_eq!((world.titles_in(&team).len(), world.titles_in("primary")), (1, vec!["Doctor".into()]));
        assert_eq!(
            (world.number("calendars"), homes(&world)),
            (2, vec!["Doctor in alice".into(), "Lunch in Team".into()])
        );
    }
    // Named, it goes where somebody wants it, and a renewed consent keeps that too.
    let world = World::unconnected();
    let team = world.add_calendar("Team");
    world.connect_with(&["--calendar", "Team", "--no-contacts"]).ends_with(0);
    world.run(&["calendar", "remove", "Team", "--user", "alice", "--yes"]).ends_with(0);
    world.run(&["calendar", "add", "Team", "--into", "alice", "--user", "alice"]).ends_with(0);
    world.sql(&appointment("a-1", "Ours", "alice"));
    world.settle();
    let again = world.connect().ends_with(0);
    assert!(!again.stderr.contains("calendar add primary"), "{}", again.stderr);
    world.settle();
    assert_eq!((world.titles_in(&team), world.titles_in("primary").len()), (vec!["Ours".into()], 0));
}

#[test]
fn without_a_default_calendar_appointments_wait_and_are_told_until_there_is_one() {
    let world = World::unconnected();
    let team = world.add_calendar("Team");
    world.connect_with(&["--calendar", "primary", "--calendar", "Team", "--no-contacts"]).ends_with(0);
    world.settle();
    // The first half of a change of the default one.
    world.sql(
        "UPDATE calendars SET is_default = 0;
         INSERT INTO appointments (id, owner_id, title, start_local, start_zone)
             VALUES ('a-1', 'alice', 'Nowhere', '2026-12-08 09:00', 'Europe/Paris');",
    );
    let run = world.sync().ends_with(3);
    assert_eq!((run.errors(), run.writes()), (vec!["SYNC-126".to_owned()], 0), "{run:?}");
    assert_eq!(run.summary()["homeless"], json!({ "alice": 1 }));
    let status = world.run(&["status"]).ends_with(3);
    assert_eq!(status.of("status")[0]["homeless"], json!(1));
    for (lang, said) in [("en", "stand in no calendar"), ("fr", "ne sont dans aucun agenda")] {
        let shown = world.shown(&["status", "--lang", lang]);
        assert!(shown.contains(said), "{shown}");
    }
    let doctor = world.run(&["doctor"]);
    assert!(doctor.of("finding").iter().any(|one| one["code"] == "SYNC-126"), "{doctor:?}");
    world.sql("UPDATE calendars SET is_default = 1 WHERE name = 'Team';");
    world.settle();
    assert_eq!((world.titles_in(&team), world.titles_in("primary").len()), (vec!["Nowhere".into()], 0));
    assert_eq!(world.run(&["status"]).ends_with(0).of("status")[0]["homeless"], json!(0));
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
    let shown = world.shown(&["status", "--lang", "en"]);
    assert!(shown.contains("11 on both sides") && shown.contains("1 out of scope"), "{shown}");
    let alone = world.run(&["status", "--alone"]).ends_with(0);
    let alone = alone.of("alone");
    assert_eq!((alone.len(), &alone[0]["summary"], &alone[0]["aside"]), (1, &json!("Visit 3"), &json!(true)));
    for (lang, said) in [("en", "out of scope"), ("fr", "hors champ")] {
        let shown = world.shown(&["status", "--alone", "--lang", lang]);
        assert!(shown.contains("Visit 3") && shown.contains(said), "{shown}");
    }
    world.sql("UPDATE appointments SET location = 'Lyon' WHERE id = 'a-3';");
    world.settle();
    assert_eq!(world.number("appointments"), 12);
    moved(&world, &event, &own, "primary");
    world.settle();
    assert_eq!(world.rows("'id', id", "appointments WHERE title = 'Visit 3'"), [json!({ "id": "a-3" })]);
    assert_eq!(world.event("Visit 3")["location"], "Lyon", "it is linked again");
    assert!(!world.shown(&["status", "--lang", "en"]).contains("out of scope"));
    // Here: what goes into a calendar of the company's own stays at Google as it is.
    world.sql(
        "INSERT INTO calendars (id, owner_id, name) VALUES ('mine', 'alice', 'Mine');
               UPDATE appointments SET calendar_id = 'mine' WHERE id = 'a-4';",
    );
    assert_eq!(world.settle().writes(), 0);
    assert!(world.titles_in("primary").contains(&"Visit 4".to_owned()));
    world.sql("DELETE FROM appointments WHERE id = 'a-4';");
    assert_eq!(world.settle().writes(), 0, "removed there, it is no more in scope than before");
    assert!(world.titles_in("primary").contains(&"Visit 4".to_owned()));
    assert!(world.shown(&["status", "--alone", "--lang", "en"]).contains("Visit 4"));
    // No run saw it there before it was deleted; what went into a connected calendar first is deleted.
    world.sql(
        "UPDATE appointments SET calendar_id = 'mine' WHERE id = 'a-7';
         UPDATE appointments SET calendar_id = (SELECT id FROM calendars WHERE name = 'Team') WHERE id = 'a-8';
         DELETE FROM appointments WHERE id IN ('a-7', 'a-8');",
    );
    assert_eq!(world.settle().deletes(), 1);
    let titles = world.titles_in("primary");
    assert!(titles.contains(&"Visit 7".to_owned()) && !titles.contains(&"Visit 8".to_owned()), "{titles:?}");
    // That the calendar in which it was deleted is connected afterwards says nothing of it.
    let rows = world.number("appointments");
    world.run(&["calendar", "add", "Own", "--user", "alice", "--into", "Mine"]).ends_with(0);
    world.settle();
    let path = format!("{EVENTS}/{}", world.event("Visit 4")["id"].as_str().unwrap());
    world.google("PATCH", &path, &json!({ "location": "Nantes" }));
    assert_eq!((world.settle().writes(), world.number("appointments")), (0, rows));
    assert_eq!(world.event("Visit 4")["location"], "Nantes");
    world.sql(&appointment("a-12", "Visit 12", "alice"));
    world.settle();
    // Between two that are connected nothing is there twice.
    assert_eq!((world.number("appointments"), world.mails()), (10, 0));
    let event = world.event("Visit 6")["id"].as_str().unwrap().to_owned();
    moved(&world, &event, "primary", &team);
    world.settle();
    assert_eq!(world.titles_in(&team), ["Visit 6"]);
    assert_eq!(world.number("appointments"), 10);
}

fn listed(world: &World) -> Vec<(String, String, bool)> {
    let listed = world.run(&["calendar", "list", "--user", "alice"]).ends_with(0);
    let name = |side: &Value| side["name"].as_str().unwrap_or("-").to_owned();
    let line = |line: &&Value| (name(&line["here"]), name(&line["there"]), line["pair"].is_string());
    let mut lines: Vec<_> = listed.of("calendar").iter().map(line).collect();
    lines.sort();
    lines
}

#[test]
fn a_calendar_is_connected_and_parted_by_a_command_and_nothing_is_deleted() {
    let world = World::unconnected();
    let refused = world.run(&["calendar", "add", "Team", "--user", "alice"]);
    assert_eq!(refused.errors(), ["GOOG-211"]);
    let (team, twin) = (world.add_calendar("Team"), world.add_calendar("Twin"));
    world.add_calendar("Twin");
    world.connect_with(&["--calendar", "primary", "--no-contacts"]).ends_with(0);
    world.sql("INSERT INTO calendars (id, owner_id, name) VALUES ('club', 'alice', 'Club');");
    world.google("POST", &events_of(&team), &event("Lunch", "2026-12-04"));
    assert_eq!(
        listed(&world),
        [
            ("-", "Team", false),
            ("-", "Twin", false),
            ("-", "Twin", false),
            ("Club", "-", false),
            ("alice", ACCOUNT, true),
        ]
        .map(|(here, there, pair)| (here.to_owned(), there.to_owned(), pair))
    );
    // A dry run makes nothing; a name that two have is refused with both ids.
    let run = |args: &[&str]| world.run(&[&["calendar"], args, &["--user", "alice"]].concat());
    let dry = run(&["add", "Team", "--dry-run"]).ends_with(0);
    assert_eq!((&dry.of("calendar_added")[0]["made"], world.number("calendars")), (&json!(true), 2));
    let refused = run(&["add", "Twin"]).ends_with(2);
    let error = refused.of("error")[0].clone();
    assert!(error["code"] == "USE-119" && error["what"].as_str().unwrap().contains(&twin), "{error}");
    assert_eq!(run(&["add", "Nowhere"]).errors(), ["USE-111"]);
    assert_eq!(run(&["add", "Team", "--into", "alice"]).errors(), ["SYNC-107"]);
    run(&["add", "Team"]).ends_with(0);
    run(&["add", &twin, "--into", "club"]).ends_with(0);
    let known = run(&["add", "--calendar", "team"]).ends_with(0);
    assert_eq!(known.of("calendar_added")[0]["known"], json!(true));
    world.sql(&(appointment("a-1", "In the club", "Club") + &appointment("a-2", "For the team", "Team")));
    world.settle();
    assert_eq!((world.titles_in(&twin), world.titles_in(&team).len()), (vec!["In the club".to_owned()], 2));
    // Parted, both sides keep what they have, and nothing travels.
    assert_eq!(run(&["remove", "Team"]).errors(), ["USE-108"], "it is asked");
    let dry = run(&["remove", "Team", "--dry-run"]).ends_with(0);
    assert_eq!(dry.of("calendar_removed")[0]["stay"], json!(2));
    assert_eq!(run(&["remove", "Nowhere", "--yes"]).errors(), ["USE-111"]);
    run(&["remove", "Team", "--yes"]).ends_with(0);
    world.sql("UPDATE appointments SET title = 'For the old team' WHERE id = 'a-2';");
    assert_eq!(world.settle().writes(), 0);
    assert_eq!((world.titles_in(&team).len(), world.number("appointments")), (2, 3));
    assert!(listed(&world).contains(&("Team".to_owned(), "-".to_owned(), false)));
    // Again: it goes on where it ended, with the same calendar here.
    run(&["add", "Team"]).ends_with(0);
    assert_eq!(world.settle().writes(), 1);
    assert_eq!(world.titles_in(&team), ["For the old team", "Lunch"]);
    assert_eq!((world.number("appointments"), world.number("calendars")), (3, 3));
}

#[test]
fn a_plan_of_all_pairs_says_what_their_run_does() {
    let world = World::unconnected();
    let team = world.add_calendar("Team");
    world.connect_with(&["--calendar", "primary", "--calendar", "Team", "--no-contacts"]).ends_with(0);
    world.google("POST", &events_of(&team), &event("Lunch", "2026-12-04"));
    world.google("POST", EVENTS, &event("Client", "2026-12-03"));
    world.sql(&(appointment("a-1", "Typed here", "alice") + &appointment("a-2", "For the team", "Team")));
    // The first run.
    let planned = world.run(&["sync", "--dry-run"]).ends_with(0).writes();
    assert_eq!((planned, world.settle().writes()), (4, 4));
    // Moves, each with an edit of its own, and ordinary changes.
    let client = world.event("Client")["id"].as_str().unwrap().to_owned();
    moved(&world, &client, "primary", &team);
    world.google("PATCH", &format!("{}/{client}", events_of(&team)), &json!({ "location": "Brest" }));
    world.sql(
        "UPDATE appointments SET title = 'For everybody',
             calendar_id = (SELECT id FROM calendars WHERE name = 'alice') WHERE id = 'a-2';
         UPDATE appointments SET title = 'Typed again' WHERE id = 'a-1';",
    );
    let dry = world.run(&["sync", "--dry-run", "--diff"]).ends_with(0);
    // An edit of what moved is carried by the pair that it moved to, which may have had its turn in this run.
    let made: u64 = (0..3).map(|_| world.sync().ends_with(0).writes()).sum();
    assert_eq!((dry.writes(), made), (5, 5), "{dry:#?}");
    assert_eq!(world.run(&["sync", "--dry-run"]).ends_with(0).writes(), 0);
    assert_eq!(world.titles_in("primary"), ["For everybody", "Typed again"]);
    assert_eq!(world.titles_in(&team), ["Client", "Lunch"]);
}
