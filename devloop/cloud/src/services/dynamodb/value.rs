//! Attribute values: the typed form of `{"S": "text"}` and the other JSON forms.

use std::collections::BTreeSet;

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use serde_json::{Map, Value};

pub(crate) use super::attributes::Attributes;
use super::number::{Number, NumberError};
use crate::error::ApiError;

/// The deepest nesting of lists and maps.
const DEPTH: usize = 32;

/// The value of an attribute. The order of a set's elements is not kept, so sets compare by content.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum AttributeValue {
    /// A text.
    S(String),
    /// A number.
    N(Number),
    /// Bytes.
    B(Vec<u8>),
    /// A boolean.
    Bool(bool),
    /// The null value.
    Null,
    /// A list of values.
    L(Vec<AttributeValue>),
    /// A map of values.
    M(Attributes),
    /// A set of texts.
    Ss(BTreeSet<String>),
    /// A set of numbers.
    Ns(BTreeSet<Number>),
    /// A set of byte strings.
    Bs(BTreeSet<Vec<u8>>),
}

impl From<NumberError> for ApiError {
    fn from(error: NumberError) -> Self {
        Self::validation(error.to_string())
    }
}

impl AttributeValue {
    /// Parses the JSON form.
    pub(crate) fn from_json(value: Value) -> Result<Self, ApiError> {
        Self::read(value, 1)
    }

    fn read(value: Value, depth: usize) -> Result<Self, ApiError> {
        let empty = || {
            ApiError::validation(
                "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes",
            )
        };
        if value.is_null() {
            return Err(empty());
        }
        let mut types = into_object(value)?.into_iter().filter(|(_, value)| !value.is_null());
        let (kind, value) = types.next().ok_or_else(empty)?;
        if types.next().is_some() {
            return Err(ApiError::validation(
                "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes",
            ));
        }
        if depth > DEPTH {
            return Err(ApiError::validation(
                "Nesting Levels have exceeded supported limits: Attributes in the item have nested levels beyond supported limit",
            ));
        }
        Ok(match kind.as_str() {
            "S" => Self::S(into_text(value)?),
            "N" => Self::N(into_text(value)?.parse()?),
            "B" => Self::B(into_bytes(value)?),
            "BOOL" => Self::Bool(into_flag(&value)?),
            "NULL" if into_flag(&value)? => Self::Null,
            "NULL" => return Err(invalid("Null attribute value types must have the value of true")),
            "L" => Self::L(
                into_list(value)?
                    .into_iter()
                    .map(|element| Self::read(element, depth + 1))
                    .collect::<Result<_, _>>()?,
            ),
            "M" => Self::M(read_attributes(into_object(value)?, depth + 1)?),
            "SS" => Self::Ss(set(value, "An string set  may not be empty", into_text, |shown| {
                invalid(format!("Input collection [{}] contains duplicates.", shown.join(", ")))
            })?),
            "NS" => Self::Ns(set(
                value,
                "An number set  may not be empty",
                |element| Ok(into_text(element)?.parse()?),
                |_| invalid("Input collection contains duplicates."),
            )?),
            "BS" => Self::Bs(set(value, "Binary sets should not be empty", into_bytes, |shown| {
                invalid(format!("Input collection [{}]of type BS contains duplicates.", shown.join(",")))
            })?),
            _ => return Err(empty()),
        })
    }

    /// The JSON form.
    pub(crate) fn to_json(&self) -> Value {
        let value = match self {
            Self::S(text) => Value::String(text.clone()),
            Self::N(number) => Value::String(number.to_string()),
            Self::B(bytes) => Value::String(BASE64.encode(bytes)),
            Self::Bool(value) => Value::Bool(*value),
            Self::Null => Value::Bool(true),
            Self::L(list) => list.iter().map(Self::to_json).collect(),
            Self::M(members) => Value::Object(to_json(members)),
            Self::Ss(set) => set.iter().map(String::as_str).collect(),
            Self::Ns(set) => set.iter().map(Number::to_string).collect(),
            Self::Bs(set) => set.iter().map(|bytes| BASE64.encode(bytes)).collect(),
        };
        let mut typed = Map::new();
        typed.insert(self.kind().to_owned(), value);
        Value::Object(typed)
    }

