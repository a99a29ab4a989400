//! Compares the transform with AWS's own, `aws-sam-translator`, on the templates in `tests/sam`.
//!
//! These differences are removed before the comparison:
//! - The ids and descriptions of deployments, because AWS computes digests of its Python program's own text of the
//!   document.
//! - The order of lists that are sets: managed policies, policies, tags, and dependencies.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use serde_json::Value;

use super::super::{Given, transformed};
use crate::template::read::Source;

fn folder() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sam")
}

/// The result of AWS's transform for each template.
fn of_aws() -> BTreeMap<String, Value> {
    let script = folder().join("transform.py");
    let output = test_tools::python(&["samtranslator"]).args([&script, &folder()]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines()
        .map(|line| {
            let mut line: Value = serde_json::from_str(line).unwrap();
            (line["name"].as_str().unwrap().to_owned(), line["document"].take())
        })
        .collect()
}

fn ours(text: &str) -> Result<Value, String> {
    let (_, document) = Source::read(text).unwrap();
    transformed(document, &Given::default()).map_err(|error| error.to_string())
}

/// Removes what may differ from the document.
fn plain(value: &mut Value, key: &str) {
    match value {
        Value::Array(items) => {
            for item in items.iter_mut() {
                plain(item, key);
            }
            if ["ManagedPolicyArns", "Policies", "Tags", "DependsOn", "tags"].contains(&key) {
                items.sort_by_key(ToString::to_string);
            }
        }
        Value::Object(members) => {
            let old = std::mem::take(members);
            for (name, mut member) in old {
                plain(&mut member, &name);
                members.insert(without_digest(&name), member);
            }
        }
        Value::String(text) => {
            *text = without_digest(text);
            if text.starts_with("RestApi deployment id: ") {
                "RestApi deployment id".clone_into(text);
            }
        }
        _ => {}
    }
}

fn without_digest(text: &str) -> String {
    match text.rsplit_once("Deployment") {
        Some((id, digest)) if digest.len() == 10 && digest.bytes().all(|b| b.is_ascii_hexdigit()) => {
            format!("{id}DeploymentDIGEST")
        }
        _ => text.to_owned(),
    }
}

#[test]
fn every_resource_is_as_aws_transforms_it() {
    let expected = of_aws();
    assert!(expected.len() >= 8, "{:?}", expected.keys());
    let mut wrong = Vec::new();
    for (name, mut expected) in expected {
        assert!(expected.get("error").is_none(), "{name}: AWS refuses it: {expected}");
        let text = std::fs::read_to_string(folder().join(format!("{name}.yaml"))).unwrap();
        let mut found = match ours(&text) {
            Ok(found) => found,
            Err(error) => {
                wrong.push(format!("{name}: {error}"));
                continue;
            }
        };
        plain(&mut expected, "");
        plain(&mut found, "");
        for section in ["Resources", "Outputs", "Conditions"] {
            let members = |document: &Value| document[section].as_object().cloned().unwrap_or_default();
            let (expected, found) = (members(&expected), members(&found));
            let ids: BTreeSet<&String> = expected.keys().chain(found.keys()).collect();
            for id in ids {
                let (expected, found) = (expected.get(id), found.get(id));
                if expected != found {
                    let show = |value: Option<&Value>| value.map_or("nothing".to_owned(), Value::to_string);
                    wrong.push(format!(
                        "{name}: {section}.{id}\n  AWS:  {}\n  ours: {}",
                        show(expected),
                        show(found)
                    ));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn unsupported_features_are_refused_by_name() {
    let check = |resource: &str, expected: &str| {
        let text = format!("Transform: AWS::Serverless-2016-10-31\nResources:\n  X: {resource}\n");
        let expected = format!("resource `X`: the transform AWS::Serverless-2016-10-31: {expected}");
        assert_eq!(ours(&text).unwrap_err(), expected, "{resource}");
    };
    check(
        "{Type: AWS::Serverless::StateMachine}",
        "AWS::Serverless::StateMachine is not supported; there are Api, Connector, Function, HttpApi, LayerVersion and SimpleTable",
    );
    let function =
        |properties: &str| format!("{{Type: AWS::Serverless::Function, Properties: {{{properties}}}}}");
    check(
        &function("DeploymentPreference: {Type: AllAtOnce}"),
        "DeploymentPreference needs CodeDeploy, which is not supported; leave it out here with a condition",
    );
    check(
        &function("Events: {E: {Type: MSK, Properties: {}}}"),
        "the event E: the type `MSK` is not supported",
    );
    check(
        &function("Policies: [{SQSPolerPolicy: {QueueName: q}}]"),
        "there is no policy template `SQSPolerPolicy`; near it are SQSPollerPolicy",
    );
    check(
        &function("Policies: [{SQSPollerPolicy: {}}]"),
        "the policy template SQSPollerPolicy needs QueueName",
    );
    check(&function("Events: {E: {Type: SQS}}"), "the event E: Queue is missing");
    check("{Type: AWS::Serverless::Api}", "StageName is missing");
    check(
        "{Type: AWS::Serverless::SimpleTable, Properties: {Name: t}}",
        "the property Name is not supported; there are PointInTimeRecoverySpecification, PrimaryKey, ProvisionedThroughput, \
         SSESpecification, TableName, Tags",
    );
}

#[test]
fn code_on_this_machine_is_named_in_the_metadata() {
    let found = ours(
        "Transform: AWS::Serverless-2016-10-31\nResources: {F: {Type: AWS::Serverless::Function, Properties: {CodeUri: ./get-user/}}}",
    )
    .unwrap();
    assert_eq!(found["Resources"]["F"]["Metadata"]["aws:asset:path"], "./get-user/");
}
