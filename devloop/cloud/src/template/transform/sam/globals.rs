//! `Globals`: properties that apply to all resources of a type [Globals section, AWS SAM Developer Guide].

use serde_json::{Map, Value};

use super::{Outcome, Written, only, value::is_call};

/// The types that may have globals.
const KINDS: [&str; 5] = ["Api", "Function", "HttpApi", "LayerVersion", "SimpleTable"];

/// The section; fails if it has an unknown type.
pub(super) fn checked(globals: Option<&Value>) -> Outcome<Map<String, Value>> {
    let Some(globals) = globals else { return Ok(Map::new()) };
    let sections = globals.as_object().ok_or("Globals is no map")?;
    only(sections, &KINDS, "the section of Globals")?;
    Ok(sections.clone())
}

/// The resource, with the globals of its type added.
pub(super) fn merged(mut written: Written, kind: &str, globals: &Map<String, Value>) -> Outcome<Written> {
    match globals.get(kind) {
        None => Ok(written),
        Some(Value::Object(global)) => {
            let own = Value::Object(std::mem::take(&mut written.properties));
            if let Value::Object(properties) = merge(&Value::Object(global.clone()), own) {
                written.properties = properties;
            }
            Ok(written)
        }
        Some(_) => Err(format!("Globals.{kind} is no map")),
    }
}

/// Merges maps, and appends the resource's own list to the global one. For other values the resource's own value wins.
fn merge(global: &Value, own: Value) -> Value {
    match (global, own) {
        (Value::Object(global_members), Value::Object(mut own)) if !is_call(global) => {
            if is_call(&Value::Object(own.clone())) {
                return Value::Object(own);
            }
            for (name, value) in global_members {
                let mine = own.remove(name);
                let value = mine.map_or_else(|| value.clone(), |mine| merge(value, mine));
                own.insert(name.clone(), value);
            }
            Value::Object(own)
        }
        (Value::Array(global), Value::Array(own)) => Value::Array([global.clone(), own].concat()),
        (_, own) => own,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_resource_s_own_values_come_first() {
        let check = |global: Value, own: Value, expected: Value| {
            assert_eq!(merge(&global, own.clone()), expected, "{own}");
        };
        check(json!({"a": 1, "b": 2}), json!({"b": 3}), json!({"a": 1, "b": 3}));
        check(json!({"m": {"a": 1}}), json!({"m": {"b": 2}}), json!({"m": {"a": 1, "b": 2}}));
        check(json!({"l": [1]}), json!({"l": [2]}), json!({"l": [1, 2]}));
        check(json!({"m": {"a": 1}}), json!({"m": {"Ref": "X"}}), json!({"m": {"Ref": "X"}}));
        check(json!({"m": {"Ref": "X"}}), json!({"m": {"a": 1}}), json!({"m": {"a": 1}}));
    }
}
