//! CBOR to and from the JSON values that operations work on: tag 1 is a time, byte strings are base64 text.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use ciborium::Value as Cbor;
use serde_json::{Map, Number, Value};

use crate::wire;

/// How deep a document may nest, so that a hostile one cannot exhaust the stack.
const DEPTH: usize = 64;

/// Reads a document; the error says what is wrong in it.
pub(crate) fn decode(body: &[u8]) -> Result<Value, String> {
    let mut rest = body;
    let document: Cbor = ciborium::de::from_reader_with_recursion_limit(&mut rest, DEPTH)
        .map_err(|error| format!("the body is not valid CBOR: {error}"))?;
    if !rest.is_empty() {
        return Err("the body has more bytes after its CBOR document".to_owned());
    }
    match to_json(document)? {
        object @ Value::Object(_) => Ok(object),
        _ => Err("the body must be a CBOR map".to_owned()),
    }
}

fn to_json(document: Cbor) -> Result<Value, String> {
    Ok(match document {
        Cbor::Null => Value::Null,
        Cbor::Bool(value) => Value::Bool(value),
        Cbor::Text(text) => Value::String(text),
        Cbor::Bytes(bytes) => Value::String(BASE64_STANDARD.encode(bytes)),
        // JSON has no NaN; operations that take numbers as text refuse it by name.
        Cbor::Float(number) => {
            Number::from_f64(number).map_or_else(|| Value::String(number.to_string()), Value::Number)
        }
        Cbor::Integer(number) => {
            let number = i128::from(number);
            i64::try_from(number)
                .map(Value::from)
                .or_else(|_| u64::try_from(number).map(Value::from))
                .map_err(|_| format!("{number} is out of range"))?
        }
        Cbor::Tag(1, inner) => match *inner {
            Cbor::Integer(seconds) => Value::from(i128::from(seconds) as f64),
            Cbor::Float(seconds) => Value::from(seconds),
            _ => return Err("a timestamp (tag 1) must be a number".to_owned()),
        },
        Cbor::Tag(tag, _) => return Err(format!("tag {tag} is not supported")),
        Cbor::Array(items) => Value::Array(items.into_iter().map(to_json).collect::<Result<_, _>>()?),
        Cbor::Map(members) => {
            let mut object = Map::new();
            for (name, value) in members {
                let Cbor::Text(name) = name else { return Err("a map's keys must be text".to_owned()) };
                object.insert(name, to_json(value)?);
            }
            Value::Object(object)
        }
        _ => return Err("the body holds a CBOR type that is not supported".to_owned()),
    })
}

/// Writes a document; values made by [`wire::time`] become tag 1.
pub(crate) fn encode(value: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    // Writing to memory cannot fail, and every JSON value has a CBOR form.
    let _ = ciborium::into_writer(&from_json(value), &mut out);
    out
}

fn from_json(value: &Value) -> Cbor {
    if let Some(ms) = wire::as_time(value) {
        return Cbor::Tag(1, Box::new(Cbor::Float(ms as f64 / 1000.0)));
    }
    match value {
        Value::Null => Cbor::Null,
        Value::Bool(value) => Cbor::Bool(*value),
        Value::String(text) => Cbor::Text(text.clone()),
        Value::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(number), _) => Cbor::Integer(number.into()),
            (_, Some(number)) => Cbor::Integer(number.into()),
            _ => Cbor::Float(number.as_f64().unwrap_or(f64::NAN)),
        },
        Value::Array(items) => Cbor::Array(items.iter().map(from_json).collect()),
        Value::Object(members) => Cbor::Map(
            members.iter().map(|(name, value)| (Cbor::Text(name.clone()), from_json(value))).collect(),
        ),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn documents_survive_both_ways_and_times_are_tagged() {
        let document = json!({"Namespace": "N", "Value": 1.5, "Count": 3, "List": [true, null, -1]});
        assert_eq!(decode(&encode(&document)).unwrap(), document);
        let timed = encode(&json!({"At": wire::time(1_500)}));
        assert_eq!(decode(&timed).unwrap(), json!({"At": 1.5}));
    }

    #[test]
    fn malformed_documents_are_errors() {
        let check = |bytes: &[u8]| assert!(decode(bytes).is_err(), "{bytes:?}");
        check(b"\xff");
        check(b"\xa1\x61");
        check(b"\x01");
        check(b"\xa0\x00");
        check(&[0x81; 5_000]);
        check(b"\xa1\x01\x02");
    }
}
