//! The pairs: one local collection and one remote collection kept in step, for one app user.

use diesel::prelude::*;
use passerelle_ports::{Kind, PairId, Value};

use crate::{
    AccountId, StoreError, UserId,
    db::Db,
    ledger::{from_json, numbered},
    schema::{passerelle_accounts, passerelle_pair_states as pair_states, passerelle_pairs},
};

/// A pair, as it was set up.
#[derive(Clone, Debug, PartialEq)]
pub struct Pair {
    /// Its name in the ledger.
    pub id: PairId,
    /// The app user whose records are kept in step.
    pub user: UserId,
    /// What is kept in step.
    pub kind: Kind,
    /// The account at the provider.
    pub account: AccountId,
    /// The provider's name of the remote collection.
    pub collection: String,
    /// A name for people.
    pub name: String,
    /// The rules, as their owner wrote them.
    pub rules: Value,
    /// Whether it takes part in runs.
    pub enabled: bool,
    /// The company's calendar, for events.
    pub calendar: Option<String>,
}

#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = passerelle_pairs)]
#[diesel(treat_none_as_null = true)]
struct PairRow {
    id: String,
    user_id: String,
    kind: String,
    account_id: String,
    collection: String,
    name: String,
    rules: String,
    enabled: bool,
    calendar_id: Option<String>,
}

impl TryFrom<PairRow> for Pair {
    type Error = StoreError;

    fn try_from(row: PairRow) -> Result<Self, StoreError> {
        let damaged = || StoreError::Damaged("passerelle_pairs");
        let kind = [Kind::Contacts, Kind::Events].into_iter().find(|kind| kind.as_str() == row.kind);
        Ok(Pair {
            id: PairId::new(row.id),
            user: UserId::new(row.user_id),
            kind: kind.ok_or_else(damaged)?,
            account: AccountId(row.account_id),
            collection: row.collection,
            name: row.name,
            rules: from_json(&row.rules, "passerelle_pairs")?,
            enabled: row.enabled,
            calendar: row.calendar_id,
        })
    }
}

impl From<Pair> for PairRow {
    fn from(pair: Pair) -> Self {
        PairRow {
            id: pair.id.to_string(),
            user_id: pair.user.as_str().to_owned(),
            kind: pair.kind.as_str().to_owned(),
            account_id: pair.account.0,
            collection: pair.collection,
            name: pair.name,
            rules: numbered(pair.rules.to_string()),
            enabled: pair.enabled,
            calendar_id: pair.calendar,
        }
    }
}

/// The table of pairs.
#[derive(Clone)]
pub struct Pairs {
    db: Db,
}

impl Pairs {
    pub(crate) fn new(db: Db) -> Self {
        Pairs { db }
    }

    /// Keeps a pair: a new one, or a new state of one that is known by its id.
    ///
    /// # Errors
    ///
    /// `Refused` when another pair writes to the same remote collection already, whoever's it is, or when the account
    /// does not exist or is another app user's.
    pub async fn save(&self, pair: Pair) -> Result<(), StoreError> {
        let row = PairRow::from(pair);
        let save = self.db.write(move |conn| {
            // Beside the account's id, so that an index can see that two accounts are one at the provider.
            let of_account: Option<(String, String)> = passerelle_accounts::table
                .find(&row.account_id)
                .select((passerelle_accounts::provider, passerelle_accounts::subject))
                .first(conn)
                .optional()?;
            let (provider, subject) = of_account.unwrap_or_default();
            let before: Option<Option<String>> = passerelle_pairs::table
                .find(&row.id)
                .select(passerelle_pairs::calendar_id)
                .first(conn)
                .optional()?;
            if before.is_some_and(|before| before != row.calendar_id) {
                // The change log tells nothing of what stands in the other calendar for long: it is listed.
                diesel::update(pair_states::table.find(&row.id))
                    .set(pair_states::local_cursor.eq(""))
                    .execute(conn)?;
            }
            let whole =
                (&row, passerelle_pairs::provider.eq(&provider), passerelle_pairs::subject.eq(&subject));
            diesel::insert_into(passerelle_pairs::table)
                .values(whole)
                .on_conflict(passerelle_pairs::id)
                .do_update()
                .set((&row, passerelle_pairs::provider.eq(&provider), passerelle_pairs::subject.eq(&subject)))
                .execute(conn)?;
            Ok(())
        });
        save.await
    }

    /// Lists the pairs of an app user, or all.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub async fn list(&self, user: Option<&UserId>) -> Result<Vec<Pair>, StoreError> {
        let user = user.cloned();
        let list = self.db.read(move |conn| {
            let mut query = passerelle_pairs::table
                .order((passerelle_pairs::user_id, passerelle_pairs::kind, passerelle_pairs::id))
                .select(PairRow::as_select())
                .into_boxed();
            if let Some(user) = &user {
                query = query.filter(passerelle_pairs::user_id.eq(user.as_str().to_owned()));
            }
            query.load(conn)?.into_iter().map(Pair::try_from).collect()
        });
        list.await
    }

    /// Returns one pair.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub async fn get(&self, id: &PairId) -> Result<Option<Pair>, StoreError> {
        let id = id.to_string();
        let get = self.db.read(move |conn| {
            let row: Option<PairRow> =
                passerelle_pairs::table.find(id).select(PairRow::as_select()).first(conn).optional()?;
            row.map(Pair::try_from).transpose()
        });
        get.await
    }

    /// Forgets a pair. Its links and history are the ledger's: `Ledger::erase_pair`.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub async fn remove(&self, id: &PairId) -> Result<(), StoreError> {
        let id = id.to_string();
        let remove = self.db.write(move |conn| {
            diesel::delete(passerelle_pairs::table.find(id)).execute(conn)?;
            Ok(())
        });
        remove.await
    }
}
