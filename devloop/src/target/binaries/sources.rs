//! Functions in JavaScript and Python: where their sources lie on this machine, so that an edit is live without a build.

use std::path::{Path, PathBuf};

use devloop_cloud::{Resource, Template, is_interpreted};
use serde_json::Value;

use super::evidence::{last_text, straight};

/// Points each such function at the folder of its sources, in the form that marks code to be reloaded. One whose code the template
/// holds itself, or that has none on this machine, stays as it is. `folder` is the template's own.
pub(crate) fn serve_sources(template: &mut Template, folder: &Path) {
    let places: Vec<(String, PathBuf)> = template
        .resources()
        .filter(|(_, resource)| is_of_a_language(resource))
        .filter_map(|(logical_id, resource)| Some((logical_id.to_owned(), place(resource, folder)?)))
        .collect();
    for (logical_id, place) in places {
        template.run_from(&logical_id, &place.to_string_lossy());
    }
}

fn is_of_a_language(resource: &Resource) -> bool {
    let runtime = resource.properties().get("Runtime").and_then(Value::as_str);
    resource.kind() == "AWS::Lambda::Function" && runtime.is_some_and(is_interpreted)
}

/// The folder of the sources: what `sam` and the CDK write into the metadata, what `aws cloudformation package` would take, or the
/// CDK's asset of the digest that the key has.
fn place(resource: &Resource, folder: &Path) -> Option<PathBuf> {
    let code = resource.properties().get("Code").unwrap_or(&Value::Null);
    let inside = |path: &str| Some(straight(&folder.join(path))).filter(|path| path.is_dir());
    if code.get("ZipFile").is_some() || code["S3Bucket"] == "hot-reload" {
        return None;
    }
    let named =
        resource.metadata().pointer("/aws:asset:path").and_then(Value::as_str).or_else(|| code.as_str());
    if let Some(path) = named {
        return inside(path);
    }
    match code.get("S3Key") {
        Some(key) => inside(&format!("asset.{}", last_text(key)?.rsplit('/').next()?.strip_suffix(".zip")?)),
        // If the template names no folder, SAM's own tool takes the template's own.
        None => inside("."),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use serde_json::json;

    use super::*;

    #[test]
    fn sources_are_found_as_the_tools_write_where_they_are() {
        let home = tempfile::tempdir().unwrap();
        let home = home.path();
        for folder in ["hello", "asset.0123", "asset.4567"] {
            fs::create_dir_all(home.join(folder)).unwrap();
        }
        let check = |properties: Value, metadata: Value, expected: Option<&str>| {
            let function =
                json!({ "Type": "AWS::Lambda::Function", "Properties": properties, "Metadata": metadata });
            let mut template =
                Template::parse(&json!({ "Resources": { "F": function } }).to_string()).unwrap();
            serve_sources(&mut template, home);
            let (_, resource) = template.resources().next().unwrap();
            let expected = expected.map_or(
                properties["Code"].clone(),
                |folder| json!({ "S3Bucket": "hot-reload", "S3Key": straight(&home.join(folder)) }),
            );
            assert_eq!(resource.properties().get("Code").unwrap_or(&Value::Null), &expected);
        };
        let python = |code: Value| json!({ "Runtime": "python3.13", "Code": code });
        check(python(json!({})), json!({ "aws:asset:path": "./hello/" }), Some("hello"));
        check(
            python(json!({ "S3Bucket": "b", "S3Key": "k" })),
            json!({ "aws:asset:path": "asset.0123" }),
            Some("asset.0123"),
        );
        let key = json!({ "Fn::Sub": "${Prefix}/4567.zip" });
        check(python(json!({ "S3Bucket": "b", "S3Key": key })), json!({}), Some("asset.4567"));
        check(python(json!("hello")), json!({}), Some("hello"));
        check(python(json!({})), json!({}), Some("."));
        check(python(json!({ "ZipFile": "def handler(): pass" })), json!({}), None);
        check(python(json!({})), json!({ "aws:asset:path": "./gone" }), None);
        check(
            json!({ "Runtime": "provided.al2023", "Code": {} }),
            json!({ "aws:asset:path": "hello" }),
            None,
        );
    }
}
