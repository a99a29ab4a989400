//! Turns the request's body into a stream record.

use std::borrow::Cow;

use aws_lambda_events::apigw::ApiGatewayProxyRequest;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use pipeline_model::{Message, Origin, now_ms, run_id};
use serde::Serialize;

use crate::answer::Ending;

/// Longest partition key, in characters `[PutRecord, Kinesis API reference]`.
const MAX_KEY: usize = 256;

/// Largest record: data and partition key together, in bytes `[PutRecord, Kinesis API reference]`.
const MAX_RECORD: usize = 1 << 20;

/// The content of the stream record: the client's three fields and upstream's additions, and nothing else that the client sent.
#[derive(Serialize)]
struct Record<'a> {
    #[serde(flatten)]
    message: &'a Message,
    #[serde(flatten)]
    origin: &'a Origin,
}

/// The message in the request.
pub(crate) fn message(request: &ApiGatewayProxyRequest) -> Result<Message, Ending> {
    let text = request.body.as_deref().unwrap_or_default();
    let json = if request.is_base64_encoded {
        let decoded = STANDARD.decode(text);
        Cow::Owned(decoded.map_err(|error| Ending::Invalid(format!("invalid base64: {error}")))?)
    } else {
        Cow::Borrowed(text.as_bytes())
    };
    Message::from_json(&json).map_err(|error| Ending::Invalid(error.to_string()))
}

/// The origin of the request. A caller that is not a gateway sends no context; Lambda's own request id and clock are used then.
pub(crate) fn origin(request: &ApiGatewayProxyRequest, lambda_request_id: &str) -> Origin {
    let context = &request.request_context;
    let query = &request.query_string_parameters;
    let wish = request
        .headers
        .get("x-run-id")
        .and_then(|value| value.to_str().ok())
        .or_else(|| query.first("runId"))
        .or_else(|| query.first("run-id"));
    Origin {
        request_id: Some(context.request_id.clone().unwrap_or_else(|| lambda_request_id.to_owned())),
        run_id: Some(run_id(wish).to_owned()),
        received_ms: Some(Some(context.request_time_epoch).filter(|&ms| ms > 0).unwrap_or_else(now_ms)),
    }
}

/// The record's bytes, if they fit a stream record.
pub(crate) fn record(message: &Message, origin: &Origin) -> Result<Vec<u8>, Ending> {
    let data = serde_json::to_vec(&Record { message, origin })
        .map_err(|error| Ending::Invalid(error.to_string()))?;
    let fits = message.id.chars().count() <= MAX_KEY && data.len() + message.id.len() <= MAX_RECORD;
    if fits { Ok(data) } else { Err(Ending::TooLarge) }
}
