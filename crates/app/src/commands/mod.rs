//! One file per command; each returns the exit code.

mod authorize;
mod calendar;
mod columns;
mod completion;
mod config;
mod conflicts;
mod connect;
mod consent;
mod database;
mod doctor;
mod explain;
mod guide;
mod history;
pub mod init;
mod man;
mod records;
mod rules;
mod status;
mod sync;
mod undo;
mod user;
mod vault;
pub mod watch;

use passerelle_calendar::Event;
use passerelle_contacts::Contact;
use passerelle_ports::{Clock, Code, Detail, Reason};
use passerelle_service::Failure;
use serde_json::json;

use crate::{cli::Command, compose, lock::Lock, shown::shown, start::App};

/// What a command returns.
pub type Exit = Result<u8, Failure>;

/// Carries out a command.
pub async fn run(app: &App, command: Command) -> Exit {
    match command {
        Command::Init(args) => init::run(app, &args).await,
        Command::User(args) => user::run(app, &args).await,
        Command::Calendar(args) => calendar::run(app, &args).await,
        Command::Connect(args) => connect::connect(app, &args).await,
        Command::Authorize(args) => authorize::run(app, &args).await,
        Command::Disconnect(args) => connect::disconnect(app, &args).await,
        Command::Account(args) => connect::account(app, &args).await,
        Command::Credential(args) => connect::credential(app, &args).await,
        Command::Doctor(args) => doctor::run(app, &args).await,
        Command::Test(args) => doctor::test(app, &args).await,
        Command::Vault(args) => vault::run(app, &args).await,
        Command::Sync(args) => sync::run(app, &args).await,
        Command::Status(args) => status::run(app, &args).await,
        Command::Conflicts(args) => conflicts::run(app, &args).await,
        Command::History(args) => history::run(app, &args).await,
        Command::Undo(args) => undo::run(app, &args).await,
        Command::Restore(args) => undo::restore(app, &args).await,
        Command::Rules(args) => rules::run(app, &args).await,
        Command::Database(args) => database::run(app, &args).await,
        Command::Contacts(args) => records::run::<Contact>(app, args).await,
        Command::Events(args) => records::run::<Event>(app, args).await,
        Command::Config(args) => config::run(app, &args).await,
        Command::Completion(args) => completion::run(app, &args),
        Command::Man(args) => man::run(app, &args),
        Command::Explain(args) => explain::run(app, &args),
        #[cfg(feature = "demo")]
        Command::Demo(args) => crate::demo::run(app, &args).await,
    }
}

/// Gives back what a command that was stopped held: the leases of its run.
///
/// # Errors
///
/// Those of the settings and of the database; `SYS-102` when another command has begun meanwhile, and holds them.
pub async fn give_back(app: &App) -> Result<(), Failure> {
    let settings = app.settings()?;
    let state = settings.state_dir.clone();
    if !settings.database.path.exists() || !state.join("holder").exists() {
        return Ok(());
    }
    let _lock = Lock::take(&state)?;
    compose::office(app, &settings).await?.office.give_leases_back().await
}

/// Writes the last JSON line and returns the exit code.
pub fn done(app: &App, code: u8) -> Exit {
    app.out.line("summary", app.clock.now(), &json!({ "exit_code": code }));
    Ok(code)
}

/// Asks yes or no; `--yes` answers, and where nobody can answer it is an error.
pub fn confirm(app: &App, question: &str) -> Result<bool, Failure> {
    if app.out.yes {
        return Ok(true);
    }
    if app.out.no_input || app.out.json {
        return Err(Failure::new(Code::Use108).with(Detail::Reason, Reason::Verbatim(question.to_owned())));
    }
    let letters = app.out.t("ask-yes-no", &[]);
    let yes = letters.chars().next().unwrap_or('y');
    let question = format!("{question} [{letters}]");
    let answer = match app.take_typed() {
        Some(mut lines) => {
            // What was typed before the question does not answer it.
            while lines.try_recv().is_ok() {}
            app.out.ask(&question);
            let answer = tokio::task::block_in_place(|| lines.blocking_recv());
            app.keep_typed(Some(lines));
            answer.ok_or_else(|| Failure::new(Code::Int101))?
        }
        None => typed(&question)?,
    };
    Ok(answer.trim().to_lowercase().starts_with(yes))
}

/// Asks for a line of text.
pub fn typed(question: &str) -> Result<String, Failure> {
    inquire::Text::new(&shown(question)).prompt().map_err(|_| Failure::new(Code::Int101))
}

/// Lets only somebody go on who types a name, or gives it as an option: `--yes` is not enough for this.
pub fn confirm_by_name(app: &App, warning: &str, name: &str, given: Option<&str>) -> Result<(), Failure> {
    let wrong =
        || Failure::new(Code::Use108).with(Detail::Reason, Reason::Verbatim(format!("--confirm={name}")));
    match given {
        Some(given) if given == name => return Ok(()),
        Some(_) => return Err(wrong()),
        None if app.out.no_input || app.out.json => return Err(wrong()),
        None => {}
    }
    app.out.ask(warning);
    let answer = typed(&app.out.t("ask-type-name", &[("name", name.into())]))?;
    if answer.trim() == name { Ok(()) } else { Err(wrong()) }
}
