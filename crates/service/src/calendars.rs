//! The calendars of app users, here and at the provider, and which of them are kept in step with which.

use passerelle_ports::{Code, Detail, Kind, PairId, Side};
use passerelle_sync_rules::Rules;
use serde::Serialize;

use crate::{
    Account, AccountState, Calendar, Collection, Failure, Office, Outcome, Pair, chosen_users,
    connect::{named, pair_id, settled_home},
    find_user,
};

/// A calendar in the company's database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Here {
    /// Its id, as in `calendars`.
    pub id: String,
    /// Its name for people.
    pub name: String,
    /// Whether it is its owner's default one.
    pub default: bool,
}

/// A calendar at the provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct There {
    /// The provider's name of it.
    pub id: String,
    /// Its name for people.
    pub name: String,
    /// Whether it is the account's main one.
    pub primary: bool,
    /// Whether the account may write to it; `None` = it could not be asked.
    pub writable: Option<bool>,
}

/// A calendar on one side, or one of each side that are kept in step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Calendars {
    /// The app user.
    pub user: String,
    /// The calendar here.
    pub here: Option<Here>,
    /// The calendar at the provider.
    pub there: Option<There>,
    /// The pair, if they are kept in step.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pair: Option<PairId>,
    /// Whether events come from the provider only: it may not be written there.
    pub read_only: bool,
}

/// What `calendar list` has to say.
#[derive(Debug, Default)]
pub struct Listed {
    /// The calendars, those that are kept in step first.
    pub calendars: Vec<Calendars>,
    /// What could not be asked of a provider.
    pub refused: Vec<Failure>,
}

/// What connecting a calendar did, or would do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Joined {
    /// Both calendars.
    #[serde(flatten)]
    pub calendars: Calendars,
    /// Whether they were kept in step before.
    pub known: bool,
    /// Whether the calendar here is made for it.
    pub made: bool,
}

/// What parting two calendars did, or would do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Parted {
    /// Both calendars.
    #[serde(flatten)]
    pub calendars: Calendars,
    /// How many appointments stay on both sides, each for itself from now on.
    pub stay: u64,
}

/// Lists calendars, of one app user or of all.
///
/// # Errors
///
/// `USE-102` for an app user who does not exist; those of the database. What a provider refuses is in the answer.
pub async fn calendars(office: &Office, user: Option<&str>) -> Outcome<Listed> {
    let mut listed = Listed::default();
    let (pairs, known) = (office.company.pairs().await?, office.company.calendars().await?);
    let accounts = office.company.accounts().await?;
    for user in chosen_users(&*office.company, user).await? {
        let of_user = |pair: &&Pair| pair.user == user.id && pair.kind == Kind::Events && pair.enabled;
        let mut own: Vec<&Calendar> = known.iter().filter(|calendar| calendar.owner == user.id).collect();
        let account = accounts.iter().find(|it| it.user == user.id && it.state != AccountState::Disconnected);
        let mut offered = match account {
            Some(account) => offered(office, account, &mut listed.refused).await,
            None => Vec::new(),
        };
        for pair in pairs.iter().filter(of_user) {
            own.retain(|calendar| Some(&calendar.id) != pair.calendar.as_ref());
            let at = offered.iter().position(|it| it.id == pair.collection);
            let there = at.map(|at| offered.remove(at));
            let here = known.iter().find(|calendar| Some(&calendar.id) == pair.calendar.as_ref());
            listed.calendars.push(in_step(pair, here, there.as_ref()));
        }
        let alone = |here: Option<Here>, there: Option<There>| {
            let read_only = there.as_ref().is_some_and(|there| there.writable == Some(false));
            Calendars { user: user.id.clone(), here, there, pair: None, read_only }
        };
        listed.calendars.extend(own.into_iter().map(|calendar| alone(Some(here(calendar)), None)));
        listed.calendars.extend(offered.iter().map(|collection| alone(None, Some(there(collection)))));
    }
    Ok(listed)
}

