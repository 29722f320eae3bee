//! Rules taken out on purpose: is each noticed, by which ring, and how soon? `tests/mutants.toml` names the ring
//! of each; the table for people is `docs/development/mutations.md`.

use std::{collections::BTreeMap, fs};

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use crate::{run, tools};

#[derive(Deserialize)]
struct Table {
    mutant: Vec<Mutant>,
}

/// One line of `tests/mutants.toml`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Mutant {
    name: String,
    rule: String,
    bug: Option<String>,
    within: Option<u64>,
    #[serde(default)]
    rows: bool,
    package: Option<String>,
    test: Option<String>,
    promise: Option<String>,
    harmless: Option<String>,
}

/// What was found out about one mutant.
struct Found {
    ring: String,
    promise: String,
    median: String,
    worst: String,
}

fn table() -> Result<Vec<Mutant>> {
    let path = run::root().join("tests/mutants.toml");
    let table: Table = toml::from_str(&fs::read_to_string(&path)?).context("tests/mutants.toml")?;
    Ok(table.mutant)
}

/// Takes each rule out and asks its ring. Where all are asked, the table is written anew.
pub fn run(only: Option<&str>, runs: u64) -> Result<()> {
    let all = table()?;
    let asked = |mutant: &&Mutant| only.is_none_or(|only| only.split(',').any(|name| name == mutant.name));
    let asked: Vec<&Mutant> = all.iter().filter(asked).collect();
    let mut found = simulated(&asked, runs, false)?;
    found.extend(tested(&asked)?);
    let mut unnoticed = Vec::new();
    for mutant in &asked {
        match found.get(&mutant.name) {
            Some(it) => println!(
                "{}: {} {} median {} worst {}",
                mutant.name, it.ring, it.promise, it.median, it.worst
            ),
            None if mutant.harmless.is_some() => println!("{}: harmless", mutant.name),
            None => unnoticed.push(mutant.name.as_str()),
        }
    }
    if only.is_none() && unnoticed.is_empty() {
        fs::write(run::root().join("docs/development/mutations.md"), written(&all, &found))?;
    }
    if unnoticed.is_empty() { Ok(()) } else { bail!("nobody notices: {}", unnoticed.join(", ")) }
}

/// The short form: every mutant is noticed, the simulated ones within their budget of seeds from 1.
pub fn in_ci() -> Result<()> {
    let all = table()?;
    let asked: Vec<&Mutant> = all.iter().collect();
    let mut found = simulated(&asked, 0, true)?;
    found.extend(tested(&asked)?);
    let noticed = |mutant: &&&Mutant| mutant.harmless.is_none() && !found.contains_key(&mutant.name);
    let unnoticed: Vec<&str> = asked.iter().filter(noticed).map(|mutant| mutant.name.as_str()).collect();
    if unnoticed.is_empty() {
        println!("all {} rules taken out are noticed", found.len());
        return Ok(());
    }
    bail!("a judge has gone blind: nobody notices {}", unnoticed.join(", "))
}

/// Asks the simulation.
fn simulated(asked: &[&Mutant], runs: u64, short: bool) -> Result<BTreeMap<String, Found>> {
    let mut by_budget: BTreeMap<(u64, bool), Vec<&str>> = BTreeMap::new();
    for mutant in asked {
        if let Some(within) = mutant.within {
            by_budget.entry((if short { within } else { runs }, mutant.rows)).or_default().push(&mutant.name);
        }
    }
    let mut found = BTreeMap::new();
    for ((budget, rows), names) in by_budget {
        let (budget, names) = (budget.to_string(), names.join(","));
        let mut args = vec!["run", "--quiet", "--package", "passerelle-whole-product-tests", "--bin", "sim"];
        args.extend(["--features", "mutants", "--", "--mutants", "--only", &names, "--runs", &budget]);
        if short {
            args.push("--first");
        }
        if rows {
            args.push("--rows");
        }
        let said = run::cargo(&args).output()?;
        for line in String::from_utf8_lossy(&said.stdout).lines() {
            let mut words = line.split(' ').map(str::to_owned);
            let (Some(name), Some(median), Some(worst), Some(promise)) =
                (words.next(), words.next(), words.next(), words.next())
            else {
                continue;
            };
            // Found from most starts, but not from each: told in the table, and enough.
            if median != "-" {
                let worst = if worst == "-" { format!("> {budget}") } else { worst };
                found.insert(name, Found { ring: "simulation".into(), promise, median, worst });
            }
        }
    }
    Ok(found)
}

/// Asks the tests of a crate: one of them has to fail.
fn tested(asked: &[&Mutant]) -> Result<BTreeMap<String, Found>> {
    let nextest = tools::cargo_nextest()?;
    let mut found = BTreeMap::new();
    for mutant in asked {
        let Some(package) = &mutant.package else { continue };
        let filter = match &mutant.test {
            Some(test) => format!("package({package}) & test(={test})"),
            None => format!("package({package})"),
        };
        let said = std::process::Command::new(&nextest)
            .args(["nextest", "run", "--workspace", "--all-features", "--locked", "--fail-fast"])
            .args(["--status-level", "none", "--final-status-level", "fail", "-E", &filter])
            .env("PASSERELLE_MUTANT", &mutant.name)
            .current_dir(run::root())
            .output()?;
        let text = String::from_utf8_lossy(&said.stderr);
        // 100 = tests ran, and some failed.
        if said.status.code() != Some(100) {
            continue;
        }
        let failing = text.lines().rfind(|line| line.trim_start().starts_with("FAIL"));
        let name = failing.and_then(|line| line.split_whitespace().last()).unwrap_or("a test").to_owned();
        let ring = format!("{}: `{}`", package.trim_start_matches("passerelle-"), name.trim());
        let promise = mutant.promise.clone().unwrap_or_default();
        found.insert(mutant.name.clone(), Found { ring, promise, median: "–".into(), worst: "–".into() });
    }
    Ok(found)
}

fn written(all: &[Mutant], found: &BTreeMap<String, Found>) -> String {
    let mut text = String::from(
        "# Rules taken out on purpose\n\n\
         <!-- Written by `cargo xtask sim --mutants`; what is asked is in `tests/mutants.toml`. -->\n\n\
         Each rule of the engine and each known bug of its kind is a switch that exists in test builds only\n\
         (`passerelle_ports::mutants`). It is taken out, and a ring of tests has to notice: the simulation, or a named\n\
         test. *Seeds*: how many histories it took, from nine different starts; median and worst.\n\
         *Known bug*: one of the 41 that other products have had.\n\n\
         | mutant | rule taken out | known bug | noticed by | promise | seeds, median | worst |\n\
         | --- | --- | --- | --- | --- | --- | --- |\n",
    );
    for mutant in all {
        let bug = mutant.bug.as_deref().unwrap_or("");
        let (ring, promise, median, worst) = match found.get(&mutant.name) {
            Some(it) => (it.ring.as_str(), it.promise.as_str(), it.median.as_str(), it.worst.as_str()),
            None => ("nobody: harmless", "", "", ""),
        };
        text += &format!(
            "| `{}` | {} | {bug} | {ring} | {promise} | {median} | {worst} |\n",
            mutant.name, mutant.rule
        );
    }
    text += "\n## Harmless\n\n";
    for mutant in all {
        if let Some(why) = &mutant.harmless {
            text += &format!("- `{}`: {why}.\n", mutant.name);
        }
    }
    text
}
