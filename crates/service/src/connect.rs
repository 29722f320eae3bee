//! Connecting an app user with an account, choosing what is kept in step, disconnecting.

use chrono::{DateTime, Utc};
use passerelle_ports::{Code, Detail, Ids, Kind, PairId};
use passerelle_sync_rules::{Rules, digest_of};
use serde::Serialize;

use crate::{
    Account, AccountState, Calendar, Collection, Company, Failure, Forgotten, Outcome, Pair, Provider,
};

/// What a consent says about the account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The provider.
    pub provider: String,
    /// The provider's stable name of the account.
    pub subject: String,
    /// The address, for people.
    pub email: String,
    /// What its owner granted.
    pub scopes: Vec<String>,
    /// When.
    pub at: DateTime<Utc>,
}

/// What was chosen to be kept in step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ChosenPair {
    /// The pair's name in the ledger.
    pub pair: PairId,
    /// What it holds.
    pub kind: Kind,
    /// The collection's name for people.
    pub name: String,
    /// Whether it was chosen before.
    pub known: bool,
}

/// What a disconnection did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Disconnected {
    /// The account's address.
    pub account: String,
    /// What became of the authorisation.
    #[serde(flatten)]
    pub forgotten: Forgotten,
    /// How many pairs stand still now. Their records and their history stay.
    pub pairs: usize,
}

/// Returns the account that an app user is bound to at a provider, unless it was disconnected.
///
/// # Errors
///
/// Those of the database.
pub async fn bound_account(company: &dyn Company, user: &str, provider: &str) -> Outcome<Option<Account>> {
    let accounts = company.accounts().await?;
    Ok(accounts.into_iter().find(|account| {
        account.user == user && account.provider == provider && account.state != AccountState::Disconnected
    }))
}

/// Refuses a consent of another account than the one that the app user is bound to (I13), and of one that is another
/// app user's.
///
/// To be asked before any secret of the new consent is stored.
///
/// # Errors
///
/// `GOOG-203` with both addresses; those of [`check_free`].
pub async fn check_binding(company: &dyn Company, user: &str, identity: &Identity) -> Outcome<()> {
    match bound_account(company, user, &identity.provider).await? {
        Some(bound) if bound.subject != identity.subject => Err(Failure::new(Code::Goog203)
            .with(Detail::Account, &identity.email)
            .with(Detail::Bound, &bound.email)
            .with(Detail::User, user)),
        _ => check_free(company, user, identity).await,
    }
}

/// Refuses an account that is connected for another app user: the browser was still signed in there, and everything
/// would be doubled and shown to the other.
///
/// To be asked before any secret of the new consent is stored.
///
/// # Errors
///
/// `SYNC-107` with the account and whose it is; those of the database.
pub async fn check_free(company: &dyn Company, user: &str, identity: &Identity) -> Outcome<()> {
    match holder_of(company, user, identity).await? {
        Some(holder) if holder.state != AccountState::Disconnected => Err(Failure::new(Code::Sync107)
            .with(Detail::Collection, &identity.email)
            .with(Detail::Owner, &holder.user)
            .with(Detail::User, user)),
        _ => Ok(()),
    }
}

/// Another app user's account that is this one at the provider; one that is connected before one that is not.
async fn holder_of(company: &dyn Company, user: &str, identity: &Identity) -> Outcome<Option<Account>> {
    let accounts = company.accounts().await?.into_iter().filter(|account| {
        (&account.provider, &account.subject) == (&identity.provider, &identity.subject)
            && account.user != user
    });
    Ok(accounts.min_by_key(|account| account.state == AccountState::Disconnected))
}

