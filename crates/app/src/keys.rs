//! The settings that exist, by type, with their defaults. `docs/reference/settings.md` is their reference; a test compares.

use std::path::PathBuf;

use passerelle_service::Sourced;
use passerelle_texts::Lang;
use serde::{Deserialize, Deserializer, de::Error};

use crate::{cli::Source, compose::endpoints::endpoints};

/// Every setting and what it holds when nobody says, in the order in which `config show` prints them; empty = depends, or
/// none.
pub const KEYS: &[(&str, &str)] = &[
    ("language", ""),
    ("state_dir", ""),
    ("phone_region", "FR"),
    ("database.path", "passerelle.db"),
    ("database.busy_seconds", "30"),
    ("vault.dir", "vault"),
    ("vault.key_source", "file"),
    ("vault.key_file", "vault.key"),
    ("vault.key_command", ""),
    ("vault.key_name", "passerelle-vault-key"),
    ("vault.passphrase_file", ""),
    ("network.ca_file", ""),
    ("network.answer_max_mib", "64"),
    ("google.endpoint", ""),
    ("google.list_lag_seconds", ""),
    ("google.settle_seconds", ""),
    ("google.listing_max_items", "1000000"),
    ("google.calls_per_minute", ""),
    ("contacts.direction", "both"),
    ("contacts.conflicts", "ask"),
    ("events.direction", "both"),
    ("events.conflicts", "ask"),
    ("events.private_as_busy", "false"),
    ("events.guest_mails", "never"),
    ("events.decline_deleted", "false"),
    ("guard.deletes_floor", "10"),
    ("guard.deletes_percent", "10"),
    ("history.days", "90"),
];

/// Those that are paths: a relative one is taken from its file's directory, or else from the state directory.
pub const PATHS: [&str; 6] =
    ["state_dir", "database.path", "vault.dir", "vault.key_file", "vault.passphrase_file", "network.ca_file"];

/// A setting as a text, and where that comes from: `FILE:LINE` or a variable; `None` = built in.
#[derive(Clone, Debug)]
pub struct Shown {
    pub name: &'static str,
    pub value: String,
    pub origin: Option<String>,
}

/// The settings.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    #[serde(deserialize_with = "language")]
    pub language: Option<Lang>,
    pub state_dir: PathBuf,
    pub phone_region: String,
    pub database: Database,
    pub vault: Vault,
    pub network: Network,
    pub google: Google,
    pub contacts: Contacts,
    pub events: Events,
    pub guard: Guard,
    pub history: History,
    /// The rules, in order, each with its place.
    #[serde(skip)]
    pub rules: Vec<Sourced>,
    /// The person's file, which was read, or would be.
    #[serde(skip)]
    pub file: PathBuf,
    /// Every setting as a text, as it was read, with its origin.
    #[serde(skip)]
    pub read: Vec<Shown>,
}

/// The company's database.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Database {
    pub path: PathBuf,
    #[serde(deserialize_with = "count")]
    pub busy_seconds: u64,
}

/// The vault, and where its key comes from.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Vault {
    pub dir: PathBuf,
    pub key_source: Source,
    pub key_file: PathBuf,
    pub key_command: String,
    pub key_name: String,
    #[serde(deserialize_with = "given_path")]
    pub passphrase_file: Option<PathBuf>,
}

/// The way to the provider.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Network {
    #[serde(deserialize_with = "given_path")]
    pub ca_file: Option<PathBuf>,
    #[serde(deserialize_with = "count")]
    pub answer_max_mib: u64,
}

/// Google; `None` = what is right for it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Google {
    /// The address of a pretend Google on this computer; empty = Google's own.
    #[serde(deserialize_with = "loopback")]
    pub endpoint: String,
    #[serde(deserialize_with = "given_count")]
    pub list_lag_seconds: Option<u64>,
    #[serde(deserialize_with = "given_count")]
    pub settle_seconds: Option<u64>,
    #[serde(deserialize_with = "count")]
    pub listing_max_items: u64,
    #[serde(deserialize_with = "given_count")]
    pub calls_per_minute: Option<u64>,
}

/// What holds for contacts where no rule says otherwise.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Contacts {
    pub direction: Direction,
    pub conflicts: Conflicts,
}

/// What holds for appointments where no rule says otherwise.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Events {
    pub direction: Direction,
    pub conflicts: Conflicts,
    #[serde(deserialize_with = "switch")]
    pub private_as_busy: bool,
    pub guest_mails: GuestMails,
    #[serde(deserialize_with = "switch")]
    pub decline_deleted: bool,
}

/// What needs no approval.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Guard {
    #[serde(deserialize_with = "count")]
    pub deletes_floor: u64,
    #[serde(deserialize_with = "percent")]
    pub deletes_percent: u64,
}

/// What is kept for undo.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct History {
    #[serde(deserialize_with = "count")]
    pub days: u64,
}

