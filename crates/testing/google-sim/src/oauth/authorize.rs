//! The authorise page: what it refuses, what a person chooses, where it sends them.

use std::net::IpAddr;

use url::Url;

use super::page::{self, Texts};
use super::scopes::{describe, known, sign_in, split};
use super::{Choice, Code, Publishing};
use crate::core::Core;
use crate::wire::{Request, Response, find};

/// The parameters of an authorise URL (O11), checked.
pub(super) struct Ask {
    pub client_id: String,
    pub redirect_uri: String,
    pub state: Option<String>,
    pub scopes: Vec<String>,
    pub challenge: Option<(String, String)>,
    pub login_hint: Option<String>,
    pub prompt: Vec<String>,
    pub nonce: Option<String>,
    pub include_granted: bool,
}

/// What shows on the page instead of a consent.
struct PageError {
    status: u16,
    code: &'static str,
    text: String,
}

fn refuse<T>(status: u16, code: &'static str, text: &str) -> Result<T, PageError> {
    Err(PageError { status, code, text: text.to_owned() })
}

impl Core {
    /// Answers `GET /o/oauth2/v2/auth`.
    pub(crate) fn authorize(&mut self, request: &Request) -> Response {
        let texts = Texts::choose(request, &self.language);
        let ask = match self.read_ask(request) {
            Ok(ask) => ask,
            Err(error) => return page::error(&texts, error.status, error.code, &error.text),
        };
        let choice = self.oauth.take_choice();
        if let Some(code) = &choice.page_error {
            return page::error(&texts, 403, code, "");
        }
        if choice.cancel {
            return denied(&ask, "access_denied");
        }
        let account = choice.account.clone().or_else(|| ask.login_hint.clone());
        if ask.prompt.iter().any(|word| word == "none") {
            return self.silently(&ask, account);
        }
        if self.auto_consent || choice.account.is_some() {
            let account = account.unwrap_or_else(|| self.first_account());
            return self.consent(&texts, &ask, &account, &choice);
        }
        let accounts: Vec<String> = self.accounts.keys().cloned().collect();
        page::consent(&texts, &ask, request, &accounts, &self.project)
    }

    /// Answers the form of the page.
    pub(crate) fn decide(&mut self, request: &Request) -> Response {
        let texts = Texts::choose(request, &self.language);
        let ask = match self.read_ask(request) {
            Ok(ask) => ask,
            Err(error) => return page::error(&texts, error.status, error.code, &error.text),
        };
        let fields = request.form();
        if find(&fields, "decision") != Some("allow") {
            return denied(&ask, "access_denied");
        }
        let typed = find(&fields, "other_account").map(str::trim).filter(|text| !text.is_empty());
        let account =
            typed.or_else(|| find(&fields, "account")).map_or_else(|| self.first_account(), str::to_owned);
        let ticked: Vec<&str> =
            fields.iter().filter(|(key, _)| key == "grant").map(|(_, value)| value.as_str()).collect();
        let choice = Choice {
            untick: ask
                .scopes
                .iter()
                .filter(|scope| !sign_in(scope) && !ticked.contains(&scope.as_str()))
                .cloned()
                .collect(),
            ..Choice::default()
        };
        self.consent(&texts, &ask, &account, &choice)
    }

    fn silently(&mut self, ask: &Ask, account: Option<String>) -> Response {
        let Some(account) = account else {
            return denied(ask, "login_required");
        };
        let account = self.account_of_hint(&account);
        let granted = self.oauth.grants.get(&(account.clone(), ask.client_id.clone()));
        let covered = granted.is_some_and(|all| ask.scopes.iter().all(|s| all.contains(s)));
        if covered {
            self.grant(ask, &account, ask.scopes.clone())
        } else {
            denied(ask, "interaction_required")
        }
    }

