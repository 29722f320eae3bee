//! Who the signed-in person is: id tokens, user information, token information.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::Access;
use super::token::play;
use crate::api::Profile;
use crate::core::Core;
use crate::wire::{Request, Response, find};

const EMAIL: &str = "https://www.googleapis.com/auth/userinfo.email";
const PROFILE: &str = "https://www.googleapis.com/auth/userinfo.profile";

impl Core {
    /// Makes an id token; its signature (HS256) is of no value outside tests.
    pub(super) fn id_token(&self, account: &str, client_id: &str, nonce: Option<&str>) -> Value {
        let profile = self.accounts.get(account).cloned().unwrap_or_default();
        let now = self.now.timestamp();
        let mut claims = json!({
            "iss": "https://accounts.google.com", "azp": client_id, "aud": client_id,
            "sub": profile.sub, "email": account, "email_verified": true,
            "name": profile.name, "iat": now, "exp": now + 3600,
        });
        if let Some(domain) = &profile.workspace {
            claims["hd"] = Value::from(domain.as_str());
        }
        if let Some(nonce) = nonce {
            claims["nonce"] = Value::from(nonce);
        }
        let header = json!({"alg": "HS256", "kid": "pretend", "typ": "JWT"});
        let signed = format!("{}.{}", encode(&header), encode(&claims));
        let signature = URL_SAFE_NO_PAD.encode(hmac(b"pretend", signed.as_bytes()));
        Value::from(format!("{signed}.{signature}"))
    }

    /// Answers `GET /v1/userinfo` (OpenID Connect's form).
    pub(crate) fn openid_userinfo(&self, request: &Request) -> Response {
        let Some((access, profile)) = self.signed_in(request) else {
            let body = json!({"error": "invalid_request", "error_description": "Invalid Credentials"});
            let mut response = Response::json(401, &body);
            response.headers.push((
                "WWW-Authenticate".to_owned(),
                "Bearer realm=\"https://accounts.google.com/\", error=\"invalid_token\"".to_owned(),
            ));
            return response;
        };
        let mut body = json!({"sub": profile.sub});
        if has(&access, EMAIL) {
            body["email"] = Value::from(access.account.as_str());
            body["email_verified"] = Value::from(true);
        }
        add_names(&mut body, &access, &profile);
        Response::json(200, &body)
    }

    /// Answers `GET /oauth2/v2/userinfo`.
    pub(crate) fn userinfo(&self, access: &Access) -> Value {
        let profile = self.accounts.get(&access.account).cloned().unwrap_or_default();
        let mut body = json!({"id": profile.sub});
        if has(access, EMAIL) {
            body["email"] = Value::from(access.account.as_str());
            body["verified_email"] = Value::from(true);
        }
        add_names(&mut body, access, &profile);
        body
    }

    /// Answers `GET /tokeninfo` (O63).
    pub(crate) fn tokeninfo(&self, request: &Request) -> Response {
        let fields = request.form();
        let token = find(&fields, "access_token").unwrap_or_default();
        let Ok(access) = self.oauth.check_access(token, self.now) else {
            return play("oauth-tokeninfo-invalid_token");
        };
        let profile = self.accounts.get(&access.account).cloned().unwrap_or_default();
        let left = (access.expires - self.now).num_seconds();
        let mut body = json!({
            "azp": access.client_id, "aud": access.client_id, "scope": access.scopes.join(" "),
            "exp": access.expires.timestamp().to_string(), "expires_in": left.to_string(),
            "access_type": if access.refresh.is_some() { "offline" } else { "online" },
        });
        if access.scopes.iter().any(|scope| scope == "openid" || scope == EMAIL) {
            body["sub"] = Value::from(profile.sub);
        }
        if has(access, EMAIL) {
            body["email"] = Value::from(access.account.as_str());
            body["email_verified"] = Value::from("true");
        }
        Response::json(200, &body)
    }

    fn signed_in(&self, request: &Request) -> Option<(Access, Profile)> {
        let token = request.bearer()?;
        let access = self.oauth.check_access(token, self.now).ok()?.clone();
        let profile = self.accounts.get(&access.account).cloned()?;
        Some((access, profile))
    }
}

fn has(access: &Access, scope: &str) -> bool {
    access.scopes.iter().any(|granted| granted == scope)
}

fn add_names(body: &mut Value, access: &Access, profile: &Profile) {
    if has(access, PROFILE) {
        body["name"] = Value::from(profile.name.as_str());
        let (given, family) = profile.name.split_once(' ').unwrap_or((profile.name.as_str(), ""));
        body["given_name"] = Value::from(given);
        if !family.is_empty() {
            body["family_name"] = Value::from(family);
        }
    }
    if let Some(domain) = &profile.workspace {
        body["hd"] = Value::from(domain.as_str());
    }
}

fn encode(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

fn hmac(key: &[u8], message: &[u8]) -> Vec<u8> {
    let pad = |mask: u8| -> Vec<u8> { (0..64).map(|at| key.get(at).copied().unwrap_or(0) ^ mask).collect() };
    let inner = Sha256::new().chain_update(pad(0x36)).chain_update(message).finalize();
    Sha256::new().chain_update(pad(0x5c)).chain_update(inner).finalize().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mac_is_rfc_4231_case_2() {
        let mac = hmac(b"Jefe", b"what do ya want for nothing?");
        let hex: String = mac.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    }
}
