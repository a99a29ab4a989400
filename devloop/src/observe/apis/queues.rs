//! How many messages wait in a queue.

use serde_json::json;

use super::{Apis, body};
use crate::status::Queue;

/// The operation.
const TARGET: &str = "AmazonSQS.GetQueueAttributes";

impl Apis<'_> {
    /// The queue behind the ARN.
    pub(super) async fn queue(&self, arn: &str) -> Result<Queue, String> {
        let mut parts = arn.rsplitn(3, ':');
        let (Some(name), Some(account)) = (parts.next(), parts.next()) else {
            return Err("its ARN names no queue".to_owned());
        };
        let url = format!("{}/{account}/{name}", self.client.base("sqs", self.region));
        let input = json!({ "QueueUrl": url, "AttributeNames": ["All"] });
        let answer = body("SQS", self.client.call("sqs", self.region, TARGET, &input).await?)?;
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
        })
    }
}
