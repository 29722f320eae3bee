//! One credential as a file: envelope encryption, with everything that names it bound to the seals.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};
use passerelle_ports::InstallationId;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::{
    CredentialId, Secret,
    error::{VaultError, VaultResult},
    key::{Key, hex, key_id, random},
};

/// The version of the format, bound to every seal.
pub(crate) const FORMAT: u8 = 1;

/// Something sealed, with its nonce.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Sealed {
    nonce: String,
    text: String,
}

/// The content of a credential's file. What stands in the clear is bound to both seals.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Envelope {
    v: u8,
    user: String,
    provider: String,
    subject: String,
    purpose: String,
    /// The name of the key that wraps the data key.
    pub(crate) kek: String,
    key: Sealed,
    secret: Sealed,
}

impl Envelope {
    /// Seals a secret under a new data key.
    pub(crate) fn seal(
        kek: &Key,
        installation: &InstallationId,
        id: &CredentialId,
        secret: &Secret,
    ) -> VaultResult<Self> {
        let data_key = Key::new(random()?);
        Ok(Envelope {
            v: FORMAT,
            user: id.user.clone(),
            provider: id.provider.clone(),
            subject: id.subject.clone(),
            purpose: id.purpose.clone(),
            kek: key_id(kek),
            key: Sealed::new(kek, &bound("data key", installation, id), data_key.as_slice())?,
            secret: Sealed::new(&data_key, &bound("secret", installation, id), secret.expose().as_bytes())?,
        })
    }

    /// Opens the secret, as the credential that was asked for, whatever the file says it is.
    pub(crate) fn open(
        &self,
        kek: &Key,
        installation: &InstallationId,
        id: &CredentialId,
    ) -> VaultResult<Secret> {
        let data_key = self.data_key(kek, installation, id)?;
        let plain = self.secret.open(&data_key, &bound("secret", installation, id))?;
        let text = std::str::from_utf8(&plain).map_err(|_| VaultError::Undecipherable)?;
        Ok(Secret::new(text))
    }

    /// Wraps the data key again, under another key.
    pub(crate) fn rewrap(&self, old: &Key, new: &Key, installation: &InstallationId) -> VaultResult<Self> {
        let id = self.id();
        let data_key = self.data_key(old, installation, &id)?;
        let key = Sealed::new(new, &bound("data key", installation, &id), data_key.as_slice())?;
        Ok(Envelope { kek: key_id(new), key, ..self.clone() })
    }

    /// Opens the data key: proof that what the file says of itself is true.
    pub(crate) fn data_key(
        &self,
        kek: &Key,
        installation: &InstallationId,
        id: &CredentialId,
    ) -> VaultResult<Key> {
        let plain = self.key.open(kek, &bound("data key", installation, id))?;
        <[u8; 32]>::try_from(plain.as_slice()).map(Key::new).map_err(|_| VaultError::Undecipherable)
    }

    /// Returns the name that the file gives itself.
    pub(crate) fn id(&self) -> CredentialId {
        CredentialId::new(&self.user, &self.provider, &self.subject, &self.purpose)
    }
}

impl Sealed {
    pub(crate) fn new(key: &Key, bound: &[u8], plain: &[u8]) -> VaultResult<Self> {
        let nonce: [u8; 24] = random()?;
        let text = cipher(key)?
            .encrypt(&XNonce::from(nonce), Payload { msg: plain, aad: bound })
            .map_err(|_| VaultError::Undecipherable)?;
        Ok(Sealed { nonce: STANDARD.encode(nonce), text: STANDARD.encode(text) })
    }

    pub(crate) fn open(&self, key: &Key, bound: &[u8]) -> VaultResult<Zeroizing<Vec<u8>>> {
        let nonce = STANDARD.decode(&self.nonce).ok().and_then(|n| <[u8; 24]>::try_from(n).ok());
        let (Some(nonce), Ok(text)) = (nonce, STANDARD.decode(&self.text)) else {
            return Err(VaultError::Undecipherable);
        };
        cipher(key)?
            .decrypt(&XNonce::from(nonce), Payload { msg: &text, aad: bound })
            .map(Zeroizing::new)
            .map_err(|_| VaultError::Undecipherable)
    }
}

/// Returns the name of a credential's file: no address can be read from it.
pub(crate) fn file_name(installation: &InstallationId, id: &CredentialId) -> String {
    hex(&Sha256::digest(bound("file name", installation, id))) + ".cred"
}

/// Returns text that no other list of parts has.
pub(crate) fn join(parts: &[&str]) -> Vec<u8> {
    let mut all = vec![FORMAT];
    for part in parts {
        all.extend((part.len() as u64).to_be_bytes());
        all.extend(part.as_bytes());
    }
    all
}

fn bound(what: &str, installation: &InstallationId, id: &CredentialId) -> Vec<u8> {
    let user = &id.user;
    join(&["passerelle", what, installation.as_str(), user, &id.provider, &id.subject, &id.purpose])
}

fn cipher(key: &Key) -> VaultResult<XChaCha20Poly1305> {
    XChaCha20Poly1305::new_from_slice(key.as_slice()).map_err(|_| VaultError::Undecipherable)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_of_the_name_is_bound_to_the_seals() {
        let kek = Key::new([9; 32]);
        let here = InstallationId::from("here");
        let id = CredentialId::new("alice", "google", "s", "refresh_token");
        let sealed = Envelope::seal(&kek, &here, &id, &Secret::new("x")).unwrap();
        assert_eq!(sealed.open(&kek, &here, &id).unwrap().expose(), "x");
        for other in [
            CredentialId { user: "bob".into(), ..id.clone() },
            CredentialId { provider: "dav".into(), ..id.clone() },
            CredentialId { subject: "t".into(), ..id.clone() },
            CredentialId { purpose: "client_secret".into(), ..id.clone() },
            CredentialId::new("aliceg", "oogle", "s", "refresh_token"),
        ] {
            let refused = sealed.open(&kek, &here, &other).unwrap_err();
            assert!(matches!(refused, VaultError::Undecipherable), "{other:?}");
            assert_ne!(file_name(&here, &other), file_name(&here, &id));
        }
        assert!(sealed.open(&kek, &"there".into(), &id).is_err());
        assert!(sealed.open(&Key::new([8; 32]), &here, &id).is_err());
    }
}
