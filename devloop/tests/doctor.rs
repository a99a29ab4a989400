//! `devloop doctor` on real workspaces, with real listeners and real links.

#![expect(clippy::unwrap_used, reason = "what goes wrong in a helper fails its test")]

mod support;

use std::net::TcpListener;
use std::process::Command;

use serde_json::Value;
use support::Small;

/// Runs `devloop doctor`. Returns the report, the exit code, and the standard error.
fn doctor(small: &Small, arguments: &[&str], change: impl FnOnce(&mut Command)) -> (Value, i32, String) {
    let mut command = small.command(env!("CARGO_BIN_EXE_devloop"));
    command.args(["doctor", "--json"]).args(arguments);
    change(&mut command);
    let output = command.output().unwrap();
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    let report = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {words}"));
    (report, output.status.code().unwrap(), words)
}

fn check<'a>(report: &'a Value, name: &str) -> &'a Value {
    report["checks"].as_array().unwrap().iter().find(|check| check["name"] == name).unwrap_or(&Value::Null)
}

#[test]
fn a_workspace_in_order_is_measured_and_left_alone() {
    let small = Small::new();
    small.write("w/devloop.toml", "port = 0\n");
    small.build(|_| {});
    let binary = || std::fs::metadata(small.path("w/target/debug/up")).unwrap().modified().unwrap();
    let before = binary();
    let (report, code, words) = doctor(&small, &[], |_| {});
    for name in ["toolchain", "linker", "events", "port", "dist", "aws"] {
        assert_eq!(check(&report, name)["ok"], true, "{report:#} {words}");
    }
    assert_eq!(code, i32::from(report["findings"] != 0));
    let linker = check(&report, "linker")["finding"].as_str().unwrap();
    assert!(linker.starts_with("an incremental rustc and link of mid: default "), "{linker}");
    assert_eq!(binary(), before);
    let all: Vec<_> = small.build(|_| {}).into_iter().filter(|(_, fresh)| !fresh).collect();
    assert_eq!(all, [], "cargo by hand has nothing to do after it");
    assert_eq!(std::fs::read_to_string(small.path("w/devloop.toml")).unwrap(), "port = 0\n");
    let left: Vec<_> = std::fs::read_dir(small.path("w/target/devloop")).unwrap().flatten().collect();
    assert!(left.iter().all(|entry| !entry.file_name().to_string_lossy().contains("links-")), "{left:?}");
}

#[test]
fn a_busy_port_and_a_variable_are_findings_with_their_fixes() {
    let small = Small::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    small.write("w/devloop.toml", &format!("port = {port}\n"));
    let (report, code, _) = doctor(&small, &["--quick"], |command| {
        command.env("AWS_ENDPOINT_URL_KINESIS", "https://example.com");
    });
    assert_eq!(code, 1);
    let busy = check(&report, "port");
    assert_eq!(busy["code"], "port_busy");
    let owner = format!("(process {}) has port {port}", std::process::id());
    assert!(busy["finding"].as_str().unwrap().ends_with(&owner), "{busy}");
    assert!(busy["fix"].as_str().unwrap().contains("--port N"), "{busy}");
    assert_eq!(check(&report, "aws")["fix"], "unset AWS_ENDPOINT_URL_KINESIS");
    assert_eq!(check(&report, "linker"), &Value::Null);
}

