//! The vault itself: a header that names the key, and one file per credential.
//!
//! What must stay true: while a rotation is under way the header holds each of the two keys wrapped
//! by the other, so either of them opens everything.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

use passerelle_ports::InstallationId;
use serde::{Deserialize, Serialize};

use crate::{
    CredentialId, KeySource, Secret,
    disk::{self, Disk, OsDisk},
    error::{VaultError, VaultResult},
    key::{Kdf, Key, key_id, next_to},
    seal::{Envelope, FORMAT, Sealed, file_name, join},
};

const HEADER: &str = "vault.json";

/// The secrets of one installation's app users.
pub struct Vault {
    dir: PathBuf,
    installation: InstallationId,
    keys: Mutex<Keys>,
    disk: Box<dyn Disk>,
}

/// What `vault status` shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VaultStatus {
    /// The kind of source that the key comes from.
    pub source: String,
    /// How many credentials open.
    pub credentials: usize,
    /// The files that do not open.
    pub damaged: Vec<PathBuf>,
    /// Whether a rotation was stopped half-way; rotating again finishes it.
    pub rotating: bool,
    /// Whether the passphrase is guarded by less than the default cost.
    pub weak: bool,
}

/// What a rotation did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rotated {
    /// Credentials that were written anew.
    pub credentials: usize,
    /// Files left alone, as they did not open before either.
    pub damaged: usize,
}

#[derive(Clone)]
struct Keys {
    current: Key,
    next: Option<Key>,
    /// Whether the source that opened the vault gave the next key: a rotation that was stopped has gone so far.
    by_next: bool,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    v: u8,
    installation: InstallationId,
    key: KeyNote,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<Rotation>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyNote {
    id: String,
    source: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    kdf: Option<Kdf>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rotation {
    key: KeyNote,
    new_by_old: Sealed,
    old_by_new: Sealed,
}

impl Keys {
    fn writing(&self) -> &Key {
        self.next.as_ref().unwrap_or(&self.current)
    }

    fn named(&self, id: &str) -> Option<&Key> {
        [Some(&self.current), self.next.as_ref()].into_iter().flatten().find(|key| key_id(key) == id)
    }
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Vault").field("dir", &self.dir).finish_non_exhaustive()
    }
}

impl Vault {
    /// Creates a vault in a directory of its own, and the key of a `file` source that has none yet.
    ///
    /// # Errors
    ///
    /// [`VaultError::Present`] when there is one already.
    pub fn create(dir: &Path, source: &KeySource, installation: &InstallationId) -> VaultResult<Self> {
        Self::create_on(Box::new(OsDisk), dir, source, installation)
    }

    /// Tells whether there is a vault in a directory, or what is left of one.
    #[must_use]
    pub fn exists(dir: &Path) -> bool {
        dir.join(HEADER).exists() || disk::files(dir, "cred").is_ok_and(|files| !files.is_empty())
    }

    /// Opens a vault.
    ///
    /// # Errors
    ///
    /// [`VaultError::KeyMissing`] when the source gives no key, [`VaultError::WrongKey`] when it gives
    /// another, [`VaultError::WideMode`] when others may read the vault or the key.
    pub fn open(dir: &Path, source: &KeySource, installation: &InstallationId) -> VaultResult<Self> {
        Self::open_on(Box::new(OsDisk), dir, source, installation)
    }

    fn create_on(
        disk: Box<dyn Disk>,
        dir: &Path,
        source: &KeySource,
        installation: &InstallationId,
    ) -> VaultResult<Self> {
        disk::private_dir(dir)?;
        let _lock = disk::lock(dir)?;
        if Self::exists(dir) {
            return Err(VaultError::Present { dir: dir.to_owned() });
        }
        let (key, kdf) = source.fresh()?;
        let note = KeyNote { id: key_id(&key), source: source.kind().to_owned(), kdf };
        let keys = Mutex::new(Keys { current: key, next: None, by_next: false });
        let vault = Vault { dir: dir.to_owned(), installation: installation.clone(), keys, disk };
        vault.save(&Header { v: FORMAT, installation: installation.clone(), key: note, next: None })?;
        Ok(vault)
    }

