//! What event source mappings need of the rest of the cloud, as traits. [`super::wiring`] implements them with the
//! services, tests with fakes.

use std::{fmt::Debug, future::Future, sync::Arc};

use bytes::Bytes;

use crate::{
    context::Context,
    error::ApiError,
    functions::{Outcome, Starved},
    services::sqs::Sqs,
    source::Source,
};

/// The functions that mappings invoke.
pub(crate) trait Invoke {
    /// The ARN of a function, given by name, partial ARN or ARN; it keeps the qualifier if there is one.
    /// `ResourceNotFoundException` if there is no such function.
    fn function_arn(&self, cx: &Context, function: &str) -> Result<String, ApiError>;

    /// Invokes `function` synchronously. An error means that the event never reached the function: a throttle, a missing
    /// function, an environment that did not start.
    fn invoke(
        &self,
        cx: &Context,
        function: &str,
        payload: Bytes,
    ) -> impl Future<Output = Result<Outcome, ApiError>> + Send;

    /// Notes that the function of a mapping is behind and slower than it could be: invocations of clients give way to it.
    fn starves(&self, _starved: Starved) {}
}

/// The failure record of a discarded batch, for a destination.
#[derive(Debug)]
pub(crate) struct Notice {
    /// The record, as JSON.
    pub(crate) body: String,
    /// The key of the object, if the destination is a bucket.
    pub(crate) key: String,
}

/// Destinations for records of discarded batches: queues, topics and buckets.
pub(crate) trait Destination {
    /// Sends the record to the queue or topic with this ARN, or puts it into the bucket.
    fn send(
        &self,
        cx: &Context,
        destination_arn: &str,
        notice: Notice,
    ) -> impl Future<Output = Result<(), ApiError>> + Send;
}

/// The metrics that mappings record.
pub(crate) trait Measure {
    /// `IteratorAge` of `AWS/Lambda`: the age in ms of a batch's last record when it is handed over, at `now_ms` since the
    /// epoch.
    fn iterator_age(&self, region: &str, function: &str, age_ms: i64, now_ms: i64);
}

/// The streams that mappings read.
pub(crate) trait Sources {
    /// A Kinesis data stream.
    type Kinesis: Source;
    /// A Kinesis data stream, read as one of its consumers.
    type Consumer: Source;
    /// A table's stream.
    type DynamoDb: Source;

    /// The data stream with this ARN.
    fn kinesis(&self, region: &str, stream_arn: &str) -> Result<Arc<Self::Kinesis>, ApiError>;

    /// The data stream of the consumer with this ARN.
    fn consumer(&self, region: &str, consumer_arn: &str) -> Result<Arc<Self::Consumer>, ApiError>;

    /// The table stream with this ARN.
    fn dynamodb(&self, region: &str, stream_arn: &str) -> Result<Arc<Self::DynamoDb>, ApiError>;
}

/// The queues that mappings take messages from.
pub(crate) trait Queues {
    /// The service that has the queues.
    fn sqs(&self) -> &Arc<Sqs>;
}

/// All of these traits together.
pub(crate) trait Outside:
    Invoke + Destination + Measure + Sources + Queues + Debug + Send + Sync + 'static
{
}

impl<T: Invoke + Destination + Measure + Sources + Queues + Debug + Send + Sync + 'static> Outside for T {}
