//! Finds the templates, where the user names none.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use devloop_system::files::read_text;

use super::samconfig::SamConfig;
use super::{Template, stack};
use crate::config::Settings;
use crate::engine::Problem;
use crate::error::UserError;

/// The file names of a SAM or CloudFormation project's template.
const TEMPLATES: [&str; 3] = ["template.yaml", "template.yml", "template.json"];

/// Endings of a CDK app's sources.
const SOURCES: [&str; 6] = ["cs", "go", "java", "js", "py", "ts"];

/// Folders that hold no sources of a CDK app.
const NO_SOURCES: [&str; 5] = ["cdk.out", "node_modules", "target", "test", ".venv"];

/// The most files that are looked at to find out whether a CDK app's output is old.
const MOST_FILES: usize = 2000;

/// The templates of a workspace.
#[derive(Debug, Default)]
pub(in super::super) struct Found {
    /// The files, in the order in which they are applied.
    pub(in super::super) files: Vec<PathBuf>,
    /// The values from `samconfig.toml`.
    samconfig: SamConfig,
    /// Remarks for the user.
    pub(in super::super) remarks: Vec<Problem>,
}

impl Found {
    /// These files, without anything that another file says of them.
    pub(in super::super) fn of(files: Vec<PathBuf>) -> Self {
        Self { files, ..Self::default() }
    }

    /// Values of parameters: those of the command line before those of `samconfig.toml`.
    pub(in super::super) fn parameters(&self, typed: &BTreeMap<String, String>) -> BTreeMap<String, String> {
        let mut all = self.samconfig.parameters.clone();
        all.extend(typed.clone());
        all
    }

    /// The same values, without those of `samconfig.toml` that no template declares.
    pub(in super::super) fn declared(
        &self,
        typed: &BTreeMap<String, String>,
        templates: &[Template],
    ) -> BTreeMap<String, String> {
        let declared: BTreeSet<&str> =
            templates.iter().flat_map(|template| template.content.parameter_names()).collect();
        let mut all = self.parameters(typed);
        all.retain(|name, _| typed.contains_key(name) || declared.contains(name.as_str()));
        all
    }
}

/// Finds the templates, and chooses the stacks that the settings name.
pub(in super::super) fn find(root: &Path, settings: &Settings) -> Result<Found, UserError> {
    let mut found = find_all(root, settings)?;
    if let Some(stacks) = settings.stack.as_deref().filter(|stacks| !stacks.iter().any(|one| one == "all")) {
        found.files = stack::choose_each(found.files, stacks)?;
    }
    Ok(found)
}

/// Finds the templates: those that the user names; otherwise the first found of `stack/templates`, the template of SAM or
/// CloudFormation in the workspace's root, and the output of a CDK app in the root or a folder below it.
fn find_all(root: &Path, settings: &Settings) -> Result<Found, UserError> {
    if settings.templates_named {
        let mut files = Vec::new();
        for pattern in &settings.templates {
            let matching = matching_files(&root.join(pattern));
            if matching.is_empty() {
                let place = root.join(pattern);
                let message = if place.exists() && !place.is_dir() {
                    format!("read the template: {pattern} is no file but a pipe or a device")
                } else {
                    format!("read the template: there is no file {pattern}")
                };
                return Err(UserError::usage("template_missing", message));
            }
            files.extend(matching);
        }
        return Ok(Found { files, samconfig: SamConfig::read(root)?, ..Found::default() });
    }
    let committed = matching_files(&root.join("stack/templates/*.template.json"));
    if !committed.is_empty() {
        return Ok(Found { files: committed, ..Found::default() });
    }
    let samconfig = SamConfig::read(root)?;
    let named = samconfig.template.iter().map(PathBuf::from);
    let usual = TEMPLATES.iter().map(PathBuf::from);
    if let Some(file) = named.chain(usual).map(|file| root.join(file)).find(|file| file.is_file()) {
        return Ok(Found { files: vec![file], samconfig, remarks: Vec::new() });
    }
    for app in apps(root) {
        let files = matching_files(&app.join("cdk.out/*.template.json"));
        if !files.is_empty() {
            let remarks = old_output(&app, &files).into_iter().collect();
            return Ok(Found { files: in_order(&app, files), remarks, ..Found::default() });
        }
    }
    Ok(Found::default())
}

/// Where a CDK app may be: the root, and the folders directly below it.
fn apps(root: &Path) -> Vec<PathBuf> {
    let below = std::fs::read_dir(root).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut below: Vec<PathBuf> = below.filter(|path| path.join("cdk.out").is_dir()).collect();
    below.sort();
    [root.to_owned()].into_iter().chain(below).collect()
}

/// Orders stacks after those that they depend on, by the CDK's manifest.
fn in_order(app: &Path, files: Vec<PathBuf>) -> Vec<PathBuf> {
    let manifest = read_text(&app.join("cdk.out/manifest.json")).unwrap_or_default();
    let manifest: serde_json::Value = serde_json::from_str(&manifest).unwrap_or_default();
    let stack = |file: &Path| {
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        name.trim_end_matches(".template.json").to_owned()
    };
    let needs = |file: &Path| -> Vec<String> {
        let listed = manifest["artifacts"][stack(file)]["dependencies"].as_array();
        listed.into_iter().flatten().filter_map(|name| name.as_str().map(str::to_owned)).collect()
    };
    let mut ordered: Vec<PathBuf> = Vec::new();
    let mut open = files;
    while !open.is_empty() {
        let waits = |file: &PathBuf| {
            needs(file).iter().any(|need| open.iter().any(|other| other != file && stack(other) == *need))
        };
        // Stacks that wait for each other stay in the given order, and fail with an error that names them.
        let next = open.iter().position(|file| !waits(file)).unwrap_or(0);
        ordered.push(open.remove(next));
    }
    ordered
}