    fn open_on(
        disk: Box<dyn Disk>,
        dir: &Path,
        source: &KeySource,
        installation: &InstallationId,
    ) -> VaultResult<Self> {
        disk::check_dir(dir)?;
        let header = load(dir)?;
        if header.installation != *installation {
            return Err(VaultError::OtherInstallation);
        }
        let keys = Mutex::new(unlock(&header, source)?);
        Ok(Vault { dir: dir.to_owned(), installation: installation.clone(), keys, disk })
    }

    /// Keeps a secret, in place of the one kept before under the same name.
    ///
    /// # Errors
    ///
    /// Those of the files; [`VaultError::WrongKey`] when the key was rotated by another process.
    pub fn put(&self, id: &CredentialId, secret: &Secret) -> VaultResult<()> {
        self.still_there()?;
        let _lock = disk::lock(&self.dir)?;
        let mut keys = self.keys();
        self.refresh(&mut keys)?;
        let sealed = Envelope::seal(keys.writing(), &self.installation, id, secret)?;
        self.write(&self.file(id), &sealed)
    }

    /// Returns a secret, or `None` when none is kept under this name.
    ///
    /// # Errors
    ///
    /// [`VaultError::Undecipherable`] when the file was changed or belongs to somebody else.
    pub fn get(&self, id: &CredentialId) -> VaultResult<Option<Secret>> {
        let Some(sealed) = read(&self.file(id))? else { return self.still_there().map(|()| None) };
        let mut keys = self.keys();
        if keys.named(&sealed.kek).is_none() {
            self.refresh(&mut keys)?;
        }
        let kek = keys.named(&sealed.kek).ok_or(VaultError::Undecipherable)?;
        sealed.open(kek, &self.installation, id).map(Some)
    }

    /// Tells a credential that was never kept from a vault that is gone.
    fn still_there(&self) -> VaultResult<()> {
        if Vault::exists(&self.dir) { Ok(()) } else { Err(VaultError::Absent { dir: self.dir.clone() }) }
    }

    /// Reads again which key the vault has, as another process may have rotated it.
    ///
    /// # Errors
    ///
    /// [`VaultError::Undecipherable`] when it is one that this process never had: the vault is to be opened anew.
    pub fn follow(&self) -> VaultResult<()> {
        self.refresh(&mut self.keys()).map(drop)
    }

    /// Keeps a credential for one holder in all processes, until what is returned is dropped. `None` when another
    /// has it.
    ///
    /// # Errors
    ///
    /// Those of the files.
    pub fn try_hold(&self, id: &CredentialId) -> VaultResult<Option<fs::File>> {
        self.still_there()?;
        disk::try_lock(&self.file(id).with_extension("busy"))
    }

    /// Overwrites and removes a secret. Tells whether there was one.
    ///
    /// # Errors
    ///
    /// Those of the files.
    pub fn delete(&self, id: &CredentialId) -> VaultResult<bool> {
        let _lock = disk::lock(&self.dir)?;
        let file = self.file(id);
        if !file.exists() {
            return Ok(false);
        }
        self.disk.shred(&file).map(|()| true)
    }

    /// Returns the names of all credentials that are what they say they are, in order.
    ///
    /// # Errors
    ///
    /// Those of the directory. A file that does not open is left out here and shown by
    /// [`Vault::status`].
    pub fn list(&self) -> VaultResult<Vec<CredentialId>> {
        self.survey().map(|(ids, _)| ids)
    }

    /// Tells where the key comes from and how the vault is.
    ///
    /// # Errors
    ///
    /// Those of the directory and of the header.
    pub fn status(&self) -> VaultResult<VaultStatus> {
        let header = load(&self.dir)?;
        let (ids, damaged) = self.survey()?;
        Ok(VaultStatus {
            weak: header.key.kdf.as_ref().is_some_and(|kdf| kdf.cost.is_weak()),
            source: header.key.source,
            credentials: ids.len(),
            damaged,
            rotating: header.next.is_some(),
        })
    }

