//! How APIs, event source mappings and topics invoke functions. Lambda implements the trait; tests implement it with a
//! substitute.

mod starvation;

use std::fmt::Debug;

use bytes::Bytes;
use futures_util::future::BoxFuture;

use crate::{cause::Causes, context::Context, error::ApiError};

pub(crate) use starvation::{Starvation, Starved};

/// One synchronous invocation by another part of the cloud.
#[derive(Debug, Clone, Default)]
pub(crate) struct Invocation {
    /// The event, as JSON.
    pub(crate) payload: Bytes,
    /// `X-Amzn-Trace-Id` for the function; generated when absent.
    pub(crate) trace_id: Option<String>,
    /// The caller's client context, as JSON text.
    pub(crate) client_context: Option<String>,
    /// The request id to use, for retries of an asynchronous event; generated when absent.
    pub(crate) request_id: Option<String>,
    /// The invocations that caused this one, by the roots of their traces; what the calling task comes from when empty.
    pub(crate) causes: Causes,
    /// Whether the caller wants the end of the log.
    pub(crate) wants_log: bool,
    /// Whether it gives way to consumers of streams that are starved: it comes from a client that waits for the answer.
    pub(crate) gives_way: bool,
}

/// The outcome of an invocation that reached the function.
#[derive(Debug, Clone)]
pub(crate) struct Outcome {
    /// The invocation's id.
    pub(crate) request_id: String,
    /// The function's answer, or the error document when `function_error` is set.
    pub(crate) payload: Bytes,
    /// `Unhandled` when the function failed, timed out or died.
    pub(crate) function_error: Option<&'static str>,
    /// `$LATEST` or a version number.
    pub(crate) executed_version: String,
    /// The last 4 KB of the invocation's log, if the caller wanted it.
    pub(crate) log_tail: String,
}

/// Invokes functions.
pub(crate) trait Functions: Debug + Send + Sync + 'static {
    /// Invokes a function (name, partial or full ARN, with or without a qualifier) and waits for its answer. The invocation
    /// continues when the caller stops waiting, as on Lambda. An error means that the event never reached the function.
    fn invoke<'a>(
        &'a self,
        cx: &'a Context,
        function: &'a str,
        invocation: Invocation,
    ) -> BoxFuture<'a, Result<Outcome, ApiError>>;

    /// Queues an event for an asynchronous invocation, with its retries. Fails when there is no such function, or no room
    /// for the event.
    fn invoke_later(&self, cx: &Context, function: &str, invocation: Invocation) -> Result<(), ApiError>;

    /// Whether debuggers may hold functions. Then no time limit counts.
    fn are_debugged(&self) -> bool {
        false
    }
}
