//! Event source mappings wired to the services of this cloud.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;

use super::{
    api,
    mappings::Mappings,
    outside::{Destination, Invoke, Measure, Sources},
    status::MappingStatus,
};
use crate::{
    clock::Clock,
    context::Context,
    error::ApiError,
    http::{Reply, Request},
    lambda::{Invocation, Lambda, Outcome},
    services::{
        cloudwatch::CloudWatch,
        dynamodb::{DynamoDb, TableStream},
        kinesis::{Kinesis, Stream},
        sqs::Sqs,
    },
};

/// The mappings of all regions.
#[derive(Debug)]
pub(crate) struct Events {
    services: Arc<Wired>,
    mappings: Mappings<Wired>,
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
        let services = Arc::new(Wired { lambda, kinesis, dynamodb, sqs, cloudwatch: OnceLock::new() });
        Self { mappings: Mappings::new(clock, Arc::clone(&services)), services }
    }

    /// The REST API below `/2015-03-31/event-source-mappings`, and that of mappings' tags.
    #[expect(clippy::unused_async, reason = "the gateway awaits every service alike")]
    pub(crate) async fn rest(&self, cx: &Context, request: Request) -> Result<Reply, ApiError> {
        api::answer(&self.mappings, cx, &request)
    }

    /// A function (by name or ARN) got new code: batches that wait for their next try are tried now.
    pub(crate) fn nudge(&self, function: &str) {
        self.mappings.nudge(function);
    }

    /// Every mapping and how far it is behind, for `devloop status`.
    pub(crate) fn snapshot(&self) -> Vec<MappingStatus> {
        self.mappings.snapshot()
    }

    /// Says where the mappings' metrics go; until then they go nowhere.
    pub(crate) fn measures_into(&self, cloudwatch: Arc<CloudWatch>) {
        // The cloud is put together once; a second CloudWatch would be a mistake that changes nothing.
        let _ = self.services.cloudwatch.set(cloudwatch);
    }

    /// Stops every mapping.
    pub(crate) async fn stop(&self) {
        self.mappings.stop().await;
    }
}

/// The services behind the traits of [`super::outside`].
#[derive(Debug)]
struct Wired {
    lambda: Arc<Lambda>,
    kinesis: Arc<Kinesis>,
    dynamodb: Arc<DynamoDb>,
    sqs: Arc<Sqs>,
    cloudwatch: OnceLock<Arc<CloudWatch>>,
}

impl Invoke for Wired {
    fn function_arn(&self, cx: &Context, function: &str) -> Result<String, ApiError> {
        self.lambda.resolve_arn(cx, function)
    }

    async fn invoke(&self, cx: &Context, function: &str, payload: Bytes) -> Result<Outcome, ApiError> {
        self.lambda.invoke(cx, function, Invocation { payload, ..Invocation::default() }).await
    }
}

impl Destination for Wired {
    async fn send(&self, queue_arn: &str, body: String) -> Result<(), ApiError> {
        let region = queue_arn.split(':').nth(3).unwrap_or_default();
        self.sqs.send(region, queue_arn, body).await
    }
}

impl Measure for Wired {
    fn iterator_age(&self, region: &str, function: &str, age_ms: i64, now_ms: i64) {
        if let Some(cloudwatch) = self.cloudwatch.get() {
            let dimensions = [("FunctionName", function)];
            let age = age_ms as f64;
            cloudwatch.record(region, "AWS/Lambda", "IteratorAge", &dimensions, "Milliseconds", age, now_ms);
        }
    }
}

impl Sources for Wired {
    type Kinesis = Stream;
    type DynamoDb = TableStream;

    fn kinesis(&self, region: &str, stream_arn: &str) -> Result<Arc<Stream>, ApiError> {
        self.kinesis.source(region, stream_arn)
    }

    fn dynamodb(&self, region: &str, stream_arn: &str) -> Result<Arc<TableStream>, ApiError> {
        self.dynamodb.source(region, stream_arn)
    }
}
