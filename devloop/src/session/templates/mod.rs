//! The templates of a session: which files they are, and what they say.

mod find;
mod samconfig;
mod stack;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use devloop_cloud::Given;
use devloop_system::files::read_text;

use crate::config::Settings;
use crate::engine::Problem;
use crate::error::{Exit, UserError};
use crate::target::{Candidate, FunctionCode, function_codes, serve_from, serve_sources};

pub(super) use find::{Found, find};

/// A template whose functions point at their directories.
#[derive(Debug, Clone)]
pub(super) struct Template {
    /// The file.
    pub(super) path: PathBuf,
    /// What was in the file when it was read.
    pub(super) text: String,
    /// The parsed template.
    pub(super) content: devloop_cloud::Template,
    /// Its functions and their binaries.
    pub(super) functions: Vec<FunctionCode>,
}

impl Template {
    /// The stack's name: the file's name without `.template.json`, or for a file called `template` the folder's name.
    pub(super) fn stack_name(&self) -> String {
        stack::name(&self.path)
    }

    /// The error with the file, and the line and column of its cause.
    pub(super) fn explain(&self, error: &devloop_cloud::TemplateError) -> String {
        let place = self.content.position(error).map(|at| format!(":{}:{}", at.line, at.column));
        format!("apply {}{}: {error}", self.path.display(), place.unwrap_or_default())
    }
}

/// Reads the templates that were found.
pub(super) fn read(
    root: &Path,
    found: &Found,
    settings: &Settings,
    parameters: &BTreeMap<String, String>,
    candidates: &[Candidate],
) -> Result<Vec<Template>, UserError> {
    let read = |path: &PathBuf| read_template(root.join(path), settings, parameters, candidates);
    found.files.iter().map(read).collect()
}

fn read_template(
    path: PathBuf,
    settings: &Settings,
    parameters: &BTreeMap<String, String>,
    candidates: &[Candidate],
) -> Result<Template, UserError> {
    let failed = |problem: Problem| {
        let message = format!("{} ({})", problem.message, path.display());
        UserError { problem: Problem { message, ..problem }, exit: Exit::Cloud }
    };
    let unreadable = |error: &dyn std::fmt::Display| UserError {
        problem: Problem::new("template_invalid", format!("read the template {}: {error}", path.display())),
        exit: Exit::Cloud,
    };
    let text = read_text(&path).map_err(|error| unreadable(&error))?;
    let folder = path.parent().unwrap_or(Path::new(".")).to_owned();
    let file = |location: &str| included(&folder, location);
    let given = Given { parameters, file: &file };
    let read = devloop_cloud::Template::read(&text, &given);
    let mut template = read.map_err(|error| unreadable(&with_place(&path, &error)))?;
    let functions = function_codes(&template, candidates, &settings.functions, &folder);
    let functions = functions.map_err(|error| failed(error.problem()))?;
    serve_from(&mut template, &functions, &settings.dist);
    serve_sources(&mut template, &folder);
    Ok(Template { path, text, content: template, functions })
}

/// The error with the file, and the line and column that it carries.
fn with_place(path: &Path, error: &devloop_cloud::TemplateError) -> String {
    match error {
        devloop_cloud::TemplateError::Syntax { at: Some(at), why } => {
            format!(
                "{}:{}:{}: {why}",
                path.file_name().unwrap_or_default().to_string_lossy(),
                at.line,
                at.column
            )
        }
        error => error.to_string(),
    }
}

