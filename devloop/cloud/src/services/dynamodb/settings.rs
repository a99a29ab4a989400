//! What a table is told about itself and only repeats: billing, tags, protection.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::key::KeyAttribute;

/// Provisioned units. They are reported and never enforced: the embedded cloud does not throttle tables.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Throughput {
    pub(crate) read: i64,
    pub(crate) write: i64,
}

impl Throughput {
    /// The API's `ProvisionedThroughputDescription`.
    pub(crate) fn describe(self) -> Value {
        json!({
            "NumberOfDecreasesToday": 0,
            "ReadCapacityUnits": self.read,
            "WriteCapacityUnits": self.write,
        })
    }
}

/// The settings of a table that no item depends on.
#[derive(Debug)]
pub(crate) struct Settings {
    /// The types of all key attributes of the table and its indexes.
    pub(crate) attributes: Vec<KeyAttribute>,
    /// Billed by request, or else provisioned.
    pub(crate) on_demand: bool,
    /// When billing by request was last chosen, in ms since the epoch.
    pub(crate) on_demand_since_ms: Option<i64>,
    pub(crate) throughput: Throughput,
    pub(crate) deletion_protection: bool,
    /// The table class, when one was ever named.
    pub(crate) class: Option<String>,
    pub(crate) tags: BTreeMap<String, String>,
}
