//! What happens when the program itself is at fault: it says where, and nothing of what it had in hand.
//!
//! What must stay true: the text of a panic can hold anything, so it is never printed; no core file is written, as it
//! would hold the secrets that were in memory.

use std::{
    panic::{self, AssertUnwindSafe, Location},
    process::ExitCode,
};

use passerelle_texts::{Lang, explain, render};

/// Runs the program; a fault of its own ends it with the exit code of the catalogue.
pub fn guard(run: impl FnOnce() -> u8) -> ExitCode {
    no_core_files();
    let code = panic::catch_unwind(AssertUnwindSafe(run)).unwrap_or(1);
    ExitCode::from(code)
}

/// Tells a fault in the person's language, once that is known.
pub fn tell_in(lang: Lang) {
    panic::set_hook(Box::new(move |info| {
        anstream::eprintln!("{}", told(lang, info.location()));
    }));
}

fn told(lang: Lang, at: Option<&Location<'_>>) -> String {
    let place = at.map_or_else(|| "?".to_owned(), |at| format!("{}:{}", at.file(), at.line()));
    match explain("BUG-101", lang, &[("operation", place.as_str())]) {
        Some(article) => render(&article, lang),
        None => place,
    }
}

#[cfg(unix)]
fn no_core_files() {
    use rustix::process::{Resource, Rlimit, setrlimit};
    // Where it is not allowed, the system's own limit stands.
    let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
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
            *hear.lock().unwrap() = told(Lang::En, info.location());
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
    }
}
