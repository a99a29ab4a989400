//! The record of a discarded batch [Retain discarded batch records for a Kinesis Data Streams event source in Lambda; the
//! same page for DynamoDB streams]. Queues and topics receive the position of the records in the stream; a bucket receives
//! the event as well.

use serde::Serialize;
use serde_json::{Map, Value, json, value::RawValue};
use uuid::Uuid;

use crate::{aside, triggers::kind::Kind, wire};

/// Why records were discarded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) enum Condition {
    /// The function failed, and the mapping's retries are used up.
    RetryAttemptsExhausted,
    /// The records became older than the mapping allows, or than their stream keeps them.
    RecordAgeExceeded,
}

/// The contents of the record.
#[derive(Debug)]
pub(crate) struct Discarded<'d> {
    pub(crate) kind: Kind,
    pub(crate) condition: Condition,
    /// The last invocation that reached the function, if there was one.
    pub(crate) request_id: &'d str,
    pub(crate) function_arn: &'d str,
    /// Invocations that reached the function.
    pub(crate) tries: u32,
    pub(crate) executed_version: &'d str,
    pub(crate) function_error: Option<&'d str>,
    pub(crate) stream_arn: &'d str,
    pub(crate) shard_id: &'d str,
    pub(crate) first_sequence: String,
    pub(crate) last_sequence: String,
    /// When the first and the last record arrived, in ms since the epoch.
    pub(crate) arrivals_ms: (i64, i64),
    pub(crate) size: usize,
    /// The event of the last try, as JSON; only buckets receive it.
    pub(crate) payload: Option<&'d [u8]>,
    pub(crate) now_ms: i64,
}

impl Discarded<'_> {
    /// The key under which a bucket stores the record.
    pub(crate) fn key(&self, mapping: &str) -> String {
        let at = jiff::Timestamp::from_millisecond(self.now_ms).unwrap_or_default();
        let at = at.strftime("%Y/%m/%d/%Y-%m-%dT%H.%M.%S");
        format!("aws/lambda/{mapping}/{}/{at}-{}", self.shard_id, Uuid::new_v4())
    }

    /// The record, as JSON.
    pub(crate) fn body(&self) -> String {
        let mut record = Map::new();
        let mut insert = |name: &str, value: Value| record.insert(name.to_owned(), value);
        insert(
            "requestContext",
            json!({
                "requestId": self.request_id,
                "functionArn": self.function_arn,
                "condition": self.condition,
                // Recorded on AWS: 1 even when the records were too old before the first try.
                "approximateInvokeCount": self.tries.max(1),
            }),
        );
        if self.condition == Condition::RetryAttemptsExhausted {
            insert(
                "responseContext",
                json!({
                    "statusCode": 200,
                    "executedVersion": self.executed_version,
                    "functionError": self.function_error,
                }),
            );
        }
        insert("version", "1.0".into());
        insert("timestamp", wire::iso(self.now_ms).into());
        insert(
            self.kind.batch_info(),
            json!({
                "shardId": self.shard_id,
                "startSequenceNumber": self.first_sequence,
                "endSequenceNumber": self.last_sequence,
                "approximateArrivalOfFirstRecord": self.arrival(self.arrivals_ms.0),
                "approximateArrivalOfLastRecord": self.arrival(self.arrivals_ms.1),
                "batchSize": self.size,
                "streamArn": self.stream_arn,
            }),
        );
        let mut body = Value::Object(record).to_string();
        if let Some(payload) = self.payload.and_then(|event| aside::from_json::<&RawValue>(event).ok()) {
            body.pop();
            body.push_str(&format!(r#","payload":{payload}}}"#));
        }
        body
    }

    /// A table's stream records times in whole seconds only.
    fn arrival(&self, ms: i64) -> String {
        match self.kind {
            Kind::Kinesis | Kind::Sqs => wire::iso(ms),
            Kind::DynamoDb => jiff::Timestamp::from_second(ms.div_euclid(1000))
                .map(|at| at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())
                .unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn discarded(kind: Kind, condition: Condition) -> Discarded<'static> {
        Discarded {
            kind,
            condition,
            request_id: "r-1",
            function_arn: "arn:f",
            tries: 3,
            executed_version: "$LATEST",
            function_error: Some("Unhandled"),
            stream_arn: "arn:s",
            shard_id: "shardId-000000000000",
            first_sequence: "100".to_owned(),
            last_sequence: "109".to_owned(),
            arrivals_ms: (1_700_000_000_250, 1_700_000_001_500),
            size: 10,
            payload: None,
            now_ms: 1_700_000_002_000,
        }
    }

    fn check(discarded: &Discarded<'_>, expected: &Value) {
        assert_eq!(&serde_json::from_str::<Value>(&discarded.body()).unwrap(), expected);
    }

    #[test]
    fn exhausted_retries_of_a_kinesis_batch() {
        let mut expected = json!({
            "requestContext": {"requestId": "r-1", "functionArn": "arn:f", "condition": "RetryAttemptsExhausted",
                "approximateInvokeCount": 3},
            "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
            "version": "1.0",
            "timestamp": "2023-11-14T22:13:22.000Z",
            "KinesisBatchInfo": {"shardId": "shardId-000000000000", "startSequenceNumber": "100",
                "endSequenceNumber": "109", "approximateArrivalOfFirstRecord": "2023-11-14T22:13:20.250Z",
                "approximateArrivalOfLastRecord": "2023-11-14T22:13:21.500Z", "batchSize": 10, "streamArn": "arn:s"},
        });
        let by_error = discarded(Kind::Kinesis, Condition::RetryAttemptsExhausted);
        check(&by_error, &expected);
        expected["responseContext"]["functionError"] = Value::Null;
        check(&Discarded { function_error: None, ..by_error }, &expected);
    }

    #[test]
    fn expired_records_of_a_table_stream() {
        let expired = discarded(Kind::DynamoDb, Condition::RecordAgeExceeded);
        check(
            &Discarded { tries: 0, ..expired },
            &json!({
                "requestContext": {"requestId": "r-1", "functionArn": "arn:f", "condition": "RecordAgeExceeded",
                    "approximateInvokeCount": 1},
                "version": "1.0",
                "timestamp": "2023-11-14T22:13:22.000Z",
                "DDBStreamBatchInfo": {"shardId": "shardId-000000000000", "startSequenceNumber": "100",
                    "endSequenceNumber": "109", "approximateArrivalOfFirstRecord": "2023-11-14T22:13:20Z",
                    "approximateArrivalOfLastRecord": "2023-11-14T22:13:21Z", "batchSize": 10, "streamArn": "arn:s"},
            }),
        );
    }
    #[test]
    fn a_bucket_stores_the_event_under_the_shard_and_the_day() {
        let discarded = Discarded {
            payload: Some(br#"{"Records":[{"n":1.50}]}"#),
            ..discarded(Kind::Kinesis, Condition::RetryAttemptsExhausted)
        };
        assert!(
            discarded.body().ends_with(r#","payload":{"Records":[{"n":1.50}]}}"#),
            "{}",
            discarded.body()
        );
        serde_json::from_str::<Value>(&discarded.body()).unwrap();
        let key = discarded.key("m-1");
        let random = key
            .strip_prefix("aws/lambda/m-1/shardId-000000000000/2023/11/14/2023-11-14T22.13.22-")
            .unwrap_or_else(|| panic!("{key}"));
        Uuid::parse_str(random).unwrap();
    }
}
