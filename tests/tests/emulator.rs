//! A Google emulator by other people: what it can hold travels both ways, what it cannot is never lost.
//!
//! The emulator serves OAuth, and of Calendar: listing, inserting, deleting. It gives no sync tokens, names
//! events itself, never changes an etag, keeps neither recurrence nor private properties, and has no route to
//! read or change one event: for that it answers a 404 which is not Google's.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{BufRead, BufReader},
    num::NonZeroU32,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Arc,
    time::Duration,
};

use async_trait::async_trait;
use passerelle_calendar::{Event, Participant, ParticipationStatus, Start};
use passerelle_engine::{Engine, PairSettings, RunReport, Silent};
use passerelle_google_calendar::{CalendarOptions, GoogleCalendar};
use passerelle_google_transport::{
    ClientSecretFile, Endpoints, GoogleClient, HttpOptions, Pace, RequestCounter, RetryPolicy, StoredToken,
    TokenStore, Tokens, http_client,
};
use passerelle_ports::{
    Clock, ErrorKind, Ids, InstallationId, ItemId, Ledger, PairId, PortResult, Replica, Side, Sides,
};
use passerelle_sync_rules::Rules;
use passerelle_testkit::{MemLedger, MemOptions, MemReplica, TestClock, TestIds};
use reqwest::{Method, redirect::Policy};
use serde_json::{Value, json};
use url::Url;
use uuid::Uuid;

const ME: &str = "alice@example.org";

#[tokio::test]
async fn hundreds_of_events_travel_both_ways_field_by_field() {
    let house = House::new().await;
    let here: BTreeMap<String, Event> =
        (0..200).map(|n| (format!("here {n}"), single(&format!("here {n}"), n))).collect();
    for event in here.values() {
        house.local.person_creates(event.clone());
    }
    let there: BTreeMap<String, Value> =
        (0..200).map(|n| (format!("there {n}"), resource(&format!("there {n}"), n))).collect();
    for body in there.values() {
        house.person(Method::POST, "", body).await;
    }
    house.settle().await;

    let (local, remote) = (house.local_by_title(), house.remote_by_title().await);
    assert_eq!((local.len(), remote.len()), (400, 400));
    for (title, event) in &here {
        assert_eq!(&local[title], event, "nothing comes back changed");
        assert_eq!(shown(&remote[title]), shown(&resource_of(event)), "{title}");
    }
    for (title, body) in &there {
        assert_eq!(shown(&remote[title]), shown(body), "nothing comes back changed");
        assert_eq!(shown(&resource_of(&local[title])), shown(body), "{title}");
    }

    for n in 0..10 {
        assert!(house.local.person_deletes(&house.row(&format!("here {n}"))));
        assert!(house.local.person_deletes(&house.row(&format!("there {n}"))));
    }
    house.person(Method::POST, "", &resource("late", 5)).await;
    house.settle().await;
    let remote = house.remote_by_title().await;
    assert_eq!((house.local_by_title().len(), remote.len()), (381, 381));
    assert!(!remote.contains_key("here 3") && !remote.contains_key("there 3"));
}

#[tokio::test]
async fn what_the_emulator_drops_of_a_series_stays_in_the_database() {
    let house = House::new().await;
    let rules =
        ["FREQ=WEEKLY;COUNT=8", "FREQ=MONTHLY;BYDAY=1MO", "FREQ=DAILY;INTERVAL=2;UNTIL=20260301T080000Z"];
    let series: BTreeMap<String, Event> = (0..60)
        .map(|n| {
            let title = format!("series {n}");
            let rule = rules[n % rules.len()].to_owned();
            let event = Event { recurrence_rules: vec![rule], color: "gold".into(), ..single(&title, n) };
            (title, event)
        })
        .collect();
    for event in series.values() {
        house.local.person_creates(event.clone());
    }
    house.settle().await;
    assert_eq!(house.local_by_title(), series);
    let remote = house.remote().await;
    assert_eq!(remote.len(), 60, "no series was made twice");
    assert!(remote.iter().all(|event| event.get("recurrence").is_none()), "the emulator knows series by now");
}

