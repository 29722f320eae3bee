//! Killed at any moment, again and again: nothing is missing, nothing is there twice, and no person is needed
//! (I3, I14).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;
mod sides;

use std::{
    process::Child,
    time::{Duration, Instant},
};

use common::World;
use serde_json::{Value, json};
use sides::{add_what_is_at_google_already, assert_agree, contacts_there, events_there, fill};

const RECORDS: usize = 250;
const KILLS: u64 = 20;
/// So many runs may be needed after the last kill: a write of unknown outcome waits until it has settled.
const RUNS: usize = 60;
/// A small company: most of a life is spent where it matters, in writing.
const FEW: usize = 18;
/// So few of its appointments are changed.
const FEWER: usize = 9;
/// No wait on a child is longer.
const LIMIT: Duration = Duration::from_secs(60);

/// Numbers that look random and are the same at every run (SplitMix64).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % limit
    }
}

/// Waits until Google has seen so many requests and a little longer, then kills; tells whether it still ran.
fn kill_after(world: &World, child: &mut Child, requests: u64, longer: u64) -> bool {
    let begun = Instant::now();
    while world.requests("") < requests {
        if child.try_wait().unwrap().is_some() {
            return false;
        }
        assert!(begun.elapsed() < LIMIT, "the run neither ends nor speaks to Google");
        std::thread::yield_now();
    }
    for _ in 0..longer {
        std::thread::yield_now();
    }
    let running = child.try_wait().unwrap().is_none();
    // SIGKILL: no handler, no clean-up.
    let _ = child.kill();
    child.wait().unwrap();
    running
}

#[test]
fn killed_twenty_times_in_a_first_sync_nothing_is_missing_or_twice() {
    let world = World::new();
    fill(&world, RECORDS, RECORDS);
    let only_there = add_what_is_at_google_already(&world, RECORDS);
    // Answers take their time, so that kills fall between a request and its answer too.
    world.faults(&json!([{"delay_ms": 2}]));
    let mut numbers = Numbers(3);
    let mut killed = 0;
    for _ in 0..KILLS {
        world.forget_requests();
        let mut child = world.begin(&["sync"]);
        let (requests, longer) = (1 + numbers.below(24), numbers.below(3000));
        killed += u64::from(kill_after(&world, &mut child, requests, longer));
        // Both of these insist that nothing is there twice, at any time (I3).
        contacts_there(&world);
        events_there(&world);
    }
    // How many depends on the machine: on a busy one, much is done before a kill.
    assert!(killed >= 3, "some kills met a run that was working: {killed}");
    world.faults(&json!([]));

    let mut runs = Vec::new();
    for _ in 0..RUNS {
        let run = world.sync();
        let quiet = run.code == Some(0) && run.writes() == 0;
        assert_eq!(run.deletes(), 0, "nothing is ever deleted: {run:?}");
        runs.push((run.code, run.writes(), run.errors()));
        if quiet {
            break;
        }
    }
    let (code, writes, _) = runs.last().unwrap();
    assert_eq!((*code, *writes), (Some(0), 0), "it goes on by itself (I14): {runs:?}");
    assert_agree(&world);
    assert_eq!(world.people().len(), RECORDS + only_there, "nothing missing, nothing twice (I3)");
    assert_eq!(world.events().len(), RECORDS + only_there, "nothing missing, nothing twice (I3)");
    assert_eq!(world.number("contacts"), (RECORDS + only_there) as u64);
    assert_eq!(world.number("appointments"), (RECORDS + only_there) as u64);
    assert_eq!(world.mails(), 0, "no guest is mailed, however often a write is repeated (I8)");
}

/// A small company in step, and Google a little slow.
fn small() -> World {
    let world = World::new();
    fill(&world, FEW, FEW);
    world.settle();
    world.faults(&json!([{"delay_ms": 1}]));
    world
}

