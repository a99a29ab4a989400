//! Log lines: one JSON object each, described in the crate's documentation.

use std::borrow::Cow;
use std::time::Duration;

use serde::Serialize;

/// Longest text of an error that a line shows, in bytes.
const SHOWN_ERROR: usize = 512;

/// The level of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Everything is as it should be.
    Info,
    /// The caller made a mistake.
    Warn,
    /// The function or the platform failed.
    Error,
}

/// A record line, before the invocation adds its own fields.
#[derive(Debug)]
pub struct Row<'a> {
    /// The line's level.
    pub level: Level,
    /// The record's own id.
    pub record_id: &'a str,
    /// The item's `id`, once it is known.
    pub key: Option<&'a str>,
    /// One word, as described in the crate's documentation.
    pub outcome: &'static str,
    /// Time spent on the record.
    pub elapsed: Duration,
    /// A text for people, such as the message.
    pub message: Option<String>,
    /// Cause of a failure.
    pub error: Option<&'a str>,
    /// Identity and instants of the request.
    pub times: Times<'a>,
}

/// Identity, instants and durations of a request, as far as they are known; all in milliseconds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the crate's documentation describes each field as part of the log line")]
pub struct Times<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latency_ms: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_latency_ms: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub received_ms: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub arrived_ms: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stored_ms: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub completed_ms: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gateway_to_stream_ms: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stream_to_store_ms: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub store_to_sink_ms: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub coarse: Option<bool>,
}

/// A whole line, in the order in which its fields are written.
#[derive(Serialize)]
pub(crate) struct Line<'a> {
    pub(crate) level: Level,
    pub(crate) ts: i64,
    #[serde(rename = "fn")]
    pub(crate) function: &'a str,
    pub(crate) request_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) trace_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) record_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) key: Option<Cow<'a, str>>,
    pub(crate) outcome: &'a str,
    pub(crate) ms: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) message: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<Cow<'a, str>>,
    #[serde(flatten)]
    pub(crate) times: Times<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) records: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) failed_from: Option<&'a str>,
}

impl Line<'_> {
    /// Appends the line and its line break.
    pub(crate) fn write(&self, lines: &mut Vec<u8>) {
        // Writing JSON into memory fails only for maps whose keys are not text, and there are none.
        if serde_json::to_writer(&mut *lines, self).is_ok() {
            lines.push(b'\n');
        }
    }
}

/// Milliseconds with microseconds as decimals.
pub(crate) fn millis(elapsed: Duration) -> f64 {
    elapsed.as_micros() as f64 / 1000.0
}

/// An error's text as a line shows it.
pub(crate) fn shown_error(text: &str) -> Cow<'_, str> {
    clip(text, SHOWN_ERROR)
}

/// The text, cut to at most this many bytes and an ellipsis.
pub fn clip(text: &str, bytes: usize) -> Cow<'_, str> {
    if text.len() <= bytes {
        return Cow::Borrowed(text);
    }
    Cow::Owned(format!("{}…", &text[..text.floor_char_boundary(bytes)]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_cut_between_characters() {
        assert_eq!(clip("abc", 3), "abc");
        assert_eq!(clip("abcd", 3), "abc…");
        assert_eq!(clip("aää", 2), "a…");
        assert_eq!(clip("", 0), "");
    }
}