/// Records the account of a consent: the one known by its subject, or a new one.
///
/// # Errors
///
/// Those of [`check_binding`] and of the database.
pub async fn record_account(
    company: &dyn Company,
    ids: &dyn Ids,
    user: &str,
    identity: &Identity,
) -> Outcome<Account> {
    check_binding(company, user, identity).await?;
    let known = company.accounts().await?.into_iter().find(|account| {
        account.user == user && account.provider == identity.provider && account.subject == identity.subject
    });
    let account = Account {
        id: known.map_or_else(|| ids.uuid().simple().to_string(), |account| account.id),
        user: user.to_owned(),
        provider: identity.provider.clone(),
        subject: identity.subject.clone(),
        email: identity.email.clone(),
        scopes: identity.scopes.clone(),
        state: AccountState::Connected,
        authorised: identity.at,
    };
    company.save_account(&account).await?;
    retire_others(company, &account).await?;
    Ok(account)
}

/// Pairs of an account that the user had before stand still: an app user has one account at a provider. So do those
/// of another app user who gave the same account back: it is this one's now.
async fn retire_others(company: &dyn Company, account: &Account) -> Outcome<()> {
    let others: Vec<String> = company
        .accounts()
        .await?
        .into_iter()
        .filter(|other| {
            other.provider == account.provider
                && (other.user == account.user || other.subject == account.subject)
        })
        .map(|other| other.id)
        .filter(|id| *id != account.id)
        .collect();
    for mut pair in company.pairs().await? {
        if pair.enabled && others.contains(&pair.account) {
            pair.enabled = false;
            company.save_pair(&pair).await?;
        }
    }
    Ok(())
}

/// Lets an app user go from its account, so that another one can take its place: its pairs stand still with their
/// links and history, and nothing is deleted on either side. The new account begins with a first run.
///
/// To be asked once the other account has consented.
///
/// # Errors
///
/// Those of the database.
pub async fn release_account(company: &dyn Company, bound: &Account) -> Outcome<()> {
    let released = Account { state: AccountState::Disconnected, scopes: Vec::new(), ..bound.clone() };
    company.save_account(&released).await?;
    Ok(crate::lasting::forget_consent(company, bound).await?)
}

/// What shall be kept in step.
#[derive(Clone, Debug, Default)]
pub struct Choice {
    /// Calendars by name or id; none = those that were chosen before, or the main one.
    pub calendars: Vec<String>,
    /// Leave the contacts out.
    pub without_contacts: bool,
    /// Leave the calendars out.
    pub without_calendars: bool,
    /// Whether the user was connected already: what was not chosen then is not chosen now.
    pub renewed: bool,
}

/// Makes the pairs of a choice, each with a calendar of its own here. Pairs that exist keep their links. Which way
/// things travel is for the settings to say; a pair only keeps whether its account may write to the collection.
///
/// # Errors
///
/// `USE-111` for a calendar that the account does not offer, `USE-119` for a name that several have, `SYNC-107` for one
/// that is chosen twice.
pub async fn choose_pairs(
    company: &dyn Company,
    account: &Account,
    offered: &[Collection],
    choice: &Choice,
) -> Outcome<Vec<ChosenPair>> {
    let mut known = company.pairs().await?;
    let wanted = wanted(offered, choice, account, &known)?;
    let mut chosen = Vec::new();
    for collection in wanted {
        let id = pair_id(account, collection);
        if known.iter().any(|pair| pair.id != id && is_same_target(pair, account, collection)) {
            return Err(twice(account, &collection.name));
        }
        let before = known.iter().any(|pair| pair.id == id);
        let calendar = match collection.kind {
            Kind::Contacts => None,
            Kind::Events => Some(home_of(company, account, &known, &id, collection).await?),
        };
        let mut rules = Rules::default();
        if !collection.writable {
            rules = rules.without_writing(passerelle_ports::Side::Remote);
        }
        let pair = Pair {
            id: id.clone(),
            user: account.user.clone(),
            kind: collection.kind,
            account: account.id.clone(),
            collection: collection.id.clone(),
            name: collection.name.clone(),
            rules,
            enabled: true,
            calendar,
        };
        company.save_pair(&pair).await?;
        known.retain(|known| known.id != id);
        known.push(pair);
        chosen.push(ChosenPair {
            pair: id,
            kind: collection.kind,
            name: collection.name.clone(),
            known: before,
        });
    }
    Ok(chosen)
}

