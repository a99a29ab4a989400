//! Writes the event for a proxied request, in one pass from the request to bytes [Input format of a Lambda function for
//! proxy integration].

use std::borrow::Cow;

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use hyper::header;
use indexmap::IndexMap;
use serde::{Serialize, Serializer};
use serde_json::Value;

use super::snapshot::{Live, Target};
use crate::{context::Context, http::Request, services::apigateway::plans::Caller};

/// What an event contains besides the request itself.
#[derive(Debug)]
pub(super) struct Arrival<'a> {
    pub(super) cx: &'a Context,
    pub(super) live: &'a Live,
    pub(super) target: &'a Target,
    /// The path's variables, still percent-encoded.
    pub(super) path_values: Vec<(&'a str, &'a str)>,
    /// When the request arrived, in ms since the epoch.
    pub(super) at_ms: i64,
    /// The value of `x-amz-apigw-id`.
    pub(super) extended_request_id: &'a str,
    /// The value of `X-Amzn-Trace-Id`.
    pub(super) trace_id: &'a str,
    /// The API key of the request, if the method needs one.
    pub(super) caller: Option<&'a Caller>,
    /// The authorizer's result.
    pub(super) authorized: Option<Value>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Event<'a> {
    resource: &'a str,
    path: &'a str,
    http_method: &'a str,
    headers: Option<Last<'a>>,
    multi_value_headers: Option<&'a Values<'a>>,
    query_string_parameters: Option<Last<'a>>,
    multi_value_query_string_parameters: Option<&'a Values<'a>>,
    path_parameters: Option<IndexMap<&'a str, &'a str>>,
    stage_variables: Option<&'a std::collections::BTreeMap<String, String>>,
    request_context: RequestContext<'a>,
    body: Option<Cow<'a, str>>,
    is_base64_encoded: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RequestContext<'a> {
    resource_id: &'a str,
    resource_path: &'a str,
    http_method: &'a str,
    extended_request_id: &'a str,
    request_time: String,
    path: String,
    account_id: &'a str,
    protocol: &'static str,
    stage: &'a str,
    domain_prefix: &'a str,
    request_time_epoch: i64,
    request_id: &'a str,
    identity: Identity<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    authorizer: Option<&'a Value>,
    domain_name: &'a str,
    deployment_id: &'a str,
    api_id: &'a str,
}

/// The caller's identity. The members for IAM and Cognito authorization are null, because the cloud has neither.
#[derive(Serialize, Default)]
#[serde(rename_all = "camelCase")]
struct Identity<'a> {
    cognito_identity_pool_id: (),
    account_id: (),
    cognito_identity_id: (),
    caller: (),
    source_ip: String,
    principal_org_id: (),
    access_key: (),
    cognito_authentication_type: (),
    cognito_authentication_provider: (),
    user_arn: (),
    user_agent: Option<&'a str>,
    user: (),
    #[serde(skip_serializing_if = "Option::is_none")]
    api_key: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    api_key_id: Option<&'a str>,
}

/// All values of each name, in the order of arrival.
type Values<'a> = IndexMap<Cow<'a, str>, Vec<Cow<'a, str>>>;

/// A view of [`Values`] with one value for each name, the last one.
struct Last<'a>(&'a Values<'a>);

impl Serialize for Last<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, values)| (name, values.last())))
    }
}

/// Writes the event for `request`, whose path does not include the stage.
pub(super) fn write(request: &Request, arrival: &Arrival<'_>) -> Result<Vec<u8>, serde_json::Error> {
    let Arrival { cx, live, target, .. } = arrival;
    let headers = forwarded_headers(request, arrival.trace_id);
    let mut query = Values::new();
    for (name, value) in request.parameters() {
        query.entry(name.into()).or_default().push(value.into());
    }
    let (body, is_base64_encoded) = body(request, live);
    let method = request.method.as_str();
    let event = Event {
        resource: &target.resource_path,
        path: &request.path,
        http_method: method,
        headers: Some(Last(&headers)),
        multi_value_headers: Some(&headers),
        query_string_parameters: (!query.is_empty()).then_some(Last(&query)),
        multi_value_query_string_parameters: (!query.is_empty()).then_some(&query),
        path_parameters: (!arrival.path_values.is_empty())
            .then(|| arrival.path_values.iter().copied().collect()),
        stage_variables: (!live.variables.is_empty()).then_some(&live.variables),
        request_context: RequestContext {
            resource_id: &target.resource_id,
            resource_path: &target.resource_path,
            http_method: method,
            extended_request_id: arrival.extended_request_id,
            request_time: request_time(arrival.at_ms),
            path: format!("/{}{}", live.stage, request.path),
            account_id: &cx.account,
            protocol: "HTTP/1.1",
            stage: &live.stage,
            domain_prefix: &live.api,
            request_time_epoch: arrival.at_ms,
            request_id: &cx.request_id,
            identity: Identity {
                source_ip: request.peer.to_string(),
                user_agent: request.header("user-agent"),
                api_key: arrival.caller.map(|caller| caller.key.as_str()),
                api_key_id: arrival.caller.map(|caller| caller.key_id.as_str()),
                ..Identity::default()
            },
            authorizer: arrival.authorized.as_ref(),
            domain_name: request.header("host").unwrap_or_default(),
            deployment_id: &live.deployment,
            api_id: &live.api,
        },
        body,
        is_base64_encoded,
    };
    serde_json::to_vec(&event)
}

