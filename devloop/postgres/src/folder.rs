//! The private folder of a session's server. It is deleted with the session, like the cloud whose data the tables hold.

use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};

use rustix::process::{Pid, test_kill_process};
use tempfile::TempDir;

use crate::PostgresError;
use crate::account::Account;

/// Start of a folder's name; the process that made it follows.
const PREFIX: &str = "devloop-postgres-";

/// A folder that only the server's user can enter; it is removed when this is dropped.
#[derive(Debug)]
pub(crate) struct Folder {
    folder: TempDir,
    account: Option<Account>,
}

impl Folder {
    /// Makes a folder in `home` or, if the server's user cannot enter that, in the system's folder for temporary files. Removes
    /// folders of sessions that were killed.
    pub(crate) fn make(home: &Path, account: Option<Account>) -> Result<Self, PostgresError> {
        let home = match account {
            Some(account) if !account.reaches(home) => std::env::temp_dir(),
            _ => home.to_owned(),
        };
        let failed = |error| PostgresError::Folder { folder: home.display().to_string(), error };
        fs::create_dir_all(&home).map_err(failed)?;
        remove_orphans(&home, account);
        let folder = tempfile::Builder::new()
            .prefix(&format!("{PREFIX}{}-", std::process::id()))
            .permissions(fs::Permissions::from_mode(0o700))
            .tempdir_in(&home)
            .map_err(failed)?;
        let made = Self { folder, account };
        made.hand_over(made.folder.path()).map_err(failed)?;
        Ok(made)
    }

    /// The folder itself.
    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The folder of the server's data.
    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Writes a file that only the server's user can read.
    pub(crate) fn secret(&self, name: &str, text: &str) -> io::Result<PathBuf> {
        let path = self.folder.path().join(name);
        // The folder is closed to others, so nobody can read the file before its permissions are set.
        fs::write(&path, text)?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600))?;
        self.hand_over(&path)?;
        Ok(path)
    }

    fn hand_over(&self, path: &Path) -> io::Result<()> {
        match self.account {
            Some(Account { uid, gid }) => chown(path, Some(uid), Some(gid)),
            None => Ok(()),
        }
    }
}

/// Removes folders whose devloop has ended. A folder that cannot be removed belongs to another user.
fn remove_orphans(home: &Path, account: Option<Account>) {
    let owner = account.map_or_else(|| rustix::process::geteuid().as_raw(), |account| account.uid);
    for entry in fs::read_dir(home).into_iter().flatten().flatten() {
        let ours = entry.metadata().is_ok_and(|metadata| metadata.is_dir() && metadata.uid() == owner);
        if ours && entry.file_name().to_str().is_some_and(is_orphan) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// Whether the name is that of a folder whose process has ended.
fn is_orphan(name: &str) -> bool {
    let process = name.strip_prefix(PREFIX).and_then(|rest| rest.split('-').next()?.parse().ok());
    process.and_then(Pid::from_raw).is_some_and(|process| {
        // A process that this one may not signal is alive too.
        test_kill_process(process) == Err(rustix::io::Errno::SRCH)
    })
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::{Folder, PREFIX, is_orphan};

    #[test]
    fn the_folder_is_private_and_gone_with_the_value() {
        let home = tempfile::tempdir().unwrap();
        let folder = Folder::make(&home.path().join("postgres"), None).unwrap();
        let path = folder.path().to_owned();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o700);
        let secret = folder.secret("password", "p").unwrap();
        assert_eq!(fs::metadata(secret).unwrap().permissions().mode() & 0o777, 0o600);
        drop(folder);
        assert!(!path.exists());
    }

    #[test]
    fn folders_of_sessions_that_were_killed_are_removed_and_others_are_not() {
        let home = tempfile::tempdir().unwrap();
        // No process id is this large.
        let dead = format!("{PREFIX}2147483647-abc");
        let alive = format!("{PREFIX}{}-abc", std::process::id());
        let others = ["mine".to_owned(), format!("{PREFIX}x-abc"), alive];
        for name in others.iter().chain([&dead]) {
            fs::create_dir(home.path().join(name)).unwrap();
        }
        let _folder = Folder::make(home.path(), None).unwrap();
        assert!(!home.path().join(&dead).exists());
        assert!(others.iter().all(|name| home.path().join(name).exists()));
        assert!(!is_orphan(&format!("{PREFIX}0-abc")));
    }
}
