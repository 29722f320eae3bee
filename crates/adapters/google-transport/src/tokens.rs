//! Access tokens: made from the stored refresh token, kept in memory, one refresh at a time.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use passerelle_ports::{Clock, ErrorKind, PortError, PortResult};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use tokio::{sync::Mutex, time::Instant};

use crate::{
    Api, ClientSecretFile, Endpoints, RequestCounter, RetryPolicy,
    client::{ApiResponse, read},
    error::Failure,
};

/// How long before its end an access token is no longer used.
const MARGIN: Duration = Duration::from_secs(60);
/// How long an access token lives when Google does not say (O15).
const USUAL_LIFE: u64 = 3599;

/// What is kept for an account between two runs.
#[derive(Clone, Debug)]
pub struct StoredToken {
    /// The refresh token.
    pub refresh_token: SecretString,
    /// When its owner consented: tells the 7 days of a project in "Testing" (O51) from other ends.
    pub granted: Option<DateTime<Utc>>,
}

/// Where the refresh token of one account lives: the vault.
#[async_trait]
pub trait TokenStore: Send + Sync {
    /// Returns the stored token, or `None` when nobody has connected the account yet.
    ///
    /// # Errors
    ///
    /// Fails when the vault cannot be opened.
    async fn load(&self) -> PortResult<Option<StoredToken>>;

    /// Stores a token; the old one is given up only after this has succeeded.
    ///
    /// # Errors
    ///
    /// Fails when the vault cannot be written.
    async fn save(&self, token: &StoredToken) -> PortResult<()>;
}

struct Access {
    token: SecretString,
    until: Instant,
}

/// The access token of one account.
pub struct Tokens {
    http: reqwest::Client,
    endpoints: Endpoints,
    client: ClientSecretFile,
    store: Arc<dyn TokenStore>,
    clock: Arc<dyn Clock>,
    retry: RetryPolicy,
    counter: Arc<RequestCounter>,
    /// Held during a refresh: whoever comes meanwhile waits and gets its result.
    current: Mutex<Option<Access>>,
}

#[derive(Deserialize)]
struct TokenAnswer {
    access_token: SecretString,
    expires_in: Option<u64>,
    refresh_token: Option<SecretString>,
}

impl Tokens {
    /// Makes the tokens of one account.
    #[must_use]
    pub fn new(
        http: reqwest::Client,
        endpoints: Endpoints,
        client: ClientSecretFile,
        store: Arc<dyn TokenStore>,
        clock: Arc<dyn Clock>,
        retry: RetryPolicy,
        counter: Arc<RequestCounter>,
    ) -> Self {
        Tokens { http, endpoints, client, store, clock, retry, counter, current: Mutex::new(None) }
    }

    /// Returns an access token that is good for a while.
    ///
    /// # Errors
    ///
    /// `Unauthenticated` when the account must be connected again; `Unavailable` when Google cannot be
    /// reached, which says nothing about the stored token (O61).
    pub async fn access(&self) -> PortResult<SecretString> {
        let mut current = self.current.lock().await;
        match &*current {
            Some(access) if Instant::now() < access.until => Ok(access.token.clone()),
            _ => self.refresh(&mut current).await,
        }
    }

    /// Returns another access token than the one that Google has just refused.
    ///
    /// # Errors
    ///
    /// As [`Tokens::access`].
    pub async fn renew(&self, refused: &SecretString) -> PortResult<SecretString> {
        let mut current = self.current.lock().await;
        match &*current {
            Some(access) if access.token.expose_secret() != refused.expose_secret() => {
                Ok(access.token.clone())
            }
            _ => self.refresh(&mut current).await,
        }
    }

    async fn refresh(&self, current: &mut Option<Access>) -> PortResult<SecretString> {
        *current = None;
        let stored = self.store.load().await?.ok_or_else(|| {
            PortError::new(ErrorKind::Unauthenticated, "token.refresh").with_code("GOOG-205")
        })?;
        let asked = Instant::now();
        let answer: TokenAnswer = match self.post(&stored).await {
            Ok(response) => response.json()?,
            Err(failure) => return Err(self.explained(failure, &stored)),
        };
        if let Some(refresh_token) = answer.refresh_token {
            // Google keeps the old one today (O17); should it ever rotate, the new one is safe first.
            self.store.save(&StoredToken { refresh_token, granted: stored.granted }).await?;
        }
        let life = Duration::from_secs(answer.expires_in.unwrap_or(USUAL_LIFE));
        let until = asked + life.saturating_sub(MARGIN.min(life / 10));
        *current = Some(Access { token: answer.access_token.clone(), until });
        Ok(answer.access_token)
    }

    async fn post(&self, stored: &StoredToken) -> Result<ApiResponse, Failure> {
        let mut form = vec![
            ("grant_type", "refresh_token"),
            ("client_id", self.client.client_id.as_str()),
            ("refresh_token", stored.refresh_token.expose_secret()),
        ];
        if let Some(secret) = &self.client.client_secret {
            form.push(("client_secret", secret.expose_secret()));
        }
        let mut pauses = self.retry.pauses();
        loop {
            self.counter.count(Api::OAuth);
            let request = self.http.post(self.endpoints.token().clone()).form(&form);
            let failure = match read(Api::OAuth, "token.refresh", request).await {
                Ok(response) => return Ok(response),
                Err(failure) => failure,
            };
            let passing = matches!(failure.kind(), ErrorKind::Unavailable | ErrorKind::RateLimited);
            match self.retry.pause(&failure, pauses.next()) {
                Some(pause) if passing => tokio::time::sleep(pause).await,
                _ => return Err(failure),
            }
        }
    }

    /// A token that dies about 7 days after consent tells that the project is in "Testing" (O51).
    fn explained(&self, failure: Failure, stored: &StoredToken) -> PortError {
        let revoked = failure.has_reason("invalid_grant") && failure.error().code == Some("GOOG-205");
        let mut error = PortError::from(failure);
        if let Some(granted) = stored.granted.filter(|_| revoked) {
            let hours = (self.clock.now() - granted).num_hours();
            if (24 * 6 + 12..=24 * 8).contains(&hours) {
                error.code = Some("GOOG-204");
            }
            error = error.with_detail("age_days", (hours / 24).to_string());
        }
        error
    }
}
