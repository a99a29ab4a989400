//! A second implementation of filters: straight from the patterns' JSON, and without the code under test.

use serde_json::{Map, Value};

/// Whether a payload passes: one filter is enough, and without filters everything does.
pub(super) fn passes(filters: &[Value], member: &str, payload: &str) -> bool {
    filters.is_empty() || filters.iter().any(|filter| record(filter.as_object().unwrap(), member, payload))
}

/// The outermost level of a pattern, where the payload's format must be the one that the pattern expects.
fn record(pattern: &Map<String, Value>, member: &str, payload: &str) -> bool {
    let json = serde_json::from_str::<Value>(payload).ok();
    pattern.iter().all(|(name, wanted)| match (name.as_str(), wanted, &json) {
        ("$or", Value::Array(either), _) => {
            either.iter().any(|one| record(one.as_object().unwrap(), member, payload))
        }
        (name, Value::Object(inner), Some(json)) if name == member => object(inner, Some(json)),
        (name, Value::Array(rules), None) if name == member => list(rules, Some(&payload.into())),
        _ => false,
    })
}

fn object(pattern: &Map<String, Value>, value: Option<&Value>) -> bool {
    if let Some(Value::Array(items)) = value {
        return items.iter().any(|item| object(pattern, Some(item)));
    }
    pattern.iter().all(|(name, wanted)| {
        let member = value.and_then(|value| value.get(name));
        match wanted {
            Value::Array(either) if name == "$or" => {
                either.iter().any(|one| object(one.as_object().unwrap(), value))
            }
            Value::Array(rules) => list(rules, member),
            Value::Object(inner) => object(inner, member),
            _ => unreachable!("{wanted}"),
        }
    })
}

fn list(rules: &[Value], value: Option<&Value>) -> bool {
    rules.iter().any(|rule| {
        if let Some(wanted) = rule.get("exists") {
            return *wanted == value.is_some_and(has_leaf);
        }
        match value {
            None => false,
            Some(Value::Array(items)) => {
                items.iter().any(|item| list(std::slice::from_ref(rule), Some(item)))
            }
            Some(value) => one(rule, value),
        }
    })
}

fn has_leaf(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.iter().any(has_leaf),
        value => !value.is_object(),
    }
}

fn one(rule: &Value, value: &Value) -> bool {
    let Value::Object(operator) = rule else { return same(rule, value) };
    let (name, operand) = operator.iter().next().unwrap();
    match (name.as_str(), operand) {
        ("anything-but", Value::Array(unwanted)) => {
            !value.is_object() && unwanted.iter().all(|unwanted| !same(unwanted, value))
        }
        ("anything-but", Value::Object(inner)) => {
            let (name, operand) = inner.iter().next().unwrap();
            let texts = operand.as_array().cloned().unwrap_or_else(|| vec![operand.clone()]);
            !value.is_object() && texts.iter().all(|operand| !text(name, operand, value))
        }
        ("anything-but", unwanted) => !value.is_object() && !same(unwanted, value),
        ("numeric", Value::Array(bounds)) => value.as_f64().is_some_and(|number| {
            bounds.chunks(2).all(|bound| {
                let limit = bound[1].as_f64().unwrap();
                let order = number.partial_cmp(&limit).unwrap();
                match bound[0].as_str().unwrap() {
                    "=" => order.is_eq(),
                    "<" => order.is_lt(),
                    "<=" => order.is_le(),
                    ">" => order.is_gt(),
                    ">=" => order.is_ge(),
                    other => unreachable!("{other}"),
                }
            })
        }),
        ("cidr", Value::String(network)) => {
            let (network, length) = network.split_once('/').unwrap();
            let length: usize = length.parse().unwrap();
            let in_network =
                |address: &str| Some(bits(address)?[..length] == bits(network).unwrap()[..length]);
            value.as_str().and_then(in_network).unwrap_or(false)
        }
        (name, operand) => text(name, operand, value),
    }
}

/// Equal scalars; numbers by their value.
fn same(wanted: &Value, value: &Value) -> bool {
    match (wanted.as_f64(), value.as_f64()) {
        (Some(wanted), Some(value)) => wanted.partial_cmp(&value).is_some_and(std::cmp::Ordering::is_eq),
        _ => wanted == value,
    }
}

fn text(operator: &str, operand: &Value, value: &Value) -> bool {
    let Some(value) = value.as_str() else { return false };
    if let Some(folded) = operand.get("equals-ignore-case") {
        return text(operator, &folded.as_str().unwrap().to_lowercase().into(), &value.to_lowercase().into());
    }
    let operand = operand.as_str().unwrap();
    match operator {
        "prefix" => value.get(..operand.len()) == Some(operand),
        "suffix" => value.len() >= operand.len() && value.get(value.len() - operand.len()..) == Some(operand),
        "equals-ignore-case" => value.to_lowercase() == operand.to_lowercase(),
        "wildcard" => {
            let letters = |text: &str| text.chars().collect::<Vec<_>>();
            wildcard(&letters(operand), &letters(value))
        }
        other => unreachable!("{other}"),
    }
}

fn wildcard(pattern: &[char], text: &[char]) -> bool {
    match pattern {
        [] => text.is_empty(),
        ['*', rest @ ..] => (0..=text.len()).any(|skipped| wildcard(rest, &text[skipped..])),
        ['\\', letter, rest @ ..] | [letter, rest @ ..] => {
            text.first() == Some(letter) && wildcard(rest, &text[1..])
        }
    }
}

/// The bits of an IPv4 address, as text.
fn bits(address: &str) -> Option<String> {
    let parts: Vec<u8> = address.split('.').map(|part| part.parse().ok()).collect::<Option<_>>()?;
    (parts.len() == 4).then(|| parts.iter().map(|part| format!("{part:08b}")).collect())
}

#[test]
fn the_reference_says_what_aws_documents() {
    let check = |pattern: &str, payload: &str, expected: bool| {
        let filters = [serde_json::from_str(pattern).unwrap()];
        assert_eq!(passes(&filters, "body", payload), expected, "{pattern} of {payload}");
    };
    // The table of "Using event filtering with an Amazon SQS event source".
    check(r#"{"body":["text"]}"#, "text", true);
    check(r#"{"body":[{"prefix":"o"}]}"#, "text", false);
    check("{}", "text", true);
    check(r#"{"body":{"a":[{"exists":false}]}}"#, "text", false);
    check(r#"{"body":[{"anything-but":"text"}]}"#, r#"{"a":1}"#, false);
    check("{}", r#"{"a":1}"#, true);
    check(r#"{"body":{"a":[1]}}"#, r#"{"a":1}"#, true);
    check(r#"{"body":{"b":[{"exists":false}]}}"#, r#"{"a":1}"#, true);
}
