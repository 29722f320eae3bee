//! A service account that acts for the people of its Workspace: the second way in (O100 to O102).
//!
//! What must stay true: the key never leaves this type, and every assertion is short-lived and names one person.

use std::{fmt, sync::Arc};

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use chrono::{DateTime, Utc};
use passerelle_ports::{ErrorKind, PortError, PortResult};
use ring::{rand::SystemRandom, signature};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::json;

use crate::{ClientFileError, Endpoints, Tokens, identity};

/// How long an assertion is good, in seconds; Google allows an hour at most.
const LIFE: i64 = 3000;

/// The key of a service account, as Google's console gives it.
#[derive(Clone)]
pub struct ServiceAccountKey {
    /// The service account's address.
    pub client_email: String,
    /// The number that the administrator enters for the delegation (O101).
    pub client_id: String,
    /// The project it belongs to.
    pub project_id: Option<String>,
    key_id: Option<String>,
    key: Arc<signature::RsaKeyPair>,
}

/// A service account that acts for one person, within some scopes.
#[derive(Clone, Debug)]
pub struct Delegate {
    /// The key.
    pub key: ServiceAccountKey,
    /// The person's address.
    pub subject: String,
    /// What it is allowed to do, exactly as the administrator entered it.
    pub scopes: Vec<String>,
}

#[derive(Deserialize)]
struct File {
    r#type: Option<String>,
    #[serde(default)]
    client_email: String,
    #[serde(default)]
    client_id: String,
    project_id: Option<String>,
    private_key_id: Option<String>,
    private_key: Option<SecretString>,
}

impl fmt::Debug for ServiceAccountKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServiceAccountKey").field("client_id", &self.client_id).finish_non_exhaustive()
    }
}

impl ServiceAccountKey {
    /// Reads the file's text.
    ///
    /// # Errors
    ///
    /// [`ClientFileError::NoServiceAccount`] for every other file, [`ClientFileError::BadKey`] for a key that
    /// was cut or is none.
    pub fn parse(text: &str) -> Result<Self, ClientFileError> {
        let file: File = match serde_json::from_str(text.trim_start_matches('\u{feff}')) {
            Ok(file) => file,
            Err(error) if error.is_data() => return Err(ClientFileError::NoServiceAccount),
            Err(error) => {
                return Err(ClientFileError::NotJson { line: error.line(), column: error.column() });
            }
        };
        let (Some("service_account"), Some(pem)) = (file.r#type.as_deref(), &file.private_key) else {
            return Err(ClientFileError::NoServiceAccount);
        };
        if file.client_email.is_empty() {
            return Err(ClientFileError::NoClientId);
        }
        let base64: String = pem.expose_secret().lines().filter(|line| !line.starts_with("-----")).collect();
        let der = STANDARD.decode(base64.trim()).map_err(|_| ClientFileError::BadKey)?;
        let key = signature::RsaKeyPair::from_pkcs8(&der).map_err(|_| ClientFileError::BadKey)?;
        Ok(ServiceAccountKey {
            client_email: file.client_email,
            client_id: file.client_id,
            project_id: file.project_id,
            key_id: file.private_key_id,
            key: Arc::new(key),
        })
    }
}

impl Delegate {
    /// Signs what asks Google for an access token (O100).
    pub(crate) fn assertion(&self, endpoints: &Endpoints, now: DateTime<Utc>) -> PortResult<SecretString> {
        let mut header = json!({"alg": "RS256", "typ": "JWT"});
        if let Some(id) = &self.key.key_id {
            header["kid"] = id.as_str().into();
        }
        let (iat, exp) = (now.timestamp(), now.timestamp() + LIFE);
        let claims = json!({
            "iss": self.key.client_email, "sub": self.subject, "scope": self.scopes.join(" "),
            "aud": endpoints.token().as_str(), "iat": iat, "exp": exp,
        });
        let encode = |value: &serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", encode(&header), encode(&claims));
        let mut signature = vec![0; self.key.key.public().modulus_len()];
        self.key
            .key
            .sign(&signature::RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature)
            .map_err(|_| PortError::new(ErrorKind::Unexpected, "token.assertion"))?;
        Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)).into())
    }

    /// Asks Google who the person is: the stable name and the address.
    ///
    /// # Errors
    ///
    /// Those of the token: `GOOG-115` where the delegation is missing.
    pub async fn identity(
        &self,
        http: &reqwest::Client,
        endpoints: &Endpoints,
        tokens: &Tokens,
    ) -> PortResult<(String, String)> {
        let token = tokens.access().await?;
        let found = identity::of_token(http, endpoints, &token).await?;
        let found = found.ok_or_else(|| PortError::new(ErrorKind::Unexpected, "userinfo.get"))?;
        Ok((found.sub, found.email.unwrap_or_else(|| self.subject.clone())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made for this test, good for nothing else.
    const KEY: &str = include_str!("../tests/service-account.json");

    #[test]
    fn an_assertion_names_one_person_and_is_signed_with_the_key() {
        let key = ServiceAccountKey::parse(KEY).unwrap();
        let delegate = Delegate {
            key: key.clone(),
            subject: "alice@acme.example".to_owned(),
            scopes: vec!["a".to_owned(), "b".to_owned()],
        };
        let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let text = delegate.assertion(&Endpoints::google().unwrap(), now).unwrap();
        let parts: Vec<&str> = text.expose_secret().split('.').collect();
        let claims: serde_json::Value =
            serde_json::from_slice(&URL_SAFE_NO_PAD.decode(parts[1]).unwrap()).unwrap();
        assert_eq!(claims["sub"], "alice@acme.example");
        assert_eq!(claims["scope"], "a b");
        assert_eq!(claims["aud"], "https://oauth2.googleapis.com/token");
        assert!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap() <= 3600);
        let public = signature::UnparsedPublicKey::new(
            &signature::RSA_PKCS1_2048_8192_SHA256,
            key.key.public().as_ref(),
        );
        let signed = format!("{}.{}", parts[0], parts[1]);
        assert!(public.verify(signed.as_bytes(), &URL_SAFE_NO_PAD.decode(parts[2]).unwrap()).is_ok());
        assert!(!format!("{delegate:?}").contains("PRIVATE"));
    }

    #[test]
    fn other_files_and_cut_keys_are_named() {
        let cut = KEY.replace("MII", "MI");
        let table = [
            (r#"{"installed":{"client_id":"x"}}"#, "NoServiceAccount"),
            (r#"{"type":"service_account"}"#, "NoServiceAccount"),
            ("[]", "NoServiceAccount"),
            ("nonsense", "NotJson { line: 1, column: 2 }"),
            (cut.as_str(), "BadKey"),
        ];
        for (text, want) in table {
            assert_eq!(format!("{:?}", ServiceAccountKey::parse(text).unwrap_err()), want);
        }
    }
}
