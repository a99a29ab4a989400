//! The CloudWatch metrics of queues [Available CloudWatch metrics for Amazon SQS], recorded once a minute for queues that
//! were used in the last six hours. Only the metrics below are recorded.

use std::{
    collections::HashMap,
    sync::{Arc, Weak},
};

use tokio::sync::Notify;

use super::{queue::Queue, service::Queues};
use crate::{clock::Clock, regional::Regional, services::cloudwatch::CloudWatch};

const MINUTE_MS: i64 = 60_000;

/// How long the metrics of an unused empty queue are still recorded, in ms.
const ACTIVE_MS: i64 = 6 * 3_600_000;

/// Counts of what was done with a queue's messages since it was created.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) sent: u64,
    pub(super) received: u64,
    pub(super) deleted: u64,
}

/// Records the metrics of all queues until the service is dropped. While no queue is in use, it waits until `new_message` is
/// notified.
pub(super) async fn measure(
    regions: Weak<Regional<Queues>>,
    clock: Clock,
    cloudwatch: Weak<CloudWatch>,
    new_message: Arc<Notify>,
) {
    let mut known: HashMap<String, (Tally, i64)> = HashMap::new();
    loop {
        new_message.notified().await;
        while regions.strong_count() > 0 {
            // Just before the minute ends, so that this minute's values show its end.
            let now_ms = clock.now_ms();
            let end = now_ms - (now_ms + 1_000).rem_euclid(MINUTE_MS) + MINUTE_MS;
            clock.sleep_until(end).await;
            let (Some(regions), Some(cloudwatch)) = (regions.upgrade(), cloudwatch.upgrade()) else { return };
            let mut seen = HashMap::new();
            for (region, queues) in regions.all() {
                let queues: Vec<_> = queues.read().values().cloned().collect();
                for queue in queues {
                    let before = known.get(&queue.id).copied();
                    if let Some(now) = sample(&cloudwatch, &region, &queue, before, clock.now_ms()) {
                        seen.insert(queue.id.clone(), now);
                    }
                }
            }
            let any = !seen.is_empty();
            // Queues that are not in use are forgotten; their counts start again with the next message.
            known = seen;
            if !any {
                break;
            }
        }
        if regions.strong_count() == 0 {
            return;
        }
    }
}

/// Records the metrics of one queue; `None` if it is not in use.
fn sample(
    cloudwatch: &CloudWatch,
    region: &str,
    queue: &Queue,
    before: Option<(Tally, i64)>,
    now_ms: i64,
) -> Option<(Tally, i64)> {
    let (tally, counts) = (queue.tally(), queue.counts());
    let (last, used_ms) = before.unwrap_or_default();
    let is_used = tally != last || counts.total() > 0;
    if !is_used && now_ms - used_ms > ACTIVE_MS {
        return None;
    }
    let record = |metric: &str, unit: &str, value: f64| {
        cloudwatch.record(region, "AWS/SQS", metric, &[("QueueName", queue.name())], unit, value, now_ms);
    };
    record("ApproximateNumberOfMessagesVisible", "Count", counts.visible as f64);
    record("ApproximateNumberOfMessagesNotVisible", "Count", counts.in_flight as f64);
    record("ApproximateNumberOfMessagesDelayed", "Count", counts.delayed as f64);
    record("ApproximateAgeOfOldestMessage", "Seconds", (queue.oldest_ms().unwrap_or(0) / 1_000) as f64);
    record("NumberOfMessagesSent", "Count", (tally.sent - last.sent) as f64);
    record("NumberOfMessagesReceived", "Count", (tally.received - last.received) as f64);
    record("NumberOfMessagesDeleted", "Count", (tally.deleted - last.deleted) as f64);
    Some((tally, if is_used { now_ms } else { used_ms }))
}
