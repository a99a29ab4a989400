//! Deploys the example pipeline by API calls, as `stack/` describes it: an API, three functions, a stream, a table, two mappings.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use hyper::Method;
use serde_json::{Value, json};

use crate::aws::{Aws, REGION};

const STREAM: &str = "pipeline";
const TABLE: &str = "pipeline";
const ROLE: &str = "arn:aws:iam::000000000000:role/pipeline";

/// How long something that was created may take to become active.
const ACTIVE_WITHIN: Duration = Duration::from_secs(60);

/// Deploys the pipeline and returns the URL that its requests are posted to.
pub(crate) async fn pipeline(aws: &Aws, code: &[(String, Vec<u8>)]) -> Result<String> {
    let kinesis = |operation: &str| format!("Kinesis_20131202.{operation}");
    let dynamodb = |operation: &str| format!("DynamoDB_20120810.{operation}");
    let stream = json!({ "StreamName": STREAM, "ShardCount": 1 });
    aws.json("kinesis", &kinesis("CreateStream"), stream).await?;
    let table = json!({
        "TableName": TABLE, "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{ "AttributeName": "id", "AttributeType": "S" }],
        "KeySchema": [{ "AttributeName": "id", "KeyType": "HASH" }],
        "StreamSpecification": { "StreamEnabled": true, "StreamViewType": "NEW_AND_OLD_IMAGES" },
    });
    aws.json("dynamodb", &dynamodb("CreateTable"), table).await?;
    let stream_arn = active("the stream", async || {
        let described =
            aws.json("kinesis", &kinesis("DescribeStream"), json!({ "StreamName": STREAM })).await?;
        let described = &described["StreamDescription"];
        Ok((described["StreamStatus"] == "ACTIVE").then(|| text(&described["StreamARN"])))
    })
    .await?;
    let table_stream_arn = active("the table", async || {
        let described =
            aws.json("dynamodb", &dynamodb("DescribeTable"), json!({ "TableName": TABLE })).await?;
        let described = &described["Table"];
        Ok((described["TableStatus"] == "ACTIVE").then(|| text(&described["LatestStreamArn"])))
    })
    .await?;
    for (name, zip) in code {
        function(aws, name, zip).await?;
    }
    for (function, source) in [("midstream", stream_arn), ("downstream", table_stream_arn)] {
        let mapping = json!({
            "FunctionName": function, "EventSourceArn": source, "BatchSize": 100, "StartingPosition": "TRIM_HORIZON",
            "FunctionResponseTypes": ["ReportBatchItemFailures"],
        });
        aws.rest(Method::POST, "/2015-03-31/event-source-mappings/", "lambda", mapping).await?;
    }
    api(aws).await
}

async fn function(aws: &Aws, name: &str, zip: &[u8]) -> Result<()> {
    let variables = json!({
        "AWS_ENDPOINT_URL": aws.endpoint, "STREAM_NAME": STREAM, "TABLE_NAME": TABLE, "SINK": "cloudwatch",
        "PARTIAL_BATCH": "on",
    });
    let input = json!({
        "FunctionName": name, "Runtime": "provided.al2023", "Handler": "bootstrap", "Role": ROLE, "Timeout": 3,
        "MemorySize": 128, "Code": { "ZipFile": BASE64_STANDARD.encode(zip) }, "Environment": { "Variables": variables },
    });
    aws.rest(Method::POST, "/2015-03-31/functions", "lambda", input).await?;
    active(name, async || {
        let path = format!("/2015-03-31/functions/{name}");
        let found = aws.rest(Method::GET, &path, "lambda", Value::Null).await?;
        Ok((found["Configuration"]["State"] == "Active").then_some(()))
    })
    .await
}

/// A REST API with a POST on its root, deployed as the stage `prod`.
async fn api(aws: &Aws) -> Result<String> {
    let call =
        async |method: Method, path: String, input: Value| aws.rest(method, &path, "apigateway", input).await;
    let api = text(&call(Method::POST, "/restapis".to_owned(), json!({ "name": "pipeline" })).await?["id"]);
    let resources = call(Method::GET, format!("/restapis/{api}/resources"), Value::Null).await?;
    let list = [&resources["item"], &resources["_embedded"]["item"], &resources["items"]];
    let root =
        list.iter().find_map(|list| list.as_array()?.first()?["id"].as_str()).context("the root resource")?;
    let method = format!("/restapis/{api}/resources/{root}/methods/POST");
    call(Method::PUT, method.clone(), json!({ "authorizationType": "NONE" })).await?;
    let function = format!("arn:aws:lambda:{REGION}:000000000000:function:upstream");
    let integration = json!({
        "type": "AWS_PROXY", "httpMethod": "POST",
        "uri": format!("arn:aws:apigateway:{REGION}:lambda:path/2015-03-31/functions/{function}/invocations"),
    });
    call(Method::PUT, format!("{method}/integration"), integration).await?;
    call(Method::POST, format!("/restapis/{api}/deployments"), json!({ "stageName": "prod" })).await?;
    let permission = json!({
        "StatementId": "api", "Action": "lambda:InvokeFunction", "Principal": "apigateway.amazonaws.com",
    });
    aws.rest(Method::POST, "/2015-03-31/functions/upstream/policy", "lambda", permission).await?;
    Ok(format!("{}/restapis/{api}/prod/_user_request_/", aws.endpoint))
}

async fn active<T>(what: &str, ask: impl AsyncFn() -> Result<Option<T>>) -> Result<T> {
    let began = Instant::now();
    loop {
        if let Some(found) = ask().await? {
            return Ok(found);
        }
        ensure!(began.elapsed() < ACTIVE_WITHIN, "{what} did not become active within {ACTIVE_WITHIN:?}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
