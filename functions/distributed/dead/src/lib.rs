//! Publishes a notice about each word that could not be processed.
//!
//! [`run`] runs [`Dead`] with [`SnsTopic`]; tests run it with a topic of their own.

mod handler;
mod notice;
mod run;
mod topic;

pub use handler::Dead;
pub use run::run;
pub use topic::{SnsTopic, Topic};
