//! Finds out how many requests are still on their way, and what CloudWatch has counted. The embedded cloud's
//! status page says more, and sooner; a target without one is asked for metrics.

use std::time::Duration;

use devloop_cloud::Arn;
use serde_json::{Value, json};

use super::{BenchTarget, Following, PAGE, each};
use crate::bench::chain::Kind;
use crate::bench::http::Service;
use crate::bench::wait::Pending;

/// The idle time after which a run is over, if the status page shows what is on its way.
const SHOWN_IDLE: Duration = Duration::from_secs(1);

/// The counts of a queue's messages: visible, received, and delayed ones.
const MESSAGES: [&str; 3] = [
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
];

impl BenchTarget {
    /// Counts what is on its way, and how many records wait for each function, as far as that is known. `now_ms` is this machine's
    /// time.
    pub(crate) async fn pending(&self, now_ms: u64) -> Result<(Pending, Option<Vec<u64>>), String> {
        let given_up = self.given_up().await;
        let queued = self.in_queues().await?;
        let has_queues = self.followed().is_some_and(|followed| {
            followed
                .chain
                .links
                .iter()
                .flat_map(|link| &link.sources)
                .any(|source| source.kind == Kind::Queue)
        });
        if !self.has_page {
            let records = has_queues.then(|| queued.iter().sum());
            let since_batch = self.since_batch(now_ms).await?;
            return Ok((Pending { records, since_batch, given_up, ..Pending::default() }, None));
        }
        let page = self.client.page(PAGE).await?.unwrap_or_default();
        let names =
            || self.functions.iter().map(|function| function.as_ref().map_or("", |known| &*known.name));
        let lags: Vec<u64> = names().zip(queued).map(|(name, queued)| lag(&page, name) + queued).collect();
        let in_flight = each(&page["functions"])
            .filter(|function| names().any(|name| function["name"] == name))
            .flat_map(|function| {
                ["busy", "waiting"].map(|what| function["environments"][what].as_u64().unwrap_or(0))
            })
            .sum();
        let records = Some(lags.iter().sum());
        Ok((Pending { records, in_flight: Some(in_flight), since_batch: None, given_up }, Some(lags)))
    }

    /// For each function, the messages in its queues.
    async fn in_queues(&self) -> Result<Vec<u64>, String> {
        let mut found = vec![0; self.functions.len()];
        let Some(followed) = self.followed() else { return Ok(found) };
        for (link, found) in followed.chain.links.iter().zip(&mut found) {
            for queue in link.sources.iter().filter(|source| source.kind == Kind::Queue) {
                *found += self.messages(&queue.arn, &MESSAGES).await?;
            }
        }
        Ok(found)
    }

    /// The idle time after which a run is over. If the status page shows everything on a chain's way, no longer wait is needed.
    pub(crate) fn idle(&self, asked: Duration) -> Duration {
        let Some(followed) = self.followed() else { return asked };
        let head = &followed.chain.head.source;
        let is_shown = |kind| matches!(kind, Kind::Stream | Kind::Table | Kind::Queue);
        let mut sources = followed.chain.links.iter().flat_map(|link| &link.sources);
        let all_shown = sources.all(|source| is_shown(source.kind) || source == head && head.kind.answers());
        if self.has_page && all_shown { asked.min(SHOWN_IDLE) } else { asked }
    }

    /// The sum of a queue's attributes.
    async fn messages(&self, arn: &str, attributes: &[&str]) -> Result<u64, String> {
        let name = json!({ "QueueName": Arn::parse(arn).map_or("", |arn| arn.resource) });
        let found = self.client.call(Service::Queues, &self.region, "GetQueueUrl", &name).await?;
        let input = json!({ "QueueUrl": found["QueueUrl"], "AttributeNames": attributes });
        let read = self.client.call(Service::Queues, &self.region, "GetQueueAttributes", &input).await?;
        let number =
            |name: &&str| read["Attributes"][*name].as_str().and_then(|count| count.parse::<u64>().ok());
        Ok(attributes.iter().filter_map(number).sum())
    }

