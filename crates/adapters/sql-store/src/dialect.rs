//! The only place, beside the migrations, that knows which database this is.

use std::{fs, io, path::Path, time::Duration};

use diesel::{
    Connection, QueryResult, QueryableByName, RunQueryDsl, SqliteConnection,
    connection::{AnsiTransactionManager, SimpleConnection, TransactionManager},
    sql_types::{BigInt, Text},
};

use crate::StoreError;

/// The connection. Another database becomes an enum here, with one arm per kind.
pub(crate) type Conn = SqliteConnection;

/// What the connection speaks.
pub(crate) type Backend = diesel::sqlite::Sqlite;

/// How many values one statement may hold, with room to spare (SQLite: 32,766).
pub(crate) const MOST_VALUES: usize = 30_000;

/// How many names one `IN` list holds.
pub(crate) const MOST_NAMES: usize = 500;

/// How long SQLite can be told to wait.
const MOST_MILLIS: u128 = i32::MAX as u128;

/// Opens the database without changing anything in it.
pub(crate) fn establish(path: &Path) -> Result<Conn, StoreError> {
    let Some(text) = path.to_str() else {
        return Err(StoreError::Open("the path is not Unicode".into()));
    };
    let mut conn = Conn::establish(text).map_err(|error| StoreError::Open(error.into()))?;
    // First of all: everything after it may have to wait for another process.
    conn.batch_execute("PRAGMA busy_timeout = 30000;").map_err(|error| StoreError::Open(error.into()))?;
    Ok(conn)
}

/// Makes an empty file that only its owner may read, unless there is a file already. SQLite gives the
/// files that it makes beside it the same rights.
pub(crate) fn make_private(path: &Path) -> Result<(), StoreError> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(StoreError::Open(error.into())),
        _ => Ok(()),
    }
}

/// Refuses a file that has something in it and is too short to be a database: it would be taken for an empty one, and
/// overwritten. It is not opened for that: closing it would take away the locks of this process.
pub(crate) fn refuse_short(path: &Path) -> Result<(), StoreError> {
    const SHORTEST: u64 = 512;
    match fs::metadata(path) {
        Ok(found) if found.is_file() && (1..SHORTEST).contains(&found.len()) => {
            Err(StoreError::Open("the file is not a database".into()))
        }
        _ => Ok(()),
    }
}

/// Sets a connection up for work; it waits so long for another program's write.
pub(crate) fn prepare(conn: &mut Conn, busy: Duration) -> QueryResult<()> {
    let mut result = conn.batch_execute("PRAGMA journal_mode = WAL;");
    // While another process switches to WAL this fails at once, whatever the busy time-out; a write
    // transaction waits for it.
    for _ in 0..50 {
        if result.is_ok() {
            break;
        }
        conn.batch_execute("BEGIN IMMEDIATE; ROLLBACK;")?;
        result = conn.batch_execute("PRAGMA journal_mode = WAL;");
    }
    result?;
    conn.batch_execute(
        "PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON; PRAGMA secure_delete = FAST;",
    )?;
    conn.batch_execute(&format!("PRAGMA busy_timeout = {};", busy.as_millis().min(MOST_MILLIS)))
}

/// Runs several statements, as a person at a prompt would.
pub(crate) fn run_script(conn: &mut Conn, statements: &str) -> Result<(), StoreError> {
    Ok(conn.batch_execute(statements)?)
}

/// Carries out a transaction that will write. It takes the write lock at its beginning: one that
/// reads first could fail when it comes to write, whatever the busy time-out.
pub(crate) fn write<T>(
    conn: &mut Conn,
    f: impl FnOnce(&mut Conn) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    AnsiTransactionManager::begin_transaction_sql(conn, "BEGIN IMMEDIATE")?;
    match f(conn) {
        Ok(value) => {
            AnsiTransactionManager::commit_transaction(conn)?;
            Ok(value)
        }
        Err(error) => {
            AnsiTransactionManager::rollback_transaction(conn)?;
            Err(error)
        }
    }
}

#[derive(QueryableByName)]
struct Name {
    #[diesel(sql_type = Text)]
    name: String,
}

/// Returns the names of all tables and views.
pub(crate) fn tables(conn: &mut Conn) -> QueryResult<Vec<String>> {
    let query = "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'";
    let names: Vec<Name> = diesel::sql_query(query).load(conn)?;
    Ok(names.into_iter().map(|row| row.name).collect())
}

/// Returns new names, each later one behind the earlier ones: 48 bits of the time in milliseconds, then 80 at random. In
/// an index the new rows stand side by side; names at random touch about a page a row, and the larger an index is, the
/// more of these pages have to be read and written.
pub(crate) fn new_ids(conn: &mut Conn, count: usize) -> QueryResult<Vec<String>> {
    let count = i64::try_from(count).unwrap_or(i64::MAX);
    let names: Vec<Name> = diesel::sql_query(
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?) \
         SELECT printf('%012x', CAST(unixepoch('now', 'subsec') * 1000 AS INTEGER)) || lower(hex(randomblob(10))) AS name \
         FROM n ORDER BY name",
    )
    .bind::<BigInt, _>(count)
    .load(conn)?;
    Ok(names.into_iter().map(|row| row.name).collect())
}
