//! Finds out which of the workspace's binaries a template's function runs, and points the function at its directory.

mod evidence;
mod sources;
mod words;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use devloop_cloud::{Resource, Template};
use serde_json::Value;

use crate::engine::Problem;
use crate::error::suggestion;
use evidence::Evidence;
pub(crate) use sources::serve_sources;

/// A function resource and its binary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FunctionCode {
    /// The resource's logical id in the template.
    pub(crate) logical_id: String,
    /// The name of the binary it runs.
    pub(crate) binary: String,
    /// The processor that it runs on, as the stack names it.
    pub(crate) architecture: String,
    /// The runtime that it runs in, if the template names it.
    pub(crate) runtime: Option<String>,
}

/// A binary that a function may run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Candidate {
    /// The function's name in this session.
    pub(crate) name: String,
    /// The binary's name in its package.
    pub(crate) binary: String,
    pub(crate) package: String,
    /// The package's directory.
    pub(crate) directory: PathBuf,
}

impl Candidate {
    /// The name that no other candidate has, as settings and messages write it.
    pub(crate) fn full_name(&self) -> String {
        format!("{}/{}", self.package, self.binary)
    }

    /// Whether people may mean this one by `name`.
    pub(crate) fn is_called(&self, name: &str) -> bool {
        self.name == name || self.full_name() == name
    }
}

/// Why a template's functions cannot be served.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TemplateError {
    /// No name in the function's resource fits a binary of the workspace.
    #[error(
        "find the binary of the template's function {logical_id}: {named}, and the workspace has {known}"
    )]
    NoBinary {
        logical_id: String,
        /// The names that were tried.
        named: String,
        /// The binaries there are.
        known: String,
        /// The full names of binaries that may be meant, the nearest first.
        nearest: Vec<String>,
    },
    /// The settings name a binary that does not exist.
    #[error(
        "find the binary of the template's function {logical_id}: the setting functions.{logical_id} names `{named}`, and the workspace has {known}"
    )]
    NoSuchBinary {
        logical_id: String,
        /// The name in the setting.
        named: String,
        /// The binaries there are.
        known: String,
    },
}

impl TemplateError {
    /// The error with its code and hint.
    pub(crate) fn problem(&self) -> Problem {
        let problem = Problem::new("template_function_unknown", self.to_string());
        match self {
            Self::NoBinary { logical_id, nearest, .. } => match nearest.as_slice() {
                [] => problem.with_hint(
                    "a function is a binary of a workspace package that reaches lambda_runtime; name one as \
                     `[functions] LogicalId = \"package/binary\"` in devloop.toml",
                ),
                [first, others @ ..] => {
                    let others = match others {
                        [] => String::new(),
                        others => format!("   # or {}", others.join(", ")),
                    };
                    problem.with_hint(format!(
                        "write into devloop.toml:\n  [functions]\n  {logical_id} = \"{first}\"{others}"
                    ))
                }
            },
            Self::NoSuchBinary { .. } => problem.with_hint("write it as \"package/binary\""),
        }
    }
}

