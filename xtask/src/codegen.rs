//! Files that are written by programs: the settings reference.

use std::fs;

use anyhow::{Result, bail};

use crate::run;

/// Writes the generated files, or checks that they are what they would become.
pub fn run(check: bool) -> Result<()> {
    for (path, text) in [("docs/config.md", settings()?)] {
        let target = run::root().join(path);
        if fs::read_to_string(&target).is_ok_and(|now| now == text) {
            continue;
        }
        if check {
            bail!("{path} is not up to date: run `cargo xtask codegen`");
        }
        fs::write(&target, text)?;
        println!("wrote {path}");
    }
    Ok(())
}

fn settings() -> Result<String> {
    run::output(&mut run::cargo(&[
        "run",
        "--quiet",
        "--package",
        "passerelle-app",
        "--",
        "config",
        "reference",
        "--lang",
        "en",
    ]))
}
