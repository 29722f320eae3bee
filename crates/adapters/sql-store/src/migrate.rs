//! Brings the schema up to date, or refuses to.

use std::path::Path;

use diesel::prelude::*;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use crate::{
    StoreError,
    dialect::{self, Backend, Conn},
    schema::{passerelle_settings, time_zones},
};

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations");

diesel::table! {
    __diesel_schema_migrations (version) {
        version -> Text,
    }
}

/// Opens the database, makes its tables if they are not there, and returns the installation's name.
///
/// Safe when several programs do so at once: the whole work is one write transaction.
pub(crate) fn open(path: &Path, make: bool) -> Result<String, StoreError> {
    dialect::make_private(path)?;
    let mut conn = dialect::establish(path)?;
    refuse_foreign(&mut conn, make)?;
    refuse_newer(&mut conn)?;
    dialect::prepare(&mut conn).map_err(|error| StoreError::Open(error.into()))?;
    dialect::write(&mut conn, |conn| {
        refuse_newer(conn)?;
        conn.run_pending_migrations(MIGRATIONS).map_err(StoreError::Migration)?;
        know_zones(conn)?;
        Ok(passerelle_settings::table.find("installation").select(passerelle_settings::value).first(conn)?)
    })
}

/// Refuses a database that is none of ours, before anything is written to it: our tables would be made among another
/// program's, and an empty file in the place of a database would look like one from which everything was deleted.
fn refuse_foreign(conn: &mut Conn, make: bool) -> Result<(), StoreError> {
    let tables = dialect::tables(conn).map_err(|error| StoreError::Open(error.into()))?;
    let is_ours = tables.iter().any(|table| table == "passerelle_settings");
    if is_ours || tables.is_empty() && make { Ok(()) } else { Err(StoreError::Foreign) }
}

/// Refuses a database that a newer version has changed, before anything is written to it (I21).
fn refuse_newer(conn: &mut Conn) -> Result<(), StoreError> {
    use diesel::migration::MigrationSource;

    let newest: QueryResult<Option<String>> = __diesel_schema_migrations::table
        .select(diesel::dsl::max(__diesel_schema_migrations::version))
        .first(conn);
    let found = match newest {
        Ok(found) => found.unwrap_or_default(),
        // A new file has no such table.
        Err(diesel::result::Error::DatabaseError(_, info)) if info.message().contains("no such table") => {
            return Ok(());
        }
        Err(error) => return Err(StoreError::Open(error.into())),
    };
    let known = MigrationSource::<Backend>::migrations(&MIGRATIONS).map_err(StoreError::Migration)?;
    let known =
        known.iter().map(|migration| migration.name().version().to_string()).max().unwrap_or_default();
    if found > known { Err(StoreError::NewerSchema { found, known }) } else { Ok(()) }
}

/// Returns the newest migration that the database has seen.
pub(crate) fn newest(conn: &mut Conn) -> Result<String, StoreError> {
    let newest: Option<String> = __diesel_schema_migrations::table
        .select(diesel::dsl::max(__diesel_schema_migrations::version))
        .first(conn)?;
    Ok(newest.unwrap_or_default())
}

/// Fills the table of time zones with those this program knows.
fn know_zones(conn: &mut Conn) -> Result<(), StoreError> {
    let known: Vec<&str> = chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name()).collect();
    let stored: i64 = time_zones::table.filter(time_zones::name.eq_any(&known)).count().get_result(conn)?;
    if usize::try_from(stored).is_ok_and(|stored| stored == known.len()) {
        return Ok(());
    }
    let rows: Vec<_> = known.iter().map(|name| time_zones::name.eq(*name)).collect();
    diesel::insert_into(time_zones::table).values(rows).on_conflict_do_nothing().execute(conn)?;
    Ok(())
}
