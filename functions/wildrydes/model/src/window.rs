//! The event of a mapping with tumbling windows, and its answer `[Implementing stateful Kinesis Data Streams processing in
//! Lambda]`.

use serde::{Deserialize, Serialize};

use crate::event::Record;

/// Records of a window, or its end. Such a call may carry records or none.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WindowEvent<S> {
    /// Records of one shard, in order.
    #[serde(rename = "Records", default)]
    pub records: Vec<Record>,
    /// The window.
    pub window: Bounds,
    /// The state that the last call returned; empty at the first call.
    pub state: S,
    /// The shard: every shard has a state of its own.
    pub shard_id: String,
    /// Whether this is the window's last call.
    #[serde(default)]
    pub is_final_invoke_for_window: bool,
    /// Whether the state has grown too large, so that the window goes on with an empty one.
    #[serde(default)]
    pub is_window_terminated_early: bool,
}

/// A window's start and end, as text.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Bounds {
    /// The first second.
    pub start: String,
    /// The first second after the window.
    pub end: String,
}

/// The answer. Without a state, the call would count as failed.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WindowAnswer<S> {
    /// The state for the next call of the window.
    pub state: S,
    batch_item_failures: [(); 0],
}

impl<S> WindowAnswer<S> {
    /// The answer when all records are in the state.
    pub fn new(state: S) -> Self {
        Self { state, batch_item_failures: [] }
    }
}
