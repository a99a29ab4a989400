//! A message about records that a mapping gave up [Retain discarded batch records for a Kinesis Data Streams event source in
//! Lambda]. Pure.

use devloop_cloud::Arn;
use serde::Serialize;
use serde_json::Value;

/// The service whose stream held the records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Service {
    /// Kinesis Data Streams.
    Kinesis,
    /// A table's stream.
    DynamoDb,
}

/// A parsed message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Failure {
    /// The service whose records they are.
    pub(crate) service: Service,
    pub(crate) function: String,
    /// `RetryAttemptsExhausted` or `RecordAgeExceeded`.
    pub(crate) condition: String,
    /// How often the function was tried.
    pub(crate) tries: u64,
    pub(crate) stream: String,
    pub(crate) shard: String,
    /// Sequence number of the first record.
    pub(crate) first: String,
    /// Sequence number of the last record.
    pub(crate) last: String,
    /// How many records were given up.
    pub(crate) records: u64,
}

impl Failure {
    /// Reads a message's body; `None` if it is a message of another kind.
    pub(super) fn read(body: &str) -> Option<Self> {
        let body: Value = serde_json::from_str(body).ok()?;
        let (service, batch) = match (body.get("KinesisBatchInfo"), body.get("DDBStreamBatchInfo")) {
            (Some(batch), _) => (Service::Kinesis, batch),
            (None, batch) => (Service::DynamoDb, batch?),
        };
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let context = &body["requestContext"];
        Some(Self {
            service,
            function: text(&context["functionArn"])?,
            condition: text(&context["condition"])?,
            tries: context["approximateInvokeCount"].as_u64()?,
            stream: text(&batch["streamArn"])?,
            shard: text(&batch["shardId"])?,
            first: text(&batch["startSequenceNumber"])?,
            last: text(&batch["endSequenceNumber"])?,
            records: batch["batchSize"].as_u64()?,
        })
    }

    /// The region in the stream's ARN.
    pub(super) fn region(&self) -> &str {
        Arn::parse(&self.stream).map_or("", |arn| arn.region)
    }

    /// Whether a sequence number comes after the last record's. In one shard, a longer number is a later one.
    pub(super) fn is_behind(&self, sequence: &str) -> bool {
        (sequence.len(), sequence) > (self.last.len(), self.last.as_str())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Failure, Service};

    #[test]
    fn a_message_of_either_service_is_read_and_others_are_not() {
        let message = |info: &str| {
            json!({
                "requestContext": { "requestId": "r", "functionArn": "arn:f", "condition": "RetryAttemptsExhausted",
                    "approximateInvokeCount": 3 },
                info: { "shardId": "s-0", "startSequenceNumber": "9", "endSequenceNumber": "12", "batchSize": 4,
                    "streamArn": "arn:aws:kinesis:eu-west-1:0:stream/s" },
            })
            .to_string()
        };
        let kinesis = Failure::read(&message("KinesisBatchInfo")).unwrap();
        assert_eq!((kinesis.service, kinesis.tries, kinesis.records), (Service::Kinesis, 3, 4));
        assert_eq!((kinesis.region(), kinesis.shard.as_str()), ("eu-west-1", "s-0"));
        assert!(kinesis.is_behind("13") && !kinesis.is_behind("12") && !kinesis.is_behind("9"));
        let table = Failure::read(&message("DDBStreamBatchInfo")).unwrap();
        assert_eq!(table.service, Service::DynamoDb);
        assert_eq!(Failure::read(&message("Other")), None);
        assert_eq!(Failure::read("{\"Records\":[]}"), None);
        assert_eq!(Failure::read("hello"), None);
    }
}