#[tokio::test]
async fn a_404_that_is_not_googles_deletes_nothing() {
    let house = House::new().await;
    house.local.person_creates(single("a", 1));
    house.settle().await;
    let id = house.remote().await[0]["id"].as_str().unwrap().to_owned();
    house.person(Method::DELETE, &format!("/{id}"), &Value::Null).await;
    for _ in 0..2 {
        let stopped = house.run().await.stopped.expect("the deletion cannot be confirmed");
        assert_eq!((stopped.side, stopped.kind), (Side::Remote, ErrorKind::Unavailable));
    }
    assert_eq!(house.local_by_title().len(), 1);
}

#[tokio::test]
async fn an_edit_that_the_emulator_cannot_take_is_kept_and_made_no_second_time() {
    let house = House::new().await;
    let row = house.local.person_creates(single("a", 1));
    house.settle().await;
    house.local.person_edits(&row, |event| event.location = "elsewhere".into());
    for _ in 0..3 {
        house.run().await;
    }
    assert_eq!(house.local_by_title()["a"].location, "elsewhere");
    let remote = house.remote().await;
    assert_eq!((remote.len(), remote[0]["location"].as_str()), (1, Some("Salle 1")));
}

fn single(title: &str, n: usize) -> Event {
    let (day, hour) = (1 + n % 28, 8 + n % 9);
    let start = match n % 5 {
        0 => format!("2026-02-{day:02}"),
        1 => format!("2026-07-{day:02}T{hour:02}:30:00[Europe/Paris]"),
        _ => format!("2026-02-{day:02}T{hour:02}:00:00[Europe/Paris]"),
    };
    let all_day = n.is_multiple_of(5);
    let guest = Participant {
        email: format!("guest{n}@example.org"),
        name: format!("Ève {n}"),
        participation_status: ParticipationStatus::Accepted,
        ..Participant::default()
    };
    let participants = if n % 3 == 1 { vec![(guest.email.clone(), guest)] } else { Vec::new() };
    Event {
        title: title.to_owned(),
        description: if n % 2 == 1 { format!("Ligne 1\nLigne {n} — été 🚲") } else { String::new() },
        location: if n % 4 == 3 { String::new() } else { format!("Salle {n}") },
        start: Some(Start::try_from(start).unwrap()),
        duration: if all_day {
            passerelle_calendar::Duration::days(1 + u32::try_from(n % 3).unwrap())
        } else {
            passerelle_calendar::Duration::seconds(1800 + 900 * u32::try_from(n % 4).unwrap())
        },
        participants: participants.into_iter().collect(),
        ..Event::default()
    }
}

/// What another program would send for such an event, by the words of Google's reference.
fn resource(title: &str, n: usize) -> Value {
    resource_of(&single(title, n))
}

fn resource_of(event: &Event) -> Value {
    let time = |start: &Start, seconds: i64, days: u32| match start {
        Start::Date { date } => json!({"date": (*date + chrono::Days::new(days.into())).to_string()}),
        Start::Zoned { local, zone } => {
            assert_eq!(zone, "Europe/Paris");
            let summer = local.date() >= "2026-03-29".parse().unwrap();
            let end = *local + chrono::TimeDelta::seconds(seconds);
            let offset = if summer { "+02:00" } else { "+01:00" };
            json!({"dateTime": format!("{}{offset}", end.format("%Y-%m-%dT%H:%M:%S")), "timeZone": zone})
        }
        Start::Floating { .. } => panic!("none of these floats"),
    };
    let start = event.start.as_ref().unwrap();
    let mut body = json!({
        "summary": event.title,
        "start": time(start, 0, 0),
        "end": time(start, event.duration.seconds.into(), event.duration.days),
    });
    for (name, text) in [("description", &event.description), ("location", &event.location)] {
        if !text.is_empty() {
            body[name] = json!(text);
        }
    }
    if !event.participants.is_empty() {
        let guest = |guest: &Participant| {
            assert_eq!(guest.participation_status, ParticipationStatus::Accepted);
            json!({"email": guest.email, "displayName": guest.name, "responseStatus": "accepted"})
        };
        body["attendees"] = event.participants.values().map(guest).collect();
    }
    body
}

