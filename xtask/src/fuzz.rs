//! `cargo xtask fuzz`: the fuzzer over everything that reads a file, some minutes for each target.

use std::{
    fs,
    process::{Command, Stdio},
};

use anyhow::{Context, Result, bail};

use crate::run;

const TARGETS: [&str; 5] = ["vcard", "icalendar", "csv", "jscontact", "jscalendar"];

/// What may be asked for.
#[derive(clap::Args)]
pub struct Options {
    /// Only these targets; all of them if none is named.
    targets: Vec<String>,
    /// How long each target runs.
    #[arg(long, default_value_t = 10)]
    minutes: u64,
    /// How long each target runs, in seconds instead of minutes.
    #[arg(long, conflicts_with = "minutes")]
    seconds: Option<u64>,
}

/// Runs the targets one after the other; each input that breaks one is kept under `target/fuzz-found`.
pub fn run(options: &Options) -> Result<()> {
    needs("cargo", &["+nightly", "--version"])
        .context("the fuzzer needs a nightly compiler: rustup toolchain install nightly")?;
    needs("cargo", &["+nightly", "fuzz", "--version"])
        .context("the fuzzer needs cargo-fuzz: cargo install --locked cargo-fuzz")?;
    if let Some(unknown) = options.targets.iter().find(|name| !TARGETS.contains(&name.as_str())) {
        bail!("no target is called {unknown}: there are {}", TARGETS.join(", "));
    }
    let seconds = options.seconds.unwrap_or(options.minutes * 60);
    let wanted = |name: &&&str| options.targets.is_empty() || options.targets.iter().any(|one| one == **name);
    let mut broken = Vec::new();
    for target in TARGETS.iter().filter(wanted) {
        println!("== {target}: {seconds} s");
        if one(target, seconds).is_err() {
            broken.push(*target);
        }
    }
    anyhow::ensure!(
        broken.is_empty(),
        "broken: {}; the inputs are under target/fuzz-found",
        broken.join(", ")
    );
    Ok(())
}

fn one(target: &str, seconds: u64) -> Result<()> {
    // What the fuzzer finds goes here; the seeds of the repository are only read.
    let found = run::root().join("target/fuzz-corpus").join(target);
    let inputs = run::root().join("target/fuzz-found").join(target);
    fs::create_dir_all(&found)?;
    fs::create_dir_all(&inputs)?;
    let seeds = run::root().join("tests/fuzz/corpus").join(target);
    let target_dir = run::root().join("target/fuzz");
    let mut fuzz = Command::new("cargo");
    fuzz.args(["+nightly", "fuzz", "run", "--fuzz-dir", "tests/fuzz", "--target-dir"]).arg(target_dir);
    fuzz.arg(target).arg(found).arg(seeds).arg("--");
    fuzz.arg(format!("-artifact_prefix={}/", inputs.display()));
    fuzz.args([format!("-max_total_time={seconds}"), "-max_len=65536".to_owned(), "-timeout=20".to_owned()]);
    run::check(fuzz.current_dir(run::root()))
}

fn needs(program: &str, arguments: &[&str]) -> Result<()> {
    let status =
        Command::new(program).args(arguments).stdout(Stdio::null()).stderr(Stdio::null()).status()?;
    anyhow::ensure!(status.success(), "{program} {} failed", arguments.join(" "));
    Ok(())
}
