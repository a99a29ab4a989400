//! The service: the streams of all regions, and the operations by their API names.

use std::{collections::BTreeMap, sync::Arc};

use parking_lot::RwLock;
use serde_json::Value;

use super::{
    Consumed, Stream, consumers, describe, encryption, get, lifecycle,
    monitoring::{self, Monitor},
    put, reshard, tags, target,
};
use crate::{
    clock::Clock, context::Context, error::ApiError, kept::Budget, limits::Limits, regional::Regional,
    services::cloudwatch::CloudWatch, shard::MEMORY, source::Source as _,
};

/// The streams of one region by name.
pub(super) type Streams = RwLock<BTreeMap<String, Arc<Stream>>>;

/// The service. By default a shard accepts whatever the machine can handle, so on-demand streams need not scale. With
/// [`Limits::Aws`] a shard has AWS's throughput (1 MB or 1,000 records per second in, 2 MB or 5 reads per second out).
#[derive(Debug)]
pub(crate) struct Kinesis {
    clock: Clock,
    limits: Limits,
    cloudwatch: Arc<CloudWatch>,
    regions: Regional<Streams>,
    /// The memory of all streams.
    memory: Arc<Budget>,
}

/// The status of a stream, for `devloop status`.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub(crate) struct StreamStatus {
    /// The region of the stream.
    pub(crate) region: String,
    /// The stream's name.
    pub(crate) name: String,
    /// The stream's ARN.
    pub(crate) arn: String,
    /// The number of open shards.
    pub(crate) open_shards: usize,
    /// The number of records in all shards, including those that were read.
    pub(crate) records: usize,
    /// The size of these records in bytes: data and partition keys.
    pub(crate) bytes: usize,
    /// When the oldest record arrived, in ms since the epoch.
    pub(crate) oldest_ms: Option<i64>,
}

impl Kinesis {
    /// A service without streams. Its shards record enabled metrics in `cloudwatch`.
    pub(crate) fn new(clock: Clock, limits: Limits, cloudwatch: Arc<CloudWatch>) -> Self {
        Self {
            clock,
            limits,
            cloudwatch,
            regions: Regional::default(),
            memory: Arc::new(Budget::new(MEMORY)),
        }
    }

    /// Runs one operation by its API name.
    #[expect(clippy::unused_async, reason = "the gateway awaits every service alike")]
    pub(crate) async fn call(&self, cx: &Context, operation: &str, input: Value) -> Result<Value, ApiError> {
        match operation {
            "PutRecord" => put::record(self, cx, input),
            "PutRecords" => put::records(self, cx, input),
            "GetRecords" => get::records(self, cx, input),
            "GetShardIterator" => get::shard_iterator(self, cx, input),
            "CreateStream" => lifecycle::create(self, cx, input),
            "DeleteStream" => lifecycle::delete(self, cx, input),
            "IncreaseStreamRetentionPeriod" => {
                lifecycle::retain(self, cx, input, lifecycle::Change::Increase)
            }
            "DecreaseStreamRetentionPeriod" => {
                lifecycle::retain(self, cx, input, lifecycle::Change::Decrease)
            }
            "UpdateStreamMode" => lifecycle::update_mode(self, cx, input),
            "UpdateMaxRecordSize" => lifecycle::update_max_record_size(self, cx, input),
            "DescribeStream" => describe::stream(self, cx, input),
            "DescribeStreamSummary" => describe::summary(self, cx, input),
            "DescribeLimits" => Ok(describe::limits(self, cx)),
            "ListStreams" => describe::list_streams(self, cx, input),
            "ListShards" => describe::list_shards(self, cx, input),
            "SplitShard" => reshard::split(self, cx, input),
            "MergeShards" => reshard::merge(self, cx, input),
            "UpdateShardCount" => reshard::update_count(self, cx, input),
            "AddTagsToStream" => tags::add(self, cx, input),
            "RemoveTagsFromStream" => tags::remove(self, cx, input),
            "ListTagsForStream" => tags::list(self, cx, input),
            "TagResource" => tags::add_to_resource(self, cx, input),
            "UntagResource" => tags::remove_from_resource(self, cx, input),
            "ListTagsForResource" => tags::list_of_resource(self, cx, input),
            "RegisterStreamConsumer" => consumers::register(self, cx, input),
            "DeregisterStreamConsumer" => consumers::deregister(self, cx, input),
            "DescribeStreamConsumer" => consumers::describe(self, cx, input),
            "ListStreamConsumers" => consumers::list(self, cx, input),
            "SubscribeToShard" => Err(ApiError::unsupported(
                "kinesis:SubscribeToShard from inside the process; its events are sent over HTTP",
            )),
            "StartStreamEncryption" => encryption::set(self, cx, input, true),
            "StopStreamEncryption" => encryption::set(self, cx, input, false),
            "EnableEnhancedMonitoring" => monitoring::set(self, cx, input, true),
            "DisableEnhancedMonitoring" => monitoring::set(self, cx, input, false),
            _ => Err(ApiError::unknown_operation("kinesis", operation)),
        }
    }

