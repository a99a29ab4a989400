//! Deploys the function and the HTTP API before it, through AWS's APIs.

use std::env;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use hyper::Method;
use serde_json::{Value, json};

use crate::aws::{Aws, REGION};
use crate::options::common::needed;

/// The function's name.
pub(crate) const FUNCTION: &str = "greet";

const STAGE: &str = "v1";
const ROLE: &str = "arn:aws:iam::000000000000:role/greet";

/// How long the function may take to become active, and the pause between two looks.
const ACTIVE_WITHIN: Duration = Duration::from_secs(60);
const STEP: Duration = Duration::from_millis(50);

/// Deploys both, and returns the URL that requests are posted to.
pub(crate) async fn deploy(aws: &Aws) -> Result<String> {
    let code = needed::zip(&env::current_exe()?, "cargo bench --no-run --bench apis")?;
    let input = json!({
        "FunctionName": FUNCTION, "Runtime": "provided.al2023", "Handler": "bootstrap", "Role": ROLE, "Timeout": 30,
        "MemorySize": 128, "Code": { "ZipFile": BASE64_STANDARD.encode(code) },
    });
    let made = aws.rest(Method::POST, "/2015-03-31/functions", "lambda", input).await?;
    let function = made["FunctionArn"].as_str().context("no FunctionArn")?.to_owned();
    active(aws).await?;

    let api = post(aws, "", json!({ "name": "greetings", "protocolType": "HTTP" })).await?;
    let id = text(&api, "apiId")?;
    let integration = json!({
        "integrationType": "AWS_PROXY", "integrationUri": function, "payloadFormatVersion": "2.0",
    });
    let integration = post(aws, &format!("/{id}/integrations"), integration).await?;
    let target = format!("integrations/{}", text(&integration, "integrationId")?);
    post(aws, &format!("/{id}/routes"), json!({ "routeKey": "POST /hello/{name}", "target": target }))
        .await?;
    post(aws, &format!("/{id}/stages"), json!({ "stageName": STAGE, "autoDeploy": true })).await?;
    let permission = json!({
        "Action": "lambda:InvokeFunction", "Principal": "apigateway.amazonaws.com", "StatementId": "api",
        "SourceArn": format!("arn:aws:execute-api:{REGION}:000000000000:{id}/*"),
    });
    let path = format!("/2015-03-31/functions/{FUNCTION}/policy");
    aws.rest(Method::POST, &path, "lambda", permission).await?;
    // Local clouds find an API by this path. The API's own host is a name that only public DNS servers know.
    Ok(format!("{}/_aws/execute-api/{id}/{STAGE}/hello/world", aws.endpoint))
}

/// Waits until the function takes requests.
async fn active(aws: &Aws) -> Result<()> {
    let began = Instant::now();
    loop {
        let path = format!("/2015-03-31/functions/{FUNCTION}");
        let found = aws.rest(Method::GET, &path, "lambda", Value::Null).await?;
        if found["Configuration"]["State"] == "Active" {
            return Ok(());
        }
        ensure!(began.elapsed() < ACTIVE_WITHIN, "{FUNCTION} did not become active within {ACTIVE_WITHIN:?}");
        tokio::time::sleep(STEP).await;
    }
}

async fn post(aws: &Aws, path: &str, input: Value) -> Result<Value> {
    aws.rest(Method::POST, &format!("/v2/apis{path}"), "apigateway", input).await
}

fn text(answer: &Value, member: &str) -> Result<String> {
    Ok(answer[member].as_str().with_context(|| format!("no {member} in {answer}"))?.to_owned())
}
