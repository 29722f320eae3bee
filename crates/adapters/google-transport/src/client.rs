//! One account's calls to Google: paced, counted, repeated where that is harmless.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
    time::Duration,
};

use backon::{BackoffBuilder, ExponentialBuilder};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use passerelle_ports::{Code, Detail, ErrorKind, PortError, PortResult};
use secrecy::{ExposeSecret, SecretString};
use serde::{Serialize, de::DeserializeOwned};
use url::Url;

use crate::{
    Endpoints, Pace, Tokens,
    answer::{read, read_picture},
    error::{Failure, date_of},
    pace::Pacer,
};

/// Which of Google's services is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Api {
    /// Calendar v3.
    Calendar,
    /// People v1.
    People,
    /// Consent, tokens, identity.
    OAuth,
}

/// How long a call may take with all its repetitions: answers that drip in would else take many times as long.
const LONGEST: Duration = Duration::from_secs(150);

/// What is left of the patience with one call: how many pauses, and how much time.
///
/// The time is measured by the stopwatch of the runtime and not by the clock that is handed in: it decides when to
/// stop waiting and nothing that is kept, and a wall clock that somebody sets would end a call at once or never.
pub(crate) struct Patience<P> {
    pauses: P,
    begun: tokio::time::Instant,
    policy: RetryPolicy,
}

impl<P: Iterator<Item = Duration>> Patience<P> {
    /// The pause before the next attempt, or `None` when it is better to give up.
    pub(crate) fn pause(&mut self, failure: &Failure) -> Option<Duration> {
        let pause = self.policy.pause(failure, self.pauses.next())?;
        (self.begun.elapsed().saturating_add(pause) <= LONGEST).then_some(pause)
    }
}

/// How often and how slowly a failed call is repeated (C201).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    /// How many times a call is repeated at most.
    pub repeats: usize,
    /// The first pause; each next one is about twice as long.
    pub first: Duration,
    /// The longest pause; a longer `Retry-After` ends the call instead.
    pub longest: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        RetryPolicy { repeats: 5, first: Duration::from_secs(1), longest: Duration::from_secs(32) }
    }
}

impl RetryPolicy {
    /// The patience with a call that begins now.
    pub(crate) fn patience(self) -> Patience<impl Iterator<Item = Duration> + use<>> {
        let pauses = ExponentialBuilder::default()
            .with_min_delay(self.first)
            .with_max_delay(self.longest)
            .with_max_times(self.repeats)
            .with_jitter()
            .build();
        Patience { pauses, begun: tokio::time::Instant::now(), policy: self }
    }

    fn pause(self, failure: &Failure, planned: Option<Duration>) -> Option<Duration> {
        let planned = planned?;
        match failure.error().retry_after {
            Some(said) if said > self.longest => None,
            Some(said) => Some(said.max(planned)),
            None => Some(planned),
        }
    }

    /// Sends a request of the token end point, again where Google or the network failed in passing (O61).
    pub(crate) async fn patiently<F: Future<Output = Result<ApiResponse, Failure>>>(
        &self,
        send: impl Fn() -> F,
    ) -> Result<ApiResponse, Failure> {
        let mut patience = self.patience();
        loop {
            let failure = match send().await {
                Ok(response) => return Ok(response),
                Err(failure) => failure,
            };
            let passing =
                matches!(failure.kind(), ErrorKind::Unavailable | ErrorKind::RateLimited) && !failure.once;
            match patience.pause(&failure) {
                Some(pause) if passing => tokio::time::sleep(pause).await,
                _ => return Err(failure),
            }
        }
    }
}

/// How many requests were sent, for the report: one count for each API.
#[derive(Debug, Default)]
pub struct RequestCounter {
    calendar: AtomicU64,
    people: AtomicU64,
    oauth: AtomicU64,
    may_mail: AtomicU64,
}

impl RequestCounter {
    fn of(&self, api: Api) -> &AtomicU64 {
        match api {
            Api::Calendar => &self.calendar,
            Api::People => &self.people,
            Api::OAuth => &self.oauth,
        }
    }

    pub(crate) fn count(&self, api: Api) {
        self.of(api).fetch_add(1, Ordering::Relaxed);
    }

    /// Returns how many requests went to one API, repetitions included.
    #[must_use]
    pub fn sent_to(&self, api: Api) -> u64 {
        self.of(api).load(Ordering::Relaxed)
    }

    /// Returns how many writes of events were sent without forbidding Google to mail the guests (I8).
    #[must_use]
    pub fn may_mail(&self) -> u64 {
        self.may_mail.load(Ordering::Relaxed)
    }

    pub(crate) fn count_mailing(&self) {
        self.may_mail.fetch_add(1, Ordering::Relaxed);
    }

    /// Returns how many requests were sent in all.
    #[must_use]
    pub fn total(&self) -> u64 {
        [Api::Calendar, Api::People, Api::OAuth].into_iter().map(|api| self.sent_to(api)).sum()
    }
}

