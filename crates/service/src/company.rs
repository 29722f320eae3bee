//! What the use cases ask of the company's database, of the vault and of a provider, beside the ports.

use std::{collections::BTreeMap, sync::Arc};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use passerelle_calendar::Event;
use passerelle_contacts::Contact;
use passerelle_ports::{
    Entry, InstallationId, ItemId, Kind, Ledger, LinkId, PairId, PortError, PortResult, Replica, RunId, Value,
};
use passerelle_sync_rules::Rules;
use serde::Serialize;

use crate::Examined;

/// A person known to the company's application.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AppUser {
    /// The name that is typed: `alice`.
    pub id: String,
    /// The name that is read: "Alice Martin".
    pub name: String,
    /// The address, if known.
    pub email: String,
}

/// An account at a provider that an app user connected. Secrets are in the vault, not here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Account {
    /// Its name here.
    pub id: String,
    /// The app user it belongs to.
    pub user: String,
    /// The provider, such as `google`.
    pub provider: String,
    /// The provider's stable name of the account: what it is bound by.
    pub subject: String,
    /// The address, for people.
    pub email: String,
    /// What its owner granted.
    pub scopes: Vec<String>,
    /// How it stands.
    pub state: AccountState,
    /// When its owner consented.
    pub authorised: DateTime<Utc>,
}

/// How an account stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountState {
    /// Its authorisation was good when it was last used.
    Connected,
    /// Its owner has to consent again.
    Reconnect,
    /// Its authorisation was given back.
    Disconnected,
}

/// One local collection and one remote collection kept in step, for one app user.
#[derive(Clone, Debug, PartialEq)]
pub struct Pair {
    /// Its name in the ledger.
    pub id: PairId,
    /// The app user.
    pub user: String,
    /// What it holds.
    pub kind: Kind,
    /// The account, by [`Account::id`].
    pub account: String,
    /// The provider's name of the collection.
    pub collection: String,
    /// The collection's name for people.
    pub name: String,
    /// Its rules.
    pub rules: Rules,
    /// Whether it is kept in step.
    pub enabled: bool,
    /// The company's calendar of a pair of events, by [`Calendar::id`].
    pub calendar: Option<String>,
}

/// A calendar of an app user in the company's database: where appointments have their home.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Calendar {
    /// Its id in the company's database.
    pub id: String,
    /// Whose it is.
    pub owner: String,
    /// Its name for people.
    pub name: String,
    /// Whether it is where its owner's appointments stand unless they say otherwise.
    pub default: bool,
}

/// A change of one occurrence that went because its series makes that occurrence no more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Dropped {
    /// The title of the series.
    pub record: String,
    /// When the occurrence was, by the clock of its series.
    pub occurrence: String,
    /// What it was called, where it had a title of its own.
    pub title: String,
}

/// A collection that an account offers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Collection {
    /// What it holds.
    pub kind: Kind,
    /// The provider's name of it.
    pub id: String,
    /// Its name for people.
    pub name: String,
    /// Whether it is the account's main one of its kind.
    pub primary: bool,
    /// Whether the account may write to it.
    pub writable: bool,
}

