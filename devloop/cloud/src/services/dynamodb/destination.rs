//! Kinesis streaming: every change of a table's items is put into a Kinesis stream, in the order of the changes [Using
//! Kinesis Data Streams to capture changes to DynamoDB, developer guide].

use std::sync::Arc;

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use serde_json::{Map, Value, json};

use super::{item::Item, key::Key, key_schema::KeySchema, stream::Cause, value::to_json};
use crate::{
    services::kinesis::{Record, Stream},
    shard::Full,
};

/// The unit of the times in the records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Precision {
    Millisecond,
    Microsecond,
}

impl Precision {
    /// The API's name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Millisecond => "MILLISECOND",
            Self::Microsecond => "MICROSECOND",
        }
    }
}

/// Whether changes are put into the stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    Active,
    Disabled,
    /// The stream does not accept records any more, for example because it was deleted.
    Failed,
}

/// A Kinesis stream that is or was a destination for the changes of a table.
#[derive(Debug)]
pub(crate) struct Destination {
    pub(crate) arn: String,
    pub(crate) precision: Precision,
    pub(crate) status: Status,
    stream: Arc<Stream>,
    table: String,
    region: Arc<str>,
}

impl Destination {
    /// A destination that is active from now on: `stream`, with the ARN `arn`, gets the changes of `table`.
    pub(crate) fn new(
        arn: String,
        stream: Arc<Stream>,
        precision: Precision,
        table: String,
        region: Arc<str>,
    ) -> Self {
        Self { arn, precision, status: Status::Active, stream, table, region }
    }

    /// Enables a disabled destination.
    pub(crate) fn enable(&mut self, stream: Arc<Stream>, precision: Precision) {
        self.stream = stream;
        self.precision = precision;
        self.status = Status::Active;
    }

    /// Whether the stream has room for another record, if the destination is active.
    pub(crate) fn room(&self) -> Result<(), Full> {
        use crate::source::SourceShard as _;
        if self.status != Status::Active {
            return Ok(());
        }
        self.stream.open_shards().iter().try_for_each(|shard| shard.log().room())
    }

    /// Puts the change from `old` to `new`, at least one of which exists. The caller holds the table's lock.
    pub(crate) fn put(
        &mut self,
        schema: &KeySchema,
        key: &Key,
        old: Option<&Item>,
        new: Option<&Item>,
        now_ms: i64,
        cause: Cause,
    ) {
        if self.status != Status::Active {
            return;
        }
        let data = self.record(schema, old, new, now_ms, cause).to_string();
        let partition_key = format!("{:016X}", key.partition_hash());
        // The partition key's hash places the record among the shards; hashing its digits again would be no better.
        let place = u128::from(key.partition_hash()) << 64;
        let bytes = data.len() + partition_key.len();
        let record = Record { partition_key, data: BASE64.encode(data) };
        if self.stream.put(place, bytes, record).is_err() {
            self.status = Status::Failed;
        }
    }

    fn record(
        &self,
        schema: &KeySchema,
        old: Option<&Item>,
        new: Option<&Item>,
        now_ms: i64,
        cause: Cause,
    ) -> Value {
        let name = match (old, new) {
            (None, _) => "INSERT",
            (Some(_), Some(_)) => "MODIFY",
            (Some(_), None) => "REMOVE",
        };
        let keys = new.or(old).map(|image| schema.extract(image)).unwrap_or_default();
        let images = [old, new].into_iter().flatten().map(Item::bytes).sum::<usize>();
        let time = match self.precision {
            Precision::Millisecond => now_ms,
            Precision::Microsecond => now_ms * 1000,
        };
        let mut change = Map::from_iter([
            ("ApproximateCreationDateTime".to_owned(), time.into()),
            ("ApproximateCreationDateTimePrecision".to_owned(), self.precision.name().into()),
            ("Keys".to_owned(), to_json(&keys).into()),
            ("SizeBytes".to_owned(), (schema.bytes(&keys) + images).into()),
        ]);
        for (name, image) in [("NewImage", new), ("OldImage", old)] {
            change.extend(image.map(|image| (name.to_owned(), image.to_json().into())));
        }
        let expired = json!({ "principalId": "dynamodb.amazonaws.com", "type": "Service" });
        json!({
            "awsRegion": &*self.region,
            "eventID": crate::wire::unique_id().to_string(),
            "eventName": name,
            "userIdentity": if cause == Cause::Expiry { expired } else { Value::Null },
            "recordFormat": "application/json",
            "tableName": self.table,
            "dynamodb": change,
            "eventSource": "aws:dynamodb",
        })
    }
}