/// Reads one of several words; any other text is refused with the list of them.
macro_rules! words {
    ($name:ident { $($text:literal => $value:expr),* $(,)? }) => {
        impl TryFrom<String> for $name {
            type Error = String;

            fn try_from(text: String) -> Result<Self, String> {
                match text.as_str() {
                    $($text => Ok($value),)*
                    _ => Err([$($text),*].join(", ")),
                }
            }
        }
    };
}

/// Which way records travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum Direction {
    Both,
    ToGoogle,
    FromGoogle,
}

words!(Direction { "both" => Self::Both, "to-google" => Self::ToGoogle, "from-google" => Self::FromGoogle });

/// Who wins where both sides changed one field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum Conflicts {
    Ask,
    Local,
    Remote,
    Newest,
}

words!(Conflicts {
    "ask" => Self::Ask, "local" => Self::Local, "remote" => Self::Remote, "newest" => Self::Newest
});

/// When the provider mails the guests of a meeting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum GuestMails {
    Never,
    WhenDeleted,
}

words!(GuestMails { "never" => Self::Never, "when-deleted" => Self::WhenDeleted });

words!(Source {
    "file" => Self::File,
    "passphrase" => Self::Passphrase,
    "keyring" => Self::Keyring,
    "command" => Self::Command,
    "systemd-credential" => Self::SystemdCredential,
});

/// Tells whether there is a setting of this name.
pub fn is_known(name: &str) -> bool {
    KEYS.iter().any(|(key, _)| *key == name)
}

/// Returns the setting that was probably meant.
pub fn nearest(name: &str) -> Option<&'static str> {
    passerelle_service::nearest(name, KEYS.iter().map(|(key, _)| *key))
}

// Values are read as texts, whatever their layer holds: `"30"` and `30` are the same, and nothing is rounded.

fn language<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Lang>, D::Error> {
    match String::deserialize(from)?.as_str() {
        "" => Ok(None),
        text @ ("fr" | "en") => Ok(Lang::parse(text)),
        _ => Err(D::Error::custom("fr, en")),
    }
}

fn count<'de, D: Deserializer<'de>>(from: D) -> Result<u64, D::Error> {
    String::deserialize(from)?.parse().map_err(|_| D::Error::custom("0, 1, 2 …"))
}

fn given_count<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u64>, D::Error> {
    let text = String::deserialize(from)?;
    let count = |text: String| text.parse().map_err(|_| D::Error::custom("0, 1, 2 …"));
    Some(text).filter(|text| !text.is_empty()).map(count).transpose()
}

fn percent<'de, D: Deserializer<'de>>(from: D) -> Result<u64, D::Error> {
    let share = String::deserialize(from)?.parse().ok().filter(|share| *share <= 100);
    share.ok_or_else(|| D::Error::custom("0 … 100"))
}

fn switch<'de, D: Deserializer<'de>>(from: D) -> Result<bool, D::Error> {
    String::deserialize(from)?.parse().map_err(|_| D::Error::custom("true, false"))
}

fn given_path<'de, D: Deserializer<'de>>(from: D) -> Result<Option<PathBuf>, D::Error> {
    Ok(Some(PathBuf::deserialize(from)?).filter(|path| !path.as_os_str().is_empty()))
}

fn loopback<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    let text = String::deserialize(from)?;
    endpoints(Some(&text)).map(|_| text.clone()).map_err(D::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reference_names_every_setting_and_no_other() {
        let reference = include_str!("../../../docs/reference/settings.md");
        for (name, default) in KEYS {
            assert!(reference.contains(&format!("| `{name}` |")), "{name}");
            if !default.is_empty() {
                assert!(reference.contains(&format!("`{default}`")), "{name}");
            }
        }
        for line in reference.lines().filter_map(|line| line.strip_prefix("| `")) {
            let name = line.split('`').next().unwrap_or_default();
            assert!(is_known(name) || name.chars().all(|c| c.is_ascii_uppercase() || c == '_'), "{name}");
        }
    }

    #[test]
    fn a_misspelt_setting_has_a_neighbour() {
        for (typed, expected) in [
            ("database.pth", Some("database.path")),
            ("langauge", Some("language")),
            ("event.direction", Some("events.direction")),
            ("zzzzzzzzzzzzzzzzzzzzzz", None),
        ] {
            assert_eq!(nearest(typed), expected, "{typed}");
        }
    }

    #[test]
    fn only_a_loopback_host_may_stand_in_for_google() {
        for (text, good) in [
            ("http://127.0.0.1:8080", true),
            ("http://[::1]:1/", true),
            ("http://localhost:9", true),
            ("https://www.googleapis.com", false),
            ("http://127.0.0.1.evil.example", false),
            ("http://192.168.1.2", false),
            ("127.0.0.1:80", false),
        ] {
            let text = serde::de::value::StrDeserializer::<serde::de::value::Error>::new(text);
            assert_eq!(loopback(text).is_ok(), good, "{text:?}");
        }
    }
}
