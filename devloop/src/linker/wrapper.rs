//! The rustc wrapper that cargo starts: this binary under another name.

use std::ffi::{OsStr, OsString};
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, ExitCode};

use crate::linker::Plan;

/// The name under which this binary stands in for rustc.
pub(crate) const WRAPPER: &str = "devloop-rustc";

/// The directory of the wrapper that leaves debug information out. Cargo distinguishes wrappers by their path, so that a binary of
/// the other kind is never taken for up to date.
pub(super) const LEAN: &str = "lean";

/// The directory of the wrapper that leaves the profile's debug information alone.
pub(super) const FULL: &str = "full";

/// The directory of the wrapper that times links and keeps nothing of their output.
pub(super) const MEASURE: &str = "measure";

/// The further arguments for links, with [`SEPARATOR`] between them.
pub(super) const LINK_ARGUMENTS: &str = "DEVLOOP_LINK_ARGUMENTS";

/// What cargo itself puts between arguments in a variable.
pub(super) const SEPARATOR: char = '\u{1f}';

/// Set by cargo while it compiles a binary, and for nothing else.
const BINARY: &str = "CARGO_BIN_NAME";

/// Becomes rustc if this process was started in its place; returns only if not, or if there is no rustc.
pub(crate) fn run_in_place_of_rustc() -> Option<ExitCode> {
    let mut given = std::env::args_os();
    let own = given.next()?;
    let own = Path::new(&own);
    if own.file_name() != Some(OsStr::new(WRAPPER)) {
        return None;
    }
    let Some(rustc) = given.next() else {
        let _ =
            writeln!(std::io::stderr(), "error: {WRAPPER} is started by cargo, with rustc's command line");
        return Some(ExitCode::FAILURE);
    };
    let kind = own.parent().and_then(Path::file_name).unwrap_or_default();
    let links = std::env::var(LINK_ARGUMENTS).unwrap_or_default();
    let binary = std::env::var_os(BINARY);
    let given: Vec<OsString> = given.collect();
    if kind == MEASURE
        && let Some(plan) =
            Plan::of_environment().filter(|plan| binary.as_deref() == Some(OsStr::new(&plan.binary)))
        && is_a_compilation(&given)
    {
        let said = plan
            .carry_out(&rustc, &given)
            .map_or_else(|error| error.to_string(), |()| "its links were timed".to_owned());
        let _ = writeln!(std::io::stderr(), "{}: {said}", plan.binary);
        return Some(ExitCode::FAILURE);
    }
    let more = additions(&given, binary.is_some(), kind != FULL, &links);
    let all: Vec<OsString> = given.into_iter().chain(more.into_iter().map(Into::into)).collect();
    let mut command = Command::new(&rustc);
    command.args(&all).env_remove(LINK_ARGUMENTS);
    devloop_prelink::take_part(&mut command, &rustc, &all, binary.is_some());
    let error = command.exec();
    let _ = writeln!(std::io::stderr(), "error: start {}: {error}", Path::new(&rustc).display());
    Some(ExitCode::FAILURE)
}

/// Whether this call compiles a crate. Cargo also asks rustc for its version and target; those calls name the crate `___`.
fn is_a_compilation(given: &[OsString]) -> bool {
    given.windows(2).any(|pair| pair[0] == "--crate-name" && pair[1] != "___")
}

/// The arguments that are added to a call of rustc. They come last, so they override earlier ones.
fn additions(given: &[OsString], binary: bool, lean: bool, links: &str) -> Vec<String> {
    if !is_a_compilation(given) {
        return Vec::new();
    }
    let own_linker = chooses_a_linker(given);
    let mut more: Vec<String> =
        if lean { lean_arguments(binary, own_linker).map(str::to_owned).collect() } else { Vec::new() };
    if binary && !links.is_empty() && !own_linker {
        more.extend(links.split(SEPARATOR).map(str::to_owned));
    }
    more
}

