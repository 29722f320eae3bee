//! What happens when the program itself is at fault: it says where, and nothing of what it had in hand.
//!
//! What must stay true: the text of a panic can hold anything, so it is never printed; no core file is written, as it
//! would hold the secrets that were in memory; a machine that reads JSON lines gets its `error` and its `summary`.

use std::{
    io::Write,
    panic::{self, AssertUnwindSafe, Location},
    process::ExitCode,
    sync::{Mutex, PoisonError},
};

use chrono::{DateTime, Utc};
use passerelle_ports::{Code, Detail};
use passerelle_service::Failure;
use passerelle_texts::{Lang, explain, render};
use serde_json::json;

use crate::terminal::output::{article, line};

/// Where the last fault was: what is caught later no longer knows.
static PLACE: Mutex<Option<String>> = Mutex::new(None);

/// Runs the program; a fault of its own ends it with the exit code of the catalogue.
pub fn guard(run: impl FnOnce() -> u8) -> ExitCode {
    no_core_files();
    let code = panic::catch_unwind(AssertUnwindSafe(run)).unwrap_or(1);
    ExitCode::from(code)
}

/// Tells a fault in the person's language, once that is known.
pub fn tell_in(lang: Lang) {
    panic::set_hook(Box::new(move |info| {
        let place = place_of(info.location());
        anstream::eprintln!("{}", told(lang, &place));
        *PLACE.lock().unwrap_or_else(PoisonError::into_inner) = Some(place);
    }));
}

/// Runs a command; a fault of its own ends the lines that a machine reads as every other end does.
pub fn told_to_machines(
    lang: Lang,
    out: Option<&mut dyn Write>,
    now: impl FnOnce() -> DateTime<Utc>,
    run: impl FnOnce() -> u8,
) -> u8 {
    if let Ok(code) = panic::catch_unwind(AssertUnwindSafe(run)) {
        return code;
    }
    let place = PLACE.lock().unwrap_or_else(PoisonError::into_inner).take().unwrap_or_default();
    let article = article(&Failure::new(Code::Bug101).with(Detail::Operation, place), lang);
    if let Some(out) = out {
        let at = now();
        let summary = json!({ "exit_code": article.exit, "code": article.code });
        let _ = writeln!(out, "{}\n{}", line("error", at, &article), line("summary", at, &summary));
    }
    article.exit
}

fn place_of(at: Option<&Location<'_>>) -> String {
    at.map_or_else(|| "?".to_owned(), |at| format!("{}:{}", at.file(), at.line()))
}

fn told(lang: Lang, place: &str) -> String {
    match explain(Code::Bug101.as_str(), lang, &[("operation", place)]) {
        Some(article) => render(&article, lang),
        None => place.to_owned(),
    }
}

#[cfg(unix)]
fn no_core_files() {
    use rustix::process::{Resource, Rlimit, setrlimit};
    // Where it is not allowed, the system's own limit stands.
    let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
    // No other process of the same user may read the memory either, and no handler of crashes is given it.
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable);
}

#[cfg(not(unix))]
fn no_core_files() {}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[test]
    fn a_fault_tells_where_and_not_what() {
        let said = Arc::new(Mutex::new(String::new()));
        let hear = said.clone();
        panic::set_hook(Box::new(move |info| {
            *hear.lock().unwrap() = told(Lang::En, &place_of(info.location()));
        }));
        let ended = guard(|| {
            let held: Vec<&str> = vec!["canary-of-a-panic"];
            panic!("{held:?}")
        });
        let _ = panic::take_hook();
        let said = said.lock().unwrap().clone();
        assert!(said.contains("BUG-101") && said.contains("panic.rs:"), "{said}");
        assert!(!said.contains("canary"), "{said}");
        assert_eq!(format!("{ended:?}"), format!("{:?}", ExitCode::from(1)));
        #[cfg(target_os = "linux")]
        assert_eq!(
            rustix::process::dumpable_behavior().unwrap(),
            rustix::process::DumpableBehavior::NotDumpable
        );
    }

    #[test]
    fn a_fault_ends_the_lines_of_a_machine_with_an_error_and_a_summary() {
        let mut out = Vec::new();
        let code = told_to_machines(Lang::Fr, Some(&mut out), DateTime::<Utc>::default, || panic!("canary"));
        assert_eq!(code, 1);
        let text = String::from_utf8(out).unwrap();
        let lines: Vec<serde_json::Value> =
            text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let of = |n: usize, member: &str| lines[n][member].clone();
        assert_eq!((of(0, "type"), of(0, "code")), ("error".into(), "BUG-101".into()));
        assert_eq!((of(1, "type"), of(1, "exit_code")), ("summary".into(), 1.into()));
        assert!(lines.len() == 2 && !text.contains("canary"), "{text}");
    }
}
