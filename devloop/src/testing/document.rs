//! Files of the documentation that are made from the program.

use std::{fs, path::Path};

/// Fails if the file of this name in `docs` does not hold `text`. With a value in `DEVLOOP_WRITE_DOCS`, writes it there first.
pub(crate) fn expect_document(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs").join(name);
    if std::env::var_os("DEVLOOP_WRITE_DOCS").is_some_and(|value| !value.is_empty()) {
        fs::write(&path, text).unwrap();
    }
    let written = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == text,
        "docs/{name} is out of date: DEVLOOP_WRITE_DOCS=1 cargo test -p devloop --bin devloop picture makes it anew"
    );
}
