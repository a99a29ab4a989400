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

/// The most folders that are looked into, for the same reason.
const MOST_FOLDERS: usize = 5_000;

/// A walk over more files and folders than this takes longer than a millisecond or two.
const WIDE: usize = 200;

/// Files with more bytes than this together take longer to read than whoever asks for a digest should wait.
const LARGE: u64 = 16 * 1024 * 1024;

/// The state of a folder, from a walk that reads no file.
pub(super) struct State {
    /// A digest of which files there are, and in which state.
    pub(super) identity: u64,
    /// Whether the walk took so long that the next one should not hold up other requests.
    pub(super) is_wide: bool,
    /// Whether the files are too many or too large to be read.
    pub(super) is_large: bool,
}

/// The state of all files.
pub(super) fn state(folder: &Path) -> io::Result<State> {
    let mut hasher = DefaultHasher::new();
    let walk = walk(folder)?;
    let is_wide = walk.files.len() + walk.folders > WIDE;
    let mut bytes = 0;
    for (path, metadata) in walk.files {
        path.hash(&mut hasher);
        FileIdentity::from_metadata(&metadata).hash(&mut hasher);
        bytes += metadata.len();
    }
    Ok(State { identity: hasher.finish(), is_wide, is_large: is_wide || bytes > LARGE })
}

/// Adds the names and the content of all files.
pub(super) fn digest(folder: &Path, hasher: &mut Sha256) -> io::Result<()> {
    for (path, _) in walk(folder)?.files {
        let name = path.strip_prefix(folder).unwrap_or(&path);
        hasher.update(name.to_string_lossy().as_bytes());
        hasher.update([0]);
        io::copy(&mut fs::File::open(&path)?, hasher)?;
    }
    Ok(())
}

/// What a walk has found.
struct Walk {
    /// The files in the order of their names.
    files: Vec<(PathBuf, fs::Metadata)>,
    /// How many folders were found below the first one.
    folders: usize,
}

/// Finds the files below `folder`. A file that is deleted during the walk is left out.
fn walk(folder: &Path) -> io::Result<Walk> {
    let (mut found, mut folders) = (Vec::new(), 0);
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
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                if folders < MOST_FOLDERS {
                    folders += 1;
                    if !path.join(CACHE_TAG).exists() {
                        open.push(path);
                    }
                }
                continue;
            }
            // A link to a file counts as the file; folders are not followed, because they may lead in a circle.
            if let Ok(metadata) = fs::metadata(&path)
                && metadata.is_file()
            {
                found.push((path, metadata));
            }
        }
        if found.len() >= MOST_FILES {
            break;
        }
    }
    found.sort_by(|(one, _), (other, _)| one.cmp(other));
    Ok(Walk { files: found, folders })
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
            (super::state(folder.path()).unwrap().identity, hasher.finalize())
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
        assert!(super::state(&folder.path().join("none")).is_err());
    }

    #[test]
    fn a_folder_of_many_folders_is_looked_into_up_to_a_limit() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("index.js"), "1").unwrap();
        assert!(!state(folder.path()).unwrap().is_wide);
        for number in 0..MOST_FOLDERS + 100 {
            fs::create_dir(folder.path().join(number.to_string())).unwrap();
        }
        let walk = walk(folder.path()).unwrap();
        assert_eq!((walk.files.len(), walk.folders), (1, MOST_FOLDERS));
        assert!(state(folder.path()).unwrap().is_wide);
    }
}
