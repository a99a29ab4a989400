//! The digests of the functions' files on disk. A file is read again only when it has changed.

use std::collections::HashMap;
use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

/// The file that Lambda starts.
const BOOTSTRAP: &str = "bootstrap";

/// What a function's directory holds.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum OnDisk {
    /// The file's SHA-256, in hexadecimal.
    Digest(String),
    /// The directory is there and the file is not.
    Missing,
    /// The directory cannot be seen from here.
    Unknown,
}

/// What identifies a file's content short of reading it.
#[derive(Debug, PartialEq, Eq)]
struct Stamp(u64, u64, u64, i64, i64);

/// The digests that were computed, with the stamps of their files.
#[derive(Debug, Default)]
pub(super) struct Digests(HashMap<PathBuf, (Stamp, String)>);

impl Digests {
    /// What the directory holds now. Blocks while a file that has changed is read.
    pub(super) fn of(&mut self, folder: &Path) -> OnDisk {
        let path = folder.join(BOOTSTRAP);
        let stamp = match path.metadata() {
            Ok(metadata) => stamp(&metadata),
            Err(error) if error.kind() == io::ErrorKind::NotFound && folder.is_dir() => {
                return OnDisk::Missing;
            }
            Err(_) => return OnDisk::Unknown,
        };
        if let Some((known, digest)) = self.0.get(&path)
            && *known == stamp
        {
            return OnDisk::Digest(digest.clone());
        }
        let Ok(digest) = read(&path) else { return OnDisk::Unknown };
        self.0.insert(path, (stamp, digest.clone()));
        OnDisk::Digest(digest)
    }
}

fn stamp(metadata: &Metadata) -> Stamp {
    Stamp(metadata.dev(), metadata.ino(), metadata.len(), metadata.mtime(), metadata.mtime_nsec())
}

fn read(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let mut hash = Sha256::new();
    let mut chunk = vec![0; 128 << 10];
    loop {
        match file.read(&mut chunk)? {
            0 => return Ok(format!("{:x}", hash.finalize())),
            read => hash.update(&chunk[..read]),
        }
    }
}
