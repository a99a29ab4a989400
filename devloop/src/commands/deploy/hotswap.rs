//! New code for functions without an operation of their stack, where nothing else has changed.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::assembly::{Stack, read_json};
use super::cloud::{Cloud, Object, failed, members};
use super::placeholders::Place;
use super::say;
use crate::bus;
use crate::error::UserError;

/// The type of functions.
const FUNCTION: &str = "AWS::Lambda::Function";

/// The type of a resource that changes with the library's version and makes nothing.
const NOTHING: &str = "AWS::CDK::Metadata";

/// How a template differs from that of the stack.
#[derive(Debug, PartialEq, Eq)]
enum Difference {
    /// Only in the code of functions: each by its id in the template. None of them if nothing differs.
    Code(BTreeMap<String, Object>),
    /// Also in these respects.
    More(Vec<String>),
}

/// What came of a try.
pub(super) enum Hotswap {
    /// These functions have their new code; the stack's template stays as it was.
    Done(usize),
    /// An operation of the stack is needed, for this reason.
    Impossible(String),
}

/// Gives the stack's functions their new code, which has been uploaded, if nothing else differs.
pub(super) async fn hotswap(cloud: &Cloud, stack: &Stack) -> Result<Hotswap, UserError> {
    let what = format!("exchange code of the stack {}", stack.name);
    let region = stack.region.as_str();
    let Some(deployed) = cloud.stack(region, &stack.name).await.map_err(failed(&what))? else {
        return Ok(Hotswap::Impossible("it is not deployed yet".to_owned()));
    };
    if !deployed.status().ends_with("_COMPLETE") || deployed.status() == "ROLLBACK_COMPLETE" {
        return Ok(Hotswap::Impossible(format!("its state is {}", deployed.status())));
    }
    let given = [("StackName", stack.name.as_str()), ("TemplateStage", "Original")];
    let answer = cloud.formation(region, "GetTemplate", &given).await.map_err(failed(&what))?;
    let Ok(before) = serde_json::from_str(answer["TemplateBody"].as_str().unwrap_or_default()) else {
        return Ok(Hotswap::Impossible("its template was not written by a CDK app".to_owned()));
    };
    let place = Place { account: &cloud.account, region };
    let swapped = match difference(&before, &read_json(&stack.template)?, place) {
        Difference::Code(swapped) => swapped,
        Difference::More(respects) => {
            return Ok(Hotswap::Impossible(format!("more than code differs: {}", respects.join(", "))));
        }
    };
    if swapped.is_empty() {
        return Ok(Hotswap::Done(0));
    }
    let given = [("StackName", stack.name.as_str())];
    let resources = cloud.formation(region, "DescribeStackResources", &given).await.map_err(failed(&what))?;
    let names: BTreeMap<&str, &str> = members(&resources["StackResources"])
        .filter_map(|one| Some((one["LogicalResourceId"].as_str()?, one["PhysicalResourceId"].as_str()?)))
        .collect();
    for (logical, object) in &swapped {
        let Some(name) = names.get(logical.as_str()) else {
            return Ok(Hotswap::Impossible(format!("the stack does not have {logical}")));
        };
        let began = bus::now();
        cloud.update_code(region, name, object).await?;
        say(&format!("           {name} ({FUNCTION}) has its new code, in {} ms", bus::now() - began));
    }
    Ok(Hotswap::Done(swapped.len()))
}

/// Compares two templates.
fn difference(before: &Value, after: &Value, place: Place<'_>) -> Difference {
    let mut respects = Vec::new();
    let mut swapped = BTreeMap::new();
    let none = Map::new();
    let sections = |template: &Value| template.as_object().cloned().unwrap_or_default();
    let (old, new) = (sections(before), sections(after));
    for section in old.keys().chain(new.keys().filter(|name| !old.contains_key(*name))) {
        if section != "Resources" && old.get(section) != new.get(section) {
            respects.push(section.clone());
        }
    }
    let resources = |template: &'_ Map<String, Value>| {
        let all = template.get("Resources").and_then(Value::as_object).unwrap_or(&none).clone();
        all.into_iter().filter(|(_, resource)| resource["Type"] != NOTHING).collect::<Map<_, _>>()
    };
    let (old, new) = (resources(&old), resources(&new));
    for logical in old.keys().chain(new.keys().filter(|name| !old.contains_key(*name))) {
        let kind = [&old, &new].into_iter().find_map(|all| all.get(logical)?["Type"].as_str());
        let told = format!("{logical} ({})", kind.unwrap_or_default());
        let (Some(old), Some(new)) = (old.get(logical), new.get(logical)) else {
            respects.push(told);
            continue;
        };
        if without_code(old) != without_code(new) {
            respects.push(told);
        } else if old["Properties"]["Code"] != new["Properties"]["Code"] {
            match object(&new["Properties"]["Code"], place) {
                Some(object) => drop(swapped.insert(logical.clone(), object)),
                None => respects.push(told),
            }
        }
    }
    if respects.is_empty() { Difference::Code(swapped) } else { Difference::More(respects) }
}

