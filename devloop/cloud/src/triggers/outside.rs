//! What event source mappings need of the rest of the cloud, as traits: [`super::wiring`] gives them the services, tests
//! give them fakes.

use std::{fmt::Debug, future::Future, sync::Arc};

use bytes::Bytes;

use crate::{context::Context, error::ApiError, functions::Outcome, services::sqs::Sqs, source::Source};

/// The functions that mappings feed.
pub(crate) trait Invoke {
    /// The ARN of a function named by name, partial ARN or ARN, with the qualifier if it was named with one.
    /// `ResourceNotFoundException` when there is no such function.
    fn function_arn(&self, cx: &Context, function: &str) -> Result<String, ApiError>;

    /// Invokes `function` synchronously. An error means that the event never reached the function: a throttle, a missing
    /// function, an environment that did not start.
    fn invoke(
        &self,
        cx: &Context,
        function: &str,
        payload: Bytes,
    ) -> impl Future<Output = Result<Outcome, ApiError>> + Send;
}

/// What a destination is told of a discarded batch.
#[derive(Debug)]
pub(crate) struct Notice {
    /// The record, as JSON.
    pub(crate) body: String,
    /// Under which key a bucket keeps it.
    pub(crate) key: String,
}

/// The queues, topics and buckets that are told of discarded batches.
pub(crate) trait Destination {
    /// Sends the record to the queue or topic with this ARN, or puts it into the bucket.
    fn send(
        &self,
        cx: &Context,
        destination_arn: &str,
        notice: Notice,
    ) -> impl Future<Output = Result<(), ApiError>> + Send;
}

/// Where the mappings' own measurements go.
pub(crate) trait Measure {
    /// `IteratorAge` of `AWS/Lambda`: the age in ms of a batch's last record when it is handed over, at `now_ms` since the
    /// epoch.
    fn iterator_age(&self, region: &str, function: &str, age_ms: i64, now_ms: i64);
}

/// The streams that mappings read.
pub(crate) trait Sources {
    /// A Kinesis data stream.
    type Kinesis: Source;
    /// A data stream as one of its consumers reads it.
    type Consumer: Source;
    /// A table's change stream.
    type DynamoDb: Source;

    /// The data stream with this ARN.
    fn kinesis(&self, region: &str, stream_arn: &str) -> Result<Arc<Self::Kinesis>, ApiError>;

    /// The data stream of the consumer with this ARN.
    fn consumer(&self, region: &str, consumer_arn: &str) -> Result<Arc<Self::Consumer>, ApiError>;

    /// The change stream with this ARN.
    fn dynamodb(&self, region: &str, stream_arn: &str) -> Result<Arc<Self::DynamoDb>, ApiError>;
}

/// The queues that mappings take messages from.
pub(crate) trait Queues {
    /// The service that keeps them.
    fn sqs(&self) -> &Arc<Sqs>;
}

/// All of the above in one.
pub(crate) trait Outside:
    Invoke + Destination + Measure + Sources + Queues + Debug + Send + Sync + 'static
{
}

impl<T: Invoke + Destination + Measure + Sources + Queues + Debug + Send + Sync + 'static> Outside for T {}
