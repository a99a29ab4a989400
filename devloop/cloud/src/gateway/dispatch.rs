//! From a routed request to the service's operation and back to an answer.

use std::sync::Arc;

use hyper::Method;
use serde_json::Value;

use super::{
    host, internal,
    protocol::{self, Protocol},
    route::{Route, route, scope},
};
use crate::{
    cloud::{Cloud, Services},
    context::Context,
    error::ApiError,
    http::{Reply, Request},
};

/// Answers one request.
pub(crate) async fn answer(cloud: &Cloud, request: Request) -> Reply {
    let services = &cloud.0;
    let region = scope(&request.headers).map_or(services.options.region.as_str(), |(region, _)| region);
    let cx = cloud.context(region);
    if let Some(why) = host::refusal(&request.headers) {
        return rest_error(&ApiError::with_status(403, "AccessDeniedException", why));
    }
    let reply = match route(&request.path, &request.query, &request.headers) {
        Route::Internal => internal::answer(cloud, &request).await,
        Route::Execute { api, stage, path } => {
            let request = Request { path, ..request };
            services.apigateway.execute(&cx, &api, &stage, request).await
        }
        Route::FunctionUrl { id, path } => {
            let path = path.unwrap_or_else(|| request.path.clone());
            services.lambda.function_url(&cx, &id, Request { path, ..request }).await
        }
        Route::Operation { service, operation, protocol } => {
            named(services, &cx, service, &operation, protocol, &request).await
        }
        Route::Query { service } => query(services, &cx, service, &request).await,
        Route::Lambda => {
            let mappings = request.path.contains("event-source-mapping");
            let outcome = match services.faults.strike("lambda", request.method.as_str()) {
                Some(error) => Err(error),
                None if mappings => services.events.rest(&cx, request).await,
                None => services.lambda.rest(&cx, request).await,
            };
            outcome.unwrap_or_else(|error| rest_error(&error))
        }
        Route::ApiGateway => {
            services.apigateway.rest(&cx, request).await.unwrap_or_else(|error| rest_error(&error))
        }
        Route::Unknown => rest_error(&unknown(&request)),
    };
    reply.header("x-amzn-requestid", &cx.request_id).header("x-localstack", "true")
}

fn unknown(request: &Request) -> ApiError {
    let what = match request.header("x-amz-target") {
        Some(target) => format!("the operation `{target}`"),
        None => format!("{} {}", request.method, request.path),
    };
    let message = match scope(&request.headers) {
        Some((_, service)) => format!("the embedded cloud has no service `{service}` ({what})"),
        None => format!(
            "no service of the embedded cloud answers {what}; sign the request or use a supported service"
        ),
    };
    ApiError::with_status(404, "UnknownOperationException", message)
}

/// An operation that the wire names: JSON and CBOR.
async fn named(
    services: &Arc<Services>,
    cx: &Context,
    service: &'static str,
    name: &str,
    protocol: Protocol,
    request: &Request,
) -> Reply {
    let outcome = async {
        check_method(&request.method)?;
        check_content_type(protocol, request)?;
        let input = protocol.decode(&request.body)?;
        operation(services, cx, service, name, input).await
    }
    .await;
    match outcome {
        Ok(output) => protocol.encode(cx, service, name, output),
        Err(error) => protocol.encode_error(cx, service, &error),
    }
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
        format!("the content type `{given}` does not fit the protocol, which wants `{wanted}…`"),
    ))
}

/// An operation in the query protocol: `Action` in the form body or in the query string.
async fn query(
    services: &Arc<Services>,
    cx: &Context,
    service: Option<&'static str>,
    request: &Request,
) -> Reply {
    let mut form = protocol::form(request.query.as_bytes());
    form.extend(protocol::form(&request.body));
    let value = |name: &str| form.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone());
    // A service that is not known here is refused under the name that the signature gives it.
    let service = service
        .or_else(|| service_of_version(value("Version").as_deref()))
        .or_else(|| scope(&request.headers).map(|(_, service)| service))
        .unwrap_or("sts");
    let outcome = match value("Action") {
        Some(action) => {
            let mut input = protocol::tree(&form);
            // Queue URLs are also request paths: `POST /000000000000/queue?Action=…`.
            if service == "sqs" && request.path.len() > 1 && input.get("QueueUrl").is_none() {
                input["QueueUrl"] = Value::String(format!("{}{}", cx.endpoint, request.path));
            }
            operation(services, cx, service, &action, input).await.map(|output| (action, output))
        }
        None => Err(ApiError::client("MissingAction", "the request names no Action")),
    };
    match outcome {
        Ok((action, output)) => Protocol::Query.encode(cx, service, &action, output),
        Err(error) => Protocol::Query.encode_error(cx, service, &error),
    }
}

/// Unsigned query requests tell their service by the API version.
fn service_of_version(version: Option<&str>) -> Option<&'static str> {
    Some(match version? {
        "2010-08-01" => "monitoring",
        "2012-11-05" => "sqs",
        "2011-06-15" => "sts",
        "2010-05-08" => "iam",
        "2010-05-15" => "cloudformation",
        _ => return None,
    })
}

/// Runs one named operation of one service.
pub(crate) async fn operation(
    services: &Arc<Services>,
    cx: &Context,
    service: &str,
    name: &str,
    input: Value,
) -> Result<Value, ApiError> {
    if let Some(error) = services.faults.strike(service, name) {
        return Err(error);
    }
    match service {
        "kinesis" => services.kinesis.call(cx, name, input).await,
        "dynamodb" | "streams.dynamodb" => services.dynamodb.call(cx, name, input).await,
        "sqs" => services.sqs.call(cx, name, input).await,
        "monitoring" => services.cloudwatch.call(cx, name, input).await,
        "logs" => services.logs.call(cx, name, input).await,
        "ssm" => services.ssm.call(cx, name, input).await,
        "sts" => services.sts.call(cx, name, input).await,
        "iam" => services.iam.call(cx, name, input).await,
        _ => Err(ApiError::unknown_operation(service, name)),
    }
}

/// An error as the REST-JSON services write it.
pub(crate) fn rest_error(error: &ApiError) -> Reply {
    let mut body = error.details.clone();
    body.insert("Type".to_owned(), if error.is_client_fault() { "User" } else { "Service" }.into());
    body.insert("message".to_owned(), error.message.clone().into());
    body.insert("Message".to_owned(), error.message.clone().into());
    Reply::json(error.status, &Value::Object(body)).header("x-amzn-errortype", &error.code)
}
