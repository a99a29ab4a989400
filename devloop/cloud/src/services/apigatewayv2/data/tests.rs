//! Tests of HTTP APIs from the control plane to the function. Functions are closures, and the test drives the clock.

use std::sync::Arc;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use bytes::Bytes;
use futures_util::future::BoxFuture;
use http_body_util::Full;
use hyper::{HeaderMap, Method, service::service_fn};
use hyper_util::rt::TokioIo;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use parking_lot::Mutex;
use serde_json::{Value, json};

use crate::{
    clock::Clock,
    context::{Context, Home},
    error::ApiError,
    functions::{Functions, Invocation, Outcome},
    http::{Arriving, Reply, Request},
    service::Service,
    services::{apigatewayv2::HttpApis, cloudwatch::CloudWatch, logs::Logs},
};

const FUNCTION: &str = "arn:aws:lambda:us-east-1:000000000000:function:f";
const START_MS: i64 = 1_700_000_000_000;

/// The modulus of the key in `signing_key.txt`, in the form of a JSON web key.
const MODULUS: &str = "zaHH11OZ5XOUpiDU0gCWDTkVaVyikVIkaujBR90jfa-lJ0T72k-nRzB_3GCdu0AGYJ9aQBOvQeXHrLmgRWGOSiNzdGkz5X-jNVW5\
    IrZJlxHBvkHG2PqevKtZuFaw0P0dgTvKQCe91v-xegyLqoh22Zn7o2D5NVyLMl-09bKfcdrsjq9DRnSO-O_crgWaQztvtzLPwY-a\
    -AvembYzS0Zuo1S1qkfZwSIA8KtP7kZRJBsYojE5WDpLGw_RmuFel4fm3HHlMzDxyILbZHzHSio1WoeQa3BhWXJzgUesXbk3dcGM\
    r7AxuVGZ2vZc7LWG7JgFpXbRrDlS0sqcVb0ztw4vDw";

type Answer = dyn Fn(&str, &Value) -> Option<Value> + Send + Sync;

/// Answers with the closure's result; `None` is a failure of the function. Keeps every event.
struct Fake {
    answer: Box<Answer>,
    seen: Mutex<Vec<Value>>,
}

impl std::fmt::Debug for Fake {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Fake")
    }
}

impl Functions for Fake {
    fn invoke<'a>(
        &'a self,
        _: &'a Context,
        function: &'a str,
        invocation: Invocation,
    ) -> BoxFuture<'a, Result<Outcome, ApiError>> {
        let event: Value = serde_json::from_slice(&invocation.payload).unwrap();
        let name = function.rsplit(':').next().unwrap().to_owned();
        let answer = (self.answer)(&name, &event);
        self.seen.lock().push(event);
        Box::pin(async move {
            Ok(Outcome {
                request_id: "1".to_owned(),
                function_error: answer.is_none().then_some("Unhandled"),
                payload: answer.unwrap_or_default().to_string().into(),
                executed_version: "$LATEST".to_owned(),
                log_tail: String::new(),
            })
        })
    }

    fn invoke_later(&self, _: &Context, _: &str, _: Invocation) -> Result<(), ApiError> {
        Err(ApiError::internal("the fake takes no events for later"))
    }
}

struct World {
    clock: Clock,
    fake: Arc<Fake>,
    apis: HttpApis,
    logs: Arc<Logs>,
    cx: Context,
}

impl World {
    fn new(answer: impl Fn(&str, &Value) -> Option<Value> + Send + Sync + 'static) -> Self {
        let clock = Clock::manual(START_MS);
        let fake = Arc::new(Fake { answer: Box::new(answer), seen: Mutex::default() });
        let logs = Arc::new(Logs::new(clock.clone(), Arc::new(CloudWatch::new(clock.clone()))));
        let functions = Arc::clone(&fake) as Arc<dyn Functions>;
        let apis = HttpApis::new(clock.clone(), functions, Arc::clone(&logs));
        Self { clock, fake, apis, logs, cx: Home::new("000000000000", "us-east-1").context("us-east-1") }
    }

