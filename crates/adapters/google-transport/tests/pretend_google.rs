//! Consent, tokens and their ends against the pretend Google.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::{
    num::NonZeroU32,
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use passerelle_google_sim::{Sim, SimOptions, api::Knobs};
use passerelle_google_transport::{
    Api, CALENDAR_EVENTS, CALENDAR_LIST, CONTACTS, Call, ClientSecretFile, Consent, ConsentAttempt,
    ConsentError, ConsentRequest, EMAIL, Endpoints, GoogleClient, HttpOptions, OPENID, Pace, RequestCounter,
    RetryPolicy, StoredToken, TokenStore, Tokens, http_client, missing_scopes, revoke,
};
use passerelle_ports::{Clock, Code, ErrorKind, PortResult};
use url::Url;

const SCOPES: [&str; 5] = [OPENID, EMAIL, CALENDAR_EVENTS, CALENDAR_LIST, CONTACTS];

struct Vault(Mutex<Option<StoredToken>>);

#[async_trait]
impl TokenStore for Vault {
    async fn load(&self) -> PortResult<Option<StoredToken>> {
        Ok(self.0.lock().unwrap().clone())
    }
    async fn save(&self, token: &StoredToken) -> PortResult<()> {
        *self.0.lock().unwrap() = Some(token.clone());
        Ok(())
    }
}

const RETRY: RetryPolicy =
    RetryPolicy { repeats: 1, first: Duration::from_millis(1), longest: Duration::from_millis(1) };

fn stored(consent: &Consent) -> StoredToken {
    StoredToken { refresh_token: consent.refresh_token.clone(), granted: None, ends: None }
}

/// A vault that several processes have, one of which stops for a while between reading a token and using it.
#[derive(Clone)]
struct Shared {
    kept: Arc<Vault>,
    turn: Arc<tokio::sync::Mutex<()>>,
    stop: Duration,
}

#[async_trait]
impl TokenStore for Shared {
    async fn load(&self) -> PortResult<Option<StoredToken>> {
        let loaded = self.kept.load().await;
        tokio::time::sleep(self.stop).await;
        loaded
    }
    async fn save(&self, token: &StoredToken) -> PortResult<()> {
        self.kept.save(token).await
    }
    async fn exclusive(&self) -> PortResult<Box<dyn Send>> {
        Ok(Box::new(self.turn.clone().lock_owned().await))
    }
}

struct Fixed;

impl Clock for Fixed {
    fn now(&self) -> DateTime<Utc> {
        "2026-01-05T08:00:00Z".parse().unwrap()
    }
}

struct World {
    sim: Sim,
    endpoints: Endpoints,
    http: reqwest::Client,
    file: ClientSecretFile,
}

impl World {
    async fn new() -> World {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let knobs = Knobs { shuffle_scopes: true, extra_redirect_parameters: true, ..Knobs::default() };
        let accounts = vec!["alice@example.org".to_owned()];
        let sim = Sim::start(SimOptions { auto_consent: true, knobs, accounts, ..SimOptions::default() })
            .await
            .unwrap();
        let endpoints = Endpoints::overridden(&Url::parse(sim.url()).unwrap()).unwrap();
        let http = http_client(&HttpOptions::default(), &endpoints).unwrap();
        let file = r#"{"installed":{"client_id":"desk.apps.googleusercontent.com","client_secret":"s"}}"#;
        World { sim, endpoints, http, file: ClientSecretFile::parse(file).unwrap() }
    }

    async fn consent(&self, force_prompt: bool) -> Result<Consent, ConsentError> {
        let request = ConsentRequest {
            force_prompt,
            login_hint: Some("alice@example.org".into()),
            ..ConsentRequest::new(self.file.clone(), &SCOPES)
        };
        let (mut attempt, url) =
            ConsentAttempt::start(self.http.clone(), self.endpoints.clone(), request).await?;
        let browser = async {
            let answer = self.http.get(url).send().await.unwrap();
            let location = answer.headers()["location"].to_str().unwrap().to_owned();
            let page = self.http.get(location).send().await.unwrap();
            assert!(page.status().is_success());
        };
        tokio::join!(attempt.wait(), browser).0
    }

    fn tokens(&self, store: Arc<dyn TokenStore>, counter: Arc<RequestCounter>) -> Tokens {
        let (http, endpoints, file) = (self.http.clone(), self.endpoints.clone(), self.file.clone());
        Tokens::new(http, endpoints, file, store, Arc::new(Fixed), RETRY, counter)
    }

    fn client(&self, consent: &Consent) -> GoogleClient {
        let counter = Arc::new(RequestCounter::default());
        let store = Arc::new(Vault(Mutex::new(Some(stored(consent)))));
        let (tokens, retry) = (self.tokens(store, counter.clone()), RETRY);
        let many = NonZeroU32::new(60_000).unwrap();
        let pace = Pace { calendar_per_minute: many, people_per_minute: many, burst: many };
        GoogleClient::new(self.http.clone(), self.endpoints.clone(), Arc::new(tokens), pace, retry, counter)
    }
}

async fn list(client: &GoogleClient) -> Result<(), ErrorKind> {
    let url = client.endpoints().calendar(&["users", "me", "calendarList"]);
    let call = Call::new(Api::Calendar, "calendarList.list", reqwest::Method::GET, url);
    client.send(call).await.map(|_| ()).map_err(|failure| failure.kind())
}

#[tokio::test]
async fn a_whole_life_of_an_authorisation() {
    let world = World::new().await;
    let consent = world.consent(false).await.unwrap();
    assert_eq!(consent.email.as_deref(), Some("alice@example.org"));
    assert!(missing_scopes(&SCOPES, &consent.granted_scopes).is_empty());
    let client = world.client(&consent);
    list(&client).await.unwrap();
    // Access tokens end in the middle of a run: one refresh, one repetition.
    world.sim.with(|core| core.expire(None, "access_tokens", None)).unwrap();
    list(&client).await.unwrap();
    assert_eq!(client.counter().sent_to(Api::OAuth), 2);
    for _ in 0..2 {
        revoke(&world.http, &world.endpoints, &consent.refresh_token, &RETRY).await.unwrap();
    }
    world.sim.with(|core| core.expire(None, "access_tokens", None)).unwrap();
    assert_eq!(list(&client).await, Err(ErrorKind::Unauthenticated));
}

#[tokio::test]
async fn a_second_consent_without_the_question_brings_no_refresh_token_o16() {
    let world = World::new().await;
    let first = world.consent(false).await.unwrap();
    let error = world.consent(false).await.unwrap_err();
    assert_eq!(error.code(), Some(Code::Goog207));
    let again = world.consent(true).await.unwrap();
    assert_eq!(again.subject, first.subject);
}

#[tokio::test]
async fn one_process_at_a_time_renews_a_token_that_is_rotated() {
    let world = World::new().await;
    let consent = world.consent(false).await.unwrap();
    world.sim.with(|core| core.knobs_mut().rotate_refresh_tokens = true);
    let kept = Arc::new(Vault(Mutex::new(Some(stored(&consent)))));
    let turn = Arc::new(tokio::sync::Mutex::new(()));
    let process = |stop: u64| {
        let store = Shared { kept: kept.clone(), turn: turn.clone(), stop: Duration::from_millis(stop) };
        world.tokens(Arc::new(store), Arc::default())
    };
    // While the first one stands still, the others would use its token up.
    let slow = process(300);
    let others = async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        for _ in 0..3 {
            process(0).access().await.unwrap();
        }
    };
    tokio::join!(slow.access(), others).0.unwrap();
}
