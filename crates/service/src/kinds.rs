//! The two kinds of record, so that every use case is written once for both.

use std::sync::Arc;

use async_trait::async_trait;
use passerelle_calendar::Event;
use passerelle_contacts::Contact;
use passerelle_engine::{Beside, Engine, PairSettings, Parted};
use passerelle_ports::{
    Code, Detail, Entry, ErrorKind, ItemId, Kind, Ledger, PortError, PortResult, Record, Replica, Side, Sides,
};
use passerelle_sync_rules::Place;

use crate::{
    Account, AccountState, Company, Failure, Found, Item, Journal, LoadHow, Loadable, Loaded, Office,
    Outcome, Pair, Provider, Search, TakenBack,
};

/// A kind of record that the company and its providers hold.
#[async_trait]
pub trait Kinded: Record {
    /// Returns the ledger of this kind.
    fn ledger(company: &dyn Company) -> Arc<dyn Ledger<Self>>;
    /// Returns the collection of a pair in the company's database.
    fn local(company: &dyn Company, pair: &Pair) -> Arc<dyn Replica<Self>>;
    /// Returns the name of a pair's collection in the company's database, where there is more than one of this kind.
    fn home(_pair: &Pair) -> Option<String> {
        None
    }
    /// Returns the collection of a pair at the provider.
    async fn remote(
        provider: &dyn Provider,
        account: &Account,
        pair: &Pair,
        connected: &[String],
    ) -> PortResult<Arc<dyn Replica<Self>>>;
    /// Puts records into the database; appointments need an app user.
    async fn load(
        company: &dyn Company,
        user: Option<&str>,
        records: Vec<Loadable<Self>>,
        how: &LoadHow,
    ) -> PortResult<Loaded<Self>>;
    /// Takes entries of an import back.
    async fn take_back(
        company: &dyn Company,
        user: Option<&str>,
        entries: Vec<Entry<Self>>,
        keep: Vec<ItemId>,
        journal: Option<Journal>,
    ) -> PortResult<TakenBack>;
    /// Lists records.
    async fn list(company: &dyn Company, search: &Search) -> PortResult<Found<Self>>;
    /// Returns one record.
    async fn get(company: &dyn Company, id: &ItemId) -> PortResult<Option<Item<Self>>>;
}

#[async_trait]
impl Kinded for Contact {
    fn ledger(company: &dyn Company) -> Arc<dyn Ledger<Self>> {
        company.contact_ledger()
    }

    fn local(company: &dyn Company, pair: &Pair) -> Arc<dyn Replica<Self>> {
        company.contacts(&pair.user)
    }

    async fn remote(
        provider: &dyn Provider,
        account: &Account,
        pair: &Pair,
        _connected: &[String],
    ) -> PortResult<Arc<dyn Replica<Self>>> {
        provider.contacts(account, pair).await
    }

    async fn load(
        company: &dyn Company,
        user: Option<&str>,
        records: Vec<Loadable<Self>>,
        how: &LoadHow,
    ) -> PortResult<Loaded<Self>> {
        company.load_contacts(user, records, how).await
    }

    async fn take_back(
        company: &dyn Company,
        user: Option<&str>,
        entries: Vec<Entry<Self>>,
        keep: Vec<ItemId>,
        journal: Option<Journal>,
    ) -> PortResult<TakenBack> {
        company.take_back_contacts(user, entries, keep, journal).await
    }

    async fn list(company: &dyn Company, search: &Search) -> PortResult<Found<Self>> {
        company.list_contacts(search).await
    }

    async fn get(company: &dyn Company, id: &ItemId) -> PortResult<Option<Item<Self>>> {
        company.get_contact(id).await
    }
}

#[async_trait]
impl Kinded for Event {
    fn ledger(company: &dyn Company) -> Arc<dyn Ledger<Self>> {
        company.event_ledger()
    }

    fn local(company: &dyn Company, pair: &Pair) -> Arc<dyn Replica<Self>> {
        company.events(&pair.user, pair.calendar.as_deref())
    }

    fn home(pair: &Pair) -> Option<String> {
        pair.calendar.clone()
    }

    async fn remote(
        provider: &dyn Provider,
        account: &Account,
        pair: &Pair,
        connected: &[String],
    ) -> PortResult<Arc<dyn Replica<Self>>> {
        provider.events(account, pair, connected).await
    }

    async fn load(
        company: &dyn Company,
        user: Option<&str>,
        records: Vec<Loadable<Self>>,
        how: &LoadHow,
    ) -> PortResult<Loaded<Self>> {
        let user = user.ok_or_else(|| PortError::new(ErrorKind::Unsupported, "events.load"))?;
        company.load_events(user, records, how).await
    }

