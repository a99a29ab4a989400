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
async fn packages_are_functions_by_whatever_way_they_reach_the_runtime() {
    let fixture = Fixture::new();
    let package = |name: &str, rest: &str| {
        let manifest =
            format!("[package]\nname = \"{name}\"\nversion = \"0.0.0\"\nedition = \"2024\"\n{rest}");
        fixture.write(&format!("{name}/Cargo.toml"), &manifest);
        fixture.write(&format!("{name}/src/main.rs"), "fn main() {}\n");
    };
    package(
        "shared",
        "[dependencies]\nruntime = { package = \"lambda_runtime\", path = \"../lambda_runtime\" }\n",
    );
    std::fs::remove_file(fixture.path("shared/src/main.rs")).unwrap();
    fixture.write("shared/src/lib.rs", "");
    package("through", "[dependencies]\nshared.path = \"../shared\"\n");
    package("targeted", "[target.'cfg(unix)'.dependencies]\nlambda_runtime.path = \"../lambda_runtime\"\n");
    package(
        "featured",
        "[dependencies]\nlambda_runtime = { path = \"../lambda_runtime\", optional = true }\n\
         [features]\nserve = [\"dep:lambda_runtime\"]\n\
         [[bin]]\nname = \"featured\"\npath = \"src/main.rs\"\nrequired-features = [\"serve\"]\n",
    );
    package("tested", "[dev-dependencies]\nshared.path = \"../shared\"\n");
    for workspace in
        [outline("cargo".as_ref(), fixture.root()).await.unwrap().workspace, fixture.read().await.workspace]
    {
        let functions: Vec<&str> = workspace.functions().collect();
        assert_eq!(functions, ["featured", "mid", "targeted", "through", "up"]);
        assert_eq!(workspace.required_features(), ["featured/serve"]);
    }
}

#[tokio::test]
async fn binaries_of_one_name_are_told_apart_by_their_packages() {
    let fixture = Fixture::new();
    fixture.write("mid/src/bin/up.rs", "fn main() {}\n");
    let workspace = fixture.read().await.workspace;
    assert_eq!(workspace.functions().collect::<Vec<_>>(), ["mid", "mid-up", "up"]);
    assert_eq!(workspace.binary_of("mid-up"), Some(("mid", "up")));
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
    fixture.write("up/Cargo.toml", "[package\n");
    check_error(&fixture, "cargo", "workspace_unreadable").await;
    std::fs::remove_file(fixture.path("Cargo.toml")).unwrap();
    check_error(&fixture, "cargo", "workspace_missing").await;
}
