//! The paths that events take through a pipeline, read from the templates: API, URL, rule or schedule to function, function to stream or
//! table, stream, topic or bucket to function.

use std::collections::{BTreeMap, BTreeSet};

use devloop_cloud::Template as Document;
use serde_json::Value;

use crate::session::templates::Template;
use crate::status::Hop;

/// How many paths are found at most; the screen has no room for more.
const MOST: usize = 8;

/// Every path from where events enter to where they end that passes a function.
pub(super) fn of_templates(templates: &[Template]) -> Vec<Vec<Hop>> {
    let mut ways = Vec::new();
    for template in templates {
        let binaries: BTreeMap<&str, &str> =
            template.functions.iter().map(|code| (code.logical_id.as_str(), code.binary.as_str())).collect();
        ways.extend(of_template(&template.content, &binaries));
    }
    ways.truncate(MOST);
    ways
}

fn of_template(document: &Document, binaries: &BTreeMap<&str, &str>) -> Vec<Vec<Hop>> {
    let kinds: BTreeMap<&str, &str> =
        document.resources().map(|(id, resource)| (id, resource.kind())).collect();
    let kind = |id: &str| kinds.get(id).copied().unwrap_or_default();
    let mut edges: BTreeSet<(&str, &str)> = BTreeSet::new();
    for (id, resource) in document.resources() {
        let mentioned = |property: &str| {
            let value = resource.properties().get(property).unwrap_or(&Value::Null);
            document.mentioned(value)
        };
        let join = |from: &str, to: &str| {
            let to = mentioned(to);
            mentioned(from).into_iter().flat_map(|from| to.iter().map(move |to| (from, *to))).collect()
        };
        let leads = |to: &str| mentioned(to).into_iter().map(|to| (id, to)).collect();
        let found: Vec<(&str, &str)> = match resource.kind() {
            "AWS::Lambda::EventSourceMapping" => join("EventSourceArn", "FunctionName"),
            "AWS::ApiGateway::Method" => join("RestApiId", "Integration"),
            "AWS::ApiGatewayV2::Integration" => join("ApiId", "IntegrationUri"),
            "AWS::SNS::Subscription" => join("TopicArn", "Endpoint"),
            // SAM writes the routes of an API into a document.
            "AWS::ApiGateway::RestApi" | "AWS::ApiGatewayV2::Api" => leads("Body"),
            "AWS::Events::Rule" => leads("Targets"),
            "AWS::Scheduler::Schedule" => leads("Target"),
            "AWS::SNS::Topic" => leads("Subscription"),
            "AWS::S3::Bucket" => leads("NotificationConfiguration"),
            "AWS::Lambda::Url" => leads("TargetFunctionArn"),
            "AWS::Lambda::Function" => mentioned("Environment")
                .into_iter()
                .filter(|used| holds_events(kind(used)))
                .map(|used| (id, used))
                .collect(),
            _ => Vec::new(),
        };
        edges.extend(found);
    }
    // A function that only looks something up in its own source does not pass events back to it.
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
        None => resource_hop(id, kind(id), kinds.values().filter(|other| **other == kind(id)).count() == 1),
    };
    let mut named: Vec<Vec<Hop>> = ways.iter().map(|way| way.iter().map(name).collect()).collect();
    named.retain(|way: &Vec<Hop>| way.len() > 1 && way.iter().any(|hop| matches!(hop, Hop::Function(_))));
    // The longest path is the pipeline.
    named.sort_by_key(|way| std::cmp::Reverse(way.len()));
    named
}

/// Whether a function that has the resource's name passes events on to it.
fn holds_events(kind: &str) -> bool {
    ["AWS::Kinesis::Stream", "AWS::DynamoDB::Table", "AWS::SQS::Queue", "AWS::SNS::Topic", "AWS::S3::Bucket"]
        .contains(&kind)
}

