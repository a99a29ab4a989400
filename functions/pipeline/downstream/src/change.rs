//! One change of the table, and what it means for the sink.

use crate::event::StreamRecord;
use crate::image::Image;
use crate::measurement::Measurement;

/// A decoded record of the table's stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The record's identity.
    pub event_id: String,
    /// Place in the shard.
    pub sequence_number: String,
    /// The item as it is now.
    pub new: Option<Image>,
    /// The item as it was.
    pub old: Option<Image>,
    /// What the change means.
    pub kind: Kind,
}

/// What a change means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// A request has arrived here.
    Measured(Measurement),
    /// The item still belongs to a request that has arrived here before: its record was in the Kinesis stream twice, or another
    /// client changed the item.
    AlreadyMeasured,
    /// The item is gone.
    Removed,
    /// The table's stream does not carry images.
    NoImage,
}

impl Change {
    /// Decodes a record. The error says what is wrong with it.
    pub fn from_record(record: &StreamRecord, completed_ms: i64) -> Result<Self, String> {
        let images = &record.dynamodb;
        let new = images.new_image.as_deref().map(Image::from_json).transpose()?;
        let old = match images.old_image.as_deref().map(Image::from_json).transpose() {
            Ok(old) => old,
            // The old image matters only if there is no new one.
            Err(_) if new.is_some() => None,
            Err(why) => return Err(why),
        };
        let kind = match (&new, &old) {
            (Some(new), Some(old)) if same_request(new, old) => Kind::AlreadyMeasured,
            (Some(new), _) => Kind::Measured(Measurement::new(new, completed_ms)),
            (None, Some(_)) => Kind::Removed,
            (None, None) => Kind::NoImage,
        };
        Ok(Self {
            event_id: record.event_id.clone(),
            sequence_number: images.sequence_number.clone(),
            new,
            old,
            kind,
        })
    }

    /// The measurement, if the change is one.
    pub fn measurement(&self) -> Option<&Measurement> {
        match &self.kind {
            Kind::Measured(measurement) => Some(measurement),
            _ => None,
        }
    }

    /// The images as a log line shows them.
    pub(crate) fn describe(&self) -> String {
        let new = self.new.as_ref().map(|image| format!("New {}", image.message));
        let old = self.old.as_ref().map(|image| format!("Old {}", image.message));
        new.into_iter().chain(old).collect::<Vec<_>>().join(" ")
    }
}

fn same_request(new: &Image, old: &Image) -> bool {
    new.origin.request_id.is_some() && new.origin.request_id == old.origin.request_id
}
