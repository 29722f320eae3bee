//! The accounts that app users connected. Their secrets are in the vault, never here.

use std::collections::BTreeSet;

use chrono::{DateTime, SubsecRound, Utc};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use crate::{StoreError, UserId, db::Db, schema::passerelle_accounts};

/// The name of a connected account.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AccountId(pub String);

/// How an account stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountState {
    /// It can be used.
    Connected,
    /// Its owner has to authorise it again.
    NeedsConsent,
    /// It was switched off on purpose.
    Disconnected,
}

impl AccountState {
    /// Returns the state's name, as it is stored.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            AccountState::Connected => "connected",
            AccountState::NeedsConsent => "needs_consent",
            AccountState::Disconnected => "disconnected",
        }
    }

    fn parse(text: &str) -> Result<Self, StoreError> {
        [AccountState::Connected, AccountState::NeedsConsent, AccountState::Disconnected]
            .into_iter()
            .find(|state| state.as_str() == text)
            .ok_or(StoreError::Damaged("passerelle_accounts"))
    }
}

/// An account of an app user at a provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Its name here.
    pub id: AccountId,
    /// The app user it belongs to.
    pub user: UserId,
    /// The provider, such as `google`.
    pub provider: String,
    /// The provider's unchanging name of the account; never its address.
    pub subject: String,
    /// Its address, for people to recognise it.
    pub email: String,
    /// What was granted.
    pub scopes: BTreeSet<String>,
    /// When it was authorised last.
    pub authorised_at: DateTime<Utc>,
    /// How it stands.
    pub state: AccountState,
}

#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = passerelle_accounts)]
struct AccountRow {
    id: String,
    user_id: String,
    provider: String,
    subject: String,
    email: String,
    scopes: String,
    state: String,
    authorised_at: chrono::NaiveDateTime,
}

impl TryFrom<AccountRow> for Account {
    type Error = StoreError;

    fn try_from(row: AccountRow) -> Result<Self, StoreError> {
        Ok(Account {
            id: AccountId(row.id),
            user: UserId::new(row.user_id),
            provider: row.provider,
            subject: row.subject,
            email: row.email,
            scopes: row.scopes.split_whitespace().map(str::to_owned).collect(),
            authorised_at: row.authorised_at.and_utc(),
            state: AccountState::parse(&row.state)?,
        })
    }
}

impl From<Account> for AccountRow {
    fn from(account: Account) -> Self {
        AccountRow {
            id: account.id.0,
            user_id: account.user.as_str().to_owned(),
            provider: account.provider,
            subject: account.subject,
            email: account.email,
            scopes: account.scopes.into_iter().collect::<Vec<_>>().join(" "),
            state: account.state.as_str().to_owned(),
            authorised_at: account.authorised_at.naive_utc().trunc_subsecs(6),
        }
    }
}

/// The table of connected accounts.
#[derive(Clone)]
pub struct Accounts {
    db: Db,
}

impl Accounts {
    pub(crate) fn new(db: Db) -> Self {
        Accounts { db }
    }

    /// Keeps an account: a new one, or a new state of one that is known by its id.
    ///
    /// # Errors
    ///
    /// `Refused` when the app user does not exist, or when the account at the provider is connected already: for
    /// another app user, or under another id.
    pub async fn save(&self, account: Account) -> Result<(), StoreError> {
        let row = AccountRow::from(account);
        let save = self.db.write(move |conn| {
            diesel::insert_into(passerelle_accounts::table)
                .values(&row)
                .on_conflict(passerelle_accounts::id)
                .do_update()
                .set(&row)
                .execute(conn)?;
            Ok(())
        });
        save.await
    }

    /// Changes how an account stands.
    ///
    /// # Errors
    ///
    /// `Missing` when there is none with this id.
    pub async fn set_state(&self, id: &AccountId, state: AccountState) -> Result<(), StoreError> {
        let id = id.0.clone();
        let set = self.db.write(move |conn| {
            let changed = diesel::update(passerelle_accounts::table.find(id))
                .set(passerelle_accounts::state.eq(state.as_str()))
                .execute(conn)?;
            if changed == 0 { Err(StoreError::Missing("account")) } else { Ok(()) }
        });
        set.await
    }

    /// Lists the accounts of an app user, or all.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub async fn list(&self, user: Option<&UserId>) -> Result<Vec<Account>, StoreError> {
        let user = user.cloned();
        let list = self.db.read(move |conn| {
            let mut query = passerelle_accounts::table
                .order((passerelle_accounts::user_id, passerelle_accounts::email))
                .select(AccountRow::as_select())
                .into_boxed();
            if let Some(user) = &user {
                query = query.filter(passerelle_accounts::user_id.eq(user.as_str().to_owned()));
            }
            query.load(conn)?.into_iter().map(Account::try_from).collect()
        });
        list.await
    }

    /// Returns one account.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub async fn get(&self, id: &AccountId) -> Result<Option<Account>, StoreError> {
        let id = id.0.clone();
        let get = self.db.read(move |conn| {
            let row: Option<AccountRow> =
                passerelle_accounts::table.find(id).select(AccountRow::as_select()).first(conn).optional()?;
            row.map(Account::try_from).transpose()
        });
        get.await
    }

    /// Forgets an account.
    ///
    /// # Errors
    ///
    /// `Refused` while a pair uses it.
    pub async fn remove(&self, id: &AccountId) -> Result<(), StoreError> {
        let id = id.0.clone();
        let remove = self.db.write(move |conn| {
            diesel::delete(passerelle_accounts::table.find(id)).execute(conn)?;
            Ok(())
        });
        remove.await
    }
}
