//! The notice about a message that was given up.

use distributed_model::{Queued, Record, clip};

/// The most of a message that a notice shows, in bytes.
const SHOWN: usize = 1024;

/// The longest subject [`Publish`, Amazon SNS API reference].
const LONGEST_SUBJECT: usize = 100;

/// The notice's text. Every message gets one, even an invalid one: invalid messages are the likeliest to come here.
pub(crate) fn text(record: &Record, tries: u32) -> String {
    let data = match serde_json::from_str::<Queued>(&record.body) {
        Ok(queued) => queued.data,
        Err(_) => record.body.clone(),
    };
    let at = |ms: Option<i64>| {
        let at = ms.and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok());
        at.map_or_else(|| "unknown".to_owned(), |at| at.to_string())
    };
    let first = record.attributes.get("ApproximateFirstReceiveTimestamp").and_then(|text| text.parse().ok());
    format!(
        "Data: {}\nException: Failed to process after {tries} tries\nMessage id: {}\nSent: {}\nGiven up: {}\nAttempts to send this notice: {}",
        clip(&data, SHOWN),
        record.message_id,
        at(record.sent_ms()),
        at(first),
        record.receives()
    )
}

/// A subject that the topic takes: printable ASCII, not too long, not empty.
pub(crate) fn subject(wanted: &str) -> String {
    let plain: String = wanted.chars().filter(|c| c.is_ascii_graphic() || *c == ' ').collect();
    let plain: String = plain.trim().chars().take(LONGEST_SUBJECT).collect();
    if plain.is_empty() { "Data Processing Failure".to_owned() } else { plain }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_message_gets_a_notice() {
        let record = |body: &str| Record { message_id: "m".into(), body: body.into(), ..Record::default() };
        let check = |body: &str, data: &str| {
            let text = text(&record(body), 5);
            let head = format!("Data: {data}\nException: Failed to process after 5 tries\n");
            assert!(text.starts_with(&head), "{text}");
        };
        check(r#"{"data":"two words"}"#, "two words");
        check("{", "{");
        assert!(text(&record(&"x".repeat(70_000)), 5).len() < 1_500);
    }

    #[test]
    fn subjects_are_plain_and_short() {
        assert_eq!(subject("DistComp: Data Processing Failure"), "DistComp: Data Processing Failure");
        assert_eq!(subject("a\nb ☃"), "ab");
        assert_eq!(subject(&"x".repeat(200)).len(), 100);
        assert_eq!(subject(""), "Data Processing Failure");
    }
}
