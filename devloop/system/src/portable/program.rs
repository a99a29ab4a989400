use std::fs::{self, File, OpenOptions};
use std::io::{self, Seek};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use tempfile::TempDir;

/// The name that processes are listed by.
const NAME: &str = "bootstrap";

/// Another name for the program's file in a private folder: a hard link, or a copy where the folder is on another file system. The
/// standard library copies as a clone, which shares its blocks, where the file system can.
#[derive(Debug)]
pub(crate) struct Held {
    folder: TempDir,
}

impl Held {
    pub(crate) fn new(
        file: &File,
        path: &Path,
        folder: impl FnOnce() -> io::Result<TempDir>,
    ) -> io::Result<Self> {
        let folder = folder()?;
        let held = folder.path().join(NAME);
        if fs::hard_link(path, &held).is_err() || !is_same(file, &held)? {
            let _ = fs::remove_file(&held);
            let cloned = fs::copy(path, &held).is_ok() && is_same(file, path).unwrap_or(false);
            if !cloned {
                let _ = fs::remove_file(&held);
                copy(file, &held)?;
            }
        }
        Ok(Self { folder })
    }

    pub(crate) fn path(&self, _file: &File) -> PathBuf {
        self.folder.path().join(NAME)
    }
}

/// Whether the path names the opened file: another may have been put there meanwhile.
fn is_same(file: &File, path: &Path) -> io::Result<bool> {
    let (opened, named) = (file.metadata()?, fs::metadata(path)?);
    Ok((opened.dev(), opened.ino()) == (named.dev(), named.ino()))
}

/// Copies what is open, byte by byte.
fn copy(file: &File, to: &Path) -> io::Result<()> {
    let mut from = file.try_clone()?;
    from.rewind()?;
    let mode = file.metadata()?.mode();
    io::copy(&mut from, &mut OpenOptions::new().write(true).create_new(true).mode(mode).open(to)?)?;
    Ok(())
}
