//! The whole pretend Google, without sockets and without a clock of its own.

use std::collections::{BTreeMap, VecDeque};

use chrono::{DateTime, Duration, Utc};
use serde_json::{Value, json};

use crate::api::{ApiRequest, ApiResponse, Knobs, Profile};
use crate::calendar::{Calendars, Call, Mail};
use crate::discovery::{Api, Discovery, Method, Route};
use crate::faults::{Faults, Moment};
use crate::gate::{capital, masked, scope_refusal};
use crate::oauth::{Access, Client, OAuth, Project, Refusal};
use crate::people::AddressBook;
use crate::rng::Rng;
use crate::validate;
use crate::wire::{Request, Response};

/// How a pretend Google begins.
#[derive(Debug, Clone)]
pub struct Setup {
    /// Holds the seed of everything random.
    pub seed: u64,
    /// Holds the virtual time at the start.
    pub now: DateTime<Utc>,
    /// Approves the consent page by itself.
    pub auto_consent: bool,
    /// Holds the accounts that exist from the start.
    pub accounts: Vec<String>,
    /// Holds the language of pages when the browser names none.
    pub language: String,
    /// Holds the switches of behaviour.
    pub knobs: Knobs,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            seed: 1,
            now: DateTime::from_timestamp(1_767_258_000, 0).unwrap_or_default(),
            auto_consent: true,
            accounts: Vec::new(),
            language: "en".to_owned(),
            knobs: Knobs::default(),
        }
    }
}

/// The state of the pretend Google.
#[derive(Debug)]
pub struct Core {
    pub(crate) now: DateTime<Utc>,
    pub(crate) rng: Rng,
    pub(crate) knobs: Knobs,
    pub(crate) project: Project,
    pub(crate) oauth: OAuth,
    pub(crate) accounts: BTreeMap<String, Profile>,
    pub(crate) calendars: Calendars,
    pub(crate) books: BTreeMap<String, AddressBook>,
    pub(crate) faults: Faults,
    pub(crate) counts: BTreeMap<String, u64>,
    pub(crate) auto_consent: bool,
    pub(crate) language: String,
    pub(crate) recent: BTreeMap<String, VecDeque<DateTime<Utc>>>,
}

impl Default for Core {
    fn default() -> Self {
        Self::new(&Setup::default())
    }
}

/// What a request is about: its address and its body.
fn said(request: &Request) -> String {
    let query: Vec<&str> = request.query.iter().map(|(_, value)| value.as_str()).collect();
    format!("{} {} {}", request.path, query.join(" "), String::from_utf8_lossy(&request.body))
}

impl Core {
    /// Makes a pretend Google.
    #[must_use]
    pub fn new(setup: &Setup) -> Self {
        let mut core = Self {
            now: setup.now,
            rng: Rng::new(setup.seed),
            knobs: setup.knobs.clone(),
            project: Project::default(),
            oauth: OAuth::default(),
            accounts: BTreeMap::new(),
            calendars: Calendars::default(),
            books: BTreeMap::new(),
            faults: Faults::new(setup.seed, Vec::new()),
            counts: BTreeMap::new(),
            auto_consent: setup.auto_consent,
            language: setup.language.clone(),
            recent: BTreeMap::new(),
        };
        for account in &setup.accounts {
            core.ensure_account(account);
        }
        core
    }

