//! The page about what the cloud supports. It is made from the registry, so it cannot list more than there is.

use std::fmt::Write as _;

use crate::cloud::{Cloud, Options};

/// The page of operations and resource types, in Markdown. `docs/cloud.md` must have this text, which a test checks.
pub fn supported() -> String {
    let cloud = Cloud::new(Options::default());
    let services = cloud.0.registry.services();
    let mut page = String::from(
        "# What the embedded cloud supports\n\nThis page is made from the cloud's registry; do not edit it. An operation or a resource type that is \
         not listed is\nrefused by name, and so is an option that an operation does not support.\n",
    );
    let mut names: Vec<&str> = services.iter().map(|service| service.about().name).collect();
    names.sort_unstable();
    names.dedup();
    for name in names {
        let parts: Vec<_> = services.iter().filter(|service| service.about().name == name).collect();
        let mut operations: Vec<&str> =
            parts.iter().flat_map(|part| part.about().operations.iter().copied()).collect();
        operations.sort_unstable();
        let mut types: Vec<&str> =
            parts.iter().flat_map(|part| part.resource_types()).map(|(kind, _)| kind).collect();
        types.sort_unstable();
        let without_effect: Vec<&str> =
            parts.iter().flat_map(|part| part.about().without_effect.iter().copied()).collect();
        let _ = write!(page, "\n## {name}\n");
        section(&mut page, "Operations", &operations);
        section(&mut page, "Resource types", &types);
        section(&mut page, "Kept and shown without effect", &without_effect);
    }
    page
}

fn section(page: &mut String, title: &str, lines: &[&str]) {
    if lines.is_empty() {
        return;
    }
    let _ = write!(page, "\n{title}:\n\n");
    for line in lines {
        let _ = writeln!(page, "- {line}");
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    #[test]
    fn the_page_matches_the_registry() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/cloud.md");
        let page = super::supported();
        if std::env::var_os("DEVLOOP_WRITE_DOCS").is_some_and(|value| !value.is_empty()) {
            fs::write(&path, &page).unwrap();
        }
        let written = fs::read_to_string(&path).unwrap_or_default();
        assert!(
            written == page,
            "docs/cloud.md is out of date: DEVLOOP_WRITE_DOCS=1 cargo test -p devloop-cloud --lib supported rewrites it"
        );
    }
}