    /// An operation of the control plane.
    async fn call(&self, operation: &str, mut input: Value) -> Value {
        if operation != "CreateApi" && operation != "ImportApi" {
            input["apiId"] = "a1".into();
        }
        Service::call(&self.apis, &self.cx, operation, input).await.unwrap()
    }

    /// The API `a1` with an integration and these routes, in the stage `$default`.
    async fn api(&self, format: &str, routes: &[Value]) {
        let api = json!({"name": "a", "protocolType": "HTTP", "tags": {"_custom_id_": "a1"}});
        self.call("CreateApi", api).await;
        let integration = json!({"integrationType": "AWS_PROXY", "integrationUri": FUNCTION, "payloadFormatVersion": format});
        let integration = self.call("CreateIntegration", integration).await;
        for route in routes {
            let mut route = route.clone();
            route["target"] =
                format!("integrations/{}", integration["integrationId"].as_str().unwrap()).into();
            self.call("CreateRoute", route).await;
        }
        self.call("CreateStage", json!({"stageName": "$default", "autoDeploy": true})).await;
    }

    async fn send(&self, request: Request) -> Reply {
        assert!(self.apis.is_addressed(&request));
        let body = Arriving::new(Full::new(request.body.clone()));
        self.apis.answer(&self.cx, request, body).await
    }

