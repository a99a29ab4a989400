//! A test that cannot run for want of a program.

use std::fs::OpenOptions;
use std::io::Write;

/// The variable with which `cargo xtask test` names the file that tests write themselves down in when they cannot run: a line
/// each, the test's name and what it lacks, with a tab between.
pub const NOT_RUN: &str = "TEST_TOOLS_NOT_RUN";

/// Ends the test that calls it, for want of `what`. Nothing of it passes for tested: it fails with the next step, and
/// `cargo xtask test`, which could not get the program either, counts it as not run.
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
