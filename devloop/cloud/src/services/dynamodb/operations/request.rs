//! What every operation gets besides its input.

use super::super::{service::Memory, store::Store};
use crate::{clock::Clock, context::Context, services::kinesis::Kinesis};

/// One call of an operation.
#[derive(Debug, Clone, Copy)]
pub(in super::super) struct Request<'a> {
    pub(in super::super) cx: &'a Context,
    /// The region's tables.
    pub(in super::super) store: &'a Store,
    /// The Kinesis streams that can be destinations for changes.
    pub(in super::super) kinesis: &'a Kinesis,
    pub(in super::super) clock: &'a Clock,
    pub(in super::super) memory: &'a Memory,
    /// The time of the call, in ms since the epoch.
    pub(in super::super) now_ms: i64,
}