/// The template's functions with their binaries. `settings` name binaries by logical id; `folder` is the template's own.
pub(crate) fn function_codes(
    template: &Template,
    candidates: &[Candidate],
    settings: &BTreeMap<String, String>,
    folder: &Path,
) -> Result<Vec<FunctionCode>, TemplateError> {
    let functions: Vec<(&str, &Resource)> =
        template.resources().filter(|(_, resource)| is_binary_function(resource)).collect();
    let mut found: BTreeMap<&str, &Candidate> = BTreeMap::new();
    for (logical_id, resource) in &functions {
        let candidate = match settings.get(*logical_id) {
            Some(name) => Some(candidates.iter().find(|it| it.is_called(name)).ok_or_else(|| {
                TemplateError::NoSuchBinary {
                    logical_id: (*logical_id).to_owned(),
                    named: name.clone(),
                    known: known(candidates),
                }
            })?),
            None => Evidence::of(logical_id, resource, folder).best(candidates),
        };
        found.extend(candidate.map(|candidate| (*logical_id, candidate)));
    }
    let open: Vec<&str> =
        functions.iter().map(|(logical_id, _)| *logical_id).filter(|id| !found.contains_key(id)).collect();
    if let Some(only) = only_one_left(candidates, &found, open.len()) {
        found.extend(open.into_iter().map(|logical_id| (logical_id, only)));
    }
    functions
        .into_iter()
        .map(|(logical_id, resource)| {
            let Some(candidate) = found.get(logical_id) else {
                return Err(no_binary(logical_id, resource, folder, candidates));
            };
            let property = |name: &str| resource.properties().get(name);
            let architecture = property("Architectures").and_then(|list| list.get(0)?.as_str());
            Ok(FunctionCode {
                logical_id: logical_id.to_owned(),
                binary: candidate.name.clone(),
                // Lambda's own default.
                architecture: architecture.unwrap_or("x86_64").to_owned(),
                runtime: property("Runtime").and_then(Value::as_str).map(str::to_owned),
            })
        })
        .collect()
}

/// The binary of functions for which no name fits: the workspace's only one; or if a single function is left, the only one that no
/// other function has.
fn only_one_left<'c>(
    candidates: &'c [Candidate],
    found: &BTreeMap<&str, &Candidate>,
    open: usize,
) -> Option<&'c Candidate> {
    if let [only] = candidates {
        return Some(only);
    }
    let taken: BTreeSet<&str> = found.values().map(|candidate| candidate.name.as_str()).collect();
    let mut left = candidates.iter().filter(|candidate| !taken.contains(candidate.name.as_str()));
    let first = left.next().filter(|_| open == 1)?;
    left.next().is_none().then_some(first)
}

/// Points each function at its directory below `dist`, in the form for hot-reload code.
pub(crate) fn serve_from(template: &mut Template, functions: &[FunctionCode], dist: &Path) {
    for function in functions {
        template.run_from(&function.logical_id, &dist.join(&function.binary).to_string_lossy());
    }
}

/// Functions of another language, such as CDK's helpers in JavaScript, are no binaries.
fn is_binary_function(resource: &Resource) -> bool {
    let property = |name: &str| resource.properties().get(name).and_then(Value::as_str);
    resource.kind() == "AWS::Lambda::Function"
        && property("PackageType").is_none_or(|kind| kind == "Zip")
        && property("Runtime").is_none_or(|runtime| runtime.starts_with("provided"))
}

fn known(candidates: &[Candidate]) -> String {
    if candidates.is_empty() {
        return "none".to_owned();
    }
    candidates.iter().map(|candidate| candidate.name.as_str()).collect::<Vec<_>>().join(", ")
}

fn no_binary(
    logical_id: &str,
    resource: &Resource,
    folder: &Path,
    candidates: &[Candidate],
) -> TemplateError {
    let evidence = Evidence::of(logical_id, resource, folder);
    let names = evidence.names();
    let by_name = |name: &&str| {
        let nearest = suggestion(name, candidates.iter().map(|candidate| candidate.name.as_str()))?;
        candidates.iter().find(|candidate| candidate.name == nearest)
    };
    let mut nearest: Vec<&Candidate> = names.iter().filter_map(by_name).collect();
    nearest.extend(evidence.alike(candidates));
    nearest.extend(candidates.iter().take(3));
    let mut full_names: Vec<String> = Vec::new();
    for candidate in nearest {
        if !full_names.contains(&candidate.full_name()) && full_names.len() < 3 {
            full_names.push(candidate.full_name());
        }
    }
    TemplateError::NoBinary {
        logical_id: logical_id.to_owned(),
        named: format!("it names {}", names.join(" and ")),
        known: known(candidates),
        nearest: full_names,
    }
}
