//! `AWS::Serverless::Connector`: permissions of one resource for another [AWS SAM connector reference, AWS SAM Developer
//! Guide].

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{
    Build, Outcome, Written, only,
    value::{attribute, id_of, reference},
};
use crate::template::{error::TemplateError, transform::failed};

const FUNCTION: &str = "AWS::Lambda::Function";

/// How a connection gets its permissions.
enum Way {
    /// By a policy of the source's role.
    SourceRole,
    /// By a policy of the destination's role, for the source.
    DestinationRole,
    /// By the queue's own policy.
    Queue(&'static str),
    /// By the topic's own policy.
    Topic(&'static str),
    /// By the function's own policy.
    Permission(&'static str),
}

/// Moves connectors out of the resources that they are embedded in.
pub(super) fn embedded(
    written: &mut BTreeMap<String, Vec<Written>>,
    resources: &mut Map<String, Value>,
) -> Result<Vec<Written>, TemplateError> {
    let mut found = Vec::new();
    let mut take = |id: &str, connectors: Option<Value>| {
        let connectors = connectors.as_ref().and_then(Value::as_object).into_iter().flatten();
        for (name, connector) in connectors {
            let properties = connector.get("Properties").and_then(Value::as_object).cloned();
            let mut properties = properties.unwrap_or_default();
            let mut source = json!({ "Id": id });
            if let Some(Value::Object(more)) = properties.remove("SourceReference") {
                source.as_object_mut().into_iter().for_each(|source| source.extend(more.clone()));
            }
            properties.insert("Source".to_owned(), source);
            found.push(Written { id: format!("{id}{name}"), properties, attributes: Map::new() });
        }
    };
    for resource in written.values_mut().flatten() {
        let connectors = resource.attributes.remove("Connectors");
        take(&resource.id.clone(), connectors);
    }
    for (id, resource) in resources {
        let connectors = resource.as_object_mut().and_then(|members| members.remove("Connectors"));
        take(id, connectors);
    }
    match found.iter().find(|connector| !connector.properties.contains_key("Permissions")) {
        Some(connector) => Err(failed(super::SAM, Some(&connector.id), "the connector needs Permissions")),
        None => Ok(found),
    }
}

/// Adds the resources that a connector generates to the template, for each of its destinations.
pub(super) fn make(build: &mut Build<'_>, written: &Written) -> Outcome<()> {
    written.only(&["Destination", "Permissions", "Source"])?;
    let property = |name: &str| written.properties.get(name).ok_or_else(|| format!("{name} is missing"));
    let permissions: Vec<&str> =
        property("Permissions")?.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let source = id(property("Source")?)?;
    match property("Destination")? {
        Value::Array(destinations) => {
            for (index, destination) in destinations.iter().enumerate() {
                let suffix = format!("Destination{index}");
                connect(build, written, &suffix, source, id(destination)?, &permissions)?;
            }
            Ok(())
        }
        one => connect(build, written, "", source, id(one)?, &permissions),
    }
}

fn id(end: &Value) -> Outcome<&str> {
    let members = end.as_object().ok_or("an end of the connector is no map")?;
    only(members, &["Id"], "an end of the connector by")?;
    members.get("Id").and_then(Value::as_str).ok_or_else(|| "an end of the connector has no Id".to_owned())
}

fn connect(
    build: &mut Build<'_>,
    written: &Written,
    suffix: &str,
    source: &str,
    destination: &str,
    permissions: &[&str],
) -> Outcome<()> {
    let (from, from_written) = kind(build, source)?;
    let (to, to_written) = kind(build, destination)?;
    let connector = &written.id;
    let mut attributes = written.attributes.clone();
    attributes.remove("DependsOn");
    attributes.insert(
        "Metadata".to_owned(),
        json!({ "aws:sam:connectors": { connector: {
            "Source": { "Type": from_written }, "Destination": { "Type": to_written },
        } } }),
    );
    let unknown =
        || format!("{} from {from_written} to {to_written} is not supported", permissions.join(" and "));
    let way = way(&from, &to).ok_or_else(unknown)?;
    let (source_arn, destination_arn) = (arn(&from, source), arn(&to, destination));
    match way {
        Way::SourceRole | Way::DestinationRole => {
            let (role_of, named, resource) = match way {
                Way::SourceRole => (source, "DestinationArn", destination_arn),
                _ => (destination, "SourceArn", source_arn),
            };
            if from == "AWS::SQS::Queue" && permissions.len() != 2 {
                return Err("a queue needs the permissions Read and Write".to_owned());
            }
            let mut statement = Vec::new();
            for permission in ["Read", "Write"].iter().filter(|it| permissions.contains(it)) {
                let (actions, ends) = actions(&from, &to, permission).ok_or_else(unknown)?;
                let resources: Vec<Value> = ends
                    .iter()
                    .map(|end| match *end {
                        "" => resource.clone(),
                        end => json!({ "Fn::Sub": [format!("${{{named}}}{end}"), { named: resource }] }),
                    })
                    .collect();
                statement.push(json!({ "Effect": "Allow", "Action": actions, "Resource": resources }));
            }
            let policy = json!({
                "PolicyDocument": { "Version": "2012-10-17", "Statement": statement },
                "Roles": [role(build, role_of)?],
            });
            let policy_id = format!("{connector}Policy{suffix}");
            if matches!(way, Way::DestinationRole) {
                let mappings = build.resources.values_mut().filter(|it| is_mapping(it, source, destination));
                mappings.for_each(|mapping| mapping["DependsOn"] = json!([policy_id]));
            }
            build.add(policy_id, "AWS::IAM::ManagedPolicy", &attributes, policy);
        }
        Way::Queue(service) | Way::Topic(service) if permissions == ["Write"] => {
            let is_queue = matches!(way, Way::Queue(_));
            let action = if is_queue { "sqs:SendMessage" } else { "sns:Publish" };
            let document = json!({ "Version": "2012-10-17", "Statement": [{
                "Effect": "Allow", "Principal": { "Service": service }, "Resource": destination_arn, "Action": action,
                "Condition": { "ArnEquals": { "aws:SourceArn": source_arn } },
            }] });
            let (name, kind, members) = if is_queue {
                ("Queue", "AWS::SQS::QueuePolicy", "Queues")
            } else {
                ("Topic", "AWS::SNS::TopicPolicy", "Topics")
            };
            let policy = json!({ "PolicyDocument": document, members: [reference(destination)] });
            build.add(format!("{connector}{name}Policy{suffix}"), kind, &attributes, policy);
        }
        Way::Permission(service) if permissions == ["Write"] => {
            let mut permission = json!({
                "Action": "lambda:InvokeFunction", "FunctionName": destination_arn, "Principal": service,
                "SourceArn": source_arn,
            });
            if from == "AWS::S3::Bucket" {
                permission["SourceAccount"] = json!({ "Fn::Sub": "${AWS::AccountId}" });
            }
            let id = format!("{connector}WriteLambdaPermission{suffix}");
            build.add(id, "AWS::Lambda::Permission", &attributes, permission);
        }
        _ => return Err(unknown()),
    }
    Ok(())
}

/// The type of a resource in CloudFormation, and its type in the template.
fn kind(build: &Build<'_>, id: &str) -> Outcome<(String, String)> {
    let written = build.types.get(id).ok_or_else(|| format!("there is no resource `{id}`"))?;
    let kind = match written.as_str() {
        "AWS::Serverless::Function" => FUNCTION,
        "AWS::Serverless::SimpleTable" => "AWS::DynamoDB::Table",
        other => other,
    };
    Ok((kind.to_owned(), written.clone()))
}

fn way(from: &str, to: &str) -> Option<Way> {
    Some(match (from, to) {
        (
            FUNCTION,
            FUNCTION
            | "AWS::DynamoDB::Table"
            | "AWS::Events::EventBus"
            | "AWS::S3::Bucket"
            | "AWS::SNS::Topic"
            | "AWS::SQS::Queue",
        )
        | ("AWS::Events::Rule", "AWS::Events::EventBus") => Way::SourceRole,
        ("AWS::DynamoDB::Table" | "AWS::SQS::Queue", FUNCTION) => Way::DestinationRole,
        ("AWS::Events::Rule", "AWS::SQS::Queue") => Way::Queue("events.amazonaws.com"),
        ("AWS::SNS::Topic", "AWS::SQS::Queue") => Way::Queue("sns.amazonaws.com"),
        ("AWS::Events::Rule", "AWS::SNS::Topic") => Way::Topic("events.amazonaws.com"),
        ("AWS::Events::Rule", FUNCTION) => Way::Permission("events.amazonaws.com"),
        ("AWS::S3::Bucket", FUNCTION) => Way::Permission("s3.amazonaws.com"),
        ("AWS::SNS::Topic", FUNCTION) => Way::Permission("sns.amazonaws.com"),
        _ => return None,
    })
}

/// The actions that a permission allows, and the suffixes of the ARNs that they apply to.
fn actions(
    from: &str,
    to: &str,
    permission: &str,
) -> Option<(&'static [&'static str], &'static [&'static str])> {
    Some(match (from, to, permission) {
        ("AWS::DynamoDB::Table", FUNCTION, "Read") => (
            &[
                "dynamodb:DescribeStream",
                "dynamodb:GetRecords",
                "dynamodb:GetShardIterator",
                "dynamodb:ListStreams",
            ],
            &["/stream/*"],
        ),
        ("AWS::SQS::Queue", FUNCTION, "Read") | (FUNCTION, "AWS::SQS::Queue", "Read") => {
            (&["sqs:ReceiveMessage", "sqs:GetQueueAttributes"], &[""])
        }
        ("AWS::SQS::Queue", FUNCTION, "Write") => (&["sqs:DeleteMessage"], &[""]),
        (_, "AWS::Events::EventBus", "Write") => (&["events:PutEvents"], &[""]),
        (FUNCTION, FUNCTION, "Write") => (&["lambda:InvokeAsync", "lambda:InvokeFunction"], &[""]),
        (FUNCTION, "AWS::SNS::Topic", "Write") => (&["sns:Publish"], &[""]),
        (FUNCTION, "AWS::SQS::Queue", "Write") => (
            &["sqs:DeleteMessage", "sqs:SendMessage", "sqs:ChangeMessageVisibility", "sqs:PurgeQueue"],
            &[""],
        ),
        (FUNCTION, "AWS::DynamoDB::Table", "Read") => (
            &[
                "dynamodb:GetItem",
                "dynamodb:Query",
                "dynamodb:Scan",
                "dynamodb:BatchGetItem",
                "dynamodb:ConditionCheckItem",
                "dynamodb:PartiQLSelect",
            ],
            &["", "/index/*"],
        ),
        (FUNCTION, "AWS::DynamoDB::Table", "Write") => (
            &[
                "dynamodb:PutItem",
                "dynamodb:UpdateItem",
                "dynamodb:DeleteItem",
                "dynamodb:BatchWriteItem",
                "dynamodb:PartiQLDelete",
                "dynamodb:PartiQLInsert",
                "dynamodb:PartiQLUpdate",
            ],
            &["", "/index/*"],
        ),
        (FUNCTION, "AWS::S3::Bucket", "Read") => (
            &[
                "s3:GetObject",
                "s3:GetObjectAcl",
                "s3:GetObjectLegalHold",
                "s3:GetObjectRetention",
                "s3:GetObjectTorrent",
                "s3:GetObjectVersion",
                "s3:GetObjectVersionAcl",
                "s3:GetObjectVersionForReplication",
                "s3:GetObjectVersionTorrent",
                "s3:ListBucket",
                "s3:ListBucketMultipartUploads",
                "s3:ListBucketVersions",
                "s3:ListMultipartUploadParts",
            ],
            &["", "/*"],
        ),
        (FUNCTION, "AWS::S3::Bucket", "Write") => (
            &[
                "s3:AbortMultipartUpload",
                "s3:DeleteObject",
                "s3:DeleteObjectVersion",
                "s3:PutObject",
                "s3:PutObjectLegalHold",
                "s3:PutObjectRetention",
                "s3:RestoreObject",
            ],
            &["", "/*"],
        ),
        _ => return None,
    })
}

fn arn(kind: &str, id: &str) -> Value {
    if kind == "AWS::SNS::Topic" { reference(id) } else { attribute(id, "Arn") }
}

/// The reference to a resource's role.
fn role(build: &Build<'_>, id: &str) -> Outcome<Value> {
    let properties = build.resources.get(id).and_then(|resource| resource.get("Properties"));
    let role = properties.and_then(|it| it.get("Role").or_else(|| it.get("RoleArn")));
    let arn = role.and_then(|role| role.get("Fn::GetAtt"));
    let role = match arn {
        Some(Value::Array(parts)) if parts.get(1).is_some_and(|name| name == "Arn") => {
            parts.first().and_then(id_of)
        }
        Some(Value::String(text)) => text.strip_suffix(".Arn"),
        _ => None,
    };
    role.map(reference).ok_or_else(|| format!("the role of `{id}` is none of this template"))
}

/// Whether a resource is the event source mapping from this source to this function.
fn is_mapping(resource: &Value, source: &str, function: &str) -> bool {
    let names = |property: &str, id: &str| {
        let value = &resource["Properties"][property];
        id_of(value) == Some(id) || value["Fn::GetAtt"][0] == id
    };
    resource["Type"] == "AWS::Lambda::EventSourceMapping"
        && names("EventSourceArn", source)
        && names("FunctionName", function)
}