/// People change something on both sides; returns nothing, for the judge reads both sides itself.
fn work(world: &World, n: usize) {
    // Never one change of more than half of the records: the guard would ask a person.
    let (one, two, field) = (n % FEW, (n + 4) % FEWER, ["notes", "job_title", "department"][n % 3]);
    world.sql(&format!(
        "UPDATE contacts SET {field} = 'typed {n}' WHERE id = 'c{one}';
         UPDATE appointments SET description = 'typed {n}' WHERE id = 'e{}';",
        n % FEWER
    ));
    let events = world.events();
    let plain = |event: &&Value| event["iCalUID"] == format!("rdv-{two}@company.example");
    if let Some(event) = events.iter().find(plain) {
        let path = format!(
            "/calendar/v3/calendars/primary/events/{}?sendUpdates=none",
            event["id"].as_str().unwrap()
        );
        world.google("PATCH", &path, &json!({"location": format!("place {n}")}));
    }
    if n.is_multiple_of(5) {
        let id = 1_000 + n;
        world.sql(&format!(
            "INSERT INTO contacts (id, given_name, surname, notes) VALUES ('k{id}', 'New{id}', 'Here', 'made here');
             INSERT INTO contact_emails (contact_id, address, label) VALUES ('k{id}', 'k{id}@here.example', 'work');"
        ));
    }
    if n.is_multiple_of(7) {
        world.add_person(&json!({
            "names": [{"givenName": format!("New{n}"), "familyName": "There"}],
            "emailAddresses": [{"value": format!("p{n}@there.example")}],
        }));
    }
}

/// Kills a command at some moment of its work. Returns whether it still ran.
fn kill(world: &World, args: &[&str], numbers: &mut Numbers) -> bool {
    world.forget_requests();
    let mut child = world.begin(args);
    // Before the first request, too: the database is being written by then.
    let (requests, longer) = (numbers.below(7), numbers.below(700));
    let longer = if requests == 0 { longer * 20 } else { longer };
    let killed = kill_after(world, &mut child, requests, longer);
    assert_eq!(world.rows("'ok', integrity_check", "pragma_integrity_check")[0]["ok"], "ok");
    contacts_there(world);
    events_there(world);
    killed
}

/// Lets it come to rest by itself, and looks at both sides.
fn rest(world: &World) {
    world.faults(&json!([]));
    let mut runs = Vec::new();
    for _ in 0..RUNS {
        let run = world.sync();
        runs.push((run.code, run.writes(), run.errors()));
        if run.code == Some(0) && run.writes() == 0 {
            break;
        }
    }
    let (code, writes, _) = runs.last().unwrap();
    assert_eq!((*code, *writes), (Some(0), 0), "it goes on by itself (I14): {runs:?}");
    assert_agree(world);
    assert_eq!(world.mails(), 0, "no guest is mailed (I8)");
    assert_eq!(world.rows("'ok', integrity_check", "pragma_integrity_check")[0]["ok"], "ok");
}

/// Kills a run again and again while people go on working.
fn killed_at_work(seed: u64, kills: usize) {
    let world = small();
    let mut numbers = Numbers(seed);
    let (mut killed, mut lives) = (0, 0);
    // Some runs are over before the blow falls: these do not count.
    while killed < kills && lives < kills * 4 {
        work(&world, lives);
        killed += usize::from(kill(&world, &["sync"], &mut numbers));
        lives += 1;
    }
    assert_eq!(killed, kills, "so many kills met a run that was working, in {lives} lives");
    rest(&world);
    let (here, there) = (lives.div_ceil(5), lives.div_ceil(7));
    assert_eq!(world.number("contacts"), (FEW + here + there) as u64, "nothing missing, nothing twice (I3)");
    assert_eq!(world.number("appointments"), FEW as u64);
    // What people typed last stands on both sides (I2): the judge of `rest` has compared them.
    for n in lives.saturating_sub(FEWER)..lives {
        let (one, field) = (n % FEW, ["notes", "job_title", "department"][n % 3]);
        let typed = world.number(&format!("contacts WHERE id = 'c{one}' AND {field} = 'typed {n}'"));
        assert_eq!(typed, 1, "{field} {n} of c{one} (I2)");
        let one = n % FEWER;
        let typed = world.number(&format!("appointments WHERE id = 'e{one}' AND description = 'typed {n}'"));
        assert_eq!(typed, 1, "description {n} of e{one} (I2)");
    }
}

/// Longer than anybody waits: what is slow for so long has not to be waited for.
const FOR_EVER: Duration = Duration::from_secs(120);

/// The ways in which a record is written at Google.
const WRITES: [&str; 6] = ["batchCreate", "batchUpdate", "create", "update", "insert", "patch"];

