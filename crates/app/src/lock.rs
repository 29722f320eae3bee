//! One process at a time in a state directory.

use std::{
    fs::{self, File, TryLockError},
    io::{Read, Seek, Write},
    path::{Path, PathBuf},
    time::Duration,
};

use passerelle_ports::{Code, Detail};
use passerelle_service::Failure;

use crate::unusable::unusable;

/// The lock of a state directory; it falls with the process, however it ends.
#[derive(Debug)]
pub struct Lock {
    file: File,
}

impl Drop for Lock {
    /// What is left of the file tells that a process died.
    fn drop(&mut self) {
        let _ = self.file.set_len(0);
    }
}

/// How often a held lock is tried again.
const AGAIN: Duration = Duration::from_millis(200);

impl Lock {
    /// Returns the file of a directory's lock.
    pub fn file(directory: &Path) -> PathBuf {
        directory.join("passerelle.lock")
    }

    /// Takes the lock, waiting for whoever has it, and says so once: a consent that was given must not be lost because
    /// a run is on.
    ///
    /// # Errors
    ///
    /// As [`Lock::take`], but not `SYS-102`.
    pub async fn wait(directory: &Path, told: impl FnOnce()) -> Result<Self, Failure> {
        let mut told = Some(told);
        loop {
            match Lock::take(directory) {
                Err(failure) if failure.code() == Code::Sys102 => {
                    if let Some(tell) = told.take() {
                        tell();
                    }
                    tokio::time::sleep(AGAIN).await;
                }
                result => return result,
            }
        }
    }

    /// Takes the lock of a directory, which is made if need be.
    ///
    /// # Errors
    ///
    /// `SYS-102` with the process that holds it, `USE-106` when the directory cannot be written.
    pub fn take(directory: &Path) -> Result<Self, Failure> {
        let path = Lock::file(directory);
        let unusable = |error: std::io::Error| unusable(&path, error);
        fs::create_dir_all(directory).map_err(unusable)?;
        let mut options = File::options();
        options.read(true).write(true).create(true).truncate(false);
        // What a link leads to is not ours to empty.
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, no_follow());
        let mut file = options.open(&path).map_err(unusable)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut pid = String::new();
                let _ = file.read_to_string(&mut pid);
                return Err(Failure::new(Code::Sys102).with(Detail::Pid, pid.trim()));
            }
            Err(TryLockError::Error(error)) => return Err(unusable(error)),
        }
        let _ = file.set_len(0);
        let _ = file.rewind();
        let _ = write!(file, "{}", std::process::id());
        Ok(Lock { file })
    }
}

#[cfg(unix)]
fn no_follow() -> i32 {
    i32::try_from(rustix::fs::OFlags::NOFOLLOW.bits()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_process_is_told_who_holds_the_lock() {
        let folder = tempfile::tempdir().unwrap();
        let first = Lock::take(folder.path()).unwrap();
        let refused = Lock::take(folder.path()).unwrap_err();
        assert_eq!(refused.code(), Code::Sys102);
        assert_eq!(refused.word("pid"), Some(std::process::id().to_string()));
        drop(first);
        assert!(Lock::take(folder.path()).is_ok());
    }
}
