//! A topic with ten queues: from the first message published to the last one delivered.

use std::cell::Cell;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use futures_util::future::try_join_all;

use crate::aws::Aws;
use crate::figures::{Figures, Watch};
use crate::side::Side;
use crate::sqs;

/// How many queues the topic has, how many messages a call has, and how many clients publish at a time.
const QUEUES: usize = 10;
const BATCH: usize = 10;
const CLIENTS: usize = 8;

/// How long no message may arrive.
const STUCK: Duration = Duration::from_secs(60);

/// The pause between two looks at the queues: long enough that they cost almost nothing.
const STEP: Duration = Duration::from_millis(20);

/// Publishes messages so that this many deliveries result.
pub(crate) async fn measure(aws: &Aws, side: &Side, deliveries: usize) -> Result<Figures> {
    let made = call(aws, "CreateTopic", &[("Name", "fan-out")]).await?;
    let topic = between(&made, "<TopicArn>").context("no TopicArn")?;
    let mut queues = Vec::new();
    for number in 0..QUEUES {
        let (url, arn) = sqs::create(aws, &format!("fan-out-{number}")).await?;
        let subscription = [
            ("TopicArn", topic.as_str()),
            ("Protocol", "sqs"),
            ("Endpoint", arn.as_str()),
            ("Attributes.entry.1.key", "RawMessageDelivery"),
            ("Attributes.entry.1.value", "true"),
        ];
        call(aws, "Subscribe", &subscription).await?;
        queues.push(url);
    }
    let messages = deliveries.div_ceil(QUEUES);
    let watch = Watch::start(side);
    publish(aws, &topic, messages).await?;
    let mut seen = (0, Instant::now());
    loop {
        let mut arrived = 0;
        for url in &queues {
            arrived += sqs::counts(aws, url).await?.0;
        }
        if arrived >= messages * QUEUES {
            return Ok(watch.stop(side, arrived));
        }
        if arrived > seen.0 {
            seen = (arrived, Instant::now());
        }
        ensure!(seen.1.elapsed() < STUCK, "{arrived} of {} deliveries", messages * QUEUES);
        tokio::time::sleep(STEP).await;
    }
}

async fn publish(aws: &Aws, topic: &str, messages: usize) -> Result<()> {
    let next = Cell::new(0);
    try_join_all((0..CLIENTS).map(|_| async {
        loop {
            let start = next.get();
            if start >= messages {
                return Ok::<_, anyhow::Error>(());
            }
            let end = (start + BATCH).min(messages);
            next.set(end);
            let members: Vec<_> = (start..end)
                .enumerate()
                .flat_map(|(place, number)| {
                    let entry = format!("PublishBatchRequestEntries.member.{}", place + 1);
                    [
                        (format!("{entry}.Id"), number.to_string()),
                        (format!("{entry}.Message"), format!("word{number}")),
                    ]
                })
                .collect();
            let mut form = vec![("TopicArn", topic)];
            form.extend(members.iter().map(|(name, value)| (name.as_str(), value.as_str())));
            call(aws, "PublishBatch", &form).await?;
        }
    }))
    .await?;
    Ok(())
}

async fn call(aws: &Aws, action: &str, members: &[(&str, &str)]) -> Result<String> {
    let mut form = format!("Action={action}&Version=2010-03-31");
    for (name, value) in members {
        // Only ARNs contain a character that has to be encoded in a form.
        form.push_str(&format!("&{name}={}", value.replace(':', "%3A").replace('/', "%2F")));
    }
    aws.query("sns", form).await
}

fn between(text: &str, tag: &str) -> Option<String> {
    let (_, rest) = text.split_once(tag)?;
    Some(rest.split('<').next()?.to_owned())
}
