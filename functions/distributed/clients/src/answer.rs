//! The result of one line.

use std::time::Duration;

use serde_json::{Value, json};

/// The result of one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    /// Which line of those sent, from 1 on.
    pub(crate) line: usize,
    /// The last answer's status; `None` when there was no answer.
    pub(crate) status: Option<u16>,
    /// The answer's message, or why there was none.
    pub(crate) message: String,
    /// How many requests it took.
    pub(crate) tries: u32,
    /// From the first request to the answer.
    pub(crate) took: Duration,
}

impl Answer {
    pub(crate) fn is_success(&self) -> bool {
        self.status.is_some_and(|status| (200..300).contains(&status))
    }

    pub(crate) fn json(&self) -> Value {
        json!({
            "line": self.line,
            "status": self.status,
            "message": self.message,
            "tries": self.tries,
            "ms": self.took.as_secs_f64() * 1000.0,
        })
    }
}

/// The `message` of an answer's body, or the body itself, shortened.
pub(crate) fn message(body: &[u8]) -> String {
    let parsed = serde_json::from_slice::<Value>(body).ok();
    let text = parsed.as_ref().and_then(|body| body.get("message").or_else(|| body.get("Message")));
    match text.and_then(Value::as_str) {
        Some(text) => text.to_owned(),
        None => String::from_utf8_lossy(body).chars().take(200).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gateways_answer_has_a_message_of_its_own() {
        assert_eq!(message(br#"{"message":"Forbidden"}"#), "Forbidden");
        assert_eq!(message(b"<html>"), "<html>");
        assert_eq!(message(br#"{"message":null}"#), r#"{"message":null}"#);
    }
}
