//! Where an export goes: beside its file until it is whole, so that what stood there stays until then.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
};

/// How many names are tried beside a file.
const NAMES: u32 = 1000;

/// Something that is being written, for its owner alone: it holds other people's data.
pub struct Target {
    out: Box<dyn Write + Send>,
    /// The file that is written, and the one that it becomes.
    part: Option<(PathBuf, PathBuf)>,
    /// Whether a file that stood there is overwritten while the new one is written: none can be made beside it.
    pub is_in_place: bool,
}

impl Target {
    /// Begins a file, or goes to the standard output (`-`).
    pub fn of(file: &Path) -> io::Result<Self> {
        if file.as_os_str() == "-" {
            return Ok(Target { out: Box::new(io::stdout()), part: None, is_in_place: false });
        }
        // A link stays one: what it leads to is replaced.
        let whole = fs::canonicalize(file).unwrap_or_else(|_| file.to_owned());
        if is_ours(&whole)
            && let Ok((open, part)) = beside(&whole)
        {
            return Ok(Target { out: Box::new(open), part: Some((part, whole)), is_in_place: false });
        }
        let is_in_place = file.is_file();
        Ok(Target { out: Box::new(opened(file)?), part: None, is_in_place })
    }

    /// Ends it: from now on it is what stands in the place of its file.
    pub fn finish(mut self) -> io::Result<()> {
        self.out.flush()?;
        match self.part.take() {
            Some((part, file)) => fs::rename(part, file),
            None => Ok(()),
        }
    }
}

impl Write for Target {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.out.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        if let Some((part, _)) = self.part.take() {
            let _ = fs::remove_file(part);
        }
    }
}

/// Makes a new file beside another one. A name that is taken, by an export that was killed or by a file of somebody's
/// own, is left to it.
fn beside(file: &Path) -> io::Result<(File, PathBuf)> {
    for number in 1..=NAMES {
        let mut name = file.as_os_str().to_owned();
        name.push(if number == 1 { ".part".to_owned() } else { format!(".{number}.part") });
        match private().create_new(true).open(&name) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            opened => return opened.map(|open| (open, PathBuf::from(name))),
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

/// Tells whether a file may be replaced by another one: it is a plain one, or there is none.
fn is_ours(file: &Path) -> bool {
    match fs::symlink_metadata(file) {
        Ok(there) => there.is_file() && !there.permissions().readonly(),
        Err(error) => error.kind() == io::ErrorKind::NotFound,
    }
}

fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// Opens a file that only its owner can read, also where a wider one stood.
pub fn opened(file: &Path) -> io::Result<File> {
    let open = private().create(true).truncate(true).open(file)?;
    // A device or a pipe is not ours to close to others.
    #[cfg(unix)]
    if open.metadata()?.is_file() {
        open.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
    }
    Ok(open)
}