/// A resource as the screen names it: by its service, and where there are several of a kind, by its own name too.
fn resource_hop(id: &str, kind: &str, is_only: bool) -> Hop {
    let service = kind.split("::").nth(1).unwrap_or(kind);
    let called = match service {
        "ApiGateway" | "ApiGatewayV2" => "API",
        "Events" => "Rule",
        "Scheduler" => "Schedule",
        "Lambda" => "URL",
        _ => service,
    };
    let name = if is_only { called.to_owned() } else { format!("{called} {id}") };
    Hop::Resource { name, service: service.to_ascii_lowercase() }
}

/// Follows the edges to every end; no path passes a resource twice.
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::Path;

    use serde_json::{Value, json};

    use super::of_template;
    use crate::status::Hop;

    fn check(document: &Value, binaries: &[(&str, &str)], expected: &[&str]) {
        let binaries: BTreeMap<&str, &str> = binaries.iter().copied().collect();
        let name = |hop: &Hop| match hop {
            Hop::Resource { name, .. } | Hop::Function(name) => name.clone(),
        };
        let document = devloop_cloud::Template::parse(&document.to_string()).unwrap();
        let ways = of_template(&document, &binaries);
        let found: Vec<String> =
            ways.iter().map(|way| way.iter().map(name).collect::<Vec<_>>().join(" > ")).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn the_examples_own_template_has_one_path() {
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
    fn apis_urls_rules_schedules_topics_and_buckets_lead_to_functions() {
        let function = json!({ "Type": "AWS::Lambda::Function", "Properties": {} });
        let arn = json!({ "Fn::GetAtt": ["F", "Arn"] });
        let lead = |kind: &str, properties: Value| {
            let document = json!({ "Resources": {
                "F": function, "Start": { "Type": kind, "Properties": properties }, "Role": { "Type": "AWS::IAM::Role" },
            } });
            let ways = of_template(
                &devloop_cloud::Template::parse(&document.to_string()).unwrap(),
                &BTreeMap::from([("F", "f")]),
            );
            assert_eq!(ways.len(), 1, "{kind}: {ways:?}");
            ways[0].iter().map(|hop| hop.name().to_owned()).collect::<Vec<_>>().join(" > ")
        };
        let uri = json!({ "Fn::Sub": "arn:${F.Arn}/invocations" });
        let body =
            json!({ "paths": { "/": { "get": { "x-amazon-apigateway-integration": { "uri": uri } } } } });
        assert_eq!(lead("AWS::ApiGatewayV2::Api", json!({ "Body": body })), "API > f");
        assert_eq!(lead("AWS::Lambda::Url", json!({ "TargetFunctionArn": arn })), "URL > f");
        assert_eq!(lead("AWS::Events::Rule", json!({ "Targets": [{ "Id": "1", "Arn": arn }] })), "Rule > f");
        let target = json!({ "Arn": arn, "RoleArn": { "Fn::GetAtt": ["Role", "Arn"] } });
        assert_eq!(lead("AWS::Scheduler::Schedule", json!({ "Target": target })), "Schedule > f");
        let subscription = json!({ "Subscription": [{ "Protocol": "lambda", "Endpoint": arn }] });
        assert_eq!(lead("AWS::SNS::Topic", subscription), "SNS > f");
        let notified =
            json!({ "LambdaConfigurations": [{ "Event": "s3:ObjectCreated:*", "Function": arn }] });
        assert_eq!(lead("AWS::S3::Bucket", json!({ "NotificationConfiguration": notified })), "S3 > f");
    }

    #[test]
    fn paths_fork_and_name_resources_of_which_there_are_several() {
        let mapping = |from: &str, to: &str| {
            json!({ "Type": "AWS::Lambda::EventSourceMapping", "Properties": {
                "EventSourceArn": { "Fn::GetAtt": [from, "Arn"] }, "FunctionName": { "Ref": to },
            } })
        };
        let function = |uses: &[&str]| {
            let uses: String = uses.iter().map(|id| format!("${{{id}}},")).collect();
            let variables = json!({ "A": { "Fn::Sub": uses } });
            json!({ "Type": "AWS::Lambda::Function", "Properties": { "Environment": { "Variables": variables } } })
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
        check(&json!({ "Resources": {} }), &[], &[]);
    }
}
