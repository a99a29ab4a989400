//! Reads input in both forms, and makes the service's errors. In the query protocol maps are lists of pairs, and calls
//! inside the cloud have JSON objects; these helpers hide the difference from the operations.

use std::{collections::BTreeMap, fmt::Display};

use serde::{Deserialize, Deserializer, de::DeserializeOwned, de::Error as _};
use serde_json::Value;

use crate::{arn::Arn, error::ApiError};

/// Reads an operation's input.
pub(super) fn read<T: DeserializeOwned>(input: Value) -> Result<T, ApiError> {
    serde_json::from_value(input).map_err(invalid)
}

/// A required member.
pub(super) fn required<T>(value: Option<T>, name: &str) -> Result<T, ApiError> {
    value.ok_or_else(|| invalid(name))
}

/// `InvalidParameter`, with the service's prefix.
pub(super) fn invalid(what: impl Display) -> ApiError {
    ApiError::client("InvalidParameter", format!("Invalid parameter: {what}"))
}

/// `NotFound`.
pub(super) fn not_found(what: &str) -> ApiError {
    ApiError::with_status(404, "NotFound", format!("{what} does not exist"))
}

/// A map in any form: `[{key, value}, …]`, `[{Name, Value}, …]`, `[{Key, Value}, …]` or an object.
pub(super) fn map<'de, T: DeserializeOwned, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<BTreeMap<String, T>, D::Error> {
    let pairs: Vec<(String, Value)> = match Option::<Value>::deserialize(deserializer)? {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::String(text)) if text.is_empty() => Vec::new(),
        Some(Value::Object(members)) => members.into_iter().collect(),
        Some(Value::Array(items)) => items
            .into_iter()
            .map(|item| pair(item).ok_or_else(|| D::Error::custom("an entry without a key")))
            .collect::<Result<_, _>>()?,
        Some(other) => return Err(D::Error::custom(format!("{other} is not a map"))),
    };
    pairs
        .into_iter()
        .map(|(key, value)| Ok((key, serde_json::from_value(value).map_err(D::Error::custom)?)))
        .collect()
}

fn pair(item: Value) -> Option<(String, Value)> {
    let Value::Object(mut item) = item else { return None };
    let key = ["key", "Name", "Key"].iter().find_map(|name| item.remove(*name))?;
    let value = ["value", "Value"].iter().find_map(|name| item.remove(*name)).unwrap_or("".into());
    Some((key.as_str()?.to_owned(), value))
}

/// Splits `arn:aws:sns:<region>:<account>:<topic>[:<subscription>]` into region, account, topic and subscription.
pub(super) fn parse_arn(arn: &str) -> Option<(&str, &str, &str, Option<&str>)> {
    let arn = Arn::of_service("sns", arn)?;
    let (topic, subscription) = match arn.resource.split_once(':') {
        Some((topic, subscription)) => (topic, Some(subscription)),
        None => (arn.resource, None),
    };
    (!topic.is_empty()).then_some((arn.region, arn.account, topic, subscription))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[derive(Debug, Deserialize)]
    struct Input {
        #[serde(default, deserialize_with = "map")]
        attributes: BTreeMap<String, String>,
    }

    #[test]
    fn maps_are_read_in_every_form() {
        let check = |attributes: Value| {
            let input: Input = read(json!({ "attributes": attributes })).unwrap();
            assert_eq!(input.attributes, BTreeMap::from([("a".to_owned(), "b".to_owned())]));
        };
        check(json!({ "a": "b" }));
        check(json!([{ "key": "a", "value": "b" }]));
        check(json!([{ "Key": "a", "Value": "b" }]));
        check(json!([{ "Name": "a", "Value": "b" }]));
        assert!(read::<Input>(json!({ "attributes": 7 })).is_err());
    }

    #[test]
    fn arns_of_topics_and_subscriptions_are_split() {
        let check = |arn: &str, expected| assert_eq!(parse_arn(arn), expected, "{arn}");
        check("arn:aws:sns:r:1:t", Some(("r", "1", "t", None)));
        check("arn:aws:sns:r:1:t:id", Some(("r", "1", "t", Some("id"))));
        check("arn:aws:sqs:r:1:t", None);
        check("t", None);
    }
}
