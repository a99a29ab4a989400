//! Records through a function: all of them are in the stream before the mapping is made, and all must come out.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use hyper::Method;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::aws::Aws;
use crate::options::Options;
use crate::server::Server;

const STREAM: &str = "readings";
const TABLE: &str = "results";
/// Partition keys, so that four shards and ten lanes all have work.
const UNICORNS: usize = 64;
/// How long all records, and the last window after them, may take.
const LIMIT: Duration = Duration::from_mins(10);

/// A measurement: the function and its mapping.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Case {
    pub(crate) function: &'static str,
    pub(crate) shards: usize,
    pub(crate) factor: usize,
}

/// The measured values.
#[derive(Debug)]
pub(crate) struct Figures {
    pub(crate) rate: f64,
    /// The cloud's processor time a record, in microseconds.
    pub(crate) cpu: f64,
    /// The cloud's memory in MB, with all records in it.
    pub(crate) resident: u64,
}

pub(crate) async fn measure(options: &Options, case: Case) -> Result<Figures> {
    let server = Server::devloop(&options.measured.program).await?;
    let aws = Arc::new(Aws::new(&server.endpoint)?);
    let outcome = async {
        prepare(&aws, &options.functions, case).await?;
        fill(&aws, options.records).await?;
        let (began, used) = (Instant::now(), server.cpu());
        map(&aws, options, case).await?;
        drained(&aws, began).await?;
        let (took, cpu) = (began.elapsed(), server.cpu().saturating_sub(used));
        complete(&aws, options.records, case).await?;
        let records = options.records as f64;
        Ok(Figures {
            rate: records / took.as_secs_f64(),
            cpu: cpu.as_secs_f64() * 1e6 / records,
            resident: server.resident(),
        })
    }
    .await;
    server.stop().await?;
    outcome
}

async fn prepare(aws: &Aws, functions: &Path, case: Case) -> Result<()> {
    let stream = json!({ "StreamName": STREAM, "ShardCount": case.shards });
    aws.json("kinesis", "Kinesis_20131202.CreateStream", stream).await?;
    let [hash, range] =
        if case.function == "processor" { ["Name", "StatusTime"] } else { ["name", "windowStart"] };
    let table = json!({
        "TableName": TABLE, "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{ "AttributeName": hash, "AttributeType": "S" }, { "AttributeName": range, "AttributeType": "S" }],
        "KeySchema": [{ "AttributeName": hash, "KeyType": "HASH" }, { "AttributeName": range, "KeyType": "RANGE" }],
    });
    aws.json("dynamodb", "DynamoDB_20120810.CreateTable", table).await?;
    function(aws, functions, case.function, case.function).await
}

/// Creates a function that runs from a folder with the binary of `package` as its `bootstrap`.
pub(crate) async fn function(aws: &Aws, functions: &Path, package: &str, name: &str) -> Result<()> {
    let folder = std::env::temp_dir().join(format!("devloop-streams-{}", std::process::id())).join(package);
    std::fs::create_dir_all(&folder)?;
    let bootstrap = folder.join("bootstrap");
    if !bootstrap.exists() {
        std::fs::copy(functions.join(package), bootstrap)?;
    }
    let function = json!({
        "FunctionName": name, "Role": "arn:aws:iam::000000000000:role/r", "Runtime": "provided.al2023", "Handler": "bootstrap",
        "Timeout": 60, "Code": { "S3Bucket": "hot-reload", "S3Key": folder },
        "Environment": { "Variables": { "TABLE_NAME": TABLE, "FAIL_MODE": "checkpoint", "PARTIAL_BATCH": "on",
            "AWS_ENDPOINT_URL": aws.endpoint } },
    });
    aws.rest(Method::POST, "/2015-03-31/functions", "lambda", function).await.map(drop)
}

