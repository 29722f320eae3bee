//! A pretend Google, a client of it, and the calendar of one account.
#![allow(dead_code)]

use std::{num::NonZeroU32, sync::Arc, time::Duration};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use passerelle_calendar::{Event, Start};
use passerelle_google_calendar::{CalendarOptions, GoogleCalendar};
use passerelle_google_sim::{Sim, SimOptions};
use passerelle_google_transport::{
    CALENDAR_EVENTS, CALENDAR_LIST, ClientSecretFile, EMAIL, Endpoints, GoogleClient, HttpClient,
    HttpOptions, OPENID, Pace, RequestCounter, RetryPolicy, StoredToken, TokenStore, Tokens, http_client,
};
use passerelle_ports::{
    Clock, CreateKey, Cursor, EntryId, From, ItemId, Next, PortResult, Replica, Stored, Write, Written,
};
use serde_json::{Value, json};
use url::Url;
use uuid::Uuid;

pub const ME: &str = "alice@example.org";
pub const START: &str = "2026-01-05T08:00:00Z";

struct Vault(StoredToken);

#[async_trait]
impl TokenStore for Vault {
    async fn load(&self) -> PortResult<Option<StoredToken>> {
        Ok(Some(self.0.clone()))
    }
    async fn save(&self, _: &StoredToken) -> PortResult<()> {
        Ok(())
    }
}

struct Fixed;

impl Clock for Fixed {
    fn now(&self) -> DateTime<Utc> {
        START.parse().unwrap()
    }
}

pub struct World {
    pub sim: Sim,
    pub client: Arc<GoogleClient>,
    http: HttpClient,
    token: String,
}

impl World {
    pub async fn new() -> World {
        World::with(SimOptions::default()).await
    }

    pub async fn with(options: SimOptions) -> World {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let sim = Sim::start(SimOptions {
            now: Some(START.parse().unwrap()),
            seed: 7,
            accounts: vec![ME.to_owned(), "bob@example.org".to_owned()],
            ..options
        })
        .await
        .unwrap();
        let endpoints = Endpoints::overridden(&Url::parse(sim.url()).unwrap()).unwrap();
        let http = http_client(&HttpOptions::default(), &endpoints).unwrap();
        let client = client(&sim, ME, &endpoints, &http);
        let all = ["https://www.googleapis.com/auth/calendar"];
        let token = sim.with(|core| core.issue_token(ME, "client", &all).0);
        World { sim, client, http, token }
    }

    /// The calendar of the account, as the program sees it.
    pub fn calendar(&self) -> GoogleCalendar {
        self.calendar_named("primary")
    }

    pub fn calendar_named(&self, id: &str) -> GoogleCalendar {
        let options = CalendarOptions { settle: Duration::ZERO, ..CalendarOptions::default() };
        GoogleCalendar::new(self.client.clone(), id, options)
    }

    pub fn calendar_of(&self, account: &str) -> GoogleCalendar {
        let endpoints = self.client.endpoints().clone();
        let client = client(&self.sim, account, &endpoints, &self.http);
        GoogleCalendar::new(client, "primary", CalendarOptions::default())
    }

    /// What another program does with the same account.
    pub async fn other(&self, verb: &str, path: &str, body: Value) -> Value {
        self.send(&self.token, verb, path, body).await
    }

    /// What somebody else does.
    pub async fn other_of(&self, account: &str, verb: &str, path: &str, body: Value) -> Value {
        let all = ["https://www.googleapis.com/auth/calendar"];
        let token = self.sim.with(|core| core.issue_token(account, "client", &all).0);
        self.send(&token, verb, path, body).await
    }

    async fn send(&self, token: &str, verb: &str, path: &str, body: Value) -> Value {
        let method = http::Method::from_bytes(verb.as_bytes()).unwrap();
        let url = format!("{}/calendar/v3/{path}", self.sim.url());
        let request = self.http.request(method, url).bearer_auth(token);
        let request = if body.is_null() { request } else { request.json(&body) };
        let response = request.send().await.unwrap();
        let status = response.status();
        let text = response.text().await.unwrap();
        assert!(status.is_success(), "{verb} {path}: {status} {text}");
        serde_json::from_str(&text).unwrap_or_default()
    }

    pub async fn insert(&self, body: Value) -> Value {
        self.other("POST", "calendars/primary/events", body).await
    }

    pub async fn show(&self, id: &str) -> Value {
        self.other("GET", &format!("calendars/primary/events/{id}"), Value::Null).await
    }

