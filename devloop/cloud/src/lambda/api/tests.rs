//! Tests of operations on functions that run no code.

use http_body_util::Full;
use hyper::{HeaderMap, Method};
use serde_json::{Value, json};

use crate::{
    Context, Options,
    cloud::Cloud,
    error::ApiError,
    gateway,
    http::{Arriving, Request},
};

struct World {
    cloud: Cloud,
    cx: Context,
}

impl World {
    /// A cloud with the function `f`.
    async fn new() -> Self {
        let cloud = Cloud::new(Options::default());
        let world = Self { cx: cloud.context("us-east-1"), cloud };
        world.ok("CreateFunction", create("f", json!({}))).await;
        world
    }

    async fn call(&self, operation: &str, input: Value) -> Result<Value, ApiError> {
        self.cloud.call(&self.cx, "lambda", operation, input).await
    }

    async fn ok(&self, operation: &str, input: Value) -> Value {
        self.call(operation, input).await.unwrap()
    }

    /// Runs an operation with a wrong revision, then with the right one.
    async fn check_revision(&self, operation: &str, mut input: Value, revision: &Value) -> Value {
        input["RevisionId"] = "other".into();
        let error = self.call(operation, input.clone()).await.unwrap_err();
        assert_eq!((error.status, &*error.code), (412, "PreconditionFailedException"), "{operation}");
        input["RevisionId"] = revision.clone();
        self.ok(operation, input).await
    }
}

/// The input of `CreateFunction`, with further members. The function's folder is empty, because nothing runs.
fn create(name: &str, more: Value) -> Value {
    let mut input = json!({
        "FunctionName": name, "Role": "arn:aws:iam::000000000000:role/r", "Runtime": "provided.al2023",
        "Handler": "bootstrap", "Code": { "S3Bucket": "hot-reload", "S3Key": "/nowhere" },
    });
    input.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
    input
}

#[tokio::test]
async fn a_request_that_expects_another_revision_is_refused() {
    let world = World::new().await;
    let revision = async |operation, input| world.ok(operation, input).await["RevisionId"].clone();
    let function = json!({ "FunctionName": "f" });
    let dry = json!({ "FunctionName": "f", "S3Bucket": "hot-reload", "S3Key": "/nowhere", "DryRun": true });
    let now = revision("GetFunctionConfiguration", function.clone()).await;
    world.check_revision("UpdateFunctionCode", dry, &now).await;
    let described = json!({ "FunctionName": "f", "Description": "d" });
    world.check_revision("UpdateFunctionConfiguration", described, &now).await;
    let now = revision("GetFunctionConfiguration", function.clone()).await;
    let version = world.check_revision("PublishVersion", function.clone(), &now).await["Version"].clone();
    let alias = json!({ "FunctionName": "f", "Name": "live", "FunctionVersion": version });
    let now = revision("CreateAlias", alias.clone()).await;
    let updated = world.check_revision("UpdateAlias", alias.clone(), &now).await;
    assert_ne!(updated["RevisionId"], now);
    let permission = |id: &str| json!({ "FunctionName": "f", "StatementId": id, "Action": "lambda:InvokeFunction", "Principal": "*" });
    world.ok("AddPermission", permission("one")).await;
    let now = revision("GetPolicy", function.clone()).await;
    world.check_revision("AddPermission", permission("two"), &now).await;
    let now = revision("GetPolicy", function.clone()).await;
    let removal = json!({ "FunctionName": "f", "StatementId": "one" });
    world.check_revision("RemovePermission", removal, &now).await;
    let policy = world.ok("GetPolicy", function).await["Policy"].to_string();
    assert!(policy.contains("two") && !policy.contains("one"), "{policy}");
}

