#![doc = include_str!("../README.md")]

mod courier;
mod disk;
mod error;
mod key;
mod seal;
mod secret;
#[cfg(all(feature = "keyring", target_os = "linux"))]
mod session;
mod vault;

pub use courier::{CourierError, OneTimeKey, is_sealed, seal_for};
pub use error::{VaultError, VaultResult};
pub use key::{KdfCost, KeySource};
pub use secret::{CredentialId, Secret};
pub use vault::{Rotated, Vault, VaultStatus};
