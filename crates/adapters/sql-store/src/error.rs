//! What can go wrong in the database, and what it means for the engine.

use diesel::result::{DatabaseErrorKind, Error as SqlError};
use passerelle_ports::{Code, Detail, ErrorKind, PortError};

use crate::constraints::constraint;

/// An error of the store.
///
/// Its own message holds no value of a record. What lies underneath may name a column or a rule of
/// the schema, never a value.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The database, or a value in it, was written by a newer version; nothing was touched.
    #[error("written by a newer version ({found}, this program knows {known})")]
    NewerSchema {
        /// The newest migration that the database has seen, or the format of the value.
        found: String,
        /// The newest migration or format that this program knows.
        known: String,
    },
    /// The file is a database, but none of ours: another program's, or an empty one. Nothing was touched.
    #[error("the file is no database of this program")]
    Foreign,
    /// The file cannot be opened as a database.
    #[error("the database cannot be opened")]
    Open(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The schema could not be brought up to date; it is as it was.
    #[error("the database could not be brought up to date")]
    Migration(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A rule of the schema refused the change: the text says which, in words for a person.
    #[error("refused by the database: {0}")]
    Refused(String),
    /// Somebody else writes, or the disk does not answer.
    #[error("the database is busy or out of reach")]
    Busy(#[source] SqlError),
    /// Any other answer of the database.
    #[error("the database answered with an error")]
    Database(#[source] SqlError),
    /// No row has this name.
    #[error("no such {0}")]
    Missing(&'static str),
    /// A row of Passerelle's own tables cannot be read.
    #[error("a row of {0} cannot be read")]
    Damaged(&'static str),
    /// A call stopped in mid-way; its transaction was rolled back.
    #[error("the call was interrupted")]
    Interrupted,
    /// A cursor that is too old, or of another database.
    #[error("the mark is no longer good")]
    CursorExpired,
    /// Another process holds the pair.
    #[error("another process works on this pair")]
    LeaseHeld,
    /// An item would belong to two links of one pair.
    #[error("an item would belong to two links")]
    TwoLinks,
}

/// Messages of SQLite itself that come with no kind of their own.
const OUT_OF_REACH: [&str; 7] = [
    "database is locked",
    "database table is locked",
    "disk I/O error",
    "database or disk is full",
    "attempt to write a readonly database",
    "unable to open database file",
    "locking protocol",
];
const BROKEN: [&str; 5] = ["malformed", "not a database", "out of memory", "no such", "interrupted"];

impl From<SqlError> for StoreError {
    fn from(error: SqlError) -> Self {
        let SqlError::DatabaseError(kind, info) = &error else {
            return StoreError::Database(error);
        };
        let message = info.message();
        match kind {
            DatabaseErrorKind::UniqueViolation
            | DatabaseErrorKind::ForeignKeyViolation
            | DatabaseErrorKind::NotNullViolation
            | DatabaseErrorKind::CheckViolation => StoreError::Refused(rule_of(message)),
            DatabaseErrorKind::Unknown if OUT_OF_REACH.iter().any(|text| message.contains(text)) => {
                StoreError::Busy(error)
            }
            // A trigger's RAISE(ABORT, …) has no kind of its own either.
            DatabaseErrorKind::Unknown if !BROKEN.iter().any(|text| message.contains(text)) => {
                StoreError::Refused(message.to_owned())
            }
            DatabaseErrorKind::ClosedConnection => StoreError::Busy(error),
            _ => StoreError::Database(error),
        }
    }
}

/// Which article tells why the database cannot be used at this moment.
fn out_of_reach(message: &str) -> Code {
    const TABLE: [(&str, Code); 6] = [
        ("disk I/O error", Code::Sys109),
        ("is full", Code::Sys101),
        ("readonly", Code::Db102),
        ("unable to open", Code::Db101),
        ("not a database", Code::Sys105),
        ("malformed", Code::Sys105),
    ];
    TABLE.iter().find(|(text, _)| message.contains(text)).map_or(Code::Sys103, |(_, code)| *code)
}

/// An error with everything below it.
fn told(error: &(dyn std::error::Error + 'static)) -> String {
    let chain = std::iter::successors(Some(error), |error| error.source());
    chain.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// The table or column that another program took away.
fn missing(message: &str) -> Option<String> {
    let (_, name) = message.split_once("no such column: ").or(message.split_once("no such table: "))?;
    name.split([' ', ',']).next().map(str::to_owned)
}

/// Takes the words of a rule out of SQLite's message.
fn rule_of(message: &str) -> String {
    let rule = message.split_once("constraint failed: ").map_or(message, |(_, rule)| rule);
    rule.trim_start_matches("index ").trim_matches('\'').to_owned()
}

impl StoreError {
    /// Tells whether another program's write was in the way.
    pub(crate) fn is_locked(&self) -> bool {
        matches!(self, StoreError::Busy(error) if out_of_reach(&error.to_string()) == Code::Sys103)
    }

    /// Turns the error into the one of a port.
    #[must_use]
    pub fn at(self, operation: &'static str) -> PortError {
        let (kind, code) = match &self {
            StoreError::NewerSchema { .. } => (ErrorKind::Unsupported, Some(Code::Sys104)),
            StoreError::Foreign => (ErrorKind::Unsupported, Some(Code::Db105)),
            StoreError::Refused(_) => (ErrorKind::Rejected, Some(Code::Db104)),
            StoreError::Busy(error) => (ErrorKind::Unavailable, Some(out_of_reach(&error.to_string()))),
            StoreError::Open(error) => (ErrorKind::Unavailable, Some(out_of_reach(&told(&**error)))),
            StoreError::Interrupted => (ErrorKind::Unavailable, None),
            StoreError::Missing(_) => (ErrorKind::NotFound, None),
            StoreError::CursorExpired => (ErrorKind::CursorExpired, None),
            StoreError::LeaseHeld => (ErrorKind::RateLimited, Some(Code::Sys102)),
            StoreError::Database(error) if missing(&error.to_string()).is_some() => {
                (ErrorKind::Unexpected, Some(Code::Db103))
            }
            StoreError::Migration(_) | StoreError::Database(_) | StoreError::Damaged(_) => {
                (ErrorKind::Unexpected, Some(Code::Sys105))
            }
            StoreError::TwoLinks => (ErrorKind::Unexpected, None),
        };
        let mut error = PortError::new(kind, operation);
        error.code = code;
        match &self {
            StoreError::Refused(rule) => error = error.with_detail(Detail::Reason, constraint(rule)),
            StoreError::NewerSchema { found, known } => {
                error = error.with_detail(Detail::New, found.clone()).with_detail(Detail::Old, known.clone());
            }
            StoreError::Database(sql) => {
                if let Some(column) = missing(&sql.to_string()) {
                    error = error.with_detail(Detail::Column, column);
                }
            }
            _ => {}
        }
        error.with_source(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(kind: DatabaseErrorKind, message: &str) -> ErrorKind {
        StoreError::from(SqlError::DatabaseError(kind, Box::new(message.to_owned()))).at("test").kind
    }

    #[test]
    fn each_answer_of_the_database_has_one_meaning() {
        for (of, message, expected) in [
            (DatabaseErrorKind::CheckViolation, "CHECK constraint failed: a rule", ErrorKind::Rejected),
            (DatabaseErrorKind::Unknown, "start_zone is no IANA time zone", ErrorKind::Rejected),
            (DatabaseErrorKind::Unknown, "database is locked", ErrorKind::Unavailable),
            (DatabaseErrorKind::Unknown, "database or disk is full", ErrorKind::Unavailable),
            (DatabaseErrorKind::Unknown, "database disk image is malformed", ErrorKind::Unexpected),
        ] {
            assert_eq!(kind(of, message), expected, "{message}");
        }
    }

    #[test]
    fn what_keeps_the_database_out_of_reach_has_its_own_article() {
        for (message, code) in [
            ("database is locked", Code::Sys103),
            ("database or disk is full", Code::Sys101),
            ("attempt to write a readonly database", Code::Db102),
            ("unable to open database file", Code::Db101),
            ("disk I/O error", Code::Sys109),
            ("no such column: contacts.notes", Code::Db103),
            ("no such table: contacts", Code::Db103),
            ("database disk image is malformed", Code::Sys105),
        ] {
            let info = Box::new(message.to_owned());
            let error = StoreError::from(SqlError::DatabaseError(DatabaseErrorKind::Unknown, info));
            assert_eq!(error.at("test").code, Some(code), "{message}");
        }
    }

    #[test]
    fn the_words_of_a_rule_are_told_without_the_rest() {
        assert_eq!(rule_of("CHECK constraint failed: a rule, in words"), "a rule, in words");
        assert_eq!(
            rule_of("UNIQUE constraint failed: index 'a guest is invited once'"),
            "a guest is invited once"
        );
    }
}
