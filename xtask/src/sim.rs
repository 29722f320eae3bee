//! `cargo xtask sim`: the simulation of the whole-product tests, longer or replayed; crashes.

use std::process::Command;

use anyhow::Result;
use clap::Args;

use crate::run;

/// How many histories CI plays, from seed 1.
const CI_RUNS: u64 = 1_000;
/// The last seed that CI plays, from the one after those: in memory.
const CI_LAST: u64 = 10_000;

/// Which histories to play.
#[derive(Args)]
pub struct Options {
    /// Play this one history, step by step.
    #[arg(long)]
    seed: Option<u64>,
    /// The first seed of many.
    #[arg(long, default_value_t = 1)]
    from: u64,
    /// How many histories to play.
    #[arg(long)]
    runs: Option<u64>,
    /// Do not stop at the first failure.
    #[arg(long)]
    go_on: bool,
    /// Leave out the histories that are played over a database.
    #[arg(long)]
    memory: bool,
    /// Play one seed in so many: histories of one sort.
    #[arg(long, default_value_t = 1)]
    every: u64,
    /// On how many threads.
    #[arg(long, default_value_t = 2)]
    threads: u64,
    /// Crash at every point, and at every point of the run that recovers from that.
    #[arg(long)]
    crash_pairs: bool,
}

/// Plays what was asked for; fails when a judge is not content.
pub fn run(options: &Options) -> Result<()> {
    if options.crash_pairs {
        let args = ["test", "--package", "passerelle-engine", "--test", "crashes", "--", "--nocapture"];
        return run::check(&mut run::cargo(&args));
    }
    // With the features of the tests: what they are built from is built already.
    run::check(&mut run::cargo(&["build", "--quiet", "--workspace", "--all-features", "--bin", "sim"]))?;
    let mut sim = Command::new(run::root().join("target/debug/sim"));
    sim.current_dir(run::root());
    match options.seed {
        Some(seed) => sim.args(["--seed", &seed.to_string()]),
        None => sim
            .args(["--from", &options.from.to_string(), "--runs", &options.runs.unwrap_or(1_000).to_string()])
            .args(["--threads", &options.threads.to_string(), "--every", &options.every.to_string()]),
    };
    sim.args(options.memory.then_some("--memory")).args(options.go_on.then_some("--go-on"));
    run::check(&mut sim)
}

/// Plays what CI plays.
pub fn in_ci() -> Result<()> {
    let some = |from, runs, memory| Options {
        seed: None,
        from,
        runs: Some(runs),
        go_on: false,
        memory,
        every: 1,
        threads: 2,
        crash_pairs: false,
    };
    run(&some(1, CI_RUNS, false))?;
    run(&some(CI_RUNS + 1, CI_LAST - CI_RUNS, true))
}