/// Keeps a further calendar of the provider's in step: with the calendar here that is named, the one that it had, a free
/// one of the same name, or a new one; the main one with the default one, which no other gets unless it is named. One that
/// may only be read gets a new one, unless it had one or another is named.
///
/// # Errors
///
/// `GOOG-211` for somebody who is not connected, `USE-111` and `USE-119` for a name that no calendar has, or several,
/// on either side; `SYNC-107` where the one here is in step with another already; those of the provider.
pub async fn add_calendar(
    office: &Office,
    user: &str,
    name: &str,
    into: Option<&str>,
    dry_run: bool,
) -> Outcome<Joined> {
    let company = &*office.company;
    find_user(company, user).await?;
    let account = account_of(office, user).await?;
    let offered = office
        .provider
        .collections(&account)
        .await
        .map_err(|error| Failure::of_port(Side::Remote, error).or_with(Detail::User, user))?;
    if let Some(error) = offered.refused {
        return Err(Failure::of_port(Side::Remote, error).or_with(Detail::User, user));
    }
    let choices: Vec<&Collection> = offered.collections.iter().filter(|it| it.kind == Kind::Events).collect();
    let said =
        |failure: Failure| failure.or_with(Detail::User, user).or_with(Detail::Connect, "calendar add");
    let collection = named(&choices, name).map_err(said)?;
    let pairs = company.pairs().await?;
    let id = pair_id(&account, collection);
    let before = pairs.iter().find(|pair| pair.id == id);
    let known = before.is_some_and(|pair| pair.enabled);
    let own = own_calendars(office, user).await?;
    let taken = |calendar: &Calendar| {
        pairs.iter().any(|it| it.enabled && it.id != id && it.calendar.as_ref() == Some(&calendar.id))
    };
    let home = match into {
        Some(into) => {
            let home = called(&own, into).map_err(said)?;
            let other = before.filter(|pair| pair.enabled && pair.calendar.as_ref() != Some(&home.id));
            if taken(home) || other.is_some() {
                let name = other.map_or(&home.name, |pair| &pair.name);
                return Err(said(
                    Failure::new(Code::Sync107).with(Detail::Collection, name).with(Detail::Owner, user),
                ));
            }
            Some(home.clone())
        }
        None => settled_home(company, &account, &pairs, &id, collection).await?,
    };
    let made = home.is_none();
    let home = match home {
        Some(home) => home,
        None if dry_run => Calendar { name: collection.name.clone(), ..Calendar::default() },
        None => company.add_calendar(user, &collection.name).await?,
    };
    let rules = match before {
        Some(pair) => pair.rules.clone(),
        None if collection.writable => Rules::default(),
        None => Rules::default().without_writing(Side::Remote),
    };
    let pair = Pair {
        id,
        user: user.to_owned(),
        kind: Kind::Events,
        account: account.id.clone(),
        collection: collection.id.clone(),
        name: collection.name.clone(),
        rules,
        enabled: true,
        calendar: Some(home.id.clone()),
    };
    if !dry_run && !known {
        company.save_pair(&pair).await?;
    }
    Ok(Joined { calendars: in_step(&pair, Some(&home), Some(collection)), known, made })
}

/// Ends keeping two calendars in step, by the name of either. Nothing is deleted: each keeps what it has, and the link
/// of both is remembered, so that connecting them again goes on where this ended.
///
/// # Errors
///
/// `USE-102` for an app user who does not exist; `USE-111` and `USE-119` for a name that none has of those in step, or
/// several.
pub async fn remove_calendar(office: &Office, user: &str, name: &str, dry_run: bool) -> Outcome<Parted> {
    let company = &*office.company;
    find_user(company, user).await?;
    let own = own_calendars(office, user).await?;
    let mut pairs = company.pairs().await?;
    pairs.retain(|pair| pair.user == user && pair.kind == Kind::Events && pair.enabled);
    let home = |pair: &Pair| own.iter().find(|calendar| Some(&calendar.id) == pair.calendar.as_ref());
    let is_id = |pair: &&Pair| {
        pair.collection == name || pair.id.as_str() == name || pair.calendar.as_deref() == Some(name)
    };
    let is_named = |pair: &&Pair| {
        let alike = |text: &str| text.to_lowercase() == name.to_lowercase();
        alike(&pair.name) || home(pair).is_some_and(|calendar| alike(&calendar.name))
    };
    let mut meant: Vec<&Pair> = pairs.iter().filter(is_id).collect();
    if meant.is_empty() {
        meant = pairs.iter().filter(is_named).collect();
    }
    let said = |code: Code, known: Vec<String>| {
        Failure::new(code)
            .with(Detail::Calendar, name)
            .with(Detail::Known, known.join(", "))
            .with(Detail::User, user)
    };
    let pair = match meant[..] {
        [pair] => pair,
        [] => return Err(said(Code::Use111, pairs.iter().map(|pair| pair.name.clone()).collect())),
        _ => {
            let ids: Vec<String> = meant.iter().map(|pair| pair.collection.clone()).collect();
            let first = ids.first().cloned().unwrap_or_default();
            return Err(said(Code::Use119, ids)
                .with(Detail::Id, first)
                .with(Detail::Connect, "calendar remove"));
        }
    };
    let stay = company.event_ledger().counts(&pair.id).await?.both;
    let there = Collection {
        kind: Kind::Events,
        id: pair.collection.clone(),
        name: pair.name.clone(),
        primary: false,
        writable: pair.rules.creates[Side::Remote],
    };
    let calendars = in_step(pair, home(pair), Some(&there));
    if !dry_run {
        company.save_pair(&Pair { enabled: false, ..pair.clone() }).await?;
    }
    Ok(Parted { calendars: Calendars { pair: Some(pair.id.clone()), ..calendars }, stay })
}

