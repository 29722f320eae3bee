//! The token end point, revocation and the device flow's refusals.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use chrono::Duration;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::scopes::{sign_in, split};
use super::{ACCESS_LIFE, CODE_LIFE_MINUTES, Code, Publishing, REVOKED, jwt};
use crate::bodies;
use crate::core::Core;
use crate::wire::{Request, Response, find};

type Fields = [(String, String)];

/// Plays one of the `oauth-*` bodies.
pub(super) fn play(name: &str) -> Response {
    Response::json(bodies::status(name), &bodies::body(name))
}

fn described(name: &str, text: &str) -> Response {
    let mut body = bodies::body(name);
    if let Some(description) = body.get_mut("error_description") {
        *description = Value::from(text);
    }
    Response::json(bodies::status(name), &body)
}

fn missing(parameter: &str) -> Response {
    described("oauth-token-invalid_request", &format!("Missing required parameter: {parameter}"))
}

impl Core {
    /// Answers `POST /token`.
    pub(crate) fn token(&mut self, request: &Request) -> Response {
        let mut fields = request.form();
        basic(request, &mut fields);
        let Some(grant) = find(&fields, "grant_type") else {
            return missing("grant_type");
        };
        let grant = grant.to_owned();
        if grant == "urn:ietf:params:oauth:grant-type:jwt-bearer" {
            return self.jwt_bearer(&fields);
        }
        if let Err(refusal) = self.check_secret(&fields) {
            return *refusal;
        }
        match grant.as_str() {
            "authorization_code" => self.redeem(&fields),
            "refresh_token" => self.refresh(&fields),
            "urn:ietf:params:oauth:grant-type:device_code" => play("oauth-device-authorization_pending"),
            other => described("oauth-token-unsupported_grant_type", &format!("Invalid grant_type: {other}")),
        }
    }

    fn check_secret(&self, fields: &Fields) -> Result<(), Box<Response>> {
        let Some(client_id) = find(fields, "client_id") else {
            return Err(Box::new(described(
                "oauth-token-invalid_request",
                "Could not determine client ID from request.",
            )));
        };
        let known = self.oauth.clients.get(client_id);
        let refusal = match known {
            None if self.oauth.clients.is_empty() => return Ok(()),
            None => "oauth-token-invalid_client-notfound",
            Some(client) if client.deleted => "oauth-token-deleted_client",
            Some(client) => {
                let sent = find(fields, "client_secret");
                match (&client.client_secret, sent) {
                    (Some(secret), Some(sent)) if secret == sent => return Ok(()),
                    (Some(_), None) => {
                        return Err(Box::new(described(
                            "oauth-token-invalid_request",
                            "client_secret is missing.",
                        )));
                    }
                    (Some(_), Some(_)) => "oauth-token-invalid_client-secret",
                    (None, _) => return Ok(()),
                }
            }
        };
        Err(Box::new(play(refusal)))
    }

    fn redeem(&mut self, fields: &Fields) -> Response {
        let Some(given) = find(fields, "code") else {
            return missing("code");
        };
        if find(fields, "redirect_uri").is_none() {
            return missing("redirect_uri");
        }
        let Some(code) = self.oauth.codes.get(given).cloned() else {
            return play("oauth-token-invalid_grant-malformed-code");
        };
        if let Some(refusal) = self.check_code(&code, fields) {
            return refusal;
        }
        if let Some(stored) = self.oauth.codes.get_mut(given) {
            stored.redeemed = true;
        }
        let with_refresh = code.with_refresh && !self.knobs.withhold_refresh_token;
        let refresh = with_refresh.then(|| {
            self.oauth.new_refresh(&mut self.rng, &code.account, &code.client_id, &code.scopes, self.now)
        });
        let access = self.oauth.new_access(
            &mut self.rng,
            &code.account,
            &code.client_id,
            &code.scopes,
            refresh.as_deref(),
            self.now,
        );
        let mut body = answer(&access, &code.scopes);
        if let Some(refresh) = refresh {
            body["refresh_token"] = Value::from(refresh);
            if self.dies_in_a_week(&code.scopes) && !self.knobs.hide_refresh_expiry {
                body["refresh_token_expires_in"] = Value::from(604_799);
            }
        }
        if code.scopes.iter().any(|scope| scope == "openid") {
            body["id_token"] = self.id_token(&code.account, &code.client_id, code.nonce.as_deref());
        }
        Response::json(200, &body)
    }

