//! EventBridge: buses, rules with patterns and schedules, and targets [Amazon EventBridge user guide]. Archives, pipes and
//! API destinations are refused by name.

mod about;
mod buses;
mod cloudformation;
mod courier;
mod event;
mod put;
mod rules;
mod schedule;
mod service;
mod store;
mod targets;
#[cfg(test)]
mod tests;
mod transform;

pub(crate) use courier::{Courier, Delivery, Patience, check_dead_letters};
pub(crate) use event::Event;
pub(crate) use schedule::{Expression, Timer};
pub(crate) use service::EventBridge;
