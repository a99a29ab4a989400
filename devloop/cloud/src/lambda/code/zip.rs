//! Deployment packages: unpacked into a private folder. Entries outside that folder are refused.

use std::{
    fs,
    io::{self, Cursor, Read, Write},
    os::unix::fs::PermissionsExt,
    path::{Component, Path},
    sync::Arc,
};

use tempfile::TempDir;
use zip::ZipArchive;

use crate::{
    error::ApiError,
    kept::{Budget, Kept},
    scratch,
};

/// The unpacked size that Lambda accepts [Lambda quotas], in bytes.
const UNPACKED_LIMIT: u64 = 250 << 20;

/// The most entries of a package: what a zip without extensions can hold. AWS documents no limit; without one, a small file
/// could keep the disk busy for minutes.
const MOST_ENTRIES: usize = 65_535;

/// How many bytes are unpacked at once.
const CHUNK: usize = 64 << 10;

/// Unpacks a zip into a folder that is deleted with the returned handle. Large packages take long: call it where blocking
/// is allowed. The unpacked bytes count in `budget`.
pub(super) fn extract(bytes: &[u8], budget: &Arc<Budget>) -> Result<(TempDir, Kept), ApiError> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|_| broken())?;
    if archive.len() > MOST_ENTRIES {
        return Err(refused(format!(
            "the zip has {} entries; at most {MOST_ENTRIES} are unpacked",
            archive.len()
        )));
    }
    let folder = scratch::create(scratch::Purpose::Code).map_err(|error| local(&error))?;
    let (mut left, mut kept) = (UNPACKED_LIMIT, Kept::within(budget));
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).map_err(|_| broken())?;
        let shown = entry.name().map_or_else(|_| format!("number {index}"), std::borrow::Cow::into_owned);
        let Some(name) = entry.enclosed_name().filter(|_| is_inside(&shown)) else {
            return Err(refused(format!("the zip entry `{shown}` points outside the package")));
        };
        if entry.is_symlink() {
            return Err(refused(format!("the zip entry `{shown}` is a symbolic link")));
        }
        let path = folder.path().join(name);
        let placed = |error: &io::Error| misplaced(error, &shown);
        if entry.is_dir() {
            fs::create_dir_all(&path).map_err(|error| placed(&error))?;
            continue;
        }
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(|error| placed(&error))?;
        }
        let mode = entry.unix_mode().unwrap_or(0o644);
        let mut file = fs::File::create_new(&path).map_err(|error| placed(&error))?;
        left = unpack(&mut entry, &mut file, left, &mut kept)?;
        file.set_permissions(fs::Permissions::from_mode(mode & 0o755 | 0o444))
            .map_err(|error| local(&error))?;
    }
    Ok((folder, kept))
}

/// Writes an entry and returns how many more bytes may be unpacked. Errors of the zip and errors of the disk are different
/// errors.
fn unpack(
    entry: &mut impl Read,
    file: &mut impl Write,
    mut left: u64,
    kept: &mut Kept,
) -> Result<u64, ApiError> {
    let mut chunk = vec![0; CHUNK];
    loop {
        let length = match entry.read(&mut chunk) {
            Ok(0) => return Ok(left),
            Ok(length) => length,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(_) => return Err(broken()),
        };
        left = left
            .checked_sub(length as u64)
            .ok_or_else(|| refused(format!("Unzipped size must be smaller than {UNPACKED_LIMIT} bytes")))?;
        if !kept.try_add(length) {
            return Err(full(kept.budget()));
        }
        file.write_all(&chunk[..length]).map_err(|error| local(&error))?;
    }
}

/// The error when the code of all functions and layers takes as much as Lambda keeps [Lambda quotas: storage of uploaded functions and
/// layers].
pub(in crate::lambda) fn full(code: &Budget) -> ApiError {
    ApiError::client(
        "CodeStorageExceededException",
        format!(
            "Code storage limit exceeded: the code of all functions, versions and layers takes {} MB unpacked, and {} MB are kept. \
             Delete versions, layers or functions that are not needed.",
            code.bytes() >> 20,
            code.most() >> 20
        ),
    )
}

fn refused(why: impl Into<String>) -> ApiError {
    ApiError::client("InvalidParameterValueException", why)
}

fn broken() -> ApiError {
    refused("Could not unzip uploaded file. Please check your file, then try to upload again.")
}