    /// Puts another key in the place of the vault's: wraps every credential's key again. Finishes a
    /// rotation that was stopped, first. Doing it twice does it once.
    ///
    /// # Errors
    ///
    /// Those of the new source, and of the files; the vault then opens with either key.
    pub fn rotate(&self, source: &KeySource) -> VaultResult<Rotated> {
        self.begin_rotation(source)?;
        self.finish_rotation()
    }

    /// Lets another key open the vault beside the present one, until [`Vault::finish_rotation`]: whoever keeps the
    /// name of the source elsewhere changes it in between. Tells whether the source gives another key at all.
    ///
    /// A rotation that was stopped goes on if it was to this key. Otherwise it is brought to the end to which the
    /// source belongs that opened the vault.
    ///
    /// # Errors
    ///
    /// Those of the new source, and of the files; the vault then opens with the key that opened it.
    pub fn begin_rotation(&self, source: &KeySource) -> VaultResult<bool> {
        let _lock = disk::lock(&self.dir)?;
        let mut keys = self.keys();
        let mut header = self.refresh(&mut keys)?;
        if let Some(stopped) = &header.next {
            if same_key(source, &stopped.key)? {
                return Ok(true);
            }
            let forward = keys.by_next;
            self.end(&mut header, &mut keys, forward)?;
        }
        if same_key(source, &header.key)? {
            if header.key.source != source.kind() {
                header.key.source = source.kind().to_owned();
                self.save(&header)?;
            }
            return Ok(false);
        }
        self.begin(source, &mut header, &mut keys)?;
        Ok(true)
    }

    /// Wraps every credential's key by the new key, which alone opens the vault from then on.
    ///
    /// # Errors
    ///
    /// Those of the files; the vault then opens with either key.
    pub fn finish_rotation(&self) -> VaultResult<Rotated> {
        self.end_rotation(true)
    }

    /// Gives a rotation up that was begun: the key from before alone opens the vault from then on.
    ///
    /// # Errors
    ///
    /// Those of the files; the vault then opens with either key.
    pub fn cancel_rotation(&self) -> VaultResult<Rotated> {
        self.end_rotation(false)
    }

    fn end_rotation(&self, forward: bool) -> VaultResult<Rotated> {
        let _lock = disk::lock(&self.dir)?;
        let mut keys = self.keys();
        let mut header = self.refresh(&mut keys)?;
        self.end(&mut header, &mut keys, forward)
    }

    /// Puts a new key in the place of the one in a file: the file's name stays. Finishes what was stopped.
    ///
    /// The new key lies beside the old one until every credential is under it; so the vault opens by this file's
    /// name whenever the rotation is stopped.
    ///
    /// # Errors
    ///
    /// As [`Vault::rotate`].
    pub fn rotate_file(&self, file: &Path) -> VaultResult<Rotated> {
        self.rotate_file_and(file, || Ok::<(), std::convert::Infallible>(())).map(Result::unwrap_or_default)
    }

    /// As [`Vault::rotate_file`], for a vault whose key came from elsewhere: `change` names the file where the source
    /// is kept, while either key opens the vault. Where it fails, the key from before stays.
    ///
    /// # Errors
    ///
    /// As [`Vault::rotate`]; inside, what `change` says.
    pub fn rotate_file_and<E>(
        &self,
        file: &Path,
        change: impl FnOnce() -> Result<(), E>,
    ) -> VaultResult<Result<Rotated, E>> {
        let next = next_to(file);
        self.begin_rotation(&KeySource::file(&next))?;
        if let Err(error) = change() {
            self.cancel_rotation()?;
            return Ok(Err(error));
        }
        let done = self.finish_rotation()?;
        self.disk.rename(&next, file)?;
        Ok(Ok(done))
    }

