//! The queue of words: SQS, or a test's own queue.

use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::MessageAttributeValue;
use distributed_model::aws::{Cause, Service, sdk_config};
use distributed_model::{Queued, Requested, StartError, required};

/// A queue of words.
pub trait Queue {
    /// Sends a word.
    fn send(&self, requested: &Requested) -> impl Future<Output = Result<(), Cause>>;
}

/// The queue whose URL is `SQSQUEUE`.
#[derive(Debug)]
pub struct SqsQueue {
    url: String,
    client: Client,
}

impl SqsQueue {
    /// Builds the client from the function's environment.
    pub async fn from_env() -> Result<Self, StartError> {
        Ok(Self { url: required("SQSQUEUE")?, client: Client::new(&sdk_config(Service::Sqs).await) })
    }
}

impl Queue for SqsQueue {
    async fn send(&self, requested: &Requested) -> Result<(), Cause> {
        let queued =
            Queued { data: requested.word.clone(), idempotency_key: requested.idempotency_key.clone() };
        let body = serde_json::to_string(&queued).map_err(|error| Cause::plain(&error.to_string()))?;
        let submitted = requested.received_ms.to_string();
        self.client
            .send_message()
            .queue_url(&self.url)
            .message_body(body)
            .message_attributes("requestId", attribute("String", &requested.request_id)?)
            .message_attributes("submittedMs", attribute("Number", &submitted)?)
            .send()
            .await
            .map(drop)
            .map_err(|error| Cause::from(&error))
    }
}

fn attribute(kind: &str, value: &str) -> Result<MessageAttributeValue, Cause> {
    let built = MessageAttributeValue::builder().data_type(kind).string_value(value).build();
    built.map_err(|error| Cause::plain(&error.to_string()))
}
