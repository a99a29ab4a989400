//! The origin of a message: what upstream adds to it so that a request can be followed.

use serde::{Deserialize, Serialize};

/// The run of requests that named none.
pub const DEFAULT_RUN_ID: &str = "default";

/// What upstream adds. A record that another producer put into the stream has none of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Origin {
    /// The gateway's id of the request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// The client's name for a series of requests.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run_id: Option<String>,
    /// When the gateway took the request, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub received_ms: Option<i64>,
}

impl Origin {
    /// Reads the additions from a stream record. Missing or malformed ones are `None`, which is not an error.
    pub fn from_json(json: &[u8]) -> Self {
        serde_json::from_slice(json).unwrap_or_default()
    }

    /// The run this request counts for.
    pub fn run(&self) -> &str {
        run_id(self.run_id.as_deref())
    }
}

/// The client's run id if it can be a metric's dimension, else [`DEFAULT_RUN_ID`].
///
/// A value holds 1 to 255 ASCII characters, none of them a control character, at least one of them no space, and does
/// not start with a colon `[Dimension, CloudWatch API reference]`.
pub fn run_id(wish: Option<&str>) -> &str {
    let usable = |text: &&str| {
        (1..=255).contains(&text.len())
            && text.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic())
            && !text.starts_with(':')
    };
    wish.map(str::trim).filter(usable).unwrap_or(DEFAULT_RUN_ID)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(wish: &str, expected: &str) {
        assert_eq!(run_id(Some(wish)), expected, "{wish:?}");
    }

    #[test]
    fn a_run_id_is_a_dimension_value_or_the_default() {
        check("run-7", "run-7");
        check(" run 7 ", "run 7");
        check("", "default");
        check("   ", "default");
        check(":x", "default");
        check("läuft", "default");
        check("a\tb", "default");
        check(&"x".repeat(255), &"x".repeat(255));
        check(&"x".repeat(256), "default");
        assert_eq!(run_id(None), "default");
    }

    #[test]
    fn additions_of_another_form_count_as_absent() {
        assert_eq!(Origin::from_json(br#"{"id":"1"}"#), Origin::default());
        assert_eq!(Origin::from_json(br#"{"runId":5}"#), Origin::default());
        let origin = Origin::from_json(br#"{"id":"1","requestId":"r","runId":"a","receivedMs":7}"#);
        assert_eq!(
            origin,
            Origin { request_id: Some("r".into()), run_id: Some("a".into()), received_ms: Some(7) }
        );
    }
}
