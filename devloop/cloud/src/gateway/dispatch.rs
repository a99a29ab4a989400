//! Runs the operation of a routed request and turns the outcome into a response.

use hyper::Method;
use serde_json::{Map, Value};

use super::{
    fallback::Fallback,
    host,
    pages::Pages,
    protocol::{self, Protocol},
    route::{Route, access_key, is_page, route, scope},
};
use crate::{
    aside::{LARGE, aside, aside_if, is_large},
    calls::Calls as _,
    cause,
    context::Context,
    error::ApiError,
    http::{Arriving, Reply, Request, Share},
    rest,
    service::About,
};

/// The most bytes that are passed on to another local AWS.
const PASSED_ON: usize = 70 << 20;

/// Answers one request, whose body has yet to be read. What it makes comes from the invocation that its trace header names.
pub(crate) async fn answer(pages: &Pages, request: Request, body: Arriving) -> Reply {
    match request.header("x-amzn-trace-id").and_then(cause::root) {
        Some(root) => cause::within([root].into(), answer_alone(pages, request, body)).await,
        None => answer_alone(pages, request, body).await,
    }
}

async fn answer_alone(pages: &Pages, request: Request, body: Arriving) -> Reply {
    let region = scope(&request.headers).map_or(&*pages.home.region, |(region, _)| region);
    let mut cx = pages.home.context(region);
    cx.access_key = access_key(&request.headers).map(Into::into);
    // Host, fallback and route are decided before the body is read.
    let addressed = pages.registry.addressed(&request);
    let is_deployed = addressed.is_some_and(|service| service.is_for_pages()) && !is_page(&request);
    if let Some(why) = host::refusal(&request.headers, is_deployed) {
        return Reply::error(&ApiError::with_status(403, "AccessDeniedException", why));
    }
    if let Err(error) = pages.home.admit(region) {
        return Reply::error(&error);
    }
    if let Some(fallback) = pages.fallback.get()
        && let Some(service) = Fallback::takes(&request, &pages.registry)
    {
        return match whole(request, body, PASSED_ON).await {
            Ok((request, _share)) => fallback.pass(service, request).await,
            Err(error) => Reply::error(&error),
        };
    }
    let reply = match route(&pages.registry, addressed, &request) {
        Route::Pages => pages.answer(&request).await,
        Route::Raw(service) => service.answer(&cx, request, body).await,
        Route::Refused(error) => Reply::error(&error),
        Route::Named { about, operation, protocol } => match whole(request, body, about.largest).await {
            Ok((request, _share)) => named(pages, &cx, about, &operation, protocol, &request).await,
            Err(error) => protocol.encode_error(&cx, about, &error),
        },
        Route::Query { about } => match readable(request, body, about.unwrap_or(&UNKNOWN).largest).await {
            Ok((request, _share)) => query(pages, &cx, about, &request).await,
            Err(error) => Protocol::Query.encode_error(&cx, about.unwrap_or(&UNKNOWN), &error),
        },
        Route::Rest { about, route, labels } => match whole(request, body, about.largest).await {
            Ok((request, _share)) => by_path(pages, &cx, about, route, labels, &request).await,
            Err(error) => Reply::error(&error),
        },
    };
    let reply = if reply.status == 503 { reply.header("retry-after", "1") } else { reply };
    reply.header("x-amzn-requestid", &cx.request_id).header("x-localstack", "true")
}

/// A request in the query protocol with its body. Refuses one that a web page could have sent.
async fn readable(request: Request, body: Arriving, limit: usize) -> Result<(Request, Share), ApiError> {
    if request.method != Method::POST
        && let Some(why) = host::refusal_without_post(&request.headers)
    {
        return Err(ApiError::with_status(403, "AccessDeniedException", why));
    }
    whole(request, body, limit).await
}

/// The request with its body, which counts against the limit of all bodies until the request is answered.
async fn whole(mut request: Request, body: Arriving, limit: usize) -> Result<(Request, Share), ApiError> {
    let (body, share) = body.counted(&request.headers, limit).await?;
    request.body = body;
    Ok((request, share))
}

/// Runs `read`, which parses the body of `request`; a large one takes its turn, and keeps nobody else waiting.
async fn parsed<T>(pages: &Pages, request: &Request, read: impl FnOnce() -> T) -> T {
    if request.body.len() < LARGE {
        return read();
    }
    let _turn = pages.bodies.gate().enter().await;
    aside(read)
}

