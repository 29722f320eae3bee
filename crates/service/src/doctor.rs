//! Looking at how everything stands before anybody has to ask: one finding per thing looked at.

use chrono::{DateTime, Utc};
use passerelle_ports::{Code, Detail, ErrorKind, PortError, Side};
use serde::Serialize;

use crate::{
    Account, AccountState, AppUser, Failure, Forecast, Office, Outcome, Problem, chosen_users, lasting,
};

/// How grave a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// As it should be.
    Good,
    /// It works today; it will not for ever, or not in full.
    Warning,
    /// It does not work.
    Problem,
}

/// What was found about one thing.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Finding {
    /// What was looked at: `token`, `scopes`, `calendar`, `calendars`, `contacts`, `quota`, `authorisation` and, of the computer,
    /// `configuration`, `vault`, `database`, `disk`, `network`, `clock`.
    pub area: &'static str,
    /// The app user it is about, if it is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// How grave it is.
    pub level: Level,
    /// The article that tells more, where it is not good.
    #[serde(skip)]
    pub problem: Option<Problem>,
    /// Words for the line that a person reads.
    pub facts: Vec<(&'static str, String)>,
}

/// What a provider says of one part of an account.
#[derive(Debug)]
pub struct Examined {
    /// The part: `token`, `calendar`, `contacts`, `quota`.
    pub part: &'static str,
    /// What keeps it from working.
    pub error: Option<PortError>,
    /// Numbers for whoever reads it.
    pub facts: Vec<(&'static str, u64)>,
}

impl Examined {
    /// Tells how a part is.
    #[must_use]
    pub fn new(part: &'static str, error: Option<PortError>) -> Self {
        Examined { part, error, facts: Vec::new() }
    }
}

impl Finding {
    /// Makes a finding of something that is as it should be.
    #[must_use]
    pub fn good(area: &'static str) -> Self {
        Finding { area, user: None, level: Level::Good, problem: None, facts: Vec::new() }
    }

    /// Makes a finding of something that is not.
    #[must_use]
    pub fn bad(area: &'static str, level: Level, failure: &Failure) -> Self {
        Finding { area, user: None, level, problem: Some(failure.into()), facts: Vec::new() }
    }

    /// Adds a word.
    #[must_use]
    pub fn with(mut self, name: &'static str, word: impl Into<String>) -> Self {
        self.facts.push((name, word.into()));
        self
    }

    /// Says whom it is about.
    #[must_use]
    pub fn of(mut self, user: &str) -> Self {
        self.user = Some(user.to_owned());
        self
    }
}

/// Examines the accounts of every app user, or of one: the authorisation, what it covers, each service.
///
/// # Errors
///
/// `USE-102` for an app user who does not exist; those of the database. What is wrong with an account is a finding.
pub async fn examine(office: &Office, user: Option<&str>) -> Outcome<Vec<Finding>> {
    let mut found = Vec::new();
    let accounts = office.company.accounts().await?;
    let homeless = office.company.homeless().await?;
    for user in chosen_users(&*office.company, user).await? {
        if let Some(count) = homeless.get(&user.id) {
            let failure = without_calendar(&user.id, *count);
            found.push(Finding::bad("calendars", Level::Problem, &failure).of(&user.id));
        }
        let account = accounts
            .iter()
            .find(|account| account.user == user.id && account.state != AccountState::Disconnected);
        match account {
            Some(account) => found.extend(examine_account(office, &user, account).await?),
            None => {
                let failure = Failure::new(Code::Goog211).with(Detail::User, &user.id);
                found.push(Finding::bad("token", Level::Warning, &failure).of(&user.id));
            }
        }
    }
    Ok(found)
}

/// What is to be said of appointments that stand in no calendar.
#[must_use]
pub fn without_calendar(user: &str, count: u64) -> Failure {
    Failure::new(Code::Sync126).with(Detail::User, user).with(Detail::Count, count)
}

async fn examine_account(office: &Office, user: &AppUser, account: &Account) -> Outcome<Vec<Finding>> {
    let company = &*office.company;
    let mut found = Vec::new();
    let (mut alive, mut dead) = (false, false);
    for examined in office.provider.examine(account).await {
        let mut finding = match examined.error {
            None => {
                alive |= examined.part == "token";
                Finding::good(examined.part).with("account", &account.email)
            }
            Some(error) => {
                dead |= examined.part == "token"
                    && matches!(error.kind, ErrorKind::Unauthenticated | ErrorKind::Forbidden);
                let failure = Failure::of_port(Side::Remote, error)
                    .or_with(Detail::User, &user.id)
                    .or_with(Detail::Account, &account.email);
                let problem = lasting::explained(company, account, Problem::from(&failure)).await?;
                let mut finding = Finding::bad(examined.part, Level::Problem, &failure);
                finding.problem = Some(lasting::by_way(problem, office.provider.way(account)));
                finding
            }
        };
        finding.facts.extend(examined.facts.iter().map(|(name, number)| (*name, number.to_string())));
        found.push(finding.of(&user.id));
    }
    if dead {
        // What it covered, and for how long, would only belie what was just said.
        return Ok(found);
    }
    let scopes = withheld(office, user, account);
    let told = found.iter().any(|finding| finding.area == "scopes");
    found.extend(scopes.into_iter().filter(|finding| !told || finding.level != Level::Good));
    let now = office.clock.now();
    if alive {
        lasting::note_alive(company, account, now).await?;
    }
    let forecast = lasting::forecast(company, account).await?;
    found.push(age(user, account, forecast, now));
    Ok(found)
}

fn withheld(office: &Office, user: &AppUser, account: &Account) -> Vec<Finding> {
    let missing: Vec<&'static str> =
        crate::KINDS.into_iter().filter_map(|kind| office.provider.withheld(account, kind)).collect();
    let finding = |scope: &&'static str| {
        let failure = Failure::new(Code::Goog202).with(Detail::User, &user.id).with(Detail::Scope, *scope);
        Finding::bad("scopes", Level::Problem, &failure).of(&user.id)
    };
    match missing.as_slice() {
        [] => vec![Finding::good("scopes").of(&user.id)],
        missing => missing.iter().map(finding).collect(),
    }
}

fn age(user: &AppUser, account: &Account, forecast: Option<Forecast>, now: DateTime<Utc>) -> Finding {
    let days = (now - account.authorised).num_days().max(0).to_string();
    let finding = match forecast {
        Some(forecast) => Finding::bad("authorisation", Level::Warning, &forecast.warning(&user.id))
            .with("ends", forecast.ends.to_rfc3339()),
        None => Finding::good("authorisation"),
    };
    finding.of(&user.id).with("days", days)
}
