//! Table streams: the log of a table's changes, kept for 24 hours.

use std::{
    hash::{Hash as _, Hasher as _},
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use serde_json::{Map, Value, json};
use tokio::sync::watch;

use super::{
    item::Item,
    key_schema::KeySchema,
    value::{self, Attributes},
};
use crate::{
    context::Context,
    kept::Budget,
    shard::{Entry, Full, ShardLog},
    source::{Source, SourceShard},
};

/// How long records can be read, in ms [Change data capture for DynamoDB Streams].
pub(crate) const RETENTION_MS: i64 = 24 * 60 * 60 * 1000;

/// Which images of the item a record contains.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum View {
    KeysOnly,
    NewImage,
    OldImage,
    NewAndOldImages,
}

impl View {
    const ALL: [Self; 4] = [Self::KeysOnly, Self::NewImage, Self::OldImage, Self::NewAndOldImages];

    /// The API's name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::KeysOnly => "KEYS_ONLY",
            Self::NewImage => "NEW_IMAGE",
            Self::OldImage => "OLD_IMAGE",
            Self::NewAndOldImages => "NEW_AND_OLD_IMAGES",
        }
    }

    /// The view with this API name.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|view| view.name() == name)
    }

    fn shows_new(self) -> bool {
        matches!(self, Self::NewImage | Self::NewAndOldImages)
    }

    fn shows_old(self) -> bool {
        matches!(self, Self::OldImage | Self::NewAndOldImages)
    }
}

/// Who changed an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cause {
    Request,
    /// Time to live.
    Expiry,
}

/// One change of one item, with the images that the stream's view shows.
#[derive(Debug)]
pub(crate) struct StreamRecord {
    name: &'static str,
    /// The item's key, if no image of the record contains it.
    keys: Option<Attributes>,
    new: Option<Item>,
    old: Option<Item>,
    bytes: usize,
    cause: Cause,
}

/// A stream of a table. It starts when it is enabled; a disabled stream can be read until its records are too old.
#[derive(Debug)]
pub(crate) struct TableStream {
    label: String,
    table: String,
    created_ms: i64,
    /// When the stream was disabled, in ms since the epoch; 0 while it is enabled.
    disabled_ms: AtomicI64,
    shard: Arc<StreamShard>,
    changes: watch::Sender<u64>,
}

/// The only shard of a table's stream. It is open while the stream is enabled.
#[derive(Debug)]
pub(crate) struct StreamShard {
    id: String,
    arn: String,
    region: Arc<str>,
    /// The table's key.
    schema: KeySchema,
    view: View,
    /// Makes the event ids of this stream different from those of other streams.
    seed: u64,
    log: ShardLog<StreamRecord>,
}

impl TableStream {
    /// An empty stream of `table`, labelled with its creation time. Its memory counts in `memory`.
    pub(crate) fn new(
        cx: &Context,
        table: &str,
        schema: KeySchema,
        view: View,
        created_ms: i64,
        memory: &Arc<Budget>,
    ) -> Self {
        let label = label(created_ms);
        let arn = cx.arn("dynamodb", &format!("table/{table}/stream/{label}"));
        let seed: u64 = rand::random();
        Self {
            label,
            table: table.to_owned(),
            created_ms,
            disabled_ms: AtomicI64::new(0),
            shard: Arc::new(StreamShard {
                id: format!("shardId-{created_ms:020}-{:08x}", seed as u32),
                arn,
                region: Arc::clone(&cx.region),
                schema,
                view,
                seed,
                // Sequence numbers have 21 digits as on AWS, and are larger than those of the table's earlier streams.
                log: ShardLog::new(created_ms.max(0) as u128 * 100_000_000 + 1, memory),
            }),
            changes: watch::Sender::new(0),
        }
    }

    /// Appends the change from `old` to `new`, at least one of which exists. The caller holds the table's lock, so that the
    /// log has the order of the changes.
    pub(crate) fn append(&self, old: Option<&Item>, new: Option<&Item>, now_ms: i64, cause: Cause) {
        let Some(image) = new.or(old) else { return };
        let name = match (old, new) {
            (None, _) => "INSERT",
            (Some(_), Some(_)) => "MODIFY",
            (Some(_), None) => "REMOVE",
        };
        let view = self.shard.view;
        let schema = &self.shard.schema;
        let new = new.filter(|_| view.shows_new()).cloned();
        let old = old.filter(|_| view.shows_old()).cloned();
        let keys = (new.is_none() && old.is_none()).then(|| schema.extract(image));
        let images = [&new, &old].into_iter().flatten().map(Item::bytes).sum::<usize>();
        let bytes = schema.bytes(image) + images;
        let record = StreamRecord { name, keys, new, old, bytes, cause };
        self.shard.log.append(0, now_ms, bytes, |_| record);
        self.trim(now_ms);
    }

    /// Whether the stream has room for another record; see [`ShardLog::room`].
    pub(crate) fn room(&self) -> Result<(), Full> {
        self.shard.log.room()
    }

    /// The number of kept records, and their bytes.
    pub(crate) fn kept(&self) -> (usize, usize) {
        self.shard.log.kept()
    }

    /// Drops records that are older than the retention time.
    pub(crate) fn trim(&self, now_ms: i64) {
        self.shard.log.trim(now_ms - RETENTION_MS);
    }

    /// Disables the stream: it can still be read, but accepts no more records.
    pub(crate) fn disable(&self, now_ms: i64) {
        self.disabled_ms.store(now_ms.max(1), Ordering::Release);
        self.shard.log.close();
        self.changes.send_modify(|generation| *generation += 1);
    }

