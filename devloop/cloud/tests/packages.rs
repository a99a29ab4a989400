//! Functions whose code lies in a bucket, made by the API and by a template.
mod support;

use std::collections::BTreeMap;

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
async fn code_that_is_not_in_the_bucket_is_refused_with_the_reason_of_s3() {
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
