//! What Kinesis declares about itself to the rest of the cloud.

use serde_json::{Value, json};

use super::{Kinesis, cloudformation, subscribe};
use crate::{
    context::Context,
    error::ApiError,
    event_stream::Events,
    resource::ResourceType,
    service::{About, Answering, Json, JsonVersion, Service, about_and_call},
    shard::{KEPT_BYTES, MEMORY},
};

static ABOUT: About = About {
    json: Some(Json { target: "Kinesis_20131202", version: JsonVersion::V11, namespace: "", cbor: Some("") }),
    operations: &[
        "AddTagsToStream",
        "CreateStream",
        "DecreaseStreamRetentionPeriod",
        "DeleteStream",
        "DeregisterStreamConsumer",
        "DescribeLimits",
        "DescribeStream",
        "DescribeStreamConsumer",
        "DescribeStreamSummary",
        "DisableEnhancedMonitoring",
        "EnableEnhancedMonitoring",
        "GetRecords",
        "GetShardIterator",
        "IncreaseStreamRetentionPeriod",
        "ListShards",
        "ListStreamConsumers",
        "ListStreams",
        "ListTagsForResource",
        "ListTagsForStream",
        "MergeShards",
        "PutRecord",
        "PutRecords",
        "RegisterStreamConsumer",
        "RemoveTagsFromStream",
        "SplitShard",
        "StartStreamEncryption",
        "StopStreamEncryption",
        "SubscribeToShard",
        "TagResource",
        "UntagResource",
        "UpdateMaxRecordSize",
        "UpdateShardCount",
        "UpdateStreamMode",
    ],
    without_effect: &["StartStreamEncryption: nothing is encrypted"],
    // Up to 10 MiB of data and partition keys [PutRecords], of which the data is sent as base64.
    largest: 16 << 20,
    ..About::named("kinesis")
};

impl Service for Kinesis {
    about_and_call!(ABOUT);

    fn is_streamed(&self, operation: &str) -> bool {
        operation == "SubscribeToShard"
    }

    fn subscribe<'a>(
        &'a self,
        cx: &'a Context,
        _: &'a str,
        input: Value,
    ) -> Answering<'a, Result<Events, ApiError>> {
        Box::pin(async move { subscribe::subscribe(self, cx, input) })
    }

    fn resource_types(&self) -> Vec<(&'static str, Box<dyn ResourceType>)> {
        vec![
            ("AWS::Kinesis::Stream", Box::new(cloudformation::Stream)),
            ("AWS::Kinesis::StreamConsumer", Box::new(cloudformation::StreamConsumer)),
        ]
    }

    fn status(&self, _: i64) -> Answering<'_, Vec<(&'static str, Value)>> {
        Box::pin(async move { vec![("streams", json!(Self::status(self)))] })
    }

    fn retained(&self) -> Vec<(&'static str, u64)> {
        let streams = Self::status(self);
        vec![
            ("stream_records", streams.iter().map(|stream| stream.records as u64).sum()),
            ("stream_bytes", streams.iter().map(|stream| stream.bytes as u64).sum()),
            ("stream_memory", self.memory().bytes() as u64),
        ]
    }

    /// The limit of bytes applies to every shard, also to those of table streams, and that of memory to all streams together. The
    /// retention of a stream is one of its own settings.
    fn limits(&self) -> &'static [(&'static str, u64)] {
        &[("shard_bytes", KEPT_BYTES as u64), ("stream_memory", MEMORY as u64)]
    }
}
