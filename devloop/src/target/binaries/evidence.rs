//! The names in a template that point to a function's binary, the surest first.

use std::path::{Component, Path, PathBuf};

use devloop_cloud::Resource;
use serde_json::Value;

use super::Candidate;
use super::words::{Fit, fit};

/// Handler names that mean nothing: `provided` runtimes have one program and no handler.
const NO_HANDLERS: [&str; 8] = [
    "bootstrap",
    "doesnt.matter",
    "handler",
    "hello.handler",
    "main",
    "not.required",
    "rust.handler",
    "provided",
];

/// Names of binaries that mean nothing, so that the package's name counts.
const NO_BINARIES: [&str; 3] = ["bootstrap", "main", "lambda"];

/// A name, and how well a binary has to fit it.
#[derive(Debug, PartialEq, Eq)]
struct Name {
    text: String,
    least: Fit,
}

/// What a template says about a function.
#[derive(Debug)]
pub(super) struct Evidence {
    /// The directory of the code, where it is one on this machine.
    directory: Option<PathBuf>,
    names: Vec<Name>,
}

impl Evidence {
    /// Collects the names in `resource`. `folder` is the template's folder.
    pub(super) fn of(logical_id: &str, resource: &Resource, folder: &Path) -> Self {
        let property = |name: &str| resource.properties().get(name);
        let metadata = |path: &str| resource.metadata().pointer(path).and_then(Value::as_str);
        let code = property("Code");
        let hot = code.is_some_and(|code| code["S3Bucket"] == "hot-reload");
        let key = code.filter(|_| hot).and_then(|code| last_text(&code["S3Key"]));
        let asset = metadata("/aws:asset:path");
        let mut names = Vec::new();
        let mut name = |text: Option<String>, least: Fit| {
            names.extend(text.filter(|text| !text.is_empty()).map(|text| Name { text, least }));
        };
        name(key.and_then(last_segment), Fit::Same);
        name(metadata("/BuildProperties/Binary").map(str::to_owned), Fit::Same);
        name(asset.and_then(last_segment), Fit::Same);
        name(property("FunctionName").and_then(last_text).and_then(last_segment), Fit::Part);
        let handler = property("Handler").and_then(Value::as_str);
        name(handler.filter(|handler| !NO_HANDLERS.contains(handler)).map(str::to_owned), Fit::Same);
        name(metadata("/aws:cdk:path").and_then(construct), Fit::Part);
        name(metadata("/SamResourceId").map(str::to_owned), Fit::Part);
        name(Some(without_hash(logical_id).to_owned()), Fit::Part);
        let directory = asset.map(|asset| straight(&folder.join(asset)));
        Self { directory, names }
    }

    /// All names, for a message.
    pub(super) fn names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.names.iter().map(|name| name.text.as_str()).collect();
        names.dedup();
        names
    }

    /// The binary that fits best, if only one does.
    pub(super) fn best<'c>(&self, candidates: &'c [Candidate]) -> Option<&'c Candidate> {
        for name in &self.names {
            for least in [Fit::Equal, Fit::Same, Fit::Part] {
                if least >= name.least
                    && let Some(found) = self.only(candidates, |it| fits(it, &name.text) >= Some(least))
                {
                    return Some(found);
                }
            }
        }
        // The package that the code is in has one function.
        self.only(candidates, |_| true).filter(|candidate| self.is_in(candidate))
    }

    /// The binaries that fit at least one name.
    pub(super) fn alike<'c>(&self, candidates: &'c [Candidate]) -> impl Iterator<Item = &'c Candidate> {
        candidates.iter().filter(|it| self.names.iter().any(|name| fits(it, &name.text).is_some()))
    }

    /// The only binary for which `wanted` holds: in the directory of the code, or else anywhere.
    fn only<'c>(
        &self,
        candidates: &'c [Candidate],
        wanted: impl Fn(&Candidate) -> bool,
    ) -> Option<&'c Candidate> {
        let one = |in_directory: bool| {
            let mut found = candidates.iter().filter(|it| (!in_directory || self.is_in(it)) && wanted(it));
            let first = found.next()?;
            found.next().is_none().then_some(first)
        };
        one(true).or_else(|| one(false))
    }

    fn is_in(&self, candidate: &Candidate) -> bool {
        self.directory.as_ref().is_some_and(|directory| *directory == candidate.directory)
    }
}

/// How well a binary fits a name: by its own name, or by its package's where the binary's own means nothing.
fn fits(candidate: &Candidate, name: &str) -> Option<Fit> {
    let own = [&candidate.name, &candidate.binary].map(|it| fit(it, name)).into_iter().max().flatten();
    let by_package =
        NO_BINARIES.contains(&candidate.binary.as_str()) || candidate.package == candidate.binary;
    let package = by_package.then(|| fit(&candidate.package, name)).flatten();
    own.max(package)
}

/// A text may be put together by `Fn::Join` or `Fn::Sub`; its end is what counts.
pub(super) fn last_text(value: &Value) -> Option<&str> {
    match value {
        Value::String(text) => Some(text),
        Value::Array(items) => items.iter().rev().find_map(last_text),
        Value::Object(call) => call.get("Fn::Join").or_else(|| call.get("Fn::Sub")).and_then(last_text),
        _ => None,
    }
}

/// The name of a directory or of a zip file. `None` for an asset's digest, for the folder itself, and for cargo's own folders.
fn last_segment(path: &str) -> Option<String> {
    let path = path.trim_end_matches('/');
    let last = path.rsplit(['/', '}']).next()?.trim_start_matches('-');
    let name = last.strip_suffix(".zip").unwrap_or(last);
    let digest = name.strip_prefix("asset.").unwrap_or(name);
    let is_digest =
        name.starts_with("asset.") || digest.len() >= 32 && digest.bytes().all(|b| b.is_ascii_hexdigit());
    let says_nothing =
        ["", ".", "..", "bootstrap", "src", "target", "release", "debug", "dist"].contains(&name);
    (!is_digest && !says_nothing).then(|| name.to_owned())
}

/// The construct's own id in the CDK's path, such as `GetUser` in `Stack/Api/GetUser/Resource`.
fn construct(path: &str) -> Option<String> {
    path.trim_end_matches("/Resource").rsplit('/').next().map(str::to_owned)
}

/// The logical id without the CDK's hash: `MidstreamFunction` of `MidstreamFunction7F3A91C2`.
fn without_hash(logical_id: &str) -> &str {
    const LENGTH: usize = 8;
    let split = logical_id.len().checked_sub(LENGTH).filter(|at| *at > 0 && logical_id.is_char_boundary(*at));
    match split.map(|at| logical_id.split_at(at)) {
        Some((readable, hash)) if hash.bytes().all(|b| b.is_ascii_digit() || (b'A'..=b'F').contains(&b)) => {
            readable
        }
        _ => logical_id,
    }
}

/// The path without `.` and `..`.
pub(super) fn straight(path: &Path) -> PathBuf {
    let mut straight = PathBuf::new();
    for component in path.components() {
        match component {
            Component::ParentDir => {
                straight.pop();
            }
            Component::CurDir => {}
            other => straight.push(other),
        }
    }
    straight
}
