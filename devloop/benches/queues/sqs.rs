//! Queues: the calls that all measurements need, and send, receive and delete alone.

use std::cell::Cell;

use anyhow::{Context, Result, ensure};
use futures_util::future::try_join_all;
use serde_json::{Value, json};

use crate::aws::Aws;
use crate::figures::{Figures, Watch};
use crate::side::Side;

/// How many messages a call has at most.
const BATCH: usize = 10;

/// How many clients work at a time.
const CLIENTS: usize = 8;

/// An operation of SQS.
pub(crate) async fn call(aws: &Aws, operation: &str, input: Value) -> Result<Value> {
    aws.json("sqs", &format!("AmazonSQS.{operation}"), input).await
}

/// Makes a queue and returns its URL and ARN.
pub(crate) async fn create(aws: &Aws, name: &str) -> Result<(String, String)> {
    let made =
        call(aws, "CreateQueue", json!({ "QueueName": name, "Attributes": { "VisibilityTimeout": "60" } }))
            .await?;
    let url = made["QueueUrl"].as_str().context("no QueueUrl")?.to_owned();
    let input = json!({ "QueueUrl": url, "AttributeNames": ["QueueArn"] });
    let shown = call(aws, "GetQueueAttributes", input).await?;
    Ok((url, shown["Attributes"]["QueueArn"].as_str().context("no QueueArn")?.to_owned()))
}

/// How many messages a queue has: the visible ones, and all of them.
pub(crate) async fn counts(aws: &Aws, url: &str) -> Result<(usize, usize)> {
    let shown =
        call(aws, "GetQueueAttributes", json!({ "QueueUrl": url, "AttributeNames": ["All"] })).await?;
    let count = |name: &str| -> Result<usize> {
        Ok(shown["Attributes"][name].as_str().with_context(|| format!("no {name}"))?.parse()?)
    };
    let visible = count("ApproximateNumberOfMessages")?;
    Ok((visible, visible + count("ApproximateNumberOfMessagesNotVisible")?))
}

/// Sends this many words, several clients at a time.
pub(crate) async fn fill(aws: &Aws, url: &str, messages: usize) -> Result<()> {
    let next = Cell::new(0);
    try_join_all((0..CLIENTS).map(|_| async {
        loop {
            let start = next.get();
            if start >= messages {
                return Ok::<_, anyhow::Error>(());
            }
            let end = (start + BATCH).min(messages);
            next.set(end);
            send(aws, url, start..end).await?;
        }
    }))
    .await?;
    Ok(())
}

async fn send(aws: &Aws, url: &str, numbers: std::ops::Range<usize>) -> Result<()> {
    let count = numbers.len();
    let entries: Vec<_> = numbers
        .map(|n| json!({ "Id": n.to_string(), "MessageBody": format!("{{\"data\":\"word{n}\"}}") }))
        .collect();
    let sent = call(aws, "SendMessageBatch", json!({ "QueueUrl": url, "Entries": entries })).await?;
    ensure!(sent["Successful"].as_array().is_some_and(|all| all.len() == count), "not all were sent: {sent}");
    Ok(())
}

/// Sends, receives and deletes in batches of ten until this many messages are deleted.
pub(crate) async fn measure(aws: &Aws, side: &Side, messages: usize) -> Result<Figures> {
    let (url, _) = create(aws, "alone").await?;
    // The first calls are not part of the measurement, because the program sets things up for them.
    cycle(aws, &url, messages / 20).await?;
    let watch = Watch::start(side);
    cycle(aws, &url, messages).await?;
    let figures = watch.stop(side, messages);
    ensure!(counts(aws, &url).await?.1 == 0, "messages were left in the queue");
    Ok(figures)
}

async fn cycle(aws: &Aws, url: &str, messages: usize) -> Result<()> {
    let (sent, deleted) = (Cell::new(0), Cell::new(0));
    try_join_all((0..CLIENTS).map(|_| async {
        while deleted.get() < messages {
            let start = sent.get();
            let end = (start + BATCH).min(messages);
            sent.set(end);
            if start < end {
                send(aws, url, start..end).await?;
            }
            let wanted = json!({ "QueueUrl": url, "MaxNumberOfMessages": BATCH });
            let received = call(aws, "ReceiveMessage", wanted).await?;
            let Some(list) = received["Messages"].as_array().filter(|list| !list.is_empty()) else { continue };
            let entries: Vec<_> = list
                .iter()
                .enumerate()
                .map(|(id, message)| json!({ "Id": id.to_string(), "ReceiptHandle": message["ReceiptHandle"] }))
                .collect();
            let count = entries.len();
            call(aws, "DeleteMessageBatch", json!({ "QueueUrl": url, "Entries": entries })).await?;
            deleted.set(deleted.get() + count);
        }
        Ok::<_, anyhow::Error>(())
    }))
    .await?;
    Ok(())
}