/// One call to be made.
#[derive(Clone)]
pub struct Call {
    api: Api,
    operation: &'static str,
    method: Method,
    url: Url,
    headers: HeaderMap,
    body: Option<Bytes>,
    repeatable: bool,
}

impl Call {
    /// Makes a call; `operation` names it in errors, such as `events.list`.
    ///
    /// Only a `GET` is repeated after a failure that leaves open whether the call landed.
    #[must_use]
    pub fn new(api: Api, operation: &'static str, method: Method, url: Url) -> Self {
        let repeatable = method == Method::GET;
        Call { api, operation, method, url, headers: HeaderMap::new(), body: None, repeatable }
    }

    /// Tells whether Google may mail guests because of this call (C147): a write below a calendar's events
    /// that does not say `sendUpdates=none`.
    fn may_mail_guests(&self) -> bool {
        self.api == Api::Calendar
            && self.method != Method::GET
            && self.url.path_segments().is_some_and(|mut segments| segments.any(|one| one == "events"))
            && !self.url.query_pairs().any(|(name, value)| name == "sendUpdates" && value == "none")
    }

    /// Adds a query parameter.
    #[must_use]
    pub fn query(mut self, name: &str, value: &str) -> Self {
        self.url.query_pairs_mut().append_pair(name, value);
        self
    }

    /// Adds a JSON body.
    ///
    /// # Errors
    ///
    /// Fails when the value cannot be written as JSON.
    pub fn json<T: Serialize + ?Sized>(mut self, value: &T) -> PortResult<Self> {
        let body = serde_json::to_vec(value)
            .map_err(|error| PortError::new(ErrorKind::Unexpected, self.operation).with_source(error))?;
        self.headers
            .insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
        self.body = Some(body.into());
        Ok(self)
    }

    /// Adds a header; a value that no header can hold is refused.
    ///
    /// # Errors
    ///
    /// Fails when the value holds a control character.
    pub fn header(mut self, name: HeaderName, value: &str) -> PortResult<Self> {
        let value = HeaderValue::from_str(value)
            .map_err(|error| PortError::new(ErrorKind::Unexpected, self.operation).with_source(error))?;
        self.headers.insert(name, value);
        Ok(self)
    }

    /// Says that the call is asked once, whatever it meets.
    #[must_use]
    pub fn once(mut self) -> Self {
        self.repeatable = false;
        self
    }

    /// Says that the call may be repeated though it writes: it does the same however often it lands.
    #[must_use]
    pub fn repeatable(mut self) -> Self {
        self.repeatable = true;
        self
    }
}

/// A successful answer.
#[derive(Clone)]
pub struct ApiResponse {
    pub(crate) operation: &'static str,
    /// The HTTP status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

impl ApiResponse {
    /// Reads the body as JSON.
    ///
    /// # Errors
    ///
    /// Fails with the place where reading stopped, never with the text: a page that is no JSON at all is
    /// `Unavailable` (somebody else answered), JSON of another shape is `Unexpected`.
    pub fn json<T: DeserializeOwned>(&self) -> PortResult<T> {
        let mut reader = serde_json::Deserializer::from_slice(&self.body);
        serde_path_to_error::deserialize(&mut reader).map_err(|error| {
            let place = error.path().to_string();
            // JSON that is nested beyond all sense is Google's, or would be: a page of somebody else's is none.
            let is_deep = error.inner().to_string().starts_with("recursion limit");
            match error.inner().classify() {
                serde_json::error::Category::Data => self.nonsense(place),
                _ if is_deep => self.nonsense(place),
                // Cut short, or somebody else's: it is not known what became of the call.
                _ => PortError::new(ErrorKind::Unavailable, self.operation)
                    .with_code(Code::Goog314)
                    .with_detail(Detail::Place, "body"),
            }
        })
    }
}

impl ApiResponse {
    fn nonsense(&self, place: String) -> PortError {
        PortError::new(ErrorKind::Unexpected, self.operation)
            .with_code(Code::Goog314)
            .with_detail(Detail::Place, place)
    }
}

/// The calls of one account.
pub struct GoogleClient {
    http: reqwest::Client,
    endpoints: Endpoints,
    tokens: Arc<Tokens>,
    pacer: Pacer,
    retry: RetryPolicy,
    counter: Arc<RequestCounter>,
    /// What the last answer said that the time is, in seconds; 0 = none did.
    time: AtomicI64,
}

impl GoogleClient {
    /// Makes the client of one account. The counter may be shared between accounts.
    #[must_use]
    pub fn new(
        http: reqwest::Client,
        endpoints: Endpoints,
        tokens: Arc<Tokens>,
        pace: Pace,
        retry: RetryPolicy,
        counter: Arc<RequestCounter>,
    ) -> Self {
        GoogleClient {
            http,
            endpoints,
            tokens,
            pacer: Pacer::new(pace),
            retry,
            counter,
            time: AtomicI64::new(0),
        }
    }

    /// Returns where Google is.
    #[must_use]
    pub fn endpoints(&self) -> &Endpoints {
        &self.endpoints
    }

    /// Returns the counter of requests.
    #[must_use]
    pub fn counter(&self) -> &Arc<RequestCounter> {
        &self.counter
    }

