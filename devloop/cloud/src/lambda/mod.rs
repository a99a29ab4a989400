//! Lambda: API, environments, Runtime API, hot reload.

use std::sync::Arc;

use bytes::Bytes;

use crate::{
    clock::Clock,
    context::Context,
    error::ApiError,
    gateway::{Reply, RestRequest},
    services::{cloudwatch::CloudWatch, logs::Logs},
};

/// The service.
#[derive(Debug)]
pub(crate) struct Lambda {
    clock: Clock,
    logs: Arc<Logs>,
    cloudwatch: Arc<CloudWatch>,
}

/// One synchronous invocation as the cloud's own callers ask for it.
#[derive(Debug, Clone)]
pub(crate) struct Invocation {
    /// The event, as JSON.
    pub(crate) payload: Bytes,
    /// `X-Amzn-Trace-Id` for the function, made up when absent.
    pub(crate) trace_id: Option<String>,
}

/// What came of an invocation that reached the function.
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
    /// The last 4 KB of the invocation's log.
    pub(crate) log_tail: String,
}

impl Lambda {
    /// An empty service that logs to `logs` and measures into `cloudwatch`.
    pub(crate) fn new(clock: Clock, logs: Arc<Logs>, cloudwatch: Arc<CloudWatch>) -> Self {
        Self { clock, logs, cloudwatch }
    }

    /// The REST API below `/2015-03-31/functions` and its siblings.
    pub(crate) async fn rest(&self, cx: &Context, request: RestRequest) -> Result<Reply, ApiError> {
        let _ = (cx, &self.clock, &self.logs, &self.cloudwatch);
        Err(ApiError::unknown_operation("lambda", &request.path))
    }

    /// Invokes a function (name, partial or full ARN, with or without a qualifier) and waits for its answer.
    pub(crate) async fn invoke(
        &self,
        cx: &Context,
        function: &str,
        invocation: Invocation,
    ) -> Result<Outcome, ApiError> {
        let _ = (cx, invocation);
        Err(ApiError::unknown_operation("lambda", function))
    }

    /// A request to a function's URL.
    pub(crate) async fn function_url(&self, cx: &Context, id: &str, request: RestRequest) -> Reply {
        let _ = (cx, id, request);
        Reply::json(404, &serde_json::json!({}))
    }

    /// The endpoint that functions find the cloud at.
    pub(crate) fn listens_on(&self, endpoint: Arc<str>) {
        let _ = endpoint;
    }

    /// Stops every environment.
    pub(crate) async fn stop(&self) {}
}
