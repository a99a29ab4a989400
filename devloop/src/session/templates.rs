//! The templates of a session: which files they are, and what they say.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use devloop_cloud::Given;

use crate::config::Settings;
use crate::engine::Problem;
use crate::error::{Exit, UserError};
use crate::target::{FunctionCode, function_codes, serve_from};

/// A template whose functions point at their directories.
#[derive(Debug, Clone)]
pub(super) struct Template {
    /// Where it was read.
    pub(super) path: PathBuf,
    /// What it says.
    pub(super) template: devloop_cloud::Template,
    /// Its functions and their binaries.
    pub(super) functions: Vec<FunctionCode>,
}

impl Template {
    /// The stack's name: the file's, without `.template.json`.
    pub(super) fn stack_name(&self) -> String {
        let name = self.path.file_name().unwrap_or_default().to_string_lossy();
        name.trim_end_matches(".json").trim_end_matches(".template").to_owned()
    }

    /// The error with the file, and the line and column where the text has its cause.
    pub(super) fn explain(&self, error: &devloop_cloud::TemplateError) -> String {
        let place = self.template.position(error).map(|at| format!(":{}:{}", at.line, at.column));
        format!("apply {}{}: {error}", self.path.display(), place.unwrap_or_default())
    }
}

/// Reads the templates of the settings.
pub(super) fn read_templates(
    root: &Path,
    settings: &Settings,
    parameters: &BTreeMap<String, String>,
    known: &[&str],
) -> Result<Vec<Template>, UserError> {
    let mut templates = Vec::new();
    for pattern in &settings.templates {
        let files = matching_files(&root.join(pattern));
        if files.is_empty() && settings.templates_named {
            return Err(UserError::usage(
                "template_missing",
                format!("read the template: there is no {pattern}"),
            ));
        }
        for path in files {
            templates.push(read_template(path, settings, parameters, known)?);
        }
    }
    Ok(templates)
}

fn read_template(
    path: PathBuf,
    settings: &Settings,
    parameters: &BTreeMap<String, String>,
    known: &[&str],
) -> Result<Template, UserError> {
    let failed = |problem: Problem| {
        let message = format!("{} ({})", problem.message, path.display());
        UserError { problem: Problem { message, ..problem }, exit: Exit::Cloud }
    };
    let unreadable = |error: &dyn std::fmt::Display| {
        failed(Problem::new("template_invalid", format!("read the template: {error}")))
    };
    let text = std::fs::read_to_string(&path).map_err(|error| unreadable(&error))?;
    let folder = path.parent().unwrap_or(Path::new(".")).to_owned();
    let file = |location: &str| included(&folder, location);
    let given = Given { parameters, file: &file };
    let mut template = devloop_cloud::Template::read(&text, &given).map_err(|error| unreadable(&error))?;
    let functions = function_codes(&template, known).map_err(|error| failed(error.problem()))?;
    serve_from(&mut template, &functions, &settings.dist);
    Ok(Template { path, template, functions })
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
    std::fs::read_to_string(&file).map_err(unreadable)
}

/// The files that the pattern means, in order; only its last segment may hold a `*`.
fn matching_files(pattern: &Path) -> Vec<PathBuf> {
    let name = pattern.file_name().unwrap_or_default().to_string_lossy();
    let Some((start, end)) = name.split_once('*') else {
        return if pattern.is_file() { vec![pattern.to_owned()] } else { Vec::new() };
    };
    let Some(entries) = pattern.parent().and_then(|directory| std::fs::read_dir(directory).ok()) else {
        return Vec::new();
    };
    let files: BTreeSet<PathBuf> = entries
        .flatten()
        .filter(|entry| {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            name.len() >= start.len() + end.len() && name.starts_with(start) && name.ends_with(end)
        })
        .map(|entry| entry.path())
        .collect();
    files.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::{included, matching_files};

    #[test]
    fn a_pattern_means_the_files_that_end_alike() {
        let directory = tempfile::tempdir().unwrap();
        for name in ["b.template.json", "a.template.json", "a.json", ".template.json"] {
            std::fs::write(directory.path().join(name), "{}").unwrap();
        }
        let found = matching_files(&directory.path().join("*.template.json"));
        let names: Vec<_> = found.iter().filter_map(|path| path.file_name()?.to_str()).collect();
        assert_eq!(names, [".template.json", "a.template.json", "b.template.json"]);
        assert!(matching_files(&directory.path().join("missing.json")).is_empty());
        assert_eq!(matching_files(&directory.path().join("a.json")).len(), 1);
    }

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
}