/// The client's headers and those that API Gateway adds. HTTP libraries lose the case in which a client sent a name, so
/// names get the case that most clients use: `Content-Type`.
fn forwarded_headers<'a>(request: &'a Request, trace_id: &'a str) -> Values<'a> {
    let mut headers = Values::with_capacity(request.headers.len() + 4);
    for name in request.headers.keys() {
        // The gateway has already unpacked the body.
        let unpacked = name == header::CONTENT_ENCODING
            && request.headers[name].as_bytes().eq_ignore_ascii_case(b"gzip");
        if name == header::CONTENT_LENGTH || name == header::CONNECTION || unpacked {
            continue;
        }
        let values =
            request.headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes()));
        headers.insert(title_case(name.as_str()).into(), values.collect());
    }
    let port = request.header("host").and_then(|host| host.rsplit_once(':')).map_or("80", |(_, port)| port);
    let forwarded_for = match request.header("x-forwarded-for") {
        Some(before) => format!("{before}, {}", request.peer),
        None => request.peer.to_string(),
    };
    headers.insert("X-Amzn-Trace-Id".into(), vec![trace_id.into()]);
    headers.insert("X-Forwarded-For".into(), vec![forwarded_for.into()]);
    headers.entry("X-Forwarded-Port".into()).or_insert_with(|| vec![port.into()]);
    headers.entry("X-Forwarded-Proto".into()).or_insert_with(|| vec!["http".into()]);
    headers
}

fn title_case(name: &str) -> String {
    let mut start = true;
    name.chars()
        .map(|c| {
            let out = if start { c.to_ascii_uppercase() } else { c };
            start = c == '-';
            out
        })
        .collect()
}

/// The body as text for the event, and whether it is base64.
fn body<'a>(request: &'a Request, live: &Live) -> (Option<Cow<'a, str>>, bool) {
    if request.body.is_empty() {
        (None, false)
    } else if live.snapshot.binary.contains(request.header("content-type")) {
        (Some(BASE64.encode(&request.body).into()), true)
    } else {
        (Some(String::from_utf8_lossy(&request.body)), false)
    }
}