    /// Seals every secret anew, under new keys of their own and the present key of the vault.
    ///
    /// # Errors
    ///
    /// Those of the files; what was not reached yet is as it was.
    pub fn rotate_deep(&self) -> VaultResult<Rotated> {
        let _lock = disk::lock(&self.dir)?;
        let mut keys = self.keys();
        self.refresh(&mut keys)?;
        self.each(|sealed| {
            let kek = keys.named(&sealed.kek).ok_or(VaultError::Undecipherable)?;
            let id = sealed.id();
            let secret = sealed.open(kek, &self.installation, &id)?;
            Envelope::seal(keys.writing(), &self.installation, &id, &secret).map(Some)
        })
    }

    fn begin(&self, source: &KeySource, header: &mut Header, keys: &mut Keys) -> VaultResult<()> {
        let (new, kdf) = source.fresh()?;
        let note = KeyNote { id: key_id(&new), source: source.kind().to_owned(), kdf };
        let bound = bridge(&header.installation, &header.key.id, &note.id);
        header.next = Some(Rotation {
            new_by_old: Sealed::new(&keys.current, &bound, new.as_slice())?,
            old_by_new: Sealed::new(&new, &bound, keys.current.as_slice())?,
            key: note,
        });
        self.save(header)?;
        keys.next = Some(new);
        Ok(())
    }

    fn end(&self, header: &mut Header, keys: &mut Keys, forward: bool) -> VaultResult<Rotated> {
        let (Some(rotation), Some(next)) = (header.next.clone(), keys.next.clone()) else {
            return Ok(Rotated::default());
        };
        let (note, key, other) = match forward {
            true => (rotation.key, next, keys.current.clone()),
            false => (header.key.clone(), keys.current.clone(), next),
        };
        let done = self.each(|sealed| {
            if sealed.kek == note.id {
                return Ok(None);
            }
            sealed.rewrap(&other, &key, &self.installation).map(Some)
        })?;
        header.key = note;
        header.next = None;
        self.save(header)?;
        *keys = Keys { current: key, next: None, by_next: false };
        Ok(done)
    }

    /// Writes what `change` makes of each credential's file. Files that do not open are left alone.
    fn each(&self, change: impl Fn(&Envelope) -> VaultResult<Option<Envelope>>) -> VaultResult<Rotated> {
        let mut done = Rotated::default();
        for file in disk::files(&self.dir, "cred")? {
            let changed = match read(&file) {
                Ok(Some(sealed)) => change(&sealed),
                Ok(None) => continue,
                Err(error) => Err(error),
            };
            match changed {
                Ok(Some(sealed)) => {
                    self.write(&file, &sealed)?;
                    done.credentials += 1;
                }
                Ok(None) => {}
                Err(VaultError::Undecipherable | VaultError::Damaged { .. }) => done.damaged += 1,
                Err(error) => return Err(error),
            }
        }
        Ok(done)
    }

    fn survey(&self) -> VaultResult<(Vec<CredentialId>, Vec<PathBuf>)> {
        let mut keys = self.keys();
        self.refresh(&mut keys)?;
        let (mut ids, mut damaged) = (Vec::new(), Vec::new());
        for file in disk::files(&self.dir, "cred")? {
            match self.check(&keys, &file) {
                Ok(Some(id)) => ids.push(id),
                Ok(None) => {}
                Err(VaultError::Io { file, source }) => return Err(VaultError::Io { file, source }),
                Err(_) => damaged.push(file),
            }
        }
        ids.sort();
        Ok((ids, damaged))
    }

    fn check(&self, keys: &Keys, file: &Path) -> VaultResult<Option<CredentialId>> {
        let Some(sealed) = read(file)? else { return Ok(None) };
        let id = sealed.id();
        let kek = keys.named(&sealed.kek).ok_or(VaultError::Undecipherable)?;
        // A sound wrapping says nothing of what is wrapped.
        sealed.open(kek, &self.installation, &id)?;
        if self.file(&id) == file { Ok(Some(id)) } else { Err(VaultError::Undecipherable) }
    }

