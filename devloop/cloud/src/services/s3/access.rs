//! Access control: admits requests with any signature, presigned requests until they expire, and anonymous requests that
//! the bucket's policy allows.

use serde_json::Value;

use super::{bucket::Bucket, error::refused};
use crate::{error::ApiError, http::Request};

/// How a request is authenticated.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Caller {
    /// With a signature in a header.
    Signed,
    /// With a signature in the query, which expires at this time in ms since the epoch.
    Presigned(i64),
    Anonymous,
}

/// Finds out how a request is authenticated.
pub(super) fn caller(request: &Request) -> Caller {
    if request.headers.contains_key("authorization") {
        return Caller::Signed;
    }
    let seconds = |text: &str| text.parse::<i64>().ok();
    if request.parameter("X-Amz-Signature").is_some() {
        let begun = request.parameter("X-Amz-Date").and_then(|date| {
            let time = jiff::fmt::strtime::parse("%Y%m%dT%H%M%SZ", date).ok()?.to_datetime().ok()?;
            Some(time.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp().as_second())
        });
        let lasts = request.parameter("X-Amz-Expires").as_deref().and_then(seconds);
        return match (begun, lasts) {
            (Some(begun), Some(lasts)) => Caller::Presigned((begun + lasts) * 1000),
            _ => Caller::Presigned(0),
        };
    }
    // The older form of presigned requests (signature version 2).
    if request.parameter("Signature").is_some() && request.parameter("AWSAccessKeyId").is_some() {
        let until = request.parameter("Expires").as_deref().and_then(seconds).unwrap_or(0);
        return Caller::Presigned(until * 1000);
    }
    Caller::Anonymous
}

/// Fails if a presigned request has expired.
pub(super) fn check_expiry(until_ms: i64, now_ms: i64) -> Result<(), ApiError> {
    if now_ms <= until_ms {
        return Ok(());
    }
    let expires = jiff::Timestamp::from_millisecond(until_ms).map(|at| at.to_string()).unwrap_or_default();
    Err(refused(403, "AccessDenied", "Request has expired").detail("Expires", expires))
}

/// Whether the bucket's public access block has this setting.
pub(super) fn blocks(bucket: &Bucket, setting: &str) -> bool {
    match bucket.settings.read().get("publicAccessBlock") {
        None => true,
        Some(block) => block.get(setting).is_some_and(|on| *on == Value::Bool(true) || on == "true"),
    }
}

fn statements(policy: &Value) -> Vec<&Value> {
    match &policy["Statement"] {
        Value::Array(statements) => statements.iter().collect(),
        Value::Null => Vec::new(),
        one => vec![one],
    }
}

fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(items) => items.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

fn is_everybody(statement: &Value) -> bool {
    let principal = &statement["Principal"];
    texts(principal).contains(&"*") || texts(&principal["AWS"]).contains(&"*")
}

/// Whether a policy allows access to everybody without a condition.
pub(super) fn is_public(policy: &Value) -> bool {
    statements(policy).iter().any(|statement| {
        statement["Effect"] == "Allow" && is_everybody(statement) && statement["Condition"].is_null()
    })
}

/// Whether the bucket's policy allows an anonymous caller to run `operation` on `key`.
pub(super) fn invites(bucket: &Bucket, operation: &str, key: Option<&str>) -> bool {
    let settings = bucket.settings.read();
    let Some(policy) = settings.get("policy") else { return false };
    let action = match operation {
        "HeadObject" => "s3:GetObject",
        "ListObjects" | "ListObjectsV2" | "HeadBucket" => "s3:ListBucket",
        operation => &format!("s3:{operation}"),
    };
    let resource = match key {
        Some(key) => format!("arn:aws:s3:::{}/{key}", bucket.name),
        None => format!("arn:aws:s3:::{}", bucket.name),
    };
    let fits = |statement: &&&Value| {
        is_everybody(statement)
            && statement["Condition"].is_null()
            && texts(&statement["Action"]).iter().any(|pattern| like(pattern, action))
            && texts(&statement["Resource"]).iter().any(|pattern| like(pattern, &resource))
    };
    let all = statements(policy);
    let mut fitting = all.iter().filter(fits).peekable();
    fitting.peek().is_some() && fitting.all(|statement| statement["Effect"] == "Allow")
}

/// Whether a text matches a pattern with `*` and `?`.
fn like(pattern: &str, text: &str) -> bool {
    match pattern.find(['*', '?']) {
        None => pattern == text,
        Some(at) => {
            let Some(rest) = text.strip_prefix(&pattern[..at]) else { return false };
            let behind = &pattern[at + 1..];
            if pattern.as_bytes()[at] == b'?' {
                let mut letters = rest.chars();
                return letters.next().is_some() && like(behind, letters.as_str());
            }
            let mut starts = rest.char_indices().map(|(start, _)| start).chain([rest.len()]);
            starts.any(|start| like(behind, &rest[start..]))
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn patterns_of_policies() {
        let check =
            |pattern: &str, text: &str, fits: bool| assert_eq!(like(pattern, text), fits, "{pattern} {text}");
        check("s3:*", "s3:GetObject", true);
        check("s3:Get*", "s3:PutObject", false);
        check("arn:aws:s3:::b/*", "arn:aws:s3:::b/a/b", true);
        check("arn:aws:s3:::b/?", "arn:aws:s3:::b/ab", false);
        check("*a*b", "xaxxb", true);
    }

    #[test]
    fn a_public_policy_allows_what_it_names_and_nothing_else() {
        let bucket = Bucket::new("b", "us-east-1".into(), 0);
        let policy = json!({ "Statement": [{
            "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/open/*",
        }] });
        assert!(is_public(&policy));
        bucket.settings.write().insert("policy", policy);
        assert!(invites(&bucket, "GetObject", Some("open/x")));
        assert!(invites(&bucket, "HeadObject", Some("open/x")));
        assert!(!invites(&bucket, "GetObject", Some("closed")));
        assert!(!invites(&bucket, "PutObject", Some("open/x")));
        assert!(!invites(&bucket, "ListObjectsV2", None));
    }
}
