//! Turns changes into columns: the last state of each item in a batch.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use pipeline_model::ClientTime;

use crate::change::{Change, Kind};
use crate::image::Image;
use crate::measurement::Measurement;

/// The most digits of a sequence number
const MAX_DIGITS: usize = 40;

/// The items that exist after the batch, one array a column.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Items<'a> {
    pub(super) ids: Vec<&'a str>,
    pub(super) messages: Vec<&'a str>,
    pub(super) timestamps_ms: Vec<i64>,
    pub(super) received_ms: Vec<Option<i64>>,
    /// `None` for an item whose request was measured before: its row keeps its value.
    pub(super) completed_ms: Vec<Option<i64>>,
    pub(super) latencies_ms: Vec<Option<i64>>,
    pub(super) run_ids: Vec<&'a str>,
    pub(super) sequences: Vec<&'a str>,
}

/// The items that the batch removes, one array a column.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Removals<'a> {
    pub(super) ids: Vec<&'a str>,
    pub(super) sequences: Vec<&'a str>,
}

/// The result of a batch: the last state of every item it touches, ordered by id, so that two transactions lock rows in the same
/// order.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Batch<'a> {
    pub(super) items: Items<'a>,
    pub(super) removals: Removals<'a>,
}

/// An item after the newest change so far.
#[derive(Clone, Copy)]
struct State<'a> {
    sequence: &'a str,
    /// `None` once it is removed.
    image: Option<&'a Image>,
    measurement: Option<&'a Measurement>,
}

/// Why no row can hold the change, if that is so.
pub(super) fn refusal(change: &Change) -> Option<String> {
    let image = change.new.as_ref().or(change.old.as_ref())?;
    let sequence = &change.sequence_number;
    if sequence.is_empty()
        || sequence.len() > MAX_DIGITS
        || !sequence.bytes().all(|byte| byte.is_ascii_digit())
    {
        return Some(format!("the stream's sequence number `{sequence}` is no number"));
    }
    let texts = [&image.message.id, &image.message.message];
    let nul =
        texts.into_iter().map(String::as_str).chain([image.origin.run()]).any(|text| text.contains('\0'));
    nul.then(|| "Postgres holds no text with a zero byte".to_owned())
}

impl<'a> Batch<'a> {
    /// Reduces the changes. The error says why one of them fits no row.
    pub(super) fn of(changes: &'a [Change]) -> Result<Self, String> {
        let mut states: BTreeMap<&str, State<'_>> = BTreeMap::new();
        for change in changes {
            if let Some(why) = refusal(change) {
                return Err(why);
            }
            let Some(image) = change.new.as_ref().or(change.old.as_ref()) else { continue };
            let id = image.message.id.as_str();
            let before = states.get(id).copied();
            if before.is_some_and(|state| by_number(state.sequence, &change.sequence_number).is_ge()) {
                continue;
            }
            let measurement = match &change.kind {
                Kind::Measured(measurement) => Some(measurement),
                Kind::AlreadyMeasured => before.and_then(|state| state.measurement),
                Kind::Removed | Kind::NoImage => None,
            };
            let state = State { sequence: &change.sequence_number, image: change.new.as_ref(), measurement };
            states.insert(id, state);
        }
        let mut batch = Self::default();
        for (id, state) in states {
            match state.image {
                Some(image) => batch.items.push(image, state.measurement, state.sequence),
                None => batch.removals.push(id, state.sequence),
            }
        }
        Ok(batch)
    }

    /// Nothing to write.
    pub(super) fn is_empty(&self) -> bool {
        self.items.ids.is_empty() && self.removals.ids.is_empty()
    }
}

impl<'a> Items<'a> {
    fn push(&mut self, image: &'a Image, measurement: Option<&Measurement>, sequence: &'a str) {
        self.ids.push(&image.message.id);
        self.messages.push(&image.message.message);
        self.timestamps_ms.push(ClientTime::from(image.message.timestamp).ms);
        self.received_ms.push(image.origin.received_ms);
        self.completed_ms.push(measurement.map(|measurement| measurement.completed_ms));
        self.latencies_ms.push(measurement.map(|measurement| measurement.latency_ms));
        self.run_ids.push(image.origin.run());
        self.sequences.push(sequence);
    }
}

impl<'a> Removals<'a> {
    fn push(&mut self, id: &'a str, sequence: &'a str) {
        self.ids.push(id);
        self.sequences.push(sequence);
    }
}

/// Compares decimal numbers of any length.
fn by_number(left: &str, right: &str) -> Ordering {
    let (left, right) = (left.trim_start_matches('0'), right.trim_start_matches('0'));
    left.len().cmp(&right.len()).then_with(|| left.cmp(right))
}

