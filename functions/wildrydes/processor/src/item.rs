//! Turns a reading into the table's item: the object as it was sent.

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::Value;
use wildrydes_model::Reading;

use crate::table::Item;

/// The item of a reading.
pub(crate) fn item(reading: &Reading) -> Item {
    reading.attributes.iter().map(|(name, value)| (name.clone(), attribute(value))).collect()
}

fn attribute(value: &Value) -> AttributeValue {
    match value {
        Value::Null => AttributeValue::Null(true),
        Value::Bool(value) => AttributeValue::Bool(*value),
        Value::Number(number) => AttributeValue::N(number.to_string()),
        Value::String(text) => AttributeValue::S(text.clone()),
        Value::Array(items) => AttributeValue::L(items.iter().map(attribute).collect()),
        Value::Object(members) => {
            AttributeValue::M(members.iter().map(|(name, value)| (name.clone(), attribute(value))).collect())
        }
    }
}
