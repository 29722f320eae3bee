//! The vault, opened when it is first needed, and what it holds of an account's authorisation.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use passerelle_credentials::{CredentialId, Secret, Vault, VaultError};
use passerelle_google_transport::{StoredToken, TokenStore};
use passerelle_ports::{Code, Detail, ErrorKind, InstallationId, PortError, PortResult};
use passerelle_service::{Failure, Outcome};
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use super::unlock::KeyChoice;

/// How long another process may take to renew a token.
const TURN: Duration = Duration::from_secs(90);
const REFRESH: &str = "refresh-token";
const CLIENT: &str = "client";
const SERVICE: &str = "service-account";

/// Where the vault is.
#[derive(Clone, Debug)]
pub struct VaultPlace {
    /// Its directory.
    pub dir: PathBuf,
    /// Where its key comes from.
    pub key: KeyChoice,
    /// The installation that it belongs to.
    pub installation: InstallationId,
    /// The end point to which its secrets may be sent; none = the provider's own.
    pub endpoint: Option<String>,
}

/// The vault of this installation.
pub struct Safe {
    place: VaultPlace,
    opened: Mutex<Option<Arc<Vault>>>,
}

/// The secrets of one account: whose they are, and the provider's stable name of it.
#[derive(Clone, Debug)]
pub struct Owner {
    user: String,
    provider: &'static str,
    subject: String,
}

/// A refresh token, as the vault keeps it.
#[derive(Serialize, Deserialize)]
struct Kept {
    refresh_token: String,
    granted: Option<DateTime<Utc>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ends: Option<DateTime<Utc>>,
    /// The end point that gave it; none = the provider's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    endpoint: Option<String>,
}

/// A service account that acts for this owner, as the vault keeps it.
#[derive(Serialize, Deserialize)]
pub struct Acting {
    /// The text of its key.
    pub key: String,
    /// The address for which it acts.
    pub subject: String,
    /// The end point that accepted it; none = the provider's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
}

impl Owner {
    /// Names the owner of secrets.
    pub fn new(user: &str, provider: &'static str, subject: &str) -> Self {
        Owner { user: user.to_owned(), provider, subject: subject.to_owned() }
    }

    fn credential(&self, purpose: &str) -> CredentialId {
        CredentialId::new(&self.user, self.provider, &self.subject, purpose)
    }
}

impl Safe {
    /// Names a vault; it is not opened yet.
    pub fn new(place: VaultPlace) -> Self {
        Safe { place, opened: Mutex::default() }
    }

    /// Opens the vault, once.
    ///
    /// # Errors
    ///
    /// `VAULT-001`, `VAULT-002`, `SYS-106`.
    pub fn vault(&self) -> Outcome<Arc<Vault>> {
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(vault) = &*opened {
            return Ok(vault.clone());
        }
        let source = self.place.key.source()?;
        let vault = Vault::open(&self.place.dir, &source, &self.place.installation).map_err(vault_failure)?;
        Ok(opened.insert(Arc::new(vault)).clone())
    }

    /// Keeps the company's client and an account's refresh token, in place of those before.
    ///
    /// # Errors
    ///
    /// Those of the vault.
    pub fn keep(&self, owner: &Owner, client: &str, token: &StoredToken) -> Outcome<()> {
        let vault = self.vault()?;
        vault.put(&owner.credential(CLIENT), &Secret::new(client)).map_err(vault_failure)?;
        put_token(&vault, owner, token, self.endpoint()).map_err(vault_failure)?;
        // The other way in is given up only now.
        vault.delete(&owner.credential(SERVICE)).map(drop).map_err(vault_failure)
    }

    /// Keeps the company's client anew, beside the refresh token that is kept already.
    ///
    /// # Errors
    ///
    /// Those of the vault.
    pub fn keep_client(&self, owner: &Owner, client: &str) -> Outcome<()> {
        self.vault()?.put(&owner.credential(CLIENT), &Secret::new(client)).map_err(vault_failure)
    }