    async fn get(&self, path: &str, headers: &[(&'static str, &str)]) -> (u16, Value) {
        let reply = self.send(request(Method::GET, path, headers, "")).await;
        (reply.status, serde_json::from_slice(&reply.body).unwrap_or_default())
    }

    /// What the access log of the stage `$default` has after it is switched on with this format and `requests` are sent.
    async fn logged(&self, format: &str, requests: &[(&str, &[(&'static str, &str)])]) -> Vec<String> {
        let destination = "arn:aws:logs:us-east-1:000000000000:log-group:/http/a:*";
        let settings = json!({"destinationArn": destination, "format": format});
        self.call("UpdateStage", json!({"stageName": "$default", "accessLogSettings": settings})).await;
        for (path, headers) in requests {
            self.get(path, headers).await;
        }
        let input = json!({"logGroupName": "/http/a"});
        let found = self.logs.call(&self.cx, "FilterLogEvents", input).await.unwrap();
        let events = found["events"].as_array().unwrap().iter();
        events.map(|event| event["message"].as_str().unwrap().to_owned()).collect()
    }

    fn last(&self) -> Value {
        self.fake.seen.lock().last().unwrap().clone()
    }
}

const HOST: &str = "a1.execute-api.us-east-1.localhost:4566";

fn request(method: Method, path: &str, headers: &[(&'static str, &str)], body: &str) -> Request {
    let mut map = HeaderMap::new();
    map.insert("host", HOST.parse().unwrap());
    for (name, value) in headers {
        map.append(*name, value.parse().unwrap());
    }
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    Request {
        method,
        path: path.to_owned(),
        query: query.to_owned(),
        headers: map,
        body: Bytes::copy_from_slice(body.as_bytes()),
        peer: [127, 0, 0, 1].into(),
    }
}

fn hello() -> impl Fn(&str, &Value) -> Option<Value> + Send + Sync + 'static {
    |_, _| Some(json!({"hello": "world"}))
}

#[tokio::test]
async fn the_event_of_format_2_is_the_documented_one() {
    let world = World::new(hello());
    world.api("2.0", &[json!({"routeKey": "POST /my/{parameter1}"})]).await;
    world
        .call("UpdateStage", json!({"stageName": "$default", "stageVariables": {"stageVariable1": "value1"}}))
        .await;
    let headers = [
        ("cookie", "cookie1"),
        ("cookie", "cookie2"),
        ("header1", "value1"),
        ("header2", "value1"),
        ("header2", "value2"),
        ("user-agent", "agent"),
        ("content-type", "text/plain"),
        ("x-amzn-trace-id", "Root=1-x"),
    ];
    let path = "/my/a%20b?parameter1=value1&parameter1=value2&parameter2=value";
    let reply = world.send(request(Method::POST, path, &headers, "Hello from Lambda")).await;
    assert_eq!((reply.status, &reply.body[..]), (200, br#"{"hello":"world"}"#.as_slice()));
    assert_eq!(reply.headers["apigw-requestid"], *world.cx.request_id);
    assert_eq!(
        world.last(),
        json!({
            "version": "2.0",
            "routeKey": "POST /my/{parameter1}",
            "rawPath": "/my/a%20b",
            "rawQueryString": "parameter1=value1&parameter1=value2&parameter2=value",
            "cookies": ["cookie1", "cookie2"],
            "headers": {
                "header1": "value1", "header2": "value1,value2", "host": HOST, "user-agent": "agent",
                "content-type": "text/plain", "x-amzn-trace-id": "Root=1-x", "x-forwarded-for": "127.0.0.1",
                "x-forwarded-port": "4566", "x-forwarded-proto": "http",
            },
            "queryStringParameters": {"parameter1": "value1,value2", "parameter2": "value"},
            "requestContext": {
                "accountId": "000000000000", "apiId": "a1", "domainName": HOST, "domainPrefix": "a1",
                "http": {"method": "POST", "path": "/my/a%20b", "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1",
                    "userAgent": "agent"},
                "requestId": &*world.cx.request_id, "routeKey": "POST /my/{parameter1}", "stage": "$default",
                "time": "14/Nov/2023:22:13:20 +0000", "timeEpoch": START_MS,
            },
            "body": "Hello from Lambda",
            "pathParameters": {"parameter1": "a b"},
            "isBase64Encoded": false,
            "stageVariables": {"stageVariable1": "value1"},
        })
    );
}

#[tokio::test]
async fn the_most_specific_route_answers_and_default_takes_the_rest() {
    let world = World::new(hello());
    let keys = ["GET /pets/{id}", "GET /pets/dog", "ANY /pets/{proxy+}", "$default"];
    world.api("2.0", &keys.map(|key| json!({ "routeKey": key }))).await;
    world.call("CreateStage", json!({"stageName": "test", "autoDeploy": true})).await;
    let check = async |path: &str, route: &str, raw: &str, stage: &str, values: Value| {
        assert_eq!(world.get(path, &[]).await.0, 200, "{path}");
        let event = world.last();
        let seen = (
            &event["routeKey"],
            &event["rawPath"],
            &event["requestContext"]["stage"],
            &event["pathParameters"],
        );
        assert_eq!(seen, (&json!(route), &json!(raw), &json!(stage), &values), "{path}");
    };
    check("/pets/dog", "GET /pets/dog", "/pets/dog", "$default", Value::Null).await;
    check("/pets/7", "GET /pets/{id}", "/pets/7", "$default", json!({"id": "7"})).await;
    check("/pets/dog/1", "ANY /pets/{proxy+}", "/pets/dog/1", "$default", json!({"proxy": "dog/1"})).await;
    check("/other", "$default", "/other", "$default", Value::Null).await;
    check("/test/pets/7", "GET /pets/{id}", "/test/pets/7", "test", json!({"id": "7"})).await;
    check("/test", "$default", "/test", "test", Value::Null).await;
    check("/_aws/execute-api/a1/test/pets/7", "GET /pets/{id}", "/test/pets/7", "test", json!({"id": "7"}))
        .await;
    check("/_aws/execute-api/a1", "$default", "/", "$default", Value::Null).await;
}

#[tokio::test]
async fn failures_get_the_gateways_own_answers() {
    let world = World::new(|_, event| match event["path"].as_str().unwrap() {
        "/text" => Some(json!("text")),
        "/fine" => {
            Some(json!({"statusCode": 200, "body": "x", "multiValueHeaders": {"set-cookie": ["a", "b"]}}))
        }
        _ => None,
    });
    let keys = ["GET /fine", "GET /text", "GET /fails"];
    world.api("1.0", &keys.map(|key| json!({ "routeKey": key }))).await;
    let reply = world.send(request(Method::GET, "/fine", &[], "")).await;
    assert_eq!((reply.status, reply.headers.get_all("set-cookie").iter().count()), (200, 2));
    assert_eq!(world.get("/none", &[]).await, (404, json!({"message": "Not Found"})));
    let failed = (500, json!({"message": "Internal Server Error"}));
    assert_eq!([world.get("/fails", &[]).await, world.get("/text", &[]).await], [failed.clone(), failed]);
    let bounds = json!({"throttlingBurstLimit": 1, "throttlingRateLimit": 1.0});
    world.call("UpdateStage", json!({"stageName": "$default", "routeSettings": {"GET /fine": bounds}})).await;
    assert_eq!(world.get("/fine", &[]).await.0, 200);
    assert_eq!(world.get("/fine", &[]).await, (429, json!({"message": "Too Many Requests"})));
    world.clock.advance(std::time::Duration::from_secs(1));
    assert_eq!(world.get("/fine", &[]).await.0, 200);
}

#[tokio::test]
async fn every_request_has_a_line_in_the_access_log_of_its_stage() {
    let world = World::new(|_, event| (event["rawPath"] != "/fails").then(|| json!({"hello": "world"})));
    world.api("2.0", &["GET /pets/{id}", "GET /fails"].map(|key| json!({ "routeKey": key }))).await;
    let format = "$context.identity.sourceIp [$context.requestTime] \"$context.httpMethod $context.path $context.protocol\" \
        $context.routeKey $context.status $context.responseLength $context.requestId $context.integrationStatus \
        $context.integration.status $context.error.message";
    let lines = world.logged(format, &[("/pets/7?a=b", &[]), ("/fails", &[]), ("/none", &[])]).await;
    let line = |path: &str, rest: &str| {
        let rest = rest.replace("ID", &world.cx.request_id);
        format!("127.0.0.1 [14/Nov/2023:22:13:20 +0000] \"GET {path} HTTP/1.1\" {rest}")
    };
    assert_eq!(
        lines,
        [
            line("/pets/7", "GET /pets/{id} 200 17 ID 200 200 -"),
            line("/fails", "GET /fails 500 35 ID 200 - Internal Server Error"),
            line("/none", "- 404 23 ID - - Not Found"),
        ]
    );
}

#[tokio::test]
async fn pages_of_allowed_sites_may_read_the_answers() {
    let world = World::new(|_, _| {
        Some(json!({"statusCode": 200, "headers": {"access-control-allow-origin": "https://function"}}))
    });
    world.api("2.0", &[json!({"routeKey": "GET /"})]).await;
    let cors = json!({"allowOrigins": ["https://a.test"], "allowMethods": ["GET", "PUT"], "allowHeaders": ["x-a"], "maxAge": 60});
    world.call("UpdateApi", json!({ "corsConfiguration": cors })).await;
    let preflight = [("origin", "https://a.test"), ("access-control-request-method", "PUT")];
    let reply = world.send(request(Method::OPTIONS, "/anything", &preflight, "")).await;
    let header =
        |reply: &Reply, name: &str| reply.headers.get(name).map(|value| value.to_str().unwrap().to_owned());
    assert_eq!(reply.status, 204);
    for (name, value) in [("origin", "https://a.test"), ("methods", "GET,PUT"), ("headers", "x-a")] {
        assert_eq!(header(&reply, &format!("access-control-allow-{name}")).as_deref(), Some(value), "{name}");
    }
    assert_eq!(header(&reply, "access-control-max-age").as_deref(), Some("60"));
    let allowed = "access-control-allow-origin";
    let reply = world.send(request(Method::GET, "/", &[("origin", "https://a.test")], "")).await;
    assert_eq!(header(&reply, allowed).as_deref(), Some("https://a.test"));
    let reply = world.send(request(Method::GET, "/", &[("origin", "https://b.test")], "")).await;
    assert_eq!((reply.status, header(&reply, allowed)), (200, None));
}

#[tokio::test]
async fn a_simple_response_is_cached_for_its_ttl() {
    let world = World::new(|function, event| match function {
        "f" => Some(event["requestContext"]["authorizer"].clone()),
        _ => Some(json!({"isAuthorized": event["identitySource"][0] == "yes", "context": {"user": 7}})),
    });
    world.api("2.0", &[]).await;
    let authorizer = json!({
        "name": "x", "authorizerType": "REQUEST", "identitySource": ["$request.header.Key"],
        "authorizerUri": "arn:aws:lambda:us-east-1:000000000000:function:auth",
        "authorizerPayloadFormatVersion": "2.0", "enableSimpleResponses": true, "authorizerResultTtlInSeconds": 60,
    });
    let id = world.call("CreateAuthorizer", authorizer).await["authorizerId"].clone();
    let integration = world.call("GetIntegrations", json!({})).await["items"][0]["integrationId"].clone();
    let target = format!("integrations/{}", integration.as_str().unwrap());
    let route =
        json!({"routeKey": "GET /{id}", "authorizationType": "CUSTOM", "authorizerId": id, "target": target});
    world.call("CreateRoute", route).await;
    assert_eq!(world.get("/7", &[]).await, (401, json!({"message": "Unauthorized"})));
    assert_eq!(world.get("/7", &[("key", "no")]).await, (403, json!({"message": "Forbidden"})));
    let event = world.last();
    assert_eq!(
        (
            &event["type"],
            &event["version"],
            &event["routeArn"],
            &event["pathParameters"]["id"],
            event.get("body")
        ),
        (
            &json!("REQUEST"),
            &json!("2.0"),
            &json!("arn:aws:execute-api:us-east-1:000000000000:a1/$default/GET/7"),
            &json!("7"),
            None
        )
    );
    assert_eq!(world.get("/7", &[("key", "yes")]).await, (200, json!({"lambda": {"user": 7}})));
    let before = world.fake.seen.lock().len();
    assert_eq!(world.get("/8", &[("key", "yes")]).await.0, 200);
    assert_eq!(world.fake.seen.lock().len(), before + 1, "only the function was invoked");
    world.clock.advance(std::time::Duration::from_secs(60));
    assert_eq!(world.get("/8", &[("key", "yes")]).await.0, 200);
    assert_eq!(world.fake.seen.lock().len(), before + 3, "the authorizer was invoked again");
    let format = "$context.authorizer.user $context.authorizer.error $context.error.responseType";
    let lines = world.logged(format, &[("/7", &[("key", "yes")]), ("/7", &[("key", "no")])]).await;
    assert_eq!(lines, ["7 - -", "- Forbidden ACCESS_DENIED"]);
}

#[tokio::test]
async fn a_function_decides_by_a_policy() {
    let world = World::new(|function, event| match function {
        "f" => Some(event["requestContext"]["authorizer"].clone()),
        _ => Some(json!({
            "principalId": "me", "context": {"user": "x"},
            "policyDocument": {"Statement": [
                {"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": event["methodArn"].as_str().unwrap().replace("/7", "/*")},
                {"Effect": "Deny", "Action": "execute-api:Invoke", "Resource": "*/GET/9"},
            ]},
        })),
    });
    world.api("2.0", &[]).await;
    let authorizer = json!({
        "name": "x", "authorizerType": "REQUEST", "identitySource": ["$request.header.Key"],
        "authorizerUri": "arn:aws:lambda:us-east-1:000000000000:function:auth",
        "authorizerPayloadFormatVersion": "1.0", "authorizerResultTtlInSeconds": 60,
    });
    let id = world.call("CreateAuthorizer", authorizer).await["authorizerId"].clone();
    let integration = world.call("GetIntegrations", json!({})).await["items"][0]["integrationId"].clone();
    let target = format!("integrations/{}", integration.as_str().unwrap());
    let route =
        json!({"routeKey": "GET /{id}", "authorizationType": "CUSTOM", "authorizerId": id, "target": target});
    world.call("CreateRoute", route).await;
    assert_eq!(world.get("/7", &[("key", "k")]).await, (200, json!({"lambda": {"user": "x"}})));
    // The cached policy is applied to every request of this identity.
    assert_eq!(world.get("/8", &[("key", "k")]).await.0, 200);
    assert_eq!(world.get("/9", &[("key", "k")]).await.0, 403);
}

/// A token issuer on this machine; its key is made for this test alone.
async fn issuer() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let issuer = format!("http://{}", listener.local_addr().unwrap());
    let own = issuer.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let own = own.clone();
            tokio::spawn(async move {
                let answer = service_fn(move |request: hyper::Request<hyper::body::Incoming>| {
                    let body = match request.uri().path() {
                        "/keys" => {
                            json!({"keys": [{"kty": "RSA", "kid": "k1", "alg": "RS256", "n": MODULUS, "e": "AQAB"}]})
                        }
                        _ => json!({"issuer": own, "jwks_uri": format!("{own}/keys")}),
                    };
                    let body = Full::new(Bytes::from(body.to_string()));
                    async move { Ok::<_, std::convert::Infallible>(hyper::Response::new(body)) }
                });
                let _ = hyper::server::conn::http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), answer)
                    .await;
            });
        }
    });
    issuer
}

fn token(claims: &Value, id: &str) -> String {
    let key = include_str!("../../../../tests/fixtures/signing_key.txt").replace('\n', "");
    let key = EncodingKey::from_rsa_der(&BASE64_STANDARD.decode(key).unwrap());
    let header = Header { kid: Some(id.to_owned()), ..Header::new(Algorithm::RS256) };
    encode(&header, claims, &key).unwrap()
}

#[tokio::test]
async fn tokens_of_the_issuer_pass_with_their_claims() {
    let issuer = issuer().await;
    let world = World::new(|_, event| Some(event["requestContext"]["authorizer"].clone()));
    world.api("2.0", &[]).await;
    let authorizer = json!({
        "name": "x", "authorizerType": "JWT", "identitySource": ["$request.header.Authorization"],
        "jwtConfiguration": {"issuer": issuer, "audience": ["me"]},
    });
    let id = world.call("CreateAuthorizer", authorizer).await["authorizerId"].clone();
    let integration = world.call("GetIntegrations", json!({})).await["items"][0]["integrationId"].clone();
    let target = format!("integrations/{}", integration.as_str().unwrap());
    let route = json!({
        "routeKey": "GET /", "authorizationType": "JWT", "authorizerId": id, "target": target,
        "authorizationScopes": ["read"],
    });
    world.call("CreateRoute", route).await;
    let now = START_MS / 1_000;
    let claims =
        json!({"iss": issuer, "aud": "me", "exp": now + 60, "scope": "read write", "roles": ["a", "b"]});
    let ask = async |claims: &Value, id: &str| {
        let authorization = format!("Bearer {}", token(claims, id));
        let reply =
            world.send(request(Method::GET, "/", &[("authorization", authorization.as_str())], "")).await;
        let challenge = reply.headers.get("www-authenticate").map(|value| value.to_str().unwrap().to_owned());
        (reply.status, challenge, serde_json::from_slice::<Value>(&reply.body).unwrap())
    };
    let exp = (now + 60).to_string();
    let shown = json!({"iss": issuer, "aud": "me", "exp": exp, "scope": "read write", "roles": "[a b]"});
    let passed = json!({"jwt": {"claims": shown, "scopes": ["read", "write"]}});
    assert_eq!(ask(&claims, "k1").await, (200, None, passed));
    let refused = async |change: Value, id: &str, status: u16, words: &str| {
        let mut claims = claims.clone();
        claims.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let (found, challenge, _) = ask(&claims, id).await;
        assert_eq!(found, status, "{change}");
        assert!(challenge.as_ref().unwrap().contains(words), "{change}: {challenge:?}");
    };
    refused(json!({"aud": "other"}), "k1", 401, "invalid audience").await;
    refused(json!({"iss": "other"}), "k1", 401, "issuer is invalid").await;
    refused(json!({"nbf": now + 1}), "k1", 401, "not valid yet").await;
    refused(json!({}), "k2", 401, "unable to find the key").await;
    refused(json!({"scope": "write"}), "k1", 403, "insufficient_scope").await;
    world.clock.advance(std::time::Duration::from_secs(60));
    refused(json!({}), "k1", 401, "expired").await;
    assert_eq!(
        world.get("/", &[("authorization", "Bearer x")]).await,
        (401, json!({"message": "Unauthorized"}))
    );
    assert_eq!(world.get("/", &[]).await.0, 401);
}

#[tokio::test]
async fn an_openapi_document_becomes_an_api() {
    let world = World::new(hello());
    let integration =
        json!({"type": "aws_proxy", "httpMethod": "POST", "payloadFormatVersion": "2.0", "uri": FUNCTION});
    let of = |more: Value| {
        let mut operation = json!({"responses": {}, "x-amazon-apigateway-integration": integration});
        operation.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        operation
    };
    let document = json!({
        "openapi": "3.0.1", "info": {"title": "pets", "version": "2"},
        "tags": [{"name": "_custom_id_", "x-amazon-apigateway-tag-value": "a1"}],
        "components": {"securitySchemes": {"users": {"type": "oauth2", "x-amazon-apigateway-authorizer": {
            "type": "jwt", "identitySource": "$request.header.Authorization",
            "jwtConfiguration": {"issuer": "http://localhost:1", "audience": ["a"]},
        }}}},
        "paths": {
            "/$default": {"x-amazon-apigateway-any-method": of(json!({"isDefaultRoute": true}))},
            "/pets/{id}": {"get": of(json!({"security": [{"users": ["read"]}]}))},
            "/files/{proxy+}": {"x-amazon-apigateway-any-method": of(json!({}))},
        },
    });
    let api = world.call("ImportApi", json!({ "body": document.to_string() })).await;
    assert_eq!((&api["apiId"], &api["name"], &api["version"]), (&json!("a1"), &json!("pets"), &json!("2")));
    let routes = world.call("GetRoutes", json!({})).await;
    let mut found: Vec<_> = routes["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|route| (route["routeKey"].as_str().unwrap(), route["authorizationType"].as_str().unwrap()))
        .collect();
    found.sort_unstable();
    assert_eq!(found, [("$default", "NONE"), ("ANY /files/{proxy+}", "NONE"), ("GET /pets/{id}", "JWT")]);
    world.call("CreateStage", json!({"stageName": "$default", "autoDeploy": true})).await;
    assert_eq!(world.get("/anything", &[]).await, (200, json!({"hello": "world"})));
    assert_eq!(world.get("/pets/7", &[]).await.0, 401);

    // A document with an error changes nothing, and another one takes the place of the first.
    let again = async |paths: Value| {
        let document = json!({"openapi": "3.0.1", "info": {"title": "dogs", "version": "3"}, "paths": paths});
        let input = json!({"apiId": "a1", "body": document.to_string()});
        Service::call(&world.apis, &world.cx, "ReimportApi", input).await
    };
    again(json!({"/dogs": {"get": {}}})).await.unwrap_err();
    assert_eq!(world.get("/pets/7", &[]).await.0, 401);
    let api = again(json!({"/dogs": {"get": of(json!({}))}})).await.unwrap();
    assert_eq!(
        (&api["apiId"], &api["name"], &api["tags"]["_custom_id_"]),
        (&json!("a1"), &json!("dogs"), &json!("a1"))
    );
    assert_eq!(world.get("/dogs", &[]).await, (200, json!({"hello": "world"})));
    assert_eq!(world.get("/pets/7", &[]).await.0, 404);
    assert_eq!(world.call("GetAuthorizers", json!({})).await["items"], json!([]));
}
