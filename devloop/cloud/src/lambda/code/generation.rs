//! A generation: a function's binary and configuration at one moment. Each environment belongs to exactly one generation.

use std::{
    fs::{self, File},
    io::{self, Read, Seek, SeekFrom},
    os::unix::fs::{MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
};

use devloop_system::program::{HEAD, Program, runs_here};
use sha2::{Digest, Sha256};

use super::super::configuration::Configuration;
use super::Code;
use crate::scratch;

/// Distinguishes two files at the same path without reading them: a rename changes the inode, a write the time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Identity {
    device: u64,
    inode: u64,
    modified: (i64, i64),
    size: u64,
}

impl Identity {
    /// The identity of the file at `path`; `None` when there is none.
    pub(crate) fn of(path: &Path) -> Option<Self> {
        fs::metadata(path).ok().map(|metadata| Self::from_metadata(&metadata))
    }

    fn from_metadata(metadata: &fs::Metadata) -> Self {
        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            size: metadata.size(),
        }
    }
}

/// A binary and a configuration that do not change.
#[derive(Debug)]
pub(crate) struct Generation {
    /// The configuration that environments of this generation see.
    pub(crate) configuration: Arc<Configuration>,
    /// The location of the code; also keeps the folder of an extracted zip alive.
    pub(crate) code: Code,
    /// The identity of `bootstrap` when the generation was made.
    pub(crate) identity: Identity,
    /// The binary, held open: new environments run the same code even after the file was replaced or deleted.
    bootstrap: Program,
    is_script: bool,
    digest: OnceLock<String>,
}

impl Generation {
    /// Opens the code's `bootstrap`. The error is the operating system's own.
    pub(crate) fn open(code: Code, configuration: Arc<Configuration>) -> io::Result<Self> {
        // Non-blocking, because opening a pipe or device in its place would wait for its other end.
        let flags = rustix::fs::OFlags::NONBLOCK.bits() as i32;
        let path = code.folder().join("bootstrap");
        let mut bootstrap = File::options().read(true).custom_flags(flags).open(&path)?;
        let metadata = bootstrap.metadata()?;
        if !metadata.is_file() {
            return Err(io::Error::new(io::ErrorKind::NotFound, "bootstrap is not a file"));
        }
        let mut head = Vec::with_capacity(HEAD);
        Read::by_ref(&mut bootstrap).take(HEAD as u64).read_to_end(&mut head)?;
        let is_script = head.starts_with(b"#!");
        if !is_script && !runs_here(&head) {
            return Err(io::Error::from_raw_os_error(rustix::io::Errno::NOEXEC.raw_os_error()));
        }
        bootstrap.seek(SeekFrom::Start(0))?;
        let identity = Identity::from_metadata(&metadata);
        let bootstrap = Program::hold(bootstrap, &path, || scratch::create(scratch::Purpose::Code))?;
        Ok(Self { configuration, code, identity, bootstrap, is_script, digest: OnceLock::new() })
    }

    /// The path to execute: that of the binary that is held; a script is executed through its own path, because its interpreter opens it
    /// again.
    pub(crate) fn executable(&self) -> PathBuf {
        if self.is_script { self.code.folder().join("bootstrap") } else { self.bootstrap.path() }
    }

    /// SHA-256 of the binary in hex. Reads the whole file the first time: call it where blocking is allowed.
    pub(crate) fn digest(&self) -> &str {
        self.digest.get_or_init(|| {
            let mut hasher = Sha256::new();
            let read = self.bootstrap.file().try_clone().and_then(|mut file| {
                file.seek(SeekFrom::Start(0))?;
                io::copy(&mut file, &mut hasher)
            });
            match read {
                Ok(_) => format!("{:x}", hasher.finalize()),
                Err(error) => format!("unreadable: {error}"),
            }
        })
    }

    /// The same digest, from an asynchronous task. It is computed on a blocking thread, once, and only when it is needed: a
    /// swap does not need it, and reading a large binary would slow down the linker that works beside it.
    pub(crate) async fn digest_aside(self: &Arc<Self>) -> String {
        if let Some(known) = self.digest.get() {
            return known.clone();
        }
        let generation = Arc::clone(self);
        tokio::task::spawn_blocking(move || generation.digest().to_owned()).await.unwrap_or_default()
    }

    /// The identity of the file that is in the folder now, if it is not the one that this generation runs.
    pub(crate) fn is_outdated(&self) -> Option<Identity> {
        match &self.code {
            Code::Zip { .. } => None,
            Code::Hot { folder, .. } => {
                Identity::of(&folder.join("bootstrap")).filter(|identity| *identity != self.identity)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pipe_in_the_place_of_the_binary_is_refused_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let made =
            std::process::Command::new("mkfifo").arg(folder.path().join("bootstrap")).status().unwrap();
        assert!(made.success());
        let configuration = Configuration::create(
            &serde_json::json!({"Role": "r", "Runtime": "provided.al2023", "Handler": "h"}),
        );
        let code = Code::Hot { key: String::new(), folder: folder.path().to_owned() };
        let error = Generation::open(code, Arc::new(configuration.unwrap())).unwrap_err();
        assert!(error.to_string().contains("not a file"), "{error}");
    }
}
