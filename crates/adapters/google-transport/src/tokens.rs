//! Access tokens: made from the stored refresh token, kept in memory, one refresh at a time.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use passerelle_ports::{Clock, Code, Detail, ErrorKind, PortError, PortResult};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use tokio::{sync::Mutex, time::Instant};

use crate::{
    Api, ClientSecretFile, Delegate, Endpoints, RequestCounter, RetryPolicy, answer::read,
    client::ApiResponse, error::Failure, identity,
};

/// How long before its end an access token is no longer used.
const MARGIN: Duration = Duration::from_secs(60);
/// The longest lifetime of an access token that is believed, whatever `expires_in` says.
const LONGEST_LIFE: Duration = Duration::from_secs(24 * 3600);
/// How long an access token lives when Google does not say (O15).
const USUAL_LIFE: u64 = 3599;

/// What is kept for an account between two runs.
#[derive(Clone, Debug)]
pub struct StoredToken {
    /// The refresh token.
    pub refresh_token: SecretString,
    /// When its owner consented: tells the 7 days of a project in "Testing" (O51) from other ends.
    pub granted: Option<DateTime<Utc>>,
    /// When Google said that it would end, if it said so (O15).
    pub ends: Option<DateTime<Utc>>,
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

    /// Waits until nobody else, in any process, renews the token of this account; until the guard is dropped, nobody
    /// else does. Without it, two processes could use up one refresh token twice where Google rotates it.
    async fn exclusive(&self) -> PortResult<Box<dyn Send>> {
        Ok(Box::new(()))
    }

    /// Returns Google's stable name of the account that the token is bound to, if it is known.
    fn subject(&self) -> Option<&str> {
        None
    }
}

struct Access {
    token: SecretString,
    until: Instant,
}

/// The access token of one account.
pub struct Tokens {
    http: reqwest::Client,
    endpoints: Endpoints,
    grant: Grant,
    clock: Arc<dyn Clock>,
    retry: RetryPolicy,
    counter: Arc<RequestCounter>,
    /// Held during a refresh: whoever comes meanwhile waits and gets its result.
    current: Mutex<Option<Access>>,
}

/// What an access token is made from.
enum Grant {
    /// A person's consent.
    Refresh { client: ClientSecretFile, store: Arc<dyn TokenStore> },
    /// The administrator's delegation to a service account.
    Delegated(Box<Delegate>),
}

#[derive(Deserialize)]
struct TokenAnswer {
    access_token: SecretString,
    expires_in: Option<u64>,
    refresh_token: Option<SecretString>,
    refresh_token_expires_in: Option<u64>,
    /// Comes with a refresh too where the identity was asked for.
    id_token: Option<SecretString>,
}

/// The life of an authorisation in a project in "Testing" (O51).
const TESTING: chrono::Duration = chrono::Duration::days(7);
/// How exactly a death must fall on that age to be put down to it.
const TESTING_MARGIN: chrono::Duration = chrono::Duration::hours(1);
/// How far two clocks may differ before Google refuses an assertion.
const SKEW: chrono::Duration = chrono::Duration::minutes(5);

