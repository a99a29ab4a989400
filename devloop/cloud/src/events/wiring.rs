//! Event source mappings wired to the services of this cloud.

use std::sync::Arc;

use crate::{
    clock::Clock,
    context::Context,
    error::ApiError,
    gateway::{Reply, RestRequest},
    lambda::Lambda,
    services::{dynamodb::DynamoDb, kinesis::Kinesis, sqs::Sqs},
};

/// The mappings of all regions.
#[derive(Debug)]
pub(crate) struct Events {
    clock: Clock,
    lambda: Arc<Lambda>,
    kinesis: Arc<Kinesis>,
    dynamodb: Arc<DynamoDb>,
    sqs: Arc<Sqs>,
}

impl Events {
    /// No mappings yet.
    pub(crate) fn new(
        clock: Clock,
        lambda: Arc<Lambda>,
        kinesis: Arc<Kinesis>,
        dynamodb: Arc<DynamoDb>,
        sqs: Arc<Sqs>,
    ) -> Self {
        Self { clock, lambda, kinesis, dynamodb, sqs }
    }

    /// The REST API below `/2015-03-31/event-source-mappings`.
    pub(crate) async fn rest(&self, cx: &Context, request: RestRequest) -> Result<Reply, ApiError> {
        let _ = (cx, &self.clock, &self.lambda, &self.kinesis, &self.dynamodb, &self.sqs);
        Err(ApiError::unknown_operation("lambda", &request.path))
    }

    /// Stops every mapping.
    pub(crate) async fn stop(&self) {}
}
