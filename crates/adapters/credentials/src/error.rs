//! What can go wrong with the vault, with the codes of the catalogue.

use std::{io, path::PathBuf};

use passerelle_ports::{Code, Context, Detail, Reason};

/// A result of the vault.
pub type VaultResult<T> = Result<T, VaultError>;

/// An error of the vault. No message holds a secret, a key or an account's address.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VaultError {
    /// The source of the vault's key gives none.
    #[error("the vault's key is not found ({source_kind}: {reason})")]
    KeyMissing {
        /// The kind of source, such as `file`.
        source_kind: &'static str,
        /// Why it gave none.
        reason: Reason,
    },
    /// The key store of the session cannot be reached.
    #[error("the key store of the session cannot be reached: {reason}")]
    NoSession {
        /// Why.
        reason: Reason,
    },
    /// The source gave something that is not a key, or another key than the vault's.
    #[error("the key given by `{source_kind}` is not this vault's key")]
    WrongKey {
        /// The kind of source.
        source_kind: &'static str,
    },
    /// The source gave another key than the vault's, and the vault notes another kind of source.
    #[error("the key given by `{source_kind}` is not this vault's key, which comes from `{noted}`")]
    OtherSource {
        /// The kind of source.
        source_kind: &'static str,
        /// The kind of source that the vault notes.
        noted: String,
    },
    /// A credential does not open: changed, moved from another user, or sealed under another key.
    #[error("a credential does not open with this key, for this user and installation")]
    Undecipherable,
    /// The vault belongs to another installation.
    #[error("the vault belongs to another installation")]
    OtherInstallation,
    /// A file of the vault is not what the vault writes.
    #[error("a file of the vault is damaged: {}", file.display())]
    Damaged {
        /// The file.
        file: PathBuf,
    },
    /// Others may read a file or directory.
    #[error("{} may be read by others", file.display())]
    WideMode {
        /// The file or directory.
        file: PathBuf,
    },
    /// There is no vault in the directory.
    #[error("there is no vault in {}", dir.display())]
    Absent {
        /// The directory.
        dir: PathBuf,
    },
    /// There is a vault in the directory already.
    #[error("there is a vault in {} already", dir.display())]
    Present {
        /// The directory.
        dir: PathBuf,
    },
    /// The cost of the key derivation is not one that Argon2 knows, or out of all reason.
    #[error("the cost of the key derivation is not acceptable")]
    Cost,
    /// The operating system gives no randomness.
    #[error("the operating system gives no randomness")]
    Randomness,
    /// A file could not be read or written.
    #[error("{} could not be used", file.display())]
    Io {
        /// The file.
        file: PathBuf,
        /// What the operating system said.
        #[source]
        source: io::Error,
    },
}

impl VaultError {
    /// Returns the code of the catalogue, where it has an article.
    #[must_use]
    pub fn code(&self) -> Option<Code> {
        match self {
            VaultError::KeyMissing { .. } => Some(Code::Vault001),
            VaultError::NoSession { .. } => Some(Code::Sys107),
            VaultError::WrongKey { .. } | VaultError::Undecipherable => Some(Code::Vault002),
            VaultError::Damaged { .. } => Some(Code::Vault006),
            VaultError::OtherInstallation => Some(Code::Vault007),
            VaultError::OtherSource { .. } => Some(Code::Vault004),
            VaultError::Absent { .. } => Some(Code::Vault005),
            VaultError::WideMode { .. } => Some(Code::Sys106),
            VaultError::Io { source, .. } if source.kind() == io::ErrorKind::StorageFull => {
                Some(Code::Sys101)
            }
            VaultError::Io { .. } => Some(Code::Use106),
            _ => None,
        }
    }

    /// Returns what it is about.
    #[must_use]
    pub fn context(&self) -> Context {
        let source = |kind: &str| Detail::Source(kind.to_owned());
        let at = |file: &PathBuf| Detail::File(file.display().to_string());
        match self {
            VaultError::KeyMissing { source_kind, reason } => {
                [source(source_kind), Detail::Reason(reason.clone())].into_iter().collect()
            }
            VaultError::NoSession { reason } => [Detail::Reason(reason.clone())].into_iter().collect(),
            VaultError::WrongKey { source_kind } => [source(source_kind)].into_iter().collect(),
            VaultError::OtherSource { source_kind, noted } => {
                [source(source_kind), Detail::Noted(noted.clone())].into_iter().collect()
            }
            VaultError::Absent { dir: file }
            | VaultError::WideMode { file }
            | VaultError::Damaged { file } => [at(file)].into_iter().collect(),
            VaultError::Io { file, source } => {
                [at(file), Detail::Reason(source.into())].into_iter().collect()
            }
            _ => Context::default(),
        }
    }
}
