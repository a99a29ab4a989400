//! Alarms: a metric or an expression is held against a threshold as time passes, and a change of state does what the alarm's
//! actions say [Using Amazon CloudWatch alarms].

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
