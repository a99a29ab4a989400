//! Function URLs: an HTTP request becomes an event in payload format 2.0, and the function's answer becomes the response
//! [Invoking Lambda function URLs, Request and response payloads].

use std::sync::Arc;

use serde_json::{Value, json};

use super::{function::Function, invoke::new_trace, service::Lambda};
use crate::{
    context::Context,
    functions::Invocation,
    http::{Reply, Request},
    proxy,
};

/// The largest event and answer, in bytes [Lambda quotas: invocation payload].
pub(super) const PAYLOAD_LIMIT: usize = 6_291_456;

/// The answer to a request that is larger than an invocation's payload may be.
pub(super) fn too_large() -> Reply {
    Reply::json(413, &json!({ "Message": "Request Entity Too Large" }))
        .header("x-amzn-errortype", "RequestEntityTooLargeException")
}

impl Lambda {
    /// A request to a function's URL.
    pub(crate) async fn function_url(&self, cx: &Context, id: &str, request: Request) -> Reply {
        let Some(function) = self.by_url(id) else {
            return Reply::json(403, &json!({ "Message": null }))
                .header("x-amzn-errortype", "AccessDeniedException");
        };
        let cors = function.state.read().url.as_ref().and_then(|url| url.cors.as_ref()?.rules().cloned());
        if let Some(reply) = cors.as_ref().and_then(|cors| cors.preflight(&request)) {
            return reply;
        }
        let reply = self.run_url(cx, id, &function, &request).await;
        match cors {
            Some(cors) => cors.add(&request, reply),
            None => reply,
        }
    }

    async fn run_url(&self, cx: &Context, id: &str, function: &Function, request: &Request) -> Reply {
        let context = Context { region: Arc::clone(&function.region), ..cx.clone() };
        let at_ms = self.clock.now_ms();
        let trace_id = request.header("x-amzn-trace-id").map_or_else(|| new_trace(at_ms), str::to_owned);
        let front = proxy::Front {
            api: id,
            account: &cx.account,
            route_key: "$default",
            stage: "$default",
            path: &request.path,
            request_id: &cx.request_id,
            trace_id: &trace_id,
            at_ms,
        };
        let mut event = proxy::event(request, &front);
        // Nobody is authenticated: a URL has no client certificates, and IAM is not supported.
        for name in ["authentication", "authorizer"] {
            event["requestContext"][name] = Value::Null;
        }
        let event = event.to_string();
        if event.len() > PAYLOAD_LIMIT {
            return too_large();
        }
        let invocation = Invocation {
            payload: event.into(),
            trace_id: Some(trace_id),
            request_id: Some(cx.request_id.to_string()),
            gives_way: true,
            ..Invocation::default()
        };
        let reply = match self.invoke(&context, &function.name, invocation).await {
            Ok(outcome) if outcome.function_error.is_none() => proxy::answer(&outcome.payload),
            // The function's error goes into its log; the public gets a plain 502.
            Ok(_) => None,
            Err(error) => return Reply::json(error.status, &json!({ "Message": error.message })),
        };
        reply.unwrap_or_else(|| Reply::json(502, &json!({ "Message": "Internal Server Error" })))
    }

    fn by_url(&self, id: &str) -> Option<Arc<Function>> {
        self.regions.all().into_iter().find_map(|(_, functions)| {
            let functions = functions.read();
            let found = functions
                .values()
                .find(|function| function.state.read().url.as_ref().is_some_and(|url| url.id == id));
            found.cloned()
        })
    }
}