    fn check_code(&self, code: &Code, fields: &Fields) -> Option<Response> {
        if find(fields, "client_id") != Some(code.client_id.as_str()) {
            return Some(play("oauth-token-invalid_grant-bad-request"));
        }
        if code.redeemed {
            return Some(play("oauth-token-invalid_grant-code-redeemed"));
        }
        if self.now - code.issued > Duration::minutes(CODE_LIFE_MINUTES) {
            return Some(play("oauth-token-invalid_grant-bad-request"));
        }
        if find(fields, "redirect_uri") != Some(code.redirect_uri.as_str()) {
            return Some(play("oauth-token-redirect_uri_mismatch"));
        }
        if let Some((method, challenge)) = &code.challenge {
            let Some(verifier) = find(fields, "code_verifier") else {
                return Some(play("oauth-token-invalid_grant-missing-verifier"));
            };
            if !proves(method, challenge, verifier) {
                return Some(described("oauth-token-invalid_grant-bad-request", "Invalid code verifier."));
            }
        }
        None
    }

    /// Refreshes; the old token stays (O17).
    fn refresh(&mut self, fields: &Fields) -> Response {
        let Some(given) = find(fields, "refresh_token") else {
            return missing("refresh_token");
        };
        let Some(token) = self.oauth.refresh.get(given).cloned() else {
            return play("oauth-token-invalid_grant-bad-request");
        };
        if Some(token.client_id.as_str()) != find(fields, "client_id") {
            return play("oauth-token-unauthorized_client");
        }
        if let Some(body) = &token.dead {
            return play(body);
        }
        let week_over = self.dies_in_a_week(&token.scopes) && self.now - token.issued >= Duration::days(7);
        let forgotten = self.now - token.used >= Duration::days(183);
        if week_over || forgotten {
            if let Some(stored) = self.oauth.refresh.get_mut(given) {
                stored.dead = Some(REVOKED.to_owned());
            }
            return play(REVOKED);
        }
        let scopes = match find(fields, "scope").map(split) {
            Some(asked) if asked.iter().any(|scope| !token.scopes.contains(scope)) => {
                return play("oauth-token-invalid_scope");
            }
            Some(asked) if !asked.is_empty() => asked,
            _ => token.scopes.clone(),
        };
        if let Some(stored) = self.oauth.refresh.get_mut(given) {
            stored.used = self.now;
        }
        if let Some(old) = token.replaces.as_ref().and_then(|old| self.oauth.refresh.get_mut(old)) {
            old.dead = Some(REVOKED.to_owned());
            old.replaced = true;
        }
        let (account, client) = (token.account.as_str(), token.client_id.as_str());
        let access = self.oauth.new_access(&mut self.rng, account, client, &scopes, Some(given), self.now);
        let mut body = answer(&access, &scopes);
        if self.knobs.rotate_refresh_tokens {
            let next = self.oauth.new_refresh(&mut self.rng, account, client, &token.scopes, self.now);
            if let Some(made) = self.oauth.refresh.get_mut(&next) {
                made.replaces = Some(given.to_owned());
                made.issued = token.issued;
            }
            body["refresh_token"] = Value::from(next);
        }
        if scopes.iter().any(|scope| scope == "openid") {
            body["id_token"] = self.id_token(account, client, None);
        }
        Response::json(200, &body)
    }

    /// In testing, only sign-in scopes outlive a week (O51).
    fn dies_in_a_week(&self, scopes: &[String]) -> bool {
        self.project.publishing == Publishing::Testing && !scopes.iter().all(|s| sign_in(s))
    }

    /// Answers `POST /revoke`: every grant of the account to the project goes (O62).
    pub(crate) fn revoke(&mut self, request: &Request) -> Response {
        let fields = request.form();
        let Some(token) = find(&fields, "token") else {
            return missing("token");
        };
        let owner = match (self.oauth.refresh.get(token), self.oauth.access.get(token)) {
            (Some(refresh), _) if refresh.dead.is_none() => Some(refresh.account.clone()),
            (None, Some(_)) => {
                self.oauth.check_access(token, self.now).ok().map(|access| access.account.clone())
            }
            _ => None,
        };
        let Some(account) = owner else {
            return play("oauth-revoke-invalid_token");
        };
        self.oauth.expire_refresh(Some(&account), None);
        self.oauth.access.retain(|_, access| access.account != account);
        self.oauth.grants.retain(|(owner, _), _| *owner != account);
        Response::json(200, &json!({}))
    }