/// The company's database, beside its replicas and ledgers.
#[async_trait]
pub trait Company: Send + Sync {
    /// Returns the name of the installation.
    fn installation(&self) -> InstallationId;
    /// Returns all app users, in order of their names.
    async fn users(&self) -> PortResult<Vec<AppUser>>;
    /// Adds an app user whose name is free.
    async fn add_user(&self, user: &AppUser) -> PortResult<()>;
    /// Returns all accounts of all app users.
    async fn accounts(&self) -> PortResult<Vec<Account>>;
    /// Adds an account, or replaces the one of the same [`Account::id`].
    async fn save_account(&self, account: &Account) -> PortResult<()>;
    /// Returns all pairs of all app users.
    async fn pairs(&self) -> PortResult<Vec<Pair>>;
    /// Adds a pair, or replaces the one of the same [`Pair::id`].
    async fn save_pair(&self, pair: &Pair) -> PortResult<()>;
    /// Returns all calendars of all app users, each one's default first.
    async fn calendars(&self) -> PortResult<Vec<Calendar>>;
    /// Counts the appointments that stand in no calendar, by app user: whoever has no default one.
    async fn homeless(&self) -> PortResult<BTreeMap<String, u64>> {
        Ok(BTreeMap::new())
    }
    /// Adds a calendar to an app user's.
    async fn add_calendar(&self, owner: &str, name: &str) -> PortResult<Calendar>;
    /// Returns the numbers under which people find links that wait: each keeps its own for ever.
    async fn numbers(&self, links: &[LinkId]) -> PortResult<Vec<u64>>;
    /// Returns the changes of occurrences that went because their series makes these no more, of a pair of events.
    async fn dropped(&self, _pair: &Pair) -> PortResult<Vec<Dropped>> {
        Ok(Vec::new())
    }
    /// Notes that a run has told of them, or forgets those of which one has.
    async fn told_dropped(&self, _pair: &Pair, _forget: bool) -> PortResult<()> {
        Ok(())
    }
    /// Returns what was forgotten of the history, newest first.
    async fn purges(&self) -> PortResult<Vec<Purge>>;
    /// Returns a small value that belongs to the installation.
    async fn memo(&self, name: &str) -> PortResult<Option<String>>;
    /// Keeps a small value, or forgets it.
    async fn set_memo(&self, name: &str, value: Option<&str>) -> PortResult<()>;
    /// Returns the contacts that an app user sees.
    fn contacts(&self, user: &str) -> Arc<dyn Replica<Contact>>;
    /// Returns the appointments of an app user's calendar; of all of them without one.
    fn events(&self, user: &str, calendar: Option<&str>) -> Arc<dyn Replica<Event>>;
    /// Returns the ledger of contacts.
    fn contact_ledger(&self) -> Arc<dyn Ledger<Contact>>;
    /// Returns the ledger of events.
    fn event_ledger(&self) -> Arc<dyn Ledger<Event>>;
    /// Puts contacts into the database: seen by one app user, or by all. One that is known by its `uid` gets
    /// the new values.
    async fn load_contacts(
        &self,
        user: Option<&str>,
        records: Vec<Loadable<Contact>>,
        how: &LoadHow,
    ) -> PortResult<Loaded<Contact>>;
    /// Puts appointments into an app user's calendar, by the same rules.
    async fn load_events(
        &self,
        user: &str,
        records: Vec<Loadable<Event>>,
        how: &LoadHow,
    ) -> PortResult<Loaded<Event>>;
    /// Takes entries of an import back, or works out what that would do (without a journal). Of records
    /// that were made those named in `keep` stay, and so does everything that somebody changed since.
    async fn take_back_contacts(
        &self,
        user: Option<&str>,
        entries: Vec<Entry<Contact>>,
        keep: Vec<ItemId>,
        journal: Option<Journal>,
    ) -> PortResult<TakenBack>;
    /// Takes entries of an import of appointments back, by the same rules.
    async fn take_back_events(
        &self,
        user: &str,
        entries: Vec<Entry<Event>>,
        keep: Vec<ItemId>,
        journal: Option<Journal>,
    ) -> PortResult<TakenBack>;
    /// Returns the ids of all records of a kind that match, in their order; how many to leave out or to return at most
    /// says nothing here.
    async fn ids(&self, kind: Kind, search: &Search) -> PortResult<Vec<ItemId>>;
    /// Lists contacts by name.
    async fn list_contacts(&self, search: &Search) -> PortResult<Found<Contact>>;
    /// Lists appointments by their start.
    async fn list_events(&self, search: &Search) -> PortResult<Found<Event>>;
    /// Returns the names of all labels of contacts.
    async fn labels(&self) -> PortResult<Vec<String>> {
        Ok(Vec::new())
    }
    /// Removes those of some labels that no contact has; returns which.
    async fn drop_labels(&self, _names: &[String]) -> PortResult<Vec<String>> {
        Ok(Vec::new())
    }
    /// Returns who sees some contacts, of those that are not seen by all.
    async fn seen_by(&self, _ids: &[ItemId]) -> PortResult<Vec<(ItemId, String)>> {
        Ok(Vec::new())
    }
    /// Returns one contact.
    async fn get_contact(&self, id: &ItemId) -> PortResult<Option<Item<Contact>>>;
    /// Returns one appointment.
    async fn get_event(&self, id: &ItemId) -> PortResult<Option<Item<Event>>>;
}

/// A part of the history that was forgotten because it was old: never whose or what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Purge {
    /// When.
    pub at: DateTime<Utc>,
    /// Of which kind.
    pub kind: Kind,
    /// Everything before this time.
    pub before: DateTime<Utc>,
    /// How many changes.
    pub changes: u64,
}

/// A record of a file with what the file holds beyond it.
pub type Loadable<R> = (R, Option<Value>);

/// How records are put into the database.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LoadHow {
    /// A record that is there loses what the new one does not mention.
    pub replace: bool,
    /// Everything is worked out, and nothing is kept.
    pub dry_run: bool,
    /// The run of the history that it belongs to.
    pub journal: Option<Journal>,
    /// The records here that some of them are, by position.
    pub into: BTreeMap<u64, ItemId>,
    /// Records here that became parts of others: they are removed.
    pub gone: Vec<ItemId>,
    /// What becomes of a record that is like one here and says otherwise.
    pub look_alikes: LookAlikes,
}

/// What an import does with a record of which it is not sure whether it is one that is here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LookAlikes {
    /// It is set aside, for a person to decide.
    #[default]
    Aside,
    /// It is that record, which gets its values.
    Update,
    /// It is another one.
    New,
}

/// A run of the history that writes to the company's database only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Journal {
    /// The run.
    pub run: RunId,
    /// What stands in the place of a pair.
    pub pair: PairId,
    /// When.
    pub at: DateTime<Utc>,
}

