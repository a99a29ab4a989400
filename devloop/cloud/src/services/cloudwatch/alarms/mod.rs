//! Alarms: the cloud compares a metric or an expression with a threshold as time passes, and runs the alarm's actions when
//! its state changes [Using Amazon CloudWatch alarms].

mod actions;
mod alarm;
mod decide;
mod history;
mod operations;
mod reason;
mod settings;
mod store;
mod tags;
#[cfg(test)]
mod tests;
mod watch;

pub(super) use store::{ALARMS, Alarms};
