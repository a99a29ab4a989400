//! Streamed answers: the events that an operation sends until it ends, independent of the protocol.

use futures_util::stream::BoxStream;
use serde_json::Value;

use crate::error::ApiError;

/// One event of a streamed answer.
#[derive(Debug)]
pub(crate) struct Event {
    /// The member of the operation's event stream, such as `SubscribeToShardEvent`.
    pub(crate) name: &'static str,
    /// The event's members.
    pub(crate) payload: Value,
}

/// The events of a streamed answer. An error is sent to the client and ends the answer.
pub(crate) type Events = BoxStream<'static, Result<Event, ApiError>>;
