//! The constraints of the company's tables, by identifier.
//!
//! In SQL a constraint is named by a sentence, because whoever types plain SQL reads that name in the database's answer.
//! Here each sentence that a write of ours can meet has the identifier under which both languages have their words for it.

use passerelle_ports::Reason;

/// The names in SQL, and the identifiers: the message `rule-…` of the texts.
const CONSTRAINTS: &[(&str, &str)] = &[
    ("COUNT and INTERVAL of a rule are at least 1", "count-and-interval"),
    ("a rule ends by COUNT or by UNTIL, not by both", "count-or-until"),
    ("a rule is written FREQ=WEEKLY;BYDAY=MO, without RRULE: in front", "repetition"),
    ("a group needs a name", "group-name"),
    ("a category is not empty", "category"),
    ("a phone number is not empty", "phone"),
    ("an e-mail address is not empty", "email"),
    ("a country code has two letters", "country-code"),
    ("an appointment cannot end before it starts", "end"),
    ("an occurrence cannot end before it starts", "end-of-occurrence"),
    ("an appointment of whole days lasts whole days: use duration_days", "whole-days"),
    ("start_local is a day that exists (2026-11-23), or a day and a time (2026-11-23 09:00:00)", "start"),
];

/// Says which constraint refused a write. One that is not ours, such as a company's own trigger, is told in the database's
/// words.
pub(crate) fn constraint(name: &str) -> Reason {
    match CONSTRAINTS.iter().find(|(known, _)| *known == name) {
        Some((_, id)) => Reason::Rule((*id).to_owned()),
        None => Reason::Verbatim(name.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_identifier_belongs_to_a_constraint_of_the_tables() {
        let migrations = concat!(env!("CARGO_MANIFEST_DIR"), "/migrations");
        let folders = std::fs::read_dir(migrations).unwrap();
        let sql: String = folders
            .map(|folder| std::fs::read_to_string(folder.unwrap().path().join("up.sql")).unwrap())
            .collect();
        for (name, id) in CONSTRAINTS {
            assert!(sql.contains(&format!("CONSTRAINT \"{name}\"")), "{id}: {name}");
            assert_eq!(constraint(name), Reason::Rule((*id).to_owned()));
        }
        assert_eq!(constraint("length(notes) < 50"), Reason::Verbatim("length(notes) < 50".to_owned()));
    }
}
