//! A pretend Google with one account, and the replica of its contacts.
#![allow(dead_code, reason = "each test file uses its own part")]

use std::{num::NonZeroU32, sync::Arc, time::Duration};

use async_trait::async_trait;
use passerelle_contacts::{Contact, Email, email_key};
use passerelle_google_people::{GooglePeople, Options};
use passerelle_google_sim::{Knobs, Sim, SimOptions};
use passerelle_google_transport::{
    CONTACTS, ClientSecretFile, Endpoints, GoogleClient, HttpOptions, Pace, RequestCounter, RetryPolicy,
    StoredToken, TokenStore, Tokens, http_client,
};
use passerelle_ports::{
    Clock, Cursor, EntryId, From, Next, Pictures, PortResult, Replica, Stored, Write, Written,
};
use passerelle_testkit::TestClock;
use serde_json::Value;
use url::Url;
use uuid::Uuid;

pub const ACCOUNT: &str = "alice@acme.example";

struct Given(StoredToken);

#[async_trait]
impl TokenStore for Given {
    async fn load(&self) -> PortResult<Option<StoredToken>> {
        Ok(Some(self.0.clone()))
    }
    async fn save(&self, _: &StoredToken) -> PortResult<()> {
        Ok(())
    }
}

/// Pictures in memory.
#[derive(Default)]
pub struct Kept(std::sync::Mutex<std::collections::BTreeMap<String, Vec<u8>>>);

#[async_trait]
impl Pictures for Kept {
    async fn keep(&self, name: &str, picture: &[u8]) -> PortResult<()> {
        self.0.lock().unwrap().insert(name.to_owned(), picture.to_vec());
        Ok(())
    }
    async fn find(&self, name: &str) -> PortResult<Option<Vec<u8>>> {
        Ok(self.0.lock().unwrap().get(name).cloned())
    }
}

pub struct Stage {
    pub sim: Arc<Sim>,
    pub clock: Arc<TestClock>,
    pub people: Arc<GooglePeople>,
}

pub async fn sim(knobs: Knobs, clock: &TestClock) -> Sim {
    let options = SimOptions {
        seed: 7,
        accounts: vec![ACCOUNT.to_owned()],
        now: Some(clock.now()),
        frozen: true,
        knobs,
        ..SimOptions::default()
    };
    Sim::start(options).await.unwrap()
}

pub fn client(sim: &Sim, clock: Arc<TestClock>) -> Arc<GoogleClient> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let (_, refresh) = sim.with(|core| core.issue_token(ACCOUNT, "me", &[CONTACTS]));
    let endpoints = Endpoints::overridden(&Url::parse(sim.url()).unwrap()).unwrap();
    let http = http_client(&HttpOptions::default(), &endpoints).unwrap();
    let retry =
        RetryPolicy { repeats: 2, first: Duration::from_millis(1), longest: Duration::from_millis(50) };
    let counter = Arc::new(RequestCounter::default());
    let tokens = Tokens::new(
        http.clone(),
        endpoints.clone(),
        ClientSecretFile::parse(r#"{"installed":{"client_id":"me"}}"#).unwrap(),
        Arc::new(Given(StoredToken { refresh_token: refresh.into(), granted: None, ends: None })),
        clock,
        retry,
        counter.clone(),
    );
    let fast = NonZeroU32::new(1_000_000).unwrap();
    let pace = Pace { calendar_per_minute: fast, people_per_minute: fast, burst: fast };
    Arc::new(GoogleClient::new(http, endpoints, Arc::new(tokens), pace, retry, counter))
}

pub fn options(clock: Arc<TestClock>) -> Options {
    Options {
        region: Some("FR".into()),
        read_lag: Duration::ZERO,
        settle: Duration::ZERO,
        pictures: Some(Arc::new(Kept::default())),
        page_size: 3,
        ..Options::new(clock)
    }
}

impl Stage {
    pub async fn new() -> Stage {
        Stage::with(Knobs::default()).await
    }

