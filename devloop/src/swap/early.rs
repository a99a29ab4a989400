//! Copies binaries while cargo is still ending. Between naming a binary and its exit cargo takes as long as the copy does.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use tempfile::TempPath;

use crate::engine::{Digest, SwapOrder};
use crate::swap::install::{STAGE, make_directory, stage_copy};

/// Shows without reading a file whether its content has changed.
type Identity = (u64, u64, u64, i64, i64);

/// A copy, and the identity of the file that was copied.
#[derive(Debug)]
struct Copied {
    executable: PathBuf,
    identity: Identity,
    staged: TempPath,
    digest: Digest,
}

/// The copy of one function's binary. Reading it waits until the copy is made.
type Slot = Arc<Mutex<Option<Copied>>>;

/// The copies of one session.
#[derive(Debug, Default)]
pub(crate) struct Early(Mutex<BTreeMap<String, Slot>>);

impl Early {
    /// Copies the binary, in place of an earlier one of the function. A failure is not reported here: it happens
    /// again when the binary is put in place.
    pub(crate) fn copy(&self, dist: &Path, order: &SwapOrder) {
        let slot = Slot::default();
        let mut copied = slot.lock().unwrap_or_else(PoisonError::into_inner);
        self.slots().insert(order.function.clone(), Arc::clone(&slot));
        let stage = dist.join(STAGE);
        let Some(identity) = identity(&order.executable) else { return };
        *copied =
            make_directory(&stage).and_then(|()| stage_copy(&stage, order)).ok().map(|(staged, digest)| {
                Copied { executable: order.executable.clone(), identity, staged, digest }
            });
    }

    /// Takes the copy of this binary, if there is one and the binary has not changed since.
    pub(super) fn take(&self, order: &SwapOrder) -> Option<(TempPath, Digest)> {
        let slot = self.slots().remove(&order.function)?;
        let copied = slot.lock().unwrap_or_else(PoisonError::into_inner).take()?;
        let same =
            copied.executable == order.executable && identity(&order.executable) == Some(copied.identity);
        same.then_some((copied.staged, copied.digest))
    }

    /// Forgets the copies of a cancelled build.
    pub(crate) fn clear(&self) {
        self.slots().clear();
    }

    fn slots(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Slot>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn identity(path: &Path) -> Option<Identity> {
    let file = fs::metadata(path).ok()?;
    Some((file.dev(), file.ino(), file.size(), file.mtime(), file.mtime_nsec()))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::Early;
    use crate::engine::SwapOrder;

    fn order(executable: &Path) -> SwapOrder {
        let (function, executable) = ("up".to_owned(), executable.to_owned());
        SwapOrder { generation: 1, function, executable, unless: None }
    }

    #[test]
    fn a_copy_is_taken_once_and_only_for_an_unchanged_binary() {
        let home = tempfile::tempdir().unwrap();
        let (dist, binary) = (home.path().join("dist"), home.path().join("up"));
        let staged = || fs::read_dir(dist.join(".stage")).unwrap().count();
        let early = Early::default();
        assert!(early.take(&order(&binary)).is_none());

        fs::write(&binary, "one").unwrap();
        early.copy(&dist, &order(&binary));
        let (copy, digest) = early.take(&order(&binary)).unwrap();
        assert_eq!(fs::read(&copy).unwrap(), b"one");
        assert_eq!(digest, crate::swap::digest_at(&binary).unwrap());
        assert!(early.take(&order(&binary)).is_none());
        drop(copy);

        early.copy(&dist, &order(&binary));
        fs::write(&binary, "other").unwrap();
        assert!(early.take(&order(&binary)).is_none(), "the binary was written anew");
        early.copy(&dist, &order(&binary));
        early.clear();
        assert!(early.take(&order(&binary)).is_none());
        assert_eq!(staged(), 0, "what nobody takes leaves nothing behind");
        early.copy(&dist, &order(&home.path().join("missing")));
        assert!(early.take(&order(&home.path().join("missing"))).is_none());
    }
}
