//! A code that one computer got and another one redeems: for servers without a browser.
//!
//! What must stay true: it is good for one client and one redemption only, and of no use without its verifier;
//! whoever carries it from one computer to the other seals it first.

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use url::Url;

/// A code with everything that redeeming it takes, except the client's secret.
#[derive(Clone, Debug)]
pub struct Elsewhere {
    pub(crate) client_id: String,
    pub(crate) redirect: Url,
    pub(crate) code: SecretString,
    pub(crate) verifier: SecretString,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    v: u8,
    client_id: String,
    redirect_uri: Url,
    code: String,
    code_verifier: String,
}

impl Elsewhere {
    /// Writes it as a text, which is a secret.
    #[must_use]
    pub fn to_text(&self) -> SecretString {
        let wire = Wire {
            v: 1,
            client_id: self.client_id.clone(),
            redirect_uri: self.redirect.clone(),
            code: self.code.expose_secret().to_owned(),
            code_verifier: self.verifier.expose_secret().to_owned(),
        };
        serde_json::to_string(&wire).unwrap_or_default().into()
    }

    /// Reads what [`Elsewhere::to_text`] wrote.
    #[must_use]
    pub fn parse(text: &SecretString) -> Option<Self> {
        let wire: Wire = serde_json::from_str(text.expose_secret()).ok()?;
        let loopback =
            wire.redirect_uri.scheme() == "http" && wire.redirect_uri.host_str() == Some("127.0.0.1");
        (wire.v == 1 && loopback).then(|| Elsewhere {
            client_id: wire.client_id,
            redirect: wire.redirect_uri,
            code: wire.code.into(),
            verifier: wire.code_verifier.into(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_travels_as_a_text_and_prints_nothing() {
        let code = Elsewhere {
            client_id: "me".to_owned(),
            redirect: Url::parse("http://127.0.0.1:7/x").unwrap(),
            code: "canary-code".to_owned().into(),
            verifier: "canary-verifier".to_owned().into(),
        };
        let back = Elsewhere::parse(&code.to_text()).unwrap();
        assert_eq!(back.verifier.expose_secret(), "canary-verifier");
        assert_eq!((back.client_id.as_str(), back.redirect.port()), ("me", Some(7)));
        assert!(!format!("{code:?}").contains("canary"));
        for wrong in [
            "",
            "{}",
            r#"{"v":2,"client_id":"","redirect_uri":"http://127.0.0.1/","code":"","code_verifier":""}"#,
            r#"{"v":1,"client_id":"","redirect_uri":"https://evil.example/","code":"","code_verifier":""}"#,
        ] {
            assert!(Elsewhere::parse(&wrong.to_owned().into()).is_none(), "{wrong}");
        }
    }
}
