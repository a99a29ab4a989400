//! Queues: the calls that all measurements need, and send, receive and delete alone.

use std::cell::Cell;
use std::fmt::Write as _;

use anyhow::{Context, Result, ensure};
use futures_util::future::try_join_all;
use serde_json::{Value, json};

use crate::aws::Aws;
use crate::connection::Connection;
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
        let mut connection = Connection::open(aws).await?;
        let mut input = String::new();
        loop {
            let start = next.get();
            if start >= messages {
                return Ok::<_, anyhow::Error>(());
            }
            let end = (start + BATCH).min(messages);
            next.set(end);
            send(&mut connection, &mut input, url, start..end).await?;
        }
    }))
    .await?;
    Ok(())
}

async fn send(
    connection: &mut Connection,
    input: &mut String,
    url: &str,
    numbers: std::ops::Range<usize>,
) -> Result<()> {
    let count = numbers.len();
    entries(input, url, numbers, |input, number| {
        write!(input, r#""MessageBody":"{{\"data\":\"word{number}\"}}""#)
    })?;
    let sent = connection.sqs("SendMessageBatch", input).await?;
    ensure!(sent.matches("\"MessageId\"").count() == count, "not all were sent: {sent}");
    Ok(())
}

/// Writes the input of an operation on a batch: an entry for each item, whose members besides the id are written by `rest`.
fn entries<T>(
    input: &mut String,
    url: &str,
    items: impl IntoIterator<Item = T>,
    rest: impl Fn(&mut String, T) -> std::fmt::Result,
) -> std::fmt::Result {
    input.clear();
    write!(input, r#"{{"QueueUrl":"{url}","Entries":["#)?;
    for (id, item) in items.into_iter().enumerate() {
        let comma = if id == 0 { "" } else { "," };
        write!(input, r#"{comma}{{"Id":"{id}","#)?;
        rest(input, item)?;
        input.push('}');
    }
    input.push_str("]}");
    Ok(())
}

/// The receipt handles in the answer of `ReceiveMessage`.
fn handles(received: &str) -> impl Iterator<Item = &str> {
    let values = received.split("\"ReceiptHandle\"").skip(1);
    values.filter_map(|rest| rest.split('"').nth(1))
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
    let receive = format!(r#"{{"QueueUrl":"{url}","MaxNumberOfMessages":{BATCH}}}"#);
    try_join_all((0..CLIENTS).map(|_| async {
        let mut connection = Connection::open(aws).await?;
        let mut input = String::new();
        while deleted.get() < messages {
            let start = sent.get();
            let end = (start + BATCH).min(messages);
            sent.set(end);
            if start < end {
                send(&mut connection, &mut input, url, start..end).await?;
            }
            let received = connection.sqs("ReceiveMessage", &receive).await?;
            entries(&mut input, url, handles(received), |input, handle| {
                write!(input, r#""ReceiptHandle":"{handle}""#)
            })?;
            let count = handles(received).count();
            if count == 0 {
                continue;
            }
            let answer = connection.sqs("DeleteMessageBatch", &input).await?;
            ensure!(!answer.contains("\"Code\""), "not all were deleted: {answer}");
            deleted.set(deleted.get() + count);
        }
        Ok::<_, anyhow::Error>(())
    }))
    .await?;
    Ok(())
}
