//! Events through rules: from the first `PutEvents` to the last message in a queue.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::fs;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use futures_util::future::try_join_all;
use serde_json::{Value, json};

use crate::aws::Aws;
use crate::options::Options;
use crate::queues::Queue;
use crate::rules::{self, Rule};
use crate::side::Side;

/// How many entries a call has, which is the most that AWS takes.
pub(crate) const BATCH: usize = 10;

/// What a round came to.
#[derive(Debug)]
pub(crate) struct Figures {
    entries: usize,
    messages: usize,
    /// Until the last entry was accepted, and until the last message was in its queue.
    accepted: Duration,
    took: Duration,
    cpu: Duration,
}

impl Figures {
    /// The head of the table.
    pub(crate) const HEAD: &str =
        "              entries  messages  accepted after  in queues after  entries/s  cpu an entry  load avg";

    /// Entries a second, until the last message was in its queue.
    pub(crate) fn rate(&self) -> f64 {
        self.entries as f64 / self.took.as_secs_f64()
    }

    /// A line of the table.
    pub(crate) fn row(&self, name: &str) -> String {
        let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
        format!(
            "{name:<12}{:>9}{:>10}{:>14.2} s{:>15.2} s{:>11.0}{:>11.0} µs{:>10}",
            self.entries,
            self.messages,
            self.accepted.as_secs_f64(),
            self.took.as_secs_f64(),
            self.rate(),
            self.cpu.as_secs_f64() * 1e6 / self.entries as f64,
            load.split(' ').next().unwrap_or("?"),
        )
    }
}

/// Makes the rules, sends this many events, and checks that each queue has got exactly those that its rule matches.
pub(crate) async fn measure(options: &Options, side: &Side, entries: usize) -> Result<Figures> {
    let aws = &Aws::new(&side.endpoint)?;
    let rules = rules::all();
    let mut queues = Vec::new();
    for rule in &rules {
        queues.push(route(aws, *rule).await?);
    }
    let matching = |rule: &Rule| (0..entries).filter(|n| rule.matches(*n)).collect::<BTreeSet<_>>();
    let expected: Vec<BTreeSet<usize>> = rules.iter().map(matching).collect();
    let calls: Vec<Value> = (0..entries)
        .step_by(BATCH)
        .map(|first| {
            let all: Vec<Value> = (first..(first + BATCH).min(entries)).map(rules::entry).collect();
            json!({ "Entries": all })
        })
        .collect();

    let (began, before) = (Instant::now(), side.cpu());
    put(options, aws, &calls).await?;
    let accepted = began.elapsed();
    for (queue, expected) in queues.iter().zip(&expected) {
        queue.has(aws, expected.len()).await?;
    }
    let (took, cpu) = (began.elapsed(), side.cpu().saturating_sub(before));

    for (queue, expected) in queues.iter().zip(&expected) {
        let found = queue.take(aws).await?;
        ensure!(
            found == *expected,
            "{} events are in {}, and {} match its rule",
            found.len(),
            queue.arn,
            expected.len()
        );
    }
    let messages = expected.iter().map(BTreeSet::len).sum();
    Ok(Figures { entries, messages, accepted, took, cpu })
}

/// Makes a rule and the queue that is its target.
async fn route(aws: &Aws, rule: Rule) -> Result<Queue> {
    let name = rule.name();
    let queue = Queue::create(aws, &name).await?;
    let made = json!({ "Name": name, "EventPattern": rule.pattern().to_string(), "State": "ENABLED" });
    aws.json("events", "AWSEvents.PutRule", made).await?;
    let targets = json!({ "Rule": name, "Targets": [{ "Id": "queue", "Arn": queue.arn }] });
    let put = aws.json("events", "AWSEvents.PutTargets", targets).await?;
    ensure!(put["FailedEntryCount"] == 0, "the target of {name} was refused: {put}");
    Ok(queue)
}

/// Makes the calls, on several connections at a time.
async fn put(options: &Options, aws: &Aws, calls: &[Value]) -> Result<()> {
    let next = Cell::new(0);
    try_join_all((0..options.connections).map(|_| async {
        while let Some(call) = calls.get(next.replace(next.get() + 1)) {
            let put = aws.json("events", "AWSEvents.PutEvents", call.clone()).await?;
            ensure!(put["FailedEntryCount"] == 0, "not every event was accepted: {put}");
        }
        Ok::<_, anyhow::Error>(())
    }))
    .await?;
    Ok(())
}
