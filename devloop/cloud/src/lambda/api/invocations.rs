//! The Invoke operation with its three invocation types [Invoke, Lambda API reference].

use base64::{Engine as _, prelude::BASE64_STANDARD};

use crate::{
    aside,
    context::Context,
    error::ApiError,
    functions::Invocation,
    http::{Reply, Request},
    lambda::service::Lambda,
};

/// The largest event of a synchronous and of an asynchronous invocation, in bytes [Lambda quotas].
const SYNCHRONOUS: usize = 6_291_456;
const ASYNCHRONOUS: usize = 1_048_576;

impl Lambda {
    /// Runs `Invoke` on the function called `name`.
    pub(in crate::lambda) async fn invoke_api(
        &self,
        cx: &Context,
        name: &str,
        request: &Request,
    ) -> Result<Reply, ApiError> {
        let qualifier = request.parameter("Qualifier");
        let qualifier = qualifier.as_deref();
        let kind = request.header("x-amz-invocation-type").unwrap_or("RequestResponse");
        let limit = if kind == "Event" { ASYNCHRONOUS } else { SYNCHRONOUS };
        if request.body.len() > limit {
            return Err(ApiError::with_status(
                413,
                "RequestTooLargeException",
                format!("Request must be smaller than {limit} bytes for the InvokeFunction operation"),
            ));
        }
        let payload = if request.body.is_empty() { b"{}".as_slice().into() } else { request.body.clone() };
        if let Err(error) = aside::from_json::<serde::de::IgnoredAny>(&payload) {
            return Err(ApiError::client(
                "InvalidRequestContentException",
                format!("Could not parse request body into json: {error}"),
            ));
        }
        if request.headers.contains_key("x-amz-tenant-id") {
            // Functions with tenant isolation are refused [Troubleshooting tenant isolation].
            return Err(ApiError::client(
                "InvalidParameterValueException",
                "The request has a tenant ID (TenantId), but the function has no tenant isolation. Remove the tenant ID.",
            ));
        }
        let client_context = match request.header("x-amz-client-context") {
            None => None,
            Some(text) => {
                let decoded =
                    BASE64_STANDARD.decode(text).ok().and_then(|bytes| String::from_utf8(bytes).ok());
                Some(decoded.ok_or_else(|| {
                    ApiError::client(
                        "InvalidRequestContentException",
                        "Client context must be a valid Base64-encoded JSON object.",
                    )
                })?)
            }
        };
        let trace_id = request.header("x-amzn-trace-id").map(str::to_owned);
        let wants_log = request.header("x-amz-log-type") == Some("Tail");
        let invocation = Invocation {
            payload,
            trace_id,
            client_context,
            wants_log,
            gives_way: true,
            ..Invocation::default()
        };
        match kind {
            "DryRun" => {
                self.exists(cx, name, qualifier)?;
                Ok(Reply::empty(204))
            }
            "Event" => {
                self.invoke_async(cx, name, qualifier, invocation)?;
                Ok(Reply::empty(202))
            }
            "RequestResponse" => {
                let outcome = self.invoke_qualified(cx, name, qualifier, invocation).await?;
                let mut reply = Reply::new(200, "application/json", outcome.payload)
                    .header("x-amz-executed-version", &outcome.executed_version);
                if let Some(error) = outcome.function_error {
                    reply = reply.header("x-amz-function-error", error);
                }
                if wants_log {
                    reply = reply.header("x-amz-log-result", &BASE64_STANDARD.encode(&outcome.log_tail));
                }
                Ok(reply)
            }
            other => Err(ApiError::constraint(
                other,
                "invocationType",
                "satisfy enum value set: [Event, DryRun, RequestResponse]",
            )),
        }
    }
}
