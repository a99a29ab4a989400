//! EventBridge Scheduler: schedules with time zones, windows of dates, and one target each [EventBridge Scheduler user guide].

mod about;
mod cloudformation;
mod fire;
mod groups;
mod schedules;
mod service;
mod settings;
#[cfg(test)]
mod tests;

pub(crate) use service::Scheduler;
