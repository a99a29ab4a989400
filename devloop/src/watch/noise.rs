//! Filters out file events that are no saves of a source file.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use ignore::gitignore::Gitignore;
use notify::event::{AccessKind, AccessMode};
use notify::{Event, EventKind};

/// Directories of tools, wherever they lie.
const TOOL_DIRECTORIES: [&str; 6] = [".git", ".hg", ".jj", ".idea", ".vscode", "node_modules"];

/// The filter: build outputs, tools' directories, editors' side files and what git ignores.
#[derive(Debug, Default)]
pub(super) struct Noise {
    /// Cargo's output and the functions' directories.
    outputs: Vec<PathBuf>,
    /// The ignore files found so far, by directory.
    ignored: BTreeMap<PathBuf, Gitignore>,
}

impl Noise {
    /// A filter that knows the build's own output directories.
    pub(super) fn new(outputs: Vec<PathBuf>) -> Self {
        Self { outputs, ignored: BTreeMap::new() }
    }

    /// Reads the directory's `.gitignore`, again if it was known.
    pub(super) fn learn(&mut self, directory: &Path) {
        let file = directory.join(".gitignore");
        if file.is_file() {
            let (rules, _) = Gitignore::new(&file);
            self.ignored.insert(directory.to_owned(), rules);
        } else {
            self.ignored.remove(directory);
        }
    }

    /// Whether no file in or below the directory is a source.
    pub(super) fn is_noisy_directory(&self, directory: &Path) -> bool {
        let name = directory.file_name().unwrap_or_default().to_string_lossy();
        TOOL_DIRECTORIES.contains(&name.as_ref())
            || self.outputs.iter().any(|output| directory == output)
            || self.is_ignored(directory, true)
    }

    /// Whether the file, seen from the watched directory, is noise.
    pub(super) fn is_noise(&self, path: &Path, watched: &Path) -> bool {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        is_side_file(&name)
            || self.is_ignored(path, false)
            || path
                .ancestors()
                .skip(1)
                .take_while(|directory| directory.starts_with(watched) && *directory != watched)
                .any(|directory| self.is_noisy_directory(directory))
    }

    /// The innermost ignore file that says anything about the path decides.
    fn is_ignored(&self, path: &Path, directory: bool) -> bool {
        path.ancestors()
            .skip(1)
            .filter_map(|above| self.ignored.get(above))
            .map(|rules| rules.matched_path_or_any_parents(path, directory))
            .find(|verdict| !verdict.is_none())
            .is_some_and(|verdict| verdict.is_ignore())
    }
}

/// Reading is not changing, and a written file's closing says again what its writing said.
pub(super) fn is_change(event: &Event) -> bool {
    match event.kind {
        EventKind::Access(AccessKind::Close(AccessMode::Write)) => true,
        EventKind::Access(_) => false,
        _ => true,
    }
}

/// Backups, swap files and the temporary files that editors rename over the original.
fn is_side_file(name: &str) -> bool {
    // Vim creates a file of this name to learn whether it may write into the directory.
    const VIM_PROBE: &str = "4913";
    let starts = [".#", "#", ".goutputstream-", ".~", "~$"].iter().any(|start| name.starts_with(start));
    let ends = ["~", ".swp", ".swo", ".swx", ".tmp", ".bak", ".orig", ".rej", "___jb_tmp___", "___jb_old___"]
        .iter()
        .any(|end| name.ends_with(end));
    starts || ends || name == VIM_PROBE || name == ".DS_Store"
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{Noise, is_side_file};

    fn check(name: &str, expected: bool) {
        assert_eq!(is_side_file(name), expected, "{name}");
    }

    #[test]
    fn editors_side_files_are_noise_and_sources_are_not() {
        for name in
            ["main.rs~", ".main.rs.swp", "4913", ".#main.rs", "#main.rs#", "main.rs___jb_tmp___", "x.tmp"]
        {
            check(name, true);
        }
        for name in ["main.rs", "Cargo.toml", "schema.json", "build.rs", ".sqlx", "tmp.rs"] {
            check(name, false);
        }
    }

    #[test]
    fn outputs_and_tools_are_noise_at_any_depth_below_the_watched_directory() {
        let noise = Noise::new(vec!["/w/target".into()]);
        let is_noise = |path: &str| noise.is_noise(Path::new(path), Path::new("/w"));
        assert!(is_noise("/w/target/debug/deps/x.d"));
        assert!(is_noise("/w/.git/index"));
        assert!(is_noise("/w/a/node_modules/b/index.js"));
        assert!(!is_noise("/w/a/src/target/mod.rs"));
    }

    #[test]
    fn a_workspace_below_a_tools_directory_is_still_watched() {
        let noise = Noise::new(vec![]);
        assert!(!noise.is_noise(Path::new("/home/.git/w/src/main.rs"), Path::new("/home/.git/w")));
    }

    #[test]
    fn the_innermost_ignore_file_decides() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path();
        std::fs::create_dir_all(root.join("a")).unwrap();
        std::fs::write(root.join(".gitignore"), "*.json\n/generated\n").unwrap();
        std::fs::write(root.join("a/.gitignore"), "!keep.json\n").unwrap();
        let mut noise = Noise::new(vec![]);
        noise.learn(root);
        noise.learn(&root.join("a"));
        let is_noise = |path: &str| noise.is_noise(&root.join(path), root);
        assert!(is_noise("x.json"));
        assert!(is_noise("a/x.json"));
        assert!(!is_noise("a/keep.json"));
        assert!(is_noise("generated/code.rs"));
        assert!(!is_noise("a/generated.rs"));
    }
}