    /// Keeps the service account that acts for an owner, in place of a consent.
    ///
    /// # Errors
    ///
    /// Those of the vault.
    pub fn keep_service_account(&self, owner: &Owner, acting: &Acting) -> Outcome<()> {
        let vault = self.vault()?;
        let bound = Acting {
            key: acting.key.clone(),
            subject: acting.subject.clone(),
            endpoint: self.place.endpoint.clone(),
        };
        let text =
            serde_json::to_string(&bound).map_err(|error| Failure::new(Code::Bug101).because(error))?;
        vault.put(&owner.credential(SERVICE), &Secret::new(text)).map_err(vault_failure)?;
        for purpose in [REFRESH, CLIENT] {
            vault.delete(&owner.credential(purpose)).map_err(vault_failure)?;
        }
        Ok(())
    }

    /// Returns the end point to which these secrets may be sent.
    pub fn endpoint(&self) -> Option<&str> {
        self.place.endpoint.as_deref()
    }

    /// Tells whether a consent is kept that another end point gave: nothing of it may be sent to this one.
    fn is_of_another_endpoint(&self, owner: &Owner) -> Outcome<bool> {
        let kept = get_kept(&*self.vault()?, owner).map_err(vault_failure)?;
        Ok(kept.is_some_and(|kept| kept.endpoint.as_deref() != self.endpoint()))
    }

    /// Returns the service account that acts for an owner, if one does, and this end point accepted it.
    ///
    /// # Errors
    ///
    /// Those of the vault.
    pub fn service_account(&self, owner: &Owner) -> Outcome<Option<Acting>> {
        let Some(secret) = self.vault()?.get(&owner.credential(SERVICE)).map_err(vault_failure)? else {
            return Ok(None);
        };
        let acting: Acting =
            serde_json::from_str(secret.expose()).map_err(|_| vault_failure(VaultError::Undecipherable))?;
        Ok(Some(acting).filter(|acting| acting.endpoint.as_deref() == self.endpoint()))
    }

    /// Returns the text of the company's client, as it was given with the consent, unless that was at another end
    /// point.
    ///
    /// # Errors
    ///
    /// Those of the vault.
    pub fn client(&self, owner: &Owner) -> Outcome<Option<Secret>> {
        if self.is_of_another_endpoint(owner)? {
            return Ok(None);
        }
        self.vault()?.get(&owner.credential(CLIENT)).map_err(vault_failure)
    }

    /// Returns an account's refresh token.
    ///
    /// # Errors
    ///
    /// Those of the vault.
    pub fn token(&self, owner: &Owner) -> Outcome<Option<StoredToken>> {
        get_token(&*self.vault()?, owner, self.endpoint()).map_err(vault_failure)
    }

    /// Destroys what is kept of an account; tells whether there was anything.
    ///
    /// # Errors
    ///
    /// Those of the vault.
    pub fn destroy(&self, owner: &Owner) -> Outcome<bool> {
        let vault = self.vault()?;
        let mut destroyed = false;
        for purpose in [REFRESH, CLIENT, SERVICE] {
            destroyed |= vault.delete(&owner.credential(purpose)).map_err(vault_failure)?;
        }
        Ok(destroyed)
    }
}

/// The refresh token of one account, for the transport.
pub struct VaultTokens {
    vault: Arc<Vault>,
    owner: Owner,
    endpoint: Option<String>,
}

impl VaultTokens {
    /// Gives the transport the token of one account at one end point, and no other.
    pub fn new(vault: Arc<Vault>, owner: Owner, endpoint: Option<&str>) -> Self {
        VaultTokens { vault, owner, endpoint: endpoint.map(str::to_owned) }
    }
}

#[async_trait]
impl TokenStore for VaultTokens {
    async fn load(&self) -> PortResult<Option<StoredToken>> {
        get_token(&self.vault, &self.owner, self.endpoint.as_deref())
            .map_err(|error| as_port(&vault_failure(error)))
    }

    async fn save(&self, token: &StoredToken) -> PortResult<()> {
        put_token(&self.vault, &self.owner, token, self.endpoint.as_deref())
            .map_err(|error| as_port(&vault_failure(error)))
    }

