//! What a deployment would change in a stack.

use std::collections::BTreeMap;

use devloop_cloud::ResourceChange;
use serde_json::{Map, Value};

use super::assembly::{Stack, read_json};
use super::cloud::{Cloud, failed};
use super::stack::{Order, counted, plan};
use crate::error::UserError;

/// The most paths that are told of one property.
const MOST_PATHS: usize = 12;

/// The differences between a stack and its template, each a line; none if they are the same. The files that the stack needs have
/// been uploaded.
pub(super) async fn differences(cloud: &Cloud, stack: &Stack) -> Result<Vec<String>, UserError> {
    let what = format!("compare the stack {}", stack.name);
    let after = read_json(&stack.template)?;
    let before = cloud.stack(&stack.region, &stack.name).await.map_err(failed(&what))?;
    let before =
        before.filter(|stack| !["REVIEW_IN_PROGRESS", "ROLLBACK_COMPLETE"].contains(&stack.status()));
    let Some(before) = before else {
        let mut lines = added(&after);
        lines.extend(sections(&Value::Null, &after));
        return Ok(lines);
    };
    let given = [("StackName", stack.name.as_str()), ("TemplateStage", "Original")];
    let answer = cloud.formation(&stack.region, "GetTemplate", &given).await.map_err(failed(&what))?;
    let template = serde_json::from_str(answer["TemplateBody"].as_str().unwrap_or_default());
    let order = Order::of(cloud, stack)?;
    let mut lines = Vec::new();
    if let Some(planned) = plan(cloud, &order, Some(&before)).await? {
        lines.extend(planned.changes.iter().filter_map(line));
        planned.discard(cloud, &stack.region).await;
    }
    // A template in YAML was not written by a CDK app, and only its resources are compared.
    if let Ok(before) = template {
        lines.extend(sections(&before, &after));
    }
    Ok(lines)
}

/// The lines about one stack, with a headline.
pub(super) fn shown(stack: &Stack, lines: &[String]) -> String {
    if lines.is_empty() {
        return format!("stack      {}: no changes\n", stack.name);
    }
    let mut text = format!("stack      {}: {}\n", stack.name, counted(lines.len(), "difference"));
    for line in lines {
        text.push_str(&format!("           {line}\n"));
    }
    text
}

/// The resources of a stack that is not there yet.
fn added(template: &Value) -> Vec<String> {
    let resources = template["Resources"].as_object().into_iter().flatten();
    resources
        .map(|(logical, resource)| {
            format!("{logical} ({}) added", resource["Type"].as_str().unwrap_or_default())
        })
        .collect()
}

/// A change of a resource, as a member of a change set's `Changes` tells of it. Where a property is a document, the paths in it that
/// differ are told.
fn line(told: &Value) -> Option<String> {
    let mut change = ResourceChange::of(told)?;
    let details = told["ResourceChange"]["Details"].as_array().into_iter().flatten();
    let targets: BTreeMap<&str, &Value> =
        details.filter_map(|detail| Some((detail["Target"]["Name"].as_str()?, &detail["Target"]))).collect();
    for property in &mut change.properties {
        let document = |name: &str, member: &str| -> Option<Value> {
            let value: Value = serde_json::from_str(targets.get(name)?[member].as_str()?).ok()?;
            (value.is_object() || value.is_array()).then_some(value)
        };
        let both = document(property, "BeforeValue").zip(document(property, "AfterValue"));
        if let Some((before, after)) = both {
            let mut paths = Vec::new();
            differing(property, &before, &after, &mut paths);
            let more = paths.len().saturating_sub(MOST_PATHS);
            paths.truncate(MOST_PATHS);
            if more > 0 {
                paths.push(format!("{more} more in {property}"));
            }
            *property = paths.join(", ");
        }
    }
    Some(change.to_string())
}