/// The company's calendar of a pair: the one that it has; the default one for the account's main calendar, and for no
/// other: what stands there is a person's own, and a calendar that others see must not get it by accident; a free one of
/// the same name; or a new one. One that may only be read gets a new one: what a person keeps in another could not travel.
/// Two pairs never share one: their calendars would be merged into each other.
async fn home_of(
    company: &dyn Company,
    account: &Account,
    known: &[Pair],
    pair: &PairId,
    collection: &Collection,
) -> Outcome<String> {
    match settled_home(company, account, known, pair, collection).await? {
        Some(calendar) => Ok(calendar.id),
        None => Ok(company.add_calendar(&account.user, &collection.name).await?.id),
    }
}

/// The same, where it exists.
pub(crate) async fn settled_home(
    company: &dyn Company,
    account: &Account,
    known: &[Pair],
    pair: &PairId,
    collection: &Collection,
) -> Outcome<Option<Calendar>> {
    let taken = |id: &str| {
        known.iter().any(|other| other.enabled && other.id != *pair && other.calendar.as_deref() == Some(id))
    };
    let had = known.iter().find(|known| known.id == *pair).and_then(|known| known.calendar.clone());
    let own = company.calendars().await?.into_iter().filter(|calendar| calendar.owner == account.user);
    let free: Vec<Calendar> = own.filter(|calendar| !taken(&calendar.id)).collect();
    if let Some(had) = free.iter().find(|calendar| Some(&calendar.id) == had.as_ref()) {
        return Ok(Some(had.clone()));
    }
    let fits = |calendar: &Calendar| match calendar.default {
        true => collection.primary,
        // The default one comes first: where it is taken, the main one is like any other.
        false => calendar.name.to_lowercase() == collection.name.to_lowercase(),
    };
    let may_share = collection.writable;
    Ok(free.into_iter().filter(|_| may_share).find(fits))
}

/// Returns an app user's default calendar where it is in step with none, though others are: what stands there stays
/// here.
///
/// # Errors
///
/// Those of the database.
pub async fn default_apart(company: &dyn Company, user: &str) -> Outcome<Option<Calendar>> {
    let mut pairs = company.pairs().await?;
    pairs.retain(|pair| pair.user == user && pair.kind == Kind::Events && pair.enabled);
    let own = company.calendars().await?.into_iter();
    let default = own.filter(|calendar| calendar.owner == user).find(|calendar| calendar.default);
    Ok(default.filter(|default| {
        !pairs.is_empty() && pairs.iter().all(|pair| pair.calendar.as_ref() != Some(&default.id))
    }))
}

/// Returns the name of a pair: the same account and collection give the same one for ever, and it tells neither.
#[must_use]
pub fn pair_id(account: &Account, collection: &Collection) -> PairId {
    let digest = digest_of(&(&account.provider, &account.subject, &collection.id));
    PairId::new(format!("{}/{}/{}", account.user, collection.kind.as_str(), digest.short()))
}

fn is_same_target(pair: &Pair, account: &Account, collection: &Collection) -> bool {
    pair.enabled
        && pair.account == account.id
        && pair.kind == collection.kind
        && pair.collection == collection.id
}