#[tokio::test]
async fn a_policy_shows_what_restricts_its_statements() {
    let world = World::new().await;
    let permission = json!({
        "FunctionName": "f", "StatementId": "s", "Action": "lambda:InvokeFunctionUrl", "Principal": "*",
        "FunctionUrlAuthType": "NONE", "PrincipalOrgID": "o-1234567890", "EventSourceToken": "token",
        "SourceAccount": "000000000000", "SourceArn": "arn:aws:s3:::box", "InvokedViaFunctionUrl": true,
    });
    world.ok("AddPermission", permission).await;
    let policy = world.ok("GetPolicy", json!({ "FunctionName": "f" })).await;
    let policy: Value = serde_json::from_str(policy["Policy"].as_str().unwrap()).unwrap();
    let expected = json!({
        "ArnLike": { "AWS:SourceArn": "arn:aws:s3:::box" },
        "Bool": { "lambda:InvokedViaFunctionUrl": "true" },
        "StringEquals": {
            "AWS:SourceAccount": "000000000000", "aws:PrincipalOrgID": "o-1234567890",
            "lambda:EventSourceToken": "token", "lambda:FunctionUrlAuthType": "NONE",
        },
    });
    assert_eq!(policy["Statement"][0]["Condition"], expected);
}

#[tokio::test]
async fn layers_are_listed_by_runtime_and_architecture() {
    let world = World::new().await;
    // An archive without files: the end record alone.
    let empty = "UEsFBgAAAAAAAAAAAAAAAAAAAAAAAA==";
    for runtime in ["python3.11", "nodejs20.x"] {
        let layer = json!({
            "LayerName": "tools", "Content": { "ZipFile": empty }, "CompatibleRuntimes": [runtime],
            "CompatibleArchitectures": ["x86_64"],
        });
        world.ok("PublishLayerVersion", layer).await;
    }
    let check = async |filter: Value, latest: Option<u64>| {
        let layers = world.ok("ListLayers", filter.clone()).await;
        let found = layers["Layers"].pointer("/0/LatestMatchingVersion/Version").and_then(Value::as_u64);
        assert_eq!(found, latest, "{filter}");
        let mut input = filter.clone();
        input["LayerName"] = "tools".into();
        let versions = world.ok("ListLayerVersions", input).await;
        let found = versions["LayerVersions"].pointer("/0/Version").and_then(Value::as_u64);
        assert_eq!(found, latest, "{filter}");
    };
    check(json!({}), Some(2)).await;
    check(json!({ "CompatibleRuntime": "python3.11" }), Some(1)).await;
    check(json!({ "CompatibleRuntime": "nodejs20.x", "CompatibleArchitecture": "x86_64" }), Some(2)).await;
    check(json!({ "CompatibleRuntime": "ruby3.3" }), None).await;
    check(json!({ "CompatibleArchitecture": "arm64" }), None).await;
}

#[tokio::test]
async fn settings_outside_lambdas_bounds_are_refused() {
    let world = World::new().await;
    let check = async |member: &str, value: Value, part: &str| {
        let more = json!({ member: value });
        for (operation, input) in [
            ("CreateFunction", create("g", more.clone())),
            ("UpdateFunctionConfiguration", json!({ "FunctionName": "f", member: value })),
        ] {
            let error = world.call(operation, input).await.unwrap_err();
            assert!(error.status == 400 && error.message.contains(part), "{operation} {more}: {error}");
        }
    };
    check("TracingConfig", json!({ "Mode": "Nope" }), "'tracingConfig.mode'").await;
    check("EphemeralStorage", json!({ "Size": 511 }), "between 512 and 10240").await;
    check("EphemeralStorage", json!({ "Size": 99_999 }), "'ephemeralStorage.size'").await;
    check("VpcConfig", json!({ "SubnetIds": vec!["s"; 17] }), "'vpcConfig.subnetIds'").await;
    check("VpcConfig", json!({ "SecurityGroupIds": vec!["g"; 6] }), "'vpcConfig.securityGroupIds'").await;
    for level in ["ApplicationLogLevel", "SystemLogLevel"] {
        check("LoggingConfig", json!({ "LogFormat": "Text", level: "DEBUG" }), "LogFormat").await;
    }
    let kept = json!({
        "TracingConfig": { "Mode": "Active" }, "EphemeralStorage": { "Size": "1024" },
        "VpcConfig": { "SubnetIds": vec!["s"; 16], "SecurityGroupIds": vec!["g"; 5] },
    });
    let shown = world.ok("CreateFunction", create("g", kept.clone())).await;
    assert_eq!((&shown["TracingConfig"], &shown["VpcConfig"]), (&kept["TracingConfig"], &kept["VpcConfig"]));
    assert_eq!(shown["EphemeralStorage"]["Size"], 1024);
    let url = |age: u64| json!({ "FunctionName": "f", "AuthType": "NONE", "Cors": { "MaxAge": age } });
    let error = world.call("CreateFunctionUrlConfig", url(86_401)).await.unwrap_err();
    assert!(error.message.contains("'cors.maxAge'"), "{error}");
    world.ok("CreateFunctionUrlConfig", url(86_400)).await;
    assert!(world.call("UpdateFunctionUrlConfig", url(86_401)).await.is_err());
}

