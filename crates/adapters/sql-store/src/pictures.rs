//! The pictures that records only name: those that were kept, and the company's own files.

use std::{
    fs::File,
    io::Read as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use async_trait::async_trait;
use diesel::prelude::*;
use passerelle_ports::{PICTURE_MAX, Pictures, PortResult};

use crate::{StoreError, db::Db, schema::passerelle_pictures as pictures};

/// The pictures of one company database. Files are found below the folder that holds the database, nowhere else:
/// whoever may write a row must not be able to send any file of the machine to a telephone.
#[derive(Clone)]
pub struct StoredPictures {
    db: Db,
    folder: Arc<Path>,
}

impl StoredPictures {
    pub(crate) fn new(db: Db, folder: &Path) -> Self {
        StoredPictures { db, folder: folder.into() }
    }
}

#[async_trait]
impl Pictures for StoredPictures {
    async fn keep(&self, name: &str, picture: &[u8]) -> PortResult<()> {
        let (name, picture) = (name.to_owned(), picture.to_vec());
        let keep = self.db.write(move |conn| {
            diesel::replace_into(pictures::table)
                .values((pictures::name.eq(name), pictures::picture.eq(picture)))
                .execute(conn)?;
            Ok(())
        });
        keep.await.map_err(|error: StoreError| error.at("pictures.keep"))
    }

    async fn find(&self, name: &str) -> PortResult<Option<Vec<u8>>> {
        let key = name.to_owned();
        let find = self.db.read(move |conn| {
            let kept = pictures::table.find(key).select(pictures::picture);
            Ok(kept.first::<Vec<u8>>(conn).optional()?)
        });
        let kept = find.await.map_err(|error: StoreError| error.at("pictures.find"))?;
        let Some(file) = file_of(name).filter(|_| kept.is_none()) else { return Ok(kept) };
        let folder = Arc::clone(&self.folder);
        let read = tokio::task::spawn_blocking(move || below(&folder, &file));
        Ok(read.await.unwrap_or_default())
    }
}

/// Returns the path that a record names as its picture, if it names one.
fn file_of(name: &str) -> Option<PathBuf> {
    let path = match name.strip_prefix("file://") {
        Some(rest) => rest.strip_prefix("localhost").unwrap_or(rest),
        None if name.contains("://") || name.starts_with("data:") => return None,
        None => name,
    };
    (!path.is_empty()).then(|| PathBuf::from(path))
}

/// Reads a file below a folder; `None` for what is elsewhere, is no plain file, or is too large.
fn below(folder: &Path, file: &Path) -> Option<Vec<u8>> {
    let folder = folder.canonicalize().ok()?;
    let file = folder.join(file).canonicalize().ok()?;
    if !file.starts_with(&folder) || !file.metadata().ok()?.is_file() {
        return None;
    }
    let most = u64::try_from(PICTURE_MAX).ok()?;
    let mut picture = Vec::new();
    File::open(&file).ok()?.take(most + 1).read_to_end(&mut picture).ok()?;
    (picture.len() <= PICTURE_MAX).then_some(picture)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_a_plain_file_below_the_folder_of_the_database() {
        let folder = tempfile::tempdir().unwrap();
        let elsewhere = tempfile::tempdir().unwrap();
        let (inside, outside) = (folder.path(), elsewhere.path());
        std::fs::create_dir(inside.join("photos")).unwrap();
        std::fs::write(inside.join("photos/anna.png"), b"png").unwrap();
        std::fs::write(outside.join("secret.png"), b"secret").unwrap();
        std::fs::write(inside.join("large.png"), vec![0; PICTURE_MAX + 1]).unwrap();
        #[cfg(unix)]
        std::os::unix::fs::symlink(outside.join("secret.png"), inside.join("link.png")).unwrap();
        let read = |name: &str| file_of(name).and_then(|file| below(inside, &file));
        let whole = inside.join("photos/anna.png").display().to_string();
        for name in
            ["photos/anna.png", &whole, &format!("file://{whole}"), &format!("file://localhost{whole}")]
        {
            assert_eq!(read(name).as_deref(), Some(b"png".as_slice()), "{name}");
        }
        let far = outside.join("secret.png").display().to_string();
        for name in
            ["photos", "none.png", "link.png", "../secret.png", &far, "large.png", "", "https://x.example/a"]
        {
            assert_eq!(read(name), None, "{name}");
        }
    }
}
