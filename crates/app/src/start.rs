//! From the arguments to the exit code.

use std::{ffi::OsString, io::Write, sync::Arc, time::Duration};

use clap::{FromArgMatches, error::ErrorKind};
use passerelle_ports::{Clock, Code, Detail, Reason};
use passerelle_service::Failure;
use passerelle_texts::Lang;
use serde_json::json;

use crate::{
    cli::{Cli, Global},
    clock::SystemClock,
    commands,
    config::Environment,
    context::App,
    help,
    keys::Settings,
    terminal::{
        output::{self, article},
        shown::{Shown, shown},
    },
    unusable::unusable,
};

/// How long a command that was asked to end may take; a service manager kills after ten seconds or more.
const GRACE: Duration = Duration::from_secs(4);

/// Carries out one command line and returns the exit code.
pub fn run(args: Vec<OsString>, environment: &Environment) -> u8 {
    let lang = environment.language(asked_language(&args));
    crate::panic::tell_in(lang);
    let mut stdout = std::io::stdout();
    let machine: Option<&mut dyn Write> = if asks_for_json(&args) { Some(&mut stdout) } else { None };
    let now = || SystemClock::default().now();
    crate::panic::told_to_machines(lang, machine, now, || carry_out(&args, environment, lang))
}

fn carry_out(args: &[OsString], environment: &Environment, lang: Lang) -> u8 {
    let parsed =
        help::command(lang).try_get_matches_from(args).and_then(|matches| Cli::from_arg_matches(&matches));
    let cli = match parsed {
        Ok(cli) => cli,
        Err(error) => return not_parsed(&error, args, lang),
    };
    watch_log(cli.global.verbose);
    let app = Arc::new(App::new(&cli.global, language(&cli.global, environment), environment));
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return ended(&app, Err(Failure::new(Code::Bug101).because(error))),
    };
    let (tell, told) = tokio::sync::oneshot::channel();
    let signals = {
        let _entered = runtime.enter();
        signals()
    };
    runtime.spawn(watch_signals(app.clone(), signals, tell));
    let result = runtime.block_on(async {
        let result = tokio::select! {
            result = commands::run(&app, cli.command) => return result,
            Ok(()) = told => Err(Failure::new(Code::Int101)),
        };
        // What cannot be given back in time expires.
        let _ = tokio::time::timeout(GRACE / 2, commands::give_back(&app)).await;
        result
    });
    // A write that has begun in the database ends before the process does.
    runtime.shutdown_timeout(GRACE);
    ended(&app, result)
}

/// Tells the command that it shall end. One that holds its thread, with a question or a read, hears nothing: the
/// process then ends without it, which is a crash that every run can take.
async fn watch_signals(
    app: Arc<App>,
    signals: impl Future<Output = ()>,
    tell: tokio::sync::oneshot::Sender<()>,
) {
    signals.await;
    let _ = tell.send(());
    tokio::time::sleep(GRACE).await;
    std::process::exit(i32::from(ended(&app, Err(Failure::new(Code::Int101)))));
}

/// Listens, from this call on, for Ctrl-C and for the signal with which a service manager ends a program.
#[cfg(unix)]
fn signals() -> impl Future<Output = ()> + Send {
    use tokio::signal::unix::{SignalKind, signal};
    let (interrupt, terminate) = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()));
    async move {
        tokio::select! {
            () = heard(interrupt) => {}
            () = heard(terminate) => {}
        }
    }
}

#[cfg(unix)]
async fn heard(signal: std::io::Result<tokio::signal::unix::Signal>) {
    match signal {
        Ok(mut signal) => {
            signal.recv().await;
        }
        // Where it cannot be heard, the system's own way of ending stands.
        Err(_) => std::future::pending().await,
    }
}

#[cfg(not(unix))]
async fn signals() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending().await
    }
}

