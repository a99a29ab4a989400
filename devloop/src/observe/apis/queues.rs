//! Reads how many messages wait in a queue, and for how long.

use devloop_cloud::Arn;
use serde_json::{Value, json};

use super::{Apis, body};
use crate::engine::Millis;
use crate::status::Queue;

const TARGET: &str = "AmazonSQS.GetQueueAttributes";

/// The operation that returns messages' ages, which SQS itself does not.
const AGES: &str = "GraniteServiceVersion20100801.GetMetricData";

/// How old the newest figure may be, in s: SQS writes one a minute [Available CloudWatch metrics for Amazon SQS].
const FRESH: u64 = 300;

impl Apis<'_> {
    /// The queue behind the ARN.
    pub(super) async fn queue(&self, arn: &str) -> Result<Queue, String> {
        let Some(Arn { account, resource: name, .. }) = Arn::parse(arn) else {
            return Err("its ARN names no queue".to_owned());
        };
        let url = format!("{}/{account}/{name}", self.client.base("sqs", self.region));
        let input = json!({ "QueueUrl": url, "AttributeNames": ["All"] });
        let answer = body("SQS", &self.call("sqs", TARGET, &input).await?)?;
        let number = |attribute: &str| {
            let value = &answer["Attributes"][attribute];
            value.as_str().and_then(|text| text.parse().ok()).or(value.as_u64()).unwrap_or_default()
        };
        Ok(Queue {
            region: self.region.to_owned(),
            name: name.to_owned(),
            counts: crate::status::Messages {
                visible: number("ApproximateNumberOfMessages"),
                in_flight: number("ApproximateNumberOfMessagesNotVisible"),
                delayed: number("ApproximateNumberOfMessagesDelayed"),
            },
            oldest_ms: None,
        })
    }

    /// Fills in the age of each queue's oldest message, where CloudWatch has it. Returns how many metrics were asked for.
    pub(super) async fn ages(&self, queues: &mut [Queue], now: Millis) -> Result<u64, String> {
        if queues.is_empty() {
            return Ok(0);
        }
        let question = |(index, queue): (usize, &Queue)| {
            json!({ "Id": format!("q{index}"), "MetricStat": { "Period": 60, "Stat": "Maximum", "Metric": {
                "Namespace": "AWS/SQS", "MetricName": "ApproximateAgeOfOldestMessage",
                "Dimensions": [{ "Name": "QueueName", "Value": queue.name }],
            } } })
        };
        let queries: Vec<Value> = queues.iter().enumerate().map(question).collect();
        let seconds = now / 1_000;
        let input = json!({
            "StartTime": seconds - seconds % 60 - FRESH, "EndTime": seconds + 1, "ScanBy": "TimestampDescending",
            "MetricDataQueries": queries,
        });
        let answer = body("CloudWatch", &self.call("monitoring", AGES, &input).await?)?;
        for result in answer["MetricDataResults"].as_array().into_iter().flatten() {
            let index = result["Id"].as_str().and_then(|id| id.strip_prefix('q')?.parse::<usize>().ok());
            let newest = result["Values"][0].as_f64();
            if let (Some(queue), Some(age)) = (index.and_then(|index| queues.get_mut(index)), newest) {
                queue.oldest_ms = Some((age * 1_000.0).round() as u64);
            }
        }
        Ok(queues.len() as u64)
    }
}
