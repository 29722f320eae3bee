//! Values as tokens, and the ways in which a provider spells them.

use std::sync::Arc;

use passerelle_testkit::{Note, Spelling};

/// A token: the name of one value that somebody typed. 0 = none, or a provider's own value.
pub type Token = u32;

/// The fields that people edit.
pub const FIELDS: [&str; 7] = ["title", "body", "label", "place", "phones/home", "phones/work", "category"];

/// What some providers put into an empty label.
pub const DEFAULT: &str = "default";

pub fn get(note: &Note, field: &str) -> String {
    match field {
        "title" => note.title.clone(),
        "body" => note.body.clone(),
        "label" => note.label.clone(),
        "place" => note.place.clone(),
        "category" => note.category.clone(),
        "private" => if note.private { "yes" } else { "" }.to_owned(),
        phone => {
            let key = phone.trim_start_matches("phones/");
            note.phones.get(key).cloned().unwrap_or_default()
        }
    }
}

pub fn set(note: &mut Note, field: &str, value: String) {
    match field {
        "title" => note.title = value,
        "body" => note.body = value,
        "label" => note.label = value,
        "place" => note.place = value,
        "category" => note.category = value,
        "private" => note.private = !value.is_empty(),
        phone => {
            let key = phone.trim_start_matches("phones/").to_owned();
            if value.is_empty() {
                note.phones.remove(&key);
            } else {
                note.phones.insert(key, value);
            }
        }
    }
}

/// Returns the token of a value.
pub fn token(value: &str) -> Token {
    let word = value.split_whitespace().last().unwrap_or("");
    word.trim_matches(['<', '>']).strip_prefix('t').and_then(|digits| digits.parse().ok()).unwrap_or(0)
}

/// Returns all tokens of a note.
pub fn tokens(note: &Note) -> Vec<Token> {
    FIELDS.iter().map(|field| token(&get(note, field))).filter(|token| *token > 0).collect()
}

/// Removes every spelling, known to the product or not.
pub fn plain(value: &str) -> String {
    value.trim().trim_matches(['<', '>']).trim().to_owned()
}

/// Tells whether a note is out of scope where a pair has one.
pub fn is_out(note: &Note) -> bool {
    note.category.trim().starts_with("zout")
}

/// Tells whether providers refuse a note.
pub fn is_poison(note: &Note) -> bool {
    note.place.starts_with("poison")
}

/// How a provider spells.
#[derive(Clone, Copy, Debug, Default)]
pub struct Spell {
    pub trim: bool,
    /// A spelling that only the provider knows.
    pub own: bool,
    pub drop_body: bool,
    pub drop_home: bool,
    pub default_label: bool,
    /// What people type stands until a program writes the item.
    pub lazy: bool,
}

impl Spell {
    pub fn apply(self, note: &mut Note) {
        for field in FIELDS {
            let mut value = get(note, field);
            if self.trim {
                value = value.trim().to_owned();
            }
            if self.own
                && !value.is_empty()
                && !value.contains('<')
                && matches!(field, "place" | "phones/home")
            {
                value = format!("<{}>", value.trim());
            }
            if self.drop_body && field == "body" || self.drop_home && field == "phones/home" {
                value.clear();
            }
            if self.default_label && field == "label" && value.trim().is_empty() {
                value = DEFAULT.to_owned();
            }
            set(note, field, value);
        }
    }

    pub fn drops(self, field: &str) -> bool {
        self.drop_body && field == "body" || self.drop_home && field == "phones/home"
    }

    pub fn spelling(self) -> Spelling<Note> {
        Arc::new(move |note: &mut Note, _before: Option<&Note>| self.apply(note))
    }
}
