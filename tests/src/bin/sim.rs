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

fn code(good: bool) -> ExitCode {
    if good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
