//! Ends a test that cannot run because a program is missing.

use std::fs::OpenOptions;
use std::io::Write;

/// The variable with which `cargo xtask test` names the file for tests that cannot run. Each writes a line: its name and the
/// missing program, separated by a tab.
pub const NOT_RUN: &str = "TEST_TOOLS_NOT_RUN";

/// Ends the calling test because `what` is missing. The test fails with the next step in its message; `cargo xtask test`, which
/// could not get the program either, counts it as not run.
pub fn not_run(what: &str) -> ! {
    let thread = std::thread::current();
    let Some(file) = std::env::var_os(NOT_RUN) else {
        panic!(
            "this test needs {what}, which is not on PATH: `cargo xtask test` sets up what the tests need"
        );
    };
    let line = format!("{}\t{what}\n", thread.name().unwrap_or_default());
    let written = OpenOptions::new().append(true).create(true).open(&file);
    if let Err(error) = written.and_then(|mut file| file.write_all(line.as_bytes())) {
        panic!("this test needs {what}; note that in {}: {error}", file.display());
    }
    panic!("not run: this test needs {what}, and `cargo xtask test` could not set it up");
}
