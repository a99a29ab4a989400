//! How much a table or a global index takes: provisioned units, limits on demand and warm throughput. They are kept and shown,
//! but not enforced, because the embedded cloud does not throttle tables.
//!
//! What the service refuses, and in which words, was measured on AWS: ack-api-quirks, DDB-TABLE-039, 059, 061, 178 and 442.

use serde_json::{Map, Value, json};

use super::value::invalid;
use crate::error::ApiError;

/// Provisioned units.
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

    /// The higher units of both.
    fn max(self, other: Self) -> Self {
        Self { read: self.read.max(other.read), write: self.write.max(other.write) }
    }
}

/// What a new table or index on demand can take at once [Understanding `DynamoDB` warm throughput, developer guide].
const INITIAL: Throughput = Throughput { read: 12_000, write: 4_000 };

/// Read and write units of a request. What it does not mention stays as it is.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Wanted {
    pub(crate) read: Option<i64>,
    pub(crate) write: Option<i64>,
}

impl Wanted {
    /// Whether the request mentions neither.
    pub(crate) fn is_empty(self) -> bool {
        self.read.is_none() && self.write.is_none()
    }

    fn named(self, read: &'static str, write: &'static str) -> impl Iterator<Item = (&'static str, i64)> {
        [(read, self.read), (write, self.write)].into_iter().filter_map(|(name, units)| Some((name, units?)))
    }
}

/// What a request wants for a table or a global index.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Request<'a> {
    /// The index; otherwise it is the table.
    pub(crate) index: Option<&'a str>,
    /// Whether the billing mode is or becomes `PAY_PER_REQUEST`.
    pub(crate) on_demand: bool,
    pub(crate) provisioned: Option<Throughput>,
    /// `OnDemandThroughput`.
    pub(crate) limits: Wanted,
    /// `WarmThroughput`.
    pub(crate) warm: Wanted,
}

impl Request<'_> {
    /// The table or the index, in the words of errors about `OnDemandThroughput`.
    fn limited(&self) -> String {
        self.index.map_or_else(|| "table".to_owned(), |name| format!("index : {name}"))
    }

    /// The table or the index, in the words of errors about `WarmThroughput`.
    fn warmed(&self) -> String {
        self.index.map_or_else(|| "table".to_owned(), |name| format!("index {name}"))
    }

    /// Refuses limits that are not positive numbers, except -1 where it removes a limit.
    fn check_limits(&self, may_remove: bool) -> Result<(), ApiError> {
        for (member, units) in self.limits.named("MaxReadRequestUnits", "MaxWriteRequestUnits") {
            if !self.on_demand {
                let end = if may_remove {
                    "the table BillingMode is PROVISIONED"
                } else {
                    "table BillingMode is PROVISIONED."
                };
                return Err(invalid(format!(
                    "{member} for OnDemandThroughput cannot be specified when {end}"
                )));
            }
            if units < 1 && !(may_remove && units == -1) {
                return Err(invalid(format!(
                    "Requested {member} for OnDemandThroughput for {} is outside of valid range",
                    self.limited()
                )));
            }
        }
        Ok(())
    }
}

/// What a table or a global index takes.
#[derive(Debug, Clone, Default)]
pub(crate) struct Capacity {
    pub(crate) provisioned: Throughput,
    /// The limits on demand, with the names of `OnDemandThroughput`.
    limits: Map<String, Value>,
    /// What it can take at once. This never decreases.
    warm: Throughput,
}

impl Capacity {
    /// The capacity of a new table or index.
    pub(crate) fn new(request: &Request<'_>) -> Result<Self, ApiError> {
        request.check_limits(false)?;
        let provisioned = request.provisioned.unwrap_or_default();
        let least = if request.on_demand { INITIAL } else { provisioned };
        for (member, units) in request.warm.named("ReadUnitsPerSecond", "WriteUnitsPerSecond") {
            let (floor, of) = if member == "ReadUnitsPerSecond" {
                (least.read, "ReadCapacityUnits")
            } else {
                (least.write, "WriteCapacityUnits")
            };
            if units < floor {
                let than = if request.on_demand {
                    "initial throughput for OnDemand. See: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/on-demand-capacity-mode.html#on-demand-capacity-mode-initial".to_owned()
                } else {
                    format!("{of} of ProvisionedThroughput")
                };
                return Err(invalid(format!(
                    "Requested {member} for WarmThroughput for {} is lower than {than}",
                    request.warmed()
                )));
            }
        }
        let mut capacity = Self { provisioned, limits: Map::new(), warm: least };
        capacity.keep(request);
        Ok(capacity)
    }

    /// The capacity after an update.
    pub(crate) fn updated(&self, request: &Request<'_>) -> Result<Self, ApiError> {
        request.check_limits(true)?;
        for (member, units) in request.warm.named("ReadUnitsPerSecond", "WriteUnitsPerSecond") {
            let now = if member == "ReadUnitsPerSecond" { self.warm.read } else { self.warm.write };
            if units < now {
                return Err(invalid(format!(
                    "Requested {member} for WarmThroughput for {} is lower than current WarmThroughput, decreasing WarmThroughput is not supported",
                    request.warmed()
                )));
            }
        }
        let mut capacity = self.clone();
        if request.on_demand {
            capacity.provisioned = Throughput::default();
        }
        capacity.provisioned = request.provisioned.unwrap_or(capacity.provisioned);
        capacity.warm = capacity.warm.max(if request.on_demand { INITIAL } else { capacity.provisioned });
        capacity.keep(request);
        Ok(capacity)
    }

    /// Keeps what a valid request gives.
    fn keep(&mut self, request: &Request<'_>) {
        for (member, units) in request.limits.named("MaxReadRequestUnits", "MaxWriteRequestUnits") {
            if units == -1 {
                self.limits.remove(member);
            } else {
                self.limits.insert(member.to_owned(), units.into());
            }
        }
        let Wanted { read, write } = request.warm;
        self.warm =
            Throughput { read: read.unwrap_or(self.warm.read), write: write.unwrap_or(self.warm.write) };
    }

    /// Adds the members about throughput to a description.
    pub(crate) fn describe(&self, described: &mut Map<String, Value>) {
        described.insert("ProvisionedThroughput".to_owned(), self.provisioned.describe());
        if !self.limits.is_empty() {
            described.insert("OnDemandThroughput".to_owned(), self.limits.clone().into());
        }
        let Throughput { read, write } = self.warm;
        let warm = json!({ "ReadUnitsPerSecond": read, "WriteUnitsPerSecond": write, "Status": "ACTIVE" });
        described.insert("WarmThroughput".to_owned(), warm);
    }
}