/// The options exist in Lambda's API, and not here.
#[tokio::test]
async fn an_option_that_would_be_ignored_is_refused_by_name() {
    let world = World::new().await;
    for operation in ["UpdateFunctionCode", "PublishVersion"] {
        let input = json!({
            "FunctionName": "f", "S3Bucket": "hot-reload", "S3Key": "/nowhere", "PublishTo": "LATEST_PUBLISHED",
        });
        let input = if operation == "PublishVersion" {
            json!({ "FunctionName": "f", "PublishTo": input["PublishTo"] })
        } else {
            input
        };
        let error = world.call(operation, input).await.unwrap_err();
        assert!(error.status == 501 && error.message.contains("`PublishTo`"), "{operation}: {error}");
    }
    assert_eq!(
        world.ok("ListVersionsByFunction", json!({ "FunctionName": "f" })).await["Versions"][1],
        Value::Null
    );
}

#[tokio::test]
async fn a_function_url_is_the_functions_and_no_aliases() {
    let world = World::new().await;
    let url = json!({ "FunctionName": "f", "AuthType": "NONE" });
    let of_alias = |name: &str, qualifier: Option<&str>| json!({ "FunctionName": name, "AuthType": "NONE", "Qualifier": qualifier });
    let error = world.call("CreateFunctionUrlConfig", of_alias("f:live", None)).await.unwrap_err();
    assert_eq!(error.status, 501, "{error}");
    world.ok("CreateFunctionUrlConfig", url.clone()).await;
    for operation in ["GetFunctionUrlConfig", "UpdateFunctionUrlConfig", "DeleteFunctionUrlConfig"] {
        for input in [of_alias("f", Some("live")), of_alias("f:live", None)] {
            let error = world.call(operation, input).await.unwrap_err();
            assert_eq!((error.status, &*error.code), (404, "ResourceNotFoundException"), "{operation}");
        }
    }
    world.ok("GetFunctionUrlConfig", url).await;
}

#[tokio::test]
async fn an_encrypted_package_and_a_tenant_are_refused() {
    let world = World::new().await;
    let code = json!({
        "FunctionName": "f", "S3Bucket": "hot-reload", "S3Key": "/nowhere",
        "SourceKMSKeyArn": "arn:aws:kms:us-east-1:000000000000:key/x",
    });
    let error = world.call("UpdateFunctionCode", code).await.unwrap_err();
    assert!(error.status == 501 && error.message.contains("SourceKMSKeyArn"), "{error}");
    let mut headers = HeaderMap::new();
    headers.insert("host", "127.0.0.1".parse().unwrap());
    headers.insert("x-amz-tenant-id", "blue".parse().unwrap());
    let request = Request {
        method: Method::POST,
        path: "/2015-03-31/functions/f/invocations".to_owned(),
        query: String::new(),
        headers,
        body: bytes::Bytes::new(),
        peer: [127, 0, 0, 1].into(),
    };
    let body = Arriving::new(Full::new(bytes::Bytes::new()));
    let reply = gateway::answer(&world.cloud.0.pages, request, body).await;
    let text = String::from_utf8_lossy(&reply.body).into_owned();
    assert!(reply.status == 400 && text.contains("TenantId"), "{} {text}", reply.status);
}