fn wanted<'a>(
    offered: &'a [Collection],
    choice: &Choice,
    account: &Account,
    known: &[Pair],
) -> Outcome<Vec<&'a Collection>> {
    let own = || known.iter().filter(|pair| pair.account == account.id);
    let chosen = |collection: &Collection| {
        own().any(|pair| pair.enabled && pair.kind == collection.kind && pair.collection == collection.id)
    };
    // Whoever names no calendar when a consent is renewed wants what was chosen before, and nothing beside it.
    let keeps = choice.calendars.is_empty()
        && (own().any(|pair| pair.enabled) || (choice.renewed && own().next().is_some()));
    let mut wanted: Vec<&Collection> = Vec::new();
    if !choice.without_contacts {
        let contacts = offered.iter().find(|collection| collection.kind == Kind::Contacts);
        wanted.extend(contacts.filter(|contacts| !keeps || chosen(contacts)));
    }
    if choice.without_calendars {
        return Ok(wanted);
    }
    let calendars: Vec<&Collection> =
        offered.iter().filter(|collection| collection.kind == Kind::Events).collect();
    if keeps {
        wanted.extend(calendars.iter().filter(|calendar| chosen(calendar)));
    } else if choice.calendars.is_empty() {
        wanted.extend(calendars.iter().find(|calendar| calendar.primary));
    }
    for name in &choice.calendars {
        let calendar = named(&calendars, name)?;
        if wanted.iter().any(|one| one.id == calendar.id && one.kind == Kind::Events) {
            return Err(twice(account, name));
        }
        wanted.push(calendar);
    }
    Ok(wanted)
}

/// Finds the calendar that is meant: by its id, or by a name that only one has.
pub(crate) fn named<'a>(calendars: &[&'a Collection], name: &str) -> Outcome<&'a Collection> {
    let is_meant = |calendar: &&Collection| calendar.id == name || (calendar.primary && name == "primary");
    if let Some(calendar) = calendars.iter().copied().find(|calendar| is_meant(calendar)) {
        return Ok(calendar);
    }
    let of_name = |calendar: &&&Collection| calendar.name.to_lowercase() == name.to_lowercase();
    let found: Vec<&'a Collection> = calendars.iter().filter(of_name).copied().collect();
    match found[..] {
        [calendar] => Ok(calendar),
        [] => {
            let known = calendars.iter().map(|one| one.name.clone()).collect::<Vec<_>>().join(", ");
            Err(Failure::new(Code::Use111).with(Detail::Calendar, name).with(Detail::Known, known))
        }
        _ => {
            let ids = found.iter().map(|one| one.id.clone()).collect::<Vec<_>>();
            let first = ids.first().cloned().unwrap_or_default();
            let failure =
                Failure::new(Code::Use119).with(Detail::Calendar, name).with(Detail::Known, ids.join(", "));
            Err(failure.with(Detail::Id, first))
        }
    }
}

fn twice(account: &Account, collection: &str) -> Failure {
    Failure::new(Code::Sync107).with(Detail::Collection, collection).with(Detail::Owner, &account.user)
}

/// Tells whether another app user has the same account: the provider's authorisation is then one for both.
///
/// # Errors
///
/// Those of the database.
pub async fn is_shared(company: &dyn Company, account: &Account) -> Outcome<bool> {
    let accounts = company.accounts().await?;
    Ok(accounts.iter().any(|other| {
        (&other.provider, &other.subject) == (&account.provider, &account.subject)
            && other.user != account.user
            && other.state != AccountState::Disconnected
    }))
}

/// Gives an app user's authorisation back and destroys its secrets. Records, links and history stay, so
/// that connecting again goes on where this ended.
///
/// # Errors
///
/// `GOOG-211` when the user is not connected; those of the database and the vault.
pub async fn disconnect(company: &dyn Company, provider: &dyn Provider, user: &str) -> Outcome<Disconnected> {
    crate::find_user(company, user).await?;
    let mut account = bound_account(company, user, "google")
        .await?
        .ok_or_else(|| Failure::new(Code::Goog211).with(Detail::User, user))?;
    let shared = is_shared(company, &account).await?;
    let forgotten = provider.forget(&account, shared).await.map_err(|error| {
        Failure::of_port(passerelle_ports::Side::Remote, error).or_with(Detail::User, user)
    })?;
    account.state = AccountState::Disconnected;
    account.scopes.clear();
    company.save_account(&account).await?;
    crate::lasting::forget_consent(company, &account).await?;
    let pairs = company.pairs().await?.iter().filter(|pair| pair.account == account.id).count();
    Ok(Disconnected { account: account.email, forgotten, pairs })
}
