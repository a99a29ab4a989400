//! The form of a property's value. Templates often write numbers and booleans as text, which services do not accept.

use serde_json::{Map, Value};

use super::resource_type::Properties;

/// The form of a property's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// A text; numbers and booleans become text.
    Text,
    /// A whole number, possibly written as text.
    Integer,
    /// A boolean, possibly written as text.
    Flag,
    /// A list of texts.
    Texts,
    /// A structure, list or document that the service checks itself.
    Any,
}

impl Shape {
    fn coerce(self, value: Value) -> Result<Value, &'static str> {
        match (self, value) {
            (Self::Any, value)
            | (Self::Text, value @ Value::String(_))
            | (Self::Flag, value @ Value::Bool(_)) => Ok(value),
            (Self::Text, Value::Number(number)) => Ok(number.to_string().into()),
            (Self::Text, Value::Bool(flag)) => Ok(flag.to_string().into()),
            (Self::Text, _) => Err("a string"),
            (Self::Integer, Value::Number(number)) if number.as_i64().is_some() => Ok(Value::Number(number)),
            (Self::Integer, Value::String(text)) => {
                text.trim().parse::<i64>().map(Value::from).map_err(|_| "a whole number")
            }
            (Self::Integer, _) => Err("a whole number"),
            (Self::Flag, Value::String(text)) => {
                text.parse::<bool>().map(Value::from).map_err(|_| "true or false")
            }
            (Self::Flag, _) => Err("true or false"),
            (Self::Texts, Value::Array(items)) if items.iter().all(Value::is_string) => {
                Ok(Value::Array(items))
            }
            (Self::Texts, _) => Err("a list of strings"),
        }
    }
}

/// A property whose value does not have the form that its resource type expects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct WrongForm {
    pub(crate) property: String,
    /// The expected form, such as `a list of strings`.
    pub(crate) wanted: &'static str,
}

/// Converts computed properties to the forms that `known` lists.
pub(crate) fn coerced(
    properties: Map<String, Value>,
    known: Properties,
) -> Result<Map<String, Value>, WrongForm> {
    properties
        .into_iter()
        .map(|(name, value)| {
            let shape =
                known.iter().find(|(known, _)| *known == name).map_or(Shape::Any, |(_, shape)| *shape);
            match shape.coerce(value) {
                Ok(value) => Ok((name, value)),
                Err(wanted) => Err(WrongForm { property: name, wanted }),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_take_the_form_of_their_property() {
        let check = |shape: Shape, value: Value, expected: Result<Value, &str>| {
            assert_eq!(shape.coerce(value.clone()), expected, "{shape:?} {value}");
        };
        check(Shape::Text, json!("a"), Ok(json!("a")));
        check(Shape::Text, json!(5), Ok(json!("5")));
        check(Shape::Text, json!({}), Err("a string"));
        check(Shape::Integer, json!("24"), Ok(json!(24)));
        check(Shape::Integer, json!(-1), Ok(json!(-1)));
        check(Shape::Integer, json!(1.5), Err("a whole number"));
        check(Shape::Integer, json!("x"), Err("a whole number"));
        check(Shape::Flag, json!("true"), Ok(json!(true)));
        check(Shape::Flag, json!(0), Err("true or false"));
        check(Shape::Texts, json!(["a"]), Ok(json!(["a"])));
        check(Shape::Texts, json!("a"), Err("a list of strings"));
        check(Shape::Any, json!({"a": [1]}), Ok(json!({"a": [1]})));
    }
}
