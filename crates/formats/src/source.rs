//! Files that are read more than once: what has to be known of the whole before its first record needs a pass of its own.

use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom},
};

/// A file that can be read from its beginning as often as needed.
pub trait Source: Copy {
    /// What reads it once.
    type Reader: Read;
    /// Begins at its first byte.
    fn open(self) -> Self::Reader;
}

impl<'a> Source for &'a [u8] {
    type Reader = &'a [u8];
    fn open(self) -> &'a [u8] {
        self
    }
}

impl<'a, const N: usize> Source for &'a [u8; N] {
    type Reader = &'a [u8];
    fn open(self) -> &'a [u8] {
        self
    }
}

impl<'a> Source for &'a File {
    type Reader = FromStart<'a>;
    fn open(self) -> FromStart<'a> {
        FromStart { file: self, at: 0 }
    }
}

/// A reader of a file with a place of its own: others may read it at the same time.
#[derive(Debug)]
pub struct FromStart<'a> {
    file: &'a File,
    at: u64,
}

impl Read for FromStart<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let mut file = self.file;
        file.seek(SeekFrom::Start(self.at))?;
        let count = file.read(out)?;
        self.at += count as u64;
        Ok(count)
    }
}

/// Returns the first bytes of a file.
pub(crate) fn head_of(source: impl Source, most: u64) -> Vec<u8> {
    let mut head = Vec::new();
    // What cannot be read tells nothing here; whoever reads the whole says so.
    let _ = source.open().take(most).read_to_end(&mut head);
    head
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn two_readers_of_one_file_have_their_own_places() {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(b"abcdef").unwrap();
        let (mut one, mut other) = ((&file).open(), (&file).open());
        let read = |reader: &mut FromStart<'_>| {
            let mut two = [0; 2];
            reader.read_exact(&mut two).unwrap();
            String::from_utf8_lossy(&two).into_owned()
        };
        let found = [read(&mut one), read(&mut other), read(&mut one), read(&mut other)];
        assert_eq!(found, ["ab", "ab", "cd", "cd"]);
        assert_eq!(head_of(&file, 3), b"abc");
    }
}
