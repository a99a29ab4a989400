//! The functions of a `CloudFormation` template, the binaries that they run, and where the embedded cloud finds them.

use std::path::Path;

use devloop_cloud::{Resource, Template};
use serde_json::Value;

use crate::engine::Problem;
use crate::error::suggestion;

/// A function resource and its binary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FunctionCode {
    /// The resource's logical id in the template.
    pub(crate) logical_id: String,
    /// The name of the binary it runs.
    pub(crate) binary: String,
    /// The processor that it runs on, by the stack's name.
    pub(crate) architecture: String,
    /// The runtime that it runs in, if the template names it.
    pub(crate) runtime: Option<String>,
}

/// Why a template's functions cannot be served.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TemplateError {
    /// A function's code names no binary of the workspace.
    #[error(
        "find the binary of the template's function {logical_id}: it names {named}, and the workspace has {known}"
    )]
    NoBinary {
        /// The resource.
        logical_id: String,
        /// What its code is called.
        named: String,
        /// The binaries there are.
        known: String,
        /// The nearest of them.
        suggestion: Option<String>,
    },
}

impl TemplateError {
    /// The same for programs and people.
    pub(crate) fn problem(&self) -> Problem {
        let message = self.to_string();
        match self {
            Self::NoBinary { suggestion, .. } => {
                let problem = Problem::new("template_function_unknown", message);
                match suggestion {
                    Some(name) => problem.with_hint(format!("did you mean `{name}`?")),
                    None => problem,
                }
            }
        }
    }
}

/// The template's functions with their binaries.
///
/// A function finds its binary by the last segment of its hot-reload key, by its asset's path, or by its logical id.
pub(crate) fn function_codes(
    template: &Template,
    binaries: &[&str],
) -> Result<Vec<FunctionCode>, TemplateError> {
    template
        .resources()
        .filter(|(_, resource)| is_binary_function(resource))
        .map(|(logical_id, resource)| {
            let names = names(logical_id, resource);
            let binary = names.iter().find_map(|name| binaries.iter().find(|binary| **binary == name));
            let binary = binary.or_else(|| by_logical_id(logical_id, binaries));
            match binary {
                Some(binary) => {
                    let property = |name: &str| resource.properties().get(name);
                    let architecture = property("Architectures").and_then(|list| list.get(0)?.as_str());
                    Ok(FunctionCode {
                        logical_id: logical_id.to_owned(),
                        binary: (*binary).to_owned(),
                        // Lambda's own default.
                        architecture: architecture.unwrap_or("x86_64").to_owned(),
                        runtime: property("Runtime").and_then(Value::as_str).map(str::to_owned),
                    })
                }
                None => Err(no_binary(logical_id, &names, binaries)),
            }
        })
        .collect()
}

/// Points each function at its directory below `dist`, in the form that marks code to be reloaded.
pub(crate) fn serve_from(template: &mut Template, functions: &[FunctionCode], dist: &Path) {
    for function in functions {
        template.run_from(&function.logical_id, &dist.join(&function.binary).to_string_lossy());
    }
}

/// Functions of a managed language, such as CDK's helpers in JavaScript, are the cloud's to accept or refuse.
fn is_binary_function(resource: &Resource) -> bool {
    let runtime = resource.properties().get("Runtime").and_then(Value::as_str);
    resource.kind() == "AWS::Lambda::Function"
        && runtime.is_none_or(|runtime| runtime.starts_with("provided"))
}

fn names(logical_id: &str, resource: &Resource) -> Vec<String> {
    let code = resource.properties().get("Code");
    let hot = code.is_some_and(|code| code["S3Bucket"] == "hot-reload");
    let key = code.filter(|_| hot).and_then(|code| last_text(&code["S3Key"]));
    let asset = resource.metadata().get("aws:asset:path").and_then(Value::as_str);
    let mut names: Vec<String> = key.into_iter().chain(asset).filter_map(last_segment).collect();
    if names.is_empty() {
        names.push(logical_id.to_owned());
    }
    names
}

/// A key may be put together by `Fn::Join` or `Fn::Sub`; its end is what counts.
fn last_text(value: &Value) -> Option<&str> {
    match value {
        Value::String(text) => Some(text),
        Value::Array(items) => items.iter().rev().find_map(last_text),
        Value::Object(call) => call.get("Fn::Join").or_else(|| call.get("Fn::Sub")).and_then(last_text),
        _ => None,
    }
}

/// The name of a directory or of a zip file.
fn last_segment(path: &str) -> Option<String> {
    let last = path.trim_end_matches('/').rsplit('/').next()?;
    let name = last.strip_suffix(".zip").unwrap_or(last);
    (!name.is_empty()).then(|| name.to_owned())
}

