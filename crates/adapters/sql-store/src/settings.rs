//! Small values that belong to the installation and have to survive with its database.

use diesel::prelude::*;

use crate::{StoreError, db::Db, schema::passerelle_settings};

/// The table of settings. Values are texts; what they mean is their writer's business.
#[derive(Clone)]
pub struct Settings {
    db: Db,
}

impl Settings {
    pub(crate) fn new(db: Db) -> Self {
        Settings { db }
    }

    /// Returns a value.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub async fn get(&self, name: &str) -> Result<Option<String>, StoreError> {
        let name = format!("app.{name}");
        let get = self.db.read(move |conn| {
            let value = passerelle_settings::table.find(name).select(passerelle_settings::value);
            Ok(value.first(conn).optional()?)
        });
        get.await
    }

    /// Keeps a value, or removes it.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub async fn set(&self, name: &str, value: Option<&str>) -> Result<(), StoreError> {
        let name = format!("app.{name}");
        let value = value.map(str::to_owned);
        let set = self.db.write(move |conn| {
            match value {
                Some(value) => put(conn, &name, &value)?,
                None => {
                    diesel::delete(passerelle_settings::table.find(name)).execute(conn)?;
                }
            }
            Ok(())
        });
        set.await
    }
}

/// Writes one value.
pub(crate) fn put(conn: &mut crate::dialect::Conn, name: &str, value: &str) -> QueryResult<()> {
    diesel::insert_into(passerelle_settings::table)
        .values((passerelle_settings::name.eq(name), passerelle_settings::value.eq(value)))
        .on_conflict(passerelle_settings::name)
        .do_update()
        .set(passerelle_settings::value.eq(value))
        .execute(conn)?;
    Ok(())
}
