//! The CDK's command line: where it is, and whether it can read what the app's library writes.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;
use tokio::process::Command;

use crate::cli::TargetName;
use crate::error::UserError;

/// A version of the package `aws-cdk` that reads what current libraries write. The newest one on npm does not.
const VERSION: &str = "2.1148.1";

/// How long the command line may take to say its version.
const PATIENCE: Duration = Duration::from_secs(30);

/// The command line of the app's own packages, or one on `PATH`, whose version fits the app's library.
pub(super) async fn find(folder: &Path, target: TargetName) -> Result<PathBuf, UserError> {
    find_in(folder, target, &std::env::var_os("PATH").unwrap_or_default()).await
}

async fn find_in(folder: &Path, target: TargetName, path: &OsStr) -> Result<PathBuf, UserError> {
    let (name, packages) = match target {
        TargetName::Localstack => ("cdklocal", format!("aws-cdk-local aws-cdk@{VERSION}")),
        TargetName::Embedded | TargetName::Aws => ("cdk", format!("aws-cdk@{VERSION}")),
    };
    let on_path = |name: &str| {
        std::env::split_paths(path).map(|folder| folder.join(name)).find(|program| program.is_file())
    };
    if on_path("node").is_none() {
        let message = format!("run {name}: PATH has no `node`");
        return Err(UserError::usage("node_missing", message).with_hint("install Node 20 or newer"));
    }
    let packages_of_app = folder.join("node_modules");
    let own = packages_of_app.join(".bin").join(name);
    if own.is_file() {
        let version = package_version(&packages_of_app.join("aws-cdk"));
        check(
            version.as_deref(),
            folder,
            &format!("`npm install aws-cdk@{VERSION}` in {}", folder.display()),
        )?;
        return std::path::absolute(&own)
            .map_err(|error| UserError::failure("no_directory", format!("find {}: {error}", own.display())));
    }
    let found = on_path(name).ok_or_else(|| {
        let message =
            format!("find {name}: neither {} nor PATH has it", packages_of_app.join(".bin").display());
        UserError::usage("cdk_missing", message).with_hint(if folder.join("package.json").is_file() {
            format!("run `npm ci` in {}", folder.display())
        } else {
            format!("`npm install {packages}` in {} installs it", folder.display())
        })
    })?;
    let said = said_version(&found).await?;
    let hint = format!("`npm install {packages}` in {} takes its place", folder.display());
    check(said.as_deref(), folder, &hint)?;
    Ok(found)
}

/// The version that the program says it has; `cdklocal` says that of the `cdk` in it on its second line.
async fn said_version(program: &Path) -> Result<Option<String>, UserError> {
    let failed = |why: String| {
        UserError::usage("cdk_version", format!("ask {} for its version: {why}", program.display()))
            .with_hint(format!("`{} --version` shows what is wrong with it", program.display()))
    };
    let output = Command::new(program).arg("--version").kill_on_drop(true).output();
    let output = tokio::time::timeout(PATIENCE, output).await;
    let output = output.map_err(|_| failed(format!("no answer within {} s", PATIENCE.as_secs())))?;
    let output = output.map_err(|error| failed(error.to_string()))?;
    if !output.status.success() {
        return Err(failed(String::from_utf8_lossy(&output.stderr).trim().to_owned()));
    }
    Ok(version_in(&String::from_utf8_lossy(&output.stdout)))
}

fn version_in(said: &str) -> Option<String> {
    let line = said.lines().find(|line| line.contains("cdk cli version")).or_else(|| said.lines().next())?;
    let words = line.split_whitespace().map(|word| word.trim_start_matches('v'));
    words.filter(|word| number(word).is_some()).map(str::to_owned).next()
}

