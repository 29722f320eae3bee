//! What is kept beside a record for want of a place, in words for a person: what it is about, and how it changed.

use std::collections::{BTreeMap, BTreeSet};

use passerelle_ports::{Value, left};
use serde::Serialize;

/// What leftovers have in front of a text that is kept as it was.
const WRAPPED: [&str; 3] = ["X-PASSERELLE-LINE", "X-PASSERELLE-OF-OCCURRENCE", "X-PASSERELLE-UNKNOWN"];

/// Returns the value of a line: what stands behind the first colon that is not within quotes.
fn value_of(text: &str) -> &str {
    let mut quoted = false;
    let colon = text.find(|c| {
        quoted ^= c == '"';
        c == ':' && !quoted
    });
    colon.and_then(|at| text.get(at + 1..)).unwrap_or_default()
}

/// Takes a name and its parameters apart; a sign within quotes parts nothing.
fn parts_of(head: &str) -> Vec<&str> {
    let mut quoted = false;
    let parts = head.split(|c| {
        quoted ^= c == '"';
        c == ';' && !quoted
    });
    parts.collect()
}

/// Returns the names of what a leftover is about: a property, a member, or parameters of a property.
pub(crate) fn properties(text: &str) -> Vec<String> {
    let text = text.trim_start();
    if let Some(member) = text.strip_prefix("{\"") {
        return vec![short(member.split('"').next().unwrap_or_default())];
    }
    let head = text.get(..text.len() - value_of(text).len()).unwrap_or_default();
    let head = head.strip_suffix(':').unwrap_or(head);
    let mut parts = parts_of(head).into_iter();
    let name = parts.next().unwrap_or_default();
    match name {
        // A component within the record.
        "BEGIN" => return vec![short(value_of(text).split(['\\', '\n']).next().unwrap_or_default())],
        "X-PASSERELLE-OCCURRENCE" => return vec!["RECURRENCE-ID".to_owned()],
        left::ORIGINAL_UID => return vec!["UID".to_owned()],
        // When a guest answered last.
        "X-PASSERELLE-ANSWERED" => return vec!["DTSTAMP".to_owned()],
        name if WRAPPED.contains(&name) => return properties(&left::unescape(value_of(text))),
        _ => {}
    }
    // The heading of a column is no name of a property: it may have dots, colons and semicolons of its own.
    if text.contains(": ") && !is_property(name) {
        return vec![short(text.split(": ").next().unwrap_or_default())];
    }
    let name = name.rsplit_once('.').map_or(name, |(_, name)| name);
    let params = parts.map(|param| param.split('=').next().unwrap_or_default());
    if name != "X-PASSERELLE-PARAMS" {
        return vec![short(name)];
    }
    let of = parts_of(head).into_iter().find_map(|param| param.strip_prefix("OF=")).unwrap_or_default();
    let kept = params.filter(|param| !matches!(*param, "OF" | "AS-WRITTEN"));
    let kept: Vec<String> = kept.map(|param| short(&format!("{of};{param}"))).collect();
    if kept.is_empty() { vec![short(of)] } else { kept }
}

/// Tells whether a text is the name of a property, with its group: `item1.X-ABUID`.
fn is_property(name: &str) -> bool {
    let is_token =
        |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') && !text.is_empty();
    let (group, name) = name.rsplit_once('.').unwrap_or(("item", name));
    is_token(name)
        && is_token(group)
        && (!group.is_empty() && (group.starts_with("item") || name.starts_with("X-")))
}

/// Returns the names of what leftovers are about.
pub(crate) fn named_leftovers<'a>(texts: impl Iterator<Item = &'a str>) -> BTreeSet<String> {
    texts.flat_map(properties).collect()
}

fn short(name: &str) -> String {
    name.chars().take(60).collect()
}

/// What became of what is kept beside a record, by what it is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct KeptChange {
    /// The name of a property, of a member, or of a column.
    pub field: String,
    /// What was kept, without that name where it is one line.
    pub before: Vec<String>,
    /// What is kept now.
    pub after: Vec<String>,
}

/// Returns in what two states of what is kept beside a record differ.
#[must_use]
pub fn kept_changes(before: &Value, after: &Value) -> Vec<KeptChange> {
    let (before, after) = (by_name(before), by_name(after));
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let of = |all: &BTreeMap<String, Vec<String>>, name: &String| all.get(name).cloned().unwrap_or_default();
    let changes = names.into_iter().map(|name| {
        let (before, after) = (of(&before, name), of(&after, name));
        KeptChange { field: name.clone(), before, after }
    });
    changes.filter(|change| change.before != change.after).collect()
}

/// Returns the values of leftovers by what they are about.
fn by_name(left: &Value) -> BTreeMap<String, Vec<String>> {
    let mut all: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for text in left::texts(left).unwrap_or_default() {
        let name = properties(text).into_iter().next().unwrap_or_default();
        let value = match text.strip_prefix(name.as_str()) {
            Some(rest) if !name.is_empty() => rest.trim_start_matches(':').trim_start().to_owned(),
            _ => text.to_owned(),
        };
        all.entry(name).or_default().push(value);
    }
    all
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_became_of_leftovers_is_told_by_what_they_are_about() {
        let before = json!(["ROLE:Chef", "X-A:1", "N° client: 7", "X-SAME:1"]);
        let after = json!(["X-SAME:1", "ROLE:Adjoint", "X-B;P=1:2", "{\"links\":1}"]);
        let told = kept_changes(&before, &after);
        let told: Vec<String> =
            told.iter().map(|one| format!("{} {:?} {:?}", one.field, one.before, one.after)).collect();
        assert_eq!(
            told,
            [
                "N° client [\"7\"] []",
                "ROLE [\"Chef\"] [\"Adjoint\"]",
                "X-A [\"1\"] []",
                "X-B [] [\";P=1:2\"]",
                "links [] [\"{\\\"links\\\":1}\"]"
            ]
        );
        assert!(kept_changes(&after, &after).is_empty());
    }
}