async fn account_of(office: &Office, user: &str) -> Outcome<Account> {
    let accounts = office.company.accounts().await?;
    accounts
        .into_iter()
        .find(|account| account.user == user && account.state != AccountState::Disconnected)
        .ok_or_else(|| Failure::new(Code::Goog211).with(Detail::User, user))
}

async fn own_calendars(office: &Office, user: &str) -> Outcome<Vec<Calendar>> {
    let mut own = office.company.calendars().await?;
    own.retain(|calendar| calendar.owner == user);
    Ok(own)
}

/// Finds a calendar here: by its id, or by a name that only one has.
fn called<'a>(own: &'a [Calendar], name: &str) -> Outcome<&'a Calendar> {
    if let Some(calendar) = own.iter().find(|calendar| calendar.id == name) {
        return Ok(calendar);
    }
    let alike: Vec<&Calendar> =
        own.iter().filter(|calendar| calendar.name.to_lowercase() == name.to_lowercase()).collect();
    let list = |of: &dyn Fn(&Calendar) -> String| own.iter().map(of).collect::<Vec<_>>().join(", ");
    match alike[..] {
        [calendar] => Ok(calendar),
        [] => {
            let known = list(&|calendar| calendar.name.clone());
            Err(Failure::new(Code::Use111).with(Detail::Calendar, name).with(Detail::Known, known))
        }
        [first, ..] => {
            let ids = alike.iter().map(|calendar| calendar.id.clone()).collect::<Vec<_>>().join(", ");
            Err(Failure::new(Code::Use119)
                .with(Detail::Calendar, name)
                .with(Detail::Known, ids)
                .with(Detail::Id, &first.id))
        }
    }
}

/// Returns what an account offers; what could not be asked is told, and the rest goes on.
async fn offered(office: &Office, account: &Account, refused: &mut Vec<Failure>) -> Vec<Collection> {
    let told = |error| Failure::of_port(Side::Remote, error).or_with(Detail::User, &account.user);
    match office.provider.collections(account).await {
        Ok(offered) => {
            refused.extend(offered.refused.map(told));
            offered.collections.into_iter().filter(|collection| collection.kind == Kind::Events).collect()
        }
        Err(error) => {
            refused.push(told(error));
            Vec::new()
        }
    }
}

fn here(calendar: &Calendar) -> Here {
    Here { id: calendar.id.clone(), name: calendar.name.clone(), default: calendar.default }
}

fn there(collection: &Collection) -> There {
    There {
        id: collection.id.clone(),
        name: collection.name.clone(),
        primary: collection.primary,
        writable: Some(collection.writable),
    }
}

fn in_step(pair: &Pair, home: Option<&Calendar>, offered: Option<&Collection>) -> Calendars {
    let unknown =
        || There { id: pair.collection.clone(), name: pair.name.clone(), primary: false, writable: None };
    Calendars {
        user: pair.user.clone(),
        here: home.map(here),
        there: Some(offered.map_or_else(unknown, there)),
        pair: Some(pair.id.clone()),
        read_only: !pair.rules.creates[Side::Remote],
    }
}