    async fn exclusive(&self) -> PortResult<Box<dyn Send>> {
        let id = self.owner.credential(REFRESH);
        let end = Instant::now() + TURN;
        loop {
            match self.vault.try_hold(&id).map_err(|error| as_port(&vault_failure(error)))? {
                Some(held) => return Ok(Box::new(held)),
                // Whoever stands still must not stop everybody.
                None if Instant::now() > end => return Ok(Box::new(())),
                None => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        }
    }

    fn subject(&self) -> Option<&str> {
        Some(&self.owner.subject)
    }
}

fn get_kept(vault: &Vault, owner: &Owner) -> Result<Option<Kept>, VaultError> {
    let Some(secret) = vault.get(&owner.credential(REFRESH))? else { return Ok(None) };
    serde_json::from_str(secret.expose()).map(Some).map_err(|_| VaultError::Undecipherable)
}

/// A token that another end point gave is none here: it is never sent where it was not given.
fn get_token(
    vault: &Vault,
    owner: &Owner,
    endpoint: Option<&str>,
) -> Result<Option<StoredToken>, VaultError> {
    let is_of_here = |kept: &Kept| kept.endpoint.as_deref() == endpoint;
    let kept = get_kept(vault, owner)?.filter(is_of_here);
    Ok(kept.map(|kept| StoredToken {
        refresh_token: kept.refresh_token.into(),
        granted: kept.granted,
        ends: kept.ends,
    }))
}

fn put_token(
    vault: &Vault,
    owner: &Owner,
    token: &StoredToken,
    endpoint: Option<&str>,
) -> Result<(), VaultError> {
    let kept = Kept {
        refresh_token: token.refresh_token.expose_secret().to_owned(),
        granted: token.granted,
        ends: token.ends,
        endpoint: endpoint.map(str::to_owned),
    };
    let text = serde_json::to_string(&kept).map_err(|_| VaultError::Undecipherable)?;
    vault.put(&owner.credential(REFRESH), &Secret::new(text))
}

/// Turns an error of the vault into what a person can be told.
pub fn vault_failure(error: VaultError) -> Failure {
    let code = error.code().unwrap_or(Code::Bug101);
    Failure::about(code, error.context()).with(Detail::Operation, "vault").because(error)
}

/// A failure of the vault, as a port tells it: nothing can be done before a person has seen to it.
pub fn as_port(failure: &Failure) -> PortError {
    let mut error = PortError::new(ErrorKind::Forbidden, "vault");
    error.code = Some(failure.code());
    error.context = failure.context().clone();
    error
}

#[cfg(test)]
mod tests {
    use passerelle_credentials::KeySource;

    use super::*;

    #[tokio::test]
    async fn the_token_of_an_account_is_renewed_by_one_at_a_time_and_others_do_not_wait_for_it() {
        let folder = tempfile::tempdir().unwrap();
        let source = KeySource::file(folder.path().join("key"));
        let dir = folder.path().join("vault");
        let first = Arc::new(Vault::create(&dir, &source, &"acme".into()).unwrap());
        // Another process has opened the vault for itself.
        let second = Arc::new(Vault::open(&dir, &source, &"acme".into()).unwrap());
        let tokens =
            |vault: &Arc<Vault>, user| VaultTokens::new(vault.clone(), Owner::new(user, "google", "s"), None);
        let held = tokens(&first, "alice").exclusive().await.unwrap();
        tokens(&second, "bob").exclusive().await.unwrap();
        let alice = tokens(&second, "alice");
        let mut waiting = Box::pin(alice.exclusive());
        let early = tokio::time::timeout(Duration::from_millis(100), &mut waiting).await;
        assert!(early.is_err(), "the first one is not done yet");
        drop(held);
        waiting.await.unwrap();
    }

    #[test]
    fn a_secret_is_for_the_end_point_that_gave_it_alone() {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path().join("vault");
        let vault = Vault::create(&dir, &KeySource::file(folder.path().join("key")), &"acme".into()).unwrap();
        let owner = Owner::new("alice", "google", "s");
        let token = StoredToken { refresh_token: "t".to_owned().into(), granted: None, ends: None };
        let (here, there) = (Some("http://127.0.0.1:1"), Some("http://127.0.0.1:2"));
        for given in [None, here] {
            put_token(&vault, &owner, &token, given).unwrap();
            for asked in [None, here, there] {
                let got = get_token(&vault, &owner, asked).unwrap();
                assert_eq!(got.is_some(), asked == given, "{given:?} {asked:?}");
            }
        }
    }
}
