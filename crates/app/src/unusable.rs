//! A file that cannot be used: which, and why.

use std::{io, path::Path};

use passerelle_service::Failure;

/// Tells that a file or directory cannot be read or written: `SYS-101` when the disk is full, else `USE-106`.
pub fn unusable(path: impl AsRef<Path>, error: io::Error) -> Failure {
    let code = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "SYS-101",
        _ => "USE-106",
    };
    Failure::new(code)
        .with("file", path.as_ref().display().to_string())
        .with("reason", error.to_string())
        .because(error)
}