/// The paths of the values in which two documents differ.
fn differing(path: &str, before: &Value, after: &Value, paths: &mut Vec<String>) {
    match (before, after) {
        (Value::Object(old), Value::Object(new)) => {
            for name in old.keys().chain(new.keys().filter(|name| !old.contains_key(*name))) {
                match (old.get(name), new.get(name)) {
                    (Some(old), Some(new)) => differing(&format!("{path}.{name}"), old, new, paths),
                    _ => paths.push(format!("{path}.{name}")),
                }
            }
        }
        (Value::Array(old), Value::Array(new)) if old.len() == new.len() => {
            for (at, (old, new)) in old.iter().zip(new).enumerate() {
                differing(&format!("{path}[{at}]"), old, new, paths);
            }
        }
        _ if before != after => paths.push(path.to_owned()),
        _ => {}
    }
}

/// What differs beside the resources: each output, parameter and the like by its name.
fn sections(before: &Value, after: &Value) -> Vec<String> {
    let mut lines = Vec::new();
    for (section, noun) in [
        ("Outputs", "output"),
        ("Parameters", "parameter"),
        ("Conditions", "condition"),
        ("Mappings", "mapping"),
    ] {
        let members = |template: &Value| -> Map<String, Value> {
            template[section].as_object().cloned().unwrap_or_default()
        };
        let (old, new) = (members(before), members(after));
        for name in old.keys().chain(new.keys().filter(|name| !old.contains_key(*name))) {
            let did = match (old.get(name), new.get(name)) {
                (None, _) => "added",
                (_, None) => "removed",
                (old, new) if old != new => "changed",
                _ => continue,
            };
            lines.push(format!("{noun} {name} {did}"));
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_change_is_told_with_the_paths_that_differ() {
        let check = |name: &str, before: &Value, after: &Value, expected: &str| {
            let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            let told = json!({ "ResourceChange": {
                "Action": "Modify", "Replacement": "False", "LogicalResourceId": "F", "ResourceType": "T",
                "Details": [{ "Target": { "Name": name, "BeforeValue": text(before), "AfterValue": text(after) } }],
            } });
            assert_eq!(line(&told).as_deref(), Some(expected));
        };
        check("Delay", &json!("1"), &json!("2"), "F (T) changed: Delay 1 → 2");
        check(
            "Environment",
            &json!({ "Variables": { "A": "1", "B": "2", "C": "3" } }),
            &json!({ "Variables": { "A": "1", "B": "x", "D": "4" } }),
            "F (T) changed: Environment.Variables.B, Environment.Variables.C, Environment.Variables.D",
        );
        check("Tags", &json!([{ "Value": "1" }]), &json!([{ "Value": "2" }]), "F (T) changed: Tags[0].Value");
        check("Tags", &json!([1]), &json!([1, 2]), "F (T) changed: Tags");
        let many = |value: u32| (0..20).map(|at| (format!("v{at:02}"), json!(value))).collect::<Map<_, _>>();
        let told =
            "V.v00, V.v01, V.v02, V.v03, V.v04, V.v05, V.v06, V.v07, V.v08, V.v09, V.v10, V.v11, 8 more in V";
        check("V", &many(1).into(), &many(2).into(), &format!("F (T) changed: {told}"));
    }

    #[test]
    fn what_is_not_a_resource_is_told_by_its_name() {
        let before = json!({ "Outputs": { "A": { "Value": 1 }, "B": { "Value": 1 }, "D": { "Value": 1 } } });
        let after = json!({
            "Outputs": { "A": { "Value": 1 }, "B": { "Value": 2 }, "C": { "Value": 1 } },
            "Parameters": { "P": { "Type": "String" } },
        });
        let expected = ["output B changed", "output D removed", "output C added", "parameter P added"];
        assert_eq!(sections(&before, &after), expected);
        let template = json!({ "Resources": { "Q": { "Type": "AWS::SQS::Queue" } } });
        assert_eq!(added(&template), ["Q (AWS::SQS::Queue) added"]);
        let stack = Stack { name: "s".to_owned(), ..Stack::default() };
        assert_eq!(shown(&stack, &[]), "stack      s: no changes\n");
        assert_eq!(
            shown(&stack, &added(&template)),
            "stack      s: 1 difference\n           Q (AWS::SQS::Queue) added\n"
        );
    }
}
