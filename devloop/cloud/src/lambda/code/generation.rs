//! One state of a function: a fixed binary with a fixed configuration. Environments belong to exactly one generation.

use std::{
    fs::{self, File},
    io::{self, Read, Seek, SeekFrom},
    os::unix::fs::{MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
};

use sha2::{Digest, Sha256};

use super::super::configuration::Configuration;
use super::Code;

/// Tells two files at the same path apart without reading them: a rename brings another inode, a write another time.
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

/// How much of a binary tells the machine it is for, in bytes.
const ELF_HEAD: usize = 20;

/// Whether an ELF header names this machine. Asked before the kernel is, because the C library answers the kernel's "not
/// executable" by handing the file to a shell.
fn runs_here(head: &[u8]) -> bool {
    let machine = match std::env::consts::ARCH {
        "x86_64" => 62,
        "aarch64" => 183,
        _ => return head.starts_with(b"\x7fELF"),
    };
    head.starts_with(b"\x7fELF")
        && head.get(18..20).is_some_and(|field| u16::from_le_bytes([field[0], field[1]]) == machine)
}

/// A fixed binary with a fixed configuration.
#[derive(Debug)]
pub(crate) struct Generation {
    /// The configuration that environments of this generation see.
    pub(crate) configuration: Arc<Configuration>,
    /// Where the code lies; also keeps an extracted zip alive.
    pub(crate) code: Code,
    /// Which file `bootstrap` was when the generation was made.
    pub(crate) identity: Identity,
    /// The binary, held open: scaling out starts the very same code even when the file was replaced or deleted.
    bootstrap: File,
    is_script: bool,
    digest: OnceLock<String>,
}

impl Generation {
    /// Opens the code's `bootstrap`; the error is the operating system's own.
    pub(crate) fn open(code: Code, configuration: Arc<Configuration>) -> io::Result<Self> {
        // A pipe or a device in its place must not keep the cloud waiting for somebody at its other end.
        let flags = rustix::fs::OFlags::NONBLOCK.bits() as i32;
        let mut bootstrap =
            File::options().read(true).custom_flags(flags).open(code.folder().join("bootstrap"))?;
        let metadata = bootstrap.metadata()?;
        if !metadata.is_file() {
            return Err(io::Error::new(io::ErrorKind::NotFound, "bootstrap is not a file"));
        }
        let mut head = Vec::with_capacity(ELF_HEAD);
        Read::by_ref(&mut bootstrap).take(ELF_HEAD as u64).read_to_end(&mut head)?;
        let is_script = head.starts_with(b"#!");
        if cfg!(target_os = "linux") && !is_script && !runs_here(&head) {
            return Err(io::Error::from_raw_os_error(rustix::io::Errno::NOEXEC.raw_os_error()));
        }
        bootstrap.seek(SeekFrom::Start(0))?;
        let identity = Identity::from_metadata(&metadata);
        Ok(Self { configuration, code, identity, bootstrap, is_script, digest: OnceLock::new() })
    }

    /// What to execute. A binary is executed through its open descriptor, which no rename or deletion can pull away; a
    /// script by its path, because its interpreter opens it again.
    pub(crate) fn executable(&self) -> PathBuf {
        if cfg!(target_os = "linux") && !self.is_script {
            use std::os::fd::AsRawFd as _;
            return format!("/proc/self/fd/{}", self.bootstrap.as_raw_fd()).into();
        }
        self.code.folder().join("bootstrap")
    }

    /// SHA-256 of the binary in hex. Reads the whole file once: call it where blocking is fine.
    pub(crate) fn digest(&self) -> &str {
        self.digest.get_or_init(|| {
            let mut hasher = Sha256::new();
            let read = self.bootstrap.try_clone().and_then(|mut file| {
                file.seek(SeekFrom::Start(0))?;
                io::copy(&mut file, &mut hasher)
            });
            match read {
                Ok(_) => format!("{:x}", hasher.finalize()),
                Err(error) => format!("unreadable: {error}"),
            }
        })
    }

    /// The same from an asynchronous task. Reading the binary takes as long as the file is large, so it is done aside, once, and
    /// only when somebody asks: a swap beside which cargo links the next function does without.
    pub(crate) async fn digest_aside(self: &Arc<Self>) -> String {
        if let Some(known) = self.digest.get() {
            return known.clone();
        }
        let generation = Arc::clone(self);
        tokio::task::spawn_blocking(move || generation.digest().to_owned()).await.unwrap_or_default()
    }

    /// Whether the folder holds another file by now than the one this generation runs.
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
