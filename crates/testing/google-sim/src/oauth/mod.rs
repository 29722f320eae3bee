//! Google's OAuth: the consent page, codes, tokens and the ways they die.

mod authorize;
mod identity;
mod jwt;
mod page;
mod scopes;
mod token;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

pub use scopes::{canonical, known as known_scope};

use crate::rng::Rng;

/// A client that was configured; without any, every id and secret is accepted.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Client {
    /// Holds the client id.
    pub client_id: String,
    /// Holds the secret that must be sent.
    pub client_secret: Option<String>,
    /// Tells that Google deleted the client (O52).
    pub deleted: bool,
    /// Tells that this is a web client: its redirects must be registered.
    pub web: bool,
    /// Holds the registered redirects of a web client.
    pub redirect_uris: Vec<String>,
}

/// What a person (or a test in a person's place) answers on the consent page.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Choice {
    /// Presses Cancel.
    pub cancel: bool,
    /// Leaves these boxes empty (O40).
    pub untick: Vec<String>,
    /// Chooses this account, whatever the hint said (O25).
    pub account: Option<String>,
    /// Shows a page with this error code instead; the program gets no call (O60).
    pub page_error: Option<String>,
    /// Says how often the choice is applied; absent means always.
    pub times: Option<u32>,
}

#[derive(Debug, Clone)]
struct Code {
    client_id: String,
    redirect_uri: String,
    account: String,
    scopes: Vec<String>,
    challenge: Option<(String, String)>,
    issued: DateTime<Utc>,
    redeemed: bool,
    with_refresh: bool,
    nonce: Option<String>,
}

/// An access token.
#[derive(Debug, Clone)]
pub struct Access {
    /// Holds the account it acts for.
    pub account: String,
    /// Holds the client it was given to.
    pub client_id: String,
    /// Holds the granted scopes.
    pub scopes: Vec<String>,
    /// Tells when it expires.
    pub expires: DateTime<Utc>,
    refresh: Option<String>,
    service_account: bool,
}

#[derive(Debug, Clone)]
struct Refresh {
    account: String,
    client_id: String,
    scopes: Vec<String>,
    issued: DateTime<Utc>,
    used: DateTime<Utc>,
    serial: u64,
    /// The token that this one replaced: it dies when this one is first used.
    replaces: Option<String>,
    /// The error body that a use of the token plays, once it is dead.
    dead: Option<String>,
    /// Whether another one took its place: the access tokens that it gave live on (RFC 9700, section 4.14).
    replaced: bool,
}

/// Whether the project is published (O51).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Publishing {
    /// External and in testing: refresh tokens live seven days.
    Testing,
    /// In production.
    #[default]
    Production,
    /// Internal to a Workspace organisation.
    Internal,
}

/// The Cloud project that owns the clients.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Project {
    /// Holds the publishing status.
    pub publishing: Publishing,
    /// Holds the test users; empty means anybody.
    pub test_users: Vec<String>,
    /// Holds the disabled services, for example `calendar-json.googleapis.com`.
    pub disabled_apis: Vec<String>,
    /// Tells whether domain-wide delegation was granted to service accounts (O101).
    pub delegation: bool,
    /// Holds the scopes that were delegated, exactly as entered; empty means any (O101).
    pub delegated_scopes: Vec<String>,
    /// Holds the RSA public key (PEM) that service accounts must sign with; absent means any.
    pub service_account_key: Option<String>,
    /// Tells whether the page warns that the app was not verified (O81).
    pub unverified_warning: bool,
    /// Shows the consent page of this name to the person.
    pub app_name: String,
}

impl Default for Project {
    fn default() -> Self {
        Self {
            publishing: Publishing::Production,
            test_users: Vec::new(),
            disabled_apis: Vec::new(),
            delegation: true,
            delegated_scopes: Vec::new(),
            service_account_key: None,
            unverified_warning: false,
            app_name: "Passerelle".to_owned(),
        }
    }
}

/// Codes, tokens and grants of all accounts.
#[derive(Debug, Clone, Default)]
pub struct OAuth {
    clients: BTreeMap<String, Client>,
    choice: Choice,
    codes: BTreeMap<String, Code>,
    access: BTreeMap<String, Access>,
    refresh: BTreeMap<String, Refresh>,
    grants: BTreeMap<(String, String), BTreeSet<String>>,
    serial: u64,
}

const ACCESS_LIFE: i64 = 3600;
const CODE_LIFE_MINUTES: i64 = 10;
const LIVE_TOKENS: usize = 100;

/// Why a bearer token is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// No such token was ever given.
    Unknown,
    /// The token expired or was revoked.
    Dead,
}

impl OAuth {
    /// Adds or replaces a client; from then on unknown clients are refused.
    pub fn configure_client(&mut self, client: Client) {
        self.clients.insert(client.client_id.clone(), client);
    }

