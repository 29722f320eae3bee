#![doc = include_str!("../README.md")]

mod disk;
mod error;
mod key;
mod seal;
mod secret;
mod vault;

pub use error::{VaultError, VaultResult};
pub use key::{KdfCost, KeySource};
pub use secret::{CredentialId, Secret};
pub use vault::{Rotated, Vault, VaultStatus};
