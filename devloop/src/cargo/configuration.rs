//! Reads those settings of cargo's own configuration that conflict with devloop's, such as a rustc wrapper.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// The names of a configuration file; the first one that is there counts `[Configuration, The Cargo Book]`.
const NAMES: [&str; 2] = ["config", "config.toml"];

/// The variables that name a wrapper of the members' rustc, the strongest first.
const WRAPPERS: [&str; 2] = ["RUSTC_WORKSPACE_WRAPPER", "CARGO_BUILD_RUSTC_WORKSPACE_WRAPPER"];

/// The directory with the configuration that holds for every workspace of the user.
pub(crate) fn home() -> Option<PathBuf> {
    let set = std::env::var_os("CARGO_HOME").filter(|home| !home.is_empty()).map(PathBuf::from);
    set.or_else(|| Some(Path::new(&std::env::var_os("HOME")?).join(".cargo")))
}

/// Where a directory such as `.cargo` would have its configuration.
pub(crate) fn files_in(directory: &Path) -> [PathBuf; NAMES.len()] {
    NAMES.map(|name| directory.join(name))
}

/// The configuration file of a directory such as `.cargo`, if there is one.
pub(crate) fn file_in(directory: &Path) -> Option<PathBuf> {
    files_in(directory).into_iter().find(|file| file.is_file())
}

/// The user's wrapper for the rustc of workspace members, and where it is set. A variable that is set to nothing means no wrapper.
pub(crate) fn members_wrapper(root: &Path) -> Option<(String, String)> {
    wrapper(root, home().as_deref(), std::env::var_os)
}

fn wrapper(
    root: &Path,
    home: Option<&Path>,
    variable: impl Fn(&'static str) -> Option<OsString>,
) -> Option<(String, String)> {
    if let Some((name, value)) = WRAPPERS.iter().find_map(|name| Some((*name, variable(name)?))) {
        return (!value.is_empty()).then(|| (value.to_string_lossy().into_owned(), name.to_owned()));
    }
    let directories = root.ancestors().map(|directory| directory.join(".cargo"));
    let mut files = directories.chain(home.map(Path::to_owned)).filter_map(|directory| file_in(&directory));
    files.find_map(|file| Some((wrapper_in(&file)?, file))).and_then(|(value, file)| {
        let place = format!("build.rustc-workspace-wrapper in {}", file.display());
        (!value.is_empty()).then_some((value, place))
    })
}

/// An unreadable file counts as empty: cargo itself reports it.
fn wrapper_in(file: &Path) -> Option<String> {
    let table: toml::Table = toml::from_str(&std::fs::read_to_string(file).ok()?).ok()?;
    table.get("build")?.get("rustc-workspace-wrapper")?.as_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;
    use std::fs;
    use std::path::Path;

    use super::wrapper;

    fn check(root: &Path, home: &Path, variables: &[(&str, &str)], expected: Option<(&str, &str)>) {
        let variable = |name: &str| {
            variables.iter().find(|(other, _)| *other == name).map(|(_, value)| OsString::from(value))
        };
        let found = wrapper(root, Some(home), variable);
        let found = found.as_ref().map(|(value, place)| (value.as_str(), place.as_str()));
        match (found, expected) {
            (None, None) => {}
            (Some((value, place)), Some((wanted, named))) => {
                assert_eq!(value, wanted);
                assert!(place.contains(named), "{place}");
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_nearest_setting_counts_even_if_it_is_empty() {
        let directory = tempfile::tempdir().unwrap();
        let (root, home) = (directory.path().join("a/w"), directory.path().join("home"));
        let write = |path: &str, text: &str| {
            let path = directory.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        let setting = |value: &str| format!("[build]\nrustc-workspace-wrapper = \"{value}\"\n");
        fs::create_dir_all(&root).unwrap();
        check(&root, &home, &[], None);
        write("home/config.toml", &setting("of-home"));
        check(&root, &home, &[], Some(("of-home", "home/config.toml")));
        write("a/.cargo/config.toml", &setting("of-a"));
        write("a/w/.cargo/config.toml", "[build]\njobs = 1\n");
        check(&root, &home, &[], Some(("of-a", "build.rustc-workspace-wrapper in ")));
        write("a/w/.cargo/config", &setting("of-w"));
        check(&root, &home, &[], Some(("of-w", "a/w/.cargo/config")));
        write("a/w/.cargo/config", &setting(""));
        check(&root, &home, &[], None);
        write("a/w/.cargo/config", "not TOML");
        check(&root, &home, &[], Some(("of-a", "a/.cargo/config.toml")));
        check(&root, &home, &[("CARGO_BUILD_RUSTC_WORKSPACE_WRAPPER", "b")], Some(("b", "CARGO_BUILD_")));
        check(&root, &home, &[("RUSTC_WORKSPACE_WRAPPER", "")], None);
    }
}
