//! The digests of the functions' files on disk. A file is only read again when it has changed.

use std::collections::HashMap;
use std::fs::Metadata;
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

/// The file that Lambda starts.
const BOOTSTRAP: &str = "bootstrap";

/// What a function's directory holds.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum OnDisk {
    /// The file's SHA-256, in hexadecimal.
    Digest(String),
    /// The directory exists, but the file does not.
    Missing,
    /// The directory cannot be seen from here.
    Unknown,
}

/// Shows without reading a file whether it has changed: device, inode, size and time.
#[derive(Debug, PartialEq, Eq)]
struct Stamp(u64, u64, u64, i64, i64);

/// The digests that were computed, with the stamps of their files.
#[derive(Debug, Default)]
pub(super) struct Digests(HashMap<PathBuf, (Stamp, String)>);

impl Digests {
    /// The directory's current content. Blocks while a changed file is read.
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

/// What a workspace knows about code that was deployed from it: its binaries, and the zip that each was sent in.
#[derive(Debug, Clone, Default)]
pub(crate) struct Local {
    /// A directory for each binary's `bootstrap`.
    pub(crate) dist: PathBuf,
    /// Notes by account, region and function, which the target aws writes.
    pub(crate) notes: PathBuf,
}

impl Local {
    /// The binary that was last sent from here, and its zip, both as hexadecimal SHA-256.
    pub(super) fn sent(&self, account: &str, region: &str, function: &str) -> Option<(String, String)> {
        // Checked, because the names become a path.
        let plain =
            |part: &&str| part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
        let parts = [account, region, function];
        if !parts.iter().all(plain) {
            return None;
        }
        let path = parts.iter().fold(self.notes.clone(), |path, part| path.join(part)).join("current.json");
        let note: Value = serde_json::from_slice(&std::fs::read(path).ok()?).ok()?;
        let zip = BASE64.decode(note["zip"].as_str()?).ok()?;
        let zip = zip.iter().map(|byte| format!("{byte:02x}")).collect();
        Some((note["binary"].as_str()?.to_owned(), zip))
    }

    /// The directory of the function's binary: the one with the function's name, or else the longest one that is part of a name
    /// made by CloudFormation.
    pub(super) fn folder(&self, function: &str) -> Option<PathBuf> {
        let bare = |text: &str| -> String {
            text.chars()
                .filter(char::is_ascii_alphanumeric)
                .map(|letter| letter.to_ascii_lowercase())
                .collect()
        };
        let wanted = bare(function);
        let names = std::fs::read_dir(&self.dist)
            .ok()?
            .flatten()
            .filter_map(|entry| entry.file_name().into_string().ok());
        let fitting = names.filter(|name| !name.starts_with('.') && wanted.contains(&bare(name)));
        fitting.max_by_key(String::len).map(|name| self.dist.join(name))
    }
}

fn stamp(metadata: &Metadata) -> Stamp {
    Stamp(metadata.dev(), metadata.ino(), metadata.len(), metadata.mtime(), metadata.mtime_nsec())
}

fn read(path: &Path) -> io::Result<String> {
    let mut file = devloop_system::files::open(path)?;
    let mut hash = Sha256::new();
    let mut chunk = vec![0; 128 << 10];
    loop {
        match file.read(&mut chunk)? {
            0 => return Ok(format!("{:x}", hash.finalize())),
            read => hash.update(&chunk[..read]),
        }
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use serde_json::json;

    use super::{BASE64, Local};

    #[test]
    fn what_was_sent_is_known_by_its_note_and_its_binary_by_its_name() {
        let home = tempfile::tempdir().unwrap();
        let local = Local { dist: home.path().join("dist"), notes: home.path().join("aws") };
        for binary in ["up", "upstream", ".stage"] {
            std::fs::create_dir_all(local.dist.join(binary)).unwrap();
        }
        assert_eq!(local.folder("Stack-UpStream15B4-ABC"), Some(local.dist.join("upstream")));
        assert_eq!(local.folder("up"), Some(local.dist.join("up")));
        assert_eq!(local.folder("other"), None);
        let note = local.notes.join("1/r/f");
        std::fs::create_dir_all(&note).unwrap();
        let text = json!({ "binary": "ab", "zip": BASE64.encode([1, 255]) }).to_string();
        std::fs::write(note.join("current.json"), text).unwrap();
        assert_eq!(local.sent("1", "r", "f"), Some(("ab".to_owned(), "01ff".to_owned())));
        assert_eq!(local.sent("1", "r", "g"), None);
        assert_eq!(local.sent("..", "r", "f"), None);
    }
}