/// The options for crates and programs without debug information. Without string merging (`-O0`) and a build id lld links 11 % faster
/// (devloop/benches). A linker that the user chose may not know these options, and gets none of them.
pub(super) fn lean_arguments(binary: bool, own_linker: bool) -> impl Iterator<Item = &'static str> {
    let strip = binary.then_some("-Cstrip=debuginfo");
    let hasty =
        (binary && !own_linker && cfg!(target_os = "linux")).then_some("-Clink-arg=-Wl,-O0,--build-id=none");
    ["-Cdebuginfo=0"].into_iter().chain(strip).chain(hasty)
}

/// Whether the user's own settings, which cargo has put on the command line, choose a linker.
pub(super) fn chooses_a_linker(given: &[OsString]) -> bool {
    let words: Vec<&str> = given.iter().filter_map(|argument| argument.to_str()).collect();
    let of_pairs =
        words.windows(2).filter(|pair| matches!(pair[0], "-C" | "--codegen" | "-Z")).map(|pair| pair[1]);
    let joined = words
        .iter()
        .filter_map(|word| ["-C", "-Z", "--codegen="].iter().find_map(|start| word.strip_prefix(start)));
    // Files of arguments (`@file`) are not read.
    of_pairs.chain(joined).any(is_about_the_linker) || words.iter().any(|word| word.starts_with('@'))
}

fn is_about_the_linker(option: &str) -> bool {
    let (name, value) = option.split_once('=').unwrap_or((option, ""));
    match name.replace('_', "-").as_str() {
        "linker" | "linker-flavor" | "linker-features" | "link-self-contained" => true,
        "link-arg" | "link-args" | "pre-link-arg" | "pre-link-args" => value
            .split_whitespace()
            .any(|value| ["-fuse-ld", "--ld-path", "-B"].iter().any(|choice| value.starts_with(choice))),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::additions;

    fn check(given: &str, binary: bool, lean: bool, links: &str, expected: &str) {
        let given: Vec<_> = given.split(' ').map(Into::into).collect();
        assert_eq!(additions(&given, binary, lean, links).join(" "), expected, "{given:?}");
    }

    #[test]
    fn only_links_of_binaries_and_compilations_of_crates_get_arguments() {
        let links = "-Clink-arg=-B/l\u{1f}-Clinker-features=-lld";
        let all = "-Cdebuginfo=0 -Cstrip=debuginfo -Clink-arg=-Wl,-O0,--build-id=none -Clink-arg=-B/l -Clinker-features=-lld";
        check("--crate-name up -C debuginfo=2", true, true, links, all);
        check("--crate-name model --crate-type lib", false, true, links, "-Cdebuginfo=0");
        check(
            "--crate-name up",
            true,
            true,
            "",
            "-Cdebuginfo=0 -Cstrip=debuginfo -Clink-arg=-Wl,-O0,--build-id=none",
        );
        check("--crate-name up", true, false, links, "-Clink-arg=-B/l -Clinker-features=-lld");
        check("-vV", false, true, links, "");
        check("- --crate-name ___ --print=file-names", false, true, links, "");
        check("- --print=file-names", false, true, links, "");
    }

    #[test]
    fn the_user_s_own_linker_is_left_alone() {
        for own in [
            "-C linker=clang",
            "-Clinker=clang",
            "--codegen=linker=clang",
            "-C link-arg=-fuse-ld=mold",
            "-Clink-args=-fuse-ld=gold",
            "-C linker-features=-lld",
            "-Zlinker-features=-lld",
            "-C linker_flavor=gcc",
            "@long-command-line",
        ] {
            let given = format!("--crate-name up {own}");
            check(&given, true, false, "-Clink-arg=-B/l", "");
            check(&given, true, true, "-Clink-arg=-B/l", "-Cdebuginfo=0 -Cstrip=debuginfo");
        }
        for other in ["-C link-arg=-Wl,-Bsymbolic", "-C opt-level=1", "-C relocation-model=pic"] {
            check(&format!("--crate-name up {other}"), true, false, "-Clink-arg=-B/l", "-Clink-arg=-B/l");
        }
    }
}
