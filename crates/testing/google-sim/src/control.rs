//! The control surface under `/_sim/`: what only a test may do.

use chrono::{DateTime, Duration, Utc};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use crate::api::Profile;
use crate::bodies;
use crate::calendar::merge_patch;
use crate::core::Core;
use crate::faults::{Faults, Rule};
use crate::wire::{Request, Response};

type Outcome = Result<Value, String>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FaultPlan {
    #[serde(default)]
    seed: u64,
    #[serde(default)]
    rules: Vec<Rule>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Clock {
    advance_seconds: Option<i64>,
    now: Option<DateTime<Utc>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expire {
    account: Option<String>,
    what: String,
    body: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TokenWish {
    account: String,
    #[serde(default)]
    scopes: Vec<String>,
    client_id: Option<String>,
}

#[derive(Deserialize)]
struct NewAccount {
    email: String,
    #[serde(flatten)]
    profile: Map<String, Value>,
}

/// Shows what this server is.
pub(crate) fn front_page(core: &Core) -> Response {
    let accounts: Vec<_> = core.accounts.keys().map(|email| format!("<li>{email}")).collect();
    Response::html(
        200,
        &format!(
            "<!doctype html><html lang=en><title>A pretend Google</title><h1>A pretend Google</h1>\
             <p>For tests and demonstrations; nothing here talks to Google. \
             State: <a href=\"/_sim/state\">/_sim/state</a><ul>{}</ul>",
            accounts.concat()
        ),
    )
}

/// The file that the Cloud console would give for a desktop client (O90).
fn client_secret(root: &str) -> Value {
    json!({"installed": {
        "client_id": "123456789012-pretend.apps.googleusercontent.com", "project_id": "pretend",
        "auth_uri": format!("{root}/o/oauth2/v2/auth"), "token_uri": format!("{root}/token"),
        "auth_provider_x509_cert_url": format!("{root}/oauth2/v1/certs"),
        "client_secret": "GOCSPX-pretend", "redirect_uris": ["http://localhost"]}})
}

impl Core {
    pub(crate) fn control(&mut self, request: &Request, rest: &str) -> Response {
        let outcome = match request.verb.as_str() {
            "GET" if rest == "client_secret.json" => Ok(client_secret(&request.root())),
            "GET" => self.look(rest),
            "POST" => match request.json() {
                Ok(body) => self.act(rest, body.unwrap_or_else(|| json!({}))),
                Err(error) => Err(error.to_string()),
            },
            _ => Err("use GET or POST".to_owned()),
        };
        match outcome {
            Ok(body) => Response::json(200, &body),
            Err(message) => Response::json(400, &json!({"error": message})),
        }
    }

    fn look(&self, what: &str) -> Outcome {
        match what {
            "state" => Ok(self.dump()),
            "mails" => Ok(json!({"count": self.mails().len(), "mails": self.mails()})),
            "requests" => {
                let total: u64 = self.counts.values().sum();
                Ok(json!({"total": total, "methods": self.counts}))
            }
            "clock" => Ok(json!({"now": self.now})),
            "knobs" => Ok(json!(self.knobs)),
            "project" => Ok(json!(self.project)),
            "bodies" => Ok(json!(bodies::names().collect::<Vec<_>>())),
            other => Err(format!("nothing at /_sim/{other}")),
        }
    }

    fn act(&mut self, what: &str, body: Value) -> Outcome {
        if let Some(gesture) = what.strip_prefix("ui/") {
            return self.gesture(gesture, &body);
        }
        match what {
            "knobs" => self.knobs = merged(&self.knobs, body)?,
            "project" => self.project = merged(&self.project, body)?,
            "consent" => self.oauth.set_choice(read(body)?),
            "clients" => self.oauth.configure_client(read(body)?),
            "requests/reset" => self.reset_counts(),
            "mails/reset" => self.calendars.mails.clear(),
            "faults" => return self.plan_faults(body),
            "clock" => {
                let clock: Clock = read(body)?;
                if let Some(now) = clock.now {
                    self.now = now;
                }
                self.now += Duration::seconds(clock.advance_seconds.unwrap_or(0));
                return Ok(json!({"now": self.now}));
            }
            "expire" => {
                let wish: Expire = read(body)?;
                self.expire(wish.account.as_deref(), &wish.what, wish.body.as_deref())?;
            }
            "accounts" => return self.new_account(body),
            "token" => return self.new_token(body),
            other => return Err(format!("nothing at /_sim/{other}")),
        }
        Ok(json!({}))
    }

    fn plan_faults(&mut self, body: Value) -> Outcome {
        let plan: FaultPlan = read(body)?;
        if let Some(name) =
            plan.rules.iter().filter_map(|rule| rule.body.as_deref()).find(|n| !bodies::exists(n))
        {
            return Err(format!("no body named {name}"));
        }
        let count = plan.rules.len();
        self.faults = Faults::new(plan.seed, plan.rules);
        Ok(json!({"rules": count}))
    }

    fn new_account(&mut self, body: Value) -> Outcome {
        let wish: NewAccount = read(body)?;
        self.ensure_account(&wish.email);
        let email = wish.email.trim().to_lowercase();
        let current = self.accounts.get(&email).cloned().unwrap_or_default();
        let profile: Profile = merged(&current, Value::Object(wish.profile))?;
        self.calendars.set_zone(&email, &profile.time_zone);
        self.add_account(&email, profile.clone());
        Ok(json!({"email": email, "profile": profile}))
    }

    fn new_token(&mut self, body: Value) -> Outcome {
        let wish: TokenWish = read(body)?;
        let scopes: Vec<&str> = match wish.scopes.is_empty() {
            true => vec![
                "openid",
                "email",
                "profile",
                "https://www.googleapis.com/auth/calendar",
                "https://www.googleapis.com/auth/contacts",
            ],
            false => wish.scopes.iter().map(String::as_str).collect(),
        };
        let client = wish.client_id.as_deref().unwrap_or("pretend-client");
        let (access, refresh) = self.issue_token(&wish.account, client, &scopes);
        Ok(json!({"access_token": access, "refresh_token": refresh, "expires_in": 3599,
                  "token_type": "Bearer", "scope": scopes.join(" "), "client_id": client}))
    }

    /// Plays a gesture of a person in the web page.
    fn gesture(&mut self, gesture: &str, args: &Value) -> Outcome {
        let account = args.get("account").and_then(Value::as_str).ok_or("account is missing")?;
        let account = account.to_lowercase();
        match gesture.split_once('/') {
            Some(("calendar", op)) => self.calendars.ui(op, args, self.now),
            Some(("people", op)) => {
                let now = self.now;
                self.address_book(&account).ui(op, args, now)
            }
            _ => Err(format!("nothing at /_sim/ui/{gesture}")),
        }
    }
}

fn read<T: DeserializeOwned>(body: Value) -> Result<T, String> {
    serde_json::from_value(body).map_err(|error| error.to_string())
}

/// Lays the members of `body` over the current value.
fn merged<T: DeserializeOwned + serde::Serialize>(current: &T, body: Value) -> Result<T, String> {
    let mut value = serde_json::to_value(current).map_err(|error| error.to_string())?;
    if let (Some(target), Value::Object(patch)) = (value.as_object_mut(), body) {
        merge_patch(target, patch);
    }
    read(value)
}
