//! Copies a binary and computes its digest at the same time, because reading tens of megabytes twice takes as long as linking does.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;
use std::sync::mpsc::sync_channel;
use std::thread;

use sha2::{Digest as _, Sha256};

use crate::engine::Digest;
use crate::swap::SwapError;

/// How much is read at a time, in bytes.
const CHUNK: usize = 1 << 20;

/// How many chunks may wait for the thread that computes the digest.
const WAITING: usize = 4;

/// Copies a file, and computes its digest on another thread.
pub(super) fn copy(from: &Path, into: &mut File) -> io::Result<Digest> {
    let mut source = File::open(from)?;
    thread::scope(|scope| {
        let (chunks, inbox) = sync_channel::<Vec<u8>>(WAITING);
        let digesting = scope.spawn(move || {
            let mut hash = Sha256::new();
            for chunk in inbox {
                hash.update(chunk);
            }
            hexadecimal(hash)
        });
        loop {
            let mut chunk = Vec::with_capacity(CHUNK);
            Read::by_ref(&mut source).take(CHUNK as u64).read_to_end(&mut chunk)?;
            if chunk.is_empty() {
                break;
            }
            into.write_all(&chunk)?;
            if chunks.send(chunk).is_err() {
                break;
            }
        }
        drop(chunks);
        digesting.join().map_err(|_| io::Error::other("the thread that digests it has panicked"))
    })
}

/// The digest of a file's content.
pub(super) fn digest_of(path: &Path) -> Result<Digest, SwapError> {
    let mut hash = Sha256::new();
    devloop_system::files::open(path)
        .and_then(|mut file| io::copy(&mut file, &mut hash))
        .map_err(|error| SwapError::io("read", path, error))?;
    Ok(hexadecimal(hash))
}

fn hexadecimal(hash: Sha256) -> Digest {
    Digest::new(format!("{:x}", hash.finalize()))
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File};

    use super::{CHUNK, copy, digest_of};

    #[test]
    fn a_copy_has_the_content_and_its_digest() {
        let home = tempfile::tempdir().unwrap();
        let (from, to) = (home.path().join("from"), home.path().join("to"));
        for size in [0, 1, CHUNK, CHUNK * 7 + 1] {
            let content: Vec<u8> = (0..size).map(|at| (at % 251) as u8).collect();
            fs::write(&from, &content).unwrap();
            let digest = copy(&from, &mut File::create(&to).unwrap()).unwrap();
            assert!(fs::read(&to).unwrap() == content, "{size}");
            assert_eq!(digest, digest_of(&to).unwrap(), "{size}");
        }
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        fs::write(&from, "").unwrap();
        assert_eq!(digest_of(&from).unwrap().to_string(), empty);
    }
}
