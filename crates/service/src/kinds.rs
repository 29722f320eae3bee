//! The two kinds of record, so that every use case is written once for both.

use std::sync::Arc;

use async_trait::async_trait;
use passerelle_calendar::Event;
use passerelle_contacts::Contact;
use passerelle_engine::{Engine, PairSettings};
use passerelle_ports::{Kind, Ledger, PortResult, Record, Replica, Side, Sides};

use crate::{Account, AccountState, Company, Failure, Office, Outcome, Pair, Provider};

/// A kind of record that the company and its providers hold.
#[async_trait]
pub trait Kinded: Record {
    /// Returns the ledger of this kind.
    fn ledger(company: &dyn Company) -> Arc<dyn Ledger<Self>>;
    /// Returns an app user's collection in the company's database.
    async fn local(company: &dyn Company, user: &str) -> PortResult<Arc<dyn Replica<Self>>>;
    /// Returns the collection of a pair at the provider.
    async fn remote(
        provider: &dyn Provider,
        account: &Account,
        pair: &Pair,
    ) -> PortResult<Arc<dyn Replica<Self>>>;
}

#[async_trait]
impl Kinded for Contact {
    fn ledger(company: &dyn Company) -> Arc<dyn Ledger<Self>> {
        company.contact_ledger()
    }

    async fn local(company: &dyn Company, user: &str) -> PortResult<Arc<dyn Replica<Self>>> {
        company.contacts(Some(user)).await
    }

    async fn remote(
        provider: &dyn Provider,
        account: &Account,
        pair: &Pair,
    ) -> PortResult<Arc<dyn Replica<Self>>> {
        provider.contacts(account, pair).await
    }
}

#[async_trait]
impl Kinded for Event {
    fn ledger(company: &dyn Company) -> Arc<dyn Ledger<Self>> {
        company.event_ledger()
    }

    async fn local(company: &dyn Company, user: &str) -> PortResult<Arc<dyn Replica<Self>>> {
        company.events(user).await
    }

    async fn remote(
        provider: &dyn Provider,
        account: &Account,
        pair: &Pair,
    ) -> PortResult<Arc<dyn Replica<Self>>> {
        provider.events(account, pair).await
    }
}

/// Calls a generic function for a kind known at run time only.
macro_rules! for_kind {
    ($kind:expr, $record:ident => $call:expr) => {
        match $kind {
            passerelle_ports::Kind::Contacts => {
                type $record = passerelle_contacts::Contact;
                $call
            }
            passerelle_ports::Kind::Events => {
                type $record = passerelle_calendar::Event;
                $call
            }
        }
    };
}
pub(crate) use for_kind;

/// Both kinds, contacts first.
pub const KINDS: [Kind; 2] = [Kind::Contacts, Kind::Events];

/// Makes the engine of a pair.
pub(crate) async fn engine<R: Kinded>(office: &Office, pair: &Pair) -> Outcome<Engine<R>> {
    let account = account_of(office, pair).await?;
    let remote = R::remote(&*office.provider, &account, pair)
        .await
        .map_err(|error| Failure::of_port(Side::Remote, error).or_with("user", &pair.user))?;
    let local = R::local(&*office.company, &pair.user).await?;
    let settings = PairSettings::new(
        pair.id.clone(),
        office.company.installation(),
        office.rules_of(pair),
        office.holder,
    );
    Ok(Engine::new(
        settings,
        Sides { local, remote },
        R::ledger(&*office.company),
        office.clock.clone(),
        office.ids.clone(),
    ))
}

/// Returns the account of a pair, if somebody is signed in.
pub(crate) async fn account_of(office: &Office, pair: &Pair) -> Outcome<Account> {
    let accounts = office.company.accounts().await?;
    accounts
        .into_iter()
        .find(|account| account.id == pair.account && account.state != AccountState::Disconnected)
        .ok_or_else(|| Failure::new("GOOG-211").with("user", &pair.user))
}
