//! Files that are private, and changed whole or not at all.
//!
//! What must stay true: a reader sees the old content or the new one, never a mixture; nothing is
//! ever created with a mode wider than its owner.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read, Seek, Write},
    path::{Path, PathBuf},
};

use crate::error::{VaultError, VaultResult};

/// The few things the vault does with files. A seam, so that a crash can be tried at each of them.
pub(crate) trait Disk: Send + Sync {
    /// Replaces a file's content: written beside, synced, renamed, directory synced.
    fn replace(&self, file: &Path, content: &[u8]) -> VaultResult<()>;
    /// Overwrites a file's content, then removes the file.
    fn shred(&self, file: &Path) -> VaultResult<()>;
    /// Moves a file over another one.
    fn rename(&self, from: &Path, to: &Path) -> VaultResult<()>;
}

/// The real one.
pub(crate) struct OsDisk;

impl Disk for OsDisk {
    fn replace(&self, file: &Path, content: &[u8]) -> VaultResult<()> {
        let beside = beside(file);
        let written = (|| {
            let mut out = private().truncate(true).open(&beside)?;
            narrow(&out)?;
            out.write_all(content)?;
            out.sync_all()?;
            fs::rename(&beside, file)?;
            sync_parent(file)
        })();
        written.map_err(|source| VaultError::Io { file: file.to_owned(), source })
    }

    fn shred(&self, file: &Path) -> VaultResult<()> {
        let done = (|| {
            let mut out = OpenOptions::new().write(true).open(file)?;
            let length = usize::try_from(out.metadata()?.len()).unwrap_or(usize::MAX).min(1 << 20);
            out.rewind()?;
            out.write_all(&vec![0; length])?;
            out.sync_all()?;
            fs::remove_file(file)?;
            sync_parent(file)
        })();
        done.map_err(|source| VaultError::Io { file: file.to_owned(), source })
    }

    fn rename(&self, from: &Path, to: &Path) -> VaultResult<()> {
        let done = fs::rename(from, to).and_then(|()| sync_parent(to));
        done.map_err(|source| VaultError::Io { file: to.to_owned(), source })
    }
}

/// Reads a private file; `None` when it does not exist.
pub(crate) fn read_private(file: &Path) -> VaultResult<Option<Vec<u8>>> {
    read_narrow(file, 0o077)
}

/// Reads a file that its group may read, but nobody else; `None` when it does not exist.
pub(crate) fn read_not_public(file: &Path) -> VaultResult<Option<Vec<u8>>> {
    read_narrow(file, 0o037)
}

fn read_narrow(file: &Path, forbidden: u32) -> VaultResult<Option<Vec<u8>>> {
    let fail = |source| VaultError::Io { file: file.to_owned(), source };
    let mut open = match File::open(file) {
        Ok(open) => open,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(fail(error)),
    };
    refuse_mode(file, &open.metadata().map_err(fail)?, forbidden)?;
    let mut content = Vec::new();
    open.read_to_end(&mut content).map_err(fail)?;
    Ok(Some(content))
}

/// Creates a file that must not exist yet, for its owner alone.
pub(crate) fn create_private(file: &Path, content: &[u8]) -> VaultResult<()> {
    let created = (|| {
        let mut out = private().create_new(true).open(file)?;
        out.write_all(content)?;
        out.sync_all()?;
        sync_parent(file)
    })();
    created.map_err(|source| VaultError::Io { file: file.to_owned(), source })
}

/// Creates a directory for its owner alone, or refuses one that others may enter.
pub(crate) fn private_dir(dir: &Path) -> VaultResult<()> {
    let fail = |source| VaultError::Io { file: dir.to_owned(), source };
    if dir.is_dir() {
        return check_dir(dir);
    }
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir).map_err(fail)?;
    check_dir(dir)
}

/// Refuses a directory that others may enter.
pub(crate) fn check_dir(dir: &Path) -> VaultResult<()> {
    match fs::metadata(dir) {
        Ok(metadata) => refuse_mode(dir, &metadata, 0o077),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Err(VaultError::Absent { dir: dir.to_owned() })
        }
        Err(source) => Err(VaultError::Io { file: dir.to_owned(), source }),
    }
}

/// Returns the files of a directory with an extension, sorted.
pub(crate) fn files(dir: &Path, extension: &str) -> VaultResult<Vec<PathBuf>> {
    let fail = |source| VaultError::Io { file: dir.to_owned(), source };
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).map_err(fail)? {
        let path = entry.map_err(fail)?.path();
        if path.extension().is_some_and(|e| e == extension) {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// Holds the directory's lock until dropped.
pub(crate) fn lock(dir: &Path) -> VaultResult<File> {
    let file = dir.join("lock");
    let locked = (|| {
        let open = private().truncate(false).open(&file)?;
        open.lock()?;
        Ok(open)
    })();
    locked.map_err(|source| VaultError::Io { file, source })
}

/// Takes a lock that others may have; the file is made if need be and stays.
pub(crate) fn try_lock(file: &Path) -> VaultResult<Option<File>> {
    let taken = (|| {
        let open = private().truncate(false).open(file)?;
        match open.try_lock() {
            Ok(()) => Ok(Some(open)),
            Err(fs::TryLockError::WouldBlock) => Ok(None),
            Err(fs::TryLockError::Error(error)) => Err(error),
        }
    })();
    taken.map_err(|source| VaultError::Io { file: file.to_owned(), source })
}

fn beside(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".new");
    name.into()
}

fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

#[cfg(unix)]
fn narrow(file: &File) -> io::Result<()> {
    file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600))
}

#[cfg(not(unix))]
fn narrow(_: &File) -> io::Result<()> {
    Ok(())
}

#[cfg(unix)]
fn refuse_mode(file: &Path, metadata: &fs::Metadata, forbidden: u32) -> VaultResult<()> {
    let mode = std::os::unix::fs::PermissionsExt::mode(&metadata.permissions());
    if mode & forbidden == 0 { Ok(()) } else { Err(VaultError::WideMode { file: file.to_owned() }) }
}

#[cfg(not(unix))]
fn refuse_mode(_: &Path, _: &fs::Metadata, _: u32) -> VaultResult<()> {
    Ok(())
}

#[cfg(unix)]
fn sync_parent(file: &Path) -> io::Result<()> {
    file.parent().map_or(Ok(()), |dir| File::open(dir)?.sync_all())
}

#[cfg(not(unix))]
fn sync_parent(_: &Path) -> io::Result<()> {
    Ok(())
}
