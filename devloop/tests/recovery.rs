//! Events that must not end the edit loop: a cargo that is killed or hangs, a configuration that appears, and a rustc wrapper of
//! the user's own.

#![expect(clippy::unwrap_used, reason = "what goes wrong in a helper fails its test")]

mod support;

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};
use support::{LIMIT, Session, TINY, Workspace, eventually, kill, program, write_program};

const WATCH: [&str; 4] = ["watch", "--port", "0", "--json"];

/// How long cargo may print nothing in the test in which it hangs; far longer than the tiny workspace needs.
const SILENCE: Duration = Duration::from_secs(12);

/// As long as a gate file exists, `beta`'s build script notes its process id and waits for ever.
const SCRIPT: &str = r#"fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=src/main.rs");
    if std::path::Path::new("../gate").exists() {
        std::fs::write("../number", std::process::id().to_string()).unwrap();
        std::fs::read("../gate").unwrap();
    }
}
"#;

/// A live session of the tiny workspace with this script.
fn with_script(settings: &str) -> Session {
    let workspace = Workspace::tiny();
    workspace.create("beta/build.rs", SCRIPT);
    workspace.create("devloop.toml", settings);
    Session::live_in(workspace, &WATCH, &TINY)
}

/// Saves, so that the build waits. Returns the script's process id.
fn blocked(session: &mut Session) -> i32 {
    let root = session.workspace.root().to_owned();
    assert!(Command::new("mkfifo").arg(root.join("gate")).status().unwrap().success());
    session.workspace.save("beta/src/main.rs", &program("beta 1"));
    assert_eq!(session.next_build().1, ["beta"]);
    eventually("the build script waits", LIMIT, || {
        let text = std::fs::read_to_string(root.join("number")).unwrap_or_default();
        text.parse().map_err(|_| text)
    })
}

/// The fields of `/proc/PID/stat` after the name: the state, the parent, the group.
fn kernel(process: i32) -> Option<Vec<String>> {
    let text = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    Some(text.rsplit_once(") ")?.1.split(' ').map(str::to_owned).collect())
}

fn is_gone(process: i32) {
    eventually("the build script is gone", LIMIT, || match kernel(process) {
        Some(fields) if fields[0] != "Z" => Err(fields[0].clone()),
        _ => Ok(()),
    });
}

/// Waits for the error with this code, and for the failed build after it; the old code serves.
fn failed(session: &mut Session, code: &str) -> Value {
    let mut error = Value::Null;
    session.wait("the failure is named, and the build is over", |line| {
        assert!(line["event"] != "live" && line["event"] != "swapped", "{line}");
        if line["event"] == "error" {
            error = line.clone();
        }
        (line["event"] == "build_failed").then_some(())
    });
    assert_eq!(error["code"], code, "{error}");
    assert_eq!(session.ask("beta"), "beta 0 one");
    error
}

/// Checks that the next save is built and goes live.
fn recovers(session: &mut Session) {
    std::fs::remove_file(session.workspace.root().join("gate")).unwrap();
    session.workspace.save("beta/src/main.rs", &program("beta 2"));
    session.next_live("beta");
    assert_eq!(session.ask("beta"), "beta 2 one");
}

#[test]
fn a_cargo_that_is_killed_is_named_and_the_next_save_goes_live() {
    let mut session = with_script("");
    let script = blocked(&mut session);
    let cargo: i32 = kernel(script).unwrap()[1].parse().unwrap();
    let name = std::fs::read_to_string(format!("/proc/{cargo}/comm")).unwrap();
    assert_eq!(name.trim(), "cargo");
    kill(cargo);
    let error = failed(&mut session, "cargo_killed");
    assert!(error["message"].as_str().unwrap().contains("killed by signal 9"), "{error}");
    assert!(error["hint"].as_str().unwrap().contains("memory"), "{error}");
    // Only cargo was killed; devloop ends the processes that cargo had started.
    is_gone(script);
    recovers(&mut session);
}

#[test]
fn a_cargo_that_hangs_is_killed_with_its_group_and_the_next_save_goes_live() {
    let mut session = with_script(&format!("[build]\ntimeout = \"{}s\"\n", SILENCE.as_secs()));
    let script = blocked(&mut session);
    let error = failed(&mut session, "build_timeout");
    let message = error["message"].as_str().unwrap();
    assert!(message.contains(&format!("said nothing for {} s", SILENCE.as_secs())), "{error}");
    assert!(message.contains("its last words were: Compiling beta"), "{error}");
    is_gone(script);
    recovers(&mut session);
}

#[test]
fn a_configuration_of_cargo_that_appears_builds_everything_again() {
    let mut session = Session::live_in(Workspace::tiny(), &WATCH, &TINY);
    for flags in ["one", "two"] {
        // The first time the folder does not exist; the second time it does.
        let text = format!("[build]\nrustflags = [\"--cfg\", \"{flags}\"]\n");
        session.workspace.create(".cargo/config.toml", &text);
        let (generation, functions, reason) = session.next_build();
        assert_eq!(
            (functions, reason.as_str()),
            (TINY.map(str::to_owned).to_vec(), "workspace file .cargo/config.toml")
        );
        for _ in TINY {
            session.wait("each has come to its end", |line| {
                assert_ne!(line["event"], "build_failed", "{line}");
                let ended = line["event"] == "live" || line["event"] == "unchanged";
                (ended && line["generation"] == json!(generation)).then_some(())
            });
        }
    }
}

/// Writes a rustc wrapper for workspace members that notes that it was called.
fn wrapper(root: &Path) -> String {
    let path = root.join("wrapper");
    write_program(&path, &format!("touch {}/wrapped\nexec \"$@\"", root.display()));
    path.to_str().unwrap().to_owned()
}

#[test]
fn a_wrapper_of_the_users_own_is_left_in_its_place_and_named() {
    let workspace = Workspace::tiny();
    let root = workspace.root().to_owned();
    let setting = format!("[build]\nrustc-workspace-wrapper = {:?}\n", wrapper(&root));
    workspace.create(".cargo/config.toml", &setting);
    let doctor = workspace.devloop(&["doctor", "--quick", "--json"]).output().unwrap();
    let report: Value = serde_json::from_slice(&doctor.stdout).unwrap_or_else(|_| panic!("{doctor:?}"));
    let checks = report["checks"].as_array().unwrap();
    let check =
        checks.iter().find(|check| check["name"] == "wrapper").unwrap_or_else(|| panic!("{report:#}"));
    assert_eq!(check["ok"], false, "{check}");
    assert!(check["fix"].as_str().unwrap().contains("RUSTC_WORKSPACE_WRAPPER"), "{check}");

    let mut session = Session::start(workspace, &WATCH);
    let error = session.wait("the wrapper is named", |line| (line["event"] == "error").then(|| line.clone()));
    assert_eq!(error["code"], "wrapper_taken", "{error}");
    let place = format!("build.rustc-workspace-wrapper in {}", root.join(".cargo/config.toml").display());
    assert!(error["message"].as_str().unwrap().contains(&place), "{error}");
    session.wait_for_all_live(&TINY);
    assert!(root.join("wrapped").exists(), "cargo has called it");
}
