//! Where the git repository of a directory is, and where it keeps the ignore rules that are not committed.

use std::fs;
use std::path::{Path, PathBuf};

/// The root of the innermost working tree that contains the directory.
pub(super) fn root_of(directory: &Path) -> Option<&Path> {
    directory.ancestors().find(|above| above.join(".git").exists())
}

/// The `info/exclude` of the repository whose working tree this is, whether the file exists or not. Working trees of one
/// repository share it (<https://git-scm.com/docs/gitrepository-layout>).
pub(super) fn exclude_file(root: &Path) -> Option<PathBuf> {
    let dot_git = root.join(".git");
    let common = if dot_git.is_dir() {
        dot_git
    } else {
        // In a submodule or a further working tree, `.git` is a file that names the directory.
        let own = root.join(fs::read_to_string(&dot_git).ok()?.strip_prefix("gitdir:")?.trim());
        match fs::read_to_string(own.join("commondir")) {
            Ok(common) => own.join(common.trim()),
            Err(_) => own,
        }
    };
    Some(common.join("info/exclude"))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{exclude_file, root_of};

    #[test]
    fn working_trees_of_one_repository_share_its_rules() {
        let home = tempfile::tempdir().unwrap();
        let main = home.path().join("main/.git");
        fs::create_dir_all(main.join("info")).unwrap();
        fs::create_dir_all(main.join("worktrees/second")).unwrap();
        fs::write(main.join("info/exclude"), "*.log").unwrap();
        fs::write(main.join("worktrees/second/commondir"), "../..\n").unwrap();
        let second = home.path().join("second");
        fs::create_dir_all(second.join("up/src")).unwrap();
        fs::write(second.join(".git"), format!("gitdir: {}\n", main.join("worktrees/second").display()))
            .unwrap();
        assert_eq!(root_of(&second.join("up/src")), Some(second.as_path()));
        for root in [home.path().join("main"), second] {
            assert_eq!(fs::read_to_string(exclude_file(&root).unwrap()).unwrap(), "*.log");
        }
    }
}
