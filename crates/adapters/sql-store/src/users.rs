//! App users: the people that the company's application knows.

use chrono::NaiveDateTime;
use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use crate::{StoreError, db::Db, dialect::new_ids, schema::app_users};

/// The name of an app user in the database.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UserId(String);

impl UserId {
    /// Wraps the text as it is.
    pub fn new(text: impl Into<String>) -> Self {
        UserId(text.into())
    }

    /// Returns the text as it was given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for UserId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// A person known to the company's application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppUser {
    /// The name in the database.
    pub id: UserId,
    /// The person's name.
    pub name: String,
    /// The person's address at work, if known.
    pub email: String,
}

/// An app user to be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewUser {
    /// The name in the database; none = one is made.
    pub id: Option<UserId>,
    /// The person's name.
    pub name: String,
    /// The person's address at work, if known.
    pub email: String,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = app_users)]
struct UserRow {
    id: String,
    name: String,
    email: String,
    #[expect(dead_code, reason = "shown to people with a SQL client")]
    created_at: NaiveDateTime,
}

impl From<UserRow> for AppUser {
    fn from(row: UserRow) -> Self {
        AppUser { id: UserId(row.id), name: row.name, email: row.email }
    }
}

/// The table of app users.
#[derive(Clone)]
pub struct Users {
    db: Db,
}

impl Users {
    pub(crate) fn new(db: Db) -> Self {
        Users { db }
    }

    /// Adds an app user.
    ///
    /// # Errors
    ///
    /// `Refused` when the id is taken or empty.
    pub async fn add(&self, user: NewUser) -> Result<AppUser, StoreError> {
        let add = self.db.write(move |conn| {
            let id = match user.id {
                Some(id) => id.0,
                None => new_ids(conn, 1)?.pop().ok_or(StoreError::Missing("id"))?,
            };
            diesel::insert_into(app_users::table)
                .values((
                    app_users::id.eq(&id),
                    app_users::name.eq(&user.name),
                    app_users::email.eq(&user.email),
                ))
                .execute(conn)?;
            Ok(AppUser { id: UserId(id), name: user.name, email: user.email })
        });
        add.await
    }

    /// Changes the name and the address of an app user.
    ///
    /// # Errors
    ///
    /// `Missing` when there is none with this id.
    pub async fn update(&self, user: AppUser) -> Result<(), StoreError> {
        let update = self.db.write(move |conn| {
            let changed = diesel::update(app_users::table.find(user.id.as_str()))
                .set((app_users::name.eq(user.name), app_users::email.eq(user.email)))
                .execute(conn)?;
            if changed == 0 { Err(StoreError::Missing("app user")) } else { Ok(()) }
        });
        update.await
    }

    /// Lists the app users by name.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub async fn list(&self) -> Result<Vec<AppUser>, StoreError> {
        let list = self.db.read(|conn| {
            let rows: Vec<UserRow> = app_users::table
                .order((app_users::name, app_users::id))
                .select(UserRow::as_select())
                .load(conn)?;
            Ok(rows.into_iter().map(AppUser::from).collect())
        });
        list.await
    }

    /// Returns one app user.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub async fn get(&self, id: &UserId) -> Result<Option<AppUser>, StoreError> {
        let id = id.clone();
        let get = self.db.read(move |conn| {
            let row: Option<UserRow> =
                app_users::table.find(id.as_str()).select(UserRow::as_select()).first(conn).optional()?;
            Ok(row.map(AppUser::from))
        });
        get.await
    }

    /// Removes an app user.
    ///
    /// # Errors
    ///
    /// `Refused` while the person owns appointments, has connected accounts, or is the only one who
    /// sees some contact; `Missing` when there is none with this id.
    pub async fn remove(&self, id: &UserId) -> Result<(), StoreError> {
        let id = id.clone();
        let remove = self.db.write(move |conn| {
            let removed = diesel::delete(app_users::table.find(id.as_str())).execute(conn)?;
            if removed == 0 { Err(StoreError::Missing("app user")) } else { Ok(()) }
        });
        remove.await
    }
}