/// A time as `20/Nov/2026:10:00:00 +0000`.
fn request_time(ms: i64) -> String {
    jiff::Timestamp::from_millisecond(ms)
        .map(|at| at.strftime("%d/%b/%Y:%H:%M:%S +0000").to_string())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, sync::Arc, time::Duration};

    use serde_json::{Value, json};

    use super::*;
    use crate::services::apigateway::data::{
        checks::Checks,
        integration::Uri,
        media::MediaTypes,
        routes::Routes,
        snapshot::{Backend, Snapshot},
    };

    fn event(request: &Request, variables: &[(&str, &str)], path_values: Vec<(&str, &str)>) -> Value {
        let cx = Context {
            region: "us-east-1".into(),
            account: "000000000000".into(),
            endpoint: "http://127.0.0.1:4566".into(),
            request_id: "11111111-2222-3333-4444-555555555555".into(),
            access_key: None,
        };
        let target = Target {
            resource_id: "res123".to_owned(),
            resource_path: "/upload/{id}".to_owned(),
            name: "/upload/{id}/POST".to_owned(),
            needs_key: false,
            authorizer: None,
            checks: Checks::default(),
            backend: Backend::Function(
                Uri::parse("arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/f/invocations")
                    .unwrap(),
                Duration::from_secs(29),
            ),
        };
        let live = Live {
            api: "abc123".to_owned(),
            region: "us-east-1".into(),
            stage: "prod".to_owned(),
            deployment: "dep123".to_owned(),
            variables: variables
                .iter()
                .map(|&(name, value)| (name.to_owned(), value.to_owned()))
                .collect::<BTreeMap<_, _>>(),
            throttles: BTreeMap::new(),
            verdicts: parking_lot::Mutex::default(),
            snapshot: Arc::new(Snapshot {
                routes: Routes::default(),
                binary: MediaTypes::new(&["image/png".to_owned()]),
                responses: BTreeMap::new(),
            }),
        };
        let arrival = Arrival {
            cx: &cx,
            live: &live,
            target: &target,
            path_values,
            at_ms: 1_795_168_800_000,
            extended_request_id: "ext=",
            trace_id: "Root=1-0-0",
            caller: None,
            authorized: None,
        };
        serde_json::from_slice(&write(request, &arrival).unwrap()).unwrap()
    }

    fn request(query: &str, headers: &[(&'static str, &'static str)], body: &'static [u8]) -> Request {
        let mut map = hyper::HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, value.parse().unwrap());
        }
        Request {
            method: hyper::Method::POST,
            path: "/upload/a%20b".to_owned(),
            query: query.to_owned(),
            headers: map,
            body: bytes::Bytes::from_static(body),
            peer: [127, 0, 0, 1].into(),
        }
    }

    #[test]
    fn absent_values_are_null_and_not_left_out() {
        let bare = request("", &[("host", "abc123.execute-api.localhost:4566")], b"");
        let expected_headers = json!({
            "Host": "abc123.execute-api.localhost:4566",
            "X-Amzn-Trace-Id": "Root=1-0-0",
            "X-Forwarded-For": "127.0.0.1",
            "X-Forwarded-Port": "4566",
            "X-Forwarded-Proto": "http",
        });
        let multi: serde_json::Map<String, Value> = expected_headers
            .as_object()
            .unwrap()
            .iter()
            .map(|(name, value)| (name.clone(), json!([value])))
            .collect();
        assert_eq!(
            event(&bare, &[], vec![]),
            json!({
                "resource": "/upload/{id}",
                "path": "/upload/a%20b",
                "httpMethod": "POST",
                "headers": expected_headers,
                "multiValueHeaders": multi,
                "queryStringParameters": null,
                "multiValueQueryStringParameters": null,
                "pathParameters": null,
                "stageVariables": null,
                "requestContext": {
                    "accountId": "000000000000",
                    "apiId": "abc123",
                    "deploymentId": "dep123",
                    "domainName": "abc123.execute-api.localhost:4566",
                    "domainPrefix": "abc123",
                    "extendedRequestId": "ext=",
                    "httpMethod": "POST",
                    "identity": {
                        "accessKey": null,
                        "accountId": null,
                        "caller": null,
                        "cognitoAuthenticationProvider": null,
                        "cognitoAuthenticationType": null,
                        "cognitoIdentityId": null,
                        "cognitoIdentityPoolId": null,
                        "principalOrgId": null,
                        "sourceIp": "127.0.0.1",
                        "user": null,
                        "userAgent": null,
                        "userArn": null,
                    },
                    "path": "/prod/upload/a%20b",
                    "protocol": "HTTP/1.1",
                    "requestId": "11111111-2222-3333-4444-555555555555",
                    "requestTime": "20/Nov/2026:10:00:00 +0000",
                    "requestTimeEpoch": 1_795_168_800_000_i64,
                    "resourceId": "res123",
                    "resourcePath": "/upload/{id}",
                    "stage": "prod",
                },
                "body": null,
                "isBase64Encoded": false,
            })
        );
    }

    #[test]
    fn repeated_names_keep_all_values_and_the_last_one_wins() {
        let headers = [
            ("x-a", "1"),
            ("x-a", "2"),
            ("content-length", "3"),
            ("connection", "close"),
            ("user-agent", "me"),
        ];
        let found =
            event(&request("k=1&k=2%2B3&e=a+b&flag", &headers, b"{}"), &[("v", "1")], vec![("id", "a%20b")]);
        assert_eq!(found["headers"]["X-A"], "2");
        assert_eq!(found["multiValueHeaders"]["X-A"], json!(["1", "2"]));
        assert_eq!(found["headers"].get("Content-Length"), None);
        assert_eq!(found["headers"].get("Connection"), None);
        assert_eq!(found["requestContext"]["identity"]["userAgent"], "me");
        assert_eq!(found["queryStringParameters"], json!({"k": "2+3", "e": "a b", "flag": ""}));
        assert_eq!(
            found["multiValueQueryStringParameters"],
            json!({"k": ["1", "2+3"], "e": ["a b"], "flag": [""]})
        );
        assert_eq!(found["pathParameters"], json!({"id": "a%20b"}));
        assert_eq!(found["stageVariables"], json!({"v": "1"}));
        assert_eq!(found["body"], "{}");
    }

    #[test]
    fn bodies_of_binary_types_are_sent_as_base64() {
        let check = |content_type: &'static str, body: &'static [u8], expected: (&str, bool)| {
            let found = event(&request("", &[("content-type", content_type)], body), &[], vec![]);
            assert_eq!((&found["body"], &found["isBase64Encoded"]), (&json!(expected.0), &json!(expected.1)));
        };
        check("image/png", b"\x00\xff", ("AP8=", true));
        check("text/plain", "é".as_bytes(), ("é", false));
        check("text/plain", b"\xff", ("\u{fffd}", false));
    }
}