/// The first two numbers of a version.
fn number(version: &str) -> Option<(u32, u32)> {
    let mut parts = version.split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

fn package_version(package: &Path) -> Option<String> {
    version_of(&package.join("package.json"))
}

fn version_of(file: &Path) -> Option<String> {
    let document: Value = serde_json::from_str(&fs::read_to_string(file).ok()?).ok()?;
    document.get("version")?.as_str().map(str::to_owned)
}

/// Refuses a command line that cannot read what the app's library writes: one that is older than the library's schema asks for,
/// and version 3.0.0 of the package `aws-cdk`, which is older than its number suggests.
fn check(version: Option<&str>, folder: &Path, hint: &str) -> Result<(), UserError> {
    let packages = folder.join("node_modules");
    let library = package_version(&packages.join("aws-cdk-lib"));
    let (Some(version), Some(library)) = (version, library) else { return Ok(()) };
    // The schema's package names the command line that came with it. Its patch number has named one that was never published.
    let schema = "@aws-cdk/cloud-assembly-schema/cli-version.json";
    let wanted = [packages.join("aws-cdk-lib/node_modules").join(schema), packages.join(schema)];
    let wanted = wanted.iter().find_map(|file| version_of(file));
    let is_old = wanted.as_deref().and_then(number) > number(version);
    if is_old || version.starts_with("3.0.0") && library.starts_with("2.") {
        let message = format!(
            "use aws-cdk {version} with aws-cdk-lib {library}: it does not know what that library writes"
        );
        return Err(UserError::usage("cdk_version", message).with_hint(hint));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn package(folder: &Path, name: &str, version: &str) {
        write(&folder.join("node_modules").join(name).join("package.json"), version);
    }

    fn write(file: &Path, version: &str) {
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, format!(r#"{{"version":"{version}"}}"#)).unwrap();
    }

    fn stub(file: &Path, says: &str) {
        fs::write(file, format!("#!/bin/sh\n{says}\n")).unwrap();
        fs::set_permissions(file, fs::Permissions::from_mode(0o755)).unwrap();
    }

    #[tokio::test]
    async fn what_is_missing_is_named_with_what_installs_it() {
        let (app, programs) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let check = async |target: TargetName, code: &str, hint: &str| {
            let found = find_in(app.path(), target, programs.path().as_os_str()).await;
            let problem = found.unwrap_err().problem;
            assert_eq!(problem.code, code, "{problem:?}");
            let told = problem.hint.unwrap();
            assert!(told.starts_with(hint), "{told}");
        };
        check(TargetName::Aws, "node_missing", "install Node").await;
        fs::write(programs.path().join("node"), "").unwrap();
        check(TargetName::Aws, "cdk_missing", "`npm install aws-cdk@2.").await;
        check(TargetName::Localstack, "cdk_missing", "`npm install aws-cdk-local aws-cdk@2.").await;
        fs::write(app.path().join("package.json"), "{}").unwrap();
        check(TargetName::Aws, "cdk_missing", "run `npm ci` in ").await;
    }

    #[tokio::test]
    async fn a_command_line_on_the_path_says_its_version_and_is_refused_where_it_is_too_old_or_new() {
        let (app, programs) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        fs::write(programs.path().join("node"), "").unwrap();
        package(app.path(), "aws-cdk-lib", "2.276.0");
        let schema = app.path().join("node_modules/@aws-cdk/cloud-assembly-schema/cli-version.json");
        write(&schema, "2.1148.2");
        let check = async |target: TargetName, says: &str, expected: Result<(), &str>| {
            let name = if target == TargetName::Aws { "cdk" } else { "cdklocal" };
            stub(&programs.path().join(name), says);
            let found = find_in(app.path(), target, programs.path().as_os_str()).await;
            let found = found.map(drop).map_err(|error| error.problem.message);
            match expected {
                Ok(()) => assert_eq!(found, Ok(()), "{says}"),
                Err(part) => {
                    assert!(found.as_ref().is_err_and(|message| message.contains(part)), "{says}: {found:?}");
                }
            }
        };
        let local = |version: &str| format!("echo cdklocal v3.0.4; echo cdk cli version v{version}");
        check(TargetName::Aws, "echo '2.1148.1 (build fcf5e34)'", Ok(())).await;
        check(TargetName::Aws, "echo '2.1200.0 (build 0)'", Ok(())).await;
        check(
            TargetName::Aws,
            "echo '2.1033.0 (build 0)'",
            Err("use aws-cdk 2.1033.0 with aws-cdk-lib 2.276.0"),
        )
        .await;
        check(TargetName::Aws, "echo '3.0.0 (build 0)'", Err("use aws-cdk 3.0.0")).await;
        check(TargetName::Aws, "echo broken >&2; exit 1", Err("version: broken")).await;
        check(TargetName::Localstack, &local("2.1148.1"), Ok(())).await;
        check(TargetName::Localstack, &local("2.178.2"), Err("use aws-cdk 2.178.2")).await;
    }

    #[tokio::test]
    async fn a_command_line_of_the_apps_packages_is_known_by_its_package() {
        let check = async |cli: &str, fits: bool| {
            let (app, programs) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
            fs::write(programs.path().join("node"), "").unwrap();
            package(app.path(), "aws-cdk", cli);
            package(app.path(), "aws-cdk-lib", "2.276.0");
            fs::create_dir_all(app.path().join("node_modules/.bin")).unwrap();
            fs::write(app.path().join("node_modules/.bin/cdk"), "").unwrap();
            let found = find_in(app.path(), TargetName::Aws, programs.path().as_os_str()).await;
            assert_eq!(found.is_ok(), fits, "{cli}: {found:?}");
        };
        check("2.1148.1", true).await;
        check("3.0.0", false).await;
    }
}
