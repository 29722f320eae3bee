//! `cargo xtask sim`: the simulation of the whole-product tests, longer or replayed.

use anyhow::Result;
use clap::Args;

use crate::run;

/// How many histories CI plays, from seed 1.
const CI_RUNS: u64 = 2_000;

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
    #[arg(long, default_value_t = 1_000)]
    runs: u64,
}

/// Plays what was asked for; fails when a judge is not content.
pub fn run(options: &Options) -> Result<()> {
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
            options.runs.to_string(),
        ]),
    }
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    run::check(&mut run::cargo(&args))
}

/// Plays what CI plays.
pub fn in_ci() -> Result<()> {
    run(&Options { seed: None, from: 1, runs: CI_RUNS })
}