/// A record that was put into the database.
#[derive(Clone, Debug, PartialEq)]
pub struct Put<R> {
    /// Its position among the records, counted from 0.
    pub position: u64,
    /// Its id.
    pub id: ItemId,
    /// As it was, if it was there.
    pub before: Option<R>,
    /// As it is now.
    pub after: R,
    /// What was kept beside it.
    pub left_before: Value,
    /// What is kept beside it now.
    pub left_after: Value,
}

/// What taking an import back did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TakenBack {
    /// Records that are gone again.
    pub deleted: u64,
    /// Records that have their former values again.
    pub restored: u64,
    /// Records that are back.
    pub created: u64,
    /// Records that were left as they are.
    pub left: u64,
}

/// What putting records into the database did.
#[derive(Clone, Debug, PartialEq)]
pub struct Loaded<R> {
    /// Records that were new.
    pub created: u64,
    /// Records that were known and got new values.
    pub updated: u64,
    /// Records that were there already.
    pub unchanged: u64,
    /// Positions of records that a rule of the tables refused, with the rule.
    pub refused: Vec<(u64, String)>,
    /// Every record that was written.
    pub written: Vec<Put<R>>,
}

impl<R> Default for Loaded<R> {
    fn default() -> Self {
        Loaded { created: 0, updated: 0, unchanged: 0, refused: Vec::new(), written: Vec::new() }
    }
}

/// What to list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Search {
    /// For one app user, or everything that the company has.
    pub user: Option<String>,
    /// Words to be found.
    pub text: String,
    /// How many to leave out.
    pub skip: u64,
    /// How many at most.
    pub limit: Option<u64>,
    /// Whether they come in the order in which they were made, not in that of their names or times.
    pub as_made: bool,
    /// These and no others, in this order, if there are any: nothing is searched, sorted or counted for them.
    pub only: Vec<ItemId>,
}

/// A record of the company's, for lists.
#[derive(Clone, Debug, PartialEq)]
pub struct Item<R> {
    /// Its id in the company's database.
    pub id: ItemId,
    /// When it last changed.
    pub updated: DateTime<Utc>,
    /// The record.
    pub record: R,
    /// What its source held beyond it; null = nothing.
    pub leftovers: Value,
}

/// A stretch of a list, and how long the whole list is.
#[derive(Clone, Debug, PartialEq)]
pub struct Found<R> {
    /// The records.
    pub items: Vec<Item<R>>,
    /// How many there are in all.
    pub total: u64,
}

/// A provider, able to open any connected account.
#[async_trait]
pub trait Provider: Send + Sync {
    /// Returns the collections that an account offers; of what its owner withheld, or the provider refuses to list,
    /// the main one.
    async fn collections(&self, account: &Account) -> PortResult<Offered>;
    /// Opens the address book of a pair.
    async fn contacts(&self, account: &Account, pair: &Pair) -> PortResult<Arc<dyn Replica<Contact>>>;
    /// Removes labels that this program made there and that no contact has any more; returns those that wait for that.
    async fn drop_labels(&self, _account: &Account, _names: &[String]) -> PortResult<Vec<String>> {
        Ok(Vec::new())
    }
    /// Opens the calendar of a pair; `connected` are all collections of the account that are kept in step.
    async fn events(
        &self,
        account: &Account,
        pair: &Pair,
        connected: &[String],
    ) -> PortResult<Arc<dyn Replica<Event>>>;
    /// Returns the permission for want of which a kind of record is switched off, if one is missing.
    fn withheld(&self, _account: &Account, _kind: Kind) -> Option<&'static str> {
        None
    }
    /// Returns how the account's owner comes in, in the words of a command, where that is not by a consent.
    fn way(&self, _account: &Account) -> Option<String> {
        None
    }
    /// Tries every part of an account's authorisation, by harmless reads.
    async fn examine(&self, account: &Account) -> Vec<Examined>;
    /// Destroys what the vault holds of an account, and gives its authorisation back at the provider unless another
    /// app user lives by it: it is one for all (Google: O62).
    async fn forget(&self, account: &Account, shared: bool) -> PortResult<Forgotten>;
    /// Returns how many requests were sent since the program started.
    fn requests(&self) -> u64;
    /// Returns how many writes so far did not forbid the provider to mail guests.
    fn guest_mails(&self) -> u64;
}

/// What an account offers to be kept in step.
#[derive(Debug, Default)]
pub struct Offered {
    /// The collections.
    pub collections: Vec<Collection>,
    /// Why the calendars could not be listed.
    pub refused: Option<PortError>,
}

/// What became of an account's authorisation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Forgotten {
    /// Whether the provider confirmed that the authorisation is void.
    pub revoked: bool,
    /// Whether the vault held a secret of this account.
    pub destroyed: bool,
    /// Whether it stays in force at the provider, as another app user has the same account.
    pub shared: bool,
    /// Whether it was a delegation, which only the provider's administrator can withdraw.
    pub delegated: bool,
}
