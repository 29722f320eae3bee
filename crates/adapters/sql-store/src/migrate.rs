//! Brings the schema up to date, or refuses to.

use std::{path::Path, time::Duration};

use diesel::prelude::*;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use passerelle_contacts::Contact;

use crate::{
    StoreError,
    dialect::{self, Backend, Conn},
    ledger::refill_keys,
    schema::{passerelle_settings, time_zones},
    settings,
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
pub(crate) fn open(path: &Path, make: bool, busy: Duration) -> Result<String, StoreError> {
    dialect::make_private(path)?;
    dialect::refuse_short(path)?;
    let mut conn = dialect::establish(path)?;
    refuse_foreign(&mut conn, make)?;
    refuse_newer(&mut conn)?;
    dialect::prepare(&mut conn, busy).map_err(|error| StoreError::Open(error.into()))?;
    // What is up to date is only read: whoever wants to look something up must not wait for another program's write.
    if let Some(installation) = conn.transaction(up_to_date)? {
        return Ok(installation);
    }
    dialect::write(&mut conn, |conn| {
        refuse_newer(conn)?;
        conn.run_pending_migrations(MIGRATIONS).map_err(StoreError::Migration)?;
        know_zones(conn)?;
        know_keys(conn)?;
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

/// Returns the installation's name, where there is nothing to bring up to date.
fn up_to_date(conn: &mut Conn) -> Result<Option<String>, StoreError> {
    use diesel::migration::MigrationSource;

    if newest(conn).unwrap_or_default().is_empty() {
        return Ok(None);
    }
    let done: Vec<String> =
        __diesel_schema_migrations::table.select(__diesel_schema_migrations::version).load(conn)?;
    let known = MigrationSource::<Backend>::migrations(&MIGRATIONS).map_err(StoreError::Migration)?;
    if known.iter().any(|migration| !done.contains(&migration.name().version().to_string())) {
        return Ok(None);
    }
    if !knows_zones(conn)? || !knows_keys(conn)? {
        return Ok(None);
    }
    let name = passerelle_settings::table.find("installation").select(passerelle_settings::value);
    Ok(name.first(conn).optional()?)
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
    if knows_zones(conn)? {
        return Ok(());
    }
    let rows: Vec<_> = chrono_tz::TZ_VARIANTS.iter().map(|zone| time_zones::name.eq(zone.name())).collect();
    diesel::insert_into(time_zones::table).values(rows).on_conflict_do_nothing().execute(conn)?;
    Ok(())
}

fn knows_zones(conn: &mut Conn) -> Result<bool, StoreError> {
    let known: Vec<&str> = chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name()).collect();
    let stored: i64 = time_zones::table.filter(time_zones::name.eq_any(&known)).count().get_result(conn)?;
    Ok(usize::try_from(stored).is_ok_and(|stored| stored == known.len()))
}

/// The setting that tells by which rules the match keys of the ledger were made, and the rules of this release: to be
/// counted up with every change of `Record::match_keys`.
const KEYS: (&str, &str) = ("match_keys", "2");

/// Makes the match keys that an older release did not: a record would not be recognised by them until it changes.
fn know_keys(conn: &mut Conn) -> Result<(), StoreError> {
    if knows_keys(conn)? {
        return Ok(());
    }
    match refill_keys::<Contact>(conn) {
        // Whoever reads the link that cannot be read says so: it must not keep the database shut.
        Err(StoreError::Damaged(_) | StoreError::NewerSchema { .. }) => {}
        refilled => refilled?,
    }
    Ok(settings::put(conn, KEYS.0, KEYS.1)?)
}

fn knows_keys(conn: &mut Conn) -> Result<bool, StoreError> {
    let known = passerelle_settings::table.find(KEYS.0).select(passerelle_settings::value);
    let known: Option<String> = known.first(conn).optional()?;
    Ok(known.as_deref() == Some(KEYS.1))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use diesel::migration::MigrationSource;

    use super::*;

    #[test]
    fn no_two_migrations_have_one_number() {
        let all = MigrationSource::<Backend>::migrations(&MIGRATIONS).unwrap();
        let numbers: BTreeSet<String> = all.iter().map(|step| step.name().version().to_string()).collect();
        assert_eq!(numbers.len(), all.len());
    }
}
