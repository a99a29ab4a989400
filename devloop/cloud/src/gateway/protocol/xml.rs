//! The query protocol's output: XML in the services' dialects.

use quick_xml::escape::escape;
use serde_json::Value;

use super::query::legacy_code;
use crate::{context::Context, error::ApiError, wire};

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
pub(super) fn answer(cx: &Context, service: &str, operation: &str, output: &Value) -> String {
    let mut writer = Writer { xml: String::new(), service, operation };
    writer.members(output);
    format!(
        "<?xml version=\"1.0\"?>\n<{operation}Response xmlns=\"{}\"><{operation}Result>{}</{operation}Result>\
         <ResponseMetadata><RequestId>{}</RequestId></ResponseMetadata></{operation}Response>",
        namespace(service),
        writer.xml,
        escape(&*cx.request_id)
    )
}

/// An error as `<ErrorResponse>`.
pub(super) fn error(cx: &Context, service: &str, error: &ApiError) -> String {
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

struct Writer<'o> {
    xml: String,
    service: &'o str,
    operation: &'o str,
}

impl Writer<'_> {
    fn members(&mut self, value: &Value) {
        let Value::Object(object) = value else { return };
        for (name, value) in object {
            match value {
                Value::Array(items) if self.service == "sqs" => {
                    let item = self.sqs_item(name);
                    for value in items {
                        self.element(&item, value);
                    }
                }
                Value::Object(map)
                    if self.service == "sqs"
                        && matches!(name.as_str(), "Attributes" | "MessageAttributes" | "Tags") =>
                {
                    self.sqs_map(name, map);
                }
                _ => self.element(name, value),
            }
        }
    }

    /// How SQS names the items of its flattened lists [Amazon SQS API reference, query protocol].
    fn sqs_item(&self, list: &str) -> String {
        match list {
            "QueueUrls" | "queueUrls" => "QueueUrl".to_owned(),
            "Messages" => "Message".to_owned(),
            "Failed" => "BatchResultErrorEntry".to_owned(),
            "Successful" => format!("{}ResultEntry", self.operation),
            other => other.to_owned(),
        }
    }

    /// SQS writes a map as repeated elements with a name and a value in each.
    fn sqs_map(&mut self, name: &str, map: &serde_json::Map<String, Value>) {
        let item = name.trim_end_matches('s');
        let key = if name == "Tags" { "Key" } else { "Name" };
        for (entry, value) in map {
            self.open(item);
            self.element(key, &Value::String(entry.clone()));
            self.element("Value", value);
            self.close(item);
        }
    }

    fn element(&mut self, name: &str, value: &Value) {
        if value.is_null() {
            return;
        }
        self.open(name);
        if let Some(ms) = wire::as_time(value) {
            self.xml.push_str(&wire::iso(ms));
        } else {
            match value {
                Value::Array(items) => items.iter().for_each(|item| self.element("member", item)),
                Value::Object(_) => self.members(value),
                Value::String(text) => self.xml.push_str(&escape(text.as_str())),
                other => self.xml.push_str(&other.to_string()),
            }
        }
        self.close(name);
    }

    fn open(&mut self, name: &str) {
        self.xml.extend(["<", name, ">"]);
    }

    fn close(&mut self, name: &str) {
        self.xml.extend(["</", name, ">"]);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::Writer;

    #[test]
    fn lists_and_maps_are_written_in_the_services_dialects() {
        let check = |service: &str, operation: &str, output: serde_json::Value, expected: &str| {
            let mut writer = Writer { xml: String::new(), service, operation };
            writer.members(&output);
            assert_eq!(writer.xml, expected);
        };
        check(
            "iam",
            "ListRoles",
            json!({"Roles": [{"A": "<"}]}),
            "<Roles><member><A>&lt;</A></member></Roles>",
        );
        check(
            "sqs",
            "ListQueues",
            json!({"QueueUrls": ["a", "b"]}),
            "<QueueUrl>a</QueueUrl><QueueUrl>b</QueueUrl>",
        );
        check(
            "sqs",
            "ChangeMessageVisibilityBatch",
            json!({"Successful": [{"Id": "1"}]}),
            "<ChangeMessageVisibilityBatchResultEntry><Id>1</Id></ChangeMessageVisibilityBatchResultEntry>",
        );
        check(
            "sqs",
            "GetQueueAttributes",
            json!({"Attributes": {"D": "0"}}),
            "<Attribute><Name>D</Name><Value>0</Value></Attribute>",
        );
        check("monitoring", "X", json!({"At": crate::wire::time(0)}), "<At>1970-01-01T00:00:00.000Z</At>");
    }
}
