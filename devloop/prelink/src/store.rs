//! Devloop's directory for prelinked dependencies, beside cargo's output: the shared objects, the list of members' libraries, and
//! refusals.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::SystemTime;

use crate::companion::{END, START};
use crate::refusal::Refusal;

/// The variable that names the directory to devloop in rustc's place, which prelinks if it is set.
pub const HOME: &str = "DEVLOOP_PRELINK";

/// The name under which this binary stands in for the linker. From a name such as `ld` rustc would guess how to call it.
pub(super) const LINKER: &str = "devloop-link";

/// How many of the last used shared objects are kept. There is one for every function and set of features, each of tens of
/// megabytes.
const KEPT: usize = 12;

/// The directory, as used by processes that cargo starts.
#[derive(Debug)]
pub(super) struct Store {
    home: PathBuf,
}

impl Store {
    pub(super) fn at(home: PathBuf) -> Self {
        Self { home }
    }

    pub(super) fn home(&self) -> &Path {
        &self.home
    }

    /// The linker's path that rustc gets.
    pub(super) fn linker(&self) -> PathBuf {
        self.home.join(LINKER)
    }

    /// The path of the shared object with this key.
    pub(super) fn library(&self, key: &str) -> PathBuf {
        self.home.join(format!("{START}{key}{END}"))
    }

    /// Notes that this library is a member's. If that fails, it counts as a dependency, which is slower but not wrong.
    pub(super) fn note_member(&self, library: &str) {
        let _ = fs::write(self.directory_of_members().join(library), "");
    }

    /// File names of members' libraries.
    pub(super) fn members(&self) -> Result<BTreeSet<String>, Refusal> {
        names(&self.directory_of_members()).map_err(Refusal::io("read", &self.directory_of_members()))
    }

    /// Notes why the function is not linked against the shared object with this key.
    pub(super) fn refuse(&self, function: &str, key: &str, refusal: &Refusal) {
        if !matches!(refusal, Refusal::Again) {
            let _ = fs::write(self.refused(function, key), refusal.to_string());
        }
    }

    pub(super) fn has_refused(&self, function: &str, key: &str) -> bool {
        self.refused(function, key).is_file()
    }

    fn refused(&self, function: &str, key: &str) -> PathBuf {
        self.directory_of_refusals().join(format!("{function}.{key}"))
    }

    fn directory_of_members(&self) -> PathBuf {
        self.home.join("members")
    }

    fn directory_of_refusals(&self) -> PathBuf {
        self.home.join("refused")
    }
}

/// A program that could not be prelinked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The program's name.
    pub function: String,
    /// The reason, as it follows "prelink the dependencies of up:".
    pub reason: String,
}

/// Prelinking in a session.
#[derive(Debug)]
pub struct Prelink {
    store: Store,
    /// Refusals that were reported already.
    told: Mutex<BTreeSet<String>>,
}

impl Prelink {
    /// Prepares the directory; `devloop` is this program. Programs that an earlier session refused are tried again.
    pub fn begin(home: PathBuf, devloop: &Path) -> io::Result<Self> {
        let store = Store::at(home);
        let refusals = store.directory_of_refusals();
        match fs::remove_dir_all(&refusals) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => fs::create_dir_all(&refusals)?,
        }
        fs::create_dir_all(store.directory_of_members())?;
        if fs::read_link(store.linker()).ok().as_deref() != Some(devloop) {
            let fresh = tempfile::Builder::new()
                .prefix(".fresh-")
                .make_in(&store.home, |path| symlink(devloop, path))?;
            fresh.into_temp_path().persist(store.linker())?;
        }
        clear_away(&store.home)?;
        Ok(Self { store, told: Mutex::default() })
    }

    /// The directory.
    pub fn home(&self) -> &Path {
        self.store.home()
    }

    /// Refusals since the last call. Each function is reported only once.
    pub fn refusals(&self) -> Vec<Refused> {
        let directory = self.store.directory_of_refusals();
        let Ok(mut told) = self.told.lock() else { return Vec::new() };
        let mut refused = Vec::new();
        for name in names(&directory).unwrap_or_default() {
            let function = name.split('.').next().unwrap_or_default();
            let Ok(reason) = fs::read_to_string(directory.join(&name)) else { continue };
            if told.insert(function.to_owned()) {
                refused.push(Refused { function: function.to_owned(), reason });
            }
        }
        refused
    }
}