#[test]
fn a_toolchain_that_is_not_installed_is_a_finding_with_rustups_advice() {
    let small = Small::new();
    // A stand-in for rustup's proxies, so that the test downloads nothing.
    small.write(
        "bin/cargo",
        "#!/bin/sh\n[ \"$RUSTUP_AUTO_INSTALL\" = 0 ] || echo 'info: downloading' >&2\n\
         echo \"error: toolchain '1.70.0-test' is not installed\" >&2\n\
         echo 'help: run `rustup toolchain install` to install it' >&2\nexit 1\n",
    );
    let program = small.path("bin/cargo");
    std::fs::set_permissions(&program, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let (report, code, _) = doctor(&small, &["--quick"], |command| {
        command.env("PATH", small.path("bin"));
    });
    assert_eq!(code, 1);
    let missing = check(&report, "toolchain");
    assert_eq!(missing["code"], "toolchain_missing");
    let finding = missing["finding"].as_str().unwrap();
    assert!(finding.ends_with("toolchain '1.70.0-test' is not installed"), "{missing}");
    assert_eq!(missing["fix"], "run `rustup toolchain install` to install it");
    assert_eq!(report["findings"], 1, "one cause is one finding: {report:#}");
}

#[test]
fn rustups_message_is_shown_without_its_backtrace() {
    let small = Small::new();
    small.write(
        "bin/cargo",
        "#!/bin/sh\necho \"error: invalid toolchain: the path '/nope' has no bin/ directory\" >&2\n\
         echo >&2\necho 'Stack backtrace:' >&2\necho '   0: rustup' >&2\nexit 1\n",
    );
    let program = small.path("bin/cargo");
    std::fs::set_permissions(&program, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let (report, code, _) = doctor(&small, &["--quick"], |command| {
        command.env("PATH", small.path("bin"));
    });
    assert_eq!(code, 1);
    let finding = check(&report, "toolchain")["finding"].as_str().unwrap();
    assert!(finding.ends_with("the path '/nope' has no bin/ directory"), "{finding}");
}

#[test]
fn a_function_for_another_machine_is_a_finding_with_its_fix() {
    let small = Small::new();
    let elsewhere = if cfg!(target_arch = "aarch64") { "x86_64" } else { "arm64" };
    small.write("w/devloop.toml", "port = 0\n");
    let template = serde_json::json!({ "Resources": { "Up": {
        "Type": "AWS::Lambda::Function",
        "Properties": {
            "Architectures": [elsewhere], "Runtime": "provided.al2023",
            "Code": { "S3Bucket": "hot-reload", "S3Key": "/dist/up" }
        }
    } } });
    small.write("w/stack/templates/s.template.json", &template.to_string());
    let (report, code, _) = doctor(&small, &["--quick"], |_| {});
    let target = check(&report, "target");
    match target["code"].as_str() {
        Some("target_missing") => assert!(target["fix"].as_str().unwrap().starts_with("rustup target add ")),
        Some("zigbuild_missing") => {
            assert!(target["fix"].as_str().unwrap().contains("pip install cargo-zigbuild"));
        }
        // This machine has all tools.
        other => assert_eq!((other, target["ok"].as_bool()), (None, Some(true)), "{report:#}"),
    }
    assert_eq!(code, i32::from(report["findings"] != 0));
}

#[test]
fn no_workspace_is_a_finding_too() {
    let small = Small::new();
    let (report, code, _) = doctor(&small, &[], |command| {
        command.current_dir("/");
    });
    assert_eq!((code, &check(&report, "workspace")["code"]), (1, &"workspace_missing".into()));
    assert_eq!(check(&report, "toolchain")["ok"], true);
}

/// A linker that is slow, so that another setting is worth it.
const SLOW: &str = r#"[ "$1" = --version ] && echo 'Wild version 0.0.0' && exit
for word; do [ "$before" = -o ] && output=$word; before=$word; done
sleep 0.4
ld "$@" && printf Wild >> "$output""#;

#[test]
fn a_fix_is_shown_and_written_only_when_it_is_confirmed() {
    let small = Small::new();
    small.write("w/devloop.toml", "port = 0\n\n[build]\nlinker = \"wild\"\n");
    small.write_program("bin/wild", SLOW);
    let path = small.path_with("bin");
    let before = std::fs::read_to_string(small.path("w/devloop.toml")).unwrap();

    let mut unconfirmed = small.command(env!("CARGO_BIN_EXE_devloop"));
    let output = unconfirmed.args(["doctor", "--fix"]).stdin(std::process::Stdio::null()).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("confirm it beforehand with --yes"));

    let (report, code, _) = doctor(&small, &[], |command| {
        command.env("PATH", &path);
    });
    let linker = check(&report, "linker");
    assert_eq!((code, &linker["code"]), (1, &"linker_slow".into()), "{report:#}");
    let measured = linker["finding"].as_str().unwrap();
    assert!(measured.contains("wild ") && measured.ends_with("wild is used"), "{measured}");
    assert_eq!(std::fs::read_to_string(small.path("w/devloop.toml")).unwrap(), before);

    let (_, _, words) = doctor(&small, &["--fix", "--yes"], |command| {
        command.env("PATH", &path);
    });
    assert!(words.contains("- linker = \"wild\"\n+ linker = \"default\"\n"), "{words}");
    let after = std::fs::read_to_string(small.path("w/devloop.toml")).unwrap();
    assert_eq!(after, before.replace("wild", "default"));
    let (report, _, _) = doctor(&small, &[], |command| {
        command.env("PATH", &path);
    });
    assert_eq!(check(&report, "linker")["ok"], true, "{report:#}");
}
