//! Where the vault's key comes from.
//!
//! What must stay true: a source that gives nothing is an error; a key is made only where a person
//! asked for a new one, by creating a vault or rotating its key.

use std::{
    fmt,
    io::{self, Read as _},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::mpsc,
    time::{Duration, Instant},
};

use argon2::{Algorithm, Argon2, Params, Version};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use passerelle_ports::Reason;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use zeroize::{Zeroize as _, Zeroizing};

use crate::{
    Secret, disk,
    error::{VaultError, VaultResult},
};

/// How long a command may take to print the key: a person may have to touch a token or type a PIN.
const COMMAND_LIMIT: Duration = Duration::from_secs(60);

/// How much of what it prints is read.
const LONGEST: usize = 4096;

/// A key of 256 bits, wiped when dropped.
pub(crate) type Key = Zeroizing<[u8; 32]>;

/// Where the key that wraps all others comes from. Chosen by a person, never guessed.
#[derive(Clone)]
#[non_exhaustive]
pub enum KeySource {
    /// A file for its owner alone, best on another disk than the vault.
    File {
        /// The file.
        path: PathBuf,
    },
    /// A passphrase, asked when the program starts.
    Passphrase {
        /// The passphrase.
        passphrase: Secret,
        /// What guessing shall cost; read when a vault is created or its key rotated.
        cost: KdfCost,
    },
    /// What a command prints: a key in hexadecimal or base64.
    Command {
        /// The program.
        program: PathBuf,
        /// Its arguments. They are visible to other users of the machine: no secret belongs here.
        args: Vec<String>,
    },
    /// The key store of the session.
    #[cfg(all(feature = "keyring", target_os = "linux"))]
    Keyring {
        /// The entry's name.
        name: String,
    },
    /// A credential that systemd hands to the service (`LoadCredentialEncrypted=`).
    SystemdCredential {
        /// The directory that systemd names in `CREDENTIALS_DIRECTORY`.
        directory: PathBuf,
        /// The credential's name.
        name: String,
    },
}

/// What one guess of a passphrase costs (Argon2id).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KdfCost {
    /// Memory in KiB.
    pub memory_kib: u32,
    /// Passes over the memory.
    pub passes: u32,
    /// Lanes.
    pub lanes: u32,
}

/// How a passphrase became a key: kept beside the vault, and no secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Kdf {
    pub(crate) salt: String,
    pub(crate) cost: KdfCost,
}

impl Default for KdfCost {
    fn default() -> Self {
        KdfCost { memory_kib: 64 * 1024, passes: 3, lanes: 1 }
    }
}

impl KdfCost {
    /// Tells whether a guess costs less than the default.
    #[must_use]
    pub fn is_weak(&self) -> bool {
        let floor = KdfCost::default();
        self.memory_kib < floor.memory_kib || self.passes < floor.passes
    }

    fn params(self) -> VaultResult<Params> {
        if self.memory_kib > 4 * 1024 * 1024 || self.passes > 1000 {
            return Err(VaultError::Cost);
        }
        Params::new(self.memory_kib, self.passes, self.lanes, Some(32)).map_err(|_| VaultError::Cost)
    }
}

impl fmt::Debug for KeySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("KeySource").field(&self.kind()).finish()
    }
}

impl KeySource {
    /// Names a key file.
    pub fn file(path: impl Into<PathBuf>) -> Self {
        KeySource::File { path: path.into() }
    }

    /// Takes a passphrase, at the default cost.
    #[must_use]
    pub fn passphrase(passphrase: Secret) -> Self {
        KeySource::Passphrase { passphrase, cost: KdfCost::default() }
    }

    /// Names an entry of the session's key store.
    #[cfg(all(feature = "keyring", target_os = "linux"))]
    pub fn keyring(name: impl Into<String>) -> Self {
        KeySource::Keyring { name: name.into() }
    }

