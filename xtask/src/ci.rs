//! Exactly what CI runs, in CI's order.

use std::time::Instant;

use anyhow::Result;

use crate::{codegen, corpora, mutations, run, sim, tidy, tools};

/// The seed of the property tests in the gate, so that one state of the sources has one result. Outside the gate the
/// seed differs with each run, and `PROPTEST_CASES=10000 cargo nextest run` tries more.
const PROPERTIES_SEED: &str = "20261129";

/// Runs every step; the first that fails ends it.
pub fn run() -> Result<()> {
    let begun = Instant::now();
    let deny = tools::cargo_deny()?;
    let nextest = tools::cargo_nextest()?;
    tools::key_store()?;

    step("fmt", || run::check(&mut run::cargo(&["fmt", "--all", "--check"])))?;
    step("tidy", tidy::run)?;
    step("deny", || {
        run::check(
            std::process::Command::new(&deny)
                .args(["--workspace", "check", "--hide-inclusion-graph", "bans", "licenses", "sources"])
                .current_dir(run::root()),
        )
    })?;
    step("clippy", || {
        run::check(&mut run::cargo(&[
            "clippy",
            "--workspace",
            "--all-targets",
            "--all-features",
            "--locked",
            "--",
            "-D",
            "warnings",
        ]))
    })?;
    step("clippy without the features", || {
        run::check(&mut run::cargo(&[
            "clippy",
            "--package",
            "passerelle-app",
            "--all-targets",
            "--no-default-features",
            "--locked",
            "--",
            "-D",
            "warnings",
        ]))
    })?;
    step("doc", || {
        run::check(
            run::cargo(&["doc", "--workspace", "--no-deps", "--document-private-items", "--locked"])
                .env("RUSTDOCFLAGS", "-D warnings"),
        )
    })?;
    step("tests", || {
        run::check(
            std::process::Command::new(&nextest)
                .args(["nextest", "run", "--workspace", "--all-features", "--locked", "--no-fail-fast"])
                .env("PASSERELLE_TESTS_KEY_STORE", "1")
                .env("PROPTEST_RNG_SEED", PROPERTIES_SEED)
                .current_dir(run::root()),
        )
    })?;
    step("doc tests", || run::check(&mut run::cargo(&["test", "--workspace", "--doc", "--locked"])))?;
    step("codegen", || codegen::run(true))?;
    step("foreign files", corpora::in_ci)?;
    step("simulation", sim::in_ci)?;
    step("rules taken out", mutations::in_ci)?;
    println!("all steps passed in {} s", begun.elapsed().as_secs());
    Ok(())
}

fn step(name: &str, work: impl FnOnce() -> Result<()>) -> Result<()> {
    println!("== {name}");
    let begun = Instant::now();
    work()?;
    println!("== {name}: {} s", begun.elapsed().as_secs());
    Ok(())
}
