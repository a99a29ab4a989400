//! Makes a folder once and keeps it until its inputs change.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

/// The file that lists a folder's inputs.
const MADE_OF: &str = ".made-of";

/// Makes the folder anew unless it was made from the same inputs, in the same place, and `proof` in it still exists. A folder that
/// was half made is made again.
pub(super) fn once(
    folder: &Path,
    made_of: &str,
    proof: &str,
    make: impl FnOnce() -> Result<(), String>,
) -> Result<(), String> {
    let made_of = format!("{}\n{made_of}", folder.display());
    let stamp = folder.join(MADE_OF);
    if fs::read_to_string(&stamp).is_ok_and(|text| text == made_of) && folder.join(proof).exists() {
        return Ok(());
    }
    let failed = |error: std::io::Error| format!("make {}: {error}", folder.display());
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(failed(error)),
        _ => fs::create_dir_all(folder).map_err(failed)?,
    }
    make()?;
    fs::write(stamp, made_of).map_err(failed)
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::fs;

    use super::once;

    #[test]
    fn a_folder_is_made_once_and_again_when_something_changed_or_failed() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("packages");
        let made = Cell::new(0);
        let check = |made_of: &str, fails: bool, expected: u32| {
            let result = once(&folder, made_of, "proof", || {
                made.set(made.get() + 1);
                fs::write(folder.join("proof"), "").unwrap();
                if fails { Err("no network".to_owned()) } else { Ok(()) }
            });
            assert_eq!((result.is_err(), made.get()), (fails, expected), "{made_of}");
        };
        check("one", true, 1);
        check("one", false, 2);
        check("one", false, 2);
        check("two", false, 3);
        fs::remove_file(folder.join("proof")).unwrap();
        check("two", false, 4);
    }
}
