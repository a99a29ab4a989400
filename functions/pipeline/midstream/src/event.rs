//! The needed part of a Kinesis batch.
//!
//! `aws_lambda_events`' types are not used: they read the decimals of an arrival time as milliseconds, so that `….5` becomes 5 ms,
//! and they decode the data with the event, so that one bad record would fail the whole batch.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

/// The event.
#[derive(Debug, Deserialize)]
pub struct Batch {
    /// Records of one shard, in order.
    #[serde(rename = "Records")]
    pub records: Vec<StreamRecord>,
}

/// One record.
#[derive(Debug, Deserialize)]
pub struct StreamRecord {
    kinesis: Kinesis,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Kinesis {
    #[serde(default)]
    sequence_number: String,
    /// Seconds with milliseconds as decimals.
    approximate_arrival_timestamp: f64,
    data: String,
}

impl StreamRecord {
    /// Place in the shard.
    pub fn sequence_number(&self) -> &str {
        &self.kinesis.sequence_number
    }

    /// When the record arrived in the stream, in milliseconds.
    pub fn arrived_ms(&self) -> i64 {
        (self.kinesis.approximate_arrival_timestamp * 1000.0).round() as i64
    }

    /// The producer's bytes.
    pub fn data(&self) -> Result<Vec<u8>, base64::DecodeError> {
        STANDARD.decode(&self.kinesis.data)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(arrival: &str, expected_ms: i64) {
        let json = format!(r#"{{"kinesis":{{"approximateArrivalTimestamp":{arrival},"data":""}}}}"#);
        assert_eq!(
            serde_json::from_str::<StreamRecord>(&json).unwrap().arrived_ms(),
            expected_ms,
            "{arrival}"
        );
    }

    #[test]
    fn arrival_times_keep_their_milliseconds() {
        check("1607497475.123", 1_607_497_475_123);
        check("1607497475.5", 1_607_497_475_500);
        check("1607497475.12", 1_607_497_475_120);
        check("1607497475.001", 1_607_497_475_001);
        check("1607497475", 1_607_497_475_000);
        check("1763632800.9989998", 1_763_632_800_999);
    }
}