/// The resource without what may differ: metadata, and a function's code.
fn without_code(resource: &Value) -> Value {
    let mut resource = resource.clone();
    if let Some(members) = resource.as_object_mut() {
        members.remove("Metadata");
    }
    if resource["Type"] == FUNCTION
        && let Some(properties) = resource["Properties"].as_object_mut()
    {
        properties.remove("Code");
    }
    resource
}

/// The object that a function's code is in, if its place is a text, or one with the account and the region in it.
fn object(code: &Value, place: Place<'_>) -> Option<Object> {
    let text = |value: &Value| {
        let text = value.as_str().or_else(|| value.as_object()?.get("Fn::Sub")?.as_str())?;
        let text = place.fill(text);
        (!text.contains("${")).then_some(text)
    };
    let only_place = code.as_object()?.len() == 2;
    let object = Object { bucket: text(&code["S3Bucket"])?, key: text(&code["S3Key"])? };
    only_place.then_some(object)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const PLACE: Place<'_> = Place { account: "000000000000", region: "us-east-1" };

    fn template(key: &str, timeout: u32, delay: u32) -> Value {
        json!({
            "Parameters": { "BootstrapVersion": { "Type": "String" } },
            "Resources": {
                "F": {
                    "Type": "AWS::Lambda::Function",
                    "Properties": {
                        "Code": { "S3Bucket": { "Fn::Sub": "b-${AWS::AccountId}" }, "S3Key": key }, "Timeout": timeout,
                    },
                    "Metadata": { "aws:asset:path": format!("asset.{key}") },
                },
                "Q": { "Type": "AWS::SQS::Queue", "Properties": { "DelaySeconds": delay } },
                "CDKMetadata": { "Type": "AWS::CDK::Metadata", "Properties": { "Analytics": key } },
            },
        })
    }

    #[test]
    fn only_a_difference_in_code_can_be_exchanged() {
        let check = |after: &Value, expected: Difference| {
            assert_eq!(difference(&template("1.zip", 3, 0), after, PLACE), expected, "{after}");
        };
        let more = |names: &[&str]| Difference::More(names.iter().map(|&name| name.to_owned()).collect());
        check(&template("1.zip", 3, 0), Difference::Code(BTreeMap::new()));
        let object = Object { bucket: "b-000000000000".to_owned(), key: "2.zip".to_owned() };
        check(&template("2.zip", 3, 0), Difference::Code(BTreeMap::from([("F".to_owned(), object)])));
        check(&template("2.zip", 4, 0), more(&["F (AWS::Lambda::Function)"]));
        check(&template("2.zip", 3, 1), more(&["Q (AWS::SQS::Queue)"]));
        let mut changed = template("2.zip", 3, 0);
        changed["Outputs"] = json!({ "Name": { "Value": "x" } });
        changed["Resources"]["New"] = json!({ "Type": "AWS::SNS::Topic" });
        changed["Resources"].as_object_mut().unwrap().remove("Q");
        check(&changed, more(&["Outputs", "Q (AWS::SQS::Queue)", "New (AWS::SNS::Topic)"]));
    }

    #[test]
    fn code_whose_place_is_not_known_before_needs_an_operation() {
        let check = |code: Value| {
            let mut after = template("1.zip", 3, 0);
            after["Resources"]["F"]["Properties"]["Code"] = code;
            let respects = vec!["F (AWS::Lambda::Function)".to_owned()];
            assert_eq!(difference(&template("1.zip", 3, 0), &after, PLACE), Difference::More(respects));
        };
        check(json!({ "ZipFile": "text" }));
        check(json!({ "S3Bucket": { "Ref": "Bucket" }, "S3Key": "2.zip" }));
        check(json!({ "S3Bucket": { "Fn::Sub": "b-${Other}" }, "S3Key": "2.zip" }));
        check(json!({ "S3Bucket": "b", "S3Key": "2.zip", "S3ObjectVersion": "1" }));
    }
}
