//! What a kind of record asks of its tables. Everything here runs inside a transaction.

use std::collections::{HashMap, HashSet};

use chrono::NaiveDateTime;
use diesel::QueryResult;
use passerelle_ports::{Kind, Label, Record, Relabelling, Value, Write};

use crate::{dialect::Conn, parked};

/// A record as its tables hold it.
#[derive(Clone, Debug)]
pub struct Loaded<R> {
    /// The number in the order of insertion.
    pub number: i64,
    /// The version that the change log gave it.
    pub version: i64,
    /// When it last changed.
    pub updated: NaiveDateTime,
    /// The record.
    pub record: R,
    /// What an import held beyond the record.
    pub leftovers: Value,
}

/// A record to insert.
#[derive(Clone, Debug)]
pub struct NewRow<'a, R> {
    /// Its id.
    pub id: String,
    /// The record.
    pub record: &'a R,
    /// What there is beyond the record.
    pub leftovers: Option<&'a Value>,
}

/// Who asks, and how telephone numbers are read.
#[derive(Clone, Debug)]
pub struct Scope {
    /// The app user; none = the company itself.
    pub user: Option<String>,
    /// The calendar; none = all of the user's.
    pub calendar: Option<String>,
    /// The region of numbers written without a country.
    pub region: Option<String>,
    /// Whether a contact made for one app user is seen by all.
    pub share: bool,
}

impl Scope {
    /// The app user, or nobody.
    pub fn user(&self) -> &str {
        self.user.as_deref().unwrap_or_default()
    }
}

/// Of how many texts beside a record it is inserted without them at first.
const MANY_TEXTS: usize = 100;

/// The tables of one kind of record.
pub trait Collection: Record {
    /// The word of the change log for this kind.
    const KIND_NAME: &'static str = kind_name(Self::KIND);

    /// Returns the `user_id`s of the change log that concern a scope.
    fn log_users(scope: &Scope) -> Vec<String>;

    /// Returns the `user_id` of the change log that tells what a scope has been shown before.
    fn log_of_former(scope: &Scope) -> String {
        scope.user().to_owned()
    }

    /// Lists ids that are seen in a scope, by number.
    fn page(conn: &mut Conn, scope: &Scope, after: i64, limit: i64) -> QueryResult<Vec<(i64, String)>>;

    /// Tells which of some ids are seen in a scope.
    fn visible(conn: &mut Conn, scope: &Scope, ids: &[String]) -> QueryResult<HashSet<String>>;

    /// Tells which of some ids nobody sees but the app user of a scope.
    fn own(_conn: &mut Conn, _scope: &Scope, _ids: &[String]) -> QueryResult<HashSet<String>> {
        Ok(HashSet::new())
    }

    /// Notes up to which number an app user has been shown records.
    fn served(conn: &mut Conn, user: &str, number: i64) -> QueryResult<()>;

    /// Tells whether [`Collection::served`] has something to note.
    fn unserved(conn: &mut Conn, user: &str, number: i64) -> QueryResult<bool>;

    /// Tells whether [`Collection::settle`] has something to do.
    fn waits(conn: &mut Conn) -> QueryResult<bool> {
        parked::waits(conn)
    }

    /// Finishes what the triggers, who cannot calculate, left to be done after a change with plain SQL.
    fn settle(conn: &mut Conn) -> QueryResult<()> {
        parked::forget(conn)
    }

    /// Reads records.
    fn load(conn: &mut Conn, scope: &Scope, ids: &[String]) -> QueryResult<HashMap<String, Loaded<Self>>>;

