//! The program on the command line: exit codes, and what it prints on which stream.

#![expect(clippy::unwrap_used, reason = "what goes wrong in a helper fails its test")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

/// A workspace with one function.
fn workspace() -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    let write = |path: &str, text: &str| {
        let path = directory.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    write("Cargo.toml", "[workspace]\nresolver = \"3\"\nmembers = [\"upstream\", \"lambda_runtime\"]\n");
    write("lambda_runtime/Cargo.toml", "[package]\nname = \"lambda_runtime\"\nversion = \"0.0.0\"\n");
    write("lambda_runtime/src/lib.rs", "");
    let function = "[package]\nname = \"upstream\"\nversion = \"0.0.0\"\n";
    write(
        "upstream/Cargo.toml",
        &format!("{function}[dependencies]\nlambda_runtime.path = \"../lambda_runtime\"\n"),
    );
    write("upstream/src/main.rs", "fn main() {}\n");
    directory
}

fn devloop(directory: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_devloop"));
    command.current_dir(directory).args(arguments);
    for name in ["AWS_ENDPOINT_URL", "USE_LOCALSTACK", "LAMBDA_SRC_PATH", "LAMBDA_DIST_PATH"] {
        command.env_remove(name);
    }
    command.envs(environment.iter().copied()).output().unwrap()
}

/// Checks the exit code, and that the standard error contains this text.
fn check(directory: &Path, arguments: &[&str], environment: &[(&str, &str)], code: i32, said: &str) {
    let output = devloop(directory, arguments, environment);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {errors}");
    assert!(errors.contains(said), "{arguments:?}: {errors}");
    assert!(output.stdout.is_empty(), "{arguments:?}");
}

#[test]
fn a_wrong_command_line_is_exit_code_2() {
    let workspace = workspace();
    let root = workspace.path();
    let wrong_name =
        "error: there is no function `upsteam`; the functions are upstream\nhint: did you mean `upstream`?";
    check(root, &["watch", "--port", "x"], &[], 2, "invalid value 'x'");
    check(root, &["watch", "upsteam"], &[], 2, wrong_name);
    check(root, &["up", "--template", "none.json"], &[], 2, "there is no ");
    check(root, &["up", "--target", "aws", "--port", "1"], &[], 2, "the target aws has none");
    check(root, &["up", "--endpoint", "https://aws.example"], &[], 2, "this machine only");
}

#[test]
fn completions_are_printed_for_a_shell() {
    let home = tempfile::tempdir().unwrap();
    let output = devloop(home.path(), &["completions", "bash"], &[]);
    let script = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success() && script.contains("_devloop") && script.contains("replay"), "{script}");
}

#[test]
fn manual_pages_are_printed() {
    let home = tempfile::tempdir().unwrap();
    let page = |arguments: &[&str]| {
        let output = devloop(home.path(), arguments, &[]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let own = page(&["man"]);
    assert!(own.contains(".TH devloop 1") && own.contains("EXTRA") && own.contains("Exit codes:"), "{own}");
    let watch = page(&["man", "watch"]);
    assert!(watch.contains(".TH devloop\\-watch 1") || watch.contains(".TH devloop-watch 1"), "{watch}");
    check(home.path(), &["man", "wach"], &[], 2, "did you mean `watch`?");
}

#[test]
fn a_wrong_configuration_is_exit_code_2() {
    let workspace = workspace();
    fs::write(workspace.path().join("devloop.toml"), "prot = 1").unwrap();
    check(workspace.path(), &["up"], &[], 2, "there is no setting `prot`\nhint: did you mean `port`?");
}

#[test]
fn an_unreadable_workspace_is_exit_code_3() {
    let empty = tempfile::tempdir().unwrap();
    check(empty.path(), &["up"], &[], 3, "hint: start devloop inside a cargo workspace");
    check(empty.path(), &["up"], &[("PATH", "/nowhere")], 3, "hint: install Rust");
    let workspace = workspace();
    fs::write(workspace.path().join("upstream/Cargo.toml"), "[package\n").unwrap();
    check(workspace.path(), &["watch"], &[], 3, "read the workspace");
}

#[test]
fn a_template_whose_function_is_unknown_is_exit_code_4() {
    let workspace = workspace();
    let template = r#"{"Resources":{"Midstream":{"Type":"AWS::Lambda::Function","Properties":{}}}}"#;
    fs::write(workspace.path().join("t.json"), template).unwrap();
    check(workspace.path(), &["up", "--template", "t.json"], &[], 4, "Midstream");
}

#[test]
fn programs_get_the_error_as_a_json_line() {
    let workspace = workspace();
    let output = devloop(workspace.path(), &["watch", "upsteam", "--json"], &[]);
    let line = String::from_utf8(output.stdout).unwrap();
    assert!(line.starts_with(r#"{"event":"error","at":"#), "{line}");
    assert!(line.contains(r#""code":"function_unknown""#), "{line}");
    assert!(line.contains(r#""hint":"did you mean `upstream`?""#), "{line}");
}
