//! The topic of notices: SNS, or a test's own topic.

use aws_sdk_sns::Client;
use distributed_model::aws::{Cause, Service, sdk_config};
use distributed_model::{StartError, required};

/// A topic.
pub trait Topic {
    /// Publishes one notice.
    fn publish(&self, subject: &str, text: &str) -> impl Future<Output = Result<(), Cause>>;
}

/// The topic whose ARN is `SNSTOPIC`.
#[derive(Debug)]
pub struct SnsTopic {
    arn: String,
    client: Client,
}

impl SnsTopic {
    /// Builds the client from the function's environment.
    pub async fn from_env() -> Result<Self, StartError> {
        Ok(Self { arn: required("SNSTOPIC")?, client: Client::new(&sdk_config(Service::Sns).await) })
    }
}

impl Topic for SnsTopic {
    async fn publish(&self, subject: &str, text: &str) -> Result<(), Cause> {
        let call = self.client.publish().topic_arn(&self.arn).subject(subject).message(text);
        call.send().await.map(drop).map_err(|error| Cause::from(&error))
    }
}