/// The file that an `AWS::Include` names, below the template's own folder.
fn included(folder: &Path, location: &str) -> Result<String, String> {
    if location.contains("://") {
        return Err("is not on this machine; devloop includes files below the template's folder".to_owned());
    }
    let unreadable = |error: std::io::Error| format!("cannot be read: {error}");
    let folder = folder.canonicalize().map_err(unreadable)?;
    let file = folder.join(location).canonicalize().map_err(unreadable)?;
    if !file.starts_with(&folder) {
        return Err("lies outside of the template's folder".to_owned());
    }
    read_text(&file).map_err(unreadable)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{find, included, read};
    use crate::config::{Environment, Layer, Settings};
    use crate::target::Candidate;

    #[test]
    fn only_files_below_the_template_are_included() {
        let directory = tempfile::tempdir().unwrap();
        let folder = directory.path().join("app");
        std::fs::create_dir_all(folder.join("parts")).unwrap();
        std::fs::write(folder.join("parts/a.yaml"), "A: 1").unwrap();
        std::fs::write(directory.path().join("secret.yaml"), "B: 1").unwrap();
        let check = |location: &str, expected: Result<&str, &str>| {
            assert_eq!(
                included(&folder, location).as_deref(),
                expected.map_err(str::to_owned).as_ref().copied()
            );
        };
        check("parts/a.yaml", Ok("A: 1"));
        check("../secret.yaml", Err("lies outside of the template's folder"));
        check("s3://b/k", Err("is not on this machine; devloop includes files below the template's folder"));
    }

    #[test]
    fn a_stack_is_called_as_its_file_or_folder() {
        let check = |path: &str, expected: &str| {
            let template = devloop_cloud::Template::parse("Resources: {}").unwrap();
            let template = super::Template {
                path: path.into(),
                text: String::new(),
                content: template,
                functions: vec![],
            };
            assert_eq!(template.stack_name(), expected);
        };
        check("/w/cdk.out/MyStack.template.json", "MyStack");
        check("/w/my_shop/template.yaml", "my-shop");
        check("/w/1st/template.yml", "stack-1st");
        check("/w/app.yaml", "app");
    }

    #[test]
    fn a_sam_project_needs_no_configuration() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path();
        let none = |_: &str| None;
        let write = |path: &str, text: &str| std::fs::write(root.join(path), text).unwrap();
        write(
            "template.yaml",
            "Transform: AWS::Serverless-2016-10-31\n\
             Globals: {Function: {Runtime: provided.al2023, Handler: bootstrap, Architectures: [arm64]}}\n\
             Parameters: {Stage: {Type: String}}\n\
             Resources:\n\
             \x20 GetUser: {Type: AWS::Serverless::Function, Properties: {CodeUri: ./users}}\n\
             \x20 Orders: {Type: AWS::Serverless::Function, Properties: {CodeUri: ./orders}}\n",
        );
        write(
            "samconfig.toml",
            "[default.deploy.parameters]\nparameter_overrides = ['Stage=dev', 'Gone=1']\n",
        );
        let settings =
            Settings::resolve(root, root, serde_json::Value::Null, &Environment(&none), Layer::default())
                .unwrap();
        let candidate = |package: &str, binary: &str, name: &str| Candidate {
            name: name.to_owned(),
            binary: binary.to_owned(),
            package: package.to_owned(),
            directory: root.join(package),
        };
        let candidates = [
            candidate("users", "get-user", "get-user"),
            candidate("users", "put-user", "put-user"),
            candidate("orders", "bootstrap", "orders"),
        ];
        let found = find(root, &settings).unwrap();
        let typed = BTreeMap::new();
        let templates = read(root, &found, &settings, &found.parameters(&typed), &candidates).unwrap();
        let binaries: Vec<&str> = templates[0].functions.iter().map(|code| code.binary.as_str()).collect();
        assert_eq!(binaries, ["get-user", "orders"]);
        assert_eq!(templates[0].functions[0].architecture, "arm64");
        assert_eq!(
            found.declared(&typed, &templates),
            BTreeMap::from([("Stage".to_owned(), "dev".to_owned())])
        );

        write("template.yaml", "Resources:\n  A: {Type: T, Typo: 1}\n");
        let error = read(root, &found, &settings, &typed, &candidates).unwrap_err().to_string();
        assert!(error.contains("template.yaml:2:16: unknown field `Typo`, expected one of"), "{error}");
    }
}
