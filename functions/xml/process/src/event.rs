//! Events of S3, and events of the same form that a person sends by hand.

use serde::Deserialize;
use xml_model::decoded;

/// An event.
#[derive(Debug, Default, Deserialize)]
pub struct Event {
    /// The changes, in no particular order.
    #[serde(rename = "Records", default)]
    pub records: Vec<Record>,
    /// The bucket of JSON files, if it is not the default one.
    pub to_bucket: Option<String>,
    /// The table of rules, if it is not the default one.
    pub dynamodb_resource: Option<String>,
    /// The rule for objects that name none.
    pub rule_id: Option<u64>,
}

impl Event {
    /// Whether a person sent the event: then the answer is read, and an error is returned as an answer.
    pub fn is_manual(&self) -> bool {
        let extended = self.to_bucket.is_some() || self.dynamodb_resource.is_some() || self.rule_id.is_some();
        extended || self.records.iter().any(|record| record.event_source.as_deref() != Some("aws:s3"))
    }
}

/// One change of an object.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Record {
    event_source: Option<String>,
    #[serde(default)]
    event_name: String,
    #[serde(default)]
    s3: Change,
}

#[derive(Debug, Default, Deserialize)]
struct Change {
    #[serde(default)]
    bucket: Bucket,
    #[serde(default)]
    object: Changed,
}

#[derive(Debug, Default, Deserialize)]
struct Bucket {
    #[serde(default)]
    name: String,
}

#[derive(Debug, Default, Deserialize)]
struct Changed {
    #[serde(default)]
    key: String,
    sequencer: Option<String>,
}

impl Record {
    /// Such as `ObjectCreated:Put`.
    pub fn name(&self) -> &str {
        &self.event_name
    }

    /// The bucket that the object is in.
    pub fn bucket(&self) -> &str {
        &self.s3.bucket.name
    }

    /// The object's key, decoded.
    pub fn key(&self) -> String {
        decoded(&self.s3.object.key)
    }

    /// The hexadecimal number that orders the changes of one object, padded to a fixed length.
    pub fn sequencer(&self) -> String {
        let sequencer = self.s3.object.sequencer.as_deref().unwrap_or_default();
        format!("{sequencer:0>32}").to_ascii_uppercase()
    }
}
