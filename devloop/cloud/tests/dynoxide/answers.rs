//! Brings the responses of both sides into one form.

use devloop_cloud::ApiError;
use serde_json::{Value, json};

/// A response.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) kind: String,
    pub(super) message: String,
    /// The output, or the error's further members.
    pub(super) body: Value,
}

impl Answer {
    pub(super) fn of(outcome: Result<Value, ApiError>) -> Self {
        match outcome {
            Ok(body) => Self { status: 200, kind: String::new(), message: String::new(), body },
            Err(error) => Self {
                status: error.status,
                kind: error.code.into_owned(),
                message: error.message,
                body: Value::Object(error.details),
            },
        }
    }

    pub(super) fn of_wire(status: u16, mut body: Value) -> Self {
        if status == 200 {
            return Self { status, kind: String::new(), message: String::new(), body };
        }
        let members = body.as_object_mut().unwrap();
        let kind = members.remove("__type").unwrap_or_default();
        let kind = kind.as_str().unwrap_or_default().rsplit('#').next().unwrap_or_default().to_owned();
        let (small, capital) = (members.remove("message"), members.remove("Message"));
        let message = small.or(capital).unwrap_or_default().as_str().unwrap_or_default().to_owned();
        Self { status, kind, message, body }
    }

    /// The response without everything that may differ: the order of sets and scans, the order of key names in a message,
    /// times and ids.
    pub(super) fn comparable(mut self, operation: &str, request: &Value) -> Self {
        if let Value::Object(members) = &mut self.body {
            members.remove("Message");
        }
        normalize(&mut self.body);
        if let Some(Value::Array(tables)) = self.body.get_mut("ConsumedCapacity") {
            tables.sort_by_key(|table| table["TableName"].to_string());
        }
        if self.status == 200 {
            match operation {
                "Scan" | "BatchGetItem" | "ExecuteStatement" => sort_items(&mut self.body),
                "CreateTable" | "UpdateTable" | "DeleteTable" | "DescribeTable" => {
                    self.body = described(&self.body);
                }
                _ => {}
            }
            // dynoxide returns the key besides a transaction's projection; AWS returns only the requested attributes.
            if operation == "TransactGetItems" && request.to_string().contains("ProjectionExpression") {
                for item in self.body["Responses"].as_array_mut().into_iter().flatten() {
                    if let Some(item) = item["Item"].as_object_mut() {
                        item.retain(|name, _| !["p", "q"].contains(&name.as_str()));
                    }
                }
            }
            // Which items a partial scan returns depends on the order of hashes.
            let is_part =
                ["Limit", "Segment", "ExclusiveStartKey"].iter().any(|member| !request[member].is_null());
            if operation == "Scan" && is_part {
                self.body = Value::Null;
            }
        }
        self.message = self.message.split_whitespace().collect::<Vec<_>>().join(" ");
        // Lists of names have the order of a hash table on AWS.
        for (begin, end) in [
            ("keys: {", "}"),
            ("Keys: [", "]"),
            ("AttributeDefinitions: [", "]"),
            ("keys used: [", "]"),
            ("project [", "]"),
            ("parameters: {", "}"),
        ] {
            self.message = sorted_list(&self.message, begin, end);
        }
        // The service prints a whole list or map in a notation of its own.
        if let Some((before, rest)) = self.message.split_once("Value '")
            && let Some((shown, after)) = rest.split_once("' at '")
            && (shown.starts_with('{') || shown.starts_with('['))
        {
            self.message = format!("{before}Value '…' at '{after}");
        }
        self
    }

    /// A text that is equal for differences of the same kind.
    pub(super) fn class(&self) -> String {
        if self.status == 200 {
            return "200".to_owned();
        }
        let words: String = self.message.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
        format!("{} {}", self.kind, words.chars().take(90).collect::<String>())
    }

    pub(super) fn shown(&self) -> String {
        format!("{} {} {} {}", self.status, self.kind, self.message, self.body).chars().take(1500).collect()
    }
}

fn sorted_list(message: &str, begin: &str, end: &str) -> String {
    let Some((before, rest)) = message.split_once(begin) else { return message.to_owned() };
    let Some((list, after)) = rest.split_once(end) else { return message.to_owned() };
    let mut names: Vec<&str> = list.split(", ").collect();
    names.sort_unstable();
    format!("{before}{begin}{}{end}{after}", names.join(", "))
}

fn normalize(value: &mut Value) {
    match value {
        Value::Object(members) => {
            for (name, member) in members.iter_mut() {
                normalize(member);
                if ["SS", "NS", "BS"].contains(&name.as_str())
                    && let Value::Array(list) = member
                {
                    list.sort_by_key(Value::to_string);
                }
            }
        }
        Value::Array(list) => list.iter_mut().for_each(normalize),
        Value::Number(number) => *value = json!(number.as_f64()),
        _ => {}
    }
}

fn sort_items(body: &mut Value) {
    let sort = |items: &mut Value| {
        if let Value::Array(list) = items {
            list.sort_by_key(Value::to_string);
        }
    };
    sort(&mut body["Items"]);
    if let Value::Object(tables) = &mut body["Responses"] {
        tables.values_mut().for_each(sort);
    }
    for member in ["Items", "Responses"] {
        if body[member].is_null() {
            body.as_object_mut().unwrap().remove(member);
        }
    }
}

/// The parts of a table's description that the request determined.
fn described(body: &Value) -> Value {
    let table = if body["Table"].is_null() { &body["TableDescription"] } else { &body["Table"] };
    let indexes = |member: &str| -> Vec<Value> {
        let list = table[member].as_array().cloned().unwrap_or_default();
        let mut indexes: Vec<Value> = list
            .iter()
            .map(|index| {
                json!([index["IndexName"], index["KeySchema"], index["Projection"]["ProjectionType"]])
            })
            .collect();
        indexes.sort_by_key(Value::to_string);
        indexes
    };
    let mut attributes = table["AttributeDefinitions"].as_array().cloned().unwrap_or_default();
    attributes.sort_by_key(Value::to_string);
    json!([
        table["TableName"],
        table["KeySchema"],
        attributes,
        indexes("GlobalSecondaryIndexes"),
        indexes("LocalSecondaryIndexes"),
        table["StreamSpecification"],
    ])
}
