//! The CDK app that a command is about.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use crate::error::{Exit, UserError};
use crate::workspace;

/// Templates of SAM and CloudFormation, which need no CDK.
const TEMPLATES: [&str; 3] = ["template.yaml", "template.yml", "template.json"];

/// Where the CDK app is, and what its `cdk.json` says.
#[derive(Debug)]
pub(super) struct App {
    /// The folder with the app's `cdk.json`.
    pub(super) folder: PathBuf,
    /// The settings in `cdk.json`.
    pub(super) settings: Value,
    /// Cargo's target folder, where the CDK's command line keeps its files.
    pub(super) target: PathBuf,
}

impl App {
    /// Finds the app: the given folder, or the workspace's root or a folder in it, whichever has a `cdk.json`.
    pub(super) async fn find(given: Option<&Path>) -> Result<Self, UserError> {
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
        let folder = std::path::absolute(&folder).unwrap_or(folder);
        let settings = read_object(&folder.join("cdk.json"))?.into();
        Ok(Self { folder, settings, target: reading.workspace.target_directory })
    }
}

/// The JSON object in a file; an empty one if there is no file.
pub(super) fn read_object(file: &Path) -> Result<Map<String, Value>, UserError> {
    let unreadable = |error: &dyn std::fmt::Display| {
        UserError::usage("cdk_settings_invalid", format!("read {}: {error}", file.display()))
    };
    match fs::read_to_string(file) {
        Ok(text) => serde_json::from_str(&text).map_err(|error| unreadable(&error)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Map::new()),
        Err(error) => Err(unreadable(&error)),
    }
}

/// Whether the folder has a CDK app.
fn is_app(folder: &Path) -> bool {
    folder.join("cdk.json").is_file()
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
            let template = TEMPLATES.iter().find(|name| root.join(name).is_file());
            let hint = template.map_or_else(
                || "--app names its folder; `devloop up` applies templates without the CDK".to_owned(),
                |name| format!("`devloop up` and `devloop watch` apply {name}, whose functions they build; --app names the folder of a CDK app"),
            );
            Err(UserError::usage("no_cdk_app", message).with_hint(hint))
        }
        several => {
            let names: Vec<String> = several.iter().map(|folder| folder.display().to_string()).collect();
            let message = format!("choose a CDK app: there are {}", names.join(", "));
            Err(UserError::usage("several_cdk_apps", message).with_hint("--app names its folder"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_app_is_the_only_folder_with_a_cdk_json() {
        let root = tempfile::tempdir().unwrap();
        let error = in_workspace(root.path()).unwrap_err().problem;
        assert_eq!(
            (error.code, error.hint.unwrap().contains("--app names its folder")),
            ("no_cdk_app", true)
        );
        fs::write(root.path().join("template.yaml"), "").unwrap();
        let hint = in_workspace(root.path()).unwrap_err().problem.hint.unwrap();
        assert!(hint.starts_with("`devloop up` and `devloop watch` apply template.yaml"), "{hint}");
        for name in ["stack", "other"] {
            fs::create_dir(root.path().join(name)).unwrap();
        }
        fs::write(root.path().join("stack/cdk.json"), "{}").unwrap();
        assert_eq!(in_workspace(root.path()).unwrap(), root.path().join("stack"));
        fs::write(root.path().join("other/cdk.json"), "{}").unwrap();
        assert_eq!(in_workspace(root.path()).unwrap_err().problem.code, "several_cdk_apps");
    }

    #[test]
    fn settings_that_are_no_object_are_an_error_and_missing_ones_are_none() {
        let root = tempfile::tempdir().unwrap();
        let file = root.path().join("cdk.json");
        assert!(read_object(&file).unwrap().is_empty());
        fs::write(&file, "[1]").unwrap();
        assert_eq!(read_object(&file).unwrap_err().problem.code, "cdk_settings_invalid");
    }
}
