//! Table-driven tests of all kinds of expressions.

mod conditions;
mod key_conditions;
mod projections;
mod updates;

use serde_json::{Value, json};

use super::Placeholders;
use crate::{
    error::ApiError,
    services::dynamodb::value::{AttributeValue, Attributes, from_json},
};

/// Attributes from their JSON form.
fn attributes(wire: &Value) -> Attributes {
    from_json(wire.as_object().unwrap().clone()).unwrap()
}

/// The item that most tests use.
fn item() -> Attributes {
    attributes(&json!({
        "id": {"S": "1"},
        "n": {"N": "10"},
        "word": {"S": "hello"},
        "bytes": {"B": "AQID"},
        "yes": {"BOOL": true},
        "nothing": {"NULL": true},
        "tags": {"SS": ["a", "b"]},
        "numbers": {"NS": ["1", "2"]},
        "entries": {"L": [{"S": "x"}, {"M": {"deep": {"N": "7"}}}, {"N": "3"}]},
        "doc": {"M": {"core": {"S": "value"}, "rest": {"N": "1"}}},
    }))
}

/// Placeholders `:name` for every member of `values`, and the names `#n` and `#odd`. A test may use any of them.
fn placeholders(values: &Value) -> Placeholders {
    let names = json!({"#n": "n", "#odd": "a.b c"});
    Placeholders::new(Some(names), Some(values.clone()), None).unwrap()
}

/// The message of an error, or the debug form of an unexpected success.
fn message<T: std::fmt::Debug>(outcome: Result<T, ApiError>) -> String {
    match outcome {
        Err(error) => error.message,
        Ok(parsed) => format!("parsed as {parsed:?}"),
    }
}

fn text(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}
