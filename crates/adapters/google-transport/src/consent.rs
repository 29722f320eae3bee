//! Consent in the system's browser: loopback redirect, PKCE, one attempt at a time (RFC 8252).

use std::{borrow::Cow, time::Duration};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use oauth2::{
    AuthType, AuthUrl, AuthorizationCode, ClientId, ClientSecret, CsrfToken, EndpointNotSet, EndpointSet,
    ExtraTokenFields, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, RequestTokenError, Scope,
    StandardRevocableToken, StandardTokenResponse, TokenResponse, TokenUrl,
    basic::{
        BasicErrorResponse, BasicRevocationErrorResponse, BasicTokenIntrospectionResponse, BasicTokenType,
    },
};
use passerelle_ports::{Code, Detail, ErrorKind, PortError, PortResult};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;
use tokio::{
    sync::mpsc::UnboundedReceiver,
    time::{Instant, timeout_at},
};
use url::Url;

use crate::{
    Api, ClientSecretFile, Elsewhere, Endpoints, ISSUER, RetryPolicy,
    answer::read,
    identity::{self, Identity},
    listener::Listener,
    oauth_http::OauthHttp,
};

/// What to ask the account's owner.
#[derive(Clone, Debug)]
pub struct ConsentRequest {
    /// Who asks.
    pub client: ClientSecretFile,
    /// What is asked for.
    pub scopes: Vec<String>,
    /// The address that the page shall propose; only a hint (O25).
    pub login_hint: Option<String>,
    /// Whether the question is shown even if it was answered before: needed once when a consent brought no
    /// refresh token (O16).
    pub force_prompt: bool,
    /// How long to wait for the browser; five minutes is usual.
    pub limit: Duration,
    /// How often the code is exchanged again where Google or the network fails in passing (O61).
    pub retry: RetryPolicy,
}

impl ConsentRequest {
    /// Makes a request with the usual five minutes.
    #[must_use]
    pub fn new(client: ClientSecretFile, scopes: &[&str]) -> Self {
        ConsentRequest {
            client,
            scopes: scopes.iter().map(ToString::to_string).collect(),
            login_hint: None,
            force_prompt: false,
            limit: Duration::from_secs(300),
            retry: RetryPolicy::default(),
        }
    }
}

/// What the account's owner granted.
#[derive(Clone, Debug)]
pub struct Consent {
    /// The refresh token: to be stored in the vault.
    pub refresh_token: SecretString,
    /// An access token that is good for about an hour.
    pub access_token: SecretString,
    /// What was granted, which may be less than was asked (O40): see [`crate::missing_scopes`].
    pub granted_scopes: Vec<String>,
    /// Google's stable name of the account.
    pub subject: String,
    /// The account's address, if it may be known.
    pub email: Option<String>,
    /// When Google gave it, by Google's own clock.
    pub at: Option<DateTime<Utc>>,
    /// For how long the refresh token is good, where Google limits it: seven days in "Testing" (O15, O51).
    pub lasts: Option<Duration>,
}

/// What may come beside the browser, from whoever runs the program.
#[derive(Debug)]
pub enum Arrival {
    /// The address that a browser ended on, copied from its address bar (O20).
    Pasted(String),
    /// A code that another computer got for this one.
    Elsewhere(Elsewhere),
}

/// Why an attempt, or one pasted address, came to nothing.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConsentError {
    /// No port of the loopback could be taken.
    #[error("no local port could be taken for the browser's answer")]
    Bind(#[source] std::io::Error),
    /// The system gave no random numbers.
    #[error("the system gave no random numbers")]
    Random,
    /// An address is not one.
    #[error("an address of the consent could not be built")]
    Address(#[from] url::ParseError),
    /// The browser did not come back in time.
    #[error("the browser did not come back in time")]
    TimedOut,
    /// The pasted text is no answer to this attempt; the attempt goes on.
    #[error("this address is not the answer to this request")]
    NotTheAnswer,
    /// The owner said no, or Google refused.
    #[error("consent was refused: {0}")]
    Refused(String),
    /// The attempt has been used.
    #[error("this attempt is over")]
    Over,
    /// Google gave no refresh token: ask once more with `force_prompt`.
    #[error("Google gave no lasting authorisation")]
    NoRefreshToken,
    /// Google did not say who the account is.
    #[error("Google did not say which account this is")]
    NoIdentity,
    /// The exchange with Google failed.
    #[error(transparent)]
    Google(#[from] PortError),
}

impl ConsentError {
    /// Returns the code of the catalogue, if a person can meet this.
    #[must_use]
    pub fn code(&self) -> Option<Code> {
        match self {
            ConsentError::Bind(_) => Some(Code::Net105),
            ConsentError::TimedOut => Some(Code::Goog208),
            ConsentError::NotTheAnswer | ConsentError::Over => Some(Code::Goog209),
            ConsentError::Refused(reason) => Some(match reason.as_str() {
                "admin_policy_enforced" => Code::Goog109,
                "org_internal" => Code::Goog108,
                "disallowed_useragent" => Code::Goog110,
                "redirect_uri_mismatch" => Code::Goog105,
                "invalid_client" | "unauthorized_client" => Code::Goog106,
                "deleted_client" => Code::Goog107,
                "invalid_scope" => Code::Goog114,
                "server_error" | "temporarily_unavailable" => Code::Goog311,
                _ => Code::Goog201,
            }),
            ConsentError::NoRefreshToken => Some(Code::Goog207),
            ConsentError::Google(error) => error.code,
            ConsentError::NoIdentity => Some(Code::Goog314),
            ConsentError::Random | ConsentError::Address(_) => None,
        }
    }
}

/// What only a member of ours sees of the token answer.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Extra {
    id_token: Option<IdToken>,
    refresh_token_expires_in: Option<u64>,
}

/// An identity token, which names a person and must not be printed.
#[derive(Clone, Default, Serialize, Deserialize)]
struct IdToken(String);

impl std::fmt::Debug for IdToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[redacted]")
    }
}