    pub async fn control(&self, what: &str, body: Value) -> Value {
        let response =
            self.http.post(format!("{}/_sim/{what}", self.sim.url())).json(&body).send().await.unwrap();
        assert!(response.status().is_success(), "{what}: {}", response.text().await.unwrap());
        response.json().await.unwrap_or_default()
    }

    pub async fn ui(&self, gesture: &str, event: &str, more: Value) -> Value {
        let mut body = json!({"account": ME, "event": event});
        body.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap_or_default());
        self.control(&format!("ui/calendar/{gesture}"), body).await
    }

    pub fn requests(&self) -> u64 {
        self.client.counter().sent_to(passerelle_google_transport::Api::Calendar)
    }
}

fn client(sim: &Sim, account: &str, endpoints: &Endpoints, http: &HttpClient) -> Arc<GoogleClient> {
    let scopes = [OPENID, EMAIL, CALENDAR_EVENTS, CALENDAR_LIST];
    let (_, refresh) = sim.with(|core| core.issue_token(account, "client", &scopes));
    let stored = StoredToken { refresh_token: refresh.into(), granted: None, ends: None };
    let retry =
        RetryPolicy { repeats: 2, first: Duration::from_millis(1), longest: Duration::from_millis(2) };
    let counter = Arc::new(RequestCounter::default());
    let tokens = Tokens::new(
        http.clone(),
        endpoints.clone(),
        ClientSecretFile::parse(r#"{"installed":{"client_id":"client"}}"#).unwrap(),
        Arc::new(Vault(stored)),
        Arc::new(Fixed),
        retry,
        counter.clone(),
    );
    let many = NonZeroU32::new(600_000).unwrap();
    let pace = Pace { calendar_per_minute: many, people_per_minute: many, burst: many };
    Arc::new(GoogleClient::new(http.clone(), endpoints.clone(), Arc::new(tokens), pace, retry, counter))
}

/// What a whole listing brought.
pub struct Heard {
    pub items: Vec<Stored<Event>>,
    pub removed: Vec<ItemId>,
    pub cursor: Cursor,
    pub pages: usize,
}

impl Heard {
    pub fn titles(&self) -> Vec<&str> {
        let mut titles: Vec<_> = self.items.iter().map(|item| item.record.title.as_str()).collect();
        titles.sort_unstable();
        titles
    }

    pub fn one(&self, id: &str) -> &Stored<Event> {
        self.items.iter().find(|item| item.id.as_str() == id).unwrap()
    }
}

pub async fn listen(calendar: &GoogleCalendar, mut from: From) -> PortResult<Heard> {
    let mut heard = Heard { items: Vec::new(), removed: Vec::new(), cursor: Cursor::from(""), pages: 0 };
    loop {
        let page = calendar.changes(from).await?;
        heard.pages += 1;
        heard.items.extend(page.items);
        heard.removed.extend(page.removed);
        match page.next {
            Next::Page(token) => from = From::Page(token),
            Next::End(cursor) => {
                heard.cursor = cursor;
                return Ok(heard);
            }
        }
    }
}

pub async fn write_one(calendar: &GoogleCalendar, write: Write<Event>) -> PortResult<Written<Event>> {
    calendar.write(&[write]).await.unwrap().pop().unwrap()
}

pub fn entry(number: u128) -> EntryId {
    EntryId(Uuid::from_u128(number))
}

pub fn create(key: &str, record: &Event) -> Write<Event> {
    Write::Create {
        key: CreateKey::from(key),
        record: record.clone(),
        opaque: None,
        stamp: entry(1),
        replaces: None,
    }
}

pub fn update(from: &Stored<Event>, to: &Event) -> Write<Event> {
    Write::Update { from: from.clone(), to: to.clone(), opaque: None, stamp: entry(2) }
}

pub fn delete(from: &Stored<Event>) -> Write<Event> {
    Write::Delete { from: from.clone(), stamp: entry(3) }
}

pub fn stored(written: PortResult<Written<Event>>) -> Stored<Event> {
    match written.unwrap() {
        Written::Stored(stored) => stored,
        other => panic!("{other:?}"),
    }
}

pub fn at(local: &str) -> Start {
    Start::Zoned { local: local.parse().unwrap(), zone: "Europe/Paris".to_owned() }
}

pub fn day(date: &str) -> Start {
    Start::Date { date: date.parse().unwrap() }
}

pub fn timed(at: &str) -> Value {
    json!({"dateTime": at, "timeZone": "Europe/Paris"})
}
