//! The messages: one Fluent bundle per language, embedded.

use std::{borrow::Cow, collections::HashMap};

use fluent_templates::{
    Loader,
    fluent_bundle::{FluentValue, types::FluentNumber},
    static_loader,
};

use crate::{Lang, format};

static_loader! {
    static MESSAGES = {
        locales: "./locales",
        fallback_language: "en",
        // Invisible isolation marks would land in terminals; numbers are written as the language does.
        customise: |bundle| {
            bundle.set_use_isolating(false);
            let french = bundle.locales.first().is_some_and(|id| id.language.as_str() == "fr");
            bundle.set_formatter(Some(if french { in_french } else { in_english }));
        },
    };
}

fn in_french<M>(value: &FluentValue<'_>, _: &M) -> Option<String> {
    shown(Lang::Fr, value)
}

fn in_english<M>(value: &FluentValue<'_>, _: &M) -> Option<String> {
    shown(Lang::En, value)
}

fn shown(lang: Lang, value: &FluentValue<'_>) -> Option<String> {
    match value {
        // Counts only: the type of our arguments holds nothing else.
        #[allow(clippy::cast_possible_truncation)]
        FluentValue::Number(FluentNumber { value, .. }) => Some(format::number(lang, *value as i64)),
        _ => None,
    }
}

/// A word for a variable of a message.
#[derive(Clone, Debug, PartialEq)]
pub enum Arg {
    /// A count: it chooses the plural, and is written as the language does.
    Count(i64),
    /// A text.
    Text(String),
}

macro_rules! count_from {
    ($($int:ty),*) => {$(
        impl From<$int> for Arg {
            fn from(count: $int) -> Self { Arg::Count(i64::try_from(count).unwrap_or(i64::MAX)) }
        }
    )*};
}
count_from!(i32, i64, u16, u32, u64, usize);

impl From<&str> for Arg {
    fn from(text: &str) -> Self {
        Arg::Text(text.to_owned())
    }
}

impl From<String> for Arg {
    fn from(text: String) -> Self {
        Arg::Text(text)
    }
}

impl From<&String> for Arg {
    fn from(text: &String) -> Self {
        Arg::Text(text.clone())
    }
}

/// Returns a message in a language. A message that does not exist shows its own name: a test keeps
/// that from happening.
#[must_use]
pub fn t(lang: Lang, id: &str, args: &[(&'static str, Arg)]) -> String {
    let values: HashMap<Cow<'static, str>, FluentValue<'_>> = args
        .iter()
        .map(|(name, arg)| {
            let value = match arg {
                Arg::Count(count) => FluentValue::from(*count),
                Arg::Text(text) => FluentValue::from(text.as_str()),
            };
            (Cow::Borrowed(*name), value)
        })
        .collect();
    MESSAGES.try_lookup_complete(&lang.id(), id, Some(&values)).unwrap_or_else(|| format!("<{id}>"))
}

/// Tells whether a message exists.
#[must_use]
pub fn has(lang: Lang, id: &str) -> bool {
    MESSAGES.try_lookup(&lang.id(), id).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_chooses_the_plural_and_is_written_as_the_language_does() {
        let check = |lang, count: i64, expected: &str| {
            assert_eq!(t(lang, "count-contacts", &[("count", count.into())]), expected);
        };
        check(Lang::En, 1, "1 contact");
        check(Lang::En, 1240, "1,240 contacts");
        check(Lang::Fr, 0, "0 contact");
        check(Lang::Fr, 1240, "1\u{202f}240 contacts");
    }

    #[test]
    fn no_isolation_marks_reach_a_terminal() {
        for lang in Lang::ALL {
            let text = t(lang, "count-contacts", &[("count", 5.into())]);
            assert!(!text.contains(['\u{2068}', '\u{2069}']));
        }
    }
}