impl ExtraTokenFields for Extra {}

type Answered = StandardTokenResponse<Extra, BasicTokenType>;
type OauthClient = oauth2::Client<
    BasicErrorResponse,
    Answered,
    BasicTokenIntrospectionResponse,
    StandardRevocableToken,
    BasicRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointSet,
>;

/// One attempt to get consent: it can succeed once.
///
/// The program shows the address, then waits for the browser; beside that it may offer to paste the address
/// that another computer's browser ended on (O20).
pub struct ConsentAttempt {
    http: reqwest::Client,
    endpoints: Endpoints,
    oauth: OauthClient,
    client_id: String,
    asked: Vec<String>,
    listener: Listener,
    redirect: Url,
    state: SecretString,
    verifier: Option<PkceCodeVerifier>,
    deadline: Instant,
    retry: RetryPolicy,
}

/// What came back, once it is known to belong to this attempt.
enum Callback {
    Code(SecretString),
    Refused(String),
    Elsewhere(Elsewhere),
}

impl ConsentAttempt {
    /// Takes a local port and returns the attempt with the address to open in the system's browser.
    ///
    /// # Errors
    ///
    /// Fails when no port can be taken.
    pub async fn start(
        http: reqwest::Client,
        endpoints: Endpoints,
        request: ConsentRequest,
    ) -> Result<(Self, Url), ConsentError> {
        let listener = Listener::bind().await.map_err(ConsentError::Bind)?;
        let redirect = Url::parse(&format!("http://127.0.0.1:{}/{}", listener.port(), random::<16>()?))?;
        let state = random::<32>()?;
        let mut oauth = oauth2::Client::new(ClientId::new(request.client.client_id.clone()))
            .set_auth_uri(AuthUrl::from_url(endpoints.auth().clone()))
            .set_token_uri(TokenUrl::from_url(endpoints.token().clone()))
            .set_redirect_uri(RedirectUrl::from_url(redirect.clone()))
            .set_auth_type(AuthType::RequestBody);
        if let Some(secret) = &request.client.client_secret {
            oauth = oauth.set_client_secret(ClientSecret::new(secret.expose_secret().to_owned()));
        }
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let for_url = state.clone();
        let mut ask = oauth
            .authorize_url(move || CsrfToken::new(for_url))
            .set_pkce_challenge(challenge)
            .add_extra_param("access_type", "offline")
            .add_scopes(request.scopes.iter().cloned().map(Scope::new));
        if request.force_prompt {
            ask = ask.add_extra_param("prompt", "consent");
        }
        if let Some(hint) = request.login_hint {
            ask = ask.add_extra_param("login_hint", hint);
        }
        let (url, _) = ask.url();
        let attempt = ConsentAttempt {
            http,
            endpoints,
            oauth,
            client_id: request.client.client_id,
            asked: request.scopes,
            listener,
            redirect,
            state: state.into(),
            verifier: Some(verifier),
            deadline: Instant::now() + request.limit,
            retry: request.retry,
        };
        Ok((attempt, url))
    }

    /// Waits for the browser and exchanges its code. Dropping the future loses nothing: the attempt can be
    /// waited for again, or finished with [`ConsentAttempt::finish_with_pasted`].
    ///
    /// Whatever else calls at the port is answered with a neutral page and does not end the attempt (T7).
    ///
    /// # Errors
    ///
    /// Fails when time is up, when the owner said no, or when Google refuses the exchange.
    pub async fn wait(&mut self) -> Result<Consent, ConsentError> {
        if self.verifier.is_none() {
            return Err(ConsentError::Over);
        }
        let callback = {
            let accept = |target: &str| self.accepted(&self.redirect.join(target).ok()?);
            timeout_at(self.deadline, self.listener.wait(accept)).await.map_err(|_| ConsentError::TimedOut)?
        };
        self.finish(callback).await
    }

