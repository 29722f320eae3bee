#![doc = include_str!("../README.md")]

mod accounts;
mod browse;
mod calendars;
mod child;
mod collection;
mod completed;
mod contacts;
mod db;
mod dialect;
mod error;
mod events;
mod imports;
mod ledger;
mod load;
mod marks;
mod migrate;
mod pairs;
mod replica;
mod review;
mod schema;
mod settings;
mod store;
mod users;

pub use accounts::{Account, AccountId, AccountState, Accounts};
pub use browse::{Item, Query, Shown};
pub use calendars::{Calendar, Calendars};
pub use error::StoreError;
pub use imports::TakenBack;
pub use ledger::SqlLedger;
pub use load::{Journal, Loading, Loads, Written};
pub use pairs::{Pair, Pairs};
pub use replica::SqlReplica;
pub use review::{Dropped, Purge};
pub use settings::Settings;
pub use store::{Health, Store, StoreOptions};
pub use users::{AppUser, NewUser, UserId, Users};
