//! Manifests and files for small workspaces, and commands without the settings of the shell that runs the tests.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

/// The variables that would change devloop's behaviour.
const SETTINGS: [&str; 22] = [
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_LAMBDA",
    "AWS_ENDPOINT_URL_S3",
    "AWS_ENDPOINT_URL_CLOUDFORMATION",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_PROFILE",
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "AWS_CONFIG_FILE",
    "AWS_SHARED_CREDENTIALS_FILE",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "LOCALSTACK_FILE_WATCHER_STRATEGY",
    "USE_LOCALSTACK",
    "LAMBDA_SRC_PATH",
    "LAMBDA_DIST_PATH",
    "CARGO_TARGET_DIR",
    "RUSTFLAGS",
    "CARGO_ENCODED_RUSTFLAGS",
];

/// Removes the shell's settings from the command, and makes it find the programs that were set up for the tests.
pub fn without_settings(command: &mut Command) -> &mut Command {
    command.env("PATH", test_tools::path());
    for name in SETTINGS {
        command.env_remove(name);
    }
    command
}

/// A package's manifest with path dependencies, each by name and path.
pub fn manifest(name: &str, dependencies: &[(&str, &str)]) -> String {
    let head = format!("[package]\nname = \"{name}\"\nversion = \"0.0.0\"\nedition = \"2024\"\n");
    let lines = dependencies.iter().map(|(name, path)| format!("{name}.path = \"{path}\"\n"));
    if dependencies.is_empty() { head } else { head + "[dependencies]\n" + &lines.collect::<String>() }
}

/// The manifest of a workspace with these members.
pub fn workspace_manifest(members: &[&str]) -> String {
    format!("[workspace]\nresolver = \"3\"\nmembers = {members:?}\n")
}

/// Writes a file, and creates its folder.
pub fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
}

/// Writes a program for `sh`.
pub fn write_program(path: &Path, script: &str) {
    write(path, &format!("#!/bin/sh\n{script}\n"));
    fs::set_permissions(path, PermissionsExt::from_mode(0o755)).unwrap();
}
