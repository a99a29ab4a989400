//! `ReturnConsumedCapacity` and `ReturnItemCollectionMetrics`: what a request would cost on AWS [DynamoDB read and write
//! operations: capacity unit consumption].

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{
    super::{
        index::IndexDefinition,
        key::KeyRange,
        table::{Contents, Table},
        value::Attributes,
    },
    input::Input,
};
use crate::error::ApiError;

/// How much detail of the consumed capacity the caller wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Report {
    None,
    Total,
    Indexes,
}

impl Report {
    /// Takes `ReturnConsumedCapacity`.
    pub(super) fn take(input: &mut Input) -> Result<Self, ApiError> {
        Ok(match input.choice("ReturnConsumedCapacity", &["INDEXES", "TOTAL", "NONE"])? {
            Some("TOTAL") => Self::Total,
            Some("INDEXES") => Self::Indexes,
            _ => Self::None,
        })
    }
}

/// The units that a request consumes in one table and its indexes.
#[derive(Debug, Default)]
pub(super) struct Units {
    table: f64,
    global: BTreeMap<String, f64>,
    local: BTreeMap<String, f64>,
}

impl Units {
    /// Adds units of the table itself.
    pub(super) fn add(&mut self, units: f64) {
        self.table += units;
    }

    /// Adds units of an index.
    pub(super) fn add_index(&mut self, index: &IndexDefinition, units: f64) {
        if units > 0.0 {
            let indexes = if index.global { &mut self.global } else { &mut self.local };
            *indexes.entry(index.name.clone()).or_default() += units;
        }
    }

    /// Adds the units of another part of the request.
    pub(super) fn include(&mut self, other: Self) {
        self.table += other.table;
        for (indexes, others) in [(&mut self.global, other.global), (&mut self.local, other.local)] {
            for (name, units) in others {
                *indexes.entry(name).or_default() += units;
            }
        }
    }

    /// The API's `ConsumedCapacity`. `kind` is the additional member with the units, in operations that consume either read
    /// or write units only.
    pub(super) fn describe(&self, report: Report, table: &str, kind: Option<&str>) -> Option<Value> {
        let detail = |units: f64| {
            let mut detail = Map::from_iter([("CapacityUnits".to_owned(), units.into())]);
            if let Some(kind) = kind {
                detail.insert(kind.to_owned(), units.into());
            }
            Value::Object(detail)
        };
        if report == Report::None {
            return None;
        }
        let indexes = self.global.values().chain(self.local.values()).sum::<f64>();
        let mut described = detail(self.table + indexes);
        described["TableName"] = table.into();
        if report == Report::Indexes {
            described["Table"] = detail(self.table);
            for (name, indexes) in
                [("GlobalSecondaryIndexes", &self.global), ("LocalSecondaryIndexes", &self.local)]
            {
                if !indexes.is_empty() {
                    described[name] =
                        indexes.iter().map(|(name, units)| (name.clone(), detail(*units))).collect();
                }
            }
        }
        Some(described)
    }
}

/// The read units for `bytes`: one for each 4 KB, or half of it for an eventually consistent read.
pub(super) fn read_units(bytes: usize, consistent: bool) -> f64 {
    let blocks = bytes.div_ceil(4096).max(1) as f64;
    if consistent { blocks } else { blocks / 2.0 }
}

/// The write units for `bytes`: one for each 1 KB.
pub(super) fn write_units(bytes: usize) -> f64 {
    bytes.div_ceil(1024).max(1) as f64
}

/// The API's `ItemCollectionMetrics` for the key's partition. Only tables with local indexes have them.
pub(super) fn collection_metrics(table: &Table, key: &Attributes) -> Option<Value> {
    let contents = table.read_contents();
    if contents.indexes.iter().all(|index| index.definition.global) {
        return None;
    }
    let name = &table.schema.partition.first()?.name;
    let partition = key.get(name)?;
    let range = KeyRange::of_partition(&[partition], &[], None);
    let bytes: usize = contents.items.range((range.lower, range.upper)).map(|(_, item)| item.bytes()).sum();
    let gigabytes = (bytes >> 30) as f64;
    let collection: Map<String, Value> = Map::from_iter([(name.clone(), partition.to_json())]);
    Some(json!({ "ItemCollectionKey": collection, "SizeEstimateRangeGB": [gigabytes, gigabytes + 1.0] }))
}

/// The definitions of all indexes.
pub(super) fn indexes(contents: &Contents) -> impl Iterator<Item = &IndexDefinition> {
    contents.indexes.iter().map(|index| &*index.definition)
}
