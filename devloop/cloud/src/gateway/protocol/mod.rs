//! The AWS protocols: how an operation's input, output and error look on the wire.

mod cbor;
mod query;
mod xml;

use serde_json::{Map, Value};

use crate::{context::Context, error::ApiError, http::Reply, wire};

pub(crate) use query::{form, tree};

/// How a client speaks.
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
    pub(crate) fn encode(self, cx: &Context, service: &str, operation: &str, mut output: Value) -> Reply {
        match self {
            Self::Json10 | Self::Json11 => {
                // Only services with several protocols mark their times; the others write seconds themselves.
                if matches!(service, "monitoring" | "sqs" | "cloudformation") {
                    times_to_seconds(&mut output);
                }
                Reply::new(200, self.content_type(), output.to_string())
            }
            Self::Cbor => Reply::new(200, self.content_type(), cbor::encode(&output))
                .header("smithy-protocol", "rpc-v2-cbor"),
            Self::Query => Reply::new(200, self.content_type(), xml::answer(cx, service, operation, &output)),
        }
    }

    /// Writes an error.
    pub(crate) fn encode_error(self, cx: &Context, service: &str, error: &ApiError) -> Reply {
        match self {
            Self::Json10 | Self::Json11 | Self::Cbor => {
                let mut body = error.details.clone();
                let namespace = match (self, service) {
                    (_, "dynamodb" | "streams.dynamodb") => "com.amazonaws.dynamodb.v20120810#",
                    (_, "sqs") => "com.amazonaws.sqs#",
                    (Self::Cbor, "monitoring") => "com.amazonaws.cloudwatch#",
                    _ => "",
                };
                body.insert("__type".to_owned(), format!("{namespace}{}", error.code).into());
                body.insert("message".to_owned(), error.message.clone().into());
                let body = Value::Object(body);
                let reply = match self {
                    Self::Cbor => Reply::new(error.status, self.content_type(), cbor::encode(&body))
                        .header("smithy-protocol", "rpc-v2-cbor"),
                    _ => Reply::new(error.status, self.content_type(), body.to_string()),
                };
                // Clients that moved from the query protocol to this one still look for the old code here.
                let fault = if error.is_client_fault() { "Sender" } else { "Receiver" };
                match query::legacy_code(service, &error.code) {
                    Some(code) => reply.header("x-amzn-query-error", &format!("{code};{fault}")),
                    None => reply,
                }
            }
            Self::Query => Reply::new(error.status, self.content_type(), xml::error(cx, service, error)),
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

fn times_to_seconds(value: &mut Value) {
    if let Some(ms) = wire::as_time(value) {
        *value = wire::epoch_seconds(ms);
        return;
    }
    match value {
        Value::Object(members) => members.values_mut().for_each(times_to_seconds),
        Value::Array(items) => items.iter_mut().for_each(times_to_seconds),
        _ => {}
    }
}