    /// Reads the header again and follows a rotation that another process has begun or ended.
    fn refresh(&self, keys: &mut Keys) -> VaultResult<Header> {
        disk::check_dir(&self.dir)?;
        let header = load(&self.dir)?;
        for known in [Some(keys.current.clone()), keys.next.clone()].into_iter().flatten() {
            if let Some(found) = unlock_with(&header, &known)? {
                *keys = Keys { by_next: keys.by_next && found.next.is_some(), ..found };
                return Ok(header);
            }
        }
        Err(VaultError::Undecipherable)
    }

    fn keys(&self) -> MutexGuard<'_, Keys> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn file(&self, id: &CredentialId) -> PathBuf {
        self.dir.join(file_name(&self.installation, id))
    }

    fn save(&self, header: &Header) -> VaultResult<()> {
        self.write(&self.dir.join(HEADER), header)
    }

    fn write(&self, file: &Path, content: &impl Serialize) -> VaultResult<()> {
        let text = serde_json::to_vec_pretty(content)
            .map_err(|error| VaultError::Io { file: file.to_owned(), source: io::Error::other(error) })?;
        self.disk.replace(file, &text)
    }
}

fn load(dir: &Path) -> VaultResult<Header> {
    let file = dir.join(HEADER);
    let content = disk::read_private(&file)?.ok_or_else(|| VaultError::Absent { dir: dir.to_owned() })?;
    let header: Header =
        serde_json::from_slice(&content).map_err(|_| VaultError::Damaged { file: file.clone() })?;
    if header.v == FORMAT { Ok(header) } else { Err(VaultError::Damaged { file }) }
}

fn read(file: &Path) -> VaultResult<Option<Envelope>> {
    match disk::read_private(file)? {
        None => Ok(None),
        Some(content) => serde_json::from_slice(&content)
            .map(Some)
            .map_err(|_| VaultError::Damaged { file: fs::canonicalize(file).unwrap_or(file.to_owned()) }),
    }
}

fn unlock(header: &Header, source: &KeySource) -> VaultResult<Keys> {
    let notes = [Some(&header.key), header.next.as_ref().map(|next| &next.key)];
    for note in notes.into_iter().flatten() {
        for key in source.candidates(note.kdf.as_ref())? {
            if let Some(keys) = unlock_with(header, &key)? {
                return Ok(keys);
            }
        }
    }
    Err(match notes.into_iter().flatten().any(|note| note.source == source.kind()) {
        true => source.wrong(),
        false => VaultError::OtherSource { source_kind: source.kind(), noted: header.key.source.clone() },
    })
}

/// Returns the keys that the header names, if `key` is one of them.
fn unlock_with(header: &Header, key: &Key) -> VaultResult<Option<Keys>> {
    let id = key_id(key);
    let Some(next) = &header.next else {
        return Ok((id == header.key.id).then(|| Keys { current: key.clone(), next: None, by_next: false }));
    };
    let bound = bridge(&header.installation, &header.key.id, &next.key.id);
    let other = |sealed: &Sealed| {
        let plain = sealed.open(key, &bound)?;
        <[u8; 32]>::try_from(plain.as_slice()).map(Key::new).map_err(|_| VaultError::Undecipherable)
    };
    if id == header.key.id {
        Ok(Some(Keys { current: key.clone(), next: Some(other(&next.new_by_old)?), by_next: false }))
    } else if id == next.key.id {
        Ok(Some(Keys { current: other(&next.old_by_new)?, next: Some(key.clone()), by_next: true }))
    } else {
        Ok(None)
    }
}

/// Tells whether a source gives the key that a note names. A source that gives none yet does not.
fn same_key(source: &KeySource, note: &KeyNote) -> VaultResult<bool> {
    match source.existing(note.kdf.as_ref()) {
        Ok(key) => Ok(key.is_some_and(|key| key_id(&key) == note.id)),
        Err(VaultError::KeyMissing { .. }) => Ok(false),
        Err(error) => Err(error),
    }
}

fn bridge(installation: &InstallationId, old: &str, new: &str) -> Vec<u8> {
    join(&["passerelle", "rotation", installation.as_str(), old, new])
}

#[cfg(test)]
#[path = "vault_tests.rs"]
mod tests;