    /// Returns `file`, `passphrase`, `keyring`, `command` or `systemd-credential`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            #[cfg(all(feature = "keyring", target_os = "linux"))]
            KeySource::Keyring { .. } => "keyring",
            KeySource::File { .. } => "file",
            KeySource::Passphrase { .. } => "passphrase",
            KeySource::Command { .. } => "command",
            KeySource::SystemdCredential { .. } => "systemd-credential",
        }
    }

    /// Gets the key again. `None` when this source cannot be the one that `kdf` belongs to.
    pub(crate) fn existing(&self, kdf: Option<&Kdf>) -> VaultResult<Option<Key>> {
        match self {
            KeySource::Passphrase { passphrase, .. } => kdf.map(|kdf| derive(passphrase, kdf)).transpose(),
            _ if kdf.is_some() => Ok(None),
            KeySource::File { path } => self.parse(&self.read(path)?).map(Some),
            KeySource::SystemdCredential { directory, name } => {
                let plain = !name.is_empty() && !name.contains(['/', '\\']) && name != "..";
                let path =
                    if plain { directory.join(name) } else { return Err(self.missing(Reason::BadName)) };
                // systemd shows it with the rights of its group where an access list names the service's user.
                self.parse(&self.read_with(&path, disk::read_not_public)?).map(Some)
            }
            KeySource::Command { program, args } => {
                self.parse(&self.run(program, args, COMMAND_LIMIT)?).map(Some)
            }
            #[cfg(all(feature = "keyring", target_os = "linux"))]
            KeySource::Keyring { name } => {
                let kept = crate::session::read(name)?.ok_or_else(|| self.missing(Reason::NoEntry))?;
                self.parse(&kept).map(Some)
            }
        }
    }

    /// Gets the keys that may be the vault's: beside the file's own, the one that a rotation put beside it and was
    /// stopped before it moved it into place.
    pub(crate) fn candidates(&self, kdf: Option<&Kdf>) -> VaultResult<Vec<Key>> {
        let own = self.existing(kdf);
        let next = match self {
            KeySource::File { path } => KeySource::file(next_to(path)),
            _ => return Ok(own?.into_iter().collect()),
        };
        match (own, next.existing(kdf)) {
            (own, Ok(Some(next))) => {
                let own = own.or_else(|error| match error {
                    VaultError::KeyMissing { .. } => Ok(None),
                    other => Err(other),
                });
                Ok(own?.into_iter().chain([next]).collect())
            }
            (own, _) => Ok(own?.into_iter().collect()),
        }
    }

    /// Gets the key of a vault that is being created or re-keyed; makes the file of a `file` source and the entry of a
    /// `keyring` source.
    pub(crate) fn fresh(&self) -> VaultResult<(Key, Option<Kdf>)> {
        match self {
            KeySource::Passphrase { passphrase, cost } => {
                let kdf = Kdf { salt: STANDARD.encode(random::<16>()?), cost: *cost };
                Ok((derive(passphrase, &kdf)?, Some(kdf)))
            }
            KeySource::File { path } if !path.exists() => {
                let key = Key::new(random()?);
                let line = Zeroizing::new(STANDARD.encode(*key) + "\n");
                disk::create_private(path, line.as_bytes())?;
                Ok((key, None))
            }
            #[cfg(all(feature = "keyring", target_os = "linux"))]
            KeySource::Keyring { name } => {
                // What is there may be another vault's key: it is used, never overwritten.
                if crate::session::read(name)?.is_none() {
                    let key = Key::new(random()?);
                    crate::session::write(name, Zeroizing::new(STANDARD.encode(*key)).as_bytes())?;
                }
                match self.existing(None)? {
                    Some(key) => Ok((key, None)),
                    None => Err(self.missing(Reason::NoKey)),
                }
            }
            _ => match self.existing(None)? {
                Some(key) => Ok((key, None)),
                None => Err(self.missing(Reason::NoKey)),
            },
        }
    }

    pub(crate) fn wrong(&self) -> VaultError {
        VaultError::WrongKey { source_kind: self.kind() }
    }

    fn missing(&self, reason: Reason) -> VaultError {
        VaultError::KeyMissing { source_kind: self.kind(), reason }
    }

    fn read(&self, path: &Path) -> VaultResult<Zeroizing<Vec<u8>>> {
        self.read_with(path, disk::read_private)
    }

    fn read_with(
        &self,
        path: &Path,
        read: impl FnOnce(&Path) -> VaultResult<Option<Vec<u8>>>,
    ) -> VaultResult<Zeroizing<Vec<u8>>> {
        match read(path) {
            Ok(Some(content)) => Ok(Zeroizing::new(content)),
            Ok(None) => Err(self.missing(Reason::FileNotFound)),
            Err(VaultError::Io { source, .. }) => Err(self.missing(Reason::from(&source))),
            Err(error) => Err(error),
        }
    }

    fn run(&self, program: &Path, args: &[String], limit: Duration) -> VaultResult<Zeroizing<Vec<u8>>> {
        let failed = |error: io::Error| self.missing(Reason::from(&error));
        let mut child = Command::new(program)
            .args(args)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(failed)?;
        let (send, printed) = mpsc::channel();
        let stdout = child.stdout.take();
        // Read apart: what the command started may hold its output open for ever.
        std::thread::spawn(move || {
            let mut content = Zeroizing::new(Vec::with_capacity(LONGEST));
            let read = stdout.map(|out| out.take(LONGEST as u64).read_to_end(&mut content));
            let _ = send.send(read.map(|read| read.map(|_| content)));
        });
        let end = Instant::now() + limit;
        let endless = || self.missing(Reason::CommandHangs);
        let Ok(printed) = printed.recv_timeout(limit) else {
            let _ = child.kill();
            let _ = child.wait();
            return Err(endless());
        };
        // What has closed its output may go on for ever all the same: it is not waited for, and left alone.
        let (send, ended) = mpsc::channel();
        std::thread::spawn(move || send.send(child.wait()));
        let rest = end.saturating_duration_since(Instant::now());
        let status = ended.recv_timeout(rest).map_err(|_| endless())?.map_err(failed)?;
        match printed.transpose().map_err(failed)? {
            Some(printed) if status.success() && !printed.is_empty() => Ok(printed),
            _ => Err(self.missing(Reason::CommandFailed)),
        }
    }

    fn parse(&self, content: &[u8]) -> VaultResult<Key> {
        let text = std::str::from_utf8(content).map(str::trim).unwrap_or_default();
        if text.is_empty() && content.len() != 32 {
            return Err(if content.is_empty() { self.missing(Reason::Empty) } else { self.wrong() });
        }
        let decoded = Zeroizing::new(match text.len() {
            64 => unhex(text),
            _ => STANDARD.decode(text).ok(),
        });
        let bytes = decoded.as_deref().filter(|d| d.len() == 32).unwrap_or(content);
        <[u8; 32]>::try_from(bytes).map(Key::new).map_err(|_| self.wrong())
    }
}