    /// Waits for the browser and for what arrives beside it, whichever comes first.
    ///
    /// An arrival that is not the answer to this attempt is told to `refused` and changes nothing.
    ///
    /// # Errors
    ///
    /// As [`ConsentAttempt::wait`].
    pub async fn wait_beside(
        &mut self,
        arrivals: &mut UnboundedReceiver<Arrival>,
        refused: &(dyn Fn(&ConsentError) + Send + Sync),
    ) -> Result<Consent, ConsentError> {
        let callback = self.first(arrivals, refused).await?;
        self.finish(callback).await
    }

    /// Waits like [`ConsentAttempt::wait_beside`] for the code alone, which another computer will redeem.
    ///
    /// # Errors
    ///
    /// As [`ConsentAttempt::wait`], but Google is not asked.
    pub async fn wait_for_code(
        &mut self,
        arrivals: &mut UnboundedReceiver<Arrival>,
        refused: &(dyn Fn(&ConsentError) + Send + Sync),
    ) -> Result<Elsewhere, ConsentError> {
        let callback = self.first(arrivals, refused).await?;
        let verifier = self.verifier.take().ok_or(ConsentError::Over)?;
        match callback {
            Callback::Refused(reason) => Err(ConsentError::Refused(reason)),
            Callback::Elsewhere(code) => Ok(code),
            Callback::Code(code) => Ok(Elsewhere {
                client_id: self.client_id.clone(),
                redirect: self.redirect.clone(),
                code,
                verifier: verifier.secret().clone().into(),
            }),
        }
    }

    /// Returns the local port that the browser comes back to.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.listener.port()
    }

    async fn first(
        &self,
        arrivals: &mut UnboundedReceiver<Arrival>,
        refused: &(dyn Fn(&ConsentError) + Send + Sync),
    ) -> Result<Callback, ConsentError> {
        if self.verifier.is_none() {
            return Err(ConsentError::Over);
        }
        let accept = |target: &str| self.accepted(&self.redirect.join(target).ok()?);
        let browser = self.listener.wait(accept);
        let beside = async {
            while let Some(arrival) = arrivals.recv().await {
                match self.arrived(arrival) {
                    Some(callback) => return callback,
                    None => refused(&ConsentError::NotTheAnswer),
                }
            }
            // Nothing more can arrive: the browser still can.
            std::future::pending().await
        };
        let either = async {
            tokio::select! {
                callback = browser => callback,
                callback = beside => callback,
            }
        };
        timeout_at(self.deadline, either).await.map_err(|_| ConsentError::TimedOut)
    }

    fn arrived(&self, arrival: Arrival) -> Option<Callback> {
        match arrival {
            Arrival::Pasted(text) => self.accepted(&pasted(&text)?),
            // A code of another client could not be redeemed here.
            Arrival::Elsewhere(code) => {
                (code.client_id == self.client_id).then_some(Callback::Elsewhere(code))
            }
        }
    }

    /// Finishes with the address that a browser ended on, copied from its address bar: it is checked exactly
    /// as if the browser had come here.
    ///
    /// # Errors
    ///
    /// [`ConsentError::NotTheAnswer`] leaves the attempt open; everything else ends it.
    pub async fn finish_with_pasted(&mut self, text: &str) -> Result<Consent, ConsentError> {
        if self.verifier.is_none() || Instant::now() > self.deadline {
            return Err(ConsentError::Over);
        }
        let callback = self.arrived(Arrival::Pasted(text.to_owned())).ok_or(ConsentError::NotTheAnswer)?;
        self.finish(callback).await
    }

    /// Reads an answer, if it is the answer to this attempt.
    fn accepted(&self, url: &Url) -> Option<Callback> {
        let ours = url.scheme() == self.redirect.scheme()
            && url.host() == self.redirect.host()
            && url.port() == self.redirect.port()
            && same(url.path(), self.redirect.path());
        let state = single(url, "state")?;
        // Both comparisons are made, in constant time, whatever the first one says.
        let right_state = same(&state, self.state.expose_secret());
        if !(ours & right_state) {
            return None;
        }
        if single(url, "iss").is_some_and(|issuer| issuer != ISSUER) {
            return None; // RFC 9207: another server's answer
        }
        if let Some(error) = single(url, "error") {
            let word = error.chars().filter(|c| c.is_ascii_lowercase() || *c == '_').take(40).collect();
            return Some(Callback::Refused(word));
        }
        single(url, "code").filter(|code| !code.is_empty()).map(|code| Callback::Code(code.into()))
    }

    async fn finish(&mut self, callback: Callback) -> Result<Consent, ConsentError> {
        // From here on the state is used up, whatever comes (T7).
        let verifier = self.verifier.take().ok_or(ConsentError::Over)?;
        let (code, verifier, redirect) = match callback {
            Callback::Refused(reason) => return Err(ConsentError::Refused(reason)),
            Callback::Code(code) => (code, verifier, self.redirect.clone()),
            Callback::Elsewhere(there) => {
                let verifier = PkceCodeVerifier::new(there.verifier.expose_secret().to_owned());
                (there.code, verifier, there.redirect)
            }
        };
        let http = OauthHttp::new(&self.http, "token.exchange", self.retry);
        let answer = self
            .oauth
            .exchange_code(AuthorizationCode::new(code.expose_secret().to_owned()))
            .set_pkce_verifier(verifier)
            .set_redirect_uri(Cow::Owned(RedirectUrl::from_url(redirect)))
            .request_async(&http)
            .await
            .map_err(exchange_error)?;
        self.consent(&answer, http.date()).await
    }

    async fn consent(&self, answer: &Answered, at: Option<DateTime<Utc>>) -> Result<Consent, ConsentError> {
        let access_token = SecretString::from(answer.access_token().secret().clone());
        let told = answer.extra_fields().id_token.as_ref();
        let identity = match told.and_then(|token| identity::from_id_token(&token.0, &self.client_id)) {
            Some(identity) => identity,
            None => self.userinfo(&access_token).await?,
        };
        let refresh_token = answer.refresh_token().ok_or(ConsentError::NoRefreshToken)?;
        // An answer without scopes grants what was asked (RFC 6749 section 5.1).
        let granted_scopes = match answer.scopes() {
            Some(scopes) => scopes.iter().flat_map(|scope| scope.split(' ')).map(str::to_owned).collect(),
            None => self.asked.clone(),
        };
        Ok(Consent {
            refresh_token: refresh_token.secret().clone().into(),
            access_token,
            granted_scopes,
            subject: identity.sub,
            email: identity.email,
            at,
            lasts: answer.extra_fields().refresh_token_expires_in.map(Duration::from_secs),
        })
    }

    async fn userinfo(&self, token: &SecretString) -> Result<Identity, ConsentError> {
        identity::of_token(&self.http, &self.endpoints, token).await?.ok_or(ConsentError::NoIdentity)
    }
}

