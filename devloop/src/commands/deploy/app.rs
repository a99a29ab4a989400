//! The CDK app, and the command line that belongs to it.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::is_app;
use crate::cli::TargetName;
use crate::error::{Exit, UserError};
use crate::workspace;

/// A version of the package `aws-cdk` that reads what current libraries write. The newest one on npm does not.
const VERSION: &str = "2.1148.1";

/// Where the CDK app is, and what runs it.
#[derive(Debug)]
pub(super) struct App {
    /// The folder with the app's `cdk.json`.
    pub(super) folder: PathBuf,
    /// `cdk`, or `cdklocal` for LocalStack.
    pub(super) program: PathBuf,
    /// Cargo's target folder, where the CDK's command line keeps its files.
    pub(super) target: PathBuf,
}

impl App {
    /// Finds the app: the given folder, or the workspace's root or a folder in it, whichever has a `cdk.json`.
    pub(super) async fn find(given: Option<&Path>, target: TargetName) -> Result<Self, UserError> {
        let directory = std::env::current_dir().map_err(|error| {
            UserError::failure("no_directory", format!("find the current directory: {error}"))
        })?;
        let reading = workspace::outline(Path::new("cargo"), &directory)
            .await
            .map_err(|error| UserError { problem: error.problem(), exit: Exit::Workspace })?;
        let folder = match given {
            Some(folder) if is_app(folder) => folder.to_owned(),
            Some(folder) => {
                let message = format!("find a CDK app in {}: it has no cdk.json", folder.display());
                return Err(UserError::usage("no_cdk_app", message));
            }
            None => in_workspace(&reading.workspace.root)?,
        };
        let path = std::env::var_os("PATH").unwrap_or_default();
        let program = program(&folder, target, &path)?;
        Ok(Self { folder, program, target: reading.workspace.target_directory })
    }
}

fn in_workspace(root: &Path) -> Result<PathBuf, UserError> {
    let mut folders: Vec<PathBuf> =
        fs::read_dir(root).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    folders.sort();
    let found: Vec<PathBuf> =
        std::iter::once(root.to_owned()).chain(folders).filter(|folder| is_app(folder)).collect();
    match &found[..] {
        [one] => Ok(one.clone()),
        [] => {
            let message =
                format!("find a CDK app: neither {} nor a folder in it has a cdk.json", root.display());
            Err(UserError::usage("no_cdk_app", message)
                .with_hint("--app names its folder; `devloop up` applies templates without the CDK"))
        }
        several => {
            let names: Vec<String> = several.iter().map(|folder| folder.display().to_string()).collect();
            let message = format!("choose a CDK app: there are {}", names.join(", "));
            Err(UserError::usage("several_cdk_apps", message).with_hint("--app names its folder"))
        }
    }
}

/// The command line of the app's own packages, or one on `PATH`.
fn program(folder: &Path, target: TargetName, path: &OsStr) -> Result<PathBuf, UserError> {
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
    let own = folder.join("node_modules/.bin").join(name);
    if own.is_file() {
        check_version(folder)?;
        return std::path::absolute(&own)
            .map_err(|error| UserError::failure("no_directory", format!("find {}: {error}", own.display())));
    }
    on_path(name).ok_or_else(|| {
        let message =
            format!("find {name}: neither {} nor PATH has it", folder.join("node_modules/.bin").display());
        UserError::usage("cdk_missing", message).with_hint(if folder.join("package.json").is_file() {
            format!("run `npm ci` in {}", folder.display())
        } else {
            format!("`npm install {packages}` in {} installs it", folder.display())
        })
    })
}

/// Refuses a version of the CDK's command line that cannot read what the app's library writes. Version 3.0.0 of the package
/// `aws-cdk` is such a one: it is older than its number suggests.
fn check_version(folder: &Path) -> Result<(), UserError> {
    let read = |package: &str| -> Option<String> {
        let text = fs::read_to_string(folder.join("node_modules").join(package).join("package.json")).ok()?;
        let package: Value = serde_json::from_str(&text).ok()?;
        package.get("version")?.as_str().map(str::to_owned)
    };
    match (read("aws-cdk"), read("aws-cdk-lib")) {
        (Some(cli), Some(library)) if cli.starts_with("3.0.0") && library.starts_with("2.") => {
            let message = format!(
                "use aws-cdk {cli} with aws-cdk-lib {library}: it does not know what that library writes"
            );
            Err(UserError::usage("cdk_version", message)
                .with_hint(format!("`npm install aws-cdk@{VERSION}` in {}", folder.display())))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(folder: &Path, name: &str, version: &str) {
        let place = folder.join("node_modules").join(name);
        fs::create_dir_all(&place).unwrap();
        fs::write(place.join("package.json"), format!(r#"{{"version":"{version}"}}"#)).unwrap();
    }

    #[test]
    fn the_app_is_the_only_folder_with_a_cdk_json() {
        let root = tempfile::tempdir().unwrap();
        assert_eq!(in_workspace(root.path()).unwrap_err().problem.code, "no_cdk_app");
        for name in ["stack", "other"] {
            fs::create_dir(root.path().join(name)).unwrap();
        }
        fs::write(root.path().join("stack/cdk.json"), "{}").unwrap();
        assert_eq!(in_workspace(root.path()).unwrap(), root.path().join("stack"));
        fs::write(root.path().join("other/cdk.json"), "{}").unwrap();
        assert_eq!(in_workspace(root.path()).unwrap_err().problem.code, "several_cdk_apps");
    }

    #[test]
    fn what_is_missing_is_named_with_what_installs_it() {
        let (app, programs) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let check = |target: TargetName, code: &str, hint: &str| {
            let problem = program(app.path(), target, programs.path().as_os_str()).unwrap_err().problem;
            assert_eq!(problem.code, code, "{problem:?}");
            let told = problem.hint.unwrap();
            assert!(told.starts_with(hint), "{told}");
        };
        check(TargetName::Embedded, "node_missing", "install Node");
        fs::write(programs.path().join("node"), "").unwrap();
        check(TargetName::Embedded, "cdk_missing", "`npm install aws-cdk@2.");
        check(TargetName::Localstack, "cdk_missing", "`npm install aws-cdk-local aws-cdk@2.");
        fs::write(app.path().join("package.json"), "{}").unwrap();
        check(TargetName::Embedded, "cdk_missing", "run `npm ci` in ");
        let found = programs.path().join("cdk");
        fs::write(&found, "").unwrap();
        assert_eq!(program(app.path(), TargetName::Embedded, programs.path().as_os_str()).unwrap(), found);
    }

    #[test]
    fn a_command_line_that_cannot_read_the_app_is_refused() {
        let check = |cli: &str, fits: bool| {
            let folder = tempfile::tempdir().unwrap();
            package(folder.path(), "aws-cdk", cli);
            package(folder.path(), "aws-cdk-lib", "2.276.0");
            assert_eq!(check_version(folder.path()).is_ok(), fits, "{cli}");
        };
        check("2.1148.1", true);
        check("3.0.0", false);
    }
}