    /// Sets what the next consents answer.
    pub fn set_choice(&mut self, choice: Choice) {
        self.choice = choice;
    }

    fn take_choice(&mut self) -> Choice {
        let choice = self.choice.clone();
        if let Some(times) = self.choice.times.as_mut() {
            *times = times.saturating_sub(1);
            if *times == 0 {
                self.choice = Choice::default();
            }
        }
        choice
    }

    /// Looks up a bearer token.
    ///
    /// # Errors
    ///
    /// Returns why the token is refused.
    pub fn check_access(&self, token: &str, now: DateTime<Utc>) -> Result<&Access, Refusal> {
        let access = self.access.get(token).ok_or(Refusal::Unknown)?;
        let revoked = access
            .refresh
            .as_ref()
            .and_then(|refresh| self.refresh.get(refresh))
            .is_some_and(|refresh| refresh.dead.is_some() && !refresh.replaced);
        if access.expires <= now || revoked {
            return Err(Refusal::Dead);
        }
        Ok(access)
    }

    /// Tells whether a token belongs to a service account acting as itself.
    #[must_use]
    pub fn is_service_account(access: &Access) -> bool {
        access.service_account
    }

    /// Gives an access and a refresh token without any page, for tests.
    pub fn issue(
        &mut self,
        rng: &mut Rng,
        account: &str,
        client_id: &str,
        scopes: &[String],
        now: DateTime<Utc>,
    ) -> (String, String) {
        self.grants
            .entry((account.to_owned(), client_id.to_owned()))
            .or_default()
            .extend(scopes.iter().cloned());
        let refresh = self.new_refresh(rng, account, client_id, scopes, now);
        let access = self.new_access(rng, account, client_id, scopes, Some(&refresh), now);
        (access, refresh)
    }

    fn new_access(
        &mut self,
        rng: &mut Rng,
        account: &str,
        client_id: &str,
        scopes: &[String],
        refresh: Option<&str>,
        now: DateTime<Utc>,
    ) -> String {
        let token = format!("ya29.a0{}", rng.token(120));
        self.access.insert(
            token.clone(),
            Access {
                account: account.to_owned(),
                client_id: client_id.to_owned(),
                scopes: scopes.to_vec(),
                expires: now + Duration::seconds(ACCESS_LIFE),
                refresh: refresh.map(str::to_owned),
                service_account: false,
            },
        );
        token
    }

    /// Makes a refresh token; beyond a hundred live ones the oldest dies (O50).
    fn new_refresh(
        &mut self,
        rng: &mut Rng,
        account: &str,
        client_id: &str,
        scopes: &[String],
        now: DateTime<Utc>,
    ) -> String {
        self.serial += 1;
        let token = format!("1//0{}", rng.token(90));
        self.refresh.insert(
            token.clone(),
            Refresh {
                account: account.to_owned(),
                client_id: client_id.to_owned(),
                scopes: scopes.to_vec(),
                issued: now,
                used: now,
                serial: self.serial,
                replaces: None,
                dead: None,
                replaced: false,
            },
        );
        let mut live: Vec<_> = self
            .refresh
            .values_mut()
            .filter(|r| r.account == account && r.client_id == client_id && r.dead.is_none())
            .collect();
        live.sort_by_key(|refresh| refresh.serial);
        let surplus = live.len().saturating_sub(LIVE_TOKENS);
        for refresh in live.into_iter().take(surplus) {
            refresh.dead = Some(REVOKED.to_owned());
        }
        token
    }

    /// Ends every access token of an account, as time would.
    pub fn expire_access(&mut self, account: Option<&str>, now: DateTime<Utc>) {
        for access in self.access.values_mut() {
            if account.is_none_or(|wanted| wanted == access.account) {
                access.expires = access.expires.min(now);
            }
        }
    }

    /// Ends every refresh token of an account; each use plays the given body from then on.
    pub fn expire_refresh(&mut self, account: Option<&str>, body: Option<&str>) {
        for refresh in self.refresh.values_mut() {
            if account.is_none_or(|wanted| wanted == refresh.account) {
                refresh.dead = Some(body.unwrap_or(REVOKED).to_owned());
                refresh.replaced = false;
            }
        }
    }

    /// Returns all there is, without any token in clear.
    #[must_use]
    pub fn dump(&self) -> Value {
        let refresh: Vec<_> = self
            .refresh
            .values()
            .map(|r| {
                json!({"account": r.account, "clientId": r.client_id, "scopes": r.scopes,
                       "issued": r.issued, "alive": r.dead.is_none()})
            })
            .collect();
        json!({"accessTokens": self.access.len(), "refreshTokens": refresh,
               "grants": self.grants.iter().map(|((account, client), scopes)| {
                   json!({"account": account, "clientId": client, "scopes": scopes})
               }).collect::<Vec<_>>()})
    }
}

const REVOKED: &str = "oauth-token-invalid_grant-revoked";