/// Takes back an authorisation: all that the account gave to the whole project (O62).
///
/// A token that is already dead counts as taken back.
///
/// # Errors
///
/// Fails when Google cannot be reached or refuses for another reason.
pub async fn revoke(
    http: &reqwest::Client,
    endpoints: &Endpoints,
    token: &SecretString,
    retry: &RetryPolicy,
) -> PortResult<()> {
    let send = || {
        let request = http.post(endpoints.revoke().clone()).form(&[("token", token.expose_secret())]);
        read(Api::OAuth, "token.revoke", request)
    };
    match retry.patiently(send).await {
        Ok(_) => Ok(()),
        Err(failure) if failure.has_reason("invalid_token") => Ok(()),
        Err(failure) => Err(failure.into()),
    }
}

fn exchange_error(
    error: RequestTokenError<crate::oauth_http::OauthFailure, BasicErrorResponse>,
) -> ConsentError {
    match error {
        RequestTokenError::Request(failure) => ConsentError::Google(failure.0.into()),
        // The body, which may hold a token, stays out of the error.
        RequestTokenError::Parse(..) | RequestTokenError::ServerResponse(_) | RequestTokenError::Other(_) => {
            let error = PortError::new(ErrorKind::Unexpected, "token.exchange").with_code(Code::Goog314);
            ConsentError::Google(error.with_detail(Detail::Place, "token"))
        }
    }
}

/// Returns the value of a parameter that occurs exactly once.
fn single(url: &Url, name: &str) -> Option<String> {
    let mut values = url.query_pairs().filter(|(key, _)| key == name).map(|(_, value)| value.into_owned());
    let value = values.next()?;
    values.next().is_none().then_some(value)
}

/// Reads an address as people paste it: in quotes, in brackets, broken into lines.
fn pasted(text: &str) -> Option<Url> {
    let text: String = text.trim().trim_matches(['"', '\'', '<', '>']).split_whitespace().collect();
    Url::parse(&text).ok()
}

fn same(left: &str, right: &str) -> bool {
    left.as_bytes().ct_eq(right.as_bytes()).into()
}

fn random<const N: usize>() -> Result<String, ConsentError> {
    let mut bytes = [0_u8; N];
    getrandom::fill(&mut bytes).map_err(|_| ConsentError::Random)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}
