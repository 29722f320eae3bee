//! The company's calendars: where appointments have their home.

use diesel::{dsl::count_star, prelude::*};

use crate::{
    StoreError, UserId,
    db::Db,
    dialect::new_ids,
    schema::{appointments, calendars},
};

/// A calendar of an app user, in the company's tables.
#[derive(Clone, Debug, Default, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = calendars)]
pub struct Calendar {
    /// Its name in the database.
    pub id: String,
    /// Whose it is.
    #[diesel(column_name = owner_id)]
    pub owner: String,
    /// Its name for people.
    pub name: String,
    /// A CSS name or `#rrggbb`; empty for none.
    pub color: String,
    /// Its zone, if it has one.
    pub zone: Option<String>,
    /// Whether it is where the owner's appointments stand unless they say otherwise.
    pub is_default: bool,
}

/// The table of calendars.
#[derive(Clone)]
pub struct Calendars {
    db: Db,
}

impl Calendars {
    pub(crate) fn new(db: Db) -> Self {
        Calendars { db }
    }

    /// Adds a calendar that is nobody's default; its id is made.
    ///
    /// # Errors
    ///
    /// `Refused` when there is no such app user, or for an empty name.
    pub async fn add(&self, owner: &UserId, name: &str) -> Result<Calendar, StoreError> {
        let (owner, name) = (owner.as_str().to_owned(), name.to_owned());
        let add = self.db.write(move |conn| {
            let id = new_ids(conn, 1)?.pop().ok_or(StoreError::Missing("id"))?;
            let calendar = Calendar { id, owner, name, ..Calendar::default() };
            diesel::insert_into(calendars::table).values(&calendar).execute(conn)?;
            Ok(calendar)
        });
        add.await
    }

    /// Counts the appointments that stand in no calendar, since their owner has no default one.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub async fn homeless(&self) -> Result<Vec<(String, i64)>, StoreError> {
        let count = self.db.read(|conn| {
            Ok(appointments::table
                .filter(appointments::calendar_id.is_null())
                .group_by(appointments::owner_id)
                .select((appointments::owner_id, count_star()))
                .load(conn)?)
        });
        count.await
    }

    /// Lists all calendars by owner, the default one first, then by name.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub async fn list(&self) -> Result<Vec<Calendar>, StoreError> {
        let list = self.db.read(|conn| {
            Ok(calendars::table
                .order((calendars::owner_id, calendars::is_default.desc(), calendars::name, calendars::id))
                .select(Calendar::as_select())
                .load(conn)?)
        });
        list.await
    }
}
