//! Latencies as `CloudWatch` metrics.

use aws_sdk_cloudwatch::Client;
use pipeline_model::aws::{Cause, Service, sdk_config};

use super::contract::Sink;
use super::data::{data, fits};
use crate::change::Change;

/// Namespace of the metric.
const NAMESPACE: &str = "ServerlessDataProcessingPipeline/Latencies";

/// Puts a datum for all requests and one per run.
#[derive(Debug)]
pub struct CloudWatch {
    client: Client,
}

impl CloudWatch {
    /// Builds the client from the function's environment.
    pub async fn from_env() -> Self {
        Self { client: Client::new(&sdk_config(Service::CloudWatch).await) }
    }
}

impl Sink for CloudWatch {
    fn fits(&self, changes: &[Change]) -> usize {
        fits(changes)
    }

    async fn emit(&self, changes: &[Change]) -> Result<(), Cause> {
        let data = data(changes);
        if data.is_empty() {
            return Ok(());
        }
        let call = self.client.put_metric_data().namespace(NAMESPACE).set_metric_data(Some(data));
        call.send().await.map(drop).map_err(|error| Cause::from(&error))
    }
}
