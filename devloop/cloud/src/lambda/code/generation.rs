//! One state of a function: a fixed binary with a fixed configuration. Environments belong to exactly one generation. A function
//! in JavaScript or Python has sources instead of a binary. Only the interpreter knows which of them it has read, so a change of
//! any of them makes another generation.

use std::{
    fs::{self, File},
    io::{self, Read, Seek, SeekFrom},
    os::unix::fs::{MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
};

use devloop_system::program::{HEAD, Program as HeldProgram, runs_here};
use sha2::{Digest, Sha256};

use super::super::{
    configuration::Configuration,
    language::{Interpreter, Language, interpreter},
};
use super::{Code, sources};
use crate::{aside::aside, scratch};

/// Tells two states of a function's code apart without reading it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Identity {
    /// The identity of a binary.
    File(FileIdentity),
    /// A digest of the identities of all files that may be sources.
    Sources(u64),
}

/// Tells two files at the same path apart: a rename brings another inode, a write another time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct FileIdentity {
    device: u64,
    inode: u64,
    modified: (i64, i64),
    size: u64,
}

impl FileIdentity {
    pub(super) fn from_metadata(metadata: &fs::Metadata) -> Self {
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
    /// What the code was when the generation was made.
    pub(crate) identity: Identity,
    /// Whether finding out if the code has changed takes longer than other requests should wait.
    is_wide: bool,
    /// Whether reading the code takes longer than whoever asks for its digest should wait.
    is_large: bool,
    program: Program,
    digest: OnceLock<String>,
}

/// What runs.
#[derive(Debug)]
enum Program {
    /// The binary, held open: scaling out starts the very same code even when the file was replaced or deleted.
    Bootstrap { held: HeldProgram, is_script: bool },
    /// An interpreter, which reads the sources.
    Sources(Arc<Interpreter>),
}

impl Generation {
    /// Opens the code. The error about a `bootstrap` is the operating system's own.
    pub(crate) fn open(code: Code, configuration: Arc<Configuration>) -> io::Result<Self> {
        if let Some(language) = Language::of(&configuration.runtime) {
            let interpreter = interpreter(language, &configuration.runtime).map_err(io::Error::other)?;
            let state = sources::state(code.folder())?;
            let identity = Identity::Sources(state.identity);
            let program = Program::Sources(interpreter);
            let sources::State { is_wide, is_large, .. } = state;
            let digest = OnceLock::new();
            return Ok(Self { configuration, code, identity, is_wide, is_large, program, digest });
        }
        // Opening a pipe or a device in its place must not block the cloud.
        let flags = rustix::fs::OFlags::NONBLOCK.bits() as i32;
        let path = code.folder().join("bootstrap");
        let mut file = File::options().read(true).custom_flags(flags).open(&path)?;
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            return Err(io::Error::new(io::ErrorKind::NotFound, "bootstrap is not a file"));
        }
        let mut head = Vec::with_capacity(HEAD);
        Read::by_ref(&mut file).take(HEAD as u64).read_to_end(&mut head)?;
        let is_script = head.starts_with(b"#!");
        if !is_script && !runs_here(&head) {
            return Err(io::Error::from_raw_os_error(rustix::io::Errno::NOEXEC.raw_os_error()));
        }
        file.seek(SeekFrom::Start(0))?;
        let identity = Identity::File(FileIdentity::from_metadata(&metadata));
        let held = HeldProgram::hold(file, &path, || scratch::create(scratch::Purpose::Code))?;
        let program = Program::Bootstrap { held, is_script };
        let digest = OnceLock::new();
        Ok(Self { configuration, code, identity, is_wide: false, is_large: false, program, digest })
    }

    /// The interpreter that reads the code; `None` when it is a binary.
    pub(crate) fn interpreter(&self) -> Option<&Interpreter> {
        match &self.program {
            Program::Bootstrap { .. } => None,
            Program::Sources(interpreter) => Some(interpreter),
        }
    }

    /// What runs the code, as Lambda's log names it when an environment starts.
    pub(crate) fn runtime_version(&self) -> String {
        let runtime = &self.configuration.runtime;
        match self.interpreter() {
            None => runtime.clone(),
            Some(interpreter) => format!("{runtime} (this machine's {})", interpreter.described()),
        }
    }

    /// The path to execute: that of the binary that is held; a script is executed through its own path, because its interpreter opens it
    /// again.
    pub(crate) fn executable(&self) -> PathBuf {
        match &self.program {
            Program::Bootstrap { held, is_script: false } => held.path(),
            _ => self.code.folder().join("bootstrap"),
        }
    }

    /// SHA-256 of the code in hex. Reads all of it once: call it where blocking is fine. Of many or large sources it is the digest of their
    /// state, so that somebody's home in the place of a function's folder is not read.
    pub(crate) fn digest(&self) -> &str {
        self.digest.get_or_init(|| {
            let mut hasher = Sha256::new();
            let read = match &self.program {
                Program::Bootstrap { held, .. } => held.file().try_clone().and_then(|mut file| {
                    file.seek(SeekFrom::Start(0))?;
                    io::copy(&mut file, &mut hasher).map(|_| ())
                }),
                Program::Sources(_) if self.is_large => {
                    if let Identity::Sources(state) = self.identity {
                        hasher.update(state.to_be_bytes());
                    }
                    Ok(())
                }
                Program::Sources(_) => sources::digest(self.code.folder(), &mut hasher),
            };
            match read {
                Ok(()) => format!("{:x}", hasher.finalize()),
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

    /// The identity of the folder's present code, if it is not the code of this generation.
    pub(crate) fn is_outdated(&self) -> Option<Identity> {
        let Code::Hot { folder, .. } = &self.code else { return None };
        if self.is_wide { aside(|| self.changed(folder)) } else { self.changed(folder) }
    }

    fn changed(&self, folder: &Path) -> Option<Identity> {
        let now = match self.program {
            Program::Bootstrap { .. } => fs::metadata(folder.join("bootstrap"))
                .ok()
                .map(|metadata| Identity::File(FileIdentity::from_metadata(&metadata))),
            Program::Sources(_) => sources::state(folder).ok().map(|state| Identity::Sources(state.identity)),
        };
        now.filter(|identity| *identity != self.identity)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_sources_are_not_read_for_a_digest() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("index.js");
        let input = serde_json::json!({"Role": "r", "Runtime": "python3.13", "Handler": "index.handler"});
        let configuration = Arc::new(Configuration::create(&input).unwrap());
        // Other content in a file of the same state.
        let digest_with = |text: &str, size: u64| {
            fs::write(&path, text).unwrap();
            let file = File::options().write(true).open(&path).unwrap();
            file.set_len(size).unwrap();
            file.set_modified(std::time::UNIX_EPOCH).unwrap();
            let code = Code::Hot { key: String::new(), folder: folder.path().to_owned() };
            Generation::open(code, Arc::clone(&configuration)).unwrap().digest().to_owned()
        };
        assert_ne!(digest_with("a", 1), digest_with("b", 1));
        let gigabyte = 1 << 30;
        assert_eq!(digest_with("a", gigabyte), digest_with("b", gigabyte));
        assert_ne!(digest_with("a", gigabyte), digest_with("a", gigabyte + 1));
    }

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
