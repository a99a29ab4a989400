//! The query protocol: parameters such as `MetricData.member.1.MetricName=x` in, XML out.

use std::collections::BTreeMap;

use quick_xml::escape::escape;
use serde_json::{Map, Value};

use super::super::message::decode_form;
use crate::{context::Context, error::ApiError, wire};

/// The decoded parameters of a request, in order.
pub(crate) type Form = Vec<(String, String)>;

/// Reads a form body or a query string.
pub(crate) fn form(body: &[u8]) -> Form {
    String::from_utf8_lossy(body)
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (decode_form(name), decode_form(value)))
        .collect()
}

/// Turns dotted parameters into a tree: numbers in a row are a list (`X.member.1`, `X.entry.1`, or flattened `X.1`),
/// everything else a member. `Action` and `Version` are not part of the input.
pub(crate) fn tree(form: &Form) -> Value {
    let mut root = Node::default();
    for (name, value) in form {
        if name == "Action" || name == "Version" {
            continue;
        }
        // A hostile name cannot nest deeper than any real input does.
        let node = name
            .split('.')
            .take(32)
            .fold(&mut root, |node, part| node.children.entry(part.to_owned()).or_default());
        node.value = Some(value.clone());
    }
    root.into_value()
}

#[derive(Default)]
struct Node {
    value: Option<String>,
    children: BTreeMap<String, Node>,
}

impl Node {
    fn into_value(mut self) -> Value {
        if self.children.is_empty() {
            return self.value.map_or_else(|| Value::Object(Map::new()), Value::String);
        }
        if self.children.len() == 1 {
            for wrapper in ["member", "entry"] {
                if let Some(inner) = self.children.remove(wrapper) {
                    return inner.into_value();
                }
            }
        }
        if self.children.keys().all(|key| key.parse::<u32>().is_ok()) {
            let mut items: Vec<_> = self
                .children
                .into_iter()
                .map(|(key, node)| (key.parse().unwrap_or(u32::MAX), node))
                .collect();
            items.sort_by_key(|(number, _)| *number);
            return Value::Array(items.into_iter().map(|(_, node)| node.into_value()).collect());
        }
        Value::Object(self.children.into_iter().map(|(key, node)| (key, node.into_value())).collect())
    }
}

/// The XML namespace that clients find in a service's answers.
fn namespace(service: &str) -> &'static str {
    match service {
        "monitoring" => "http://monitoring.amazonaws.com/doc/2010-08-01/",
        "sqs" => "http://queue.amazonaws.com/doc/2012-11-05/",
        "sts" => "https://sts.amazonaws.com/doc/2011-06-15/",
        "iam" => "https://iam.amazonaws.com/doc/2010-05-08/",
        _ => "http://cloudformation.amazonaws.com/doc/2010-05-15/",
    }
}

/// An operation's output as `<XResponse><XResult>…</XResult><ResponseMetadata/></XResponse>`.
pub(crate) fn answer(cx: &Context, service: &str, operation: &str, output: &Value) -> String {
    let mut xml = format!("<?xml version=\"1.0\"?>\n<{operation}Response xmlns=\"{}\">", namespace(service));
    xml.push_str(&format!("<{operation}Result>"));
    members(&mut xml, service, output);
    xml.push_str(&format!("</{operation}Result>"));
    xml.push_str(&format!(
        "<ResponseMetadata><RequestId>{}</RequestId></ResponseMetadata></{operation}Response>",
        escape(&*cx.request_id)
    ));
    xml
}

/// An error as `<ErrorResponse>`.
pub(crate) fn error(cx: &Context, service: &str, error: &ApiError) -> String {
    let code = legacy_code(service, &error.code).unwrap_or(&error.code);
    format!(
        "<?xml version=\"1.0\"?>\n<ErrorResponse xmlns=\"{}\"><Error><Type>{}</Type><Code>{}</Code><Message>{}</Message>\
         </Error><RequestId>{}</RequestId></ErrorResponse>",
        namespace(service),
        if error.is_client_fault() { "Sender" } else { "Receiver" },
        escape(code),
        escape(error.message.as_str()),
        escape(&*cx.request_id),
    )
}

