//! The policy of a form: when it expires, and which fields it allows. Its signature is not verified.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::Value;

use super::body::Form;
use crate::{error::ApiError, services::s3::error::refused};

/// The fields that no condition needs to name, in lower case; the last two are those of signature version 2.
const FREE: [&str; 5] = ["x-amz-signature", "file", "policy", "awsaccesskeyid", "signature"];

/// A policy [Creating a POST policy].
pub(super) struct Policy {
    expires_ms: i64,
    conditions: Vec<Value>,
}

fn invalid(why: &str) -> ApiError {
    refused(400, "InvalidPolicyDocument", format!("Invalid Policy: {why}"))
}

fn denied(why: &str) -> ApiError {
    refused(403, "AccessDenied", format!("Invalid according to Policy: {why}"))
}

impl Policy {
    /// Parses the policy in a form's field.
    pub(super) fn read(field: &str) -> Result<Self, ApiError> {
        let document = BASE64_STANDARD.decode(field).map_err(|_| invalid("it is not base64"))?;
        let document: Value = serde_json::from_slice(&document).map_err(|_| invalid("it is not JSON"))?;
        let expiration = document["expiration"].as_str().ok_or_else(|| invalid("it has no expiration"))?;
        let expiration: jiff::Timestamp =
            expiration.parse().map_err(|_| invalid("its expiration is no time"))?;
        let conditions = document["conditions"].as_array().ok_or_else(|| invalid("it has no conditions"))?;
        Ok(Self { expires_ms: expiration.as_millisecond(), conditions: conditions.clone() })
    }

    /// Checks the expiration, the conditions on fields, and that each field has a condition.
    pub(super) fn check(&self, form: &Form, bucket: &str, key: &str, now_ms: i64) -> Result<(), ApiError> {
        if self.expires_ms <= now_ms {
            return Err(denied("Policy expired."));
        }
        let value = |name: &str| match name.trim_start_matches('$') {
            "bucket" => bucket.to_owned(),
            "key" => key.to_owned(),
            name => form.field(name).unwrap_or_default().to_owned(),
        };
        for condition in &self.conditions {
            let holds = match condition {
                Value::Object(members) => {
                    members.iter().all(|(name, wanted)| wanted.as_str() == Some(value(name).as_str()))
                }
                Value::Array(parts) => match parts.as_slice() {
                    [Value::String(how), Value::String(name), Value::String(wanted)] if how == "eq" => {
                        value(name) == *wanted
                    }
                    [Value::String(how), Value::String(name), Value::String(start)]
                        if how == "starts-with" =>
                    {
                        value(name).starts_with(start.as_str())
                    }
                    [Value::String(how), _, _] if how == "content-length-range" => true,
                    _ => return Err(invalid("a condition is not understood")),
                },
                _ => return Err(invalid("a condition is not understood")),
            };
            if !holds {
                return Err(denied(&format!("Policy Condition failed: {condition}")));
            }
        }
        match form.fields.iter().find(|(name, _)| !self.names(&name.to_ascii_lowercase())) {
            Some((name, _)) => Err(denied(&format!("Extra input fields: {name}"))),
            None => Ok(()),
        }
    }

    /// Whether a field, by its name in lower case, has a condition or needs none.
    fn names(&self, field: &str) -> bool {
        let is_field = |name: &str| name.trim_start_matches('$').eq_ignore_ascii_case(field);
        FREE.contains(&field)
            || field.starts_with("x-ignore-")
            || self.conditions.iter().any(|condition| match condition {
                Value::Object(members) => members.keys().any(|name| is_field(name)),
                condition => condition[1].as_str().is_some_and(is_field),
            })
    }

    /// Checks the conditions on the file's length, in bytes.
    pub(super) fn check_length(&self, length: u64) -> Result<(), ApiError> {
        for condition in &self.conditions {
            let Some([how, least, most]) = condition.as_array().map(Vec::as_slice) else { continue };
            if how != "content-length-range" {
                continue;
            }
            let bound = |bound: &Value| {
                let number = bound.as_u64().or_else(|| bound.as_str()?.parse().ok());
                number.ok_or_else(|| invalid("a bound is no number"))
            };
            if length < bound(least)? {
                let message = "Your proposed upload is smaller than the minimum allowed size";
                return Err(refused(400, "EntityTooSmall", message));
            }
            if length > bound(most)? {
                let message = "Your proposed upload exceeds the maximum allowed size";
                return Err(refused(400, "EntityTooLarge", message));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_field_needs_a_condition() {
        let document = json!({
            "expiration": "2023-11-15T00:00:00Z",
            "conditions": [{ "bucket": "box" }, ["starts-with", "$Key", "in/"], ["content-length-range", 0, 10]],
        });
        let policy = Policy::read(&BASE64_STANDARD.encode(document.to_string())).unwrap();
        let check = |fields: &[(&str, &str)]| {
            let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
            let form = Form { fields: fields.iter().map(own).collect(), filename: None };
            policy.check(&form, "box", "in/k", 1_700_000_000_000).map_err(|error| error.message)
        };
        assert_eq!(
            check(&[("key", "in/k"), ("policy", "p"), ("X-Amz-Signature", "s"), ("x-ignore-a", "1")]),
            Ok(())
        );
        let extra = check(&[("key", "in/k"), ("Content-Type", "text/xml")]).unwrap_err();
        assert_eq!(extra, "Invalid according to Policy: Extra input fields: Content-Type");
    }
}
