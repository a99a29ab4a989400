//! What a table is told about itself and only repeats: billing, tags, protection.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{key_schema::KeyAttribute, value::invalid};
use crate::error::ApiError;

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

/// Limits that are kept and shown; nothing here is throttled, and nothing is cold.
#[derive(Debug, Clone, Default)]
pub(crate) struct Limits {
    /// `OnDemandThroughput`, as it was given.
    pub(crate) on_demand: Option<Value>,
    /// `WarmThroughput`, as it was given.
    pub(crate) warm: Option<Value>,
}

impl Limits {
    /// Takes over `OnDemandThroughput` of `what` (a table or an index), which goes with billing by request; -1 takes a
    /// limit away. [`OnDemandThroughput`, `DynamoDB` API reference]
    pub(crate) fn change(
        &mut self,
        on_demand: bool,
        given: Option<&Value>,
        what: &str,
    ) -> Result<(), ApiError> {
        let Some(given) = given else { return Ok(()) };
        for member in ["MaxReadRequestUnits", "MaxWriteRequestUnits"] {
            let Some(units) = given[member].as_i64() else { continue };
            if !on_demand {
                return Err(invalid(format!(
                    "{member} for OnDemandThroughput cannot be specified when table BillingMode is PROVISIONED."
                )));
            }
            if units < -1 || units == 0 {
                return Err(invalid(format!(
                    "Requested {member} for OnDemandThroughput for {what} is outside of valid range"
                )));
            }
            let limits = self.on_demand.get_or_insert_with(|| json!({}));
            limits[member] = units.into();
        }
        if let Some(Value::Object(limits)) = &mut self.on_demand {
            limits.retain(|_, units| *units != -1);
        }
        self.on_demand.take_if(|limits| limits.as_object().is_some_and(serde_json::Map::is_empty));
        Ok(())
    }

    /// Adds both to a description.
    pub(crate) fn describe(&self, described: &mut serde_json::Map<String, Value>) {
        if let Some(limits) = &self.on_demand {
            described.insert("OnDemandThroughput".to_owned(), limits.clone());
        }
        if let Some(warm) = &self.warm {
            let mut warm = warm.clone();
            warm["Status"] = "ACTIVE".into();
            described.insert("WarmThroughput".to_owned(), warm);
        }
    }
}

/// What a global index was given.
#[derive(Debug, Clone, Default)]
pub(crate) struct IndexThroughput {
    pub(crate) provisioned: Throughput,
    pub(crate) limits: Limits,
}

/// Encryption with a key of the key management service: kept and shown, because there is no disk to encrypt.
#[derive(Debug, Clone)]
pub(crate) struct Encryption {
    /// The ARN of the key.
    pub(crate) key: String,
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
    pub(crate) limits: Limits,
    pub(crate) encryption: Option<Encryption>,
    pub(crate) deletion_protection: bool,
    /// The table class, when one was ever named.
    pub(crate) class: Option<String>,
    pub(crate) tags: BTreeMap<String, String>,
}
