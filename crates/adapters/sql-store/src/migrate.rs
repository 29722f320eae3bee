//! Brings the schema up to date, or refuses to.

use std::{path::Path, time::Duration};

use diesel::prelude::*;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use passerelle_calendar::Event;
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
    refill_keys::<Contact>(conn)?;
    refill_keys::<Event>(conn)?;
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
    use passerelle_ports::Record;
    use serde_json::json;

    use super::*;

    /// What `Record::match_keys` makes of some records, by the rules that [`KEYS`] has the number of. Where it makes
    /// other ones, count that number up: the links of older releases get them then.
    #[test]
    fn the_rules_of_match_keys_are_those_that_have_this_number() {
        let email = |address: &str| json!({ "address": address });
        let phone = |number: &str, label: &str| json!({ "number": number, "label": label });
        let whole = json!({
            "uid": " u-1 ",
            "name": { "given": "Ève", "middle": "A.", "particle": "de", "surname": "Broux-Noël", "full": "Ève Broux", "prefix": "Dr" },
            "organization": { "name": "Société X", "department": "R&D", "title": "Chef" },
            "nickname": "Evi",
            "emails": { "eve@a.example": email("Eve@A.example "), "none": email("none") },
            "phones": {
                "+33123456702": phone("01 23 45 67 02", "work"),
                "+33123456700": phone("+33 1 23 45 67 00", "work_fax"),
                "12": phone("12", "mobile")
            },
            "websites": { "https://a.example": { "url": "https://a.example" } },
            "birthday": "1980-02-03",
            "notes": "noted"
        });
        let mut nameless = whole.clone();
        nameless["name"] = json!({});
        let full = json!({ "name": { "full": "Broux Ève" } });
        let company =
            json!({ "organization": { "name": "Société X" }, "phones": { "12": phone("12", "main") } });
        let keys = |contact: serde_json::Value| {
            let contact: Contact = serde_json::from_value(contact).unwrap();
            contact.match_keys().iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        let made: Vec<String> = [whole, nameless, full, company].into_iter().flat_map(keys).collect();
        let company = ["2:tel:+33123456700|societe x", "2:tel:+33123456702|societe x", "2:tel:12|societe x"];
        let person = ["0:uid:u-1", "1:mail:eve@a.example", "1:tel:+33123456702"];
        let of_whole = [
            "2:name:broux de eve noel|societe x",
            "2:tel:+33123456700|broux de eve noel",
            "2:tel:+33123456702|broux de eve noel",
            "2:tel:12|broux de eve noel",
        ];
        let wanted =
            [&person[..], &of_whole, &person, &company, &["2:name:broux eve|", "2:tel:12|societe x"]]
                .concat();
        assert_eq!((KEYS.1, made.iter().map(String::as_str).collect()), ("2", wanted));

        let event = |start: &str| {
            let text = json!({
                "uid": " u-2 ", "title": " RÉUNION  X ", "start": start, "location": "ici", "description": "d",
                "recurrence_rules": ["FREQ=DAILY"], "participants": { "a@a.example": { "email": "a@a.example" } }
            });
            let event: Event = serde_json::from_value(text).unwrap();
            event.match_keys().iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        let starts = ["2026-11-23T09:00:00[Europe/Paris]", "2026-11-23", "2026-11-23T09:00:00"];
        let made: Vec<String> = starts.into_iter().flat_map(event).collect();
        let uid = "0:uid:u-2";
        let wanted = [
            [uid, "1:at:2026-11-23T08:00:00Z|réunion x"],
            [uid, "1:at:2026-11-23|réunion x"],
            [uid, "1:at:2026-11-23T09:00:00|réunion x"],
        ];
        assert_eq!((KEYS.1, made.iter().map(String::as_str).collect()), ("2", wanted.concat()));
    }

    #[test]
    fn no_two_migrations_have_one_number() {
        let all = MigrationSource::<Backend>::migrations(&MIGRATIONS).unwrap();
        let numbers: BTreeSet<String> = all.iter().map(|step| step.name().version().to_string()).collect();
        assert_eq!(numbers.len(), all.len());
    }
}
