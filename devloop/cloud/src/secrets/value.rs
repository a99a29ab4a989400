//! Secrets in JSON: the values of members with names such as `password`, at any depth, and what texts have of secrets.

use std::borrow::Cow;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::Value;

use super::{
    MASK,
    names::{SECRET, WHOLE, is_variable},
    without_secrets,
};

/// The value without its secrets. More is taken for secret than in a text, because the names of members say more.
pub fn without_secrets_in(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let members = members.iter().map(|(name, value)| {
                let value = if is_secret(name) { hidden(value) } else { without_secrets_in(value) };
                (name.clone(), value)
            });
            Value::Object(members.collect())
        }
        Value::Array(items) => items.iter().map(without_secrets_in).collect(),
        Value::String(text) => masked_text(text).into(),
        other => other.clone(),
    }
}

/// Takes secrets out of the texts of a value, and leaves its other members as they are.
pub(crate) fn clean_texts(value: &mut Value) {
    match value {
        Value::String(text) => {
            if let Cow::Owned(clean) = without_secrets(text) {
                *text = clean;
            }
        }
        Value::Array(items) => items.iter_mut().for_each(clean_texts),
        Value::Object(members) => members.values_mut().for_each(clean_texts),
        _ => {}
    }
}

fn is_secret(name: &str) -> bool {
    let plain: String =
        name.chars().filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_lowercase()).collect();
    // In a text these two are words like others.
    let is_of_member = plain.contains("credential") || plain == "bearer";
    let is_known = SECRET.iter().any(|part| plain.contains(part)) || WHOLE.contains(&plain.as_str());
    is_known || is_of_member || is_variable(name)
}

/// Everything in it is secret; its form stays, so that the event can still be read.
fn hidden(value: &Value) -> Value {
    match value {
        Value::Null => Value::Null,
        Value::Object(members) => members.iter().map(|(name, value)| (name.clone(), hidden(value))).collect(),
        Value::Array(items) => items.iter().map(hidden).collect(),
        Value::String(_) | Value::Number(_) | Value::Bool(_) => MASK.into(),
    }
}

/// A text may hold JSON, as a message's body does, or a query, or the base64 of such, as a record's data does. JSON that held a secret is
/// written anew, with its members in the order of their names.
fn masked_text(text: &str) -> String {
    if let Some(clean) = clean(text) {
        return clean;
    }
    let decoded = BASE64_STANDARD.decode(text).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    if let Some(clean) = decoded.as_deref().and_then(|inner| clean(inner).filter(|clean| clean != inner)) {
        return BASE64_STANDARD.encode(clean);
    }
    let is_given = ["Bearer ", "Basic ", "AWS4-HMAC-SHA256 "]
        .iter()
        .any(|start| text.get(..start.len()).is_some_and(|beginning| beginning.eq_ignore_ascii_case(start)));
    if is_given { MASK.to_owned() } else { without_secrets(text).into_owned() }
}

/// The text without the secrets of its JSON or of its query; `None` where it has neither.
fn clean(text: &str) -> Option<String> {
    if let Some(inner) = structure(text.as_bytes()) {
        let clean = without_secrets_in(&inner);
        return Some(if clean == inner { text.to_owned() } else { clean.to_string() });
    }
    without_secrets_in_query(text)
}

/// A query such as `user=a&password=p`, alone, as a form's body has it, or behind an address. `None` where nothing in it is secret.
fn without_secrets_in_query(text: &str) -> Option<String> {
    if text.contains(char::is_whitespace) {
        return None;
    }
    let (before, query) =
        text.split_once('?').map_or(("", text), |(path, query)| (&text[..=path.len()], query));
    let is_secret_pair =
        |pair: &str| pair.split_once('=').is_some_and(|(name, value)| is_secret(name) && !value.is_empty());
    if !query.split('&').any(is_secret_pair) {
        return None;
    }
    let pairs = query.split('&').map(|pair| match pair.split_once('=') {
        Some((name, _)) if is_secret_pair(pair) => format!("{name}={MASK}"),
        _ => pair.to_owned(),
    });
    Some(format!("{before}{}", pairs.collect::<Vec<_>>().join("&")))
}

/// A JSON object or array; `None` for a single text or number.
fn structure(bytes: &[u8]) -> Option<Value> {
    serde_json::from_slice::<Value>(bytes).ok().filter(|value| value.is_object() || value.is_array())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn secrets_are_masked_wherever_they_are_and_nothing_else_is() {
        let check = |event: Value, expected: Value| assert_eq!(without_secrets_in(&event), expected);
        check(
            json!({ "headers": { "Authorization": "Bearer abc", "X-Api-Key": "k", "Accept": "*/*" }, "cookies": ["a=b"] }),
            json!({ "headers": { "Authorization": "***", "X-Api-Key": "***", "Accept": "*/*" }, "cookies": ["***"] }),
        );
        check(json!({ "NextToken": "abc", "token": "abc" }), json!({ "NextToken": "abc", "token": "***" }));
        check(
            json!({ "accessToken": "abc", "GITHUB_TOKEN": "abc", "tokens": 1 }),
            json!({ "accessToken": "***", "GITHUB_TOKEN": "***", "tokens": 1 }),
        );
        check(json!({ "db_password": { "S": "p" } }), json!({ "db_password": { "S": "***" } }));
        check(
            json!({ "body": r#"{"password":"p","user":"a"}"# }),
            json!({ "body": r#"{"password":"***","user":"a"}"# }),
        );
        let data = |text: &str| BASE64_STANDARD.encode(text);
        check(
            json!({ "data": data(r#"{"clientSecret":"p"}"#) }),
            json!({ "data": data(r#"{"clientSecret":"***"}"#) }),
        );
        check(json!({ "a": ["AKIAIOSFODNN7EXAMPLE", "eyJh.eyJi.c"] }), json!({ "a": ["***", "***"] }));
        check(
            json!({ "rawQueryString": "token=a&n=1", "body": data("user=a&password=p") }),
            json!({ "rawQueryString": "token=***&n=1", "body": data("user=a&password=***") }),
        );
        check(
            json!(["https://b/k?X-Amz-Signature=1a&n=1", "/k?n=1", "bearer abc"]),
            json!(["https://b/k?X-Amz-Signature=***&n=1", "/k?n=1", "***"]),
        );
        check(
            json!(["postgres://u:a/b@h", "got Bearer abc123"]),
            json!(["postgres://u:***@h", "got Bearer ***"]),
        );
        // What has no secret stays as it is, to the last space.
        let plain = json!({ "body": "{ \"n\": 1 }", "data": data("{ \"n\": 1 }"), "text": "eyJ", "n": 1, "none": null });
        check(plain.clone(), plain);
    }

    #[test]
    fn only_texts_are_cleaned_where_names_say_nothing() {
        let mut page = json!({ "secrets": 2, "last": [{ "error": "no postgres://u:p@h" }] });
        clean_texts(&mut page);
        assert_eq!(page, json!({ "secrets": 2, "last": [{ "error": "no postgres://u:***@h" }] }));
    }
}