/// An error of this machine, with its cause and what to do about it.
fn local(error: &io::Error) -> ApiError {
    let place = std::env::temp_dir();
    let place = place.display();
    ApiError::internal(match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => format!(
            "the disk that holds {place} is full: free some space there, or let TMPDIR name another folder, and deploy again"
        ),
        io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied => {
            format!(
                "the code cannot be unpacked in {place} ({error}): let TMPDIR name a folder that can be written"
            )
        }
        _ => format!("the code cannot be unpacked in {place}: {error}"),
    })
}

/// An error of the package: two entries with one name, or a name that no file can have.
fn misplaced(error: &io::Error, shown: &str) -> ApiError {
    match error.kind() {
        io::ErrorKind::AlreadyExists | io::ErrorKind::NotADirectory | io::ErrorKind::IsADirectory => {
            refused(format!("the zip has another file or folder in the place of its entry `{shown}`"))
        }
        io::ErrorKind::InvalidFilename | io::ErrorKind::InvalidInput => {
            refused(format!("the name of the zip entry `{shown}` is not one that a file can have"))
        }
        _ => local(error),
    }
}

/// Whether a name stays below the folder that it is unpacked into. A name that does not is refused, not corrected.
fn is_inside(name: &str) -> bool {
    Path::new(name).components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir))
}

#[cfg(test)]
mod tests {
    use zip::{ZipWriter, write::SimpleFileOptions};

    use super::*;

    fn extract(bytes: &[u8]) -> Result<TempDir, ApiError> {
        super::extract(bytes, &Arc::default()).map(|(folder, _)| folder)
    }

    fn archive(entries: &[(&str, u32, &[u8])]) -> Vec<u8> {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, mode, content) in entries {
            writer.start_file(*name, SimpleFileOptions::default().unix_permissions(*mode)).unwrap();
            writer.write_all(content).unwrap();
        }
        writer.finish().unwrap().into_inner()
    }

    #[test]
    fn entries_keep_their_content_and_mode() {
        let folder = extract(&archive(&[("bootstrap", 0o755, b"run"), ("data/x", 0o600, b"x")])).unwrap();
        let mode = |name: &str| fs::metadata(folder.path().join(name)).unwrap().permissions().mode() & 0o777;
        assert_eq!(fs::read(folder.path().join("bootstrap")).unwrap(), b"run");
        assert_eq!((mode("bootstrap"), mode("data/x")), (0o755, 0o644));
    }

    #[test]
    fn entries_that_leave_the_folder_and_broken_zips_are_refused() {
        let check = |bytes: &[u8], part: &str| {
            let error = extract(bytes).unwrap_err();
            assert!(error.message.contains(part), "{error}");
        };
        check(&archive(&[("../evil", 0o644, b"x")]), "points outside");
        check(&archive(&[("/etc/evil", 0o644, b"x")]), "points outside");
        check(b"not a zip", "Could not unzip");
        check(&archive(&[("a", 0o644, b"x"), ("a/b", 0o644, b"x")]), "`a/b`");
        check(&archive(&[("a/b", 0o644, b"x"), ("a", 0o644, b"x")]), "`a`");
        check(&archive(&[(&"n".repeat(300), 0o644, b"x")]), "not one that a file can have");
    }

    #[test]
    fn the_code_of_everybody_has_a_limit_and_goes_with_its_folder() {
        let budget = Arc::new(Budget::new(100));
        let package = archive(&[("bootstrap", 0o755, &[b'x'; 60])]);
        let first = super::extract(&package, &budget).unwrap();
        assert_eq!(budget.bytes(), 60);
        let error = super::extract(&package, &budget).unwrap_err();
        assert_eq!((error.code.as_ref(), budget.bytes()), ("CodeStorageExceededException", 60), "{error}");
        drop(first);
        super::extract(&package, &budget).unwrap();
        assert_eq!(budget.bytes(), 0);
    }

    #[test]
    fn too_many_entries_are_refused_before_any_is_written() {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        for number in 0..=MOST_ENTRIES {
            writer.start_file(number.to_string(), SimpleFileOptions::default()).unwrap();
        }
        let error = extract(&writer.finish().unwrap().into_inner()).unwrap_err();
        assert!(error.message.contains("65536 entries"), "{error}");
    }

    #[test]
    fn a_full_disk_and_a_broken_entry_give_different_errors() {
        struct Full;
        impl Write for Full {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::StorageFull.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let mut kept = Kept::default();
        let error = unpack(&mut &b"x"[..], &mut Full, 10, &mut kept).unwrap_err();
        assert_eq!(
            (error.status, error.message.contains("is full: free some space")),
            (500, true),
            "{error}"
        );
        let error = unpack(&mut &b"more"[..], &mut Vec::new(), 3, &mut kept).unwrap_err();
        assert!(error.message.contains("Unzipped size"), "{error}");
    }
}
