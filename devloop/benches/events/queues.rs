//! The queues that events end in.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::aws::Aws;

/// How many messages a call has at most.
const BATCH: usize = 10;

/// How long no message may arrive.
const STUCK: Duration = Duration::from_secs(60);

/// The pause between two looks at a queue: long enough that they cost almost nothing.
const STEP: Duration = Duration::from_millis(5);

/// A queue.
#[derive(Debug)]
pub(crate) struct Queue {
    url: String,
    pub(crate) arn: String,
}

impl Queue {
    /// Makes a queue.
    pub(crate) async fn create(aws: &Aws, name: &str) -> Result<Self> {
        let made = call(aws, "CreateQueue", json!({ "QueueName": name })).await?;
        let url = made["QueueUrl"].as_str().context("no QueueUrl")?.to_owned();
        let shown =
            call(aws, "GetQueueAttributes", json!({ "QueueUrl": url, "AttributeNames": ["QueueArn"] }))
                .await?;
        let arn = shown["Attributes"]["QueueArn"].as_str().context("no QueueArn")?.to_owned();
        Ok(Self { url, arn })
    }

    /// How many messages wait in it.
    pub(crate) async fn count(&self, aws: &Aws) -> Result<usize> {
        let name = "ApproximateNumberOfMessages";
        let asked = json!({ "QueueUrl": self.url, "AttributeNames": [name] });
        let shown = call(aws, "GetQueueAttributes", asked).await?;
        Ok(shown["Attributes"][name].as_str().with_context(|| format!("no {name}"))?.parse()?)
    }

    /// Waits until it has this many messages.
    pub(crate) async fn has(&self, aws: &Aws, expected: usize) -> Result<()> {
        let mut seen = (0, Instant::now());
        loop {
            let count = self.count(aws).await.context("count messages")?;
            if count >= expected {
                return Ok(());
            }
            if count > seen.0 {
                seen = (count, Instant::now());
            }
            ensure!(seen.1.elapsed() < STUCK, "{count} of {expected} messages came to {}", self.arn);
            tokio::time::sleep(STEP).await;
        }
    }

    /// Takes all messages out; returns the numbers that their events were made of. The same number twice is an error.
    pub(crate) async fn take(&self, aws: &Aws) -> Result<BTreeSet<usize>> {
        let mut numbers = BTreeSet::new();
        loop {
            let wanted =
                json!({ "QueueUrl": self.url, "MaxNumberOfMessages": BATCH, "VisibilityTimeout": 600 });
            let received = call(aws, "ReceiveMessage", wanted).await?;
            let Some(messages) = received["Messages"].as_array().filter(|messages| !messages.is_empty())
            else {
                return Ok(numbers);
            };
            for message in messages {
                let body = message["Body"].as_str().context("a message without a body")?;
                let event: Value =
                    serde_json::from_str(body).with_context(|| format!("not an event: {body}"))?;
                let number = event["detail"]["id"].as_u64().with_context(|| format!("no id in {body}"))?;
                ensure!(numbers.insert(number as usize), "event {number} is twice in {}", self.arn);
            }
        }
    }
}

async fn call(aws: &Aws, operation: &str, input: Value) -> Result<Value> {
    aws.json("sqs", &format!("AmazonSQS.{operation}"), input).await
}
