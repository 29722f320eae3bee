//! The checks that no compiler makes.
//!
//! - every module opens with `//!`;
//! - the domain crates know no `async`, no `tracing`, no clock;
//! - each crate of ours depends on those of ours that the architecture allows, and no others;
//! - the numbered promises of the port and the names of the contract's tests agree;
//! - no test is switched off or sleeps, and nothing unfinished is marked for later;
//! - the tests that `docs/development/scenarios.md` names exist;
//! - inside a crate, no file leads back to itself through the files that it uses (`circles.rs`);
//! - links, anchors and cited files, numbers and sections exist, and the top level holds what is known (`docs.rs`).

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};

use crate::{circles, docs, run};

/// Which crates of ours a crate may name under `[dependencies]`. The picture of `docs/explanation/architecture.md`.
const ALLOWED: &[(&str, &[&str])] = &[
    ("ports", &[]),
    ("texts", &[]),
    ("contacts", &["ports"]),
    ("calendar", &["ports"]),
    ("sync-rules", &["ports"]),
    ("formats", &["ports", "contacts", "calendar"]),
    ("engine", &["ports", "sync-rules"]),
    ("service", &["ports", "engine", "sync-rules", "contacts", "calendar", "formats"]),
    ("sql-store", &["ports", "contacts", "calendar"]),
    ("credentials", &["ports"]),
    ("google-transport", &["ports"]),
    ("google-people", &["ports", "contacts", "google-transport"]),
    ("google-calendar", &["ports", "calendar", "google-transport"]),
    ("testkit", &["ports"]),
    ("google-sim", &[]),
];

/// Which of our crates may use a crate of the outside world in what it ships. Tests may use it anywhere.
const FOREIGN: &[(&str, &str)] = &[
    ("diesel", "sql-store"),
    ("diesel_migrations", "sql-store"),
    ("reqwest", "google-transport"),
    ("oauth2", "google-transport"),
    ("axum", "google-sim"),
    ("clap", "app google-sim"),
    ("chacha20poly1305", "credentials"),
    ("hpke", "credentials"),
    ("keyring-core", "credentials"),
    ("ring", "google-transport google-sim"),
    ("rustix", "app"),
    ("fluent-templates", "texts"),
];

/// Runs every check and reports all findings at once.
pub fn run() -> Result<()> {
    let mut found = Vec::new();
    module_headers(&mut found)?;
    pure_domain(&mut found)?;
    dependencies(&mut found)?;
    promises(&mut found)?;
    switched_off(&mut found)?;
    scenarios(&mut found)?;
    circles::check(&mut found)?;
    docs::check(&mut found)?;
    if found.is_empty() {
        return Ok(());
    }
    for line in &found {
        eprintln!("tidy: {line}");
    }
    bail!("{} finding(s)", found.len())
}

fn module_headers(found: &mut Vec<String>) -> Result<()> {
    for path in rust_files(&run::root())? {
        let text = fs::read_to_string(&path)?;
        let opens = text.lines().find(|line| !line.trim().is_empty() && !line.starts_with("// @generated"));
        if !opens.is_some_and(|line| line.starts_with("//!") || line.starts_with("#![doc")) {
            found.push(format!("{}: a module opens with `//!`, one sentence of what it is", shown(&path)));
        }
    }
    Ok(())
}

fn pure_domain(found: &mut Vec<String>) -> Result<()> {
    for path in rust_files(&run::root().join("crates/domain"))? {
        let text = fs::read_to_string(&path)?;
        for (number, line) in text.lines().enumerate() {
            let code = line.split("//").next().unwrap_or_default();
            let words: Vec<&str> =
                code.split(|c: char| !c.is_alphanumeric() && c != '_' && c != ':').collect();
            for bad in ["async", "tracing", "tokio", "std::fs", "std::env"] {
                if words.iter().any(|word| *word == bad || word.starts_with(&format!("{bad}::"))) {
                    found.push(format!("{}:{}: the domain knows no `{bad}`", shown(&path), number + 1));
                }
            }
        }
    }
    Ok(())
}

