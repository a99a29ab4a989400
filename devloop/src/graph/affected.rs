//! Finds the functions that changed paths concern.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use crate::graph::{Package, Reason, Workspace};

/// What went into each function's last successful build.
///
/// A function is absent before its first build and after a failed one: then it is not known what its next build reads.
pub(crate) type Inputs = BTreeMap<String, Read>;

/// What a build has read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Read {
    /// Single files.
    pub(crate) files: BTreeSet<PathBuf>,
    /// Directories that a build script named. Every file in them counts, also one that appears later.
    pub(crate) directories: BTreeSet<PathBuf>,
}

impl Read {
    /// Whether the path is, or would be, one of the inputs.
    pub(crate) fn holds(&self, path: &Path) -> bool {
        self.files.contains(path) || self.directories.iter().any(|directory| path.starts_with(directory))
    }
}

impl FromIterator<PathBuf> for Read {
    fn from_iter<T: IntoIterator<Item = PathBuf>>(files: T) -> Self {
        Self { files: files.into_iter().collect(), directories: BTreeSet::new() }
    }
}

/// The watched functions that the changed paths concern, each with the first such path as its reason.
///
/// Exact inputs decide where they are known. A file that no build is known to have read concerns everything compiled from its
/// package, because it may be a new module or be read by a build script. Cargo then looks at it, and does nothing if it is neither.
pub(crate) fn affected<'a>(
    workspace: &Workspace,
    watched: impl Iterator<Item = &'a str>,
    inputs: &Inputs,
    paths: &[PathBuf],
) -> BTreeMap<String, Reason> {
    watched
        .filter_map(|function| {
            let reason = paths.iter().find_map(|path| concerns(workspace, function, inputs, path))?;
            Some((function.to_owned(), reason))
        })
        .collect()
}

/// Whether one of the paths can change the workspace's model, which must be read again then: a manifest, or a binary that cargo
/// finds by its location. `gone` are those of the paths that no longer exist.
pub(crate) fn changes_model(workspace: &Workspace, paths: &[PathBuf], gone: &[PathBuf]) -> bool {
    let roots = || workspace.packages.iter().flat_map(|package| &package.roots);
    let vanished = gone.iter().any(|path| roots().any(|root| root.starts_with(path)));
    let appeared = paths.iter().any(|path| {
        !gone.contains(path)
            && workspace.package_at(path).is_some_and(|package| is_discovered(package, path))
            && !roots().any(|root| root == path)
    });
    vanished || appeared || paths.iter().any(|path| is_manifest(workspace, path))
}

/// Whether the file is an ordinary source, which cargo does not look for before it compiles: neither a manifest nor the first file
/// of a target or build script, which cargo finds by their location. Those of tests and examples do not count where only binaries
/// are built.
pub(crate) fn is_mere_source(workspace: &Workspace, path: &Path) -> bool {
    let Some(package) = workspace.package_at(path).filter(|_| !is_manifest(workspace, path)) else {
        return false;
    };
    let inside = relative(path, &package.directory);
    let parts: Vec<_> = inside.iter().map(OsStr::to_string_lossy).collect();
    match parts.iter().map(AsRef::as_ref).collect::<Vec<&str>>().as_slice() {
        ["src", "main.rs" | "lib.rs"] | ["src", "bin", ..] => false,
        ["src", _, ..] => true,
        _ => !may_be_compiled(package, path),
    }
}

/// Whether cargo takes the file for the first file of a binary because of its location.
fn is_discovered(package: &Package, path: &Path) -> bool {
    let inside = relative(path, &package.directory);
    let parts: Vec<_> = inside.iter().map(OsStr::to_string_lossy).collect();
    match parts.iter().map(AsRef::as_ref).collect::<Vec<&str>>().as_slice() {
        ["src", "main.rs"] | ["src", "bin", _, "main.rs"] => true,
        ["src", "bin", _] => inside.extension() == Some(OsStr::new("rs")),
        _ => false,
    }
}

fn is_manifest(workspace: &Workspace, path: &Path) -> bool {
    let name = path.file_name();
    name == Some(OsStr::new("Cargo.toml"))
        || (workspace.governs_everything(path) && !path.components().any(|part| part.as_os_str() == ".cargo"))
}

fn concerns(workspace: &Workspace, function: &str, inputs: &Inputs, path: &Path) -> Option<Reason> {
    if workspace.governs_everything(path) {
        return Some(Reason::Governing(relative(path, &workspace.root)));
    }
    let home = workspace.package_at(path);
    let known_to_somebody = inputs.values().any(|read| read.holds(path));
    let concerned = match (inputs.get(function), known_to_somebody) {
        (Some(read), true) => read.holds(path),
        // The first file of another binary, or of a new one: this function is known not to read it.
        (Some(_), false) if home.is_some_and(|package| is_discovered(package, path)) => false,
        _ => home.is_some_and(|package| {
            may_be_compiled(package, path)
                && workspace.sources(function).contains(package.directory.as_path())
        }),
    };
    concerned.then(|| reason(workspace, function, home, path))
}

fn reason(workspace: &Workspace, function: &str, home: Option<&Package>, path: &Path) -> Reason {
    let own = workspace.package_of(function);
    match home {
        Some(package) if own == Some(package) => Reason::Own(relative(path, &package.directory)),
        Some(package) if workspace.sources(function).contains(package.directory.as_path()) => {
            Reason::PathDependency { package: package.name.clone(), path: relative(path, &package.directory) }
        }
        _ => Reason::Input(relative(path, &workspace.root)),
    }
}

/// Directories of a package that cargo compiles for tests and examples only.
const NEVER_IN_A_BINARY: [&str; 3] = ["examples", "tests", "benches"];

/// Beginnings of file names that people read and compilers do not.
const DOCUMENTS: [&str; 5] = ["README", "LICENSE", "CHANGELOG", "NOTICE", "CONTRIBUTING"];

fn may_be_compiled(package: &Package, path: &Path) -> bool {
    let inside = relative(path, &package.directory);
    let first =
        inside.components().next().map(|component| component.as_os_str().to_string_lossy().into_owned());
    let name = inside.file_name().unwrap_or_default().to_string_lossy();
    let apart = first.is_some_and(|first| NEVER_IN_A_BINARY.contains(&first.as_str()));
    let document =
        DOCUMENTS.iter().any(|start| name.starts_with(start)) || inside.extension() == Some(OsStr::new("md"));
    !apart && !document && !name.starts_with('.')
}

fn relative(path: &Path, base: &Path) -> PathBuf {
    path.strip_prefix(base).unwrap_or(path).to_owned()
}
