//! The store: one company database, opened.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use diesel::RunQueryDsl;
use passerelle_calendar::Event;
use passerelle_contacts::Contact;
use passerelle_ports::InstallationId;

use crate::{
    Accounts, Calendars, Pairs, Settings, SqlReplica, StoreError, StoredPictures, UserId, Users,
    collection::Scope, db::Db, migrate,
};

/// How a store behaves.
#[derive(Clone, Debug)]
pub struct StoreOptions {
    /// The region (ISO 3166-1 alpha-2) of telephone numbers written without a country.
    pub region: Option<String>,
    /// How many records a page of a listing holds, 500 at most.
    pub page_size: usize,
    /// How many connections are kept open at most.
    pub connections: usize,
    /// Whether a contact that arrives from one app user's account is seen by all app users at once.
    /// If not, it is theirs until the company shares it.
    pub share_new_contacts: bool,
    /// Whether the tables are made in a database that has none. If not, one without tables is refused.
    pub make: bool,
    /// How long a call waits for another program's write.
    pub busy: Duration,
}

impl Default for StoreOptions {
    fn default() -> Self {
        StoreOptions {
            region: None,
            page_size: 500,
            connections: 4,
            share_new_contacts: false,
            make: true,
            busy: Duration::from_secs(30),
        }
    }
}

/// How a database is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Health {
    /// The newest migration that its tables have seen.
    pub schema: String,
    /// The first damage that was found in the file.
    pub damage: Option<String>,
    /// Whether another program wrote all the time, so that nobody can tell whether this one could.
    pub busy: bool,
}

#[derive(diesel::QueryableByName)]
struct Check {
    #[diesel(sql_type = diesel::sql_types::Text, column_name = quick_check)]
    quick_check: String,
}

/// One company database, opened. Clones share the connections.
#[derive(Clone)]
pub struct Store {
    pub(crate) db: Db,
    pub(crate) options: StoreOptions,
    installation: InstallationId,
    folder: PathBuf,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").field("installation", &self.installation).finish_non_exhaustive()
    }
}

impl Store {
    /// Opens a database file, makes it if there is none, and brings its tables up to date.
    ///
    /// Several programs may do so at once.
    ///
    /// # Errors
    ///
    /// `NewerSchema` for a database that a newer version has changed, and `Foreign` for another program's, or for an
    /// empty one unless it may be made; they are left untouched. `Open`, `Migration` and `Busy` as they say.
    pub async fn open(path: &Path, options: StoreOptions) -> Result<Store, StoreError> {
        let (file, make, busy) = (path.to_path_buf(), options.make, options.busy);
        let open = tokio::task::spawn_blocking(move || migrate::open(&file, make, busy));
        let installation = open.await.map_err(|_| StoreError::Interrupted)??;
        let db = Db::new(path.to_path_buf(), options.connections, options.busy)?;
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new(".")).to_path_buf();
        Ok(Store { db, options, installation: InstallationId::new(installation), folder })
    }

    /// Returns the name of this installation, made when the database was.
    #[must_use]
    pub fn installation(&self) -> &InstallationId {
        &self.installation
    }

    /// Returns the app users.
    #[must_use]
    pub fn users(&self) -> Users {
        Users::new(self.db.clone())
    }

    /// Returns the connected accounts.
    #[must_use]
    pub fn accounts(&self) -> Accounts {
        Accounts::new(self.db.clone())
    }

    /// Returns the pairs of collections.
    #[must_use]
    pub fn pairs(&self) -> Pairs {
        Pairs::new(self.db.clone())
    }

    /// Returns the settings that are kept in the database.
    #[must_use]
    pub fn settings(&self) -> Settings {
        Settings::new(self.db.clone())
    }

    /// Returns the contacts that an app user sees.
    #[must_use]
    pub fn contacts(&self, user: &UserId) -> SqlReplica<Contact> {
        self.replica(user, None)
    }

    /// Returns the appointments that an app user owns.
    #[must_use]
    pub fn events(&self, user: &UserId) -> SqlReplica<Event> {
        self.replica(user, None)
    }

    /// Returns the appointments of one calendar of an app user.
    #[must_use]
    pub fn calendar(&self, user: &UserId, calendar: &str) -> SqlReplica<Event> {
        self.replica(user, Some(calendar.to_owned()))
    }

    /// Returns the pictures that records only name.
    #[must_use]
    pub fn pictures(&self) -> StoredPictures {
        StoredPictures::new(self.db.clone(), &self.folder)
    }

    /// Returns the app users' calendars.
    #[must_use]
    pub fn calendars(&self) -> Calendars {
        Calendars::new(self.db.clone())
    }

    /// Looks whether the file is whole, and whether it can be written.
    ///
    /// # Errors
    ///
    /// Those of the database: `Busy` when it cannot be written for another reason than another program's write.
    pub async fn health(&self) -> Result<Health, StoreError> {
        let schema = self.db.read(migrate::newest).await?;
        let checks: Vec<Check> =
            self.db.read(|conn| Ok(diesel::sql_query("PRAGMA quick_check(1)").load(conn)?)).await?;
        // A write transaction with nothing in it tells whether there could be one with something.
        let busy = match self.db.write(|_| Ok(())).await {
            Err(error) if error.is_locked() => true,
            written => written.map(|()| false)?,
        };
        let damage = checks.into_iter().map(|check| check.quick_check).find(|text| text != "ok");
        Ok(Health { schema, damage, busy })
    }

    /// Runs SQL statements as any other client of this database would.
    ///
    /// # Errors
    ///
    /// Those of the database: what a rule of the tables refuses, for one.
    pub async fn run_sql(&self, statements: &str) -> Result<(), StoreError> {
        let statements = statements.to_owned();
        self.db.write(move |conn| crate::dialect::run_script(conn, &statements)).await
    }

    fn replica<R>(&self, user: &UserId, calendar: Option<String>) -> SqlReplica<R> {
        let StoreOptions { region, page_size, share_new_contacts, .. } = self.options.clone();
        let user = Some(user.as_str().to_owned());
        let scope = Scope { user, calendar, region, share: share_new_contacts };
        SqlReplica::new(self.db.clone(), scope, page_size)
    }
}
