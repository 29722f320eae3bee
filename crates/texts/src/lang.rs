//! The two languages, and how one is chosen.

use std::fmt;

use unic_langid::{LanguageIdentifier, langid};

/// A language that Passerelle speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Lang {
    /// English.
    #[default]
    En,
    /// French.
    Fr,
}

impl Lang {
    /// Both languages.
    pub const ALL: [Lang; 2] = [Lang::En, Lang::Fr];

    /// Returns `en` or `fr`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Lang::En => "en",
            Lang::Fr => "fr",
        }
    }

    /// Reads a language from a tag or the name of a locale: `fr`, `fr_FR.UTF-8`, `en-GB`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let tag = text.split(['.', '@']).next().unwrap_or_default().replace('_', "-");
        let id: LanguageIdentifier = tag.parse().ok()?;
        match id.language.as_str() {
            "fr" => Some(Lang::Fr),
            "en" => Some(Lang::En),
            _ => None,
        }
    }

    /// Chooses a language: the one asked for, else what the environment names, else English.
    ///
    /// `env` answers for `PASSERELLE_LANG`, `LC_ALL`, `LC_MESSAGES` and `LANG`, in this order; the first that is set
    /// and not empty decides, so that `LC_ALL=C` means English.
    #[must_use]
    pub fn choose(asked: Option<Lang>, env: impl Fn(&str) -> Option<String>) -> Self {
        asked.unwrap_or_else(|| {
            ["PASSERELLE_LANG", "LC_ALL", "LC_MESSAGES", "LANG"]
                .iter()
                .find_map(|name| env(name).filter(|value| !value.is_empty()))
                .and_then(|value| Lang::parse(&value))
                .unwrap_or_default()
        })
    }

    pub(crate) fn id(self) -> LanguageIdentifier {
        match self {
            Lang::En => langid!("en"),
            Lang::Fr => langid!("fr"),
        }
    }
}

impl fmt::Display for Lang {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::str::FromStr for Lang {
    type Err = UnknownLanguage;
    fn from_str(text: &str) -> Result<Self, UnknownLanguage> {
        Lang::parse(text).ok_or(UnknownLanguage)
    }
}

/// The text names a language that Passerelle does not speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("fr, en")]
pub struct UnknownLanguage;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_flag_wins_then_the_environment_in_order() {
        let check = |asked, env: &[(&str, &str)], expected| {
            let found = Lang::choose(asked, |name| {
                env.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
            });
            assert_eq!(found, expected, "{env:?}");
        };
        check(None, &[], Lang::En);
        check(None, &[("LANG", "fr_FR.UTF-8")], Lang::Fr);
        check(None, &[("LANG", "fr_FR.UTF-8"), ("LC_ALL", "C")], Lang::En);
        check(None, &[("LANG", "fr_CA"), ("LC_ALL", "")], Lang::Fr);
        check(None, &[("LC_MESSAGES", "fr"), ("LANG", "en_US")], Lang::Fr);
        check(None, &[("PASSERELLE_LANG", "en"), ("LC_ALL", "fr_FR")], Lang::En);
        check(Some(Lang::Fr), &[("PASSERELLE_LANG", "en")], Lang::Fr);
        check(None, &[("LANG", "de_DE.UTF-8")], Lang::En);
    }
}