    /// Returns the virtual time.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        self.now
    }

    /// Sets the virtual time.
    pub fn set_now(&mut self, now: DateTime<Utc>) {
        self.now = now;
    }

    /// Lets virtual time pass.
    pub fn advance(&mut self, by: Duration) {
        self.now += by;
    }

    /// Returns the switches, to change them.
    pub fn knobs_mut(&mut self) -> &mut Knobs {
        &mut self.knobs
    }

    /// Returns the Cloud project, to change it.
    pub fn project_mut(&mut self) -> &mut Project {
        &mut self.project
    }

    /// Adds a client; from then on unknown clients are refused.
    pub fn configure_client(&mut self, client: Client) {
        self.oauth.configure_client(client);
    }

    /// Replaces the faults in force.
    pub fn set_faults(&mut self, faults: Faults) {
        self.faults = faults;
    }

    /// Makes an account with a primary calendar and an address book, once.
    pub fn ensure_account(&mut self, email: &str) {
        let email = email.trim().to_lowercase();
        if self.accounts.contains_key(&email) {
            return;
        }
        let name = email.split('@').next().unwrap_or_default();
        let name: Vec<String> = name.split(['.', '_', '-']).map(capital).collect();
        let profile = Profile {
            sub: self.rng.text(21, b"123456789"),
            name: name.join(" "),
            locale: if self.language.starts_with("fr") { "fr" } else { "en" }.to_owned(),
            service_account: email.ends_with(".gserviceaccount.com"),
            ..Profile::default()
        };
        self.add_account(&email, profile);
    }

    /// Makes or replaces an account.
    pub fn add_account(&mut self, email: &str, profile: Profile) {
        let email = email.trim().to_lowercase();
        self.calendars.add_account(&email, &profile, self.now);
        self.books.entry(email.clone()).or_default();
        self.accounts.insert(email, profile);
    }

    /// Gives a ready access and refresh token, without any page.
    pub fn issue_token(&mut self, account: &str, client_id: &str, scopes: &[&str]) -> (String, String) {
        self.ensure_account(account);
        let scopes: Vec<String> = scopes.iter().map(|scope| crate::oauth::canonical(scope)).collect();
        let account = account.trim().to_lowercase();
        self.oauth.issue(&mut self.rng, &account, client_id, &scopes, self.now)
    }

    /// Returns how often each method was called since the last reset.
    #[must_use]
    pub fn counts(&self) -> &BTreeMap<String, u64> {
        &self.counts
    }

    /// Forgets the counts.
    pub fn reset_counts(&mut self) {
        self.counts.clear();
    }

    /// Returns the mails that would have been sent.
    #[must_use]
    pub fn mails(&self) -> &[Mail] {
        &self.calendars.mails
    }

    /// Returns the address book of an account.
    pub fn address_book(&mut self, account: &str) -> &mut AddressBook {
        self.books.entry(account.trim().to_lowercase()).or_default()
    }

    /// Ends what time or a person would end: `calendar` or `people` sync tokens,
    /// `access_tokens` or `refresh_tokens`.
    ///
    /// # Errors
    ///
    /// Returns a sentence when `what` is none of them.
    pub fn expire(&mut self, account: Option<&str>, what: &str, body: Option<&str>) -> Result<(), String> {
        match what {
            "calendar" => self.calendars.expire_tokens(account),
            "people" => {
                for (owner, book) in &mut self.books {
                    if account.is_none_or(|wanted| wanted == owner) {
                        book.expire_sync_tokens();
                    }
                }
            }
            "access_tokens" => self.oauth.expire_access(account, self.now),
            "refresh_tokens" => self.oauth.expire_refresh(account, body),
            other => return Err(format!("cannot expire {other}")),
        }
        Ok(())
    }

    /// Returns all there is, per account.
    #[must_use]
    pub fn dump(&self) -> Value {
        let contacts: BTreeMap<_, _> =
            self.books.iter().map(|(owner, book)| (owner.clone(), book.dump())).collect();
        json!({"now": self.now, "accounts": self.accounts, "calendars": self.calendars.dump(),
               "contacts": contacts, "oauth": self.oauth.dump(), "mails": self.calendars.mails,
               "requests": self.counts, "knobs": self.knobs, "project": self.project})
    }

    /// Handles one HTTP request.
    pub fn handle(
        &mut self,
        method: &http::Method,
        path_and_query: &str,
        headers: &[(String, String)],
        body: &[u8],
    ) -> Response {
        let request = Request::new(method.as_str(), path_and_query, headers, body);
        self.dispatch(&request)
    }

    pub(crate) fn dispatch(&mut self, request: &Request) -> Response {
        let path = request.path.as_str();
        if let Some(rest) = path.strip_prefix("/_sim/") {
            return self.control(request, rest);
        }
        match (request.verb.as_str(), path) {
            ("POST", "/batch" | "/batch/calendar/v3") => return self.batch(request),
            ("POST", "/o/oauth2/v2/auth/decision") => return self.decide(request),
            ("GET", path) if path.starts_with("/discovery/v1/apis/") => {
                return discovery_document(request);
            }
            ("GET", path) if path.starts_with("/contacts/") => return self.picture(request),
            ("GET", "/") => return crate::control::front_page(self),
            _ => {}
        }
        if let Some(name) = oauth_method(request) {
            return self.oauth_call(request, name);
        }
        match Discovery::get().route(&request.verb, path) {
            Route::Found(method, path) => self.api_call(request, method, path),
            Route::WrongVerb => Response::html(405, "Method Not Allowed"),
            Route::Unknown => Response::html(404, "<title>Error 404 (Not Found)!!1</title>"),
        }
    }

    /// Shows a picture to whoever knows its address, as Google's host of pictures does (P49).
    fn picture(&mut self, request: &Request) -> Response {
        const NAME: &str = "people.photo";
        self.count(NAME);
        if let Some(fault) =
            self.faults.strike(NAME, None, &said(request)).filter(|fault| !fault.only_delays())
        {
            return fault.response(NAME);
        }
        let place = request.path.trim_start_matches("/contacts/").split('=').next().unwrap_or_default();
        match self.books.values().find_map(|book| book.picture(place)) {
            Some((media_type, bytes)) => Response::new(200, media_type, bytes),
            None => Response::html(404, "<title>Error 404 (Not Found)!!1</title>"),
        }
    }

    fn oauth_call(&mut self, request: &Request, name: &'static str) -> Response {
        self.count(name);
        let fault = self.faults.strike(name, None, &said(request));
        if let Some(fault) = fault.as_ref().filter(|f| f.when == Moment::Before && !f.only_delays()) {
            return fault.response(name);
        }
        let mut response = match name {
            "oauth.authorize" => self.authorize(request),
            "oauth.token" => self.token(request),
            "oauth.revoke" => self.revoke(request),
            "oauth.tokeninfo" => self.tokeninfo(request),
            "oauth.device" => self.device_code(request),
            _ => self.openid_userinfo(request),
        };
        if let Some(fault) = fault {
            if fault.when == Moment::After && !fault.only_delays() {
                return fault.response(name);
            }
            fault.change(&mut response);
            response.delay = fault.delay();
        }
        response
    }

    fn api_call(&mut self, request: &Request, method: &Method, path: BTreeMap<String, String>) -> Response {
        self.count(&method.id);
        let access = self.access_of(request);
        let account = access.as_ref().ok().map(|access| access.account.clone());
        let fault = self.faults.strike(&method.id, account.as_deref(), &said(request));
        if let Some(fault) = fault.as_ref().filter(|f| f.when == Moment::Before && !f.only_delays()) {
            return fault.response(&method.id);
        }
        let circles = fault.as_ref().is_some_and(crate::faults::Fault::circles);
        let mut first = request.clone();
        first.query.retain(|(name, _)| !circles || name != "pageToken");
        let mut answer = match access {
            Ok(access) => self.checked(&first, method, path, &access),
            Err(refusal) => self.unauthenticated(method.api, refusal),
        };
        if let Some(Value::Object(body)) = answer.body.as_mut().filter(|_| circles) {
            body.remove("nextSyncToken");
            body.insert("nextPageToken".to_owned(), Value::from("again"));
        }
        let pretty = request.param("prettyPrint") != Some("false");
        let mut response = Response::of_api(&masked(request, method.api, answer), pretty);
        if let Some(fault) = fault {
            if fault.when == Moment::After && !fault.only_delays() {
                return fault.response(&method.id);
            }
            fault.change(&mut response);
            response.delay = fault.delay();
        }
        response
    }

    fn count(&mut self, name: &str) {
        *self.counts.entry(name.to_owned()).or_default() += 1;
    }

    fn access_of(&self, request: &Request) -> Result<Access, Option<Refusal>> {
        let token = request.bearer().ok_or(None)?;
        self.oauth.check_access(token, self.now).cloned().map_err(Some)
    }

    fn checked(
        &mut self,
        request: &Request,
        method: &Method,
        path: BTreeMap<String, String>,
        access: &Access,
    ) -> ApiResponse {
        if let Some(refusal) = self.disabled(method.api).or_else(|| scope_refusal(method, access)) {
            return refusal;
        }
        if let Some(refusal) = self.over_quota(method.api, &access.account) {
            return refusal;
        }
        if let Err(refusal) = validate::query(method, &request.query) {
            return *refusal;
        }
        let Ok(body) = request.json() else {
            return match method.api {
                Api::People => validate::violation("Invalid JSON payload received. Unexpected token.", None),
                _ => ApiResponse::calendar_error(400, "global", "parseError", "Parse Error"),
            };
        };
        if let Err(refusal) = validate::body(method, body.as_ref()) {
            return *refusal;
        }
        let call = ApiRequest {
            method_id: method.id.clone(),
            path,
            query: request.query.clone(),
            body,
            if_match: request.header("if-match").map(str::to_owned),
            if_none_match: request.header("if-none-match").map(str::to_owned),
            account: access.account.clone(),
            profile: self.accounts.get(&access.account).cloned().unwrap_or_default(),
            now: self.now,
            knobs: self.knobs.clone(),
        };
        match method.api {
            Api::People => self.address_book(&call.account).handle(&call),
            Api::OAuth2 => ApiResponse::ok(self.userinfo(access)),
            Api::Calendar => {
                let knobs = call.knobs.clone();
                let mut call = Call {
                    req: &call,
                    rng: &mut self.rng,
                    accounts: &self.accounts,
                    client_id: &access.client_id,
                    scopes: &access.scopes,
                };
                let mut answer = self.calendars.handle(&mut call);
                if let Some(body) = &mut answer.body {
                    show(body, &knobs);
                }
                answer
            }
        }
    }
}

