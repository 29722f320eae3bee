//! `cargo xtask sim`: the simulation of the whole-product tests, longer or replayed; rules taken out; crashes.

use anyhow::Result;
use clap::Args;

use crate::{mutants, run};

/// How many histories CI plays, from seed 1.
const CI_RUNS: u64 = 1_000;
/// The last seed that CI plays, from the one after those: in memory.
const CI_LAST: u64 = 10_000;
/// How many histories a rule taken out may need at most.
const MUTANT_RUNS: u64 = 1_000;

/// Which histories to play.
#[derive(Args)]
pub struct Options {
    /// Play this one history, step by step.
    #[arg(long)]
    seed: Option<u64>,
    /// The first seed of many.
    #[arg(long, default_value_t = 1)]
    from: u64,
    /// How many histories to play; with `--mutants`, how many each may need.
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
    /// Take rules out, one at a time, and see how soon each is noticed; writes `docs/development/mutations.md`.
    #[arg(long)]
    mutants: bool,
    /// With `--mutants`: only these, separated by commas.
    #[arg(long)]
    only: Option<String>,
    /// Crash at every point, and at every point of the run that recovers from that.
    #[arg(long)]
    crash_pairs: bool,
}

/// Plays what was asked for; fails when a judge is not content.
pub fn run(options: &Options) -> Result<()> {
    if options.mutants {
        return mutants::run(options.only.as_deref(), options.runs.unwrap_or(MUTANT_RUNS));
    }
    if options.crash_pairs {
        let args = ["test", "--package", "passerelle-engine", "--test", "crashes", "--", "--nocapture"];
        return run::check(&mut run::cargo(&args));
    }
    let mut args =
        vec!["run", "--quiet", "--package", "passerelle-whole-product-tests", "--bin", "sim", "--"]
            .into_iter()
            .map(str::to_owned)
            .collect::<Vec<_>>();
    match options.seed {
        Some(seed) => args.extend(["--seed".to_owned(), seed.to_string()]),
        None => args.extend([
            "--from".to_owned(),
            options.from.to_string(),
            "--runs".to_owned(),
            options.runs.unwrap_or(1_000).to_string(),
            "--threads".to_owned(),
            options.threads.to_string(),
            "--every".to_owned(),
            options.every.to_string(),
        ]),
    }
    if options.memory {
        args.push("--memory".to_owned());
    }
    if options.go_on {
        args.push("--go-on".to_owned());
    }
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    run::check(&mut run::cargo(&args))
}

/// Plays what CI plays: histories, then every rule taken out.
pub fn in_ci() -> Result<()> {
    let some = |from, runs, memory| Options {
        seed: None,
        from,
        runs: Some(runs),
        go_on: false,
        memory,
        every: 1,
        threads: 2,
        mutants: false,
        only: None,
        crash_pairs: false,
    };
    run(&some(1, CI_RUNS, false))?;
    run(&some(CI_RUNS + 1, CI_LAST - CI_RUNS, true))?;
    mutants::in_ci()
}
