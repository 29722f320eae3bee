//! The file that Google's console gives for a desktop client (O90, O91).

use passerelle_ports::{Code, Reason};
use secrecy::SecretString;
use serde::Deserialize;

/// The client that the company made at Google: who asks for consent.
///
/// The file's own addresses are ignored: tokens go to Google or to a loopback host, whatever a file says.
#[derive(Clone, Debug)]
pub struct ClientSecretFile {
    /// The client id.
    pub client_id: String,
    /// The client secret; no real secret for a desktop client, but sent when the file has one (O14).
    pub client_secret: Option<SecretString>,
    /// The project it belongs to.
    pub project_id: Option<String>,
}

/// Why a file is no desktop client.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientFileError {
    /// The client is of type "Web application".
    #[error("this is a client of type Web application, not Desktop app")]
    Web,
    /// The file is the key of a service account.
    #[error("this is the key of a service account, not a desktop client")]
    ServiceAccount,
    /// The file is no key of a service account, where one was asked for.
    #[error("this is not the key of a service account")]
    NoServiceAccount,
    /// The private key in the file is none, or was cut.
    #[error("the private key in this file cannot be read")]
    BadKey,
    /// The text is an API key.
    #[error("this is an API key, not a desktop client")]
    ApiKey,
    /// The file is JSON, but nothing that is known.
    #[error("this file is not a desktop client of Google's console")]
    Other,
    /// The file is not JSON.
    #[error("this file is not JSON (line {line}, column {column})")]
    NotJson {
        /// Where reading stopped.
        line: usize,
        /// Where reading stopped.
        column: usize,
    },
    /// The client has no id.
    #[error("the client in this file has no client_id")]
    NoClientId,
}

impl ClientFileError {
    /// Says why the file is no key of a service account.
    #[must_use]
    pub fn reason(&self) -> Reason {
        match self {
            ClientFileError::BadKey => Reason::BadPrivateKey,
            ClientFileError::NotJson { .. } => Reason::NotJson,
            _ => Reason::NoServiceAccount,
        }
    }

    /// Returns the code of the catalogue.
    #[must_use]
    pub fn code(&self) -> Code {
        match self {
            ClientFileError::Web => Code::Goog105,
            ClientFileError::NoServiceAccount | ClientFileError::BadKey => Code::Goog118,
            _ => Code::Goog111,
        }
    }
}

#[derive(Deserialize)]
struct File {
    installed: Option<Client>,
    web: Option<Client>,
    r#type: Option<String>,
}

#[derive(Deserialize)]
struct Client {
    #[serde(default)]
    client_id: String,
    client_secret: Option<SecretString>,
    project_id: Option<String>,
}

impl ClientSecretFile {
    /// Returns the number of the project: what a client id of Google's begins with.
    #[must_use]
    pub fn project_number(&self) -> Option<&str> {
        let (number, _) = self.client_id.split_once('-')?;
        (!number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())).then_some(number)
    }

    /// Reads the file's text.
    ///
    /// # Errors
    ///
    /// Says which of the usual wrong files it is.
    pub fn parse(text: &str) -> Result<Self, ClientFileError> {
        let text = text.trim_start_matches('\u{feff}').trim();
        if text.starts_with("AIza") && !text.contains(char::is_whitespace) {
            return Err(ClientFileError::ApiKey);
        }
        let file: File = match serde_json::from_str(text) {
            Ok(file) => file,
            Err(error) if error.is_data() => return Err(ClientFileError::Other),
            Err(error) => {
                return Err(ClientFileError::NotJson { line: error.line(), column: error.column() });
            }
        };
        match file {
            File { installed: Some(client), .. } => client.checked(),
            File { web: Some(_), .. } => Err(ClientFileError::Web),
            File { r#type: Some(kind), .. } if kind == "service_account" => {
                Err(ClientFileError::ServiceAccount)
            }
            _ => Err(ClientFileError::Other),
        }
    }
}

impl Client {
    fn checked(self) -> Result<ClientSecretFile, ClientFileError> {
        if self.client_id.trim().is_empty() {
            return Err(ClientFileError::NoClientId);
        }
        Ok(ClientSecretFile {
            client_id: self.client_id.trim().to_owned(),
            client_secret: self.client_secret,
            project_id: self.project_id,
        })
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    const GOOD: &str = r#"{"installed":{"client_id":"123-abc.apps.googleusercontent.com","project_id":"my-project",
        "auth_uri":"https://evil.example/auth","token_uri":"https://evil.example/token",
        "client_secret":"GOCSPX-xxxxxxxx","redirect_uris":["http://localhost"]}}"#;

    #[test]
    fn a_desktop_client_is_read_and_its_secret_is_not_printed() {
        let file = ClientSecretFile::parse(&format!("\u{feff}{GOOD}\n")).unwrap();
        assert_eq!(file.client_id, "123-abc.apps.googleusercontent.com");
        assert_eq!(file.client_secret.as_ref().unwrap().expose_secret(), "GOCSPX-xxxxxxxx");
        assert_eq!(file.project_id.as_deref(), Some("my-project"));
        assert!(!format!("{file:?}").contains("GOCSPX"));
    }

    #[test]
    fn the_usual_wrong_files_are_named() {
        let table = [
            (r#"{"web":{"client_id":"x"}}"#, "Web", Code::Goog105),
            (r#"{"type":"service_account","private_key":"-----"}"#, "ServiceAccount", Code::Goog111),
            ("AIzaSyA-not-a-real-key", "ApiKey", Code::Goog111),
            (r#"{"type":"authorized_user"}"#, "Other", Code::Goog111),
            ("{}", "Other", Code::Goog111),
            ("[1]", "Other", Code::Goog111),
            (r#"{"installed":"x"}"#, "Other", Code::Goog111),
            (r#"{"installed":{"client_id":" "}}"#, "NoClientId", Code::Goog111),
            ("client_id=x", "NotJson { line: 1, column: 1 }", Code::Goog111),
            ("", "NotJson { line: 1, column: 0 }", Code::Goog111),
        ];
        for (text, want, code) in table {
            let error = ClientSecretFile::parse(text).unwrap_err();
            assert_eq!((format!("{error:?}").as_str(), error.code()), (want, code), "{text}");
        }
    }
}
