//! Event streams on the wire: each event is a message of its own, with headers and a payload in the client's protocol
//! [Amazon Event Stream Specification, Smithy].

use std::io;

use aws_smithy_eventstream::frame::write_message_to;
use aws_smithy_types::event_stream::{Header, HeaderValue, Message};
use bytes::{Bytes, BytesMut};
use futures_util::{StreamExt as _, stream};
use http_body_util::{BodyExt as _, StreamBody};
use hyper::body::Frame;
use serde_json::{Value, json};

use super::{Protocol, cbor};
use crate::{
    error::ApiError,
    event_stream::{Event, Events},
    http::Streamed,
};

/// The media type of a body of messages.
pub(super) const CONTENT_TYPE: &str = "application/vnd.amazon.eventstream";

/// The messages of `events`. The first message is the operation's initial response, which is empty.
pub(super) fn written(protocol: Protocol, events: Events) -> Streamed {
    let first = Event { name: "initial-response", payload: json!({}) };
    let messages = stream::once(async { Ok(first) }).chain(events);
    let frames = messages.map(move |event| message(protocol, &event).map(Frame::data));
    StreamBody::new(frames).boxed_unsync()
}

fn message(protocol: Protocol, event: &Result<Event, ApiError>) -> io::Result<Bytes> {
    let (kind, name, payload) = match event {
        Ok(event) => ("event", [":event-type", event.name], event.payload.clone()),
        Err(error) => ("exception", [":exception-type", &error.code], json!({ "message": error.message })),
    };
    let (content_type, payload) = payload_in(protocol, &payload);
    let headers = [[":message-type", kind], name, [":content-type", content_type]];
    let headers = headers
        .map(|[name, value]| Header::new(name.to_owned(), HeaderValue::String(value.to_owned().into())));
    let mut bytes = BytesMut::new();
    write_message_to(&Message::new_from_parts(headers.to_vec(), payload), &mut bytes)
        .map_err(io::Error::other)?;
    Ok(bytes.freeze())
}

fn payload_in(protocol: Protocol, payload: &Value) -> (&'static str, Vec<u8>) {
    match protocol {
        Protocol::Cbor => ("application/cbor", cbor::encode(payload)),
        _ => ("application/json", super::json(payload).into_bytes()),
    }
}

#[cfg(test)]
mod tests {
    use aws_smithy_eventstream::frame::read_message_from;

    use super::*;

    fn read(event: Result<Event, ApiError>) -> (Vec<(String, String)>, Value) {
        let message = read_message_from(message(Protocol::Json11, &event).unwrap()).unwrap();
        let headers = message.headers().iter().map(|header| {
            let value = header.value().as_string().unwrap().as_str().to_owned();
            (header.name().as_str().to_owned(), value)
        });
        (headers.collect(), serde_json::from_slice(message.payload()).unwrap())
    }

    fn headers(all: [(&str, &str); 3]) -> Vec<(String, String)> {
        all.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec()
    }

    #[test]
    fn an_event_and_an_error_are_messages_with_their_names_in_the_headers() {
        let event = Event { name: "SubscribeToShardEvent", payload: json!({ "Records": [] }) };
        let expected = headers([
            (":message-type", "event"),
            (":event-type", "SubscribeToShardEvent"),
            (":content-type", "application/json"),
        ]);
        assert_eq!(read(Ok(event)), (expected, json!({ "Records": [] })));
        let error = ApiError::client("ResourceInUseException", "taken over");
        let expected = headers([
            (":message-type", "exception"),
            (":exception-type", "ResourceInUseException"),
            (":content-type", "application/json"),
        ]);
        assert_eq!(read(Err(error)), (expected, json!({ "message": "taken over" })));
    }
}
