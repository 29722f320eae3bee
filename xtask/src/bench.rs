//! `cargo xtask bench`: figures as ratios and request counts.

use anyhow::Result;

use crate::run;

/// Runs the benchmarks of the whole-product tests, which write their own table.
pub fn run() -> Result<()> {
    run::check(&mut run::cargo(&[
        "run",
        "--release",
        "--package",
        "passerelle-whole-product-tests",
        "--bin",
        "bench",
    ]))
}
