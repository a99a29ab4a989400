//! Connects event source mappings to the services of this cloud.

use std::sync::{Arc, OnceLock, Weak};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use bytes::Bytes;
use serde_json::{Value, json};

use super::{
    api, cloudformation,
    mappings::Mappings,
    outside::{Destination, Invoke, Measure, Notice, Queues, Sources},
};
use crate::{
    arn::Arn,
    clock::Clock,
    context::Context,
    error::ApiError,
    functions::{Invocation, Outcome, Starved},
    lambda::Lambda,
    resource::ResourceType,
    service::{About, Answering, Catalogue, Service},
    services::{
        cloudwatch::CloudWatch,
        dynamodb::{DynamoDb, TableStream},
        kinesis::{Consumed, Kinesis, Stream},
        sqs::Sqs,
    },
};

/// The mappings of all regions.
#[derive(Debug)]
pub(crate) struct Events {
    mappings: Mappings<Wired>,
    services: Arc<Wired>,
}

impl Events {
    /// No mappings yet.
    pub(crate) fn new(
        clock: Clock,
        lambda: Arc<Lambda>,
        kinesis: Arc<Kinesis>,
        dynamodb: Arc<DynamoDb>,
        sqs: Arc<Sqs>,
        cloudwatch: Arc<CloudWatch>,
    ) -> Self {
        let all = OnceLock::new();
        let services = Arc::new(Wired { lambda, kinesis, dynamodb, sqs, cloudwatch, all });
        Self { mappings: Mappings::new(clock, Arc::clone(&services)), services }
    }

    /// Notes that a function (given by name or ARN) got new code: batches that wait for a retry are retried now.
    pub(crate) fn nudge(&self, function: &str) {
        self.mappings.nudge(function);
    }

    /// Stops every mapping.
    pub(crate) async fn stop(&self) {
        self.mappings.stop().await;
    }
}

static ABOUT: About = About { routes: api::ROUTES, operations: api::OPERATIONS, ..About::named("lambda") };

impl Service for Events {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn call<'a>(
        &'a self,
        cx: &'a Context,
        operation: &'a str,
        input: Value,
    ) -> Answering<'a, Result<Value, ApiError>> {
        Box::pin(async move { api::call(&self.mappings, cx, operation, input) })
    }

    fn takes(&self, operation: &str, input: &Value) -> bool {
        api::OPERATIONS.contains(&operation) || api::names_mapping(input)
    }

    fn connect(&self, all: Weak<dyn Catalogue>) {
        // The registry is created once; a second one would be ignored.
        let _ = self.services.all.set(all);
    }

    fn resource_types(&self) -> Vec<(&'static str, Box<dyn ResourceType>)> {
        vec![("AWS::Lambda::EventSourceMapping", Box::new(cloudformation::EventSourceMapping))]
    }

    fn status(&self, _: i64) -> Answering<'_, Vec<(&'static str, Value)>> {
        Box::pin(async move { vec![("mappings", json!(self.mappings.snapshot()))] })
    }
}

/// The services behind the traits of [`super::outside`].
#[derive(Debug)]
struct Wired {
    lambda: Arc<Lambda>,
    kinesis: Arc<Kinesis>,
    dynamodb: Arc<DynamoDb>,
    sqs: Arc<Sqs>,
    cloudwatch: Arc<CloudWatch>,
    /// The registry, through which topics and buckets are reached.
    all: OnceLock<Weak<dyn Catalogue>>,
}

impl Invoke for Wired {
    fn function_arn(&self, cx: &Context, function: &str) -> Result<String, ApiError> {
        self.lambda.resolve_arn(cx, function)
    }

    async fn invoke(&self, cx: &Context, function: &str, payload: Bytes) -> Result<Outcome, ApiError> {
        self.lambda.invoke(cx, function, Invocation { payload, ..Invocation::default() }).await
    }

    fn starves(&self, starved: Starved) {
        self.lambda.starves(starved);
    }
}

impl Destination for Wired {
    async fn send(&self, cx: &Context, destination_arn: &str, notice: Notice) -> Result<(), ApiError> {
        let Some(Arn { service, region, resource, .. }) = Arn::parse(destination_arn) else {
            return Err(ApiError::internal(format!("{destination_arn} is no destination")));
        };
        if service == "sqs" {
            return self.sqs.send(region, destination_arn, notice.body).await;
        }
        let Some(all) = self.all.get().and_then(Weak::upgrade) else {
            return Err(ApiError::internal("the cloud is stopping"));
        };
        let (operation, input) = match service {
            "sns" => ("Publish", json!({ "TopicArn": destination_arn, "Message": notice.body })),
            _ => (
                "PutObject",
                json!({
                    "Bucket": resource,
                    "Key": notice.key,
                    "Body": BASE64_STANDARD.encode(notice.body),
                    "ContentType": "application/json",
                }),
            ),
        };
        // A bucket's ARN has no region.
        let region = if region.is_empty() { Arc::clone(&cx.region) } else { region.into() };
        all.call(&Context { region, ..cx.clone() }, service, operation, input).await.map(|_| ())
    }
}

impl Measure for Wired {
    fn iterator_age(&self, region: &str, function: &str, age_ms: i64, now_ms: i64) {
        let dimensions = [("FunctionName", function)];
        let age = age_ms as f64;
        self.cloudwatch.record(region, "AWS/Lambda", "IteratorAge", &dimensions, "Milliseconds", age, now_ms);
    }
}

impl Queues for Wired {
    fn sqs(&self) -> &Arc<Sqs> {
        &self.sqs
    }
}

impl Sources for Wired {
    type Kinesis = Stream;
    type Consumer = Consumed;
    type DynamoDb = TableStream;

    fn kinesis(&self, region: &str, stream_arn: &str) -> Result<Arc<Stream>, ApiError> {
        self.kinesis.source(region, stream_arn)
    }

    fn consumer(&self, region: &str, consumer_arn: &str) -> Result<Arc<Consumed>, ApiError> {
        self.kinesis.consumed(region, consumer_arn)
    }

    fn dynamodb(&self, region: &str, stream_arn: &str) -> Result<Arc<TableStream>, ApiError> {
        self.dynamodb.source(region, stream_arn)
    }
}
