//! The workspace's own tasks, called as `cargo xtask …`
//!
//! `test` is for CI and for newcomers alike: it sets up the programs that tests need and cargo does not provide ([`setup`]), checks
//! format and lints, and runs the tests ([`checks`]). Tests find those programs through the crate `test-tools`, so that `cargo
//! test` works too once they are set up.

mod arguments;
mod checks;
mod command;
mod say;
mod setup;
mod tally;

use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use arguments::{HELP, Task};
use say::say;
use tally::Tally;

/// Something failed.
const FAILED: u8 = 1;
/// The arguments cannot be understood.
const USAGE: u8 = 2;
/// Nothing failed, and some tests could not run.
const NOT_RUN: u8 = 3;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let ended = match arguments::read(&words) {
        Ok(Task::Help) => {
            say(HELP);
            Ok(0)
        }
        Ok(Task::Test { filters }) => root().and_then(|root| test(root, &filters)),
        Ok(Task::SetUp) => {
            root().and_then(set_up).map(|set_up| if set_up.missing.is_empty() { 0 } else { NOT_RUN })
        }
        Ok(Task::Lock) => root().and_then(setup::lock).map(|()| 0),
        Err(wrong) => {
            say(&format!("error: {wrong}\n\n{HELP}"));
            Ok(USAGE)
        }
    };
    ended
        .unwrap_or_else(|error| {
            say(&format!("error: {error}"));
            FAILED
        })
        .into()
}

/// The workspace's root, one folder above this package.
fn root() -> Result<&'static Path, String> {
    let compiled = Path::new(env!("CARGO_MANIFEST_DIR"));
    // Cargo does not compile anew for another folder, and the tests would look for their files in the former one.
    match std::env::var_os("CARGO_MANIFEST_DIR") {
        Some(now) if !are_same(Path::new(&now), compiled) => Err(format!(
            "test {}: the target folder has what was compiled in {}, because the clone was moved or shares the folder with another one; \
             run `cargo clean` first",
            Path::new(&now).display(),
            compiled.display()
        )),
        _ => compiled.parent().ok_or_else(|| "find the folder above xtask".to_owned()),
    }
}

fn are_same(one: &Path, other: &Path) -> bool {
    one == other || matches!((one.canonicalize(), other.canonicalize()), (Ok(one), Ok(other)) if one == other)
}

fn set_up(root: &Path) -> Result<setup::SetUp, String> {
    say("=== programs that the tests drive");
    let began = Instant::now();
    let set_up = setup::set_up(root)?;
    for missing in &set_up.missing {
        say(&format!("MISSING: {}: {}", missing.what, missing.why));
    }
    say(&format!("set up after {:.1} s", began.elapsed().as_secs_f64()));
    Ok(set_up)
}

/// Sets up, and checks format and lints meanwhile: the set-up mostly waits for downloads, the lints for the compiler.
fn set_up_and_check(root: &Path) -> Result<setup::SetUp, String> {
    std::thread::scope(|scope| {
        let set_up = scope.spawn(|| set_up(root));
        say("=== format");
        let formatted = checks::format(root);
        say("=== lints");
        let checked = formatted.and_then(|()| checks::lints(root));
        let set_up = set_up.join().map_err(|_| "the set-up panicked; its message stands above".to_owned())?;
        checked.and(set_up)
    })
}

/// Sets up, checks and tests; with filters only sets up and tests.
fn test(root: &Path, filters: &[String]) -> Result<u8, String> {
    let began = Instant::now();
    let set_up = if filters.is_empty() { set_up_and_check(root)? } else { set_up(root)? };
    say("=== tests");
    let mut tally = Tally::default();
    checks::tests(root, &set_up, filters, &mut tally)?;
    if filters.is_empty() {
        say("=== tests of the portable way");
        checks::portable_tests(root, &set_up, &mut tally)?;
    }
    say(&format!("\n{tally}\nall after {:.0} s", began.elapsed().as_secs_f64()));
    Ok(match (tally.has_failed(), tally.not_run.is_empty()) {
        (true, _) => FAILED,
        (false, true) => 0,
        (false, false) => NOT_RUN,
    })
}
