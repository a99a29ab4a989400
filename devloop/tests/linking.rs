//! Devloop in rustc's place: what it shares with a cargo that is called by hand, and what happens when a linker fails.

#![expect(clippy::unwrap_used, reason = "what goes wrong in a helper fails its test")]

mod support;

use std::io::{BufRead, BufReader};
use std::os::unix::fs::symlink;
use std::process::{Child, Stdio};

use serde_json::Value;
use support::Small;

/// Makes the wrapper as a session does.
fn wrapper(small: &Small) -> std::path::PathBuf {
    let directory = small.path("w/target/devloop/rustc/lean");
    std::fs::create_dir_all(&directory).unwrap();
    let link = directory.join("devloop-rustc");
    symlink(env!("CARGO_BIN_EXE_devloop"), &link).unwrap();
    link
}

#[test]
fn cargo_by_hand_and_devloop_share_dependencies_and_undo_nothing_of_each_other() {
    let small = Small::new();
    let wrapper = wrapper(&small);
    let by_hand = || small.build(|_| {});
    let by_devloop = || {
        small.build(|cargo| {
            cargo.env("RUSTC_WORKSPACE_WRAPPER", &wrapper);
        })
    };
    let size = || std::fs::metadata(small.path("w/target/debug/up")).unwrap().len();
    let all = |fresh| ["lambda_runtime", "mid", "model", "up"].map(|name| (name.to_owned(), fresh)).to_vec();

    assert_eq!(by_hand(), all(false));
    let full = size();
    let first: Vec<_> = by_devloop().into_iter().filter(|(_, fresh)| *fresh).collect();
    assert_eq!(first, [("lambda_runtime".to_owned(), true)], "dependencies are shared");
    let lean = size();
    assert!(lean * 2 < full, "the debug information is left out: {lean} of {full} bytes");
    for _ in 0..2 {
        assert_eq!(by_hand(), all(true));
        assert_eq!(size(), full);
        assert_eq!(by_devloop(), all(true));
        assert_eq!(size(), lean);
    }

    small.write("w/up/src/main.rs", "fn main() { println!(\"{}\", model::MODEL.len()) }\n");
    let changed = |crates: Vec<(String, bool)>| -> Vec<String> {
        crates.into_iter().filter(|(_, fresh)| !fresh).map(|(name, _)| name).collect()
    };
    assert_eq!(changed(by_devloop()), ["up"]);
    assert_eq!(changed(by_hand()), ["up"]);
    assert_eq!(by_devloop(), all(true));
}

#[test]
fn the_wrapper_says_what_it_is_when_it_is_started_by_hand() {
    let small = Small::new();
    let output = small.command(wrapper(&small)).output().unwrap();
    assert!(!output.status.success());
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("devloop-rustc is started by cargo"), "{said}");
}

/// A `devloop` that is killed when this is dropped.
struct Up(Child);

impl Drop for Up {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Runs `devloop up --json` with a program called `wild` first on the PATH, and returns its lines until every function's binary is
/// in place.
fn up_with_wild(small: &Small, script: &str) -> Vec<Value> {
    small.write_program("bin/wild", script);
    let mut command = small.command(env!("CARGO_BIN_EXE_devloop"));
    command.args(["up", "--port", "0", "--json"]).env("PATH", small.path_with("bin"));
    let mut up = Up(command.stdout(Stdio::piped()).spawn().unwrap());
    let mut seen = Vec::new();
    for line in BufReader::new(up.0.stdout.take().unwrap()).lines() {
        let line: Value = serde_json::from_str(&line.unwrap()).unwrap();
        assert_ne!(line["event"], "build_failed", "{line}");
        seen.push(line);
        if seen.iter().filter(|line| line["event"] == "swapped").count() == 2 {
            break;
        }
    }
    seen
}

fn errors(lines: &[Value]) -> Vec<(&str, &str)> {
    lines
        .iter()
        .filter(|line| line["event"] == "error")
        .map(|line| (line["code"].as_str().unwrap(), line["message"].as_str().unwrap()))
        .filter(|(code, _)| code.starts_with("linker"))
        .collect()
}

/// A script that claims to be wild, and links small programs with the compiler's own linker, adding wild's note to them.
const CLAIMS: &str = r#"[ "$1" = --version ] && echo 'Wild version 0.0.0' && exit
for word; do [ "$before" = -o ] && output=$word; before=$word; done
"#;

#[test]
fn a_linker_that_fails_on_this_workspace_is_given_up_by_name() {
    let small = Small::new();
    let script = format!(
        "{CLAIMS}case $output in */probe) ld \"$@\" && printf Wild >> \"$output\";; \
         *) echo 'wild: error: no such relocation' >&2; exit 1;; esac"
    );
    let lines = up_with_wild(&small, &script);
    let told = "link with wild: no such relocation; the default linker is used from now on";
    assert_eq!(errors(&lines), [("linker_failed", told)]);
}

#[test]
fn a_linker_that_works_is_used_for_the_functions_and_for_nothing_else() {
    let small = Small::new();
    let log = small.path("linked");
    let log = log.display();
    let script = format!("{CLAIMS}echo \"$output\" >> {log}\nld \"$@\" && printf Wild >> \"$output\"");
    let lines = up_with_wild(&small, &script);
    assert_eq!(errors(&lines), []);
    let linked = std::fs::read_to_string(small.path("linked")).unwrap();
    let mut names: Vec<&str> =
        linked.lines().filter_map(|path| path.rsplit('/').next()?.split('-').next()).collect();
    names.sort_unstable();
    assert_eq!(names, ["mid", "probe", "up"], "{linked}");
}

#[test]
fn the_user_s_own_linker_is_respected() {
    let small = Small::new();
    let log = small.path("linked");
    let log = log.display();
    small.write("w/.cargo/config.toml", "[build]\nrustflags = [\"-Clink-arg=-fuse-ld=bfd\"]\n");
    let script = format!("{CLAIMS}echo \"$output\" >> {log}\nld \"$@\" && printf Wild >> \"$output\"");
    up_with_wild(&small, &script);
    let linked = std::fs::read_to_string(small.path("linked")).unwrap();
    assert!(linked.lines().all(|path| path.ends_with("/probe")), "{linked}");
}
