//! Handles one request to a stage, from the route to the response.

use std::sync::Arc;

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use bytes::Bytes;

use super::{
    answer,
    authorize::authorize,
    event::{self, Arrival},
    refusal::Refusal,
    snapshot::{Backend, Live},
};
use crate::{
    arn::Arn,
    cause,
    clock::Clock,
    context::Context,
    functions::{Functions, Invocation, Outcome},
    http::{Reply, Request},
    services::apigateway::plans::{self, Limits, Plans},
};

/// The largest request body [Quotas for configuring and running a REST API].
const BODY_LIMIT: usize = 10 << 20;

/// The largest event of a synchronous invocation [Lambda quotas].
const EVENT_LIMIT: usize = 6 << 20;

/// Answers a client's request to the stage `live`.
pub(in crate::services::apigateway) async fn execute(
    clock: &Clock,
    (functions, plans): (&dyn Functions, &Plans),
    cx: &Context,
    live: &Live,
    request: Request,
) -> Reply {
    let extended_request_id = random_id();
    answer_request(clock, (functions, plans), cx, live, &request, &extended_request_id)
        .await
        .unwrap_or_else(|refusal| refusal.reply(&live.snapshot.responses))
        .header("x-amzn-requestid", &cx.request_id)
        .header("x-amz-apigw-id", &extended_request_id)
}

/// In API Gateway's order: route, authorizer, key, throttle and quota, validator, integration.
async fn answer_request(
    clock: &Clock,
    (functions, plans): (&dyn Functions, &Plans),
    cx: &Context,
    live: &Live,
    request: &Request,
    extended_request_id: &str,
) -> Result<Reply, Refusal> {
    let found = live.snapshot.routes.find(request.method.as_str(), &request.path);
    let (target, path_values) = found.ok_or(Refusal::UnknownRoute)?;
    let at_ms = clock.now_ms();
    let trace_id = request.header("x-amzn-trace-id").map_or_else(|| cause::new_trace(at_ms), str::to_owned);
    let mut arrival = Arrival {
        cx,
        live,
        target,
        path_values,
        at_ms,
        extended_request_id,
        trace_id: &trace_id,
        caller: None,
        authorized: None,
    };
    if let Some(authorizer) = &target.authorizer {
        arrival.authorized = Some(authorize(functions, cx, authorizer, request, &arrival).await?);
    }
    let limits = Limits {
        api: &live.api,
        stage: &live.stage,
        method: &target.name,
        setting: live.setting(&target.name),
        needs_key: target.needs_key,
    };
    let caller =
        plans.admit(&limits, request.header("x-api-key"), at_ms).map_err(|refusal| match refusal {
            plans::Refusal::Key => Refusal::Key,
            plans::Refusal::Throttled => Refusal::Throttled,
            plans::Refusal::Quota => Refusal::Quota,
        })?;
    if request.body.len() > BODY_LIMIT {
        return Err(Refusal::TooLong);
    }
    target.checks.check(request, &arrival.path_values)?;
    let (uri, timeout) = match &target.backend {
        Backend::Mock(mock) => return mock.reply(request),
        Backend::Function(uri, timeout) => (uri, *timeout),
    };
    arrival.caller = caller.as_ref();
    let payload = match event::write(request, &arrival) {
        Ok(payload) if payload.len() > EVENT_LIMIT => return Err(Refusal::TooLong),
        Ok(payload) => Bytes::from(payload),
        Err(error) => {
            tracing::error!(%error, api = live.api, "the event could not be written");
            return Err(Refusal::NotInvoked);
        }
    };
    let function = uri.function(&live.variables).into_owned();
    let outcome = {
        let cx = region_of(cx, live, &function);
        let trace_id = Some(trace_id.clone());
        let invocation = Invocation { payload, trace_id, gives_way: true, ..Invocation::default() };
        // The invocation goes on although the client hangs up or the gateway gives up: it is a task of its own.
        let invoked = functions.invoke(&cx, &function, invocation);
        if functions.are_debugged() { Ok(invoked.await) } else { clock.timeout(timeout, invoked).await }
    };
    match outcome {
        Err(_) => Err(Refusal::TimedOut),
        Ok(Err(error)) if error.status == 413 => Err(Refusal::TooLong),
        Ok(Err(error)) => {
            tracing::warn!(%error, api = live.api, path = request.path, "the function could not be invoked");
            Err(Refusal::NotInvoked)
        }
        Ok(Ok(Outcome { function_error: Some(_), request_id, .. })) => {
            tracing::warn!(request_id, api = live.api, path = request.path, "the function failed");
            Err(Refusal::BadAnswer)
        }
        Ok(Ok(outcome)) => {
            answer::read(&outcome.payload, &request.headers, &live.snapshot.binary).map_err(|error| {
                tracing::warn!(%error, request_id = outcome.request_id, api = live.api, path = request.path);
                Refusal::BadAnswer
            })
        }
    }
}

