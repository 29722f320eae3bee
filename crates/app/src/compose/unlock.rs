//! The key of the vault, as the settings and the options say where it comes from.
//!
//! What must stay true: a passphrase comes from a terminal or a file (standard input and `/dev/fd/3` are files too),
//! never from an argument and never from the environment.

use std::{
    fs,
    io::{BufRead, Read},
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
};

use inquire::{Password, PasswordDisplayMode};
use passerelle_credentials::{KeySource, Secret};
use passerelle_ports::{Code, Detail, Reason};
use passerelle_service::{Failure, Outcome};
use passerelle_texts::{Lang, t};

use crate::{cli::Source, context::App, keys::Settings, unusable::unusable};

/// How short a new passphrase may be.
const SHORTEST: usize = 12;
/// How much of a file is read as a passphrase.
const LONGEST: u64 = 4096;

/// Where a passphrase comes from.
#[derive(Clone, Debug)]
pub enum Passphrase {
    /// A file; `-` is standard input.
    File(PathBuf),
    /// Whoever sits at the terminal.
    Ask(Lang),
    /// Nobody is there to be asked; the option that would have said it.
    Nobody(&'static str),
}

/// Where the vault's key comes from; nothing is read before [`KeyChoice::source`].
#[derive(Clone, Debug)]
pub struct KeyChoice {
    /// The kind of source.
    pub kind: Source,
    /// The file of a `file` source.
    pub file: PathBuf,
    command: String,
    name: String,
    credentials: Option<PathBuf>,
    passphrase: Passphrase,
    /// The passphrase, once it was given.
    known: Arc<OnceLock<Secret>>,
}

impl KeyChoice {
    /// Reads the settings' choice.
    pub fn of(app: &App, settings: &Settings) -> Self {
        let asked = app.passphrase_file().map(Path::to_owned);
        let set = settings.vault.passphrase_file.clone();
        let passphrase = match asked.or(set) {
            Some(file) => Passphrase::File(file),
            None if app.out.no_input || app.out.json => Passphrase::Nobody("--passphrase-file"),
            None => Passphrase::Ask(app.out.lang),
        };
        KeyChoice {
            kind: settings.vault.key_source,
            file: settings.vault.key_file.clone(),
            command: settings.vault.key_command.clone(),
            name: settings.vault.key_name.clone(),
            credentials: app.credentials_directory(),
            passphrase,
            known: app.passphrase(),
        }
    }

    /// Puts another origin of the passphrase in the place of the settings'.
    #[must_use]
    pub fn with_passphrase(self, passphrase: Passphrase) -> Self {
        KeyChoice { passphrase, known: Arc::default(), ..self }
    }

    /// Returns the source of a key that exists.
    ///
    /// # Errors
    ///
    /// `VAULT-001` when nothing says where the key is, `SYS-107` for a key store that cannot be reached, `USE-108`
    /// when nobody can give the passphrase.
    pub fn source(&self) -> Outcome<KeySource> {
        self.read(false)
    }

    /// Returns the source of a key that is being made: a passphrase is asked for twice.
    ///
    /// # Errors
    ///
    /// As [`KeyChoice::source`], and `VAULT-003` for a passphrase that will not do.
    pub fn new_source(&self) -> Outcome<KeySource> {
        self.read(true)
    }

    fn read(&self, new: bool) -> Outcome<KeySource> {
        let missing = |reason: Reason| {
            Failure::new(Code::Vault001).with(Detail::Source, self.kind.name()).with(Detail::Reason, reason)
        };
        match self.kind {
            Source::Passphrase => match self.known.get().filter(|_| !new) {
                Some(known) => Ok(KeySource::passphrase(known.clone())),
                None => {
                    let given = self.passphrase.read(new)?;
                    Ok(KeySource::passphrase(self.known.get_or_init(|| given).clone()))
                }
            },
            Source::Command => {
                let mut words = self.command.split_whitespace().map(str::to_owned);
                let program = words.next().ok_or_else(|| missing(Reason::NoCommand))?;
                Ok(KeySource::Command { program: program.into(), args: words.collect() })
            }
            Source::SystemdCredential => {
                let directory = self.credentials.clone().ok_or_else(|| missing(Reason::NoSystemd))?;
                Ok(KeySource::SystemdCredential { directory, name: self.name.clone() })
            }
            Source::Keyring => keyring(&self.name),
            Source::File => Ok(KeySource::file(&self.file)),
        }
    }
}

#[cfg(all(feature = "keyring", target_os = "linux"))]
fn keyring(name: &str) -> Outcome<KeySource> {
    Ok(KeySource::keyring(name))
}

#[cfg(not(all(feature = "keyring", target_os = "linux")))]
fn keyring(_: &str) -> Outcome<KeySource> {
    Err(Failure::new(Code::Sys107).with(Detail::Reason, Reason::NotBuilt))
}

impl Passphrase {
    fn read(&self, new: bool) -> Outcome<Secret> {
        let secret = match self {
            Passphrase::File(file) => of_file(file)?,
            Passphrase::Ask(lang) => ask(*lang, new)?,
            Passphrase::Nobody(option) => {
                return Err(
                    Failure::new(Code::Use108).with(Detail::Reason, Reason::Verbatim((*option).to_owned()))
                );
            }
        };
        if new && secret.expose().chars().count() < SHORTEST {
            return Err(Failure::new(Code::Vault003).with(Detail::Count, SHORTEST as u64));
        }
        Ok(secret)
    }
}

fn ask(lang: Lang, new: bool) -> Outcome<Secret> {
    let text = |id| t(lang, id, &[]);
    let question = if new { text("vault-ask-new-passphrase") } else { text("vault-ask-passphrase") };
    let again = text("vault-ask-again");
    let differ = text("vault-passphrases-differ");
    let mut prompt = Password::new(&question).with_display_mode(PasswordDisplayMode::Masked);
    if new {
        prompt =
            prompt.with_custom_confirmation_message(&again).with_custom_confirmation_error_message(&differ);
    } else {
        prompt = prompt.without_confirmation();
    }
    prompt.prompt().map(Secret::new).map_err(|_| Failure::new(Code::Int101))
}

/// The first line of a file that nobody else may read.
fn of_file(file: &Path) -> Outcome<Secret> {
    let unusable = |error: std::io::Error| unusable(file, error);
    let mut line = String::new();
    if file.as_os_str() == "-" {
        std::io::stdin().lock().take(LONGEST).read_line(&mut line).map_err(unusable)?;
    } else {
        let open = fs::File::open(file).map_err(unusable)?;
        refuse_wide(file, &open.metadata().map_err(unusable)?)?;
        std::io::BufReader::new(open.take(LONGEST)).read_line(&mut line).map_err(unusable)?;
    }
    Ok(Secret::new(line.trim_end_matches(['\r', '\n'])))
}

#[cfg(unix)]
fn refuse_wide(file: &Path, metadata: &fs::Metadata) -> Outcome<()> {
    let mode = std::os::unix::fs::PermissionsExt::mode(&metadata.permissions());
    if metadata.is_file() && mode & 0o077 != 0 {
        return Err(Failure::new(Code::Sys106).with(Detail::File, file.display().to_string()));
    }
    Ok(())
}

#[cfg(not(unix))]
fn refuse_wide(_: &Path, _: &fs::Metadata) -> Outcome<()> {
    Ok(())
}
