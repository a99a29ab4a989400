//! Deployment packages: unpacked into a private folder, with nothing outside it.

use std::{
    fs,
    io::{self, Cursor, Read},
    os::unix::fs::PermissionsExt,
    path::{Component, Path},
};

use tempfile::TempDir;
use zip::ZipArchive;

use crate::error::ApiError;

/// The unpacked size that Lambda accepts [Lambda quotas], in bytes.
const UNPACKED_LIMIT: u64 = 250 << 20;

/// Unpacks a zip into a folder that disappears with the returned handle.
pub(super) fn extract(bytes: &[u8]) -> Result<TempDir, ApiError> {
    let refused = |why: &str| ApiError::client("InvalidParameterValueException", why.to_owned());
    let broken =
        |()| refused("Could not unzip uploaded file. Please check your file, then try to upload again.");
    let local = |error: io::Error| ApiError::internal(format!("failed to unpack the code: {error}"));
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|_| broken(()))?;
    let folder = tempfile::Builder::new().prefix("devloop-code-").tempdir().map_err(local)?;
    let mut left = UNPACKED_LIMIT;
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).map_err(|_| broken(()))?;
        let shown = entry.name().map_or_else(|_| format!("number {index}"), std::borrow::Cow::into_owned);
        let Some(name) = entry.enclosed_name().filter(|_| is_inside(&shown)) else {
            return Err(refused(&format!("the zip entry `{shown}` points outside the package")));
        };
        if entry.is_symlink() {
            return Err(refused(&format!("the zip entry `{shown}` is a symbolic link")));
        }
        let path = folder.path().join(name);
        if entry.is_dir() {
            fs::create_dir_all(&path).map_err(local)?;
            continue;
        }
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(local)?;
        }
        let mode = entry.unix_mode().unwrap_or(0o644);
        let mut file = fs::File::create(&path).map_err(local)?;
        let written = io::copy(&mut entry.by_ref().take(left + 1), &mut file).map_err(|_| broken(()))?;
        if written > left {
            return Err(refused(&format!("Unzipped size must be smaller than {UNPACKED_LIMIT} bytes")));
        }
        left -= written;
        file.set_permissions(fs::Permissions::from_mode(mode & 0o755 | 0o444)).map_err(local)?;
    }
    Ok(folder)
}

/// Whether a name stays below the folder it is unpacked into, as it is written: nothing is quietly bent to fit.
fn is_inside(name: &str) -> bool {
    Path::new(name).components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir))
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use zip::{ZipWriter, write::SimpleFileOptions};

    use super::*;

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
    }
}
