//! The files that may be sources of a function in JavaScript or Python: those of its folder, except installed packages and files
//! of tools.

use std::{
    fs,
    hash::{DefaultHasher, Hash as _, Hasher as _},
    io,
    path::{Path, PathBuf},
};

use sha2::{Digest as _, Sha256};

use super::generation::FileIdentity;

/// Folders that are not looked into: installed packages change when their manager runs, which touches files beside them too, and
/// caches say nothing. Hidden ones are left out as well.
const LEFT_OUT: [&str; 2] = ["node_modules", "__pycache__"];

/// What marks a folder that a tool may write anew at any time, such as cargo's `target` [Cache Directory Tagging Specification].
const CACHE_TAG: &str = "CACHEDIR.TAG";

/// The most files that are looked at, so that a function whose folder is somebody's home does not keep the cloud busy.
const MOST_FILES: usize = 5_000;

/// A digest of which files there are, and in which state, without reading them.
pub(super) fn identity(folder: &Path) -> io::Result<u64> {
    let mut hasher = DefaultHasher::new();
    for (path, metadata) in files(folder)? {
        path.hash(&mut hasher);
        FileIdentity::from_metadata(&metadata).hash(&mut hasher);
    }
    Ok(hasher.finish())
}

/// Adds the names and the content of all files.
pub(super) fn digest(folder: &Path, hasher: &mut Sha256) -> io::Result<()> {
    for (path, _) in files(folder)? {
        let name = path.strip_prefix(folder).unwrap_or(&path);
        hasher.update(name.to_string_lossy().as_bytes());
        hasher.update([0]);
        io::copy(&mut fs::File::open(&path)?, hasher)?;
    }
    Ok(())
}

/// The files below `folder`, in the order of their names. A file that is deleted during the walk is left out.
fn files(folder: &Path) -> io::Result<Vec<(PathBuf, fs::Metadata)>> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    let mut first = Some(fs::read_dir(folder)?);
    while let Some(folder) = open.pop() {
        let Some(entries) = first.take().or_else(|| fs::read_dir(&folder).ok()) else { continue };
        for entry in entries.flatten() {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            if name.starts_with('.') || LEFT_OUT.contains(&name.as_ref()) {
                continue;
            }
            let path = entry.path();
            // A link to a file counts as the file; folders are not followed, because they may lead in a circle.
            let Ok(metadata) = fs::metadata(&path) else { continue };
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                if !path.join(CACHE_TAG).exists() {
                    open.push(path);
                }
            } else if metadata.is_file() {
                found.push((path, metadata));
            }
        }
        if found.len() >= MOST_FILES {
            break;
        }
    }
    found.sort_by(|(one, _), (other, _)| one.cmp(other));
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_function_is_made_of_counts_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let file = folder.path().join(path);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, text).unwrap();
        };
        let state = || {
            let mut hasher = Sha256::new();
            digest(folder.path(), &mut hasher).unwrap();
            (identity(folder.path()).unwrap(), hasher.finalize())
        };
        write("index.js", "1");
        write("target/CACHEDIR.TAG", "");
        let before = state();
        for noise in ["node_modules/a/index.js", "lib/__pycache__/a.pyc", ".git/HEAD", "target/debug/a.js"] {
            write(noise, "x");
        }
        assert_eq!(state(), before);
        write("lib/orders.js", "2");
        let with_more = state();
        assert!(with_more.0 != before.0 && with_more.1 != before.1);
        assert!(identity(&folder.path().join("none")).is_err());
    }
}