/// The members that both speak of, with times as instants.
fn shown(event: &Value) -> Vec<Value> {
    let time = |name: &str| {
        let time = &event[name];
        match time["dateTime"].as_str() {
            Some(text) => {
                let at: chrono::DateTime<chrono::FixedOffset> = text.parse().unwrap();
                json!([at.to_utc().to_rfc3339(), time["timeZone"]])
            }
            None => time["date"].clone(),
        }
    };
    let guests = event["attendees"].as_array().cloned().unwrap_or_default();
    let guests = guests.iter().map(|g| json!([g["email"], g["displayName"], g["responseStatus"]])).collect();
    let mut all: Vec<Value> = ["summary", "description", "location"].map(|name| event[name].clone()).into();
    all.extend([time("start"), time("end"), guests]);
    all
}

/// A database, an emulator, and what keeps them in step.
struct House {
    local: Arc<MemReplica<Event>>,
    engine: Engine<Event>,
    clock: Arc<TestClock>,
    http: reqwest::Client,
    token: String,
    emulator: Emulator,
}

impl House {
    async fn new() -> House {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let emulator = Emulator::start();
        let http = reqwest::Client::builder().no_proxy().redirect(Policy::none()).build().unwrap();
        let (token, refresh) = consent(&http, &emulator.root).await;
        let clock = Arc::new(TestClock::new());
        let local: Arc<MemReplica<Event>> = Arc::new(MemReplica::new(
            MemOptions { page: 100, settle: Duration::ZERO, ..MemOptions::local() },
            clock.clone() as Arc<dyn Clock>,
        ));
        let calendar = calendar(&emulator.root, refresh, clock.clone());
        let settings = PairSettings::new(
            PairId::new("alice"),
            InstallationId::new("here"),
            Rules::default(),
            Uuid::from_u128(1),
        );
        let engine = Engine::new(
            settings,
            Sides {
                local: local.clone() as Arc<dyn Replica<Event>>,
                remote: Arc::new(calendar) as Arc<dyn Replica<Event>>,
            },
            Arc::new(MemLedger::default()) as Arc<dyn Ledger<Event>>,
            clock.clone() as Arc<dyn Clock>,
            Arc::new(TestIds::new(3)) as Arc<dyn Ids>,
        );
        House { local, engine, clock, http, token, emulator }
    }

    async fn run(&self) -> RunReport {
        self.clock.advance(Duration::from_secs(300));
        self.engine.run(None, &Silent).await.unwrap()
    }

    /// Runs until a run is quiet; four runs are enough.
    async fn settle(&self) {
        for _ in 0..3 {
            let report = self.run().await;
            assert!(report.stopped.is_none() && report.refused.is_none(), "{report:?}");
        }
        let last = self.run().await;
        assert!(last.is_quiet(), "still moving: {last:?}");
    }

    fn row(&self, title: &str) -> ItemId {
        self.local.alive().into_iter().find(|stored| stored.record.title == title).unwrap().id
    }

    fn local_by_title(&self) -> BTreeMap<String, Event> {
        let all = self.local.alive();
        let found: BTreeMap<_, _> =
            all.iter().map(|stored| (stored.record.title.clone(), stored.record.clone())).collect();
        assert_eq!(found.len(), all.len(), "a title is there twice");
        found
    }

    async fn remote_by_title(&self) -> BTreeMap<String, Value> {
        let all = self.remote().await;
        let title = |event: &Value| event["summary"].as_str().unwrap().to_owned();
        let found: BTreeMap<_, _> = all.iter().map(|event| (title(event), event.clone())).collect();
        assert_eq!(found.len(), all.len(), "a title is there twice");
        found
    }

    async fn remote(&self) -> Vec<Value> {
        let (mut all, mut query) = (Vec::new(), "?maxResults=250".to_owned());
        loop {
            let page = self.person(Method::GET, &query, &Value::Null).await;
            all.extend(page["items"].as_array().unwrap().iter().cloned());
            match page["nextPageToken"].as_str() {
                Some(token) => query = format!("?maxResults=250&pageToken={token}"),
                None => return all,
            }
        }
    }

    /// What another program does with the calendar.
    async fn person(&self, method: Method, rest: &str, body: &Value) -> Value {
        let url = format!("{}/calendar/v3/calendars/primary/events{rest}", self.emulator.root);
        let request = self.http.request(method, url).bearer_auth(&self.token);
        let request = if body.is_null() { request } else { request.json(body) };
        let response = request.send().await.unwrap();
        assert!(response.status().is_success(), "{rest}: {}", response.status());
        serde_json::from_str(&response.text().await.unwrap()).unwrap_or_default()
    }
}

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

