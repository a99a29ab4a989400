//! An event in EventBridge's format [Events in Amazon EventBridge].

use serde::Serialize;
use serde_json::{Value, value::RawValue};

use crate::{context::Context, wire};

/// The members are in the order in which AWS documents them.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Event<'a> {
    pub(crate) version: &'a str,
    pub(crate) id: String,
    #[serde(rename = "detail-type")]
    pub(crate) detail_type: &'a str,
    pub(crate) source: &'a str,
    pub(crate) account: &'a str,
    pub(crate) time: String,
    pub(crate) region: &'a str,
    pub(crate) resources: Vec<String>,
    /// The detail as it was sent, with its members in the same order.
    pub(crate) detail: &'a RawValue,
}

impl<'a> Event<'a> {
    /// An event of `source` that happened at `at_ms` since the epoch.
    pub(crate) fn new(
        cx: &'a Context,
        source: &'a str,
        detail_type: &'a str,
        resources: Vec<String>,
        detail: &'a RawValue,
        at_ms: i64,
    ) -> Self {
        Self {
            version: "0",
            id: wire::unique_id().to_string(),
            detail_type,
            source,
            account: &cx.account,
            time: seconds(at_ms),
            region: &cx.region,
            resources,
            detail,
        }
    }

    /// The event as JSON text.
    pub(crate) fn text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// A time in the format of events: `2026-11-20T10:00:00Z`.
fn seconds(ms: i64) -> String {
    let at = jiff::Timestamp::from_millisecond(ms).unwrap_or_default();
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// An event that is being routed: its text, and its value for patterns and paths.
#[derive(Debug)]
pub(super) struct Carried {
    pub(super) text: String,
    pub(super) value: Value,
    /// How many buses have passed it on.
    pub(super) hops: u32,
}

impl Carried {
    pub(super) fn new(text: String, hops: u32) -> Self {
        let value = serde_json::from_str(&text).unwrap_or_default();
        Self { text, value, hops }
    }
}
