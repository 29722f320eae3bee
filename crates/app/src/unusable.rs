//! A file that cannot be used: which, and why.

use std::{io, path::Path};

use passerelle_ports::{Code, Detail};
use passerelle_service::Failure;

/// Tells that a file or directory cannot be read or written: `SYS-101` when the disk is full, else `USE-106`.
pub fn unusable(path: impl AsRef<Path>, error: io::Error) -> Failure {
    let code = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Code::Sys101,
        _ => Code::Use106,
    };
    Failure::new(code)
        .with(Detail::File, path.as_ref().display().to_string())
        .with(Detail::Reason, &error)
        .because(error)
}
