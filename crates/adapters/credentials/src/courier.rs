//! A secret on its way from one computer to another: sealed for a key that is used once (HPKE, RFC 9180).
//!
//! What must stay true: the private half never leaves the memory of the process that made it, so that what is
//! left behind in a chat or a mail opens nowhere once that process has ended.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hpke::{
    Deserializable, Kem as _, OpModeR, OpModeS, Serializable, aead::ChaCha20Poly1305, kdf::HkdfSha256,
    kem::X25519HkdfSha256, single_shot_open, single_shot_seal,
};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::Secret;

type Kem = X25519HkdfSha256;

const ADDRESS: &str = "passerelle-for-";
const SEALED: &str = "passerelle-code-";
const INFO: &[u8] = b"passerelle courier v1";
/// How many bytes guard an address against slips of the pen.
const CHECK: usize = 4;

/// A key for one secret, in the memory of the process that waits for it.
pub struct OneTimeKey {
    private: <Kem as hpke::Kem>::PrivateKey,
    address: String,
}

/// Why nothing could be sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CourierError {
    /// The address was not copied whole.
    #[error("this is not a one-time key, or it was not copied whole")]
    Address,
}

impl fmt::Debug for OneTimeKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OneTimeKey").field("address", &self.address).finish_non_exhaustive()
    }
}

impl Default for OneTimeKey {
    fn default() -> Self {
        Self::new()
    }
}

impl OneTimeKey {
    /// Draws a key.
    #[must_use]
    pub fn new() -> Self {
        let (private, public) = Kem::gen_keypair();
        let mut bytes = public.to_bytes().to_vec();
        bytes.extend(check(&bytes));
        OneTimeKey { private, address: format!("{ADDRESS}{}", URL_SAFE_NO_PAD.encode(bytes)) }
    }

    /// Returns what the other computer has to be told. It is no secret, but nobody else needs it.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Opens what was sealed for this key; `None` for everything else.
    #[must_use]
    pub fn open(&self, sealed: &str) -> Option<Secret> {
        let text: String = sealed.split_whitespace().collect();
        let bytes = URL_SAFE_NO_PAD.decode(text.strip_prefix(SEALED)?).ok()?;
        let (encapsulated, text) = bytes.split_at_checked(<Kem as hpke::Kem>::EncappedKey::size())?;
        let encapsulated = <Kem as hpke::Kem>::EncappedKey::from_bytes(encapsulated).ok()?;
        let plain = single_shot_open::<ChaCha20Poly1305, HkdfSha256, Kem>(
            &OpModeR::Base,
            &self.private,
            &encapsulated,
            INFO,
            text,
            self.address.as_bytes(),
        );
        let plain = Zeroizing::new(plain.ok()?);
        std::str::from_utf8(&plain).ok().map(Secret::new)
    }
}

/// Tells whether a text looks like something that [`seal_for`] made.
#[must_use]
pub fn is_sealed(text: &str) -> bool {
    text.trim_start().starts_with(SEALED)
}

/// Seals a secret for the one process that has the key of this address.
///
/// # Errors
///
/// [`CourierError::Address`] when the address was mistyped.
pub fn seal_for(address: &str, secret: &Secret) -> Result<String, CourierError> {
    let address = address.trim();
    let bytes = address.strip_prefix(ADDRESS).and_then(|text| URL_SAFE_NO_PAD.decode(text).ok());
    let bytes = bytes.ok_or(CourierError::Address)?;
    let at = bytes.len().checked_sub(CHECK).ok_or(CourierError::Address)?;
    let (public, found) = bytes.split_at(at);
    if check(public) != found {
        return Err(CourierError::Address);
    }
    let public = <Kem as hpke::Kem>::PublicKey::from_bytes(public).map_err(|_| CourierError::Address)?;
    let (encapsulated, text) = single_shot_seal::<ChaCha20Poly1305, HkdfSha256, Kem>(
        &OpModeS::Base,
        &public,
        INFO,
        secret.expose().as_bytes(),
        address.as_bytes(),
    )
    .map_err(|_| CourierError::Address)?;
    let mut bytes = encapsulated.to_bytes().to_vec();
    bytes.extend(text);
    Ok(format!("{SEALED}{}", URL_SAFE_NO_PAD.encode(bytes)))
}

fn check(public: &[u8]) -> [u8; CHECK] {
    let digest = Sha256::new().chain_update(INFO).chain_update(public).finalize();
    let mut check = [0; CHECK];
    check.copy_from_slice(&digest[..CHECK]);
    check
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_key_that_asked_opens_it() {
        let (key, other) = (OneTimeKey::new(), OneTimeKey::new());
        let sealed = seal_for(key.address(), &Secret::new("canary-code")).unwrap();
        assert!(is_sealed(&sealed) && !sealed.contains("canary"));
        assert_eq!(key.open(&sealed).unwrap().expose(), "canary-code");
        let (head, tail) = sealed.split_at(60);
        assert_eq!(key.open(&format!(" {head}\n  {tail}\n")).unwrap().expose(), "canary-code");
        assert!(other.open(&sealed).is_none());
        for wrong in ["", SEALED, "passerelle-code-AAAA", &sealed[1..], &sealed[..sealed.len() - 4]] {
            assert!(key.open(wrong).is_none(), "{wrong}");
        }
        assert!(!format!("{key:?}").is_empty());
    }

    #[test]
    fn a_mistyped_key_is_noticed_before_anything_is_sealed() {
        let address = OneTimeKey::new().address().to_owned();
        let swapped = format!("{}{}", &address[..20], address[20..].to_ascii_lowercase());
        for wrong in ["", ADDRESS, &address[..address.len() - 1], &swapped, "age1xyz"] {
            assert_eq!(seal_for(wrong, &Secret::new("x")).unwrap_err(), CourierError::Address, "{wrong}");
        }
    }
}