/// Removes the functions' folders.
pub(crate) fn clean() {
    // A folder that cannot be removed is left in the folder for temporary files.
    let _ =
        std::fs::remove_dir_all(std::env::temp_dir().join(format!("devloop-streams-{}", std::process::id())));
}

async fn fill(aws: &Arc<Aws>, records: usize) -> Result<()> {
    let mut puts = JoinSet::new();
    for from in (0..records).step_by(500) {
        let aws = Arc::clone(aws);
        puts.spawn(async move {
            let entries: Vec<Value> = (from..records.min(from + 500)).map(entry).collect();
            let answer = aws
                .json(
                    "kinesis",
                    "Kinesis_20131202.PutRecords",
                    json!({ "StreamName": STREAM, "Records": entries }),
                )
                .await?;
            ensure!(answer["FailedRecordCount"] == 0, "{answer}");
            anyhow::Ok(())
        });
        if puts.len() >= 8
            && let Some(put) = puts.join_next().await
        {
            put??;
        }
    }
    while let Some(put) = puts.join_next().await {
        put??;
    }
    Ok(())
}

fn entry(number: usize) -> Value {
    let name = format!("Unicorn {}", number % UNICORNS);
    let reading = json!({
        "Distance": 1.0, "HealthPoints": 150, "InputData": "Unicorn", "Latitude": 40.749_167, "Longitude": -73.985_184,
        "MagicPoints": 150, "Name": name, "StatusTime": format!("{number:09}"),
    });
    json!({ "PartitionKey": name, "Data": BASE64_STANDARD.encode(reading.to_string()) })
}

async fn map(aws: &Aws, options: &Options, case: Case) -> Result<()> {
    let mut mapping = json!({
        "EventSourceArn": format!("arn:aws:kinesis:us-east-1:000000000000:stream/{STREAM}"),
        "FunctionName": case.function, "StartingPosition": "TRIM_HORIZON", "BatchSize": options.batch_size,
        "ParallelizationFactor": case.factor,
    });
    if case.function == "aggregator" {
        mapping["TumblingWindowInSeconds"] = 10.into();
    } else {
        mapping["FunctionResponseTypes"] = json!(["ReportBatchItemFailures"]);
    }
    aws.rest(Method::POST, "/2015-03-31/event-source-mappings", "lambda", mapping).await.map(drop)
}

/// Waits until the mapping has no records left.
async fn drained(aws: &Aws, began: Instant) -> Result<()> {
    loop {
        let status = aws.rest(Method::GET, "/_devloop/status", "lambda", Value::Null).await?;
        let mapping = &status["mappings"][0];
        let is_reading = mapping["shards"].as_array().is_some_and(|shards| !shards.is_empty());
        if is_reading && mapping["lag_records"] == 0 {
            return Ok(());
        }
        ensure!(began.elapsed() < LIMIT, "not through within {LIMIT:?}: {mapping}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Checks that every record is stored, or in exactly one window's sum.
async fn complete(aws: &Aws, records: usize, case: Case) -> Result<()> {
    let began = Instant::now();
    loop {
        let items = items(aws).await?;
        let found = if case.function == "processor" {
            items.len() as u64
        } else {
            items.iter().filter_map(|item| item["distance"]["N"].as_str()?.parse::<u64>().ok()).sum()
        };
        if found == records as u64 {
            return Ok(());
        }
        if found > records as u64 || began.elapsed() > Duration::from_mins(1) {
            bail!("{found} of {records} records came out of {}", case.function);
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

async fn items(aws: &Aws) -> Result<Vec<Value>> {
    let mut items = Vec::new();
    let mut input = json!({ "TableName": TABLE });
    loop {
        let mut page = aws.json("dynamodb", "DynamoDB_20120810.Scan", input.clone()).await?;
        if let Value::Array(found) = page["Items"].take() {
            items.extend(found);
        }
        match page.get("LastEvaluatedKey") {
            Some(key) => input["ExclusiveStartKey"] = key.clone(),
            None => return Ok(items),
        }
    }
}
