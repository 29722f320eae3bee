//! A server, an account and a client.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use passerelle_google_sim::{Sim, SimOptions};
use reqwest::{Client, Method, redirect::Policy};
use serde_json::{Value, json};

pub const ME: &str = "alice@example.org";
pub const CALENDAR: &str = "https://www.googleapis.com/auth/calendar";
pub const EVENTS: &str = "/calendar/v3/calendars/primary/events";

pub struct Answer {
    pub status: u16,
    pub headers: BTreeMap<String, String>,
    pub body: Value,
    pub text: String,
}

impl Answer {
    pub fn reason(&self) -> &str {
        self.body["error"]["errors"][0]["reason"].as_str().unwrap_or_default()
    }

    pub fn message(&self) -> &str {
        self.body["error"]["message"].as_str().unwrap_or_default()
    }

    pub fn items(&self) -> Vec<Value> {
        self.body["items"].as_array().cloned().unwrap_or_default()
    }

    pub fn ids(&self) -> Vec<String> {
        self.items().iter().map(|item| text(item, "id")).collect()
    }

    pub fn ok(self) -> Self {
        assert!((200..300).contains(&self.status), "{} {}", self.status, self.text);
        self
    }
}

pub fn text(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_default().to_owned()
}

pub struct World {
    pub sim: Sim,
    pub client: Client,
    pub token: String,
}

impl World {
    pub async fn new() -> Self {
        Self::with(SimOptions::default()).await
    }

    pub async fn with(options: SimOptions) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let now: DateTime<Utc> = "2026-01-05T08:00:00Z".parse().unwrap();
        let sim = Sim::start(SimOptions {
            now: Some(now),
            frozen: true,
            seed: 1,
            accounts: vec![ME.to_owned()],
            ..options
        })
        .await
        .unwrap();
        let client = Client::builder().no_proxy().redirect(Policy::none()).build().unwrap();
        let scopes = [CALENDAR, "https://www.googleapis.com/auth/contacts", "openid", "email"];
        let (token, _) = sim.with(|core| core.issue_token(ME, "client", &scopes));
        Self { sim, client, token }
    }

    pub fn token_for(&self, account: &str, scopes: &[&str]) -> String {
        self.sim.with(|core| core.issue_token(account, "client", scopes).0)
    }

    pub async fn call(
        &self,
        verb: &str,
        path: &str,
        body: Option<Value>,
        headers: &[(&str, &str)],
    ) -> Answer {
        self.call_as(&self.token, verb, path, body, headers).await
    }

    pub async fn call_as(
        &self,
        token: &str,
        verb: &str,
        path: &str,
        body: Option<Value>,
        headers: &[(&str, &str)],
    ) -> Answer {
        let method = Method::from_bytes(verb.as_bytes()).unwrap();
        let url = format!("{}{path}", self.sim.url());
        let mut request = self.client.request(method, url).bearer_auth(token);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        read(request.send().await.unwrap()).await
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.call("GET", path, None, &[]).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.call("POST", path, Some(body), &[]).await
    }

    pub async fn patch(&self, path: &str, body: Value) -> Answer {
        self.call("PATCH", path, Some(body), &[]).await
    }

    pub async fn put(&self, path: &str, body: Value) -> Answer {
        self.call("PUT", path, Some(body), &[]).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.call("DELETE", path, None, &[]).await
    }

    pub async fn control(&self, what: &str, body: Value) -> Value {
        self.post(&format!("/_sim/{what}"), body).await.ok().body
    }

    pub async fn insert(&self, body: Value) -> Value {
        self.post(EVENTS, body).await.ok().body
    }

    /// Lists to the end and returns the token of the last page.
    pub async fn sync_token(&self) -> String {
        let answer = self.get(EVENTS).await.ok();
        text(&answer.body, "nextSyncToken")
    }

    pub async fn since(&self, token: &str) -> Answer {
        self.get(&format!("{EVENTS}?syncToken={token}")).await
    }
}

pub async fn read(response: reqwest::Response) -> Answer {
    let status = response.status().as_u16();
    let headers = response
        .headers()
        .iter()
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap_or_default().to_owned()))
        .collect();
    let text = response.text().await.unwrap_or_default();
    Answer { status, headers, body: serde_json::from_str(&text).unwrap_or_default(), text }
}

pub fn lunch() -> Value {
    json!({"summary": "Lunch",
           "start": {"dateTime": "2026-01-10T12:00:00+01:00", "timeZone": "Europe/Paris"},
           "end": {"dateTime": "2026-01-10T13:00:00+01:00", "timeZone": "Europe/Paris"}})
}

pub fn weekly() -> Value {
    json!({"summary": "Weekly", "recurrence": ["RRULE:FREQ=WEEKLY;COUNT=5"],
           "start": {"dateTime": "2026-03-16T09:00:00+01:00", "timeZone": "Europe/Paris"},
           "end": {"dateTime": "2026-03-16T10:00:00+01:00", "timeZone": "Europe/Paris"}})
}
