//! Plays histories: `sim --seed N` (one, with its story) or `sim --from A --runs N`.

use std::{collections::BTreeMap, process::ExitCode};

use passerelle_whole_product_tests::simulation::{Verdict, play};

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().collect();
    let number = |name: &str| {
        let at = args.iter().position(|arg| arg == name)?;
        args.get(at + 1)?.parse::<u64>().ok()
    };
    if let Some(seed) = number("--seed") {
        let verdict = play(seed, true);
        for line in &verdict.story {
            println!("{line}");
        }
        println!("seed {seed}: {}", verdict.failure.as_deref().unwrap_or("all judges content"));
        return code(verdict.failure.is_none());
    }
    #[cfg(feature = "mutants")]
    if args.iter().any(|arg| arg == "--mutants") {
        mutants(number("--runs").unwrap_or(1_000));
        return ExitCode::SUCCESS;
    }
    let (from, runs) = (number("--from").unwrap_or(1), number("--runs").unwrap_or(1_000));
    let mut notes: BTreeMap<&'static str, u64> = BTreeMap::new();
    let mut failed = 0;
    for seed in from..from.saturating_add(runs) {
        let Verdict { failure, notes: counted, trace, .. } = play(seed, false);
        for (note, count) in counted {
            *notes.entry(note).or_default() += count;
        }
        if let Some(failure) = failure {
            failed += 1;
            println!("seed {seed}: {failure}\n    replay: cargo xtask sim --seed {seed}");
        }
        if seed % 100 == 0 && play(seed, false).trace != trace {
            failed += 1;
            println!("seed {seed}: two plays differ (I19)");
        }
    }
    println!("{runs} histories from seed {from}: {failed} failed; {notes:?}");
    code(failed == 0)
}

/// Takes each rule out in turn and prints how often a judge notices.
#[cfg(feature = "mutants")]
fn mutants(runs: u64) {
    use passerelle_sync_rules::mutants::{Mutant, take_out};
    println!("| rule taken out | first seed | noticed in {runs} | mostly by |\n| --- | --- | --- | --- |");
    let only = std::env::args().skip_while(|arg| arg != "--only").nth(1);
    for mutant in Mutant::ALL {
        if only.as_ref().is_some_and(|only| !only.split(',').any(|name| name == format!("{mutant:?}"))) {
            continue;
        }
        take_out(Some(*mutant));
        let (mut first, mut hits) = (None, 0);
        let mut kinds: BTreeMap<String, u64> = BTreeMap::new();
        for seed in 1..=runs {
            if let Some(failure) = play(seed, false).failure {
                first.get_or_insert(seed);
                hits += 1;
                let promise = failure.rsplit_once('(').map_or(failure.as_str(), |(_, tail)| tail);
                let promise = promise.split(')').next().unwrap_or_default();
                let known = promise.starts_with('I') && promise.len() < 9;
                *kinds.entry(if known { promise } else { "other" }.to_owned()).or_default() += 1;
            }
        }
        let most = kinds.iter().max_by_key(|(_, count)| **count).map_or("", |(kind, _)| kind.as_str());
        let first = first.map_or("never".to_owned(), |seed| seed.to_string());
        println!("| {mutant:?} | {first} | {hits} | {most} |");
    }
    take_out(None);
}

fn code(good: bool) -> ExitCode {
    if good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
