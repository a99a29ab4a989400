//! Settings of a table that are kept and shown without effect on its items: billing, tags, protection.

use std::collections::BTreeMap;

use super::{key_schema::KeyAttribute, throughput::Capacity};

/// Encryption with a KMS key. It is kept and shown; tables are in memory and not encrypted.
#[derive(Debug, Clone)]
pub(crate) struct Encryption {
    /// The ARN of the key.
    pub(crate) key: String,
}

/// Point-in-time recovery. It is kept and shown; nothing is backed up.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Recovery {
    /// When it was enabled, in ms since the epoch.
    pub(crate) since_ms: i64,
    /// How many days the table can be restored to.
    pub(crate) days: i64,
}

/// The settings of a table, which its items do not depend on.
#[derive(Debug)]
pub(crate) struct Settings {
    /// The types of all key attributes of the table and its indexes.
    pub(crate) attributes: Vec<KeyAttribute>,
    /// Whether the billing mode is `PAY_PER_REQUEST`; otherwise it is `PROVISIONED`.
    pub(crate) on_demand: bool,
    /// When the billing mode `PAY_PER_REQUEST` was last chosen, in ms since the epoch.
    pub(crate) on_demand_since_ms: Option<i64>,
    pub(crate) capacity: Capacity,
    pub(crate) encryption: Option<Encryption>,
    pub(crate) deletion_protection: bool,
    /// Point-in-time recovery, if it is enabled.
    pub(crate) recovery: Option<Recovery>,
    /// The table class, if a request ever named one.
    pub(crate) class: Option<String>,
    pub(crate) tags: BTreeMap<String, String>,
}
