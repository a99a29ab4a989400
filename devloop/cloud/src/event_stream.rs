//! Answers that go on: what an operation sends until it ends, whatever the protocol.

use futures_util::stream::BoxStream;
use serde_json::Value;

use crate::error::ApiError;

/// One event of an answer.
#[derive(Debug)]
pub(crate) struct Event {
    /// The member of the operation's event stream, such as `SubscribeToShardEvent`.
    pub(crate) name: &'static str,
    /// Its members.
    pub(crate) payload: Value,
}

/// The events of an answer; an error is told to the client and ends it.
pub(crate) type Events = BoxStream<'static, Result<Event, ApiError>>;
