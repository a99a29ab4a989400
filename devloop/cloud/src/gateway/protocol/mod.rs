//! The AWS protocols: how an operation's input, output and error look on the wire.

mod cbor;
mod events;
mod query;
mod xml;

use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use crate::{context::Context, error::ApiError, event_stream::Events, http::Reply, service::About, wire};

pub(crate) use query::{form, tree};

/// The protocols of the clients.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// `application/x-amz-json-1.0`.
    Json10,
    /// `application/x-amz-json-1.1`.
    Json11,
    /// Smithy's rpc-v2-cbor.
    Cbor,
    /// A form in, XML out.
    Query,
}

impl Protocol {
    /// Reads an operation's input from a body; an empty body is an empty input.
    pub(crate) fn decode(self, body: &[u8]) -> Result<Value, ApiError> {
        let malformed = |why: String| ApiError::client("SerializationException", why);
        match self {
            _ if body.is_empty() => Ok(Value::Object(Map::new())),
            Self::Cbor => cbor::decode(body).map_err(malformed),
            Self::Json10 | Self::Json11 => {
                let value: Value = serde_json::from_slice(body)
                    .map_err(|error| malformed(format!("the body is not valid JSON: {error}")))?;
                if value.is_object() {
                    Ok(value)
                } else {
                    Err(malformed("the body must be a JSON object".to_owned()))
                }
            }
            Self::Query => Ok(query::tree(&query::form(body))),
        }
    }

    /// Writes an operation's output.
    pub(crate) fn encode(self, cx: &Context, about: &About, operation: &str, output: &Value) -> Reply {
        match self {
            Self::Json10 | Self::Json11 => Reply::new(200, self.content_type(), json(output)),
            Self::Cbor => Reply::new(200, self.content_type(), cbor::encode(output))
                .header("smithy-protocol", "rpc-v2-cbor"),
            Self::Query => Reply::new(200, self.content_type(), xml::answer(cx, about, operation, output)),
        }
    }

    /// Writes an answer that is a stream of events.
    pub(crate) fn encode_events(self, events: Events) -> Reply {
        Reply { stream: Some(events::written(self, events)), ..Reply::new(200, events::CONTENT_TYPE, "") }
    }

    /// Writes an error.
    pub(crate) fn encode_error(self, cx: &Context, about: &About, error: &ApiError) -> Reply {
        let document = |namespace: Option<&str>| {
            let mut body = error.details.clone();
            body.insert("__type".to_owned(), format!("{}{}", namespace.unwrap_or(""), error.code).into());
            body.insert("message".to_owned(), error.message.clone().into());
            Value::Object(body)
        };
        let reply = match self {
            Self::Json10 | Self::Json11 => {
                let body = document(about.json.as_ref().map(|json| json.namespace));
                Reply::new(error.status, self.content_type(), json(&body))
            }
            Self::Cbor => {
                let body = document(about.json.as_ref().and_then(|json| json.cbor));
                Reply::new(error.status, self.content_type(), cbor::encode(&body))
                    .header("smithy-protocol", "rpc-v2-cbor")
            }
            Self::Query => {
                return Reply::new(error.status, self.content_type(), xml::error(cx, about, error));
            }
        };
        let reply = reply.header("x-amzn-errortype", &error.code);
        // Clients that moved from the query protocol to this one still look for the old code in this header.
        let fault = if error.is_client_fault() { "Sender" } else { "Receiver" };
        match about.legacy_code(&error.code) {
            Some(code) => reply.header("x-amzn-query-error", &format!("{code};{fault}")),
            None => reply,
        }
    }

    fn content_type(self) -> &'static str {
        match self {
            Self::Json10 => "application/x-amz-json-1.0",
            Self::Json11 => "application/x-amz-json-1.1",
            Self::Cbor => "application/cbor",
            Self::Query => "text/xml",
        }
    }
}

/// A document as JSON text; times, which are marked for every protocol, become epoch seconds.
pub(crate) fn json(output: &Value) -> String {
    serde_json::to_string(&Plain(output)).unwrap_or_default()
}

/// A value with its times as epoch seconds.
struct Plain<'v>(&'v Value);

impl Serialize for Plain<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Object(members) => match wire::as_time(self.0) {
                Some(ms) => wire::epoch_seconds(ms).serialize(serializer),
                None => serializer.collect_map(members.iter().map(|(name, value)| (name, Plain(value)))),
            },
            Value::Array(items) => serializer.collect_seq(items.iter().map(Plain)),
            other => other.serialize(serializer),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn time_markers_never_reach_a_json_client() {
        let output =
            json!({"At": wire::time(1_500), "List": [{"At": wire::time(2_000)}, 1, null, "a"], "Map": {}});
        let expected = json!({"At": 1.5, "List": [{"At": 2.0}, 1, null, "a"], "Map": {}});
        assert_eq!(serde_json::from_str::<Value>(&super::json(&output)).unwrap(), expected);
    }
}
