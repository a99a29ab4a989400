//! One log group: its streams, and its events ordered by time, for each stream and for the group.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    sync::Arc,
};

use parking_lot::Mutex;

use super::metric_filters::MetricFilter;
use crate::kept::{Budget, Kept, Sheds};

/// The most bytes of events that a group keeps, as AWS counts them: enough for the lines of about 130,000 runs of the
/// pipeline.
pub(crate) const BYTES: usize = 128 << 20;

/// The most memory of the events of all groups together, which includes what each takes besides its message. Beyond that the oldest
/// events of the largest group go.
pub(crate) const MEMORY: usize = 1 << 30;

/// About how many bytes an event takes in memory besides its message: it has a place in its stream and one in its group.
const PLACES: usize = 250;

/// The bytes that AWS counts for an event besides its message [PutLogEvents].
pub(crate) const OVERHEAD: usize = 26;

/// The position of an event in its group: its time in ms, then a number that increases with every event. It also is the
/// event's id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Position {
    pub(crate) at_ms: i64,
    pub(crate) number: u64,
}

impl Position {
    /// The position before every event at `at_ms`.
    pub(crate) fn before(at_ms: i64) -> Self {
        Self { at_ms, number: 0 }
    }
}

/// A stored event.
#[derive(Debug)]
pub(crate) struct Event {
    pub(crate) stream: Arc<str>,
    pub(crate) message: Arc<str>,
    pub(crate) ingested_ms: i64,
}

impl Event {
    fn bytes(&self) -> usize {
        self.message.len() + OVERHEAD
    }
}

/// Events by their position.
pub(crate) type Events = BTreeMap<Position, Arc<Event>>;

#[derive(Debug)]
pub(crate) struct Stream {
    pub(crate) name: Arc<str>,
    pub(crate) created_ms: i64,
    pub(crate) last_ingested_ms: Option<i64>,
    pub(crate) events: Events,
}

impl Stream {
    /// When its first and its last event happened, in ms.
    pub(crate) fn span(&self) -> Option<(i64, i64)> {
        Some((self.events.first_key_value()?.0.at_ms, self.events.last_key_value()?.0.at_ms))
    }
}

#[derive(Debug)]
pub(crate) struct Group {
    pub(crate) name: Arc<str>,
    pub(crate) created_ms: i64,
    pub(crate) content: Mutex<Content>,
}

/// The mutable part of a group.
#[derive(Debug, Default)]
pub(crate) struct Content {
    pub(crate) streams: BTreeMap<Arc<str>, Stream>,
    /// The events of all streams.
    pub(crate) events: Events,
    pub(crate) bytes: usize,
    /// Its memory, among that of all groups.
    kept: Kept,
    pub(crate) retention_days: Option<i64>,
    pub(crate) tags: BTreeMap<String, String>,
    /// Metric filters by name.
    pub(crate) metric_filters: BTreeMap<String, Arc<MetricFilter>>,
    next: u64,
}

impl Group {
    /// A group without streams, whose memory counts in `budget`.
    pub(crate) fn new(name: Arc<str>, created_ms: i64, budget: &Arc<Budget>) -> Arc<Self> {
        let content = Content { kept: Kept::within(budget), ..Content::default() };
        let group = Arc::new(Self { name, created_ms, content: Mutex::new(content) });
        let weak = Arc::downgrade(&group);
        budget.join(weak);
        group
    }
}

impl Sheds for Group {
    fn bytes(&self) -> usize {
        self.content.lock().kept.bytes()
    }

    fn shed(&self, bytes: usize) {
        let mut content = self.content.lock();
        let left = content.kept.bytes().saturating_sub(bytes);
        while content.kept.bytes() > left && content.drop_oldest() {}
    }
}

impl Content {
    /// Creates a stream; false if there is one with this name.
    pub(crate) fn create_stream(&mut self, name: Arc<str>, now_ms: i64) -> bool {
        match self.streams.entry(Arc::clone(&name)) {
            Entry::Occupied(_) => false,
            Entry::Vacant(place) => {
                place.insert(Stream {
                    name,
                    created_ms: now_ms,
                    last_ingested_ms: None,
                    events: Events::new(),
                });
                true
            }
        }
    }