    /// The JSON form, made without copying the value's contents.
    pub(crate) fn into_json(self) -> Value {
        match self {
            Self::S(text) => Value::Object(Map::from_iter([("S".to_owned(), Value::String(text))])),
            other => other.to_json(),
        }
    }

    /// The name of the type in the JSON form.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::S(_) => "S",
            Self::N(_) => "N",
            Self::B(_) => "B",
            Self::Bool(_) => "BOOL",
            Self::Null => "NULL",
            Self::L(_) => "L",
            Self::M(_) => "M",
            Self::Ss(_) => "SS",
            Self::Ns(_) => "NS",
            Self::Bs(_) => "BS",
        }
    }

    /// The size that counts for items and capacity, in bytes [DynamoDB item sizes and formats].
    pub(crate) fn size(&self) -> usize {
        match self {
            Self::S(text) => text.len(),
            Self::N(number) => number.size(),
            Self::B(bytes) => bytes.len(),
            Self::Bool(_) | Self::Null => 1,
            Self::L(list) => 3 + list.iter().map(|element| 1 + element.size()).sum::<usize>(),
            Self::M(members) => 3 + members.len() + size(members),
            Self::Ss(set) => set.iter().map(String::len).sum(),
            Self::Ns(set) => set.iter().map(|number| number.size()).sum(),
            Self::Bs(set) => set.iter().map(Vec::len).sum(),
        }
    }
}

/// The size of attributes with their names, in bytes.
pub(crate) fn size(attributes: &Attributes) -> usize {
    attributes.iter().map(|(name, value)| name.len() + value.size()).sum()
}

/// Parses attributes from their JSON form.
pub(crate) fn from_json(attributes: Map<String, Value>) -> Result<Attributes, ApiError> {
    read_attributes(attributes, 1)
}

fn read_attributes(wire: Map<String, Value>, depth: usize) -> Result<Attributes, ApiError> {
    let mut attributes = Attributes::with_capacity(wire.len());
    for (name, value) in wire {
        if name.is_empty() {
            return Err(ApiError::validation("Empty attribute name"));
        }
        attributes.insert(name, AttributeValue::read(value, depth)?);
    }
    Ok(attributes)
}

/// The JSON form of attributes.
pub(crate) fn to_json(attributes: &Attributes) -> Map<String, Value> {
    attributes.iter().map(|(name, value)| (name.to_owned(), value.to_json())).collect()
}

/// A set of the elements. `duplicates` makes the error for repeated elements, from the JSON texts of all elements.
fn set<T: Ord>(
    elements: Value,
    empty: &str,
    read: impl Fn(Value) -> Result<T, ApiError>,
    duplicates: impl Fn(&[String]) -> ApiError,
) -> Result<BTreeSet<T>, ApiError> {
    let elements = into_list(elements)?;
    if elements.is_empty() {
        return Err(invalid(empty));
    }
    let shown: Vec<String> = elements.iter().map(Value::to_string).collect();
    let set = elements.into_iter().map(read).collect::<Result<BTreeSet<_>, _>>()?;
    if set.len() < shown.len() { Err(duplicates(&shown)) } else { Ok(set) }
}

/// A `ValidationException` about parameter values, with the service's usual beginning.
pub(crate) fn invalid(why: impl std::fmt::Display) -> ApiError {
    ApiError::validation(format!("One or more parameter values were invalid: {why}"))
}

