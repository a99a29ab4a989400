//! Makes a document that fits a JSON schema, for a request to try an API with.

use serde_json::{Map, Value, json};

/// How deep schemas are followed.
const DEEPEST: usize = 8;

/// The text that is used where the schema wants none in particular.
const TEXT: &str = "hello";

/// A document with every property that the schema names. It takes types, enumerations, defaults, bounds and local references into
/// account; a pattern is not followed, so such a document may not fit.
pub(super) fn example(schema: &Value) -> Value {
    of(schema, schema, DEEPEST)
}

fn of(root: &Value, schema: &Value, deeper: usize) -> Value {
    let Some(deeper) = deeper.checked_sub(1) else { return json!({}) };
    if let Some(path) = schema["$ref"].as_str().and_then(|path| path.strip_prefix('#')) {
        return root.pointer(path).map_or_else(|| json!({}), |found| of(root, found, deeper));
    }
    let given = ["example", "default"].iter().find_map(|name| schema.get(name));
    if let Some(given) = given.or_else(|| schema["enum"].get(0)) {
        return given.clone();
    }
    for joined in ["allOf", "anyOf", "oneOf"] {
        if let Some(first) = schema[joined].get(0) {
            return of(root, first, deeper);
        }
    }
    let kind = schema["type"].as_str().or_else(|| schema["type"][0].as_str());
    match kind {
        Some("string") => text(schema).into(),
        Some("integer" | "number") => number(schema),
        Some("boolean") => true.into(),
        Some("null") => Value::Null,
        Some("array") => {
            let least = schema["minItems"].as_u64().unwrap_or(1).clamp(1, 10);
            (0..least).map(|_| of(root, &schema["items"], deeper)).collect()
        }
        _ => {
            let properties = schema["properties"].as_object().into_iter().flatten();
            let properties = properties.map(|(name, schema)| (name.clone(), of(root, schema, deeper)));
            Value::Object(properties.collect::<Map<_, _>>())
        }
    }
}

fn text(schema: &Value) -> String {
    match schema["format"].as_str() {
        Some("date-time") => "2026-01-01T00:00:00Z".to_owned(),
        Some("date") => "2026-01-01".to_owned(),
        Some("email") => "user@example.com".to_owned(),
        Some("uri") => "https://example.com/".to_owned(),
        Some("uuid") => "00000000-0000-4000-8000-000000000000".to_owned(),
        _ => {
            let bound = |name: &str| schema[name].as_u64().and_then(|bound| usize::try_from(bound).ok());
            let length = TEXT.len().max(bound("minLength").unwrap_or(0).min(1_000));
            TEXT.chars().cycle().take(length.min(bound("maxLength").unwrap_or(length))).collect()
        }
    }
}

fn number(schema: &Value) -> Value {
    match (&schema["minimum"], &schema["maximum"]) {
        (Value::Number(least), _) if schema["exclusiveMinimum"] != true => least.clone().into(),
        (Value::Number(least), _) => {
            least.as_f64().map_or_else(|| 1.into(), |least| json!(least.floor() as i64 + 1))
        }
        (_, Value::Number(most)) if most.as_f64().is_some_and(|most| most <= 1.0) => {
            json!(most.as_f64().unwrap_or_default().floor() as i64 - 1)
        }
        _ => 1.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_example_has_every_property_of_its_schema() {
        let check = |schema: Value, expected: Value| assert_eq!(example(&schema), expected, "{schema}");
        check(
            json!({ "type": "object", "properties": { "data": { "type": "string" } } }),
            json!({ "data": "hello" }),
        );
        check(json!({}), json!({}));
        check(
            json!({
                "properties": {
                    "at": { "type": "string", "format": "date-time" },
                    "kind": { "enum": ["big", "small"] },
                    "many": { "type": "array", "minItems": 2, "items": { "$ref": "#/definitions/one" } },
                    "none": { "type": ["null", "string"] },
                    "sure": { "type": "boolean" },
                },
                "definitions": { "one": { "type": "integer", "minimum": 5 } },
            }),
            json!({ "at": "2026-01-01T00:00:00Z", "kind": "big", "many": [5, 5], "none": null, "sure": true }),
        );
        check(json!({ "type": "string", "minLength": 7 }), json!("hellohe"));
        check(json!({ "type": "string", "maxLength": 2 }), json!("he"));
        check(json!({ "type": "integer", "minimum": 5, "exclusiveMinimum": true }), json!(6));
        check(json!({ "type": "integer", "maximum": -3 }), json!(-4));
        check(json!({ "type": "number" }), json!(1));
        check(json!({ "oneOf": [{ "type": "boolean" }, { "type": "string" }] }), json!(true));
    }

    #[test]
    fn a_schema_that_contains_itself_has_an_end() {
        let schema = json!({ "properties": { "next": { "$ref": "#" } } });
        assert!(example(&schema).to_string().len() < 200);
    }
}