    /// Whether the stream is disabled and all its records are too old to be read.
    pub(crate) fn is_over(&self, now_ms: i64) -> bool {
        match self.disabled_ms.load(Ordering::Acquire) {
            0 => false,
            disabled_ms => now_ms - disabled_ms > RETENTION_MS,
        }
    }

    /// Whether the stream accepts records.
    pub(crate) fn is_enabled(&self) -> bool {
        self.disabled_ms.load(Ordering::Acquire) == 0
    }

    /// The creation time that distinguishes the streams of one table.
    pub(crate) fn label(&self) -> &str {
        &self.label
    }

    /// The table's name.
    pub(crate) fn table(&self) -> &str {
        &self.table
    }

    /// The table's key.
    pub(crate) fn schema(&self) -> &KeySchema {
        &self.shard.schema
    }

    /// Which images the records contain.
    pub(crate) fn view(&self) -> View {
        self.shard.view
    }

    /// When the stream was enabled, in ms since the epoch.
    pub(crate) fn created_ms(&self) -> i64 {
        self.created_ms
    }

    /// The only shard.
    pub(crate) fn shard(&self) -> &Arc<StreamShard> {
        &self.shard
    }
}

/// A stream's label: its creation time without a zone, such as `2026-11-20T10:00:00.000`.
pub(crate) fn label(created_ms: i64) -> String {
    jiff::Timestamp::from_millisecond(created_ms)
        .map(|at| at.strftime("%Y-%m-%dT%H:%M:%S%.3f").to_string())
        .unwrap_or_default()
}

impl Source for TableStream {
    type Shard = StreamShard;

    fn arn(&self) -> &str {
        &self.shard.arn
    }

    fn shards(&self) -> Vec<Arc<StreamShard>> {
        vec![Arc::clone(&self.shard)]
    }

    fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    fn is_deleted(&self) -> bool {
        // The records of a closed shard must be delivered first; a reader at its end learns from the log that the shard is
        // closed.
        !self.is_enabled() && self.shard.log.range().is_none()
    }
}

impl StreamShard {
    /// A record as `GetRecords` returns it.
    pub(crate) fn record(&self, entry: &Entry<StreamRecord>) -> Value {
        let mut members = self.members(entry);
        if entry.record.cause == Cause::Expiry {
            let identity = json!({ "PrincipalId": "dynamodb.amazonaws.com", "Type": "Service" });
            members.insert("userIdentity".to_owned(), identity);
        }
        Value::Object(members)
    }

    fn members(&self, entry: &Entry<StreamRecord>) -> Map<String, Value> {
        let record = &entry.record;
        let mut change = Map::new();
        change.insert("ApproximateCreationDateTime".to_owned(), (entry.arrived_ms / 1000).into());
        let image = record.new.as_ref().or(record.old.as_ref());
        let keys = match (&record.keys, image) {
            (Some(keys), _) => value::to_json(keys),
            (None, Some(image)) => value::to_json(&self.schema.extract(image)),
            (None, None) => Map::new(),
        };
        change.insert("Keys".to_owned(), keys.into());
        if let Some(new) = &record.new {
            change.insert("NewImage".to_owned(), new.to_json().into());
        }
        if let Some(old) = &record.old {
            change.insert("OldImage".to_owned(), old.to_json().into());
        }
        change.insert("SequenceNumber".to_owned(), Self::sequence(entry.sequence).into());
        change.insert("SizeBytes".to_owned(), record.bytes.into());
        change.insert("StreamViewType".to_owned(), self.view.name().into());
        let mut members = Map::new();
        members.insert("eventID".to_owned(), self.event_id(entry.sequence).into());
        members.insert("eventName".to_owned(), record.name.into());
        members.insert("eventVersion".to_owned(), "1.1".into());
        members.insert("eventSource".to_owned(), "aws:dynamodb".into());
        members.insert("awsRegion".to_owned(), self.region.as_ref().into());
        members.insert("dynamodb".to_owned(), change.into());
        members
    }

    /// 32 hexadecimal digits that are the same each time the record is read.
    fn event_id(&self, sequence: u128) -> String {
        let high = mix(self.seed ^ sequence as u64);
        format!("{high:016x}{:016x}", mix(high ^ self.seed))
    }
}

/// Mixes the bits of a number (the finaliser of SplitMix64).
fn mix(mut bits: u64) -> u64 {
    bits = bits.wrapping_add(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

impl SourceShard for StreamShard {
    type Record = StreamRecord;

    fn id(&self) -> &str {
        &self.id
    }

    fn parents(&self) -> &[String] {
        &[]
    }

    fn log(&self) -> &ShardLog<StreamRecord> {
        &self.log
    }

    fn event(&self, entry: &Entry<StreamRecord>) -> Value {
        let mut members = self.members(entry);
        if entry.record.cause == Cause::Expiry {
            let identity = json!({ "principalId": "dynamodb.amazonaws.com", "type": "Service" });
            members.insert("userIdentity".to_owned(), identity);
        }
        members.insert("eventSourceARN".to_owned(), self.arn.as_str().into());
        Value::Object(members)
    }

    fn key(&self, entry: &Entry<StreamRecord>) -> u64 {
        // A key's JSON has a fixed order of members, so equal keys have equal texts.
        let keys = self.members(entry).get("dynamodb").map(|change| change["Keys"].to_string());
        let mut hasher = std::hash::DefaultHasher::new();
        keys.hash(&mut hasher);
        hasher.finish()
    }

    fn sequence(number: u128) -> String {
        format!("{number:021}")
    }

    fn parse_sequence(text: &str) -> Option<u128> {
        let digits = (1..=38).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        digits.then(|| text.parse().ok()).flatten()
    }
}
