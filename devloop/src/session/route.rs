//! The ways of an event through a pipeline, as the templates tell: who is called by whom, who writes where, who reads what.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::session::prepare::Template;
use crate::tui::Hop;

/// How many ways are looked for; a template with more is no line on a screen.
const MOST: usize = 8;

/// Every way from an entrance to an end that passes a function, in the template's names for functions.
pub(super) fn of_templates(templates: &[Template]) -> Vec<Vec<Hop>> {
    let mut ways = Vec::new();
    for template in templates {
        let binaries: BTreeMap<&str, &str> =
            template.functions.iter().map(|code| (code.logical_id.as_str(), code.binary.as_str())).collect();
        ways.extend(of_template(&template.document, &binaries));
    }
    ways.truncate(MOST);
    ways
}

fn of_template(document: &Value, binaries: &BTreeMap<&str, &str>) -> Vec<Vec<Hop>> {
    let Some(resources) = document.get("Resources").and_then(Value::as_object) else { return Vec::new() };
    let kind =
        |id: &str| resources.get(id).and_then(|resource| resource["Type"].as_str()).unwrap_or_default();
    let mut edges: BTreeSet<(&str, &str)> = BTreeSet::new();
    for (id, resource) in resources {
        let properties = &resource["Properties"];
        match kind(id) {
            "AWS::Lambda::EventSourceMapping" => {
                join(&mut edges, &properties["EventSourceArn"], &properties["FunctionName"]);
            }
            "AWS::ApiGateway::Method" => {
                join(&mut edges, &properties["RestApiId"], &properties["Integration"]);
            }
            "AWS::ApiGatewayV2::Integration" => {
                join(&mut edges, &properties["ApiId"], &properties["IntegrationUri"]);
            }
            "AWS::Lambda::Function" => {
                let used = mentioned(&properties["Environment"]);
                edges.extend(
                    used.into_iter().filter(|used| holds_events(kind(used))).map(|used| (id.as_str(), used)),
                );
            }
            _ => {}
        }
    }
    // A function that only looks something up in what feeds it is not followed back.
    let fed: BTreeSet<(&str, &str)> = edges
        .iter()
        .filter(|(from, to)| !(binaries.contains_key(from) && edges.contains(&(*to, *from))))
        .copied()
        .collect();
    let starts: BTreeSet<&str> =
        fed.iter().map(|(from, _)| *from).filter(|from| !fed.iter().any(|(_, to)| to == from)).collect();
    let mut ways = Vec::new();
    for start in starts {
        follow(start, &fed, &mut vec![start], &mut ways);
    }
    let name = |id: &&str| match binaries.get(id) {
        Some(binary) => Hop::Function((*binary).to_owned()),
        None => {
            resource_hop(id, kind(id), resources.keys().filter(|other| kind(other) == kind(id)).count() == 1)
        }
    };
    let mut named: Vec<Vec<Hop>> = ways.iter().map(|way| way.iter().map(name).collect()).collect();
    named.retain(|way: &Vec<Hop>| way.len() > 1 && way.iter().any(|hop| matches!(hop, Hop::Function(_))));
    // The longest way is the pipeline.
    named.sort_by_key(|way| std::cmp::Reverse(way.len()));
    named
}

/// Whatever one value refers to leads to whatever the other refers to.
fn join<'a>(edges: &mut BTreeSet<(&'a str, &'a str)>, from: &'a Value, to: &'a Value) {
    for from in mentioned(from) {
        edges.extend(mentioned(to).into_iter().map(|to| (from, to)));
    }
}

/// Whether a function that knows the resource passes events on to it.
fn holds_events(kind: &str) -> bool {
    ["AWS::Kinesis::Stream", "AWS::DynamoDB::Table", "AWS::SQS::Queue", "AWS::SNS::Topic", "AWS::S3::Bucket"]
        .contains(&kind)
}

/// A resource as people call it: its service, and where there are several of a kind, its own name too.
fn resource_hop(id: &str, kind: &str, is_only: bool) -> Hop {
    let service = kind.split("::").nth(1).unwrap_or(kind);
    let called = if service.starts_with("ApiGateway") { "API" } else { service };
    let name = if is_only { called.to_owned() } else { format!("{called} {id}") };
    Hop::Resource { name, service: service.to_ascii_lowercase() }
}