    async fn take_back(
        company: &dyn Company,
        user: Option<&str>,
        entries: Vec<Entry<Self>>,
        keep: Vec<ItemId>,
        journal: Option<Journal>,
    ) -> PortResult<TakenBack> {
        let user = user.ok_or_else(|| PortError::new(ErrorKind::Unsupported, "events.take_back"))?;
        company.take_back_events(user, entries, keep, journal).await
    }

    async fn list(company: &dyn Company, search: &Search) -> PortResult<Found<Self>> {
        company.list_events(search).await
    }

    async fn get(company: &dyn Company, id: &ItemId) -> PortResult<Option<Item<Self>>> {
        company.get_event(id).await
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
    let accounts = office.company.accounts().await?;
    let account = signed_in(&accounts, pair)?;
    let of_account = |other: &Pair| other.enabled && other.kind == pair.kind && other.account == pair.account;
    let all = office.company.pairs().await?;
    // Whom a contact is shared with has it in a pair of their own; an appointment has one owner.
    let others = all.iter().filter(|other| pair.kind == Kind::Events && other.kind == pair.kind);
    let (abroad, parted): (Vec<_>, Vec<_>) =
        others.filter(|other| other.id != pair.id).partition(|other| other.enabled);
    let ids = |pairs: Vec<&Pair>| pairs.into_iter().map(|other| other.id.clone()).collect::<Vec<_>>();
    let abroad = ids(abroad);
    // A calendar that is no longer kept in step has at the provider what it had. Of an account that was let go the new
    // one begins anew.
    let left = parted.into_iter().filter(|other| signed_in(&accounts, other).is_ok()).cloned();
    let left: Vec<Pair> = left.collect();
    let pairs: Vec<Pair> = all.into_iter().filter(of_account).collect();
    let connected: Vec<String> = pairs.iter().map(|other| other.collection.clone()).collect();
    let replicas = sides::<R>(office, &account, pair, &connected).await?;
    let settings = PairSettings {
        listing_max: office.listing_max,
        ..PairSettings::new(
            pair.id.clone(),
            office.company.installation(),
            office.rules_with(pair, Some(&account)),
            office.holder,
        )
    };
    let ledger = R::ledger(&*office.company);
    let engine = Engine::new(settings, replicas, ledger, office.clock.clone(), office.ids.clone());
    let mut parted = Vec::new();
    for other in left {
        let is_apart = other.collection != pair.collection && other.calendar != pair.calendar;
        let replicas = match other.account == pair.account && is_apart {
            true => Some(sides::<R>(office, &account, &other, &connected).await?),
            false => None,
        };
        parted.push(Parted { pair: other.id, replicas });
    }
    let engine = engine.abroad(abroad, parted);
    let Some(own) = homes::<R>(pair) else { return Ok(engine) };
    let mut beside = Vec::new();
    for other in pairs.iter().filter(|other| other.id != pair.id) {
        let Some(homes) = homes::<R>(other) else { continue };
        let rules = office.rules_with(other, Some(&account));
        let place = Place { pair: other.id.clone(), homes, rules };
        beside.push(Beside { place, replicas: sides::<R>(office, &account, other, &connected).await? });
    }
    Ok(engine.beside(own, beside))
}

/// Returns the names of both collections of a pair, where items may go from one pair's into another's.
fn homes<R: Kinded>(pair: &Pair) -> Option<Sides<String>> {
    Some(Sides { local: R::home(pair)?, remote: pair.collection.clone() })
}

async fn sides<R: Kinded>(
    office: &Office,
    account: &Account,
    pair: &Pair,
    connected: &[String],
) -> Outcome<Sides<Arc<dyn Replica<R>>>> {
    // What the settings say today of guests, not what they said when the pair was connected.
    let rules = office.rules_with(pair, Some(account));
    let mut told = pair.clone();
    told.rules.mail_guests = rules.mail_guests;
    told.rules.decline_deleted = rules.decline_deleted;
    let remote = R::remote(&*office.provider, account, &told, connected)
        .await
        .map_err(|error| Failure::of_port(Side::Remote, error).or_with(Detail::User, &pair.user))?;
    Ok(Sides { local: R::local(&*office.company, pair), remote })
}

/// Returns the account of a pair, if somebody is signed in.
pub(crate) async fn account_of(office: &Office, pair: &Pair) -> Outcome<Account> {
    signed_in(&office.company.accounts().await?, pair)
}

fn signed_in(accounts: &[Account], pair: &Pair) -> Outcome<Account> {
    let of_pair =
        |account: &&Account| account.id == pair.account && account.state != AccountState::Disconnected;
    let account = accounts.iter().find(of_pair).cloned();
    account.ok_or_else(|| Failure::new(Code::Goog211).with(Detail::User, &pair.user))
}
