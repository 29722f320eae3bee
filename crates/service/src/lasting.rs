//! How long a consent lasts: what is known of it in advance, and what its end tells about the next one.
//!
//! What must stay true: only evidence counts. That a project is in "Testing" is known because Google said so with
//! the consent, or because an authorisation died on its seventh day; and it is forgotten when one outlives it.

use chrono::{DateTime, Duration, Utc};
use passerelle_ports::{Code, Detail, PortResult};
use passerelle_sync_rules::digest_of;
use serde::Serialize;

use crate::{Account, Company, Failure, Problem};

/// The life of an authorisation in a project in "Testing".
const TESTING: Duration = Duration::days(7);
/// How exactly a death falls on that age.
const MARGIN: Duration = Duration::hours(1);
/// How many authorisations of one client an account may have before the oldest falls.
const LIVE: u64 = 100;

/// When an authorisation is going to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Forecast {
    /// When.
    pub ends: DateTime<Utc>,
    /// Whether Google said so for this authorisation; else it is what became of another one of the same client.
    pub told: bool,
}

impl Forecast {
    /// Returns it as what a person is told.
    #[must_use]
    pub fn warning(&self, user: &str) -> Failure {
        Failure::new(Code::Goog214).with(Detail::User, user)
    }
}

/// What a consent says about its own end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Term {
    /// The client that asked: its project, else its id.
    pub client: String,
    /// When Google said that it ends, if it did.
    pub ends: Option<DateTime<Utc>>,
}

/// Keeps what a new consent says about its end.
///
/// # Errors
///
/// Those of the database.
pub async fn note_consent(company: &dyn Company, account: &Account, term: &Term) -> PortResult<()> {
    let ends = term.ends.map(|ends| ends.to_rfc3339());
    company.set_memo(&of(account, "client"), Some(&term.client)).await?;
    company.set_memo(&of(account, "ends"), ends.as_deref()).await?;
    let counted = consents(account, &term.client);
    let before: u64 = company.memo(&counted).await?.and_then(|text| text.parse().ok()).unwrap_or(0);
    company.set_memo(&counted, Some(&(before + 1).to_string())).await?;
    // Which of them this one is: later ones make it fall.
    company.set_memo(&of(account, "turn"), Some(&(before + 1).to_string())).await?;
    if term.ends.is_some() {
        company.set_memo(&testing(&term.client), Some("told")).await?;
    } else if company.memo(&testing(&term.client)).await?.as_deref() == Some("told") {
        // Google limited it before and does not any more: the project was published.
        company.set_memo(&testing(&term.client), None).await?;
    }
    Ok(())
}

/// Forgets what is known of an account's authorisation, which was given back.
///
/// # Errors
///
/// Those of the database.
pub async fn forget_consent(company: &dyn Company, account: &Account) -> PortResult<()> {
    for what in ["client", "ends", "turn"] {
        company.set_memo(&of(account, what), None).await?;
    }
    Ok(())
}

/// Returns when an account's authorisation is going to end, where there is evidence that it is.
///
/// # Errors
///
/// Those of the database.
pub async fn forecast(company: &dyn Company, account: &Account) -> PortResult<Option<Forecast>> {
    if let Some(ends) = company.memo(&of(account, "ends")).await?.and_then(|text| moment(&text)) {
        return Ok(Some(Forecast { ends, told: true }));
    }
    let Some(client) = company.memo(&of(account, "client")).await? else { return Ok(None) };
    let known = company.memo(&testing(&client)).await?.is_some();
    Ok(known.then(|| Forecast { ends: account.authorised + TESTING, told: false }))
}

/// Learns from an authorisation that was good just now.
///
/// # Errors
///
/// Those of the database.
pub async fn note_alive(company: &dyn Company, account: &Account, now: DateTime<Utc>) -> PortResult<()> {
    if now - account.authorised <= TESTING + MARGIN {
        return Ok(());
    }
    if let Some(client) = company.memo(&of(account, "client")).await?
        && company.memo(&testing(&client)).await?.as_deref() == Some("seen")
    {
        company.set_memo(&testing(&client), None).await?;
    }
    Ok(())
}

/// Learns from an authorisation that has ended, and says by which article it is told.
///
/// # Errors
///
/// Those of the database.
pub async fn explained(company: &dyn Company, account: &Account, problem: Problem) -> PortResult<Problem> {
    let Some(client) = company.memo(&of(account, "client")).await? else { return Ok(problem) };
    match problem.code {
        Code::Goog204 => {
            if company.memo(&testing(&client)).await?.is_none() {
                company.set_memo(&testing(&client), Some("seen")).await?;
            }
            Ok(problem)
        }
        Code::Goog205 if later_ones(company, account, &client).await? >= LIVE => {
            Ok(Problem { code: Code::Goog206, ..problem })
        }
        _ => Ok(problem),
    }
}

/// Counts the authorisations of the same client and account that this installation has seen after this one.
async fn later_ones(company: &dyn Company, account: &Account, client: &str) -> PortResult<u64> {
    let number = |text: Option<String>| text.and_then(|text| text.parse().ok()).unwrap_or(0_u64);
    let all = number(company.memo(&consents(account, client)).await?);
    let ours = number(company.memo(&of(account, "turn")).await?);
    Ok(all.saturating_sub(ours))
}

fn of(account: &Account, what: &str) -> String {
    format!("account.{}.{what}", account.id)
}

fn testing(client: &str) -> String {
    format!("client.{client}.testing")
}

fn consents(account: &Account, client: &str) -> String {
    format!("client.{client}.consents.{}", digest_of(&account.subject).short())
}

fn moment(text: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(text).ok().map(|at| at.to_utc())
}

/// Puts a problem into the terms of whoever comes in by another way than a consent: nobody ticks boxes, and there is no
/// client whose secret could be replaced.
pub(crate) fn by_way(mut problem: Problem, way: Option<String>) -> Problem {
    let Some(way) = way else { return problem };
    let other = match problem.code {
        Code::Goog202 => Code::Goog115,
        Code::Goog106 => Code::Goog116,
        same => same,
    };
    problem.code = other;
    problem.context.push(Detail::Way(way));
    problem
}