#[cfg(test)]
mod tests {
    use pipeline_model::{Message, Origin};

    use super::*;

    fn image(id: &str, message: &str) -> Image {
        Image {
            message: Message { id: id.into(), message: message.into(), timestamp: 1_763_632_800 },
            origin: Origin { request_id: Some("r".into()), run_id: None, received_ms: Some(7) },
            arrived_ms: None,
            stored_ms: None,
        }
    }

    fn change(sequence: &str, new: Option<Image>, old: Option<Image>, kind: Kind) -> Change {
        Change { event_id: String::new(), sequence_number: sequence.into(), new, old, kind }
    }

    fn written(sequence: &str, id: &str, message: &str, completed_ms: i64) -> Change {
        let image = image(id, message);
        let kind = Kind::Measured(Measurement::new(&image, completed_ms));
        change(sequence, Some(image), None, kind)
    }

    fn touched(sequence: &str, id: &str, message: &str) -> Change {
        change(sequence, Some(image(id, message)), Some(image(id, "before")), Kind::AlreadyMeasured)
    }

    fn removed(sequence: &str, id: &str) -> Change {
        change(sequence, None, Some(image(id, "before")), Kind::Removed)
    }

    #[test]
    fn each_column_has_an_entry_for_each_item_in_the_order_of_ids() {
        let changes = [written("11", "b", "m", 20), written("9", "a", "n", 30), removed("12", "c")];
        let batch = Batch::of(&changes).unwrap();
        let items = Items {
            ids: vec!["a", "b"],
            messages: vec!["n", "m"],
            timestamps_ms: vec![1_763_632_800_000; 2],
            received_ms: vec![Some(7); 2],
            completed_ms: vec![Some(30), Some(20)],
            latencies_ms: vec![Some(23), Some(13)],
            run_ids: vec!["default"; 2],
            sequences: vec!["9", "11"],
        };
        let removals = Removals { ids: vec!["c"], sequences: vec!["12"] };
        assert_eq!(batch, Batch { items, removals });
    }

    /// What is left of an item called `a`: its message and when it was complete, or that it is removed.
    fn check(changes: &[Change], expected: Result<(&str, Option<i64>), &str>) {
        let batch = Batch::of(changes).unwrap();
        match expected {
            Ok((message, completed_ms)) => {
                assert_eq!(
                    (batch.items.messages, batch.items.completed_ms),
                    (vec![message], vec![completed_ms])
                );
                assert!(batch.removals.ids.is_empty());
            }
            Err(sequence) => {
                assert_eq!((batch.removals.ids, batch.removals.sequences), (vec!["a"], vec![sequence]));
                assert!(batch.items.ids.is_empty());
            }
        }
    }

    #[test]
    fn the_last_change_of_an_item_is_what_counts() {
        check(&[written("1", "a", "m", 20), written("2", "a", "n", 30)], Ok(("n", Some(30))));
        check(&[written("1", "a", "m", 20), removed("2", "a")], Err("2"));
        check(&[removed("1", "a"), written("2", "a", "m", 20)], Ok(("m", Some(20))));
        check(&[written("9", "a", "m", 20), written("10", "a", "n", 30)], Ok(("n", Some(30))));
        check(&[written("0010", "a", "m", 20), written("9", "a", "n", 30)], Ok(("m", Some(20))));
    }

    #[test]
    fn a_request_that_was_measured_keeps_its_measurement() {
        check(&[touched("2", "a", "n")], Ok(("n", None)));
        check(&[written("1", "a", "m", 20), touched("2", "a", "n")], Ok(("n", Some(20))));
        check(&[written("1", "a", "m", 20), removed("2", "a"), touched("3", "a", "n")], Ok(("n", None)));
    }

    #[test]
    fn a_change_without_images_leaves_nothing_to_write() {
        let batch = [change("1", None, None, Kind::NoImage)];
        assert!(Batch::of(&batch).unwrap().is_empty());
    }

    #[test]
    fn what_no_row_can_hold_is_refused_with_its_reason() {
        fn check(change: Change, expected: &str) {
            assert_eq!(refusal(&change).as_deref(), Some(expected));
            assert_eq!(Batch::of(&[change]).unwrap_err(), expected);
        }
        for wrong in ["", "1e3", "-1", "12345678901234567890123456789012345678901"] {
            let why = format!("the stream's sequence number `{wrong}` is no number");
            check(written(wrong, "a", "m", 20), &why);
        }
        check(written("1", "a", "m\0", 20), "Postgres holds no text with a zero byte");
        check(written("1", "\0", "m", 20), "Postgres holds no text with a zero byte");
        assert_eq!(refusal(&written("1", "ä", "", 20)), None);
    }
}