    /// Appends events to a stream and returns its name; `None` if there is no such stream.
    pub(crate) fn append(
        &mut self,
        stream: &str,
        now_ms: i64,
        events: &[(i64, Arc<str>)],
    ) -> Option<Arc<str>> {
        let stream = self.streams.get_mut(stream)?;
        stream.last_ingested_ms = Some(now_ms);
        let name = Arc::clone(&stream.name);
        let mut bytes = 0;
        for (at_ms, message) in events {
            self.next += 1;
            let position = Position { at_ms: *at_ms, number: self.next };
            let event = Arc::new(Event {
                stream: Arc::clone(&name),
                message: Arc::clone(message),
                ingested_ms: now_ms,
            });
            bytes += event.bytes();
            stream.events.insert(position, Arc::clone(&event));
            self.events.insert(position, event);
        }
        self.bytes += bytes;
        self.kept.add(bytes + events.len() * PLACES);
        self.trim(now_ms);
        Some(name)
    }

    /// Drops events that are older than the retention, and the oldest ones beyond the limit of bytes.
    pub(crate) fn trim(&mut self, now_ms: i64) {
        let kept_from = self.kept_from(now_ms);
        while let Some((oldest, _)) = self.events.first_key_value() {
            if self.bytes <= BYTES && oldest.at_ms >= kept_from {
                break;
            }
            self.drop_oldest();
        }
    }

    /// Drops the oldest event; false if there is none.
    fn drop_oldest(&mut self) -> bool {
        let Some((position, event)) = self.events.pop_first() else { return false };
        self.discount(event.bytes());
        if let Some(stream) = self.streams.get_mut(&event.stream) {
            stream.events.remove(&position);
        }
        true
    }

    fn discount(&mut self, bytes: usize) {
        self.bytes -= bytes;
        self.kept.remove(bytes + PLACES);
    }

    /// The earliest time within the retention, in ms.
    pub(crate) fn kept_from(&self, now_ms: i64) -> i64 {
        self.retention_days.map_or(i64::MIN, |days| now_ms - days * 86_400_000)
    }

    /// Removes a stream with its events; false if there is none.
    pub(crate) fn delete_stream(&mut self, name: &str) -> bool {
        let Some(stream) = self.streams.remove(name) else { return false };
        for (position, event) in stream.events {
            self.discount(event.bytes());
            self.events.remove(&position);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group() -> Content {
        let mut content = Content::default();
        assert!(content.create_stream("s".into(), 0) && !content.create_stream("s".into(), 0));
        content
    }

    #[test]
    fn the_oldest_events_beyond_the_limit_are_dropped() {
        let mut content = group();
        content.create_stream("t".into(), 0);
        let megabyte: Arc<str> = "x".repeat(1 << 20).into();
        for at in 0..160 {
            let stream = if at % 2 == 0 { "s" } else { "t" };
            content.append(stream, at, &[(at, Arc::clone(&megabyte))]).unwrap();
        }
        assert!(content.bytes <= BYTES);
        assert_eq!(content.events.len(), 127);
        assert_eq!(content.streams["s"].events.len() + content.streams["t"].events.len(), 127);
        assert!(content.delete_stream("s") && !content.delete_stream("s"));
        assert_eq!(content.events.len(), content.streams["t"].events.len());
        assert_eq!(content.bytes, content.events.values().map(|event| event.bytes()).sum::<usize>());
    }

    #[test]
    fn all_groups_share_a_limit_and_the_largest_drops_its_oldest_events() {
        let budget = Arc::new(Budget::new(100_000));
        let [large, small] = ["large", "small"].map(|name| {
            let group = Group::new(name.into(), 0, &budget);
            group.content.lock().create_stream("s".into(), 0);
            group
        });
        let line: Arc<str> = "x".repeat(1_000 - OVERHEAD - PLACES).into();
        let append = |group: &Group, at| {
            group.content.lock().append("s", at, &[(at, Arc::clone(&line))]);
            assert!(budget.make_room(0));
        };
        (0..20).for_each(|at| append(&small, at));
        (0..200).for_each(|at| append(&large, at));
        assert_eq!(small.content.lock().events.len(), 20, "the small one keeps all of its events");
        let content = large.content.lock();
        assert!((70..=80).contains(&content.events.len()), "{}", content.events.len());
        assert_eq!(content.streams["s"].span().unwrap().1, 199, "the newest are kept");
        drop(content);
        drop((large, small));
        assert_eq!(budget.bytes(), 0);
    }

    #[test]
    fn events_older_than_the_retention_are_dropped() {
        let mut content = group();
        content.retention_days = Some(1);
        content.append("s", 0, &[(0, "old".into())]).unwrap();
        assert_eq!(content.events.len(), 1);
        content.append("s", 86_400_001, &[(86_400_001, "new".into())]).unwrap();
        assert_eq!(content.events.len(), 1);
        assert_eq!(content.streams["s"].span(), Some((86_400_001, 86_400_001)));
        assert_eq!(content.append("u", 0, &[]), None);
    }
}