/// Stopped by the signal that a service manager sends, while Google has a write of it and does not answer.
#[cfg(unix)]
#[test]
fn stopped_in_the_middle_of_a_write_it_ends_at_once_and_goes_on_later() {
    for method in ["people.people.", "calendar.events."] {
        for is_done in [true, false] {
            let world = World::new();
            fill(&world, FEWER, FEWER);
            world.settle();
            world.sql(&(sides::contact_sql(FEWER) + &sides::event_sql(FEWER)));
            world.sql(
                "UPDATE contacts SET notes = 'typed since' WHERE id = 'c1';
                 UPDATE appointments SET description = 'typed since' WHERE id = 'e1';",
            );
            let delay = u64::try_from(FOR_EVER.as_millis()).unwrap();
            let slow = |write: &str| {
                let mut rule = json!({"method": format!("{method}{write}*"), "delay_ms": delay});
                if !is_done {
                    rule["status"] = json!(503);
                }
                rule
            };
            world.faults(&json!(WRITES.map(slow)));
            world.forget_requests();
            let mut child = world.telling(&["sync"]);
            let writes =
                || WRITES.map(|write| world.requests(&format!("{method}{write}"))).iter().sum::<u64>();
            let begun = Instant::now();
            while writes() == 0 {
                assert!(begun.elapsed() < LIMIT && child.try_wait().unwrap().is_none(), "no write was sent");
                std::thread::yield_now();
            }
            let pid = child.id().to_string();
            let begun = Instant::now();
            assert!(std::process::Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
            let told = child.wait_with_output().unwrap();
            assert!(begun.elapsed() < FOR_EVER / 2, "it waits for nobody: {:?}", begun.elapsed());
            assert_eq!(told.status.code(), Some(130));
            let told = String::from_utf8(told.stdout).unwrap();
            let last: Value = serde_json::from_str(told.lines().last().unwrap()).unwrap();
            assert_eq!((&last["type"], &last["code"]), (&json!("summary"), &json!("INT-101")), "{told}");
            assert_eq!(world.number("passerelle_leases"), 0, "the next run need not wait");
            rest(&world);
            assert_eq!(
                (world.people().len(), world.events().len()),
                (FEWER + 1, FEWER + 1),
                "{method} {is_done}"
            );
            assert_eq!(
                (world.number("contacts"), world.number("appointments")),
                (FEWER as u64 + 1, FEWER as u64 + 1)
            );
            assert_eq!(world.number("contacts WHERE notes = 'typed since'"), 1);
            assert_eq!(world.number("appointments WHERE description = 'typed since'"), 1);
        }
    }
}

#[test]
fn killed_sixty_times_at_work_nothing_is_missing_or_twice() {
    killed_at_work(11, 60);
}

#[test]
fn killed_sixty_times_more_at_other_moments() {
    killed_at_work(12, 60);
}

#[test]
fn killed_forty_times_in_an_undo_it_is_done_once() {
    let world = small();
    let mut numbers = Numbers(13);
    let before = sides::contacts_here(&world);
    world.faults(&json!([]));
    let changes: String =
        (0..8).map(|n| format!("UPDATE contacts SET job_title = 'title {n}' WHERE id = 'c{n}';")).collect();
    world.sql(&changes);
    let run = world.sync().run_of("contacts").to_string();
    world.faults(&json!([{"delay_ms": 1}]));
    let (mut killed, mut lives) = (0, 0);
    while killed < 40 && lives < 160 {
        killed += usize::from(kill(&world, &["undo", "run", &run, "--yes"], &mut numbers));
        lives += 1;
    }
    assert_eq!(killed, 40, "so many kills met an undo that was working, in {lives} lives");
    world.faults(&json!([]));
    // What became of the last writes is known after a while only: until then the undo says that it is not done (3).
    let undone = (0..RUNS).any(|_| world.run(&["undo", "run", &run, "--yes"]).code == Some(0));
    assert!(undone, "the undo comes to its end");
    rest(&world);
    assert_eq!(sides::contacts_here(&world), before, "the undo is exact, however often it was begun (I10)");
}

#[test]
fn killed_thirty_times_in_an_import_nothing_is_missing_or_twice() {
    let world = small();
    let mut numbers = Numbers(14);
    let cards: String = (0..400)
        .map(|n| {
            format!(
                "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:import-{n}\r\nN:Import{n};Card;;;\r\nFN:Card Import{n}\r\n\
                 EMAIL:i{n}@import.example\r\nEND:VCARD\r\n"
            )
        })
        .collect();
    let file = world.path("cards.vcf").display().to_string();
    std::fs::write(&file, cards).unwrap();
    for _ in 0..30 {
        let mut child = world.begin(&["contacts", "import", &file]);
        for _ in 0..numbers.below(400_000) {
            std::thread::yield_now();
        }
        let _ = child.kill();
        child.wait().unwrap();
        assert_eq!(world.rows("'ok', integrity_check", "pragma_integrity_check")[0]["ok"], "ok");
    }
    world.run(&["contacts", "import", &file]);
    assert_eq!(world.number("contacts"), (FEW + 400) as u64, "nothing missing, nothing twice (I3)");
    rest(&world);
    assert_eq!(world.number("contacts"), (FEW + 400) as u64);
}
