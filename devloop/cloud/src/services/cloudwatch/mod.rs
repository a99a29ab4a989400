//! CloudWatch metrics: data from clients and from the cloud's own services, kept in memory and read as statistics.
//!
//! Values are kept by the second for 3 hours, then by the minute for 15 days. AWS keeps coarser points for 455 days; here
//! they are dropped. A bucket keeps up to 1,000 distinct values exactly for 15 minutes; beyond either limit values are
//! rounded (count, sum, minimum and maximum stay exact). Dashboards, composite alarms, anomaly detectors, metric streams
//! and insight rules are refused by name.

mod about;
mod alarms;
mod cloudformation;
mod dashboards;
mod data;
mod distribution;
mod errors;
mod list;
mod math;
mod points;
mod put;
mod queries;
mod series;
mod service;
mod statistics;
mod store;
mod trimmed;
mod units;

pub(crate) use series::{MINUTES_KEPT, SECONDS_KEPT};
pub(crate) use service::{CloudWatch, Meter};
pub(crate) use store::METRICS;
pub(crate) use units::{all as units, unit};
