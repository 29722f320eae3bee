//! Names that nobody has: a rule with a slip of the pen must not pass as a rule that is never met.

use passerelle_calendar::Event;
use passerelle_contacts::Contact;
use passerelle_ports::{Code, Detail, Kind, Reason, Record};
use serde_json::{Value, json};

use crate::{Failure, Office, Outcome, RuleSpec};

/// A word that is not known, and what was probably meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misspelt {
    /// The word.
    pub word: String,
    /// The nearest word that is known.
    pub near: Option<String>,
}

/// Returns the known name that was probably meant.
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known
        .into_iter()
        .map(|known| (strsim::damerau_levenshtein(&name.to_lowercase(), &known.to_lowercase()), known))
        .min()
        .filter(|(distance, near)| *distance <= 3.max(near.chars().count() / 3))
        .map(|(_, near)| near)
}

impl RuleSpec {
    /// Returns a field of the rule that no record has.
    #[must_use]
    pub fn misspelt_field(&self) -> Option<Misspelt> {
        let (contacts, events) = (self.kind != Some(Kind::Events), self.kind != Some(Kind::Contacts));
        let is_known = |name: &str| {
            name == "*" || contacts && is_field::<Contact>(name) || events && is_field::<Event>(name)
        };
        let mut names = self.fields.keys().chain(self.field_conflicts.keys());
        let word = names.find(|name| !is_known(name))?.clone();
        let mut known = Vec::new();
        if contacts {
            known.extend(names_of::<Contact>());
        }
        if events {
            known.extend(names_of::<Event>());
        }
        let near = nearest(&word, known.iter().map(String::as_str)).map(str::to_owned);
        Some(Misspelt { word, near })
    }
}

/// Tells whether records of a kind may have that field, or a collection of that name.
fn is_field<R: Record>(name: &str) -> bool {
    let (member, key) = name.split_once('/').map_or((name, None), |(member, key)| (member, Some(key)));
    let blank = serde_json::to_value(R::default()).unwrap_or_default();
    match (blank.get(member), key.filter(|key| *key != "*")) {
        (Some(Value::Object(parts)), Some(key)) => parts.is_empty() || parts.contains_key(key),
        (Some(Value::Object(_)), None) => true,
        (Some(_), key) => key.is_none(),
        // What a blank record does not write down is a member all the same if it refuses a value of no member's type.
        (None, key) => key.is_none() && serde_json::from_value::<R>(json!({ member: 0.5 })).is_err(),
    }
}

/// Lists the names of a kind's fields, as a blank record writes them down.
fn names_of<R: Record>() -> Vec<String> {
    let Ok(Value::Object(members)) = serde_json::to_value(R::default()) else { return Vec::new() };
    let mut names = Vec::new();
    for (member, value) in members {
        if let Value::Object(parts) = value {
            names.extend(parts.keys().map(|part| format!("{member}/{part}")));
        }
        names.push(member);
    }
    names
}

/// Looks whether the app users and calendars that the rules name are there.
///
/// # Errors
///
/// `CFG-101` for the first that is not; those of the database.
pub async fn check_rules(office: &Office) -> Outcome<()> {
    let users = office.company.users().await?;
    let pairs = office.company.pairs().await?;
    for sourced in &office.rules.rules {
        let rule = &sourced.rule;
        let known = users.iter().map(|user| user.id.as_str());
        refuse("rules.user", &sourced.from, rule.user.as_deref(), known)?;
        let theirs = pairs
            .iter()
            .filter(|pair| pair.kind == Kind::Events)
            .filter(|pair| rule.user.as_ref().is_none_or(|user| user.eq_ignore_ascii_case(&pair.user)));
        let known: Vec<&str> =
            theirs.flat_map(|pair| [pair.name.as_str(), pair.collection.as_str()]).collect();
        // Before anybody is connected nobody knows which calendars there will be.
        if !known.is_empty() {
            refuse("rules.calendar", &sourced.from, rule.calendar.as_deref(), known)?;
        }
    }
    Ok(())
}

fn refuse<'a>(
    key: &str,
    from: &str,
    word: Option<&str>,
    known: impl IntoIterator<Item = &'a str>,
) -> Outcome<()> {
    let known: Vec<&str> = known.into_iter().collect();
    let Some(word) = word.filter(|word| !known.iter().any(|known| known.eq_ignore_ascii_case(word))) else {
        return Ok(());
    };
    let near = nearest(word, known.iter().copied()).map_or_else(|| known.join(", "), str::to_owned);
    let failure = Failure::new(Code::Cfg101)
        .with(Detail::Key, key)
        .with(Detail::File, from)
        .with(Detail::Reason, Reason::Verbatim(word.to_owned()));
    Err(failure.with(Detail::Suggestion, near))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_that_no_record_has_is_found() {
        let rule = |kind: Option<Kind>, field: &str| RuleSpec {
            kind,
            fields: [(field.to_owned(), crate::Way::Never)].into(),
            ..RuleSpec::default()
        };
        for (kind, field, near) in [
            (None, "nots", Some("notes")),
            (Some(Kind::Events), "locaton", Some("location")),
            (Some(Kind::Events), "notes", None),
            (Some(Kind::Contacts), "name/givven", Some("name/given")),
            (Some(Kind::Contacts), "notes/x", Some("notes")),
        ] {
            let found = rule(kind, field).misspelt_field().unwrap_or_else(|| panic!("{field} passes"));
            assert_eq!((found.word.as_str(), found.near.as_deref()), (field, near));
        }
        for (kind, field) in [
            (None, "*"),
            (None, "notes"),
            (None, "title"),
            (Some(Kind::Contacts), "name"),
            (Some(Kind::Contacts), "name/*"),
            (Some(Kind::Contacts), "name/given"),
            (Some(Kind::Contacts), "emails/*"),
            (Some(Kind::Contacts), "emails/a@b.example"),
            (Some(Kind::Contacts), "birthday"),
            (Some(Kind::Events), "privacy"),
            (Some(Kind::Events), "duration"),
            (Some(Kind::Events), "start"),
            (Some(Kind::Events), "participants/*"),
        ] {
            assert_eq!(rule(kind, field).misspelt_field(), None, "{field}");
        }
    }
}
