//! Tells the topic of words that nobody managed to process.
//!
//! [`run`] puts [`Dead`] on [`SnsTopic`]; tests run it on a topic of their own.

mod handler;
mod notice;
mod run;
mod topic;

pub use handler::Dead;
pub use run::run;
pub use topic::{SnsTopic, Topic};