fn names(directory: &Path) -> io::Result<BTreeSet<String>> {
    let entries = fs::read_dir(directory)?;
    entries.map(|entry| entry.map(|entry| entry.file_name().to_string_lossy().into_owned())).collect()
}

/// Deletes what killed links left behind, and all shared objects except those that were used last.
fn clear_away(home: &Path) -> io::Result<()> {
    let mut libraries: Vec<(SystemTime, PathBuf)> = Vec::new();
    for entry in fs::read_dir(home)? {
        let entry = entry?;
        if is_library(&entry.file_name()) {
            libraries.push((entry.metadata()?.modified()?, entry.path()));
        } else if entry.file_name().as_encoded_bytes().starts_with(b".make-") {
            fs::remove_dir_all(entry.path())?;
        }
    }
    libraries.sort();
    let superfluous = libraries.len().saturating_sub(KEPT);
    libraries.into_iter().take(superfluous).try_for_each(|(_, path)| fs::remove_file(path))
}

fn is_library(name: &OsStr) -> bool {
    name.to_str().is_some_and(|name| name.starts_with(START) && name.ends_with(END))
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File};
    use std::path::Path;
    use std::time::{Duration, SystemTime};

    use super::{KEPT, Prelink, Refused};
    use crate::refusal::Refusal;

    fn begin(home: &Path) -> Prelink {
        Prelink::begin(home.to_owned(), Path::new("/devloop")).unwrap()
    }

    #[test]
    fn a_refusal_is_reported_once_a_session_and_tried_again_in_the_next() {
        let home = tempfile::tempdir().unwrap();
        let prelink = begin(home.path());
        assert!(prelink.refusals().is_empty());
        prelink.store.refuse("up", "1", &Refusal::Allocator);
        let reason = "the program has a global allocator of its own".to_owned();
        assert_eq!(prelink.refusals(), [Refused { function: "up".to_owned(), reason }]);
        prelink.store.refuse("up", "2", &Refusal::Allocator);
        assert!(prelink.refusals().is_empty());
        assert!(prelink.store.has_refused("up", "1") && !prelink.store.has_refused("mid", "1"));
        prelink.store.refuse("mid", "1", &Refusal::Again);
        assert!(!prelink.store.has_refused("mid", "1"));
        assert!(!begin(home.path()).store.has_refused("up", "1"));
    }

    #[test]
    fn members_outlive_the_session() {
        let home = tempfile::tempdir().unwrap();
        begin(home.path()).store.note_member("libmodel-1.rlib");
        let members = begin(home.path()).store.members().unwrap();
        assert_eq!(members.into_iter().collect::<Vec<_>>(), ["libmodel-1.rlib"]);
    }

    #[test]
    fn the_objects_used_last_are_kept() {
        let home = tempfile::tempdir().unwrap();
        let prelink = begin(home.path());
        let path = |number: usize| prelink.store.library(&number.to_string());
        for number in 0..=KEPT {
            let time = SystemTime::UNIX_EPOCH + Duration::from_secs(number as u64);
            File::create(path(number)).unwrap().set_modified(time).unwrap();
        }
        fs::create_dir(home.path().join(".make-1")).unwrap();
        begin(home.path());
        assert!(!path(0).exists());
        assert!((1..=KEPT).all(|number| path(number).exists()));
        assert!(!home.path().join(".make-1").exists());
    }
}
