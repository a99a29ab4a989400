//! Functions whose code is in a bucket, created by the API and by a template; layers; provisioned concurrency.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::collections::BTreeMap;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use devloop_cloud::Template;
use serde_json::{Value, json};
use support::{Answer, TestCloud, eventually, zip};

const SIGNED: (&str, &str) =
    ("authorization", "AWS4-HMAC-SHA256 Credential=test/20231114/us-east-1/s3/aws4_request");

async fn put(cloud: &TestCloud, path: &str, body: Vec<u8>) -> Answer {
    let answer = cloud.send("PUT", path, &[SIGNED], body).await;
    assert_eq!(answer.status, 200, "{path}: {:?}", answer.body);
    answer
}

fn create(name: &str, code: Value) -> Value {
    json!({
        "FunctionName": name, "Role": "r", "Runtime": "provided.al2023", "Handler": "bootstrap", "Code": code,
    })
}

#[tokio::test]
async fn functions_take_their_code_from_a_bucket() {
    let cloud = TestCloud::start().await;
    put(&cloud, "/code", Vec::new()).await;
    let versioning = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>";
    put(&cloud, "/code?versioning", versioning.into()).await;
    let first = put(&cloud, "/code/a%20b/f.zip", zip("one")).await;
    put(&cloud, "/code/a%20b/f.zip", zip("two")).await;
    let code = json!({ "S3Bucket": "code", "S3Key": "a b/f.zip" });
    let created = cloud.lambda("POST", "", create("f", code.clone())).await;
    assert_eq!(created.status, 201, "{:?}", created.body);
    assert_eq!(created.json()["CodeSize"], zip("two").len());
    assert_eq!(cloud.invoke("f", json!({})).await.json()["version"], "two");

    let mut older = code;
    older["S3ObjectVersion"] = first.header("x-amz-version-id").unwrap().into();
    let updated = cloud.lambda("PUT", "/f/code", older).await;
    assert_eq!(updated.status, 200, "{:?}", updated.body);
    assert_ne!(updated.json()["CodeSha256"], created.json()["CodeSha256"]);
    eventually("the update", async || {
        let shown = cloud.lambda("GET", "/f/configuration", Value::Null).await.json();
        (shown["LastUpdateStatus"] == "Successful").then_some(())
    })
    .await;
    assert_eq!(cloud.invoke("f", json!({})).await.json()["version"], "one");
}

#[tokio::test]
async fn code_that_is_not_in_the_bucket_is_refused_with_s3s_reason() {
    let cloud = TestCloud::start().await;
    put(&cloud, "/code", Vec::new()).await;
    put(&cloud, "/code/text", b"not a zip".to_vec()).await;
    let check = async |code: Value, expected: &str| {
        let answer = cloud.lambda("POST", "", create("f", code.clone())).await;
        assert_eq!(answer.status, 400, "{code}: {:?}", answer.body);
        assert!(answer.json()["message"].as_str().unwrap().contains(expected), "{code}: {:?}", answer.body);
    };
    check(json!({ "S3Bucket": "code", "S3Key": "none" }), "S3 Error Code: NoSuchKey. S3 Error Message: The")
        .await;
    check(json!({ "S3Bucket": "nowhere", "S3Key": "none" }), "S3 Error Code: NoSuchBucket.").await;
    check(json!({ "S3Bucket": "code", "S3Key": "text" }), "Could not unzip uploaded file").await;
    check(json!({ "S3Bucket": "code" }), "Please provide a source for function code").await;
}

#[tokio::test]
async fn a_template_takes_code_from_a_bucket() {
    let cloud = TestCloud::start().await;
    put(&cloud, "/assets", Vec::new()).await;
    for version in ["one", "two"] {
        put(&cloud, &format!("/assets/{version}.zip"), zip(version)).await;
        let template = json!({ "Resources": { "F": { "Type": "AWS::Lambda::Function", "Properties": {
            "FunctionName": "f", "Role": "arn:aws:iam::000000000000:role/r", "Runtime": "provided.al2023",
            "Handler": "bootstrap", "Code": { "S3Bucket": "assets", "S3Key": format!("{version}.zip") },
        } } } });
        let template = Template::parse(&template.to_string()).unwrap();
        cloud.cloud.apply("s", &template, &BTreeMap::new()).await.unwrap();
        assert_eq!(cloud.invoke("f", json!({})).await.json()["version"], version);
    }
}

