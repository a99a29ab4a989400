//! Filters out file events that are not saves of a source file.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use ignore::gitignore::{Gitignore, GitignoreBuilder};
use notify::event::{AccessKind, AccessMode};
use notify::{Event, EventKind};

use crate::watch::repository;

/// Directories of tools, wherever they lie.
const TOOL_DIRECTORIES: [&str; 6] = [".git", ".hg", ".jj", ".idea", ".vscode", "node_modules"];

/// The filter: build outputs, tools' directories, editors' side files and what git ignores.
#[derive(Debug, Default)]
pub(super) struct Noise {
    /// Cargo's output and the functions' directories.
    outputs: Vec<PathBuf>,
    /// The ignore files found so far, by directory.
    ignored: BTreeMap<PathBuf, Gitignore>,
    /// Rules that apply where no ignore file mentions a path, by the repository's directory: those of its `info/exclude`, and
    /// those of the user's own file.
    excluded: BTreeMap<PathBuf, [Gitignore; 2]>,
    /// The files above the watched directories whose rules apply, including those that do not exist yet.
    above: BTreeSet<PathBuf>,
}

impl Noise {
    /// A filter that knows the build's own output directories.
    pub(super) fn new(outputs: Vec<PathBuf>) -> Self {
        Self { outputs, ..Self::default() }
    }

    /// Reads the ignore files above a directory that is going to be watched: up to its repository's root, or, without a repository,
    /// up to the outermost of `bounds` that contains it.
    pub(super) fn learn_above(&mut self, directory: &Path, bounds: &[&Path]) {
        let repository = repository::root_of(directory);
        if let Some(root) = repository {
            let mut exclude = GitignoreBuilder::new(root);
            // A file that is missing or wrong in part is used as far as it can be read, as git does.
            if let Some(file) = repository::exclude_file(root) {
                let _ = exclude.add(&file);
                self.above.insert(file);
            }
            let exclude = exclude.build().unwrap_or_else(|_| Gitignore::empty());
            let (own, _) = GitignoreBuilder::new(root).build_global();
            self.excluded.insert(root.to_owned(), [exclude, own]);
        }
        let outermost = bounds.iter().copied().filter(|bound| directory.starts_with(bound));
        let end = repository.or_else(|| outermost.min_by_key(|bound| bound.components().count()));
        for above in
            directory.ancestors().skip(1).take_while(|above| end.is_some_and(|end| above.starts_with(end)))
        {
            self.learn(above);
            self.above.insert(above.join(".gitignore"));
        }
    }

    /// Whether the path is a file of rules.
    pub(super) fn is_rules(&self, path: &Path) -> bool {
        path.ends_with(".gitignore") || self.above.contains(path)
    }

    /// The existing directories of the files whose rules apply from above.
    pub(super) fn places_above(&self) -> impl Iterator<Item = PathBuf> {
        self.above.iter().filter_map(|file| file.parent()).filter(|place| place.is_dir()).map(Path::to_owned)
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

    /// The innermost ignore file that mentions the path decides; without one, what applies to the whole repository.
    fn is_ignored(&self, path: &Path, directory: bool) -> bool {
        let files = path.ancestors().skip(1).filter_map(|above| self.ignored.get(above));
        let excludes = path.ancestors().skip(1).filter_map(|above| self.excluded.get(above)).flatten();
        files
            .chain(excludes)
            .map(|rules| rules.matched_path_or_any_parents(path, directory))
            .find(|verdict| !verdict.is_none())
            .is_some_and(|verdict| verdict.is_ignore())
    }
}

/// Whether the event is a change. Reads are not, and the closing of a written file only repeats the write.
pub(super) fn is_change(event: &Event) -> bool {
    match event.kind {
        EventKind::Access(AccessKind::Close(AccessMode::Write)) => true,
        EventKind::Access(_) => false,
        _ => true,
    }
}

/// Backups, swap files and the temporary files that editors rename over the original.
fn is_side_file(name: &str) -> bool {
    // Vim creates a file of this name to find out whether it may write into the directory.
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

    #[test]
    fn what_git_ignores_from_above_the_watched_directory_is_noise() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path();
        std::fs::create_dir_all(root.join(".git/info")).unwrap();
        std::fs::write(root.join(".git/info/exclude"), "*.private\n*.json\n").unwrap();
        std::fs::write(root.join(".gitignore"), "*.log\n!keep.json\n").unwrap();
        std::fs::create_dir_all(root.join("work/up/src")).unwrap();
        std::fs::write(root.join("work/.gitignore"), "/up/notes/\n!up/keep.log\n").unwrap();
        let mut noise = Noise::new(vec![]);
        noise.learn_above(&root.join("work/up"), &[]);
        let is_noise = |path: &str| noise.is_noise(&root.join("work/up").join(path), &root.join("work/up"));
        assert!(is_noise("run.log"), "the repository's root lies above the workspace");
        assert!(is_noise("notes/today.txt"), "the workspace's root lies above the package");
        assert!(
            is_noise("a.private") && is_noise("x.json"),
            "info/exclude holds where no .gitignore says anything"
        );
        assert!(!is_noise("keep.log"), "the inner file decides");
        assert!(!is_noise("keep.json"), "a .gitignore comes before info/exclude");
        assert!(!is_noise("src/main.rs"));
    }

    #[test]
    fn without_a_repository_the_workspaces_ignore_files_hold() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path();
        std::fs::create_dir_all(root.join("work/up")).unwrap();
        std::fs::write(root.join(".gitignore"), "*.txt\n").unwrap();
        std::fs::write(root.join("work/.gitignore"), "*.log\n").unwrap();
        let mut noise = Noise::new(vec![]);
        noise.learn_above(&root.join("work/up"), &[&root.join("work"), &root.join("work/up/.cargo")]);
        let is_noise = |path: &str| noise.is_noise(&root.join("work/up").join(path), &root.join("work/up"));
        assert!(is_noise("run.log"));
        assert!(!is_noise("notes.txt"), "what lies above the workspace is somebody else's");
    }
}
