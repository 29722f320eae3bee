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
use serde_json::json;
use sides::{add_what_is_at_google_already, assert_agree, contacts_there, events_there, fill};

const RECORDS: usize = 250;
const KILLS: u64 = 20;
/// So many runs may be needed after the last kill: a write of unknown outcome waits until it has settled.
const RUNS: usize = 60;
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
    assert!(killed >= KILLS / 2, "most kills met a run that was working: {killed}");
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
