//! The service: finds the operation by its name.

use std::sync::Arc;

use serde_json::Value;

use super::{
    operations::{
        Request, backups, batch, create_table, describe, destinations, expiry, partiql, query, read, refused,
        streams, tags, transact, update_table, write,
    },
    store::Store,
    stream::TableStream,
};
use crate::{
    clock::Clock, context::Context, error::ApiError, kept::Budget, regional::Regional,
    services::kinesis::Kinesis, shard,
};

/// DynamoDB and DynamoDB Streams of all regions.
#[derive(Debug)]
pub(crate) struct DynamoDb {
    clock: Clock,
    kinesis: Arc<Kinesis>,
    pub(super) stores: Regional<Store>,
    pub(super) memory: Memory,
}

/// The most memory of all tables: more than a local run needs, and less than most machines have.
pub(super) const TABLES: usize = 4 << 30;

/// The memory of all tables.
#[derive(Debug)]
pub(super) struct Memory {
    /// Of their items, and of the entries of indexes.
    pub(super) items: Arc<Budget>,
    /// Of the records of their streams, those of deleted tables included.
    pub(super) changes: Arc<Budget>,
}

/// What a table contains, for the status page. Bytes are counted as AWS counts them.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub(crate) struct TableStatus {
    pub(crate) region: String,
    pub(crate) name: String,
    pub(crate) items: usize,
    pub(crate) bytes: usize,
    /// The records of its stream, including those that were read.
    pub(crate) stream_records: usize,
    pub(crate) stream_bytes: usize,
}

impl DynamoDb {
    /// A service without tables. Its tables may have streams of `kinesis` as destinations.
    pub(crate) fn new(clock: Clock, kinesis: Arc<Kinesis>) -> Self {
        Self::within(clock, kinesis, TABLES)
    }

    /// The same, whose tables have so many bytes of memory together.
    pub(super) fn within(clock: Clock, kinesis: Arc<Kinesis>, tables: usize) -> Self {
        let [items, changes] = [tables, shard::MEMORY].map(|most| Arc::new(Budget::new(most)));
        Self { clock, kinesis, stores: Regional::default(), memory: Memory { items, changes } }
    }

    /// Runs one operation of either service by its API name. It never waits: all work is done when the future is first
    /// polled.
    #[expect(clippy::unused_async, reason = "every service is called alike")]
    pub(crate) async fn call(&self, cx: &Context, operation: &str, input: Value) -> Result<Value, ApiError> {
        let store = self.stores.of(&cx.region);
        let now_ms = self.clock.now_ms();
        let (kinesis, clock, memory) = (&self.kinesis, &self.clock, &self.memory);
        let request = Request { cx, store: &store, kinesis, clock, memory, now_ms };
        match operation {
            "PutItem" => write::put_item(&request, input),
            "UpdateItem" => write::update_item(&request, input),
            "DeleteItem" => write::delete_item(&request, input),
            "GetItem" => read::get_item(&request, input),
            "Query" => query::query(&request, input),
            "Scan" => query::scan(&request, input),
            "BatchGetItem" => batch::batch_get_item(&request, input),
            "BatchWriteItem" => batch::batch_write_item(&request, input),
            "TransactGetItems" => transact::transact_get_items(&request, input),
            "TransactWriteItems" => transact::transact_write_items(&request, input),
            "ExecuteStatement" => partiql::execute_statement(&request, input),
            "BatchExecuteStatement" => partiql::batch_execute_statement(&request, input),
            "ExecuteTransaction" => partiql::execute_transaction(&request, input),
            "CreateTable" => create_table::create_table(&request, input),
            "UpdateTable" => update_table::update_table(&request, input),
            "DeleteTable" => update_table::delete_table(&request, input),
            "DescribeTable" => describe::describe_table(&request, input),
            "ListTables" => describe::list_tables(&request, input),
            "DescribeLimits" => Ok(describe::limits()),
            "DescribeEndpoints" => Ok(describe::endpoints(&request)),
            "DescribeContinuousBackups" => backups::describe(&request, input),
            "UpdateContinuousBackups" => backups::update(&request, input),
            "DescribeContributorInsights" => refused::describe_contributor_insights(&request, input),
            "UpdateContributorInsights" => refused::update_contributor_insights(&request, input),
            "EnableKinesisStreamingDestination" => destinations::enable(&request, input),
            "DisableKinesisStreamingDestination" => destinations::disable(&request, input),
            "UpdateKinesisStreamingDestination" => destinations::update(&request, input),
            "DescribeKinesisStreamingDestination" => destinations::describe(&request, input),
            "DescribeTimeToLive" => expiry::describe_time_to_live(&request, input),
            "UpdateTimeToLive" => expiry::update_time_to_live(&request, input),
            "TagResource" => tags::tag_resource(&request, input),
            "UntagResource" => tags::untag_resource(&request, input),
            "ListTagsOfResource" => tags::list_tags_of_resource(&request, input),
            "ListStreams" => streams::list_streams(&request, input),
            "DescribeStream" => streams::describe_stream(&request, input),
            "GetShardIterator" => streams::get_shard_iterator(&request, input),
            "GetRecords" => streams::get_records(&request, input),
            _ => Err(ApiError::unknown_operation("dynamodb", operation)),
        }
    }

    /// The status of all tables in all regions.
    pub(crate) fn status(&self) -> Vec<TableStatus> {
        let mut all = Vec::new();
        for (region, store) in self.stores.all() {
            for table in store.tables.read().values() {
                let contents = table.read_contents();
                let (stream_records, stream_bytes) =
                    contents.stream.as_ref().map_or((0, 0), |stream| stream.kept());
                all.push(TableStatus {
                    region: region.to_string(),
                    name: table.name.clone(),
                    items: contents.items.len(),
                    bytes: contents.bytes,
                    stream_records,
                    stream_bytes,
                });
            }
        }
        all
    }

    /// The stream of a table, for event source mappings. A stream that was disabled within the last 24 hours is found too.
    pub(crate) fn source(&self, region: &str, stream_arn: &str) -> Result<Arc<TableStream>, ApiError> {
        self.stores.of(region).stream(stream_arn, self.clock.now_ms())
    }
}
