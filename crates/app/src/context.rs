//! What every command works with, and how one ends.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

use passerelle_credentials::Secret;
use passerelle_ports::Clock;
use passerelle_service::Failure;
use passerelle_texts::Lang;
use serde_json::json;
use tokio::sync::mpsc::UnboundedReceiver;

use crate::{
    cli::Global,
    clock::{SystemClock, SystemIds},
    config::Environment,
    keys::Settings,
    terminal::output::Out,
};

/// What a command returns.
pub type Exit = Result<u8, Failure>;

/// What every command works with.
pub struct App {
    /// Where it speaks.
    pub out: Out,
    /// The clock.
    pub clock: Arc<SystemClock>,
    /// The source of ids.
    pub ids: Arc<SystemIds>,
    environment: Environment,
    config: Option<PathBuf>,
    passphrase_file: Option<PathBuf>,
    /// The passphrase, once it was given: it is asked for, and read from standard input, once.
    passphrase: Arc<OnceLock<Secret>>,
    /// The lines that are typed, once something reads them: a second reader would compete with it for every line.
    typed: Mutex<Option<UnboundedReceiver<String>>>,
}

impl App {
    /// Makes what a command line works with.
    pub fn new(asked: &Global, lang: Lang, environment: &Environment) -> Self {
        App {
            out: Out::new(asked, lang, environment.is_plain()),
            clock: Arc::new(SystemClock::default()),
            ids: Arc::new(SystemIds),
            environment: environment.clone(),
            config: asked.config.clone(),
            passphrase_file: asked.passphrase_file.clone(),
            passphrase: Arc::default(),
            typed: Mutex::default(),
        }
    }

    /// Takes the lines that are typed, if something reads them.
    pub fn take_typed(&self) -> Option<UnboundedReceiver<String>> {
        self.typed.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Keeps the lines that are typed for whoever asks next.
    pub fn keep_typed(&self, lines: Option<UnboundedReceiver<String>>) {
        *self.typed.lock().unwrap_or_else(PoisonError::into_inner) = lines;
    }

    /// Reads the settings.
    ///
    /// # Errors
    ///
    /// `CFG-101`, `USE-106`.
    pub fn settings(&self) -> Result<Settings, Failure> {
        Settings::load(self.config.as_deref(), &self.environment, false)
    }

    /// Returns where the vault's passphrase is remembered for as long as the program runs.
    pub fn passphrase(&self) -> Arc<OnceLock<Secret>> {
        self.passphrase.clone()
    }

    /// Returns the file that the vault's passphrase shall be read from, if one was named.
    pub fn passphrase_file(&self) -> Option<&Path> {
        self.passphrase_file.as_deref()
    }

    /// Returns the home of whoever runs the program, for paths that begin with a tilde.
    pub fn home(&self) -> Option<PathBuf> {
        self.environment.get("HOME").map(PathBuf::from)
    }

    /// Returns the directory in which systemd lays down this service's credentials.
    pub fn credentials_directory(&self) -> Option<PathBuf> {
        self.environment.get("CREDENTIALS_DIRECTORY").map(PathBuf::from)
    }

    /// Returns how somebody else's computer would log in to this one: for a line that a person copies.
    pub fn this_computer(&self) -> String {
        let user = self.environment.get("USER").or(self.environment.get("LOGNAME")).unwrap_or("you");
        format!("{user}@{}", host_name())
    }

    /// Returns the proxy that the environment names, without the log-in that may be in its address.
    pub fn proxy(&self) -> Option<String> {
        let named = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];
        let text = named.into_iter().find_map(|name| self.environment.get(name))?;
        let url = url::Url::parse(text).ok();
        let plain = url.and_then(|url| Some(format!("{}:{}", url.host_str()?, url.port_or_known_default()?)));
        Some(plain.unwrap_or_else(|| "?".to_owned()))
    }

    /// Reads the settings for an installation that is only being made: its file need not be there.
    ///
    /// # Errors
    ///
    /// `CFG-101`, `USE-106`.
    pub fn new_settings(&self) -> Result<Settings, Failure> {
        Settings::load(self.config.as_deref(), &self.environment, true)
    }
}

/// Writes the last JSON line and returns the exit code.
pub fn done(app: &App, code: u8) -> Exit {
    app.out.line("summary", app.clock.now(), &json!({ "exit_code": code }));
    Ok(code)
}

#[cfg(unix)]
fn host_name() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

#[cfg(not(unix))]
fn host_name() -> String {
    "server".to_owned()
}
