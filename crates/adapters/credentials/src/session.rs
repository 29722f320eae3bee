//! The key store of the session (Secret Service) as a source of the vault's key.
//!
//! What must stay true: a store that cannot be reached is an error of its own, never a missing key, and never a reason
//! to put the key anywhere else.

use std::sync::Arc;

use keyring_core::{CredentialStore, Entry, Error, get_default_store};
use passerelle_ports::Reason;
use zeroize::Zeroizing;

use crate::error::{VaultError, VaultResult};

const SERVICE: &str = "passerelle";

/// Returns what the store keeps under a name.
pub(crate) fn read(name: &str) -> VaultResult<Option<Zeroizing<Vec<u8>>>> {
    let name = name.to_owned();
    apart(move || match entry(&name)?.get_secret() {
        Ok(secret) => Ok(Some(Zeroizing::new(secret))),
        Err(Error::NoEntry) => Ok(None),
        Err(error) => Err(unreachable(&error)),
    })
}

/// Keeps a secret under a name.
pub(crate) fn write(name: &str, secret: &[u8]) -> VaultResult<()> {
    let (name, secret) = (name.to_owned(), Zeroizing::new(secret.to_vec()));
    apart(move || entry(&name)?.set_secret(&secret).map_err(|error| unreachable(&error)))
}

/// The store blocks on a runtime of its own, which a thread of another runtime may not.
fn apart<T: Send + 'static>(work: impl FnOnce() -> VaultResult<T> + Send + 'static) -> VaultResult<T> {
    let thread = std::thread::spawn(work);
    thread.join().unwrap_or_else(|_| Err(VaultError::NoSession { reason: Reason::NoAnswer }))
}

fn entry(name: &str) -> VaultResult<Entry> {
    let store: Arc<CredentialStore> = match get_default_store() {
        Some(store) => store,
        None => zbus_secret_service_keyring_store::Store::new().map_err(|error| unreachable(&error))?,
    };
    store.build(SERVICE, name, None).map_err(|error| unreachable(&error))
}

fn unreachable(error: &Error) -> VaultError {
    let reason = match error {
        Error::NoStorageAccess(_) | Error::PlatformFailure(_) => Reason::NoSession,
        Error::Ambiguous(_) => Reason::SeveralEntries,
        _ => Reason::NoAnswer,
    };
    VaultError::NoSession { reason }
}

#[cfg(test)]
mod tests {
    use keyring_core::{mock, set_default_store, unset_default_store};
    use passerelle_ports::Code;

    use crate::{CredentialId, KeySource, Secret, Vault};

    #[test]
    fn a_session_keeps_the_key_and_its_absence_has_its_own_name() {
        set_default_store(mock::Store::new().unwrap());
        let dir = tempfile::tempdir().unwrap();
        let vault_dir = dir.path().join("vault");
        let source = KeySource::keyring("k");
        let vault = Vault::create(&vault_dir, &source, &"acme".into()).unwrap();
        let id = CredentialId::new("alice", "google", "s", "refresh-token");
        vault.put(&id, &Secret::new("canary")).unwrap();
        let again = Vault::open(&vault_dir, &source, &"acme".into()).unwrap();
        assert_eq!(again.get(&id).unwrap().unwrap().expose(), "canary");
        let other = Vault::open(&vault_dir, &KeySource::keyring("other"), &"acme".into()).unwrap_err();
        assert_eq!(other.code(), Some(Code::Vault001));
        // Without a session bus there is no store; with one, it has no such entry.
        unset_default_store();
        let gone = Vault::open(&vault_dir, &source, &"acme".into()).unwrap_err();
        assert!(matches!(gone.code(), Some(Code::Sys107 | Code::Vault001)), "{gone:?}");
    }
}