    /// Inserts records.
    fn insert(conn: &mut Conn, scope: &Scope, rows: &[NewRow<'_, Self>]) -> QueryResult<()>;

    /// Inserts records, and what is long beside one at last: with each part of a record that is inserted its row is written
    /// anew, and 20,000 guests with as many texts would take the square of that.
    fn insert_new(conn: &mut Conn, scope: &Scope, rows: &[NewRow<'_, Self>]) -> QueryResult<()> {
        let is_long = |row: &NewRow<'_, Self>| {
            row.leftovers.and_then(Value::as_array).is_some_and(|texts| texts.len() > MANY_TEXTS)
        };
        let mut main = rows.to_vec();
        main.iter_mut().filter(|row| is_long(row)).for_each(|row| row.leftovers = None);
        Self::insert(conn, scope, &main)?;
        for row in rows.iter().filter(|row| is_long(row)) {
            Self::set_leftovers(conn, &row.id, row.leftovers)?;
        }
        Ok(())
    }

    /// Gives a record that was just inserted to those who saw the last of these records, which are gone.
    fn inherit(_conn: &mut Conn, _scope: &Scope, _id: &str, _gone: &[String]) -> QueryResult<()> {
        Ok(())
    }

    /// Writes the differences between two states of a record.
    fn update(conn: &mut Conn, scope: &Scope, id: &str, from: &Self, to: &Self) -> QueryResult<()>;

    /// Notes which names that records share the batches to come change for all that have them.
    fn relabel(_: &mut Conn, _: &[Relabelling]) -> QueryResult<()> {
        Ok(())
    }

    /// Lists the names that records share, with their ids.
    fn shared_names(_: &mut Conn) -> QueryResult<Vec<Label>> {
        Ok(Vec::new())
    }

    /// Changes names that records share, by their ids.
    fn rename_shared(_: &mut Conn, _: &[Label]) -> QueryResult<()> {
        Ok(())
    }

    /// Returns which names that records share a batch changes for all that have them: old name, new name.
    fn renames(_: &mut Conn, _: &[Write<Self>]) -> QueryResult<Vec<(String, String)>> {
        Ok(Vec::new())
    }

    /// Gives such a name to what had the old one, once the batch is written.
    fn rename(_: &mut Conn, _: &[(String, String)]) -> QueryResult<()> {
        Ok(())
    }

    /// Returns the collections in which records stand that are not seen in a scope, but belong to the same app user.
    fn homes(_: &mut Conn, _: &Scope, _ids: &[String]) -> QueryResult<HashMap<String, String>> {
        Ok(HashMap::new())
    }

    /// Tells which of some records that are gone had left a scope before they went, with the collection in which they
    /// stood then.
    fn left_before(
        conn: &mut Conn,
        scope: &Scope,
        gone: &[String],
    ) -> QueryResult<HashMap<String, Option<String>>>;

    /// Brings a record into another collection of the same app user; returns whether it did.
    fn relocate(_: &mut Conn, _: &Scope, _id: &str, _to: &str) -> QueryResult<bool> {
        Ok(false)
    }

    /// Deletes a record; its parts go with it.
    fn delete(conn: &mut Conn, id: &str) -> QueryResult<usize>;

    /// Replaces the leftovers of a record.
    fn set_leftovers(conn: &mut Conn, id: &str, leftovers: Option<&Value>) -> QueryResult<usize>;

    /// Finds the records that have one of the uids, with their uids, among those a bulk load concerns.
    fn by_uid(conn: &mut Conn, scope: &Scope, uids: &[String]) -> QueryResult<Vec<(String, String)>>;

    /// Returns the record's uid.
    fn uid(&self) -> &str;
}

/// Returns the word of the change log for a kind of record.
pub(crate) const fn kind_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Contacts => "contact",
        Kind::Events => "appointment",
    }
}

/// Returns leftovers as they are stored.
pub(crate) fn leftovers_text(leftovers: Option<&Value>) -> Option<String> {
    leftovers.filter(|value| !value.is_null()).map(Value::to_string)
}

/// Reads leftovers as they were stored.
pub(crate) fn leftovers_of(text: Option<&str>) -> Value {
    text.and_then(|text| serde_json::from_str(text).ok()).unwrap_or(Value::Null)
}
