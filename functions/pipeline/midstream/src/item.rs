//! The item that a record becomes.

use pipeline_model::{Message, Origin};

use crate::event::StreamRecord;

/// Sequence numbers have some 56 digits and compare as text once they are equally long.
const SEQUENCE_DIGITS: usize = 64;

/// The item that is written: the message, its origin, and its times.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredItem {
    /// The client's fields.
    pub message: Message,
    /// Upstream's additions.
    pub origin: Origin,
    /// Arrival in the stream, in milliseconds.
    pub arrived_ms: i64,
    /// Time of the write, in milliseconds.
    pub stored_ms: i64,
    /// The record's sequence number, padded with zeros. It is text because a number attribute holds only 38 digits.
    pub sequence: String,
}

impl StoredItem {
    /// Reads the item from a record. The error says what is wrong with the record.
    pub fn from_record(record: &StreamRecord, stored_ms: i64) -> Result<Self, String> {
        let data = record.data().map_err(|error| format!("invalid base64: {error}"))?;
        let message = Message::from_json(&data).map_err(|error| format!("invalid record: {error}"))?;
        Ok(Self {
            message,
            origin: Origin::from_json(&data),
            arrived_ms: record.arrived_ms(),
            stored_ms,
            sequence: sortable(record.sequence_number())?,
        })
    }
}

fn sortable(sequence_number: &str) -> Result<String, String> {
    let digits = sequence_number.bytes().all(|byte| byte.is_ascii_digit());
    if digits && (1..=SEQUENCE_DIGITS).contains(&sequence_number.len()) {
        Ok(format!("{sequence_number:0>SEQUENCE_DIGITS$}"))
    } else {
        Err(format!("invalid sequence number {sequence_number:?}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sequence_numbers_sort_as_text() {
        let padded = |number: &str| sortable(number).unwrap();
        assert!(padded("9") < padded("10"));
        assert_eq!(padded("49590338271490256608559692538361571095921575989136588898").len(), SEQUENCE_DIGITS);
        assert_eq!(padded("7"), format!("{}7", "0".repeat(63)));
    }

    #[test]
    fn what_is_no_sequence_number_is_refused() {
        for odd in ["", "12x", "-1", &"1".repeat(65)] {
            assert!(sortable(odd).is_err(), "{odd:?}");
        }
    }
}
