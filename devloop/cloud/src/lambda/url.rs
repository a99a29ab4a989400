//! Function URLs: HTTP in, an event in payload format 2.0 to the function, its answer back
//! [Invoking Lambda function URLs, Request and response payloads].

use std::sync::Arc;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use hyper::header::{HeaderName, HeaderValue};
use serde_json::{Map, Value, json};

use super::{function::Function, service::Lambda};
use crate::{
    context::Context,
    functions::Invocation,
    http::{Reply, Request},
};

impl Lambda {
    /// A request to a function's URL.
    pub(crate) async fn function_url(&self, cx: &Context, id: &str, request: Request) -> Reply {
        let Some(function) = self.by_url(id) else {
            return Reply::json(404, &json!({ "Message": format!("no function has the URL id {id}") }));
        };
        let context = Context { region: Arc::clone(&function.region), ..cx.clone() };
        let payload = event(cx, id, &request, self.clock.now_ms()).to_string().into();
        let invocation = Invocation { payload, ..Invocation::default() };
        match self.invoke(&context, &function.name, invocation).await {
            Ok(outcome) if outcome.function_error.is_none() => answer(&outcome.payload),
            // What the function said of its failure is for its log, not for the public.
            Ok(_) => Reply::json(502, &json!({ "Message": "Internal Server Error" })),
            Err(error) => Reply::json(error.status, &json!({ "Message": error.message })),
        }
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

/// The event in payload format 2.0.
fn event(cx: &Context, id: &str, request: &Request, now_ms: i64) -> Value {
    let mut headers: Map<String, Value> = Map::new();
    let mut cookies = Vec::new();
    for (name, value) in &request.headers {
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        if name == "cookie" {
            cookies.extend(value.split("; ").map(|cookie| Value::String(cookie.to_owned())));
            continue;
        }
        match headers.get_mut(name.as_str()) {
            Some(Value::String(joined)) => {
                joined.push(',');
                joined.push_str(&value);
            }
            _ => {
                headers.insert(name.as_str().to_owned(), value.into());
            }
        }
    }
    let mut parameters: Map<String, Value> = Map::new();
    for (name, value) in request.parameters() {
        match parameters.get_mut(&name) {
            Some(Value::String(joined)) => {
                joined.push(',');
                joined.push_str(&value);
            }
            _ => {
                parameters.insert(name, value.into());
            }
        }
    }
    let text = std::str::from_utf8(&request.body).ok();
    let path = crate::http::decode(&request.path);
    let host = request.header("host").unwrap_or("").to_owned();
    let time = jiff::Timestamp::from_millisecond(now_ms).unwrap_or_default();
    let mut event = json!({
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": request.query,
        "headers": headers,
        "requestContext": {
            "accountId": "anonymous",
            "apiId": id,
            "domainName": host,
            "domainPrefix": id,
            "http": {
                "method": request.method.as_str(),
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": request.peer.to_string(),
                "userAgent": request.header("user-agent").unwrap_or(""),
            },
            "requestId": &*cx.request_id,
            "routeKey": "$default",
            "stage": "$default",
            "time": time.strftime("%d/%b/%Y:%H:%M:%S +0000").to_string(),
            "timeEpoch": now_ms,
        },
        "isBase64Encoded": text.is_none(),
    });
    if !cookies.is_empty() {
        event["cookies"] = cookies.into();
    }
    if !parameters.is_empty() {
        event["queryStringParameters"] = parameters.into();
    }
    if !request.body.is_empty() {
        event["body"] = text.map_or_else(|| BASE64_STANDARD.encode(&request.body), str::to_owned).into();
    }
    event
}

/// The function's answer: an object with a `statusCode` is a description of the reply, anything else is its JSON body.
fn answer(payload: &[u8]) -> Reply {
    let Ok(Value::Object(members)) = serde_json::from_slice::<Value>(payload) else {
        return Reply::new(200, "application/json", payload.to_vec());
    };
    let Some(status) =
        members.get("statusCode").and_then(Value::as_u64).and_then(|status| u16::try_from(status).ok())
    else {
        return Reply::new(200, "application/json", payload.to_vec());
    };
    let body = match members.get("body") {
        Some(Value::String(text)) if members.get("isBase64Encoded") == Some(&Value::Bool(true)) => {
            BASE64_STANDARD.decode(text).unwrap_or_default()
        }
        Some(Value::String(text)) => text.clone().into_bytes(),
        Some(Value::Null) | None => Vec::new(),
        Some(other) => other.to_string().into_bytes(),
    };
    let mut reply = Reply::new(status, "application/json", body);
    for (name, value) in members.get("headers").and_then(Value::as_object).into_iter().flatten() {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), HeaderValue::from_str(&value)) {
            reply.headers.insert(name, value);
        }
    }
    for cookie in members.get("cookies").and_then(Value::as_array).into_iter().flatten() {
        if let Some(Ok(value)) = cookie.as_str().map(HeaderValue::from_str) {
            reply.headers.append("set-cookie", value);
        }
    }
    reply
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_with_a_status_describe_the_reply_and_others_are_the_body() {
        let check = |payload: Value, status: u16, kind: &str, body: &str| {
            let reply = answer(payload.to_string().as_bytes());
            let content_type = reply.headers["content-type"].to_str().unwrap();
            assert_eq!(
                (reply.status, content_type, &reply.body[..]),
                (status, kind, body.as_bytes()),
                "{payload}"
            );
        };
        check(
            json!({"statusCode": 201, "headers": {"Content-Type": "text/plain"}, "body": "x"}),
            201,
            "text/plain",
            "x",
        );
        check(
            json!({"statusCode": 200, "body": "aGk=", "isBase64Encoded": true}),
            200,
            "application/json",
            "hi",
        );
        check(json!({"a": 1}), 200, "application/json", "{\"a\":1}");
        check(json!("text"), 200, "application/json", "\"text\"");
    }
}
