//! What DynamoDB declares about itself to the rest of the cloud.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{DynamoDb, cloudformation, service::TABLES, stream::RETENTION_MS};
use crate::{
    context::Context,
    error::ApiError,
    resource::ResourceType,
    service::{About, Answering, Json, JsonVersion, Service, about_and_call},
    shard::MEMORY,
};

/// The namespace of error codes, for tables and for their streams.
const NAMESPACE: &str = "com.amazonaws.dynamodb.v20120810#";

static ABOUT: About = About {
    json: Some(Json {
        target: "DynamoDB_20120810",
        version: JsonVersion::V10,
        namespace: NAMESPACE,
        cbor: Some(NAMESPACE),
    }),
    operations: &[
        "BatchExecuteStatement",
        "BatchGetItem",
        "BatchWriteItem",
        "CreateTable",
        "DeleteItem",
        "DeleteTable",
        "DescribeContinuousBackups",
        "DescribeContributorInsights",
        "DescribeEndpoints",
        "DescribeKinesisStreamingDestination",
        "DescribeLimits",
        "DescribeTable",
        "DescribeTimeToLive",
        "DisableKinesisStreamingDestination",
        "EnableKinesisStreamingDestination",
        "ExecuteStatement",
        "ExecuteTransaction",
        "GetItem",
        "ListTables",
        "ListTagsOfResource",
        "PutItem",
        "Query",
        "Scan",
        "TagResource",
        "TransactGetItems",
        "TransactWriteItems",
        "UntagResource",
        "UpdateContinuousBackups",
        "UpdateContributorInsights",
        "UpdateItem",
        "UpdateKinesisStreamingDestination",
        "UpdateTable",
        "UpdateTimeToLive",
    ],
    // A call transmits up to 16 MB over the network [BatchWriteItem].
    largest: 16 << 20,
    without_effect: &[
        "OnDemandThroughput, ProvisionedThroughput and WarmThroughput: tables are not throttled; DescribeTable shows a warm throughput only if \
         it was given, and it may be lowered",
        "SSESpecification: nothing is encrypted",
        "point-in-time recovery: nothing is backed up, so a table cannot be restored",
        "TableClass: it changes prices only",
    ],
    ..About::named("dynamodb")
};

impl Service for DynamoDb {
    about_and_call!(ABOUT);

    fn resource_types(&self) -> Vec<(&'static str, Box<dyn ResourceType>)> {
        vec![
            ("AWS::DynamoDB::GlobalTable", Box::new(cloudformation::GlobalTable)),
            ("AWS::DynamoDB::Table", Box::new(cloudformation::Table)),
        ]
    }

    fn status(&self, _: i64) -> Answering<'_, Vec<(&'static str, Value)>> {
        Box::pin(async move { vec![("tables", json!(Self::status(self)))] })
    }

    fn retained(&self) -> Vec<(&'static str, u64)> {
        let tables = Self::status(self);
        vec![
            ("table_items", tables.iter().map(|table| table.items as u64).sum()),
            ("table_bytes", tables.iter().map(|table| table.bytes as u64).sum()),
            ("table_stream_records", tables.iter().map(|table| table.stream_records as u64).sum()),
            ("table_stream_bytes", tables.iter().map(|table| table.stream_bytes as u64).sum()),
            ("table_memory", self.memory.items.bytes() as u64),
            ("table_stream_memory", self.memory.changes.bytes() as u64),
        ]
    }

    /// Only stream records have a retention time. Items are kept until they are deleted, as on AWS. The limits of memory apply to all
    /// tables together.
    fn limits(&self) -> &'static [(&'static str, u64)] {
        &[
            ("table_stream_retention_ms", RETENTION_MS as u64),
            ("table_memory", TABLES as u64),
            ("table_stream_memory", MEMORY as u64),
        ]
    }
}

/// DynamoDB Streams: a separate service for clients, which uses the same store as the tables.
#[derive(Debug)]
pub(crate) struct DynamoDbStreams(pub(crate) Arc<DynamoDb>);

static ABOUT_STREAMS: About = About {
    health: "dynamodbstreams",
    signing: "dynamodb",
    json: Some(Json {
        target: "DynamoDBStreams_20120810",
        version: JsonVersion::V10,
        namespace: NAMESPACE,
        cbor: Some(NAMESPACE),
    }),
    operations: &["DescribeStream", "GetRecords", "GetShardIterator", "ListStreams"],
    ..About::named("streams.dynamodb")
};

impl Service for DynamoDbStreams {
    fn about(&self) -> &'static About {
        &ABOUT_STREAMS
    }

    fn call<'a>(
        &'a self,
        cx: &'a Context,
        operation: &'a str,
        input: Value,
    ) -> Answering<'a, Result<Value, ApiError>> {
        Box::pin(DynamoDb::call(&self.0, cx, operation, input))
    }
}
