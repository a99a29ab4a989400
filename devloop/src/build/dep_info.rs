//! Cargo's dep-info: beside each binary, the files it was made from, `include_str!` and build scripts' inputs among them.

use std::path::{Path, PathBuf};

/// The inputs of the binary, if cargo wrote its dep-info; relative ones are resolved against the workspace's root.
pub(super) fn inputs(executable: &Path, root: &Path) -> Option<Vec<PathBuf>> {
    let text = std::fs::read_to_string(executable.with_extension("d")).ok()?;
    Some(parse(&text).into_iter().map(|path| root.join(path)).collect())
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
    use std::path::PathBuf;

    use super::parse;

    fn check(text: &str, expected: &[&str]) {
        assert_eq!(parse(text), expected.iter().map(PathBuf::from).collect::<Vec<_>>());
    }

    #[test]
    fn the_prerequisites_are_the_inputs() {
        check("/t/up: /w/up/src/main.rs /w/model/src/lib.rs\n", &["/w/up/src/main.rs", "/w/model/src/lib.rs"]);
        check("/t/up: /w/a\\ b/main.rs c.json", &["/w/a b/main.rs", "c.json"]);
        check("/t/up:\n", &[]);
        check("", &[]);
    }
}