/// The code under which the query protocol knows an error, where it differs from the shape's name
/// [the services' API models, trait `awsQueryError`].
pub(crate) fn legacy_code(service: &str, code: &str) -> Option<&'static str> {
    let table: &[(&str, &str)] = match service {
        "sqs" => &[
            ("QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue"),
            ("QueueNameExists", "QueueAlreadyExists"),
            ("QueueDeletedRecently", "AWS.SimpleQueueService.QueueDeletedRecently"),
            ("PurgeQueueInProgress", "AWS.SimpleQueueService.PurgeQueueInProgress"),
            ("EmptyBatchRequest", "AWS.SimpleQueueService.EmptyBatchRequest"),
            ("TooManyEntriesInBatchRequest", "AWS.SimpleQueueService.TooManyEntriesInBatchRequest"),
            ("BatchEntryIdsNotDistinct", "AWS.SimpleQueueService.BatchEntryIdsNotDistinct"),
            ("BatchRequestTooLong", "AWS.SimpleQueueService.BatchRequestTooLong"),
            ("InvalidBatchEntryId", "AWS.SimpleQueueService.InvalidBatchEntryId"),
            ("MessageNotInflight", "AWS.SimpleQueueService.MessageNotInflight"),
            ("UnsupportedOperation", "AWS.SimpleQueueService.UnsupportedOperation"),
        ],
        "monitoring" => &[
            ("InvalidParameterValueException", "InvalidParameterValue"),
            ("InvalidParameterCombinationException", "InvalidParameterCombination"),
            ("MissingRequiredParameterException", "MissingParameter"),
            ("ResourceNotFound", "ResourceNotFound"),
        ],
        "iam" => &[
            ("NoSuchEntityException", "NoSuchEntity"),
            ("EntityAlreadyExistsException", "EntityAlreadyExists"),
            ("DeleteConflictException", "DeleteConflict"),
            ("MalformedPolicyDocumentException", "MalformedPolicyDocument"),
            ("InvalidInputException", "InvalidInput"),
            ("LimitExceededException", "LimitExceeded"),
            ("UnmodifiableEntityException", "UnmodifiableEntity"),
        ],
        _ => &[],
    };
    table.iter().find(|(shape, _)| *shape == code).map(|(_, legacy)| *legacy)
}

/// How SQS names the items of its flattened lists and maps [Amazon SQS API reference, query protocol].
const SQS_LISTS: [(&str, &str); 6] = [
    ("QueueUrls", "QueueUrl"),
    ("Messages", "Message"),
    ("Successful", ""),
    ("Failed", "BatchResultErrorEntry"),
    ("queueUrls", "QueueUrl"),
    ("Results", ""),
];

fn members(xml: &mut String, service: &str, value: &Value) {
    let Value::Object(object) = value else { return };
    for (name, value) in object {
        match (service, value) {
            ("sqs", Value::Array(items)) => {
                let item =
                    SQS_LISTS.iter().find(|(list, _)| list == name).map_or(name.as_str(), |(_, item)| item);
                for value in items {
                    let item = if item.is_empty() { batch_entry(value) } else { item };
                    element(xml, service, item, value);
                }
            }
            ("sqs", Value::Object(map))
                if matches!(name.as_str(), "Attributes" | "MessageAttributes" | "Tags") =>
            {
                let item = name.trim_end_matches('s');
                let (key, inner) = if name == "Tags" { ("Key", "Value") } else { ("Name", "Value") };
                for (entry, value) in map {
                    xml.push_str(&format!("<{item}>"));
                    element(xml, service, key, &Value::String(entry.clone()));
                    element(xml, service, inner, value);
                    xml.push_str(&format!("</{item}>"));
                }
            }
            _ => element(xml, service, name, value),
        }
    }
}

/// SQS names the entries of a batch's `Successful` list by the operation; the members tell which one it was.
fn batch_entry(value: &Value) -> &'static str {
    if value.get("MessageId").is_some() {
        "SendMessageBatchResultEntry"
    } else {
        "DeleteMessageBatchResultEntry"
    }
}

fn element(xml: &mut String, service: &str, name: &str, value: &Value) {
    if value.is_null() {
        return;
    }
    xml.push_str(&format!("<{name}>"));
    if let Some(ms) = wire::as_time(value) {
        xml.push_str(&wire::iso(ms));
    } else {
        match value {
            Value::Array(items) => items.iter().for_each(|item| element(xml, service, "member", item)),
            Value::Object(_) => members(xml, service, value),
            Value::String(text) => xml.push_str(&escape(text.as_str())),
            other => xml.push_str(&other.to_string()),
        }
    }
    xml.push_str(&format!("</{name}>"));
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn parameters_become_the_same_tree_that_json_brings() {
        let check =
            |text: &str, expected: Value| assert_eq!(tree(&form(text.as_bytes())), expected, "{text}");
        check("Action=X&Version=1&Namespace=a+b", json!({"Namespace": "a b"}));
        check(
            "MetricData.member.1.MetricName=m&MetricData.member.1.Values.member.1=1&MetricData.member.2.MetricName=n",
            json!({"MetricData": [{"MetricName": "m", "Values": ["1"]}, {"MetricName": "n"}]}),
        );
        check("A.2=b&A.10=c&A.1=a", json!({"A": ["a", "b", "c"]}));
        check(
            "Attributes.entry.1.key=k&Attributes.entry.1.value=v",
            json!({"Attributes": [{"key": "k", "value": "v"}]}),
        );
        check("", json!({}));
    }
}