/// The context for invoking a function. A client's request has no region, so it comes from the function's ARN, or else from
/// the API.
pub(super) fn region_of(cx: &Context, live: &Live, function: &str) -> Context {
    let region = Arn::parse(function).map(|arn| arn.region).filter(|region| !region.is_empty());
    let region = region.map_or_else(|| Arc::clone(&live.region), Into::into);
    Context { region, ..cx.clone() }
}

/// An id like those in `x-amz-apigw-id`: 16 characters of base64.
fn random_id() -> String {
    BASE64.encode(rand::random::<[u8; 11]>())
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, time::Duration};

    use futures_util::future::BoxFuture;
    use parking_lot::Mutex;
    use serde_json::{Value, json};

    use super::*;
    use crate::error::ApiError;
    use crate::services::apigateway::data::{
        checks::Checks,
        integration::Uri,
        media::MediaTypes,
        routes::Routes,
        snapshot::{Snapshot, Target},
    };

    /// Gives every invocation the same answer, or never answers.
    #[derive(Debug)]
    struct Fake {
        answer: Option<Result<Outcome, ApiError>>,
        seen: Mutex<Vec<(String, String, Value)>>,
    }

    impl Functions for Fake {
        fn invoke<'a>(
            &'a self,
            cx: &'a Context,
            function: &'a str,
            invocation: Invocation,
        ) -> BoxFuture<'a, Result<Outcome, ApiError>> {
            let event = serde_json::from_slice(&invocation.payload).unwrap();
            self.seen.lock().push((cx.region.to_string(), function.to_owned(), event));
            Box::pin(async move {
                match &self.answer {
                    Some(answer) => answer.clone(),
                    None => std::future::pending().await,
                }
            })
        }

        fn invoke_later(&self, _: &Context, _: &str, _: Invocation) -> Result<(), ApiError> {
            Err(ApiError::internal("the fake takes no events for later"))
        }
    }

    const FUNCTION: &str = "arn:aws:lambda:eu-west-1:000000000000:function:f";

    fn live() -> Live {
        let uri =
            format!("arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/{FUNCTION}/invocations");
        let mut routes = Routes::default();
        let target = Target {
            resource_id: "r".to_owned(),
            resource_path: "/".to_owned(),
            name: "/POST".to_owned(),
            needs_key: false,
            authorizer: None,
            checks: Checks::default(),
            backend: Backend::Function(Uri::parse(&uri).unwrap(), Duration::from_secs(29)),
        };
        routes.insert("/", "POST", target);
        Live {
            api: "abc".to_owned(),
            region: "eu-west-1".into(),
            stage: "prod".to_owned(),
            deployment: "d".to_owned(),
            variables: BTreeMap::new(),
            throttles: BTreeMap::new(),
            verdicts: Mutex::default(),
            snapshot: Arc::new(Snapshot { routes, binary: MediaTypes::new(&[]), responses: BTreeMap::new() }),
        }
    }

    fn post(path: &str, body: impl Into<Bytes>) -> Request {
        Request {
            method: hyper::Method::POST,
            path: path.to_owned(),
            query: String::new(),
            headers: hyper::HeaderMap::new(),
            body: body.into(),
            peer: [127, 0, 0, 1].into(),
        }
    }

    fn context() -> Context {
        Context {
            region: "us-east-1".into(),
            account: "000000000000".into(),
            endpoint: "http://127.0.0.1:1".into(),
            request_id: "the-request".into(),
            access_key: None,
        }
    }

    fn outcome(payload: &str, function_error: Option<&'static str>) -> Outcome {
        Outcome {
            request_id: "1".to_owned(),
            payload: Bytes::copy_from_slice(payload.as_bytes()),
            function_error,
            executed_version: "$LATEST".to_owned(),
            log_tail: String::new(),
        }
    }

    async fn ask(answer: Result<Outcome, ApiError>, request: Request) -> (Reply, Arc<Fake>) {
        let fake = Arc::new(Fake { answer: Some(answer), seen: Mutex::default() });
        let reply =
            execute(&Clock::manual(0), (&*fake, &Plans::default()), &context(), &live(), request).await;
        (reply, fake)
    }

    #[tokio::test]
    async fn a_request_reaches_the_function_of_its_method_and_comes_back() {
        let answer = outcome(r#"{"statusCode":200,"body":"{\"message\":\"success\"}"}"#, None);
        let (reply, fake) = ask(Ok(answer), post("/", "{}")).await;
        assert_eq!((reply.status, reply.body.len()), (200, 21));
        assert_eq!(reply.headers["x-amzn-requestid"], "the-request");
        assert_eq!(reply.headers["x-amz-apigw-id"].len(), 16);
        let seen = fake.seen.lock();
        let (region, function, event) = &seen[0];
        assert_eq!((region.as_str(), function.as_str()), ("eu-west-1", FUNCTION));
        assert_eq!(event["body"], "{}");
        assert_eq!(event["requestContext"]["requestId"], "the-request");
    }

    #[tokio::test]
    async fn failures_get_the_gateways_own_responses() {
        let check =
            async |answer: Result<Outcome, ApiError>, request: Request, expected: (u16, &str, &str)| {
                let (reply, _) = ask(answer, request).await;
                let body: Value = serde_json::from_slice(&reply.body).unwrap();
                assert_eq!(
                    (reply.status, body, reply.headers["x-amzn-errortype"].to_str().unwrap()),
                    (expected.0, json!({ "message": expected.1 }), expected.2)
                );
            };
        let fine = || Ok(outcome("{}", None));
        let internal = "InternalServerErrorException";
        let unknown = (403, "Missing Authentication Token", "MissingAuthenticationTokenException");
        check(fine(), post("/other", ""), unknown).await;
        let get = Request { method: hyper::Method::GET, ..post("/", "") };
        check(fine(), get, unknown).await;
        let long = (413, "Request Too Long", "RequestTooLargeException");
        check(fine(), post("/", vec![b'a'; BODY_LIMIT + 1]), long).await;
        check(fine(), post("/", vec![b'a'; EVENT_LIMIT]), long).await;
        check(Ok(outcome("{}", Some("Unhandled"))), post("/", ""), (502, "Internal server error", internal))
            .await;
        check(Ok(outcome("null", None)), post("/", ""), (502, "Internal server error", internal)).await;
        let throttled = ApiError::with_status(429, "TooManyRequestsException", "Rate Exceeded.");
        check(Err(throttled), post("/", ""), (500, "Internal server error", internal)).await;
        let large = ApiError::with_status(413, "RequestTooLargeException", "too large");
        check(Err(large), post("/", ""), long).await;
    }

    #[tokio::test]
    async fn a_function_that_exceeds_the_integrations_timeout_gives_a_504() {
        let clock = Clock::manual(0);
        let fake = Arc::new(Fake { answer: None, seen: Mutex::default() });
        let asking = {
            let (clock, fake) = (clock.clone(), Arc::clone(&fake));
            tokio::spawn(async move {
                execute(&clock, (&*fake, &Plans::default()), &context(), &live(), post("/", "")).await
            })
        };
        while clock.sleepers() == 0 {
            tokio::task::yield_now().await;
        }
        clock.advance(Duration::from_secs(29));
        let reply = asking.await.unwrap();
        assert_eq!(
            (reply.status, &reply.body[..]),
            (504, br#"{"message":"Endpoint request timed out"}"#.as_slice())
        );
    }
}
