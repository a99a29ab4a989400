//! Real workspaces, read with the real cargo.

use std::path::Path;

use serde_json::json;

use crate::testing::Fixture;
use crate::workspace::{outline, read};

#[tokio::test]
async fn functions_are_the_binaries_beside_a_lambda_runtime() {
    let fixture = Fixture::new();
    fixture.write("up/src/bin/second.rs", "fn main() {}\n");
    fixture.write("tool/Cargo.toml", "[package]\nname = \"tool\"\nversion = \"0.0.0\"\nedition = \"2024\"\n");
    fixture.write("tool/src/main.rs", "fn main() {}\n");
    let workspace = fixture.read().await.workspace;
    assert_eq!(workspace.functions().collect::<Vec<_>>(), ["mid", "second", "up"]);
    assert_eq!(workspace.package_of("second").unwrap().name, "up");
    let sources: Vec<_> = workspace.sources("up").into_iter().map(Path::to_owned).collect();
    assert_eq!(sources, [fixture.path("lambda_runtime"), fixture.path("model"), fixture.path("up")]);
    assert!(workspace.offline);
    assert!(workspace.governs_everything(&fixture.path("Cargo.lock")));
}

#[tokio::test]
async fn the_outline_knows_the_same_functions_without_resolving_anything() {
    let fixture = Fixture::new();
    let whole = fixture.read().await.workspace;
    let manifest = std::fs::read_to_string(fixture.path("up/Cargo.toml")).unwrap();
    fixture.write("up/Cargo.toml", &format!("{manifest}no-such-crate = \"1\"\n"));
    std::fs::remove_file(fixture.path("Cargo.lock")).unwrap();
    let workspace = outline("cargo".as_ref(), fixture.root()).await.unwrap().workspace;
    assert!(workspace.outline && !whole.outline);
    assert_eq!((&workspace.root, &workspace.packages), (&whole.root, &whole.packages));
    assert!(!fixture.path("Cargo.lock").exists());
}

#[tokio::test]
async fn what_only_tests_use_is_no_source() {
    let fixture = Fixture::new();
    let manifest = std::fs::read_to_string(fixture.path("up/Cargo.toml")).unwrap();
    fixture.write("up/Cargo.toml", &manifest.replace("model.path", "[dev-dependencies]\nmodel.path"));
    let workspace = fixture.read().await.workspace;
    assert!(!workspace.sources("up").contains(fixture.path("model").as_path()));
}

#[tokio::test]
async fn the_manifest_s_settings_are_handed_on() {
    let fixture = Fixture::new();
    let manifest = std::fs::read_to_string(fixture.path("Cargo.toml")).unwrap();
    fixture.write("Cargo.toml", &format!("{manifest}[workspace.metadata.devloop]\nport = 1\n"));
    assert_eq!(fixture.read().await.settings, json!({ "port": 1 }));
}

async fn check_error(fixture: &Fixture, program: &str, expected: &str) {
    let error = read(program.as_ref(), fixture.root()).await.unwrap_err();
    assert_eq!(error.problem().code, expected, "{error}");
    let error = outline(program.as_ref(), fixture.root()).await.unwrap_err();
    assert_eq!(error.problem().code, expected, "outline: {error}");
}

#[tokio::test]
async fn what_cannot_be_read_is_named() {
    let fixture = Fixture::new();
    check_error(&fixture, "no-such-cargo", "cargo_missing").await;
    fixture.write("mid/src/bin/up.rs", "fn main() {}\n");
    check_error(&fixture, "cargo", "function_ambiguous").await;
    fixture.write("up/Cargo.toml", "[package\n");
    check_error(&fixture, "cargo", "workspace_unreadable").await;
    std::fs::remove_file(fixture.path("Cargo.toml")).unwrap();
    check_error(&fixture, "cargo", "workspace_missing").await;
}
