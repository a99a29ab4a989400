//! A queue, a mapping, the function `process` and a table: from the first message sent to the last item stored.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use hyper::Method;
use serde_json::{Value, json};

use crate::aws::Aws;
use crate::figures::{Figures, Watch};
use crate::options::{FUNCTION, Options};
use crate::side::Side;
use crate::sqs;

const TABLE: &str = "words";
const ROLE: &str = "arn:aws:iam::000000000000:role/words";

/// How long something that was created may take to become active.
const ACTIVE_WITHIN: Duration = Duration::from_secs(60);
const STUCK: Duration = Duration::from_secs(120);

/// The pause between two looks at the queue: long enough that they cost almost nothing.
const STEP: Duration = Duration::from_millis(20);

/// Measures this many messages with this batch size.
pub(crate) async fn measure(
    options: &Options,
    aws: &Aws,
    side: &Side,
    messages: usize,
    batch: usize,
) -> Result<Figures> {
    let (url, arn) = sqs::create(aws, "words").await?;
    deploy(options, aws, &arn, batch).await?;
    // The first environments are not part of the measurement.
    let warm_up = messages / 10;
    sqs::fill(aws, &url, warm_up).await?;
    drained(aws, &url).await.context("the warm-up")?;
    let watch = Watch::start(side);
    sqs::fill(aws, &url, messages).await?;
    drained(aws, &url).await?;
    let figures = watch.stop(side, messages);
    let stored = items(aws).await?;
    ensure!(stored == messages + warm_up, "{stored} items of {} messages", messages + warm_up);
    Ok(figures)
}

async fn deploy(options: &Options, aws: &Aws, queue: &str, batch: usize) -> Result<()> {
    let table = json!({
        "TableName": TABLE, "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{ "AttributeName": "id", "AttributeType": "S" }],
        "KeySchema": [{ "AttributeName": "id", "KeyType": "HASH" }],
    });
    aws.json("dynamodb", "DynamoDB_20120810.CreateTable", table).await?;
    let variables = json!({ "AWS_ENDPOINT_URL": aws.endpoint, "DBTABLE": TABLE, "PARTIAL_BATCH": "on" });
    let input = json!({
        "FunctionName": FUNCTION, "Runtime": "provided.al2023", "Handler": "bootstrap", "Role": ROLE, "Timeout": 30,
        "MemorySize": 128, "Code": { "ZipFile": BASE64_STANDARD.encode(options.zip()?) },
        "Environment": { "Variables": variables },
    });
    aws.rest(Method::POST, "/2015-03-31/functions", "lambda", input).await?;
    let began = Instant::now();
    loop {
        let found = aws
            .rest(Method::GET, &format!("/2015-03-31/functions/{FUNCTION}"), "lambda", Value::Null)
            .await?;
        if found["Configuration"]["State"] == "Active" {
            break;
        }
        ensure!(began.elapsed() < ACTIVE_WITHIN, "{FUNCTION} did not become active within {ACTIVE_WITHIN:?}");
        tokio::time::sleep(STEP).await;
    }
    let mapping = json!({
        "FunctionName": FUNCTION, "EventSourceArn": queue, "BatchSize": batch,
        "FunctionResponseTypes": ["ReportBatchItemFailures"],
    });
    aws.rest(Method::POST, "/2015-03-31/event-source-mappings/", "lambda", mapping).await?;
    Ok(())
}

/// Waits until the queue is empty, so that every message was stored and deleted.
async fn drained(aws: &Aws, url: &str) -> Result<()> {
    let mut seen = (usize::MAX, Instant::now());
    loop {
        let (_, all) = sqs::counts(aws, url).await?;
        if all == 0 {
            return Ok(());
        }
        if all != seen.0 {
            seen = (all, Instant::now());
        }
        ensure!(seen.1.elapsed() < STUCK, "{all} messages stayed in the queue for {STUCK:?}");
        tokio::time::sleep(STEP).await;
    }
}

async fn items(aws: &Aws) -> Result<usize> {
    let mut count = 0;
    let mut input = json!({ "TableName": TABLE, "Select": "COUNT" });
    loop {
        let page = aws.json("dynamodb", "DynamoDB_20120810.Scan", input.clone()).await?;
        count += page["Count"].as_u64().context("no Count")? as usize;
        if page["LastEvaluatedKey"].is_null() {
            return Ok(count);
        }
        input["ExclusiveStartKey"] = page["LastEvaluatedKey"].clone();
    }
}
