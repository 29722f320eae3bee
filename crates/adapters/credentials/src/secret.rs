//! A secret that does not show itself, and the name it is kept under.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};

/// A secret text. It has no `Display` and no `Serialize`, prints as `[secret]`, and is wiped from
/// memory when dropped.
///
/// ```compile_fail
/// println!("{}", passerelle_credentials::Secret::new("x"));
/// ```
///
/// ```compile_fail
/// let _ = serde_json::to_string(&passerelle_credentials::Secret::new("x"));
/// ```
///
/// ```
/// assert_eq!(format!("{:?}", passerelle_credentials::Secret::new("x")), "[secret]");
/// ```
#[derive(Clone)]
pub struct Secret(SecretString);

impl Secret {
    /// Takes a text into custody.
    pub fn new(text: impl Into<String>) -> Self {
        Secret(SecretString::from(text.into()))
    }

    /// Returns the text. Every call of this is a place to look at twice.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

/// The name of a credential: whose it is, where it is good, and what for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CredentialId {
    /// The app user it belongs to.
    pub user: String,
    /// The provider, such as `google`.
    pub provider: String,
    /// The account there, by the provider's stable name of it.
    pub subject: String,
    /// What it is for, such as `refresh_token`.
    pub purpose: String,
}

impl CredentialId {
    /// Names a credential.
    pub fn new(
        user: impl Into<String>,
        provider: impl Into<String>,
        subject: impl Into<String>,
        purpose: impl Into<String>,
    ) -> Self {
        CredentialId {
            user: user.into(),
            provider: provider.into(),
            subject: subject.into(),
            purpose: purpose.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_does_not_print_itself() {
        let secret = Secret::new("canary-1");
        assert_eq!(format!("{secret:?} {:?}", Some(&secret)), "[secret] Some([secret])");
        assert_eq!(secret.expose(), "canary-1");
    }
}