    /// Returns what Google's last answer said that the time is.
    #[must_use]
    pub fn said_time(&self) -> Option<DateTime<Utc>> {
        Some(self.time.load(Ordering::Relaxed))
            .filter(|at| *at > 0)
            .and_then(|at| DateTime::from_timestamp(at, 0))
    }

    /// Makes a call, waiting for its turn, and repeats it where that is harmless.
    ///
    /// An answer of 401 makes one new access token and one repetition. A refusal for going too fast is
    /// repeated whatever the call is, because it was not carried out; a lost answer only when the call may
    /// land twice.
    ///
    /// # Errors
    ///
    /// Every answer that is no success, with retries used up.
    pub async fn send(&self, call: Call) -> Result<ApiResponse, Failure> {
        let mut token = self.tokens.access().await?;
        let mut renewed = false;
        let mut patience = self.retry.patience();
        loop {
            let failure = match self.attempt(&call, &token).await {
                Ok(response) => return Ok(response),
                Err(failure) => failure,
            };
            if failure.status() == Some(StatusCode::UNAUTHORIZED) && !renewed {
                renewed = true;
                token = self.tokens.renew(&token).await?;
                continue;
            }
            if !is_harmless(&call, &failure) {
                return Err(self.mixed_projects(failure));
            }
            let Some(pause) = patience.pause(&failure) else { return Err(failure) };
            tracing::debug!(
                operation = call.operation,
                code = failure.error().code.map(Code::as_str),
                ?pause,
                "repeating a call"
            );
            tokio::time::sleep(pause).await;
        }
    }

    /// Reads a picture that stands at one of Google's hosts of pictures, without saying who asks; `None` where no
    /// picture is to be had under the address any more, or none that is small enough.
    ///
    /// # Errors
    ///
    /// Every failure that may pass.
    pub async fn picture(&self, address: &str, most: usize) -> Result<Option<Bytes>, Failure> {
        const OPERATION: &str = "people.photo";
        let Some(url) = self.endpoints.picture(address) else { return Ok(None) };
        let mut patience = self.retry.patience();
        loop {
            self.counter.count(Api::People);
            let failure = match read_picture(OPERATION, self.http.get(url.clone()), most).await {
                Ok(picture) => return Ok(picture),
                Err(failure) if failure.kind() == ErrorKind::Unavailable => failure,
                Err(failure) => return Err(failure),
            };
            match patience.pause(&failure) {
                Some(pause) if !failure.once => tokio::time::sleep(pause).await,
                _ => return Err(failure),
            }
        }
    }

    /// Tells an API that is off in the client's project from one that is off in another project.
    fn mixed_projects(&self, failure: Failure) -> Failure {
        let named = failure.error().context.get("project");
        let other = match (named, self.tokens.project_number()) {
            (Some(Detail::Project(project)), Some(ours)) => {
                project != ours && project.bytes().all(|byte| byte.is_ascii_digit())
            }
            _ => false,
        };
        if other && failure.error().code == Some(Code::Goog101) {
            return failure.meaning(ErrorKind::Unauthenticated, Some(Code::Goog112));
        }
        failure
    }

    async fn attempt(&self, call: &Call, token: &SecretString) -> Result<ApiResponse, Failure> {
        self.pacer.wait(call.api).await;
        self.counter.count(call.api);
        if call.may_mail_guests() {
            self.counter.count_mailing();
        }
        let mut request = self
            .http
            .request(call.method.clone(), call.url.clone())
            .headers(call.headers.clone())
            .bearer_auth(token.expose_secret());
        if let Some(body) = &call.body {
            request = request.body(body.clone());
        }
        let answer = read(call.api, call.operation, request).await;
        if let Some(said) = answer.as_ref().ok().and_then(|answer| date_of(&answer.headers)) {
            self.time.store(said.timestamp(), Ordering::Relaxed);
        }
        answer
    }
}

fn is_harmless(call: &Call, failure: &Failure) -> bool {
    match failure.kind() {
        _ if failure.once => false,
        ErrorKind::RateLimited => failure.error().code == Some(Code::Goog301),
        ErrorKind::Unavailable => {
            let passing = matches!(failure.error().code, Some(Code::Goog311 | Code::Net101));
            passing && (call.repeatable || !failure.sent)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn answers_that_drip_in_end_a_call_in_bounded_time() {
        let policy = RetryPolicy { repeats: usize::MAX, ..RetryPolicy::default() };
        let mut patience = policy.patience();
        let begun = tokio::time::Instant::now();
        let error = PortError::new(ErrorKind::Unavailable, "x").with_code(Code::Net101);
        let failure = Failure::network(error, true);
        loop {
            // Each attempt takes as long as one request may.
            tokio::time::sleep(Duration::from_secs(60)).await;
            match patience.pause(&failure) {
                Some(pause) => tokio::time::sleep(pause).await,
                None => break,
            }
        }
        assert!(begun.elapsed() <= LONGEST + Duration::from_secs(60), "{:?}", begun.elapsed());
    }
}
