//! Tests of authorizers, from the control plane to the function behind a method. Functions are closures, and the test
//! drives the clock.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use hyper::{HeaderMap, Method};
use parking_lot::Mutex;
use serde_json::{Value, json};

use crate::{
    clock::Clock,
    context::{Context, Home},
    error::ApiError,
    functions::{Functions, Invocation, Outcome},
    http::Request,
    service::Service,
    services::apigateway::ApiGateway,
};

/// The function `auth` allows `GET` on all paths for the identity `yes`, fails for `fail`, and denies all others. The
/// function `f` returns the authorizer's result that is in its event.
#[derive(Debug, Default)]
struct Fake(Mutex<Vec<Value>>);

impl Functions for Fake {
    fn invoke<'a>(
        &'a self,
        _: &'a Context,
        function: &'a str,
        invocation: Invocation,
    ) -> BoxFuture<'a, Result<Outcome, ApiError>> {
        let event: Value = serde_json::from_slice(&invocation.payload).unwrap();
        self.0.lock().push(event.clone());
        let (answer, failed) = if function.ends_with(":auth") {
            let word =
                event["authorizationToken"].as_str().or_else(|| event["headers"]["Key"].as_str()).unwrap();
            let effect = if word == "yes" { "Allow" } else { "Deny" };
            let statement =
                json!({"Effect": effect, "Action": "execute-api:Invoke", "Resource": "*/prod/GET/*"});
            let policy = json!({ "Version": "2012-10-17", "Statement": [statement] });
            let verdict =
                json!({"principalId": "me", "policyDocument": policy, "context": {"n": 1, "b": true}});
            (verdict, word == "fail")
        } else {
            let caller = event["requestContext"]["authorizer"].to_string();
            (json!({"statusCode": 200, "body": caller}), false)
        };
        Box::pin(async move {
            Ok(Outcome {
                request_id: "1".to_owned(),
                payload: answer.to_string().into(),
                function_error: failed.then_some("Unhandled"),
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
    gateway: ApiGateway,
    cx: Context,
    api: String,
}

fn uri(function: &str) -> String {
    format!(
        "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:aws:lambda:us-east-1:000000000000:function:{function}/invocations"
    )
}

impl World {
    /// An API whose `ANY /{proxy+}` has an authorizer with these settings.
    async fn new(authorizer: Value) -> Self {
        let (clock, fake) = (Clock::manual(0), Arc::new(Fake::default()));
        let gateway = ApiGateway::new(clock.clone(), Arc::clone(&fake) as Arc<dyn Functions>);
        let cx = Home::new("000000000000", "us-east-1").context("us-east-1");
        let mut world = Self { clock, fake, gateway, cx, api: String::new() };
        let api = world.call("CreateRestApi", json!({"name": "a"})).await;
        world.api = api["id"].as_str().unwrap().to_owned();
        let mut settings = json!({"name": "x", "authorizerUri": uri("auth")});
        settings.as_object_mut().unwrap().extend(authorizer.as_object().unwrap().clone());
        let authorizer = world.call("CreateAuthorizer", settings).await;
        let part = json!({"parentId": api["rootResourceId"], "pathPart": "{proxy+}"});
        let at = json!({"resourceId": world.call("CreateResource", part).await["id"], "httpMethod": "ANY"});
        let with = |more: Value| {
            let mut input = at.clone();
            input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            input
        };
        let method = json!({"authorizationType": "CUSTOM", "authorizerId": authorizer["id"]});
        world.call("PutMethod", with(method)).await;
        let integration = json!({"type": "AWS_PROXY", "integrationHttpMethod": "POST", "uri": uri("f")});
        world.call("PutIntegration", with(integration)).await;
        world.call("CreateDeployment", json!({"stageName": "prod"})).await;
        world
    }

    async fn call(&self, operation: &str, mut input: Value) -> Value {
        if operation != "CreateRestApi" {
            input["restApiId"] = self.api.as_str().into();
        }
        Service::call(&self.gateway, &self.cx, operation, input).await.unwrap()
    }

    async fn ask(&self, method: Method, path: &str, key: Option<&str>) -> (u16, Value) {
        let mut headers = HeaderMap::new();
        if let Some(key) = key {
            headers.insert("key", key.parse().unwrap());
        }
        let request = Request {
            method,
            path: path.to_owned(),
            query: String::new(),
            headers,
            body: Bytes::from_static(b"the body"),
            peer: [127, 0, 0, 1].into(),
        };
        let reply = self.gateway.execute(&self.cx, &self.api, "prod", request).await;
        (reply.status, serde_json::from_slice(&reply.body).unwrap())
    }

    fn asked(&self) -> usize {
        self.fake.0.lock().iter().filter(|event| event.get("methodArn").is_some()).count()
    }
}

#[tokio::test]
async fn a_token_authorizers_result_is_cached_for_its_ttl() {
    let world = World::new(json!({
        "type": "TOKEN", "identitySource": "method.request.header.Key", "identityValidationExpression": "[a-z]+",
        "authorizerResultTtlInSeconds": 60,
    }))
    .await;
    let unauthorized = (401, json!({"message": "Unauthorized"}));
    assert_eq!(world.ask(Method::GET, "/a", None).await, unauthorized);
    assert_eq!(world.ask(Method::GET, "/a", Some("NO1")).await, unauthorized);
    assert_eq!(world.asked(), 0, "a request without a valid token does not reach the authorizer");
    let passed = (200, json!({"b": "true", "n": "1", "principalId": "me"}));
    assert_eq!(world.ask(Method::GET, "/a", Some("yes")).await, passed);
    let event = world.fake.0.lock()[0].clone();
    let arn = format!("arn:aws:execute-api:us-east-1:000000000000:{}/prod/GET/a", world.api);
    assert_eq!(event, json!({"type": "TOKEN", "authorizationToken": "yes", "methodArn": arn}));
    assert_eq!(world.ask(Method::GET, "/b", Some("yes")).await, passed);
    assert_eq!(world.ask(Method::POST, "/b", Some("yes")).await.0, 403, "the policy allows GET only");
    assert_eq!(world.asked(), 1);
    world.clock.advance(std::time::Duration::from_secs(60));
    assert_eq!(world.ask(Method::GET, "/b", Some("yes")).await, passed);
    assert_eq!(world.asked(), 2);
    let denied = (403, json!({"message": "User is not authorized to access this resource"}));
    assert_eq!(world.ask(Method::GET, "/a", Some("no")).await, denied);
    assert_eq!(world.ask(Method::GET, "/a", Some("fail")).await.0, 500);
}

#[tokio::test]
async fn a_request_authorizer_sees_the_request_without_its_body() {
    let world = World::new(json!({
        "type": "REQUEST", "identitySource": "method.request.header.Key, context.httpMethod",
        "authorizerResultTtlInSeconds": 0,
    }))
    .await;
    assert_eq!(world.ask(Method::GET, "/a/b", Some("yes")).await.0, 200);
    assert_eq!(world.ask(Method::GET, "/a/b", Some("yes")).await.0, 200);
    assert_eq!(world.asked(), 2, "nothing is kept");
    let event = world.fake.0.lock()[0].clone();
    assert_eq!(
        (&event["type"], &event["path"], &event["pathParameters"], event.get("body")),
        (&json!("REQUEST"), &json!("/a/b"), &json!({"proxy": "a/b"}), None)
    );
    assert_eq!(world.ask(Method::GET, "/a/b", None).await.0, 401);
}