    fn consent(&mut self, texts: &Texts, ask: &Ask, account: &str, choice: &Choice) -> Response {
        let account = self.account_of_hint(account);
        let testers = &self.project.test_users;
        if self.project.publishing == Publishing::Testing
            && !testers.is_empty()
            && !testers.iter().any(|tester| tester.eq_ignore_ascii_case(&account))
        {
            return page::error(texts, 403, "access_denied", texts.not_a_tester());
        }
        self.ensure_account(&account);
        let outside = self.accounts.get(&account).is_some_and(|profile| profile.workspace.is_none());
        if self.project.publishing == Publishing::Internal && outside {
            return page::error(texts, 403, "org_internal", texts.internal_only());
        }
        let granted: Vec<String> = ask
            .scopes
            .iter()
            .filter(|scope| !choice.untick.iter().any(|off| super::canonical(off) == **scope))
            .cloned()
            .collect();
        if granted.is_empty() {
            return denied(ask, "access_denied");
        }
        self.grant(ask, &account, granted)
    }

    fn grant(&mut self, ask: &Ask, account: &str, mut scopes: Vec<String>) -> Response {
        let key = (account.to_owned(), ask.client_id.clone());
        let before = self.oauth.grants.entry(key).or_default();
        let first = !scopes.iter().all(|scope| before.contains(scope));
        if ask.include_granted {
            scopes.extend(before.iter().filter(|s| !ask.scopes.contains(s)).cloned());
        }
        before.extend(scopes.iter().cloned());
        if self.knobs.shuffle_scopes {
            scopes.reverse();
        }
        let code = format!("4/0A{}", self.rng.token(70));
        let joined = scopes.join(" ");
        self.oauth.codes.insert(
            code.clone(),
            Code {
                client_id: ask.client_id.clone(),
                redirect_uri: ask.redirect_uri.clone(),
                account: account.to_owned(),
                scopes,
                challenge: ask.challenge.clone(),
                issued: self.now,
                redeemed: false,
                with_refresh: first || ask.prompt.iter().any(|word| word == "consent"),
                nonce: ask.nonce.clone(),
            },
        );
        let mut extra = vec![("code", code), ("scope", joined)];
        if self.knobs.extra_redirect_parameters {
            extra.push(("iss", "https://accounts.google.com".to_owned()));
            extra.push(("authuser", "0".to_owned()));
            extra.push(("prompt", "consent".to_owned()));
        }
        send_back(ask, &extra)
    }

    fn first_account(&mut self) -> String {
        if self.accounts.is_empty() {
            self.ensure_account("demo@example.org");
        }
        self.accounts.keys().next().cloned().unwrap_or_default()
    }

    /// A hint is an address or a `sub` (O11).
    fn account_of_hint(&self, hint: &str) -> String {
        self.accounts
            .iter()
            .find(|(_, profile)| profile.sub == hint)
            .map_or_else(|| hint.trim().to_lowercase(), |(email, _)| email.clone())
    }

    fn read_ask(&self, request: &Request) -> Result<Ask, PageError> {
        let fields = request.form();
        let get = |name: &str| find(&fields, name).filter(|value| !value.is_empty());
        let agent = request.header("user-agent").unwrap_or_default();
        if ["MSIE ", "Trident/", "; wv)"].iter().any(|mark| agent.contains(mark)) {
            return refuse(403, "disallowed_useragent", "This browser or app may not be secure.");
        }
        let Some(client_id) = get("client_id") else {
            return refuse(400, "invalid_request", "Missing required parameter: client_id");
        };
        let Some(redirect_uri) = get("redirect_uri") else {
            return refuse(400, "invalid_request", "Missing required parameter: redirect_uri");
        };
        self.check_client(client_id, redirect_uri)?;
        match get("response_type") {
            Some("code") => {}
            None => return refuse(400, "invalid_request", "Required parameter is missing: response_type"),
            Some(_) => return refuse(400, "unsupported_response_type", "Invalid response_type"),
        }
        let Some(scope) = get("scope") else {
            return refuse(400, "invalid_request", "Missing required parameter: scope");
        };
        let scopes = split(scope);
        let wrong: Vec<_> = scopes.iter().filter(|s| !known(s)).cloned().collect();
        if !wrong.is_empty() {
            let text = format!("Some requested scopes were invalid. {{invalid=[{}]}}", wrong.join(", "));
            return refuse(400, "invalid_scope", &text);
        }
        Ok(Ask {
            client_id: client_id.to_owned(),
            redirect_uri: redirect_uri.to_owned(),
            state: get("state").map(str::to_owned),
            scopes,
            challenge: challenge(get("code_challenge"), get("code_challenge_method"))?,
            login_hint: get("login_hint").map(str::to_owned),
            prompt: get("prompt").unwrap_or_default().split(' ').map(str::to_owned).collect(),
            nonce: get("nonce").map(str::to_owned),
            include_granted: get("include_granted_scopes") == Some("true"),
        })
    }

