//! The services' operations, called from inside the process.

use std::net::Ipv4Addr;

use hyper::{HeaderMap, Method};
use serde_json::Value;

use super::{provider::Cause, task::Task};
use crate::{
    error::ApiError,
    gateway,
    http::{Reply, Request},
};

/// A service whose operations are paths.
#[derive(Debug, Clone, Copy)]
pub(super) enum Rest {
    Lambda,
    EventSources,
    ApiGateway,
}

impl Task<'_> {
    /// Runs a named operation, as `Cloud::call` does.
    pub(super) async fn call(&self, service: &str, operation: &str, input: Value) -> Result<Value, Cause> {
        Ok(gateway::operation(&self.cloud.0, self.cx, service, operation, input).await?)
    }

    /// Runs the operation behind a method and a path; `body` is its input, `Null` for none.
    pub(super) async fn rest(
        &self,
        door: Rest,
        method: Method,
        path: &str,
        body: Value,
    ) -> Result<Value, Cause> {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let request = Request {
            method,
            path: path.to_owned(),
            query: query.to_owned(),
            headers: HeaderMap::new(),
            body: if body.is_null() { bytes::Bytes::new() } else { body.to_string().into() },
            peer: Ipv4Addr::LOCALHOST.into(),
        };
        let services = &self.cloud.0;
        let reply = match door {
            Rest::Lambda => services.lambda.rest(self.cx, request).await,
            Rest::EventSources => services.events.rest(self.cx, request).await,
            Rest::ApiGateway => services.apigateway.rest(self.cx, request).await,
        };
        read(&reply?)
    }
}

fn read(reply: &Reply) -> Result<Value, Cause> {
    let body = if reply.body.is_empty() {
        Value::Null
    } else {
        serde_json::from_slice(&reply.body)
            .map_err(|error| ApiError::internal(format!("the answer is no JSON: {error}")))?
    };
    if reply.status < 300 {
        return Ok(body);
    }
    let text = |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or_default().to_owned();
    let message = text(body.get("message").or_else(|| body.get("Message")));
    let code = reply
        .headers
        .get("x-amzn-errortype")
        .and_then(|code| code.to_str().ok())
        .unwrap_or("InternalFailure");
    Err(ApiError::with_status(reply.status, code.to_owned(), message).into())
}

/// A text out of an operation's output.
pub(super) fn text(output: &Value, pointer: &str) -> Result<String, Cause> {
    let found = output.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
    found.ok_or_else(|| ApiError::internal(format!("the answer lacks {pointer}")).into())
}
