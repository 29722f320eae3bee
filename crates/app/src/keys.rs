//! The settings that exist: names, kinds and defaults. `docs/reference/settings.md` is their reference; a test compares.

/// What a setting may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A text.
    Text,
    /// A path; a relative one is taken from the file's directory, or from the state directory by default.
    Path,
    /// A whole number.
    Count,
    /// A share of a hundred.
    Percent,
    /// `true` or `false`.
    Switch,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// The address of a pretend Google on this computer.
    Loopback,
}

/// A setting.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// Its name, with dots between tables.
    pub name: &'static str,
    /// What it may hold.
    pub kind: Kind,
    /// What it holds when nobody says; empty = depends, or none.
    pub default: &'static str,
}

const DIRECTIONS: Kind = Kind::Choice(&["both", "to-google", "from-google"]);
const SOURCES: Kind = Kind::Choice(&["file", "passphrase", "keyring", "command", "systemd-credential"]);
const POLICIES: Kind = Kind::Choice(&["ask", "local", "remote", "newest"]);

/// Every setting, in the order in which `config show` prints them.
pub const KEYS: &[Key] = &[
    Key { name: "language", kind: Kind::Choice(&["fr", "en"]), default: "" },
    Key { name: "state_dir", kind: Kind::Path, default: "" },
    Key { name: "phone_region", kind: Kind::Text, default: "FR" },
    Key { name: "database.path", kind: Kind::Path, default: "passerelle.db" },
    Key { name: "database.busy_seconds", kind: Kind::Count, default: "30" },
    Key { name: "vault.dir", kind: Kind::Path, default: "vault" },
    Key { name: "vault.key_source", kind: SOURCES, default: "file" },
    Key { name: "vault.key_file", kind: Kind::Path, default: "vault.key" },
    Key { name: "vault.key_command", kind: Kind::Text, default: "" },
    Key { name: "vault.key_name", kind: Kind::Text, default: "passerelle-vault-key" },
    Key { name: "vault.passphrase_file", kind: Kind::Path, default: "" },
    Key { name: "network.ca_file", kind: Kind::Path, default: "" },
    Key { name: "network.answer_max_mib", kind: Kind::Count, default: "64" },
    Key { name: "google.endpoint", kind: Kind::Loopback, default: "" },
    Key { name: "google.list_lag_seconds", kind: Kind::Count, default: "" },
    Key { name: "google.settle_seconds", kind: Kind::Count, default: "" },
    Key { name: "google.listing_max_items", kind: Kind::Count, default: "1000000" },
    Key { name: "google.calls_per_minute", kind: Kind::Count, default: "" },
    Key { name: "contacts.direction", kind: DIRECTIONS, default: "both" },
    Key { name: "contacts.conflicts", kind: POLICIES, default: "ask" },
    Key { name: "events.direction", kind: DIRECTIONS, default: "both" },
    Key { name: "events.conflicts", kind: POLICIES, default: "ask" },
    Key { name: "events.private_as_busy", kind: Kind::Switch, default: "false" },
    Key { name: "events.guest_mails", kind: Kind::Choice(&["never", "when-deleted"]), default: "never" },
    Key { name: "events.decline_deleted", kind: Kind::Switch, default: "false" },
    Key { name: "guard.deletes_floor", kind: Kind::Count, default: "10" },
    Key { name: "guard.deletes_percent", kind: Kind::Percent, default: "10" },
    Key { name: "history.days", kind: Kind::Count, default: "90" },
];

/// Returns a setting by its name.
pub fn find(name: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.name == name)
}

/// Returns the setting that was probably meant.
pub fn nearest(name: &str) -> Option<&'static str> {
    passerelle_service::nearest(name, KEYS.iter().map(|key| key.name))
}

/// Says why a text cannot be the value of a setting.
pub fn refusal(kind: Kind, text: &str) -> Option<String> {
    match kind {
        Kind::Text | Kind::Path => None,
        Kind::Count => text.parse::<u64>().err().map(|_| "0, 1, 2 …".to_owned()),
        Kind::Percent => (!text.parse::<u64>().is_ok_and(|share| share <= 100)).then(|| "0 … 100".to_owned()),
        Kind::Switch => text.parse::<bool>().err().map(|_| "true, false".to_owned()),
        Kind::Choice(words) => (!words.contains(&text)).then(|| words.join(", ")),
        Kind::Loopback => crate::compose::endpoints(Some(text)).err().map(|error| error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_default_is_a_valid_value() {
        for key in KEYS.iter().filter(|key| !key.default.is_empty()) {
            assert_eq!(refusal(key.kind, key.default), None, "{}", key.name);
        }
    }

    #[test]
    fn the_reference_names_every_setting_and_no_other() {
        let reference = include_str!("../../../docs/reference/settings.md");
        for key in KEYS {
            assert!(reference.contains(&format!("| `{}` |", key.name)), "{}", key.name);
            if !key.default.is_empty() {
                assert!(reference.contains(&format!("`{}`", key.default)), "{}", key.name);
            }
        }
        for line in reference.lines().filter_map(|line| line.strip_prefix("| `")) {
            let name = line.split('`').next().unwrap_or_default();
            assert!(
                find(name).is_some() || name.chars().all(|c| c.is_ascii_uppercase() || c == '_'),
                "{name}"
            );
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
            assert_eq!(refusal(Kind::Loopback, text).is_none(), good, "{text}");
        }
    }
}