/// Whether the app's sources were changed after its output was written.
fn old_output(app: &Path, files: &[PathBuf]) -> Option<Problem> {
    let written = files.iter().filter_map(|file| modified(file)).min()?;
    let mut newest: Option<(SystemTime, PathBuf)> = None;
    let mut open = vec![app.to_owned()];
    let mut seen = 0;
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            seen += 1;
            if seen > MOST_FILES {
                return None;
            }
            let path = entry.path();
            let name = entry.file_name();
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                if !NO_SOURCES.iter().any(|skipped| name == *skipped) {
                    open.push(path);
                }
                continue;
            }
            let is_source = name == "cdk.json"
                || path.extension().is_some_and(|end| SOURCES.iter().any(|source| end == *source));
            if let Some(at) = modified(&path).filter(|_| is_source)
                && newest.as_ref().is_none_or(|(newest, _)| at > *newest)
            {
                newest = Some((at, path));
            }
        }
    }
    let (changed, path) = newest?;
    (changed > written).then(|| {
        let message = format!(
            "the CDK app's output in {} is older than {}; the stack is built from the older output",
            app.join("cdk.out").display(),
            path.display()
        );
        Problem::new("cdk_output_old", message).with_hint("run `cdk synth`, and start again")
    })
}

fn modified(path: &Path) -> Option<SystemTime> {
    path.metadata().ok()?.modified().ok()
}

/// The files that fit the pattern, in order; only its last segment may hold a `*`.
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
    use std::fs;
    use std::path::Path;
    use std::time::{Duration, SystemTime};

    use super::{find, matching_files};
    use crate::config::{Environment, Layer, Settings};

    fn settings(root: &Path) -> Settings {
        let none = |_: &str| None;
        Settings::resolve(
            root,
            &root.join("target"),
            serde_json::Value::Null,
            &Environment(&none),
            Layer::default(),
        )
        .unwrap()
    }

    fn write(root: &Path, files: &[(&str, &str)]) {
        for (path, text) in files {
            let path = root.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
    }

    fn check(files: &[(&str, &str)], expected: &[&str], remarks: usize) {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path();
        write(root, files);
        let found = find(root, &settings(root)).unwrap();
        let names: Vec<String> = found
            .files
            .iter()
            .map(|file| file.strip_prefix(root).unwrap().to_string_lossy().into_owned())
            .collect();
        assert_eq!(
            (names, found.remarks.len()),
            (expected.iter().map(|&name| name.to_owned()).collect(), remarks)
        );
    }

    #[test]
    fn templates_are_found_in_the_usual_places() {
        check(&[], &[], 0);
        check(&[("template.yaml", ""), ("cdk.out/A.template.json", "")], &["template.yaml"], 0);
        check(&[("template.yml", "")], &["template.yml"], 0);
        check(
            &[("infra/cdk.out/B.template.json", ""), ("infra/cdk.out/A.template.json", "")],
            &["infra/cdk.out/A.template.json", "infra/cdk.out/B.template.json"],
            0,
        );
        check(
            &[("stack/templates/A.template.json", ""), ("template.yaml", "")],
            &["stack/templates/A.template.json"],
            0,
        );
        check(
            &[
                ("sam/app.yaml", ""),
                ("samconfig.toml", "[default.deploy.parameters]\ntemplate_file = 'sam/app.yaml'\n"),
            ],
            &["sam/app.yaml"],
            0,
        );
        let manifest = r#"{"artifacts": {"A": {"dependencies": ["B"]}}}"#;
        check(
            &[
                ("cdk.out/A.template.json", ""),
                ("cdk.out/B.template.json", ""),
                ("cdk.out/manifest.json", manifest),
            ],
            &["cdk.out/B.template.json", "cdk.out/A.template.json"],
            0,
        );
    }

    #[test]
    fn output_that_is_older_than_its_sources_is_said() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path();
        write(
            root,
            &[("cdk/cdk.out/A.template.json", "{}"), ("cdk/lib/stack.ts", ""), ("cdk/node_modules/x.ts", "")],
        );
        let touch = |path: &str, seconds: u64| {
            let file = fs::File::options().write(true).open(root.join(path)).unwrap();
            file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000 + seconds)).unwrap();
        };
        let remarks = || find(root, &settings(root)).unwrap().remarks;
        touch("cdk/cdk.out/A.template.json", 10);
        touch("cdk/lib/stack.ts", 5);
        touch("cdk/node_modules/x.ts", 20);
        assert_eq!(remarks().len(), 0);
        touch("cdk/lib/stack.ts", 15);
        let remarks = remarks();
        assert_eq!((remarks.len(), remarks[0].code), (1, "cdk_output_old"));
        assert!(remarks[0].message.contains("stack.ts"), "{}", remarks[0].message);
    }

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
}
