//! Where the server's programs are.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use crate::PostgresError;

/// The programs that are needed; both from one folder, because their versions must agree.
const NEEDED: [&str; 2] = ["initdb", "postgres"];

/// Folders with one folder for each version: Debian's, the PostgreSQL project's packages, Homebrew's on both kinds of machines.
const VERSIONED: [(&str, &str); 4] = [
    ("/usr/lib/postgresql", ""),
    ("/usr", "pgsql-"),
    ("/opt/homebrew/opt", "postgresql@"),
    ("/usr/local/opt", "postgresql@"),
];

/// The folder of the server's programs: the first one on the search path `path`, else the distribution's with the highest version.
pub fn find(path: Option<&OsStr>) -> Result<PathBuf, PostgresError> {
    let on_path = path.map(|path| std::env::split_paths(path).collect::<Vec<_>>()).unwrap_or_default();
    let installed = VERSIONED.iter().flat_map(|(folder, prefix)| versions(Path::new(folder), prefix));
    on_path.into_iter().chain(installed).find(|folder| is_complete(folder)).ok_or(PostgresError::Missing)
}

fn is_complete(folder: &Path) -> bool {
    NEEDED.iter().all(|name| folder.join(name).is_file())
}

/// The `bin` folders below a folder, the highest version first.
fn versions(folder: &Path, prefix: &str) -> Vec<PathBuf> {
    let mut found: Vec<(u32, PathBuf)> = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let name = entry.file_name();
            Some((name.to_str()?.strip_prefix(prefix)?.parse().ok()?, entry.path().join("bin")))
        })
        .collect();
    found.sort_by_key(|(version, _)| std::cmp::Reverse(*version));
    found.into_iter().map(|(_, folder)| folder).collect()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::{is_complete, versions};

    fn install(folder: &Path, programs: &[&str]) {
        fs::create_dir_all(folder).unwrap();
        for program in programs {
            fs::write(folder.join(program), "").unwrap();
        }
    }

    #[test]
    fn the_highest_version_comes_first_and_other_folders_count_for_nothing() {
        let home = tempfile::tempdir().unwrap();
        for name in ["pg-9", "pg-15", "pg-100", "pg-next", "other", "15"] {
            install(&home.path().join(name).join("bin"), &[]);
        }
        let found = versions(home.path(), "pg-");
        let expected = ["pg-100", "pg-15", "pg-9"].map(|name| home.path().join(name).join("bin"));
        assert_eq!(found, expected);
        assert!(versions(&home.path().join("missing"), "").is_empty());
    }

    #[test]
    fn a_folder_counts_when_it_has_both_programs() {
        let home = tempfile::tempdir().unwrap();
        install(&home.path().join("client"), &["psql", "initdb"]);
        install(&home.path().join("server"), &["initdb", "postgres"]);
        assert!(!is_complete(&home.path().join("client")));
        assert!(is_complete(&home.path().join("server")));
    }
}