/// A zip package with one file, in Base64.
fn package(name: &str, content: &str) -> String {
    use std::io::Write as _;
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    writer.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
    writer.write_all(content.as_bytes()).unwrap();
    BASE64_STANDARD.encode(writer.finish().unwrap().into_inner())
}

#[tokio::test]
async fn later_layers_of_a_function_override_earlier_ones() {
    let cloud = TestCloud::start().await;
    let publish = async |name: &str, file: &str, content: &str| {
        let body = json!({ "Content": { "ZipFile": package(file, content) }, "Description": content });
        let path = format!("/2018-10-31/layers/{name}/versions");
        let answer = cloud.send("POST", &path, &[], body.to_string()).await;
        assert_eq!(answer.status, 201, "{:?}", answer.body);
        answer.json()["LayerVersionArn"].as_str().unwrap().to_owned()
    };
    let layers = [publish("tools", "bin/tool", "old").await, publish("tools", "bin/tool", "new").await];
    assert!(layers[1].ends_with(":layer:tools:2"), "{}", layers[1]);
    let mut function = create("f", json!({ "ZipFile": BASE64_STANDARD.encode(zip("one")) }));
    function["Layers"] = json!(layers);
    let created = cloud.lambda("POST", "", function).await;
    assert_eq!(
        (created.status, &created.json()["Layers"][1]["Arn"]),
        (201, &json!(layers[1])),
        "{:?}",
        created.body
    );
    let env = cloud.invoke("f", json!({ "do": "env" })).await.json();
    let opt = env["DEVLOOP_OPT"].as_str().unwrap();
    assert_eq!(std::fs::read_to_string(format!("{opt}/bin/tool")).unwrap(), "new");
    assert!(env["PATH"].as_str().unwrap().contains(&format!("{opt}/bin")), "{env}");
    assert!(env["LD_LIBRARY_PATH"].as_str().unwrap().contains(&format!("{opt}/lib")), "{env}");

    let get = async |path: &str| cloud.send("GET", path, &[], "").await;
    let listed = get("/2018-10-31/layers").await.json();
    assert_eq!(listed["Layers"][0]["LatestMatchingVersion"]["Version"], 2);
    let arn = in_query(&layers[0]);
    let by_arn = get(&format!("/2018-10-31/layers?find=LayerVersion&Arn={arn}")).await.json();
    assert_eq!(by_arn["Description"], "old");
    let deleted = cloud.send("DELETE", "/2018-10-31/layers/tools/versions/1", &[], "").await;
    assert_eq!((deleted.status, get("/2018-10-31/layers/tools/versions/1").await.status), (204, 404));
    let mut missing = create("g", json!({ "ZipFile": BASE64_STANDARD.encode(zip("one")) }));
    missing["Layers"] = json!([layers[0]]);
    let refused = cloud.lambda("POST", "", missing).await;
    assert_eq!(refused.status, 400);
    assert!(refused.json()["message"].as_str().unwrap().contains("does not exist"), "{:?}", refused.body);
}

/// An ARN, escaped for a query string.
fn in_query(arn: &str) -> String {
    arn.replace(':', "%3A")
}

#[tokio::test]
async fn provisioned_concurrency_is_stored_and_shown() {
    let cloud = TestCloud::start().await;
    let mut function = create("f", json!({ "ZipFile": BASE64_STANDARD.encode(zip("one")) }));
    function["Publish"] = true.into();
    assert_eq!(cloud.lambda("POST", "", function).await.status, 201);
    let path = "/2019-09-30/functions/f/provisioned-concurrency";
    let ask = async |method: &str, query: &str, body: &str| {
        cloud.send(method, &format!("{path}?{query}"), &[], body.to_owned()).await
    };
    let put = ask("PUT", "Qualifier=1", r#"{"ProvisionedConcurrentExecutions": 3}"#).await;
    assert_eq!((put.status, &put.json()["Status"]), (202, &json!("READY")), "{:?}", put.body);
    let got = ask("GET", "Qualifier=1", "").await.json();
    assert_eq!(got["RequestedProvisionedConcurrentExecutions"], 3);
    let listed = ask("GET", "List=ALL", "").await.json();
    assert!(listed["ProvisionedConcurrencyConfigs"][0]["FunctionArn"].as_str().unwrap().ends_with(":f:1"));
    let latest = ask("PUT", "Qualifier=$LATEST", r#"{"ProvisionedConcurrentExecutions": 3}"#).await;
    assert_eq!(latest.status, 400);
    assert_eq!(ask("DELETE", "Qualifier=1", "").await.status, 204);
    assert_eq!(ask("GET", "Qualifier=1", "").await.status, 404);
}
