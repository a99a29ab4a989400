//! The stream of records: Kinesis, or a test's own stream.

use aws_sdk_kinesis::Client;
use aws_sdk_kinesis::primitives::Blob;
use pipeline_model::aws::{Cause, Service, sdk_config};
use pipeline_model::optional;

/// A stream of records.
pub trait Stream {
    /// Its name, for error texts.
    fn name(&self) -> &str;

    /// Puts one record. The SDK has already retried errors that a retry may cure.
    fn put(&self, partition_key: &str, data: &[u8]) -> impl Future<Output = Result<(), Cause>>;
}

/// The stream named by `STREAM_NAME`.
#[derive(Debug)]
pub struct KinesisStream {
    /// `None` without the variable: each request then gets this error. If the environment ended instead, every request would be
    /// answered with `Internal server error`.
    name: Option<String>,
    client: Client,
}

impl KinesisStream {
    /// Builds the client from the function's environment.
    pub async fn from_env() -> Self {
        Self { name: optional("STREAM_NAME"), client: Client::new(&sdk_config(Service::Kinesis).await) }
    }
}

impl Stream for KinesisStream {
    fn name(&self) -> &str {
        self.name.as_deref().unwrap_or_default()
    }

    async fn put(&self, partition_key: &str, data: &[u8]) -> Result<(), Cause> {
        let name = self.name.as_deref().ok_or_else(|| Cause::plain("STREAM_NAME is not set"))?;
        let call = self.client.put_record().stream_name(name).partition_key(partition_key);
        call.data(Blob::new(data)).send().await.map(drop).map_err(|error| Cause::from(&error))
    }
}
