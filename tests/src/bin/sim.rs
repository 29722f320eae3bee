//! Plays histories: `sim --seed N` (one, with its story), `sim --from A --runs N [--go-on]`, and, with the
//! feature `mutants`, `sim --mutants [--only A,B] [--runs N]`: how soon each rule taken out is noticed, or `--without A`
//! in a history or many. `--memory` leaves out the seeds that are played over a database: these take a hundred times as
//! long. `--every 50` plays one seed in so many, which are histories of one sort.

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
    #[cfg(feature = "mutants")]
    mutants::without(&args);
    let good = if let Some(seed) = args.number("--seed") {
        one(seed)
    } else if args.has("--mutants") {
        #[cfg(not(feature = "mutants"))]
        {
            eprintln!("built without the feature `mutants`");
            false
        }
        #[cfg(feature = "mutants")]
        mutants::measure(&args)
    } else {
        many(&args)
    };
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
    let (go_on, memory) = (args.has("--go-on"), args.has("--memory"));
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
                    if memory && !is_in_memory(seed) {
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

/// Rules taken out on purpose.
#[cfg(feature = "mutants")]
mod mutants {
    use std::{
        collections::BTreeMap,
        sync::atomic::{AtomicU64, Ordering},
    };

    use passerelle_ports::mutants::{Mutant, take_out};
    use passerelle_whole_product_tests::simulation::{is_in_memory, play};

    use super::Args;

    /// From how many seeds the search starts anew, to see how lucky the first was.
    const STARTS: u64 = 9;
    /// How far apart these are.
    const APART: u64 = 1_000_000;

    /// Takes the rule out that was named.
    pub fn without(args: &Args) {
        let named = |mutant: &&Mutant| args.text("--without") == Some(mutant.name());
        Mutant::ALL.iter().filter(named).for_each(|mutant| take_out(*mutant));
    }

    /// Prints, for each mutant, `name median worst promise`, the numbers of seeds needed from each start;
    /// `-` where `--runs` seeds were not enough. With `--first`, only the first start is tried; with `--rows`, the
    /// histories over the database are played, not those in memory.
    pub fn measure(args: &Args) -> bool {
        let most = args.number("--runs").unwrap_or(1_000);
        let starts = if args.has("--first") { 1 } else { STARTS };
        let rows = args.has("--rows");
        let only: Option<Vec<&str>> = args.text("--only").map(|only| only.split(',').collect());
        let mut all_found = true;
        for mutant in Mutant::ALL {
            if only.as_ref().is_some_and(|only| !only.contains(&mutant.name())) {
                continue;
            }
            take_out(*mutant);
            let mut needed = Vec::new();
            let mut kinds: BTreeMap<String, u64> = BTreeMap::new();
            for start in 0..starts {
                let found = search(start * APART + 1, most, rows);
                needed.push(found.as_ref().map(|(seeds, _)| *seeds));
                if let Some((_, failure)) = found {
                    *kinds.entry(promise(&failure)).or_default() += 1;
                }
            }
            needed.sort_by_key(|seeds| seeds.unwrap_or(u64::MAX));
            let shown = |seeds: Option<&Option<u64>>| {
                seeds.copied().flatten().map_or("-".to_owned(), |seeds| seeds.to_string())
            };
            let kinds: Vec<String> = kinds.into_keys().collect();
            println!(
                "{} {} {} {}",
                mutant.name(),
                shown(needed.get(needed.len() / 2)),
                shown(needed.last()),
                if kinds.is_empty() { "-".to_owned() } else { kinds.join(",") }
            );
            all_found &= needed.iter().all(Option::is_some);
        }
        take_out(Mutant::None);
        all_found
    }

    /// Plays seeds on two threads until one fails, those in memory or those over the database; returns how many it took.
    fn search(from: u64, most: u64, rows: bool) -> Option<(u64, String)> {
        let next = AtomicU64::new(0);
        let best = AtomicU64::new(u64::MAX);
        let found = std::sync::Mutex::new(None::<(u64, String)>);
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    loop {
                        let at = next.fetch_add(1, Ordering::Relaxed);
                        if at >= most || at > best.load(Ordering::Relaxed) {
                            return;
                        }
                        if is_in_memory(from + at) == rows {
                            continue;
                        }
                        if let Some(failure) = play(from + at, false).failure {
                            best.fetch_min(at, Ordering::Relaxed);
                            let mut found = found.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                            if found.as_ref().is_none_or(|(seeds, _)| *seeds > at + 1) {
                                *found = Some((at + 1, failure));
                            }
                        }
                    }
                });
            }
        });
        found.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// The promise that a judge names at the end of what it says.
    fn promise(failure: &str) -> String {
        failure
            .split(['(', ')', ',', ' '])
            .rfind(|word| {
                word.len() < 4 && word.strip_prefix('I').is_some_and(|digits| digits.parse::<u8>().is_ok())
            })
            .unwrap_or("other")
            .to_owned()
    }
}