    fn check_client(&self, client_id: &str, redirect_uri: &str) -> Result<(), PageError> {
        if redirect_uri.starts_with("urn:ietf:wg:oauth:2.0:oob") {
            return refuse(400, "invalid_request", "The out-of-band (OOB) flow has been blocked.");
        }
        let known = self.oauth.clients.get(client_id);
        if known.is_none() && !self.oauth.clients.is_empty() {
            return refuse(401, "invalid_client", "The OAuth client was not found.");
        }
        if known.is_some_and(|client| client.deleted) {
            return refuse(401, "deleted_client", "The OAuth client was deleted.");
        }
        let allowed = match known {
            Some(client) if client.web => client.redirect_uris.iter().any(|uri| uri == redirect_uri),
            _ => is_loopback(redirect_uri),
        };
        if allowed {
            Ok(())
        } else {
            let text = format!("The redirect URI in the request, {redirect_uri}, does not match.");
            refuse(400, "redirect_uri_mismatch", &text)
        }
    }
}

/// A desktop client comes back to loopback: any port and path (O10).
fn is_loopback(uri: &str) -> bool {
    let Ok(url) = Url::parse(uri) else {
        return false;
    };
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    let local = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
    url.scheme() == "http" && local && url.fragment().is_none()
}

fn challenge(challenge: Option<&str>, method: Option<&str>) -> Result<Option<(String, String)>, PageError> {
    let Some(challenge) = challenge else {
        return Ok(None);
    };
    let method = method.unwrap_or("plain");
    if !matches!(method, "S256" | "plain") {
        return refuse(400, "invalid_request", "Invalid code_challenge_method");
    }
    if !(43..=128).contains(&challenge.len()) {
        return refuse(400, "invalid_request", "Invalid code_challenge");
    }
    Ok(Some((method.to_owned(), challenge.to_owned())))
}

fn denied(ask: &Ask, error: &str) -> Response {
    send_back(ask, &[("error", error.to_owned())])
}

fn send_back(ask: &Ask, extra: &[(&str, String)]) -> Response {
    let Ok(mut url) = Url::parse(&ask.redirect_uri) else {
        return Response::html(400, "redirect_uri_mismatch");
    };
    {
        let mut pairs = url.query_pairs_mut();
        if let Some(state) = &ask.state {
            pairs.append_pair("state", state);
        }
        for (name, value) in extra {
            pairs.append_pair(name, value);
        }
    }
    Response::redirect(url.as_str())
}

/// The rows of the page: each scope with its description and whether it has a box.
pub(super) fn rows(ask: &Ask, french: bool) -> Vec<(String, String, bool)> {
    let others = ask.scopes.iter().filter(|scope| !sign_in(scope)).count();
    let boxes = ask.scopes.len() >= 2 && others >= 1;
    ask.scopes
        .iter()
        .map(|scope| (scope.clone(), describe(scope, french), boxes && !sign_in(scope)))
        .collect()
}