/// Returns when a refresh token issued at `at` expires; `None` when that time is too large for `DateTime`, which is
/// then treated like an expiry that the server did not tell.
#[must_use]
pub fn refresh_token_expiry(at: DateTime<Utc>, lasts: Duration) -> Option<DateTime<Utc>> {
    at.checked_add_signed(chrono::Duration::from_std(lasts).ok()?)
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
        let grant = Grant::Refresh { client, store };
        Tokens { http, endpoints, grant, clock, retry, counter, current: Mutex::new(None) }
    }

    /// Makes the tokens of one person for whom a service account acts.
    #[must_use]
    pub fn delegated(
        http: reqwest::Client,
        endpoints: Endpoints,
        delegate: Delegate,
        clock: Arc<dyn Clock>,
        retry: RetryPolicy,
        counter: Arc<RequestCounter>,
    ) -> Self {
        let grant = Grant::Delegated(Box::new(delegate));
        Tokens { http, endpoints, grant, clock, retry, counter, current: Mutex::new(None) }
    }

    /// Returns the number of the project that the client belongs to, if its id tells.
    pub(crate) fn project_number(&self) -> Option<&str> {
        match &self.grant {
            Grant::Refresh { client, .. } => client.project_number(),
            Grant::Delegated(_) => None,
        }
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
        let asked = Instant::now();
        let answer = match &self.grant {
            Grant::Refresh { client, store } => self.renewed(client, &**store).await?,
            Grant::Delegated(delegate) => self.assert(delegate).await?,
        };
        // Adding a lifetime near the maximum to an `Instant` would panic.
        let life = Duration::from_secs(answer.expires_in.unwrap_or(USUAL_LIFE)).min(LONGEST_LIFE);
        let until = asked + life.saturating_sub(MARGIN.min(life / 10));
        *current = Some(Access { token: answer.access_token.clone(), until });
        Ok(answer.access_token)
    }

    async fn renewed(&self, client: &ClientSecretFile, store: &dyn TokenStore) -> PortResult<TokenAnswer> {
        let _alone = store.exclusive().await?;
        let stored = store.load().await?.ok_or_else(|| {
            PortError::new(ErrorKind::Unauthenticated, "token.refresh").with_code(Code::Goog205)
        })?;
        let mut form = vec![
            ("grant_type", "refresh_token"),
            ("client_id", client.client_id.as_str()),
            ("refresh_token", stored.refresh_token.expose_secret()),
        ];
        if let Some(secret) = &client.client_secret {
            form.push(("client_secret", secret.expose_secret()));
        }
        let response = self.post("token.refresh", &form).await.map_err(|failure| {
            // An administrator who has to trust the client needs its name (GOOG-109).
            self.explained(failure, &stored).with_detail(Detail::Client, client.client_id.clone())
        })?;
        let at = crate::error::date_of(&response.headers).unwrap_or_else(|| self.clock.now());
        let answer: TokenAnswer = response.json()?;
        let told = answer.id_token.as_ref();
        let told = told.and_then(|token| identity::from_id_token(token.expose_secret(), &client.client_id));
        if let (Some(told), Some(bound)) = (told, store.subject())
            && told.sub != bound
        {
            // Nothing is done in another account's name, whoever put its token there (I13).
            let error = PortError::new(ErrorKind::Unauthenticated, "token.refresh").with_code(Code::Goog203);
            return Err(error.with_detail(Detail::Account, told.email.unwrap_or(told.sub)));
        }
        if let Some(refresh_token) = answer.refresh_token.clone() {
            // Google keeps the old one today (O17); should it ever rotate, the new one is safe before anything
            // is done with it, and the old one is dropped by being replaced.
            let lasts = answer.refresh_token_expires_in.map(Duration::from_secs);
            let ends = lasts.map_or(stored.ends, |lasts| refresh_token_expiry(at, lasts));
            store.save(&StoredToken { refresh_token, granted: stored.granted, ends }).await?;
        }
        Ok(answer)
    }

    async fn assert(&self, delegate: &Delegate) -> PortResult<TokenAnswer> {
        let assertion = delegate.assertion(&self.endpoints, self.clock.now())?;
        let form = [
            ("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"),
            ("assertion", assertion.expose_secret()),
        ];
        match self.post("token.assertion", &form).await {
            Ok(response) => response.json(),
            Err(failure) => Err(self.not_delegated(failure, delegate)),
        }
    }

    async fn post(&self, operation: &'static str, form: &[(&str, &str)]) -> Result<ApiResponse, Failure> {
        let send = || {
            self.counter.count(Api::OAuth);
            let request = self.http.post(self.endpoints.token().clone()).form(&form);
            read(Api::OAuth, operation, request)
        };
        self.retry.patiently(send).await
    }

    /// A token that dies seven days after the consent, or when Google had said, tells that the project is in
    /// "Testing" (O51). Both times are Google's own.
    fn explained(&self, failure: Failure, stored: &StoredToken) -> PortError {
        let dead = failure.has_reason("invalid_grant") && failure.error().code == Some(Code::Goog205);
        let now = failure.date().unwrap_or_else(|| self.clock.now());
        let mut error = PortError::from(failure);
        if let Some(granted) = stored.granted.filter(|_| dead) {
            let age = now - granted;
            let on_the_day = (age - TESTING).abs() <= TESTING_MARGIN;
            let as_told = stored.ends.is_some_and(|ends| now >= ends - TESTING_MARGIN);
            if on_the_day || as_told {
                error.code = Some(Code::Goog204);
            }
            error = error.with_detail(Detail::AgeDays, age.num_days());
        }
        error
    }

    /// An assertion that is refused while the clocks differ says nothing about the delegation (O64).
    fn not_delegated(&self, failure: Failure, delegate: &Delegate) -> PortError {
        let skewed = failure.date().is_some_and(|date| (date - self.clock.now()).abs() > SKEW);
        let wrong_clock = failure.has_reason("invalid_grant") && skewed;
        let mut error = PortError::from(failure);
        if wrong_clock || error.code == Some(Code::Net104) {
            error.kind = ErrorKind::Unavailable;
            error.code = Some(Code::Net104);
        }
        error
            .with_detail(Detail::Client, delegate.key.client_id.clone())
            .with_detail(Detail::Account, delegate.subject.clone())
            .with_detail(Detail::Scopes, delegate.scopes.join(","))
    }
}