/// Runs `write`, which turns the output of an operation into an answer; a large one keeps nobody else waiting.
fn written<T>(output: Value, write: impl FnOnce(&Value) -> T) -> T {
    aside_if(is_large(&output), || {
        let written = write(&output);
        drop(output);
        written
    })
}

/// An operation that the request names in a header or path: JSON and CBOR.
async fn named(
    pages: &Pages,
    cx: &Context,
    about: &'static About,
    name: &str,
    protocol: Protocol,
    request: &Request,
) -> Reply {
    let outcome = async {
        check_method(&request.method)?;
        check_content_type(protocol, request)?;
        let input = parsed(pages, request, || protocol.decode(&request.body)).await?;
        if let Some(events) = pages.registry.subscribe(cx, about.name, name, &input).await {
            return Ok(protocol.encode_events(events?));
        }
        let output = pages.registry.call(cx, about.name, name, input).await?;
        Ok(written(output, |output| protocol.encode(cx, about, name, output)))
    }
    .await;
    outcome.unwrap_or_else(|error| protocol.encode_error(cx, about, &error))
}

fn check_method(method: &Method) -> Result<(), ApiError> {
    if method == Method::POST {
        return Ok(());
    }
    Err(ApiError::with_status(
        405,
        "MethodNotAllowed",
        format!("operations are called with POST, not {method}"),
    ))
}

fn check_content_type(protocol: Protocol, request: &Request) -> Result<(), ApiError> {
    let wanted = match protocol {
        Protocol::Cbor => "application/cbor",
        _ => "application/x-amz-json-",
    };
    let given = request.header("content-type").unwrap_or("");
    // Plain `application/json` is what people type by hand; the services themselves accept it too.
    if given.starts_with(wanted) || (protocol != Protocol::Cbor && given.starts_with("application/json")) {
        return Ok(());
    }
    Err(ApiError::client(
        "SerializationException",
        format!("the content type `{given}` does not fit the protocol, which needs `{wanted}…`"),
    ))
}

/// An operation of a REST service with JSON bodies.
async fn by_path(
    pages: &Pages,
    cx: &Context,
    about: &'static About,
    route: &'static rest::Route,
    labels: Map<String, Value>,
    request: &Request,
) -> Reply {
    let outcome = match parsed(pages, request, || route.input(request, labels)).await {
        Ok(input) => pages.registry.call(cx, about.name, route.operation, input).await,
        Err(error) => Err(error),
    };
    match outcome {
        Ok(Value::Null) => Reply::empty(route.status),
        Ok(output) => Reply::new(route.status, "application/json", written(output, protocol::json)),
        Err(error) => Reply::error(&error),
    }
}

/// Stands for an unknown service, so that its client gets an error in its own protocol.
static UNKNOWN: About = About::named("");

/// An operation in the query protocol: `Action` in the form body or in the query string.
async fn query(pages: &Pages, cx: &Context, about: Option<&'static About>, request: &Request) -> Reply {
    let form = parsed(pages, request, || {
        let mut form = protocol::form(request.query.as_bytes());
        form.extend(protocol::form(&request.body));
        form
    });
    let form = form.await;
    let value = |name: &str| form.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone());
    // An unsigned request names its service only by the API's version.
    let by_version = || {
        let version = value("Version")?;
        pages.registry.by_version(&version).map(|service| service.about())
    };
    let about = about.or_else(by_version);
    // A service that the cloud does not know is refused under the name in the signature.
    let name = about.map(|about| about.name);
    let name = name.or_else(|| scope(&request.headers).map(|(_, service)| service)).unwrap_or("sts");
    let outcome = match value("Action") {
        Some(action) => {
            let mut input = parsed(pages, request, || protocol::tree(&form)).await;
            let path_member = about.and_then(|about| about.query.as_ref()?.path_member);
            if let Some(member) = path_member.filter(|member| input.get(member).is_none())
                && request.path.len() > 1
            {
                input[member] = Value::String(format!("{}{}", cx.endpoint, request.path));
            }
            pages.registry.call(cx, name, &action, input).await.map(|output| (action, output))
        }
        None => Err(ApiError::client("MissingAction", "the request names no Action")),
    };
    let about = about.unwrap_or(&UNKNOWN);
    match outcome {
        Ok((action, output)) => written(output, |output| Protocol::Query.encode(cx, about, &action, output)),
        Err(error) => Protocol::Query.encode_error(cx, about, &error),
    }
}
