//! Who the account is (O25): read from the identity token that came straight from Google over TLS.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use passerelle_ports::{PortError, PortResult};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use crate::{Api, Endpoints, ISSUER, answer::read};

/// Who consented.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct Identity {
    /// Google's stable name of the account.
    pub(crate) sub: String,
    /// Its address.
    #[serde(default)]
    pub(crate) email: Option<String>,
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    #[serde(flatten)]
    identity: Identity,
}

/// Asks Google whose access token this is.
pub(crate) async fn of_token(
    http: &reqwest::Client,
    endpoints: &Endpoints,
    token: &SecretString,
) -> PortResult<Option<Identity>> {
    let request = http.get(endpoints.userinfo().clone()).bearer_auth(token.expose_secret());
    let answer = read(Api::OAuth, "userinfo.get", request).await.map_err(PortError::from)?;
    Ok(answer.json().ok().filter(|identity: &Identity| !identity.sub.is_empty()))
}

/// Reads the payload of an identity token. Its signature need not be checked where the token comes straight
/// from the token end point (OpenID Connect Core 3.1.3.7); its issuer and audience must be.
pub(crate) fn from_id_token(token: &str, client_id: &str) -> Option<Identity> {
    let mut parts = token.split('.');
    let (_, payload) = (parts.next()?, parts.next()?);
    let payload = URL_SAFE_NO_PAD.decode(payload.trim_end_matches('=')).ok()?;
    let claims: Claims = serde_json::from_slice(&payload).ok()?;
    let issued_by_google = claims.iss == ISSUER || ISSUER.strip_prefix("https://") == Some(&claims.iss);
    (issued_by_google && claims.aud == client_id && !claims.identity.sub.is_empty())
        .then_some(claims.identity)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identity_token_must_be_googles_and_ours() {
        let token = |payload: &str| format!("e30.{}.sig", URL_SAFE_NO_PAD.encode(payload));
        let table = [
            (
                r#"{"iss":"https://accounts.google.com","aud":"me","sub":"1","email":"a@b.c","exp":0}"#,
                Some("1"),
            ),
            (r#"{"iss":"accounts.google.com","aud":"me","sub":"1"}"#, Some("1")),
            (r#"{"iss":"https://evil.example","aud":"me","sub":"1"}"#, None),
            (r#"{"iss":"https://accounts.google.com","aud":"you","sub":"1"}"#, None),
            (r#"{"iss":"https://accounts.google.com","aud":"me","sub":""}"#, None),
            ("[]", None),
        ];
        for (payload, want) in table {
            let found = from_id_token(&token(payload), "me").map(|identity| identity.sub);
            assert_eq!(found.as_deref(), want, "{payload}");
        }
        assert_eq!(from_id_token("nonsense", "me"), None);
    }
}
