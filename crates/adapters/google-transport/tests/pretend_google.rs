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
use passerelle_ports::{Clock, ErrorKind, PortResult};
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

    fn client(&self, consent: &Consent) -> GoogleClient {
        let stored = StoredToken { refresh_token: consent.refresh_token.clone(), granted: None, ends: None };
        let retry =
            RetryPolicy { repeats: 1, first: Duration::from_millis(1), longest: Duration::from_millis(1) };
        let counter = Arc::new(RequestCounter::default());
        let tokens = Tokens::new(
            self.http.clone(),
            self.endpoints.clone(),
            self.file.clone(),
            Arc::new(Vault(Mutex::new(Some(stored)))),
            Arc::new(Fixed),
            retry,
            counter.clone(),
        );
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
        revoke(&world.http, &world.endpoints, &consent.refresh_token).await.unwrap();
    }
    world.sim.with(|core| core.expire(None, "access_tokens", None)).unwrap();
    assert_eq!(list(&client).await, Err(ErrorKind::Unauthenticated));
}

#[tokio::test]
async fn a_second_consent_without_the_question_brings_no_refresh_token_o16() {
    let world = World::new().await;
    let first = world.consent(false).await.unwrap();
    let error = world.consent(false).await.unwrap_err();
    assert_eq!(error.code(), Some("GOOG-207"));
    let again = world.consent(true).await.unwrap();
    assert_eq!(again.subject, first.subject);
}
