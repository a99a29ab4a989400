//! Settings of a table that are kept and shown without effect on its items: billing, tags, protection.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{key_schema::KeyAttribute, value::invalid};
use crate::error::ApiError;

/// Provisioned units. They are shown but not enforced: the embedded cloud does not throttle tables.
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

/// Throughput limits. They are kept and shown, but not enforced.
#[derive(Debug, Clone, Default)]
pub(crate) struct Limits {
    /// `OnDemandThroughput`, as the client gave it.
    pub(crate) on_demand: Option<Value>,
    /// `WarmThroughput`, as the client gave it.
    pub(crate) warm: Option<Value>,
}

impl Limits {
    /// Changes the `OnDemandThroughput` of `what` (a table or an index). It needs the billing mode `PAY_PER_REQUEST`; the
    /// value -1 removes a limit [`OnDemandThroughput`, DynamoDB API reference].
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

    /// Adds both limits to a description.
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

/// The throughput settings of a global index.
#[derive(Debug, Clone, Default)]
pub(crate) struct IndexThroughput {
    pub(crate) provisioned: Throughput,
    pub(crate) limits: Limits,
}

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
    pub(crate) throughput: Throughput,
    pub(crate) limits: Limits,
    pub(crate) encryption: Option<Encryption>,
    pub(crate) deletion_protection: bool,
    /// Point-in-time recovery, if it is enabled.
    pub(crate) recovery: Option<Recovery>,
    /// The table class, if a request ever named one.
    pub(crate) class: Option<String>,
    pub(crate) tags: BTreeMap<String, String>,
}
