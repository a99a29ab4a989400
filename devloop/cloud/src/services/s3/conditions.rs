//! Conditional requests [Conditional requests; RFC 9110, section 13].

use hyper::HeaderMap;

use super::{
    error::{precondition_failed, refused},
    version::Version,
};
use crate::error::ApiError;

/// A time in ms since the epoch in HTTP's form, to the second.
pub(super) fn http_date(ms: i64) -> String {
    jiff::Timestamp::from_millisecond(ms)
        .map(|at| at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string())
        .unwrap_or_default()
}

fn parse_date(text: &str) -> Option<i64> {
    let time = jiff::fmt::strtime::parse("%a, %d %b %Y %H:%M:%S GMT", text).ok()?;
    Some(time.to_datetime().ok()?.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp().as_second())
}

fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name)?.to_str().ok()
}

/// Whether one of the entity tags in a header is `etag`.
fn matches(header: &str, etag: &str) -> bool {
    header.split(',').any(|tag| {
        let tag = tag.trim().trim_start_matches("W/");
        tag == "*" || tag.trim_matches('"') == etag
    })
}

/// Checks `If-Match`, `If-Unmodified-Since`, `If-None-Match` and `If-Modified-Since`, in this order.
pub(super) fn for_reading(headers: &HeaderMap, version: &Version) -> Result<(), ApiError> {
    check(headers, "", version, |_| refused(304, "NotModified", "Not Modified"))
}

/// The same checks for the source of a copy, whose headers start with `x-amz-copy-source-`.
pub(super) fn for_copying(headers: &HeaderMap, version: &Version) -> Result<(), ApiError> {
    check(headers, "x-amz-copy-source-", version, precondition_failed)
}

fn check(
    headers: &HeaderMap,
    start: &str,
    version: &Version,
    unchanged: impl Fn(&str) -> ApiError,
) -> Result<(), ApiError> {
    let header = |name: &str| text(headers, &format!("{start}{name}"));
    let modified = version.modified_ms.div_euclid(1000);
    if let Some(tags) = header("if-match") {
        if !matches(tags, &version.etag) {
            return Err(precondition_failed("If-Match"));
        }
    } else if header("if-unmodified-since").and_then(parse_date).is_some_and(|since| modified > since) {
        return Err(precondition_failed("If-Unmodified-Since"));
    }
    if let Some(tags) = header("if-none-match") {
        if matches(tags, &version.etag) {
            return Err(unchanged("If-None-Match"));
        }
    } else if header("if-modified-since").and_then(parse_date).is_some_and(|since| modified <= since) {
        return Err(unchanged("If-Modified-Since"));
    }
    Ok(())
}

/// Checks `If-None-Match: *` and `If-Match` of a write against the existing version.
pub(super) fn for_writing(headers: &HeaderMap, there: Option<&Version>) -> Result<(), ApiError> {
    if let Some(tags) = text(headers, "if-none-match") {
        if tags.trim() != "*" {
            return Err(ApiError::unsupported("If-None-Match with an entity tag on a write to S3"));
        }
        if there.is_some() {
            return Err(precondition_failed("If-None-Match"));
        }
    }
    let Some(tags) = text(headers, "if-match") else { return Ok(()) };
    match there {
        Some(version) if matches(tags, &version.etag) => Ok(()),
        Some(_) => Err(precondition_failed("If-Match")),
        None => Err(refused(404, "NoSuchKey", "The specified key does not exist.")),
    }
}

/// Checks the entity tag (or `*`) that a deletion expects against the newest version. A condition on an object that does not
/// exist is not met [How to perform conditional deletes].
pub(super) fn for_deleting(expected: Option<&str>, there: Option<&Version>) -> Result<(), ApiError> {
    match expected {
        Some(tags) if there.is_none_or(|version| !matches(tags, &version.etag)) => {
            Err(precondition_failed("If-Match"))
        }
        _ => Ok(()),
    }
}

/// Whether a range applies: `If-Range` is absent or names this version.
pub(super) fn range_holds(headers: &HeaderMap, version: &Version) -> bool {
    let Some(condition) = text(headers, "if-range") else { return true };
    match parse_date(condition) {
        Some(since) => version.modified_ms.div_euclid(1000) <= since,
        None => matches(condition, &version.etag),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_survive_both_ways() {
        assert_eq!(http_date(1_700_000_000_999), "Tue, 14 Nov 2023 22:13:20 GMT");
        assert_eq!(parse_date("Tue, 14 Nov 2023 22:13:20 GMT"), Some(1_700_000_000));
        assert_eq!(parse_date("yesterday"), None);
    }
}
