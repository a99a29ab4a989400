//! Shows what was found, as plain lines.

use devloop_cloud::Arn;

use super::cloud::Found;

/// Each message with its records below it.
pub(crate) fn text(queue: &str, found: &[Found], others: usize) -> String {
    let mut text = String::new();
    for Found { failure, found } in found {
        let function =
            Arn::parse(&failure.function).and_then(|arn| arn.function()).unwrap_or(&failure.function);
        let stream = Arn::parse(&failure.stream).map_or(failure.stream.as_str(), |arn| arn.resource);
        text += &format!(
            "{stream} {} > {function}: {} records, {} after {} tries\n",
            failure.shard, failure.records, failure.condition, failure.tries
        );
        for record in found {
            text += &format!("  {}  {}  {}\n", record.sequence, record.key, record.data);
        }
        if found.is_empty() {
            text += &format!("  the stream does not keep {} any more\n", failure.first);
        }
    }
    if found.is_empty() {
        text += &format!("{queue} has no failure records\n");
    }
    if others > 0 {
        text += &format!("{others} other messages in {queue} name no records\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::cloud::Record;
    use super::super::failure::{Failure, Service};
    use super::{Found, text};

    #[test]
    fn a_message_is_shown_with_its_records() {
        let failure = Failure {
            service: Service::Kinesis,
            function: "arn:aws:lambda:r:0:function:WildRydesStreamProcessor".to_owned(),
            condition: "RetryAttemptsExhausted".to_owned(),
            tries: 3,
            stream: "arn:aws:kinesis:r:0:stream/wildrydes".to_owned(),
            shard: "shardId-000000000000".to_owned(),
            first: "5".to_owned(),
            last: "5".to_owned(),
            records: 1,
        };
        let record = Record { sequence: "5".to_owned(), key: "Shadowfax".to_owned(), data: "{}".to_owned() };
        let gone = Found { failure: failure.clone(), found: Vec::new() };
        let shown = text("q", &[Found { failure, found: vec![record] }, gone], 2);
        let head = "stream/wildrydes shardId-000000000000 > WildRydesStreamProcessor: 1 records, RetryAttemptsExhausted after 3 \
                    tries\n";
        let rest = "  5  Shadowfax  {}\n";
        let gone = "  the stream does not keep 5 any more\n2 other messages in q name no records\n";
        assert_eq!(shown, format!("{head}{rest}{head}{gone}"));
        assert_eq!(text("q", &[], 0), "q has no failure records\n");
    }
}