/// The `SerializationException` for a member with the wrong JSON type.
pub(crate) fn mismatch(value: &Value, wanted: &str) -> ApiError {
    let given = match value {
        Value::Null => "NULL_VALUE",
        Value::Bool(true) => "TRUE_VALUE",
        Value::Bool(false) => "FALSE_VALUE",
        Value::Number(_) => "NUMBER_VALUE",
        Value::String(_) => "STRING_VALUE",
        Value::Array(_) => "START_ARRAY",
        Value::Object(_) => "START_OBJECT",
    };
    ApiError::client("SerializationException", format!("{given} cannot be converted to {wanted}"))
}

/// The text of a JSON string.
pub(crate) fn into_text(value: Value) -> Result<String, ApiError> {
    match value {
        Value::String(text) => Ok(text),
        other => Err(mismatch(&other, "String")),
    }
}

/// A boolean; its text is accepted too, as by the service.
pub(crate) fn into_flag(value: &Value) -> Result<bool, ApiError> {
    match value {
        Value::Bool(flag) => Ok(*flag),
        Value::String(text) if text.eq_ignore_ascii_case("true") => Ok(true),
        Value::String(text) if text.eq_ignore_ascii_case("false") => Ok(false),
        other => Err(mismatch(other, "Boolean")),
    }
}

/// The elements of a JSON array.
pub(crate) fn into_list(value: Value) -> Result<Vec<Value>, ApiError> {
    match value {
        Value::Array(list) => Ok(list),
        other => Err(mismatch(&other, "List")),
    }
}

/// The members of a JSON object.
pub(crate) fn into_object(value: Value) -> Result<Map<String, Value>, ApiError> {
    match value {
        Value::Object(members) => Ok(members),
        other => Err(mismatch(&other, "Map")),
    }
}

fn into_bytes(value: Value) -> Result<Vec<u8>, ApiError> {
    BASE64.decode(into_text(value)?).map_err(|error| {
        ApiError::client("SerializationException", format!("the binary value is not Base64: {error}"))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_type_is_parsed_measured_and_written() {
        let check = |wire: Value, size: usize| {
            let value = AttributeValue::from_json(wire.clone()).unwrap();
            assert_eq!((value.to_json(), value.size()), (wire, size));
        };
        check(json!({"S": "grün"}), 5);
        check(json!({"N": "101"}), 3);
        check(json!({"N": "-1234"}), 4);
        check(json!({"B": "aGk="}), 2);
        check(json!({"BOOL": false}), 1);
        check(json!({"NULL": true}), 1);
        check(json!({"L": [{"S": "a"}, {"N": "1"}]}), 3 + 2 + 3);
        check(json!({"M": {"key": {"S": "value"}}}), 3 + 9);
        check(json!({"SS": ["a", "b"]}), 2);
        check(json!({"NS": ["1", "20"]}), 4);
        check(json!({"BS": ["aGk="]}), 2);
    }

    #[test]
    fn invalid_values_are_refused_in_the_services_words() {
        let check = |wire: Value, expected: &str| {
            assert_eq!(AttributeValue::from_json(wire).unwrap_err().message, expected);
        };
        let prefix = "One or more parameter values were invalid: ";
        check(
            json!({}),
            "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes",
        );
        check(
            json!({"S": "a", "N": "1"}),
            "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes",
        );
        check(json!({"S": 1}), "NUMBER_VALUE cannot be converted to String");
        check(json!("x"), "STRING_VALUE cannot be converted to Map");
        check(json!({"N": "x"}), "The parameter cannot be converted to a numeric value: x");
        check(json!({"SS": []}), &format!("{prefix}An string set  may not be empty"));
        check(json!({"NS": ["1", "1.0"]}), &format!("{prefix}Input collection contains duplicates."));
        check(
            json!({"NULL": false}),
            &format!("{prefix}Null attribute value types must have the value of true"),
        );
        let mut deep = json!({"S": "x"});
        for _ in 0..32 {
            deep = json!({"L": [deep]});
        }
        check(
            deep,
            "Nesting Levels have exceeded supported limits: Attributes in the item have nested levels beyond supported limit",
        );
    }
}