/// Shows an answer as some of Google's answers look: zones by another name, conferences without their block.
fn show(value: &mut Value, knobs: &Knobs) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| show(item, knobs)),
        Value::Object(members) => {
            if knobs.strip_conference {
                members.remove("conferenceData");
            }
            if let (true, Some(Value::String(zone))) =
                (members.contains_key("dateTime"), members.get_mut("timeZone"))
                && let Some(shown) = knobs.shown_zones.get(zone.as_str())
            {
                zone.clone_from(shown);
            }
            members.values_mut().for_each(|inner| show(inner, knobs));
        }
        _ => {}
    }
}

/// Publishes a discovery document whose addresses are this server's.
fn discovery_document(request: &Request) -> Response {
    let mut words = request.path.trim_start_matches("/discovery/v1/apis/").split('/');
    let (name, version) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    match Discovery::document(name, version, &request.root()) {
        Some(document) => Response::json(200, &document),
        None => Response::html(404, "<title>Error 404 (Not Found)!!1</title>"),
    }
}

fn oauth_method(request: &Request) -> Option<&'static str> {
    Some(match (request.verb.as_str(), request.path.as_str()) {
        ("GET" | "POST", "/o/oauth2/v2/auth" | "/o/oauth2/auth") => "oauth.authorize",
        ("POST", "/token" | "/oauth2/v4/token") => "oauth.token",
        ("POST" | "GET", "/revoke" | "/o/oauth2/revoke") => "oauth.revoke",
        (_, "/tokeninfo" | "/oauth2/v3/tokeninfo" | "/oauth2/v2/tokeninfo") => "oauth.tokeninfo",
        ("POST", "/device/code") => "oauth.device",
        (_, "/v1/userinfo" | "/oauth2/v3/userinfo") => "oauth.userinfo",
        _ => return None,
    })
}
