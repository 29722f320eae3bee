//! Plays histories: `sim --seed N` (one, with its story), `sim --from A --runs N [--go-on]`. `--memory` leaves out the
//! seeds that are played over a database, which take a hundred times as long; `--rows` plays these alone. `--every 50`
//! plays one seed in so many, which are histories of one sort.

use std::{
    collections::BTreeMap,
    process::ExitCode,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use passerelle_whole_product_tests::simulation::{Verdict, is_in_memory, play};

/// One seed in so many is played twice, and both plays must be the same (I19).
const TWICE: u64 = 25;
/// How often a long run says how far it is.
const EVERY: Duration = Duration::from_secs(10);

struct Args(Vec<String>);

impl Args {
    fn has(&self, name: &str) -> bool {
        self.0.iter().any(|arg| arg == name)
    }

    fn text(&self, name: &str) -> Option<&str> {
        let at = self.0.iter().position(|arg| arg == name)?;
        self.0.get(at + 1).map(String::as_str)
    }

    fn number(&self, name: &str) -> Option<u64> {
        self.text(name)?.parse().ok()
    }
}

fn main() -> ExitCode {
    let args = Args(std::env::args().collect());
    let good = if let Some(seed) = args.number("--seed") { one(seed) } else { many(&args) };
    if good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn one(seed: u64) -> bool {
    let verdict = play(seed, true);
    for line in &verdict.story {
        println!("{line}");
    }
    println!("seed {seed}: {}", verdict.failure.as_deref().unwrap_or("all judges content"));
    verdict.failure.is_none()
}

/// What was counted over many histories.
#[derive(Default)]
struct Tally {
    played: u64,
    steps: u64,
    fewest: Option<u64>,
    failed: Vec<String>,
    /// Histories and steps of each mode.
    modes: BTreeMap<&'static str, (u64, u64, Duration)>,
    notes: BTreeMap<&'static str, u64>,
}

impl Tally {
    fn add(&mut self, seed: u64, verdict: Verdict, took: Duration) {
        self.played += 1;
        self.steps += verdict.steps;
        self.fewest = Some(self.fewest.map_or(verdict.steps, |fewest| fewest.min(verdict.steps)));
        let mode = self.modes.entry(verdict.mode).or_default();
        *mode = (mode.0 + 1, mode.1 + verdict.steps, mode.2 + took);
        for (note, count) in verdict.notes {
            *self.notes.entry(note).or_default() += count;
        }
        if let Some(failure) = verdict.failure {
            self.failed.push(format!("seed {seed}: {failure}\n    replay: cargo xtask sim --seed {seed}"));
        }
    }
}

fn many(args: &Args) -> bool {
    let (from, runs) = (args.number("--from").unwrap_or(1), args.number("--runs").unwrap_or(1_000));
    let (go_on, memory, rows) = (args.has("--go-on"), args.has("--memory"), args.has("--rows"));
    let every = args.number("--every").unwrap_or(1).max(1);
    let threads = args.number("--threads").unwrap_or(2).max(1);
    let (next, stop) = (AtomicU64::new(from), AtomicBool::new(false));
    let end = from.saturating_add(runs.saturating_mul(every));
    let tally = Mutex::new(Tally::default());
    let lock = || tally.lock().unwrap_or_else(PoisonError::into_inner);
    let begun = Instant::now();
    let said = Mutex::new(begun);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    let seed = next.fetch_add(every, Ordering::Relaxed);
                    if seed >= end {
                        return;
                    }
                    if memory && !is_in_memory(seed) || rows && is_in_memory(seed) {
                        continue;
                    }
                    let at = Instant::now();
                    let verdict = play(seed, false);
                    let took = at.elapsed();
                    let again = seed.is_multiple_of(TWICE).then(|| play(seed, false).trace);
                    let differs = again.is_some_and(|trace| trace != verdict.trace);
                    let failed = verdict.failure.is_some() || differs;
                    let mut tally = lock();
                    tally.add(seed, verdict, took);
                    if differs {
                        tally.failed.push(format!("seed {seed}: two plays differ (I19)"));
                    }
                    if failed {
                        println!("{}", tally.failed.last().map_or("", String::as_str));
                        stop.fetch_or(!go_on, Ordering::Relaxed);
                    }
                    let mut said = said.lock().unwrap_or_else(PoisonError::into_inner);
                    if said.elapsed() > EVERY {
                        *said = Instant::now();
                        eprintln!(
                            "{} of {runs} histories, {} steps, {} failed, {:.0} s",
                            tally.played,
                            tally.steps,
                            tally.failed.len(),
                            begun.elapsed().as_secs_f64()
                        );
                    }
                }
            });
        }
    });
    let tally = lock();
    let seconds = begun.elapsed().as_secs_f64();
    println!("{:?}", tally.notes);
    for (mode, (histories, steps, took)) in &tally.modes {
        let rate = *steps as f64 / took.as_secs_f64().max(0.001);
        println!("{mode}: {histories} histories, {steps} steps, {rate:.0} steps/s on one core");
    }
    println!(
        "{} histories from seed {from}: {} failed; {} steps ({} at least in each), {:.0} s, {:.0} steps/s",
        tally.played,
        tally.failed.len(),
        tally.steps,
        tally.fewest.unwrap_or(0),
        seconds,
        tally.steps as f64 / seconds.max(0.001)
    );
    tally.failed.is_empty()
}