    /// Answers `POST /device/code`: Calendar and contacts are refused there (O21).
    pub(crate) fn device_code(&mut self, request: &Request) -> Response {
        let fields = request.form();
        let Some(scope) = find(&fields, "scope") else {
            return missing("scope");
        };
        if let Some(wrong) = split(scope).iter().find(|scope| !sign_in(scope)) {
            return described("oauth-device-invalid_scope", &format!("Invalid device flow scope: {wrong}"));
        }
        Response::json(
            200,
            &json!({"device_code": self.rng.token(60), "user_code": "GQVQ-JKEC",
                    "expires_in": 1800, "interval": 5,
                    "verification_url": "https://www.google.com/device"}),
        )
    }

    /// Answers a service account's assertion (O100).
    fn jwt_bearer(&mut self, fields: &Fields) -> Response {
        let Some(assertion) = find(fields, "assertion") else {
            return missing("assertion");
        };
        let key = self.project.service_account_key.as_deref();
        let claims = match jwt::check(assertion, self.now, key) {
            Ok(claims) => claims,
            Err(jwt::Refusal::Signature) => {
                return play("oauth-token-invalid_grant-jwt-signature");
            }
            Err(jwt::Refusal::Time) => return play("oauth-token-invalid_grant-jwt-time"),
            Err(jwt::Refusal::Audience) => {
                return described(
                    "oauth-token-invalid_grant-bad-request",
                    "Invalid JWT: Failed audience check.",
                );
            }
        };
        let scopes = split(&claims.scope);
        if scopes.is_empty() || scopes.iter().any(|scope| !super::known_scope(scope)) {
            return play("oauth-token-invalid_scope");
        }
        let delegated: Vec<String> =
            self.project.delegated_scopes.iter().map(|scope| super::canonical(scope)).collect();
        let covered = delegated.is_empty() || scopes.iter().all(|scope| delegated.contains(scope));
        let account = match &claims.subject {
            Some(_) if !self.project.delegation || !covered => {
                return play("oauth-token-unauthorized_client");
            }
            // A person whom the Workspace does not have (in a world that has any).
            Some(subject)
                if !self.accounts.is_empty() && !self.accounts.contains_key(&subject.to_lowercase()) =>
            {
                return described("oauth-token-invalid_grant-bad-request", "Invalid email or User ID");
            }
            Some(subject) => subject.to_lowercase(),
            None => claims.issuer.to_lowercase(),
        };
        self.ensure_account(&account);
        if claims.subject.is_none()
            && let Some(profile) = self.accounts.get_mut(&account)
        {
            profile.service_account = true;
        }
        let access = self.oauth.new_access(&mut self.rng, &account, &claims.issuer, &scopes, None, self.now);
        if let Some(stored) = self.oauth.access.get_mut(&access) {
            stored.service_account = claims.subject.is_none();
        }
        Response::json(
            200,
            &json!({"access_token": access, "expires_in": ACCESS_LIFE - 1, "token_type": "Bearer"}),
        )
    }
}

fn answer(access: &str, scopes: &[String]) -> Value {
    json!({"access_token": access, "expires_in": ACCESS_LIFE - 1,
           "scope": scopes.join(" "), "token_type": "Bearer"})
}

/// Client id and secret may come in an `Authorization: Basic` header.
fn basic(request: &Request, fields: &mut Vec<(String, String)>) {
    let decoded = request
        .header("authorization")
        .and_then(|value| value.strip_prefix("Basic "))
        .and_then(|text| STANDARD.decode(text).ok())
        .and_then(|bytes| String::from_utf8(bytes).ok());
    if let Some((id, secret)) = decoded.as_deref().and_then(|text| text.split_once(':')) {
        fields.push(("client_id".to_owned(), id.to_owned()));
        fields.push(("client_secret".to_owned(), secret.to_owned()));
    }
}

fn proves(method: &str, challenge: &str, verifier: &str) -> bool {
    let legal = (43..=128).contains(&verifier.len())
        && verifier.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~".contains(&b));
    legal
        && match method {
            "S256" => URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes())) == challenge,
            _ => verifier == challenge,
        }
}
