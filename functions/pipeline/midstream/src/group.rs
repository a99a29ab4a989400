//! Records that may be written together.

use std::collections::HashSet;

use crate::event::StreamRecord;
use crate::item::StoredItem;

/// The items at the head of a batch.
#[derive(Debug)]
pub(crate) struct Group {
    /// One item a record, from the first record on.
    pub(crate) items: Vec<StoredItem>,
    /// What is wrong with the next record, if that is why the items end there.
    pub(crate) bad: Option<String>,
}

/// Reads items from the head of `records` on: at most `limit` (at least one), and none with the id of an earlier one, because items
/// that are written at once have no order.
pub(crate) fn group(records: &[StreamRecord], limit: usize, stored_ms: i64) -> Group {
    let mut items: Vec<StoredItem> = Vec::with_capacity(records.len().min(limit));
    let mut ids = HashSet::new();
    for record in records.iter().take(limit.max(1)) {
        match StoredItem::from_record(record, stored_ms) {
            Ok(item) if ids.insert(item.message.id.clone()) => items.push(item),
            Ok(_) => break,
            Err(why) => return Group { items, bad: Some(why) },
        }
    }
    Group { items, bad: None }
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use serde_json::json;

    use super::*;

    /// Groups records with these ids; a record with an empty id is not a message.
    fn check(ids: &[&str], limit: usize, expected: &[&str], bad: bool) {
        let record = |(index, id): (usize, &&str)| {
            let data = STANDARD.encode(json!({"id": id, "message": "m", "timestamp": 1}).to_string());
            let kinesis =
                json!({"sequenceNumber": index.to_string(), "approximateArrivalTimestamp": 1, "data": data});
            serde_json::from_value(json!({ "kinesis": kinesis })).unwrap()
        };
        let records: Vec<StreamRecord> = ids.iter().enumerate().map(record).collect();
        let group = group(&records, limit, 5);
        let seen: Vec<_> = group.items.iter().map(|item| item.message.id.as_str()).collect();
        assert_eq!((seen.as_slice(), group.bad.is_some()), (expected, bad), "{ids:?}, {limit} at once");
    }

    #[test]
    fn a_group_ends_at_its_limit_before_a_known_id_and_before_what_is_no_message() {
        check(&["a", "b", "c"], 100, &["a", "b", "c"], false);
        check(&["a", "b", "c"], 2, &["a", "b"], false);
        check(&["a", "b", "c"], 0, &["a"], false);
        check(&["a", "b", "a", "c"], 100, &["a", "b"], false);
        check(&["a", "", "b"], 100, &["a"], true);
        check(&["", "b"], 100, &[], true);
        check(&["a", ""], 1, &["a"], false);
    }
}
