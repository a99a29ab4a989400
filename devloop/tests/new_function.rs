//! `devloop new function`: every kind of function compiles and passes its own tests, in a workspace that has nothing else.

#![expect(clippy::unwrap_used, reason = "what goes wrong in a helper fails its test")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const KINDS: [&str; 7] = ["stream", "queue", "table", "bucket", "topic", "http", "schedule"];

fn run(program: impl AsRef<std::ffi::OsStr>, directory: &Path, arguments: &[&str]) -> Output {
    // What cargo builds is kept for the next run; the workspace is not.
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("new-functions");
    Command::new(program)
        .args(arguments)
        .current_dir(directory)
        .env("CARGO_TARGET_DIR", target)
        // Nobody debugs them, and half of the time went into debug information.
        .env("CARGO_PROFILE_DEV_DEBUG", "0")
        .env("CARGO_INCREMENTAL", "0")
        .env_remove("RUSTFLAGS")
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn devloop(directory: &Path, arguments: &[&str]) -> Output {
    run(env!("CARGO_BIN_EXE_devloop"), directory, arguments)
}

/// A workspace without members. Its lock file is devloop's own, so that cargo need not load what devloop was built with; what the
/// packages need besides, cargo loads as for every user.
fn workspace() -> (tempfile::TempDir, PathBuf) {
    let home = tempfile::tempdir().unwrap();
    let root = home.path().canonicalize().unwrap();
    fs::create_dir(root.join("functions")).unwrap();
    fs::write(
        root.join("Cargo.toml"),
        "[workspace]\nresolver = \"3\"\nmembers = []\n\n[workspace.dependencies]\nserde_json = \"1\"\n",
    )
    .unwrap();
    let lock = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("Cargo.lock");
    fs::copy(lock, root.join("Cargo.lock")).unwrap();
    (home, root)
}

#[test]
fn every_kind_compiles_and_passes_its_tests() {
    let (_home, root) = workspace();
    for kind in KINDS {
        let made = devloop(&root, &["new", "function", &format!("on-{kind}"), "--on", kind]);
        let words = text(&made.stdout);
        assert!(made.status.success(), "{kind}: {}", text(&made.stderr));
        assert!(words.starts_with(&format!("made functions/on-{kind}: ")), "{words}");
        assert!(words.contains("Type: AWS::Serverless::Function"), "{words}");
    }
    let manifest = fs::read_to_string(root.join("functions/on-queue/Cargo.toml")).unwrap();
    assert!(manifest.contains("serde_json = { workspace = true }"), "{manifest}");
    let tested = run(env!("CARGO"), &root, &["test", "--workspace", "--quiet"]);
    assert!(tested.status.success(), "{}{}", text(&tested.stdout), text(&tested.stderr));
    assert!(!text(&tested.stderr).contains("warning"), "{}", text(&tested.stderr));
    let passed = text(&tested.stdout).matches("2 passed").count();
    assert_eq!(passed, KINDS.len() - 1, "{}", text(&tested.stdout));
}

#[test]
fn what_cannot_be_made_is_said() {
    let (_home, root) = workspace();
    let check = |arguments: &[&str], code: i32, part: &str| {
        let output = devloop(&root, arguments);
        let errors = text(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{errors}");
        assert!(errors.contains(part), "{errors}");
    };
    assert!(devloop(&root, &["new", "function", "orders", "--on", "queue"]).status.success());
    check(&["new", "function", "orders", "--on", "queue"], 2, "already exists");
    check(&["new", "function", "1st", "--on", "queue"], 2, "1st");
    let empty = tempfile::tempdir().unwrap();
    let output = devloop(empty.path(), &["new", "function", "orders", "--on", "queue"]);
    assert_eq!(output.status.code(), Some(3), "{}", text(&output.stderr));
}

#[test]
fn a_cdk_app_gets_lines_in_its_language() {
    let (_home, root) = workspace();
    fs::create_dir(root.join("infra")).unwrap();
    fs::write(root.join("infra/cdk.json"), "{}").unwrap();
    let made =
        devloop(&root, &["new", "function", "get-user", "--on", "stream", "--path", "lambdas/get-user"]);
    let words = text(&made.stdout);
    assert!(words.starts_with("made lambdas/get-user: "), "{words}{}", text(&made.stderr));
    assert!(words.contains("const getUser = new lambda.Function(this, 'GetUser', {"), "{words}");
    assert!(words.contains("getUser.addEventSource(new sources.KinesisEventSource(stream, "), "{words}");
}