    /// Failure records in the queues; `None` if there is no queue, or one does not answer. Nothing depends on this number.
    async fn given_up(&self) -> Option<u64> {
        if self.queues.is_empty() {
            return None;
        }
        let mut sum = 0;
        for arn in &self.queues {
            sum += self.messages(arn, &MESSAGES[..1]).await.ok()?;
        }
        Some(sum)
    }

    /// Whether a mapping reads a stream for the function at this index, so that CloudWatch has its IteratorAge.
    pub(crate) fn is_read_in_batches(&self, place: usize) -> bool {
        match &self.kind {
            Following::Pipeline(_) => place > 0,
            Following::Chain(followed) => {
                let sources = &followed.chain.links[place].sources;
                sources.iter().any(|source| matches!(source.kind, Kind::Stream | Kind::Table))
            }
        }
    }

    /// How long ago a function took a batch from its stream: IteratorAge has a point for every minute in which one was taken.
    async fn since_batch(&self, now_ms: u64) -> Result<Option<Duration>, String> {
        let mut latest = None;
        for place in 0..self.functions.len() {
            if !self.is_read_in_batches(place) {
                continue;
            }
            for point in self.iterator_ages(place, now_ms.saturating_sub(600_000), now_ms).await? {
                latest = latest.max(point["Timestamp"].as_f64().map(|seconds| (seconds * 1_000.0) as u64));
            }
        }
        Ok(latest.map(|at| Duration::from_millis(now_ms.saturating_sub(at + 60_000))))
    }

    /// The oldest record's age in ms when a function took a batch, between two times.
    pub(crate) async fn iterator_age(&self, place: usize, from_ms: u64, to_ms: u64) -> Option<f64> {
        let points = self.iterator_ages(place, from_ms, to_ms).await.ok()?;
        points.iter().filter_map(|point| point["Maximum"].as_f64()).reduce(f64::max)
    }

    /// How many invocations of a function failed in the minutes between two times; `None` if the target does not report it.
    pub(crate) async fn errors(&self, place: usize, from_ms: u64, to_ms: u64) -> Option<u64> {
        let points = self.points(place, ("Errors", "Sum"), from_ms, to_ms).await.ok()?;
        Some(points.iter().filter_map(|point| point["Sum"].as_f64()).sum::<f64>() as u64)
    }

    async fn iterator_ages(&self, place: usize, from_ms: u64, to_ms: u64) -> Result<Vec<Value>, String> {
        self.points(place, ("IteratorAge", "Maximum"), from_ms, to_ms).await
    }

    /// A metric of a function, by the minute.
    async fn points(
        &self,
        place: usize,
        (metric, statistic): (&str, &str),
        from_ms: u64,
        to_ms: u64,
    ) -> Result<Vec<Value>, String> {
        let Some(function) = &self.functions[place] else { return Ok(Vec::new()) };
        let from = from_ms / 1_000;
        let input = json!({
            "Namespace": "AWS/Lambda",
            "MetricName": metric,
            "Dimensions": [{ "Name": "FunctionName", "Value": function.name }],
            "StartTime": from - from % 60,
            "EndTime": to_ms / 1_000 + 1,
            "Period": 60,
            "Statistics": [statistic],
        });
        let answer = self.client.call(Service::Metrics, &self.region, "GetMetricStatistics", &input).await?;
        Ok(answer["Datapoints"].as_array().cloned().unwrap_or_default())
    }
}

/// The records that wait for the function in the streams of its mappings, from the status page. Queues are asked directly.
fn lag(page: &Value, function: &str) -> u64 {
    let is_queue =
        |mapping: &&Value| mapping["source"].as_str().is_some_and(|source| source.contains(":sqs:"));
    let mappings = each(&page["mappings"]).filter(|mapping| mapping["function"] == function);
    mappings.filter(|mapping| !is_queue(mapping)).filter_map(|mapping| mapping["lag_records"].as_u64()).sum()
}