/// Where a rotation keeps the new key of a file until the old one is no longer needed.
pub(crate) fn next_to(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".next");
    name.into()
}

/// Draws random bytes from the operating system.
pub(crate) fn random<const N: usize>() -> VaultResult<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|_| VaultError::Randomness)?;
    Ok(bytes)
}

/// Returns a name of a key that tells nothing about it.
pub(crate) fn key_id(key: &Key) -> String {
    let digest = Sha256::new().chain_update(b"passerelle vault key id\0").chain_update(**key).finalize();
    hex(&digest[..16])
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u32>> = text.chars().map(|c| c.to_digit(16)).collect();
    digits?.chunks(2).map(|pair| u8::try_from(pair[0] * 16 + pair[1]).ok()).collect()
}

fn derive(passphrase: &Secret, kdf: &Kdf) -> VaultResult<Key> {
    let mut salt = STANDARD.decode(&kdf.salt).map_err(|_| VaultError::Cost)?;
    let mut key = Key::new([0; 32]);
    let derived = Argon2::new(Algorithm::Argon2id, Version::V0x13, kdf.cost.params()?).hash_password_into(
        passphrase.expose().as_bytes(),
        &salt,
        key.as_mut_slice(),
    );
    salt.zeroize();
    derived.map_err(|_| VaultError::Cost)?;
    Ok(key)
}

#[cfg(test)]
mod tests {
    use passerelle_ports::Code;

    use super::*;

    #[test]
    fn the_default_cost_is_the_floor() {
        assert!(!KdfCost::default().is_weak());
        assert!(KdfCost { memory_kib: 8, ..KdfCost::default() }.is_weak());
        assert!(KdfCost { passes: 1, ..KdfCost::default() }.is_weak());
        assert!(KdfCost::default().memory_kib >= 64 * 1024 && KdfCost::default().passes >= 3);
    }

    #[test]
    fn keys_are_read_in_three_spellings() {
        let source = KeySource::file("key");
        let hexed = "00".repeat(31) + "ff\n";
        let based = STANDARD.encode(*source.parse(hexed.as_bytes()).unwrap());
        assert_eq!(*source.parse(based.as_bytes()).unwrap(), *source.parse(hexed.as_bytes()).unwrap());
        assert_eq!(*source.parse(&[7; 32]).unwrap(), [7; 32]);
        for bad in [&b"short"[..], &[7; 31], &[7; 33], b"zz"] {
            assert_eq!(source.parse(bad).unwrap_err().code(), Some(Code::Vault002));
        }
        assert_eq!(source.parse(b"").unwrap_err().code(), Some(Code::Vault001));
    }

    #[cfg(unix)]
    #[test]
    fn a_command_that_does_not_end_is_given_up_whether_or_not_it_has_printed() {
        let key = "0f".repeat(32);
        let source = KeySource::file("of the command");
        let run =
            |line: &str, limit| source.run(Path::new("/bin/sh"), &["-c".to_owned(), line.to_owned()], limit);
        assert_eq!(*run(&format!("printf {key}"), COMMAND_LIMIT).unwrap(), key.as_bytes());
        for line in ["exec sleep 600", "printf x; exec sleep 5 >/dev/null"] {
            let error = run(line, Duration::from_millis(200)).unwrap_err();
            assert!(matches!(error, VaultError::KeyMissing { .. }), "{line}: {error:?}");
        }
    }

    #[test]
    fn a_source_does_not_print_what_it_holds() {
        let source = KeySource::passphrase(Secret::new("canary-2"));
        assert_eq!(format!("{source:?}"), "KeySource(\"passphrase\")");
    }
}