    pub async fn with(knobs: Knobs) -> Stage {
        let clock = Arc::new(TestClock::new());
        let sim = Arc::new(sim(knobs, &clock).await);
        let client = client(&sim, clock.clone());
        let people = Arc::new(GooglePeople::new(client, options(clock.clone())));
        Stage { sim, clock, people }
    }

    /// Another process: the same account, nothing remembered.
    pub fn restarted(&self) -> Stage {
        let client = client(&self.sim, self.clock.clone());
        let people = Arc::new(GooglePeople::new(client, options(self.clock.clone())));
        Stage { sim: self.sim.clone(), clock: self.clock.clone(), people }
    }

    pub fn pass(&self, time: Duration) {
        self.clock.advance(time);
        self.sim.with(|core| core.advance(chrono::Duration::from_std(time).unwrap()));
    }

    /// Does something in Google's web page.
    pub fn ui(&self, op: &str, args: &Value) -> String {
        self.sim.with(|core| {
            let now = core.now();
            let done = core.address_book(ACCOUNT).ui(op, args, now).unwrap();
            done["resourceName"].as_str().unwrap_or_default().to_owned()
        })
    }

    pub fn counts(&self, method: &str) -> u64 {
        self.sim.with(|core| {
            let counts = core.counts().iter().filter(|(name, _)| name.ends_with(method));
            counts.map(|(_, count)| *count).sum()
        })
    }

    pub fn raw(&self) -> Value {
        self.sim.with(|core| core.address_book(ACCOUNT).dump())
    }

    pub async fn list(&self, from: From) -> PortResult<Listed> {
        let (mut items, mut removed, mut from) = (Vec::new(), Vec::new(), from);
        loop {
            let page = self.people.changes(from).await?;
            items.extend(page.items);
            removed.extend(page.removed.iter().map(|id| id.as_str().to_owned()));
            match page.next {
                Next::Page(next) => from = From::Page(next),
                Next::End(cursor) => return Ok(Listed { items, removed, cursor }),
            }
        }
    }

    pub async fn all(&self) -> Vec<Stored<Contact>> {
        self.list(From::Start).await.unwrap().items
    }

    pub async fn write_all(&self, batch: Vec<Write<Contact>>) -> Vec<PortResult<Written<Contact>>> {
        self.people.write(&batch).await.unwrap()
    }

    pub async fn write(&self, write: Write<Contact>) -> PortResult<Written<Contact>> {
        self.write_all(vec![write]).await.remove(0)
    }

    pub async fn stored(&self, write: Write<Contact>) -> Stored<Contact> {
        taken(self.write(write).await)
    }
}

pub struct Listed {
    pub items: Vec<Stored<Contact>>,
    pub removed: Vec<String>,
    pub cursor: Cursor,
}

pub fn taken(written: PortResult<Written<Contact>>) -> Stored<Contact> {
    match written.unwrap() {
        Written::Stored(stored) => stored,
        other => panic!("not stored: {other:?}"),
    }
}

pub fn entry(number: u64) -> EntryId {
    EntryId(Uuid::from_u64_pair(1, number))
}

pub fn named(given: &str) -> Contact {
    let mut contact = Contact::default();
    contact.name.given = given.to_owned();
    let address = format!("{given}@acme.example");
    contact.emails.insert(email_key(&address), Email { address, ..Email::default() });
    contact
}

pub fn create(number: u64, record: Contact) -> Write<Contact> {
    Write::Create {
        key: format!("key-{number}").as_str().into(),
        record,
        opaque: None,
        stamp: entry(number),
        replaces: None,
    }
}

pub fn update(number: u64, from: &Stored<Contact>, change: impl FnOnce(&mut Contact)) -> Write<Contact> {
    let mut to = from.record.clone();
    change(&mut to);
    Write::Update { from: from.clone(), to, opaque: None, stamp: entry(number) }
}

pub fn delete(number: u64, from: &Stored<Contact>) -> Write<Contact> {
    Write::Delete { from: from.clone(), stamp: entry(number) }
}
