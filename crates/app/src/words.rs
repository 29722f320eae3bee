//! Values as a person reads them: the words that a field can hold are said in the language of that person.

use passerelle_ports::{Field, Value};

use crate::terminal::output::Out;

/// The fields that hold one of some words, these words, and how each is said.
const WORDS: [(&str, &str, &str); 19] = [
    ("role", "required", "word-required"),
    ("role", "optional", "word-optional"),
    ("role", "informational", "word-informational"),
    ("role", "chair", "word-chair"),
    ("participation_status", "needs_action", "word-needs-action"),
    ("participation_status", "accepted", "word-accepted"),
    ("participation_status", "declined", "word-declined"),
    ("participation_status", "tentative", "word-tentative-guest"),
    ("privacy", "default", "word-default"),
    ("privacy", "public", "word-public"),
    ("privacy", "private", "word-private"),
    ("privacy", "confidential", "word-confidential"),
    ("free_busy_status", "busy", "word-busy"),
    ("free_busy_status", "free", "word-free"),
    ("status", "confirmed", "word-confirmed"),
    ("status", "tentative", "word-tentative"),
    ("status", "cancelled", "word-cancelled"),
    ("action", "display", "word-display"),
    ("action", "email", "word-email"),
];

/// Returns the value of a field as a person reads it.
pub fn value_text(out: &Out, field: &Field, value: Option<&Value>) -> String {
    of_member(out, field.member(), value)
}

fn of_member(out: &Out, member: &str, value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => out.t("value-none", &[]),
        Some(Value::Bool(is)) => out.t(if *is { "word-yes" } else { "word-no" }, &[]),
        Some(Value::String(text)) => match of(member).find(|(_, word, _)| word == text) {
            Some((.., said)) => out.t(said, &[]),
            None => text.replace('\n', " ⏎ "),
        },
        Some(Value::Array(items)) => {
            items.iter().map(|item| of_member(out, "", Some(item))).collect::<Vec<_>>().join(" ; ")
        }
        Some(Value::Object(members)) => members
            .iter()
            .filter(|(_, member)| !passerelle_ports::is_empty(member))
            .map(|(name, member)| format!("{name}: {}", of_member(out, name, Some(member))))
            .collect::<Vec<_>>()
            .join(", "),
        Some(other) => other.to_string(),
    }
}

/// Returns what a person typed as the field holds it, where it is one of the words that are shown for it.
pub fn typed(out: &Out, field: &Field, text: &str) -> String {
    let is_said = |said: &str| out.t(said, &[]).to_lowercase() == text.trim().to_lowercase();
    let known = of(field.member()).find(|(.., said)| is_said(said));
    known.map_or(text, |(_, word, _)| word).to_owned()
}

fn of(member: &str) -> impl Iterator<Item = &'static (&'static str, &'static str, &'static str)> {
    WORDS.iter().filter(move |(known, ..)| *known == member)
}

#[cfg(test)]
mod tests {
    use passerelle_calendar::{AlertAction, FreeBusyStatus, ParticipationStatus, Privacy, Role, Status};
    use passerelle_texts::{Lang, t};

    use super::*;

    #[test]
    fn every_word_that_a_field_can_hold_is_said_in_both_languages() {
        let held = |member: &'static str, words: Vec<&'static str>| {
            words.into_iter().map(move |word| (member, word))
        };
        let all = held("role", Role::ALL.iter().map(|word| word.as_str()).collect())
            .chain(held(
                "participation_status",
                ParticipationStatus::ALL.iter().map(|word| word.as_str()).collect(),
            ))
            .chain(held("privacy", Privacy::ALL.iter().map(|word| word.as_str()).collect()))
            .chain(held("free_busy_status", FreeBusyStatus::ALL.iter().map(|word| word.as_str()).collect()))
            .chain(held("status", Status::ALL.iter().map(|word| word.as_str()).collect()))
            .chain(held("action", AlertAction::ALL.iter().map(|word| word.as_str()).collect()));
        let known: Vec<(&str, &str)> = WORDS.iter().map(|(member, word, _)| (*member, *word)).collect();
        assert_eq!(all.collect::<Vec<_>>(), known);
        for id in WORDS.iter().map(|(.., said)| *said).chain(["word-yes", "word-no"]) {
            for lang in [Lang::En, Lang::Fr] {
                assert_ne!(t(lang, id, &[]), format!("<{id}>"));
            }
        }
    }
}
