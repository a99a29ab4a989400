//! Logical ids that depend on a resource's content, so that a change creates a new resource.

use serde_json::Value;
use sha1::{Digest as _, Sha1};

/// The first ten digits of the SHA-1 of a text or of `value` as JSON, as AWS's own transform computes them.
pub(super) fn digest(value: &Value) -> String {
    let text = match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    Sha1::digest(text).iter().take(5).map(|byte| format!("{byte:02x}")).collect()
}

/// `text` if a logical id may contain it, or else its digest.
pub(super) fn suffix(text: &str) -> String {
    if !text.is_empty() && text.chars().all(char::is_alphanumeric) {
        text.to_owned()
    } else {
        digest(&Value::from(text))
    }
}
