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
    /// A number, possibly written as text.
    Number,
    /// A boolean, possibly written as text.
    Flag,
    /// A list of texts.
    Texts,
    /// A structure with any names, whose members all have this form.
    Each(&'static Shape),
    /// A structure or a list. Wherever in it a member has one of these names, it has that form.
    Parts(Properties),
    /// A structure, list or document that the service checks itself.
    Any,
}

impl Shape {
    /// The property `Tags` as a list of keys and values.
    pub(crate) const TAGS: Self = Self::Parts(&[("Key", Self::Text), ("Value", Self::Text)]);

    /// The value in this form; `place` is its name for an error.
    fn coerce(self, value: Value, place: &str) -> Result<Value, WrongForm> {
        let wrong = |wanted| WrongForm { property: place.to_owned(), wanted };
        match (self, value) {
            (Self::Any, value)
            | (Self::Text, value @ Value::String(_))
            | (Self::Number, value @ Value::Number(_))
            | (Self::Flag, value @ Value::Bool(_)) => Ok(value),
            (Self::Text, Value::Number(number)) => Ok(number.to_string().into()),
            (Self::Text, Value::Bool(flag)) => Ok(flag.to_string().into()),
            (Self::Text, _) => Err(wrong("a string")),
            (Self::Integer, Value::Number(number)) if number.as_i64().is_some() => Ok(Value::Number(number)),
            (Self::Integer, Value::String(text)) => {
                text.trim().parse::<i64>().map(Value::from).map_err(|_| wrong("a whole number"))
            }
            (Self::Integer, _) => Err(wrong("a whole number")),
            (Self::Number, Value::String(text)) => {
                text.trim().parse().map(Value::Number).map_err(|_| wrong("a number"))
            }
            (Self::Number, _) => Err(wrong("a number")),
            (Self::Flag, Value::String(text)) => {
                text.parse::<bool>().map(Value::from).map_err(|_| wrong("true or false"))
            }
            (Self::Flag, _) => Err(wrong("true or false")),
            (Self::Texts, Value::Array(items)) => {
                let text = |item| Self::Text.coerce(item, place).map_err(|_| wrong("a list of strings"));
                items.into_iter().map(text).collect()
            }
            (Self::Texts, _) => Err(wrong("a list of strings")),
            (Self::Each(shape), Value::Object(members)) => members
                .into_iter()
                .map(|(name, member)| {
                    let member = shape.coerce(member, &format!("{place}.{name}"))?;
                    Ok((name, member))
                })
                .collect(),
            (Self::Each(_), _) => Err(wrong("a structure")),
            (Self::Parts(parts), Value::Object(members)) => {
                coerced_at(members, parts, place).map(Value::Object)
            }
            (Self::Parts(_), Value::Array(items)) => {
                items.into_iter().map(|item| self.coerce(item, place)).collect()
            }
            (Self::Parts(_), value) => Ok(value),
        }
    }
}

/// A property whose value does not have the form that its resource type expects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct WrongForm {
    /// The property, or the member of a property, such as `Quota.Limit`.
    pub(crate) property: String,
    /// The expected form, such as `a list of strings`.
    pub(crate) wanted: &'static str,
}

/// Converts computed properties to the forms that `known` lists.
pub(crate) fn coerced(
    properties: Map<String, Value>,
    known: Properties,
) -> Result<Map<String, Value>, WrongForm> {
    let form = |(name, value): (String, Value)| {
        let shape = known.iter().find(|(known, _)| *known == name).map_or(Shape::Any, |(_, shape)| *shape);
        let value = shape.coerce(value, &name)?;
        Ok((name, value))
    };
    properties.into_iter().map(form).collect()
}

/// Converts the members of a structure, and of the structures in it, to the forms that `parts` lists.
fn coerced_at(
    members: Map<String, Value>,
    parts: Properties,
    place: &str,
) -> Result<Map<String, Value>, WrongForm> {
    let form = |(name, value): (String, Value)| {
        let shape = parts.iter().find(|(known, _)| *known == name);
        let shape = shape.map_or(Shape::Parts(parts), |(_, shape)| *shape);
        let value = shape.coerce(value, &format!("{place}.{name}"))?;
        Ok((name, value))
    };
    members.into_iter().map(form).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_take_the_form_of_their_property() {
        let check = |shape: Shape, value: Value, expected: Result<Value, &str>| {
            let found = shape.coerce(value.clone(), "It").map_err(|error| error.wanted);
            assert_eq!(found, expected, "{shape:?} {value}");
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
        check(Shape::Texts, json!(["a", 1]), Ok(json!(["a", "1"])));
        check(Shape::Texts, json!("a"), Err("a list of strings"));
        check(Shape::Texts, json!([{}]), Err("a list of strings"));
        check(Shape::Number, json!("0.5"), Ok(json!(0.5)));
        check(Shape::Number, json!("10"), Ok(json!(10)));
        check(Shape::Number, json!("x"), Err("a number"));
        check(Shape::Each(&Shape::Text), json!({"a": 1, "b": true}), Ok(json!({"a": "1", "b": "true"})));
        check(Shape::Each(&Shape::Text), json!([]), Err("a structure"));
        check(Shape::Any, json!({"a": [1]}), Ok(json!({"a": [1]})));
    }

    #[test]
    fn members_take_their_form_at_any_depth() {
        const PARTS: Shape = Shape::Parts(&[("Limit", Shape::Integer), ("On", Shape::Flag)]);
        let given = json!([{"Limit": "1", "Inner": {"On": "true", "Other": "2"}}, {"On": false}]);
        let formed = json!([{"Limit": 1, "Inner": {"On": true, "Other": "2"}}, {"On": false}]);
        assert_eq!(PARTS.coerce(given, "It"), Ok(formed));
        let wrong = PARTS.coerce(json!({"Inner": [{"Limit": "x"}]}), "It").unwrap_err();
        assert_eq!((&*wrong.property, wrong.wanted), ("It.Inner.Limit", "a whole number"));
    }
}