fn calendar(root: &str, refresh: String, clock: Arc<TestClock>) -> GoogleCalendar {
    let endpoints = Endpoints::overridden(&Url::parse(root).unwrap()).unwrap();
    let http = http_client(&HttpOptions::default(), &endpoints).unwrap();
    let retry =
        RetryPolicy { repeats: 2, first: Duration::from_millis(1), longest: Duration::from_millis(2) };
    let counter = Arc::new(RequestCounter::default());
    let tokens = Tokens::new(
        http.clone(),
        endpoints.clone(),
        ClientSecretFile::parse(r#"{"installed":{"client_id":"client"}}"#).unwrap(),
        Arc::new(Vault(StoredToken { refresh_token: refresh.into(), granted: None, ends: None })),
        clock,
        retry,
        counter.clone(),
    );
    let many = NonZeroU32::new(600_000).unwrap();
    let pace = Pace { calendar_per_minute: many, people_per_minute: many, burst: many };
    let client = GoogleClient::new(http, endpoints, Arc::new(tokens), pace, retry, counter);
    let options = CalendarOptions {
        settle: Duration::ZERO,
        time_zone: Some("Europe/Paris".into()),
        names_itself: true,
        ..CalendarOptions::default()
    };
    GoogleCalendar::new(Arc::new(client), "primary", options)
}

/// A person chooses the account on the emulator's page; the code is exchanged for tokens.
async fn consent(http: &reqwest::Client, root: &str) -> (String, String) {
    let chosen = [
        ("email", ME),
        ("client_id", "client"),
        ("redirect_uri", "http://127.0.0.1/"),
        ("scope", "openid email https://www.googleapis.com/auth/calendar.events"),
    ];
    let page = http.post(format!("{root}/o/oauth2/v2/auth/callback")).form(&chosen).send().await.unwrap();
    let back = Url::parse(page.headers()["location"].to_str().unwrap()).unwrap();
    let code = back.query_pairs().find(|(name, _)| name == "code").unwrap().1.into_owned();
    let form = [("grant_type", "authorization_code"), ("code", &code), ("redirect_uri", "http://127.0.0.1/")];
    let answer = http.post(format!("{root}/token")).form(&form).send().await.unwrap();
    let answer: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
    let text = |name: &str| answer[name].as_str().unwrap().to_owned();
    (text("access_token"), text("refresh_token"))
}

/// A running emulator; it ends with its owner.
struct Emulator {
    process: Child,
    root: String,
}

impl Emulator {
    fn start() -> Emulator {
        let place = installed();
        let mut process = Command::new("node")
            .arg("serve.mjs")
            .current_dir(place)
            .env("NO_PROXY", "127.0.0.1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("node, version 20 or later, is needed for the emulator");
        let mut root = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut root).unwrap();
        let root = root.trim().to_owned();
        assert!(root.starts_with("http://127.0.0.1:"), "the emulator did not start: {root:?}");
        Emulator { process, root }
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Installs exactly the pinned packages under the target directory, once, and returns where.
fn installed() -> PathBuf {
    let peers = Path::new(env!("CARGO_MANIFEST_DIR")).join("peers").join("emulator");
    let place = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap().join("peers-emulator");
    fs::create_dir_all(&place).unwrap();
    let lock = File::create(place.join("lock")).unwrap();
    lock.lock().unwrap();
    let pinned = fs::read_to_string(peers.join("package-lock.json")).unwrap();
    let ready = place.join("ready");
    if fs::read_to_string(&ready).ok().as_deref() != Some(pinned.as_str()) {
        for name in ["package.json", "package-lock.json"] {
            fs::copy(peers.join(name), place.join(name)).unwrap();
        }
        let output = Command::new("npm")
            .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"])
            .current_dir(&place)
            .output()
            .expect("npm is needed for the emulator");
        assert!(output.status.success(), "npm ci: {}", String::from_utf8_lossy(&output.stderr));
        fs::write(&ready, pinned).unwrap();
    }
    fs::copy(peers.join("serve.mjs"), place.join("serve.mjs")).unwrap();
    place
}
