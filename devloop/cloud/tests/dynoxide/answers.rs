//! Brings the responses of both sides into one form.

use devloop_cloud::ApiError;
use serde_json::{Value, json};

/// What a response says about one mistake: its `Code` and its `Message`, as in a transaction's `CancellationReasons`.
pub(super) type Mistake = Value;

/// Texts that dynoxide words otherwise, and the words of AWS: dynalite's tests, which ran on AWS (updateItem).
const REWORDED: &[(&str, &str)] = &[
    ("operand type: Binary", "operand type: BINARY"),
    ("operand type: BOOL,", "operand type: BOOLEAN,"),
    ("ALLOWED_FOR_ADD_OPERAND", "ALLOWED_FOR_DELETE_OPERAND"),
];

fn mistake(message: &str) -> Mistake {
    json!({ "Code": "ValidationError", "Message": message })
}

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

    /// The response that refuses a request for one mistake.
    pub(super) fn of_mistake(mistake: &Mistake) -> Self {
        let message = mistake["Message"].as_str().unwrap_or_default().to_owned();
        Self { status: 400, kind: "ValidationException".to_owned(), message, body: json!({}) }
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
            // Which items a partial scan returns depends on the order of hashes.
            let is_given = |members: &[&str]| members.iter().any(|member| !request[member].is_null());
            if operation == "Scan" && is_given(&["Segment", "ExclusiveStartKey"]) {
                self.body = Value::Null;
            } else if operation == "Scan" && is_given(&["Limit"]) {
                // How many there are does not depend on it.
                let (count, next) =
                    (self.body["ScannedCount"].take(), self.body["LastEvaluatedKey"].is_null());
                self.body = json!({ "ScannedCount": count, "IsAll": next });
            }
        }
        self.message = self.message.split_whitespace().collect::<Vec<_>>().join(" ");
        for (theirs, ours) in REWORDED {
            self.message = self.message.replace(theirs, ours);
        }
        // A mistake that concerns several indexes names one of them, and no page says which.
        if let Some(at) = self.message.find(" IndexName: ") {
            self.message.truncate(at);
        }
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
        // No page says which of two paths that overlap is named first.
        if let Some((before, paths)) = self.message.split_once("path one: ")
            && let Some((one, two)) = paths.split_once(", path two: ")
        {
            let (first, second) = if one <= two { (one, two) } else { (two, one) };
            self.message = format!("{before}path one: {first}, path two: {second}");
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

    /// The mistakes of the request that the response names: those of the error, or what each element of a transaction is
    /// refused for.
    pub(super) fn mistakes(&self) -> Vec<Mistake> {
        match self.kind.as_str() {
            "ValidationException" => {
                let Some((_, list)) = self.message.split_once(" validation errors detected: ") else {
                    return vec![mistake(&self.message)];
                };
                let alone = |text: &str| format!("\n1 validation error detected: {text}");
                let begins = ["Value ", "ReturnValues can ", "Failed to satisfy "];
                let lines = begins
                    .iter()
                    .fold(alone(list), |list, begin| list.replace(&format!("; {begin}"), &alone(begin)));
                lines.trim_start().lines().map(mistake).collect()
            }
            "TransactionCanceledException" => {
                self.body["CancellationReasons"].as_array().cloned().unwrap_or_default()
            }
            _ => Vec::new(),
        }
    }

    /// What a cancelled transaction's elements were refused for, as answers of their own.
    pub(super) fn elements(&self) -> Option<Vec<Self>> {
        let reasons = self.body["CancellationReasons"].as_array()?;
        let element = |reason: &Value| match reason["Code"].as_str() {
            Some("None") => {
                Self { status: 200, kind: String::new(), message: String::new(), body: json!({}) }
            }
            Some("ValidationError") => Self::of_mistake(reason),
            code => Self {
                status: 400,
                kind: code.unwrap_or_default().to_owned(),
                message: reason["Message"].as_str().unwrap_or_default().to_owned(),
                body: reason["Item"].clone(),
            },
        };
        Some(reasons.iter().map(element).collect())
    }

    /// The mistakes that only this response names, and those that only the other one names. Both are empty if the responses
    /// name the same mistakes in another order. None if they differ in anything else.
    pub(super) fn different_mistakes(&self, other: &Self) -> Option<(Vec<Mistake>, Vec<Mistake>)> {
        let (ours, theirs) = (self.mistakes(), other.mistakes());
        let is_alike = (self.status, &self.kind) == (other.status, &other.kind);
        if self.kind == "TransactionCanceledException" {
            // The message has the code of every element.
            let is_alike = is_alike && self.message == other.message;
            let (ours, theirs): (Vec<Mistake>, Vec<Mistake>) =
                ours.into_iter().zip(theirs).filter(|(ours, theirs)| ours != theirs).unzip();
            let are_mistakes = ours.iter().all(|mistake| mistake["Code"] == "ValidationError");
            return (is_alike && are_mistakes && !ours.is_empty()).then_some((ours, theirs));
        }
        let only = |some: &[Mistake], others: &[Mistake]| -> Vec<Mistake> {
            some.iter().filter(|mistake| !others.contains(mistake)).cloned().collect()
        };
        let (ours, theirs) = (only(&ours, &theirs), only(&theirs, &ours));
        let is_alike = is_alike && self.body == other.body;
        is_alike.then_some((ours, theirs))
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
                let mut projection = index["Projection"].clone();
                if let Some(names) = projection["NonKeyAttributes"].as_array_mut() {
                    names.sort_by_key(Value::to_string);
                }
                json!([index["IndexName"], index["KeySchema"], projection, units(index)])
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
        units(table),
        table["DeletionProtectionEnabled"].as_bool().unwrap_or_default(),
    ])
}

/// The provisioned units of a table or an index.
fn units(described: &Value) -> Value {
    let units = |member: &str| described["ProvisionedThroughput"][member].as_f64().unwrap_or_default();
    json!([units("ReadCapacityUnits"), units("WriteCapacityUnits")])
}
