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

use passerelle_calendar::Event;
use passerelle_contacts::Contact;
use passerelle_service::Failure;

use crate::{
    cli::Command,
    compose,
    context::{App, Exit},
    lock::Lock,
};

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