/// Tells a failure; its code says how the process ends.
fn ended(app: &App, result: Result<u8, Failure>) -> u8 {
    // Results that did not arrive are no success, whatever was done.
    let lost = app.out.lost();
    match result.and_then(|code| lost.map_or(Ok(code), Err)) {
        Ok(code) => code,
        Err(failure) => {
            let at = app.clock.now();
            let code = app.out.article(&failure).exit;
            app.out.failure(&failure, at);
            let mut summary = json!({ "exit_code": code, "code": failure.code() });
            if let Some(wait) = failure.retry_after() {
                summary["retry_after_s"] = wait.as_secs().into();
            }
            app.out.line("summary", at, &summary);
            code
        }
    }
}

/// The option, the environment's own variable, the settings, the rest of the environment.
fn language(global: &Global, environment: &Environment) -> Lang {
    let settings = || {
        let settings = Settings::load(global.config.as_deref(), environment, true).ok()?;
        settings.language
    };
    match (global.lang, environment.get("PASSERELLE_LANG")) {
        (None, None) => settings().unwrap_or_else(|| environment.language(None)),
        (asked, _) => environment.language(asked),
    }
}

/// Finds `--lang` before anything is parsed: help and usage errors want it too.
fn asked_language(args: &[OsString]) -> Option<Lang> {
    let texts: Vec<&str> = args.iter().filter_map(|arg| arg.to_str()).collect();
    texts.iter().enumerate().find_map(|(n, text)| {
        let value = match text.strip_prefix("--lang") {
            Some("") => texts.get(n + 1).copied(),
            Some(rest) => rest.strip_prefix('='),
            None => None,
        };
        value.and_then(Lang::parse)
    })
}

/// Tells, before anything is parsed, whether a machine reads.
fn asks_for_json(args: &[OsString]) -> bool {
    args.iter().any(|arg| arg == "--json")
}

fn not_parsed(error: &clap::Error, args: &[OsString], lang: Lang) -> u8 {
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            match error.print().and_then(|()| std::io::stdout().flush()) {
                Err(lost) if lost.kind() != std::io::ErrorKind::BrokenPipe => {
                    told(&unusable("-", lost), args, lang)
                }
                // Who closes the pipe early has seen enough.
                _ => 0,
            }
        }
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            let _ = error.print();
            2
        }
        _ => told(
            &Failure::new(Code::Use101)
                .with(Detail::Reason, Reason::Verbatim(help::usage_error(error, lang))),
            args,
            lang,
        ),
    }
}

/// Tells a failure before there is anything to tell it with.
fn told(failure: &Failure, args: &[OsString], lang: Lang) -> u8 {
    let article = article(failure, lang);
    if asks_for_json(args) {
        let at = SystemClock::default().now();
        let _ = output::print_line("error", at, &article);
        let summary = json!({ "exit_code": article.exit, "code": failure.code() });
        let _ = output::print_line("summary", at, &summary);
    } else {
        let text = passerelle_texts::render(&article, lang);
        let _ = writeln!(anstream::stderr(), "{}", shown(&text));
    }
    article.exit
}

/// With `-vv`, what happens underneath goes to standard error. Records and secrets are never logged.
fn watch_log(verbose: u8) {
    let level = match verbose {
        0 | 1 => return,
        2 => "passerelle=info",
        3 => "passerelle=debug",
        _ => "passerelle=trace",
    };
    let _ = tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::new(level))
        // Colours are controls, and a name that a remote side gave may hold others.
        .with_ansi(false)
        .with_writer(|| Shown(std::io::stderr()))
        .try_init();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_language_is_found_before_anything_is_parsed() {
        let check = |args: &[&str], expected| {
            let args: Vec<OsString> = args.iter().map(OsString::from).collect();
            assert_eq!(asked_language(&args), expected);
        };
        check(&["passerelle", "--lang", "fr", "x"], Some(Lang::Fr));
        check(&["passerelle", "x", "--lang=en"], Some(Lang::En));
        check(&["passerelle", "sync"], None);
    }
}
