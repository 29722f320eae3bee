//! A file that cannot be used: which, and why.

use std::{io, path::Path};

use passerelle_ports::Code;
use passerelle_service::Failure;

/// Tells that a file or directory cannot be read or written: `SYS-101` when the disk is full, else `USE-106`.
pub fn unusable(path: impl AsRef<Path>, error: io::Error) -> Failure {
    let code = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Code::Sys101,
        _ => Code::Use106,
    };
    Failure::new(code)
        .with("file", path.as_ref().display().to_string())
        .with("reason", reason(&error))
        .because(error)
}

/// Names the usual reasons, for a person's language; the others are told in the system's words.
fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::AlreadyExists => "io-exists".to_owned(),
        io::ErrorKind::NotFound => "io-not-found".to_owned(),
        io::ErrorKind::PermissionDenied => "io-denied".to_owned(),
        io::ErrorKind::IsADirectory => "io-directory".to_owned(),
        io::ErrorKind::NotADirectory => "io-no-directory".to_owned(),
        io::ErrorKind::ReadOnlyFilesystem => "io-read-only".to_owned(),
        io::ErrorKind::InvalidData => "io-no-text".to_owned(),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "io-full".to_owned(),
        // Those are our own: the system's words say more of its own ones.
        io::ErrorKind::FileTooLarge if error.raw_os_error().is_none() => "io-too-large".to_owned(),
        io::ErrorKind::ResourceBusy if error.raw_os_error().is_none() => "io-changing".to_owned(),
        _ => error.to_string(),
    }
}
