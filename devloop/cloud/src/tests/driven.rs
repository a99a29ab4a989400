//! A cloud in process whose clock is driven, with queues that tell what was delivered.

use serde_json::{Value, json};

use crate::{
    clock::Clock,
    cloud::{Cloud, Options},
    context::Context,
};

/// How often a queue is looked at before a test gives up.
pub(crate) const LOOKS: usize = 200_000;

/// A cloud, its clock, and the context of every call.
pub(crate) struct DrivenCloud {
    pub(crate) clock: Clock,
    pub(crate) cloud: Cloud,
    pub(crate) cx: Context,
}

impl DrivenCloud {
    /// A cloud that starts at `start_ms` with these queues.
    pub(crate) async fn new(start_ms: i64, queues: &[&str]) -> Self {
        let clock = Clock::manual(start_ms);
        let cloud = Cloud::new(Options { clock: clock.clone(), ..Options::default() });
        let cx = cloud.context("us-east-1");
        let driven = Self { clock, cloud, cx };
        for queue in queues {
            driven.call("sqs", "CreateQueue", json!({ "QueueName": queue })).await;
        }
        driven
    }

    pub(crate) async fn call(&self, service: &str, operation: &str, input: Value) -> Value {
        self.cloud.call(&self.cx, service, operation, input).await.unwrap()
    }

    /// The next message of a queue, once a delivery has put it there.
    pub(crate) async fn next(&self, queue: &str) -> Value {
        let url = format!("http://localhost/000000000000/{queue}");
        let receive = json!({ "QueueUrl": url, "MessageAttributeNames": ["All"] });
        for _ in 0..LOOKS {
            let answer = self.call("sqs", "ReceiveMessage", receive.clone()).await;
            if let Some(message) = answer["Messages"].get(0) {
                let delete = json!({ "QueueUrl": url, "ReceiptHandle": message["ReceiptHandle"] });
                self.call("sqs", "DeleteMessage", delete).await;
                return message.clone();
            }
            tokio::task::yield_now().await;
        }
        panic!("nothing came to {queue}")
    }

    /// The body of a queue's next message.
    pub(crate) async fn body(&self, queue: &str) -> String {
        self.next(queue).await["Body"].as_str().unwrap().to_owned()
    }
}
