//! The needed part of a Kinesis batch.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

/// The event of a mapping without windows.
#[derive(Debug, Deserialize)]
pub struct Batch {
    /// Records of one shard, in order.
    #[serde(rename = "Records", default)]
    pub records: Vec<Record>,
}

/// One record.
#[derive(Debug, Deserialize)]
pub struct Record {
    kinesis: Kinesis,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Kinesis {
    #[serde(default)]
    sequence_number: String,
    data: String,
}

impl Record {
    /// Place in the shard.
    pub fn sequence_number(&self) -> &str {
        &self.kinesis.sequence_number
    }

    /// The producer's bytes.
    pub fn data(&self) -> Result<Vec<u8>, base64::DecodeError> {
        STANDARD.decode(&self.kinesis.data)
    }
}
