//! Logical ids that follow from what a resource is made of, so that a change makes a new resource.

use serde_json::Value;
use sha1::{Digest as _, Sha1};

/// The first ten digits of the SHA-1 of `value` in JSON, or of a text itself, as AWS's own transform takes them.
pub(super) fn digest(value: &Value) -> String {
    let text = match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    Sha1::digest(text).iter().take(5).map(|byte| format!("{byte:02x}")).collect()
}

/// `text` where a logical id may hold it, or its digest.
pub(super) fn suffix(text: &str) -> String {
    if !text.is_empty() && text.chars().all(char::is_alphanumeric) {
        text.to_owned()
    } else {
        digest(&Value::from(text))
    }
}