/// Goes on to every end; a resource is passed once on each way.
fn follow<'a>(
    at: &'a str,
    edges: &BTreeSet<(&'a str, &'a str)>,
    way: &mut Vec<&'a str>,
    ways: &mut Vec<Vec<&'a str>>,
) {
    let next: Vec<&'a str> =
        edges.iter().filter(|(from, to)| *from == at && !way.contains(to)).map(|(_, to)| *to).collect();
    if next.is_empty() && ways.len() < MOST {
        ways.push(way.clone());
    }
    for to in next {
        if ways.len() == MOST {
            return;
        }
        way.push(to);
        follow(to, edges, way, ways);
        way.pop();
    }
}

/// The resources that a value refers to.
fn mentioned(value: &Value) -> Vec<&str> {
    match value {
        Value::Object(table) => {
            let mut found = Vec::new();
            for (key, inner) in table {
                match (key.as_str(), inner) {
                    ("Ref", Value::String(id)) if !id.starts_with("AWS::") => found.push(id.as_str()),
                    ("Fn::GetAtt", Value::Array(parts)) => {
                        found.extend(parts.first().and_then(Value::as_str));
                    }
                    ("Fn::GetAtt", Value::String(text)) => found.extend(text.split('.').next()),
                    _ => found.extend(mentioned(inner)),
                }
            }
            found
        }
        Value::Array(items) => items.iter().flat_map(mentioned).collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::Path;

    use serde_json::{Value, json};

    use super::of_template;
    use crate::tui::Hop;

    fn check(document: &Value, binaries: &[(&str, &str)], expected: &[&str]) {
        let binaries: BTreeMap<&str, &str> = binaries.iter().copied().collect();
        let name = |hop: &Hop| match hop {
            Hop::Resource { name, .. } | Hop::Function(name) => name.clone(),
        };
        let ways = of_template(document, &binaries);
        let found: Vec<String> =
            ways.iter().map(|way| way.iter().map(name).collect::<Vec<_>>().join(" > ")).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn the_examples_own_template_is_one_way() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../stack/templates/ServerlessDataProcessingPipelineStack.template.json");
        let document: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        let resources = document["Resources"].as_object().unwrap();
        let of = |start: &str| {
            let is_it = |(id, resource): &(&String, &Value)| {
                resource["Type"] == "AWS::Lambda::Function" && id.starts_with(start)
            };
            resources.iter().find(is_it).unwrap().0.as_str()
        };
        let binaries =
            [(of("Upstream"), "upstream"), (of("Midstream"), "midstream"), (of("Downstream"), "downstream")];
        check(&document, &binaries, &["API > upstream > Kinesis > midstream > DynamoDB > downstream"]);
    }

    #[test]
    fn ways_fork_and_name_what_there_is_more_than_one_of() {
        let mapping = |from: &str, to: &str| {
            json!({ "Type": "AWS::Lambda::EventSourceMapping", "Properties": {
                "EventSourceArn": { "Fn::GetAtt": [from, "Arn"] }, "FunctionName": { "Ref": to },
            } })
        };
        let function = |uses: &[&str]| {
            let uses: Vec<Value> = uses.iter().map(|id| json!({ "Ref": id })).collect();
            json!({ "Type": "AWS::Lambda::Function", "Properties": { "Environment": { "Variables": { "A": uses } } } })
        };
        let document = json!({ "Resources": {
            "In": { "Type": "AWS::SQS::Queue" }, "Out": { "Type": "AWS::SQS::Queue" },
            "Table": { "Type": "AWS::DynamoDB::Table" },
            "F": function(&["Out", "Table", "In"]), "M": mapping("In", "F"),
            "Lonely": function(&[]),
        } });
        check(
            &document,
            &[("F", "f"), ("Lonely", "lonely")],
            &["SQS In > f > SQS Out", "SQS In > f > DynamoDB"],
        );
        check(&json!({}), &[], &[]);
    }
}
