//! The catalogue of errors, read from one data file.

use std::{collections::BTreeMap, sync::OnceLock};

use serde::{Deserialize, Serialize};

use crate::Lang;

const DATA: &str = include_str!("../catalogue.toml");

/// What a person is told about an error: the six points, in one language, with its words filled in.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Article {
    /// The code, `AREA-NNN`.
    pub code: String,
    /// The exit code of a command that ends with it.
    pub exit: u8,
    /// What happened.
    pub what: String,
    /// What it did to the data.
    pub did: String,
    /// Why, the likeliest cause first.
    pub why: Vec<String>,
    /// What to do, in order; commands stand between backticks.
    #[serde(rename = "do")]
    pub todo: Vec<String>,
    /// The page where it is done, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

impl Article {
    /// Returns the area of the code, such as `GOOG`.
    #[must_use]
    pub fn area(&self) -> &str {
        self.code.split('-').next().unwrap_or_default()
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    exit: u8,
    did: String,
    url: Option<String>,
    en: Text,
    fr: Text,
    /// What to do where it meets somebody who is connecting, if that is something else.
    connecting: Option<Steps>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Steps {
    en: Vec<String>,
    fr: Vec<String>,
}

impl Steps {
    fn of(&self, lang: Lang) -> &[String] {
        match lang {
            Lang::En => &self.en,
            Lang::Fr => &self.fr,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Text {
    what: String,
    why: Vec<String>,
    #[serde(rename = "do")]
    todo: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Both {
    en: String,
    fr: String,
}

impl Both {
    fn of(&self, lang: Lang) -> &str {
        match lang {
            Lang::En => &self.en,
            Lang::Fr => &self.fr,
        }
    }
}

#[derive(Deserialize)]
struct Catalogue {
    did: BTreeMap<String, Both>,
    words: BTreeMap<String, Both>,
    #[serde(flatten)]
    entries: BTreeMap<String, Entry>,
}

fn catalogue() -> &'static Catalogue {
    static READ: OnceLock<Catalogue> = OnceLock::new();
    // The data is part of the program, and a test reads it: the empty one is never seen.
    READ.get_or_init(|| {
        toml::from_str(DATA).unwrap_or_else(|_| Catalogue {
            did: BTreeMap::new(),
            words: BTreeMap::new(),
            entries: BTreeMap::new(),
        })
    })
}

/// Returns every code, in order.
pub fn codes() -> impl Iterator<Item = &'static str> {
    catalogue().entries.keys().map(String::as_str)
}

/// Returns the exit code that belongs to a code; 1 for one that nobody knows.
#[must_use]
pub fn exit_code(code: &str) -> u8 {
    catalogue().entries.get(code).map_or(1, |entry| entry.exit)
}

/// Returns the article of a code (in any letter case), its placeholders filled in with `words`. The word
/// `connecting` says that it met somebody who was giving consent: nothing waits for a next run then.
#[must_use]
pub fn explain<W: AsRef<str>>(code: &str, lang: Lang, words: &[(&str, W)]) -> Option<Article> {
    let code = code.trim().to_ascii_uppercase();
    let entry = catalogue().entries.get(&code)?;
    let text = match lang {
        Lang::En => &entry.en,
        Lang::Fr => &entry.fr,
    };
    let fill = |template: &str| fill(template, lang, words);
    let connecting = words.iter().any(|(name, _)| *name == "connecting");
    let steps =
        entry.connecting.as_ref().filter(|_| connecting).map_or(text.todo.as_slice(), |steps| steps.of(lang));
    let did = if connecting { "consent" } else { entry.did.as_str() };
    Some(Article {
        exit: entry.exit,
        what: if given_first(&text.what, words) { fill(&text.what) } else { first_upper(&fill(&text.what)) },
        did: catalogue().did.get(did).map(|did| did.of(lang).to_owned()).unwrap_or_default(),
        why: text.why.iter().map(|why| first_upper(&fill(why))).collect(),
        todo: steps.iter().map(|todo| fill(todo)).collect(),
        url: entry.url.as_deref().map(fill),
        code,
    })
}

/// Fills in the placeholders: the word given, else the catalogue's own. `login` is `user` in a command.
fn fill<W: AsRef<str>>(template: &str, lang: Lang, words: &[(&str, W)]) -> String {
    let mut out = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        let Some((name, after)) = after.split_once('}') else { break };
        out.push_str(before);
        let asked = if name == "login" { "user" } else { name };
        match words.iter().find(|(known, word)| *known == asked && !word.as_ref().is_empty()) {
            Some((_, word)) => {
                elide(&mut out, lang, word.as_ref());
                out.push_str(word.as_ref());
            }
            None => match catalogue().words.get(name).map_or("…", |word| word.of(lang)) {
                // The last word of a command, left out.
                "" => out.truncate(out.trim_end().len()),
                word => out.push_str(word),
            },
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

/// French says « l'autorisation d'alice », not « de alice ».
fn elide(before: &mut String, lang: Lang, word: &str) {
    let vowel =
        word.chars().next().is_some_and(|first| "aeiouyàâéèêëîïôöûüœAEIOUYÀÂÉÈÊËÎÏÔÖÛÜŒ".contains(first));
    if lang == Lang::Fr && vowel && before.ends_with(" de ") {
        before.truncate(before.len() - "e ".len());
        before.push('\'');
    }
}

/// Tells whether a text begins with a word that was handed in: a name keeps its letter case.
fn given_first<W: AsRef<str>>(template: &str, words: &[(&str, W)]) -> bool {
    let first = template.strip_prefix('{').and_then(|rest| rest.split('}').next());
    first.is_some_and(|name| words.iter().any(|(known, word)| *known == name && !word.as_ref().is_empty()))
}

fn first_upper(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    const NO_WORDS: &[(&str, &str)] = &[];

    fn placeholders(texts: &[&str]) -> BTreeSet<String> {
        texts
            .iter()
            .flat_map(|text| text.split('{').skip(1).filter_map(|rest| rest.split_once('}')))
            .map(|(name, _)| name.to_owned())
            .collect()
    }

    #[test]
    fn the_data_can_be_read() {
        let read: Catalogue = toml::from_str(DATA).unwrap();
        assert!(read.entries.len() >= 80);
    }

    #[test]
    fn every_code_is_complete_in_both_languages() {
        for (code, entry) in &catalogue().entries {
            let (area, number) = code.split_once('-').unwrap();
            assert!(area.chars().all(|c| c.is_ascii_uppercase()), "{code}");
            assert_eq!(number.len(), 3, "{code}");
            assert!([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 130].contains(&entry.exit), "{code}");
            assert!(catalogue().did.contains_key(&entry.did), "{code}: {}", entry.did);
            assert_eq!(entry.en.todo.len(), entry.fr.todo.len(), "{code}");
            assert_eq!(entry.en.why.len(), entry.fr.why.len(), "{code}");
            assert!((1..=3).contains(&entry.en.why.len()), "{code}: at most three causes");
            for lang in Lang::ALL {
                let article = explain(code, lang, NO_WORDS).unwrap();
                assert!(!article.what.is_empty() && !article.did.is_empty(), "{code}");
                assert!(
                    !article.todo.is_empty() && article.todo.iter().all(|todo| !todo.is_empty()),
                    "{code}"
                );
                assert!(!article.what.ends_with('!'), "{code}");
            }
        }
    }

    #[test]
    fn every_placeholder_has_a_word_and_every_word_a_placeholder() {
        let mut used = BTreeSet::new();
        for (code, entry) in &catalogue().entries {
            let of = |text: &Text| {
                let mut all: Vec<&str> = vec![&text.what];
                all.extend(text.why.iter().map(String::as_str));
                all.extend(text.todo.iter().map(String::as_str));
                placeholders(&all)
            };
            assert_eq!(of(&entry.en), of(&entry.fr), "{code}");
            if let Some(steps) = &entry.connecting {
                let of = |lang| {
                    let all: Vec<&str> = steps.of(lang).iter().map(String::as_str).collect();
                    placeholders(&all)
                };
                assert_eq!(of(Lang::En), of(Lang::Fr), "{code}");
                used.extend(of(Lang::En));
            }
            used.extend(of(&entry.en));
            used.extend(placeholders(&[entry.url.as_deref().unwrap_or_default()]));
        }
        let known: BTreeSet<String> = catalogue().words.keys().cloned().collect();
        assert_eq!(used, known);
    }

    #[test]
    fn words_are_filled_in_and_a_missing_one_has_a_stand_in() {
        let article = explain("goog-203", Lang::En, &[("user", "bob"), ("account", "b@x.example")]).unwrap();
        assert_eq!(article.what, "b@x.example was chosen, but bob is bound to another account.");
        assert!(article.todo[0].contains("--user bob"));
        let article = explain("GOOG-203", Lang::Fr, NO_WORDS).unwrap();
        assert!(article.todo[0].contains("--user alice"));
        assert!(explain("GOOG-999", Lang::Fr, NO_WORDS).is_none());
        for (user, expected) in [("alice", "d'alice."), ("bob", "de bob."), ("", "de cet utilisateur.")] {
            let article = explain("GOOG-205", Lang::Fr, &[("user", user)]).unwrap();
            assert_eq!(article.what, format!("Google n'accepte plus l'autorisation {expected}"));
        }
        let article = explain("SYS-107", Lang::En, &[("reason", "no session is open")]).unwrap();
        assert_eq!(article.why, ["No session is open."]);
    }
}
