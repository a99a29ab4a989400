//! What a client posts: the three fields that travel through the whole pipeline.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::clip;

/// How much of a text a log line shows, in bytes. A line may show two messages and stays below 1 KB.
const SHOWN_TEXT: usize = 200;

/// A client's message. Displays as `{ID: …, Message: …, Timestamp: …}` with long texts cut short.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Message {
    /// Key of the item and partition key of the stream; never empty.
    pub id: String,
    /// The text; never empty.
    pub message: String,
    /// The client's clock in seconds or milliseconds, see [`ClientTime`](crate::ClientTime); never zero.
    pub timestamp: i64,
}

/// Why something is not a [`Message`]. The text is what the API answers after `failed to unmarshal request body: `.
#[derive(Debug, thiserror::Error)]
pub enum MessageError {
    /// No body at all.
    #[error("unexpected end of JSON input")]
    Empty,
    /// Not JSON, or a field of another type.
    #[error("{0}")]
    Json(#[from] serde_json::Error),
    /// JSON, but no object.
    #[error("{0} is not a JSON object")]
    NotAnObject(&'static str),
    /// The field is absent, null, empty or zero.
    #[error("{0} is required")]
    Required(&'static str),
}

/// The posted body: every field may be missing, and unknown ones are skipped.
#[derive(Deserialize)]
struct Posted {
    id: Option<String>,
    message: Option<String>,
    timestamp: Option<i64>,
}

impl Message {
    /// Decodes and validates in the order `id`, `message`, `timestamp`. Names are matched exactly.
    pub fn from_json(json: &[u8]) -> Result<Self, MessageError> {
        refuse_other_than_object(json)?;
        let posted: Posted = serde_json::from_slice(json)?;
        Self::from_parts(posted.id, posted.message, posted.timestamp)
    }

    /// Validates fields that were decoded elsewhere; for [`Message::from_json`] and for items of the table.
    pub fn from_parts(
        id: Option<String>,
        message: Option<String>,
        timestamp: Option<i64>,
    ) -> Result<Self, MessageError> {
        let text = |value: Option<String>, name| {
            value.filter(|text| !text.is_empty()).ok_or(MessageError::Required(name))
        };
        Ok(Self {
            id: text(id, "id")?,
            message: text(message, "message")?,
            timestamp: timestamp.filter(|&value| value != 0).ok_or(MessageError::Required("timestamp"))?,
        })
    }
}

/// Refuses other JSON values, because serde would accept an array of three for the struct, and its error for `null` names Rust
/// types.
fn refuse_other_than_object(json: &[u8]) -> Result<(), MessageError> {
    let Some(first) = json.iter().find(|byte| !byte.is_ascii_whitespace()) else {
        return Err(MessageError::Empty);
    };
    let kind = match first {
        b'[' => "an array",
        b'"' => "a string",
        b'n' => "null",
        b't' | b'f' => "a boolean",
        b'-' | b'0'..=b'9' => "a number",
        _ => return Ok(()),
    };
    // Only JSON values are named by their kind; for anything else the parser's message stays.
    serde_json::from_slice::<serde::de::IgnoredAny>(json)?;
    Err(MessageError::NotAnObject(kind))
}

impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (id, message) = (clip(&self.id, SHOWN_TEXT), clip(&self.message, SHOWN_TEXT));
        write!(f, "{{ID: {id}, Message: {message}, Timestamp: {}}}", self.timestamp)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(json: &str, expected: &str) {
        let seen = match Message::from_json(json.as_bytes()) {
            Ok(message) => message.to_string(),
            Err(error) => error.to_string(),
        };
        assert_eq!(seen, expected, "{json}");
    }

    #[test]
    fn complete_messages_are_taken() {
        check(r#"{"id":"1","message":"m","timestamp":5}"#, "{ID: 1, Message: m, Timestamp: 5}");
        check(r#" {"timestamp":-5,"message":" ","id":"ä","x":[1]}"#, "{ID: ä, Message:  , Timestamp: -5}");
    }

    #[test]
    fn required_fields_are_named_in_order() {
        check("{}", "id is required");
        check(r#"{"message":"m","timestamp":5}"#, "id is required");
        check(r#"{"id":"","message":"","timestamp":0}"#, "id is required");
        check(r#"{"id":null,"message":"m","timestamp":5}"#, "id is required");
        check(r#"{"id":"1","timestamp":0}"#, "message is required");
        check(r#"{"id":"1","message":"","timestamp":0}"#, "message is required");
        check(r#"{"id":"1","message":"m"}"#, "timestamp is required");
        check(r#"{"id":"1","message":"m","timestamp":0}"#, "timestamp is required");
        check(r#"{"id":"1","message":"m","timestamp":null}"#, "timestamp is required");
    }

    #[test]
    fn names_are_lower_case_exactly() {
        check(r#"{"ID":"1","message":"m","timestamp":5}"#, "id is required");
        check(r#"{"id":"1","Message":"m","timestamp":5}"#, "message is required");
        check(r#"{"id":"1","message":"m","Timestamp":5}"#, "timestamp is required");
    }

    #[test]
    fn other_types_are_refused() {
        check(
            r#"{"id":5,"message":"m","timestamp":5}"#,
            "invalid type: integer `5`, expected a string at line 1 column 7",
        );
        check(
            r#"{"id":"1","message":"m","timestamp":1.5}"#,
            "invalid type: floating point `1.5`, expected i64 at line 1 column 39",
        );
        check(
            r#"{"id":"1","message":"m","timestamp":"5"}"#,
            "invalid type: string \"5\", expected i64 at line 1 column 39",
        );
        check(
            r#"{"id":"1","message":"m","timestamp":18446744073709551615}"#,
            "invalid value: integer `18446744073709551615`, expected i64 at line 1 column 56",
        );
    }

    #[test]
    fn only_objects_are_messages() {
        check("", "unexpected end of JSON input");
        check(" \n", "unexpected end of JSON input");
        check("null", "null is not a JSON object");
        check(r#"["1","m",5]"#, "an array is not a JSON object");
        check("true", "a boolean is not a JSON object");
        check("12", "a number is not a JSON object");
        check(r#""text""#, "a string is not a JSON object");
        check("nul", "EOF while parsing a value at line 1 column 3");
        check("hello", "expected value at line 1 column 1");
        check(r#"{"id":"1","message":"m","timestamp":5} x"#, "trailing characters at line 1 column 40");
        assert!(Message::from_json(b"{\"id\":\"\xff\"}").is_err());
    }

    #[test]
    fn long_texts_are_cut_where_they_are_shown() {
        let message = Message { id: "i".repeat(300), message: "ä".repeat(300), timestamp: 1 };
        let shown = message.to_string();
        assert!(shown.len() < 450, "{} bytes", shown.len());
        assert!(shown.contains("ä…, Timestamp: 1}"), "{shown}");
    }
}
