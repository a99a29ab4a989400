//! The contract between the pipeline's three functions.
//!
//! `upstream`, `midstream` and `downstream` share the types that travel between them ([`Message`], [`Origin`]). How a batch is
//! answered ([`BatchResponse`], [`PartialBatch`]), how the SDK is set up ([`aws`]) and how a function starts, decodes its event and
//! logs ([`start`], [`Handler`], [`Invocation`]) comes from the framework of all systems, and is re-exported here. Each function's
//! `run` connects these to AWS, and its `main.rs` calls `run`.
//!
//! # Log lines
//!
//! Standard output carries JSON, one object a line: first one line per record that the invocation dealt with, then one
//! line for the invocation itself. They are written together, in one call, when the handler is done. An absent value
//! is left out, never `null`. Durations and instants are milliseconds; instants count from the Unix epoch.
//!
//! | field | record lines | invocation line |
//! |---|---|---|
//! | `level` | `info`, `warn` (the caller's fault) or `error` | the same |
//! | `ts` | when the line was made | the same |
//! | `fn` | `upstream`, `midstream`, `downstream` | the same |
//! | `request_id` | Lambda's request id of the invocation | the same |
//! | `trace_id` | X-Ray header, if the platform sent one | the same |
//! | `record_id` | upstream: the API request id; midstream: the sequence number; downstream: the stream's event id | |
//! | `key` | the item's `id` | |
//! | `outcome` | see below | `ok`, `partial` (a batch answered from a failed record on) or `error` |
//! | `ms` | time spent on the record, with microseconds as decimals | time in the handler |
//! | `message` | what was seen, at most 1 KB with its text cut short | |
//! | `error` | cause of a failure | the same |
//! | `records`, `failed_from` | | records in the event; first sequence number handed back |
//!
//! Outcomes of a record: upstream `accepted`, `invalid` (400), `too_large` (413), `throttled` (503), `failed` (500);
//! midstream `stored`, `already_stored`, `failed`; downstream `measured`, `already_measured`, `removed`, `no_image`, `failed`.
//!
//! A downstream line with outcome `measured` is the record of truth for one request. Beside the fields above it has
//!
//! | field | meaning |
//! |---|---|
//! | `requestId`, `runId` | identity of the API request, and the run it belongs to (`default` if none was named) |
//! | `latencyMs` | `completedMs - receivedMs`; `clientLatencyMs`, floored at 0, for an item without `receivedMs` |
//! | `clientLatencyMs` | `completedMs` minus the client's `timestamp`: two clocks, may be negative |
//! | `coarse` | the client's `timestamp` was in seconds, so `clientLatencyMs` is up to a second too long |
//! | `receivedMs` | the gateway took the request |
//! | `arrivedMs` | the record arrived in the Kinesis stream |
//! | `storedMs` | midstream wrote the item |
//! | `completedMs` | downstream handed the measurement to its sink |
//! | `gatewayToStreamMs`, `streamToStoreMs`, `storeToSinkMs` | the three stages between those instants, floored at 0 |
//!
//! Upstream's and midstream's lines carry those of the fields that are known at their stage.

mod clock;
mod message;
mod origin;

pub use clock::ClientTime;
pub use functions_common::{
    BatchFailure, BatchResponse, Handler, Invocation, InvocationError, Level, PartialBatch, Row, StartError,
    Times, Writes, aws, clip, now_ms, optional, required, start,
};
pub use message::{Message, MessageError};
pub use origin::{DEFAULT_RUN_ID, Origin, run_id};