    /// The stream with this ARN, for an event source mapping.
    pub(crate) fn source(&self, region: &str, stream_arn: &str) -> Result<Arc<Stream>, ApiError> {
        let (arn, name) = target::parse(stream_arn)?;
        if arn.region != region {
            return Err(not_found(name, arn.account));
        }
        self.find(region, arn.account, name)
    }

    /// The stream behind a consumer's ARN, for an event source mapping that reads as the consumer.
    pub(crate) fn consumed(&self, region: &str, consumer_arn: &str) -> Result<Arc<Consumed>, ApiError> {
        consumers::source(self, region, consumer_arn)
    }

    /// The status of all streams in all regions.
    pub(crate) fn status(&self) -> Vec<StreamStatus> {
        let mut all = Vec::new();
        for (region, streams) in self.regions.all() {
            for stream in streams.read().values() {
                let shards = stream.shards();
                let backlogs = shards.iter().map(|shard| shard.backlog()).collect::<Vec<_>>();
                all.push(StreamStatus {
                    region: region.to_string(),
                    name: stream.name().to_owned(),
                    arn: stream.arn().to_owned(),
                    open_shards: stream.open_shards().len(),
                    records: backlogs.iter().map(|(records, _)| records).sum(),
                    bytes: shards.iter().map(|shard| shard.kept().1).sum(),
                    oldest_ms: backlogs.iter().filter_map(|(_, oldest)| *oldest).min(),
                });
            }
        }
        all
    }

    /// The memory of all streams.
    pub(super) fn memory(&self) -> &Arc<Budget> {
        &self.memory
    }

    pub(super) fn limits(&self) -> Limits {
        self.limits
    }

    /// The metrics of a new stream's shards, none of which is enabled.
    pub(super) fn monitor(&self) -> Monitor {
        Monitor::new(Arc::clone(&self.cloudwatch))
    }

    pub(super) fn clock(&self) -> &Clock {
        &self.clock
    }

    /// The streams of the request's region.
    pub(super) fn streams(&self, cx: &Context) -> Arc<Streams> {
        self.regions.of(&cx.region)
    }

    /// The stream called `name` in the request's region.
    pub(super) fn stream(&self, cx: &Context, name: &str) -> Result<Arc<Stream>, ApiError> {
        self.find(&cx.region, &cx.account, name)
    }

    fn find(&self, region: &str, account: &str, name: &str) -> Result<Arc<Stream>, ApiError> {
        let streams = self.regions.of(region);
        let found = streams.read().get(name).cloned();
        found.ok_or_else(|| not_found(name, account))
    }
}

/// The error for a stream that does not exist.
pub(super) fn not_found(name: &str, account: &str) -> ApiError {
    ApiError::client("ResourceNotFoundException", format!("Stream {name} under account {account} not found."))
}