fn dependencies(found: &mut Vec<String>) -> Result<()> {
    let allowed: BTreeMap<&str, &[&str]> = ALLOWED.iter().copied().collect();
    for manifest in manifests()? {
        let table: toml::Table = fs::read_to_string(&manifest)?.parse()?;
        let name = table
            .get("package")
            .and_then(|package| package.get("name"))
            .and_then(toml::Value::as_str)
            .context("a manifest without a name")?;
        let Some(short) = name.strip_prefix("passerelle-") else { continue };
        let empty = toml::Table::new();
        let depends = table.get("dependencies").and_then(toml::Value::as_table).unwrap_or(&empty);
        for (outside, users) in FOREIGN {
            if depends.contains_key(*outside) && !users.split(' ').any(|user| user == short) {
                found.push(format!("{}: {short} may not depend on {outside}", shown(&manifest)));
            }
        }
        let Some(may) = allowed.get(short) else { continue };
        for ours in depends.keys().filter_map(|key| key.strip_prefix("passerelle-")) {
            if !may.contains(&ours) {
                found.push(format!("{}: {short} may not depend on {ours}", shown(&manifest)));
            }
        }
    }
    Ok(())
}

/// Every `**Rn**` of the port has a test `rnn_…` in the contract, and the other way round.
fn promises(found: &mut Vec<String>) -> Result<()> {
    let port = fs::read_to_string(run::root().join("crates/ports/src/replica.rs"))?;
    let promised: BTreeSet<u32> =
        port.split("**R").skip(1).filter_map(|rest| rest.split("**").next()?.parse().ok()).collect();
    let mut tested = BTreeSet::new();
    for path in rust_files(&run::root().join("crates/testing/testkit/src"))? {
        let text = fs::read_to_string(&path)?;
        for word in text.split(|c: char| !c.is_alphanumeric() && c != '_') {
            let Some(rest) = word.strip_prefix('r') else { continue };
            let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
            if digits.len() == 2 && rest[2..].starts_with('_') {
                tested.extend(digits.parse::<u32>().ok());
            }
        }
    }
    for missing in promised.difference(&tested) {
        found.push(format!("promise R{missing} of the port has no test r{missing:02}_… in the contract"));
    }
    for extra in tested.difference(&promised) {
        found.push(format!("the contract tests R{extra}, which the port does not promise"));
    }
    Ok(())
}

fn switched_off(found: &mut Vec<String>) -> Result<()> {
    for path in rust_files(&run::root())? {
        if path.ends_with("xtask/src/tidy.rs") {
            continue;
        }
        let text = fs::read_to_string(&path)?;
        for bad in ["#[ignore", "#[should_panic", "thread::sleep(", "todo!(", "unimplemented!("] {
            if text.contains(bad) {
                found.push(format!("{}: holds `{bad}`", shown(&path)));
            }
        }
        // Whole words: VTODO is a component of iCalendar.
        for bad in ["FIXME", "TODO"] {
            if text.split(|c: char| !c.is_alphanumeric()).any(|word| word == bad) {
                found.push(format!("{}: holds `{bad}`", shown(&path)));
            }
        }
    }
    Ok(())
}

/// Every test that `docs/development/scenarios.md` names exists.
fn scenarios(found: &mut Vec<String>) -> Result<()> {
    let page = fs::read_to_string(run::root().join("docs/development/scenarios.md"))?;
    let mut sources = String::new();
    for path in rust_files(&run::root())? {
        sources.push_str(&fs::read_to_string(&path)?);
    }
    let is_test = |name: &&str| {
        name.contains('_') && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
    };
    for name in page.split('`').skip(1).step_by(2).filter(is_test) {
        if !sources.contains(&format!("fn {name}(")) {
            found.push(format!("docs/development/scenarios.md: there is no test `{name}`"));
        }
    }
    Ok(())
}

pub fn manifests() -> Result<Vec<PathBuf>> {
    let mut all = Vec::new();
    walk(&run::root().join("crates"), &mut |path| {
        if path.file_name().is_some_and(|name| name == "Cargo.toml") {
            all.push(path.to_path_buf());
        }
    })?;
    Ok(all)
}

pub fn rust_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut all = Vec::new();
    walk(folder, &mut |path| {
        if path.extension().is_some_and(|extension| extension == "rs") {
            all.push(path.to_path_buf());
        }
    })?;
    all.sort();
    Ok(all)
}

/// Shows every file below a folder; what is hidden or built is left out.
pub fn walk(folder: &Path, see: &mut impl FnMut(&Path)) -> Result<()> {
    for entry in fs::read_dir(folder).with_context(|| shown(folder))? {
        let path = entry?.path();
        let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        if path.is_dir() && !hidden && !path.ends_with("target") {
            walk(&path, see)?;
        } else if path.is_file() {
            see(&path);
        }
    }
    Ok(())
}

/// A path as it is told: from the top of the repository.
pub fn shown(path: &Path) -> String {
    path.strip_prefix(run::root()).unwrap_or(path).display().to_string()
}
