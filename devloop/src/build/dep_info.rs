//! Cargo's dep-info: a file beside each binary that lists the files it was made from, those of `include_str!` and of build scripts
//! among them.

use std::path::{Component, Path, PathBuf};

use crate::graph::Read;

/// The inputs of the binary, if cargo wrote its dep-info; relative ones are resolved against the workspace's root.
pub(super) fn inputs(executable: &Path, root: &Path) -> Option<Read> {
    let text = std::fs::read_to_string(executable.with_extension("d")).ok()?;
    let paths = parse(&text).into_iter().map(|path| without_detours(&root.join(path)));
    let (directories, files) = paths.partition(|path| path.is_dir());
    Some(Read { files, directories })
}

/// Takes `a/../` out, which `include_str!` leaves in: file events name the straight path.
fn without_detours(path: &Path) -> PathBuf {
    let mut straight = PathBuf::new();
    for component in path.components() {
        match component {
            Component::ParentDir => {
                straight.pop();
            }
            other => straight.push(other),
        }
    }
    straight
}

/// The prerequisites of the first rule; a space in a name is written with a backslash before it.
fn parse(text: &str) -> Vec<PathBuf> {
    let Some((_, prerequisites)) = text.lines().find_map(|line| line.split_once(": ")) else {
        return Vec::new();
    };
    let mut paths = Vec::new();
    let mut path = String::new();
    let mut characters = prerequisites.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\\' if characters.peek() == Some(&' ') => path.extend(characters.next()),
            ' ' => paths.push(std::mem::take(&mut path)),
            _ => path.push(character),
        }
    }
    paths.push(path);
    paths.into_iter().filter(|path| !path.is_empty()).map(PathBuf::from).collect()
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use super::{parse, without_detours};

    fn check(text: &str, expected: &[&str]) {
        assert_eq!(parse(text), expected.iter().map(PathBuf::from).collect::<Vec<_>>());
    }

    #[test]
    fn the_prerequisites_are_the_inputs() {
        check(
            "/t/up: /w/up/src/main.rs /w/model/src/lib.rs\n",
            &["/w/up/src/main.rs", "/w/model/src/lib.rs"],
        );
        check("/t/up: /w/a\\ b/main.rs c.json", &["/w/a b/main.rs", "c.json"]);
        check("/t/up:\n", &[]);
        check("", &[]);
    }

    #[test]
    fn detours_are_taken_out() {
        assert_eq!(without_detours(Path::new("/w/up/src/../../schema.json")), Path::new("/w/schema.json"));
    }
}