/// CDK writes `MidstreamFunction7F3A91C2` for a construct called midstream.
fn by_logical_id<'a, 'b>(logical_id: &str, binaries: &'a [&'b str]) -> Option<&'a &'b str> {
    const HASH_LENGTH: usize = 8;
    let is_hash = |tail: &str| tail.chars().all(|character| character.is_ascii_hexdigit());
    let split = logical_id.len().checked_sub(HASH_LENGTH).filter(|at| logical_id.is_char_boundary(*at));
    let readable = match split.map(|at| logical_id.split_at(at)) {
        Some((readable, tail)) if is_hash(tail) && !readable.is_empty() => readable,
        _ => logical_id,
    };
    let plain = |name: &str| name.replace(['-', '_'], "").to_lowercase();
    let readable = plain(readable);
    let candidates: Vec<&str> = ["function", "lambda", "handler"]
        .iter()
        .filter_map(|suffix| readable.strip_suffix(suffix))
        .chain([readable.as_str()])
        .collect();
    binaries.iter().find(|binary| candidates.contains(&plain(binary).as_str()))
}

fn no_binary(logical_id: &str, names: &[String], binaries: &[&str]) -> TemplateError {
    let nearest = names.iter().find_map(|name| suggestion(name, binaries.iter().copied()));
    TemplateError::NoBinary {
        logical_id: logical_id.to_owned(),
        named: names.join(" and "),
        known: if binaries.is_empty() { "none".to_owned() } else { binaries.join(", ") },
        suggestion: nearest.map(str::to_owned),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use devloop_cloud::Template;
    use serde_json::{Value, json};

    use super::{function_codes, serve_from};

    const BINARIES: [&str; 3] = ["downstream", "midstream", "up-stream"];

    fn template(logical_id: &str, function: &Value) -> Template {
        let mut resource = function.clone();
        resource["Type"] = json!("AWS::Lambda::Function");
        let document =
            json!({ "Resources": { logical_id: resource, "Table": { "Type": "AWS::DynamoDB::Table" } } });
        Template::parse(&document.to_string()).unwrap()
    }

    fn check(logical_id: &str, function: &Value, expected: Result<&[&str], &str>) {
        let found = function_codes(&template(logical_id, function), &BINARIES);
        let binaries = found.map(|codes| codes.into_iter().map(|code| code.binary).collect::<Vec<_>>());
        match expected {
            Ok(expected) => assert_eq!(binaries.unwrap(), expected, "{logical_id} {function}"),
            Err(hint) => assert_eq!(binaries.unwrap_err().problem().hint.unwrap_or_default(), hint),
        }
    }

    #[test]
    fn a_hot_reload_key_names_the_binary() {
        let with =
            |key: Value| json!({ "Properties": { "Code": { "S3Bucket": "hot-reload", "S3Key": key } } });
        check("F", &with(json!("/abs/dist/midstream")), Ok(&["midstream"]));
        check("F", &with(json!("/abs/dist/midstream/")), Ok(&["midstream"]));
        check(
            "F",
            &with(json!({ "Fn::Join": ["/", ["/abs", { "Ref": "X" }, "midstream"]] })),
            Ok(&["midstream"]),
        );
        check("F", &with(json!({ "Fn::Sub": "${Dist}/midstream" })), Ok(&["midstream"]));
        check("F", &with(json!("/abs/dist/midstrem")), Err("did you mean `midstream`?"));
    }

    #[test]
    fn an_asset_path_names_the_binary() {
        let with = |path: &str| {
            json!({
                "Properties": { "Code": { "S3Bucket": "cdk-assets", "S3Key": "0123.zip" } },
                "Metadata": { "aws:asset:path": path },
            })
        };
        check("F", &with("../target/lambda/midstream"), Ok(&["midstream"]));
        check("F", &with("midstream.zip"), Ok(&["midstream"]));
        check("Midstream", &with("asset.0123"), Ok(&["midstream"]));
    }

    #[test]
    fn a_logical_id_names_the_binary() {
        let none = json!({});
        check("midstream", &none, Ok(&["midstream"]));
        check("MidstreamFunction7F3A91C2", &none, Ok(&["midstream"]));
        check("UpStreamLambda0A1B2C3D", &none, Ok(&["up-stream"]));
        check("Processor", &none, Err(""));
    }

    #[test]
    fn a_function_of_a_managed_language_is_left_alone() {
        check("Helper", &json!({ "Properties": { "Runtime": "nodejs22.x" } }), Ok(&[]));
        check("midstream", &json!({ "Properties": { "Runtime": "provided.al2023" } }), Ok(&["midstream"]));
    }

    #[test]
    fn functions_are_served_from_their_directories() {
        let mut template =
            template("midstream", &json!({ "Properties": { "Code": { "S3Key": "x" }, "Timeout": 3 } }));
        let functions = function_codes(&template, &BINARIES).unwrap();
        serve_from(&mut template, &functions, Path::new("/abs/dist"));
        let (_, function) = template.resources().find(|(id, _)| *id == "midstream").unwrap();
        let properties = function.properties();
        assert_eq!(properties["Code"], json!({ "S3Bucket": "hot-reload", "S3Key": "/abs/dist/midstream" }));
        assert_eq!(properties["Timeout"], 3);
    }
}
